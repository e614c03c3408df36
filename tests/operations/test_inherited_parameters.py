"""DSA keys without parameters, which are those of the issuer's (RFC 3279 section 2.3.2): only the issuer of the path counts."""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.x509.oid import NameOID

import smime
from smime import policies
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes as attrs
from smime.cms.content_info import DATA
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.crypto import digests
from smime.x509.certificate import Certificate

NOW = datetime.datetime.now(datetime.timezone.utc)
ADDRESS = "diane@example.org"
DSA_WITH_SHA256 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.3.2")
POLICY = policies.ARCHIVE.replace(revocation="ignore")


@lru_cache(maxsize=4)
def parameters(number: int) -> dsa.DSAParameters:
    return dsa.generate_parameters(1024)


def certificate(name: str, key: Any, issuer: str, issuer_key: Any, *, authority: bool) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(ADDRESS)]), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())


def without_parameters(whole: bytes, issuer_key: dsa.DSAPrivateKey) -> bytes:
    """Return the certificate with the parameters left out of its key, signed again."""
    tbs, algorithm, _ = der.parse(whole).children
    spki = Certificate.of(whole).spki
    key, bits = der.parse(spki).children
    bare = writer.sequence(writer.sequence(key.children[0].raw), bits.raw)
    signed = writer.sequence(*(bare if field.raw == spki else field.raw for field in tbs.children))
    return writer.sequence(signed, algorithm.raw, writer.bit_string(issuer_key.sign(signed, hashes.SHA256())))


def signed_by(key: dsa.DSAPrivateKey, own: bytes, *others: bytes) -> bytes:
    facts = Certificate.of(own)
    digest_algorithm = digests.algorithm_identifier("sha256")
    signed = writer.set_of([attrs.content_type(DATA), attrs.message_digest(digests.digest("sha256", b"octets"))])
    sid = IssuerAndSerialNumber(facts.issuer_raw, facts.serial)
    info = SignerInfo.build(sid, digest_algorithm, signed, DSA_WITH_SHA256, key.sign(signed, hashes.SHA256()))
    return build_signed_data(digest_algorithms=[digest_algorithm], content=b"octets", signer_infos=[info], certificates=[own, *others])


def report_of(message: bytes, *anchors: x509.Certificate) -> smime.VerificationReport:
    try:
        return smime.verify(message, smime.TrustStore(list(anchors)), sender=ADDRESS, policy=POLICY).report
    except smime.VerificationError as error:
        return error.report


@pytest.fixture(scope="module")
def root_key() -> dsa.DSAPrivateKey:
    return parameters(0).generate_private_key()


@pytest.fixture(scope="module")
def root(root_key: dsa.DSAPrivateKey) -> x509.Certificate:
    return certificate("root", root_key, "root", root_key, authority=True)


def leaf(root_key: dsa.DSAPrivateKey, key: dsa.DSAPrivateKey) -> bytes:
    whole = certificate("diane", key, "root", root_key, authority=False)
    return without_parameters(Certificate.of_any(whole).der, root_key)


def test_parameters_of_the_issuer(root: x509.Certificate, root_key: dsa.DSAPrivateKey) -> None:
    key = parameters(0).generate_private_key()
    report = report_of(signed_by(key, leaf(root_key, key)), root)
    assert report.verdict is smime.Verdict.VALID, report.to_dict()
    assert "short-key" in {f.code for f in report.all_findings()}


def test_parameters_of_nobody(root: x509.Certificate, root_key: dsa.DSAPrivateKey) -> None:
    key = parameters(0).generate_private_key()
    report = report_of(signed_by(key, leaf(root_key, key), Certificate.of_any(root).der))
    assert report.verdict is smime.Verdict.INDETERMINATE
    assert report.signers[0].signature_valid is None


def test_parameters_of_somebody_else_are_not_taken(root: x509.Certificate, root_key: dsa.DSAPrivateKey) -> None:
    """The certificate is real; a planted one of its issuer's name has parameters for which the forger knows the private key."""
    own = parameters(0).generate_private_key()
    real = leaf(root_key, own)
    p, q = (getattr(parameters(0).parameter_numbers(), name) for name in "pq")
    y = own.public_key().public_numbers().y
    x = 0xF0F0F0F1
    g = pow(y, pow(x, -1, q), p)  # so that y = g ** x
    numbers = dsa.DSAParameterNumbers(p, q, g)
    forger = dsa.DSAPrivateNumbers(x, dsa.DSAPublicNumbers(y, numbers)).private_key()
    planted_key = numbers.parameters().generate_private_key()
    planted = certificate("root", planted_key, "root", planted_key, authority=True)
    message = signed_by(forger, real, Certificate.of_any(planted).der)
    report = report_of(message, root)
    assert report.verdict is smime.Verdict.INVALID
    assert report.signers[0].signature_valid is False
    alone = report_of(message)
    assert alone.verdict is not smime.Verdict.VALID
    good = signed_by(own, real, Certificate.of_any(planted).der)
    assert report_of(good, root).verdict is smime.Verdict.VALID
