"""Certification paths: one protocol, one verdict, and the order in which the checks are made (RFC 5280 section 6, RFC 8550 section 4).

1. The signer's certificate by itself: key usage, extended key usage, encoding (`smime.pki.path.usage`).
2. A path, found within a budget (`smime.pki.path.search`). What speaks against it and needs no engine to be seen: times, authorities
   that are none, algorithms and key sizes of the policy, name constraints on every mail address, the anchor's own validity.
3. An engine: `cryptography`'s verifier where nothing but signatures, times and constraints matters (`smime.pki.path.pyca`), and
   pyhanko-certvalidator (`smime.pki.path.certvalidator`) for all that the former refuses, and for revocation and certificate policies.

Where names leave no choice the verifier is asked before signatures are looked at, so that they are verified once. Where the path above the
issuer was found good before, it is asked about the signer's certificate alone (`smime.pki.path.known_issuers`).

A verdict says in which window of time it holds; `TrustStore.validate` asks again only outside of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from smime.findings import Effect, finding
from smime.limits import DEFAULT_LIMITS
from smime.pki.case import Case
from smime.pki.effort import Budget, signature_effort, size_effort
from smime.pki.path import constraints, known_issuers
from smime.pki.path.judgement import judge, plainly_bad, times
from smime.pki.path.known_issuers import verdict_below
from smime.pki.path.search import why_none
from smime.pki.path.usage import POLICIES, count_policies, signer_findings
from smime.pki.verdict import Outcome, PathVerdict, Window
from smime.report import Revocation
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from smime.pki.revocation.selection import RevocationPile
    from smime.pki.revocation.status import RevocationInformation
    from smime.pki.store import CertificateStore
    from smime.policy import Policy

__all__ = ["DEFAULT_VALIDATOR", "PathValidator", "StandardValidator"]


class PathValidator(Protocol):
    """Decides whether a certificate may be trusted to sign mail. Implementations are shared between threads and stores."""

    def validate(
        self,
        leaf: Certificate,
        *,
        store: CertificateStore,
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
        store: CertificateStore,
        extra: Sequence[bytes] = (),
        crls: Sequence[bytes] = (),
        ocsps: Sequence[bytes] = (),
        at: datetime,
        policy: Policy,
    ) -> PathVerdict:
        """Return the verdict (see `PathValidator`)."""
        from smime.pki.message_certificates import MessageCertificates  # noqa: PLC0415 - heavy
        from smime.pki.revocation.selection import RevocationPile  # noqa: PLC0415

        budget = Budget(policy.limits.path_candidates)
        is_anchor = leaf in store.anchors
        if not is_anchor and not budget.spend(size_effort(leaf.der)):
            return PathVerdict(trusted=False, path=(leaf,), revocation=Revocation.UNKNOWN, findings=(finding("path-too-complex"),))
        others = MessageCertificates(extra, policy.limits, budget)
        findings = signer_findings(leaf, policy)
        if others.too_many:
            findings.append(finding("path-too-complex"))
        pile = RevocationPile(store.crls, store.ocsps, crls, ocsps, policy)
        case = Case(store, others, at, policy, budget)
        key = None if is_anchor or others.too_many or not self._fast else known_issuers.key_of(leaf, extra, policy)
        known = None if key is None else known_issuers.look_up(key, store, at)
        if known is not None:
            verdict = verdict_below(known, leaf, case, pile, findings)
            if verdict is not None:
                return verdict
        outcome = self._outcome(leaf, case, pile, key)
        findings += outcome.findings
        path = outcome.path or (leaf,)
        window = Window(at)
        # a good path stays good as long as its own certificates hold; without one, any certificate that begins or ends may matter
        for certificate in path if outcome.good else {leaf, *others.seen, *path, *_around(path, store)}:
            window.period(certificate.not_before, certificate.not_after)
        pile.about(path).mark(window, path)
        return PathVerdict(
            trusted=bool(outcome.path) and all(found.effect is Effect.NONE for found in findings),
            path=path,
            revocation=outcome.revocation,
            findings=tuple(findings),
            unchecked=outcome.unchecked,
            valid_from=window.begin,
            valid_until=window.end,
        )

    def _outcome(self, leaf: Certificate, case: Case, pile: RevocationPile, key: known_issuers.Key | None) -> Outcome:
        """Return the first good path, or the one of which most is known.

        Args:
            leaf: the signer's certificate.
            case: all else that counts, but …
            pile: … the revocation information at hand.
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
                best = self._quickly(refused, case, pile) if constraints.are_few(refused, limits) else None
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
            outcome = plainly_bad(path, case, pile)
            if outcome is None and quick and path != refused and (not self._careful or _is_cheap(path)):
                outcome = self._quickly(path, case, pile)
            if outcome is None and self._careful:
                if not case.budget.spend(_careful_effort(path, case, pile.about(path))):
                    continue  # another one may need less
                from smime.pki.path import certvalidator  # noqa: PLC0415 - heavy

                outcome = judge(certvalidator.check(path, case, pile.about(path)), case)
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
        without = pile.about(()).without(case.policy)
        return Outcome((), (why_none(leaf, search), *times((leaf,), case.at)), *without[2:])

    def _quickly(self, path: tuple[Certificate, ...], case: Case, pile: RevocationPile) -> Outcome | None:
        """Return what is known of a path that `cryptography` accepts; None if it does not."""
        from smime.pki.path import pyca  # noqa: PLC0415 - heavy

        if not pyca.may_accept(path) or times(path, case.at):
            return None
        if not case.budget.spend(1 + sum(signature_effort(certificate.spki) for certificate in path[1:])):
            return None
        found = pyca.accepted(path, case.store, case.at)
        if found is None:
            return None
        information = pile.about(found)
        if not information:
            return judge(information.without(case.policy)._replace(path=found), case)
        known = information.plain_outcome(found, case)
        if known is None and self._careful:
            if not case.budget.spend(information.effort):
                unknown = information.without(case.policy)
                return judge(Outcome(found, (finding("path-too-complex"),), *unknown[2:]), case)
            from smime.pki.path import certvalidator  # noqa: PLC0415 - heavy

            known = certvalidator.check(found, case, information, validated=True)
        return None if known is None else judge(known, case)


