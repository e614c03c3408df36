"""KEKRecipientInfo (RFC 5652 section 6.2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.cms.identifiers import KEKIdentifier
from smime.cms.recipient_info import KEKRecipientInfo
from smime.crypto import key_wrap
from smime.operations.recipients.candidate import Candidate

if TYPE_CHECKING:
    from smime.pki.identity import KeyEncryptionKey
    from smime.policy import Policy

__all__ = ["KEKRecipient", "kek_candidate"]


def kek_candidate(index: int, info: KEKRecipientInfo, key: KeyEncryptionKey) -> Candidate:
    """Return the candidate for a key encryption key known beforehand."""
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        return key_wrap.unwrap(algorithm, key.key, info.encrypted_key)

    return Candidate(index, algorithm.name, 0, opener)


class KEKRecipient:
    """Makes the RecipientInfo for a key encryption key known beforehand."""

    capabilities: frozenset[str] | None = None

    def __init__(self, key: KeyEncryptionKey) -> None:
        self._key = key

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:  # noqa: ARG002 - as for other recipients
        """Return the RecipientInfo that brings this content encryption key."""
        algorithm = key_wrap.algorithm_identifier(key_wrap.wrap_for(len(self._key.key)))
        return KEKRecipientInfo.build(KEKIdentifier(self._key.key_id), algorithm, key_wrap.wrap(algorithm, self._key.key, key))
