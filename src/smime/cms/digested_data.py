"""DigestedData (RFC 5652 section 7): content and its digest, which anybody can make anew.

::

    DigestedData ::= SEQUENCE {
        version CMSVersion,
        digestAlgorithm DigestAlgorithmIdentifier,
        encapContentInfo EncapsulatedContentInfo,
        digest Digest }
"""

from __future__ import annotations

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import Reader
from smime.cms.content_info import DATA, DIGESTED_DATA, Event, Writer, build_content_info, build_encapsulated_content_info
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["DigestedDataHead", "DigestedDataTail", "DigestedDataWriter", "build_digested_data"]


class DigestedDataHead(Event):
    """What stands before the content.

    Attributes:
        version: reported, not enforced.
        digest_algorithm: see there.
        content_type: eContentType.
        has_content: eContent is present.
    """

    __slots__ = ("content_type", "digest_algorithm", "has_content", "version")

    def __init__(self, version: int, digest_algorithm: AlgorithmIdentifier, content_type: str, *, has_content: bool) -> None:
        self.version = version
        self.digest_algorithm = digest_algorithm
        self.content_type = content_type
        self.has_content = has_content


class DigestedDataTail(Event):
    """What stands behind the content: the digest it should have."""

    __slots__ = ("digest",)

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    @classmethod
    def from_octets(cls, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> DigestedDataTail:
        """Read the fields behind encapContentInfo; ParseError or LimitExceeded."""
        reader = Reader.of_contents(data, "DigestedData", limits=limits, layer="cms")
        digest = reader.octet_string()
        reader.end()
        return cls(digest)


def _version(content_type: str) -> bytes:
    return writer.integer(0 if content_type == DATA else 2)


def build_digested_data(
    *, digest_algorithm: AlgorithmIdentifier, content: bytes | bytearray | memoryview | None, digest: bytes, content_type: str = DATA
) -> bytes:
    """Return a whole ContentInfo with DigestedData, in DER; content None: absent."""
    return build_content_info(
        DIGESTED_DATA,
        writer.sequence(
            _version(content_type),
            digest_algorithm.raw,
            build_encapsulated_content_info(content_type, content),
            writer.octet_string(digest),
        ),
    )


class DigestedDataWriter(Writer):
    """DigestedData written as its content comes; see `Writer`.

    Args:
        content_length: octets of content if they are known.
        digest_size: octets of the digest, needed with a content length.
    """

    __slots__ = ("_algorithm", "_digest_size")

    def __init__(
        self,
        digest_algorithm: AlgorithmIdentifier,
        content_type: str = DATA,
        *,
        detached: bool = False,
        content_length: int | None = None,
        digest_size: int = 32,
    ) -> None:
        super().__init__(DIGESTED_DATA, content_type, detached=detached, content_length=content_length)
        self._algorithm = digest_algorithm
        self._digest_size = digest_size

    def head(self) -> bytes:
        """Return what stands before the content."""
        tail_length = len(writer.octet_string(bytes(self._digest_size)))
        return self._head(_version(self._content_type) + self._algorithm.raw, tail_length=tail_length)

    def tail(self, digest: bytes) -> bytes:
        """Return what stands behind the content; ValueError if content or digest are not as long as announced."""
        return self._tail(writer.octet_string(digest), tail_length=len(writer.octet_string(bytes(self._digest_size))))
