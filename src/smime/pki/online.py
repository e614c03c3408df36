"""What a store with a fetcher asks the network for: revocation lists, OCSP responses and missing issuers of a certificate.

Revocation is asked about only along a path that leads to an anchor, and against which nothing speaks but that or its having expired, so
that the URLs are those of authorities which somebody trusts (RFC 5280 section 4.2.1.13, RFC 6960). Missing issuers (section 4.2.2.1) can
only be asked for before that, so that anybody may have written those URLs; it is therefore a choice of its own. What was fetched is
remembered until its next update, and that it could not be had for a few minutes.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from smime.asn1 import pem, tlv
from smime.crypto.quiet import quietly
from smime.errors import ParseError, SMIMEError
from smime.pki.fetch import FetchError
from smime.report import Revocation, Unchecked

if TYPE_CHECKING:
    from collections.abc import Callable

    from smime.pki.fetch import Fetcher
    from smime.pki.verdict import PathVerdict
    from smime.x509.certificate import Certificate

__all__ = ["Online"]

_CRL_DISTRIBUTION_POINTS = "2.5.29.31"
_FRESHEST_CRL = "2.5.29.46"
_AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
_OCSP = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
_URI = 0x86  # uniformResourceIdentifier [6] of GeneralName

_MOST = 8  # fetches for one verdict
_PER_CERTIFICATE = 2  # URLs of a kind tried for one certificate
_HOPS = 4  # missing issuers, one above the other
_KEPT = 64 << 20  # octets remembered
_DAY = 86_400.0
_LONGEST = 7 * _DAY
_SHORTEST = 60.0
_FAILED = 300.0


def locations(certificate: Certificate, method: str) -> list[str]:
    """Return the URLs of a certificate's authorityInfoAccess for OCSP or for its issuer's certificate."""
    found = []
    extension = certificate.extensions.get(_AUTHORITY_INFORMATION_ACCESS)
    if extension is not None:
        octets = extension[1]
        try:
            _, start, end = tlv.element(octets, 0, len(octets))
            for _, item_start, item_end in tlv.children(octets, start, end):
                kind, location = tlv.children(octets, item_start, item_end)
                if tlv.object_identifier(octets[kind[1] : kind[2]]) == method and location[0] == _URI:
                    found.append(octets[location[1] : location[2]].decode("latin-1"))
        except (ParseError, ValueError):
            pass
    return [url for url in found if url.lower().startswith(("http://", "https://"))][:_PER_CERTIFICATE]


def distribution_points(certificate: Certificate, kind: str = _CRL_DISTRIBUTION_POINTS) -> list[str]:
    """Return the URLs of a certificate's revocation lists, or of what changed on them (freshestCRL, RFC 5280 section 4.2.1.15)."""
    extension = certificate.extensions.get(kind)
    return _points(extension[1]) if extension is not None else []


def _points(octets: bytes) -> list[str]:
    """Return the URLs of a CRLDistributionPoints; each point with all its names, of which one would do."""
    found = []
    try:
        _, start, end = tlv.element(octets, 0, len(octets))
        for _, point_start, point_end in tlv.children(octets, start, end):
            for tag, name_start, name_end in tlv.children(octets, point_start, point_end):
                if tag != 0xA0:  # distributionPoint
                    continue
                for kind, full_start, full_end in tlv.children(octets, name_start, name_end):
                    if kind == 0xA0:  # fullName
                        names = tlv.children(octets, full_start, full_end)
                        found += [octets[begin:stop].decode("latin-1") for form, begin, stop in names if form == _URI]
    except ParseError:
        pass
    return [url for url in found if url.lower().startswith(("http://", "https://"))][:_PER_CERTIFICATE]


