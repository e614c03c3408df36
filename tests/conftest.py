"""Settings for the whole suite: hypothesis profiles, and the table that the interop run prints at its end.

Profiles: ``default`` for daily work, ``ci`` for .ci/run (chosen by CI=true; the same examples every time), ``expensive`` for a night.
`HYPOTHESIS_PROFILE` names one.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

_COMMON: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

settings.register_profile("default", max_examples=50, **_COMMON)
settings.register_profile("ci", max_examples=100, derandomize=True, print_blob=True, **_COMMON)
settings.register_profile("expensive", max_examples=5_000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default"))

# Interop tests record one property ("interop", (peer, operation, direction, algorithm, note)); it travels with the report, also from
# the workers of pytest-xdist, so the table can be printed by the process that owns the terminal.
_MARKS = {"passed": "yes", "failed": "FAILED", "skipped": "-"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    notes: Counter[tuple[str, str]] = Counter()
    for outcome, mark in _MARKS.items():
        for report in terminalreporter.stats.get(outcome, ()):
            for key, value in getattr(report, "user_properties", ()):
                if key == "interop":
                    peer, operation, direction, algorithm, note = value
                    cells.setdefault((operation, algorithm, direction), {})[peer] = "limit" if note and outcome == "passed" else mark
                    if note:
                        notes[peer, note] += 1
    if not cells:
        return
    peers = sorted({peer for row in cells.values() for peer in row})
    widths = [max(len(peer), 6) for peer in peers]
    terminalreporter.section("interop: who can do what with us")
    lines = [("operation", "algorithm", "direction", dict(zip(peers, peers, strict=True)))]
    lines += [(*key, row) for key, row in sorted(cells.items())]
    for operation, algorithm, direction, row in lines:
        marks = " ".join(f"{row.get(peer, ''):<{width}}" for peer, width in zip(peers, widths, strict=True))
        terminalreporter.line(f"{operation:<10} {algorithm:<44} {direction:<16} {marks}".rstrip())
    for (peer, note), count in sorted(notes.items()):
        terminalreporter.line(f"  limit of {peer}, {count} x: {note}")
