"""The summary of the corpora: how many rows are right, known to differ, wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    said: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            said.update(value for key, value in getattr(report, "user_properties", ()) if key == "corpora")
    if not said:
        return
    terminalreporter.section("corpora: rows of third-party messages")
    for corpus in sorted({corpus for corpus, _ in said}):
        numbers = ", ".join(f"{said[corpus, kind]} {kind}" for kind in ("right", "known", "WRONG") if said[corpus, kind])
        terminalreporter.line(f"{corpus:<20} {numbers}")
