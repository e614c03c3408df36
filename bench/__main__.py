"""Measure everything that has a bar, print the table and write RESULTS.md beside this file.

python -m bench [--only messages,trust,kernels,mime,files,import] [--output PATH]
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from bench.measure import machine, pin
from bench.rows import Row, cells, markdown

SECTIONS = {
    "messages": "bench.messages",
    "trust": "bench.trust",
    "files": "bench.files",
    "import": "bench.importing",
}
# benchmarks with a table of their own: the module to run and the page that it writes
ELSEWHERE = {
    "kernels": ("bench.kernels", "kernels/RESULTS.md"),
    "asn1": ("bench.kernels.asn1", "kernels/ASN1.md"),
    "scan": ("bench.kernels.scan", "kernels/SCAN.md"),
    "paths": ("bench.paths", "PATHS.md"),
}


def _run(section: str) -> str:
    """Run a benchmark with a table of its own; return the line about it."""
    module, page = ELSEWHERE[section]
    print(f"-- {section} --", flush=True)
    status = subprocess.run([sys.executable, "-m", module], check=False).returncode
    return f"\n## {section}\n\n[{page}]({page}): " + ("not every bar met\n" if status else "every bar met\n")


def _measure(section: str) -> list[Row]:
    rows = []
    for row in importlib.import_module(SECTIONS[section]).rows():
        print("  ".join(cell for cell in cells(row) if cell), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure everything that has a bar.")
    parser.add_argument("--only", default=",".join([*SECTIONS, *ELSEWHERE]), help="sections, separated by commas")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    arguments = parser.parse_args()
    pin()
    import smime

    today = datetime.now(timezone.utc).date().isoformat()
    line = f"{machine()}; smimekit {smime.__version__} ({smime.backend}), cryptography {version('cryptography')}; {today}"
    print(line)
    text = [
        "# What it costs\n\n"
        "Written by `make bench`; one pinned core, warm caches, ours and the other in turn, medians with the best in brackets.\n"
        "Messages in memory are measured in processor time, files in elapsed time.\n"
        "The number that a bar is about is the median over the rounds of the ratio of the two.\n\n"
        f"{line}\n"
    ]
    missed = 0
    for section in arguments.only.split(","):
        if section in ELSEWHERE:
            text.append(_run(section))
            continue
        rows = _measure(section)
        missed += sum(row.met is False for row in rows)
        text.append(f"\n## {section}\n\n{markdown(rows)}")
    summary = f"{missed} bars of the tables above missed" if missed else "every bar of the tables above met"
    print(summary)
    text.append(f"\n{summary}.\n")
    if arguments.only == parser.get_default("only"):
        arguments.output.write_text("".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
