"""``smime inspect``: what a message is made of, without any key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smime.cli.inputs import message_argument, source
from smime.printable import clean

if TYPE_CHECKING:
    from rich.tree import Tree

    from smime.operations.inspect import Node

__all__ = ["command"]


@click.command("inspect")
@click.option("--json", "as_json", is_flag=True, help="Write the structure as JSON.")
@message_argument
def command(*, as_json: bool, message: str) -> None:
    """Show what a message is made of: layers, algorithms, signers, recipients, certificates.

    Nothing is verified or decrypted, and no key is needed.
    """
    from smime.cli import render  # noqa: PLC0415
    from smime.operations.inspect import inspect  # noqa: PLC0415 - not for --help

    given = source(message)
    node = inspect(Path(given).read_bytes() if isinstance(given, str) else given.read())
    if as_json:
        render.print_json(node.to_dict())
        return
    render.console(error=False).print(_tree(node))


def _tree(node: Node, parent: Tree | None = None) -> Tree:
    from rich.text import Text  # noqa: PLC0415 - not for --help
    from rich.tree import Tree  # noqa: PLC0415

    if node.kind == "mime":
        title = Text.assemble((clean(node.content_type), "bold"))
        about = [
            f"{node.size:,} octets",
            *([node.transfer_encoding] if node.transfer_encoding else []),
            *([node.name] if node.name else []),
        ]
    else:
        title = Text.assemble((f"CMS {node.kind}", "bold cyan"))
        about = [*filter(None, (node.algorithm,)), f"{node.content_type} inside, {node.size:,} octets"]
    title.append(f"  {clean(', '.join(about))}", "dim")
    tree = Tree(title, guide_style="dim") if parent is None else parent.add(title)

    def row(label: str, value: str, style: str = "") -> Tree:
        return tree.add(Text.assemble((f"{label:<13}", "dim"), (clean(value), style)))

    for signer in node.signers:
        branch = row("signer", signer.sid)
        names = ", ".join(signer.signed_attributes) if signer.signed_attributes is not None else "none"
        branch.add(Text.assemble(("algorithms   ", "dim"), clean(f"{signer.signature_algorithm}, {signer.digest_algorithm}")))
        branch.add(Text.assemble(("attributes   ", "dim"), clean(names)))
        if signer.signing_time is not None:
            branch.add(Text.assemble(("signed at    ", "dim"), clean(f"{signer.signing_time} (claimed)")))
    for recipient, algorithm in node.recipients:
        row("recipient", f"{recipient}  by {algorithm}")
    for certificate in node.certificates:
        branch = row("certificate", certificate.subject)
        branch.add(Text.assemble(("addresses    ", "dim"), clean(", ".join(certificate.addresses) or "none")))
        branch.add(Text.assemble(("issuer       ", "dim"), clean(certificate.issuer)))
        branch.add(
            Text.assemble(("validity     ", "dim"), f"{certificate.not_before.date()} to {certificate.not_after.date()}, {certificate.key}")
        )
    if node.crls:
        row("CRLs", str(node.crls))
    for note in node.notes:
        row("note", note, "yellow")
    if node.error is not None:
        row("unreadable", node.error, "red")
    for child in node.children:
        _tree(child, tree)
    return tree
