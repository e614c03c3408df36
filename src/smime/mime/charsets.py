"""Character sets of mail, by a closed list of labels: a label in a message must not choose among all of Python's codecs."""

from __future__ import annotations

__all__ = ["decode", "lenient", "describe_text"]

_CODECS = {
    "us-ascii": "ascii",
    "ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
    "utf-7": "utf-7",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "tis-620": "tis-620",
    "big5": "big5",
    "big5-hkscs": "big5hkscs",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "hz-gb-2312": "hz",
    "euc-jp": "euc_jp",
    "euc-kr": "euc_kr",
    "ks_c_5601-1987": "cp949",
    "iso-2022-jp": "iso2022_jp",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-kr": "iso2022_kr",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "macintosh": "mac-roman",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "latin1": "latin-1",
}
for _number in (*range(1, 12), *range(13, 17)):
    _CODECS[f"iso-8859-{_number}"] = _CODECS[f"iso8859-{_number}"] = _CODECS[f"iso_8859-{_number}"] = f"iso8859-{_number}"
for _number in (874, *range(1250, 1259)):
    _CODECS[f"windows-{_number}"] = _CODECS[f"cp{_number}"] = _CODECS[f"cp-{_number}"] = f"cp{_number}"
for _number in (437, 850, 852, 855, 858, 862, 866):
    _CODECS[f"cp{_number}"] = _CODECS[f"ibm{_number}"] = f"cp{_number}"


def decode(data: bytes, charset: str) -> str | None:
    """Decode `data`; octets that are not of the character set become U+FFFD. None if the label is not known."""
    codec = _CODECS.get(charset.lower())
    if codec is None:
        return None
    try:
        return data.decode(codec, "replace")
    except ValueError:  # some stateful decoders raise in spite of "replace"
        return None


def lenient(data: bytes) -> str:
    """Decode a header's octets without a declared character set: UTF-8 (RFC 6532), else ISO 8859-1, which loses nothing."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def describe_text(body: bytes) -> tuple[str, str]:
    """Return the character set and the transfer encoding that text octets without a label are in."""
    if body.isascii():
        return "us-ascii", "7bit"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "unknown-8bit", "8bit"  # RFC 1428 section 3
    return "utf-8", "8bit"
