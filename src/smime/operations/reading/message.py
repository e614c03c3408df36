"""What every reading operation shares: finding out what the octets are, and pushing them through the layer at their top.

A *layer* is one cryptographic wrapping. `MessageReader` looks at the first octets of an entity (a mail, a bare CMS object in BER, PEM or
base64), undoes the transfer encoding, and opens the layer that it finds through the `Opener` of the operation at hand. Nothing here holds
more than a header block; content is pushed on as it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from smime.cms.auth_enveloped_data import AuthEnvelopedDataHead
from smime.cms.compressed_data import CompressedDataHead
from smime.cms.enveloped_data import EnvelopedDataHead
from smime.cms.reader import CMSReader, Content, TrailingData
from smime.cms.signed_data import SignedDataHead
from smime.errors import ParseError, SMIMEError
from smime.findings import Finding, finding
from smime.mime.entity import Body, EntityReader, HeaderBlock, whole_block
from smime.mime.smime_types import MULTIPART_SIGNED, PKCS7_MIME, Kind, classify
from smime.operations.reading.form import FIRST_LINE, Form, sniff
from smime.operations.reading.sender import header_findings
from smime.operations.reading.transfer import Armor, transfer_decoder
from smime.operations.spool import Buffer
from smime.transforms import base64, identity

if TYPE_CHECKING:
    from smime.operations.buffers import Rooms
    from smime.operations.reading.context import Reading
    from smime.operations.reading.layer import CMSLayer, Handler, Opener
    from smime.operations.reading.transfer import Transfer

__all__ = ["MessageReader"]


_LARGE = 1 << 15


_SMIME_TYPES: dict[type, tuple[str, ...]] = {
    SignedDataHead: ("signed-data", "certs-only", "signed-receipt"),
    EnvelopedDataHead: ("enveloped-data",),
    AuthEnvelopedDataHead: ("authenveloped-data",),
    CompressedDataHead: ("compressed-data",),
}
"""What the smime-type parameter may say of a CMS object (RFC 8551 section 3.2.2), in lower case, the usual one first."""


def _complete(data: Buffer) -> None:  # noqa: ARG001 - nothing is done with it
    raise ValueError("finalize was called: the message is complete")


class MessageReader:
    """Reads one entity of any form and any size: `update(data)`, then `finalize()`.

    Args:
        reading: what the reading depends on.
        opener: the operation.
        root: the entity is the message itself, so that its header block says from whom the message is.
    """

    __slots__ = (
        "_cms",
        "_entity",
        "_feed",
        "_handler",
        "_head",
        "_layer",
        "_limits",
        "_noticed",
        "_opener",
        "_reading",
        "_rooms",
        "_root",
        "_transfer",
        "kind",
    )

    def __init__(self, reading: Reading, opener: Opener, *, root: bool = True) -> None:
        self._reading = reading
        self._opener = opener
        self._root = root
        self._limits = reading.limits
        self._head = b""
        self._feed: Callable[[Buffer], None] = self._detect
        self._entity: EntityReader | None = None
        self._handler: Handler | None = None
        self._transfer: Transfer | None = None
        self._rooms: Rooms | None = None
        self._cms: CMSReader | None = None
        self._layer: CMSLayer | None = None
        self._noticed: Sequence[Finding] = ()
        self.kind: Kind | None = None

    def update(self, data: Buffer, /) -> None:
        """Take the next octets.

        Raises:
            SMIMEError: the octets are not what they have to be.
        """
        self._feed(data)

    def finalize(self) -> None:
        """Say that the octets are complete.

        Raises:
            SMIMEError: they are not, or not what they have to be.
        """
        if self._feed is _complete:
            return
        if self._feed == self._detect:
            self._begin(sniff(self._head, final=True) or Form.MIME)
        if self._entity is not None:
            for event in self._entity.finish():
                self._entity_event(event)
        if self._handler is not None:
            self._handler.finalize()
        if self._transfer is not None:
            self._finish_cms()
        # the opener has this reader, as a rule: without these two, what was read is freed at once and not by the collector of cycles
        self._feed = _complete
        del self._opener

    # -- what is it? --

    def _detect(self, data: Buffer) -> None:
        self._head = head = self._head + data if self._head else bytes(data)
        form = sniff(head, final=False)
        if form is not None:
            self._begin(form)

    def _begin(self, form: Form) -> None:
        head, self._head = self._head, b""
        if self._root:
            self._reading.bare = form is not Form.MIME
        if form is Form.MIME:
            block = whole_block(head, self._limits)
            if block is not None:
                self._open(block)
                self._feed = self._mime_body
                self._mime_body(memoryview(head)[len(block.raw) :])
                return
            self._entity = EntityReader(self._limits)
            self._feed = self._mime
        else:
            self._transfer = Armor(self._limits) if form is Form.PEM else base64.Decoder() if form is Form.BASE64 else identity.Identity()
            self._start_cms()
            self._feed = self._encoded
        if head:
            self._feed(head)

    # -- a mail --

    def _mime(self, data: Buffer) -> None:
        entity = self._entity
        assert entity is not None  # noqa: S101 - the state says so
        for event in entity.receive(data):
            self._entity_event(event)

    def _mime_body(self, data: Buffer) -> None:
        if not len(data):
            return
        if self._handler is not None:
            self._handler.update(data)
        else:
            self._body(data)

    def _entity_event(self, event: object) -> None:
        if type(event) is Body:
            self._mime_body(event.data)
        elif type(event) is HeaderBlock:
            self._open(event)

    def _open(self, block: HeaderBlock) -> None:
        fields = block.fields
        reading = self._reading
        if self._root:
            if not fields and not block.raw.startswith((b"\n", b"\r\n")):
                reason = "neither a header field nor a CMS object begins the message" if block.raw else "the message is empty"
                raise ParseError("mime", reason, 0)
            reading.fields = fields
            reading.named_in(fields)
        elif reading.bare and reading.sender is None and (fields.count("from") or fields.count("sender")):
            reading.named_in(fields)
        kind = classify(fields)
        self.kind = kind
        if kind.kind == MULTIPART_SIGNED:
            self._handler = self._opener.multipart_signed(block, kind)
        elif kind.kind == PKCS7_MIME:
            self._noticed = header_findings(fields, kind)
            self._transfer = transfer_decoder(fields.content_transfer_encoding())
            self._start_cms()
        else:
            self._handler = self._opener.payload(block, kind)

    def _body(self, data: Buffer) -> None:
        """Take body octets of an application/pkcs7-mime."""
        if self._cms_unstarted and isinstance(self._transfer, identity.Identity):
            # a transfer encoding that was lost on the way: base64 where binary was announced (RFC 8551 section 3.1.2 has no such thing)
            self._head += data
            form = sniff(self._head, final=False)
            if form is None and len(self._head) < FIRST_LINE:
                return
            data, self._head = self._head, b""
            if form is Form.BASE64:
                self._transfer = base64.Decoder(strict=False)
        self._encoded(data)

    # -- a CMS object --

    @property
    def reading(self) -> Reading:
        """What the reading depends on."""
        return self._reading

    @property
    def _cms_unstarted(self) -> bool:
        return self._cms is not None and self._layer is None and not self._cms.started

    def _start_cms(self) -> None:
        self._cms = CMSReader(self._limits, pkcs7_content=self._reading.policy.pkcs7_content)

    def _encoded(self, data: Buffer) -> None:
        assert self._transfer is not None  # noqa: S101 - the state says so
        transfer = self._transfer
        if len(data) >= _LARGE and type(transfer) is base64.Decoder:  # into one buffer: fresh memory costs more than decoding
            if self._rooms is None:
                self._rooms = self._reading.new_rooms()
            room = self._rooms.next((len(data) // 4 + 2) * 3)
            decoded: Buffer = room[: transfer.update_into(data, room)]
        else:
            decoded = transfer.update(data)
        if len(decoded):
            self._octets(decoded)

    def _octets(self, data: Buffer) -> None:
        assert self._cms is not None  # noqa: S101 - the state says so
        try:
            events = self._cms.receive(data)
        except SMIMEError:
            # what came before the fault is said first, as it would be if the octets had been cut there
            for event in self._cms.before_failure():
                self._cms_event(event)
            raise
        for event in events:
            self._cms_event(event)

    def _cms_event(self, event: object) -> None:
        layer = self._layer
        if layer is None:
            self._layer = layer = self._opener.cms(event, self.kind)
            stated = self.kind.smime_type if self.kind is not None else None
            if stated is not None and stated not in _SMIME_TYPES.get(type(event), ()):
                name, *_ = _SMIME_TYPES.get(type(event), ("another content type",))
                layer.told((finding("smime-type-mismatch", smime_type=stated, content=name),))
            if self._noticed:
                noticed = getattr(layer, "noticed", None)
                if noticed is not None:
                    noticed(self._noticed)
        elif type(event) is Content:
            layer.content(event.data)
        elif type(event) is TrailingData:
            layer.trailing(event.count)
        else:
            layer.tail(event)

    def _finish_cms(self) -> None:
        assert self._transfer is not None  # noqa: S101 - the state says so
        assert self._cms is not None  # noqa: S101 - the state says so
        if self._head:
            head, self._head = self._head, b""
            if sniff(head, final=True) is Form.BASE64 and isinstance(self._transfer, identity.Identity):
                self._transfer = base64.Decoder(strict=False)
            self._encoded(head)
        decoded = self._transfer.finalize()
        if len(decoded):
            self._octets(decoded)
        for event in self._cms.finish():
            self._cms_event(event)
        if self._layer is not None:
            anomalies = getattr(self._transfer, "anomalies", ())
            if anomalies:
                self._layer.anomalies(anomalies)
            if self._cms.pkcs7_content_found:
                self._layer.told((finding("pkcs7-content"),))
            self._layer.finalize()
