"""base64, the face of csrc/base64.c; `smime._kernels.python.base64` says what each thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import c as _c
from smime._kernels import status
from smime._kernels._accel import ffi, lib
from smime._kernels.python.base64 import ANOMALIES, check_line, check_room, check_text_room

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ANOMALIES", "Decoder", "Encoder", "decode", "encode"]

_OCTETS = ffi.typeof("uint8_t[]")
_SIZE = ffi.typeof("size_t *")
_ENCODER = ffi.typeof("smime_base64_encoder *")
_DECODER = ffi.typeof("smime_base64_decoder *")

_LARGE = 1 << 13
_encode_all = lib.smime_base64_encode_all
_decode_all = lib.smime_base64_decode_all
_from_buffer = ffi.from_buffer


class Encoder:
    """Encodes a stream."""

    __slots__ = ("_consumed", "_line", "_produced", "_state")

    def __init__(self, line_length: int = 76, newline: bytes = b"\r\n") -> None:
        check_line(line_length, newline)
        self._line = line_length or 1 << 62
        self._state = ffi.new(_ENCODER)
        self._consumed = ffi.new(_SIZE)
        self._produced = ffi.new(_SIZE)
        lib.smime_base64_encoder_init(self._state, _c.ISA, line_length, newline == b"\r\n")

    def update(self, data: Buffer) -> bytes:
        """Return the characters of the groups that these octets complete."""
        source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
        size = len(source)
        characters = (size + 2) // 3 * 4
        cap = characters + (characters // self._line + 1) * 2
        out = bytes(cap + 1)
        lib.smime_base64_encode(self._state, source, size, self._consumed, out, cap, self._produced)
        return out[: self._produced[0]]

    def update_into(self, data: Buffer, buffer: bytearray | memoryview) -> int:
        """Write what `update` would return into a buffer; return its size."""
        source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
        size = len(source)
        check_text_room(size, self._line & 0xFFFFF, buffer)  # 0: unbroken
        target = _from_buffer(_OCTETS, buffer)
        lib.smime_base64_encode(self._state, source, size, self._consumed, target, len(buffer), self._produced)
        produced: int = self._produced[0]
        return produced

    def finalize(self) -> bytes:
        """Return the last group and the last line end; nothing if there was no data."""
        out = bytes(8)
        lib.smime_base64_encode_end(self._state, out, 8, self._produced)
        return out[: self._produced[0]]


class Decoder:
    """Decodes a stream."""

    __slots__ = ("_consumed", "_produced", "_state", "_total")

    def __init__(self, strict: bool = False) -> None:  # the contract's signature
        self._total = 0
        self._state = ffi.new(_DECODER)
        self._consumed = ffi.new(_SIZE)
        self._produced = ffi.new(_SIZE)
        lib.smime_base64_decoder_init(self._state, _c.ISA, strict)

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What was met that should not be there, in the order of `ANOMALIES`."""
        bits = self._state.anomalies
        return tuple(anomaly for bit, anomaly in enumerate(ANOMALIES) if bits >> bit & 1) if bits else ()

    def update(self, data: Buffer) -> bytes:
        """Return the octets of the groups that these characters complete."""
        source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
        size = len(source)
        cap = (size // 4 + 2) * 3
        out = bytes(cap)
        answer = lib.smime_base64_decode(self._state, source, size, self._consumed, out, cap, self._produced)
        if answer:
            del source  # see `smime._kernels.c`
            raise status.error(answer, self._total + self._consumed[0])
        self._total += size
        return out[: self._produced[0]]

    def update_into(self, data: Buffer, buffer: bytearray | memoryview) -> int:
        """Write what `update` would return into a buffer; return its size."""
        source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
        size = len(source)
        check_room(size, buffer)
        cap = len(buffer)
        answer = lib.smime_base64_decode(self._state, source, size, self._consumed, _from_buffer(_OCTETS, buffer), cap, self._produced)
        if answer:
            source = None  # an error in a reference cycle must not hold an exported buffer
            raise status.error(answer, self._total + self._consumed[0])
        self._total += size
        produced: int = self._produced[0]
        return produced

    def finalize(self) -> bytes:
        """Return what an unpadded last group holds."""
        out = bytes(2)
        answer = lib.smime_base64_decode_end(self._state, out, 2, self._produced)
        if answer:
            raise status.error(answer, self._total)
        return out[: self._produced[0]]


def encode(data: Buffer, *, line_length: int = 76, newline: bytes = b"\r\n") -> bytes:
    """Encode a whole message."""
    source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
    size = len(source)
    if not size:
        check_line(line_length, newline)
        return b""
    cap = (size + 2) // 3 * 4
    if line_length == 76 and newline == b"\r\n":  # the ordinary case needs no check
        cap += (cap + 75) // 76 * 2
        out = bytes(cap)  # nobody else holds it before it is filled: only those of length 0 and 1 are shared
        _encode_all(_c.ISA, 76, 1, source, size, out, cap)
        return out
    check_line(line_length, newline)
    if line_length:
        cap += (cap + line_length - 1) // line_length * len(newline)
    out = bytes(cap)  # nobody else holds it before it is filled
    _encode_all(_c.ISA, line_length, newline == b"\r\n", source, size, out, cap)
    return out


def _likely_size(text: bytes | memoryview) -> int:
    """Return the size of the content if the text has lines of 76 characters with CRLF or LF, or is unbroken."""
    size = len(text)
    if text[76] == 0x0D:  # CR
        size -= (size + 77) // 78 * 2
    elif text[76] == 0x0A:  # LF
        size -= (size + 76) // 77
    return size // 4 * 3 - bytes(text[-4:]).count(b"=")


def decode(data: Buffer, *, strict: bool = False) -> bytes:
    """Decode a whole message."""
    source = data if type(data) is bytes else _from_buffer(_OCTETS, data)
    size = len(source)
    produced = -1
    if size > _LARGE:  # a copy is worth a guess
        cap = _likely_size(data if type(data) is bytes else memoryview(data).cast("B"))
        out = bytes(cap)
        produced = _decode_all(_c.ISA, strict, source, size, out, cap)
    if produced == -1:
        cap = (size // 4 + 1) * 3
        out = bytes(cap)
        produced = _decode_all(_c.ISA, strict, source, size, out, cap)
    if produced < 0:
        del source  # see `smime._kernels.c`
        decoder = Decoder(strict)  # again, for the offset
        return decoder.update(data) + decoder.finalize()
    return out if produced == cap else out[:produced]
