"""Boundary lines and parts: the same records from C on every instruction set as from Python, for every way to cut the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.parity.mime_strategies import DELIMITER, chunks, cut_places, flag_sets, line_ends, plain_parts, texts

from smime._kernels.python import parts as python

if TYPE_CHECKING:
    from types import ModuleType

    from .conftest import Backend


@given(data=texts, start=st.integers(0, 50), flags=flag_sets)
@example(data=b"--b\n--b", start=0, flags=1)
@example(data=b"--b\n--b--\r", start=0, flags=1)
@example(data=b"x\n--b\r", start=0, flags=0)
def test_windows(backend: Backend, data: bytes, start: int, flags: int) -> None:
    scan = backend.family("parts")
    start = min(start, len(data))
    for end in {len(data), len(data) - 1, len(data) // 2} - set(range(-1, start)):
        assert scan.scan_boundary(data, start, end, DELIMITER, flags) == python.scan_boundary(data, start, end, DELIMITER, flags)
        assert scan.dash_lines(data, start, end, flags) == python.dash_lines(data, start, end, flags)


@st.composite
def bodies_of_two(draw: st.DrawFn) -> bytes:
    """Two parts with plain delimiters, most of them with the same line ends."""
    end = draw(line_ends)
    preamble, first, second, epilogue = (draw(plain_parts) for _ in range(4))
    head = preamble and preamble + end
    ends = [draw(line_ends) if draw(st.integers(0, 9)) == 0 else end for _ in range(3)]
    delimiters = [DELIMITER + ends[0], end + DELIMITER + ends[1], end + DELIMITER + b"--" + ends[2]]
    return b"".join((head, delimiters[0], first, delimiters[1], second, delimiters[2], epilogue))


@given(data=texts | bodies_of_two(), fields=st.sampled_from([0, 1, 2, 10_000]), header_size=st.sampled_from([0, 3, 40, 1 << 18, 1 << 63]))
@example(data=b"--b\r\nA: b\r\n\r\nx\r\n--b\r\nContent-Type: c\r\n\r\ny\r\n--b--\r\n\r\n", fields=1, header_size=20)
@example(data=b"--b\n\n\n--b\n\n\n--b--\n--", fields=0, header_size=0)
@example(
    data=b"--b\n" + b"A: b\n" * 15 + b"Content-Type: c\n" * 2 + b"\n\n--b\n" + b"A: b\n" * 16 + b"\n\n--b--\n", fields=17, header_size=1000
)
@example(data=b"--b\n" + b"A: b\n" * 16 + b"\n\n--b\n" + b"A: b\n" * 16 + b"\n\n--b--\n", fields=15, header_size=1000)
def test_two_parts(backend: Backend, data: bytes, fields: int, header_size: int) -> None:
    scan = backend.family("parts")
    expected = python.two_parts(data, len(data), DELIMITER, fields, header_size)
    assert len(expected) in {0, python.TWO_PARTS_WIDTH}
    for form in (data, bytearray(data)):
        assert scan.two_parts(form, len(data), DELIMITER, fields, header_size) == expected
    for end in range(max(0, len(data) - 4), len(data)):
        found = scan.two_parts(data, end, DELIMITER, fields, header_size)
        assert found == python.two_parts(data, end, DELIMITER, fields, header_size)


@pytest.mark.parametrize("line", [b"\n--b", b"\n--b--", b"\n--bx"])
def test_many_records(backend: Backend, line: bytes) -> None:
    scan = backend.family("parts")
    data = b"x" + line * 1000
    assert all_boundaries(scan, [data], DELIMITER) == all_boundaries(python, [data], DELIMITER)
    position, flags, lines = 0, scan.AT_LINE_START, []
    while position < len(data):
        more, position = scan.dash_lines(data, position, len(data), flags)
        lines += more
        flags = 0
    assert lines[::3] == [i + 1 for i in range(len(data)) if data[i : i + 3] == b"\n--"]
    assert lines[2::3] == [data.find(b"\n", i) + 1 or len(data) for i in lines[::3]]


def all_boundaries(scan: ModuleType, parts: list[bytes], delimiter: bytes) -> list[tuple[int, ...]]:
    """Scan a stream; return its records with absolute offsets."""
    found: list[tuple[int, ...]] = []
    held, offset, flags = b"", 0, scan.AT_LINE_START
    for i, part in enumerate([*parts, b""]):
        data = held + part
        position = 0
        while True:
            final = scan.FINAL if i == len(parts) else 0
            records, settled = scan.scan_boundary(data, position, len(data), delimiter, flags | final)
            assert position <= settled <= len(data)
            found += [(offset + records[k], records[k + 1], offset + records[k + 2]) for k in range(0, len(records), 3)]
            if records or settled > position:
                flags = int(bool(records) and settled == records[-1] and records[-2] & 3 != scan.PREFIX_ONLY)
            position = settled
            if len(records) < 3 * scan.CAP:
                break
        held = data[position:]
        offset += position
        assert len(held) <= scan.MAX_PADDING + len(delimiter) + 8
    return found


@given(data=texts, at=cut_places)
def test_boundaries_in_chunks(backend: Backend, data: bytes, at: list[int]) -> None:
    scan = backend.family("parts")
    expected = all_boundaries(python, [data], DELIMITER)
    assert expected == boundaries_by_line(data)
    assert all_boundaries(scan, chunks(data, at), DELIMITER) == expected
    if len(data) < 400:
        assert all_boundaries(scan, [data[i : i + 1] for i in range(len(data))], DELIMITER) == expected


def boundaries_by_line(data: bytes) -> list[tuple[int, ...]]:
    """The definition: look at each line by itself."""
    found: list[tuple[int, ...]] = []
    position = 0
    for line in data.split(b"\n"):
        whole = data[position : position + len(line) + 1]
        if line.startswith(DELIMITER):
            rest = line[len(DELIMITER) :].removesuffix(b"\r")
            kind = python.CLOSE if rest.startswith(b"--") else python.DELIMITER
            blanks = rest[2:] if kind == python.CLOSE else rest
            if blanks.strip(b" \t") or len(blanks) > python.MAX_PADDING:
                found.append((position, python.PREFIX_ONLY, position + len(DELIMITER)))
            else:
                flags = (python.CRLF_LINE if whole.endswith(b"\r\n") else 0) | (python.PADDED if blanks else 0)
                found.append((position, kind | flags, position + len(whole)))
        position += len(line) + 1
    return found


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 63, 64, 65, 95, 127, 128, 129, 130, 131, 200, 257])
def test_vector_blocks(backend: Backend, size: int) -> None:
    """A hit at every place of a block, and one that ends with the buffer."""
    scan = backend.family("parts")
    for mark in (b"\n--b", b"\n--", b"\r", b"\nF"):
        for place in range(max(0, size - 70), size + 1):
            data = b"a" * place + mark + b"a" * (size - place)
            end = len(data)
            assert scan.scan_boundary(data, 0, end, DELIMITER, 0) == python.scan_boundary(data, 0, end, DELIMITER, 0), (mark, place)
            assert scan.dash_lines(data, 0, end, 0) == python.dash_lines(data, 0, end, 0), (mark, place)


def test_constants(backend: Backend) -> None:
    """The numbers of the C header are those of the Python form."""
    if backend.name == "python":
        pytest.skip("there is nothing to compare")
    from smime._kernels._accel import lib

    assert (python.AT_LINE_START, python.FINAL) == (lib.SMIME_SCAN_LINE_START, lib.SMIME_SCAN_FINAL)
    assert (python.DELIMITER, python.CLOSE) == (lib.SMIME_PARTS_DELIMITER, lib.SMIME_PARTS_CLOSE)
    assert python.PREFIX_ONLY == lib.SMIME_PARTS_PREFIX
    assert (python.PADDED, python.CRLF_LINE) == (lib.SMIME_PARTS_PADDED, lib.SMIME_PARTS_CRLF)
    assert (python.MAX_PADDING, python.PLAIN_PARTS) == (lib.SMIME_PARTS_PADDING, lib.SMIME_PARTS_MOST)
    assert (python.PART_WIDTH, python.TWO_PARTS_WIDTH) == (lib.SMIME_PARTS_RECORD, lib.SMIME_PARTS_TWO)
