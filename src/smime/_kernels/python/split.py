"""A mail to be protected: the header fields that stay outside and the entity inside (RFC 8551 section 3.1).

The twin of ``csrc/split.c``: same names, same results.
"""

from __future__ import annotations

import re

from smime._kernels.python.hazards import BARE_CR, NUL, text_hazards
from smime._kernels.python.header import FIELD_WIDTH, KNOWN_FIELDS, index_header

__all__ = ["MAX_SPLIT", "split_mail"]

MAX_SPLIT = 128
"""Fields of a header that `split_mail` takes."""

_TOKEN = rb"[!#$%&'+\-.0-9A-Z^_`a-z{|}~]+"
_MAIN_TYPE = re.compile(rb"[ \t\r\n]*(" + _TOKEN + rb")/")
_INNER = tuple([name == b"mime-version" or name.startswith(b"content-") for name in KNOWN_FIELDS])


def split_mail(data: bytes, safe: int, fields: int, header_size: int) -> list[int]:
    """Say how a whole mail in ordinary form is split into the header fields that stay outside and the entity to be protected.

    Ordinary: there is an empty line, all lines before it are fields, and those that stay outside have no NUL, no bare CR and no blanks
    before the colon.

    Args:
        data: the mail.
        safe: 1: besides, no hazard is in its text and it is neither a multipart nor a message; 2: it may be one of which
            `index_message` knows that it stays the same if it is written again, which none is in Python; 0: neither.
        fields: fields in the header that are too many.
        header_size: octets of the header that are too many.

    Returns:
        How many LFs have no CR in front; 1 if the first field is one of the entity, else 0; where runs of fields of either kind begin, in
        turn; and where the fields end. An empty list if the mail is not in that form.
    """
    most = min(fields, MAX_SPLIT)
    records, end, body, type_at = index_header(data, 0, min(len(data), header_size + 2), most)
    if body == end or not records or end > header_size or len(records) > most * FIELD_WIDTH:
        return []
    cuts: list[int] = []
    inside = None
    for at in range(0, len(records), FIELD_WIDTH):
        start, name_end, value, _, identifier = records[at : at + FIELD_WIDTH]
        if identifier < 0:
            return []
        inner = _INNER[identifier] if identifier else data[start : min(start + 8, name_end)].lower() == b"content-"
        if not inner and value != name_end + 1:
            return []
        if inner is not inside:
            cuts.append(start)
            inside = inner
    first_inside = inside is (len(cuts) % 2 == 1)
    cuts.append(end)
    for number in range(first_inside, len(cuts) - 1, 2):
        if text_hazards(data, cuts[number], cuts[number + 1]) & (BARE_CR | NUL):
            return []
    if safe:
        if text_hazards(data, body, len(data)):
            return []
        if type_at >= 0:
            match = _MAIN_TYPE.match(data, records[type_at + 2], records[type_at + 3])
            if match is None or match.group(1).lower() in {b"multipart", b"message"}:
                return []
    return [data.count(b"\n") - data.count(b"\r\n"), int(first_inside), *cuts]
