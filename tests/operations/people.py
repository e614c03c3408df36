"""People with keys of every kind, for tests of the operations."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tests.hostile.builder import pki, trust

import smime
from smime.pki.throwaway import Person

__all__ = ["ADDRESS", "PASSWORD", "identity", "person", "signer", "trust"]

ADDRESS = "alice@example.org"
PASSWORD = smime.Password("correct horse")
KEK = smime.KeyEncryptionKey(b"\x0a\x0b", bytes(range(32)))


@lru_cache(maxsize=64)
def person(key: str, number: int = 0) -> Person:
    """Return somebody at Alice's address with a key of this kind."""
    return pki().person(f"operations {key} {number}", ADDRESS, key)


@lru_cache(maxsize=64)
def signer(key: str, **options: Any) -> smime.Signer:
    """Return the same as a signer."""
    own = person(key)
    return smime.Signer(own.private_key, own.certificate, own.chain, **options)


@lru_cache(maxsize=64)
def identity(key: str) -> smime.Identity:
    """Return the same as somebody who decrypts."""
    own = person(key)
    return smime.Identity(own.private_key, own.certificate)
