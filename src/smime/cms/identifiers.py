"""Who signed, and for whom it is encrypted: the identifiers of RFC 5652 sections 5.3, 6.2 and 10.2.4.

::

    IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber CertificateSerialNumber }
    SignerIdentifier, RecipientIdentifier ::= CHOICE {
        issuerAndSerialNumber IssuerAndSerialNumber,
        subjectKeyIdentifier [0] SubjectKeyIdentifier }
    RecipientKeyIdentifier ::= SEQUENCE {
        subjectKeyIdentifier SubjectKeyIdentifier,
        date GeneralizedTime OPTIONAL,
        other OtherKeyAttribute OPTIONAL }
    KEKIdentifier ::= SEQUENCE {
        keyIdentifier OCTET STRING,
        date GeneralizedTime OPTIONAL,
        other OtherKeyAttribute OPTIONAL }
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smime.asn1 import names, writer
from smime.asn1.der import GENERALIZED_TIME, OCTET_STRING, SEQUENCE, Element, Reader, parse

__all__ = [
    "IssuerAndSerialNumber",
    "KEKIdentifier",
    "RecipientKeyIdentifier",
    "SignerIdentifier",
    "SubjectKeyIdentifier",
    "identifier_from_element",
    "identifier_from_raw",
]


@dataclass(frozen=True, slots=True)
class IssuerAndSerialNumber:
    """A certificate by its issuer and serial number.

    Attributes:
        issuer_raw: the encoded Name as received.
        serial: any integer that was received, zero and negative ones too.
    """

    issuer_raw: bytes
    serial: int

    def __str__(self) -> str:
        return f"serial {self.serial:x} of {names.to_text(self.issuer_raw)}"

    @classmethod
    def from_element(cls, element: Element) -> IssuerAndSerialNumber:
        """Read one; ParseError if it is none. The tag is not looked at."""
        reader = Reader(element)
        issuer = reader.element(SEQUENCE).raw
        serial = reader.integer()
        reader.end()
        return cls(issuer, serial)

    def encode(self) -> bytes:
        """Return the SEQUENCE."""
        return writer.sequence(self.issuer_raw, writer.integer(self.serial))


@dataclass(frozen=True, slots=True)
class SubjectKeyIdentifier:
    """A certificate by its subjectKeyIdentifier extension, which need not be unique."""

    value: bytes

    def __str__(self) -> str:
        return f"subject key identifier {self.value.hex()}"

    def encode(self) -> bytes:
        """Return the ``[0] IMPLICIT OCTET STRING`` of SignerIdentifier and RecipientIdentifier."""
        return writer.octet_string(self.value, tag=0x80)


SignerIdentifier = IssuerAndSerialNumber | SubjectKeyIdentifier
"""SignerIdentifier and RecipientIdentifier."""


@dataclass(frozen=True, slots=True)
class RecipientKeyIdentifier:
    """A recipient of key agreement by subject key identifier; date and other are hints that matching ignores (RFC 5652 section 6.2.2)."""

    subject_key_identifier: bytes
    date: datetime | None = None
    other: bytes | None = None

    def __str__(self) -> str:
        return f"subject key identifier {self.subject_key_identifier.hex()}"

    @classmethod
    def from_element(cls, element: Element) -> RecipientKeyIdentifier:
        """Read one; ParseError if it is none. The tag is not looked at."""
        return cls(*_read_key_identifier(element))

    def encode(self, *, tag: int = SEQUENCE) -> bytes:
        """Return the SEQUENCE, or an IMPLICIT tag in its place."""
        return _encode_key_identifier(self.subject_key_identifier, self.date, self.other, tag)


@dataclass(frozen=True, slots=True)
class KEKIdentifier:
    """A symmetric key-encryption key that both sides have (RFC 5652 section 6.2.3)."""

    key_identifier: bytes
    date: datetime | None = None
    other: bytes | None = None

    def __str__(self) -> str:
        return f"key {self.key_identifier.hex()}"

    @classmethod
    def from_element(cls, element: Element) -> KEKIdentifier:
        """Read one; ParseError if it is none."""
        return cls(*_read_key_identifier(element))

    def encode(self) -> bytes:
        """Return the SEQUENCE."""
        return _encode_key_identifier(self.key_identifier, self.date, self.other, SEQUENCE)


def _read_key_identifier(element: Element) -> tuple[bytes, datetime | None, bytes | None]:
    reader = Reader(element)
    identifier = reader.octet_string()
    date = reader.time() if reader.peek() == GENERALIZED_TIME else None
    other = reader.optional(SEQUENCE)
    reader.end()
    return identifier, date, other.raw if other is not None else None


def _encode_key_identifier(identifier: bytes, date: datetime | None, other: bytes | None, tag: int) -> bytes:
    return writer.tlv(tag, writer.octet_string(identifier) + (writer.generalized_time(date) if date is not None else b"") + (other or b""))


def identifier_from_element(element: Element) -> SignerIdentifier:
    """Read a SignerIdentifier or RecipientIdentifier; ParseError if it is none."""
    if element.tag == SEQUENCE:
        return IssuerAndSerialNumber.from_element(element)
    if element.tag in {0x80, 0xA0}:
        return SubjectKeyIdentifier(element.contents)
    if element.tag == OCTET_STRING:
        raise element.error("a subject key identifier without its tag [0]")
    raise element.error("neither issuerAndSerialNumber nor subjectKeyIdentifier")


_cache: dict[bytes, SignerIdentifier] = {}
_CACHE_SIZE = 1024
_CACHEABLE = 1024


def identifier_from_raw(raw: bytes) -> SignerIdentifier:
    """Read a SignerIdentifier or RecipientIdentifier from its octets; ParseError if they are none.

    Those of senders and recipients met before come from a bounded cache.
    """
    known = _cache.get(raw)
    if known is None:
        known = identifier_from_element(parse(raw, layer="cms"))
        if len(raw) <= _CACHEABLE:
            if len(_cache) >= _CACHE_SIZE:
                _cache.clear()
            _cache[raw] = known
    return known
