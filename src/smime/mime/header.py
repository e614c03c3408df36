"""Header blocks as offsets into the received octets (RFC 5322 section 2.2, RFC 6532), and encoded-words (RFC 2047)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smime._kernels import header
from smime.errors import LimitExceeded
from smime.limits import DEFAULT_LIMITS
from smime.mime import charsets
from smime.mime.encoded_words import decode_words
from smime.mime.parameters import MESSAGE, TEXT_PLAIN, ContentType, Disposition, parse_content_type, parse_disposition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smime.limits import Limits

__all__ = ["ContentType", "Disposition", "HeaderFields", "decode_words", "unfold"]

_WIDTH = header.FIELD_WIDTH
_KNOWN = {name.decode("ascii"): number for number, name in enumerate(header.KNOWN_FIELDS) if name}
_CONTENT_TRANSFER_ENCODING = _KNOWN["content-transfer-encoding"]
_CONTENT_DISPOSITION = _KNOWN["content-disposition"]
_BLANKS_AND_COMMENT = re.compile(r"[\s(;]")
_ENCODINGS = frozenset({"7bit", "8bit", "binary", "quoted-printable", "base64"})
_ORDINARY_CONTENT = (b" text/", b" multipart/", b" image/")
_PLAIN_ENCODINGS = {f" {name}".encode("ascii"): name for name in _ENCODINGS}


class HeaderFields:
    """The fields of one header block. Offsets count from the start of the buffer the block was parsed from.

    Attributes:
        data: the buffer.
        start: where the block starts.
        end: where its last line ends; the empty line, if there is one, starts here.
        body_start: where the line after the empty line starts; equal to `end` if there is no empty line.
    """

    __slots__ = (
        "_content_type",
        "_ids",
        "_index",
        "_stray_cr",
        "_twice",
        "_type_end",
        "_type_start",
        "body_start",
        "data",
        "end",
        "start",
    )

    def __init__(self, data: bytes, start: int, end: int, body_start: int, type_start: int, type_end: int) -> None:
        """Take what the scan kernel said of the block ``data[start:end]``: where its body and the value of its Content-Type are."""
        self.data = data
        self.start = start
        self.end = end
        self.body_start = body_start
        self._type_start = type_start
        self._type_end = type_end
        self._index: list[int] | None = None
        self._ids: list[int] | None = None
        self._content_type: ContentType | None = None
        self._twice: tuple[str, ...] | None = None
        self._stray_cr: bool | None = None

    @classmethod
    def of_index(cls, data: bytes, start: int, index: tuple[list[int], int, int, int]) -> HeaderFields:
        """Take what `header.index_header` said of a block that starts at `start`."""
        records, end, body_start, first = index
        if first >= 0:
            fields = cls(data, start, end, body_start, records[first + 2], records[first + 3])
        else:
            fields = cls(data, start, end, body_start, -1, -1)
        fields._index = records
        fields._ids = records[4::_WIDTH]
        return fields

    @property
    def complete(self) -> bool:
        """There is an empty line."""
        return self.body_start > self.end

    @property
    def _records(self) -> list[int]:
        index = self._index
        if index is None:
            index = self._index = header.index_header(self.data, self.start, self.end, self.end - self.start)[0]
        return index

    @property
    def _identifiers(self) -> list[int]:
        if self._ids is None:
            self._ids = self._records[4::_WIDTH]
        return self._ids

    @classmethod
    def parse(
        cls,
        data: bytes | bytearray | memoryview,
        start: int = 0,
        end: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> HeaderFields:
        """Index the header block that begins at `start` and goes to the first empty line, or to `end`.

        An envelope line of a mailbox (``From ``) at the very start is not a field and not a defect.

        Raises:
            LimitExceeded: the block is larger than `Limits.header_size` or has more than `Limits.header_fields` fields.
        """
        buffer = data if isinstance(data, bytes) else bytes(data)
        end = len(buffer) if end is None else end
        window = min(end, start + limits.header_size + 2)
        index = header.index_header(buffer, start, window, limits.header_fields)
        if len(index[0]) > limits.header_fields * _WIDTH:
            raise LimitExceeded("header_fields", limits.header_fields, index[0][-_WIDTH])
        if index[1] - start > limits.header_size:
            raise LimitExceeded("header_size", limits.header_size, start + limits.header_size)
        return cls.of_index(buffer, start, index)

    @property
    def defects(self) -> tuple[int, ...]:
        """Offsets of lines that are neither a field nor the continuation of one."""
        malformed = header.MALFORMED_FIELD
        if malformed not in (self._ids or self._identifiers):
            return ()
        return tuple(self._records[i * _WIDTH] for i, identifier in enumerate(self._identifiers) if identifier == malformed)

    def __len__(self) -> int:
        identifiers = self._identifiers
        return len(identifiers) - identifiers.count(header.MALFORMED_FIELD) - identifiers.count(header.ENVELOPE_FIELD)

    def __bool__(self) -> bool:
        identifiers = self._ids or self._identifiers
        return bool(identifiers) and (identifiers[0] >= 0 or len(self) > 0)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield name and raw value (folding included, without the last line end) of each field, in the order received."""
        data, records = self.data, self._records
        for i in range(0, len(records), _WIDTH):
            if records[i + 4] >= 0:
                yield data[records[i] : records[i + 1]], data[records[i + 2] : records[i + 3]]

    def __contains__(self, name: str) -> bool:
        return next(self._positions(name), -1) >= 0

    def __repr__(self) -> str:
        return f"HeaderFields({self.start}:{self.end}, {len(self)} fields)"

    def _positions(self, name: str) -> Iterator[int]:
        """Yield where in the records the fields of this name are."""
        lowered = name.lower()
        known = _KNOWN.get(lowered)
        identifiers = self._identifiers
        if known is not None:
            at = -1
            try:
                while True:
                    at = identifiers.index(known, at + 1)
                    yield at * _WIDTH
            except ValueError:
                return
        wanted = lowered.encode("utf-8", "replace")
        size = len(wanted)
        data, records = self.data, self._records
        for number, identifier in enumerate(identifiers):
            if identifier == 0:
                at = number * _WIDTH
                start = records[at]
                if records[at + 1] - start == size and data[start : start + size].lower() == wanted:
                    yield at

    @property
    def raw(self) -> bytes:
        """The octets of the block without the empty line."""
        return self.data[self.start : self.end]

    @property
    def envelope(self) -> bytes | None:
        """The mailbox's envelope line (``From …``) at the start, without its line end, or None."""
        records = self._records
        if records and records[4] == header.ENVELOPE_FIELD:
            return self.data[records[2] : records[3]]
        return None

    def count(self, name: str) -> int:
        """Return how often the field stands."""
        known = _KNOWN.get(name.lower())
        if known is not None:
            return self._identifiers.count(known)
        return sum(1 for _ in self._positions(name))

    def get_raw(self, name: str) -> bytes | None:
        """Return the raw value of the first field of this name: everything after the colon, folding included, without the last line end."""
        for at in self._positions(name):
            return self.data[self._records[at + 2] : self._records[at + 3]]
        return None

    def get_all_raw(self, name: str) -> list[bytes]:
        """Return the raw values of all fields of this name."""
        known = _KNOWN.get(name)
        if known is not None:
            identifiers = self._ids or self._identifiers
            count = identifiers.count(known)
            if count == 0:
                return []
            if count == 1:  # as nearly always
                records, at = self._index or self._records, identifiers.index(known) * _WIDTH
                return [self.data[records[at + 2] : records[at + 3]]]
        return [self.data[self._records[at + 2] : self._records[at + 3]] for at in self._positions(name)]

    def get(self, name: str) -> str | None:
        """Return the value of the first field of this name: unfolded, stripped, encoded-words as they are; None if there is none."""
        value = self.get_raw(name)
        return None if value is None else charsets.lenient(unfold(value))

    def get_all(self, name: str) -> list[str]:
        """Return the values of all fields of this name, as `get` does."""
        return [charsets.lenient(unfold(value)) for value in self.get_all_raw(name)]

    def raw_fields(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the name and the octets of each whole field, from its name to its last line end; lines that are no field have no name."""
        data, records = self.data, self._records
        for i in range(0, len(records), _WIDTH):
            start = records[i]
            stop = records[i + _WIDTH] if i + _WIDTH < len(records) else self.end
            yield data[start : records[i + 1]], data[start:stop]

    @property
    def is_ordinary_content(self) -> bool:
        """At first sight it is a text, an image or a multipart; whatever the rest of the Content-Type is, it is nothing else."""
        start = self._type_start
        return start < 0 or self.data[start : min(start + 11, self._type_end)].lower().startswith(_ORDINARY_CONTENT)

    def content_type(self, *, in_digest: bool = False) -> ContentType:
        """Return the first Content-Type; the default of RFC 2045 section 5.2 (or of multipart/digest) if there is none."""
        found = self._content_type
        if found is None:
            start = self._type_start
            if start < 0:
                return MESSAGE if in_digest else TEXT_PLAIN
            found = self._content_type = parse_content_type(self.data[start : self._type_end])
        return found

    def content_transfer_encoding(self) -> str:
        """Return the first Content-Transfer-Encoding in lower case; ``"7bit"`` if there is none. Values that are not known stay."""
        try:
            at = (self._ids or self._identifiers).index(_CONTENT_TRANSFER_ENCODING) * _WIDTH
        except ValueError:
            return "7bit"
        records = self._index or self._records
        octets = self.data[records[at + 2] : records[at + 3]]
        plain = _PLAIN_ENCODINGS.get(octets)
        if plain is not None:
            return plain
        value = charsets.lenient(unfold(octets)).lower()
        if value in _ENCODINGS:
            return value
        if value.startswith("("):
            value = value.partition(")")[2].strip()
        return _BLANKS_AND_COMMENT.split(value, maxsplit=1)[0].strip('"') or "7bit"

    def content_disposition(self) -> Disposition | None:
        """Return the first Content-Disposition, or None."""
        try:
            at = self._identifiers.index(_CONTENT_DISPOSITION) * _WIDTH
        except ValueError:
            return None
        records = self._records
        return parse_disposition(self.data[records[at + 2] : records[at + 3]])

    def duplicates(self) -> tuple[str, ...]:
        """Return which of the fields that may stand only once stand more often (RFC 5322 section 3.6, RFC 2045), in lower case."""
        twice = self._twice
        if twice is None:
            identifiers = self._ids or self._identifiers
            if len(set(identifiers)) == len(identifiers):
                twice = ()
            else:
                twice = tuple([name for name, number in _KNOWN.items() if name != "content-length" and identifiers.count(number) > 1])
            self._twice = twice
        return twice

    @property
    def has_stray_cr(self) -> bool:
        """A CR stands in the block that has no LF after it."""
        stray = self._stray_cr
        if stray is None:
            data, start, end = self.data, self.start, self.end
            stray = self._stray_cr = data.count(b"\r", start, end) != data.count(b"\r\n", start, end)
        return stray

    def may_hold(self, name: bytes) -> bool:
        """Tell, without an index, whether a field of this name (in lower case) may be there: its letters stand somewhere in the block."""
        return name in self.data[self.start : self.end].lower()

    @property
    def has_nul(self) -> bool:
        """A NUL stands in the block."""
        return self.data.find(b"\x00", self.start, self.end) >= 0


def unfold(value: bytes) -> bytes:
    """Remove the line ends of a folded value (RFC 5322 section 2.2.3) and the white space around it."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip(b" \t\r\n")
