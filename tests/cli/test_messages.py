"""The commands for single messages: the way there and back, reports, and where output goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.archive.world import CONTENT, mail
from tests.cli.conftest import Shell

from smime.cli import main


def test_every_command_explains_itself(smime: Shell) -> None:
    done = smime("--help")
    assert done.code == 0
    for name in main.commands:
        assert name in done.text
        assert smime(name, "--help").code == 0
    for name in main.commands["archive"].commands:
        assert smime("archive", name, "--help").code == 0


def test_sign_and_verify(smime: Shell) -> None:
    assert smime("sign", "-s", smime.file("alice.pem"), "-o", "signed.eml", smime.file("mail.eml")).code == 0
    octets = Path("signed.eml").read_bytes()
    assert b"multipart/signed" in octets
    done = smime("verify", "--trust", smime.file("root.pem"), "signed.eml")
    assert done.code == 0
    assert done.stdout == CONTENT
    assert "VALID" in done.stderr
    assert "alice@example.org" in done.stderr
    assert "trusted: Alice ← World Issuing CA ← World Root CA" in done.stderr


def test_opaque_and_several_signers(smime: Shell) -> None:
    done = smime("sign", "--opaque", "-s", smime.file("alice.pem"), "-s", smime.file("bob.pem"), smime.file("mail.eml"))
    assert b"application/pkcs7-mime; smime-type=signed-data" in done.stdout
    inspected = smime("inspect", "--json", stdin=done.stdout)
    layer = json.loads(inspected.text)["children"][0]
    assert len(layer["signers"]) == 2


def test_from_standard_input_to_standard_output(smime: Shell) -> None:
    signed = smime("sign", "-s", smime.file("alice.pem"), stdin=mail())
    encrypted = smime("encrypt", "-r", smime.file("bob.crt"), stdin=signed.stdout)
    decrypted = smime("decrypt", "-k", smime.file("bob.pem"), "-", stdin=encrypted.stdout)
    assert b"multipart/signed" in decrypted.stdout
    assert b"multipart/signed" not in encrypted.stdout
    verified = smime("verify", "--trust", smime.file("root.pem"), "--sender", "alice@example.org", stdin=decrypted.stdout)
    assert verified.code == 0
    assert verified.stdout == CONTENT


def test_unverified_content_reaches_standard_output_only_where_asked_for(smime: Shell) -> None:
    signed = smime("sign", "-s", smime.file("alice.pem"), smime.file("mail.eml")).stdout
    changed = signed.replace(CONTENT, CONTENT.replace(b"e", b"E"))
    assert changed != signed
    arguments = ("verify", "--trust", smime.file("root.pem"))
    assert smime(*arguments, stdin=changed).stdout == b""
    done = smime(*arguments, "--unverified", stdin=changed)
    assert done.code == 1
    assert done.stdout == CONTENT.replace(b"e", b"E")
    done = smime(*arguments, "--unverified", "-o", "content", stdin=changed)
    assert done.code == 1
    assert not Path("content").exists()
    encrypted = smime("encrypt", "-r", smime.file("bob.crt"), stdin=mail()).stdout
    done = smime("decrypt", "-k", smime.file("bob.pem"), "--unverified", stdin=encrypted)
    assert done.code == 0
    assert done.stdout == smime("decrypt", "-k", smime.file("bob.pem"), stdin=encrypted).stdout


def test_unwrap_shows_every_layer(smime: Shell) -> None:
    arguments = ("--trust", smime.file("root.pem"), "-k", smime.file("bob.pem"), smime.file("triple.eml"))
    done = smime("unwrap", *arguments)
    assert done.code == 0
    assert done.stdout == CONTENT
    assert "status signed-and-encrypted" in done.stderr
    report = json.loads(smime("unwrap", "--json", *arguments).text)
    assert [layer["kind"] for layer in report["layers"]] == ["signed", "encrypted", "signed"]
    assert report["verdict"] == "valid"


def test_unwrap_of_plain_mail_is_well(smime: Shell) -> None:
    done = smime("unwrap", smime.file("mail.eml"))
    assert done.code == 0
    assert done.stdout == mail()
    assert "unprotected" in done.stderr


@pytest.mark.parametrize("command", ["verify", "unwrap"])
def test_json_leaves_the_content_out(smime: Shell, command: str) -> None:
    done = smime(command, "--json", "--trust", smime.file("root.pem"), smime.file("signed.eml"))
    assert done.code == 0
    assert json.loads(done.text)["verdict"] == "valid"
    done = smime(command, "--json", "--trust", smime.file("root.pem"), "-o", "content", smime.file("signed.eml"))
    assert json.loads(done.text)["verdict"] == "valid"
    assert Path("content").read_bytes() == CONTENT


def test_decrypt_tells_in_json(smime: Shell) -> None:
    report = json.loads(smime("decrypt", "--json", "-k", smime.file("bob.pem"), smime.file("encrypted.eml")).text)
    assert report["decrypted"] is True
    assert report["content_encryption_algorithm"] == "aes-256-gcm"


def test_weak_encryption_is_told(smime: Shell) -> None:
    assert smime("encrypt", "--cipher", "aes-256-cbc", "-r", smime.file("bob.crt"), "-o", "x.eml", smime.file("mail.eml")).code == 0
    done = smime("decrypt", "-k", smime.file("bob.pem"), "x.eml")
    assert done.code == 0
    assert "unauthenticated-encryption" in done.stderr


def test_content_beside_a_bare_signature(smime: Shell) -> None:
    Path("text").write_bytes(b"some octets\n")
    assert smime("sign", "--encoding", "der", "-s", smime.file("alice.pem"), "-o", "text.p7s", "text").code == 0
    arguments = ("verify", "--trust", smime.file("root.pem"), "--sender", "alice@example.org", "text.p7s")
    done = smime(*arguments, "--content", "text")
    assert done.code == 0, done.stderr
    assert done.stdout == b"some octets\n"
    Path("text").write_bytes(b"other octets\n")
    assert smime(*arguments, "--content", "text").code == 1


@pytest.mark.parametrize("store", ["alice.pem", "alice.p12"])
@pytest.mark.parametrize("how", ["file", "environment"])
def test_passwords(smime: Shell, store: str, how: str) -> None:
    given = ("--password-file", smime.file("password")) if how == "file" else ()
    done = smime("sign", "-s", smime.file(store), *given, smime.file("mail.eml"), env={"SMIME_PASSWORD": "demo"} if how != "file" else None)
    assert done.code == 0, done.stderr


def test_a_password_from_the_terminal(smime: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def prompt(text: str, **options: object) -> str:
        asked.append((text, options["hide_input"], options["err"]))
        return "demo"

    monkeypatch.setattr("smime.cli.inputs._somebody_is_there", lambda: True)
    monkeypatch.setattr("click.prompt", prompt)
    assert smime("decrypt", "-k", smime.file("bob.p12"), smime.file("encrypted.eml")).code == 0
    assert asked == [(f"Password of {smime.file('bob.p12')}", True, True)]


def test_an_old_certificate_was_good_in_its_time(smime: Shell) -> None:
    assert smime("verify", "--trust", smime.file("root.pem"), "--at", smime.world.long_ago, smime.file("expired.eml")).code == 0


def test_trust_may_be_a_folder(smime: Shell) -> None:
    Path("roots").mkdir()
    Path("roots/root.pem").write_bytes(smime.file("root.pem").read_bytes())
    Path("roots/notes.txt").write_text("about the roots")
    assert smime("verify", "--trust", "roots", smime.file("signed.eml")).code == 0


def test_revocation(smime: Shell) -> None:
    arguments = ("verify", "--trust", smime.file("root.pem"), smime.file("signed.eml"))
    assert smime(*arguments, "--require-revocation").code == 1
    from cryptography.hazmat.primitives.serialization import Encoding

    pki = smime.world.pki
    for name, revoked, code in (("good.crl", [], 0), ("bad.crl", [smime.world.alice], 1)):
        crl = pki.crl(revoked=revoked).public_bytes(Encoding.PEM) + pki.crl(pki.root).public_bytes(Encoding.PEM)
        Path(name).write_bytes(crl)
        done = smime(*arguments, "--require-revocation", "--crl", name)
        assert done.code == code, done.stderr


@pytest.mark.parametrize("name", ["signed", "signed-opaque", "encrypted", "triple", "compressed", "truncated", "changed"])
def test_inspect_needs_no_key(smime: Shell, name: str) -> None:
    done = smime("inspect", smime.file(f"{name}.eml"))
    assert done.code == 0
    assert "CMS" in done.text
    assert json.loads(smime("inspect", "--json", smime.file(f"{name}.eml")).text)["kind"] == "mime"


def test_an_existing_file_is_replaced(smime: Shell) -> None:
    Path("out").write_text("old")
    assert smime("decrypt", "-k", smime.file("bob.pem"), "-o", "out", smime.file("encrypted.eml")).code == 0
    assert Path("out").read_bytes() == CONTENT


def test_terminal_escapes_are_shown_as_such(smime: Shell) -> None:
    name = b"Content-Type: application/octet-stream; name*=utf-8''a%1B%5B2Jb%E2%80%AE.txt\r\n\r\nx"
    done = smime("inspect", stdin=mail(entity=name))
    assert "\x1b" not in done.text
    assert "\u202e" not in done.text
    assert "a\N{REPLACEMENT CHARACTER}[2Jb" in done.text
