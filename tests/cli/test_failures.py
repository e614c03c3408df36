"""Bad input: one clear line, the right exit code, and nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.archive.world import mail
from tests.cli.conftest import Shell

VALID, NOT_VALID, USAGE, UNREADABLE = range(4)


@pytest.mark.parametrize("command", ["verify", "decrypt", "unwrap", "inspect", "sign", "encrypt"])
class TestEveryCommand:
    def arguments(self, smime: Shell, command: str) -> tuple[object, ...]:
        return {
            "verify": ("--trust", smime.file("root.pem")),
            "decrypt": ("-k", smime.file("bob.pem")),
            "unwrap": ("--trust", smime.file("root.pem"), "-k", smime.file("bob.pem")),
            "inspect": (),
            "sign": ("-s", smime.file("alice.pem")),
            "encrypt": ("-r", smime.file("bob.crt")),
        }[command]

    def test_missing_file(self, smime: Shell, command: str) -> None:
        assert "gone.eml: no such file" in smime.fails(UNREADABLE, command, *self.arguments(smime, command), "gone.eml")

    def test_folder(self, smime: Shell, command: str) -> None:
        Path("box").mkdir()
        assert "box: is a folder" in smime.fails(UNREADABLE, command, *self.arguments(smime, command), "box")

    def test_unknown_option(self, smime: Shell, command: str) -> None:
        assert "--nonsense" in smime.fails(USAGE, command, "--nonsense")

    def test_empty_input(self, smime: Shell, command: str) -> None:
        if command not in {"sign", "encrypt"}:  # nothing can be signed as well as anything
            smime.fails(UNREADABLE, command, *self.arguments(smime, command), stdin=b"")

    def test_missing_output_folder(self, smime: Shell, command: str) -> None:
        if command != "inspect":
            name = {"verify": "signed", "unwrap": "signed", "decrypt": "encrypted"}.get(command, "mail")
            line = smime.fails(UNREADABLE, command, *self.arguments(smime, command), "-o", "gone/out", smime.file(f"{name}.eml"))
            assert "gone/out: there is no folder gone" in line


@pytest.mark.parametrize("octets", [b"no mail at all", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), mail(), b"0\x03\x02\x01\x05"])
@pytest.mark.parametrize("command", ["verify", "decrypt"])
def test_what_is_no_smime(smime: Shell, command: str, octets: bytes) -> None:
    arguments = ("--trust", smime.file("root.pem")) if command == "verify" else ("-k", smime.file("bob.pem"))
    Path("out").write_text("old")
    smime.fails(UNREADABLE, command, *arguments, "-o", "out", stdin=octets)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_truncated_base64(smime: Shell, part: float) -> None:
    for name, command, arguments in (
        ("signed opaque", "verify", ("--trust", smime.file("root.pem"))),
        ("encrypted", "decrypt", ("-k", smime.file("bob.pem"))),
    ):
        octets = smime.world.messages[name]
        body = octets.index(b"\r\n\r\n") + 4
        smime.fails(UNREADABLE, command, *arguments, "-o", "out", stdin=octets[: body + int((len(octets) - body) * part)])


def test_wrong_password(smime: Shell) -> None:
    arguments = ("sign", "-s", smime.file("alice.p12"), "-o", "out", smime.file("mail.eml"))
    assert "password is wrong" in smime.fails(UNREADABLE, *arguments, "--password-file", smime.file("wrong-password"))
    assert "password is wrong" in smime.fails(UNREADABLE, *arguments, env={"SMIME_PASSWORD": "nonsense"})
    assert "--password-file" in smime.fails(UNREADABLE, *arguments)
    assert "gone: no such file" in smime.fails(UNREADABLE, *arguments, "--password-file", "gone")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file"),
        (b"", ""),
        (b"not a key store", ""),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ""),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", ""),
        (b"\x30\x82\x01\x00\x02\x01\x03" + bytes(20), ""),
    ],
)
def test_unreadable_key_store(smime: Shell, content: bytes | None, why: str) -> None:
    if content is not None:
        Path("store").write_bytes(content)
    for command, option, name in (("sign", "-s", "mail"), ("decrypt", "-k", "encrypted"), ("unwrap", "-k", "encrypted")):
        line = smime.fails(UNREADABLE, command, option, "store", "-o", "out", smime.file(f"{name}.eml"))
        assert line.startswith("smime: key store store: ")
        assert why in line


def test_a_certificate_is_no_key_store(smime: Shell) -> None:
    smime.fails(UNREADABLE, "sign", "-s", smime.file("alice.crt"), smime.file("mail.eml"))


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_unreadable_certificates(smime: Shell, content: bytes | None) -> None:
    if content is not None:
        Path("cert").write_bytes(content)
    assert "certificate cert" in smime.fails(UNREADABLE, "encrypt", "-r", "cert", smime.file("mail.eml"))
    assert "trust anchors cert" in smime.fails(UNREADABLE, "verify", "--trust", "cert", smime.file("signed.eml"))
    smime.fails(UNREADABLE, "verify", "--trust", smime.file("root.pem"), "--crl", "cert", smime.file("signed.eml"))


def test_no_revocation_list_in_the_file(smime: Shell) -> None:
    line = smime.fails(UNREADABLE, "verify", "--trust", smime.file("root.pem"), "--crl", smime.file("bob.crt"), smime.file("signed.eml"))
    assert "there is no revocation list" in line


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("changed", "digest-mismatch", "INVALID"),
        ("expired", "expired", "INDETERMINATE"),
        ("untrusted", "untrusted", "INDETERMINATE"),
    ],
)
def test_a_bad_verdict(smime: Shell, name: str, code: str, why: str) -> None:
    Path("out").write_text("old")
    done = smime("verify", "--trust", smime.file("root.pem"), "-o", "out", smime.file(f"{name}.eml"))
    assert done.code == NOT_VALID
    assert done.stdout == b""
    assert code in done.stderr
    assert why in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"smime: {why.lower()}: ")
    assert Path("out").read_text() == "old"
    done = smime("unwrap", "--trust", smime.file("root.pem"), "-o", "out", smime.file(f"{name}.eml"))
    assert done.code == NOT_VALID
    done = smime("verify", "--json", "--trust", smime.file("root.pem"), smime.file(f"{name}.eml"))
    assert done.code == NOT_VALID
    assert f'"verdict": "{why.lower()}"' in done.text


def test_a_message_for_somebody_else(smime: Shell) -> None:
    line = smime.fails(NOT_VALID, "decrypt", "-k", smime.file("bob.pem"), "-o", "out", smime.file("for-another.eml"))
    assert "no identity at hand is a recipient" in line
    assert smime("unwrap", "-k", smime.file("bob.pem"), smime.file("for-another.eml")).code == NOT_VALID


def test_a_changed_ciphertext(smime: Shell) -> None:
    from tests.archive.test_runs import ENTITY

    message = smime.world.messages["encrypted"]
    body = message.index(b"\r\n\r\n") + 4
    at = body + (len(message) - body) - 40  # in the tag or right before it
    changed = message[:at] + (b"A" if message[at : at + 1] != b"A" else b"B") + message[at + 1 :]
    assert "decryption failed" in smime.fails(NOT_VALID, "decrypt", "-k", smime.file("bob.pem"), "-o", "out", stdin=changed)
    assert ENTITY not in smime("decrypt", "-k", smime.file("bob.pem"), stdin=changed).stdout


def test_an_algorithm_that_the_policy_forbids(smime: Shell) -> None:
    from smime.cli.demo import historic

    Path("old.p7m").write_bytes(historic.encrypt(b"Content-Type: text/plain\r\n\r\nold\r\n", smime.world.bob.certificate))
    assert "--archive-policy" in smime.fails(NOT_VALID, "decrypt", "-k", smime.file("bob.pem"), "-o", "out", "old.p7m")
    done = smime("decrypt", "--archive-policy", "-k", smime.file("bob.pem"), "old.p7m")
    assert done.code == VALID
    assert b"old" in done.stdout


def test_writing_with_an_old_cipher_is_refused(smime: Shell) -> None:
    for name in ("des-ede3-cbc", "rot13"):
        line = smime.fails(USAGE, "encrypt", "--cipher", name, "-r", smime.file("bob.crt"), "-o", "out", smime.file("mail.eml"))
        assert name in line


def test_signing_with_a_key_that_cannot(smime: Shell) -> None:
    person = smime.world.pki.person("Xaver", "x@example.org", "x25519")
    Path("x.pem").write_bytes(person.pem)
    smime.fails(USAGE, "sign", "-s", "x.pem", "-o", "out", smime.file("mail.eml"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "signed.eml"),
        ("verify", "--trust", "root.pem", "--at", "tomorrow", "signed.eml"),
        ("verify", "--trust", "root.pem", "--json", "-o", "-", "signed.eml"),
        ("decrypt", "encrypted.eml"),
        ("unwrap", "--crl", "intermediate.crl", "signed.eml"),
        ("sign", "mail.eml"),
        ("encrypt", "mail.eml"),
        ("archive", "verify", "--trust", "root.pem"),
        ("archive", "verify", "--trust", "root.pem", "--jobs", "0", "mail.eml"),
        ("archive", "verify", "--trust", "root.pem", "--resume", "mail.eml"),
        ("archive", "verify", "--trust", "root.pem", "--format", "sqlite", "mail.eml"),
        ("archive", "verify", "--trust", "root.pem", "--format", "xml", "mail.eml"),
        ("archive", "decrypt", "--into", "out", "mail.eml"),
        ("nonsense",),
    ],
)
def test_usage(smime: Shell, arguments: tuple[str, ...]) -> None:
    smime.fails(USAGE, *(smime.file(name) if "." in name else name for name in arguments))


def run(*arguments: str, cwd: Path, stdin: bytes = b"", code: str | None = None) -> subprocess.CompletedProcess[bytes]:
    command = ["-c", code] if code is not None else ["-m", "smime"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)}
    return subprocess.run(
        [sys.executable, *command, *arguments], input=stdin, capture_output=True, cwd=cwd, env=environment, check=False, timeout=60
    )


def test_as_a_process(smime: Shell) -> None:
    done = run("verify", "--trust", str(smime.file("root.pem")), cwd=smime.folder, stdin=smime.world.messages["signed"])
    assert done.returncode == VALID, done.stderr
    assert done.stdout.endswith(b"7:42.\r\n")
    done = run("verify", "--trust", str(smime.file("root.pem")), cwd=smime.folder, stdin=smime.world.messages["changed"])
    assert done.returncode == NOT_VALID
    done = run("verify", "--trust", "gone.pem", cwd=smime.folder)
    assert done.returncode == UNREADABLE
    assert done.stderr == b"smime: trust anchors gone.pem: no such file\n"


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra(smime: Shell, missing: str) -> None:
    program = (
        f"import sys, importlib.util as u; found = u.find_spec; sys.modules[{missing!r}] = None\n"
        f"u.find_spec = lambda name, *rest: None if name == {missing!r} else found(name, *rest)\n"
        "import runpy; runpy.run_module('smime', run_name='__main__')"
    )
    done = run(cwd=smime.folder, code=program)
    assert done.returncode == USAGE
    assert done.stderr == b"smime: the command line needs click and rich: pip install 'smimekit[cli]'\n"


def test_a_fault_of_the_program_is_one_line_too(smime: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("some\nlines")

    monkeypatch.setattr("smime.files.verify", broken)
    line = smime.fails(70, "verify", "--trust", smime.file("root.pem"), smime.file("signed.eml"))
    assert line == "smime: internal error: ZeroDivisionError: some lines (SMIME_DEBUG=1 shows where)\n"


NAMES = ("\x1b]0;owned\x07.eml", "\x9b2J.eml", "a\u202egpj.eml", "\u2066b.eml", "two\nlines.eml", "\udcff.eml")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_are_not_obeyed_by_the_terminal(smime: Shell, name: str) -> None:
    """Whoever makes a file chooses its name; errors and tables say it."""
    octets = smime.world.messages["changed"]
    Path(name).write_bytes(octets)
    shown = [
        smime("verify", "--trust", name, smime.file("signed.eml")).stderr,
        smime("verify", "--trust", smime.file("root.pem"), name + "/gone").stderr,
        smime("decrypt", "-k", name, smime.file("encrypted.eml")).stderr,
        smime("encrypt", "-r", name, smime.file("mail.eml")).stderr,
        smime("archive", "scan", name + "/gone").stderr,
        smime("archive", "verify", "--jobs", 1, "--trust", smime.file("root.pem"), "--summary", name).stderr,
        smime("archive", "verify", "--jobs", 1, "--trust", smime.file("root.pem"), name).text,
        smime("archive", "verify", "--jobs", 1, "--trust", smime.file("root.pem"), "--format", "csv", name).text,
        smime(name).stderr,
    ]
    for text in shown:
        assert text
        assert all(line.isprintable() for line in text.splitlines()), text


@pytest.mark.parametrize("words", ["\x1b[2J", "\u202eevil", "\x9b2J"], ids=ascii)
def test_messages_are_not_obeyed_by_the_terminal(smime: Shell, words: str) -> None:
    for octets in (
        b'Content-Type: application/pkcs7-mime; smime-type="' + words.encode() + b'"\r\n\r\nAAAA\r\n',
        b'Content-Type: multipart/signed; protocol="' + words.encode() + b'"; boundary="' + words.encode() + b'"\r\n\r\nx\r\n',
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: " + words.encode() + b"\r\n\r\nAAAA\r\n",
        b"From: " + words.encode() + b"\r\n" + smime.world.messages["signed"],
    ):
        for command in (("verify", "--trust", smime.file("root.pem")), ("inspect",), ("inspect", "--json"), ("verify", "--json", "--trust",
                        smime.file("root.pem"))):  # fmt: skip
            done = smime(*command, stdin=octets)
            assert all(line.isprintable() for line in (done.text + done.stderr).splitlines())
