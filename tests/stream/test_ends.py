"""Sources and targets of every kind; buffers that are used again; octets released before they are verified."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.people import ADDRESS, identity, person, signer, trust

import smime
import smime.files
from smime.files.ends import Input, StreamSpool
from smime.operations.unwrap import MessageUnwrapper
from smime.pki.identity import Keyring

HEAD = b"From: alice@example.org\r\nMIME-Version: 1.0\r\n"
ENTITY = b"Content-Type: text/plain\r\n\r\n" + b"".join(b"Line %d of a text that has some length.\r\n" % n for n in range(20_000))
MAIL = HEAD + ENTITY


@lru_cache(maxsize=8)
def message(kind: str) -> bytes:
    if kind == "detached":
        return smime.sign(MAIL, signer("rsa2048"))
    if kind == "opaque":
        return smime.sign(MAIL, signer("rsa2048"), detached=False)
    return smime.encrypt(MAIL, person("rsa2048").certificate, content_encryption=kind)


def plain(kind: str) -> bytes:
    return b"MIME-Version: 1.0\r\n" + ENTITY


def read(kind: str, source: Any, target: Any, **options: Any) -> Any:
    if kind in {"detached", "opaque"}:
        return smime.files.verify(source, target, trust(), **options)
    return smime.files.decrypt(source, target, identity("rsa2048"), **options)


KINDS = ["detached", "opaque", "aes-256-gcm", "aes-256-cbc", "chacha20-poly1305"]


class Raw(io.RawIOBase):
    """A raw stream that gives and takes little at a time, and cannot be sought."""

    def __init__(self, octets: bytes = b"") -> None:
        self.octets = bytearray(octets)
        self._at = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.octets[self._at : self._at + min(len(buffer), 10_007)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def write(self, data: Any) -> int:
        self.octets += bytes(data)[:30_011]
        return min(len(data), 30_011)


class OnlyRead:
    """What has a method `read` and nothing else."""

    def __init__(self, octets: bytes) -> None:
        self._stream = io.BytesIO(octets)

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, 5003))


def chunks(octets: bytes) -> Iterator[bytes]:
    return (octets[at : at + 7001] for at in range(0, len(octets), 7001))


SOURCES: dict[str, Callable[[bytes, Path], Any]] = {
    "path": lambda octets, path: path,
    "text": lambda octets, path: str(path),
    "file": lambda octets, path: path.open("rb"),
    "raw file": lambda octets, path: path.open("rb", buffering=0),
    "memory": lambda octets, path: io.BytesIO(octets),
    "raw": lambda octets, path: Raw(octets),
    "only read": lambda octets, path: OnlyRead(octets),
    "iterator": lambda octets, path: chunks(octets),
    "list": lambda octets, path: list(chunks(octets)),
    "views": lambda octets, path: [memoryview(octets)[:5], bytearray(octets[5:])],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SOURCES)
def test_sources(name: str, kind: str, tmp_path: Path) -> None:
    path, target = tmp_path / "source", tmp_path / "target"
    path.write_bytes(message(kind))
    source = SOURCES[name](message(kind), path)
    counted: list[int] = []
    read(kind, source, target, progress=counted.append)
    assert sum(counted) == len(message(kind))
    assert target.read_bytes() == plain(kind)
    if hasattr(source, "close"):
        source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_targets(kind: str, tmp_path: Path) -> None:
    for target in (io.BytesIO(), Raw()):
        read(kind, io.BytesIO(message(kind)), target)
        assert (target.getvalue() if isinstance(target, io.BytesIO) else target.octets) == plain(kind)
    read(kind, io.BytesIO(message(kind)), "/dev/null")
    with (tmp_path / "file").open("wb") as file:
        read(kind, io.BytesIO(message(kind)), file)
    assert (tmp_path / "file").read_bytes() == plain(kind)


def test_content_is_there_afterwards(tmp_path: Path) -> None:
    for kind in KINDS:
        for target in (tmp_path / "target", io.BytesIO()):
            assert read(kind, io.BytesIO(message(kind)), target).content == plain(kind)


def test_pipes(tmp_path: Path) -> None:
    """Through a pipe into a process, as the command line does it."""
    ends = os.pipe()

    def write() -> None:
        with os.fdopen(ends[1], "wb") as stream:
            smime.files.sign(chunks(MAIL), stream, signer("rsa2048"))

    writer = threading.Thread(target=write)
    with os.fdopen(ends[0], "rb") as source:
        writer.start()
        smime.files.verify(source, tmp_path / "target", trust())
        writer.join()
    assert (tmp_path / "target").read_bytes() == plain("detached")


def test_a_stream_that_has_no_data_now() -> None:
    class Empty(Raw):
        def readinto(self, buffer: Any) -> Any:
            return None

    with pytest.raises(BlockingIOError):
        smime.files.sign(Empty(), io.BytesIO(), signer("rsa2048"))
    for source in (Empty(),):
        assert Input(source).again is None


def test_detached_content_from_anywhere(tmp_path: Path) -> None:
    signature = smime.sign(ENTITY, signer("rsa2048"), encoding="der")
    path = tmp_path / "content"
    path.write_bytes(ENTITY)
    for name, make in SOURCES.items():
        with contextlib.ExitStack() as stack:
            content = make(ENTITY, path)
            if hasattr(content, "close"):
                stack.callback(content.close)
            verified = smime.files.verify(io.BytesIO(signature), tmp_path / "target", trust(), content=content, sender=ADDRESS)
            assert verified.report.verdict is smime.Verdict.VALID, name
            assert (tmp_path / "target").read_bytes() == ENTITY
            if hasattr(content, "seek") and content.seekable():
                content.seek(0)
            else:
                content = make(ENTITY, path)
            unwrapped = smime.files.unwrap(io.BytesIO(signature), None, trust=trust(), content=content, sender=ADDRESS)
            assert unwrapped.status == "signed", name


def test_a_spool() -> None:
    spool = StreamSpool()
    written = b""
    for size in (1, 1000, 1 << 20, 5, 1 << 19):
        piece = os.urandom(size)
        spool.write(memoryview(piece))
        written += piece
        assert b"".join(spool.chunks()) == written
    assert b"".join(spool.chunks()) == written


def readers(kind: str) -> list[Any]:
    """Return machines that read a message of this kind."""
    keyring = Keyring.of(identity("rsa2048"))
    unwrapper = MessageUnwrapper(keyring=keyring, trust=trust(), reread=lambda: iter((message(kind),)))
    if kind in {"detached", "opaque"}:
        return [smime.MessageVerifier(trust()), unwrapper]
    return [smime.MessageDecryptor(keyring), unwrapper]


@given(st.sampled_from(KINDS), st.lists(st.integers(0, 1 << 21), max_size=10))
@settings(max_examples=40)
def test_buffers_may_be_used_again(kind: str, cuts: list[int]) -> None:
    """Nothing is kept of a buffer that was given to update, wherever it is cut."""
    octets = message(kind)
    edges = sorted({0, len(octets), *(cut % len(octets) for cut in cuts)})
    buffer = bytearray(len(octets))
    for machine in readers(kind):
        for start, end in pairwise(edges):
            buffer[: end - start] = octets[start:end]
            machine.update(memoryview(buffer)[: end - start])
            buffer[:] = b"\xaa" * len(buffer)
        assert machine.finalize().content == plain(kind)


# -- release --


def test_released_after_the_check_unless_asked_otherwise() -> None:
    keyring = Keyring.of(identity("rsa2048"))
    for kind in KINDS:
        for release in ("verified", "unverified"):
            machine: Any
            if kind in {"detached", "opaque"}:
                machine = smime.MessageVerifier(trust(), release=release)
            else:
                machine = smime.MessageDecryptor(keyring, release=release)
            passed = b"".join(machine.update(chunk) for chunk in chunks(message(kind)))
            last = machine.finalize()
            assert passed + last.content == plain(kind)
            if release == "verified":
                assert passed == b""
            else:
                assert len(passed) > len(last.content)


def test_unverified_octets_of_a_message_that_was_changed() -> None:
    """Who asks for them gets them; what is wrong is said at the end."""
    keyring = Keyring.of(identity("rsa2048"))
    changed = smime.encrypt(MAIL, person("rsa2048").certificate, encoding="der")
    changed = changed[:-1] + bytes((changed[-1] ^ 1,)) if not changed.endswith(b"\0\0") else changed[:-7] + b"\xff" + changed[-6:]
    for release, expected in (("verified", False), ("unverified", True)):
        machine = smime.MessageDecryptor(keyring, release=release)  # type: ignore[arg-type] # the two there are
        passed = b"".join(machine.update(chunk) for chunk in chunks(changed))
        assert (len(passed) > 0) is expected
        with pytest.raises(smime.DecryptionFailed):
            machine.finalize()
    signed = message("detached").replace(b"Line 7 ", b"Line 8 ", 1)
    for release, expected in (("verified", False), ("unverified", True)):
        verifier = smime.MessageVerifier(trust(), release=release)  # type: ignore[arg-type] # the two there are
        passed = b"".join(verifier.update(chunk) for chunk in chunks(signed))
        assert (len(passed) > 0) is expected
        with pytest.raises(smime.VerificationError):
            verifier.finalize()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_gets_what_is_not_verified_yet_if_asked_for_that(tmp_path: Path, kind: str) -> None:
    """And a path never does."""
    whole = message(kind)
    if kind == "aes-256-cbc":
        broken = whole[: len(whole) // 2]  # its padding alone would not tell
    elif kind == "detached":
        broken = whole.replace(b"Line 7 ", b"Line 8 ", 1)
    else:
        middle = len(whole) // 2
        broken = whole[:middle] + bytes((whole[middle] ^ 1,)) + whole[middle + 1 :]  # still of the base64 alphabet, or a fault there
    for release, gets in (("verified", False), ("unverified", True)):
        good, bad = io.BytesIO(), io.BytesIO()
        read(kind, io.BytesIO(whole), good, release=release)
        assert good.getvalue() == plain(kind)
        with pytest.raises(smime.SMIMEError):
            read(kind, io.BytesIO(broken), bad, release=release)
        assert (len(bad.getvalue()) > 100_000) is gets
        with pytest.raises(smime.SMIMEError):
            read(kind, io.BytesIO(broken), tmp_path / "target", release=release)
        assert list(tmp_path.iterdir()) == []
        read(kind, io.BytesIO(whole), tmp_path / "target", release=release)
        assert (tmp_path / "target").read_bytes() == plain(kind)
        (tmp_path / "target").unlink()


def test_what_was_released_cannot_be_taken_back_for_another_recipient() -> None:
    """Two keys stand under one identifier, and the first does not open the message: the second is tried only if nothing was released."""
    own, other = person("rsa2048"), person("rsa2048", 1)

    class Anybody:
        """A key in a token that holds another one than it says."""

        def public_key(self) -> Any:
            return own.certificate.public_key()

        def decrypt(self, ciphertext: bytes, algorithm: object, /) -> bytes:
            return other.private_key.decrypt(ciphertext, PKCS1v15())  # type: ignore[no-any-return,union-attr] # an RSA key

    wrong = smime.Identity(Anybody(), own.certificate)  # type: ignore[arg-type] # a token's key
    encrypted = smime.encrypt(MAIL, smime.Recipient(own.certificate, key_transport="rsaEncryption"), content_encryption="aes-256-cbc")
    keyring = Keyring.of([wrong, identity("rsa2048")])

    def octets() -> Iterator[bytes]:
        return iter([encrypted])

    machine = smime.MessageDecryptor(keyring, reread=octets)
    machine.update(encrypted)
    assert machine.finalize().content == plain("aes-256-cbc")
    released = smime.MessageDecryptor(keyring, release="unverified", reread=octets)
    released.update(encrypted)
    with pytest.raises(smime.DecryptionFailed):
        released.finalize()
    taken = io.BytesIO()
    with pytest.raises(smime.DecryptionFailed):
        smime.files.decrypt(io.BytesIO(encrypted), taken, keyring, release="unverified")
    assert b"Line 1 of" not in taken.getvalue()


@pytest.mark.parametrize("release", ["", "none", "Unverified", True])
def test_no_other_release(release: Any) -> None:
    with pytest.raises(ValueError, match='"verified" or "unverified"'):
        smime.MessageVerifier(trust(), release=release)
    with pytest.raises(ValueError, match='"verified" or "unverified"'):
        smime.MessageDecryptor(Keyring.of(smime.Password("x")), release=release)


def test_no_warning_whatever_the_collector_takes_first() -> None:
    """A cycle, such as an exception and its traceback make, is taken apart in any order: here the temporary file comes before its spool."""
    early = [tempfile.TemporaryFile(buffering=0)]  # noqa: SIM115 - that it is not closed is the point
    cycle: list[object] = [early[0]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **options: early.pop())
        spool = StreamSpool()
        spool.write(bytes((1 << 20) + 1))
    cycle += [spool, cycle]
    del spool, cycle
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    assert not [one for one in said if issubclass(one.category, ResourceWarning)]
