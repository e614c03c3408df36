"""Name constraints on mail addresses (RFC 5280 section 4.2.1.10, RFC 9598 section 6), and what checking constraints would cost.

The path engines check the names that RFC 5280 tells them to check. The addresses that this library compares with a sender are more than
those (SmtpUTF8Mailbox, emailAddress in a subject beside a subject alternative name), so every one of them is checked here once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from smime.errors import ParseError
from smime.limits import Limits
from smime.pki import names, tlv
from smime.pki.certificate import NAME_CONSTRAINTS, SUBJECT_ALT_NAME, Certificate, CertificateAddress

__all__ = ["NameConstraints", "are_few", "comparisons", "constraints_of", "excluded_address"]

_RFC822_NAME = 0x81


class MailConstraints:
    """A set of constraints on mail addresses, which is asked in the time that an address takes, however many constraints there are.

    Args:
        constraints: the rfc822Names.
        excluded: addresses that meet them are excluded. An address is the sender's in whatever case (RFC 8550 section 3), so in whatever
            case it is excluded.
    """

    __slots__ = ("_all", "_domains", "_excluded", "_hosts", "_mailboxes")

    def __init__(self, constraints: Iterable[str], *, excluded: bool = False) -> None:
        self._excluded = excluded
        self._mailboxes: set[tuple[str, str]] = set()
        self._hosts: set[str] = set()
        self._domains: set[str] = set()
        self._all = False
        for constraint in constraints:
            local, at, host = constraint.rpartition("@")
            host = host.lower()
            if at and local:
                self._mailboxes.add((self._local(local), host))
            elif host.startswith("."):
                self._domains.add(host)
            else:
                self._hosts.add(host)
            self._all = self._all or not constraint

    def _local(self, text: str) -> str:
        return text.lower() if self._excluded else text

    @property
    def all(self) -> bool:
        """One of them is empty: excluded, it means every address."""
        return self._all

    def meets(self, address: CertificateAddress) -> bool:
        """Whether an address meets one of the constraints."""
        domain = address.domain
        if domain in self._hosts or (self._local(address.local), domain) in self._mailboxes:
            return True
        if not self._domains:
            return False
        dots = (index for index in range(1, len(domain)) if domain[index] == ".")
        return any(domain[index:] in self._domains for index in dots)


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """The name constraints extension.

    Attributes:
        permitted: constraints of which a mail address must meet one; None if addresses are not restricted so.
        excluded: constraints of which a mail address must meet none.
        count: all constraints, of every kind of name.
    """

    permitted: MailConstraints | None
    excluded: MailConstraints
    count: int


def constraints_of(certificate: Certificate, most: int | None = None) -> NameConstraints | None:
    """Return the name constraints in a certificate, or None if there are none.

    Args:
        certificate: an authority's.
        most: constraints of either sort that may stand there; None: any number.

    Raises:
        TooManyElementsError: there are more.
        ParseError: the extension is malformed.
    """
    entry = certificate.extensions.get(NAME_CONSTRAINTS)
    return None if entry is None else _read(entry[1], most)


@lru_cache(maxsize=256)
def _read(value: bytes, most: int | None) -> NameConstraints:
    _, start, end = tlv.element(value, 0, len(value))
    permitted: list[str] = []
    excluded: list[str] = []
    count = 0
    for tag, list_start, list_end in tlv.children(value, start, end, 2):
        for _, tree_start, tree_end in tlv.children(value, list_start, list_end, most):
            base_tag, base_start, base_end = tlv.element(value, tree_start, tree_end)
            count += 1
            if base_tag == _RFC822_NAME:
                text = tlv.utf8_or_latin1(value[base_start:base_end])
                if tag == 0xA0:
                    permitted.append(text)
                elif tag == 0xA1:
                    excluded.append(text)
    return NameConstraints(MailConstraints(permitted) if permitted else None, MailConstraints(excluded, excluded=True), count)


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
            if constraints.permitted is not None and not constraints.permitted.meets(address):
                return address, authority
            if constraints.excluded.all or constraints.excluded.meets(address):
                return address, authority
    return None


def _count_names(certificate: Certificate, most: int) -> int:
    """Return how many names a certificate has; the path engine says what is wrong with what cannot be read."""
    count = 1
    try:
        entry = certificate.extensions.get(SUBJECT_ALT_NAME)
        if entry is not None:
            value = entry[1]
            _, start, end = tlv.element(value, 0, len(value))
            count += len(tlv.children(value, start, end, most))
        return count + sum(oid == names.EMAIL_ADDRESS for rdn in names.attributes(certificate.subject_raw) for oid, _, _ in rdn)
    except tlv.TooManyElementsError:
        raise
    except ParseError:
        return count


def comparisons(path: Sequence[Certificate], most: int) -> int:
    """Return how many comparisons of a name with a constraint the path asks for at most.

    Args:
        path: from the signer's certificate to the anchor.
        most: names or constraints that one certificate may have.

    Raises:
        TooManyElementsError: there are more of them.
        ParseError: a name constraints extension is malformed.
    """
    if all(NAME_CONSTRAINTS not in certificate.extensions for certificate in path[1:]):
        return 0
    total = below = 0
    for certificate in path:
        constraints = constraints_of(certificate, most)
        if constraints is not None:
            total += constraints.count * below
        below += _count_names(certificate, most)
    return total


def are_few(path: Sequence[Certificate], limits: Limits) -> bool:
    """Whether the names and constraints of a path are few enough to compare; the path engine says what is wrong with malformed ones."""
    try:
        most = limits.name_constraint_checks
        return comparisons(path, most) <= most
    except tlv.TooManyElementsError:
        return False
    except ParseError:
        return True
