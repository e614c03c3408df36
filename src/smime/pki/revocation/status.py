"""Revocation lists and OCSP responses at hand: those of the store and those of the message (RFC 5280 section 6.3, RFC 6960).

Most lists are plain: complete, for all reasons, by the issuer of the certificates itself. Whether a certificate is on one of those is
looked up here, in a set. Everything else (indirect, partitioned and delta lists, issuers with keys of their own for lists, OCSP) is
evaluated by pyhanko-certvalidator, which reads a list entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from smime.algorithms import Level, name_of
from smime.asn1 import tlv, writer
from smime.errors import ParseError, SMIMEError
from smime.findings import Finding, finding
from smime.memory import Cache
from smime.report import Revocation, Unchecked
from smime.x509 import names
from smime.x509.certificate import Certificate, algorithm_identifier

if TYPE_CHECKING:
    from smime.algorithms import AlgorithmProfile
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.pki.path.validator import Case, Outcome, Window
    from smime.policy import Policy

__all__ = ["NOTHING", "RevocationInformation", "RevocationList", "RevocationPile"]

_NO_NEXT_UPDATE = timedelta(minutes=30)  # how long pyhanko-certvalidator trusts what states no next update
_CRL_DISTRIBUTION_POINTS = "2.5.29.31"
_DELTA_CRL_INDICATOR = "2.5.29.27"
# with issuingDistributionPoint, freshestCRL: a list with one of these is not plain
_SPECIAL = frozenset({_DELTA_CRL_INDICATOR, "2.5.29.28", "2.5.29.46"})
_lists: Cache[bytes, RevocationList | bool] = Cache(256)
_responses: Cache[bytes, Any] = Cache(256)


class RevocationList:
    """One CertificateList (RFC 5280 section 5).

    Attributes:
        der: the octets.
        issuer_raw: the DER of the issuer's name.
        this_update: it holds from here on …
        next_update: … until here, if it says so.
        plain: it is complete, for all reasons and by the issuer of the certificates itself.
        changes: it would be plain, were it not a delta list (section 5.2.4): what changed since a complete one.
    """

    __slots__ = (
        "_absent",
        "_accepted",
        "_algorithm",
        "_asked",
        "_loaded",
        "_serials",
        "_signature",
        "_signers",
        "_tbs",
        "changes",
        "der",
        "issuer_raw",
        "next_update",
        "plain",
        "this_update",
    )

    def __init__(self, der: bytes) -> None:
        from cryptography.x509 import load_der_x509_crl  # noqa: PLC0415 - heavy

        self.der = der
        self._loaded = load_der_x509_crl(der)
        self.this_update: datetime = self._loaded.last_update_utc
        self.next_update: datetime | None = self._loaded.next_update_utc
        _, start, end = tlv.element(der, 0, len(der))
        (_, tbs_start, tbs_end), (_, _, algorithm_end), (_, bits_start, bits_end) = tlv.children(der, start, end)
        if der[bits_start : bits_start + 1] != b"\x00":
            raise ParseError("x509", "a signature is whole octets", bits_start)
        self._tbs = der[start:tbs_end]
        self._signature = der[bits_start + 1 : bits_end]
        fields = tlv.children(der, tbs_start, tbs_end)
        first = 1 if fields[0][0] == tlv.INTEGER else 0
        inner, issuer = fields[first], fields[first + 1]
        self.issuer_raw = der[inner[2] : issuer[2]]
        before = fields[0][2] if first else tbs_start
        self._algorithm: AlgorithmIdentifier = algorithm_identifier(der[tbs_end:algorithm_end])
        same = der[before : inner[2]] == der[tbs_end:algorithm_end]
        regular = same and self.next_update is not None
        special = self._special()
        self.plain = regular and not special
        self.changes = regular and special == {_DELTA_CRL_INDICATOR}
        self._serials: frozenset[int] | None = None
        self._asked = 0
        self._absent: set[int] = set()
        self._signers: dict[bytes, bool] = {}
        self._accepted: tuple[Any, bool] = (None, False)

    @property
    def freshest(self) -> bytes | None:
        """The DER of what says where its changes are (freshestCRL, RFC 5280 section 5.2.6), if it says so."""
        from cryptography.x509 import ExtensionNotFound, FreshestCRL  # noqa: PLC0415 - heavy

        try:
            return self._loaded.extensions.get_extension_for_class(FreshestCRL).value.public_bytes()
        except ExtensionNotFound:
            return None

    def _special(self) -> set[str]:
        """Return the extensions that make it other than a plain one."""
        special = set()
        for extension in self._loaded.extensions:
            oid = extension.oid.dotted_string
            if oid in _SPECIAL or (extension.critical and oid != "2.5.29.35"):
                special.add(oid)
        return special

    def is_signed_by(self, issuer: Certificate, policy: Policy) -> bool:
        """Whether an authority made the list, may make lists, and used algorithms that the policy accepts."""
        try:
            usage = issuer.key_usage
        except ParseError:
            return False
        if usage is not None and "cRLSign" not in usage:
            return False
        known = self._signers.get(issuer.spki)
        if known is None:
            from smime.pki.path.search import verify_signature  # noqa: PLC0415 - heavy

            known = self._signers[issuer.spki] = verify_signature(issuer, self._algorithm, self._signature, self._tbs) is True
        return known and self._is_accepted(policy)

    def is_made_on(self, path: Sequence[Certificate], policy: Policy) -> bool:
        """Whether it is plain and by an authority of a path, about a certificate of the path."""
        return self.plain and any(self.is_about(one) and self.is_signed_by(issuer, policy) for one, issuer in pairwise(path))

    @property
    def is_verified(self) -> bool:
        """Somebody was found to have made it."""
        return any(self._signers.values())

    def _is_accepted(self, policy: Policy) -> bool:
        profile = policy.algorithms
        judged_by, accepted = self._accepted
        if judged_by is not profile:
            accepted = self._judge(profile)
            self._accepted = (profile, accepted)
        return accepted

    def _judge(self, profile: AlgorithmProfile) -> bool:
        from smime.crypto import signatures  # noqa: PLC0415 - heavy
        from smime.crypto.faults import InvalidSignature  # noqa: PLC0415

        try:
            digest = signatures.digest_of(self._algorithm)
        except (SMIMEError, InvalidSignature):
            return False
        named = (name_of(self._algorithm.oid), digest)
        return all(profile.level(name) is not Level.FORBIDDEN for name in named if name is not None)

    def entry(self, certificate: Certificate) -> Any:
        """Return the entry about a certificate's serial number, an object of `cryptography`, or None.

        Raises:
            ValueError: `cryptography` cannot read the list's entries: a serial number is negative.
        """
        if self._serials is None:
            # whoever is on the list, his number stands in it: to look for that is quick, though it takes as long again each time
            if certificate.serial in self._absent:
                return None
            self._asked += 1
            if self._asked <= _ASKED:
                if _integer(certificate.serial) not in self._tbs:
                    self._absent.add(certificate.serial)
                    return None
            else:
                self._serials = frozenset(entry.serial_number for entry in self._loaded)
        if self._serials is not None and certificate.serial not in self._serials:
            return None
        return self._loaded.get_revoked_certificate_by_serial_number(certificate.serial)

    def dates(self, certificates: Sequence[Certificate]) -> list[datetime]:
        """Return the dates at which certificates with these serial numbers were revoked."""
        try:
            entries = [self.entry(certificate) for certificate in certificates]
        except Exception:  # noqa: BLE001 - entries are read only now, and what may be raised then is not a closed set
            serials = {certificate.serial for certificate in certificates}
            try:
                return [date for serial, date in _dates(self._tbs) if serial in serials]
            except (ParseError, ValueError):
                return []  # then it revokes nothing either
        return [entry.revocation_date_utc for entry in entries if entry is not None]

    def is_about(self, certificate: Certificate) -> bool:
        """Whether the list is by the authority with the name of the certificate's issuer."""
        raw = certificate.issuer_raw
        return self.issuer_raw == raw or names.comparable(self.issuer_raw) == names.comparable(raw)


