"""``smime verify``, ``smime decrypt`` and ``smime unwrap``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeVar

import click

from smime.cli.failures import NOT_VALID, Failure
from smime.cli.inputs import (
    Passwords,
    TimeType,
    content_key_options,
    load_keystores,
    load_trust,
    message_argument,
    source,
    target,
)
from smime.cli.progress import bar
from smime.errors import PolicyError, VerificationError
from smime.printable import clean

if TYPE_CHECKING:
    from smime.policy import Policy

__all__ = ["commands", "network_options", "policy_of", "trust_options"]

_EXPLAINED = 16 << 20  # octets of a message that is looked into for what broke its signature

F = TypeVar("F", bound=Callable[..., Any])


def trust_options(*, required: bool, times: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Return a decorator that adds the options of a verdict.

    Args:
        required: ``--trust`` must be given.
        times: words that ``--at`` takes besides a time.
    """
    words = "".join(f', or "{word}"' for word in times)

    def decorate(function: F) -> F:
        for option in (
            click.option("--require-revocation", is_flag=True, help="Without proof that it is not revoked, no certificate is good."),
            click.option("--archive-policy", is_flag=True, help="Read MD5, SHA-1, 3DES, RC2, short RSA keys as well, and say so."),
            click.option("--crl", "crls", metavar="FILE", multiple=True, help="Revocation list: PEM or DER. May be repeated."),
            click.option("--certs", metavar="FILE", multiple=True, help="Further certificates, not trusted. May be repeated."),
            click.option("--at", type=TimeType(times), metavar="TIME", help=f"The time to judge certificates at: ISO 8601{words}."),
            click.option(
                "--trust", "roots", metavar="ROOTS", multiple=True, required=required,
                help="Trust anchors: a file (PEM, DER, certs-only CMS; never a signature) or a folder of them. May be repeated.",
            ),
        ):  # fmt: skip
            function = option(function)
        return function

    return decorate


def policy_of(archive_policy: bool, require_revocation: bool = False) -> Policy:
    """Return the policy that the options ask for."""
    from smime import policies  # noqa: PLC0415 - not for --help

    policy = policies.ARCHIVE if archive_policy else policies.RFC8551
    return policy.replace(revocation="require") if require_revocation else policy


