"""What they write: always the same, so that the archive is the same but for keys, signatures and dates."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from smime.pki.throwaway import Person
from smime.transforms import base64, quoted_printable

__all__ = ["letter"]

_SUBJECTS = (
    "Minutes of Tuesday",
    "Offer 4711",
    "Travel to Lisbon",
    "The new lock",
    "=?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=",
    "Invoice for October",
    "Re: Invoice for October",
    "Keys for the cellar",
    "Draft of the contract",
    "Lunch?",
)
_TEXTS = (
    "Dear {to},\n\nattached you find the minutes of Tuesday. Please tell me by Friday if anything is missing.\n\nYours, {from_}\n",
    "Hello {to},\n\nwe can deliver 300 pieces in week 42. The price is the one of last year.\n\nFrom Monday on I am away.\n\n{from_}\n",
    "{to},\n\nthe train leaves at 7:42, platform 5. Bring the papers.\n\n-- \n{from_}\n",
    "Hi {to},\n\nthe code of the new lock is 0000, please change it.\n\nFrom what I hear, the old keys still work.\n\n{from_}\n",
    "Liebe Gr\u00fc\u00dfe aus K\u00f6ln an {to}!\n\nEs regnet, und die Br\u00fccke ist gesperrt \u2013 sonst geht es gut.\n\n{from_}\n",
)


def letter(number: int, sender: Person, recipient: Person, time: datetime, *, claimed: Person | None = None) -> bytes:
    """Return a mail with CRLF line ends.

    Args:
        number: which of the letters.
        sender: who writes it.
        recipient: to whom.
        time: when.
        claimed: who the From field says has written it; default is the sender.
    """
    author = claimed or sender
    text = _TEXTS[number % len(_TEXTS)].format(to=recipient.name, from_=author.name)
    date = format_datetime(time)
    head = (
        f"Received: from mail.example.org by mx.example.org with ESMTPS id {number:06};\r\n\t{date}\r\n"
        f"From: {author.name} <{author.address}>\r\n"
        f"To: {recipient.name} <{recipient.address}>\r\n"
        f"Subject: {_SUBJECTS[number % len(_SUBJECTS)]}\r\n"
        f"Date: {date}\r\n"
        f"Message-ID: <{number:06}.demo@example.org>\r\n"
        "MIME-Version: 1.0\r\n"
    )
    plain = _text_part(text)
    if number % 4 == 0:  # with an attachment
        octets = bytes((number * 7 + position * position) & 0xFF for position in range(900 + number * 13 % 4000))
        attachment = (
            f'Content-Type: application/octet-stream; name="data-{number}.bin"\r\n'
            f'Content-Disposition: attachment; filename="data-{number}.bin"\r\n'
            "Content-Transfer-Encoding: base64\r\n\r\n"
        ).encode() + base64.encode(octets)
        return head.encode() + _multipart("mixed", number, plain, attachment)
    if number % 4 == 1:
        paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n"))
        html = _text_part(f"<html><body>{paragraphs}</body></html>\n", "html")
        return head.encode() + _multipart("alternative", number, plain, html)
    return head.encode() + plain


def _text_part(text: str, subtype: str = "plain") -> bytes:
    octets = text.replace("\n", "\r\n").encode()
    if text.isascii() and max(map(len, text.split("\n"))) <= 76 and "From " not in text:
        return f"Content-Type: text/{subtype}; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n".encode() + octets
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
    return head + bytes(quoted_printable.encode(octets))


def _multipart(subtype: str, number: int, *parts: bytes) -> bytes:
    boundary = f"=_demo_{number:06}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return head + body + b"--" + boundary.encode() + b"--\r\n"