def _dates(tbs: bytes) -> Iterator[tuple[int, datetime]]:
    """Yield serial number and date of every entry, from the DER: for lists of which `cryptography` cannot read the entries."""
    _, start, end = tlv.element(tbs, 0, len(tbs))
    fields = tlv.children(tbs, start, end)
    times = [index for index, field in enumerate(fields) if field[0] in {tlv.UTC_TIME, tlv.GENERALIZED_TIME}]
    for tag, list_start, list_end in fields[times[-1] + 1 : times[-1] + 2]:
        if tag == tlv.SEQUENCE:
            for _, entry_start, entry_end in tlv.children(tbs, list_start, list_end):
                serial, date = tlv.children(tbs, entry_start, entry_end)[:2]
                yield int.from_bytes(tbs[serial[1] : serial[2]], "big", signed=True), tlv.time(date[0], tbs[date[1] : date[2]])


def _list(octets: bytes) -> RevocationList | bool:
    """Return a list, or False if it cannot be read."""
    known = _lists.get(octets)
    if known is None:
        try:
            known = RevocationList(octets)
        except Exception:  # noqa: BLE001 - the loader's exceptions are not a closed set; what cannot be read proves nothing
            known = False
        _lists.put(octets, known)
    return known


def _response(octets: bytes) -> Any:
    """Return an OCSP response of `cryptography`, or False if it cannot be read."""
    known = _responses.get(octets)
    if known is None:
        from cryptography.x509.ocsp import load_der_ocsp_response  # noqa: PLC0415 - heavy

        try:
            known = load_der_ocsp_response(octets)
        except Exception:  # noqa: BLE001 - as above
            known = False
        _responses.put(octets, known)
    return known


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
            known = self._about[path] = RevocationInformation(map(_list, self._own_lists), lists, ocsps, left_out=room.left_out)
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
            return [octets for octets in found if _response(octets) is not False]
        numbers = [_integer(certificate.serial) for certificate in path[:-1]]
        fitting = [octets for octets in self._ocsps if len(octets) <= self._size]
        room.left_out = len(fitting) < len(self._ocsps)
        for number in numbers:
            of_one = [octets for octets in fitting if number in octets][:_RESPONSES]
            found.update(dict.fromkeys([octets for octets in of_one if octets in found or room.takes(octets)]))
        return [octets for octets in found if _response(octets) is not False]


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
    read = _list(octets)
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
    if len(issuer) > _NAME or any(map(_has_other_issuer, path[:-1])):
        return True
    return any(names.comparable(issuer) == names.comparable(certificate.issuer_raw) for certificate in path[:-1])


