"""The policies that have names."""

from __future__ import annotations

from smime import algorithms
from smime.policy import Policy

__all__ = ["ARCHIVE", "OLDER_READERS", "RFC8551"]

RFC8551 = Policy()
"""S/MIME 4.0: the default."""

ARCHIVE = Policy(algorithms=algorithms.ARCHIVE)
"""For reading old mail: MD5, SHA-1, DES, 3DES, RC2, DSA and RSA under 2048 bits are read as well, and said so with findings."""

OLDER_READERS = Policy(content_encryption="aes-256-cbc", key_transport="rsaEncryption")
"""For writing to readers of S/MIME 3: EnvelopedData with AES-CBC, which notices no changes, and RSA by PKCS #1 v1.5."""
