"""Objects of asn1crypto for pyhanko-certvalidator that know what `smime.x509.certificate` has read already.

What asn1crypto says of a certificate is what these say, refusals included; they say it sooner. Extensions are read from the octets that are
at hand. Names of ordinary ASCII text, whose preparation for comparison (RFC 4518) leaves little to do, are prepared once for all names of
the same octets; all others are asn1crypto's own affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from asn1crypto import crl, x509  # type: ignore[import-untyped]

from smime.asn1 import tlv
from smime.errors import ParseError
from smime.x509 import names
from smime.x509.certificate import Certificate

__all__ = ["CertificateObject", "ListObject", "Name", "comparable"]

_SHORT = 8  # octets of a key usage
_BLANKS = re.compile(" +")


def _prepared(text: str) -> str:
    """Return what asn1crypto prepares printable ASCII to."""
    return f" {_BLANKS.sub('  ', text.lower()).strip()} "


@lru_cache(maxsize=1024)
def comparable(name: bytes) -> tuple[object, str] | None:
    """Return what is equal for names that asn1crypto takes for equal, and asn1crypto's key for a dictionary; None: ask it.

    Args:
        name: the DER of a Name.
    """
    rdns = names.plain(name)
    if rdns is None:
        return None
    keys = ("\x1f".join(sorted(f"{x509.NameType._map[oid]}: {_prepared(text)}" for oid, text in rdn)) for rdn in rdns)
    return rdns, "\x1e".join(keys)


class NameTypeAndValue(x509.NameTypeAndValue):  # type: ignore[misc]
    """One attribute of a name; printable ASCII is prepared in one step."""

    def _ldap_string_prep(self, string: Any) -> Any:
        if isinstance(string, str) and string.isascii() and string.isprintable():
            return _prepared(string)
        return super()._ldap_string_prep(string)


class RelativeDistinguishedName(x509.RelativeDistinguishedName):  # type: ignore[misc]
    """A set of attributes."""

    _child_spec = NameTypeAndValue


class RDNSequence(x509.RDNSequence):  # type: ignore[misc]
    """The sets of attributes of a name."""

    _child_spec = RelativeDistinguishedName

    def _make_value(self, value: Any) -> Any:
        if isinstance(value, x509.RelativeDistinguishedName) and not isinstance(value, RelativeDistinguishedName):
            value = RelativeDistinguishedName.load(value.dump())  # from a distribution point
        return super()._make_value(value)


class Name(x509.Name):  # type: ignore[misc]
    """A name that is compared by what is remembered of its octets."""

    _alternatives: ClassVar[Any] = [("", RDNSequence)]
    _comparable: Any = False

    @classmethod
    def of(cls, octets: bytes) -> Name:
        """Return the name with this DER."""
        made: Name = cls.load(octets)
        made._comparable = comparable(octets)
        return made

    @property
    def _remembered(self) -> tuple[object, str] | None:
        # one that was copied may have been changed since
        known: tuple[object, str] | None = comparable(self.chosen.dump()) if self._comparable is False else self._comparable
        return known

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Name):
            own, others = self._remembered, other._remembered
            if own is not None and others is not None:
                return own[0] == others[0]
        return bool(super().__eq__(other))

    __hash__ = None  # type: ignore[assignment]  # as asn1crypto's

    @property
    def hashable(self) -> Any:
        """The key for a dictionary."""
        known = self._remembered
        return super().hashable if known is None else known[1]


class GeneralName(x509.GeneralName):  # type: ignore[misc]
    """A name of any kind."""

    _alternatives: ClassVar[Any] = [
        (kind, Name if spec is x509.Name else spec, options) for kind, spec, options in x509.GeneralName._alternatives
    ]


class GeneralNames(x509.GeneralNames):  # type: ignore[misc]
    """Names of any kind."""

    _child_spec = GeneralName


class GeneralSubtree(x509.GeneralSubtree):  # type: ignore[misc]
    """A constraint."""

    _fields: ClassVar[Any] = [("base", GeneralName), *x509.GeneralSubtree._fields[1:]]


class GeneralSubtrees(x509.GeneralSubtrees):  # type: ignore[misc]
    """Constraints of one sort."""

    _child_spec = GeneralSubtree


class NameConstraints(x509.NameConstraints):  # type: ignore[misc]
    """The name constraints extension."""

    _fields: ClassVar[Any] = [(kind, GeneralSubtrees, options) for kind, _, options in x509.NameConstraints._fields]


@lru_cache(maxsize=64)
def _usages(octets: bytes) -> frozenset[str]:
    return frozenset(x509.KeyUsage.load(octets).native)


class KeyUsage(x509.KeyUsage):  # type: ignore[misc]
    """The key usage extension."""

    @property
    def native(self) -> Any:
        """The names of the usages."""
        octets = self.dump()
        return _usages(octets) if len(octets) < _SHORT else super().native


# by the dotted identifier of an extension: asn1crypto's name for it, and how it is read if it is read at all
_EXTENSIONS: dict[str, tuple[str, Any]] = {
    oid: (name, x509.Extension._oid_specs.get(name) if hasattr(x509.Certificate, f"_{name}_value") else None)
    for oid, name in x509.ExtensionId._map.items()
}
_EXTENSIONS["2.5.29.15"] = ("key_usage", KeyUsage)
_EXTENSIONS["2.5.29.17"] = ("subject_alt_name", GeneralNames)
_EXTENSIONS["2.5.29.30"] = ("name_constraints", NameConstraints)


class CertificateObject(x509.Certificate):  # type: ignore[misc]
    """A certificate whose names and extensions are taken from what was read of it before. Use `of`."""

    _known: Certificate | None = None
    _names_are_met = False
    _issuer: Name | None = None
    _subject: Name | None = None

    @classmethod
    def of(cls, certificate: Certificate, named: dict[bytes, Name], *, names_are_met: bool = False) -> CertificateObject:
        """Return an object for a certificate, made anew: those of asn1crypto change, octets and all, as they are looked at.

        Args:
            certificate: the certificate.
            named: the names met so far.
            names_are_met: its names and its constraints on names were read and compared elsewhere, and all is well: show neither.
        """
        made: CertificateObject = cls.load(certificate.der)
        made._known = certificate
        made._names_are_met = names_are_met
        made._issuer = named.get(certificate.issuer_raw) or named.setdefault(certificate.issuer_raw, Name.of(certificate.issuer_raw))
        made._subject = named.get(certificate.subject_raw) or named.setdefault(certificate.subject_raw, Name.of(certificate.subject_raw))
        return made

    @property
    def subject_alt_name_value(self) -> Any:
        """The names beside the subject's."""
        return None if self._names_are_met else super().subject_alt_name_value

    @property
    def name_constraints_value(self) -> Any:
        """The constraints on names."""
        return None if self._names_are_met else super().name_constraints_value

    @property
    def issuer(self) -> Any:
        """The issuer's name."""
        return super().issuer if self._issuer is None else self._issuer

    @property
    def subject(self) -> Any:
        """The subject's name."""
        return super().subject if self._subject is None else self._subject

    def _set_extensions(self) -> None:
        known = self._known
        extensions = {} if known is None else known.extensions
        if known is None or known.extensions_fault is not None:
            super()._set_extensions()
            return
        critical = set()
        for oid, (is_critical, octets) in extensions.items():
            name, spec = _EXTENSIONS.get(oid, (oid, None))
            if spec is not None:
                setattr(self, f"_{name}_value", spec.load(octets))
            if is_critical:
                critical.add(name)
        self._critical_extensions = critical
        self._processed_extensions = True


