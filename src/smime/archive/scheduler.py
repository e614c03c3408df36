"""Runs one function over many messages on the workers of a dask scheduler, in order and in bounded memory.

The workers are somebody else's processes, perhaps on other machines: they have this library, and the files of the archive under the same
paths. What goes over the wire is where messages are, the task (with its private keys: a scheduler on another machine wants TLS), and what
came of each message. As in `smime.archive.pool`, no message can stop the run: the batch of a worker that died is done again message by
message, and the one at which workers die again and again is a record with an error.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from smime.archive.pool import Function, Outcome, Task, batches, failed, outcome_of, packed, unpacked
from smime.archive.sources import Octets, Span

__all__ = ["check_address", "run"]

_WINDOW = 4  # batches a thread of the workers that are under way or wait for their turn
_PATIENCE = 10.0  # seconds until a scheduler that does not answer is not there


def check_address(address: str) -> str:
    """Return the address of a scheduler as `distributed` writes it.

    Args:
        address: ``dask://HOST:PORT``, or as `distributed` writes it: ``tcp://``, or ``tls://`` with the keys that dask is configured with.

    Raises:
        ValueError: not an address.
    """
    kind, separator, place = address.partition("://")
    if not separator or not place or kind not in {"dask", "tcp", "tls"}:
        raise ValueError(f"the address of a scheduler is dask://HOST:PORT, not {address}")
    return f"tcp://{place}" if kind == "dask" else address


def run(task: Task, spans: Iterable[Span], address: str) -> Iterator[tuple[Span, Outcome]]:
    """Yield each span with what came of it, in order.

    Args:
        task: what to do.
        spans: the messages.
        address: of the scheduler, as for `check_address`.

    Raises:
        ModuleNotFoundError: `distributed` is not installed.
        ValueError: not an address.
        OSError: nobody answers there, or no more; from the iteration of `spans`.
        TypeError: the task cannot be handed to another process.
    """
    import distributed  # noqa: PLC0415 - an extra, and heavy

    address = check_address(address)
    parcel = packed(task)
    connect: Any = distributed.Client  # without types
    with connect(address, timeout=_PATIENCE, set_as_default=False) as client:
        yield from _Run(client, parcel).run(batches(spans))


@lru_cache(maxsize=4)
def _prepared(parcel: bytes) -> Function:
    """Return the function of a task; made once a worker."""
    return unpacked(parcel)


def _work(parcel: bytes, spans: Sequence[Span]) -> list[Outcome]:
    """Do one batch; this is what a worker calls."""
    function = _prepared(parcel)
    with Octets() as octets:
        return [outcome_of(function, octets, span) for span in spans]


class _Run:
    def __init__(self, client: Any, parcel: bytes) -> None:
        self._client = client
        # as the result of something done there, it is made again if all workers that have it die; what is scattered is lost
        self._parcel = client.submit(bytes, parcel, pure=False)
        self._most = _WINDOW * max(1, sum(client.nthreads().values()))

    def _submit(self, spans: Sequence[Span]) -> Any:
        # a worker may have another working directory
        there = [replace(span, path=str(Path(span.path).absolute())) for span in spans]
        return self._client.submit(_work, self._parcel, there, pure=False)

    def run(self, found: Iterator[list[Span]]) -> Iterator[tuple[Span, Outcome]]:
        under_way: deque[tuple[list[Span], Any]] = deque()
        exhausted = False
        while True:
            while not exhausted and len(under_way) < self._most:
                spans = next(found, None)
                if spans is None:
                    exhausted = True
                else:
                    under_way.append((spans, self._submit(spans)))
            if not under_way:
                return
            spans, future = under_way.popleft()
            yield from zip(spans, self._outcomes(spans, future), strict=True)

    def _outcomes(self, spans: Sequence[Span], future: Any) -> list[Outcome]:
        from distributed import KilledWorker  # noqa: PLC0415 - an extra, and heavy

        try:
            outcomes: list[Outcome] = future.result()
        except CancelledError:
            raise ConnectionError("the scheduler is gone") from None
        except KilledWorker:
            if len(spans) == 1:
                return [failed(spans[0], "worker processes ended while they read this message")]
            return [outcome for span in spans for outcome in self._outcomes((span,), self._submit((span,)))]
        return outcomes
