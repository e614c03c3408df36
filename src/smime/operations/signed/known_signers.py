"""A signer whose last message was in order: what need not be looked at again in the next one.

Message after message of a correspondent differs only in digest, signing time and signature value; `smime.cms.family` says so of two
SignedData, octet by octet. All that `smime.operations.signed.signer` finds out about the rest (algorithms, attributes, whose certificate
it is, its key, its path as long as the verdict's window lasts) is then the same, and is remembered here. What is new is checked anew: the
digest of the content, the signature over the attributes, the signing time, and the sender's address.

Only what was found in order is remembered, and whatever is not in order now is left to the long way, which says what is wrong. So this way
knows no findings of its own: those it reports are of the path, and of the comparison of addresses.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from smime.cms.attributes import MESSAGE_DIGEST, SIGNING_TIME, parse_signing_time
from smime.crypto.faults import InvalidSignature
from smime.errors import SMIMEError
from smime.memory import Cache
from smime.pki.sender import match_sender
from smime.report import Standing, Verdict, signer_report, worst

if TYPE_CHECKING:
    from datetime import datetime

    from smime.cms.signed_data import SignedDataTail
    from smime.cms.signer_info import SignerInfo
    from smime.crypto.signatures import Verifier
    from smime.operations.reading.context import Reading
    from smime.operations.signed.content import SignedContent
    from smime.pki.trust import TrustStore
    from smime.pki.verdict import PathVerdict
    from smime.policy import Policy
    from smime.report import SignerReport
    from smime.x509.certificate import Certificate

__all__ = ["KnownSigner", "look_up", "remember"]

_MOST = 1024  # as many families as `smime.cms.family` keeps


class KnownSigner:
    """What holds for each message of a family (`SignedDataTail.family`) under one policy and one trust store.

    Args:
        policy: under which it was found.
        info: of one of the messages.
        certificate: of the signer, and the only candidate.
        verifier: of the signature, with the certificate's key.
        path: the verdict on the certificate, trusted.
        capabilities: as in `SignerReport`.
    """

    __slots__ = ("certificate", "digest", "digest_head", "path", "policy", "shared", "verifier")

    def __init__(
        self,
        policy: Policy,
        info: SignerInfo,
        certificate: Certificate,
        verifier: Verifier,
        path: PathVerdict,
        capabilities: tuple[tuple[str, bytes | None], ...],
    ) -> None:
        self.policy = policy
        self.digest = info.digest_algorithm.name
        self.digest_head = info.signed_attrs.merged()[MESSAGE_DIGEST][0][:2] if info.signed_attrs is not None else b""
        self.certificate = certificate
        self.verifier = verifier
        self.path = path
        self.shared = {
            "sid": str(info.sid),
            "certificate": certificate.x509,
            "certificate_summary": certificate.summary,
            "digest_algorithm": self.digest,
            "signature_algorithm": info.signature_algorithm.name,
            "digest_matches": True,
            "signature_valid": True,
            "path": path.x509_path,
            "trusted": True,
            "revocation": path.revocation,
            "unchecked": path.unchecked,
            "capabilities": capabilities,
            "countersigners": (),
            "timestamps": (),
        }

    def report(self, reading: Reading, info: SignerInfo, content: SignedContent) -> SignerReport | None:
        """Return the report on the signer of another message of the family; None: not all is in order, or not for sure."""
        sender = reading.sender
        forms = content.forms
        signed = info.signed_attrs
        if sender is None or sender.given or sender.repeated or not self.policy.check_sender or len(forms) != 1 or signed is None:
            return None
        values = signed.merged()
        try:
            digest = content.digest(self.digest, forms[0])
            if digest is None or values[MESSAGE_DIGEST][0] != self.digest_head + digest:
                return None
            time = parse_signing_time(values[SIGNING_TIME][0])
            standing = self._standing(reading, time)
            if standing is None:
                return None
            self.verifier.verify(info.signature, signed.raw_as_set())
        except (SMIMEError, InvalidSignature):
            return None
        matches, noticed = match_sender(sender.from_fields, sender.sender_fields, self.certificate)
        findings = self.path.findings + noticed if noticed else self.path.findings
        return signer_report(
            self.shared,
            address_matches=matches,
            signing_time=time,
            verdict=worst(findings) if findings else Verdict.VALID,
            findings=findings,
            attributes=MappingProxyType(values),
            standing=standing,
        )

    def _standing(self, reading: Reading, claimed: datetime) -> tuple[Standing, ...] | None:
        """Say how the certificate stands at the times looked at; None if the verdict is about other times, or the claimed one is amiss."""
        path, at, now = self.path, reading.at, reading.now
        start, end = path.valid_from, path.valid_until
        if not start <= claimed <= at <= end or not self.certificate.not_before <= claimed <= self.certificate.not_after:
            return None
        if now is None:
            return Standing("at", at, trusted=True), Standing("claimed", claimed, trusted=True)
        if not start <= now <= end:
            return None
        return Standing("at", at, trusted=True), Standing("now", now, trusted=True), Standing("claimed", claimed, trusted=True)


def _store(trust: TrustStore) -> Cache[tuple[object, int], KnownSigner]:
    """Return where the signers are that were verified with a trust store."""
    found: Any = trust.scratch("known signers", lambda: Cache(_MOST))
    return found  # type: ignore[no-any-return] # what is kept there is its owner's business


def look_up(reading: Reading, tail: SignedDataTail) -> KnownSigner | None:
    """Return what is known of the one signer of a SignedData, if one of its family was in order."""
    family, trust = tail.family, reading.trust
    if family is None or trust is None:
        return None
    known = _store(trust).get((family, id(reading.policy)))
    return known if known is not None and known.policy is reading.policy else None


def remember(reading: Reading, tail: SignedDataTail, known: KnownSigner) -> None:
    """Keep what was found out about the one signer of a SignedData, for others of its family."""
    family, trust = tail.family, reading.trust
    # what a store may fetch can change what it says, and findings that name the time looked at are about that time
    if family is None or trust is None or not trust.offline or any("at" in found.data for found in known.path.findings):
        return
    _store(trust).put((family, id(known.policy)), known)
