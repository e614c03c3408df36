"""KEMRecipientInfo (RFC 9629)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.crypto import kem
from smime.operations.recipients.candidate import Candidate

if TYPE_CHECKING:
    from smime.cms.recipient_info import KEMRecipientInfo
    from smime.pki.identity import Identity
    from smime.policy import Policy

__all__ = ["kem_candidate"]


def kem_candidate(index: int, info: KEMRecipientInfo, identity: Identity) -> Candidate:
    """Return the candidate for an encapsulated key."""

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        received = kem.EncapsulatedKey(info.kem, info.kemct, info.kdf, info.kek_length, info.ukm, info.wrap, info.encrypted_key)
        return kem.unwrap(identity.private_key, received, limits=policy.limits)

    return Candidate(index, info.kem.name, 0, opener, info.wrap)
