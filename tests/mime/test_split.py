"""A message in hand is split in one step as it is piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smime._kernels import parts
from smime.errors import SMIMEError
from smime.limits import DEFAULT_LIMITS, Limits
from smime.mime.seven_bit import SevenBitEncoder
from smime.mime.split import canonical_split
from smime.mime.writer import split_message, write_fields
from smime.transforms.lines import CanonicalLines

_LINES = [
    b"From: a@example.org",
    b"Subject : blank before the colon",
    b"To: folded",
    b" here",
    b"\tand there",
    b"Content-Type: text/plain",
    b"Content-Type: multipart/mixed; boundary=b",
    b"content-type: message/rfc822",
    b"Content-Transfer-Encoding: 8bit",
    b"Content-Length: 3",
    b"Content-X: y",
    b"MIME-Version: 1.0",
    b"X: \x00",
    b"X: \xe9",
    b"X: a\rb",
    b"no field at all",
    b"From somebody Mon Jan  1 00:00:00 2024",
    b">From quoted",
    b"",
    b".",
    b"--b",
    b"--b--",
    b"blank at the end ",
    b"x" * 1000,
    b"caf\xc3\xa9",
    b"text",
]
_MESSAGES = st.lists(st.tuples(st.sampled_from(_LINES), st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r\r\n"])), max_size=14).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


def _piece_by_piece(data: bytes, limits: Limits, *, safe: bool) -> tuple[bytes, bytes]:
    outer, entity = split_message(data, limits)
    if safe:
        encoder = SevenBitEncoder(limits)
        entity = encoder.update(entity) + encoder.finalize()
    lines = CanonicalLines()
    return write_fields(outer), bytes(lines.update(entity)) + lines.finalize()


@given(_MESSAGES, st.booleans())
@example(b"From: a\r\nContent-Type: text/plain\r\nSubject: b\r\n\r\ntext\r\n", True)
@example(b"From: a\nMIME-Version: 1.0\nSubject: b\n c\n\ntext\n", True)
def test_as_piece_by_piece(data: bytes, safe: bool) -> None:
    whole = canonical_split(data, DEFAULT_LIMITS, safe=safe)
    if whole is not None:
        assert whole == _piece_by_piece(data, DEFAULT_LIMITS, safe=safe)


_IN_PARTS = [
    b"--b",
    b"--b--",
    b"--c",
    b"--c--",
    b"",
    b"",
    b"text",
    b"Content-Type: multipart/mixed; boundary=c",
    b"Content-Type: multipart/signed; boundary=c",
    b"Content-Type: text/plain",
    b"Content-Type: message/rfc822",
    b"Content-Transfer-Encoding: 8bit",
    b"Content-Transfer-Encoding: base64",
    b"--b ",
    b"--bc",
]


@given(
    st.lists(st.sampled_from(_IN_PARTS), max_size=20),
    st.sampled_from([b"\r\n", b"\n"]),
    st.sampled_from([b"", b"\r\n", b"\n", b"--"]),
    st.sampled_from([b"From: a", b"Content-Transfer-Encoding: 7bit", b"Content-Transfer-Encoding: base64"]),
)
@example([b"--b", b"", b"one", b"--b", b"Content-Type: text/plain", b"", b"two", b"--b--"], b"\r\n", b"\r\n", b"From: a")
@example([b"", b"--b", b"", b"one", b"--b--"], b"\r\n", b"\r\n", b"From: a")
@example([b"pre", b"--b", b"", b"one", b"--b--", b"after"], b"\n", b"\n", b"From: a")
def test_parts(lines: list[bytes], end: bytes, last: bytes, field: bytes) -> None:
    head = end.join((b"Content-Type: multipart/mixed; boundary=b", field, b"", b""))
    data = head + end.join(lines) + last
    whole = canonical_split(data, DEFAULT_LIMITS, safe=True)
    if whole is not None:
        assert whole == _piece_by_piece(data, DEFAULT_LIMITS, safe=True)


def test_ordinary_parts_are_taken() -> None:
    lines = [b"From: a", b"Content-Type: multipart/mixed; boundary=b", b"", b"--b", b"", b"one", b"--b", b"", b"two", b"--b--", b""]
    data = b"\r\n".join(lines)
    if not parts.index_message(data, len(data), DEFAULT_LIMITS.header_fields, DEFAULT_LIMITS.header_size):
        pytest.skip("these kernels do not index whole messages")
    assert canonical_split(data, DEFAULT_LIMITS, safe=True) is not None


@given(_MESSAGES)
def test_limits_are_left_to_the_long_way(data: bytes) -> None:
    limits = Limits(header_size=60, header_fields=3)
    whole = canonical_split(data, limits, safe=False)
    if whole is not None:
        try:
            assert whole == _piece_by_piece(data, limits, safe=False)
        except SMIMEError as error:
            raise AssertionError(f"{error} was not noticed") from error


def test_ordinary_mail_is_taken() -> None:
    mail = b"From: a@example.org\r\nTo: b\r\n c\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nDate: x\r\n\r\ntext\n"
    assert canonical_split(mail, DEFAULT_LIMITS, safe=True) == (
        b"From: a@example.org\r\nTo: b\r\n c\r\nDate: x\r\n",
        b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\ntext\r\n",
    )
