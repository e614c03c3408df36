"""The fields of a certificate, the face of csrc/certificate.c; `smime._kernels.python.certificate` says what each thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels._accel import ffi, lib
from smime._kernels.python.certificate import EXTENSION, EXTENSIONS, FIELDS

if TYPE_CHECKING:
    from typing import Any

__all__ = ["EXTENSION", "EXTENSIONS", "FIELDS", "read"]

_ROOM = FIELDS + EXTENSION * EXTENSIONS
_NUMBERS = ffi.typeof("uint32_t[]")
_run = lib.smime_certificate_read
_unpack = ffi.unpack
_pool: list[Any] = []  # scratch space that no call is using


def read(data: bytes) -> list[int] | None:
    """Say where the fields of a certificate stand; see the twin."""
    try:
        numbers = _pool.pop()
    except IndexError:
        numbers = ffi.new(_NUMBERS, _ROOM)
    count = _run(data, len(data), numbers)
    found: list[int] | None = _unpack(numbers, count) if count else None
    _pool.append(numbers)
    return found
