"""Encoded-words (RFC 2047): text in other character sets than ASCII in header values."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp

from smime.mime import charsets

__all__ = ["decode_words"]

_WORD = re.compile(r"=\?([^?\s]{1,70})\?([bBqQ])\?([^?\s]*)\?=")


def decode_words(value: str) -> str:
    """Decode the encoded-words in an unstructured value, a comment or a display name (RFC 2047).

    White space between adjacent words is dropped; words of one character set that follow one another are decoded as one, because senders
    split characters between them. A word that cannot be decoded stays as it is. The result must never be parsed as structure again.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending = bytearray()
    charset = ""
    raw: list[str] = []
    position = 0

    def flush() -> None:
        if raw:
            decoded = charsets.decode(bytes(pending), charset)
            pieces.append("".join(raw) if decoded is None else decoded)
            raw.clear()
            pending.clear()

    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        if between and not (raw and between.isspace()):
            flush()
            pieces.append(between)
        position = match.end()
        label = match.group(1).partition("*")[0].lower()
        data = _word_octets(match.group(2), match.group(3))
        if data is None:
            flush()
            pieces.append(match.group())
            continue
        if label != charset:
            flush()
            charset = label
        pending += data
        raw.append(match.group())
    flush()
    pieces.append(value[position:])
    return "".join(pieces)


def _word_octets(encoding: str, text: str) -> bytes | None:
    try:
        octets = text.encode("ascii")
        if encoding in "qQ":
            return a2b_qp(octets.replace(b"_", b" "), header=False)
        return a2b_base64(octets + b"=" * (-len(octets) % 4))
    except (UnicodeEncodeError, Base64Error):
        return None
