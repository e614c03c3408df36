"""The people and the peers, made once a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.interop.bouncy_castle import BouncyCastle
from tests.interop.gpgsm import Gpgsm
from tests.interop.nss import NSS
from tests.interop.openssl import OpenSSL
from tests.interop.peers import Peer, PeerMissing
from tests.interop.people import People, make
from tests.interop.pki_js import PKIJS
from tests.interop.pyca import Pyca

PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (OpenSSL, Gpgsm, NSS, BouncyCastle, PKIJS, Pyca)}


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return make(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def peer(people: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Peer]]:
    """Return the peer with a name; skip the test where it is missing, but fail in CI, where all are installed."""
    running: dict[str, Peer] = {}
    missing: dict[str, str] = {}

    def get(name: str) -> Peer:
        if name not in running and name not in missing:
            try:
                running[name] = PEERS[name](people, tmp_path_factory.mktemp(name))
            except PeerMissing as error:
                missing[name] = str(error)
        if name in missing:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name} is not here: {missing[name]}")
        return running[name]

    yield get
    for started in running.values():
        started.close()
