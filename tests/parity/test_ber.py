"""The resumable BER scanners: C and Python agree on octets, ends and errors, however the input is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.parity import ber_strategies as make

from smime._kernels.python.ber import UNBOUNDED
from smime.errors import LimitExceeded, ParseError, SMIMEError

if TYPE_CHECKING:
    from tests.parity.conftest import Backend

POINTS = st.lists(st.integers(0, 1 << 16), max_size=6)


def octets(family: Any, chunks: list[bytes], *arguments: Any) -> Any:
    """Return content, octets taken, and whether the element ended; or the error."""
    scanner = family.Octets(*arguments)
    content = b""
    taken = 0
    try:
        for chunk in chunks:
            count, pieces = scanner.update(chunk)
            content += b"".join(pieces)
            taken += count
            if scanner.done:
                break
            assert count == len(chunk)
    except SMIMEError as error:
        return type(error), error.args
    return content, taken, scanner.done, scanner.position


def skipped(family: Any, chunks: list[bytes], *arguments: Any) -> Any:
    scanner = family.Skipper(*arguments)
    taken = 0
    try:
        for chunk in chunks:
            taken += scanner.update(chunk)
            if scanner.done:
                break
    except SMIMEError as error:
        return type(error), error.args
    return taken, scanner.done, scanner.position


@given(made=make.octet_string(), points=POINTS, tag=st.sampled_from([0x04, 0x80]))
def test_content(backend: Backend, made: tuple[bytes, bytes], points: list[int], tag: int) -> None:
    element, content = made
    element = bytes((element[0] & 0x20 | tag,)) + element[1:]
    chunks = make.cuts(element + b"rest", points)
    assert octets(backend.family("ber"), chunks, 0, UNBOUNDED, 64, 10_000, tag) == (content, len(element), True, len(element))


@given(
    data=make.spoilt(make.octet_string().map(lambda made: made[0])),
    points=POINTS,
    more=POINTS,
    position=st.sampled_from([0, 7, 1 << 40]),
    limit=st.one_of(st.none(), st.integers(0, 60)),
    depth=st.sampled_from([0, 1, 2, 64, 1000]),
    segments=st.sampled_from([0, 1, 3, 1 << 27]),
)
def test_octets_parity(
    backend: Backend,
    reference: Backend,
    data: bytes,
    points: list[int],
    more: list[int],
    position: int,
    limit: int | None,
    depth: int,
    segments: int,
) -> None:
    arguments = (position, UNBOUNDED if limit is None else position + limit, depth, segments)
    expected = octets(reference.family("ber"), [data], *arguments)
    assert octets(backend.family("ber"), make.cuts(data, points), *arguments) == expected
    assert octets(reference.family("ber"), make.cuts(data, more), *arguments) == expected


@given(
    data=make.spoilt(st.lists(make.element(), max_size=4).map(lambda parts: b"".join(parts) + b"\x00\x00rest")),
    points=POINTS,
    position=st.sampled_from([0, 1 << 40]),
    limit=st.one_of(st.none(), st.integers(0, 60)),
    depth=st.sampled_from([1, 2, 64, 1000]),
    elements=st.sampled_from([0, 1, 3, 1 << 27]),
)
def test_skipper_parity(
    backend: Backend, reference: Backend, data: bytes, points: list[int], position: int, limit: int | None, depth: int, elements: int
) -> None:
    arguments = (position, UNBOUNDED if limit is None else position + limit, depth, elements)
    expected = skipped(reference.family("ber"), [data], *arguments)
    assert skipped(backend.family("ber"), make.cuts(data, points), *arguments) == expected


@given(parts=st.lists(make.element(), max_size=4), points=POINTS)
def test_skipper_finds_the_end(backend: Backend, parts: list[bytes], points: list[int]) -> None:
    data = b"".join(parts) + b"\x00\x00"
    assert skipped(backend.family("ber"), make.cuts(data + b"rest", points), 0, UNBOUNDED, 64, 1000) == (len(data), True, len(data))


def test_long_segments_are_not_copied(backend: Backend) -> None:
    data = b"\x24\x80\x04\x82\x40\x00" + b"a" * 16384 + b"\x04\x01b\x04\x01c\x00\x00"
    _, pieces = backend.family("ber").Octets(0, UNBOUNDED, 64, 10).update(data)
    assert [(type(piece), bytes(piece)) for piece in pieces] == [(memoryview, b"a" * 16384), (bytes, b"bc")]
    assert pieces[0].obj is data


def test_million_segments(backend: Backend) -> None:
    count = 20_000 if backend.name == "python" else 1_000_000
    data = b"\x24\x80" + b"\x04\x01x" * count + b"\x00\x00"
    assert octets(backend.family("ber"), [data], 0, UNBOUNDED, 64, count) == (b"x" * count, len(data), True, len(data))
    with pytest.raises(LimitExceeded) as caught:
        backend.family("ber").Octets(0, UNBOUNDED, 64, count - 1).update(data)
    assert (caught.value.limit, caught.value.offset) == ("asn1_segments", len(data) - 5)


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        ("30", "a segment that is not an OCTET STRING", 0),
        ("0000", "a segment that is not an OCTET STRING", 0),
        ("2480 0C00", "a segment that is not an OCTET STRING", 2),
        ("2480 8000", "a segment that is not an OCTET STRING", 2),
        ("2480 0001", "bad tag number", 2),
        ("2402 0000", "end-of-contents octets where none belong", 2),
        ("0480", "a primitive element of indefinite length", 0),
        ("04FF", "bad length octets", 0),
        ("2403 040201", "an element is longer than the one that holds it", 2),
        ("2402 2480", "an element of indefinite length is not ended inside the one that holds it", 4),
        ("2404 2480 0401", "an element is longer than the one that holds it", 4),
        ("0488 7FFFFFFFFFFFFFFF", "a length beyond all reason", 0),
        ("0489 800000000000000000", "a length beyond all reason", 0),
    ],
)
def test_errors(backend: Backend, data: str, reason: str, offset: int) -> None:
    raw = bytes.fromhex(data.replace(" ", "")) + bytes(4)
    for step in (1, 100):
        scanner = backend.family("ber").Octets(1000, UNBOUNDED, 64, 100)
        chunks = [raw[at : at + step] for at in range(0, len(raw), step)]
        with pytest.raises(ParseError) as caught:
            [scanner.update(chunk) for chunk in chunks]
        assert (caught.value.reason, caught.value.offset) == (reason, 1000 + offset)


def test_terabytes_are_lengths_too(backend: Backend) -> None:
    scanner = backend.family("ber").Octets(0, UNBOUNDED, 64, 100)
    assert scanner.update(b"\x04\x86\x01\x00\x00\x00\x00\x00abc") == (11, [b"abc"])
    assert not scanner.done
    assert scanner.position == 11


def test_depth(backend: Backend) -> None:
    with pytest.raises(LimitExceeded) as caught:
        backend.family("ber").Octets(0, UNBOUNDED, 64, 100).update(b"\x24\x80" * 10_000)
    assert (caught.value.limit, caught.value.offset) == ("asn1_depth", 128)
    with pytest.raises(LimitExceeded) as caught:
        backend.family("ber").Skipper(0, UNBOUNDED, 64, 100).update(b"\x30\x80" * 10_000)
    assert (caught.value.limit, caught.value.offset) == ("asn1_depth", 128)
