"""Unwrapping (RFC 8551 section 3.7, RFC 9787 section 4): every layer of the cryptographic envelope, from the outside in.

Layers are streamed through each other: no layer's content is held but the innermost. A bad verdict or a missing key is a fact about a
layer and never an exception; only input that cannot be read at its top level is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from smime import policies
from smime.cms.reader import (
    AuthenticatedDataHead,
    AuthEnvelopedDataHead,
    CompressedDataHead,
    DataHead,
    DigestedDataHead,
    EncryptedDataHead,
    EnvelopedDataHead,
    SignedDataHead,
)
from smime.crypto import digests
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.findings import Finding, finding
from smime.operations.buffers import OneRoom
from smime.operations.errant import ErrantLayer, ErrantLayers
from smime.operations.layers.authenticated import AuthenticatedLayer
from smime.operations.layers.compressed import CompressedLayer
from smime.operations.layers.digested import DigestedLayer
from smime.operations.layers.encrypted import EncryptedLayer
from smime.operations.layers.multipart_signed import DetachedLayer
from smime.operations.layers.signed_data import DetachedContent, SignedDataLayer
from smime.operations.reading.context import Reading
from smime.operations.reading.message import MessageReader
from smime.operations.results import Layer, UnwrappedMessage
from smime.operations.spool import Buffer, MemorySpool, Spool
from smime.report import CompressionReport, LayerReport, VerificationReport

if TYPE_CHECKING:
    from smime.crypto.digests import NewDigest
    from smime.mime.entity import HeaderBlock
    from smime.mime.smime_types import Kind
    from smime.operations.buffers import NewRooms
    from smime.operations.reading.layer import CMSLayer, Handler
    from smime.pki.identity import Keyring
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["MessageUnwrapper"]


class _Payload:
    """The innermost entity: into the spool, with a look for errant layers on the way."""

    def __init__(self, machine: MessageUnwrapper, header: bytes = b"", *, mime: bool = True) -> None:
        self._machine = machine
        machine.payload_found = True
        self._errant = ErrantLayers(machine.reading.limits) if mime else None
        if header:
            self.update(header)

    def update(self, data: Buffer, /) -> None:
        self._machine.spool.write(data)
        if self._errant is not None:
            self._errant.update(data)

    def finalize(self) -> None:
        if self._errant is not None:
            self._errant.finalize()
            self._machine.errant_layers += self._errant.found


class _Inside:
    """What is inside a layer: the next layer or the payload. Its faults wait until the layer around it has been checked."""

    def __init__(self, machine: MessageUnwrapper, depth: int) -> None:
        self._machine = machine
        self._depth = depth
        self._reader: MessageReader | _Payload
        self._error: SMIMEError | None = None
        if machine.stop_at == depth:
            self._reader = _Payload(machine)
        else:
            self._reader = MessageReader(machine.reading, _Level(machine, depth), root=False)

    def update(self, data: Buffer, /) -> None:
        if self._error is None:
            try:
                self._reader.update(data)
            except SMIMEError as error:
                if isinstance(error, LimitExceeded) and not self._machine.hidden:
                    raise  # it does not wait for the rest of what may be endless
                self._error = error

    def finalize(self) -> tuple[Finding, ...]:
        """The layer around is good as far as it goes: look at what was inside."""
        error = self._error
        if error is None:
            try:
                self._reader.finalize()
            except SMIMEError as late:
                error = late
        if error is None:
            return ()
        if isinstance(error, LimitExceeded):
            raise error
        self._machine.broken(self._depth)
        return (finding("inner-unreadable", reason=str(error)),)


class _Level:
    """The opener of one level of the envelope."""

    def __init__(self, machine: MessageUnwrapper, depth: int) -> None:
        self._machine = machine
        self._depth = depth
        limits = machine.reading.limits
        if depth > limits.layers:
            raise LimitExceeded("layers", limits.layers)

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:
        machine = self._machine
        inside = _Inside(machine, self._depth + 1)
        sink, reread = machine.keeping(inside.update)
        layer = DetachedLayer(machine.reading, block.fields, kind, sink, reread, extra_digests=machine.extra_digests)
        if self._depth == 0 and machine.content is not None:
            layer.two_contents()
        return _Detached(machine, machine.reserve(), layer, inside)

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:
        machine, slot = self._machine, self._machine.reserve()
        content_type = kind.content_type.value if kind is not None else "cms"
        inside = _Inside(machine, self._depth + 1)
        if isinstance(head, SignedDataHead):
            sink, reread = machine.keeping(inside.update)
            signed = SignedDataLayer(
                machine.reading,
                head,
                sink,
                reread,
                machine.content if self._depth == 0 else None,
                extra_digests=machine.extra_digests,
                mail=kind is not None,
            )
            return _CMS(machine, slot, signed, inside, "signed", content_type)
        if isinstance(head, (EnvelopedDataHead, AuthEnvelopedDataHead, EncryptedDataHead)):
            machine.hidden = True
            encrypted = EncryptedLayer(
                machine.reading, head, inside.update, attempt=machine.attempt(self._depth), aad=machine.attributes.get(self._depth, b"")
            )
            return _CMS(machine, slot, encrypted, inside, "encrypted", content_type)
        if isinstance(head, CompressedDataHead):
            return _CMS(machine, slot, CompressedLayer(machine.reading, head, inside.update), inside, "compressed", content_type)
        if isinstance(head, DigestedDataHead):
            return _CMS(machine, slot, DigestedLayer(head, inside.update), inside, "digested", content_type)
        if isinstance(head, DataHead):
            machine.forget(slot)
            return _Plain(inside)
        if isinstance(head, AuthenticatedDataHead):
            authenticated = AuthenticatedLayer(machine.reading, head, inside.update, attempt=machine.attempt(self._depth))
            return _CMS(machine, slot, authenticated, inside, "authenticated", content_type)
        raise UnsupportedError("content type", type(head).__name__)

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - whatever it is, it is not ours
        return _Payload(self._machine, block.raw)


class _Detached:
    """A multipart/signed and what is inside its first part."""

    def __init__(self, machine: MessageUnwrapper, slot: int, layer: DetachedLayer, inside: _Inside) -> None:
        self._machine = machine
        self._slot = slot
        self._layer = layer
        self._inside = inside

    def update(self, data: Buffer, /) -> None:
        self._layer.update(data)

    def finalize(self) -> None:
        try:
            self._layer.finalize()
        except (ParseError, UnsupportedError) as error:
            report = self._layer.unreadable(str(error))
        else:
            report = self._layer.finished
        self._machine.fill(self._slot, Layer("signed", "multipart/signed", report, self._inside.finalize()))


class _CMS:
    """A CMS object and what is inside it."""

    def __init__(
        self,
        machine: MessageUnwrapper,
        slot: int,
        layer: AuthenticatedLayer | SignedDataLayer | EncryptedLayer | CompressedLayer | DigestedLayer,
        inside: _Inside,
        kind: str,
        content_type: str,
    ) -> None:
        self._machine = machine
        self._slot = slot
        self._layer = layer
        self._inside = inside
        self._kind = kind
        self._content_type = content_type
        self.content = layer.content
        self.tail = layer.tail
        self.trailing = layer.trailing
        self.anomalies = layer.anomalies
        self.told = layer.told
        self.noticed = getattr(layer, "noticed", None)

    def finalize(self) -> None:
        layer, machine = self._layer, self._machine
        kind = self._kind
        findings: tuple[Finding, ...] = ()
        layer.finalize(quiet=True)
        report: LayerReport = layer.finished
        if isinstance(layer, SignedDataLayer) and layer.certificates_only:
            kind = "certificates"
            report = CompressionReport(None, None, (finding("certificates-only"), *report.findings))
            machine.broken(self._slot)
        elif isinstance(layer, SignedDataLayer) and not layer.has_content:
            machine.broken(self._slot)
        elif isinstance(layer, EncryptedLayer) and not layer.finished.decrypted:
            machine.retry(self._slot, layer)
            machine.broken(self._slot)
            if layer.late_aad is not None:
                machine.learn(self._slot, layer.late_aad)
        else:
            if isinstance(layer, AuthenticatedLayer) and layer.finished.intact is False:
                machine.retry(self._slot, layer)
            findings = self._inside.finalize()
        machine.fill(self._slot, Layer(kind, self._content_type, report, findings))


class _Plain:
    """A ContentInfo of type id-data: octets without protection (RFC 5652 section 4), no layer."""

    def __init__(self, inside: _Inside) -> None:
        self.content = inside.update
        self._inside = inside

    def tail(self, event: object, /) -> None:
        pass

    def trailing(self, count: int, /) -> None:
        pass

    def told(self, found: Sequence[Finding], /) -> None:
        pass

    def anomalies(self, reasons: Sequence[str], /) -> None:
        pass

    def finalize(self) -> None:
        self._inside.finalize()


class MessageUnwrapper:
    """Takes one message of any size apart: `update(data)` with its octets in pieces, then `finalize()`.

    Args:
        keyring: the keys at hand, or None.
        trust: the anchors; None: no signer can be VALID.
        content: detached content of a bare CMS object at the top, as a function that gives an iterator of its octets.
        at, sender, tsa, now, policy: as for `MessageVerifier`.
        spool: where the innermost content waits; default memory.
        spool_between: where the content of a layer waits whose signature is over the content itself, undigested; default memory.
        reread: gives the message's octets again: for layers that cannot be opened (their octets are the content then), digests that were
            not announced, signatures over the content itself, and further matching recipients.
        new_digest: as for `MessageVerifier`.
        new_rooms: the same.

    Attributes:
        spool: holds the content after `finalize`, unless `unopened`.
        hidden: a layer is encrypted: what is wrong inside is not told before its tag is checked.
        unopened: not even the outermost layer could be opened: the content is the message as it came.
    """

    def __init__(
        self,
        *,
        keyring: Keyring | None = None,
        trust: TrustStore | None = None,
        content: DetachedContent | None = None,
        at: datetime | None = None,
        sender: str | Iterable[str] | None = None,
        tsa: TrustStore | None = None,
        now: datetime | None = None,
        policy: Policy = policies.RFC8551,
        spool: Callable[[], Spool] = MemorySpool,
        spool_between: Callable[[], Spool] = MemorySpool,
        reread: Callable[[], Iterator[Buffer]] | None = None,
        new_digest: NewDigest = digests.new,
        new_rooms: NewRooms = OneRoom,
    ) -> None:
        self.reading = Reading(
            policy, trust=trust, keyring=keyring, at=at, sender=sender, tsa=tsa, now=now, new_digest=new_digest, new_rooms=new_rooms
        )
        self.content = content
        self._new_spool = spool
        self._spool_between = spool_between
        self._reread = reread
        self.stop_at: int | None = None
        self.extra_digests: frozenset[str] = frozenset()
        self._keep = False
        self._attempts: dict[int, int] = {}
        self.attributes: dict[int, bytes] = {}
        self._start()

    def _start(self) -> None:
        self.spool = self._new_spool()
        self.errant_layers: list[ErrantLayer] = []
        self._slots: list[Layer | None] = []
        self._broken: int | None = None
        self._retry: int | None = None
        self._learnt = False
        self.payload_found = False
        self.hidden = False
        self.unopened = False
        self._reader: MessageReader = MessageReader(self.reading, _Level(self, 0))

    def update(self, data: Buffer, /) -> None:
        """Take the next octets of the message.

        Raises:
            ParseError: it cannot be read at its top level.
            LimitExceeded: it asks for too much.
        """
        self._reader.update(data)

    def finalize(self) -> UnwrappedMessage:
        """Say that the message is complete.

        Raises:
            ParseError: it cannot be read at its top level.
            LimitExceeded: it asks for too much.
        """
        self._reader.finalize()
        while self._reread is not None and self._again():
            for chunk in self._reread():
                self._reader.update(chunk)
            self._reader.finalize()
        layers = [layer for layer in self._slots if layer is not None]
        chunks = self.spool.chunks
        if self._broken is not None and self._reread is not None:
            layers, chunks = self._content_of(self._broken, layers)
        return UnwrappedMessage(layers, self.errant_layers, chunks)

    def _again(self) -> bool:
        """Prepare another pass if one can find out more: late attributes, another recipient, a digest that was not announced."""
        if self._learnt:
            self._start()
            return True
        if self._retry is not None:
            self._attempts[self._retry] = self._attempts.get(self._retry, 0) + 1
            self._start()
            return True
        findings = [
            f
            for layer in self._slots
            if layer is not None and isinstance(layer.report, VerificationReport)
            for f in layer.report.all_findings()
        ]
        missing = {f.data["digest"] for f in findings if f.code == "micalg-mismatch-unverified"}
        if missing - self.extra_digests:
            self.extra_digests |= missing
            self._start()
            return True
        if not self._keep and any(f.code == "content-not-kept" for f in findings):
            self._keep = True
            self._start()
            return True
        return False

    def _content_of(self, depth: int, layers: list[Layer]) -> tuple[list[Layer], Callable[[], Iterator[bytes]]]:
        """Read once more up to the layer that could not be opened: its octets are the content."""
        assert self._reread is not None  # noqa: S101 - the caller looked
        reread = self._reread
        if depth == 0:
            self.unopened = True
            return layers, lambda: (bytes(chunk) for chunk in reread())
        self.stop_at = depth
        self._start()
        for chunk in reread():
            self._reader.update(chunk)
        self._reader.finalize()
        return layers, self.spool.chunks

    # -- what the levels tell --

    def keeping(self, sink: Callable[[Buffer], object]) -> tuple[Callable[[Buffer], object], DetachedContent | None]:
        """Return a sink for signed content, and what gives that content again: nothing, but in a pass that is made for it."""
        if not self._keep:
            return sink, None
        spool = self._spool_between()

        def both(data: Buffer) -> None:
            spool.write(data)
            sink(data)

        return both, spool.chunks

    def reserve(self) -> int:
        """Return the place of the next layer inward, which is its depth too, since layers do not branch."""
        self._slots.append(None)
        return len(self._slots) - 1

    def forget(self, slot: int) -> None:
        """What was found at this place is no layer: the place stays empty."""
        self._slots[slot] = None

    def fill(self, slot: int, layer: Layer) -> None:
        """Put a layer in its place."""
        self._slots[slot] = layer

    def broken(self, depth: int) -> None:
        """The entity at this depth cannot be opened; its octets are the content."""
        self._broken = depth if self._broken is None else min(depth, self._broken)

    def attempt(self, depth: int) -> int:
        """Return which of the matching recipients to try at this depth."""
        return self._attempts.get(depth, 0)

    def learn(self, depth: int, attributes: bytes) -> None:
        """Keep the authenticated attributes of a layer, whose cipher needs them before the content."""
        self.attributes[depth] = attributes
        self._learnt = True

    def retry(self, depth: int, layer: EncryptedLayer | AuthenticatedLayer) -> None:
        """Decryption failed; note if another recipient matches."""
        if layer.more_candidates:
            self._retry = depth
