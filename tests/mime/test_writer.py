"""What goes inside and what stays outside, the octets around a signature, and entities that survive transport."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage, Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import DEFAULT_LIMITS
from smime.mime import seven_bit
from smime.mime.encoded_words import decode_words
from smime.mime.header import HeaderFields
from smime.mime.smime_types import classify
from smime.mime.tree import MIMEPart, parse
from smime.mime.writer import (
    SevenBitEncoder,
    check_field,
    encode_field,
    make_boundary,
    multipart_signed,
    pkcs7_mime_header,
    seven_bit_safe,
    split_message,
    write_fields,
)
from smime.transforms import base64, quoted_printable

TEXT = b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"


@pytest.mark.parametrize(
    ("message", "outside", "entity"),
    [
        (b"hello\nworld", [], TEXT + b"hello\nworld"),
        (b"", [], TEXT),
        (b"no field: x", [], TEXT + b"no field: x"),
        ("grüße".encode(), [], TEXT.replace(b"us-ascii", b"utf-8").replace(b"7bit", b"8bit") + "grüße".encode()),
        (b"\xe4", [], TEXT.replace(b"us-ascii", b"unknown-8bit").replace(b"7bit", b"8bit") + b"\xe4"),
        (b"\nbody", [], b"\nbody"),
        (b"\r\nbody", [], b"\r\nbody"),
        (b"Content-Type: text/html\n\nbody \n\n", [], b"Content-Type: text/html\n\nbody \n\n"),
        (
            b"Subject: x\r\n y\r\nMIME-Version: 1.0\r\nFrom: a@b\r\nContent-type: text/html;\r\n x=y\r\nX: z\r\n\r\nbody",
            [(b"Subject", b" x\r\n y"), (b"From", b" a@b"), (b"X", b" z")],
            b"MIME-Version: 1.0\r\nContent-type: text/html;\r\n x=y\r\n\r\nbody",
        ),
        (b"Subject: x\n y\n\nbody", [(b"Subject", b" x\r\n y")], b"\nbody"),
        (b"Subject: x", [(b"Subject", b" x")], b"\r\n"),
        (b"Content-Type: a/b", [], b"Content-Type: a/b\r\n\r\n"),
        (b"From a@b Mon\nSubject: a\nContent-ID: <x>\n\nz", [(b"Subject", b" a")], b"Content-ID: <x>\n\nz"),
        (b"Subject: a\nno field\n\nz", [], TEXT + b"Subject: a\nno field\n\nz"),
        (b"Bcc: x@y\n\n", [], b"\n"),
        (b"To: x@y\nResent-Bcc: z@y,\n  w@y\nBCC : v@y\nCc: u@y\n\n", [(b"To", b" x@y"), (b"Cc", b" u@y")], b"\n"),
    ],
)
def test_split(message: bytes, outside: list[tuple[bytes, bytes]], entity: bytes) -> None:
    for form in (message, bytearray(message), memoryview(message)):
        assert split_message(form) == (outside, entity)


def test_an_entity_without_other_fields_is_the_same_object() -> None:
    message = b"Content-Type: text/html\r\n\r\nbody"
    assert split_message(message)[1] is message


@pytest.mark.parametrize("policy", [email.policy.compat32, email.policy.default, email.policy.SMTP])
def test_message_objects(policy: Any) -> None:
    octets = b"Subject: a\n very long\n  subject\nTo: x@y\nContent-Type: text/plain; charset=utf-8\n\nb\xc3\xa4\nFrom me\n"
    message = email.message_from_bytes(octets, policy=policy)
    outside, entity = split_message(message)
    assert outside == [(b"Subject", b" a\r\n very long\r\n  subject"), (b"To", b" x@y")]
    assert entity == b"Content-Type: text/plain; charset=utf-8\r\n\r\nb\xc3\xa4\r\nFrom me\r\n"


def test_message_objects_that_were_composed() -> None:
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("From here\n")
    message.add_attachment(b"\0\1", maintype="application", subtype="octet-stream", filename="x")
    outside, entity = split_message(message)
    assert [name for name, _ in outside] == [b"Subject"]
    tree = parse(entity)
    assert [part.content_type.value for part in tree.walk()] == ["multipart/mixed", "text/plain", "application/octet-stream"]
    assert bytes(tree.children[0].body) == b"From here\r\n"


def test_a_message_object_that_cannot_be_written() -> None:
    message = Message()
    message["Content-Type"] = "multipart/mixed"
    message.set_payload("text")
    message["X"] = "a\nb: injected"
    with pytest.raises(ParseError):
        split_message(message)
    message = Message()
    message.set_payload(object())
    with pytest.raises(ParseError):
        split_message(message)


def test_the_header_of_a_message_is_limited() -> None:
    with pytest.raises(LimitExceeded):
        split_message(b"To: b\n" * 10 + b"\n", DEFAULT_LIMITS.replace(header_fields=5))
    with pytest.raises(LimitExceeded):
        split_message(b"To: b\n" * 10 + b"\n", DEFAULT_LIMITS.replace(header_size=40))
    with pytest.raises(LimitExceeded):
        split_message(b"To: b\nSubject: c\n" * 10, DEFAULT_LIMITS.replace(header_size=22))


# -- fields --


@pytest.mark.parametrize("value", [b"a\r\nBcc: x", b"a\nb", b"a\rb", b"a\0b", b"\n"])
def test_header_injection(value: bytes) -> None:
    with pytest.raises(ParseError):
        write_fields([(b"X", value)])
    with pytest.raises(ParseError):
        encode_field("X", value.decode())


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"\xe4", b"a\n"])
def test_names_that_are_none(name: bytes) -> None:
    with pytest.raises(ParseError):
        check_field(name, b"x")
    with pytest.raises(ParseError):
        write_fields([(name, b" x")])


def test_write_fields() -> None:
    assert write_fields([(b"A", b" b\r\n c"), (b"D", b"")]) == b"A: b\r\n c\r\nD:\r\n"
    assert write_fields([]) == b""


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=300))
def test_encoded_fields_are_read_again(value: str) -> None:
    octets = write_fields([encode_field("Subject", value)])
    assert octets.isascii()
    assert max(len(line) for line in octets.split(b"\r\n")) <= 998
    fields = HeaderFields.parse(octets)
    assert len(fields) == 1
    assert decode_words(fields.get("subject") or "").strip(" \t") == value.strip(" \t")


# -- multipart/signed and pkcs7-mime --


def test_multipart_signed() -> None:
    pieces = multipart_signed(["sha-256"])
    signed = b"Content-Type: text/plain\r\n\r\nhello\r\n"
    message = pieces.head + signed + pieces.middle + b"TUlJ\r\n" + pieces.tail
    tree = parse(message)
    kind = classify(tree.fields)
    assert (kind.kind, kind.protocol, kind.micalg) == ("multipart-signed", "application/pkcs7-signature", ("sha-256",))
    assert kind.boundary == pieces.boundary
    assert tree.closed
    assert tree.children[0].raw == signed
    assert bytes(tree.children[1].body) == b"TUlJ"
    assert classify(tree.children[1].fields).kind == "pkcs7-signature"
    assert not seven_bit.text_hazards(message)
    assert tree.fields.get("mime-version") == "1.0"


def test_several_algorithms_are_quoted() -> None:
    assert b'micalg="sha-256,sha-512"' in multipart_signed(["sha-256", "sha-512"], b"b").head
    assert multipart_signed(["sha-256"], b"b").tail == b"--b--\r\n"


@pytest.mark.parametrize("micalg", [[], [""], ["a b"], ["a\r\nb"], ['a"b'], ["ä"]])
def test_micalg_names_that_are_none(micalg: list[str]) -> None:
    with pytest.raises(ParseError):
        multipart_signed(micalg)


@pytest.mark.parametrize("boundary", [b"", b"a\r\nb", b'"', b"x" * 71, b"a ", b"\xe4"])
def test_boundaries_that_are_none(boundary: bytes) -> None:
    with pytest.raises(ParseError):
        multipart_signed(["sha-256"], boundary)


def test_boundaries_are_new_each_time() -> None:
    boundaries = {make_boundary() for _ in range(100)}
    assert len(boundaries) == 100
    assert all(boundary.startswith(b"=_") and len(boundary) == 34 for boundary in boundaries)


@pytest.mark.parametrize(
    ("smime_type", "name"),
    [("signed-data", "smime.p7m"), ("enveloped-data", "smime.p7m"), ("certs-only", "smime.p7c"), ("compressed-data", "smime.p7z")],
)
def test_pkcs7_mime(smime_type: str, name: str) -> None:
    fields = HeaderFields.parse(pkcs7_mime_header(smime_type))
    assert fields.complete
    kind = classify(fields)
    assert (kind.kind, kind.smime_type, kind.content_type.name) == ("pkcs7-mime", smime_type, name)
    assert fields.content_transfer_encoding() == "base64"
    assert HeaderFields.parse(pkcs7_mime_header(smime_type, encoding="binary")).content_transfer_encoding() == "binary"


def test_pkcs7_mime_injection() -> None:
    with pytest.raises(ParseError):
        pkcs7_mime_header("a\r\nb")
    with pytest.raises(ParseError):
        pkcs7_mime_header("signed-data", encoding="8bit\r\n")


# -- what survives transport --


def content(part: MIMEPart) -> bytes:
    """Return the decoded content, text in canonical lines."""
    body = bytes(part.body)
    encoding = part.fields.content_transfer_encoding()
    if encoding == "base64":
        return base64.decode(body)
    if encoding == "quoted-printable":
        return quoted_printable.decode(body)
    return body if encoding == "binary" else body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_a_safe_entity_is_the_same_object() -> None:
    entity = b"Content-Type: text/plain\r\n\r\nhello\r\n"
    assert seven_bit_safe(entity) is entity


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("grüße".encode(), "quoted-printable"),
        (b"a \r\nb", "quoted-printable"),
        (b"a\t\n", "quoted-printable"),
        (b"From me", "quoted-printable"),
        (b"x\r\n.\r\ny", "quoted-printable"),
        (b"x" * 999, "quoted-printable"),
        (b"bare\rCR", "quoted-printable"),
        (b"\0", "base64"),
        ("ä".encode() * 100, "base64"),
    ],
)
def test_texts(body: bytes, encoding: str) -> None:
    entity = b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body
    safe = bytes(seven_bit_safe(entity))
    assert not seven_bit.text_hazards(safe)
    tree = parse(safe)
    assert tree.fields.content_transfer_encoding() == encoding
    assert content(tree) == body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert bytes(seven_bit_safe(safe)) == safe


def test_text_without_a_label_gets_one() -> None:
    safe = bytes(seven_bit_safe("\r\ngrüße".encode()))
    assert safe == b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC=C3=9Fe"
    assert b"unknown-8bit" in seven_bit_safe(b"\r\n\xe4")
    # a header that goes to the end of the data has nothing to encode
    assert seven_bit_safe(b"Subject: \xe4") == b"Subject: \xe4"


def test_binary_octets_stay_octets() -> None:
    entity = b"Content-Type: application/x\nContent-Transfer-Encoding: binary\n\n\n\xff\r\0\n"
    tree = parse(bytes(seven_bit_safe(entity)))
    assert content(tree) == b"\n\xff\r\0\n"
    # without "binary" the lines are lines
    entity = b"Content-Type: application/x\nContent-Transfer-Encoding: 8bit\n\na\n\xff\n"
    assert content(parse(bytes(seven_bit_safe(entity)))) == b"a\r\n\xff\r\n"


NESTED = (
    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npreämble\r\n--b\r\n\r\ngrüße\r\n--b  \r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=  \r\n\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\n"
    "trailing \r\n--c--\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\nmeß\r\n--b\r\n\r\nsafe\r\n--b--\r\nepi"
).encode()


def test_leaf_by_leaf() -> None:
    safe = bytes(seven_bit_safe(NESTED))
    before, after = parse(NESTED), parse(safe)
    assert [part.content_type.value for part in before.walk()] == [part.content_type.value for part in after.walk()]
    assert after.fields.content_transfer_encoding() == "7bit"
    assert [child.raw for child in before.children[1:3]] == [child.raw for child in after.children[1:3]]
    assert [content(part) for part in before.walk() if not part.children] == [content(part) for part in after.walk() if not part.children]
    assert b"pre" not in safe
    assert safe.endswith(b"\r\n--b--\r\nepi")
    assert safe.isascii()


@pytest.mark.parametrize("size", [1, 2, 7, 50, 1000])
def test_streams(size: int) -> None:
    encoder = SevenBitEncoder()
    written = b"".join([encoder.update(NESTED[i : i + size]) for i in range(0, len(NESTED), size)] + [encoder.finalize()])
    assert written == seven_bit_safe(NESTED)
    assert encoder.changed


def test_a_stream_that_needs_no_change() -> None:
    entity = b"Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\nsafe\r\n--b--\r\n"
    encoder = SevenBitEncoder()
    assert encoder.update(entity) + encoder.finalize() == entity
    assert not encoder.changed


def test_long_leaves_are_not_held() -> None:
    """A leaf beyond the window is encoded whatever is in it; encoded ones go through."""
    encoder = SevenBitEncoder(window=1000)
    out = [encoder.update(b"Content-Type: text/plain\r\n\r\n")]
    out += [encoder.update(b"line\r\n" * 100) for _ in range(10)]
    assert sum(map(len, out)) > 4000
    tree = parse(b"".join([*out, encoder.finalize()]))
    assert tree.fields.content_transfer_encoding() == "quoted-printable"
    assert content(tree) == b"line\r\n" * 1000
    encoder = SevenBitEncoder(window=1000)
    header = b"Content-Transfer-Encoding: base64\r\n\r\n"
    assert encoder.update(header) == header
    assert encoder.update(b"A" * 76 + b"\r\n") == b"A" * 76 + b"\r\n"


def test_a_multipart_that_is_cut_gets_its_end() -> None:
    safe = bytes(seven_bit_safe(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xe4"))
    assert parse(safe).closed


def test_limits() -> None:
    deep = b"Content-Type: message/rfc822\n\n" * 100 + b"\n\xe4"
    with pytest.raises(LimitExceeded):
        seven_bit_safe(deep)
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n\xe4\n" * 20
    with pytest.raises(LimitExceeded):
        seven_bit_safe(many, DEFAULT_LIMITS.replace(mime_parts=10))


TYPES = [b"multipart/mixed; boundary=b", b"text/plain", b"message/rfc822", b"multipart/signed; boundary=c"]
LINES = [
    b"Content-Transfer-Encoding: 8bit",
    b"Content-Transfer-Encoding: base64",
    b"--b",
    b"--b--",
    b"--c",
    b"x ",
    b"\xe4",
    b"From x",
    b".",
    b"A: b",
]
PIECES = [*(b"Content-Type: " + kind for kind in TYPES), *LINES, b"\r\n", b"\n", b"\r\n\r\n", b"\n\n"]


@given(st.lists(st.sampled_from(PIECES) | st.sampled_from([b"\r\n", b"\n"]), max_size=30).map(b"".join), st.integers(1, 60))
def test_any_entity(entity: bytes, size: int) -> None:
    try:
        safe = bytes(seven_bit_safe(entity))
    except SMIMEError:
        pytest.fail("nothing here is beyond the limits")
    encoder = SevenBitEncoder()
    written = b"".join([encoder.update(entity[i : i + size]) for i in range(0, len(entity), size)] + [encoder.finalize()])
    if seven_bit.text_hazards(entity):
        assert written == safe
    before = [part for part in parse(entity).walk() if not part.is_multipart and not part.children]
    after = [part for part in parse(safe).walk() if not part.is_multipart and not part.children]
    assert [part.content_type.value for part in before] == [part.content_type.value for part in after]
    assert [content(part) for part in before] == [content(part) for part in after]


def test_outer_entities_are_unchanged_where_nothing_is_wrong() -> None:
    entity = NESTED.replace("ü".encode(), b"u")
    before, after = parse(entity), parse(bytes(seven_bit_safe(entity)))
    assert [child.raw for child in after.children][4] == [child.raw for child in before.children][4]
