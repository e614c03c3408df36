"""AuthenticatedData (RFC 5652 section 9): a MAC whose key only the recipients get. Not used by S/MIME mail; read and written as bare CMS.

A right MAC says that somebody wrote the content who knew the key, which every recipient does: it proves nothing to third parties.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from smime import policies
from smime.asn1 import writer
from smime.cms import attributes as attrs
from smime.cms.authenticated_data import AuthenticatedDataWriter, build_authenticated_data
from smime.cms.content_info import DATA
from smime.crypto import digests, mac
from smime.operations.recipients import making as _recipients
from smime.operations.recipients.making import AnyRecipient
from smime.operations.spool import Buffer
from smime.operations.writing.producer import Producer

if TYPE_CHECKING:
    from smime.operations.writing.armor import Encoding
    from smime.policy import Policy

__all__ = ["MessageAuthenticator"]


class _Authenticated:
    """An AuthenticatedData object being written."""

    smime_type = "authenticated-data"  # in no mail: RFC 8551 section 3.2.2 knows no such type

    def __init__(self, key: bytes, infos: list[bytes], algorithm: str, digest: str) -> None:
        self._infos = infos
        self._algorithm = mac.algorithm_identifier(algorithm)
        self._digest_algorithm = digests.algorithm_identifier(digest)
        self._mac = mac.new(self._algorithm, key)
        self._digest = digests.new(digest)
        self._writer = AuthenticatedDataWriter(infos, self._algorithm, self._digest_algorithm)

    def _finish(self) -> tuple[bytes, bytes]:
        attributes = writer.set_of([attrs.content_type(DATA), attrs.message_digest(self._digest.finalize())])
        self._mac.update(attributes)
        return attributes, self._mac.finalize()

    def whole(self, content: bytes) -> bytes:
        self._digest.update(content)
        attributes, code = self._finish()
        return build_authenticated_data(
            recipient_infos=self._infos,
            mac_algorithm=self._algorithm,
            digest_algorithm=self._digest_algorithm,
            content=content,
            auth_attrs=attributes,
            mac=code,
        )

    def head(self) -> bytes:
        return self._writer.head()

    def take(self, data: Buffer, /) -> None:
        self._digest.update(data)

    def content(self, data: Buffer, /) -> Iterable[Buffer]:
        return self._writer.pieces(data)

    def tail(self) -> bytes:
        attributes, code = self._finish()
        return self._writer.tail(code, attributes)


class MessageAuthenticator:
    """Makes an AuthenticatedData of octets of any size: `update(data)`, then `finalize()`; both return octets of the result.

    Args:
        recipients: as for `MessageEncryptor`.
        mac_algorithm: ``"hmac-sha256"``, ``"hmac-sha384"`` or ``"hmac-sha512"``.
        encoding: ``"der"`` or ``"pem"``.
        policy: which algorithms may be used.

    Raises:
        PolicyError, KeyMismatchError, UnsupportedError: as `MessageEncryptor`.
    """

    def __init__(
        self,
        recipients: AnyRecipient | Iterable[AnyRecipient],
        *,
        mac_algorithm: str = "hmac-sha256",
        encoding: Encoding = "der",
        policy: Policy = policies.RFC8551,
    ) -> None:
        if encoding == "smime":
            raise ValueError("S/MIME has no media type for AuthenticatedData")
        key = secrets.token_bytes(mac.key_size(mac.algorithm_identifier(mac_algorithm)))
        infos = _recipients.recipient_infos(_recipients.makers_of(recipients), key, policy)
        self._producer = Producer(_Authenticated(key, infos, mac_algorithm, "sha256"), encoding, policy.limits)

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets; return octets of the result."""
        return self._producer.update(data)

    def finalize(self) -> bytes:
        """Say that the octets are complete; return the last octets of the result."""
        return self._producer.finalize()
