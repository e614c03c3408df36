"""What in a text may not survive transport (RFC 2045, RFC 5322, RFC 8551). The twin of ``csrc/hazards.c``: same names, same results."""

from __future__ import annotations

from smime._kernels.python.scan import MAX_LINE, searchable

__all__ = [
    "BARE_CR",
    "DOT_LINE",
    "EIGHT_BIT",
    "FROM_LINE",
    "LONG_LINE",
    "MAX_LINE",
    "NUL",
    "TRAILING_BLANK",
    "searchable",
    "text_hazards",
]

EIGHT_BIT, NUL, BARE_CR, LONG_LINE, TRAILING_BLANK, FROM_LINE, DOT_LINE = 1, 2, 4, 8, 16, 32, 64
"""What `text_hazards` finds."""

_CR = 13


def text_hazards(data: bytes, start: int, end: int) -> int:
    """Say what in a text may not survive transport (RFC 2045 section 2.7, RFC 5322 section 2.1.1, RFC 8551 section 3.1.3).

    Returns:
        The sum of `EIGHT_BIT`, `NUL`, `BARE_CR`, `LONG_LINE` (more than 998 octets without the line end), `TRAILING_BLANK`, `FROM_LINE` (a
        line that begins with ``From ``) and `DOT_LINE` (a line that is a lone dot); 0 for text that is safe.
    """
    text = bytes(data[start:end])
    flags = 0
    if not text.isascii():
        flags |= EIGHT_BIT
    if b"\0" in text:
        flags |= NUL
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        flags |= BARE_CR
    if text.endswith((b" ", b"\t")) or any(mark in text for mark in (b" \n", b" \r\n", b"\t\n", b"\t\r\n")):
        flags |= TRAILING_BLANK
    if text.startswith(b"From ") or b"\nFrom " in text:
        flags |= FROM_LINE
    if text == b"." or text.startswith((b".\n", b".\r\n")) or text.endswith(b"\n.") or any(mark in text for mark in (b"\n.\n", b"\n.\r\n")):
        flags |= DOT_LINE
    position = 0
    size = len(text)
    while size - position > MAX_LINE:
        stop = text.rfind(b"\n", position, position + MAX_LINE + 2)
        if stop < 0 or (stop == position + MAX_LINE + 1 and text[stop - 1] != _CR and text.find(b"\n", position, stop) < 0):
            return flags | LONG_LINE
        position = stop + 1
    return flags
