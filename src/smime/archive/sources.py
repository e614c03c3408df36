"""Where the messages of an archive are: mbox files, Maildirs, folders of single messages, single files.

`spans` names each message by file and octets without reading it; `Octets` hands out the octets of a span. A file is an mbox if it begins
with ``From ``; a folder is a Maildir if it holds ``cur`` and ``new``. In other folders everything is looked for, to any depth: Maildirs,
mbox files, and files that are single messages by their name (`MESSAGE_SUFFIXES`, or the bare numbers of MH and Cyrus). Names that begin
with a dot are passed over, but for the dotted sub-folders of a Maildir++.

An archive may belong to somebody else than who works through it, and a link in it lead to what only the latter may read. So symbolic links
are passed over unless the caller asks for them; what the caller names may be one. Even then no link to a folder is followed but the
``cur`` and ``new`` of a Maildir.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from smime.archive.record import key_of
from smime.files import nofollow
from smime.mime.mbox import MboxSplitter, MessageSpan

__all__ = ["MESSAGE_SUFFIXES", "Octets", "Sources", "Span", "check", "spans", "total_size"]

Sources = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

MESSAGE_SUFFIXES = frozenset({".eml", ".p7m", ".p7s", ".mime", ".msg", ".mail", ".txt"})
_MBOX_MAGIC = b"From "
_MAPPED_FROM = 1 << 20  # a read of less costs less than a mapping and its page faults
_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """Where one message is.

    Attributes:
        source: what holds it, as in `smime.archive.MessageRecord`.
        offset: of its ``From `` line in an mbox; None elsewhere.
        file: name relative to `source`; None in an mbox.
        path: the file to open.
        start, end: its octets in that file, the ``From `` line excluded.
        place: the file's place in a copy of the archive, relative to the folder of the copy.
        link: the file may be a symbolic link.
    """

    source: str
    offset: int | None
    file: str | None
    path: str
    start: int
    end: int
    place: str = ""
    link: bool = False

    @property
    def size(self) -> int:
        """Octets of the message."""
        return self.end - self.start

    @property
    def key(self) -> tuple[str, int | str]:
        """The same as the key of its record."""
        return key_of(self.source, self.offset, self.file)

    @property
    def in_mbox(self) -> bool:
        """The message is one of an mbox, so that lines of it may be quoted."""
        return self.offset is not None


@dataclass(frozen=True, slots=True)
class _File:
    """One file to read: an mbox (`file` is None), or a single message. `place` and `link` as in `Span`."""

    source: str
    file: str | None
    path: str
    place: str
    link: bool

    @property
    def size(self) -> int:
        return os.stat(self.path, follow_symlinks=self.link).st_size  # noqa: PTH116 - a Path for each of a million files costs more


def _is_mbox(path: str, *, link: bool) -> bool:
    with os.fdopen(nofollow.read(path, link=link), "rb") as stream:
        return stream.read(len(_MBOX_MAGIC)) == _MBOX_MAGIC


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _entries(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _maildir(root: Path, source: str, place: str, links: bool, prefix: str = "") -> Iterator[_File]:
    for folder in ("cur", "new"):
        if not links and (root / folder).is_symlink():
            continue
        for entry in _entries(root / folder):
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=links):
                name = f"{prefix}{folder}/{entry.name}"
                yield _File(source, name, entry.path, f"{place}/{name}", links)
    for entry in _entries(root):
        if entry.name not in {"cur", "new", "tmp"} and entry.is_dir(follow_symlinks=False) and _is_maildir(Path(entry.path)):
            yield from _maildir(Path(entry.path), source, place, links, f"{prefix}{entry.name}/")


def _is_message_name(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        return name.isdecimal()
    return f".{suffix.lower()}" in MESSAGE_SUFFIXES or (stem.isdecimal() and not suffix)


def _folder(root: Path, source: str, place: str, links: bool, prefix: str = "") -> Iterator[_File]:
    for entry in _entries(root):
        if entry.name.startswith("."):
            continue
        name = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            path = Path(entry.path)
            if _is_maildir(path):
                yield from _maildir(path, str(path), f"{place}/{name}", links)
            else:
                yield from _folder(path, source, place, links, f"{name}/")
        elif entry.is_file(follow_symlinks=links):
            if _is_mbox(entry.path, link=links):
                yield _File(entry.path, None, entry.path, f"{place}/{name}", links)
            elif _is_message_name(entry.name):
                yield _File(source, name, entry.path, f"{place}/{name}", links)


def check(sources: Sources) -> list[str]:
    """Return the paths of the sources.

    Raises:
        OSError: one is not there.
    """
    listed = [os.fspath(source) for source in ([sources] if isinstance(sources, str | os.PathLike) else sources)]
    for source in listed:
        Path(source).stat()
    return listed


def _files(sources: Sources, links: bool) -> Iterator[_File]:
    places: set[str] = set()
    for source in check(sources):
        path = Path(source)
        name = path.name if path.name != ".." else ""  # else the copy would be made beside its own folder
        name = name or path.resolve().name or "archive"
        place, number = name, 1
        while place in places:
            number += 1
            place = f"{name}-{number}"
        places.add(place)
        if _is_maildir(path):
            yield from _maildir(path, source, place, links)
        elif path.is_dir():
            yield from _folder(path, source, place, links)
        elif _is_mbox(source, link=True):
            yield _File(source, None, source, place, link=True)
        else:
            yield _File(source, path.name, source, place, link=True)


def _mbox(found: _File) -> Iterator[Span]:
    with os.fdopen(nofollow.read(found.path, link=found.link), "rb", buffering=0) as stream:
        splitter = MboxSplitter(total_size=os.fstat(stream.fileno()).st_size)
        while chunk := stream.read(_CHUNK):
            for message in splitter.receive(chunk):
                yield _span_of(found, message)
        for message in splitter.finish():
            yield _span_of(found, message)


def _span_of(found: _File, message: MessageSpan) -> Span:
    return Span(found.source, message.start, None, found.path, message.header_start, message.end, found.place, found.link)


def spans(sources: Sources, *, links: bool = False) -> Iterator[Span]:
    """Yield every message of the sources, in order: sources as given, folders by name, an mbox from its beginning.

    Args:
        sources: one path or several.
        links: read symbolic links to files as well.

    Raises:
        OSError: a source is not there, or cannot be read.
    """
    for found in _files(sources, links):
        if found.file is None:
            yield from _mbox(found)
        else:
            yield Span(found.source, None, found.file, found.path, 0, found.size, found.place, found.link)


def total_size(sources: Sources, *, links: bool = False) -> int:
    """Return the octets of all files of the sources, for a progress bar.

    Raises:
        OSError: a source is not there, or cannot be read.
    """
    return sum(found.size for found in _files(sources, links))


class Octets:
    """Hands out the octets of spans; keeps the last file open, since spans come file by file."""

    __slots__ = ("_path", "_stream")

    def __init__(self) -> None:
        self._path: str | None = None
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Octets:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Octets handed out stay readable."""
        if self._stream is not None:
            self._stream.close()
        self._path = self._stream = None

    def read(self, span: Span) -> bytes | memoryview:
        """Return the octets of the message: a copy if it is small, a view of the mapped file if it is big.

        Raises:
            OSError: the file cannot be read, or is shorter than it was.
        """
        if self._path != span.path or self._stream is None:
            self.close()
            self._stream = os.fdopen(nofollow.read(span.path, link=span.link), "rb")
            self._path = span.path
        stream, size = self._stream, span.size
        if size < _MAPPED_FROM:
            stream.seek(span.start)
            octets: bytes | memoryview = stream.read(size)
        else:
            if os.fstat(stream.fileno()).st_size < span.end:
                raise OSError(f"{span.path} has become shorter while it was read")
            octets = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))[span.start : span.end]
        if len(octets) != size:
            raise OSError(f"{span.path} has become shorter while it was read")
        return octets

    def separator(self, span: Span) -> bytes:
        """Return the ``From `` line before a message of an mbox.

        Raises:
            OSError: the file cannot be read.
        """
        if span.offset is None:
            return b""
        return bytes(self.read(Span(span.source, None, None, span.path, span.offset, span.start, link=span.link)))
