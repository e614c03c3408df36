"""One CertificateList (RFC 5280 section 5)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from smime.algorithms import Level, name_of
from smime.asn1 import tlv, writer
from smime.crypto.quiet import quietly
from smime.errors import ParseError, SMIMEError
from smime.memory import Cache
from smime.x509 import names
from smime.x509.certificate import algorithm_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from smime.algorithms import AlgorithmProfile
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.policy import Policy
    from smime.x509.certificate import Certificate

__all__ = ["RevocationList", "has_other_issuer", "read_list", "serial_octets"]

_CRL_DISTRIBUTION_POINTS = "2.5.29.31"
_DELTA_CRL_INDICATOR = "2.5.29.27"
# with issuingDistributionPoint, freshestCRL: a list with one of these is not plain
_SPECIAL = frozenset({_DELTA_CRL_INDICATOR, "2.5.29.28", "2.5.29.46"})
_lists: Cache[bytes, RevocationList | bool] = Cache(256)


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
        self._loaded = quietly(load_der_x509_crl, der)
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
            from smime.x509.issued import verify_signature  # noqa: PLC0415 - heavy

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
                if serial_octets(certificate.serial) not in self._tbs:
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


def read_list(octets: bytes) -> RevocationList | bool:
    """Return a list, or False if it cannot be read."""
    known = _lists.get(octets)
    if known is None:
        try:
            known = RevocationList(octets)
        except Exception:  # noqa: BLE001 - the loader's exceptions are not a closed set; what cannot be read proves nothing
            known = False
        _lists.put(octets, known)
    return known


_ASKED = 8  # look-ups in a list before its numbers are put into a set


def serial_octets(number: int) -> bytes:
    """Return the DER of an INTEGER."""
    return writer.integer(number)


def has_other_issuer(certificate: Certificate) -> bool:
    """Whether another authority may make the lists about a certificate: a cRLIssuer ``[2]`` in its distribution points, at a guess."""
    entry = certificate.extensions.get(_CRL_DISTRIBUTION_POINTS)
    return entry is not None and b"\xa2" in entry[1]
