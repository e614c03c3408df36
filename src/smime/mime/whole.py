"""A message that is at hand as a whole, split in one step: the fast form of what `split_message` and `SevenBitEncoder` do piece by piece.

Only messages in ordinary form are taken: all lines of the header block are fields, and nothing in the entity has to be re-encoded. For all
others the answer is None, and the long way has the word; where there is an answer it is the long way's, to the octet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import scan
from smime.mime.parameters import parse_content_type
from smime.transforms.lines import canonicalize

if TYPE_CHECKING:
    from smime.limits import Limits

__all__ = ["canonical_split"]

_INSIDE = tuple([name == b"mime-version" or name.startswith(b"content-") for name in scan.KNOWN_FIELDS])
_LEAVES = (b" text/", b" image/")
_LF = 10
_LINE_ENDS = (b"\r", b"\n")
_COMPOSITE = frozenset({"multipart", "message"})


def _is_composite(content_type: bytes) -> bool:
    """Tell whether a Content-Type is that of a multipart or of a message."""
    start = content_type[:11].lower()
    if start.startswith(_LEAVES):
        return False
    return start == b" multipart/" or parse_content_type(content_type).type in _COMPOSITE


def _untouched(data: bytes, limits: Limits) -> bool:
    """Tell whether a message of several parts, whose text is safe, is in the very form in which `SevenBitEncoder` would write it."""
    if limits.mime_depth < scan.PLAIN_DEPTH or limits.mime_parts < scan.PLAIN_PARTS:
        return False
    records = scan.index_message(data, len(data), limits.header_fields, limits.header_size)
    if not records:
        return False
    width = scan.PART_WIDTH
    for at in range(0, len(records), width):
        depth, start, stop, body, end, type_start, type_end, boundary, boundary_end, preamble, epilogue, closed = records[at : at + width]
        if depth and data[end : end + 1] not in _LINE_ENDS:
            return False  # an empty part, whose delimiter has no line end of its own in front
        if boundary < 0:
            if type_start >= 0 and _is_composite(data[type_start:type_end]):
                return False
            continue
        if closed != 1 or data[epilogue - 1] != _LF or b"content-transfer-encoding" in data[start:stop].lower():
            return False
        if at + width == len(records) or records[at + width] <= depth:
            return False  # nothing but the close delimiter
        if preamble <= body and data[body : body + 2 + boundary_end - boundary] != b"--" + data[boundary:boundary_end]:
            return False  # an empty line before the first delimiter, which would not be written
    return True


def canonical_split(data: bytes, limits: Limits, *, safe: bool) -> tuple[bytes, bytes] | None:
    """Split a message into its outer header fields, as they are written, and the entity to protect with canonical line ends.

    Args:
        data: the whole message.
        limits: for the header block.
        safe: the entity must be one that mail transport does not change.

    Returns:
        Header fields, each with its line end, and the entity; None if the message is not in ordinary form.
    """
    size = len(data)
    most = limits.header_fields
    records, end, body, type_at = scan.index_header(data, 0, min(size, limits.header_size + 2), most)
    if body == end or not records or end > limits.header_size or len(records) > most * 5:
        return None
    outer: list[bytes] = []
    inner: list[bytes] = []
    start = 0
    before = None
    for at in range(0, len(records), 5):
        identifier = records[at + 4]
        if identifier < 0:
            return None
        place = records[at]
        inside = _INSIDE[identifier] if identifier else data[place : place + 8].lower() == b"content-"
        if not inside and records[at + 2] != records[at + 1] + 1:
            return None  # blanks before the colon are left out when the field is written
        if inside is not before:
            if before is not None:
                (inner if before else outer).append(data[start:place])
            start = place
            before = inside
    if safe:
        if scan.text_hazards(data, body, size):
            return None
        if type_at >= 0:
            kind = data[records[type_at + 2] : records[type_at + 3]]
            if _is_composite(kind) and not _untouched(data, limits):
                return None
    if before:
        inner.append(data[start:])
    else:
        outer.append(data[start:end])
        inner.append(data[end:])
    entity = inner[0] if len(inner) == 1 else b"".join(inner)
    if not outer:
        return b"", canonicalize(entity)
    fields = outer[0] if len(outer) == 1 else b"".join(outer)
    ends = fields.count(b"\r\n")
    if fields.count(b"\r") != ends or b"\x00" in fields:
        return None
    if fields.count(b"\n") != ends:
        fields = canonicalize(fields)
    return fields, canonicalize(entity)
