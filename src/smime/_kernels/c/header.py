"""MIME line scanning, the face of csrc/header.c; `smime._kernels.python.header` says what each thing does."""

from __future__ import annotations

from typing import Any

from smime._kernels import c as _c
from smime._kernels._accel import ffi, lib
from smime._kernels.python.header import (
    AFTER_EMPTY,
    AT_LINE_START,
    BARE_CR,
    CAP,
    CLOSE,
    CRLF_LINE,
    DATED,
    DELIMITER,
    DOT_LINE,
    EIGHT_BIT,
    ENVELOPE_FIELD,
    FIELD_WIDTH,
    FINAL,
    FROM_LINE,
    KNOWN_FIELDS,
    LONG_LINE,
    MALFORMED_FIELD,
    MAX_LINE,
    MAX_MBOX_HEADER,
    MAX_PADDING,
    MAX_PARAMETERS,
    MAX_QUOTES,
    MAX_SPLIT,
    MBOX_WIDTH,
    NUL,
    PADDED,
    PART_WIDTH,
    PLAIN_DEPTH,
    PLAIN_PARTS,
    PREFIX_ONLY,
    TRAILING_BLANK,
    TWO_PARTS_WIDTH,
)

__all__ = [
    "AFTER_EMPTY",
    "AT_LINE_START",
    "BARE_CR",
    "CAP",
    "CLOSE",
    "CRLF_LINE",
    "DATED",
    "DELIMITER",
    "DOT_LINE",
    "EIGHT_BIT",
    "ENVELOPE_FIELD",
    "FIELD_WIDTH",
    "FINAL",
    "FROM_LINE",
    "KNOWN_FIELDS",
    "LONG_LINE",
    "MALFORMED_FIELD",
    "MAX_LINE",
    "MAX_MBOX_HEADER",
    "MAX_PADDING",
    "MAX_PARAMETERS",
    "MAX_QUOTES",
    "MAX_SPLIT",
    "MBOX_WIDTH",
    "NUL",
    "PADDED",
    "PART_WIDTH",
    "PLAIN_DEPTH",
    "PLAIN_PARTS",
    "PREFIX_ONLY",
    "TRAILING_BLANK",
    "TWO_PARTS_WIDTH",
    "dash_lines",
    "header_end",
    "index_header",
    "index_message",
    "index_parameters",
    "mbox_lines",
    "scan_boundary",
    "searchable",
    "split_mail",
    "text_hazards",
    "two_parts",
]

_OCTETS = ffi.typeof("uint8_t[]")
_RECORDS = ffi.typeof("int64_t[]")
_FIELDS = 400  # records of a header that are fetched at once
_ROOM = max((CAP + 1) * MBOX_WIDTH, _FIELDS * FIELD_WIDTH) + 3

# Arrays for records that no call is using at the moment: several threads may be in C at once, and a new array costs more than a small scan.
_free: list[Any] = []

_header_end = lib.smime_scan_header_end
_header = lib.smime_scan_header
_parameters = lib.smime_scan_parameters
_message = lib.smime_scan_message
_boundary = lib.smime_scan_boundary
_two_parts = lib.smime_scan_two_parts
_split = lib.smime_scan_split
_dash_lines = lib.smime_scan_dash_lines
_mbox = lib.smime_scan_mbox
_unpack = ffi.unpack


def _array() -> Any:
    try:
        return _free.pop()
    except IndexError:  # another thread was quicker
        return ffi.new(_RECORDS, _ROOM)


def _octets(data: Any) -> Any:
    return data if type(data) is bytes else ffi.from_buffer(_OCTETS, data)


