"""Characters that a terminal obeys, or that hide or turn round what follows, and texts that only look like escapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.printable import clean, escape, json_text, unescape

UNSAFE = {
    "CSI": "\x1b[2J",
    "C1 CSI": "\x9b2J",
    "bell": "\x07",
    "delete": "\x7f",
    "carriage return": "a\rb",
    "override": "\u202egpj.exe",
    "isolate": "\u2066a\u2069",
    "right-to-left mark": "\u200f",
    "line separator": "\u2028",
    "zero width space": "a\u200bb",
    "soft hyphen": "a\u00adb",
    "tag": "a\U000e0041b",
    "filler": "\u3164",
    "byte order mark": "\ufeffa",
    "octet that is not UTF-8": "\udcff",
}
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("\\\\\\xuU0089abcdef\x1b\u202e\udcff\U000e0041\u200d")))


def _unsafe(text: str) -> list[str]:
    return [character for value in UNSAFE.values() for character in value if character in text and not character.isascii()] + [
        character for character in text if character < " " or character == "\x7f"
    ]


@pytest.mark.parametrize("text", UNSAFE.values(), ids=UNSAFE.keys())
def test_none_of_them_is_shown(text: str) -> None:
    for shown in (clean(text), json_text([text]), json_text([text], ascii_only=True), escape(text)):
        assert not _unsafe(shown.replace("\N{REPLACEMENT CHARACTER}", ""))
        shown.encode()


def test_ordinary_text_stays() -> None:
    text = "Grüße, 你好, \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645, \\server\\share, C:\\mail"
    assert escape(text) == text
    assert clean("Grüße, 你好, \\server") == "Grüße, 你好, \\server"


def test_json_keeps_its_own_lines() -> None:
    assert json_text({"a": 1, "b": "\n"}, indent=2) == '{\n  "a": 1,\n  "b": "\\n"\n}'


def test_escapes_are_as_python_writes_them() -> None:
    assert escape("\x1b \u202e \U000e0041 \udcff") == "\\x1b \\u202e \\U000e0041 \\udcff"
    assert escape("C:\\users\\x.eml") == "C:\\\\users\\\\x.eml"


@given(TEXTS)
def test_escape_loses_nothing(text: str) -> None:
    assert unescape(escape(text)) == text


@given(TEXTS)
def test_json_loses_nothing(text: str) -> None:
    assert json.loads(json_text(text)) == json.loads(json_text(text, ascii_only=True)) == text


@given(TEXTS)
def test_unescape_takes_anything(text: str) -> None:
    assert isinstance(unescape(text), str)
