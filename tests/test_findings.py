"""Findings: stable codes, whole sentences, and all values that a sentence speaks of given wherever it is said."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime.findings import CATALOGUE, Effect, Severity, finding

SOURCE = Path(__file__).resolve().parent.parent / "src" / "smime"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=list(CATALOGUE))
def test_rows(kind: object) -> None:
    code, sentence, advice = kind.code, kind.sentence, kind.advice  # type: ignore[attr-defined]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    for text in (sentence, advice):
        assert text[0].isupper() or text[0] == "{"
        assert text.endswith(".")
        assert "  " not in text
    # what speaks against a message is no mere information, and what is wrong is an error
    severity, effect = kind.severity, kind.effect  # type: ignore[attr-defined]
    assert effect is Effect.NONE or severity is not Severity.INFO
    assert effect is not Effect.INVALID or severity is Severity.ERROR
    made = finding(code, **dict.fromkeys(placeholders(sentence + advice), "x"))
    assert "{" not in made.message
    assert made.to_dict()["code"] == code


def said() -> Iterator[tuple[str, str, set[str], bool]]:
    """Yield where each finding is made, with its code, the names of its data, and whether there may be more."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            callee = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            code = node.args[0]
            if callee in {"finding", "note"} and isinstance(code, ast.Constant) and isinstance(code.value, str):
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield f"{path.name}:{node.lineno}", code.value, names, any(keyword.arg is None for keyword in node.keywords)


SAID = list(said())


def test_the_source_was_read() -> None:
    assert len(SAID) > 100
    assert len({code for _, code, _, _ in SAID}) > 80


def test_nothing_is_promised_in_vain() -> None:
    source = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py") if path.name != "findings.py")
    assert [code for code in CATALOGUE if f'"{code}"' not in source] == []


@pytest.mark.parametrize(("where", "code", "names", "more"), SAID, ids=[f"{where}-{code}" for where, code, _, _ in SAID])
def test_every_value_is_given(where: str, code: str, names: set[str], more: bool) -> None:
    kind = CATALOGUE[code]
    assert more or placeholders(kind.sentence) | placeholders(kind.advice) <= names


def test_advice_names_the_values() -> None:
    found = finding("address-mismatch", sender="alice@example.org", signer="{mallory}@example.org")
    assert "{mallory}@example.org" in found.advice
    assert "{signer}" not in found.advice
    assert found.to_dict()["advice"] == found.advice
