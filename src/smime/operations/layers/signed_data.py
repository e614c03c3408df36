"""SignedData (RFC 5652 section 5) as a layer: opaque, or detached with the content given by the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from smime.cms.content_info import DATA, RECEIPT
from smime.cms.signed_data import SignedDataTail
from smime.findings import finding
from smime.operations.signed.content import SignedContent
from smime.operations.signed.protected_headers import InnerAuthor
from smime.operations.signed.signer import report_of
from smime.operations.versions import version_findings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smime.cms.reader import SignedDataHead
    from smime.findings import Finding
    from smime.operations.reading.context import Reading
    from smime.operations.spool import Buffer
    from smime.report import VerificationReport

__all__ = ["DetachedContent", "SignedDataLayer", "with_finding"]

DetachedContent = Callable[[], Iterator[bytes]]


class SignedDataLayer:
    """A SignedData object (RFC 5652 section 5): opaque, or detached with the content given by the caller.

    Args:
        reading: what the verdict depends on.
        head: the event that began it.
        sink: takes the content.
        reread: gives the content again.
        content: detached content, given by the caller.
        extra_digests: digests to compute besides the announced ones.
        mail: it is the body of a mail or of a part, which has to be MIME inside (RFC 8551 section 2.4.1), or a signed receipt (RFC 2634).
    """

    def __init__(
        self,
        reading: Reading,
        head: SignedDataHead,
        sink: Callable[[Buffer], object],
        reread: DetachedContent | None,
        content: DetachedContent | None = None,
        extra_digests: Iterable[str] = (),
        *,
        mail: bool = False,
    ) -> None:
        self._reading = reading.snapshot()
        self._head = head
        self._sink = sink
        self._findings: list[Finding] = []
        if mail and head.content_type not in {DATA, RECEIPT}:
            self._findings.append(finding("unexpected-content-type", content_type=head.content_type))
        self._author = InnerAuthor(reading.limits) if head.content_type == DATA else None
        self._tail: SignedDataTail | None = None
        self._detached = content
        self._names = [digest.name for digest in head.digest_algorithms]
        self._digests = (*self._names, *extra_digests)
        self._content: SignedContent | None = None
        if head.has_content:
            self._content = SignedContent(self._digests, text=False, reread=reread, new_digest=reading.new_digest)
        self.report: VerificationReport | None = None

    @property
    def certificates_only(self) -> bool:
        """Nobody signed it and there is nothing to sign, not one octet: it brings certificates (RFC 8551 section 3.8)."""
        tail = self._tail
        unsigned = tail is not None and not tail.signer_infos and not tail.unknown_signer_infos
        return unsigned and (self._content is None or not self._content.length)

    def content(self, data: Buffer, /) -> None:
        """Take content octets."""
        assert self._content is not None  # noqa: S101 - the head said so
        if self._author is not None:
            self._author.update(data)
        self._content.update(data)
        self._sink(data)

    def tail(self, event: object, /) -> None:
        """Take certificates, CRLs and SignerInfos."""
        assert isinstance(event, SignedDataTail)  # noqa: S101 - the reader's grammar
        self._tail = event

    def trailing(self, count: int, /) -> None:
        """Octets follow the object."""
        self._findings.append(finding("trailing-data", count=count, structure="SignedData"))

    def told(self, found: Iterable[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""
        self._findings += found

    noticed = told  # about the header around the object, of which layers that are not signed say nothing

    def anomalies(self, reasons: Iterable[str], /) -> None:
        """The transfer encoding was irregular."""
        self._findings += [finding("base64-anomaly", reason=reason) for reason in reasons]

    @property
    def has_content(self) -> bool:
        """There is content inside."""
        return self._head.has_content

    @property
    def finished(self) -> VerificationReport:
        """The report, once `finalize` made it."""
        assert self.report is not None  # noqa: S101 - finalize comes first
        return self.report

    def finalize(self, *, quiet: bool = False) -> None:  # noqa: ARG002 - as for the other layers: a report is never raised here
        """Make the report."""
        assert self._tail is not None  # noqa: S101 - the reader's grammar
        detached = self._detached
        content = self._content
        if detached is not None:
            if content is not None:
                self._findings.append(finding("two-contents"))
            else:
                content = SignedContent(self._digests, text=True, reread=detached, new_digest=self._reading.new_digest)
                for chunk in detached():
                    if self._author is not None:
                        self._author.update(chunk)
                    content.update(chunk)
                    self._sink(chunk)
        self._findings += version_findings(self._head, self._tail)
        self.report = report_of(
            self._reading,
            content=content,
            content_type=self._head.content_type,
            tail=self._tail,
            detached=not self._head.has_content,
            listed_digests=self._names,
            findings=self._findings,
        )
        inner = self._author.finding_against(self._reading.sender, self.report.signers) if self._author is not None else None
        if inner is not None:
            self.report = with_finding(self.report, inner)


def with_finding(report: VerificationReport, extra: Finding) -> VerificationReport:
    """Return a report with one more finding; the verdict is as it was."""
    from dataclasses import replace  # noqa: PLC0415 - rare

    return replace(report, findings=(*report.findings, extra))
