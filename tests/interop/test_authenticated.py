"""AuthenticatedData with Bouncy Castle, both directions: the only peer that has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.interop.bouncy_castle import BouncyCastle
from tests.interop.peers import Peer, PeerFailed
from tests.interop.people import People
from tests.interop.test_interop import CONTENT

import smime

pytestmark = pytest.mark.xdist_group("bc")
HOW = {"rsa": "rsa-oaep-sha256", "p256": "ecdh-sha256", "p384": "ecdh-sha384"}


@pytest.fixture
def bc(peer: Callable[[str], Peer]) -> BouncyCastle:
    found = peer("bc")
    assert isinstance(found, BouncyCastle)
    return found


@pytest.mark.parametrize("name", HOW)
def test_theirs(bc: BouncyCastle, people: People, name: str) -> None:
    message = bc.authenticate(CONTENT, people[name], HOW[name])
    unwrapped = smime.unwrap(message, identities=[smime.Identity(people[name].key, people[name].certificate)])
    (layer,) = unwrapped.layers
    assert isinstance(layer.report, smime.AuthenticationReport)
    assert layer.report.intact is True
    assert unwrapped.content == CONTENT


@pytest.mark.parametrize("name", HOW)
def test_ours(bc: BouncyCastle, people: People, name: str) -> None:
    machine = smime.MessageAuthenticator([people[name].certificate])
    message = machine.update(CONTENT) + machine.finalize()
    assert bc.check_mac(message, people[name]) == CONTENT
    spoilt = bytearray(message)
    spoilt[message.index(CONTENT[:20])] ^= 1
    with pytest.raises(PeerFailed):
        bc.check_mac(bytes(spoilt), people[name])
