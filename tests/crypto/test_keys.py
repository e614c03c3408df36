from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.crypto.keys import AGREEING, SIGNING, key

from smime import algorithms
from smime.asn1 import writer
from smime.crypto import keys
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import Limits

RSA_OID = algorithms.RSA_ENCRYPTION.oid
EC_OID = "1.2.840.10045.2.1"


def spki(name):
    return key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_spki(e, n, oid=RSA_OID, parameters=writer.NULL):
    pkcs1 = writer.sequence(writer.integer(n), writer.integer(e))
    return writer.sequence(writer.sequence(writer.oid(oid), parameters), writer.bit_string(pkcs1))


N = key("rsa").public_key().public_numbers().n


@pytest.mark.parametrize(
    ("name", "kind", "text", "bits"),
    [
        ("rsa", "RSA", "RSA 2048", 2048),
        ("p256", "EC", "EC P-256", 256),
        ("p521", "EC", "EC P-521", 521),
        ("brainpool384", "EC", "EC brainpoolP384r1", 384),
        ("ed25519", "Ed25519", "Ed25519", None),
        ("x448", "X448", "X448", None),
        ("ml-dsa-65", "ML-DSA-65", "ML-DSA-65", None),
        ("ml-kem-1024", "ML-KEM-1024", "ML-KEM-1024", None),
        ("dsa", "DSA", "DSA 1024", 1024),
    ],
)
def test_kinds(name, kind, text, bits):
    for half in (key(name), key(name).public_key()):
        assert keys.key_kind(half) == kind
        assert keys.is_native(half)
    public_key = keys.public_key_of(key(name))
    assert keys.describe(public_key) == text
    assert keys.key_bits(public_key) == bits


def test_strangers():
    assert not keys.is_native(object())
    with pytest.raises(UnsupportedError, match="object"):
        keys.key_kind(object())


@pytest.mark.parametrize("name", [*SIGNING, *AGREEING, "ml-kem-768", "ml-kem-1024", "dsa", "p224"])
def test_loading(name):
    loaded = keys.load_der_public_key(spki(name))
    assert loaded == key(name).public_key()
    if name not in {"dsa"}:
        assert spki(name).endswith(keys.raw_public_key(loaded))


@pytest.mark.parametrize("oid", [RSA_OID, "1.2.840.113549.1.1.10", algorithms.RSAES_OAEP.oid, "1.2.840.113549.1.9.16.3.14"])
def test_rsa_keys_bound_to_a_scheme_load_as_rsa(oid):
    assert keys.load_der_public_key(rsa_spki(65537, N, oid, b"")) == key("rsa").public_key()


@pytest.mark.parametrize(
    ("e", "n", "error"),
    [
        (1, N, ParseError),
        (2, N, ParseError),
        (65536, N, ParseError),
        (-3, N, ParseError),
        (0, N, ParseError),
        (3, -N, ParseError),
        (3, 0, ParseError),
        ((1 << 32) + 1, N, None),
        ((1 << 33) + 1, N, LimitExceeded),
        ((1 << 1000) + 1, N, LimitExceeded),
        (3, (1 << 8191) + 1, None),
        (3, (1 << 8192) + 1, LimitExceeded),
        (3, (1 << 16384) + 1, LimitExceeded),
    ],
    ids=range(13),
)
def test_rsa_limits(e, n, error):
    if error is None:
        keys.load_der_public_key(rsa_spki(e, n))
        return
    with pytest.raises(error):
        keys.load_der_public_key(rsa_spki(e, n))


def test_a_modulus_of_a_million_bits():
    """It may be refused by whoever sees it first, but at once."""
    with pytest.raises(SMIMEError):
        keys.load_der_public_key(rsa_spki(3, (1 << (1 << 20)) + 1))


def test_an_even_modulus():
    try:
        loaded = keys.load_der_public_key(rsa_spki(65537, N + 1))
    except ParseError:
        return
    assert loaded.key_size == 2048  # harmless: nothing verifies with it


def test_limits_are_the_callers():
    limits = Limits(rsa_modulus_bits=1024)
    keys.check_public_key(key("rsa1024").public_key(), limits=limits)
    with pytest.raises(LimitExceeded, match="rsa_modulus_bits=1024"):
        keys.check_public_key(key("rsa").public_key(), limits=limits)
    with pytest.raises(LimitExceeded, match="rsa_exponent_bits"):
        keys.check_public_key(rsa.RSAPublicNumbers((1 << 40) + 1, N).public_key())


def test_curves():
    assert keys.curve_oid(key("p256").public_key()) == algorithms.CURVES_BY_NAME["secp256r1"].oid
    with pytest.raises(UnsupportedError, match="secp256k1"):
        keys.load_der_public_key(spki("secp256k1"))
    explicit = writer.sequence(writer.integer(1), writer.sequence(writer.oid("1.2.840.10045.1.1"), writer.integer(23)))
    point = writer.bit_string(b"\x04" + bytes(64))
    for parameters in (explicit, writer.NULL, b"", writer.oid("1.2.3")):
        with pytest.raises((UnsupportedError, ParseError)):
            keys.load_der_public_key(writer.sequence(writer.sequence(writer.oid(EC_OID), parameters), point))


def test_points_off_the_curve():
    p256 = spki("p256")
    for wrong in (p256[:-1] + bytes([p256[-1] ^ 1]), p256[:-65] + bytes([6 | p256[-1] & 1]) + p256[-64:], p256[:-65] + b"\x04" + bytes(64)):
        with pytest.raises(ParseError):
            keys.load_der_public_key(wrong)


@pytest.mark.parametrize("oid", ["1.2.840.10046.2.1", "1.2.840.113549.1.3.1"])
def test_diffie_hellman_over_a_prime_field(oid):
    parameters = writer.sequence(writer.integer(23), writer.integer(5))
    with pytest.raises(UnsupportedError, match="Diffie-Hellman"):
        keys.load_der_public_key(writer.sequence(writer.sequence(writer.oid(oid), parameters), writer.bit_string(writer.integer(8))))


def test_a_large_dsa_key():
    class Large:
        key_size = 4096

    keys._kinds_seen[Large] = "DSA"
    try:
        with pytest.raises(UnsupportedError, match="DSA modulus"):
            keys.check_public_key(Large())
    finally:
        del keys._kinds_seen[Large]


@given(st.binary(max_size=120))
def test_no_octets_make_another_exception(octets):
    with pytest.raises(SMIMEError):
        keys.load_der_public_key(octets)


@given(st.sampled_from(["rsa", "p256", "ed25519", "dsa", "ml-kem-768"]), st.data())
def test_no_change_makes_another_exception(name, data):
    octets = bytearray(spki(name))
    octets[data.draw(st.integers(0, min(len(octets), 60) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        keys.load_der_public_key(bytes(octets))
    except SMIMEError:
        return
