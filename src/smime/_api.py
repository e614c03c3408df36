"""The one-shot functions: thin on top of the machines in `smime.operations`, which are the one implementation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from email.message import Message
from typing import TYPE_CHECKING, Any, Literal

from smime import policies
from smime.mime.writer import message_octets
from smime.operations.compress import MessageCompressor
from smime.operations.decrypt import MessageDecryptor
from smime.operations.encrypt import MessageEncryptor
from smime.operations.results import DecryptedMessage, UnwrappedMessage, VerifiedMessage
from smime.operations.sign import MessageSigner
from smime.operations.unwrap import MessageUnwrapper
from smime.operations.verify import MessageVerifier
from smime.pki.identity import ContentKey, Identity, KeyEncryptionKey, Keyring, Password

if TYPE_CHECKING:
    from smime.operations.recipients.making import AnyRecipient
    from smime.operations.sign import Signer
    from smime.operations.spool import Buffer
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["compress", "decrypt", "encrypt", "sign", "unwrap", "verify"]

Encoding = Literal["smime", "der", "pem"]
AnyIdentity = Identity | Password | KeyEncryptionKey | ContentKey


def sign(
    message: Buffer | Message[Any, Any],
    signer: Signer | Sequence[Signer],
    *,
    detached: bool = True,
    encoding: Encoding = "smime",
    policy: Policy = policies.RFC8551,
) -> bytes:
    """Sign a message (RFC 8551 section 3.5).

    Args:
        message: a MIME entity or a whole mail, whose From, To, Subject and the like stay outside, and whose Bcc goes nowhere. Everything
            else is content from its first octet on, and is protected as text: what begins with a mail header says `smime.mime.mail_header`.
        signer: one, or several who sign the same content.
        detached: multipart/signed, readable by everybody; False: application/pkcs7-mime.
        encoding: ``"smime"`` makes a mail of a MIME entity, lines ended by CRLF; ``"der"`` and ``"pem"`` protect the octets as they are.
        policy: which algorithms may be used.

    Returns:
        The signed message, lines ended by CRLF.

    Raises:
        PolicyError: the policy forbids the signer's algorithm or key.
        KeyMismatchError: the signer's key cannot sign.
        ParseError, LimitExceeded: the message cannot be read as MIME.
    """
    machine = MessageSigner(signer, detached=detached, encoding=encoding, policy=policy)
    return machine.update(message_octets(message)) + machine.finalize()


def encrypt(
    message: Buffer | Message[Any, Any],
    recipients: AnyRecipient | Iterable[AnyRecipient],
    *,
    content_encryption: str | None = None,
    signer: Signer | Iterable[Signer] | None = None,
    encoding: Encoding = "smime",
    policy: Policy = policies.RFC8551,
) -> bytes:
    """Encrypt a message (RFC 8551 sections 3.3 and 3.4).

    Args:
        message: as for `sign`.
        recipients: `x509.Certificate`, `Recipient`, `Password`, `KeyEncryptionKey` or `ContentKey` objects, at least one.
        content_encryption: such as ``"aes-256-gcm"`` or ``"aes-256-cbc"``; None: what the policy says.
        signer: signs first, so that the signature is inside.
        encoding: as for `sign`.
        policy: which algorithms may be used.

    Returns:
        The encrypted message, lines ended by CRLF.

    Raises:
        PolicyError: the policy forbids an algorithm or a recipient's key.
        KeyMismatchError: a recipient's key cannot be used for encryption.
        UnsupportedError: an algorithm is unknown.
        ParseError, LimitExceeded: the message cannot be read as MIME.
    """
    machine = MessageEncryptor(recipients, content_encryption=content_encryption, signer=signer, encoding=encoding, policy=policy)
    return machine.update(message_octets(message)) + machine.finalize()


def compress(message: Buffer | Message[Any, Any], *, encoding: Encoding = "smime") -> bytes:
    """Compress a message (RFC 3274, RFC 8551 section 3.6).

    Args:
        message: as for `sign`.
        encoding: as for `sign`.

    Returns:
        The compressed message, lines ended by CRLF.

    Raises:
        ParseError, LimitExceeded: the message cannot be read as MIME.
    """
    machine = MessageCompressor(encoding=encoding)
    return machine.update(message_octets(message)) + machine.finalize()


def verify(
    message: Buffer | Message[Any, Any],
    trust: TrustStore,
    *,
    content: Buffer | None = None,
    at: datetime | None = None,
    sender: str | Iterable[str] | None = None,
    tsa: TrustStore | None = None,
    now: datetime | None = None,
    policy: Policy = policies.RFC8551,
) -> VerifiedMessage:
    """Verify a signed message: signature, chain, time, usage, revocation as far as given, and the sender's address.

    Args:
        message: a mail, or a bare CMS object in BER, PEM or base64.
        trust: the anchors.
        content: the content of a detached signature in a bare CMS object.
        at: the time looked at, aware; default now. The signer's claimed signing time never decides anything.
        sender: the address (or addresses) to compare with the signer's certificate instead of the message's From.
        tsa: the anchors of time-stamping authorities, whose timestamps make up for certificates that expired since.
        now: the time of the clock, to be told how the signer stands now as well, where `at` is another time.
        policy: what is accepted.

    Returns:
        The signed content and the report.

    Raises:
        VerificationError: the verdict is not VALID; its `report` says why.
        NotProtected: the message is not signed at its top level.
        ParseError, LimitExceeded, UnsupportedError: it cannot be read.
    """
    machine = MessageVerifier(trust, content=content, at=at, sender=sender, tsa=tsa, now=now, policy=policy)
    machine.update(message_octets(message))
    return machine.finalize()


def decrypt(
    message: Buffer | Message[Any, Any], identities: AnyIdentity | Keyring | Iterable[AnyIdentity], *, policy: Policy = policies.RFC8551
) -> DecryptedMessage:
    """Decrypt the outermost layer of an encrypted message.

    Args:
        message: a mail, or a bare CMS object in BER, PEM or base64.
        identities: `Identity`, `Password`, `KeyEncryptionKey` or `ContentKey` objects, or a `Keyring` of them.
        policy: what is accepted.

    Returns:
        The content and the report; the content's own layers are not opened.

    Raises:
        NoMatchingRecipient: no identity is a recipient.
        DecryptionFailed: a key was found and did not open it, or the message was changed.
        PolicyError: the policy forbids the algorithm.
        NotProtected: the message is not encrypted at its top level.
        ParseError, LimitExceeded, UnsupportedError: it cannot be read.
    """
    octets = message_octets(message)
    machine = MessageDecryptor(Keyring.of(identities), policy=policy, reread=lambda: iter((octets,)))
    machine.update(octets)
    return machine.finalize()


def unwrap(
    message: Buffer | Message[Any, Any],
    *,
    identities: AnyIdentity | Keyring | Iterable[AnyIdentity] = (),
    trust: TrustStore | None = None,
    content: Buffer | None = None,
    at: datetime | None = None,
    sender: str | Iterable[str] | None = None,
    tsa: TrustStore | None = None,
    now: datetime | None = None,
    policy: Policy = policies.RFC8551,
) -> UnwrappedMessage:
    """Take a message apart: every layer of its cryptographic envelope, from the outside in.

    Args:
        message: any mail, or a bare CMS object in BER, PEM or base64.
        identities: keys for its encrypted layers.
        trust: the anchors; None: no signature is VALID.
        content: the content of a detached signature in a bare CMS object.
        at: as for `verify`.
        sender: as for `verify`.
        tsa: as for `verify`.
        now: as for `verify`.
        policy: what is accepted.

    Returns:
        The innermost entity that could be opened, the layers with their reports, and the status of the message as a whole.

    Raises:
        ParseError, LimitExceeded, UnsupportedError: it cannot be read at its top level; never for a bad verdict or a missing key.
    """
    octets = message_octets(message)
    given = None if content is None else bytes(content)
    source: Callable[[], Any] | None = None if given is None else lambda: iter((given,))
    machine = MessageUnwrapper(
        keyring=Keyring.of(identities),
        trust=trust,
        content=source,
        at=at,
        sender=sender,
        tsa=tsa,
        now=now,
        policy=policy,
        reread=lambda: iter((octets,)),
    )
    machine.update(octets)
    return machine.finalize()
