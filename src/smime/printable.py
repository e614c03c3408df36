"""Text of others where people look at it: on a terminal, in a line of JSON, in a cell of a table.

A message, a certificate or the name of a file may hold characters that a terminal obeys (C0 and C1 controls, ECMA-48), that turn the
direction of what follows (Unicode Standard Annex 9), or that show nothing. What is displayed has none of them.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["clean", "escape", "json_text", "unescape"]

_DECEPTIVE = (
    "\\x00-\\x1f\\x7f-\\x9f"  # controls
    "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"  # direction
    "\\u2028\\u2029"  # line ends
    "\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u2060-\\u2065\\u206a-\\u206f\\u3164\\ufeff\\uffa0"  # nothing to see
    "\\ufff9-\\ufffb\\U000e0000-\\U000e007f"  # annotations and tags
    "\\ud800-\\udfff"  # half of a character: an octet that is not UTF-8, by surrogateescape
)
_JOINERS = "\\u200c\\u200d"  # nothing to see either, but words of Persian and some emoji need them
_UNSAFE = re.compile(f"[{_DECEPTIVE}{_JOINERS}]")
_JSON_LEAVES = re.compile(f"[^\\x00-\\x1f](?<=[{_DECEPTIVE}{_JOINERS}])")  # line ends of an indented form are JSON's own
_ESCAPED = re.compile(f"(\\\\*)([xuU]|[{_DECEPTIVE}])")
_UNESCAPED = re.compile(r"(\\+)(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([xuU]))")


def clean(value: object) -> str:
    """Return text for a terminal: each character that a terminal obeys, or that hides or turns round what follows, is U+FFFD."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(value))


def json_text(data: Any, *, ascii_only: bool = False, **options: Any) -> str:
    r"""Return data as JSON in which such characters are ``\uXXXX``: the same data to a program, harmless on a terminal.

    Args:
        data: what `json.dumps` takes.
        ascii_only: escape whatever is not ASCII.
        **options: of `json.dumps`.
    """
    text = json.dumps(data, ensure_ascii=ascii_only, **options)
    return _JSON_LEAVES.sub(_json_escaped, text)


def _json_escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"  # RFC 8259 section 7: a pair of surrogates


def escape(text: str) -> str:
    r"""Return text with such characters written as ``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``; `unescape` gives back the same text.

    Joiners (U+200C, U+200D) stay. Backslashes are doubled only where they would be taken for the beginning of an escape.
    """
    if "\\" not in text and _UNSAFE.search(text) is None:
        return text
    return _ESCAPED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    slashes, character = found[1] * 2, found[2]
    if character in "xuU":
        return slashes + character
    code = ord(character)
    return slashes + (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def unescape(text: str) -> str:
    """Return the text that `escape` was given. What `escape` cannot have written stays as it is."""
    return _UNESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    slashes, code = found[1], found[2] or found[3] or found[4]
    half = "\\" * (len(slashes) // 2)
    if len(slashes) % 2 == 0:
        return half + found[0][len(slashes) :]
    if code is None or int(code, 16) > 0x10FFFF:
        return found[0]
    return half + chr(int(code, 16))