_LISTS = 3  # of the message's lists by one issuer, those that are looked at
_RESPONSES = 2  # of the message's responses about one certificate, those that are looked at
_NAME = 2048  # octets of a name that is compared though nothing else of its list is looked at
_LEFT_OUT = "revocation lists or OCSP responses of the message are larger than is looked at"
_NONE_ABOUT = "nothing at hand is about it"
_CARE, _STATEMENT = 30, 8  # units of work for evaluating a statement with care, and for each further one
_ASKED = 8  # look-ups in a list before its numbers are put into a set


def _integer(number: int) -> bytes:
    """Return the DER of an INTEGER."""
    return writer.integer(number)


class RevocationInformation:
    """What is at hand about one path. False if there is nothing.

    Attributes:
        lists: revocation lists, the store's first.
        ocsps: OCSP responses in DER.
        left_out: the message brings something more, which is too large and may be about the path: then nothing is known to be good.
    """

    __slots__ = ("_own", "left_out", "lists", "ocsps")

    def __init__(
        self, own: Iterable[RevocationList | bool], lists: Iterable[RevocationList], ocsps: Sequence[bytes], *, left_out: bool = False
    ) -> None:
        self.lists = [found for found in own if isinstance(found, RevocationList)]
        self._own = len(self.lists)
        self.lists += lists
        self.ocsps = ocsps
        self.left_out = left_out

    def dear(self, path: Sequence[Certificate], case: Case) -> list[RevocationList]:
        """Return the lists that are worth to be evaluated with care.

        Of the plain ones that an authority of the path made, the newest by each: older ones clear nothing, and what they revoke is known.
        Of other plain ones, which perhaps are by keys of their own, all of the store's and one of the message's.
        """
        newest: dict[bytes, RevocationList] = {}
        others: list[RevocationList] = []
        left = 1
        for index, found in enumerate(self.lists):
            if found.is_made_on(path, case.policy):
                other = newest.get(found.issuer_raw)
                if other is None or found.this_update > other.this_update:
                    newest[found.issuer_raw] = found
            elif index < self._own or not found.plain or any(issuer.has_inherited_parameters for issuer in path[1:]):
                others.append(found)
            elif left and _is_named_elsewhere(found.issuer_raw, path, case):
                left -= 1
                others.append(found)
        return [*newest.values(), *others]

    def __bool__(self) -> bool:
        return bool(self.lists or self.ocsps)

    @property
    def serials(self) -> list[bytes] | None:
        """The DER of the serial numbers of the certificates in OCSP responses, about which lists may be asked, too; None: unreadable."""
        found: list[bytes] = []
        try:
            for response in map(_response, self.ocsps):
                if response.response_status.name == "SUCCESSFUL":
                    found += [_integer(certificate.serial_number) for certificate in response.certificates]
        except Exception:  # noqa: BLE001 - what `cryptography` cannot read, and what it raises then is not a closed set
            return None
        return found

    @property
    def effort(self) -> int:
        """What evaluating it with care costs, in units of work; nothing if there are plain lists only, which are looked up."""
        special = sum(not found.plain for found in self.lists)
        if not self.ocsps and not special:
            return 0
        return _CARE + _STATEMENT * (len(self.ocsps) + special - 1)

    def mark(self, window: Window, path: Sequence[Certificate]) -> None:
        """Add to a window the moments at which something here begins or ceases to count for a path."""
        for found in self.lists:
            window.period(found.this_update, found.next_update or _without_next(found.this_update))
            for date in found.dates(path) if not found.plain or found.is_verified else ():
                window.ends(date)  # RFC 5280 leaves the moment itself open; it is given a window of its own
                window.starts(date)
        for octets in self.ocsps:
            try:
                for single in _response(octets).responses:
                    begin = single.this_update_utc
                    window.period(begin, single.next_update_utc or _without_next(begin))
                    if single.revocation_time_utc is not None:
                        window.starts(single.revocation_time_utc)
            except Exception:  # noqa: BLE001, S112 - not a successful response, or what `cryptography` cannot read
                continue

    def accusing(self, certificate: Certificate) -> Iterator[tuple[RevocationInformation, datetime, datetime]]:
        """Yield every statement, alone and with the span of time in which it is current, that may say that a certificate is revoked.

        Not plain lists, which `plain_outcome` has looked at, and none that does not say until when it holds: that is no list of
        RFC 5280 (section 5.1.2.5), and what it says of the time after it is anybody's guess.
        """
        for found in self.lists:
            if not found.plain and found.next_update is not None and found.dates((certificate,)):
                yield RevocationInformation((found,), (), ()), found.this_update, found.next_update
        for octets in self.ocsps:
            try:
                singles = [single for single in _response(octets).responses if single.serial_number == certificate.serial]
                spans = [
                    (single.this_update_utc, single.next_update_utc or single.this_update_utc)
                    for single in singles
                    if single.revocation_time_utc is not None
                ]
            except Exception:  # noqa: BLE001, S112 - not a successful response, or what `cryptography` cannot read
                continue
            for begin, end in spans:
                yield RevocationInformation((), (), (octets,)), begin, end

    def without(self, policy: Policy) -> Outcome:
        """Return the outcome, without a path, of there being no revocation information at all."""
        return _without(policy.revocation, self.left_out)

    def unknown(self, path: tuple[Certificate, ...], reasons: Sequence[tuple[str, str]], policy: Policy) -> Outcome:
        """Return the outcome of its not being known of all certificates in a path whether they are revoked.

        Args:
            path: the path.
            reasons: subjects, and why it is not known of each; none if that is only since something was left out.
            policy: whether it has to be known.
        """
        from smime.pki.path.validator import Outcome  # noqa: PLC0415 - path imports this module

        if not reasons:
            return self.without(policy)._replace(path=path)
        told = [f"{subject}: {reason}" for subject, reason in reasons]
        why = "; ".join([_LEFT_OUT, *told] if self.left_out else told)[:500]
        required = policy.revocation == "require"
        data = {} if required else {"subjects": [subject for subject, _ in reasons]}
        code = finding("revocation-required" if required else "revocation-unknown", reason=why, **data)
        return Outcome(path, (code,), Revocation.UNKNOWN, (Unchecked("revocation", why),))

    def plain_outcome(self, path: tuple[Certificate, ...], case: Case) -> Outcome | None:
        """Return what plain lists say of the certificates in a path, or None where something else has to be evaluated."""
        from smime.pki.path.validator import Outcome  # noqa: PLC0415 - path imports this module

        try:
            answers = [self._plain_answer(certificate, issuer, case) for certificate, issuer in pairwise(path)]
        except Exception:  # noqa: BLE001 - ValueError, and whatever else an entry's extensions may raise
            return None
        for answer in reversed(answers):  # from the anchor down
            if isinstance(answer, Finding):
                return Outcome(path, (answer,), Revocation.REVOKED)
        if self.ocsps:
            return None
        if not all(answers):
            return self._partly(path, answers, case)
        return self.unknown(path, (), case.policy) if self.left_out else Outcome(path, (), Revocation.GOOD)

    def _partly(self, path: tuple[Certificate, ...], answers: Sequence[Finding | bool], case: Case) -> Outcome | None:
        """Return the outcome where plain lists clear some certificates, and nothing at hand is about the others; else None."""
        dear = self.dear(path, case)
        if not all(found.is_made_on(path, case.policy) for found in dear):
            return None
        reasons: list[tuple[str, str]] = []
        for certificate, answer in zip(reversed(path[:-1]), reversed(answers), strict=True):
            if not answer:
                if _has_other_issuer(certificate) or any(found.is_about(certificate) for found in dear):
                    return None
                reasons.append((certificate.subject, _NONE_ABOUT))
        return self.unknown(path, reasons, case.policy)

    def _plain_answer(self, certificate: Certificate, issuer: Certificate, case: Case) -> Finding | bool:
        """Return the finding if a certificate is revoked, True if the newest current list does not hold it, False if that cannot be told.

        Revocation is for good, so a list of before or after the time looked at may revoke, and may not clear; so may a delta list, also
        where the complete one does not announce it. Only a hold can be lifted: that counts if the newest current list has it (RFC 8550
        section 6: an older one may have been planted in the message).
        """
        newest: RevocationList | None = None
        hold: Finding | None = None
        for found in self.lists:
            if not (found.plain or found.changes) or not found.is_about(certificate) or not found.is_signed_by(issuer, case.policy):
                continue
            current = found.this_update <= case.at <= (found.next_update or found.this_update)
            newer = current and (newest is None or found.this_update > newest.this_update)
            entry = found.entry(certificate)
            if found.changes and (entry is None or _is_removed(entry)):
                continue  # it says what changed, and so nothing of who is not on it
            problem = None if entry is None else _revoked(certificate, entry, case.at)
            if problem is not None and problem.data["reason"] != _HOLD:
                return problem
            if newer:
                newest, hold = found, problem
        if hold is not None:
            return hold
        return newest is not None and all(found.plain for found in self.lists) and not _has_other_issuer(certificate)