_JUDGING = 4  # units of work for a path, and one for each of its certificates, to be looked at without an engine
_VALIDATION = 34  # units of work for a path that pyhanko-certvalidator is asked about


def _is_cheap(path: tuple[Certificate, ...]) -> bool:
    """Whether verifying the signatures of a path once more costs less than the engine that need not do that."""
    return sum(signature_effort(certificate.spki) for certificate in path[1:]) <= _VALIDATION


def _careful_effort(path: tuple[Certificate, ...], case: Case, information: RevocationInformation) -> int:
    """Return what pyhanko-certvalidator costs for a path."""
    most = case.policy.limits.name_constraint_checks
    names = 0
    # who allows more comparisons than usual wants them made
    if most <= DEFAULT_LIMITS.name_constraint_checks and constraints.judge_names(path, most) is not True:
        names = constraints.effort(path, most)
    return _VALIDATION + information.effort + names + 4 * max(0, len(path) - 4) + min(count_policies(path, POLICIES), POLICIES) // 2


DEFAULT_VALIDATOR: PathValidator = StandardValidator()


def _validator(fast: bool, careful: bool) -> StandardValidator:
    return StandardValidator(fast=fast, careful=careful)


def _plain(policy: Policy) -> bool:
    """Whether the policy makes no use of certificate policies (RFC 5280 section 6.1.1)."""
    return not (
        policy.acceptable_policies is not None or policy.explicit_policy or policy.inhibit_policy_mapping or policy.inhibit_any_policy
    )


def _around(path: Sequence[Certificate], store: CertificateStore) -> list[Certificate]:
    """Return the certificates of the store that might make another path at another time."""
    found: list[Certificate] = []
    for certificate in path:
        for index in (store.anchors, store.intermediates):
            found += index.named(certificate.issuer_raw)
            found += index.alike(certificate.issuer_raw)
    return found
