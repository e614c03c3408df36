"""Octets cut into chunks anywhere."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut at these places, taken modulo the length; every piece is kept but empty ones."""
    marks = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(marks)]


places = st.lists(st.integers(min_value=0, max_value=1 << 20), max_size=12)
"""Where to cut."""

one_by_one = list(range(1 << 12))
"""Cuts behind each octet."""