@lru_cache(maxsize=8)
def _without(wanted: str, left_out: bool) -> Outcome:
    from smime.pki.path.validator import Outcome  # noqa: PLC0415 - path imports this module

    if wanted == "ignore":
        why = "the policy does not ask for it"
        return Outcome((), (finding("revocation-ignored"),), Revocation.NOT_CHECKED, (Unchecked("revocation", why),))
    why = _LEFT_OUT if left_out else "no revocation list and no OCSP response is at hand"
    code = finding("revocation-required", reason=why) if wanted == "require" else finding("revocation-unknown")
    return Outcome((), (code,), Revocation.UNKNOWN, (Unchecked("revocation", why),))


def _without_next(begin: datetime) -> datetime:
    """Return until when what states no next update counts."""
    try:
        return begin + _NO_NEXT_UPDATE
    except OverflowError:  # the last half hour of the year 9999
        return begin


def _is_named_elsewhere(name: bytes, path: Sequence[Certificate], case: Case) -> bool:
    """Whether a certificate outside of a path has this name, and so perhaps a key for revocation lists."""
    indexes = (case.store.anchors, case.store.intermediates, case.extra)
    return any(found not in path for index in indexes for found in (*index.named(name), *index.alike(name)))


def _has_other_issuer(certificate: Certificate) -> bool:
    """Whether another authority may make the lists about a certificate: a cRLIssuer ``[2]`` in its distribution points, at a guess."""
    entry = certificate.extensions.get(_CRL_DISTRIBUTION_POINTS)
    return entry is not None and b"\xa2" in entry[1]


