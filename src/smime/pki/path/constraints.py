"""Name constraints on mail addresses (RFC 5280 section 4.2.1.10, RFC 9598 section 6), and what checking constraints would cost.

The path engines check the names that RFC 5280 tells them to check. The addresses that this library compares with a sender are more than
those (SmtpUTF8Mailbox, emailAddress in a subject beside a subject alternative name), so every one of them is checked here once more.

Plain names (mail addresses, hosts and directory names of printable ASCII) are compared here with plain constraints, in the time that a
name takes: the engines compare each name with each constraint. Whatever is not plain is left to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from smime.asn1 import tlv
from smime.errors import ParseError
from smime.limits import Limits
from smime.x509 import names
from smime.x509.addresses import CertificateAddress
from smime.x509.certificate import Certificate
from smime.x509.extensions import NAME_CONSTRAINTS, SUBJECT_ALT_NAME

__all__ = ["NameConstraints", "are_few", "are_on_directories", "comparisons", "constraints_of", "effort", "excluded_address", "judge_names"]

_NO_NAME = b"\x30\x00"
_COMPARED = 26  # units of work for comparing names at all
_EMAIL_ADDRESS = bytes.fromhex("2a864886f70d010901")  # the type of an attribute
_RFC822_NAME, _DNS_NAME, _DIRECTORY_NAME = 0x81, 0x82, 0xA4
_Plain = str | tuple[frozenset[tuple[str, str]], ...]
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_LOCAL = re.compile(r"[!-?A-~]+")


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
        trees: of the permitted and of the excluded constraints, those by kind of name (the identifier octet of the GeneralName) in the form
            in which plain names compare; None stands for one that is not plain.
    """

    permitted: MailConstraints | None
    excluded: MailConstraints
    count: int
    trees: tuple[dict[int, frozenset[_Plain | None]], dict[int, frozenset[_Plain | None]]]


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
    if entry is None:
        return None
    if most is not None:
        value = entry[1]
        for _, list_start, list_end in tlv.children(value, *tlv.element(value, 0, len(value))[1:], 2):
            tlv.children(value, list_start, list_end, most)
    return _read(entry[1])


@lru_cache(maxsize=256)
def _read(value: bytes) -> NameConstraints:
    _, start, end = tlv.element(value, 0, len(value))
    permitted: list[str] = []
    excluded: list[str] = []
    trees: tuple[dict[int, set[_Plain | None]], dict[int, set[_Plain | None]]] = ({}, {})
    count = 0
    for tag, list_start, list_end in tlv.children(value, start, end, 2):
        for _, tree_start, tree_end in tlv.children(value, list_start, list_end):
            base_tag, base_start, base_end = tlv.element(value, tree_start, tree_end)
            count += 1
            if tag in {0xA0, 0xA1}:
                plain = _plain(base_tag, value[base_start:base_end], constraint=True) if base_end == tree_end else None
                trees[tag & 1].setdefault(base_tag, set()).add(plain)
            if base_tag == _RFC822_NAME:
                text = tlv.utf8_or_latin1(value[base_start:base_end])
                if tag == 0xA0:
                    permitted.append(text)
                elif tag == 0xA1:
                    excluded.append(text)
    permitted_trees, excluded_trees = ({kind: frozenset(found) for kind, found in one.items()} for one in trees)
    return NameConstraints(
        MailConstraints(permitted) if permitted else None,
        MailConstraints(excluded, excluded=True),
        count,
        (permitted_trees, excluded_trees),
    )


def _plain(kind: int, content: bytes, *, constraint: bool = False) -> _Plain | None:
    """Return a name, or the base of a constraint, in the form in which plain ones compare; None: it is not plain."""
    if kind == _DIRECTORY_NAME:
        return names.plain(content)
    if kind not in {_RFC822_NAME, _DNS_NAME} or not content.isascii():
        return None
    local, at, host = content.decode("ascii").rpartition("@")
    host = host.lower()
    if "xn--" in host or bool(at) != bool(local) or (local and not _LOCAL.fullmatch(local)):
        return None
    if kind == _DNS_NAME:
        return host if not at and _HOST.fullmatch(host) else None
    if not _HOST.fullmatch(host[1:] if constraint and not at and host.startswith(".") else host):
        return None
    return f"{local}@{host}" if at else host if constraint else None


