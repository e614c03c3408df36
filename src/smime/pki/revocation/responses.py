"""OCSP responses (RFC 6960), read once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smime.crypto.quiet import quietly
from smime.memory import Cache
from smime.pki.revocation.lists import serial_octets

__all__ = ["read_response", "serials_within"]

_responses: Cache[bytes, Any] = Cache(256)


def read_response(octets: bytes) -> Any:
    """Return an OCSP response of `cryptography`, or False if it cannot be read."""
    known = _responses.get(octets)
    if known is None:
        from cryptography.x509.ocsp import load_der_ocsp_response  # noqa: PLC0415 - heavy

        try:
            known = quietly(load_der_ocsp_response, octets)
        except Exception:  # noqa: BLE001 - the loader's exceptions are not a closed set; what cannot be read proves nothing
            known = False
        _responses.put(octets, known)
    return known


def serials_within(ocsps: Iterable[bytes]) -> list[bytes] | None:
    """Return the DER of the serial numbers of the certificates in OCSP responses; None if one of them cannot be read."""
    found: list[bytes] = []
    try:
        for response in map(read_response, ocsps):
            if response and response.response_status.name == "SUCCESSFUL":
                found += [serial_octets(certificate.serial_number) for certificate in response.certificates]
    except Exception:  # noqa: BLE001 - what `cryptography` cannot read, and what it raises then is not a closed set
        return None
    return found
