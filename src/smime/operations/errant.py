"""Cryptographic layers below the cryptographic envelope (RFC 9787 section 4.5): parts that are signed or encrypted by themselves.

They say nothing about the message as a whole, and are never opened on the way: they are listed so that a reader can look at them alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smime.errors import SMIMEError
from smime.limits import Limits
from smime.mime.entity import Body, EntityReader, HeaderBlock
from smime.mime.multipart import MultipartReader, PartData, PartEnd, PartStart
from smime.mime.smime_types import MULTIPART_SIGNED, PKCS7_MIME, classify
from smime.operations.reading.transfer import Transfer, transfer_decoder

if TYPE_CHECKING:
    from smime.operations.spool import Buffer

__all__ = ["ErrantLayer", "ErrantLayers"]


@dataclass(frozen=True, slots=True)
class ErrantLayer:
    """A part that is signed or encrypted by itself.

    Attributes:
        part: its place in the payload, ``"2"`` or ``"1.3"``, counted from 1.
        kind: ``"signed"``, ``"encrypted"``, ``"compressed"``, ``"certificates"``, or ``"unknown"`` where the header does not say.
        content_type: such as ``"multipart/signed"``.
    """

    part: str
    kind: str
    content_type: str

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON-able data."""
        return {"part": self.part, "kind": self.kind, "content_type": self.content_type}


_SMIME_TYPES = {
    "signed-data": "signed",
    "enveloped-data": "encrypted",
    "authenveloped-data": "encrypted",
    "compressed-data": "compressed",
    "certs-only": "certificates",
}


class _Part:
    """One part; `depth` bounds the nesting."""

    __slots__ = ("_digest", "_entity", "_found", "_in_digest", "_inner", "_limits", "_multipart", "_number", "_path", "_transfer", "depth")

    def __init__(self, path: str, found: list[ErrantLayer], limits: Limits, depth: int, *, in_digest: bool = False) -> None:
        self._in_digest = in_digest
        self._digest = False
        self._path = path
        self._found = found
        self._limits = limits
        self.depth = depth
        self._entity = EntityReader(limits)
        self._multipart: MultipartReader | None = None
        self._inner: _Part | None = None
        self._transfer: Transfer | None = None
        self._number = 0

    def update(self, data: Buffer) -> None:
        self._events(self._entity.receive(data))

    def finalize(self) -> None:
        self._events(self._entity.finish())
        if self._multipart is not None:
            self._parts(self._multipart.finish())
        if self._inner is not None:
            if self._transfer is not None:
                self._inner.update(self._transfer.finalize())
            self._inner.finalize()
            self._inner = None

    def _events(self, events: Iterable[object]) -> None:
        for event in events:
            if type(event) is Body:
                if self._multipart is not None:
                    self._parts(self._multipart.receive(event.data))
                elif self._inner is not None and self._transfer is not None:
                    self._inner.update(self._transfer.update(event.data))
            elif type(event) is HeaderBlock:
                self._header(event)

    def _header(self, block: HeaderBlock) -> None:
        kind = classify(block.fields)
        content_type = kind.content_type.value if kind.content_type.present else block.fields.content_type(in_digest=self._in_digest).value
        if kind.kind in {MULTIPART_SIGNED, PKCS7_MIME} and self._path:
            name = "signed" if kind.kind == MULTIPART_SIGNED else _SMIME_TYPES.get(kind.smime_type or "", "unknown")
            self._found.append(ErrantLayer(self._path, name, content_type))
        if self.depth >= self._limits.mime_depth:
            return
        boundary = kind.content_type.boundary  # the kind has one only for a multipart/signed
        if content_type.startswith("multipart/") and boundary:
            self._multipart = MultipartReader(boundary, self._limits)
            self._digest = content_type == "multipart/digest"
        elif content_type in {"message/rfc822", "message/global"}:
            self._inner = self._child()
            self._transfer = transfer_decoder(block.fields.content_transfer_encoding())  # message/global may have any (RFC 6532)

    def _child(self) -> _Part:
        self._number += 1
        path = f"{self._path}.{self._number}" if self._path else str(self._number)
        return _Part(path, self._found, self._limits, self.depth + 1, in_digest=self._digest)

    def _parts(self, events: Iterable[object]) -> None:
        for event in events:
            kind = type(event)
            if kind is PartData:
                if self._inner is not None:
                    self._inner.update(event.data)  # type: ignore[attr-defined] # the type was compared
            elif kind is PartStart:
                self._inner = self._child()
            elif kind is PartEnd and self._inner is not None:
                self._inner.finalize()
                self._inner = None


class ErrantLayers:
    """Finds them in a payload: `update(data)` with the payload's octets, `finalize()`, then `found`."""

    __slots__ = ("_part", "found")

    def __init__(self, limits: Limits) -> None:
        self.found: list[ErrantLayer] = []
        self._part: _Part | None = _Part("", self.found, limits, 0)

    def update(self, data: Buffer) -> None:
        """Take octets; a payload that is no MIME ends the search."""
        if self._part is not None:
            try:
                self._part.update(data)
            except SMIMEError:
                self._part = None

    def finalize(self) -> None:
        """The payload is complete."""
        if self._part is not None:
            with suppress(SMIMEError):
                self._part.finalize()
            self._part = None
