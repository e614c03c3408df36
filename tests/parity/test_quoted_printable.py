"""quoted-printable in C and in Python: the same octets and anomalies for any split into chunks."""

from __future__ import annotations

import quopri
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from types import ModuleType

    from .conftest import Backend

word = st.sampled_from(
    [
        b"text",
        b"From ",
        b"From",
        b"F",
        b".",
        b"..",
        b"Fr\xfcher",
        b"x" * 70,
        b"a longer piece of text, of more than 64 octets, with no escapes in it",
        b"\r",
    ]
)
ends = st.sampled_from([b"\r\n", b"\n", b" ", b"\t", b"  \r\n", b"\t \n", b" \r", b"\r\r\n", b" " * 127, b" " * 128, b" " * 129])
escapes = st.sampled_from(
    [
        b"=41",
        b"=e4",
        b"=E4=F6",
        b"=\r\n",
        b"=\n",
        b"= \t\r\n",
        b"=",
        b"==",
        b"=4",
        b"=G1",
        b"=\r",
        b"= ",
        b"=\r=",
        b"\xff",
        b"\0",
        b"=" + b" " * 128,
    ]
)
texts = st.lists(word | ends | escapes | st.binary(max_size=4), max_size=20).map(b"".join)
cuts = st.lists(st.integers(0, 500), max_size=6)


def chunks(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def decoded(family: ModuleType, pieces: list[bytes]) -> tuple[Any, ...]:
    decoder = family.Decoder()
    return b"".join(map(decoder.update, pieces)) + decoder.finalize(), decoder.anomalies


def encoded(family: ModuleType, pieces: list[bytes], newline: bytes = b"\r\n") -> bytes:
    encoder = family.Encoder(newline)
    return b"".join(map(encoder.update, pieces)) + encoder.finalize()


@given(text=texts, at=cuts)
def test_decode(backend: Backend, reference: Backend, text: bytes, at: list[int]) -> None:
    expected = decoded(reference.family("quoted_printable"), [text])
    family = backend.family("quoted_printable")
    assert decoded(family, chunks(text, at)) == expected
    assert decoded(family, [bytes([octet]) for octet in text]) == expected
    assert family.decode(text) == expected[0]


@given(text=texts, at=cuts, newline=st.sampled_from([b"\r\n", b"\n"]))
def test_encode(backend: Backend, reference: Backend, text: bytes, at: list[int], newline: bytes) -> None:
    expected = encoded(reference.family("quoted_printable"), [text], newline)
    family = backend.family("quoted_printable")
    assert encoded(family, chunks(text, at), newline) == expected
    assert encoded(family, [bytes([octet]) for octet in text], newline) == expected
    assert family.encode(text, newline=newline) == expected


@given(text=texts)
def test_there_and_back(backend: Backend, text: bytes) -> None:
    family = backend.family("quoted_printable")
    coded = family.encode(text)
    assert family.decode(coded) == re.sub(rb"\r?\n", b"\r\n", text)
    assert decoded(family, [coded])[1] == ()
    for line in coded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert re.fullmatch(rb"(?:[\t !-<>-~]|=[0-9A-F]{2})*=?", line)


CASES = [
    # text, octets, anomalies
    (b"", b"", ()),
    (b"a=20b=3D\r\n", b"a b=\r\n", ()),
    (b"soft=\r\n break\n=\n", b"soft break\n", ()),
    (b"a=e4", b"a\xe4", ("lower-case hexadecimal digits",)),
    (b"a \t\r\nb \nc ", b"a\r\nb\nc", ("blanks at the end of a line",)),
    (b"a= \r\nb", b"ab", ("blanks at the end of a line",)),
    (b"a=", b"a", ("a soft line break at the end",)),
    (b"a=  ", b"a", ("a soft line break at the end",)),
    (b"a=G=4", b"a=G=4", ("an equals sign that begins no escape",)),
    (b"1 == 1", b"1 == 1", ("an equals sign that begins no escape",)),
    (b"a=\rb", b"a=\rb", ("an equals sign that begins no escape",)),
    (b"a \rb\r", b"a \rb\r", ()),
    (b"gr\xfc\xdfe", b"gr\xfc\xdfe", ("octets above 127",)),
    (b"x" + b" " * 128 + b"\n", b"x\n", ("blanks at the end of a line",)),
    (b"x" + b" " * 129 + b"\n", b"x" + b" " * 128 + b"\n", ("blanks at the end of a line",)),
]


@pytest.mark.parametrize(("text", "octets", "anomalies"), CASES)
def test_lenient(backend: Backend, text: bytes, octets: bytes, anomalies: tuple[str, ...]) -> None:
    family = backend.family("quoted_printable")
    assert decoded(family, [text]) == (octets, anomalies)
    assert decoded(family, [bytes([octet]) for octet in text]) == (octets, anomalies)


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        (b"", b""),
        (b"plain\r\n", b"plain\r\n"),
        (b"lf\ncrlf\r\nopen", b"lf\r\ncrlf\r\nopen"),
        (b"a=b\r\n", b"a=3Db\r\n"),
        (b"blank \r\ntab\t\nend ", b"blank=20\r\ntab=09\r\nend=20"),
        (b"From here\r\n.\r\n", b"=46rom here\r\n=2E\r\n"),
        (b"Fro\r\nFrom", b"Fro\r\nFrom"),
        (b"From \r\n", b"=46rom=20\r\n"),
        (b"bare\rCR", b"bare=0DCR"),
        (b"x" * 75 + b"\r\n", b"x" * 75 + b"\r\n"),
        (b"x" * 76 + b"\r\n", b"x" * 75 + b"=\r\nx\r\n"),
        (b"x" * 75 + b".", b"x" * 75 + b"=\r\n=2E"),
        (b"x" * 75 + b"From me", b"x" * 75 + b"=\r\n=46rom me"),
        (b"x" * 73 + b"\xe4", b"x" * 73 + b"=\r\n=E4"),
        (b"x" * 72 + b"\xe4", b"x" * 72 + b"=E4"),
    ],
)
def test_written_forms(backend: Backend, text: bytes, coded: bytes) -> None:
    family = backend.family("quoted_printable")
    assert family.encode(text) == coded
    assert encoded(family, [bytes([octet]) for octet in text]) == coded
    assert quopri.decodestring(coded) == re.sub(rb"\r?\n", b"\r\n", text)


