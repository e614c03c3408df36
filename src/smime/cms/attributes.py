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

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import SEQUENCE, Reader, parse, tag_name
from smime.asn1.time import parse_time
from smime.cms.identifiers import IssuerAndSerialNumber, RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.errors import ParseError

__all__ = [
    "CMS_ALGORITHM_PROTECTION",
    "CONTENT_TYPE",
    "COUNTERSIGNATURE",
    "ENCRYPTION_KEY_PREFERENCE",
    "MESSAGE_DIGEST",
    "SIGNING_TIME",
    "SMIME_CAPABILITIES",
    "TIME_STAMP_TOKEN",
    "AlgorithmProtection",
    "attribute",
    "cms_algorithm_protection",
    "content_type",
    "countersignature",
    "encryption_key_preference",
    "message_digest",
    "parse_cms_algorithm_protection",
    "parse_content_type",
    "parse_encryption_key_preference",
    "parse_message_digest",
    "parse_signing_time",
    "signing_time",
    "smime_capabilities",
    "AA",
]

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
SMIME_CAPABILITIES = "1.2.840.113549.1.9.15"
CMS_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
AA = "1.2.840.113549.1.9.16.2"
ENCRYPTION_KEY_PREFERENCE = f"{AA}.11"
TIME_STAMP_TOKEN = f"{AA}.14"
BINARY_SIGNING_TIME = f"{AA}.46"


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


def encryption_key_preference(preference: IssuerAndSerialNumber | RecipientKeyIdentifier | SubjectKeyIdentifier) -> bytes:
    """Return the encryptionKeyPreference attribute (RFC 8551 section 2.5.3)."""
    if isinstance(preference, IssuerAndSerialNumber):
        value = writer.retag(preference.encode(), 0xA0)
    elif isinstance(preference, RecipientKeyIdentifier):
        value = preference.encode(tag=0xA1)
    else:
        value = writer.octet_string(preference.value, tag=0x82)
    return attribute(ENCRYPTION_KEY_PREFERENCE, value)


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
