"""Where the collections of third-party messages are; tests that need them skip with a reason where they are absent."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def find() -> Path | None:
    """Return the folder of the corpora, or None."""
    folder = Path(os.environ.get("SMIME_CORPORA", ROOT.parent / "shared" / "corpora"))
    return folder if (folder / "expected.jsonl").is_file() else None


def corpora_path() -> Path:
    """Return the folder of the corpora; skip the test if there is none."""
    folder = find()
    if folder is None:
        pytest.skip("the corpora of third-party messages are not here (SMIME_CORPORA)")
    return folder


@lru_cache(maxsize=1)
def rows() -> tuple[dict[str, Any], ...]:
    """Return the expected outcomes, one row a case; empty if there are no corpora."""
    folder = find()
    if folder is None:
        return ()
    with (folder / "expected.jsonl").open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)
