"""A second thread for one large message: it hashes what is signed, and writes what the first would otherwise wait for.

A digest is the dearest part of signing and verifying what is large, and the only one that nothing else waits for before the end: it goes to
the second thread always: what stands in a room of this module, where it stands; the rest is copied first. The blocks of a file have their
places, so whoever is free may write them: they go there as long as the digests leave it time. `cryptography` hashes, and the system writes,
without the interpreter's lock. To have that lock again takes a thread longer than the work on a small piece: pieces are large.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from smime.crypto import digests
from smime.operations.buffers import room

if TYPE_CHECKING:
    from types import TracebackType

    from smime.operations.buffers import Rooms
    from smime.operations.spool import Buffer

__all__ = ["BLOCK", "MARGIN", "Block", "SecondThread"]

BLOCK = 1 << 19
"""Octets in a block."""

MARGIN = 1 << 17
"""Octets that may stand behind them until the block is given away."""

_BLOCKS = 4
_ROOMS = 4
_AHEAD = 3 * BLOCK
_WORTH = 1 << 17  # octets: to copy less, and hash it with what follows, costs less than a task of its own
_FORKED = "the process was forked while it worked in two threads"


class Block:
    """Octets on their way.

    Attributes:
        view: its octets.
        room: these, and a margin behind.
        filled: how many there are.
        offset: where they belong in their file.
    """

    __slots__ = ("filled", "offset", "room", "view")

    def __init__(self) -> None:
        self.room = room(BLOCK + MARGIN)
        self.view = self.room[:BLOCK]
        self.filled = 0
        self.offset = 0


Take = Callable[[Block], object]
"""Does something with the octets of a block. It keeps its errors for those who wait for the result, and raises none."""

Task = Callable[[], object]
"""The same for octets that it knows of."""

_Any = TypeVar("_Any")


class SecondThread:
    """Does what it is given, in that order, in a thread that starts with the first full block and ends with the context.

    Blocks go round: who fills one gets it here, gives it away full, and the thread brings it back. There are four for each digest and file.
    Where all are with the thread, `block` waits. Only one thread gives. If no thread can be started, as in a process that is about to end,
    all is done at once.

    Use as a context manager.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Task, int] | None] = SimpleQueue()
        self._empty: SimpleQueue[Block] = SimpleQueue()
        self._made = 0
        self._most = 0
        self._given = 0  # octets
        self._done = 0  # of these
        self._lent: dict[int, memoryview] = {}
        self._thread: threading.Thread | None = None
        self._ended = False

    def new(self, name: str) -> digests.Digest:
        """Return a running digest, which hashes in the thread: it stands in for `smime.crypto.digests.new`.

        Octets are copied into blocks, unless they stand in `rooms` of this thread: a caller's buffer is free as soon as `update` returns.

        Raises:
            UnsupportedError: the digest is unknown.
        """
        return _DigestBehind(self, digests.new(name))

    def rooms(self) -> Rooms:
        """Return rooms whose octets can be hashed where they stand: each is in use again only when that is done."""
        return _Rooms(self)

    def lend(self, view: memoryview) -> None:
        """Say that what stands in this room stays until `take_back`."""
        self._lent[id(view.obj)] = view

    def take_back(self, view: memoryview) -> None:
        """Say that what stands in this room stays only until all that was given is done."""
        del self._lent[id(view.obj)]

    def lent(self, view: memoryview) -> bool:
        """Return whether a view is into a room that was lent."""
        return id(view.obj) in self._lent

    @property
    def free(self) -> bool:
        """The thread would come to a block soon: better leave it what either thread could do."""
        return self._given - self._done < _AHEAD and not self._ended

    def register(self) -> None:
        """Say that one more user of blocks is there, who fills one at a time."""
        self._most += _BLOCKS

    def block(self) -> Block:
        """Return an empty block; wait for one if the thread has so many that it is behind."""
        if self._made < self._most and self._empty.empty():
            self._made += 1
            return Block()
        return self.wait_for(self._empty)

    def wait_for(self, queue: SimpleQueue[_Any]) -> _Any:
        """Return what the thread brings.

        Raises:
            RuntimeError: it never will, for this process was forked from the one that has the thread.
        """
        if queue.empty() and self._thread is not None and not self._thread.is_alive():
            raise RuntimeError(_FORKED)
        return queue.get()

    def give(self, take: Take, block: Block) -> None:
        """Let the thread take a block, and then have the block."""
        self.do(partial(self._take, take, block), block.filled)

    def do(self, task: Task, size: int) -> None:
        """Let the thread do something about so many octets."""
        if self._ended or (self._thread is None and not self._start()):
            task()
            return
        self._given += size
        self._tasks.put((task, size))

    @property
    def idle(self) -> bool:
        """All is done."""
        return self._given == self._done

    def settle(self) -> None:
        """Wait until all that was given is done.

        Raises:
            RuntimeError: it will never be, for this process was forked from the one that has the thread.
        """
        if not self.idle:
            if self._thread is None or not self._thread.is_alive():
                raise RuntimeError(_FORKED)
            done = threading.Event()
            self._tasks.put((done.set, 0))
            done.wait()

    @property
    def inside(self) -> bool:
        """It is this thread that asks, and it must not wait for itself."""
        return threading.current_thread() is self._thread

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="smime-second", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # there are too many, or the interpreter is about to end
            self._ended = True
            return False
        self._thread = thread
        return True

    def _take(self, take: Take, block: Block) -> None:
        take(block)
        block.filled = 0
        self._empty.put(block)

    def _run(self) -> None:
        while (given := self._tasks.get()) is not None:
            task, size = given
            task()
            self._done += size
            del given, task  # they would hold their octets until the next come

    def __enter__(self) -> SecondThread:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._ended = True
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()
            self._thread = None


