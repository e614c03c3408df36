"""How a signer names himself, what he announces, and what else he signs (RFC 8551 sections 2.5 and 2.6)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.operations.people import ADDRESS, person, signer, trust

import smime
from smime.asn1 import writer
from smime.cms import attributes as attrs
from smime.cms import capabilities as caps
from smime.cms import ess
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.cms.reader import SignedDataHead, SignedDataTail, read
from smime.cms.signer_info import SignerInfo
from smime.errors import KeyMismatchError, ParseError, UnsupportedError
from smime.report import Verdict
from smime.x509.certificate import Certificate

OCTETS = b"octets"
UNKNOWN = attrs.attribute("1.2.3.4.5", writer.octet_string(b"whatever"))


def tail_of(message: bytes) -> SignedDataTail:
    (tail,) = [event for event in read(message) if isinstance(event, SignedDataTail)]
    return tail


def sign(**options: Any) -> bytes:
    return smime.sign(OCTETS, signer("p256", **options), detached=False, encoding="der")


def report(message: bytes) -> smime.SignerReport:
    return smime.verify(message, trust(), sender=ADDRESS).report.signers[0]


@pytest.mark.parametrize("size", [6, 200_000])
@pytest.mark.parametrize("by_key_identifier", [False, True])
def test_both_identifiers(by_key_identifier: bool, size: int) -> None:
    message = smime.sign(bytes(size), signer("p256", by_key_identifier=by_key_identifier), detached=False, encoding="der")
    (info,) = tail_of(message).signer_infos
    assert info.version == (3 if by_key_identifier else 1)
    assert isinstance(info.sid, SubjectKeyIdentifier if by_key_identifier else IssuerAndSerialNumber)
    assert report(message).verdict is Verdict.VALID
    (head,) = [event for event in read(message) if isinstance(event, SignedDataHead)]
    assert head.version == info.version  # RFC 5652 section 5.1


@pytest.mark.parametrize("by_key_identifier", [False, True])
@pytest.mark.parametrize("countersigner", [False, True])
def test_issuer_and_serial_are_named_once(by_key_identifier: bool, countersigner: bool) -> None:
    # RFC 5035 section 4: issuerSerial SHOULD be present, unless the sid gives issuer and serial number
    who = signer("p256", by_key_identifier=by_key_identifier)
    message = smime.countersign(sign(), who, trust(), sender=ADDRESS) if countersigner else sign(by_key_identifier=by_key_identifier)
    (info,) = tail_of(message).signer_infos
    if countersigner:
        assert info.unsigned_attrs is not None
        info = SignerInfo.from_raw(info.unsigned_attrs.values(attrs.COUNTERSIGNATURE)[0])
    assert info.signed_attrs is not None
    (value,) = info.signed_attrs.values(ess.SIGNING_CERTIFICATE_V2)
    (named,) = ess.parse_signing_certificate_v2(value).certificates
    own = Certificate.of_any(who.certificate)
    assert named.certificate_hash == own.digest("sha256")
    assert named.issuer_and_serial == (IssuerAndSerialNumber(own.issuer_raw, own.serial) if by_key_identifier else None)


def test_a_countersigner_by_key_identifier() -> None:
    message = smime.countersign(sign(), signer("ed25519", by_key_identifier=True), trust(), sender=ADDRESS)
    (countersigner,) = report(message).countersigners
    assert countersigner.sid.startswith("subject key identifier")
    assert countersigner.signature_valid


def test_no_key_identifier_to_go_by(monkeypatch: pytest.MonkeyPatch) -> None:
    own = person("p256")
    monkeypatch.setattr(Certificate, "ski", None)
    with pytest.raises(KeyMismatchError, match="no subject key identifier"):
        smime.Signer(own.private_key, own.certificate, by_key_identifier=True)


def test_capabilities_in_their_order() -> None:
    names = ("aes-128-cbc", "aes-256-gcm", "RSAES-OAEP-SHA256")
    told = report(sign(capabilities=names))
    assert tuple(caps.name_of(oid, parameters) for oid, parameters in told.capabilities) == names
    assert told.capability_names == names
    own = caps.build_capabilities([b"\x30\x04\x06\x02\x2a\x03"])
    assert report(sign(capabilities=(own[2:],))).capability_names == ("1.2.3",)
    assert attrs.SMIME_CAPABILITIES not in report(sign(capabilities=())).attributes
    assert report(sign()).capability_names[0] == "aes-256-gcm"
    with pytest.raises(UnsupportedError, match="capability"):
        sign(capabilities=("rot13",))


def test_an_encryption_certificate() -> None:
    other = person("x25519")
    message = sign(encryption_certificate=other.certificate)
    verified = smime.verify(message, trust(), sender=ADDRESS).report
    assert Certificate.of_any(other.certificate).der in verified.certificates
    (value,) = verified.signers[0].attributes[attrs.ENCRYPTION_KEY_PREFERENCE]
    assert Certificate.of_any(other.certificate).matches(attrs.parse_encryption_key_preference(value))
    recipient = smime.Recipient.from_signed(verified, trust=trust())
    assert recipient.facts == Certificate.of_any(other.certificate)
    sealed = smime.encrypt(OCTETS, recipient, encoding="der")
    assert smime.decrypt(sealed, smime.Identity(other.private_key, other.certificate)).content == OCTETS


def test_further_attributes_are_signed_and_kept_raw() -> None:
    hints = ess.content_hints("1.2.840.113549.1.7.1", "a letter")
    told = report(sign(attributes=(UNKNOWN, hints)))
    assert told.verdict is Verdict.VALID
    assert told.attributes["1.2.3.4.5"] == (writer.octet_string(b"whatever"),)
    (value,) = told.attributes[ess.CONTENT_HINT]
    assert ess.parse_content_hints(value) == ("1.2.840.113549.1.7.1", "a letter")
    message = sign(attributes=(UNKNOWN,))
    signed = tail_of(message).signer_infos[0].signed_attrs
    assert signed is not None
    assert signed.is_der


@pytest.mark.parametrize(
    ("attribute", "error"),
    [
        (attrs.content_type("1.2.3"), ValueError),
        (attrs.message_digest(bytes(32)), ValueError),
        (attrs.countersignature(b"\x30\x00"), ValueError),
        (b"\x30\x00", ParseError),
        (b"", ParseError),
        (writer.sequence(writer.oid("1.2.3"), b"\x31\x81\x02\x05\x00"), ParseError),
    ],
)
def test_attributes_that_do_not_belong_there(attribute: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        sign(attributes=(attribute,))
    with pytest.raises(ValueError, match="twice"):
        sign(attributes=(UNKNOWN, UNKNOWN))


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("size", [6, 200_000])
def test_other_content(size: int, detached: bool) -> None:
    octets = bytes(size)
    machine = smime.MessageSigner(signer("p256"), detached=detached, encoding="der", content_type="1.2.3.4")
    message = machine.update(octets) + machine.finalize()
    verified = smime.verify(message, trust(), sender=ADDRESS, content=octets if detached else None)
    assert verified.report.content_type == "1.2.3.4"
    assert verified.content == octets
    with pytest.raises(ValueError, match="id-data"):
        smime.MessageSigner(signer("p256"), content_type="1.2.3.4")
