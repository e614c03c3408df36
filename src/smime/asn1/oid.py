"""Object identifiers: dotted form and content octets (X.690 section 8.19)."""

from __future__ import annotations

from functools import lru_cache

from smime.errors import ParseError

__all__ = ["MAX_ARC_OCTETS", "MAX_OCTETS", "decode", "encode"]

MAX_OCTETS = 512
MAX_ARC_OCTETS = 19  # 128-bit UUIDs under 2.25 are the longest in use


@lru_cache(maxsize=1024)
def encode(dotted: str) -> bytes:
    """Return the content octets of an object identifier in dotted form.

    Raises:
        ValueError: it is not one.
    """
    arcs = [int(arc) for arc in dotted.split(".") if arc.isascii() and arc.isdigit()]
    if len(arcs) < 2 or len(arcs) != dotted.count(".") + 1 or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise ValueError(f"not an object identifier: {dotted!r}")
    out = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(arc & 0x7F | 0x80)
        out += bytes(reversed(octets))
    return bytes(out)


@lru_cache(maxsize=1024)
def decode(content: bytes) -> str:
    """Return the dotted form of an object identifier's content octets.

    Raises:
        ParseError: they are empty, end inside an arc, pad an arc with zeros, or are absurdly long.
    """
    if not content or content[-1] >= 0x80:
        raise ParseError("der", "an OBJECT IDENTIFIER without an end")
    if len(content) > MAX_OCTETS:
        raise ParseError("der", f"an OBJECT IDENTIFIER of {len(content)} octets")
    arcs: list[int] = []
    arc = size = 0
    for octet in content:
        if not size and octet == 0x80:
            raise ParseError("der", "an OBJECT IDENTIFIER with a padded arc")
        arc = arc << 7 | octet & 0x7F
        size += 1
        if size > MAX_ARC_OCTETS:
            raise ParseError("der", "an OBJECT IDENTIFIER with an arc beyond all reason")
        if octet < 0x80:
            arcs.append(arc)
            arc = size = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
