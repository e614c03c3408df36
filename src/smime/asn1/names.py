"""Distinguished names as text, for reports and messages (RFC 4514). Never for comparison: that is `smime.pki`'s, by octets first."""

from __future__ import annotations

from functools import lru_cache

from smime.asn1.der import Reader, parse
from smime.errors import SMIMEError

__all__ = ["to_text"]

_KEYWORDS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_SPECIAL = frozenset('"+,;<>\\')


@lru_cache(maxsize=256)
def to_text(name: bytes) -> str:
    """Return an encoded Name as text, the most specific part first; one that is malformed is shown as hexadecimal.

    Control characters, and those that turn the direction of text, are escaped: the result is safe to show.
    """
    try:
        relative_names = []
        for relative_name in parse(name).expect(0x30):
            parts = []
            for attribute in relative_name.expect(0x31):
                reader = Reader(attribute)
                kind = reader.oid()
                parts.append(f"{_KEYWORDS.get(kind, kind)}={_escape(reader.any().as_text())}")
            relative_names.append("+".join(parts))
    except SMIMEError:
        return f"#{bytes(name).hex()}"
    return ",".join(reversed(relative_names))


def _escape(text: str) -> str:
    out = []
    for position, character in enumerate(text):
        if character in _SPECIAL or (position == 0 and character in " #") or (position == len(text) - 1 and character == " "):
            out.append("\\" + character)
        elif character.isprintable():
            out.append(character)
        else:
            out.append("".join(f"\\{octet:02X}" for octet in character.encode("utf-8", "replace")))
    return "".join(out)
