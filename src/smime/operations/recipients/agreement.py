"""KeyAgreeRecipientInfo (RFC 5652 section 6.2.2, RFC 5753)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smime.algorithms import KEY_AGREEMENTS_BY_NAME
from smime.cms.recipient_info import OriginatorPublicKey
from smime.crypto import key_agreement as agreement
from smime.errors import KeyMismatchError, UnsupportedError
from smime.operations.recipients.candidate import Candidate, inner_algorithm

if TYPE_CHECKING:
    from smime.cms.recipient_info import KeyAgreeRecipientInfo
    from smime.pki.identity import Identity
    from smime.policy import Policy

__all__ = ["agreement_candidate", "agreement_scheme"]


def agreement_candidate(index: int, info: KeyAgreeRecipientInfo, encrypted_key: bytes, identity: Identity) -> Candidate:
    """Return the candidate for one RecipientEncryptedKey."""
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        originator = info.originator
        if not isinstance(originator, OriginatorPublicKey):
            raise UnsupportedError("key agreement with a static originator key")
        return agreement.unwrap(identity.private_key, originator.algorithm, originator.public_key, algorithm, encrypted_key, ukm=info.ukm)

    return Candidate(index, algorithm.name, 0, opener, inner_algorithm(algorithm))


def agreement_scheme(kind: str, public_key: Any, name: str | None) -> str | None:
    """Return the key agreement asked for, None for the one that fits the key."""
    if name is None:
        return None
    if kind not in agreement.KINDS:
        raise KeyMismatchError(f"a key of kind {kind} does not agree on keys")
    row = KEY_AGREEMENTS_BY_NAME.get(name)
    if row is None:
        raise UnsupportedError("key agreement algorithm", name)
    if kind != "EC" and "cofactor" in name:
        raise KeyMismatchError(f"{name} is for keys on the curves of RFC 5753, not for {kind}")
    return None if agreement.choose(public_key, 32).oid == row.oid else name
