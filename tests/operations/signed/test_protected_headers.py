"""From inside of a signed entity is told where it is not From outside (RFC 9788 section 4.4)."""

from __future__ import annotations

import pytest
from tests.hostile.builder import HEADER, Signature, SignedData, detached, person, signed, trust

import smime
from smime.errors import VerificationError
from smime.limits import Limits
from smime.operations.reading.sender import Sender
from smime.operations.signed.protected_headers import InnerAuthor
from smime.operations.verify import MessageVerifier
from smime.report import VerificationReport

TEXT = b"Content-Type: text/plain\r\n\r\nHello\r\n"
CODES = {"inner-from-differs", "inner-from-is-not-signer"}


def report_of(message: bytes, **options: object) -> VerificationReport:
    try:
        return smime.verify(message, trust(), **options).report  # type: ignore[arg-type] # as the caller has it
    except VerificationError as error:
        return error.report


def told(message: bytes, **options: object) -> dict[str, object] | None:
    found = [f for f in report_of(message, **options).findings if f.code in CODES]
    assert len(found) <= 1
    return {"code": found[0].code, **found[0].data} if found else None


@pytest.mark.parametrize("make", [detached, signed])
@pytest.mark.parametrize(
    "inner",
    [
        b"",
        b"From: alice@example.org\r\n",
        b"From: Somebody <ALICE@EXAMPLE.ORG>\r\n",
        b"Subject: x\r\nFROM:\r\n alice@example.org (x)\r\n",
        b"Reply-To: bob@example.org\r\n",
        b"From:\r\n",
    ],
)
def test_the_same_author_or_none(make: object, inner: bytes) -> None:
    assert told(make(inner + TEXT)) is None  # type: ignore[operator] # one of two functions


@pytest.mark.parametrize("make", [detached, signed])
@pytest.mark.parametrize(
    "entity",
    [
        b"From: Bob <bob@example.org>\r\n" + TEXT,
        b"Content-Type: message/rfc822\r\n\r\nfrom: bob@example.org\r\n" + TEXT,
        b"Content-Type: message/global\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nFrom: bob=40example.org\r\n" + TEXT,
    ],
)
def test_another_author(make: object, entity: bytes) -> None:
    message = make(entity)  # type: ignore[operator] # one of two functions
    expected = {"code": "inner-from-differs", "inner": "bob@example.org", "outer": "alice@example.org"}
    assert told(message) == expected
    machine = MessageVerifier(trust())
    for octet in message:
        machine.update(bytes((octet,)))
    assert [{"code": f.code, **f.data} for f in machine.finalize().report.findings if f.code in CODES] == [expected]
    layer = smime.unwrap(message, trust=trust()).layers[0].report
    assert isinstance(layer, VerificationReport)
    assert [f.code for f in layer.findings if f.code in CODES] == ["inner-from-differs"]


def test_a_message_within_a_message_keeps_its_author() -> None:
    within = b"Content-Type: message/rfc822\r\n\r\nFrom: bob@example.org\r\n" + TEXT
    assert told(signed(b"Content-Type: message/rfc822\r\n\r\nFrom: alice@example.org\r\n" + within)) is None
    assert told(signed(b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n--m\r\n' + within + b"--m--\r\n")) is None


def test_sender_given_by_the_caller() -> None:
    message = signed(b"From: bob@example.org\r\n" + TEXT)
    assert told(message, sender=["alice@example.org", "bob@example.org"]) is None
    expected = {"code": "inner-from-differs", "inner": "bob@example.org", "outer": "alice@example.org"}
    assert told(message, sender="alice@example.org") == expected


def test_bare_object() -> None:
    def bare(author: bytes) -> bytes:
        entity = b"From: " + author + b"\r\n" + TEXT
        return SignedData([Signature(content=entity), Signature(who=person("bob"), content=entity)], entity).der()

    assert told(bare(b"alice@example.org")) is None
    assert told(bare(b"Bob <bob@example.org>")) is None
    signers = "alice@example.org, bob@example.org"
    found = told(bare(b"mallory@example.org"))
    assert found is not None
    assert (found["code"], found["inner"]) == ("inner-from-is-not-signer", "mallory@example.org")
    assert sorted(str(found["signer"]).split(", ")) == signers.split(", ")


def test_no_outer_author() -> None:
    message = signed(b"From: bob@example.org\r\n" + TEXT, header=HEADER.replace(b"From", b"X-From"))
    assert told(message) is None  # that nobody is named outside is a finding of its own


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_content_that_is_no_mime(size: int) -> None:
    octets = bytes(range(256)) * 20
    author = InnerAuthor(Limits(header_size=1000))
    for start in range(0, len(octets), size):
        author.update(octets[start : start + size])
    assert author.finding_against(Sender([b"alice@example.org"]), ()) is None
