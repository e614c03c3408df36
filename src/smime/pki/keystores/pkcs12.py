"""PKCS #12 key stores (RFC 7292), read whole: every key and every certificate, with old and new encryption.

::

    PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }
    MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
    AuthenticatedSafe ::= SEQUENCE OF ContentInfo    -- Data, or EncryptedData under the password
    SafeContents ::= SEQUENCE OF SafeBag
    SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY, bagAttributes SET OF PKCS12Attribute OPTIONAL }

The loader of `cryptography` returns one key, and none of the kinds that agree on keys; a key store for mail holds one key to sign and one
to decrypt (RFC 9216 has such), so the bags are read here. The integrity check comes first: a wrong password is told from a damaged key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import load_der_private_key

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import content_encryption, digests, kdf, keys, mac
from smime.crypto.faults import Failed
from smime.crypto.quiet import quietly
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["Bags", "WrongPassword", "decrypt_pkcs8", "is_pkcs12", "read"]

_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1"
_KEY_BAG, _SHROUDED_KEY_BAG, _CERT_BAG, _CRL_BAG, _SAFE_CONTENTS_BAG = f"{_BAG}.1", f"{_BAG}.2", f"{_BAG}.3", f"{_BAG}.4", f"{_BAG}.6"
_X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_X509_CRL = "1.2.840.113549.1.9.23.1"
_PBES2 = "1.2.840.113549.1.5.13"
_PBMAC1 = "1.2.840.113549.1.5.14"
_PBE = "1.2.840.113549.1.12.1"
_MOST_ROUNDS = 2_000_000  # of a derivation that is a loop here, where PBKDF2 is one in C
_DEPTH = 4

# the ciphers of RFC 7292 appendix C: (octets of key, name, version of the RC2 parameters)
_OLD_CIPHERS = {
    f"{_PBE}.3": (24, "des-ede3-cbc", 0),
    f"{_PBE}.4": (16, "des-ede3-cbc", 0),
    f"{_PBE}.5": (16, "rc2-cbc", 58),
    f"{_PBE}.6": (5, "rc2-cbc", 160),
}


class WrongPassword(ParseError):  # noqa: N818 - like its siblings, it says what is the case
    """The integrity check fails: the password is wrong, or the file is damaged."""

    def __init__(self) -> None:
        super().__init__("pkcs12", "the password is wrong, or the file is damaged")

    def __reduce__(self) -> tuple[Any, ...]:
        return (WrongPassword, ())


@dataclass(slots=True)
class Bags:
    """What a key store holds.

    Attributes:
        keys: private keys of `cryptography`.
        certificates: in DER.
        crls: in DER.
        unsupported: why keys were left out.
    """

    keys: list[Any] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    unsupported: list[SMIMEError] = field(default_factory=list)


def is_pkcs12(data: bytes) -> bool:
    """Whether octets begin like a PFX: a SEQUENCE with the INTEGER 3 and a SEQUENCE."""
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[:16]


def read(data: bytes, password: bytes | None, *, limits: Limits = DEFAULT_LIMITS) -> Bags:
    """Read a key store.

    Args:
        data: its BER.
        password: UTF-8; None where there is none.
        limits: `kdf_iterations`, `structure_size` and the others for structures count.

    Raises:
        WrongPassword: the integrity check or the decryption fails.
        ParseError: it is not a PFX.
        UnsupportedError: its encryption or its integrity check is unknown.
        LimitExceeded: it asks for more work than is allowed.
    """
    pfx = der.parse(data, limits=limits, layer="pkcs12", allow_trailing=True).reader()
    if pfx.integer() != 3:
        raise ParseError("pkcs12", "the version is not 3", 0)
    info = pfx.sequence()
    if info.oid() != _DATA:
        raise UnsupportedError("integrity of PKCS#12 by a public key")
    safe = _octets(info.explicit(0))
    if pfx.peek() is not None:
        password = _check_integrity(pfx.sequence(), safe, password, limits)
    bags = Bags()
    for content in der.parse(safe, limits=limits, layer="pkcs12").expect(der.SEQUENCE):
        info = content.reader()
        kind = info.oid()
        if kind == _DATA:
            contents = _octets(info.explicit(0))
        elif kind == _ENCRYPTED_DATA:
            contents = _encrypted_data(info.explicit(0).reader(), password, limits)
        else:
            raise UnsupportedError("PKCS#12 content", kind)
        _read_bags(contents, password, limits, bags, 0)
    return bags


def _octets(element: der.Element) -> bytes:
    if element.tag & ~0x20 != der.OCTET_STRING:
        raise element.error("not an OCTET STRING")
    return element.contents


def _read_bags(contents: bytes, password: bytes | None, limits: Limits, bags: Bags, depth: int) -> None:
    if depth > _DEPTH:
        raise LimitExceeded("asn1_depth", _DEPTH)
    for bag in der.parse(contents, limits=limits, layer="pkcs12", allow_trailing=True).expect(der.SEQUENCE):
        reader = bag.reader()
        kind = reader.oid()
        value = reader.explicit(0)
        if kind == _KEY_BAG:
            _take_key(value.raw, bags)
        elif kind == _SHROUDED_KEY_BAG:
            encrypted = value.reader()
            algorithm = AlgorithmIdentifier.from_element(encrypted.any())
            _take_key(_decrypt(algorithm, encrypted.octet_string(), password, limits), bags)
        elif kind in {_CERT_BAG, _CRL_BAG}:
            item = value.reader()
            form = item.oid()
            if form == _X509_CERTIFICATE:
                bags.certificates.append(_octets(item.explicit(0)))
            elif form == _X509_CRL:
                bags.crls.append(_octets(item.explicit(0)))
        elif kind == _SAFE_CONTENTS_BAG:
            _read_bags(value.raw, password, limits, bags, depth + 1)


def _take_key(pkcs8: bytes, bags: Bags) -> None:
    try:
        bags.keys.append(quietly(load_der_private_key, keys.loadable_private_key(pkcs8), None))
    except UnsupportedAlgorithm as error:
        bags.unsupported.append(UnsupportedError("private key", str(error)))
    except Exception as error:  # noqa: BLE001 - the loader's exceptions are not a closed set
        bags.unsupported.append(ParseError("pkcs8", f"a private key cannot be read: {error}"))


# -- encryption --


def decrypt_pkcs8(data: bytes, password: bytes | None, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the PrivateKeyInfo in an EncryptedPrivateKeyInfo (RFC 5958 section 3).

    Raises:
        WrongPassword: it does not decrypt.
        ParseError, UnsupportedError, LimitExceeded: as `read`.
    """
    reader = der.parse(data, limits=limits, layer="pkcs8").reader()
    algorithm = AlgorithmIdentifier.from_element(reader.any())
    return _decrypt(algorithm, reader.octet_string(), password, limits)


