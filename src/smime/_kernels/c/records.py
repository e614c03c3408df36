"""What the faces of the scanners share: arrays for records, and data as C takes it."""

from __future__ import annotations

from typing import Any

from smime._kernels._accel import ffi
from smime._kernels.python.mbox import MBOX_WIDTH
from smime._kernels.python.scan import CAP

__all__ = ["OCTETS", "ROOM", "array", "free", "octets", "searchable", "unpack"]

ROOM = (CAP + 1) * MBOX_WIDTH + 3
"""Integers in an array: the most that one call of a scanner writes."""

OCTETS = ffi.typeof("uint8_t[]")
_RECORDS = ffi.typeof("int64_t[]")

free: list[Any] = []
"""Arrays that no call is using at the moment: several threads may be in C at once, and a new array costs more than a small scan."""

unpack = ffi.unpack


def array() -> Any:
    """Return an array of `ROOM` integers; append it to `free` when its numbers are read."""
    try:
        return free.pop()
    except IndexError:  # another thread was quicker
        return ffi.new(_RECORDS, ROOM)


def octets(data: Any) -> Any:
    """Return a buffer as C takes it."""
    return data if type(data) is bytes else ffi.from_buffer(OCTETS, data)


def searchable(data: bytes | bytearray | memoryview) -> bytes:
    """Return the data itself: C reads every buffer."""
    return data  # type: ignore[return-value]
