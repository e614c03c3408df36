"""A mail to be protected, the face of csrc/split.c; `smime._kernels.python.split` says what each thing does."""

from __future__ import annotations

from smime._kernels import c as _c
from smime._kernels._accel import lib
from smime._kernels.c.records import ROOM, array, free, octets, unpack
from smime._kernels.python.split import (
    MAX_SPLIT,
)

__all__ = [
    "MAX_SPLIT",
    "split_mail",
]

_split = lib.smime_split_mail


def split_mail(data: bytes, safe: int, fields: int, header_size: int) -> list[int]:
    """Say how a whole mail in ordinary form is split."""
    out = array()
    count = _split(_c.ISA, octets(data), len(data), safe, fields, header_size, out, ROOM)
    cuts: list[int] = unpack(out, count)
    free.append(out)
    return cuts
