"""What the status codes of the C kernels mean: the one table, and the words that the Python twins use too.

The numbers are those of ``csrc/smime_api.h``; ``tests/parity/test_status.py`` compares the two.
"""

from __future__ import annotations

from typing import Final

from smime.errors import ParseError

__all__ = [
    "BASE64_AFTER_PADDING",
    "BASE64_CHARACTER",
    "BASE64_PADDING",
    "BASE64_SPARE_BITS",
    "BASE64_TRUNCATED",
    "FULL",
    "OK",
    "REASONS",
    "error",
]

OK: Final = 0
FULL: Final = 1

# base64: -10 to -19
BASE64_CHARACTER: Final = -10
BASE64_PADDING: Final = -11
BASE64_AFTER_PADDING: Final = -12
BASE64_TRUNCATED: Final = -13
BASE64_SPARE_BITS: Final = -14

# scan: -40 to -49

# der: -50 to -69

# ber: -70 to -89

REASONS: Final[dict[int, tuple[str, str]]] = {
    BASE64_CHARACTER: ("base64", "character outside the alphabet"),
    BASE64_PADDING: ("base64", "padding where none can be"),
    BASE64_AFTER_PADDING: ("base64", "data after the padding"),
    BASE64_TRUNCATED: ("base64", "the last group of four characters is incomplete"),
    BASE64_SPARE_BITS: ("base64", "the spare bits before the padding are not zero"),
    # scan
    # der
    # ber
}
"""Status code: the layer and the reason of the `ParseError`."""


def error(status: int, offset: int | None) -> ParseError:
    """Return the exception of a negative status code, for the caller to raise.

    Args:
        status: what the kernel answered, or what its Python twin would have.
        offset: of the octet at fault, from the start of the stream.
    """
    layer, reason = REASONS[status]
    return ParseError(layer, reason, offset)
