"""Whether a certificate's signature was made by an issuer's key (RFC 5280 section 6.1.3, step a 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.errors import LimitExceeded, SMIMEError, UnsupportedError
from smime.memory import Cache

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.x509.certificate import Certificate

__all__ = ["is_signed_by", "may_anchor_issue", "verify_signature"]

_signatures: Cache[tuple[bytes, bytes], bool | str] = Cache(8192)


def is_signed_by(certificate: Certificate, issuer: Certificate) -> bool | str:
    """Return whether the issuer's key made the certificate's signature, or why that cannot be said.

    The answer does not depend on time or policy and is remembered.
    """
    key = (certificate.der, issuer.spki)
    known = _signatures.get(key)
    if known is None:
        known = _verify(certificate, issuer)
        _signatures.put(key, known)
    return known


def _verify(certificate: Certificate, issuer: Certificate) -> bool | str:
    try:
        algorithm = certificate.signature_algorithm
    except SMIMEError as error:
        return f"the signature of {certificate.subject} cannot be read: {error}"
    answer = verify_signature(issuer, algorithm, certificate.signature, certificate.tbs)
    return f"the signature of {certificate.subject} cannot be checked: {answer}" if isinstance(answer, str) else answer


def verify_signature(issuer: Certificate, algorithm: AlgorithmIdentifier, signature: bytes, data: bytes) -> bool | str:
    """Return whether an authority's key made a signature on a certificate or a list, or why that cannot be said."""
    from smime.crypto import signatures  # noqa: PLC0415 - heavy
    from smime.crypto.faults import InvalidSignature, KeyUnsuitable  # noqa: PLC0415

    try:
        key = issuer.public_key
    except LimitExceeded as error:
        return f"the key of {issuer.subject} is too big: {error}"
    except SMIMEError as error:
        return f"the key of {issuer.subject} cannot be read: {error}"
    try:
        digest = signatures.digest_of(algorithm)
        signatures.verify(key, algorithm, digest or "sha512", signature, data, key_algorithm=issuer.key_algorithm)
    except UnsupportedError as error:
        return str(error)
    except (InvalidSignature, KeyUnsuitable, SMIMEError):
        return False
    return True


def may_anchor_issue(anchor: Certificate) -> bool:
    """Whether an anchor may stand at the head of a longer path.

    Version 1 certificates have no extensions to say so and may; version 3 ones say so with basic constraints and key usage, or may not.
    """
    return anchor.is_ca if anchor.version == 3 else True
