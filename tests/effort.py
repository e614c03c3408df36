"""How much work a piece of code does, counted and not timed: a busy machine is slow, but it makes no further calls."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# What each call of ours into Python or C may cost at most is a matter for `bench/`. A loop inside one call of C cannot be counted; what
# is quadratic there takes minutes on the inputs of these tests, so that a wait many times as long as any of them needs tells it apart.
HANG = 60.0


class TooMuchWork(BaseException):
    """The budget of calls is used up; no handler of `Exception` in the code under test may keep it."""


class Counter:
    """Calls, of Python and of C functions, made so far."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            self.calls += 1
            if self.calls > self.most:
                sys.setprofile(None)
                raise TooMuchWork(f"more than {self.most} calls")


@contextmanager
def within(calls: int) -> Iterator[Counter]:
    """Within: at most so many calls, and no loop of C that does not end; `TooMuchWork` otherwise."""
    counter = Counter(calls)
    before = sys.getprofile()
    started = time.process_time()
    sys.setprofile(counter)
    try:
        yield counter
    finally:
        sys.setprofile(before)
    if time.process_time() - started > HANG:
        raise TooMuchWork(f"more than {HANG:.0f} seconds of the processor")


@contextmanager
def linear(octets: int, *, per_octet: float = 40.0, besides: int = 4_000_000) -> Iterator[Counter]:
    """
    Within: as many calls as so many octets may cost, and `besides` for modules that are imported on first use.

    The dearest input known takes 18 calls an octet; what is quadratic in 100 KB takes a hundred thousand.
    """
    with within(int(octets * per_octet) + besides) as counter:
        yield counter
