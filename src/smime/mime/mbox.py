r"""Mailbox files (RFC 4155 and practice): where each message is, in one pass.

A message begins after a separator line, ``From `` at the beginning of a line, and ends before the next separator; the empty line in front
of it belongs to the separator. What counts as a separator depends on how the writer kept the ``From `` lines of a text apart:

``mboxo``, ``mboxrd``
    quoted them with ``>``, so every ``From `` line that stands after an empty line or holds a date is a separator.
``mboxcl``, ``mboxcl2``
    wrote a Content-Length. It is believed only if a separator or the end of the file follows there; then nothing in between is one.
``auto``
    both: a true Content-Length decides; else every ``From `` line with a date in it is a separator. The first line of the file always is.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING

from smime._kernels import mbox

if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview
    _Candidate = tuple[int, int, int, int, int, int, int]

__all__ = ["MboxSplitter", "MessageSpan", "unquote_mboxo", "unquote_mboxrd"]

_VARIANTS = ("auto", "mboxo", "mboxrd", "mboxcl", "mboxcl2")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_QUOTED_ONCE = re.compile(rb"^>From ", re.MULTILINE)
_MOST_PENDING = 200_000
_WIDTH = mbox.MBOX_WIDTH


class MessageSpan:
    """Where a message is; offsets count from the start of the file.

    Attributes:
        start: where its separator line starts.
        header_start: where the line after it starts: the first octet of the message.
        end: where the message ends.
        quoted: lines in it that begin with ``>From ``.
        deep: lines in it that begin with several ``>`` and ``From ``: only mboxrd writes those where the text had one less.
        unquoted: lines in it that begin with ``From `` and are no separators.
        by_length: its Content-Length is true and decided where it ends.
        target: where its Content-Length says that it ends, or -1.
    """

    __slots__ = ("by_length", "deep", "end", "header_start", "quoted", "start", "target", "unquoted")

    def __init__(self, start: int, header_start: int, target: int = -1) -> None:
        self.start = start
        self.header_start = header_start
        self.target = target
        self.end = -1
        self.quoted = 0
        self.deep = 0
        self.unquoted = 0
        self.by_length = False

    def count(self, candidate: _Candidate) -> None:
        """Count a ``From `` line that is content, and the quoted ones before it."""
        self.quoted += candidate[5]
        self.deep += candidate[6]
        if candidate[0] >= 0:
            self.unquoted += 1

    def __repr__(self) -> str:
        return f"MessageSpan({self.start}:{self.header_start}:{self.end}, quoted={self.quoted + self.deep}, unquoted={self.unquoted})"


class MboxSplitter:
    """Finds the messages of a mailbox in a stream of its octets.

    Attributes:
        leading: octets before the first separator; they are no message.
    """

    __slots__ = ("_by_length", "_current", "_dated_only", "_flags", "_held", "_offset", "_pending", "_tail", "_total", "leading")

    def __init__(self, variant: str = "auto", total_size: int | None = None) -> None:
        """Begin at the start of a mailbox.

        Args:
            variant: ``"auto"``, ``"mboxo"``, ``"mboxrd"``, ``"mboxcl"`` or ``"mboxcl2"``.
            total_size: the size of the file, if known: a Content-Length beyond it is then not waited for.

        Raises:
            ValueError: there is no such variant.
        """
        if variant not in _VARIANTS:
            raise ValueError(f"mbox variant {variant!r} is none of {', '.join(_VARIANTS)}")
        self._by_length = variant in {"auto", "mboxcl", "mboxcl2"}
        self._dated_only = variant not in {"mboxo", "mboxrd"}
        self._total = sys.maxsize if total_size is None else total_size
        self._flags = mbox.AT_LINE_START | mbox.AFTER_EMPTY
        self._held = b""
        self._tail = b""  # the last settled octets
        self._offset = 0  # of the first octet that is not settled
        # candidates that wait for a Content-Length to prove true or false, in the order of the file:
        # content end before, line, next line, target of the Content-Length or -1, judgement, quoted, deep
        self._pending: list[_Candidate] = []
        self._current: MessageSpan | None = None
        self.leading = 0

    def receive(self, data: Buffer) -> list[MessageSpan]:
        """Take the next octets; return the messages that are known to have ended."""
        if self._held and len(data):
            data = self._held + bytes(data)
        return self._scan(data, 0) if len(data) else []

    def finish(self) -> list[MessageSpan]:
        """Say that the file ends here; return the last messages."""
        return self._scan(self._held, mbox.FINAL)

    def _scan(self, data: Buffer, final: int) -> list[MessageSpan]:
        source = mbox.searchable(data)
        end = len(source)
        position = 0
        base = self._offset
        spans: list[MessageSpan] = []
        pending = self._pending
        by_length = self._by_length
        while True:
            records, settled = mbox.mbox_lines(source, position, end, self._flags | final)
            for i in range(0, len(records), _WIDTH):
                content_end, line, next_line, body, length, judgement, quoted, deep = records[i : i + _WIDTH]
                target = base + body + length if length >= 0 and by_length else -1
                pending.append(
                    (base + content_end if content_end >= 0 else -1, base + line, base + next_line, target, judgement, quoted, deep)
                )
            if records:
                bol = records[-_WIDTH] >= 0 and settled == records[2 - _WIDTH]
                self._flags = mbox.AT_LINE_START if bol else 0
            elif settled > position:
                self._flags = 0
            position = settled
            if pending:
                self._judge(base + settled, 0, spans)
            if len(records) < mbox.CAP * _WIDTH:
                break
        self._offset = base + position
        self._tail = (self._tail + bytes(source[max(0, position - 4) : position]))[-4:]
        self._held = b"" if final else bytes(source[position:])
        if final:
            self._judge(self._offset, final, spans)
            self._end(spans)
        return spans

    def _judge(self, settled: int, final: int, spans: list[MessageSpan]) -> None:
        """Decide which of the pending lines are separators, as far as that can be known."""
        pending = self._pending
        offsets: list[int] | None = None
        head = 0
        current = self._current
        while head < len(pending):
            if current is not None and current.target >= 0:
                target = current.target
                if target > self._total or len(pending) - head > _MOST_PENDING:
                    current.target = -1
                elif settled <= target + 2 and not final:
                    break  # not known yet
                else:
                    if offsets is None:
                        offsets = [candidate[1] for candidate in pending]
                    found = bisect_left(offsets, target, head)
                    if found < len(pending) and _fits(pending[found], target):
                        for candidate in pending[head:found]:
                            current.count(candidate)
                        head = found
                        current = self._begin(pending[head], spans, target)
                        head += 1
                        continue
                    if final and self._is_end(target, settled):
                        for candidate in pending[head:]:
                            current.count(candidate)
                        head = len(pending)
                        break
                    current.target = -1
            candidate = pending[head]
            head += 1
            judgement = candidate[4]
            if candidate[0] < 0:
                if current is not None:
                    current.count(candidate)
            elif judgement & mbox.DATED or candidate[1] == 0 or (judgement & mbox.AFTER_EMPTY and not self._dated_only):
                current = self._begin(candidate, spans, -1)
            elif current is not None:
                current.count(candidate)
        del pending[:head]

    def _begin(self, candidate: _Candidate, spans: list[MessageSpan], target: int) -> MessageSpan:
        content_end, line, next_line, claim, _, quoted, deep = candidate
        current = self._current
        if current is None:
            self.leading = line
        else:
            current.quoted += quoted
            current.deep += deep
            current.end = max(current.header_start, content_end if target < 0 else target)
            current.by_length = target >= 0
            spans.append(current)
        self._current = current = MessageSpan(line, next_line, claim)
        return current

    def _is_end(self, target: int, total: int) -> bool:
        """Whether a Content-Length leads to the end of the file, or to an empty line there."""
        left = total - target
        return left == 0 or (0 < left <= 2 and self._tail[-left:] in {b"\n", b"\r\n"})

    def _end(self, spans: list[MessageSpan]) -> None:
        current = self._current
        total = self._offset
        if current is None:
            self.leading = total
            return
        if current.target >= 0 and self._is_end(current.target, total):
            current.end = current.target
            current.by_length = True
        else:
            # the empty line that ends the last message
            tail = self._tail
            empty = 0
            if tail.endswith(b"\n"):
                empty = 2 if tail.endswith(b"\r\n") else 1
                if tail[-empty - 1 : -empty] != b"\n":
                    empty = 0
            current.end = max(current.header_start, total - empty)
        spans.append(current)
        self._current = None


def _fits(candidate: _Candidate, target: int) -> bool:
    """Whether a line starts where a Content-Length says, or after one empty line."""
    return candidate[0] >= 0 and (candidate[1] == target or (candidate[0] == target and bool(candidate[4] & mbox.AFTER_EMPTY)))


def unquote_mboxrd(data: bytes) -> bytes:
    """Take one ``>`` from every line that begins with ``>`` and ``From `` (mboxrd); exact, if the writer kept to mboxrd."""
    return _QUOTED.sub(rb"\1", data) if b">From " in data else data


def unquote_mboxo(data: bytes) -> bytes:
    """Take the ``>`` from every line that begins with ``>From `` (mboxo); not exact, since mboxo quotes no quoted line again."""
    return _QUOTED_ONCE.sub(b"From ", data) if b">From " in data else data
