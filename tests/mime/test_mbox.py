"""Mailboxes: where messages are, in every variant, in any chunks; Content-Length only where it is true."""

from __future__ import annotations

import mailbox
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.corpora import corpora_path
from tests.effort import linear

from smime.mime.mbox import MboxSplitter, MessageSpan, unquote_mboxo, unquote_mboxrd

if TYPE_CHECKING:
    from pathlib import Path

SEP = b"From a@b Mon Jul  8 12:08:34 2011\n"


def split(parts: list[bytes], variant: str = "auto", total: int | None = None) -> tuple[list[MessageSpan], int]:
    splitter = MboxSplitter(variant, total)
    spans: list[MessageSpan] = []
    for part in parts:
        spans += splitter.receive(part)
    spans += splitter.finish()
    return spans, splitter.leading


def messages(data: bytes, variant: str = "auto") -> list[bytes]:
    return [data[span.header_start : span.end] for span in split([data], variant)[0]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SEP + b"A: b\n\nx\n\n" + SEP + b"C: d\n\ny\n\n", [b"A: b\n\nx\n", b"C: d\n\ny\n"]),
        (SEP + b"A: b\n\nx\n" + SEP + b"C: d\n\ny", [b"A: b\n\nx\n", b"C: d\n\ny"]),
        (SEP + b"A: b\n\nx\n\n\n" + SEP + b"y\n", [b"A: b\n\nx\n\n", b"y\n"]),
        (SEP.replace(b"\n", b"\r\n") + b"A: b\r\n\r\nx\r\n\r\n" + SEP + b"C: d", [b"A: b\r\n\r\nx\r\n", b"C: d"]),
        (SEP + b"A: b\n\nFrom here on\n\nFrom nowhere\n\n" + SEP, [b"A: b\n\nFrom here on\n\nFrom nowhere\n", b""]),
        (SEP + b"A: b\n\n>From me\n\n", [b"A: b\n\n>From me\n"]),
        (b"From x\nA: b\n\ny", [b"A: b\n\ny"]),
        (b"From ", [b""]),
        (SEP + SEP + SEP, [b"", b"", b""]),
        (SEP + b"\n" + SEP + b"\n", [b"", b""]),
        (b"", []),
        (b"no mailbox\n" + SEP + b"x", [b"x"]),
    ],
)
def test_auto(data: bytes, expected: list[bytes]) -> None:
    assert messages(data) == expected
    for size in (1, 2, 3, 7, 20):
        spans, leading = split([data[i : i + size] for i in range(0, len(data), size)])
        assert [data[span.header_start : span.end] for span in spans] == expected
        assert leading == (11 if data.startswith(b"no") else 0)


def test_variants_that_quote() -> None:
    """Where every From line of a text is quoted, each one left is a separator, dated or not."""
    data = SEP + b"A: b\n\nx\n\nFrom someone\nC: d\n\ny\nFrom within\n"
    for variant in ("mboxo", "mboxrd"):
        assert messages(data, variant) == [b"A: b\n\nx\n", b"C: d\n\ny\nFrom within\n"]
    for variant in ("auto", "mboxcl", "mboxcl2"):
        assert len(messages(data, variant)) == 1
    with pytest.raises(ValueError, match="mmdf"):
        MboxSplitter("mmdf")


def test_facts() -> None:
    data = b"x\n" + SEP + b"A: b\n\n>From a\n>>From b\n>From c\nFrom d\n\n" + SEP + b"E: f\n\n"
    (first, second), leading = split([data])
    assert (first.quoted, first.deep, first.unquoted, first.by_length) == (2, 1, 1, False)
    assert (second.quoted, second.deep, second.unquoted) == (0, 0, 0)
    assert (first.start, first.header_start, leading) == (2, 2 + len(SEP), 2)
    assert repr(second).startswith("MessageSpan(")


def with_length(body: bytes, length: int, end: bytes = b"\n") -> bytes:
    return SEP + b"A: b\ncontent-length : %d\n\n" % length + body + end


def test_a_true_content_length_decides() -> None:
    body = b"x\n\n" + SEP + b"not a message\n"
    data = with_length(body, len(body)) + with_length(b"y\n", 2)
    (first, second), _ = split([data])
    assert data[first.header_start : first.end].endswith(b"\n\n" + body)
    assert (first.by_length, second.by_length) == (True, True)
    assert data[second.header_start : second.end].endswith(b"\n\ny\n")
    assert len(messages(data, "mboxo")) == 3
    # with no empty line in front of the separator, and with CRLF
    assert len(messages(with_length(body, len(body), b"") + SEP)) == 2
    crlf = data.replace(b"\n", b"\r\n")
    crlf = crlf.replace(b"length : %d" % len(body), b"length : %d" % len(body.replace(b"\n", b"\r\n"))).replace(
        b"length : 2", b"length : 3"
    )
    (first, second), _ = split([crlf])
    assert (first.by_length, second.by_length) == (True, True)


