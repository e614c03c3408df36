"""What is learned of correspondents, from whom, and what never is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.builder import Signature, SignedData, opaque

import smime
from smime.archive import Change, CorrespondentStore, Lesson, lessons
from smime.cms import attributes as attrs
from smime.cms.capabilities import DEFAULT_CAPABILITIES
from smime.cms.identifiers import SubjectKeyIdentifier
from smime.errors import ParseError
from smime.pki.throwaway import Person, ThrowawayPKI, smtp_utf8_mailbox
from smime.x509.certificate import Certificate

NOW = datetime.now(timezone.utc).replace(microsecond=0)
PKI = ThrowawayPKI("Correspondents", now=NOW)
TRUST = smime.TrustStore(PKI.anchors)
BOTH = ("digital_signature", "key_encipherment")
ALICE = PKI.person("Alice", "alice@example.org", "rsa2048", usage=BOTH)
NEWER = PKI.person("Alice", "Alice@EXAMPLE.org", "rsa2048", usage=BOTH)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CorrespondentStore]:
    with CorrespondentStore(tmp_path / "people.sqlite") as opened:
        yield opened


def message(who: Person = ALICE, time: datetime | None = NOW - HOUR, *, sender: str = "alice@example.org", **options: Any) -> bytes:
    mail = f"From: {sender}\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nHello\r\n".encode()
    machine = smime.MessageSigner(smime.Signer(who.private_key, who.certificate, who.chain), signing_time=time, **options)
    return machine.update(mail) + machine.finalize()


def told(octets: bytes, trust: smime.TrustStore = TRUST, **options: Any) -> smime.UnwrappedMessage:
    return smime.unwrap(octets, trust=trust, **options)


def print_of(who: Person) -> str:
    return Certificate.of_any(who.certificate).sha256


def test_learning_and_using(store: CorrespondentStore) -> None:
    assert store.learn(told(message())) == [Change("alice@example.org", "new", None, print_of(ALICE), NOW - HOUR)]
    assert store.learn(told(message())) == []
    assert len(store) == 1
    assert "Alice@Example.ORG" in store
    assert "bob@example.org" not in store
    assert "nobody" not in store
    recipient = store.recipient("ALICE@example.org")
    assert recipient.capabilities is not None
    assert len(recipient.capabilities) == len(DEFAULT_CAPABILITIES)
    encrypted = smime.encrypt(b"Content-Type: text/plain\r\n\r\nsecret\r\n", recipient)
    assert smime.decrypt(encrypted, smime.Identity(ALICE.private_key, ALICE.certificate)).content.endswith(b"secret\r\n")
    (one,) = store
    assert one.time == NOW - HOUR
    assert store.certificates() == [one.certificate]
    assert store.forget("alice@example.org")
    assert not store.forget("alice@example.org")
    with pytest.raises(KeyError):
        store.recipient("alice@example.org")


def test_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "people"
    with CorrespondentStore(path) as one, CorrespondentStore(str(path)) as other:
        one.learn(told(message()))
        assert other.recipient("alice@example.org").facts.sha256 == print_of(ALICE)
    with CorrespondentStore(path) as again:
        assert len(again) == 1


def test_the_later_signature_counts(store: CorrespondentStore) -> None:
    store.learn(told(message(ALICE, NOW - 2 * HOUR)))
    assert store.learn(told(message(NEWER, NOW - 3 * HOUR))) == []
    assert store.learn(told(message(NEWER, NOW - 2 * HOUR))) == [], "no later"
    (change,) = store.learn(told(message(NEWER, NOW - HOUR)))
    assert change.what == "certificate"
    assert (change.old, change.new) == (print_of(ALICE), print_of(NEWER))
    assert "changed" in str(change)
    assert store.recipient("alice@example.org").facts.sha256 == print_of(NEWER)


@pytest.mark.parametrize(
    "time", [NOW + timedelta(days=3), NOW + timedelta(days=3650), NOW - timedelta(days=300)], ids=["soon", "far away", "before"]
)
def test_times_that_are_not_believed(store: CorrespondentStore, time: datetime) -> None:
    """A signature of the far future would never be outdone (RFC 8551 section 2.7.1)."""
    octets = message(NEWER, time)
    assert told(octets).verdict is smime.Verdict.VALID
    (change,) = store.learn(told(octets))
    assert change.what == "refused"
    assert "claims" in change.reason
    assert "alice@example.org" not in store
    store.learn(told(message(ALICE)))
    assert store.learn(told(octets))[0].old == print_of(ALICE)
    assert store.recipient("alice@example.org").facts.sha256 == print_of(ALICE)


def test_other_capabilities_are_told(store: CorrespondentStore) -> None:
    (first,) = lessons(told(message()))
    store.learn(first)
    later = Lesson(first.addresses, first.certificate, first.signer, ("aes-128-cbc",), NOW)
    (change,) = store.learn([later])
    assert change.what == "capabilities"
    assert store.recipient("alice@example.org").capabilities == {"aes-128-cbc"}


def test_what_teaches_nothing(store: CorrespondentStore) -> None:
    mallory = PKI.person("Mallory", "mallory@example.org", "rsa2048", usage=BOTH)
    stranger = ThrowawayPKI("Strangers").person("Alice", "alice@example.org", "rsa2048", usage=BOTH)
    wrong = {
        "changed": message().replace(b"Hello", b"Hallo"),
        "unsigned": b"From: alice@example.org\r\n\r\nHello\r\n",
        "for another": message(mallory),
        "untrusted": message(stranger),
        "certificates only": smime.certificates_only([ALICE.certificate]),
        "signs only": message(PKI.person("Alice", "alice@example.org", "ed25519")),
        "a part": b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n' + message() + b"\r\n--x--\r\n",
    }
    for what, octets in wrong.items():
        assert store.learn(told(octets)) == [], what
    assert store.learn(told(message(), trust=smime.TrustStore([]))) == []
    assert len(store) == 0


def test_a_signature_inside_of_an_encryption(store: CorrespondentStore) -> None:
    bob = PKI.person("Bob", "bob@example.org", "rsa2048", usage=BOTH)
    octets = smime.encrypt(message(), bob.certificate)
    assert store.learn(told(octets, identities=[smime.Identity(bob.private_key, bob.certificate)]))
    assert "alice@example.org" in store


def test_each_signer_of_several(store: CorrespondentStore) -> None:
    bob = PKI.person("Bob", "bob@example.org", "rsa2048", usage=BOTH)
    both = [smime.Signer(who.private_key, who.certificate, who.chain) for who in (ALICE, bob)]
    octets = smime.sign(b"x", both, detached=False, encoding="der")
    report = smime.verify(octets, TRUST, policy=smime.policies.RFC8551.replace(check_sender=False)).report
    assert sorted(change.address for change in store.learn(report)) == ["alice@example.org", "bob@example.org"]
    assert store.learn(report.signers[0]) == []


def test_every_address_of_a_certificate(store: CorrespondentStore) -> None:
    names: list[Any] = ["Eve.One@Example.org", smtp_utf8_mailbox("\u00fcbung@example.org"), '"two words"@example.org']
    eve = PKI.person("Eve", None, "rsa2048", usage=BOTH, addresses=names)
    assert len(store.learn(told(message(eve, sender="eve.one@example.org")))) == 3
    assert store.recipient("eve.ONE@example.org").certificate == store.recipient("\u00fcbung@EXAMPLE.org").certificate
    assert store.recipient('"two words"@example.org')
    assert "\u00dcbung@example.org" not in store, "only ASCII is compared without regard to case"


def test_no_signing_time(store: CorrespondentStore) -> None:
    """What has no time is better than nothing, and outdone by anything that has one."""
    (lesson,) = lessons(told(message()))
    timeless = Lesson(lesson.addresses, Certificate.of_any(NEWER.certificate).der, lesson.signer, (), None)
    assert store.learn(timeless)[0].what == "new"
    assert store.recipient("alice@example.org").capabilities is None
    assert store.learn(lesson)[0].what == "certificate"
    assert store.learn(timeless) == []


def test_an_expired_certificate_is_no_recipient(store: CorrespondentStore) -> None:
    old = PKI.person("Old", "old@example.org", "rsa2048", usage=BOTH, expired=True)
    then = NOW - timedelta(days=500)
    assert store.learn(told(message(old, then, sender="old@example.org"), at=then + HOUR))
    with pytest.raises(smime.PolicyError, match="not valid"):
        store.recipient("old@example.org")
    assert store.recipient("old@example.org", at=then)


def test_a_preferred_certificate_is_judged() -> None:
    """That of another key of hers, by the anchors; the operation's tests say what is refused."""
    signing = PKI.person("Alice", "alice@example.org", "p256")
    other = PKI.person("Alice", "alice@example.org", "x25519", issuer=PKI.authority("Encryption CA", issuer=PKI.root))
    preferred = Certificate.of_any(other.certificate)
    attribute = attrs.encryption_key_preference(SubjectKeyIdentifier(preferred.ski or b""))
    one = Signature(who=signing, attributes=lambda found: [*found, attribute])
    certificates = [Certificate.of_any(c).der for c in (signing.certificate, *signing.chain, other.certificate, *other.chain)]
    octets = opaque(SignedData([one], one.content, certificates=certificates).der())
    assert lessons(told(octets))[0].certificate == Certificate.of_any(signing.certificate).der
    assert lessons(told(octets), trust=TRUST)[0].certificate == preferred.der


