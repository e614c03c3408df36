"""Additions to a SignedData that leave every other octet as it is (RFC 5652 sections 5 and 11.4).

A signer, certificates, revocation lists, or an unsigned attribute such as a countersignature or a time stamp is put where it belongs, and
nothing else changes but the lengths of what holds it, and the version where RFC 5652 section 5.1 asks for a higher one. Lengths of either
form are kept in that form. A set that was in DER order stays so; one that was not gets the new member at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from smime._kernels import der as _kernel
from smime.asn1 import oid as _oid
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import Reader, parse, tag_name
from smime.cms import attributes
from smime.cms.certificate_set import encode_certificates, encode_revocation_infos
from smime.cms.content_info import SIGNED_DATA
from smime.errors import ParseError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["add_certificates", "add_countersignature", "add_signer", "add_unsigned_attribute"]


class _Splicer:
    """A SignedData and the changes to it.

    Attributes:
        data: the ContentInfo as received.
        index: of it, down to the fields of each SignerInfo.
        fields: places in the index of the fields of SignedData by name; those that are absent are missing.
        members: places in the index of the SignerInfos.
    """

    def __init__(self, data: bytes | bytearray | memoryview, limits: Limits) -> None:
        self.data = bytes(data)
        n = len(self.data)
        # 6: down to the members of the sets in a SignerInfo
        index, self.end, _ = _kernel.index(self.data, 0, n, limits.asn1_depth, limits.asn1_elements, 6, inside=False)
        self.index = index
        stop = len(index)
        if stop < 30 or index[0] != 0x30 or index[6] != 0x06 or index[12] != 0xA0 or index[17] != stop or index[18] != 0x30:
            raise ParseError("cms", "malformed ContentInfo", 0)
        content_type = _oid.decode(self.data[index[8] : index[9]])
        if content_type != SIGNED_DATA:
            raise UnsupportedError("content type to add to", content_type)
        self.path = (0, 12, 18)
        self.fields: dict[str, int] = {}
        at = 24
        names = [
            ("version", 0x02),
            ("digestAlgorithms", 0x31),
            ("encapContentInfo", 0x30),
            ("certificates", 0xA0),
            ("crls", 0xA1),
            ("signerInfos", 0x31),
        ]
        for name, tag in names:
            if at < index[23] and index[at] == tag:
                self.fields[name] = at
                at = index[at + 5]
            elif name not in {"certificates", "crls"}:
                found = tag_name(index[at]) if at < index[23] else "nothing"
                raise ParseError("cms", f"{found} where {name} belongs", index[at + 1] if at < index[23] else self.end)
        if at != index[23]:
            raise ParseError("cms", "SignedData goes on after signerInfos", index[at + 1])
        self.members = self.children(self.fields["signerInfos"])
        self._edits: list[tuple[int, int, bytes]] = []  # offset, octets removed, octets put there
        self._grown: dict[int, int] = {}  # place in the index: octets more inside
        self._parents: dict[int, int] = {}

    def children(self, at: int) -> list[int]:
        found = []
        child, stop = at + 6, self.index[at + 5]
        while child < stop:
            found.append(child)
            child = self.index[child + 5]
        return found

    def raw(self, at: int) -> bytes:
        return self.data[self.index[at + 1] : self.index[at + 4]]

    def insert(self, offset: int, octets: bytes, path: Sequence[int], removed: int = 0) -> None:
        """Put octets at an offset inside the innermost element of a path from the outside in."""
        self._edits.append((offset, removed, octets))
        for outer, inner in pairwise(path):
            self._parents[inner] = outer
        self._grown[path[-1]] = self._grown.get(path[-1], 0) + len(octets) - removed
        for place in path[:-1]:
            self._grown.setdefault(place, 0)

    def add_member(self, at: int, member: bytes, path: Sequence[int]) -> None:
        """Add a member to the set at a place of the index."""
        members = [self.raw(child) for child in self.children(at)]
        offset = self.index[at + 3]
        if all(one <= other for one, other in pairwise(members)):
            for child, other in zip(self.children(at), members, strict=True):
                if member < other:
                    offset = self.index[child + 1]
                    break
        self.insert(offset, member, [*path, at])

    def apply(self) -> bytes:
        """Return the octets with the changes made and the lengths around them put right."""
        index = self.index
        for place in sorted(self._grown, reverse=True):  # from the inside out
            grown = self._grown[place]
            start, content, stop, end = index[place + 1], index[place + 2], index[place + 3], index[place + 4]
            if stop == end:  # definite
                old = self.data[start:content]
                header = _with_length(old, stop - content + grown)
                if header != old:
                    self._edits.append((start, len(old), header))
                    grown += len(header) - len(old)
            if place in self._parents:
                self._grown[self._parents[place]] += grown
        pieces: list[bytes] = []
        at = 0
        for offset, removed, octets in sorted(self._edits, key=lambda edit: edit[0]):
            pieces.extend((self.data[at:offset], octets))
            at = offset + removed
        pieces.append(self.data[at:])
        return b"".join(pieces)

    def raise_version(self, version: int) -> None:
        at = self.fields["version"]
        old = parse(self.raw(at), layer="cms").as_integer()
        if old < version:
            self.insert(self.index[at + 1], writer.integer(version), self.path, removed=len(self.raw(at)))


def _with_length(header: bytes, length: int) -> bytes:
    """Return a header with another length, in as many length octets if they can hold it."""
    identifier = 1
    if header[0] & 0x1F == 0x1F:
        identifier += 1
        while header[identifier - 1] & 0x80:
            identifier += 1
    size = len(header) - identifier
    if size == 1 and length < 0x80:
        return header[:identifier] + bytes((length,))
    if size > 1 and length.bit_length() <= 8 * (size - 1) and (length >= 0x80 or header[identifier + 1] == 0):
        return header[: identifier + 1] + length.to_bytes(size - 1, "big")
    return header[:identifier] + writer.header(0, length)[1:]


def add_certificates(
    data: bytes | bytearray | memoryview, certificates: Iterable[bytes], crls: Iterable[bytes] = (), *, limits: Limits = DEFAULT_LIMITS
) -> bytes:
    """Return a ContentInfo with SignedData that has these encoded certificates and revocation lists too; those it has are not repeated.

    Raises:
        ParseError: `data` is not one.
        UnsupportedError: it is of another type.
        LimitExceeded: see `Limits`.
    """
    splicer = _Splicer(data, limits)
    _add_to_sets(splicer, certificates, crls)
    return splicer.apply()


def _add_to_sets(splicer: _Splicer, certificates: Iterable[bytes], crls: Iterable[bytes]) -> None:
    fields, index = splicer.fields, splicer.index
    behind = index[fields["encapContentInfo"] + 4]
    for name, members, encode in (("certificates", certificates, encode_certificates), ("crls", crls, encode_revocation_infos)):
        if name in fields:
            behind = index[fields[name] + 4]
            known = {splicer.raw(child) for child in splicer.children(fields[name])}
            for member in sorted(set(members)):
                if member not in known:
                    splicer.add_member(fields[name], member, splicer.path)
        else:
            splicer.insert(behind, encode(members), splicer.path)


def add_signer(
    data: bytes | bytearray | memoryview,
    signer_info: bytes,
    *,
    certificates: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Return a ContentInfo with SignedData that has one more encoded SignerInfo, and its digest algorithm, certificates and CRLs.

    Errors as those of `add_certificates`; ParseError also if `signer_info` is malformed.
    """
    splicer = _Splicer(data, limits)
    fields = splicer.fields
    reader = Reader(parse(signer_info, limits=limits, layer="cms"))
    if reader.integer() == 3:
        splicer.raise_version(3)
    reader.any()
    algorithm = AlgorithmIdentifier.from_element(reader.element(0x30))
    listed = [AlgorithmIdentifier.from_raw(splicer.raw(child)).oid for child in splicer.children(fields["digestAlgorithms"])]
    if algorithm.oid not in listed:
        splicer.add_member(fields["digestAlgorithms"], algorithm.raw, splicer.path)
    _add_to_sets(splicer, certificates, crls)
    splicer.add_member(fields["signerInfos"], signer_info, splicer.path)
    return splicer.apply()


