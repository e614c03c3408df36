"""Digests that run in a thread of their own, some blocks behind the octets they are given.

A digest is the dearest part of signing and verifying what is large, and the only one that nothing else waits for before the end: while a
block is hashed, the caller finds line ends, decodes, reads and writes. `cryptography` hashes without the interpreter's lock.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from smime.crypto import digests

if TYPE_CHECKING:
    from types import TracebackType

    from cryptography.utils import Buffer

__all__ = ["DigestThread"]

_BLOCK = 1 << 18
_BLOCKS = 4


class _Block:
    """Octets on their way to the thread."""

    __slots__ = ("filled", "octets", "view")

    def __init__(self) -> None:
        self.octets = bytearray(_BLOCK)
        self.view = memoryview(self.octets)
        self.filled = 0


_Task = tuple[digests.Digest, _Block] | threading.Event | None


class DigestThread:
    """Makes digests that all run in one thread, which starts with the first full block and ends with the context.

    Octets are copied into blocks (256 KiB each, four for a digest at most): a caller's buffer is free as soon as `update` returns. Where
    the thread falls behind, `update` waits for it. One caller's thread uses the digests of one object.

    Use as a context manager; `new` stands in for `smime.crypto.digests.new`.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._free: SimpleQueue[_Block] = SimpleQueue()
        self._made = 0
        self._most = 0
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def new(self, name: str) -> digests.Digest:
        """Return a running digest.

        Raises:
            UnsupportedError: the digest is unknown.
        """
        return self._running(digests.new(name))

    def _running(self, digest: digests.Digest) -> _DigestBehind:
        self._most += _BLOCKS
        return _DigestBehind(self, digest)

    def block(self) -> _Block:
        """Return an empty block; wait for one if the thread has so many that it is behind."""
        if self._made < self._most and self._free.empty():
            self._made += 1
            return _Block()
        return self._free.get()

    def give(self, digest: digests.Digest, block: _Block) -> None:
        """Let the thread hash a block, and take the block back."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="smime-digest", daemon=True)
            self._thread.start()
        self._tasks.put((digest, block))

    def settle(self) -> None:
        """Wait until all that was given is hashed."""
        if self._thread is not None:
            done = threading.Event()
            self._tasks.put(done)
            done.wait()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if isinstance(task, threading.Event):
                task.set()
                continue
            digest, block = task
            try:
                if self._error is None:
                    digest.update(block.view[: block.filled])
            except BaseException as error:  # noqa: BLE001 - `settle` raises it where somebody waits for the digest
                self._error = error
            block.filled = 0
            self._free.put(block)

    def __enter__(self) -> DigestThread:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._tasks.put(None)
            thread.join()


class _DigestBehind:
    """A running digest whose octets are hashed by the thread."""

    __slots__ = ("_block", "_digest", "_thread")

    def __init__(self, thread: DigestThread, digest: digests.Digest) -> None:
        self._thread = thread
        self._digest = digest
        self._block: _Block | None = None

    def update(self, data: Buffer, /) -> None:
        view = memoryview(data)
        while size := len(view):
            block = self._block
            if block is None:
                block = self._block = self._thread.block()
            filled = block.filled
            size = min(size, _BLOCK - filled)
            block.view[filled : filled + size] = view[:size]
            block.filled = filled = filled + size
            view = view[size:]
            if filled == _BLOCK:
                self._thread.give(self._digest, block)
                self._block = None

    def _settled(self) -> digests.Digest:
        self._thread.settle()
        block = self._block
        if block is not None and block.filled:
            self._digest.update(block.view[: block.filled])
            block.filled = 0
        return self._digest

    def finalize(self) -> bytes:
        return self._settled().finalize()

    def copy(self) -> digests.Digest:
        return self._thread._running(self._settled().copy())
