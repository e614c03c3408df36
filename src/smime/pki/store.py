"""Certificates and revocation lists at hand: data, and no verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["crl_octets"]


def crl_octets(crl: x509.CertificateRevocationList | bytes) -> bytes:
    """Return the DER of a revocation list."""
    if isinstance(crl, bytes | bytearray | memoryview):
        return bytes(crl)
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return crl.public_bytes(Encoding.DER)
