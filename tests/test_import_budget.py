"""`import smime` is cheap: it loads nothing that only some calls need, and does little work."""

from __future__ import annotations

import json
import os
import subprocess
import sys

# What an import may not load. x509 and asn1crypto take longer than all of ours; click belongs to the command line; email is 20 ms.
HEAVY = (
    "cryptography.x509",
    "asn1crypto",
    "pyhanko_certvalidator",
    "aiohttp",
    "click",
    "rich",
    "email.message",
    "email.parser",
    "asyncio",
    "ssl",
)

# Calls into Python and C that an import makes, those of the standard library's modules among them; `make bench` measures the time.
CALLS = 2_000

_SNIPPET = """
import json, sys
calls = 0
def count(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")
sys.setprofile(count)
import smime
sys.setprofile(None)
print(json.dumps({"calls": calls, "modules": sorted(sys.modules)}))
"""
_BY_ITSELF = """
import json, sys
before = set(sys.modules)
import smime
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def _import() -> tuple[int, list[str]]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV_", "COVERAGE"))}
    done = subprocess.run([sys.executable, "-c", _SNIPPET], check=True, capture_output=True, env=environment)
    result = json.loads(done.stdout)
    return result["calls"], result["modules"]


def test_nothing_heavy_is_loaded() -> None:
    _, modules = _import()
    loaded = [module for module in modules if any(module == heavy or module.startswith(heavy + ".") for heavy in HEAVY)]
    assert not loaded


def test_work() -> None:
    calls, _ = _import()
    assert calls <= CALLS


def test_nothing_but_the_table_of_names_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", _BY_ITSELF], check=True, capture_output=True)
    assert set(json.loads(done.stdout)) <= {"smime", "__future__"}
