"""MIME line scanning, in Python: header block, header fields, boundary lines, mbox separators (RFC 5322, RFC 2046, RFC 4155).

The twin of ``csrc/header.c``: same names, same results. Every function gets a buffer and a window of it, returns plain integers that are
offsets into the buffer, and keeps nothing between two calls. A line ends with LF, whether a CR stands before it or not.
"""

from __future__ import annotations

import re

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

DELIMITER, CLOSE, PREFIX_ONLY = 1, 2, 3
"""Kinds of boundary line, in the low bits of a record of `scan_boundary`."""
CRLF_LINE = 4
"""Flag of a boundary line: it ends with CRLF (without: LF, or the end of the data)."""
PADDED = 8
"""Flag of a boundary line: white space follows the boundary (RFC 2046 transport-padding)."""
MAX_PADDING = 1024
"""Octets of transport padding that are waited for before a line is no boundary line any more."""

EIGHT_BIT, NUL, BARE_CR, LONG_LINE, TRAILING_BLANK, FROM_LINE, DOT_LINE = 1, 2, 4, 8, 16, 32, 64
"""What `text_hazards` finds."""
MAX_LINE = 998
"""Octets in a line without its line end (RFC 5322 section 2.1.1)."""

AT_LINE_START, FINAL = 1, 2
"""Flags for a window: it begins at the beginning of a line; nothing follows it."""
AFTER_EMPTY = 4
"""Flag for a window: it begins at the beginning of the mailbox. Flag of a ``From `` line: an empty line (or nothing) precedes it."""
DATED = 8
"""Flag of a ``From `` line: it holds a time and a month or a year."""
MBOX_WIDTH = 8
"""Integers in one record of `mbox_lines`."""
MAX_MBOX_HEADER = 1 << 18
"""Octets after which the header of a message in a mailbox is not looked through for a Content-Length any more."""
MAX_QUOTES = 64
"""Most ``>`` in front of a quoted ``From ``."""
PART_WIDTH = 12
"""Integers in one record of `index_message`."""
TWO_PARTS_WIDTH = 16
"""Integers in what `two_parts` returns."""
PLAIN_DEPTH, PLAIN_PARTS = 16, 64
"""Depth and number of parts of a message that `index_message` takes; limits below these are not for it to check."""
MAX_SPLIT = 128
"""Fields of a header that `split_mail` takes."""
MAX_PARAMETERS = 64
"""Records in the index of a Content-Type in plain form."""
CAP = 256
"""Most lines that one call returns."""