def test_content_length_to_the_end_of_the_file() -> None:
    body = b"x\n\n" + SEP + b"y"
    for end in (b"", b"\n", b"\r\n"):
        data = with_length(body, len(body), end)
        (only,), _ = split([data])
        assert data[only.header_start : only.end].endswith(body)
        assert only.by_length
    assert len(messages(with_length(body, len(body), b"\nmore"))) == 2


@pytest.mark.parametrize("wrong", [-1, 2, 3, 10**9, 10**14])
def test_a_false_content_length_is_not_believed(wrong: int) -> None:
    body = b"x\n\n" + SEP + b"a message\n"
    data = with_length(body, max(0, len(body) + wrong)) + with_length(b"y\n", 2)
    for total in (None, len(data)):
        spans, _ = split([data], total=total)
        assert len(spans) == 3
        assert not spans[0].by_length
        assert split([data[i : i + 1] for i in range(len(data))], total=total)[0][1].start == spans[1].start


def test_a_length_that_counts_the_empty_line_is_true() -> None:
    body = b"x\n\n" + SEP + b"y\n"
    (only, _), _ = split([with_length(body, len(body) + 1) + SEP])
    assert only.by_length


def test_an_inner_length_counts_once_the_outer_one_is_false() -> None:
    inner = b"z\n\n" + SEP + b"quoted\n"
    data = with_length(b"x\n", 10**6) + with_length(inner, len(inner)) + SEP
    spans, _ = split([data])
    assert [span.by_length for span in spans] == [False, True, False]


FROM = [SEP, SEP.replace(b"\n", b"\r\n"), b"From x\n", b">From x\n", b">>From x\n", b"Fro"]
LENGTHS = [b"Content-Length: 5\n", b"Content-Length: 50\n", b"Content-Length: 0\r\n"]
LINES = [*FROM, *LENGTHS, b"\n", b"\r\n", b"A: b\n", b"x", b"x\n", b"\r"]


@given(
    st.lists(st.sampled_from(LINES), max_size=30).map(b"".join),
    st.lists(st.integers(0, 600), max_size=5),
    st.sampled_from(["auto", "mboxrd", "mboxcl"]),
)
@example(SEP + b"\n\r", [0], "auto")
def test_any_chunks(data: bytes, at: list[int], variant: str) -> None:
    edges = [0, *sorted({min(cut, len(data)) for cut in at}), len(data)]
    pieces = [data[edges[i] : edges[i + 1]] for i in range(len(edges) - 1)]
    whole = repr(split([data], variant))
    assert repr(split(pieces, variant)) == whole
    assert repr(split([data[i : i + 1] for i in range(len(data))], variant)) == whole
    spans, leading = split([data], variant)
    previous = leading
    for span in spans:
        assert span.start >= previous
        assert span.start <= span.header_start <= span.end <= len(data)
        previous = span.end


@given(st.lists(st.sampled_from([b"", b"x", b"From y", b">From z", b">>From ", b" From ", b"From"]), max_size=12))
def test_what_mboxrd_quotes_comes_back(lines: list[bytes]) -> None:
    text = b"\n".join(lines) + b"\n"
    quoted = b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines) + b"\n"
    assert unquote_mboxrd(quoted) == text
    data = SEP + b"A: b\n\n" + quoted + b"\n" + SEP
    (found, _) = messages(data, "mboxrd")
    assert unquote_mboxrd(found) == b"A: b\n\n" + text


def test_unquoting() -> None:
    plain = b"nothing here\n"
    assert unquote_mboxrd(plain) is plain
    assert unquote_mboxo(plain) is plain
    assert unquote_mboxo(b">From a\n>>From b\nx >From c") == b"From a\n>>From b\nx >From c"
    assert unquote_mboxrd(b">From a\n>>From b\nx >From c") == b"From a\n>From b\nx >From c"


def test_as_the_standard_library(tmp_path: Path) -> None:
    """What mailbox.mbox writes is split as mailbox.mbox splits it."""
    path = tmp_path / "box"
    box = mailbox.mbox(path)
    texts = [f"Subject: {i}\n\nFrom the beginning\n{'line' * i}\n" + "\n" * (i % 3) for i in range(20)]
    for text in texts:
        box.add(text)
    box.close()
    data = path.read_bytes()
    assert [unquote_mboxo(message).decode() for message in messages(data)] == texts


def test_mime4j_mailboxes() -> None:
    """The messages that mime4j's own test expects."""
    folder = corpora_path() / "mime/mime4j/mbox/src/test/resources/test-1"
    data = (folder / "mbox.rlug").read_bytes()
    found = messages(data)
    expected = [(folder / f"mbox.rlug-{i}").read_bytes() for i in range(5)]
    assert [message.split() for message in found] == [message.split() for message in expected]


def test_work_is_linear_in_false_lengths() -> None:
    data = b"".join(with_length(b"x\n", 10**9) for _ in range(50_000))
    with linear(len(data)):
        assert len(split([data])[0]) == 50_000
