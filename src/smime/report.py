"""Verdicts and reports: what was found out about a message, frozen, with `to_dict()` for machines.

`intact` (the digest matches), `valid` (the signature is the key's) and `trusted` (a chain leads to an anchor) are separate facts, as they
are separate questions; `verdict` is their sum in the sense of ETSI EN 319 102-1. A report has no truth value, because "is there a report"
and "is the message good" must not be confused.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from smime.findings import Effect, Finding

if TYPE_CHECKING:
    from cryptography import x509

    from smime.x509.summary import CertificateSummary

__all__ = [
    "AuthenticationReport",
    "CompressionReport",
    "DecryptionReport",
    "LayerReport",
    "Revocation",
    "SignerReport",
    "Standing",
    "TimestampReport",
    "Unchecked",
    "Verdict",
    "VerificationReport",
    "signer_report",
    "worst",
]


class Verdict(enum.Enum):
    """The result of a verification (ETSI EN 319 102-1 section 5.1.3: TOTAL-PASSED, TOTAL-FAILED, INDETERMINATE)."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"


class Revocation(enum.Enum):
    """What is known about revocation of the signer's chain."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not-checked"


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict that the findings leave: VALID if none speaks against it."""
    verdict = Verdict.VALID
    for found in findings:
        effect = found.effect
        if effect is Effect.INVALID:
            return Verdict.INVALID
        if effect is Effect.INDETERMINATE:
            verdict = Verdict.INDETERMINATE
    return verdict


_NO_ATTRIBUTES: Mapping[str, tuple[bytes, ...]] = MappingProxyType({})


