"""SMIMECapabilities: the octets of STANDARDS 12, to the last."""

from __future__ import annotations

import pytest

from smime.asn1 import der
from smime.asn1 import writer as w
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import capabilities as c
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS

SHA256 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.2.1", w.null())


def test_all_are_der_and_named_once() -> None:
    assert len(set(c.CAPABILITIES.values())) == len(c.CAPABILITIES)
    for name, raw in c.CAPABILITIES.items():
        assert der.is_der(raw), name
        ((oid, parameters),) = c.parse_capabilities(c.build_capabilities([raw]))
        assert c.name_of(oid, parameters) == name


def test_built_from_their_definitions() -> None:
    mgf1 = AlgorithmIdentifier.build("1.2.840.113549.1.1.8", SHA256.raw)
    oaep = w.sequence(w.explicit(0, SHA256.raw), w.explicit(1, mgf1.raw))
    assert c.CAPABILITIES["RSAES-OAEP-SHA256"] == AlgorithmIdentifier.build("1.2.840.113549.1.1.7", oaep).raw
    for name, digest, size in (("SHA256", 1, 32), ("SHA384", 2, 48), ("SHA512", 3, 64)):
        algorithm = AlgorithmIdentifier.build(f"2.16.840.1.101.3.4.2.{digest}", w.null())
        mgf1 = AlgorithmIdentifier.build("1.2.840.113549.1.1.8", algorithm.raw)
        pss = w.sequence(w.explicit(0, algorithm.raw), w.explicit(1, mgf1.raw), w.explicit(2, w.integer(size)))
        assert c.CAPABILITIES[f"RSASSA-PSS-{name}"] == AlgorithmIdentifier.build("1.2.840.113549.1.1.10", pss).raw
    for name in ("aes-128-gcm", "aes-256-cbc", "chacha20-poly1305", "Ed25519", "ML-KEM-768", "ML-DSA-65", "zlib", "cek-hkdf-sha256"):
        from smime import algorithms

        oid = next(oid for oid, known in algorithms.NAMES.items() if known == name)
        assert c.CAPABILITIES[name] == w.sequence(w.oid(oid))
    for size, bits in (("128", 128), ("64", 64), ("40", 40)):
        assert c.CAPABILITIES[f"rc2-{size}-cbc"] == w.sequence(w.oid("1.2.840.113549.3.2"), w.integer(bits))


def test_three_spellings_of_oaep() -> None:
    assert list(c.NAMES.values()).count("RSAES-OAEP-SHA256") == 3


def test_order_is_kept() -> None:
    wanted = [
        c.CAPABILITIES["aes-256-gcm"],
        c.CAPABILITIES["zlib"],
        c.CAPABILITIES["aes-128-cbc"],
        w.sequence(w.oid("1.2.3"), w.integer(1)),
    ]
    found = c.parse_capabilities(c.build_capabilities(wanted))
    assert [w.sequence(w.oid(oid), parameters or b"") for oid, parameters in found] == wanted
    assert c.name_of(*found[-1]) == "1.2.3"
    assert c.parse_capabilities(w.sequence()) == ()


def test_defaults_hold_nothing_old() -> None:
    names = [c.NAMES[raw] for raw in c.DEFAULT_CAPABILITIES]
    assert names[0] == "aes-256-gcm"
    assert not {"des-ede3-cbc", "rc2-40-cbc", "rc2-64-cbc", "rc2-128-cbc"} & set(names)


@pytest.mark.parametrize(
    "value", [b"", w.null(), w.sequence(w.null()), w.sequence(w.sequence()), w.sequence(w.sequence(w.oid("1.2"), w.null(), w.null()))]
)
def test_malformed(value: bytes) -> None:
    with pytest.raises(ParseError):
        c.parse_capabilities(value)


def test_limit() -> None:
    value = c.build_capabilities([w.sequence(w.oid("1.2.3"))] * 11)
    with pytest.raises(LimitExceeded):
        c.parse_capabilities(value, limits=DEFAULT_LIMITS.replace(attributes=10))
