"""Attribute and the sets of them that are signed, unsigned or authenticated (RFC 5652 section 5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from smime._kernels import der as _kernel
from smime.asn1 import oid as _oid
from smime.asn1 import writer
from smime.asn1.der import parse
from smime.cms.content_info import check_count, relocate
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smime.asn1.der import Element
    from smime.limits import Limits

__all__ = ["Attribute", "Attributes"]


class Attribute(NamedTuple):
    """One instance of an attribute: its type in dotted form, and its values, each a whole element as received."""

    oid: str
    values: tuple[bytes, ...]


class Attributes(Sequence[Attribute]):
    """A set of attributes, as received.

    Attributes:
        raw: the whole element with the tag it had.
        is_der: the octets, with the tag SET, are DER, the order of the set included.
    """

    __slots__ = ("_instances", "_set", "_table", "is_der", "raw")

    def __init__(self, raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Read the octets of one element, whose tag is not looked at.

        Raises:
            ParseError: they are not a set of attributes; the offset counts from its first octet.
            LimitExceeded: ``attributes``, ``asn1_depth`` or ``asn1_elements``.
        """
        if not raw or not raw[0] & 0x20:
            raise ParseError("cms", "not a set of attributes", 0)
        self.raw = raw
        octets = raw if raw[0] == 0x31 else b"\x31" + raw[1:]
        self._set = octets
        n = len(octets)
        index, end, non_der = _kernel.index(octets, 0, n, limits.asn1_depth, limits.asn1_elements, 3)
        if end != n:
            raise ParseError("cms", "octets follow a set of attributes", end)
        self.is_der = non_der < 0
        decode = _oid.decode
        instances: list[tuple[str, tuple[bytes, ...]]] = []
        table: dict[str, tuple[tuple[bytes, ...], ...]] = {}
        maximum = limits.attributes
        at, stop = 6, index[5]
        while at < stop:
            following = index[at + 5]
            kind = at + 6
            members = at + 12
            if (
                index[at] != 0x30
                or members >= following
                or index[kind] != 0x06
                or index[members] != 0x31
                or index[members + 5] != following
            ):
                raise ParseError("cms", "an attribute is not a type and a set of values", index[at + 1])
            try:
                oid = decode(octets[index[kind + 2] : index[kind + 3]])
            except ParseError as error:
                raise ParseError("cms", error.reason, index[kind + 1]) from None
            at = members + 6
            if at + 6 == following:  # one value, as nearly always
                values: tuple[bytes, ...] = (octets[index[at + 1] : index[at + 4]],)
                at = following
            else:
                found = []
                while at < following:
                    found.append(octets[index[at + 1] : index[at + 4]])
                    at = index[at + 5]
                values = tuple(found)
            if len(instances) >= maximum:
                check_count("attributes", len(instances) + 1, maximum)
            instances.append((oid, values))
            table[oid] = (*table[oid], values) if oid in table else (values,)
        self._instances = instances
        self._table: dict[str, tuple[tuple[bytes, ...], ...]] | None = table

    @classmethod
    def from_element(cls, element: Element, *, limits: Limits = DEFAULT_LIMITS) -> Attributes:
        """Read a set of attributes, whatever its tag; see the constructor."""
        try:
            return cls(element.raw, limits=limits)
        except ParseError as error:
            raise relocate(error, element.start) from None

    @classmethod
    def build(cls, attributes: Sequence[bytes]) -> Attributes:
        """Make a set in DER order from encoded attributes."""
        return cls(writer.set_of(attributes))

    def raw_as_set(self) -> bytes:
        """Return the received octets with the tag SET (0x31): what is signed, digested or authenticated (RFC 5652 section 5.4)."""
        return self._set

    def to_der(self) -> bytes:
        """Return a DER encoding, with the tag SET. For telling what a peer may have signed when `is_der` is false; nothing else uses it."""
        return self._set if self.is_der else _to_der(parse(self._set))

    def get(self, oid: str) -> tuple[Attribute, ...]:
        """Return all the instances of an attribute."""
        return tuple([Attribute(oid, values) for values in self._by_type.get(oid, ())])

    def values(self, oid: str) -> tuple[bytes, ...]:
        """Return all the values of all the instances of an attribute."""
        instances = self._by_type.get(oid, ())
        return instances[0] if len(instances) == 1 else tuple([value for values in instances for value in values])

    def merged(self) -> dict[str, tuple[bytes, ...]]:
        """Return the values of each attribute, those of all its instances together."""
        table = self._table
        if table is None or len(table) == len(self._instances):
            return dict(self._instances)
        return {oid: self.values(oid) for oid in table}

    def place(self, oid: str) -> int:
        """Return at which place the first instance of an attribute stands; ValueError if there is none."""
        return [kind for kind, _ in self._instances].index(oid)

    def alike(self, raw: bytes, places: tuple[int, ...], values: tuple[bytes, ...]) -> Attributes:
        """Return what reading `raw` gives, which is known to differ only in the values of some attributes that have one value each.

        Args:
            raw: the whole element.
            places: where these attributes stand.
            values: of these attributes.
        """
        made = object.__new__(Attributes)
        made.raw = raw
        made._set = raw if raw[0] == 0x31 else b"\x31" + raw[1:]
        made.is_der = self.is_der
        made._instances = instances = self._instances.copy()
        for place, value in zip(places, values, strict=True):
            instances[place] = instances[place][0], (value,)
        made._table = None
        return made

    @property
    def _by_type(self) -> dict[str, tuple[tuple[bytes, ...], ...]]:
        table = self._table
        if table is None:  # each attribute occurs once
            table = self._table = {oid: (values,) for oid, values in self._instances}
        return table

    def single(self, oid: str) -> bytes | None:
        """Return the only value of the only instance of an attribute; None if there is no instance.

        Raises:
            ParseError: there are several instances, or one that has not one value.
        """
        instances = self._by_type.get(oid)
        if instances is None:
            return None
        if len(instances) != 1:
            raise ParseError("cms", f"the attribute {oid} occurs more than once")
        if len(instances[0]) != 1:
            raise ParseError("cms", f"the attribute {oid} has {len(instances[0])} values")
        return instances[0][0]

    def __getitem__(self, position: int) -> Attribute:  # type: ignore[override] # no slices
        return Attribute(*self._instances[position])

    def __len__(self) -> int:
        return len(self._instances)

    def __iter__(self) -> Iterator[Attribute]:
        return (Attribute(*instance) for instance in self._instances)

    def __contains__(self, oid: object) -> bool:
        return oid in self._by_type

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, Attributes) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"Attributes({self.raw.hex()})"


def _to_der(element: Element) -> bytes:
    """Return an element re-encoded: definite lengths, joined strings, sorted universal SETs, minimal INTEGERs and BOOLEANs."""
    tag = element.tag
    if tag == 0x02 and element.raw_contents:
        return writer.integer(element.as_integer())
    if tag == 0x01:
        return writer.boolean(element.as_boolean())
    if tag < 0x40 and tag & 0x20 and tag not in {0x28, 0x2B, 0x30, 0x31, 0x3D}:
        if tag == 0x23:
            content, unused = element.as_bits()
            return writer.bit_string(content, unused=unused)
        return writer.tlv(tag & ~0x20, element.contents)
    identifier = element.raw[:1] if tag < 0x100 else _high_tag(element)
    if not tag & 0x20:
        content = element.raw_contents
    else:
        parts = [_to_der(child) for child in element]  # the depth is bounded by Limits.asn1_depth
        content = b"".join(sorted(parts) if tag == 0x31 else parts)
    return identifier + writer.header(0, len(content))[1:] + content


def _high_tag(element: Element) -> bytes:
    raw = element.raw
    size = 2
    while raw[size - 1] & 0x80:
        size += 1
    return raw[:size]