class Online:
    """What a store has fetched, and what it is willing to fetch.

    Args:
        fetcher: gets it.
        issuers: ask for missing issuers, too.
    """

    def __init__(self, fetcher: Fetcher, *, issuers: bool) -> None:
        self.fetcher = fetcher
        self.issuers = issuers
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[float, bytes, str]] = OrderedDict()
        self._octets = 0

    def complete(self, verdict: PathVerdict, again: Callable[[Found], PathVerdict]) -> tuple[PathVerdict, bool]:
        """Return the verdict with what the network adds to it, and whether that is worth remembering.

        Args:
            verdict: as it is without.
            again: makes the verdict anew with what was found.
        """
        search = _Search(self)
        if self.issuers and _lacks_issuer(verdict):
            verdict = self._with_issuers(verdict, search, again)
        if verdict.revocation is Revocation.UNKNOWN and search.is_path(verdict):
            for ask in (search.revocation_of, search.list_of):  # the second, if what a responder said was of no use
                answers = [ask(certificate, issuer) for certificate, issuer in pairwise(verdict.path)]
                if any(answers):
                    verdict = again(search.found)
                if verdict.revocation is not Revocation.UNKNOWN:
                    break
        if search.failures:
            failed = tuple(Unchecked("fetch", str(failure)) for failure in search.failures)
            verdict = verdict.with_unchecked(failed)
        return verdict, not search.failures

    @staticmethod
    def _with_issuers(verdict: PathVerdict, search: _Search, again: Callable[[Found], PathVerdict]) -> PathVerdict:
        """Go up, one issuer at a time, until there is a path."""
        here = verdict.path[-1]
        for _ in range(_HOPS):
            above = search.issuer_of(here)
            if above is None:
                break
            verdict, here = again(search.found), above
            if not _lacks_issuer(verdict):
                break
        return verdict

    def get(self, url: str, expiry: Callable[[bytes], float | None]) -> bytes:
        """Fetch, or remember.

        Args:
            url: from where.
            expiry: returns until when (seconds since 1970) what was fetched holds, None if it does not say; raises ValueError if it is not
                what it should be.

        Raises:
            FetchError: it cannot be had.
        """
        now = time.time()
        with self._lock:
            known = self._known.get(url)
            if known is not None and known[0] > now:
                self._known.move_to_end(url)
                if known[2]:
                    raise FetchError(url, known[2])
                return known[1]
        octets, reason, until = b"", "", now + _FAILED
        try:
            octets = self.fetcher.fetch(url)
            end = expiry(octets)
            until = now + _DAY if end is None else min(max(end, now + _SHORTEST), now + _LONGEST)
        except FetchError as error:
            reason = error.reason
        except Exception as error:  # noqa: BLE001 - somebody else's fetcher, or octets that are not what they should be
            octets, reason = b"", str(error) or type(error).__name__
        self._remember(url, (until, octets, reason))
        if reason:
            raise FetchError(url, reason)
        return octets

    def _remember(self, url: str, entry: tuple[float, bytes, str]) -> None:
        with self._lock:
            old = self._known.pop(url, None)
            self._octets += len(entry[1]) - (len(old[1]) if old is not None else 0)
            self._known[url] = entry
            while self._octets > _KEPT or len(self._known) > 4096:
                self._octets -= len(self._known.popitem(last=False)[1][1])


def _lacks_issuer(verdict: PathVerdict) -> bool:
    return any(found.code == "untrusted" for found in verdict.findings)


class Found:
    """What one search has found: certificates, revocation lists and OCSP responses, in DER."""

    __slots__ = ("certificates", "crls", "ocsps")

    def __init__(self) -> None:
        self.certificates: list[bytes] = []
        self.crls: list[bytes] = []
        self.ocsps: list[bytes] = []


