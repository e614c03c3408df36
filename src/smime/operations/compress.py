"""Compressing and decompressing (RFC 3274, RFC 8551 section 3.6)."""

from __future__ import annotations

from collections.abc import Iterable

from smime.cms.compressed_data import CompressedDataWriter, build_compressed_data
from smime.limits import DEFAULT_LIMITS, Limits
from smime.operations.spool import Buffer
from smime.operations.writing.armor import Encoding
from smime.operations.writing.producer import Producer, Sink
from smime.transforms.zlib import Compressor

__all__ = ["MessageCompressor"]


class _Compressed:
    """A CompressedData object being written."""

    smime_type = "compressed-data"

    def __init__(self) -> None:
        self._compressor = Compressor()
        self._writer = CompressedDataWriter()

    def whole(self, content: bytes) -> bytes:
        return build_compressed_data(content=self._compressor.update(content) + self._compressor.finalize())

    def head(self) -> bytes:
        return self._writer.head()

    def take(self, data: Buffer, /) -> None:
        pass  # all is made of the content as it is written

    def content(self, data: Buffer, /) -> Iterable[Buffer]:
        return self._writer.pieces(self._compressor.update(data))

    def tail(self) -> bytes:
        return self._writer.content(self._compressor.finalize()) + self._writer.tail()


class MessageCompressor:
    """Compresses one message of any size: `update(data)` with its octets in pieces, then `finalize()`; both return octets of the result.

    Args:
        encoding: ``"smime"`` makes a mail of a MIME entity; ``"der"`` and ``"pem"`` compress the octets as they are.
        limits: for the header block.
        sink: as for `MessageSigner`.
    """

    def __init__(self, *, encoding: Encoding = "smime", limits: Limits = DEFAULT_LIMITS, sink: Sink | None = None) -> None:
        self._producer = Producer(_Compressed(), encoding, limits, sink)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message; return octets of the compressed one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        return self._producer.update(data)

    def finalize(self) -> bytes:
        """Say that the message is complete; return the last octets of the compressed one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        return self._producer.finalize()
