"""Runs one function over many messages, in this process or in several, in order and in bounded memory.

The workers are processes of their own (started afresh, so that nothing of the parent leaks into them), each fed one batch of spans at a
time over a pipe. Results are handed on in the order of the spans; at most `_WINDOW` batches a worker are under way or wait for their turn.
No message can stop the run: an exception becomes a record with an error, and a worker that dies is replaced, its message recorded with the
way it died, and the rest of its batch done again.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from smime.archive.record import MessageRecord
from smime.archive.sources import Octets, Span
from smime.errors import SMIMEError

__all__ = ["Outcome", "Task", "batches", "failed", "outcome_of", "packed", "run", "unpacked"]

_BATCH_MESSAGES = 64
_BATCH_OCTETS = 4 << 20
_WINDOW = 4
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one message: its record, and new octets for it where the task makes any (None: it stays as it is)."""

    record: MessageRecord
    octets: bytes | None = None


Function = Callable[[Span, "bytes | memoryview"], Outcome]


class Task(Protocol):
    """What to do with each message. Must survive pickling where there are several processes."""

    def prepare(self) -> Function:
        """Return the function; called once in each process."""


def failed(span: Span, reason: str) -> Outcome:
    """Return the outcome for a message of which nothing else is known."""
    return Outcome(MessageRecord(span.source, span.offset, span.file, span.size, error=reason))


def outcome_of(function: Function, octets: Octets, span: Span) -> Outcome:
    """Return what comes of one message, whatever goes wrong with it."""
    try:
        return function(span, octets.read(span))
    except (SMIMEError, OSError) as error:
        return failed(span, str(error))
    except MemoryError:
        return failed(span, "out of memory")
    except Exception as error:  # noqa: BLE001 - a fault of this library must not end a run of hours; it stands in the record
        return failed(span, f"internal error: {type(error).__name__}: {error}")


