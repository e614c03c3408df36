"""Signatures: choose a scheme, sign, verify.

The rules: RFC 3370 and 5754 (RSA v1.5, ECDSA, DSA), RFC 4055 and 4056 (RSASSA-PSS), RFC 5753 (ECDSA), RFC 8419 (EdDSA), RFC 8702 (SHAKE),
RFC 9688 (SHA-3), RFC 9882 (ML-DSA).

A verification costs a look-up besides the primitive: everything that follows from the AlgorithmIdentifier and the digest is worked out once
and kept, up to a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature as _CryptographyInvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import _pss_shake, digests
from smime.crypto.faults import InvalidSignature, KeyUnsuitable, MalformedSignature
from smime.crypto.keys import is_native, key_kind
from smime.crypto.rsa_parameters import PSS, PSSParameters, parse_pss, pss_algorithm
from smime.crypto.schemes import SignatureScheme
from smime.errors import KeyMismatchError, ParseError, UnsupportedError

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = ["Verifier", "choose_scheme", "digest_of", "needs_content", "sign", "sign_digest", "verify"]


# -- RSASSA-PSS parameters (RFC 4055 section 3.1) --


# -- schemes --


_ECDSA_BY_CURVE = {
    "secp192r1": "sha256",
    "secp224r1": "sha256",
    "secp256r1": "sha256",
    "secp384r1": "sha384",
    "secp521r1": "sha512",
    "brainpoolP256r1": "sha256",
    "brainpoolP384r1": "sha384",
    "brainpoolP512r1": "sha512",
}
# RFC 8419 section 3, RFC 9882 section 3.3
_DEFAULT_DIGEST = {
    "RSA": "sha256",
    "Ed25519": "sha512",
    "Ed448": "shake256-len",
    "ML-DSA-44": "sha512",
    "ML-DSA-65": "sha512",
    "ML-DSA-87": "sha512",
}
_ML_DSA_DIGESTS = {
    "ML-DSA-44": frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512", "shake128", "shake256"}),
    "ML-DSA-65": frozenset({"sha384", "sha512", "sha3-384", "sha3-512", "shake256"}),
    "ML-DSA-87": frozenset({"sha512", "sha3-512", "shake256"}),
}
_NEVER_WRITTEN = frozenset({"md5", "sha1"})
_BY_KEY_AND_DIGEST: dict[tuple[str, str], algorithms.Signature] = {
    (row.key, row.digest): row
    for row in algorithms.SIGNATURES.values()
    if row.key in {"RSA", "EC"} and row.digest is not None and not row.name.startswith("RSASSA-PSS")
}


@lru_cache(maxsize=128)
def _scheme(kind: str, digest: str, pss: PSSParameters | None) -> SignatureScheme:
    if digest in _NEVER_WRITTEN:
        raise UnsupportedError("digest for signing", digest)
    hash_ = digests.hash_algorithm(digest)
    arguments: tuple[Any, ...] = ()
    digest_arguments: tuple[Any, ...] | None = None
    if pss is not None:
        if pss.digest != digest:
            raise KeyMismatchError(f"the key signs with {pss.digest} only")
        if digest.startswith("shake"):
            raise UnsupportedError("digest for RSASSA-PSS signatures", digest)  # RFC 8702: `cryptography` has no primitive
        pss_padding = _pss_padding(pss)
        algorithm, name = pss_algorithm(digest, pss.mgf_digest, pss.salt_length), "RSASSA-PSS"
        arguments, digest_arguments = (pss_padding, hash_), (pss_padding, Prehashed(hash_))
    elif kind in {"RSA", "EC"}:
        row = _BY_KEY_AND_DIGEST.get((kind, digest))
        if row is None:
            raise UnsupportedError(f"digest for {kind} signatures", digest)
        algorithm, name = AlgorithmIdentifier.build(row.oid, writer.NULL if row.parameters == "null" else None), row.name
        arguments, digest_arguments = _arguments(kind, hash_, prehashed=False), _arguments(kind, hash_, prehashed=True)
    else:
        row = algorithms.SIGNATURES_BY_NAME.get(kind)
        if row is None or kind not in _DEFAULT_DIGEST:
            raise KeyMismatchError(f"a key of kind {kind} does not sign")
        if digest not in _ML_DSA_DIGESTS.get(kind, {_DEFAULT_DIGEST[kind]}):
            raise UnsupportedError(f"digest for {kind} signatures", digest)
        algorithm, name = AlgorithmIdentifier.build(row.oid), row.name
    return SignatureScheme(algorithm, name, digest, digests.algorithm_identifier(digest), kind, pss, arguments, digest_arguments)


def _arguments(kind: str, hash_: Any, *, prehashed: bool) -> tuple[Any, ...]:
    """What `cryptography` takes besides signature and data."""
    digest = Prehashed(hash_) if prehashed else hash_
    if kind == "RSA":
        return padding.PKCS1v15(), digest
    return (ec.ECDSA(digest),) if kind == "EC" else (digest,)


def _pss_padding(pss: PSSParameters) -> padding.PSS:
    return padding.PSS(padding.MGF1(digests.hash_algorithm(pss.mgf_digest)), pss.salt_length)


def choose_scheme(
    public_key: Any, *, digest: str | None = None, pss: bool = False, key_algorithm: AlgorithmIdentifier | None = None
) -> SignatureScheme:
    """Choose how a key signs.

    RSA keys sign by PKCS #1 v1.5 with SHA-256 unless `pss` or the key's own algorithm asks for RSASSA-PSS (digest, MGF1 and salt of one
    size); EC keys with the digest of their curve's size; Ed25519, Ed448 and ML-DSA as RFC 8419 and RFC 9882 say.

    Args:
        public_key: of the signer.
        digest: name of the digest, to have another one.
        pss: RSASSA-PSS for an RSA key.
        key_algorithm: the algorithm in the SubjectPublicKeyInfo of the signer's certificate; id-RSASSA-PSS binds the key to PSS and, with
            parameters, to these.

    Raises:
        UnsupportedError: the digest does not go with the key, or is MD5 or SHA-1.
        KeyMismatchError: the key does not sign, or its parameters forbid the choice.
    """
    kind = key_kind(public_key)
    chosen: PSSParameters | None = None
    if kind == "RSA":
        if key_algorithm is not None and key_algorithm.oid == PSS and key_algorithm.parameters is not None:
            chosen = parse_pss(key_algorithm.parameters)
            digest = digest or chosen.digest
        elif pss or (key_algorithm is not None and key_algorithm.oid == PSS):
            digest = digest or "sha256"
            chosen = PSSParameters(digest, digest, digests.hash_algorithm(digest).digest_size)
        elif key_algorithm is not None and key_algorithm.oid != algorithms.RSA_ENCRYPTION.oid:
            raise KeyMismatchError(f"the key is for {key_algorithm.name} only")
    elif kind == "EC":
        digest = digest or _ECDSA_BY_CURVE.get(public_key.curve.name, "sha256")
    return _scheme(kind, digest or _DEFAULT_DIGEST.get(kind, "sha256"), chosen)


def sign(private_key: Any, scheme: SignatureScheme, data: Buffer) -> bytes:
    """Sign data: the DER of the signed attributes, or the content where there are none.

    Args:
        private_key: one of `cryptography`'s, or an object with `PrivateKey.sign`.
        scheme: from `choose_scheme`.
        data: what is signed, not yet hashed.

    Raises:
        KeyMismatchError: the key is not one for the scheme, or too small for it.
        UnsupportedError: the object does not sign.
    """
    if is_native(private_key):
        try:
            signature: bytes = private_key.sign(data, *scheme._arguments)
        except (AttributeError, TypeError, ValueError) as error:
            raise KeyMismatchError(f"the private key cannot make a {scheme.name} signature: {error}") from None
        return signature
    method = getattr(private_key, "sign", None)
    if method is None:
        raise UnsupportedError("private key that does not sign", type(private_key).__name__)
    return bytes(method(bytes(data), scheme))


def sign_digest(private_key: Any, scheme: SignatureScheme, digest: bytes) -> bytes:
    """Sign a finished digest, for content without signed attributes that was streamed.

    Args:
        private_key: one of `cryptography`'s.
        scheme: one that hashes first: RSA or ECDSA.
        digest: the finished digest by `scheme.digest`.

    Raises:
        KeyMismatchError: the key is not one for the scheme, or too small for it.
        UnsupportedError: the scheme needs the whole content, or the private key is not in this process.
    """
    if scheme._digest_arguments is None:
        raise UnsupportedError("signature over a digest", scheme.name)
    if not is_native(private_key):
        raise UnsupportedError("signature over a digest by a key of another process", type(private_key).__name__)
    try:
        signature: bytes = private_key.sign(digest, *scheme._digest_arguments)
    except (AttributeError, TypeError, ValueError) as error:
        raise KeyMismatchError(f"the private key cannot make a {scheme.name} signature: {error}") from None
    return signature


# -- verification --


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything about a verification that does not depend on the message."""

    key: str
    arguments: tuple[Any, ...]
    pss: PSSParameters | None
    row: algorithms.Signature


