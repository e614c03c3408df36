"""The certificates that a message brings, read only if a path may need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.errors import SMIMEError
from smime.pki.effort import reading_effort
from smime.x509 import names
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smime.limits import Limits
    from smime.pki.effort import Budget

__all__ = ["MessageCertificates"]


class MessageCertificates:
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
