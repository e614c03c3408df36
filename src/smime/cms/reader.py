"""The one reader of CMS: octets in, in pieces of any size, events out (RFC 5652 and companions). Without I/O.

For every content type there is a head event, any number of `Content` events, and a tail event::

    reader = CMSReader()
    for chunk in chunks:
        for event in reader.receive(chunk):
            ...
    for event in reader.finish():
        ...

Heads and tails are held in memory, at most `Limits.structure_size` octets of them; content is handed out as it arrives. BER is read
everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from smime._kernels import der
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.ber import Chunk, Steps, StructureReader
from smime.asn1.der import OCTET_STRING, OID, SEQUENCE, SET, context, parse, tag_name
from smime.cms import family
from smime.cms.auth_enveloped_data import AuthEnvelopedDataHead, AuthEnvelopedDataTail
from smime.cms.authenticated_data import AuthenticatedDataHead, AuthenticatedDataTail
from smime.cms.compressed_data import CompressedDataHead, CompressedDataTail
from smime.cms.content_info import (
    AUTH_ENVELOPED_DATA,
    AUTHENTICATED_DATA,
    COMPRESSED_DATA,
    DATA,
    DIGESTED_DATA,
    ENCRYPTED_DATA,
    ENVELOPED_DATA,
    SIGNED_DATA,
    Content,
    DataHead,
    DataTail,
    Event,
    TrailingData,
    parse_version,
    relocate,
)
from smime.cms.digested_data import DigestedDataHead, DigestedDataTail
from smime.cms.encrypted_data import EncryptedDataHead, EncryptedDataTail
from smime.cms.enveloped_data import EnvelopedDataHead, EnvelopedDataTail, OriginatorInfo
from smime.cms.recipient_info import RecipientInfo, read_recipient_infos
from smime.cms.short import WHOLE, read_digest_algorithms
from smime.cms.signed_data import SignedDataHead, SignedDataTail
from smime.errors import ParseError, SMIMEError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "AuthEnvelopedDataHead",
    "AuthEnvelopedDataTail",
    "AuthenticatedDataHead",
    "AuthenticatedDataTail",
    "CMSReader",
    "CompressedDataHead",
    "CompressedDataTail",
    "Content",
    "DataHead",
    "DataTail",
    "DigestedDataHead",
    "DigestedDataTail",
    "EncryptedDataHead",
    "EncryptedDataTail",
    "EnvelopedDataHead",
    "EnvelopedDataTail",
    "Event",
    "SignedDataHead",
    "SignedDataTail",
    "TrailingData",
    "read",
]

_T = TypeVar("_T")
_FLAT = 1 << 18  # octets: more at once is read step by step
_PADDING = b"\x00\t\n\r "


class CMSReader:
    """Reads one ContentInfo.

    Args:
        limits: bounds on what is held in memory and on counts.
        pkcs7_content: also read SignedData and DigestedData whose content is, as in PKCS #7 version 1.5, any element instead of an OCTET
            STRING; what is handed out are its content octets, which is what was digested (RFC 5652 section 5.2.1).

    Attributes:
        pkcs7_content_found: there was such content.
    """

    __slots__ = (
        "_ended",
        "_events",
        "_failure",
        "_finished",
        "_limits",
        "_octets",
        "_parser",
        "_pkcs7",
        "_received",
        "_trailing",
        "_trailing_padding",
        "pkcs7_content_found",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, pkcs7_content: bool = False) -> None:
        self._limits = limits
        self._pkcs7 = pkcs7_content
        self.pkcs7_content_found = False
        self._events: list[Event] = []
        self._failure: SMIMEError | None = None
        self._received = 0
        self._trailing = 0
        self._trailing_padding = True
        self._finished = False
        self._octets: StructureReader
        self._parser: Steps[None] | None = None  # until it is needed, and when it has ended
        self._ended = False

    def receive(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Take some octets, and return what they bring.

        Raises:
            ParseError: layer ``"cms"`` or ``"ber"``, with the offset from the start of the stream.
            LimitExceeded: see `Limits`.
            UnsupportedError: the content type is unknown.

        An error is final: whatever is given afterwards raises it again. `before_failure` has the events of the same call.
        """
        if self._failure is not None:
            raise self._failure
        n = len(data)
        if not n:
            return []
        if not self._received:
            self._received = n
            if n <= _FLAT:
                events = self._whole(data if isinstance(data, bytes) else bytes(data))
                if events is not None:
                    return events
            self._octets = StructureReader(self._limits)
            self._parser = self._content_info()
            next(self._parser)
        else:
            self._received += n
        if self._parser is None:
            self._trail(data)
            return []
        try:
            self._parser.send(data if isinstance(data, bytes) else memoryview(data).cast("B"))
        except StopIteration:
            self._parser = None
            self._ended = True
            self._trail(self._octets.leftover())
        except SMIMEError as error:
            self._fail(error)
            raise
        events = self._events[:]
        self._events.clear()  # not replaced: a suspended parser may hold its append
        return events

    def before_failure(self) -> list[Event]:
        """Return, once, what the octets brought in front of the place where they failed."""
        events = self._events[:]
        self._events.clear()
        return events

    @property
    def started(self) -> bool:
        """Some octets have been received."""
        return self._received > 0

    def finish(self) -> list[Event]:
        """Say that there is nothing more, and return what that brings: `TrailingData`, if there was any.

        Raises:
            ParseError: the input ended too soon.
        """
        if self._failure is not None:
            raise self._failure
        if not self._ended:
            error = ParseError("cms", "truncated: the input ends inside the structure" if self._received else "no input", self._received)
            self._fail(error)
            raise error
        if self._finished or not self._trailing:
            return []
        self._finished = True
        return [TrailingData(self._trailing, padding=self._trailing_padding)]

    def _fail(self, error: SMIMEError) -> None:
        self._failure = error
        self._parser = None

    def _trail(self, data: bytes | bytearray | memoryview) -> None:
        if len(data):
            self._trailing += len(data)
            if self._trailing_padding:
                self._trailing_padding = not bytes(data).strip(_PADDING)

    def _emit_content(self, data: Chunk) -> None:
        self._events.append(Content(data))

    # -- a whole message at once --

    def _whole(self, data: bytes) -> list[Event] | None:
        """Return all events of a ContentInfo that `data` holds whole, by one index of it; None: read it step by step.

        This is the way of ordinary mail. Whatever is out of the ordinary, faults included, is left to the grammar below, which is the one
        that says what is right: both give the same events.
        """
        n = len(data)
        limits = self._limits
        if n > limits.structure_size:
            return None
        known = family.look_up(data, limits)
        if known is not None:
            self._ended = True
            return [*known]
        try:
            index, end, _ = der.index(data, 0, n, limits.asn1_depth, limits.asn1_elements, 5, False)
            # ContentInfo, its OID, [0], and the one SEQUENCE in it
            stop = len(index)
            if (
                stop < 30
                or index[0] != 0x30
                or index[6] != 0x06
                or index[12] != 0xA0
                or index[17] != stop
                or index[18] != 0x30
                or index[23] != stop
            ):
                return None
            read = WHOLE.get(data[index[8] : index[9]])
            if read is None:
                return None
            events = read(data, index, stop, limits)
        except (SMIMEError, IndexError):
            return None
        if events is not None:
            self._ended = True
            if end < n:
                self._trail(data[end:])
            elif len(events) == 2 and type(events[0]) is SignedDataHead and type(events[1]) is SignedDataTail:
                family.remember(data, events[0], events[1], limits)
        return events

    # -- the grammar: each method reads one type, and is suspended wherever octets are missing --

    def _content_info(self) -> Steps[None]:
        octets = self._octets
        yield from octets.drain()
        yield from octets.open(SEQUENCE)
        content_type = yield from self._oid()
        read = _TYPES.get(content_type)
        if read is None:
            raise UnsupportedError("content type", content_type)
        if (yield from octets.peek()) is None:
            raise octets.error("ContentInfo has no content")
        yield from octets.open(context(0))
        yield from read(self)
        yield from octets.close()
        yield from octets.close()

    def _data(self) -> Steps[None]:
        self._events.append(DataHead())
        yield from self._octet_string(OCTET_STRING)
        self._events.append(DataTail())

    def _signed_data(self) -> Steps[None]:
        octets = self._octets
        yield from octets.open(SEQUENCE)
        version = yield from self._read_version()
        start = octets.position
        raw = yield from octets.element(SET)
        digest_algorithms = _at(start, read_digest_algorithms, raw, self._limits)
        content_type, has_content = yield from self._open_encapsulated()
        self._events.append(SignedDataHead(version, digest_algorithms, content_type, has_content=has_content))
        yield from self._encapsulated(has_content)
        start = octets.position
        self._events.append(_at(start, SignedDataTail.from_octets, (yield from octets.rest()), self._limits))

    def _enveloped_data(self) -> Steps[None]:
        yield from self._octets.open(SEQUENCE)
        version = yield from self._read_version()
        originator_info, recipient_infos = yield from self._recipients()
        content_type, algorithm, has_content = yield from self._open_encrypted()
        self._events.append(EnvelopedDataHead(version, originator_info, recipient_infos, content_type, algorithm, has_content=has_content))
        yield from self._encrypted(has_content)
        start = self._octets.position
        self._events.append(_at(start, EnvelopedDataTail.from_octets, (yield from self._octets.rest()), self._limits))

    def _auth_enveloped_data(self) -> Steps[None]:
        yield from self._octets.open(SEQUENCE)
        version = yield from self._read_version()
        originator_info, recipient_infos = yield from self._recipients()
        content_type, algorithm, has_content = yield from self._open_encrypted()
        self._events.append(
            AuthEnvelopedDataHead(version, originator_info, recipient_infos, content_type, algorithm, has_content=has_content)
        )
        yield from self._encrypted(has_content)
        start = self._octets.position
        self._events.append(_at(start, AuthEnvelopedDataTail.from_octets, (yield from self._octets.rest()), self._limits))

    def _encrypted_data(self) -> Steps[None]:
        yield from self._octets.open(SEQUENCE)
        version = yield from self._read_version()
        content_type, algorithm, has_content = yield from self._open_encrypted()
        self._events.append(EncryptedDataHead(version, content_type, algorithm, has_content=has_content))
        yield from self._encrypted(has_content)
        start = self._octets.position
        self._events.append(_at(start, EncryptedDataTail.from_octets, (yield from self._octets.rest()), self._limits))

    def _compressed_data(self) -> Steps[None]:
        octets = self._octets
        yield from octets.open(SEQUENCE)
        version = yield from self._read_version()
        algorithm = yield from self._algorithm()
        content_type, has_content = yield from self._open_encapsulated()
        self._events.append(CompressedDataHead(version, algorithm, content_type, has_content=has_content))
        yield from self._encapsulated(has_content, any_type=False)
        yield from octets.close()
        self._events.append(CompressedDataTail())

    def _digested_data(self) -> Steps[None]:
        octets = self._octets
        yield from octets.open(SEQUENCE)
        version = yield from self._read_version()
        algorithm = yield from self._algorithm()
        content_type, has_content = yield from self._open_encapsulated()
        self._events.append(DigestedDataHead(version, algorithm, content_type, has_content=has_content))
        yield from self._encapsulated(has_content)
        start = octets.position
        self._events.append(_at(start, DigestedDataTail.from_octets, (yield from octets.rest()), self._limits))

    def _authenticated_data(self) -> Steps[None]:
        octets = self._octets
        yield from octets.open(SEQUENCE)
        version = yield from self._read_version()
        originator_info, recipient_infos = yield from self._recipients()
        mac_algorithm = yield from self._algorithm()
        digest_algorithm = None
        if (yield from octets.peek()) == context(1):
            digest_algorithm = yield from self._algorithm(context(1))
        content_type, has_content = yield from self._open_encapsulated()
        self._events.append(
            AuthenticatedDataHead(
                version, originator_info, recipient_infos, mac_algorithm, digest_algorithm, content_type, has_content=has_content
            )
        )
        yield from self._encapsulated(has_content, any_type=False)
        start = octets.position
        self._events.append(_at(start, AuthenticatedDataTail.from_octets, (yield from octets.rest()), self._limits))

    # -- parts --

    def _oid(self) -> Steps[str]:
        start = self._octets.position
        raw = yield from self._octets.element(OID)
        return _at(start, lambda octets, limits: parse(octets, limits=limits, layer="cms").as_oid(), raw, self._limits)

    def _read_version(self) -> Steps[int]:
        start = self._octets.position
        raw = yield from self._octets.element(0x02)
        return _at(start, lambda octets, limits: parse_version(octets), raw, self._limits)  # noqa: ARG005

    def _algorithm(self, tag: int = SEQUENCE) -> Steps[AlgorithmIdentifier]:
        start = self._octets.position
        raw = yield from self._octets.element(tag)
        return _at(
            start, lambda octets, limits: AlgorithmIdentifier.from_element(parse(octets, limits=limits, layer="cms")), raw, self._limits
        )

    def _recipients(self) -> Steps[tuple[OriginatorInfo | None, tuple[RecipientInfo, ...]]]:
        octets = self._octets
        originator_info = None
        if (yield from octets.peek()) == context(0):
            start = octets.position
            originator_info = _at(start, OriginatorInfo.from_raw, (yield from octets.element()), self._limits)
        start = octets.position
        return originator_info, _at(start, read_recipient_infos, (yield from octets.element(SET)), self._limits)

    def _open_encapsulated(self) -> Steps[tuple[str, bool]]:
        """Enter EncapsulatedContentInfo, and eContent if it is there."""
        octets = self._octets
        yield from octets.open(SEQUENCE)
        content_type = yield from self._oid()
        has_content = (yield from octets.peek()) is not None
        if has_content:
            yield from octets.open(context(0))
        return content_type, has_content

    def _encapsulated(self, has_content: bool, *, any_type: bool = True) -> Steps[None]:
        octets = self._octets
        if has_content:
            tag = yield from octets.peek()
            if tag is None:
                raise octets.error("eContent is empty where an OCTET STRING belongs")
            if tag & ~0x20 == OCTET_STRING:
                yield from self._octet_string(OCTET_STRING)
            elif self._pkcs7 and any_type:
                self.pkcs7_content_found = True
                start = octets.position
                raw = yield from octets.element()
                contents = _at(start, lambda data, limits: parse(data, limits=limits, layer="cms").raw_contents, raw, self._limits)
                if contents:
                    self._emit_content(contents)
            else:
                raise octets.error(f"the content is {tag_name(tag)}, not an OCTET STRING" + (" (PKCS #7 version 1.5)" if any_type else ""))
            yield from octets.close()
        yield from octets.close()

    def _open_encrypted(self) -> Steps[tuple[str, AlgorithmIdentifier, bool]]:
        """Enter EncryptedContentInfo, up to encryptedContent."""
        octets = self._octets
        yield from octets.open(SEQUENCE)
        content_type = yield from self._oid()
        algorithm = yield from self._algorithm()
        tag = yield from octets.peek()
        if tag is not None and tag & ~0x20 != context(0, constructed=False):
            raise octets.error(f"{tag_name(tag)} where encryptedContent belongs")
        return content_type, algorithm, tag is not None

    def _encrypted(self, has_content: bool) -> Steps[None]:
        if has_content:
            yield from self._octet_string(context(0, constructed=False))
        yield from self._octets.close()

    def _octet_string(self, tag: int) -> Steps[None]:
        found = yield from self._octets.peek()
        if found is None or found & ~0x20 != tag:
            raise self._octets.error(f"{'nothing' if found is None else tag_name(found)} where {tag_name(tag)} belongs")
        yield from self._octets.octets(tag, self._emit_content)


_TYPES: dict[str, Callable[[CMSReader], Steps[None]]] = {
    DATA: CMSReader._data,
    SIGNED_DATA: CMSReader._signed_data,
    ENVELOPED_DATA: CMSReader._enveloped_data,
    DIGESTED_DATA: CMSReader._digested_data,
    ENCRYPTED_DATA: CMSReader._encrypted_data,
    AUTHENTICATED_DATA: CMSReader._authenticated_data,
    COMPRESSED_DATA: CMSReader._compressed_data,
    AUTH_ENVELOPED_DATA: CMSReader._auth_enveloped_data,
}


def _at(start: int, read: Callable[..., _T], octets: bytes, limits: Limits) -> _T:
    """Call `read` with octets that were taken at an offset of the stream, from which its errors then count."""
    try:
        return read(octets, limits=limits)
    except ParseError as error:
        raise relocate(error, start, error.layer) from None


def read(data: bytes | bytearray | memoryview, limits: Limits = DEFAULT_LIMITS, *, pkcs7_content: bool = False) -> list[Event]:
    """Return all the events of one whole ContentInfo; errors as those of `CMSReader`."""
    reader = CMSReader(limits, pkcs7_content=pkcs7_content)
    return reader.receive(data) + reader.finish()
