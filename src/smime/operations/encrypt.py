"""Encrypting (RFC 5652 section 6, RFC 5083, RFC 8551 sections 2.7, 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from smime import policies
from smime.algorithms import CONTENT_ENCRYPTIONS_BY_NAME, ContentEncryption, Level
from smime.cms import attribute_set
from smime.cms import attributes as attrs
from smime.cms.auth_enveloped_data import AuthEnvelopedDataWriter, build_auth_enveloped_data
from smime.cms.content_info import DATA
from smime.cms.encrypted_data import EncryptedDataWriter, build_encrypted_data
from smime.cms.enveloped_data import EnvelopedDataWriter, build_enveloped_data
from smime.crypto import content_encryption, digests
from smime.errors import KeyMismatchError, ParseError, PolicyError, UnsupportedError
from smime.operations.recipients.making import (
    AnyRecipient,
    choose_content_encryption,
    common_capabilities,
    each_of,
    makers_of,
    recipient_infos,
)
from smime.operations.sign import MessageSigner
from smime.operations.spool import Buffer
from smime.operations.writing.armor import Encoding
from smime.operations.writing.producer import SEGMENT, Producer, Sink
from smime.pki.identity import ContentKey

if TYPE_CHECKING:
    from smime.crypto.digests import NewDigest
    from smime.operations.sign import Signer
    from smime.policy import Policy

__all__ = ["MessageEncryptor"]


class _Encrypted:
    """An EnvelopedData, AuthEnvelopedData or EncryptedData object being written."""

    def __init__(
        self,
        row: ContentEncryption,
        key: bytes,
        infos: list[bytes] | None,
        *,
        cek_hkdf: bool,
        content_length: int | None,
        content_type: str = DATA,
        auth_attrs: bytes | None = None,
    ) -> None:
        self._type = content_type
        self._attributes = auth_attrs  # with the tag SET, as they are authenticated (RFC 5083 section 2.2)
        self._row = row
        self._key = key
        self._infos = infos
        self._cek_hkdf = cek_hkdf
        self._length = content_length
        self._room = bytearray()
        self._encryptor: content_encryption.Encryptor | None = None
        self._writer: EnvelopedDataWriter | AuthEnvelopedDataWriter | EncryptedDataWriter | None = None
        self.smime_type = "authEnveloped-data" if row.aead else "enveloped-data"

    def whole(self, content: bytes) -> bytes:
        algorithm, encrypted, tag = content_encryption.encrypt(
            self._row.name, self._key, content, aad=self._attributes or b"", cek_hkdf=self._cek_hkdf
        )
        if self._infos is None:
            return build_encrypted_data(content_encryption_algorithm=algorithm, encrypted_content=encrypted, content_type=self._type)
        if tag is None:
            return build_enveloped_data(
                recipient_infos=self._infos,
                content_encryption_algorithm=algorithm,
                encrypted_content=encrypted,
                content_type=self._type,
            )
        return build_auth_enveloped_data(
            recipient_infos=self._infos,
            content_encryption_algorithm=algorithm,
            encrypted_content=encrypted,
            mac=tag,
            auth_attrs=self._attributes,
            content_type=self._type,
        )

    def head(self) -> bytes:
        self._encryptor = encryptor = content_encryption.Encryptor(
            self._row.name, self._key, aad=self._attributes or b"", cek_hkdf=self._cek_hkdf
        )
        self._room = bytearray(SEGMENT + content_encryption.OVERHEAD)
        length = self._length
        if length is not None and not self._row.aead:
            length += self._row.block_size - length % self._row.block_size  # padding (RFC 5652 section 6.3)
        if self._infos is None:
            self._writer = EncryptedDataWriter(encryptor.algorithm, self._type, content_length=length)
        elif self._row.aead:
            self._writer = AuthEnvelopedDataWriter(
                self._infos, encryptor.algorithm, self._type, auth_attrs=self._attributes, content_length=length
            )
        else:
            self._writer = EnvelopedDataWriter(self._infos, encryptor.algorithm, self._type, content_length=length)
        return self._writer.head()

    def take(self, data: Buffer, /) -> None:
        pass  # all is made of the content as it is written

    def content(self, data: Buffer, /) -> Iterable[Buffer]:
        assert self._encryptor is not None  # noqa: S101 - head comes first
        assert self._writer is not None  # noqa: S101 - head comes first
        size = self._encryptor.update_into(data, self._room)
        return self._writer.pieces(memoryview(self._room)[:size])

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

    Content of up to 128 KiB waits for `finalize`, and is written at once, in DER.

    Args:
        recipients: `x509.Certificate`, `Recipient`, `Password` or `KeyEncryptionKey` objects, at least one; or a single `ContentKey`.
        content_encryption: name of the algorithm; None: what all recipients are known to read, or else what the policy says.
        cek_hkdf: derive the content's key from the transported one (RFC 9709), so that AES-GCM cannot be passed off as AES-CBC; None: if
            all recipients are known to read that.
        signer: signs before it is encrypted, in the same pass: sign inside, encrypt outside (RFC 9787 section 5.2).
        encoding: ``"smime"`` makes a mail of a MIME entity; ``"der"`` and ``"pem"`` protect the octets as they are.
        policy: which algorithms may be used.
        content_length: octets of the message, if they are known beforehand and ``encoding`` is not ``"smime"``: however long it is, the
            result is DER then, for readers that do not know indefinite lengths. ``finalize`` raises ValueError if it was not true.
        sink: as for `MessageSigner`.
        content_type: of what is encrypted, dotted, for a bare CMS object that holds something else than id-data. With an authenticated
            cipher it is an authenticated attribute then (RFC 5083 section 2.1).
        authenticated_attributes: further attributes, encoded, for anybody to read and nobody to change; if there are any, or the iterable
            is empty, contentType is one. None: no attributes, unless the content is not id-data.
        new_digest: as for `MessageSigner`.

    Raises:
        PolicyError: the policy forbids an algorithm or a key.
        KeyMismatchError: a recipient's key cannot be used.
        UnsupportedError: the content encryption is unknown or only read, or authenticates no attributes.
        ParseError: an attribute is malformed.
        ValueError: an attribute is contentType or stands twice, or is messageDigest, which would tell about the content (RFC 5083 section
            2.1).
    """

    def __init__(
        self,
        recipients: AnyRecipient | Iterable[AnyRecipient],
        *,
        content_encryption: str | None = None,
        cek_hkdf: bool | None = None,
        signer: Signer | Iterable[Signer] | None = None,
        encoding: Encoding = "smime",
        policy: Policy = policies.RFC8551,
        content_length: int | None = None,
        sink: Sink | None = None,
        content_type: str = DATA,
        authenticated_attributes: Iterable[bytes] | None = None,
        new_digest: NewDigest = digests.new,
    ) -> None:
        if content_type != DATA and (encoding == "smime" or signer is not None):
            raise ValueError("mail is encrypted as id-data (RFC 8551 section 2.4.3)")
        if content_length is not None and (encoding == "smime" or signer is not None):
            raise ValueError("the length of what is encrypted is known beforehand only if octets are encrypted as they are")
        everybody = each_of(recipients)
        if len(everybody) == 1 and isinstance(everybody[0], ContentKey):
            row, key, infos = _with_content_key(everybody[0], content_encryption, policy)
        else:
            makers = makers_of(everybody)
            known = common_capabilities(makers)
            row = _row(content_encryption or choose_content_encryption(known, policy), policy)
            if cek_hkdf is None:
                cek_hkdf = known is not None and "cek-hkdf-sha256" in known
            key = _new_key(row.name)
            infos = recipient_infos(makers, key, policy)
        auth_attrs = None
        if authenticated_attributes is not None or (content_type != DATA and row.aead):
            if not row.aead:
                raise UnsupportedError("authenticated attributes with a cipher that authenticates nothing", row.name)
            auth_attrs = _authenticated(content_type, authenticated_attributes or ())
        encrypted = _Encrypted(
            row, key, infos, cek_hkdf=bool(cek_hkdf), content_length=content_length, content_type=content_type, auth_attrs=auth_attrs
        )
        self._producer = Producer(encrypted, encoding, policy.limits, sink, content_length=content_length)
        self._signer: MessageSigner | None = None
        if signer is not None:
            inner: Encoding = "smime" if encoding == "smime" else "der"
            self._signer = MessageSigner(
                signer,
                detached=encoding == "smime",
                encoding=inner,
                policy=policy,
                sink=self._producer.feed,
                new_digest=new_digest,
            )

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message; return octets of the encrypted one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        if self._signer is None:
            return self._producer.update(data)
        self._signer.update(data)  # which feeds the producer
        return self._producer.update(b"")

    def finalize(self) -> bytes:
        """Say that the message is complete; return the last octets of the encrypted one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        if self._signer is not None:
            self._signer.finalize()
        return self._producer.finalize()


_new_key = content_encryption.new_key


def _authenticated(content_type: str, further: Iterable[bytes]) -> bytes:
    """Return the DER of AuthAttributes with the tag SET."""
    given = list(further)
    attributes = attribute_set.Attributes.build([attrs.content_type(content_type), *given])
    if not attributes.is_der or len(attributes) != len(given) + 1:
        raise ParseError("cms", "an authenticated attribute is not one, or not in DER")
    types = [attribute.oid for attribute in attributes]
    if len(set(types)) < len(types) or attrs.MESSAGE_DIGEST in types:
        raise ValueError("an authenticated attribute stands twice, or would tell about the content")
    return attributes.raw_as_set()


def _row(name: str, policy: Policy) -> ContentEncryption:
    row = CONTENT_ENCRYPTIONS_BY_NAME.get(name)
    if row is None:
        raise UnsupportedError("content encryption algorithm", name)
    if policy.algorithms.level(row.name) is not Level.CURRENT:
        raise PolicyError(f"the policy does not let {row.name} encrypt")
    return row


def _with_content_key(recipient: ContentKey, name: str | None, policy: Policy) -> tuple[ContentEncryption, bytes, None]:
    """Choose for EncryptedData (RFC 5652 section 8), which has no place for a tag: CBC."""
    key = recipient.key
    row = _row(name or f"aes-{len(key) * 8}-cbc", policy)
    if row.aead:
        raise UnsupportedError("EncryptedData with an authenticated cipher", row.name)
    if len(key) != row.key_size:
        raise KeyMismatchError(f"{row.name} takes a key of {row.key_size} octets, not {len(key)}")
    return row, key, None
