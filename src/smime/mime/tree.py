"""The tree of a whole message in memory: offsets into its octets (RFC 2046)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import header as header_kernel
from smime._kernels import parts as parts_kernel
from smime.errors import LimitExceeded
from smime.limits import DEFAULT_LIMITS
from smime.mime.entity import CR, LF
from smime.mime.header import HeaderFields

if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview
    from collections.abc import Iterator

    from smime.limits import Limits
    from smime.mime.parameters import ContentType

__all__ = ["MIMEPart", "parse"]


class MIMEPart:
    """A node of a parsed message: offsets into the buffer that was parsed.

    Attributes:
        fields: the header.
        start: where the part starts, its header included.
        end: where it ends; the line end that belongs to a delimiter is not in it.
        children: the parts of a multipart, or the one entity in a message/rfc822.
        boundary: the boundary of a multipart, None for all others and for a multipart without one.
        closed: a multipart's close delimiter was there.
        preamble_end: where the octets before a multipart's first delimiter end (they start at `body_start`).
        epilogue_start: where the octets after a multipart's close delimiter start (they end at `end`).
        depth: 0 for the message itself.
    """

    __slots__ = ("_in_digest", "boundary", "children", "closed", "depth", "end", "epilogue_start", "fields", "preamble_end", "start")

    def __init__(self, fields: HeaderFields, start: int, depth: int) -> None:
        self.fields = fields
        self._in_digest = False
        self.start = start
        self.end = -1
        self.children: list[MIMEPart] = []
        self.boundary: bytes | None = None
        self.closed = False
        self.preamble_end = -1
        self.epilogue_start = -1
        self.depth = depth

    @property
    def content_type(self) -> ContentType:
        """Its Content-Type, or the default of its place."""
        return self.fields.content_type(in_digest=self._in_digest)

    @property
    def body_start(self) -> int:
        """Where the body starts."""
        return self.fields.body_start

    @property
    def raw(self) -> memoryview:
        """The received octets of the part, its header included."""
        return memoryview(self.fields.data)[self.start : self.end]

    @property
    def body(self) -> memoryview:
        """The received octets of the body, still transfer-encoded."""
        return memoryview(self.fields.data)[self.fields.body_start : self.end]

    @property
    def is_multipart(self) -> bool:
        """Whether it is a multipart with a boundary."""
        return self.boundary is not None

    def walk(self) -> Iterator[MIMEPart]:
        """Yield the part and everything below it, in the order received."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))

    def __repr__(self) -> str:
        return f"MIMEPart({self.content_type.value}, {self.start}:{self.end}, {len(self.children)} children)"


_IDENTITY = frozenset({"7bit", "8bit", "binary"})
_MESSAGES = frozenset({"rfc822", "global", "news"})