class _Rooms:
    """Rooms that go round: each comes back when the thread has done all that it was given until the next was asked for."""

    __slots__ = ("_back", "_made", "_now", "_thread")

    def __init__(self, thread: SecondThread) -> None:
        self._thread = thread
        self._back: SimpleQueue[memoryview] = SimpleQueue()
        self._made = 0
        self._now: memoryview | None = None

    def next(self, size: int, /) -> memoryview:
        now, thread = self._now, self._thread
        if now is not None:
            idle = thread.idle
            if idle and len(now) >= size:
                return now
            self._now = None
            thread.take_back(now)
            if idle:
                self._made -= 1  # it is too small
            else:
                thread.do(partial(self._back.put, now), 0)
        if self._made < _ROOMS and self._back.empty():
            self._made += 1
            now = room(size)
        else:
            now = thread.wait_for(self._back)
            if len(now) < size:
                now = room(size)
        self._now = now
        thread.lend(now)
        return now


class _DigestBehind:
    """A running digest whose octets are hashed by the thread."""

    __slots__ = ("_block", "_digest", "_error", "_thread")

    def __init__(self, thread: SecondThread, digest: digests.Digest) -> None:
        thread.register()
        self._thread = thread
        self._digest = digest
        self._block: Block | None = None
        self._error: BaseException | None = None

    def update(self, data: Buffer, /) -> None:
        view = memoryview(data)
        if len(view) >= _WORTH and self._thread.lent(view):
            block, self._block = self._block, None
            if block is not None:
                self._thread.give(self._hash, block)
            self._thread.do(partial(self._hash_view, view), len(view))
            return
        while size := len(view):
            block = self._block
            if block is None:
                block = self._block = self._thread.block()
            filled = block.filled
            size = min(size, BLOCK - filled)
            block.view[filled : filled + size] = view[:size]
            block.filled = filled = filled + size
            view = view[size:]
            if filled == BLOCK:
                self._block = None
                self._thread.give(self._hash, block)

    def _hash(self, block: Block) -> None:
        self._hash_view(block.view[: block.filled])

    def _hash_view(self, view: memoryview) -> None:
        try:
            if self._error is None:
                self._digest.update(view)
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for the digest
            self._error = error.with_traceback(None)  # whose frames would hold buffers, see `smime._kernels.c`

    def _settled(self) -> digests.Digest:
        self._thread.settle()
        block = self._block
        if block is not None and block.filled:
            self._hash(block)
            block.filled = 0
        if self._error is not None:
            raise self._error
        return self._digest

    def finalize(self) -> bytes:
        return self._settled().finalize()

    def copy(self) -> digests.Digest:
        return _DigestBehind(self._thread, self._settled().copy())