_HASHED_FIRST = frozenset({"RSA", "EC", "DSA"})
_SIGNATURE_SIZES = {"Ed25519": 64, "Ed448": 114, "ML-DSA-44": 2420, "ML-DSA-65": 3309, "ML-DSA-87": 4627}
# RFC 8419 section 3: shake256-len with signed attributes, shake256 without
_EDDSA_DIGESTS = {"Ed25519": frozenset({"sha512"}), "Ed448": frozenset({"shake256-len", "shake256"})}


def _row(oid: str) -> algorithms.Signature:
    row = algorithms.SIGNATURES.get(oid)
    if row is None:
        raise UnsupportedError("signature algorithm", oid)
    return row


def needs_content(signature_algorithm: AlgorithmIdentifier) -> bool:
    """Whether a signature without signed attributes takes the content itself and not its digest: EdDSA, ML-DSA, SLH-DSA.

    Raises:
        UnsupportedError: the algorithm is unknown.
    """
    return _row(signature_algorithm.oid).key not in _HASHED_FIRST


def digest_of(signature_algorithm: AlgorithmIdentifier) -> str | None:
    """Return the digest that the signature algorithm itself fixes, None where it fixes none.

    Raises:
        UnsupportedError: the algorithm is unknown, or a digest in its parameters is.
        MalformedSignature: RSASSA-PSS without parameters or with malformed ones.
    """
    row = _row(signature_algorithm.oid)
    return _pss_of(signature_algorithm.parameters).digest if row.parameters == "pss" else row.digest


