"""Finding out what broke a signature in transit, by undoing one change after the other until the digest matches.

Mail systems change what they should leave alone (RFC 8551 section 3.1.3 and RFC 1847 section 2.1 beg them not to). Most of these changes
can be undone, and the signed digest says when the right one was. This explains; it verifies nothing: a message that had to be repaired
before its digest matched is not the message that arrived.

What was lost without a trace cannot be restored. A boundary inside the signed part is a random string: where a relay replaced it in the
header and in every delimiter, nothing in the message says what it was, and no digest can be tried; where one delimiter was left as it was,
that one shows it. The boundary of the multipart/signed itself is not signed, and to replace that breaks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smime import policies
from smime.cms import attributes as attrs
from smime.cms.signed_data import SignedDataHead
from smime.crypto import digests
from smime.errors import NotProtected, ParseError
from smime.mime.entity import Body, EntityReader, HeaderBlock
from smime.mime.smime_types import MULTIPART_SIGNED, classify
from smime.mime.tree import parse
from smime.mime.writer import message_octets
from smime.operations.layers.multipart_signed import DetachedLayer
from smime.operations.layers.signed_data import SignedDataLayer
from smime.operations.reading.context import Reading
from smime.operations.reading.message import MessageReader
from smime.operations.spool import MemorySpool
from smime.transforms import quoted_printable
from smime.transforms.lines import canonicalize

if TYPE_CHECKING:
    from email.message import Message

    from smime.mime.smime_types import Kind
    from smime.operations.reading.layer import CMSLayer, Handler
    from smime.operations.spool import Buffer
    from smime.policy import Policy
    from smime.report import VerificationReport

__all__ = ["Cause", "Diagnosis", "diagnose"]

_PARAMETER = re.compile(rb'(?P<name>[A-Za-z0-9-]+)=(?P<value>"(?P<quoted>[^"\r\n]*)"|(?P<plain>[^\s;"]+))')
_BOUNDARY = re.compile(rb'(?i)\bboundary=(?:"(?P<quoted>[^"\r\n]+)"|(?P<plain>[^\s;"]+))')
_DELIMITER = re.compile(rb"(?m)^--([^\r\n]{1,70}?)[ \t]*\r\n")
_MOST_LINES = 20_000  # prefixes and lines that are tried
_MOST_LEADING = 200
_MOST_BOUNDARIES = 16
_MOST_OCTETS = 64 << 20
_MOST_FOR_TWO = 1 << 20  # octets up to which pairs of changes are tried


@dataclass(frozen=True, slots=True)
class Cause:
    """What was done to the message on its way.

    Attributes:
        code: stable, kebab-case.
        sentence: for a mail administrator.
        advice: what to do about it.
    """

    code: str
    sentence: str
    advice: str

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON-able data."""
        return {"code": self.code, "sentence": self.sentence, "advice": self.advice}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why the digest of a signed message does not match.

    Attributes:
        intact: it does match: nothing was changed.
        causes: what was changed, in the order in which it was undone; empty if intact or unknown.
        signed: the octets that were signed, if they could be restored.
    """

    intact: bool
    causes: tuple[Cause, ...] = ()
    signed: bytes | None = None

    @property
    def explained(self) -> bool:
        """The digest matches, as received or after undoing `causes`."""
        return self.intact or self.signed is not None

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-able data; without the octets."""
        return {"intact": self.intact, "explained": self.explained, "causes": [cause.to_dict() for cause in self.causes]}


