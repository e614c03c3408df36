from __future__ import annotations

import pickle
import re
from base64 import b64decode
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.corpora import corpora_path, rows

from smime._kernels import certificate as _kernel
from smime.asn1 import tlv, writer
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import Limits
from smime.pki.keystores.read import read_certificates
from smime.pki.throwaway import ThrowawayPKI, smtp_utf8_mailbox
from smime.x509 import names
from smime.x509.addresses import parse_address
from smime.x509.certificate import Certificate

PKI = ThrowawayPKI()


def facts(person: Any) -> Certificate:
    return Certificate.of(getattr(person, "certificate", person).public_bytes(Encoding.DER))


def test_facts_are_those_of_cryptography() -> None:
    person = PKI.person("Alice", "alice@example.com", "rsa2048")
    certificate, loaded = facts(person), person.certificate
    assert certificate.serial == loaded.serial_number
    assert certificate.issuer_raw == loaded.issuer.public_bytes()
    assert certificate.subject_raw == loaded.subject.public_bytes()
    assert certificate.not_before == loaded.not_valid_before_utc
    assert certificate.not_after == loaded.not_valid_after_utc
    assert certificate.public_key == loaded.public_key()
    assert certificate.tbs == loaded.tbs_certificate_bytes
    assert certificate.signature == loaded.signature
    assert certificate.ski == loaded.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert certificate.aki == loaded.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert certificate.key_usage == {"digitalSignature", "nonRepudiation", "keyEncipherment"}
    assert certificate.extended_key_usage == ("1.3.6.1.5.5.7.3.4",)
    assert certificate.basic_constraints == (False, None)
    assert (certificate.is_ca, certificate.self_issued, certificate.version) == (False, False, 3)
    assert (certificate.key_kind, certificate.rsa_bits) == ("RSA", 2048)
    assert certificate.x509 == loaded
    assert certificate.fault is None
    assert facts(PKI.intermediate).is_ca
    assert facts(PKI.intermediate).basic_constraints == (True, 0)
    assert facts(PKI.root).self_issued


def test_the_cache_returns_the_same_object() -> None:
    der = PKI.root.certificate.public_bytes(Encoding.DER)
    assert Certificate.of(der) is Certificate.of(bytes(bytearray(der)))
    assert pickle.loads(pickle.dumps(Certificate.of(der))) is Certificate.of(der)


def test_summary() -> None:
    summary = facts(PKI.person("Alice", "alice@example.com", "p256")).summary
    assert summary.subject == "CN=Alice,O=Throwaway"
    assert summary.addresses == ("alice@example.com",)
    assert summary.key == "EC P-256"
    assert len(summary.sha256) == 64
    assert summary.to_dict()["issuer"] == "CN=Throwaway Issuing CA,O=Throwaway"


def test_identifiers() -> None:
    certificate = facts(PKI.person("Alice", "alice@example.com", "p256"))
    assert certificate.matches(IssuerAndSerialNumber(certificate.issuer_raw, certificate.serial))
    assert not certificate.matches(IssuerAndSerialNumber(certificate.issuer_raw, certificate.serial + 1))
    assert not certificate.matches(IssuerAndSerialNumber(certificate.subject_raw, certificate.serial))
    assert certificate.ski is not None
    assert certificate.matches(SubjectKeyIdentifier(certificate.ski))
    assert not certificate.matches(SubjectKeyIdentifier(certificate.ski[:-1]))
    without = facts(PKI.person("Bob", "bob@example.com", "p256", subject_key_identifier=False))
    assert without.ski is None
    assert not without.matches(SubjectKeyIdentifier(b""))


def a_name(*attributes: tuple[str, int, bytes]) -> bytes:
    return writer.sequence(*(writer.set_of([writer.sequence(writer.oid(oid), writer.tlv(tag, text))]) for oid, tag, text in attributes))


