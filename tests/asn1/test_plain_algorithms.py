"""AlgorithmIdentifiers with an IV are read by a short way; it agrees with the long one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import parse
from smime.errors import ParseError

_GCM = bytes.fromhex("301e060960864801650304012e3011040c000102030405060708090a0b020110")


@given(
    st.binary(min_size=9, max_size=60).map(lambda octets: bytes((0x30, len(octets), 6)) + octets[1:]),
    st.dictionaries(st.integers(0, len(_GCM) - 1), st.integers(0, 255), max_size=2),
)
@example(b"", {})
@example(b"", {15: 0x24})
@example(b"", {16: 0x80})
@example(b"", {4: 0x80})
def test_short_way(made: bytes, changes: dict[int, int]) -> None:
    changed = bytearray(_GCM)
    for at, octet in changes.items():
        changed[at] = octet
    for raw in (made, bytes(changed)):
        short = AlgorithmIdentifier._plain(raw)
        if short is None:
            continue
        long = AlgorithmIdentifier.from_element(parse(raw, layer="cms").expect(0x30))
        assert (short.oid, short.parameters, short.raw) == (long.oid, long.parameters, long.raw)


@given(st.binary(min_size=32, max_size=32), st.dictionaries(st.integers(0, len(_GCM) - 1), st.integers(0, 255), max_size=2))
def test_gcm_with_another_nonce(octets: bytes, changes: dict[int, int]) -> None:
    changed = bytearray(_GCM[:17] + octets[17:29] + _GCM[29:])
    for at, octet in changes.items():
        changed[at] = octet
    raw = bytes(changed)
    try:
        long = AlgorithmIdentifier.from_element(parse(raw, layer="cms").expect(0x30))
    except ParseError:
        with pytest.raises(ParseError):
            AlgorithmIdentifier.from_raw(raw)
    else:
        short = AlgorithmIdentifier.from_raw(raw)
        assert (short.oid, short.parameters, short.raw) == (long.oid, long.parameters, long.raw)


def test_usual_forms_are_taken() -> None:
    assert AlgorithmIdentifier._plain(_GCM) is not None
    assert AlgorithmIdentifier._plain(bytes.fromhex("301d060960864801650304012a0410") + bytes(16)) is not None


def test_what_is_wrong_is_said_by_the_long_way() -> None:
    with pytest.raises(ParseError) as caught:
        AlgorithmIdentifier.from_raw(_GCM[:4] + b"\xff" * 9 + _GCM[13:])
    assert caught.value.layer == "cms"
