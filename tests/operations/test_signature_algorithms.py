"""Every digest with every kind of key (RFC 5754, 8419, 8702, 9688, 9882), and schemes over the content itself, without attributes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.operations.people import ADDRESS, person, signer, trust

import smime
from smime.algorithms import DIGESTS_BY_NAME
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.crypto import digests, signatures
from smime.errors import UnsupportedError
from smime.report import Verdict
from smime.x509.certificate import Certificate

SHA2 = ("sha224", "sha256", "sha384", "sha512")
SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")
SHAKE = ("shake128", "shake256")
COMBINATIONS: list[tuple[str, dict[str, Any]]] = [
    *(("rsa2048", {"digest": digest}) for digest in (*SHA2, *SHA3)),
    *(("rsa2048", {"digest": digest, "pss": True}) for digest in (*SHA2, *SHA3)),
    *(("p256", {"digest": digest}) for digest in (*SHA2, *SHA3, *SHAKE)),
    *(("p521", {"digest": digest}) for digest in ("sha512", "sha3-512", "shake256")),
    *((f"brainpoolp{size}r1", {}) for size in (256, 384, 512)),
    *(("mldsa44", {"digest": digest}) for digest in ("sha256", "sha512", "sha3-256", "shake128", "shake256")),
    *(("mldsa65", {"digest": digest}) for digest in ("sha384", "sha512", "sha3-384", "shake256")),
    *(("mldsa87", {"digest": digest}) for digest in ("sha512", "sha3-512", "shake256")),
]


@pytest.mark.parametrize(("key", "options"), COMBINATIONS, ids=lambda value: str(value).replace(" ", ""))
def test_there_and_back(key: str, options: dict[str, Any]) -> None:
    signed = smime.sign(b"octets", signer(key, **options), detached=False, encoding="der")
    report = smime.verify(signed, trust(), sender=ADDRESS).report.signers[0]
    assert report.verdict is Verdict.VALID
    assert report.digest_algorithm == options.get("digest", report.digest_algorithm)
    assert report.digest_algorithm in DIGESTS_BY_NAME
    changed = signed.replace(b"octets", b"Octets", 1)
    with pytest.raises(smime.VerificationError):
        smime.verify(changed, trust(), sender=ADDRESS)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("rsa2048", {"digest": "sha1"}),
        ("p256", {"digest": "md5"}),
        ("rsa2048", {"digest": "shake256"}),  # `cryptography` makes no RSASSA-PSS with SHAKE
        ("rsa2048", {"digest": "shake256", "pss": True}),
        ("ed25519", {"digest": "sha256"}),
        ("mldsa87", {"digest": "sha256"}),  # RFC 9882 section 3.3
        ("p256", {"digest": "rot13"}),
    ],
)
def test_what_is_not_written(key: str, options: dict[str, Any]) -> None:
    own = person(key)
    with pytest.raises(UnsupportedError):
        smime.Signer(own.private_key, own.certificate, **options)


@pytest.mark.parametrize("size", [0, 6, 100_000])
@pytest.mark.parametrize("key", ["rsa2048", "p256", "ed25519", "ed448", "mldsa44", "mldsa65", "mldsa87"])
def test_without_attributes(key: str, size: int) -> None:
    """The signature is over the content: its digest for RSA and ECDSA, itself for the others (RFC 8419 section 3, RFC 9882 section 3.1)."""
    own, content = person(key), b"x" * size
    facts = Certificate.of_any(own.certificate)
    scheme = signatures.choose_scheme(facts.public_key)
    named = "shake256" if key == "ed448" else scheme.digest  # RFC 8419 section 3.2: shake256 without attributes
    algorithm = digests.algorithm_identifier(named)
    sid = IssuerAndSerialNumber(facts.issuer_raw, facts.serial)
    info = SignerInfo.build(sid, algorithm, None, scheme.algorithm, signatures.sign(own.private_key, scheme, content))
    certificates = [facts.der, *(Certificate.of_any(other).der for other in own.chain)]
    whole = {"digest_algorithms": [algorithm], "signer_infos": [info], "certificates": certificates}
    for message, given in (
        (build_signed_data(content=content, **whole), None),  # type: ignore[arg-type] # as they are named
        (build_signed_data(content=None, **whole), content),  # type: ignore[arg-type] # as they are named
    ):
        report = smime.verify(message, trust(), sender=ADDRESS, content=given).report.signers[0]
        assert report.verdict is Verdict.VALID
        assert "no-signed-attributes" in {f.code for f in report.findings}
    with pytest.raises(smime.VerificationError):
        smime.verify(build_signed_data(content=None, **whole), trust(), sender=ADDRESS, content=content + b"!")  # type: ignore[arg-type] # as they are named
