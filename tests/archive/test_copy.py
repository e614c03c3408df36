"""The copy of an archive: nothing of it is written through a link that lies where it is made, and its header fields are the original's."""

from __future__ import annotations

import email
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.archive.test_runs import write_maildir, write_mbox
from tests.archive.world import ENTITY, mail, world

import smime
from smime import archive
from smime.archive.copy import rewritten

LINKS: dict[str, Callable[[Path, Path], object]] = {
    "the folder of the source": lambda into, home: (into / "Mail").symlink_to(home),
    "a folder of it": lambda into, home: ((into / "Mail").mkdir(), (into / "Mail" / "cur").symlink_to(home)),
    "a folder beside it": lambda into, home: ((into / "Mail").mkdir(), (into / "Mail" / "tmp").symlink_to(home)),
}


@pytest.mark.parametrize("plant", LINKS.values(), ids=LINKS.keys())
def test_no_folder_of_the_copy_is_a_link(tmp_path: Path, plant: Callable[[Path, Path], object]) -> None:
    source = write_maildir(tmp_path / "Mail", [mail()])
    home, into = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    into.mkdir()
    plant(into, home)
    with pytest.raises(OSError, match="links are not followed"):
        list(archive.strip(source, into))
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("dangling", [False, True])
def test_no_file_of_the_copy_is_written_through_a_link(tmp_path: Path, dangling: bool) -> None:
    source = write_mbox(tmp_path / "inbox", [mail()])
    precious, into = tmp_path / "precious", tmp_path / "copy"
    into.mkdir()
    (into / "inbox").symlink_to(precious)
    if not dangling:
        precious.write_text("precious")
    list(archive.strip(source, into))
    assert not (into / "inbox").is_symlink()
    assert precious.exists() is not dangling
    assert dangling or precious.read_text() == "precious"


def test_the_folder_that_the_caller_names_may_be_a_link(tmp_path: Path) -> None:
    source = write_mbox(tmp_path / "inbox", [mail()])
    (tmp_path / "disk").mkdir()
    (tmp_path / "copy").symlink_to(tmp_path / "disk")
    list(archive.strip(source, tmp_path / "copy"))
    assert (tmp_path / "disk" / "inbox").read_bytes() == (tmp_path / "inbox").read_bytes()


def test_links_of_the_archive_are_not_copied(tmp_path: Path) -> None:
    source = write_maildir(tmp_path / "Mail", [mail()])
    (tmp_path / "secret").write_bytes(mail(number=2))
    (source / "cur" / "9").symlink_to(tmp_path / "secret")
    assert len(list(archive.strip(source, tmp_path / "copy"))) == 1
    assert not (tmp_path / "copy/Mail/cur/9").exists()
    assert len(list(archive.strip(source, tmp_path / "all", follow_links=True))) == 2
    assert (tmp_path / "all/Mail/cur/9").read_bytes() == mail(number=2)


# -- header fields --

