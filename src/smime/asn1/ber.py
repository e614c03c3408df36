"""Reading BER from a stream, in pieces of any size (X.690 section 8).

`StructureReader` is the hand of a parser that is written as a generator: its methods are generators too, to be used with ``yield from``,
and suspend the whole parser (they yield None) until it is sent the next chunk. So a streaming parser reads like its grammar::

    def content_info(octets: StructureReader) -> Generator[None, bytes, None]:
        yield from octets.open(SEQUENCE)
        kind = yield from octets.element(OID)
        ...
        yield from octets.close()

Offsets are those of the stream. What is taken whole is bounded by `Limits.structure_size`, all such parts together.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from smime._kernels import ber as _kernel
from smime.asn1.der import tag_name
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["Chunk", "Steps", "StructureReader"]

Chunk = bytes | memoryview
_T = TypeVar("_T")
Steps = Generator[None, Chunk, _T]
"""A parser that waits for chunks and ends with a result."""

_UNBOUNDED = 1 << 63


class StructureReader:
    """The octets of a stream, seen as nested elements.

    Attributes:
        layer: what errors call the structure.
    """

    __slots__ = ("_at", "_base", "_data", "_held", "_levels", "_limits", "layer")

    def __init__(self, limits: Limits = DEFAULT_LIMITS, layer: str = "cms") -> None:
        self.layer = layer
        self._limits = limits
        self._data: Chunk = b""
        self._at = 0  # in _data
        self._base = 0  # offset of _data in the stream
        self._held = 0  # octets taken whole
        self._levels: list[tuple[int | None, int, int]] = []  # of open elements: end if definite, nearest definite end around, tag

    @property
    def position(self) -> int:
        """Offset of the next octet."""
        return self._base + self._at

    @property
    def level_end(self) -> int | None:
        """Where the innermost open element ends; None if its length is indefinite."""
        return self._levels[-1][0]

    def error(self, reason: str, offset: int | None = None) -> ParseError:
        """Return a `ParseError` at an offset, by default the position."""
        return ParseError(self.layer, reason, self.position if offset is None else offset)

    # -- octets --

    def _need(self, count: int) -> Steps[None]:
        """Make `count` octets available from `_at` on."""
        have = len(self._data) - self._at
        if have >= count:
            return
        pieces: list[Chunk] = [bytes(self._data[self._at :])]  # a copy: the caller may use its buffer again
        self._base += self._at
        self._at = 0
        self._data = b""
        while have < count:
            chunk = yield
            have += len(chunk)
            pieces.append(chunk if have >= count else bytes(chunk))
            del chunk
        self._data = b"".join(pieces) if pieces[0] or len(pieces) > 2 else pieces[-1]

    def take(self, count: int) -> Steps[bytes]:
        """Take `count` octets whole."""
        self._hold(count)
        yield from self._need(count)
        at = self._at
        self._at = at + count
        return bytes(self._data[at : at + count])

    def _hold(self, count: int) -> None:
        self._held += count
        if self._held > self._limits.structure_size:
            raise LimitExceeded("structure_size", self._limits.structure_size, self.position)

    def leftover(self) -> Chunk:
        """Take what has arrived and was not read."""
        data = self._data[self._at :]
        self._base += len(self._data)
        self._data, self._at = b"", 0
        return data

    # -- elements --

    def _limit(self) -> int:
        return self._levels[-1][1] if self._levels else _UNBOUNDED

    def peek(self) -> Steps[int | None]:
        """Return the identifier octet of the next element, None where the open element ends."""
        end, limit, _ = self._levels[-1]
        if end is not None:
            if self._base + self._at == end:
                return None
            if self._at == len(self._data):
                yield from self._need(1)
            return self._data[self._at]
        if self.position + 2 > limit:
            raise self.error("an element of indefinite length is not ended inside the one that holds it")
        yield from self._need(2)
        if self._data[self._at] == 0:
            if self._data[self._at + 1]:
                raise self.error("bad end-of-contents octets")
            return None
        return self._data[self._at]

    def _header(self) -> Steps[tuple[int, int | None, int]]:
        """Return identifier octet, length (None: indefinite) and size of the header of the next element, which is not consumed."""
        limit = self._limit()
        start = self.position
        yield from self._need(min(2, max(limit - start, 1)))
        data, at = self._data, self._at
        if limit - start < 2:
            raise self.error("an element is longer than the one that holds it")
        tag, first = data[at], data[at + 1]
        if tag & 0x1F == 0x1F or tag == 0:
            raise self.error(f"{'a high tag number' if tag else 'end-of-contents octets'} where none belong" + ("s" if tag else ""))
        size = 2
        length: int | None = first
        if first == 0x80:
            if not tag & 0x20:
                raise self.error("a primitive element of indefinite length")
            length = None
        elif first > 0x80:
            size += first & 0x7F
            if first == 0xFF:
                raise self.error("bad length octets")
            if start + size > limit:
                raise self.error("an element is longer than the one that holds it")
            yield from self._need(size)
            length = int.from_bytes(self._data[self._at + 2 : self._at + size], "big")
        if length is not None and length > limit - start - size:
            raise self.error("an element is longer than the one that holds it" if limit < _UNBOUNDED else "a length beyond all reason")
        return tag, length, size

    def open(self, tag: int) -> Steps[None]:
        """Enter the next element, which is constructed and has this tag."""
        start = self.position
        if self._levels and (yield from self.peek()) is None:
            raise self.error(f"{tag_name(tag)} is missing")
        found, length, size = yield from self._header()
        if found != tag:
            raise self.error(f"{tag_name(found)} where {tag_name(tag)} belongs", start)
        if len(self._levels) >= self._limits.asn1_depth:
            raise LimitExceeded("asn1_depth", self._limits.asn1_depth, start)
        limit = self._limit()
        self._at += size
        end = None if length is None else start + size + length
        self._levels.append((end, limit if end is None else end, tag))

    def close(self) -> Steps[None]:
        """Leave the innermost open element, all of which has been read."""
        end, _, tag = self._levels[-1]
        found = yield from self.peek()
        if found is not None:
            raise self.error(f"{tag_name(found)} where {tag_name(tag)} should end")
        if end is None:
            self._at += 2
        self._levels.pop()

    def element(self, tag: int | None = None) -> Steps[bytes]:
        """Take the next element whole, which has this tag if one is given."""
        if self._levels and (yield from self.peek()) is None:
            raise self.error(f"{tag_name(tag) if tag is not None else 'an element'} is missing")
        found, length, size = yield from self._header()
        if tag is not None and found != tag:
            raise self.error(f"{tag_name(found)} where {tag_name(tag)} belongs")
        if length is not None:
            return (yield from self.take(size + length))
        head = yield from self.take(size)
        return head + (yield from self._skip(self._limit()))

    def rest(self) -> Steps[bytes]:
        """Take the rest of the innermost open element whole, and leave it."""
        end, limit, _ = self._levels[-1]
        if end is not None:
            octets = yield from self.take(end - self.position)
        else:
            octets = (yield from self._skip(limit))[:-2]
        self._levels.pop()
        return octets

    def _skip(self, limit: int) -> Steps[bytes]:
        """Take octets up to the end-of-contents octets that end what is open, these included."""
        skipper = _kernel.Skipper(self.position, min(limit, _kernel.UNBOUNDED), self._limits.asn1_depth, self._limits.asn1_elements)
        pieces: list[bytes] = []
        while True:
            view = memoryview(self._data)[self._at :]
            taken = skipper.update(view)
            self._hold(taken)
            pieces.append(bytes(view[:taken]))
            self._at += taken
            del view  # the caller may do with its buffer what it likes while we wait
            if skipper.done:
                return b"".join(pieces)
            self._base += self._at
            self._at = 0
            self._data = b""
            self._data = yield

    def octets(self, tag: int, emit: Callable[[Chunk], None]) -> Steps[None]:
        """Hand out the content octets of the next element, an OCTET STRING or one tagged IMPLICIT, as they come.

        Args:
            tag: its identifier octet when it is primitive.
            emit: called with each piece; a memoryview among them is good until the next chunk is sent.
        """
        limits = self._limits
        scanner = _kernel.Octets(self.position, min(self._limit(), _kernel.UNBOUNDED), limits.asn1_depth, limits.asn1_segments, tag)
        while True:
            data, at = self._data, self._at
            if at < len(data):
                taken, pieces = scanner.update(memoryview(data)[at:] if at else data)
                self._at = at + taken
                pieces.reverse()
                while pieces:
                    emit(pieces.pop())
            del data  # the caller may do with its buffer what it likes while we wait
            if scanner.done:
                return
            self._base += self._at
            self._at = 0
            self._data = b""
            self._data = yield

    def drain(self) -> Steps[None]:
        """Wait for the first chunk."""
        self._data = yield
