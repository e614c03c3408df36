"""Signed, unsigned, authenticated and unprotected attributes (RFC 5652 sections 5.3 and 11; RFC 8551 section 2.5; RFC 5035; RFC 6211).

::

    Attributes ::= SET SIZE (1..MAX) OF Attribute
    Attribute ::= SEQUENCE {
        attrType OBJECT IDENTIFIER,
        attrValues SET OF AttributeValue }

What was received stays as it was: `Attributes.raw_as_set` are the received octets with the tag SET, which are what was signed if they are
DER. Reading an attribute is apart from accepting it: how often it may occur is for `smime.operations` to judge, which gets all the
instances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from smime._kernels import der as _kernel
from smime.asn1 import oid as _oid
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import SEQUENCE, Element, Reader, parse, parse_time, tag_name
from smime.cms.content_info import check_count, relocate
from smime.cms.identifiers import IssuerAndSerialNumber, RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "CMS_ALGORITHM_PROTECTION",
    "CONTENT_HINT",
    "CONTENT_TYPE",
    "COUNTERSIGNATURE",
    "ENCRYPTION_KEY_PREFERENCE",
    "MESSAGE_DIGEST",
    "SIGNING_CERTIFICATE",
    "SIGNING_CERTIFICATE_V2",
    "SIGNING_TIME",
    "SMIME_CAPABILITIES",
    "TIME_STAMP_TOKEN",
    "AlgorithmProtection",
    "Attribute",
    "Attributes",
    "ContentHints",
    "ESSCertID",
    "SigningCertificate",
    "attribute",
    "cms_algorithm_protection",
    "content_hints",
    "content_type",
    "countersignature",
    "encryption_key_preference",
    "message_digest",
    "parse_cms_algorithm_protection",
    "parse_content_hints",
    "parse_content_type",
    "parse_encryption_key_preference",
    "parse_message_digest",
    "parse_signing_certificate",
    "parse_signing_certificate_v2",
    "parse_signing_time",
    "signing_certificate_v2",
    "signing_time",
    "smime_capabilities",
]

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
SMIME_CAPABILITIES = "1.2.840.113549.1.9.15"
CMS_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
_AA = "1.2.840.113549.1.9.16.2"
RECEIPT_REQUEST = f"{_AA}.1"
SECURITY_LABEL = f"{_AA}.2"
ML_EXPANSION_HISTORY = f"{_AA}.3"
CONTENT_HINT = f"{_AA}.4"
MESSAGE_SIGNATURE_DIGEST = f"{_AA}.5"
CONTENT_IDENTIFIER = f"{_AA}.7"
EQUIVALENT_LABELS = f"{_AA}.9"
CONTENT_REFERENCE = f"{_AA}.10"
ENCRYPTION_KEY_PREFERENCE = f"{_AA}.11"
SIGNING_CERTIFICATE = f"{_AA}.12"
TIME_STAMP_TOKEN = f"{_AA}.14"
BINARY_SIGNING_TIME = f"{_AA}.46"
SIGNING_CERTIFICATE_V2 = f"{_AA}.47"

_SHA256 = "2.16.840.1.101.3.4.2.1"
_SHA1 = "1.3.14.3.2.26"


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


# -- builders: each returns one encoded Attribute --


def attribute(oid: str, *values: bytes) -> bytes:
    """Return an Attribute with these encoded values."""
    return writer.sequence(writer.oid(oid), writer.set_of(values))


def content_type(oid: str) -> bytes:
    """Return the contentType attribute (RFC 5652 section 11.1)."""
    return attribute(CONTENT_TYPE, writer.oid(oid))


def message_digest(digest: bytes) -> bytes:
    """Return the messageDigest attribute (RFC 5652 section 11.2)."""
    return attribute(MESSAGE_DIGEST, writer.octet_string(digest))


def signing_time(time: datetime) -> bytes:
    """Return the signingTime attribute (RFC 5652 section 11.3); ValueError if the datetime has no time zone."""
    return attribute(SIGNING_TIME, writer.utc_or_generalized_time(time))


def smime_capabilities(capabilities: Sequence[bytes]) -> bytes:
    """Return the smimeCapabilities attribute (RFC 8551 section 2.5.2) of encoded capabilities in order of preference."""
    return attribute(SMIME_CAPABILITIES, writer.sequence(*capabilities))


def cms_algorithm_protection(
    digest: AlgorithmIdentifier, *, signature: AlgorithmIdentifier | None = None, mac: AlgorithmIdentifier | None = None
) -> bytes:
    """Return the CMSAlgorithmProtection attribute (RFC 6211 section 2), of a signature or of a MAC."""
    if (signature is None) == (mac is None):
        raise ValueError("either a signature or a MAC algorithm")
    protected = writer.retag(signature.raw, 0xA1) if signature is not None else writer.retag(mac.raw, 0xA2)  # type: ignore[union-attr]
    return attribute(CMS_ALGORITHM_PROTECTION, writer.sequence(digest.raw, protected))


def signing_certificate_v2(
    certificate_hash: bytes, *, digest: AlgorithmIdentifier | None = None, issuer_and_serial: IssuerAndSerialNumber | None = None
) -> bytes:
    """Return the signingCertificateV2 attribute (RFC 5035 section 3) that names one certificate.

    Args:
        certificate_hash: over the whole DER certificate.
        digest: the hash algorithm; None: SHA-256, which DER leaves out as the default.
        issuer_and_serial: named too if given.
    """
    algorithm = digest.raw if digest is not None and digest.oid != _SHA256 else b""
    issuer_serial = b""
    if issuer_and_serial is not None:
        names = writer.sequence(writer.explicit(4, issuer_and_serial.issuer_raw))  # GeneralNames of one directoryName
        issuer_serial = writer.sequence(names, writer.integer(issuer_and_serial.serial))
    ess_cert_id = writer.sequence(algorithm, writer.octet_string(certificate_hash), issuer_serial)
    return attribute(SIGNING_CERTIFICATE_V2, writer.sequence(writer.sequence(ess_cert_id)))


def encryption_key_preference(preference: IssuerAndSerialNumber | RecipientKeyIdentifier | SubjectKeyIdentifier) -> bytes:
    """Return the encryptionKeyPreference attribute (RFC 8551 section 2.5.3)."""
    if isinstance(preference, IssuerAndSerialNumber):
        value = writer.retag(preference.encode(), 0xA0)
    elif isinstance(preference, RecipientKeyIdentifier):
        value = preference.encode(tag=0xA1)
    else:
        value = writer.octet_string(preference.value, tag=0x82)
    return attribute(ENCRYPTION_KEY_PREFERENCE, value)


def content_hints(content_type: str, description: str | None = None) -> bytes:
    """Return the contentHints attribute (RFC 2634 section 2.9)."""
    text = writer.utf8_string(description) if description is not None else b""
    return attribute(CONTENT_HINT, writer.sequence(text, writer.oid(content_type)))


def countersignature(*signer_infos: bytes) -> bytes:
    """Return the countersignature attribute (RFC 5652 section 11.4), an unsigned one, of encoded SignerInfos."""
    return attribute(COUNTERSIGNATURE, *signer_infos)


# -- parsers: each takes one value --


def parse_content_type(value: bytes) -> str:
    """Return the content type in dotted form; ParseError if the value is malformed, as all of these raise."""
    return parse(value, layer="cms").expect(0x06).as_oid()


def parse_message_digest(value: bytes) -> bytes:
    """Return the digest."""
    if len(value) > 2 and value[0] == 0x04 and value[1] == len(value) - 2 < 0x80:
        return value[2:]
    return parse(value, layer="cms").expect(0x04).contents


def parse_signing_time(value: bytes) -> datetime:
    """Return the time, which is a mere claim."""
    if len(value) == 15 and value.startswith(b"\x17\x0d"):
        try:
            return parse_time(value[2:], generalized=False)
        except ValueError:
            pass  # the long way says where
    return parse(value, layer="cms").as_time()


class AlgorithmProtection(NamedTuple):
    """CMSAlgorithmProtection; exactly one of signature and mac is not None."""

    digest: AlgorithmIdentifier
    signature: AlgorithmIdentifier | None
    mac: AlgorithmIdentifier | None


def parse_cms_algorithm_protection(value: bytes) -> AlgorithmProtection:
    """Return the algorithms that the attribute states."""
    reader = Reader(parse(value, layer="cms").expect(SEQUENCE))
    digest = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
    signature = reader.optional(0xA1)
    mac = reader.optional(0xA2)
    reader.end()
    if (signature is None) == (mac is None):
        raise ParseError("cms", "CMSAlgorithmProtection has not one of signatureAlgorithm and macAlgorithm", 0)
    return AlgorithmProtection(
        digest,
        AlgorithmIdentifier.from_element(signature) if signature is not None else None,
        AlgorithmIdentifier.from_element(mac) if mac is not None else None,
    )


class ESSCertID(NamedTuple):
    """One certificate that signingCertificate names.

    Attributes:
        digest_algorithm: of `certificate_hash`.
        certificate_hash: over the whole certificate.
        issuer_and_serial: None if it is not stated.
    """

    digest_algorithm: AlgorithmIdentifier
    certificate_hash: bytes
    issuer_and_serial: IssuerAndSerialNumber | None


class SigningCertificate(NamedTuple):
    """signingCertificate, of either version: the first names the signer's certificate, further ones restrict the rest of the path."""

    certificates: tuple[ESSCertID, ...]
    policies: bytes | None


