"""TSTInfo: what is written is read again, and what RFC 3161 forbids is refused."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms.tst_info import TSTInfo
from smime.errors import ParseError, SMIMEError

SHA256 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.2.1")
TIME = datetime(2026, 3, 1, 12, 30, 15, tzinfo=timezone.utc)
POLICY = "1.2.3.4"


def info(
    *,
    version: bytes = writer.integer(1),
    serial: bytes = writer.integer(7),
    time: bytes = b"\x18\x0f20260301123015Z",
    rest: bytes = b"",
) -> bytes:
    imprint = writer.sequence(SHA256.raw, writer.octet_string(bytes(32)))
    return writer.sequence(version, writer.oid(POLICY), imprint, serial, time, rest)


@given(
    time=st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)),
    serial=st.integers(0, (1 << 160) - 1),
    accuracy=st.none() | st.timedeltas(timedelta(0), timedelta(days=300)),
    nonce=st.none() | st.integers(0, (1 << 64) - 1),
)
def test_there_and_back(time: datetime, serial: int, accuracy: timedelta | None, nonce: int | None) -> None:
    stated = TSTInfo(POLICY, SHA256, b"digest", serial, time.replace(microsecond=0, tzinfo=timezone.utc), accuracy, nonce)
    assert TSTInfo.from_octets(stated.encode()) == stated


def test_all_fields() -> None:
    accuracy = writer.sequence(writer.integer(1), writer.integer(2, tag=0x80), writer.integer(3, tag=0x81))
    name = writer.explicit(0, writer.tlv(0x82, b"tsa.example.org"))
    extensions = writer.tlv(0xA1, writer.sequence(writer.oid("1.2.3"), writer.octet_string(b"")))
    rest = accuracy + writer.boolean(True) + writer.integer(99) + name + extensions
    found = TSTInfo.from_octets(info(rest=rest))
    assert found.time == TIME
    assert found.accuracy == timedelta(seconds=1, milliseconds=2, microseconds=3)
    assert found.nonce == 99
    assert found.policy == POLICY
    assert found.serial == 7


@pytest.mark.parametrize(
    ("text", "microsecond"), [(b"20260301123015.5Z", 500_000), (b"20260301123015.000001Z", 1), (b"20260301123015.123456789Z", 123_456)]
)
def test_fractions(text: bytes, microsecond: int) -> None:
    assert TSTInfo.from_octets(info(time=writer.tlv(0x18, text))).time == TIME.replace(microsecond=microsecond)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        writer.octet_string(b"x"),
        info(version=writer.integer(2)),
        info(version=b""),
        info(serial=writer.integer(1 << 170)),
        info(time=b"\x17\x0d260301123015Z"),
        info(time=writer.tlv(0x18, b"20260301123015")),
        info(time=writer.tlv(0x18, b"20260301123015+0100")),
        info(time=writer.tlv(0x18, b"20260231123015Z")),
        info(time=writer.tlv(0x18, b"20260301123015.Z")),
        info(rest=writer.octet_string(b"x")),
        info(rest=writer.sequence(writer.integer(1 << 60))),
        info(rest=writer.sequence(writer.octet_string(b"x"))),
        info() + b"\0",
    ],
)
def test_what_is_none(octets: bytes) -> None:
    with pytest.raises(ParseError):
        TSTInfo.from_octets(octets)


@given(st.binary(max_size=40), st.integers(0, 90), st.integers(0, 40))
def test_nothing_else_escapes(noise: bytes, start: int, removed: int) -> None:
    octets = info(rest=writer.sequence(writer.integer(1)) + writer.integer(3))
    with contextlib.suppress(SMIMEError):
        TSTInfo.from_octets(octets[:start] + noise + octets[start + removed :])
