"""ContentInfo and what every content type shares (RFC 5652 section 3).

::

    ContentInfo ::= SEQUENCE {
        contentType ContentType,
        content [0] EXPLICIT ANY DEFINED BY contentType }

    EncapsulatedContentInfo ::= SEQUENCE {
        eContentType ContentType,
        eContent [0] EXPLICIT OCTET STRING OPTIONAL }
"""

from __future__ import annotations

from collections.abc import Sequence

from smime.asn1 import writer
from smime.asn1.der import parse
from smime.errors import LimitExceeded, ParseError

__all__ = [
    "AUTHENTICATED_DATA",
    "AUTH_ENVELOPED_DATA",
    "COMPRESSED_DATA",
    "DATA",
    "DIGESTED_DATA",
    "ENCRYPTED_DATA",
    "ENVELOPED_DATA",
    "NAMES",
    "RECEIPT",
    "SIGNED_AND_ENVELOPED_DATA",
    "SIGNED_DATA",
    "TST_INFO",
    "Content",
    "DataHead",
    "DataTail",
    "TrailingData",
    "Writer",
    "build_content_info",
    "build_content_info_of",
    "build_encapsulated_content_info",
    "name_of",
    "parse_version",
]

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"
SIGNED_AND_ENVELOPED_DATA = "1.2.840.113549.1.7.4"
DIGESTED_DATA = "1.2.840.113549.1.7.5"
ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
RECEIPT = "1.2.840.113549.1.9.16.1.1"
AUTHENTICATED_DATA = "1.2.840.113549.1.9.16.1.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
COMPRESSED_DATA = "1.2.840.113549.1.9.16.1.9"
AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23"

NAMES = {
    DATA: "data",
    SIGNED_DATA: "signedData",
    ENVELOPED_DATA: "envelopedData",
    SIGNED_AND_ENVELOPED_DATA: "signedAndEnvelopedData",
    DIGESTED_DATA: "digestedData",
    ENCRYPTED_DATA: "encryptedData",
    RECEIPT: "receipt",
    AUTHENTICATED_DATA: "authData",
    TST_INFO: "TSTInfo",
    COMPRESSED_DATA: "compressedData",
    AUTH_ENVELOPED_DATA: "authEnvelopedData",
}

_Bytes = bytes | bytearray | memoryview


def name_of(oid: str) -> str:
    """Return the name of a content type, or its OID."""
    return NAMES.get(oid, oid)


class Event:
    """The base of what `smime.cms.reader.CMSReader` reports. Compared and shown by its fields."""

    __slots__: tuple[str, ...] = ()

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in type(self).__slots__)

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if type(other) is type(self) and isinstance(other, Event) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # content may be a buffer

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in type(self).__slots__)})"


