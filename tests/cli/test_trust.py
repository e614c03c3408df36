"""Whom the command line believes, and what it learns."""

from __future__ import annotations

import json
from base64 import encodebytes
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.archive.world import mail, world
from tests.cli.conftest import Shell
from tests.hostile.builder import opaque
from tests.operations.signed.test_timestamps import ALICE, CLOCKS, LATER, NOW, PKI, signature_of, signed, stamped, token
from tests.pki.test_online import points

import smime as library
from smime.asn1 import writer
from smime.pki.throwaway import Person, ThrowawayPKI

REJECTS_MAIL = writer.sequence(writer.tlv(0xA0, writer.oid("1.3.6.1.5.5.7.3.4")))


def test_anchors_that_are_not_for_mail(smime: Shell) -> None:
    """OpenSSL's trusted form says so behind the certificate."""
    octets = world().pki.root.certificate.public_bytes(Encoding.DER) + REJECTS_MAIL
    Path("rejects.pem").write_bytes(b"-----BEGIN TRUSTED CERTIFICATE-----\n" + encodebytes(octets) + b"-----END TRUSTED CERTIFICATE-----\n")
    assert "may be trusted for mail" in smime.fails(3, "verify", "--trust", "rejects.pem", smime.file("signed.eml"))
    Path("other.pem").write_bytes(ThrowawayPKI("Other").root.certificate.public_bytes(Encoding.PEM))
    done = smime("verify", "--trust", "rejects.pem", "--trust", "other.pem", smime.file("signed.eml"))
    assert done.code == 1
    assert "INDETERMINATE" in done.stderr


def test_timestamps(smime: Shell) -> None:
    bare = signed()
    Path("stamped.p7m").write_bytes(stamped(token(signature_of(bare)), cms=bare))
    for name, pki in (("mail.pem", PKI), ("clocks.pem", CLOCKS)):
        Path(name).write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    arguments = ("verify", "--trust", "mail.pem", "--sender", "alice@example.org", "--at", LATER.isoformat())
    assert smime(*arguments, "stamped.p7m").code == 1
    done = smime(*arguments, "--tsa", "clocks.pem", "stamped.p7m")
    assert done.code == 0
    assert "timestamp" in done.stderr
    assert "trusted" in done.stderr
    done = smime("unwrap", "--trust", "mail.pem", "--tsa", "clocks.pem", "--at", LATER.isoformat(), "stamped.p7m")
    assert done.code == 0
    assert "VALID" in done.stderr
    Path("archive").mkdir()
    Path("archive/1.eml").write_bytes(b"From: alice@example.org\r\n" + opaque(Path("stamped.p7m").read_bytes(), header=b""))
    arguments = ("archive", "verify", "--trust", "mail.pem", "--at", LATER.isoformat(), "--jobs", "1", "archive")
    assert json.loads(smime(*arguments).text)["verdict"] == "indeterminate"
    record = json.loads(smime(*arguments, "--tsa", "clocks.pem").text)
    assert record["verdict"] == "valid"
    assert "valid-at-timestamp" in record["signers"][0]["findings"]
    assert "need --trust" in smime.fails(2, "unwrap", "--tsa", "clocks.pem", "stamped.p7m")
    assert ALICE.certificate.not_valid_after_utc < LATER


def test_fetching_goes_nowhere_near_home(smime: Shell) -> None:
    pki = world().pki
    who = pki.person("Pointed", "alice@example.org", "p256", issuer=pki.root, extensions=[points("http://127.0.0.1/admin")])
    Path("mail.eml").write_bytes(library.sign(mail(), library.Signer(who.private_key, who.certificate)))
    done = smime("verify", "--trust", smime.file("root.pem"), "--fetch", "mail.eml")
    assert done.code == 0
    assert "not on the public Internet" in done.stderr
    assert "Internet" not in smime("verify", "--trust", smime.file("root.pem"), "mail.eml").stderr
    done = smime("verify", "--trust", smime.file("root.pem"), "--fetch", "--require-revocation", "mail.eml")
    assert done.code == 1


@pytest.fixture
def archive(smime: Shell) -> Person:
    """Make an archive in which somebody changes her certificate, and somebody else claims to be her."""
    pki = world().pki
    old, new = (pki.person("Carol", "carol@example.org", "rsa2048", usage=("digital_signature", "key_encipherment")) for _ in "12")
    stranger = ThrowawayPKI("Strangers").person("Carol", "carol@example.org", "rsa2048")
    Path("archive").mkdir()
    for number, who in enumerate((old, new, stranger)):
        machine = library.MessageSigner(
            library.Signer(who.private_key, who.certificate, who.chain), signing_time=NOW - timedelta(minutes=30 - number)
        )
        text = mail("carol@example.org", number)
        Path("archive", f"{number}.eml").write_bytes(machine.update(text) + machine.finalize())
    return new


