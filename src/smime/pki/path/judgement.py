"""What engines do not look at in a path: times, strength, names, encoding (RFC 5280 section 4, RFC 8550 section 4)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from smime.algorithms import Level, name_of
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.findings import Effect, finding
from smime.pki.path import constraints
from smime.pki.path.usage import authority_fault, issuer_findings
from smime.pki.verdict import Outcome
from smime.report import Revocation
from smime.x509.extensions import NAME_CONSTRAINTS, SUBJECT_ALT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.findings import Finding
    from smime.pki.case import Case
    from smime.pki.revocation.selection import RevocationPile
    from smime.policy import Policy
    from smime.x509.certificate import Certificate

__all__ = ["encoding_of", "judge", "plainly_bad", "signed_with", "times"]

_NO_NAME = b"\x30\x00"


def plainly_bad(path: tuple[Certificate, ...], case: Case, pile: RevocationPile) -> Outcome | None:
    """Return the outcome if a path is bad for reasons that need no engine; None if it has to be validated."""
    if len(path) == 1:
        return None
    if not constraints.are_few(path, case.policy.limits):
        return Outcome(path, (finding("path-too-complex"),))
    reason = authority_fault(path) or _fault_of_constraints(path, case.policy)
    found = () if reason is None else (finding("path-invalid", reason=reason),)
    outcome = judge(Outcome(path, found), case)
    if outcome.good:
        return None
    information = pile.about(path)
    unknown = information.without(case.policy)
    if not information or outcome.badness > Effect.INDETERMINATE.value:
        return Outcome(path, outcome.findings, *unknown[2:])
    known = information.plain_outcome(path, case)
    if known is not None and known.revocation is Revocation.REVOKED:
        return Outcome(path, (*outcome.findings, *known.findings), *known[2:])
    if known is None and any(f.code == "expired" for f in outcome.findings):
        return None  # what expired later was perhaps revoked for all that
    return Outcome(path, outcome.findings, *unknown[2:])


def _fault_of_constraints(path: Sequence[Certificate], policy: Policy) -> str | None:
    """Return which plain name does not meet which authority's constraints; None: perhaps all do."""
    if all(NAME_CONSTRAINTS not in certificate.extensions for certificate in path[1:]):
        return None
    answer = constraints.judge_names(path, policy.limits.name_constraint_checks)
    return answer if isinstance(answer, str) else None


def judge(outcome: Outcome, case: Case) -> Outcome:
    """Add to an engine's outcome what engines do not look at."""
    path = outcome.path
    found = times(path, case.at)
    timely = {f.data["subject"] for f in found}
    found += [f for f in outcome.findings if f.code not in {"expired", "not-yet-valid"} or f.data["subject"] not in timely]
    found += _strength(path, case.policy)
    found += issuer_findings(path, case.policy)
    found += _encoding(path)
    try:
        excluded = constraints.excluded_address(path)
    except ParseError as error:
        found.append(finding("path-invalid", reason=f"name constraints cannot be read: {error.reason}"))
    else:
        if excluded is not None:
            address, authority = excluded
            found.append(finding("path-invalid", reason=f"{authority.subject} may not certify the address {address}"))
    unique = {f.message: f for f in found}
    return outcome._replace(findings=tuple(unique.values()))


def _encoding(path: Sequence[Certificate]) -> list[Finding]:
    """Return what breaks the rules of RFC 5280 section 4 in ways that engines overlook."""
    last = len(path) - 1
    return [found for index, one in enumerate(path) for found in one.fact("encoding", encoding_of)[index == last]]


def encoding_of(certificate: Certificate) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return what breaks the rules in a certificate, and in one that is the last of a path, whose names are nobody's affair."""
    fault, of_names = _fault(certificate), _fault_of_names(certificate)
    found = []
    try:
        _ = certificate.public_key
    except LimitExceeded:
        found.append(finding("path-too-complex"))
    except UnsupportedError as error:
        found.append(finding("unsupported", what=f"the key of {certificate.subject} ({error})"))
    except SMIMEError as error:
        # a DSA key may have the parameters of its issuer's (RFC 3279 section 2.3.2), and the engine has seen to that
        if not certificate.has_inherited_parameters:
            found.append(finding("path-invalid", reason=f"{certificate.subject}: {error}"))
    within, last = (
        () if reason is None else (finding("path-invalid", reason=f"{certificate.subject}: {reason}"),)
        for reason in (fault or of_names, fault)
    )
    return (*within, *found), (*last, *found)


