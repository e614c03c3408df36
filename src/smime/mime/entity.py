"""MIME entities: push parsers for one entity and for one multipart, and the tree of a whole message.

Nothing is decoded and nothing is re-serialised here; everything is the received octets or offsets into them.

The rules of a multipart (RFC 2046 section 5.1.1)::

    body         = preamble, parts, epilogue
    delimiter    = line end, "--" boundary, transport padding, line end       the line end in front belongs to the delimiter
    close        = the same with "--" after the boundary; may end with the data
    line end     = CRLF or LF

RFC 2046 lets a line that merely begins with the delimiter count as one. Then a boundary that extends another one cannot be nested in it, so
here only white space may follow; a line that goes on in another way is content, and `MultipartReader.boundary_prefix` tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import header as header_kernel
from smime._kernels import parts as parts_kernel
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS
from smime.mime.header import HeaderFields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smime.limits import Limits
    from smime.mime.parameters import ContentType

    Buffer = bytes | bytearray | memoryview

__all__ = [
    "Body",
    "Closed",
    "EntityReader",
    "Epilogue",
    "Event",
    "HeaderBlock",
    "MIMEPart",
    "MultipartReader",
    "PartData",
    "PartEnd",
    "PartStart",
    "Preamble",
    "parse",
    "whole_block",
    "whole_header",
]


class Event:
    """What a reader reports. Data in an event is valid until the buffer it was cut from changes."""

    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


class _Data(Event):
    __slots__ = ("data",)

    def __init__(self, data: Buffer) -> None:
        self.data = data


class HeaderBlock(Event):
    """The header of the entity.

    Attributes:
        fields: the fields; offsets in it count from the start of `raw`.
        raw: the received octets with the empty line.
    """

    __slots__ = ("fields", "raw")

    def __init__(self, fields: HeaderFields, raw: bytes) -> None:
        self.fields = fields
        self.raw = raw


class Body(_Data):
    """Some octets of the entity's body."""

    __slots__ = ()


class Preamble(_Data):
    """Some octets before the first part, without the line end that belongs to the delimiter."""

    __slots__ = ()


class PartData(_Data):
    """Some octets of a part as received, its header included, without the line end that belongs to the delimiter."""

    __slots__ = ()


class Epilogue(_Data):
    """Some octets after the close delimiter's line."""

    __slots__ = ()


class PartStart(Event):
    """A part begins.

    Attributes:
        index: its number, from 0.
        offset: where its first octet is, in the body of the multipart.
    """

    __slots__ = ("index", "offset")

    def __init__(self, index: int, offset: int) -> None:
        self.index = index
        self.offset = offset


class PartEnd(Event):
    """A part has ended.

    Attributes:
        index: its number, from 0.
        offset: where the octet after its last one is, in the body of the multipart.
    """

    __slots__ = ("index", "offset")

    def __init__(self, index: int, offset: int) -> None:
        self.index = index
        self.offset = offset


class Closed(Event):
    """The close delimiter was there."""

    __slots__ = ()


class EntityReader:
    """Reads one entity: its header block and then its body.

    Attributes:
        fields: the header, once it is complete.
        header_size: octets up to the body, once the header is complete.
    """

    __slots__ = ("_block", "_limits", "_line", "fields", "header_size")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._block: bytearray | None = bytearray()
        self._line = 0  # where the last line that has begun starts
        self.fields: HeaderFields | None = None
        self.header_size = 0

    def receive(self, data: Buffer) -> list[Event]:
        """Take some octets; return the events they complete.

        Raises:
            LimitExceeded: the header is larger than `Limits.header_size` or has more than `Limits.header_fields` fields.
        """
        block = self._block
        size = len(data)
        if block is None:
            return [Body(data)] if size else []
        limit = self._limits.header_size
        before = len(block)
        take = min(size, limit + 2 - before)
        if not before and type(data) is bytes:
            index = header_kernel.index_header(data, 0, take, self._limits.header_fields)
            if index[1] < index[2]:
                events: list[Event] = [self._header(data, index)]
                if index[2] < size:
                    events.append(Body(memoryview(data)[index[2] :]))
                return events
        block += data if take == size else memoryview(data)[:take]
        if block.find(b"\n", before) >= 0:
            end, body = header_kernel.header_end(block, self._line, len(block))
            if 0 <= end <= limit:
                raw = bytes(memoryview(block)[:body])
                events = [self._header(raw, header_kernel.index_header(raw, 0, body, self._limits.header_fields))]
                if body - before < size:
                    events.append(Body(memoryview(data)[body - before :]))
                return events
            self._line = block.rfind(b"\n") + 1
        if len(block) > limit + 1:
            raise LimitExceeded("header_size", limit, limit)
        return []

    def finish(self) -> list[Event]:
        """Say that nothing more comes; return the header if it went to the end of the data."""
        if self._block is None:
            return []
        raw = bytes(self._block)
        if len(raw) > self._limits.header_size:
            raise LimitExceeded("header_size", self._limits.header_size, self._limits.header_size)
        return [self._header(raw, header_kernel.index_header(raw, 0, len(raw), self._limits.header_fields))]

    def _header(self, data: bytes, index: tuple[list[int], int, int, int]) -> HeaderBlock:
        records, end, body, _ = index
        most = self._limits.header_fields
        if len(records) > most * header_kernel.FIELD_WIDTH:
            raise LimitExceeded("header_fields", most, records[-header_kernel.FIELD_WIDTH])
        if end > self._limits.header_size:
            raise LimitExceeded("header_size", self._limits.header_size, self._limits.header_size)
        self._block = None
        raw = data[:body]
        self.fields = HeaderFields.of_index(raw, 0, index)
        self.header_size = body
        return HeaderBlock(self.fields, raw)


