"""CompressedData (RFC 3274) as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.algorithms import ZLIB
from smime.errors import UnsupportedError
from smime.findings import finding
from smime.operations.versions import version_findings
from smime.report import CompressionReport
from smime.transforms.zlib import Decompressor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smime.cms.reader import CompressedDataHead
    from smime.findings import Finding
    from smime.operations.reading.context import Reading
    from smime.operations.spool import Buffer

__all__ = ["CompressedLayer"]


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
