"""Flat index of a BER/DER structure, in Python. The twin of `smime._kernels.c.der`.

An index is a flat sequence of unsigned integers, `FIELDS` for each element, in the order of the elements' first octets:

===========  ==========================================================================
``TAG``      the identifier octet; for high tag numbers ``number << 8 | identifier octet``
``START``    offset of the identifier octet
``CONTENT``  offset of the first content octet
``STOP``     offset behind the last content octet
``END``      offset behind the element (``STOP + 2`` where the length is indefinite)
``NEXT``     position *in the index* of the first element that is not inside this one
===========  ==========================================================================

The first child of the element at ``e`` is at ``e + FIELDS``, if ``index[e + NEXT] > e + FIELDS``.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from smime._kernels.status import (
    DER_BAD_LENGTH,
    DER_BAD_TAG,
    DER_BEYOND_PARENT,
    DER_INDEFINITE_PRIMITIVE,
    DER_NO_END,
    DER_TOO_DEEP,
    DER_TOO_MANY,
    DER_TRUNCATED,
    DER_UNEXPECTED_END,
)
from smime._kernels.status import error as status_error
from smime.errors import LimitExceeded, SMIMEError

__all__ = ["CONTENT", "END", "FIELDS", "MAX_TAG_NUMBER", "MAX_DEPTH", "MAX_OFFSET", "NEXT", "START", "STOP", "TAG", "error", "index"]

TAG, START, CONTENT, STOP, END, NEXT = range(6)
FIELDS = 6
MAX_TAG_NUMBER = (1 << 24) - 1
MAX_OFFSET = (1 << 32) - 1
MAX_DEPTH = 256  # the C twin's stack; a limit above it means it


def error(status: int, offset: int, depth: int, elements: int, limit_name: str = "asn1_elements") -> SMIMEError:
    """Return the exception that a negative status of a BER or DER kernel stands for."""
    if status == DER_TOO_DEEP:
        return LimitExceeded("asn1_depth", depth, offset)
    if status == DER_TOO_MANY:
        return LimitExceeded(limit_name, elements, offset)
    return status_error(status, offset)


def index(  # hot: positional
    data: bytes | bytearray | memoryview,
    start: int,
    end: int,
    depth: int,
    elements: int,
    leaf: int = MAX_OFFSET,
    inside: bool = True,
    siblings: bool = False,
) -> tuple[Sequence[int], int, int]:
    """Index the element at ``data[start]``.

    Args:
        data: octets; what lies behind the element is not looked at.
        start: where the element begins.
        end: where the input ends.
        depth: limit on nested constructed elements.
        elements: limit on elements, those that are not reported included.
        leaf: elements nested this deep (the outermost is at 0) are reported but nothing inside them is.
        inside: look into definite-length elements at depth `leaf` all the same, for their DER-ness and for faults.
        siblings: index all the elements up to `end`, or up to end-of-contents octets outside all of them.

    Returns:
        The index, the offset behind the (last) element, and the offset of the first element that is not DER as far as octets without a
        schema can tell, or -1.

    Raises:
        ParseError: layer ``"ber"``.
        LimitExceeded: ``asn1_depth`` or ``asn1_elements``.
    """
    if end > MAX_OFFSET:
        raise error(DER_TRUNCATED, MAX_OFFSET, depth, elements)
    view = data if isinstance(data, bytes) else memoryview(data).cast("B")
    out = array("I")
    non_der = -1
    count = 0
    depth = min(depth, MAX_DEPTH)
    # open levels: (limit for what is inside, it is that of an element, the level is indefinite, position in the index or -1, offset of the
    # element, previous child's start and end, is a SET)
    stack: list[tuple[int, bool, bool, int, int, int, int, bool]] = []
    limit, bounded, indefinite, position, opened = end, False, False, -1, start
    previous_start, previous_end, is_set = -1, -1, False
    at = start
    while True:
        # -- ends of open elements --
        while stack and not indefinite and at == limit:
            if position >= 0:
                out[position + NEXT] = len(out)
            closed = opened
            limit, bounded, indefinite, position, opened, previous_start, previous_end, is_set = stack.pop()
            if is_set and previous_start >= 0 and non_der < 0 and not _in_order(view, previous_start, previous_end, closed, at):
                non_der = closed
            previous_start, previous_end = closed, at
        if not stack and (not siblings or at == end) and (at != start or siblings):
            return out, at, non_der
        # -- identifier octets --
        begin = at
        if at >= limit:
            raise error(DER_NO_END if bounded else DER_TRUNCATED, at, depth, elements)
        identifier = view[at]
        at += 1
        tag = identifier
        if identifier & 0x1F == 0x1F:
            number = 0
            while True:
                if at >= limit:
                    raise error(DER_BEYOND_PARENT if bounded else DER_TRUNCATED, begin, depth, elements)
                octet = view[at]
                at += 1
                if octet == 0x80 and number == 0:
                    raise error(DER_BAD_TAG, begin, depth, elements)
                number = number << 7 | octet & 0x7F
                if number > MAX_TAG_NUMBER:
                    raise error(DER_BAD_TAG, begin, depth, elements)
                if octet < 0x80:
                    break
            if number < 0x1F:
                raise error(DER_BAD_TAG, begin, depth, elements)
            tag = number << 8 | identifier
        # -- length octets --
        if at >= limit:
            raise error(DER_BEYOND_PARENT if bounded else DER_TRUNCATED, begin, depth, elements)
        length = view[at]
        at += 1
        der = True
        open_ended = length == 0x80
        if open_ended:
            length = 0
            der = False
        elif length > 0x80:
            octets = length & 0x7F
            if octets == 0x7F:
                raise error(DER_BAD_LENGTH, begin, depth, elements)
            if at + octets > limit:
                raise error(DER_BEYOND_PARENT if bounded else DER_TRUNCATED, begin, depth, elements)
            der = view[at] != 0
            length = int.from_bytes(view[at : at + octets], "big")
            der = der and length >= 0x80
            at += octets
        # -- end-of-contents octets --
        if tag == 0:
            if open_ended or length:
                raise error(DER_BAD_TAG, begin, depth, elements)
            if not stack and siblings:
                return out, begin, non_der
            if not indefinite or at != begin + 2:
                raise error(DER_UNEXPECTED_END, begin, depth, elements)
            if position >= 0:
                out[position + STOP] = begin
                out[position + END] = at
                out[position + NEXT] = len(out)
            closed = opened
            limit, bounded, indefinite, position, opened, previous_start, previous_end, is_set = stack.pop()
            previous_start, previous_end = closed, at
            continue
        if length > limit - at:
            raise error(DER_BEYOND_PARENT if bounded else DER_TRUNCATED, begin, depth, elements)
        if open_ended and not identifier & 0x20:
            raise error(DER_INDEFINITE_PRIMITIVE, begin, depth, elements)
        count += 1
        if count > elements:
            raise error(DER_TOO_MANY, begin, depth, elements)
        stop = at + length
        if non_der < 0 and not (der and _is_der(view, tag, at, stop)):
            non_der = begin
        level = len(stack)
        entry = -1
        if level <= leaf:
            entry = len(out)
            out.extend((tag, begin, at, stop, stop, entry + FIELDS))
        if identifier & 0x20 and (open_ended or level < leaf or inside):
            if level >= depth:
                raise error(DER_TOO_DEEP, begin, depth, elements)
            stack.append((limit, bounded, indefinite, position, opened, previous_start, previous_end, is_set))
            if not open_ended:
                limit, bounded = stop, True
            indefinite, position, opened = open_ended, entry, begin
            previous_start, previous_end, is_set = -1, -1, tag == 0x31
            continue
        at = stop
        if is_set and previous_start >= 0 and non_der < 0 and not _in_order(view, previous_start, previous_end, begin, at):
            non_der = begin
        previous_start, previous_end = begin, at


_CONSTRUCTED_ONLY = frozenset({0x08, 0x0B, 0x10, 0x11, 0x1D})  # EXTERNAL, EMBEDDED PDV, SEQUENCE, SET, CHARACTER STRING


def _is_der(view: bytes | memoryview, tag: int, content: int, stop: int) -> bool:
    """Tell whether the content octets are DER as far as their universal tag tells (X.690 sections 8, 10 and 11)."""
    if tag >= 0x40:
        return True
    if tag & 0x20:
        return (tag & 0x1F) in _CONSTRUCTED_ONLY
    if tag in _CONSTRUCTED_ONLY:
        return False
    size = stop - content
    if tag == 0x01:
        return size == 1 and view[content] in {0, 0xFF}
    if tag in {0x02, 0x0A}:
        return size == 1 or (
            size > 1 and not (view[content] == 0 and view[content + 1] < 0x80) and not (view[content] == 0xFF and view[content + 1] >= 0x80)
        )
    if tag == 0x03:
        if not size:
            return False
        unused = view[content]
        return unused == 0 or (unused < 8 and size > 1 and not view[stop - 1] & ((1 << unused) - 1))
    if tag == 0x05:
        return size == 0
    if tag == 0x06:
        if not size or view[stop - 1] >= 0x80:
            return False
        first = True
        for octet in view[content:stop]:
            if first and octet == 0x80:
                return False
            first = octet < 0x80
        return True
    if tag == 0x17:
        return size == 13 and view[stop - 1] == 0x5A
    if tag == 0x18:
        if size < 15 or view[stop - 1] != 0x5A:
            return False
        return size == 15 or (size >= 17 and view[content + 14] == 0x2E and view[stop - 2] != 0x30)
    return True


def _in_order(view: bytes | memoryview, start: int, end: int, next_start: int, next_end: int) -> bool:
    """Tell whether two neighbours in a SET may stand so: as a SET OF by their octets, or as a SET by their tags (X.690 10.3, 11.6)."""
    if bytes(view[start:end]) <= bytes(view[next_start:next_end]):
        return True
    return _tag_key(view, start) < _tag_key(view, next_start)


def _tag_key(view: bytes | memoryview, at: int) -> tuple[int, int]:
    identifier = view[at]
    number = identifier & 0x1F
    if number == 0x1F:
        number = 0
        while True:
            at += 1
            number = number << 7 | view[at] & 0x7F
            if view[at] < 0x80:
                break
    return identifier & 0xC0, number
