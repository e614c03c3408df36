"""Resumable BER scanners, in Python. The twins of `smime._kernels.c.ber`.

`Octets` turns the octets of one OCTET STRING element into its content octets, however it is segmented and however the input is cut into
chunks. `Skipper` finds the end of something of indefinite length without keeping it.
"""

from __future__ import annotations

from smime._kernels.python.der import MAX_TAG_NUMBER, error
from smime._kernels.status import (
    BER_TOO_LARGE,
    BER_WRONG_SEGMENT,
    DER_BAD_LENGTH,
    DER_BAD_TAG,
    DER_BEYOND_PARENT,
    DER_INDEFINITE_PRIMITIVE,
    DER_NO_END,
    DER_TOO_DEEP,
    DER_TOO_MANY,
    DER_UNEXPECTED_END,
)

__all__ = ["COPY_BELOW", "MAX_LEVELS", "UNBOUNDED", "Octets", "Skipper"]

MAX_LEVELS = 128  # the C twin's stack; a limit above it means it
UNBOUNDED = (1 << 63) - 1  # no definite length around
COPY_BELOW = 8192  # shorter segments are joined, longer ones are handed out as slices of the input: what a call costs, a copy costs


# what the next octet is
_IDENTIFIER, _TAG_NUMBER, _LENGTH, _LENGTH_OCTETS, _SEGMENT, _DONE = range(6)


class Octets:
    """The content octets of one OCTET STRING element.

    Args:
        position: offset of the element in its stream; errors count from the same origin.
        limit: offset of the end of what holds the element, `UNBOUNDED` if that has no definite length.
        depth: limit on nested constructed segments.
        segments: limit on primitive segments.
        tag: identifier octet of the element when primitive, without the constructed bit; that of the segments is always 0x04.

    Attributes:
        position: offset of the next octet that is expected.
        done: the element has ended; what follows it was not consumed.
    """

    __slots__ = (
        "_allowed",
        "_depth",
        "_indefinite",
        "_length",
        "_levels",
        "_limits",
        "_octets",
        "_phase",
        "_segments",
        "_start",
        "_tag",
        "_tags",
        "done",
        "position",
    )

    def __init__(self, position: int, limit: int, depth: int, segments: int, tag: int = 0x04) -> None:
        self.position = position
        self.done = False
        self._depth = min(depth, MAX_LEVELS)
        self._segments = self._allowed = segments
        self._levels = 0
        self._limits = [limit]
        self._indefinite = [False]
        self._phase = _IDENTIFIER
        self._tag = tag
        self._tags = (tag, tag | 0x20)
        self._start = position  # of the element whose header is being read
        self._length = 0  # its length so far, then what remains of the segment
        self._octets = 0  # length octets to come

    def update(self, data: bytes | bytearray | memoryview) -> tuple[int, list[bytes | memoryview]]:
        """Take more octets.

        Returns:
            How many of them belong to the element, and the pieces of content among them: slices of `data` or joined copies.

        Raises:
            ParseError: layer ``"ber"``, with the absolute offset.
            LimitExceeded: ``asn1_depth`` or ``asn1_segments``.
        """
        view = memoryview(data)
        n = len(view)
        base = self.position
        pieces: list[bytes | memoryview] = []
        joined = bytearray()
        phase = self._phase
        at = 0
        while True:
            if phase == _SEGMENT:
                take = min(self._length, n - at)
                if take:
                    if take >= COPY_BELOW:
                        if joined:
                            pieces.append(bytes(joined))
                            joined.clear()
                        pieces.append(view[at : at + take])
                    else:
                        joined += view[at : at + take]
                    at += take
                    self._length -= take
                if self._length:
                    break
                phase = _IDENTIFIER
                if not self._levels:
                    phase = _DONE
            # levels of definite length that end here
            while phase == _IDENTIFIER and self._levels and not self._indefinite[-1] and base + at == self._limits[-1]:
                self._pop()
                if not self._levels:
                    phase = _DONE
            if phase == _DONE or at == n:
                break
            here = base + at
            bounded = self._limits[-1] != UNBOUNDED
            if here >= self._limits[-1]:
                self._fail(
                    DER_NO_END if phase == _IDENTIFIER and self._levels else DER_BEYOND_PARENT,
                    here if phase == _IDENTIFIER else self._start,
                )
            octet = view[at]
            at += 1
            if phase == _IDENTIFIER:
                self._start = here
                if octet not in self._tags and not (octet == 0 and self._levels):
                    self._fail(BER_WRONG_SEGMENT, here)
                self._tag = octet
                phase = _LENGTH
                continue
            if phase == _LENGTH:
                if self._tag == 0:
                    if octet:
                        self._fail(DER_BAD_TAG, self._start)
                    if not self._indefinite[-1]:
                        self._fail(DER_UNEXPECTED_END, self._start)
                    self._pop()
                    phase = _IDENTIFIER if self._levels else _DONE
                    continue
                if octet == 0xFF:
                    self._fail(DER_BAD_LENGTH, self._start)
                self._length = octet
                if octet == 0x80:
                    if not self._tag & 0x20:
                        self._fail(DER_INDEFINITE_PRIMITIVE, self._start)
                    self._push(self._limits[-1], indefinite=True)
                    phase = _IDENTIFIER
                    continue
                if octet > 0x80:
                    self._octets = octet & 0x7F
                    self._length = 0
                    if bounded and self._octets > self._limits[-1] - here - 1:
                        self._fail(DER_BEYOND_PARENT, self._start)
                    phase = _LENGTH_OCTETS
                    continue
            else:  # _LENGTH_OCTETS
                self._length = self._length << 8 | octet
                self._octets -= 1
                if self._length >= UNBOUNDED:
                    self._fail(BER_TOO_LARGE, self._start)
                if self._octets:
                    continue
            # the header is complete
            if self._length > self._limits[-1] - (here + 1):
                self._fail(DER_BEYOND_PARENT if bounded else BER_TOO_LARGE, self._start)
            if self._tag & 0x20:
                self._push(here + 1 + self._length, indefinite=False)
                phase = _IDENTIFIER
            else:
                if not self._segments:
                    self._fail(DER_TOO_MANY, self._start)
                self._segments -= 1
                phase = _SEGMENT
        if joined:
            pieces.append(bytes(joined))
        self._phase = phase
        self.position = base + at
        self.done = phase == _DONE
        return at, pieces

    def _push(self, limit: int, *, indefinite: bool) -> None:
        if self._levels >= self._depth:
            self._fail(DER_TOO_DEEP, self._start)
        self._levels += 1
        self._limits.append(limit)
        self._indefinite.append(indefinite)
        self._tags = (0x04, 0x24)

    def _pop(self) -> None:
        self._levels -= 1
        self._limits.pop()
        self._indefinite.pop()

    def _fail(self, status: int, offset: int) -> None:
        raise error(status, offset, self._depth, self._allowed, "asn1_segments")


