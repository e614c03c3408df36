"""Where records go: JSON lines, CSV, SQLite or Parquet; finished files appear whole, interrupted ones can be continued.

A file is written as ``<name>.part`` and renamed when the run is complete. With `resume`, the records of ``<name>.part`` or of the finished
file are kept and their messages are named in `keys`, so that the caller passes over them. A Parquet file cannot be continued.
The name ``<name>.part`` can be foreseen, so no link is followed there (`smime.files.nofollow`).

Values come out of messages and file names. In JSON, characters that a terminal obeys are escapes. In CSV they are written as
`smime.printable.escape` does it, and a value that a spreadsheet would run as a formula has an apostrophe before it (see `_cell`).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Protocol

from smime.archive.record import MessageRecord, SignerRecord, key_of
from smime.errors import ParseError
from smime.files import nofollow
from smime.printable import escape, json_text, unescape

__all__ = ["FORMATS", "Key", "RecordWriter", "open_output", "open_stream"]

Key = tuple[str, "int | str"]

_CHUNK = 1 << 20
FORMATS = ("jsonl", "csv", "sqlite", "parquet")
_COLUMNS = (
    "source",
    "offset",
    "file",
    "size",
    "message_id",
    "from",
    "date",
    "subject",
    "status",
    "verdict",
    "decrypted",
    "reason",
    "at",
    "signers",
    "layers",
    "findings",
    "error",
)


class RecordWriter(Protocol):
    """Takes records. `keys` are those of the messages that an earlier run has written down."""

    keys: set[Key]

    def write(self, record: MessageRecord, /) -> None:
        """Write one record."""

    def commit(self) -> None:
        """All is written: give the file its name."""

    def close(self) -> None:
        """Close it as it is; what has been written can be resumed."""


# -- the rows --


def _json_row(record: MessageRecord) -> str:
    return json_text(record.to_dict(), separators=(",", ":")) + "\n"


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _flat(record: MessageRecord) -> list[Any]:
    row = record.to_dict()
    row["signers"] = "; ".join(", ".join(signer.addresses) or signer.subject or signer.sid for signer in record.signers)
    row["layers"] = " > ".join(record.layers)
    row["findings"] = " ".join(record.all_findings())
    return list(map(row.get, _COLUMNS))


# Spreadsheets run what begins with one of these (OWASP, "CSV Injection"), the full-width forms included. Where a semicolon or a tab is the
# separator, as it is in much of Europe, a value that holds one is several cells to them.
_FORMULA = re.compile(r"""((?:^|[;\t])[\s"]*)(?=['=+\-@\uff1d\uff0b\uff0d\uff20])""")
_HARMLESS = re.compile(r"""((?:^|[;\t])[\s"]*)'""")


def _cell(text: str) -> str:
    """Return text for a cell of CSV: an apostrophe stands before what would be a formula. An apostrophe there is doubled: see `_text`."""
    return _FORMULA.sub(r"\1'", escape(text))


def _text(cell: str) -> str:
    """Return what `_cell` was given."""
    return unescape(_HARMLESS.sub(r"\1", cell))


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_cell(value) if isinstance(value, str) else value for value in values])
    return line.getvalue()


