"""What a verdict on a certificate depends on besides the certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from smime.pki.effort import Budget
    from smime.pki.message_certificates import MessageCertificates
    from smime.pki.revocation.selection import RevocationPile
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["Case"]


class Case(NamedTuple):
    """All that a verdict on a certificate depends on besides the certificate.

    Attributes:
        store: anchors and intermediates.
        extra: the certificates of the message.
        information: revocation lists and OCSP responses, of the store and of the message.
        at: the time looked at.
        policy: what is accepted.
        budget: the work that may be done.
    """

    store: TrustStore
    extra: MessageCertificates
    information: RevocationPile
    at: datetime
    policy: Policy
    budget: Budget
