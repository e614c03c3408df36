"""Reports for people: trees and tables. Whatever comes out of a message goes through `smime.printable.clean` first."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from smime.findings import Finding, Severity
from smime.printable import clean, json_text
from smime.report import (
    AuthenticationReport,
    CompressionReport,
    DecryptionReport,
    LayerReport,
    Revocation,
    SignerReport,
    Verdict,
    VerificationReport,
)
from smime.x509.summary import CertificateSummary

if TYPE_CHECKING:
    from smime.operations.results import Layer, UnwrappedMessage

__all__ = ["console", "print_json", "print_report", "print_unwrapped"]

_VERDICT_STYLE = {Verdict.VALID: "bold green", Verdict.INVALID: "bold red", Verdict.INDETERMINATE: "bold yellow"}
_SEVERITY_STYLE = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "red"}
_LABEL = 13
_BASES = {"now": "now", "claimed": "the claimed time", "timestamp": "the time of the timestamp"}


def console(*, error: bool = True, width: int = 1_000) -> Console:
    """Return a console on standard error, or on standard output.

    Args:
        error: which of them.
        width: columns where no terminal tells; lines longer than that are cut.
    """
    stream: IO[str] = sys.stderr if error else sys.stdout
    if stream.isatty():
        return Console(file=stream, highlight=False, emoji=False, markup=False)
    return Console(file=stream, highlight=False, emoji=False, markup=False, width=width)


def print_json(data: Any) -> None:
    """Write JSON to standard output."""
    sys.stdout.write(json_text(data, ascii_only=not _unicode(sys.stdout), indent=2) + "\n")
    sys.stdout.flush()


def _unicode(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _row(label: str, value: object, style: str = "") -> Text:
    return Text.assemble((f"{label:<{_LABEL}}", "dim"), (clean(value), style))


def _day(time: object) -> str:
    return str(time)[:10]


def _findings(tree: Tree, findings: Iterable[Finding]) -> None:
    for found in sorted(findings, key=lambda one: (Severity.ERROR, Severity.WARNING, Severity.INFO).index(one.severity)):
        style = _SEVERITY_STYLE[found.severity]
        branch = tree.add(Text.assemble((found.severity.value, style), " ", (clean(found.message), style), (f"  [{found.code}]", "dim")))
        if found.severity is not Severity.INFO and found.advice.rstrip(".") != "Nothing":
            branch.add(Text.assemble(("→ ", "dim"), clean(found.advice)))


def _certificate(tree: Tree, summary: CertificateSummary | None) -> None:
    if summary is None:
        tree.add(_row("certificate", "none found", "yellow"))
        return
    branch = tree.add(_row("certificate", summary.subject))
    branch.add(_row("addresses", ", ".join(summary.addresses) or "none"))
    branch.add(_row("issuer", summary.issuer))
    branch.add(_row("validity", f"{_day(summary.not_before)} to {_day(summary.not_after)}"))
    branch.add(_row("key", summary.key))
    branch.add(_row("SHA-256", summary.sha256))


def _tell(value: bool | None, yes: str, no: str, unknown: str) -> tuple[str, str]:
    if value is None:
        return unknown, "yellow"
    return (yes, "green") if value else (no, "red")


def _signer(tree: Tree, signer: SignerReport) -> None:
    title = ", ".join(signer.addresses) or (signer.certificate_summary.subject if signer.certificate_summary else signer.sid)
    branch = tree.add(Text.assemble(("signer ", "dim"), (clean(title), "bold"), "  ", _verdict(signer.verdict)))
    _certificate(branch, signer.certificate_summary)
    branch.add(_row("content", *_tell(signer.digest_matches, "as it was signed", "not what was signed", "not compared")))
    words, style = _tell(signer.signature_valid, "made by this key", "not made by this key", "not checked")
    branch.add(_row("signature", f"{words} ({signer.signature_algorithm}, {signer.digest_algorithm})", style))
    if signer.trusted:
        names = " ← ".join(clean(_common_name(name)) for name in signer.to_dict()["path"])
        branch.add(_row("chain", f"trusted: {names}", "green"))
    else:
        branch.add(_row("chain", "not trusted", "red"))
    branch.add(_row("address", *_tell(signer.address_matches, "the sender's", "not the sender's", "not compared")))
    style = {Revocation.GOOD: "green", Revocation.REVOKED: "red"}.get(signer.revocation, "yellow")
    branch.add(_row("revocation", signer.revocation.value.replace("-", " "), style))
    if signer.signing_time is not None:
        branch.add(_row("signed at", f"{signer.signing_time.isoformat()} (claimed)"))
    for timestamp in signer.timestamps:
        words, style = ("trusted", "green") if timestamp.trusted else ("not trusted", "yellow")
        time = timestamp.time.isoformat() if timestamp.time is not None else "unreadable"
        _findings(branch.add(_row("timestamp", f"{time}, {words}", style)), timestamp.findings)
    for standing in signer.standing:
        if standing.trusted is not signer.trusted:
            words, style = ("trusted", "green") if standing.trusted else (", ".join(standing.findings) or "not trusted", "yellow")
            when = f"{standing.time.isoformat(timespec='seconds')}, {_BASES.get(standing.basis, standing.basis)}"
            branch.add(_row("chain then", f"{words} ({when})", style))
    _findings(branch, signer.findings)
    for unchecked in signer.unchecked:
        branch.add(_row("not checked", f"{unchecked.what}: {unchecked.why}"))
    for other in signer.countersigners:
        _signer(branch, other)


def _common_name(subject: str) -> str:
    found = re.search(r"(?:^|,)CN=((?:[^,\\]|\\.)*)", subject)
    return found[1] if found else subject


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.name, _VERDICT_STYLE[verdict])


def _title(report: LayerReport) -> Text:
    match report:
        case VerificationReport():
            how = "detached signature" if report.detached else "signature"
            return Text.assemble(
                _verdict(report.verdict), f"  {how}", (f"  at {report.at.isoformat(timespec='seconds')}" if report.at else "", "dim")
            )
        case DecryptionReport():
            words, style = ("decrypted", "green") if report.decrypted else ("not decrypted", "red")
            guard = "notices changes" if report.authenticated else "does not notice changes"
            return Text.assemble((words, style), f"  {clean(report.content_encryption_algorithm)}", (f"  ({guard})", "dim"))
        case CompressionReport():
            return Text(clean(report.algorithm or "certificates"))
        case AuthenticationReport():
            words, style = _tell(report.intact, "as it was written", "changed", "not checked")
            return Text.assemble((words, style), f"  {clean(report.mac_algorithm)}")


def _fill(tree: Tree, report: LayerReport) -> None:
    match report:
        case VerificationReport():
            _findings(tree, report.findings)
            for signer in report.signers:
                _signer(tree, signer)
        case DecryptionReport() | AuthenticationReport():
            good = report.decrypted if isinstance(report, DecryptionReport) else report.intact
            for index, recipient in enumerate(report.recipients):
                used = index == report.recipient
                by = f"  by {report.key_encryption_algorithm}" if used and report.key_encryption_algorithm else ""
                tree.add(_row("recipient", f"{recipient}{by}", "green" if used and good else ""))
            _findings(tree, report.findings)
        case CompressionReport():
            if report.intact is not None:
                tree.add(_row("digest", *_tell(report.intact, "matches", "does not match", "")))
            _findings(tree, report.findings)


def print_report(report: LayerReport, *, error: bool = True) -> None:
    """Print one report as a tree."""
    tree = Tree(_title(report), guide_style="dim")
    _fill(tree, report)
    console(error=error).print(tree)


def print_unwrapped(message: UnwrappedMessage, *, error: bool = True) -> None:
    """Print a message's layers as a tree."""
    status = {"unprotected": "yellow"}.get(message.status, "bold green")
    tree = Tree(Text.assemble(("status ", "dim"), (message.status, status)), guide_style="dim")
    inner = tree
    for layer in message.layers:
        inner = _layer(inner, layer)
    for errant in message.errant_layers:
        inner.add(
            _row("by itself", f"part {errant.part} is {errant.kind} ({errant.content_type}); that says nothing about the whole", "yellow")
        )
    console(error=error).print(tree)


def _layer(tree: Tree, layer: Layer) -> Tree:
    branch = tree.add(Text.assemble((f"{layer.kind} ", "bold"), (f"{clean(layer.content_type)}  ", "dim"), _title(layer.report)))
    _fill(branch, layer.report)
    _findings(branch, layer.findings)
    return branch


def joined(values: Sequence[str]) -> str:
    """Return the values in one cell."""
    return clean(", ".join(values))
