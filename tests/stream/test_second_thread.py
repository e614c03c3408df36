from __future__ import annotations

import hashlib
import os
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


_HOW = st.sampled_from(["in place", "half", "copied"])


def _in_place(thread, rooms, digest, octets):
    """Hash octets where they stand; return the room."""
    view = rooms.next(len(octets))
    view[: len(octets)] = octets
    digest.update(view[: len(octets)])
    return view


@given(
    pieces=st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.integers(0, _BLOCK // 4), _HOW), max_size=10),
    copy_at=st.integers(0, 10),
)
@settings(max_examples=60, deadline=None)
def test_octets_in_rooms_are_hashed_in_their_order(pieces, copy_at):
    expected, copied = hashlib.sha256(), None
    with SecondThread() as thread:
        digest, other = thread.new("sha256"), None
        rooms = thread.rooms()
        for number, (pattern, times, how) in enumerate(pieces):
            data = pattern * times
            if number == copy_at:
                other, copied = digest.copy(), expected.copy()
            if how == "copied":
                digest.update(data)
            else:
                view = rooms.next(len(data) or 1)
                view[: len(data)] = data
                if how == "half":
                    digest.update(view[: len(data) // 2])
                    digest.update(view[len(data) // 2 : len(data)])
                else:
                    digest.update(view[: len(data)])
            expected.update(data)
        assert digest.finalize() == expected.digest()
        if other is not None:
            assert other.finalize() == copied.digest()
    assert not _ours()


def test_a_room_is_used_again_only_when_its_octets_are_hashed(monkeypatch):
    slow = _Slow()
    monkeypatch.setattr(second_thread.digests, "new", lambda _: slow)
    with SecondThread() as thread:
        digest, rooms = thread.new("sha256"), thread.rooms()
        seen = [_in_place(thread, rooms, digest, bytes(_BLOCK)) for _ in range(second_thread._ROOMS)]
        assert len({id(view) for view in seen}) == second_thread._ROOMS
        got = []
        waiting = threading.Thread(target=lambda: got.append(rooms.next(_BLOCK)))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        slow.gate.set()
        waiting.join()
        assert got[0] is seen[0]
        assert digest.finalize() == (second_thread._ROOMS * _BLOCK).to_bytes(8, "big")


def test_a_room_whose_octets_nobody_hashes_is_used_again_at_once():
    with SecondThread() as thread:
        rooms = thread.rooms()
        assert rooms.next(_BLOCK) is rooms.next(_BLOCK)
        larger = rooms.next(2 * _BLOCK)
        assert len(larger) == 2 * _BLOCK
        assert rooms.next(_BLOCK) is larger
        assert not _ours()


def test_what_stands_elsewhere_is_copied():
    """The buffer is the caller's again when `update` returns, though rooms are in use."""
    data = bytes(range(256)) * (_BLOCK // 256)
    with SecondThread() as thread:
        digest, rooms = thread.new("sha256"), thread.rooms()
        lent = rooms.next(_BLOCK)
        lent[:] = data
        digest.update(lent)
        buffer = bytearray(data)
        digest.update(buffer)
        buffer[:] = bytes(len(buffer))
        rooms.next(_BLOCK)
        assert digest.finalize() == hashlib.sha256(data * 2).digest()


def test_rooms_of_a_thread_that_cannot_be_started(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    data = [bytes([number]) * _BLOCK for number in range(3 * second_thread._ROOMS)]
    with SecondThread() as thread:
        digest, rooms = thread.new("sha256"), thread.rooms()
        for octets in data:
            _in_place(thread, rooms, digest, octets)
        assert digest.finalize() == hashlib.sha256(b"".join(data)).digest()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_does_not_wait_for_a_room():
    with SecondThread() as thread:
        digest, rooms = thread.new("sha256"), thread.rooms()
        gate = threading.Event()
        _in_place(thread, rooms, digest, bytes(_BLOCK))
        thread.do(gate.wait, 1)
        child = os.fork()
        if not child:
            try:
                for _ in range(2 * second_thread._ROOMS):
                    _in_place(thread, rooms, digest, bytes(_BLOCK))
            except RuntimeError:
                os._exit(7)
            os._exit(1)
        gate.set()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
