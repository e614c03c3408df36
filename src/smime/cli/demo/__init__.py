"""``smime demo``: a throw-away PKI, sample messages and a sample archive, to try the commands on."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from smime.cli.failures import USAGE, Failure

__all__ = ["command"]

_MARK = "README.txt"
_FIRST_LINE = "A throw-away PKI, sample messages and a sample archive, made by `smime demo`."
_FOLDERS = ("pki", "messages", "archive", "decrypted")
_FILES = ("report.jsonl", "decrypted.jsonl")


@click.command("demo")
@click.option("--run", is_flag=True, help="Verify and decrypt the archive as well, and show what comes out.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(*, folder: Path, run: bool) -> None:
    """Write a throw-away PKI, sample messages and a sample archive to DIR.

    The archive has some hundred messages: plain, signed, encrypted, both, and wrong in every way that mail goes wrong. Nothing in DIR is
    fit for real mail. An earlier demo in DIR is replaced.
    """
    from smime.cli.demo.archive import write_archive  # noqa: PLC0415 - not for --help
    from smime.cli.demo.people import People  # noqa: PLC0415
    from smime.cli.demo.samples import write_samples  # noqa: PLC0415

    _clear(folder)
    people = People()
    people.pki.write(folder / "pki")
    samples = write_samples(folder / "messages", people)
    counts = write_archive(folder / "archive", people)
    commands = _commands(folder)
    (folder / _MARK).write_text("\n".join([_FIRST_LINE, "", *_text(samples, counts, commands), ""]), encoding="utf-8")
    click.echo(f"{folder}: keys and certificates of {len(people.pki.people)} people, {len(samples)} sample messages, ", nl=False)
    click.echo(f"an archive of {sum(counts.values())} messages (see {folder / _MARK})")
    if run:
        _verify(folder)
        _decrypt(folder)
    click.echo("\nCommands to try:")
    for line in commands:
        click.echo(f"  {line}")


def _verify(folder: Path) -> None:
    """Verify the archive, as ``smime archive verify`` does."""
    from smime import archive, policies  # noqa: PLC0415
    from smime.cli.archive import Run, processors  # noqa: PLC0415
    from smime.cli.inputs import Passwords, load_keystores, load_trust  # noqa: PLC0415

    trust = load_trust([str(folder / "pki" / "root.pem")])
    identities = load_keystores([str(folder / "pki" / "bob.pem")], Passwords(None))
    paths = [str(folder / "archive")]
    click.echo("\nBob verifies his archive:\n")
    run = Run(paths, str(folder / "report.jsonl"), None, summary=True, to_stdout=True)
    run.take(archive.verify(paths, trust, identities=identities, policy=policies.ARCHIVE, jobs=processors()))


def _decrypt(folder: Path) -> None:
    """Decrypt the archive, as ``smime archive decrypt`` does."""
    from smime import archive, policies  # noqa: PLC0415
    from smime.cli.archive import Run, processors  # noqa: PLC0415
    from smime.cli.inputs import Passwords, load_keystores  # noqa: PLC0415

    identities = load_keystores([str(folder / "pki" / "bob.pem")], Passwords(None))
    paths = [str(folder / "archive")]
    run = Run(paths, str(folder / "decrypted.jsonl"), None, summary=False)
    records = list(archive.decrypt(paths, identities, folder / "decrypted", policy=policies.ARCHIVE, jobs=processors()))
    run.take(iter(records))
    opened, closed = (sum(record.decrypted is state for record in records) for state in (True, False))
    click.echo(f"\nBob decrypts his archive: {opened} messages are decrypted in {folder / 'decrypted'}, {closed} could not be.")


def _clear(folder: Path) -> None:
    if folder.exists():
        if not folder.is_dir():
            raise Failure(f"{folder}: is not a folder", USAGE)
        mark = folder / _MARK
        ours = mark.is_file() and mark.read_text(encoding="utf-8", errors="replace").startswith(_FIRST_LINE)
        if not ours and any(folder.iterdir()):
            raise Failure(f"{folder}: is not empty and no earlier demo", USAGE)
        for name in (*_FOLDERS, *_FILES, _MARK):
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)  # a link, not what it leads to
    folder.mkdir(parents=True, exist_ok=True)


def _commands(folder: Path) -> list[str]:
    keys = f"--trust {folder}/pki/root.pem -k {folder}/pki/bob.pem"
    return [
        f"smime verify --trust {folder}/pki/root.pem {folder}/messages/signed.eml",
        f"smime unwrap {keys} {folder}/messages/signed-and-encrypted.eml",
        f"smime inspect {folder}/messages/triple-wrapped.eml",
        f"smime archive verify {folder}/archive {keys} --archive-policy -o {folder}/report.jsonl",
        f"smime archive decrypt {folder}/archive {keys} --archive-policy --into {folder}/decrypted -o {folder}/decrypted.jsonl",
    ]


def _text(samples: list[str], counts: dict[str, int], commands: list[str]) -> list[str]:
    return [
        "Nothing in here is fit for real mail: the private keys are for everybody to see. The password of the .p12 files is: demo",
        "",
        "pki/       root.pem is what to trust, bob.pem opens the encrypted messages",
        *[f"messages/  {name}" for name in samples],
        "archive/   inbox.mbox, Maildir and old, with these messages:",
        *[f"           {count:4}  {what}" for what, count in counts.items()],
        "",
        "Commands to try:",
        *[f"  {line}" for line in commands],
    ]
