from __future__ import annotations

import hashlib
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smime.errors import UnsupportedError
from smime.files import second_thread
from smime.files.second_thread import SecondThread

_BLOCK = second_thread.BLOCK


def _ours():
    return [thread for thread in threading.enumerate() if thread.name == "smime-second"]


@given(
    pieces=st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.integers(0, _BLOCK // 2)), max_size=8),
    copy_at=st.integers(0, 8),
    more=st.binary(max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_same_as_a_digest_that_runs_at_once(pieces, copy_at, more):
    expected, copied = hashlib.sha256(), None
    with SecondThread() as thread:
        digest, other = thread.new("sha256"), None
        buffer = bytearray(4 * _BLOCK)
        for number, (pattern, times) in enumerate(pieces):
            data = pattern * times
            if number == copy_at:
                other, copied = digest.copy(), expected.copy()
            view = memoryview(buffer)[: len(data)]
            view[:] = data
            digest.update(view)
            view[:] = bytes(len(data))  # a buffer is the caller's again
            expected.update(data)
        if other is not None:
            other.update(more)
            copied.update(more)
            assert other.finalize() == copied.digest()
        assert digest.finalize() == expected.digest()
    assert not _ours()


def test_several_digests_share_the_thread():
    data = bytes(range(256)) * 4096 * 3
    with SecondThread() as thread:
        running = [thread.new(name) for name in ("sha256", "sha384", "sha512")]
        for start in range(0, len(data), 100_000):
            for digest in running:
                digest.update(data[start : start + 100_000])
        assert len(_ours()) == 1
        expected = [hashlib.new(name, data).digest() for name in ("sha256", "sha384", "sha512")]
        assert [digest.copy().finalize() for digest in running] == expected
        assert [digest.finalize() for digest in running] == expected
    assert not _ours()


def test_what_fits_a_block_needs_no_thread():
    with SecondThread() as thread:
        digest = thread.new("sha256")
        digest.update(b"a" * (_BLOCK - 1))
        assert digest.finalize() == hashlib.sha256(b"a" * (_BLOCK - 1)).digest()
        assert not _ours()


def test_an_unknown_digest():
    with SecondThread() as thread, pytest.raises(UnsupportedError, match="md2"):
        thread.new("md2")


class _Slow:
    """A digest that waits to be let go."""

    def __init__(self):
        self.gate = threading.Event()
        self.octets = 0

    def update(self, data):
        self.gate.wait()
        self.octets += len(data)

    def finalize(self):
        return self.octets.to_bytes(8, "big")

    def copy(self):
        raise NotImplementedError


def test_the_caller_waits_when_the_thread_is_behind(monkeypatch):
    slow = _Slow()
    monkeypatch.setattr(second_thread.digests, "new", lambda _: slow)
    given_in = []

    def feed():
        with SecondThread() as thread:
            digest = thread.new("sha256")
            for number in range(20):
                digest.update(bytes(_BLOCK))
                given_in.append(number)
            given_in.append(digest.finalize())

    caller = threading.Thread(target=feed)
    caller.start()
    for _ in range(1000):
        if len(given_in) == second_thread._BLOCKS:
            break
        caller.join(0.01)
    caller.join(0.1)
    assert caller.is_alive()
    assert len(given_in) == second_thread._BLOCKS  # every block waits for the thread
    slow.gate.set()
    caller.join()
    assert given_in[-1] == (20 * _BLOCK).to_bytes(8, "big")


class _Broken(_Slow):
    def update(self, data):
        raise MemoryError("no room to hash")


def test_what_goes_wrong_in_the_thread_is_raised_where_the_digest_is_wanted(monkeypatch):
    monkeypatch.setattr(second_thread.digests, "new", lambda _: _Broken())
    with SecondThread() as thread:
        digest = thread.new("sha256")
        for _ in range(20):
            digest.update(bytes(_BLOCK))  # never blocks for good
        with pytest.raises(MemoryError, match="no room to hash"):
            digest.finalize()
    assert not _ours()


def test_the_thread_ends_with_the_context_when_the_caller_fails():
    def fail():
        with SecondThread() as thread:
            thread.new("sha256").update(bytes(3 * _BLOCK))
            assert len(_ours()) == 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not _ours()
