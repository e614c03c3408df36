"""Commands and their parameters, read and written (RFC 5321 section 4.1, and the extensions that `EXTENSIONS` names)."""

from __future__ import annotations

import re
from typing import NamedTuple

from smime.gateway.wire.replies import Reply

__all__ = [
    "CLIENT_ATTRIBUTES",
    "FORWARD_ATTRIBUTES",
    "Mail",
    "Rcpt",
    "decode_xtext",
    "encode_xtext",
    "parse_attributes",
    "parse_mail",
    "parse_rcpt",
    "write_attributes",
    "write_mail",
    "write_rcpt",
]

FORWARD_ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
"""What XFORWARD tells of the client that the message came from (Postfix XFORWARD_README)."""
CLIENT_ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT")
"""What XCLIENT sets, as if that client spoke itself (Postfix XCLIENT_README)."""

_PATH_OCTETS = rb"(?:\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*\"|[^\x00-\x20\"<>\x7f])*"
_ARGUMENT = re.compile(rb"[ \t]*<(?:@[^\s:<>\"]+:)?(%b)>(?:[ \t]+(.*))?\Z" % _PATH_OCTETS)
_PATH = re.compile(rb"%b\Z" % _PATH_OCTETS)
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f][^\x00-\x20\x7f]*))?\Z")
_XTEXT = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*\Z")
_XTEXT_PAIR = re.compile(rb"\+([0-9A-F]{2})")
_NOT_XTEXT = re.compile(rb"[^!-*,-<>-~]")
_ORCPT = re.compile(rb"[A-Za-z0-9-]+;\S+\Z")
_NOTIFY = re.compile(r"(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2})\Z")
_LONGEST_PATH = 512  # octets: RFC 5321 section 4.5.3.1.3 says 256, RFC 6531 counts no octets
_LONGEST_VALUE = 1024
_UNAVAILABLE = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})


class Mail(NamedTuple):
    """MAIL FROM.

    Attributes:
        sender: the reverse path without its brackets; empty in a notification.
        size: octets as declared (RFC 1870), or None.
        body: ``"7BIT"`` or ``"8BITMIME"`` (RFC 6152), or None.
        smtputf8: addresses or header fields may be UTF-8 (RFC 6531).
        ret: ``"FULL"`` or ``"HDRS"`` (RFC 3461 section 4.3), or None.
        envid: the envelope identifier, still xtext (RFC 3461 section 4.4), or None.
    """

    sender: str
    size: int | None = None
    body: str | None = None
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None


class Rcpt(NamedTuple):
    """RCPT TO.

    Attributes:
        recipient: the forward path without its brackets.
        notify: the value of NOTIFY in upper case (RFC 3461 section 4.1), or None.
        orcpt: the value of ORCPT as it came (RFC 3461 section 4.2), or None.
    """

    recipient: str
    notify: str | None = None
    orcpt: str | None = None


def decode_xtext(value: bytes) -> bytes:
    """Return what xtext stands for (RFC 3461 section 4)."""
    return _XTEXT_PAIR.sub(lambda match: bytes((int(match[1], 16),)), value) if b"+" in value else value


def encode_xtext(value: bytes) -> bytes:
    """Return octets as xtext."""
    return _NOT_XTEXT.sub(lambda match: b"+%02X" % match[0][0], value)


def _path(argument: bytes, *, null: bool) -> tuple[str, list[bytes]] | None:
    match = _ARGUMENT.match(argument)
    if match is None:
        return None
    octets = match[1]
    if len(octets) > _LONGEST_PATH or (not octets and not null):
        return None
    try:
        path = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if path and not 0 < path.rfind("@") < len(path) - 1 and path.lower() != "postmaster":
        return None
    return path, match[2].split() if match[2] else []


def _parameters(words: list[bytes]) -> dict[str, bytes] | None:
    found: dict[str, bytes] = {}
    for word in words:
        match = _PARAMETER.match(word)
        if match is None or (name := match[1].decode("ascii").upper()) in found:
            return None
        found[name] = match[2] or b""
    return found


_SENDER = Reply(501, "5.1.7", "Bad sender address syntax")
_RECIPIENT = Reply(501, "5.1.3", "Bad recipient address syntax")
_PARAMETERS = Reply(501, "5.5.4", "Bad parameter syntax")
_NOT_ASCII = Reply(553, "5.6.7", "An address that is not ASCII needs SMTPUTF8")


def parse_mail(argument: bytes) -> Mail | Reply:
    """Read what follows ``MAIL``; return the reply if it cannot be read."""
    if argument[:5].upper() != b"FROM:":
        return Reply(501, "5.5.4", "Syntax: MAIL FROM:<address>")
    found = _path(argument[5:], null=True)
    if found is None:
        return _SENDER
    sender, words = found
    if not words and sender.isascii():
        return Mail(sender)
    parameters = _parameters(words)
    if parameters is None:
        return _PARAMETERS
    size: int | None = None
    body: str | None = None
    ret: str | None = None
    envid: str | None = None
    smtputf8 = False
    for name, value in parameters.items():
        if name == "SIZE" and value.isdigit() and len(value) <= 20:
            size = int(value)
        elif name == "BODY" and value.upper() in {b"7BIT", b"8BITMIME"}:
            body = value.upper().decode("ascii")
        elif name == "SMTPUTF8" and not value:
            smtputf8 = True
        elif name == "RET" and value.upper() in {b"FULL", b"HDRS"}:
            ret = value.upper().decode("ascii")
        elif name == "ENVID" and value and len(value) <= _LONGEST_VALUE and _XTEXT.match(value):
            envid = value.decode("ascii")
        elif name in {"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID"}:
            return _PARAMETERS
        else:
            return Reply(555, "5.5.4", f"Unsupported parameter {name}")
    if not smtputf8 and not sender.isascii():
        return _NOT_ASCII
    return Mail(sender, size, body, smtputf8, ret, envid)


