"""The group of all commands, and what stands around them: one line for an error, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from smime.cli.archive import group as archive
from smime.cli.demo import command as demo
from smime.cli.failures import explain
from smime.cli.inspect import command as inspect
from smime.cli.protect import commands as protect
from smime.cli.read import commands as read
from smime.printable import clean

__all__ = ["main"]


class _Group(click.Group):
    """A group that reports errors as one line on stderr and with the exit codes of `smime.cli.failures`."""

    def main(  # type: ignore[override]  # one signature instead of click's overloads
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> Any:
        """Run the command and exit, as `click.Group.main` does."""
        if not extra.pop("standalone_mode", True):
            return super().main(args, prog_name, standalone_mode=False, **extra)
        return self._standalone(args, prog_name or "smime", extra)

    def _standalone(self, args: Sequence[str] | None, prog_name: str, extra: dict[str, Any]) -> NoReturn:
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            # whoever read the output has gone; without this, Python would complain once more at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except (Exception, KeyboardInterrupt) as error:
            told = explain(error)
            if told is None:
                if os.environ.get("SMIME_DEBUG"):
                    raise
                told = f"internal error: {type(error).__name__}: {clean(' '.join(str(error).split()))} (SMIME_DEBUG=1 shows where)", 70
            message, exit_code = told
            if message:
                click.echo(f"smime: {message}", err=True)
            sys.exit(exit_code)
        sys.exit(code if isinstance(code, int) else 0)


@click.group("smime", cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="smimekit", prog_name="smime", message="%(prog)s %(version)s")
def main() -> None:
    """Sign, verify, encrypt, decrypt and take apart S/MIME mail.

    IN is a file, or - (the default) for standard input. Exit status: 0 done and valid, 1 a verdict is not VALID or decryption failed, 2
    usage, 3 an input cannot be read.
    """


for command in (*protect, *read, inspect, archive, demo):
    main.add_command(command)
