from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.asn1 import pem
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS


@given(
    blocks=st.lists(
        st.tuples(st.sampled_from(["CMS", "PKCS7", "CERTIFICATE", "RSA PRIVATE KEY"]), st.binary(max_size=200)), min_size=1, max_size=3
    )
)
def test_round_trip(blocks: list[tuple[str, bytes]]) -> None:
    text = b"".join(pem.encode(label, octets) for label, octets in blocks)
    assert pem.is_pem(text)
    assert pem.decode(text) == blocks
    assert pem.decode(b"some text\r\n" + text.replace(b"\n", b"\r\n") + b"more") == blocks
    assert all(len(line) <= 64 for line in text.split(b"\n"))


def test_shape() -> None:
    assert pem.encode("CMS", bytes(49)) == b"-----BEGIN CMS-----\n" + b"A" * 64 + b"\n" + b"AA==\n-----END CMS-----\n"
    assert pem.encode("CMS", b"") == b"-----BEGIN CMS-----\n-----END CMS-----\n"


def test_lenient() -> None:
    assert pem.decode(b"\xef\xbb\xbf-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END X-----") == [("X", bytes(3))]
    assert pem.decode(b"-----BEGIN X-----\n  AA\n\tAA  \n\n-----END X-----\n") == [("X", bytes(3))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "no PEM block"),
        (b"x -----BEGIN X-----", "no PEM block"),
        (b"-----BEGIN X", "the BEGIN line has no end"),
        (b"-----BEGIN X-----\nAAAA\n", "a block has no END line"),
        (b"-----BEGIN X-----\nAAAA\n-----END Y-----\n", "the END line has another label"),
    ],
)
def test_malformed(text: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        pem.decode(text)
    assert caught.value.layer == "pem"
    assert reason in caught.value.reason


def test_is_pem() -> None:
    assert not pem.is_pem(b"\x30\x80")
    assert not pem.is_pem(b"> -----BEGIN CMS-----")
    assert not pem.is_pem(bytes(1 << 17) + b"\n-----BEGIN CMS-----")


def test_limit() -> None:
    with pytest.raises(LimitExceeded):
        pem.decode(pem.encode("X", bytes(100)), limits=DEFAULT_LIMITS.replace(structure_size=10))
