"""Public keys within limits, and what a private key has to offer.

Private keys are those of `cryptography`, or any object that has the methods of `PrivateKey` it is asked for: a key that lives in an HSM or
in a key management service. The functions of this layer take both kinds alike and wrap neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, mlkem, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization import load_der_public_key as _load_der_public_key

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto.quiet import quietly
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from smime.crypto.schemes import SignatureScheme

__all__ = [
    "PrivateKey",
    "check_public_key",
    "curve_oid",
    "describe",
    "is_native",
    "key_bits",
    "key_kind",
    "load_der_public_key",
    "loadable_private_key",
    "public_key_of",
]


class PrivateKey(Protocol):
    """A private key that is not in this process. Each method but the first is optional: one that is missing makes the use unsupported.

    Any exception of the device passes through the package unchanged, with one exception: `decrypt` and `decapsulate` raise ValueError for a
    ciphertext that they cannot take, and that is treated like every other decryption fault.
    """

    def public_key(self) -> Any:
        """Return the public half, as a public key of `cryptography`."""

    def sign(self, data: bytes, scheme: SignatureScheme, /) -> bytes:
        """Return the signature over data (not yet hashed) by `scheme`: its `.name`, `.digest` and `.algorithm` say how."""

    def decrypt(self, ciphertext: bytes, algorithm: AlgorithmIdentifier, /) -> bytes:
        """Return what was encrypted with rsaEncryption (RSAES-PKCS1-v1_5) or RSAES-OAEP with the parameters in `algorithm`."""

    def exchange(self, peer_public_key: Any, /) -> bytes:
        """Return the shared secret with a public key of `cryptography`: the x coordinate for EC keys, the octets of RFC 7748 otherwise."""

    def decapsulate(self, ciphertext: bytes, algorithm: AlgorithmIdentifier, /) -> bytes:
        """Return the shared secret that the ML-KEM of `algorithm` finds in a ciphertext, 32 octets; ValueError if its size is wrong."""


_KINDS: tuple[tuple[type, str], ...] = (
    (rsa.RSAPublicKey, "RSA"),
    (rsa.RSAPrivateKey, "RSA"),
    (ec.EllipticCurvePublicKey, "EC"),
    (ec.EllipticCurvePrivateKey, "EC"),
    (ed25519.Ed25519PublicKey, "Ed25519"),
    (ed25519.Ed25519PrivateKey, "Ed25519"),
    (x25519.X25519PublicKey, "X25519"),
    (x25519.X25519PrivateKey, "X25519"),
    (ed448.Ed448PublicKey, "Ed448"),
    (ed448.Ed448PrivateKey, "Ed448"),
    (x448.X448PublicKey, "X448"),
    (x448.X448PrivateKey, "X448"),
    (mldsa.MLDSA44PublicKey, "ML-DSA-44"),
    (mldsa.MLDSA44PrivateKey, "ML-DSA-44"),
    (mldsa.MLDSA65PublicKey, "ML-DSA-65"),
    (mldsa.MLDSA65PrivateKey, "ML-DSA-65"),
    (mldsa.MLDSA87PublicKey, "ML-DSA-87"),
    (mldsa.MLDSA87PrivateKey, "ML-DSA-87"),
    (mlkem.MLKEM768PublicKey, "ML-KEM-768"),
    (mlkem.MLKEM768PrivateKey, "ML-KEM-768"),
    (mlkem.MLKEM1024PublicKey, "ML-KEM-1024"),
    (mlkem.MLKEM1024PrivateKey, "ML-KEM-1024"),
    (dsa.DSAPublicKey, "DSA"),
    (dsa.DSAPrivateKey, "DSA"),
)


_kinds_seen: dict[type, str | None] = {}  # no more entries than there are classes of keys


def _kind_of_type(cls: type) -> str | None:
    try:
        return _kinds_seen[cls]
    except KeyError:
        kind = next((kind for base, kind in _KINDS if issubclass(cls, base)), None)
        _kinds_seen[cls] = kind
        return kind


def is_native(key: Any) -> bool:
    """Whether the key is one of `cryptography`'s own."""
    return _kind_of_type(type(key)) is not None


def key_kind(key: Any) -> str:
    """Return ``"RSA"``, ``"EC"``, ``"Ed25519"``, ``"X25519"``, ``"ML-DSA-65"``, … for a key of `cryptography`, public or private.

    Raises:
        UnsupportedError: the key is of another kind.
    """
    kind = _kind_of_type(type(key))
    if kind is None:
        raise UnsupportedError("kind of key", type(key).__name__)
    return kind


def public_key_of(private_key: Any) -> Any:
    """Return the public half of a private key of either sort."""
    return private_key.public_key()


def key_bits(key: Any) -> int | None:
    """Return the size of the modulus of an RSA or DSA key, or of the field of an EC key, in bits; None for kinds that have one size."""
    return key.key_size if key_kind(key) in {"RSA", "DSA", "EC"} else None


