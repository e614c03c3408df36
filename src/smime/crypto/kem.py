"""Key encapsulation for KEMRecipientInfo (RFC 9629): ML-KEM (RFC 9936) and RSA-KEM (RFC 9690).

A KEM gives both sides a shared secret; a KDF makes the key encryption key from it and from ``CMSORIforKEMOtherInfo``, which binds key wrap,
length and user keying material.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import kdf, key_wrap
from smime.crypto._integers import small
from smime.crypto.faults import Failed
from smime.crypto.keys import check_public_key, is_native, key_kind
from smime.errors import KeyMismatchError, ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["KINDS", "EncapsulatedKey", "other_info", "unwrap", "wrap"]

KINDS = frozenset({"ML-KEM-768", "ML-KEM-1024"})
"""The kinds of keys that do nothing else; RSA keys can do RSA-KEM."""

_ML_KEM_OIDS = frozenset(row.oid for row in (algorithms.ML_KEM_512, algorithms.ML_KEM_768, algorithms.ML_KEM_1024))
_SHARED_SECRET = 32  # octets, FIPS 203
_OIDS = {"ML-KEM-768": algorithms.ML_KEM_768.oid, "ML-KEM-1024": algorithms.ML_KEM_1024.oid}


@dataclass(frozen=True, slots=True)
class EncapsulatedKey:
    """The fields of a KEMRecipientInfo but for the recipient's identifier.

    Attributes:
        kem: AlgorithmIdentifier of the KEM.
        ciphertext: kemct.
        kdf: AlgorithmIdentifier of the KDF.
        kek_length: octets.
        ukm: user keying material, None if there is none.
        wrap: AlgorithmIdentifier of the key wrap.
        encrypted_key: the wrapped key.
    """

    kem: AlgorithmIdentifier
    ciphertext: bytes
    kdf: AlgorithmIdentifier
    kek_length: int
    ukm: bytes | None
    wrap: AlgorithmIdentifier
    encrypted_key: bytes


def other_info(wrap_algorithm: AlgorithmIdentifier, kek_length: int, ukm: bytes | None) -> bytes:
    """Return the DER of CMSORIforKEMOtherInfo (RFC 9629 section 5)."""
    entity = b"" if ukm is None else writer.explicit(0, writer.octet_string(ukm))
    return writer.sequence(wrap_algorithm.raw, writer.integer(kek_length), entity)


@lru_cache(maxsize=2)
def _kdf_algorithm(kind: str) -> AlgorithmIdentifier:
    if kind == "RSA":  # RFC 9690 section 2.1: KDF3 with SHA-256
        sha256 = AlgorithmIdentifier.build(algorithms.DIGESTS_BY_NAME["sha256"].oid)
        return AlgorithmIdentifier.build(algorithms.KDF3.oid, sha256.raw)
    return AlgorithmIdentifier.build(algorithms.HKDF_SHA256.oid)


def wrap(public_key: Any, key: bytes, *, ukm: bytes | None = None) -> EncapsulatedKey:
    """Wrap a content encryption key for a recipient, with what RFC 9936 and RFC 9690 make mandatory.

    Args:
        public_key: ML-KEM, or RSA for RSA-KEM.
        key: the content encryption key.
        ukm: user keying material.

    Raises:
        KeyMismatchError: a key of another kind.
    """
    kind = key_kind(public_key)
    derivation = _kdf_algorithm("RSA" if kind == "RSA" else "ML-KEM")
    if kind == "RSA":
        kem, wrap_name = AlgorithmIdentifier.build(algorithms.RSA_KEM.oid), key_wrap.wrap_for(len(key))
        size = algorithms.KEY_WRAPS_BY_NAME[wrap_name].key_size
        z, ciphertext = _rsa_encapsulate(public_key)
        secret = kdf.parse(derivation).derive(z, size, b"")
    elif kind in KINDS:
        kem, wrap_name = AlgorithmIdentifier.build(_OIDS[kind]), "aes-256-wrap"
        size = 32
        secret, ciphertext = public_key.encapsulate()
    else:
        raise KeyMismatchError(f"a key of kind {kind} does not encapsulate")
    wrap_algorithm = key_wrap.algorithm_identifier(wrap_name)
    kek = kdf.parse(derivation).derive(secret, size, other_info(wrap_algorithm, size, ukm))
    return EncapsulatedKey(kem, ciphertext, derivation, size, ukm, wrap_algorithm, key_wrap.wrap(wrap_algorithm, kek, key))


def unwrap(private_key: Any, received: EncapsulatedKey, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Unwrap a content encryption key.

    Args:
        private_key: ML-KEM, or RSA, of `cryptography`; for ML-KEM also an object with `PrivateKey.decapsulate`.
        received: from the message.
        limits: `rsa_modulus_bits` counts.

    Raises:
        Failed: it was for another key, or was changed.
        KeyMismatchError: a private key of another kind.
        ParseError: parameters where there are none, or a kekLength that the key wrap does not take (RFC 9629 section 3).
        UnsupportedError: one of the algorithms, ML-KEM-512 among them if the key is of `cryptography`, or a private key elsewhere that does
            not decapsulate.
    """
    derivation = kdf.parse(received.kdf)
    if key_wrap.kek_size(received.wrap) != received.kek_length:
        raise ParseError("cms", f"kekLength is {received.kek_length}, and {received.wrap.name} takes {key_wrap.kek_size(received.wrap)}")
    name = received.kem.name
    if received.kem.oid in _ML_KEM_OIDS and received.kem.parameters is not None:
        raise ParseError("cms", f"{name} has no parameters, and the message states some")
    if not is_native(private_key):
        secret = _decapsulated_elsewhere(private_key, received)
        kek = derivation.derive(secret, received.kek_length, other_info(received.wrap, received.kek_length, received.ukm))
        return key_wrap.unwrap(received.wrap, kek, received.encrypted_key)
    kind = key_kind(private_key)
    if received.kem.oid == algorithms.RSA_KEM.oid:
        if kind != "RSA":
            raise KeyMismatchError(f"a key of kind {kind} does not decapsulate RSA-KEM")
        check_public_key(private_key.public_key(), limits=limits)
        inner, length = _rsa_parameters(received, derivation)
        secret = inner.derive(_rsa_decapsulate(private_key, received.ciphertext), length, b"")
    elif received.kem.oid in algorithms.KEMS:
        if name not in KINDS:
            raise UnsupportedError("key encapsulation algorithm", name)
        if kind != name:
            raise KeyMismatchError(f"a key of kind {kind} does not decapsulate {name}")
        try:
            secret = private_key.decapsulate(received.ciphertext)
        except ValueError:
            raise Failed from None
    else:
        raise UnsupportedError("key encapsulation algorithm", received.kem.oid)
    kek = derivation.derive(secret, received.kek_length, other_info(received.wrap, received.kek_length, received.ukm))
    return key_wrap.unwrap(received.wrap, kek, received.encrypted_key)


