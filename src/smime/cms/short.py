"""A whole object in ordinary form, read in one step from the index of its DER; None: the general reader is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import ber
from smime.asn1 import oid
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import SEQUENCE, parse
from smime.cms.auth_enveloped_data import AuthEnvelopedDataHead, AuthEnvelopedDataTail
from smime.cms.content_info import AUTH_ENVELOPED_DATA, ENVELOPED_DATA, SIGNED_DATA, Content, parse_version
from smime.cms.enveloped_data import EnvelopedDataHead, EnvelopedDataTail
from smime.cms.recipient_info import read_recipient_infos, recipient_infos_of_index
from smime.cms.signed_data import SignedDataHead, SignedDataTail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smime.cms.content_info import Event
    from smime.limits import Limits

__all__ = ["WHOLE", "read_digest_algorithms"]

COPY = 1 << 14  # content of fewer octets is handed out as bytes


def _whole_signed_data(data: bytes, index: Sequence[int], stop: int, limits: Limits) -> list[Event] | None:
    """Return the events of SignedData at its place in the index, None if anything is unusual."""
    # version, digestAlgorithms, EncapsulatedContentInfo with its type
    digests = index[29]
    encapsulated = index[digests + 5]
    after = index[encapsulated + 5]
    if index[24] != 0x02 or index[digests] != 0x31 or index[encapsulated] != 0x30 or index[encapsulated + 6] != 0x06:
        return None
    content: list[Event] = []
    explicit = encapsulated + 12
    if explicit < after:
        octets = explicit + 6
        if index[explicit] != 0xA0 or index[explicit + 5] != after or octets >= after or index[octets + 5] != after:
            return None
        if index[octets] == 0x04:
            content = pieces(data, index[octets + 2], index[octets + 3])
        elif index[octets] == 0x24:
            content = _segments(data, index[octets + 1], index[octets + 4], 0x04, limits)
        else:
            return None
    raw = data[index[digests + 1] : index[digests + 4]]
    head = SignedDataHead(
        parse_version(data[index[25] : index[28]]),
        _known_digest_algorithms.get(raw) or read_digest_algorithms(raw, limits=limits),
        oid.decode(data[index[encapsulated + 8] : index[encapsulated + 9]]),
        has_content=explicit < after,
    )
    return [head, *content, SignedDataTail._from_index(data, index, after, stop, limits)]


def _whole_enveloped_data(data: bytes, index: Sequence[int], stop: int, limits: Limits) -> list[Event] | None:
    return _whole_encrypted(data, index, stop, limits, EnvelopedDataHead, EnvelopedDataTail)


def _whole_auth_enveloped_data(data: bytes, index: Sequence[int], stop: int, limits: Limits) -> list[Event] | None:
    return _whole_encrypted(data, index, stop, limits, AuthEnvelopedDataHead, AuthEnvelopedDataTail)


def _whole_encrypted(
    data: bytes,
    index: Sequence[int],
    stop: int,
    limits: Limits,
    head: type[EnvelopedDataHead],
    tail: type[EnvelopedDataTail] | type[AuthEnvelopedDataTail],
) -> list[Event] | None:
    """Return the events of EnvelopedData or AuthEnvelopedData at its place in the index, None if anything is unusual."""
    # version, no originatorInfo, recipientInfos, EncryptedContentInfo with type and algorithm
    recipients = index[29]
    encrypted = index[recipients + 5]
    algorithm = encrypted + 12
    after = index[encrypted + 5]
    if (
        index[24] != 0x02
        or index[recipients] != 0x31
        or index[encrypted] != 0x30
        or index[encrypted + 6] != 0x06
        or index[algorithm] != 0x30
    ):
        return None
    octets = index[algorithm + 5]
    if octets >= after or index[octets + 5] != after:
        return None
    if index[octets] == 0x80:
        content = pieces(data, index[octets + 2], index[octets + 3])
    elif index[octets] == 0xA0:
        content = _segments(data, index[octets + 1], index[octets + 4], 0x80, limits)
    else:
        return None
    behind = data[index[after + 1] : index[21]] if after < stop else b""
    return [
        head(
            parse_version(data[index[25] : index[28]]),
            None,
            recipient_infos_of_index(data, index, recipients, limits)
            or read_recipient_infos(data[index[recipients + 1] : index[recipients + 4]], limits=limits),
            oid.decode(data[index[encrypted + 8] : index[encrypted + 9]]),
            AlgorithmIdentifier.from_raw(data[index[algorithm + 1] : index[algorithm + 4]]),
            has_content=True,
        ),
        *content,
        tail.from_octets(behind, limits=limits),
    ]


def pieces(data: bytes, start: int, end: int) -> list[Event]:
    if start == end:
        return []
    return [Content(data[start:end] if end - start < COPY else memoryview(data)[start:end])]


def _segments(data: bytes, start: int, end: int, tag: int, limits: Limits) -> list[Event]:
    scanner = ber.Octets(start, end, limits.asn1_depth, limits.asn1_segments, tag)
    return [Content(piece) for piece in scanner.update(memoryview(data)[start:end])[1]]


WHOLE: dict[bytes, Callable[[bytes, Sequence[int], int, Limits], list[Event] | None]] = {
    oid.encode(SIGNED_DATA): _whole_signed_data,
    oid.encode(ENVELOPED_DATA): _whole_enveloped_data,
    oid.encode(AUTH_ENVELOPED_DATA): _whole_auth_enveloped_data,
}
_known_digest_algorithms: dict[bytes, tuple[AlgorithmIdentifier, ...]] = {}


def read_digest_algorithms(raw: bytes, *, limits: Limits) -> tuple[AlgorithmIdentifier, ...]:
    """Return the DigestAlgorithmIdentifiers in the content octets of their SET; usual sets are remembered."""
    found = tuple([AlgorithmIdentifier.from_element(element.expect(SEQUENCE)) for element in parse(raw, limits=limits, layer="cms")])
    if found and len(raw) <= 64 and len(_known_digest_algorithms) < 64:
        _known_digest_algorithms[raw] = found
    return found
