"""Header fields and Content-Type: the same records from C as from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.parity.mime_strategies import texts

from smime._kernels.python import header as python
from smime.mime import parameters

if TYPE_CHECKING:
    from .conftest import Backend

TYPES = [b"text/plain", b" multipart/signed", b"a / b", b"text", b"", b"x/y z"]
GOOD = [b"; charset=utf-8", b';\r\n boundary="a b;c"', b"; a=b=c/d", b";;", b"; A=1", b'; z="\xe4"', b"\n"]
ODD = [
    b'; a="',
    b"; a*=x''y",
    b"; n=x y",
    b"; =",
    b" (c)",
    b"; e=",
    b'; q="\\""',
    b";z=\xe4",
    b'; a="b"c',
    b"; a=b,c",
    b"; a = b",
    b"; t=\x7f",
]
PARAMETERS = [*GOOD, *ODD]
content_types = st.tuples(
    st.sampled_from(TYPES), st.lists(st.sampled_from(PARAMETERS) | st.binary(max_size=2), max_size=8).map(b"".join)
).map(b"".join)


@given(data=texts, start=st.integers(0, 50), limit=st.sampled_from([0, 1, 2, 5, 10_000]))
def test_header(backend: Backend, data: bytes, start: int, limit: int) -> None:
    scan = backend.family("header")
    start = min(start, len(data))
    for form in (data, bytearray(data)):
        assert scan.header_end(form, start, len(data)) == python.header_end(data, start, len(data))
    assert scan.index_header(data, start, len(data), limit) == python.index_header(data, start, len(data), limit)


@given(value=content_types)
@example(value=b"a/b" + b";c=d" * 63)
@example(value=b"a/b" + b";c=d" * 64)
def test_parameters(backend: Backend, value: bytes) -> None:
    found = backend.family("header").index_parameters(value)
    assert found == python.index_parameters(value)
    # the plain form is a short cut: it says the same as the long way
    if found:
        short, long = parameters._read_plain(value, found), parameters.read_leniently(value)
        assert (short.value, short.parameters, short.duplicates, short.defects) == (
            long.value,
            long.parameters,
            long.duplicates,
            long.defects,
        )
        assert short.boundary == long.boundary


@pytest.mark.parametrize("line", [b"\n--b", b"\nA: b", b"\n folded"])
def test_many_records(backend: Backend, line: bytes) -> None:
    kernel = backend.family("header")
    data = b"From x\n" + line[1:] + line * 1000
    for limit in (999, 1000, 3000):
        assert kernel.index_header(data, 0, len(data), limit) == python.index_header(data, 0, len(data), limit)


def test_constants(backend: Backend) -> None:
    """The numbers of the C header are those of the Python form."""
    if backend.name == "python":
        pytest.skip("there is nothing to compare")
    from smime._kernels._accel import lib

    assert python.FIELD_WIDTH == lib.SMIME_HEADER_FIELD
    assert (python.MALFORMED_FIELD, python.ENVELOPE_FIELD) == (lib.SMIME_HEADER_MALFORMED, lib.SMIME_HEADER_ENVELOPE)
