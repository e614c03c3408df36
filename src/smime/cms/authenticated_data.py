"""AuthenticatedData (RFC 5652 section 9): content with a MAC under a key that each recipient gets.

::

    AuthenticatedData ::= SEQUENCE {
        version CMSVersion,
        originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
        recipientInfos RecipientInfos,
        macAlgorithm MessageAuthenticationCodeAlgorithm,
        digestAlgorithm [1] DigestAlgorithmIdentifier OPTIONAL,
        encapContentInfo EncapsulatedContentInfo,
        authAttrs [2] IMPLICIT AuthAttributes OPTIONAL,
        mac MessageAuthenticationCode,
        unauthAttrs [3] IMPLICIT UnauthAttributes OPTIONAL }
"""

from __future__ import annotations

from collections.abc import Sequence

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import Reader, parse
from smime.cms.attribute_set import Attributes
from smime.cms.content_info import AUTHENTICATED_DATA, DATA, Event, Writer, build_content_info, build_encapsulated_content_info
from smime.cms.enveloped_data import OriginatorInfo
from smime.cms.recipient_info import RecipientInfo
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "AuthenticatedDataHead",
    "AuthenticatedDataTail",
    "AuthenticatedDataWriter",
    "authenticated_data_version",
    "build_authenticated_data",
]


class AuthenticatedDataHead(Event):
    """What stands before the content.

    Attributes:
        version: reported, not enforced.
        originator_info: None if absent.
        recipient_infos: at least one.
        mac_algorithm: see there.
        digest_algorithm: present if there are authenticated attributes.
        content_type: eContentType.
        has_content: eContent is present.
    """

    __slots__ = ("content_type", "digest_algorithm", "has_content", "mac_algorithm", "originator_info", "recipient_infos", "version")

    def __init__(
        self,
        version: int,
        originator_info: OriginatorInfo | None,
        recipient_infos: tuple[RecipientInfo, ...],
        mac_algorithm: AlgorithmIdentifier,
        digest_algorithm: AlgorithmIdentifier | None,
        content_type: str,
        *,
        has_content: bool,
    ) -> None:
        self.version = version
        self.originator_info = originator_info
        self.recipient_infos = recipient_infos
        self.mac_algorithm = mac_algorithm
        self.digest_algorithm = digest_algorithm
        self.content_type = content_type
        self.has_content = has_content


class AuthenticatedDataTail(Event):
    """What stands behind the content.

    Attributes:
        auth_attrs: None if absent: then the MAC is over the content, else over their DER with the tag SET.
        mac: see there.
        unauth_attrs: None if absent; not protected.
    """

    __slots__ = ("auth_attrs", "mac", "unauth_attrs")

    def __init__(self, auth_attrs: Attributes | None, mac: bytes, unauth_attrs: Attributes | None) -> None:
        self.auth_attrs = auth_attrs
        self.mac = mac
        self.unauth_attrs = unauth_attrs

    @classmethod
    def from_octets(cls, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> AuthenticatedDataTail:
        """Read the fields behind encapContentInfo; ParseError or LimitExceeded."""
        reader = Reader.of_contents(data, "AuthenticatedData", limits=limits, layer="cms")
        auth = reader.optional(0xA2)
        mac = reader.octet_string()
        unauth = reader.optional(0xA3)
        reader.end()
        return cls(
            Attributes.from_element(auth, limits=limits) if auth is not None else None,
            mac,
            Attributes.from_element(unauth, limits=limits) if unauth is not None else None,
        )


def authenticated_data_version(originator_info: bytes | None) -> int:
    """Return the version of AuthenticatedData (RFC 5652 section 9.1); originator_info is encoded, tag 0xA0."""
    if originator_info is None:
        return 0
    choices = {(field.tag, choice.tag) for field in parse(originator_info, layer="cms") for choice in field}
    if choices & {(0xA0, 0xA3), (0xA1, 0xA1)}:
        return 3
    return 1 if (0xA0, 0xA2) in choices else 0


def _encode_head(
    originator_info: bytes | None,
    recipient_infos: Sequence[bytes],
    mac_algorithm: AlgorithmIdentifier,
    digest_algorithm: AlgorithmIdentifier | None,
) -> bytes:
    return (
        writer.integer(authenticated_data_version(originator_info))
        + (originator_info or b"")
        + writer.set_of(recipient_infos)
        + mac_algorithm.raw
        + (writer.retag(digest_algorithm.raw, 0xA1) if digest_algorithm is not None else b"")
    )


def _encode_tail(auth_attrs: bytes | None, mac: bytes, unauth_attrs: Sequence[bytes]) -> bytes:
    return (
        (writer.retag(auth_attrs, 0xA2) if auth_attrs is not None else b"")
        + writer.octet_string(mac)
        + (writer.set_of(unauth_attrs, tag=0xA3) if unauth_attrs else b"")
    )


def build_authenticated_data(
    *,
    recipient_infos: Sequence[bytes],
    mac_algorithm: AlgorithmIdentifier,
    content: bytes | bytearray | memoryview | None,
    mac: bytes,
    digest_algorithm: AlgorithmIdentifier | None = None,
    auth_attrs: bytes | None = None,
    content_type: str = DATA,
    originator_info: bytes | None = None,
    unauth_attrs: Sequence[bytes] = (),
) -> bytes:
    """Return a whole ContentInfo with AuthenticatedData, in DER.

    Args:
        recipient_infos: encoded, in any order.
        mac_algorithm: see there.
        content: eContent; None: absent.
        mac: see there.
        digest_algorithm: of the messageDigest attribute; present if and only if `auth_attrs` are.
        auth_attrs: the DER SET (tag 0x31) that was authenticated; None: absent.
        content_type: eContentType.
        originator_info: from `OriginatorInfo.build`.
        unauth_attrs: encoded attributes, in any order.
    """
    return build_content_info(
        AUTHENTICATED_DATA,
        writer.sequence(
            _encode_head(originator_info, recipient_infos, mac_algorithm, digest_algorithm),
            build_encapsulated_content_info(content_type, content),
            _encode_tail(auth_attrs, mac, unauth_attrs),
        ),
    )


class AuthenticatedDataWriter(Writer):
    """AuthenticatedData written as its content comes, with indefinite lengths; see `Writer` and `build_authenticated_data`."""

    __slots__ = ("_before",)

    def __init__(
        self,
        recipient_infos: Sequence[bytes],
        mac_algorithm: AlgorithmIdentifier,
        digest_algorithm: AlgorithmIdentifier | None = None,
        content_type: str = DATA,
        *,
        detached: bool = False,
        originator_info: bytes | None = None,
    ) -> None:
        super().__init__(AUTHENTICATED_DATA, content_type, detached=detached)
        self._before = _encode_head(originator_info, recipient_infos, mac_algorithm, digest_algorithm)

    def head(self) -> bytes:
        """Return what stands before the content."""
        return self._head(self._before)

    def tail(self, mac: bytes, auth_attrs: bytes | None = None, unauth_attrs: Sequence[bytes] = ()) -> bytes:
        """Return what stands behind the content."""
        return self._tail(_encode_tail(auth_attrs, mac, unauth_attrs))