def _encrypted_data(reader: der.Reader, password: bytes | None, limits: Limits) -> bytes:
    """Read ``EncryptedData`` (RFC 5652 section 8)."""
    reader.integer()
    info = reader.sequence()
    info.oid()
    algorithm = AlgorithmIdentifier.from_element(info.any())
    content = info.any()  # [0] IMPLICIT OCTET STRING
    if content.tag & ~0x20 != 0x80:
        raise content.error("not encrypted content")
    return _decrypt(algorithm, content.contents, password, limits)


def _decrypt(algorithm: AlgorithmIdentifier, ciphertext: bytes, password: bytes | None, limits: Limits) -> bytes:
    if algorithm.parameters is None:
        raise ParseError("pkcs12", "the encryption states no parameters")
    reader = der.parse(algorithm.parameters, layer="pkcs12").reader()
    if algorithm.oid == _PBES2:
        derivation = AlgorithmIdentifier.from_element(reader.any())
        cipher = AlgorithmIdentifier.from_element(reader.any())
        key_size = content_encryption.parse_parameters(cipher).key_size
        key = kdf.from_password(derivation, password or b"", key_size, limits=limits)
    else:
        cipher, key = _old_cipher(algorithm.oid, reader, password, limits)
    try:
        decryptor = content_encryption.Decryptor(cipher, key, limits=limits)
        return decryptor.update(ciphertext) + decryptor.finalize()
    except Failed:
        raise WrongPassword from None


def _old_cipher(oid: str, reader: der.Reader, password: bytes | None, limits: Limits) -> tuple[AlgorithmIdentifier, bytes]:
    known = _OLD_CIPHERS.get(oid)
    if known is None:
        raise UnsupportedError("PKCS#12 encryption", oid)
    size, name, version = known
    salt, rounds = reader.octet_string(), reader.integer()
    secret = _bmp_string(password)
    key = _derive("sha1", 1, secret, salt, rounds, size, limits)
    iv = writer.octet_string(_derive("sha1", 2, secret, salt, rounds, 8, limits))
    parameters = writer.sequence(writer.integer(version), iv) if version else iv
    if size == 16 and name == "des-ede3-cbc":
        key += key[:8]  # two-key triple DES
    return AlgorithmIdentifier.build(algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name].oid, parameters), key


# -- integrity --


