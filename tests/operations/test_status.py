"""What is said of a message as a whole (RFC 9787): the cryptographic envelope at the root counts, and nothing else."""

from __future__ import annotations

import pytest
from tests.hostile.builder import HEADER, Multipart, Signature, SignedData, opaque, signed
from tests.hostile.builder import person as sender
from tests.operations.people import identity, person, signer, trust

import smime
from smime.asn1 import writer
from smime.report import DecryptionReport, Verdict, VerificationReport
from smime.transforms import base64, quoted_printable

MAIL = b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
ENTITY = b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
PLAIN = b"Content-Type: text/plain\r\n\r\nbeside\r\n"
RECIPIENT = "rsa2048"


def sign(message: bytes, *, detached: bool = True) -> bytes:
    return smime.sign(message, signer("p256"), detached=detached)


def encrypt(message: bytes, cipher: str = "aes-256-gcm") -> bytes:
    return smime.encrypt(message, person(RECIPIENT).certificate, content_encryption=cipher)


def unwrap(message: bytes) -> smime.UnwrappedMessage:
    return smime.unwrap(message, identities=identity(RECIPIENT), trust=trust())


def kinds(message: smime.UnwrappedMessage) -> list[str]:
    return [layer.kind for layer in message.layers]


def header_of(message: bytes) -> bytes:
    return message[: message.index(b"\r\n\r\n") + 4]


def mixed(*parts: bytes, kind: bytes = b"mixed", header: bytes = HEADER) -> bytes:
    body = b"".join(b"--=_mixed\r\n" + part + b"\r\n" for part in parts)
    return header + b"Content-Type: multipart/" + kind + b'; boundary="=_mixed"\r\n\r\n' + body + b"--=_mixed--\r\n"


def test_plain() -> None:
    result = unwrap(MAIL)
    assert (result.status, kinds(result), result.content) == ("unprotected", [], MAIL)
    assert result.verdict is None


@pytest.mark.parametrize("detached", [True, False])
def test_signed(detached: bool) -> None:
    result = unwrap(sign(MAIL, detached=detached))
    assert (result.status, kinds(result)) == ("signed", ["signed"])
    assert result.content.endswith(b"\r\n\r\nhello\r\n")
    assert result.layers[0].content_type == ("multipart/signed" if detached else "application/pkcs7-mime")
    assert result.verdict is Verdict.VALID


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-256-cbc"])
def test_encrypted(cipher: str) -> None:
    result = unwrap(encrypt(MAIL, cipher))
    assert (result.status, kinds(result), result.content) == ("encrypted", ["encrypted"], ENTITY)
    report = result.layers[0].report
    assert isinstance(report, DecryptionReport)
    assert report.authenticated is (cipher == "aes-256-gcm")


@pytest.mark.parametrize("detached", [True, False])
def test_signed_then_encrypted(detached: bool) -> None:
    result = unwrap(encrypt(sign(MAIL, detached=detached)))
    assert (result.status, kinds(result)) == ("signed-and-encrypted", ["encrypted", "signed"])
    assert result.content.endswith(b"hello\r\n")


@pytest.mark.parametrize("detached", [True, False])
def test_encrypted_then_signed(detached: bool) -> None:
    """A signature outside of an encryption says nothing about who wrote what is inside."""
    result = unwrap(sign(encrypt(MAIL), detached=detached))
    assert (result.status, kinds(result), result.content) == ("encrypted", ["signed", "encrypted"], ENTITY)


def test_triple_wrapped() -> None:
    result = unwrap(sign(encrypt(sign(MAIL))))
    assert (result.status, kinds(result)) == ("signed-and-encrypted", ["signed", "encrypted", "signed"])
    assert result.verdict is Verdict.VALID


