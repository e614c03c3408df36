"""In which form a message comes: MIME, BER, PEM or base64, told from its first octets."""

from __future__ import annotations

import enum
import re

__all__ = ["FIRST_LINE", "PEM_BEGIN", "PEM_LABELS", "Form", "sniff"]


class Form(enum.Enum):
    """The form of a message to be read."""

    MIME = "mime"
    BINARY = "binary"
    PEM = "pem"
    BASE64 = "base64"


FIRST_LINE = 1024
_PEM_SEARCH = 1 << 16
PEM_BEGIN = b"-----BEGIN "
PEM_LABELS = (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|>?From ")
_BASE64_LINE = re.compile(rb"M[A-I][A-Za-z0-9+/]*={0,2}[ \t\r]*\Z")


def sniff(head: bytes, *, final: bool) -> Form | None:
    """Tell from its first octets in which form a message comes.

    Args:
        head: the first octets.
        final: there are no more.

    Returns:
        The form, or None if more octets are needed to tell.
    """
    if len(head) < 3 and not final:
        return None
    if head[:1] == b"\x30" and (head[1:2] >= b"\x80" or head[2:3] == b"\x06"):
        return Form.BINARY
    if _FIELD.match(head) and head.find(b"\n", 0, FIRST_LINE) >= 0 and not head.startswith(PEM_BEGIN):
        return Form.MIME  # what the lines below say of an ordinary mail
    line, end, _ = head.lstrip(b"\r\n").partition(b"\n") if head[:1] in b"\r\n" else head.partition(b"\n")
    if not end and len(line) < FIRST_LINE and not final:
        return None
    if line.startswith(PEM_BEGIN):
        return Form.PEM
    if _FIELD.match(line):
        return Form.MIME
    if _BASE64_LINE.match(line):
        return Form.BASE64
    # neither a header field nor base64: perhaps PEM with a text before it
    if any(b"\n" + PEM_BEGIN + label + b"-----" in head for label in PEM_LABELS):
        return Form.PEM
    if len(head) < _PEM_SEARCH and not final:
        return None
    return Form.MIME
