"""A mail to be protected: the same cuts from C on every instruction set as from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.parity.mime_strategies import FIELDS, line_ends, plain_parts, texts

from smime._kernels.python import split as python

if TYPE_CHECKING:
    from .conftest import Backend

INSIDE = [b"Content-Type: text/plain", b"content-type: Multipart/mixed; boundary=b", b"Content-Type: (c) text/plain", b"Content-Type: x"]
OUTSIDE = [b"From: a", b"Subject : b", b"X: \0", b"X: a\rb", b"MIME-VERSION: 1", b"Content-X: y", b"Content : z", b"Content-: \xe9"]


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """Most have a header of fields and an empty line."""
    end = draw(line_ends)
    fields = draw(st.lists(st.sampled_from([*INSIDE, *OUTSIDE, *OUTSIDE, b" folded", *FIELDS[:6]]), max_size=9))
    head = b"".join(field + (draw(line_ends) if draw(st.integers(0, 9)) == 0 else end) for field in fields)
    return head + draw(st.sampled_from([end, end, end, b""])) + draw(plain_parts)


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
    scan = backend.family("split")
    expected = python.split_mail(data, safe, fields, header_size)
    assert scan.split_mail(data, safe, fields, header_size) == expected
    if expected:
        assert expected[2] == 0
        assert expected[2:] == sorted(set(expected[2:]))
    composite = scan.split_mail(data, 2, fields, header_size) if safe else expected
    assert composite == expected or (not expected and backend.family("parts").index_message(data, len(data), fields, header_size))


def test_constants(backend: Backend) -> None:
    """The numbers of the C header are those of the Python form."""
    if backend.name == "python":
        pytest.skip("there is nothing to compare")
    from smime._kernels._accel import lib

    assert python.MAX_SPLIT == lib.SMIME_SPLIT_FIELDS
