"""The transfer kernels against pybase64, binascii and memcpy: ``python -m bench.kernels`` writes RESULTS.md beside this file.

Ends with status 1 if a bar was missed. Needs pybase64.
"""

from __future__ import annotations

import binascii
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pybase64
from bench.measure import compare, machine, pin
from bench.rows import Row, cells, markdown, rate

import smime._kernels
from smime.transforms import base64, lines, quoted_printable

MB = 1 << 20
WORDS = (
    *("the", "verdict", "of", "a", "message", "says", "who", "signed", "it", "and", "whether", "nothing", "was", "changed", "on"),
    *("its", "way", "to", "the", "reader", "of", "a", "mail", "archive"),
)


def prose(size: int, seed: int, foreign: float = 0.0, width: int = 64) -> bytes:
    """Return words in lines of about so many octets, a share of the words with umlauts in UTF-8."""
    chance = random.Random(seed)
    text: list[str] = []
    total = column = 0
    while total < size:
        word = chance.choice(WORDS)
        if chance.random() < foreign:
            word = word.replace("a", "ä").replace("o", "ö")
        column += len(word) + 1
        end = "\r\n" if column > width else " "
        column = 0 if column > width else column
        text.append(word + end)
        total += len(word) + len(end)
    return "".join(text).encode()[:size]


def row(what: str, size: int, ours: Callable[[], object], peer: str, theirs: Callable[[], object], bar: float | None = None) -> Row:
    """Return how many times as fast as the peer we are, the median over the rounds."""
    found = compare(theirs, ours, clock=time.thread_time)
    speeds = rate(size, found.other.median), rate(size, found.ours.median)
    return Row(what, speeds[0], f"{peer} {speeds[1]}", found.ratio, bar, ">=", "x")


def base64_rows() -> Iterator[Row]:
    for size, name, bars in ((MB, "1 MB", (10, 0.25, 3)), (4096, "4 KB", (None, None, 1))):
        data = random.Random(1).randbytes(size)
        text = base64.encode(data)
        plain = base64.encode(data, line_length=0)
        loose = text.replace(b"\r\n", b" \r\n")
        encode = lambda data=data: base64.encode(data)  # noqa: E731
        yield row(
            f"base64 encode, 76 columns, CRLF, {name}",
            size,
            encode,
            "pybase64.encodebytes",
            lambda data=data: pybase64.encodebytes(data),
            bars[0],
        )
        yield row(
            f"base64 encode, 76 columns, CRLF, {name}",
            size,
            encode,
            "pybase64 unwrapped",
            lambda data=data: pybase64.b64encode(data),
            bars[1],
        )
        for kind, coded, strict, bar in (
            ("CRLF text", text, False, bars[2]),
            ("CRLF text, strict", text, True, bars[2]),
            ("unbroken", plain, False, None),
            ("a blank in each line", loose, False, None),
        ):
            yield row(
                f"base64 decode, {kind}, {name}",
                len(coded),
                lambda coded=coded, strict=strict: base64.decode(coded, strict=strict),
                "pybase64.b64decode",
                lambda coded=coded: pybase64.b64decode(coded),
                bar,
            )


def lines_rows() -> Iterator[Row]:
    for size, name, bar in ((MB, "1 MB", 0.35), (65536, "64 KB", None), (4096, "4 KB", None)):
        text = prose(size, 2)
        canonical = lines.CanonicalLines()
        target = memoryview(bytearray(size))

        def copy(target: memoryview = target, text: bytes = text) -> None:
            target[:] = text

        yield row(
            f"canonical lines, canonical text, {name}", size, lambda text=text, stage=canonical: stage.update(text), "memcpy", copy, bar
        )
    unix = prose(MB, 2).replace(b"\r\n", b"\n")
    yield row(
        "canonical lines, LF to CRLF, 1 MB", MB, lambda: lines.canonicalize(unix), "bytes.replace", lambda: unix.replace(b"\n", b"\r\n")
    )


def quoted_printable_rows() -> Iterator[Row]:
    for name, foreign, width in (
        ("English", 0.0, 64),
        ("English, long lines", 0.0, 1000),
        ("one word in ten with umlauts", 0.1, 64),
        ("every word with umlauts, long lines", 1.0, 1000),
    ):
        text = prose(MB, 3, foreign, width)
        coded = quoted_printable.encode(text)
        yield row(
            f"quoted-printable decode, {name}, 1 MB",
            len(coded),
            lambda coded=coded: quoted_printable.decode(coded),
            "binascii.a2b_qp",
            lambda coded=coded: binascii.a2b_qp(coded),
            2,
        )
        yield row(
            f"quoted-printable encode, {name}, 1 MB",
            len(text),
            lambda text=text: quoted_printable.encode(text),
            "binascii.b2a_qp",
            lambda text=text: binascii.b2a_qp(text),
            10,
        )


def main() -> int:
    pin()
    line = f"{machine()}; backend {smime._kernels.BACKEND}; {datetime.now(timezone.utc).date().isoformat()}"
    print(line)
    rows = []
    for section in (base64_rows, lines_rows, quoted_printable_rows):
        for found in section():
            print("  ".join(cell for cell in cells(found) if cell), flush=True)
            rows.append(found)
    text = (
        "# Transfer kernels\n\n"
        "Written by `python -m bench.kernels`; one pinned core, ours and the other in turn, processor time, rates of input by the median.\n"
        f"The number that a bar is about is the median over the rounds of the ratio of the two speeds.\n\n{line}\n\n"
    )
    Path(__file__).with_name("RESULTS.md").write_text(text + markdown(rows), encoding="utf-8")
    return int(any(found.met is False for found in rows))


if __name__ == "__main__":
    sys.exit(main())
