"""Whether the sender of a message is the holder of the signer's certificate (RFC 8550 section 3, RFC 9598 section 5).

The author in From counts. A Sender that matches instead is a match that is reported as such, since readers show From. Nobody is the sender
of a message with two authors, with two From fields, or with a From that cannot be read without guessing.
"""

from __future__ import annotations

from collections.abc import Sequence

from smime.findings import Finding, finding
from smime.memory import Cache
from smime.mime.address import Address, parse_address_list
from smime.x509.addresses import CertificateAddress
from smime.x509.certificate import Certificate

__all__ = ["is_same_mailbox", "match_sender"]

_cache: Cache[tuple[tuple[bytes, ...], tuple[bytes, ...], bytes], tuple[bool | None, tuple[Finding, ...]]] = Cache(4096)
_CACHEABLE = 2048  # octets of header fields


def match_sender(
    from_fields: Sequence[bytes], sender_fields: Sequence[bytes], certificate: Certificate
) -> tuple[bool | None, tuple[Finding, ...]]:
    """Compare the sender of a message with the addresses in a certificate.

    Args:
        from_fields: the raw values of all From fields.
        sender_fields: the raw values of all Sender fields.
        certificate: the signer's.

    Returns:
        True or False, or None if there was nothing to compare; and what was noticed.
    """
    key = (tuple(from_fields), tuple(sender_fields), certificate.der)
    known = _cache.get(key)
    if known is None:
        known = _match(key[0], key[1], certificate)
        if sum(map(len, key[0])) + sum(map(len, key[1])) <= _CACHEABLE:
            _cache.put(key, known)
    return known


def is_same_mailbox(address: Address, other: CertificateAddress) -> bool:
    """Whether a mailbox of a message is the one in a certificate.

    The domains are compared as A-labels without regard to case. The local part of an SmtpUTF8Mailbox is compared octet by octet (RFC 9598
    section 5); an ASCII one without regard to case (RFC 8550 section 3). Nothing else is folded, and no address of one form equals one of
    the other.
    """
    if address.malformed or address.a_label_domain != other.domain:
        return False
    if other.kind == "SmtpUTF8Mailbox":
        return address.local == other.local
    return address.local.isascii() and address.local.lower() == other.local.lower()


def _match(
    from_fields: tuple[bytes, ...], sender_fields: tuple[bytes, ...], certificate: Certificate
) -> tuple[bool | None, tuple[Finding, ...]]:
    authors = [address for value in from_fields for address in parse_address_list(value)]
    findings: list[Finding] = []
    for address in authors[:8]:
        if address.display_name_is_address:
            name = address.display_name or address.comment or address.group
            findings.append(finding("display-name-is-address", name=name, address=address.addr_spec))
        if address.suspicious:
            findings.append(finding("suspicious-characters", field="From"))
    known = certificate.addresses
    if not known:
        return None, (*findings, finding("certificate-without-address"))
    if not authors:
        return None, (*findings, finding("sender-missing"))
    if len(authors) > 1 or len(from_fields) > 1:
        return False, (*findings, finding("sender-ambiguous", count=max(len(authors), len(from_fields))))
    author = authors[0]
    if author.malformed:
        return False, (*findings, finding("sender-malformed", reason=author.malformed))
    if any(is_same_mailbox(author, other) for other in known):
        return True, tuple(findings)
    senders = [address for value in sender_fields for address in parse_address_list(value)]
    if len(senders) == len(sender_fields) == 1 and any(is_same_mailbox(senders[0], other) for other in known):
        return True, (*findings, finding("address-match-by-sender", sender=senders[0].addr_spec, from_=author.addr_spec))
    signer = ", ".join(str(address) for address in known[:8])
    return False, (*findings, finding("address-mismatch", sender=author.addr_spec, signer=signer))
