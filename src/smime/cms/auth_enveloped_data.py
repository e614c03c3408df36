"""AuthEnvelopedData (RFC 5083 section 2.1).

::

    AuthEnvelopedData ::= SEQUENCE {
        version CMSVersion,  -- 0
        originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
        recipientInfos RecipientInfos,
        authEncryptedContentInfo EncryptedContentInfo,
        authAttrs [1] IMPLICIT AuthAttributes OPTIONAL,
        mac MessageAuthenticationCode,
        unauthAttrs [2] IMPLICIT UnauthAttributes OPTIONAL }

The additional authenticated data are the DER of authAttrs with the tag SET, or nothing (section 2.2). On the wire they follow the content.
"""

from __future__ import annotations

from collections.abc import Sequence

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import Reader
from smime.cms.attribute_set import Attributes
from smime.cms.content_info import AUTH_ENVELOPED_DATA, DATA, Event, Writer, build_content_info_of
from smime.cms.enveloped_data import EnvelopedDataHead, encrypted_content_info
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["AuthEnvelopedDataHead", "AuthEnvelopedDataTail", "AuthEnvelopedDataWriter", "build_auth_enveloped_data"]


class AuthEnvelopedDataHead(EnvelopedDataHead):
    """What stands before the encrypted content; fields as in `EnvelopedDataHead`."""

    __slots__ = ()

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in EnvelopedDataHead.__slots__)


class AuthEnvelopedDataTail(Event):
    """What stands behind the encrypted content.

    Attributes:
        auth_attrs: None if absent.
        mac: the authentication tag.
        unauth_attrs: None if absent; not protected.
    """

    __slots__ = ("auth_attrs", "mac", "unauth_attrs")

    def __init__(self, auth_attrs: Attributes | None, mac: bytes, unauth_attrs: Attributes | None) -> None:
        self.auth_attrs = auth_attrs
        self.mac = mac
        self.unauth_attrs = unauth_attrs

    @classmethod
    def from_octets(cls, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> AuthEnvelopedDataTail:
        """Read the fields behind authEncryptedContentInfo; ParseError or LimitExceeded."""
        if len(data) == 18 and data.startswith(b"\x04\x10"):
            return cls(None, data[2:], None)  # nothing but a tag of the usual size
        reader = Reader.of_contents(data, "AuthEnvelopedData", limits=limits, layer="cms")
        auth = reader.optional(0xA1)
        mac = reader.octet_string()
        unauth = reader.optional(0xA2)
        reader.end()
        return cls(
            Attributes.from_element(auth, limits=limits) if auth is not None else None,
            mac,
            Attributes.from_element(unauth, limits=limits) if unauth is not None else None,
        )


def _encode_tail(auth_attrs: bytes | None, mac: bytes, unauth_attrs: Sequence[bytes]) -> bytes:
    return (
        (writer.retag(auth_attrs, 0xA1) if auth_attrs is not None else b"")
        + (b"\x04\x10" + mac if len(mac) == 16 else writer.octet_string(mac))
        + (writer.set_of(unauth_attrs, tag=0xA2) if unauth_attrs else b"")
    )


def build_auth_enveloped_data(
    *,
    recipient_infos: Sequence[bytes],
    content_encryption_algorithm: AlgorithmIdentifier,
    encrypted_content: bytes | bytearray | memoryview | None,
    mac: bytes,
    auth_attrs: bytes | None = None,
    content_type: str = DATA,
    originator_info: bytes | None = None,
    unauth_attrs: Sequence[bytes] = (),
) -> bytes:
    """Return a whole ContentInfo with AuthEnvelopedData, in DER.

    Args:
        recipient_infos: encoded, in any order.
        content_encryption_algorithm: see there.
        encrypted_content: without the tag; None: absent.
        mac: the authentication tag.
        auth_attrs: the DER SET (tag 0x31) that was authenticated; None: absent.
        content_type: of what is encrypted.
        originator_info: from `OriginatorInfo.build`.
        unauth_attrs: encoded attributes, in any order.
    """
    return build_content_info_of(
        AUTH_ENVELOPED_DATA,
        (
            b"\x02\x01\x00",  # version 0
            originator_info or b"",
            writer.set_of(recipient_infos),
            *encrypted_content_info(content_type, content_encryption_algorithm, encrypted_content),
            _encode_tail(auth_attrs, mac, unauth_attrs),
        ),
    )


class AuthEnvelopedDataWriter(Writer):
    """AuthEnvelopedData written as its content comes; see `Writer` and `build_auth_enveloped_data`.

    Args:
        content_length: octets of the encrypted content if they are known.
        mac_size: octets of the authentication tag, needed with a content length.
    """

    __slots__ = ("_auth_attrs", "_before", "_between", "_mac_size", "_unauth_attrs")

    def __init__(
        self,
        recipient_infos: Sequence[bytes],
        content_encryption_algorithm: AlgorithmIdentifier,
        content_type: str = DATA,
        *,
        auth_attrs: bytes | None = None,
        originator_info: bytes | None = None,
        unauth_attrs: Sequence[bytes] = (),
        content_length: int | None = None,
        mac_size: int = 16,
    ) -> None:
        super().__init__(AUTH_ENVELOPED_DATA, content_type, content_length=content_length)
        self._before = writer.integer(0) + (originator_info or b"") + writer.set_of(recipient_infos)
        self._between = content_encryption_algorithm.raw
        self._auth_attrs = auth_attrs
        self._unauth_attrs = unauth_attrs
        self._mac_size = mac_size

    def _tail_length(self) -> int:
        return len(_encode_tail(self._auth_attrs, bytes(self._mac_size), self._unauth_attrs))

    def head(self) -> bytes:
        """Return what stands before the content."""
        return self._head(self._before, self._between, implicit=True, tail_length=self._tail_length())

    def tail(self, mac: bytes) -> bytes:
        """Return what stands behind the content; ValueError if content or tag are not as long as announced."""
        return self._tail(_encode_tail(self._auth_attrs, mac, self._unauth_attrs), implicit=True, tail_length=self._tail_length())
