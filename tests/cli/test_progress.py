"""A bar for large messages, on a terminal and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from smime.cli import progress

LARGE = progress._LARGE + (1 << 20)


def run(arguments: list[str], *, terminal: bool) -> tuple[int, str]:
    """Run a command with standard error on a terminal or in a pipe; return its exit code and what came there."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", "import smime.cli; smime.cli.main()", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as child:
        os.close(theirs)
        told = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the terminal's other end is closed
                break
            if not piece:
                break
            told += piece
    os.close(ours)
    return child.returncode, told.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from smime.pki.throwaway import ThrowawayPKI

    place = tmp_path_factory.mktemp("progress")
    who = ThrowawayPKI(key="p256").person("Alice", "alice@example.org", "p256")
    (place / "alice.pem").write_bytes(who.certificate_pem)
    for name, size in (("large", LARGE), ("small", 1000)):
        (place / name).write_bytes(b"From: alice@example.org\r\n\r\n" + b"A line of text.\r\n" * (size // 17))
    return place


@pytest.mark.parametrize(("name", "terminal", "shown"), [("large", True, True), ("small", True, False), ("large", False, False)])
def test_bar(folder: Path, name: str, terminal: bool, shown: bool) -> None:
    code, told = run(["encrypt", "-r", str(folder / "alice.pem"), "-o", str(folder / "out"), str(folder / name)], terminal=terminal)
    assert code == 0, told
    assert ("MB" in told) is shown
    assert shown or told == ""


def test_no_bar_is_left_of_a_failure(folder: Path) -> None:
    code, told = run(["decrypt", "-k", str(folder / "alice.pem"), "-o", str(folder / "plain"), str(folder / "large")], terminal=True)
    assert code != 0
    assert told.strip().splitlines()[-1].startswith("smime: ")