def _decapsulated_elsewhere(private_key: Any, received: EncapsulatedKey) -> bytes:
    """Ask a key that is not in this process; which, unlike `cryptography`, may know ML-KEM-512."""
    if received.kem.oid not in _ML_KEM_OIDS or not hasattr(private_key, "decapsulate"):
        raise UnsupportedError("private key that does not decapsulate", type(private_key).__name__)
    try:
        secret = bytes(private_key.decapsulate(received.ciphertext, received.kem))
    except ValueError:
        raise Failed from None
    if len(secret) != _SHARED_SECRET:
        raise Failed
    return secret


# -- RSA-KEM (RFC 9690 appendix A) --


def _rsa_parameters(received: EncapsulatedKey, derivation: kdf.KeyDerivation) -> tuple[kdf.KeyDerivation, int]:
    """Return KDF and length of the shared secret: RsaKemParameters, or those of the key encryption key where there are none."""
    if received.kem.parameters is None:
        return derivation, received.kek_length
    reader = der.Reader(der.parse(received.kem.parameters, layer="cms").expect(der.SEQUENCE))
    inner = kdf.parse(AlgorithmIdentifier.from_element(reader.element(der.SEQUENCE)))
    length = small(reader.any())
    reader.end()
    if not 1 <= length <= 64:
        raise ParseError("cms", f"a shared secret of {length} octets")
    return inner, length


def _rsa_encapsulate(public_key: Any, _z: int | None = None) -> tuple[bytes, bytes]:
    numbers = public_key.public_numbers()
    size = (public_key.key_size + 7) // 8
    z = secrets.randbelow(numbers.n) if _z is None else _z
    return z.to_bytes(size, "big"), pow(z, numbers.e, numbers.n).to_bytes(size, "big")


def _rsa_decapsulate(private_key: Any, ciphertext: bytes) -> bytes:
    """Return c^d mod n, as octets of the size of n.

    `cryptography` has no RSA without padding, so this is Python's own integer arithmetic, which is not of constant time. The base and both
    exponents are therefore blinded: what can be timed is independent of the ciphertext and different at every call.
    """
    numbers = private_key.private_numbers()
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    c = int.from_bytes(ciphertext, "big")
    if len(ciphertext) != (n.bit_length() + 7) // 8 or c >= n:
        raise Failed
    p, q = numbers.p, numbers.q
    blind = secrets.randbelow(n - 2) + 2
    base = c * pow(blind, e, n) % n
    dp = numbers.dmp1 + secrets.randbits(64) * (p - 1)
    dq = numbers.dmq1 + secrets.randbits(64) * (q - 1)
    mp, mq = pow(base % p, dp, p), pow(base % q, dq, q)
    z = (mq + (mp - mq) * numbers.iqmp % p * q) * pow(blind, -1, n) % n
    if pow(z, e, n) != c:  # a fault in the arithmetic would give the key away
        raise Failed
    return int(z).to_bytes(len(ciphertext), "big")
