"""Who a signed entity itself says it is from (RFC 9788 section 4.4; the older scheme of RFC 8551 section 3.1).

Header fields may stand beside the Content-Type of what is signed, or in a whole message that is all that is signed. They are the signer's
words, and readers that know header protection show them instead of the outer ones; so it is told where they name somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.errors import SMIMEError
from smime.findings import Finding, finding
from smime.mime.address import Address, parse_address_list
from smime.mime.entity import Body, EntityReader, HeaderBlock, whole_header
from smime.operations.reading.sender import Sender
from smime.operations.reading.transfer import transfer_decoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smime.limits import Limits
    from smime.mime.header import HeaderFields
    from smime.operations.reading.transfer import Transfer
    from smime.operations.spool import Buffer
    from smime.report import SignerReport

__all__ = ["InnerAuthor"]

_FIRST = 4096  # octets in which most headers end
_MOST = 8  # addresses that are named


class InnerAuthor:
    """Finds the From inside: `update(data)` with the octets of the signed entity, then `finding_against`."""

    __slots__ = ("_done", "_fields", "_limits", "_reader", "_transfer", "_within")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._fields: list[bytes] = []
        self._reader: EntityReader | None = None
        self._transfer: Transfer | None = None  # of the message that is all there is …
        self._within: InnerAuthor | None = None  # … and its author
        self._done = False

    def update(self, data: Buffer, /) -> None:
        """Take octets; those after the header do not matter."""
        if self._done:
            return
        try:
            if self._transfer is not None:
                self._body(data)
            elif self._reader is None:
                self._begin(data)
            else:
                self._events(data)
        except SMIMEError:  # no MIME, and nobody's words
            self._done = True

    def whole(self, fields: HeaderFields) -> None:
        """Take all of the entity, instead of `update`: its header, whose `data` are its octets."""
        try:
            self._header(fields)
            if not self._done:
                self._body(fields.data[fields.body_start :])
        except SMIMEError:
            self._done = True

    def _begin(self, data: Buffer) -> None:
        fields = whole_header(bytes(data[:_FIRST]), self._limits)
        if fields is None:
            self._reader = EntityReader(self._limits)
            self._events(data)
        else:
            self._header(fields)
            if not self._done:
                self._body(data[fields.body_start :])

    def _events(self, data: Buffer) -> None:
        assert self._reader is not None  # noqa: S101 - the caller looked
        for event in self._reader.receive(data):
            if type(event) is HeaderBlock:
                self._header(event.fields)
            elif type(event) is Body:
                self._body(event.data)

    def _header(self, fields: HeaderFields) -> None:
        if fields.may_hold(b"from"):
            self._fields = fields.get_all_raw("from")
        if self._fields or fields.is_ordinary_content or fields.content_type().value not in {"message/rfc822", "message/global"}:
            self._done = True
        else:
            self._transfer = transfer_decoder(fields.content_transfer_encoding())

    def _body(self, data: Buffer) -> None:
        """Take octets of the body, which matter if it is a message."""
        if self._transfer is None or self._done:
            return
        within = self._within
        if within is None:
            within = self._within = InnerAuthor(self._limits)
        within.update(self._transfer.update(data))
        if within._done or within._transfer is not None:  # no message within that message: it has an author of its own
            self._done = True
            self._fields = within._fields

    @property
    def names_somebody(self) -> bool:
        """There is a From inside."""
        return bool(self._fields)

    def finding_against(self, sender: Sender | None, signers: Sequence[SignerReport]) -> Finding | None:
        """Return the finding if somebody else is named than by the message, or if that names nobody, by the signers' certificates.

        Args:
            sender: who the message says it is from; None for a bare CMS object, that names nobody.
            signers: those who signed.
        """
        inner = _addresses(self._fields)
        if not inner:
            return None
        said = ", ".join(address.addr_spec for address in inner[:_MOST])
        if sender is None:
            names = [name for signer in signers if signer.certificate_summary is not None for name in signer.certificate_summary.addresses]
            if not names or _keys(inner) <= _keys(_addresses(name.encode() for name in names)):
                return None
            return finding("inner-from-is-not-signer", inner=said, signer=", ".join(names[:_MOST]))
        outer = _addresses(sender.from_fields)
        if not outer or (_keys(inner) <= _keys(outer) if sender.given else _keys(inner) == _keys(outer)):
            return None
        return finding("inner-from-differs", inner=said, outer=", ".join(address.addr_spec for address in outer[:_MOST]))


def _addresses(fields: Iterable[bytes]) -> list[Address]:
    return [address for field in fields for address in parse_address_list(field)]


def _keys(addresses: Iterable[Address]) -> set[tuple[str, str | None]]:
    """Return what is compared: domains as A-labels, local parts of ASCII without regard to case (RFC 9788 section 4.4.1)."""
    return {(a.local.lower() if a.local.isascii() else a.local, a.a_label_domain) for a in addresses}
