"""Elements and readers: what is read, and what every fault is called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from asn1crypto import parser as independent
from hypothesis import given
from tests.parity import ber_strategies as make

from smime.asn1 import der, writer
from smime.asn1 import time as time_
from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import DEFAULT_LIMITS

UTC = timezone.utc


def parse(text: str) -> der.Element:
    return der.parse(bytes.fromhex(text.replace(" ", "")))


@given(data=make.element())
def test_elements_cover_their_parent(data: bytes) -> None:
    def check(element: der.Element) -> None:
        at = element.header_end
        for child in element.children:
            assert child.start == at
            at = child.end
            check(child)
        if element.constructed:
            assert at == element.content_end
        assert element.raw == data[element.start : element.end]
        assert len(element) == len(element.children)

    element = der.parse(data)
    assert element.raw == data
    check(element)


@given(data=make.element(depth=3))
def test_an_independent_parser_sees_the_same(data: bytes) -> None:
    if b"\x3f\x1f" in data or b"\x7f\x81\x00" in data or b"\x9f\x85\x23" in data:
        return  # asn1crypto reads high tag numbers otherwise
    element = der.parse(data)
    *_, header, contents, trailer = independent.parse(data)
    assert (header, contents, trailer) == (
        data[: element.header_end],
        data[element.header_end : element.content_end],
        data[element.content_end :],
    )


@given(data=make.spoilt(make.element()))
def test_only_our_errors(data: bytes) -> None:
    def walk(element: der.Element) -> None:
        for read in (
            lambda: element.contents,
            element.as_integer,
            element.as_oid,
            element.as_bits,
            element.as_bit_string,
            element.as_boolean,
            element.as_time,
            element.as_text,
            lambda: der.first_non_der(element.raw),
        ):
            with suppress(SMIMEError):
                read()
        assert repr(element)
        for child in element:
            walk(child)

    with suppress(SMIMEError):
        walk(der.parse(data, allow_trailing=True))


@given(made=make.octet_string())
def test_octet_strings_are_joined(made: tuple[bytes, bytes]) -> None:
    element, content = made
    assert der.parse(element).contents == content
    assert der.parse(b"\xa0" + element[1:]).contents == content if element[0] == 0x24 else True
    assert der.Reader.of_contents(element, "x").octet_string() == content


@pytest.mark.parametrize(
    ("text", "octets", "unused"),
    [("0301 00", b"", 0), ("0303 04 F0F0", b"\xf0\xf0", 4), ("2380 0302 0001 0302 0180 0000", b"\x01\x80", 1), ("2300", b"", 0)],
)
def test_bit_strings(text: str, octets: bytes, unused: int) -> None:
    assert parse(text).as_bits() == (octets, unused)


@pytest.mark.parametrize("text", ["0300", "0301 01", "0302 0800", "2308 0302 0180 0302 0001", "2303 040100"])
def test_malformed_bit_strings(text: str) -> None:
    with pytest.raises(ParseError, match="BIT STRING"):
        parse(text).as_bits()


@pytest.mark.parametrize(
    ("text", "generalized", "time"),
    [
        (b"260102030405Z", False, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (b"500102030405Z", False, datetime(1950, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (b"491231235959Z", False, datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (b"2601020304Z", False, datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        (b"2601020304+0130", False, datetime(2026, 1, 2, 1, 34, tzinfo=UTC)),
        (b"260102030405-0500", False, datetime(2026, 1, 2, 8, 4, 5, tzinfo=UTC)),
        (b"20500102030405Z", True, datetime(2050, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (b"2050010203Z", True, datetime(2050, 1, 2, 3, tzinfo=UTC)),
        (b"2050010203.5Z", True, datetime(2050, 1, 2, 3, 30, tzinfo=UTC)),
        (b"20500102030405,25Z", True, datetime(2050, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)),
        (b"20500102030405+02", True, datetime(2050, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ],
)
def test_times(text: bytes, generalized: bool, time: datetime) -> None:
    assert time_.parse_time(text, generalized=generalized) == time


@pytest.mark.parametrize(
    ("text", "generalized"),
    [
        (b"", False),
        (b"Z", True),
        (b"260102030405", False),
        (b"26010203Z", False),
        (b"261302030405Z", False),
        (b"260230030405Z", False),
        (b"260102030460Z", False),
        (b"26 102030405Z", False),
        (b"+60102030405Z", False),
        (b"260102030405.5Z", False),
        (b"20500102030405", True),
        (b"20500102030405.Z", True),
        (b"20500102030405.12345678901234567Z", True),
        (b"00000102030405Z", True),
        (b"99991231235959-2359", True),
        (b"20500102030405+0x", True),
        ("2050010203040\u0665Z".encode(), True),
    ],
)
def test_not_times(text: bytes, generalized: bool) -> None:
    with pytest.raises(ValueError, match="not a time"):
        time_.parse_time(text, generalized=generalized)


def test_reader() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    encoded = writer.sequence(
        writer.integer(-5),
        writer.oid("1.2.3"),
        writer.octet_string(b"o"),
        writer.bit_string(b"b"),
        writer.null(),
        writer.boolean(True),
        writer.utc_or_generalized_time(moment),
        writer.sequence(writer.null()),
        writer.set_of([writer.integer(1)]),
        writer.sequence(writer.integer(2)),
        writer.explicit(0, writer.integer(3)),
        writer.explicit(1, writer.integer(4)),
        writer.utf8_string("t"),
    )
    reader = der.parse(encoded).reader()
    assert reader.peek() == der.INTEGER
    assert reader.integer() == -5
    assert reader.optional(der.INTEGER) is None
    assert (reader.oid(), reader.octet_string(), reader.bit_string()) == ("1.2.3", b"o", b"b")
    reader.null()
    assert reader.boolean() is True
    assert reader.time() == moment
    inner = reader.sequence()
    inner.null()
    inner.end()
    assert [item.as_integer() for item in reader.set_of()] == [1]
    assert [item.as_integer() for item in reader.sequence_of()] == [2]
    assert reader.optional_explicit(5) is None
    assert reader.optional_explicit(0).as_integer() == 3  # type: ignore[union-attr]
    assert reader.explicit(1).as_integer() == 4
    rest = reader.rest()
    assert [item.as_text() for item in rest] == ["t"]
    assert reader.peek() is None
    reader.end()


@pytest.mark.parametrize(
    ("text", "read", "reason", "offset"),
    [
        ("3000", lambda r: r.any(), "SEQUENCE ends too soon", 2),
        ("3003 020101", lambda r: r.oid(), "INTEGER where OBJECT IDENTIFIER belongs", 2),
        ("3003 020101", lambda r: r.octet_string(), "INTEGER where OCTET STRING belongs", 2),
        ("3003 020101", lambda r: r.bit_string(), "INTEGER where BIT STRING belongs", 2),
        ("3003 020101", lambda r: r.time(), "INTEGER where a time belongs", 2),
        ("3003 020101", lambda r: r.end(), "INTEGER where SEQUENCE should end", 2),
        ("3002 0200", lambda r: r.integer(), "an INTEGER without contents", 2),
        ("3003 050100", lambda r: r.null(), "a NULL with contents", 2),
        ("3002 0100", lambda r: r.boolean(), "a malformed BOOLEAN", 2),
        ("3003 170100", lambda r: r.time(), "not a time", 2),
        ("3003 060180", lambda r: r.oid(), "an OBJECT IDENTIFIER without an end", 2),
        ("3004 03020180", lambda r: r.bit_string(), "a BIT STRING that does not end on an octet", 2),
        ("3006 A004 05000500", lambda r: r.explicit(0), "NULL where [0] should end", 6),
        ("3002 A000", lambda r: r.explicit(0), "[0] ends too soon", 4),
        ("3002 0500", lambda r: r.sequence(), "NULL where SEQUENCE belongs", 2),
        ("3005 2403 0C0141", lambda r: r.octet_string(), "a segment of OCTET STRING is UTF8String", 4),
        ("3004 1F1F01FF", lambda r: r.any().expect(0x02), "[UNIVERSAL 31] where INTEGER belongs", 2),
    ],
)
def test_reader_faults(text: str, read: Callable[[der.Reader], Any], reason: str, offset: int) -> None:
    reader = parse(text).reader()
    with pytest.raises(ParseError) as caught:
        read(reader)
    assert (caught.value.layer, caught.value.reason, caught.value.offset) == ("der", reason, offset)


def test_primitive_has_no_reader() -> None:
    with pytest.raises(ParseError, match="INTEGER is primitive"):
        parse("020101").reader()


def test_integers_are_bounded() -> None:
    with pytest.raises(ParseError, match="an INTEGER of 10000 octets"):
        der.parse(b"\x02\x82\x27\x10" + bytes(10_000)).as_integer()


def test_trailing() -> None:
    with pytest.raises(ParseError, match="octets follow the end of the structure at offset 2"):
        der.parse(b"\x05\x00x")
    assert der.parse(b"\x05\x00x", allow_trailing=True).end == 2
    with pytest.raises(ParseError, match="octets follow"):
        der.first_non_der(b"\x05\x00x")


def test_layer_and_limits() -> None:
    with pytest.raises(ParseError) as caught:
        der.parse(b"\x30\x05", layer="x509")
    assert caught.value.layer == "x509"
    for changes, data in (
        ({"asn1_depth": 1}, bytes.fromhex("300430020500")),
        ({"asn1_elements": 2}, bytes.fromhex("300430020500")),
        ({"structure_size": 5}, bytes.fromhex("300430020500")),
    ):
        with pytest.raises(LimitExceeded) as limit:
            der.parse(data, limits=DEFAULT_LIMITS.replace(**changes))
        assert {limit.value.limit: limit.value.maximum} == changes


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer(kind: Any) -> None:
    element = der.parse(kind(b"\x04\x01a"))
    assert element.contents == b"a"
    assert type(element.raw) is bytes
    assert der.is_der(kind(b"\x04\x01a"))
    assert der.is_der(element)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0C03 61C3A9", "aé"),
        ("1E04 006100E9", "aé"),
        ("1402 61E9", "aé"),
        ("1C04 000000E9", "é"),
        ("0C01 FF", "�"),
        ("2C06 0C0161 0C0162", "ab"),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert parse(text).as_text() == expected


def test_tag_names() -> None:
    assert [der.tag_name(tag) for tag in (0x30, 0x24, 0xA0, 0x82, 0x41, 0xDE, 300 << 8 | 0xBF)] == [
        "SEQUENCE",
        "constructed OCTET STRING",
        "[0]",
        "[2]",
        "[APPLICATION 1]",
        "[PRIVATE 30]",
        "[300]",
    ]
    assert (der.context(3), der.context(3, constructed=False)) == (0xA3, 0x83)


def test_fraction_bounds() -> None:
    assert time_.parse_time(b"20500102030405.999999999999999Z", generalized=True) - datetime(2050, 1, 2, 3, 4, 5, tzinfo=UTC) <= timedelta(
        seconds=1
    )
