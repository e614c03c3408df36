"""Views of BER and DER: what is read stays where it is.

`parse` makes one flat index of the whole structure (`smime._kernels.der`), and an `Element` is a place in it. A `Reader` walks the children
of an element in the order of their ASN.1 definition. Both read BER, indefinite lengths and constructed strings included; `is_der` tells
whether they had to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from smime._kernels import der as _kernel
from smime.asn1 import oid as _oid
from smime.asn1.time import parse_time
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "ENUMERATED",
    "GENERALIZED_TIME",
    "IA5_STRING",
    "INTEGER",
    "NULL",
    "OCTET_STRING",
    "OID",
    "SEQUENCE",
    "SET",
    "UTC_TIME",
    "UTF8_STRING",
    "Element",
    "Reader",
    "context",
    "first_non_der",
    "is_der",
    "parse",
    "tag_name",
]

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED, UTF8_STRING = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C
IA5_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x16, 0x17, 0x18, 0x30, 0x31

MAX_INTEGER_OCTETS = 8192
"""Larger INTEGERs are no keys, serial numbers or counts: a bound on what a bignum conversion may cost."""

_NAMES = {
    BOOLEAN: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OID: "OBJECT IDENTIFIER",
    ENUMERATED: "ENUMERATED",
    UTF8_STRING: "UTF8String",
    0x13: "PrintableString",
    IA5_STRING: "IA5String",
    UTC_TIME: "UTCTime",
    GENERALIZED_TIME: "GeneralizedTime",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}
_CLASSES = ("UNIVERSAL ", "APPLICATION ", "", "PRIVATE ")

_Bytes = bytes | bytearray | memoryview


def context(number: int, *, constructed: bool = True) -> int:
    """Return the tag of a context-specific element with a low tag number."""
    return (0xA0 if constructed else 0x80) | number


def tag_name(tag: int) -> str:
    """Return how a tag is written in ASN.1, for messages."""
    if tag in _NAMES:
        return _NAMES[tag]
    if tag < 0x40 and tag & 0x20 and tag ^ 0x20 in _NAMES:
        return f"constructed {_NAMES[tag ^ 0x20]}"
    number = tag >> 8 if tag > 0xFF else tag & 0x1F
    return f"[{_CLASSES[tag >> 6 & 3]}{number}]"


class Element:
    """One element of a parsed structure: a place in the received octets.

    Attributes:
        tag: the identifier octet (0x30: SEQUENCE); for tag numbers above 30 ``number << 8 | identifier octet``.
    """

    __slots__ = ("_at", "_data", "_index", "_layer", "tag")

    def __init__(self, data: bytes, index: Sequence[int], at: int, layer: str) -> None:
        self._data = data
        self._index = index
        self._at = at
        self._layer = layer
        self.tag = index[at]

    @property
    def start(self) -> int:
        """Offset of the identifier octet."""
        return self._index[self._at + 1]

    @property
    def header_end(self) -> int:
        """Offset of the first content octet."""
        return self._index[self._at + 2]

    @property
    def content_end(self) -> int:
        """Offset behind the last content octet."""
        return self._index[self._at + 3]

    @property
    def end(self) -> int:
        """Offset behind the element, end-of-contents octets included."""
        return self._index[self._at + 4]

    @property
    def constructed(self) -> bool:
        """It holds other elements."""
        return bool(self.tag & 0x20)

    @property
    def indefinite(self) -> bool:
        """Its length is indefinite."""
        return self.content_end != self.end

    @property
    def raw(self) -> bytes:
        """The whole element as received."""
        index, at = self._index, self._at
        return self._data[index[at + 1] : index[at + 4]]

    @property
    def raw_contents(self) -> bytes:
        """The content octets as received, between header and end (or end-of-contents octets)."""
        index, at = self._index, self._at
        return self._data[index[at + 2] : index[at + 3]]

    @property
    def contents(self) -> bytes:
        """The content octets; those of a constructed OCTET STRING (or IMPLICIT tag over one) are joined.

        Raises:
            ParseError: a constructed string has a segment of another type.
        """
        tag = self.tag
        if not tag & 0x20 or tag in {0x30, 0x31}:
            return self.raw_contents
        return self._join(0x04 if tag >= 0x80 else tag & ~0x20)

    def _join(self, segment: int) -> bytes:
        index, at = self._index, self._at
        stop = index[at + 5]
        pieces = []
        at += 6
        while at < stop:
            tag = index[at]
            if tag == segment:
                pieces.append(self._data[index[at + 2] : index[at + 3]])
            elif tag != segment | 0x20:
                raise ParseError(self._layer, f"a segment of {tag_name(segment)} is {tag_name(tag)}", index[at + 1])
            at += 6
        return b"".join(pieces)

    @property
    def children(self) -> tuple[Element, ...]:
        """The elements directly inside; none if it is primitive."""
        return tuple(self)

    def __iter__(self) -> Iterator[Element]:
        index = self._index
        at, stop = self._at + 6, index[self._at + 5]
        while at < stop:
            yield Element(self._data, index, at, self._layer)
            at = index[at + 5]

    def __len__(self) -> int:
        """Return the number of elements directly inside."""
        index = self._index
        at, stop, count = self._at + 6, index[self._at + 5], 0
        while at < stop:
            count += 1
            at = index[at + 5]
        return count

    def __repr__(self) -> str:
        return f"<{tag_name(self.tag)} {self.start}:{self.header_end}:{self.end}>"

    def error(self, reason: str) -> ParseError:
        """Return a `ParseError` at this element, for the caller to raise."""
        return ParseError(self._layer, reason, self.start)

    def expect(self, tag: int) -> Element:
        """Return the element itself; ParseError if its tag is another."""
        if self.tag != tag:
            raise self.error(f"{tag_name(self.tag)} where {tag_name(tag)} belongs")
        return self

    def reader(self) -> Reader:
        """Return a `Reader` of what is inside."""
        return Reader(self)

    # -- values of simple types, whatever the tag --

    def as_integer(self) -> int:
        """Return the value of an INTEGER or ENUMERATED; non-minimal forms are read too."""
        content = self.raw_contents
        if not content or self.tag & 0x20:
            raise self.error("an INTEGER without contents")
        if len(content) > MAX_INTEGER_OCTETS:
            raise self.error(f"an INTEGER of {len(content)} octets")
        return int.from_bytes(content, "big", signed=True)

    def as_oid(self) -> str:
        """Return the dotted form of an OBJECT IDENTIFIER."""
        try:
            return _oid.decode(self.raw_contents)
        except ParseError as error:
            raise self.error(error.reason) from None

    def as_bit_string(self) -> bytes:
        """Return the octets of a BIT STRING with no unused bits in its last octet."""
        content, unused = self.as_bits()
        if unused:
            raise self.error("a BIT STRING that does not end on an octet")
        return content

    def as_bits(self) -> tuple[bytes, int]:
        """Return the octets of a BIT STRING and the number of unused bits in the last."""
        if not self.tag & 0x20:
            content = self.raw_contents
            if not content or content[0] > 7 or (content[0] and len(content) == 1):
                raise self.error("a malformed BIT STRING")
            return content[1:], content[0]
        pieces: list[bytes] = []
        unused = 0
        for segment in self._segments():
            if segment.tag != BIT_STRING:
                raise segment.error(f"a segment of BIT STRING is {tag_name(segment.tag)}")
            if unused:
                raise segment.error("a BIT STRING segment that does not end on an octet")
            octets, unused = segment.as_bits()
            pieces.append(octets)
        return b"".join(pieces), unused

    def _segments(self) -> Iterator[Element]:
        index = self._index
        at, stop = self._at + 6, index[self._at + 5]
        while at < stop:
            if index[at] != BIT_STRING | 0x20:
                yield Element(self._data, index, at, self._layer)
            at += 6

    def as_boolean(self) -> bool:
        """Return the value of a BOOLEAN."""
        content = self.raw_contents
        if len(content) != 1:
            raise self.error("a malformed BOOLEAN")
        return content != b"\x00"

    def as_time(self) -> datetime:
        """Return the value of a UTCTime or GeneralizedTime, in UTC."""
        if self.tag not in {UTC_TIME, GENERALIZED_TIME}:
            raise self.error(f"{tag_name(self.tag)} where a time belongs")
        try:
            return parse_time(self.raw_contents, generalized=self.tag == GENERALIZED_TIME)
        except ValueError as error:
            raise self.error(str(error)) from None

    def as_text(self) -> str:
        """Return the text of one of the character string types; octets that are none are replaced."""
        tag = self.tag & ~0x20 if self.tag < 0x40 else self.tag
        content = self.contents
        if tag == 0x1E:
            return content.decode("utf-16-be", "replace")
        if tag == 0x1C:
            return content.decode("utf-32-be", "replace")
        if tag == 0x14:
            return content.decode("latin-1")
        return content.decode("utf-8", "replace")


class Reader:
    """The children of an element, one after another, in the order of an ASN.1 definition.

    Every method that returns something takes the next child, and raises `ParseError` where there is none or it is of another type.
    """

    __slots__ = ("_at", "_data", "_end", "_index", "_layer", "_name", "_stop")

    def __init__(self, element: Element) -> None:
        if not element.tag & 0x20:
            raise element.error(f"{tag_name(element.tag)} is primitive")
        self._data = element._data
        self._index = element._index
        self._layer = element._layer
        self._at = element._at + 6
        self._stop = self._index[element._at + 5]
        self._name = tag_name(element.tag)
        self._end = self._index[element._at + 3]

    @classmethod
    def of_contents(cls, data: bytes, name: str, *, limits: Limits = DEFAULT_LIMITS, layer: str = "der") -> Reader:
        """Return a reader of what would be inside an element with these content octets; `name` is its name in messages.

        Raises:
            ParseError: the octets are not BER.
            LimitExceeded: they are more, or deeper, than allowed.
        """
        n = len(data)
        if n > limits.structure_size:
            raise LimitExceeded("structure_size", limits.structure_size)
        try:
            index, end, _ = _kernel.index(data, 0, n, limits.asn1_depth, limits.asn1_elements, siblings=True)
        except ParseError as error:
            raise ParseError(layer, error.reason, error.offset) from None
        if end != n:
            raise ParseError(layer, "end-of-contents octets where none belong", end)
        self = cls.__new__(cls)
        self._data, self._index, self._layer, self._name, self._end = data, index, layer, name, n
        self._at, self._stop = 0, len(index)
        return self

    def peek(self) -> int | None:
        """Return the tag of the next child, None behind the last."""
        return self._index[self._at] if self._at < self._stop else None

    def any(self) -> Element:
        """Return the next child."""
        at = self._at
        if at >= self._stop:
            raise ParseError(self._layer, f"{self._name} ends too soon", self._end)
        self._at = self._index[at + 5]
        return Element(self._data, self._index, at, self._layer)

    def element(self, tag: int) -> Element:
        """Return the next child, which has this tag."""
        return self.any().expect(tag)

    def optional(self, tag: int) -> Element | None:
        """Return the next child if it has this tag."""
        if self._at < self._stop and self._index[self._at] == tag:
            return self.any()
        return None

    def rest(self) -> list[Element]:
        """Return all the remaining children."""
        out = []
        while self._at < self._stop:
            out.append(self.any())
        return out

    def end(self) -> None:
        """Check that there is no further child."""
        if self._at < self._stop:
            extra = self.any()
            raise extra.error(f"{tag_name(extra.tag)} where {self._name} should end")

    def sequence(self) -> Reader:
        """Return a reader of the next child, a SEQUENCE."""
        return Reader(self.element(SEQUENCE))

    def set_of(self) -> list[Element]:
        """Return the members of the next child, a SET."""
        return list(self.element(SET))

    def sequence_of(self) -> list[Element]:
        """Return the members of the next child, a SEQUENCE."""
        return list(self.element(SEQUENCE))

    def explicit(self, number: int) -> Element:
        """Return the only child of the next child, ``[number] EXPLICIT``."""
        inner = Reader(self.element(context(number)))
        element = inner.any()
        inner.end()
        return element

    def optional_explicit(self, number: int) -> Element | None:
        """Return the only child of the next child if that is ``[number] EXPLICIT``."""
        return self.explicit(number) if self.peek() == context(number) else None

    def integer(self) -> int:
        """Return the value of an INTEGER."""
        return self.element(INTEGER).as_integer()

    def oid(self) -> str:
        """Return an OBJECT IDENTIFIER in dotted form."""
        return self.element(OID).as_oid()

    def octet_string(self) -> bytes:
        """Return the octets of an OCTET STRING, joined if it is constructed."""
        element = self.any()
        if element.tag & ~0x20 != OCTET_STRING:
            element.expect(OCTET_STRING)
        return element.contents

    def bit_string(self) -> bytes:
        """Return the octets of a BIT STRING without unused bits."""
        element = self.any()
        if element.tag & ~0x20 != BIT_STRING:
            element.expect(BIT_STRING)
        return element.as_bit_string()

    def null(self) -> None:
        """Take a NULL."""
        element = self.element(NULL)
        if element.header_end != element.end:
            raise element.error("a NULL with contents")

    def boolean(self) -> bool:
        """Return the value of a BOOLEAN."""
        return self.element(BOOLEAN).as_boolean()

    def time(self) -> datetime:
        """Return the value of a UTCTime or GeneralizedTime, in UTC."""
        return self.any().as_time()


def parse(data: _Bytes, *, limits: Limits = DEFAULT_LIMITS, layer: str = "der", allow_trailing: bool = False) -> Element:
    """Index one BER or DER element and everything inside it.

    Args:
        data: the octets. A bytes object is kept, others are copied.
        limits: bounds on depth, elements and size.
        layer: what errors call the structure.
        allow_trailing: octets may follow the element; its `end` tells where they begin.

    Raises:
        ParseError: the octets are not BER.
        LimitExceeded: they are more, or deeper, than allowed.
    """
    if not isinstance(data, bytes):
        data = bytes(data)
    n = len(data)
    if n > limits.structure_size:
        raise LimitExceeded("structure_size", limits.structure_size)
    try:
        index, end, _ = _kernel.index(data, 0, n, limits.asn1_depth, limits.asn1_elements)
    except ParseError as error:
        raise ParseError(layer, error.reason, error.offset) from None
    if end != n and not allow_trailing:
        raise ParseError(layer, "octets follow the end of the structure", end)
    return Element(data, index, 0, layer)


def first_non_der(data: _Bytes, *, limits: Limits = DEFAULT_LIMITS) -> int | None:
    """Return the offset of the first element in one BER element whose encoding is not DER, None if all are.

    Judged without a schema: lengths, constructed strings, minimal INTEGERs, BOOLEANs, BIT STRING padding, times, the order of universal
    SETs. What it cannot see: a DEFAULT value that is spelled out, and order in a SET behind an IMPLICIT tag.

    Raises:
        ParseError: the octets are not BER, or more than one element.
        LimitExceeded: they are more, or deeper, than allowed.
    """
    n = len(data)
    _, end, offset = _kernel.index(data, 0, n, limits.asn1_depth, limits.asn1_elements, 0)
    if end != n:
        raise ParseError("der", "octets follow the end of the structure", end)
    return None if offset < 0 else offset


def is_der(element: Element | _Bytes, *, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Tell whether an element and all that is inside it are DER, as `first_non_der` judges."""
    return first_non_der(element.raw if isinstance(element, Element) else element, limits=limits) is None
