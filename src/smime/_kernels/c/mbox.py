"""Mailboxes, the face of csrc/mbox.c; `smime._kernels.python.mbox` says what each thing does."""

from __future__ import annotations

from smime._kernels import c as _c
from smime._kernels._accel import lib
from smime._kernels.c.records import array, free, octets, searchable, unpack
from smime._kernels.python.mbox import (
    AFTER_EMPTY,
    AT_LINE_START,
    CAP,
    DATED,
    FINAL,
    MAX_LINE,
    MAX_MBOX_HEADER,
    MAX_QUOTES,
    MBOX_WIDTH,
)

__all__ = [
    "AFTER_EMPTY",
    "AT_LINE_START",
    "CAP",
    "DATED",
    "FINAL",
    "MAX_LINE",
    "MAX_MBOX_HEADER",
    "MAX_QUOTES",
    "MBOX_WIDTH",
    "mbox_lines",
    "searchable",
]

_mbox = lib.smime_mbox_lines


def mbox_lines(data: bytes, start: int, end: int, flags: int) -> tuple[list[int], int]:
    """Find the ``From `` lines of a mailbox, and what is needed to judge them."""
    out = array()
    count = _mbox(_c.ISA, octets(data), start, end, flags, out, CAP)
    records: list[int] = unpack(out, count * 8 + 1)
    free.append(out)
    return records, records.pop()
