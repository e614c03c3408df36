"""Which of the lists and responses at hand are looked at for a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.asn1 import tlv
from smime.errors import ParseError
from smime.pki.revocation.lists import RevocationList, has_other_issuer, read_list, serial_octets
from smime.pki.revocation.responses import read_response, serials_within
from smime.pki.revocation.status import NOTHING, RevocationInformation
from smime.x509 import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smime.policy import Policy
    from smime.x509.certificate import Certificate

__all__ = ["RevocationPile"]


class RevocationPile:
    """All lists and responses at hand: those of the store, which are all looked at, and those of the message, of which few are.

    Args:
        own_lists, own_ocsps: those of the store, in DER.
        lists, ocsps: those of the message; what stands first is preferred.
        policy: whether they matter, and how many of the message's are looked at, of what size.
    """

    __slots__ = ("_about", "_lists", "_most", "_ocsps", "_own_lists", "_own_ocsps", "_size", "_wanted")

    def __init__(
        self, own_lists: Iterable[bytes], own_ocsps: Iterable[bytes], lists: Iterable[bytes], ocsps: Iterable[bytes], policy: Policy
    ) -> None:
        self._wanted = policy.revocation != "ignore"
        self._most = policy.limits.revocation_candidates
        self._size = policy.limits.revocation_size
        self._own_lists, self._own_ocsps = dict.fromkeys(own_lists), dict.fromkeys(own_ocsps)
        self._lists = [octets for octets in dict.fromkeys(lists) if octets not in self._own_lists]
        self._ocsps = [octets for octets in dict.fromkeys(ocsps) if octets not in self._own_ocsps]
        self._about: dict[tuple[Certificate, ...], RevocationInformation] = {}

    def about(self, path: tuple[Certificate, ...]) -> RevocationInformation:
        """Return what can be read and may be about the certificates of a path."""
        if not self._wanted or not (self._own_lists or self._own_ocsps or self._lists or self._ocsps):
            return NOTHING
        known = self._about.get(path)
        if known is None:
            room = _Room(self._size)
            ocsps = self._few_ocsps(path, room)
            lists = self._few_lists(path, room)
            known = self._about[path] = RevocationInformation(map(read_list, self._own_lists), lists, ocsps, left_out=room.left_out)
        return known

    def _few_lists(self, path: tuple[Certificate, ...], room: _Room) -> list[RevocationList]:
        """Return lists of the message: of each issuer on the path a few, and a few by others."""
        if not self._lists:
            return []
        names = {certificate.issuer_raw for certificate in path[:-1]}
        chosen = self._lists
        if len(chosen) > self._most:
            chosen = [octets for octets in chosen if any(name in octets for name in names)] or chosen
        found: list[RevocationList] = []
        others: list[bytes] = []
        left = dict.fromkeys(names, _LISTS)
        # those that name an issuer of the path first, so that others do not take their room
        for octets in chosen[: self._most]:
            if _issuer_of(octets) not in names:
                others.append(octets)
            elif room.takes(octets):
                _choose(octets, left, found)
        for octets in others:
            if (room.has(octets) or _may_be_about(octets, path)) and room.takes(octets):
                _choose(octets, left, found)
        return found

    def _few_ocsps(self, path: tuple[Certificate, ...], room: _Room) -> list[bytes]:
        """Return responses: of the message's a few for each certificate, in which its serial number stands."""
        found = dict.fromkeys(self._own_ocsps)
        if not self._ocsps:
            return [octets for octets in found if read_response(octets) is not False]
        numbers = [serial_octets(certificate.serial) for certificate in path[:-1]]
        fitting = [octets for octets in self._ocsps if len(octets) <= self._size]
        room.left_out = len(fitting) < len(self._ocsps)
        for number in numbers:
            self._take(number, fitting, found, room)
        for number in (serials_within(found) or ())[:_RESPONDERS]:  # of a responder, which may have to be looked at, too
            self._take(number, fitting, found, room)
        return [octets for octets in found if read_response(octets) is not False]

    @staticmethod
    def _take(number: bytes, fitting: Sequence[bytes], found: dict[bytes, None], room: _Room) -> None:
        """Add the first few responses that hold a number."""
        of_one = [octets for octets in fitting if number in octets][:_RESPONSES]
        found.update(dict.fromkeys([octets for octets in of_one if octets in found or room.takes(octets)]))


class _Room:
    """Octets of the message that may still be looked at for a path.

    Attributes:
        left_out: something that may be about the path did not fit.
    """

    __slots__ = ("_left", "left_out")

    def __init__(self, size: int) -> None:
        self._left = size
        self.left_out = False

    def has(self, octets: bytes) -> bool:
        """Whether a list or a response fits."""
        return len(octets) <= self._left

    def takes(self, octets: bytes) -> bool:
        """Make room for a list or a response; whether there was enough."""
        if len(octets) > self._left:
            self.left_out = True
            return False
        self._left -= len(octets)
        return True


def _choose(octets: bytes, left: dict[bytes, int], found: list[RevocationList]) -> None:
    """Add a list to those found, unless there are enough by its issuer, or by others than those of the path."""
    read = read_list(octets)
    if isinstance(read, RevocationList):
        issuer = read.issuer_raw if read.plain and read.issuer_raw in left else b""
        left.setdefault(issuer, _LISTS)
        if left[issuer]:
            left[issuer] -= 1
            found.append(read)


def _issuer_of(octets: bytes) -> bytes | None:
    """Return the DER of the name of a list's issuer, or None if it cannot be read. Nothing else of the list is read."""
    try:
        _, start, end = tlv.element(octets, 0, len(octets))
        _, start, end = tlv.element(octets, start, end)
        tag, _, after = tlv.element(octets, start, end)
        if tag == tlv.INTEGER:
            _, _, after = tlv.element(octets, after, end)
        return octets[after : tlv.element(octets, after, end)[2]]
    except ParseError:
        return None


def _may_be_about(octets: bytes, path: Sequence[Certificate]) -> bool:
    """Whether a list that does not fit may be about a path: by an issuer's name in other octets, or as one of another issuer."""
    issuer = _issuer_of(octets)
    if issuer is None:
        return False
    if len(issuer) > _NAME or any(map(has_other_issuer, path[:-1])):
        return True
    return any(names.comparable(issuer) == names.comparable(certificate.issuer_raw) for certificate in path[:-1])


_LISTS = 3  # of the message's lists by one issuer, those that are looked at
_RESPONSES = 2  # of the message's responses about one certificate, those that are looked at
_RESPONDERS = 4  # certificates in those about which responses are looked for
_NAME = 2048  # octets of a name that is compared though nothing else of its list is looked at
