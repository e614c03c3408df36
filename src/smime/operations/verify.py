"""Verifying (RFC 8551 sections 3.5 and 3.6, RFC 5652 section 5.6): multipart/signed, opaque SignedData, and bare CMS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from smime import policies
from smime.cms.content_info import DATA, RECEIPT
from smime.cms.reader import CMSReader, SignedDataHead, TrailingData
from smime.cms.signed_data import SignedDataTail
from smime.crypto import digests
from smime.errors import LimitExceeded, NotProtected, ParseError, UnsupportedError, VerificationError
from smime.findings import Effect, Finding, finding
from smime.memory import Cache
from smime.mime.entity import (
    Body,
    EntityReader,
    Epilogue,
    HeaderBlock,
    MultipartReader,
    PartData,
    PartEnd,
    PartStart,
    Preamble,
)
from smime.mime.smime_types import Kind, announces_signature, classify
from smime.operations.buffers import OneRoom
from smime.operations.reading.message import Form, MessageReader, Reading, header_findings, sniff, transfer_decoder
from smime.operations.signed.content import SignedContent, micalg_digests
from smime.operations.signed.protected_headers import InnerAuthor
from smime.operations.signed.signer import report_of
from smime.operations.spool import Buffer, MemorySpool, NullSpool, Spool
from smime.operations.versions import version_findings
from smime.report import Verdict, VerificationReport
from smime.transforms import base64

if TYPE_CHECKING:
    from smime.crypto.digests import NewDigest
    from smime.mime.header import HeaderFields
    from smime.operations.buffers import NewRooms
    from smime.operations.reading.message import CMSLayer, Handler
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["DetachedLayer", "MessageVerifier", "SignedDataLayer", "VerifiedMessage"]

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

DetachedContent = Callable[[], Iterator[bytes]]


class VerifiedMessage:
    """A message whose verdict is VALID.

    Attributes:
        content: the octets that were signed, as received: a MIME entity for mail; empty if they went elsewhere.
        report: the verdict and all that it rests on.
    """

    __slots__ = ("_spool", "report")

    def __init__(self, spool: Spool, report: VerificationReport) -> None:
        self._spool = spool
        self.report = report

    @property
    def content(self) -> bytes:
        """The octets that were signed, as received."""
        return b"".join(self._spool.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces, for content larger than memory."""
        return self._spool.chunks()

    def __repr__(self) -> str:
        return f"<VerifiedMessage {self.report.summary()}>"


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
                self.report = _with_finding(self.report, inner)
        if self._content.has_bare_cr or (len(self._content.forms) > 1 and not _converted(self.report)):
            self.report = _with_finding(self.report, finding("stray-line-ends"))
        used = {signer.digest_algorithm for signer in self.report.signers}
        if self._kind.micalg and used and used.isdisjoint(self._announced):
            self.report = _with_finding(
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
            self.report = _with_finding(self.report, inner)


def _converted(report: VerificationReport) -> bool:
    """Whether the content was not signed as it stands there, with bare LF in it."""
    return not any(
        signer.digest_matches and all(found.code != "line-ends-converted" for found in signer.findings) for signer in report.signers
    )


def _with_finding(report: VerificationReport, extra: Finding) -> VerificationReport:
    from dataclasses import replace  # noqa: PLC0415 - rare

    return replace(report, findings=(*report.findings, extra))


def _content_source(content: Buffer | Iterable[bytes] | Callable[[], Iterator[bytes]] | None) -> DetachedContent | None:
    if content is None:
        return None
    if callable(content):
        return content
    if isinstance(content, (bytes, bytearray, memoryview)):
        octets = bytes(content)
        return lambda: iter((octets,))
    spool = MemorySpool()
    for chunk in content:
        spool.write(chunk)
    return spool.chunks


class MessageVerifier:
    """Verifies one message of any size: `update(data)` with its octets in pieces, then `finalize()`.

    Args:
        trust: the anchors.
        content: the content of a detached signature in a bare CMS object: octets, an iterable of them, or a function that gives such an
            iterator anew at each call (for content larger than memory).
        at: the time looked at, aware; default now.
        sender: the address (or addresses) to compare with the signer's certificate, instead of the message's own From.
        tsa: the anchors of time-stamping authorities, whose timestamps make up for certificates that expired since.
        now: the time of the clock, to be told how the signer stands now as well, where `at` is another time.
        policy: what is accepted.
        spool: where the content waits for the verdict; default memory.
        release: ``"verified"``: the content is handed out by `finalize()` alone. ``"unverified"``: `update()` returns it as it passes,
            before anything is known about it.
        extra_digests: names of digests to compute besides the announced ones.
        new_digest: makes the digests that run over the content.
        new_rooms: makes room for what is decoded.
    """

    def __init__(
        self,
        trust: TrustStore,
        *,
        content: Buffer | Iterable[bytes] | Callable[[], Iterator[bytes]] | None = None,
        at: datetime | None = None,
        sender: str | Iterable[str] | None = None,
        tsa: TrustStore | None = None,
        now: datetime | None = None,
        policy: Policy = policies.RFC8551,
        spool: Spool | None = None,
        release: Literal["verified", "unverified"] = "verified",
        extra_digests: Iterable[str] = (),
        new_digest: NewDigest = digests.new,
        new_rooms: NewRooms = OneRoom,
    ) -> None:
        if release not in {"verified", "unverified"}:
            raise ValueError(f'release is "verified" or "unverified", not {release!r}')
        self._reading = Reading(policy, trust=trust, at=at, sender=sender, tsa=tsa, now=now, new_digest=new_digest, new_rooms=new_rooms)
        self._spool: Spool = MemorySpool() if spool is None else spool
        self._passing: list[bytes] | None = None
        self._reread: DetachedContent | None = None
        if release == "unverified":
            self._passing = passing = []
            self._sink: Callable[[Buffer], object] = lambda data: passing.append(bytes(data))
        else:
            self._sink = self._spool.write
            if not isinstance(self._spool, NullSpool):
                self._reread = self._spool.chunks
        self._extra_digests = tuple(extra_digests)
        self._given = _content_source(content)
        self._layer: DetachedLayer | SignedDataLayer | None = None
        self._reader = MessageReader(self._reading, self)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message.

        Returns:
            Nothing, or with ``release="unverified"`` the content so far.

        Raises:
            NotProtected: the message is not signed at its top level.
            ParseError: it cannot be read.
            LimitExceeded: it asks for too much.
        """
        self._reader.update(data)
        return self._passed()

    def finalize(self) -> VerifiedMessage:
        """Say that the message is complete.

        Returns:
            The content and the report, if the verdict is VALID.

        Raises:
            VerificationError: the verdict is not VALID.
            NotProtected: the message is not signed at its top level, or only brings certificates.
            ParseError: it cannot be read.
            LimitExceeded: it asks for too much.
        """
        self._reader.finalize()
        layer = self._layer
        report = layer.report if layer is not None else None
        if layer is None or report is None:
            raise NotProtected
        if isinstance(layer, SignedDataLayer) and layer.certificates_only:
            raise NotProtected("the message brings certificates only and is not signed")
        if report.verdict is not Verdict.VALID:
            raise VerificationError(report)
        spool = self._spool
        if self._passing is not None:
            spool = MemorySpool()
            spool.write(self._passed())
        return VerifiedMessage(spool, report)

    def _passed(self) -> bytes:
        if not self._passing:
            return b""
        data = b"".join(self._passing)
        self._passing.clear()
        return data

    # -- the opener's part --

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:
        """Open a multipart/signed."""
        self._layer = layer = DetachedLayer(self._reading, block.fields, kind, self._sink, self._reread, self._extra_digests)
        if self._given is not None:
            layer.two_contents()
        return layer

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:
        """Open a CMS object, which has to be a SignedData."""
        if type(head) is not SignedDataHead:
            raise NotProtected(f"the message is not signed at its top level but {_KINDS.get(type(head).__name__, 'another CMS object')}")
        self._layer = layer = SignedDataLayer(
            self._reading, head, self._sink, self._reread, self._given, self._extra_digests, mail=kind is not None
        )
        return layer

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - nothing is done with it
        """Refuse what is not S/MIME."""
        raise NotProtected("the message is not signed")


_KINDS = {
    "EnvelopedDataHead": "encrypted: decrypt it first",
    "AuthEnvelopedDataHead": "encrypted: decrypt it first",
    "EncryptedDataHead": "encrypted: decrypt it first",
    "CompressedDataHead": "compressed: unwrap it",
}