def parse_rcpt(argument: bytes, *, smtputf8: bool) -> Rcpt | Reply:
    """Read what follows ``RCPT``; return the reply if it cannot be read.

    Args:
        argument: the octets.
        smtputf8: MAIL said that addresses may be UTF-8.
    """
    if argument[:3].upper() != b"TO:":
        return Reply(501, "5.5.4", "Syntax: RCPT TO:<address>")
    found = _path(argument[3:], null=False)
    if found is None:
        return _RECIPIENT
    recipient, words = found
    if not smtputf8 and not recipient.isascii():
        return _NOT_ASCII
    if not words:
        return Rcpt(recipient)
    parameters = _parameters(words)
    if parameters is None:
        return _PARAMETERS
    notify: str | None = None
    orcpt: str | None = None
    for name, value in parameters.items():
        if name == "NOTIFY" and _NOTIFY.match(text := value.decode("ascii", "replace").upper()):
            notify = text
        elif name == "ORCPT" and len(value) <= _LONGEST_VALUE and _ORCPT.match(value) and (smtputf8 or value.isascii()):
            orcpt = value.decode("utf-8", "replace")
        elif name in {"NOTIFY", "ORCPT"}:
            return _PARAMETERS
        else:
            return Reply(555, "5.5.4", f"Unsupported parameter {name}")
    return Rcpt(recipient, notify, orcpt)


def parse_attributes(argument: bytes, known: tuple[str, ...]) -> dict[str, str | None] | Reply:
    """Read what follows ``XFORWARD`` or ``XCLIENT``; return the reply if it cannot be read.

    Args:
        argument: the octets.
        known: the attributes that were announced.

    Returns:
        The attributes in upper case; None where the value is said to be unavailable.
    """
    words = argument.split()
    found: dict[str, str | None] = {}
    for word in words:
        name, equals, value = word.partition(b"=")
        attribute = name.decode("ascii", "replace").upper()
        if not equals or attribute not in known or len(value) > _LONGEST_VALUE or not _XTEXT.match(value):
            return Reply(501, "5.5.4", "Bad attribute syntax")
        text = decode_xtext(value).decode("utf-8", "replace")
        if not text.isprintable():
            return Reply(501, "5.5.4", "Bad attribute value")
        found[attribute] = None if text.upper() in _UNAVAILABLE or not text else text
    if not found:
        return Reply(501, "5.5.4", "Syntax: attribute=value...")
    return found


def write_mail(mail: Mail, extensions: frozenset[str]) -> bytes:
    """Return the command, with those parameters that the server announced.

    Args:
        mail: the sender and its parameters; `size` and `body` as they are now.
        extensions: keywords in upper case.

    Raises:
        ValueError: the sender would not stay one path.
    """
    parameters = ""
    if mail.size is not None and "SIZE" in extensions:
        parameters += f" SIZE={mail.size}"
    if mail.body is not None and "8BITMIME" in extensions:
        parameters += f" BODY={mail.body}"
    if mail.smtputf8 and "SMTPUTF8" in extensions:
        parameters += " SMTPUTF8"
    if "DSN" in extensions:
        if mail.ret is not None:
            parameters += f" RET={mail.ret}"
        if mail.envid is not None:
            parameters += f" ENVID={mail.envid}"
    return b"MAIL FROM:<%b>%b\r\n" % (_checked(mail.sender), parameters.encode("ascii"))


def write_rcpt(rcpt: Rcpt, extensions: frozenset[str]) -> bytes:
    """Return the command, with those parameters that the server announced.

    Raises:
        ValueError: the recipient would not stay one path.
    """
    parameters = ""
    if "DSN" in extensions:
        if rcpt.notify is not None:
            parameters += f" NOTIFY={rcpt.notify}"
        if rcpt.orcpt is not None:
            parameters += f" ORCPT={rcpt.orcpt}"
    return b"RCPT TO:<%b>%b\r\n" % (_checked(rcpt.recipient), parameters.encode())


def _checked(path: str) -> bytes:
    octets = path.encode()
    if _PATH.match(octets) is None:
        raise ValueError(f"{path!r} is no path")
    return octets


_LONGEST_COMMAND = 512


def write_attributes(command: str, attributes: dict[str, str | None], announced: frozenset[str]) -> list[bytes]:
    """Return the commands XFORWARD or XCLIENT that tell these attributes, none of them longer than 512 octets.

    Args:
        command: which of the two.
        attributes: names and values; None is told as unavailable.
        announced: what the server takes.
    """
    lines: list[bytes] = []
    line = command.encode("ascii")
    for name, value in attributes.items():
        if name not in announced:
            continue
        word = b" %b=%b" % (name.encode("ascii"), b"[UNAVAILABLE]" if value is None else encode_xtext(value.encode()))
        if len(line) + len(word) > _LONGEST_COMMAND - 2 and len(line) > len(command):
            lines.append(line + b"\r\n")
            line = command.encode("ascii")
        line += word
    if len(line) > len(command):
        lines.append(line + b"\r\n")
    return lines
