"""A push parser for one multipart (RFC 2046 section 5.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import parts as parts_kernel
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS
from smime.mime.entity import CR, LF, DataEvent, Event, header_of

if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview
    from smime.limits import Limits
    from smime.mime.header import HeaderFields

__all__ = ["Closed", "Epilogue", "MultipartReader", "PartData", "PartEnd", "PartStart", "Preamble"]


class Preamble(DataEvent):
    """Some octets before the first part, without the line end that belongs to the delimiter."""

    __slots__ = ()


class PartData(DataEvent):
    """Some octets of a part as received, its header included, without the line end that belongs to the delimiter."""

    __slots__ = ()


class Epilogue(DataEvent):
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


_PREAMBLE, _PART, _EPILOGUE = range(3)
_EVENT_OF_STATE: tuple[type[DataEvent], ...] = (Preamble, PartData, Epilogue)


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
        first = header_of(view, start, end, header, type_start, type_end, stop)
        return view[:preamble], first, header_of(view, *second), view[epilogue:settled]

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
                    if stop > position and source[stop - 1] == LF:
                        stop -= 2 if stop - 1 > position and source[stop - 2] == CR else 1
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
