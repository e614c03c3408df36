"""Every form in which a large message may come, read in one pass: encodings, lengths, sizes of segments, layers in layers."""

from __future__ import annotations

import base64 as b64
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.people import ADDRESS, identity, person, signer, trust

import smime
import smime.files
from smime.asn1 import der, writer
from smime.cms.reader import CMSReader, Content
from smime.operations.compress import MessageCompressor
from smime.operations.writing import entity, producer
from smime.pki.identity import Keyring
from smime.transforms import quoted_printable

HEAD = b"From: alice@example.org\r\nMIME-Version: 1.0\r\n"
ENTITY = b"Content-Type: text/plain\r\n\r\n" + b"A line of the text that is large.\r\n" * 20_000
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def segmented(message: bytes, size: int) -> bytes:
    """Return a CMS object in BER, all lengths indefinite around the content, whose content has segments of this size."""
    content = b"".join(bytes(event.data) for event in CMSReader().receive(message) if isinstance(event, Content))
    header = writer.header(0x04, size)
    whole = len(content) // size * size
    segments = b"".join(header + content[at : at + size] for at in range(0, whole, size))
    if whole < len(content):
        segments += writer.octet_string(content[whole:])
    place = message.index(content[:64])
    before, after = message[:place], message[place + len(content) :]
    # ContentInfo, [0], SEQUENCE, and what is around the content are opened anew with indefinite lengths
    return _indefinite(before, segments, after, content)


def _indefinite(before: bytes, segments: bytes, after: bytes, content: bytes) -> bytes:
    element = der.parse(before + content + after)
    opened: list[bytes] = []
    closed: list[bytes] = []

    def open_(node: der.Element) -> None:
        start = node.start
        opened.append(bytes((before[start], 0x80)))
        for child in node.children:
            if child.end <= len(before):
                opened.append(before[child.start : child.end])
            elif child.start < len(before):
                if child.tag in {0x04, 0x80}:
                    opened.append(bytes((child.tag | 0x20, 0x80)))
                    closed.insert(0, b"\x00\x00")
                else:
                    open_(child)
            else:
                place = child.start - len(before) - len(content)
                closed.append(after[place : place + child.end - child.start])
        closed.append(b"\x00\x00")

    open_(element)
    return b"".join(opened) + segments + b"".join(closed)


def signed() -> bytes:
    return smime.sign(ENTITY[:100_000], signer("rsa2048"), detached=False, encoding="der")


def encrypted() -> bytes:
    return smime.encrypt(ENTITY[:100_000], person("rsa2048").certificate, encoding="der")


