"""Making an entity safe for transport before it is signed (RFC 8551 section 3.1.3): all leaves in 7-bit form that nobody touches.

A leaf is re-encoded if it holds what mail systems change: octets above 127, NUL, bare CR, lines longer than 998 octets, white space at
the end of a line, a line that begins with ``From `` or is a lone dot. Text becomes quoted-printable, everything else base64; its header
gets the new Content-Transfer-Encoding, and text without a Content-Type gets the one that its octets have.

Not touched, octet for octet: leaves without any of this, leaves that are base64 or quoted-printable already, and everything in a
multipart/signed or multipart/encrypted, because its own signature would break. The header of a message/rfc822 inside is not touched either;
if it holds raw UTF-8 (RFC 6532), the entity stays 8-bit there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smime._kernels import hazards
from smime.errors import LimitExceeded
from smime.limits import DEFAULT_LIMITS
from smime.mime.entity import Body, EntityReader, HeaderBlock
from smime.mime.multipart import Closed, Epilogue, MultipartReader, PartData, PartEnd, PartStart, Preamble

if TYPE_CHECKING:
    from collections.abc import Callable

    from smime.limits import Limits
    from smime.mime.header import HeaderFields

    Buffer = bytes | bytearray | memoryview
    Write = Callable[[Buffer], None]

__all__ = ["SevenBitEncoder", "seven_bit_safe", "text_hazards"]

WINDOW = 1 << 20
"""Octets of a leaf that are looked at before it is decided, when an entity is streamed."""

_ENCODED = frozenset({"base64", "quoted-printable"})
_IDENTITY = frozenset({"7bit", "8bit", "binary"})
_OPAQUE = frozenset({"multipart/signed", "multipart/encrypted"})
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_ASCII = bytes(range(128))


def text_hazards(data: Buffer) -> int:
    """Return what in `data` may not survive transport, as the flags of the scan kernel; 0 if it is safe."""
    source = hazards.searchable(data)
    return hazards.text_hazards(source, 0, len(source))


def seven_bit_safe(entity: Buffer, limits: Limits = DEFAULT_LIMITS) -> Buffer:
    """Return the entity in a form that mail transport does not change; the very same object if it is that already.

    Raises:
        LimitExceeded: a header is too large, or there are too many or too deeply nested parts.
    """
    if not text_hazards(entity):
        return entity
    encoder = SevenBitEncoder(limits, window=None)
    return b"".join((encoder.update(entity), encoder.finalize()))


class SevenBitEncoder:
    """The streaming form of `seven_bit_safe`: constant memory for entities of any size.

    A leaf longer than `window` octets that is not base64 or quoted-printable already is re-encoded whatever is in it, because what comes
    later cannot be waited for. Boundary lines are written anew.

    Args:
        limits: for headers and parts.
        window: see above; None: the whole entity comes at once.
        write: takes what can be written, in buffers that are good until it returns; `update` and `finalize` then return nothing.

    Attributes:
        changed: something was re-encoded so far.
    """

    __slots__ = ("_output", "_root", "_shared")

    def __init__(self, limits: Limits = DEFAULT_LIMITS, window: int | None = WINDOW, write: Write | None = None) -> None:
        self._output: list[Buffer] = []
        self._shared = _Shared(limits, window)
        self._root = _Entity(self._shared, self._output.append if write is None else write, 0)

    @property
    def changed(self) -> bool:
        """Something was re-encoded so far."""
        return self._shared.changed

    def update(self, data: Buffer) -> bytes:
        """Take some octets of the entity; return what can be written.

        Raises:
            LimitExceeded: a header is too large, or there are too many or too deeply nested parts.
        """
        self._root.receive(data)
        return self._take()

    def finalize(self) -> bytes:
        """Return the rest."""
        self._root.finish()
        return self._take()

    def _take(self) -> bytes:
        written = b"".join(self._output)
        self._output.clear()
        return written


class _Shared:
    __slots__ = ("changed", "limits", "parts", "window")

    def __init__(self, limits: Limits, window: int | None) -> None:
        self.limits = limits
        self.window = window
        self.parts = 0
        self.changed = False


class _Entity:
    """One entity on its way through: the header waits for what becomes of the body."""

    __slots__ = ("_body", "_depth", "_reader", "_shared", "_write")

    def __init__(self, shared: _Shared, write: Write, depth: int) -> None:
        if depth > shared.limits.mime_depth:
            raise LimitExceeded("mime_depth", shared.limits.mime_depth)
        if shared.parts >= shared.limits.mime_parts:
            raise LimitExceeded("mime_parts", shared.limits.mime_parts)
        shared.parts += 1
        self._shared = shared
        self._write = write
        self._depth = depth
        self._reader = EntityReader(shared.limits)
        self._body: _Raw | _Leaf | _Multipart | _Message | None = None

    def receive(self, data: Buffer) -> None:
        for event in self._reader.receive(data):
            if isinstance(event, Body):
                assert self._body is not None  # noqa: S101 - the header comes first
                self._body.receive(event.data)
            elif isinstance(event, HeaderBlock):
                self._begin(event)

    def finish(self) -> None:
        for event in self._reader.finish():
            if isinstance(event, HeaderBlock):
                self._begin(event)
        assert self._body is not None  # noqa: S101 - finish() gives a header if nothing else did
        self._body.finish()

    def _begin(self, block: HeaderBlock) -> None:
        fields = block.fields
        content_type = fields.content_type()
        kind = content_type.value
        encoding = fields.content_transfer_encoding()
        if kind in _OPAQUE or encoding in _ENCODED:
            self._write(block.raw)
            self._body = _Raw(self._write)
        elif content_type.boundary is not None:
            self._write(block.raw if encoding == "7bit" else with_encoding(fields, "7bit"))
            self._body = _Multipart(self._shared, self._write, self._depth, content_type.boundary)
        elif kind in _MESSAGES and fields.complete and encoding in _IDENTITY:
            self._write(block.raw if encoding == "7bit" else with_encoding(fields, "7bit"))
            self._body = _Message(_Entity(self._shared, self._write, self._depth + 1))
        else:
            self._body = _Leaf(self._shared, self._write, block)


class _Raw:
    __slots__ = ("receive",)

    def __init__(self, write: Write) -> None:
        self.receive = write

    def finish(self) -> None:
        pass


class _Message:
    __slots__ = ("_entity", "receive")

    def __init__(self, entity: _Entity) -> None:
        self._entity = entity
        self.receive = entity.receive

    def finish(self) -> None:
        self._entity.finish()


class _Multipart:
    __slots__ = ("_boundary", "_depth", "_epilogue", "_part", "_preamble", "_reader", "_shared", "_started", "_write")

    def __init__(self, shared: _Shared, write: Write, depth: int, boundary: bytes) -> None:
        self._shared = shared
        self._write = write
        self._depth = depth
        self._boundary = boundary
        self._reader = MultipartReader(boundary, shared.limits)
        self._part: _Entity | None = None
        self._preamble = _Surroundings(shared)
        self._epilogue = _Surroundings(shared)
        self._started = False

    def receive(self, data: Buffer) -> None:
        self._take(self._reader.receive(data))

    def finish(self) -> None:
        self._take(self._reader.finish())
        if not self._reader.closed and self._started:
            self._write(b"\r\n--" + self._boundary + b"--\r\n")
            self._shared.changed = True
        elif not self._started:
            self._write(self._preamble.safe())
        self._write(self._epilogue.safe())

    def _take(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, PartData):
                self._part.receive(event.data)  # type: ignore[union-attr] # a part has started
            elif isinstance(event, PartStart):
                if self._started:
                    self._write(b"\r\n")
                else:
                    preamble = self._preamble.safe()
                    self._write(preamble + b"\r\n" if preamble else b"")
                    self._started = True
                self._write(b"--" + self._boundary + b"\r\n")
                self._part = _Entity(self._shared, self._write, self._depth + 1)
            elif isinstance(event, PartEnd):
                self._part.finish()  # type: ignore[union-attr] # a part has started
                self._part = None
            elif isinstance(event, Preamble):
                self._preamble.receive(event.data)
            elif isinstance(event, Epilogue):
                self._epilogue.receive(event.data)
            elif isinstance(event, Closed):
                self._started = True
                self._write(b"\r\n--" + self._boundary + b"--\r\n")


class _Surroundings:
    """A preamble or an epilogue: kept if it is short and safe, else left out, since nobody is shown it (RFC 2046 section 5.1.1)."""

    __slots__ = ("_kept", "_shared")

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._kept: bytearray | None = bytearray()

    def receive(self, data: Buffer) -> None:
        if self._kept is not None:
            if len(self._kept) + len(data) > WINDOW:
                self._kept = None
                self._shared.changed = True
            else:
                self._kept += data

    def safe(self) -> bytes:
        kept = bytes(self._kept or b"")
        if kept and text_hazards(kept):
            self._shared.changed = True
            return b""
        return kept


class _Leaf:
    __slots__ = ("_base64", "_block", "_encoder", "_held", "_ready", "_shared", "_size", "_tail", "_write")

    def __init__(self, shared: _Shared, write: Write, block: HeaderBlock) -> None:
        self._shared = shared
        self._write = write
        self._block = block
        self._held: list[Buffer] = []
        self._size = 0
        self._ready = False
        self._base64 = False
        self._encoder: Any = None
        self._tail = b""

    def receive(self, data: Buffer) -> None:
        if self._ready:
            self._encode(data)
            return
        window = self._shared.window
        self._size += len(data)
        if window is None:
            self._held.append(data)
            return
        self._held.append(bytes(data))
        if self._size > window:
            self._choose(b"".join(self._held))

    def finish(self) -> None:
        if not self._ready:
            body = self._held[0] if len(self._held) == 1 else b"".join(self._held)
            if not text_hazards(body):
                self._write(self._block.raw)
                self._write(body)
                return
            self._choose(body)
        written = self._tail + self._encoder.finalize()
        # the last line end of base64 is not part of what it encodes, and the boundary brings its own
        self._write(written.removesuffix(b"\r\n") if self._base64 else written)

    def _choose(self, body: Buffer) -> None:
        """Choose the encoding by the part's beginning, write the header, and encode what was held."""
        from smime.transforms import base64, lines, quoted_printable  # noqa: PLC0415 # only who needs it pays for it

        self._shared.changed = True
        fields = self._block.fields
        declared = fields.content_transfer_encoding()
        sample = bytes(memoryview(body)[:WINDOW])
        probe = sample[:4096]
        dense = len(probe) > 64 and len(probe.translate(None, _ASCII)) * 6 > len(probe)  # then base64 is shorter, and nobody reads either
        text = fields.content_type().type == "text" and declared != "binary" and b"\0" not in sample and not dense
        label = b"" if fields.count("content-type") else _label(sample)
        self._write(with_encoding(fields, "quoted-printable" if text else "base64", label))
        self._base64 = not text
        if text:
            self._encoder = _Chain(lines.CanonicalLines(), quoted_printable.Encoder())
        elif declared == "binary":
            self._encoder = base64.Encoder()
        else:
            self._encoder = _Chain(lines.CanonicalLines(), base64.Encoder())
        self._ready = True
        self._held = []
        self._encode(body)

    def _encode(self, data: Buffer) -> None:
        written = self._encoder.update(data)
        if self._base64:
            written = self._tail + written
            self._tail = written[-2:]
            written = written[:-2]
        self._write(written)


