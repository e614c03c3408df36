"""Key transport by RSA: PKCS #1 v1.5 (RFC 3370 section 4.2.1) and OAEP (RFC 3560, RFC 4055 section 4.1, RFC 5756).

PKCS #1 v1.5 never tells whether its padding was right: a key is made up first, and is what comes out of every bad ciphertext (RFC 3218
section 2.3). That the content then does not decrypt is the same fault as any other.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests
from smime.crypto.faults import Failed
from smime.crypto.keys import check_public_key, is_native, key_kind
from smime.crypto.rsa_parameters import hash_identifier, mgf1_digest, mgf1_identifier
from smime.errors import KeyMismatchError, ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["OAEPParameters", "choose", "decrypt", "decrypt_v15", "encrypt", "oaep_algorithm", "parse_oaep"]

_V15 = padding.PKCS1v15()
_V15_ALGORITHM = AlgorithmIdentifier.build(algorithms.RSA_ENCRYPTION.oid, writer.NULL)


@dataclass(frozen=True, slots=True)
class OAEPParameters:
    """What RSAES-OAEP-params say: names of two digests, and the label."""

    digest: str
    mgf_digest: str
    label: bytes


@lru_cache(maxsize=64)
def parse_oaep(parameters: bytes) -> OAEPParameters:
    """Read RSAES-OAEP-params; defaults may be spelled out.

    Raises:
        ParseError: they are malformed.
        UnsupportedError: a digest, the mask generation function or the source of the label is unknown.
    """
    reader = der.Reader(der.parse(parameters, layer="cms").expect(der.SEQUENCE))
    digest, mgf_digest, label = "sha1", "sha1", b""
    if (element := reader.optional_explicit(0)) is not None:
        digest = digests.name_of(AlgorithmIdentifier.from_element(element.expect(der.SEQUENCE)))
    if (element := reader.optional_explicit(1)) is not None:
        mgf_digest = mgf1_digest(element)
    if (element := reader.optional_explicit(2)) is not None:
        source = AlgorithmIdentifier.from_element(element.expect(der.SEQUENCE))
        if source.oid != algorithms.P_SPECIFIED.oid or source.parameters is None:
            raise UnsupportedError("source of the OAEP label", source.oid)
        value = der.parse(source.parameters, layer="cms")
        if value.tag & ~0x20 != der.OCTET_STRING:
            value.expect(der.OCTET_STRING)
        label = value.contents
    reader.end()
    return OAEPParameters(digest, mgf_digest, label)


@lru_cache(maxsize=32)
def oaep_algorithm(digest: str = "sha256", mgf_digest: str | None = None, label: bytes = b"") -> AlgorithmIdentifier:
    """Return the AlgorithmIdentifier of RSAES-OAEP as it is written: EXPLICIT tags, defaults left out, NULL inside the digests' own."""
    mgf_digest = mgf_digest or digest
    parts = []
    if digest != "sha1":
        parts.append(writer.explicit(0, hash_identifier(digest)))
    if mgf_digest != "sha1":
        parts.append(writer.explicit(1, mgf1_identifier(mgf_digest)))
    if label:
        parts.append(writer.explicit(2, writer.sequence(writer.oid(algorithms.P_SPECIFIED.oid), writer.octet_string(label))))
    return AlgorithmIdentifier.build(algorithms.RSAES_OAEP.oid, writer.sequence(*parts))


@lru_cache(maxsize=64)
def _padding(oid: str, parameters: bytes | None) -> padding.AsymmetricPadding:
    """Return what `cryptography` calls the algorithm; the one object `_V15` for PKCS #1 v1.5."""
    if oid == algorithms.RSA_ENCRYPTION.oid:
        if parameters not in {None, writer.NULL}:
            raise ParseError("cms", "the parameters of rsaEncryption are not NULL")
        return _V15
    if oid != algorithms.RSAES_OAEP.oid:
        raise UnsupportedError("key transport algorithm", oid)
    if parameters is None:
        raise ParseError("cms", "RSAES-OAEP states no parameters")
    stated = parse_oaep(parameters)
    mgf = padding.MGF1(digests.hash_algorithm(stated.mgf_digest))
    return padding.OAEP(mgf, digests.hash_algorithm(stated.digest), stated.label or None)


def _check_binding(key_algorithm: AlgorithmIdentifier | None, algorithm: AlgorithmIdentifier) -> None:
    """An RSA key whose SubjectPublicKeyInfo says more than rsaEncryption is for that alone (RFC 4055 sections 1.2 and 4)."""
    if key_algorithm is None or key_algorithm.oid == algorithms.RSA_ENCRYPTION.oid:
        return
    if key_algorithm.oid != algorithm.oid:
        raise KeyMismatchError(f"the key is for {key_algorithm.name} only")
    if key_algorithm.parameters is not None and algorithm.parameters is not None:
        bound, stated = parse_oaep(key_algorithm.parameters), parse_oaep(algorithm.parameters)
        if (bound.digest, bound.mgf_digest) != (stated.digest, stated.mgf_digest):
            raise KeyMismatchError(f"the key is for RSAES-OAEP with {bound.digest} and MGF1 with {bound.mgf_digest} only")


