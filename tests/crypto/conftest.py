from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session")
def openssl() -> str:
    """The command; the test is skipped where there is none."""
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("no openssl command")
    return path
