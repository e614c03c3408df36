"""Stand-in until the C form exists."""

from smime._kernels.python.der import *  # noqa: F403