SIZES = [1, 2, 7, 127, 128, 1000, 4096, 65_535, 65_536, 99_999, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chunk", [1, 1021, 1 << 16, 1 << 30])
def test_segments_of_any_size(size: int, chunk: int) -> None:
    if chunk == 1 and size not in {1, 128}:
        pytest.skip("octet by octet, two are enough")
    message = segmented(signed(), size)
    verifier = smime.MessageVerifier(trust(), sender=ADDRESS)
    decryptor = smime.MessageDecryptor(Keyring.of(identity("rsa2048")))
    machine: Any
    for machine, octets in ((verifier, message), (decryptor, segmented(encrypted(), size))):
        for at in range(0, len(octets), chunk):
            machine.update(octets[at : at + chunk])
        assert machine.finalize().content == ENTITY[:100_000]


def test_segments_of_a_megabyte() -> None:
    content = ENTITY * 5
    message = smime.sign(content, signer("rsa2048"), detached=False, encoding="der")
    streamed = _indefinite_of(content, 1 << 20)
    for octets in (message, streamed):
        assert smime.verify(octets, trust(), sender=ADDRESS).content == content


def _indefinite_of(content: bytes, size: int) -> bytes:
    from smime.cms.signed_data import SignedDataWriter

    one = signer("rsa2048")
    made = SignedDataWriter([one.scheme.digest_algorithm])
    from smime.crypto import digests

    segments = b"".join(made.content(content[at : at + size]) for at in range(0, len(content), size))
    info = one.signer_info(digests.digest("sha256", content), TIME)
    return made.head() + segments + made.tail([info], one.certificates)


def _entity(octets: bytes, encoding: str, smime_type: str) -> bytes:
    head = HEAD + b'Content-Type: application/pkcs7-mime; smime-type=%b; name="smime.p7m"\r\n' % smime_type.encode()
    if encoding == "base64":
        body = b64.encodebytes(octets).replace(b"\n", b"\r\n")
    elif encoding == "base64 in one line":
        encoding, body = "base64", b64.b64encode(octets)
    elif encoding == "base64 with LF":
        encoding, body = "base64", b64.encodebytes(octets)
        head = head.replace(b"\r\n", b"\n")
        return head + b"Content-Transfer-Encoding: base64\n\n" + body
    elif encoding == "quoted-printable":
        body = _quoted(octets)
    else:
        body = octets
    return head + b"Content-Transfer-Encoding: %b\r\n\r\n" % encoding.encode() + body


def _quoted(octets: bytes) -> bytes:
    """Return binary octets in quoted-printable: line ends, too, are escaped."""
    lines = [octets[at : at + 24] for at in range(0, len(octets), 24)]
    body = b"=\r\n".join(b"".join(b"=%02X" % octet for octet in line) for line in lines)
    assert quoted_printable.decode(body) == octets
    return body


ENCODINGS = ["binary", "8bit", "base64", "base64 in one line", "base64 with LF", "quoted-printable"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("chunk", [997, 1 << 16])
def test_transfer_encodings(encoding: str, stream: bool, chunk: int, tmp_path: Path) -> None:
    opaque, sealed = signed(), encrypted()
    if stream:
        opaque, sealed = segmented(opaque, 3000), segmented(sealed, 3000)
    source, target = _entity(opaque, encoding, "signed-data"), tmp_path / "target"
    smime.files.verify(pieces(source, chunk), target, trust())
    assert target.read_bytes() == ENTITY[:100_000]
    source = _entity(sealed, encoding, "authEnveloped-data")
    smime.files.decrypt(pieces(source, chunk), target, identity("rsa2048"))
    assert target.read_bytes() == ENTITY[:100_000]
    assert smime.files.unwrap(pieces(source, chunk), target, identities=identity("rsa2048")).status == "encrypted"
    assert target.read_bytes() == ENTITY[:100_000]


def pieces(octets: bytes, size: int) -> Iterator[bytes]:
    return (octets[at : at + size] for at in range(0, len(octets), size))


class Counting(io.RawIOBase):
    """A file that passes once and counts what was read of it."""

    def __init__(self, octets: bytes) -> None:
        self._octets = io.BytesIO(octets)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._octets.readinto(buffer)


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-256-cbc", "chacha20-poly1305"])
def test_layers_stream_through_each_other(detached: bool, cipher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed, encrypted, compressed, signed again: one pass, and one file is written."""
    import tempfile

    message = smime.sign(HEAD + ENTITY, signer("rsa2048"), detached=detached)
    message = smime.encrypt(message, person("rsa2048").certificate, content_encryption=cipher)
    message = smime.sign(smime.compress(message), signer("rsa2048"), detached=not detached)
    monkeypatch.setattr(tempfile, "TemporaryFile", None)  # there is no file between the layers
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", None)
    target = tmp_path / "target"
    unwrapped = smime.files.unwrap(Counting(message), target, identities=identity("rsa2048"), trust=trust())
    assert [layer.kind for layer in unwrapped.layers] == ["signed", "compressed", "encrypted", "signed"]
    assert unwrapped.status == "signed-and-encrypted"
    assert target.read_bytes() == b"MIME-Version: 1.0\r\n" + ENTITY


# -- writing --

MAKERS: dict[str, Callable[..., Any]] = {
    "opaque": lambda encoding, **more: smime.MessageSigner(signer("rsa2048"), detached=False, encoding=encoding, signing_time=TIME, **more),
    "detached": lambda encoding, **more: smime.MessageSigner(signer("rsa2048"), encoding=encoding, signing_time=TIME, **more),
    "compressed": lambda encoding, **more: MessageCompressor(encoding=encoding, **more),
}
TEXTS = st.lists(
    st.sampled_from(
        [b"From: a@example.org\r\n", b"Subject: x\n", b"\n", b"\r\n", b"\r", b"a line\r\n", b"\xc3\xa4\n", b"\xff", b" " * 40, b"x" * 99]
    ),
    max_size=40,
).map(b"".join)
CUTS = st.lists(st.integers(0, 2000), max_size=8)


def cut(octets: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(octets), *(min(place, len(octets)) for place in at)})
    return [octets[start:end] for start, end in pairwise(edges)]


def _boundaries_aside(octets: bytes) -> bytes:
    """Return a multipart/signed with its random boundary replaced."""
    import re

    found = re.search(rb'boundary="?([^";\r\n]+)', octets)
    return octets.replace(found[1], b"BOUNDARY") if found else octets


@contextmanager
def small() -> Iterator[None]:
    """What takes a hundred kilobytes to stream takes a hundred octets here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entity, "WHOLE", 200)
        patch.setattr(producer, "WHOLE", 200)
        patch.setattr(producer, "SEGMENT", 64)
        patch.setattr(producer, "_LARGE", 16)
        patch.setattr(entity, "_HEADLESS", 150)
        yield


@given(TEXTS, CUTS, st.sampled_from(sorted(MAKERS)), st.sampled_from(["smime", "der", "pem"]), st.booleans())
def test_writers_write_the_same_for_any_pieces(text: bytes, at: list[int], name: str, encoding: str, reuse: bool) -> None:
    with small():
        outcomes = {written(name, encoding, chunks, sink, reuse) for chunks in ([text], cut(text, at)) for sink in (False, True)}
    assert len(outcomes) == 1


def written(name: str, encoding: str, chunks: list[bytes], sink: bool, reuse: bool) -> bytes:
    """Return what a machine makes of these chunks, or its error."""
    collected = bytearray()
    machine = MAKERS[name](encoding, **({"sink": collected.extend} if sink else {}))
    out = b""
    try:
        for chunk in chunks:
            buffer = bytearray(chunk)
            out += machine.update(memoryview(buffer) if reuse else chunk)
            buffer[:] = bytes(len(buffer))  # the buffer may be used again as soon as update returns
        out += machine.finalize()
    except smime.SMIMEError as error:
        return repr(error).encode()
    if sink:
        assert out == b""
    return _boundaries_aside(bytes(collected) if sink else out)


@given(st.integers(0, 400), CUTS, st.sampled_from(["aes-256-gcm", "aes-256-cbc", "chacha20-poly1305", "aes-128-ccm"]), st.booleans())
@settings(max_examples=30)
def test_encryptors_write_as_much_for_any_pieces(size: int, at: list[int], cipher: str, announced: bool) -> None:
    octets = bytes(range(200)) * 2
    octets = octets[:size]
    length = size if announced else None
    sizes = set()
    with small():
        for chunks in ([octets], cut(octets, at)):
            machine = smime.MessageEncryptor(
                person("rsa2048").certificate, content_encryption=cipher, encoding="der", content_length=length
            )
            made = b"".join(map(machine.update, chunks)) + machine.finalize()
            assert smime.decrypt(made, identity("rsa2048")).content == octets
            assert der.is_der(der.parse(made)) or not announced
            sizes.add(len(made))
    assert len(sizes) == 1


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-256-cbc", "chacha20-poly1305"])
@pytest.mark.parametrize(("announced", "given"), [(100, 99), (100, 101), (1000, 999), (1000, 1001), (1000, 100), (100, 1000), (1000, 0)])
def test_an_announced_length_that_was_not_true(cipher: str, announced: int, given: int) -> None:
    machine = smime.MessageEncryptor(smime.Password("x"), content_encryption=cipher, encoding="der", content_length=announced)

    def run() -> None:
        machine.update(bytes(given))
        machine.finalize()

    with small(), pytest.raises(ValueError, match=r"announced"):
        run()


def test_where_no_length_can_be_announced() -> None:
    for options in ({"encoding": "smime"}, {"encoding": "der", "signer": signer("rsa2048")}):
        with pytest.raises(ValueError, match="beforehand"):
            smime.MessageEncryptor(smime.Password("x"), content_length=5, **options)


def test_files_become_der(tmp_path: Path) -> None:
    """A file's length is known: readers without BER can read what is made of it."""
    from cryptography.hazmat.primitives.serialization import pkcs7

    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(ENTITY)
    own = person("rsa2048")
    smime.files.encrypt(
        source, target, smime.Recipient(own.certificate, key_transport="rsaEncryption"), content_encryption="aes-256-cbc", encoding="der"
    )
    assert der.is_der(der.parse(target.read_bytes()))
    plain = pkcs7.pkcs7_decrypt_der(target.read_bytes(), own.certificate, own.private_key, [])
    assert plain == ENTITY
    with source.open("rb") as file:
        file.read(1)
        smime.files.encrypt(file, target, smime.Password("x"), encoding="der")
    smime.files.decrypt(target, tmp_path / "plain", smime.Password("x"))
    assert (tmp_path / "plain").read_bytes() == ENTITY[1:]


def test_a_file_that_changes_while_it_is_encrypted(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for change, outcome in ((ENTITY, "grows"), (b"", "shrinks")):
        source.write_bytes(ENTITY)

        def alter(_: int, change: bytes = change) -> None:
            source.write_bytes(ENTITY + change) if change else source.write_bytes(b"")

        if outcome == "grows":  # what came later is not in it
            smime.files.encrypt(source, target, smime.Password("x"), encoding="der", progress=alter)
            assert smime.decrypt(target.read_bytes(), smime.Password("x")).content == ENTITY
            target.unlink()
        else:
            with pytest.raises(OSError, match="shorter"):
                smime.files.encrypt(source, target, smime.Password("x"), encoding="der", progress=alter)
            assert not target.exists()


@pytest.mark.parametrize("encoding", ["smime", "der", "pem"])
def test_sign_and_encrypt_in_one_pass(encoding: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    smime.files.encrypt(pieces(HEAD + ENTITY, 10_007), target, person("rsa2048").certificate, signer=signer("rsa2048"), encoding=encoding)
    unwrapped = smime.files.unwrap(target, tmp_path / "plain", identities=identity("rsa2048"), trust=trust(), sender=ADDRESS)
    assert unwrapped.status == "signed-and-encrypted"
    assert (tmp_path / "plain").read_bytes().endswith(ENTITY)
