"""``smime demo``: what it writes, what comes out of it, and that it destroys nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.cli.conftest import Shell

from smime.cli.demo.archive import _kinds, _old
from smime.cli.demo.people import People


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from click.testing import CliRunner

    from smime.cli import main

    folder = tmp_path_factory.mktemp("demo") / "demo"
    for _ in range(2):  # the second time over the first
        result = CliRunner().invoke(main, ["demo", str(folder)])
        assert result.exit_code == 0, result.output
    return folder


def test_every_message_is_what_it_should_be(smime: Shell, demo: Path) -> None:
    keys = ("--trust", demo / "pki" / "root.pem", "-k", demo / "pki" / "bob.pem", "--archive-policy", "--jobs", 1)
    done = smime("archive", "verify", *keys, "-o", "out.jsonl", demo / "archive")
    assert done.code == 1
    found = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    people = People()
    planned = {what: count for what, count, _ in (*_kinds(people), *_old(people))}
    assert len(found) == sum(planned.values())
    assert not [row for row in found if "internal error" in (row["error"] or "")]

    def count(*words: str) -> int:
        chosen = [what for what in planned if any(word in what for word in words)]
        assert chosen
        return sum(planned[what] for what in chosen)

    statuses = Counter(row["status"] for row in found)
    assert statuses["signed-and-encrypted"] == count("signed and encrypted", "encrypted for both", "triple-wrapped", "SHA-1, encrypted")
    assert statuses["encrypted"] == count("encrypted (", "Oscar only", "old: encrypted")
    assert statuses[None] == count("cut off")
    codes = Counter(
        code for row in found for code in {*row["findings"], *(code for signer in row["signers"] for code in signer["findings"])}
    )
    assert codes["digest-mismatch"] == count("flipped in signed", "footer")
    assert codes["decryption-failed"] == count("flipped in an encrypted")
    assert codes["expired"] == count("expired")
    assert codes["address-mismatch"] == count("Trudy")
    assert codes["untrusted"] == count("nobody trusts", "self-signed")
    assert codes["extended-key-usage"] == count("server")
    assert codes["weak-algorithm"] == count("SHA-1", "MD5")
    assert codes["weak-encryption"] == count("triple DES", "RC2")
    assert codes["no-matching-recipient"] == count("Oscar")
    assert codes["errant-layer"] == count("attachment")
    assert statuses["signed"] + statuses["signed-and-encrypted"] == sum(row["verdict"] == "valid" for row in found)


def test_the_samples(smime: Shell, demo: Path) -> None:
    wrong = {"changed.eml", "untrusted.eml", "wrong-sender.eml"}
    for path in sorted((demo / "messages").glob("*.eml")):
        done = smime("unwrap", "--trust", demo / "pki" / "root.pem", "-k", demo / "pki" / "bob.pem", path)
        assert done.code == (1 if path.name in wrong else 0), done.stderr
    signature, content = demo / "messages" / "signed.p7s", demo / "messages" / "signed.p7s.content"
    done = smime("verify", "--trust", demo / "pki" / "root.pem", "--sender", "alice@example.org", "--content", content, signature)
    assert done.code == 0, done.stderr


def test_the_readme_names_working_commands(smime: Shell, demo: Path) -> None:
    text = (demo / "README.txt").read_text()
    commands = [line.split()[1:] for line in text.splitlines() if line.startswith("  smime ")]
    assert len(commands) == 5
    for command in commands:
        arguments = [argument.replace(f"{demo}/report", "report").replace(f"{demo}/decrypted", "decrypted") for argument in command]
        assert smime(*arguments).code == (1 if arguments[0] == "archive" else 0)


def test_the_whole_thing(smime: Shell) -> None:
    done = smime("demo", "--run", "demo")
    assert done.code == 0
    assert done.stderr == ""
    assert "protection does not hold" in done.text
    assert "digest-mismatch" in done.text
    assert "messages are decrypted in demo/decrypted, 10 could not be" in done.text
    assert Path("demo/decrypted/archive/inbox.mbox").is_file()


def test_nothing_else_is_replaced(smime: Shell) -> None:
    Path("mine").mkdir()
    Path("mine/notes").write_text("important")
    assert "is not empty" in smime.fails(2, "demo", "mine")
    assert "is not a folder" in smime.fails(2, "demo", "mine/notes")
