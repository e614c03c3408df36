"""The protocols between the reader of a message, the operation, and the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smime.findings import Finding
    from smime.mime.entity import HeaderBlock
    from smime.mime.smime_types import Kind
    from smime.operations.spool import Buffer

__all__ = ["CMSLayer", "Handler", "Opener"]


class Handler(Protocol):
    """Takes the octets of a body or of an entity."""

    def update(self, data: Buffer, /) -> None:
        """Take octets."""

    def finalize(self) -> None:
        """The octets are complete."""


class CMSLayer(Protocol):
    """Takes the events of one CMS object after its head."""

    def content(self, data: Buffer, /) -> None:
        """Take content octets."""

    def tail(self, event: object, /) -> None:
        """Take what follows the content."""

    def trailing(self, count: int, /) -> None:
        """Octets follow the whole object."""

    def told(self, found: Sequence[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""

    def anomalies(self, reasons: Sequence[str], /) -> None:
        """The transfer encoding was irregular."""

    def finalize(self) -> None:
        """The object is complete."""


class Opener(Protocol):
    """What an operation does with what `MessageReader` finds."""

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:
        """A multipart/signed: return what takes its body."""

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:
        """A CMS object began with this head event; `kind` is None outside of MIME."""

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:
        """A MIME entity that is no S/MIME: return what takes its body; its header, too, is up to the operation."""
