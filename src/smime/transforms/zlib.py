"""zlib streams (RFC 1950) for CompressedData (RFC 3274), with bounds on what comes out.

A stream ends where it says: octets behind it, a preset dictionary, and a stream that is cut off are errors.
"""

from __future__ import annotations

import zlib as _zlib
from collections.abc import Iterator

from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["Compressor", "Decompressor", "compress", "decompress"]

_Bytes = bytes | bytearray | memoryview

_WINDOW = 1 << 16  # input is taken in such pieces: zlib copies what it has not used yet
_PIECE = 1 << 18  # and output comes in such ones
_FREE = 1 << 20  # the ratio is judged from here on


class Compressor:
    """Writes a zlib stream."""

    __slots__ = ("_stream",)

    def __init__(self, level: int = -1) -> None:
        """Start a stream; `level` as in Python's zlib."""
        self._stream = _zlib.compressobj(level)

    def update(self, data: _Bytes) -> bytes:
        """Take content, return the part of the stream that is ready."""
        return self._stream.compress(data)

    def finalize(self) -> bytes:
        """Return the rest of the stream."""
        return self._stream.flush()


class Decompressor:
    """Reads a zlib stream.

    Attributes:
        total_in: octets taken.
        total_out: octets given.
    """

    __slots__ = ("_limits", "_stream", "total_in", "total_out")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start a stream; `decompressed_size` and `decompression_ratio` of the limits count."""
        self._stream = _zlib.decompressobj()
        self._limits = limits
        self.total_in = 0
        self.total_out = 0

    def pieces(self, data: _Bytes) -> Iterator[bytes]:
        """Take a part of the stream, give its content in pieces of at most 256 KiB.

        Raises:
            ParseError: it is not zlib, uses a preset dictionary, or goes on behind its end.
            LimitExceeded: `decompressed_size` or `decompression_ratio`.
        """
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _WINDOW):
            yield from self._window(view[start : start + _WINDOW])

    def _window(self, window: memoryview) -> Iterator[bytes]:
        if self._stream.eof:
            raise ParseError("zlib", "octets follow the end of the stream", self.total_in)
        self.total_in += len(window)
        pending: _Bytes = window
        while True:
            try:
                piece = self._stream.decompress(pending, _PIECE)
            except _zlib.error as error:
                raise _malformed(str(error)) from None
            if piece:
                self._count(len(piece))
                yield piece
            if self._stream.unused_data:
                raise ParseError("zlib", "octets follow the end of the stream", self.total_in - len(self._stream.unused_data))
            pending = self._stream.unconsumed_tail
            if not pending and len(piece) < _PIECE:
                return

    def _count(self, octets: int) -> None:
        self.total_out += octets
        limits = self._limits
        if self.total_out > limits.decompressed_size:
            raise LimitExceeded("decompressed_size", limits.decompressed_size, self.total_in)
        if self.total_out > _FREE and self.total_out > self.total_in * limits.decompression_ratio:
            raise LimitExceeded("decompression_ratio", limits.decompression_ratio, self.total_in)

    def update(self, data: _Bytes) -> bytes:
        """Take a part of the stream, return its content; errors as `pieces`, which gives large content in bounded pieces."""
        return b"".join(self.pieces(data))

    def finalize(self) -> bytes:
        """Check that the stream has ended; ParseError if it has not. Nothing is left to return."""
        if not self._stream.eof:
            raise ParseError("zlib", "the stream is cut off", self.total_in)
        return b""


def _malformed(message: str) -> ParseError:
    if message.startswith("Error 2 "):  # Z_NEED_DICT: FDICT in the second octet, which RFC 3274 gives no dictionary for
        return ParseError("zlib", "the stream asks for a preset dictionary", 1)
    return ParseError("zlib", message.partition(": ")[2] or "a malformed stream")


def compress(data: _Bytes, level: int = -1) -> bytes:
    """Return a whole zlib stream."""
    return _zlib.compress(data, level)


def decompress(data: _Bytes, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the content of a whole zlib stream; errors as `Decompressor`."""
    stream = Decompressor(limits)
    content = stream.update(data)
    stream.finalize()
    return content
