"""RSASSA-PSS with SHAKE (RFC 8702 section 3.2.1), which `cryptography` does not have: verification, which touches nothing secret.

SHAKE128 and SHAKE256 are the hash, with 32 and 64 octets, and the mask generation function itself; the salt is as long as the hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes

from smime.crypto import digests

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = ["verify"]

_XOFS = {"shake128": hashes.SHAKE128, "shake256": hashes.SHAKE256}


def verify(public_key: Any, digest: str, signature: bytes, data: Buffer, *, prehashed: bool) -> bool:
    """Whether a signature verifies (RFC 8017 sections 8.1.2 and 9.1.2).

    Args:
        public_key: RSA.
        digest: ``"shake128"`` or ``"shake256"``.
        signature: as received.
        data: what was signed, or its digest.
        prehashed: it is the digest.
    """
    size = digests.hash_algorithm(digest).digest_size
    hashed = bytes(data) if prehashed else digests.digest(digest, data)
    numbers = public_key.public_numbers()
    bits = public_key.key_size - 1
    length = (bits + 7) // 8
    s = int.from_bytes(signature, "big")
    if len(hashed) != size or len(signature) != (public_key.key_size + 7) // 8 or s >= numbers.n or length < 2 * size + 2:
        return False
    m: int = pow(s, numbers.e, numbers.n)
    if m.bit_length() > bits:
        return False
    encoded: bytes = m.to_bytes(length, "big")
    masked, h = encoded[: -size - 1], encoded[-size - 1 : -1]
    mask = hashes.Hash.hash(_XOFS[digest](len(masked)), h)
    block = int.from_bytes(masked, "big") ^ int.from_bytes(mask, "big")
    block &= (1 << (bits - 8 * (size + 1))) - 1  # the leftmost bits are no part of it
    unmasked = block.to_bytes(len(masked), "big")
    padding, salt = unmasked[:-size], unmasked[-size:]
    if encoded[-1] != 0xBC or padding != bytes(len(padding) - 1) + b"\x01":
        return False
    expected = digests.digest(digest, bytes(8) + hashed + salt)
    return expected == h
