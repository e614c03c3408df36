"""Taking a mail apart into the fields that stay outside and the entity to protect (RFC 8551 section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.mime.mail_header import Undecided, mail_header, mail_header_so_far
from smime.mime.writer import split_fields, split_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from smime.limits import Limits
    from smime.mime.writer import RawField
    from smime.operations.spool import Buffer

__all__ = ["WHOLE", "Beginning", "Entity"]

WHOLE = 1 << 17
"""Content up to this many octets is written with definite lengths, in DER; what is longer streams with indefinite lengths."""
_HEADLESS = 1 << 16


class Entity:
    """Takes a mail in pieces and gives the header fields that stay outside, once, and the entity to protect (RFC 8551 section 3.1).

    Args:
        limits: for the header block.
        outer: takes the fields that stay outside.
        inner: takes the octets of the entity, not yet canonical.
    """

    __slots__ = ("_enough", "_inner", "_limits", "_outer", "_start")

    def __init__(self, limits: Limits, outer: Callable[[list[RawField]], object], inner: Callable[[Buffer], object]) -> None:
        self._limits = limits
        self._outer = outer
        self._inner = inner
        self._start: bytearray | None = bytearray()
        self._enough = 0  # octets after which it is worth while to look again

    def update(self, data: Buffer, /) -> None:
        """Take octets of the mail.

        Raises:
            LimitExceeded: its header is too large.
            ParseError: what seems to be its header is none, and names blind copies.
        """
        start = self._start
        if start is None:
            self._inner(data)
            return
        start += data
        if len(start) >= self._enough:
            self._look(bytes(start), final=False)

    def _look(self, start: bytes, *, final: bool) -> None:
        """Find out whether the message begins with a header; pass on what is known."""
        fields = mail_header(start, self._limits) if final else mail_header_so_far(start, self._limits)
        if isinstance(fields, Undecided) or (fields is None and not final and len(start) < _HEADLESS):
            # not known yet; or no header: the more of the text is seen, the better its character set is known
            self._enough = 2 * len(start)
            return
        self._start = None
        if fields is not None:
            outer, entity = split_fields(fields)
            self._outer(outer)
            self._inner(entity)
            return
        # the label names what the beginning is in, which must not depend on how much of the text came with it
        end = len(start) if len(start) <= _HEADLESS else start.rfind(b"\n", 0, _HEADLESS) + 1 or _HEADLESS
        outer, entity = split_text(start[:end])
        self._outer(outer)
        self._inner(entity)
        if end < len(start):
            self._inner(memoryview(start)[end:])

    def finalize(self) -> None:
        """The mail is complete.

        Raises:
            LimitExceeded, ParseError: as for `update`.
        """
        if self._start is not None:
            self._look(bytes(self._start), final=True)


class Beginning:
    """Keeps the beginning of a message as long as that may be all of it: up to `WHOLE` octets."""

    __slots__ = ("_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def keep(self, data: Buffer) -> bool:
        """Keep octets; False if that would be too many, and nothing was kept."""
        size = self._size + len(data)
        if size > WHOLE:
            return False
        self._parts.append(data if type(data) is bytes else bytes(data))
        self._size = size
        return True

    def take(self) -> bytes:
        """Return what was kept."""
        parts = self._parts
        return parts[0] if len(parts) == 1 else b"".join(parts)
