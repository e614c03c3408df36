"""INTEGERs in algorithm parameters, which are counts and lengths."""

from __future__ import annotations

from smime.asn1 import der

__all__ = ["small"]

_BOUND = 1 << 63


def small(element: der.Element) -> int:
    """Return the value of an INTEGER, or the nearest of ±2^63.

    No count or length is beyond that, so that comparisons come out the same; and a number with thousands of digits can neither be printed
    (Python refuses) nor slows down what is computed with it.
    """
    return max(-_BOUND, min(element.expect(der.INTEGER).as_integer(), _BOUND))
