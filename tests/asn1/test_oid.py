from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.asn1 import oid
from smime.errors import ParseError

OIDS = st.tuples(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 64), max_size=8)).map(
    lambda parts: ".".join(map(str, (parts[0], parts[1], *parts[2])))
)


@given(dotted=OIDS)
def test_round_trip(dotted: str) -> None:
    assert oid.decode(oid.encode(dotted)) == dotted


@pytest.mark.parametrize(
    ("dotted", "content"),
    [
        ("1.2.840.113549.1.7.2", "2A864886F70D010702"),
        ("2.16.840.1.101.3.4.2.1", "608648016503040201"),
        ("2.999.3", "883703"),
        ("0.0", "00"),
        ("1.3.6.1.4.1.311.16.4", "2B0601040182371004"),
        ("2.25.329800735698586629295641978511506172918", "6983F09DA7EBCFDEE0C7A1A7B2C0948CC8F9D776"),
    ],
)
def test_known(dotted: str, content: str) -> None:
    assert oid.decode(bytes.fromhex(content)) == dotted
    assert oid.encode(dotted) == bytes.fromhex(content)


@pytest.mark.parametrize("content", ["", "80", "2A80", "2A8001", "2A86", "FF" * 600 + "01", "2A" * 513, "2A" + "FF" * 19 + "7F"])
def test_malformed(content: str) -> None:
    with pytest.raises(ParseError) as caught:
        oid.decode(bytes.fromhex(content))
    assert caught.value.layer == "der"


@pytest.mark.parametrize("dotted", ["", "1", "3.1", "1.40", "1.2.", "1.-2", "1.2.x", "1..2", "1.2.³"])
def test_not_dotted(dotted: str) -> None:
    with pytest.raises(ValueError, match="not an object identifier"):
        oid.encode(dotted)