def _pss_of(parameters: bytes | None) -> PSSParameters:
    if parameters is None:
        raise MalformedSignature("RSASSA-PSS states no parameters")
    try:
        return parse_pss(parameters)
    except ParseError as error:
        raise MalformedSignature(f"the parameters of RSASSA-PSS are wrong: {error.reason}") from None


@lru_cache(maxsize=256)
def _plan(oid: str, parameters: bytes | None, digest: str, prehashed: bool) -> _Plan:
    row = _row(oid)
    if row.key == "SLH-DSA":
        raise UnsupportedError("signature algorithm", row.name)  # known, and `cryptography` has no primitive for it
    pss = None
    if row.parameters == "pss":
        pss = _pss_of(parameters)
        fixed: str | None = pss.digest
    else:
        # NULL where there is nothing is what gpgsm writes for ECDSA, and older senders for DSA with SHA-1, but nobody for what came later;
        # absence instead of NULL for RSA is RFC 3370 section 3.2
        tolerated = row.parameters == "null" or (row.key == "EC" and row.digest in digests.NULL_TOLERANT) or row.digest == "sha1"
        if parameters is not None and not (tolerated and parameters == writer.NULL):
            raise MalformedSignature(f"{row.name} has no parameters, and the message states some")
        fixed = row.digest
    if row.key in _EDDSA_DIGESTS:
        if digest not in _EDDSA_DIGESTS[row.key]:
            raise MalformedSignature(f"{row.name} goes with {fixed}, and the message states {digest}")
    elif fixed is not None and fixed != digest:
        raise MalformedSignature(f"the signature algorithm is for {fixed}, and the message states {digest}")
    if row.key not in _HASHED_FIRST:
        if prehashed:
            raise UnsupportedError("signature over a digest", row.name)
        return _Plan(row.key, (), None, row)
    hash_ = digests.hash_algorithm(digest)
    if pss is not None:
        return _Plan("RSA", (_pss_padding(pss), Prehashed(hash_) if prehashed else hash_), pss, row)
    if row.name.startswith("RSASSA-PSS-SHAKE"):
        size = hash_.digest_size
        return _Plan("RSA", (), PSSParameters(digest, digest, size), row)
    return _Plan(row.key, _arguments(row.key, hash_, prehashed=prehashed), None, row)


