"""Building certification paths: a depth-first search with a budget (RFC 4158, RFC 5280 section 6).

A certificate is taken as an issuer if its subject is the issuer's name and its key made the signature; key identifiers are hints that
decide who is tried first. Each name and key stands once in a path, and all candidates looked at count against one budget, those with slow
signatures for more, so that fifty authorities that certified each other cost no more than one that did not (row PC of the attack table).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from smime.asn1.names import to_text
from smime.errors import LimitExceeded, SMIMEError, UnsupportedError
from smime.limits import Limits
from smime.pki.cache import Cache
from smime.pki.certificate import Certificate
from smime.pki.trust import CertificateIndex, TrustStore

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier

__all__ = ["PathSearch", "is_signed_by", "may_anchor_issue", "reachable", "verify_signature"]

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


def _effort(issuer: Certificate) -> int:
    """Return what verifying a signature by this authority costs, in units of about 20 microseconds, in which RSA 2048 takes one."""
    bits = issuer.rsa_bits
    if bits is not None:
        return 1 + bits * bits // 9_000_000
    return _EFFORTS.get(len(issuer.spki), 20)


_EFFORTS = {91: 3, 44: 4}  # P-256 and Ed25519, told by the length of their SubjectPublicKeyInfo; others are up to seven times slower


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


def _by_hint(certificate: Certificate, candidates: Iterable[Certificate]) -> list[Certificate]:
    """Order issuers: those whose key identifier is the one named first, then those that have none, then the others; the newest first."""
    aki = certificate.aki

    def rank(candidate: Certificate) -> tuple[int, float]:
        ski = candidate.ski
        hint = 1 if aki is None or ski is None else 0 if aki == ski else 2
        return hint, -candidate.not_before.timestamp()

    return sorted(candidates, key=rank)


class PathSearch:
    """One search for paths from a certificate to the anchors of a store.

    Iterate over it: each item is a path from the leaf to an anchor, both included, with every signature verified but those that need a key
    with inherited parameters. Afterwards the attributes say why there was none.

    Attributes:
        too_complex: the budget was spent before the search was over.
        missing: the names of issuers of whom no certificate is at hand, in the order met.
        forged: subjects of certificates whose signature is not their issuer's, the issuer being named by its key identifier.
        unsigned: the same, where only names matched, so that the right issuer may be missing.
        unable: why signatures could not be checked.
        not_authorities: subjects of anchors that may not issue.
    """

    def __init__(self, leaf: Certificate, store: TrustStore, extra: CertificateIndex, limits: Limits) -> None:
        self._leaf = leaf
        self._store = store
        self._extra = extra
        self._limits = limits
        self._budget = limits.path_candidates
        self.too_complex = False
        self.missing: dict[str, None] = {}
        self.forged: dict[str, None] = {}
        self.unsigned: dict[str, None] = {}
        self.unable: dict[str, None] = {}
        self.not_authorities: dict[str, None] = {}

    def __iter__(self) -> Iterator[tuple[Certificate, ...]]:
        store = self._store
        if self._leaf in store.anchors:
            yield (self._leaf,)
        path = [self._leaf]
        stack = [self._issuers(self._leaf)]
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
                path.pop()
                continue
            issuer, is_anchor = item
            if not is_anchor and any(issuer.subject_raw == other.subject_raw and issuer.spki == other.spki for other in path):
                continue
            if self._budget <= 0:
                self.too_complex = True
                return
            self._budget -= 1 if (path[-1].der, issuer.spki) in _signatures else 1 + _effort(issuer)
            if not self._signed(path[-1], issuer):
                continue
            if is_anchor:
                yield (*path, issuer)
            elif len(path) + 1 >= self._limits.path_length:
                self.too_complex = True
            else:
                path.append(issuer)
                stack.append(self._issuers(issuer))

    def _issuers(self, certificate: Certificate) -> Iterator[tuple[Certificate, bool]]:
        """Yield who may have issued a certificate, and whether it is an anchor: those of the very name first, then those of one like it."""
        name = certificate.issuer_raw
        found = False
        for look in (CertificateIndex.named, CertificateIndex.alike):
            anchors = []
            for anchor in look(self._store.anchors, name):
                if may_anchor_issue(anchor):
                    anchors.append(anchor)
                else:
                    self.not_authorities[anchor.subject] = None
            others = dict.fromkeys((*look(self._store.intermediates, name), *look(self._extra, name)))
            intermediates = [issuer for issuer in others if issuer not in self._store.anchors and issuer != certificate]
            found = found or bool(anchors or intermediates)
            for anchor in _by_hint(certificate, anchors):
                yield anchor, True
            for issuer in _by_hint(certificate, intermediates):
                yield issuer, False
        if not found:
            self.missing[to_text(name)] = None

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


def reachable(leaf: Certificate, store: TrustStore, extra: CertificateIndex, most: int) -> Sequence[Certificate]:
    """Return the intermediates whose names lead up from the leaf, without looking at signatures; at most `most`, then none."""
    found: dict[Certificate, None] = {}
    seen = {leaf.issuer_raw}
    todo = [leaf.issuer_raw]
    while todo:
        name = todo.pop()
        for issuer in (*store.intermediates.named(name), *extra.named(name)):
            if issuer in found or issuer == leaf:
                continue
            if len(found) >= most:
                return ()
            found[issuer] = None
            if issuer.issuer_raw not in seen:
                seen.add(issuer.issuer_raw)
                todo.append(issuer.issuer_raw)
    return tuple(found)
