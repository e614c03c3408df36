"""Digests and blocks of the target in a second thread: what is written and what is said of it are the same."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.people import ADDRESS, identity, person, signer, trust

import smime
import smime.files
import smime.mime.writer
import smime.operations.sign
from smime.files.second_thread import SecondThread

HEAD = b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
LINE = b"A line of the text that is large.\r\n"
MESSAGE = HEAD + LINE * 60_000
FORMS = {"detached": {}, "opaque": {"detached": False}, "BER": {"detached": False, "encoding": "der"}}


@pytest.fixture
def started(monkeypatch):
    """Count the threads that hash."""
    threads = []
    run = SecondThread._run

    def counted(self):
        threads.append(threading.current_thread())
        run(self)

    monkeypatch.setattr(SecondThread, "_run", counted)
    yield threads
    assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "message"
    path.write_bytes(MESSAGE)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_signed_in_two_threads(tmp_path, source, started, form):
    written = tmp_path / "signed"
    smime.files.sign(source, written, signer("rsa2048"), threads=2, **FORMS[form])
    assert len(started) == 1
    assert smime.verify(written.read_bytes(), trust(), sender=ADDRESS).report.verdict is smime.Verdict.VALID


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("threads", [1, 2])
def test_read_in_two_threads(tmp_path, source, started, form, threads):
    written, content = tmp_path / "signed", tmp_path / "content"
    smime.files.sign(source, written, signer("rsa2048"), threads=1, **FORMS[form])
    verified = smime.files.verify(written, content, trust(), sender=ADDRESS, threads=threads)
    unwrapped = smime.files.unwrap(written, tmp_path / "unwrapped", trust=trust(), sender=ADDRESS, threads=threads)
    assert len(started) == (2 if threads == 2 else 0)
    assert verified.report.verdict is smime.Verdict.VALID
    assert unwrapped.layers[0].report.verdict is smime.Verdict.VALID
    assert content.read_bytes() == (tmp_path / "unwrapped").read_bytes()
    assert LINE * 60_000 in content.read_bytes()


def test_line_ends_that_changed_half_way(tmp_path, started):
    """The digest is copied where the octets as received and the canonical ones part."""
    signed = smime.sign(MESSAGE, signer("rsa2048"))
    half = len(signed) // 2
    (tmp_path / "signed").write_bytes(signed[:half] + signed[half:].replace(b"\r\n", b"\n"))
    for threads in (1, 2):
        report = smime.files.verify(tmp_path / "signed", None, trust(), sender=ADDRESS, threads=threads).report
        assert report.verdict is smime.Verdict.VALID
    assert len(started) == 1


def test_a_digest_that_was_not_announced(tmp_path, started):
    signed = smime.sign(MESSAGE, signer("rsa2048")).replace(b"micalg=sha-256", b"micalg=sha-512")
    (tmp_path / "signed").write_bytes(signed)
    report = smime.files.verify(tmp_path / "signed", None, trust(), sender=ADDRESS, threads=2).report
    assert report.verdict is smime.Verdict.VALID
    assert len(started) == 1


def test_one_changed_octet(tmp_path, started):
    signed = bytearray(smime.sign(MESSAGE, signer("rsa2048")))
    signed[len(signed) // 2] ^= 1
    (tmp_path / "signed").write_bytes(signed)
    with pytest.raises(smime.VerificationError) as caught:
        smime.files.verify(tmp_path / "signed", tmp_path / "content", trust(), sender=ADDRESS, threads=2)
    assert caught.value.report.verdict is smime.Verdict.INVALID
    assert not (tmp_path / "content").exists()
    assert len(started) == 1


def test_signed_and_encrypted_in_two_threads(tmp_path, source, started):
    written = tmp_path / "written"
    smime.files.encrypt(source, written, person("rsa2048").certificate, signer=signer("rsa2048"), threads=2)
    assert len(started) == 1
    unwrapped = smime.files.unwrap(written, None, identities=[identity("rsa2048")], trust=trust(), sender=ADDRESS, threads=2)
    assert unwrapped.status == "signed-and-encrypted"
    assert len(started) == 2


def test_a_source_that_fails_ends_the_thread(tmp_path, started):
    def chunks():
        for _ in range(10):
            yield LINE * 20_000
        raise OSError("the line is cut")

    with pytest.raises(OSError, match="the line is cut"):
        smime.files.sign(chunks(), tmp_path / "signed", signer("rsa2048"), detached=False, encoding="der", threads=2)
    assert len(started) == 1
    assert list(tmp_path.iterdir()) == []


class _OneMoment(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime(2026, 11, 30, tzinfo=timezone.utc)


@given(st.sampled_from(sorted(FORMS)), st.lists(st.integers(0, len(MESSAGE)), max_size=12))
@settings(max_examples=30, deadline=None)
def test_one_thread_and_two_write_the_same(form, cuts):
    edges = sorted({0, len(MESSAGE), *cuts})
    pieces = [MESSAGE[start:end] for start, end in pairwise(edges)]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(smime.operations.sign, "datetime", _OneMoment)
        monkeypatch.setattr(smime.mime.writer, "make_boundary", lambda: b"the-one-boundary")
        folder = Path(name)
        for threads in (1, 2):
            smime.files.sign(pieces, folder / f"signed{threads}", signer("rsa2048"), threads=threads, **FORMS[form])
        signed = (folder / "signed1").read_bytes()
        assert (folder / "signed2").read_bytes() == signed
        cut = [signed[start:end] for start, end in pairwise([*edges[:-1], len(signed)])]
        for threads in (1, 2):
            smime.files.verify(cut, folder / f"content{threads}", trust(), sender=ADDRESS, threads=threads)
        assert (folder / "content2").read_bytes() == (folder / "content1").read_bytes()


def test_a_stream_gets_its_octets_in_order(started):
    signed = io.BytesIO()
    smime.files.sign(io.BytesIO(MESSAGE), signed, signer("rsa2048"), detached=False, threads=2)
    for release in ("verified", "unverified"):
        content = io.BytesIO()
        smime.files.verify(io.BytesIO(signed.getvalue()), content, trust(), sender=ADDRESS, release=release, threads=2)
        assert content.getvalue().endswith(LINE * 60_000)
    assert len(started) == 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_a_disk_that_is_full(tmp_path, source, started, monkeypatch, form, verb):
    """Whoever of the two meets it."""
    signed = tmp_path / "signed"
    smime.files.sign(source, signed, signer("rsa2048"), threads=1, **FORMS[form])

    def write(target):
        if verb == "sign":
            smime.files.sign(source, target, signer("rsa2048"), threads=2, **FORMS[form])
        else:
            smime.files.verify(signed, target, trust(), sender=ADDRESS, threads=2)

    pwrite = os.pwrite
    for name in ("MainThread", "smime-second"):

        def full(descriptor, data, offset, name=name):
            if threading.current_thread().name == name:
                raise OSError(28, "No space left on device")
            return pwrite(descriptor, data, offset)

        monkeypatch.setattr(os, "pwrite", full)
        # whether it is free is a matter of the machine's other work
        monkeypatch.setattr(SecondThread, "free", property(lambda thread, name=name: name == "smime-second" and not thread._ended))
        with pytest.raises(OSError, match="No space left on device") as caught:
            write(tmp_path / "target")
        assert caught.value.filename == tmp_path / "target"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["message", "signed"]
    assert started  # and not for the first, if its first block of the file is full before one of the digest
    assert not any(thread.is_alive() for thread in started)


def _run(script, *arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[2]), *sys.path))}
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


_FORKED = """
import os, sys, threading
import smime.files
from tests.operations.people import ADDRESS, signer, trust

