from __future__ import annotations

import hashlib

import pytest

from smime import algorithms
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import digests
from smime.errors import UnsupportedError

_HASHLIB = {
    name: name.replace("-", "_") for name in algorithms.DIGESTS_BY_NAME if not name.startswith("shake") and name[:7] not in {"sha512-"}
}


@pytest.mark.parametrize("name", sorted(_HASHLIB))
def test_same_as_hashlib(name):
    expected = hashlib.new(_HASHLIB[name], b"abc").digest()
    running = digests.new(name)
    running.update(b"a")
    copy = running.copy()
    running.update(memoryview(b"bc"))
    copy.update(bytearray(b"bc"))
    assert digests.digest(name, b"abc") == running.finalize() == copy.finalize() == expected
    assert len(expected) == algorithms.DIGESTS_BY_NAME[name].size


@pytest.mark.parametrize(("name", "function", "size"), [("shake128", hashlib.shake_128, 32), ("shake256", hashlib.shake_256, 64)])
def test_shake_has_the_sizes_of_rfc_8702(name, function, size):
    assert digests.digest(name, b"abc") == function(b"abc").digest(size)


@pytest.mark.parametrize("name", ["sha512-224", "sha512-256"])
def test_truncated_sha512(name):
    assert len(digests.digest(name, b"abc")) == algorithms.DIGESTS_BY_NAME[name].size
    assert digests.digest(name, b"abc") != hashlib.sha512(b"abc").digest()[: algorithms.DIGESTS_BY_NAME[name].size]


def test_every_digest_of_the_registry_is_there():
    assert all(digests.supported(name) for name in algorithms.DIGESTS_BY_NAME)
    assert not digests.supported("md2")
    with pytest.raises(UnsupportedError, match="md2"):
        digests.new("md2")


@pytest.mark.parametrize(
    ("name", "der"),
    [
        ("sha256", "300b0609608648016503040201"),
        ("sha512", "300b0609608648016503040203"),
        ("sha1", "300706052b0e03021a"),
        ("md5", "300c06082a864886f70d02050500"),
        ("shake256-len", "300f060960864801650304021202020200"),
        ("sha3-256", "300b0609608648016503040208"),
    ],
)
def test_identifiers_as_written(name, der):
    algorithm = digests.algorithm_identifier(name)
    assert algorithm.raw.hex() == der
    assert digests.name_of(algorithm) == name


@pytest.mark.parametrize("name", ["sha1", "md5", "sha256", "sha384", "sha512", "sha224"])
@pytest.mark.parametrize("parameters", [None, b"\x05\x00"], ids=["absent", "NULL"])
def test_absent_and_null_are_alike_for_the_old_ones(name, parameters):
    oid = algorithms.DIGESTS_BY_NAME[name].oid
    assert digests.name_of(AlgorithmIdentifier.build(oid, parameters)) == name


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("sha256", b"\x04\x00"),
        ("sha256", b"\x05\x81\x00"),
        ("sha3-256", b"\x05\x00"),
        ("shake256", b"\x05\x00"),
        ("shake256-len", None),
        ("shake256-len", b"\x02\x02\x01\x00"),
    ],
)
def test_parameters_that_do_not_belong_there(name, parameters):
    with pytest.raises(UnsupportedError):
        digests.name_of(AlgorithmIdentifier.build(algorithms.DIGESTS_BY_NAME[name].oid, parameters))


def test_unknown_digest():
    with pytest.raises(UnsupportedError, match=r"digest algorithm: 1\.2\.3"):
        digests.name_of(AlgorithmIdentifier.build("1.2.3"))
    with pytest.raises(UnsupportedError):
        digests.algorithm_identifier("md2")