def batches(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield the spans, as many together as are worth a trip to another process."""
    batch, octets = list[Span](), 0
    for span in spans:
        batch.append(span)
        octets += span.size
        if len(batch) >= _BATCH_MESSAGES or octets >= _BATCH_OCTETS:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch


def run(task: Task, spans: Iterable[Span], *, jobs: int = 1) -> Iterator[tuple[Span, Outcome]]:
    """Yield each span with what came of it, in order.

    Args:
        task: what to do.
        spans: the messages.
        jobs: processes; 1 is this one alone.

    Raises:
        ValueError: `jobs` is less than 1.
        OSError: from the iteration of `spans`.
        TypeError: the task cannot be handed to another process.
    """
    if jobs < 1:
        raise ValueError(f"jobs is at least 1, not {jobs}")
    if jobs > 1:
        yield from _Pool(task, spans, jobs).run()
        return
    function = task.prepare()
    with Octets() as octets:
        for span in spans:
            yield span, outcome_of(function, octets, span)


def packed(task: Task) -> bytes:
    """Return a task for another process.

    Raises:
        TypeError: it cannot be handed to one.
    """
    try:
        return pickle.dumps(task)
    except (pickle.PicklingError, AttributeError) as error:
        raise TypeError(f"cannot be handed to another process: {error}") from error


# -- the worker's side --


def unpacked(parcel: bytes) -> Function:
    """Return the function of a task that `packed` made: it comes from whoever runs the archive, and from nobody else."""
    function: Function = pickle.loads(parcel).prepare()  # noqa: S301 - see above
    return function


def _work(task: bytes, connection: Connection, progress: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be blocked
    function = unpacked(task)
    with Octets() as octets, suppress(EOFError, OSError):
        while True:
            batch: list[Span] = connection.recv()
            outcomes = []
            for index, span in enumerate(batch):
                progress.value = index
                outcomes.append(outcome_of(function, octets, span))
            connection.send(outcomes)


# -- the parent's side --


@dataclass(slots=True)
class _Batch:
    number: int
    spans: list[Span]
    deadly: dict[int, Outcome] = field(default_factory=dict)  # by index: the messages that killed a worker
    attempts: int = 0  # workers that died on it before its first message

    def remaining(self) -> list[int]:
        return [index for index in range(len(self.spans)) if index not in self.deadly]

    def merge(self, outcomes: list[Outcome]) -> list[tuple[Span, Outcome]]:
        others = iter(outcomes)
        return [(span, self.deadly[index] if index in self.deadly else next(others)) for index, span in enumerate(self.spans)]


@dataclass(slots=True)
class _Worker:
    process: Any
    connection: Connection
    progress: Any  # shared with the process: index of the message it is at, in what it was sent
    batch: _Batch | None = None

    def send(self, batch: _Batch) -> None:
        self.batch = batch
        self.progress.value = -1
        with suppress(OSError):  # a worker that died is noticed when it is waited for
            self.connection.send([batch.spans[index] for index in batch.remaining()])


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # a first start of it would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"a worker process was killed by {signal.Signals(-code).name} while it read this message"
    return f"a worker process ended with status {code} while it read this message"


class _Pool:
    def __init__(self, task: Task, spans: Iterable[Span], jobs: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._task = packed(task)
        self._batches = (_Batch(number, batch) for number, batch in enumerate(batches(spans)))
        self._jobs = jobs
        self._workers: list[_Worker] = []

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        progress = self._context.RawValue("q", -1)
        process = self._context.Process(target=_work, args=(self._task, theirs, progress), daemon=True)
        with _interrupts_blocked():  # the child inherits that: Ctrl-C is the parent's affair
            process.start()
        theirs.close()
        worker = _Worker(process, ours, progress)
        self._workers.append(worker)
        return worker

    def _stop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.connection.close()  # which ends it when it waits for a batch
        worker.process.terminate()
        worker.process.join()

    def _receive(self, worker: _Worker) -> list[tuple[Span, Outcome]] | None:
        """Take a batch from a worker that is ready; None if it died and another one has its batch."""
        batch = worker.batch
        assert batch is not None  # noqa: S101 - only busy workers are waited for
        try:
            outcomes = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
        else:
            worker.batch = None
            return batch.merge(outcomes)
        at, code = worker.progress.value, worker.process.exitcode
        self._stop(worker)
        if at < 0:
            batch.attempts += 1
            if batch.attempts == _ATTEMPTS:
                raise RuntimeError(
                    f"worker processes end with status {code} before they begin; with jobs > 1 a script must do its work under "
                    'if __name__ == "__main__":'
                )
        else:
            index = batch.remaining()[at]
            batch.deadly[index] = failed(batch.spans[index], _death(code))
            if not batch.remaining():
                return batch.merge([])
        self._start().send(batch)
        return None

    def run(self) -> Iterator[tuple[Span, Outcome]]:
        finished: dict[int, list[tuple[Span, Outcome]]] = {}
        turn = 0
        exhausted = False
        try:
            while True:
                while turn in finished:
                    yield from finished.pop(turn)
                    turn += 1
                # feed whoever is idle, start workers while there are fewer than asked for, but never run far ahead of the reader
                while not exhausted:
                    busy = [worker for worker in self._workers if worker.batch is not None]
                    if len(busy) == self._jobs or len(busy) + len(finished) >= self._jobs * _WINDOW:
                        break
                    batch = next(self._batches, None)
                    if batch is None:
                        exhausted = True
                        break
                    idle = next((worker for worker in self._workers if worker.batch is None), None)
                    (idle or self._start()).send(batch)
                waiting: dict[Any, _Worker] = {worker.connection: worker for worker in self._workers if worker.batch is not None}
                if not waiting:
                    return
                for connection in wait(list(waiting)):
                    worker = waiting[connection]
                    number = worker.batch.number if worker.batch is not None else -1
                    outcomes = self._receive(worker)
                    if outcomes is not None:
                        finished[number] = outcomes
        finally:
            for worker in list(self._workers):
                self._stop(worker)
