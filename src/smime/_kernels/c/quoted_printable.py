"""quoted-printable, the face of csrc/quoted_printable.c; `smime._kernels.python.quoted_printable` says what each thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import c as _c
from smime._kernels._accel import ffi, lib
from smime._kernels.python.quoted_printable import ANOMALIES, check_newline

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ANOMALIES", "Decoder", "Encoder", "decode", "encode"]

_OCTETS = ffi.typeof("uint8_t[]")
_SIZE = ffi.typeof("size_t *")
_ENCODER = ffi.typeof("smime_qp_encoder *")
_DECODER = ffi.typeof("smime_qp_decoder *")
_ROOM = 136
_LARGE = 1 << 16
_SAMPLE = 1 << 13
_FULL: int = lib.SMIME_FULL


class Decoder:
    """Decodes a stream and never fails."""

    __slots__ = ("_consumed", "_produced", "_state")

    def __init__(self) -> None:
        self._state = ffi.new(_DECODER)
        self._consumed = ffi.new(_SIZE)
        self._produced = ffi.new(_SIZE)
        lib.smime_qp_decoder_init(self._state, _c.ISA)

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What was met that should not be there, in the order of `ANOMALIES`."""
        bits = self._state.anomalies
        return tuple(anomaly for bit, anomaly in enumerate(ANOMALIES) if bits >> bit & 1) if bits else ()

    def update(self, data: Buffer) -> bytes:
        """Return what can be decided so far."""
        source = data if type(data) is bytes else ffi.from_buffer(_OCTETS, data)
        size = len(source)
        out = bytes(size + _ROOM)  # nobody else holds it before it is filled
        lib.smime_qp_decode(self._state, source, size, self._consumed, out, size + _ROOM, self._produced)
        return out[: self._produced[0]]

    def finalize(self) -> bytes:
        """Return what the end decides."""
        if not self._state.held:
            return b""
        out = bytes(_ROOM)
        lib.smime_qp_decode_end(self._state, out, _ROOM, self._produced)
        return out[: self._produced[0]]


class Encoder:
    """Encodes a stream of text."""

    __slots__ = ("_consumed", "_produced", "_state")

    def __init__(self, newline: bytes = b"\r\n") -> None:
        check_newline(newline)
        self._state = ffi.new(_ENCODER)
        self._consumed = ffi.new(_SIZE)
        self._produced = ffi.new(_SIZE)
        lib.smime_qp_encoder_init(self._state, _c.ISA, newline == b"\r\n")

    def update(self, data: Buffer) -> bytes:
        """Return what can be decided so far."""
        source = data if type(data) is bytes else ffi.from_buffer(_OCTETS, data)
        size = len(source)
        cap = size + size // 16 + 768  # enough for ordinary text
        if size > _LARGE:  # a sample tells how much this one needs
            sample = ffi.new(_ENCODER, self._state[0])
            lib.smime_qp_encode(sample, source, _SAMPLE, self._consumed, bytes(4 * _SAMPLE), 4 * _SAMPLE, self._produced)
            cap = size * self._produced[0] // _SAMPLE * 17 // 16 + 768
        out = bytes(cap)  # nobody else holds it before it is filled
        if lib.smime_qp_encode(self._state, source, size, self._consumed, out, cap, self._produced) != _FULL:
            return out[: self._produced[0]]
        source = ffi.from_buffer(_OCTETS, data)
        pieces = [out[: self._produced[0]]]
        at = self._consumed[0]
        while at < size:  # as much room as the text so far makes one expect
            cap = int((size - at) * (self._produced[0] + 1) / (self._consumed[0] + 1) * 1.1) + 768
            out = bytes(cap)
            lib.smime_qp_encode(self._state, source + at, size - at, self._consumed, out, cap, self._produced)
            pieces.append(out[: self._produced[0]])
            at += self._consumed[0]
        return b"".join(pieces)

    def finalize(self) -> bytes:
        """Return what the end decides."""
        out = bytes(_ROOM)
        lib.smime_qp_encode_end(self._state, out, _ROOM, self._produced)
        return out[: self._produced[0]]


def encode(data: Buffer, *, newline: bytes = b"\r\n") -> bytes:
    """Encode a whole text."""
    encoder = Encoder(newline)
    return encoder.update(data) + encoder.finalize()


def decode(data: Buffer) -> bytes:
    """Decode a whole text."""
    decoder = Decoder()
    text = decoder.update(data)
    rest = decoder.finalize()
    return text + rest if rest else text
