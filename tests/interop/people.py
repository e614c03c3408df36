"""The people of the interop tests: a root, an intermediate, and one person a kind of key, as files that every peer can read.

Made with `cryptography` alone, so that a fault of ours cannot hide in both the message and the keys.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = b"interop"
_DAY = datetime.timedelta(days=1)

KEYS: dict[str, Callable[[], Any]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "brainpool256": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "x25519": x25519.X25519PrivateKey.generate,
    "x448": x448.X448PrivateKey.generate,
}


@dataclass(frozen=True)
class Person:
    """A key and its certificate, as objects and as files."""

    name: str
    key: Any
    certificate: x509.Certificate
    folder: Path

    @property
    def address(self) -> str:
        return f"{self.name}@example.org"

    @property
    def key_file(self) -> Path:
        return self.folder / f"{self.name}.key.pem"

    @property
    def certificate_file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def pkcs12_file(self) -> Path:
        return self.folder / f"{self.name}.p12"

    @property
    def issuer_and_serial(self) -> tuple[x509.Name, int]:
        return self.certificate.issuer, self.certificate.serial_number


@dataclass(frozen=True)
class People:
    root: Person
    intermediate: Person
    persons: dict[str, Person]

    def __getitem__(self, name: str) -> Person:
        return self.persons[name]


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})


def _key_usage_of(key: Any) -> x509.KeyUsage:
    if isinstance(key, rsa.RSAPrivateKey):
        return _usage(digital_signature=True, key_encipherment=True)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _usage(digital_signature=True, key_agreement=True)
    if isinstance(key, x25519.X25519PrivateKey | x448.X448PrivateKey):
        return _usage(key_agreement=True)
    return _usage(digital_signature=True)


def _write(person: Person, chain: list[x509.Certificate]) -> None:
    person.certificate_file.write_bytes(person.certificate.public_bytes(serialization.Encoding.PEM))
    person.key_file.write_bytes(
        person.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    if isinstance(person.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        # the old encryption is what every peer reads
        encryption = (
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(2_000)
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())
            .build(PASSWORD)
        )
        data = pkcs12.serialize_key_and_certificates(person.name.encode(), person.key, person.certificate, chain, encryption)
        person.pkcs12_file.write_bytes(data)


def make(folder: Path) -> People:
    """Make everybody and write their files to the folder."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    def builder(name: str, public_key: Any, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Interop"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer if issuer.rdns else subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + days * _DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )

    def authority(name: str, signer: Person | None, path_length: int | None) -> Person:
        key = rsa.generate_private_key(65537, 2048)
        issuer = signer.certificate.subject if signer else x509.Name([])
        signing_key = signer.key if signer else key
        certificate = (
            builder(name, key.public_key(), issuer, 300)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
            .sign(signing_key, hashes.SHA256())
        )
        person = Person(name, key, certificate, folder)
        _write(person, [])
        return person

    root = authority("root", None, None)
    intermediate = authority("intermediate", root, 0)

    def person(name: str, key: Any) -> Person:
        certificate = (
            builder(name, key.public_key(), intermediate.certificate.subject, 200)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage_of(key), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(f"{name}@example.org")]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(intermediate.key.public_key()), critical=False)
            .sign(intermediate.key, hashes.SHA256())
        )
        made = Person(name, key, certificate, folder)
        _write(made, [intermediate.certificate])
        return made

    return People(root, intermediate, {name: person(name, make_key()) for name, make_key in KEYS.items()})
