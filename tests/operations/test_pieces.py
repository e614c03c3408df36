"""The machines give the same, however the octets come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.people import ADDRESS, PASSWORD, identity, person, signer, trust

import smime
from smime.operations.unwrap import MessageUnwrapper
from smime.pki.identity import Keyring
from smime.report import VerificationReport

NOW = datetime.now(timezone.utc)
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
MAIL = (
    b"From: alice@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="=_in"\r\n\r\n--=_in\r\nContent-Type: text/plain\r\n\r\nGr\xc3\xbc\xc3\x9fe \r\nFrom me\r\n'
    b"--=_in\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsoft =\r\nbreak\r\n\r\n--=_in--\r\n"
)
LONG = MAIL.replace(b"soft =", b"0123456789abcdef" * 4 + b"\r\n" * 2 + (b"a line of some length, again and again\r\n" * 8000) + b"soft =")


MAIL_NAMES = {MAIL: "mail", LONG: "long", MAIL.replace(b"\r\n", b"\n"): "lf", b"": "empty", b"no header at all\n": "text"}


class Machine(Protocol):
    def update(self, data: bytes, /) -> Any: ...
    def finalize(self) -> Any: ...


def pieces(octets: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        yield octets[start:end]


def feed(machine: Machine, octets: bytes, cuts: list[int] | int) -> Any:
    parts = pieces(octets, cuts) if isinstance(cuts, list) else (octets[at : at + cuts] for at in range(0, len(octets), cuts))
    out = []
    for piece in parts:
        got = machine.update(piece)
        if got:
            out.append(got)
    last = machine.finalize()
    return b"".join(out) + last if isinstance(last, bytes) else last


cuts = st.lists(st.integers(0, 1 << 20), max_size=12)
SIZES = [1, 2, 3, 5, 64, 1021]


def sized(**named: Any) -> pytest.MarkDecorator:
    """Parametrise by name and by size of the pieces: long messages do not come octet by octet."""
    ((argument, names),) = named.items()
    return pytest.mark.parametrize(
        (argument, "size"),
        [
            pytest.param(name, size, id=f"{name if isinstance(name, str) else MAIL_NAMES[name]}-{size}")
            for name in names
            for size in SIZES
            if size >= 64 or (name not in {LONG} and "streamed" not in str(name)[:60] and "long" not in str(name)[:60])
        ],
    )


def _signed(detached: bool, encoding: Any = "smime", mail: bytes = MAIL) -> bytes:
    return smime.sign(mail, signer("rsa2048"), detached=detached, encoding=encoding)


MESSAGES: dict[str, Callable[[], bytes]] = {
    "detached": lambda: _signed(True),
    "detached, LF": lambda: _signed(True).replace(b"\r\n", b"\n"),
    "opaque": lambda: _signed(False),
    "opaque der": lambda: _signed(False, "der"),
    "opaque pem": lambda: _signed(False, "pem"),
    "opaque, streamed": lambda: _signed(False, mail=LONG),
    "detached, long": lambda: _signed(True, mail=LONG),
}


def _told(report: VerificationReport) -> dict[str, Any]:
    told = report.to_dict()
    for one in told["signers"]:
        del one["standing"]  # says how the certificate stands now, which is another moment
    return told


@sized(name=MESSAGES)
def test_verify(name: str, size: int) -> None:
    message = MESSAGES[name]()
    whole = smime.verify(message, trust(), sender=ADDRESS, at=NOW)
    told = feed(smime.MessageVerifier(trust(), sender=ADDRESS, at=NOW), message, size)
    assert told.content == whole.content
    assert _told(told.report) == _told(whole.report)


@given(cuts)
def test_verify_anywhere(at: list[int]) -> None:
    for name in ("detached", "detached, LF", "opaque", "opaque pem"):
        message = MESSAGES[name]()
        assert (
            feed(smime.MessageVerifier(trust(), sender=ADDRESS), message, at).content
            == smime.verify(message, trust(), sender=ADDRESS).content
        )


ENCRYPTED: dict[str, Callable[[], bytes]] = {
    f"{cipher}, {encoding}, {size}": (
        lambda cipher=cipher, encoding=encoding, mail=mail: smime.encrypt(  # type: ignore[misc] # the loop's values
            mail, person("rsa2048").certificate, content_encryption=cipher, encoding=encoding
        )
    )
    for cipher in ("aes-256-gcm", "aes-128-cbc", "aes-128-ccm", "chacha20-poly1305")
    for encoding in ("smime", "der", "pem")
    for size, mail in (("short", MAIL), ("streamed", LONG))
}


@sized(name=ENCRYPTED)
def test_decrypt(name: str, size: int) -> None:
    message = ENCRYPTED[name]()
    whole = smime.decrypt(message, identity("rsa2048"))
    told = feed(smime.MessageDecryptor(Keyring.of(identity("rsa2048"))), message, size)
    assert told.content == whole.content
    assert told.report == whole.report


@given(cuts)
@settings(max_examples=20)
def test_decrypt_anywhere(at: list[int]) -> None:
    for name in ("aes-256-gcm, smime, short", "aes-128-cbc, der, short"):
        message = ENCRYPTED[name]()
        assert feed(smime.MessageDecryptor(Keyring.of(identity("rsa2048"))), message, at).content.endswith(b"break\r\n\r\n--=_in--\r\n")


@pytest.mark.parametrize("encoding", ["smime", "der", "pem"])
@sized(mail=MAIL_NAMES)
def test_sign_opaque(encoding: Any, mail: bytes, size: int) -> None:
    """The same octets, since RSA by PKCS #1 v1.5 is deterministic."""
    machines = [smime.MessageSigner(signer("rsa2048"), detached=False, encoding=encoding, signing_time=TIME) for _ in range(2)]
    told, whole = (feed(machine, mail, step) for machine, step in zip(machines, (size, 1 << 30), strict=True))
    if len(mail) < 1 << 17:
        assert told == whole
    else:  # what streams is cut into segments as it comes
        assert smime.verify(told, trust(), sender=ADDRESS).content == smime.verify(whole, trust(), sender=ADDRESS).content


