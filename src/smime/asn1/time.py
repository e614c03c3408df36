"""UTCTime and GeneralizedTime (X.680 clauses 46 and 47, RFC 5280 section 4.1.2.5)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

__all__ = ["parse_time"]

_UTC = timezone.utc


def parse_time(text: bytes, *, generalized: bool) -> datetime:
    """Return the time that a UTCTime or GeneralizedTime states, in UTC.

    BER forms are read: without seconds, with a fraction, with an offset from UTC. UTCTime years from 50 are of the 20th century (RFC 5280
    section 4.1.2.5.1). A GeneralizedTime without zone is refused: it would be local to someone unknown.

    Raises:
        ValueError: it is not a time.
    """
    year_digits = 4 if generalized else 2
    try:
        if len(text) == year_digits + 11 and text[-1] == 0x5A and text[:-1].isdigit():  # the DER form
            year = int(text[:year_digits])
            if not generalized:
                year += 1900 if year >= 50 else 2000
            rest = int(text[year_digits:-1])
            return datetime(year, rest // 100000000, rest // 1000000 % 100, rest // 10000 % 100, rest // 100 % 100, rest % 100, tzinfo=_UTC)
        return _parse_ber_time(text, year_digits)
    except (ValueError, OverflowError):
        raise ValueError("not a time") from None


def _parse_ber_time(text: bytes, year_digits: int) -> datetime:
    digits = 0
    while digits < len(text) and 0x30 <= text[digits] <= 0x39:
        digits += 1
    number = text[:digits]
    zone = text[digits:]
    year = int(number[:year_digits])
    if year_digits == 2:
        year += 1900 if year >= 50 else 2000
    fields = number[year_digits:]
    if len(fields) % 2 or not (6 if year_digits == 4 else 8) <= len(fields) <= 10:
        raise ValueError
    month, day, hour, minute, second = (int(fields[at : at + 2] or b"0") for at in range(0, 10, 2))
    fraction = timedelta()
    if year_digits == 4 and zone[:1] in {b".", b","}:
        end = 1
        while end < len(zone) and 0x30 <= zone[end] <= 0x39:
            end += 1
        if not 1 < end <= 16:
            raise ValueError
        unit = {6: 3600, 8: 60, 10: 1}[len(fields)]
        fraction = timedelta(seconds=float(b"0." + zone[1:end]) * unit)
        zone = zone[end:]
    offset = timedelta()
    if zone != b"Z":
        if len(zone) not in {3, 5} or zone[:1] not in {b"+", b"-"} or not zone[1:].isdigit():
            raise ValueError
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5] or b"0"))
        if zone[:1] == b"-":
            offset = -offset
    return datetime(year, month, day, hour, minute, second, tzinfo=_UTC) + fraction - offset