class _Lines:
    """Records as lines of text."""

    def __init__(self, form: str, stream: IO[bytes]) -> None:
        self._stream = stream
        self._csv = form == "csv"
        self.keys: set[Key] = set()

    def header(self) -> None:
        if self._csv:
            self._stream.write(_csv_line(_COLUMNS).encode())

    def write(self, record: MessageRecord, /) -> None:
        self._stream.write((_csv_line(_flat(record)) if self._csv else _json_row(record)).encode())

    def commit(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """The stream is the caller's."""


class _LinesFile(_Lines):
    def __init__(self, form: str, path: Path, part: Path, *, resume: bool) -> None:
        self._path, self._part = path, part
        super().__init__(form, os.fdopen(nofollow.reopen(part) if resume else nofollow.create(part), "r+b"))
        if resume:
            self._read_back()
        if self._stream.tell() == 0:
            self.header()

    def _read_back(self) -> None:
        good = 0
        for number, line in enumerate(self._stream):
            if not line.endswith(b"\n"):
                break  # a run was killed in the middle of it
            try:
                self._take(line.decode(), first=number == 0)
            except (ValueError, KeyError, TypeError, IndexError):
                self._stream.close()
                raise ParseError("records", f"line {number + 1} of {self._path} is not a record of this command") from None
            good += len(line)
        self._stream.seek(good)
        self._stream.truncate()

    def _take(self, line: str, *, first: bool) -> None:
        if not self._csv:
            row = json.loads(line)
            self.keys.add(key_of(row["source"], row["offset"], row["file"]))
            return
        values = next(csv.reader([line]))
        if first:
            if tuple(values) != _COLUMNS:
                raise ValueError
            return
        self.keys.add(key_of(_text(values[0]), int(values[1]) if values[1] else None, _text(values[2]) or None))

    def commit(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        os.replace(self._part, self._path)  # noqa: PTH105 - its name says that it replaces

    def close(self) -> None:
        self._stream.close()


class _SQLite:
    """Records as rows of the table ``messages``; lists are JSON.

    SQLite opens its journal by name, through whatever link is there. So the journal is made here, is opened once (the database stays
    locked, and no other mode keeps the journal's descriptor), and is emptied instead of removed after each transaction.
    """

    _COMMIT_EVERY = 1_000

    def __init__(self, path: Path, part: Path, *, resume: bool) -> None:
        import sqlite3  # noqa: PLC0415 - only if asked for

        self._path, self._part = path, part
        self._journal = part.with_name(part.name + "-journal")
        self._claim(resume)
        self._database = sqlite3.connect(part)
        self._pending = 0
        names = ", ".join(f'"{name}"{" INTEGER" if name in {"offset", "size", "decrypted"} else " TEXT"}' for name in _COLUMNS)
        try:
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            if not resume:
                self._database.execute("PRAGMA journal_mode=OFF")  # nothing to lose yet; and a journal beside an empty file is removed
            self._database.execute(f"CREATE TABLE IF NOT EXISTS messages ({names})")
            if not resume:
                os.close(nofollow.create(self._journal))
            self._database.execute("PRAGMA journal_mode=TRUNCATE")
            rows = self._database.execute("SELECT source, offset, file FROM messages")
            self.keys: set[Key] = {key_of(*row) for row in rows}
        except sqlite3.DatabaseError:
            self._database.close()
            self._journal.unlink(missing_ok=True)
            raise ParseError("records", f"{path} is not a database of this command") from None
        self._insert = f"INSERT INTO messages VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - names of our own

    def _claim(self, resume: bool) -> None:
        """See that no link lies under any name that SQLite will open."""
        beside = [self._part.with_name(self._part.name + suffix) for suffix in ("-journal", "-wal", "-shm")]
        if not resume:
            for name in beside:
                name.unlink(missing_ok=True)
            os.close(nofollow.create(self._part))
            return
        for name in (self._part, *beside):
            try:
                os.close(nofollow.reopen(name))
            except FileNotFoundError:
                if name == self._journal:
                    os.close(nofollow.create(name))

    def write(self, record: MessageRecord, /) -> None:
        row = record.to_dict()
        values = (json.dumps(value) if isinstance(value, list) else value for value in map(row.get, _COLUMNS))
        self._database.execute(self._insert, [_encodable(value) for value in values])
        self._pending += 1
        if self._pending >= self._COMMIT_EVERY:
            self._database.commit()
            self._pending = 0

    def commit(self) -> None:
        self._database.execute("CREATE INDEX IF NOT EXISTS messages_status ON messages (status, verdict)")
        self.close()
        os.replace(self._part, self._path)  # noqa: PTH105

    def close(self) -> None:
        self._database.commit()
        self._database.close()
        self._journal.unlink(missing_ok=True)


class _Parquet:
    """Records as rows of a Parquet file, with lists as lists; needs pyarrow."""

    _GROUP = 20_000  # rows held in memory

    def __init__(self, path: Path, part: Path) -> None:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")  # an extra
        text, texts = pa.string(), pa.list_(pa.string())
        types = {"offset": pa.int64(), "size": pa.int64(), "decrypted": pa.bool_(), "layers": texts, "findings": texts}
        signer = {name: texts if name in {"addresses", "findings"} else text for name in SignerRecord("").to_dict()}
        types["signers"] = pa.list_(pa.struct(list(signer.items())))
        self._schema = pa.schema([(name, types.get(name, text)) for name in _COLUMNS])
        self._table = pa.Table
        self._path, self._part = path, part
        self._file = os.fdopen(nofollow.create(part), "r+b")
        self._writer = pq.ParquetWriter(self._file, self._schema)
        self._rows: list[dict[str, Any]] = []
        self.keys: set[Key] = set()

    def write(self, record: MessageRecord, /) -> None:
        self._rows.append({name: _encodable(value) for name, value in record.to_dict().items()})
        if len(self._rows) >= self._GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def commit(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()
        self._file.close()
        os.replace(self._part, self._path)  # noqa: PTH105

    def close(self) -> None:
        self._writer.close()
        self._file.close()
        self._part.unlink(missing_ok=True)  # nobody can read or continue it


def open_stream(stream: IO[bytes], form: str = "jsonl") -> RecordWriter:
    """Return a writer to an open binary stream, which stays open.

    Raises:
        ValueError: the format needs a file.
    """
    if form not in {"jsonl", "csv"}:
        raise ValueError(f"the format {form} needs a file to write to")
    writer = _Lines(form, stream)
    writer.header()
    return writer


def open_output(path: str | os.PathLike[str], form: str = "jsonl", *, resume: bool = False) -> RecordWriter:
    """Return a writer to a file.

    Args:
        path: the file; it appears, or is replaced, when the writer is committed.
        form: one of `FORMATS`.
        resume: go on where an earlier run has ended.

    Raises:
        OSError: the file cannot be written.
        ParseError: what should be resumed is something else.
        ValueError: a Parquet file should be resumed, or the format is unknown.
        ModuleNotFoundError: Parquet needs pyarrow, and it is not installed.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    if form not in FORMATS:
        raise ValueError(f"the formats are {', '.join(FORMATS)}, not {form!r}")
    if form == "parquet":
        if resume:
            raise ValueError("a parquet file cannot be continued; resume with jsonl, csv or sqlite")
        return _Parquet(path, part)
    copied = resume and os.path.lexists(path) and not os.path.lexists(part)
    if copied:
        with os.fdopen(nofollow.read(path), "rb") as old, os.fdopen(nofollow.create(part), "wb") as new:
            shutil.copyfileobj(old, new, _CHUNK)
    resume = resume and os.path.lexists(part)
    try:
        if form == "sqlite":
            return _SQLite(path, part, resume=resume)
        return _LinesFile(form, path, part, resume=resume)
    except (ParseError, OSError):
        if copied:
            part.unlink()
        raise
