"""Replies, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.wire.chunks import cut, places

from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.gateway.wire.replies import Reply, ReplyReader

codes = st.integers(200, 599)
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.strip)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    code = draw(codes)
    enhanced = draw(st.sampled_from(["", "{}.1.5", "{}.7.123"])) if code // 100 in {2, 4, 5} else ""
    text = "\n".join(draw(st.lists(texts, min_size=1, max_size=4)))
    if not enhanced and text[:1].isdigit():
        text = "x" + text
    return Reply(code, enhanced.format(code // 100), text)


@given(st.lists(replies(), max_size=6), places)
def test_what_was_written_is_read(written: list[Reply], where: list[int]) -> None:
    reader = ReplyReader()
    got = [reply for chunk in cut(b"".join(map(bytes, written)), where) for reply in reader.read(chunk)]
    assert got == written
    assert reader.buffered == 0


@given(st.binary(max_size=60), places)
def test_anything_is_replies_or_an_error(octets: bytes, where: list[int]) -> None:
    def outcome(chunks: list[bytes]) -> list[object]:
        reader, got = ReplyReader(), []
        try:
            for chunk in chunks:
                got += reader.read(chunk)
        except SMIMEError as error:
            return [type(error)]
        return got

    assert outcome([octets]) == outcome(cut(octets, where))


@given(st.text(max_size=80))
def test_a_text_adds_no_line(text: str) -> None:
    octets = bytes(Reply(550, "5.7.1", text))
    assert octets.endswith(b"\r\n")
    assert octets.isascii()
    lines = octets.split(b"\r\n")[:-1]
    assert len(lines) == text.count("\n") + 1
    assert all(line.startswith(b"550") and len(line) <= 510 and b"\r" not in line for line in lines)


def test_a_long_text_is_folded_into_lines_of_512() -> None:
    octets = bytes(Reply(550, "5.7.1", "x" * 1200))
    assert [len(line) for line in octets.split(b"\r\n")[:-1]] == [510, 510, 10 + 1200 - 1000]
    assert ReplyReader().read(octets)[0].text.replace("\n", "") == "x" * 1200


@pytest.mark.parametrize("octets", [b"hello\r\n", b"99 x\r\n", b"600 x\r\n", b"250x\r\n", b"250-a\r\n251 b\r\n", b"\r\n", b"2500 x\r\n"])
def test_what_is_no_reply(octets: bytes) -> None:
    with pytest.raises(ParseError, match="no line of a reply"):
        ReplyReader().read(octets)


@pytest.mark.parametrize("octets", [b"250-more\r\n" * 10_000, b"250 " + b"x" * 5000, b"250 " + b"x" * 5000 + b"\r\n"])
@pytest.mark.parametrize("size", [100, 100_000])
def test_a_reply_without_end_is_refused(octets: bytes, size: int) -> None:
    reader, chunks = ReplyReader(), [octets[at : at + size] for at in range(0, len(octets), size)]
    with pytest.raises(LimitExceeded):
        list(map(reader.read, chunks))
    assert reader.buffered <= 256 * 4096


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 2.1.5 Ok\r\n", Reply(250, "2.1.5", "Ok")),
        (b"250\r\n", Reply(250, "", "")),
        (b"250 \n", Reply(250, "", "")),
        (b"550 4.7.1 classes disagree\r\n", Reply(550, "", "4.7.1 classes disagree")),
        (b"550-5.7.1 a\r\n550 5.7.1 b\r\n", Reply(550, "5.7.1", "a\nb")),
        (b"550-5.7.1 a\r\n550 b\r\n", Reply(550, "5.7.1", "a\nb")),
        (b"220 \xff\r\n", Reply(220, "", "\ufffd")),
    ],
)
def test_forms(octets: bytes, reply: Reply) -> None:
    assert ReplyReader().read(octets) == [reply]
