"""Hazards of a text: the same flags from C on every instruction set as from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.parity.mime_strategies import texts

from smime._kernels.python import hazards as python

if TYPE_CHECKING:
    from .conftest import Backend


@given(data=texts, start=st.integers(0, 50))
def test_windows(backend: Backend, data: bytes, start: int) -> None:
    scan = backend.family("hazards")
    start = min(start, len(data))
    for end in {len(data), len(data) - 1, len(data) // 2} - set(range(-1, start)):
        assert scan.text_hazards(data, start, end) == python.text_hazards(data, start, end)


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 63, 64, 65, 95, 127, 128, 129, 130, 131, 200, 257])
def test_vector_blocks(backend: Backend, size: int) -> None:
    """A hit at every place of a block, and one that ends with the buffer."""
    scan = backend.family("hazards")
    for mark in (b" \n", b"\t\r\n", b"\n.\n", b"\n.\r\n", b"\nFrom ", b"\r", b"\x80", b"\0", b"\nF", b"\n."):
        for place in range(max(0, size - 70), size + 1):
            data = b"a" * place + mark + b"a" * (size - place)
            end = len(data)
            assert scan.text_hazards(data, 0, end) == python.text_hazards(data, 0, end), (mark, place)


def test_constants(backend: Backend) -> None:
    """The numbers of the C header are those of the Python form."""
    if backend.name == "python":
        pytest.skip("there is nothing to compare")
    from smime._kernels._accel import lib

    for name in ("EIGHT_BIT", "NUL", "BARE_CR", "LONG_LINE", "TRAILING_BLANK", "FROM_LINE", "DOT_LINE"):
        assert getattr(python, name) == getattr(lib, f"SMIME_HAZARDS_{name}")
    assert python.MAX_LINE == lib.SMIME_SCAN_LINE