def test_names_compare_as_rfc_5280_says() -> None:
    plain = a_name(("2.5.4.10", 0x13, b"Example Org"), ("2.5.4.3", 0x13, b"Root CA"))
    same = a_name(("2.5.4.10", 0x0C, b"  example   ORG "), ("2.5.4.3", 0x1E, "Root CA".encode("utf-16-be")))
    other = a_name(("2.5.4.10", 0x0C, b"example org"), ("2.5.4.3", 0x0C, b"Root CA 2"))
    reordered = a_name(("2.5.4.3", 0x13, b"Root CA"), ("2.5.4.10", 0x13, b"Example Org"))
    assert names.comparable(plain) == names.comparable(same)
    assert names.comparable(plain) != names.comparable(other)
    assert names.comparable(plain) != names.comparable(reordered)
    assert names.comparable(b"junk") == (b"junk",)


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        (0x17, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        (0x17, b"500101000000Z", datetime(1950, 1, 1, tzinfo=timezone.utc)),
        (0x17, b"9901010000Z", datetime(1999, 1, 1, tzinfo=timezone.utc)),
        (0x17, b"990101000000+0100", datetime(1998, 12, 31, 23, tzinfo=timezone.utc)),
        (0x18, b"20500101000000Z", datetime(2050, 1, 1, tzinfo=timezone.utc)),
        (0x18, b"20500101000000.5Z", datetime(2050, 1, 1, tzinfo=timezone.utc)),
        (0x18, b"99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_times(tag: int, text: bytes, expected: datetime) -> None:
    assert tlv.time(tag, text) == expected


@pytest.mark.parametrize(
    ("tag", "text"),
    [(0x17, b""), (0x17, b"Z"), (0x17, b"991301000000Z"), (0x18, b"9912Z"), (0x04, b"990101000000Z"), (0x17, b"\xb2\xb2" * 6)],
)
def test_bad_times(tag: int, text: bytes) -> None:
    with pytest.raises(ParseError):
        tlv.time(tag, text)


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        ("alice@example.com", "rfc822Name", None),
        ('"alice smith"@example.com', "rfc822Name", None),
        ("alice@[192.0.2.1]", "rfc822Name", None),
        ("alice@EXAMPLE.com", "rfc822Name", None),
        ("zoë@example.com", "SmtpUTF8Mailbox", None),
        ("zoë@xn--bcher-kva.example", "SmtpUTF8Mailbox", None),
        ("alice", "rfc822Name", "local-part@domain"),
        ("@example.com", "rfc822Name", "local-part@domain"),
        ("alice@", "rfc822Name", "local-part@domain"),
        ("alice@example.com\0.evil.example", "rfc822Name", "domain"),
        ("ali\0ce@example.com", "rfc822Name", "characters"),
        ("Alice <alice@example.com>", "rfc822Name", "domain"),
        ("alice,bob@example.com", "rfc822Name", "characters"),
        ("alice @example.com", "rfc822Name", "characters"),
        ("alice@exa mple.com", "rfc822Name", "domain"),
        ("a@b@example.com", "rfc822Name", "characters"),
        ("alice@bücher.example", "rfc822Name", "A-labels"),
        ("zoë@example.com", "rfc822Name", "SmtpUTF8Mailbox"),
        ("alice@example.com", "SmtpUTF8Mailbox", "rfc822Name"),
        ("zoë@EXAMPLE.com", "SmtpUTF8Mailbox", "lower case"),
        ("zoë@bücher.example", "SmtpUTF8Mailbox", "A-labels"),
        ("\ufeffzoë@example.com", "SmtpUTF8Mailbox", "byte order mark"),
    ],
)
def test_addresses(text: str, kind: Any, fault: str | None) -> None:
    found = parse_address(text, kind)
    if fault is None:
        assert not isinstance(found, str), found
        assert found.domain == found.domain.lower()
    else:
        assert isinstance(found, str)
        assert fault in found


def test_addresses_of_a_certificate_in_their_order() -> None:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "dn@example.com")])
    names_ = [
        "one@example.com",
        x509.DNSName("example.com"),
        smtp_utf8_mailbox("zwölf@example.com"),
        smtp_utf8_mailbox("UPPER@EXAMPLE.com"),
    ]
    certificate = facts(PKI.person("Alice", None, "p256", subject=subject, addresses=names_))
    assert [(a.kind, str(a)) for a in certificate.addresses] == [
        ("rfc822Name", "one@example.com"),
        ("SmtpUTF8Mailbox", "zwölf@example.com"),
        ("emailAddress", "dn@example.com"),
    ]
    assert len(certificate.address_faults) == 1


def test_a_nul_in_an_rfc822_name() -> None:
    """The classic: a certificate for alice@example.com NUL .evil.example is not one for alice@example.com."""
    raw = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("2.5.29.17"), writer.sequence(writer.tlv(0x81, b"alice@example.com\0.evil.example"))
    )
    certificate = facts(PKI.person("Mallory", None, "p256", addresses=[], extensions=[(raw, False)]))
    assert certificate.addresses == ()
    assert len(certificate.address_faults) == 1


def test_explicit_curve_parameters_are_no_named_curve() -> None:
    folder = corpora_path() / "openssl" / "test" / "certs"
    (certificate,) = read_certificates((folder / "ee-cert-ec-explicit.pem").read_bytes()).certificates
    with pytest.raises(SMIMEError, match="explicit"):
        _ = certificate.public_key


def test_limits_on_keys() -> None:
    der = PKI.person("Alice", "alice@example.com", "rsa2048").certificate.public_bytes(Encoding.DER)
    with pytest.raises(LimitExceeded):
        _ = Certificate.of(der, Limits(rsa_modulus_bits=1024)).public_key
    assert Certificate.of(der).public_key is not None


