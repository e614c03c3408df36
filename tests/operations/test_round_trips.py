"""For every supported combination: what is signed verifies, what is encrypted decrypts, and the content is the canonical entity."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operations.people import ADDRESS, KEK, PASSWORD, identity, person, signer, trust

import smime
from smime import policies
from smime.errors import SMIMEError
from smime.report import Verdict

MAIL = (
    b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nhello  \r\nFrom me\r\n\r\n"
)
ENTITY = MAIL[MAIL.index(b"MIME-Version") :]
SIGNATURES: list[tuple[str, dict[str, Any]]] = [
    ("rsa2048", {}),
    ("rsa2048", {"digest": "sha384"}),
    ("rsa2048", {"digest": "sha512"}),
    ("rsa2048", {"pss": True}),
    ("rsa3072", {"pss": True, "digest": "sha512"}),
    ("p256", {}),
    ("p256", {"digest": "sha512"}),
    ("p384", {}),
    ("p521", {}),
    ("brainpoolp256r1", {}),
    ("ed25519", {}),
    ("ed448", {}),
    ("mldsa44", {}),
    ("mldsa65", {}),
    ("mldsa87", {}),
]
RECIPIENTS = ["rsa2048", "p256", "p384", "p521", "brainpoolp256r1", "brainpoolp512r1", "x25519", "x448", "mlkem768", "mlkem1024"]
CIPHERS = [
    *(f"aes-{size}-{mode}" for size, mode in product((128, 192, 256), ("gcm", "cbc", "ccm"))),
    "chacha20-poly1305",
]
signatures = pytest.mark.parametrize(("key", "options"), SIGNATURES, ids=lambda value: str(value).replace(" ", ""))


def canonical(message: bytes) -> bytes:
    return message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@signatures
@pytest.mark.parametrize("detached", [True, False])
def test_sign(key: str, options: dict[str, Any], detached: bool) -> None:
    signed = smime.sign(MAIL, signer(key, **options), detached=detached)
    verified = smime.verify(signed, trust())
    assert verified.report.verdict is Verdict.VALID
    report = verified.report.signers[0]
    assert (report.digest_matches, report.signature_valid, report.trusted, report.address_matches) == (True, True, True, True)
    inner = email.message_from_bytes(verified.content)
    assert inner.get_content_type() == "text/plain"
    assert inner.get_payload(decode=True) == b"hello  \r\nFrom me\r\n\r\n" or detached
    if not detached:
        assert verified.content == ENTITY
    assert b"Subject" not in verified.content
    assert signed.startswith(b"From: alice@example.org\r\n")
    assert b"\n" not in signed.replace(b"\r\n", b"")


@signatures
@pytest.mark.parametrize("encoding", ["der", "pem"])
@pytest.mark.parametrize("detached", [True, False])
def test_sign_bare(key: str, options: dict[str, Any], encoding: Any, detached: bool) -> None:
    octets = b"\0\xff any octets \n as they are \r"
    signed = smime.sign(octets, signer(key, **options), detached=detached, encoding=encoding)
    verified = smime.verify(signed, trust(), content=octets if detached else None, sender=ADDRESS)
    assert verified.content == octets
    if detached:
        with pytest.raises(smime.VerificationError) as refused:
            smime.verify(signed, trust(), sender=ADDRESS)
        assert "no-content" in {f.code for f in refused.value.report.all_findings()}
        with pytest.raises(smime.VerificationError):
            smime.verify(signed, trust(), content=octets + b"!", sender=ADDRESS)


@pytest.mark.parametrize("key", RECIPIENTS)
@pytest.mark.parametrize("cipher", ["aes-128-gcm", "aes-256-gcm", "aes-256-cbc"])
def test_encrypt_to_each_key(key: str, cipher: str) -> None:
    encrypted = smime.encrypt(MAIL, person(key).certificate, content_encryption=cipher)
    decrypted = smime.decrypt(encrypted, identity(key))
    assert decrypted.content == ENTITY
    assert decrypted.report.authenticated is cipher.endswith("gcm")
    assert decrypted.report.content_encryption_algorithm == cipher


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("encoding", ["smime", "der", "pem"])
def test_encrypt_with_each_cipher(cipher: str, encoding: Any) -> None:
    encrypted = smime.encrypt(MAIL, person("p256").certificate, content_encryption=cipher, encoding=encoding)
    assert smime.decrypt(encrypted, identity("p256")).content == (ENTITY if encoding == "smime" else MAIL)


@pytest.mark.parametrize("transport", ["rsaes-oaep", "rsaEncryption"])
def test_key_transports(transport: str) -> None:
    encrypted = smime.encrypt(MAIL, smime.Recipient(person("rsa2048").certificate, key_transport=transport))
    report = smime.decrypt(encrypted, identity("rsa2048")).report
    assert report.key_encryption_algorithm is not None
    assert report.key_encryption_algorithm.lower().startswith(transport.lower())


def test_everybody_opens_one_message() -> None:
    recipients = [*(person(key).certificate for key in RECIPIENTS), PASSWORD, KEK]
    encrypted = smime.encrypt(MAIL, recipients)
    used = set()
    for entry in [*(identity(key) for key in RECIPIENTS), PASSWORD, KEK]:
        decrypted = smime.decrypt(encrypted, entry)
        assert decrypted.content == ENTITY
        used.add(decrypted.report.recipient)
        assert len(decrypted.report.recipients) == len(recipients)
    assert used == set(range(len(recipients)))
    with pytest.raises(smime.NoMatchingRecipient) as refused:
        smime.decrypt(encrypted, smime.Identity(person("p256", 1).private_key, person("p256", 1).certificate))
    assert len(refused.value.recipients) == len(recipients)


def test_content_key() -> None:
    key = smime.ContentKey(bytes(range(32)))
    encrypted = smime.encrypt(MAIL, key)
    assert smime.decrypt(encrypted, key).content == ENTITY
    with pytest.raises(smime.DecryptionError):
        smime.decrypt(encrypted, smime.ContentKey(bytes(32)))


def test_wrong_password() -> None:
    encrypted = smime.encrypt(MAIL, PASSWORD)
    with pytest.raises(smime.DecryptionFailed):
        smime.decrypt(encrypted, smime.Password("wrong"))
    assert smime.decrypt(encrypted, [smime.Password("wrong"), PASSWORD]).content == ENTITY


def test_two_identities_of_one_certificate() -> None:
    """The right one is found wherever it stands among the keys at hand."""
    ring = smime.Keyring([identity(key) for key in RECIPIENTS])
    for key in RECIPIENTS:
        assert smime.decrypt(smime.encrypt(MAIL, person(key).certificate), ring).content == ENTITY


@pytest.mark.parametrize("detached", [True, False])
def test_several_signers(detached: bool) -> None:
    signers = [signer("rsa2048"), signer("p384"), signer("ed25519"), signer("rsa3072", pss=True)]
    signed = smime.sign(MAIL, signers, detached=detached)
    report = smime.verify(signed, trust()).report
    assert [one.verdict for one in report.signers] == [Verdict.VALID] * 4
    if detached:
        assert b"micalg=" in signed.split(b"\r\n\r\n")[0]


def test_compress() -> None:
    compressed = smime.compress(MAIL)
    result = smime.unwrap(compressed)
    assert result.content == ENTITY
    assert [layer.kind for layer in result.layers] == ["compressed"]
    assert result.status == "unprotected"


# -- forms of input --


@pytest.mark.parametrize("policy", [email.policy.default, email.policy.compat32])
def test_message_objects(policy: Any) -> None:
    message = email.message_from_bytes(MAIL, policy=policy)
    verified = smime.verify(smime.sign(message, signer("p256"), detached=False), trust())
    assert b"hello  \r\nFrom me\r\n\r\n" in verified.content
    again = email.message_from_bytes(smime.sign(message, signer("p256")), policy=policy)
    assert smime.verify(again, trust()).report.verdict is Verdict.VALID
    opaque = email.message_from_bytes(smime.encrypt(message, person("p256").certificate), policy=policy)
    assert b"hello" in smime.decrypt(opaque, identity("p256")).content


def test_a_message_object_made_by_hand() -> None:
    message = EmailMessage()
    message["From"] = ADDRESS
    message["To"] = "bob@example.org"
    message["Subject"] = "Gr\u00fc\u00dfe"
    message.set_content("Gr\u00fc\u00dfe, \u4f60\u597d\n")
    message.add_attachment(b"\0\x01\x02", maintype="application", subtype="octet-stream", filename="a.bin")
    verified = smime.verify(smime.sign(message, signer("p256")), trust())
    inner = email.message_from_bytes(verified.content, policy=email.policy.default)
    assert inner.get_body().get_content().splitlines() == ["Gr\u00fc\u00dfe, \u4f60\u597d"]  # type: ignore[attr-defined] # the policy makes EmailMessages
    assert [part.get_content() for part in inner.iter_attachments()] == [b"\0\x01\x02"]  # type: ignore[attr-defined] # as above


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_kinds_of_octets(kind: Any) -> None:
    signed = smime.sign(kind(MAIL), signer("p256"))
    assert smime.verify(kind(signed), trust()).report.verdict is Verdict.VALID
    encrypted = smime.encrypt(kind(MAIL), person("p256").certificate)
    assert smime.decrypt(kind(encrypted), identity("p256")).content == ENTITY
    assert smime.unwrap(kind(encrypted), identities=identity("p256")).content == ENTITY


def test_bare_base64() -> None:
    signed = smime.sign(b"octets", signer("p256"), detached=False, encoding="pem")
    body = b"".join(line for line in signed.splitlines(keepends=True) if not line.startswith(b"-----"))
    assert smime.verify(body, trust(), sender=ADDRESS).content == b"octets"
    assert smime.verify(body.replace(b"\r\n", b"\n"), trust(), sender=ADDRESS).content == b"octets"
    assert smime.verify(b"Signature follows\n" + signed, trust(), sender=ADDRESS).content == b"octets"
    assert smime.verify(signed.replace(b"CMS", b"PKCS7"), trust(), sender=ADDRESS).content == b"octets"


def test_headers_of_older_senders() -> None:
    signed = smime.sign(MAIL, signer("p256"), detached=False)
    for old, new in (
        (b"application/pkcs7-mime", b"application/x-pkcs7-mime"),
        (b"application/pkcs7-mime", b"application/octet-stream"),
        (b"application/pkcs7-mime", b"Application/PKCS7-Mime"),
        (b"; smime-type=signed-data", b""),
        (b"smime-type=signed-data", b"smime-type=enveloped-data"),
    ):
        assert old in signed
        assert smime.verify(signed.replace(old, new), trust()).content == ENTITY, new


def test_a_mail_with_a_from_line_of_mbox() -> None:
    signed = smime.sign(MAIL, signer("p256"))
    assert smime.verify(b"From alice@example.org Mon Jan  1 00:00:00 2026\r\n" + signed, trust()).report.verdict is Verdict.VALID


# -- the sender --


def test_sender_given() -> None:
    signed = smime.sign(MAIL, signer("p256"))
    assert smime.verify(signed, trust(), sender=ADDRESS)
    assert smime.verify(signed, trust(), sender=["x@example.org", ADDRESS])
    with pytest.raises(smime.VerificationError):
        smime.verify(signed, trust(), sender="bob@example.org")
    forged = signed.replace(b"From: alice@", b"From: mallory@")
    with pytest.raises(smime.VerificationError):
        smime.verify(forged, trust())
    assert smime.verify(forged, trust(), sender=ADDRESS)
    relaxed = policies.RFC8551.replace(check_sender=False)
    report = smime.verify(forged, trust(), policy=relaxed).report
    assert report.signers[0].address_matches is None
    assert "address" in {unchecked.what for unchecked in report.signers[0].unchecked}


# -- any content --


@given(st.binary(max_size=2000))
def test_any_octets_bare(octets: bytes) -> None:
    signed = smime.sign(octets, signer("p256"), detached=False, encoding="der")
    assert smime.verify(signed, trust(), sender=ADDRESS).content == octets
    encrypted = smime.encrypt(octets, person("p256").certificate, encoding="der")
    assert smime.decrypt(encrypted, identity("p256")).content == octets
    assert smime.unwrap(smime.compress(octets, encoding="der")).content == octets


@given(st.binary(max_size=500))
def test_any_body(body: bytes) -> None:
    mail = b"From: alice@example.org\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\n" + body
    entity = canonical(mail.partition(b"\r\n")[2])
    opaque = smime.sign(mail, signer("p256"), detached=False)
    assert smime.verify(opaque, trust()).content.endswith(entity)
    encrypted = smime.encrypt(mail, person("p256").certificate)
    assert smime.decrypt(encrypted, identity("p256")).content.endswith(entity)
    detached = smime.sign(mail, signer("p256"))
    verified = smime.verify(detached, trust())
    inner = email.message_from_bytes(verified.content)
    assert detached.isascii()
    assert inner.get_payload(decode=True) in {body, canonical(body)}  # as it is where it is no text


@given(st.binary(max_size=300))
def test_any_octets_as_a_mail(octets: bytes) -> None:
    """Whatever is given is signed or refused with a reason."""
    for detached in (True, False):
        try:
            signed = smime.sign(octets, signer("p256"), detached=detached)
        except SMIMEError:
            continue
        verified = smime.verify(signed, trust(), sender=ADDRESS)
        assert verified.report.verdict is Verdict.VALID
