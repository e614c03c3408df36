"""What work on certification paths costs, and a budget for it (row PC of the attack table).

Work is counted, not timed: a verdict that was too dear once is too dear always and everywhere, whatever is in the caches. The unit is what
verifying an RSA signature of 2048 bits takes, about 15 to 40 microseconds; the figures are ratios measured with OpenSSL 3.
"""

from __future__ import annotations

from functools import lru_cache

from smime.asn1 import tlv
from smime.errors import ParseError

__all__ = ["Budget", "is_common_key", "reading_effort", "signature_effort", "size_effort"]

_RSA = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7", "1.2.840.113549.1.1.10"})
_DSA = "1.2.840.10040.4.1"
_EC = "1.2.840.10045.2.1"
_CURVES = {
    "1.2.840.10045.3.1.7": 6,  # P-256
    "1.3.132.0.34": 27,  # P-384
    "1.3.132.0.35": 27,  # P-521
    "1.3.36.3.3.2.8.1.1.7": 20,  # brainpoolP256r1
    "1.3.36.3.3.2.8.1.1.11": 27,  # costs 44
    "1.3.36.3.3.2.8.1.1.13": 27,  # costs 60, of which the usual budget allows two, and chains have three
}
_OTHERS = {
    "1.3.101.112": 7,  # Ed25519
    "1.3.101.113": 11,
    "2.16.840.1.101.3.4.3.17": 9,  # ML-DSA-44
    "2.16.840.1.101.3.4.3.18": 12,
    "2.16.840.1.101.3.4.3.19": 18,
}
_UNKNOWN = 27
_ORDINARY = 8192  # octets: those of keys and signatures with ML-DSA-87 are smaller


class Budget:
    """Units of work that may still be done.

    Attributes:
        left: units.
        exhausted: something was left undone because it would have cost more than was left.
    """

    __slots__ = ("exhausted", "left")

    def __init__(self, units: int) -> None:
        self.left = units
        self.exhausted = False

    def spend(self, units: int) -> bool:
        """Take units, if there are as many; return whether there were."""
        if units > self.left:
            self.exhausted = True
            return False
        self.left -= units
        return True


def reading_effort(octets: bytes, before: int) -> int:
    """Return what reading a certificate and ranking it among others costs: three units for two.

    Args:
        octets: its DER.
        before: how many were read.
    """
    return 2 - before % 2 + len(octets) // 4096 + size_effort(octets)


def size_effort(octets: bytes) -> int:
    """Return what a certificate costs for being larger than ordinary ones are: engines read and compare its names again and again."""
    return max(0, len(octets) - _ORDINARY) // 512


@lru_cache(maxsize=1024)
def signature_effort(spki: bytes) -> int:
    """Return what loading a key and verifying a signature with it costs.

    Args:
        spki: the DER of a SubjectPublicKeyInfo; nothing of it is loaded.
    """
    try:
        _, start, end = tlv.element(spki, 0, len(spki))
        (_, algorithm_start, algorithm_end), (_, key_start, key_end) = tlv.children(spki, start, end)
        (_, oid_start, oid_end), *parameters = tlv.children(spki, algorithm_start, algorithm_end)
        oid = tlv.object_identifier(spki[oid_start:oid_end])
        if oid in _RSA:
            _, start, end = tlv.element(spki, key_start + 1, key_end)
            modulus, exponent = tlv.children(spki, start, end)
            bits = 8 * (modulus[2] - modulus[1])
            # about one multiplication for each bit of the exponent, each quadratic in the size of the modulus
            return 3 + bits * bits * max(17, 8 * (exponent[2] - exponent[1])) // (5_000_000 * 17)
        if oid == _DSA:
            if not parameters or parameters[0][0] != tlv.SEQUENCE:
                return _UNKNOWN
            prime = tlv.element(spki, parameters[0][1], parameters[0][2])
            bits = 8 * (prime[2] - prime[1])
            return 1 + bits * bits // 270_000
        if oid == _EC and parameters and parameters[0][0] == tlv.OID:
            return _CURVES.get(tlv.object_identifier(spki[parameters[0][1] : parameters[0][2]]), _UNKNOWN)
        return _OTHERS.get(oid, _UNKNOWN)
    except (ParseError, ValueError, IndexError):
        return 1  # nor will anybody else read it


def is_common_key(spki: bytes) -> bool:
    """Whether a key is RSA or on one of NIST's curves: others the verifier of `cryptography` does not take."""
    return any(mark in spki[:40] for mark in _COMMON)


# the object identifiers of RSA keys and of the curves P-256, P-384 and P-521
_COMMON = tuple(map(bytes.fromhex, ("06092a864886f70d0101", "06082a8648ce3d030107", "06052b81040022", "06052b81040023")))
