"""The hot loops, each in two forms with one behaviour: C (``_kernels.c``) and Python (``_kernels.python``).

Which form runs is chosen once, when this module is imported: C if the compiled module is there, else Python. The environment variable
``SMIME_ISA`` forces one: ``python``, ``scalar``, ``avx2``, ``avx512vbmi`` or ``neon``; one that is not to be had is an ImportError, so
that a test run never passes on something else than it names.

A family is imported when it is first asked for::

    from smime._kernels import base64

Attributes:
    BACKEND: what was chosen: ``"python"``, ``"c/scalar"``, ``"c/avx2"``, ``"c/avx512vbmi"`` or ``"c/neon"``.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from smime._kernels.python import base64, ber, certificate, der, hazards, header, lines, mbox, parts, quoted_printable, split

__all__ = ["BACKEND", "base64", "ber", "certificate", "der", "hazards", "header", "lines", "mbox", "parts", "quoted_printable", "split"]

_FAMILIES = frozenset({"base64", "ber", "certificate", "der", "hazards", "header", "lines", "mbox", "parts", "quoted_printable", "split"})


def _choose(wish: str) -> str:
    if wish == "python":
        return "python"
    try:
        from smime._kernels import c  # noqa: PLC0415 # the one place that may do without it
    except ImportError:
        if wish:
            raise
        return "python"
    if wish:
        c.ISA = c.isa_number(wish)
    return f"c/{c.ISA_NAMES[c.ISA]}"


BACKEND: str = _choose(os.environ.get("SMIME_ISA", ""))


def __getattr__(name: str) -> ModuleType:
    if name not in _FAMILIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    form = "python" if BACKEND == "python" else "c"
    family = import_module(f"{__name__}.{form}.{name}")
    globals()[name] = family
    return family
