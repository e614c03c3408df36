"""Canonical line ends: RFC 8551 section 3.1.1.

Every LF without a CR gets one; a bare CR stays. `CanonicalLines` also watches for what a transport may harm: octets above 127, NUL, bare
CR, long lines (RFC 5322 section 2.1.1 allows 998 octets). Its ``update`` returns the very object it was given when there was nothing to do.
"""

from __future__ import annotations

from smime._kernels import lines as _kernel

__all__ = ["CanonicalLines", "canonicalize", "look"]

CanonicalLines = _kernel.CanonicalLines
canonicalize = _kernel.canonicalize
look = _kernel.look
