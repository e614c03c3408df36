"""Sources and targets: where the octets of a message come from and go to."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from smime.files.atomic import AtomicFile, BlockFile, Descriptor
from smime.operations.buffers import OneRoom
from smime.operations.spool import NullSpool

if TYPE_CHECKING:
    from types import TracebackType

    from smime.files.second_thread import SecondThread
    from smime.operations.buffers import Rooms
    from smime.operations.spool import Buffer, Spool
    from smime.operations.writing.producer import Sink

__all__ = ["Input", "Output", "Progress", "Source", "StreamSpool", "Target"]

Source = str | os.PathLike[str] | BinaryIO | Iterable[bytes]
Target = str | os.PathLike[str] | BinaryIO
Progress = Callable[[int], object]
"""Called with the number of source octets read since the last call."""

_CHUNK = 1 << 18
_SOON = 1 << 22  # octets, after which chunks are larger: two threads cost less then, and nobody waits for the first ones
_LARGE_CHUNK = 1 << 20
_READ = 1 << 16
_SPOOL_IN_MEMORY = 1 << 20
_NO_DATA = "the source does not block, and has no data now"


class StreamSpool:
    """What has to wait before it may go to a stream: in memory up to a limit, then in an unnamed file readable by the owner alone.

    Args:
        thread: writes the file as well; see `BlockFile`.
    """

    def __init__(self, thread: SecondThread | None = None) -> None:
        self._thread = thread
        self._parts: list[bytes] = []
        self._size = 0
        self._file: BlockFile | None = None

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, data: Buffer, /) -> object:
        """Append octets."""
        if self._file is None:
            self._size += len(data)
            if self._size <= _SPOOL_IN_MEMORY:
                self._parts.append(data if type(data) is bytes else bytes(data))
                return None
            with tempfile.TemporaryFile(buffering=0) as file:
                unnamed = Descriptor(os.dup(file.fileno()))
            self._file = BlockFile(unnamed, thread=self._thread)
            for part in self._parts:
                self._file.write(part)
            self._parts.clear()
        return self._file.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start."""
        return iter(self._parts) if self._file is None else self._file.chunks()


class Input:
    """A source, opened: an iterator of chunks, each good until the next is asked for.

    Files are read and not mapped: a mapping is no faster (measured with large folios on ext4), counts as memory of the process, and a file
    that is cut short meanwhile ends the process instead of the reading.
    """

    def __init__(self, source: Source, progress: Progress | None = None, rooms: Rooms | None = None) -> None:
        self._progress = progress
        self._rooms = OneRoom() if rooms is None else rooms
        self._stack = contextlib.ExitStack()
        self._stream: IO[bytes] | None = None
        self._chunks: Iterable[bytes] | None = None
        self._size: int | None = None
        self._most: int | None = None
        if isinstance(source, (str, os.PathLike)):
            stream = Path(source).open("rb", buffering=0)  # noqa: SIM115 - the stack closes it
            self._stream = self._stack.enter_context(stream)
            status = os.fstat(stream.fileno())
            if stat.S_ISREG(status.st_mode):
                self._size = status.st_size
        elif isinstance(source, Iterable) and not hasattr(source, "read"):
            self._chunks = source
        else:
            self._stream = cast("IO[bytes]", source)
        self._start = self._position()

    def _position(self) -> int | None:
        stream = self._stream
        if stream is None:
            return None
        try:
            return stream.tell() if stream.seekable() else None
        except (OSError, AttributeError):
            return None

    @property
    def again(self) -> Callable[[], Iterator[bytes]] | None:
        """Gives the octets once more, in chunks that stay, if the source can be read again."""
        return self._again if self._start is not None else None

    def _again(self) -> Iterator[bytes]:
        assert self._stream is not None  # noqa: S101 - `again` looked
        assert self._start is not None  # noqa: S101 - `again` looked
        self._stream.seek(self._start)
        return self._read()

    def _read(self) -> Iterator[bytes]:
        stream = self._stream
        assert stream is not None  # noqa: S101 - the callers looked
        while chunk := stream.read(_READ):
            yield chunk
        if chunk is None:
            raise BlockingIOError(_NO_DATA)

    def as_long_as_now(self) -> int | None:
        """Return how many octets there are, and read no more than that even if there will be; None if it cannot be known."""
        self._most = self._size if self._size and self._start == 0 else None  # a size of 0 is also that of files in /proc
        return self._most

    def _read_into_rooms(self) -> Iterator[Buffer]:
        readinto = getattr(self._stream, "readinto", None)
        if readinto is None:
            yield from self._read()
            return
        rooms, left, total = self._rooms, self._most, 0
        while True:
            view = rooms.next(_CHUNK if total < _SOON else _LARGE_CHUNK)
            count = readinto(view if left is None else view[:left])
            if not count:
                break
            yield view[:count]
            total += count
            if left is not None:
                left -= count
        if count is None:
            raise BlockingIOError(_NO_DATA)
        if left:
            raise OSError(f"the source has become {left} octets shorter while it was read")

    def __iter__(self) -> Iterator[Buffer]:
        progress = self._progress
        for chunk in self._read_into_rooms() if self._chunks is None else self._chunks:
            yield chunk
            if progress is not None:
                progress(len(chunk))

    def kept(self) -> Callable[[], Iterator[bytes]]:
        """Return what gives the octets as often as wanted: a source that cannot be read again is read into a spool."""
        if self.again is not None:
            return self.again
        spool = StreamSpool()
        for chunk in self:
            spool.write(chunk)
        return spool.chunks

    def __enter__(self) -> Input:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._stack.close()


