"""multipart/signed (RFC 1847 section 2.1, RFC 8551 section 3.5.3) as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.cms.content_info import DATA
from smime.cms.reader import CMSReader, SignedDataHead, TrailingData
from smime.cms.signed_data import SignedDataTail
from smime.errors import LimitExceeded, ParseError, UnsupportedError
from smime.findings import Effect, finding
from smime.memory import Cache
from smime.mime.entity import Body, EntityReader, HeaderBlock
from smime.mime.multipart import Epilogue, MultipartReader, PartData, PartEnd, PartStart, Preamble
from smime.mime.smime_types import announces_signature, classify
from smime.operations.layers.signed_data import with_finding
from smime.operations.reading.form import Form, sniff
from smime.operations.reading.sender import header_findings
from smime.operations.reading.transfer import transfer_decoder
from smime.operations.signed.content import SignedContent, micalg_digests
from smime.operations.signed.protected_headers import InnerAuthor
from smime.operations.signed.signer import report_of
from smime.operations.versions import version_findings
from smime.report import Verdict, VerificationReport
from smime.transforms import base64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smime.findings import Finding
    from smime.mime.header import HeaderFields
    from smime.mime.smime_types import Kind
    from smime.operations.layers.signed_data import DetachedContent
    from smime.operations.reading.context import Reading
    from smime.operations.spool import Buffer

__all__ = ["DetachedLayer"]

_AROUND = 200  # octets beside the parts that are looked at
# what mail programs, ours among them, write before the first part for readers that know no MIME
_CUSTOMARY = frozenset(
    {
        b"",
        b"This is an S/MIME signed message",
        b"This is an S/MIME signed message\r\n",
        b"This is an S/MIME signed message.",
        b"This is a cryptographically signed message in MIME format.",
        b"This is a multi-part message in MIME format.",
        b"This is a multi-part message in MIME format",
        b"This is a multipart message in MIME format.",
        b"This is a signed message in MIME format.",
    }
)

_SHOWN = ("xml", "/pdf", "/rtf")  # of application/: XHTML, SVG and the like, which readers may show beside the signed part


class DetachedLayer:
    """The body of a multipart/signed (RFC 1847 section 2.1, RFC 8551 section 3.5.3): content, then signature.

    Args:
        reading: what the verdict depends on.
        fields, kind: the header block of the multipart.
        sink: takes the first part as received, header included.
        reread: gives those octets again.
        extra_digests: digests to compute besides the announced ones.
    """

    def __init__(
        self,
        reading: Reading,
        fields: HeaderFields,
        kind: Kind,
        sink: Callable[[Buffer], object],
        reread: DetachedContent | None,
        extra_digests: Iterable[str] = (),
    ) -> None:
        self._reading = reading
        self._kind = kind
        self._sink = sink
        if kind.boundary is None:
            raise ParseError("mime", "multipart/signed without a boundary")
        self._findings = header_findings(fields, kind)
        if kind.protocol not in {"application/pkcs7-signature", "application/x-pkcs7-signature"}:
            self._findings.append(finding("wrong-protocol", protocol=kind.protocol or "absent"))
        self._parts = MultipartReader(kind.boundary, reading.limits)
        self._announced = micalg_digests(kind.micalg)
        self._content = SignedContent((*self._announced, *extra_digests), text=True, reread=reread, new_digest=reading.new_digest)
        self._part = 0
        self._begun = False
        self._author = InnerAuthor(reading.limits)
        self._head: EntityReader | None = None  # of the first part: is it the signature, swapped?
        self._signature: EntityReader | None = None
        self._signature_fields: HeaderFields | None = None
        self._body: list[bytes] = []
        self._body_size = 0
        self._around = b""
        self.report: VerificationReport | None = None

    def update(self, data: Buffer, /) -> None:
        """Take body octets of the multipart."""
        if not self._begun and len(data):
            self._begun = True
            both = self._parts.two_parts(data)
            if both is not None:
                self._both(*both)
                return
            self._head = EntityReader(self._reading.limits)
        for event in self._parts.receive(data):
            self._event(event)

    def _both(self, preamble: Buffer, first: HeaderFields, second: HeaderFields, epilogue: Buffer) -> None:
        """Take both parts and what is around them, which came together."""
        if len(preamble):
            self._around = bytes(preamble[: _AROUND + 1])
        if announces_signature(first):
            self._findings.append(finding("parts-swapped"))
        self._author.whole(first)
        self._content.update(first.data)
        self._sink(first.data)
        self._part = 2
        self._signature_fields = second
        self._signature_body(second.data[second.body_start :])
        if len(epilogue) and len(self._around) <= _AROUND:
            self._around += bytes(epilogue[: _AROUND + 1])

    def _event(self, event: object) -> None:
        kind = type(event)
        if kind is PartData:
            if self._part == 1:
                self._first(event.data)  # type: ignore[attr-defined] # the type was compared
            elif self._part == 2:
                self._second(event.data)  # type: ignore[attr-defined] # the type was compared
        elif kind is PartStart:
            self._part += 1
            if self._part == 2:
                self._signature = EntityReader(self._reading.limits)
        elif kind is PartEnd:
            if self._part == 2 and self._signature is not None:
                self._signature_events(self._signature.finish())
        elif (kind is Preamble or kind is Epilogue) and len(self._around) <= _AROUND:
            self._around += bytes(event.data[: _AROUND + 1])  # type: ignore[attr-defined] # the type was compared

    def _first(self, data: Buffer) -> None:
        if self._head is not None:
            for event in self._head.receive(data):
                if type(event) is HeaderBlock:
                    if announces_signature(event.fields):
                        self._findings.append(finding("parts-swapped"))
                    self._head = None
                    break
        self._author.update(data)
        self._content.update(data)
        self._sink(data)

    def _second(self, data: Buffer) -> None:
        if self._signature is not None:
            self._signature_events(self._signature.receive(data))

    def _signature_events(self, events: Iterable[object]) -> None:
        for event in events:
            if type(event) is HeaderBlock:
                self._signature_fields = event.fields
            elif type(event) is Body:
                self._signature_body(event.data)

    def _signature_body(self, data: Buffer) -> None:
        self._body_size += len(data)
        maximum = self._reading.limits.signature_part_size
        if self._body_size > maximum:
            raise LimitExceeded("signature_part_size", maximum)
        self._body.append(bytes(data))

    def finalize(self) -> None:
        """Make the report.

        Raises:
            ParseError: the signature part cannot be read.
        """
        for event in self._parts.finish():
            self._event(event)
        findings = self._findings
        if self._part == 0:
            raise ParseError("mime", "multipart/signed without a part")
        if self._around not in _CUSTOMARY and self._around.strip() not in _CUSTOMARY:
            findings.append(finding("text-around-signed-part"))
        if self._parts.boundary_prefix:
            findings.append(finding("boundary-prefix"))
        if not self._parts.closed:
            findings.append(finding("unclosed-multipart"))
        if self._part != 2:
            findings.append(finding("not-two-parts", count=self._part))
        head: SignedDataHead | None = None
        tail: SignedDataTail | None = None
        if self._part >= 2:
            try:
                head, tail = self._signed_data()
            except (ParseError, UnsupportedError):
                if all(known.effect is not Effect.INVALID for known in findings):
                    raise  # else it is known already that this part is no signature
        if tail is None:
            tail = SignedDataTail()
        if head is not None and head.content_type != DATA:
            findings.append(finding("unexpected-content-type", content_type=head.content_type))
        findings += version_findings(head, tail)
        self.report = report_of(
            self._reading,
            content=self._content,
            content_type=head.content_type if head is not None else DATA,
            tail=tail,
            detached=True,
            listed_digests=(digest.name for digest in head.digest_algorithms) if head is not None else (),
            findings=findings,
        )
        if self._author.names_somebody:
            inner = self._author.finding_against(self._reading.sender, self.report.signers)
            if inner is not None:
                self.report = with_finding(self.report, inner)
        if self._content.has_bare_cr or (len(self._content.forms) > 1 and not _converted(self.report)):
            self.report = with_finding(self.report, finding("stray-line-ends"))
        used = {signer.digest_algorithm for signer in self.report.signers}
        if self._kind.micalg and used and used.isdisjoint(self._announced):
            self.report = with_finding(
                self.report, finding("micalg-mismatch", micalg=", ".join(self._kind.micalg), digest=", ".join(sorted(used)))
            )

    def two_contents(self) -> None:
        """The caller gave content to go with a signature that has its own."""
        self._findings.append(finding("two-contents"))

    @property
    def finished(self) -> VerificationReport:
        """The report, once `finalize` made it."""
        assert self.report is not None  # noqa: S101 - finalize comes first
        return self.report

    def unreadable(self, reason: str) -> VerificationReport:
        """Return the report of a message whose signature part cannot be read."""
        return VerificationReport(
            verdict=Verdict.INVALID,
            signers=(),
            findings=(*self._findings, finding("signature-malformed", reason=reason)),
            detached=True,
            at=self._reading.at,
        )

    def _signed_data(self) -> tuple[SignedDataHead, SignedDataTail]:
        encoding = "7bit"
        if self._signature_fields is not None:
            encoding, findings = _signature_header(self._signature_fields)
            self._findings += findings
        if encoding == "base64" and len(self._body) == 1:
            octets = base64.decode(self._body[0])
        else:
            transfer = transfer_decoder(encoding)
            octets = b"".join((*(bytes(transfer.update(part)) for part in self._body), bytes(transfer.finalize())))
        if octets[:1] == b"M" and sniff(octets, final=True) is Form.BASE64:
            octets = base64.decode(octets)  # the transfer encoding was not said, or was lost on the way
        reader = CMSReader(self._reading.limits)
        head: SignedDataHead | None = None
        tail: SignedDataTail | None = None
        for event in reader.receive(octets) + reader.finish():
            if type(event) is SignedDataHead:
                head = event
            elif type(event) is SignedDataTail:
                tail = event
            elif type(event) is TrailingData:
                self._findings.append(finding("trailing-data", count=event.count, structure="SignedData"))
        if head is None or tail is None:
            raise ParseError("cms", "the signature part holds no SignedData", 0)
        if head.has_content:
            self._findings.append(finding("two-contents"))
        return head, tail


_signature_headers: Cache[bytes, tuple[str, tuple[Finding, ...]]] = Cache(256)
_SHORT = 512


def _signature_header(fields: HeaderFields) -> tuple[str, tuple[Finding, ...]]:
    """Return the transfer encoding of a signature part, and what is wrong with its header: one program writes the same each time."""
    raw = fields.raw
    known = _signature_headers.get(raw)
    if known is None:
        kind = classify(fields)
        findings = header_findings(fields, kind)
        content_type = kind.content_type.value
        if not content_type.startswith("application/") or content_type.endswith(_SHOWN):
            # RFC 1847 section 2.1; what is not shown may have a wrong name
            findings.append(finding("signature-part-type", content_type=content_type))
        known = fields.content_transfer_encoding(), tuple(findings)
        if len(raw) <= _SHORT:
            _signature_headers.put(raw, known)
    return known


def _converted(report: VerificationReport) -> bool:
    """Whether the content was not signed as it stands there, with bare LF in it."""
    return not any(
        signer.digest_matches and all(found.code != "line-ends-converted" for found in signer.findings) for signer in report.signers
    )
