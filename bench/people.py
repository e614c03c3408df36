"""The keys to measure with: root, intermediate and people, all signed with RSA-2048 as most mail certificates are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from smime.pki.throwaway import Person, ThrowawayPKI

KINDS = {"rsa": "rsa2048", "p256": "p256"}


@lru_cache(maxsize=1)
def pki() -> ThrowawayPKI:
    return ThrowawayPKI("Bench", key="rsa2048")


@lru_cache(maxsize=8)
def person(name: str) -> Person:
    return pki().person(name, f"{name}@example.org", KINDS[name])


def write(folder: Path) -> None:
    """Write root.pem, intermediate.pem and the RSA person's rsa.pem and rsa.key.pem."""
    from cryptography.hazmat.primitives.serialization import Encoding

    (folder / "root.pem").write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    (folder / "intermediate.pem").write_bytes(pki().intermediate.certificate.public_bytes(Encoding.PEM))
    (folder / "rsa.pem").write_bytes(person("rsa").certificate_pem)
    (folder / "rsa.key.pem").write_bytes(person("rsa").private_key_pem)