@pytest.mark.parametrize("value", range(256))
@pytest.mark.parametrize("position", [0, 30, 32, 61, 62, 63, 64, 100])
def test_every_octet(backend: Backend, reference: Backend, value: int, position: int) -> None:
    text = bytearray(
        b"A line of text with =C3=A4 and =\r\na soft break, then another line\r\nof some length with tabs\tand =3D signs, the end.\r\n"
    )
    text[position] = value
    data = bytes(text)
    ours, theirs = backend.family("quoted_printable"), reference.family("quoted_printable")
    assert decoded(ours, [data]) == decoded(theirs, [data])
    assert ours.encode(data) == theirs.encode(data)


def test_much_that_needs_escapes(backend: Backend) -> None:
    data = bytes(range(128, 256)) * 1000
    family = backend.family("quoted_printable")
    coded = family.encode(memoryview(data))
    assert family.decode(bytearray(coded)) == data
    assert max(map(len, coded.split(b"\r\n"))) == 76


@pytest.mark.parametrize("newline", [b"", b"\r", b"\n\r"])
def test_lines_that_cannot_be_written(backend: Backend, newline: bytes) -> None:
    with pytest.raises(ValueError, match="newline"):
        backend.family("quoted_printable").encode(b"", newline=newline)


def test_much_whose_beginning_is_no_sample_of_it(backend: Backend, reference: Backend) -> None:
    for data in (b"plain text\r\n" * 8000 + bytes(range(128, 256)) * 4000, bytes(range(128, 256)) * 600 + b"plain text, " * 20000):
        assert backend.family("quoted_printable").encode(data) == reference.family("quoted_printable").encode(data)
