"""The cffi builder of `smime._kernels._accel`: setup.py names it, setuptools runs it from the project's root.

Every ``csrc/*.c`` is compiled, and what ``csrc/smime_api.h`` declares is what Python sees: a new kernel needs no change here.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
from pathlib import Path

from cffi import FFI

HEADER = Path("csrc", "smime_api.h")
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

if sys.platform == "win32":
    compile_arguments = ["/O2"]
else:
    compile_arguments = ["-std=c11", "-O3", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unused-parameter"]
extra = shlex.split(os.environ.get("SMIME_CFLAGS", ""))  # the sanitizer build: fuzz/sanitize.sh


def declarations(text: str) -> str:
    """Return a C header without its preprocessor lines: what is left is what cffi reads."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


ffibuilder = FFI()
ffibuilder.cdef(declarations(HEADER.read_text(encoding="ascii")))
ffibuilder.set_source(
    "smime._kernels._accel",
    '#include "smime_api.h"\n',
    sources=sorted(path.as_posix() for path in Path("csrc").glob("*.c")),
    depends=sorted(path.as_posix() for path in Path("csrc").glob("*.h")),
    include_dirs=["csrc"],
    py_limited_api=not FREE_THREADED,
    define_macros=[] if FREE_THREADED else [("Py_LIMITED_API", "0x030A0000")],
    extra_compile_args=compile_arguments + extra,
    extra_link_args=extra,
)
