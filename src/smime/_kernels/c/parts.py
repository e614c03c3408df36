"""Boundary lines and parts, the face of csrc/parts.c; `smime._kernels.python.parts` says what each thing does."""

from __future__ import annotations

from smime._kernels import c as _c
from smime._kernels._accel import lib
from smime._kernels.c.records import array, free, octets, searchable, unpack
from smime._kernels.python.parts import (
    AT_LINE_START,
    CAP,
    CLOSE,
    CRLF_LINE,
    DELIMITER,
    FINAL,
    MAX_PADDING,
    PADDED,
    PART_WIDTH,
    PLAIN_DEPTH,
    PLAIN_PARTS,
    PREFIX_ONLY,
    TWO_PARTS_WIDTH,
)

__all__ = [
    "AT_LINE_START",
    "CAP",
    "CLOSE",
    "CRLF_LINE",
    "DELIMITER",
    "FINAL",
    "MAX_PADDING",
    "PADDED",
    "PART_WIDTH",
    "PLAIN_DEPTH",
    "PLAIN_PARTS",
    "PREFIX_ONLY",
    "TWO_PARTS_WIDTH",
    "dash_lines",
    "index_message",
    "scan_boundary",
    "searchable",
    "two_parts",
]

_message = lib.smime_parts_index
_boundary = lib.smime_parts_boundary
_two_parts = lib.smime_parts_two
_dash_lines = lib.smime_parts_dash_lines


def index_message(data: bytes, end: int, fields: int, header_size: int) -> list[int]:
    """Index the parts of a whole message that is in plain form."""
    out = array()
    count = _message(_c.ISA, octets(data), end, fields, header_size, out, PLAIN_PARTS)
    records: list[int] = unpack(out, count * PART_WIDTH) if count > 0 else []
    free.append(out)
    return records


def scan_boundary(data: bytes, start: int, end: int, delimiter: bytes, flags: int) -> tuple[list[int], int]:
    """Find the lines that begin with a delimiter."""
    out = array()
    count = _boundary(_c.ISA, octets(data), start, end, delimiter, len(delimiter), flags, out, CAP)
    records: list[int] = unpack(out, count * 3 + 1)
    free.append(out)
    return records, records.pop()


def two_parts(data: bytes, end: int, delimiter: bytes, fields: int, header_size: int) -> list[int]:
    """Index a body of two parts."""
    out = array()
    found = _two_parts(_c.ISA, octets(data), end, delimiter, len(delimiter), fields, header_size, out)
    places: list[int] = unpack(out, TWO_PARTS_WIDTH) if found else []
    free.append(out)
    return places


def dash_lines(data: bytes, start: int, end: int, flags: int) -> tuple[list[int], int]:
    """Find the lines that begin with two hyphens."""
    out = array()
    count = _dash_lines(_c.ISA, octets(data), start, end, flags, out, CAP)
    records: list[int] = unpack(out, count * 3 + 1)
    free.append(out)
    return records, records.pop()
