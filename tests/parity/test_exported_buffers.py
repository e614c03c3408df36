"""Errors hold no exported buffer: a memoryview in a reference cycle with its exporter crashes CPython's garbage collector."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from smime.errors import SMIMEError

if TYPE_CHECKING:
    from types import ModuleType

c = pytest.importorskip("smime._kernels.c", reason="a build without the extension")
from smime._kernels.c import base64, ber, der  # noqa: E402 - after the check


def _fails(module: ModuleType) -> dict[str, Callable[[memoryview], Any]]:
    return {
        "base64 decoder": lambda view: base64.Decoder(True).update(view),
        "base64 decode": lambda view: base64.decode(view, strict=True),
        "ber octets": lambda view: ber.Octets(0, ber.UNBOUNDED, 8, 100).update(view),
        "ber skip": lambda view: ber.Skipper(0, ber.UNBOUNDED, 8, 100).update(view),
        "der index": lambda view: der.index(view, 0, len(view), 8, 100),
    }


@pytest.mark.parametrize("name", list(_fails(c)))
def test_an_error_lets_go_of_its_input(name: str) -> None:
    view = memoryview(b"\x24\x80" * 100 + b"!")
    with pytest.raises(SMIMEError) as held:
        _fails(c)[name](view)
    view.release()  # raises BufferError while anything in the traceback exports it
    assert held.value is not None


def test_an_error_of_the_large_index_lets_go_of_its_input() -> None:
    view = memoryview(b"\x30\x84\x00\x10\x00\x00" + b"\x05\x00" * 100_000 + b"\xff")
    with pytest.raises(SMIMEError) as held:
        der.index(view, 0, len(view), 8, 1_000_000)
    view.release()
    assert held.value is not None
