"""What a signer's certificate must say of itself (RFC 8550 section 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smime.asn1 import tlv
from smime.errors import ParseError
from smime.findings import Finding, finding
from smime.policy import Policy
from smime.x509.certificate import Certificate
from smime.x509.extensions import CERTIFICATE_POLICIES

__all__ = ["POLICIES", "authority_fault", "count_policies", "issuer_findings", "signer_findings", "unknown_critical"]

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


def unknown_critical(certificate: Certificate) -> str | None:
    """Return the OID of a critical extension that no engine knows (RFC 5280 section 4.2), or None."""
    return next((oid for oid, (critical, _) in certificate.extensions.items() if critical and oid not in _KNOWN), None)


def authority_fault(path: Sequence[Certificate]) -> str | None:
    """Return why a path cannot be valid, by what its authorities say of themselves (RFC 5280 sections 4.2 and 6.1.4); None: perhaps it is.

    Critical extensions that nobody knows, authorities of version 3 that are none, and paths longer than one of them allows.
    """
    below = 0  # authorities between this one and the end entity that do not just certify themselves
    for index, certificate in enumerate(path):
        if index < len(path) - 1:
            unknown = unknown_critical(certificate)
            if unknown is not None:
                return f"{certificate.subject} has a critical extension of unknown meaning: {unknown}"
        if index == 0:
            continue
        if certificate.version >= 3 and index < len(path) - 1 and not certificate.is_ca:
            return f"{certificate.subject} may not issue certificates"
        try:
            stated = certificate.basic_constraints
        except ParseError as error:
            return f"{certificate.subject}: {error.reason}"
        if stated is not None and stated[1] is not None and below > stated[1]:
            return f"{certificate.subject} allows {stated[1]} authorities below it, and there are {below}"
        if not certificate.self_issued:
            below += 1
    return None


_POLICY_MAPPINGS = "2.5.29.33"
POLICIES = 128  # certificate policies and mappings of all certificates of a path: more are not evaluated


def count_policies(path: Sequence[Certificate], most: int) -> int:
    """Return how many certificate policies and mappings there are, or a number above `most`. What cannot be read is judged elsewhere."""
    count = 0
    for certificate in path:
        for oid in (CERTIFICATE_POLICIES, _POLICY_MAPPINGS):
            extension = certificate.extensions.get(oid)
            if extension is not None:
                value = extension[1]
                try:
                    count += len(tlv.children(value, *tlv.element(value, 0, len(value))[1:], most - count))
                except tlv.TooManyElementsError:
                    return most + 1
                except ParseError:
                    continue
    return count


# those that pyhanko-certvalidator knows
_KNOWN = frozenset(
    {
        *(f"2.5.29.{arc}" for arc in (14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 46, 54)),
        "1.3.6.1.5.5.7.1.1",  # authorityInfoAccess
        "1.3.6.1.5.5.7.1.3",  # qcStatements
        "1.3.6.1.5.5.7.1.6",  # aaControls
        "1.3.6.1.5.5.7.48.1.5",  # id-pkix-ocsp-nocheck
    }
)
