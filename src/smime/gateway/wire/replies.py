"""Replies (RFC 5321 section 4.2, RFC 2034, RFC 3463): three digits, an enhanced code, a text, on one line or several."""

from __future__ import annotations

import re
from typing import NamedTuple

from smime.errors import LimitExceeded, ParseError

__all__ = ["Reply", "ReplyReader"]

_LINE = 512  # octets with CRLF (RFC 5321 section 4.5.3.1.5)
_LONGEST_LINE = 4096  # that is read all the same
_MOST_LINES = 256
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|\Z)")
_NOT_PRINTABLE = re.compile(r"[^ -~]")


class Reply(NamedTuple):
    """A reply.

    Attributes:
        code: 200 to 599.
        enhanced: such as ``"2.1.5"`` (RFC 3463); empty where there is none, as in greetings.
        text: for people; several lines are told apart by LF.
    """

    code: int
    enhanced: str
    text: str

    @property
    def positive(self) -> bool:
        """It says that the command was done (2xx), or may go on (3xx)."""
        return self.code < 400

    @property
    def transient(self) -> bool:
        """It says that the same may succeed later (4xx)."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """It says that the same will fail again (5xx)."""
        return self.code >= 500

    def __bytes__(self) -> bytes:
        """Return the reply as it is sent. Whatever is not printable ASCII becomes a question mark: a text cannot add a line."""
        start = f"{self.enhanced} " if self.enhanced else ""
        room = _LINE - 2 - 4 - len(start)
        lines = []
        for line in self.text.split("\n"):
            text = _NOT_PRINTABLE.sub("?", line)
            lines.append(text[:room])
            while len(text) > room and len(lines) < _MOST_LINES:
                text = text[room:]
                lines.append(text[:room])
        last = len(lines) - 1
        return "".join([f"{self.code}{' ' if i == last else '-'}{start}{line}\r\n" for i, line in enumerate(lines)]).encode("ascii")

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text.replace("\n", " ")) if part)


class ReplyReader:
    """Reads replies from chunks that may end anywhere.

    Attributes:
        buffered: octets of a reply that is not whole yet.
    """

    __slots__ = ("_buffer", "_code", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def buffered(self) -> int:
        """Octets of a reply that is not whole yet."""
        return len(self._buffer) + sum(map(len, self._lines))

    def read(self, data: bytes) -> list[Reply]:
        """Take a chunk; return the replies that are whole now.

        Raises:
            ParseError: these are no replies.
            LimitExceeded: a line or a reply is too long.
        """
        self._buffer += data
        if b"\n" not in data:
            if len(self._buffer) > _LONGEST_LINE:
                raise LimitExceeded("reply_line", _LONGEST_LINE)
            return []
        *lines, self._buffer = self._buffer.split(b"\n")
        replies = []
        for line in lines:
            octets = line.removesuffix(b"\r")
            if len(octets) > _LONGEST_LINE or len(self._lines) >= _MOST_LINES:
                raise LimitExceeded("reply_line", _LONGEST_LINE)
            match = _REPLY_LINE.match(octets)
            if match is None or (self._lines and match[1] != self._code):
                raise ParseError("smtp", f"{octets[:40]!r} is no line of a reply")
            self._code = match[1]
            self._lines.append(match[3] or b"")
            if match[2] != b"-":
                replies.append(_reply(int(match[1]), self._lines))
                self._lines = []
        return replies


def _reply(code: int, lines: list[bytes]) -> Reply:
    texts = [line.decode("utf-8", "replace") for line in lines]
    match = _ENHANCED.match(texts[0])
    if match is None or match[1][0] != str(code)[0]:  # RFC 2034 section 4: the classes of both agree
        return Reply(code, "", "\n".join(texts))
    enhanced = match[1]
    stripped = [text[len(enhanced) :].lstrip(" ") if text.startswith(enhanced) else text for text in texts]
    return Reply(code, enhanced, "\n".join(stripped))