class Output:
    """A target: a spool to write into, and the one moment in which it appears.

    Args:
        target: None: what is written is forgotten.
        private: a file readable by the owner alone.
        wait: nothing may reach a stream before `commit`.
        thread: writes files as well; streams get their octets in order, from the thread that has them.
    """

    def __init__(self, target: Target | None, *, private: bool, wait: bool, thread: SecondThread | None = None) -> None:
        self._thread = thread
        self._private = private
        self._wait = wait
        self._path: Path | None = None
        self._file: AtomicFile | None = None
        self._stream: BinaryIO | None = None
        self._opened = False
        if isinstance(target, (str, os.PathLike)):
            path = Path(target)
            if path.exists() and not stat.S_ISREG(path.stat().st_mode):  # /dev/stdout, /dev/null, a pipe
                self._stream = path.open("wb")
                self._opened = True
            else:
                self._path = path
        elif target is not None:
            self._stream = target
        self._spool: Spool | None = None

    @property
    def spool(self) -> Spool:
        """Takes the octets."""
        return self.fresh() if self._spool is None else self._spool

    @property
    def sink(self) -> Sink:
        """Takes the octets, and lends room for them if they go to a file."""
        spool = self.spool
        return spool.sink if isinstance(spool, AtomicFile) else spool.write

    def fresh(self) -> Spool:
        """Forget what was written and begin anew; return the spool."""
        if self._file is not None:
            self._file.discard()
        spool: Spool
        if self._path is not None:
            spool = self._file = AtomicFile(self._path, private=self._private, thread=self._thread)
        elif self._stream is None:
            spool = NullSpool()
        else:
            spool = StreamSpool(self._thread) if self._wait else _Direct(self._stream)
        self._spool = spool
        return spool

    def commit(self) -> None:
        """All is well: let it appear."""
        if self._file is not None:
            self._file.commit()
        elif self._stream is not None:
            if isinstance(self._spool, StreamSpool):
                direct = _Direct(self._stream)
                for chunk in self._spool.chunks():
                    direct.write(chunk)
            self._stream.flush()

    def __enter__(self) -> Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._file is not None:
            self._file.__exit__(kind, error, traceback)
        if self._opened and self._stream is not None:
            self._stream.close()


class _Direct:
    """Straight to a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: Buffer, /) -> object:
        """Write octets."""
        view = memoryview(data)
        while view:
            count = self._stream.write(view)
            if count is None or count == len(view):  # a raw stream may take less than it is given; some of others say nothing
                return None
            view = view[count:]
        return None

    def chunks(self) -> Iterator[bytes]:
        """Yield nothing: what went to a stream is gone."""
        yield from ()