def test_triple_wrapped_with_a_bad_outer_signature() -> None:
    """What the relay in the middle signed is broken; what the author signed is not."""
    outer = sign(encrypt(sign(MAIL)))
    broken = outer.replace(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: BASE64", 1)
    result = unwrap(broken)
    assert result.status == "signed-and-encrypted"
    assert result.verdict is Verdict.INVALID


def test_triple_wrapped_with_a_bad_inner_signature() -> None:
    inner = sign(MAIL).replace(b"hello", b"hallo")
    result = unwrap(sign(encrypt(inner)))
    assert (result.status, kinds(result)) == ("encrypted", ["signed", "encrypted", "signed"])
    assert result.verdict is Verdict.INVALID


def test_signed_twice() -> None:
    result = unwrap(sign(sign(MAIL)))
    assert (result.status, kinds(result)) == ("signed", ["signed", "signed"])


def test_encrypted_twice() -> None:
    result = unwrap(encrypt(encrypt(MAIL)))
    assert (result.status, kinds(result), result.content) == ("encrypted", ["encrypted", "encrypted"], ENTITY)


@pytest.mark.parametrize("inside", [True, False])
def test_compressed(inside: bool) -> None:
    message = encrypt(smime.compress(sign(MAIL))) if inside else smime.compress(encrypt(sign(MAIL)))
    result = unwrap(message)
    assert result.status == "signed-and-encrypted"
    assert sorted(kinds(result)) == ["compressed", "encrypted", "signed"]
    assert result.content.endswith(b"hello\r\n")


def test_no_key() -> None:
    """The message is encrypted, also for who cannot open it; its ciphertext is the content."""
    message = encrypt(sign(MAIL))
    result = smime.unwrap(message, trust=trust())
    assert (result.status, kinds(result), result.content) == ("encrypted", ["encrypted"], message)
    report = result.layers[0].report
    assert isinstance(report, DecryptionReport)
    assert not report.decrypted
    assert [f.code for f in report.findings] == ["no-matching-recipient"]


def test_no_key_inside_of_a_signature() -> None:
    encrypted = encrypt(MAIL)
    result = smime.unwrap(sign(encrypted, detached=False), trust=trust())
    assert (result.status, kinds(result)) == ("encrypted", ["signed", "encrypted"])
    assert result.content.endswith(encrypted.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("where", ["ciphertext", "tag"])
def test_tampered(where: str) -> None:
    der = bytearray(smime.encrypt(MAIL, person(RECIPIENT).certificate, encoding="der"))
    der[-20 if where == "ciphertext" else -1] ^= 1
    result = unwrap(opaque(bytes(der), smime_type="authEnveloped-data"))
    assert result.status == "unprotected"
    report = result.layers[0].report
    assert isinstance(report, DecryptionReport)
    assert not report.decrypted
    assert "decryption-failed" in [f.code for f in report.findings]
    assert b"hello" not in result.content
    with pytest.raises(smime.DecryptionFailed):
        smime.decrypt(bytes(der), identity(RECIPIENT))


def test_signature_that_is_not_valid() -> None:
    result = smime.unwrap(sign(MAIL), trust=smime.TrustStore(()))
    assert (result.status, kinds(result)) == ("unprotected", ["signed"])
    assert result.verdict is Verdict.INDETERMINATE
    assert result.content.endswith(b"hello\r\n")


def test_nobody_to_trust() -> None:
    result = smime.unwrap(sign(MAIL))
    assert result.status == "unprotected"
    report = result.layers[0].report
    assert isinstance(report, VerificationReport)
    assert "path-unchecked" in {f.code for f in report.all_findings()}


def test_certificates_only() -> None:
    cms = SignedData([], certificates=[Signature().own.der]).der()
    result = unwrap(opaque(cms, smime_type="certs-only", name="smime.p7c"))
    assert (result.status, kinds(result)) == ("unprotected", ["certificates"])
    assert result.verdict is None
    with pytest.raises(smime.NotProtected):
        smime.verify(cms, trust())


def test_no_signers_is_unsigned() -> None:
    result = unwrap(opaque(SignedData([], ENTITY, certificates=[Signature().own.der]).der()))
    assert result.status == "unprotected"
    assert result.content == ENTITY


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-256-cbc"])
def test_bare_cms_inside_of_each_other(cipher: str) -> None:
    """What is inside of an encryption without MIME around it may be another CMS object."""
    inner = smime.sign(MAIL, signer("p256"), detached=False, encoding="der")
    outer = smime.encrypt(inner, person(RECIPIENT).certificate, content_encryption=cipher, encoding="der")
    result = smime.unwrap(outer, identities=identity(RECIPIENT), trust=trust(), sender="alice@example.org")
    assert kinds(result)[0] == "encrypted"
    assert result.status in {"encrypted", "signed-and-encrypted"}


# -- errant layers --


def errant(result: smime.UnwrappedMessage) -> list[tuple[str, str]]:
    return [(layer.part, layer.kind) for layer in result.errant_layers]


def body_of(message: bytes) -> bytes:
    """Return a message without the header fields that are not of MIME."""
    return message[message.index(b"Content-Type") :] if b"MIME-Version" not in message else message[message.index(b"MIME-Version") :]


def test_a_signed_part_beside_another() -> None:
    result = unwrap(mixed(PLAIN, body_of(sign(MAIL))))
    assert (result.status, kinds(result), errant(result)) == ("unprotected", [], [("2", "signed")])


def test_an_opaque_part_beside_another() -> None:
    result = unwrap(mixed(body_of(sign(MAIL, detached=False)), PLAIN))
    assert (result.status, kinds(result), errant(result)) == ("unprotected", [], [("1", "signed")])


def test_an_encrypted_part_beside_another() -> None:
    """EFAIL: the ciphertext stays ciphertext."""
    message = mixed(
        b"Content-Type: text/html\r\n\r\n<img src='http://x/?\r\n", body_of(encrypt(MAIL)), b"Content-Type: text/html\r\n\r\n'>\r\n"
    )
    result = unwrap(message)
    assert (result.status, kinds(result), errant(result)) == ("unprotected", [], [("2", "encrypted")])
    assert b"hello" not in result.content
    assert result.content == message
    with pytest.raises(smime.NotProtected):
        smime.decrypt(message, identity(RECIPIENT))
    with pytest.raises(smime.NotProtected):
        smime.verify(message, trust())


def test_a_forwarded_signed_mail() -> None:
    message = HEADER + b"Content-Type: message/rfc822\r\n\r\n" + sign(MAIL)
    result = unwrap(message)
    assert (result.status, errant(result)) == ("unprotected", [("1", "signed")])


def test_a_forwarded_encrypted_mail_deep_inside() -> None:
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + encrypt(MAIL)
    message = mixed(PLAIN, mixed(PLAIN, forwarded, header=b""))
    result = unwrap(message)
    assert result.status == "unprotected"
    assert [layer.kind for layer in result.errant_layers] == ["encrypted"]


def test_errant_layers_inside_of_an_envelope() -> None:
    """An encrypted mail with a signed attachment is encrypted, not signed."""
    result = unwrap(encrypt(mixed(PLAIN, body_of(sign(MAIL)))))
    assert (result.status, kinds(result), errant(result)) == ("encrypted", ["encrypted"], [("2", "signed")])


def test_errant_ciphertext_inside_of_a_signature() -> None:
    result = unwrap(sign(mixed(PLAIN, body_of(encrypt(MAIL)))))
    assert (result.status, kinds(result), errant(result)) == ("signed", ["signed"], [("2", "encrypted")])
    assert b"hello" not in result.content


def test_one_part_below_mixed_is_still_below() -> None:
    result = unwrap(mixed(body_of(sign(MAIL))))
    assert (result.status, errant(result)) == ("unprotected", [("1", "signed")])


def test_a_mailing_list_footer() -> None:
    result = unwrap(mixed(body_of(sign(MAIL)), b"Content-Type: text/plain\r\n\r\n____\r\nlist\r\n"))
    assert (result.status, errant(result)) == ("unprotected", [("1", "signed")])


# -- what decides what an object is --


@pytest.mark.parametrize("smime_type", ["enveloped-data", "certs-only", "compressed-data", "nonsense"])
def test_the_cms_type_decides(smime_type: str) -> None:
    result = unwrap(opaque(SignedData([Signature(content=ENTITY)], ENTITY).der(), smime_type=smime_type))
    assert (result.status, kinds(result)) == ("signed", ["signed"])


@pytest.mark.parametrize("encoding", [b"7bit", b"base64", b"quoted-printable"])
def test_errant_layers_in_what_is_a_message_by_default_or_encoded(encoding: bytes) -> None:
    """A part of a multipart/digest is a message (RFC 2046 section 5.1.5); a message/global may have any encoding (RFC 6532 section 3.7)."""
    encode = {b"7bit": bytes, b"base64": base64.encode, b"quoted-printable": quoted_printable.encode}[encoding]
    part = b"Content-Type: message/global\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + encode(Multipart().mail())
    digest = b'Content-Type: multipart/digest; boundary="d"\r\n\r\n--d\r\n\r\n' + Multipart().mail() + b"\r\n--d--\r\n"
    found = smime.unwrap(HEADER + part).errant_layers
    assert [(layer.part, layer.kind) for layer in found] == [("1", "signed")]
    found = smime.unwrap(HEADER + digest).errant_layers
    assert [(layer.part, layer.kind) for layer in found] == [("1.1", "signed")]


def test_content_of_another_type_is_not_mime() -> None:
    """eContentType TSTInfo: the signature counts, the content is not looked into."""
    tst = "1.2.840.113549.1.9.16.1.4"
    octets = writer.sequence(writer.integer(1))
    cms = SignedData([Signature(content=octets, content_type=tst)], octets, content_type=tst).der()
    result = smime.unwrap(cms, trust=trust(), sender="alice@example.org")
    assert kinds(result) == ["signed"]
    assert result.content == octets
    report = result.layers[0].report
    assert isinstance(report, VerificationReport)
    assert report.content_type == tst
    assert report.verdict is Verdict.VALID


def test_sender_of_a_nested_layer_is_that_of_the_message() -> None:
    """From inside of the envelope does not make a signer the sender of the message (RFC 8550 section 3)."""
    inner = signed(header=b"From: mallory@example.org\r\nMIME-Version: 1.0\r\n", who=sender("mallory"))
    message = smime.encrypt(inner, person(RECIPIENT).certificate)
    message = HEADER + message[message.index(b"MIME-Version") :] if b"MIME-Version" in message else HEADER + message
    result = unwrap(message.replace(b"From: mallory@example.org\r\n", b"", 1))
    assert result.status != "signed-and-encrypted"


def test_deep_nesting_is_bounded() -> None:
    message = MAIL
    for _ in range(40):
        message = smime.compress(message)
    with pytest.raises(smime.LimitExceeded):
        unwrap(message)


def test_to_dict_is_plain_data() -> None:
    import json

    result = unwrap(encrypt(mixed(PLAIN, body_of(sign(MAIL)))))
    told = json.loads(json.dumps(result.to_dict()))
    assert told["status"] == "encrypted"
    assert told["errant_layers"][0]["part"] == "2"


def test_a_report_has_no_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(unwrap(sign(MAIL)).layers[0].report)


def test_multipart_shown_is_what_was_signed() -> None:
    """The content is the signed part alone, not preamble, epilogue or signature."""
    mail = Multipart(ENTITY, preamble=b"before\r\n", epilogue=b"after\r\n").mail()
    assert unwrap(mail).content == ENTITY


# -- bare objects: a mail inside of one says from whom it is --


def _bare(message: bytes) -> smime.UnwrappedMessage:
    encrypted = smime.encrypt(message, person(RECIPIENT).certificate, encoding="der")
    return unwrap(encrypted)


def test_a_mail_inside_of_a_bare_object() -> None:
    result = _bare(Multipart().mail())
    assert result.status == "signed-and-encrypted"
    report = result.layers[1].report
    assert isinstance(report, VerificationReport)
    assert report.signers[0].address_matches is True


def test_a_mail_from_somebody_else_inside_of_a_bare_object() -> None:
    result = _bare(Multipart(header=b"From: mallory@example.org\r\nMIME-Version: 1.0\r\n").mail())
    assert result.status == "encrypted"
    report = result.layers[1].report
    assert isinstance(report, VerificationReport)
    assert report.signers[0].address_matches is False


def test_an_entity_inside_of_a_bare_object_names_nobody() -> None:
    result = _bare(Multipart(header=b"").mail())
    assert result.status == "signed-and-encrypted"
    report = result.layers[1].report
    assert isinstance(report, VerificationReport)
    assert report.signers[0].address_matches is None


def test_what_is_signed_as_octets_names_no_sender_of_the_signature() -> None:
    """Alice signs the octets of a mail of Mallory's, as evidence: she is not its sender, and does not say so."""
    octets = b"From: mallory@example.org\r\nSubject: threat\r\n\r\nPay!\r\n"
    cms = smime.sign(octets, signer("p256"), detached=False, encoding="der")
    assert smime.verify(cms, trust()).content == octets
    result = unwrap(cms)
    assert result.status == "signed"
    assert result.content == octets


@pytest.mark.parametrize("detached", [True, False])
def test_a_repeated_mime_version_is_no_doubt(detached: bool) -> None:
    field = b"MIME-Version: 1.0\r\n"
    assert unwrap(sign(MAIL, detached=detached).replace(field, field + field, 1)).status == "signed"
