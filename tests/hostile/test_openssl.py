"""The same hostile messages for `openssl cms -verify`: its verdicts are printed beside ours, and are not tested."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.hostile import cases, mails, signatures, trust
from tests.hostile.builder import pki
from tests.hostile.cases import CASES, Case

OPENSSL = shutil.which("openssl")
assert mails
assert signatures
assert trust
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def anchors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "roots.pem"
    path.write_bytes(b"".join(anchor.public_bytes(Encoding.PEM) for anchor in pki().anchors))
    return path


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in CASES.values()])
def test_beside_openssl(one: Case, anchors: Path, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    mail = cases.mail_of(one)
    (tmp_path / "message").write_bytes(mail.octets)
    form = "DER" if mail.octets[:1] == b"\x30" else "SMIME"
    command = [OPENSSL or "", "cms", "-verify", "-inform", form, "-in", "message", "-CAfile", str(anchors), "-out", "content"]
    if mail.content is not None:
        (tmp_path / "given").write_bytes(mail.content)
        command += ["-content", "given", "-binary"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        theirs = "takes more than 20 seconds"
    else:
        theirs = "accepts" if done.returncode == 0 else "refuses" if done.returncode > 0 else "crashes"
    said = cases.verify(mail)
    ours = said.verdict.value if said.verdict is not None else type(said.error).__name__
    record_property("hostile", (one.name, one.section, ours, theirs))
