"""The kernels in C: thin Python faces of the compiled module, which only this package imports.

No exported buffer may outlive the call that made it, so a frame that raises lets go of it first: an error that ends up in a reference cycle
keeps its frames, and CPython (3.11 at least) crashes when the garbage collector meets a memoryview that is still exported.

Attributes:
    ISA: the instruction set that new kernel states are given. Chosen once at import; tests set it to run every one in one process.
    ISAS: the numbers of the instruction sets that this machine has, best last.
    ISA_NAMES: number to name, as in ``SMIME_ISA``.
"""

from __future__ import annotations

from smime._kernels._accel import lib

__all__ = ["ISA", "ISAS", "ISA_NAMES", "isa_number"]

ISA_NAMES: dict[int, str] = {
    lib.SMIME_ISA_SCALAR: "scalar",
    lib.SMIME_ISA_AVX2: "avx2",
    lib.SMIME_ISA_AVX512VBMI: "avx512vbmi",
    lib.SMIME_ISA_NEON: "neon",
}

_mask: int = lib.smime_isas()
ISAS: tuple[int, ...] = tuple(number for number in ISA_NAMES if _mask >> number & 1)
ISA: int = ISAS[-1]


def isa_number(name: str) -> int:
    """Return the number of a named instruction set.

    Raises:
        ImportError: it is unknown, or this machine does not have it.
    """
    for number in ISAS:
        if ISA_NAMES[number] == name:
            return number
    raise ImportError(f"SMIME_ISA={name}: this machine has {', '.join(ISA_NAMES[number] for number in ISAS)} and python")
