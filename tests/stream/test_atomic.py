"""Files that appear when all is well, and leave nothing when it is not."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.files import AtomicFile
from smime.files.atomic import BlockFile
from smime.files.second_thread import BLOCK, MARGIN, Block, SecondThread


def names(folder: Path) -> list[str]:
    """Return all that is in a folder."""
    return sorted(path.name for path in folder.iterdir())


unnamed = hasattr(os, "O_TMPFILE")


@pytest.fixture(params=["unnamed", "named"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Files of both kinds, wherever the tests run."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not unnamed:
        pytest.skip("the system has no unnamed files")
    return str(request.param)


def test_it_appears_by_commit(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with AtomicFile(target) as file:
        file.write(b"some ")
        assert not target.exists()
        file.write(memoryview(b"octets"))
        assert b"".join(file.chunks()) == b"some octets"
        file.commit()
    assert target.read_bytes() == b"".join(file.chunks()) == b"some octets"
    assert names(tmp_path) == ["target"]


def test_it_replaces(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with AtomicFile(target) as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
        file.commit()
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["target"]


def test_nothing_is_left(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")

    def fail() -> None:
        with AtomicFile(target) as file:
            file.write(bytes(1 << 20))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with AtomicFile(target) as file:
        file.write(b"forgotten")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["target"]


def test_who_may_read_it(kind: str, tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        for private, mode in ((True, 0o600), (False, 0o644)):
            with AtomicFile(tmp_path / "target", private=private) as file:
                assert stat.S_IMODE(os.fstat(file._file.fileno()).st_mode) == mode
                file.commit()
            assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == mode
    finally:
        os.umask(mask)


def test_folders_are_not_replaced(kind: str, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        AtomicFile(tmp_path)
    with pytest.raises(FileNotFoundError):
        AtomicFile(tmp_path / "nowhere" / "target")


def test_a_long_name(kind: str, tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 127)
    for text in (b"one", b"two"):
        with AtomicFile(target) as file:
            file.write(text)
            file.commit()
    assert target.read_bytes() == b"two"


def test_two_writers_to_one_target(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    files = [AtomicFile(target) for _ in range(6)]  # more than there are fixed names
    for number, file in enumerate(files):
        file.write(b"%d" % number)
    files[5].discard()
    for file in files[:5]:
        file.commit()
    assert target.read_bytes() == b"4"
    assert names(tmp_path) == ["target"]


def test_what_a_killed_writer_left_is_removed(kind: str, tmp_path: Path) -> None:
    left = [tmp_path / f".target.smime-{number}" for number in range(4)]
    for path in left[:3]:
        path.write_bytes(b"plaintext")
    os.mkfifo(left[3])  # not ours
    with AtomicFile(tmp_path / "target") as file:
        assert not any(path.is_file() and path.read_bytes() for path in left[:3])
        file.commit()
    assert names(tmp_path) == [left[3].name, "target"]


def test_a_living_writer_is_let_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "target"
    first = AtomicFile(target)
    first.write(b"first")
    with AtomicFile(target) as second:
        second.write(b"second")
        second.commit()
    assert target.read_bytes() == b"second"
    first.commit()
    assert target.read_bytes() == b"first"


_TWO_CHILD = """
import os, sys, threading
sys.stdout.reconfigure(write_through=True)
if sys.argv[2] == "named":
    os.__dict__.pop("O_TMPFILE", None)
import smime.files
from tests.operations.people import signer

def chunks():
    yield b"Content-Type: text/plain\\r\\n\\r\\n"
    for _ in range(50):
        yield b"A line of the text that is large.\\r\\n" * 10_000
    print(*(thread.name for thread in threading.enumerate() if thread.name == "smime-second"))
    sys.stdin.read()  # until it is killed

smime.files.sign(chunks(), sys.argv[1], signer("rsa2048"), detached=False, threads=2)
"""


def test_killed_with_two_threads(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    command = [sys.executable, "-c", _TWO_CHILD, str(target), kind]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[2]), *sys.path))}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "smime-second\n"
        left = names(tmp_path)
        child.send_signal(signal.SIGKILL)
    assert left == names(tmp_path) == ([] if kind == "unnamed" else [".target.smime-0"])
    with AtomicFile(target):
        pass
    assert names(tmp_path) == []


_CHILD = """
import os, sys
sys.stdout.reconfigure(write_through=True)
if sys.argv[2] == "named":
    os.__dict__.pop("O_TMPFILE", None)
import smime, smime.files
from smime.pki.identity import Keyring

def chunks():
    with open(sys.argv[3], "rb") as file:
        for _ in range(20):
            yield file.read(100_000)
    print("half")
    sys.stdin.read()  # until it is killed