class _NoTruth:
    """A mixin: truth of a report is a mistake, so it raises."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} has no truth value; look at .verdict")


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A check that was not made, and why.

    Attributes:
        what: ``"revocation"``, ``"address"``, ``"path"``, ``"signature"``, …
        why: a short reason.
    """

    what: str
    why: str

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON-able data."""
        return {"what": self.what, "why": self.why}


def _subject(certificate: x509.Certificate) -> str:
    """Return the name of a certificate, which `cryptography` reads only now."""
    try:
        return certificate.subject.rfc4514_string()
    except Exception as error:  # noqa: BLE001 - ValueError, TypeError, …: what may be raised is not a closed set
        return f"unreadable ({error})"


@dataclass(frozen=True, slots=True)
class TimestampReport(_NoTruth):
    """What is known about one time-stamp token over a signature (RFC 3161).

    Attributes:
        time: what the token says, aware, in UTC; None if it cannot be read.
        trusted: the token is of this signature, and its authority is trusted for timestamps.
        authority: the certificate of who made it; None if there is none.
        findings: what speaks against it.
    """

    time: datetime | None
    trusted: bool
    authority: CertificateSummary | None
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "time": None if self.time is None else self.time.isoformat(),
            "trusted": self.trusted,
            "authority": None if self.authority is None else self.authority.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """How the signer's certificate stands at one point in time. Facts beside the verdict, which rests on one of them.

    Attributes:
        basis: ``"at"`` (the time looked at), ``"now"``, ``"claimed"`` (signingTime) or ``"timestamp"``.
        time: aware.
        trusted: a path leads to an anchor and holds then.
        findings: codes of what spoke against it.
    """

    basis: str
    time: datetime
    trusted: bool
    findings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {"basis": self.basis, "time": self.time.isoformat(), "trusted": self.trusted, "findings": list(self.findings)}


@dataclass(frozen=True)
class SignerReport(_NoTruth):
    """What is known about one SignerInfo (RFC 5652 section 5.3).

    Attributes:
        sid: the signer identifier as text: issuer and serial number, or subject key identifier.
        certificate: the certificate whose key made the signature, or None if there is none.
        certificate_summary: the same as JSON-able values.
        digest_algorithm: such as ``"sha256"``, or a dotted OID if unknown.
        signature_algorithm: such as ``"ecdsa-with-sha256"``, or a dotted OID if unknown.
        digest_matches: the content is what was signed; None if that could not be computed.
        signature_valid: the key of `certificate` made the signature; None if that was not checked.
        path: certificates from the signer's to the trust anchor, empty if none was found.
        trusted: `path` ends in an anchor and holds at the time looked at, for the use that the policy asks for.
        revocation: what is known of revocation along the path.
        address_matches: the sender's address is in the certificate; None if not compared.
        signing_time: what the signer claims; nobody vouches for it.
        verdict: the sum.
        findings: what was noticed, in the order of the checks.
        unchecked: checks that were not made, and why.
        capabilities: smimeCapabilities of the signer as (OID, parameters in DER or None) in the order of preference.
        attributes: signed attributes, OID to the DER of its values.
        countersigners: reports of the countersignatures.
        timestamps: reports of the time-stamp tokens over this signature.
        standing: how the certificate stands at the time looked at, now, at the claimed time, and at the time of a trusted timestamp.
    """

    sid: str
    certificate: x509.Certificate | None
    certificate_summary: CertificateSummary | None
    digest_algorithm: str
    signature_algorithm: str
    digest_matches: bool | None
    signature_valid: bool | None
    path: tuple[x509.Certificate, ...]
    trusted: bool
    revocation: Revocation
    address_matches: bool | None
    signing_time: datetime | None
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    capabilities: tuple[tuple[str, bytes | None], ...] = ()
    attributes: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}))
    countersigners: tuple[SignerReport, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    standing: tuple[Standing, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The mail addresses in the signer's certificate."""
        return self.certificate_summary.addresses if self.certificate_summary is not None else ()

    @property
    def capability_names(self) -> tuple[str, ...]:
        """What the signer announces, by name as in `smime.cms.capabilities`, or by dotted OID, in the order of preference."""
        from smime.cms.capabilities import name_of  # noqa: PLC0415 - seldom asked for

        return tuple(name_of(oid, parameters) for oid, parameters in self.capabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "sid": self.sid,
            "certificate": None if self.certificate_summary is None else self.certificate_summary.to_dict(),
            "digest_algorithm": self.digest_algorithm,
            "signature_algorithm": self.signature_algorithm,
            "digest_matches": self.digest_matches,
            "signature_valid": self.signature_valid,
            "path": [_subject(certificate) for certificate in self.path],
            "trusted": self.trusted,
            "revocation": self.revocation.value,
            "address_matches": self.address_matches,
            "signing_time": None if self.signing_time is None else self.signing_time.isoformat(),
            "verdict": self.verdict.value,
            "findings": [finding.to_dict() for finding in self.findings],
            "unchecked": [unchecked.to_dict() for unchecked in self.unchecked],
            "countersigners": [signer.to_dict() for signer in self.countersigners],
            "timestamps": [timestamp.to_dict() for timestamp in self.timestamps],
            "standing": [standing.to_dict() for standing in self.standing],
        }


def signer_report(shared: Mapping[str, Any], **own: Any) -> SignerReport:
    """Return a report on a signer with all its fields given: most are shared with other reports, and are not set one after the other."""
    made = object.__new__(SignerReport)
    fields = made.__dict__
    fields.update(shared)
    fields.update(own)
    return made


@dataclass(frozen=True, slots=True)
class VerificationReport(_NoTruth):
    """What is known about a signed message.

    Attributes:
        verdict: VALID only if every signer is VALID and nothing about the message speaks against it.
        signers: one report a SignerInfo, in the message's order.
        findings: what was noticed about the message rather than about one signer.
        content_type: the eContentType, a dotted OID.
        detached: the content stood outside the SignedData.
        at: the time looked at.
        certificates: all certificates of the message, DER, as received.
        crls: all CRLs of the message, DER, as received.
    """

    verdict: Verdict
    signers: tuple[SignerReport, ...]
    findings: tuple[Finding, ...] = ()
    content_type: str = "1.2.840.113549.1.7.1"
    detached: bool = False
    at: datetime | None = None
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def all_findings(self) -> tuple[Finding, ...]:
        """Return the findings about the message, then those about each signer."""
        return self.findings + tuple(f for signer in self.signers for f in signer.findings)

    def summary(self) -> str:
        """Return one line: the verdict and what decided it."""
        reasons = [f for f in self.all_findings() if f.effect is not Effect.NONE]
        reasons.sort(key=lambda f: -f.effect.value)
        if self.verdict is Verdict.VALID:
            who = ", ".join(", ".join(signer.addresses) or signer.sid for signer in self.signers)
            return f"valid, signed by {who}"
        why = reasons[0].message if reasons else "no signer"
        return f"{self.verdict.value}: {why}"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "verdict": self.verdict.value,
            "signers": [signer.to_dict() for signer in self.signers],
            "findings": [finding.to_dict() for finding in self.findings],
            "content_type": self.content_type,
            "detached": self.detached,
            "at": None if self.at is None else self.at.isoformat(),
            "certificates": len(self.certificates),
            "crls": len(self.crls),
        }


