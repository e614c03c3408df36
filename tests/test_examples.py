"""The examples run, and print what they promise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import smime
from smime.pki.throwaway import ThrowawayPKI

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run(name: str, *arguments: object, stdin: bytes | None = None, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def pki() -> ThrowawayPKI:
    return ThrowawayPKI("Examples")


@pytest.fixture(scope="module")
def mailbox(pki: ThrowawayPKI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    (folder / "roots.pem").write_bytes(pki.root.certificate.public_bytes(encoding=_pem()))
    dora = pki.person("Dora", "dora@example.org", "p256")
    (folder / "dora.pem").write_bytes(dora.pem)
    signer = smime.Signer(dora.private_key, dora.certificate, dora.chain)
    mail = b"From: dora@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"
    signed = smime.sign(mail, signer)
    messages = [mail, signed, signed.replace(b"Hello\r\n\r\n--", b"Hallo\r\n\r\n--"), smime.encrypt(signed, dora.certificate)]
    (folder / "signed.eml").write_bytes(signed)
    (folder / "changed.eml").write_bytes(messages[2])
    mbox = b"".join(b"From dora@example.org Tue Nov 24 00:00:00 2026\n" + message.replace(b"\r\n", b"\n") + b"\n" for message in messages)
    (folder / "inbox.mbox").write_bytes(mbox)
    return folder


def _pem() -> object:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM


def test_every_example_has_a_test() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "archive_report.py",
        "big_files.py",
        "gateway.py",
        "key_elsewhere.py",
        "pkcs11_key.py",  # by tests/interop/test_softhsm.py
        "sign_and_verify.py",
    }


def test_sign_and_verify() -> None:
    printed = run("sign_and_verify.py")
    assert printed.startswith("valid, signed by alice@example.org\ninvalid: ")
    assert "digest-mismatch" in printed


def test_key_elsewhere() -> None:
    assert run("key_elsewhere.py").endswith("the device signed 3 times\n")


def test_big_files() -> None:
    assert "aes-256-gcm" in run("big_files.py", 4)


def test_gateway(mailbox: Path) -> None:
    good = run("gateway.py", "--trust", mailbox / "roots.pem", stdin=(mailbox / "signed.eml").read_bytes())
    assert json.loads(good)["verdict"] == "valid"
    bad = run("gateway.py", "--trust", mailbox / "roots.pem", stdin=(mailbox / "changed.eml").read_bytes(), status=1)
    assert json.loads(bad)["verdict"] == "invalid"


def test_archive_report(mailbox: Path) -> None:
    printed = run("archive_report.py", "--trust", mailbox / "roots.pem", "--key", mailbox / "dora.pem", mailbox / "inbox.mbox")
    lines = {tuple(line.split()) for line in printed.splitlines()}
    assert ("1", "signed", "valid") in lines
    assert ("1", "signed-and-encrypted", "valid") in lines
