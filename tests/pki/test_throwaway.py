from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp

from smime.pki.throwaway import DEMO_PASSWORD, KEY_KINDS, ThrowawayPKI


@pytest.mark.parametrize("kind", [kind for kind in KEY_KINDS if kind != "rsa3072"])
def test_every_kind_of_key_gets_a_certificate(kind: str) -> None:
    person = ThrowawayPKI().person("Alice", "alice@example.com", kind)
    assert person.certificate.public_key() == person.public_key
    assert person.pem.count(b"BEGIN CERTIFICATE") == 2


def test_keys_are_remembered_but_not_shared() -> None:
    pki = ThrowawayPKI()
    alice, bob = pki.person("Alice", "alice@example.com", "p256"), pki.person("Bob", "bob@example.com", "p256")
    assert alice.public_key != bob.public_key
    assert ThrowawayPKI().person("Carol", None, "p256").private_key is alice.private_key


def test_chain_leads_to_the_root() -> None:
    pki = ThrowawayPKI(key="rsa2048")
    person = pki.person("Alice", "alice@example.com", "p256", pss=True)
    assert person.chain == (pki.intermediate.certificate,)
    person.certificate.verify_directly_issued_by(person.chain[0])
    person.chain[0].verify_directly_issued_by(pki.root.certificate)


def test_write(tmp_path) -> None:
    pki = ThrowawayPKI()
    pki.person("Alice", "alice@example.com", "p256")
    pki.person("Zoë Müller", "zoë@example.com", "x25519")
    pki.write(tmp_path)
    assert {"root.pem", "intermediate.pem", "intermediate.crl", "alice.pem", "alice.crt", "alice.p12"} <= {
        p.name for p in tmp_path.iterdir()
    }
    key, certificate, chain = pkcs12.load_key_and_certificates((tmp_path / "alice.p12").read_bytes(), DEMO_PASSWORD.encode())
    assert key is not None
    assert certificate == pki.people[0].certificate
    assert len(chain) == 1


def test_revocation_information() -> None:
    pki = ThrowawayPKI()
    alice = pki.person("Alice", "alice@example.com", "p256")
    crl = pki.crl(revoked=[alice])
    assert crl.get_revoked_certificate_by_serial_number(alice.certificate.serial_number) is not None
    assert crl.is_signature_valid(pki.intermediate.certificate.public_key())
    assert ocsp.load_der_ocsp_response(pki.ocsp(alice)).certificate_status == ocsp.OCSPCertStatus.GOOD
