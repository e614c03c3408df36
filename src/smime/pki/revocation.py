"""Revocation lists and OCSP responses at hand: those of the store and those of the message (RFC 5280 section 6.3, RFC 6960)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from smime.findings import finding
from smime.pki.cache import Cache
from smime.pki.certificate import Certificate
from smime.report import Revocation, Unchecked

if TYPE_CHECKING:
    from smime.pki.path import Outcome, Window
    from smime.policy import Policy

__all__ = ["RevocationInformation"]

_NO_NEXT_UPDATE = timedelta(minutes=30)  # how long pyhanko-certvalidator trusts what states no next update
_loaded: Cache[bytes, Any] = Cache(256)


def _load(octets: bytes, loader: Any) -> Any:
    """Return what `cryptography` makes of the octets, or False."""
    known = _loaded.get(octets)
    if known is None:
        try:
            known = loader(octets)
        except Exception:  # noqa: BLE001 - its exceptions are not a closed set; what cannot be read proves nothing
            known = False
        _loaded.put(octets, known)
    return known


class RevocationInformation:
    """What is at hand for one verdict. False if there is nothing.

    Attributes:
        crls: revocation lists in DER, the store's first.
        ocsps: OCSP responses in DER.
    """

    __slots__ = ("crls", "ocsps")

    def __init__(self, crls: Sequence[bytes], ocsps: Sequence[bytes]) -> None:
        self.crls = crls
        self.ocsps = ocsps

    @classmethod
    def of(cls, crls: Iterable[bytes], ocsps: Iterable[bytes], policy: Policy) -> RevocationInformation:
        """Take what can be read, once each, as far as the policy looks at it and its limits go."""
        if policy.revocation == "ignore":
            return NOTHING
        crls, ocsps = dict.fromkeys(crls), dict.fromkeys(ocsps)
        if not crls and not ocsps:
            return NOTHING
        from cryptography.x509 import load_der_x509_crl  # noqa: PLC0415 - heavy
        from cryptography.x509.ocsp import load_der_ocsp_response  # noqa: PLC0415

        most = policy.limits.crls
        return cls(
            [crl for crl in list(crls)[:most] if _load(crl, load_der_x509_crl) is not False],
            [ocsp for ocsp in list(ocsps)[:most] if _load(ocsp, load_der_ocsp_response) is not False],
        )

    def __bool__(self) -> bool:
        return bool(self.crls or self.ocsps)

    def mark(self, window: Window, path: Sequence[Certificate]) -> None:
        """Add to a window the moments at which something here begins or ceases to count for a path."""
        for octets in self.crls:
            crl = _loaded.get(octets)
            if crl is None or crl is False:
                continue
            begin, end = crl.last_update_utc, crl.next_update_utc
            window.period(begin, end or begin + _NO_NEXT_UPDATE)
            for certificate in path:
                try:
                    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial)
                except (ValueError, OverflowError):
                    entry = None
                if entry is not None:
                    date = entry.revocation_date_utc
                    window.ends(date)  # RFC 5280 leaves the moment itself open; it is given a window of its own
                    window.starts(date)
        for octets in self.ocsps:
            response = _loaded.get(octets)
            try:
                for single in response.responses if response else ():
                    begin, end = single.this_update_utc, single.next_update_utc
                    window.period(begin, end or begin + _NO_NEXT_UPDATE)
                    if single.revocation_time_utc is not None:
                        window.starts(single.revocation_time_utc)
            except ValueError:  # not a successful response
                continue

    def without(self, policy: Policy) -> Outcome:
        """Return the outcome, without a path, of there being no revocation information at all."""
        from smime.pki.path import Outcome  # noqa: PLC0415 - path imports this module

        if policy.revocation == "ignore":
            return Outcome(
                (), (finding("revocation-ignored"),), Revocation.NOT_CHECKED, (Unchecked("revocation", "the policy does not ask for it"),)
            )
        why = "no revocation list and no OCSP response is at hand"
        code = finding("revocation-required", reason=why) if policy.revocation == "require" else finding("revocation-unknown")
        return Outcome((), (code,), Revocation.UNKNOWN, (Unchecked("revocation", why),))


NOTHING = RevocationInformation((), ())
