"""The writer against known encodings and an independent reader."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from smime.asn1 import der, writer

UTC = timezone.utc


@given(value=st.integers(-(1 << 200), 1 << 200))
def test_integer(value: int) -> None:
    encoded = writer.integer(value)
    assert encoded == core.Integer(value).dump()
    assert der.parse(encoded).as_integer() == value
    assert der.is_der(encoded)


@given(size=st.one_of(st.integers(0, 300), st.integers(65_000, 66_000), st.just(1 << 24)))
def test_lengths(size: int) -> None:
    encoded = writer.header(0x04, size)
    element = der.parse(encoded + bytes(size))
    assert (element.tag, element.header_end, element.end) == (0x04, len(encoded), len(encoded) + size)
    assert not element.indefinite


@given(parts=st.lists(st.binary(max_size=6).map(writer.octet_string)))
def test_set_of_is_sorted(parts: list[bytes]) -> None:
    encoded = writer.set_of(parts)
    assert der.is_der(encoded)
    assert sorted(child.raw for child in der.parse(encoded)) == sorted(parts)


@given(content=st.binary(max_size=40), unused=st.integers(0, 7))
def test_strings(content: bytes, unused: int) -> None:
    assert core.OctetString.load(writer.octet_string(content), strict=True).native == content
    assert der.parse(writer.octet_string(content)).contents == content
    if content and not content[-1] & ((1 << unused) - 1):
        assert der.parse(writer.bit_string(content, unused=unused)).as_bits() == (content, unused)
        assert der.is_der(writer.bit_string(content, unused=unused))


@given(
    time=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
)
def test_times(time: datetime) -> None:
    encoded = writer.utc_or_generalized_time(time)
    assert der.parse(encoded).as_time() == time.replace(microsecond=0)
    assert der.is_der(encoded)
    assert encoded[0] == (0x17 if 1950 <= time.astimezone(UTC).year < 2050 else 0x18)
    assert der.parse(writer.generalized_time(time)).as_time() == time.replace(microsecond=0)


def test_times_have_a_zone() -> None:
    naive = datetime(2026, 1, 1)
    for write in (writer.utc_or_generalized_time, writer.generalized_time):
        with pytest.raises(ValueError, match="time zone"):
            write(naive)


def test_composition() -> None:
    encoded = writer.sequence(
        writer.boolean(True), b"", writer.null(), writer.explicit(1, writer.utf8_string("é")), writer.implicit(2, b"x", constructed=False)
    )
    assert encoded.hex() == "300e" + "0101ff" + "0500" + "a1040c02c3a9" + "820178"[:6]
    assert writer.retag(writer.sequence(), 0xA3) == b"\xa3\x00"
    assert writer.indefinite_header(0x24) + writer.END_OF_CONTENTS == b"\x24\x80\x00\x00"
    assert writer.boolean(False) == b"\x01\x01\x00"
    assert writer.oid("1.2.840.113549.1.7.1").hex() == "06092a864886f70d010701"
