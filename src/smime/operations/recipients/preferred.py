"""The certificate that a signer wants to be encrypted to (RFC 8551 section 2.5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime import policies
from smime.cms import attributes as attrs
from smime.cms.identifiers import RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.errors import ParseError, SMIMEError
from smime.findings import Effect
from smime.x509.certificate import Certificate
from smime.x509.issued import is_signed_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from smime.pki.trust import TrustStore
    from smime.report import SignerReport

__all__ = ["preferred_certificate"]


def preferred_certificate(
    report: SignerReport, own: Certificate, certificates: Sequence[bytes], trust: TrustStore | None, at: datetime
) -> Certificate | None:
    """Return the certificate that encryptionKeyPreference names, if it is for the signer's addresses and an authority vouches for it."""
    values = report.attributes.get(attrs.ENCRYPTION_KEY_PREFERENCE, ())
    if len(values) != 1:
        return None
    try:
        preference = attrs.parse_encryption_key_preference(values[0])
    except ParseError:
        return None
    if isinstance(preference, RecipientKeyIdentifier):
        preference = SubjectKeyIdentifier(preference.subject_key_identifier)
    if own.matches(preference):
        return own
    addresses = frozenset(report.addresses)
    for der in certificates:
        try:
            certificate = Certificate.of(der)
            theirs = frozenset(map(str, certificate.addresses))
            if (
                certificate.matches(preference)
                and theirs
                and theirs <= addresses
                and _vouched(certificate, report, certificates, trust, at)
            ):
                return certificate
        except SMIMEError:
            continue
    return None


def _vouched(certificate: Certificate, report: SignerReport, certificates: Sequence[bytes], trust: TrustStore | None, at: datetime) -> bool:
    """Whether an authority vouches for a certificate that nobody has signed with."""
    if trust is None:
        if len(report.path) < 2 or not certificate.not_before <= at <= certificate.not_after:
            return False
        issuer = Certificate.of_any(report.path[1])
        return certificate.issued_by_name(issuer.subject_raw) and is_signed_by(certificate, issuer) is True
    verdict = trust.validate(certificate, extra=certificates, at=at, policy=policies.RFC8551)
    # that it may not sign is as it should be; what it may do is looked at when it becomes a recipient
    return all(found.code == "key-usage" for found in verdict.findings if found.effect is not Effect.NONE)
