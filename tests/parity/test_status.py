"""The status codes of the C header and of the Python table are one set of numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smime._kernels import status

HEADER = Path(__file__).resolve().parents[2] / "csrc" / "smime_api.h"
IN_HEADER = {name: int(value) for name, value in re.findall(r"\bSMIME_([A-Z0-9_]+) = (-\d{2,})", HEADER.read_text(encoding="ascii"))}


@pytest.mark.parametrize("name", IN_HEADER)
def test_every_error_of_the_header_has_its_constant_and_reason(name: str) -> None:
    code = IN_HEADER[name]
    assert getattr(status, name) == code
    layer, reason = status.REASONS[code]
    assert layer
    assert reason
    assert not reason.endswith(".")


def test_no_reason_without_a_code() -> None:
    assert set(status.REASONS) == set(IN_HEADER.values())
    assert len(set(IN_HEADER.values())) == len(IN_HEADER)


def test_error_is_built_from_the_table() -> None:
    error = status.error(status.BASE64_CHARACTER, 7)
    assert (error.layer, error.reason, error.offset) == ("base64", "character outside the alphabet", 7)
