"""The comparison with openssl, printed: which hostile messages it accepts that this library does not, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        for key, value in getattr(report, "user_properties", ())
        if key == "hostile"
    ]
    if not told:
        return
    terminalreporter.section("hostile messages: our verdict and that of openssl cms -verify, where they differ")
    for name, section, ours, theirs in sorted(told, key=lambda row: (row[2], row[1], row[0])):
        if (ours == "valid") != (theirs == "accepts"):
            terminalreporter.line(f"{section:<6} {name:<48} {ours:<14} openssl {theirs}")
    agree = sum((row[2] == "valid") == (row[3] == "accepts") for row in told)
    terminalreporter.line(f"{len(told)} messages, {agree} of which both accept or both refuse")
