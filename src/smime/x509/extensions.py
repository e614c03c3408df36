"""The extensions of certificates that are read here (RFC 5280 section 4.2)."""

from __future__ import annotations

from functools import lru_cache

__all__ = [
    "AUTHORITY_KEY_IDENTIFIER",
    "BASIC_CONSTRAINTS",
    "CERTIFICATE_POLICIES",
    "EXTENDED_KEY_USAGE",
    "KEY_USAGE",
    "MOST_ENTRIES",
    "NAME_CONSTRAINTS",
    "SUBJECT_ALT_NAME",
    "SUBJECT_KEY_IDENTIFIER",
    "usages",
]

KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""The bits of the key usage extension, in their order (RFC 5280 section 4.2.1.3)."""

SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
KEY_USAGE = "2.5.29.15"
SUBJECT_ALT_NAME = "2.5.29.17"
BASIC_CONSTRAINTS = "2.5.29.19"
NAME_CONSTRAINTS = "2.5.29.30"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
EXTENDED_KEY_USAGE = "2.5.29.37"
CERTIFICATE_POLICIES = "2.5.29.32"
MOST_ENTRIES = 256  # extensions of a certificate, or entries of one of them


@lru_cache(maxsize=256)
def usages(bits: bytes) -> frozenset[str]:
    """Return the names of the bits of a key usage, from the octets of its BIT STRING."""
    return frozenset([name for index, name in enumerate(KEY_USAGES) if index // 8 < len(bits) and bits[index // 8] << (index % 8) & 0x80])
