from __future__ import annotations

import pickle

import pytest

from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.errors import ParseError

SHA256 = "2.16.840.1.101.3.4.2.1"


def test_build_and_read() -> None:
    for parameters in (None, writer.NULL, writer.octet_string(bytes(16))):
        built = AlgorithmIdentifier.build(SHA256, parameters)
        read = AlgorithmIdentifier.from_raw(built.raw)
        assert (read.oid, read.parameters, read.raw) == (SHA256, parameters, built.raw)
        assert read == built
        assert hash(read) == hash(built)
        assert pickle.loads(pickle.dumps(read)) == read
        assert read.parameters_absent_or_null == (parameters in {None, writer.NULL})
    assert built.name == "sha256"
    assert AlgorithmIdentifier.build("1.2.3").name == "1.2.3"
    assert built != SHA256
    assert "sha256" in repr(built)


def test_byte_exact() -> None:
    """STANDARDS 15."""
    assert AlgorithmIdentifier.build("1.2.840.113549.1.1.1", writer.null()).raw.hex().upper() == "300D06092A864886F70D0101010500"


def test_implicit_tag() -> None:
    raw = AlgorithmIdentifier.build(SHA256).raw
    assert AlgorithmIdentifier.from_element(der.parse(writer.retag(raw, 0xA1))).raw == raw


def test_immutable() -> None:
    algorithm = AlgorithmIdentifier.build(SHA256)
    with pytest.raises(AttributeError):
        algorithm.oid = "1.2"


def test_the_same_object_again() -> None:
    raw = AlgorithmIdentifier.build("1.2.3.4.5.6").raw
    assert AlgorithmIdentifier.from_raw(raw) is AlgorithmIdentifier.from_raw(bytes(bytearray(raw)))


def test_the_cache_is_bounded() -> None:
    from smime.asn1 import algorithm

    for number in range(2000):
        AlgorithmIdentifier.from_raw(AlgorithmIdentifier.build(f"1.2.3.{number}").raw)
    AlgorithmIdentifier.from_raw(AlgorithmIdentifier.build("1.2.3", writer.octet_string(bytes(5000))).raw)
    assert len(algorithm._cache) <= 512
    assert all(len(raw) < 300 for raw in algorithm._cache)


@pytest.mark.parametrize(
    "text", ["3000", "3102060100", "0500", "3007060100 05000500", "3005 0601 00 0500 00", "3004 06020080", "8000", "3F1F00"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(ParseError):
        AlgorithmIdentifier.from_raw(bytes.fromhex(text.replace(" ", "")))