def whole_header(data: bytes, limits: Limits = DEFAULT_LIMITS) -> HeaderFields | None:
    """Return the header block that begins an entity, if all of it is in `data` and within the limits; None: ask an `EntityReader`."""
    index = header_kernel.index_header(data, 0, min(len(data), limits.header_size + 2), limits.header_fields)
    end = index[1]
    if end == index[2] or end > limits.header_size or len(index[0]) > limits.header_fields * header_kernel.FIELD_WIDTH:
        return None
    return HeaderFields.of_index(data, 0, index)


def whole_block(data: bytes, limits: Limits = DEFAULT_LIMITS) -> HeaderBlock | None:
    """Return what an `EntityReader` says first of an entity whose header is in `data`; None: ask it."""
    most = limits.header_size
    index = header_kernel.index_header(data, 0, min(len(data), most + 2), limits.header_fields)
    records, end, body, _ = index
    if end == body or end > most or len(records) > limits.header_fields * header_kernel.FIELD_WIDTH:
        return None
    raw = data[:body]  # the block alone, which may be kept for long
    return HeaderBlock(HeaderFields.of_index(raw, 0, index), raw)


def _header_of(view: memoryview, start: int, end: int, body: int, type_start: int, type_end: int, stop: int) -> HeaderFields:
    """Return the header of a part that stands somewhere in a body."""
    if type_start < 0:
        return HeaderFields(bytes(view[start:stop]), 0, end - start, body - start, -1, -1)
    return HeaderFields(bytes(view[start:stop]), 0, end - start, body - start, type_start - start, type_end - start)


_LF, _CR = 10, 13
_PREAMBLE, _PART, _EPILOGUE = range(3)
_EVENT_OF_STATE: tuple[type[_Data], ...] = (Preamble, PartData, Epilogue)


