from __future__ import annotations

import pytest

from smime.asn1 import writer
from smime.asn1.names import to_text


def name(*attributes: tuple[str, str]) -> bytes:
    return writer.sequence(*(writer.set_of([writer.sequence(writer.oid(oid), writer.utf8_string(text))]) for oid, text in attributes))


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (name(("2.5.4.6", "DE"), ("2.5.4.10", "Ex, Inc"), ("2.5.4.3", "Ann")), "CN=Ann,O=Ex\\, Inc,C=DE"),
        (name(("1.2.3", "x")), "1.2.3=x"),
        (name(("2.5.4.3", " a# ")), "CN=\\ a#\\ "),
        (name(("2.5.4.3", "#")), "CN=\\#"),
        (name(("2.5.4.3", "a\r\n\u202eb")), "CN=a\\0D\\0A\\E2\\80\\AEb"),
        (writer.sequence(), ""),
        (b"\x05\x00", "#0500"),
        (b"\x30", "#30"),
    ],
)
def test_text(encoded: bytes, text: str) -> None:
    assert to_text(encoded) == text


def test_multi_valued() -> None:
    parts = [writer.sequence(writer.oid(oid), writer.utf8_string("x")) for oid in ("2.5.4.3", "2.5.4.10")]
    assert to_text(writer.sequence(writer.set_of(parts))) == "CN=x+O=x"
