from __future__ import annotations

import ctypes
import mmap
import os

import pytest

from smime.operations.buffers import OneRoom, room


@pytest.mark.parametrize("size", [1, 4095, 4096, 1 << 20])
def test_room_begins_with_a_page(size):
    view = room(size)
    assert len(view) == size
    assert not view.readonly
    assert ctypes.addressof(ctypes.c_char.from_buffer(view)) % mmap.PAGESIZE == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_room_is_not_shared_with_a_process_that_is_forked():
    view = room(4096)
    view[:6] = b"parent"
    child = os.fork()
    if not child:
        view[:6] = b"child!"
        os._exit(0)
    os.waitpid(child, 0)
    assert view[:6] == b"parent"


def test_one_room_grows_and_stays():
    rooms = OneRoom()
    first = rooms.next(100)
    first[:3] = b"abc"
    assert rooms.next(50) is first
    larger = rooms.next(200)
    assert len(larger) >= 200
    assert rooms.next(100) is larger
    assert first[:3] == b"abc"
