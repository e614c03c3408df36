"""All that the reading of one message depends on."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from smime.crypto import digests
from smime.operations.buffers import OneRoom
from smime.operations.reading.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smime.crypto.digests import NewDigest
    from smime.mime.header import HeaderFields
    from smime.operations.buffers import NewRooms
    from smime.pki.identity import Keyring
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["Reading"]


class Reading:
    """All that the reading of one message depends on: nothing is taken from the environment.

    Attributes:
        policy: what is accepted.
        limits: the bounds in force, which are the policy's.
        trust: the anchors, or None if nobody can be trusted.
        keyring: the keys at hand, or None.
        at: the time looked at, aware.
        sender: set by the caller or by the outermost header block.
        fields: the outermost header block, None for a bare CMS object.
        tsa: the anchors of time-stamping authorities, or None.
        now: the time of the clock, where the caller looks at another time and wants to know how things stand now as well; or None.
        bare: the message is a bare CMS object, no mail: it names no sender.
        new_digest: makes the digests that run over content.
        new_rooms: makes room for what is decoded.
    """

    __slots__ = (
        "_named_in",
        "_sender",
        "at",
        "bare",
        "fields",
        "keyring",
        "limits",
        "new_digest",
        "new_rooms",
        "now",
        "policy",
        "trust",
        "tsa",
    )

    def __init__(
        self,
        policy: Policy,
        *,
        trust: TrustStore | None = None,
        keyring: Keyring | None = None,
        at: datetime | None = None,
        sender: str | Iterable[str] | None = None,
        tsa: TrustStore | None = None,
        now: datetime | None = None,
        new_digest: NewDigest = digests.new,
        new_rooms: NewRooms = OneRoom,
    ) -> None:
        if at is None:
            at = datetime.now(timezone.utc)
        elif at.tzinfo is None:
            raise ValueError("a time without a time zone")
        if now is not None and now.tzinfo is None:
            raise ValueError("a time without a time zone")
        self.policy = policy
        self.limits = policy.limits
        self.trust = trust
        self.tsa = tsa
        self.now = now
        self.keyring = keyring
        self.at = at
        self.fields: HeaderFields | None = None
        self.bare = False
        self.new_digest = new_digest
        self.new_rooms = new_rooms
        self._named_in: HeaderFields | None = None
        self._sender: Sender | None = None
        if sender is not None:
            addresses = [sender] if isinstance(sender, str) else list(sender)
            if not addresses:
                raise ValueError("sender names nobody")
            self._sender = Sender([address.encode() for address in addresses], given=True)

    @property
    def sender(self) -> Sender | None:
        """Who is said to have sent the message; None as long as nothing says so."""
        if self._sender is None and self._named_in is not None:
            self._sender = Sender.of(self._named_in)
        return self._sender

    def named_in(self, fields: HeaderFields) -> None:
        """This header block names the sender, if the caller named nobody."""
        self._named_in = fields

    def snapshot(self) -> Reading:
        """Return what is known now: a mail inside of a bare object names a sender, which is not that of the layers around it."""
        return copy(self) if self.bare and self.sender is None else self
