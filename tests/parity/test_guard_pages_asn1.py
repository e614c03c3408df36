"""The kernels of DER and BER do not read outside what they are given, wherever it is cut off: pages beside it may not be touched."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = r"""
import ctypes, mmap, sys
from smime.errors import SMIMEError
from smime._kernels._accel import ffi, lib
from smime._kernels.c import ber, der

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
memory = mmap.mmap(-1, 4 * PAGE)
view = memoryview(memory)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
for page in (0, 3):
    if libc.mprotect(ctypes.c_void_p(start + page * PAGE), PAGE, 0):
        sys.exit("mprotect does not work here")

samples = [bytes.fromhex(text) for text in sys.argv[1].split()]


def places(data):
    for place in (view[PAGE : PAGE + len(data)], view[3 * PAGE - len(data) : 3 * PAGE]):
        place[:] = data
        yield place


for sample in samples:
    for size in range(1, len(sample) + 1):
        for place in places(sample[:size]):
            for call in (
                lambda: der.index(place, 0, size, 64, 1000),
                lambda: der.index(place, 0, size, 64, 1000, 1, False, True),
                lambda: ber.Octets(0, ber.UNBOUNDED, 64, 1000).update(place),
                lambda: lib.smime_certificate_read(ffi.from_buffer(place), size, ffi.new("uint32_t[]", 200)),
                lambda: ber.Skipper(0, ber.UNBOUNDED, 64, 1000).update(place),
            ):
                try:
                    call()
                except SMIMEError:
                    pass
print("untouched")
"""

# a certificate whose parts are as small as they may be
CERTIFICATE = (
    "3045303ca00302010202010130003000300417001800300c310a300806035504030c01413000a318"
    "3016300a0603551d130101ff040030080603551d1104014130000303006162"
)
SAMPLES = (
    "30820010020101060960864801650304020105000101ff",
    "308031803080020101000030800201010000000000003f81810100",
    "24800403616263248004016400000000",
    "0484000000036162633f",
    "31110c0161030200800302008017013018013030060180",
    "7f818001053080308030803080",
    "30fe" + "00" * 130,
    CERTIFICATE,
)


@pytest.mark.skipif(sys.platform == "win32", reason="mprotect is POSIX")
def test_nothing_outside_is_read() -> None:
    pytest.importorskip("smime._kernels.c", reason="a build without the extension")
    done = subprocess.run([sys.executable, "-c", SCRIPT, " ".join(SAMPLES)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "untouched"), done.stderr
