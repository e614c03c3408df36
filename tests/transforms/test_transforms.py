"""The transforms are the kernels' faces, under the names of the contract; tests/parity proves what they do."""

from __future__ import annotations

import base64 as stdlib_base64

import pytest

from smime.errors import ParseError
from smime.transforms import base64, identity, lines, quoted_printable


def test_base64() -> None:
    text = base64.encode(bytes(100))
    assert text == stdlib_base64.encodebytes(bytes(100)).replace(b"\n", b"\r\n")
    assert base64.decode(text) == bytes(100)
    assert base64.encode(b"abc", line_length=0) == b"YWJj"
    assert base64.encode(b"") == b""
    encoder = base64.Encoder(64, b"\n")
    assert encoder.update(b"a") + encoder.update(b"bc") + encoder.finalize() == b"YWJj\n"
    with pytest.raises(ParseError) as caught:
        base64.decode(b"YWJj*", strict=True)
    assert (caught.value.layer, caught.value.offset) == ("base64", 4)
    decoder = base64.Decoder()
    assert decoder.update(b"YW Jj") + decoder.finalize() == b"abc"
    assert decoder.anomalies == ("blanks between the characters",)


def test_quoted_printable() -> None:
    assert quoted_printable.encode(b"a=b \n") == b"a=3Db=20\r\n"
    assert quoted_printable.decode(b"a=3Db=20\r\n") == b"a=b \r\n"
    decoder = quoted_printable.Decoder()
    assert decoder.update(b"a=") + decoder.update(b"3d") + decoder.finalize() == b"a="
    assert decoder.anomalies == ("lower-case hexadecimal digits",)


def test_lines() -> None:
    canonical = lines.CanonicalLines()
    assert canonical.update(b"a\nb\r") + canonical.update(b"\nc") + canonical.finalize() == b"a\r\nb\r\nc"
    assert (canonical.changed, canonical.has_crlf, canonical.longest_line) == (True, True, 1)
    assert lines.canonicalize(b"a\nb") == b"a\r\nb"


def test_identity() -> None:
    data = bytearray(b"data")
    transform = identity.Identity()
    assert transform.update(data) is data
    assert transform.finalize() == b""
