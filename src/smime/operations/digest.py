"""DigestedData, read and written (RFC 5652 section 7): integrity against accidents only, since anybody can compute a digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from smime.cms.digested_data import DigestedDataWriter, build_digested_data
from smime.cms.reader import DigestedDataTail
from smime.crypto import digests
from smime.errors import UnsupportedError
from smime.findings import Finding, finding
from smime.limits import DEFAULT_LIMITS, Limits
from smime.operations.spool import Buffer
from smime.operations.versions import version_findings
from smime.operations.writing.producer import Producer
from smime.report import CompressionReport

if TYPE_CHECKING:
    from smime.cms.reader import DigestedDataHead
    from smime.operations.writing.producer import Encoding

__all__ = ["DigestedLayer", "MessageDigester"]


class DigestedLayer:
    """A DigestedData object: its content goes to the sink while it is digested."""

    def __init__(self, head: DigestedDataHead, sink: Callable[[Buffer], object]) -> None:
        self._sink = sink
        self._name = digests.name_of(head.digest_algorithm)
        if not digests.supported(self._name):
            raise UnsupportedError("digest algorithm", head.digest_algorithm.oid)
        self._digest = digests.new(self._name)
        self._stated = b""
        self._findings: list[Finding] = version_findings(head)
        self.finished = CompressionReport(self._name)

    def content(self, data: Buffer, /) -> None:
        """Take content octets."""
        self._digest.update(data)
        self._sink(data)

    def tail(self, event: object, /) -> None:
        """Take the digest."""
        assert isinstance(event, DigestedDataTail)  # noqa: S101 - the reader's grammar
        self._stated = event.digest

    def trailing(self, count: int, /) -> None:
        """Octets follow the object."""
        self._findings.append(finding("trailing-data", count=count, structure="DigestedData"))

    def told(self, found: Iterable[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""
        self._findings += found

    def anomalies(self, reasons: Iterable[str], /) -> None:
        """The transfer encoding was irregular."""
        self._findings += [finding("base64-anomaly", reason=reason) for reason in reasons]

    def finalize(self, *, quiet: bool = False) -> None:  # noqa: ARG002 - as for the other layers
        """The object is complete: compare."""
        intact = self._digest.finalize() == self._stated
        if not intact:
            self._findings.append(finding("digest-mismatch"))
        self.finished = CompressionReport(self._name, intact, tuple(self._findings))


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
