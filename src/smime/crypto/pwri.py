"""Passwords: the key derivation and the two key wraps of PasswordRecipientInfo (RFC 5652 section 6.2.4, RFC 3211, RFC 8018).

PWRI-KEK wraps by two passes of CBC, the second of which begins with the last block of the first as its initialisation vector, so that every
block depends on all of the key. What comes out is checked by the complement of its first three octets alone: it tells a typing mistake, and
is no protection against changes.
"""

from __future__ import annotations

import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.constant_time import bytes_eq

from smime import algorithms
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import content_encryption, kdf
from smime.crypto import key_wrap as wraps
from smime.crypto.ciphers import cbc_decryption
from smime.crypto.faults import Failed
from smime.errors import ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["algorithm_identifier", "unwrap", "unwrap_with_kek", "wrap"]

_LARGEST = 1 << 12


def algorithm_identifier(cipher: str = "aes-256-cbc", *, iv: bytes | None = None) -> AlgorithmIdentifier:
    """Return PWRI-KEK over an AES-CBC cipher.

    Args:
        cipher: its name.
        iv: of the first pass; fresh unless given.

    Raises:
        UnsupportedError: another cipher.
    """
    row = algorithms.CONTENT_ENCRYPTIONS_BY_NAME.get(cipher)
    if row is None or row.mode != "cbc" or row.block_size != 16:
        raise UnsupportedError("cipher for PWRI-KEK", cipher)
    inner = content_encryption.algorithm_identifier(cipher, secrets.token_bytes(16) if iv is None else iv)
    return AlgorithmIdentifier.build(algorithms.PWRI_KEK.oid, inner.raw)


def _cipher_of(algorithm: AlgorithmIdentifier) -> content_encryption.ContentEncryptionParameters:
    if algorithm.parameters is None:
        raise ParseError("cms", "PWRI-KEK states no cipher")
    parameters = content_encryption.parse_parameters(AlgorithmIdentifier.from_raw(algorithm.parameters))
    if parameters.mode != "cbc" or parameters.cek_hkdf:
        raise UnsupportedError("cipher for PWRI-KEK", parameters.name)
    return parameters


def wrap(
    password: bytes,
    key: bytes,
    *,
    cipher: str = "aes-256-cbc",
    key_wrap: str | None = None,
    iterations: int = kdf.PBKDF2_ITERATIONS,
) -> tuple[AlgorithmIdentifier, AlgorithmIdentifier, bytes]:
    """Wrap a key under a password, by PBKDF2 with HMAC-SHA-256 and PWRI-KEK.

    Args:
        password: its octets, UTF-8.
        key: the key to be wrapped, 3 to 255 octets.
        cipher: of PWRI-KEK.
        key_wrap: a key wrap of RFC 3394 instead of PWRI-KEK, by name.
        iterations: of PBKDF2.

    Returns:
        keyDerivationAlgorithm, keyEncryptionAlgorithm and encryptedKey.

    Raises:
        UnsupportedError: the cipher or the key wrap.
    """
    if key_wrap is not None:
        wrapping = wraps.algorithm_identifier(key_wrap)
        size = wraps.kek_size(wrapping)
        derivation = kdf.pbkdf2_algorithm(size, iterations=iterations)
        kek = kdf.from_password(derivation, password, size, limits=DEFAULT_LIMITS.replace(kdf_iterations=iterations))
        return derivation, wrapping, wraps.wrap(wrapping, kek, key)
    algorithm = algorithm_identifier(cipher)
    parameters = _cipher_of(algorithm)
    derivation = kdf.pbkdf2_algorithm(parameters.key_size, iterations=iterations)
    # the limits are for what others ask for
    kek = kdf.from_password(derivation, password, parameters.key_size, limits=DEFAULT_LIMITS.replace(kdf_iterations=iterations))
    return derivation, algorithm, _wrap(kek, parameters.iv, key)


def _wrap(kek: bytes, iv: bytes, key: bytes) -> bytes:
    if not 3 <= len(key) <= 255:
        raise UnsupportedError("size of a key for PWRI-KEK", f"{len(key)} octets")
    block = bytes([len(key)]) + bytes(octet ^ 0xFF for octet in key[:3]) + key
    block += secrets.token_bytes(max(32 - len(block), -len(block) % 16))
    first = _aes_cbc(kek, iv).update(block)
    second: bytes = _aes_cbc(kek, first[-16:]).update(first)
    return second


def _aes_cbc(kek: bytes, iv: bytes) -> Any:
    return Cipher(AES(kek), CBC(iv)).encryptor()


def unwrap(
    password: bytes,
    derivation: AlgorithmIdentifier,
    algorithm: AlgorithmIdentifier,
    encrypted_key: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Unwrap a key under a password.

    Args:
        password: its octets, UTF-8.
        derivation: keyDerivationAlgorithm.
        algorithm: keyEncryptionAlgorithm: PWRI-KEK or a key wrap.
        encrypted_key: as received.
        limits: `kdf_iterations` and `kdf_memory`.

    Raises:
        Failed: another password, or a changed key.
        LimitExceeded: the derivation asks for too much.
        ParseError, UnsupportedError: the algorithms.
    """
    size = _cipher_of(algorithm).key_size if algorithm.oid == algorithms.PWRI_KEK.oid else wraps.kek_size(algorithm)
    return unwrap_with_kek(kdf.from_password(derivation, password, size, limits=limits), algorithm, encrypted_key)


def unwrap_with_kek(kek: bytes, algorithm: AlgorithmIdentifier, encrypted_key: bytes) -> bytes:
    """Unwrap a key under a key encryption key, for a PasswordRecipientInfo whose key comes from elsewhere; see `unwrap`."""
    if algorithm.oid != algorithms.PWRI_KEK.oid:
        return wraps.unwrap(algorithm, kek, encrypted_key)
    parameters = _cipher_of(algorithm)
    size = parameters.block_size
    if len(encrypted_key) % size or not 2 * size <= len(encrypted_key) <= _LARGEST or len(kek) != parameters.key_size:
        raise Failed

    def decrypt(iv: bytes, blocks: bytes) -> bytes:
        plaintext: bytes = cbc_decryption(parameters.name, kek, iv, parameters.effective_bits).update(blocks)
        return plaintext

    last = decrypt(encrypted_key[-2 * size : -size], encrypted_key[-size:])
    inner = decrypt(last, encrypted_key[:-size]) + last
    block = decrypt(parameters.iv, inner)
    count = block[0]
    check = bytes(octet ^ 0xFF for octet in block[4:7])
    if not bytes_eq(block[1:4], check) or not 3 <= count <= len(block) - 4:
        raise Failed
    return block[4 : 4 + count]
