"""How things are measured: one pinned core, warm caches, calls of ours and of what they are compared with in turn, medians of ratios.

The best ratio of a run says what the code costs, the median what one usually sees; on a shared machine the two differ by a third.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Timing:
    """Seconds a call, one value a round."""

    samples: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.samples)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


@dataclass(frozen=True)
class Comparison:
    """Ours and another thing, measured in turn."""

    ours: Timing
    other: Timing

    @property
    def ratio(self) -> float:
        """Median over the rounds of (ours / other)."""
        return statistics.median(a / b for a, b in zip(self.ours.samples, self.other.samples, strict=True))

    @property
    def best_ratio(self) -> float:
        return self.ours.best / self.other.best


def pin() -> None:
    """Keep to one core: the last one, where the system does less."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


Clock = Callable[[], float]


def _calls_for(function: Callable[[], object], seconds: float, clock: Clock) -> int:
    function()
    calls = 1
    while True:
        started = clock()
        for _ in range(calls):
            function()
        spent = clock() - started
        if spent >= seconds / 4:
            return max(1, int(calls * seconds / spent))
        calls *= 2


def _sample(function: Callable[[], object], calls: int, clock: Clock = time.perf_counter) -> float:
    started = clock()
    for _ in range(calls):
        function()
    return (clock() - started) / calls


def in_turn(*functions: Callable[[], object], rounds: int = 21, seconds: float = 0.02, clock: Clock = time.perf_counter) -> list[Timing]:
    """Time the functions in turn, `rounds` times, about `seconds` a sample; return one Timing each.

    Args:
        clock: `time.thread_time` for what only computes, in one thread: other processes on the core then do not count.
    """
    counts = [_calls_for(function, seconds, clock) for function in functions]
    samples: list[list[float]] = [[] for _ in functions]
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for function, calls, into in zip(functions, counts, samples, strict=True):
                into.append(_sample(function, calls, clock))
    finally:
        if enabled:
            gc.enable()
    return [Timing(tuple(values)) for values in samples]


def compare(
    ours: Callable[[], object], other: Callable[[], object], *, rounds: int = 21, seconds: float = 0.02, clock: Clock = time.perf_counter
) -> Comparison:
    """Compare two functions, measured in turn."""
    return Comparison(*in_turn(ours, other, rounds=rounds, seconds=seconds, clock=clock))


def once_each(functions: Sequence[Callable[[], object]], *, clock: Clock = time.perf_counter) -> Timing:
    """Time calls that each work only once, such as meeting a sender for the first time."""
    gc.collect()
    return Timing(tuple(_sample(function, 1, clock) for function in functions))


def machine() -> str:
    """Return one line about the machine and what runs on it."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{os.cpu_count()} x {model}, {platform.system()}, {platform.python_implementation()} {platform.python_version()}"
