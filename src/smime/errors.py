"""The exceptions of the package.

The tree::

    SMIMEError
    ├── ParseError            the input is not what it has to be: layer, reason, offset
    ├── NotProtected          the message has no S/MIME protection at its top level
    ├── LimitExceeded         a bound of `smime.Limits` was met: limit, maximum, offset
    ├── UnsupportedError      a well-formed thing this library does not do: what, oid
    ├── PolicyError           a thing this library can do and the policy forbids
    ├── KeyMismatchError      a private key and a certificate do not belong together
    ├── VerificationError     the verdict is not VALID: report
    └── DecryptionError
        ├── NoMatchingRecipient   none of the identities is a recipient: recipients
        └── DecryptionFailed      one message for every fault: no oracle

Errors are built from data and write their own sentence. They survive pickling, because the archive's workers hand them to another process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "DecryptionError",
    "DecryptionFailed",
    "KeyMismatchError",
    "LimitExceeded",
    "NoMatchingRecipient",
    "NotProtected",
    "ParseError",
    "PolicyError",
    "SMIMEError",
    "UnsupportedError",
    "VerificationError",
]


class SMIMEError(Exception):
    """The base of every exception that this package raises on any input."""


class ParseError(SMIMEError):
    """The input is malformed.

    Attributes:
        layer: which grammar was being read: ``"base64"``, ``"quoted-printable"``, ``"mime"``, ``"ber"``, ``"der"``, ``"cms"``, ``"zlib"``,
            ``"pem"``, ``"x509"``, …
        reason: what is wrong, a sentence without the position.
        offset: where in that layer's octets, counted from 0; None where no single position is at fault.
    """

    def __init__(self, layer: str, reason: str, offset: int | None = None) -> None:
        super().__init__(layer, reason, offset)
        self.layer = layer
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at offset {self.offset}"
        return f"{self.layer}: {self.reason}{where}"


class NotProtected(SMIMEError):
    """The message carries no S/MIME protection at its top level.

    Attributes:
        reason: what stands there instead.
    """

    def __init__(self, reason: str = "the message is not S/MIME") -> None:
        super().__init__(reason)
        self.reason = reason


class LimitExceeded(SMIMEError):
    """The input asks for more than `smime.Limits` allows.

    Attributes:
        limit: the name of the field of `smime.Limits`.
        maximum: its value.
        offset: where the input went beyond it, if known.
    """

    def __init__(self, limit: str, maximum: int, offset: int | None = None) -> None:
        super().__init__(limit, maximum, offset)
        self.limit = limit
        self.maximum = maximum
        self.offset = offset

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at offset {self.offset}"
        return f"more than {self.limit}={self.maximum} allows{where}"


class UnsupportedError(SMIMEError):
    """The input uses something that exists and that this library does not do.

    Attributes:
        what: the kind of thing, such as ``"content type"`` or ``"signature algorithm"``.
        oid: its object identifier in dotted form, or another name where there is none.
    """

    def __init__(self, what: str, oid: str = "") -> None:
        super().__init__(what, oid)
        self.what = what
        self.oid = oid

    def __str__(self) -> str:
        return f"unsupported {self.what}" + (f": {self.oid}" if self.oid else "")


class PolicyError(SMIMEError):
    """The policy in force forbids what was asked for or what the input needs."""


class KeyMismatchError(SMIMEError):
    """A private key and a certificate do not belong together, or a key does not fit its use."""


class VerificationError(SMIMEError):
    """The message was read, and its verdict is not VALID.

    Attributes:
        report: the `smime.VerificationReport` that says why.
    """

    def __init__(self, report: Any) -> None:  # Any: the report's layer is above this one
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report.summary())


class DecryptionError(SMIMEError):
    """The message cannot be decrypted."""


class NoMatchingRecipient(DecryptionError):
    """None of the identities at hand is a recipient of the message.

    Attributes:
        recipients: the recipient identifiers that the message names, in its order.
    """

    def __init__(self, recipients: Sequence[Any] = ()) -> None:  # Any: recipient identifiers are described above this layer
        super().__init__(tuple(recipients))
        self.recipients = tuple(recipients)

    def __str__(self) -> str:
        if not self.recipients:
            return "no identity at hand is a recipient of this message"
        names = "; ".join(str(recipient) for recipient in self.recipients[:4])
        more = f"; and {len(self.recipients) - 4} more" if len(self.recipients) > 4 else ""
        return f"no identity at hand is a recipient of this message, which is for: {names}{more}"


class DecryptionFailed(DecryptionError):
    """A key was found and decryption failed.

    There is one message for every cause (RSA padding, key unwrap, content padding, authentication tag), so that the error is no oracle
    (RFC 8551 section 6, RFC 3218).
    """

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "decryption failed"
