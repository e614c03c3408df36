"""Nothing escapes but verdicts, whatever stands where a certificate, a list or a response has a value that is read late."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.builder import ECDSA_SHA256, ENTITY, Signature, SignedData

import smime
from smime.asn1 import writer
from smime.asn1.der import parse
from smime.pki.throwaway import Authority, Person, ThrowawayPKI
from smime.x509.certificate import Certificate

NOW = datetime.now(timezone.utc).replace(microsecond=0)
PKI = ThrowawayPKI("Values", now=NOW)
WHO = PKI.person("Alice", "alice@example.org", "p256")
TRUST = smime.TrustStore(PKI.anchors)
BARE = smime.policies.RFC8551.replace(check_sender=False)
COMMON_NAME = writer.oid("2.5.4.3")
TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x1C, 0x1E, 0x30, 0x31, 0x80]
VALUES = st.builds(writer.tlv, st.sampled_from(TAGS), st.binary(max_size=8))
OIDS = st.sampled_from(["2.5.4.3", "2.5.4.6", "2.5.4.45", "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25", "1.2.3.4.5"]).map(
    writer.oid
)
NAMES = st.lists(st.lists(st.tuples(OIDS, VALUES), max_size=2), max_size=3).map(
    lambda sets: writer.sequence(*[writer.set_of([writer.sequence(oid, value) for oid, value in one]) for one in sets])
)


def signed_by(key: ec.EllipticCurvePrivateKey, fields: list[bytes]) -> bytes:
    octets = writer.sequence(*fields)
    return writer.sequence(octets, ECDSA_SHA256.raw, writer.bit_string(key.sign(octets, ec.ECDSA(hashes.SHA256()))))


def altered(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, **changes: bytes) -> bytes:
    """Return a certificate with other fields, signed by the key."""
    names = ("version", "serial", "signature", "issuer", "validity", "subject", "spki", "extensions")
    fields = dict(zip(names, (child.raw for child in parse(certificate.tbs_certificate_bytes).children), strict=True))
    return signed_by(key, list({**fields, **changes}.values()))


def judged(leaf: bytes, *chain: bytes, crls: tuple[bytes, ...] = ()) -> smime.SignerReport | None:
    """Return the report on a message with these certificates; None if it cannot be read at all."""
    try:
        named = Certificate.of(leaf).der
    except smime.SMIMEError:
        named = Certificate.of_any(WHO.certificate).der  # then it only stands beside
    octets = SignedData([Signature(who=WHO, certificate=named)], ENTITY, certificates=[leaf, *chain], crls=crls).der()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layer = smime.unwrap(octets, trust=TRUST, policy=BARE).layers[0]
        except smime.ParseError:
            return None
    assert isinstance(layer.report, smime.VerificationReport)
    assert layer.report.to_dict()
    assert layer.report.summary()
    return layer.report.signers[0]


def test_the_control() -> None:
    issuer = PKI.intermediate
    signer = judged(altered(WHO.certificate, issuer.private_key), Certificate.of_any(issuer.certificate).der)
    assert signer is not None
    assert signer.verdict is smime.Verdict.VALID


def test_a_name_of_bits() -> None:
    """`cryptography` raises TypeError when it looks at one."""
    name = writer.sequence(writer.set_of([writer.sequence(COMMON_NAME, writer.bit_string(b"Alice"))]))
    issuer = PKI.intermediate
    judged(altered(WHO.certificate, issuer.private_key, subject=name), Certificate.of_any(issuer.certificate).der)


@given(NAMES)
def test_subjects(name: bytes) -> None:
    issuer = PKI.intermediate
    judged(altered(WHO.certificate, issuer.private_key, subject=name), Certificate.of_any(issuer.certificate).der)


@given(NAMES)
def test_issuers(name: bytes) -> None:
    """An authority of such a name, issued by the root, or by nobody at hand."""
    key = PKI.intermediate.private_key
    authority = altered(PKI.intermediate.certificate, PKI.root.private_key, subject=name)
    judged(altered(WHO.certificate, key, issuer=name), authority)
    judged(altered(WHO.certificate, key, issuer=name))


@pytest.mark.parametrize("time", [b"00010101000000Z", b"99991231235959Z", b"99991231240000Z", b"20260230000000Z", b"19500101000000Z", b""])
@pytest.mark.parametrize("field", [0, 1])
def test_times(time: bytes, field: int) -> None:
    times = [writer.tlv(0x18, b"20200101000000Z"), writer.tlv(0x18, b"20400101000000Z")]
    times[field] = writer.tlv(0x18, time)
    issuer = PKI.intermediate
    judged(altered(WHO.certificate, issuer.private_key, validity=writer.sequence(*times)), Certificate.of_any(issuer.certificate).der)


@given(st.binary(max_size=12), st.sampled_from(["2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.35"]))
def test_extensions(octets: bytes, oid: str) -> None:
    extension = writer.sequence(writer.oid(oid), writer.octet_string(octets))
    issuer = PKI.intermediate
    leaf = altered(WHO.certificate, issuer.private_key, extensions=writer.explicit(3, writer.sequence(extension)))
    judged(leaf, Certificate.of_any(issuer.certificate).der)


def revocations(entries: bytes, *, this: bytes = b"20200101000000Z", following: bytes | None = b"20400101000000Z", who: Authority) -> bytes:
    """Return a list with these encoded entries."""
    fields = [writer.integer(1), ECDSA_SHA256.raw, Certificate.of_any(who.certificate).subject_raw, writer.tlv(0x18, this)]
    if following is not None:
        fields.append(writer.tlv(0x18, following))
    if entries:
        fields.append(entries)
    return signed_by(who.private_key, fields)


def entry(serial: bytes, *extensions: bytes, date: bytes = b"20250101000000Z") -> bytes:
    return writer.sequence(serial, writer.tlv(0x18, date), writer.sequence(*extensions) if extensions else b"")


def serial_of(who: Person) -> bytes:
    return writer.integer(who.certificate.serial_number)


REASON = writer.sequence(writer.oid("2.5.29.21"), writer.octet_string(writer.tlv(0x0A, b"\x01")))
LISTS = {
    "plain": entry(serial_of(WHO), REASON),
    "reason twice": entry(serial_of(WHO), REASON, REASON),
    "reason is none": entry(serial_of(WHO), writer.sequence(writer.oid("2.5.29.21"), writer.octet_string(b"\x05\x00"))),
    "reason 7": entry(serial_of(WHO), writer.sequence(writer.oid("2.5.29.21"), writer.octet_string(b"\x0a\x01\x07"))),
    "reason 300": entry(serial_of(WHO), writer.sequence(writer.oid("2.5.29.21"), writer.octet_string(b"\x0a\x02\x01\x2c"))),
    "issuer is none": entry(serial_of(WHO), writer.sequence(writer.oid("2.5.29.29"), writer.octet_string(b"\x30\x02\xa9\x00"))),
    "invalidity is none": entry(serial_of(WHO), writer.sequence(writer.oid("2.5.29.24"), writer.octet_string(b"\x18\x01x"))),
    "unknown and critical": entry(serial_of(WHO), writer.sequence(writer.oid("1.2.3"), writer.boolean(True), writer.octet_string(b""))),
    "no date": writer.sequence(serial_of(WHO)),
    "date of year 1": entry(serial_of(WHO), date=b"00010101000000Z"),
    "date of year 9999": entry(serial_of(WHO), date=b"99991231235959Z"),
    "negative serial": entry(b"\x02\x01\xff") + entry(serial_of(WHO), REASON),
    "empty serial": entry(b"\x02\x00") + entry(serial_of(WHO), REASON),
    "entry is text": writer.octet_string(b"x"),
    "entry is empty": writer.sequence(),
}


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("trusted", [True, False], ids=["by the issuer", "by somebody of its name"])
def test_lists(what: str, trusted: bool) -> None:
    who = PKI.intermediate if trusted else Authority(PKI.intermediate.certificate, PKI.root.private_key)
    leaf = Certificate.of_any(WHO.certificate).der
    signer = judged(leaf, Certificate.of_any(PKI.intermediate.certificate).der, crls=(revocations(writer.sequence(LISTS[what]), who=who),))
    assert signer is not None
    if not trusted:
        assert signer.verdict is smime.Verdict.VALID
    elif what in {"plain", "negative serial", "date of year 1"}:
        assert signer.revocation is smime.Revocation.REVOKED


@pytest.mark.parametrize("this", [b"00010101000000Z", b"99991231235959Z", b"20250101000000Z"])
@pytest.mark.parametrize("following", [None, b"00010101000000Z", b"99991231235959Z"])
def test_times_of_lists(this: bytes, following: bytes | None) -> None:
    octets = revocations(b"", this=this, following=following, who=PKI.intermediate)
    judged(Certificate.of_any(WHO.certificate).der, Certificate.of_any(PKI.intermediate.certificate).der, crls=(octets,))


@pytest.mark.parametrize(
    ("this", "following"),
    [
        (datetime(9999, 12, 31, 23, 59, 59), None),
        (datetime(9999, 12, 31, 23, 50), datetime(9999, 12, 31, 23, 59, 59)),
        (datetime(1951, 1, 1), None),
    ],
)
def test_times_of_responses(this: datetime, following: datetime | None) -> None:
    response = PKI.ocsp(WHO, this_update=this.replace(tzinfo=timezone.utc), next_update=following or NOW + timedelta(days=3650 * 700))
    store = smime.TrustStore(PKI.anchors, PKI.intermediate.chain, ocsps=[response])
    octets = smime.sign(ENTITY, smime.Signer(WHO.private_key, WHO.certificate), detached=False, encoding="der")
    assert smime.unwrap(octets, trust=store, policy=BARE).to_dict()


@pytest.mark.parametrize("damage", range(0, 400, 7))
def test_damaged_responses(damage: int) -> None:
    response = bytearray(PKI.ocsp(WHO))
    response[damage % len(response)] ^= 0x15
    store = smime.TrustStore(PKI.anchors, PKI.intermediate.chain, ocsps=[bytes(response)])
    octets = smime.sign(ENTITY, smime.Signer(WHO.private_key, WHO.certificate), detached=False, encoding="der")
    assert smime.unwrap(octets, trust=store, policy=BARE).to_dict()
