"""KeyTransRecipientInfo (RFC 5652 section 6.2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.algorithms import RSA_KEM_SPKI, RSAES_OAEP
from smime.crypto import key_transport
from smime.operations.recipients.candidate import Candidate

if TYPE_CHECKING:
    from smime.cms.recipient_info import KeyTransRecipientInfo
    from smime.pki.identity import Identity
    from smime.policy import Policy

__all__ = ["BOUND_TO", "transport_candidate"]


def transport_candidate(index: int, info: KeyTransRecipientInfo, identity: Identity) -> Candidate:
    """Return the candidate for a key sent by key transport."""
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:
        return key_transport.decrypt(
            identity.private_key,
            algorithm,
            info.encrypted_key,
            key_sizes,
            key_algorithm=identity.facts.key_algorithm,
            limits=policy.limits,
        )

    return Candidate(index, algorithm.name, 2 if algorithm.name == "rsaEncryption" else 0, opener)


BOUND_TO = {RSAES_OAEP.oid: "rsaes-oaep", RSA_KEM_SPKI.oid: "rsa-kem"}
