"""The transfer kernels against pybase64, binascii and memcpy: ``python -m bench.kernels`` from the project's root writes RESULTS.md.

Needs pybase64. ``SMIME_BENCH_SECONDS`` is the time for one row (0.6).
"""

from __future__ import annotations

import binascii
import random
import sys
from pathlib import Path

import pybase64

import smime._kernels
from bench.kernels.measure import Row, compare, pin, write
from smime.transforms import base64, lines, quoted_printable

MB = 1 << 20
WORDS = "the verdict of a message says who signed it and whether nothing was changed on its way to the reader of a mail archive".split()


def prose(size: int, seed: int, foreign: float = 0.0) -> bytes:
    """Return paragraphs of words in lines of up to 72 octets, a share of the words with umlauts in UTF-8."""
    chance = random.Random(seed)
    text = []
    total = width = 0
    while total < size:
        word = chance.choice(WORDS)
        if chance.random() < foreign:
            word = word.replace("a", "ä").replace("o", "ö")
        width += len(word) + 1
        end = "\r\n" if width > 64 else " "
        width = 0 if width > 64 else width
        text.append(word + end)
        total += len(word) + len(end)
    return "".join(text).encode()[:size]


def rows() -> list[Row]:
    """Measure every row."""
    chance = random.Random(1)
    result = []
    for size, name, bars in ((MB, "1 MB", (10, 0.25, 3, None)), (4096, "4 KB", (None, None, 1, None))):
        data = chance.randbytes(size)
        text = base64.encode(data)
        plain = base64.encode(data, line_length=0)
        loose = text.replace(b"\r\n", b" \r\n")
        result += [
            compare(
                f"base64 encode, 76 columns, CRLF, {name}",
                size,
                lambda d=data: base64.encode(d),
                "pybase64.encodebytes",
                lambda d=data: pybase64.encodebytes(d),
                bars[0],
            ),
            compare(
                f"base64 encode, 76 columns, CRLF, {name}",
                size,
                lambda d=data: base64.encode(d),
                "pybase64 unwrapped",
                lambda d=data: pybase64.b64encode(d),
                bars[1],
            ),
            compare(
                f"base64 decode, CRLF text, {name}",
                len(text),
                lambda t=text: base64.decode(t),
                "pybase64.b64decode",
                lambda t=text: pybase64.b64decode(t),
                bars[2],
            ),
            compare(
                f"base64 decode, strict, CRLF text, {name}",
                len(text),
                lambda t=text: base64.decode(t, strict=True),
                "pybase64.b64decode",
                lambda t=text: pybase64.b64decode(t),
                bars[2],
            ),
            compare(
                f"base64 decode, unbroken, {name}",
                len(plain),
                lambda t=plain: base64.decode(t),
                "pybase64.b64decode",
                lambda t=plain: pybase64.b64decode(t),
            ),
            compare(
                f"base64 decode, a blank in each line, {name}",
                len(loose),
                lambda t=loose: base64.decode(t),
                "pybase64.b64decode",
                lambda t=loose: pybase64.b64decode(t),
            ),
        ]
    for size, name, bar in ((MB, "1 MB", 0.35), (65536, "64 KB", None), (4096, "4 KB", None)):
        text = prose(size, 2)
        target = bytearray(size)
        canonical = lines.CanonicalLines()
        view = memoryview(target)

        def copy(v: memoryview = view, t: bytes = text) -> None:
            v[:] = t

        result.append(
            compare(f"canonical lines, canonical text, {name}", size, lambda c=canonical, t=text: c.update(t), "memcpy", copy, bar)
        )
    unix = prose(MB, 2).replace(b"\r\n", b"\n")
    result.append(
        compare(
            "canonical lines, LF to CRLF, 1 MB", MB, lambda: lines.canonicalize(unix), "bytes.replace", lambda: unix.replace(b"\n", b"\r\n")
        )
    )
    for foreign, name in ((0.0, "English"), (0.1, "some umlauts"), (1.0, "many umlauts")):
        text = prose(MB, 3, foreign)
        coded = quoted_printable.encode(text)
        bar = foreign < 1
        result += [
            compare(
                f"quoted-printable decode, {name}, 1 MB",
                len(coded),
                lambda t=coded: quoted_printable.decode(t),
                "binascii.a2b_qp",
                lambda t=coded: binascii.a2b_qp(t),
                2,
            ),
            compare(
                f"quoted-printable encode, {name}, 1 MB",
                len(text),
                lambda t=text: quoted_printable.encode(t),
                "binascii.b2a_qp",
                lambda t=text: binascii.b2a_qp(t),
                10 if bar else None,
            ),
        ]
    return result


def main() -> int:
    """Measure, print, write; 1 if a bar was missed."""
    pin()
    return write(Path(__file__).with_name("RESULTS.md"), "Transfer kernels", "python -m bench.kernels", rows(), smime._kernels.BACKEND)


sys.exit(main())
