"""What can be wrong with the use of a machine. What the peer does wrong is a reply, an event, or a `smime.SMIMEError`."""

from __future__ import annotations

__all__ = ["LocalProtocolError"]


class LocalProtocolError(RuntimeError):
    """The caller asked a machine for something that its state does not allow."""