class Content(Event):
    """Some content octets, in their order.

    Attributes:
        data: bytes, or a memoryview of what was given to `receive`, good until that buffer is used again.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data


class DataHead(Event):
    """A ContentInfo of type id-data begins: bare octets without protection (RFC 5652 section 4)."""

    __slots__ = ()


class DataTail(Event):
    """The content of the id-data ContentInfo has ended."""

    __slots__ = ()


class TrailingData(Event):
    """Octets follow the outermost element.

    Attributes:
        count: how many.
        padding: all of them are NUL, blanks or line ends, as mail gateways and block devices leave behind.
    """

    __slots__ = ("count", "padding")

    def __init__(self, count: int, *, padding: bool) -> None:
        self.count = count
        self.padding = padding


def relocate(error: ParseError, base: int, layer: str = "cms") -> ParseError:
    """Return the error of a part with the offset it has in the whole."""
    return ParseError(layer, error.reason, base + (error.offset or 0))


def check_count(name: str, count: int, maximum: int, offset: int | None = None) -> None:
    """Raise `LimitExceeded` if there are too many."""
    if count > maximum:
        raise LimitExceeded(name, maximum, offset)


# -- writing --


def build_content_info(content_type: str, content: _Bytes) -> bytes:
    """Return a ContentInfo around an encoded element."""
    return writer.sequence(writer.oid(content_type), writer.explicit(0, content))


def build_content_info_of(content_type: str, fields: Sequence[_Bytes]) -> bytes:
    """Return a ContentInfo around a SEQUENCE of encoded fields, which are copied once; a field may come in pieces."""
    size = sum(map(len, fields))
    inner = writer.header(0x30, size)
    size += len(inner)
    explicit = writer.header(0xA0, size)
    kind = writer.oid(content_type)
    return b"".join((writer.header(0x30, size + len(explicit) + len(kind)), kind, explicit, inner, *fields))


def build_encapsulated_content_info(content_type: str, content: _Bytes | None) -> bytes:
    """Return an EncapsulatedContentInfo; content None: eContent absent (detached)."""
    if content is None:
        return writer.sequence(writer.oid(content_type))
    return writer.sequence(writer.oid(content_type), writer.explicit(0, writer.octet_string(content)))


class Writer:
    """The base of the streaming writers: `head`, any number of `content`, `tail`, joined, are one ContentInfo.

    Without a content length, all lengths around the content are indefinite, and the content is a constructed OCTET STRING with one segment
    for each call of `content`: give it 16 KiB or more at a time. All else is DER. With a content length, everything is DER.

    Args:
        outer: the content type of the ContentInfo.
        content_type: of what is inside.
        detached: the content is elsewhere.
        content_length: how many octets of content there will be; None: that is not known yet.
    """

    __slots__ = ("_content_type", "_detached", "_left", "_type")

    def __init__(self, outer: str, content_type: str, *, detached: bool = False, content_length: int | None = None) -> None:
        self._type = outer
        self._content_type = content_type
        self._detached = detached
        self._left = 0 if detached and content_length is not None else content_length

    def _head(self, before: bytes, between: bytes = b"", *, implicit: bool = False, tail_length: int = 0) -> bytes:
        """Return all that stands before the first octet of content.

        Args:
            before: the fields before EncapsulatedContentInfo or EncryptedContentInfo.
            between: what stands there between content type and content.
            implicit: the content is ``[0] IMPLICIT`` instead of ``[0] EXPLICIT``.
            tail_length: octets of the fields behind, needed with a content length.
        """
        inner = writer.oid(self._content_type) + between
        outer = writer.oid(self._type)
        length = self._left
        if length is None:
            opened = b"" if self._detached else b"\xa0\x80" if implicit else b"\xa0\x80\x24\x80"
            return b"\x30\x80" + outer + b"\xa0\x80\x30\x80" + before + b"\x30\x80" + inner + opened
        if not self._detached:
            header = writer.header(0x80 if implicit else 0x04, length)
            inner += header if implicit else writer.header(0xA0, len(header) + length) + header
        head = before + writer.header(0x30, len(inner) + length) + inner
        for tag, prefix in ((0x30, b""), (0xA0, b""), (0x30, outer)):
            head = prefix + head
            head = writer.header(tag, len(head) + length + tail_length) + head
        return head

    def content(self, data: _Bytes) -> bytes:
        """Return what these octets of content become: themselves or a segment. Empty data gives nothing.

        Raises:
            ValueError: the content is detached, or more than was announced.
        """
        return b"".join(self.pieces(data))

    def pieces(self, data: _Bytes) -> tuple[_Bytes, ...]:
        """Return the same as `content` in pieces, the data itself uncopied among them."""
        if self._detached:
            raise ValueError("detached: the content is elsewhere")
        size = len(data)
        if not size:
            return ()
        if self._left is None:
            return writer.header(0x04, size), data
        if size > self._left:
            raise ValueError("more content than announced")
        self._left -= size
        return (data,)

    def _tail(self, fields: bytes, *, implicit: bool = False, tail_length: int | None = None) -> bytes:
        """Return all that stands behind the last octet of content; the arguments are those of `_head`.

        Raises:
            ValueError: there was less content than announced, or the fields have another length.
        """
        if self._left is None:
            levels = 1 if self._detached else 2 if implicit else 3
            return writer.END_OF_CONTENTS * levels + fields + writer.END_OF_CONTENTS * 3
        if self._left or (tail_length is not None and len(fields) != tail_length):
            raise ValueError("content or tail is not as long as announced")
        return fields


def parse_version(raw: bytes) -> int:
    """Return the value of a CMSVersion: an INTEGER of a few octets."""
    if len(raw) == 3 and raw[2] < 0x80:
        return raw[2]
    element = parse(raw, layer="cms").expect(0x02)
    if element.end - element.header_end > 8:
        raise element.error("a version number beyond all reason")
    return element.as_integer()