class _Tree:
    """The state of `parse`: the open parts from the outside in, and the delimiters that count at this moment."""

    __slots__ = (
        "blank",
        "data",
        "delimiters",
        "end",
        "header_fields",
        "header_records",
        "header_size",
        "limits",
        "longest",
        "open",
        "parts_left",
        "pending",
        "pending_digest",
        "tried",
    )

    def __init__(self, data: bytes, start: int, end: int, limits: Limits) -> None:
        self.data = data
        self.end = end
        self.limits = limits
        self.open: list[MIMEPart] = []
        self.delimiters: dict[bytes, tuple[int, bool]] = {}
        self.longest = 0
        self.header_fields = limits.header_fields
        self.header_records = limits.header_fields * header_kernel.FIELD_WIDTH
        self.header_size = limits.header_size
        self.parts_left = limits.mime_parts
        self.pending = start  # where a part starts whose header is not read yet, or -1
        self.pending_digest = False
        self.tried = -1  # the part whose header was looked for last
        self.blank = -1  # the first empty line at or after the last place that asked

    def settle(self, line: int) -> None:
        """Open the parts whose headers end before `line`, where a line begins."""
        while self.pending >= 0:
            start = self.pending
            window = start + self.header_size + 2
            window = min(line, window)
            if self.tried != start:
                self.tried = start
                index = header_kernel.index_header(self.data, start, window, self.header_fields)
                if index[1] < index[2] or len(index[0]) > self.header_records:
                    self.open_part(index)
                    continue
            # Where the next empty line is, is remembered: a header without one would be searched to the end of the message for each line
            # that begins with two hyphens, and for each part.
            if self.blank < start:
                found = header_kernel.header_end(self.data, start, self.end)[0]
                self.blank = found if found >= 0 else self.end
            if self.blank >= line:
                return
            self.open_part(header_kernel.index_header(self.data, start, window, self.header_fields))

    def open_part(self, index: tuple[list[int], int, int, int]) -> None:
        """Take the index of the pending header, and open its part."""
        start = self.pending
        records, end, body, _ = index
        if len(records) > self.header_records:
            raise LimitExceeded("header_fields", self.header_fields, records[-header_kernel.FIELD_WIDTH])
        if end - start > self.header_size:
            raise LimitExceeded("header_size", self.header_size, start + self.header_size)
        if not self.parts_left:
            raise LimitExceeded("mime_parts", self.limits.mime_parts, start)
        self.parts_left -= 1
        opened = self.open
        depth = len(opened)
        if depth > self.limits.mime_depth:
            raise LimitExceeded("mime_depth", self.limits.mime_depth, start)
        fields = HeaderFields.of_index(self.data, start, index)
        part = MIMEPart(fields, start, depth)
        part._in_digest = self.pending_digest
        content_type = part.content_type
        if depth:
            opened[-1].children.append(part)
        opened.append(part)
        self.pending = -1
        self.pending_digest = False
        kind = content_type.type
        if kind == "multipart":
            part.boundary = boundary = content_type.boundary
            if boundary is not None:
                self.watch(boundary, depth)
        elif (
            kind == "message"
            and content_type.subtype in _MESSAGES
            and end < body < self.end
            and fields.content_transfer_encoding() in _IDENTITY
        ):
            self.pending = body

    def refresh(self) -> None:
        """Collect the delimiters of all multiparts that are open and not closed."""
        self.delimiters = {}
        self.longest = 0
        for level, part in enumerate(self.open):
            if part.boundary is not None and not part.closed:
                self.watch(part.boundary, level)

    def watch(self, boundary: bytes, level: int) -> None:
        """Look for the delimiters of a multipart; those of an outer one count before the same ones of an inner one."""
        delimiter = b"--" + boundary
        closing = delimiter + b"--"
        self.delimiters.setdefault(delimiter, (level, False))
        self.delimiters.setdefault(closing, (level, True))
        self.longest = max(self.longest, len(closing))

    def delimiter(self, line: int, after: int, found: tuple[int, bool]) -> None:
        """Take a boundary line; it ends at `after`."""
        data = self.data
        level, is_close = found
        opened = self.open
        part = opened[level]
        # The line end in front belongs to the delimiter, even if it ends a line of an inner multipart; but not what is before the part.
        if self.pending >= 0 and level + 1 == len(opened):
            floor = self.pending
        else:
            floor = part.children[-1].start if part.children else part.fields.body_start
        stop = line
        if stop > floor and data[stop - 1] == LF:
            stop -= 2 if stop - 1 > floor and data[stop - 2] == CR else 1
        if self.pending >= 0:
            self.pending = min(self.pending, stop)
            self.open_part(header_kernel.index_header(data, self.pending, stop, self.header_fields))
            self.pending = -1
        inner = False
        while len(opened) > level + 1:
            ended = opened.pop()
            ended.end = stop
            ended.fields.body_start = min(ended.fields.body_start, stop)
            if ended.boundary is not None:
                inner = True
                ended.epilogue_start = min(ended.epilogue_start, stop)
                ended.preamble_end = min(ended.preamble_end, stop)
        if part.preamble_end < 0:
            part.preamble_end = stop
        if is_close:
            part.closed = True
            part.epilogue_start = after
        else:
            self.pending = after
            self.pending_digest = part.content_type.subtype == "digest"
        if is_close and not level:
            self.delimiters.clear()
            self.longest = 0
        elif inner or is_close:
            self.refresh()

    def finish(self) -> MIMEPart:
        """End everything at the end of the data."""
        while self.pending >= 0:
            start = self.pending
            self.open_part(
                header_kernel.index_header(self.data, start, min(self.end, start + self.limits.header_size + 2), self.limits.header_fields)
            )
        for part in self.open:
            part.end = self.end
        return self.open[0]


def _of_index(data: bytes, records: list[int]) -> MIMEPart:
    """Make the tree from the index of a message in plain form."""
    opened: list[MIMEPart] = []
    for i in range(0, len(records), parts_kernel.PART_WIDTH):
        depth, start, stop, body, end, type_start, type_end, boundary, boundary_end, preamble, epilogue, closed = records[i : i + 12]
        part = MIMEPart(HeaderFields(data, start, stop, body, type_start, type_end), start, depth)
        part.end = end
        if boundary >= 0:
            part.boundary = data[boundary:boundary_end]
            part.preamble_end = preamble
            part.epilogue_start = epilogue
            part.closed = closed == 1
        if depth:
            del opened[depth:]
            outer = opened[-1]
            outer.children.append(part)
            if type_start < 0 and outer.boundary is not None:
                part._in_digest = outer.content_type.subtype == "digest"
        opened.append(part)
    return opened[0]


def parse(data: Buffer, limits: Limits = DEFAULT_LIMITS) -> MIMEPart:
    """Read a message into its tree of parts; everything in it is offsets into `data`.

    Multiparts are entered, and so are message/rfc822, message/global and message/news that are not transfer-encoded. A boundary line of an
    outer multipart ends all parts inside it.

    Raises:
        LimitExceeded: a header is too large, or there are too many or too deeply nested parts.
    """
    buffer = data if isinstance(data, bytes) else bytes(data)
    end = len(buffer)
    if limits.mime_depth >= parts_kernel.PLAIN_DEPTH and limits.mime_parts >= parts_kernel.PLAIN_PARTS:
        records = parts_kernel.index_message(buffer, end, limits.header_fields, limits.header_size)
        if records:
            return _of_index(buffer, records)
    tree = _Tree(buffer, 0, end, limits)
    position, flags = 0, parts_kernel.AT_LINE_START
    while position < end:
        lines, position = parts_kernel.dash_lines(buffer, position, end, flags)
        flags = 0
        for i in range(0, len(lines), 3):
            line, stop, after = lines[i : i + 3]
            if tree.pending >= 0:
                tree.settle(line)
            if stop - line <= tree.longest and (found := tree.delimiters.get(buffer[line:stop])) is not None:
                tree.delimiter(line, after, found)
    return tree.finish()
