"""Every content type: written, read back, in any pieces, in BER of every kind; and each fault by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cms import build
from tests.parity import ber_strategies as make

from smime.asn1 import writer as w
from smime.cms import attributes, ess
from smime.cms.auth_enveloped_data import AuthEnvelopedDataWriter, build_auth_enveloped_data
from smime.cms.authenticated_data import AuthenticatedDataWriter, build_authenticated_data
from smime.cms.compressed_data import CompressedDataWriter, build_compressed_data
from smime.cms.content_info import DATA, SIGNED_DATA, Content, build_content_info
from smime.cms.digested_data import DigestedDataWriter, build_digested_data
from smime.cms.encrypted_data import EncryptedDataWriter, build_encrypted_data
from smime.cms.enveloped_data import EnvelopedDataWriter, OriginatorInfo, build_enveloped_data
from smime.cms.reader import CMSReader, SignedDataHead, SignedDataTail, TrailingData, read
from smime.cms.signed_data import SignedDataWriter, build_signed_data
from smime.errors import LimitExceeded, ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS

CONTENT = b"Content-Type: text/plain\r\n\r\nHello\r\n"
MAC = bytes(16)
ATTRS = w.set_of([attributes.content_type(DATA), attributes.message_digest(bytes(32))])
UNPROTECTED = [ess.content_hints(DATA, "hint")]
ORIGINATOR = OriginatorInfo.build([build.certificate(9)], [build.certificate(8)])


def signed(content: bytes | None = CONTENT, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "digest_algorithms": [build.SHA256],
        "content": content,
        "signer_infos": [build.signer_info()],
        "certificates": [build.certificate(1), build.certificate(2)],
    } | changes
    return build_signed_data(**fields)


def enveloped(content: bytes | None = CONTENT, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "recipient_infos": [build.recipient()],
        "content_encryption_algorithm": build.AES_128_CBC,
        "encrypted_content": content,
    } | changes
    return build_enveloped_data(**fields)


def auth_enveloped(content: bytes | None = CONTENT, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "recipient_infos": [build.recipient()],
        "content_encryption_algorithm": build.AES_256_GCM,
        "encrypted_content": content,
        "mac": MAC,
    } | changes
    return build_auth_enveloped_data(**fields)


WHOLE: dict[str, bytes] = {
    "data": build_content_info(DATA, w.octet_string(CONTENT)),
    "signed": signed(),
    "signed, detached": signed(None),
    "signed, empty": signed(b""),
    "signed, certs-only": signed(None, signer_infos=[], digest_algorithms=[]),
    "signed, all": signed(
        content_type="1.2.3",
        crls=[build.certificate(7)],
        other_certificates=[w.implicit(2, w.null()), w.implicit(3, w.oid("1.2.3") + w.null())],
        other_revocation_infos=[("1.3.6.1.5.5.7.16.2", w.sequence(w.null()))],
        signer_infos=[
            build.signer_info(),
            build.signer_info(build.KEY_ID, signed_attrs=None, unsigned_attrs=[attributes.attribute("1.2.3", w.null(), w.integer(1))]),
        ],
    ),
    "enveloped": enveloped(),
    "enveloped, empty": enveloped(b""),
    "enveloped, absent": enveloped(None),
    "enveloped, all": enveloped(
        originator_info=ORIGINATOR, unprotected_attrs=UNPROTECTED, recipient_infos=[build.recipient(), build.recipient(rid=build.KEY_ID)]
    ),
    "auth-enveloped": auth_enveloped(),
    "auth-enveloped, all": auth_enveloped(auth_attrs=ATTRS, unauth_attrs=UNPROTECTED, originator_info=ORIGINATOR),
    "encrypted": build_encrypted_data(content_encryption_algorithm=build.AES_128_CBC, encrypted_content=CONTENT),
    "encrypted, all": build_encrypted_data(
        content_encryption_algorithm=build.AES_128_CBC, encrypted_content=CONTENT, unprotected_attrs=UNPROTECTED
    ),
    "compressed": build_compressed_data(content=CONTENT),
    "digested": build_digested_data(digest_algorithm=build.SHA256, content=CONTENT, digest=bytes(32)),
    "digested, detached": build_digested_data(digest_algorithm=build.SHA256, content=None, digest=bytes(32), content_type="1.2.3"),
    "authenticated": build_authenticated_data(
        recipient_infos=[build.recipient()], mac_algorithm=build.HMAC_SHA256, content=CONTENT, mac=MAC
    ),
    "authenticated, all": build_authenticated_data(
        recipient_infos=[build.recipient()],
        mac_algorithm=build.HMAC_SHA256,
        digest_algorithm=build.SHA256,
        content=CONTENT,
        mac=MAC,
        auth_attrs=ATTRS,
        unauth_attrs=UNPROTECTED,
        originator_info=ORIGINATOR,
    ),
}

STREAMED: dict[str, Callable[[], tuple[bytes, Callable[[bytes], bytes], Callable[[], bytes]]]] = {}


def _stream(name: str, writer: Any, *tail: Any) -> None:
    STREAMED[name] = lambda: (writer().head(), writer().content, lambda: writer().tail(*tail))


_stream("signed", lambda: SignedDataWriter([build.SHA256]), [build.signer_info()], [build.certificate(1), build.certificate(2)])
_stream("enveloped", lambda: EnvelopedDataWriter([build.recipient()], build.AES_128_CBC))
_stream(
    "enveloped, all",
    lambda: EnvelopedDataWriter(
        [build.recipient(), build.recipient(rid=build.KEY_ID)], build.AES_128_CBC, originator_info=ORIGINATOR, unprotected_attrs=UNPROTECTED
    ),
)
_stream("auth-enveloped", lambda: AuthEnvelopedDataWriter([build.recipient()], build.AES_256_GCM), MAC)
_stream(
    "auth-enveloped, all",
    lambda: AuthEnvelopedDataWriter(
        [build.recipient()], build.AES_256_GCM, auth_attrs=ATTRS, unauth_attrs=UNPROTECTED, originator_info=ORIGINATOR
    ),
    MAC,
)
_stream("encrypted", lambda: EncryptedDataWriter(build.AES_128_CBC))
_stream("encrypted, all", lambda: EncryptedDataWriter(build.AES_128_CBC, unprotected_attrs=UNPROTECTED))
_stream("compressed", CompressedDataWriter)
_stream("digested", lambda: DigestedDataWriter(build.SHA256), bytes(32))
_stream("authenticated", lambda: AuthenticatedDataWriter([build.recipient()], build.HMAC_SHA256), MAC)
_stream(
    "authenticated, all",
    lambda: AuthenticatedDataWriter([build.recipient()], build.HMAC_SHA256, build.SHA256, originator_info=ORIGINATOR),
    MAC,
    ATTRS,
    UNPROTECTED,
)


@pytest.mark.parametrize("name", WHOLE)
@given(points=st.lists(st.integers(0, 1 << 16), max_size=8), kind=st.sampled_from([bytes, bytearray, memoryview]))
def test_chunks_do_not_matter(name: str, points: list[int], kind: Any) -> None:
    data = WHOLE[name]
    assert build.outcome([kind(chunk) for chunk in make.cuts(data, points)], CMSReader()) == build.joined(read(data))


@pytest.mark.parametrize("name", WHOLE)
def test_octet_by_octet_in_a_buffer_used_again(name: str) -> None:
    data = WHOLE[name]
    buffer = bytearray(1)

    def chunks() -> Any:
        for octet in data:
            buffer[0] = octet
            yield buffer

    assert build.outcome(chunks(), CMSReader()) == build.joined(read(data))


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("step", [1, 50, 1 << 20])
@pytest.mark.parametrize("levels", [1, 3])
def test_indefinite_lengths_everywhere(name: str, step: int, levels: int) -> None:
    """STANDARDS 18.12: every length indefinite, every OCTET STRING nested and segmented: the same content and the same facts."""
    data = build.to_ber(WHOLE[name], levels=levels)
    assert len(data) > len(WHOLE[name])
    expected = build.joined(read(WHOLE[name]))
    found = build.outcome([data[at : at + step] for at in range(0, len(data), step)], CMSReader())
    assert [type(event) for event in found] == [type(event) for event in expected]
    for one, other in zip(found, expected, strict=True):
        for field in ("data", "has_content", "content_type", "digest", "mac", "version"):
            assert getattr(one, field, None) == getattr(other, field, None)
    for one, other in zip(getattr(found[-1], "signer_infos", ()), getattr(expected[-1], "signer_infos", ()), strict=True):
        assert one.signature == other.signature
        assert one.signed_attrs is None or not one.signed_attrs.is_der


@pytest.mark.parametrize("name", STREAMED)
@given(points=st.lists(st.integers(0, 100), max_size=4))
def test_streaming_writers_write_the_same(name: str, points: list[int]) -> None:
    head, content, tail = STREAMED[name]()
    data = head + b"".join(content(chunk) for chunk in make.cuts(CONTENT, points)) + tail()
    assert build.joined(read(data)) == build.joined(read(WHOLE[name]))


def _tail_length() -> int:
    return len(w.set_of([build.signer_info()])) + len(w.set_of([build.certificate(1), build.certificate(2)], tag=0xA0))


DEFINITE: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "signed": (
        lambda: SignedDataWriter([build.SHA256], content_length=len(CONTENT), tail_length=_tail_length()),
        ([build.signer_info()], [build.certificate(1), build.certificate(2)]),
    ),
    "signed, detached": (
        lambda: SignedDataWriter([build.SHA256], detached=True, content_length=0, tail_length=_tail_length()),
        ([build.signer_info()], [build.certificate(1), build.certificate(2)]),
    ),
    "enveloped": (lambda: EnvelopedDataWriter([build.recipient()], build.AES_128_CBC, content_length=len(CONTENT)), ()),
    "enveloped, empty": (lambda: EnvelopedDataWriter([build.recipient()], build.AES_128_CBC, content_length=0), ()),
    "enveloped, all": (
        lambda: EnvelopedDataWriter(
            [build.recipient(), build.recipient(rid=build.KEY_ID)],
            build.AES_128_CBC,
            originator_info=ORIGINATOR,
            unprotected_attrs=UNPROTECTED,
            content_length=len(CONTENT),
        ),
        (),
    ),
    "auth-enveloped": (lambda: AuthEnvelopedDataWriter([build.recipient()], build.AES_256_GCM, content_length=len(CONTENT)), (MAC,)),
    "auth-enveloped, all": (
        lambda: AuthEnvelopedDataWriter(
            [build.recipient()],
            build.AES_256_GCM,
            auth_attrs=ATTRS,
            unauth_attrs=UNPROTECTED,
            originator_info=ORIGINATOR,
            content_length=len(CONTENT),
        ),
        (MAC,),
    ),
    "encrypted, all": (
        lambda: EncryptedDataWriter(build.AES_128_CBC, unprotected_attrs=UNPROTECTED, content_length=len(CONTENT)),
        (),
    ),
    "digested": (lambda: DigestedDataWriter(build.SHA256, content_length=len(CONTENT)), (bytes(32),)),
}


@pytest.mark.parametrize("name", DEFINITE)
@given(points=st.lists(st.integers(0, 100), max_size=4))
def test_streams_of_known_length_are_der(name: str, points: list[int]) -> None:
    make_writer, tail = DEFINITE[name]
    writer = make_writer()
    data = writer.head()
    if name not in {"signed, detached", "enveloped, empty"}:
        data += b"".join(writer.content(chunk) for chunk in make.cuts(CONTENT, points))
        with pytest.raises(ValueError, match="more content"):
            writer.content(b"x")
    assert data + writer.tail(*tail) == WHOLE[name]


def test_announced_lengths_are_kept() -> None:
    writer = EnvelopedDataWriter([build.recipient()], build.AES_128_CBC, content_length=5)
    writer.content(b"1234")
    with pytest.raises(ValueError, match="not as long"):
        writer.tail()
    with pytest.raises(ValueError, match="not as long"):
        AuthEnvelopedDataWriter([build.recipient()], build.AES_256_GCM, content_length=0).tail(bytes(12))
    with pytest.raises(ValueError, match="not as long"):
        SignedDataWriter([build.SHA256], content_length=0, tail_length=7).tail([])
    assert len(EnvelopedDataWriter([], build.AES_128_CBC, content_length=10 << 30).head()) < 200


def test_detached_streams() -> None:
    writer = SignedDataWriter([build.SHA256], detached=True)
    with pytest.raises(ValueError, match="detached"):
        writer.content(b"x")
    data = writer.head() + writer.tail([build.signer_info()], [build.certificate(1), build.certificate(2)])
    assert read(data) == read(WHOLE["signed, detached"])
    digested = DigestedDataWriter(build.SHA256, "1.2.3", detached=True)
    assert read(digested.head() + digested.tail(bytes(32))) == read(WHOLE["digested, detached"])
    mac = AuthenticatedDataWriter([build.recipient()], build.HMAC_SHA256, detached=True)
    assert [type(event).__name__ for event in read(mac.head() + mac.tail(MAC))] == ["AuthenticatedDataHead", "AuthenticatedDataTail"]


def test_absent_and_empty_content_differ() -> None:
    for data, has_content in ((signed(None), False), (signed(b""), True), (enveloped(None), False), (enveloped(b""), True)):
        for chunks in ([data], [data[:40], data[40:]]):
            events = build.outcome(chunks, CMSReader())
            assert len(events) == 2
            assert events[0].has_content is has_content


def test_raw_octets_are_kept() -> None:
    head, content, tail = read(WHOLE["signed, all"])
    assert isinstance(head, SignedDataHead)
    assert isinstance(tail, SignedDataTail)
    assert head.content_type == "1.2.3"
    assert isinstance(content, Content)
    assert set(tail.certificates) == {build.certificate(1), build.certificate(2)}
    assert tail.crls == (build.certificate(7),)
    assert [raw[0] for raw in tail.other_certificates] == [0xA2, 0xA3]
    assert tail.other_revocation_infos == (("1.3.6.1.5.5.7.16.2", w.sequence(w.null())),)
    assert all(info.raw in WHOLE["signed, all"] for info in tail.signer_infos)
    first, second = sorted(tail.signer_infos, key=lambda info: info.version)
    assert (first.version, first.sid) == (1, build.ISSUER_AND_SERIAL)
    assert first.signed_attrs is not None
    assert first.signed_attrs.raw_as_set() == build.signed_attributes()
    assert first.signed_attrs.is_der
    assert (second.version, second.sid, second.signed_attrs) == (3, build.KEY_ID, None)
    assert second.unsigned_attrs is not None
    assert second.unsigned_attrs.values("1.2.3") == (w.integer(1), w.null())


@pytest.mark.parametrize(
    ("trailing", "padding"), [(bytes(100), True), (b"\r\n", True), (b" \t\r\n\x00", True), (b"x", False), (bytes(50) + b"x", False)]
)
@pytest.mark.parametrize("name", ["signed", "data", "compressed"])
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_trailing_octets_are_reported(name: str, step: int, trailing: bytes, padding: bool) -> None:
    for data in (WHOLE[name], build.to_ber(WHOLE[name])):
        whole = data + trailing
        events = build.outcome([whole[at : at + step] for at in range(0, len(whole), step)], CMSReader())
        assert events[-1] == TrailingData(len(trailing), padding=padding)
        assert events[:-1] == build.joined(read(data))


def test_finish_says_so_once() -> None:
    reader = CMSReader()
    assert not reader.started
    reader.receive(WHOLE["signed"] + b"\n")
    assert reader.started
    assert len(reader.finish()) == 1
    assert reader.finish() == []


@pytest.mark.parametrize("name", WHOLE)
def test_truncation(name: str) -> None:
    for data in (WHOLE[name], build.to_ber(WHOLE[name])):
        for length in range(len(data)):
            for step in (length or 1, 7):
                kind, arguments = build.outcome([data[at : min(at + step, length)] for at in range(0, length, step)], CMSReader())
                assert kind is ParseError
                assert arguments == ("cms", "truncated: the input ends inside the structure" if length else "no input", length)


def test_errors_are_final() -> None:
    reader = CMSReader()
    with pytest.raises(ParseError) as first:
        reader.receive(b"\x31\x00")
    with pytest.raises(ParseError) as second:
        reader.receive(WHOLE["signed"])
    with pytest.raises(ParseError) as third:
        reader.finish()
    assert first.value is second.value is third.value


def sequence(*parts: bytes) -> bytes:
    return w.sequence(*parts)


ENCAPSULATED = sequence(w.oid(DATA), w.explicit(0, w.octet_string(b"x")))
ALGORITHMS = w.set_of([build.SHA256.raw])
INFOS = w.set_of([build.signer_info()])
VERSION = w.integer(1)


def content_info(*parts: bytes, content_type: str = SIGNED_DATA) -> bytes:
    return sequence(w.oid(content_type), w.explicit(0, sequence(*parts)))


FAULTS: dict[str, tuple[bytes, str, str, int]] = {
    "not a SEQUENCE": (b"\x31\x00", "cms", "SET where SEQUENCE belongs", 0),
    "a mail": (b"From: x", "cms", "[APPLICATION 6] where SEQUENCE belongs", 0),
    "empty ContentInfo": (b"\x30\x00", "cms", "OBJECT IDENTIFIER is missing", 2),
    "a certificate": (build.certificate(), "cms", "SEQUENCE where OBJECT IDENTIFIER belongs", 4),
    "no content": (sequence(w.oid(SIGNED_DATA)), "cms", "ContentInfo has no content", 13),
    "content not [0]": (sequence(w.oid(SIGNED_DATA), w.null()), "cms", "NULL where [0] belongs", 13),
    "[0] empty": (sequence(w.oid(SIGNED_DATA), w.explicit(0, b"")), "cms", "SEQUENCE is missing", 15),
    "two in [0]": (
        sequence(w.oid(SIGNED_DATA), w.explicit(0, sequence(VERSION, ALGORITHMS, ENCAPSULATED, INFOS) + w.null())),
        "cms",
        "NULL where [0] should end",
        -2,
    ),
    "more in ContentInfo": (
        sequence(w.oid(SIGNED_DATA), w.explicit(0, sequence(VERSION, ALGORITHMS, ENCAPSULATED, INFOS)), w.null()),
        "cms",
        "NULL where SEQUENCE should end",
        -2,
    ),
    "no version": (content_info(ALGORITHMS, ENCAPSULATED, INFOS), "cms", "SET where INTEGER belongs", 23),
    "huge version": (content_info(w.integer(1 << 80), ALGORITHMS, ENCAPSULATED, INFOS), "cms", "a version number beyond all reason", 23),
    "empty version": (content_info(b"\x02\x00", ALGORITHMS, ENCAPSULATED, INFOS), "cms", "an INTEGER without contents", 23),
    "digestAlgorithms a SEQUENCE": (content_info(VERSION, sequence(), ENCAPSULATED, INFOS), "cms", "SEQUENCE where SET belongs", 26),
    "an algorithm is NULL": (content_info(VERSION, w.set_of([w.null()]), ENCAPSULATED, INFOS), "cms", "NULL where SEQUENCE belongs", 28),
    "no encapContentInfo": (content_info(VERSION, ALGORITHMS, INFOS), "cms", "SET where SEQUENCE belongs", 40),
    "no signerInfos": (content_info(VERSION, ALGORITHMS, ENCAPSULATED), "cms", "SignedData has no signerInfos", -0),
    "signerInfos a SEQUENCE": (content_info(VERSION, ALGORITHMS, ENCAPSULATED, sequence()), "cms", "SEQUENCE where signerInfos belong", -2),
    "crls before certificates": (
        content_info(VERSION, ALGORITHMS, ENCAPSULATED, w.implicit(1, b""), w.implicit(0, b""), w.set_of([])),
        "cms",
        "[0] where signerInfos belong",
        -4,
    ),
    "more behind signerInfos": (
        content_info(VERSION, ALGORITHMS, ENCAPSULATED, w.set_of([]), w.null()),
        "cms",
        "SET where signerInfos belong",
        -4,
    ),
    "a certificate is NULL": (
        content_info(VERSION, ALGORITHMS, ENCAPSULATED, w.implicit(0, w.null()), w.set_of([])),
        "cms",
        "NULL among the certificates",
        -4,
    ),
    "a CRL is NULL": (
        content_info(VERSION, ALGORITHMS, ENCAPSULATED, w.implicit(1, w.null()), w.set_of([])),
        "cms",
        "NULL among the revocation lists",
        -4,
    ),
    "other revocation info without format": (
        content_info(VERSION, ALGORITHMS, ENCAPSULATED, w.implicit(1, w.implicit(1, w.null())), w.set_of([])),
        "cms",
        "NULL where OBJECT IDENTIFIER belongs",
        -4,
    ),
    "a SignerInfo is NULL": (content_info(VERSION, ALGORITHMS, ENCAPSULATED, w.set_of([w.null()])), "cms", "malformed SignerInfo", -2),
    "eContent UTF8String": (
        content_info(VERSION, ALGORITHMS, sequence(w.oid(DATA), w.explicit(0, w.utf8_string("x"))), INFOS),
        "cms",
        "the content is UTF8String, not an OCTET STRING (PKCS #7 version 1.5)",
        56,
    ),
    "eContent [0] empty": (
        content_info(VERSION, ALGORITHMS, sequence(w.oid(DATA), w.explicit(0, b"")), INFOS),
        "cms",
        "eContent is empty where an OCTET STRING belongs",
        56,
    ),
    "two eContents": (
        content_info(VERSION, ALGORITHMS, sequence(w.oid(DATA), w.explicit(0, w.octet_string(b"") * 2)), INFOS),
        "cms",
        "OCTET STRING where [0] should end",
        58,
    ),
    "eContent [1]": (
        content_info(VERSION, ALGORITHMS, sequence(w.oid(DATA), w.explicit(1, w.octet_string(b""))), INFOS),
        "cms",
        "[1] where [0] belongs",
        54,
    ),
    "a segment of eContent is an INTEGER": (
        content_info(VERSION, ALGORITHMS, sequence(w.oid(DATA), w.explicit(0, b"\x24\x80\x02\x01\x00\x00\x00")), INFOS),
        "ber",
        "a segment that is not an OCTET STRING",
        58,
    ),
    "malformed content type": (
        content_info(VERSION, ALGORITHMS, sequence(b"\x06\x01\x80"), INFOS),
        "cms",
        "an OBJECT IDENTIFIER without an end",
        43,
    ),
    "an inner length beyond its parent": (
        sequence(w.oid(SIGNED_DATA), b"\xa0\x04\x30\x04\x02\x01"),
        "cms",
        "an element is longer than the one that holds it",
        15,
    ),
    "a length of 2^40 inside": (
        sequence(w.oid(SIGNED_DATA), b"\xa0\x09\x30\x86\x01\x00\x00\x00\x00\x00\x02"),
        "cms",
        "an element is longer than the one that holds it",
        15,
    ),
    "a primitive of indefinite length": (b"\x30\x80\x06\x80", "cms", "a primitive element of indefinite length", 2),
    "length octets FF": (b"\x30\xff" + bytes(200), "cms", "bad length octets", 0),
    "no recipients": (enveloped(recipient_infos=[]), "cms", "there is no RecipientInfo", 20),
    "encryptedContent [1]": (
        content_info(
            VERSION,
            w.set_of([build.recipient()]),
            sequence(w.oid(DATA), build.AES_128_CBC.raw, w.octet_string(b"", tag=0x81)),
            content_type="1.2.840.113549.1.7.3",
        ),
        "cms",
        "[1] where encryptedContent belongs",
        -2,
    ),
    "no mac": (
        content_info(
            VERSION,
            w.set_of([build.recipient()]),
            sequence(w.oid(DATA), build.AES_256_GCM.raw, w.octet_string(b"", tag=0x80)),
            content_type="1.2.840.113549.1.9.16.1.23",
        ),
        "cms",
        "AuthEnvelopedData ends too soon",
        -0,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_faults(name: str, step: int) -> None:
    data, layer, reason, offset = FAULTS[name]
    if offset <= 0 and name not in {"not a SEQUENCE", "a mail", "length octets FF"}:
        offset += len(data)
    assert build.outcome([data[at : at + step] for at in range(0, len(data), step)], CMSReader()) == (ParseError, (layer, reason, offset))


def test_unknown_content_types() -> None:
    for content_type in ("1.2.3.4", "1.2.840.113549.1.7.4", "1.2.840.113549.1.9.16.1.31"):
        with pytest.raises(UnsupportedError) as caught:
            read(build_content_info(content_type, w.null()))
        assert (caught.value.what, caught.value.oid) == ("content type", content_type)


def test_pkcs7_content() -> None:
    """RFC 5652 section 5.2.1: any element, of which the content octets count; only when asked for."""
    spc = sequence(w.oid("1.3.6.1.4.1.311.2.1.4"), sequence(w.integer(5)))
    data = content_info(VERSION, ALGORITHMS, sequence(w.oid("1.3.6.1.4.1.311.2.1.4"), w.explicit(0, spc)), INFOS)
    with pytest.raises(ParseError, match="PKCS #7"):
        read(data)
    for step in (1, 1 << 20):
        events = build.outcome([data[at : at + step] for at in range(0, len(data), step)], CMSReader(pkcs7_content=True))
        assert events[1] == Content(spc[2:])
        events = build.outcome([data[at : at + step] for at in range(0, len(build.to_ber(data)), step)], CMSReader(pkcs7_content=True))
        assert events[1] == Content(spc[2:])
    assert build.joined(read(WHOLE["signed"], pkcs7_content=True)) == build.joined(read(WHOLE["signed"]))
    with pytest.raises(ParseError):
        read(
            content_info(
                VERSION, build.AES_128_CBC.raw, sequence(w.oid(DATA), w.explicit(0, spc)), content_type="1.2.840.113549.1.9.16.1.9"
            ),
            pkcs7_content=True,
        )


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({"signers": 1}, signed(signer_infos=[build.signer_info(), build.signer_info(build.KEY_ID)])),
        ({"certificates": 1}, WHOLE["signed"]),
        ({"certificates": 3}, WHOLE["signed, all"]),
        ({"crls": 1}, WHOLE["signed, all"]),
        ({"recipients": 1}, WHOLE["enveloped, all"]),
        ({"attributes": 2}, WHOLE["signed"]),
        ({"structure_size": 1000}, WHOLE["signed"]),
        ({"asn1_depth": 3}, WHOLE["signed"]),
        ({"asn1_segments": 1}, build.to_ber(WHOLE["signed"])),
        ({"asn1_elements": 5}, build.to_ber(WHOLE["signed"])),
        ({"asn1_depth": 5}, build.to_ber(WHOLE["data"], levels=6)),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_limits(changes: dict[str, int], data: bytes, step: int) -> None:
    kind, arguments = build.outcome(
        [data[at : at + step] for at in range(0, len(data), step)], CMSReader(DEFAULT_LIMITS.replace(**changes))
    )
    assert kind is LimitExceeded
    assert {arguments[0]: arguments[1]} == changes


def test_recipients_of_key_agreement_count() -> None:
    from smime.cms.recipient_info import KeyAgreeRecipientInfo, RecipientEncryptedKey

    keys = [RecipientEncryptedKey(build.ISSUER_AND_SERIAL, b"k")] * 5
    data = enveloped(recipient_infos=[KeyAgreeRecipientInfo.build(build.KEY_ID, build.RSA, keys)])
    assert len(read(data, DEFAULT_LIMITS.replace(recipients=5))) == 3
    with pytest.raises(LimitExceeded):
        read(data, DEFAULT_LIMITS.replace(recipients=4))


@given(name=st.sampled_from(sorted(WHOLE)), data=st.data(), ber=st.booleans(), points=st.lists(st.integers(0, 1 << 16), max_size=4))
def test_spoilt_messages_read_alike_in_any_chunks(name: str, data: st.DataObject, ber: bool, points: list[int]) -> None:
    """Whatever an octet more, less or other does: an error of ours or events, the same for the whole and for any pieces."""
    octets = build.to_ber(WHOLE[name]) if ber else WHOLE[name]
    spoilt = data.draw(make.spoilt(st.just(octets)))
    whole = build.outcome([spoilt], CMSReader())
    assert build.outcome(make.cuts(spoilt, points), CMSReader()) == whole
    assert build.outcome([spoilt[at : at + 1] for at in range(len(spoilt))], CMSReader()) == whole


@given(data=st.binary(max_size=60))
def test_noise(data: bytes) -> None:
    for octets in (data, b"\x30\x80\x06\x09" + bytes.fromhex("2a864886f70d010702") + b"\xa0\x80\x30\x80" + data):
        whole = build.outcome([octets], CMSReader())
        assert build.outcome([octets[at : at + 1] for at in range(len(octets))], CMSReader()) == whole


def test_content_is_not_copied_when_it_is_big() -> None:
    content = bytes(range(256)) * 4096
    data = build_content_info(DATA, w.octet_string(content)) + b"\n"
    chunk = bytearray(data)
    pieces = [event.data for event in CMSReader().receive(chunk) if isinstance(event, Content)]
    assert [type(piece) for piece in pieces] == [memoryview]
    assert pieces[0].obj is chunk
    assert b"".join(pieces) == content


def test_no_buffer_is_held_while_waiting() -> None:
    """A bytearray that was received may be made longer or shorter, once the events are dropped."""
    for name in ("signed", "enveloped, all", "data"):
        for data in (WHOLE[name], build.to_ber(WHOLE[name])):
            reader = CMSReader()
            for at in range(0, len(data), 7):
                chunk = bytearray(data[at : at + 7])
                reader.receive(chunk)
                chunk += b"more"
                chunk.clear()
            reader.finish()


def test_shown() -> None:
    events = read(WHOLE["signed"])
    assert "SignedDataHead(" in repr(events[0])
    assert "<SignerInfo serial 1234 of CN=Test CA: sha256, sha256WithRSAEncryption>" in repr(events[-1])
    assert events[0] != events[-1]
    with pytest.raises(TypeError):
        hash(events[0])
