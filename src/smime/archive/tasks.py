"""What is done with each message of an archive. Each task is a value that can be sent to another process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from smime._api import unwrap
from smime.archive.claims import Claims, claims, delivery_time, header_fields
from smime.archive.copy import rewritten
from smime.archive.pool import Function, Outcome
from smime.archive.record import MessageRecord, SignerRecord
from smime.asn1.der import parse
from smime.discovery.correspondents import lessons
from smime.errors import SMIMEError
from smime.findings import Effect, Finding, finding
from smime.mime.mbox import unquote_mboxo, unquote_mboxrd
from smime.operations.inspect import Node, inspect
from smime.operations.unwrap import MessageUnwrapper
from smime.pki.identity import Keyring
from smime.report import DecryptionReport, Verdict, VerificationReport

if TYPE_CHECKING:
    from smime.archive.sources import Span
    from smime.mime.header import HeaderFields
    from smime.operations.results import Layer, UnwrappedMessage
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["At", "Decrypt", "Harvest", "Learn", "Scan", "Strip", "Verify"]

At = datetime | Literal["received"] | None

_NO_CLAIMS = Claims(None, None, None, None)


def signer_records(report: VerificationReport) -> tuple[SignerRecord, ...]:
    """Return a row for each signer of a layer."""
    return tuple(
        SignerRecord(
            sid=signer.sid,
            addresses=signer.addresses,
            subject=signer.certificate_summary.subject if signer.certificate_summary is not None else None,
            certificate=signer.certificate_summary.sha256 if signer.certificate_summary is not None else None,
            verdict=signer.verdict.value,
            signing_time=signer.signing_time.isoformat() if signer.signing_time is not None else None,
            findings=tuple(found.code for found in signer.findings),
        )
        for signer in report.signers
    )


_OPAQUE = {
    "signed": "signed-data",
    "compressed": "compressed-data",
    "digested": "digested-data",
    "authenticated": "authenticated-data",
    "certificates": "certs-only",
}


def layer_name(layer: Layer) -> str:
    """Return the content type of a layer, with what kind of CMS it is unless it says so itself."""
    if layer.content_type.startswith("multipart/"):
        return layer.content_type
    if isinstance(layer.report, DecryptionReport):
        return f"{layer.content_type}; {'authEnveloped-data' if layer.report.authenticated else 'enveloped-data'}"
    return f"{layer.content_type}; {_OPAQUE[layer.kind]}"


def opened(layer: Layer) -> bool:
    """What is inside the layer can be looked at."""
    report = layer.report
    return not (isinstance(report, DecryptionReport) and not report.decrypted) and layer.kind != "certificates"


def _payload_type(message: UnwrappedMessage) -> str | None:
    """Return the content type of the innermost entity, or None if the innermost layer could not be opened."""
    last = message.layers[-1] if message.layers else None
    if last is not None and (not opened(last) or last.content_type == "cms"):
        return None
    return header_fields(next(iter(message.chunks()), b"")).content_type().value or "text/plain"


def _reason(message: UnwrappedMessage) -> str | None:
    """Return the sentence that decided: of the worst finding of all layers, or why the innermost was not opened."""
    found = [found for layer in message.layers for found in findings_of(layer)]
    against = [one for one in found if one.effect is not Effect.NONE]
    if against:
        return max(against, key=lambda one: one.effect.value).message
    for layer in message.layers:
        if isinstance(layer.report, DecryptionReport) and not layer.report.decrypted:
            return next((one.message for one in layer.report.findings), None)
    return None


def findings_of(layer: Layer) -> tuple[Finding, ...]:
    """Return all findings of a layer, those about its signers included."""
    report = layer.report
    return (*(report.all_findings() if isinstance(report, VerificationReport) else report.findings), *layer.findings)


@dataclass(frozen=True)
class Verify:
    """Takes each message apart as far as the keys at hand go, and verifies every signature.

    Attributes:
        trust: the anchors; None: no signer can be valid.
        identities: keys for decryption.
        at: the time to judge certificates at; None: the present; ``"received"``: for each message, the time at which it says it was
            delivered. That is a claim of the archive, and said with a finding.
        policy: what is accepted.
        tsa: the anchors of time-stamping authorities.
    """

    trust: TrustStore | None
    identities: Sequence[Any]
    at: At
    policy: Policy
    tsa: TrustStore | None = None

    def prepare(self) -> Function:
        """Return the function that examines one message."""
        return self._examine

    def _examine(self, span: Span, octets: bytes | memoryview) -> Outcome:
        return Outcome(self._examined(span, octets).record)

    def _examined(self, span: Span, octets: bytes | memoryview) -> _Examined:
        try:
            fields = header_fields(octets, self.policy.limits)
        except SMIMEError as error:
            return _Examined(_unreadable(span, _NO_CLAIMS, error), None, octets)
        said = claims(fields)
        at, extra = self._time(fields)
        try:
            message = self._unwrap(octets, at)
            if span.in_mbox and message.verdict is Verdict.INVALID:
                # perhaps the signature holds over the text that stood there before an mbox quoted its lines
                for unquoted in _unquoted(bytes(octets)):
                    other = self._unwrap(unquoted, at)
                    if other.verdict is not Verdict.INVALID:
                        octets, message, extra = unquoted, other, (*extra, finding("from-line-unquoted"))
                        break
        except SMIMEError as error:
            return _Examined(_unreadable(span, said, error), None, octets)
        return _Examined(_record(span, said, message, at, extra, tried=bool(self.identities)), message, octets)

    def _unwrap(self, octets: bytes | memoryview, at: datetime) -> UnwrappedMessage:
        return unwrap(octets, identities=self.identities, trust=self.trust, at=at, tsa=self.tsa, policy=self.policy)

    def _time(self, fields: HeaderFields) -> tuple[datetime, tuple[Finding, ...]]:
        if isinstance(self.at, datetime):
            return self.at, ()
        if self.at == "received" and (delivered := delivery_time(fields)) is not None:
            time, field = delivered
            return time, (finding("time-from-header", field=field, time=time.isoformat()),)
        return datetime.now(timezone.utc), ()


@dataclass(frozen=True)
class Decrypt(Verify):
    """Takes every encryption off, and everything around it; what is inside, such as a signature, stays as it is."""

    def _examine(self, span: Span, octets: bytes | memoryview) -> Outcome:
        found = self._examined(span, octets)
        message = found.message
        if message is None:
            return Outcome(found.record)
        decrypted = [
            depth for depth, layer in enumerate(message.layers) if isinstance(layer.report, DecryptionReport) and layer.report.decrypted
        ]
        if not decrypted:
            return Outcome(found.record)
        return self._rewritten(found, message, decrypted[-1] + 1)

    def _rewritten(self, found: _Examined, message: UnwrappedMessage, depth: int) -> Outcome:
        """Return the message with what is inside of its outermost `depth` layers."""
        entity = message.content if depth == len(message.layers) else self._inside(found.octets, depth)
        try:
            return Outcome(found.record, rewritten(found.octets, entity, self.policy.limits))
        except SMIMEError as error:
            return Outcome(replace(found.record, error=str(error)))

    def _inside(self, octets: bytes | memoryview, depth: int) -> bytes:
        machine = MessageUnwrapper(keyring=Keyring.of(self.identities), policy=self.policy, reread=lambda: iter((octets,)))
        machine.stop_at = depth
        machine.update(octets)
        return machine.finalize().content


@dataclass(frozen=True)
class Strip(Decrypt):
    """Takes every layer off that opens: encryption, signatures, compression; what stays is plain mail."""

    def _examine(self, span: Span, octets: bytes | memoryview) -> Outcome:
        found = self._examined(span, octets)
        message = found.message
        if message is None or not message.layers:
            return Outcome(found.record)
        depth = len(message.layers)
        if not opened(message.layers[-1]):
            depth -= 1
        return self._rewritten(found, message, depth) if depth else Outcome(found.record)


@dataclass(frozen=True)
class Harvest(Decrypt):
    """Collects the certificates that a message brings: the outcome's octets are their DER, one after another."""

    def _examine(self, span: Span, octets: bytes | memoryview) -> Outcome:
        limits = self.policy.limits
        try:
            found = [inspect(octets, limits)]
        except SMIMEError as error:
            return Outcome(_unreadable(span, _NO_CLAIMS, error))
        record = _unreadable(span, claims(header_fields(octets, limits)), SMIMEError())
        if self.identities:
            inside = Decrypt._examine(self, span, octets).octets
            if inside is not None:
                found.append(inspect(inside, limits))
        certificates = [der for root in found for node in root.walk() for der in node.certificate_octets]
        return Outcome(replace(record, error=None), b"".join(certificates))


