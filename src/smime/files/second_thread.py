"""A second thread for one large message: it hashes what is signed, and writes what the first would otherwise wait for.

A digest is the dearest part of signing and verifying what is large, and the only one that nothing else waits for before the end: it goes to
the second thread always. The blocks of a file have their places, so whoever is free may write them: they go there as long as the digests
leave it time. `cryptography` hashes, and the system writes, without the interpreter's lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

from smime.crypto import digests

if TYPE_CHECKING:
    from types import TracebackType

    from smime.operations.spool import Buffer

__all__ = ["BLOCK", "MARGIN", "Block", "SecondThread"]

BLOCK = 1 << 18
"""Octets in a block."""

MARGIN = 1 << 17
"""Octets that may stand behind them until the block is given away."""

_BLOCKS = 4
_AHEAD = 2


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
        self.room = memoryview(bytearray(BLOCK + MARGIN))
        self.view = self.room[:BLOCK]
        self.filled = 0
        self.offset = 0


Take = Callable[[Block], object]
"""Does something with the octets of a block. It keeps its errors for those who wait for the result, and raises none."""


class SecondThread:
    """Does what it is given, in that order, in a thread that starts with the first full block and ends with the context.

    Blocks go round: who fills one gets it here, gives it away full, and the thread brings it back. There are four for each digest and file.
    Where all are with the thread, `block` waits. Only one thread gives. If no thread can be started, as in a process that is about to end,
    all is done at once.

    Use as a context manager.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Take, Block] | threading.Event | None] = SimpleQueue()
        self._empty: SimpleQueue[Block] = SimpleQueue()
        self._made = 0
        self._most = 0
        self._given = 0
        self._done = 0
        self._thread: threading.Thread | None = None
        self._ended = False

    def new(self, name: str) -> digests.Digest:
        """Return a running digest, which hashes in the thread: it stands in for `smime.crypto.digests.new`.

        Octets are copied into blocks: a caller's buffer is free as soon as `update` returns.

        Raises:
            UnsupportedError: the digest is unknown.
        """
        return _DigestBehind(self, digests.new(name))

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
        return self._empty.get()

    def give(self, take: Take, block: Block) -> None:
        """Let the thread take a block, and then have the block."""
        if self._ended or (self._thread is None and not self._start()):
            self._do(take, block)
            return
        self._given += 1
        self._tasks.put((take, block))

    def settle(self) -> None:
        """Wait until all that was given is done.

        Raises:
            RuntimeError: it will never be, for this process was forked from the one that has the thread.
        """
        if self._given != self._done:
            if self._thread is None or not self._thread.is_alive():
                raise RuntimeError("the process was forked while it worked in two threads")
            done = threading.Event()
            self._tasks.put(done)
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

    def _do(self, take: Take, block: Block) -> None:
        take(block)
        block.filled = 0
        self._empty.put(block)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if isinstance(task, threading.Event):
                task.set()
            else:
                self._do(*task)
                self._done += 1

    def __enter__(self) -> SecondThread:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._ended = True
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()
            self._thread = None


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
        try:
            if self._error is None:
                self._digest.update(block.view[: block.filled])
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