def add_unsigned_attribute(
    data: bytes | bytearray | memoryview, signer: int, attribute: bytes, *, limits: Limits = DEFAULT_LIMITS
) -> bytes:
    """Return a ContentInfo with SignedData whose SignerInfo number `signer` (from 0) has one more encoded unsigned attribute.

    Raises:
        IndexError: there is no such SignerInfo.
        ParseError, UnsupportedError, LimitExceeded: as `add_certificates`.
    """
    splicer = _Splicer(data, limits)
    if not 0 <= signer < len(splicer.members):
        raise IndexError(f"there is no SignerInfo {signer}")
    info = splicer.members[signer]
    path = (*splicer.path, splicer.fields["signerInfos"], info)
    last = splicer.children(info)[-1]
    if splicer.index[last] == 0xA1:
        splicer.add_member(last, attribute, path)
    else:
        splicer.insert(splicer.index[info + 3], writer.set_of([attribute], tag=0xA1), path)
    return splicer.apply()


def add_countersignature(
    data: bytes | bytearray | memoryview, signer: int, signer_info: bytes, *, limits: Limits = DEFAULT_LIMITS
) -> bytes:
    """Return a ContentInfo with SignedData whose SignerInfo number `signer` is countersigned by an encoded SignerInfo.

    The message of a countersignature are the value octets of the signature that it signs (RFC 5652 section 11.4). Errors as those of
    `add_unsigned_attribute`.
    """
    return add_unsigned_attribute(data, signer, attributes.countersignature(signer_info), limits=limits)