class _Search:
    """The fetches for one verdict."""

    def __init__(self, online: Online) -> None:
        self._online = online
        self._left = _MOST
        self._listed: set[Certificate] = set()
        self.found = Found()
        self.failures: list[FetchError] = []

    @staticmethod
    def is_path(verdict: PathVerdict) -> bool:
        """Whether the path leads to an anchor, and nothing speaks against it but that it has expired or revocation is unknown."""
        against = {found.code for found in verdict.findings if found.effect.value}
        return len(verdict.path) > 1 and against <= {"revocation-required", "expired"}

    def _urls(self, urls: Sequence[str]) -> Iterator[str]:
        for url in urls:
            if self._left <= 0:
                return
            self._left -= 1
            yield url

    def _get(self, urls: Sequence[str], expiry: Callable[[bytes], float | None]) -> bytes | None:
        """Return the first that can be had."""
        for url in self._urls(urls):
            try:
                return self._online.get(url, expiry)
            except FetchError as error:
                self.failures.append(error)
        return None

    def revocation_of(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Ask whether a certificate was revoked: its responder first, who answers in a few octets, then for the list.

        Returns:
            Whether there was an answer.
        """
        responders = locations(certificate, _OCSP)
        question = _question(certificate, issuer) if responders else None
        if question is not None:
            response = self._get([_asking(url, question) for url in responders], _response_expiry)
            if response is not None:
                self.found.ocsps.append(response)
                return True
        return self.list_of(certificate, issuer)

    def list_of(self, certificate: Certificate, issuer: Certificate) -> bool:  # noqa: ARG002 - as above
        """Ask for the revocation list, unless it was asked for; return whether there is one."""
        if certificate in self._listed:
            return False
        self._listed.add(certificate)
        octets = self._get(distribution_points(certificate), _list_expiry)
        if octets is None:
            return False
        complete = _list_octets(octets)
        self.found.crls.append(complete)
        changes = self._get(distribution_points(certificate, _FRESHEST_CRL) or _freshest(complete), _list_expiry)
        if changes is not None:
            self.found.crls.append(_list_octets(changes))
        return True

    def issuer_of(self, certificate: Certificate) -> Certificate | None:
        """Ask for the certificate of an issuer; return it if it came and was not known before."""
        octets = self._get(locations(certificate, _CA_ISSUERS), _certificates_expiry)
        new = [found for found in _certificates(octets) if found.der not in self.found.certificates] if octets is not None else []
        self.found.certificates += [found.der for found in new]
        return next((found for found in new if certificate.issued_by_name(found.subject_raw)), None)


def _question(certificate: Certificate, issuer: Certificate) -> bytes | None:
    """Return an OCSPRequest in DER; None if `cryptography` does not read one of the certificates, or their names."""
    from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509.ocsp import OCSPRequestBuilder  # noqa: PLC0415

    subject, authority = certificate.x509, issuer.x509
    if subject is None or authority is None:
        return None
    try:
        # SHA-1 names the certificate and protects nothing: RFC 5019 section 2.1.1 wants it
        request = OCSPRequestBuilder().add_certificate(subject, authority, SHA1())  # noqa: S303
        return request.build().public_bytes(Encoding.DER)
    except Exception:  # noqa: BLE001 - names are read only now, and what may be raised then is not a closed set
        return None


def _asking(url: str, question: bytes) -> str:
    """Return the URL of a question by GET, which caches on the way may answer (RFC 6960 appendix A.1)."""
    return f"{url.removesuffix('/')}/{quote(b64encode(question), safe='')}"


def _response_expiry(octets: bytes) -> float | None:
    from cryptography.x509.ocsp import OCSPResponseStatus, load_der_ocsp_response  # noqa: PLC0415 - heavy

    response = quietly(load_der_ocsp_response, octets)
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"the responder says {response.response_status.name.lower().replace('_', ' ')}")
    updates = [single.next_update_utc for single in response.responses]
    ends = [update.timestamp() for update in updates if update is not None]
    return min(ends) if len(ends) == len(updates) and ends else time.time()


def _list_octets(octets: bytes) -> bytes:
    """Return the DER of a list that somebody may have put there as PEM."""
    if pem.is_pem(octets):
        for label, der in pem.decode(octets):
            if label.endswith("CRL"):
                return der
    return octets


def _freshest(octets: bytes) -> list[str]:
    """Return the URLs that a revocation list names for its changes (freshestCRL, RFC 5280 section 5.2.6)."""
    from smime.pki.revocation.lists import RevocationList  # noqa: PLC0415 - heavy

    points = RevocationList(octets).freshest
    return [] if points is None else _points(points)


def _list_expiry(octets: bytes) -> float | None:
    from smime.pki.revocation.lists import RevocationList  # noqa: PLC0415 - heavy

    found: RevocationList = RevocationList(_list_octets(octets))
    update: datetime | None = found.next_update
    return update.timestamp() if update is not None else datetime.now(timezone.utc).timestamp()


def _certificates(octets: bytes) -> list[Certificate]:
    from smime.pki.keystores.read import read_certificates  # noqa: PLC0415 - rare

    try:
        return list(read_certificates(octets).certificates)[:16]
    except SMIMEError:
        return []


def _certificates_expiry(octets: bytes) -> Any:
    if not _certificates(octets):
        raise ValueError("no certificate")
