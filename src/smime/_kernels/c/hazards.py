"""Text that may not survive transport, the face of csrc/hazards.c; `smime._kernels.python.hazards` says what each thing does."""

from __future__ import annotations

from smime._kernels import c as _c
from smime._kernels._accel import ffi, lib
from smime._kernels.c.records import OCTETS, octets, searchable
from smime._kernels.python.hazards import (
    BARE_CR,
    DOT_LINE,
    EIGHT_BIT,
    FROM_LINE,
    LONG_LINE,
    MAX_LINE,
    NUL,
    TRAILING_BLANK,
)

__all__ = [
    "BARE_CR",
    "DOT_LINE",
    "EIGHT_BIT",
    "FROM_LINE",
    "LONG_LINE",
    "MAX_LINE",
    "NUL",
    "TRAILING_BLANK",
    "searchable",
    "text_hazards",
]

_hazards = lib.smime_hazards_find


def text_hazards(data: bytes, start: int, end: int) -> int:
    """Say what in a text may not survive transport."""
    source = octets(data) if not start else ffi.from_buffer(OCTETS, data) + start
    found: int = _hazards(_c.ISA, source, end - start)
    return found
