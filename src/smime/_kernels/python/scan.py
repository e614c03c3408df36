"""What the scanners share: flags of windows, limits, line ends. The twin of ``csrc/scan.h``.

A scanner gets a buffer and a window of it, returns plain integers that are offsets into the buffer, and keeps nothing between two calls.
A line ends with LF, whether a CR stands before it or not.
"""

from __future__ import annotations

__all__ = [
    "AT_LINE_START",
    "CAP",
    "FINAL",
    "MAX_LINE",
    "before_line",
    "searchable",
]

AT_LINE_START, FINAL = 1, 2
"""Flags for a window: it begins at the beginning of a line; nothing follows it."""
CAP = 256
"""Most lines that one call returns."""
MAX_LINE = 998
"""Octets in a line without its line end (RFC 5322 section 2.1.1)."""

_LF, _CR = 10, 13


def before_line(data: bytes, line: int, start: int) -> int:
    """Return where the line end before `line` starts."""
    if line > start and data[line - 1] == _LF:
        line -= 1
        if line > start and data[line - 1] == _CR:
            line -= 1
    return line


def searchable(data: bytes | bytearray | memoryview) -> bytes:
    """Return the same octets as an object that the functions of this module can search."""
    return bytes(data) if isinstance(data, memoryview) else data  # type: ignore[return-value]
