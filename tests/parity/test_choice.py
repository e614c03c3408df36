"""The form of the kernels is chosen once, at import, and ``SMIME_ISA`` forces it or fails."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .conftest import NAMES

SCRIPT = "import smime._kernels as k; print(k.BACKEND, k.base64.__name__, k.lines.__name__, k.quoted_printable.__name__)"


def run(isa: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "SMIME_ISA"}
    if isa is not None:
        environment["SMIME_ISA"] = isa
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_forced(name: str) -> None:
    backend, *families = run(name.rpartition("/")[2]).stdout.split()
    form = name.partition("/")[0]
    assert backend == name
    assert families == [f"smime._kernels.{form}.{family}" for family in ("base64", "lines", "quoted_printable")]


def test_the_best_is_the_default() -> None:
    assert run(None).stdout.split()[0] == NAMES[-1]


def test_what_is_not_here_is_an_error() -> None:
    done = run("sse9")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(("ImportError: SMIME_ISA=sse9", "ImportError: cannot import", "ModuleNotFoundError"))


def test_there_is_no_other_family() -> None:
    import smime._kernels

    with pytest.raises(AttributeError, match="rot13"):
        smime._kernels.rot13  # noqa: B018
