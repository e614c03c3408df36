"""Authorities whose own path to an anchor was found good: what need not be found again for the next certificate that they issued.

Sender after sender of an organisation differs in the signer's certificate alone. What the verifier of `cryptography` finds out about the
certificates above it (their signatures, extensions, path lengths, purposes) depends on them, on where in the path they stand and on the
time looked at, and on nothing of the certificate below: it looks down only for name constraints. So where it accepted a path without
those, another certificate of the same issuer needs no more of it than to be issued by him. The verifier is asked just that: whether the
certificate is good, and his, who takes the place of the anchor and is judged as an issuer once more.

Only good paths are remembered, only as long as the trust store whose scratch this is, for one policy, with one set of certificates of the
message, and to be used only while all of them are valid. Whatever is not in order now is left to the long way, which says what is wrong.
Revocation is looked up for each path as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from smime.findings import Effect
from smime.memory import Cache
from smime.pki.effort import signature_effort
from smime.pki.path.judgement import encoding_of, signed_with
from smime.pki.verdict import PathVerdict, Window
from smime.x509.certificate import Certificate
from smime.x509.extensions import NAME_CONSTRAINTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from smime.findings import Finding
    from smime.pki.case import Case
    from smime.pki.revocation.selection import RevocationPile
    from smime.pki.store import CertificateStore
    from smime.pki.verdict import Outcome
    from smime.policy import Policy
    from smime.x509.certificate import Certificate

__all__ = ["Key", "KnownIssuer", "key_of", "look_up", "remember", "verdict_below"]

_MOST = 256  # of one store
_FEW = 8  # certificates that a message brings
_SIZE = 1 << 14  # octets of these
_LEAF = 1 << 13  # octets of the signer's certificate: a larger one costs more
_OF_REVOCATION = frozenset({"revocation-unknown", "revocation-ignored"})
Key = tuple[object, ...]


class KnownIssuer:
    """Who issued a certificate that was found good, and the path above him.

    Attributes:
        policy: under which it was found.
        above: the issuer, and so on up to the anchor.
        begin: from when on all of them are valid …
        end: … until when.
        effort: what finding it took, in units of work.
        verifier: what builds verifiers that have the issuer for an anchor.
    """

    __slots__ = ("above", "begin", "effort", "end", "policy", "verifier")

    def __init__(self, policy: Policy, above: tuple[Certificate, ...], effort: int, verifier: Any) -> None:
        self.policy = policy
        self.above = above
        self.begin: datetime = max([certificate.not_before for certificate in above])
        self.end: datetime = min([certificate.not_after for certificate in above])
        self.effort = effort
        self.verifier = verifier


def key_of(leaf: Certificate, extra: Sequence[bytes], policy: Policy) -> Key | None:
    """Return what the choice of a path above a certificate depends on, within one store; None: it is too much to remember.

    Args:
        leaf: the certificate.
        extra: those of the message; itself may be one of them.
        policy: what is accepted.
    """
    own = leaf.der
    if len(extra) > _FEW or len(own) > _LEAF:
        return None
    others = tuple([None if octets == own else octets for octets in extra])
    if sum([len(octets) for octets in others if octets is not None]) > _SIZE:
        return None
    return (id(policy), leaf.issuer_raw, others)


def look_up(key: Key, store: CertificateStore, at: datetime) -> KnownIssuer | None:
    """Return the issuer, if his path is remembered and all of it is valid at this time."""
    known: KnownIssuer | None = _memory(store).get(key)
    return known if known is not None and known.begin <= at <= known.end else None


def remember(key: Key, outcome: Outcome, case: Case) -> None:
    """Remember the path above a certificate that the verifier of `cryptography` has just accepted, if nothing at all speaks against it.

    Args:
        key: of `key_of`.
        outcome: what is known of the path, which was the only way.
        case: what that depends on; the budget says what it took.
    """
    from smime.pki.path import pyca  # noqa: PLC0415 - heavy

    leaf, *above = outcome.path
    for found in outcome.findings:
        if found.effect is not Effect.NONE or found.code not in _OF_REVOCATION:
            return
    # the search passes the certificate itself over, where another one would meet it
    if not above or any(NAME_CONSTRAINTS in one.extensions or one.subject_raw == leaf.subject_raw for one in above):
        return
    verifier = pyca.verifier_below(above[0])
    if verifier is not None:
        effort = case.policy.limits.path_candidates - case.budget.left
        _memory(case.store).put(key, KnownIssuer(case.policy, tuple(above), effort, verifier))


def _memory(store: CertificateStore) -> Cache[Key, KnownIssuer]:
    memory: Cache[Key, KnownIssuer] = store.scratch("issuers", _empty)
    return memory


def _empty() -> Cache[Key, KnownIssuer]:
    return Cache(_MOST)


def verdict_below(
    known: KnownIssuer, leaf: Certificate, case: Case, pile: RevocationPile, findings: Sequence[Finding]
) -> PathVerdict | None:
    """Return the verdict on a certificate of an issuer whose own path is known to be good; None if that is not all there is to say.

    Args:
        known: the issuer.
        leaf: the signer's certificate.
        case: all else that counts, but …
        pile: … the revocation information at hand.
        findings: what was noticed about the leaf by itself.
    """
    budget, issuer = case.budget, known.above[0]
    if not leaf.not_before <= case.at <= leaf.not_after or budget.left < known.effort or signed_with(leaf, case.policy):
        return None
    path = (leaf, *known.above)
    information = pile.about(path)
    if information and information.effort:
        return None  # there is more to it than looking up
    if leaf.fact("encoding", encoding_of)[False] or not budget.spend(1 + signature_effort(issuer.spki)):
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
