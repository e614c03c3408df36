"""What every writing operation shares: taking a mail apart into what stays outside and the entity to protect, and the armor around CMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

from smime.limits import Limits
from smime.mime.entity import Body, EntityReader, HeaderBlock
from smime.mime.writer import has_header, pkcs7_mime_header, split_message, write_fields
from smime.operations.spool import Buffer
from smime.transforms import base64
from smime.transforms.lines import CanonicalLines

if TYPE_CHECKING:
    from smime.mime.writer import RawField

__all__ = ["Armor", "CMSObject", "Encoding", "Entity", "Producer", "armor", "check_encoding"]

Encoding = Literal["smime", "der", "pem"]

WHOLE = 1 << 17
"""Content up to this many octets is written with definite lengths, in DER; what is longer streams with indefinite lengths."""

_SEGMENT = 1 << 15
_HEADLESS = 1 << 16


def check_encoding(encoding: str) -> None:
    """Refuse what is not an encoding; ValueError."""
    if encoding not in {"smime", "der", "pem"}:
        raise ValueError(f'encoding is "smime", "der" or "pem", not {encoding!r}')


class Entity:
    """Takes a mail in pieces and gives the header fields that stay outside, once, and the entity to protect (RFC 8551 section 3.1).

    Args:
        limits: for the header block.
        outer: takes the fields that stay outside.
        inner: takes the octets of the entity, not yet canonical.
    """

    __slots__ = ("_inner", "_limits", "_outer", "_reader", "_start")

    def __init__(self, limits: Limits, outer: Callable[[list[RawField]], object], inner: Callable[[Buffer], object]) -> None:
        self._limits = limits
        self._outer = outer
        self._inner = inner
        self._reader: EntityReader | None = None
        self._start: bytes | None = b""

    def update(self, data: Buffer, /) -> None:
        """Take octets of the mail."""
        if self._start is not None:
            start = self._start + data if self._start else bytes(data)
            header = has_header(start)
            if header is None or (not header and len(start) < _HEADLESS):
                self._start = start  # not known yet; or no header block: the more of the text is seen, the better its character set is told
                return
            self._begin(start, header)
            return
        self._feed(data)

    def _begin(self, start: bytes, header: bool) -> None:
        self._start = None
        if header:
            self._reader = EntityReader(self._limits)
            self._feed(start)
        else:
            outer, entity = split_message(start, self._limits)
            self._outer(outer)
            self._inner(entity)

    def _feed(self, data: Buffer) -> None:
        if self._reader is None:
            self._inner(data)
            return
        for event in self._reader.receive(data):
            self._event(event)

    def _event(self, event: object) -> None:
        if type(event) is Body:
            self._inner(event.data)
        elif type(event) is HeaderBlock:
            outer, entity = split_message(event.raw, self._limits)
            self._outer(outer)
            self._inner(entity)

    def finalize(self) -> None:
        """The mail is complete."""
        if self._start is not None:
            self._begin(self._start, has_header(self._start) or False)
        if self._reader is not None:
            for event in self._reader.finish():
                self._event(event)


class Armor(Protocol):
    """What stands around the octets of a CMS object."""

    def head(self, outer: bytes, smime_type: str) -> bytes:
        """Return what stands before them."""

    def update(self, data: Buffer, /) -> bytes:
        """Take octets, return them in armor."""

    def finalize(self) -> bytes:
        """Return what stands behind them."""


class _MIME:
    def __init__(self) -> None:
        self._encoder = base64.Encoder()
        self.update = self._encoder.update
        self.finalize = self._encoder.finalize

    def head(self, outer: bytes, smime_type: str) -> bytes:
        return outer + pkcs7_mime_header(smime_type)


class _PEM:
    def __init__(self) -> None:
        self._encoder = base64.Encoder(line_length=64)
        self.update = self._encoder.update

    def head(self, outer: bytes, smime_type: str) -> bytes:  # noqa: ARG002 - as for MIME
        return b"-----BEGIN CMS-----\r\n"

    def finalize(self) -> bytes:
        return self._encoder.finalize() + b"-----END CMS-----\r\n"


class _DER:
    def head(self, outer: bytes, smime_type: str) -> bytes:  # noqa: ARG002 - as for MIME
        return b""

    def update(self, data: Buffer, /) -> bytes:
        return bytes(data)

    def finalize(self) -> bytes:
        return b""


def armor(encoding: Encoding) -> Armor:
    """Return the armor for an encoding."""
    kinds: dict[str, type[_MIME | _PEM | _DER]] = {"smime": _MIME, "der": _DER, "pem": _PEM}
    return kinds[encoding]()


class CMSObject(Protocol):
    """A CMS object written around content: at once if the content is short, else as it comes."""

    @property
    def smime_type(self) -> str:
        """The smime-type parameter (RFC 8551 section 3.2.2)."""

    def whole(self, content: bytes) -> bytes:
        """Return the whole object, in DER."""

    def head(self) -> bytes:
        """Return what stands before the content."""

    def content(self, data: Buffer, /) -> bytes:
        """Return content octets as they stand in the object."""

    def tail(self) -> bytes:
        """Return what stands behind the content."""


class Producer:
    """Makes an application/pkcs7-mime, or a bare CMS object, of a message of any size: `update(data)`, then `finalize()`.

    Args:
        make: gives the CMS object to write.
        encoding: of the result.
        limits: for the header block.
    """

    def __init__(self, make: CMSObject, encoding: Encoding, limits: Limits) -> None:
        check_encoding(encoding)
        self._object = make
        self._armor = armor(encoding)
        self._out: list[bytes] = []
        self._outer = b""
        self._waiting: list[bytes] = []
        self._size = 0
        self._streaming = False
        self._entity: Entity | None = None
        self._lines: CanonicalLines | None = None
        if encoding == "smime":
            self._lines = CanonicalLines()
            self._entity = Entity(limits, self._fields, self._text)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message; return octets of the result."""
        if self._entity is not None:
            self._entity.update(data)
        else:
            self._content(data)
        return self._take()

    def finalize(self) -> bytes:
        """Say that the message is complete; return the last octets of the result."""
        if self._entity is not None:
            self._entity.finalize()
        if self._lines is not None:
            rest = self._lines.finalize()
            if rest:
                self._content(rest)
        write = self._out.append
        if self._streaming:
            if self._size:
                self._segment()
            write(self._armor.update(self._object.tail()))
        else:
            der = self._object.whole(b"".join(self._waiting))
            write(self._armor.head(self._outer, self._object.smime_type))
            write(self._armor.update(der))
        write(self._armor.finalize())
        return self._take()

    def _take(self) -> bytes:
        out = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return out

    def _fields(self, fields: list[RawField]) -> None:
        self._outer = write_fields(fields)

    def _text(self, data: Buffer) -> None:
        assert self._lines is not None  # noqa: S101 - only a mail is canonicalised
        lines = self._lines.update(data)
        if len(lines):
            self._content(lines)

    def _content(self, data: Buffer) -> None:
        self._waiting.append(data if type(data) is bytes else bytes(data))
        self._size += len(data)
        if not self._streaming:
            if self._size <= WHOLE:
                return
            self._streaming = True
            self._out.append(self._armor.head(self._outer, self._object.smime_type))
            self._out.append(self._armor.update(self._object.head()))
        if self._size >= _SEGMENT:
            self._segment()

    def _segment(self) -> None:
        content = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._out.append(self._armor.update(self._object.content(content)))
