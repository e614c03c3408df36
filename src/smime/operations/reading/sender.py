"""From whom a message says it is (RFC 8550 section 3), and what in its header readers may take differently."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smime.findings import finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smime.findings import Finding
    from smime.mime.header import HeaderFields
    from smime.mime.smime_types import Kind

__all__ = ["Sender", "header_findings"]


class Sender:
    """From whom a message says it is: what RFC 8550 section 3 compares with the signer's certificate.

    Attributes:
        from_fields: the raw values of all From fields.
        sender_fields: the raw values of all Sender fields.
        repeated: names of other fields that everybody looks at, and that stand more than once: readers differ on which they show.
        given: the caller said so, and the message's own fields were not asked.
    """

    __slots__ = ("from_fields", "given", "repeated", "sender_fields")

    def __init__(
        self, from_fields: Sequence[bytes] = (), sender_fields: Sequence[bytes] = (), repeated: Sequence[str] = (), *, given: bool = False
    ) -> None:
        self.from_fields = tuple(from_fields)
        self.sender_fields = tuple(sender_fields)
        self.repeated = tuple(repeated)
        self.given = given

    @classmethod
    def of(cls, fields: HeaderFields) -> Sender:
        """Take the sender from a header block, with what stands in it behind a bare CR: that may add to what a field says, and is none."""
        hidden = _hidden_fields(fields) if fields.has_stray_cr else ()
        if not hidden and not fields.duplicates():
            return cls(fields.get_all_raw("from"), fields.get_all_raw("sender"))
        authors, senders = fields.get_all_raw("from"), fields.get_all_raw("sender")
        return cls(
            authors and authors + [value for name, value in hidden if name == "from"],
            senders and senders + [value for name, value in hidden if name == "sender"],
            [name for name in _SEEN if fields.count(name) + sum(name == other for other, _ in hidden) > 1],
        )


# not MIME-Version: gateways repeat it, and nothing is read otherwise for that
_STRUCTURE = ("content-type", "content-transfer-encoding")


# besides From, what readers show of a message, and RFC 5322 section 3.6 has once
_SEEN = ("subject", "to", "date")
_HIDDEN = re.compile(rb"\r(?![\r\n])([!-9;-~]{1,64})[ \t]*:([^\r\n]*)")


def _hidden_fields(fields: HeaderFields) -> list[tuple[str, bytes]]:
    """Return name and value of what would be fields if a bare CR were a line end, as some take it (RFC 5322 section 2.3)."""
    if not fields.has_stray_cr:
        return []
    return [(name.decode("ascii").lower(), value) for name, value in _HIDDEN.findall(fields.raw)]


def header_findings(fields: HeaderFields, kind: Kind) -> list[Finding]:
    """Return what readers may take differently: fields of its structure that stand twice, lines that are no fields, stray CR and NUL."""
    found: list[Finding] = []
    twice = fields.duplicates()
    stray = fields.has_stray_cr
    hidden = [name for name, _ in _hidden_fields(fields)] if stray else []
    if twice or hidden:
        found += [finding("duplicate-header", field=name) for name in _STRUCTURE if name in twice or name in hidden]
    if "boundary" in kind.content_type.duplicates:
        found.append(finding("duplicate-header", field="content-type (boundary)"))
    if fields.defects:
        found.append(finding("malformed-header", count=len(fields.defects)))
    if stray or fields.has_nul:
        names = dict.fromkeys(name.decode("ascii", "replace") for name, value in fields if _STRAY.search(value))
        found += [finding("suspicious-characters", field=name) for name in list(names)[:8] if name.lower() != "from"]
    return found


_STRAY = re.compile(rb"\x00|\r(?!\n)")
