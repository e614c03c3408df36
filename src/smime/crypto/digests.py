"""Message digests by their names, and their AlgorithmIdentifiers (RFC 3370 section 2, RFC 5754 section 2, RFC 8702, RFC 9688)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives import hashes

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.errors import UnsupportedError

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = ["NULL_TOLERANT", "Digest", "NewDigest", "algorithm_identifier", "digest", "hash_algorithm", "name_of", "new", "supported"]


class Digest(Protocol):
    """A running digest."""

    def update(self, data: Buffer, /) -> None:
        """Hash more octets."""

    def finalize(self) -> bytes:
        """Return the digest; the object is of no use afterwards."""

    def copy(self) -> Digest:
        """Return a digest in the same state that goes on by itself."""


NewDigest = Callable[[str], Digest]
"""What makes running digests: `new`, or that of a `smime.files.second_thread.SecondThread`."""

_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
        "sha224": hashes.SHA224(),
        "sha512-224": hashes.SHA512_224(),
        "sha512-256": hashes.SHA512_256(),
        "sha3-224": hashes.SHA3_224(),
        "sha3-256": hashes.SHA3_256(),
        "sha3-384": hashes.SHA3_384(),
        "sha3-512": hashes.SHA3_512(),
        "shake128": hashes.SHAKE128(32),
        "shake256": hashes.SHAKE256(64),
        "shake256-len": hashes.SHAKE256(64),
        "sha1": hashes.SHA1(),  # noqa: S303 - archives; profiles say where it counts
        "md5": hashes.MD5(),  # noqa: S303 - archives
    }
)


def supported(name: str) -> bool:
    """Whether there is a digest of this name."""
    return name in _HASHES


def hash_algorithm(name: str) -> hashes.HashAlgorithm:
    """Return the hash that `cryptography` knows by another name.

    Raises:
        UnsupportedError: there is none.
    """
    try:
        return _HASHES[name]
    except KeyError:
        raise UnsupportedError("digest algorithm", name) from None


def new(name: str) -> Digest:
    """Return a running digest.

    Raises:
        UnsupportedError: the digest is unknown.
    """
    return hashes.Hash(hash_algorithm(name))


def digest(name: str, data: Buffer) -> bytes:
    """Return the digest of data in one call.

    Raises:
        UnsupportedError: the digest is unknown.
    """
    return hashes.Hash.hash(hash_algorithm(name), data)


_SHAKE256_LEN = writer.integer(512)
# these were NULL once (RFC 3370 section 2, RFC 5754 section 2); all later ones are defined without parameters
NULL_TOLERANT = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256"})


@lru_cache(maxsize=128)
def _name(oid: str, parameters: bytes | None) -> str:
    row = algorithms.DIGESTS.get(oid)
    if row is None or row.name not in _HASHES:
        raise UnsupportedError("digest algorithm", oid)
    if row.name == "shake256-len":
        if parameters != _SHAKE256_LEN:
            raise UnsupportedError("output length of shake256-len", oid)
    elif parameters is not None and (parameters != writer.NULL or row.name not in NULL_TOLERANT):
        raise UnsupportedError(f"parameters of {row.name}", oid)
    return row.name


def name_of(algorithm: AlgorithmIdentifier) -> str:
    """Return the name of the digest that an AlgorithmIdentifier states, its parameters checked.

    Raises:
        UnsupportedError: the algorithm is unknown, or its parameters are not those it is defined with.
    """
    return _name(algorithm.oid, algorithm.parameters)


@lru_cache(maxsize=32)
def algorithm_identifier(name: str) -> AlgorithmIdentifier:
    """Return the AlgorithmIdentifier as it is written: without parameters, except that MD5 has NULL and shake256-len its length.

    Raises:
        UnsupportedError: the digest is unknown.
    """
    row = algorithms.DIGESTS_BY_NAME.get(name)
    if row is None:
        raise UnsupportedError("digest algorithm", name)
    return AlgorithmIdentifier.build(row.oid, writer.NULL if name == "md5" else _SHAKE256_LEN if name == "shake256-len" else None)
