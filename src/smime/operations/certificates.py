"""Certificates-only messages (RFC 8551 section 3.8): a SignedData that nobody signs, to hand certificates and CRLs on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from smime.cms.signed_data import build_signed_data
from smime.operations.writing.armor import Encoding, armor, check_encoding
from smime.pki.store import crl_octets
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["certificates_only"]


def certificates_only(
    certificates: Iterable[x509.Certificate | Certificate | bytes],
    crls: Iterable[x509.CertificateRevocationList | bytes] = (),
    *,
    encoding: Encoding = "smime",
) -> bytes:
    """Make a certificates-only message. Nothing in it is protected: who reads it decides by other means what to trust.

    Args:
        certificates: objects of `cryptography`, or DER; at least one, or a CRL.
        crls: objects of `cryptography`, or DER.
        encoding: ``"smime"`` (an application/pkcs7-mime entity), ``"der"`` or ``"pem"``.

    Raises:
        ParseError: something is no certificate.
        ValueError: there is nothing to hand on.
    """
    check_encoding(encoding)
    ders = [Certificate.of_any(certificate).der for certificate in certificates]
    lists = [crl_octets(crl) for crl in crls]
    if not ders and not lists:
        raise ValueError("there is nothing to hand on")
    data = build_signed_data(digest_algorithms=(), content=None, signer_infos=(), certificates=ders, crls=lists)
    writer = armor(encoding)
    return writer.head(b"", "certs-only") + writer.update(data) + writer.finalize()