@lru_cache(maxsize=128)
def _key_admits(oid: str, parameters: bytes | None, pss: PSSParameters | None) -> str | None:
    """Return why an RSA key whose SubjectPublicKeyInfo states this algorithm may not verify so, or None if it may."""
    if oid == algorithms.RSA_ENCRYPTION.oid:
        return None
    if oid != PSS:
        return f"the key is for {algorithms.name_of(oid)} only"
    if pss is None:
        return "the key is for RSASSA-PSS only"
    if parameters is None:
        return None
    try:
        stated = parse_pss(parameters)
    except ParseError:
        return "the key states malformed parameters of RSASSA-PSS"
    if (stated.digest, stated.mgf_digest) != (pss.digest, pss.mgf_digest):
        return f"the key is for RSASSA-PSS with {stated.digest} and MGF1 with {stated.mgf_digest} only"
    if pss.salt_length < stated.salt_length:
        return f"the key asks for a salt of at least {stated.salt_length} octets"
    return None


class Verifier:
    """The verification of signatures of one key and one algorithm, with all that does not depend on the message checked beforehand.

    Args:
        public_key: of the signer.
        signature_algorithm: as received.
        digest: name of the digest that SignerInfo.digestAlgorithm states; it has to agree with the signature algorithm.
        prehashed: what is verified are finished digests; not for the schemes of `needs_content`.
        key_algorithm: the algorithm in the SubjectPublicKeyInfo of the signer's certificate. An RSA key bound to RSASSA-PSS, RSAES-OAEP or
            RSA-KEM looks like any other once loaded; the binding is enforced from here.

    Raises:
        MalformedSignature: no signature could verify, whatever the key.
        KeyUnsuitable: the key is not one for the algorithm.
        UnsupportedError: the algorithm, its digest or their combination is unknown.
    """

    __slots__ = ("_arguments", "_digest", "_key", "_plan", "_prehashed")

    def __init__(
        self,
        public_key: Any,
        signature_algorithm: AlgorithmIdentifier,
        digest: str,
        *,
        prehashed: bool = False,
        key_algorithm: AlgorithmIdentifier | None = None,
    ) -> None:
        plan = _plan(signature_algorithm.oid, signature_algorithm.parameters, digest, prehashed)
        if key_kind(public_key) != plan.key:
            raise KeyUnsuitable(f"a key of kind {key_kind(public_key)} does not verify {plan.row.name}")
        if plan.key == "RSA" and key_algorithm is not None:
            objection = _key_admits(key_algorithm.oid, key_algorithm.parameters, plan.pss)
            if objection is not None:
                raise KeyUnsuitable(objection)
        self._key = public_key
        self._plan = plan
        self._arguments = plan.arguments
        self._digest = digest
        self._prehashed = prehashed

    def verify(self, signature: bytes, data: Buffer) -> None:
        """Verify a signature; returning is the good case.

        Args:
            signature: as received.
            data: the DER of the signed attributes, or the content where there are none; with `prehashed`, the content's finished digest.

        Raises:
            InvalidSignature: it does not verify.
            MalformedSignature: it could not whatever the key.
            UnsupportedError: the digest is not one for the signature algorithm.
        """
        plan = self._plan
        if plan.pss is not None and not plan.arguments:
            if not _pss_shake.verify(self._key, self._digest, signature, data, prehashed=self._prehashed):
                raise _invalid(self._key, plan.key, signature)
            return
        try:
            self._key.verify(signature, data, *self._arguments)
        except _CryptographyInvalidSignature:
            raise _invalid(self._key, plan.key, signature) from None
        except UnsupportedAlgorithm:
            raise UnsupportedError(f"digest {self._digest} with signature algorithm", plan.row.name) from None
        except ValueError as error:  # a digest of the wrong size, a digest too large for the modulus
            raise MalformedSignature(str(error)) from None


def verify(
    public_key: Any,
    signature_algorithm: AlgorithmIdentifier,
    digest: str,
    signature: bytes,
    data: Buffer,
    *,
    prehashed: bool = False,
    key_algorithm: AlgorithmIdentifier | None = None,
) -> None:
    """Verify one signature; returning is the good case. Arguments and errors as those of `Verifier`."""
    Verifier(public_key, signature_algorithm, digest, prehashed=prehashed, key_algorithm=key_algorithm).verify(signature, data)


def _invalid(public_key: Any, kind: str, signature: bytes) -> InvalidSignature:
    """Say why a signature did not verify, as far as its own octets tell."""
    size = (public_key.key_size + 7) // 8 if kind == "RSA" else _SIGNATURE_SIZES.get(kind)
    if size is not None:
        if len(signature) != size:
            return MalformedSignature(f"the signature has {len(signature)} octets, and the key makes signatures of {size}")
        return InvalidSignature("the signature does not verify")
    try:
        decode_dss_signature(signature)
    except ValueError:
        return MalformedSignature("the signature is not the DER of two integers")
    return InvalidSignature("the signature does not verify")
