"""What a machine has read is freed when the machine is: nothing of it waits for the collector of cycles, which seldom runs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from tests.operations.people import ADDRESS, identity, person, signer, trust

import smime
from smime.pki.identity import Keyring

MAIL = f"From: {ADDRESS}\r\nContent-Type: text/plain\r\n\r\nHello\r\n".encode()

MACHINES: dict[str, tuple[Callable[[], Any], Callable[[], bytes]]] = {
    "detached": (lambda: smime.MessageVerifier(trust()), lambda: smime.sign(MAIL, signer("p256"))),
    "opaque": (lambda: smime.MessageVerifier(trust()), lambda: smime.sign(MAIL, signer("p256"), detached=False)),
    "as it comes": (lambda: smime.MessageVerifier(trust(), release="unverified"), lambda: smime.sign(MAIL, signer("p256"))),
    "encrypted": (lambda: smime.MessageDecryptor(Keyring(identity("p256"))), lambda: smime.encrypt(MAIL, person("p256").certificate)),
    "signer": (lambda: smime.MessageSigner(signer("p256")), lambda: MAIL),
    "encryptor": (lambda: smime.MessageEncryptor(person("p256").certificate), lambda: MAIL),
}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", MACHINES)
def test_no_cycles(name: str, whole: bool) -> None:
    make, message = MACHINES[name]
    octets = message()
    make().update(b"")  # whatever is made once
    gc.collect()
    gc.disable()
    try:
        machine = make()
        for start in range(0, len(octets), len(octets) if whole else 100):
            machine.update(octets[start : start + (len(octets) if whole else 100)])
        machine.finalize()
        watched = weakref.ref(machine)
        del machine
        assert watched() is None
    finally:
        gc.enable()


def test_nothing_comes_after_the_end() -> None:
    machine = smime.MessageVerifier(trust())
    machine.update(smime.sign(MAIL, signer("p256")))
    report = machine.finalize().report
    with pytest.raises(ValueError, match="complete"):
        machine.update(b"more")
    assert machine.finalize().report == report
