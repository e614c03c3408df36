from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.errors import ParseError
from smime.pki.throwaway import ThrowawayPKI
from smime.pki.trust import TrustStore
from smime.x509.certificate import Certificate
from smime.x509.index import CertificateIndex

PKI = ThrowawayPKI()
ROOT, MIDDLE = PKI.root.certificate, PKI.intermediate.certificate


def subjects(store: TrustStore) -> set[str]:
    return {certificate.subject.partition(",")[0] for certificate in store.anchors.certificates}


def test_from_pem() -> None:
    text = b"intro\n" + ROOT.public_bytes(Encoding.PEM) + PKI.crl().public_bytes(Encoding.PEM) + MIDDLE.public_bytes(Encoding.PEM) * 2
    store = TrustStore.from_pem(text)
    assert subjects(store) == {"CN=Throwaway Root CA", "CN=Throwaway Issuing CA"}
    assert len(store.anchors) == 2
    assert len(store.crls) == 1
    more = TrustStore.from_pem(ROOT.public_bytes(Encoding.PEM), intermediates=[MIDDLE], crls=[PKI.crl(PKI.root)])
    assert (len(more.anchors), len(more.intermediates), len(more.crls)) == (1, 1, 1)


def test_from_path(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(ROOT.public_bytes(Encoding.PEM))
    (tmp_path / "b.der").write_bytes(MIDDLE.public_bytes(Encoding.DER))
    other = ThrowawayPKI("Other")
    (tmp_path / "c.p7c").write_bytes(pkcs7.serialize_certificates([other.root.certificate], Encoding.DER))
    (tmp_path / "d.crl").write_bytes(PKI.crl().public_bytes(Encoding.DER))
    (tmp_path / "README.txt").write_text("not a certificate", encoding="utf-8")
    store = TrustStore.from_path(tmp_path)
    assert subjects(store) == {"CN=Throwaway Root CA", "CN=Throwaway Issuing CA", "CN=Other Root CA"}
    assert len(store.crls) == 1
    for name in ("a.pem", "b.der", "c.p7c"):
        assert len(TrustStore.from_path(str(tmp_path / name)).anchors) == 1


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x03\x02\x01\x00"]
)
def test_what_holds_no_certificate(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ParseError):
        TrustStore.from_pem(data)
    (tmp_path / "x.pem").write_bytes(data)
    with pytest.raises(ParseError):
        TrustStore.from_path(tmp_path)
    with pytest.raises(ParseError):
        TrustStore.from_path(tmp_path / "x.pem")


def test_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TrustStore.from_path(tmp_path / "missing")


def test_anchors_that_are_not_for_mail() -> None:
    """OpenSSL's trusted form may say for what a certificate is trusted."""
    from base64 import encodebytes

    from smime.asn1 import writer

    def trusted(aux: bytes) -> bytes:
        der = ROOT.public_bytes(Encoding.DER) + aux
        return b"-----BEGIN TRUSTED CERTIFICATE-----\n" + encodebytes(der) + b"-----END TRUSTED CERTIFICATE-----\n"

    mail, server = writer.oid("1.3.6.1.5.5.7.3.4"), writer.oid("1.3.6.1.5.5.7.3.1")
    assert len(TrustStore.from_pem(trusted(writer.sequence())).anchors) == 1
    assert len(TrustStore.from_pem(trusted(writer.sequence(writer.sequence(mail, server)))).anchors) == 1
    assert len(TrustStore.from_pem(trusted(writer.sequence(writer.sequence(server)))).anchors) == 0
    assert len(TrustStore.from_pem(trusted(writer.sequence(writer.tlv(0xA0, mail)))).anchors) == 0
    assert len(TrustStore.from_pem(trusted(writer.sequence(writer.tlv(0xA0, server)))).anchors) == 1


def test_find() -> None:
    root, middle = Certificate.of_any(ROOT), Certificate.of_any(MIDDLE)
    store = TrustStore([ROOT], [MIDDLE])
    assert store.find(IssuerAndSerialNumber(middle.issuer_raw, middle.serial)) == [middle]
    assert store.find(SubjectKeyIdentifier(root.ski or b"")) == [root]
    assert store.find(SubjectKeyIdentifier(b"?")) == []


def test_an_index_finds_names_by_octets_and_by_likeness() -> None:
    index = CertificateIndex([Certificate.of_any(ROOT), Certificate.of_any(MIDDLE)])
    name = Certificate.of_any(ROOT).subject_raw
    loud = name.replace(b"Throwaway Root CA", b"THROWAWAY ROOT CA")
    assert index.named(name) == [Certificate.of_any(ROOT)]
    assert index.alike(name) == []
    assert index.named(loud) == ()
    assert index.alike(loud) == [Certificate.of_any(ROOT)]


def test_repr() -> None:
    assert repr(TrustStore([ROOT], [MIDDLE], [PKI.crl()])) == "<TrustStore: 1 anchors, 1 intermediates, 1 CRLs>"