@pytest.mark.parametrize("row", [row for row in rows() if row["op"] == "cert-parse"], ids=lambda row: row["file"].rsplit("/", 1)[-1])
def test_odd_certificates(row: dict[str, Any]) -> None:
    (certificate,) = read_certificates((corpora_path() / row["file"]).read_bytes()).certificates
    assert certificate.summary.to_dict()["subject"]
    assert certificate.not_before < certificate.not_after
    certificate.public_key  # noqa: B018 - loads


def test_a_certificate_that_cryptography_refuses_has_facts_all_the_same() -> None:
    """RFC 8410's own example states the default of `critical`, which DER forbids."""
    (certificate,) = read_certificates((corpora_path() / "libksba" / "tests" / "samples" / "ed25519-rfc8410.crt").read_bytes()).certificates
    assert certificate.x509 is None
    assert "critical" in str(certificate.fault)
    assert certificate.summary.key == "X25519"


def test_a_negative_serial_number() -> None:
    der = bytearray(PKI.person("Alice", "a@example.com", "p256", serial_number=0x11).certificate.public_bytes(Encoding.DER))
    at = der.index(b"\x02\x01\x11")
    der[at + 2] = 0x91
    assert Certificate.of(bytes(der)).serial == 0x91 - 0x100


class Careful(Certificate):
    """One whose fields are not found by the kernel."""

    def _parse(self) -> None:
        self._no_address = False
        self._extensions_found = []
        self._parse_with_care()


FACTS = (
    *("tbs", "version", "serial", "issuer_raw", "subject_raw", "spki", "signature", "not_before", "not_after", "addresses"),
    *("address_faults", "extensions", "extensions_fault", "_inner_algorithm", "_signature_algorithm_at"),
)


def all_facts(kind: type[Certificate], data: bytes) -> Any:
    try:
        certificate = kind(data)
        return [getattr(certificate, name) for name in FACTS]
    except SMIMEError as error:
        return type(error), error.args


def test_the_kernel_finds_what_the_careful_reader_finds() -> None:
    folder = Path(cryptography_vectors.__file__).parent / "x509"
    files = [*folder.glob("PKITS_data/certs/*.crt"), *folder.glob("**/*.der"), *folder.glob("**/*.crt")]
    pems = [path.read_bytes() for path in folder.glob("**/*.pem")]
    found = [path.read_bytes() for path in files] + [b64decode(body) for pem in pems for body in PEM.findall(pem)]
    assert len(found) > 600
    for data in found:
        assert all_facts(Certificate, data) == all_facts(Careful, data)
    assert sum(_kernel.read(data) is not None for data in found) > 0.8 * len(found)


@given(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), max_size=3), st.integers(0, 2))
def test_the_kernel_finds_no_more_than_the_careful_reader(which: int, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(ODD[which])
    for at, octet in changes:
        data[at % len(data)] = octet
    octets = bytes(data[: len(data) - cut])
    assert all_facts(Certificate, octets) == all_facts(Careful, octets)


ODD = [
    PKI.person("Alice", "alice@example.com", "p256", subject_address=True).certificate.public_bytes(Encoding.DER),
    PKI.person("Ålice", "ålice@example.com", "ed25519").certificate.public_bytes(Encoding.DER),
    PKI.root.certificate.public_bytes(Encoding.DER),
]
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END")
DER = PKI.person("Alice", "alice@example.com", "p256").certificate.public_bytes(Encoding.DER)


@given(st.integers(0, len(DER) - 1), st.integers(0, 255), st.integers(0, len(DER)))
def test_damaged_certificates_raise_nothing_else(at: int, octet: int, end: int) -> None:
    damaged = bytearray(DER)
    damaged[at] = octet
    for data in (bytes(damaged), DER[:end], bytes(damaged[:end])):
        try:
            certificate = Certificate(data)
        except ParseError:
            continue
        for name in (
            "key_usage",
            "extended_key_usage",
            "basic_constraints",
            "policies",
            "public_key",
            "key_algorithm",
            "signature_algorithm",
        ):
            try:
                getattr(certificate, name)
            except SMIMEError:
                continue
        certificate.summary.to_dict()
        _ = certificate.x509, certificate.fault, certificate.ski, certificate.aki, certificate.is_ca, certificate.address_faults


def test_a_version_of_thousands_of_digits() -> None:
    """It has no place in a sentence, where Python refuses to write it."""
    certificate = ThrowawayPKI(key="p256").root.certificate
    octets, tbs = certificate.public_bytes(Encoding.DER), certificate.tbs_certificate_bytes
    stated = b"\xa0\x03\x02\x01\x02"
    fields, behind = tbs.partition(stated)[2], octets.partition(tbs)[2]

    def with_version(number: bytes) -> bytes:
        version = writer.explicit(0, writer.tlv(0x02, number))
        return writer.sequence(writer.sequence(version, fields), behind)

    assert with_version(b"\x02") == octets
    assert Certificate.of(with_version(b"\x01\x00")).version == 257
    with pytest.raises(ParseError, match="version"):
        Certificate.of(with_version(b"\x01" * 2000))
