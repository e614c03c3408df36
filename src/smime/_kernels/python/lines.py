"""Canonical line ends (RFC 8551 section 3.1.1), with the methods of `bytes` doing the work in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["CanonicalLines", "canonicalize", "look"]

Data = TypeVar("Data", bound="Buffer")


class CanonicalLines:
    """Gives every LF of a stream its CR, and watches what passes.

    A CR at the end of one chunk and an LF at the start of the next are one CRLF.

    Attributes:
        changed: some LF had no CR.
        has_crlf: some LF had its CR already.
        has_bare_cr: some CR has no LF after it; it stays as it is.
        eight_bit: some octet is above 127.
        nul: some octet is 0.
    """

    __slots__ = ("_after_cr", "_longest", "_open", "changed", "eight_bit", "has_bare_cr", "has_crlf", "nul")

    def __init__(self) -> None:
        self.changed = False
        self.has_crlf = False
        self.has_bare_cr = False
        self.eight_bit = False
        self.nul = False
        self._after_cr = False
        self._open = 0  # octets of the line that is open, without the CR that may yet be half of a CRLF
        self._longest = 0

    @property
    def longest_line(self) -> int:
        """Octets in the longest line so far, line ends not counted."""
        return max(self._longest, self._open)

    def update(self, data: Data) -> Data | bytes:
        """Return the data in canonical form: the very same object if there was nothing to do."""
        octets = data if isinstance(data, bytes) else bytes(data)
        if not octets:
            return data
        after_cr = self._after_cr
        self._after_cr = octets.endswith(b"\r")
        self.eight_bit = self.eight_bit or not octets.isascii()
        self.nul = self.nul or b"\0" in octets
        paired = octets.count(b"\r\n")
        crs = octets.count(b"\r")
        lfs = octets.count(b"\n")
        if crs - paired - self._after_cr or (after_cr and octets[0] != 0x0A):
            self.has_bare_cr = True
        if after_cr and octets[0] == 0x0A:
            paired += 1
        self.has_crlf = self.has_crlf or paired > 0
        self._measure(octets, after_cr, lfs)
        if paired == lfs:
            return data
        self.changed = True
        if after_cr and octets[0] == 0x0A:
            return b"\n" + octets[1:].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def finalize(self) -> bytes:
        """Return nothing: no octet is ever held back. A CR that ended the data turns out bare."""
        if self._after_cr:
            self._after_cr = False
            self.has_bare_cr = True
            self._open += 1
        return b""

    def _measure(self, octets: bytes, after_cr: bool, lfs: int) -> None:
        if not lfs:
            self._open += len(octets) + after_cr - self._after_cr
            return
        lines = octets.split(b"\n")
        first, last = lines[0], lines[-1]
        length = self._open + len(first) + after_cr - (first.endswith(b"\r") if first else after_cr)
        longest = max(self._longest, length)
        for line in lines[1:-1]:
            if len(line) > longest:
                longest = max(longest, len(line) - line.endswith(b"\r"))
        self._longest = longest
        self._open = len(last) - self._after_cr


def look(text: bytes) -> int:
    """Return twice the count of LFs in a whole text that need a CR, and 1 more if some CR has no LF after it."""
    paired = text.count(b"\r\n")
    return (text.count(b"\n") - paired) * 2 + (text.count(b"\r") != paired)


def canonicalize(data: Buffer) -> bytes:
    """Return a whole text in canonical form; the same object if it is bytes and there was nothing to do."""
    octets = data if isinstance(data, bytes) else bytes(data)
    if octets.count(b"\r\n") == octets.count(b"\n"):
        return octets
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
