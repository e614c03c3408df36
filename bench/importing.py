"""How long `import smime` takes, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from bench.measure import Timing
from bench.rows import Row

_SNIPPET = "import time; t = time.process_time(); import smime; print(time.process_time() - t)"


def rows() -> Iterator[Row]:
    samples = [float(subprocess.run([sys.executable, "-c", _SNIPPET], check=True, capture_output=True).stdout) for _ in range(15)]
    timing = Timing(tuple(samples))
    said = f"{timing.median * 1e3:.1f} ms ({timing.best * 1e3:.1f} ms)"
    yield Row("import smime", said, "a fresh interpreter, processor time", timing.median * 1e3, 15, unit="ms")
