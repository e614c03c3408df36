"""EncryptedData (RFC 5652 section 8): encrypted under a key that both sides have by other means.

::

    EncryptedData ::= SEQUENCE {
        version CMSVersion,
        encryptedContentInfo EncryptedContentInfo,
        unprotectedAttrs [1] IMPLICIT UnprotectedAttributes OPTIONAL }
"""

from __future__ import annotations

from collections.abc import Sequence

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms.content_info import DATA, ENCRYPTED_DATA, Event, Writer, build_content_info
from smime.cms.enveloped_data import EnvelopedDataTail, build_encrypted_content_info

__all__ = ["EncryptedDataHead", "EncryptedDataTail", "EncryptedDataWriter", "build_encrypted_data"]


class EncryptedDataHead(Event):
    """What stands before the encrypted content; fields as in `EnvelopedDataHead`."""

    __slots__ = ("content_encryption_algorithm", "content_type", "has_content", "version")

    def __init__(self, version: int, content_type: str, content_encryption_algorithm: AlgorithmIdentifier, *, has_content: bool) -> None:
        self.version = version
        self.content_type = content_type
        self.content_encryption_algorithm = content_encryption_algorithm
        self.has_content = has_content


class EncryptedDataTail(EnvelopedDataTail):
    """What stands behind the encrypted content; fields as in `EnvelopedDataTail`."""

    __slots__ = ()

    def _fields(self) -> tuple[object, ...]:
        return (self.unprotected_attrs,)


def build_encrypted_data(
    *,
    content_encryption_algorithm: AlgorithmIdentifier,
    encrypted_content: bytes | bytearray | memoryview | None,
    content_type: str = DATA,
    unprotected_attrs: Sequence[bytes] = (),
) -> bytes:
    """Return a whole ContentInfo with EncryptedData, in DER; arguments as those of `build_enveloped_data`."""
    return build_content_info(
        ENCRYPTED_DATA,
        writer.sequence(
            writer.integer(2 if unprotected_attrs else 0),
            build_encrypted_content_info(content_type, content_encryption_algorithm, encrypted_content),
            writer.set_of(unprotected_attrs, tag=0xA1) if unprotected_attrs else b"",
        ),
    )


class EncryptedDataWriter(Writer):
    """EncryptedData written as its content comes; see `Writer` and `build_encrypted_data`.

    Args:
        content_length: octets of the encrypted content, padding included, if they are known.
    """

    __slots__ = ("_before", "_between", "_unprotected_attrs")

    def __init__(
        self,
        content_encryption_algorithm: AlgorithmIdentifier,
        content_type: str = DATA,
        *,
        unprotected_attrs: Sequence[bytes] = (),
        content_length: int | None = None,
    ) -> None:
        super().__init__(ENCRYPTED_DATA, content_type, content_length=content_length)
        self._before = writer.integer(2 if unprotected_attrs else 0)
        self._between = content_encryption_algorithm.raw
        self._unprotected_attrs = writer.set_of(unprotected_attrs, tag=0xA1) if unprotected_attrs else b""

    def head(self) -> bytes:
        """Return what stands before the content."""
        return self._head(self._before, self._between, implicit=True, tail_length=len(self._unprotected_attrs))

    def tail(self) -> bytes:
        """Return what stands behind the content; ValueError if there was less than announced."""
        return self._tail(self._unprotected_attrs, implicit=True)
