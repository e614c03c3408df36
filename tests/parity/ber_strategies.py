"""BER made at random, mostly well-formed, and spoilt now and then: what the parity tests of der and ber share."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st


def length_octets(length: int, padding: int) -> bytes:
    """Return length octets; padding > 0: the long form with that many leading zeros more than it needs."""
    if length < 0x80 and not padding:
        return bytes((length,))
    octets = length.to_bytes(max(1, (length.bit_length() + 7) // 8), "big")
    octets = bytes(max(padding - 1, 0)) + octets
    return bytes((0x80 | len(octets),)) + octets


@st.composite
def element(draw: st.DrawFn, depth: int = 4) -> bytes:
    """Return one element."""
    padding = draw(st.sampled_from([0, 0, 0, 0, 1, 2, 5]))
    if depth and draw(st.booleans()):
        identifier = draw(st.sampled_from([b"\x30", b"\x31", b"\x24", b"\xa0", b"\xa1", b"\x3f\x1f", b"\x7f\x81\x00", b"\x23"]))
        parts = draw(st.lists(element(depth - 1), max_size=5))
        if draw(st.booleans()):
            parts.sort()
        content = b"".join(parts)
        if draw(st.sampled_from([False, False, True])):
            return identifier + b"\x80" + content + b"\x00\x00"
        return identifier + length_octets(len(content), padding) + content
    identifier = draw(
        st.sampled_from(
            [b"\x01", b"\x02", b"\x03", b"\x04", b"\x04", b"\x05", b"\x06", b"\x0c", b"\x17", b"\x18", b"\x80", b"\x9f\x85\x23", b"\x10"]
        )
    )
    content = draw(
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(
                [b"", b"\x00", b"\xff", b"\x00\x80", b"\x00\x7f", b"\xff\x80", b"\x07\x80", b"\x01\x01", b"\x2a\x86\x48", b"\x2a\x80\x01"]
            ),
            st.sampled_from(
                [b"260102030405Z", b"2601020304Z", b"20260102030405Z", b"20260102030405.5Z", b"20260102030405.50Z", b"20260102030405"]
            ),
        )
    )
    return identifier + length_octets(len(content), padding) + content


@st.composite
def octet_string(draw: st.DrawFn, depth: int = 5, tag: int = 0x04) -> tuple[bytes, bytes]:
    """Return an OCTET STRING element and its content octets."""
    padding = draw(st.sampled_from([0, 0, 0, 1, 3]))
    if depth and draw(st.booleans()):
        parts = draw(st.lists(octet_string(depth - 1), max_size=5))
        content = b"".join(part for part, _ in parts)
        octets = b"".join(inner for _, inner in parts)
        if draw(st.booleans()):
            return bytes((tag | 0x20, 0x80)) + content + b"\x00\x00", octets
        return bytes((tag | 0x20,)) + length_octets(len(content), padding) + content, octets
    octets = draw(
        st.one_of(
            st.binary(max_size=12),
            st.sampled_from([100, 300, 5000, 8191, 8192, 20_000]).map(lambda size: bytes(range(256)) * (size // 256) + bytes(size % 256)),
        )
    )
    return bytes((tag,)) + length_octets(len(octets), padding) + octets, octets


@st.composite
def spoilt(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> bytes:
    """Return what a strategy makes, often with an octet changed, dropped or added, or cut off."""
    octets = bytearray(draw(source))
    for _ in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
        if not octets:
            break
        at = draw(st.integers(0, len(octets) - 1))
        match draw(st.sampled_from(["change", "drop", "add", "cut"])):
            case "change":
                octets[at] = draw(st.one_of(st.integers(0, 255), st.sampled_from([0, 0x80, 0x81, 0x84, 0xFF, 0x24, 0x04, 0x3F])))
            case "drop":
                del octets[at]
            case "add":
                octets.insert(at, draw(st.integers(0, 255)))
            case "cut":
                del octets[at:]
    return bytes(octets)


def cuts(data: bytes, points: list[int]) -> list[bytes]:
    """Return the octets cut at some points."""
    places = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[start:end] for start, end in pairwise(places)]