def _fault(certificate: Certificate) -> str | None:
    if certificate.signature_algorithm_mismatch:
        return "the two statements of its signature algorithm differ (section 4.1.1.2)"
    try:
        policies = certificate.policies
    except ParseError as error:
        return error.reason
    if certificate.extensions_fault is not None:
        return certificate.extensions_fault
    if not 1 <= certificate.version <= 3:
        return f"there is no version {certificate.version} of certificates (section 4.1.2.1)"
    if certificate.version < 3 and certificate.extensions:
        return f"there are extensions in a certificate of version {certificate.version} (section 4.1.2.1)"
    if policies is not None and len(set(policies)) < len(policies):
        return "a certificate policy stands twice (section 4.2.1.4)"
    return None


def _fault_of_names(certificate: Certificate) -> str | None:
    if certificate.issuer_raw == _NO_NAME:
        return "its issuer has no name (section 4.1.2.4)"
    if certificate.subject_raw == _NO_NAME and not certificate.extensions.get(SUBJECT_ALT_NAME, (True,))[0]:
        return "its subject has no name, and the alternative name is not critical (section 4.1.2.6)"
    return None


def times(path: Sequence[Certificate], at: datetime) -> list[Finding]:
    """Return the finding for each certificate that is not yet or no longer valid."""
    found = []
    for certificate in path:
        if at < certificate.not_before:
            found.append(
                finding("not-yet-valid", subject=certificate.subject, not_before=certificate.not_before.isoformat(), at=at.isoformat())
            )
        elif at > certificate.not_after:
            found.append(finding("expired", subject=certificate.subject, not_after=certificate.not_after.isoformat(), at=at.isoformat()))
    return found


def signature_names(certificate: Certificate) -> tuple[str, ...]:
    """Return the names of the algorithms of the certificate's signature: the scheme's, and the digest's where that is a parameter."""
    try:
        return _signature_names(certificate.signature_algorithm)
    except ParseError:
        return ("an unreadable algorithm",)


@lru_cache(maxsize=64)
def _signature_names(algorithm: AlgorithmIdentifier) -> tuple[str, ...]:
    from smime.crypto import signatures  # noqa: PLC0415 - heavy
    from smime.crypto.faults import MalformedSignature  # noqa: PLC0415

    try:
        digest = signatures.digest_of(algorithm)
    except (SMIMEError, MalformedSignature):
        digest = None
    name = name_of(algorithm.oid)
    return (name,) if digest is None else (name, digest)


def signed_with(certificate: Certificate, policy: Policy) -> Finding | None:
    """Return what speaks against the algorithms of a certificate's signature."""
    for name in signature_names(certificate):
        level = policy.algorithms.level(name)
        if level is not Level.CURRENT:
            code = "certificate-algorithm-forbidden" if level is Level.FORBIDDEN else "weak-certificate-algorithm"
            return finding(code, subject=certificate.subject, algorithm=name)
    return None


def _strength(path: Sequence[Certificate], policy: Policy) -> list[Finding]:
    """Judge the signatures and the keys of a path.

    Not the anchor's own signature, which proves nothing, and not the signer's key, which is judged with the signature it made.
    """
    profile = policy.algorithms
    found = [weak for weak in [signed_with(certificate, policy) for certificate in path[:-1]] if weak is not None]
    for certificate in path[1:]:
        bits = certificate.rsa_bits
        if bits is None:
            continue
        level = profile.rsa_level(bits)
        if level is Level.FORBIDDEN:
            found.append(finding("short-key-forbidden", subject=certificate.subject, bits=bits))
        elif level is Level.LEGACY:
            found.append(finding("short-key", subject=certificate.subject, bits=bits))
    return found
