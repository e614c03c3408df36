"""Keys whose OID says what they are for: RSASSA-PSS and RSAES-OAEP (RFC 4055), RSA-KEM (RFC 9690), in every kind of key store."""

from __future__ import annotations

import datetime
from functools import lru_cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.hostile.builder import NOW, pki

import smime
from smime.asn1 import der, pem, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms.reader import AuthEnvelopedDataHead, read
from smime.cms.recipient_info import KEMRecipientInfo, KeyTransRecipientInfo
from smime.crypto import content_encryption, kdf, key_transport, rsa_parameters, signatures
from smime.pki.keystores.read import read_keys
from smime.x509.certificate import Certificate

PSS, OAEP, KEM = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.7", "1.2.840.113549.1.9.16.3.14"
ADDRESS = "restricted@example.org"
FORMS = [
    (PSS, None),
    (PSS, writer.NULL),
    (PSS, rsa_parameters.pss_algorithm("sha384").parameters),
    (OAEP, None),
    (OAEP, writer.NULL),
    (OAEP, key_transport.oaep_algorithm("sha512").parameters),
    (KEM, None),
]


@lru_cache(maxsize=1)
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pkcs8(oid: str, parameters: bytes | None) -> bytes:
    plain = key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    version, _, octets = der.parse(plain).children
    return writer.sequence(version.raw, AlgorithmIdentifier.build(oid, parameters).raw, octets.raw)


def encrypted(octets: bytes, password: bytes) -> bytes:
    """PBES2 with PBKDF2 and AES-256-CBC (RFC 8018 section 6.2)."""
    derivation = kdf.pbkdf2_algorithm(32, iterations=1000)
    secret = kdf.from_password(derivation, password, 32)
    cipher, ciphertext, _ = content_encryption.encrypt("aes-256-cbc", secret, octets)
    parameters = writer.sequence(derivation.raw, cipher.raw)
    return writer.sequence(AlgorithmIdentifier.build("1.2.840.113549.1.5.13", parameters).raw, writer.octet_string(ciphertext))


@pytest.mark.parametrize(("oid", "parameters"), FORMS)
def test_every_form_loads(oid: str, parameters: bytes | None) -> None:
    octets = pkcs8(oid, parameters)
    for data, password in (
        (octets, None),
        (pem.encode("PRIVATE KEY", octets), None),
        (encrypted(octets, b"secret"), "secret"),
        (pem.encode("ENCRYPTED PRIVATE KEY", encrypted(octets, b"secret")), "secret"),
    ):
        (loaded,) = read_keys(data, password).keys
        assert loaded.private_numbers() == key().private_numbers()
    with pytest.raises(smime.ParseError, match="password"):
        read_keys(encrypted(octets, b"secret"), "wrong")


def certificate(oid: str, parameters: bytes | None, *, usage: str) -> bytes:
    """Return a certificate of the PKI whose key states this algorithm."""
    issuer = pki().intermediate
    flags = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    plain = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"restricted to {oid}")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=300))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(ADDRESS)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**flags | {usage: True}), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()), critical=False)  # type: ignore[arg-type] # RSA or EC
        .sign(issuer.private_key, issuer.certificate.signature_hash_algorithm)  # type: ignore[arg-type] # of the same kind
    )
    whole = Certificate.of_any(plain)
    tbs, algorithm, _ = der.parse(whole.der).children
    _, bits = der.parse(whole.spki).children
    stated = writer.sequence(AlgorithmIdentifier.build(oid, parameters).raw, bits.raw)
    signed = writer.sequence(*(stated if field.raw == whole.spki else field.raw for field in tbs.children))
    scheme = signatures.choose_scheme(issuer.private_key.public_key())
    assert scheme.algorithm.oid == AlgorithmIdentifier.from_element(algorithm).oid
    return writer.sequence(signed, algorithm.raw, writer.bit_string(signatures.sign(issuer.private_key, scheme, signed)))


@pytest.mark.parametrize(("oid", "parameters"), [form for form in FORMS if form[0] != PSS and form[1] != writer.NULL])
def test_who_encrypts_keeps_to_it(oid: str, parameters: bytes | None) -> None:
    """Whatever the policy prefers, the key is used for what it is for, and for nothing else."""
    own = certificate(oid, parameters, usage="key_encipherment")
    identities = smime.load_identities(pem.encode("PRIVATE KEY", pkcs8(oid, parameters)), certificates=own)
    message = smime.encrypt(b"octets", [own], encoding="der", policy=smime.policies.OLDER_READERS, content_encryption="aes-256-gcm")
    (head, *_) = read(message)
    assert isinstance(head, AuthEnvelopedDataHead)
    (info,) = head.recipient_infos
    if oid == KEM:
        assert isinstance(info, KEMRecipientInfo)
    else:
        assert isinstance(info, KeyTransRecipientInfo)
        stated = key_transport.parse_oaep(info.key_encryption_algorithm.parameters or b"")
        assert stated.digest == ("sha256" if parameters is None else "sha512")
    assert smime.decrypt(message, identities).content == b"octets"
    for transport in {"rsaEncryption", "rsaes-oaep", "rsa-kem"} - {"rsa-kem" if oid == KEM else "rsaes-oaep"}:
        with pytest.raises(smime.KeyMismatchError):
            smime.Recipient(own, key_transport=transport)


@pytest.mark.parametrize("parameters", [form[1] for form in FORMS if form[0] == PSS and form[1] != writer.NULL])
def test_who_signs_keeps_to_it(parameters: bytes | None) -> None:
    own = certificate(PSS, parameters, usage="digital_signature")
    (identity,) = smime.load_identities(pem.encode("PRIVATE KEY", pkcs8(PSS, parameters)), certificates=own)
    signer = smime.Signer(identity.private_key, own, [pki().intermediate.certificate])
    assert signer.scheme.name == "RSASSA-PSS"
    assert signer.scheme.digest == ("sha256" if parameters is None else "sha384")
    signed = smime.sign(b"octets", signer, detached=False, encoding="der")
    trust = smime.TrustStore([pki().root.certificate])
    assert smime.verify(signed, trust, sender=ADDRESS).report.verdict is smime.Verdict.VALID
    for_all = certificate(PSS, parameters, usage="key_encipherment")
    for transport in (None, "rsaEncryption", "rsaes-oaep", "rsa-kem"):
        with pytest.raises(smime.KeyMismatchError, match="RSASSA-PSS only"):
            smime.Recipient(for_all, key_transport=transport)
