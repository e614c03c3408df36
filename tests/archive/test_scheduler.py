"""The workers of a dask scheduler: the same results as the pool, in order, whatever happens to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.archive.tasks import Shout, Unpicklable
from tests.archive.test_pool import folder_of
from tests.archive.test_runs import KINDS, write_mbox
from tests.archive.world import world

from smime import archive
from smime.archive import scheduler
from smime.archive.sources import spans

distributed = pytest.importorskip("distributed", reason="dask's distributed is not installed")
# what it leaves behind when a worker is killed is its own affair
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("dask")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler with two workers in processes of their own, who may die once and no more over a batch."""
    import dask

    with dask.config.set({"distributed.scheduler.allowed-failures": 1, "distributed.worker.daemon": True}):
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)
        try:
            yield str(cluster.scheduler_address).replace("tcp://", "dask://")
        finally:
            cluster.close()


def test_results_in_order(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [b"message %d" % number for number in range(150)]
    folder_of(tmp_path / "box", texts)
    monkeypatch.chdir(tmp_path)
    found = list(spans("box"))  # the workers have another working directory
    results = list(scheduler.run(Shout(), found, address))
    assert [span for span, _ in results] == found
    assert [outcome.octets for _, outcome in results] == [text.upper() for text in texts]


def test_an_exception_is_a_record(tmp_path: Path, address: str) -> None:
    found = folder_of(tmp_path / "box", [b"a", b"parse", b"bug", b"memory", b"b"])
    errors = [outcome.record.error for _, outcome in scheduler.run(Shout(), found, address)]
    assert errors == [None, "mime: as asked for at offset 7", "internal error: ZeroDivisionError: as asked for", "out of memory", None]


def test_a_worker_that_dies_costs_only_its_message(tmp_path: Path, address: str) -> None:
    found = folder_of(tmp_path / "box", [b"a", b"exit", b"b"])
    results = list(scheduler.run(Shout(), found, address))
    assert [outcome.octets for _, outcome in results] == [b"A", None, b"B"]
    assert results[1][1].record.error == "worker processes ended while they read this message"


def test_the_same_records(tmp_path: Path, address: str) -> None:
    here = world()
    box = write_mbox(tmp_path / "inbox", [here.messages[kind] for kind in KINDS])
    settings: dict[str, Any] = {"identities": here.identity, "at": here.pki.now}
    alone = list(archive.verify(box, here.trust, **settings))
    assert list(archive.verify(box, here.trust, **settings, scheduler=address)) == alone
    assert list(archive.scan(box, scheduler=address)) == list(archive.scan(box))


def test_nobody_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_PATIENCE", 0.5)
    with pytest.raises(OSError, match=r"127\.0\.0\.1:1"):
        list(scheduler.run(Shout(), folder_of(tmp_path / "box", [b"a"]), "dask://127.0.0.1:1"))


@pytest.mark.parametrize("address", ["", "dask://", "127.0.0.1:8786", "http://127.0.0.1:8786"])
def test_no_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match="dask://HOST:PORT"):
        list(archive.scan(tmp_path, scheduler=address))


def test_what_cannot_be_sent(tmp_path: Path, address: str) -> None:
    with pytest.raises(TypeError):
        list(scheduler.run(Unpicklable(), folder_of(tmp_path / "box", [b"a"]), address))
