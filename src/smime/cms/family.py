"""Detached SignedData of one sender are alike: message after message only digest, signing time and signature value differ.

What was read once is kept, and a SignedData that has the same octets everywhere else is not read again: the three are put in their places.
Nothing is guessed: the lengths are the same, so the structure is the same, and in none of the three places is there any structure.
"""

from __future__ import annotations

from smime.asn1 import writer
from smime.cms.attributes import MESSAGE_DIGEST, SIGNING_TIME
from smime.cms.signed_data import SignedDataHead, SignedDataTail
from smime.cms.signer_info import SignerInfo
from smime.limits import Limits

__all__ = ["look_up", "remember"]

_LARGEST = 1 << 14  # octets of a SignedData that is kept
_SIZES = 256  # sizes for which some are kept
_OF_ONE_SIZE = 4
_ZULU = 0x5A


class _Kept:
    """A SignedData that was read: its octets around the three places, and what was read."""

    __slots__ = ("attrs_end", "attrs_start", "digest", "head", "info_start", "limits", "pieces", "places", "signature", "tail", "time")

    pieces: tuple[tuple[int, bytes], ...]
    digest: tuple[int, int]
    time: tuple[int, int]
    places: tuple[int, int]
    signature: int
    attrs_start: int
    attrs_end: int
    info_start: int
    head: SignedDataHead
    tail: SignedDataTail
    limits: Limits

    def read(self, data: bytes) -> tuple[SignedDataHead, SignedDataTail] | None:
        """Return what `data`, of the same size, is; None if it differs in another place."""
        for start, octets in self.pieces:
            if not data.startswith(octets, start):
                return None
        start, end = self.time
        if not data[start : end - 1].isdigit() or data[end - 1] != _ZULU:
            return None
        time = data[start - 2 : end]
        start, end = self.digest
        tail = self.tail
        old = tail.signer_infos[0]
        attrs = old.signed_attrs
        assert attrs is not None  # noqa: S101 - else it would not be kept
        values = data[start - 2 : end], time
        info = SignerInfo(
            old.version,
            old.sid,
            old.digest_algorithm,
            attrs.alike(data[self.attrs_start : self.attrs_end], self.places, values),
            old.signature_algorithm,
            data[self.signature :],
            None,
            data[self.info_start :],
        )
        tail = SignedDataTail(
            tail.certificates, tail.other_certificates, tail.crls, tail.other_revocation_infos, signer_infos=(info,), family=self
        )
        return self.head, tail


_kept: dict[int, tuple[_Kept, ...]] = {}


def look_up(data: bytes, limits: Limits) -> tuple[SignedDataHead, SignedDataTail] | None:
    """Return head and tail of a ContentInfo with a detached SignedData if one like it was read before under the same limits."""
    for kept in _kept.get(len(data), ()):
        if kept.limits is limits:
            found = kept.read(data)
            if found is not None:
                return found
    return None


def remember(data: bytes, head: SignedDataHead, tail: SignedDataTail, limits: Limits) -> None:
    """Keep what was read from `data`, the octets of a whole ContentInfo, if it is of the kind that comes again."""
    size = len(data)
    if size > _LARGEST or head.has_content or len(tail.signer_infos) != 1 or tail.unknown_signer_infos:
        return
    info = tail.signer_infos[0]
    attrs = info.signed_attrs
    if attrs is None or not attrs.is_der or info.unsigned_attrs is not None:
        return
    values = attrs.merged()
    if len(values) != len(attrs) or any(len(found) != 1 for found in values.values()):
        return
    digest, time = values.get(MESSAGE_DIGEST, (b"",))[0], values.get(SIGNING_TIME, (b"",))[0]
    if not digest.startswith(b"\x04") or len(digest) < 18 or digest[1] != len(digest) - 2 or digest[1] >= 0x80:
        return
    if len(time) != 15 or not time.startswith(b"\x17\x0d") or time[14:] != b"Z" or not time[2:14].isdigit():
        return
    behind = info.signature_algorithm.raw + writer.header(0x04, len(info.signature)) + info.signature
    if not data.endswith(attrs.raw + behind) or not data.endswith(info.raw) or attrs.raw.count(digest) != 1 or attrs.raw.count(time) != 1:
        return  # definite lengths to the end, and the values stand where they are found and nowhere else
    kept = _Kept()
    kept.limits, kept.head, kept.tail = limits, head, tail
    kept.info_start = size - len(info.raw)
    kept.attrs_end = size - len(behind)
    kept.attrs_start = kept.attrs_end - len(attrs.raw)
    kept.signature = size - len(info.signature)
    at = kept.attrs_start + attrs.raw.find(digest)
    kept.digest = at + 2, at + len(digest)
    at = kept.attrs_start + attrs.raw.find(time)
    kept.time = at + 2, at + 15
    pieces = []
    start = 0
    for place, end in (*sorted((kept.digest, kept.time)), (kept.signature, size)):
        if place < start:
            return  # one inside the other
        pieces.append((start, data[start:place]))
        start = end
    kept.pieces = tuple(pieces)
    kept.places = attrs.place(MESSAGE_DIGEST), attrs.place(SIGNING_TIME)
    if size not in _kept and len(_kept) >= _SIZES:
        _kept.clear()
    _kept[size] = (kept, *_kept.get(size, ())[: _OF_ONE_SIZE - 1])
    tail.family = kept
