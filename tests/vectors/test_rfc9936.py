"""RFC 9936 appendix C: a message for ML-KEM-512, and every value on the way from the shared secret to the text.

`cryptography` has no ML-KEM-512, so the shared secret is the one that the appendix prints. From there on it is our own doing: a key that is
not in this process (`smime.crypto.keys.PrivateKey.decapsulate`) gives the secret, and the rest follows.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import corpora

import smime
from smime.asn1 import pem
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms.identifiers import SubjectKeyIdentifier
from smime.cms.reader import AuthEnvelopedDataHead, AuthEnvelopedDataTail, Content, read
from smime.cms.recipient_info import KEMRecipientInfo
from smime.crypto import content_encryption, kdf, kem, key_wrap
from smime.crypto.faults import Failed

SHARED_SECRET = bytes.fromhex("7DF12D412AE299A24FDE6D7C3BB8E3194C80AD3C733DCF2775E09FE8BEDB86D8")
KEK = bytes.fromhex("CF453A3E2BAE0A78701B8206C185A008")
CEK = bytes.fromhex("C5153005588269A0A59F3C01943FDD56")
WRAPPED = bytes.fromhex("C050E4392F9C14DD0AC2220203F317D701F94F9DD92778F5")
OTHER_INFO = bytes.fromhex("3010300B0609608648016503040105020110")
AES_128_WRAP = key_wrap.algorithm_identifier("aes-128-wrap")
PLAINTEXT = b"Hello, world!"


class Token:
    """A key elsewhere that decapsulates this one ciphertext."""

    def __init__(self, ciphertext: bytes) -> None:
        self._ciphertext = ciphertext

    def public_key(self) -> object:
        return self

    def decapsulate(self, ciphertext: bytes, algorithm: AlgorithmIdentifier) -> bytes:
        assert algorithm.name == "ML-KEM-512"
        if len(ciphertext) != 768:
            raise ValueError("size")
        return SHARED_SECRET if ciphertext == self._ciphertext else bytes(32)  # implicit rejection (FIPS 203)


def example() -> Path:
    return corpora.corpora_path() / "lamps-pqc" / "cms-kyber" / "example"


def received(info: KEMRecipientInfo) -> kem.EncapsulatedKey:
    return kem.EncapsulatedKey(info.kem, info.kemct, info.kdf, info.kek_length, info.ukm, info.wrap, info.encrypted_key)


def test_from_the_shared_secret_to_the_key() -> None:
    assert kem.other_info(AES_128_WRAP, 16, None) == OTHER_INFO
    assert kdf.hkdf("sha256", SHARED_SECRET, 16, OTHER_INFO) == KEK
    assert key_wrap.wrap(AES_128_WRAP, KEK, CEK) == WRAPPED
    assert key_wrap.unwrap(AES_128_WRAP, KEK, WRAPPED) == CEK


def test_the_message() -> None:
    folder = example()
    ((label, message),) = pem.decode((folder / "ML-KEM-512.cms").read_bytes())
    assert label == "CMS"
    head, *content, tail = read(message)
    assert isinstance(head, AuthEnvelopedDataHead)
    assert isinstance(tail, AuthEnvelopedDataTail)
    (info,) = head.recipient_infos
    assert isinstance(info, KEMRecipientInfo)
    assert info.rid == SubjectKeyIdentifier(bytes.fromhex((folder / "ML-KEM-512.keyid").read_text()))
    assert (info.kem.name, info.kdf.name, info.kek_length, info.ukm, info.wrap) == (
        "ML-KEM-512",
        "hkdf-with-sha256",
        16,
        None,
        AES_128_WRAP,
    )
    assert info.kemct == bytes.fromhex((folder / "ciphertext.txt").read_text())
    assert info.encrypted_key == WRAPPED
    token = Token(info.kemct)
    key = kem.unwrap(token, received(info))
    assert key == CEK
    encrypted = b"".join(bytes(event.data) for event in content if isinstance(event, Content))
    assert content_encryption.decrypt(head.content_encryption_algorithm, key, encrypted, tail.mac) == PLAINTEXT
    for fault in (b"", info.kemct[:-1], bytes(768)):
        changed = received(info)
        with pytest.raises(Failed):
            kem.unwrap(token, kem.EncapsulatedKey(changed.kem, fault, changed.kdf, 16, None, changed.wrap, changed.encrypted_key))


def test_the_key_itself_is_told_as_unsupported() -> None:
    folder = example()
    certificate = (folder / "ML-KEM-512.pem").read_bytes()
    with pytest.raises(smime.SMIMEError) as refused:
        smime.load_identities(folder / "ML-KEM-512-seed.priv", certificates=certificate)
    assert isinstance(refused.value, smime.UnsupportedError)
    report = smime.unwrap((folder / "ML-KEM-512.cms").read_bytes()).layers[0].report
    assert isinstance(report, smime.DecryptionReport)
    assert {f.code for f in report.findings} == {"no-matching-recipient"}
