from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests, kdf
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

NULL = writer.NULL


def counted(digest, secret, length, info, *, counter_first):
    out = b""
    for counter in range(1, 10):
        octets = counter.to_bytes(4, "big")
        out += hashlib.new(digest, (octets + secret if counter_first else secret + octets) + info).digest()
    return out[:length]


@given(st.sampled_from(["sha1", "sha256", "sha512"]), st.binary(min_size=1, max_size=80), st.integers(1, 100), st.binary(max_size=40))
def test_x963_and_kdf3_by_the_book(digest, secret, length, info):
    assert kdf.x963(digest, secret, length, info) == counted(digest, secret, length, info, counter_first=False)
    assert kdf.kdf3(digest, secret, length, info) == counted(digest, secret, length, info, counter_first=True)


@pytest.mark.parametrize(
    ("ikm", "salt", "info", "okm"),
    [
        # RFC 5869 appendix A.1, A.3
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        ("0b" * 22, None, "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ],
)
def test_hkdf(ikm, salt, info, okm):
    salt = salt if salt is None else bytes.fromhex(salt)
    assert kdf.hkdf("sha256", bytes.fromhex(ikm), 42, bytes.fromhex(info), salt).hex() == okm


def kdf_algorithm(name, parameters=None):
    oid = next(oid for oid, row in algorithms.KDFS.items() if row.name == name)
    return AlgorithmIdentifier.build(oid, parameters)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512"])
def test_hkdf_algorithms(digest):
    derivation = kdf.parse(kdf_algorithm(f"hkdf-with-{digest}"))
    assert derivation.derive(b"secret", 32, b"info") == kdf.hkdf(digest, b"secret", 32, b"info")
    with pytest.raises(ParseError):
        kdf.parse(kdf_algorithm(f"hkdf-with-{digest}", NULL))


@pytest.mark.parametrize(("name", "function"), [("kdf2", kdf.x963), ("kdf3", kdf.kdf3)])
def test_x944_algorithms(name, function):
    for null in (b"", NULL):
        parameters = writer.sequence(writer.oid(algorithms.DIGESTS_BY_NAME["sha256"].oid), null)
        assert kdf.parse(kdf_algorithm(name, parameters)).derive(b"secret", 40, b"info") == function("sha256", b"secret", 40, b"info")
    for parameters in (None, NULL, b"\x30\x00"):
        with pytest.raises(ParseError):
            kdf.parse(kdf_algorithm(name, parameters))


def test_other_algorithms():
    for name in ("pbkdf2", "scrypt"):
        with pytest.raises(UnsupportedError):
            kdf.parse(kdf_algorithm(name))
    with pytest.raises(UnsupportedError):
        kdf.from_password(kdf_algorithm("hkdf-with-sha256"), b"", 16)


# -- PBKDF2 --


def pbkdf2(*parts):
    return AlgorithmIdentifier.build(algorithms.PBKDF2.oid, writer.sequence(*parts))


SALT = writer.octet_string(b"saltsalt")
HMAC_SHA1, HMAC_SHA256 = "1.2.840.113549.2.7", "1.2.840.113549.2.9"


def test_pbkdf2_as_written():
    assert kdf.pbkdf2_algorithm(32, salt=bytes(8)).raw.hex() == (
        "302d06092a864886f70d01050c30200408000000000000000002030927c0020120300c06082a864886f70d02090500"
    )
    assert kdf.pbkdf2_algorithm(32) != kdf.pbkdf2_algorithm(32)


@pytest.mark.parametrize(
    ("rest", "digest"),
    [
        ([], "sha1"),
        ([writer.integer(24)], "sha1"),
        ([writer.sequence(writer.oid(HMAC_SHA1), NULL)], "sha1"),
        ([writer.integer(24), writer.sequence(writer.oid(HMAC_SHA256), NULL)], "sha256"),
        ([writer.sequence(writer.oid(HMAC_SHA256))], "sha256"),
    ],
)
def test_forms_of_pbkdf2(rest, digest):
    algorithm = pbkdf2(SALT, writer.integer(1000), *rest)
    assert kdf.from_password(algorithm, b"password", 24) == hashlib.pbkdf2_hmac(digest, b"password", b"saltsalt", 1000, 24)


@pytest.mark.parametrize(
    ("algorithm", "error"),
    [
        (AlgorithmIdentifier.build(algorithms.PBKDF2.oid), ParseError),
        (AlgorithmIdentifier.build(algorithms.PBKDF2.oid, NULL), ParseError),
        (pbkdf2(SALT), ParseError),
        (pbkdf2(SALT, writer.integer(0)), ParseError),
        (pbkdf2(SALT, writer.integer(-1)), ParseError),
        (pbkdf2(SALT, writer.integer(1000), writer.integer(16)), ParseError),
        (pbkdf2(SALT, writer.integer(1000), NULL), ParseError),
        (pbkdf2(SALT, writer.integer(1000), writer.integer(24), writer.sequence(writer.oid(HMAC_SHA1)), NULL), ParseError),
        (pbkdf2(writer.octet_string(bytes(1 << 17)), writer.integer(1000)), ParseError),
        (pbkdf2(writer.sequence(writer.oid("1.2.3")), writer.integer(1000)), UnsupportedError),
        (pbkdf2(SALT, writer.integer(1000), writer.sequence(writer.oid("1.2.3"))), UnsupportedError),
        (pbkdf2(SALT, writer.integer(1000), writer.sequence(writer.oid(HMAC_SHA1), SALT)), UnsupportedError),
        (pbkdf2(SALT, writer.integer((1 << 31) - 1)), LimitExceeded),
        (pbkdf2(SALT, writer.integer(1 << 200)), LimitExceeded),
    ],
)
def test_pbkdf2_that_is_wrong(algorithm, error):
    with pytest.raises(error):
        kdf.from_password(algorithm, b"password", 24)


def test_the_limit_is_the_callers():
    algorithm = pbkdf2(SALT, writer.integer(1001))
    kdf.from_password(algorithm, b"password", 24, limits=Limits(kdf_iterations=1001))
    with pytest.raises(LimitExceeded, match="kdf_iterations=1000"):
        kdf.from_password(algorithm, b"password", 24, limits=Limits(kdf_iterations=1000))


# -- scrypt --


def scrypt(*numbers, salt=b"NaCl"):
    return AlgorithmIdentifier.build(algorithms.SCRYPT.oid, writer.sequence(writer.octet_string(salt), *map(writer.integer, numbers)))


def test_scrypt():
    """RFC 7914 section 12, second vector, its first 32 octets."""
    for algorithm in (scrypt(1024, 8, 16), scrypt(1024, 8, 16, 32)):
        assert kdf.from_password(algorithm, b"password", 32).hex() == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"


@pytest.mark.parametrize(
    ("numbers", "error"),
    [
        ((1000, 8, 1), ParseError),
        ((1, 8, 1), ParseError),
        ((0, 8, 1), ParseError),
        ((1024, 0, 1), ParseError),
        ((1024, 8, -1), ParseError),
        ((1024, 8), ParseError),
        ((1024, 8, 1, 16), ParseError),
        ((1 << 20, 8, 1), LimitExceeded),
        ((1 << 400, 8, 1), LimitExceeded),
        ((2, 8, 1 << 30), LimitExceeded),
        ((1024, 8, 10_000), LimitExceeded),
        ((2, 1 << 25, 1), LimitExceeded),
        ((1 << 16, 1, 1), UnsupportedError),  # N has to be below 2^(16·r)
    ],
)
def test_scrypt_that_is_wrong(numbers, error):
    with pytest.raises(error):
        kdf.from_password(scrypt(*numbers), b"password", 32)


@given(st.sampled_from([algorithms.PBKDF2.oid, algorithms.SCRYPT.oid]), st.binary(max_size=60))
def test_no_parameters_make_another_exception(oid, octets):
    with pytest.raises(SMIMEError):
        kdf.from_password(AlgorithmIdentifier.build(oid, octets + b"\x00"), b"", 16, limits=DEFAULT_LIMITS.replace(kdf_iterations=10))


def test_hmac_is_the_one_of_rfc_2104():
    from smime.crypto import mac

    algorithm = mac.algorithm_identifier("hmac-sha256")
    running = mac.new(algorithm, b"key")
    running.update(b"con")
    running.update(b"tent")
    code = running.finalize()
    assert code == hmac.digest(b"key", b"content", "sha256")
    assert mac.equal(code, bytes(code))
    assert not mac.equal(code, code[:-1])
    assert mac.key_size(algorithm) == 32 == len(digests.digest("sha256", b""))


@pytest.mark.parametrize("oid", sorted(algorithms.MACS))
def test_every_mac(oid):
    from smime.crypto import mac

    name = algorithms.MACS[oid].name.removeprefix("hmac-").replace("sha3-", "sha3_")
    for parameters in (None, NULL):
        running = mac.new(AlgorithmIdentifier.build(oid, parameters), b"key")
        running.update(b"content")
        assert running.finalize() == hmac.digest(b"key", b"content", name)
    with pytest.raises(ParseError):
        mac.new(AlgorithmIdentifier.build(oid, SALT), b"key")


def test_macs_that_are_not():
    from smime.crypto import mac

    with pytest.raises(UnsupportedError):
        mac.new(AlgorithmIdentifier.build("1.2.3"), b"key")
    with pytest.raises(UnsupportedError):
        mac.algorithm_identifier("hmac-sha1")
