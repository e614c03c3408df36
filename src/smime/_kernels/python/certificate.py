"""Where the fields of a certificate stand, in Python. The twin of `smime._kernels.c.certificate`.

What `read` returns are `FIELDS` numbers, all but the first and the last offsets: the version; where what is signed begins and ends; where
the algorithm beside it ends, and the content of the signature begins; begin and end of the serial number's content; where the inner
algorithm and the issuer end; begin and end of the content of either time, whose identifier octet stands two octets before; where validity,
subject and key end; 1 if the subject is a well-formed name without a mail address, else 0. After them come `EXTENSION` for each extension:
begin and end of the identifier's content, 1 if it is critical, begin and end of the value's content.
"""

from __future__ import annotations

from itertools import pairwise

__all__ = ["EXTENSION", "EXTENSIONS", "FIELDS", "read"]

FIELDS = 17
EXTENSION = 5
EXTENSIONS = 32  # more are left to another reader

_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _OID, _SEQUENCE, _SET = 0x01, 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
_TIMES = (0x17, 0x18)
_EMAIL_ADDRESS = bytes.fromhex("2a864886f70d010901")
_FIELD_TAGS = [_INTEGER, *[_SEQUENCE] * 5]
_EXTENSION_TAGS = ([_OID, _OCTET_STRING], [_OID, _BOOLEAN, _OCTET_STRING])
_MOST = (1 << 32) - 1
_Element = tuple[int, int, int]  # the identifier octet, where the content begins, where it ends


class _OtherFormError(Exception):
    """It is not in the form in which nearly all are."""


def read(data: bytes) -> list[int] | None:
    """Say where the fields of a certificate stand (RFC 5280 section 4.1), if it is in the form in which nearly all are.

    That is: its elements in their order, definite lengths of at most four octets, low tags, a version of one octet, at most `EXTENSIONS`
    extensions. Nothing is judged: whatever is not in that form is for a reader that says what is wrong, if anything is.

    Args:
        data: the DER.

    Returns:
        The numbers, or None.
    """
    if len(data) > _MOST:
        return None
    try:
        return _read(data)
    except _OtherFormError:
        return None


def _read(data: bytes) -> list[int]:
    (whole,) = _elements(data, 0, len(data), 1)
    _demand(whole[0] == _SEQUENCE)
    parts = _elements(data, whole[1], whole[2], 3)
    _demand([part[0] for part in parts] == [_SEQUENCE, _SEQUENCE, _BIT_STRING])
    tbs, outer, signature = parts
    fields = _elements(data, tbs[1], tbs[2])
    version = 1
    if fields and fields[0][0] == 0xA0:
        (number,) = _elements(data, fields[0][1], fields[0][2], 1)
        _demand(number[0] == _INTEGER and number[2] - number[1] == 1)
        version += data[number[1]]
        del fields[0]
    _demand([field[0] for field in fields[:6]] == _FIELD_TAGS)
    serial, inner, issuer, validity, subject, key = fields[:6]
    times = _elements(data, validity[1], validity[2], 2)
    before, after = times
    _demand(before[0] in _TIMES and after[0] in _TIMES and before[1] == validity[1] + 2 and after[1] == before[2] + 2)
    extensions: list[int] = []
    for field in fields[6:]:
        if field[0] == 0xA3:
            extensions = _extensions(data, field)
            break
    ends = [whole[1], tbs[2], outer[2], signature[1], serial[1], serial[2], inner[2], issuer[2], *before[1:], *after[1:]]
    return [version, *ends, validity[2], subject[2], key[2], int(_has_no_address(data, subject)), *extensions]


def _extensions(data: bytes, field: _Element) -> list[int]:
    (listed,) = _elements(data, field[1], field[2], 1)
    _demand(listed[0] == _SEQUENCE)
    extensions = _elements(data, listed[1], listed[2])
    _demand(len(extensions) <= EXTENSIONS)
    found: list[int] = []
    for tag, start, end in extensions:
        parts = _elements(data, start, end)
        _demand(tag == _SEQUENCE and [part[0] for part in parts] in _EXTENSION_TAGS and _is_identifier(data[parts[0][1] : parts[0][2]]))
        critical = 0
        if len(parts) == 3:
            _demand(parts[1][2] - parts[1][1] == 1)
            critical = int(data[parts[1][1]] != 0)
        found += [*parts[0][1:], critical, *parts[-1][1:]]
    return found


def _has_no_address(data: bytes, name: _Element) -> bool:
    try:
        for rdn_tag, rdn_start, rdn_end in _elements(data, name[1], name[2]):
            _demand(rdn_tag == _SET)
            for pair_tag, pair_start, pair_end in _elements(data, rdn_start, rdn_end):
                oid, _ = _elements(data, pair_start, pair_end, 2)
                octets = data[oid[1] : oid[2]]
                _demand(pair_tag == _SEQUENCE and oid[0] == _OID and _is_identifier(octets) and octets != _EMAIL_ADDRESS)
    except _OtherFormError:
        return False
    return True


def _is_identifier(content: bytes) -> bool:
    """Whether these are the content octets of an OBJECT IDENTIFIER of at most 64 octets."""
    if not content or len(content) > 64 or content[-1] >= 0x80 or content[0] == 0x80:
        return False
    return all(octet != 0x80 or before >= 0x80 for before, octet in pairwise(content))


def _demand(fact: bool) -> None:
    if not fact:
        raise _OtherFormError


def _elements(data: bytes, start: int, end: int, count: int | None = None) -> list[_Element]:
    """Return the elements that fill a span, of which there have to be so many."""
    found: list[_Element] = []
    while start < end:
        _demand(end - start >= 2)
        tag, length = data[start], data[start + 1]
        start += 2
        if length >= 0x80:
            octets = length & 0x7F
            _demand(1 <= octets <= 4 and octets <= end - start)
            length = int.from_bytes(data[start : start + octets], "big")
            start += octets
        _demand(length <= end - start and tag & 0x1F != 0x1F)
        found.append((tag, start, start + length))
        start += length
    _demand(count is None or len(found) == count)
    return found
