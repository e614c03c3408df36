"""Where messages are found: Maildirs, folders, single files; what is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from smime.archive.sources import Octets, Span, spans, total_size

MAIL = b"From: a@example.org\r\n\r\nhello\r\n"


def write(path: Path, data: bytes = MAIL) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def names(found: list[Span]) -> list[str | None]:
    return [span.file for span in found]


def maildir(root: Path) -> Path:
    for folder in ("cur", "new", "tmp"):
        (root / folder).mkdir(parents=True)
    return root


def test_a_single_file(tmp_path: Path) -> None:
    write(tmp_path / "x.bin")
    assert list(spans(tmp_path / "x.bin")) == [
        Span(str(tmp_path / "x.bin"), None, "x.bin", str(tmp_path / "x.bin"), 0, len(MAIL), "x.bin", link=True),
    ]


def test_a_maildir(tmp_path: Path) -> None:
    root = maildir(tmp_path / "Mail")
    for name in ("cur/2.host:2,S", "cur/1.host:2,", "new/3.host", "tmp/4.host", "cur/.hidden", "dovecot-uidlist", ".Sent/maildirfolder"):
        write(root / name)
    for folder in ("cur", "new", "tmp"):
        (root / ".Sent" / folder).mkdir()
    write(root / ".Sent/cur/5.host:2,S")
    found = list(spans(root))
    assert names(found) == ["cur/1.host:2,", "cur/2.host:2,S", "new/3.host", ".Sent/cur/5.host:2,S"]
    assert {span.source for span in found} == {str(root)}


def test_a_folder_of_messages(tmp_path: Path) -> None:
    root = tmp_path / "mail"
    for name in ("b.EML", "a.p7m", "2019/10.eml", "2019/inbox/7", "2019/inbox/8.", "note.pdf", "README", ".DS_Store", ".git/1.eml"):
        write(root / name)
    write(maildir(root / "maildir") / "new/1.host")
    (root / "loop").symlink_to(root)
    found = list(spans(root))
    assert names(found) == ["2019/10.eml", "2019/inbox/7", "2019/inbox/8.", "a.p7m", "b.EML", "new/1.host"]
    assert [span.source for span in found] == [str(root)] * 5 + [str(root / "maildir")]
    assert [span.place for span in found][-2:] == ["mail/b.EML", "mail/maildir/new/1.host"]


def test_several_sources_in_the_order_given(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / name)
    assert names(list(spans([tmp_path / "b", str(tmp_path / "a")]))) == ["b", "a"]


def test_sources_of_one_name_have_places_of_their_own(tmp_path: Path) -> None:
    for name in ("1/inbox.eml", "2/inbox.eml"):
        write(tmp_path / name)
    assert [span.place for span in spans([tmp_path / "1/inbox.eml", tmp_path / "2/inbox.eml"])] == ["inbox.eml", "inbox.eml-2"]


def test_a_missing_source_is_noticed_first(tmp_path: Path) -> None:
    write(tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        next(spans([tmp_path / "a", tmp_path / "gone"]))


def test_octets_of_small_and_big_files(tmp_path: Path) -> None:
    big = MAIL + b"x" * (3 << 20)
    write(tmp_path / "1.eml", big)
    write(tmp_path / "2.eml")
    write(tmp_path / "3.eml", b"")
    with Octets() as octets:
        read = [octets.read(span) for span in spans(tmp_path)]
    assert [bytes(data) for data in read] == [big, MAIL, b""]
    assert isinstance(read[0], memoryview)


def test_total_size(tmp_path: Path) -> None:
    write(tmp_path / "box/1.eml")
    write(maildir(tmp_path / "box/maildir") / "cur/1")
    write(tmp_path / "box/x.pdf")
    assert total_size([tmp_path / "box"]) == 2 * len(MAIL)


# -- links that the owner of the archive has laid to what is not his --


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    write(tmp_path / "home" / "secret.eml")
    return tmp_path / "home" / "secret.eml"


def read(root: Path, *, links: bool = False) -> list[bytes]:
    with Octets() as octets:
        return [bytes(octets.read(span)) for span in spans(root, links=links)]


def test_links_of_a_maildir_are_passed_over(tmp_path: Path, secret: Path) -> None:
    root = maildir(tmp_path / "mail")
    (root / "cur" / "1:2,S").symlink_to(secret)
    (root / "new" / "2").symlink_to("../cur/1:2,S")
    assert read(root) == []
    assert total_size(root) == 0
    assert read(root, links=True) == [MAIL, MAIL]
    assert total_size(root, links=True) == 2 * len(MAIL)


@pytest.mark.parametrize("name", ["cur", "new"])
def test_a_folder_of_a_maildir_that_is_a_link(tmp_path: Path, secret: Path, name: str) -> None:
    root = maildir(tmp_path / "mail")
    (root / name).rmdir()
    (root / name).symlink_to(secret.parent)
    assert read(root) == []
    assert read(root, links=True) == [MAIL]


def test_a_maildir_below_that_is_a_link(tmp_path: Path) -> None:
    write(maildir(tmp_path / "home") / "cur/1")
    root = maildir(tmp_path / "mail")
    (root / ".Sent").symlink_to(tmp_path / "home")
    assert read(root) == read(root, links=True) == []


def test_links_of_a_folder_are_passed_over(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "mbox").write_bytes(b"From a Mon Dec  1 10:00:00 2025\n" + MAIL)
    root = tmp_path / "mail"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "1.eml").symlink_to(secret)
    (root / "inbox").symlink_to(tmp_path / "mbox")
    assert read(root) == []
    assert len(read(root, links=True)) == 2


@pytest.mark.parametrize("what", ["secret.eml", "."])
def test_what_the_caller_names_may_be_a_link(tmp_path: Path, secret: Path, what: str) -> None:
    (tmp_path / "given").symlink_to(secret.parent / what)
    assert read(tmp_path / "given") == [MAIL]


def test_a_file_that_becomes_a_link_is_not_read(tmp_path: Path, secret: Path) -> None:
    """Between the listing and the reading."""
    root = maildir(tmp_path / "mail")
    write(root / "cur/1")
    found = list(spans(root))
    (root / "cur/1").unlink()
    (root / "cur/1").symlink_to(secret)
    with Octets() as octets, pytest.raises(OSError, match="link"):
        octets.read(found[0])


def test_the_place_in_a_copy_is_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mail/sub/1.eml")
    monkeypatch.chdir(tmp_path / "mail/sub")
    assert [span.place for span in spans("..")] == ["mail/sub/1.eml"]
