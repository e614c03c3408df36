"""Flat index of a BER/DER structure, the face of csrc/der.c; `smime._kernels.python.der` says what each thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import status as _status
from smime._kernels._accel import ffi, lib
from smime._kernels.python.der import CONTENT, END, FIELDS, MAX_DEPTH, MAX_OFFSET, MAX_TAG_NUMBER, NEXT, START, STOP, TAG, error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["CONTENT", "END", "FIELDS", "MAX_DEPTH", "MAX_OFFSET", "MAX_TAG_NUMBER", "NEXT", "START", "STOP", "TAG", "error", "index"]

_OCTETS = ffi.typeof("uint8_t[]")
_RESULT = ffi.typeof("smime_der_result *")
_INDEX = ffi.typeof("uint32_t[]")
_FIRST = 512  # elements: most structures have fewer
_OCTETS_EACH = 4 * FIELDS
_NONE = (1 << 64) - 1
_FEW = 64
_from_buffer = ffi.from_buffer
_unpack = ffi.unpack
_run = lib.smime_der_index
_pool: list[tuple[Any, Any, Any]] = []  # scratch space that no call is using: index, the same as a buffer, result


def index(  # hot: positional
    data: bytes | bytearray | memoryview,
    start: int,
    end: int,
    depth: int,
    elements: int,
    leaf: int = MAX_OFFSET,
    inside: bool = True,
    siblings: bool = False,
) -> tuple[Sequence[int], int, int]:
    """Index the element at ``data[start]``; see the twin."""
    if end > MAX_OFFSET:
        raise error(_status.DER_TRUNCATED, MAX_OFFSET, depth, elements)
    source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
    try:
        scratch = _pool.pop()
    except IndexError:
        numbers = ffi.new(_INDEX, _FIRST * FIELDS)
        scratch = numbers, ffi.buffer(numbers), ffi.new(_RESULT)
    numbers, octets, result = scratch
    code = _run(source, start, end, depth, elements, leaf, inside, siblings, numbers, _FIRST, result)
    if code == _status.FULL:
        _pool.append(scratch)
        return _index_more(source, start, end, depth, elements, leaf, inside, siblings)
    stop = result.offset
    if code:
        _pool.append(scratch)
        del source  # see `smime._kernels.c`
        raise error(code, stop, depth, elements)
    non_der = result.non_der
    count = result.count
    # a list is dearer to make than a view, and its numbers are cheaper to look at, as those of short structures are more than once
    out: Sequence[int] = _unpack(numbers, count * FIELDS) if count <= _FEW else memoryview(octets[: count * _OCTETS_EACH]).cast("I")
    _pool.append(scratch)
    return out, stop, -1 if non_der == _NONE else non_der


def _index_more(
    source: Any, start: int, end: int, depth: int, elements: int, leaf: int, inside: bool, siblings: bool
) -> tuple[Sequence[int], int, int]:
    """Index with more room, and yet more, so that the room stays in proportion to what there is."""
    cap = _FIRST
    result = ffi.new(_RESULT)
    while True:
        cap = min(cap * 16, (end - start) // 2 + 1)
        numbers = ffi.new(_INDEX, cap * FIELDS)
        code = _run(source, start, end, depth, elements, leaf, inside, siblings, numbers, cap, result)
        if code < 0:
            if type(source) is not bytes:
                ffi.release(source)  # the caller has it, too; see `smime._kernels.c`
            raise error(code, result.offset, depth, elements)
        if code != _status.FULL:
            out = memoryview(ffi.buffer(numbers, result.count * _OCTETS_EACH)).cast("B").cast("I")
            return out, result.offset, -1 if result.non_der == _NONE else result.non_der
