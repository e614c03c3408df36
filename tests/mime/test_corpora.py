"""Hard MIME from other projects' tests: the same trees and the same octets, or a reason why not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.corpora import corpora_path, find
from tests.mime.trees import mime4j_difference, stalwart_difference

from smime.errors import LimitExceeded, SMIMEError
from smime.mime.address import addresses_of, parse_address_list
from smime.mime.encoded_words import decode_words
from smime.mime.entity import EntityReader
from smime.mime.header import unfold
from smime.mime.mbox import MboxSplitter
from smime.mime.multipart import MultipartReader, PartData, PartStart
from smime.mime.parameters import parse_content_type, parse_disposition
from smime.mime.smime_types import classify
from smime.mime.tree import MIMEPart, parse
from smime.mime.writer import seven_bit_safe, split_message
from smime.transforms import base64, quoted_printable

if TYPE_CHECKING:
    from pathlib import Path

ROOT = find()
MIME4J = sorted((ROOT / "mime/mime4j/core/src/test/resources").rglob("*.msg")) if ROOT else []
STALWART = sorted((ROOT / "mime/stalwart-mail-parser/resources/eml").rglob("*.json")) if ROOT else []
MIME_TOOLS = sorted((ROOT / "mime/perl-mime-tools/testmsgs").glob("*.ref")) if ROOT else []
EVERY = sorted(path for path in (ROOT / "mime").rglob("*") if path.is_file()) if ROOT else []


def test_the_corpora_are_here() -> None:
    corpora_path()
    assert MIME4J
    assert STALWART
    assert MIME_TOOLS


TRANSFER_ENCODED = "a message/rfc822 that is transfer-encoded is not entered: RFC 2046 section 5.2.1 forbids the encoding"
PREFIX = "a line that begins with the boundary and goes on with other text is content: inner boundaries may extend outer ones"
OUTER_WINS = (
    "a boundary of an outer multipart ends all inner parts (RFC 2046 section 5.1.2), also where the inner one has the same boundary"
)
EMPTY_LAST = "a part that has begun counts, though nothing is in it: a verifier has to know of it"
FIRST_WINS = "of two Content-Type fields the first one counts; HeaderFields.count says that there are two, and a verifier refuses"
BLANK_BOUNDARY = "a boundary must not end with a blank (RFC 2046 section 5.1.1); blanks behind it are transport padding on both sides"
NO_FIELD = "a line that is no field is a defect of the header and does not end it; only an empty line does"
EVERY_MESSAGE = "a message/rfc822 is entered whatever is in it"
NO_BODY = "the line end before a delimiter belongs to it, so a header and one empty line are a part without a body"

MIME4J_DEVIATIONS = {
    "mimetools-testmsgs/multi-2gifs-base64.msg": TRANSFER_ENCODED,
    "testmsgs/bad-newlines-multiple-parts-base64.msg": TRANSFER_ENCODED,
    "testmsgs/base64encoded-rfc822message-nested.msg": TRANSFER_ENCODED,
    "testmsgs/base64encoded-rfc822message.msg": TRANSFER_ENCODED,
    "testmsgs/ending-boundaries.msg": PREFIX,
    "testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg": NO_FIELD,
    "testmsgs/malformedHeaderStartsBody-noheader.msg": NO_FIELD,
    "testmsgs/very-long-boundary.msg": BLANK_BOUNDARY,
    "testmsgs/very-very-long-boundary.msg": BLANK_BOUNDARY,
    "testmsgs/weird-boundary.msg": BLANK_BOUNDARY,
}

STALWART_DEVIATIONS = {
    "legacy/049.json": "the CR of CR CR LF before a delimiter is content: only CRLF belongs to the delimiter",
    "malformed/000": "parts with nothing but a header, or with nothing at all, are parts",
    "malformed/001": PREFIX,
    "malformed/003": OUTER_WINS,
    "malformed/004": PREFIX,
    "malformed/005": OUTER_WINS,
    "malformed/007": "a line of a header is not a boundary line of the multipart that this header announces",
    "malformed/008": OUTER_WINS,
    "malformed/009": OUTER_WINS,
    "malformed/011": OUTER_WINS,
    "malformed/012": OUTER_WINS,
    "malformed/013": OUTER_WINS,
    "malformed/014": EMPTY_LAST,
    "malformed/016": OUTER_WINS,
    "malformed/019": OUTER_WINS,
    "malformed/020": FIRST_WINS,
    "malformed/021": FIRST_WINS,
    "malformed/022": EVERY_MESSAGE,
    "rfc/008": TRANSFER_ENCODED,
    "thirdparty/005": "a boundary line begins at the beginning of a line, so the last part goes on to the end",
    "thirdparty/011": NO_BODY,
    "thirdparty/015": "the parts that stand one after the other are siblings: the boundary of the message ends each of them",
}

MIME_TOOLS_DEVIATIONS = {
    "ak-0696-none.ref": "the expected tree was taken with messages not entered",
    "ak-0696-replace.ref": "the expected tree was taken with messages put in the place of the part that held them",
    "dup-names.ref": "the expected tree does not list the message itself",
    "multi-digest.ref": 'the expected type is "text", which is none: it is text/plain (RFC 2045 section 5.2)',
    "multi-nested2.ref": "the expected size counts a line end that is not in the body",
    "multi-weirdspace.ref": "the expected size leaves out a line end that is in the body",
    "russian.ref": "the expected file name is decoded in a character set that the message does not name",
    "uu-junk-extracted.ref": "uuencoded text is not taken apart: it is no MIME",
    "uu-zeegee.ref": "uuencoded text is not taken apart: it is no MIME",
}


def judge(difference: str | None, reason: str | None) -> None:
    if reason is None:
        assert difference is None
    else:
        assert difference is not None, f"no deviation any more: {reason}"


@pytest.mark.parametrize("path", MIME4J, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_mime4j(path: Path) -> None:
    judge(mime4j_difference(path, path.with_suffix(".xml")), MIME4J_DEVIATIONS.get(f"{path.parent.name}/{path.name}"))


@pytest.mark.parametrize("path", STALWART, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_stalwart(path: Path) -> None:
    name = path.name.partition(".")[0]
    # the offsets count in the message with LF, and in the one with CRLF
    data = path.with_name(f"{name}.eml").read_bytes().replace(b"\r\n", b"\n")
    if ".crlf." in path.name:
        data = data.replace(b"\n", b"\r\n")
    reason = STALWART_DEVIATIONS.get(f"{path.parent.name}/{path.name}", STALWART_DEVIATIONS.get(f"{path.parent.name}/{name}"))
    judge(stalwart_difference(data, json.loads(path.read_text("utf-8"))), reason)


_SECTION = re.compile(r'"(Msg|Part_[\d_]+)" => \{(.*?)\n  \}', re.DOTALL)
_KEY = re.compile(r'"(\w+)" => (?:"((?:[^"\\]|\\.)*)"|(\d+)|undef)')


def mime_tools_difference(path: Path) -> str | None:
    text = path.read_text("latin-1")
    message = re.search(r'"Message" => "([^"]+)"', text)
    assert message
    tree = parse((path.parent.parent / message.group(1)).read_bytes())
    ours: dict[str, MIMEPart] = {}
    stack: list[tuple[str, MIMEPart]] = [("", tree)]
    while stack:
        name, part = stack.pop()
        ours[name] = part
        stack += [(f"{name}_{i}" if name else str(i), child) for i, child in enumerate(part.children, 1)]
    sections = {
        "" if name == "Msg" else name[5:]: {key: text or number for key, text, number in _KEY.findall(body)}
        for name, body in _SECTION.findall(text)
    }
    if set(sections) != set(ours):
        return f"structure: {sorted(ours)} for {sorted(sections)}"
    for name, keys in sections.items():
        part = ours[name]
        if "Type" in keys and part.content_type.value != keys["Type"].lower():
            return f"type of {name}: {part.content_type.value} for {keys['Type']}"
        if "Size" in keys and not part.children and len(decoded(part)) != int(keys["Size"]):
            return f"size of {name}: {len(decoded(part))} for {keys['Size']}"
        disposition = part.fields.content_disposition()
        file_name = (disposition.get("filename") if disposition else None) or part.content_type.get("name")
        if "Filename" in keys and file_name != keys["Filename"]:
            return f"file name of {name}: {file_name} for {keys['Filename']}"
    return None


def decoded(part: MIMEPart) -> bytes:
    body = bytes(part.body)
    encoding = part.fields.content_transfer_encoding()
    if encoding == "base64":
        return base64.decode(body)
    return quoted_printable.decode(body) if encoding == "quoted-printable" else body


@pytest.mark.parametrize("path", MIME_TOOLS, ids=lambda path: path.name)
def test_mime_tools(path: Path) -> None:
    judge(mime_tools_difference(path), MIME_TOOLS_DEVIATIONS.get(path.name))


TOO_DEEP = {"nested.eml", "deeply_nested.txt"}


def test_nothing_but_our_errors_and_readers_agree() -> None:
    """Each file of the collection as it is, with LF and with CRLF."""
    corpora_path()
    for path in EVERY:
        octets = path.read_bytes()
        lf = octets.replace(b"\r\n", b"\n")
        for data in {octets, lf, lf.replace(b"\n", b"\r\n")}:
            try:
                look_at_everything(data)
            except LimitExceeded as error:
                if path.name not in TOO_DEEP or error.limit != "mime_depth":
                    pytest.fail(f"{path}: {error}")
            except SMIMEError as error:
                pytest.fail(f"{path}: {error}")


def look_at_everything(data: bytes) -> None:
    for part in parse(data).walk():
        fields = part.fields
        classify(fields)
        fields.content_transfer_encoding()
        fields.content_disposition()
        fields.duplicates()
        for name, value in fields:
            decode_words(unfold(value).decode("utf-8", "replace"))
            parse_address_list(value) if name.lower() in {b"from", b"to", b"cc"} else None
        addresses_of(fields, "From")
        if part.boundary is not None:
            reader = MultipartReader(part.boundary)
            parts: list[bytes] = []
            for event in reader.receive(part.body) + reader.finish():
                if isinstance(event, PartStart):
                    parts.append(b"")
                elif isinstance(event, PartData):
                    parts[-1] += event.data
            assert parts == [child.raw for child in part.children]
            assert reader.closed == part.closed
    reader_of_one = EntityReader()
    reader_of_one.receive(data)
    reader_of_one.finish()
    _, entity = split_message(data)
    safe = seven_bit_safe(entity)
    assert seven_bit_safe(safe) == safe or not bytes(safe).isascii()
    splitter = MboxSplitter()
    spans = splitter.receive(data) + splitter.finish()
    assert all(span.start <= span.header_start <= span.end <= len(data) for span in spans)


# -- stalwart's header values --

CONTENT_TYPE_LANGUAGE = "the language of an extended value is not kept"


def stalwart_values(name: str) -> list[dict[str, Any]]:
    folder = corpora_path() / "mime/stalwart-mail-parser/resources"
    values: list[dict[str, Any]] = json.loads((folder / name).read_text("utf-8"))
    return values


def test_content_types() -> None:
    """Well-formed ones agree; what differs are values that break the grammar, encoded-words and languages."""
    agreed = differ = 0
    for case in stalwart_values("content_type.json"):
        expected = case["expected"]
        if not expected:
            continue
        value = case["header"].encode()
        read = parse_disposition(value) if expected["c_subtype"] is None else parse_content_type(value)
        kind = expected["c_type"] if expected["c_subtype"] is None else f"{expected['c_type']}/{expected['c_subtype']}"
        parameters: dict[str, str] = {}
        for key, text in expected.get("attributes") or []:
            if not key.endswith("-language"):
                parameters.setdefault(key, text)
        same = read.value == kind.lower() and {key: decode_words(text) for key, text in read.parameters.items()} == parameters
        agreed += same
        differ += not same
    assert (agreed, differ) == (agreed, 14)


def test_unstructured() -> None:
    """They agree but for white space, which we keep, and for encoded-words with blanks in them, which stay as they are (RFC 2047)."""
    compared = 0
    for case in stalwart_values("unstructured.json"):
        field = re.split(r"\n(?![ \t])", case["header"])[0]
        if re.search(r"=\?[^?]*\?[bBqQ]\?[^?]*\s[^?]*\?=", field):
            continue
        compared += 1
        ours = decode_words(unfold(field.encode()).decode())
        assert "".join(ours.split()) == "".join((case["expected"] or "").split())
    assert compared >= 20


def test_addresses() -> None:
    """Every address that is well-formed here is read the same there, but for routes and blanks, which they keep."""
    for case in stalwart_values("address.json"):
        expected = case["expected"] or {}
        groups = expected.get("Group") or [{"addresses": expected.get("List") or []}]
        theirs = [re.sub(r"^@[^:]*:|\s", "", address["address"] or "") for group in groups for address in group["addresses"]]
        ours = [address.addr_spec for address in parse_address_list(case["header"].encode()) if not address.malformed]
        assert set(ours) <= set(theirs), case
