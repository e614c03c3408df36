"""The parameters of RSASSA-PSS and MGF1 (RFC 4055, RFC 8017 appendix A.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests
from smime.crypto._integers import small
from smime.errors import ParseError, UnsupportedError

__all__ = ["PSS", "PSSParameters", "hash_identifier", "mgf1_digest", "mgf1_identifier", "parse_pss", "pss_algorithm"]

PSS = "1.2.840.113549.1.1.10"


@dataclass(frozen=True, slots=True)
class PSSParameters:
    """What RSASSA-PSS-params say.

    Attributes:
        digest: name of the digest of the message.
        mgf_digest: name of the digest in MGF1.
        salt_length: octets; the exact length when verifying, the least when a key states it.
    """

    digest: str
    mgf_digest: str
    salt_length: int


def _digest_name(element: der.Element) -> str:
    return digests.name_of(AlgorithmIdentifier.from_element(element.expect(der.SEQUENCE)))


def mgf1_digest(element: der.Element) -> str:
    """Return the digest of the MGF1 whose AlgorithmIdentifier this is; RSAES-OAEP has the same.

    Raises:
        ParseError: it is malformed.
        UnsupportedError: it is another function, or the digest is unknown.
    """
    mgf = AlgorithmIdentifier.from_element(element.expect(der.SEQUENCE))
    if mgf.oid != algorithms.MGF1.oid:
        raise UnsupportedError("mask generation function", mgf.oid)
    if mgf.parameters is None:
        raise ParseError("cms", "MGF1 states no digest")
    return digests.name_of(AlgorithmIdentifier.from_raw(mgf.parameters))


@lru_cache(maxsize=64)
def parse_pss(parameters: bytes) -> PSSParameters:
    """Read RSASSA-PSS-params; defaults may be spelled out.

    Raises:
        ParseError: they are malformed, or the trailer field is not 1.
        UnsupportedError: a digest is unknown, or the mask generation function is not MGF1.
    """
    reader = der.Reader(der.parse(parameters, layer="cms").expect(der.SEQUENCE))
    digest, mgf_digest, salt_length, trailer = "sha1", "sha1", 20, 1
    if (element := reader.optional_explicit(0)) is not None:
        digest = _digest_name(element)
    if (element := reader.optional_explicit(1)) is not None:
        mgf_digest = mgf1_digest(element)
    if (element := reader.optional_explicit(2)) is not None:
        salt_length = small(element)
    if (element := reader.optional_explicit(3)) is not None:
        trailer = small(element)
    reader.end()
    if trailer != 1:
        raise ParseError("cms", f"the trailer field of RSASSA-PSS is {trailer}, not 1")
    if not 0 <= salt_length <= 1 << 13:
        raise ParseError("cms", f"the salt of RSASSA-PSS has {salt_length} octets")
    return PSSParameters(digest, mgf_digest, salt_length)


@lru_cache(maxsize=64)
def pss_algorithm(digest: str, mgf_digest: str | None = None, salt_length: int | None = None) -> AlgorithmIdentifier:
    """Return the AlgorithmIdentifier of RSASSA-PSS as it is written: defaults left out, NULL inside the digests' own identifiers.

    Args:
        digest: name of the digest.
        mgf_digest: that of MGF1; the same unless given.
        salt_length: octets; the size of the digest unless given.
    """
    mgf_digest = mgf_digest or digest
    salt_length = digests.hash_algorithm(digest).digest_size if salt_length is None else salt_length
    parts = []
    if digest != "sha1":
        parts.append(writer.explicit(0, hash_identifier(digest)))
    if mgf_digest != "sha1":
        parts.append(writer.explicit(1, mgf1_identifier(mgf_digest)))
    if salt_length != 20:
        parts.append(writer.explicit(2, writer.integer(salt_length)))
    return AlgorithmIdentifier.build(PSS, writer.sequence(*parts))


def hash_identifier(digest: str) -> bytes:
    """Return the DER of a digest's AlgorithmIdentifier as it stands inside PSS and OAEP parameters: NULL for SHA-1 and SHA-2 (RFC 4055)."""
    oid = algorithms.DIGESTS_BY_NAME[digest].oid
    return writer.sequence(writer.oid(oid)) if digest.startswith("sha3-") else writer.sequence(writer.oid(oid), writer.NULL)


def mgf1_identifier(digest: str) -> bytes:
    """Return the DER of the AlgorithmIdentifier of MGF1 with a digest."""
    return writer.sequence(writer.oid(algorithms.MGF1.oid), hash_identifier(digest))
