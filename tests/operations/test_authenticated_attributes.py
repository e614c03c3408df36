"""Attributes that an authenticated cipher covers (RFC 5083): written, read, and noticed when they change; and what nothing covers."""

from __future__ import annotations

import pytest
from tests.operations.people import identity, person

import smime
from smime.asn1 import writer
from smime.cms import attributes as attrs
from smime.cms.auth_enveloped_data import build_auth_enveloped_data
from smime.cms.content_info import DATA
from smime.cms.enveloped_data import OriginatorInfo, build_enveloped_data
from smime.cms.reader import AuthEnvelopedDataHead, AuthEnvelopedDataTail, read
from smime.crypto import content_encryption
from smime.errors import DecryptionFailed, ParseError, UnsupportedError
from smime.operations.recipients import making
from smime.x509.certificate import Certificate

CIPHERS = ["aes-128-gcm", "aes-256-gcm", "aes-256-ccm", "chacha20-poly1305"]
NOTE = attrs.attribute("1.2.3.4.5", writer.utf8_string("for the archive"))
OTHER = "1.2.3.4"
SIZES = [0, 100, 200_000]


def encrypt(size: int, cipher: str = "aes-256-gcm", **options: object) -> bytes:
    machine = smime.MessageEncryptor(
        person("p256").certificate,
        content_encryption=cipher,
        encoding="der",
        **options,  # type: ignore[arg-type] # as each test has them
    )
    return machine.update(bytes(size)) + machine.finalize()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("cek_hkdf", [False, True])
def test_there_and_back(cipher: str, size: int, cek_hkdf: bool) -> None:
    message = encrypt(size, cipher, authenticated_attributes=[NOTE], cek_hkdf=cek_hkdf)
    decrypted = smime.decrypt(message, identity("p256"))
    assert decrypted.content == bytes(size)
    assert decrypted.report.authenticated_attributes == {
        attrs.CONTENT_TYPE: (writer.oid(DATA),),
        "1.2.3.4.5": (writer.utf8_string("for the archive"),),
    }
    assert smime.unwrap(message, identities=identity("p256")).content == bytes(size)
    changed = message.replace(b"for the archive", b"for the dustbin")
    assert changed != message
    with pytest.raises(DecryptionFailed):
        smime.decrypt(changed, identity("p256"))
    layer = smime.unwrap(changed, identities=identity("p256")).layers[0].report
    assert isinstance(layer, smime.DecryptionReport)
    assert not layer.decrypted
    assert not layer.authenticated_attributes


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_other_content_has_an_authenticated_type(cipher: str, size: int) -> None:
    message = encrypt(size, cipher, content_type=OTHER)
    head, *_, tail = read(message)
    assert isinstance(head, AuthEnvelopedDataHead)
    assert isinstance(tail, AuthEnvelopedDataTail)
    assert head.content_type == OTHER
    assert tail.auth_attrs is not None
    assert tail.auth_attrs.is_der
    report = smime.decrypt(message, identity("p256")).report
    assert report.content_type == OTHER
    assert report.authenticated_attributes == {attrs.CONTENT_TYPE: (writer.oid(OTHER),)}
    oid = writer.oid(OTHER)
    assert message.count(oid) == 2
    for which in (0, 1):
        at = message.index(oid) if which == 0 else message.rindex(oid)
        changed = message[: at + len(oid) - 1] + b"\x05" + message[at + len(oid) :]
        with pytest.raises(ParseError if which == 0 else DecryptionFailed):
            smime.decrypt(changed, identity("p256"))


def test_contenttype_alone_if_asked_for() -> None:
    report = smime.decrypt(encrypt(10, authenticated_attributes=()), identity("p256")).report
    assert list(report.authenticated_attributes) == [attrs.CONTENT_TYPE]
    assert not smime.decrypt(encrypt(10), identity("p256")).report.authenticated_attributes


@pytest.mark.parametrize(
    ("attribute", "error"),
    [
        (attrs.content_type(DATA), ValueError),
        (attrs.message_digest(bytes(32)), ValueError),
        (b"\x30\x00", ParseError),
        (b"", ParseError),
        (writer.sequence(writer.oid("1.2.3"), b"\x31\x81\x02\x05\x00"), ParseError),
    ],
)
def test_attributes_that_do_not_belong_there(attribute: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        encrypt(1, authenticated_attributes=[attribute])
    with pytest.raises(ValueError, match="twice"):
        encrypt(1, authenticated_attributes=[NOTE, NOTE])


def test_ciphers_that_authenticate_nothing() -> None:
    with pytest.raises(UnsupportedError):
        encrypt(1, "aes-256-cbc", authenticated_attributes=())
    message = encrypt(10, "aes-256-cbc", content_type=OTHER)
    assert smime.decrypt(message, identity("p256")).report.content_type == OTHER
    with pytest.raises(ValueError, match="id-data"):
        smime.MessageEncryptor(person("p256").certificate, content_type=OTHER)


def _infos(key: bytes) -> list[bytes]:
    return making.recipient_infos(making.makers_of(person("p256").certificate), key, smime.policies.RFC8551)


def test_other_content_without_attributes_is_refused() -> None:
    """RFC 5083 section 2.1: they have to be there, or the type of the content could be changed."""
    key = bytes(32)
    algorithm, encrypted, tag = content_encryption.encrypt("aes-256-gcm", key, b"octets")
    assert tag is not None
    message = build_auth_enveloped_data(
        recipient_infos=_infos(key), content_encryption_algorithm=algorithm, encrypted_content=encrypted, mac=tag, content_type=OTHER
    )
    with pytest.raises(ParseError, match="without authenticated attributes"):
        smime.decrypt(message, identity("p256"))


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-256-cbc"])
def test_what_is_not_protected_is_told_apart(cipher: str) -> None:
    """originatorInfo and unprotected attributes are kept, and shown as what they are."""
    other = Certificate.of_any(person("rsa2048").certificate).der
    key = bytes(32)
    algorithm, encrypted, tag = content_encryption.encrypt(cipher, key, b"octets")
    origin = OriginatorInfo.build([other])
    if tag is None:
        message = build_enveloped_data(
            recipient_infos=_infos(key),
            content_encryption_algorithm=algorithm,
            encrypted_content=encrypted,
            originator_info=origin,
            unprotected_attrs=[NOTE],
        )
    else:
        message = build_auth_enveloped_data(
            recipient_infos=_infos(key),
            content_encryption_algorithm=algorithm,
            encrypted_content=encrypted,
            mac=tag,
            originator_info=origin,
            unauth_attrs=[NOTE],
        )
    report = smime.decrypt(message, identity("p256")).report
    assert report.originator_certificates == (other,)
    assert list(report.unprotected_attributes) == ["1.2.3.4.5"]
    assert not report.authenticated_attributes
    told = report.to_dict()
    assert told["unprotected_attributes"] == ["1.2.3.4.5"]
    assert told["originator_certificates"] == 1
