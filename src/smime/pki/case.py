"""What a verdict on a certificate depends on besides the certificate, but for revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from smime.pki.effort import Budget
    from smime.pki.message_certificates import MessageCertificates
    from smime.pki.store import CertificateStore
    from smime.policy import Policy

__all__ = ["Case"]


class Case(NamedTuple):
    """All that a verdict on a certificate depends on besides the certificate and revocation information, which is passed beside it.

    Attributes:
        store: anchors and intermediates.
        extra: the certificates of the message.
        at: the time looked at.
        policy: what is accepted.
        budget: the work that may be done.
    """

    store: CertificateStore
    extra: MessageCertificates
    at: datetime
    policy: Policy
    budget: Budget
