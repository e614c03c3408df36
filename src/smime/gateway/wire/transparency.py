"""The octets of a message between DATA and the final dot (RFC 5321 sections 4.1.1.4 and 4.5.2).

The rules::

    end          = CRLF "." CRLF        nothing else ends a message: readers that took other line ends here let mail be smuggled
    stuffed      = a line that begins with "." gets one more in front when written, and loses one when read
    line end     = CRLF                 a CR or an LF alone is a fault of the message (RFC 5321 section 2.3.8)

Reader and writer look for these with searches over whole chunks: no step is taken for a line, and a chunk may end anywhere.
"""

from __future__ import annotations

from smime.transforms import lines

__all__ = ["ChunkReader", "DotReader", "DotWriter", "is_clean", "normalized"]

_END = b"\r\n.\r\n"
_HELD = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")  # what the end may begin with, the longest first


def is_clean(data: bytes) -> bool:
    """Whether each CR and each LF is part of a CRLF."""
    return lines.look(data) == 0


def normalized(data: bytes) -> bytes:
    """Return the octets with CRLF in place of each CR or LF that stands alone."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


class DotReader:
    """Takes what follows DATA, in chunks that may end anywhere, and gives the octets of the message.

    Attributes:
        finished: the end was seen.
        rest: what came after the end; part of it may be the next command.
        clean: no CR or LF stood alone so far.
    """

    __slots__ = ("_first", "_held", "clean", "finished", "rest")

    def __init__(self) -> None:
        self._held = b"\r\n"  # the message begins at the start of a line, so its first line may be the end
        self._first = True
        self.clean = True
        self.finished = False
        self.rest = b""

    def read(self, data: bytes) -> bytes:
        """Take a chunk; return the octets of the message that are certain now, without what was stuffed.

        What is given back never ends within a CRLF, so that it can be judged by itself.
        """
        work = self._held + data
        self._held = b""
        dot = work.find(b"\r\n.")
        end = -1 if dot < 0 else work.find(_END, dot)
        if end >= 0:
            self.finished = True
            self.rest = work[end + 5 :]
            work = work[: end + 2]
        else:
            for beginning in _HELD:
                if work.endswith(beginning):
                    self._held = beginning
                    work = work[: -len(beginning)]
                    break
        if not work:
            return b""
        if dot >= 0 and dot != end:
            work = work.replace(b"\r\n.", b"\r\n")
        if self._first:
            self._first = False
            work = work[2:]
        if self.clean and not is_clean(work):
            self.clean = False
        return work


class ChunkReader:
    """Takes the octets of BDAT (RFC 3030), where nothing is stuffed and counts tell the end; otherwise as `DotReader`.

    Attributes:
        clean: no CR or LF stood alone so far.
    """

    __slots__ = ("_cr", "clean")

    def __init__(self) -> None:
        self._cr = False
        self.clean = True

    def read(self, data: bytes, *, last: bool = False) -> bytes:
        """Take octets; return those that are certain now. What is given back never ends within a CRLF.

        Args:
            data: the octets.
            last: nothing will follow.
        """
        work = b"\r" + data if self._cr else data
        self._cr = not last and work.endswith(b"\r")
        if self._cr:
            work = work[:-1]
        if self.clean and not is_clean(work):
            self.clean = False
        return work


class DotWriter:
    """Writes the octets of a message for sending after DATA, in chunks that may end anywhere.

    Raises:
        ValueError: by `write` or `end`: a CR or LF stands alone. Nobody downstream may read a message's end out of our octets.
    """

    __slots__ = ("_cr", "_line_start")

    def __init__(self) -> None:
        self._line_start = True
        self._cr = False

    def write(self, data: bytes) -> bytes:
        """Take a chunk; return it with a dot before each dot that begins a line."""
        if self._cr:
            data = b"\r" + data
            self._cr = False
        if data.endswith(b"\r"):
            self._cr = True
            data = data[:-1]
        if not data:
            return b""
        if not is_clean(data):
            raise ValueError("a CR or an LF stands alone in a message that is to be sent")
        stuffed = data.replace(b"\r\n.", b"\r\n..") if b"\r\n." in data else data
        if self._line_start and data.startswith(b"."):
            stuffed = b"." + stuffed
        self._line_start = data.endswith(b"\r\n")
        return stuffed

    def end(self) -> bytes:
        """Return what ends the message."""
        if self._cr:
            raise ValueError("a CR stands alone at the end of a message that is to be sent")
        return b".\r\n" if self._line_start else b"\r\n.\r\n"