class _Chain:
    """Canonical lines, then an encoding."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Any, second: Any) -> None:
        self._first = first
        self._second = second

    def update(self, data: Buffer) -> bytes:
        written: bytes = self._second.update(self._first.update(data))
        return written

    def finalize(self) -> bytes:
        written: bytes = self._second.update(self._first.finalize()) + self._second.finalize()
        return written


def with_encoding(fields: HeaderFields, encoding: str, label: bytes = b"") -> bytes:
    """Return a header block with this Content-Transfer-Encoding in place of the one it has; with the field `label` at its start."""
    pieces = [label]
    line = f"Content-Transfer-Encoding: {encoding}\r\n".encode("ascii")
    for name, octets in fields.raw_fields():
        if name.lower() != b"content-transfer-encoding":
            pieces.append(octets if octets.endswith(b"\n") else octets + b"\r\n")
        elif line:
            pieces.append(line)
            line = b""
    pieces.append(line)
    pieces.append(fields.data[fields.end : fields.body_start] or b"\r\n")
    return b"".join(pieces)


def _label(sample: bytes) -> bytes:
    """Return a Content-Type for text that has none."""
    from smime.mime.charsets import describe_text  # noqa: PLC0415 # the writer imports this module

    charset, _ = describe_text(sample)
    return f"Content-Type: text/plain; charset={charset}\r\n".encode("ascii")
