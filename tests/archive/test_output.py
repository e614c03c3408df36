"""Records: written, read back, continued; whatever a header or a file name holds."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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


# -- what lies in the folder of the output --


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "precious"
    path.parent.mkdir()
    path.write_text("precious")
    return path


def _write(path: Path, form: str, *, resume: bool) -> None:
    output = open_output(path, form, resume=resume)
    output.write(RECORDS[0])
    output.commit()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
def test_the_growing_file_is_not_written_through_a_link(tmp_path: Path, precious: Path, form: str, hard: bool) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    part = tmp_path / "out.part"
    part.hardlink_to(precious) if hard else part.symlink_to(precious)
    _write(tmp_path / "out", form, resume=False)
    assert precious.read_text() == "precious"
    assert not (tmp_path / "out").is_symlink()


@pytest.mark.parametrize("form", RESUMABLE)
@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
def test_a_link_is_not_resumed(tmp_path: Path, precious: Path, form: str, hard: bool) -> None:
    _write(precious, form, resume=False)  # what would be taken for records of an earlier run
    before = precious.read_bytes()
    part = tmp_path / "out.part"
    part.hardlink_to(precious) if hard else part.symlink_to(precious)
    with pytest.raises(OSError, match=r"out\.part"):
        open_output(tmp_path / "out", form, resume=True)
    assert precious.read_bytes() == before


@pytest.mark.parametrize("form", RESUMABLE)
def test_a_finished_file_that_is_a_link_is_not_resumed(tmp_path: Path, precious: Path, form: str) -> None:
    """Else what it leads to would stand, readable for all, in the file beside it."""
    (tmp_path / "out").symlink_to(precious)
    with pytest.raises(OSError, match="out"):
        open_output(tmp_path / "out", form, resume=True)
    assert not (tmp_path / "out.part").exists()


@pytest.mark.parametrize("form", RESUMABLE)
def test_an_output_that_is_a_link_is_replaced(tmp_path: Path, precious: Path, form: str) -> None:
    (tmp_path / "out").symlink_to(precious)
    _write(tmp_path / "out", form, resume=False)
    assert precious.read_text() == "precious"
    assert not (tmp_path / "out").is_symlink()


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("resume", [False, True])
def test_sqlite_opens_no_link_beside_its_file(tmp_path: Path, precious: Path, suffix: str, resume: bool) -> None:
    output = open_output(tmp_path / "out", "sqlite")
    output.write(RECORDS[0])
    output.close()
    (tmp_path / f"out.part{suffix}").symlink_to(precious)
    try:
        output = open_output(tmp_path / "out", "sqlite", resume=resume)
    except OSError:
        assert resume
    else:
        for number in range(2_100):
            output.write(MessageRecord("a.mbox", number, None, 7))
        output.commit()
        assert not resume
    assert precious.read_text() == "precious"


def test_sqlite_opens_its_journal_once(tmp_path: Path, precious: Path) -> None:
    """It would be made anew, by name, for each transaction."""
    output = open_output(tmp_path / "out", "sqlite")
    for number in range(3_000):
        if number % 1_000 == 500:
            journal = tmp_path / "out.part-journal"
            journal.unlink(missing_ok=True)
            journal.symlink_to(precious)
        output.write(MessageRecord("a.mbox", number, None, 7))
    output.commit()
    assert precious.read_text() == "precious"
    assert len(open_output(tmp_path / "out", "sqlite", resume=True).keys) == 3_000


def test_sqlite_is_continued_after_a_kill(tmp_path: Path) -> None:
    """A journal with something in it brings back the state before the transaction that was cut."""
    output = open_output(tmp_path / "out", "sqlite")
    for number in range(1_500):
        output.write(MessageRecord("a.mbox", number, None, 7))
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in tmp_path.glob("out.*"):  # as the files are at this moment
        (folder / path.name).write_bytes(path.read_bytes())
    output.close()
    output = open_output(folder / "out", "sqlite", resume=True)
    assert len(output.keys) == 1_000
    output.commit()
    assert [path.name for path in folder.iterdir()] == ["out"]


# -- what a spreadsheet or a terminal would obey --

FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    '"=1+1',
    "\uff1d1+1",
    "\uff0bA1",
    "\uff0dA1",
    "\uff20A1",
    "re: offer;=HYPERLINK(A1)",
    'x; "=1+1',
    "x\t@A1",
    "'=1+1",
    "''",
)


def _cells(record: MessageRecord) -> dict[str, str]:
    stream = io.BytesIO()
    output = open_stream(stream, "csv")
    output.write(record)
    output.commit()
    assert len(stream.getvalue().splitlines()) == 2
    (row,) = csv.DictReader(io.StringIO(stream.getvalue().decode(), newline=""))
    return row


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("where", ["subject", "source", "file", "signer", "error"])
def test_no_cell_is_a_formula(text: str, where: str) -> None:
    record = {
        "subject": MessageRecord("a", None, "b", 1, subject=text, from_=text, message_id=text, date=text),
        "source": MessageRecord(text, 0, None, 1),
        "file": MessageRecord("a", None, text, 1),
        "signer": MessageRecord("a", 0, None, 1, signers=(SignerRecord("x", (text,)), SignerRecord("y", (), text))),
        "error": MessageRecord("a", 0, None, 1, error=text, reason=text),
    }[where]
    for cell in _cells(record).values():
        for piece in cell.replace("\t", ";").split(";"):  # where the separator is another, these are cells
            assert not piece.lstrip().lstrip('"').lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x9b2J", "a\u202egpj.eml", "\u2066x\u2069", "\udcff", "a\nb", "\x00", "\ufeffa"])
def test_no_cell_is_obeyed_by_a_terminal(text: str) -> None:
    cells = _cells(MessageRecord(text, None, text, 1, subject=text, signers=(SignerRecord(text),)))
    assert all(cell.isprintable() for cell in cells.values())


@pytest.mark.parametrize("text", ["\x9b2J", "a\u202egpj.eml", "\udcff", "\u2028"])
def test_no_line_of_json_is_obeyed_by_a_terminal(text: str) -> None:
    stream = io.BytesIO()
    output = open_stream(stream)
    record = MessageRecord(text, None, text, 1, subject=text)
    output.write(record)
    assert stream.getvalue().decode()[:-1].isprintable()
    assert MessageRecord.from_dict(json.loads(stream.getvalue())) == record


NAMES = st.text(st.one_of(st.characters(), st.sampled_from("=+-@';\t \"\\xu0abcdef\x1b\u202e\udcff")), min_size=1)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
@example([("=a;=b", "-'@"), ("'=a", "\\x1b"), ("C:\\users", "cur/1:2,S")])
def test_names_in_csv_are_known_again(tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "out"
    records = [MessageRecord(source, None, file, 1) for source, file in names]
    output = open_output(path, "csv")
    for record in records:
        output.write(record)
    output.close()
    again = open_output(path, "csv", resume=True)
    again.close()
    assert again.keys == {record.key for record in records}
