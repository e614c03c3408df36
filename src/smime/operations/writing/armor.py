"""What stands around the octets of a CMS object: MIME (RFC 8551 section 3.2), PEM (RFC 7468) or nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

from smime.mime.writer import pkcs7_mime_header
from smime.transforms import base64

if TYPE_CHECKING:
    from smime.operations.spool import Buffer

__all__ = ["Armor", "Encoding", "armor", "armored", "check_encoding"]

Encoding = Literal["smime", "der", "pem"]


def check_encoding(encoding: str) -> None:
    """Refuse what is not an encoding; ValueError."""
    if encoding not in {"smime", "der", "pem"}:
        raise ValueError(f'encoding is "smime", "der" or "pem", not {encoding!r}')


class Armor(Protocol):
    """What stands around the octets of a CMS object."""

    def head(self, outer: bytes, smime_type: str) -> bytes:
        """Return what stands before them."""

    def update(self, data: Buffer, /) -> bytes:
        """Take octets, return them in armor."""

    def update_into(self, data: Buffer, buffer: memoryview, /) -> int:
        """Take octets, write them in armor into a buffer half as large again; return how many it has become."""

    def finalize(self) -> bytes:
        """Return what stands behind them."""


def armored(encoding: Encoding, data: bytes, outer: bytes, smime_type: str) -> bytes:
    """Return the octets of a whole CMS object in armor: what `Armor` makes of them in one piece."""
    if encoding == "smime":
        return b"".join((outer, _mime_header(smime_type), base64.encode(data)))
    if encoding == "pem":
        return b"".join((b"-----BEGIN CMS-----\r\n", base64.encode(data, line_length=64), b"-----END CMS-----\r\n"))
    return data


_mime_header = lru_cache(maxsize=16)(pkcs7_mime_header)


class _MIME:
    def __init__(self) -> None:
        self._encoder = base64.Encoder()
        self.update = self._encoder.update
        self.update_into = self._encoder.update_into
        self.finalize = self._encoder.finalize

    def head(self, outer: bytes, smime_type: str) -> bytes:
        return outer + pkcs7_mime_header(smime_type)


class _PEM:
    def __init__(self) -> None:
        self._encoder = base64.Encoder(line_length=64)
        self.update = self._encoder.update
        self.update_into = self._encoder.update_into

    def head(self, outer: bytes, smime_type: str) -> bytes:  # noqa: ARG002 - as for MIME
        return b"-----BEGIN CMS-----\r\n"

    def finalize(self) -> bytes:
        return self._encoder.finalize() + b"-----END CMS-----\r\n"


class _DER:
    def head(self, outer: bytes, smime_type: str) -> bytes:  # noqa: ARG002 - as for MIME
        return b""

    def update(self, data: Buffer, /) -> bytes:
        return bytes(data)

    def update_into(self, data: Buffer, buffer: memoryview, /) -> int:
        buffer[: len(data)] = data
        return len(data)

    def finalize(self) -> bytes:
        return b""


def armor(encoding: Encoding) -> Armor:
    """Return the armor for an encoding."""
    kinds: dict[str, type[_MIME | _PEM | _DER]] = {"smime": _MIME, "der": _DER, "pem": _PEM}
    return kinds[encoding]()