_CURVE_NAMES = {"secp192r1": "P-192", "secp224r1": "P-224", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def describe(key: Any) -> str:
    """Return the key's kind and size for people: ``"RSA 2048"``, ``"EC P-256"``, ``"Ed25519"``."""
    kind = key_kind(key)
    if kind == "EC":
        return f"EC {_CURVE_NAMES.get(key.curve.name, key.curve.name)}"
    return f"{kind} {key.key_size}" if kind in {"RSA", "DSA"} else kind


def curve_oid(key: Any) -> str:
    """Return the OID of the curve of an EC key.

    Raises:
        UnsupportedError: this library does not use that curve.
    """
    row = algorithms.CURVES_BY_NAME.get(key.curve.name)
    if row is None:
        raise UnsupportedError("elliptic curve", key.curve.name)
    return row.oid


_DSA_MODULUS_BITS = 3072


def check_public_key(public_key: Any, *, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check that a public key is of a known kind and costs no more than the limits allow.

    An EC key is one on a named curve of `algorithms.CURVES`; `cryptography` has checked that its point lies on it, and that the exponent of
    an RSA key is odd and at least 3.

    Raises:
        LimitExceeded: `rsa_modulus_bits` or `rsa_exponent_bits`.
        UnsupportedError: the kind or the curve is unknown.
    """
    kind = key_kind(public_key)
    if kind == "RSA":
        if public_key.key_size > limits.rsa_modulus_bits:
            raise LimitExceeded("rsa_modulus_bits", limits.rsa_modulus_bits)
        if public_key.public_numbers().e.bit_length() > limits.rsa_exponent_bits:
            raise LimitExceeded("rsa_exponent_bits", limits.rsa_exponent_bits)
    elif kind == "EC":
        curve_oid(public_key)
    elif kind == "DSA" and public_key.key_size > _DSA_MODULUS_BITS:
        raise UnsupportedError("DSA modulus", f"{public_key.key_size} bits")


_DIFFIE_HELLMAN = frozenset({"1.2.840.10046.2.1", "1.2.840.113549.1.3.1"})  # X9.42 and PKCS #3: `cryptography` is about to drop them
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_RSA_OIDS = frozenset({algorithms.RSAES_OAEP.oid, "1.2.840.113549.1.9.16.3.14", "1.2.840.113549.1.1.10"})
# rsaEncryption with NULL, after a length of two octets, and the begin of a BIT STRING of whole octets; P-256 with an uncompressed point
_RSA_BEGIN = bytes.fromhex("300d06092a864886f70d01010105000382")
_P256_BEGIN = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def _loadable(spki: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo with rsaEncryption in place of the OIDs that restrict the use of an RSA key; refuse hybrid points.

    `cryptography` reads rsaEncryption and RSASSA-PSS and no other. The restriction lives in the certificate's own AlgorithmIdentifier,
    which is given to `signatures.verify` and to `key_transport` beside the key.
    """
    if spki[4:21] == _RSA_BEGIN or spki[:27] == _P256_BEGIN:
        return spki  # as nearly all are; the loader reads the rest, and nothing but DER
    reader = der.Reader(der.parse(spki, layer="x509").expect(der.SEQUENCE))
    algorithm = AlgorithmIdentifier.from_element(reader.any())
    if algorithm.oid in _DIFFIE_HELLMAN:
        raise UnsupportedError("public key", "Diffie-Hellman over a prime field")
    key = reader.any()
    if algorithm.oid in _RSA_OIDS:
        return writer.sequence(writer.sequence(writer.oid(algorithms.RSA_ENCRYPTION.oid), writer.NULL), key.raw)
    if algorithm.oid == EC_PUBLIC_KEY and key.as_bit_string()[:1] in {b"\x06", b"\x07"}:
        raise key.error("a point in hybrid form")  # RFC 5480 section 2.2: MUST NOT
    return spki


def loadable_private_key(pkcs8: bytes) -> bytes:
    """Return a PrivateKeyInfo (RFC 5958) with rsaEncryption in place of the OIDs that restrict the use of an RSA key, as for public keys.

    What the key may be used for is looked up in the certificate, which has the same restriction (RFC 4055 section 1.2). Anything else is
    returned as it is, for the loader to complain of.
    """
    try:
        version, algorithm, key, *rest = der.parse(pkcs8, layer="pkcs8").expect(der.SEQUENCE).children
        stated = AlgorithmIdentifier.from_element(algorithm)
    except (SMIMEError, ValueError):
        return pkcs8
    if stated.oid not in _RSA_OIDS:
        return pkcs8
    plain = writer.sequence(writer.oid(algorithms.RSA_ENCRYPTION.oid), writer.NULL)
    return writer.sequence(version.raw, plain, key.raw, *(field.raw for field in rest))


def load_der_public_key(spki: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Load a SubjectPublicKeyInfo.

    Args:
        spki: its DER.
        limits: `rsa_modulus_bits` and `rsa_exponent_bits` count.

    Raises:
        ParseError: it is not a public key, or not a valid one (a point off its curve, an even exponent).
        LimitExceeded: the key is too big.
        UnsupportedError: the kind, the curve or explicit curve parameters.
    """
    try:
        key = quietly(_load_der_public_key, _loadable(spki))
    except UnsupportedAlgorithm as error:
        raise UnsupportedError("public key", str(error)) from None
    except SMIMEError:
        raise
    except Exception as error:  # noqa: BLE001 - the loader's exceptions are not a closed set, and no input may make another one escape
        raise ParseError("x509", f"the public key cannot be read: {error}") from None
    check_public_key(key, limits=limits)
    return key


def raw_public_key(public_key: Any) -> bytes:
    """Return the octets of subjectPublicKey: the uncompressed point of an EC key, PKCS #1 for RSA, raw octets for the others."""
    kind = key_kind(public_key)
    if kind == "EC":
        octets: bytes = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    elif kind == "RSA":
        octets = public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        octets = public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return octets
