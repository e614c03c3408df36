"""One fact about GCM: what additional authenticated data does to the tag can be taken out again, without the ciphertext.

GHASH is a polynomial over GF(2^128) evaluated at H = E(K, 0), and the tag is GHASH xor E(K, J0) (NIST SP 800-38D sections 6.4 and 7.1).
Let a be the m blocks of the additional data A, c the n blocks of the ciphertext C, and L the block with the length of A in its upper half::

    GHASH(A, C)  = (Y·H^n + c_1·H^n + … + c_n·H + L + len(C))·H       with Y = a_1·H^m + … + a_m·H
    GHASH(A, "") = (Y + L)·H
    GHASH(A, C) + GHASH("", C) = Y·H^(n+1) + L·H = (GHASH(A, "") + L·H)·H^n + L·H

So a tag is right for (A, C) exactly when that tag plus this difference is right for ("", C). A message whose additional data comes after
its content is decrypted and authenticated in one pass with none, and the received tag is corrected before the comparison, which stays
`cryptography`'s. The same holds for the leading octets of the tag, where it is shortened.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB, GCM

__all__ = ["tag_without_aad"]

_POLYNOMIAL = 0xE1 << 120  # x^128 + x^7 + x^2 + x + 1; the first bit of a block is the coefficient of x^0
_ONE = 1 << 127


def _multiply(x: int, y: int) -> int:
    product = 0
    for shift in range(127, -1, -1):
        product ^= x & -(y >> shift & 1)
        x = x >> 1 ^ _POLYNOMIAL & -(x & 1)
    return product


def _power(base: int, exponent: int) -> int:
    result = _ONE
    while exponent:
        if exponent & 1:
            result = _multiply(result, base)
        exponent >>= 1
        if exponent:
            base = _multiply(base, base)
    return result


def _tag(key: bytes, iv: bytes, aad: bytes) -> int:
    context: Any = Cipher(AES(key), GCM(iv)).encryptor()
    context.authenticate_additional_data(aad)
    context.finalize()
    return int.from_bytes(context.tag, "big")


def tag_without_aad(key: bytes, iv: bytes, aad: bytes, length: int, tag: bytes) -> bytes:
    """Return the tag that the ciphertext has without additional data exactly if it has `tag` with `aad`.

    Args:
        key: of AES.
        iv: the nonce.
        aad: additional authenticated data.
        length: of the ciphertext, octets.
        tag: up to 16 octets.
    """
    h = int.from_bytes(Cipher(AES(key), ECB()).encryptor().update(bytes(16)), "big")  # noqa: S305 - one block: the hash key itself
    blocks = -(-length // 16)
    of_length = _multiply(len(aad) * 8 << 64, h)
    # GHASH("", "") is 0, so the tag of nothing is E(K, J0)
    difference = _multiply(_tag(key, iv, aad) ^ _tag(key, iv, b"") ^ of_length, _power(h, blocks)) ^ of_length
    correction = difference.to_bytes(16, "big")
    return bytes(a ^ b for a, b in zip(tag, correction, strict=False))
