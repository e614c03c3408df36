"""The Python faces of the kernels: the C form and the Python twin must agree on any octets, options and splits, or raise the same error.

    python fuzz/faces.py TARGET [SECONDS]

Guided by coverage where `atheris` is installed, else random. The targets are the functions below whose names begin with ``check_``.
"""

# ruff: noqa: D103, S101, S311 # as in tests: checks are read by their names; nothing here is secret

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator

try:
    import atheris
except ImportError:
    atheris = None

try:
    from smime._kernels.c import base64 as c_base64
    from smime._kernels.c import lines as c_lines
    from smime._kernels.c import quoted_printable as c_qp
except ImportError as reason:
    print(f"nothing to compare: {reason}")
    sys.exit(0)
from smime._kernels.python import base64 as py_base64
from smime._kernels.python import lines as py_lines
from smime._kernels.python import quoted_printable as py_qp
from smime.errors import SMIMEError


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut the data at places that its first octets name."""
    edges, data = [0, *sorted(data[:3])], data[3:]
    for start, end in zip(edges, [*edges[1:], len(data)], strict=True):
        yield data[start:end]


def outcome(run: Callable[[], object]) -> object:
    try:
        return run()
    except SMIMEError as error:
        return type(error), error.args


def check_base64(data: bytes) -> None:
    options, data = data[:1], data[1:]
    strict = options > b"\x80"

    def decode(family: object) -> object:
        decoder = family.Decoder(strict)
        return b"".join(map(decoder.update, pieces(data))) + decoder.finalize(), decoder.anomalies

    assert outcome(lambda: decode(c_base64)) == outcome(lambda: decode(py_base64))
    assert outcome(lambda: c_base64.decode(data, strict=strict)) == outcome(lambda: py_base64.decode(data, strict=strict))
    assert c_base64.encode(data) == py_base64.encode(data)


def check_quoted_printable(data: bytes) -> None:
    def decode(family: object) -> object:
        decoder = family.Decoder()
        return b"".join(map(decoder.update, pieces(data))) + decoder.finalize(), decoder.anomalies

    def encode(family: object) -> object:
        encoder = family.Encoder()
        return b"".join(map(encoder.update, pieces(data))) + encoder.finalize()

    assert decode(c_qp) == decode(py_qp)
    assert encode(c_qp) == encode(py_qp) == c_qp.encode(data[3:])


def check_lines(data: bytes) -> None:
    def run(family: object) -> object:
        lines = family.CanonicalLines()
        text = b"".join(map(lines.update, pieces(data))) + lines.finalize()
        return text, lines.changed, lines.has_crlf, lines.has_bare_cr, lines.eight_bit, lines.nul, lines.longest_line

    assert run(c_lines) == run(py_lines)
    assert c_lines.canonicalize(data) == py_lines.canonicalize(data)


TARGETS = {name.removeprefix("check_"): value for name, value in globals().items() if name.startswith("check_")}


def main() -> None:
    target = TARGETS[sys.argv[1]]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    if atheris is not None:
        atheris.instrument_all()
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=2048", "-verbosity=0", "-artifact_prefix=build/"], target)
        atheris.Fuzz()
        return
    end = time.monotonic() + seconds
    parts = (
        b"\r\n",
        b"\n",
        b"\r",
        b"=",
        b"==",
        b"= ",
        b"=41",
        b"=e4",
        b" ",
        b"\t",
        b"--",
        b"From ",
        b".",
        b"QUJD",
        b"A",
        b"plain text",
        b"\xff",
    )
    while time.monotonic() < end:
        some = random.choices(parts, k=random.randrange(60))
        target(random.randbytes(4) + b"".join(part * random.choice((1, 1, 1, 30)) for part in some))


if __name__ == "__main__":
    main()
