from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import Failed, content_encryption, kdf, key_wrap, pwri
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import Limits

SALT = writer.octet_string(bytes.fromhex("1234567878563412"))
LONG = b"All n-entities must communicate with other n-entities via n-1 entiteeheehees"
FEW = 1000


def pwri_kek(cipher, iv):
    inner = content_encryption.algorithm_identifier(cipher, bytes.fromhex(iv))
    return AlgorithmIdentifier.build(algorithms.PWRI_KEK.oid, inner.raw)


def pbkdf2(iterations):
    return AlgorithmIdentifier.build(algorithms.PBKDF2.oid, writer.sequence(SALT, writer.integer(iterations)))


@pytest.mark.parametrize(
    ("password", "iterations", "cipher", "iv", "encrypted", "cek"),
    [
        (b"password", 5, "des-cbc", "efe598ef21b33d6d", "b81b2565ee373ca6dedca26a178b0c10", "8c627c897323a2f8"),
        (
            LONG,
            500,
            "des-ede3-cbc",
            "baf1ca7931213c4e",
            "c03c514abdb9e2c5aac038572b5e24553876b377aafb82eca5a9d73f8ab143d9ec74e6cad7db260c",
            "8c637d887223a2f965b566eb014b0fa5d52300a3f7ea40fffc577203c71baf3b",
        ),
    ],
)
def test_rfc_3211_section_3(password, iterations, cipher, iv, encrypted, cek):
    assert pwri.unwrap(password, pbkdf2(iterations), pwri_kek(cipher, iv), bytes.fromhex(encrypted)).hex() == cek


def test_as_written():
    assert pwri.algorithm_identifier(iv=bytes(16)).raw.hex() == (
        "302c060b2a864886f70d0109100309301d060960864801650304012a041000000000000000000000000000000000"
    )
    derivation, algorithm, encrypted = pwri.wrap(b"password", bytes(32), iterations=FEW)
    assert derivation.oid == algorithms.PBKDF2.oid
    assert algorithm.oid == algorithms.PWRI_KEK.oid
    assert len(encrypted) == 48


@given(st.binary(min_size=3, max_size=255), st.binary(max_size=30), st.sampled_from(["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"]))
def test_round_trip(cek, password, cipher):
    derivation, algorithm, encrypted = pwri.wrap(password, cek, cipher=cipher, iterations=10)
    assert len(encrypted) % 16 == 0
    assert len(encrypted) >= 32
    assert pwri.unwrap(password, derivation, algorithm, encrypted) == cek


def test_every_fault_is_one():
    derivation, algorithm, encrypted = pwri.wrap(b"password", bytes(range(32)), iterations=FEW)
    kek = kdf.from_password(derivation, b"password", 32)
    assert pwri.unwrap_with_kek(kek, algorithm, encrypted) == bytes(range(32))
    for wrong in (b"", encrypted[:16], encrypted[:-1], encrypted + bytes(16), bytes(48), encrypted[16:], bytes(1 << 13)):
        with pytest.raises(Failed):
            pwri.unwrap_with_kek(kek, algorithm, wrong)
    with pytest.raises(Failed):
        pwri.unwrap_with_kek(kek[:16], algorithm, encrypted)
    changed = 0
    for attempt in range(8):  # a password has a chance of 2^-24 to pass the check
        with pytest.raises(Failed):
            pwri.unwrap(b"Password%d" % attempt, derivation, algorithm, encrypted)
        changed += 1
    assert changed == 8


def test_aes_wrap_instead_of_pwri_kek():
    derivation, algorithm = pbkdf2(FEW), key_wrap.algorithm_identifier("aes-256-wrap")
    wrapped = key_wrap.wrap(algorithm, kdf.from_password(derivation, b"password", 32), bytes(16))
    assert pwri.unwrap(b"password", derivation, algorithm, wrapped) == bytes(16)
    with pytest.raises(Failed):
        pwri.unwrap(b"Password", derivation, algorithm, wrapped)


def test_what_is_not_done():
    for cipher in ("aes-256-gcm", "des-ede3-cbc", "rot13"):
        with pytest.raises(UnsupportedError):
            pwri.algorithm_identifier(cipher)
    for size in (0, 2, 256):
        with pytest.raises(UnsupportedError):
            pwri.wrap(b"password", bytes(size), iterations=1)
    gcm = AlgorithmIdentifier.build(algorithms.PWRI_KEK.oid, content_encryption.algorithm_identifier("aes-256-gcm", bytes(12)).raw)
    with pytest.raises(UnsupportedError):
        pwri.unwrap(b"password", pbkdf2(1), gcm, bytes(32))
    with pytest.raises(ParseError):
        pwri.unwrap(b"password", pbkdf2(1), AlgorithmIdentifier.build(algorithms.PWRI_KEK.oid), bytes(32))
    with pytest.raises(LimitExceeded):
        pwri.unwrap(b"password", pbkdf2(FEW), pwri.algorithm_identifier(), bytes(32), limits=Limits(kdf_iterations=10))


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_octets_make_another_exception(parameters, encrypted):
    with pytest.raises((SMIMEError, Failed)):
        pwri.unwrap_with_kek(bytes(32), AlgorithmIdentifier.build(algorithms.PWRI_KEK.oid, parameters + b"\x00"), encrypted)


def test_openssl_agrees(tmp_path, openssl):
    (tmp_path / "content").write_bytes(b"content")
    command = [
        openssl,
        "cms",
        "-encrypt",
        "-binary",
        "-aes-256-cbc",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "message",
        "-pwri_password",
        "secret",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    message = der.Reader(der.parse((tmp_path / "message").read_bytes()))
    message.oid()
    enveloped = der.Reader(message.explicit(0))
    enveloped.integer()
    recipient = der.Reader(enveloped.set_of()[0])
    recipient.integer()
    derivation = AlgorithmIdentifier.from_element(recipient.any())
    algorithm = AlgorithmIdentifier.from_element(recipient.any())
    cek = pwri.unwrap(b"secret", derivation, algorithm, recipient.octet_string())
    content = enveloped.sequence()
    content.oid()
    cipher = AlgorithmIdentifier.from_element(content.any())
    assert content_encryption.decrypt(cipher, cek, content.any().contents) == b"content"
