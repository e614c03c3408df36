"""A bar on the terminal for a large message: how much of it is done, at which rate, and how long it still takes."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["bar"]

_LARGE = 32 << 20
"""Octets from which a message is large: less is done before a bar can be read."""


class _Bar:
    """Shows itself once the message is known to be large."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._done = 0
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def advance(self, octets: int) -> None:
        """Say that so many more octets have been read."""
        self._done += octets
        if self._progress is None:
            if (self._total or self._done) < _LARGE:
                return
            self._show()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._done)

    def _show(self) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn  # noqa: PLC0415

        from smime.cli import render  # noqa: PLC0415

        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=render.console(), transient=True)
        self._task = self._progress.add_task("", total=self._total)
        self._progress.start()

    def close(self) -> None:
        """Take it away."""
        if self._progress is not None:
            self._progress.stop()


@contextlib.contextmanager
def bar(message: str, target: object) -> Iterator[Callable[[int], object] | None]:
    """Give what takes the number of octets read since the last call; None if there is no terminal to show a bar on.

    Args:
        message: the argument IN.
        target: what `smime.files` writes; if that is the terminal, no bar runs through it.
    """
    if not sys.stderr.isatty() or (target is sys.stdout.buffer and sys.stdout.isatty()):
        yield None
        return
    total: int | None = None
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor, a path that is not there: the operation says so
        status = os.fstat(sys.stdin.fileno()) if message == "-" else Path(message).stat()
        total = status.st_size if stat.S_ISREG(status.st_mode) else None
    shown = _Bar(total)
    try:
        yield shown.advance
    finally:
        shown.close()
