"""Everything that is to be protected is inside of the protection, but for header fields that a rule copies outside.

The rule is that of `smime.mime.mail_header` (RFC 8551 section 3.1). What goes out never names those who get blind copies.
"""

from __future__ import annotations

import io
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.operations.people import identity, person, signer, trust

import smime
from smime.errors import ParseError
from smime.mime.mail_header import mail_header
from smime.operations.unwrap import MessageUnwrapper

RECIPIENT = "p256"
FIELD_LINES = [
    b"From: alice@example.org",
    b"From: Berlin",
    b"Sender: carol@example.org",
    b"To: Bob\r\n <bob@example.org>",
    b"Subject: code 4711",
    b"Bcc: secret@example.org",
    b"RESENT-BCC : secret@example.org",
    b"X-Note: code 4711",
    b"Password: hunter2",
    b"MIME-Version: 1.0",
    b"Content-Type: text/plain; charset=utf-8",
    b"Content-Transfer-Encoding: 8bit",
]
TEXT_LINES = [
    b"UNA:+.? 'UNB+UNOC:3'",
    b"Note: code 4711",
    b"the safe is 0815",
    b"  password: hunter2",
    b"From here on",
    b"From alice@example.org Mon Jan  1 00:00:00 2024",
    b"",
    b"Gr\xc3\xbc\xc3\x9fe",
    b"\xff\xfe",
    b"--",
]
OCTETS = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(FIELD_LINES + TEXT_LINES), max_size=12).map(b"\n".join),
    st.lists(st.sampled_from(FIELD_LINES), max_size=6).map(lambda lines: b"".join(line + b"\r\n" for line in lines) + b"\r\nbody 4711\r\n"),
    st.lists(st.sampled_from(FIELD_LINES + TEXT_LINES), max_size=12).map(lambda lines: b"\r\n".join(lines) + b"x" * 200_000),
)


def _feed(machine: Any, octets: bytes, cuts: list[int]) -> bytes:
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return b"".join(machine.update(octets[start:end]) for start, end in pairwise(edges)) + machine.finalize()


def _write(kind: str, octets: bytes, cuts: list[int] | None) -> bytes:
    alice, bob = signer("p256"), person(RECIPIENT).certificate
    if cuts is None:
        if kind == "encrypt":
            return smime.encrypt(octets, bob)
        return smime.sign(octets, alice, detached=kind == "sign")
    if kind == "encrypt":
        return _feed(smime.MessageEncryptor(bob), octets, cuts)
    return _feed(smime.MessageSigner(alice, detached=kind == "sign"), octets, cuts)


def _files(kind: str, octets: bytes) -> bytes:
    out = io.BytesIO()
    if kind == "encrypt":
        smime.files.encrypt(io.BytesIO(octets), out, person(RECIPIENT).certificate)
    else:
        smime.files.sign(io.BytesIO(octets), out, signer("p256"), detached=kind == "sign")
    return out.getvalue()


def _inside(message: bytes) -> bytes:
    """Return the protected entity."""
    machine = MessageUnwrapper(keyring=smime.Keyring.of(identity(RECIPIENT)), reread=lambda: iter((message,)))
    machine.update(message)
    unwrapped = machine.finalize()
    assert len(unwrapped.layers) >= 1
    machine = MessageUnwrapper(keyring=smime.Keyring.of(identity(RECIPIENT)), reread=lambda: iter((message,)))
    machine.stop_at = 1
    machine.update(message)
    return machine.finalize().content