OUTER = (
    b"Received: from mx2.example.org by mx1.example.org; Mon, 30 Nov 2026 10:00:02 +0000\r\n"
    b"Received: from alice.example.org by mx2.example.org; Mon, 30 Nov 2026 10:00:01 +0000\r\n"
    b"Authentication-Results: mx1.example.org; dkim=fail\r\nFrom: Alice <alice@example.org>\r\nTo: bob@example.org\r\n"
    b"Subject: outer\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\nMessage-ID: <outer@example.org>\r\n"
)
FORGED = (
    b"Received: from forged.example.org by x.example.org; Thu, 01 Jan 1998 00:00:00 +0000\r\nReceived : forged\r\n"
    b"Authentication-Results: mx1.example.org; dkim=pass\r\nFrom: Chief <chief@example.org>\r\nFROM : forged\r\n"
    b"Subject: inner\r\nDate: Thu, 01 Jan 1998 00:00:00 +0000\r\nMessage-ID: <inner@example.org>\r\nReply-To: forged@example.org\r\n"
    b"Bcc: forged@example.org\r\nX-Spam: forged\r\n"
)
FIELDS = ("Received", "Authentication-Results", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Bcc", "X-Spam")


@pytest.mark.parametrize("place", ["first", "last", "between"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_copy_has_the_header_fields_of_the_original(place: str, end: bytes) -> None:
    """Who encrypted may have written anything inside; who keeps an archive needs what came with the message."""
    kind = b"Content-Type: text/plain\r\n"
    inner = {"first": FORGED + kind, "last": kind + FORGED, "between": FORGED + b"MIME-Version: 1.0\r\n" + kind + FORGED}[place]
    original = (OUTER + b"Content-Type: application/pkcs7-mime\r\n\r\nTUlJ\r\n").replace(b"\r\n", end)
    copy = rewritten(original, inner + b"\r\nPay.\r\n")
    assert copy.startswith(OUTER.replace(b"\r\n", end) + b"MIME-Version: 1.0" + end)
    before, after = email.message_from_bytes(original), email.message_from_bytes(copy)
    assert [after.get_all(name) for name in FIELDS] == [before.get_all(name) for name in FIELDS]
    assert after.get_content_type() == "text/plain"
    assert copy.endswith(b"Pay." + end)
    assert b"forged" not in copy


@pytest.mark.parametrize("form", ["smime", "der"])
@pytest.mark.parametrize("run", ["decrypt", "strip"])
@pytest.mark.parametrize("signed", [False, True])
def test_fields_inside_of_an_encryption_are_not_believed(tmp_path: Path, form: str, run: str, signed: bool) -> None:
    people = world()
    inner = FORGED + b"Content-Type: text/plain\r\n\r\nPay.\r\n"
    if signed:
        inner = FORGED + people.signed()
    sealed = smime.encrypt(inner, people.bob.certificate, encoding="der")
    if form == "smime":
        sealed = OUTER + smime.encrypt(b"Content-Type: text/plain\r\n\r\nPay.\r\n", people.bob.certificate)
    else:
        from smime.transforms import base64

        sealed = OUTER + b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encode(sealed)
    (tmp_path / "1.eml").write_bytes(sealed)
    if run == "decrypt":
        list(archive.decrypt(tmp_path / "1.eml", people.identity, tmp_path / "copy"))
    else:
        list(archive.strip(tmp_path / "1.eml", tmp_path / "copy", identities=people.identity))
    copy = (tmp_path / "copy" / "1.eml").read_bytes()
    before, after = email.message_from_bytes(OUTER), email.message_from_bytes(copy)
    assert [after.get_all(name) for name in FIELDS] == [before.get_all(name) for name in FIELDS]
    assert b"Pay." in copy or b"7:42" in copy
    assert b"forged" not in copy


def test_fields_that_are_protected_are_taken_from_inside() -> None:
    """As RFC 9788 has it for Subject; never From, Date, Message-ID or what servers wrote."""
    inner = FORGED + b"Content-Type: text/plain\r\n\r\nhello\r\n"
    copy = email.message_from_bytes(rewritten(OUTER + b"\r\n", inner, protected=[name.lower().encode() for name in FIELDS[:-3]]))
    before = email.message_from_bytes(OUTER)
    assert copy.get_all("Subject") == ["inner"]
    for name in ("Received", "Authentication-Results", "From", "Date", "Message-ID", "To"):
        assert copy.get_all(name) == before.get_all(name)


@pytest.mark.parametrize("text", [b"hello\r\n\r\nworld\r\n", b"UNA:+.?\r\nno field\r\n", b"hello"])
def test_text_without_a_header_is_kept_whole(text: bytes) -> None:
    copy = rewritten(OUTER + b"\r\n", text)
    assert email.message_from_bytes(copy).get_content_type() == "text/plain"
    assert copy.startswith(OUTER)
    assert copy.endswith(b"\r\n\r\n" + text)


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_a_rewritten_message_keeps_the_line_ends(newline: bytes) -> None:
    original = mail(number=1).replace(b"\r\n", newline)
    message = rewritten(original, ENTITY)
    assert message.count(b"\n") == message.count(newline)
    assert message.endswith(ENTITY.replace(b"\r\n", newline))
    assert message.count(b"Content-Type") == 1
    assert message.count(b"MIME-Version") == 1
