"""The fields of a certificate: C and Python agree on every octet string; and they say what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.parity import ber_strategies as make

from smime._kernels.python.certificate import EXTENSION, EXTENSIONS, FIELDS
from smime.asn1 import writer

if TYPE_CHECKING:
    from tests.parity.conftest import Backend

ALGORITHM = writer.sequence(writer.oid("1.2.840.10045.4.3.2"))
TIMES = writer.sequence(writer.tlv(0x17, b"260101000000Z"), writer.tlv(0x18, b"20600101000000Z"))
KEY = writer.sequence(ALGORITHM, writer.tlv(0x03, b"\0key"))
VERSION = writer.tlv(0xA0, writer.integer(2))


def attribute(oid: str, text: bytes) -> bytes:
    return writer.tlv(0x31, writer.sequence(writer.oid(oid), writer.tlv(0x0C, text)))


def extension(oid: str, value: bytes, *flag: bytes) -> bytes:
    return writer.sequence(writer.oid(oid), *flag, writer.tlv(0x04, value))


NAME = writer.sequence(attribute("2.5.4.10", b"Example"), attribute("2.5.4.3", b"A"))
MAILED = writer.sequence(attribute("2.5.4.3", b"A"), attribute("1.2.840.113549.1.9.1", b"a@example.com"))
USUAL = (
    extension("2.5.29.19", b"\x30\x00", b"\x01\x01\xff"),
    extension("2.5.29.15", b"\x03\x02\x07\x80", b"\x01\x01\x00"),
    extension("2.5.29.17", b"\x30\x0f\x81\x0da@example.com"),
)


def certificate(
    *more: bytes,
    version: bytes = VERSION,
    serial: bytes = b"\x02\x02\x12\x34",
    issuer: bytes = NAME,
    subject: bytes = NAME,
    times: bytes = TIMES,
    extensions: tuple[bytes, ...] | None = USUAL,
    signature: bytes = b"\x03\x04\x00sig",
    behind: bytes = b"",
) -> bytes:
    listed = () if extensions is None else (writer.tlv(0xA3, writer.sequence(*extensions)),)
    signed = writer.sequence(version, serial, ALGORITHM, issuer, times, subject, KEY, *listed, *more)
    return writer.sequence(signed, ALGORITHM, signature, behind)


SAMPLES = (
    certificate(),
    certificate(version=b"", extensions=None),
    certificate(subject=MAILED),
    certificate(b"\xa1\x00", extensions=()),
    certificate(subject=b"\x30\x00", signature=b"\x03\x00"),
    certificate(extensions=USUAL * 10),
)


def test_what_is_there(backend: Backend) -> None:
    data = SAMPLES[0]
    found = backend.family("certificate").read(data)
    assert len(found) == FIELDS + 3 * EXTENSION
    version, start, end, algorithm, signature, serial, serial_end, inner, issuer, *times, validity, subject, key, plain = found[:FIELDS]
    assert (version, plain) == (3, 1)
    assert data[end:algorithm] == data[serial_end:inner] == ALGORITHM
    assert data[signature:] == b"\0sig"
    assert data[serial:serial_end] == b"\x12\x34"
    assert data[inner:issuer] == data[validity:subject] == NAME
    assert data[times[0] : times[1]] == b"260101000000Z"
    assert (data[times[0] - 2], data[times[2] - 2]) == (0x17, 0x18)
    assert data[times[2] : times[3]] == b"20600101000000Z"
    assert data[issuer:validity] == TIMES
    assert data[subject:key] == KEY
    assert data[start : start + 1] == b"\x30"
    extensions = [found[at : at + EXTENSION] for at in range(FIELDS, len(found), EXTENSION)]
    assert [data[a:b].hex() for a, b, *_ in extensions] == ["551d13", "551d0f", "551d11"]
    assert [critical for _, _, critical, _, _ in extensions] == [1, 0, 0]
    assert data[extensions[1][3] : extensions[1][4]] == b"\x03\x02\x07\x80"


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (certificate(subject=MAILED), 0),
        (certificate(issuer=MAILED), 1),
        (certificate(subject=b"\x30\x00"), 1),
        (certificate(subject=b"\x30\x02\x31\x00"), 1),
        (certificate(subject=b"\x30\x02\x30\x00"), 0),
        (certificate(subject=b"\x30\x06\x31\x04\x30\x02\x06\x00"), 0),
        (certificate(subject=b"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x83\x0c\x00"), 0),
        (certificate(subject=b"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x80\x03\x0c\x00"), 0),
        (certificate(subject=b"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x01"), 0),
        (certificate(subject=b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x00\x05\x00"), 0),
    ],
)
def test_whether_the_subject_has_no_address(backend: Backend, data: bytes, plain: int) -> None:
    assert backend.family("certificate").read(data)[FIELDS - 1] == plain


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        certificate() + b"\0",
        certificate(behind=b"\x05\x00"),
        certificate(version=b"\xa0\x03\x02\x01\x02\xa0\x03\x02\x01\x02"),
        certificate(version=b"\xa0\x04\x02\x02\x00\x02"),
        certificate(version=b"\xa0\x05\x02\x01\x02\x05\x00"),
        certificate(version=b"\xa0\x00"),
        certificate(serial=b""),
        certificate(serial=b"\x04\x01\x01"),
        certificate(times=writer.sequence(writer.tlv(0x17, b"260101000000Z"))),
        certificate(times=writer.sequence(writer.tlv(0x17, b"260101000000Z"), writer.tlv(0x0C, b"x"))),
        certificate(times=writer.sequence(b"\x17\x81\x01x", b"\x17\x01x")),
        certificate(times=writer.sequence(b"\x17\x01x", b"\x17\x81\x01x")),
        certificate(times=writer.sequence(b"\x17\x01x", b"\x17\x01x", b"\x17\x01x")),
        certificate(extensions=USUAL * 11),
        certificate(extensions=(extension("2.5.29.19", b"", b"\x01\x02\xff\xff"),)),
        certificate(extensions=(extension("2.5.29.19", b"", b"\x01\x01\xff", b"\x01\x01\xff"),)),
        certificate(extensions=(extension("2.5.29.19", b"", b"\x06\x01\x01"),)),
        certificate(extensions=(writer.sequence(writer.oid("2.5.29.19")),)),
        certificate(extensions=(writer.sequence(writer.tlv(0x06, b""), b"\x04\x00"),)),
        certificate(extensions=(writer.sequence(writer.tlv(0x06, b"\x55" * 65), b"\x04\x00"),)),
        certificate(extensions=(b"\x31\x05\x06\x01\x55\x04\x00",)),
        certificate(b"\xbf\x1f\x00"),
        certificate(b"\xa4\x80\x00\x00"),
        certificate(writer.tlv(0xA3, b"\x30\x00\x05\x00"), extensions=None),
        certificate(writer.tlv(0xA3, b""), extensions=None),
    ],
)
def test_another_form_is_for_another_reader(backend: Backend, data: bytes) -> None:
    assert backend.family("certificate").read(data) is None


@pytest.mark.parametrize("count", [0, 1, EXTENSIONS - 1, EXTENSIONS, EXTENSIONS + 1, 1000])
def test_extensions_are_counted(backend: Backend, count: int) -> None:
    found = backend.family("certificate").read(certificate(extensions=USUAL[:1] * count))
    assert (None if found is None else len(found)) == (FIELDS + EXTENSION * count if count <= EXTENSIONS else None)


def test_parity_of_every_beginning(backend: Backend, reference: Backend) -> None:
    read, twin = backend.family("certificate").read, reference.family("certificate").read
    for sample in SAMPLES:
        for size in range(len(sample) + 1):
            assert read(sample[:size]) == twin(sample[:size])


@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=3))
def test_parity_where_octets_changed(backend: Backend, reference: Backend, sample: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(sample)
    for at, octet in changes:
        damaged[at % len(damaged)] = octet
    assert backend.family("certificate").read(bytes(damaged)) == reference.family("certificate").read(bytes(damaged))


@given(
    version=st.sampled_from([b"", VERSION]) | make.element(),
    serial=st.just(b"\x02\x01\x01") | make.element(),
    subject=st.sampled_from([NAME, MAILED]) | make.element(),
    times=st.just(TIMES) | make.element(),
    extensions=st.lists(st.sampled_from(USUAL) | make.element(), max_size=3).map(tuple),
    signature=st.just(b"\x03\x01\x00") | make.element(),
    more=st.lists(make.element(), max_size=2),
)
def test_parity_of_other_elements(
    backend: Backend,
    reference: Backend,
    version: bytes,
    serial: bytes,
    subject: bytes,
    times: bytes,
    extensions: tuple[bytes, ...],
    signature: bytes,
    more: list[bytes],
) -> None:
    data = certificate(*more, version=version, serial=serial, subject=subject, times=times, extensions=extensions, signature=signature)
    assert backend.family("certificate").read(data) == reference.family("certificate").read(data)


@given(data=make.spoilt(make.element()))
def test_parity_on_noise(backend: Backend, reference: Backend, data: bytes) -> None:
    assert backend.family("certificate").read(data) == reference.family("certificate").read(data)
