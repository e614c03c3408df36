"""Every row of the collections of third-party messages, through the public functions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests import corpora
from tests.effort import linear
from tests.vectors import cases

import smime
from smime import policies
from smime.errors import SMIMEError
from smime.report import Verdict

if TYPE_CHECKING:
    from pathlib import Path


KNOWN = {
    "lamps-pqc/cms-kyber/example/ML-KEM-512.cms": (
        "ML-KEM-512: cryptography has 768 and 1024 only, so the key does not load (UnsupportedError)"
    ),
    "mbedtls-pkcs7/data_files/pkcs7_data_cert_signeddata_sha256.der": (
        "a SignedData without the ContentInfo that RFC 5652 section 3 puts around it: mbedtls reads it, OpenSSL and this library do not"
    ),
}
"""Rows that say otherwise than the library, each with the reason."""

ROWS = [pytest.param(case, id=case.name) for case in cases.cases() if case.row["corpus"] not in {"hostile"}]
HOSTILE = [pytest.param(case, id=case.name) for case in cases.of("hostile", "mbedtls-pkcs7")]
absent = pytest.mark.skipif(corpora.find() is None, reason="the corpora of third-party messages are not here (SMIME_CORPORA)")


@absent
@pytest.mark.parametrize("case", ROWS)
def test_row(case: cases.Case, record_property: pytest.RecordProperty) -> None:
    said = cases.run(case.row)
    known = case.name in KNOWN
    record_property("corpora", (case.row["corpus"], "known" if known and not said.agrees else "right" if said.agrees else "WRONG"))
    if known:
        assert not said.agrees, f"the row is right now; take it out of KNOWN: {said.what}"
    else:
        assert said.agrees, f"{case.row['op']} should be {case.row['expected']} ({case.row.get('note', '')}); got {said.what}"


@absent
@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_escapes_and_nothing_takes_long(case: cases.Case, record_property: pytest.RecordProperty) -> None:
    cases.keyring()  # made once, and not the file's fault
    octets = cases.octets(case.row["file"])
    with linear(4 * len(octets)):
        said = list(cases.everything(octets))
    assert len(said) == 4
    if case.row["corpus"] == "hostile":
        record_property("corpora", ("hostile", "right"))


@absent
def test_known_rows_exist() -> None:
    assert set(KNOWN) <= {case.name for case in cases.cases()}


def _mail_files() -> list[Path]:
    folder = corpora.find()
    if folder is None:
        return []
    return [
        path
        for name in ("mime", "notmuch", "mimekit", "protected-headers")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    ]


@absent
def test_every_mail_of_every_collection_is_unwrapped() -> None:
    said: Counter[str] = Counter()
    for path in _mail_files():
        octets = path.read_bytes()
        try:
            with linear(len(octets)):
                result = smime.unwrap(octets, policy=policies.ARCHIVE)
        except SMIMEError as error:
            said[type(error).__name__] += 1
        else:
            said[result.status] += 1
            assert result.to_dict()["status"] == result.status
            if not result.layers:
                assert result.content == octets, f"{path}: without a layer the content is the message"
    assert said["unprotected"] > 1000, said


@absent
@pytest.mark.parametrize("folder", ["notmuch/test/corpora", "mime/kmime", "mime/mikel-mail", "mime/roundcube", "mime/neomutt"])
def test_no_mail_is_signed_without_anchors(folder: str) -> None:
    for path in sorted(p for p in (cases.folder() / folder).rglob("*") if p.is_file()):
        try:
            status = smime.unwrap(path.read_bytes(), policy=policies.ARCHIVE).status
        except SMIMEError:
            continue
        assert status in {"unprotected", "encrypted"}, path


@absent
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("smime-onepart-signed", "signed"),
        ("smime-multipart-signed", "signed"),
        ("smime-enc+legacy-disp", "encrypted"),
        ("smime-sign+enc", "signed-and-encrypted"),
        ("smime-sign+enc+legacy-disp", "signed-and-encrypted"),
    ],
)
@pytest.mark.parametrize("collection", ["notmuch/test/corpora/protected-headers", "protected-headers"])
def test_protected_headers(collection: str, name: str, status: str) -> None:
    base = cases.folder() / "protected-headers"
    message = (cases.folder() / collection / f"{name}.eml").read_bytes()
    bob = smime.load_identities(base / "keys/bob.key", certificates=base / "keys/bob.crt")
    result = smime.unwrap(message, identities=bob, trust=smime.TrustStore.from_path(base / "sample-ca.pem"), policy=policies.ARCHIVE)
    assert result.status == status
    deepest = base / (f"{name}.inner.inner" if status == "signed-and-encrypted" else f"{name}.inner")
    if deepest.is_file():
        assert cases.same_text(result.content, deepest.read_bytes())


@absent
@pytest.mark.parametrize("level", ["44", "65", "87"])
def test_ml_dsa_examples(level: str) -> None:
    (case,) = (c for c in cases.of("lamps-pqc") if c.name.endswith(f"mldsa{level}-signed-attrs.pem"))
    policy = policies.RFC8551.replace(check_sender=False)
    report = smime.verify(cases.octets(case.row["file"]), cases.store_of(case.row), policy=policy).report
    assert report.signers[0].signature_algorithm == f"ML-DSA-{level}"


@absent
def test_two_dsa_signers() -> None:
    (case,) = (c for c in cases.of("rfc4134") if c.name.endswith("/4.6.bin"))
    message, at, policy = cases.octets(case.row["file"]), cases.at_of(case.row), cases.policy_of(case.row)
    report = smime.verify(message, cases.store_of(case.row), at=at, policy=policy).report
    assert [signer.verdict for signer in report.signers] == [Verdict.VALID, Verdict.VALID]
    # Diane inherits the parameters of her key from the issuer (RFC 3279 section 2.3.2): without a path nobody knows them
    with pytest.raises(smime.VerificationError) as refused:
        smime.verify(message, smime.TrustStore([]), at=at, policy=policy)
    assert [signer.signature_valid for signer in refused.value.report.signers] == [True, None]


@absent
def test_countersignature_of_rfc4134() -> None:
    (case,) = (c for c in cases.of("rfc4134") if c.name.endswith("/4.4.bin"))
    verified = smime.verify(
        cases.octets(case.row["file"]), cases.store_of(case.row), at=cases.at_of(case.row), policy=cases.policy_of(case.row)
    )
    (countersigner,) = verified.report.signers[0].countersigners
    assert countersigner.signature_valid is True
    assert countersigner.digest_matches is True
    assert verified.content == cases.octets("rfc4134/rfc4134/ExContent.bin")


VERIFIED = [
    pytest.param(case, id=case.name)
    for case in cases.of("pkits-smime", "rfc4134", "protected-headers", "mimekit", "openssl")
    if case.row["op"] == "verify" and "anchors" in case.row
]


@absent
@pytest.mark.parametrize("case", VERIFIED)
def test_files_and_pieces_say_the_same(case: cases.Case, tmp_path: Path) -> None:
    """One message as octets, as a file and in pieces of 100 octets: one verdict."""
    trust, at, policy = cases.store_of(case.row), cases.at_of(case.row), cases.policy_of(case.row)
    message = cases.octets(case.row["file"])
    machine = smime.MessageVerifier(trust, at=at, policy=policy)

    def pieces() -> smime.VerifiedMessage:
        for start in range(0, len(message), 100):
            machine.update(message[start : start + 100])
        return machine.finalize()

    target = tmp_path / "content"
    told = []
    for action in (
        lambda: smime.verify(message, trust, at=at, policy=policy),
        lambda: smime.files.verify(cases.folder() / case.row["file"], target, trust, at=at, policy=policy),
        pieces,
    ):
        try:
            told.append((action().report.verdict, ()))
        except smime.VerificationError as error:
            told.append((error.report.verdict, tuple(f.code for f in error.report.all_findings())))
    assert told[0] == told[1] == told[2]
    assert target.exists() is (told[0][0] is Verdict.VALID)
