"""Whether octets that are to be protected begin with the header block of a mail, or are content from their first octet on.

Everything is content unless this is proven, because what is taken for a header field stays outside, in clear. The rule:

1. The first line may be the envelope line of a mailbox: ``From ``, a sender, and a date or nothing. It is no part of the mail (RFC 4155).
2. From there to the first empty line, or to the end, every line is a header field or continues one (RFC 5322 section 2.2).
3. One of these fields is a core field: one that a mail or a MIME entity has and other text hardly ever (`_CORE`).
4. All of them are registered fields or extensions (``X-``, ``Content-``), or a From field holds a mail address: then it is a mail, whatever
   other fields it has.

A block that begins with an empty line is a MIME entity without header fields, by explicit wish.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smime._kernels import header as header_kernel
from smime.errors import LimitExceeded, ParseError
from smime.limits import DEFAULT_LIMITS
from smime.mime.header import HeaderFields

if TYPE_CHECKING:
    from smime.limits import Limits

__all__ = ["UNDECIDED", "Undecided", "keeps_all_fields", "mail_header", "mail_header_so_far", "names_blind_copies"]


class Undecided:
    """More octets are needed to tell."""


UNDECIDED = Undecided()

_CORE = frozenset(
    b"from sender reply-to to cc bcc subject message-id in-reply-to references received return-path"
    b" resent-from resent-sender resent-to resent-cc resent-bcc resent-date resent-message-id"
    b" mime-version content-type content-transfer-encoding content-disposition content-id content-description".split()
)
# the permanent and provisional mail fields of IANA's registry of message header fields, and what the large mail systems write unregistered
_REGISTERED = _CORE | frozenset(
    b"date comments keywords"
    # MIME (RFC 2045 to 2557, 3282, 5322) and HTML mail
    b" content-base content-duration content-features content-language content-location content-md5 content-alternative content-length"
    b" content-class accept-language"
    # trace, authentication and delivery (RFC 3834, 4408, 5436, 6376, 8058, 8460, 8601, 8617, 9228)
    b" delivered-to authentication-results received-spf dkim-signature domainkey-signature auto-submitted vbr-info"
    b" tls-report-domain tls-report-submitter tls-required require-recipient-valid-since mt-priority apparently-to envelope-to"
    b" errors-to deliver-to delivery-date feedback-id archived-at bimi-indicator bimi-location bimi-selector hp-outer autocrypt"
    b" autocrypt-gossip autocrypt-setup-message author jabber-id eesst-version wrap sio-label sio-label-history"
    # asking for something (RFC 2076, 2156, 5537, 8098) and saying how urgent or private it is
    b" disposition-notification-to disposition-notification-options return-receipt-to generate-delivery-report importance priority"
    b" precedence sensitivity expires expiry-date reply-by followup-to mail-followup-to mail-reply-to mail-copies-to supersedes obsoletes"
    # mailing lists (RFC 2076)
    b" mailing-list"
    # X.400 gateways (RFC 2156)
    b" alternate-recipient autoforwarded autosubmitted content-identifier content-return content-translation-type conversion"
    b" conversion-with-loss deferred-delivery discarded-x400-ipms-extensions discarded-x400-mts-extensions disclose-recipients"
    b" dl-expansion-history encoding encrypted incomplete-copy language latest-delivery-time message-context message-type"
    b" original-encoded-information-types original-from original-message-id original-recipient original-sender original-subject"
    b" originator-return-address pics-label preferrable-recipient prevent-nondelivery-report solicitation"
    # news (RFC 5536) and mail programs
    b" approved control distribution injection-date injection-info lines newsgroups organization organisation path posting-version"
    b" relay-version summary xref user-agent status thread-index thread-topic msip_labels".split()
)
_PREFIXES = (b"x-", b"content-", b"list-", b"arc-", b"resent-", b"mmhs-", b"x400-", b"downgraded-")
_BLIND = frozenset({b"bcc", b"resent-bcc"})
_DATE = rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|[0-9:]{1,8}|[+-][0-9]{4}|[A-Z]{1,5})"
_ENVELOPE = re.compile(rb">?From (?:[^\s@]*@\S*|-|MAILER[-_]DAEMON|\S+(?=[ \t]+" + _DATE + rb"))(?:[ \t]+" + _DATE + rb")*[ \t]*\r?\Z")
_AUTHOR = re.compile(rb"(?:\A|\n)From:[^\r\n]*@", re.IGNORECASE)
_BLIND_FIELD = re.compile(rb"(?:\A|\n)(?:resent-)?bcc[ \t]*:", re.IGNORECASE)
_FIRST_FIELD = re.compile(rb">?From |[!-9;-~]+[ \t]*:")
_WIDTH = header_kernel.FIELD_WIDTH
_FIRST_BLOCK = 1 << 16  # octets of content in whose first block a blind copy field is looked for


def names_blind_copies(name: bytes) -> bool:
    """Tell whether a field, by its name in lower case, names recipients whom no other one may see (RFC 5322 section 3.6.3)."""
    return name in _BLIND


def keeps_all_fields(header: bytes) -> bool:
    """Tell of a block that holds nothing but fields whether it is the header of a mail (rules 3 and 4) and names no blind copies."""
    if b"bcc" in header.lower():
        return False
    if _AUTHOR.search(header) is not None:
        return True
    return _is_mail(HeaderFields.of_index(header, 0, header_kernel.index_header(header, 0, len(header), len(header))))


def mail_header(data: bytes, limits: Limits = DEFAULT_LIMITS) -> HeaderFields | None:
    """Return the header block that begins a message, whose first record may be the envelope line; None: all of it is content.

    Raises:
        LimitExceeded: the block is that of a mail, and too large or of too many fields.
        ParseError: it is none, and a field of it names blind copies, which must not reach other recipients.
    """
    found = _look(data, limits, final=True)
    return None if isinstance(found, Undecided) else found


def mail_header_so_far(data: bytes, limits: Limits) -> HeaderFields | Undecided | None:
    """Return what `mail_header` returns for every message that has this beginning; `UNDECIDED` where that depends on what follows.

    Raises:
        LimitExceeded, ParseError: as for `mail_header`.
    """
    return _look(data, limits, final=False)


def _look(data: bytes, limits: Limits, *, final: bool) -> HeaderFields | Undecided | None:
    size = len(data)
    most = limits.header_fields
    largest = limits.header_size + 2
    window = min(size, largest)
    index = header_kernel.index_header(data, 0, window, most)
    records, end, body, _ = index
    ended = body > end
    if ended and not records:
        return HeaderFields.of_index(data, 0, index)  # an empty line: a header without a field
    excess = len(records) > most * _WIDTH
    too_large = not ended and window == largest
    open_end = not ended and not excess and (too_large or not final)  # the last line may go on
    whole_lines = not open_end or data[window - 1 : window] == b"\n"
    fields = HeaderFields.of_index(data, 0, index)
    if _broken(data, records, whole_lines=whole_lines) or ((ended or excess or too_large or final) and not _is_mail(fields)):
        if not (ended or final) and size < _FIRST_BLOCK:
            return UNDECIDED  # a field that names blind copies may follow
        _refuse_blind_copies(data)
        return None
    if excess:
        raise LimitExceeded("header_fields", most, records[-_WIDTH])
    if too_large or end > limits.header_size:
        raise LimitExceeded("header_size", limits.header_size, limits.header_size)
    return fields if ended or final else UNDECIDED


def _broken(data: bytes, records: list[int], *, whole_lines: bool) -> bool:
    """Tell whether a line is neither a field, nor the continuation of one, nor an envelope line at the start."""
    last = len(records) - _WIDTH
    for at in range(0, len(records), _WIDTH):
        kind = records[at + 4]
        if kind >= 0 or (at == last and not whole_lines):
            continue
        if kind != header_kernel.ENVELOPE_FIELD or _ENVELOPE.match(data[records[at + 2] : records[at + 3]]) is None:
            return True
    return False


def _is_mail(fields: HeaderFields) -> bool:
    """Rules 3 and 4 of the module."""
    names = {name.lower() for name, _ in fields}
    if names.isdisjoint(_CORE):
        return False
    if any(b"@" in value for value in fields.get_all_raw("from")):
        return True
    return all(name in _REGISTERED or name.startswith(_PREFIXES) for name in names)


def _refuse_blind_copies(data: bytes) -> None:
    """Refuse what looks like the header of a mail, is none, and names blind copies: as content they would be shown to all."""
    if _FIRST_FIELD.match(data) is None:
        return
    end = header_kernel.header_end(data, 0, min(len(data), _FIRST_BLOCK))[0]
    found = _BLIND_FIELD.search(data, 0, end if end >= 0 else min(len(data), _FIRST_BLOCK))
    if found is not None:
        raise ParseError("mime", "a Bcc field stands in a block that is no mail header, so it would be shown to all", found.start())
