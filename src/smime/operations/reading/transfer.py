"""Undoing transfer encodings (RFC 2045 section 6) and PEM (RFC 7468)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smime.errors import LimitExceeded, ParseError
from smime.operations.reading.form import PEM_BEGIN, PEM_LABELS
from smime.transforms import base64, identity, quoted_printable

if TYPE_CHECKING:
    from smime.limits import Limits
    from smime.operations.spool import Buffer

__all__ = ["Armor", "Transfer", "transfer_decoder"]


class Transfer(Protocol):
    """Undoes a transfer encoding."""

    def update(self, data: Buffer, /) -> Buffer:
        """Take encoded octets, return decoded ones."""

    def finalize(self) -> Buffer:
        """Return the last decoded octets."""


class Armor:
    """Undoes PEM (RFC 7468): drops all up to the BEGIN line and from the END line on."""

    __slots__ = ("_body", "_decoder", "_head", "_limits", "_tail")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoder = base64.Decoder(strict=False)
        self._head = b""
        self._body = False
        self._tail = False

    def update(self, data: Buffer, /) -> bytes:
        """Take text, return decoded octets."""
        if self._tail:
            return b""
        if not self._body:
            self._head += data
            start = self._head.find(PEM_BEGIN)
            end = self._head.find(b"\n", start) if start >= 0 else -1
            if end < 0:
                if len(self._head) > self._limits.header_size:
                    raise LimitExceeded("header_size", self._limits.header_size)
                return b""
            label = self._head[start + len(PEM_BEGIN) : end].rstrip().removesuffix(b"-----")
            if label not in PEM_LABELS:
                raise ParseError("pem", f"the label is {label.decode('ascii', 'replace')!r}, not 'CMS'", start)
            self._body, data, self._head = True, self._head[end + 1 :], b""
        raw = bytes(data)
        end = raw.find(b"-")
        if end >= 0:
            self._tail, raw = True, raw[:end]
        return self._decoder.update(raw)

    def finalize(self) -> bytes:
        """Return the last decoded octets; ParseError if the END line is missing."""
        if not self._tail:
            raise ParseError("pem", "the END line is missing")
        return self._decoder.finalize()


def transfer_decoder(encoding: str) -> Transfer:
    """Return what undoes a Content-Transfer-Encoding (RFC 2045 section 6); an unknown one leaves the octets alone."""
    if encoding == "base64":
        return base64.Decoder(strict=False)
    if encoding == "quoted-printable":
        return quoted_printable.Decoder()
    return identity.Identity()
