"""OCSP responses (RFC 6960), read once."""

from __future__ import annotations

from typing import Any

from smime.memory import Cache

__all__ = ["read_response"]

_responses: Cache[bytes, Any] = Cache(256)


def read_response(octets: bytes) -> Any:
    """Return an OCSP response of `cryptography`, or False if it cannot be read."""
    known = _responses.get(octets)
    if known is None:
        from cryptography.x509.ocsp import load_der_ocsp_response  # noqa: PLC0415 - heavy

        try:
            known = load_der_ocsp_response(octets)
        except Exception:  # noqa: BLE001 - as above
            known = False
        _responses.put(octets, known)
    return known
