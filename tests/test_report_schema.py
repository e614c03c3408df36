"""Real reports follow docs/report.schema.json, and nothing in the schema is there in vain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import smime
from smime.pki.throwaway import ThrowawayPKI

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
