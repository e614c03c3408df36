"""MIME line scanning. Until the C form is there, the Python form stands in."""

from __future__ import annotations

from smime._kernels.python.scan import *  # noqa: F403
