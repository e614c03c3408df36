"""Real reports follow docs/report.schema.json, and nothing in the schema is there in vain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.hostile import mails, signatures, trust
from tests.hostile.cases import CASES, Case, mail_of, verify
from tests.operations.signed.test_timestamps import NOW, report_of, signature_of, signed, stamped, token

import smime
from smime.pki.throwaway import ThrowawayPKI

assert mails
assert signatures
assert trust
SCHEMA = json.loads((Path(__file__).resolve().parent.parent / "docs" / "report.schema.json").read_text(encoding="utf-8"))
MAIL = b"From: alice@example.org\r\nSubject: Hello\r\n\r\nHello!\r\n"


@pytest.fixture(scope="module")
def pki() -> ThrowawayPKI:
    return ThrowawayPKI("Schema")


def check(value: Any, name: str) -> None:
    data = json.loads(json.dumps(value))  # JSON-able, and what JSON makes of it
    jsonschema.Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{name}"}]}).validate(data)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_verification(pki: ThrowawayPKI) -> None:
    alice = pki.person("Alice", "alice@example.org", "p256")
    signed = smime.sign(MAIL, smime.Signer(alice.private_key, alice.certificate, alice.chain))
    check(smime.verify(signed, smime.TrustStore(pki.anchors)).report.to_dict(), "verification")
    with pytest.raises(smime.VerificationError) as caught:
        smime.verify(signed.replace(b"Hello!", b"Hallo!"), smime.TrustStore([]), sender="bob@example.org")
    report = caught.value.report.to_dict()
    assert report["verdict"] == "invalid"
    check(report, "verification")


def test_decryption_and_unwrapping(pki: ThrowawayPKI) -> None:
    alice = pki.person("Alice", "alice@example.org", "p256")
    signed = smime.sign(MAIL, smime.Signer(alice.private_key, alice.certificate, alice.chain))
    encrypted = smime.encrypt(smime.compress(signed), alice.certificate)
    identity = smime.Identity(alice.private_key, alice.certificate)
    check(smime.decrypt(encrypted, identity).report.to_dict(), "decryption")
    unwrapped = smime.unwrap(encrypted, identities=[identity], trust=smime.TrustStore(pki.anchors))
    assert [layer.kind for layer in unwrapped.layers] == ["encrypted", "compressed", "signed"]
    check(unwrapped.to_dict(), "unwrapped")
    check(smime.unwrap(encrypted).to_dict(), "unwrapped")


def test_record(pki: ThrowawayPKI, tmp_path: Path) -> None:
    alice = pki.person("Alice", "alice@example.org", "p256")
    signed = smime.sign(MAIL, smime.Signer(alice.private_key, alice.certificate, alice.chain))
    folder = tmp_path / "mail"
    folder.mkdir()
    for number, message in enumerate((MAIL, signed, smime.encrypt(signed, alice.certificate), signed[: len(signed) // 2], b"")):
        (folder / f"{number}.eml").write_bytes(message)
    identity = smime.Identity(alice.private_key, alice.certificate)
    records = list(smime.archive.verify(folder, smime.TrustStore(pki.anchors), identities=identity))
    assert len(records) == 5
    for record in records:
        check(record.to_dict(), "record")


def test_timestamps_and_standing() -> None:
    message = signed()
    for tokens in ((token(signature_of(message)),), (token(b"another signature"), b"\x04\x00")):
        report = report_of(stamped(*tokens, cms=message), now=NOW).to_dict()
        assert len(report["timestamps"]) == len(tokens)
        assert {one["basis"] for one in report["standing"]} >= {"at", "now", "claimed"}
        check(report, "signer")


def test_countersigners(pki: ThrowawayPKI) -> None:
    alice, bob = (
        smime.Signer(who.private_key, who.certificate, who.chain) for who in (pki.person("A", "alice@example.org", "p256"), pki.person("B"))
    )
    trust = smime.TrustStore(pki.anchors)
    report = smime.verify(smime.countersign(smime.sign(MAIL, alice), bob, trust), trust).report.to_dict()
    assert len(report["signers"][0]["countersigners"]) == 1
    check(report, "verification")


def test_authentication_and_digests(pki: ThrowawayPKI) -> None:
    bob = pki.person("Bob", "bob@example.org", "rsa2048")
    machine: Any = smime.MessageAuthenticator([bob.certificate])
    octets = machine.update(b"hello") + machine.finalize()
    for identities in ((), (smime.Identity(bob.private_key, bob.certificate),)):
        unwrapped = smime.unwrap(octets, identities=identities)
        assert unwrapped.layers[0].kind == "authenticated"
        check(unwrapped.to_dict(), "unwrapped")
        check(unwrapped.layers[0].report.to_dict(), "authentication")
    machine = smime.MessageDigester()
    unwrapped = smime.unwrap(machine.update(b"hello") + machine.finalize())
    check(unwrapped.to_dict(), "unwrapped")
    check(unwrapped.layers[0].report.to_dict(), "compression")


def test_errant_layers(pki: ThrowawayPKI) -> None:
    alice = pki.person("Alice", "alice@example.org", "p256")
    part = smime.sign(MAIL, smime.Signer(alice.private_key, alice.certificate, alice.chain))
    unwrapped = smime.unwrap(b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n' + part + b"\r\n--x--\r\n")
    assert unwrapped.errant_layers
    check(unwrapped.to_dict(), "unwrapped")


@pytest.mark.parametrize("one", CASES.values(), ids=list(CASES))
def test_hostile(one: Case) -> None:
    """What is said of hostile messages, too, is in whole sentences and in the schema."""
    said = verify(mail_of(one))
    if said.report is None:
        return
    check(said.report.to_dict(), "verification")
    for found in said.report.all_findings():
        assert "{" not in found.message
        assert found.message.endswith(".")
