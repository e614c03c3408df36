"""DER, written from the inside out: every function returns the octets of one element."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from functools import lru_cache
from struct import Struct

from smime.asn1 import oid as _oid

__all__ = [
    "END_OF_CONTENTS",
    "NULL",
    "bit_string",
    "boolean",
    "explicit",
    "generalized_time",
    "header",
    "implicit",
    "indefinite_header",
    "integer",
    "null",
    "octet_string",
    "oid",
    "retag",
    "sequence",
    "set_of",
    "tlv",
    "utc_or_generalized_time",
    "utf8_string",
]

END_OF_CONTENTS = b"\x00\x00"
NULL = b"\x05\x00"

_Bytes = bytes | bytearray | memoryview
_two_octets = Struct(">BBH").pack


def header(tag: int, length: int) -> bytes:
    """Return identifier and length octets; `tag` is the identifier octet of a low tag number."""
    if length < 0x80:
        return bytes((tag, length))
    if length < 0x100:
        return bytes((tag, 0x81, length))
    if length < 0x10000:
        return _two_octets(tag, 0x82, length)
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def indefinite_header(tag: int) -> bytes:
    """Return identifier and length octets of an element that `END_OF_CONTENTS` ends."""
    return bytes((tag, 0x80))


def tlv(tag: int, content: _Bytes) -> bytes:
    """Return an element."""
    return header(tag, len(content)) + content


def sequence(*parts: _Bytes) -> bytes:
    """Return a SEQUENCE of encoded elements; empty parts are fields left out."""
    content = b"".join(parts)
    return header(0x30, len(content)) + content


def set_of(parts: Iterable[bytes], *, tag: int = 0x31) -> bytes:
    """Return a SET OF encoded elements in DER order (X.690 section 11.6)."""
    content = b"".join(sorted(parts))
    return header(tag, len(content)) + content


def integer(value: int, *, tag: int = 0x02) -> bytes:
    """Return an INTEGER."""
    content = value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True)
    return header(tag, len(content)) + content


@lru_cache(maxsize=1024)
def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER; ValueError if the dotted form is none."""
    return tlv(0x06, _oid.encode(dotted))


def octet_string(content: _Bytes, *, tag: int = 0x04) -> bytes:
    """Return an OCTET STRING."""
    return header(tag, len(content)) + content


def bit_string(content: _Bytes, *, unused: int = 0, tag: int = 0x03) -> bytes:
    """Return a BIT STRING of whole octets, the last of which has some unused bits."""
    return header(tag, len(content) + 1) + bytes((unused,)) + content


def null() -> bytes:
    """Return NULL."""
    return NULL


def boolean(value: bool) -> bytes:
    """Return a BOOLEAN."""
    return b"\x01\x01\xff" if value else b"\x01\x01\x00"


def utf8_string(text: str) -> bytes:
    """Return a UTF8String."""
    return tlv(0x0C, text.encode())


def utc_or_generalized_time(time: datetime) -> bytes:
    """Return a Time: UTCTime from 1950 to 2049, GeneralizedTime elsewhere (RFC 5652 section 11.3); fractions of a second are dropped.

    Raises:
        ValueError: the datetime has no time zone.
    """
    if time.tzinfo is None:
        raise ValueError("a datetime without time zone")
    if time.tzinfo is not timezone.utc:
        time = time.astimezone(timezone.utc)
    if 1950 <= time.year < 2050:
        return b"\x17\x0d%02d%02d%02d%02d%02d%02dZ" % (time.year % 100, time.month, time.day, time.hour, time.minute, time.second)
    return generalized_time(time)


def generalized_time(time: datetime) -> bytes:
    """Return a GeneralizedTime with whole seconds; ValueError if the datetime has no time zone."""
    if time.tzinfo is None:
        raise ValueError("a datetime without time zone")
    time = time.astimezone(timezone.utc)
    return b"\x18\x0f%04d%02d%02d%02d%02d%02dZ" % (time.year, time.month, time.day, time.hour, time.minute, time.second)


def explicit(number: int, element: _Bytes) -> bytes:
    """Return ``[number] EXPLICIT`` around an element."""
    return header(0xA0 | number, len(element)) + element


def implicit(number: int, content: _Bytes, *, constructed: bool = True) -> bytes:
    """Return ``[number] IMPLICIT`` with these content octets."""
    return header((0xA0 if constructed else 0x80) | number, len(content)) + content


def retag(element: bytes, tag: int) -> bytes:
    """Return an element with another identifier octet, as an IMPLICIT tag asks for."""
    return bytes((tag,)) + element[1:]
