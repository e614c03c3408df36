from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.crypto.keys import key

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import Failed, kdf, kem, key_wrap
from smime.errors import KeyMismatchError, LimitExceeded, ParseError, UnsupportedError
from smime.limits import Limits

CEK = bytes(range(16))
NAMES = ("ml-kem-768", "ml-kem-1024", "rsa")


def sealed(name, ukm=None, cek=CEK):
    return kem.wrap(key(name).public_key(), cek, ukm=ukm)


def changed(received, **fields):
    values = {name: getattr(received, name) for name in kem.EncapsulatedKey.__slots__}
    return kem.EncapsulatedKey(**values | fields)


@pytest.mark.parametrize(
    ("wrap", "ukm", "der"),
    [
        ("aes-128-wrap", None, "3010300b0609608648016503040105020110"),
        ("aes-256-wrap", None, "3010300b060960864801650304012d020120"),
        ("aes-256-wrap", bytes([1, 2, 3, 4]), "3018300b060960864801650304012d020120a006040401020304"),
    ],
)
def test_other_info(wrap, ukm, der):
    algorithm = key_wrap.algorithm_identifier(wrap)
    assert kem.other_info(algorithm, key_wrap.kek_size(algorithm), ukm).hex() == der


@pytest.mark.parametrize("ukm", [None, b"", b"ukm"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [16, 32])
def test_round_trip(name, ukm, size):
    received = sealed(name, ukm, bytes(size))
    assert kem.unwrap(key(name), received) == bytes(size)
    for other in {None, b"", b"other"} - {ukm}:
        with pytest.raises(Failed):
            kem.unwrap(key(name), changed(received, ukm=other))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ml-kem-768", ("ML-KEM-768", 1088, "hkdf-with-sha256", 32, "aes-256-wrap")),
        ("ml-kem-1024", ("ML-KEM-1024", 1568, "hkdf-with-sha256", 32, "aes-256-wrap")),
        ("rsa", ("id-kem-rsa", 256, "kdf3", 16, "aes-128-wrap")),
    ],
)
def test_as_written(name, fields):
    received = sealed(name)
    assert (received.kem.name, len(received.ciphertext), received.kdf.name, received.kek_length, received.wrap.name) == fields
    assert received.kem.parameters is None


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_one(name):
    received = sealed(name)
    ciphertext = received.ciphertext
    for fault in (
        {"ciphertext": bytes([ciphertext[0] ^ 1]) + ciphertext[1:]},
        {"ciphertext": ciphertext[:-1]},
        {"ciphertext": ciphertext + b"\x00"},
        {"ciphertext": b""},
        {"ciphertext": b"\xff" * len(ciphertext)},
        {"encrypted_key": received.encrypted_key[:-1]},
        {"encrypted_key": received.encrypted_key[:-1] + bytes([received.encrypted_key[-1] ^ 1])},
        {"kdf": AlgorithmIdentifier.build(algorithms.HKDF_SHA512.oid)},
    ):
        with pytest.raises(Failed) as failed:
            kem.unwrap(key(name), changed(received, **fault))
        assert failed.value.__cause__ is None


def test_algorithms_that_are_wrong():
    received = sealed("ml-kem-768")
    for fault, error in (
        ({"kek_length": 16}, ParseError),
        ({"wrap": key_wrap.algorithm_identifier("aes-128-wrap")}, ParseError),
        ({"kem": AlgorithmIdentifier.build(received.kem.oid, writer.NULL)}, ParseError),
        ({"kem": AlgorithmIdentifier.build(algorithms.ML_KEM_512.oid)}, UnsupportedError),
        ({"kem": AlgorithmIdentifier.build("1.2.3")}, UnsupportedError),
        ({"kdf": AlgorithmIdentifier.build("1.2.3")}, UnsupportedError),
        ({"kem": AlgorithmIdentifier.build(algorithms.ML_KEM_1024.oid)}, KeyMismatchError),
        ({"kem": AlgorithmIdentifier.build(algorithms.RSA_KEM.oid)}, KeyMismatchError),
    ):
        with pytest.raises(error):
            kem.unwrap(key("ml-kem-768"), changed(received, **fault))
    with pytest.raises(KeyMismatchError):
        kem.wrap(key("p256").public_key(), CEK)
    with pytest.raises(UnsupportedError):
        kem.unwrap(object(), received)
    with pytest.raises(LimitExceeded):
        kem.unwrap(key("rsa"), sealed("rsa"), limits=Limits(rsa_modulus_bits=1024))


