"""Asking a store about a certificate, with the certificates and revocation information of its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from smime.cms.signed_data import SignedDataTail
    from smime.pki.trust import TrustStore
    from smime.pki.verdict import PathVerdict
    from smime.policy import Policy
    from smime.x509.certificate import Certificate

__all__ = ["path_at"]


def path_at(
    certificate: Certificate, trust: TrustStore, tail: SignedDataTail, at: datetime, policy: Policy, *, fetch: bool = False
) -> PathVerdict:
    """Return the verdict on a certificate at a time, with what its message brings along."""
    return trust.validate(
        certificate,
        extra=tail.certificates,
        crls=tail.crls,
        ocsps=[value for oid, value in tail.other_revocation_infos if oid == _OCSP_RESPONSE],
        at=at,
        policy=policy,
        fetch=fetch,
    )


_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"  # id-ri-ocsp-response (RFC 5940)
