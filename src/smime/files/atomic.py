"""Files that appear under their name only when all is well, and of which nothing is left when it is not.

Where the system has unnamed files (Linux: O_TMPFILE), the file has no name until `AtomicFile.commit`: whatever happens to the process, the
kernel takes it away. Elsewhere it has a name of a fixed form beside its target, ``.<target>.smime-<number>``, and is locked as long as its
writer lives: the next writer to the same target removes what is there unlocked. The same form serves for the moment between giving a name
and replacing an older file by it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows, where a file in use cannot be removed: that is lock enough
    fcntl = None  # type: ignore[assignment]

from smime.files.second_thread import BLOCK, Block

if TYPE_CHECKING:
    from types import TracebackType

    from smime.files.second_thread import SecondThread
    from smime.operations.spool import Buffer

__all__ = ["AtomicFile", "BlockFile", "Descriptor"]

_READ = 1 << 16
_LEAST_RESERVED = 1 << 20
_MOST_RESERVED = 1 << 26
_SLOTS = 4
_NAME = 200  # octets of the target's name in a temporary one: a name has at most 255


class Descriptor:
    """An open file that is closed, without a word, with whoever holds it.

    A file object of Python that is part of a cycle may be found by the collector before its owner could close it, and then warns of that.
    """

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._number < 0

    def fileno(self) -> int:
        """Return the descriptor; -1 once it is closed."""
        return self._number

    def close(self) -> None:
        """Close it, if that was not done."""
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)

    def __del__(self) -> None:
        self.close()


class BlockFile:
    """A file written in whole aligned blocks, on room that is reserved ahead; it can be read while it is written.

    Pages are what makes writing dear, not the copy: ciphers and decoders give pieces of odd sizes, which written as they come cost three
    times as much as whole blocks in reserved room (measured on ext4).

    Args:
        file: a regular file, open for reading and writing, or its descriptor; it is closed with this object.
        reserve: ask for room ahead. Only where the file system can do that for nothing.
        thread: writes blocks as well, as long as it is free. What fails there is raised by the next `write`, `flush` or `chunks`.
        name: what errors say of the file.
    """

    __slots__ = (
        "_block",
        "_closing",
        "_done",
        "_error",
        "_file",
        "_filled",
        "_given",
        "_name",
        "_reserve",
        "_reserved",
        "_thread",
        "_written",
    )

    def __init__(
        self,
        file: IO[bytes] | Descriptor,
        *,
        reserve: bool = False,
        thread: SecondThread | None = None,
        name: str | os.PathLike[str] | None = None,
    ) -> None:
        self._file = file
        self._name = name
        self._block: Block | None = None
        self._filled = 0
        self._written = 0
        self._reserve = reserve and hasattr(os, "posix_fallocate")
        self._reserved = 0
        self._thread = thread
        self._given = 0  # blocks, to the thread
        self._done = 0  # of these
        self._error: BaseException | None = None  # of the thread
        self._closing = False
        if thread is not None:
            thread.register()

    @property
    def size(self) -> int:
        """How many octets were written."""
        return self._written + self._filled

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._closing

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    def write(self, data: Buffer, /) -> object:
        """Append octets."""
        size = len(data)
        filled = self._filled
        block = self._block
        if block is None:
            block = self._block = self._fresh()
        if filled + size < BLOCK:
            block.view[filled : filled + size] = data
            self._filled = filled + size
            return None
        view = memoryview(data)
        while filled + len(view) >= BLOCK:
            if not filled and (self._thread is None or not self._thread.free):
                split = len(view) // BLOCK * BLOCK  # no copy is needed
                self._put(view[:split])
            else:
                split = BLOCK - filled
                block.view[filled:] = view[:split]
                block = self._put_block(block)
            view = view[split:]
            filled = 0
        block.view[: len(view)] = view
        self._filled = len(view)
        return None

    def _fresh(self) -> Block:
        return Block() if self._thread is None else self._thread.block()

    __call__ = write

    def lend(self, size: int, /) -> memoryview:
        """Return room for octets, `MARGIN` at most, where they are to be; `lent` takes them. It is good until the next call."""
        block = self._block
        if block is None:
            block = self._block = self._fresh()
        return block.room[self._filled : self._filled + size]

    def lent(self, size: int, /) -> None:
        """Take the first octets of what was lent."""
        self._filled += size
        if self._filled >= BLOCK:
            assert self._block is not None  # noqa: S101 - `lend` saw to it
            self._put_block(self._block, self._filled - BLOCK)

    def _put_block(self, block: Block, over: int = 0) -> Block:
        """Write the full block, or have it written; return one with what stood in its margin."""
        thread = self._thread
        if self._error is not None:
            raise self._error
        if thread is None or not thread.free:
            self._put(block.view)
            following = block
        else:
            following = thread.block()
        if over:
            following.room[:over] = block.room[BLOCK : BLOCK + over]
        self._block, self._filled = following, over
        if thread is not None and following is not block:
            block.filled, block.offset = BLOCK, self._place(BLOCK)
            self._given += 1
            thread.give(self._take, block)
        return following

    def _take(self, block: Block) -> None:
        """Write a block in the thread."""
        try:
            if self._error is None:
                self._write_at(block.view[: block.filled], block.offset)
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody writes on
            self._error = error.with_traceback(None)  # whose frames would hold buffers, see `smime._kernels.c`
        self._done += 1
        if self._closing and self._done == self._given:
            self._file.close()

    def _place(self, size: int) -> int:
        """Return where the next octets belong, and see that there is room for them."""
        start = self._written
        self._written = end = start + size
        if self._reserve and end > self._reserved:
            step = max(size, min(max(start, _LEAST_RESERVED), _MOST_RESERVED))
            try:
                os.posix_fallocate(self._file.fileno(), start, step)
                self._reserved = start + step
            except OSError:  # a file system that cannot, or is nearly full: then the write itself says so
                self._reserve = False
                self._reserved = end
        return start

    def _put(self, data: memoryview) -> None:
        if self._error is not None:
            raise self._error
        self._write_at(data, self._place(len(data)))

    def _write_at(self, view: memoryview, offset: int) -> None:
        descriptor = self._file.fileno()
        try:
            while view:
                count = os.pwrite(descriptor, view, offset)
                offset += count
                view = view[count:]
        except OSError as error:
            if error.filename is None:
                error.filename = self._name
            raise

    def flush(self) -> None:
        """Write what waits for its block to be full, wait for what the thread writes, and give back what room was reserved."""
        if self._given != self._done and self._thread is not None:
            self._thread.settle()
        if self._error is not None:
            raise self._error
        filled, self._filled = self._filled, 0
        if filled:
            assert self._block is not None  # noqa: S101 - something is in it
            self._put(self._block.view[:filled])
        if self._reserved > self._written:
            os.ftruncate(self._file.fileno(), self._written)
        self._reserved = 0

    def wait(self) -> None:
        """Wait for what the thread writes, whatever becomes of it."""
        if self._given != self._done and self._thread is not None:
            with contextlib.suppress(RuntimeError):  # a process that was forked has no second thread
                self._thread.settle()

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start."""
        self.flush()
        offset, descriptor = 0, self._file.fileno()
        while chunk := os.pread(descriptor, _READ, offset):
            offset += len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file; what waited for its block to be full is lost."""
        thread = self._thread
        if self._given != self._done and thread is not None and thread.inside:  # the garbage collector runs in any thread
            self._closing = True  # by the last block
            return
        self.wait()
        self._closing = True
        self._file.close()
        self._block = None


class AtomicFile:
    """A file that appears under its name only by `commit`, in one step; see the module for what is left otherwise: nothing.

    Also a spool: what was written can be read again.

    Args:
        path: where it is to appear; an existing file is replaced.
        private: readable by the owner alone.
        thread: writes as well; see `BlockFile`.
    """

    def __init__(self, path: str | os.PathLike[str], *, private: bool = False, thread: SecondThread | None = None) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_file():
            raise IsADirectoryError(f"{self.path} is not a file")
        self._mode = 0o600 if private else 0o666
        self._name: Path | None = None
        slots = _sweep(self.path)
        descriptor = -1
        if hasattr(os, "O_TMPFILE"):
            with contextlib.suppress(OSError):  # a file system that has no unnamed files
                descriptor = os.open(self.path.parent, os.O_TMPFILE | os.O_RDWR, self._mode)
        unnamed = descriptor >= 0
        if not unnamed:
            descriptor = self._named(slots)
        self._file = BlockFile(Descriptor(descriptor), reserve=unnamed, thread=thread, name=path)
        self._committed = False
        self.write = self._file.write

    def _named(self, slots: list[Path]) -> int:
        for name in (*slots, _random_slot(self.path)):
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, self._mode)
                if _lock(descriptor) and os.fstat(descriptor).st_nlink:
                    self._name = name
                    return descriptor
                os.close(descriptor)  # somebody swept it away before it was locked
        raise FileExistsError(f"no temporary name is free beside {self.path}")

    @property
    def sink(self) -> BlockFile:
        """Takes octets like `write`, and lends room for them."""
        return self._file

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start; after `commit`, from the file under its name."""
        if not self._committed:
            yield from self._file.chunks()
            return
        with self.path.open("rb", buffering=0) as file:
            while chunk := file.read(_READ):
                yield chunk

    def commit(self) -> None:
        """Give the file its name, in one step."""
        file = self._file
        file.flush()
        if self._name is None and self._linked():
            file.close()
            self._committed = True
            return
        assert self._name is not None  # noqa: S101 - it has one now
        if fcntl is None:
            file.close()  # Windows does not rename an open file
        self._name.replace(self.path)
        self._name = None
        self._committed = True
        file.close()

    def _linked(self) -> bool:
        """Give the unnamed file its own name if that is free, else a temporary one; return whether it has its own."""
        descriptor = self._file.fileno()
        _lock(descriptor)
        for name in (self.path, *_slots(self.path), _random_slot(self.path)):
            with contextlib.suppress(FileExistsError):
                # a directory descriptor, though the path is absolute, makes this linkat(2): link(2) would not follow the link in /proc
                os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=descriptor, follow_symlinks=True)
                if name == self.path:
                    return True
                self._name = name
                return False
        raise FileExistsError(f"no temporary name is free beside {self.path}")

    def discard(self) -> None:
        """Forget the file."""
        self._file.wait()
        name, self._name = self._name, None
        if name is not None and fcntl is not None:
            name.unlink(missing_ok=True)  # as long as it is locked
        self._file.close()
        if name is not None and fcntl is None:
            name.unlink(missing_ok=True)

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if not self._file.closed:
            self.discard()


