"""An authenticated message under another cipher (RFC 9709): what an attacker gets who makes AES-CBC of it, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from tests.operations.test_recipients import BOTH, KEY, PEOPLE, PKI, head_of, identity

import smime
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cli.demo import historic
from smime.cms.enveloped_data import EnvelopedDataHead, build_enveloped_data
from smime.crypto import content_encryption
from smime.errors import DecryptionFailed
from smime.pki.identity import ContentKey
from smime.report import DecryptionReport

BINDS = ["aes-256-gcm", "aes-128-gcm", "aes-128-ccm", "chacha20-poly1305", "aes-256-cbc", "aes-128-cbc", "cek-hkdf-sha256"]
BLOCK = bytes(range(16))


def known(*, binds: bool = True) -> smime.Recipient:
    return smime.Recipient(BOTH.certificate, capabilities=BINDS[: None if binds else -1])


def report_of(message: bytes, *identities: object, policy: smime.Policy = smime.policies.RFC8551) -> DecryptionReport:
    result = smime.unwrap(message, identities=identities or [identity(BOTH)], policy=policy)
    report = result.layers[0].report
    assert isinstance(report, DecryptionReport)
    return report


def codes(report: DecryptionReport) -> set[str]:
    return {found.code for found in report.findings}


def downgraded(head: EnvelopedDataHead, ciphertext: bytes) -> Iterable[bytes]:
    """Yield messages with the recipients of another one, and AES-CBC over what the attacker wants decrypted, with each last octet."""
    for last in range(256):
        iv = bytes(15) + bytes([last])
        yield build_enveloped_data(
            recipient_infos=[info.raw for info in head.recipient_infos],
            content_encryption_algorithm=content_encryption.algorithm_identifier("aes-256-cbc", bytes(16)),
            encrypted_content=ciphertext + iv + ciphertext,
        )


def answers(head: EnvelopedDataHead, ciphertext: bytes) -> list[bytes]:
    """Return what a reader gets to see, who is asked until the padding is right by chance."""
    found = []
    for message in downgraded(head, ciphertext):
        try:
            found.append(smime.decrypt(message, identity(BOTH)).content)
        except DecryptionFailed:
            continue
    return found


def content_key(message: bytes) -> bytes:
    """Return the key that was transported."""
    from smime.operations.recipients import opening

    (candidate, *_) = opening.matching(smime.Keyring([identity(BOTH)]), head_of(message).recipient_infos)
    return candidate.unwrap((32,), smime.policies.RFC8551)


def decrypted(key: bytes, block: bytes) -> bytes:
    return Cipher(AES(key), ECB()).decryptor().update(block)


def test_without_a_bound_key_a_reader_decrypts_blocks_for_anybody() -> None:
    """The attack works, as the RFC says: so that the next test proves something."""
    message = smime.encrypt(b"secret", known(binds=False), encoding="der")
    found = answers(head_of(message), BLOCK)
    assert found
    assert {content[:16] for content in found} == {decrypted(content_key(message), BLOCK)}


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "chacha20-poly1305", "aes-256-cbc"])
def test_with_a_bound_key_it_does_not(cipher: str) -> None:
    """The transported key is the key of no cipher, whatever an attacker writes around it."""
    message = smime.encrypt(b"secret", known(), content_encryption=cipher, encoding="der")
    head = head_of(message)
    transported = content_key(message)
    info = head.content_encryption_algorithm.parameters
    assert info is not None
    used = content_encryption._derive(transported, info)
    assert used != transported
    for content in answers(head, BLOCK):  # garbage of a key that encrypts nothing
        assert content[:16] == decrypted(transported, BLOCK) != decrypted(used, BLOCK)


def test_the_attackers_own_derivation_gives_another_key() -> None:
    """cek-hkdf-sha256 may stay, with AES-CBC in it."""
    message = smime.encrypt(b"secret", known(), encoding="der")
    head = head_of(message)
    inner = content_encryption.algorithm_identifier("aes-256-cbc", bytes(16))
    bound = AlgorithmIdentifier.build(head.content_encryption_algorithm.oid, inner.raw)
    again = build_enveloped_data(
        recipient_infos=[info.raw for info in head.recipient_infos], content_encryption_algorithm=bound, encrypted_content=BLOCK * 2
    )
    used = content_encryption._derive(content_key(message), head.content_encryption_algorithm.parameters or b"")
    try:
        content = smime.decrypt(again, identity(BOTH)).content
    except DecryptionFailed:
        return
    assert content[:16] != decrypted(used, BLOCK)


@pytest.mark.parametrize("cipher", [None, "aes-128-gcm", "aes-128-ccm", "chacha20-poly1305", "aes-256-cbc"])
def test_the_key_is_bound_where_the_reader_is_known_to_read_it(cipher: str | None) -> None:
    for recipients, bound in (
        ([known()], True),
        ([known(), known()], True),
        ([known(binds=False)], False),
        ([known(), PEOPLE["p256"].certificate], False),
        ([known(), KEY], False),
    ):
        head = head_of(smime.encrypt(b"x", recipients, content_encryption=cipher, encoding="der"))
        assert (head.content_encryption_algorithm.name == "cek-hkdf-sha256") is bound


def test_it_is_announced() -> None:
    """Who signs with this library is written to with bound keys by who reads that."""
    signed = smime.sign(b"x", smime.Signer(BOTH.private_key, BOTH.certificate, BOTH.chain), detached=False, encoding="der")
    report = smime.verify(signed, smime.TrustStore(PKI.anchors), policy=smime.policies.RFC8551.replace(check_sender=False)).report
    head = head_of(smime.encrypt(b"x", smime.Recipient.from_signed(report), encoding="der"))
    assert head.content_encryption_algorithm.name == "cek-hkdf-sha256"


CODE = "aead-downgrade-possible"


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"])
def test_what_is_said_of_a_key_that_is_not_bound(cipher: str) -> None:
    recipient = PEOPLE["p256"].certificate
    opened = smime.decrypt(smime.encrypt(b"x", recipient, content_encryption=cipher, encoding="der"), identity(PEOPLE["p256"]))
    assert CODE in codes(opened.report)


def test_it_is_said_of_an_attack_that_fails() -> None:
    head = head_of(smime.encrypt(b"secret", known(binds=False), encoding="der"))
    reports = [report_of(message) for message, _ in zip(downgraded(head, BLOCK), range(8), strict=False)]
    assert all(CODE in codes(report) for report in reports)
    assert any("decryption-failed" in codes(report) for report in reports)


def test_of_what_it_is_not_said() -> None:
    person = identity(BOTH)
    for message, identities in (
        (smime.encrypt(b"x", BOTH.certificate, encoding="der"), [person]),
        (smime.encrypt(b"x", known(), content_encryption="aes-256-cbc", encoding="der"), [person]),
        (smime.encrypt(b"x", ContentKey(bytes(32)), encoding="der"), [ContentKey(bytes(32))]),  # no authenticated form has such keys
        (historic.encrypt(b"Content-Type: text/plain\r\n\r\nold\r\n", BOTH.certificate), [person]),  # 3DES
    ):
        report = report_of(message, *identities, policy=smime.policies.ARCHIVE)
        assert report.decrypted
        assert CODE not in codes(report)


def test_a_policy_may_refuse_it() -> None:
    profile = smime.algorithms.RFC8551
    policy = smime.policies.RFC8551.replace(
        algorithms=profile.replace(current=profile.current - {"aes-128-cbc", "aes-192-cbc", "aes-256-cbc"})
    )
    message = smime.encrypt(b"x", BOTH.certificate, content_encryption="aes-256-cbc", encoding="der")
    with pytest.raises(smime.PolicyError):
        smime.decrypt(message, identity(BOTH), policy=policy)
    assert smime.decrypt(smime.encrypt(b"x", BOTH.certificate, encoding="der"), identity(BOTH), policy=policy).content == b"x"
