"""Boundary lines and the parts of a multipart as offsets (RFC 2046 section 5.1). The twin of ``csrc/parts.c``: same names, same results."""

from __future__ import annotations

import re

from smime._kernels.python.header import FIELD_WIDTH, index_header
from smime._kernels.python.scan import AT_LINE_START, CAP, FINAL, before_line, searchable

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

DELIMITER, CLOSE, PREFIX_ONLY = 1, 2, 3
"""Kinds of boundary line, in the low bits of a record of `scan_boundary`."""
CRLF_LINE = 4
"""Flag of a boundary line: it ends with CRLF (without: LF, or the end of the data)."""
PADDED = 8
"""Flag of a boundary line: white space follows the boundary (RFC 2046 transport-padding)."""
MAX_PADDING = 1024
"""Octets of transport padding that are waited for before a line is no boundary line any more."""
PART_WIDTH = 12
"""Integers in one record of `index_message`."""
TWO_PARTS_WIDTH = 16
"""Integers in what `two_parts` returns."""
PLAIN_DEPTH, PLAIN_PARTS = 16, 64
"""Depth and number of parts of a message that `index_message` takes; limits below these are not for it to check."""

_TAIL = re.compile(rb"(--)?([ \t]*)(\r?\n|\r?\Z)?")
_LF, _CR, _HYPHEN = 10, 13, 45


def scan_boundary(data: bytes, start: int, end: int, delimiter: bytes, flags: int) -> tuple[list[int], int]:
    """Find the lines that begin with a delimiter (RFC 2046 section 5.1.1).

    Args:
        data: the buffer.
        start: where to start.
        end: where the buffer ends for now.
        delimiter: ``--`` and the boundary.
        flags: `AT_LINE_START`: `start` is the beginning of a line; `FINAL`: nothing follows `end`.

    Returns:
        Records of three integers (where the line starts, its kind and flags, where the next line starts), and how far the buffer is
        settled. What lies beyond that has to be given again with more data after it (or at once, if `CAP` records were returned); it may
        start with the line end that belongs to a delimiter. For a `PREFIX_ONLY` line the third integer is the end of the delimiter in it.
    """
    records: list[int] = []
    bol, final = flags & AT_LINE_START, flags & FINAL
    size = len(delimiter)
    needle = b"\n" + delimiter
    floor = position = start
    while True:
        line = -1
        if bol:
            head = bytes(data[position : min(position + size, end)])
            if head == delimiter:
                line = position
            elif not final and position + size > end and delimiter.startswith(head):
                return records, position
        if line < 0:
            line = data.find(needle, position, end) + 1
            if not line:
                break
        after = line + size
        match = _TAIL.match(data, after, min(end, after + MAX_PADDING + 5))
        assert match is not None  # noqa: S101 - every group is optional
        stop = match.end()
        padding = match.end(2) - match.start(2)
        ending = match.group(3)
        bol = int(padding <= MAX_PADDING and ending is not None and (ending.endswith(b"\n") or (bool(final) and stop == end)))
        if bol:
            kind = CLOSE if match.group(1) else DELIMITER
            records += (line, kind | (CRLF_LINE if ending == b"\r\n" else 0) | (PADDED if padding else 0), stop)
            floor = position = stop
        elif not final and padding <= MAX_PADDING and (stop == end or (stop == after == end - 1 and data[after] == _HYPHEN)):
            return records, before_line(data, line, floor)
        else:
            records += (line, PREFIX_ONLY, after)
            position = after
        if len(records) >= 3 * CAP:
            return records, position
    return records, end if final else _hold(data, floor, end, delimiter)


def two_parts(data: bytes, end: int, delimiter: bytes, fields: int, header_size: int) -> list[int]:
    """Index a body from its beginning, if two parts with plain delimiters are in it, with their whole headers, and the close delimiter.

    Args:
        data: the buffer.
        end: where it ends for now.
        delimiter: as for `scan_boundary`.
        fields: how many lines of a header are read.
        header_size: octets of a header that are looked at.

    Returns:
        `TWO_PARTS_WIDTH` integers: where the preamble ends; for each part where it starts, where its fields end, where its body starts,
        where the value of its first Content-Type starts and ends (-1 without), and where it ends; where the epilogue starts; how far the
        buffer is settled; and `CRLF_LINE` or 0, which is how the delimiters' lines end. An empty list if it is not in that form.
    """
    records, settled = scan_boundary(data, 0, end, delimiter, AT_LINE_START)
    if len(records) != 9:
        return []
    line, kind, first, between, second_kind, second, last, last_kind, epilogue = records
    crlf = kind & CRLF_LINE
    if kind != DELIMITER | crlf or second_kind != kind or last_kind != CLOSE | crlf:
        return []
    found = [before_line(data, line, 0)]
    for start, stop in ((first, before_line(data, between, first)), (second, before_line(data, last, second))):
        header, position, body, content_type = index_header(data, start, min(stop, start + header_size + 2), fields)
        if body == position or position - start > header_size or len(header) > fields * FIELD_WIDTH:
            return []
        place = header[content_type + 2 : content_type + 4] if content_type >= 0 else (-1, -1)
        found += (start, position, body, *place, stop)
    return [*found, epilogue, settled, crlf]


def _hold(data: bytes, start: int, end: int, delimiter: bytes) -> int:
    """Return from where on the tail of the buffer may be a line end and the beginning of a delimiter."""
    size = len(delimiter)
    low = max(start, end - size)
    newline = data.rfind(b"\n", low, end)
    if newline >= 0:
        tail = bytes(data[newline + 1 : end])
        if delimiter.startswith(tail):
            return before_line(data, newline + 1, start)
    if end > start and data[end - 1] == _CR:
        return end - 1
    return end


def dash_lines(data: bytes, start: int, end: int, flags: int) -> tuple[list[int], int]:
    """Find the lines that begin with two hyphens; `AT_LINE_START` says that `start` is the beginning of one.

    Returns:
        Three integers a line, for at most `CAP` lines: where it starts, where it ends without line end and transport padding (with the
        padding if there are more than `MAX_PADDING` octets of it), and where the next line starts. And where to go on: `end` if the window
        is done.
    """
    records: list[int] = []
    position = start
    line = start if flags & AT_LINE_START and data[start : min(start + 2, end)] == b"--" else -1
    find = data.find
    while len(records) < 3 * CAP:
        if line < 0:
            line = find(b"\n--", position, end) + 1
            if not line:
                return records, end
        after = find(b"\n", line, end) + 1
        stop = after - 1 if after else end
        if data[stop - 1] == _CR:
            stop -= 1
        low = max(line, stop - MAX_PADDING - 1)
        bare = low + len(bytes(data[low:stop]).rstrip(b" \t"))
        records += (line, bare if stop - bare <= MAX_PADDING else stop, after or end)
        position = after - 1 if after else end
        line = -1
    return records, position


def index_message(data: bytes, end: int, fields: int, header_size: int) -> list[int]:  # noqa: ARG001
    """Index the parts of a whole message that is in plain form, in C alone: `smime.mime.entity` is the Python form of it.

    Args:
        data: the message.
        end: its size.
        fields: fields in one header that are too many for the short way.
        header_size: octets of one header that are too many for it.

    Returns:
        `PART_WIDTH` integers a part: its depth, where it starts, where its fields end, where its body starts, where it ends, where the
        value of its Content-Type starts and ends, the same of its boundary, where its preamble ends and where its epilogue starts (all of
        these -1 if there is none), and 1 if its close delimiter was there. An empty list for a message that has to be looked at in the long
        way; in Python for all.
    """
    return []
