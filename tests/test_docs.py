"""What is written about the package is true: generated pages are current, code in the documents runs, links lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import smime
from smime.pki.throwaway import DEMO_PASSWORD, ThrowawayPKI

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generate()


@pytest.mark.parametrize("name", sorted(GENERATE.PAGES))
def test_generated_pages_are_current(name: str) -> None:
    # by words: versions of click differ in how they break lines
    assert (ROOT / "docs" / name).read_text(encoding="utf-8").split() == GENERATE.PAGES[name]().split(), "run `make docs`"


def _python_blocks() -> list[tuple[str, str]]:
    return [
        (f"{path.name}-{number}", block)
        for path in DOCUMENTS
        for number, (language, block) in enumerate(_FENCE.findall(path.read_text(encoding="utf-8")))
        if language == "python"
    ]


@pytest.mark.parametrize(("name", "code"), _python_blocks(), ids=[name for name, _ in _python_blocks()])
def test_python_in_the_documents_runs(name: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, name, "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"print\(.*\)  # (.+)$", code, re.MULTILINE)
    assert printed[: len(promised)] == promised


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_modules_named_in_the_table_of_rfcs_exist() -> None:
    named = set(re.findall(r"`([a-z_/0-9]+(?:\.py|/))`", (ROOT / "RFCs.md").read_text(encoding="utf-8"))) - {"src/smime/"}
    assert {name for name in named if not (ROOT / "src" / "smime" / name).exists()} == set()
    assert len(named) > 30


def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    block = next(block for language, block in _FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8")) if "smime sign" in block)
    commands = [line for line in block.splitlines() if line.startswith("smime ")]
    pki = ThrowawayPKI("Readme")
    for name in ("alice", "bob"):
        pki.person(name, f"{name}@example.org", "rsa2048").write(tmp_path)
    (tmp_path / "roots.pem").write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    mail = b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"
    for name in ("message.eml", "mail.eml", "inbox.mbox"):
        (tmp_path / name).write_bytes((b"From alice@example.org Tue Nov 24 09:00:00 2026\n" if name.endswith("mbox") else b"") + mail)
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / folder).mkdir(parents=True)
    environment = {**os.environ, "SMIME_PASSWORD": DEMO_PASSWORD, "PYTHONPATH": str(Path(smime.__file__).resolve().parents[1])}
    for command in commands:
        line = command.replace("smime ", f"{sys.executable} -m smime ", 1)
        done = subprocess.run(["sh", "-ec", line], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
    assert {"signed.eml", "secret.eml", "records.jsonl"} <= {path.name for path in tmp_path.iterdir()}
