"""SignerInfo (RFC 5652 section 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import der as _kernel
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import parse
from smime.cms.attribute_set import Attributes
from smime.cms.content_info import parse_version, relocate
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier, identifier_from_raw
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smime.asn1.der import Element
    from smime.cms.identifiers import SignerIdentifier
    from smime.limits import Limits

__all__ = ["SID_VERSIONS", "SignerInfo"]


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
            version = parse_version(data[index[place + 1] : index[place + 4]])
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
            SID_VERSIONS[type(sid)],
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

SID_VERSIONS: dict[type, bytes] = {IssuerAndSerialNumber: b"\x02\x01\x01", SubjectKeyIdentifier: b"\x02\x01\x03"}
