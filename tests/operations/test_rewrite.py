"""Signers, countersignatures and certificates are added, and all other octets stay as they are."""

from __future__ import annotations

import pytest

import smime
from smime.pki.throwaway import ThrowawayPKI

MAIL = b"From: alice@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
ANYBODY = smime.policies.RFC8551.replace(check_sender=False)
PKI = ThrowawayPKI()
ALICE = PKI.person("Alice", "alice@example.org", key="p256")
BOB = PKI.person("Bob", "bob@example.org", key="rsa2048")
TRUST = smime.TrustStore([PKI.root.certificate])


def signer(person: object) -> smime.Signer:
    return smime.Signer(person.private_key, person.certificate, person.chain)  # type: ignore[attr-defined]


FORMS = {
    "multipart/signed": (lambda: smime.sign(MAIL, signer(ALICE)), None),
    "opaque": (lambda: smime.sign(MAIL, signer(ALICE), detached=False), None),
    "der": (lambda: smime.sign(b"octets", signer(ALICE), detached=False, encoding="der"), None),
    "pem": (lambda: smime.sign(b"octets", signer(ALICE), detached=False, encoding="pem"), None),
    "der detached": (lambda: smime.sign(b"octets", signer(ALICE), encoding="der"), b"octets"),
    "with LF": (lambda: smime.sign(MAIL, signer(ALICE)).replace(b"\r\n", b"\n"), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_further_signer(form: str) -> None:
    make, content = FORMS[form]
    both = smime.add_signer(make(), signer(BOB), content=content)
    report = smime.verify(both, TRUST, content=content, policy=ANYBODY).report
    assert [one.addresses for one in report.signers] in (
        [("alice@example.org",), ("bob@example.org",)],
        [("bob@example.org",), ("alice@example.org",)],
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_countersignature(form: str) -> None:
    make, content = FORMS[form]
    twice = smime.countersign(make(), signer(BOB), TRUST, content=content)
    (alice,) = smime.verify(twice, TRUST, content=content, policy=ANYBODY).report.signers
    (bob,) = alice.countersigners
    assert alice.verdict is smime.Verdict.VALID
    assert bob.signature_valid
    assert bob.digest_matches
    assert bob.trusted
    assert bob.addresses == ("bob@example.org",)


@pytest.mark.parametrize("form", FORMS)
def test_further_certificates(form: str) -> None:
    make, content = FORMS[form]
    message = make()
    more = smime.add_certificates(message, [BOB.certificate])
    assert len(smime.verify(more, TRUST, content=content, policy=ANYBODY).report.certificates) == 1 + len(
        smime.verify(message, TRUST, content=content, policy=ANYBODY).report.certificates
    )
    assert smime.add_certificates(more, [BOB.certificate]) == more


def test_what_is_not_valid_is_not_countersigned() -> None:
    with pytest.raises(smime.VerificationError):
        smime.countersign(smime.sign(MAIL, signer(ALICE)).replace(b"Hello", b"Hallo"), signer(BOB), TRUST)


def test_a_countersignature_over_another_signature_is_noticed() -> None:
    one = smime.countersign(smime.sign(b"octets", signer(ALICE), detached=False, encoding="der"), signer(BOB), TRUST)
    (info,) = smime.verify(one, TRUST, policy=ANYBODY).report.signers
    broken = bytearray(one)
    at = one.rindex(bytes.fromhex("06092a864886f70d010904"))  # the messageDigest of the countersignature, the last in the message
    broken[at + 20] ^= 1
    (report,) = smime.verify(bytes(broken), TRUST, policy=ANYBODY).report.signers
    assert info.countersigners[0].verdict is smime.Verdict.VALID
    assert report.verdict is smime.Verdict.VALID
    assert report.countersigners[0].verdict is smime.Verdict.INVALID
    assert "countersignature-invalid" in [f.code for f in report.findings]


def test_unsigned_mail_gets_no_signer() -> None:
    with pytest.raises(smime.NotProtected):
        smime.add_signer(MAIL, signer(BOB))


def test_the_content_must_be_given() -> None:
    with pytest.raises(ValueError, match="content"):
        smime.add_signer(smime.sign(b"octets", signer(ALICE), encoding="der"), signer(BOB))
