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
from datetime import datetime
from functools import lru_cache

from smime._kernels import der as _kernel
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import Element, Reader, parse, tag_name
from smime.cms import attributes as _attributes
from smime.cms.attributes import Attributes
from smime.cms.content_info import (
    DATA,
    SIGNED_DATA,
    Event,
    Writer,
    build_content_info,
    build_encapsulated_content_info,
    check_count,
    relocate,
)
from smime.cms.identifiers import IssuerAndSerialNumber, SignerIdentifier, SubjectKeyIdentifier, identifier_from_raw
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "DetachedTemplate",
    "SignedDataHead",
    "SignedDataTail",
    "SignedDataTemplate",
    "SignedDataWriter",
    "SignerInfo",
    "SignerInfoTemplate",
    "build_signed_data",
    "signed_data_version",
]

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


class SignerInfo:
    """One signature, as received.

    Attributes:
        version: reported, not enforced.
        sid: whose it is.
        digest_algorithm: of the content (and of the signed attributes).
        signed_attrs: None if absent: then the content itself is signed.
        signature_algorithm: see there.
        signature: the value octets.
        unsigned_attrs: None if absent; nothing in them is protected.
        raw: the whole SEQUENCE.
    """

    __slots__ = ("digest_algorithm", "raw", "sid", "signature", "signature_algorithm", "signed_attrs", "unsigned_attrs", "version")

    def __init__(
        self,
        version: int,
        sid: SignerIdentifier,
        digest_algorithm: AlgorithmIdentifier,
        signed_attrs: Attributes | None,
        signature_algorithm: AlgorithmIdentifier,
        signature: bytes,
        unsigned_attrs: Attributes | None,
        raw: bytes,
    ) -> None:
        self.version = version
        self.sid = sid
        self.digest_algorithm = digest_algorithm
        self.signed_attrs = signed_attrs
        self.signature_algorithm = signature_algorithm
        self.signature = signature
        self.unsigned_attrs = unsigned_attrs
        self.raw = raw

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, SignerInfo) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"<SignerInfo {self.sid}: {self.digest_algorithm.name}, {self.signature_algorithm.name}>"

    @classmethod
    def from_raw(cls, raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> SignerInfo:
        """Read one from its octets.

        Raises:
            ParseError: they are none; the offset counts from the first.
            LimitExceeded: ``attributes``, ``asn1_depth`` or ``asn1_elements``.
        """
        index, end, _ = _kernel.index(raw, 0, len(raw), limits.asn1_depth, limits.asn1_elements, 1, inside=False)
        if end != len(raw):
            raise ParseError("cms", "octets follow a SignerInfo", end)
        return cls._from_index(raw, index, 0, limits)

    @classmethod
    def from_element(cls, element: Element, *, limits: Limits = DEFAULT_LIMITS) -> SignerInfo:
        """Read one; see `from_raw`."""
        try:
            return cls.from_raw(element.raw, limits=limits)
        except ParseError as error:
            raise relocate(error, element.start) from None

    @classmethod
    def _from_index(cls, data: bytes, index: Sequence[int], at: int, limits: Limits) -> SignerInfo:
        """Read the one at a place of an index that reports its fields."""
        raw_start = index[at + 1]
        stop = index[at + 5]
        # version, sid, digestAlgorithm, [signedAttrs], signatureAlgorithm, signature, [unsignedAttrs]
        fields = []
        child = at + 6
        while child < stop:
            fields.append(child)
            child = index[child + 5]
        tags = [index[child] for child in fields]
        if index[at] != 0x30 or tuple(tags) not in _SIGNER_INFO_SHAPES:
            raise ParseError("cms", "malformed SignerInfo", raw_start)
        signed = tags[3] == 0xA0
        algorithm = fields[3 + signed]
        signature = fields[4 + signed]
        place = fields[0]
        try:
            version = _version(data[index[place + 1] : index[place + 4]])
            place = fields[1]
            sid = identifier_from_raw(data[index[place + 1] : index[place + 4]])
            place = fields[2]
            digest_algorithm = AlgorithmIdentifier.from_raw(data[index[place + 1] : index[place + 4]])
            place = fields[3]
            signed_attrs = Attributes(data[index[place + 1] : index[place + 4]], limits=limits) if signed else None
            place = algorithm
            signature_algorithm = AlgorithmIdentifier.from_raw(data[index[place + 1] : index[place + 4]])
            place = signature
            if index[place] == 0x04:
                value = data[index[place + 2] : index[place + 3]]
            else:
                value = parse(data[index[place + 1] : index[place + 4]], limits=limits, layer="cms").contents
            place = fields[-1]
            unsigned_attrs = Attributes(data[index[place + 1] : index[place + 4]], limits=limits) if place != signature else None
        except ParseError as error:
            raise relocate(error, index[place + 1]) from None
        raw = data[raw_start : index[at + 4]]
        return cls(version, sid, digest_algorithm, signed_attrs, signature_algorithm, value, unsigned_attrs, raw)

    @staticmethod
    def build(
        sid: SignerIdentifier,
        digest_algorithm: AlgorithmIdentifier,
        signed_attrs: bytes | None,
        signature_algorithm: AlgorithmIdentifier,
        signature: bytes,
        unsigned_attrs: Sequence[bytes] = (),
    ) -> bytes:
        """Return an encoded SignerInfo.

        Args:
            sid: the version follows from it (RFC 5652 section 5.3).
            digest_algorithm: see `SignerInfo`.
            signed_attrs: the DER SET that was signed, tag 0x31; None: absent.
            signature_algorithm: see `SignerInfo`.
            signature: the value octets.
            unsigned_attrs: encoded attributes, in any order.
        """
        return writer.sequence(
            _SID_VERSIONS[type(sid)],
            sid.encode(),
            digest_algorithm.raw,
            writer.retag(signed_attrs, 0xA0) if signed_attrs is not None else b"",
            signature_algorithm.raw,
            writer.octet_string(signature),
            writer.set_of(unsigned_attrs, tag=0xA1) if unsigned_attrs else b"",
        )


_SIGNER_INFO_SHAPES = frozenset(
    (0x02, sid, 0x30, *signed_attrs, 0x30, signature, *unsigned_attrs)
    for sid in (0x30, 0x80, 0xA0)
    for signed_attrs in ((), (0xA0,))
    for signature in (0x04, 0x24)
    for unsigned_attrs in ((), (0xA1,))
)
"""The tags of the fields, in every form that they may have."""

_SID_VERSIONS: dict[type, bytes] = {IssuerAndSerialNumber: b"\x02\x01\x01", SubjectKeyIdentifier: b"\x02\x01\x03"}


def _version(raw: bytes) -> int:
    """Return the value of a CMSVersion: an INTEGER of a few octets."""
    if len(raw) == 3 and raw[2] < 0x80:
        return raw[2]
    element = parse(raw, layer="cms").expect(0x02)
    if element.end - element.header_end > 8:
        raise element.error("a version number beyond all reason")
    return element.as_integer()


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


def read_certificates(data: bytes, index: Sequence[int], at: int, limits: Limits) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return certificates and other CertificateChoices of the set at a place of an index."""
    certificates: list[bytes] = []
    others: list[bytes] = []
    stop = index[at + 5]
    at += 6
    while at < stop:
        tag = index[at]
        raw = data[index[at + 1] : index[at + 4]]
        if tag == 0x30:
            certificates.append(raw)
        elif tag in {0xA0, 0xA1, 0xA2, 0xA3}:
            others.append(raw)
        else:
            raise ParseError("cms", f"{tag_name(tag)} among the certificates", index[at + 1])
        if len(certificates) + len(others) > limits.certificates:
            check_count("certificates", len(certificates) + len(others), limits.certificates, index[at + 1])
        at = index[at + 5]
    return tuple(certificates), tuple(others)


def read_revocation_infos(
    data: bytes, index: Sequence[int], at: int, limits: Limits
) -> tuple[tuple[bytes, ...], tuple[tuple[str, bytes], ...]]:
    """Return CRLs and other RevocationInfoChoices of the set at a place of an index."""
    crls: list[bytes] = []
    others: list[tuple[str, bytes]] = []
    stop = index[at + 5]
    at += 6
    while at < stop:
        tag = index[at]
        raw = data[index[at + 1] : index[at + 4]]
        if tag == 0x30:
            crls.append(raw)
        elif tag == 0xA1:
            try:
                reader = Reader(parse(raw, limits=limits, layer="cms"))
                others.append((reader.oid(), reader.any().raw))
                reader.end()
            except ParseError as error:
                raise relocate(error, index[at + 1]) from None
        else:
            raise ParseError("cms", f"{tag_name(tag)} among the revocation lists", index[at + 1])
        if len(crls) + len(others) > limits.crls:
            check_count("crls", len(crls) + len(others), limits.crls, index[at + 1])
        at = index[at + 5]
    return tuple(crls), tuple(others)


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


def encode_certificates(certificates: Iterable[bytes], *, tag: int = 0xA0) -> bytes:
    """Return ``[0] IMPLICIT CertificateSet`` in DER order without repetitions, nothing if there is no certificate."""
    members = tuple(certificates)
    return _encode_set(members, tag) if members else b""


def encode_revocation_infos(crls: Iterable[bytes], others: Iterable[tuple[str, bytes]] = (), *, tag: int = 0xA1) -> bytes:
    """Return ``[1] IMPLICIT RevocationInfoChoices`` in DER order without repetitions, nothing if there is none."""
    members = {*crls, *(writer.implicit(1, writer.oid(oid) + value) for oid, value in others)}
    return writer.set_of(members, tag=tag) if members else b""


@lru_cache(maxsize=64)
def _encode_set(members: tuple[bytes, ...], tag: int) -> bytes:
    """Return a SET OF in DER order; a signer's certificates and algorithms are the same in message after message."""
    return writer.set_of(set(members), tag=tag)


def _digest_algorithms(algorithms: Iterable[AlgorithmIdentifier]) -> bytes:
    return _encode_set(tuple([algorithm.raw for algorithm in algorithms]), 0x31)


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
            _digest_algorithms(digest_algorithms),
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
        self._digest_algorithms = _digest_algorithms(digest_algorithms)
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


class SignedDataTemplate:
    """All of a detached SignedData but its SignerInfos, encoded once. Arguments as those of `build_signed_data`.

    Args:
        digest_algorithms: of all the signers.
        certificates: see there.
        crls: see there.
        content_type: eContentType.
        version: 3 if a SignerInfo has version 3; None: as `signed_data_version` says for SignerInfos of version 1.
    """

    __slots__ = ("_body",)

    def __init__(
        self,
        digest_algorithms: Iterable[AlgorithmIdentifier],
        certificates: Iterable[bytes] = (),
        crls: Iterable[bytes] = (),
        content_type: str = DATA,
        *,
        version: int | None = None,
    ) -> None:
        self._body = (
            writer.integer(signed_data_version(content_type) if version is None else version)
            + _digest_algorithms(digest_algorithms)
            + build_encapsulated_content_info(content_type, None)
            + encode_certificates(certificates)
            + encode_revocation_infos(crls)
        )

    def build(self, signer_infos: Sequence[bytes]) -> bytes:
        """Return the whole ContentInfo, in DER, with these encoded SignerInfos."""
        infos = b"".join(sorted(signer_infos))
        set_header = writer.header(0x31, len(infos))
        size = len(self._body) + len(set_header) + len(infos)
        inner = writer.header(0x30, size)
        size += len(inner)
        explicit = writer.header(0xA0, size)
        size += len(explicit) + len(_SIGNED_DATA_OID)
        return b"".join((writer.header(0x30, size), _SIGNED_DATA_OID, explicit, inner, self._body, set_header, infos))


_SIGNED_DATA_OID = writer.oid(SIGNED_DATA)


class SignerInfoTemplate:
    """All of a SignerInfo that does not change from message to message, encoded once.

    Args:
        sid: the signer.
        digest_algorithm: of content and attributes.
        signature_algorithm: see `SignerInfo`.
        digest_size: octets of the digest.
        attributes: encoded attributes besides contentType, messageDigest and signingTime.
        content_type: the value of the contentType attribute; None: there is none, as in a countersignature (RFC 5652 section 11.4).
        signing_time: whether there is a signingTime attribute.
    """

    __slots__ = ("_digest_size", "_head", "_middle", "_parts", "_tail_algorithm", "_template", "_time")

    def __init__(
        self,
        sid: SignerIdentifier,
        digest_algorithm: AlgorithmIdentifier,
        signature_algorithm: AlgorithmIdentifier,
        digest_size: int,
        attributes: Iterable[bytes] = (),
        *,
        content_type: str | None = DATA,
        signing_time: bool = True,
    ) -> None:
        self._digest_size = digest_size
        self._time = signing_time
        self._head = _SID_VERSIONS[type(sid)] + sid.encode() + digest_algorithm.raw
        self._tail_algorithm = signature_algorithm.raw
        # The order of the set depends on the values only among attributes with the same type and length, and types differ: a template with
        # zeros has the order that every message has. UTCTime and GeneralizedTime differ in length: the latter, from 2050 on, is built anew.
        self._parts = [*([] if content_type is None else [_attributes.content_type(content_type)]), *attributes]
        digest = _attributes.message_digest(bytes(digest_size))
        if not signing_time:
            members = sorted([*self._parts, digest])
            self._template = self._split(members, digest, None)
            return
        time = _attributes.attribute(_attributes.SIGNING_TIME, b"\x17\x0d" + bytes(13))
        members = sorted([*self._parts, digest, time])
        self._template = self._split(members, digest, time)

    def _split(self, members: list[bytes], digest: bytes, time: bytes | None) -> tuple[bytes, bytes, bytes, bool]:
        """Return the octets before, between and behind the two places that are patched, and whether the time is the first of them."""
        octets = writer.tlv(0x31, b"".join(members))
        base = len(octets) - sum(map(len, members))
        places = {}
        for member in members:
            base += len(member)
            places[id(member)] = base
        digest_end = places[id(digest)]
        digest_start = digest_end - self._digest_size
        if time is None:
            return octets[:digest_start], octets[digest_end:], b"", False
        time_end = places[id(time)]
        time_start = time_end - 13
        if time_start < digest_start:
            return octets[:time_start], octets[time_end:digest_start], octets[digest_end:], True
        return octets[:digest_start], octets[digest_end:time_start], octets[time_end:], False

    def signed_attributes(self, digest: bytes, signing_time: datetime | None = None) -> bytes:
        """Return the DER SET (tag 0x31) to sign.

        Args:
            digest: of the content.
            signing_time: timezone-aware; None only if the template has no signingTime.

        Raises:
            ValueError: the digest has another size, or the time is missing or has no time zone.
        """
        if len(digest) != self._digest_size or (signing_time is None) is self._time:
            raise ValueError("the template was made for another digest, or with (or without) a signing time")
        before, between, behind, time_first = self._template
        if signing_time is None:
            return before + digest + between
        time = writer.utc_or_generalized_time(signing_time)
        if len(time) != 15:
            time_attribute = _attributes.attribute(_attributes.SIGNING_TIME, time)
            return writer.set_of([*self._parts, _attributes.message_digest(digest), time_attribute])
        if time_first:
            return before + time[2:] + between + digest + behind
        return before + digest + between + time[2:] + behind

    def signer_info(self, attrs: bytes, signature: bytes, unsigned_attrs: Sequence[bytes] = ()) -> bytes:
        """Return the encoded SignerInfo.

        Args:
            attrs: what `signed_attributes` returned.
            signature: the value octets.
            unsigned_attrs: encoded attributes.
        """
        unsigned = writer.set_of(unsigned_attrs, tag=0xA1) if unsigned_attrs else b""
        body = b"".join((self._head, b"\xa0", attrs[1:], self._tail_algorithm, writer.header(0x04, len(signature)), signature, unsigned))
        return writer.header(0x30, len(body)) + body

    def between(self, size: int) -> int:
        """Return how many octets stand between the attributes and a signature value of this size."""
        return len(self._tail_algorithm) + len(writer.header(0x04, size))


class DetachedTemplate:
    """A whole detached SignedData with one signer, of which all but signed attributes and signature is there already.

    Args:
        signed: all but the SignerInfo.
        info: all of the SignerInfo but its attributes and signature.

    Attributes:
        signed_attributes: as of the SignerInfo's template.
    """

    __slots__ = ("_frames", "_info", "_signed", "signed_attributes")

    def __init__(self, signed: SignedDataTemplate, info: SignerInfoTemplate) -> None:
        self._signed = signed
        self._info = info
        self._frames: dict[tuple[int, int], tuple[bytes, bytes]] = {}  # by the sizes of the two, of which there are few
        self.signed_attributes = info.signed_attributes

    def build(self, attrs: bytes, signature: bytes) -> bytes:
        """Return the whole ContentInfo, in DER.

        Args:
            attrs: what `signed_attributes` returned.
            signature: the value octets.
        """
        sizes = len(attrs), len(signature)
        frame = self._frames.get(sizes)
        if frame is not None:
            return b"".join((frame[0], attrs[1:], frame[1], signature))
        whole = self._signed.build([self._info.signer_info(attrs, signature)])
        if len(self._frames) < _FRAMES:
            value = len(whole) - len(signature)
            behind = value - self._info.between(len(signature))
            self._frames[sizes] = whole[: behind - len(attrs) + 1], whole[behind:value]
        return whole


_FRAMES = 16
