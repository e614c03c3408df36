"""The copy of an archive: nothing of it is written through a link that lies where it is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.archive.test_runs import write_maildir, write_mbox
from tests.archive.world import mail

from smime import archive

LINKS: dict[str, Callable[[Path, Path], object]] = {
    "the folder of the source": lambda into, home: (into / "Mail").symlink_to(home),
    "a folder of it": lambda into, home: ((into / "Mail").mkdir(), (into / "Mail" / "cur").symlink_to(home)),
    "a folder beside it": lambda into, home: ((into / "Mail").mkdir(), (into / "Mail" / "tmp").symlink_to(home)),
}


@pytest.mark.parametrize("plant", LINKS.values(), ids=LINKS.keys())
def test_no_folder_of_the_copy_is_a_link(tmp_path: Path, plant: Callable[[Path, Path], object]) -> None:
    source = write_maildir(tmp_path / "Mail", [mail()])
    home, into = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    into.mkdir()
    plant(into, home)
    with pytest.raises(OSError, match="links are not followed"):
        list(archive.strip(source, into))
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("dangling", [False, True])
def test_no_file_of_the_copy_is_written_through_a_link(tmp_path: Path, dangling: bool) -> None:
    source = write_mbox(tmp_path / "inbox", [mail()])
    precious, into = tmp_path / "precious", tmp_path / "copy"
    into.mkdir()
    (into / "inbox").symlink_to(precious)
    if not dangling:
        precious.write_text("precious")
    list(archive.strip(source, into))
    assert not (into / "inbox").is_symlink()
    assert precious.exists() is not dangling
    assert dangling or precious.read_text() == "precious"


def test_the_folder_that_the_caller_names_may_be_a_link(tmp_path: Path) -> None:
    source = write_mbox(tmp_path / "inbox", [mail()])
    (tmp_path / "disk").mkdir()
    (tmp_path / "copy").symlink_to(tmp_path / "disk")
    list(archive.strip(source, tmp_path / "copy"))
    assert (tmp_path / "disk" / "inbox").read_bytes() == (tmp_path / "inbox").read_bytes()


def test_links_of_the_archive_are_not_copied(tmp_path: Path) -> None:
    source = write_maildir(tmp_path / "Mail", [mail()])
    (tmp_path / "secret").write_bytes(mail(number=2))
    (source / "cur" / "9").symlink_to(tmp_path / "secret")
    assert len(list(archive.strip(source, tmp_path / "copy"))) == 1
    assert not (tmp_path / "copy/Mail/cur/9").exists()
    assert len(list(archive.strip(source, tmp_path / "all", follow_links=True))) == 2
    assert (tmp_path / "all/Mail/cur/9").read_bytes() == mail(number=2)
