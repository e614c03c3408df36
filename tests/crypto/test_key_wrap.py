from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import Failed, digests, key_wrap
from smime.errors import ParseError, SMIMEError, UnsupportedError

RC2_128, RC2_40 = writer.integer(58), writer.integer(160)
AES = ("aes-128-wrap", "aes-192-wrap", "aes-256-wrap")


def build(name, parameters=None):
    return AlgorithmIdentifier.build(algorithms.KEY_WRAPS_BY_NAME[name].oid, parameters)


@pytest.mark.parametrize(
    ("name", "parameters", "kek", "key", "wrapped"),
    [
        # RFC 3394 sections 4.1, 4.3, 4.6
        (
            "aes-128-wrap",
            None,
            bytes(range(16)).hex(),
            "00112233445566778899aabbccddeeff",
            "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
        ),
        (
            "aes-256-wrap",
            None,
            bytes(range(32)).hex(),
            "00112233445566778899aabbccddeeff",
            "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
        ),
        (
            "aes-256-wrap",
            None,
            bytes(range(32)).hex(),
            "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
        ),
        # RFC 5649 section 6
        (
            "aes-192-wrap-pad",
            None,
            "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
            "c37b7e6492584340bed12207808941155068f738",
            "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
        ),
        (
            "aes-192-wrap-pad",
            None,
            "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
            "466f7250617369",
            "afbeb0f07dfbf5419200f2ccb50bb24f",
        ),
        # RFC 3217 sections 3.4 and 4.4
        (
            "3des-wrap",
            writer.NULL,
            "255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f",
            "2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98",
            "690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4",
        ),
        (
            "rc2-wrap",
            RC2_40,  # the RFC does not say so
            "fd04fd08060707fb0003fefffd02fe05",
            "b70a25fbc9d86a86050ce0d711ead4d9",
            "70e699fb5701f7833330fb71e87c85a420bdc99af05d22af5a0e48d35f3138986cbaafb4b28d4f35",
        ),
    ],
)
def test_vectors(name, parameters, kek, key, wrapped):
    algorithm = build(name, parameters)
    kek, key, wrapped = map(bytes.fromhex, (kek, key, wrapped))
    assert key_wrap.unwrap(algorithm, kek, wrapped) == key
    for index in range(len(wrapped)):
        with pytest.raises(Failed):
            key_wrap.unwrap(algorithm, kek, wrapped[:index] + bytes([wrapped[index] ^ 4]) + wrapped[index + 1 :])
    if name.startswith("aes"):
        assert key_wrap.wrap(algorithm, kek, key) == wrapped
    else:
        with pytest.raises(UnsupportedError):
            key_wrap.wrap(algorithm, kek, key)


@pytest.mark.parametrize(("size", "name"), [(16, "aes-128-wrap"), (24, "aes-192-wrap"), (32, "aes-256-wrap"), (64, "aes-256-wrap")])
def test_wrap_and_content_cipher_are_of_one_size(size, name):
    """RFC 8551 section 2.3."""
    assert key_wrap.wrap_for(size) == name
    algorithm = key_wrap.algorithm_identifier(name)
    assert algorithm.parameters is None
    kek = bytes(range(key_wrap.kek_size(algorithm)))
    assert key_wrap.unwrap(algorithm, kek, key_wrap.wrap(algorithm, kek, bytes(size))) == bytes(size)


@given(st.sampled_from([*AES, "aes-128-wrap-pad", "3des-wrap", "rc2-wrap"]), st.binary(max_size=200))
def test_no_wrapped_key_makes_another_exception(name, octets):
    algorithm = build(name, {"rc2-wrap": RC2_128}.get(name))
    with pytest.raises(Failed):
        key_wrap.unwrap(algorithm, bytes(key_wrap.kek_size(algorithm)), octets)


@pytest.mark.parametrize("name", AES)
def test_keys_of_the_wrong_size(name):
    algorithm = key_wrap.algorithm_identifier(name)
    with pytest.raises(Failed):
        key_wrap.unwrap(algorithm, bytes(17), bytes(24))
    with pytest.raises(ValueError, match="octets"):
        key_wrap.wrap(algorithm, bytes(17), bytes(16))
    for size in (0, 5, 8, 17):
        with pytest.raises(UnsupportedError):
            key_wrap.wrap(algorithm, bytes(key_wrap.kek_size(algorithm)), bytes(size))


@pytest.mark.parametrize("padded", [b"\x00" + bytes(15), b"\xff" + bytes(15), b"\x07" + bytes(15), b"\x10" + bytes(15)])
def test_rc2_wrap_with_a_wrong_length_inside(padded):
    kek, iv = bytes(range(16)), bytes(8)
    inner = padded + digests.digest("sha1", padded)[:8]
    first = iv + Cipher(RC2(kek), CBC(iv)).encryptor().update(inner)
    wrapped = Cipher(RC2(kek), CBC(bytes.fromhex("4adda22c79e82105"))).encryptor().update(first[::-1])
    with pytest.raises(Failed):
        key_wrap.unwrap(build("rc2-wrap", RC2_128), kek, wrapped)


def test_parameters():
    assert key_wrap.kek_size(build("aes-128-wrap", writer.NULL)) == 16
    assert key_wrap.kek_size(build("3des-wrap")) == 24
    for name, parameters in (("aes-128-wrap", RC2_128), ("3des-wrap", RC2_128), ("rc2-wrap", writer.NULL)):
        with pytest.raises(ParseError):
            key_wrap.parse(build(name, parameters))
    with pytest.raises(SMIMEError):
        key_wrap.parse(build("rc2-wrap"))
    with pytest.raises(UnsupportedError):
        key_wrap.parse(build("rc2-wrap", writer.integer(59)))
    with pytest.raises(UnsupportedError):
        key_wrap.parse(AlgorithmIdentifier.build("1.2.3"))
    with pytest.raises(UnsupportedError):
        key_wrap.algorithm_identifier("3des-wrap")
