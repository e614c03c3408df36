"""What setup.py and csrc/build_accel.py decide: whether there is an extension, and which tags the wheel gets."""

from __future__ import annotations

import runpy
import sysconfig
from typing import TYPE_CHECKING, Any

import pytest
from tests.corpora import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

cffi = pytest.importorskip("cffi")
setuptools = pytest.importorskip("setuptools")

Arguments = dict[str, Any]


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Arguments]:
    """Return a function that runs setup.py and returns the arguments it gives to `setuptools.setup`."""
    monkeypatch.chdir(ROOT)

    def run(switch: str | None = None, *, compiler: str | None = None) -> Arguments:
        seen: Arguments = {}
        monkeypatch.setattr(setuptools, "setup", seen.update)
        if switch is None:
            monkeypatch.delenv("SMIME_EXTENSION", raising=False)
        else:
            monkeypatch.setenv("SMIME_EXTENSION", switch)
        if compiler is not None:
            monkeypatch.setenv("CC", compiler)
        runpy.run_path("setup.py")
        return seen

    return run


@pytest.fixture
def free_threaded(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sysconfig.get_config_var
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 1 if name == "Py_GIL_DISABLED" else real(name))


def source_arguments() -> Arguments:
    """Return what csrc/build_accel.py gives to `FFI.set_source`."""
    return runpy.run_path("csrc/build_accel.py")["ffibuilder"]._assigned_source[3]


def test_no_is_a_pure_wheel(decide: Callable[..., Arguments]) -> None:
    assert decide("no") == {}


def test_require_builds_for_the_stable_abi(decide: Callable[..., Arguments]) -> None:
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("this interpreter has no stable ABI")
    arguments = decide("require")
    assert arguments["cffi_modules"] == ["csrc/build_accel.py:ffibuilder"]
    assert arguments["options"] == {"bdist_wheel": {"py_limited_api": "cp310"}}
    source = source_arguments()
    assert source["py_limited_api"] is True
    assert source["define_macros"] == [("Py_LIMITED_API", "0x030A0000")]


@pytest.mark.usefixtures("free_threaded")
def test_free_threaded_builds_have_their_own_tag(decide: Callable[..., Arguments]) -> None:
    arguments = decide("require")
    assert arguments["cffi_modules"]
    assert "options" not in arguments
    source = source_arguments()
    assert source["py_limited_api"] is False
    assert source["define_macros"] == []


def test_auto_does_without_a_compiler(decide: Callable[..., Arguments], capfd: pytest.CaptureFixture[str]) -> None:
    assert decide(compiler="/nonexistent/cc") == {}
    assert "pure Python instead" in capfd.readouterr().err


def test_anything_else_is_refused(decide: Callable[..., Arguments]) -> None:
    with pytest.raises(SystemExit, match="must be auto, require or no"):
        decide("yes")


def test_every_c_file_is_compiled(decide: Callable[..., Arguments]) -> None:
    assert decide  # only for the working folder
    source = source_arguments()
    assert source["sources"] == sorted(f"csrc/{path.name}" for path in (ROOT / "csrc").glob("*.c"))
