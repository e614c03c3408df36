from __future__ import annotations

import zlib as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import Limits
from smime.transforms import zlib

MB = 1 << 20


@given(st.binary(max_size=300), st.sampled_from([1, 2, 2000]), st.lists(st.integers(0, 2000), max_size=5), st.sampled_from([-1, 0, 1, 9]))
def test_round_trip(data, times, cuts, level):
    data *= times
    compressor = zlib.Compressor(level)
    stream = compressor.update(memoryview(data)) + compressor.finalize()
    assert reference.decompress(stream) == reference.decompress(zlib.compress(data, level)) == data
    edges = [0, *sorted(cuts), len(stream)]
    decompressor = zlib.Decompressor()
    content = b"".join(decompressor.update(stream[a:b]) for a, b in zip(edges, [*edges[1:], None], strict=True))
    assert content + decompressor.finalize() == data == zlib.decompress(bytearray(stream))
    assert (decompressor.total_in, decompressor.total_out) == (len(stream), len(data))


def test_large_content_comes_in_bounded_pieces():
    stream = reference.compress(bytes(40 * MB))
    decompressor = zlib.Decompressor()
    sizes = [len(piece) for piece in decompressor.pieces(stream)]
    assert sum(sizes) == 40 * MB
    assert max(sizes) <= 1 << 18
    decompressor.finalize()


@pytest.mark.parametrize("step", [1, 7, 1 << 16])
def test_offsets_do_not_depend_on_chunks(step):
    def run(stream):
        decompressor = zlib.Decompressor()
        for start in range(0, len(stream), step):
            decompressor.update(stream[start : start + step])
        decompressor.finalize()

    good = reference.compress(b"content" * 20)
    run(good)
    dictionary = reference.compressobj(zdict=b"content")
    for stream, offset, reason in (
        (good + b"\x00", len(good), "follow"),
        (good + good, len(good), "follow"),
        (good[:-1], len(good) - 1, "cut off"),
        (b"", 0, "cut off"),
        (good[:1], 1, "cut off"),
        (dictionary.compress(b"content") + dictionary.flush(), 1, "dictionary"),
        (good[:-1] + bytes([good[-1] ^ 1]), None, "incorrect data check"),
        (b"\x00" + good[1:], None, "incorrect header check"),
        (b"Hello", None, "header"),
    ):
        with pytest.raises(ParseError, match=reason) as error:
            run(stream)
        assert (error.value.layer, error.value.offset) == ("zlib", offset)


def test_a_bomb_meets_the_size():
    stream = reference.compress(bytes(40 * MB))
    with pytest.raises(LimitExceeded, match="decompressed_size"):
        zlib.decompress(stream, Limits(decompressed_size=8 * MB))
    decompressor, given_out = zlib.Decompressor(Limits(decompressed_size=8 * MB)), 0
    pieces = decompressor.pieces(stream)
    while given_out + (1 << 18) <= 8 * MB:
        given_out += len(next(pieces))
    with pytest.raises(LimitExceeded):
        next(pieces)
    assert given_out <= 8 * MB


def test_a_bomb_meets_the_ratio():
    limits = Limits(decompression_ratio=100)
    with pytest.raises(LimitExceeded, match="decompression_ratio"):
        zlib.decompress(reference.compress(bytes(8 * MB)), limits)
    zlib.decompress(reference.compress(bytes(MB)), limits)  # below 1 MiB any ratio is harmless
    zlib.decompress(reference.compress(bytes(range(256)) * 8), limits)


@given(st.binary(max_size=100))
def test_no_octets_make_another_exception(octets):
    try:
        zlib.decompress(octets)
    except SMIMEError:
        return
    assert reference.decompress(octets) is not None
