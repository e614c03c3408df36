"""Key derivation: from a shared secret (X9.63, HKDF, KDF2, KDF3) and from a password (PBKDF2, scrypt).

RFC 5753 section 7.2 and SEC 1 section 3.6.1; RFC 8418 and RFC 8619; RFC 9690; RFC 8018 section 5.2; RFC 7914.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests
from smime.crypto._integers import small
from smime.errors import LimitExceeded, ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["KeyDerivation", "from_password", "hkdf", "kdf3", "parse", "pbkdf2_algorithm", "x963"]


def x963(digest: str, secret: bytes, length: int, info: bytes) -> bytes:
    """Derive `length` octets by the ANSI X9.63 KDF: H(Z ‖ counter ‖ info) with the counter from 1. X9.44 calls the same thing KDF2."""
    return X963KDF(digests.hash_algorithm(digest), length, info).derive(secret)


def kdf3(digest: str, secret: bytes, length: int, info: bytes) -> bytes:
    """Derive `length` octets by X9.44 KDF3: H(counter ‖ Z ‖ info) with the counter from 1."""
    return ConcatKDFHash(digests.hash_algorithm(digest), length, info).derive(secret)


def hkdf(digest: str, secret: bytes, length: int, info: bytes, salt: bytes | None = None) -> bytes:
    """Derive `length` octets by HKDF (RFC 5869); no salt is a salt of zeros."""
    return HKDF(digests.hash_algorithm(digest), length, salt, info).derive(secret)


# -- KDF algorithms of KEMRecipientInfo (RFC 9629 section 3) --

_HKDF = {
    "hkdf-with-sha256": "sha256",
    "hkdf-with-sha384": "sha384",
    "hkdf-with-sha512": "sha512",
    "hkdf-with-sha3-224": "sha3-224",
    "hkdf-with-sha3-256": "sha3-256",
    "hkdf-with-sha3-384": "sha3-384",
    "hkdf-with-sha3-512": "sha3-512",
}


@dataclass(frozen=True, slots=True)
class KeyDerivation:
    """A KDF that takes a shared secret. `kind` is ``"hkdf"``, ``"kdf2"`` or ``"kdf3"``."""

    kind: str
    digest: str

    def derive(self, secret: bytes, length: int, info: bytes) -> bytes:
        """Derive `length` octets; without salt, where the KDF has one."""
        if self.kind == "hkdf":
            return hkdf(self.digest, secret, length, info)
        return (x963 if self.kind == "kdf2" else kdf3)(self.digest, secret, length, info)


@lru_cache(maxsize=64)
def _key_derivation(oid: str, parameters: bytes | None) -> KeyDerivation:
    name = algorithms.name_of(oid)
    if name in _HKDF:
        if parameters is not None:
            raise ParseError("cms", f"{name} has no parameters, and the message states some")
        return KeyDerivation("hkdf", _HKDF[name])
    if name in {"kdf2", "kdf3"}:
        if parameters is None:
            raise ParseError("cms", f"{name} states no digest")
        return KeyDerivation(name, digests.name_of(AlgorithmIdentifier.from_raw(parameters)))
    raise UnsupportedError("key derivation algorithm", oid)


def parse(algorithm: AlgorithmIdentifier) -> KeyDerivation:
    """Read the KDF of a KEMRecipientInfo.

    Raises:
        ParseError: its parameters are not those it is defined with.
        UnsupportedError: the KDF or its digest is unknown.
    """
    return _key_derivation(algorithm.oid, algorithm.parameters)


# -- passwords (PasswordRecipientInfo.keyDerivationAlgorithm, RFC 5652 section 6.2.4) --

_PRF = {
    "hmac-sha1": "sha1",
    "hmac-sha224": "sha224",
    "hmac-sha256": "sha256",
    "hmac-sha384": "sha384",
    "hmac-sha512": "sha512",
    "hmac-sha3-224": "sha3-224",
    "hmac-sha3-256": "sha3-256",
    "hmac-sha3-384": "sha3-384",
    "hmac-sha3-512": "sha3-512",
}
_HMAC_SHA256 = "1.2.840.113549.2.9"
_LONGEST_SALT = 1 << 16
PBKDF2_ITERATIONS = 600_000
"""What is written: the OWASP recommendation of 2023 for HMAC-SHA-256."""


def pbkdf2_algorithm(key_size: int, *, salt: bytes | None = None, iterations: int = PBKDF2_ITERATIONS) -> AlgorithmIdentifier:
    """Return PBKDF2 with HMAC-SHA-256 as it is written.

    Args:
        key_size: of the derived key, octets.
        salt: fresh 16 octets unless given.
        iterations: rounds.
    """
    parameters = writer.sequence(
        writer.octet_string(secrets.token_bytes(16) if salt is None else salt),
        writer.integer(iterations),
        writer.integer(key_size),
        writer.sequence(writer.oid(_HMAC_SHA256), writer.NULL),
    )
    return AlgorithmIdentifier.build(algorithms.PBKDF2.oid, parameters)


def from_password(algorithm: AlgorithmIdentifier, password: bytes, key_size: int, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Derive a key encryption key from a password. What it will cost is checked first.

    Args:
        algorithm: PBKDF2 or scrypt with its parameters.
        password: its octets (UTF-8, RFC 5652 section 6.2.4).
        key_size: what the key wrap needs, octets.
        limits: `kdf_iterations` and `kdf_memory`.

    Raises:
        ParseError: the parameters are malformed, or state another key size.
        LimitExceeded: they ask for too much work or memory.
        UnsupportedError: another KDF, an unknown PRF, a salt from elsewhere.
    """
    if algorithm.oid not in {algorithms.PBKDF2.oid, algorithms.SCRYPT.oid}:
        raise UnsupportedError("key derivation algorithm", algorithm.oid)
    if algorithm.parameters is None:
        raise ParseError("cms", f"{algorithm.name} states no parameters")
    reader = der.Reader(der.parse(algorithm.parameters, layer="cms").expect(der.SEQUENCE))
    salt_choice = reader.any()
    if salt_choice.tag & ~0x20 != der.OCTET_STRING:
        raise UnsupportedError("salt source of PBKDF2", der.tag_name(salt_choice.tag))
    salt = salt_choice.contents
    if len(salt) > _LONGEST_SALT:
        raise ParseError("cms", f"a salt of {len(salt)} octets")
    if algorithm.oid == algorithms.PBKDF2.oid:
        return _pbkdf2(reader, salt, password, key_size, limits)
    return _scrypt(reader, salt, password, key_size, limits)


