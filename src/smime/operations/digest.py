"""DigestedData, read and written (RFC 5652 section 7): integrity against accidents only, since anybody can compute a digest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from smime.cms.digested_data import DigestedDataWriter, build_digested_data
from smime.crypto import digests
from smime.limits import DEFAULT_LIMITS, Limits
from smime.operations.spool import Buffer
from smime.operations.writing.producer import Producer

if TYPE_CHECKING:
    from smime.operations.writing.armor import Encoding

__all__ = ["MessageDigester"]


class _Digested:
    """A DigestedData object being written."""

    smime_type = "digested-data"  # in no mail: RFC 8551 section 3.2.2 knows no such type

    def __init__(self, digest: str) -> None:
        self._algorithm = digests.algorithm_identifier(digest)
        self._digest = digests.new(digest)
        self._writer = DigestedDataWriter(self._algorithm)

    def whole(self, content: bytes) -> bytes:
        self._digest.update(content)
        return build_digested_data(digest_algorithm=self._algorithm, content=content, digest=self._digest.finalize())

    def head(self) -> bytes:
        return self._writer.head()

    def take(self, data: Buffer, /) -> None:
        self._digest.update(data)

    def content(self, data: Buffer, /) -> Iterable[Buffer]:
        return self._writer.pieces(data)

    def tail(self) -> bytes:
        return self._writer.tail(self._digest.finalize())


class MessageDigester:
    """Makes a DigestedData of octets of any size: `update(data)`, then `finalize()`; both return octets of the result.

    Args:
        digest: name of the digest.
        encoding: ``"der"`` or ``"pem"``.
        limits: bounds.

    Raises:
        UnsupportedError: the digest is unknown.
    """

    def __init__(self, digest: str = "sha256", *, encoding: Encoding = "der", limits: Limits = DEFAULT_LIMITS) -> None:
        if encoding == "smime":
            raise ValueError("S/MIME has no media type for DigestedData")
        self._producer = Producer(_Digested(digest), encoding, limits)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets; return octets of the result."""
        return self._producer.update(data)

    def finalize(self) -> bytes:
        """Say that the octets are complete; return the last octets of the result."""
        return self._producer.finalize()