_SHA256_ALGORITHM = AlgorithmIdentifier.build(_SHA256)
_SHA1_ALGORITHM = AlgorithmIdentifier.build(_SHA1)


def parse_signing_certificate(value: bytes) -> SigningCertificate:
    """Return what a signingCertificate attribute (RFC 2634 section 5.4, SHA-1) states."""
    return _parse_signing_certificate(value, _SHA1_ALGORITHM, v2=False)


def parse_signing_certificate_v2(value: bytes) -> SigningCertificate:
    """Return what a signingCertificateV2 attribute (RFC 5035 section 3) states."""
    return _parse_signing_certificate(value, _SHA256_ALGORITHM, v2=True)


def _parse_signing_certificate(value: bytes, default: AlgorithmIdentifier, *, v2: bool) -> SigningCertificate:
    reader = Reader(parse(value, layer="cms").expect(SEQUENCE))
    certificates = []
    for element in reader.sequence_of():
        item = Reader(element.expect(SEQUENCE))
        algorithm = item.optional(SEQUENCE) if v2 else None
        certificate_hash = item.octet_string()
        issuer_serial = item.optional(SEQUENCE)
        item.end()
        certificates.append(
            ESSCertID(
                AlgorithmIdentifier.from_element(algorithm) if algorithm is not None else default,
                certificate_hash,
                _issuer_serial(issuer_serial) if issuer_serial is not None else None,
            )
        )
    policies = reader.optional(SEQUENCE)
    reader.end()
    if not certificates:
        raise ParseError("cms", "signingCertificate names no certificate", 0)
    return SigningCertificate(tuple(certificates), policies.raw if policies is not None else None)


