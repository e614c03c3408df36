"""The extension switch; everything else about the package stands in pyproject.toml.

``SMIME_EXTENSION`` is one of

- ``auto`` (default): build the compiled kernels where a C compiler and Python's headers are at hand, else fall back to pure Python;
- ``require``: build them or fail;
- ``no``: a pure wheel, ``py3-none-any``.

The wheel is ``cp310-abi3``. Free-threaded interpreters have no stable ABI yet: they get a wheel with their own tag.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from setuptools import setup

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def compiler_works() -> bool:
    """Compile a file that includes Python.h: true if a compiler, the headers and cffi are here."""
    try:
        import cffi  # noqa: F401, PLC0415 # only to see whether it is there
        from setuptools._distutils.ccompiler import new_compiler  # noqa: PLC0415 # not needed for a pure wheel
        from setuptools._distutils.sysconfig import customize_compiler  # noqa: PLC0415

        compiler = new_compiler()
        customize_compiler(compiler)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("#include <Python.h>\nint probe(void) { return 0; }\n", encoding="ascii")
            compiler.compile([str(source)], output_dir=folder, include_dirs=[sysconfig.get_paths()["include"]])
    except Exception as error:  # noqa: BLE001 # whatever the reason is, the answer is no
        print(f"smime: no compiled kernels, pure Python instead ({type(error).__name__}: {error})", file=sys.stderr)
        return False
    return True


def extension_arguments() -> dict[str, Any]:
    """Return the arguments of `setup` that build the extension, or none of them."""
    switch = os.environ.get("SMIME_EXTENSION", "auto")
    if switch not in {"auto", "require", "no"}:
        sys.exit(f"SMIME_EXTENSION={switch}: must be auto, require or no")
    if switch == "no":
        return {}
    if switch == "auto" and (platform.python_implementation() != "CPython" or not compiler_works()):
        return {}
    arguments: dict[str, Any] = {"cffi_modules": ["csrc/build_accel.py:ffibuilder"]}
    if not FREE_THREADED:
        arguments["options"] = {"bdist_wheel": {"py_limited_api": "cp310"}}  # cffi tells build_ext, nobody tells bdist_wheel
    return arguments


setup(**extension_arguments())
