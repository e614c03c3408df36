"""Where records go: JSON lines, CSV, SQLite or Parquet; finished files appear whole, interrupted ones can be continued.

A file is written as ``<name>.part`` and renamed when the run is complete. With `resume`, the records of ``<name>.part`` or of the finished
file are kept and their messages are named in `keys`, so that the caller passes over them. A Parquet file cannot be continued.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Protocol

from smime.archive.record import MessageRecord, SignerRecord, key_of
from smime.errors import ParseError

__all__ = ["FORMATS", "Key", "RecordWriter", "open_output", "open_stream"]

Key = tuple[str, "int | str"]

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
    row = json.dumps(record.to_dict(), ensure_ascii=False, separators=(",", ":"))
    if not row.isascii() and _unencodable(row):  # a file name that is not UTF-8: JSON escapes bring it back as it was
        row = json.dumps(record.to_dict(), separators=(",", ":"))
    return row + "\n"


def _unencodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _flat(record: MessageRecord) -> list[Any]:
    row = record.to_dict()
    row["signers"] = "; ".join(", ".join(signer.addresses) or signer.subject or signer.sid for signer in record.signers)
    row["layers"] = " > ".join(record.layers)
    row["findings"] = " ".join(record.all_findings())
    # a row is a line, in every reader: texts of the message hold no line ends, file names might
    return [value.replace("\r", " ").replace("\n", " ") if isinstance(value, str) else value for value in map(row.get, _COLUMNS)]


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(_encodable, values))
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
        super().__init__(form, part.open("r+b" if resume else "w+b"))
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
        self.keys.add(key_of(values[0], int(values[1]) if values[1] else None, values[2] or None))

    def commit(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        os.replace(self._part, self._path)  # noqa: PTH105 - its name says that it replaces

    def close(self) -> None:
        self._stream.close()


class _SQLite:
    """Records as rows of the table ``messages``; lists are JSON."""

    _COMMIT_EVERY = 1_000

    def __init__(self, path: Path, part: Path, *, resume: bool) -> None:
        import sqlite3  # noqa: PLC0415 - only if asked for

        self._path, self._part = path, part
        if not resume:
            part.unlink(missing_ok=True)
        self._database = sqlite3.connect(part)
        self._pending = 0
        names = ", ".join(f'"{name}"{" INTEGER" if name in {"offset", "size", "decrypted"} else " TEXT"}' for name in _COLUMNS)
        try:
            self._database.execute(f"CREATE TABLE IF NOT EXISTS messages ({names})")
            rows = self._database.execute("SELECT source, offset, file FROM messages")
            self.keys: set[Key] = {key_of(*row) for row in rows}
        except sqlite3.DatabaseError:
            self._database.close()
            raise ParseError("records", f"{path} is not a database of this command") from None
        self._insert = f"INSERT INTO messages VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - names of our own

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
        self._writer = pq.ParquetWriter(part, self._schema)
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
        os.replace(self._part, self._path)  # noqa: PTH105

    def close(self) -> None:
        self._writer.close()
        self._part.unlink()  # nobody can read or continue it


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
    copied = resume and path.exists() and not part.exists()
    if copied:
        shutil.copyfile(path, part)
    resume = resume and part.exists()
    try:
        if form == "sqlite":
            return _SQLite(path, part, resume=resume)
        return _LinesFile(form, path, part, resume=resume)
    except ParseError:
        if copied:
            part.unlink()
        raise
