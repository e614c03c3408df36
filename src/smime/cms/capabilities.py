"""SMIMECapabilities (RFC 8551 section 2.5.2): what a correspondent can do, in order of preference.

::

    SMIMECapabilities ::= SEQUENCE OF SMIMECapability
    SMIMECapability ::= SEQUENCE {
        capabilityID OBJECT IDENTIFIER,
        parameters ANY DEFINED BY capabilityID OPTIONAL }

Capabilities are compared by their octets, so each has one exact encoding: parameters that there are none of are left out, not NULL; only
the RSA entries have NULL, by their definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from smime.asn1 import writer
from smime.asn1.der import SEQUENCE, Reader, parse
from smime.errors import LimitExceeded
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["CAPABILITIES", "DEFAULT_CAPABILITIES", "NAMES", "build_capabilities", "name_of", "parse_capabilities"]


def _hex(text: str) -> bytes:
    return bytes.fromhex(text)


CAPABILITIES: Mapping[str, bytes] = MappingProxyType(
    {
        "aes-128-gcm": _hex("300B0609608648016503040106"),
        "aes-192-gcm": _hex("300B060960864801650304011A"),
        "aes-256-gcm": _hex("300B060960864801650304012E"),
        "aes-128-ccm": _hex("300B0609608648016503040107"),
        "aes-192-ccm": _hex("300B060960864801650304011B"),
        "aes-256-ccm": _hex("300B060960864801650304012F"),
        "chacha20-poly1305": _hex("300D060B2A864886F70D0109100312"),
        "cek-hkdf-sha256": _hex("300D060B2A864886F70D010910031F"),
        "aes-128-cbc": _hex("300B0609608648016503040102"),
        "aes-192-cbc": _hex("300B0609608648016503040116"),
        "aes-256-cbc": _hex("300B060960864801650304012A"),
        "des-ede3-cbc": _hex("300A06082A864886F70D0307"),
        "rc2-128-cbc": _hex("300E06082A864886F70D030202020080"),
        "rc2-64-cbc": _hex("300D06082A864886F70D0302020140"),
        "rc2-40-cbc": _hex("300D06082A864886F70D0302020128"),
        "sha256WithRSAEncryption": _hex("300D06092A864886F70D01010B0500"),
        "sha384WithRSAEncryption": _hex("300D06092A864886F70D01010C0500"),
        "sha512WithRSAEncryption": _hex("300D06092A864886F70D01010D0500"),
        "RSASSA-PSS-SHA256": _hex(
            "304106092A864886F70D01010A3034A00F300D06096086480165030402010500A11C301A06092A864886F70D010108300D06096086480165030402010500A203020120"
        ),
        "RSASSA-PSS-SHA384": _hex(
            "304106092A864886F70D01010A3034A00F300D06096086480165030402020500A11C301A06092A864886F70D010108300D06096086480165030402020500A203020130"
        ),
        "RSASSA-PSS-SHA512": _hex(
            "304106092A864886F70D01010A3034A00F300D06096086480165030402030500A11C301A06092A864886F70D010108300D06096086480165030402030500A203020140"
        ),
        "ecdsa-with-SHA256": _hex("300A06082A8648CE3D040302"),
        "ecdsa-with-SHA384": _hex("300A06082A8648CE3D040303"),
        "ecdsa-with-SHA512": _hex("300A06082A8648CE3D040304"),
        "Ed25519": _hex("300506032B6570"),
        "Ed448": _hex("300506032B6571"),
        "ML-DSA-44": _hex("300B0609608648016503040311"),
        "ML-DSA-65": _hex("300B0609608648016503040312"),
        "ML-DSA-87": _hex("300B0609608648016503040313"),
        "rsaEncryption": _hex("300D06092A864886F70D0101010500"),
        "RSAES-OAEP": _hex("300D06092A864886F70D0101073000"),
        "RSAES-OAEP-SHA256": _hex(
            "303C06092A864886F70D010107302FA00F300D06096086480165030402010500A11C301A06092A864886F70D010108300D06096086480165030402010500"
        ),
        "dhSinglePass-stdDH-sha256kdf+aes-128-wrap": _hex("301506062B8104010B01300B0609608648016503040105"),
        "dhSinglePass-stdDH-sha256kdf+aes-256-wrap": _hex("301506062B8104010B01300B060960864801650304012D"),
        "dhSinglePass-stdDH-hkdf-sha256+aes-128-wrap": _hex("301A060B2A864886F70D0109100313300B0609608648016503040105"),
        "dhSinglePass-stdDH-hkdf-sha256+aes-256-wrap": _hex("301A060B2A864886F70D0109100313300B060960864801650304012D"),
        "aes-128-wrap": _hex("300B0609608648016503040105"),
        "aes-192-wrap": _hex("300B0609608648016503040119"),
        "aes-256-wrap": _hex("300B060960864801650304012D"),
        "ML-KEM-512": _hex("300B0609608648016503040401"),
        "ML-KEM-768": _hex("300B0609608648016503040402"),
        "ML-KEM-1024": _hex("300B0609608648016503040403"),
        "rsa-kem-spki": _hex("300D060B2A864886F70D010910030E"),
        "hkdf-with-sha256": _hex("300D060B2A864886F70D010910031C"),
        "zlib": _hex("300D060B2A864886F70D0109100308"),
        "preferBinaryInside": _hex("300D060B2A864886F70D0109100B01"),
    }
)
"""The exact encoding of every capability that we name."""

_OTHER_SPELLINGS = {
    # as printed in RFC 3560 section 5, without the context tags that its parameters have everywhere else
    _hex(
        "303806092A864886F70D010107302B300D06096086480165030402010500301A06092A864886F70D010108300D06096086480165030402010500"
    ): "RSAES-OAEP-SHA256",
    # with the parameters of the hash absent instead of NULL
    _hex(
        "303806092A864886F70D010107302BA00D300B0609608648016503040201A11A301806092A864886F70D010108300B0609608648016503040201"
    ): "RSAES-OAEP-SHA256",
}

NAMES: Mapping[bytes, str] = MappingProxyType({**{raw: name for name, raw in CAPABILITIES.items()}, **_OTHER_SPELLINGS})
"""The name of every encoding that we know, other spellings seen in print or in the wild included."""

DEFAULT_CAPABILITIES: tuple[bytes, ...] = tuple(
    CAPABILITIES[name]
    for name in (
        # content encryption
        "aes-256-gcm",
        "aes-128-gcm",
        "chacha20-poly1305",
        "aes-256-cbc",
        "aes-128-cbc",
        "cek-hkdf-sha256",
        # signatures
        "Ed25519",
        "ecdsa-with-SHA256",
        "ecdsa-with-SHA384",
        "sha256WithRSAEncryption",
        "sha512WithRSAEncryption",
        "RSASSA-PSS-SHA256",
        # keys
        "ML-KEM-768",
        "ML-KEM-1024",
        "dhSinglePass-stdDH-hkdf-sha256+aes-256-wrap",
        "dhSinglePass-stdDH-hkdf-sha256+aes-128-wrap",
        "dhSinglePass-stdDH-sha256kdf+aes-256-wrap",
        "dhSinglePass-stdDH-sha256kdf+aes-128-wrap",
        "RSAES-OAEP-SHA256",
        "zlib",
    )
)
"""What is announced unless something else is asked for: in groups, the preferred first in each."""


def build_capabilities(capabilities: Iterable[bytes]) -> bytes:
    """Return SMIMECapabilities of encoded capabilities in order of preference."""
    return writer.sequence(*capabilities)


def parse_capabilities(value: bytes, *, limits: Limits = DEFAULT_LIMITS) -> tuple[tuple[str, bytes | None], ...]:
    """Return the capabilities in their order: OID in dotted form, and encoded parameters or None.

    Raises:
        ParseError: the value is not SMIMECapabilities.
        LimitExceeded: ``attributes``: there are more than that.
    """
    found: list[tuple[str, bytes | None]] = []
    for element in parse(value, limits=limits, layer="cms").expect(SEQUENCE):
        if len(found) >= limits.attributes:
            raise LimitExceeded("attributes", limits.attributes, element.start)
        reader = Reader(element.expect(SEQUENCE))
        oid = reader.oid()
        parameters = reader.any().raw if reader.peek() is not None else None
        reader.end()
        found.append((oid, parameters))
    return tuple(found)


def name_of(oid: str, parameters: bytes | None) -> str:
    """Return the name of a capability, or its OID in dotted form."""
    return NAMES.get(writer.sequence(writer.oid(oid), parameters or b""), oid)
