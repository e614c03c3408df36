"""Verifying (RFC 8551 sections 3.5 and 3.6, RFC 5652 section 5.6): multipart/signed, opaque SignedData, and bare CMS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from smime import policies
from smime.cms.reader import SignedDataHead
from smime.crypto import digests
from smime.errors import NotProtected, VerificationError
from smime.mime.entity import HeaderBlock
from smime.mime.smime_types import Kind
from smime.operations.buffers import OneRoom
from smime.operations.layers.multipart_signed import DetachedLayer
from smime.operations.layers.signed_data import SignedDataLayer
from smime.operations.reading.context import Reading
from smime.operations.reading.message import MessageReader
from smime.operations.results import VerifiedMessage
from smime.operations.spool import Buffer, MemorySpool, NullSpool, Spool
from smime.report import Verdict

if TYPE_CHECKING:
    from smime.crypto.digests import NewDigest
    from smime.operations.buffers import NewRooms
    from smime.operations.layers.signed_data import DetachedContent
    from smime.operations.reading.layer import CMSLayer, Handler
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["MessageVerifier"]


def _content_source(content: Buffer | Iterable[bytes] | Callable[[], Iterator[bytes]] | None) -> DetachedContent | None:
    if content is None:
        return None
    if callable(content):
        return content
    if isinstance(content, (bytes, bytearray, memoryview)):
        octets = bytes(content)
        return lambda: iter((octets,))
    spool = MemorySpool()
    for chunk in content:
        spool.write(chunk)
    return spool.chunks


class MessageVerifier:
    """Verifies one message of any size: `update(data)` with its octets in pieces, then `finalize()`.

    Args:
        trust: the anchors.
        content: the content of a detached signature in a bare CMS object: octets, an iterable of them, or a function that gives such an
            iterator anew at each call (for content larger than memory).
        at: the time looked at, aware; default now.
        sender: the address (or addresses) to compare with the signer's certificate, instead of the message's own From.
        tsa: the anchors of time-stamping authorities, whose timestamps make up for certificates that expired since.
        now: the time of the clock, to be told how the signer stands now as well, where `at` is another time.
        policy: what is accepted.
        spool: where the content waits for the verdict; default memory.
        release: ``"verified"``: the content is handed out by `finalize()` alone. ``"unverified"``: `update()` returns it as it passes,
            before anything is known about it.
        extra_digests: names of digests to compute besides the announced ones.
        new_digest: makes the digests that run over the content.
        new_rooms: makes room for what is decoded.
    """

    def __init__(
        self,
        trust: TrustStore,
        *,
        content: Buffer | Iterable[bytes] | Callable[[], Iterator[bytes]] | None = None,
        at: datetime | None = None,
        sender: str | Iterable[str] | None = None,
        tsa: TrustStore | None = None,
        now: datetime | None = None,
        policy: Policy = policies.RFC8551,
        spool: Spool | None = None,
        release: Literal["verified", "unverified"] = "verified",
        extra_digests: Iterable[str] = (),
        new_digest: NewDigest = digests.new,
        new_rooms: NewRooms = OneRoom,
    ) -> None:
        if release not in {"verified", "unverified"}:
            raise ValueError(f'release is "verified" or "unverified", not {release!r}')
        self._reading = Reading(policy, trust=trust, at=at, sender=sender, tsa=tsa, now=now, new_digest=new_digest, new_rooms=new_rooms)
        self._spool: Spool = MemorySpool() if spool is None else spool
        self._passing: list[bytes] | None = None
        self._reread: DetachedContent | None = None
        if release == "unverified":
            self._passing = passing = []
            self._sink: Callable[[Buffer], object] = lambda data: passing.append(bytes(data))
        else:
            self._sink = self._spool.write
            if not isinstance(self._spool, NullSpool):
                self._reread = self._spool.chunks
        self._extra_digests = tuple(extra_digests)
        self._given = _content_source(content)
        self._layer: DetachedLayer | SignedDataLayer | None = None
        self._reader = MessageReader(self._reading, self)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message.

        Returns:
            Nothing, or with ``release="unverified"`` the content so far.

        Raises:
            NotProtected: the message is not signed at its top level.
            ParseError: it cannot be read.
            LimitExceeded: it asks for too much.
        """
        self._reader.update(data)
        return self._passed()

    def finalize(self) -> VerifiedMessage:
        """Say that the message is complete.

        Returns:
            The content and the report, if the verdict is VALID.

        Raises:
            VerificationError: the verdict is not VALID.
            NotProtected: the message is not signed at its top level, or only brings certificates.
            ParseError: it cannot be read.
            LimitExceeded: it asks for too much.
        """
        self._reader.finalize()
        layer = self._layer
        report = layer.report if layer is not None else None
        if layer is None or report is None:
            raise NotProtected
        if isinstance(layer, SignedDataLayer) and layer.certificates_only:
            raise NotProtected("the message brings certificates only and is not signed")
        if report.verdict is not Verdict.VALID:
            raise VerificationError(report)
        spool = self._spool
        if self._passing is not None:
            spool = MemorySpool()
            spool.write(self._passed())
        return VerifiedMessage(spool, report)

    def _passed(self) -> bytes:
        if not self._passing:
            return b""
        data = b"".join(self._passing)
        self._passing.clear()
        return data

    # -- the opener's part --

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:
        """Open a multipart/signed."""
        self._layer = layer = DetachedLayer(self._reading, block.fields, kind, self._sink, self._reread, self._extra_digests)
        if self._given is not None:
            layer.two_contents()
        return layer

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:
        """Open a CMS object, which has to be a SignedData."""
        if type(head) is not SignedDataHead:
            raise NotProtected(f"the message is not signed at its top level but {_KINDS.get(type(head).__name__, 'another CMS object')}")
        self._layer = layer = SignedDataLayer(
            self._reading, head, self._sink, self._reread, self._given, self._extra_digests, mail=kind is not None
        )
        return layer

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - nothing is done with it
        """Refuse what is not S/MIME."""
        raise NotProtected("the message is not signed")


_KINDS = {
    "EnvelopedDataHead": "encrypted: decrypt it first",
    "AuthEnvelopedDataHead": "encrypted: decrypt it first",
    "EncryptedDataHead": "encrypted: decrypt it first",
    "CompressedDataHead": "compressed: unwrap it",
}
