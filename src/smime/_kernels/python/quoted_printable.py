"""quoted-printable (RFC 2045 section 6.7) for text, with `binascii` and the methods of `bytes` doing the work in bulk."""

from __future__ import annotations

import re
from binascii import a2b_qp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ANOMALIES", "Decoder", "Encoder", "check_newline", "decode", "encode"]

ANOMALIES: tuple[str, ...] = (
    "an equals sign that begins no escape",
    "lower-case hexadecimal digits",
    "blanks at the end of a line",
    "octets above 127",
    "a soft line break at the end",
)
"""What a decoder may have met; entry i stands for bit i of the C state."""

_STRAY, _LOWER_CASE, _TRAILING_BLANKS, _EIGHT_BIT, _OPEN_END = ANOMALIES

BLANKS = 128
"""A run of blanks is remembered up to this length, until it is known whether a line ends behind it."""

# what binascii would not do as we do: escapes that are not plain ones, blanks that a line end or the end of the chunk follows
_THOUGHT = re.compile(rb"=(?![0-9A-F]{2}|\r?\n)|(?<![ \t])[ \t]+(?=\r?\n|\r?\Z)")
_HEX_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")
_BLANK_RUN = re.compile(rb"[ \t]*")
_HEX = b"0123456789ABCDEFabcdef"
_CR = 0x0D


