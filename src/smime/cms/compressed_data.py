"""CompressedData (RFC 3274).

::

    CompressedData ::= SEQUENCE {
        version CMSVersion,  -- 0
        compressionAlgorithm CompressionAlgorithmIdentifier,
        encapContentInfo EncapsulatedContentInfo }
"""

from __future__ import annotations

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms.content_info import COMPRESSED_DATA, DATA, Event, Writer, build_content_info, build_encapsulated_content_info

__all__ = ["ZLIB", "CompressedDataHead", "CompressedDataTail", "CompressedDataWriter", "build_compressed_data"]

ZLIB = AlgorithmIdentifier.build("1.2.840.113549.1.9.16.3.8")
"""id-alg-zlibCompress, its parameters absent (RFC 3274 section 2)."""


class CompressedDataHead(Event):
    """What stands before the compressed content.

    Attributes:
        version: reported, not enforced.
        algorithm: of the compression.
        content_type: of what is compressed.
        has_content: eContent is present.
    """

    __slots__ = ("algorithm", "content_type", "has_content", "version")

    def __init__(self, version: int, algorithm: AlgorithmIdentifier, content_type: str, *, has_content: bool) -> None:
        self.version = version
        self.algorithm = algorithm
        self.content_type = content_type
        self.has_content = has_content


class CompressedDataTail(Event):
    """The compressed content has ended."""

    __slots__ = ()


def build_compressed_data(
    *, content: bytes | bytearray | memoryview, algorithm: AlgorithmIdentifier = ZLIB, content_type: str = DATA
) -> bytes:
    """Return a whole ContentInfo with CompressedData around compressed content, in DER."""
    return build_content_info(
        COMPRESSED_DATA, writer.sequence(writer.integer(0), algorithm.raw, build_encapsulated_content_info(content_type, content))
    )


class CompressedDataWriter(Writer):
    """CompressedData written as its content comes, with indefinite lengths; see `Writer`."""

    __slots__ = ("_algorithm",)

    def __init__(self, algorithm: AlgorithmIdentifier = ZLIB, content_type: str = DATA) -> None:
        super().__init__(COMPRESSED_DATA, content_type)
        self._algorithm = algorithm

    def head(self) -> bytes:
        """Return what stands before the content."""
        return self._head(writer.integer(0) + self._algorithm.raw)

    def tail(self) -> bytes:
        """Return what stands behind the content."""
        return self._tail(b"")
