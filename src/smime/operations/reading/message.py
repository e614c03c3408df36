"""What every reading operation shares: finding out what the octets are, and pushing them through the layer at their top.

A *layer* is one cryptographic wrapping. `MessageReader` looks at the first octets of an entity (a mail, a bare CMS object in BER, PEM or
base64), undoes the transfer encoding, and opens the layer that it finds through the `Opener` of the operation at hand. Nothing here holds
more than a header block; content is pushed on as it comes.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from smime.cms.auth_enveloped_data import AuthEnvelopedDataHead
from smime.cms.compressed_data import CompressedDataHead
from smime.cms.enveloped_data import EnvelopedDataHead
from smime.cms.reader import CMSReader, Content, TrailingData
from smime.cms.signed_data import SignedDataHead
from smime.crypto import digests
from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.findings import Finding, finding
from smime.limits import Limits
from smime.mime.entity import Body, EntityReader, HeaderBlock, whole_block
from smime.mime.smime_types import MULTIPART_SIGNED, PKCS7_MIME, Kind, classify
from smime.operations.buffers import OneRoom
from smime.operations.spool import Buffer
from smime.transforms import base64, identity, quoted_printable

if TYPE_CHECKING:
    from smime.crypto.digests import NewDigest
    from smime.mime.header import HeaderFields
    from smime.operations.buffers import NewRooms, Rooms
    from smime.pki.identity import Keyring
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["CMSLayer", "Form", "Handler", "MessageReader", "Opener", "Reading", "Sender", "Transfer", "sniff", "transfer_decoder"]


class Sender:
    """From whom a message says it is: what RFC 8550 section 3 compares with the signer's certificate.

    Attributes:
        from_fields: the raw values of all From fields.
        sender_fields: the raw values of all Sender fields.
        repeated: names of other fields that everybody looks at, and that stand more than once: readers differ on which they show.
        given: the caller said so, and the message's own fields were not asked.
    """

    __slots__ = ("from_fields", "given", "repeated", "sender_fields")

    def __init__(
        self, from_fields: Sequence[bytes] = (), sender_fields: Sequence[bytes] = (), repeated: Sequence[str] = (), *, given: bool = False
    ) -> None:
        self.from_fields = tuple(from_fields)
        self.sender_fields = tuple(sender_fields)
        self.repeated = tuple(repeated)
        self.given = given

    @classmethod
    def of(cls, fields: HeaderFields) -> Sender:
        """Take the sender from a header block, with what stands in it behind a bare CR: that may add to what a field says, and is none."""
        hidden = _hidden_fields(fields) if fields.has_stray_cr else ()
        if not hidden and not fields.duplicates():
            return cls(fields.get_all_raw("from"), fields.get_all_raw("sender"))
        authors, senders = fields.get_all_raw("from"), fields.get_all_raw("sender")
        return cls(
            authors and authors + [value for name, value in hidden if name == "from"],
            senders and senders + [value for name, value in hidden if name == "sender"],
            [name for name in _SEEN if fields.count(name) + sum(name == other for other, _ in hidden) > 1],
        )


class Reading:
    """All that the reading of one message depends on: nothing is taken from the environment.

    Attributes:
        policy: what is accepted.
        limits: the bounds in force, which are the policy's.
        trust: the anchors, or None if nobody can be trusted.
        keyring: the keys at hand, or None.
        at: the time looked at, aware.
        sender: set by the caller or by the outermost header block.
        fields: the outermost header block, None for a bare CMS object.
        tsa: the anchors of time-stamping authorities, or None.
        now: the time of the clock, where the caller looks at another time and wants to know how things stand now as well; or None.
        bare: the message is a bare CMS object, no mail: it names no sender.
        new_digest: makes the digests that run over content.
        new_rooms: makes room for what is decoded.
    """

    __slots__ = (
        "_named_in",
        "_sender",
        "at",
        "bare",
        "fields",
        "keyring",
        "limits",
        "new_digest",
        "new_rooms",
        "now",
        "policy",
        "trust",
        "tsa",
    )

    def __init__(
        self,
        policy: Policy,
        *,
        trust: TrustStore | None = None,
        keyring: Keyring | None = None,
        at: datetime | None = None,
        sender: str | Iterable[str] | None = None,
        tsa: TrustStore | None = None,
        now: datetime | None = None,
        new_digest: NewDigest = digests.new,
        new_rooms: NewRooms = OneRoom,
    ) -> None:
        if at is None:
            at = datetime.now(timezone.utc)
        elif at.tzinfo is None:
            raise ValueError("a time without a time zone")
        if now is not None and now.tzinfo is None:
            raise ValueError("a time without a time zone")
        self.policy = policy
        self.limits = policy.limits
        self.trust = trust
        self.tsa = tsa
        self.now = now
        self.keyring = keyring
        self.at = at
        self.fields: HeaderFields | None = None
        self.bare = False
        self.new_digest = new_digest
        self.new_rooms = new_rooms
        self._named_in: HeaderFields | None = None
        self._sender: Sender | None = None
        if sender is not None:
            addresses = [sender] if isinstance(sender, str) else list(sender)
            if not addresses:
                raise ValueError("sender names nobody")
            self._sender = Sender([address.encode() for address in addresses], given=True)

    @property
    def sender(self) -> Sender | None:
        """Who is said to have sent the message; None as long as nothing says so."""
        if self._sender is None and self._named_in is not None:
            self._sender = Sender.of(self._named_in)
        return self._sender

    def named_in(self, fields: HeaderFields) -> None:
        """This header block names the sender, if the caller named nobody."""
        self._named_in = fields

    def snapshot(self) -> Reading:
        """Return what is known now: a mail inside of a bare object names a sender, which is not that of the layers around it."""
        return copy(self) if self.bare and self.sender is None else self


class Handler(Protocol):
    """Takes the octets of a body or of an entity."""

    def update(self, data: Buffer, /) -> None:
        """Take octets."""

    def finalize(self) -> None:
        """The octets are complete."""


class CMSLayer(Protocol):
    """Takes the events of one CMS object after its head."""

    def content(self, data: Buffer, /) -> None:
        """Take content octets."""

    def tail(self, event: object, /) -> None:
        """Take what follows the content."""

    def trailing(self, count: int, /) -> None:
        """Octets follow the whole object."""

    def told(self, found: Sequence[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""

    def anomalies(self, reasons: Sequence[str], /) -> None:
        """The transfer encoding was irregular."""

    def finalize(self) -> None:
        """The object is complete."""


class Opener(Protocol):
    """What an operation does with what `MessageReader` finds."""

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:
        """A multipart/signed: return what takes its body."""

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:
        """A CMS object began with this head event; `kind` is None outside of MIME."""

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:
        """A MIME entity that is no S/MIME: return what takes its body; its header, too, is up to the operation."""


class Form(enum.Enum):
    """The form of a message to be read."""

    MIME = "mime"
    BINARY = "binary"
    PEM = "pem"
    BASE64 = "base64"


_FIRST_LINE = 1024
_LARGE = 1 << 15
_PEM_SEARCH = 1 << 16
_PEM_BEGIN = b"-----BEGIN "
_PEM_LABELS = (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|>?From ")
_BASE64_LINE = re.compile(rb"M[A-I][A-Za-z0-9+/]*={0,2}[ \t\r]*\Z")


def sniff(head: bytes, *, final: bool) -> Form | None:
    """Tell from its first octets in which form a message comes.

    Args:
        head: the first octets.
        final: there are no more.

    Returns:
        The form, or None if more octets are needed to tell.
    """
    if len(head) < 3 and not final:
        return None
    if head[:1] == b"\x30" and (head[1:2] >= b"\x80" or head[2:3] == b"\x06"):
        return Form.BINARY
    if _FIELD.match(head) and head.find(b"\n", 0, _FIRST_LINE) >= 0 and not head.startswith(_PEM_BEGIN):
        return Form.MIME  # what the lines below say of an ordinary mail
    line, end, _ = head.lstrip(b"\r\n").partition(b"\n") if head[:1] in b"\r\n" else head.partition(b"\n")
    if not end and len(line) < _FIRST_LINE and not final:
        return None
    if line.startswith(_PEM_BEGIN):
        return Form.PEM
    if _FIELD.match(line):
        return Form.MIME
    if _BASE64_LINE.match(line):
        return Form.BASE64
    # neither a header field nor base64: perhaps PEM with a text before it
    if any(b"\n" + _PEM_BEGIN + label + b"-----" in head for label in _PEM_LABELS):
        return Form.PEM
    if len(head) < _PEM_SEARCH and not final:
        return None
    return Form.MIME


# not MIME-Version: gateways repeat it, and nothing is read otherwise for that
_STRUCTURE = ("content-type", "content-transfer-encoding")


# besides From, what readers show of a message, and RFC 5322 section 3.6 has once
_SEEN = ("subject", "to", "date")
_HIDDEN = re.compile(rb"\r(?![\r\n])([!-9;-~]{1,64})[ \t]*:([^\r\n]*)")


def _hidden_fields(fields: HeaderFields) -> list[tuple[str, bytes]]:
    """Return name and value of what would be fields if a bare CR were a line end, as some take it (RFC 5322 section 2.3)."""
    if not fields.has_stray_cr:
        return []
    return [(name.decode("ascii").lower(), value) for name, value in _HIDDEN.findall(fields.raw)]


def header_findings(fields: HeaderFields, kind: Kind) -> list[Finding]:
    """Return what readers may take differently: fields of its structure that stand twice, lines that are no fields, stray CR and NUL."""
    found: list[Finding] = []
    twice = fields.duplicates()
    stray = fields.has_stray_cr
    hidden = [name for name, _ in _hidden_fields(fields)] if stray else []
    if twice or hidden:
        found += [finding("duplicate-header", field=name) for name in _STRUCTURE if name in twice or name in hidden]
    if "boundary" in kind.content_type.duplicates:
        found.append(finding("duplicate-header", field="content-type (boundary)"))
    if fields.defects:
        found.append(finding("malformed-header", count=len(fields.defects)))
    if stray or fields.has_nul:
        names = dict.fromkeys(name.decode("ascii", "replace") for name, value in fields if _STRAY.search(value))
        found += [finding("suspicious-characters", field=name) for name in list(names)[:8] if name.lower() != "from"]
    return found


_STRAY = re.compile(rb"\x00|\r(?!\n)")


_SMIME_TYPES: dict[type, tuple[str, ...]] = {
    SignedDataHead: ("signed-data", "certs-only", "signed-receipt"),
    EnvelopedDataHead: ("enveloped-data",),
    AuthEnvelopedDataHead: ("authenveloped-data",),
    CompressedDataHead: ("compressed-data",),
}
"""What the smime-type parameter may say of a CMS object (RFC 8551 section 3.2.2), in lower case, the usual one first."""


class Transfer(Protocol):
    """Undoes a transfer encoding."""

    def update(self, data: Buffer, /) -> Buffer:
        """Take encoded octets, return decoded ones."""

    def finalize(self) -> Buffer:
        """Return the last decoded octets."""


class _Armor:
    """Undoes PEM (RFC 7468): drops all up to the BEGIN line and from the END line on."""

    __slots__ = ("_body", "_decoder", "_head", "_limits", "_tail")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoder = base64.Decoder(strict=False)
        self._head = b""
        self._body = False
        self._tail = False

    def update(self, data: Buffer, /) -> bytes:
        if self._tail:
            return b""
        if not self._body:
            self._head += data
            start = self._head.find(_PEM_BEGIN)
            end = self._head.find(b"\n", start) if start >= 0 else -1
            if end < 0:
                if len(self._head) > self._limits.header_size:
                    raise LimitExceeded("header_size", self._limits.header_size)
                return b""
            label = self._head[start + len(_PEM_BEGIN) : end].rstrip().removesuffix(b"-----")
            if label not in _PEM_LABELS:
                raise ParseError("pem", f"the label is {label.decode('ascii', 'replace')!r}, not 'CMS'", start)
            self._body, data, self._head = True, self._head[end + 1 :], b""
        raw = bytes(data)
        end = raw.find(b"-")
        if end >= 0:
            self._tail, raw = True, raw[:end]
        return self._decoder.update(raw)

    def finalize(self) -> bytes:
        if not self._tail:
            raise ParseError("pem", "the END line is missing")
        return self._decoder.finalize()


def transfer_decoder(encoding: str) -> Transfer:
    """Return what undoes a Content-Transfer-Encoding (RFC 2045 section 6); an unknown one leaves the octets alone."""
    if encoding == "base64":
        return base64.Decoder(strict=False)
    if encoding == "quoted-printable":
        return quoted_printable.Decoder()
    return identity.Identity()


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
            self._transfer = _Armor(self._limits) if form is Form.PEM else base64.Decoder() if form is Form.BASE64 else identity.Identity()
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
            if form is None and len(self._head) < _FIRST_LINE:
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
