"""The scan kernels: the same records from C on every instruction set as from Python, for every way to cut the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smime._kernels.python import header as python
from smime.mime import parameters

if TYPE_CHECKING:
    from types import ModuleType

    from .conftest import Backend

DELIMITER = b"--b"

LINE_ENDS = [b"\r\n", b"\n", b"\n\n", b"\r\n\r\n", b"\r", b"\r\r\n", b""]
PADDINGS = [b"--b" + b" " * size for size in (1023, 1024, 1025)]
BOUNDARIES = [b"--b", b"--b--", b"--b-", b"--b--x", b"--bx", b"--b \t", b"--b--  ", b"--", b"-", *PADDINGS]
FROM_LINES = [b"From ", b"From a@b Mon Jul  8 12:08:34 2011", b"From x 1:02 Jan", b"From nobody", b"Fro"]
QUOTED = [b">From ", b">>From x", b">" * 64 + b"From ", b">" * 65 + b"From ", b">F", b">"]
LENGTHS = [b"Content-Length: 12", b"content-length:0 ", b"Content-Length: 9999999999999999"]
FIELDS = [b"Content-Type: text/plain", b"content-TYPE : x", b"Subject:", b"From: a", b" folded", b"\tfolded", b"\x80: y", b":", b"a b: c"]
TEXT = [b"X", b" ", b"\t", b"no field here", b".", b".x", b"text \xe4", b"\0", b"x" * 60, b"y" * 998, b"z" * 999, b"w" * 1100]
WORDS = [*BOUNDARIES, *FROM_LINES, *QUOTED, *LENGTHS, *FIELDS, *TEXT]
pieces = st.sampled_from(WORDS) | st.sampled_from(LINE_ENDS) | st.binary(max_size=3)
TYPES = [b"text/plain", b" multipart/signed", b"a / b", b"text", b"", b"x/y z"]
GOOD = [b"; charset=utf-8", b';\r\n boundary="a b;c"', b"; a=b=c/d", b";;", b"; A=1", b'; z="\xe4"', b"\n"]
ODD = [
    b'; a="',
    b"; a*=x''y",
    b"; n=x y",
    b"; =",
    b" (c)",
    b"; e=",
    b'; q="\\""',
    b";z=\xe4",
    b'; a="b"c',
    b"; a=b,c",
    b"; a = b",
    b"; t=\x7f",
]
PARAMETERS = [*GOOD, *ODD]
content_types = st.tuples(
    st.sampled_from(TYPES), st.lists(st.sampled_from(PARAMETERS) | st.binary(max_size=2), max_size=8).map(b"".join)
).map(b"".join)
texts = st.lists(pieces, max_size=40).map(b"".join)
cuts = st.lists(st.integers(0, 3000), max_size=6)
flag_sets = st.sampled_from([0, 1, 2, 3, 5, 7])


def chunks(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted({min(cut, len(data)) for cut in at}), len(data)]
    return [data[edges[i] : edges[i + 1]] for i in range(len(edges) - 1)]


@given(data=texts, start=st.integers(0, 50), limit=st.sampled_from([0, 1, 2, 5, 10_000]))
def test_header(backend: Backend, data: bytes, start: int, limit: int) -> None:
    scan = backend.family("header")
    start = min(start, len(data))
    for form in (data, bytearray(data)):
        assert scan.header_end(form, start, len(data)) == python.header_end(data, start, len(data))
    assert scan.index_header(data, start, len(data), limit) == python.index_header(data, start, len(data), limit)


@given(value=content_types)
@example(value=b"a/b" + b";c=d" * 63)
@example(value=b"a/b" + b";c=d" * 64)
def test_parameters(backend: Backend, value: bytes) -> None:
    found = backend.family("header").index_parameters(value)
    assert found == python.index_parameters(value)
    # the plain form is a short cut: it says the same as the long way
    if found:
        short, long = parameters._read_plain(value, found), parameters.read_leniently(value)
        assert (short.value, short.parameters, short.duplicates, short.defects) == (
            long.value,
            long.parameters,
            long.duplicates,
            long.defects,
        )
        assert short.boundary == long.boundary


@given(data=texts, start=st.integers(0, 50), flags=flag_sets)
@example(data=b"--b\n--b", start=0, flags=1)
@example(data=b"--b\n--b--\r", start=0, flags=1)
@example(data=b"x\n--b\r", start=0, flags=0)
def test_windows(backend: Backend, data: bytes, start: int, flags: int) -> None:
    scan = backend.family("header")
    start = min(start, len(data))
    for end in {len(data), len(data) - 1, len(data) // 2} - set(range(-1, start)):
        assert scan.scan_boundary(data, start, end, DELIMITER, flags) == python.scan_boundary(data, start, end, DELIMITER, flags)
        assert scan.dash_lines(data, start, end, flags) == python.dash_lines(data, start, end, flags)
        assert scan.mbox_lines(data, start, end, flags) == python.mbox_lines(data, start, end, flags)
        assert scan.text_hazards(data, start, end) == python.text_hazards(data, start, end)


parts = st.lists(st.sampled_from([*FIELDS, *TEXT]) | st.sampled_from(LINE_ENDS), max_size=12).map(b"".join)
line_ends = st.sampled_from([b"\r\n", b"\n"])
A = b"A: b\n"


@st.composite
def bodies_of_two(draw: st.DrawFn) -> bytes:
    """Two parts with plain delimiters, most of them with the same line ends."""
    end = draw(line_ends)
    preamble, first, second, epilogue = (draw(parts) for _ in range(4))
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
    scan = backend.family("header")
    expected = python.two_parts(data, len(data), DELIMITER, fields, header_size)
    assert len(expected) in {0, python.TWO_PARTS_WIDTH}
    for form in (data, bytearray(data)):
        assert scan.two_parts(form, len(data), DELIMITER, fields, header_size) == expected
    for end in range(max(0, len(data) - 4), len(data)):
        found = scan.two_parts(data, end, DELIMITER, fields, header_size)
        assert found == python.two_parts(data, end, DELIMITER, fields, header_size)


INSIDE = [b"Content-Type: text/plain", b"content-type: Multipart/mixed; boundary=b", b"Content-Type: (c) text/plain", b"Content-Type: x"]
OUTSIDE = [b"From: a", b"Subject : b", b"X: \0", b"X: a\rb", b"MIME-VERSION: 1", b"Content-X: y", b"Content : z", b"Content-: \xe9"]


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """Most have a header of fields and an empty line."""
    end = draw(line_ends)
    fields = draw(st.lists(st.sampled_from([*INSIDE, *OUTSIDE, *OUTSIDE, b" folded", *FIELDS[:6]]), max_size=9))
    head = b"".join(field + (draw(line_ends) if draw(st.integers(0, 9)) == 0 else end) for field in fields)
    return head + draw(st.sampled_from([end, end, end, b""])) + draw(parts)


@given(
    data=mails() | texts,
    safe=st.integers(0, 1),
    fields=st.sampled_from([0, 1, 3, 127, 10_000]),
    header_size=st.sampled_from([0, 3, 40, 1 << 18, 1 << 63]),
)
@example(data=b"From: a\r\nContent-Type: text/plain\r\nTo: b\r\nMIME-Version: 1.0\r\n\r\ntext\n", safe=1, fields=4, header_size=70)
@example(data=b"From: a\n\n", safe=0, fields=1, header_size=8)
@example(data=b"A: b\n" * 128 + b"\n", safe=0, fields=200, header_size=1000)
@example(data=b"A: b\n" * 129 + b"\n", safe=0, fields=200, header_size=1000)
@example(data=b"A: b\nContent-A: b\n" * 64 + b"\n", safe=0, fields=200, header_size=2000)
@example(data=b"", safe=0, fields=1, header_size=1)
def test_split_mail(backend: Backend, data: bytes, safe: int, fields: int, header_size: int) -> None:
    scan = backend.family("header")
    expected = python.split_mail(data, safe, fields, header_size)
    assert scan.split_mail(data, safe, fields, header_size) == expected
    if expected:
        assert expected[2] == 0
        assert expected[2:] == sorted(set(expected[2:]))
    parts = scan.split_mail(data, 2, fields, header_size) if safe else expected
    assert parts == expected or (not expected and scan.index_message(data, len(data), fields, header_size))


@pytest.mark.parametrize("line", [b"\n--b", b"\n--b--", b"\n--bx", b"\nFrom x\n\n", b"\n>From x", b"\n>>From "])
def test_many_records(backend: Backend, line: bytes) -> None:
    scan = backend.family("header")
    data = b"From x\n" + line * 1000
    assert all_boundaries(scan, [data], DELIMITER) == all_boundaries(python, [data], DELIMITER)
    assert all_mbox(scan, [data]) == all_mbox(python, [data])
    assert scan.index_header(data, 0, len(data), 3000) == python.index_header(data, 0, len(data), 3000)
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


@given(data=texts, at=cuts)
def test_boundaries_in_chunks(backend: Backend, data: bytes, at: list[int]) -> None:
    scan = backend.family("header")
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


@given(data=texts, at=cuts, begin=st.sampled_from([b"", b"From x\n", b"From a@b Mon Jul  8 12:08:34 2011\r\n"]))
def test_mailboxes_in_chunks(backend: Backend, data: bytes, at: list[int], begin: bytes) -> None:
    scan = backend.family("header")
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
    scan = backend.family("header")
    head = b"From x\n"
    for size in (scan.MAX_MBOX_HEADER - 40, scan.MAX_MBOX_HEADER - 20, scan.MAX_MBOX_HEADER):
        data = head + b"Content-Length: 5\n" + b"X" * (size - 18) + b"\n\nbody\n"
        assert all_mbox(scan, [data]) == all_mbox(scan, chunks(data, [100, 70_000, 200_000])) == all_mbox(python, [data])


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 63, 64, 65, 95, 127, 128, 129, 130, 131, 200, 257])
def test_vector_blocks(backend: Backend, size: int) -> None:
    """A hit at every place of a block, and one that ends with the buffer."""
    scan = backend.family("header")
    marks: list[Any] = [b"\n--b", b"\nFrom ", b"\n>From ", b" \n", b"\t\r\n", b"\n.\n", b"\n.\r\n", b"\r", b"\x80", b"\0", b"\nF", b"\n."]
    for mark in marks:
        for place in range(max(0, size - 70), size + 1):
            data = b"a" * place + mark + b"a" * (size - place)
            end = len(data)
            assert scan.text_hazards(data, 0, end) == python.text_hazards(data, 0, end), (mark, place)
            assert scan.scan_boundary(data, 0, end, DELIMITER, 0) == python.scan_boundary(data, 0, end, DELIMITER, 0)
            assert scan.mbox_lines(data, 0, end, 0) == python.mbox_lines(data, 0, end, 0)
            assert scan.dash_lines(data, 0, end, 0) == python.dash_lines(data, 0, end, 0)


def test_constants(backend: Backend) -> None:
    """The numbers of the header are those of the Python form."""
    if backend.name == "python":
        pytest.skip("there is nothing to compare")
    from smime._kernels._accel import lib

    assert python.FIELD_WIDTH == lib.SMIME_SCAN_FIELD
    assert python.MBOX_WIDTH == lib.SMIME_SCAN_MBOX
    assert (python.MALFORMED_FIELD, python.ENVELOPE_FIELD) == (lib.SMIME_SCAN_MALFORMED, lib.SMIME_SCAN_ENVELOPE)
    assert (python.AT_LINE_START, python.FINAL, python.AFTER_EMPTY, python.DATED) == (
        lib.SMIME_SCAN_LINE_START,
        lib.SMIME_SCAN_FINAL,
        lib.SMIME_SCAN_AFTER_EMPTY,
        lib.SMIME_SCAN_DATED,
    )
    for name in ("DELIMITER", "CLOSE", "PADDED", "EIGHT_BIT", "NUL", "BARE_CR", "LONG_LINE", "TRAILING_BLANK", "FROM_LINE", "DOT_LINE"):
        assert getattr(python, name) == getattr(lib, f"SMIME_SCAN_{name}")
    assert (python.PREFIX_ONLY, python.CRLF_LINE) == (lib.SMIME_SCAN_PREFIX, lib.SMIME_SCAN_CRLF)
    assert (python.MAX_PADDING, python.MAX_LINE) == (lib.SMIME_SCAN_PADDING, lib.SMIME_SCAN_LINE)
    assert (python.MAX_QUOTES, python.MAX_MBOX_HEADER) == (lib.SMIME_SCAN_QUOTES, lib.SMIME_SCAN_MBOX_HEADER)
    assert (python.MAX_SPLIT, python.PLAIN_PARTS) == (lib.SMIME_SCAN_SPLIT, lib.SMIME_SCAN_PARTS)
