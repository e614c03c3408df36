"""RecipientInfos of every kind: round trips, an independent reader, versions of what holds them, unknown ones, faults."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone

import pytest
from asn1crypto import cms as independent
from hypothesis import given
from hypothesis import strategies as st
from tests.cms import build
from tests.parity import ber_strategies as make

from smime.asn1 import der
from smime.asn1 import writer as w
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import recipient_info as r
from smime.cms.authenticated_data import authenticated_data_version
from smime.cms.content_info import DATA
from smime.cms.encrypted_data import build_encrypted_data
from smime.cms.enveloped_data import OriginatorInfo, build_enveloped_data, enveloped_data_version
from smime.cms.identifiers import IssuerAndSerialNumber, KEKIdentifier, RecipientKeyIdentifier, SubjectKeyIdentifier, identifier_from_raw
from smime.cms.reader import read
from smime.errors import ParseError, SMIMEError

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ECDH = AlgorithmIdentifier.build("1.3.132.1.11.1", build.AES_256_WRAP.raw)
EPHEMERAL = r.OriginatorPublicKey(AlgorithmIdentifier.build("1.2.840.10045.2.1", w.oid("1.2.840.10045.3.1.7")), b"\x04" + bytes(64))
ML_KEM = AlgorithmIdentifier.build("2.16.840.1.101.3.4.4.2")
HKDF = AlgorithmIdentifier.build("1.2.840.113549.1.9.16.3.28")
PBKDF2 = AlgorithmIdentifier.build("1.2.840.113549.1.5.12", w.sequence(w.octet_string(bytes(8)), w.integer(1)))

KTRI = r.KeyTransRecipientInfo.build(build.ISSUER_AND_SERIAL, build.RSA, b"key")
KTRI_SKI = r.KeyTransRecipientInfo.build(build.KEY_ID, build.RSA, b"key")
KEYS = [
    r.RecipientEncryptedKey(build.ISSUER_AND_SERIAL, b"one"),
    r.RecipientEncryptedKey(RecipientKeyIdentifier(b"id", TIME, w.sequence(w.oid("1.2.3"))), b"two"),
]
KARI = r.KeyAgreeRecipientInfo.build(EPHEMERAL, ECDH, KEYS, b"ukm")
KEKRI = r.KEKRecipientInfo.build(KEKIdentifier(b"id", TIME, w.sequence(w.oid("1.2.3"))), build.AES_256_WRAP, b"key")
PWRI = r.PasswordRecipientInfo.build(PBKDF2, build.AES_256_WRAP, b"key")
KEMRI = r.KEMRecipientInfo.build(build.KEY_ID, ML_KEM, bytes(1088), HKDF, 32, build.AES_256_WRAP, b"key", b"ukm")
ORI = r.OtherRecipientInfo.build("1.2.3.4", w.sequence())
ALL = [KTRI, KTRI_SKI, KARI, KEKRI, PWRI, KEMRI, ORI]


def from_raw(raw: bytes) -> r.RecipientInfo:
    return r.from_element(der.parse(raw))


def test_round_trips() -> None:
    assert from_raw(KTRI) == r.KeyTransRecipientInfo(0, build.ISSUER_AND_SERIAL, build.RSA, b"key", KTRI)
    assert from_raw(KTRI_SKI) == r.KeyTransRecipientInfo(2, build.KEY_ID, build.RSA, b"key", KTRI_SKI)
    assert from_raw(KARI) == r.KeyAgreeRecipientInfo(3, EPHEMERAL, b"ukm", ECDH, tuple(KEYS), KARI)
    assert from_raw(KEKRI) == r.KEKRecipientInfo(
        4, KEKIdentifier(b"id", TIME, w.sequence(w.oid("1.2.3"))), build.AES_256_WRAP, b"key", KEKRI
    )
    assert from_raw(PWRI) == r.PasswordRecipientInfo(0, PBKDF2, build.AES_256_WRAP, b"key", PWRI)
    assert from_raw(KEMRI) == r.KEMRecipientInfo(0, build.KEY_ID, ML_KEM, bytes(1088), HKDF, 32, b"ukm", build.AES_256_WRAP, b"key", KEMRI)
    assert from_raw(ORI) == r.OtherRecipientInfo("1.2.3.4", w.sequence(), ORI)
    for originator in (build.ISSUER_AND_SERIAL, build.KEY_ID):
        info = from_raw(r.KeyAgreeRecipientInfo.build(originator, ECDH, KEYS[:1]))
        assert isinstance(info, r.KeyAgreeRecipientInfo)
        assert (info.originator, info.ukm) == (originator, None)
    without = from_raw(r.PasswordRecipientInfo.build(None, build.AES_256_WRAP, b"key"))
    assert isinstance(without, r.PasswordRecipientInfo)
    assert without.key_derivation_algorithm is None
    plain = from_raw(r.KEMRecipientInfo.build(build.ISSUER_AND_SERIAL, ML_KEM, b"ct", HKDF, 16, build.AES_256_WRAP, b"key"))
    assert isinstance(plain, r.KEMRecipientInfo)
    assert plain.ukm is None
    assert from_raw(r.KEKRecipientInfo.build(KEKIdentifier(b"id"), build.AES_256_WRAP, b"key")).kekid == KEKIdentifier(b"id")  # type: ignore[union-attr]


@pytest.mark.parametrize("raw", ALL)
def test_der(raw: bytes) -> None:
    assert der.is_der(raw)


def test_an_independent_reader_agrees() -> None:
    data = build_enveloped_data(
        recipient_infos=[KTRI, KTRI_SKI, KARI, KEKRI, PWRI], content_encryption_algorithm=build.AES_128_CBC, encrypted_content=b"c"
    )
    content = independent.ContentInfo.load(data, strict=True)["content"]
    assert content["version"].native == "v3"
    infos = {(info.name, info.chosen["version"].native): info.chosen for info in content["recipient_infos"]}
    assert infos["ktri", "v0"]["rid"].chosen["serial_number"].native == 0x1234
    assert infos["ktri", "v2"]["rid"].chosen.native == build.KEY_ID.value
    agreement = infos["kari", "v3"]
    assert agreement["originator"].chosen["public_key"].native == EPHEMERAL.public_key
    assert agreement["ukm"].native == b"ukm"
    assert [key["encrypted_key"].native for key in agreement["recipient_encrypted_keys"]] == [b"one", b"two"]
    assert agreement["recipient_encrypted_keys"][1]["rid"].chosen["subject_key_identifier"].native == b"id"
    assert infos["kekri", "v4"]["kekid"]["key_identifier"].native == b"id"
    assert infos["pwri", "v0"]["key_derivation_algorithm"]["algorithm"].native == "pbkdf2"


def originator(**changes: list[bytes]) -> bytes:
    return OriginatorInfo.build(**changes)  # type: ignore[arg-type]


PLAIN = originator(certificates=[build.certificate()])
V1_AC = originator(other_certificates=[w.implicit(1, b"")])
V2_AC = originator(other_certificates=[w.implicit(2, b"")])
OTHER = originator(other_certificates=[w.implicit(3, b"")])
OTHER_CRL = OriginatorInfo.build(other_revocation_infos=[("1.2.3", w.null())])


@pytest.mark.parametrize(
    ("version", "infos", "origin", "unprotected"),
    [
        (0, [KTRI], None, False),
        (0, [KTRI, KTRI], None, False),
        (2, [KTRI_SKI], None, False),
        (2, [KTRI, KARI], None, False),
        (2, [KEKRI], None, False),
        (2, [KTRI], None, True),
        (2, [KTRI], PLAIN, False),
        (2, [KTRI], V1_AC, False),
        (3, [KTRI, PWRI], None, False),
        (3, [KEMRI], None, False),
        (3, [ORI], None, False),
        (3, [KTRI], V2_AC, False),
        (4, [KTRI], OTHER, False),
        (4, [PWRI], OTHER_CRL, True),
    ],
)
def test_enveloped_data_versions(version: int, infos: list[bytes], origin: bytes | None, unprotected: bool) -> None:
    """RFC 5652 section 6.1."""
    assert enveloped_data_version(infos, origin, unprotected_attrs=unprotected) == version


@pytest.mark.parametrize(("version", "origin"), [(0, None), (0, PLAIN), (0, V1_AC), (1, V2_AC), (3, OTHER), (3, OTHER_CRL)])
def test_authenticated_data_versions(version: int, origin: bytes | None) -> None:
    """RFC 5652 section 9.1."""
    assert authenticated_data_version(origin) == version


def test_encrypted_data_versions() -> None:
    for attributes, version in (([], 0), ([w.sequence(w.oid("1.2.3"), w.set_of([w.null()]))], 2)):
        head = read(
            build_encrypted_data(content_encryption_algorithm=build.AES_128_CBC, encrypted_content=b"", unprotected_attrs=attributes)
        )[0]
        assert head.version == version


def test_originator_info() -> None:
    raw = OriginatorInfo.build([build.certificate(1)], [build.certificate(2)], [w.implicit(3, b"")], [("1.2.3", w.null())])
    info = OriginatorInfo.from_raw(raw)
    assert info == OriginatorInfo((build.certificate(1),), (w.implicit(3, b""),), (build.certificate(2),), (("1.2.3", w.null()),), raw)
    assert OriginatorInfo.from_raw(b"\xa0\x00").certificates == ()
    for malformed in (b"\xa0\x02\x05\x00", raw + b"x", w.implicit(0, w.implicit(1, b"") + w.implicit(0, b""))):
        with pytest.raises(ParseError):
            OriginatorInfo.from_raw(malformed)


@pytest.mark.parametrize(
    ("raw", "oid", "fault"),
    [
        (w.implicit(5, b""), "", None),
        (w.octet_string(b"?", tag=0x85), "", None),
        (w.null(), "", None),
        (w.implicit(4, w.oid("1.2.3.4") + w.null()), "1.2.3.4", None),
        (w.implicit(4, w.null()), "", "no oriType"),
        (w.implicit(4, w.oid("1.2.3.4")), "1.2.3.4", "no oriValue"),
        (w.sequence(w.integer(7), w.implicit(1, b""), w.octet_string(b"")), "", "version 7"),
        (w.implicit(1, w.integer(5) + w.integer(1)), "", "version 5"),
        (w.implicit(2, w.integer(6)), "", "version 6"),
        (w.implicit(3, w.integer(1) + build.AES_256_WRAP.raw), "", "version 1"),
        (w.implicit(4, w.oid(r.ORI_KEM) + w.sequence(w.integer(1), w.null())), r.ORI_KEM, "version 1"),
    ],
)
def test_unknown_recipients_are_kept(raw: bytes, oid: str, fault: str | None) -> None:
    """RFC 5652 section 6.2: handled gracefully, never fatal, and the others are still read."""
    found = r.read_recipient_infos(w.set_of([KTRI, raw]))
    other = next(info for info in found if isinstance(info, r.OtherRecipientInfo))
    assert (other.oid, other.fault, other.raw) == (oid, fault, raw)
    assert any(isinstance(info, r.KeyTransRecipientInfo) for info in found)


@pytest.mark.parametrize(
    "raw",
    [
        w.sequence(),
        w.sequence(w.integer(0), w.null(), build.RSA.raw, w.octet_string(b"")),
        w.sequence(w.integer(0), w.octet_string(b"id"), build.RSA.raw, w.octet_string(b"")),
        w.sequence(w.integer(0), build.KEY_ID.encode(), build.RSA.raw, w.octet_string(b""), w.null()),
        w.sequence(w.integer(1 << 40_000), w.null()),
        w.sequence(w.integer(-1), w.null()),
        w.implicit(1, w.integer(3)),
        w.implicit(1, w.integer(3) + w.explicit(0, w.null()) + ECDH.raw + w.sequence()),
        w.implicit(1, w.integer(3) + w.explicit(0, build.KEY_ID.encode()) + w.explicit(1, w.null()) + ECDH.raw + w.sequence()),
        w.implicit(1, w.integer(3) + w.explicit(0, build.KEY_ID.encode()) + ECDH.raw + w.sequence(w.null())),
        w.implicit(1, w.integer(3) + w.explicit(0, w.implicit(1, ECDH.raw + b"\x03\x02\x01\x02")) + ECDH.raw + w.sequence()),
        w.implicit(2, w.integer(4) + w.sequence() + build.AES_256_WRAP.raw + w.octet_string(b"")),
        w.implicit(3, w.integer(0) + w.octet_string(b"")),
        w.implicit(4, w.oid(r.ORI_KEM) + w.null()),
        w.implicit(4, w.oid(r.ORI_KEM) + w.sequence(w.integer(0), w.null())),
        w.implicit(4, w.oid("1.2.3.4") + w.null() + w.null()),
        r.KEMRecipientInfo.build(build.KEY_ID, ML_KEM, b"", HKDF, 0, build.AES_256_WRAP, b""),
        r.KEMRecipientInfo.build(build.KEY_ID, ML_KEM, b"", HKDF, 65536, build.AES_256_WRAP, b""),
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(ParseError):
        from_raw(raw)


@given(raw=make.spoilt(st.sampled_from(ALL)))
def test_only_our_errors(raw: bytes) -> None:
    with suppress(SMIMEError):
        assert from_raw(raw).raw == raw


def test_identifiers() -> None:
    for identifier in (
        build.ISSUER_AND_SERIAL,
        build.KEY_ID,
        IssuerAndSerialNumber(build.name(), -1),
        IssuerAndSerialNumber(build.name(), 0),
    ):
        assert identifier_from_raw(identifier.encode()) == identifier
        assert identifier_from_raw(identifier.encode()) is identifier_from_raw(identifier.encode())
    assert str(build.ISSUER_AND_SERIAL) == "serial 1234 of CN=Test CA"
    assert str(build.KEY_ID) == "subject key identifier " + "01" * 20
    assert str(KEKIdentifier(b"\x01")) == "key 01"
    assert str(RecipientKeyIdentifier(b"\x01")) == "subject key identifier 01"
    assert str(EPHEMERAL) == "ephemeral id-ecPublicKey key"
    for malformed in (b"", w.null(), w.octet_string(b"x"), w.sequence(build.name()), w.sequence(build.name(), w.integer(1), w.null())):
        with pytest.raises(ParseError):
            identifier_from_raw(malformed)


def test_the_cache_of_identifiers_is_bounded() -> None:
    from smime.cms import identifiers

    for number in range(3000):
        identifier_from_raw(SubjectKeyIdentifier(number.to_bytes(4, "big")).encode())
    assert len(identifiers._cache) <= 1024


def test_content_type_is_kept() -> None:
    head = read(
        build_enveloped_data(
            recipient_infos=[KTRI], content_encryption_algorithm=build.AES_128_CBC, encrypted_content=b"", content_type="1.2.3"
        )
    )[0]
    assert head.content_type == "1.2.3" != DATA
