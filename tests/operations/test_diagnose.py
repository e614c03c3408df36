"""What breaks signatures in transit is found by undoing it."""

from __future__ import annotations

import re

import pytest

import smime
from smime.pki.throwaway import ThrowawayPKI

HEAD = b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"
BODY = (
    b"Content-Type: text/plain; charset=us-ascii;\r\n format=flowed\r\nX-Origin: desk\r\n\r\n"
    b"Hello Bob,\r\n\r\nthis is a text of some lines.\r\n.hidden\r\nNot a From line.\r\n\r\nBye\r\n\r\n"
)


@pytest.fixture(scope="module")
def alice() -> smime.Signer:
    person = ThrowawayPKI().person("Alice", "alice@example.org", key="p256")
    return smime.Signer(person.private_key, person.certificate, person.chain)


def signed_exactly(part: bytes, signer: smime.Signer) -> bytes:
    """Return a multipart/signed whose first part has just these octets, whatever a careful writer would have changed in them."""
    signature = smime.sign(part, signer, encoding="pem").split(b"\r\n", 1)[1].rsplit(b"-----END", 1)[0]
    return (
        HEAD + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b1"\r\n\r\n'
        b"--b1\r\n"
        + part
        + b"\r\n--b1\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + signature
        + b"--b1--\r\n"
    )


def change(message: bytes, old: bytes, new: bytes) -> bytes:
    assert message.count(old) == 1
    return message.replace(old, new)


def test_an_intact_message_has_no_causes(alice: smime.Signer) -> None:
    diagnosis = smime.diagnose(signed_exactly(BODY, alice))
    assert diagnosis.intact
    assert diagnosis.causes == ()


def test_line_ends_alone_do_not_break_it(alice: smime.Signer) -> None:
    assert smime.diagnose(signed_exactly(BODY, alice).replace(b"\r\n", b"\n")).intact


CASES = {
    "trailing-blanks-added": lambda m: change(m, b"some lines.\r\n", b"some lines.  \r\n"),
    "empty-lines-removed": lambda m: change(m, b"Bye\r\n\r\n\r\n--b1", b"Bye\r\n\r\n--b1"),
    "empty-lines-added": lambda m: change(m, b"Bye\r\n", b"Bye\r\n\r\n"),
    "dot-stuffing": lambda m: change(m, b"\r\n.hidden", b"\r\n..hidden"),
    "dot-unstuffing": lambda m: change(m, b"\r\n.hidden", b"\r\nhidden"),
    "header-field-added": lambda m: change(m, b"X-Origin: desk\r\n", b"X-Origin: desk\r\nX-Spam: no\r\n"),
    "header-folding": lambda m: change(m, b"us-ascii;\r\n format", b"us-ascii; format"),
    "footer-added": lambda m: change(m, b"Bye\r\n\r\n", b"Bye\r\n\r\n____\r\nThe list\r\nhttps://list.example\r\n"),
    "header-text-added": lambda m: change(m, b"Hello Bob", b"CAUTION: this mail is from outside\r\n\r\nHello Bob"),
}


@pytest.mark.parametrize("code", CASES)
def test_what_was_done_is_named(code: str, alice: smime.Signer) -> None:
    message = CASES[code](signed_exactly(BODY, alice))
    diagnosis = smime.diagnose(message)
    assert not diagnosis.intact
    assert code in [cause.code for cause in diagnosis.causes]
    assert diagnosis.signed == BODY


def test_from_quoting(alice: smime.Signer) -> None:
    part = BODY.replace(b"Not a From line", b"From here on")
    diagnosis = smime.diagnose(change(signed_exactly(part, alice), b"\r\nFrom here", b"\r\n>From here"))
    assert [cause.code for cause in diagnosis.causes] == ["from-quoting"]
    assert diagnosis.signed == part


def test_signature_separator(alice: smime.Signer) -> None:
    part = BODY + b"-- \r\nAlice\r\n"
    diagnosis = smime.diagnose(change(signed_exactly(part, alice), b"-- \r\nAlice", b"--\r\nAlice"))
    assert [cause.code for cause in diagnosis.causes] == ["signature-separator"]


def test_conversion_to_quoted_printable(alice: smime.Signer) -> None:
    part = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe = alles\r\n"
    message = change(
        signed_exactly(part, alice), b"Encoding: 8bit", b"Encoding: quoted-printable\r\nX-MIME-Autoconverted: from 8bit to quoted-printable"
    )
    message = change(message, b"Gr\xc3\xbc\xc3\x9fe = alles", b"Gr=C3=BC=C3=9Fe =3D alles")
    diagnosis = smime.diagnose(message)
    assert [cause.code for cause in diagnosis.causes] == ["transfer-encoding-8bit"]
    assert diagnosis.signed == part