_CERTIFICATE_ISSUER = bytes.fromhex("0603551d1d")  # of an entry, and of all entries below it


class RevokedCertificates(crl.RevokedCertificates):  # type: ignore[misc]
    """The entries of a revocation list; of those, the ones that may matter to whoever asks about some serial numbers."""

    _wanted: Sequence[bytes] | None = None

    def __iter__(self) -> Iterator[Any]:
        octets = self.contents
        if self._wanted is None or octets is None:
            return iter(super().__iter__())
        marks = (_CERTIFICATE_ISSUER, *self._wanted)
        if not any(mark in octets for mark in marks):
            return iter(())
        try:
            ends = [end for _, _, end in tlv.children(octets, 0, len(octets))]
        except ParseError:
            return iter(super().__iter__())
        entries = (octets[begin:end] for begin, end in zip([0, *ends], ends, strict=False))
        return (crl.RevokedCertificate.load(entry) for entry in entries if any(mark in entry for mark in marks))


class TbsCertList(crl.TbsCertList):  # type: ignore[misc]
    """What is signed of a revocation list."""

    _fields: ClassVar[Any] = [
        (field[0], RevokedCertificates if field[1] is crl.RevokedCertificates else field[1], *field[2:])
        for field in crl.TbsCertList._fields
    ]


class ListObject(crl.CertificateList):  # type: ignore[misc]
    """A revocation list that shows, of its thousands of entries, those about some certificates. Use `of`."""

    _fields: ClassVar[Any] = [("tbs_cert_list", TbsCertList), *crl.CertificateList._fields[1:]]

    @classmethod
    def of(cls, octets: bytes, wanted: Sequence[bytes] | None) -> ListObject:
        """Return an object for a list.

        Args:
            octets: its DER.
            wanted: the DER of the serial numbers about which it will be asked, of all of them; None: show everything.
        """
        made: ListObject = cls.load(octets)
        entries = made["tbs_cert_list"]["revoked_certificates"]
        if wanted is not None and isinstance(entries, RevokedCertificates):
            entries._wanted = tuple(wanted)
        return made
