"""One changed octet anywhere in a written message is refused, or leaves content and verdict as they were.

What may change without harm, and why: header fields that no signature covers (their names and values say nothing about who signed what, but
From, which is compared), the preamble and the transfer encoding's line ends and padding, the version numbers, the digestAlgorithms at the
head as long as the used one is there, unsigned attributes, certificates and CRLs that no path needs, and the identifiers of recipients.

EnvelopedData by CBC and EncryptedData are not here: nothing authenticates them, which every report on them says (`authenticated` is False,
and there is the finding unauthenticated-encryption).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from tests.operations.people import ADDRESS, KEK, PASSWORD, identity, person, signer, trust

import smime
from smime.errors import SMIMEError
from smime.report import Verdict

MAIL = b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nPay 100 Euro.\r\n"
BITS = (0x01, 0x20, 0x80)
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "expensive"  # every octet and every one of the bits: a minute


def _canonical(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


SIGNED: dict[str, Callable[[], bytes]] = {
    "detached": lambda: smime.sign(MAIL, signer("p256")),
    "opaque": lambda: smime.sign(MAIL, signer("p256"), detached=False),
    "opaque der": lambda: smime.sign(MAIL, signer("p256"), detached=False, encoding="der"),
    "rsa der": lambda: smime.sign(MAIL, signer("rsa2048"), detached=False, encoding="der"),
    "pss der": lambda: smime.sign(MAIL, signer("rsa2048", pss=True), detached=False, encoding="der"),
    "ed25519 der": lambda: smime.sign(MAIL, signer("ed25519"), detached=False, encoding="der"),
    "ski der": lambda: smime.sign(MAIL, signer("p256", by_key_identifier=True), detached=False, encoding="der"),
    "two der": lambda: smime.sign(MAIL, [signer("p256"), signer("ed25519")], detached=False, encoding="der"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_signed(name: str) -> None:
    message = SIGNED[name]()
    sender = ADDRESS if "der" in name else None
    good = smime.verify(message, trust(), sender=sender)
    wanted = _canonical(good.content)
    who = good.report.signers[0].certificate
    harmless = 0
    for at in range(0, len(message), 1 if THOROUGH else 2):
        for bit in BITS if THOROUGH else (BITS[at // 2 % 3],):
            changed = bytearray(message)
            changed[at] ^= bit
            try:
                told = smime.verify(bytes(changed), trust(), sender=sender)
            except SMIMEError:
                continue
            harmless += 1
            assert told.report.verdict is Verdict.VALID
            assert _canonical(told.content) == wanted, (at, bit)
            assert told.report.signers[0].certificate == who, (at, bit)
            assert told.report.signers[0].digest_matches
    assert harmless < len(message) * len(BITS) // 4, "most octets matter"


ENCRYPTED: dict[str, Callable[[], bytes]] = {
    "rsa gcm": lambda: smime.encrypt(MAIL, person("rsa2048").certificate, encoding="der"),
    "ec gcm": lambda: smime.encrypt(MAIL, person("p256").certificate, encoding="der"),
    "x25519 ccm": lambda: smime.encrypt(MAIL, person("x25519").certificate, content_encryption="aes-256-ccm", encoding="der"),
    "ec chacha": lambda: smime.encrypt(MAIL, person("p256").certificate, content_encryption="chacha20-poly1305", encoding="der"),
    "gcm mail": lambda: smime.encrypt(MAIL, person("p256").certificate),
    "mlkem768 gcm": lambda: smime.encrypt(MAIL, person("mlkem768").certificate, encoding="der"),
    "kek gcm": lambda: smime.encrypt(MAIL, KEK, encoding="der"),
    "kek attributes": lambda: _encrypt(authenticated_attributes=()),
    "kek hkdf": lambda: _encrypt(cek_hkdf=True),
}
KEYS = {"rsa": "rsa2048", "ec": "p256", "gcm": "p256"}


def _encrypt(**options: Any) -> bytes:
    machine = smime.MessageEncryptor(KEK, encoding="der", **options)
    return machine.update(MAIL) + machine.finalize()


@pytest.mark.parametrize("name", ENCRYPTED)
def test_encrypted(name: str) -> None:
    message = ENCRYPTED[name]()
    who = name.split(maxsplit=1)[0]
    key = KEK if who == "kek" else identity(KEYS.get(who, who))
    wanted = smime.decrypt(message, key).content
    harmless = 0
    for at in range(len(message)):
        changed = bytearray(message)
        changed[at] ^= BITS[at % 3]
        try:
            told = smime.decrypt(bytes(changed), key)
        except SMIMEError:
            continue
        harmless += 1
        assert told.content == wanted, at
        assert told.report.authenticated
    assert harmless < len(message) // 2


@pytest.mark.parametrize("kind", ["compressed", "digested", "authenticated"])
def test_what_is_neither_signed_nor_encrypted(kind: str) -> None:
    """zlib has a checksum of its own; a digest and a MAC are compared, and the report says what came of it."""
    if kind == "compressed":
        message = smime.compress(MAIL, encoding="der")
    else:
        machine = smime.MessageDigester() if kind == "digested" else smime.MessageAuthenticator(KEK)
        message = machine.update(MAIL) + machine.finalize()
    wanted = smime.unwrap(message, identities=KEK).content
    assert wanted == MAIL
    for at in range(len(message)):
        changed = bytearray(message)
        changed[at] ^= BITS[at % 3]
        try:
            told = smime.unwrap(bytes(changed), identities=KEK)
        except SMIMEError:
            continue
        report = told.layers[0].report if told.layers else None
        intact = getattr(report, "intact", None)
        assert told.content == wanted or (kind != "compressed" and intact is not True), at


def test_parameters_of_a_password() -> None:
    """No work without bound, whatever is changed in the parameters of the key derivation."""
    message = smime.encrypt(MAIL, PASSWORD, encoding="der")
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(kdf_iterations=700_000))
    wanted = smime.decrypt(message, PASSWORD).content
    for at in range(60, min(len(message), 260), 6):
        changed = bytearray(message)
        changed[at] ^= 0x10
        try:
            told = smime.decrypt(bytes(changed), PASSWORD, policy=policy)
        except SMIMEError:
            continue
        assert told.content == wanted
