"""Files that appear when all is well, and leave nothing when it is not."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.files import AtomicFile
from smime.files.atomic import BlockFile


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


@given(st.lists(st.tuples(st.integers(0, 700_000), st.booleans()), max_size=8), st.booleans())
def test_blocks(writes: list[tuple[int, bool]], reserve: bool) -> None:
    """Whatever the sizes of the writes, and whenever it is read in between."""
    with tempfile.TemporaryFile(buffering=0) as raw:
        file = BlockFile(raw, reserve=reserve)
        written = bytearray()
        for number, (size, look) in enumerate(writes):
            data = bytes([number + 1]) * size
            file.write(memoryview(data) if number % 2 else data)
            written += data
            assert file.size == len(written)
            if look:
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
