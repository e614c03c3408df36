"""Canonical lines in C and in Python: the same octets and observations for any split into chunks."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from types import ModuleType

    from .conftest import Backend

texts = st.lists(
    st.sampled_from(
        [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\0", b"\xe4", b"x", b"line of text", b"=" * 63, b"y" * 64, b"z" * 65, b"w" * 200]
    ),
    max_size=30,
).map(b"".join)
cuts = st.lists(st.integers(0, 600), max_size=6)


def chunks(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def plain(text: bytes) -> bytes:
    return re.sub(rb"(?<!\r)\n", b"\r\n", text)


def facts(lines: object) -> dict[str, object]:
    return {name: getattr(lines, name) for name in ("changed", "has_crlf", "has_bare_cr", "eight_bit", "nul", "longest_line")}


def expected_facts(text: bytes) -> dict[str, object]:
    return {
        "changed": re.search(rb"(?<!\r)\n", text) is not None,
        "has_crlf": b"\r\n" in text,
        "has_bare_cr": re.search(rb"\r(?!\n)", text) is not None,
        "eight_bit": any(octet > 127 for octet in text),
        "nul": 0 in text,
        "longest_line": max(map(len, re.split(rb"\r?\n", text))),
    }


@given(text=texts, at=cuts)
def test_lines(backend: Backend, text: bytes, at: list[int]) -> None:
    family: ModuleType = backend.family("lines")
    lines = family.CanonicalLines()
    assert b"".join(map(lines.update, chunks(text, at))) + lines.finalize() == plain(text)
    assert facts(lines) == expected_facts(text)
    assert family.canonicalize(text) == plain(text)
    assert family.look(text) == 2 * (len(plain(text)) - len(text)) + facts(lines)["has_bare_cr"]


@given(text=texts, at=cuts)
def test_the_same_after_every_chunk(backend: Backend, reference: Backend, text: bytes, at: list[int]) -> None:
    ours, theirs = backend.family("lines").CanonicalLines(), reference.family("lines").CanonicalLines()
    for chunk in chunks(text, at):
        assert ours.update(chunk) == theirs.update(chunk)
        assert facts(ours) == facts(theirs)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_canonical_text_is_not_copied(backend: Backend, kind: type) -> None:
    lines = backend.family("lines").CanonicalLines()
    for chunk in (b"a line\r\n" * 100, b"the end\r", b"\nof one line", b""):
        data = kind(chunk)
        assert lines.update(data) is data
    text = b"text\r\n"
    assert backend.family("lines").canonicalize(text) is text


@pytest.mark.parametrize("size", [*range(130), 4095, 65536])
def test_every_length(backend: Backend, size: int) -> None:
    family = backend.family("lines")
    for text in (b"x" * size + b"\n", b"\n" * size, b"\r\n" * size, b"\r" * size + b"\n", b"ab\n" * size, b"\n" + b"y" * size):
        assert family.canonicalize(text) == plain(text)
        assert family.look(text) == 2 * (len(plain(text)) - len(text)) + expected_facts(text)["has_bare_cr"]
        lines = family.CanonicalLines()
        lines.update(text)
        lines.finalize()
        assert facts(lines) == expected_facts(text)
