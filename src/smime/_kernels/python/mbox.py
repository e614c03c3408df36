"""The ``From `` lines of a mailbox as offsets (RFC 4155). The twin of ``csrc/mbox.c``: same names, same results."""

from __future__ import annotations

import re

from smime._kernels.python.scan import AT_LINE_START, CAP, FINAL, MAX_LINE, before_line, searchable

__all__ = [
    "AFTER_EMPTY",
    "AT_LINE_START",
    "CAP",
    "DATED",
    "FINAL",
    "MAX_LINE",
    "MAX_MBOX_HEADER",
    "MAX_QUOTES",
    "MBOX_WIDTH",
    "mbox_lines",
    "searchable",
]

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

_HEADER_STOP = re.compile(rb"\n(?:\r?\n|From )")
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([0-9]{1,15})[ \t]*(?:\r?\n|\r?\Z)", re.IGNORECASE)
_FROM_BEGINS = re.compile(rb"\r|>{0,64}(?:F(?:r(?:om?)?)?)?")
_DEEP = re.compile(rb"\n>{2,64}From ")
_FIRST_QUOTED = re.compile(rb">{1,64}From ")
_TIME = re.compile(rb"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
_YEAR = re.compile(rb"(?:19|20)[0-9]{2}")
_MONTHS = frozenset(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_LF, _CR = 10, 13


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
    return before_line(data, before_line(data, line, floor), floor)


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
