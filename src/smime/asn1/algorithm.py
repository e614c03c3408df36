"""An algorithm and its parameters (RFC 5280 section 4.1.1.2).

::

    AlgorithmIdentifier ::= SEQUENCE {
        algorithm OBJECT IDENTIFIER,
        parameters ANY DEFINED BY algorithm OPTIONAL }
"""

from __future__ import annotations

from collections import OrderedDict

from smime import algorithms
from smime.asn1 import oid as _oid
from smime.asn1 import writer
from smime.asn1.der import Element, Reader, parse
from smime.errors import ParseError

__all__ = ["AlgorithmIdentifier"]

_CACHE_SIZE = 512
_PRIMITIVE = frozenset({0x02, 0x04})  # INTEGER, OCTET STRING
_CACHEABLE = 256  # octets: longer parameters (an IV, a salt, DSA domain parameters) are rarely seen twice


class AlgorithmIdentifier:
    """An algorithm and its parameters. Immutable, and compared by its octets.

    Attributes:
        oid: dotted form.
        parameters: the whole encoded element, as received; None if absent.
        raw: the whole SEQUENCE, as received.
    """

    __slots__ = ("oid", "parameters", "raw")

    oid: str
    parameters: bytes | None
    raw: bytes

    def __init__(self, oid: str, parameters: bytes | None, raw: bytes) -> None:
        set_field = object.__setattr__
        set_field(self, "oid", oid)
        set_field(self, "parameters", parameters)
        set_field(self, "raw", raw)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of an AlgorithmIdentifier cannot be changed")

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, AlgorithmIdentifier) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"AlgorithmIdentifier({self.name!r}, {self.parameters.hex() if self.parameters is not None else None})"

    def __reduce__(self) -> tuple[type[AlgorithmIdentifier], tuple[str, bytes | None, bytes]]:
        return AlgorithmIdentifier, (self.oid, self.parameters, self.raw)

    @classmethod
    def build(cls, oid: str, parameters: bytes | None = None) -> AlgorithmIdentifier:
        """Make one from a dotted OID and encoded parameters (None: absent); ValueError if the OID is none."""
        return cls(oid, parameters, writer.sequence(writer.oid(oid), parameters or b""))

    @classmethod
    def from_element(cls, element: Element) -> AlgorithmIdentifier:
        """Read one; it may have any tag, since it may be tagged IMPLICIT: its `raw` then begins with 0x30 all the same.

        Raises:
            ParseError: it is not one.
        """
        raw = element.raw
        if raw[0] != 0x30:
            if not element.tag & 0x20 or element.tag > 0xFF:
                element.expect(0x30)
            raw = b"\x30" + raw[1:]
        known = _cache.get(raw)
        if known is not None:
            return known
        reader = Reader(element)
        oid = reader.oid()
        parameters = reader.any().raw if reader.peek() is not None else None
        reader.end()
        made = cls(oid, parameters, raw)
        if len(raw) <= _CACHEABLE:
            if len(_cache) >= _CACHE_SIZE:
                _forget_oldest()
            _cache[raw] = made
        return made

    @classmethod
    def from_raw(cls, raw: bytes) -> AlgorithmIdentifier:
        """Read one from its octets; ParseError if they are not one."""
        known = _cache.get(raw)
        if known is not None:
            return known
        oid = _with_nonce.get(raw[:17])
        if oid is not None and len(raw) == 32 and raw.endswith(_ICV_LENGTH):
            return cls(oid, raw[13:], raw)
        return cls._plain(raw) or cls.from_element(parse(raw, layer="cms").expect(0x30))

    @classmethod
    def _plain(cls, raw: bytes) -> AlgorithmIdentifier | None:
        """Read one with an IV or the like, new in each message: short lengths, nothing constructed inside its parameters' fields."""
        size = len(raw)
        if not 8 < size < 0x80 or raw[0] != 0x30 or raw[1] != size - 2 or raw[2] != 0x06:
            return None
        at = 4 + raw[3]
        if at + 2 > size or at + 2 + raw[at + 1] != size:
            return None
        parameters = raw[at:]
        if raw[at] == 0x30:
            at += 2
            while at < size:
                if at + 2 > size or raw[at] not in _PRIMITIVE:
                    return None
                at += 2 + raw[at + 1]
            if at != size:
                return None
        elif raw[at] not in _PRIMITIVE:
            return None
        try:
            return cls(_oid.decode(raw[4 : 4 + raw[3]]), parameters, raw)
        except ParseError:
            return None  # the long way says where

    @property
    def name(self) -> str:
        """The name of the algorithm, or the dotted OID if it is unknown."""
        return algorithms.name_of(self.oid)

    @property
    def parameters_absent_or_null(self) -> bool:
        """The parameters are absent or NULL."""
        return self.parameters is None or self.parameters == writer.NULL


# AES-GCM as everybody writes it: a nonce of 12 octets and a tag of 16 (RFC 5084 section 3.2); the nonce alone is new in each message
_ICV_LENGTH = b"\x02\x01\x10"
_with_nonce = {
    b"\x30\x1e" + writer.oid(row.oid) + b"\x30\x11\x04\x0c": row.oid for row in algorithms.CONTENT_ENCRYPTIONS.values() if row.mode == "gcm"
}

_cache: OrderedDict[bytes, AlgorithmIdentifier] = OrderedDict()


def _forget_oldest() -> None:
    try:
        _cache.popitem(last=False)
    except KeyError:  # another thread was quicker
        return
