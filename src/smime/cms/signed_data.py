"""SignedData (RFC 5652 section 5).

::

    SignedData ::= SEQUENCE {
        version CMSVersion,
        digestAlgorithms SET OF DigestAlgorithmIdentifier,
        encapContentInfo EncapsulatedContentInfo,
        certificates [0] IMPLICIT CertificateSet OPTIONAL,
        crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
        signerInfos SET OF SignerInfo }

    SignerInfo ::= SEQUENCE {
        version CMSVersion,
        sid SignerIdentifier,
        digestAlgorithm DigestAlgorithmIdentifier,
        signedAttrs [0] IMPLICIT SignedAttributes OPTIONAL,
        signatureAlgorithm SignatureAlgorithmIdentifier,
        signature SignatureValue,
        unsignedAttrs [1] IMPLICIT UnsignedAttributes OPTIONAL }

    CertificateChoices ::= CHOICE {
        certificate Certificate,
        extendedCertificate [0] IMPLICIT ExtendedCertificate,  -- obsolete
        v1AttrCert [1] IMPLICIT AttributeCertificateV1,        -- obsolete
        v2AttrCert [2] IMPLICIT AttributeCertificateV2,
        other [3] IMPLICIT OtherCertificateFormat }

    RevocationInfoChoice ::= CHOICE {
        crl CertificateList,
        other [1] IMPLICIT OtherRevocationInfoFormat }
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smime._kernels import der as _kernel
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import tag_name
from smime.cms.certificate_set import encode_certificates, encode_revocation_infos, encode_set, read_certificates, read_revocation_infos
from smime.cms.content_info import (
    DATA,
    SIGNED_DATA,
    Event,
    Writer,
    build_content_info,
    build_encapsulated_content_info,
    check_count,
)
from smime.cms.signer_info import SignerInfo
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["SignedDataHead", "SignedDataTail", "SignedDataWriter", "build_signed_data", "signed_data_version", "encode_digest_algorithms"]

_FIELDS = _kernel.FIELDS


class SignedDataHead(Event):
    """What stands before the content.

    Attributes:
        version: as received; it is reported, not enforced.
        digest_algorithms: what the SignerInfos are said to use.
        content_type: eContentType in dotted form.
        has_content: eContent is present, though perhaps empty; otherwise the signature is detached or there is none.
    """

    __slots__ = ("content_type", "digest_algorithms", "has_content", "version")

    def __init__(self, version: int, digest_algorithms: tuple[AlgorithmIdentifier, ...], content_type: str, *, has_content: bool) -> None:
        self.version = version
        self.digest_algorithms = digest_algorithms
        self.content_type = content_type
        self.has_content = has_content


def _unknown_version(data: bytes, index: Sequence[int], at: int) -> int | None:
    """Return the version of the SignerInfo at a place of an index if it is none that is defined (RFC 5652 section 5.3)."""
    place = at + 6
    if index[at] != 0x30 or place >= index[at + 5] or index[place] != 0x02 or index[place + 3] != index[place + 2] + 1:
        return None
    version = data[index[place + 2]]
    return version if version < 0x80 and version not in {1, 3} else None


class SignedDataTail(Event):
    """What stands behind the content.

    Attributes:
        certificates: the X.509 certificates, in the order received, each as received.
        other_certificates: all the other CertificateChoices, as received: tag 0xA0 extended, 0xA1 and 0xA2 attribute, 0xA3 other.
        crls: the CertificateLists, in the order received, each as received.
        other_revocation_infos: format OID and the encoded value (RFC 5940: an OCSP response), in the order received.
        signer_infos: those that could be read.
        unknown_signer_infos: the versions of those that are of no known form, because nobody had defined their version yet. None of either:
            it is not signed.
        family: an object shared with the tails of other SignedData that differ from this one in digest, signing time and signature value
            alone (`smime.cms.family`); None if nothing is known of such. It does not count in comparisons.
    """

    __slots__ = ("certificates", "crls", "family", "other_certificates", "other_revocation_infos", "signer_infos", "unknown_signer_infos")

    def __init__(
        self,
        certificates: tuple[bytes, ...] = (),
        other_certificates: tuple[bytes, ...] = (),
        crls: tuple[bytes, ...] = (),
        other_revocation_infos: tuple[tuple[str, bytes], ...] = (),
        signer_infos: tuple[SignerInfo, ...] = (),
        unknown_signer_infos: tuple[int, ...] = (),
        family: object | None = None,
    ) -> None:
        self.family = family
        self.certificates = certificates
        self.other_certificates = other_certificates
        self.crls = crls
        self.other_revocation_infos = other_revocation_infos
        self.signer_infos = signer_infos
        self.unknown_signer_infos = unknown_signer_infos

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__ if name != "family")

    @classmethod
    def from_octets(cls, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> SignedDataTail:
        """Read the fields of SignedData from certificates on.

        Raises:
            ParseError: they are malformed, which a SignerInfo of an unknown version never is (RFC 5652 section 5.1); the offset counts
                from the first octet.
            LimitExceeded: ``certificates``, ``crls``, ``signers``, ``attributes``, ``asn1_depth`` or ``asn1_elements``.
        """
        n = len(data)
        index, end, _ = _kernel.index(data, 0, n, limits.asn1_depth, limits.asn1_elements, 2, inside=False, siblings=True)
        if end != n:
            raise ParseError("cms", "end-of-contents octets where none belong", end)
        return cls._from_index(data, index, 0, len(index), limits)

    @classmethod
    def _from_index(cls, data: bytes, index: Sequence[int], at: int, stop: int, limits: Limits) -> SignedDataTail:
        """Read the fields between two places of an index that reports them, their members and the fields of those."""
        certificates: tuple[bytes, ...] = ()
        others: tuple[bytes, ...] = ()
        crls: tuple[bytes, ...] = ()
        other_infos: tuple[tuple[str, bytes], ...] = ()
        if at < stop and index[at] == 0xA0:
            certificates, others = read_certificates(data, index, at, limits)
            at = index[at + 5]
        if at < stop and index[at] == 0xA1:
            crls, other_infos = read_revocation_infos(data, index, at, limits)
            at = index[at + 5]
        if at >= stop:
            raise ParseError("cms", "SignedData has no signerInfos", len(data))
        if index[at] != 0x31 or index[at + 5] < stop:
            raise ParseError("cms", f"{tag_name(index[at])} where signerInfos belong", index[at + 1])
        signer_infos: list[SignerInfo] = []
        unknown: list[int] = []
        child = at + 6
        while child < stop:
            if len(signer_infos) + len(unknown) >= limits.signers:
                check_count("signers", len(signer_infos) + len(unknown) + 1, limits.signers, index[child + 1])
            try:
                signer_infos.append(SignerInfo._from_index(data, index, child, limits))
            except ParseError:
                version = _unknown_version(data, index, child)
                if version is None:
                    raise
                unknown.append(version)
            child = index[child + 5]
        return cls(certificates, others, crls, other_infos, tuple(signer_infos), tuple(unknown))


# -- writing --


def signed_data_version(
    content_type: str, signer_infos: Iterable[bytes] = (), other_certificates: Iterable[bytes] = (), *, other_revocation_infos: bool = False
) -> int:
    """Return the version of SignedData (RFC 5652 section 5.1)."""
    tags = {raw[0] for raw in other_certificates}
    if 0xA3 in tags or other_revocation_infos:
        return 5
    if 0xA2 in tags:
        return 4
    if 0xA1 in tags or content_type != DATA or any(_is_v3(raw) for raw in signer_infos):
        return 3
    return 1


def _is_v3(signer_info: bytes) -> bool:
    content = 2 if signer_info[1] < 0x80 else 2 + (signer_info[1] & 0x7F)
    return signer_info[content : content + 3] == b"\x02\x01\x03"


def encode_digest_algorithms(algorithms: Iterable[AlgorithmIdentifier]) -> bytes:
    """Return the SET of DigestAlgorithmIdentifiers (RFC 5652 section 5.1)."""
    return encode_set(tuple([algorithm.raw for algorithm in algorithms]), 0x31)


def build_signed_data(
    *,
    digest_algorithms: Iterable[AlgorithmIdentifier],
    content: bytes | bytearray | memoryview | None,
    signer_infos: Sequence[bytes],
    certificates: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
    content_type: str = DATA,
    other_certificates: Iterable[bytes] = (),
    other_revocation_infos: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """Return a whole ContentInfo with SignedData, in DER.

    Args:
        digest_algorithms: in any order, repetitions are dropped.
        content: eContent; None: absent (detached).
        signer_infos: encoded, in any order.
        certificates: encoded X.509 certificates, in any order; repetitions are dropped.
        crls: encoded CertificateLists.
        content_type: eContentType.
        other_certificates: encoded CertificateChoices with their tags.
        other_revocation_infos: format OID and encoded value.
    """
    others = list(other_certificates)
    version = signed_data_version(content_type, signer_infos, others, other_revocation_infos=bool(other_revocation_infos))
    return build_content_info(
        SIGNED_DATA,
        writer.sequence(
            writer.integer(version),
            encode_digest_algorithms(digest_algorithms),
            build_encapsulated_content_info(content_type, content),
            encode_certificates([*certificates, *others]),
            encode_revocation_infos(crls, other_revocation_infos),
            writer.set_of(signer_infos),
        ),
    )


class SignedDataWriter(Writer):
    """SignedData written as its content comes; see `Writer`.

    Args:
        digest_algorithms: of all the signers.
        content_type: eContentType.
        detached: there is no eContent.
        version: must be known before the SignerInfos are; None: 3 if the content is not id-data, else 1. Use `signed_data_version`.
        content_length: octets of content, if they and those of the tail are known.
        tail_length: what `tail` will return has so many octets, if it does not end an indefinite length; needed with a content length. RSA
            and EdDSA signatures have a size that is known before they are made, and so have the SignerInfos around them.
    """

    __slots__ = ("_digest_algorithms", "_tail_length", "_version")

    def __init__(
        self,
        digest_algorithms: Iterable[AlgorithmIdentifier],
        content_type: str = DATA,
        *,
        detached: bool = False,
        version: int | None = None,
        content_length: int | None = None,
        tail_length: int = 0,
    ) -> None:
        super().__init__(SIGNED_DATA, content_type, detached=detached, content_length=content_length)
        self._digest_algorithms = encode_digest_algorithms(digest_algorithms)
        self._version = signed_data_version(content_type) if version is None else version
        self._tail_length = tail_length

    def head(self) -> bytes:
        """Return what stands before the content."""
        return self._head(writer.integer(self._version) + self._digest_algorithms, tail_length=self._tail_length)

    def tail(
        self,
        signer_infos: Sequence[bytes],
        certificates: Iterable[bytes] = (),
        crls: Iterable[bytes] = (),
        other_certificates: Iterable[bytes] = (),
        other_revocation_infos: Sequence[tuple[str, bytes]] = (),
    ) -> bytes:
        """Return what stands behind the content; arguments as those of `build_signed_data`.

        Raises:
            ValueError: content or tail are not as long as announced.
        """
        fields = (
            encode_certificates([*certificates, *other_certificates])
            + encode_revocation_infos(crls, other_revocation_infos)
            + writer.set_of(signer_infos)
        )
        return self._tail(fields, tail_length=self._tail_length)
