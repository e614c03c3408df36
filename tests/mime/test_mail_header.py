"""What is the header of a mail, and what is content from its first octet on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import DEFAULT_LIMITS, Limits
from smime.mime.header import HeaderFields
from smime.mime.mail_header import UNDECIDED, Undecided, keeps_all_fields, mail_header, mail_header_so_far

DATED = b"From alice@example.org Mon Jan  1 00:00:00 2024\n"


@pytest.mark.parametrize(
    "data",
    [
        # text with a colon in its first line
        b"UNA:+.? 'UNB+UNOC:3+4012345000023:14+4012345000016:14'UNZ+1+1'",
        b"Username: admin\nPassword: hunter2\n",
        b"Note: the door code is 4711\nand the safe is 0815\n",
        b"database:\n  password: hunter2\n",
        b"http://example.org/\n\nx",
        b"C:\\secret.txt\n",
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:bob@example.org\r\nEND:VCARD\r\n",
        b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nx",
        b"12:30 lunch\n13:30: back\n\nFrom: x@y\n",
        # all lines are fields, and none of them is a core field of mail
        b"Date: 2026-01-02\nComments: the door code is 4711\n\nx",
        b"Status: open\nPriority: high\nKeywords: code 4711\n",
        b"X-Secret: 4711\n\n",
        b"Name: x\nTelephone: y\n\nz",
        # a core field beside others that are not of mail, and nobody who wrote it
        b"To: the bank\nPassword: hunter2\n\n",
        b"Subject: exam\nGrade: A\nTeacher: X\n",
        b"From: Berlin\nTo: Hamburg\nPrice: 30 EUR\n\n",
        b"Host: example.org\nContent-Type: text/html\nCookie: session=4711\n\nx",
        # a line that is no field
        b"From: alice@example.org\nhello\n\nx",
        b"Subject: x\n\x00\n\nx",
        b" folded\nFrom: alice@example.org\n\n",
        b"\xef\xbb\xbfFrom: alice@example.org\n\n",
        # what looks like an envelope line
        b"From here on\nSubject: x\n\n",
        b"From here at 10:30 the code is 4711\nSubject: x\n\n",
        b"From Monday on the code is 4711\nFrom: alice@example.org\n\n",
        b"From a@b 4711 is the code\nSubject: x\n\n",
        DATED,
        DATED + b"\nx",
        DATED + DATED + b"Subject: x\n\n",
        b"",
    ],
)
def test_content(data: bytes) -> None:
    assert mail_header(data) is None


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"From: alice@example.org\nTo: bob@example.org\n\nx", 2),
        (b"From: alice@example.org\nX-Unusual: a\nWholly-Unknown: b\nfoo: c\n\nx", 4),
        (b"from : Alice\n <alice@example.org>\nfoo: c\n\nx", 2),
        (b"Content-Type: text/plain\n\nx", 1),
        (b"MIME-Version: 1.0\nContent-Type: text/plain\nX-Unusual: a\nContent-Foo: b", 4),
        (b"Content-Type: text/plain", 1),
        (b"Subject: x", 1),
        (b"Subject: x\nDate: y\nList-Unsubscribe: z\nDKIM-Signature: w\nThread-Index: v\n\n", 5),
        (b"Received: x\nReturn-Path: <>\nFrom: alice@example.org\nDelivered-To: b\n\n", 4),
        (DATED + b"Subject: x\n\n", 1),
        (b">" + DATED + b"Subject: x\n\n", 1),
        (b"From alice@example.org\nSubject: x\n\n", 1),
        (b"From - Mon Jan  1 00:00:00 +0100 2024\r\nSubject: x\n\n", 1),
        (b"From MAILER-DAEMON Mon Jan  1 00:00:00 CEST 2024\nSubject: x\n\n", 1),
        (b"From joe Mon, 1 Jan 2024 00:00:00 +0100\nSubject: x\n\n", 1),
        (b"\nbody", 0),
        (b"\r\nbody", 0),
    ],
)
def test_header(data: bytes, count: int) -> None:
    fields = mail_header(data)
    assert fields is not None
    assert len(fields) == count


@pytest.mark.parametrize(
    "data",
    [
        b"From: alice@example.org\nBcc: carol@example.org\nno field\n\nx",
        b"From: alice@example.org\nno field\nBcc: carol@example.org\n\nx",
        b"To: x\nResent-bcc : carol@example.org\nPassword: y\n\nx",
        b"Bcc: carol@example.org\nno field\n",
        b"From somebody\nBcc: carol@example.org\n",
    ],
)
def test_blind_copies_in_no_header(data: bytes) -> None:
    """As content they would be shown to everybody: that is refused."""
    with pytest.raises(ParseError, match="Bcc"):
        mail_header(data)
    with pytest.raises(ParseError, match="Bcc"):
        mail_header(data + b"\n" + b"x" * (1 << 17))


@pytest.mark.parametrize("data", [b"Bcc means\nBcc: blind copy\n", b"Note: x\n\nBcc: y\n", b"\nBcc: y\n"])
def test_text_about_blind_copies(data: bytes) -> None:
    fields = mail_header(data)
    assert fields is None or not len(fields)


def test_limits() -> None:
    """Only what is a mail so far can be a header that is too large; all else is content of any size."""
    mail, text = b"From: a@b\n" + b"X: y\n" * 50, b"Name: y\n" * 50
    for limits in (Limits(header_size=100), Limits(header_fields=20)):
        with pytest.raises(LimitExceeded):
            mail_header(mail, limits)
        with pytest.raises(LimitExceeded):
            mail_header(mail + b"\nx", limits)
        assert mail_header(text, limits) is None
        assert mail_header(text + b"\nx", limits) is None
    assert mail_header(b"x" * 1000 + b": y\n\n", Limits(header_size=100)) is None


LINES = st.lists(
    st.sampled_from(
        [
            b"From: alice@example.org",
            b"From: alice",
            b"To: bob",
            b"bcc: carol",
            b"Content-Type: text/plain",
            b"Unknown: x",
            b" folded",
            b"no field",
            b"",
            DATED[:-1],
            b"Sub",
        ]
    ),
    max_size=8,
)
SMALL = Limits(header_size=60, header_fields=4)


def _decide(data: bytes, limits: Limits, look: Callable[[bytes, Limits], HeaderFields | Undecided | None] = mail_header) -> object:
    try:
        fields = look(data, limits)
    except SMIMEError as error:
        return repr(error)
    return (len(fields), fields.end, fields.body_start) if isinstance(fields, HeaderFields) else fields


@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.sampled_from([DEFAULT_LIMITS, SMALL]), st.data())
def test_what_is_known_from_the_beginning_holds_for_the_whole(
    lines: list[bytes], end: bytes, ended: bool, limits: Limits, draw: st.DataObject
) -> None:
    data = end.join(lines) + end * ended
    data += draw.draw(st.sampled_from([b"", b"x" * (1 << 16), b"x\n" * (1 << 15)]))
    cut = draw.draw(st.integers(0, len(data)))
    early = _decide(data[:cut], limits, mail_header_so_far)
    assert early in {UNDECIDED, _decide(data, limits)}


@given(LINES)
def test_first_sight(lines: list[bytes]) -> None:
    header = b"".join(line + b"\n" for line in lines)
    if keeps_all_fields(header) and (fields := mail_header(header + b"\n")) is not None:
        assert not any(name.lower() in {b"bcc", b"resent-bcc"} for name, _ in fields)