class Skipper:
    """The end of the contents of an element of indefinite length, whose header has been read.

    Args:
        position: offset of its first content octet.
        limit: offset of the end of what holds the element, `UNBOUNDED` if that has no definite length.
        depth: limit on nested elements of indefinite length, this one not counted.
        elements: limit on elements met (those inside elements of definite length are not).

    Attributes:
        position: offset of the next octet that is expected.
        done: the end-of-contents octets were met; what follows them was not consumed.
    """

    __slots__ = (
        "_allowed",
        "_depth",
        "_elements",
        "_identifier",
        "_left",
        "_length",
        "_levels",
        "_limit",
        "_number",
        "_octets",
        "_phase",
        "_start",
        "done",
        "position",
    )

    def __init__(self, position: int, limit: int, depth: int, elements: int) -> None:
        self.position = position
        self.done = False
        self._limit = limit
        self._depth = min(depth, MAX_LEVELS)
        self._elements = elements
        self._left = elements
        self._levels = 1
        self._phase = _IDENTIFIER
        self._start = position
        self._identifier = 0
        self._number = 0
        self._length = 0
        self._octets = 0

    def update(self, data: bytes | bytearray | memoryview) -> int:
        """Take more octets, and return how many of them belong to the element, its end-of-contents octets included.

        Raises:
            ParseError: layer ``"ber"``, with the absolute offset.
            LimitExceeded: ``asn1_depth`` or ``asn1_elements``.
        """
        view = memoryview(data)
        n = len(view)
        base = self.position
        phase = self._phase
        at = 0
        while phase != _DONE:
            if phase == _SEGMENT:
                take = min(self._length, n - at)
                at += take
                self._length -= take
                if self._length:
                    break
                phase = _IDENTIFIER
            if at == n:
                break
            here = base + at
            if here >= self._limit:
                self._fail(DER_NO_END if phase == _IDENTIFIER else DER_BEYOND_PARENT, here if phase == _IDENTIFIER else self._start)
            octet = view[at]
            at += 1
            if phase == _IDENTIFIER:
                self._start = here
                self._identifier = octet
                self._number = 0
                phase = _TAG_NUMBER if octet & 0x1F == 0x1F else _LENGTH
                continue
            if phase == _TAG_NUMBER:
                if octet == 0x80 and not self._number:
                    self._fail(DER_BAD_TAG, self._start)
                self._number = self._number << 7 | octet & 0x7F
                if self._number > MAX_TAG_NUMBER:
                    self._fail(DER_BAD_TAG, self._start)
                if octet < 0x80:
                    if self._number < 0x1F:
                        self._fail(DER_BAD_TAG, self._start)
                    phase = _LENGTH
                continue
            if phase == _LENGTH:
                if self._identifier == 0:
                    if octet:
                        self._fail(DER_BAD_TAG, self._start)
                    self._levels -= 1
                    phase = _IDENTIFIER if self._levels else _DONE
                    continue
                if octet == 0xFF:
                    self._fail(DER_BAD_LENGTH, self._start)
                self._length = octet
                if octet == 0x80:
                    if not self._identifier & 0x20:
                        self._fail(DER_INDEFINITE_PRIMITIVE, self._start)
                    self._count()
                    if self._levels > self._depth:
                        self._fail(DER_TOO_DEEP, self._start)
                    self._levels += 1
                    phase = _IDENTIFIER
                    continue
                if octet > 0x80:
                    self._octets = octet & 0x7F
                    self._length = 0
                    if self._limit != UNBOUNDED and self._octets > self._limit - here - 1:
                        self._fail(DER_BEYOND_PARENT, self._start)
                    phase = _LENGTH_OCTETS
                    continue
            else:  # _LENGTH_OCTETS
                self._length = self._length << 8 | octet
                self._octets -= 1
                if self._length >= UNBOUNDED:
                    self._fail(BER_TOO_LARGE, self._start)
                if self._octets:
                    continue
            if self._length > self._limit - (here + 1):
                self._fail(DER_BEYOND_PARENT if self._limit != UNBOUNDED else BER_TOO_LARGE, self._start)
            self._count()
            phase = _SEGMENT
        self._phase = phase
        self.position = base + at
        self.done = phase == _DONE
        return at

    def _count(self) -> None:
        if not self._left:
            self._fail(DER_TOO_MANY, self._start)
        self._left -= 1

    def _fail(self, status: int, offset: int) -> None:
        raise error(status, offset, self._depth, self._elements)
