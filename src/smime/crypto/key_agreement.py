"""Key agreement with an ephemeral key: ECDH on named curves (RFC 5753), X25519 and X448 (RFC 8418).

The originator's key is made for one content and agrees with any number of recipients whose keys are on its curve. All curves here have
cofactor 1 (RFC 5753 names no other), so that standard and cofactor Diffie-Hellman are one computation under two names.

The key encryption key comes from the shared secret by X9.63 or HKDF over ``ECC-CMS-SharedInfo``, which binds the key wrap algorithm and the
user keying material.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import kdf, key_wrap
from smime.crypto.faults import Failed
from smime.crypto.keys import EC_PUBLIC_KEY, curve_oid, is_native, key_kind, raw_public_key
from smime.errors import KeyMismatchError, ParseError, UnsupportedError

__all__ = [
    "KINDS",
    "EphemeralKey",
    "KeyAgreementParameters",
    "algorithm_identifier",
    "choose",
    "parse",
    "shared_info",
    "unwrap",
]

KINDS = frozenset({"EC", "X25519", "X448"})
"""The kinds of keys that agree on keys."""

_EC = ec.ECDH()
_OKP_OIDS = {"X25519": "1.3.101.110", "X448": "1.3.101.111"}
_OKP_SIZES = {"X25519": 32, "X448": 56}
# RFC 8551 section 2.3 makes P-256 with SHA-256 and X25519 with HKDF-SHA-256 mandatory; others by the strength of their curve
_SCHEME_BY_CURVE = {
    "secp384r1": "dhSinglePass-stdDH-sha384kdf",
    "brainpoolP384r1": "dhSinglePass-stdDH-sha384kdf",
    "secp521r1": "dhSinglePass-stdDH-sha512kdf",
    "brainpoolP512r1": "dhSinglePass-stdDH-sha512kdf",
}
_SCHEME_BY_KIND = {
    "EC": "dhSinglePass-stdDH-sha256kdf",
    "X25519": "dhSinglePass-stdDH-hkdf-sha256",
    "X448": "dhSinglePass-stdDH-hkdf-sha512",
}


@dataclass(frozen=True, slots=True)
class KeyAgreementParameters:
    """What the keyEncryptionAlgorithm of a KeyAgreeRecipientInfo says: the scheme, and in its parameters the key wrap."""

    scheme: algorithms.KeyAgreement
    wrap: AlgorithmIdentifier
    kek_size: int


@lru_cache(maxsize=64)
def _parse(oid: str, parameters: bytes | None) -> KeyAgreementParameters:
    scheme = algorithms.KEY_AGREEMENTS.get(oid)
    if scheme is None:
        raise UnsupportedError("key agreement algorithm", oid)
    if parameters is None:
        raise ParseError("cms", f"{scheme.name} states no key wrap algorithm")
    wrap = AlgorithmIdentifier.from_raw(parameters)
    return KeyAgreementParameters(scheme, wrap, key_wrap.kek_size(wrap))


def parse(algorithm: AlgorithmIdentifier) -> KeyAgreementParameters:
    """Read the keyEncryptionAlgorithm of a KeyAgreeRecipientInfo.

    Raises:
        ParseError: there is no key wrap algorithm in it, or a malformed one.
        UnsupportedError: scheme or key wrap is unknown.
    """
    return _parse(algorithm.oid, algorithm.parameters)


@lru_cache(maxsize=64)
def algorithm_identifier(scheme: str, wrap: str) -> AlgorithmIdentifier:
    """Return the keyEncryptionAlgorithm of a scheme with a key wrap, both by name.

    Raises:
        UnsupportedError: one of them is unknown, or the key wrap is only read.
    """
    row = algorithms.KEY_AGREEMENTS_BY_NAME.get(scheme)
    if row is None:
        raise UnsupportedError("key agreement algorithm", scheme)
    return AlgorithmIdentifier.build(row.oid, key_wrap.algorithm_identifier(wrap).raw)


def choose(public_key: Any, key_size: int) -> AlgorithmIdentifier:
    """Choose scheme and key wrap for a recipient.

    Args:
        public_key: of the recipient.
        key_size: of the content encryption key, octets; the key wrap is the AES of that size (RFC 8551 section 2.3).

    Raises:
        KeyMismatchError: the key does not agree on keys.
    """
    kind = key_kind(public_key)
    if kind not in KINDS:
        raise KeyMismatchError(f"a key of kind {kind} does not agree on keys")
    scheme = _SCHEME_BY_CURVE.get(public_key.curve.name) if kind == "EC" else None
    return algorithm_identifier(scheme or _SCHEME_BY_KIND[kind], key_wrap.wrap_for(key_size))


def shared_info(wrap: AlgorithmIdentifier, kek_size: int, ukm: bytes | None) -> bytes:
    """Return the DER of ECC-CMS-SharedInfo (RFC 5753 section 7.2).

    Args:
        wrap: the key wrap AlgorithmIdentifier, as it is in the message.
        kek_size: of the key encryption key, octets.
        ukm: user keying material, None if there is none.
    """
    entity = b"" if ukm is None else writer.explicit(0, writer.octet_string(ukm))
    return writer.sequence(wrap.raw, entity, writer.explicit(2, writer.octet_string((kek_size * 8).to_bytes(4, "big"))))


def _key_encryption_key(parameters: KeyAgreementParameters, secret: bytes, ukm: bytes | None) -> bytes:
    scheme, size = parameters.scheme, parameters.kek_size
    info = shared_info(parameters.wrap, size, ukm)
    if scheme.kdf == "hkdf":
        return kdf.hkdf(scheme.digest, secret, size, info, ukm)
    return kdf.x963(scheme.digest, secret, size, info)


class EphemeralKey:
    """The originator's key of one content.

    Attributes:
        algorithm: of OriginatorPublicKey: id-ecPublicKey with the curve, or id-X25519, id-X448.
        public_key: the octets in its BIT STRING: an uncompressed point, or the octets of RFC 7748.
    """

    __slots__ = ("_kind", "_private_key", "algorithm", "public_key")

    def __init__(self, recipient_public_key: Any, *, _private_key: Any = None) -> None:
        """Make a fresh key of the kind, and on the curve, of a recipient's key.

        Raises:
            KeyMismatchError: the recipient's key does not agree on keys.
            UnsupportedError: the curve.
        """
        self._kind = kind = key_kind(recipient_public_key)
        if kind == "EC":
            self.algorithm = AlgorithmIdentifier.build(EC_PUBLIC_KEY, writer.oid(curve_oid(recipient_public_key)))
            self._private_key: Any = _private_key or ec.generate_private_key(recipient_public_key.curve)
        elif kind in KINDS:
            self.algorithm = AlgorithmIdentifier.build(_OKP_OIDS[kind])
            generate = x25519.X25519PrivateKey.generate if kind == "X25519" else x448.X448PrivateKey.generate
            self._private_key = _private_key or generate()
        else:
            raise KeyMismatchError(f"a key of kind {kind} does not agree on keys")
        self.public_key = raw_public_key(self._private_key.public_key())

    def fits(self, recipient_public_key: Any) -> bool:
        """Whether a recipient's key is of the same kind and on the same curve, and can share this ephemeral key."""
        if key_kind(recipient_public_key) != self._kind:
            return False
        return self._kind != "EC" or recipient_public_key.curve.name == self._private_key.curve.name

    def wrap(self, recipient_public_key: Any, algorithm: AlgorithmIdentifier, key: bytes, *, ukm: bytes | None = None) -> bytes:
        """Wrap a content encryption key for a recipient.

        Args:
            recipient_public_key: one that fits.
            algorithm: keyEncryptionAlgorithm, from `choose` or `algorithm_identifier`.
            key: the content encryption key.
            ukm: user keying material: random, and fresh for each content (RFC 5753 section 7.2).

        Raises:
            KeyMismatchError: the recipient's key does not fit, or is a point of low order.
            UnsupportedError: the algorithm.
        """
        parameters = parse(algorithm)
        if not self.fits(recipient_public_key):
            raise KeyMismatchError("the recipient's key is not on the curve of the ephemeral key")
        try:
            secret = _exchange(self._private_key, self._kind, recipient_public_key)
        except ValueError:
            raise KeyMismatchError("the recipient's key agrees on nothing") from None
        return key_wrap.wrap(parameters.wrap, _key_encryption_key(parameters, secret, ukm), key)


