"""Where content waits until it may be released: plaintext before its tag, signed text before its signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

__all__ = ["Buffer", "MemorySpool", "NullSpool", "Spool"]

Buffer = bytes | bytearray | memoryview


class Spool(Protocol):
    """Octets written once and then read, as often as needed."""

    def write(self, data: Buffer, /) -> object:
        """Append octets; they are copied if they have to stay."""

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start."""


class MemorySpool:
    """A spool in memory."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Buffer, /) -> object:
        """Append octets."""
        if len(data):
            self._parts.append(data if type(data) is bytes else bytes(data))
        return None

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start."""
        yield from self._parts

    def getvalue(self) -> bytes:
        """Return everything that was written as one object."""
        if len(self._parts) != 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0]


class NullSpool:
    """A spool that keeps nothing, for callers that only want the report."""

    __slots__ = ()

    def write(self, data: Buffer, /) -> object:
        """Forget the octets."""

    def chunks(self) -> Iterator[bytes]:
        """Yield nothing."""
        yield from ()
