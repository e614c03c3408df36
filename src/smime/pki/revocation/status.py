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

from smime.findings import Finding, finding
from smime.pki.revocation.lists import RevocationList, has_other_issuer
from smime.pki.revocation.responses import read_response, serials_within
from smime.report import Revocation, Unchecked
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from smime.pki.case import Case
    from smime.pki.verdict import Outcome, Window
    from smime.policy import Policy

__all__ = ["NOTHING", "RevocationInformation"]

_NO_NEXT_UPDATE = timedelta(minutes=30)  # how long pyhanko-certvalidator trusts what states no next update


_LEFT_OUT = "revocation lists or OCSP responses of the message are larger than is looked at"
_NONE_ABOUT = "nothing at hand is about it"
_CARE, _STATEMENT = 30, 8  # units of work for evaluating a statement with care, and for each further one


class RevocationInformation:
    """What is at hand about one path. False if there is nothing.

    Attributes:
        lists: revocation lists, the store's first.
        ocsps: OCSP responses in DER.
        left_out: the message brings something more, which is too large and may be about the path: then nothing is known to be good.
        responders: the certificates of others than the path's authorities who signed responses, once somebody has looked.
    """

    __slots__ = ("_own", "left_out", "lists", "ocsps", "responders")

    def __init__(
        self, own: Iterable[RevocationList | bool], lists: Iterable[RevocationList], ocsps: Sequence[bytes], *, left_out: bool = False
    ) -> None:
        self.lists = [found for found in own if isinstance(found, RevocationList)]
        self._own = len(self.lists)
        self.lists += lists
        self.ocsps = ocsps
        self.left_out = left_out
        self.responders: dict[Certificate, None] = {}

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
        return serials_within(self.ocsps)

    @property
    def effort(self) -> int:
        """What evaluating it with care costs, in units of work; nothing if there are plain lists only, which are looked up."""
        special = sum(not found.plain for found in self.lists)
        if not self.ocsps and not special:
            return 0
        return _CARE + _STATEMENT * (len(self.ocsps) + special - 1)

    def mark(self, window: Window, path: Sequence[Certificate]) -> None:
        """Add to a window the moments at which something here begins or ceases to count for a path."""
        for responder in self.responders:
            window.period(responder.not_before, responder.not_after)
        path = (*path, *self.responders)
        for found in self.lists:
            window.period(found.this_update, found.next_update or _without_next(found.this_update))
            for date in found.dates(path) if not found.plain or found.is_verified else ():
                window.ends(date)  # RFC 5280 leaves the moment itself open; it is given a window of its own
                window.starts(date)
        for octets in self.ocsps:
            try:
                for single in read_response(octets).responses:
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
                singles = [single for single in read_response(octets).responses if single.serial_number == certificate.serial]
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
        from smime.pki.verdict import Outcome  # noqa: PLC0415 - path imports this module

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
        from smime.pki.verdict import Outcome  # noqa: PLC0415 - path imports this module

        try:
            answers = [self.plain_answer(certificate, issuer, case) for certificate, issuer in pairwise(path)]
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
                if has_other_issuer(certificate) or any(found.is_about(certificate) for found in dear):
                    return None
                reasons.append((certificate.subject, _NONE_ABOUT))
        return self.unknown(path, reasons, case.policy)

    def plain_answer(self, certificate: Certificate, issuer: Certificate, case: Case) -> Finding | bool:
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
        return newest is not None and all(found.plain for found in self.lists) and not has_other_issuer(certificate)


@lru_cache(maxsize=8)
def _without(wanted: str, left_out: bool) -> Outcome:
    from smime.pki.verdict import Outcome  # noqa: PLC0415 - path imports this module

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