def _exchange(private_key: Any, kind: str, peer: Any) -> bytes:
    """ValueError where the shared secret would be zero (RFC 8418 section 2, RFC 7748 section 6)."""
    secret: bytes = private_key.exchange(_EC, peer) if kind == "EC" else private_key.exchange(peer)
    return secret


def _ec_peer(private_public_key: Any, algorithm: AlgorithmIdentifier, public_key: bytes) -> Any:
    if algorithm.oid != EC_PUBLIC_KEY:
        raise KeyMismatchError(f"the originator's key is {algorithm.name}, and the recipient's is EC")
    # RFC 5753 section 3.1.1: a curve, absent, or NULL; the curve is the recipient's in any case
    if not algorithm.parameters_absent_or_null and algorithm.parameters != writer.oid(curve_oid(private_public_key)):
        raise KeyMismatchError("the originator's key is on another curve than the recipient's")
    if public_key[:1] not in {b"\x02", b"\x03", b"\x04"}:  # hybrid forms are forbidden, and infinity is no key
        raise Failed
    return ec.EllipticCurvePublicKey.from_encoded_point(private_public_key.curve, public_key)


def _okp_peer(kind: str, algorithm: AlgorithmIdentifier, public_key: bytes) -> Any:
    if algorithm.oid != _OKP_OIDS[kind]:
        raise KeyMismatchError(f"the originator's key is {algorithm.name}, and the recipient's is {kind}")
    if algorithm.parameters is not None and algorithm.parameters != writer.NULL:
        raise ParseError("cms", f"{kind} has no parameters, and the message states some")
    size = _OKP_SIZES[kind]
    if len(public_key) == size + 2 and public_key.startswith(bytes((0x04, size))):
        public_key = public_key[2:]  # RFC 8418 section 3.2 can be read as an OCTET STRING inside the BIT STRING
    loader = x25519.X25519PublicKey if kind == "X25519" else x448.X448PublicKey
    return loader.from_public_bytes(public_key)


