"""Distinguished names: their attributes, and the form in which they compare (RFC 5280 section 7.1)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from smime.asn1 import tlv
from smime.errors import ParseError

__all__ = ["EMAIL_ADDRESS", "TEXT_TYPES", "attributes", "comparable", "plain"]

EMAIL_ADDRESS = "1.2.840.113549.1.9.1"

_TEXT_TAGS = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1B: "ascii",
    0x12: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


def _text(tag: int, content: bytes) -> str | None:
    encoding = _TEXT_TAGS.get(tag)
    if encoding is None:
        return None
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("latin-1")


def attributes(name: bytes) -> list[list[tuple[str, int, bytes]]]:
    """Return the relative distinguished names: lists of (attribute type, identifier octet of the value, its content octets).

    Args:
        name: the DER of a Name.

    Raises:
        ParseError: it is not a Name.
    """
    tag, start, end = tlv.element(name, 0, len(name))
    if tag != tlv.SEQUENCE:
        raise ParseError("x509", "a name is not a SEQUENCE", 0)
    found = []
    for rdn_tag, rdn_start, rdn_end in tlv.children(name, start, end):
        if rdn_tag != tlv.SET:
            raise ParseError("x509", "a relative distinguished name is not a SET", rdn_start)
        rdn = []
        for _, pair_start, pair_end in tlv.children(name, rdn_start, rdn_end):
            parts = tlv.children(name, pair_start, pair_end)
            if len(parts) != 2 or parts[0][0] != tlv.OID:
                raise ParseError("x509", "an attribute of a name is not a pair of type and value", pair_start)
            (_, type_start, type_end), (value_tag, value_start, value_end) = parts
            rdn.append((tlv.object_identifier(name[type_start:type_end]), value_tag, name[value_start:value_end]))
        found.append(rdn)
    return found


_LARGE = 2048  # octets of a name


@lru_cache(maxsize=4096)
def comparable(name: bytes) -> tuple[object, ...]:
    """Return what is equal for names that match by RFC 5280 section 7.1: case, white space and string type do not count.

    Octets that are not a Name compare as octets, and so do names of more than 2048 octets: to prepare those is dear.
    """
    if len(name) > _LARGE:
        return (name,)
    try:
        rdns = attributes(name)
    except ParseError:
        return (name,)
    return tuple(frozenset((oid, _prepared(tag, content)) for oid, tag, content in rdn) for rdn in rdns)


def _prepared(tag: int, content: bytes) -> object:
    value = _text(tag, content)
    if value is None:
        return (tag, content)
    if value.isascii():
        return " ".join(value.lower().split())
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).split())


TEXT_TYPES = frozenset(
    {
        *(f"2.5.4.{arc}" for arc in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 17, 41, 42, 43, 44, 46, 65, 97)),
        "0.9.2342.19200300.100.1.1",  # userid
    }
)
"""Attribute types whose values are text and nothing else: neither a mail address nor a domain."""
_PLAIN_STRINGS = frozenset({0x0C, 0x13})  # UTF8String, PrintableString
_PRINTABLE = re.compile(rb"[ -~]*")


@lru_cache(maxsize=1024)
def plain(name: bytes) -> tuple[frozenset[tuple[str, str]], ...] | None:
    """Return the relative distinguished names of a name of printable ASCII, prepared for comparison: sets of type and text.

    On such names all ways of comparing agree. None: it is another one, or larger than 2048 octets.
    """
    if len(name) > _LARGE:
        return None
    try:
        rdns = attributes(name)
    except ParseError:
        return None
    found = []
    for rdn in rdns:
        texts: dict[str, str] = {}
        for oid, tag, content in rdn:
            if oid not in TEXT_TYPES or oid in texts or tag not in _PLAIN_STRINGS or not _PRINTABLE.fullmatch(content):
                return None
            texts[oid] = " ".join(content.decode("ascii").lower().split())
        if not texts:
            return None
        found.append(frozenset(texts.items()))
    return tuple(found)
