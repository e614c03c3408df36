from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smime.memory import Cache


def test_what_was_used_last_stays() -> None:
    cache: Cache[int, str] = Cache(8)
    cache.put(0, "kept")
    for number in range(1, 100):
        cache.put(number, "x")
        assert cache.get(0) == "kept"
        assert len(cache) <= 8
    assert cache.get(50) is None
    cache.clear()
    assert cache.get(0) is None


@given(st.integers(2, 20), st.lists(st.integers(0, 30), max_size=200))
def test_a_cache_is_bounded_and_never_wrong(size: int, keys: list[int]) -> None:
    cache: Cache[int, int] = Cache(size)
    for key in keys:
        assert cache.get(key) in {None, key * key}
        cache.put(key, key * key)
        assert cache.get(key) == key * key
        assert len(cache) <= size
