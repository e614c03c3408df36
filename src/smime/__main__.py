"""``python -m smime``."""

from __future__ import annotations

from smime.cli import main

if __name__ == "__main__":
    main(prog_name="smime")
