"""``smime archive``: the same thing done to every message of mbox files, Maildirs and folders."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from smime.cli.failures import DONE, INTERRUPTED, NOT_VALID, UNREADABLE, Failure
from smime.cli.inputs import Passwords, content_key_options, load_keystores, load_trust, target
from smime.cli.read import network_options, policy_of, trust_options
from smime.printable import clean

if TYPE_CHECKING:
    from smime.archive import MessageRecord
    from smime.archive.output import RecordWriter

__all__ = ["Run", "group", "processors"]

F = TypeVar("F", bound=Callable[..., Any])

_FORMATS = ("jsonl", "csv", "sqlite", "parquet")
_SUFFIXES = {".csv": "csv", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite", ".parquet": "parquet"}


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _scheduler(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click's signature
    if value is None:
        return None
    from smime.archive.scheduler import check_address  # noqa: PLC0415 - not for --help

    try:
        check_address(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if find_spec("distributed") is None:
        raise click.BadParameter("that needs dask: pip install 'smimekit[dask]'")
    return value


def _worker_options(function: F) -> F:
    """Add the options that say what is read, and who does the work."""
    for option in (
        click.option(
            "--scheduler",
            metavar="dask://HOST:PORT",
            callback=_scheduler,
            help="Have the workers of a dask scheduler do it; they need the same files under the same paths, and are sent the keys.",
        ),
        click.option(
            "--follow-links",
            is_flag=True,
            help="Read symbolic links in the archive, too. Only if its owner may read whatever you may read.",
        ),
        click.option("--jobs", type=click.IntRange(min=1), default=processors, help="Processes; default: one a processor."),
    ):
        function = option(function)
    return function


_PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=str))


def _run_options(*, resume: bool) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        if resume:
            function = click.option("--resume", is_flag=True, help="Keep the records that OUT has, and go on after them.")(function)
        for option in (
            click.option("--summary/--no-summary", default=None, help="Print a table of what came of it; default: if OUT is given."),
            _worker_options,
            click.option(
                "--format", "form", type=click.Choice(_FORMATS), help="Of the records; default: what the name of OUT says, or jsonl."
            ),
            click.option("-o", "--output", metavar="OUT", help="Write the records there, one a message; default is standard output."),
            _PATHS,
        ):
            function = option(function)
        return function

    return decorate


def _check_paths(paths: Sequence[str]) -> None:
    for path in paths:
        if not Path(path).exists():
            raise Failure(f"{path}: no such file", UNREADABLE)


class Run:
    """Writes the records of one run, shows a bar on a terminal, sums up.

    Args:
        paths: of the archive.
        output: where the records go; None: standard output.
        form: of the records; None: what the name of `output` says.
        summary: print a table; None: if there is an output.
        links: symbolic links in the archive are read.
        resume: go on where an earlier run has ended.
        all_decrypted: a message for somebody else is wrong as well.
        judged: there are anchors to judge signers by.
        to_stdout: print the table to standard output instead of standard error.
    """

    def __init__(
        self,
        paths: Sequence[str],
        output: str | None,
        form: str | None,
        summary: bool | None,
        *,
        links: bool = False,
        resume: bool = False,
        all_decrypted: bool = False,
        judged: bool = True,
        to_stdout: bool = False,
    ) -> None:
        from smime.cli.summary import Summary  # noqa: PLC0415 - not for --help

        self._paths = paths
        self._links = links
        self._output = None if output == "-" else output
        self._form = form or (_SUFFIXES.get(Path(output).suffix.lower(), "jsonl") if output else "jsonl")
        self._to_stdout = to_stdout
        self._summarise = summary if summary is not None else self._output is not None
        self._summary = Summary(all_decrypted, judged)
        if resume and self._output is None:
            raise click.UsageError("--resume needs the records of the earlier run: -o OUT")
        _check_paths(paths)
        self.writer = self._open(resume)

    def _open(self, resume: bool) -> RecordWriter:
        from smime.archive.output import open_output, open_stream  # noqa: PLC0415 - not for --help

        try:
            if self._output is not None:
                return open_output(self._output, self._form, resume=resume)
            return open_stream(sys.stdout.buffer, self._form)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        except ModuleNotFoundError as error:
            if error.name != "pyarrow":
                raise
            raise click.UsageError("the format parquet needs pyarrow: pip install 'smimekit[parquet]'") from None

    def finish(self, records: Iterator[MessageRecord]) -> NoReturn:
        """Take all records and exit."""
        self.take(records)
        sys.exit(NOT_VALID if self._summary.bad else DONE)

    def take(self, records: Iterator[MessageRecord]) -> None:
        """Take all records, and sum up."""
        begun = time.monotonic()
        try:
            with self._bar() as advance:
                for record in records:
                    self.writer.write(record)
                    self._summary.add(record)
                    advance(record.size)
            self.writer.commit()
        except KeyboardInterrupt:
            kept = f"; what is done is in {self._output}.part, --resume goes on" if self._abandon() else ""
            raise Failure(f"interrupted after {self._summary.messages} messages{kept}", INTERRUPTED) from None
        except BaseException:
            self._abandon()
            raise
        if self._summarise:
            from smime.cli import render  # noqa: PLC0415

            self._summary.show(render.console(error=not self._to_stdout, width=160), ", ".join(self._paths), time.monotonic() - begun)

    def _abandon(self) -> bool:
        """Close what is written so far; return whether there is something to go on with."""
        self.writer.close()
        if self._output is None or self._form == "parquet":
            return False
        if self._summary.messages or self.writer.keys:
            return True
        Path(f"{self._output}.part").unlink(missing_ok=True)
        return False

    @contextlib.contextmanager
    def _bar(self) -> Iterator[Callable[[int], object]]:
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn  # noqa: PLC0415

        from smime.archive.sources import total_size  # noqa: PLC0415
        from smime.cli import render  # noqa: PLC0415

        columns = (
            TextColumn("{task.fields[messages]:,} messages"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=render.console(), transient=True) as progress:
            task = progress.add_task("", total=total_size(self._paths, links=self._links), messages=0)

            def advance(size: int) -> None:
                progress.update(task, advance=size, messages=self._summary.messages)

            yield advance


@click.group("archive")
def group() -> None:
    """Work through whole mail archives: mbox files, Maildirs, folders of messages.

    One record a message tells where it is, from whom it says it is, what protects it and whether that holds. A broken message is a record
    with an error and never stops the run. The exit status is 1 if anything was wrong with any message.
    """


@group.command("verify")
@content_key_options
@trust_options(required=True, times=("received",))
@network_options
@_run_options(resume=True)
def verify(
    *,
    paths: tuple[str, ...],
    roots: tuple[str, ...],
    at: Any,
    certs: tuple[str, ...],
    crls: tuple[str, ...],
    archive_policy: bool,
    require_revocation: bool,
    clocks: tuple[str, ...],
    fetch: bool,
    keystores: tuple[str, ...],
    password_file: str | None,
    output: str | None,
    form: str | None,
    follow_links: bool,
    jobs: int,
    scheduler: str | None,
    summary: bool | None,
    resume: bool,
) -> None:
    """Verify every message, through all layers that the keys at hand open.

    "--at received" judges each message at the time at which its topmost Received field, or its Date, says it was delivered: for archives
    that you trust, since anybody could have written that.
    """
    from smime import archive  # noqa: PLC0415 - not for --help

    trust = load_trust(roots, crls, certs, fetch=fetch)
    tsa = load_trust(clocks, crls, certs, fetch=fetch) if clocks else None
    identities = load_keystores(keystores, Passwords(password_file))
    run = Run(paths, output, form, summary, links=follow_links, resume=resume)
    run.finish(
        archive.verify(
            paths,
            trust,
            identities=identities,
            at=at,
            tsa=tsa,
            policy=policy_of(archive_policy, require_revocation),
            follow_links=follow_links,
            jobs=jobs,
            scheduler=scheduler,
            skip=run.writer.keys,
        )
    )


@group.command("scan")
@_run_options(resume=True)
def scan(
    *,
    paths: tuple[str, ...],
    output: str | None,
    form: str | None,
    follow_links: bool,
    jobs: int,
    scheduler: str | None,
    summary: bool | None,
    resume: bool,
) -> None:
    """Look what the messages are made of, without any key; nothing is verified."""
    from smime import archive  # noqa: PLC0415 - not for --help

    run = Run(paths, output, form, summary, links=follow_links, resume=resume)
    run.finish(archive.scan(paths, follow_links=follow_links, jobs=jobs, scheduler=scheduler, skip=run.writer.keys))


@group.command("certs")
@content_key_options
@trust_options(required=False, times=("received",))
@click.option(
    "--store",
    metavar="FILE",
    help="With --trust: learn from valid signatures how to encrypt to who made them, and keep it in FILE, for smime encrypt --store.",
)
@click.option("-o", "--output", metavar="OUT", help="Write the certificates there, in PEM; default is standard output.")
@_worker_options
@_PATHS
def certs(
    *,
    paths: tuple[str, ...],
    keystores: tuple[str, ...],
    password_file: str | None,
    roots: tuple[str, ...],
    store: str | None,
    output: str | None,
    follow_links: bool,
    jobs: int,
    scheduler: str | None,
    **judging: Any,
) -> None:
    """Collect the certificates that signatures bring, each once, in PEM.

    Nothing is verified: do not trust a certificate for having been found. With --store and --trust, every message is verified, and what
    valid ones say of their signers is kept in a file instead: for each address the certificate and the algorithms of the latest signature.
    What changed there is printed.
    """
    from smime import archive  # noqa: PLC0415 - not for --help
    from smime.asn1 import pem  # noqa: PLC0415
    from smime.files import AtomicFile  # noqa: PLC0415

    if (store is None) is not (not roots):
        raise click.UsageError("--store and --trust need each other")
    if store is not None and output is not None:
        raise click.UsageError("with --store there is no OUT")
    identities = load_keystores(keystores, Passwords(password_file))
    _check_paths(paths)
    workers: dict[str, Any] = {"follow_links": follow_links, "jobs": jobs, "scheduler": scheduler}
    if store is not None:
        _learn(paths, store, roots, identities, workers, **judging)
        return
    where = target(output)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(AtomicFile(where)) if isinstance(where, str) else None
        write = file.write if file is not None else sys.stdout.buffer.write
        for found in archive.certificates(paths, identities=identities, **workers):
            about = f"{found.summary.subject}  {', '.join(found.summary.addresses)}  until {found.summary.not_after.date()}"
            write(f"# {clean(about)}\n".encode() + pem.encode("CERTIFICATE", found.der))
        if file is not None:
            file.commit()


def _learn(
    paths: Sequence[str],
    store: str,
    roots: Sequence[str],
    identities: Sequence[Any],
    workers: dict[str, Any],
    *,
    at: Any,
    certs: Sequence[str],
    crls: Sequence[str],
    archive_policy: bool,
    require_revocation: bool,
) -> None:
    from smime import archive  # noqa: PLC0415 - not for --help

    trust = load_trust(roots, crls, certs)
    policy = policy_of(archive_policy, require_revocation)
    with archive.CorrespondentStore(store) as known:
        for record, changes in archive.learn(paths, trust, known, identities=identities, at=at, policy=policy, **workers):
            for change in changes:
                click.echo(clean(f"{change} ({record.source}:{record.offset if record.file is None else record.file})"))
        click.echo(f"{len(known)} correspondents in {clean(store)}", err=True)


def _copy_options(function: F) -> F:
    """Add the options of a command that copies an archive."""
    for option in (
        _run_options(resume=False),
        click.option(
            "--into",
            metavar="FOLDER",
            help="Where the copy goes, in the form of the archive. Without it, OUT is that folder and the records go to standard output.",
        ),
        trust_options(required=False, times=("received",)),
        content_key_options,
    ):
        function = option(function)
    return function


def _copy(
    what: str,
    *,
    paths: tuple[str, ...],
    into: str | None,
    roots: tuple[str, ...],
    at: Any,
    certs: tuple[str, ...],
    crls: tuple[str, ...],
    archive_policy: bool,
    require_revocation: bool,
    keystores: tuple[str, ...],
    password_file: str | None,
    output: str | None,
    form: str | None,
    follow_links: bool,
    jobs: int,
    scheduler: str | None,
    summary: bool | None,
) -> None:
    from smime import archive  # noqa: PLC0415 - not for --help

    if into is None:
        if output is None:
            raise click.UsageError("say where the copy goes: -o FOLDER, or --into FOLDER")
        into, output = output, None
    identities = load_keystores(keystores, Passwords(password_file))
    trust = load_trust(roots, crls, certs) if roots else None
    settings: dict[str, Any] = {
        "trust": trust,
        "at": at,
        "policy": policy_of(archive_policy, require_revocation),
        "follow_links": follow_links,
        "jobs": jobs,
        "scheduler": scheduler,
    }
    run = Run(paths, output, form, summary, links=follow_links, all_decrypted=what == "decrypt", judged=trust is not None)
    try:
        if what == "decrypt":
            records = archive.decrypt(paths, identities, into, **settings)
        else:
            records = archive.strip(paths, into, identities=identities, **settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    run.finish(records)


@group.command("decrypt")
@_copy_options
def decrypt(**options: Any) -> None:
    """Copy an archive with every message decrypted that the keys open; the others are copied as they are.

    A signature inside of an encryption stays in the copy. With --trust, the records have verdicts on signatures as well.
    """
    if not options["keystores"]:
        raise click.UsageError("give the key store of a recipient: -k KEYSTORE")
    _copy("decrypt", **options)


@group.command("strip")
@_copy_options
def strip(**options: Any) -> None:
    """Copy an archive as plain mail: without encryption, compression and signatures.

    Nothing of the copy can be verified again; the records say what the signatures were worth, if there are anchors to judge by (--trust).
    """
    _copy("strip", **options)
