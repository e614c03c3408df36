"""Entities and multiparts: exact octets, every way to cut the data, readers and tree in agreement."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smime._kernels import parts
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS
from smime.mime.entity import Body, EntityReader, HeaderBlock, whole_header
from smime.mime.multipart import Closed, Epilogue, MultipartReader, PartData, PartEnd, PartStart, Preamble
from smime.mime.tree import MIMEPart, parse


def merged(events: list[Any]) -> list[Any]:
    """Join data events that follow one another, so that runs over other chunks can be compared."""
    result: list[Any] = []
    for event in events:
        if isinstance(event, (Body, Preamble, PartData, Epilogue)):
            name = type(event).__name__
            if result and isinstance(result[-1], tuple) and result[-1][0] == name:
                result[-1] = (name, result[-1][1] + bytes(event.data))
            else:
                result.append((name, bytes(event.data)))
        else:
            result.append(repr(event))
    return result


def chunks(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted({min(cut, len(data)) for cut in at}), len(data)]
    return [data[edges[i] : edges[i + 1]] for i in range(len(edges) - 1)]


def read(parts: list[bytes], boundary: bytes = b"b") -> tuple[list[Any], tuple[Any, ...]]:
    reader = MultipartReader(boundary)
    events: list[Any] = []
    for part in parts:
        events += merged(reader.receive(part))
    events += merged(reader.finish())
    joined: list[Any] = []
    for event in events:
        if isinstance(event, tuple) and joined and isinstance(joined[-1], tuple) and joined[-1][0] == event[0]:
            joined[-1] = (event[0], joined[-1][1] + event[1])
        else:
            joined.append(event)
    facts = (
        reader.parts,
        reader.closed,
        reader.boundary_prefix,
        reader.crlf_delimiters,
        reader.lf_delimiters,
        reader.padded_delimiters,
        reader.delimiter_after_close,
    )
    return joined, facts


def part_octets(body: bytes, boundary: bytes = b"b") -> list[bytes]:
    parts: list[bytes] = []
    reader = MultipartReader(boundary)
    for event in reader.receive(body) + reader.finish():
        if isinstance(event, PartStart):
            parts.append(b"")
        elif isinstance(event, PartData):
            parts[-1] += event.data
    return parts


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--b\r\nA: b\r\n\r\nx\r\n--b--\r\n", [b"A: b\r\n\r\nx"]),
        (b"pre\r\n--b\r\nx\r\n\r\n--b--\r\nepi", [b"x\r\n"]),
        (b"--b\nx\n\n\n--b\ny\n--b--", [b"x\n\n", b"y"]),
        (b"--b\r\nx \t \r\n--b--", [b"x \t "]),
        (b"--b \t\r\nx\r\n--b-- \t\r\n", [b"x"]),
        (b"--b\r\n\r\n--b--", [b""]),
        (b"--b\r\n--b--", [b""]),
        (b"--b\r\n--b\r\nx\r\n--b--", [b"", b"x"]),
        (b"--b\r\nx\r\n--bc\r\ny\r\n--b--", [b"x\r\n--bc\r\ny"]),
        (b"--b\r\nx\r\n--b-\r\n--b--x\r\n--b--", [b"x\r\n--b-\r\n--b--x"]),
        (b"--b\r\nx", [b"x"]),
        (b"--b\r\nx\r\n", [b"x\r\n"]),
        (b"--b", [b""]),
        (b"--b--", []),
        (b"x --b\r\ny", []),
        (b"--b\nx\r\n--b\ny\r\r\n--b--", [b"x", b"y\r"]),
        (b"--b\r\nx\r--b\r\n--b--", [b"x\r--b"]),
        (b"--b\r\n\xff\0\x80\r\n--b--", [b"\xff\0\x80"]),
        (b"", []),
    ],
)
def test_octets_of_parts(body: bytes, parts: list[bytes]) -> None:
    assert part_octets(body) == parts
    whole = read([body])
    for size in (1, 2, 3, 5):
        assert read([body[i : i + size] for i in range(0, len(body), size)]) == whole


def test_events() -> None:
    events, facts = read([b"pre\r\n--b\r\none\r\n--b  \ntwo\n--bx\n--b--\r\nepi\r\n--b\r\nlogue"])
    assert events == [
        ("Preamble", b"pre"),
        "PartStart(index=0, offset=10)",
        ("PartData", b"one"),
        "PartEnd(index=0, offset=13)",
        "PartStart(index=1, offset=21)",
        ("PartData", b"two\n--bx"),
        "PartEnd(index=1, offset=29)",
        "Closed()",
        ("Epilogue", b"epi\r\n--b\r\nlogue"),
    ]
    assert facts == (2, True, True, 2, 1, 1, 1)


def test_a_missing_close_delimiter_is_told() -> None:
    reader = MultipartReader("b")
    events = reader.receive(b"--b\r\nx\r\n--b\r\n")
    assert not reader.closed
    events = reader.finish()
    assert isinstance(events[-1], PartEnd)
    assert not reader.closed
    assert not any(isinstance(event, Closed) for event in events)


def test_line_ends_of_delimiters() -> None:
    reader = MultipartReader("b")
    reader.receive(b"--b\nx\n--b--\n")
    reader.finish()
    assert reader.lf_only
    reader = MultipartReader("b")
    reader.receive(b"--b\r\nx\n--b--\n")
    assert not reader.lf_only


@pytest.mark.parametrize("boundary", ["", b"", b" ", b"a\r\nb", "a\n"])
def test_boundaries_that_are_none(boundary: bytes | str) -> None:
    with pytest.raises(ParseError):
        MultipartReader(boundary)


def test_large_parts_are_not_copied() -> None:
    reader = MultipartReader("b")
    reader.receive(b"--b\r\n")
    chunk = b"x" * 100_000
    (event,) = reader.receive(chunk)
    assert isinstance(event, PartData)
    assert event.data is chunk
    (event,) = reader.receive(b"y" * 100_000 + b"\r\n--b")
    assert isinstance(event, PartData)
    assert isinstance(event.data, memoryview)


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_forms_of_buffers(form: Any) -> None:
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
    assert [part.content_type.value for part in parse(form(message)).walk()] == ["multipart/mixed", "text/plain"]
    reader = EntityReader()
    events = reader.receive(form(message[:10])) + reader.receive(form(message[10:]))
    assert merged(events)[1:] == [("Body", message[45:])]
    multipart = MultipartReader(b"b")
    assert [type(event) for event in multipart.receive(form(message[45:]))] == [PartStart, PartData, PartEnd, Closed]


PIECES = [
    b"--b", b"--b--", b"--bx", b"--c", b"--c--", b"--b \t", b"--", b"\r\n", b"\n", b"\r\n\r\n", b"\n\n", b"\r", b"-", b"x",
    b"A: b", b" folded",
    b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/mixed; boundary=c", b"Content-Type: message/rfc822",
    b"Content-Type: multipart/digest; boundary=c", b"Content-Transfer-Encoding: base64", b"\xff", b"From x",
]  # fmt: skip
bodies = st.lists(st.sampled_from(PIECES) | st.sampled_from([b"\r\n", b"\n"]), max_size=40).map(b"".join)
cuts = st.lists(st.integers(0, 400), max_size=5)


@given(body=bodies, at=cuts)
@example(body=b"--b\n--b", at=[4])
@example(body=b"x\r\n--b\r", at=[7])
def test_any_chunks(body: bytes, at: list[int]) -> None:
    expected = read([body])
    assert read(chunks(body, at)) == expected
    assert read([body[i : i + 1] for i in range(len(body))]) == expected


def parts_by_line(body: bytes) -> tuple[list[bytes], bool]:
    """The definition (RFC 2046 section 5.1.1): look at each line by itself. Return the parts, and whether there is a close delimiter."""
    parts: list[list[bytes]] = []
    for line in re.findall(rb"[^\n]*\n|[^\n]+", body):
        bare = line.removesuffix(b"\n").removesuffix(b"\r").rstrip(b" \t")
        if bare == b"--b":
            parts.append([])
        elif bare == b"--b--":
            return [_without_line_end(b"".join(lines)) for lines in parts], True
        elif parts:
            parts[-1].append(line)
    return [_without_line_end(b"".join(lines)) for lines in parts[:-1]] + [b"".join(lines) for lines in parts[-1:]], False


def _without_line_end(octets: bytes) -> bytes:
    return octets.removesuffix(b"\n").removesuffix(b"\r") if octets.endswith(b"\n") else octets


@given(body=bodies)
def test_definition(body: bytes) -> None:
    parts, closed = parts_by_line(body)
    reader = MultipartReader("b")
    reader.receive(body)
    reader.finish()
    assert (reader.parts, reader.closed) == (len(parts), closed)
    assert part_octets(body) == parts


HEAD = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


@given(body=bodies)
@example(body=b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c--\n--b--")
@example(body=b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n--b--")
@example(body=b"--b\nContent-Type: message/rfc822\n\n--b--")
def test_tree_and_readers_agree(body: bytes) -> None:
    """At every level the tree has the parts that a reader finds in the octets of that level."""
    for part in parse(HEAD + body).walk():
        check_offsets(part)
        if part.boundary is not None:
            assert part_octets(bytes(part.body), part.boundary) == [child.raw for child in part.children]
            reader = MultipartReader(part.boundary)
            reader.receive(part.body)
            reader.finish()
            assert reader.closed == part.closed


LONG_WAY = DEFAULT_LIMITS.replace(mime_depth=parts.PLAIN_DEPTH - 1)

PLAIN_TYPES = [
    b"multipart/mixed; boundary=b",
    b'Multipart/Digest; BOUNDARY="c"',
    b"multipart/x; boundary=bc",
    b"message/rfc822",
    b"text/plain",
]
ODD_TYPES = [
    b'multipart/x; boundary="b--"',
    b"multipart/mixed",
    b'multipart/mixed; boundary=" "',
    b'multipart/x; boundary="c "; boundary=b',
]
ODD_TYPES += [
    b"Message/Global ; x=y",
    b"message/rfc822(x)",
    b"text /plain",
    b"nonsense",
    b"",
    b"multipart/mixed; boundary*=b",
    b"message/rfc822*",
]
TYPES = [*PLAIN_TYPES, *ODD_TYPES, b"multipart/x; boundary=c; a=\xe4"]
ENCODINGS = [b"7BIT", b" base64 ", b"Quoted-Printable", b"x-odd", b"8bit (x)", b"", b"binary"]
FIELDS = [*(b"Content-Type: " + kind for kind in TYPES), *(b"content-transfer-ENCODING:" + kind for kind in ENCODINGS)]
RULES = [b"--b", b"--c", b"--bc", b"--b--", b"--c--", b"--bc--", b"--b----", b"--b-- \t", b"--c ", b"--", b"x --b"]
PARTS = [*FIELDS, *RULES, b"", b"", b"", b"A: b", b" folded", b"x", b"\r", b"MIME-Version: 1.0", b"Content-Typo: x"]
messages = st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from([b"\n", b"\r\n", b"\n"])).map(b"".join), max_size=30).map(b"".join)


@given(data=messages, cut=st.integers(0, 2))
@example(data=b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n--b--", cut=0)
@example(data=b"Content-Type: multipart/digest; boundary=b\n\n--b\n\n\n--b", cut=0)
@example(data=b"Content-Type: message/rfc822\n\n" * 14, cut=0)
@example(data=b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 62, cut=0)
@example(data=b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 70, cut=0)
def test_the_short_way_is_the_long_way(data: bytes, cut: int) -> None:
    """What the kernel says of a message in plain form is what the tree finds without it."""
    data = data[: len(data) - cut]
    short, long = list(parse(data).walk()), list(parse(data, LONG_WAY).walk())
    assert [facts(part) for part in short] == [facts(part) for part in long]


def facts(part: MIMEPart) -> tuple[Any, ...]:
    places = (part.start, part.fields.end, part.body_start, part.end, part.preamble_end, part.epilogue_start)
    names = list(part.fields), part.fields.defects, part.content_type.value, part.content_type.present
    return part.depth, len(part.children), part.boundary, part.closed, *places, *names


def check_offsets(part: MIMEPart) -> None:
    assert part.start <= part.fields.end <= part.body_start <= part.end
    for child in part.children:
        assert part.body_start <= child.start <= child.end <= part.end
    if part.closed:
        assert part.preamble_end <= part.epilogue_start <= part.end


def test_tree() -> None:
    message = (
        b"Content-Type: multipart/mixed; boundary=b\n\npre\n--b\nContent-Type: multipart/digest; boundary=c\n\n"
        b"--c\n\nSubject: one\n\nbody\n--c\nContent-Type: text/x\n\ntwo\n--c--\n\n--b\nContent-Type: image/png\n\npng\n--b--\nepi"
    )
    tree = parse(message)
    shown = [(part.depth, part.content_type.value, bytes(part.body)) for part in tree.walk() if not part.children]
    assert shown == [(3, "text/plain", b"body"), (2, "text/x", b"two"), (1, "image/png", b"png")]
    assert tree.boundary == b"b"
    assert message[tree.body_start : tree.preamble_end] == b"pre"
    assert message[tree.epilogue_start : tree.end] == b"epi"
    assert tree.children[0].children[0].content_type.value == "message/rfc822"
    assert not tree.children[0].children[0].content_type.present


def test_outer_boundaries_end_inner_parts() -> None:
    message = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=bc\r\n\r\n"
        b"--bc\r\n\r\ninner\r\n--b\r\n\r\nouter\r\n--b--\r\n"
    )
    tree = parse(message)
    assert [bytes(part.body) for part in tree.walk() if not part.children] == [b"inner", b"outer"]
    assert not tree.children[0].closed
    assert tree.closed


@given(header=bodies, body=bodies, at=cuts)
@example(header=b"", body=b"", at=[])
@example(header=b"A: b\r", body=b"", at=[5])
def test_entity_in_any_chunks(header: bytes, body: bytes, at: list[int]) -> None:
    data = header + b"\r\n\r\n" + body
    events = run(EntityReader(), [data])
    assert run(EntityReader(), chunks(data, at)) == events
    assert run(EntityReader(), [data[i : i + 1] for i in range(len(data))]) == events
    assert b"".join(octets for _, octets in events) == data
    tree = parse(data)
    assert events[0][1] == data[: tree.body_start] or tree.children


def run(reader: EntityReader, parts: list[bytes]) -> list[tuple[str, bytes]]:
    events: list[tuple[str, bytes]] = []
    found: list[Any] = []
    for part in parts:
        found += reader.receive(part)
    found += reader.finish()
    for event in found:
        if isinstance(event, HeaderBlock):
            events.append(("HeaderBlock", event.raw))
            assert reader.fields is event.fields
            assert reader.header_size == len(event.raw)
        elif events and events[-1][0] == "Body":
            events[-1] = ("Body", events[-1][1] + event.data)
        else:
            events.append(("Body", bytes(event.data)))
    return events


def feed_octets(reader: EntityReader, count: int) -> None:
    for _ in range(count):
        reader.receive(b"x")


def test_limits() -> None:
    limits = DEFAULT_LIMITS.replace(header_size=100, header_fields=5, mime_depth=3, mime_parts=4)
    header = b"A: " + b"x" * 200
    for run_on in (lambda data: parse(data, limits), lambda data: EntityReader(limits).receive(data)):
        with pytest.raises(LimitExceeded, match="header_size"):
            run_on(header + b"\r\n\r\n")
        with pytest.raises(LimitExceeded, match="header_fields"):
            run_on(b"A: b\r\n" * 6 + b"\r\n")
        run_on(b"A: b\r\n" * 5 + b"\r\n")
    reader = EntityReader(limits)
    with pytest.raises(LimitExceeded, match="header_size"):
        feed_octets(reader, 300)
    parts = b"--b\r\n\r\n" * 6
    with pytest.raises(LimitExceeded, match="mime_parts"):
        parse(HEAD + parts, limits)
    with pytest.raises(LimitExceeded, match="mime_parts"):
        MultipartReader("b", limits).receive(parts)
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(5))
    limits = limits.replace(mime_parts=100)
    with pytest.raises(LimitExceeded, match="mime_depth"):
        parse(deep, limits)
    with pytest.raises(LimitExceeded, match="mime_depth"):
        parse(b"Content-Type: message/rfc822\n\n" * 5, limits)


@pytest.mark.parametrize("exact", [99, 100, 101])
def test_the_header_limit_is_exact(exact: int) -> None:
    limits = DEFAULT_LIMITS.replace(header_size=100)
    block = b"A: " + b"x" * (exact - 4) + b"\n"
    assert len(block) == exact
    for data in (block + b"\nbody", block + b"\r\nbody"):
        outcomes = set()
        for pieces in ([data], [data[i : i + 1] for i in range(len(data))], [data[:50], data[50:]]):
            try:
                outcomes.add(tuple(run(EntityReader(limits), pieces)))
            except LimitExceeded:
                outcomes.add(())
        assert len(outcomes) == 1
        assert (outcomes == {()}) == (exact > 100)


_OF_HEADERS = ("start", "end", "body_start", "is_ordinary_content")
_DELIMITERS_OF_TWO = [b"--b\r\n", b"--b\n", b"--b--\r\n", b"--b--\n", b"--b \r\n", b"--bc\r\n"]
_LINES_OF_TWO = [*_DELIMITERS_OF_TWO, b"A: b\r\n", b"Content-Type: a/b\n", b"text\r\n", b"\r\n", b"\n", b"\r", b"x"]
_TWO_PARTS = st.lists(st.sampled_from(_LINES_OF_TWO), max_size=12).map(b"".join)
_PART = st.lists(st.sampled_from(_LINES_OF_TWO[6:]), max_size=6).map(b"".join)
_PLAIN_TWO = st.tuples(_PART, st.just(b"\r\n--b\r\n"), _PART, st.just(b"\r\n--b\r\n"), _PART, st.just(b"\r\n--b--\r\n"), _PART).map(
    b"".join
)


@given(_TWO_PARTS | _PLAIN_TWO, st.binary(max_size=4), st.sampled_from([(1000, 1000), (2, 1000), (1000, 20)]))
@example(b"preamble\r\n--b\r\n\none\r\n--b\r\nA: b\r\n\r\ntwo\r\n--b--\r\nepilogue", b"\r\n--b", (1000, 1000))
@example(b"--b\n\none\n--b\n\n\n--b--\n--", b"b\n", (1000, 1000))
def test_two_parts_are_those_of_receive(body: bytes, rest: bytes, bounds: tuple[int, int]) -> None:
    limits = DEFAULT_LIMITS.replace(header_fields=bounds[0], header_size=bounds[1])
    quick, slow = MultipartReader(b"b", limits), MultipartReader(b"b", limits)
    both = quick.two_parts(body)
    if both is None:
        return
    preamble, first, second, epilogue = both
    found = [b""] * 4
    part = 0
    for event in slow.receive(body):
        if isinstance(event, Preamble):
            found[0] += bytes(event.data)
        elif isinstance(event, PartData):
            found[1 + part] += bytes(event.data)
        elif isinstance(event, Epilogue):
            found[3] += bytes(event.data)
        elif isinstance(event, PartStart):
            part = event.index
    assert [bytes(preamble), first.data, second.data, bytes(epilogue)] == found
    for fields in (first, second):
        whole = whole_header(fields.data, limits)
        assert whole is not None
        assert [getattr(fields, name) for name in _OF_HEADERS] == [getattr(whole, name) for name in _OF_HEADERS]
        assert list(fields) == list(whole)
        assert fields.content_type().value == whole.content_type().value
    assert [getattr(quick, name) for name in MultipartReader.__slots__] == [getattr(slow, name) for name in MultipartReader.__slots__]
    assert list(map(repr, quick.receive(rest) + quick.finish())) == list(map(repr, slow.receive(rest) + slow.finish()))
