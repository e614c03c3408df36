"""Tasks for the tests of the pool: importable by the worker processes, and free of all cryptography."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from smime.archive.pool import Function, Outcome
from smime.archive.record import MessageRecord
from smime.archive.sources import Span
from smime.errors import ParseError


@dataclass
class Shout:
    """Gives back the octets in capitals; obeys a message that says what should go wrong."""

    def prepare(self) -> Function:
        return self._shout

    @staticmethod
    def _shout(span: Span, octets: bytes | memoryview) -> Outcome:
        text = bytes(octets)
        if text.startswith(b"parse"):
            raise ParseError("mime", "as asked for", 7)
        if text.startswith(b"bug"):
            raise ZeroDivisionError("as asked for")
        if text.startswith(b"memory"):
            raise MemoryError
        if text.startswith(b"exit"):
            os._exit(3)
        if text.startswith(b"kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome(MessageRecord(span.source, span.offset, span.file, span.size), text.upper())


@dataclass
class NeverStarts:
    def prepare(self) -> Function:
        os._exit(9)


class Unpicklable:
    def __reduce__(self) -> str:
        raise TypeError("keys in hardware stay there")

    def prepare(self) -> Function:
        raise NotImplementedError