def header_end(data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
    """Find the first empty line of a header block that begins at `start`."""
    out = _array()
    found = _header_end(_octets(data), start, end, out)
    place = (out[0], out[1]) if found else (-1, -1)
    _free.append(out)
    return place


def index_header(data: bytes, start: int, end: int, limit: int) -> tuple[list[int], int, int, int]:
    """Index the fields of a header block up to its empty line, or up to `end`."""
    source = data if type(data) is bytes else ffi.from_buffer(_OCTETS, data)
    out = _array()
    count = _header(source, start, end, 1, out, _FIELDS if limit >= _FIELDS else limit + 1)
    records: list[int] = _unpack(out, count * 5 + 3)
    content_type = records.pop()
    body = records.pop()
    position = records.pop()
    while position < end and body == position and count <= limit:
        more = _header(source, position, end, 0, out, min(_FIELDS, limit + 1 - count))
        records += _unpack(out, more * 5 + 3)
        later = records.pop()
        if content_type < 0 <= later:
            content_type = later + count * 5
        body = records.pop()
        position = records.pop()
        count += more
    _free.append(out)
    return records, position, body, content_type


def index_parameters(value: bytes) -> list[int]:
    """Index a Content-Type that is in the plain form which nearly all are in."""
    out = _array()
    count = _parameters(value, len(value), out, MAX_PARAMETERS)
    records: list[int] = _unpack(out, count * 4)
    _free.append(out)
    return records


def index_message(data: bytes, end: int, fields: int, header_size: int) -> list[int]:
    """Index the parts of a whole message that is in plain form."""
    out = _array()
    count = _message(_c.ISA, _octets(data), end, fields, header_size, out, PLAIN_PARTS)
    records: list[int] = _unpack(out, count * PART_WIDTH) if count > 0 else []
    _free.append(out)
    return records


def scan_boundary(data: bytes, start: int, end: int, delimiter: bytes, flags: int) -> tuple[list[int], int]:
    """Find the lines that begin with a delimiter."""
    out = _array()
    count = _boundary(_c.ISA, _octets(data), start, end, delimiter, len(delimiter), flags, out, CAP)
    records: list[int] = _unpack(out, count * 3 + 1)
    _free.append(out)
    return records, records.pop()


def two_parts(data: bytes, end: int, delimiter: bytes, fields: int, header_size: int) -> list[int]:
    """Index a body of two parts."""
    out = _array()
    found = _two_parts(_c.ISA, _octets(data), end, delimiter, len(delimiter), fields, header_size, out)
    places: list[int] = _unpack(out, TWO_PARTS_WIDTH) if found else []
    _free.append(out)
    return places


def split_mail(data: bytes, safe: int, fields: int, header_size: int) -> list[int]:
    """Say how a whole mail in ordinary form is split."""
    out = _array()
    count = _split(_c.ISA, _octets(data), len(data), safe, fields, header_size, out, _ROOM)
    cuts: list[int] = _unpack(out, count)
    _free.append(out)
    return cuts


def dash_lines(data: bytes, start: int, end: int, flags: int) -> tuple[list[int], int]:
    """Find the lines that begin with two hyphens."""
    out = _array()
    count = _dash_lines(_c.ISA, _octets(data), start, end, flags, out, CAP)
    records: list[int] = _unpack(out, count * 3 + 1)
    _free.append(out)
    return records, records.pop()


def mbox_lines(data: bytes, start: int, end: int, flags: int) -> tuple[list[int], int]:
    """Find the ``From `` lines of a mailbox, and what is needed to judge them."""
    out = _array()
    count = _mbox(_c.ISA, _octets(data), start, end, flags, out, CAP)
    records: list[int] = _unpack(out, count * 8 + 1)
    _free.append(out)
    return records, records.pop()


def text_hazards(data: bytes, start: int, end: int) -> int:
    """Say what in a text may not survive transport."""
    source = _octets(data) if not start else ffi.from_buffer(_OCTETS, data) + start
    found: int = lib.smime_scan_hazards(_c.ISA, source, end - start)
    return found


def searchable(data: bytes | bytearray | memoryview) -> bytes:
    """Return the data itself: C reads every buffer."""
    return data  # type: ignore[return-value]
