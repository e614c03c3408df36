"""Header fields and the values of Content-Type as offsets (RFC 5322 section 2.2, RFC 2045 section 5.1).

The twin of ``csrc/header.c``: same names, same results.
"""

from __future__ import annotations

import re

from smime._kernels.python.scan import searchable

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

FIELD_WIDTH = 5
"""Integers in one record of `index_header`: name start, name end, value start, value end, identifier."""

KNOWN_FIELDS = (
    b"",
    b"content-type",
    b"content-transfer-encoding",
    b"content-disposition",
    b"mime-version",
    b"from",
    b"sender",
    b"subject",
    b"date",
    b"to",
    b"message-id",
    b"content-length",
)
"""Fields that `index_header` recognises; the identifier is the position in this tuple, 0 for every other field."""

MALFORMED_FIELD = -1
"""Identifier of a line that is neither a field nor a continuation."""
ENVELOPE_FIELD = -2
"""Identifier of a ``From `` line (or a quoted one) at the very start of a header block: a mailbox's envelope line."""
MAX_PARAMETERS = 64
"""Records in the index of a Content-Type in plain form."""

_IDS = {name: number for number, name in enumerate(KNOWN_FIELDS) if name}
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_ENVELOPE = re.compile(rb">?From ")
_TOKEN = rb"[!#$%&'+\-.0-9A-Z^_`a-z{|}~]+"
_MEDIA_TYPE = re.compile(rb"[ \t\r\n]*(" + _TOKEN + rb")/(" + _TOKEN + rb")(?=[ \t\r\n]*(?:;|\Z))")
_PARAMETER = re.compile(
    rb"[ \t\r\n]*(?:\Z|;[ \t\r\n;]*(?:\Z|(" + _TOKEN + rb")=(?:\"([^\"\\\r\n]*)\"|([^\x00-\x20;\"()\\,\x7f-\xff]+))(?=[ \t\r\n]*(?:;|\Z))))"
)
_EMPTY_LINES = (b"\n", b"\r\n")
_BLANK_OCTETS = (32, 9)
_LF, _CR = 10, 13


def header_end(data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
    """Find the first empty line of a header block that begins at `start`.

    Returns:
        Where the empty line starts (which is the end of the fields) and where the line after it starts; ``(-1, -1)`` if there is none
        before `end`.
    """
    if data[start : min(start + 1, end)] == b"\n":
        return start, start + 1
    if data[start : min(start + 2, end)] == b"\r\n":
        return start, start + 2
    plain = data.find(b"\n\n", start, end)
    crlf = data.find(b"\n\r\n", start, end if plain < 0 else plain + 2)
    if crlf >= 0:
        return crlf + 1, crlf + 3
    return (plain + 1, plain + 2) if plain >= 0 else (-1, -1)


def index_header(data: bytes, start: int, end: int, limit: int) -> tuple[list[int], int, int, int]:
    """Index the fields of a header block (RFC 5322 section 2.2) up to its empty line, or up to `end`.

    Args:
        data: the buffer.
        start: where the block starts.
        end: where to stop if there is no empty line.
        limit: fields after which to stop.

    Returns:
        `FIELD_WIDTH` integers a field; where the fields end; where the body starts, which is the same if there is no empty line; and where
        in the integers the first Content-Type is, or -1. The integers: where the name starts and ends, where the value starts (after the
        colon) and ends (without the last line end, with the folding), and which of `KNOWN_FIELDS` it is. A line that is no field makes a
        record of its own with the identifier `MALFORMED_FIELD`, an envelope line one with `ENVELOPE_FIELD`; their names are empty and the
        line is the value. If there are more than `limit` records, ``limit + 1`` are returned.
    """
    records: list[int] = []
    content_type = -1
    position = start
    most = (limit + 1) * FIELD_WIDTH
    find = data.find
    while position < end and len(records) < most:
        next_line = find(b"\n", position, end) + 1 or end
        if next_line - position <= 2 and data[position:next_line] in _EMPTY_LINES:
            return records, position, next_line, content_type
        while next_line < end and data[next_line] in _BLANK_OCTETS:
            next_line = find(b"\n", next_line, end) + 1 or end
        value_end = next_line
        if data[value_end - 1] == _LF:
            value_end -= 1
            if value_end > position and data[value_end - 1] == _CR:
                value_end -= 1
        match = _FIELD.match(data, position, value_end)
        if match is not None:
            name_end = match.end(1)
            identifier = _IDS.get(bytes(data[position:name_end]).lower(), 0) if name_end - position <= 25 else 0
            if identifier == 1 and content_type < 0:
                content_type = len(records)
            records += (position, name_end, match.end(), value_end, identifier)
        elif position == start and _ENVELOPE.match(data, position, value_end):
            records += (position, position, position, value_end, ENVELOPE_FIELD)
        else:
            records += (position, position, position, value_end, MALFORMED_FIELD)
        position = next_line
    return records, position, position, content_type


def index_parameters(value: bytes) -> list[int]:
    """Index a Content-Type that is in the plain form which nearly all are in (RFC 2045 section 5.1).

    That is: type and subtype, then parameters with tokens or quoted strings, no comments, no quoted pairs, no folding inside quotes, no
    extended names (RFC 2231).

    Returns:
        Four integers, where type and subtype start and end, then four for each parameter: where name and value start and end, the value
        without quotes. An empty list if it is not in that form.
    """
    match = _MEDIA_TYPE.match(value)
    if match is None:
        return []
    records = [*match.span(1), *match.span(2)]
    while True:
        position = match.end()
        match = _PARAMETER.match(value, position)
        if match is None:
            return []
        name_start, name_end = match.span(1)
        if name_start < 0:
            return records
        value_start, value_end = match.span(2)
        if value_start < 0:
            value_start, value_end = match.span(3)
        records += (name_start, name_end, value_start, value_end)
        if len(records) > 4 * MAX_PARAMETERS:
            return []
