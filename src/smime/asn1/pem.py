"""PEM, the textual encodings of RFC 7468, read leniently: text around the blocks, header lines in them, any line length and line end."""

from __future__ import annotations

from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["decode", "encode", "is_pem"]

_BEGIN = b"-----BEGIN "
_END = b"-----END "
_DASHES = b"-----"


def is_pem(data: bytes | bytearray | memoryview) -> bool:
    """Tell whether a PEM block begins within the first 64 KiB, at the start of a line."""
    return _find_begin(bytes(data[: 1 << 16]), 0) >= 0


def _find_begin(data: bytes, start: int) -> int:
    at = data.find(_BEGIN, start)
    while at > 0 and data[at - 1] not in b"\r\n\xbf":  # 0xBF ends a UTF-8 byte order mark
        at = data.find(_BEGIN, at + 1)
    return at


def decode(data: bytes | bytearray | memoryview, *, limits: Limits = DEFAULT_LIMITS) -> list[tuple[str, bytes]]:
    """Return label and octets of every block.

    Raises:
        ParseError: layer ``"pem"``: there is no block, a block has no end or another label there, or its base64 is malformed.
        LimitExceeded: ``structure_size``.
    """
    data = bytes(data)
    blocks: list[tuple[str, bytes]] = []
    at = _find_begin(data, 0)
    if at < 0:
        raise ParseError("pem", "there is no PEM block", 0)
    while at >= 0:
        label_start = at + len(_BEGIN)
        label_end = data.find(_DASHES, label_start, label_start + 128)
        if label_end < 0:
            raise ParseError("pem", "the BEGIN line has no end", at)
        label = data[label_start:label_end]
        body = label_end + len(_DASHES)
        end = data.find(_END, body)
        if end < 0:
            raise ParseError("pem", "a block has no END line", at)
        tail = label + _DASHES
        if data[end + len(_END) : end + len(_END) + len(tail)] != tail:
            raise ParseError("pem", "the END line has another label", end)
        if end - body > 2 * limits.structure_size:
            raise LimitExceeded("structure_size", limits.structure_size, body)
        blocks.append((label.decode("latin-1"), _body(data[body:end], body)))
        at = _find_begin(data, end + len(_END) + len(tail))
    return blocks


def _body(text: bytes, offset: int) -> bytes:
    """Return the octets of a block; RFC 1421 header fields before an empty line are dropped."""
    first_line = text.lstrip(b" \t\r\n").split(b"\n", 1)[0]
    if b":" in first_line:
        normal = text.replace(b"\r\n", b"\n")
        text = normal.partition(b"\n\n")[2]
    from smime.transforms.base64 import decode as decode_base64  # noqa: PLC0415 # few programs meet PEM

    try:
        return decode_base64(text)
    except ParseError as error:
        raise ParseError("pem", error.reason, offset + (error.offset or 0)) from None


def encode(label: str, der: bytes | bytearray | memoryview) -> bytes:
    """Return a PEM block with 64 columns and LF line ends (RFC 7468 section 2)."""
    from smime.transforms.base64 import encode as encode_base64  # noqa: PLC0415

    name = label.encode("ascii")
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name, encode_base64(der, line_length=64, newline=b"\n"), name)
