"""What asks for too much is refused soon, whatever its size, in little memory."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.effort import within
from tests.operations.people import signer, trust

import smime
from smime.asn1 import writer
from smime.cms.compressed_data import build_compressed_data
from smime.cms.content_info import DATA, SIGNED_DATA
from smime.operations.unwrap import MessageUnwrapper
from smime.pki.identity import Keyring

CALLS = 50_000_000  # what is endless would take more than any number
MEMORY = 24 << 20


class Nothing:
    """A spool that keeps nothing."""

    def write(self, data: object, /) -> object:
        return None

    def chunks(self) -> Iterator[bytes]:
        return iter(())


MACHINES: dict[str, Callable[..., Any]] = {
    "verify": lambda **options: smime.MessageVerifier(trust(), spool=Nothing(), **options),
    "decrypt": lambda **options: smime.MessageDecryptor(Keyring.of(smime.Password("x")), spool=Nothing(), **options),
    "unwrap": lambda **options: MessageUnwrapper(trust=trust(), keyring=Keyring.of(smime.Password("x")), spool=Nothing, **options),
}


@contextmanager
def refused(name: str) -> Iterator[None]:
    """Within: this limit is met, quickly, in little memory."""
    tracemalloc.start()
    try:
        with within(CALLS), pytest.raises(smime.LimitExceeded) as caught:
            yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.limit == name
    assert peak < MEMORY


def feed(machine: Any, chunks: Iterator[bytes], most: int = 1 << 33) -> None:
    """Feed until it refuses; what is endless is not read to its end."""
    for chunk in chunks:
        machine.update(chunk)
        most -= len(chunk)
        assert most > 0, "it read on and on"
    machine.finalize()


def endless(first: bytes, block: bytes) -> Iterator[bytes]:
    yield first
    while True:
        yield block


SIGNED_HEAD = (
    b"\x30\x80" + writer.oid(SIGNED_DATA) + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" + writer.oid(DATA) + b"\xa0\x80\x24\x80"
)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    "field", [b"A: b\r\n", b"A: " + b"x" * 10_000 + b"\r\n", b" folded\r\n", b"x" * 997], ids=["many", "long", "folded", "one"]
)
def test_a_header_without_end(machine: str, field: bytes) -> None:
    with refused("header_size"):
        feed(MACHINES[machine](), endless(b"From: a@example.org\r\nSubject: x\r\n" if field[0] != 0x78 else b"From: ", field * 50))


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_header_without_end(part: int) -> None:
    head = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n--b\r\n'
    with refused("header_size"):
        feed(MACHINES["verify"](), endless(head + b"\r\nx\r\n--b\r\n" * part, b"A: " + b"x" * 10_000 + b"\r\n"))


def test_a_signature_part_without_end() -> None:
    head = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n'
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(signature_part_size=8 << 20))
    with refused("signature_part_size"):
        feed(
            MACHINES["verify"](policy=policy), endless(head + b"Content-Transfer-Encoding: base64\r\n\r\n", (b"MIIB" * 19 + b"\r\n") * 500)
        )


def test_a_pem_label_without_end() -> None:
    with refused("header_size"):
        feed(MACHINES["verify"](), endless(b"-----BEGIN CMS-----", b"x" * 60_000))


@pytest.mark.parametrize("segment", [b"\x04\x01x", b"\x04\x00", b"\x24\x80\x04\x01x\x00\x00"], ids=["one octet", "empty", "nested"])
@pytest.mark.parametrize("size", [1 << 16, 100_003])
def test_a_billion_segments(segment: bytes, size: int) -> None:
    """The limit is that of `Limits`; the Python kernels, a hundred times slower, are given a smaller one."""
    limits = smime.Limits() if smime.backend != "python" else smime.Limits(asn1_segments=1 << 16)
    count = 1_000_000_000
    block = segment * (size // len(segment))

    def chunks() -> Iterator[bytes]:
        yield SIGNED_HEAD
        for _ in range(count * len(segment) // len(block)):
            yield block

    with refused("asn1_segments"):
        feed(MACHINES["verify"](policy=smime.policies.RFC8551.replace(limits=limits)), chunks())


@pytest.mark.parametrize("definite", [True, False])
def test_ten_thousand_nested_layers(definite: bool) -> None:
    limits = smime.Limits()
    block: bytes
    if definite:
        block = b"x"
        for _ in range(10_000):
            content = writer.explicit(0, writer.octet_string(block))
            block = writer.sequence(
                writer.oid(SIGNED_DATA),
                writer.explicit(
                    0,
                    writer.sequence(writer.integer(1), writer.set_of([]), writer.sequence(writer.oid(DATA), content), writer.set_of([])),
                ),
            )
    else:
        # each layer is a segment of the one around it, and none ends
        block = SIGNED_HEAD + (b"\x04" + writer.header(0, len(SIGNED_HEAD) + 8)[1:] + SIGNED_HEAD) * 10_000
    machine = MACHINES["unwrap"]()
    if definite:
        with refused("layers"):
            feed(machine, iter([block[at : at + 65536] for at in range(0, len(block), 65536)]))
    else:
        with pytest.raises(smime.SMIMEError):
            feed(machine, iter([block[at : at + 65536] for at in range(0, len(block), 65536)]))
    assert limits.layers == 32


@pytest.mark.parametrize("size", [1 << 16, 1 << 10])
def test_ten_thousand_nested_multiparts(size: int) -> None:
    head = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b%d"\r\n\r\n--b%d\r\n'
    message = b"".join(head % (depth, depth) for depth in range(10_000))
    with refused("layers"):
        feed(MACHINES["unwrap"](), (message[at : at + size] for at in range(0, len(message), size)))


def test_ten_thousand_nested_strings() -> None:
    with refused("asn1_depth"):
        feed(MACHINES["verify"](), endless(SIGNED_HEAD, b"\x24\x80" * 10_000))


def compressed(stream: bytes) -> bytes:
    return build_compressed_data(content=stream)


def test_a_decompression_bomb() -> None:
    bomb = zlib.compress(b"Content-Type: text/plain\r\n\r\n" + bytes(256 << 20), 9)
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(decompressed_size=64 << 20))
    with refused("decompressed_size"):
        feed(MACHINES["unwrap"](policy=policy), iter((compressed(bomb),)))
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(decompression_ratio=100))
    with refused("decompression_ratio"):
        feed(MACHINES["unwrap"](policy=policy), iter((compressed(bomb),)))


def test_a_decompression_bomb_in_a_bomb() -> None:
    """Each is within the ratio, all together are not: sizes count for every layer."""
    inner = compressed(zlib.compress(b"Content-Type: text/plain\r\n\r\n" + bytes(200 << 20), 9))
    outer = compressed(zlib.compress(inner, 9))
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(decompressed_size=64 << 20))
    with refused("decompressed_size"):
        feed(MACHINES["unwrap"](policy=policy), iter((outer,)))


def test_compressed_again_and_again() -> None:
    message = b"x"
    for _ in range(40):
        message = compressed(zlib.compress(message))
    with refused("layers"):
        feed(MACHINES["unwrap"](), iter((message,)))


def test_a_structure_that_is_all_head() -> None:
    """Recipients without end are not content."""
    from smime.cms.content_info import ENVELOPED_DATA

    head = b"\x30\x80" + writer.oid(ENVELOPED_DATA) + b"\xa0\x80\x30\x80\x02\x01\x00\x31\x80"
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(structure_size=4 << 20))
    with refused("structure_size"):
        feed(MACHINES["decrypt"](policy=policy), endless(head, b"\x30\x82\x03\xe8" + bytes(1000)))


def test_writers_bound_headers_too() -> None:
    for machine in (
        smime.MessageSigner(signer("rsa2048")),
        smime.MessageSigner(signer("rsa2048"), detached=False),
        smime.MessageEncryptor(smime.Password("x")),
    ):
        with refused("header_size"):
            feed(machine, endless(b"From: a@example.org\r\n", b"A: " + b"x" * 10_000 + b"\r\n"))