@dataclass(frozen=True, slots=True)
class DecryptionReport(_NoTruth):
    """What is known about an encrypted message.

    Attributes:
        decrypted: a key was found and opened it.
        authenticated: the encryption notices changes (AEAD); False means that anybody may have changed the text.
        content_encryption_algorithm: such as ``"aes-256-gcm"``, or a dotted OID if unknown.
        key_encryption_algorithm: of the RecipientInfo used, such as ``"rsaes-oaep-sha256"``; None if none was.
        recipients: the recipients that the message names, as text.
        recipient: index into `recipients` of the one used; None if none was.
        findings: what was noticed.
        content_type: of what is encrypted, a dotted OID.
        authenticated_attributes: what the sender sent along for anybody to read and nobody to change, OID to the DER of its values; empty
            unless `decrypted`.
        unprotected_attributes: what anybody may have put there, likewise.
        originator_certificates: certificates that come with the message, DER; anybody may have put them there.
    """

    decrypted: bool
    authenticated: bool
    content_encryption_algorithm: str
    key_encryption_algorithm: str | None
    recipients: tuple[str, ...]
    recipient: int | None
    findings: tuple[Finding, ...] = ()
    content_type: str = "1.2.840.113549.1.7.1"
    authenticated_attributes: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: _NO_ATTRIBUTES)
    unprotected_attributes: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: _NO_ATTRIBUTES)
    originator_certificates: tuple[bytes, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "decrypted": self.decrypted,
            "authenticated": self.authenticated,
            "content_encryption_algorithm": self.content_encryption_algorithm,
            "key_encryption_algorithm": self.key_encryption_algorithm,
            "recipients": list(self.recipients),
            "recipient": self.recipient,
            "findings": [finding.to_dict() for finding in self.findings],
            "content_type": self.content_type,
            "authenticated_attributes": list(self.authenticated_attributes),
            "unprotected_attributes": list(self.unprotected_attributes),
            "originator_certificates": len(self.originator_certificates),
        }


@dataclass(frozen=True, slots=True)
class CompressionReport(_NoTruth):
    """What is known about a layer that neither signs nor encrypts: compressed, digested, or certificates only.

    Attributes:
        algorithm: such as ``"zlib"`` or ``"sha256"``; None for certificates.
        intact: a DigestedData's digest matches; None where there is none.
        findings: what was noticed.
    """

    algorithm: str | None
    intact: bool | None = None
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {"algorithm": self.algorithm, "intact": self.intact, "findings": [finding.to_dict() for finding in self.findings]}


@dataclass(frozen=True, slots=True)
class AuthenticationReport(_NoTruth):
    """What is known about an AuthenticatedData.

    Attributes:
        intact: the MAC is right: somebody wrote the content who has the key, as all recipients do; None if it was not checked.
        mac_algorithm: such as ``"hmac-sha256"``, or a dotted OID if unknown.
        key_encryption_algorithm: of the RecipientInfo used; None if none was.
        recipients: the recipients that the message names, as text.
        recipient: index into `recipients` of the one used; None if none was.
        findings: what was noticed.
    """

    intact: bool | None
    mac_algorithm: str
    key_encryption_algorithm: str | None
    recipients: tuple[str, ...]
    recipient: int | None
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "intact": self.intact,
            "mac_algorithm": self.mac_algorithm,
            "key_encryption_algorithm": self.key_encryption_algorithm,
            "recipients": list(self.recipients),
            "recipient": self.recipient,
            "findings": [finding.to_dict() for finding in self.findings],
        }


LayerReport = AuthenticationReport | VerificationReport | DecryptionReport | CompressionReport