class Decoder:
    """Decodes a stream and never fails: what is not a well-formed escape is taken as it stands.

    Blanks at the end of a line are dropped, as the standard wants (up to `BLANKS` of them); a line may end in CRLF or LF, and keeps it.
    """

    __slots__ = ("_hold", "_seen")

    def __init__(self) -> None:
        self._hold = b""  # what cannot be decided yet, as it came
        self._seen: set[str] = set()

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What was met that should not be there, in the order of `ANOMALIES`."""
        return tuple(anomaly for anomaly in ANOMALIES if anomaly in self._seen)

    def update(self, data: Buffer) -> bytes:
        """Return what can be decided so far."""
        return self._decode(self._hold + bytes(data) if self._hold else bytes(data), last=False)

    def finalize(self) -> bytes:
        """Return what the end decides."""
        return self._decode(self._hold, last=True)

    def _decode(self, text: bytes, *, last: bool) -> bytes:
        out: list[bytes] = []
        at = 0
        while True:
            spot = _THOUGHT.search(text, at)
            good = text[at : spot.start() if spot else len(text)]
            if good:
                if not good.isascii():
                    self._seen.add(_EIGHT_BIT)
                out.append(a2b_qp(good) if b"=" in good else good)
            if spot is None:
                self._hold = b""
                break
            at = spot.start()
            octets, end = self._equals(text, at, last) if text[at] == 0x3D else self._blanks(text, at, last)  # an equals sign
            out.append(octets)
            if end < 0:
                self._hold = text[~end:]
                break
            at = end
        return b"".join(out)

    # Both return the octets and where to go on, or the complement of the place from where on nothing can be decided yet.

    def _equals(self, text: bytes, at: int, last: bool) -> tuple[bytes, int]:
        after = text[at + 1 : at + 2]
        if not after:
            if not last:
                return b"", ~at
            self._seen.add(_OPEN_END)
            return b"", len(text)
        if after in _HEX:
            if len(text) == at + 2 and not last:
                return b"", ~at
            pair = _HEX_PAIR.match(text, at + 1)
            if pair:
                self._seen.add(_LOWER_CASE)  # plain escapes are not thought about
                return bytes.fromhex(pair.group().decode("ascii")), at + 3
        else:
            end = _BLANK_RUN.match(text, at + 1, at + 2 + BLANKS).end()  # type: ignore[union-attr] # it matches everywhere
            if end - at - 1 <= BLANKS:
                if end == len(text):
                    if not last:
                        return b"", ~at
                    self._seen.add(_OPEN_END)
                    return b"", end
                if end == len(text) - 1 and text[end] == _CR and not last:
                    return b"", ~at
                for newline in (b"\n", b"\r\n"):
                    if text.startswith(newline, end):
                        self._seen.add(_TRAILING_BLANKS)
                        return b"", end + len(newline)
        self._seen.add(_STRAY)
        return b"=", at + 1

    def _blanks(self, text: bytes, at: int, last: bool) -> tuple[bytes, int]:
        end = _BLANK_RUN.match(text, at).end()  # type: ignore[union-attr] # it matches everywhere
        kept = (end - at - 1) // BLANKS * BLANKS
        if end == len(text) or (end == len(text) - 1 and text[end] == _CR):
            if not last:
                return text[at : at + kept], ~(at + kept)
            if end < len(text):  # a bare CR
                return text[at:end], end
        self._seen.add(_TRAILING_BLANKS)
        return text[at : at + kept], end


_PLAIN = bytes(octet for octet in range(33, 127) if octet != 0x3D) + b" \t\n"  # the equals sign
_ESCAPES = {octet: b"=%02X" % octet for octet in range(256)}
_UNDECIDED = re.compile(rb"(?:[ \t]?\r|[ \t])\Z")
_WIDEST = 75  # and the equals sign of a soft line break
_SUSPECT = frozenset({b".", b"F"})
_FROM_STARTS = frozenset({b"F", b"Fr", b"Fro", b"From"})


def check_newline(newline: bytes) -> None:
    """Raise ValueError unless an encoder can write such line ends."""
    if newline not in {b"\r\n", b"\n"}:
        raise ValueError(f"newline must be CRLF or LF, not {newline!r}")


class Encoder:
    """Encodes a stream of text: CRLF and LF are line ends, a bare CR is data.

    Args:
        newline: CRLF or LF, written for every line end and in soft line breaks.
    """

    __slots__ = ("_column", "_hold", "_newline")

    def __init__(self, newline: bytes = b"\r\n") -> None:
        check_newline(newline)
        self._newline = newline
        self._column = 0
        self._hold = b""  # what cannot be decided yet, as it came

    def update(self, data: Buffer) -> bytes:
        """Return what can be decided so far."""
        text = self._hold + bytes(data) if self._hold else bytes(data)
        undecided = _UNDECIDED.search(text, max(0, len(text) - 2))
        self._hold = text[undecided.start() :] if undecided else b""
        return self._encode(text[: undecided.start()] if undecided else text, last=False)

    def finalize(self) -> bytes:
        """Return what the end decides."""
        text, self._hold = self._hold, b""
        encoded = self._encode(text, last=True)
        self._column = 0
        return encoded

    def _encode(self, text: bytes, *, last: bool) -> bytes:
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        others = text.translate(None, _PLAIN)
        if others:
            if b"=" in others:
                text = text.replace(b"=", b"=3D")
            for octet in set(others) - {0x3D}:
                text = text.replace(bytes((octet,)), _ESCAPES[octet])
        for blank, escape in ((b" ", b"=20"), (b"\t", b"=09")):
            text = text.replace(blank + b"\n", escape + b"\n")
            if last and text.endswith(blank):
                text = text[:-1] + escape
        out: list[bytes] = []
        *lines, rest = text.split(b"\n")
        for line in lines:
            if self._column or len(line) > _WIDEST or line[:1] in _SUSPECT:
                self._fold(line, out)
                out.append(self._newline)
            else:
                out.append(line + self._newline)
            self._column = 0
        self._fold(rest, out)
        if not last and out[-1] in _FROM_STARTS and self._column == len(out[-1]):
            self._hold = out.pop() + self._hold
            self._column = 0
        return b"".join(out)

    def _fold(self, line: bytes, out: list[bytes]) -> None:
        """Write an encoded line without its end, from the current column on; the last piece is what stands in the line that is open."""
        at = 0
        while True:
            start = b""
            if not self._column:
                if line.startswith(b".", at):
                    start = b"=2E"
                elif line.startswith((b"From ", b"From=20"), at):  # the blank may be the last of its line
                    start = b"=46"
                at += bool(start)
                self._column = len(start)
            if self._column + len(line) - at <= _WIDEST:
                out.append(start + line[at:])
                self._column += len(line) - at
                return
            cut = at + _WIDEST - self._column
            escape = line.rfind(b"=", max(at, cut - 2), cut)
            if escape >= 0:
                cut = escape
            out.append(start + line[at:cut] + b"=" + self._newline)
            at = cut
            self._column = 0


def encode(data: Buffer, *, newline: bytes = b"\r\n") -> bytes:
    """Encode a whole text."""
    encoder = Encoder(newline)
    return encoder.update(data) + encoder.finalize()


def decode(data: Buffer) -> bytes:
    """Decode a whole text."""
    decoder = Decoder()
    return decoder.update(data) + decoder.finalize()
