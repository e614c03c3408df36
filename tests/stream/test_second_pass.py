"""What one pass cannot decide is decided by another, if the source can be read again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operations.people import person, signer, trust

import smime
import smime.files
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.crypto import signatures
from smime.mime.writer import multipart_signed
from smime.policies import ARCHIVE
from smime.transforms import base64
from smime.x509.certificate import Certificate

ENTITY = b"Content-Type: text/plain\r\n\r\n" + b"A line of text that is long enough to be several chunks.\r\n" * 20_000
HEAD = b"From: alice@example.org\r\n"


def without_attributes(kind: str, content: bytes, *, detached: bool) -> bytes:
    """Return a SignedData whose signature is over the content itself."""
    own = person(kind)
    certificate = Certificate.of_any(own.certificate)
    scheme = signatures.choose_scheme(certificate.public_key)
    info = SignerInfo.build(
        IssuerAndSerialNumber(certificate.issuer_raw, certificate.serial),
        scheme.digest_algorithm,
        None,
        scheme.algorithm,
        signatures.sign(own.private_key, scheme, content),
    )
    return build_signed_data(
        digest_algorithms=[scheme.digest_algorithm],
        content=None if detached else content,
        signer_infos=[info],
        certificates=[certificate.der, *(Certificate.of_any(c).der for c in own.chain)],
    )


def mail(kind: str, micalg: str = "sha-512") -> bytes:
    frame = multipart_signed([micalg])
    return b"".join((HEAD, frame.head, ENTITY, frame.middle, base64.encode(without_attributes(kind, ENTITY, detached=True)), frame.tail))


FORMS: dict[str, Callable[[str], bytes]] = {
    "detached": mail,
    "opaque": lambda kind: without_attributes(kind, ENTITY, detached=False),
}
KINDS = ["ed25519", "mldsa44", "rsa2048"]


@pytest.fixture(params=[f"{form}, {kind}" for form in FORMS for kind in KINDS])
def message(request: pytest.FixtureRequest) -> bytes:
    form, kind = request.param.split(", ")
    return FORMS[form](kind)


def test_signature_over_the_content_itself(message: bytes, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(message)
    policy = ARCHIVE.replace(check_sender=False)
    assert smime.verify(message, trust(), policy=policy).content == ENTITY
    smime.files.verify(source, None, trust(), policy=policy)
    smime.files.verify(io.BytesIO(message), tmp_path / "target", trust(), policy=policy)
    assert (tmp_path / "target").read_bytes() == ENTITY
    for identities in ((), (smime.Password("x"),)):
        unwrapped = smime.files.unwrap(source, tmp_path / "unwrapped", identities=identities, trust=trust(), policy=policy)
        assert unwrapped.status == "signed"
        assert (tmp_path / "unwrapped").read_bytes() == ENTITY
    assert smime.unwrap(message, trust=trust(), policy=policy).status == "signed"


def once(octets: bytes) -> Iterator[bytes]:
    for at in range(0, len(octets), 5000):
        yield octets[at : at + 5000]


def findings(error: smime.VerificationError) -> set[str]:
    return {f.code for f in error.report.all_findings()}


@pytest.mark.parametrize("kind", ["ed25519", "mldsa44"])
def test_a_source_that_passes_once_says_so(kind: str, tmp_path: Path) -> None:
    policy = ARCHIVE.replace(check_sender=False)
    with pytest.raises(smime.VerificationError) as caught:
        smime.files.verify(once(mail(kind)), None, trust(), policy=policy)
    assert caught.value.report.verdict is smime.Verdict.INDETERMINATE
    assert "content-not-kept" in findings(caught.value)
    smime.files.verify(once(mail(kind)), tmp_path / "target", trust(), policy=policy)  # the target is where it is kept


def test_content_larger_than_may_be_held_in_memory() -> None:
    policy = ARCHIVE.replace(check_sender=False, limits=smime.Limits(structure_size=1 << 20))
    with pytest.raises(smime.VerificationError) as caught:
        smime.verify(mail("ed25519"), trust(), policy=policy)
    assert caught.value.report.verdict is smime.Verdict.INDETERMINATE
    assert "content-too-long" in findings(caught.value)


def lying(attributes: bool) -> bytes:
    """Return a mail that announces another digest than its signature uses."""
    if not attributes:
        return mail("rsa2048", "sha-384")
    return smime.sign(HEAD + ENTITY, signer("rsa2048")).replace(b"sha-256", b"sha-384", 1)


@pytest.mark.parametrize("attributes", [True, False])
def test_digest_that_was_not_announced(attributes: bool, tmp_path: Path) -> None:
    message = lying(attributes)
    source = tmp_path / "source"
    source.write_bytes(message)
    policy: Any = ARCHIVE.replace(check_sender=False)
    for target in (None, tmp_path / "target"):
        verified = smime.files.verify(source, target, trust(), policy=policy)
        assert "micalg-mismatch" in {f.code for f in verified.report.all_findings()}
    assert smime.files.unwrap(source, None, trust=trust(), policy=policy).status == "signed"
    with pytest.raises(smime.VerificationError) as caught:
        smime.files.verify(once(message), None, trust(), policy=policy)
    assert caught.value.report.verdict is smime.Verdict.INDETERMINATE
    assert "micalg-mismatch-unverified" in findings(caught.value)


def test_another_recipient_that_matches(tmp_path: Path) -> None:
    """Two passwords match any password recipient: the first that fails is not the last that is tried."""
    source, target = tmp_path / "source", tmp_path / "target"
    passwords = [smime.Password("one"), smime.Password("two")]
    smime.files.encrypt(once(HEAD + ENTITY), source, passwords)
    smime.files.decrypt(source, target, smime.Password("two"))
    assert target.read_bytes().endswith(ENTITY)
    assert smime.files.unwrap(source, target, identities=smime.Password("two")).status == "encrypted"
