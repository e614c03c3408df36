"""Records: written, read back, continued; whatever a header or a file name holds."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from smime.archive.output import FORMATS, open_output, open_stream
from smime.archive.record import MessageRecord, SignerRecord, stable_name
from smime.errors import ParseError

RESUMABLE = tuple(form for form in FORMATS if form != "parquet")
SIGNER = SignerRecord("CN=CA:1", ("alice@example.org",), "CN=Alice", "ab" * 32, "valid", "2024-01-01T00:00:00+00:00", ("weak-algorithm",))
RECORDS = [
    MessageRecord(
        "a.mbox",
        0,
        None,
        100,
        "<1@x>",
        "Alice <alice@example.org>",
        "2024-01-01",
        "Grüße, «x»\u2028",
        "signed",
        "valid",
        True,
        signers=(SIGNER,),
    ),
    MessageRecord("a.mbox", 4096, None, 7, error="mime: no"),
    MessageRecord("box", None, "cur/17.host:2,S", 9, layers=("multipart/signed", "text/plain"), findings=("headers-unprotected",)),
    MessageRecord("box", None, "cur/\udcff\udcfe", 9, subject='=cmd(), "quoted"; \ud800'),
]


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_survives_json(record: MessageRecord) -> None:
    assert MessageRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_findings_of_message_and_signers_each_once() -> None:
    record = MessageRecord("x", 0, None, 1, signers=(SIGNER, SIGNER), findings=("headers-unprotected",))
    assert record.all_findings() == ("headers-unprotected", "weak-algorithm")


@pytest.mark.parametrize(
    ("file", "stable"),
    [
        ("cur/17.host:2,S", "17.host"),
        ("cur/17.host:2,RS", "17.host"),
        ("new/17.host", "17.host"),
        (".Sent/cur/17.host:2,", ".Sent/17.host"),
        ("2019/a.eml", "2019/a.eml"),
        ("a.eml", "a.eml"),
    ],
)
def test_maildir_flags_are_no_part_of_the_name(file: str, stable: str) -> None:
    assert stable_name(file) == stable


def test_json_lines_hold_everything(tmp_path: Path) -> None:
    output = open_output(tmp_path / "out", "jsonl")
    for record in RECORDS:
        output.write(record)
    output.commit()
    lines = (tmp_path / "out").read_bytes().split(b"\n")
    assert [MessageRecord.from_dict(json.loads(line)) for line in lines[:-1]] == RECORDS


def test_csv_has_one_line_a_record() -> None:
    stream = io.BytesIO()
    output = open_stream(stream, "csv")
    for record in RECORDS:
        output.write(record)
    output.commit()
    rows = list(csv.DictReader(io.StringIO(stream.getvalue().decode())))
    assert len(stream.getvalue().splitlines()) == len(RECORDS) + 1
    assert rows[0]["signers"] == "alice@example.org"
    assert rows[0]["findings"] == "weak-algorithm"
    assert rows[2]["layers"] == "multipart/signed > text/plain"
    assert rows[0]["error"] == ""


def test_sqlite_is_a_table(tmp_path: Path) -> None:
    output = open_output(tmp_path / "out.db", "sqlite")
    for record in RECORDS:
        output.write(record)
    output.commit()
    database = sqlite3.connect(tmp_path / "out.db")
    assert database.execute("SELECT count(*) FROM messages").fetchone() == (4,)
    status, signers = database.execute("SELECT status, signers FROM messages WHERE offset = 0").fetchone()
    database.close()
    assert status == "signed"
    assert json.loads(signers) == [SIGNER.to_dict()]


@pytest.mark.parametrize("form", RESUMABLE)
def test_nothing_appears_before_the_end(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    output = open_output(path, form)
    output.write(RECORDS[0])
    assert path.read_text() == "old"
    output.commit()
    assert path.read_bytes() != b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("form", RESUMABLE)
@pytest.mark.parametrize("finished", [True, False])
def test_an_earlier_run_is_continued(tmp_path: Path, form: str, finished: bool) -> None:
    path = tmp_path / "out"
    whole = open_output(tmp_path / "whole", form)
    first = open_output(path, form)
    for record in RECORDS[:3]:
        whole.write(record)
    for record in RECORDS[:2]:
        first.write(record)
    if finished:
        first.commit()
    else:
        first.close()
    second = open_output(path, form, resume=True)
    assert second.keys == {("a.mbox", 0), ("a.mbox", 4096)}
    second.write(RECORDS[2])
    second.commit()
    whole.commit()
    if form != "sqlite":
        assert path.read_bytes() == (tmp_path / "whole").read_bytes()
    third = open_output(path, form, resume=True)
    assert third.keys == {record.key for record in RECORDS[:3]}
    third.close()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_line_cut_by_a_crash_is_written_again(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    output = open_output(path, form)
    for record in RECORDS[:2]:
        output.write(record)
    output.close()
    part = tmp_path / "out.part"
    complete = part.read_bytes()
    part.write_bytes(complete[:-5])
    output = open_output(path, form, resume=True)
    assert output.keys == {("a.mbox", 0)}
    output.write(RECORDS[1])
    output.commit()
    assert path.read_bytes() == complete


@pytest.mark.parametrize("form", RESUMABLE)
def test_something_else_is_not_continued(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"Dear diary,\n\n" * 100)
    with pytest.raises(ParseError, match="of this command"):
        open_output(path, form, resume=True)
    assert path.read_bytes() == b"Dear diary,\n\n" * 100
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_database_needs_a_file() -> None:
    with pytest.raises(ValueError, match="file"):
        open_stream(io.BytesIO(), "sqlite")


def test_unknown_formats(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="jsonl, csv, sqlite, parquet"):
        open_output(tmp_path / "out", "xml")


def test_parquet_holds_everything(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    output = open_output(tmp_path / "out.parquet", "parquet")
    for record in RECORDS[:3]:
        output.write(record)
    assert not (tmp_path / "out.parquet").exists()
    output.commit()
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [MessageRecord.from_dict(row) for row in rows] == RECORDS[:3]
    with pytest.raises(ValueError, match="cannot be continued"):
        open_output(tmp_path / "out.parquet", "parquet", resume=True)
    output = open_output(tmp_path / "other.parquet", "parquet")
    output.write(RECORDS[0])
    output.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