def test_lessons_travel() -> None:
    (lesson,) = lessons(told(message()))
    assert Lesson.decode(lesson.encode()) == lesson


@pytest.mark.parametrize("address", ["", "x", "a@example.org, b@example.org", "\0@x"])
def test_what_is_no_address(store: CorrespondentStore, address: str) -> None:
    with pytest.raises(ValueError, match="not one mail address"):
        store.recipient(address)


def test_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is not a database, " * 100)
    with pytest.raises(ParseError):
        CorrespondentStore(tmp_path / "text")
    with pytest.raises(OSError, match="unable"):
        CorrespondentStore(tmp_path / "nowhere" / "people")
    with sqlite3.connect(tmp_path / "future") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ParseError, match="99"):
        CorrespondentStore(tmp_path / "future")


def test_a_damaged_row(store: CorrespondentStore, tmp_path: Path) -> None:
    store.learn(told(message()))
    with sqlite3.connect(tmp_path / "people.sqlite") as db:
        db.execute("UPDATE correspondents SET certificate = x'00'")
    db.close()
    with pytest.raises(ParseError, match="damaged"):
        store.recipient("alice@example.org")


def test_nothing_is_half_learned(store: CorrespondentStore) -> None:
    (lesson,) = lessons(told(message()))
    broken = Lesson(("bob@example.org",), b"\x30\x00", lesson.signer, (), None)
    with pytest.raises(ParseError):
        store.learn([lesson, broken])
    assert len(store) == 0
    assert store.learn(lesson)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_whole_archive(store: CorrespondentStore, tmp_path: Path, jobs: int) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    mails = [
        message(NEWER, NOW - HOUR),
        message(ALICE, NOW - 2 * HOUR),
        message().replace(b"Hello", b"Hallo"),
        b"From: x\r\n\r\ny\r\n",
        b"",
    ]
    for number, octets in enumerate(mails):
        (folder / f"{number}.eml").write_bytes(octets)
    told_ = list(smime.archive.learn(folder, TRUST, store, jobs=jobs))
    assert [len(changes) for _, changes in told_] == [1, 0, 0, 0, 0]
    assert [record.verdict for record, _ in told_][:3] == ["valid", "valid", "invalid"]
    assert store.recipient("alice@example.org").facts.sha256 == print_of(NEWER)
