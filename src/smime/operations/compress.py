"""Compressing and decompressing (RFC 3274, RFC 8551 section 3.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from smime.algorithms import ZLIB
from smime.cms.compressed_data import CompressedDataWriter, build_compressed_data
from smime.errors import UnsupportedError
from smime.findings import Finding, finding
from smime.limits import DEFAULT_LIMITS, Limits
from smime.operations.spool import Buffer
from smime.operations.versions import version_findings
from smime.operations.writing.producer import Encoding, Producer, Sink
from smime.report import CompressionReport
from smime.transforms.zlib import Compressor, Decompressor

if TYPE_CHECKING:
    from smime.cms.reader import CompressedDataHead
    from smime.operations.reading.message import Reading

__all__ = ["CompressedLayer", "MessageCompressor"]


class CompressedLayer:
    """A CompressedData object: its content, decompressed within the limits, goes to the sink."""

    def __init__(self, reading: Reading, head: CompressedDataHead, sink: Callable[[Buffer], object]) -> None:
        if head.algorithm.oid != ZLIB.oid:
            raise UnsupportedError("compression algorithm", head.algorithm.oid)
        self._sink = sink
        self._decompressor = Decompressor(reading.limits)
        self._findings: list[Finding] = version_findings(head)
        self.finished = CompressionReport("zlib")

    def content(self, data: Buffer, /) -> None:
        """Take compressed octets."""
        for piece in self._decompressor.pieces(data):
            self._sink(piece)

    def tail(self, event: object, /) -> None:
        """Nothing follows the content."""

    def trailing(self, count: int, /) -> None:
        """Octets follow the object."""
        self._findings.append(finding("trailing-data", count=count, structure="CompressedData"))

    def told(self, found: Iterable[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""
        self._findings += found

    def anomalies(self, reasons: Iterable[str], /) -> None:
        """The transfer encoding was irregular."""
        self._findings += [finding("base64-anomaly", reason=reason) for reason in reasons]

    def finalize(self, *, quiet: bool = False) -> None:  # noqa: ARG002 - as for the other layers
        """The object is complete."""
        rest = self._decompressor.finalize()
        if rest:
            self._sink(rest)
        self.finished = CompressionReport("zlib", None, tuple(self._findings))


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
