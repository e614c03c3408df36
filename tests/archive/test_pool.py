"""The pool: the same results with one process and with several, in order, whatever happens to the workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.archive.tasks import NeverStarts, Shout, Unpicklable

from smime.archive import pool
from smime.archive.sources import Span, spans


def folder_of(folder: Path, texts: list[bytes]) -> list[Span]:
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number:04}.eml").write_bytes(text)
    return list(spans(folder))


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_in_order(tmp_path: Path, jobs: int) -> None:
    texts = [b"message %d" % number for number in range(150)]
    found = folder_of(tmp_path / "box", texts)
    results = list(pool.run(Shout(), found, jobs=jobs))
    assert [span for span, _ in results] == found
    assert [outcome.octets for _, outcome in results] == [text.upper() for text in texts]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_is_a_record(tmp_path: Path, jobs: int) -> None:
    found = folder_of(tmp_path / "box", [b"a", b"parse", b"bug", b"memory", b"b"])
    errors = [outcome.record.error for _, outcome in pool.run(Shout(), found, jobs=jobs)]
    assert errors == [
        None,
        "mime: as asked for at offset 7",
        "internal error: ZeroDivisionError: as asked for",
        "out of memory",
        None,
    ]


def test_a_worker_that_dies_costs_only_its_message(tmp_path: Path) -> None:
    texts = [b"message %d" % number for number in range(100)]
    texts[0], texts[10], texts[11], texts[99] = b"exit", b"kill", b"exit", b"kill"
    found = folder_of(tmp_path / "box", texts)
    results = list(pool.run(Shout(), found, jobs=2))
    assert [span for span, _ in results] == found
    errors = {number: outcome.record.error for number, (_, outcome) in enumerate(results) if outcome.record.error}
    ended = "a worker process ended with status 3 while it read this message"
    killed = "a worker process was killed by SIGKILL while it read this message"
    assert errors == {0: ended, 10: killed, 11: ended, 99: killed}


def test_a_batch_of_nothing_but_deadly_messages(tmp_path: Path) -> None:
    results = list(pool.run(Shout(), folder_of(tmp_path / "box", [b"exit", b"exit"]), jobs=2))
    assert all(outcome.record.error for _, outcome in results)
    assert len(results) == 2


def test_a_file_that_has_gone_is_a_record(tmp_path: Path) -> None:
    found = folder_of(tmp_path / "box", [b"a", b"b", b"c"])
    Path(found[1].path).unlink()
    errors = [outcome.record.error for _, outcome in pool.run(Shout(), found)]
    assert errors[0] is None
    assert "No such file" in str(errors[1])
    assert errors[2] is None


def test_a_file_that_has_become_shorter_is_a_record(tmp_path: Path) -> None:
    found = folder_of(tmp_path / "box", [b"abcdef", b"x" * (2 << 20)])
    for span in found:
        Path(span.path).write_bytes(b"abc")
    for _, outcome in pool.run(Shout(), found):
        assert "shorter" in str(outcome.record.error)


def test_workers_that_cannot_start_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="status 9 before they begin"):
        list(pool.run(NeverStarts(), folder_of(tmp_path / "box", [b"a"]), jobs=2))


def test_a_task_that_cannot_travel(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="hardware"):
        list(pool.run(Unpicklable(), folder_of(tmp_path / "box", [b"a"]), jobs=2))


def test_jobs_must_be_positive() -> None:
    with pytest.raises(ValueError, match="jobs"):
        list(pool.run(Shout(), [], jobs=0))


def test_it_does_not_run_ahead_of_its_reader(tmp_path: Path) -> None:
    """However long the archive, only a window of it is under way."""
    found = folder_of(tmp_path / "box", [b"message"])
    taken = 0

    def endless() -> Iterator[Span]:
        nonlocal taken
        while True:
            taken += 1
            yield found[0]

    results = pool.run(Shout(), endless(), jobs=2)
    next(results)
    results.close()
    assert taken <= 64 * 4 * 2 + 1


def test_a_reader_that_stops_early_leaves_no_process(tmp_path: Path) -> None:
    import multiprocessing

    results = pool.run(Shout(), folder_of(tmp_path / "box", [b"message"] * 200), jobs=2)
    next(results)
    results.close()
    assert not multiprocessing.active_children()
