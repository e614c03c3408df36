"""DigestedData (RFC 5652 section 7) as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.cms.reader import DigestedDataTail
from smime.crypto import digests
from smime.errors import UnsupportedError
from smime.findings import finding
from smime.operations.versions import version_findings
from smime.report import CompressionReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smime.cms.reader import DigestedDataHead
    from smime.findings import Finding
    from smime.operations.spool import Buffer

__all__ = ["DigestedLayer"]


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
