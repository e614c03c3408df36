"""Stand-in until the C form exists."""

from smime._kernels.python.ber import *  # noqa: F403
