"""Certificates by subject, by issuer and serial number, and by subject key identifier."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from smime.x509 import names
from smime.x509.certificate import key_identifier_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smime.x509.certificate import Certificate

__all__ = ["CertificateIndex"]


class CertificateIndex:
    """Certificates by subject, by issuer and serial number, and by subject key identifier.

    Names are looked up by their DER first; the comparison of RFC 5280 section 7.1 has an index of its own, made when first needed.
    """

    __slots__ = ("_by_comparable", "_by_issuer_serial", "_by_ski", "_by_subject", "certificates")

    def __init__(self, certificates: Iterable[Certificate] = ()) -> None:
        self.certificates: dict[Certificate, None] = dict.fromkeys(certificates)
        by_subject: defaultdict[bytes, list[Certificate]] = defaultdict(list)
        for certificate in self.certificates:
            by_subject[certificate.subject_raw].append(certificate)
        self._by_subject = dict(by_subject)
        self._by_comparable: dict[tuple[object, ...], list[Certificate]] | None = None
        self._by_issuer_serial: dict[int, list[Certificate]] | None = None
        self._by_ski: dict[bytes, list[Certificate]] | None = None

    def __contains__(self, certificate: object) -> bool:
        return certificate in self.certificates

    def __len__(self) -> int:
        return len(self.certificates)

    def named(self, subject: bytes) -> Sequence[Certificate]:
        """Return the certificates whose subject has these octets."""
        return self._by_subject.get(subject, ())

    def alike(self, subject: bytes) -> list[Certificate]:
        """Return the certificates whose subject is the same name in other octets (RFC 5280 section 7.1)."""
        if self._by_comparable is None:
            by_comparable: defaultdict[tuple[object, ...], list[Certificate]] = defaultdict(list)
            for certificate in self.certificates:
                by_comparable[names.comparable(certificate.subject_raw)].append(certificate)
            self._by_comparable = dict(by_comparable)
        same_name = self._by_comparable.get(names.comparable(subject), ())
        return [certificate for certificate in same_name if certificate.subject_raw != subject]

    def find(self, sid: Any) -> list[Certificate]:
        """Return the certificates that a signer or recipient identifier of CMS means."""
        issuer = getattr(sid, "issuer_raw", None)
        if issuer is not None:
            if self._by_issuer_serial is None:
                by_serial: defaultdict[int, list[Certificate]] = defaultdict(list)
                for certificate in self.certificates:
                    by_serial[certificate.serial].append(certificate)
                self._by_issuer_serial = dict(by_serial)
            return [c for c in self._by_issuer_serial.get(sid.serial, ()) if c.issued_by_name(issuer)]
        ski = key_identifier_of(sid)
        if ski is None:
            return []
        if self._by_ski is None:
            by_ski: defaultdict[bytes, list[Certificate]] = defaultdict(list)
            for certificate in self.certificates:
                own = certificate.key_identifier
                if own is not None:
                    by_ski[own].append(certificate)
            self._by_ski = dict(by_ski)
        return list(self._by_ski.get(ski, ()))
