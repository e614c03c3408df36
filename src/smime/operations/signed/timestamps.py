"""Verifying signature timestamps (RFC 3161, RFC 5816): a third party's word that a signature existed at a time.

The attribute is unsigned; its protection is the signature of the time-stamping authority in it, over a digest of the signature value of the
SignerInfo. An authority counts only if a store of its own kind trusts it: nothing that a mail's signer is trusted for makes him a clock.
It is judged at the time that it states, since timestamps outlive certificates; but one that was revoked by the time looked at, whenever
that was, may have had its key stolen, and could have stated any time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from smime.algorithms import Level
from smime.cms import attributes as attrs
from smime.cms import ess
from smime.cms.content_info import TST_INFO
from smime.cms.reader import Content, SignedDataHead, SignedDataTail, read
from smime.cms.tst_info import TSTInfo
from smime.crypto import digests
from smime.errors import ParseError, SMIMEError, UnsupportedError
from smime.findings import Effect, Finding, finding
from smime.operations.reading.context import Reading
from smime.operations.signed.content import SignedContent
from smime.operations.signed.paths import path_at
from smime.operations.signed.signer import report_of
from smime.report import TimestampReport, Verdict
from smime.x509.certificate import Certificate
from smime.x509.extensions import EXTENDED_KEY_USAGE

if TYPE_CHECKING:
    from smime.cms.signer_info import SignerInfo
    from smime.policy import Policy
    from smime.report import SignerReport

__all__ = ["timestamp_reports"]

TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_MOST = 8  # tokens looked at for one signature


@lru_cache(maxsize=16)
def _policy_for_authorities(policy: Policy) -> Policy:
    return policy.replace(check_sender=False, extended_key_usage=frozenset({TIME_STAMPING}))


def timestamp_reports(reading: Reading, info: SignerInfo) -> tuple[TimestampReport, ...]:
    """Return a report for each time-stamp token over this signature."""
    unsigned = info.unsigned_attrs
    values = unsigned.values(attrs.TIME_STAMP_TOKEN) if unsigned is not None else ()
    return tuple(_report(reading, info, value) for value in values[:_MOST])


def _report(reading: Reading, info: SignerInfo, token: bytes) -> TimestampReport:
    try:
        return _checked(reading, info, token)
    except SMIMEError as error:
        return TimestampReport(None, trusted=False, authority=None, findings=(finding("timestamp-malformed", reason=str(error)),))


def _checked(reading: Reading, info: SignerInfo, token: bytes) -> TimestampReport:
    head: SignedDataHead | None = None
    tail: SignedDataTail | None = None
    octets = b""
    for event in read(token, reading.limits):
        if isinstance(event, SignedDataHead):
            head = event
        elif isinstance(event, SignedDataTail):
            tail = event
        elif isinstance(event, Content):
            octets += bytes(event.data)
    if head is None or tail is None or head.content_type != TST_INFO or not head.has_content:
        raise ParseError("cms", "a time-stamp token is a SignedData of TSTInfo, and this is none")
    stated = TSTInfo.from_octets(octets, limits=reading.limits)
    findings: list[Finding] = []
    # 1. the imprint is that of this signature (RFC 3161 section 2.4.2)
    digest = stated.digest_algorithm.name
    accepted = reading.policy.algorithms.level(digest) is not Level.FORBIDDEN
    try:
        digests.name_of(stated.digest_algorithm)
    except UnsupportedError:
        accepted = False
    if not accepted:
        findings.append(finding("timestamp-untrusted", reason=f"its digest is {digest}"))
    elif digests.digest(digest, info.signature) != stated.imprint:
        findings.append(finding("timestamp-mismatch"))
    # 2. one signer, whose certificate is bound to the signature (section 2.4.2), is for timestamps alone (section 2.3), and is trusted
    content = SignedContent([algorithm.name for algorithm in head.digest_algorithms], text=False, reread=lambda: iter((octets,)))
    content.update(octets)
    authorities = Reading(_policy_for_authorities(reading.policy), trust=reading.tsa, at=stated.time)
    authorities.bare = True
    report = report_of(
        authorities,
        content=content,
        content_type=TST_INFO,
        tail=tail,
        detached=False,
        listed_digests=[algorithm.name for algorithm in head.digest_algorithms],
    )
    signer: SignerReport | None = report.signers[0] if len(report.signers) == 1 else None
    if signer is None:
        findings.append(finding("timestamp-untrusted", reason=f"it has {len(report.signers)} signers"))
    else:
        if not _is_authority(signer):
            findings.append(finding("timestamp-untrusted", reason="its certificate is not for timestamps alone"))
        if ess.SIGNING_CERTIFICATE not in signer.attributes and ess.SIGNING_CERTIFICATE_V2 not in signer.attributes:
            findings.append(finding("timestamp-untrusted", reason="it does not say which certificate it is signed with"))
        if reading.tsa is None:
            findings.append(finding("timestamp-unchecked", time=stated.time.isoformat()))
        elif report.verdict is not Verdict.VALID:
            findings.append(finding("timestamp-untrusted", reason=report.summary()))
        elif stated.time > reading.at:
            findings.append(finding("timestamp-untrusted", reason=f"it is of {stated.time.isoformat()}, after the time looked at"))
        else:
            revoked = _revoked_since(reading, authorities.policy, signer, tail)
            if revoked is not None:
                findings.append(finding("timestamp-untrusted", reason=revoked.message))
    return TimestampReport(
        stated.time,
        trusted=not findings,
        authority=signer.certificate_summary if signer is not None else None,
        findings=tuple(findings),
    )


def _revoked_since(reading: Reading, policy: Policy, signer: SignerReport, tail: SignedDataTail) -> Finding | None:
    """Return the finding if an authority that was good at the time it stated was revoked by the time looked at."""
    assert reading.tsa is not None  # noqa: S101 - the caller looked
    assert signer.certificate is not None  # noqa: S101 - the verdict is VALID
    certificate = Certificate.of_any(signer.certificate)
    now = path_at(certificate, reading.tsa, tail, reading.at, policy)
    return next((found for found in now.findings if found.effect is Effect.INVALID), None)


def _is_authority(signer: SignerReport) -> bool:
    """Whether the certificate has the one extended key usage timeStamping, marked critical (RFC 3161 section 2.3)."""
    if signer.certificate is None:
        return False
    certificate = Certificate.of_any(signer.certificate)
    extension = certificate.extensions.get(EXTENDED_KEY_USAGE)
    return extension is not None and extension[0] and certificate.extended_key_usage == (TIME_STAMPING,)
