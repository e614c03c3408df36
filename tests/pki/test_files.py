"""Certificates are read from certificates alone: what somebody has signed vouches for nobody, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from tests.hostile.builder import SignedData, der_of
from tests.operations.signed.test_timestamps import token

import smime
from smime.asn1 import pem, writer
from smime.errors import ParseError, SMIMEError
from smime.operations.certificates import certificates_only
from smime.pki.keystores.read import read_certificates, read_folder
from smime.pki.throwaway import ThrowawayPKI

PKI = ThrowawayPKI()
ROOT = PKI.root.certificate.public_bytes(Encoding.PEM)
MALLORY = PKI.person("Alice", "alice@example.org", "p256", self_signed=True)
SIGNER = smime.Signer(MALLORY.private_key, MALLORY.certificate)
MAIL = b"From: alice@example.org\r\nContent-Type: text/plain\r\n\r\nPay 4711.\r\n"
DETACHED = smime.sign(b"any content", SIGNER, encoding="der")
OPAQUE = smime.sign(b"any content", SIGNER, detached=False, encoding="der")


def indefinite(der: bytes) -> bytes:
    """Return the same with an outermost length that is not told in advance."""
    assert der[1] == 0x82
    return b"\x30\x80" + der[4:] + b"\0\0"


SIGNED: dict[str, bytes] = {
    "detached": DETACHED,
    "opaque": OPAQUE,
    "indefinite length": indefinite(DETACHED),
    "PEM, PKCS7": pem.encode("PKCS7", DETACHED),
    "PEM, CMS": pem.encode("CMS", OPAQUE),
    "PEM, PKCS #7 SIGNED DATA": pem.encode("PKCS #7 SIGNED DATA", DETACHED),
    "after a root, PEM": ROOT + pem.encode("PKCS7", DETACHED),
    "before a root, PEM": pem.encode("PKCS7", DETACHED) + ROOT,
    "after a root, DER": PKI.root.certificate.public_bytes(Encoding.DER) + DETACHED,
    "after a certs-only one": certificates_only([PKI.root.certificate], encoding="der") + DETACHED,
    "after a certs-only one of indefinite length": indefinite(certificates_only([PKI.root.certificate, *PKI.anchors], encoding="der"))
    + DETACHED,
    "timestamp token": token(b"signature"),
    "nothing but an unknown version of signer": SignedData(
        [writer.sequence(writer.integer(9), writer.octet_string(b"?"))], certificates=[der_of(MALLORY.certificate)]
    ).der(),
    "content without a signer": SignedData([], content=b"text", certificates=[der_of(MALLORY.certificate)]).der(),
}


@pytest.mark.parametrize("data", SIGNED.values(), ids=SIGNED.keys())
def test_a_signature_is_no_source(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SMIMEError):
        smime.TrustStore.from_pem(data)
    for name in ("smime.p7s", "roots.pem", "ca.p7c", "ca.cer"):
        (tmp_path / name).write_bytes(data)
        (tmp_path / "root.pem").write_bytes(ROOT)
        for path in (tmp_path / name, tmp_path):
            with pytest.raises(ParseError, match=name):
                smime.TrustStore.from_path(path)
        (tmp_path / name).unlink()


def test_what_it_says() -> None:
    with pytest.raises(ParseError, match="signed by 1, and certificates are taken from what nobody signed"):
        read_certificates(DETACHED)


def test_what_is_nobodys_signature_is_read_as_before(tmp_path: Path) -> None:
    certificates = [PKI.root.certificate, PKI.intermediate.certificate]
    for number, data in enumerate(
        (
            certificates_only(certificates, [PKI.crl()], encoding="der"),
            certificates_only(certificates, [PKI.crl()], encoding="pem"),
            pkcs7.serialize_certificates(certificates, Encoding.PEM),
            indefinite(pkcs7.serialize_certificates(certificates, Encoding.DER)),
            SignedData([], certificates=[der_of(one) for one in certificates], content=b"").der(),  # eContent is there, and empty
        )
    ):
        assert len(smime.TrustStore.from_pem(data).anchors) == 2
        (tmp_path / f"{number}.p7b").write_bytes(data)
    assert len(read_folder(tmp_path).certificates) == 2


MAILS: dict[str, bytes] = {
    "with a certificate in its text": MAIL + ROOT,
    "signed, with a certificate in its text": smime.sign(MAIL + ROOT, SIGNER),
    "with LF": (MAIL + ROOT).replace(b"\r\n", b"\n"),
    "behind a certificate": ROOT + MAIL + ROOT,
    "behind a separator of an mbox": b"From alice Mon Dec  1 10:00:00 2025\n" + MAIL + ROOT,
}


@pytest.mark.parametrize("data", MAILS.values(), ids=MAILS.keys())
def test_a_mail_is_no_source(data: bytes) -> None:
    """PEM may have text around it, but a certificate that somebody has mailed is not one that somebody has chosen to trust."""
    with pytest.raises(ParseError, match="mail"):
        smime.TrustStore.from_pem(data)


@pytest.mark.parametrize(
    "text", [b"Subject: CN=Root\nIssuer: CN=Root\n", b"# Content-Type: of this file\n", "## Wurzel für Post\n".encode()]
)
def test_other_text_around_pem(text: bytes) -> None:
    assert len(smime.TrustStore.from_pem(text + ROOT).anchors) == 1


OTHERS: dict[str, Callable[[], bytes]] = {
    "encrypted": lambda: smime.encrypt(ROOT, [PKI.person("Bob", "bob@example.org").certificate], encoding="der"),
    "compressed signature": lambda: smime.compress(smime.sign(MAIL, SIGNER), encoding="der"),
    "key store": lambda: MALLORY.pkcs12("secret"),
    "key store in PEM": lambda: pem.encode("PKCS12", MALLORY.pkcs12("secret")),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS.keys())
def test_other_things_that_hold_certificates(tmp_path: Path, make: Callable[[], bytes]) -> None:
    """A key store's certificates are its owner's and whoever issued them: to trust all of them is nobody's wish."""
    data = make()
    with pytest.raises(ParseError):
        smime.TrustStore.from_pem(data)
    (tmp_path / "store.cer").write_bytes(data)
    with pytest.raises(ParseError, match=r"store\.cer"):
        smime.TrustStore.from_path(tmp_path)