smime.files.decrypt(chunks(), sys.argv[1], smime.Password("secret"))
"""


def test_killed(kind: str, tmp_path: Path) -> None:
    """The decryption of a message is killed when half of the plaintext has been written."""
    import smime.files

    source, folder = tmp_path / "source", tmp_path / "folder"
    folder.mkdir()
    plain = b"Content-Type: text/plain\r\n\r\n" + b"A secret that nobody else may see.\r\n" * 100_000
    smime.files.encrypt([plain], source, smime.Password("secret"), encoding="der")
    target = folder / "target"
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(target), kind, str(source)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        left = names(folder)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    if kind == "unnamed":
        assert left == names(folder) == []
    else:
        (name,) = left
        assert name == ".target.smime-0"
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        with pytest.raises(smime.DecryptionError):  # the next start cleans up, though it fails too
            smime.files.decrypt(source, target, smime.Password("wrong"))
        assert names(folder) == []
    smime.files.decrypt(source, target, smime.Password("secret"))
    assert target.read_bytes() == plain


@given(
    st.lists(st.tuples(st.integers(0, 1_200_000), st.sampled_from(["write", "lend", "look"])), max_size=12), st.booleans(), st.booleans()
)
def test_blocks(writes: list[tuple[int, str]], reserve: bool, two: bool) -> None:
    """Whatever the sizes of the writes, wherever the octets are made, whenever it is read in between, and whoever writes."""
    with tempfile.TemporaryFile(buffering=0) as raw, SecondThread() as thread:
        file = BlockFile(raw, reserve=reserve, thread=thread if two else None)
        written = bytearray()
        for number, (size, how) in enumerate(writes):
            data = bytearray([number + 1]) * (size if how != "lend" else size % (MARGIN + 1))
            if how == "lend":
                room = file.lend(MARGIN)
                assert len(room) == MARGIN
                room[: len(data)] = data
                file.lent(len(data))
            else:
                file.write(memoryview(data) if number % 2 else data)
            written += data
            data[:] = bytes(len(data))  # a buffer is the caller's again
            assert file.size == len(written)
            if how == "look":
                assert b"".join(file.chunks()) == written
        file.flush()
        assert os.fstat(raw.fileno()).st_size == len(written)
        raw.seek(0)
        assert raw.read() == written


def test_a_full_disk_is_said_by_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with tempfile.TemporaryFile(buffering=0) as raw:
        file = BlockFile(raw, reserve=True)
        file.write(bytes(1 << 20))
        file.flush()
        assert os.fstat(raw.fileno()).st_size == 1 << 20
    monkeypatch.setattr(os, "pwrite", refuse)
    with tempfile.TemporaryFile(buffering=0) as raw, pytest.raises(OSError, match="No space"):
        BlockFile(raw, reserve=True).write(bytes(1 << 20))


class Gate:
    """Stands in for `os.pwrite`, and holds the second thread up until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
        self._pwrite = os.pwrite
        self._error = error
        self.opened = threading.Event()
        self.reached = threading.Event()
        monkeypatch.setattr(os, "pwrite", self)

    def __call__(self, descriptor: int, data: memoryview, offset: int) -> int:
        if threading.current_thread().name == "smime-second":
            self.reached.set()
            assert self.opened.wait(60)
            if self._error is not None:
                raise self._error
        return self._pwrite(descriptor, data, offset)


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "smime-second"]


def test_blocks_are_written_by_whoever_is_free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """While the thread is held up with its first blocks, all others are written at once; the file is the same."""
    gate = Gate(monkeypatch)
    with SecondThread() as thread, AtomicFile(tmp_path / "target", thread=thread) as file:
        for number in range(20):
            file.write(bytes([number]) * BLOCK)
        assert gate.reached.wait(60)
        assert 0 < file._file._given < 20
        assert file._file._done == 0
        gate.opened.set()
        file.commit()
    assert (tmp_path / "target").read_bytes() == b"".join(bytes([number]) * BLOCK for number in range(20))
    assert not ours()


@pytest.mark.parametrize("where", ["write", "chunks", "commit"])
def test_what_fails_in_the_thread_is_raised_where_somebody_goes_on(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    gate = Gate(monkeypatch, OSError(28, "No space left on device"))
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with SecondThread() as thread, AtomicFile(target, thread=thread) as file:
        file.write(bytes(BLOCK))
        gate.opened.set()
        if where != "commit":
            thread.settle()
        with pytest.raises(OSError, match="No space left") as caught:
            {"write": lambda: file.write(bytes(BLOCK)), "chunks": lambda: list(file.chunks()), "commit": file.commit}[where]()
        assert caught.value.errno == 28
        assert caught.value.filename == target
        with pytest.raises(OSError, match="No space left"):
            file.commit()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["target"]
    assert not ours()


def test_a_file_is_closed_when_its_last_block_is_written(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Never before: its descriptor might be another file's by then."""
    gate = Gate(monkeypatch)
    with SecondThread() as thread:
        file = AtomicFile(tmp_path / "target", thread=thread)
        file.write(bytes(BLOCK))
        assert gate.reached.wait(60)
        closing = threading.Thread(target=file.discard)
        closing.start()
        closing.join(0.1)
        assert closing.is_alive()
        os.fstat(file._file.fileno())
        gate.opened.set()
        closing.join()
        assert file._file.closed
        assert file._file._file.closed
    assert names(tmp_path) == []


def test_a_file_that_the_garbage_collector_closes_in_the_thread_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    with SecondThread() as thread:
        raw = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by the file
        file = BlockFile(raw, thread=thread)
        file._put_block(Block())
        assert gate.reached.wait(60)
        thread.register()
        thread.give(lambda _: file.close(), thread.block())
        file._put_block(file._block or Block())
        gate.opened.set()
    assert file.closed
    assert raw.closed


def test_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    octets = os.urandom(5 * BLOCK + 5)
    with SecondThread() as thread, AtomicFile(tmp_path / "target", thread=thread) as file:
        digest = thread.new("sha256")
        digest.update(octets)
        file.write(octets)
        file.commit()
        assert digest.finalize() == hashlib.sha256(octets).digest()
    assert (tmp_path / "target").read_bytes() == octets
