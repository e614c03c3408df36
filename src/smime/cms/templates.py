"""What a signer writes in every message, encoded once: SignedData and SignerInfo with gaps for what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.asn1 import writer
from smime.cms import attributes as _attributes
from smime.cms.certificate_set import encode_certificates, encode_revocation_infos
from smime.cms.content_info import DATA, SIGNED_DATA, build_encapsulated_content_info
from smime.cms.signed_data import encode_digest_algorithms, signed_data_version
from smime.cms.signer_info import SID_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.cms.identifiers import SignerIdentifier

__all__ = ["DetachedTemplate", "SignedDataTemplate", "SignerInfoTemplate"]


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
            + encode_digest_algorithms(digest_algorithms)
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
        self._head = SID_VERSIONS[type(sid)] + sid.encode() + digest_algorithm.raw
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
