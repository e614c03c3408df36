"""Mailboxes: the same records from C on every instruction set as from Python, for every way to cut the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.parity.mime_strategies import chunks, cut_places, flag_sets, texts

from smime._kernels.python import mbox as python

if TYPE_CHECKING:
    from types import ModuleType

    from .conftest import Backend


@given(data=texts, start=st.integers(0, 50), flags=flag_sets)
def test_windows(backend: Backend, data: bytes, start: int, flags: int) -> None:
    scan = backend.family("mbox")
    start = min(start, len(data))
    for end in {len(data), len(data) - 1, len(data) // 2} - set(range(-1, start)):
        assert scan.mbox_lines(data, start, end, flags) == python.mbox_lines(data, start, end, flags)


@pytest.mark.parametrize("line", [b"\nFrom x\n\n", b"\n>From x", b"\n>>From "])
def test_many_records(backend: Backend, line: bytes) -> None:
    data = b"From x\n" + line * 1000
    assert all_mbox(backend.family("mbox"), [data]) == all_mbox(python, [data])


def all_mbox(scan: ModuleType, parts: list[bytes]) -> tuple[list[tuple[int, ...]], int, int]:
    """Scan a stream; return its records with absolute offsets and without their counts, and the sums of the counts."""
    found: list[tuple[int, ...]] = []
    quoted = deep = 0
    width = scan.MBOX_WIDTH
    held, offset, flags = b"", 0, scan.AT_LINE_START | scan.AFTER_EMPTY
    for i, part in enumerate([*parts, b""]):
        data = held + part
        position = 0
        while True:
            records, settled = scan.mbox_lines(data, position, len(data), flags | (scan.FINAL if i == len(parts) else 0))
            assert position <= settled <= len(data)
            for k in range(0, len(records), width):
                record = records[k : k + width]
                quoted += record[6]
                deep += record[7]
                if record[0] >= 0:
                    found.append((*(offset + place for place in record[:4]), record[4], record[5]))
            if records:
                flags = scan.AT_LINE_START if records[-width] >= 0 and settled == records[2 - width] else 0
            elif settled > position:
                flags = 0
            position = settled
            if len(records) < scan.CAP * width:
                break
        held = data[position:]
        offset += position
    return found, quoted, deep


@given(data=texts, at=cut_places, begin=st.sampled_from([b"", b"From x\n", b"From a@b Mon Jul  8 12:08:34 2011\r\n"]))
def test_mailboxes_in_chunks(backend: Backend, data: bytes, at: list[int], begin: bytes) -> None:
    scan = backend.family("mbox")
    data = begin + data
    expected = all_mbox(python, [data])
    lines = data.split(b"\n")
    assert expected[1] == sum(line.startswith(b">From ") for line in lines)
    assert expected[2] == sum(line.lstrip(b">").startswith(b"From ") and 2 <= len(line) - len(line.lstrip(b">")) <= 64 for line in lines)
    assert len(expected[0]) == sum(line.startswith(b"From ") and len(line) <= python.MAX_LINE + 1 for line in lines)
    assert all_mbox(scan, chunks(data, at)) == expected
    if len(data) < 400:
        assert all_mbox(scan, [data[i : i + 1] for i in range(len(data))]) == expected


def test_a_long_header_is_not_searched_for_its_length(backend: Backend) -> None:
    scan = backend.family("mbox")
    head = b"From x\n"
    for size in (scan.MAX_MBOX_HEADER - 40, scan.MAX_MBOX_HEADER - 20, scan.MAX_MBOX_HEADER):
        data = head + b"Content-Length: 5\n" + b"X" * (size - 18) + b"\n\nbody\n"
        assert all_mbox(scan, [data]) == all_mbox(scan, chunks(data, [100, 70_000, 200_000])) == all_mbox(python, [data])


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 63, 64, 65, 95, 127, 128, 129, 130, 131, 200, 257])
def test_vector_blocks(backend: Backend, size: int) -> None:
    """A hit at every place of a block, and one that ends with the buffer."""
    scan = backend.family("mbox")
    for mark in (b"\nFrom ", b"\n>From ", b"\nF", b"\n>>From "):
        for place in range(max(0, size - 70), size + 1):
            data = b"a" * place + mark + b"a" * (size - place)
            end = len(data)
            assert scan.mbox_lines(data, 0, end, 0) == python.mbox_lines(data, 0, end, 0), (mark, place)


def test_constants(backend: Backend) -> None:
    """The numbers of the C header are those of the Python form."""
    if backend.name == "python":
        pytest.skip("there is nothing to compare")
    from smime._kernels._accel import lib

    assert python.MBOX_WIDTH == lib.SMIME_MBOX_RECORD
    assert (python.AT_LINE_START, python.FINAL) == (lib.SMIME_SCAN_LINE_START, lib.SMIME_SCAN_FINAL)
    assert (python.AFTER_EMPTY, python.DATED) == (lib.SMIME_MBOX_AFTER_EMPTY, lib.SMIME_MBOX_DATED)
    assert (python.MAX_QUOTES, python.MAX_MBOX_HEADER) == (lib.SMIME_MBOX_QUOTES, lib.SMIME_MBOX_HEADER)
    assert python.MAX_LINE == lib.SMIME_SCAN_LINE
