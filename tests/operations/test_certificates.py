"""Certificates-only messages: written, read, and never taken for signed ones."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import smime
from smime.pki.throwaway import ThrowawayPKI
from smime.x509.certificate import Certificate

PKI = ThrowawayPKI()
CERTIFICATES = [PKI.person("Alice", "alice@example.org", key="p256").certificate, PKI.intermediate.certificate]
DERS = sorted(Certificate.of_any(certificate).der for certificate in CERTIFICATES)
CRL = PKI.crl()


@pytest.mark.parametrize("encoding", ["smime", "der", "pem"])
@pytest.mark.parametrize("crls", [[], [CRL]], ids=["", "crl"])
def test_what_is_written_is_read(encoding: str, crls: list[object]) -> None:
    message = smime.certificates_only(CERTIFICATES, crls, encoding=encoding)  # type: ignore[arg-type]
    opened = smime.unwrap(message)
    assert [layer.kind for layer in opened.layers] == ["certificates"]
    assert opened.status == "unprotected"
    with pytest.raises(smime.NotProtected, match="certificates only"):
        smime.verify(message, smime.TrustStore([PKI.root.certificate]))


def test_the_header_says_what_it_is() -> None:
    message = smime.certificates_only(CERTIFICATES)
    assert b"smime-type=certs-only" in message
    assert b"smime.p7c" in message


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_openssl_reads_them() -> None:
    text = subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER", "-print_certs"],
        input=smime.certificates_only(CERTIFICATES, encoding="der"),
        capture_output=True,
        check=True,
    ).stdout
    assert text.count(b"BEGIN CERTIFICATE") == 2


def test_nothing_to_hand_on() -> None:
    with pytest.raises(ValueError, match="nothing"):
        smime.certificates_only([])
    with pytest.raises(smime.ParseError):
        smime.certificates_only([b"no certificate"])
