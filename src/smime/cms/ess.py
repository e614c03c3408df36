"""Attributes of Enhanced Security Services (RFC 2634, RFC 5035)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import SEQUENCE, Reader, parse
from smime.cms.attributes import AA, attribute
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.errors import ParseError

if TYPE_CHECKING:
    from smime.asn1.der import Element

__all__ = [
    "CONTENT_HINT",
    "ML_EXPANSION_HISTORY",
    "RECEIPT_REQUEST",
    "SECURITY_LABEL",
    "SIGNING_CERTIFICATE",
    "SIGNING_CERTIFICATE_V2",
    "ContentHints",
    "ESSCertID",
    "SigningCertificate",
    "content_hints",
    "parse_content_hints",
    "parse_signing_certificate",
    "parse_signing_certificate_v2",
    "signing_certificate_v2",
]

RECEIPT_REQUEST = f"{AA}.1"
SECURITY_LABEL = f"{AA}.2"
ML_EXPANSION_HISTORY = f"{AA}.3"
CONTENT_HINT = f"{AA}.4"
MESSAGE_SIGNATURE_DIGEST = f"{AA}.5"
CONTENT_IDENTIFIER = f"{AA}.7"
EQUIVALENT_LABELS = f"{AA}.9"
CONTENT_REFERENCE = f"{AA}.10"
SIGNING_CERTIFICATE = f"{AA}.12"
SIGNING_CERTIFICATE_V2 = f"{AA}.47"

_SHA256 = "2.16.840.1.101.3.4.2.1"
_SHA1 = "1.3.14.3.2.26"


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


def content_hints(content_type: str, description: str | None = None) -> bytes:
    """Return the contentHints attribute (RFC 2634 section 2.9)."""
    text = writer.utf8_string(description) if description is not None else b""
    return attribute(CONTENT_HINT, writer.sequence(text, writer.oid(content_type)))


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