_IDS = {name: number for number, name in enumerate(KNOWN_FIELDS) if name}
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_ENVELOPE = re.compile(rb">?From ")
_TAIL = re.compile(rb"(--)?([ \t]*)(\r?\n|\r?\Z)?")
_HEADER_STOP = re.compile(rb"\n(?:\r?\n|From )")
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([0-9]{1,15})[ \t]*(?:\r?\n|\r?\Z)", re.IGNORECASE)
_FROM_BEGINS = re.compile(rb"\r|>{0,64}(?:F(?:r(?:om?)?)?)?")
_DEEP = re.compile(rb"\n>{2,64}From ")
_FIRST_QUOTED = re.compile(rb">{1,64}From ")
_TIME = re.compile(rb"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
_YEAR = re.compile(rb"(?:19|20)[0-9]{2}")
_MONTHS = frozenset(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_TOKEN = rb"[!#$%&'+\-.0-9A-Z^_`a-z{|}~]+"
_MEDIA_TYPE = re.compile(rb"[ \t\r\n]*(" + _TOKEN + rb")/(" + _TOKEN + rb")(?=[ \t\r\n]*(?:;|\Z))")
_PARAMETER = re.compile(
    rb"[ \t\r\n]*(?:\Z|;[ \t\r\n;]*(?:\Z|(" + _TOKEN + rb")=(?:\"([^\"\\\r\n]*)\"|([^\x00-\x20;\"()\\,\x7f-\xff]+))(?=[ \t\r\n]*(?:;|\Z))))"
)
_MAIN_TYPE = re.compile(rb"[ \t\r\n]*(" + _TOKEN + rb")/")
_EMPTY_LINES = (b"\n", b"\r\n")
_BLANK_OCTETS = (32, 9)
_LF, _CR, _HYPHEN = 10, 13, 45


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
            return records, _before_line(data, line, floor)
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
    found = [_before_line(data, line, 0)]
    for start, stop in ((first, _before_line(data, between, first)), (second, _before_line(data, last, second))):
        header, position, body, content_type = index_header(data, start, min(stop, start + header_size + 2), fields)
        if body == position or position - start > header_size or len(header) > fields * FIELD_WIDTH:
            return []
        place = header[content_type + 2 : content_type + 4] if content_type >= 0 else (-1, -1)
        found += (start, position, body, *place, stop)
    return [*found, epilogue, settled, crlf]


def _before_line(data: bytes, line: int, start: int) -> int:
    """Return where the line end before `line` starts."""
    if line > start and data[line - 1] == _LF:
        line -= 1
        if line > start and data[line - 1] == _CR:
            line -= 1
    return line


def _hold(data: bytes, start: int, end: int, delimiter: bytes) -> int:
    """Return from where on the tail of the buffer may be a line end and the beginning of a delimiter."""
    size = len(delimiter)
    low = max(start, end - size)
    newline = data.rfind(b"\n", low, end)
    if newline >= 0:
        tail = bytes(data[newline + 1 : end])
        if delimiter.startswith(tail):
            return _before_line(data, newline + 1, start)
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


def mbox_lines(data: bytes, start: int, end: int, flags: int) -> tuple[list[int], int]:
    """Find the ``From `` lines of a mailbox, and what is needed to judge them.

    Args:
        data: the buffer.
        start: where to start.
        end: where the buffer ends for now.
        flags: `AT_LINE_START`: `start` is the beginning of a line; `AFTER_EMPTY`: of the mailbox; `FINAL`: nothing follows `end`.

    Returns:
        Records of `MBOX_WIDTH` integers, and how far the buffer is settled. The rest has to be given again with more data after it, or at
        once if `CAP` records were returned; it is at the beginning of a line only if it is where the last record's next line starts. The
        integers: where the content before ends (without the empty line that belongs to the separator), where the line starts, where the
        next line starts, where the body after the header there starts, the value of that header's Content-Length or -1, the sum of
        `AFTER_EMPTY` and `DATED`, and how many lines since the record before begin with ``>From ``, and with several ``>`` and ``From ``.
        In a last record whose first integer is -1 only these two numbers count.
    """
    records: list[int] = []
    final = flags & FINAL
    bol = flags & AT_LINE_START
    first = flags & AFTER_EMPTY
    floor = search = start
    while len(records) < CAP * MBOX_WIDTH:
        if bol and search == floor and data[floor : min(floor + 5, end)] == b"From ":
            line = floor
        else:
            line = data.find(b"\nFrom ", search, end) + 1
            if not line:
                settled = end if final else _hold_from(data, floor, end, bol)
                break
        next_line = data.find(b"\n", line, min(end, line + MAX_LINE + 2)) + 1
        if not next_line:
            if end - line >= MAX_LINE + 2:
                search = line + 1  # too long for a separator
                continue
            if not final:
                settled = _before_lines(data, line, floor)
                break
            next_line = end
        window = min(end, next_line + MAX_MBOX_HEADER)
        match = _HEADER_STOP.search(data, next_line - 1, window)
        length = None
        if match is not None:
            header = match.start() + 1
            body = match.end() if match.group().endswith(b"\n") else header
            length = _LENGTH.search(data, next_line - 1, header)
        elif window == next_line + MAX_MBOX_HEADER:
            body = window
        elif final:
            body = window
            length = _LENGTH.search(data, next_line - 1, window)
        else:
            settled = _before_lines(data, line, floor)
            break
        empty = _empty_line(data, line, floor, bol)
        judgement = (AFTER_EMPTY if empty or (first and line == floor) else 0) | (DATED if _is_dated(data, line, next_line) else 0)
        records += (line - empty, line, next_line, body, int(length.group(1)) if length else -1, judgement)
        records += _quoted_lines(data, floor, line, bol)
        floor = search = next_line
        bol, first = AT_LINE_START, 0
    else:
        return records, floor
    quoted, deep = _quoted_lines(data, floor, settled, bol)
    if quoted or deep:
        records += (-1, settled, settled, settled, -1, 0, quoted, deep)
    return records, settled


def _empty_line(data: bytes, line: int, floor: int, bol: int) -> int:
    """Return the size of the empty line before `line`, 0 if there is none."""
    if line == floor:
        return 0
    start = line - 1
    if start > floor and data[start - 1] == _CR:
        start -= 1
    if bol if start == floor else data[start - 1] == _LF:
        return line - start
    return 0


def _before_lines(data: bytes, line: int, floor: int) -> int:
    """Return where the two line ends before `line` start: what has to be kept to see whether an empty line stands there."""
    return _before_line(data, _before_line(data, line, floor), floor)


def _hold_from(data: bytes, floor: int, end: int, bol: int) -> int:
    """Return from where on the tail of the buffer may be a ``From `` line, quoted or not, and what stands before it."""
    newline = data.rfind(b"\n", max(floor, end - MAX_QUOTES - 8), end)
    line = newline + 1
    if newline < 0:
        if not bol or end - floor > MAX_QUOTES + 8:
            return end
        line = floor
    return _before_lines(data, line, floor) if _FROM_BEGINS.fullmatch(data, line, end) else end


def _quoted_lines(data: bytes, start: int, end: int, bol: int) -> tuple[int, int]:
    """Count the quoted ``From `` lines that begin in a window: those with one ``>``, those with more."""
    quoted = data.count(b"\n>From ", start, end)
    deep = sum(1 for _ in _DEEP.finditer(data, start, end)) if data.find(b"\n>>", start, end) >= 0 else 0
    if bol and data[start : min(start + 1, end)] == b">":
        match = _FIRST_QUOTED.match(data, start, end)
        if match is not None:
            if match.end() - start == 6:
                quoted += 1
            else:
                deep += 1
    return quoted, deep


def _is_dated(data: bytes, line: int, next_line: int) -> bool:
    """Whether a ``From `` line holds a time and a month or a year (RFC 4155; the date may come in many forms)."""
    time = date = False
    for token in bytes(data[line + 5 : min(next_line, line + 256)]).split():
        if _TIME.fullmatch(token):
            time = True
        elif token in _MONTHS or _YEAR.fullmatch(token):
            date = True
    return time and date


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


_INNER = tuple([name == b"mime-version" or name.startswith(b"content-") for name in KNOWN_FIELDS])


def split_mail(data: bytes, safe: int, fields: int, header_size: int) -> list[int]:
    """Say how a whole mail in ordinary form is split into the header fields that stay outside and the entity to be protected.

    Ordinary: there is an empty line, all lines before it are fields, and those that stay outside have no NUL, no bare CR and no blanks
    before the colon.

    Args:
        data: the mail.
        safe: 1: besides, no hazard is in its text and it is neither a multipart nor a message; 2: it may be one of which
            `index_message` knows that it stays the same if it is written again, which none is in Python; 0: neither.
        fields: fields in the header that are too many.
        header_size: octets of the header that are too many.

    Returns:
        How many LFs have no CR in front; 1 if the first field is one of the entity, else 0; where runs of fields of either kind begin, in
        turn; and where the fields end. An empty list if the mail is not in that form.
    """
    most = min(fields, MAX_SPLIT)
    records, end, body, type_at = index_header(data, 0, min(len(data), header_size + 2), most)
    if body == end or not records or end > header_size or len(records) > most * FIELD_WIDTH:
        return []
    cuts: list[int] = []
    inside = None
    for at in range(0, len(records), FIELD_WIDTH):
        start, name_end, value, _, identifier = records[at : at + FIELD_WIDTH]
        if identifier < 0:
            return []
        inner = _INNER[identifier] if identifier else data[start : min(start + 8, name_end)].lower() == b"content-"
        if not inner and value != name_end + 1:
            return []
        if inner is not inside:
            cuts.append(start)
            inside = inner
    first_inside = inside is (len(cuts) % 2 == 1)
    cuts.append(end)
    for number in range(first_inside, len(cuts) - 1, 2):
        if text_hazards(data, cuts[number], cuts[number + 1]) & (BARE_CR | NUL):
            return []
    if safe:
        if text_hazards(data, body, len(data)):
            return []
        if type_at >= 0:
            match = _MAIN_TYPE.match(data, records[type_at + 2], records[type_at + 3])
            if match is None or match.group(1).lower() in {b"multipart", b"message"}:
                return []
    return [data.count(b"\n") - data.count(b"\r\n"), int(first_inside), *cuts]


def searchable(data: bytes | bytearray | memoryview) -> bytes:
    """Return the same octets as an object that the functions of this module can search."""
    return bytes(data) if isinstance(data, memoryview) else data  # type: ignore[return-value]
