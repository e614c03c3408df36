"""The mail addresses of a certificate (RFC 5280 section 4.2.1.6, RFC 8550 section 3, RFC 9598)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from smime.asn1 import tlv
from smime.errors import ParseError
from smime.x509.extensions import MOST_ENTRIES

__all__ = ["CertificateAddress", "alternative_addresses", "parse_address"]

SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"


@dataclass(frozen=True, slots=True)
class CertificateAddress:
    """A mail address in a certificate.

    Attributes:
        kind: ``"rfc822Name"`` or ``"SmtpUTF8Mailbox"`` of the subject alternative name, or ``"emailAddress"`` of the subject.
        local: the local part, unquoted, as given.
        domain: the domain, lower case; internationalised labels as A-labels.
    """

    kind: Literal["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"]
    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*|\[[!-Z^-~]+\]")
_DOT_ATOM = re.compile(r"[^\x00-\x20\"(),:;<>@\[\\\]\x7f]+")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[ -~])*)"')


def parse_address(text: str, kind: Literal["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"]) -> CertificateAddress | str:
    """Check an address of a certificate (RFC 5280 section 4.2.1.6, RFC 9598 section 3); return it, or what is wrong with it."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        return "it is not local-part@domain"
    if len(domain) > 255:
        return "its domain is longer than domains are"
    if not domain.isascii():
        return "its domain is not ASCII: A-labels have to stand there"
    if not _DOMAIN.fullmatch(domain):
        return "its domain is not one"
    quoted = _QUOTED.fullmatch(local)
    if quoted is not None:
        local = re.sub(r"\\(.)", r"\1", quoted[1])
    elif not _DOT_ATOM.fullmatch(local):
        return "its local part holds characters that may not stand there"
    if kind == "SmtpUTF8Mailbox":
        if local.isascii():
            return "its local part is ASCII, so it has to be an rfc822Name"
        if domain != domain.lower():
            return "its domain is not in lower case"
        if "\ufeff" in text:
            return "it holds a byte order mark"
    elif not local.isascii():
        return "its local part is not ASCII, so it has to be an SmtpUTF8Mailbox"
    return CertificateAddress(kind, local, domain.lower())


def alternative_addresses(value: bytes, faults: list[str]) -> list[tuple[Literal["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"], str]]:
    """Return the mail addresses of a subject alternative name."""
    found: list[tuple[Literal["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"], str]] = []
    _, start, end = tlv.element(value, 0, len(value))
    for tag, name_start, name_end in tlv.children(value, start, end, MOST_ENTRIES):
        if tag == 0x81:
            text = value[name_start:name_end]
            if text.isascii():
                found.append(("rfc822Name", text.decode()))
            else:
                faults.append(f"{text!r}: an rfc822Name is ASCII")
        elif tag == 0xA0:
            parts = tlv.children(value, name_start, name_end)
            if len(parts) != 2 or parts[0][0] != tlv.OID:
                raise ParseError("x509", "an otherName is malformed", name_start)
            if tlv.object_identifier(value[parts[0][1] : parts[0][2]]) != SMTP_UTF8_MAILBOX:
                continue
            inner_tag, inner_start, inner_end = tlv.element(value, parts[1][1], parts[1][2])
            text = value[inner_start:inner_end]
            if inner_tag != 0x0C:
                faults.append(f"{text!r}: an SmtpUTF8Mailbox is a UTF8String")
                continue
            try:
                found.append(("SmtpUTF8Mailbox", text.decode()))
            except UnicodeDecodeError:
                faults.append(f"{text!r}: an SmtpUTF8Mailbox is UTF-8")
    return found
