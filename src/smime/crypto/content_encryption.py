"""Content encryption: AES-GCM, AES-CCM, ChaCha20-Poly1305, AES-CBC; 3DES, DES and RC2 to read (RFC 3370, 3565, 5084, 8103, 9709).

`Encryptor` and `Decryptor` stream. Plaintext of an authenticated cipher comes out of `Decryptor` before it is authenticated: the caller
keeps it to itself until `finalize` has returned, and destroys it when that raises (RFC 5083 section 2).

**Authenticated attributes come last.** In AuthEnvelopedData they follow the ciphertext, and they are what the cipher takes as additional
authenticated data *before* it. `Decryptor.finalize` therefore takes `aad`. GCM needs no second pass for that, see `gcm.tag_without_aad`;
ChaCha20-Poly1305 authenticates in a second pass over the plaintext (`replay`); CCM holds the message in memory anyway. Most mail has no
such attributes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto._integers import small
from smime.crypto.ciphers import (
    OVERHEAD,
    CBCDecryption,
    CBCEncryption,
    CCMDecryption,
    CCMEncryption,
    ChaChaDecryption,
    ChaChaEncryption,
    GCMDecryption,
    GCMEncryption,
    cbc_decryption,
)
from smime.crypto.faults import Failed
from smime.errors import ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = [
    "OVERHEAD",
    "ContentEncryptionParameters",
    "Decryptor",
    "Encryptor",
    "algorithm_identifier",
    "decrypt",
    "encrypt",
    "new_key",
    "parse_parameters",
]

_ONE_SHOT = 1 << 16  # above this the one-shot AEADs of `cryptography` lose to a stream with reused buffers
_TAG = 16


# -- parameters --


class ContentEncryptionParameters(NamedTuple):
    """What a contentEncryptionAlgorithm says.

    Attributes:
        name: of the cipher, as in `smime.algorithms`.
        mode: ``"gcm"``, ``"ccm"``, ``"chacha20-poly1305"`` or ``"cbc"``.
        key_size: of the content encryption key, octets.
        block_size: octets; 1 for the modes without padding.
        iv: initialisation vector or nonce.
        icv_length: octets of the authentication tag as stated, None where nothing is stated or there is none.
        effective_bits: of RC2; 0 elsewhere.
        cek_hkdf: the transported key is not the key of the cipher (RFC 9709).
        info: what goes into that derivation: the DER of the inner AlgorithmIdentifier.
    """

    name: str
    mode: str
    key_size: int
    block_size: int
    iv: bytes
    icv_length: int | None = None
    effective_bits: int = 0
    cek_hkdf: bool = False
    info: bytes = b""

    @property
    def aead(self) -> bool:
        """It notices changes: used in AuthEnvelopedData."""
        return self.mode != "cbc"

    @property
    def key_sizes(self) -> tuple[int, ...]:
        """All sizes that the transported key may have: one, but for RC2, whose keys need not be as long as they are strong."""
        return (self.key_size,) if self.name != "rc2-cbc" else tuple(dict.fromkeys((self.key_size, 5, 8, 16)))


def _octet_string(parameters: bytes, size: int, name: str) -> bytes:
    element = der.parse(parameters, layer="cms")
    if element.tag & ~0x20 != der.OCTET_STRING:  # primitive or constructed
        raise ParseError("cms", f"the parameters of {name} are not an OCTET STRING")
    octets = element.contents
    if len(octets) != size:
        raise ParseError("cms", f"the initialisation vector of {name} has {len(octets)} octets, not {size}")
    return octets


def _nonce_and_icv_length(parameters: bytes) -> tuple[bytes, int | None]:
    """Read GCMParameters or CCMParameters, which are alike: SEQUENCE { nonce OCTET STRING, ICVlen INTEGER DEFAULT 12 }."""
    if len(parameters) == 19 and parameters.startswith(b"\x30\x11\x04\x0c") and parameters.endswith(b"\x02\x01\x10"):
        return parameters[4:16], 16  # what everybody writes
    reader = der.Reader(der.parse(parameters, layer="cms").expect(der.SEQUENCE))
    nonce = reader.octet_string()
    icv_length = None if reader.peek() is None else small(reader.any())
    reader.end()
    return nonce, icv_length


def _rc2(parameters: bytes) -> tuple[int, bytes]:
    """Return effective key bits and IV of RC2CBCParameter (RFC 3370 section 5.2, RFC 2268 section 6)."""
    element = der.parse(parameters, layer="cms")
    if element.tag & ~0x20 == der.OCTET_STRING:
        return 32, _octet_string(parameters, 8, "rc2-cbc")
    reader = der.Reader(element.expect(der.SEQUENCE))
    version, iv = small(reader.any()), reader.octet_string()
    reader.end()
    bits = {160: 40, 120: 64, 58: 128}.get(version, version if 256 <= version <= 1024 else 0)
    if not bits:
        raise ParseError("cms", f"the version of the RC2 parameters is {version}")
    if len(iv) != 8:
        raise ParseError("cms", f"the initialisation vector of rc2-cbc has {len(iv)} octets, not 8")
    return bits, iv


def parse_parameters(algorithm: AlgorithmIdentifier) -> ContentEncryptionParameters:
    """Read a contentEncryptionAlgorithm.

    Raises:
        ParseError: its parameters are missing, malformed, or beyond what the algorithm allows. A tag of less than 12 octets counts among
            these (RFC 5084 section 3.2 for GCM, and a choice of this library for CCM).
        UnsupportedError: the algorithm, or a GCM nonce of fewer than 8 octets, which `cryptography` does not take.
    """
    if algorithm.oid == algorithms.CEK_HKDF_SHA256.oid:
        if algorithm.parameters is None:
            raise ParseError("cms", "cek-hkdf-sha256 states no inner algorithm")
        inner = AlgorithmIdentifier.from_raw(algorithm.parameters)
        return _parse(inner, cek_hkdf=True)
    return _parse(algorithm, cek_hkdf=False)


def _parse(algorithm: AlgorithmIdentifier, *, cek_hkdf: bool) -> ContentEncryptionParameters:
    row = algorithms.CONTENT_ENCRYPTIONS.get(algorithm.oid)
    if row is None:
        raise UnsupportedError("content encryption algorithm", algorithm.oid)
    parameters = algorithm.parameters
    if parameters is None:
        raise ParseError("cms", f"{row.name} states no parameters")
    key_size, icv_length, bits = row.key_size, None, 0
    if row.mode == "gcm":
        iv, icv_length = _nonce_and_icv_length(parameters)
        tag = 12 if icv_length is None else icv_length
        if not 1 <= len(iv) <= 64 or not 12 <= tag <= _TAG:
            raise ParseError("cms", f"{row.name} with a nonce of {len(iv)} octets and a tag of {tag}")
        if len(iv) < 8:
            raise UnsupportedError("size of a GCM nonce", f"{len(iv)} octets")
    elif row.mode == "ccm":
        iv, icv_length = _nonce_and_icv_length(parameters)
        tag = 12 if icv_length is None else icv_length
        if not 7 <= len(iv) <= 13 or tag not in {12, 14, 16}:
            raise ParseError("cms", f"{row.name} with a nonce of {len(iv)} octets and a tag of {tag}")
    elif row.name == "rc2-cbc":
        bits, iv = _rc2(parameters)
        key_size = bits // 8
    else:
        iv = _octet_string(parameters, row.iv_size, row.name)
        icv_length = _TAG if row.mode == "chacha20-poly1305" else None
    info = b""
    if cek_hkdf:
        info = algorithm.raw
        if not der.is_der(info):  # the derivation takes DER even where the message is BER (RFC 9709 section 2)
            info = algorithm_identifier(row.name, iv, icv_length=icv_length).raw
    return ContentEncryptionParameters(row.name, row.mode, key_size, row.block_size, iv, icv_length, bits, cek_hkdf, info)


def algorithm_identifier(name: str, iv: bytes, *, icv_length: int | None = _TAG, cek_hkdf: bool = False) -> AlgorithmIdentifier:
    """Build a contentEncryptionAlgorithm.

    Args:
        name: of the cipher.
        iv: initialisation vector or nonce.
        icv_length: octets of the tag, for GCM and CCM; None or 12 leaves the field out.
        cek_hkdf: put it into cek-hkdf-sha256 (RFC 9709).

    Raises:
        UnsupportedError: the cipher is unknown, or is RC2.
    """
    row = algorithms.CONTENT_ENCRYPTIONS_BY_NAME.get(name)
    if row is None or name == "rc2-cbc":
        raise UnsupportedError("content encryption algorithm for writing", name)
    parameters = writer.octet_string(iv)
    if row.mode in {"gcm", "ccm"}:
        length = () if icv_length is None or icv_length == 12 else (writer.integer(icv_length),)
        parameters = writer.sequence(parameters, *length)
    inner = AlgorithmIdentifier.build(row.oid, parameters)
    return AlgorithmIdentifier.build(algorithms.CEK_HKDF_SHA256.oid, inner.raw) if cek_hkdf else inner


def _gcm_identifier(row: algorithms.ContentEncryption, iv: bytes) -> AlgorithmIdentifier:
    """Return what `algorithm_identifier` does for GCM, with a nonce and a tag of the usual size."""
    head, tail, start = _gcm_frame(row.oid, row.iv_size)
    raw = head + iv + tail
    return AlgorithmIdentifier(row.oid, raw[start:], raw)


@lru_cache(maxsize=8)
def _gcm_frame(oid: str, iv_size: int) -> tuple[bytes, bytes, int]:
    """Return what stands before and behind the nonce in the AlgorithmIdentifier that is written for GCM, and where its parameters start."""
    icv_length = writer.integer(_TAG)
    parameters = writer.sequence(writer.octet_string(bytes(iv_size)), icv_length)
    raw = AlgorithmIdentifier.build(oid, parameters).raw
    return raw[: -len(icv_length) - iv_size], icv_length, len(raw) - len(parameters)


# -- keys --

_HKDF_SALT = b"The Cryptographic Message Syntax"


def _derive(key: bytes, info: bytes) -> bytes:
    """Derive the key of the cipher from the transported one (RFC 9709 section 2)."""
    return HKDF(hashes.SHA256(), len(key), _HKDF_SALT, info).derive(key)


def new_key(name: str) -> bytes:
    """Return a fresh content encryption key.

    Raises:
        UnsupportedError: the cipher is unknown or only read.
    """
    return os.urandom(_writable(name).key_size)


def _writable(name: str) -> algorithms.ContentEncryption:
    row = algorithms.CONTENT_ENCRYPTIONS_BY_NAME.get(name)
    if row is None or (row.mode == "cbc" and row.block_size != 16):
        raise UnsupportedError("content encryption algorithm for writing", name)
    return row


def _checked_key(parameters: ContentEncryptionParameters, key: bytes) -> bytes:
    right = 1 <= len(key) <= 128 if parameters.name == "rc2-cbc" else len(key) == parameters.key_size
    if not right:
        raise Failed
    return _derive(key, parameters.info) if parameters.cek_hkdf else key


# -- the public streams --


class Decryptor:
    """Decrypts content as it comes.

    Attributes:
        parameters: what the algorithm says.
        update: takes ciphertext, returns the plaintext that is ready, **not yet authenticated**.
        update_into: the same into a buffer of `OVERHEAD` octets more than the input; returns how many it wrote.
    """

    __slots__ = ("_aad", "_finish", "_whole", "parameters", "update", "update_into")

    update: Callable[[Buffer], bytes]
    update_into: Callable[[Buffer, Buffer], int]

    def __init__(
        self,
        algorithm: AlgorithmIdentifier,
        key: bytes,
        *,
        aad: bytes = b"",
        limits: Limits = DEFAULT_LIMITS,
        parameters: ContentEncryptionParameters | None = None,
    ) -> None:
        """Start a decryption.

        Args:
            algorithm: contentEncryptionAlgorithm.
            key: the content encryption key as transported.
            aad: additional authenticated data, if it is known beforehand.
            limits: `structure_size` bounds content encrypted with CCM, which is held in memory.
            parameters: what `parse_parameters` said of the algorithm, if it was asked already.

        Raises:
            ParseError, UnsupportedError: see `parse_parameters`.
            Failed: the key has the wrong size.
        """
        if parameters is None:
            parameters = parse_parameters(algorithm)
        key = _checked_key(parameters, key)
        self.parameters = parameters
        stream: GCMDecryption | CBCDecryption | ChaChaDecryption | CCMDecryption
        if parameters.mode == "gcm":
            # RFC 5084 says 12 when nothing is stated; the sample in RFC 8551 section 3.4 states nothing and has 16
            sizes = (12, 16) if parameters.icv_length is None else (parameters.icv_length,)
            stream = GCMDecryption(key, parameters.iv, sizes, aad)
        elif parameters.mode == "cbc":
            stream = CBCDecryption(cbc_decryption(parameters.name, key, parameters.iv, parameters.effective_bits), parameters.block_size)
        elif parameters.mode == "ccm":
            stream = CCMDecryption(key, parameters.iv, parameters.icv_length or 12, aad, limits)
        else:
            stream = ChaChaDecryption(key, parameters.iv, aad)
        self.update = stream.update
        self.update_into = stream.update_into
        self._finish = stream.finish
        self._whole = stream.whole if isinstance(stream, GCMDecryption) else None
        self._aad = aad

    @property
    def takes_whole(self) -> bool:
        """`whole` decrypts faster than `update` and `finalize`."""
        return self._whole is not None

    def whole(self, data: Buffer, tag: bytes | None = None, aad: bytes = b"") -> bytes:
        """Decrypt all of the content in one call, instead of `update` and `finalize`; arguments and errors as there."""
        if self._whole is None:
            plaintext = self.update(data)
            rest = self.finalize(tag, aad, (plaintext,))
            return plaintext + rest if rest else plaintext
        if aad and self._aad:
            raise ValueError("additional authenticated data was given at the start")
        return self._whole(data, tag, aad)

    def finalize(self, tag: bytes | None = None, aad: bytes = b"", replay: Iterable[Buffer] | None = None) -> bytes:
        """End the decryption and return the rest of the plaintext.

        Args:
            tag: the received authentication tag (`mac` of AuthEnvelopedData), whole; None for ciphers without one.
            aad: additional authenticated data that came after the content; only if none was given at the start.
            replay: all plaintext that was returned, again: needed for `aad` with ChaCha20-Poly1305 and with no other cipher.

        Raises:
            Failed: tag, padding or length is wrong. Destroy the plaintext.
            UnsupportedError: `replay` was needed.
            ValueError: additional authenticated data was given twice.
        """
        if aad and self._aad:
            raise ValueError("additional authenticated data was given at the start")
        return self._finish(tag, aad, replay)


class Encryptor:
    """Encrypts content as it comes, under a nonce of its own making.

    Attributes:
        algorithm: contentEncryptionAlgorithm, complete from the start.
        update: takes plaintext, returns ciphertext.
        update_into: the same into a buffer of `OVERHEAD` octets more than the input; returns how many it wrote.
    """

    __slots__ = ("_stream", "algorithm", "update", "update_into")

    update: Callable[[Buffer], bytes]
    update_into: Callable[[Buffer, Buffer], int]

    def __init__(
        self,
        name: str,
        key: bytes,
        *,
        aad: bytes = b"",
        cek_hkdf: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        _iv: bytes | None = None,
    ) -> None:
        """Start an encryption.

        Args:
            name: of the cipher, such as ``"aes-256-gcm"``.
            key: a fresh one from `new_key`; no key encrypts twice.
            aad: additional authenticated data.
            cek_hkdf: derive the cipher's key by RFC 9709.
            limits: as in `Decryptor`.

        Raises:
            UnsupportedError: the cipher is unknown or only read.
            ValueError: the key has the wrong size.
        """
        row = _writable(name)
        if len(key) != row.key_size:
            raise ValueError(f"{name} takes a key of {row.key_size} octets, not {len(key)}")
        iv = os.urandom(row.iv_size) if _iv is None else _iv  # _iv: test vectors
        self.algorithm = algorithm_identifier(name, iv, cek_hkdf=cek_hkdf)
        if cek_hkdf:
            key = _derive(key, self.algorithm.parameters or b"")
        stream: GCMEncryption | CBCEncryption | ChaChaEncryption | CCMEncryption
        if row.mode == "gcm":
            stream = GCMEncryption(key, iv, aad)
        elif row.mode == "cbc":
            if aad:
                raise ValueError(f"{name} authenticates nothing")
            stream = CBCEncryption(key, iv)
        elif row.mode == "ccm":
            stream = CCMEncryption(key, iv, _TAG, aad, limits)
        else:
            stream = ChaChaEncryption(key, iv, aad)
        self._stream = stream
        self.update = stream.update
        self.update_into = stream.update_into

    def finalize(self) -> bytes:
        """End the encryption, return the rest of the ciphertext; `tag` is there from now on."""
        return self._stream.finish()

    @property
    def tag(self) -> bytes | None:
        """The authentication tag; None before the end and for ciphers without one."""
        return self._stream.tag


# -- one call --


def encrypt(
    name: str, key: bytes, data: Buffer, *, aad: bytes = b"", cek_hkdf: bool = False
) -> tuple[AlgorithmIdentifier, bytes, bytes | None]:
    """Encrypt a message that is in memory; see `Encryptor`.

    Returns:
        contentEncryptionAlgorithm, ciphertext, and tag or None.
    """
    row = _writable(name)
    if row.mode == "gcm" and len(data) <= _ONE_SHOT and len(key) == row.key_size:
        iv = os.urandom(row.iv_size)
        if cek_hkdf:
            algorithm = algorithm_identifier(name, iv, cek_hkdf=True)
            key = _derive(key, algorithm.parameters or b"")
        else:
            algorithm = _gcm_identifier(row, iv)
        sealed = AESGCM(key).encrypt(iv, data, aad or None)
        return algorithm, sealed[:-_TAG], sealed[-_TAG:]
    stream = Encryptor(name, key, aad=aad, cek_hkdf=cek_hkdf)
    ciphertext = stream.update(data) + stream.finalize()
    return stream.algorithm, ciphertext, stream.tag


def decrypt(
    algorithm: AlgorithmIdentifier,
    key: bytes,
    ciphertext: Buffer,
    tag: bytes | None = None,
    *,
    aad: bytes = b"",
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Decrypt a message that is in memory; see `Decryptor`.

    Raises:
        Failed: tag, padding, or the size of ciphertext or key is wrong.
        ParseError, UnsupportedError: see `parse_parameters`.
    """
    return Decryptor(algorithm, key, aad=aad, limits=limits).whole(ciphertext, tag)