@dataclass(frozen=True)
class Learn(Verify):
    """Verifies each message and keeps what valid signatures say of their signers: the outcome's octets are lessons, one a line."""

    def _examine(self, span: Span, octets: bytes | memoryview) -> Outcome:
        found = self._examined(span, octets)
        if found.message is None:
            return Outcome(found.record)
        return Outcome(found.record, b"\n".join(lesson.encode() for lesson in lessons(found.message, trust=self.trust)))


def split_elements(octets: bytes) -> list[bytes]:
    """Return the DER elements that stand one after another."""
    elements = []
    while octets:
        element = parse(octets, allow_trailing=True)
        elements.append(octets[: element.end])
        octets = octets[element.end :]
    return elements


@dataclass(frozen=True)
class Scan:
    """Looks what each message is made of, without any key.

    Attributes:
        policy: of which the limits count.
    """

    policy: Policy

    def prepare(self) -> Function:
        """Return the function that looks at one message."""
        return self._scan

    def _scan(self, span: Span, octets: bytes | memoryview) -> Outcome:
        limits = self.policy.limits
        try:
            said = claims(header_fields(octets, limits))
        except SMIMEError as error:
            return Outcome(_unreadable(span, _NO_CLAIMS, error))
        try:
            node = inspect(octets, limits)
        except SMIMEError as error:
            return Outcome(_unreadable(span, said, error))
        layers: list[str] = []
        signers: list[SignerRecord] = []
        carrier = "cms"
        for part in node.spine():
            if part.kind == "mime":
                carrier = part.content_type
                if not part.children or part.children[0].kind == "mime":
                    layers.append(carrier)
            else:
                layers.append(f"{carrier}; {part.kind}")
                signers += _signers_of(part)
                carrier = "cms"
            if part.content_type == "multipart/signed":
                signers += [signer for child in part.children[1:] for signature in child.children for signer in _signers_of(signature)]
        return Outcome(
            replace(
                _unreadable(span, said, SMIMEError()),
                layers=tuple(layers),
                signers=tuple(signers),
                error=next((part.error for part in node.walk() if part.error is not None), None),
            )
        )


