"""Certificates and revocation lists at hand: data, and no verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from smime.x509.certificate import Certificate
from smime.x509.index import CertificateIndex

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["CertificateStore", "crl_octets"]


class CertificateStore:
    """Certificates that are trusted, others that help to build paths, revocation lists and OCSP responses. Immutable but for its scratch.

    Attributes:
        anchors: certificates that are trusted by themselves.
        intermediates: certificates that are not.
        crls: revocation lists in DER.
        ocsps: OCSP responses in DER.
    """

    __slots__ = ("_scratch", "anchors", "crls", "intermediates", "ocsps")

    def __init__(
        self,
        anchors: Iterable[x509.Certificate | Certificate | bytes],
        intermediates: Iterable[x509.Certificate | Certificate | bytes] = (),
        crls: Iterable[x509.CertificateRevocationList | bytes] = (),
        ocsps: Iterable[bytes] = (),
    ) -> None:
        self.anchors = CertificateIndex(Certificate.of_any(certificate) for certificate in anchors)
        self.intermediates = CertificateIndex(Certificate.of_any(certificate) for certificate in intermediates)
        self.crls: tuple[bytes, ...] = tuple(crl_octets(crl) for crl in crls)
        self.ocsps: tuple[bytes, ...] = tuple(ocsps)
        self._scratch: dict[Any, Any] = {}  # what a validator wants to keep as long as this store

    def find(self, sid: Any) -> list[Certificate]:
        """Return the certificates here that a signer or recipient identifier of CMS means."""
        return self.intermediates.find(sid) + self.anchors.find(sid)

    def scratch(self, key: Any, make: Any) -> Any:
        """Return what a validator keeps here under this key, made by `make()` when first asked for."""
        value = self._scratch.get(key)
        if value is None:
            value = self._scratch[key] = make()
        return value


def crl_octets(crl: x509.CertificateRevocationList | bytes) -> bytes:
    """Return the DER of a revocation list."""
    if isinstance(crl, bytes | bytearray | memoryview):
        return bytes(crl)
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return crl.public_bytes(Encoding.DER)