def _issuer_serial(element: Element) -> IssuerAndSerialNumber:
    """Read an IssuerSerial, whose issuer is GeneralNames with exactly one directoryName (RFC 5035 section 5)."""
    reader = Reader(element)
    names = reader.sequence()
    issuer = names.explicit(4).expect(SEQUENCE).raw
    names.end()
    serial = reader.integer()
    reader.end()
    return IssuerAndSerialNumber(issuer, serial)


def parse_encryption_key_preference(value: bytes) -> IssuerAndSerialNumber | RecipientKeyIdentifier | SubjectKeyIdentifier:
    """Return the certificate that the attribute prefers."""
    element = parse(value, layer="cms")
    if element.tag == 0xA0:
        return IssuerAndSerialNumber.from_element(element)
    if element.tag == 0xA1:
        return RecipientKeyIdentifier.from_element(element)
    if element.tag in {0x82, 0xA2}:
        return SubjectKeyIdentifier(element.contents)
    raise element.error(f"{tag_name(element.tag)} is no encryptionKeyPreference")


class ContentHints(NamedTuple):
    """What the innermost content is said to be."""

    content_type: str
    description: str | None


def parse_content_hints(value: bytes) -> ContentHints:
    """Return what a contentHints attribute states."""
    reader = Reader(parse(value, layer="cms").expect(SEQUENCE))
    description = reader.any().as_text() if reader.peek() in {0x0C, 0x2C} else None
    kind = reader.oid()
    reader.end()
    return ContentHints(kind, description)
