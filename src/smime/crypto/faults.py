"""What can go wrong with a primitive. Internal: operations map these; none of them reaches a caller of the package."""

from __future__ import annotations

__all__ = ["Failed", "InvalidSignature", "KeyUnsuitable", "MalformedSignature"]


class InvalidSignature(Exception):  # noqa: N818 - says what happened
    """The signature does not verify."""


class MalformedSignature(InvalidSignature):
    """The signature cannot verify whatever the key: its encoding, its parameters or its digest break the rules of its algorithm.

    Attributes:
        reason: which rule, a sentence without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyUnsuitable(Exception):  # noqa: N818 - says what happened
    """The key is not one for this algorithm, or its own parameters forbid the use.

    Attributes:
        reason: why, a sentence without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Failed(Exception):  # noqa: N818 - says what happened
    """Decryption, unwrapping or authentication failed. It has no detail on purpose: the detail would be an oracle (RFC 8551 section 6)."""