_CAUSES = {
    cause.code: cause
    for cause in (
        Cause("line-ends", "The line ends were changed.", "Nothing: line ends are restored before a signature is checked."),
        Cause(
            "trailing-blanks-added",
            "White space was added at the ends of lines.",
            "Find the system that pads lines; have the sender use quoted-printable or base64.",
        ),
        Cause(
            "signature-separator",
            'The blank of the signature separator "-- " was cut off.',
            "Find the system that trims lines; have the sender use quoted-printable or base64.",
        ),
        Cause("empty-lines-removed", "Empty lines at the end of the signed part were removed.", "Find the system that trims messages."),
        Cause("empty-lines-added", "Empty lines were added at the end of the signed part.", "Find the system that appends to messages."),
        Cause("from-quoting", 'A mailbox quoted lines that begin with "From ".', "Store mail as mboxrd or Maildir."),
        Cause("dot-stuffing", "The dots that SMTP doubles at line starts were not undoubled.", "Look for a faulty SMTP server or filter."),
        Cause("dot-unstuffing", "A dot at the start of a line was lost.", "Look for a faulty SMTP server or filter."),
        Cause(
            "transfer-encoding-8bit",
            "A mail server converted 8-bit text to quoted-printable.",
            "Have the sender encode before signing; switch 8-bit conversion off for multipart/signed.",
        ),
        Cause(
            "header-field-added",
            "A header field was added to the signed part: {}.",
            "Find the filter that adds it; have it leave multipart/signed alone.",
        ),
        Cause(
            "header-folding",
            "The header of the signed part was folded anew.",
            "Find the system that rewrites headers inside multipart/signed.",
        ),
        Cause(
            "parameter-quoting",
            "Quotes around a parameter in the header of the signed part were put in or taken away: {}.",
            "Find the system that rewrites headers inside multipart/signed.",
        ),
        Cause(
            "boundary-changed",
            "The boundary inside of the signed part was changed in some places and not in others.",
            "Find the system that rewrites multiparts; have it leave multipart/signed alone.",
        ),
        Cause(
            "footer-added",
            "Text was added at the end of the signed part.",
            "Have the list or disclaimer software leave multipart/signed alone.",
        ),
        Cause(
            "header-text-added",
            "Text was added at the start of the signed part.",
            "Have the warning banner software leave multipart/signed alone.",
        ),
        Cause(
            "wrapped",
            "The signed message was put into another one, as mailing lists do to add a footer.",
            "Look at the signed part alone; have the list software leave signed mail alone.",
        ),
    )
}


class _Digests:
    """What the signers signed: a repair is right if the digest of its result is one of these."""

    def __init__(self, report: VerificationReport) -> None:
        self._wanted: dict[str, set[bytes]] = {}
        for signer in report.signers:
            values = signer.attributes.get(attrs.MESSAGE_DIGEST, ())
            if len(values) == 1 and digests.supported(signer.digest_algorithm):
                try:
                    wanted = attrs.parse_message_digest(values[0])
                except ParseError:
                    continue
                self._wanted.setdefault(signer.digest_algorithm, set()).add(wanted)

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def match(self, octets: bytes) -> bool:
        """Whether these are the signed octets."""
        return any(digests.digest(name, octets) in wanted for name, wanted in self._wanted.items())

    def prefix(self, lines: list[bytes]) -> bytes | None:
        """Return the run of lines from the start that was signed, with or without its last line end."""
        for name, wanted in self._wanted.items():
            running = digests.new(name)
            size = 0
            for line in lines:
                text = line.removesuffix(b"\r\n")
                running.update(text)
                if running.copy().finalize() in wanted:
                    return b"".join(lines)[: size + len(text)]
                running.update(line[len(text) :])
                size += len(line)
                if running.copy().finalize() in wanted:
                    return b"".join(lines)[:size]
        return None


def _header_and_body(part: bytes) -> tuple[bytes, bytes]:
    reader = EntityReader()
    header = body = b""
    for event in (*reader.receive(part), *reader.finish()):
        if isinstance(event, HeaderBlock):
            header = event.raw
        elif isinstance(event, Body):
            body += bytes(event.data)
    return header, body


