"""Name constraints on mail addresses (RFC 5280 section 4.2.1.10, RFC 9598 section 6), and what checking constraints would cost.

The path engines check the names that RFC 5280 tells them to check. The addresses that this library compares with a sender are more than
those (SmtpUTF8Mailbox, emailAddress in a subject beside a subject alternative name), so every one of them is checked here once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smime.errors import ParseError
from smime.pki import names, tlv
from smime.pki.certificate import NAME_CONSTRAINTS, SUBJECT_ALT_NAME, Certificate, CertificateAddress

__all__ = ["NameConstraints", "comparisons", "constraints_of", "excluded_address"]

_RFC822_NAME = 0x81


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """The name constraints extension, as far as mail addresses are concerned.

    Attributes:
        permitted: constraints of which an address must meet one; None if addresses are not restricted so.
        excluded: constraints of which an address must meet none.
        count: all constraints, of every kind of name.
    """

    permitted: tuple[str, ...] | None
    excluded: tuple[str, ...]
    count: int


def constraints_of(certificate: Certificate) -> NameConstraints | None:
    """Return the name constraints in a certificate, or None if there are none.

    Raises:
        ParseError: the extension is malformed.
    """
    entry = certificate.extensions.get(NAME_CONSTRAINTS)
    if entry is None:
        return None
    value = entry[1]
    _, start, end = tlv.element(value, 0, len(value))
    permitted: list[str] = []
    excluded: list[str] = []
    restricted = False
    count = 0
    for tag, list_start, list_end in tlv.children(value, start, end):
        for _, tree_start, tree_end in tlv.children(value, list_start, list_end):
            base_tag, base_start, base_end = tlv.element(value, tree_start, tree_end)
            count += 1
            if base_tag != _RFC822_NAME:
                continue
            text = tlv.utf8_or_latin1(value[base_start:base_end])
            if tag == 0xA0:
                restricted = True
                permitted.append(text)
            elif tag == 0xA1:
                excluded.append(text)
    return NameConstraints(tuple(permitted) if restricted else None, tuple(excluded), count)


def _meets(address: CertificateAddress, constraint: str, *, excluded: bool = False) -> bool:
    local, at, host = constraint.rpartition("@")
    host = host.lower()
    if at and local:
        if address.domain != host:
            return False
        # an address is the sender's in whatever case (RFC 8550 section 3), so in whatever case it is excluded
        return address.local.lower() == local.lower() if excluded else address.local == local
    if host.startswith("."):
        return address.domain.endswith(host) and len(address.domain) > len(host)
    return address.domain == host


def excluded_address(path: Sequence[Certificate]) -> tuple[CertificateAddress, Certificate] | None:
    """Return an address of the first certificate in the path, and the authority whose constraints it does not meet; None if all is well.

    Args:
        path: from the signer's certificate to the anchor.

    Raises:
        ParseError: a name constraints extension is malformed.
    """
    addresses = path[0].addresses
    if not addresses:
        return None
    for authority in path[1:]:
        constraints = constraints_of(authority)
        if constraints is None:
            continue
        for address in addresses:
            if constraints.permitted is not None and not any(_meets(address, constraint) for constraint in constraints.permitted):
                return address, authority
            if any(not constraint or _meets(address, constraint, excluded=True) for constraint in constraints.excluded):
                return address, authority
    return None


def _count_names(certificate: Certificate) -> int:
    count = 1
    entry = certificate.extensions.get(SUBJECT_ALT_NAME)
    if entry is not None:
        value = entry[1]
        _, start, end = tlv.element(value, 0, len(value))
        count += len(tlv.children(value, start, end))
    return count + sum(oid == names.EMAIL_ADDRESS for rdn in names.attributes(certificate.subject_raw) for oid, _, _ in rdn)


def comparisons(path: Sequence[Certificate]) -> int:
    """Return how many comparisons of a name with a constraint the path asks for at most."""
    total = below = 0
    for certificate in path:
        count, names_here = _counts(certificate)
        total += count * below
        below += names_here
    return total


def _counts(certificate: Certificate) -> tuple[int, int]:
    """Return the number of its constraints and of its names; the path engine says what is wrong with what cannot be read."""
    try:
        constraints = constraints_of(certificate)
        return 0 if constraints is None else constraints.count, _count_names(certificate)
    except ParseError:
        return 0, 0
