"""Messages to measure with: CRLF, text and a base64 attachment, of any size; the same octets every time."""

from __future__ import annotations

import base64
import random

_HEAD = (
    b"From: Rsa <rsa@example.org>\r\nTo: You <you@example.org>\r\nSubject: Quarterly figures\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <bench@example.org>\r\nMIME-Version: 1.0\r\n"
)
_ENTITY = (
    b'Content-Type: multipart/mixed; boundary="bench-boundary"\r\n\r\n'
    b"--bench-boundary\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Hello,\r\n\r\nplease find the figures attached. Total: 1,234,567.89.\r\n\r\nBest wishes\r\n\r\n"
    b'--bench-boundary\r\nContent-Type: application/pdf; name="figures.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
)
_END = b"\r\n--bench-boundary--\r\n"


def entity(size: int) -> bytes:
    """Return a MIME entity of about this many octets."""
    room = max(0, size - len(_ENTITY) - len(_END))
    raw = random.Random(size).randbytes(room * 57 // 78)
    body = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    return _ENTITY + body + _END


def message(size: int, sender: str = "rsa") -> bytes:
    """Return a whole mail of about this many octets."""
    return _HEAD.replace(b"rsa@", sender.encode() + b"@") + entity(size - len(_HEAD))
