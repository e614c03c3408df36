"""Whole archives: right records for every kind of message, in every kind of archive, with any number of processes."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.archive.world import ENTITY, mail, world

import smime
from smime import archive, policies
from smime.archive import MessageRecord

STATUSES = {
    "unprotected": ("unprotected", None, ("text/plain",)),
    "signed": ("signed", "valid", ("multipart/signed", "text/plain")),
    "signed opaque": ("signed", "valid", ("application/pkcs7-mime; signed-data", "text/plain")),
    "encrypted": ("encrypted", None, ("application/pkcs7-mime; authEnveloped-data", "text/plain")),
    "signed-and-encrypted": (
        "signed-and-encrypted",
        "valid",
        ("application/pkcs7-mime; authEnveloped-data", "multipart/signed", "text/plain"),
    ),
    "triple": (
        "signed-and-encrypted",
        "valid",
        ("multipart/signed", "application/pkcs7-mime; authEnveloped-data", "multipart/signed", "text/plain"),
    ),
    "compressed": ("signed", "valid", ("multipart/signed", "application/pkcs7-mime; compressed-data", "text/plain")),
    "changed": ("unprotected", "invalid", ("multipart/signed", "text/plain")),
    "expired": ("unprotected", "indeterminate", ("multipart/signed", "text/plain")),
    "untrusted": ("unprotected", "indeterminate", ("multipart/signed", "text/plain")),
    "for another": ("encrypted", None, ("application/pkcs7-mime; authEnveloped-data",)),
    "truncated": (None, None, ()),
}
KINDS = tuple(STATUSES)


def write_mbox(path: Path, messages: list[bytes], *, variant: str = "mboxrd", newline: bytes = b"\n") -> Path:
    """Write an mbox by hand: the tests want to know what is in it."""
    pieces = []
    for message in messages:
        text = message.replace(b"\r\n", newline)
        if variant == "mboxrd":
            text = re.sub(rb"^(?=>*From )", b">", text, flags=re.MULTILINE)
        elif variant in {"mboxo", "mboxcl"}:
            text = re.sub(rb"^(?=From )", b">", text, flags=re.MULTILINE)
        if not text.endswith(newline):
            text += newline
        if variant.startswith("mboxcl"):
            head, empty, body = text.partition(newline * 2)
            text = head + newline + b"Content-Length: %d" % len(body) + empty + body
        pieces.append(b"From sender@example.org Mon Dec  1 09:00:00 2025" + newline + text + newline)
    path.write_bytes(b"".join(pieces))
    return path


def write_maildir(path: Path, messages: list[bytes]) -> Path:
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True)
    for number, message in enumerate(messages):
        folder, flags = ("new", "") if number % 3 == 0 else ("cur", ":2,S")
        (path / folder / f"{number:03}.host{flags}").write_bytes(message.replace(b"\r\n", b"\n"))
    return path


def verify(*sources: Path, **options: object) -> list[MessageRecord]:
    settings: dict[str, object] = {"identities": world().identity, **options}
    trust = smime.TrustStore(world().pki.anchors)  # a new one remembers no verdict of another test
    return list(archive.verify(sources, trust, **settings))  # type: ignore[arg-type]


def seen(record: MessageRecord) -> tuple[str | None, str | None, tuple[str, ...]]:
    return record.status, record.verdict, record.layers


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_message(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.eml").write_bytes(world().messages[kind])
    (record,) = verify(tmp_path / "x.eml")
    assert seen(record) == STATUSES[kind]
    assert record.size == len(world().messages[kind])
    assert (record.error is not None) == (kind == "truncated")
    assert record.subject is not None
    assert record.subject.startswith("Grüße ")
    assert record.date == "2025-12-01T09:00:00+00:00"


@pytest.mark.parametrize("variant", ["mboxrd", "mboxo", "mboxcl", "mboxcl2"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_mbox(tmp_path: Path, variant: str, newline: bytes) -> None:
    messages = [world().messages[kind] for kind in KINDS]
    path = write_mbox(tmp_path / "inbox", messages, variant=variant, newline=newline)
    records = verify(path)
    assert [seen(record) for record in records] == [STATUSES[kind] for kind in KINDS]
    octets = path.read_bytes()
    for record in records:
        assert record.offset is not None
        assert record.file is None
        assert octets[record.offset :].startswith(b"From sender@example.org")


def test_maildir(tmp_path: Path) -> None:
    root = write_maildir(tmp_path / "Maildir", [world().messages[kind] for kind in KINDS])
    records = {str(record.file): seen(record) for record in verify(root)}
    assert records == {
        (f"new/{number:03}.host" if number % 3 == 0 else f"cur/{number:03}.host:2,S"): STATUSES[kind] for number, kind in enumerate(KINDS)
    }


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    messages = [world().messages[kind] for kind in KINDS] * 12
    sources = [write_mbox(tmp_path / "inbox", messages), write_maildir(tmp_path / "Maildir", messages)]
    at = datetime.now(timezone.utc)
    assert verify(*sources, at=at, jobs=2) == verify(*sources, at=at)


def test_broken_messages_stop_nothing(tmp_path: Path) -> None:
    for number, octets in enumerate((b"", b"\x00\xff" * 50, b"\n\n\n", b"0\x80\x06\x09", b"From: x\n" * 3, world().messages["signed"])):
        (tmp_path / f"{number}.eml").write_bytes(octets)
    records = verify(tmp_path)
    assert len(records) == 6
    assert records[0].error is not None
    assert records[3].error is not None
    assert records[5].status == "signed"


# -- quoting --


def _with_from_lines(text: bytes) -> bytes:
    """Return a signed mail as another program may have made it: with ``From `` lines as they are."""
    entity = b"Content-Type: text/plain\r\n\r\n" + text
    signature = smime.sign(entity, world().signer(world().alice), encoding="der")
    from smime.mime.writer import multipart_signed
    from smime.transforms import base64

    pieces = multipart_signed(["sha-256"])
    fields = mail(entity=b"").removesuffix(b"MIME-Version: 1.0\r\n")
    return fields + pieces.head + entity + pieces.middle + base64.encode(signature) + pieces.tail


@pytest.mark.parametrize("variant", ["mboxrd", "mboxo"])
def test_a_signature_over_text_that_an_mbox_quoted(tmp_path: Path, variant: str) -> None:
    message = _with_from_lines(b"Hello,\r\nFrom now on\r\nFrom Monday\r\n")
    (tmp_path / "x.eml").write_bytes(message)
    assert verify(tmp_path / "x.eml")[0].verdict == "valid"
    (record,) = verify(write_mbox(tmp_path / "inbox", [message], variant=variant))
    assert record.verdict == "valid"
    assert "from-line-unquoted" in record.findings


def test_quoted_text_that_was_signed_so(tmp_path: Path) -> None:
    """mboxo leaves ``>From `` as it is, so the message must be tried as it stands there first."""
    message = _with_from_lines(b">From the last mail\r\n")
    (record,) = verify(write_mbox(tmp_path / "inbox", [message], variant="mboxo"))
    assert record.verdict == "valid"
    assert "from-line-unquoted" not in record.findings


def test_undoing_the_quotes_makes_nothing_valid(tmp_path: Path) -> None:
    message = _with_from_lines(b"Hello,\r\nFrom now on\r\n").replace(b"Hello", b"Hallo")
    (record,) = verify(write_mbox(tmp_path / "inbox", [message]))
    assert record.verdict == "invalid"
    assert "from-line-unquoted" not in record.findings


# -- time and trust --


def test_at_a_fixed_time(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(world().messages["expired"])
    assert verify(tmp_path, at=datetime.fromisoformat(world().long_ago))[0].status == "signed"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (b"Received: from a by b;\r\n\t{then}\r\nReceived: from c by a; {now}\r\n", "Received"),
        (b"", "Date"),
        (b"Received: from a by b; yesterday\r\n", "Date"),
    ],
)
def test_at_the_time_that_the_header_claims(tmp_path: Path, fields: bytes, field: str) -> None:
    from email.utils import format_datetime

    then = format_datetime(datetime.fromisoformat(world().long_ago)).encode()
    now = format_datetime(datetime.now(timezone.utc)).encode()
    message = world().messages["expired"].replace(b"Mon, 01 Dec 2025 10:00:00 +0100", now if field == "Received" else then)
    (tmp_path / "x.eml").write_bytes(fields.replace(b"{then}", then).replace(b"{now}", now) + message)
    (record,) = verify(tmp_path, at="received")
    assert record.status == "signed"
    assert "time-from-header" in record.findings
    assert record.at is not None
    assert record.at == datetime.fromisoformat(world().long_ago).isoformat()
    assert verify(tmp_path)[0].verdict == "indeterminate"


def test_a_header_without_a_time_is_judged_now(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(world().messages["signed"].replace(b"Mon, 01 Dec 2025 10:00:00 +0100", b"some day"))
    (record,) = verify(tmp_path, at="received")
    assert record.status == "signed"
    assert record.date == "some day"
    assert "time-from-header" not in record.findings


@pytest.mark.parametrize("at", [datetime(2020, 1, 1), "yesterday"])
def test_times_that_are_none(tmp_path: Path, at: object) -> None:
    with pytest.raises(ValueError, match="at "):
        verify(tmp_path, at=at)


def test_old_algorithms_need_the_archive_policy(tmp_path: Path) -> None:
    from smime.cli.demo import historic

    people = world()
    outer = mail("bob@example.org", entity=b"").removesuffix(b"MIME-Version: 1.0\r\n")
    from smime.mime.writer import pkcs7_mime_header
    from smime.transforms import base64

    signed = historic.sign(ENTITY, people.bob.private_key, people.bob.certificate, people.bob.chain)
    (tmp_path / "1.eml").write_bytes(outer + pkcs7_mime_header("signed-data") + base64.encode(signed))
    encrypted = historic.encrypt(ENTITY, people.bob.certificate)
    (tmp_path / "2.eml").write_bytes(outer + pkcs7_mime_header("enveloped-data") + base64.encode(encrypted))
    first, second = verify(tmp_path)
    assert (first.verdict, second.decrypted) == ("indeterminate", False)
    first, second = verify(tmp_path, policy=policies.ARCHIVE)
    assert (first.verdict, second.decrypted) == ("valid", True)
    assert "weak-algorithm" in first.all_findings()
    assert "weak-encryption" in second.findings


def test_without_keys_nothing_is_decrypted_and_nothing_claimed(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(world().messages["signed-and-encrypted"])
    (record,) = verify(tmp_path, identities=())
    assert record.status == "encrypted"
    assert record.decrypted is None
    assert record.signers == ()


def test_the_signer_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(world().messages["signed"])
    (signer,) = verify(tmp_path)[0].signers
    assert signer.addresses == ("alice@example.org",)
    assert signer.verdict == "valid"
    assert signer.certificate is not None
    assert len(signer.certificate) == 64


def test_a_protected_attachment_is_no_protection(tmp_path: Path) -> None:
    part = world().messages["signed"].split(b"MIME-Version: 1.0\r\n", 1)[1]
    entity = b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nhello\r\n--x\r\n' + part + b"\r\n--x--\r\n"
    (tmp_path / "x.eml").write_bytes(mail(entity=entity))
    (record,) = verify(tmp_path)
    assert record.status == "unprotected"
    assert "errant-layer" in record.findings


def test_skipping(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "inbox", [world().messages["unprotected"]] * 3)
    first, second, third = verify(path)
    assert verify(path, skip={first.key, third.key}) == [second]


def test_a_missing_source_is_noticed_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archive.verify(tmp_path / "gone", world().trust)


def test_controls_in_headers_reach_no_record(tmp_path: Path) -> None:
    subject = b"Subject: =?utf-8?q?a=0D=0Ab=1B[2Jc=E2=80=A8d?=\r\n"
    (tmp_path / "x.eml").write_bytes(subject + b"From: a\r\n b\r\n\r\nhello")
    (record,) = verify(tmp_path)
    assert record.subject == "a b [2Jc d"
    assert record.from_ == "a b"


# -- scan and certificates --


@pytest.mark.parametrize("kind", KINDS)
def test_scan(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.eml").write_bytes(world().messages[kind])
    (record,) = archive.scan(tmp_path)
    assert record.status is None
    assert record.verdict is None
    if kind == "truncated":
        assert "truncated" in str(record.error)
    elif kind in {"signed-and-encrypted", "encrypted", "triple"}:
        opened = STATUSES[kind][2]
        closed = opened.index("application/pkcs7-mime; authEnveloped-data") + 1
        assert record.layers == opened[:closed]
    else:
        assert record.layers == STATUSES[kind][2]
    if kind.startswith("signed") and kind != "signed-and-encrypted":
        assert [signer.verdict for signer in record.signers] == [None]


def test_certificates(tmp_path: Path) -> None:
    names = ("signed", "expired", "signed-and-encrypted", "untrusted", "changed")
    path = write_mbox(tmp_path / "inbox", [world().messages[name] for name in names])
    found = list(archive.certificates(path))
    subjects = [certificate.summary.subject for certificate in found]
    assert len(subjects) == len({certificate.der for certificate in found})
    assert sum("CN=Alice" in subject for subject in subjects) == 2
    assert sum("CN=Frank" in subject for subject in subjects) == 1
    (tmp_path / "x.eml").write_bytes(world().messages["signed-and-encrypted"])
    assert not list(archive.certificates(tmp_path / "x.eml"))
    assert list(archive.certificates(tmp_path / "x.eml", identities=world().identity))


# -- copies --


def decrypt(source: Path, into: Path, **options: object) -> list[MessageRecord]:
    return list(archive.decrypt(source, world().identity, into, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("jobs", [1, 2])
def test_decrypting_an_mbox(tmp_path: Path, jobs: int) -> None:
    messages = [world().messages[kind] for kind in KINDS]
    path = write_mbox(tmp_path / "inbox", messages)
    decrypt(path, tmp_path / "out", jobs=jobs)
    copy = tmp_path / "out" / "inbox"
    after = dict(zip(KINDS, verify(copy, identities=()), strict=True))
    assert after["encrypted"].layers == ("text/plain",)
    assert after["signed-and-encrypted"].status == "signed"
    assert after["triple"].status == "signed"
    assert after["triple"].layers == ("multipart/signed", "text/plain")
    for kind in ("signed", "signed opaque", "changed", "expired", "for another", "unprotected"):
        assert seen(after[kind]) == STATUSES[kind]
    assert after["encrypted"].message_id == "<5@example.org>"
    assert b"\r" not in copy.read_bytes()


def test_decrypting_a_maildir_and_files(tmp_path: Path) -> None:
    root = write_maildir(tmp_path / "Maildir", [world().messages["encrypted"]] * 4)
    single = tmp_path / "one.eml"
    single.write_bytes(world().messages["encrypted"])
    list(archive.decrypt([root, single], world().identity, tmp_path / "out"))
    copy = verify(tmp_path / "out" / "Maildir", identities=())
    assert len(copy) == 4
    assert (tmp_path / "out" / "Maildir" / "tmp").is_dir()
    assert (tmp_path / "out" / "one.eml").read_bytes() == mail(number=5)


def test_decrypted_text_is_quoted_in_the_mbox(tmp_path: Path) -> None:
    text = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\n\r\nFrom here\r\n>From there\r\n"
    protected = world().encrypted(mail(entity=text))
    decrypt(write_mbox(tmp_path / "inbox", [protected, world().messages["signed"]]), tmp_path / "out")
    octets = (tmp_path / "out" / "inbox").read_bytes()
    assert b"\n>From here\n>>From there\n" in octets
    assert len(verify(tmp_path / "out" / "inbox")) == 2


def test_messages_of_others_are_copied_octet_for_octet(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "inbox", [world().messages[kind] for kind in ("unprotected", "for another", "changed", "truncated")])
    decrypt(path, tmp_path / "out")
    assert (tmp_path / "out" / "inbox").read_bytes() == path.read_bytes()


def test_stripping(tmp_path: Path) -> None:
    people = world()
    path = write_mbox(tmp_path / "inbox", [people.messages[kind] for kind in KINDS])
    records = list(archive.strip(path, tmp_path / "out", identities=people.identity, trust=people.trust))
    assert [seen(record) for record in records] == [STATUSES[kind] for kind in KINDS]
    after = dict(zip(KINDS, verify(tmp_path / "out" / "inbox", identities=()), strict=True))
    for kind, record in after.items():
        if kind not in {"for another", "truncated"}:
            assert record.layers == ("text/plain",), kind
    assert b"7:42" in (tmp_path / "out" / "inbox").read_bytes()


def test_a_copy_never_replaces_its_archive(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "inbox", [world().messages["encrypted"]])
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="the archive itself"):
        decrypt(path, tmp_path)
    assert path.read_bytes() == before
    (tmp_path / "box").mkdir()
    with pytest.raises(ValueError, match="inside"):
        decrypt(tmp_path / "box", tmp_path / "box" / "out")


def test_a_copy_that_is_not_read_to_its_end_leaves_no_half_mbox(tmp_path: Path) -> None:
    path = write_mbox(tmp_path / "inbox", [world().messages["encrypted"]] * 5)
    records = archive.decrypt(path, world().identity, tmp_path / "out")
    next(iter(records))
    records.close()  # type: ignore[attr-defined]
    assert not list((tmp_path / "out").iterdir())


def test_a_remembered_verdict_names_the_time_of_each_message(tmp_path: Path) -> None:
    from datetime import timedelta
    from email.utils import format_datetime

    now = world().pki.now
    for number in range(2):
        date = format_datetime(now - timedelta(days=10 * number)).encode()
        message = world().messages["expired"].replace(b"Mon, 01 Dec 2025 10:00:00 +0100", date)
        (tmp_path / f"{number}.eml").write_bytes(message)
    first, second = verify(tmp_path, at="received")
    for record in (first, second):
        assert record.at is not None
        assert record.at in str(record.reason)
    assert first.at != second.at


@given(st.data())
def test_no_message_is_a_fault_of_the_library(data: st.DataObject) -> None:
    """Whatever octets stand there: a record, and never an internal error."""
    from smime.archive.sources import Span
    from smime.archive.tasks import Decrypt, Harvest, Scan, Strip

    message = bytearray(world().messages[data.draw(st.sampled_from([kind for kind in KINDS if kind != "truncated"]))])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(message) - 1))
        if data.draw(st.booleans()):
            message[at] = data.draw(st.integers(0, 255))
        else:
            del message[at : at + data.draw(st.integers(1, 200))]
            message += b"\n"
    span = Span("x", 0, None, "x", 0, len(message))
    settings = (world().trust, (world().identity,), world().pki.now, policies.ARCHIVE)
    for task in (Decrypt(*settings), Strip(*settings), Harvest(*settings), Scan(policies.ARCHIVE)):
        record = task.prepare()(span, bytes(message)).record
        assert record.status in {None, "unprotected", "signed", "encrypted", "signed-and-encrypted"}