_HOLD = "a certificate hold"
_REASONS = {
    "unspecified": "unspecified",
    "keyCompromise": "a compromised key",
    "cACompromise": "the compromise of an authority",
    "affiliationChanged": "a change of affiliation",
    "superseded": "superseded",
    "cessationOfOperation": "a cessation of operation",
    "certificateHold": _HOLD,
    "privilegeWithdrawn": "privileges withdrawn",
    "aACompromise": "the compromise of an attribute authority",
}


def _revoked(certificate: Certificate, entry: Any, at: datetime) -> Finding | None:
    """Return the finding, None if the entry is of a later date.

    Raises:
        ValueError: the entry has to be read with more care.
    """
    reason = "unspecified"
    for extension in entry.extensions:
        if extension.oid.dotted_string == "2.5.29.21":
            reason = extension.value.reason.value
        elif extension.critical:
            raise ValueError("a critical extension of an entry")
    if reason not in _REASONS:
        raise ValueError("a reason that belongs in a delta list")
    date = entry.revocation_date_utc
    if date >= at:
        return None
    return finding("revoked", subject=certificate.subject, date=date.isoformat(), reason=_REASONS[reason])


def _is_removed(entry: Any) -> bool:
    """Whether an entry of a delta list says that a certificate is no longer on the complete one (RFC 5280 section 5.3.1)."""
    return any(
        extension.oid.dotted_string == "2.5.29.21" and extension.value.reason.value == "removeFromCRL" for extension in entry.extensions
    )


NOTHING = RevocationInformation((), (), ())
