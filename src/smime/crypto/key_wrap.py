"""Key wrap: AES (RFC 3394, and RFC 5649 with padding); Triple-DES and RC2 to read (RFC 3217).

A wrap that fails in any way is `Failed`, whatever the way.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.constant_time import bytes_eq

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests
from smime.crypto._integers import small
from smime.crypto.ciphers import cbc_decryption
from smime.crypto.faults import Failed
from smime.errors import ParseError, UnsupportedError

__all__ = ["algorithm_identifier", "kek_size", "parse", "unwrap", "wrap", "wrap_for"]

_WRITTEN = frozenset({"aes-128-wrap", "aes-192-wrap", "aes-256-wrap", "aes-128-wrap-pad", "aes-192-wrap-pad", "aes-256-wrap-pad"})


def _rc2_bits(parameters: bytes | None) -> int:
    """Return the effective key bits that an RC2 version number stands for (RFC 3370 section 4.3.2)."""
    version = small(der.parse(parameters or b"", layer="cms"))
    bits = {160: 40, 120: 64, 58: 128}.get(version)
    if bits is None:
        raise UnsupportedError("RC2 version", str(version))
    return bits


@lru_cache(maxsize=64)
def _row(oid: str, parameters: bytes | None) -> algorithms.KeyWrap:
    row = algorithms.KEY_WRAPS.get(oid)
    if row is None:
        raise UnsupportedError("key wrap algorithm", oid)
    if row.name == "3des-wrap":
        if parameters not in {None, writer.NULL}:
            raise ParseError("cms", "the parameters of 3des-wrap are not NULL")
    elif row.name == "rc2-wrap":
        _rc2_bits(parameters)
    elif parameters not in {None, writer.NULL}:  # RFC 3565 section 2.3.2 says absent; NULL is what some senders wrote
        raise ParseError("cms", f"{row.name} has no parameters, and the message states some")
    return row


def parse(algorithm: AlgorithmIdentifier) -> algorithms.KeyWrap:
    """Return the registry's row for a key wrap AlgorithmIdentifier, its parameters checked.

    Raises:
        ParseError: the parameters are not those it is defined with.
        UnsupportedError: the algorithm is unknown.
    """
    return _row(algorithm.oid, algorithm.parameters)


def kek_size(algorithm: AlgorithmIdentifier) -> int:
    """Return the size of the key encryption key, octets; errors as `parse`."""
    return parse(algorithm).key_size


@lru_cache(maxsize=16)
def algorithm_identifier(name: str) -> AlgorithmIdentifier:
    """Return the AlgorithmIdentifier of a key wrap that is written: AES, without parameters.

    Raises:
        UnsupportedError: it is unknown or only read.
    """
    if name not in _WRITTEN:
        raise UnsupportedError("key wrap algorithm for writing", name)
    return AlgorithmIdentifier.build(algorithms.KEY_WRAPS_BY_NAME[name].oid)


def wrap_for(key_size: int) -> str:
    """Return the name of the AES key wrap that goes with a content encryption key of this size (RFC 8551 section 2.3)."""
    return {16: "aes-128-wrap", 24: "aes-192-wrap"}.get(key_size, "aes-256-wrap")


def wrap(algorithm: AlgorithmIdentifier, kek: bytes, key: bytes) -> bytes:
    """Wrap a key.

    Args:
        algorithm: an AES key wrap.
        kek: key encryption key of the size of `kek_size`.
        key: the key to be wrapped.

    Raises:
        UnsupportedError: the algorithm is unknown or only read, or does not take keys of this size.
    """
    row = parse(algorithm)
    if row.name not in _WRITTEN:
        raise UnsupportedError("key wrap algorithm for writing", row.name)
    if len(kek) != row.key_size:
        raise ValueError(f"{row.name} takes a key of {row.key_size} octets, not {len(kek)}")
    try:
        return keywrap.aes_key_wrap_with_padding(kek, key) if row.name.endswith("-pad") else keywrap.aes_key_wrap(kek, key)
    except ValueError:
        raise UnsupportedError(f"size of a key for {row.name}", f"{len(key)} octets") from None


def unwrap(algorithm: AlgorithmIdentifier, kek: bytes, wrapped: bytes) -> bytes:
    """Unwrap a key.

    Raises:
        Failed: anything but a good wrap by this key.
        ParseError, UnsupportedError: see `parse`.
    """
    row = parse(algorithm)
    if len(kek) != row.key_size:
        raise Failed
    if row.name == "3des-wrap":
        return _unwrap_3des(kek, wrapped)
    if row.name == "rc2-wrap":
        return _unwrap_rc2(kek, wrapped, _rc2_bits(algorithm.parameters))
    try:
        return keywrap.aes_key_unwrap_with_padding(kek, wrapped) if row.name.endswith("-pad") else keywrap.aes_key_unwrap(kek, wrapped)
    except (keywrap.InvalidUnwrap, ValueError):
        raise Failed from None


_IV = bytes.fromhex("4adda22c79e82105")


def _unwrap_cbc(name: str, kek: bytes, wrapped: bytes, effective_bits: int = 0) -> bytes:
    """Undo the two passes that RFC 3217 sections 3.2 and 4.2 share; return the key with its check value proved and taken off."""
    outer = cbc_decryption(name, kek, _IV, effective_bits).update(wrapped)[::-1]
    inner: bytes = cbc_decryption(name, kek, outer[:8], effective_bits).update(outer[8:])
    key, check = inner[:-8], inner[-8:]
    if not bytes_eq(digests.digest("sha1", key)[:8], check):
        raise Failed
    return key


def _unwrap_3des(kek: bytes, wrapped: bytes) -> bytes:
    if len(wrapped) != 40:
        raise Failed
    return _unwrap_cbc("des-ede3-cbc", kek, wrapped)


def _unwrap_rc2(kek: bytes, wrapped: bytes, effective_bits: int) -> bytes:
    if len(wrapped) % 8 or not 24 <= len(wrapped) <= 160:
        raise Failed
    padded = _unwrap_cbc("rc2-cbc", kek, wrapped, effective_bits)
    length = padded[0]
    if length == 0 or len(padded) - 1 - length not in range(8):
        raise Failed
    return padded[1 : 1 + length]
