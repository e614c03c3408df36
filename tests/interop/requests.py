"""A program that answers requests line by line: words separated by tabs in, "ok …" or "error …" out."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.interop.peers import PeerFailed


class Requests:
    """One running program."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(self, *words: str | Path) -> str:
        """Send one request and return the answer; PeerFailed with the program's words."""
        if self._process.stdin is None or self._process.stdout is None or self._process.poll() is not None:
            raise PeerFailed("the program is gone")
        self._process.stdin.write("\t".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        status, _, answer = self._process.stdout.readline().rstrip("\n").partition(" ")
        if status != "ok":
            raise PeerFailed(answer or "no answer")
        return answer

    def close(self) -> None:
        """End the program."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
