"""Measure everything that has a bar, print the table and write RESULTS.md beside this file.

python -m bench [--only messages,kernels,mime,files,import] [--output PATH]
"""

from __future__ import annotations

import argparse
import importlib
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from bench.measure import machine, pin
from bench.rows import Row, cells, markdown

SECTIONS = {
    "messages": "bench.messages",
    "files": "bench.files",
    "kernels": "bench.kernels",
    "mime": "bench.mime",
    "import": "bench.importing",
}


def _measure(section: str) -> list[Row]:
    rows = []
    for row in importlib.import_module(SECTIONS[section]).rows():
        print("  ".join(cell for cell in cells(row) if cell), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure everything that has a bar.")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
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
        "The number that a bar is about is the median over the rounds of the ratio of the two.\n\n"
        f"{line}\n"
    ]
    missed = 0
    for section in arguments.only.split(","):
        try:
            rows = _measure(section)
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("bench."):
                raise
            print(f"{section}: not there", file=sys.stderr)
            continue
        missed += sum(row.met is False for row in rows)
        text.append(f"\n## {section}\n\n{markdown(rows)}")
    summary = f"{missed} bars missed" if missed else "every bar met"
    print(summary)
    text.append(f"\n{summary}.\n")
    if arguments.only == ",".join(SECTIONS):
        arguments.output.write_text("".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
