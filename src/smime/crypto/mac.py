"""Message authentication codes of AuthenticatedData: HMAC (RFC 5652 section 9, RFC 3370 section 3.1, RFC 9688)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hmac import HMAC

from smime import algorithms
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests
from smime.errors import ParseError, UnsupportedError

if TYPE_CHECKING:
    from cryptography.utils import Buffer

__all__ = ["MAC", "algorithm_identifier", "equal", "key_size", "new"]


class MAC(Protocol):
    """A running message authentication code."""

    def update(self, data: Buffer, /) -> None:
        """Take more octets."""

    def finalize(self) -> bytes:
        """Return the code; the object is of no use afterwards."""


_WRITTEN = {
    "hmac-sha256": "1.2.840.113549.2.9",
    "hmac-sha384": "1.2.840.113549.2.10",
    "hmac-sha512": "1.2.840.113549.2.11",
}


@lru_cache(maxsize=32)
def _digest(algorithm: AlgorithmIdentifier) -> str:
    row = algorithms.MACS.get(algorithm.oid)
    if row is None:
        raise UnsupportedError("message authentication algorithm", algorithm.oid)
    if not algorithm.parameters_absent_or_null:
        raise ParseError("cms", f"{row.name} has no parameters, and the message states some")
    return row.name.removeprefix("hmac-")


def new(algorithm: AlgorithmIdentifier, key: bytes) -> MAC:
    """Start a code.

    Args:
        algorithm: macAlgorithm.
        key: the authentication key, of any size.

    Raises:
        ParseError, UnsupportedError: the algorithm.
    """
    return HMAC(key, digests.hash_algorithm(_digest(algorithm)))


def key_size(algorithm: AlgorithmIdentifier) -> int:
    """Return the size of the key that is made for a MAC: that of its digest, octets (RFC 2104 section 3); errors as `new`."""
    return digests.hash_algorithm(_digest(algorithm)).digest_size


def algorithm_identifier(name: str = "hmac-sha256") -> AlgorithmIdentifier:
    """Return the AlgorithmIdentifier of a MAC as it is written, without parameters; UnsupportedError if it is not written."""
    if name not in _WRITTEN:
        raise UnsupportedError("message authentication algorithm for writing", name)
    return AlgorithmIdentifier.build(_WRITTEN[name])


def equal(one: bytes, other: bytes) -> bool:
    """Whether two codes are equal, in constant time."""
    return bytes_eq(one, other)
