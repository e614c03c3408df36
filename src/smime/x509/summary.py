"""What a report says of a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["CertificateSummary"]


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    """The facts of a certificate that a person looks at, as JSON-able values.

    Attributes:
        subject, issuer: RFC 4514 strings.
        serial_number: hexadecimal.
        sha256: fingerprint, hexadecimal.
        addresses: mail addresses, in the certificate's order.
        not_before, not_after: aware datetimes in UTC.
        key: such as ``"RSA 2048"`` or ``"EC secp256r1"``.
    """

    subject: str
    issuer: str
    serial_number: str
    sha256: str
    addresses: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON-able data."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial_number": self.serial_number,
            "sha256": self.sha256,
            "addresses": list(self.addresses),
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "key": self.key,
        }
