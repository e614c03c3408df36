"""No kernel reads or writes outside its buffers: they lie between pages that may not be touched, in a process that may die of it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Backend

SCRIPT = r"""
import base64 as stdlib, ctypes, mmap, sys
from smime._kernels import c
from smime._kernels._accel import ffi, lib
from smime._kernels.c import base64, lines, quoted_printable

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)


class Guarded:
    def __init__(self):
        self.map = mmap.mmap(-1, 4 * PAGE)
        self.view = memoryview(self.map)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        for page in (0, 3):
            if libc.mprotect(ctypes.c_void_p(start + page * PAGE), PAGE, 0):
                sys.exit("mprotect does not work here")

    def places(self, size):
        yield self.view[PAGE : PAGE + size]
        yield self.view[3 * PAGE - size : 3 * PAGE]

    def put(self, data):
        for place in self.places(len(data)):
            place[:] = data
            yield place


c.ISA = c.isa_number(sys.argv[1])
source, target = Guarded(), Guarded()
made_size = ffi.new("size_t *")
taken = ffi.new("size_t *")
pattern = bytes(i * 37 % 256 for i in range(4096))
text = b"Some =C3=A4 text with \t blanks \r\nsoft=\r\n breaks\n and \r others, plain words and more plain words " * 60
ordinary = b"plain words and more plain words, none of which needs an escape, on and on " * 60


def at(view):
    return ffi.from_buffer("uint8_t[]", view)


for size in (*range(1, 330), 1000, 2047, 3800):
    data = pattern[:size]
    coded = stdlib.encodebytes(data).replace(b"\n", b"\r\n")
    plain = stdlib.b64encode(data)
    for place in source.put(data):
        for wanted, length in ((coded, 76), (plain, 0)):
            cap = len(wanted)
            for out in target.places(cap):
                assert lib.smime_base64_encode_all(c.ISA, length, 1, at(place), size, at(out), cap) == cap
                assert out == wanted
        lines.CanonicalLines().update(place)
        quoted_printable.decode(place)
        quoted_printable.encode(place)
    for wanted in (coded, plain):
        for place in source.put(wanted):
            cap = (len(place) // 4 + 1) * 3
            for out in target.places(cap):
                made = lib.smime_base64_decode_all(c.ISA, 0, at(place), len(place), at(out), cap)
                assert out[:made] == data[:made]
    for sample in (text[:size], ordinary[:size]):
        for place in source.put(sample):
            state = ffi.new("smime_lines *")
            lib.smime_lines_init(state, c.ISA)
            bare = lib.smime_lines_scan(state, at(place), size)
            for out in target.places(size + bare):
                assert lib.smime_lines_expand(state, at(place), size, bare, at(out), size + bare) == size + bare
            for out in target.places(size + 136):
                state = ffi.new("smime_qp_decoder *")
                lib.smime_qp_decoder_init(state, c.ISA)
                lib.smime_qp_decode(state, at(place), size, taken, at(out), size + 136, made_size)
            for cap in (64, 65, 127, 128, 129, 200):
                for out in target.places(cap):
                    state = ffi.new("smime_qp_encoder *")
                    lib.smime_qp_encoder_init(state, c.ISA, 1)
                    lib.smime_qp_encode(state, at(place), size, taken, at(out), cap, made_size)
print("untouched")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="mprotect is POSIX")
def test_nothing_outside_is_touched(backend: Backend) -> None:
    form, _, isa = backend.name.partition("/")
    if form == "python":
        pytest.skip("Python does not read outside")
    done = subprocess.run([sys.executable, "-c", SCRIPT, isa], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "untouched"), done.stderr
