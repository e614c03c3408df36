"""The flat index: C and Python agree on index, end, first non-DER offset and errors; and it says what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.parity import ber_strategies as make

from smime._kernels.python.der import FIELDS
from smime.errors import LimitExceeded, ParseError, SMIMEError

if TYPE_CHECKING:
    from tests.parity.conftest import Backend


def outcome(family: Any, data: Any, *arguments: Any, **options: Any) -> Any:
    try:
        index, end, non_der = family.index(data, *arguments, **options)
    except SMIMEError as error:
        return type(error), error.args
    return list(index), end, non_der


@given(
    data=make.spoilt(st.lists(make.element(), min_size=1, max_size=3).map(b"".join)),
    start=st.integers(0, 3),
    depth=st.sampled_from([0, 1, 2, 3, 64, 1000]),
    elements=st.sampled_from([0, 1, 5, 1000, 1 << 40]),
    leaf=st.sampled_from([0, 1, 2, 3, 1000]),
    inside=st.booleans(),
    siblings=st.booleans(),
)
def test_parity(
    backend: Backend, reference: Backend, data: bytes, start: int, depth: int, elements: int, leaf: int, inside: bool, siblings: bool
) -> None:
    start = min(start, len(data))
    arguments = (start, len(data), depth, elements, leaf, inside, siblings)
    assert outcome(backend.family("der"), data, *arguments) == outcome(reference.family("der"), data, *arguments)


@given(data=st.binary(max_size=40), siblings=st.booleans())
def test_parity_on_noise(backend: Backend, reference: Backend, data: bytes, siblings: bool) -> None:
    for octets in (data, b"\x30\x80" + data, b"\x31\x80\x24" + data):
        arguments = (0, len(octets), 64, 1000, 1000, True, siblings)
        assert outcome(backend.family("der"), octets, *arguments) == outcome(reference.family("der"), octets, *arguments)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_index(backend: Backend, kind: Any) -> None:
    data = kind(bytes.fromhex("FF 3080 020101 9F8101 02 AABB 0000 FF".replace(" ", "")))
    index, end, non_der = backend.family("der").index(data, 1, len(data) - 1, 64, 100)
    assert list(index) == [0x30, 1, 3, 12, 14, 3 * FIELDS, 0x02, 3, 5, 6, 6, 2 * FIELDS, 129 << 8 | 0x9F, 6, 10, 12, 12, 3 * FIELDS]
    assert (end, non_der) == (14, 1)


@pytest.mark.parametrize(
    ("octets", "first"),
    [
        ("3003020101", -1),
        ("3081030201 01", 0),
        ("3007020101 0202 0001", 5),
        ("3080 0000", 0),
        ("3005 2403 040100", 2),
        ("3003 0101 01", 2),
        ("3003 0101 FF", -1),
        ("3002 0200", 2),
        ("3004 0202 FF80", 2),
        ("3004 0302 0780", -1),
        ("3004 0302 0781", 2),
        ("3003 0301 01", 2),
        ("3003 0501 00", 2),
        ("3004 0602 2A80", 2),
        ("3005 0603 2A8001", 2),
        ("3106 020102 020101", 5),
        ("3106 020101 020101", -1),
        ("3108 020101 3103 0C0141", -1),  # a SET: by tags
        ("3108 3103 0C0141 130141", -1),
        ("9F1F 00", -1),
        ("1000", 0),
        ("3F1F 00", -1),
    ],
)
def test_first_non_der(backend: Backend, octets: str, first: int | None) -> None:
    data = bytes.fromhex(octets.replace(" ", ""))
    if first is None:
        with pytest.raises(ParseError):
            backend.family("der").index(data, 0, len(data), 64, 100)
        return
    assert backend.family("der").index(data, 0, len(data), 64, 100)[2] == first


@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        ("", "the input ends inside an element", 0),
        ("30", "the input ends inside an element", 0),
        ("3003 0201", "the input ends inside an element", 0),
        ("3082 01", "the input ends inside an element", 0),
        ("30 86 010000000000", "the input ends inside an element", 0),
        ("30 FE" + "01" * 126, "the input ends inside an element", 0),
        ("3003 020201", "an element is longer than the one that holds it", 2),
        ("3003 02 84 01", "an element is longer than the one that holds it", 2),
        ("3002 3080", "an element of indefinite length is not ended inside the one that holds it", 4),
        ("3080 020101", "the input ends inside an element", 5),
        ("3002 0000", "end-of-contents octets where none belong", 2),
        ("0000", "end-of-contents octets where none belong", 0),
        ("3080 0001 00 0000", "bad tag number", 2),
        ("3080 0080 0000", "bad tag number", 2),
        ("3FFF", "the input ends inside an element", 0),
        ("3F80 01 00", "bad tag number", 0),
        ("3F1E 00", "bad tag number", 0),
        ("3F 88808000 00", "bad tag number", 0),
        ("30FF", "bad length octets", 0),
        ("0480 0000", "a primitive element of indefinite length", 0),
    ],
)
def test_errors(backend: Backend, octets: str, reason: str, offset: int) -> None:
    data = bytes.fromhex(octets.replace(" ", ""))
    with pytest.raises(ParseError) as caught:
        backend.family("der").index(data, 0, len(data), 64, 100)
    assert (caught.value.layer, caught.value.reason, caught.value.offset) == ("ber", reason, offset)


def test_depth(backend: Backend) -> None:
    """STANDARDS 18.12: depth 10000."""
    for deep in (b"\x30\x80" * 10_000, b"\x24\x80" * 10_000 + b"\x00\x00" * 10_000):
        with pytest.raises(LimitExceeded) as caught:
            backend.family("der").index(deep, 0, len(deep), 64, 1 << 20)
        assert (caught.value.limit, caught.value.offset) == ("asn1_depth", 128)
    nested = b""
    for _ in range(64):
        nested = b"\x30" + make.length_octets(len(nested), 0) + nested
    assert len(backend.family("der").index(nested, 0, len(nested), 64, 1 << 20)[0]) == 64 * FIELDS
    with pytest.raises(LimitExceeded):
        backend.family("der").index(nested, 0, len(nested), 63, 1 << 20)


def test_many_elements(backend: Backend) -> None:
    """STANDARDS 18.12: SET OF with 10^6 elements. Room grows with what there is; the limit counts."""
    count = 20_000 if backend.name == "python" else 1_000_000
    data = b"\x31" + make.length_octets(2 * count, 0) + b"\x05\x00" * count
    index, end, non_der = backend.family("der").index(data, 0, len(data), 64, count + 1)
    assert (len(index), end, non_der) == ((count + 1) * FIELDS, len(data), -1)
    with pytest.raises(LimitExceeded) as caught:
        backend.family("der").index(data, 0, len(data), 64, count)
    assert (caught.value.limit, caught.value.maximum, caught.value.offset) == ("asn1_elements", count, len(data) - 2)


def test_siblings_end_at_end_of_contents(backend: Backend) -> None:
    data = bytes.fromhex("0500 020101 0000 0500")
    index, end, _ = backend.family("der").index(data, 0, len(data), 64, 100, siblings=True)
    assert (len(index), end) == (2 * FIELDS, 5)
    index, end, _ = backend.family("der").index(b"", 0, 0, 64, 100, siblings=True)
    assert (len(index), end) == (0, 0)