def choose(key_algorithm: AlgorithmIdentifier | None = None, *, v15: bool = False) -> AlgorithmIdentifier:
    """Choose how to send a key to an RSA key: OAEP with SHA-256, or what the key is bound to.

    Args:
        key_algorithm: the algorithm in the SubjectPublicKeyInfo of the recipient's certificate.
        v15: PKCS #1 v1.5, for older readers.

    Raises:
        KeyMismatchError: the key is not for key transport, or not for PKCS #1 v1.5.
    """
    if key_algorithm is not None and key_algorithm.oid == algorithms.RSAES_OAEP.oid and key_algorithm.parameters is not None and not v15:
        bound = parse_oaep(key_algorithm.parameters)
        return oaep_algorithm(bound.digest, bound.mgf_digest)
    chosen = _V15_ALGORITHM if v15 else oaep_algorithm()
    _check_binding(key_algorithm, chosen)
    return chosen


def encrypt(public_key: Any, algorithm: AlgorithmIdentifier, key: bytes, *, key_algorithm: AlgorithmIdentifier | None = None) -> bytes:
    """Encrypt a content encryption key.

    Args:
        public_key: of the recipient.
        algorithm: from `choose`, or another.
        key: the content encryption key.
        key_algorithm: the algorithm in the SubjectPublicKeyInfo of the recipient's certificate.

    Raises:
        KeyMismatchError: the public key is not RSA, too small, or not for this algorithm.
        ParseError, UnsupportedError: the algorithm.
    """
    if key_kind(public_key) != "RSA":
        raise KeyMismatchError(f"a key of kind {key_kind(public_key)} takes no key transport")
    _check_binding(key_algorithm, algorithm)
    try:
        encrypted: bytes = public_key.encrypt(key, _padding(algorithm.oid, algorithm.parameters))
    except UnsupportedAlgorithm:
        raise UnsupportedError("combination of digests in RSAES-OAEP", algorithm.oid) from None
    except ValueError:
        raise KeyMismatchError(f"an RSA key of {public_key.key_size} bits is too small for {algorithm.name}") from None
    return encrypted


def decrypt_v15(
    private_key: Any, encrypted_key: bytes, key_size: int | Collection[int], *, algorithm: AlgorithmIdentifier | None = None
) -> bytes:
    """Decrypt a content encryption key sent by PKCS #1 v1.5. It never fails: what is wrong comes out as a random key.

    Args:
        private_key: RSA, of either sort (`keys.PrivateKey`).
        encrypted_key: as received.
        key_size: of the content encryption key in octets, or all the sizes it may have; the first is that of the random key.
        algorithm: as received, for private keys of the other sort.

    Returns:
        The key as sent, if everything is right with it and its size is allowed; otherwise a random one.
    """
    sizes = (key_size,) if isinstance(key_size, int) else tuple(key_size)
    substitute = secrets.token_bytes(sizes[0])  # first, so that a good and a bad ciphertext do the same work (RFC 3218 section 2.3)
    try:
        if is_native(private_key):
            # OpenSSL answers bad padding with random octets of random length of its own (implicit rejection), so what remains visible is
            # a ciphertext of the wrong size or above the modulus, which is no secret
            key: bytes = private_key.decrypt(encrypted_key, _V15)
        else:
            key = bytes(private_key.decrypt(encrypted_key, algorithm or _V15_ALGORITHM))
    except (ValueError, Failed):
        return substitute
    return key if len(key) in sizes else substitute


def decrypt(
    private_key: Any,
    algorithm: AlgorithmIdentifier,
    encrypted_key: bytes,
    key_size: int | Collection[int],
    *,
    key_algorithm: AlgorithmIdentifier | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Decrypt a content encryption key.

    Args:
        private_key: RSA, of either sort (`keys.PrivateKey`).
        algorithm: keyEncryptionAlgorithm as received.
        encrypted_key: as received.
        key_size: of the content encryption key in octets, or all the sizes it may have.
        key_algorithm: the algorithm in the SubjectPublicKeyInfo of the recipient's certificate.
        limits: `rsa_modulus_bits` counts.

    Raises:
        Failed: OAEP does not decrypt, or to a key of another size. PKCS #1 v1.5 never raises it: see `decrypt_v15`.
        KeyMismatchError: the private key is not RSA or not for this algorithm.
        LimitExceeded: the private key is too big.
        ParseError, UnsupportedError: the algorithm, or a private key that does not decrypt.
    """
    chosen = _padding(algorithm.oid, algorithm.parameters)
    _check_binding(key_algorithm, algorithm)
    native = is_native(private_key)
    if native:
        if key_kind(private_key) != "RSA":
            raise KeyMismatchError(f"a key of kind {key_kind(private_key)} takes no key transport")
        if private_key.key_size > limits.rsa_modulus_bits:
            check_public_key(private_key.public_key(), limits=limits)
    elif not hasattr(private_key, "decrypt"):
        raise UnsupportedError("private key that does not decrypt", type(private_key).__name__)
    if chosen is _V15:
        return decrypt_v15(private_key, encrypted_key, key_size, algorithm=algorithm)
    sizes = (key_size,) if isinstance(key_size, int) else key_size
    try:
        key = private_key.decrypt(encrypted_key, chosen) if native else bytes(private_key.decrypt(encrypted_key, algorithm))
    except UnsupportedAlgorithm:
        raise UnsupportedError("combination of digests in RSAES-OAEP", algorithm.oid) from None
    except ValueError:
        raise Failed from None
    if len(key) not in sizes:
        raise Failed
    return bytes(key)
