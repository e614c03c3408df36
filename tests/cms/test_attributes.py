"""Attributes: byte-exact forms (STANDARDS 15), reading, multiplicity, DER-ness, and faults."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import pytest
from asn1crypto import cms as independent
from asn1crypto import tsp
from hypothesis import given
from hypothesis import strategies as st
from tests.cms import build
from tests.parity import ber_strategies as make

from smime.asn1 import der
from smime.asn1 import writer as w
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes as a
from smime.cms import ess
from smime.cms.attribute_set import Attributes
from smime.cms.content_info import DATA
from smime.cms.identifiers import RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import DEFAULT_LIMITS

UTC = timezone.utc
ECDSA_SHA256 = AlgorithmIdentifier.build("1.2.840.10045.4.3.2")
ED25519 = AlgorithmIdentifier.build("1.3.101.112")


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (a.content_type(DATA), "301806092A864886F70D010903310B06092A864886F70D010701"),
        (a.signing_time(build.TIME), "301C06092A864886F70D010905310F170D3236303130323033303430355A"),
        (a.message_digest(bytes(32)), "302F06092A864886F70D01090431220420" + "00" * 32),
        (
            a.cms_algorithm_protection(build.SHA256, signature=ECDSA_SHA256),
            "302806092A864886F70D010934311B3019300B0609608648016503040201A10A06082A8648CE3D040302",
        ),
        (
            a.cms_algorithm_protection(build.SHA256, signature=build.RSA_SHA256),
            "302B06092A864886F70D010934311E301C300B0609608648016503040201A10D06092A864886F70D01010B0500",
        ),
        (
            a.cms_algorithm_protection(build.SHA512, signature=ED25519),
            "302306092A864886F70D01093431163014300B0609608648016503040203A10506032B6570",
        ),
    ],
)
def test_byte_exact(encoded: bytes, expected: str) -> None:
    assert encoded.hex().upper() == expected


def test_signing_certificate_v2_byte_exact() -> None:
    value = Attributes(w.set_of([ess.signing_certificate_v2(bytes(32))])).single(ess.SIGNING_CERTIFICATE_V2)
    assert value is not None
    assert value.hex().upper() == "30263024302204200000000000000000000000000000000000000000000000000000000000000000"
    assert ess.signing_certificate_v2(bytes(32), digest=build.SHA256) == ess.signing_certificate_v2(bytes(32))


def test_der_order() -> None:
    """STANDARDS 15: the length octet decides first."""
    encoded = w.set_of(
        [
            ess.signing_certificate_v2(bytes(32)),
            a.message_digest(bytes(32)),
            a.cms_algorithm_protection(build.SHA256, signature=ECDSA_SHA256),
            a.signing_time(build.TIME),
            a.content_type(DATA),
        ]
    )
    kinds = [attribute.oid for attribute in Attributes(encoded)]
    assert kinds == [a.CONTENT_TYPE, a.SIGNING_TIME, a.CMS_ALGORITHM_PROTECTION, a.MESSAGE_DIGEST, ess.SIGNING_CERTIFICATE_V2]
    assert Attributes(encoded).is_der


def value_of(attribute: bytes) -> bytes:
    (only,) = Attributes(w.set_of([attribute]))
    (value,) = only.values
    return value


def test_round_trips() -> None:
    assert a.parse_content_type(value_of(a.content_type("1.2.3"))) == "1.2.3"
    for size in (16, 32, 64, 200):
        assert a.parse_message_digest(value_of(a.message_digest(bytes(size)))) == bytes(size)
    for time in (build.TIME, datetime(2050, 1, 1, tzinfo=UTC), datetime(1949, 1, 1, tzinfo=UTC)):
        assert a.parse_signing_time(value_of(a.signing_time(time))) == time
    for changes in ({"signature": build.RSA_SHA256}, {"mac": build.HMAC_SHA256}):
        protection = a.parse_cms_algorithm_protection(value_of(a.cms_algorithm_protection(build.SHA256, **changes)))
        assert protection == (build.SHA256, changes.get("signature"), changes.get("mac"))
    with pytest.raises(ValueError, match="either"):
        a.cms_algorithm_protection(build.SHA256)
    for preference in (build.ISSUER_AND_SERIAL, build.KEY_ID, RecipientKeyIdentifier(b"k", build.TIME, w.sequence(w.oid("1.2.3")))):
        assert a.parse_encryption_key_preference(value_of(a.encryption_key_preference(preference))) == preference
    assert ess.parse_content_hints(value_of(ess.content_hints("1.2.3", "é"))) == ("1.2.3", "é")
    assert ess.parse_content_hints(value_of(ess.content_hints("1.2.3"))) == ("1.2.3", None)
    stated = ess.parse_signing_certificate_v2(
        value_of(ess.signing_certificate_v2(bytes(64), digest=build.SHA512, issuer_and_serial=build.ISSUER_AND_SERIAL))
    )
    assert stated == (((build.SHA512, bytes(64), build.ISSUER_AND_SERIAL),), None)
    stated = ess.parse_signing_certificate_v2(value_of(ess.signing_certificate_v2(bytes(32))))
    assert stated.certificates[0] == (build.SHA256, bytes(32), None)
    old = w.sequence(w.sequence(w.sequence(w.octet_string(bytes(20)))), w.sequence(w.sequence(w.oid("1.2.3"))))
    assert ess.parse_signing_certificate(old).certificates[0].digest_algorithm.name == "sha1"
    assert ess.parse_signing_certificate(old).policies is not None
    assert (
        Attributes(w.set_of([a.countersignature(build.signer_info(), build.signer_info(build.KEY_ID))])).get(a.COUNTERSIGNATURE)[0].values
    )


def test_an_independent_reader_agrees() -> None:
    assert tsp.SigningCertificateV2  # importing it teaches asn1crypto the attribute
    encoded = w.set_of(
        [
            a.content_type(DATA),
            a.message_digest(bytes(range(32))),
            a.signing_time(build.TIME),
            a.smime_capabilities([bytes.fromhex("300B060960864801650304012E")]),
            a.cms_algorithm_protection(build.SHA256, signature=build.RSA_SHA256),
            ess.signing_certificate_v2(bytes(32), issuer_and_serial=build.ISSUER_AND_SERIAL),
        ]
    )
    found = {item["type"].native: item["values"][0] for item in independent.CMSAttributes.load(encoded, strict=True)}
    assert found["content_type"].native == "data"
    assert found["message_digest"].native == bytes(range(32))
    assert found["signing_time"].native == build.TIME
    assert found["cms_algorithm_protection"]["signature_algorithm"]["algorithm"].native == "sha256_rsa"
    certificate = found["signing_certificate_v2"]["certs"][0]
    assert (certificate["hash_algorithm"]["algorithm"].native, certificate["cert_hash"].native) == ("sha256", bytes(32))
    assert certificate["issuer_serial"]["serial_number"].native == 0x1234


@pytest.mark.parametrize("tag", [0xA0, 0xA1, 0xA2, 0x31])
def test_raw_as_set(tag: int) -> None:
    encoded = build.signed_attributes()
    attributes = Attributes(w.retag(encoded, tag))
    assert attributes.raw == w.retag(encoded, tag)
    assert attributes.raw_as_set() == encoded == attributes.to_der()
    assert attributes.is_der
    assert attributes == Attributes(w.retag(encoded, tag))
    assert hash(attributes) == hash(Attributes(w.retag(encoded, tag)))
    assert attributes[0].oid == a.CONTENT_TYPE
    assert encoded.hex()[4:] in repr(attributes)


def test_unsorted_is_noticed_and_never_repaired() -> None:
    """STANDARDS 18.1: signedAttrs not sorted."""
    parts = [a.message_digest(bytes(32)), a.content_type(DATA)]
    encoded = w.tlv(0xA0, b"".join(parts))
    attributes = Attributes(encoded)
    assert not attributes.is_der
    assert attributes.raw_as_set() == w.tlv(0x31, b"".join(parts))
    assert attributes.to_der() == w.set_of(parts)
    assert attributes.values(a.CONTENT_TYPE) == (w.oid(DATA),)


@pytest.mark.parametrize(
    "content",
    [
        b"\x30\x81\x18" + a.content_type(DATA)[2:],  # a long length
        b"\x30\x80" + a.content_type(DATA)[2:] + b"\x00\x00",  # an indefinite one
        w.sequence(w.oid(a.MESSAGE_DIGEST), w.set_of([b"\x24\x03\x04\x01x"])),  # a constructed string in a value
        w.sequence(w.oid("1.2.3"), w.set_of([b"\x02\x02\x00\x01"])),
        w.sequence(w.oid("1.2.3"), w.set_of([b"\x01\x01\x01"])),
        w.sequence(w.oid("1.2.3"), w.tlv(0x31, b"\x02\x01\x02\x02\x01\x01")),  # values unsorted
        w.sequence(w.oid(a.SIGNING_TIME), w.set_of([b"\x17\x0b2601020304Z"])),
    ],
)
def test_what_is_not_der(content: bytes) -> None:
    attributes = Attributes(w.tlv(0xA0, content))
    assert not attributes.is_der
    assert attributes.raw_as_set() == w.tlv(0x31, content)
    if b"\x17\x0b" not in content:  # a time without seconds is not ours to complete
        assert Attributes(attributes.to_der()).is_der
    assert not Attributes(b"\xa0\x80" + a.content_type(DATA) + b"\x00\x00").is_der


def test_multiplicity() -> None:
    """STANDARDS 18.1: an attribute twice, with two values, or with none is all there to be judged."""
    twice = Attributes(w.set_of([a.content_type(DATA), a.content_type("1.2.3"), a.message_digest(b"d")]))
    assert [attribute.values for attribute in twice.get(a.CONTENT_TYPE)] == [(w.oid("1.2.3"),), (w.oid(DATA),)]
    assert twice.values(a.CONTENT_TYPE) == (w.oid("1.2.3"), w.oid(DATA))
    with pytest.raises(ParseError, match="more than once"):
        twice.single(a.CONTENT_TYPE)
    two = Attributes(w.set_of([a.attribute(a.CONTENT_TYPE, w.oid(DATA), w.oid("1.2.3"))]))
    assert len(two.values(a.CONTENT_TYPE)) == 2
    with pytest.raises(ParseError, match="2 values"):
        two.single(a.CONTENT_TYPE)
    none = Attributes(w.set_of([a.attribute(a.CONTENT_TYPE)]))
    assert a.CONTENT_TYPE in none
    assert none.values(a.CONTENT_TYPE) == ()
    with pytest.raises(ParseError, match="0 values"):
        none.single(a.CONTENT_TYPE)
    assert none.single(a.MESSAGE_DIGEST) is None
    assert none.get(a.MESSAGE_DIGEST) == ()
    assert a.MESSAGE_DIGEST not in none
    assert twice.single(a.MESSAGE_DIGEST) == w.octet_string(b"d")
    assert len(twice) == 3
    assert len(Attributes(b"\xa0\x00")) == 0


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (b"", 0),
        (b"\x04\x00", 0),
        (b"\xa0\x02\x05\x00", 2),
        (b"\xa0\x02\x30\x00", 2),
        (w.tlv(0xA0, w.sequence(w.oid("1.2.3"))), 2),
        (w.tlv(0xA0, w.sequence(w.oid("1.2.3"), w.sequence())), 2),
        (w.tlv(0xA0, w.sequence(w.oid("1.2.3"), w.set_of([]), w.null())), 2),
        (w.tlv(0xA0, w.sequence(w.null(), w.set_of([]))), 2),
        (w.tlv(0xA0, w.sequence(b"\x06\x01\x80", w.set_of([]))), 4),
        (b"\xa0\x00x", 2),
        (b"\xa0\x05", 0),
    ],
)
def test_malformed(raw: bytes, offset: int) -> None:
    with pytest.raises(ParseError) as caught:
        Attributes(raw)
    assert caught.value.offset == offset


def test_limits() -> None:
    many = w.set_of([a.attribute(f"1.2.{number}", w.null()) for number in range(50)])
    with pytest.raises(LimitExceeded, match="attributes=49"):
        Attributes(many, limits=DEFAULT_LIMITS.replace(attributes=49))
    assert len(Attributes(many, limits=DEFAULT_LIMITS.replace(attributes=50))) == 50


def test_offsets_count_from_the_element() -> None:
    element = der.parse(w.sequence(w.null(), b"\xa0\x02\x05\x00")).children[1]
    with pytest.raises(ParseError) as caught:
        Attributes.from_element(element)
    assert (caught.value.layer, caught.value.offset) == ("cms", 6)


@given(raw=make.spoilt(st.just(build.signed_attributes(ess.signing_certificate_v2(bytes(32))))))
def test_only_our_errors(raw: bytes) -> None:
    parsers: list[Callable[[bytes], Any]] = [
        a.parse_content_type,
        a.parse_message_digest,
        a.parse_signing_time,
        a.parse_cms_algorithm_protection,
        ess.parse_signing_certificate,
        ess.parse_signing_certificate_v2,
        a.parse_encryption_key_preference,
        ess.parse_content_hints,
    ]
    try:
        attributes = Attributes(raw)
        attributes.to_der()
    except SMIMEError:
        return
    for attribute in attributes:
        for value in attribute.values:
            for parse in parsers:
                with suppress(SMIMEError):
                    parse(value)


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (a.parse_content_type, w.null()),
        (a.parse_message_digest, w.null()),
        (a.parse_message_digest, b""),
        (a.parse_signing_time, w.null()),
        (a.parse_cms_algorithm_protection, w.sequence(build.SHA256.raw)),
        (a.parse_cms_algorithm_protection, w.sequence(build.SHA256.raw, w.retag(build.RSA.raw, 0xA1), w.retag(build.RSA.raw, 0xA2))),
        (ess.parse_signing_certificate_v2, w.sequence(w.sequence())),
        (ess.parse_signing_certificate_v2, w.sequence()),
        (
            ess.parse_signing_certificate_v2,
            w.sequence(w.sequence(w.sequence(w.octet_string(b"h"), w.sequence(w.sequence(w.implicit(2, b"a")), w.integer(1))))),
        ),
        (a.parse_encryption_key_preference, w.null()),
        (ess.parse_content_hints, w.sequence(w.utf8_string("x"))),
    ],
)
def test_malformed_values(parse: Callable[[bytes], Any], value: bytes) -> None:
    with pytest.raises(ParseError):
        parse(value)


def test_constructed_key_identifier() -> None:
    assert a.parse_encryption_key_preference(b"\xa2\x80\x04\x01a\x04\x01b\x00\x00") == SubjectKeyIdentifier(b"ab")
