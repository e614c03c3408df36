"""Room for octets on their way, where copies are quick."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Protocol

__all__ = ["NewRooms", "OneRoom", "Rooms", "room"]


def room(size: int) -> memoryview:
    """Return so many octets that begin with a page of memory, and that only this process has.

    A large `bytearray` may begin 16 octets behind the beginning of a page. To copy there what begins with a page, as what is read from a
    file does, takes seven times as long on processors whose string moves take the two places for overlapping ones (measured on AMD).
    """
    if hasattr(mmap, "MAP_PRIVATE"):
        return memoryview(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    return memoryview(mmap.mmap(-1, size))  # Windows


class Rooms(Protocol):
    """Room for one piece of a message after the other: fresh memory for each would cost more than what is done to the octets."""

    def next(self, size: int, /) -> memoryview:
        """Return room for so many octets, or for more. What was returned before is given back with that."""


NewRooms = Callable[[], Rooms]


class OneRoom:
    """The same room for each piece."""

    __slots__ = ("_room",)

    def __init__(self) -> None:
        self._room = memoryview(b"")

    def next(self, size: int, /) -> memoryview:
        """Return room for so many octets, or for more."""
        if len(self._room) < size:
            self._room = room(size)
        return self._room