# RFC 9690 appendix C.1
Z = bytes.fromhex(
    "9c126102a5c1c0354672a3c2f19fc9ddea988f815e1da812c7bd4f8eb082bdd14f85a7f7c2f1af11d5333e0d6bcb375bf855f208da72ba27e6fb0655f2825aa6"
    "2b93b1f9bbd3491fed58f0380fa0de36430e3a144d569600bd362609be5b94810875990b614e406fa6dff500043cbca95968faba61f795096a7fb3687a51078c"
    "4ca2cb663366b0bea0cd9cccac72a25f3f4ed03deb68b4453bba44b943f4367b67d6cd10c8ace53f545aac50968fc3c6ecc80f3224b64e37038504e2d2c0e2b2"
    "9d45e46c62826d96331360e4c17ea3ef89a9efc5fac99eda830e81450b6534dc0bdf042b8f3b706649c631fe51fc2445cc8d447203ec2f41f79cdfea16de1ce6"
    "abdfdc1e2ef2e5d5d8a65e645f397240ef5a26f5e4ff715de782e30ecf477293e89e13171405909a8e04dd31d21d0c57935fc1ceea8e1033e31e1bc8c56da0f3"
    "d79510f3f380ff58e5a61d361f2f18e99fbae5663172e8cd1f21deaddc5bbbea060d55f1842b93d1a9c888d0bf85d0af9947fe51acf940c7e7577eb79cabecb3"
)


def test_rfc_9690_derives_twice():
    derivation = kdf.parse(sealed("rsa").kdf)
    secret = derivation.derive(Z, 16, b"")
    assert secret.hex() == "3cf82ec41b54ed4d37402bbd8f805a52"
    info = kem.other_info(key_wrap.algorithm_identifier("aes-128-wrap"), 16, None)
    assert derivation.derive(secret, 16, info).hex() == "e6dc9d62ff2b469bef604c617b018718"


@settings(max_examples=10)
@given(st.data())
def test_rsa_without_padding(data):
    numbers = key("rsa").public_key().public_numbers()
    z = data.draw(st.integers(0, numbers.n - 1))
    octets, ciphertext = kem._rsa_encapsulate(key("rsa").public_key(), z)
    assert octets == z.to_bytes(256, "big")
    assert kem._rsa_decapsulate(key("rsa"), ciphertext) == octets


def test_a_fault_in_the_arithmetic_gives_nothing_away():
    numbers = key("rsa").private_numbers()

    class Faulty:
        def private_numbers(self):
            return SimpleNamespace(
                p=numbers.p, q=numbers.q, dmp1=numbers.dmp1 ^ 1, dmq1=numbers.dmq1, iqmp=numbers.iqmp, public_numbers=numbers.public_numbers
            )

    _, ciphertext = kem._rsa_encapsulate(key("rsa").public_key())
    with pytest.raises(Failed):
        kem._rsa_decapsulate(Faulty(), ciphertext)


def rsa_parameters(length, kdf_oid=algorithms.HKDF_SHA256.oid):
    return AlgorithmIdentifier.build(algorithms.RSA_KEM.oid, writer.sequence(writer.sequence(writer.oid(kdf_oid)), writer.integer(length)))


def test_rsa_kem_parameters_state_the_first_derivation():
    public_key = key("rsa").public_key()
    z, ciphertext = kem._rsa_encapsulate(public_key)
    received = sealed("rsa")
    secret = kdf.hkdf("sha256", z, 48, b"")
    kek = kdf.parse(received.kdf).derive(secret, 16, kem.other_info(received.wrap, 16, None))
    fields = {"ciphertext": ciphertext, "encrypted_key": key_wrap.wrap(received.wrap, kek, CEK)}
    assert kem.unwrap(key("rsa"), changed(received, kem=rsa_parameters(48), **fields)) == CEK
    with pytest.raises(Failed):
        kem.unwrap(key("rsa"), changed(received, **fields))
    for length in (0, -1, 65, 1 << 40):
        with pytest.raises(ParseError):
            kem.unwrap(key("rsa"), changed(received, kem=rsa_parameters(length)))
    with pytest.raises(UnsupportedError):
        kem.unwrap(key("rsa"), changed(received, kem=rsa_parameters(16, "1.2.3")))


class Elsewhere:
    def __init__(self, name, answer=None):
        self._key, self._answer = key(name), answer

    def public_key(self):
        return self._key.public_key()

    def decapsulate(self, ciphertext, algorithm):
        assert algorithm.name.startswith("ML-KEM")
        return self._key.decapsulate(ciphertext) if self._answer is None else self._answer


@pytest.mark.parametrize("name", ["ml-kem-768", "ml-kem-1024"])
def test_a_key_in_another_process_decapsulates(name):
    received = sealed(name)
    assert kem.unwrap(Elsewhere(name), received) == CEK
    ciphertext = received.ciphertext
    for fault in ({"ciphertext": ciphertext[:-1]}, {"ciphertext": bytes(len(ciphertext))}):
        with pytest.raises(Failed):
            kem.unwrap(Elsewhere(name), changed(received, **fault))
    for answer in (b"", bytes(31), bytes(64)):
        with pytest.raises(Failed):
            kem.unwrap(Elsewhere(name, answer), received)
    with pytest.raises(UnsupportedError):
        kem.unwrap(Elsewhere(name), sealed("rsa"))
