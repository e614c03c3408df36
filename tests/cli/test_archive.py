"""``smime archive``: records, tables, copies, and going on after an interruption."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.archive.test_runs import KINDS, STATUSES, write_maildir, write_mbox
from tests.cli.conftest import Shell


@pytest.fixture
def box(smime: Shell) -> Path:
    """An mbox with one message of each kind, in the current folder."""
    return write_mbox(Path("inbox"), [smime.world.messages[kind] for kind in KINDS])


def verify(smime: Shell, *arguments: object) -> tuple[object, ...]:
    return ("archive", "verify", "--trust", smime.file("root.pem"), "-k", smime.file("bob.pem"), "--jobs", 1, *arguments)


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_records_on_standard_output(smime: Shell, box: Path) -> None:
    done = smime(*verify(smime, box))
    assert done.code == 1
    assert done.stderr == ""
    found = rows(done.text)
    assert [(row["status"], row["verdict"], tuple(row["layers"])) for row in found] == [STATUSES[kind] for kind in KINDS]
    assert {row["source"] for row in found} == {"inbox"}
    assert found[0]["message_id"] == "<2@example.org>"
    assert found[0]["from"] == "alice@example.org"


def test_all_well_is_zero(smime: Shell) -> None:
    write_mbox(Path("inbox"), [smime.world.messages[kind] for kind in ("unprotected", "signed", "encrypted", "signed-and-encrypted")])
    assert smime(*verify(smime, "inbox")).code == 0


def test_mail_for_others_is_no_fault(smime: Shell) -> None:
    write_mbox(Path("inbox"), [smime.world.messages["for another"]])
    assert smime(*verify(smime, "inbox")).code == 0
    done = smime("archive", "decrypt", "-k", smime.file("bob.pem"), "--into", "out", "inbox")
    assert done.code == 1


def test_processes_and_sources(smime: Shell, box: Path) -> None:
    write_maildir(Path("Maildir"), [smime.world.messages[kind] for kind in KINDS])
    at = ("--at", smime.world.pki.now.isoformat())
    one = smime(*verify(smime, *at, box, "Maildir"))
    two = smime(*verify(smime, *at, "--jobs", 2, box, "Maildir"))
    assert one.stdout == two.stdout
    assert len(rows(one.text)) == 2 * len(KINDS)


def test_the_table(smime: Shell, box: Path) -> None:
    done = smime(*verify(smime, "-o", "out.jsonl", box))
    assert done.code == 1
    assert done.stdout == b""
    assert "12 messages" in done.stderr
    lines = {" ".join(line.split()[:-1]): line.split()[-1] for line in done.stderr.splitlines() if line.split()}
    assert lines["signed-and-encrypted"] == "2"
    assert lines["signed"] == "3"
    assert lines["encrypted"] == "2"
    assert lines["protection does not hold"] == "3"
    assert lines["unreadable"] == "1"
    for code in ("digest-mismatch", "expired", "untrusted", "no-matching-recipient", "truncated"):
        assert code in done.stderr
    assert f"inbox:{rows(Path('out.jsonl').read_text())[7]['offset']}" in done.stderr
    assert smime(*verify(smime, "--no-summary", "-o", "out.jsonl", box)).stderr == ""
    assert "12 messages" in smime(*verify(smime, "--summary", box)).stderr


@pytest.mark.parametrize(("name", "form"), [("out.csv", None), ("out", "csv")])
def test_csv(smime: Shell, box: Path, name: str, form: str | None) -> None:
    smime(*verify(smime, "-o", name, *(("--format", form) if form else ()), box))
    found = list(csv.DictReader(io.StringIO(Path(name).read_text())))
    assert [row["status"] or None for row in found] == [STATUSES[kind][0] for kind in KINDS]


def test_sqlite(smime: Shell, box: Path) -> None:
    smime(*verify(smime, "-o", "out.sqlite", box))
    database = sqlite3.connect("out.sqlite")
    counts = dict(database.execute("SELECT status, count(*) FROM messages GROUP BY status"))
    database.close()
    assert counts == {"unprotected": 4, "signed": 3, "encrypted": 2, "signed-and-encrypted": 2, None: 1}


def _interrupted_after(count: int, records: Any) -> Iterator[Any]:
    for number, record in enumerate(records):
        if number == count:
            raise KeyboardInterrupt
        yield record


def test_an_interrupted_run_is_resumed(smime: Shell, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smime import archive

    original = archive.verify
    at = ("--at", smime.world.pki.now.isoformat())
    whole = smime(*verify(smime, *at, box)).stdout
    monkeypatch.setattr("smime.archive.verify", lambda *args, **options: _interrupted_after(5, original(*args, **options)))
    done = smime(*verify(smime, *at, "-o", "out.jsonl", box))
    assert done.code == 130
    assert done.stderr == "smime: interrupted after 5 messages; what is done is in out.jsonl.part, --resume goes on\n"
    assert not Path("out.jsonl").exists()
    monkeypatch.setattr("smime.archive.verify", original)
    done = smime(*verify(smime, *at, "-o", "out.jsonl", "--resume", box))
    assert "7 messages" in done.stderr
    assert Path("out.jsonl").read_bytes() == whole
    assert not Path("out.jsonl.part").exists()


def test_nothing_is_left_of_a_run_that_did_nothing(smime: Shell, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smime import archive

    original = archive.verify
    monkeypatch.setattr("smime.archive.verify", lambda *args, **options: _interrupted_after(0, original(*args, **options)))
    assert smime.fails(130, *verify(smime, "-o", "out.jsonl", box)) == "smime: interrupted after 0 messages\n"


def test_a_reader_that_goes_away_is_no_error(smime: Shell) -> None:
    write_mbox(Path("inbox"), [smime.world.messages["signed"]] * 200)  # more than a pipe holds
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)}
    command = [sys.executable, "-m", "smime", *map(str, verify(smime, "inbox"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["status"] == "signed"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_new_messages_are_added(smime: Shell, box: Path) -> None:
    smime(*verify(smime, "-o", "out.jsonl", box))
    first = Path("out.jsonl").read_bytes()
    with box.open("ab") as stream:
        stream.write(b"From x Mon Dec  1 09:00:00 2025\nFrom: x@example.org\n\nnew\n")
    smime(*verify(smime, "-o", "out.jsonl", "--resume", box))
    second = Path("out.jsonl").read_bytes()
    assert second.startswith(first)
    assert len(second.splitlines()) == len(KINDS) + 1


def test_resuming_something_else(smime: Shell, box: Path) -> None:
    Path("diary").write_text("Dear diary\n")
    line = smime.fails(3, *verify(smime, "-o", "diary", "--resume", box))
    assert "line 1 of diary is not a record of this command" in line


def test_missing_sources(smime: Shell, box: Path) -> None:
    for arguments in (
        verify(smime, "-o", "out", box, "gone"),
        ("archive", "scan", "gone"),
        ("archive", "certs", "gone"),
        ("archive", "decrypt", "-k", smime.file("bob.pem"), "--into", "out", "gone"),
    ):
        assert "gone: no such file" in smime.fails(3, *arguments)


def test_unwritable_output(smime: Shell, box: Path) -> None:
    smime.fails(3, *verify(smime, "-o", "gone/out.jsonl", box))


def test_scan(smime: Shell, box: Path) -> None:
    found = rows(smime("archive", "scan", "--jobs", 1, box).text)
    assert len(found) == len(KINDS)
    assert {row["status"] for row in found} == {None}


def test_decrypt(smime: Shell, box: Path) -> None:
    done = smime("archive", "decrypt", "-k", smime.file("bob.pem"), "--jobs", 1, "--into", "plain", "-o", "out.jsonl", box)
    assert done.code == 1  # one is for another, one was changed, one is cut
    assert "path-unchecked" not in done.stderr
    found = rows(smime(*verify(smime, "plain/inbox")).text)
    assert [row["layers"][0] for row in found[3:6]] == ["text/plain", "multipart/signed", "multipart/signed"]
    assert found[4]["status"] == "signed"


def test_strip(smime: Shell, box: Path) -> None:
    smime("archive", "strip", "-k", smime.file("bob.pem"), "--jobs", 1, "--into", "plain", box)
    found = rows(smime("archive", "scan", "--jobs", 1, "plain/inbox").text)
    assert sum(row["layers"] == ["text/plain"] for row in found) == len(KINDS) - 2


@pytest.mark.parametrize("command", ["decrypt", "strip"])
def test_a_copy_keeps_away_from_its_archive(smime: Shell, box: Path, command: str) -> None:
    before = box.read_bytes()
    line = smime.fails(
        3, "archive", command, "-k", smime.file("bob.pem"), "--jobs", 1, "--into", ".", "--no-summary", "-o", "/dev/null", box
    )
    assert "would replace the archive itself" in line
    assert box.read_bytes() == before
    Path("mail").mkdir()
    smime.fails(2, "archive", command, "-k", smime.file("bob.pem"), "--into", "mail/out", "mail")


def test_certificates(smime: Shell, box: Path) -> None:
    done = smime("archive", "certs", "--jobs", 1, "-o", "certs.pem", box)
    assert done.code == 0
    assert smime("encrypt", "-r", "certs.pem", smime.file("mail.eml")).code in {0, 2}
    text = Path("certs.pem").read_text()
    assert text.count("BEGIN CERTIFICATE") == len(set(text.split("-----BEGIN CERTIFICATE-----")[1:]))
    assert "alice@example.org" in text
    assert smime("archive", "certs", "--jobs", 1, box).text == text


def test_old_mail_at_its_own_time(smime: Shell) -> None:
    from datetime import datetime
    from email.utils import format_datetime

    then = format_datetime(datetime.fromisoformat(smime.world.long_ago)).encode()
    Path("old.eml").write_bytes(smime.world.messages["expired"].replace(b"Mon, 01 Dec 2025 10:00:00 +0100", then))
    assert smime(*verify(smime, "old.eml")).code == 1
    done = smime(*verify(smime, "--at", "received", "old.eml"))
    assert done.code == 0
    assert rows(done.text)[0]["findings"].count("time-from-header") == 1


def test_parquet_without_pyarrow(smime: Shell, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    line = smime.fails(2, *verify(smime, "-o", "out.parquet", box))
    assert "the format parquet needs pyarrow" in line


def test_scheduler_that_is_no_address(smime: Shell, box: Path) -> None:
    assert "dask://HOST:PORT" in smime.fails(2, *verify(smime, "--scheduler", "127.0.0.1:8786", box))


def test_scheduler_without_dask(smime: Shell, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime.cli.archive.find_spec", lambda name: None)
    assert "smimekit[dask]" in smime.fails(2, *verify(smime, "--scheduler", "dask://127.0.0.1:8786", box))


@pytest.mark.filterwarnings("ignore")  # of a library that starts a loop of its own
def test_scheduler_that_is_not_there(smime: Shell, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="dask's distributed is not installed")
    monkeypatch.setattr("smime.archive.scheduler._PATIENCE", 0.5)
    assert "127.0.0.1:1" in smime.fails(3, *verify(smime, "--scheduler", "dask://127.0.0.1:1", "-o", "out.jsonl", box))
    assert not Path("out.jsonl").exists()


@pytest.mark.parametrize("command", ["decrypt", "strip"])
def test_out_alone_is_where_the_copy_goes(command: str, smime: Shell, box: Path) -> None:
    done = smime("archive", command, "-k", smime.file("bob.pem"), "--jobs", 1, "-o", "copy", box)
    assert done.code in {0, 1}
    assert len(rows(done.text)) == len(KINDS)
    assert [path.name for path in Path("copy").rglob("*") if path.is_file()]
    smime.fails(2, "archive", command, "-k", smime.file("bob.pem"), box)


def test_links_in_an_archive(smime: Shell) -> None:
    """Whose archive it is must not choose which files of its reader are read."""
    write_maildir(Path("Mail"), [smime.world.messages["unprotected"]])
    Path("secret").write_text("Subject: my secret\n\nroot\n")
    Path("Mail/cur/9:2,S").symlink_to(Path("secret").absolute())
    for command in (("scan",), ("verify", "--trust", smime.file("root.pem"))):
        assert "my secret" not in smime("archive", *command, "--jobs", 1, "Mail").text
        assert "my secret" in smime("archive", *command, "--jobs", 1, "--follow-links", "Mail").text
    assert smime("archive", "strip", "--jobs", 1, "Mail", "--into", "copy").code == 0
    assert not Path("copy/Mail/cur/9:2,S").exists()
    assert smime("archive", "strip", "--jobs", 1, "--follow-links", "Mail", "--into", "all").code == 0
    assert Path("all/Mail/cur/9:2,S").exists()
