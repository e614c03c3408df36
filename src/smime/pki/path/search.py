"""Building certification paths: a depth-first search with a budget (RFC 4158, RFC 5280 section 6).

A certificate is taken as an issuer if its subject is the issuer's name and its key made the signature; key identifiers are hints that
decide who is tried first, as are being valid, being an authority and having been issued by an anchor. Each name and key stands once in a
path, each signature is verified once, and everything is paid for from one budget before it is done, dear signatures dearly, so that fifty
authorities that certified each other cost no more than one that did not (row PC of the attack table).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from smime.asn1.names import to_text
from smime.findings import finding
from smime.limits import Limits
from smime.pki.effort import Budget, signature_effort
from smime.pki.path.usage import unknown_critical
from smime.pki.store import CertificateStore
from smime.x509.certificate import Certificate
from smime.x509.issued import is_signed_by, may_anchor_issue

if TYPE_CHECKING:
    from smime.findings import Finding
    from smime.pki.message_certificates import MessageCertificates
    from smime.x509.certificate import Certificate

__all__ = ["PathSearch", "only_way", "why_none"]

# the key identifier; not valid, or no authority; self-signed; no anchor's name above; the age
_Promise = tuple[bytes | None, bool, bool, bool, float]


class PathSearch:
    """One search for paths from a certificate to the anchors of a store.

    Iterate over it: each item is a path from the leaf to an anchor, both included, with every signature verified but those that need a key
    with inherited parameters. Afterwards the attributes say why there was none.

    Args:
        leaf: the signer's certificate.
        store: anchors and intermediates.
        extra: the certificates of the message.
        limits: bounds.
        budget: units of work.
        at: the time looked at: certificates that are valid then are tried first. They all are tried, so that a bad path can be told of.

    Attributes:
        missing: the names of issuers of whom no certificate is at hand, in the order met.
        forged: subjects of certificates whose signature is not their issuer's, the issuer being named by its key identifier.
        unsigned: the same, where only names matched, so that the right issuer may be missing.
        unable: why signatures could not be checked.
        not_authorities: subjects of anchors that may not issue.
    """

    def __init__(
        self, leaf: Certificate, store: CertificateStore, extra: MessageCertificates, limits: Limits, budget: Budget, at: datetime
    ) -> None:
        self._leaf = leaf
        self._store = store
        self._extra = extra
        self._limits = limits
        self._budget = budget
        self._at = at
        self._paid: set[tuple[bytes, bytes]] = set()
        self._promises: dict[Certificate, _Promise] = {}
        self._too_long = False
        self._skipped = False
        self.missing: dict[str, None] = {}
        self.forged: dict[str, None] = {}
        self.unsigned: dict[str, None] = {}
        self.unable: dict[str, None] = {}
        self.not_authorities: dict[str, None] = {}

    @property
    def too_complex(self) -> bool:
        """The budget was spent, or a path grew too long, before the search was over."""
        return self._too_long or self._budget.exhausted

    def __iter__(self) -> Iterator[tuple[Certificate, ...]]:
        if self._leaf in self._store.anchors:
            yield (self._leaf,)
        found: set[tuple[Certificate, ...]] = set()
        # where key identifiers show the way nothing else is even read, unless that way leads nowhere
        for hinted in (True, False):
            for path in self._paths(hinted):
                if path not in found:
                    found.add(path)
                    yield path
            if not self._skipped:
                return

    def _paths(self, hinted: bool) -> Iterator[tuple[Certificate, ...]]:
        path = [self._leaf]
        stack = [self._issuers(self._leaf, hinted)]
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
                path.pop()
                continue
            issuer, is_anchor = item
            if not is_anchor and any(issuer.subject_raw == other.subject_raw and issuer.spki == other.spki for other in path):
                continue
            if not self._budget.spend(1 if hinted else 2):
                return
            if not self._pay(path[-1], issuer) or not self._signed(path[-1], issuer):
                continue
            if is_anchor:
                yield (*path, issuer)
            elif len(path) + 1 >= self._limits.path_length:
                self._too_long = True
            elif self._budget.spend(1):
                path.append(issuer)
                stack.append(self._issuers(issuer, hinted))

    def _pay(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Pay for the verification of a signature, once."""
        key = (certificate.der, issuer.spki)
        if key not in self._paid:
            if not self._budget.spend(signature_effort(issuer.spki)):
                return False
            self._paid.add(key)
        return True

    def _issuers(self, certificate: Certificate, hinted: bool) -> Iterator[tuple[Certificate, bool]]:
        """Yield who may have issued a certificate, and whether it is an anchor: those of the very name first, then those of one like it.

        Args:
            certificate: what was issued.
            hinted: only those of the message in which the key identifier stands that the certificate names, if it names one.
        """
        name, hint = certificate.issuer_raw, certificate.aki
        store, extra = self._store, self._extra
        narrow = hint if hinted else None
        found = False
        for exact in (True, False):
            anchors = []
            for anchor in store.anchors.named(name) if exact else store.anchors.alike(name):
                if may_anchor_issue(anchor):
                    anchors.append(anchor)
                else:
                    self.not_authorities[anchor.subject] = None
            for anchor in self._ranked(hint, anchors):
                found = True
                yield anchor, True
            own = store.intermediates.named(name) if exact else store.intermediates.alike(name)
            others = dict.fromkeys((*own, *(extra.named(name, narrow) if exact else extra.alike(name))))
            intermediates = [issuer for issuer in others if issuer not in store.anchors and issuer != certificate]
            for issuer in self._ranked(hint, intermediates):
                found = True
                yield issuer, False
            if narrow:
                self._skipped = True
                return
        if not found:
            self.missing[to_text(name)] = None

    def _ranked(self, hint: bytes | None, candidates: Sequence[Certificate]) -> Sequence[Certificate]:
        """Order issuers by what they promise.

        Those come first that are valid and may issue; then those whose key identifier is the one named, those that have none, the others;
        then those that did not sign themselves; then those that an anchor's name stands above; then the newest.
        """
        if len(candidates) < 2:
            return candidates
        if not self._budget.spend(1):
            return ()

        def rank(candidate: Certificate) -> tuple[bool, int, bool, bool, float]:
            ski, implausible, own, low, age = self._promises.get(candidate) or self._promise(candidate)
            return implausible, 1 if hint is None or ski is None else 0 if hint == ski else 2, own, low, age

        return sorted(candidates, key=rank)

    def _promise(self, candidate: Certificate) -> _Promise:
        """Return what an issuer promises whatever is asked for; it is remembered, since it is asked for at every step."""
        plausible = candidate.not_before <= self._at <= candidate.not_after and (candidate.version < 3 or candidate.is_ca)
        plausible = plausible and unknown_critical(candidate) is None
        own = candidate.issuer_raw == candidate.subject_raw and candidate.aki in {None, candidate.ski}
        low = not self._store.anchors.named(candidate.issuer_raw)
        found = self._promises[candidate] = (candidate.ski, not plausible, own, low, -candidate.not_before.timestamp())
        return found

    def _signed(self, certificate: Certificate, issuer: Certificate) -> bool:
        answer = is_signed_by(certificate, issuer)
        if answer is True:
            return True
        if answer is False:
            hinted = certificate.aki is not None and certificate.aki == issuer.ski
            (self.forged if hinted else self.unsigned)[certificate.subject] = None
            return False
        self.unable[answer] = None
        # a DSA key that inherits its parameters is read by the path engine, which knows from whom (RFC 3279 section 2.3.2)
        return issuer.has_inherited_parameters


def only_way(leaf: Certificate, store: CertificateStore, extra: MessageCertificates, most: int) -> tuple[Certificate, ...] | None:
    """Return the certificates whose names lead from a leaf up to an anchor, if at no step there is a choice; else None.

    Signatures are not looked at. Where there is a choice, a verifier without a budget of ours could be made to try everything.

    Args:
        leaf: the signer's certificate.
        store: anchors and intermediates.
        extra: the certificates of the message.
        most: certificates between the two.

    Returns:
        The intermediates, and the anchor.
    """
    found: list[Certificate] = []
    name = leaf.issuer_raw
    for _ in range(most + 1):
        if extra.may_be_many(name):
            return None
        anchors = store.anchors.named(name)
        others = dict.fromkeys((*store.intermediates.named(name), *extra.named(name)))
        intermediates = [issuer for issuer in others if issuer not in store.anchors and issuer != leaf]
        if len(anchors) + len(intermediates) != 1:
            return None
        if anchors:
            return (*found, anchors[0])
        (issuer,) = intermediates
        if issuer in found:
            return None
        found.append(issuer)
        name = issuer.issuer_raw
    return None


def why_none(leaf: Certificate, search: PathSearch) -> Finding:
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
