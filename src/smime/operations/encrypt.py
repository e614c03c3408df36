"""Encrypting (RFC 5652 section 6, RFC 5083, RFC 8551 sections 2.7, 3.3 and 3.4)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from smime import policies
from smime.algorithms import CONTENT_ENCRYPTIONS_BY_NAME, ContentEncryption, Level
from smime.cms.auth_enveloped_data import AuthEnvelopedDataWriter, build_auth_enveloped_data
from smime.cms.encrypted_data import EncryptedDataWriter, build_encrypted_data
from smime.cms.enveloped_data import EnvelopedDataWriter, build_enveloped_data
from smime.cms.identifiers import IssuerAndSerialNumber, KEKIdentifier
from smime.cms.recipient_info import (
    KEKRecipientInfo,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    OriginatorPublicKey,
    PasswordRecipientInfo,
    RecipientEncryptedKey,
)
from smime.crypto import content_encryption, kem, key_agreement, key_transport, key_wrap, keys, pwri
from smime.errors import KeyMismatchError, PolicyError, UnsupportedError
from smime.operations.sign import MessageSigner
from smime.operations.spool import Buffer
from smime.operations.writing import Encoding, Producer
from smime.pki.certificate import Certificate
from smime.pki.identity import ContentKey, KeyEncryptionKey, Password

if TYPE_CHECKING:
    from cryptography import x509

    from smime.operations.sign import Signer
    from smime.policy import Policy

__all__ = ["AnyRecipient", "MessageEncryptor", "Recipient", "recipient_infos"]


_UKM = 16  # octets of user keying material, fresh for each recipient (RFC 5753 section 7.2 wants it sent)


class _RecipientInfoMaker(Protocol):
    def recipient_info(self, key: bytes, policy: Policy) -> bytes:
        """Return the RecipientInfo that brings this content encryption key."""


class Recipient:
    """Somebody to encrypt for: a certificate whose key takes content encryption keys.

    Args:
        certificate: of the recipient: RSA, EC, X25519, X448 or ML-KEM.
        key_transport: for RSA: ``"rsaes-oaep"`` or ``"rsaEncryption"`` (PKCS #1 v1.5); None: what the policy says.

    Raises:
        KeyMismatchError: the certificate's key or key usage does not allow encryption to it.
    """

    __slots__ = ("_info", "certificate", "kind", "transport")

    def __init__(self, certificate: x509.Certificate | Certificate | bytes, *, key_transport: str | None = None) -> None:
        own = Certificate.of_any(certificate)
        self.certificate = own
        self.kind = keys.key_kind(own.public_key)
        self.transport = key_transport
        usage = own.key_usage
        if self.kind == "RSA" or self.kind in kem.KINDS:
            needed = "keyEncipherment"
        elif self.kind in key_agreement.KINDS:
            needed = "keyAgreement"
        else:
            raise KeyMismatchError(f"nothing can be encrypted to a key of kind {self.kind}")
        if usage is not None and needed not in usage:
            raise KeyMismatchError(f"the key usage of {own.subject} does not allow {needed}")
        self._info = IssuerAndSerialNumber(own.issuer_raw, own.serial)

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:
        """Return the RecipientInfo that brings this content encryption key.

        Raises:
            PolicyError: the policy forbids the key.
            KeyMismatchError: the key cannot be used.
        """
        own = self.certificate
        public_key = own.public_key
        if self.kind == "RSA":
            bits = own.rsa_bits or 0
            if policy.algorithms.rsa_level(bits) is not Level.CURRENT:
                raise PolicyError(f"the policy does not let anything be encrypted to a key of {bits} bits")
            v15 = (self.transport or policy.key_transport) == "rsaEncryption"
            algorithm = key_transport.choose(own.key_algorithm, v15=v15)
            encrypted = key_transport.encrypt(public_key, algorithm, key, key_algorithm=own.key_algorithm)
            return KeyTransRecipientInfo.build(self._info, algorithm, encrypted)
        if self.kind in key_agreement.KINDS:
            ephemeral = key_agreement.EphemeralKey(public_key)
            algorithm = key_agreement.choose(public_key, len(key))
            ukm = secrets.token_bytes(_UKM)
            wrapped = ephemeral.wrap(public_key, algorithm, key, ukm=ukm)
            originator = OriginatorPublicKey(ephemeral.algorithm, ephemeral.public_key)
            return KeyAgreeRecipientInfo.build(originator, algorithm, [RecipientEncryptedKey(self._info, wrapped)], ukm)
        made = kem.wrap(public_key, key)
        return KEMRecipientInfo.build(self._info, made.kem, made.ciphertext, made.kdf, made.kek_length, made.wrap, made.encrypted_key)

    def __repr__(self) -> str:
        return f"<Recipient {self.certificate.subject}>"


class _PasswordRecipient:
    def __init__(self, password: Password) -> None:
        self._password = password

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:  # noqa: ARG002 - as for other recipients
        return PasswordRecipientInfo.build(*pwri.wrap(self._password.secret, key))


class _KEKRecipient:
    def __init__(self, key: KeyEncryptionKey) -> None:
        self._key = key

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:  # noqa: ARG002 - as for other recipients
        algorithm = key_wrap.algorithm_identifier(key_wrap.wrap_for(len(self._key.key)))
        return KEKRecipientInfo.build(KEKIdentifier(self._key.key_id), algorithm, key_wrap.wrap(algorithm, self._key.key, key))


AnyRecipient = Any
"""`x509.Certificate`, `Recipient`, `Password`, `KeyEncryptionKey` or `ContentKey`."""


def _makers(recipients: Iterable[AnyRecipient]) -> list[_RecipientInfoMaker]:
    makers: list[_RecipientInfoMaker] = []
    for recipient in recipients:
        if isinstance(recipient, Recipient):
            makers.append(recipient)
        elif isinstance(recipient, Password):
            makers.append(_PasswordRecipient(recipient))
        elif isinstance(recipient, KeyEncryptionKey):
            makers.append(_KEKRecipient(recipient))
        elif isinstance(recipient, ContentKey):
            raise ValueError("a content key goes without other recipients")  # noqa: TRY004 - its company is wrong, not its type
        else:
            makers.append(Recipient(recipient))
    return makers


def recipient_infos(recipients: AnyRecipient | Iterable[AnyRecipient], key: bytes, policy: Policy) -> list[bytes]:
    """Return the RecipientInfos that bring a key to its recipients; errors as those of `MessageEncryptor`."""
    everybody = list(recipients) if isinstance(recipients, Iterable) else [recipients]
    if not everybody:
        raise ValueError("there is no recipient")
    return [maker.recipient_info(key, policy) for maker in _makers(everybody)]


class _Encrypted:
    """An EnvelopedData, AuthEnvelopedData or EncryptedData object being written."""

    def __init__(self, row: ContentEncryption, key: bytes, recipient_infos: list[bytes] | None) -> None:
        self._row = row
        self._key = key
        self._infos = recipient_infos
        self._encryptor: content_encryption.Encryptor | None = None
        self._writer: EnvelopedDataWriter | AuthEnvelopedDataWriter | EncryptedDataWriter | None = None
        self.smime_type = "authEnveloped-data" if row.aead else "enveloped-data"

    def whole(self, content: bytes) -> bytes:
        algorithm, encrypted, tag = content_encryption.encrypt(self._row.name, self._key, content)
        if self._infos is None:
            return build_encrypted_data(content_encryption_algorithm=algorithm, encrypted_content=encrypted)
        if tag is None:
            return build_enveloped_data(recipient_infos=self._infos, content_encryption_algorithm=algorithm, encrypted_content=encrypted)
        return build_auth_enveloped_data(
            recipient_infos=self._infos, content_encryption_algorithm=algorithm, encrypted_content=encrypted, mac=tag
        )

    def head(self) -> bytes:
        self._encryptor = encryptor = content_encryption.Encryptor(self._row.name, self._key)
        if self._infos is None:
            self._writer = EncryptedDataWriter(encryptor.algorithm)
        elif self._row.aead:
            self._writer = AuthEnvelopedDataWriter(self._infos, encryptor.algorithm)
        else:
            self._writer = EnvelopedDataWriter(self._infos, encryptor.algorithm)
        return self._writer.head()

    def content(self, data: Buffer, /) -> bytes:
        assert self._encryptor is not None  # noqa: S101 - head comes first
        assert self._writer is not None  # noqa: S101 - head comes first
        return self._writer.content(self._encryptor.update(data))

    def tail(self) -> bytes:
        assert self._encryptor is not None  # noqa: S101 - head comes first
        writer = self._writer
        assert writer is not None  # noqa: S101 - head comes first
        last = writer.content(self._encryptor.finalize())
        if isinstance(writer, AuthEnvelopedDataWriter):
            return last + writer.tail(self._encryptor.tag or b"")
        return last + writer.tail()


class MessageEncryptor:
    """Encrypts one message of any size: `update(data)` with its octets in pieces, then `finalize()`; both return octets of the result.

    Args:
        recipients: `x509.Certificate`, `Recipient`, `Password` or `KeyEncryptionKey` objects, at least one; or a single `ContentKey`.
        content_encryption: name of the algorithm; None: what the policy says.
        signer: signs before it is encrypted, in the same pass: sign inside, encrypt outside (RFC 9787 section 5.2).
        encoding: ``"smime"`` makes a mail of a MIME entity; ``"der"`` and ``"pem"`` protect the octets as they are.
        policy: which algorithms may be used.

    Raises:
        PolicyError: the policy forbids an algorithm or a key.
        KeyMismatchError: a recipient's key cannot be used.
        UnsupportedError: the content encryption is unknown or only read.
    """

    def __init__(
        self,
        recipients: AnyRecipient | Iterable[AnyRecipient],
        *,
        content_encryption: str | None = None,
        signer: Signer | Iterable[Signer] | None = None,
        encoding: Encoding = "smime",
        policy: Policy = policies.RFC8551,
    ) -> None:
        name = content_encryption or policy.content_encryption
        row = CONTENT_ENCRYPTIONS_BY_NAME.get(name)
        if row is None:
            raise UnsupportedError("content encryption algorithm", name)
        if policy.algorithms.level(row.name) is not Level.CURRENT:
            raise PolicyError(f"the policy does not let {row.name} encrypt")
        everybody = list(recipients) if isinstance(recipients, Iterable) else [recipients]
        infos: list[bytes] | None = None
        if len(everybody) == 1 and isinstance(everybody[0], ContentKey):
            key = everybody[0].key
            if row.aead:
                if content_encryption is not None:
                    raise UnsupportedError("EncryptedData with an authenticated cipher", row.name)
                row = CONTENT_ENCRYPTIONS_BY_NAME[f"aes-{len(key) * 8}-cbc"] if len(key) in {16, 24, 32} else row
            if len(key) != row.key_size:
                raise KeyMismatchError(f"{row.name} takes a key of {row.key_size} octets, not {len(key)}")
        else:
            key = _new_key(row.name)
            infos = recipient_infos(everybody, key, policy)
        self._producer = Producer(_Encrypted(row, key, infos), encoding, policy.limits)
        self._signer: MessageSigner | None = None
        if signer is not None:
            inner: Encoding = "smime" if encoding == "smime" else "der"
            self._signer = MessageSigner(signer, detached=encoding == "smime", encoding=inner, policy=policy)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message; return octets of the encrypted one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        if self._signer is not None:
            data = self._signer.update(data)
        return self._producer.update(data)

    def finalize(self) -> bytes:
        """Say that the message is complete; return the last octets of the encrypted one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        rest = self._producer.update(self._signer.finalize()) if self._signer is not None else b""
        return rest + self._producer.finalize()


_new_key = content_encryption.new_key
