"""Write the pages of this folder that are made from the code: `make docs`. A test fails when one of them is out of date."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from smime import algorithms
from smime.algorithms import Level
from smime.cli.app import main as main_group
from smime.findings import CATALOGUE, Effect

FOLDER = Path(__file__).resolve().parent

_EFFECTS = {Effect.NONE: "", Effect.INDETERMINATE: "INDETERMINATE", Effect.INVALID: "INVALID"}
_LEVELS = {Level.CURRENT: "yes", Level.LEGACY: "read, with a finding", Level.FORBIDDEN: "no"}


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def findings() -> str:
    """The catalogue of findings."""
    rows = [
        (f"`{kind.code}`", kind.severity.value, _EFFECTS[kind.effect], kind.sentence.replace("{", "*").replace("}", "*"), kind.advice)
        for kind in CATALOGUE.values()
    ]
    return (
        "# Findings\n\n"
        "Everything that a report can say about a message, made from `smime.findings` by `make docs`. Codes are stable: they are never\n"
        "renamed, and one that is no longer raised stays listed. The third column is what a finding does to the verdict of the signer or\n"
        "message it is about; the worst decides. Words in *italics* stand for values, which are also in the finding's `data`.\n\n"
        + _table(("code", "severity", "verdict", "what it says", "what to do"), rows)
    )


def algorithm_names() -> str:
    """The registry of algorithms and what the two profiles say of each."""
    families: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("Digests", algorithms.DIGESTS),
        ("Signatures", algorithms.SIGNATURES),
        ("Content encryption", algorithms.CONTENT_ENCRYPTIONS),
        ("Key transport", algorithms.KEY_TRANSPORTS),
        ("Key agreement", algorithms.KEY_AGREEMENTS),
        ("Key wrap", algorithms.KEY_WRAPS),
        ("Key encapsulation", algorithms.KEMS),
        ("Key derivation", algorithms.KDFS),
        ("Message authentication", algorithms.MACS),
        ("Curves", algorithms.CURVES),
        ("Other kinds of public keys", algorithms.PUBLIC_KEYS),
    )
    text = (
        "# Algorithms\n\n"
        "The registry of names and object identifiers, made from `smime.algorithms` by `make docs`, and what the two named profiles say\n"
        "of each: `RFC8551`, the default, and `ARCHIVE`, for reading old mail. A name that is listed is known; whether it is also done,\n"
        "and in which direction, is in [RFCs.md](../RFCs.md). Legacy algorithms are never written.\n"
    )
    for title, family in families:
        rows = [
            (f"`{name}`", oid, _LEVELS[algorithms.RFC8551.level(name)], _LEVELS[algorithms.ARCHIVE.level(name)])
            for oid, name in ((oid, algorithms.name_of(oid)) for oid in family)
        ]
        text += f"\n## {title}\n\n" + _table(("name", "OID", "RFC8551", "ARCHIVE"), rows)
    return text


def _commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    context = click.Context(command, parent, info_name=name, max_content_width=110, terminal_width=110, **command.context_settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _commands(found, inner, context)


def command_line() -> str:
    """The help of every command."""
    text = (
        "# Command line\n\n"
        "What `--help` says, made by `make docs`.\n\n"
        "Exit status: 0 done and valid; 1 a verdict is not VALID or decryption failed; 2 usage; 3 an input cannot be read. Errors are\n"
        "one line on standard error. Outputs are written beside their target and renamed when they are whole.\n"
    )
    for path, page in _commands(main_group, "smime"):
        text += f"\n## {path}\n\n```text\n{page.rstrip()}\n```\n"
    return text


def report_schema() -> str:
    """The JSON schema of the reports."""
    return json.dumps(runpy.run_path(str(FOLDER / "schema.py"))["SCHEMA"], indent=1) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "findings.md": findings,
    "algorithms.md": algorithm_names,
    "command-line.md": command_line,
    "report.schema.json": report_schema,
}


def main() -> None:
    """Write every page; say which changed."""
    for name, page in PAGES.items():
        path = FOLDER / name
        text = page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"docs/{name} written\n")


if __name__ == "__main__":
    main()