def _meets(kind: int, name: _Plain, trees: frozenset[_Plain | None]) -> bool:
    """Whether a plain name meets one of a set of plain constraints (RFC 5280 section 4.2.1.10)."""
    if isinstance(name, tuple):
        return any(name[:size] in trees for size in range(len(name) + 1))
    host = name.rpartition("@")[2]
    if name in trees or host in trees:
        return True
    dots = [index for index in range(1, len(host)) if host[index] == "."]
    return any(host[index if kind == _RFC822_NAME else index + 1 :] in trees for index in dots)


def _names_of(certificate: Certificate, most: int) -> list[tuple[int, _Plain | None]]:
    """Return the names of a certificate to which constraints apply, by kind, in the form in which plain ones compare.

    Raises:
        ParseError: they cannot be read, or are more than `most`.
    """
    subject = certificate.subject_raw
    found: list[tuple[int, _Plain | None]] = []
    if subject != _NO_NAME:
        found.append((_DIRECTORY_NAME, names.plain(subject)))
    entry = certificate.extensions.get(SUBJECT_ALT_NAME)
    if entry is None:
        if _EMAIL_ADDRESS in subject:
            found.append((_RFC822_NAME, None))  # an address in the subject counts where there is no alternative name
        return found
    value = entry[1]
    _, start, end = tlv.element(value, 0, len(value))
    for kind, name_start, name_end in tlv.children(value, start, end, most):
        found.append((kind, _plain(kind, value[name_start:name_end])))
    return found


def judge_names(path: Sequence[Certificate], most: int) -> bool | str:
    """Return whether the names of a path meet the constraints of its authorities.

    Args:
        path: from the signer's certificate to the anchor.
        most: names that one certificate may have; its constraints are few (see `are_few`).

    Returns:
        True if they do, and all names and constraints are plain; a reason if a plain name does not; False where the engine has to say.
    """
    below: list[tuple[Certificate, list[tuple[int, _Plain | None]]]] = []
    known = True
    try:
        for certificate in path:
            found = constraints_of(certificate) if certificate is not path[0] else None
            if found is not None:
                for _, its in below:
                    answer = _judge(its, found)
                    if isinstance(answer, str):
                        return f"{certificate.subject} may not certify {answer}"
                    known = known and answer
            if certificate is not path[-1]:
                its = _names_of(certificate, most)
                known = known and all(name is not None for _, name in its)
                if certificate is path[0] or not certificate.self_issued:
                    below.append((certificate, its))
    except ParseError:
        return False
    return known


def _judge(its: list[tuple[int, _Plain | None]], found: NameConstraints) -> bool | str:
    known = True
    permitted, excluded = found.trees
    for kind, name in its:
        for trees, is_permitted in ((permitted.get(kind), True), (excluded.get(kind), False)):
            if trees is None:
                continue
            if name is None or None in trees:
                known = False
            elif _meets(kind, name, trees) is not is_permitted:
                return f"the name {_shown(name)}"
    return known


def _shown(name: _Plain) -> str:
    if isinstance(name, str):
        return name
    return ", ".join("+".join(sorted(text for _, text in rdn)) for rdn in name)


def are_on_directories(certificate: Certificate) -> bool:
    """Whether there are constraints on directory names."""
    try:
        found = constraints_of(certificate)
    except ParseError:
        return False
    return found is not None and any(_DIRECTORY_NAME in trees for trees in found.trees)


def effort(path: Sequence[Certificate], most: int) -> int:
    """Return what an engine's comparisons of names with constraints cost, and its reading of both, in units of work."""
    try:
        counts = [(_count_names(certificate, most), constraints_of(certificate, most)) for certificate in path]
        compared = comparisons(path, most)
    except ParseError:
        return 1
    read = sum(names + (0 if found is None else found.count) for names, found in counts) - len(path)
    return 2 * read + compared // 6 + (_COMPARED if compared else 0)


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
        return count + certificate.subject_raw.count(_EMAIL_ADDRESS)
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
    if 4 * (below + sum(one.count for one in map(constraints_of, path) if one is not None)) > most:
        raise tlv.TooManyElementsError("x509", f"there are more than {most // 4} names and constraints")
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
