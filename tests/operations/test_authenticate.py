"""AuthenticatedData and DigestedData, both directions."""

from __future__ import annotations

import pytest

import smime
from smime.pki.throwaway import ThrowawayPKI

PKI = ThrowawayPKI()
BOB = PKI.person("Bob", "bob@example.org", key="rsa2048")
EVE = PKI.person("Eve", "eve@example.org", key="p256")
BOBS = smime.Identity(BOB.private_key, BOB.certificate)
SIZES = (0, 1, 5_000, 400_000)


def authenticated(data: bytes, **options: object) -> bytes:
    machine = smime.MessageAuthenticator([BOB.certificate, EVE.certificate], **options)  # type: ignore[arg-type]
    return machine.update(data) + machine.finalize()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mac", ["hmac-sha256", "hmac-sha384", "hmac-sha512"])
@pytest.mark.parametrize("person", [BOB, EVE], ids=["rsa", "ec"])
def test_authenticated_data(size: int, mac: str, person: object) -> None:
    message = authenticated(b"x" * size, mac_algorithm=mac)
    opened = smime.unwrap(message, identities=smime.Identity(person.private_key, person.certificate))  # type: ignore[attr-defined]
    assert [layer.kind for layer in opened.layers] == ["authenticated"]
    assert opened.layers[0].report.intact is True
    assert opened.layers[0].report.mac_algorithm == mac
    assert opened.content == b"x" * size
    assert opened.status == "unprotected"


def test_pem() -> None:
    assert smime.unwrap(authenticated(b"hello", encoding="pem"), identities=BOBS).layers[0].report.intact is True


def test_a_changed_octet_is_noticed() -> None:
    message = authenticated(b"hello world")
    at = message.index(b"hello world")
    opened = smime.unwrap(message[:at] + b"j" + message[at + 1 :], identities=BOBS)
    assert opened.layers[0].report.intact is False
    assert [f.code for f in opened.layers[0].report.findings] == ["mac-invalid"]


def test_without_a_key_nothing_is_said() -> None:
    opened = smime.unwrap(authenticated(b"hello"))
    assert opened.layers[0].report.intact is None
    assert [f.code for f in opened.layers[0].report.findings] == ["no-matching-recipient"]
    assert opened.content == b"hello"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("digest", ["sha256", "sha512", "sha3-256"])
def test_digested_data(size: int, digest: str) -> None:
    machine = smime.MessageDigester(digest)
    message = machine.update(b"y" * size) + machine.finalize()
    opened = smime.unwrap(message)
    assert [layer.kind for layer in opened.layers] == ["digested"]
    assert opened.layers[0].report.intact is True
    assert opened.content == b"y" * size
    if size:
        at = message.index(b"y" * min(size, 1000))
        broken = smime.unwrap(message[:at] + b"z" + message[at + 1 :])
        assert broken.layers[0].report.intact is False


@pytest.mark.parametrize("machine", [smime.MessageDigester, lambda **options: smime.MessageAuthenticator([BOB.certificate], **options)])
def test_they_are_no_mail(machine: object) -> None:
    with pytest.raises(ValueError, match="media type"):
        machine(encoding="smime")  # type: ignore[operator]
