"""CertificateSet and RevocationInfoChoices (RFC 5652 sections 10.2.3 and 10.2.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from smime.asn1 import writer
from smime.asn1.der import Reader, parse, tag_name
from smime.cms.content_info import check_count, relocate
from smime.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smime.limits import Limits

__all__ = ["encode_certificates", "encode_revocation_infos", "encode_set", "read_certificates", "read_revocation_infos"]


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


def encode_certificates(certificates: Iterable[bytes], *, tag: int = 0xA0) -> bytes:
    """Return ``[0] IMPLICIT CertificateSet`` in DER order without repetitions, nothing if there is no certificate."""
    members = tuple(certificates)
    return encode_set(members, tag) if members else b""


def encode_revocation_infos(crls: Iterable[bytes], others: Iterable[tuple[str, bytes]] = (), *, tag: int = 0xA1) -> bytes:
    """Return ``[1] IMPLICIT RevocationInfoChoices`` in DER order without repetitions, nothing if there is none."""
    members = {*crls, *(writer.implicit(1, writer.oid(oid) + value) for oid, value in others)}
    return writer.set_of(members, tag=tag) if members else b""


@lru_cache(maxsize=64)
def encode_set(members: tuple[bytes, ...], tag: int) -> bytes:
    """Return a SET OF in DER order; a signer's certificates and algorithms are the same in message after message."""
    return writer.set_of(set(members), tag=tag)
