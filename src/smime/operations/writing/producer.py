"""What every writing operation shares: taking a mail apart into what stays outside and the entity to protect, and the armor around CMS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from smime.limits import Limits
from smime.mime.split import canonical_split
from smime.mime.writer import write_fields
from smime.operations.buffers import room
from smime.operations.spool import Buffer
from smime.operations.writing.armor import armor, armored, check_encoding
from smime.operations.writing.entity import WHOLE, Beginning, Entity
from smime.transforms.lines import CanonicalLines

if TYPE_CHECKING:
    from smime.mime.writer import RawField
    from smime.operations.writing.armor import Armor, Encoding

__all__ = ["SEGMENT", "CMSObject", "Collector", "LendingSink", "Producer", "Sink"]


SEGMENT = 1 << 18
"""Octets in a segment of content that streams with indefinite lengths."""

_LARGE = 1 << 12
_PIECE = 1 << 16  # octets that become text at once
_TEXT_ROOM = _PIECE // 2 * 3 + 8


class CMSObject(Protocol):
    """A CMS object written around content: at once if the content is short, else as it comes."""

    @property
    def smime_type(self) -> str:
        """The smime-type parameter (RFC 8551 section 3.2.2)."""

    def whole(self, content: bytes) -> bytes:
        """Return the whole object, in DER."""

    def head(self) -> bytes:
        """Return what stands before the content."""

    def take(self, data: Buffer, /) -> None:
        """Take content octets, which come again in `content`: for what does not depend on how they are written."""

    def content(self, data: Buffer, /) -> Iterable[Buffer]:
        """Return content octets, at most `SEGMENT`, as they stand in the object: in pieces that are good until the next call."""

    def tail(self) -> bytes:
        """Return what stands behind the content."""


Sink = Callable[[Buffer], object]
"""Takes octets in a buffer that is good until it returns."""


@runtime_checkable
class LendingSink(Protocol):
    """A sink that lends room, so that octets can be made where they are to be."""

    def __call__(self, data: Buffer, /) -> object:
        """Take octets."""

    def lend(self, size: int, /) -> memoryview:
        """Return room for so many octets, 128 KiB at most. It is good until the next call of any kind."""

    def lent(self, size: int, /) -> object:
        """Take the first octets of what was lent."""


class Collector:
    """Takes octets of a result: for a sink, or to be returned.

    Attributes:
        write: takes octets.
    """

    __slots__ = ("_parts", "direct", "write")

    def __init__(self, sink: Sink | None) -> None:
        self._parts: list[bytes] = []
        self.direct = sink is not None
        self.write: Sink = self._keep if sink is None else sink

    def _keep(self, data: Buffer) -> None:
        self._parts.append(data if type(data) is bytes else bytes(data))

    def take(self) -> bytes:
        """Return what was not for a sink."""
        parts = self._parts
        if not parts:
            return b""
        out = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        return out


class Producer:
    """Makes an application/pkcs7-mime, or a bare CMS object, of a message of any size: `update(data)`, then `finalize()`.

    What it writes depends on the message alone, not on the pieces in which the message comes.

    Args:
        make: gives the CMS object to write.
        encoding: of the result.
        limits: for the header block.
        sink: takes the result instead of the callers of `update` and `finalize`.
        content_length: octets of content that `make` was told of.
    """

    def __init__(
        self, make: CMSObject, encoding: Encoding, limits: Limits, sink: Sink | None = None, *, content_length: int | None = None
    ) -> None:
        check_encoding(encoding)
        self._object = make
        self._length = content_length
        self._total = 0
        self._encoding = encoding
        self._limits = limits
        self._out = Collector(sink)
        self._outer = b""
        self._waiting: list[bytes] = []
        self._size = 0
        self._streaming = False
        self._beginning = Beginning() if encoding == "smime" else None
        self._entity: Entity | None = None
        self._lines: CanonicalLines | None = None
        self._armor: Armor
        self._put: Sink
        self._segment = memoryview(b"")  # once it streams: room for one, of which `_size` octets are there
        self._text_room = memoryview(b"")
        self._lending: LendingSink | None = sink if sink is not None and isinstance(sink, LendingSink) else None

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message; return octets of the result."""
        self.feed(data)
        return self._out.take()

    def feed(self, data: Buffer, /) -> None:
        """Take the next octets of the message; the result waits for the next call of `update` or `finalize` if there is no sink."""
        beginning = self._beginning
        if beginning is not None:
            if beginning.keep(data):
                return
            self._split(beginning.take())
        if self._entity is not None:
            self._entity.update(data)
        else:
            self._content(data)

    def _split(self, beginning: bytes) -> None:
        """Take the mail apart as it comes, for it is longer than its beginning, or not in ordinary form."""
        self._beginning = None
        self._lines = CanonicalLines()
        self._entity = Entity(self._limits, self._fields, self._text)
        self._entity.update(beginning)

    def finalize(self) -> bytes:
        """Say that the message is complete; return the last octets of the result."""
        if self._beginning is not None:
            beginning = self._beginning.take()
            whole = canonical_split(beginning, self._limits, safe=False)
            if whole is None:
                self._split(beginning)
            else:
                self._outer, content = whole
                if len(content) <= WHOLE:
                    self._waiting.append(content)
                else:
                    self._content(content)
        if self._entity is not None:
            self._entity.finalize()
        if self._lines is not None:
            rest = self._lines.finalize()
            if rest:
                self._content(rest)
        if self._length is not None and self._length != self._total:
            raise ValueError("the content is not as long as announced")
        if self._streaming:
            self._segments(self._segment[: self._size])
            self._put(self._object.tail())
            self._out.write(self._armor.finalize())
        else:
            waiting = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
            self._waiting.clear()
            self._out.write(armored(self._encoding, self._object.whole(waiting), self._outer, self._object.smime_type))
        return self._out.take()

    def _fields(self, fields: list[RawField]) -> None:
        self._outer = write_fields(fields)

    def _text(self, data: Buffer) -> None:
        assert self._lines is not None  # noqa: S101 - only a mail is canonicalised
        lines = self._lines.update(data)
        if len(lines):
            self._content(lines)

    def _content(self, data: Buffer) -> None:
        self._total += len(data)
        size = self._size + len(data)
        if not self._streaming:
            if size <= WHOLE:
                self._waiting.append(data if type(data) is bytes else bytes(data))
                self._size = size
                return
            self._streaming = True
            self._armor = armor(self._encoding)
            self._put = self._out.write if self._encoding == "der" else self._armored
            self._out.write(self._armor.head(self._outer, self._object.smime_type))
            self._put(self._object.head())
            self._segment = room(SEGMENT)
            waiting = memoryview(b"".join(self._waiting))
            self._waiting.clear()
            self._size = 0
            self._object.take(waiting)
            self._stream(waiting)
        self._object.take(data)
        self._stream(memoryview(data))

    def _stream(self, data: memoryview) -> None:
        """Write whole segments, and keep the rest."""
        kept = self._size
        if kept:
            missing = SEGMENT - kept
            if len(data) < missing:
                self._size = kept + len(data)
                self._segment[kept : self._size] = data
                return
            self._segment[kept:] = data[:missing]
            self._segments(self._segment)
            data = data[missing:]
        whole = len(data) // SEGMENT * SEGMENT
        self._segments(data[:whole])
        self._size = len(data) - whole
        self._segment[: self._size] = data[whole:]

    def _segments(self, data: memoryview) -> None:
        for start in range(0, len(data), SEGMENT):
            for piece in self._object.content(data[start : start + SEGMENT]):
                self._put(piece)

    def _armored(self, data: Buffer) -> None:
        if not self._out.direct or len(data) < _LARGE:
            self._out.write(self._armor.update(data))
            return
        lending = self._lending
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            if lending is not None:  # where it is to be: a copy costs half as much as encoding
                lending.lent(self._armor.update_into(piece, lending.lend(_TEXT_ROOM)))
                continue
            if not len(self._text_room):  # into one buffer: fresh memory costs more than encoding
                self._text_room = room(_TEXT_ROOM)
            size = self._armor.update_into(piece, self._text_room)
            self._out.write(self._text_room[:size])
