"""The command line. `main` is the entry point; it needs the extra ``cli`` (click, rich) and says so where it is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NoReturn

__all__ = ["main"]


def _missing(*_: Any, **__: Any) -> NoReturn:
    sys.stderr.write("smime: the command line needs click and rich: pip install 'smimekit[cli]'\n")
    sys.exit(2)


main: Callable[..., Any]
if find_spec("click") is not None and find_spec("rich") is not None:
    from smime.cli.app import main
else:
    main = _missing