def _check_size(stated: int, key_size: int) -> None:
    if stated != key_size:
        raise ParseError("cms", f"the key derivation makes {stated} octets, and the key encryption takes {key_size}")


def _pbkdf2(reader: der.Reader, salt: bytes, password: bytes, key_size: int, limits: Limits) -> bytes:
    iterations = small(reader.any())
    if reader.peek() == der.INTEGER:
        _check_size(small(reader.any()), key_size)
    prf = "sha1"
    if reader.peek() is not None:
        stated = AlgorithmIdentifier.from_element(reader.element(der.SEQUENCE))
        if stated.name not in _PRF or not stated.parameters_absent_or_null:
            raise UnsupportedError("pseudo-random function of PBKDF2", stated.oid)
        prf = _PRF[stated.name]
    reader.end()
    if iterations < 1:
        raise ParseError("cms", f"PBKDF2 with {iterations} rounds")
    if iterations > limits.kdf_iterations:
        raise LimitExceeded("kdf_iterations", limits.kdf_iterations)
    return PBKDF2HMAC(digests.hash_algorithm(prf), key_size, salt, iterations).derive(password)


def _scrypt(reader: der.Reader, salt: bytes, password: bytes, key_size: int, limits: Limits) -> bytes:
    n, r, p = small(reader.any()), small(reader.any()), small(reader.any())
    if reader.peek() is not None:
        _check_size(small(reader.any()), key_size)
    reader.end()
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise ParseError("cms", f"scrypt with N={n}, r={r}, p={p}")
    if 128 * r * (n + p) > limits.kdf_memory:
        raise LimitExceeded("kdf_memory", limits.kdf_memory)
    if n * r * p > limits.kdf_iterations:  # one unit of this is some 128 octets mixed by Salsa20/8, about a round of PBKDF2
        raise LimitExceeded("kdf_iterations", limits.kdf_iterations)
    try:
        return Scrypt(salt, key_size, n, r, p).derive(password)
    except (ValueError, MemoryError, UnsupportedAlgorithm) as error:
        raise UnsupportedError("scrypt parameters", str(error)) from None
