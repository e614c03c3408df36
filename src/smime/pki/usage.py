"""What a signer's certificate must say of itself (RFC 8550 section 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smime.errors import ParseError
from smime.findings import Finding, finding
from smime.pki.certificate import Certificate
from smime.policy import Policy

__all__ = ["issuer_findings", "signer_findings"]

_SIGNING = frozenset({"digitalSignature", "nonRepudiation"})
_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}


def signer_findings(certificate: Certificate, policy: Policy) -> list[Finding]:
    """Return what speaks against a certificate as one that signs mail.

    A key usage extension must have digitalSignature or nonRepudiation (RFC 8550 section 4.4.2); without one both are presumed. An extended
    key usage extension must have a purpose that the policy asks for (section 4.4.4).
    """
    found: list[Finding] = []
    try:
        usage = certificate.key_usage
        if usage is not None and not usage & _SIGNING:
            found.append(finding("key-usage", usage=", ".join(sorted(usage)) or "none"))
        wanted = policy.extended_key_usage
        purposes = certificate.extended_key_usage if wanted is not None else None
        if purposes is not None and wanted is not None and wanted.isdisjoint(purposes):
            found.append(finding("extended-key-usage", usage=_names(purposes)))
        if certificate.extensions_fault is not None:
            raise ParseError("x509", certificate.extensions_fault)
    except ParseError as error:
        found.append(finding("malformed-certificate", reason=error.reason))
    found.extend(finding("certificate-address-malformed", reason=fault) for fault in certificate.address_faults[:4])
    return found


def _names(purposes: Iterable[str]) -> str:
    return ", ".join(_PURPOSES.get(oid, oid) for oid in purposes) or "none"


def issuer_findings(path: Sequence[Certificate], policy: Policy) -> list[Finding]:
    """Return what speaks against the authorities of a path as ones that certify for mail.

    RFC 5280 leaves extended key usage of authorities open; elsewhere, and in the rules that public roots live by, an authority that is
    confined to other purposes does not certify for mail.
    """
    wanted = policy.extended_key_usage
    found: list[Finding] = []
    if wanted is None:
        return found
    for authority in path[1:]:
        try:
            purposes = authority.extended_key_usage
        except ParseError as error:
            found.append(finding("malformed-certificate", reason=error.reason))
            continue
        if purposes is not None and wanted.isdisjoint(purposes):
            found.append(finding("path-invalid", reason=f"{authority.subject} may certify for {_names(purposes)} only"))
    return found
