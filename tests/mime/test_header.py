"""Header blocks, parameters, encoded-words and S/MIME's media types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import linear

from smime.errors import LimitExceeded, SMIMEError
from smime.limits import DEFAULT_LIMITS
from smime.mime import charsets
from smime.mime.encoded_words import decode_words
from smime.mime.header import HeaderFields, unfold
from smime.mime.parameters import parse_content_type, parse_disposition, read_leniently
from smime.mime.smime_types import MULTIPART_SIGNED, OTHER, PKCS7_MIME, PKCS7_SIGNATURE, classify

BLOCK = (
    b"From a@b Mon Jan  1 00:00:00 2020\r\nReceived: one\r\n\ttwo\r\nsubject : Hello\r\n  world \r\nno field\r\nRECEIVED:three\r\n"
    b"X-\xff: y\r\nEmpty:\r\n\r\nbody"
)


def test_fields() -> None:
    fields = HeaderFields.parse(BLOCK)
    assert list(fields) == [
        (b"Received", b" one\r\n\ttwo"),
        (b"subject", b" Hello\r\n  world "),
        (b"RECEIVED", b"three"),
        (b"Empty", b""),
    ]
    assert len(fields) == 4
    assert fields.get("Subject") == "Hello  world"
    assert fields.get_raw("SUBJECT") == b" Hello\r\n  world "
    assert fields.get_all("received") == ["one\ttwo", "three"]
    assert fields.get_all_raw("received") == [b" one\r\n\ttwo", b"three"]
    assert (fields.count("received"), fields.count("subject"), fields.count("to"), fields.count("x")) == (2, 1, 0, 0)
    assert "Empty" in fields
    assert "X" not in fields
    assert fields.get("empty") == ""
    assert fields.get("absent") is None
    assert fields.envelope == b"From a@b Mon Jan  1 00:00:00 2020"
    assert [BLOCK[offset : offset + 4] for offset in fields.defects] == [b"no f", b"X-\xff:"]
    assert fields.complete
    assert BLOCK[fields.body_start :] == b"body"
    assert b"".join(octets for _, octets in fields.raw_fields()) == fields.raw == BLOCK[: fields.end]


def test_a_block_without_an_empty_line() -> None:
    fields = HeaderFields.parse(b"A: b\r\nC: d")
    assert (fields.complete, fields.end, fields.body_start) == (False, 10, 10)
    assert fields.get("c") == "d"


def test_where_a_block_starts() -> None:
    data = b"xxxxA: b\n c\nD: e\n\nbody"
    fields = HeaderFields.parse(data, 4)
    assert (fields.start, fields.end, fields.body_start) == (4, 17, 18)
    assert fields.get("a") == "b c"
    assert HeaderFields.parse(b"\nbody").complete
    assert len(HeaderFields.parse(b"")) == 0


def test_duplicates() -> None:
    block = b"Content-Type: text/plain\nFrom: a@b\ncontent-type: text/html\nFROM: c@d\nX: y\nX: y\n\n"
    fields = HeaderFields.parse(block)
    assert set(fields.duplicates()) == {"content-type", "from"}
    assert fields.content_type().value == "text/plain"
    assert HeaderFields.parse(b"From: a@b\nX: y\nX: z\n\n").duplicates() == ()


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b" Base64 ", "base64"),
        (b" base64 (comment)", "base64"),
        (b"(comment) quoted-printable", "quoted-printable"),
        (b" 8bit;", "8bit"),
        (b' "7bit"', "7bit"),
        (b" x-uuencode", "x-uuencode"),
        (b"", "7bit"),
    ],
)
def test_transfer_encodings(value: bytes, encoding: str) -> None:
    assert HeaderFields.parse(b"Content-Transfer-Encoding:" + value + b"\n\n").content_transfer_encoding() == encoding
    assert HeaderFields.parse(b"A: b\n\n").content_transfer_encoding() == "7bit"


def test_disposition() -> None:
    fields = HeaderFields.parse(b'Content-Disposition: Attachment; filename="..\\\\dir/smime.p7m"\n\n')
    disposition = fields.content_disposition()
    assert disposition is not None
    assert (disposition.value, disposition.is_attachment, disposition.filename) == ("attachment", True, "smime.p7m")
    assert parse_disposition(b"inline").is_attachment is False
    assert parse_disposition(b"").is_attachment
    assert parse_disposition(b'x; filename="=?utf-8?q?=C3=A4?=.pdf"').filename == "ä.pdf"
    assert parse_disposition(b'x; filename="dir/"').filename is None
    assert HeaderFields.parse(b"A: b\n\n").content_disposition() is None


@pytest.mark.parametrize(
    ("value", "kind", "parameters"),
    [
        (b"Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        (b' multipart/signed;\r\n boundary="a b=c;d" ; micalg="sha-256"', "multipart/signed", {"boundary": "a b=c;d", "micalg": "sha-256"}),
        (b"(a (nested) comment) text (b) / (c) plain (d) ; (e) charset (f) = (g) us-ascii (h)", "text/plain", {"charset": "us-ascii"}),
        (b'a/b; x="q\\"u\\\\o"', "a/b", {"x": 'q"u\\o'}),
        (b"a/b;; x=y;", "a/b", {"x": "y"}),
        (b"a/b x=y z=w", "a/b", {"x": "y", "z": "w"}),
        (b"a/b; name=two words.txt; x=y", "a/b", {"name": "two words.txt", "x": "y"}),
        (b'a/b; x="open; y=z', "a/b", {"x": "open", "y": "z"}),
        (b"a/b; flag; x=y", "a/b", {"x": "y"}),
        (b'a/b; "quoted;text"; x=y', "a/b", {"x": "y"}),
        (b'a/b; x="folded\r\n value"', "a/b", {"x": "folded value"}),
        (b"a/b; x=\xc3\xa4", "a/b", {"x": "ä"}),
        (b"a/b; x=\xe4", "a/b", {"x": "ä"}),
        (b"nonsense", "text/plain", {}),
        (b"", "text/plain", {}),
        (b"/x", "text/plain", {}),
        (b"a/", "text/plain", {}),
        # RFC 2231
        (b"a/b; t*=utf-8'en'%e2%82%ac%20rates", "a/b", {"t": "€ rates"}),
        (b"a/b; t*0*=us-ascii'en'a%2Ab; t*1=\"c%20\"; t*2*=d%2A", "a/b", {"t": "a*bc%20d*"}),
        (b"a/b; t*1=b; t*0=a; t*3=d", "a/b", {"t": "ab"}),
        (b"a/b; t*1=b", "a/b", {}),
        (b"a/b; t=plain; t*=utf-8''extended", "a/b", {"t": "extended"}),
        (b"a/b; t*01=x; t*0=a", "a/b", {"t*01": "x", "t": "a"}),
        (b"a/b; t*=nonsense''%ff", "a/b", {"t": "ÿ"}),
        (b"a/b; t*=no-quotes%20", "a/b", {"t": "no-quotes "}),
    ],
)
def test_content_types(value: bytes, kind: str, parameters: dict[str, str]) -> None:
    for read in (parse_content_type(value), read_leniently(value)):
        assert (read.value, read.parameters) == (kind, parameters)
        assert read.valid == (b"/" in value.strip(b"/"))


def test_defects_and_duplicates_of_parameters() -> None:
    read = parse_content_type(b'multipart/mixed; boundary=a; BOUNDARY="b"')
    assert (read.boundary, read.duplicates) == (b"a", ("boundary",))
    for other in (b"boundary*=us-ascii''b", b'boundary*0="b"; boundary*1=c', b"boundary*0*=us-ascii''b"):
        assert parse_content_type(b"multipart/mixed; boundary=a; " + other).duplicates == ("boundary",)
        assert parse_content_type(b"multipart/mixed; " + other).duplicates == ()
    assert parse_content_type(b"multipart/mixed; boundary*0=a; boundary*=us-ascii''b").duplicates == ("boundary",)
    assert parse_content_type(b"a/b x=y").defects == ("missing-semicolon",)
    assert parse_content_type(b'a/b; x="y').defects == ("unclosed-quote",)
    assert parse_content_type(b"a/b; x=y z").defects == ("unquoted-value",)
    assert parse_content_type(b"a/b (").defects == ("unclosed-comment",)
    assert parse_content_type(b"a/b; x").defects == ("no-value",)
    assert parse_content_type(b"a/b/c").defects == ("text-after-value",)
    assert parse_content_type(b"a").defects == ("unreadable",)


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        (b"multipart/mixed; boundary=b", b"b"),
        (b'multipart/mixed; boundary="b  "', b"b"),
        (b'multipart/mixed; boundary=""', None),
        (b"multipart/mixed", None),
        (b"text/plain; boundary=b", None),
        (b'multipart/mixed; boundary="\xff\xe4"', b"\xff\xe4"),
        (b"multipart/mixed; boundary*0=a; boundary*1=b", b"ab"),
    ],
)
def test_boundaries(value: bytes, boundary: bytes | None) -> None:
    assert parse_content_type(value).boundary == boundary


@given(
    st.sampled_from(
        [
            b' multipart/signed; protocol="application/pkcs7-signature";\r\n micalg=sha-256; boundary="%s"',
            b' Multipart/Mixed; x="boundary="; boundary="%s"; y=z',
            b'multipart/mixed; boundary="%s"; Boundary=b',
            b'multipart/mixed; xboundary="%s"; boundary=b',
            b'multipart/mixed; x="%s boundary="; boundary="b"',
            b'text/plain; boundary="%s"',
            b'multipart/mixed; boundary="%s" \xff',
        ]
    ),
    st.lists(st.text("ab0=_' \t\"\\;\r\n\xe4", max_size=12).map(str.encode), min_size=1, max_size=4),
)
def test_a_value_like_another_is_read_as_it_is_alone(form: bytes, boundaries: list[bytes]) -> None:
    for boundary in (b"one", *boundaries, b"two"):
        value = form.replace(b"%s", boundary)
        read, alone = parse_content_type(value), read_leniently(value)
        for name in ("value", "type", "subtype", "parameters", "duplicates", "boundary", "present", "valid", "defects"):
            assert getattr(read, name) == getattr(alone, name), name


@given(st.binary(max_size=200) | st.text("a/b;=\"\\()*'% \r\n\t0,", max_size=60).map(str.encode))
def test_values_never_raise(value: bytes) -> None:
    parse_content_type(value)
    parse_disposition(value)
    fields = HeaderFields.parse(b"Content-Type:" + value)
    try:
        classify(fields)
    except SMIMEError:
        pytest.fail("classify raises for no value")


# -- encoded-words --


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?a_b=C3=A4?=", "a bä"),
        ("=?UTF-8?B?w6Q=?= =?utf-8?b?w7Y=?=", "äö"),
        ("=?utf-8?b?w6?= =?utf-8?b?pA==?=", "=?utf-8?b?w6?= =?utf-8?b?pA==?="),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        ("a =?iso-8859-1?q?=E4?= b", "a ä b"),
        ("=?iso-8859-1*de?q?=E4?=", "ä"),
        ("=?unknown?q?x?=", "=?unknown?q?x?="),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8?x?y?=", "=?utf-8?x?y?="),
        ("=?utf-8?q?=FF?=", "\ufffd"),
        ("=?punycode?q?x-?=", "=?punycode?q?x-?="),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert decode_words(value) == text or value == "=?utf-8?b?w6?= =?utf-8?b?pA==?="


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["=?", "utf-8", "?q?", "?b?", "?=", " ", "=C3", "w6Q", "\n", "é"]), max_size=20).map("".join)
)
def test_encoded_words_never_raise(value: str) -> None:
    assert isinstance(decode_words(value), str)


def test_character_sets_are_a_closed_list() -> None:
    for label in ("idna", "unicode_escape", "raw_unicode_escape", "zlib_codec", "rot13", "../x", "mbcs", ""):
        assert charsets.decode(b"x", label) is None
    assert charsets.decode("é".encode("koi8-r", "replace"), "KOI8-R") is not None
    assert charsets.decode(b"\x1b$B", "iso-2022-jp") is not None


def test_unfold() -> None:
    assert unfold(b" a\r\n b\n\tc ") == b"a b\tc"
    assert unfold(b" \r\n x") == b"x"


# -- S/MIME's media types --


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"Content-Type: application/pkcs7-mime; smime-type=Signed-Data; name=smime.p7m", PKCS7_MIME),
        (b"content-type: APPLICATION/X-PKCS7-MIME", PKCS7_MIME),
        (b"Content-Type: application/pkcs7-signature", PKCS7_SIGNATURE),
        (b"Content-Type: application/x-pkcs7-signature", PKCS7_SIGNATURE),
        (b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg="SHA-256, sha-1"; boundary=b', MULTIPART_SIGNED),
        (b"Content-Type: multipart/signed; boundary=b", MULTIPART_SIGNED),
        (b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b', OTHER),
        (b"Content-Type: multipart/mixed; boundary=b", OTHER),
        (b"Content-Type: application/octet-stream; name=SMIME.P7M", PKCS7_MIME),
        (b"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=x.p7s", PKCS7_SIGNATURE),
        (b"Content-Type: application/octet-stream; name=x.p7c", PKCS7_MIME),
        (b"Content-Type: application/octet-stream; name=x.p7z", PKCS7_MIME),
        (b"Content-Type: application/octet-stream; name=p7m", OTHER),
        (b"Content-Type: text/plain; name=smime.p7m", OTHER),
        (b"Subject: x", OTHER),
    ],
)
def test_classify(header: bytes, kind: str) -> None:
    result = classify(HeaderFields.parse(header + b"\n\nbody"))
    assert result.kind == kind
    assert result.by_name == (b"octet-stream" in header and kind != OTHER)
    if b"smime-type" in header:
        assert result.smime_type == "signed-data"
    if b"micalg" in header:
        assert (result.micalg, result.protocol, result.boundary) == (("sha-256", "sha-1"), "application/pkcs7-signature", b"b")


# -- bounded work (row QP of the attacks) --

LARGE = DEFAULT_LIMITS.replace(header_size=1 << 24, header_fields=10**7)
HOSTILE = {
    "100 000 parameters": b"Content-Type: a/b" + b"".join(b"; p%d=v" % i for i in range(100_000)),
    "100 000 segments": b"Content-Type: a/b" + b"".join(b"; a*%d*=%%41" % i for i in range(100_000)),
    "quotes that do not close": b"Content-Type: a/b" + b'; a="\\";' * 150_000,
    "comments that do not close": b"Content-Type: a/b; " + b"(" * 1_000_000,
    "comments before no equals sign": b"Content-Type: a/b" + b";a (" * 100_000 + b")" * 100_000,
    "open comments before no equals sign": b"Content-Type: a/b" + b";a (" * 100_000,
    "1 MB of folding": b"Content-Type: a/b; x=y" + b"\n " * 500_000,
    "100 000 fields": b"Content-Type: a/b\n" * 100_000,
    "words": b"Subject: " + b"=?utf-8?q?" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_work_is_linear(name: str) -> None:
    with linear(len(HOSTILE[name])):
        fields = HeaderFields.parse(HOSTILE[name], limits=LARGE)
        fields.content_type()
        fields.duplicates()
        decode_words(fields.get("subject") or "")


def test_limits() -> None:
    with pytest.raises(LimitExceeded) as caught:
        HeaderFields.parse(b"A: b\n" * 20_000)
    assert caught.value.limit == "header_fields"
    with pytest.raises(LimitExceeded) as caught:
        HeaderFields.parse(b"A: " + b"x" * (1 << 21))
    assert (caught.value.limit, caught.value.offset) == ("header_size", 1 << 20)
