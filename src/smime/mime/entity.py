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
from smime.errors import LimitExceeded
from smime.limits import DEFAULT_LIMITS
from smime.mime.header import HeaderFields

if TYPE_CHECKING:
    from smime.limits import Limits

    Buffer = bytes | bytearray | memoryview

__all__ = ["Body", "EntityReader", "Event", "HeaderBlock", "whole_block", "whole_header", "DataEvent", "header_of", "LF", "CR"]


class Event:
    """What a reader reports. Data in an event is valid until the buffer it was cut from changes."""

    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


class DataEvent(Event):
    """Octets, as they were received."""

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


class Body(DataEvent):
    """Some octets of the entity's body."""

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


def header_of(view: memoryview, start: int, end: int, body: int, type_start: int, type_end: int, stop: int) -> HeaderFields:
    """Return the header of a part that stands somewhere in a body."""
    if type_start < 0:
        return HeaderFields(bytes(view[start:stop]), 0, end - start, body - start, -1, -1)
    return HeaderFields(bytes(view[start:stop]), 0, end - start, body - start, type_start - start, type_end - start)


LF, CR = 10, 13
