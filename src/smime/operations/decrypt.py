"""Decrypting (RFC 5652 section 6.3, RFC 5083, RFC 8551 sections 3.3 and 3.4), by the procedure that gives no oracle.

1. Recipients that match the keys at hand are enumerated; keys of others are never tried.
2. Algorithms are held against the policy before any private key is used.
3. A key that cannot be unwrapped is replaced by a random one, and decryption goes on to its end: wrong padding of RSA, a failed unwrap,
   a wrong tag and wrong padding of the content are one error at one point.
4. Plaintext goes into the spool and leaves it when the tag or the padding is good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from smime import policies
from smime.cms.reader import (
    AuthEnvelopedDataHead,
    EncryptedDataHead,
    EnvelopedDataHead,
)
from smime.errors import (
    DecryptionFailed,
    NotProtected,
)
from smime.operations.layers.encrypted import EncryptedLayer
from smime.operations.reading.context import Reading
from smime.operations.reading.message import MessageReader
from smime.operations.results import DecryptedMessage
from smime.operations.spool import Buffer, MemorySpool, NullSpool, Spool

if TYPE_CHECKING:
    from smime.mime.entity import HeaderBlock
    from smime.mime.smime_types import Kind
    from smime.operations.reading.layer import CMSLayer, Handler
    from smime.pki.identity import Keyring
    from smime.policy import Policy

__all__ = ["MessageDecryptor"]


class MessageDecryptor:
    """Decrypts the outermost layer of one message of any size: `update(data)` with its octets in pieces, then `finalize()`.

    Args:
        keyring: the keys at hand.
        policy: what is accepted.
        spool: where the plaintext waits until it is known to be good; default memory.
        release: ``"verified"``: the plaintext is handed out by `finalize()` alone. ``"unverified"``: `update()` returns it as it comes,
            before anything is known about it.
        attempt: which of the matching recipients to use, from 0.
        reread: gives the message's octets again, to try further matching recipients; not with ``release="unverified"``, which cannot take
            back what it gave.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        policy: Policy = policies.RFC8551,
        spool: Spool | None = None,
        release: Literal["verified", "unverified"] = "verified",
        attempt: int = 0,
        reread: Callable[[], Iterator[Buffer]] | None = None,
    ) -> None:
        if release not in {"verified", "unverified"}:
            raise ValueError(f'release is "verified" or "unverified", not {release!r}')
        self._keyring = keyring
        self._policy = policy
        self._given_spool = spool
        self._reread = reread
        self._passing: list[bytes] | None = [] if release == "unverified" else None
        self._attempt = attempt
        self._start()

    def _start(self) -> None:
        self._spool: Spool = MemorySpool() if self._given_spool is None else self._given_spool
        passing = self._passing
        self._sink: Callable[[Buffer], object] = self._spool.write if passing is None else lambda data: passing.append(bytes(data))
        self._layer: EncryptedLayer | None = None
        self._reader = MessageReader(Reading(self._policy, keyring=self._keyring), self)

    @property
    def more_candidates(self) -> bool:
        """Another attempt could succeed: a further recipient matches."""
        return self._layer is not None and self._layer.more_candidates

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message.

        Returns:
            Nothing, or with ``release="unverified"`` the plaintext so far.

        Raises:
            NoMatchingRecipient: no identity is a recipient.
            PolicyError: the policy forbids the algorithm.
            NotProtected: the message is not encrypted at its top level.
            ParseError, LimitExceeded, UnsupportedError: it cannot be read.
        """
        self._reader.update(data)
        if not self._passing:
            return b""
        passed = b"".join(self._passing)
        self._passing.clear()
        return passed

    def finalize(self) -> DecryptedMessage:
        """Say that the message is complete.

        Raises:
            DecryptionFailed: the key does not open it, or it was changed.
            SMIMEError: as `update`.
        """
        while True:
            try:
                self._reader.finalize()
            except DecryptionFailed:
                if self._reread is None or self._given_spool is not None or self._passing is not None or not self.more_candidates:
                    raise
                self._attempt += 1
                self._start()
                for chunk in self._reread():
                    self._reader.update(chunk)
                continue
            if self._layer is None:
                raise NotProtected("the message is not encrypted")
            spool = self._spool
            if self._passing is not None:
                spool = MemorySpool()
                for part in self._passing:
                    spool.write(part)
            return DecryptedMessage(spool, self._layer.finished)

    # -- the opener's part --

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - nothing is done with it
        """Refuse what is signed only."""
        raise NotProtected("the message is signed and not encrypted at its top level")

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:  # noqa: ARG002 - the CMS content type decides (RFC 8551 section 3.2.1)
        """Open a CMS object, which has to be an encrypted one."""
        if not isinstance(head, (EnvelopedDataHead, AuthEnvelopedDataHead, EncryptedDataHead)):
            raise NotProtected("the message is not encrypted at its top level")
        keeps = self._passing is None and not isinstance(self._spool, NullSpool)
        layer = EncryptedLayer(
            self._reader.reading,
            head,
            self._sink,
            attempt=self._attempt,
            replay=self._spool.chunks if keeps else None,
            as_it_comes=self._passing is not None,
        )
        if layer.fault is not None:
            raise layer.fault
        self._layer = layer
        return layer

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - nothing is done with it
        """Refuse what is not S/MIME."""
        raise NotProtected("the message is not encrypted")
