"""What the status codes of the C kernels mean: the one table, and the words that the Python twins use too.

The numbers are those of ``csrc/smime_api.h``; ``tests/parity/test_status.py`` compares the two.
"""

from __future__ import annotations

from typing import Final

from smime.errors import ParseError

__all__ = ["FULL", "OK", "REASONS", "error"]

OK: Final = 0
FULL: Final = 1

# base64: -10 to -19
BASE64_CHARACTER: Final = -10
BASE64_PADDING: Final = -11
BASE64_AFTER_PADDING: Final = -12
BASE64_TRUNCATED: Final = -13
BASE64_SPARE_BITS: Final = -14

# der: -50 to -69; the scanners of ber answer these too
DER_TRUNCATED: Final = -50
DER_BEYOND_PARENT: Final = -51
DER_NO_END: Final = -52
DER_UNEXPECTED_END: Final = -53
DER_BAD_TAG: Final = -54
DER_BAD_LENGTH: Final = -55
DER_INDEFINITE_PRIMITIVE: Final = -56
DER_TOO_DEEP: Final = -57  # these two become LimitExceeded
DER_TOO_MANY: Final = -58

# ber: -70 to -89
BER_WRONG_SEGMENT: Final = -70
BER_TOO_LARGE: Final = -71

REASONS: Final[dict[int, tuple[str, str]]] = {
    BASE64_CHARACTER: ("base64", "character outside the alphabet"),
    BASE64_PADDING: ("base64", "padding where none can be"),
    BASE64_AFTER_PADDING: ("base64", "data after the padding"),
    BASE64_TRUNCATED: ("base64", "the last group of four characters is incomplete"),
    BASE64_SPARE_BITS: ("base64", "the spare bits before the padding are not zero"),
    # der
    DER_TRUNCATED: ("ber", "the input ends inside an element"),
    DER_BEYOND_PARENT: ("ber", "an element is longer than the one that holds it"),
    DER_NO_END: ("ber", "an element of indefinite length is not ended inside the one that holds it"),
    DER_UNEXPECTED_END: ("ber", "end-of-contents octets where none belong"),
    DER_BAD_TAG: ("ber", "bad tag number"),
    DER_BAD_LENGTH: ("ber", "bad length octets"),
    DER_INDEFINITE_PRIMITIVE: ("ber", "a primitive element of indefinite length"),
    DER_TOO_DEEP: ("ber", "elements are nested too deeply"),
    DER_TOO_MANY: ("ber", "too many elements"),
    # ber
    BER_WRONG_SEGMENT: ("ber", "a segment that is not an OCTET STRING"),
    BER_TOO_LARGE: ("ber", "a length beyond all reason"),
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