def _signers_of(node: Node) -> list[SignerRecord]:
    return [SignerRecord(signer.sid, signing_time=signer.signing_time) for signer in node.signers]


@dataclass(frozen=True, slots=True)
class _Examined:
    """A record, the message taken apart if it could be read, and the octets for which this holds."""

    record: MessageRecord
    message: UnwrappedMessage | None
    octets: bytes | memoryview


def _unquoted(octets: bytes) -> list[bytes]:
    """Return what the message may have been before an mbox quoted its ``From `` lines: each different from what it is."""
    exact, lossy = unquote_mboxrd(octets), unquote_mboxo(octets)
    return [other for other in dict.fromkeys((exact, lossy)) if other != octets]


def _unreadable(span: Span, said: Claims, error: SMIMEError) -> MessageRecord:
    return MessageRecord(
        span.source, span.offset, span.file, span.size, said.message_id, said.from_, said.date, said.subject, error=str(error)
    )


def _record(span: Span, said: Claims, message: UnwrappedMessage, at: datetime, extra: Iterable[Finding], *, tried: bool) -> MessageRecord:
    layers = [layer_name(layer) for layer in message.layers]
    payload = _payload_type(message)
    if payload is not None:
        layers.append(payload)
    codes: list[str] = [found.code for found in extra] if message.layers else []
    decrypted = [layer.report.decrypted for layer in message.layers if isinstance(layer.report, DecryptionReport)]
    signers: list[SignerRecord] = []
    for layer in message.layers:
        codes += [found.code for found in (*layer.report.findings, *layer.findings)]
        if isinstance(layer.report, VerificationReport):
            signers += signer_records(layer.report)
    if message.errant_layers:
        codes.append("errant-layer")
    return MessageRecord(
        source=span.source,
        offset=span.offset,
        file=span.file,
        size=span.size,
        message_id=said.message_id,
        from_=said.from_,
        date=said.date,
        subject=said.subject,
        status=message.status,
        verdict=message.verdict.value if message.verdict is not None else None,
        decrypted=all(decrypted) if decrypted and tried else None,
        reason=_reason(message),
        at=at.isoformat() if message.layers else None,
        signers=tuple(signers),
        layers=tuple(layers),
        findings=tuple(dict.fromkeys(codes)),
    )