def _slots(path: Path) -> list[Path]:
    name = os.fsdecode(os.fsencode(path.name)[:_NAME])
    return [path.parent / f".{name}.smime-{number}" for number in range(_SLOTS)]


def _random_slot(path: Path) -> Path:
    return path.parent / f".{os.fsdecode(os.fsencode(path.name)[:_NAME])}.smime-{secrets.token_hex(8)}"


def _lock(descriptor: int) -> bool:
    """Lock a file for the life of its descriptor; False if another has locked it. Where nothing can be locked, True."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _sweep(path: Path) -> list[Path]:
    """Remove what writers to this target left behind when they were killed; return the names that are free."""
    free = []
    for name in _slots(path):
        try:
            descriptor = os.open(name, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            free.append(name)
            continue
        except OSError:
            continue  # somebody else's
        try:
            if fcntl is None:
                os.close(descriptor)
                descriptor = -1
                name.unlink()
                free.append(name)
            elif stat.S_ISREG(os.fstat(descriptor).st_mode) and _lockable(descriptor):
                name.unlink(missing_ok=True)
                free.append(name)
        except OSError:
            continue
        finally:
            if descriptor >= 0:
                os.close(descriptor)
    return free


def _lockable(descriptor: int) -> bool:
    """The file can be locked, so its writer is gone. Where nothing can be locked, nobody knows: False."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
