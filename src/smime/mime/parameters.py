"""Content-Type and Content-Disposition: a value and its parameters (RFC 2045 section 5.1, RFC 2183, RFC 2231), read leniently.

What real mail gets wrong is read in the way that most readers take it, and said: missing or doubled semicolons, values with blanks that are
not quoted, quotes that do not close, parameters without a value. Where readers may differ (a parameter that stands twice), the first one
counts and `ParameterizedValue.duplicates` names it, so that a verifier can refuse.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from smime._kernels import header
from smime.mime import charsets
from smime.mime.encoded_words import decode_words

__all__ = ["ContentType", "Disposition", "ParameterizedValue", "parse_content_type", "parse_disposition"]

_TOKEN = re.compile(rb"[^\x00-\x20()<>@,;:\\\"/\[\]?=\x7f]+")
_BLANKS = re.compile(rb"[ \t\r\n\x00]*")
_COMMENT_MARK = re.compile(rb"[()\\]")
_QUOTED = re.compile(rb"\"([^\"\\]*)\"")
_QUOTED_MARK = re.compile(rb'["\\]')
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_NAME = re.compile(rb"[^\x00-\x20;=\"()]+")
_PLAIN_VALUE = re.compile(rb"[^\x00-\x20;\"()\\,]+(?=[ \t\r\n]*(?:;|\Z))")
_BEFORE_NEXT = re.compile(rb"[^\x00-\x20;\"()\\,]+(?=[ \t\r\n]+[A-Za-z][A-Za-z0-9*-]*=)")
_LOOSE_VALUE = re.compile(rb"[^;\"]*")
_SEGMENT = re.compile(r"(.+?)\*(?:(0|[1-9][0-9]{0,5})(\*)?)?\Z", re.DOTALL)
_LONG = 4096


class ParameterizedValue:
    """A structured header value with parameters.

    Attributes:
        value: in lower case, such as ``"multipart/signed"`` or ``"attachment"``; empty if there is none.
        parameters: names in lower case, values decoded (RFC 2231); the first of several with one name.
        duplicates: names of parameters that stand more than once, be it in several of the forms of RFC 2231.
        defects: short names of what is not as the standards have it: ``"unquoted-value"``, ``"unclosed-quote"``, ``"no-value"``,
            ``"missing-semicolon"``, ``"unclosed-comment"``, ``"text-after-value"``.
    """

    __slots__ = ("defects", "duplicates", "parameters", "value")

    def __init__(self, value: str, parameters: dict[str, str], duplicates: tuple[str, ...] = (), defects: tuple[str, ...] = ()) -> None:
        self.value = value
        self.parameters = parameters
        self.duplicates = duplicates
        self.defects = defects

    def get(self, name: str) -> str | None:
        """Return the parameter with this name (in lower case), or None."""
        return self.parameters.get(name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r}, {self.parameters!r})"


class Disposition(ParameterizedValue):
    """A Content-Disposition (RFC 2183). What is neither ``inline`` nor ``attachment`` counts as attachment."""

    __slots__ = ()

    @property
    def is_attachment(self) -> bool:
        """Whether the part is an attachment."""
        return self.value != "inline"

    @property
    def filename(self) -> str | None:
        """The file name without any path, or None (RFC 2183 section 2.3)."""
        return base_name(self.parameters.get("filename"))


class ContentType(ParameterizedValue):
    """A Content-Type (RFC 2045 section 5).

    Attributes:
        type: in lower case.
        subtype: in lower case.
        boundary: of a multipart, as octets; None if there is none or an empty one.
        present: the field is there. If not, or if it cannot be read, the type is ``text/plain`` (RFC 2045 section 5.2).
        valid: type and subtype could be read.
    """

    __slots__ = ("boundary", "present", "subtype", "type", "valid")

    def __init__(
        self,
        value: str,
        parameters: dict[str, str],
        duplicates: tuple[str, ...] = (),
        defects: tuple[str, ...] = (),
        boundary: bytes | None = None,
        *,
        present: bool = True,
        valid: bool = True,
    ) -> None:
        self.value = value
        self.parameters = parameters
        self.duplicates = duplicates
        self.defects = defects
        self.type, _, self.subtype = value.partition("/")
        self.boundary = boundary
        self.present = present
        self.valid = valid

    @property
    def name(self) -> str | None:
        """The parameter ``name`` without any path, or None."""
        return base_name(self.parameters.get("name"))


TEXT_PLAIN = ContentType("text/plain", {}, present=False, valid=False)
"""What a part without a Content-Type is (RFC 2045 section 5.2)."""
MESSAGE = ContentType("message/rfc822", {}, present=False, valid=False)
"""What a part of a multipart/digest without a Content-Type is (RFC 2046 section 5.1.5)."""
_UNREADABLE = ContentType("text/plain", {}, defects=("unreadable",), valid=False)


def base_name(name: str | None) -> str | None:
    """Strip directories of either kind from a file name; None for nothing.

    Encoded-words do not belong in a parameter (RFC 2047 section 5), and many senders write them there.
    """
    if not name:
        return None
    if "=?" in name:
        name = decode_words(name)
    return name.replace("\\", "/").rpartition("/")[2] or None


def parse_content_type(value: bytes) -> ContentType:
    """Read the value of a Content-Type field; folding may still be in it. Never raises."""
    if b"boundary" in value:  # each one is new, as a rule
        known = _like_another(value)
        if known is not None:
            return known
        places = header.index_parameters(value)
        if not places:
            return read_leniently(value)
        found = _read_plain(value, places)
        _remember_but_boundary(value, places, found)
        return found
    return _content_type(value) if len(value) <= _LONG else read_leniently(value)


_BOUNDARY = b'boundary="'
_SHORT = 512
_MOST = 128
_in_quotes = re.compile(rb"[ !#-\[\]-~]+").fullmatch  # what a quoted string of plain form holds, and no bare line end
_but_boundary: dict[tuple[bytes, bytes], ContentType] = {}  # by what stands before and behind the boundary


def _like_another(value: bytes) -> ContentType | None:
    """Return what a value says that differs from one read before in its boundary alone, as those of one program do."""
    start = value.find(_BOUNDARY) + len(_BOUNDARY)
    stop = value.find(b'"', start)
    known = _but_boundary.get((value[:start], value[stop:]))
    if known is None:
        return None
    boundary = value[start:stop]
    if _in_quotes(boundary) is None:
        return None
    found = object.__new__(ContentType)
    found.value = known.value
    found.type = known.type
    found.subtype = known.subtype
    found.parameters = parameters = known.parameters.copy()
    parameters["boundary"] = boundary.decode("ascii")
    found.duplicates = ()
    found.defects = ()
    found.boundary = boundary.rstrip(b" ") or None
    found.present = found.valid = True
    return found


def _remember_but_boundary(value: bytes, places: list[int], found: ContentType) -> None:
    """Keep what a value in plain form says, if it is a multipart whose boundary stands in quotes."""
    start = value.find(_BOUNDARY) + len(_BOUNDARY)
    stop = value.find(b'"', start)
    if found.duplicates or not found.boundary or len(value) > _SHORT or not value.isascii():
        return
    for i in range(4, len(places), 4):
        if places[i + 2] == start and places[i + 3] == stop and places[i] == start - len(_BOUNDARY):
            if len(_but_boundary) >= _MOST:
                _but_boundary.clear()
            _but_boundary[value[:start], value[stop:]] = found


def parse_disposition(value: bytes) -> Disposition:
    """Read the value of a Content-Disposition field; folding may still be in it. Never raises."""
    defects: dict[str, None] = {}
    position = _skip(value, 0, defects)
    match = _TOKEN.match(value, position)
    kind = match.group().decode("ascii", "replace").lower() if match else ""
    parameters, _, duplicates = _parameters(value, match.end() if match else position, defects)
    return Disposition(kind, parameters, duplicates, tuple(defects))


def read_leniently(value: bytes) -> ContentType:
    """Read the value of a Content-Type field in whatever form it is. Never raises."""
    defects: dict[str, None] = {}
    position = _skip(value, 0, defects)
    match = _TOKEN.match(value, position)
    if match is None:
        return _UNREADABLE
    main = match.group()
    position = _skip(value, match.end(), defects)
    if value[position : position + 1] != b"/":
        return _UNREADABLE
    position = _skip(value, position + 1, defects)
    match = _TOKEN.match(value, position)
    if match is None:
        return _UNREADABLE
    parameters, plain, duplicates = _parameters(value, match.end(), defects)
    kind = (main + b"/" + match.group()).decode("ascii", "replace").lower()
    boundary = None
    if kind.startswith("multipart/") and "boundary" in parameters:
        boundary = plain.get("boundary")
        if boundary is None:
            boundary = parameters["boundary"].encode("utf-8", "replace")
        boundary = boundary.rstrip(b" \t\r\n") or None
    return ContentType(kind, parameters, duplicates, tuple(defects), boundary)


def _read_plain(value: bytes, places: list[int]) -> ContentType:
    """Read a value that is in plain form, by its index; the same as the long way."""
    if not value.isascii():
        return read_leniently(value)  # places in the octets are not places in the text
    text = value.decode("ascii")
    duplicates: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    for i in range(4, len(places), 4):
        name = text[places[i] : places[i + 1]].lower()
        if name not in parameters:
            parameters[name] = text[places[i + 2] : places[i + 3]]
        elif name not in duplicates:
            duplicates += (name,)
    main = text[places[0] : places[3]].lower()
    boundary = None
    if main.startswith("multipart/") and "boundary" in parameters:
        boundary = parameters["boundary"].encode("ascii").rstrip(b" \t") or None
    return ContentType(main, parameters, duplicates, (), boundary)


@lru_cache(maxsize=512)
def _content_type(value: bytes) -> ContentType:
    places = header.index_parameters(value)
    return _read_plain(value, places) if places else read_leniently(value)


def _skip(value: bytes, position: int, defects: dict[str, None]) -> int:
    """Skip white space and comments (RFC 5322 section 3.2.2)."""
    position = _BLANKS.match(value, position).end()  # type: ignore[union-attr] # matches always
    while value[position : position + 1] == b"(" and "unclosed-comment" not in defects:
        depth = 0
        while True:
            mark = _COMMENT_MARK.search(value, position)
            if mark is None:
                defects["unclosed-comment"] = None
                return len(value)
            position = mark.end()
            character = mark.group()
            if character == b"\\":
                position += 1
            elif character == b"(":
                depth += 1
            else:
                depth -= 1
                if not depth:
                    break
        position = _BLANKS.match(value, position).end()  # type: ignore[union-attr] # matches always
    return min(position, len(value))


def _parameters(value: bytes, position: int, defects: dict[str, None]) -> tuple[dict[str, str], dict[str, bytes], tuple[str, ...]]:
    plain: dict[str, bytes] = {}
    segments: dict[str, dict[int, tuple[bytes, bool]]] = {}
    extended: dict[str, bytes] = {}
    duplicates: dict[str, None] = {}
    size = len(value)
    while True:
        before = position
        position = _skip(value, position, defects)
        separated = False
        while value[position : position + 1] == b";":
            separated = True
            position = _skip(value, position + 1, defects)
        if position >= size:
            break
        match = _NAME.match(value, position)
        after = position if match is None else _skip(value, match.end(), defects)
        if match is None or value[after : after + 1] != b"=":
            # not a parameter: leave it out up to the next semicolon outside of quotes
            defects["no-value" if separated else "text-after-value"] = None
            position = _past(value, after, defects)
            continue
        if not separated and before:
            defects["missing-semicolon"] = None
        name = match.group().decode("ascii", "replace").lower()
        position = _skip(value, after + 1, defects)
        content, position = _value(value, position, defects)
        if "*" in name and (segment := _SEGMENT.match(name)) is not None:
            base, number, star = segment.groups()
            if number is None:
                store: dict[Any, Any] = extended
                key: Any = base
                entry: Any = content
            else:
                store, key, entry = segments.setdefault(base, {}), int(number), (content, star is not None)
        else:
            base, store, key, entry = name, plain, name, content
        if key in store:
            duplicates[base] = None
        else:
            store[key] = entry
    parameters = {name: charsets.lenient(content) for name, content in plain.items()}
    for base, parts in segments.items():
        if 0 in parts:
            if base in plain:
                duplicates[base] = None
            parameters[base] = _joined(parts)
            plain.pop(base, None)
    for base, content in extended.items():
        if base in parameters:
            duplicates[base] = None
        parameters[base] = _extended(content)
        plain.pop(base, None)
    return parameters, plain, tuple(duplicates)


def _past(value: bytes, position: int, defects: dict[str, None]) -> int:
    """Return the position of the next semicolon that is not in quotes, or the end."""
    while True:
        match = _LOOSE_VALUE.match(value, position)
        position = match.end()  # type: ignore[union-attr] # matches always
        if value[position : position + 1] != b'"':
            return position
        position = _quoted(value, position, defects)[1]


def _value(value: bytes, position: int, defects: dict[str, None]) -> tuple[bytes, int]:
    if value[position : position + 1] == b'"':
        return _quoted(value, position, defects)
    match = _PLAIN_VALUE.match(value, position)
    if match is not None:
        return match.group(), match.end()
    match = _BEFORE_NEXT.match(value, position)
    if match is not None:
        return match.group(), match.end()  # the semicolon is missing
    # a value that had to be quoted: it goes to the semicolon; a comment is one only after white space
    defects["unquoted-value"] = None
    stop = _LOOSE_VALUE.match(value, position).end()  # type: ignore[union-attr] # matches always
    content = value[position:stop]
    for blank in (b" (", b"\t("):
        comment = content.find(blank)
        if comment >= 0:
            stop = position + comment
            content = value[position:stop]
    return _unfold(content).strip(b" \t\r\n\x00"), stop


def _quoted(value: bytes, position: int, defects: dict[str, None]) -> tuple[bytes, int]:
    match = _QUOTED.match(value, position)
    if match is not None:
        content = match.group(1)
        return (_unfold(content) if b"\n" in content else content), match.end()
    start = position + 1
    position = start
    while True:
        # once a quote was found not to close, no later one is looked after again: that would be quadratic
        mark = None if "unclosed-quote" in defects else _QUOTED_MARK.search(value, position)
        if mark is None:
            defects["unclosed-quote"] = None
            # without its closing quote the value ends at the first semicolon, as an unquoted one would
            stop = value.find(b";", start)
            stop = len(value) if stop < 0 else stop
            return _unfold(value[start:stop]).rstrip(b" \t\r\n"), stop
        position = mark.end()
        if mark.group() == b'"':
            return _QUOTED_PAIR.sub(rb"\1", _unfold(value[start : position - 1])), position
        position += 1


def _unfold(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"").replace(b"\n", b"")


def _extended(content: bytes) -> str:
    """Decode RFC 2231's ``charset'language'percent-encoded``."""
    charset, quote, rest = content.partition(b"'")
    _, second, text = rest.partition(b"'")
    if not (quote and second):
        return charsets.lenient(unquote_to_bytes(content))
    data = unquote_to_bytes(text)
    decoded = charsets.decode(data, charset.decode("ascii", "replace")) if charset else None
    return charsets.lenient(data) if decoded is None else decoded


def _joined(parts: dict[int, tuple[bytes, bool]]) -> str:
    """Join the segments of a value up to the first gap (RFC 2231 section 3)."""
    pieces: list[bytes] = []
    charset = b""
    number = 0
    while number in parts:
        content, is_extended = parts[number]
        if is_extended and number == 0:
            head, quote, rest = content.partition(b"'")
            _, second, text = rest.partition(b"'")
            if quote and second:
                charset, content = head, text
        pieces.append(unquote_to_bytes(content) if is_extended else content)
        number += 1
    data = b"".join(pieces)
    decoded = charsets.decode(data, charset.decode("ascii", "replace")) if charset else None
    return charsets.lenient(data) if decoded is None else decoded
