"""What a message says of itself in its outermost header: all of it claims, none of it checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from smime.limits import DEFAULT_LIMITS, Limits
from smime.mime.header import HeaderFields, decode_words

__all__ = ["Claims", "claims", "delivery_time", "header_fields"]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST = 2_000  # characters of one value; the rest of a longer one says nothing to a reader of records


@dataclass(frozen=True, slots=True)
class Claims:
    """The fields that name a message; each None if it is absent."""

    message_id: str | None
    from_: str | None
    date: str | None
    subject: str | None


def header_fields(octets: bytes | memoryview, limits: Limits = DEFAULT_LIMITS) -> HeaderFields:
    """Return the outermost header block of a message, without a copy of the rest.

    Raises:
        LimitExceeded: it is too large.
    """
    return HeaderFields.parse(octets if isinstance(octets, bytes) else bytes(octets[: limits.header_size + 2]), limits=limits)


def _text(value: str | None) -> str | None:
    if value is None:
        return None
    text = _CONTROLS.sub(" ", decode_words(value)).encode("utf-8", "replace").decode().strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _time(value: str | None) -> datetime | None:
    if value is None:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 20 ms that only archives need

    try:
        time = parsedate_to_datetime(value)
        # "-0000" is UTC of unknown place (RFC 5322 section 3.3); years that UTC cannot hold are no time of a message
        return (time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time).astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def claims(fields: HeaderFields) -> Claims:
    """Return what the header block says, decoded; the date in ISO 8601 if it is one."""
    date = fields.get("date")
    time = _time(date)
    return Claims(
        _text(fields.get("message-id")),
        _text(fields.get("from")),
        time.isoformat() if time is not None else _text(date),
        _text(fields.get("subject")),
    )


def delivery_time(fields: HeaderFields) -> tuple[datetime, str] | None:
    """Return when the message says it was delivered, and the field that says so.

    The topmost Received field is the one that the last server wrote, which is the reader's own; below it anybody may have written anything.
    Without one, or with one that holds no date, it is Date. Neither proves anything to who does not trust the archive.
    """
    received = fields.get("received")
    if received is not None:
        time = _time(received.rpartition(";")[2].strip())
        if time is not None:
            return time, "Received"
    time = _time(fields.get("date"))
    return (time, "Date") if time is not None else None