def _check_integrity(data: der.Reader, safe: bytes, password: bytes | None, limits: Limits) -> bytes | None:
    """Return the password with which the MAC over the safe is right: no password may be written as none or as an empty one."""
    info = data.sequence()
    algorithm = AlgorithmIdentifier.from_element(info.any())
    expected = info.octet_string()
    salt = data.octet_string()
    rounds = data.integer() if data.peek() == der.INTEGER else 1
    for candidate in (password,) if password else (password, None if password is not None else b""):
        if algorithm.oid == _PBMAC1:
            computed = _pbmac1(algorithm, safe, candidate, limits)
        else:
            name = digests.name_of(algorithm)
            key = _derive(name, 3, _bmp_string(candidate), salt, rounds, algorithms.DIGESTS_BY_NAME[name].size, limits)
            computed = _hmac(name, key, safe)
        if mac.equal(computed, expected):
            return candidate
    raise WrongPassword


def _hmac(digest: str, key: bytes, data: bytes) -> bytes:
    running = HMAC(key, digests.hash_algorithm(digest))
    running.update(data)
    return running.finalize()


def _pbmac1(algorithm: AlgorithmIdentifier, safe: bytes, password: bytes | None, limits: Limits) -> bytes:
    """PBMAC1 (RFC 8018 section 7.1, RFC 9579): ``SEQUENCE { keyDerivationFunc, messageAuthScheme }``."""
    if algorithm.parameters is None:
        raise ParseError("pkcs12", "PBMAC1 states no parameters")
    reader = der.parse(algorithm.parameters, layer="pkcs12").reader()
    derivation = AlgorithmIdentifier.from_element(reader.any())
    scheme = AlgorithmIdentifier.from_element(reader.any())
    size = mac.key_size(scheme)
    if derivation.oid == algorithms.PBKDF2.oid and derivation.parameters is not None:
        size = _stated_size(derivation.parameters) or size
    running = mac.new(scheme, kdf.from_password(derivation, password or b"", size, limits=limits))
    running.update(safe)
    return running.finalize()


def _stated_size(parameters: bytes) -> int | None:
    """Return keyLength of PBKDF2-params, which RFC 9579 demands; at most 64."""
    reader = der.parse(parameters, layer="pkcs12").reader()
    reader.any()
    reader.integer()
    return min(reader.integer(), 64) if reader.peek() == der.INTEGER else None


# -- derivation --


def _bmp_string(password: bytes | None) -> bytes:
    """Return a password as RFC 7292 appendix B.1 wants it: UTF-16, big endian, and two octets of zero behind."""
    if password is None:
        return b""
    try:
        text = password.decode()
    except UnicodeDecodeError:
        text = password.decode("latin-1")
    return text.encode("utf-16-be") + b"\x00\x00"


def _fill(data: bytes, size: int) -> bytes:
    """Return data repeated up to a multiple of the block size, nothing if it is nothing."""
    length = size * -(-len(data) // size)
    return (data * (length // len(data) + 1))[:length] if data else b""


def _derive(digest: str, purpose: int, password: bytes, salt: bytes, rounds: int, size: int, limits: Limits) -> bytes:
    """Derive key material (RFC 7292 appendix B.2).

    Args:
        digest: name of the digest.
        purpose: 1 for a key, 2 for an initialisation vector, 3 for an integrity key.
        password: as `_bmp_string` makes it.
        salt: as stored.
        rounds: iterations.
        size: octets wanted.
        limits: `kdf_iterations`.
    """
    most = min(limits.kdf_iterations, _MOST_ROUNDS)
    if rounds > most:
        raise LimitExceeded("kdf_iterations", most)
    if rounds < 1 or len(salt) > 1 << 16 or len(password) > 1 << 16:
        raise ParseError("pkcs12", "the parameters of the key derivation are absurd")
    block = 128 if digest in {"sha384", "sha512", "sha512-224", "sha512-256"} else 64
    diversifier = bytes([purpose]) * block
    mixed = _fill(salt, block) + _fill(password, block)
    out = b""
    for chunk in _chunks(digest, diversifier, mixed, rounds, block):
        out += chunk
        if len(out) >= size:
            return out[:size]
    raise AssertionError  # the chunks have no end


def _chunks(digest: str, diversifier: bytes, mixed: bytes, rounds: int, block: int) -> Iterator[bytes]:
    while True:
        value = digests.digest(digest, diversifier + mixed)
        for _ in range(rounds - 1):
            value = digests.digest(digest, value)
        yield value
        addend = int.from_bytes(_fill(value, block), "big") + 1
        mask = (1 << 8 * block) - 1
        mixed = b"".join(
            ((int.from_bytes(mixed[at : at + block], "big") + addend) & mask).to_bytes(block, "big") for at in range(0, len(mixed), block)
        )
