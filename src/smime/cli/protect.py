"""``smime sign`` and ``smime encrypt``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smime.cli.failures import UNREADABLE, USAGE, Failure
from smime.cli.inputs import Passwords, load_certificates, load_keystores, message_argument, source, target
from smime.cli.progress import bar
from smime.errors import PolicyError, UnsupportedError

if TYPE_CHECKING:
    from typing import Literal

    Encoding = Literal["smime", "der", "pem"]

__all__ = ["commands"]

_OUTPUT = click.option("-o", "--output", metavar="OUT", help="Write to OUT, which appears when all is well; default is standard output.")
_ENCODING = click.option(
    "--encoding",
    type=click.Choice(["smime", "der", "pem"]),
    default="smime",
    show_default=True,
    help="A mail, or the bare CMS object around the octets as they are.",
)


def _may_sign(certificate: Any) -> bool:
    return certificate.key_usage is None or bool(certificate.key_usage & {"digitalSignature", "nonRepudiation"})


def _protect(function: Callable[[], None]) -> None:
    try:
        function()
    except UnsupportedError as error:  # what was asked for, not what was read
        raise Failure(str(error), USAGE) from None


@click.command("sign")
@click.option(
    "-s", "--signer", "keystores", metavar="KEYSTORE", multiple=True, required=True,
    help="Private key and certificates: PEM, DER or PKCS#12. May be repeated for several signers.",
)  # fmt: skip
@click.option("--password-file", metavar="FILE", help="The first line of FILE is the password of the key stores.")
@click.option("--opaque", is_flag=True, help="Put the content into the signature (application/pkcs7-mime) instead of before it.")
@_ENCODING
@_OUTPUT
@message_argument
def sign(
    *, keystores: tuple[str, ...], password_file: str | None, opaque: bool, encoding: Encoding, output: str | None, message: str
) -> None:
    """Sign a message."""
    from smime import Signer, files  # noqa: PLC0415 - not for --help

    passwords = Passwords(password_file)
    signers = []
    for path in keystores:
        identities = load_keystores([path], passwords)
        if len(identities) > 1:  # one key to sign and one to decrypt in one store
            identities = [identity for identity in identities if _may_sign(identity.facts)] or identities
        if len(identities) != 1:
            raise Failure(f"key store {path}: holds {len(identities)} keys, and one is needed to sign", USAGE)
        (identity,) = identities
        signers.append(Signer(identity.private_key, identity.facts, identity.chain))
    where = target(output)
    with bar(message, where) as progress:
        _protect(lambda: files.sign(source(message), where, signers, detached=not opaque, encoding=encoding, progress=progress))


@click.command("encrypt")
@click.option(
    "-r", "--recipient", "recipients", metavar="CERT", multiple=True, required=True,
    help="Certificate of a recipient: PEM, DER or certs-only CMS; with --store, also a mail address. May be repeated.",
)  # fmt: skip
@click.option("--store", metavar="FILE", help="What smime archive certs --store has learned of correspondents.")
@click.option("--cipher", metavar="NAME", help="Content encryption, such as aes-256-gcm (the default) or aes-256-cbc for older readers.")
@_ENCODING
@_OUTPUT
@message_argument
def encrypt(
    *, recipients: tuple[str, ...], store: str | None, cipher: str | None, encoding: Encoding, output: str | None, message: str
) -> None:
    """Encrypt a message."""
    from smime import files  # noqa: PLC0415 - not for --help

    certificates: list[Any] = []
    for path in recipients:
        if store is not None and "@" in path and not Path(path).exists():
            certificates.append(_correspondent(store, path))
            continue
        found = load_certificates([path]).certificates
        if not found:
            raise Failure(f"certificate {path}: there is no certificate", UNREADABLE)
        certificates.append(next(iter(found)))  # a bundle begins with the certificate of its subject
    where = target(output)
    with bar(message, where) as progress:
        _protect(
            lambda: files.encrypt(source(message), where, certificates, content_encryption=cipher, encoding=encoding, progress=progress)
        )


def _correspondent(store: str, address: str) -> Any:
    """Return the recipient with this address."""
    from smime.archive import CorrespondentStore  # noqa: PLC0415 - not for --help

    if not Path(store).is_file():
        raise Failure(f"{store}: no such file", UNREADABLE)
    try:
        with CorrespondentStore(store) as known:
            return known.recipient(address)
    except KeyError:
        raise Failure(f"{address}: nothing is known of this address in {store}", UNREADABLE) from None
    except (PolicyError, ValueError) as error:
        raise Failure(str(error), UNREADABLE) from None


commands = (sign, encrypt)
