"""Message octets between DATA and the final dot."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.gateway.wire.chunks import cut, places

from smime.gateway.wire.transparency import ChunkReader, DotReader, DotWriter, is_clean, normalized

# mostly what matters, so that hypothesis meets it
soup = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", b"\r\n.\r\n", b"\r\n..", b"\n.\n", b"\0", b"\xff"]), max_size=30).map(
    b"".join
)
lines = st.lists(st.sampled_from([b"", b".", b"..", b"...", b"a", b".a", b"a.", b" .", b"\xe9."]), max_size=12).map(
    lambda found: b"".join(line + b"\r\n" for line in found)
)


def read(chunks: list[bytes]) -> tuple[bytes, DotReader]:
    reader, message = DotReader(), b""
    for number, chunk in enumerate(chunks):
        message += reader.read(chunk)
        if reader.finished:
            reader.rest += b"".join(chunks[number + 1 :])
            break
    return message, reader


def by_lines(octets: bytes) -> tuple[bytes, bytes] | None:
    """What RFC 5321 section 4.5.2 says, line by line: the message and what follows it, or None if it does not end."""
    message, at = b"", 0
    while (end := octets.find(b"\r\n", at)) >= 0:
        line, at = octets[at:end], end + 2
        if line == b".":
            return message, octets[at:]
        message += line.removeprefix(b".") + b"\r\n"
    return None


@given(lines, st.binary(max_size=20), places)
@example(b".\r\n", b"", [1, 2])
@example(b"", b"MAIL", [1])
def test_what_was_written_is_read(message: bytes, after: bytes, where: list[int]) -> None:
    writer = DotWriter()
    octets = b"".join(map(writer.write, cut(message, where))) + writer.end()
    got, reader = read(cut(octets + after, where))
    assert (got, reader.finished, reader.rest, reader.clean) == (message, True, after, True)


@given(soup, places)
def test_reading_is_that_of_the_rfc(octets: bytes, where: list[int]) -> None:
    got, reader = read(cut(octets, where))
    expected = by_lines(octets)
    assert reader.finished == (expected is not None)
    if expected is not None:
        assert (got, reader.rest) == expected
        assert reader.clean == is_clean(expected[0])


@given(soup)
def test_clean_is_that_each_cr_and_lf_is_part_of_a_pair(octets: bytes) -> None:
    assert is_clean(octets) == (b"\r" not in (rest := octets.replace(b"\r\n", b"")) and b"\n" not in rest)
    assert is_clean(normalized(octets))
    assert normalized(normalized(octets)) == normalized(octets)


@given(soup, places)
def test_pieces_can_be_judged_alone(octets: bytes, where: list[int]) -> None:
    """A piece never ends within a CRLF: made regular one by one, pieces are what the whole would be."""
    reader, pieces = DotReader(), []
    for chunk in cut(octets, where):
        pieces.append(reader.read(chunk))
        if reader.finished:
            break
    assert b"".join(map(normalized, pieces)) == normalized(b"".join(pieces))


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r", b"\r\n.\r\r\n", b"\r\n\0.\r\n", b"\n\n.\r\n", b"\r\n.\r.\r\n"],
)
def test_nothing_else_ends_a_message(end: bytes) -> None:
    """Each of these ended a message somewhere once, and let a second mail be smuggled in."""
    for where in ([], list(range(64))):
        got, reader = read(cut(b"text" + end + b"MAIL FROM:<x@y>\r\n", where))
        assert not reader.finished
        got += reader.read(b"\r\n.\r\n")
        assert reader.finished
        assert reader.clean == is_clean(got)


@given(soup, places)
def test_a_writer_sends_no_stray_line_end(octets: bytes, where: list[int]) -> None:
    writer, written = DotWriter(), b""
    try:
        for chunk in cut(octets, where):
            written += writer.write(chunk)
        written += writer.end()
    except ValueError:
        assert not is_clean(octets)
    else:
        assert is_clean(octets)
        assert by_lines(written) == (octets if octets.endswith(b"\r\n") or not octets else octets + b"\r\n", b"")


@given(soup, places)
def test_chunks_of_bdat_come_through(octets: bytes, where: list[int]) -> None:
    reader, got, pieces = ChunkReader(), b"", cut(octets, where)
    for chunk in pieces:
        got += reader.read(chunk)
    got += reader.read(b"", last=True)
    assert got == octets
    assert reader.clean == is_clean(octets)


def test_work_does_not_grow_with_lines() -> None:
    """One chunk of many lines is one step: no Python function is called for a line."""
    import sys

    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    def effort(data: bytes) -> int:
        nonlocal calls
        calls = 0
        reader, writer = DotReader(), DotWriter()
        sys.setprofile(count)
        try:
            reader.read(data)
            writer.write(data)
        finally:
            sys.setprofile(None)
        return calls

    assert effort(b".x\r\n" * 10) == effort(b".x\r\n" * 10_000)
