"""base64 in C and in Python: the same octets, errors, offsets and anomalies for any split into chunks."""

from __future__ import annotations

import base64
import binascii
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.errors import ParseError

if TYPE_CHECKING:
    from types import ModuleType

    from .conftest import Backend

Outcome = tuple[Any, ...]

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

noise = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"=",
        b"==",
        b"===",
        b"-",
        b"_",
        b"\0",
        b"\xff",
        b"--\r\nA list footer\r\n",
        b"Q",
        b"QU",
        b"QUI",
        b"QR",
        b"QUL",
        b"/+",
    ]
)
runs = st.binary(max_size=200).map(base64.b64encode)
lines = st.binary(max_size=600).map(base64.encodebytes) | st.binary(max_size=600).map(
    lambda data: base64.encodebytes(data).replace(b"\n", b"\r\n")
)
messages = st.lists(noise | runs | lines | st.binary(max_size=8), max_size=8).map(b"".join)
cuts = st.lists(st.integers(0, 1000), max_size=6)


def chunks(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def decoded(family: ModuleType, pieces: list[bytes], strict: bool) -> Outcome:
    decoder = family.Decoder(strict)
    try:
        out = b"".join(decoder.update(piece) for piece in pieces) + decoder.finalize()
    except ParseError as error:
        return ("error", error.layer, error.reason, error.offset)
    return ("octets", out, decoder.anomalies)


def decoded_into(family: ModuleType, pieces: list[bytes], strict: bool) -> Outcome:
    decoder = family.Decoder(strict)
    buffer = bytearray((max(map(len, pieces)) // 4 + 2) * 3)
    out = b""
    try:
        for piece in pieces:
            out += buffer[: decoder.update_into(piece, buffer)]
        out += decoder.finalize()
    except ParseError as error:
        return ("error", error.layer, error.reason, error.offset)
    return ("octets", out, decoder.anomalies)


def decoded_whole(family: ModuleType, data: bytes, strict: bool) -> Outcome:
    try:
        return ("octets", family.decode(data, strict=strict))
    except ParseError as error:
        return ("error", error.layer, error.reason, error.offset)


@given(data=messages, at=cuts, strict=st.booleans())
def test_decode(backend: Backend, reference: Backend, data: bytes, at: list[int], strict: bool) -> None:
    expected = decoded(reference.family("base64"), [data], strict)
    family = backend.family("base64")
    assert decoded(family, chunks(data, at), strict) == expected
    assert decoded_into(family, chunks(data, at), strict) == expected
    assert decoded_whole(family, data, strict) == (expected[:2] if expected[0] == "octets" else expected)


def test_a_buffer_too_small(backend: Backend) -> None:
    with pytest.raises(ValueError, match="need a buffer of 33 octets, not 32"):
        backend.family("base64").Decoder().update_into(b"QUJD" * 9, bytearray(32))
    with pytest.raises(ValueError, match="need a buffer of 46 octets, not 45"):
        backend.family("base64").Encoder(76).update_into(b"QUJD" * 8, bytearray(45))


@given(
    data=st.binary(max_size=1000),
    at=cuts,
    line_length=st.sampled_from([0, 4, 64, 72, 76, 80, 300]),
    newline=st.sampled_from([b"\r\n", b"\n"]),
)
def test_encode(backend: Backend, data: bytes, at: list[int], line_length: int, newline: bytes) -> None:
    plain = base64.b64encode(data)
    step = line_length or len(plain) or 1
    expected = b"".join(plain[i : i + step] + (newline if line_length else b"") for i in range(0, len(plain), step))
    family = backend.family("base64")
    assert family.encode(data, line_length=line_length, newline=newline) == expected
    encoder = family.Encoder(line_length, newline)
    assert b"".join(map(encoder.update, chunks(data, at))) + encoder.finalize() == expected
    encoder = family.Encoder(line_length, newline)
    buffer = bytearray(8 + len(data) * 4)
    into = b"".join(bytes(buffer[: encoder.update_into(piece, buffer)]) for piece in chunks(data, at))
    assert into + encoder.finalize() == expected


@pytest.mark.parametrize("size", [*range(140), 1000, 4095, 4096, 65536, 100_003])
def test_there_and_back(backend: Backend, size: int) -> None:
    family = backend.family("base64")
    data = bytes(i * 7 % 256 for i in range(size))
    text = family.encode(data)
    assert text == base64.encodebytes(data).replace(b"\n", b"\r\n")
    assert family.decode(text, strict=True) == data
    assert family.decode(bytearray(text)) == family.decode(memoryview(text)) == data
    assert family.encode(memoryview(data)) == text
    assert family.decode(base64.b64encode(data), strict=True) == data


@pytest.mark.parametrize("value", range(256))
@pytest.mark.parametrize("position", [0, 31, 40, 76, 150])
def test_every_octet(backend: Backend, reference: Backend, value: int, position: int) -> None:
    text = bytearray(base64.encodebytes(bytes(range(256))))
    text[position] = value
    data = bytes(text)
    for strict in (False, True):
        assert decoded(backend.family("base64"), [data], strict) == decoded(reference.family("base64"), [data], strict)


CASES = [
    # text, octets, anomalies
    (b"", b"", ()),
    (b"\r\n\r\n", b"", ()),
    (b"QUJD", b"ABC", ()),
    (b"QU\r\nJD\r\n", b"ABC", ()),
    (b"QU JD\t", b"ABC", ("blanks between the characters",)),
    (b"QU*JD", b"ABC", ("characters outside the alphabet",)),
    (b"QQ==QUI=", b"AAB", ("padding in the middle",)),
    (b"QQ==\r\nQUI=\r\n", b"AAB", ("padding in the middle",)),
    (b"QQ=QUI=", b"AAB", ("padding in the middle", "missing padding")),
    (b"QUJD=", b"ABC", ("surplus padding",)),
    (b"QQ===", b"A", ("surplus padding",)),
    (b"QQ", b"A", ("missing padding",)),
    (b"QQ=", b"A", ("missing padding",)),
    (b"QUJ", b"AB", ("missing padding", "spare bits that are not zero")),
    (b"QUJDQ", b"ABC", ("an incomplete group of four characters",)),
    (b"Q===", b"", ("an incomplete group of four characters",)),
    (b"QR==", b"A", ("spare bits that are not zero",)),
    (b"QQ==\r\n-- \r\nfooter\r\n", b"A", ("text after the end",)),
]


@pytest.mark.parametrize(("text", "octets", "anomalies"), CASES)
def test_lenient(backend: Backend, text: bytes, octets: bytes, anomalies: tuple[str, ...]) -> None:
    family = backend.family("base64")
    assert decoded(family, [text], False) == ("octets", octets, anomalies)
    assert decoded(family, [bytes([c]) for c in text], False) == ("octets", octets, anomalies)
    assert family.decode(text) == octets


@pytest.mark.parametrize(
    ("text", "reason", "offset"),
    [
        (b"QUJD\r\nQU D", "character outside the alphabet", 8),
        (b"QUJDQU-D", "character outside the alphabet", 6),
        (b"QUJD=", "padding where none can be", 4),
        (b"Q===", "padding where none can be", 1),
        (b"QQ=\r\nQ", "data after the padding", 5),
        (b"QQ==\r\nQQ==", "data after the padding", 6),
        (b"QQ===", "data after the padding", 4),
        (b"QQ==x", "data after the padding", 4),
        (b"QQ==-", "character outside the alphabet", 4),
        (b"QQ", "the last group of four characters is incomplete", 2),
        (b"QQ=", "the last group of four characters is incomplete", 3),
        (b"QR==", "the spare bits before the padding are not zero", 2),
        (base64.encodebytes(bytes(3000)) + b"*", "character outside the alphabet", 4053),
    ],
)
def test_strict_names_the_octet(backend: Backend, text: bytes, reason: str, offset: int) -> None:
    family = backend.family("base64")
    expected = ("error", "base64", reason, offset)
    assert decoded_whole(family, text, True) == expected
    assert decoded(family, [bytes([c]) for c in text], True) == expected


@pytest.mark.parametrize(("line_length", "newline"), [(75, b"\r\n"), (-4, b"\r\n"), (76, b"\r"), (76, b"")])
def test_lines_that_cannot_be_written(backend: Backend, line_length: int, newline: bytes) -> None:
    family = backend.family("base64")
    with pytest.raises(ValueError, match=r"line_length|newline"):
        family.Encoder(line_length, newline)
    with pytest.raises(ValueError, match=r"line_length|newline"):
        family.encode(b"data", line_length=line_length, newline=newline)


def test_agrees_with_binascii_on_good_input(backend: Backend) -> None:
    data = bytes(range(256)) * 40
    assert backend.family("base64").decode(binascii.b2a_base64(data)) == data


@pytest.mark.parametrize("size", [9000, 9001, 9002, 57 * 200, 100_000])
@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\n", b"\r\n\r\n", b"=", b"Q", b" ", b"\r\n--\r\nfooter\r\n"])
def test_large_messages_whose_size_is_guessed(backend: Backend, reference: Backend, size: int, ending: bytes) -> None:
    data = bytes(i * 7 % 253 for i in range(size))
    plain = base64.b64encode(data)
    lf = base64.encodebytes(data).strip()
    for text in (plain, lf, lf.replace(b"\n", b"\r\n"), plain[:76] + b"\n" + plain[76:], lf + lf):
        for strict in (False, True):
            whole = text + ending
            expected = decoded_whole(reference.family("base64"), whole, strict)
            assert decoded_whole(backend.family("base64"), whole, strict) == expected
            assert decoded_whole(backend.family("base64"), bytearray(whole), strict) == expected
