"""STANDARDS 14 row BD and 18.12: bombs of BER end quickly, in an error that says what was too much, or are read rightly."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from tests.cms import build
from tests.cms.test_reader import ALGORITHMS, CONTENT, INFOS, VERSION, WHOLE
from tests.effort import linear
from tests.parity.ber_strategies import length_octets

from smime import _kernels
from smime.asn1 import writer as w
from smime.cms import attributes
from smime.cms.attribute_set import Attributes
from smime.cms.content_info import DATA, SIGNED_DATA, Content
from smime.cms.reader import CMSReader, SignedDataTail, read
from smime.errors import LimitExceeded, SMIMEError
from smime.limits import DEFAULT_LIMITS

HEAD = b"\x30\x80" + w.oid(SIGNED_DATA) + b"\xa0\x80\x30\x80" + VERSION + ALGORITHMS + b"\x30\x80" + w.oid(DATA) + b"\xa0\x80"
MANY = 100_000 if _kernels.BACKEND == "python" else 1_000_000


def bombs() -> Iterator[tuple[str, bytes, str]]:
    """Yield name, octets, and the limit or the kind of fault that ends them."""
    deep = 10_000
    yield "indefinite SEQUENCEs 10 000 deep", b"\x30\x80" * deep, "ParseError"
    yield "OCTET STRING segments 10 000 deep", HEAD + b"\x24\x80" * deep, "asn1_depth"
    nested = b""
    for _ in range(200):
        nested = b"\x24" + length_octets(len(nested), 0) + nested
    yield "definite segments 200 deep", HEAD + nested, "asn1_depth"
    yield "signerInfos 10 000 deep", HEAD + b"\x04\x00" + bytes(4) + b"\x31\x80" * deep, "asn1_depth"
    yield "a length of 2^40", b"\x30\x86\x01" + bytes(5) + w.oid(SIGNED_DATA), "ParseError"
    yield "a version of 2^40 octets", b"\x30\x80" + w.oid(SIGNED_DATA) + b"\xa0\x80\x30\x80\x02\x86\x01" + bytes(5), "structure_size"
    yield "certificates of 2^40 octets", HEAD + b"\x04\x00" + bytes(4) + b"\xa0\x86\x01" + bytes(5), "ParseError"
    yield "126 length octets", b"\x30\xfe" + b"\xff" * 126, "ParseError"
    yield "a SET OF with a million algorithms", _definite(w.tlv(0x31, build.SHA256.raw * (MANY // 10))), "ParseError"
    yield "a million signerInfos", HEAD + b"\x04\x00" + bytes(4) + w.tlv(0x31, b"\x05\x00" * MANY) + bytes(6), "either"
    yield (
        "a million signerInfos in an indefinite SET",
        HEAD + b"\x04\x00" + bytes(4) + b"\x31\x80" + b"\x05\x00" * MANY + bytes(8),
        "either",
    )
    yield "a million certificates", HEAD + b"\x04\x00" + bytes(4) + w.tlv(0xA0, b"\x30\x00" * MANY) + INFOS + bytes(6), "either"
    yield (
        "a million attributes",
        HEAD
        + b"\x04\x00"
        + bytes(4)
        + w.set_of([_signer(w.tlv(0x31, attributes.attribute("1.2.3", b"\x05\x00") * (MANY // 12)))])
        + bytes(6),
        "either",
    )
    yield (
        "an attribute with a million values",
        HEAD
        + b"\x04\x00"
        + bytes(4)
        + w.set_of([_signer(w.tlv(0x31, w.sequence(w.oid("1.2.3"), w.tlv(0x31, b"\x05\x00" * MANY))))])
        + bytes(6),
        "either",
    )
    yield "an OID of a megabyte", b"\x30\x80\x06\x83\x10\x00\x00" + b"\x81" * (1 << 20), "ParseError"
    yield "an OID of 2^40 octets", b"\x30\x80\x06\x86\x01" + bytes(5) + b"\x81" * 100, "structure_size"
    yield "a tag number of 100 octets", b"\x30\x80\x1f" + b"\xff" * 100, "ParseError"
    yield "a serial number of a megabyte", HEAD + b"\x04\x00" + bytes(4) + w.set_of([_serial(1 << 20)]) + bytes(6), "ParseError"
    yield "zeros for ever", bytes(1 << 20), "ParseError"
    yield "end-of-contents for ever", HEAD + bytes(1 << 20), "ParseError"


def _signer(attrs: bytes) -> bytes:
    return build.signer_info(signed_attrs=attrs)


def _serial(size: int) -> bytes:
    sid = w.sequence(build.name(), w.tlv(0x02, b"\x01" * size))
    return w.sequence(w.integer(1), sid, build.SHA256.raw, build.RSA.raw, w.octet_string(b""))


def _definite(algorithms: bytes) -> bytes:
    return w.sequence(w.oid(SIGNED_DATA), w.explicit(0, w.sequence(VERSION, algorithms)))


BOMBS = {name: (data, end) for name, data, end in bombs()}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("step", [1 << 30, 1 << 14])
def test_bombs(name: str, step: int) -> None:
    data, end = BOMBS[name]
    with linear(len(data)):
        found = build.outcome([data[at : at + step] for at in range(0, len(data), step)], CMSReader())
    if end != "either":
        kind, arguments = found
        assert end == (arguments[0] if kind is LimitExceeded else kind.__name__)


def test_million_segments_are_content() -> None:
    data = HEAD + b"\x24\x80" + b"\x04\x01x" * MANY + bytes(2 + 4) + INFOS + bytes(6)
    with linear(len(data)):
        events = build.outcome([data[at : at + 65536] for at in range(0, len(data), 65536)], CMSReader())
    assert events[1] == Content(b"x" * MANY)
    assert isinstance(events[2], SignedDataTail)


def test_every_small_change_of_lengths() -> None:
    """Each octet of each header set to every value that lengths take: an error or events, the same in any pieces."""
    data = WHOLE["signed"]
    for at in range(80):
        for value in (0, 1, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x88, 0xFE, 0xFF):
            spoilt = data[:at] + bytes((value,)) + data[at + 1 :]
            assert build.outcome([spoilt], CMSReader()) == build.outcome([spoilt[:at], spoilt[at:]], CMSReader())


@pytest.mark.parametrize("padding", [1, 2, 4, 100])
def test_lengths_with_leading_zeros(padding: int) -> None:
    def stretch(element: bytes) -> bytes:
        from smime.asn1 import der

        parsed = der.parse(element)
        content = b"".join(stretch(child.raw) for child in parsed) if parsed.constructed else parsed.raw_contents
        return element[:1] + length_octets(len(content), padding) + content

    data = stretch(WHOLE["signed"])
    for step in (1, 1 << 20):
        head, content, tail = build.outcome([data[at : at + step] for at in range(0, len(data), step)], CMSReader())
        assert (head.content_type, content) == (DATA, Content(CONTENT))
        (info,) = tail.signer_infos
        assert not info.signed_attrs.is_der


def test_memory_stays_small() -> None:
    """64 MB of content pass through a reader that holds a chunk."""
    chunk = bytes(1 << 16)
    writer_head = HEAD + b"\x24\x80"
    segment = w.header(0x04, len(chunk)) + chunk
    reader = CMSReader()
    reader.receive(writer_head)
    tracemalloc.start()
    total = 0
    for _ in range(1024):
        total += sum(len(event.data) for event in reader.receive(segment) if isinstance(event, Content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 1024 << 16
    assert peak < 1 << 20
    assert isinstance((reader.receive(bytes(6) + INFOS + bytes(6)) + reader.finish())[-1], SignedDataTail)


def test_held_structure_is_bounded() -> None:
    limits = DEFAULT_LIMITS.replace(structure_size=1 << 16)
    for data in (
        HEAD + b"\x04\x00" + bytes(4) + b"\xa0\x80" + b"\x04\x82\x10\x00" + bytes(4096) + (b"\x04\x82\x10\x00" + bytes(4096)) * 100,
        HEAD + b"\x04\x00" + bytes(4) + b"\xa0\x84\x00\x10\x00\x00" + bytes(1 << 20),
        HEAD[:20] + b"\x31\x83\x10\x00\x00" + bytes(1 << 20),
    ):
        reader = CMSReader(limits)
        taken = 0

        def feed(reader: CMSReader = reader, data: bytes = data) -> None:
            nonlocal taken
            for at in range(0, len(data), 1024):
                taken = at
                reader.receive(data[at : at + 1024])

        with pytest.raises(SMIMEError):
            feed()
        assert taken < 1 << 18


def test_attributes_alone() -> None:
    for octets in (b"\xa0\x80" * 10_000, w.tlv(0xA0, attributes.attribute("1.2.3", b"\x05\x00") * (MANY // 10))):
        with linear(len(octets)), pytest.raises(SMIMEError):
            Attributes(octets)
    with linear(1 << 20), pytest.raises(SMIMEError):
        read(b"\x30\x80" * (1 << 19))