def test_learning(smime: Shell, archive: Person) -> None:
    roots = smime.file("root.pem")
    learn = ("archive", "certs", "--trust", roots, "--store", "people", "--jobs", "1", "archive")
    done = smime(*learn)
    assert done.code == 0, done.stderr
    lines = done.text.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("carol@example.org: learned")
    assert lines[1].startswith("carol@example.org: certificate changed")
    assert "1 correspondents in people" in done.stderr
    assert smime(*learn).stdout == b""
    done = smime("encrypt", "--store", "people", "-r", "Carol@example.org", "-o", "secret.eml", smime.file("mail.eml"))
    assert done.code == 0, done.stderr
    identity = library.Identity(archive.private_key, archive.certificate)
    assert b"7:42" in library.decrypt(Path("secret.eml").read_bytes(), identity).content
    smime.fails(3, "encrypt", "--store", "people", "-r", "dave@example.org", smime.file("mail.eml"))
    smime.fails(3, "encrypt", "--store", "nowhere", "-r", "carol@example.org", smime.file("mail.eml"))
    smime.fails(3, "encrypt", "--store", "people", "-r", "a@b, c@d", smime.file("mail.eml"))
    smime.fails(3, "encrypt", "--store", smime.file("mail.eml"), "-r", "carol@example.org", smime.file("mail.eml"))


def test_learning_needs_anchors(smime: Shell, archive: Person) -> None:
    smime.fails(2, "archive", "certs", "--store", "people", "archive")
    smime.fails(2, "archive", "certs", "--trust", smime.file("root.pem"), "archive")
    smime.fails(2, "archive", "certs", "--trust", smime.file("root.pem"), "--store", "people", "-o", "x", "archive")
    Path("text").write_text("not a store" * 100)
    smime.fails(3, "archive", "certs", "--trust", smime.file("root.pem"), "--store", "text", "archive")
    smime.fails(3, "archive", "certs", "--trust", smime.file("root.pem"), "--store", "no/where", "archive")


def test_how_it_stands_now(smime: Shell) -> None:
    """An old mail is judged at the time of its delivery, and the report says that the certificate has expired since."""
    roots = smime.file("root.pem")
    done = smime("verify", "--trust", roots, "--at", world().long_ago, "--json", smime.file("expired.eml"))
    assert done.code == 0
    (signer,) = json.loads(done.text)["signers"]
    standing = {one["basis"]: one for one in signer["standing"]}
    assert standing["at"]["trusted"]
    assert standing["now"]["findings"] == ["expired"]
    assert "expired (" in smime("verify", "--trust", roots, "--at", world().long_ago, smime.file("expired.eml")).stderr
    assert "now" not in {
        one["basis"]
        for one in json.loads(smime("verify", "--trust", roots, "--json", smime.file("signed.eml")).text)["signers"][0]["standing"]
    }


def test_what_broke_a_signature(smime: Shell) -> None:
    """A list has added a footer to the signed part: the digest says so, and which text was signed."""
    octets = smime.file("signed.eml").read_bytes()
    boundary = octets.partition(b'boundary="')[2].partition(b'"')[0]
    parts = octets.split(b"\r\n--" + boundary)
    parts[1] += b"\r\n-- \r\nThis list is archived.\r\n"
    changed = (b"\r\n--" + boundary).join(parts)
    Path("changed.eml").write_bytes(changed)
    for done in (
        smime("verify", "--trust", smime.file("root.pem"), "changed.eml"),
        smime("verify", "--trust", smime.file("root.pem"), stdin=changed),
    ):
        assert done.code == 1
        assert "what was done to it: Text was added at the end of the signed part." in done.stderr
    done = smime("verify", "--trust", smime.file("root.pem"), smime.file("changed.eml"))
    assert done.code == 1
    assert "what was done" not in done.stderr


@pytest.mark.parametrize("name", ["smime.p7s", "roots.pem", "trust/smime.p7s", "trust/roots.p7c"])
def test_a_signature_vouches_for_nobody(smime: Shell, name: str) -> None:
    """Somebody saved an attachment among the anchors: no option takes it, and the error names the file."""
    mallory = smime.world.mallory
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(library.sign(b"any content", smime.world.signer(mallory), encoding="der"))
    if path.parent.name:
        (path.parent / "root.pem").write_bytes(smime.file("root.pem").read_bytes())
    given = path.parent if path.parent.name else path
    root, mail = ("--trust", smime.file("root.pem")), smime.file("untrusted.eml")
    for arguments in (
        ("verify", "--trust", given, mail),
        ("verify", *root, "--trust", given, mail),
        ("verify", *root, "--tsa", given, mail),
        ("verify", *root, "--certs", given, mail),
        ("verify", *root, "--crl", given, mail),
        ("unwrap", "--trust", given, mail),
        ("archive", "verify", "--trust", given, mail),
        ("archive", "verify", *root, "--tsa", given, mail),
        ("archive", "strip", "--trust", given, "--into", "copy", mail),
        ("archive", "certs", "--trust", given, "--store", "people", mail),
        ("encrypt", "-r", given, smime.file("mail.eml")),
    ):
        line = smime.fails(3, *arguments)
        assert path.name in line
        assert "signed by 1" in line


def test_a_key_store_is_no_anchor(smime: Shell) -> None:
    assert "key store" in smime.fails(3, "verify", "--trust", smime.file("alice.p12"), smime.file("signed.eml"))
