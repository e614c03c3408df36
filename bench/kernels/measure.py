"""Medians of ratios: two calls are timed turn about in one process on one pinned core, so that whatever the machine does meets both alike."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Call = "Callable[[], object]"


class Row(NamedTuple):
    """One line of the table: what was measured, our rate and the other's in GB/s, their ratio, and the bar it has to clear."""

    what: str
    ours: float
    peer: str
    theirs: float
    ratio: float
    bar: float | None


def pin() -> None:
    """Stay on the last core this process may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def machine() -> str:
    """Return one line about the machine and the interpreter."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        fields = dict(line.split(":", 1) for line in cpuinfo.read_text(encoding="utf-8").splitlines() if ":" in line)
        facts = {name.strip(): value.strip() for name, value in fields.items()}
        model = f"{facts.get('model name', model)} (family {facts.get('cpu family')}, model {facts.get('model')})"
    return f"{model}, {platform.system()} {platform.machine()}, {platform.python_implementation()} {platform.python_version()}"


def _time(call: Callable[[], object], loops: int) -> float:
    clock = time.perf_counter
    start = clock()
    for _ in range(loops):
        call()
    return (clock() - start) / loops


def compare(what: str, size: int, ours: Callable[[], object], peer: str, theirs: Callable[[], object], bar: float | None = None) -> Row:
    """Time both calls in turns for about half a second.

    Args:
        size: octets that one call takes, for the rates.
        bar: the least ratio of speeds, ours over the peer's.
    """
    loops = []
    for call in (ours, theirs):
        call()
        loops.append(max(1, int(0.002 / max(_time(call, 3), 1e-8))))
    rounds = []
    end = time.perf_counter() + float(os.environ.get("SMIME_BENCH_SECONDS", "0.6"))
    while time.perf_counter() < end or len(rounds) < 9:
        rounds.append((_time(ours, loops[0]), _time(theirs, loops[1])))
    return Row(
        what,
        size / statistics.median(mine for mine, _ in rounds) / 1e9,
        peer,
        size / statistics.median(other for _, other in rounds) / 1e9,
        statistics.median(other / mine for mine, other in rounds),
        bar,
    )


def table(rows: list[Row], backend: str) -> str:
    """Return the rows in Markdown, with the machine line above."""
    lines = [
        f"{machine()}; backend `{backend}`; one pinned core, medians of ratios, calls in turns. Rates in GB/s of input.",
        "",
        "| what | ours | against | theirs | ratio | bar |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for row in rows:
        bar = "" if row.bar is None else f"{row.bar:g}"
        mark = " **below**" if row.bar is not None and row.ratio < row.bar else ""
        lines.append(f"| {row.what} | {row.ours:.2f} | {row.peer} | {row.theirs:.2f} | {row.ratio:.2f}{mark} | {bar} |")
    return "\n".join(lines) + "\n"


def write(path: Path, title: str, command: str, rows: list[Row], backend: str) -> int:
    """Write the table into a file and print it; return 1 if a bar was missed."""
    text = f"# {title}\n\nWritten by `{command}`. {table(rows, backend)}"
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return int(any(row.bar is not None and row.ratio < row.bar for row in rows))
