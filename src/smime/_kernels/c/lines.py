"""Canonical line ends, the face of csrc/lines.c; `smime._kernels.python.lines` says what each thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from smime._kernels import c as _c
from smime._kernels._accel import ffi, lib

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["CanonicalLines", "canonicalize", "look"]

Data = TypeVar("Data", bound="Buffer")

_OCTETS = ffi.typeof("uint8_t[]")
_LINES = ffi.typeof("smime_lines *")
_CRLF: int = lib.SMIME_LINES_CRLF
_BARE_CR: int = lib.SMIME_LINES_BARE_CR
_EIGHT_BIT: int = lib.SMIME_LINES_EIGHT_BIT
_NUL: int = lib.SMIME_LINES_NUL

_scan = lib.smime_lines_scan


class CanonicalLines:
    """Gives every LF of a stream its CR, and watches what passes."""

    __slots__ = ("_state", "changed")

    def __init__(self) -> None:
        self.changed = False
        self._state = ffi.new(_LINES)
        lib.smime_lines_init(self._state, _c.ISA)

    @property
    def has_crlf(self) -> bool:
        """Some LF had its CR already."""
        return bool(self._state.flags & _CRLF)

    @property
    def has_bare_cr(self) -> bool:
        """Some CR has no LF after it; it stays as it is."""
        return bool(self._state.flags & _BARE_CR)

    @property
    def eight_bit(self) -> bool:
        """Some octet is above 127."""
        return bool(self._state.flags & _EIGHT_BIT)

    @property
    def nul(self) -> bool:
        """Some octet is 0."""
        return bool(self._state.flags & _NUL)

    @property
    def longest_line(self) -> int:
        """Octets in the longest line so far, line ends not counted."""
        longest: int = self._state.longest
        still_open: int = self._state.open
        return max(longest, still_open)

    def update(self, data: Data) -> Data | bytes:
        """Return the data in canonical form: the very same object if there was nothing to do."""
        source: Any = data if type(data) is bytes else ffi.from_buffer(_OCTETS, data)
        size = len(source)
        bare = _scan(self._state, source, size)
        if not bare:
            return data
        self.changed = True
        out = bytes(size + bare)  # nobody else holds it before it is filled
        lib.smime_lines_expand(self._state, source, size, bare, out, size + bare)
        return out

    def finalize(self) -> bytes:
        """Return nothing: no octet is ever held back. A CR that ended the data turns out bare."""
        state = self._state
        if state.after_cr:
            state.after_cr = 0
            state.flags |= _BARE_CR
            state.open += 1
        return b""


def look(text: bytes) -> int:
    """Return twice the count of LFs that need a CR, and 1 more if some CR has no LF after it."""
    found: int = lib.smime_lines_look_all(_c.ISA, text, len(text))
    return found


def canonicalize(data: Buffer) -> bytes:
    """Return a whole text in canonical form; the same object if it is bytes and there was nothing to do."""
    source: Any = data if type(data) is bytes else ffi.from_buffer(_OCTETS, data)
    size = len(source)
    bare = lib.smime_lines_scan_all(_c.ISA, source, size)
    if not bare:
        return data if type(data) is bytes else bytes(data)
    out = bytes(size + bare)
    lib.smime_lines_expand_all(_c.ISA, source, size, bare, out, size + bare)
    return out
