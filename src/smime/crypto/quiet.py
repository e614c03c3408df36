"""What `cryptography` warns of: kinds of certificates and keys that it will refuse one day.

Who writes a message chooses what is in it, and would write to the standard error of whoever reads it. What matters about a certificate or a
key is a finding. So these warnings are ignored, where modules of this package cause them, and nowhere else.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["quietly"]

T = TypeVar("T")


def _ignore() -> None:
    # a filter rather than catch_warnings, which would change, and perhaps leave changed, what other threads see
    warnings.filterwarnings("ignore", category=UserWarning, module=r"smime\.(?:crypto|x509|pki)\.")


def quietly(function: Callable[..., T], *arguments: Any) -> T:
    """Return what a function of `cryptography` returns, also where somebody has made errors of all warnings since the import."""
    try:
        return function(*arguments)
    except Warning:
        _ignore()
        return function(*arguments)


_ignore()
