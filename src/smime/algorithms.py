"""Every algorithm this library knows: OID, name and strength. Data only; what is done with them is in `smime.crypto`.

Names are those of the standards where these have one (``sha256WithRSAEncryption``, ``RSASSA-PSS``), and the customary lower-case spelling
elsewhere (``aes-256-gcm``). Each table is keyed by dotted OID; `NAMES` joins them all.

Sources: RFC 3370, 3565, 4055, 5084, 5753, 5754, 8103, 8410, 8418, 8419, 8551, 8702, 9629, 9688, 9690, 9709, 9814, 9882, 9936.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, TypeVar

__all__ = [
    "ARCHIVE",
    "RFC8551",
    "AlgorithmProfile",
    "Level",
]


@dataclass(frozen=True, slots=True)
class Digest:
    """A message digest. `size` is in octets; `micalg` is its name in multipart/signed (RFC 8551 section 3.5.3.2)."""

    oid: str
    name: str
    size: int
    micalg: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature algorithm.

    `key` is the kind of key; `digest` is the digest that the OID itself fixes (None: stated elsewhere, or the scheme has none).
    """

    oid: str
    name: str
    key: Literal["RSA", "EC", "Ed25519", "Ed448", "DSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "SLH-DSA"]
    digest: str | None
    parameters: Literal["null", "absent", "pss"] = "absent"


@dataclass(frozen=True, slots=True)
class ContentEncryption:
    """A content encryption algorithm. Sizes in octets; `iv_size` of AEAD algorithms is that of the nonce we write."""

    oid: str
    name: str
    key_size: int
    mode: Literal["gcm", "ccm", "chacha20-poly1305", "cbc"]
    block_size: int
    iv_size: int

    @property
    def aead(self) -> bool:
        """It notices changes: used in AuthEnvelopedData."""
        return self.mode != "cbc"


@dataclass(frozen=True, slots=True)
class KeyWrap:
    """A key wrap algorithm; `key_size` is that of the key encryption key, in octets."""

    oid: str
    name: str
    key_size: int
    parameters: Literal["null", "absent"] = "absent"


@dataclass(frozen=True, slots=True)
class KeyAgreement:
    """A key agreement scheme: X9.63 KDF (RFC 5753) or HKDF (RFC 8418) over a digest, standard or cofactor Diffie-Hellman."""

    oid: str
    name: str
    kdf: Literal["x963", "hkdf"]
    digest: str
    cofactor: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """An algorithm of which nothing but the name is needed here."""

    oid: str
    name: str


_T = TypeVar("_T", Digest, Signature, ContentEncryption, KeyWrap, KeyAgreement, Named)


def _table(*rows: _T) -> Mapping[str, _T]:
    return MappingProxyType({row.oid: row for row in rows})


_P1 = "1.2.840.113549.1.1"
_SMIME_ALG = "1.2.840.113549.1.9.16.3"
_NIST_AES = "2.16.840.1.101.3.4.1"
_NIST_HASH = "2.16.840.1.101.3.4.2"
_NIST_SIG = "2.16.840.1.101.3.4.3"
_NIST_KEM = "2.16.840.1.101.3.4.4"
_X962_SIG = "1.2.840.10045.4"

DIGESTS: Mapping[str, Digest] = _table(
    Digest(f"{_NIST_HASH}.1", "sha256", 32, "sha-256"),
    Digest(f"{_NIST_HASH}.2", "sha384", 48, "sha-384"),
    Digest(f"{_NIST_HASH}.3", "sha512", 64, "sha-512"),
    Digest(f"{_NIST_HASH}.4", "sha224", 28, "sha-224"),
    Digest(f"{_NIST_HASH}.5", "sha512-224", 28, "sha-512-224"),
    Digest(f"{_NIST_HASH}.6", "sha512-256", 32, "sha-512-256"),
    Digest(f"{_NIST_HASH}.7", "sha3-224", 28, "sha3-224"),
    Digest(f"{_NIST_HASH}.8", "sha3-256", 32, "sha3-256"),
    Digest(f"{_NIST_HASH}.9", "sha3-384", 48, "sha3-384"),
    Digest(f"{_NIST_HASH}.10", "sha3-512", 64, "sha3-512"),
    Digest(f"{_NIST_HASH}.11", "shake128", 32, "shake128"),
    Digest(f"{_NIST_HASH}.12", "shake256", 64, "shake256"),
    Digest(f"{_NIST_HASH}.18", "shake256-len", 64, "shake256"),
    Digest("1.3.14.3.2.26", "sha1", 20, "sha-1"),
    Digest("1.2.840.113549.2.5", "md5", 16, "md5"),
)

SIGNATURES: Mapping[str, Signature] = _table(
    Signature(f"{_P1}.1", "rsaEncryption", "RSA", None, "null"),
    Signature(f"{_P1}.4", "md5WithRSAEncryption", "RSA", "md5", "null"),
    Signature(f"{_P1}.5", "sha1WithRSAEncryption", "RSA", "sha1", "null"),
    Signature(f"{_P1}.11", "sha256WithRSAEncryption", "RSA", "sha256", "null"),
    Signature(f"{_P1}.12", "sha384WithRSAEncryption", "RSA", "sha384", "null"),
    Signature(f"{_P1}.13", "sha512WithRSAEncryption", "RSA", "sha512", "null"),
    Signature(f"{_P1}.14", "sha224WithRSAEncryption", "RSA", "sha224", "null"),
    Signature(f"{_P1}.10", "RSASSA-PSS", "RSA", None, "pss"),
    Signature(f"{_NIST_SIG}.13", "rsassa-pkcs1-v1_5-with-sha3-224", "RSA", "sha3-224", "null"),
    Signature(f"{_NIST_SIG}.14", "rsassa-pkcs1-v1_5-with-sha3-256", "RSA", "sha3-256", "null"),
    Signature(f"{_NIST_SIG}.15", "rsassa-pkcs1-v1_5-with-sha3-384", "RSA", "sha3-384", "null"),
    Signature(f"{_NIST_SIG}.16", "rsassa-pkcs1-v1_5-with-sha3-512", "RSA", "sha3-512", "null"),
    Signature("1.3.6.1.5.5.7.6.30", "RSASSA-PSS-SHAKE128", "RSA", "shake128"),
    Signature("1.3.6.1.5.5.7.6.31", "RSASSA-PSS-SHAKE256", "RSA", "shake256"),
    Signature("1.3.6.1.5.5.7.6.32", "ecdsa-with-shake128", "EC", "shake128"),
    Signature("1.3.6.1.5.5.7.6.33", "ecdsa-with-shake256", "EC", "shake256"),
    Signature(f"{_X962_SIG}.1", "ecdsa-with-SHA1", "EC", "sha1"),
    Signature(f"{_X962_SIG}.3.1", "ecdsa-with-SHA224", "EC", "sha224"),
    Signature(f"{_X962_SIG}.3.2", "ecdsa-with-SHA256", "EC", "sha256"),
    Signature(f"{_X962_SIG}.3.3", "ecdsa-with-SHA384", "EC", "sha384"),
    Signature(f"{_X962_SIG}.3.4", "ecdsa-with-SHA512", "EC", "sha512"),
    Signature(f"{_NIST_SIG}.9", "ecdsa-with-sha3-224", "EC", "sha3-224"),
    Signature(f"{_NIST_SIG}.10", "ecdsa-with-sha3-256", "EC", "sha3-256"),
    Signature(f"{_NIST_SIG}.11", "ecdsa-with-sha3-384", "EC", "sha3-384"),
    Signature(f"{_NIST_SIG}.12", "ecdsa-with-sha3-512", "EC", "sha3-512"),
    Signature("1.3.101.112", "Ed25519", "Ed25519", "sha512"),
    Signature("1.3.101.113", "Ed448", "Ed448", "shake256-len"),
    Signature(f"{_NIST_SIG}.17", "ML-DSA-44", "ML-DSA-44", None),
    Signature(f"{_NIST_SIG}.18", "ML-DSA-65", "ML-DSA-65", None),
    Signature(f"{_NIST_SIG}.19", "ML-DSA-87", "ML-DSA-87", None),
    # id-dsa as a signature algorithm is read as id-dsa-with-sha1 (RFC 8551 appendix B)
    Signature("1.2.840.10040.4.1", "id-dsa", "DSA", "sha1"),
    Signature("1.2.840.10040.4.3", "id-dsa-with-sha1", "DSA", "sha1"),
    # what the OIW registered before PKCS #1 and ANSI did; old mail has them
    Signature("1.3.14.3.2.27", "oiw-dsaWithSHA1", "DSA", "sha1"),
    Signature("1.3.14.3.2.29", "oiw-sha1WithRSAEncryption", "RSA", "sha1", "null"),
    Signature(f"{_NIST_SIG}.1", "id-dsa-with-sha224", "DSA", "sha224"),
    Signature(f"{_NIST_SIG}.2", "id-dsa-with-sha256", "DSA", "sha256"),
    *(
        Signature(f"{_NIST_SIG}.{20 + index}", f"SLH-DSA-{name}", "SLH-DSA", None)
        for index, name in enumerate(f"{family}-{size}{form}" for family in ("SHA2", "SHAKE") for size in (128, 192, 256) for form in "sf")
    ),
)

CONTENT_ENCRYPTIONS: Mapping[str, ContentEncryption] = _table(
    ContentEncryption(f"{_NIST_AES}.6", "aes-128-gcm", 16, "gcm", 1, 12),
    ContentEncryption(f"{_NIST_AES}.26", "aes-192-gcm", 24, "gcm", 1, 12),
    ContentEncryption(f"{_NIST_AES}.46", "aes-256-gcm", 32, "gcm", 1, 12),
    ContentEncryption(f"{_NIST_AES}.7", "aes-128-ccm", 16, "ccm", 1, 7),
    ContentEncryption(f"{_NIST_AES}.27", "aes-192-ccm", 24, "ccm", 1, 7),
    ContentEncryption(f"{_NIST_AES}.47", "aes-256-ccm", 32, "ccm", 1, 7),
    ContentEncryption(f"{_SMIME_ALG}.18", "chacha20-poly1305", 32, "chacha20-poly1305", 1, 12),
    ContentEncryption(f"{_NIST_AES}.2", "aes-128-cbc", 16, "cbc", 16, 16),
    ContentEncryption(f"{_NIST_AES}.22", "aes-192-cbc", 24, "cbc", 16, 16),
    ContentEncryption(f"{_NIST_AES}.42", "aes-256-cbc", 32, "cbc", 16, 16),
    ContentEncryption("1.2.840.113549.3.7", "des-ede3-cbc", 24, "cbc", 8, 8),
    ContentEncryption("1.3.14.3.2.7", "des-cbc", 8, "cbc", 8, 8),
    # the key size of RC2 is that of the transported key; its parameters state the effective one
    ContentEncryption("1.2.840.113549.3.2", "rc2-cbc", 16, "cbc", 8, 8),
)

CEK_HKDF_SHA256 = Named(f"{_SMIME_ALG}.31", "cek-hkdf-sha256")
"""RFC 9709: the parameters hold the inner content encryption algorithm."""

KEY_WRAPS: Mapping[str, KeyWrap] = _table(
    KeyWrap(f"{_NIST_AES}.5", "aes-128-wrap", 16),
    KeyWrap(f"{_NIST_AES}.25", "aes-192-wrap", 24),
    KeyWrap(f"{_NIST_AES}.45", "aes-256-wrap", 32),
    KeyWrap(f"{_NIST_AES}.8", "aes-128-wrap-pad", 16),
    KeyWrap(f"{_NIST_AES}.28", "aes-192-wrap-pad", 24),
    KeyWrap(f"{_NIST_AES}.48", "aes-256-wrap-pad", 32),
    KeyWrap(f"{_SMIME_ALG}.6", "3des-wrap", 24, "null"),
    KeyWrap(f"{_SMIME_ALG}.7", "rc2-wrap", 16),
)
PWRI_KEK = Named(f"{_SMIME_ALG}.9", "pwri-kek")

KEY_AGREEMENTS: Mapping[str, KeyAgreement] = _table(
    KeyAgreement("1.3.133.16.840.63.0.2", "dhSinglePass-stdDH-sha1kdf", "x963", "sha1"),
    KeyAgreement("1.3.132.1.11.0", "dhSinglePass-stdDH-sha224kdf", "x963", "sha224"),
    KeyAgreement("1.3.132.1.11.1", "dhSinglePass-stdDH-sha256kdf", "x963", "sha256"),
    KeyAgreement("1.3.132.1.11.2", "dhSinglePass-stdDH-sha384kdf", "x963", "sha384"),
    KeyAgreement("1.3.132.1.11.3", "dhSinglePass-stdDH-sha512kdf", "x963", "sha512"),
    KeyAgreement("1.3.133.16.840.63.0.3", "dhSinglePass-cofactorDH-sha1kdf", "x963", "sha1", cofactor=True),
    KeyAgreement("1.3.132.1.14.0", "dhSinglePass-cofactorDH-sha224kdf", "x963", "sha224", cofactor=True),
    KeyAgreement("1.3.132.1.14.1", "dhSinglePass-cofactorDH-sha256kdf", "x963", "sha256", cofactor=True),
    KeyAgreement("1.3.132.1.14.2", "dhSinglePass-cofactorDH-sha384kdf", "x963", "sha384", cofactor=True),
    KeyAgreement("1.3.132.1.14.3", "dhSinglePass-cofactorDH-sha512kdf", "x963", "sha512", cofactor=True),
    KeyAgreement(f"{_SMIME_ALG}.19", "dhSinglePass-stdDH-hkdf-sha256", "hkdf", "sha256"),
    KeyAgreement(f"{_SMIME_ALG}.20", "dhSinglePass-stdDH-hkdf-sha384", "hkdf", "sha384"),
    KeyAgreement(f"{_SMIME_ALG}.21", "dhSinglePass-stdDH-hkdf-sha512", "hkdf", "sha512"),
)

RSA_ENCRYPTION = Named(f"{_P1}.1", "rsaEncryption")
RSAES_OAEP = Named(f"{_P1}.7", "RSAES-OAEP")
MGF1 = Named(f"{_P1}.8", "mgf1")
P_SPECIFIED = Named(f"{_P1}.9", "pSpecified")
KEY_TRANSPORTS: Mapping[str, Named] = _table(RSA_ENCRYPTION, RSAES_OAEP)

ML_KEM_512 = Named(f"{_NIST_KEM}.1", "ML-KEM-512")
ML_KEM_768 = Named(f"{_NIST_KEM}.2", "ML-KEM-768")
ML_KEM_1024 = Named(f"{_NIST_KEM}.3", "ML-KEM-1024")
RSA_KEM = Named("1.0.18033.2.2.4", "id-kem-rsa")
KEMS: Mapping[str, Named] = _table(ML_KEM_512, ML_KEM_768, ML_KEM_1024, RSA_KEM)

RSA_KEM_SPKI = Named(f"{_SMIME_ALG}.14", "id-rsa-kem-spki")
PUBLIC_KEYS: Mapping[str, Named] = _table(
    Named("1.2.840.10045.2.1", "id-ecPublicKey"),
    Named("1.3.101.110", "X25519"),
    Named("1.3.101.111", "X448"),
    RSA_KEM_SPKI,
)

CURVES: Mapping[str, Named] = _table(
    Named("1.2.840.10045.3.1.1", "secp192r1"),
    Named("1.3.132.0.33", "secp224r1"),
    Named("1.2.840.10045.3.1.7", "secp256r1"),
    Named("1.3.132.0.34", "secp384r1"),
    Named("1.3.132.0.35", "secp521r1"),
    Named("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    Named("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    Named("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
)

HKDF_SHA256 = Named(f"{_SMIME_ALG}.28", "hkdf-with-sha256")
HKDF_SHA384 = Named(f"{_SMIME_ALG}.29", "hkdf-with-sha384")
HKDF_SHA512 = Named(f"{_SMIME_ALG}.30", "hkdf-with-sha512")
KDF2 = Named("1.3.133.16.840.9.44.1.1", "kdf2")
KDF3 = Named("1.3.133.16.840.9.44.1.2", "kdf3")
PBKDF2 = Named("1.2.840.113549.1.5.12", "pbkdf2")
SCRYPT = Named("1.3.6.1.4.1.11591.4.11", "scrypt")
KDFS: Mapping[str, Named] = _table(
    HKDF_SHA256,
    HKDF_SHA384,
    HKDF_SHA512,
    Named(f"{_SMIME_ALG}.32", "hkdf-with-sha3-224"),
    Named(f"{_SMIME_ALG}.33", "hkdf-with-sha3-256"),
    Named(f"{_SMIME_ALG}.34", "hkdf-with-sha3-384"),
    Named(f"{_SMIME_ALG}.35", "hkdf-with-sha3-512"),
    KDF2,
    KDF3,
    PBKDF2,
    SCRYPT,
)

MACS: Mapping[str, Named] = _table(
    Named("1.3.6.1.5.5.8.1.2", "hmac-sha1"),
    Named("1.2.840.113549.2.7", "hmac-sha1"),
    Named("1.2.840.113549.2.8", "hmac-sha224"),
    Named("1.2.840.113549.2.9", "hmac-sha256"),
    Named("1.2.840.113549.2.10", "hmac-sha384"),
    Named("1.2.840.113549.2.11", "hmac-sha512"),
    Named(f"{_NIST_HASH}.13", "hmac-sha3-224"),
    Named(f"{_NIST_HASH}.14", "hmac-sha3-256"),
    Named(f"{_NIST_HASH}.15", "hmac-sha3-384"),
    Named(f"{_NIST_HASH}.16", "hmac-sha3-512"),
)

ZLIB = Named(f"{_SMIME_ALG}.8", "zlib")

NAMES: Mapping[str, str] = MappingProxyType(
    {
        oid: row.name
        for table in (
            PUBLIC_KEYS,
            CURVES,
            KDFS,
            MACS,
            KEMS,
            KEY_AGREEMENTS,
            KEY_WRAPS,
            CONTENT_ENCRYPTIONS,
            SIGNATURES,
            DIGESTS,
            KEY_TRANSPORTS,
        )
        for oid, row in table.items()
    }
    | {row.oid: row.name for row in (CEK_HKDF_SHA256, PWRI_KEK, ZLIB, MGF1, P_SPECIFIED)}
)
"""Name of every known algorithm by dotted OID."""

DIGESTS_BY_NAME: Mapping[str, Digest] = MappingProxyType({row.name: row for row in DIGESTS.values()})
SIGNATURES_BY_NAME: Mapping[str, Signature] = MappingProxyType({row.name: row for row in SIGNATURES.values()})
CONTENT_ENCRYPTIONS_BY_NAME: Mapping[str, ContentEncryption] = MappingProxyType({row.name: row for row in CONTENT_ENCRYPTIONS.values()})
KEY_WRAPS_BY_NAME: Mapping[str, KeyWrap] = MappingProxyType({row.name: row for row in KEY_WRAPS.values()})
KEY_AGREEMENTS_BY_NAME: Mapping[str, KeyAgreement] = MappingProxyType({row.name: row for row in KEY_AGREEMENTS.values()})
CURVES_BY_NAME: Mapping[str, Named] = MappingProxyType({row.name: row for row in CURVES.values()})


def name_of(oid: str) -> str:
    """Return the name of the algorithm, or the dotted OID itself if it is unknown."""
    return NAMES.get(oid, oid)


# -- profiles --


class Level(enum.Enum):
    """What a profile says of an algorithm."""

    CURRENT = "current"
    LEGACY = "legacy"  # read, with a finding; never written
    FORBIDDEN = "forbidden"


_LEGACY_DIGESTS = frozenset({"sha1", "md5"})
_LEGACY_CIPHERS = frozenset({"des-ede3-cbc", "des-cbc", "rc2-cbc", "3des-wrap", "rc2-wrap"})
_LEGACY_SIGNATURES = frozenset(row.name for row in SIGNATURES.values() if row.key == "DSA" or row.digest in _LEGACY_DIGESTS)
_LEGACY = _LEGACY_DIGESTS | _LEGACY_CIPHERS | _LEGACY_SIGNATURES

_ALL = frozenset(NAMES.values())


@dataclass(frozen=True, slots=True)
class AlgorithmProfile:
    """Which algorithms are accepted, by name.

    Attributes:
        name: of the profile.
        current: accepted without remark, and allowed for writing.
        legacy: accepted for reading, with a finding.
        minimum_rsa_bits: RSA and DSA keys shorter than this are legacy, or forbidden if shorter than `minimum_legacy_rsa_bits`.
        minimum_legacy_rsa_bits: see there.
    """

    name: str
    current: frozenset[str]
    legacy: frozenset[str] = frozenset()
    minimum_rsa_bits: int = 2048
    minimum_legacy_rsa_bits: int = 2048

    def level(self, algorithm: str) -> Level:
        """Return what the profile says of the algorithm with this name. Names it does not know are forbidden."""
        if algorithm in self.current:
            return Level.CURRENT
        return Level.LEGACY if algorithm in self.legacy else Level.FORBIDDEN

    def rsa_level(self, bits: int) -> Level:
        """Return what the profile says of an RSA or DSA modulus of this many bits."""
        if bits >= self.minimum_rsa_bits:
            return Level.CURRENT
        return Level.LEGACY if bits >= self.minimum_legacy_rsa_bits else Level.FORBIDDEN

    def replace(self, **changes: Any) -> AlgorithmProfile:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


# SHA-1 inside a key derivation or an HMAC does not rest on collision resistance, and OpenSSL 3.0 sends stdDH-sha1kdf by default,
# so these are read as current algorithms; for writing they are not chosen, but may be asked for.
RFC8551 = AlgorithmProfile("rfc8551", current=_ALL - _LEGACY)
"""S/MIME 4.0: what RFC 8551 and its companions allow today."""

ARCHIVE = AlgorithmProfile("archive", current=_ALL - _LEGACY, legacy=_LEGACY, minimum_legacy_rsa_bits=512)
"""For reading old mail: the historic algorithms of RFC 8551 appendix B, with findings."""