seen = []

def fork(count):
    seen.append(count)
    if len(seen) == 5:
        assert any(thread.name == "smime-second" for thread in threading.enumerate())
        child = os.fork()
        if not child:
            sys.exit(7)  # through all that is open here
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7

smime.files.sign(sys.argv[1], sys.argv[2], signer("rsa2048"), detached=False, threads=2, progress=fork)
assert len(seen) > 5
smime.files.verify(sys.argv[2], None, trust(), sender=ADDRESS)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_process_that_is_forked_meanwhile(tmp_path, source):
    """The child ends, though it has no second thread to wait for, and the parent goes on."""
    signed = tmp_path / "signed"
    done = _run(_FORKED, source, signed)
    assert (done.returncode, done.stderr) == (0, "")
    assert signed.exists()


_EXIT = """
import sys, threading
import smime.files
from tests.operations.people import signer

half = threading.Event()

def chunks():
    yield b"Content-Type: text/plain\\r\\n\\r\\n"
    for number in range(1_000_000):
        if number == 50:
            half.set()
        yield b"A line of the text that is large.\\r\\n" * 10_000

threading.Thread(
    target=lambda: smime.files.sign(chunks(), sys.argv[1], signer("rsa2048"), detached=False, threads=2), daemon=True
).start()
half.wait()
"""


def test_an_interpreter_that_ends_meanwhile(tmp_path):
    done = _run(_EXIT, tmp_path / "signed")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "signed").exists()
