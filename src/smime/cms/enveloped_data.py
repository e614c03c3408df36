"""EnvelopedData (RFC 5652 section 6), and what the other encrypting types share with it.

::

    EnvelopedData ::= SEQUENCE {
        version CMSVersion,
        originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
        recipientInfos SET SIZE (1..MAX) OF RecipientInfo,
        encryptedContentInfo EncryptedContentInfo,
        unprotectedAttrs [1] IMPLICIT UnprotectedAttributes OPTIONAL }
    OriginatorInfo ::= SEQUENCE {
        certs [0] IMPLICIT CertificateSet OPTIONAL,
        crls [1] IMPLICIT RevocationInfoChoices OPTIONAL }
    EncryptedContentInfo ::= SEQUENCE {
        contentType ContentType,
        contentEncryptionAlgorithm ContentEncryptionAlgorithmIdentifier,
        encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL }
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smime._kernels import der as _kernel
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import Reader, parse
from smime.cms.attribute_set import Attributes
from smime.cms.certificate_set import encode_certificates, encode_revocation_infos, read_certificates, read_revocation_infos
from smime.cms.content_info import DATA, ENVELOPED_DATA, Event, Writer, build_content_info_of
from smime.cms.recipient_info import RecipientInfo
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "EnvelopedDataHead",
    "EnvelopedDataTail",
    "EnvelopedDataWriter",
    "OriginatorInfo",
    "build_encrypted_content_info",
    "encrypted_content_info",
    "build_enveloped_data",
    "enveloped_data_version",
]


class OriginatorInfo(Event):
    """Certificates and revocation lists that the originator sends along, unauthenticated; fields as in `SignedDataTail`.

    Attributes:
        raw: the whole element as received, tag 0xA0.
    """

    __slots__ = ("certificates", "crls", "other_certificates", "other_revocation_infos", "raw")

    def __init__(
        self,
        certificates: tuple[bytes, ...],
        other_certificates: tuple[bytes, ...],
        crls: tuple[bytes, ...],
        other_revocation_infos: tuple[tuple[str, bytes], ...],
        raw: bytes,
    ) -> None:
        self.certificates = certificates
        self.other_certificates = other_certificates
        self.crls = crls
        self.other_revocation_infos = other_revocation_infos
        self.raw = raw

    @classmethod
    def from_raw(cls, raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> OriginatorInfo:
        """Read one, whatever its tag; ParseError if it is none, LimitExceeded as for `SignedDataTail`."""
        index, end, _ = _kernel.index(raw, 0, len(raw), limits.asn1_depth, limits.asn1_elements, 2, inside=False)
        if end != len(raw):
            raise ParseError("cms", "octets follow an OriginatorInfo", end)
        at, stop = 6, index[5]
        certificates: tuple[bytes, ...] = ()
        others: tuple[bytes, ...] = ()
        crls: tuple[bytes, ...] = ()
        other_infos: tuple[tuple[str, bytes], ...] = ()
        if at < stop and index[at] == 0xA0:
            certificates, others = read_certificates(raw, index, at, limits)
            at = index[at + 5]
        if at < stop and index[at] == 0xA1:
            crls, other_infos = read_revocation_infos(raw, index, at, limits)
            at = index[at + 5]
        if at < stop:
            raise ParseError("cms", "malformed OriginatorInfo", index[at + 1])
        return cls(certificates, others, crls, other_infos, raw)

    @staticmethod
    def build(
        certificates: Iterable[bytes] = (),
        crls: Iterable[bytes] = (),
        other_certificates: Iterable[bytes] = (),
        other_revocation_infos: Iterable[tuple[str, bytes]] = (),
    ) -> bytes:
        """Return an encoded OriginatorInfo, tag 0xA0; arguments as in `build_signed_data`."""
        return writer.tlv(
            0xA0, encode_certificates([*certificates, *other_certificates]) + encode_revocation_infos(crls, other_revocation_infos)
        )


class EnvelopedDataHead(Event):
    """What stands before the encrypted content, in EnvelopedData and AuthEnvelopedData.

    Attributes:
        version: reported, not enforced.
        originator_info: None if absent.
        recipient_infos: at least one.
        content_type: of what is encrypted.
        content_encryption_algorithm: see there.
        has_content: encryptedContent is present, though perhaps empty.
    """

    __slots__ = ("content_encryption_algorithm", "content_type", "has_content", "originator_info", "recipient_infos", "version")

    def __init__(
        self,
        version: int,
        originator_info: OriginatorInfo | None,
        recipient_infos: tuple[RecipientInfo, ...],
        content_type: str,
        content_encryption_algorithm: AlgorithmIdentifier,
        *,
        has_content: bool,
    ) -> None:
        self.version = version
        self.originator_info = originator_info
        self.recipient_infos = recipient_infos
        self.content_type = content_type
        self.content_encryption_algorithm = content_encryption_algorithm
        self.has_content = has_content


class EnvelopedDataTail(Event):
    """What stands behind the encrypted content. The attributes are not protected."""

    __slots__ = ("unprotected_attrs",)

    def __init__(self, unprotected_attrs: Attributes | None) -> None:
        self.unprotected_attrs = unprotected_attrs

    @classmethod
    def from_octets(cls, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> EnvelopedDataTail:
        """Read the fields behind encryptedContentInfo; ParseError or LimitExceeded."""
        if not data:
            return cls(None)
        reader = Reader.of_contents(data, "EnvelopedData", limits=limits, layer="cms")
        attributes = reader.optional(0xA1)
        reader.end()
        return cls(Attributes.from_element(attributes, limits=limits) if attributes is not None else None)


# -- writing --


def enveloped_data_version(
    recipient_infos: Iterable[bytes], originator_info: bytes | None = None, *, unprotected_attrs: bool = False
) -> int:
    """Return the version of EnvelopedData (RFC 5652 section 6.1).

    Args:
        recipient_infos: encoded.
        originator_info: encoded, tag 0xA0.
        unprotected_attrs: there are any.
    """
    choices = {choice.tag for field in parse(originator_info, layer="cms") for choice in field} if originator_info is not None else set()
    others = {0xA3, *([0xA1] if originator_info is not None and _has_other_crl(originator_info) else [])}
    if choices & {0xA3} or (len(others) > 1):
        return 4
    infos = list(recipient_infos)
    if 0xA2 in choices or any(info[0] in {0xA3, 0xA4} for info in infos):
        return 3
    if originator_info is None and not unprotected_attrs and all(info[0] == 0x30 and Reader(parse(info)).integer() == 0 for info in infos):
        return 0
    return 2


def _has_other_crl(originator_info: bytes) -> bool:
    return any(choice.tag == 0xA1 for field in parse(originator_info, layer="cms") if field.tag == 0xA1 for choice in field)


def build_encrypted_content_info(
    content_type: str, algorithm: AlgorithmIdentifier, content: bytes | bytearray | memoryview | None
) -> bytes:
    """Return an EncryptedContentInfo; content None: absent."""
    return b"".join(encrypted_content_info(content_type, algorithm, content))


def encrypted_content_info(
    content_type: str, algorithm: AlgorithmIdentifier, content: bytes | bytearray | memoryview | None
) -> tuple[bytes, bytes | bytearray | memoryview]:
    """Return the same as `build_encrypted_content_info` in two pieces, the content uncopied."""
    head = writer.oid(content_type) + algorithm.raw
    if content is None:
        return writer.sequence(head), b""
    size = len(content)
    head += writer.header(0x80, size)
    return writer.header(0x30, len(head) + size) + head, content


def build_enveloped_data(
    *,
    recipient_infos: Sequence[bytes],
    content_encryption_algorithm: AlgorithmIdentifier,
    encrypted_content: bytes | bytearray | memoryview | None,
    content_type: str = DATA,
    originator_info: bytes | None = None,
    unprotected_attrs: Sequence[bytes] = (),
) -> bytes:
    """Return a whole ContentInfo with EnvelopedData, in DER.

    Args:
        recipient_infos: encoded, in any order.
        content_encryption_algorithm: see there.
        encrypted_content: None: absent.
        content_type: of what is encrypted.
        originator_info: from `OriginatorInfo.build`.
        unprotected_attrs: encoded attributes, in any order.
    """
    version = enveloped_data_version(recipient_infos, originator_info, unprotected_attrs=bool(unprotected_attrs))
    return build_content_info_of(
        ENVELOPED_DATA,
        (
            writer.integer(version),
            originator_info or b"",
            writer.set_of(recipient_infos),
            *encrypted_content_info(content_type, content_encryption_algorithm, encrypted_content),
            writer.set_of(unprotected_attrs, tag=0xA1) if unprotected_attrs else b"",
        ),
    )


class EnvelopedDataWriter(Writer):
    """EnvelopedData written as its content comes; see `Writer` and `build_enveloped_data`.

    Args:
        content_length: octets of the encrypted content, padding included, if they are known.
    """

    __slots__ = ("_before", "_between", "_unprotected_attrs")

    def __init__(
        self,
        recipient_infos: Sequence[bytes],
        content_encryption_algorithm: AlgorithmIdentifier,
        content_type: str = DATA,
        *,
        originator_info: bytes | None = None,
        unprotected_attrs: Sequence[bytes] = (),
        content_length: int | None = None,
    ) -> None:
        super().__init__(ENVELOPED_DATA, content_type, content_length=content_length)
        version = enveloped_data_version(recipient_infos, originator_info, unprotected_attrs=bool(unprotected_attrs))
        self._before = writer.integer(version) + (originator_info or b"") + writer.set_of(recipient_infos)
        self._between = content_encryption_algorithm.raw
        self._unprotected_attrs = writer.set_of(unprotected_attrs, tag=0xA1) if unprotected_attrs else b""

    def head(self) -> bytes:
        """Return what stands before the content."""
        return self._head(self._before, self._between, implicit=True, tail_length=len(self._unprotected_attrs))

    def tail(self) -> bytes:
        """Return what stands behind the content; ValueError if there was less than announced."""
        return self._tail(self._unprotected_attrs, implicit=True)
