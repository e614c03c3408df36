"""Exit codes, and how every failure becomes one line.

====  =======================================================
code  meaning
====  =======================================================
0     done, and what was to be verified is valid
1     a verdict is not VALID, or decryption failed
2     the command cannot be understood, or asks for the impossible
3     an input cannot be read
130   interrupted
====  =======================================================
"""

from __future__ import annotations

import errno
import os

import click

from smime.errors import DecryptionError, KeyMismatchError, PolicyError, SMIMEError, VerificationError
from smime.printable import clean

__all__ = ["DONE", "INTERRUPTED", "NOT_VALID", "UNREADABLE", "USAGE", "Failure", "explain"]

DONE = 0
NOT_VALID = 1
USAGE = 2
UNREADABLE = 3
INTERRUPTED = 130


class Failure(click.ClickException):
    """A failure with its exit code.

    Args:
        message: one line; empty: there is nothing more to say.
        code: the exit code.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def explain(error: BaseException) -> tuple[str, int] | None:
    """Return the line that tells of the error and the exit code; None for an error that is a fault of the program."""
    match error:
        case Failure():
            return _line(error.message), error.code
        case click.UsageError():
            command = f" (see {error.ctx.command_path} --help)" if error.ctx is not None else ""
            return _line(error.format_message()) + command, USAGE
        case click.ClickException():
            return _line(error.format_message()), error.exit_code
        case click.Abort() | KeyboardInterrupt():
            return "interrupted", INTERRUPTED
        case VerificationError() | DecryptionError():
            return _line(str(error)), NOT_VALID
        case PolicyError() | KeyMismatchError():
            return _line(str(error)), USAGE
        case SMIMEError():
            return _line(str(error)), UNREADABLE
        case OSError():
            return _line(_os_error(error)), UNREADABLE
        case MemoryError():
            return "out of memory", UNREADABLE
    return None


def _os_error(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.ENOENT:
        reason = "no such file"
    return f"{os.fsdecode(error.filename)}: {reason}" if error.filename is not None else reason


def _line(text: str) -> str:
    """Return text on one line, without what a terminal would obey: it names files, and quotes messages."""
    return clean(" ".join(text.split()))
