"""Resumable BER scanners, the face of csrc/ber.c; `smime._kernels.python.ber` says what each thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import status as _status
from smime._kernels._accel import ffi, lib
from smime._kernels.python.ber import COPY_BELOW, MAX_LEVELS, UNBOUNDED
from smime._kernels.python.der import error

if TYPE_CHECKING:
    from typing import Any

__all__ = ["COPY_BELOW", "MAX_LEVELS", "UNBOUNDED", "Octets", "Skipper"]

_OCTETS_TYPE = ffi.typeof("uint8_t[]")
_SIZE = ffi.typeof("size_t *")
_OCTETS = ffi.typeof("smime_ber_octets *")
_SKIP = ffi.typeof("smime_ber_skip *")
_DONE: int = lib.SMIME_BER_DONE
_SLICE: int = lib.SMIME_BER_SLICE
_ROOM = 1 << 16
_from_buffer = ffi.from_buffer
_pool: list[tuple[Any, Any]] = []  # scratch space that no call is using, and the same as a buffer


class Octets:
    """The content octets of one OCTET STRING element."""

    __slots__ = ("_consumed", "_depth", "_produced", "_segments", "_state", "done", "position")

    def __init__(self, position: int, limit: int, depth: int, segments: int, tag: int = 0x04) -> None:
        self.position = position
        self.done = False
        self._depth = min(depth, MAX_LEVELS)
        self._segments = segments
        self._state = ffi.new(_OCTETS)
        self._consumed = ffi.new(_SIZE)
        self._produced = ffi.new(_SIZE)
        lib.smime_ber_octets_init(self._state, position, limit, depth, segments, tag, COPY_BELOW)

    def update(self, data: bytes | bytearray | memoryview) -> tuple[int, list[bytes | memoryview]]:
        """Take more octets; see the twin."""
        source = _from_buffer(_OCTETS_TYPE, data)
        view = memoryview(data)
        n = len(source)
        state, consumed, produced = self._state, self._consumed, self._produced
        pieces: list[bytes | memoryview] = []
        at = 0
        try:
            scratch = _pool.pop()
        except IndexError:
            room = ffi.new(_OCTETS_TYPE, _ROOM)
            scratch = room, ffi.buffer(room)
        room, octets = scratch
        while True:
            code = lib.smime_ber_octets_update(state, source + at, n - at, consumed, room, _ROOM, produced)
            if code < 0:
                _pool.append(scratch)
                del source  # see `smime._kernels.c`
                raise error(code, state.fault, self._depth, self._segments, "asn1_segments")
            at += consumed[0]
            if produced[0]:
                pieces.append(octets[: produced[0]])
            if code == _SLICE:
                pieces.append(view[at - state.slice : at])
            elif code != _status.FULL:
                break
        _pool.append(scratch)
        self.position = state.position
        self.done = code == _DONE
        return at, pieces


class Skipper:
    """The end of the contents of an element of indefinite length, whose header has been read."""

    __slots__ = ("_consumed", "_depth", "_elements", "_state", "done", "position")

    def __init__(self, position: int, limit: int, depth: int, elements: int) -> None:
        self.position = position
        self.done = False
        self._depth = min(depth, MAX_LEVELS)
        self._elements = elements
        self._state = ffi.new(_SKIP)
        self._consumed = ffi.new(_SIZE)
        lib.smime_ber_skip_init(self._state, position, limit, depth, elements)

    def update(self, data: bytes | bytearray | memoryview) -> int:
        """Take more octets; see the twin."""
        source = _from_buffer(_OCTETS_TYPE, data)
        code = lib.smime_ber_skip_update(self._state, source, len(source), self._consumed)
        if code < 0:
            del source  # see `smime._kernels.c`
            raise error(code, self._state.fault, self._depth, self._elements)
        self.position = self._state.position
        self.done = code == _DONE
        taken: int = self._consumed[0]
        return taken