def _canonical(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _decoded(entity: bytes) -> bytes:
    """Return the body of an entity without its transfer encoding."""
    import email

    body = email.message_from_bytes(entity).get_payload(decode=True)
    assert isinstance(body, bytes)
    return body


def _check(octets: bytes, written: bytes) -> None:
    header = mail_header(octets)
    outer, _, _ = written.partition(b"MIME-Version: 1.0\r\nContent-Type: ")
    inside = _inside(written)
    if header is None:  # all of it is content: nothing is outside, and all is inside
        assert outer == b""
        assert _canonical(octets).rstrip(b"\r\n") == _canonical(_decoded(inside)).rstrip(b"\r\n")
        return
    expected = [
        (name, octets[start:stop])
        for name, start, stop in ((n, octets.index(raw), octets.index(raw) + len(raw)) for n, raw in header.raw_fields() if n)
    ]
    copied = [raw for name, raw in expected if not name.lower().startswith((b"content-", b"mime-version", b"bcc", b"resent-bcc"))]
    kept = [raw for name, raw in expected if name.lower().startswith((b"content-", b"mime-version"))]
    assert _canonical(outer) == b"".join(_canonical(raw.rstrip(b"\r\n")) + b"\r\n" for raw in copied)
    for raw in kept:
        if b"Transfer-Encoding" not in raw:
            assert _canonical(raw.rstrip(b"\r\n")) in inside
    assert b"secret@" not in outer
    assert b"secret@" not in inside or b"secret@" in octets[header.body_start :]
    body = octets[header.body_start :] if header.complete else b""
    assert _canonical(body).rstrip(b"\r\n") == _canonical(_decoded(inside)).rstrip(b"\r\n")


@pytest.mark.parametrize("kind", ["sign", "opaque", "encrypt"])
@given(OCTETS, st.none() | st.lists(st.integers(0, 1 << 20), max_size=8))
@example(b"UNA:+.? 'UNB+UNOC:3+4012345000023:14'UNZ+1+1'", None)
@example(b"Username: admin\nPassword: hunter2\n", None)
@example(b"Note: the door code is 4711\nand the safe is 0815\n", None)
@example(b"database:\n  password: hunter2\n", None)
@example(b"From here on\nFrom: alice@example.org\n\nx", [3])
def test_all_of_the_input_is_inside(kind: str, octets: bytes, cuts: list[int] | None) -> None:
    try:
        mail_header(octets)
    except ParseError:
        with pytest.raises(ParseError):
            _write(kind, octets, cuts)
        return
    try:
        written = _write(kind, octets, cuts)
    except ParseError:  # NUL or CR in a field that would stay outside
        header = mail_header(octets)
        assert header is not None
        assert header.has_nul or header.has_stray_cr
        return
    _check(octets, written)


@pytest.mark.parametrize("kind", ["sign", "opaque", "encrypt"])
@given(OCTETS)
def test_files_do_the_same(kind: str, octets: bytes) -> None:
    try:
        mail_header(octets)
        written = _files(kind, octets)
    except ParseError:
        with pytest.raises(ParseError):
            _files(kind, octets)
        return
    _check(octets, written)


@pytest.mark.parametrize("cuts", [[], [1], list(range(400)), [1 << 16, 1 << 17]])
@pytest.mark.parametrize("size", [0, 200_000])
def test_blind_copies_go_to_nobody(cuts: list[int], size: int) -> None:
    mail = (
        b"From: alice@example.org\r\nbCC : secret@example.org\r\nTo: bob@example.org\r\nResent-Bcc: secret@example.org,\r\n"
        b" secret@example.net\r\nSubject: x\r\n\r\n" + b"body\r\n" * (size // 6)
    )
    for kind in ("sign", "opaque", "encrypt"):
        written = _write(kind, mail, cuts)
        assert b"secret" not in written
        assert b"secret" not in _inside(written)
        assert written.startswith(b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: x\r\nMIME-Version")
    assert b"secret" not in smime.compress(mail)


def test_blind_copies_of_message_objects() -> None:
    message = EmailMessage()
    message["From"], message["Bcc"], message["Subject"] = "alice@example.org", "secret@example.org", "x"
    message.set_content("body")
    written = smime.sign(message, signer("p256"))
    assert b"secret" not in written
    assert smime.verify(written, trust()).content.rstrip().endswith(b"body")


def test_text_of_any_size_in_one_line(tmp_path: Path) -> None:
    """Nothing is held back for ever, and nothing is refused, because a colon stands near its start."""
    text = b"UNA:" + b"+.? '" * 400_000
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(text)
    smime.files.encrypt(source, target, person(RECIPIENT).certificate)
    inside = smime.decrypt(target.read_bytes(), identity(RECIPIENT)).content
    assert inside.endswith(text)


def test_octets_as_they_are_are_left_alone() -> None:
    """DER and PEM protect octets, not mails: there is no header in them."""
    octets = b"Bcc: x\r\nno field"
    sealed = smime.encrypt(octets, person(RECIPIENT).certificate, encoding="der")
    assert smime.decrypt(sealed, identity(RECIPIENT)).content == octets