def network_options(function: F) -> F:
    """Add the options of who else is believed and asked about a verdict."""
    for option in (
        click.option("--fetch", is_flag=True, help="Ask the network for CRLs and OCSP responses that the certificates point to."),
        click.option(
            "--tsa", "clocks", metavar="ROOTS", multiple=True,
            help="Trust anchors of time-stamping authorities, whose timestamps make up for certificates that expired since.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


_UNVERIFIED = click.option(
    "--unverified", "release", flag_value="unverified", default="verified", help="To standard output, write content before it is checked."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Write the report as JSON to standard output.")
_SENDER = click.option("--sender", metavar="ADDRESS", help="From whom the message came, instead of what its From field says.")
_CONTENT = click.option("--content", metavar="FILE", help="The content of a detached signature in a bare CMS object (.p7s).")


def _output_of(output: str | None, as_json: bool) -> Any:
    """Return where content goes: not to standard output where a report goes there or a person looks at it, unless asked for."""
    if output is None and (as_json or sys.stdout.isatty()):
        return None
    if output == "-" and as_json:
        raise click.UsageError("the report and the content cannot both go to standard output: give -o FILE")
    return target(output)


def _now(at: datetime | None) -> datetime | None:
    """Return the present, if another time is looked at: the report then says how things stand now as well."""
    return datetime.now(timezone.utc) if at is not None else None


def _explain(given: str | BinaryIO) -> None:
    """Say what was done to a message on its way, if that can be found out."""
    from smime import SMIMEError, diagnose  # noqa: PLC0415 - not for --help

    try:
        if isinstance(given, str):
            with Path(given).open("rb") as stream:
                octets = stream.read(_EXPLAINED + 1)
        else:
            given.seek(0)
            octets = given.read(_EXPLAINED + 1)
        causes = diagnose(octets).causes if len(octets) <= _EXPLAINED else ()
    except (OSError, SMIMEError):
        return
    for cause in causes:
        click.echo(f"what was done to it: {clean(cause.sentence)} {clean(cause.advice)}", err=True)


def _discard() -> BinaryIO:
    """Return a stream for content that nobody wants: it is decrypted all the same, since only then is known whether it can be."""
    return click.get_current_context().with_resource(Path(os.devnull).open("wb"))


@click.command("verify")
@trust_options(required=True)
@network_options
@_SENDER
@_CONTENT
@_JSON
@_UNVERIFIED
@click.option("-o", "--output", metavar="CONTENT", help="Write the signed content there if it is valid; default is standard output.")
@message_argument
def verify(
    *,
    roots: tuple[str, ...],
    at: datetime | None,
    certs: tuple[str, ...],
    crls: tuple[str, ...],
    archive_policy: bool,
    require_revocation: bool,
    clocks: tuple[str, ...],
    fetch: bool,
    sender: str | None,
    content: str | None,
    as_json: bool,
    release: Literal["verified", "unverified"],
    output: str | None,
    message: str,
) -> None:
    """Verify a signed message: signature, chain, time, usage, revocation as far as known, and the sender's address.

    The report goes to standard error, the content to standard output unless that is a terminal.
    """
    from smime import files  # noqa: PLC0415 - not for --help
    from smime.cli import render  # noqa: PLC0415

    trust = load_trust(roots, crls, certs, fetch=fetch)
    tsa = load_trust(clocks, crls, certs, fetch=fetch) if clocks else None
    where = _output_of(output, as_json)
    policy = policy_of(archive_policy, require_revocation)
    given = source(message, again=True)
    try:
        with bar(message, where) as progress:
            report = files.verify(
                given,
                where,
                trust,
                content=content,
                at=at,
                sender=sender,
                tsa=tsa,
                now=_now(at),
                policy=policy,
                release=release,
                progress=progress,
            ).report
    except VerificationError as error:
        if as_json:
            render.print_json(error.report.to_dict())
        else:
            render.print_report(error.report)
            if content is None and any(found.code == "digest-mismatch" for found in error.report.all_findings()):
                _explain(given)
        raise
    if as_json:
        render.print_json(report.to_dict())
    else:
        render.print_report(report)


@click.command("decrypt")
@content_key_options
@click.option("--archive-policy", is_flag=True, help="Read DES, 3DES and RC2 as well, and say so.")
@_JSON
@_UNVERIFIED
@click.option("-o", "--output", metavar="OUT", help="Write the content there once it is known to be good; default is standard output.")
@message_argument
def decrypt(
    *,
    keystores: tuple[str, ...],
    password_file: str | None,
    archive_policy: bool,
    as_json: bool,
    release: Literal["verified", "unverified"],
    output: str | None,
    message: str,
) -> None:
    """Decrypt a message: its outermost layer."""
    from smime import files  # noqa: PLC0415 - not for --help
    from smime.cli import render  # noqa: PLC0415

    if not keystores:
        raise click.UsageError("give the key store of a recipient: -k KEYSTORE")
    identities = load_keystores(keystores, Passwords(password_file))
    where = _discard() if as_json and output is None else target(output)
    try:
        with bar(message, where) as progress:
            decrypted = files.decrypt(
                source(message, again=True), where, identities, policy=policy_of(archive_policy), release=release, progress=progress
            )
    except PolicyError as error:
        raise Failure(f"{error}{'' if archive_policy else ' (--archive-policy reads old algorithms)'}", NOT_VALID) from None
    if as_json:
        render.print_json(decrypted.report.to_dict())
    elif any(found.severity.value != "info" for found in decrypted.report.findings):
        render.print_report(decrypted.report)


@click.command("unwrap")
@content_key_options
@trust_options(required=False)
@network_options
@_SENDER
@_CONTENT
@_JSON
@click.option("-o", "--output", metavar="OUT", help="Write the innermost content there; default is standard output.")
@message_argument
def unwrap(
    *,
    keystores: tuple[str, ...],
    password_file: str | None,
    roots: tuple[str, ...],
    at: datetime | None,
    certs: tuple[str, ...],
    crls: tuple[str, ...],
    archive_policy: bool,
    require_revocation: bool,
    clocks: tuple[str, ...],
    fetch: bool,
    sender: str | None,
    content: str | None,
    as_json: bool,
    output: str | None,
    message: str,
) -> None:
    """Take a message apart: decrypt, verify and decompress every layer, and report on each.

    The content is written whatever the verdicts are. The exit status is 1 if a layer could not be decrypted or a signature is not VALID,
    which no signature is without --trust.
    """
    from smime import Verdict, files  # noqa: PLC0415 - not for --help
    from smime.cli import render  # noqa: PLC0415
    from smime.report import DecryptionReport  # noqa: PLC0415

    if not roots and (crls or certs or clocks or fetch):
        raise click.UsageError("--crl, --certs, --tsa and --fetch need --trust")
    identities = load_keystores(keystores, Passwords(password_file))
    trust = load_trust(roots, crls, certs, fetch=fetch) if roots else None
    where = _output_of(output, as_json)
    with bar(message, where) as progress:
        unwrapped = files.unwrap(
            source(message, again=True),
            where,
            identities=identities,
            trust=trust,
            content=content,
            at=at,
            sender=sender,
            tsa=load_trust(clocks, crls, certs, fetch=fetch) if clocks else None,
            now=_now(at),
            policy=policy_of(archive_policy, require_revocation),
            progress=progress,
        )
    if as_json:
        render.print_json(unwrapped.to_dict())
    else:
        render.print_unwrapped(unwrapped)
    closed = any(isinstance(layer.report, DecryptionReport) and not layer.report.decrypted for layer in unwrapped.layers)
    if closed:
        raise Failure("a layer could not be decrypted", NOT_VALID)
    if unwrapped.verdict not in {None, Verdict.VALID}:
        raise Failure(
            "a signature is not valid" if trust is not None else "no signature was checked against an anchor (--trust)", NOT_VALID
        )


commands = (verify, decrypt, unwrap)
