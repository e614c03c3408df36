"""Files whose names others can foresee: no link is followed, whatever kind of thing lies there."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from smime.files import nofollow

pytestmark = pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="the system has no O_NOFOLLOW")


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("precious")
    return path


def _socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


PLANTED: dict[str, Callable[[Path, Path], object]] = {
    "symbolic link": lambda path, precious: path.symlink_to(precious),
    "link to a link": lambda path, precious: (path.with_name("via").symlink_to(precious), path.symlink_to("via")),
    "dangling link": lambda path, precious: path.symlink_to(precious.with_name("new")),
    "hard link": lambda path, precious: path.hardlink_to(precious),
    "link to a folder": lambda path, precious: path.symlink_to(precious.parent),
    "named pipe": lambda path, _: os.mkfifo(path),
    "socket": _socket,
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_create_replaces_what_is_there(tmp_path: Path, precious: Path, plant: Callable[[Path, Path], object]) -> None:
    path = tmp_path / "out.part"
    plant(path, precious)
    descriptor = nofollow.create(path)
    os.write(descriptor, b"new")
    os.close(descriptor)
    assert path.read_bytes() == b"new"
    assert not path.is_symlink()
    assert precious.read_text() == "precious"
    assert not (tmp_path / "new").exists()


def test_create_does_not_remove_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    with pytest.raises(OSError, match=r"out\.part"):
        nofollow.create(tmp_path / "out.part")


def test_create_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.part"
    path.write_text("another's")
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # as if somebody made it again each time
    with pytest.raises(FileExistsError, match="keeps making"):
        nofollow.create(path)


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_reopen_takes_only_a_file_of_its_own(tmp_path: Path, precious: Path, plant: Callable[[Path, Path], object]) -> None:
    path = tmp_path / "out.part"
    plant(path, precious)
    with pytest.raises(OSError, match=r"out\.part"):
        nofollow.reopen(path)
    assert precious.read_text() == "precious"


def test_reopen_takes_what_create_made(tmp_path: Path) -> None:
    path = tmp_path / "out.part"
    os.close(nofollow.create(path))
    os.close(nofollow.reopen(path))
    with pytest.raises(FileNotFoundError):
        nofollow.reopen(tmp_path / "gone")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make files of somebody else")
def test_reopen_in_a_folder_of_everybody(tmp_path: Path) -> None:
    """The rule of Linux's fs.protected_regular: there, a file of another user was planted."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    path = shared / "out.part"
    path.write_text("{}\n")
    os.chown(path, 12345, 12345)
    os.close(nofollow.reopen(path))  # nobody else could have made it
    shared.chmod(stat.S_ISVTX | 0o777)
    with pytest.raises(PermissionError, match="somebody else's"):
        nofollow.reopen(path)
    os.chown(path, 0, 0)
    os.close(nofollow.reopen(path))


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_read(tmp_path: Path, precious: Path, plant: Callable[[Path, Path], object], request: pytest.FixtureRequest) -> None:
    path = tmp_path / "mail"
    plant(path, precious)
    if "hard" in request.node.callspec.id:  # cannot be told from a file of its own: mail stores use them
        os.close(nofollow.read(path))
        return
    with pytest.raises(OSError, match="mail"):
        nofollow.read(path)


def test_read_through_a_link_if_asked(tmp_path: Path, precious: Path) -> None:
    path = tmp_path / "mail"
    path.symlink_to(precious)
    descriptor = nofollow.read(path, link=True)
    assert os.read(descriptor, 100) == b"precious"
    os.close(descriptor)
    path.unlink()
    path.symlink_to(tmp_path)
    with pytest.raises(OSError, match="not a regular file"):
        nofollow.read(path, link=True)
