"""Objects for pyhanko-certvalidator say what asn1crypto's own say."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from smime.asn1 import writer
from smime.pki.path.asn1_objects import CertificateObject, ListObject, Name, comparable
from smime.pki.throwaway import ThrowawayPKI
from smime.x509 import names
from smime.x509.certificate import Certificate

PKI = ThrowawayPKI()


def rdn(*pairs: tuple[str, int, bytes]) -> bytes:
    return writer.set_of([writer.sequence(writer.oid(oid), bytes([tag, len(text)]) + text) for oid, tag, text in pairs])


def name(*rdns: bytes) -> bytes:
    return writer.sequence(*rdns)


CN, ORG, MAIL, DC = "2.5.4.3", "2.5.4.10", "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25"
NAMES = [
    name(),
    name(rdn((CN, 0x0C, b"Alice"))),
    name(rdn((CN, 0x13, b"alice"))),
    name(rdn((CN, 0x13, b"  alice "))),
    name(rdn((CN, 0x13, b"a  lice"))),
    name(rdn((CN, 0x13, b"a lice"))),
    name(rdn((CN, 0x0C, b""))),
    name(rdn((CN, 0x0C, b" "))),
    name(rdn((CN, 0x0C, b"a\tb"))),
    name(rdn((CN, 0x0C, b"a b"))),
    name(rdn((CN, 0x0C, "Ölaf".encode()))),
    name(rdn((CN, 0x0C, "ölaf".encode()))),
    name(rdn((CN, 0x0C, "Alice\u00ad".encode()))),
    name(rdn((CN, 0x16, b"Alice"))),
    name(rdn((CN, 0x1E, b"\0A\0l\0i\0c\0e"))),
    name(rdn((ORG, 0x0C, b"Alice"))),
    name(rdn((ORG, 0x0C, b"X"), (CN, 0x0C, b"Alice"))),
    name(rdn((CN, 0x0C, b"Alice"), (ORG, 0x13, b"x"))),
    name(rdn((CN, 0x0C, b"Alice")), rdn((ORG, 0x13, b"x"))),
    name(rdn((ORG, 0x13, b"x")), rdn((CN, 0x0C, b"Alice"))),
    name(rdn((CN, 0x0C, b"A"), (CN, 0x0C, b"B"))),
    name(rdn((MAIL, 0x16, b"alice@example.org"))),
    name(rdn((MAIL, 0x16, b"Alice@Example.org"))),
    name(rdn((MAIL, 0x16, b"alice@a..b"))),
    name(rdn((DC, 0x16, b"example"))),
    name(rdn(("2.5.4.45", 0x03, b"\0ab"))),
    name(rdn(("1.2.3", 0x0C, b"Alice"))),
    name(rdn((CN, 0x0C, b"~!{}^"))),
    name(writer.set_of([])),
]


def said(of: Any) -> Any:
    try:
        return of()
    except Exception as error:  # noqa: BLE001 - which one is compared
        return type(error)


@pytest.mark.parametrize(("one", "other"), list(product(NAMES, NAMES)))
def test_names_are_equal_where_those_of_asn1crypto_are(one: bytes, other: bytes) -> None:
    expected = said(lambda: asn1.Name.load(one) == asn1.Name.load(other))
    for make in (Name.of, Name.load):
        if isinstance(expected, bool) or comparable(one) is None or comparable(other) is None:
            assert said(lambda make=make: make(one) == make(other)) == expected
        assert said(lambda make=make: asn1.Name.load(one) == make(other)) == expected
        assert said(lambda make=make: make(one).chosen == make(other).chosen) == expected


@pytest.mark.parametrize("octets", NAMES)
def test_keys_are_those_of_asn1crypto(octets: bytes) -> None:
    expected = said(lambda: asn1.Name.load(octets).hashable)
    assert said(lambda: Name.of(octets).hashable) == expected
    assert said(lambda: Name.load(octets).hashable) == expected
    assert said(lambda: Name.of(octets).human_friendly) == said(lambda: asn1.Name.load(octets).human_friendly)


def test_a_copy_that_was_changed() -> None:
    made = Name.of(NAMES[1])
    copy = made.copy()
    copy.chosen.append(asn1.RelativeDistinguishedName.load(rdn((ORG, 0x13, b"x"))))
    assert copy == Name.of(NAMES[18])
    assert copy != made
    assert copy.hashable == asn1.Name.load(NAMES[18]).hashable


def test_types_of_text_are_those_of_asn1crypto() -> None:
    texts = {oid for oid, kind in asn1.NameType._map.items() if asn1.NameTypeAndValue._oid_specs.get(kind) is asn1.DirectoryString}
    assert texts >= names.TEXT_TYPES


FACTS = (
    "issuer",
    "subject",
    "self_issued",
    "ca",
    "max_path_length",
    "critical_extensions",
    "key_identifier",
    "authority_key_identifier",
    "issuer_serial",
    "sha256",
)


def _extensions(*more: tuple[x509.ExtensionType, bool]) -> bytes:
    made: bytes = PKI.authority("Extended CA", issuer=PKI.root, extensions=list(more)).certificate.public_bytes(Encoding.DER)
    return made


def unknown(oid: str, octets: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), octets)


CERTIFICATES = [
    PKI.root.certificate.public_bytes(Encoding.DER),
    PKI.intermediate.certificate.public_bytes(Encoding.DER),
    PKI.person("A", "a@example.org", "p256").certificate.public_bytes(Encoding.DER),
    _extensions((unknown("1.2.3.4", b"\x05\x00"), True), (unknown("2.5.29.9", b"\x30\x00"), False)),
    _extensions((unknown("2.5.29.9", b"\x05\x00"), False)),
    _extensions((unknown("2.5.29.33", b""), False)),
    _extensions((unknown("2.5.29.54", b"\x02\x01\x00"), True), (unknown("2.5.29.36", b"\x30\x03\x80\x01\x00"), True)),
    _extensions((x509.NameConstraints([x509.RFC822Name("example.org")], [x509.DirectoryName(x509.Name([]))]), True)),
]


@pytest.mark.parametrize("octets", CERTIFICATES)
def test_facts_are_those_of_asn1crypto(octets: bytes) -> None:
    own, expected = CertificateObject.of(Certificate.of(octets), {}), asn1.Certificate.load(octets)
    for fact in FACTS:
        assert said(lambda fact=fact: getattr(own, fact)) == said(lambda fact=fact: getattr(expected, fact)), fact
    values = [value for value in dir(asn1.Certificate) if value.endswith("_value") and not value.startswith("_")]
    assert len(values) > 15
    for value in values:
        one, other = (said(lambda of=of, value=value: getattr(of, value)) for of in (own, expected))
        if one is None or other is None or isinstance(other, type):
            assert one == other
        else:
            assert one.dump() == other.dump()
            assert isinstance(one, type(other))
    assert own.dump() == octets


def test_extensions_that_stand_twice_are_read_as_asn1crypto_reads_them() -> None:
    octets = _extensions((unknown("1.2.3.4", b"\x05\x00"), False), (unknown("1.2.3.5", b"\x05\x00"), True))
    octets = octets.replace(bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304"))
    own = CertificateObject.of(Certificate.of(octets), {})
    assert own.critical_extensions == asn1.Certificate.load(octets).critical_extensions
    assert "1.2.3.4" in own.critical_extensions


class TestLists:
    def entries(self, octets: bytes, wanted: list[bytes] | None) -> list[int]:
        made = ListObject.of(octets, wanted)
        found = [entry["user_certificate"].native for entry in made["tbs_cert_list"]["revoked_certificates"]]
        assert made.dump() == octets
        assert made["tbs_cert_list"].dump() == asn1_crl.CertificateList.load(octets)["tbs_cert_list"].dump()
        return found

    def test_entries_about_others_are_not_shown(self) -> None:
        people = [PKI.person(f"P{number}", "p@example.org", "p256").certificate for number in range(5)]
        octets = PKI.crl(revoked=people).public_bytes(Encoding.DER)
        numbers = [one.serial_number for one in people]
        assert self.entries(octets, None) == numbers
        assert self.entries(octets, []) == []
        assert self.entries(octets, [writer.integer(numbers[3])]) == [numbers[3]]
        assert self.entries(octets, [writer.integer(n) for n in numbers]) == numbers
        assert self.entries(octets, [writer.integer(1 << 90)]) == []

    def test_entries_that_name_an_issuer_are_shown(self) -> None:
        one, other = (PKI.person(f"P{number}", "p@example.org", "p256").certificate for number in range(2))
        issuer = x509.CertificateIssuer([x509.DirectoryName(PKI.root.certificate.subject)])
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(PKI.intermediate.certificate.subject)
            .last_update(PKI.now)
            .next_update(PKI.now + timedelta(days=1))
        )
        for certificate, extensions in ((one, [issuer]), (other, [])):
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(PKI.now)
            for extension in extensions:
                entry = entry.add_extension(extension, critical=True)
            builder = builder.add_revoked_certificate(entry.build())
        octets = builder.sign(PKI.intermediate.private_key, hashes.SHA256()).public_bytes(Encoding.DER)
        assert self.entries(octets, [writer.integer(1 << 90)]) == [one.serial_number]
        assert self.entries(octets, [writer.integer(other.serial_number)]) == [one.serial_number, other.serial_number]

    def test_a_list_without_entries(self) -> None:
        made = ListObject.of(PKI.crl().public_bytes(Encoding.DER), [b"\x02\x01\x01"])
        assert list(made["tbs_cert_list"]["revoked_certificates"] or ()) == []
