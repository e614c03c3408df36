"""Authenticated attributes of AuthEnvelopedData with Bouncy Castle, both directions: the only peer that has them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.interop.bouncy_castle import BouncyCastle
from tests.interop.peers import Peer, PeerFailed
from tests.interop.people import People
from tests.interop.test_interop import CONTENT

import smime
from smime.asn1 import writer
from smime.cms import attributes as attrs

pytestmark = pytest.mark.xdist_group("bc")
TEXT = "for the archive"
NOTE = attrs.attribute("1.2.3.4.5", writer.utf8_string(TEXT))
HOW = [("rsa", "rsa-oaep-sha256", "aes-256-gcm"), ("p256", "ecdh-sha256", "aes-128-gcm"), ("rsa", "rsa", "aes-256-ccm")]


@pytest.fixture
def bc(peer: Callable[[str], Peer]) -> BouncyCastle:
    found = peer("bc")
    assert isinstance(found, BouncyCastle)
    return found


@pytest.mark.parametrize(("name", "how", "cipher"), HOW)
def test_theirs(bc: BouncyCastle, people: People, name: str, how: str, cipher: str) -> None:
    message = bc.encrypt_with_attributes(CONTENT, people[name], cipher=cipher, key_encryption=how, text=TEXT)
    identity = smime.Identity(people[name].key, people[name].certificate)
    decrypted = smime.decrypt(message, identity)
    assert decrypted.content == CONTENT
    assert decrypted.report.authenticated_attributes["1.2.3.4.5"] == (writer.utf8_string(TEXT),)
    with pytest.raises(smime.DecryptionFailed):
        smime.decrypt(message.replace(TEXT.encode(), TEXT.encode().upper()), identity)


@pytest.mark.parametrize(("name", "how", "cipher"), HOW)
def test_ours(bc: BouncyCastle, people: People, name: str, how: str, cipher: str) -> None:
    transport = {"rsa": "rsaEncryption", "rsa-oaep-sha256": "rsaes-oaep"}.get(how)
    recipient = smime.Recipient(people[name].certificate, key_transport=transport)
    machine = smime.MessageEncryptor(recipient, content_encryption=cipher, encoding="der", authenticated_attributes=[NOTE])
    message = machine.update(CONTENT) + machine.finalize()
    assert bc.decrypt(message, people[name], mail=False) == CONTENT
    with pytest.raises(PeerFailed):
        bc.decrypt(message.replace(TEXT.encode(), TEXT.encode().upper()), people[name], mail=False)
