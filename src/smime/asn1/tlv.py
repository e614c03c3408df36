"""The few octets of DER that a certificate's facts need: identifier and length of each element, without an index of the whole.

Certificates are small and looked at field by field, most fields never; this reads what is asked for in a microsecond an element. Only
definite lengths and low tag numbers occur in a certificate's own structure (RFC 5280 section 4.1 demands DER).
"""

from __future__ import annotations

from datetime import datetime, timezone

from smime.errors import ParseError

__all__ = ["TooManyElementsError", "children", "element", "object_identifier", "time", "utf8_or_latin1"]

SEQUENCE = 0x30
SET = 0x31
INTEGER = 0x02
OCTET_STRING = 0x04
BIT_STRING = 0x03
BOOLEAN = 0x01
OID = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18


class TooManyElementsError(ParseError):
    """There is more of something than is looked at."""


def _malformed(reason: str, offset: int) -> ParseError:
    return ParseError("x509", reason, offset)


def element(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Return (identifier octet, begin of content, end of content) of the element at `offset`.

    Raises:
        ParseError: there is none, or it does not end before `end`.
    """
    if offset + 2 > end:
        raise _malformed("an element is missing", offset)
    tag = data[offset]
    length = data[offset + 1]
    start = offset + 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or start + count > end:
            raise _malformed("the length is not definite, or absurd", offset + 1)
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    stop = start + length
    if stop > end:
        raise _malformed("an element ends outside of the one around it", offset)
    if tag & 0x1F == 0x1F:
        raise _malformed("a high tag number", offset)
    return tag, start, stop


def children(data: bytes, start: int, end: int, most: int | None = None) -> list[tuple[int, int, int]]:
    """Return what `element` says of each element between `start` and `end`.

    Args:
        data: DER.
        start: where the elements begin.
        end: where they end.
        most: elements that may stand there; None: any number.

    Raises:
        TooManyElementsError: they are more than that.
        ParseError: they do not fill it.
    """
    found: list[tuple[int, int, int]] = []
    while start < end:
        if len(found) == most:
            raise TooManyElementsError("x509", f"there are more than {most} elements", start)
        if start + 2 <= end:  # most elements are short, and a call takes as long as all else
            tag, length = data[start], data[start + 1]
            stop = start + 2 + length
            if length < 0x80 and stop <= end and tag & 0x1F != 0x1F:
                found.append((tag, start + 2, stop))
                start = stop
                continue
        item = element(data, start, end)
        found.append(item)
        start = item[2]
    return found


_oids: dict[bytes, str] = {}


def object_identifier(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content octets (X.690 section 8.19).

    Raises:
        ParseError: it is malformed.
    """
    known = _oids.get(content)
    if known is not None:
        return known
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise _malformed("a malformed object identifier", 0)
    arcs: list[int] = []
    value = 0
    for octet in content:
        if value == 0 and octet == 0x80:
            raise _malformed("a malformed object identifier", 0)
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    dotted = ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
    if len(_oids) < 1024:
        _oids[bytes(content)] = dotted
    return dotted


def time(tag: int, content: bytes) -> datetime:
    """Return the aware datetime of a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5).

    What is common in old certificates is read, too: no seconds, or an offset instead of Z.

    Raises:
        ParseError: it is neither.
    """
    text = content.decode("ascii", "replace")
    try:
        if tag == UTC_TIME and len(content) == 13 and content[12] == 0x5A and content[:12].isdigit():  # as nearly all are
            year = int(text[:2])
            return datetime(
                year + (1900 if year >= 50 else 2000),
                int(text[2:4]),
                int(text[4:6]),
                int(text[6:8]),
                int(text[8:10]),
                int(text[10:12]),
                0,
                timezone.utc,
            )
        digits = text.rstrip("Z")
        offset = ""
        for sign in "+-":
            if sign in digits:
                digits, _, offset = digits.partition(sign)
                offset = sign + offset
        if not digits.isdigit() and "." in digits:
            digits = digits.partition(".")[0]
        if tag == UTC_TIME:
            digits = ("19" if int(digits[:2]) >= 50 else "20") + digits
        elif tag != GENERALIZED_TIME:
            raise ValueError("not a time")
        if len(digits) == 12:
            digits += "00"
        if len(digits) != 14 or not digits.isascii() or not digits.isdigit():
            raise ValueError("not a time")
        moment = datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:]),
            tzinfo=timezone.utc,
        )
        if offset:
            moment = datetime.strptime(moment.strftime("%Y%m%d%H%M%S") + offset, "%Y%m%d%H%M%S%z").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise _malformed(f"{text[:32]!r} is not a time", 0) from None
    return moment


def utf8_or_latin1(content: bytes) -> str:
    """Return text that should be UTF-8, and is not always in old certificates."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