class MultipartReader:
    """Reads the body of one multipart.

    Attributes:
        parts: how many parts have begun.
        closed: the close delimiter was there.
        boundary_prefix: a line began with the delimiter and went on with other text; it is content.
        crlf_delimiters: how many boundary lines ended with CRLF.
        lf_delimiters: how many ended with LF alone.
        padded_delimiters: how many had white space after the boundary.
        delimiter_after_close: boundary lines after the close delimiter, which are epilogue.
    """

    __slots__ = (
        "_bol",
        "_delimiter",
        "_held",
        "_limits",
        "_offset",
        "_state",
        "boundary_prefix",
        "closed",
        "crlf_delimiters",
        "delimiter_after_close",
        "lf_delimiters",
        "padded_delimiters",
        "parts",
    )

    def __init__(self, boundary: bytes | str, limits: Limits = DEFAULT_LIMITS) -> None:
        """Prepare for a multipart.

        Raises:
            ParseError: the boundary is empty or holds a line end.
        """
        octets = boundary.encode("utf-8", "replace") if isinstance(boundary, str) else bytes(boundary)
        octets = octets.rstrip(b" \t")
        if not octets or b"\n" in octets or b"\r" in octets:
            raise ParseError("mime", "the boundary is empty or holds a line end")
        self._delimiter = b"--" + octets
        self._limits = limits
        self._held = b""
        self._bol = parts_kernel.AT_LINE_START
        self._state = _PREAMBLE
        self._offset = 0
        self.parts = 0
        self.closed = False
        self.boundary_prefix = False
        self.crlf_delimiters = 0
        self.lf_delimiters = 0
        self.padded_delimiters = 0
        self.delimiter_after_close = 0

    @property
    def lf_only(self) -> bool:
        """Every boundary line ended with LF alone."""
        return self.lf_delimiters > 0 and self.crlf_delimiters == 0

    def receive(self, data: Buffer) -> list[Event]:
        """Take some octets of the body; return the events they complete.

        Raises:
            LimitExceeded: there are more than `Limits.mime_parts` parts.
        """
        events: list[Event] = []
        source = parts_kernel.searchable(data)
        size = len(source)
        start = 0
        held = self._held
        most = len(self._delimiter) + parts_kernel.MAX_PADDING + 16
        while held:
            # settle the held line first, on a small joint buffer, so that the rest of the chunk is not copied
            piece = bytes(source[start : start + most])
            piece = piece[: piece.find(b"\n") + 1 or most]
            stop = start + len(piece)
            joint = held + piece
            settled = self._scan(joint, joint, 0, 0, events)
            rest = len(joint) - settled
            if stop < size and rest <= stop - start:
                start = stop - rest
                break
            held = joint[settled:]
            start = stop
            if start == size:
                self._held = held
                return events
        settled = self._scan(data, source, start, 0, events)
        self._held = bytes(source[settled:])
        return events

    def two_parts(self, body: Buffer) -> tuple[Buffer, HeaderFields, HeaderFields, Buffer] | None:
        """Take the beginning of a body, instead of `receive`, if two parts in ordinary form and the close delimiter's line are in it.

        Returns:
            Preamble, the headers of the two parts, whose `data` are the parts as received, and what there is of the epilogue; afterwards
            all is as after `receive`. None: nothing was taken.
        """
        limits = self._limits
        if self._offset or self._held or self.parts or self.closed or limits.mime_parts < 2:
            return None
        source = parts_kernel.searchable(body)
        places = parts_kernel.two_parts(source, len(source), self._delimiter, limits.header_fields, limits.header_size)
        if not places:
            return None
        preamble, start, end, header, type_start, type_end, stop, *second, epilogue, settled, crlf = places
        if crlf:
            self.crlf_delimiters = 3
        else:
            self.lf_delimiters = 3
        self.parts = 2
        self.closed = True
        self._state = _EPILOGUE
        self._offset = settled
        self._bol = int(settled == epilogue)
        view = memoryview(body)
        self._held = bytes(view[settled:])
        first = _header_of(view, start, end, header, type_start, type_end, stop)
        return view[:preamble], first, _header_of(view, *second), view[epilogue:settled]

    def finish(self) -> list[Event]:
        """Say that the body ends here; return the last events. Without a close delimiter `closed` stays False."""
        events: list[Event] = []
        held, self._held = self._held, b""
        if held:
            self._scan(held, held, 0, parts_kernel.FINAL, events)
        if self._state == _PART:
            events.append(PartEnd(self.parts - 1, self._offset))
            self._state = _EPILOGUE
        return events

    def _scan(self, data: Buffer, source: bytes, position: int, final: int, events: list[Event]) -> int:
        """Emit what is settled in ``data[position:]``; return where the rest starts. `source` is the same octets in searchable form."""
        end = len(source)
        bol = self._bol
        while True:
            records, settled = parts_kernel.scan_boundary(source, position, end, self._delimiter, bol | final)
            for i in range(0, len(records), 3):
                line, kind, after = records[i : i + 3]
                if kind & 3 == parts_kernel.PREFIX_ONLY:
                    self.boundary_prefix = True
                elif self._state == _EPILOGUE:
                    self.delimiter_after_close += 1
                else:
                    stop = line
                    if stop > position and source[stop - 1] == _LF:
                        stop -= 2 if stop - 1 > position and source[stop - 2] == _CR else 1
                    self._emit(data, position, stop, events)
                    self._delimiter_line(kind, after - stop, events)
                    position = after
            self._emit(data, position, settled, events)
            if settled > position or records:
                bol = int(bool(records) and settled == records[-1] and records[-2] & 3 != parts_kernel.PREFIX_ONLY)
            position = settled
            if len(records) < 3 * parts_kernel.CAP:
                self._bol = bol
                return position

    def _emit(self, data: Buffer, start: int, stop: int, events: list[Event]) -> None:
        if stop > start:
            whole = start == 0 and stop == len(data)
            events.append(_EVENT_OF_STATE[self._state](data if whole else memoryview(data)[start:stop]))
            self._offset += stop - start

    def _delimiter_line(self, kind: int, size: int, events: list[Event]) -> None:
        if kind & parts_kernel.CRLF_LINE:
            self.crlf_delimiters += 1
        else:
            self.lf_delimiters += 1
        if kind & parts_kernel.PADDED:
            self.padded_delimiters += 1
        if self._state == _PART:
            events.append(PartEnd(self.parts - 1, self._offset))
        self._offset += size
        if kind & 3 == parts_kernel.CLOSE:
            self.closed = True
            self._state = _EPILOGUE
            events.append(Closed())
            return
        if self.parts >= self._limits.mime_parts:
            raise LimitExceeded("mime_parts", self._limits.mime_parts, self._offset)
        self._state = _PART
        events.append(PartStart(self.parts, self._offset))
        self.parts += 1


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
        if stop > floor and data[stop - 1] == _LF:
            stop -= 2 if stop - 1 > floor and data[stop - 2] == _CR else 1
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
