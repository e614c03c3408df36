"""What the commands read: messages, key stores with their passwords, certificates, trust anchors, times."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import click

from smime.cli.failures import UNREADABLE, Failure
from smime.errors import SMIMEError
from smime.printable import clean

if TYPE_CHECKING:
    from smime.pki.identity import Identity
    from smime.pki.keystores.read import Found
    from smime.pki.trust import TrustStore

__all__ = [
    "Passwords",
    "TimeType",
    "content_key_options",
    "load_certificates",
    "load_keystores",
    "load_trust",
    "message_argument",
    "read_file",
    "source",
    "target",
]

F = TypeVar("F", bound=Callable[..., Any])

_LARGEST_FILE = 64 << 20  # of keys, certificates and CRLs
_KEPT_IN_MEMORY = 8 << 20


def message_argument(function: F) -> F:
    """Add the argument IN."""
    return click.argument("message", metavar="[IN]", default="-", type=click.Path(path_type=str))(function)


def source(message: str, *, again: bool = False) -> str | BinaryIO:
    """Return what `smime.files` reads: the path, or standard input for ``-``.

    Args:
        message: the argument IN.
        again: the message may have to be read more than once, so that a pipe is kept in a temporary file.
    """
    if message != "-":
        if Path(message).is_dir():
            raise Failure(f"{message}: is a folder (see smime archive)", UNREADABLE)
        return message
    stream: BinaryIO = sys.stdin.buffer
    if sys.stdin.isatty():
        click.echo("smime: reading the message from the terminal (end with Ctrl-D)", err=True)
    if not again or stream.seekable():
        return stream
    kept = tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY)  # noqa: SIM115 - closed with the command
    click.get_current_context().call_on_close(kept.close)
    shutil.copyfileobj(stream, kept, 1 << 20)
    kept.seek(0)
    return cast("BinaryIO", kept)


def target(path: str | None) -> str | BinaryIO:
    """Return what `smime.files` writes: the path, or standard output for ``-`` and for nothing."""
    if path is None or path == "-":
        return sys.stdout.buffer
    folder = Path(path).parent
    if not folder.is_dir():
        raise Failure(f"{path}: there is no folder {folder}", UNREADABLE)
    return path


def read_file(path: str, what: str) -> bytes:
    """Return the content of a small file.

    Raises:
        Failure: it cannot be read, or is far too big for what it should be.
    """
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise Failure(f"{what} {path}: {reason}", UNREADABLE) from None
    if len(data) > _LARGEST_FILE:
        raise Failure(f"{what} {path}: larger than {_LARGEST_FILE >> 20} MiB", UNREADABLE)
    return data


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


class Passwords:
    """Passwords of key stores: from ``--password-file``, else from SMIME_PASSWORD, else asked for on a terminal.

    The first line of the file counts, without its line end.
    """

    def __init__(self, file: str | None) -> None:
        self._given: bytes | None = None
        if file is not None:
            self._given = read_file(file, "password file").split(b"\n", 1)[0].removesuffix(b"\r")
        elif (variable := os.environ.get("SMIME_PASSWORD")) is not None:
            self._given = os.fsencode(variable)
        self._asked: dict[str, bytes] = {}

    def ask(self, path: str) -> bytes:
        """Return the password of a key store.

        Raises:
            Failure: there is none, and nobody to ask.
        """
        if self._given is not None:
            return self._given
        if path not in self._asked:
            if not _somebody_is_there():
                raise Failure(f"key store {path} has a password: give --password-file FILE or set SMIME_PASSWORD", UNREADABLE)
            self._asked[path] = click.prompt(f"Password of {clean(path)}", hide_input=True, err=True).encode()
        return self._asked[path]


def load_keystores(paths: Sequence[str], passwords: Passwords) -> list[Identity]:
    """Return all identities of the key stores (PEM, DER, PKCS#12).

    Raises:
        Failure: one cannot be read, or needs another password.
    """
    return [identity for path in paths for identity in _keystore(path, passwords)]


def _keystore(path: str, passwords: Passwords) -> list[Identity]:
    import smime  # noqa: PLC0415 - not for --help

    data = read_file(path, "key store")
    try:
        return smime.load_identities(data, lambda: passwords.ask(path))
    except SMIMEError as error:
        raise Failure(f"key store {path}: {error}", UNREADABLE) from None


def load_certificates(paths: Sequence[str], what: str = "certificate") -> Found:
    """Return all certificates and CRLs of the files (PEM, DER, certs-only CMS) and folders of them.

    Raises:
        Failure: one cannot be read.
    """
    from smime.pki.keystores.read import Found, read_certificates, read_folder  # noqa: PLC0415 - not for --help

    found = Found()
    for path in paths:
        try:
            found.take(read_folder(Path(path)) if Path(path).is_dir() else read_certificates(read_file(path, what)))
        except SMIMEError as error:
            raise Failure(f"{what} {path}: {error}", UNREADABLE) from None
    return found


def load_trust(roots: Sequence[str], crls: Sequence[str] = (), certificates: Sequence[str] = (), *, fetch: bool = False) -> TrustStore:
    """Return a store of the anchors, CRLs and intermediate certificates in the files, which may ask the network for revocation.

    Raises:
        Failure: one cannot be read, or there is no anchor.
    """
    import smime  # noqa: PLC0415 - not for --help

    anchors = load_certificates(roots, "trust anchors")
    if not anchors.certificates:
        raise Failure(f"trust anchors {', '.join(roots)}: there is no certificate", UNREADABLE)
    if not anchors.anchors:
        raise Failure(f"trust anchors {', '.join(roots)}: no certificate may be trusted for mail", UNREADABLE)
    others = load_certificates(certificates)
    lists = load_certificates(crls, "CRL")
    if crls and not lists.crls:
        raise Failure(f"CRL {', '.join(crls)}: there is no revocation list", UNREADABLE)
    intermediates = [*anchors.distrusted, *others.certificates]
    fetcher = None
    if fetch:
        from smime.pki.fetch import HTTPFetcher  # noqa: PLC0415 - rare

        fetcher = HTTPFetcher()
    return smime.TrustStore(anchors.anchors, intermediates, [*anchors.crls, *others.crls, *lists.crls], fetcher=fetcher)


class TimeType(click.ParamType):  # type: ignore[type-arg]  # generic only in recent versions of click
    """A time in ISO 8601, such as ``2014-03-01`` or ``2014-03-01T12:00:00+01:00``; without a zone it is UTC.

    Args:
        words: what else is allowed, handed on as it is.
    """

    name = "time"

    def __init__(self, words: Sequence[str] = ()) -> None:
        self._words = tuple(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the aware datetime, or the word."""
        if isinstance(value, datetime) or value in self._words:
            return value
        text = value.strip()
        try:
            time = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
        except ValueError:
            words = "".join(f', or "{word}"' for word in self._words)
            self.fail(f'"{value}" is not a time such as 2014-03-01 or 2014-03-01T12:00:00Z{words}', param, ctx)
        return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)


def content_key_options(function: F) -> F:
    """Add the options that name key stores for decryption."""
    function = click.option("--password-file", metavar="FILE", help="The first line of FILE is the password of the key stores.")(function)
    return click.option(
        "-k",
        "--key",
        "keystores",
        metavar="KEYSTORE",
        multiple=True,
        help="Private key and certificate: PEM, DER or PKCS#12. May be repeated.",
    )(function)
