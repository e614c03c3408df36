"""Header fields and Content-Type, the face of csrc/header.c; `smime._kernels.python.header` says what each thing does."""

from __future__ import annotations

from smime._kernels._accel import ffi, lib
from smime._kernels.c.records import OCTETS, ROOM, array, free, octets, searchable, unpack
from smime._kernels.python.header import (
    ENVELOPE_FIELD,
    FIELD_WIDTH,
    KNOWN_FIELDS,
    MALFORMED_FIELD,
    MAX_PARAMETERS,
)

__all__ = [
    "ENVELOPE_FIELD",
    "FIELD_WIDTH",
    "KNOWN_FIELDS",
    "MALFORMED_FIELD",
    "MAX_PARAMETERS",
    "header_end",
    "index_header",
    "index_parameters",
    "searchable",
]

_FIELDS = (ROOM - 3) // FIELD_WIDTH  # records that are fetched at once

_header_end = lib.smime_header_end
_header = lib.smime_header_index
_parameters = lib.smime_header_parameters


def header_end(data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
    """Find the first empty line of a header block that begins at `start`."""
    out = array()
    found = _header_end(octets(data), start, end, out)
    place = (out[0], out[1]) if found else (-1, -1)
    free.append(out)
    return place


def index_header(data: bytes, start: int, end: int, limit: int) -> tuple[list[int], int, int, int]:
    """Index the fields of a header block up to its empty line, or up to `end`."""
    source = data if type(data) is bytes else ffi.from_buffer(OCTETS, data)
    out = array()
    count = _header(source, start, end, 1, out, _FIELDS if limit >= _FIELDS else limit + 1)
    records: list[int] = unpack(out, count * 5 + 3)
    content_type = records.pop()
    body = records.pop()
    position = records.pop()
    while position < end and body == position and count <= limit:
        more = _header(source, position, end, 0, out, min(_FIELDS, limit + 1 - count))
        records += unpack(out, more * 5 + 3)
        later = records.pop()
        if content_type < 0 <= later:
            content_type = later + count * 5
        body = records.pop()
        position = records.pop()
        count += more
    free.append(out)
    return records, position, body, content_type


def index_parameters(value: bytes) -> list[int]:
    """Index a Content-Type that is in the plain form which nearly all are in."""
    out = array()
    count = _parameters(value, len(value), out, MAX_PARAMETERS)
    records: list[int] = unpack(out, count * 4)
    free.append(out)
    return records