def unwrap(
    private_key: Any,
    originator_algorithm: AlgorithmIdentifier,
    originator_public_key: bytes,
    algorithm: AlgorithmIdentifier,
    encrypted_key: bytes,
    *,
    ukm: bytes | None = None,
) -> bytes:
    """Unwrap a content encryption key.

    Args:
        private_key: of the recipient, of either sort (`keys.PrivateKey`).
        originator_algorithm: of OriginatorPublicKey.
        originator_public_key: the octets in its BIT STRING.
        algorithm: keyEncryptionAlgorithm.
        encrypted_key: of the RecipientEncryptedKey.
        ukm: user keying material, None if there is none.

    Raises:
        Failed: a point that is none, one of low order, or a key that does not unwrap.
        KeyMismatchError: the originator's key is of another kind or curve, or the private key does not agree on keys.
        ParseError, UnsupportedError: an algorithm, or a private key that does not agree on keys.
    """
    parameters = parse(algorithm)
    native = is_native(private_key)
    public_key = private_key.public_key()
    kind = key_kind(public_key)
    if kind not in KINDS:
        raise KeyMismatchError(f"a key of kind {kind} does not agree on keys")
    if not native and not hasattr(private_key, "exchange"):
        raise UnsupportedError("private key that does not agree on keys", type(private_key).__name__)
    try:
        if kind == "EC":
            peer = _ec_peer(public_key, originator_algorithm, originator_public_key)
        else:
            peer = _okp_peer(kind, originator_algorithm, originator_public_key)
        secret = _exchange(private_key, kind, peer) if native else bytes(private_key.exchange(peer))
    except ValueError:
        raise Failed from None
    return key_wrap.unwrap(parameters.wrap, _key_encryption_key(parameters, secret, ukm), encrypted_key)
