"""PasswordRecipientInfo (RFC 5652 section 6.2.4, RFC 3211)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.cms.recipient_info import PasswordRecipientInfo
from smime.crypto import pwri
from smime.errors import UnsupportedError
from smime.operations.recipients.candidate import Candidate, inner_algorithm

if TYPE_CHECKING:
    from smime.pki.identity import Password
    from smime.policy import Policy

__all__ = ["PasswordRecipient", "password_candidate"]


def password_candidate(index: int, info: PasswordRecipientInfo, password: Password) -> Candidate:
    """Return the candidate for a password."""
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        if info.key_derivation_algorithm is None:
            raise UnsupportedError("password recipient without a key derivation")
        return pwri.unwrap(password.secret, info.key_derivation_algorithm, algorithm, info.encrypted_key, limits=policy.limits)

    return Candidate(index, algorithm.name, 1, opener, inner_algorithm(algorithm))


class PasswordRecipient:
    """Makes the RecipientInfo for a password."""

    capabilities: frozenset[str] | None = None

    def __init__(self, password: Password) -> None:
        self._password = password

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:  # noqa: ARG002 - as for other recipients
        """Return the RecipientInfo that brings this content encryption key."""
        return PasswordRecipientInfo.build(*pwri.wrap(self._password.secret, key, key_wrap=self._password.key_wrap))
