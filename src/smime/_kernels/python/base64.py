"""base64 (RFC 4648 section 4) in the lines of MIME (RFC 2045 section 6.8), with `binascii` doing the work in bulk."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from typing import TYPE_CHECKING

from smime._kernels import status

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ANOMALIES", "Decoder", "Encoder", "decode", "encode"]

ANOMALIES: tuple[str, ...] = (
    "blanks between the characters",
    "characters outside the alphabet",
    "padding in the middle",
    "surplus padding",
    "missing padding",
    "an incomplete group of four characters",
    "spare bits that are not zero",
    "text after the end",
)
"""What a lenient decoder may have met; entry i stands for bit i of the C state."""

_BLANKS, _FOREIGN, _MIDDLE_PADDING, _SURPLUS_PADDING, _MISSING_PADDING, _INCOMPLETE, _SPARE_BITS, _TRAILING_TEXT = ANOMALIES

_LINE_ENDS = b"\r\n"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TOKEN = re.compile(rb"[A-Za-z0-9+/\r\n]+|=|[ \t]+|[^A-Za-z0-9+/\r\n= \t]+")


def check_line(line_length: int, newline: bytes) -> None:
    """Raise ValueError unless an encoder can write such lines."""
    if line_length < 0 or line_length % 4 or line_length > 1 << 16:
        raise ValueError(f"line_length must be 0 or a multiple of 4 up to 65536, not {line_length}")
    if newline not in {b"\r\n", b"\n"}:
        raise ValueError(f"newline must be CRLF or LF, not {newline!r}")


def check_room(size: int, buffer: bytearray | memoryview) -> None:
    """Raise ValueError unless the buffer has room for what `size` characters can decode to."""
    if len(buffer) < (size // 4 + 2) * 3:
        raise ValueError(f"{size} characters need a buffer of {(size // 4 + 2) * 3} octets, not {len(buffer)}")


def check_text_room(size: int, line_length: int, buffer: bytearray | memoryview) -> None:
    """Raise ValueError unless the buffer has room for the characters and line ends that `size` octets can become."""
    characters = (size + 2) // 3 * 4
    needed = characters + ((characters // line_length + 1) * 2 if line_length else 0)
    if len(buffer) < needed:
        raise ValueError(f"{size} octets need a buffer of {needed} octets, not {len(buffer)}")


class Encoder:
    """Encodes a stream.

    Args:
        line_length: characters in a line, a multiple of 4; 0 writes one unbroken line with no line end.
        newline: CRLF or LF, written after every line.
    """

    __slots__ = ("_column", "_hold", "_length", "_newline")

    def __init__(self, line_length: int = 76, newline: bytes = b"\r\n") -> None:
        check_line(line_length, newline)
        self._length = line_length
        self._newline = newline
        self._column = 0
        self._hold = b""

    def update(self, data: Buffer) -> bytes:
        """Return the characters of the groups that these octets complete."""
        octets = self._hold + bytes(data) if self._hold else bytes(data)
        whole = len(octets) - len(octets) % 3
        self._hold = octets[whole:]
        return self._wrap(b2a_base64(octets[:whole], newline=False))

    def update_into(self, data: Buffer, buffer: bytearray | memoryview) -> int:
        """Write what `update` would return into a buffer; return its size.

        Args:
            data: octets.
            buffer: half as large again as the data, and 8 octets more, is enough for lines of 64 characters and longer ones.

        Raises:
            ValueError: the buffer is too small.
        """
        check_text_room(len(memoryview(data).cast("B")), self._length, buffer)
        characters = self.update(data)
        buffer[: len(characters)] = characters
        return len(characters)

    def finalize(self) -> bytes:
        """Return the last group and the last line end; nothing if there was no data."""
        last = self._wrap(b2a_base64(self._hold, newline=False))
        if self._column:
            last += self._newline
        self._hold = b""
        self._column = 0
        return last

    def _wrap(self, characters: bytes) -> bytes:
        if not self._length:
            return characters
        first = self._length - self._column
        if len(characters) < first:
            self._column += len(characters)
            return characters
        pieces = [characters[:first]]
        pieces += [characters[at : at + self._length] for at in range(first, len(characters), self._length)]
        if len(pieces[-1]) == self._length or len(pieces) == 1:
            pieces.append(b"")
        self._column = len(pieces[-1])
        return self._newline.join(pieces)


class Decoder:
    """Decodes a stream, passing over line ends (CR and LF octets) wherever they are.

    Strict, everything else that is not of the alphabet, and every fault of the padding, is an error. Lenient (RFC 2045: "any characters
    outside of the base64 alphabet are to be ignored"), the decoder goes on and `anomalies` says what it met: it skips blanks and foreign
    characters, does without padding, begins anew when alphabet follows padding (pieces encoded one by one and put together), and stops at
    padding that something foreign follows (a mailing list's footer).

    Args:
        strict: fail rather than guess.
    """

    __slots__ = ("_ended", "_hold", "_padded", "_pads_due", "_seen", "_strict", "_total")

    def __init__(self, strict: bool = False) -> None:  # the contract's signature
        self._strict = strict
        self._hold = b""  # characters of the group that is open
        self._padded = False
        self._pads_due = 0
        self._ended = False
        self._total = 0
        self._seen: set[str] = set()

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What was met that should not be there, in the order of `ANOMALIES`."""
        return tuple(anomaly for anomaly in ANOMALIES if anomaly in self._seen)

    def update(self, data: Buffer) -> bytes:
        """Return the octets of the groups that these characters complete.

        Raises:
            ParseError: strict only; the offset is that of the character at fault, from the start of the stream.
        """
        octets = bytes(data)
        total = self._total
        self._total += len(octets)
        if self._ended:
            return b""
        out: list[bytes] = []
        good = 0
        if not self._padded:  # what nearly every chunk is, up to the padding
            good = octets.find(b"=")
            if good < 0:
                good = len(octets)
            characters = self._hold + octets[:good].replace(b"\r\n", b"").replace(b"\n", b"")
            whole = len(characters) & ~3
            try:
                decoded = a2b_base64(characters[:whole])
            except Error:
                decoded = b""
            if len(decoded) == whole // 4 * 3 and not characters[whole:].translate(None, _ALPHABET):  # binascii skipped nothing
                self._hold = characters[whole:]
                if good == len(octets):
                    return decoded
                out.append(decoded)
            else:
                good = 0
        for token in _TOKEN.finditer(octets, good):
            text = token.group()
            kind = text[:1]
            if kind == b"=":
                out.append(self._pad(total + token.start()))
            elif kind in b" \t":
                if self._strict:
                    raise status.error(status.BASE64_CHARACTER, total + token.start())
                self._seen.add(_BLANKS)
            elif kind in _LINE_ENDS or kind in _ALPHABET:
                characters = text.translate(None, _LINE_ENDS)
                if characters and self._padded:
                    if self._strict:
                        raise status.error(status.BASE64_AFTER_PADDING, total + token.start() + len(text) - len(text.lstrip(_LINE_ENDS)))
                    self._seen.add(_MIDDLE_PADDING)
                    if self._pads_due:
                        self._seen.add(_MISSING_PADDING)
                    self._padded = False
                    self._pads_due = 0
                out.append(self._characters(characters))
            else:
                if self._strict:
                    raise status.error(status.BASE64_CHARACTER, total + token.start())
                if self._padded:
                    self._seen.add(_TRAILING_TEXT)
                    self._ended = True
                    break
                self._seen.add(_FOREIGN)
        return b"".join(out)

    def update_into(self, data: Buffer, buffer: bytearray | memoryview) -> int:
        """Write what `update` would return into a buffer; return its size.

        Args:
            data: characters.
            buffer: at least ``(len(data) // 4 + 2) * 3`` octets.

        Raises:
            ParseError: as `update`.
            ValueError: the buffer is too small.
        """
        check_room(len(memoryview(data).cast("B")), buffer)
        octets = self.update(data)
        buffer[: len(octets)] = octets
        return len(octets)

    def finalize(self) -> bytes:
        """Return what an unpadded last group holds.

        Raises:
            ParseError: strict only; the last group is incomplete or its padding missing.
        """
        if not self._hold and not self._pads_due:
            return b""
        if self._strict:
            raise status.error(status.BASE64_TRUNCATED, self._total)
        self._seen.add(_INCOMPLETE if len(self._hold) == 1 else _MISSING_PADDING)
        self._pads_due = 0
        return self._partial(self._total) if len(self._hold) > 1 else b""

    def _characters(self, characters: bytes) -> bytes:
        if self._hold:
            characters = self._hold + characters
        whole = len(characters) & ~3
        self._hold = characters[whole:]
        return a2b_base64(characters[:whole])

    def _pad(self, offset: int) -> bytes:
        if self._padded and self._pads_due:
            self._pads_due -= 1
            return b""
        count = len(self._hold)
        if self._padded or count < 2:  # a group needs two characters for one octet
            if self._strict:
                raise status.error(status.BASE64_AFTER_PADDING if self._padded else status.BASE64_PADDING, offset)
            if count == 1:
                self._seen.add(_INCOMPLETE)
                self._hold = b""
                self._padded = True
                self._pads_due = 2
            else:
                self._seen.add(_SURPLUS_PADDING)
            return b""
        octets = self._partial(offset)
        self._padded = True
        self._pads_due = count == 2
        return octets

    def _partial(self, offset: int) -> bytes:
        characters = self._hold + b"=" * (4 - len(self._hold))
        self._hold = b""
        octets = a2b_base64(characters)
        if b2a_base64(octets, newline=False) != characters:
            if self._strict:
                raise status.error(status.BASE64_SPARE_BITS, offset)
            self._seen.add(_SPARE_BITS)
        return octets


def encode(data: Buffer, *, line_length: int = 76, newline: bytes = b"\r\n") -> bytes:
    """Encode a whole message."""
    encoder = Encoder(line_length, newline)
    return encoder.update(data) + encoder.finalize()


def decode(data: Buffer, *, strict: bool = False) -> bytes:
    """Decode a whole message.

    Raises:
        ParseError: strict only.
    """
    decoder = Decoder(strict)
    return decoder.update(data) + decoder.finalize()