def _repairs(part: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield what may have been signed if one thing was done to it: code, detail, octets."""
    text = canonicalize(part)
    yield "line-ends", "", part.replace(b"\r\n", b"\n")
    yield "trailing-blanks-added", "", re.sub(rb"[ \t]+\r\n", b"\r\n", text)
    yield "signature-separator", "", re.sub(rb"(?m)^--\r\n", b"-- \r\n", text)
    for count in (1, 2, 3):
        yield "empty-lines-removed", "", text + b"\r\n" * count
    stripped = text
    while stripped.endswith(b"\r\n"):
        stripped = stripped[:-2]
        yield "empty-lines-added", "", stripped
        if len(text) - len(stripped) > 2 * _MOST_LEADING:
            break
    yield "from-quoting", "", re.sub(rb"(?m)^>(>*From )", rb"\1", text)
    yield "from-quoting", "", re.sub(rb"(?m)^>From ", b"From ", text)
    yield "dot-stuffing", "", re.sub(rb"(?m)^\.\.", b".", text)
    yield from _lost_dots(text)
    header, body = _header_and_body(text)
    yield from _header_repairs(header, body)
    yield from _parameter_repairs(header, body)
    yield from _boundary_repairs(text)
    if re.search(rb"(?im)^Content-Transfer-Encoding:[ \t]*quoted-printable", header):
        original = re.sub(rb"(?im)^X-MIME-Autoconverted:.*\r\n(?:[ \t].*\r\n)*", b"", header)
        original = re.sub(rb"(?im)^(Content-Transfer-Encoding:[ \t]*)quoted-printable", rb"\g<1>8bit", original)
        yield "transfer-encoding-8bit", "", original + quoted_printable.decode(body)


def _lost_dots(text: bytes) -> Iterator[tuple[str, str, bytes]]:
    yield "dot-unstuffing", "", re.sub(rb"(?m)^\.", b"..", text)
    if len(text) <= _MOST_FOR_TWO:
        for count, line in enumerate(re.finditer(rb"(?m)^(?=[^\r\n])", text)):
            if count >= _MOST_LEADING:
                break
            yield "dot-unstuffing", "", text[: line.start()] + b"." + text[line.start() :]


def _header_repairs(header: bytes, body: bytes) -> Iterator[tuple[str, str, bytes]]:
    fields = re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", header)[:_MOST_LEADING]
    for position, field in enumerate(fields):
        kept = b"".join(fields[:position] + fields[position + 1 :])
        yield "header-field-added", field.partition(b":")[0].decode("ascii", "replace"), kept + b"\r\n" + body
    end = b"\r\n" + body
    joined = b"".join(fields)
    yield "header-folding", "", re.sub(rb"\r\n[ \t]+", b" ", joined) + end
    yield "header-folding", "", re.sub(rb"\r\n[ \t]+", b"\r\n\t", joined) + end
    yield "header-folding", "", re.sub(rb"\r\n[ \t]+", b"\r\n ", joined) + end
    for place in re.finditer(rb"\r\n[ \t]+|[; ] ?", joined):
        for folding in (b" ", b"\r\n ", b"\r\n\t"):
            before = joined[: place.start()] + (b";" if place[0].startswith(b";") else b"")
            yield "header-folding", "", before + folding + joined[place.end() :] + end


def _parameter_repairs(header: bytes, body: bytes) -> Iterator[tuple[str, str, bytes]]:
    for found in list(_PARAMETER.finditer(header))[:_MOST_LEADING]:
        name, value = found["name"], found["quoted"] if found["quoted"] is not None else found["plain"]
        other = value if found["quoted"] is not None else b'"' + value + b'"'
        changed = header[: found.start("value")] + other + header[found.end("value") :]
        yield "parameter-quoting", name.decode("ascii", "replace"), changed + body


def _boundary_repairs(text: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield what it was if a boundary was replaced where it is announced, in delimiters, or in both but for one that was left behind."""
    marks = dict.fromkeys(_DELIMITER.findall(text))
    candidates = list(dict.fromkeys(name for mark in marks for name in (mark, mark.removesuffix(b"--"))))[:_MOST_BOUNDARIES]
    for found in list(_BOUNDARY.finditer(text))[:_MOST_BOUNDARIES]:
        value = found[found.lastgroup or 0]
        for candidate in candidates:
            if candidate != value:
                announced = text[: found.start(found.lastgroup or 0)] + candidate + text[found.end(found.lastgroup or 0) :]
                yield "boundary-changed", "", announced
                yield "boundary-changed", "", text.replace(b"\n--" + candidate, b"\n--" + value)
                yield "boundary-changed", "", announced.replace(b"\n--" + value, b"\n--" + candidate)


def _additions(wanted: _Digests, part: bytes) -> tuple[str, bytes] | None:
    """Look for text that was added at the end or at the start of the signed part."""
    text = canonicalize(part)
    lines = text.splitlines(keepends=True) if b"\r" not in text.replace(b"\r\n", b"") else re.findall(rb"[^\n]*\n|[^\n]+", text)
    if len(lines) <= _MOST_LINES:
        found = wanted.prefix(lines)
        if found is not None:
            return "footer-added", found
    header, body = _header_and_body(text)
    rest = re.findall(rb"[^\n]*\n|[^\n]+", body)
    for count in range(1, min(len(rest), _MOST_LEADING)):
        octets = header + b"".join(rest[count:])
        if wanted.match(octets):
            return "header-text-added", octets
    return None


class _Opener:
    """Takes the signed octets and the signers out of a message."""

    def __init__(self, policy: Policy) -> None:
        self.reading = Reading(policy)
        self.spool = MemorySpool()
        self.layer: DetachedLayer | SignedDataLayer | None = None

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:
        self.layer = layer = DetachedLayer(self.reading, block.fields, kind, self.spool.write, self.spool.chunks)
        return layer

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:  # noqa: ARG002 - the content decides
        if not isinstance(head, SignedDataHead):
            raise NotProtected("the message is not signed at its top level")
        self.layer = layer = SignedDataLayer(self.reading, head, self.spool.write, self.spool.chunks)
        return layer

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - as above
        raise NotProtected("the message is not signed at its top level")


def _read(message: bytes, policy: Policy) -> tuple[bytes, VerificationReport]:
    opener = _Opener(policy)
    reader = MessageReader(opener.reading, opener)
    reader.update(message)
    reader.finalize()
    if opener.layer is None or opener.layer.report is None:
        raise NotProtected("the message is not signed at its top level")
    return opener.spool.getvalue(), opener.layer.report


def diagnose(message: Buffer | Message[Any, Any], *, policy: Policy = policies.ARCHIVE) -> Diagnosis:
    """Say what in transit broke the signature of a message.

    Args:
        message: a mail, or a bare SignedData with its content.
        policy: for limits.

    Raises:
        NotProtected: nothing in it is signed.
        ParseError, LimitExceeded: it cannot be read.
    """
    octets = message_octets(message)
    causes: list[Cause] = []
    try:
        part, report = _read(octets, policy)
    except NotProtected:
        inner = _signed_part_of(octets, policy)
        if inner is None:
            raise
        causes.append(_CAUSES["wrapped"])
        part, report = _read(inner, policy)
    wanted = _Digests(report)
    if not wanted or len(part) > _MOST_OCTETS:
        return Diagnosis(intact=False, causes=tuple(causes))
    if wanted.match(part) or wanted.match(canonicalize(part)):
        return Diagnosis(intact=not causes, causes=tuple(causes), signed=part if causes else None)
    for code, detail, repaired in _repairs(part):
        if repaired != part and wanted.match(repaired):
            return Diagnosis(intact=False, causes=(*causes, _cause(code, detail)), signed=repaired)
    added = _additions(wanted, part)
    if added is not None:
        return Diagnosis(intact=False, causes=(*causes, _cause(added[0])), signed=added[1])
    # two changes at once: what trims lines often also trims the end
    if len(part) <= _MOST_FOR_TWO:
        for first, detail, once in _repairs(part):
            if once == part or first == "header-field-added":
                continue
            for second, further, repaired in _repairs(once):
                if second != first and wanted.match(repaired):
                    return Diagnosis(intact=False, causes=(*causes, _cause(first, detail), _cause(second, further)), signed=repaired)
    return Diagnosis(intact=False, causes=tuple(causes))


def _cause(code: str, detail: str = "") -> Cause:
    cause = _CAUSES[code]
    return Cause(cause.code, cause.sentence.format(detail), cause.advice) if detail else cause


def _signed_part_of(message: bytes, policy: Policy) -> bytes | None:
    """Return the one signed part of a message that is not signed as a whole, None if there is none or several."""
    found = [part for part in parse(message, policy.limits).walk() if classify(part.fields).kind == MULTIPART_SIGNED]
    return bytes(found[0].raw) if len(found) == 1 else None