def test_a_message_wrapped_by_a_list(alice: smime.Signer) -> None:
    inner = signed_exactly(BODY, alice)[len(HEAD) :]
    message = (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="list"\r\n\r\n--list\r\n'
        + inner
        + b"\r\n--list\r\n\r\nlist footer\r\n--list--\r\n"
    )
    diagnosis = smime.diagnose(message)
    assert [cause.code for cause in diagnosis.causes] == ["wrapped"]
    assert diagnosis.signed == BODY


def test_two_changes(alice: smime.Signer) -> None:
    message = change(signed_exactly(BODY, alice), b"\r\n.hidden", b"\r\n..hidden")
    message = change(message, b"some lines.\r\n", b"some lines.\t\r\n")
    diagnosis = smime.diagnose(message)
    assert {cause.code for cause in diagnosis.causes} == {"dot-stuffing", "trailing-blanks-added"}
    assert diagnosis.signed == BODY


def test_other_content_stays_unexplained(alice: smime.Signer) -> None:
    diagnosis = smime.diagnose(change(signed_exactly(BODY, alice), b"Hello Bob", b"Hello Rob"))
    assert not diagnosis.explained
    assert diagnosis.to_dict() == {"intact": False, "explained": False, "causes": []}


def test_unsigned_mail_is_refused() -> None:
    with pytest.raises(smime.NotProtected):
        smime.diagnose(HEAD + b"\r\nhello\r\n")


def test_every_cause_reads_as_a_sentence() -> None:
    from smime.operations.diagnose import _CAUSES

    for cause in _CAUSES.values():
        assert re.fullmatch(r"[A-Z].*\.", cause.sentence)
        assert re.fullmatch(r"[A-Z].*\.", cause.advice)


PARTS = b'Content-Type: multipart/mixed; boundary="inner"\r\n\r\n--inner\r\n\r\none\r\n--inner\r\n\r\ntwo\r\n--inner--\r\n'


def test_quotes_around_a_parameter(alice: smime.Signer) -> None:
    diagnosis = smime.diagnose(change(signed_exactly(PARTS, alice), b'boundary="inner"', b"boundary=inner"))
    assert [cause.code for cause in diagnosis.causes] == ["parameter-quoting"]
    assert diagnosis.signed == PARTS


@pytest.mark.parametrize("header", [True, False])
def test_a_boundary_changed_in_one_place(header: bool, alice: smime.Signer) -> None:
    message = signed_exactly(PARTS, alice)
    message = change(message, b'boundary="inner"', b'boundary="other"') if header else message.replace(b"--inner", b"--other")
    diagnosis = smime.diagnose(message)
    assert [cause.code for cause in diagnosis.causes] == ["boundary-changed"]
    assert diagnosis.signed == PARTS


NESTED = (
    b'Content-Type: multipart/mixed; boundary="inner"\r\n\r\n--inner\r\n'
    b"Content-Type: multipart/alternative;\r\n boundary=deep\r\n\r\n--deep\r\n\r\none\r\n--deep\r\n\r\ntwo\r\n--deep--\r\n"
    b"\r\n--inner--\r\n"
)


@pytest.mark.parametrize("name", [b"inner", b"deep"])
@pytest.mark.parametrize("left", [b"\r\n--%b--", b"\r\n--%b\r\n"])
def test_a_boundary_replaced_but_in_one_kind_of_delimiter(name: bytes, left: bytes, alice: smime.Signer) -> None:
    """What was left behind says what the boundary was, in the outermost multipart and in those within."""
    kept = left.replace(b"%b", name)
    part = NESTED.replace(kept, b"@").replace(name, b"relay-1").replace(b"@", kept)
    message = change(signed_exactly(NESTED, alice), NESTED, part)
    diagnosis = smime.diagnose(message)
    assert [cause.code for cause in diagnosis.causes] == ["boundary-changed"]
    assert diagnosis.signed == NESTED


def test_a_boundary_replaced_without_a_trace_stays_unexplained(alice: smime.Signer) -> None:
    message = change(signed_exactly(NESTED, alice), NESTED, NESTED.replace(b"inner", b"relay-1"))
    assert not smime.diagnose(message).explained


def test_the_boundary_of_the_multipart_signed_is_not_signed(alice: smime.Signer) -> None:
    message = signed_exactly(NESTED, alice).replace(b"--b1", b"--relay").replace(b'boundary="b1"', b"boundary=relay")
    assert smime.diagnose(message).intact
