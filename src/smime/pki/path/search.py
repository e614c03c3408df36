"""Building certification paths: a depth-first search with a budget (RFC 4158, RFC 5280 section 6).

A certificate is taken as an issuer if its subject is the issuer's name and its key made the signature; key identifiers are hints that
decide who is tried first, as are being valid, being an authority and having been issued by an anchor. Each name and key stands once in a
path, each signature is verified once, and everything is paid for from one budget before it is done, dear signatures dearly, so that fifty
authorities that certified each other cost no more than one that did not (row PC of the attack table).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from smime.asn1.names import to_text
from smime.errors import LimitExceeded, SMIMEError, UnsupportedError
from smime.limits import Limits
from smime.memory import Cache
from smime.pki.effort import Budget, reading_effort, signature_effort
from smime.pki.path.usage import unknown_critical
from smime.pki.trust import TrustStore
from smime.x509 import names
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier

__all__ = ["Brought", "PathSearch", "is_signed_by", "may_anchor_issue", "only_way", "verify_signature"]

# the key identifier; not valid, or no authority; self-signed; no anchor's name above; the age
_Promise = tuple[bytes | None, bool, bool, bool, float]
_signatures: Cache[tuple[bytes, bytes], bool | str] = Cache(8192)


def is_signed_by(certificate: Certificate, issuer: Certificate) -> bool | str:
    """Return whether the issuer's key made the certificate's signature, or why that cannot be said.

    The answer does not depend on time or policy and is remembered.
    """
    key = (certificate.der, issuer.spki)
    known = _signatures.get(key)
    if known is None:
        known = _verify(certificate, issuer)
        _signatures.put(key, known)
    return known


def _verify(certificate: Certificate, issuer: Certificate) -> bool | str:
    try:
        algorithm = certificate.signature_algorithm
    except SMIMEError as error:
        return f"the signature of {certificate.subject} cannot be read: {error}"
    answer = verify_signature(issuer, algorithm, certificate.signature, certificate.tbs)
    return f"the signature of {certificate.subject} cannot be checked: {answer}" if isinstance(answer, str) else answer


def verify_signature(issuer: Certificate, algorithm: AlgorithmIdentifier, signature: bytes, data: bytes) -> bool | str:
    """Return whether an authority's key made a signature on a certificate or a list, or why that cannot be said."""
    from smime.crypto import signatures  # noqa: PLC0415 - heavy
    from smime.crypto.faults import InvalidSignature, KeyUnsuitable  # noqa: PLC0415

    try:
        key = issuer.public_key
    except LimitExceeded as error:
        return f"the key of {issuer.subject} is too big: {error}"
    except SMIMEError as error:
        return f"the key of {issuer.subject} cannot be read: {error}"
    try:
        digest = signatures.digest_of(algorithm)
        signatures.verify(key, algorithm, digest or "sha512", signature, data, key_algorithm=issuer.key_algorithm)
    except UnsupportedError as error:
        return str(error)
    except (InvalidSignature, KeyUnsuitable, SMIMEError):
        return False
    return True


def may_anchor_issue(anchor: Certificate) -> bool:
    """Whether an anchor may stand at the head of a longer path.

    Version 1 certificates have no extensions to say so and may; version 3 ones say so with basic constraints and key usage, or may not.
    """
    return anchor.is_ca if anchor.version == 3 else True


class Brought:
    """The certificates that a message brings, read only if a path may need them.

    Args:
        octets: the certificates in DER.
        limits: bounds; of more certificates than those allow the first are looked at.
        budget: what finding and reading them is paid from.
    """

    __slots__ = ("_alike", "_budget", "_holders", "_limits", "_named", "_octets", "_read", "_size", "too_many")

    def __init__(self, octets: Iterable[bytes], limits: Limits, budget: Budget) -> None:
        unique = list(dict.fromkeys(octets))
        self.too_many = len(unique) > limits.certificates
        self._octets = unique[: limits.certificates]
        self._size = sum(map(len, self._octets))
        self._limits = limits
        self._budget = budget
        budget.spend(min(self._size // _HASHED, budget.left))
        self._holders: dict[bytes, list[bytes]] = {}
        self._named: dict[tuple[bytes, bytes | None], list[Certificate]] = {}
        self._read: dict[bytes, Certificate | None] = {}
        self._alike: dict[tuple[object, ...], list[Certificate]] | None = None

    @property
    def seen(self) -> list[Certificate]:
        """Those that were looked at."""
        return [certificate for certificate in self._read.values() if certificate is not None]

    def _certificate(self, octets: bytes) -> Certificate | None:
        """Read one; None if it cannot be read, or if that would be too dear."""
        if octets not in self._read:
            if not self._budget.spend(reading_effort(octets, len(self._read))):
                return None
            try:
                self._read[octets] = Certificate.of(octets, self._limits)
            except SMIMEError:
                self._read[octets] = None
        return self._read[octets]

    def _holding(self, subject: bytes) -> list[bytes]:
        """Return those in which a name stands somewhere."""
        found = self._holders.get(subject)
        if found is None:
            if not self._budget.spend(1 + (self._size + 256 * len(self._octets)) // _SCANNED):
                return []
            found = self._holders[subject] = [octets for octets in self._octets if subject in octets]
        return found

    def named(self, subject: bytes, hint: bytes | None = None) -> list[Certificate]:
        """Return those whose subject has these octets.

        Args:
            subject: the DER of a Name.
            hint: only those in which this key identifier stands.
        """
        known = self._named.get((subject, hint))
        if known is not None:
            return known
        holding = self._holding(subject)
        if hint is not None:
            if not self._budget.spend(len(holding) // _FEW_DOZEN):
                return []
            holding = [octets for octets in holding if hint in octets]
        found = [certificate for certificate in self._all_of(holding) if certificate.subject_raw == subject]
        self._named[subject, hint] = found
        return found

    def _all_of(self, octets: Sequence[bytes]) -> list[Certificate]:
        """Read certificates, as many as are paid for."""
        found = []
        for one in octets:
            if self._budget.exhausted and self._budget.left < _LEAST:
                break
            certificate = self._certificate(one)
            if certificate is not None:
                found.append(certificate)
        return found

    def may_be_many(self, subject: bytes) -> bool:
        """Whether it takes some reading to say which have a name."""
        return len(self._holding(subject)) > _FEW

    def alike(self, subject: bytes) -> list[Certificate]:
        """Return those whose subject is the same name in other octets (RFC 5280 section 7.1)."""
        if self._alike is None:
            self._alike = {}
            if not self._budget.spend(self._size // _SCANNED):
                return []
            for certificate in self._all_of(self._octets):
                self._alike.setdefault(names.comparable(certificate.subject_raw), []).append(certificate)
        return [found for found in self._alike.get(names.comparable(subject), ()) if found.subject_raw != subject]

    def containing(self, octets: bytes, most: int) -> list[Certificate]:
        """Return those in which these octets stand somewhere, at most so many."""
        holding = [held for held in self._octets if octets in held][:most]
        return self._all_of(holding)


_FEW = 8  # certificates in which a name stands
_FEW_DOZEN = 64  # of them searched for a key identifier in one unit of work
_SCANNED = 1 << 16  # octets searched for a name in one unit of work
_HASHED = 1 << 15  # octets told from others in one unit of work
_LEAST = 1  # what reading a certificate costs at least


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

    def __init__(self, leaf: Certificate, store: TrustStore, extra: Brought, limits: Limits, budget: Budget, at: datetime) -> None:
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


def only_way(leaf: Certificate, store: TrustStore, extra: Brought, most: int) -> tuple[Certificate, ...] | None:
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
