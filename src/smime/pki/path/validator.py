"""Certification paths: one protocol, one verdict, and the order in which the checks are made (RFC 5280 section 6, RFC 8550 section 4).

1. The signer's certificate by itself: key usage, extended key usage, encoding (`smime.pki.path.usage`).
2. A path, found within a budget (`smime.pki.path.search`). What speaks against it and needs no engine to be seen: times, authorities that are
   none, algorithms and key sizes of the policy, name constraints on every mail address, the anchor's own validity.
3. An engine: `cryptography`'s verifier where nothing but signatures, times and constraints matters (`smime.pki.path.pyca`), and
   pyhanko-certvalidator (`smime.pki.path.certvalidator`) for all that the former refuses, and for revocation and certificate policies.

Where names leave no choice the verifier is asked before signatures are looked at, so that they are verified once. Where the path above the
issuer was found good before, it is asked about the signer's certificate alone (`smime.pki.path.known_issuers`).

A verdict says in which window of time it holds; `TrustStore.validate` asks again only outside of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from smime.algorithms import Level, name_of
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.findings import Effect, Finding, finding
from smime.limits import DEFAULT_LIMITS
from smime.pki.effort import Budget, signature_effort, size_effort
from smime.pki.path import constraints, known_issuers
from smime.pki.path.usage import POLICIES, authority_fault, count_policies, issuer_findings, signer_findings
from smime.pki.trust import TrustStore
from smime.report import Revocation, Unchecked
from smime.x509.certificate import NAME_CONSTRAINTS, SUBJECT_ALT_NAME, Certificate

if TYPE_CHECKING:
    from cryptography import x509

    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.pki.path.known_issuers import KnownIssuer
    from smime.pki.path.search import Brought, PathSearch
    from smime.pki.revocation.status import RevocationPile
    from smime.policy import Policy

__all__ = ["DEFAULT_VALIDATOR", "EVER", "NEVER", "Outcome", "PathValidator", "PathVerdict", "StandardValidator", "Window"]

NEVER = datetime.min.replace(tzinfo=timezone.utc)
EVER = datetime.max.replace(tzinfo=timezone.utc)
_NO_NAME = b"\x30\x00"
_TICK = timedelta(microseconds=1)


class PathVerdict:
    """What is known about a signer's certificate at a time.

    Attributes:
        trusted: a path leads to an anchor, and nothing found speaks against it.
        path: from the signer's certificate to the anchor; without a trusted path, the best one found or the certificate alone.
        revocation: what is known of revocation along the path.
        findings: what was noticed.
        unchecked: checks that were not made.
        valid_from: the verdict holds from here on, inclusive …
        valid_until: … until here, inclusive.
    """

    __slots__ = ("_dated", "_x509_path", "findings", "path", "revocation", "trusted", "unchecked", "valid_from", "valid_until")

    def __init__(
        self,
        *,
        trusted: bool,
        path: tuple[Certificate, ...],
        revocation: Revocation,
        findings: tuple[Finding, ...] = (),
        unchecked: tuple[Unchecked, ...] = (),
        valid_from: datetime = NEVER,
        valid_until: datetime = EVER,
    ) -> None:
        self.trusted = trusted
        self.path = path
        self.revocation = revocation
        self.findings = findings
        self.unchecked = unchecked
        self.valid_from = valid_from
        self.valid_until = valid_until
        self._dated: bool | None = None
        self._x509_path: tuple[x509.Certificate, ...] | None = None

    def said_at(self, at: datetime) -> PathVerdict:
        """Return the verdict for another time in its window: findings that name the time looked at name this one."""
        if self._dated is None:
            self._dated = any("at" in found.data for found in self.findings)
        if not self._dated:
            return self
        text = at.isoformat()
        if all(found.data.get("at", text) == text for found in self.findings):
            return self
        return PathVerdict(
            trusted=self.trusted,
            path=self.path,
            revocation=self.revocation,
            findings=tuple(finding(found.code, **{**found.data, "at": text}) if "at" in found.data else found for found in self.findings),
            unchecked=self.unchecked,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    def with_unchecked(self, further: tuple[Unchecked, ...]) -> PathVerdict:
        """Return the verdict with further checks that were not made."""
        return PathVerdict(
            trusted=self.trusted,
            path=self.path,
            revocation=self.revocation,
            findings=self.findings,
            unchecked=(*self.unchecked, *further),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    @property
    def x509_path(self) -> tuple[x509.Certificate, ...]:
        """The path as objects of `cryptography`, without certificates that it refuses to load."""
        if self._x509_path is None:
            self._x509_path = tuple([loaded for loaded in [certificate.x509 for certificate in self.path] if loaded is not None])
        return self._x509_path

    def __repr__(self) -> str:
        codes = ", ".join(found.code for found in self.findings)
        return f"<PathVerdict trusted={self.trusted} path={len(self.path)} {self.revocation.value} [{codes}]>"


class PathValidator(Protocol):
    """Decides whether a certificate may be trusted to sign mail. Implementations are shared between threads and stores."""

    def validate(
        self,
        leaf: Certificate,
        *,
        store: TrustStore,
        extra: Sequence[bytes] = (),
        crls: Sequence[bytes] = (),
        ocsps: Sequence[bytes] = (),
        at: datetime,
        policy: Policy,
    ) -> PathVerdict:
        """Return the verdict; never raise for anything in the certificates.

        Args:
            leaf: the signer's certificate.
            store: anchors, intermediates and revocation lists.
            extra: certificates that the message brings, in DER; never anchors.
            crls: revocation lists that the message brings.
            ocsps: OCSP responses that the message brings.
            at: the time looked at, aware.
            policy: what is accepted.
        """


class Outcome(NamedTuple):
    """What an engine says of one path, or of there being none.

    Attributes:
        path: from leaf to anchor; empty if there is none.
        findings: none with an effect if the path is good.
        revocation: as far as the engine looked.
        unchecked: what it did not check.
    """

    path: tuple[Certificate, ...]
    findings: tuple[Finding, ...] = ()
    revocation: Revocation = Revocation.UNKNOWN
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def good(self) -> bool:
        """Nothing speaks against the path."""
        return bool(self.path) and all(found.effect is Effect.NONE for found in self.findings)

    @property
    def badness(self) -> int:
        """How much speaks against it."""
        return max((found.effect.value for found in self.findings), default=0)


class Case(NamedTuple):
    """All that a verdict on a certificate depends on besides the certificate.

    Attributes:
        store: anchors and intermediates.
        extra: the certificates of the message.
        information: revocation lists and OCSP responses, of the store and of the message.
        at: the time looked at.
        policy: what is accepted.
        budget: the work that may be done.
    """

    store: TrustStore
    extra: Brought
    information: RevocationPile
    at: datetime
    policy: Policy
    budget: Budget


class Window:
    """The largest span of time around a moment in which a set of periods neither begins nor ends."""

    __slots__ = ("at", "begin", "end")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.begin = NEVER
        self.end = EVER

    def starts(self, moment: datetime) -> None:
        """Something holds from this moment on, inclusive."""
        if moment <= self.at:
            self.begin = max(self.begin, moment)
        else:
            self.end = min(self.end, moment - _TICK)

    def ends(self, moment: datetime) -> None:
        """Something holds until this moment, inclusive."""
        if moment >= self.at:
            self.end = min(self.end, moment)
        else:
            self.begin = max(self.begin, moment + _TICK)

    def period(self, begin: datetime, end: datetime | None) -> None:
        """Something holds from `begin` to `end`, both inclusive."""
        self.starts(begin)
        if end is not None:
            self.ends(end)


class StandardValidator:
    """The validator that is used unless another is given.

    Args:
        fast: ask `cryptography`'s verifier first.
        careful: ask pyhanko-certvalidator for what that does not answer.
    """

    def __init__(self, *, fast: bool = True, careful: bool = True) -> None:
        self._fast = fast
        self._careful = careful

    def __reduce__(self) -> tuple[object, ...]:
        return (_validator, (self._fast, self._careful))

    def validate(
        self,
        leaf: Certificate,
        *,
        store: TrustStore,
        extra: Sequence[bytes] = (),
        crls: Sequence[bytes] = (),
        ocsps: Sequence[bytes] = (),
        at: datetime,
        policy: Policy,
    ) -> PathVerdict:
        """Return the verdict (see `PathValidator`)."""
        from smime.pki.path.search import Brought  # noqa: PLC0415 - heavy
        from smime.pki.revocation.status import RevocationPile  # noqa: PLC0415

        budget = Budget(policy.limits.path_candidates)
        is_anchor = leaf in store.anchors
        if not is_anchor and not budget.spend(size_effort(leaf.der)):
            return PathVerdict(trusted=False, path=(leaf,), revocation=Revocation.UNKNOWN, findings=(finding("path-too-complex"),))
        others = Brought(extra, policy.limits, budget)
        findings = signer_findings(leaf, policy)
        if others.too_many:
            findings.append(finding("path-too-complex"))
        information = RevocationPile(store.crls, store.ocsps, crls, ocsps, policy)
        case = Case(store, others, information, at, policy, budget)
        key = None if is_anchor or others.too_many or not self._fast else known_issuers.key_of(leaf, extra, policy)
        known = None if key is None else known_issuers.look_up(key, store, at)
        if known is not None:
            verdict = _below(known, leaf, case, findings)
            if verdict is not None:
                return verdict
        outcome = self._outcome(leaf, case, key)
        findings += outcome.findings
        path = outcome.path or (leaf,)
        window = Window(at)
        # a good path stays good as long as its own certificates hold; without one, any certificate that begins or ends may matter
        for certificate in path if outcome.good else {leaf, *others.seen, *path, *_around(path, store)}:
            window.period(certificate.not_before, certificate.not_after)
        information.about(path).mark(window, path)
        return PathVerdict(
            trusted=bool(outcome.path) and all(found.effect is Effect.NONE for found in findings),
            path=path,
            revocation=outcome.revocation,
            findings=tuple(findings),
            unchecked=outcome.unchecked,
            valid_from=window.begin,
            valid_until=window.end,
        )

    def _outcome(self, leaf: Certificate, case: Case, key: known_issuers.Key | None) -> Outcome:
        """Return the first good path, or the one of which most is known.

        Args:
            leaf: the signer's certificate.
            case: all else that counts.
            key: under which to remember the path above the leaf; None: not at all.
        """
        from smime.pki.path.search import PathSearch, only_way  # noqa: PLC0415 - heavy

        limits = case.policy.limits
        quick = self._fast and _plain(case.policy)
        refused: tuple[Certificate, ...] | None = None
        best: Outcome | None = None
        if quick and leaf not in case.store.anchors:
            above = only_way(leaf, case.store, case.extra, limits.path_length - 2)
            if above is not None:
                refused = (leaf, *above)
                best = self._quickly(refused, case) if constraints.are_few(refused, limits) else None
                if best is not None and (best.good or not self._careful):
                    if key is not None and best.path == refused:
                        known_issuers.remember(key, best, case)
                    return best
        search = PathSearch(leaf, case.store, case.extra, limits, case.budget, case.at)
        judged = best and best.path  # what the verifier accepts and something else speaks against
        for path in search:
            if path == judged:
                continue
            if not case.budget.spend(_JUDGING + len(path)):
                break
            outcome = _plainly_bad(path, case)
            if outcome is None and quick and path != refused and (not self._careful or _is_cheap(path)):
                outcome = self._quickly(path, case)
            if outcome is None and self._careful:
                if not case.budget.spend(_careful_effort(path, case)):
                    continue  # another one may need less
                from smime.pki.path import certvalidator  # noqa: PLC0415 - heavy

                outcome = judge(certvalidator.check(path, case), case)
            if outcome is None:
                continue
            if outcome.good:
                return outcome
            if best is None or outcome.badness < best.badness:
                best = outcome
        if best is not None:
            if search.too_complex:  # perhaps the good path was not reached
                best = best._replace(findings=(*best.findings, finding("path-too-complex")))
            return best
        if not self._careful:
            return Outcome((), (finding("untrusted", reason="the fast verifier refuses the path"),))
        without = case.information.about(()).without(case.policy)
        return Outcome((), (_why_none(leaf, search), *_times((leaf,), case.at)), *without[2:])

    def _quickly(self, path: tuple[Certificate, ...], case: Case) -> Outcome | None:
        """Return what is known of a path that `cryptography` accepts; None if it does not."""
        from smime.pki.path import pyca  # noqa: PLC0415 - heavy

        if not pyca.may_accept(path) or _times(path, case.at):
            return None
        if not case.budget.spend(1 + sum(signature_effort(certificate.spki) for certificate in path[1:])):
            return None
        found = pyca.accepted(path, case.store, case.at)
        if found is None:
            return None
        information = case.information.about(found)
        if not information:
            return judge(information.without(case.policy)._replace(path=found), case)
        known = information.plain_outcome(found, case)
        if known is None and self._careful:
            if not case.budget.spend(information.effort):
                unknown = information.without(case.policy)
                return judge(Outcome(found, (finding("path-too-complex"),), *unknown[2:]), case)
            from smime.pki.path import certvalidator  # noqa: PLC0415 - heavy

            known = certvalidator.check(found, case, validated=True)
        return None if known is None else judge(known, case)


_JUDGING = 4  # units of work for a path, and one for each of its certificates, to be looked at without an engine
_VALIDATION = 34  # units of work for a path that pyhanko-certvalidator is asked about


def _is_cheap(path: tuple[Certificate, ...]) -> bool:
    """Whether verifying the signatures of a path once more costs less than the engine that need not do that."""
    return sum(signature_effort(certificate.spki) for certificate in path[1:]) <= _VALIDATION


def _careful_effort(path: tuple[Certificate, ...], case: Case) -> int:
    """Return what pyhanko-certvalidator costs for a path."""
    most = case.policy.limits.name_constraint_checks
    names = 0
    # who allows more comparisons than usual wants them made
    if most <= DEFAULT_LIMITS.name_constraint_checks and constraints.judge_names(path, most) is not True:
        names = constraints.effort(path, most)
    revocation = case.information.about(path).effort
    return _VALIDATION + revocation + names + 4 * max(0, len(path) - 4) + min(count_policies(path, POLICIES), POLICIES) // 2


def _plainly_bad(path: tuple[Certificate, ...], case: Case) -> Outcome | None:
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
    information = case.information.about(path)
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


def _below(known: KnownIssuer, leaf: Certificate, case: Case, findings: Sequence[Finding]) -> PathVerdict | None:
    """Return the verdict on a certificate of an issuer whose own path is known to be good; None if that is not all there is to say.

    Args:
        known: the issuer.
        leaf: the signer's certificate.
        case: all else that counts.
        findings: what was noticed about the leaf by itself.
    """
    budget, issuer = case.budget, known.above[0]
    if not leaf.not_before <= case.at <= leaf.not_after or budget.left < known.effort or _signed_with(leaf, case.policy):
        return None
    path = (leaf, *known.above)
    information = case.information.about(path)
    if information and information.effort:
        return None  # there is more to it than looking up
    if leaf.fact("encoding", _encoding_of)[False] or not budget.spend(1 + signature_effort(issuer.spki)):
        return None
    from smime.pki.path import pyca  # noqa: PLC0415 - heavy

    if not pyca.is_issued(leaf, issuer, known.verifier, case.at):
        return None
    begin, end = max(known.begin, leaf.not_before), min(known.end, leaf.not_after)
    if information:
        outcome = information.plain_outcome(path, case)
        if outcome is None or not outcome.good:
            return None
        window = Window(case.at)
        window.period(begin, end)
        information.mark(window, path)
        begin, end = window.begin, window.end
    else:
        outcome = information.without(case.policy)
    found = (*findings, *outcome.findings)
    return PathVerdict(
        trusted=all(one.effect is Effect.NONE for one in found),
        path=path,
        revocation=outcome.revocation,
        findings=found,
        unchecked=outcome.unchecked,
        valid_from=begin,
        valid_until=end,
    )


DEFAULT_VALIDATOR: PathValidator = StandardValidator()


def _validator(fast: bool, careful: bool) -> StandardValidator:
    return StandardValidator(fast=fast, careful=careful)


def _plain(policy: Policy) -> bool:
    """Whether the policy makes no use of certificate policies (RFC 5280 section 6.1.1)."""
    return not (
        policy.acceptable_policies is not None or policy.explicit_policy or policy.inhibit_policy_mapping or policy.inhibit_any_policy
    )


def _around(path: Sequence[Certificate], store: TrustStore) -> list[Certificate]:
    """Return the certificates of the store that might make another path at another time."""
    found: list[Certificate] = []
    for certificate in path:
        for index in (store.anchors, store.intermediates):
            found += index.named(certificate.issuer_raw)
            found += index.alike(certificate.issuer_raw)
    return found


def judge(outcome: Outcome, case: Case) -> Outcome:
    """Add to an engine's outcome what engines do not look at."""
    path = outcome.path
    found = _times(path, case.at)
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
    return [found for index, one in enumerate(path) for found in one.fact("encoding", _encoding_of)[index == last]]


def _encoding_of(certificate: Certificate) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
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


def _times(path: Sequence[Certificate], at: datetime) -> list[Finding]:
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


def _signed_with(certificate: Certificate, policy: Policy) -> Finding | None:
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
    found = [weak for weak in [_signed_with(certificate, policy) for certificate in path[:-1]] if weak is not None]
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


def _why_none(leaf: Certificate, search: PathSearch) -> Finding:
    """Say why a search found no path."""
    if search.too_complex:
        return finding("path-too-complex")
    if search.forged:
        return finding("path-invalid", reason=f"the signature of {next(iter(search.forged))} was not made by the issuer it names")
    if search.unable:
        return finding("untrusted", reason=next(iter(search.unable)))
    if search.not_authorities:
        return finding("untrusted", reason=f"{next(iter(search.not_authorities))} is trusted and may not issue certificates")
    if search.unsigned:
        return finding("untrusted", reason=f"no certificate at hand has the key that signed {next(iter(search.unsigned))}")
    if leaf.self_issued:
        return finding("untrusted", reason="the certificate is self-signed and not itself trusted")
    missing = next(iter(search.missing), leaf.issuer)
    return finding("untrusted", reason=f"there is no certificate of {missing}")
