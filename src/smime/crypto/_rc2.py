"""RC2 decryption (RFC 2268) for key sizes that `cryptography` does not have: it knows 128 bits alone, and export-grade mail has 40 and 64.

Pure Python, some 1 MB/s, and for reading archives only: no constant time is claimed for a cipher that anyone can break.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = ["RC2CBC"]

_PI = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb6266fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_BLOCK = struct.Struct("<4H")


def _expand(key: bytes, effective_bits: int) -> tuple[int, ...]:
    """Return the 64 words of the expanded key (RFC 2268 section 2)."""
    table = bytearray(key)
    for index in range(len(key), 128):
        table.append(_PI[(table[index - 1] + table[index - len(key)]) & 0xFF])
    size = (effective_bits + 7) // 8
    mask = 0xFF >> (8 * size - effective_bits)
    table[128 - size] = _PI[table[128 - size] & mask]
    for index in range(127 - size, -1, -1):
        table[index] = _PI[table[index + 1] ^ table[index + size]]
    return struct.unpack("<64H", table)


class RC2CBC:
    """A CBC decryption that takes whole blocks of 8 octets."""

    __slots__ = ("_key", "_previous")

    def __init__(self, key: bytes, iv: bytes, effective_bits: int) -> None:
        """Start a decryption.

        Args:
            key: 1 to 128 octets.
            iv: 8 octets.
            effective_bits: 1 to 1024.
        """
        self._key = _expand(key, effective_bits)
        self._previous = iv

    def update(self, data: Buffer) -> bytes:
        """Decrypt whole blocks."""
        ciphertext = bytes(data)
        if len(ciphertext) % 8:
            raise ValueError("not whole blocks")
        if not ciphertext:
            return b""
        chain = int.from_bytes(self._previous + ciphertext[:-8], "big")
        self._previous = ciphertext[-8:]
        plaintext = b"".join([self._block(*words) for words in _BLOCK.iter_unpack(ciphertext)])
        return (int.from_bytes(plaintext, "big") ^ chain).to_bytes(len(ciphertext), "big")

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        """Decrypt whole blocks into a buffer."""
        plaintext = self.update(data)
        memoryview(buf)[: len(plaintext)] = plaintext
        return len(plaintext)

    def finalize(self) -> bytes:
        """Nothing is left."""
        return b""

    def _block(self, a: int, b: int, c: int, d: int) -> bytes:
        key = self._key
        for index in range(60, -4, -4):  # sixteen mixing rounds backwards, mashing behind the fifth and the eleventh (section 4)
            d = ((d >> 5 | d << 11) - key[index + 3] - (c & b) - (~c & a)) & 0xFFFF
            c = ((c >> 3 | c << 13) - key[index + 2] - (b & a) - (~b & d)) & 0xFFFF
            b = ((b >> 2 | b << 14) - key[index + 1] - (a & d) - (~a & c)) & 0xFFFF
            a = ((a >> 1 | a << 15) - key[index] - (d & c) - (~d & b)) & 0xFFFF
            if index in {44, 20}:
                d = (d - key[c & 63]) & 0xFFFF
                c = (c - key[b & 63]) & 0xFFFF
                b = (b - key[a & 63]) & 0xFFFF
                a = (a - key[d & 63]) & 0xFFFF
        return _BLOCK.pack(a, b, c, d)