@sized(mail=[mail for mail in MAIL_NAMES if mail])
def test_sign_detached(mail: bytes, size: int) -> None:
    whole = smime.verify(smime.sign(mail, signer("rsa2048")), trust(), sender=ADDRESS)
    told = smime.verify(feed(smime.MessageSigner(signer("rsa2048")), mail, size), trust(), sender=ADDRESS)
    assert told.content == whole.content


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-256-cbc", "aes-256-ccm", "chacha20-poly1305"])
@pytest.mark.parametrize("encoding", ["smime", "der", "pem"])
@sized(mail=[MAIL, LONG])
def test_encrypt(cipher: str, encoding: Any, mail: bytes, size: int) -> None:
    machine = smime.MessageEncryptor([person("rsa2048").certificate, PASSWORD], content_encryption=cipher, encoding=encoding)
    whole = smime.decrypt(
        smime.encrypt(mail, person("rsa2048").certificate, content_encryption=cipher, encoding=encoding), identity("rsa2048")
    )
    assert smime.decrypt(feed(machine, mail, size), identity("rsa2048")).content == whole.content


def _wrapped() -> bytes:
    inner = smime.sign(MAIL, signer("rsa2048"))
    return smime.sign(smime.encrypt(inner, person("rsa2048").certificate), signer("rsa2048"), detached=False)


@pytest.mark.parametrize("size", [1, 7, 64, 1021, 1 << 16])
@pytest.mark.parametrize("compressed", [False, True])
def test_unwrap(size: int, compressed: bool) -> None:
    message = _wrapped()
    if compressed:
        message = smime.compress(message)
    whole = smime.unwrap(message, identities=identity("rsa2048"), trust=trust())
    machine = MessageUnwrapper(keyring=Keyring.of(identity("rsa2048")), trust=trust(), reread=lambda: iter((message,)))
    told = feed(machine, message, size)
    assert told.content == whole.content
    assert told.status == whole.status == "signed-and-encrypted"
    assert [layer.kind for layer in told.layers] == [layer.kind for layer in whole.layers]


def test_unverified_release_gives_octets_as_they_pass() -> None:
    message = MESSAGES["detached, long"]()
    machine = smime.MessageVerifier(trust(), release="unverified")
    passed = b"".join(machine.update(message[at : at + 4096]) for at in range(0, len(message), 4096))
    verified = machine.finalize()
    assert passed + verified.content == smime.verify(message, trust()).content
    assert len(passed) > 100_000
