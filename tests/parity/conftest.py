"""The backend is a parameter: each test that takes ``backend`` runs on the Python twins and on every instruction set of this machine.

``reference`` is the Python twin, the specification that a parity test compares with.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

try:
    from smime._kernels import c
except ImportError:  # a build without the extension
    NAMES = ["python"]
else:
    NAMES = ["python", *(f"c/{c.ISA_NAMES[number]}" for number in c.ISAS)]


class Backend:
    """One form of the kernels; states that are made while the test runs use its instruction set."""

    def __init__(self, name: str) -> None:
        self.name = name

    def family(self, name: str) -> ModuleType:
        return import_module(f"smime._kernels.{self.name.partition('/')[0]}.{name}")


@pytest.fixture(scope="module", params=NAMES)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    name: str = request.param
    form, _, isa = name.partition("/")
    if form == "python":
        yield Backend(name)
        return
    before = c.ISA
    c.ISA = c.isa_number(isa)
    yield Backend(name)
    c.ISA = before


@pytest.fixture(scope="session")
def reference() -> Backend:
    return Backend("python")
