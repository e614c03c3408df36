"""7bit, 8bit and binary: RFC 2045 section 6.2. The octets are the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Identity"]

Data = TypeVar("Data", bound="Buffer")


class Identity:
    """Returns what it is given, as the same object."""

    __slots__ = ()

    anomalies: tuple[str, ...] = ()

    def update(self, data: Data) -> Data:
        """Return the argument."""
        return data

    def finalize(self) -> bytes:
        """Return nothing."""
        return b""
