"""A copy of an archive in which some messages have new octets: mbox for mbox, Maildir for Maildir, file for file.

Each file of the copy appears whole or not at all. In an mbox, new octets are quoted as mboxrd does it, which is exactly reversible;
messages without new octets are copied as they are.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

from smime.archive.claims import header_fields
from smime.archive.sources import Octets, Span
from smime.files import AtomicFile
from smime.limits import DEFAULT_LIMITS, Limits
from smime.mime.header import HeaderFields
from smime.mime.writer import split_text

__all__ = ["ArchiveCopy", "rewritten"]

_QUOTED_FROM = re.compile(rb"^(?=>*From )", re.MULTILINE)
_STRUCTURAL = re.compile(rb"(?i:content-|mime-version\Z|lines\Z|x-content-length\Z)")
_EVIDENCE = frozenset({b"from", b"sender", b"date", b"message-id", b"received", b"return-path", b"authentication-results"})
_BARE_LF = re.compile(rb"(?<!\r)\n")


class ArchiveCopy:
    """Takes messages in the order of their archive.

    Args:
        into: the folder of the copy; made if it is not there.
    """

    def __init__(self, into: str | os.PathLike[str]) -> None:
        self._into = Path(into)
        self._mbox: AtomicFile | None = None
        self._place: str | None = None
        self._made: set[Path] = set()
        self._octets = Octets()

    def __enter__(self) -> ArchiveCopy:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
        elif self._mbox is not None:
            self._mbox.discard()
        self._octets.close()

    def write(self, span: Span, octets: bytes | None) -> None:
        """Put a message in its place.

        Args:
            span: where it was.
            octets: what it is now; None: what it was.

        Raises:
            OSError: it cannot be written.
        """
        if span.place != self._place:
            self._finish()
            self._place = span.place
            path = self._folder(Path(span.place).parent) / Path(span.place).name
            if path.exists() and path.samefile(span.path):
                raise FileExistsError(errno.EEXIST, "the copy would replace the archive itself", str(path))
            if span.in_mbox:
                self._mbox = AtomicFile(path, private=True)
            elif path.parent.name in {"cur", "new"}:  # a Maildir has all three folders
                for name in ("cur", "new", "tmp"):
                    self._folder(Path(span.place).parent.parent / name)
        data = octets if octets is not None else self._octets.read(span)
        if self._mbox is None:
            with AtomicFile(self._into / span.place, private=True) as file:
                file.write(data)
                file.commit()
            return
        self._mbox.write(self._octets.separator(span))
        if octets is not None:
            data = _QUOTED_FROM.sub(b">", octets)
        self._mbox.write(data)
        self._mbox.write(b"\n" if bytes(data[-1:]) == b"\n" else b"\n\n")

    def _folder(self, place: Path) -> Path:
        """Make a folder of the copy, and those that it is in, and return its path: no link leads out of the copy."""
        path = self._into / place
        if path in self._made:
            return path
        if place == place.parent:
            path.mkdir(parents=True, exist_ok=True)
        else:
            self._folder(place.parent)
            path.mkdir(exist_ok=True)
            if path.is_symlink():
                raise OSError(errno.ELOOP, "is a link, and links are not followed", str(path))
        self._made.add(path)
        return path

    def _finish(self) -> None:
        if self._mbox is not None:
            self._mbox.commit()
            self._mbox = None


def rewritten(original: bytes | memoryview, entity: bytes, limits: Limits = DEFAULT_LIMITS, *, protected: Iterable[bytes] = ()) -> bytes:
    """Return the message with another entity inside: its own header, but for the fields that describe the body, which are the entity's.

    Whoever encrypted may have written any field inside, which nobody signed and no server saw, so the fields of the original stay as they
    are. Header protection (RFC 9788) says of some fields that those inside are meant; even then From, Date, Message-ID and what servers
    wrote stay, which an archive is evidence of. Line ends are those of the original.

    Args:
        original: the message.
        entity: what was inside of it.
        limits: for the headers.
        protected: names, in lower case, of the fields to be taken from the entity.

    Raises:
        LimitExceeded: a header is too large.
    """
    outer = header_fields(original, limits)
    described, body = _described(entity, limits)
    inside = [(name, field) for name, field in described if name in frozenset(protected) - _EVIDENCE or _STRUCTURAL.match(name)]
    names = {name for name, _ in inside}
    parts = [field for name, field in outer.raw_fields() if name and not _STRUCTURAL.match(name) and name.lower() not in names]
    if b"mime-version" not in names:
        parts.append(b"MIME-Version: 1.0\r\n")
    head = b"".join((*(_ended(part) for part in parts), *(_ended(field) for _, field in inside)))
    line = outer.data.find(b"\n", outer.start)
    if line > 0 and outer.data[line - 1] != 0x0D:  # stored with LF
        return b"\n".join((head.replace(b"\r\n", b"\n"), body.replace(b"\r\n", b"\n")))
    return b"\r\n".join((_BARE_LF.sub(b"\r\n", head), body))


def _described(entity: bytes, limits: Limits) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the header fields of an entity, with their names in lower case, and its body; what has no MIME header is a text."""
    fields = HeaderFields.parse(entity, limits=limits)
    found = [(name.lower(), field) for name, field in fields.raw_fields() if name]
    if fields.defects and not any(_STRUCTURAL.match(name) for name, _ in found):
        text = HeaderFields.parse(split_text(entity)[1], limits=limits)
        return [(name.lower(), field) for name, field in text.raw_fields()], entity
    return found, entity[fields.body_start :]


def _ended(field: bytes) -> bytes:
    return field if not field or field.endswith(b"\n") else field + b"\r\n"
