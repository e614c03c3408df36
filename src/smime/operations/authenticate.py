"""AuthenticatedData (RFC 5652 section 9): a MAC whose key only the recipients get. Not used by S/MIME mail; read and written as bare CMS.

A right MAC says that somebody wrote the content who knew the key, which every recipient does: it proves nothing to third parties.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from smime import policies
from smime.asn1 import writer
from smime.cms import attributes as attrs
from smime.cms.authenticated_data import AuthenticatedDataWriter, build_authenticated_data
from smime.cms.content_info import DATA
from smime.cms.reader import AuthenticatedDataTail
from smime.crypto import digests, mac
from smime.crypto.faults import Failed
from smime.errors import KeyMismatchError, ParseError, SMIMEError, UnsupportedError
from smime.findings import Finding, finding
from smime.operations.recipients import making as _recipients
from smime.operations.recipients.making import AnyRecipient
from smime.operations.spool import Buffer
from smime.operations.versions import version_findings
from smime.operations.writing.producer import Producer
from smime.report import AuthenticationReport

if TYPE_CHECKING:
    from smime.cms.reader import AuthenticatedDataHead
    from smime.operations.reading.message import Reading
    from smime.operations.writing.producer import Encoding
    from smime.policy import Policy

__all__ = ["AuthenticatedLayer", "MessageAuthenticator"]


def _key_sizes(algorithm_size: int) -> tuple[int, ...]:
    # nothing in the message says how long the key is; these are in use
    return tuple(dict.fromkeys((algorithm_size, 16, 20, 24, 28, 32, 48, 64, 128)))


class AuthenticatedLayer:
    """An AuthenticatedData object being read: its content goes to the sink while its MAC is computed."""

    def __init__(self, reading: Reading, head: AuthenticatedDataHead, sink: Callable[[Buffer], object], *, attempt: int = 0) -> None:
        self._reading = reading
        self._head = head
        self._sink = sink
        self._findings: list[Finding] = []
        self._recipients = tuple(name for info in head.recipient_infos for name in _recipients.names_of(info))
        self._recipient: int | None = None
        self._key_algorithm: str | None = None
        self._mac: mac.MAC | None = None
        self._digest: digests.Digest | None = None
        self._tail: AuthenticatedDataTail | None = None
        self.more_candidates = False
        try:
            self._open(attempt)
        except SMIMEError as error:
            self._findings.append(finding("unsupported", what=str(error)))
        self.finished = self._report(None)

    def _open(self, attempt: int) -> None:
        head, keyring, policy = self._head, self._reading.keyring, self._reading.policy
        if head.digest_algorithm is not None:
            name = digests.name_of(head.digest_algorithm)
            if not digests.supported(name):
                raise UnsupportedError("digest algorithm", head.digest_algorithm.oid)
            self._digest = digests.new(name)
        sizes = _key_sizes(mac.key_size(head.mac_algorithm))
        candidates = _recipients.matching(keyring, head.recipient_infos) if keyring is not None else []
        if not candidates:
            self._findings.append(finding("no-matching-recipient"))
            return
        candidate = candidates[min(attempt, len(candidates) - 1)]
        self.more_candidates = attempt + 1 < len(candidates)
        self._recipient, self._key_algorithm = candidate.index, candidate.algorithm_name
        self._findings += candidate.judged(policy)
        if any(found.code == "encryption-algorithm-forbidden" for found in self._findings):
            return
        try:
            key = candidate.unwrap(sizes, policy)
        except (Failed, KeyMismatchError, ParseError):
            key = secrets.token_bytes(sizes[0])
        self._mac = mac.new(head.mac_algorithm, key)

    def content(self, data: Buffer, /) -> None:
        """Take content octets."""
        if self._digest is not None:
            self._digest.update(data)
        elif self._mac is not None:
            self._mac.update(data)
        self._sink(data)

    def tail(self, event: object, /) -> None:
        """Take attributes and MAC."""
        assert isinstance(event, AuthenticatedDataTail)  # noqa: S101 - the reader's grammar
        self._tail = event

    def trailing(self, count: int, /) -> None:
        """Octets follow the object."""
        self._findings.append(finding("trailing-data", count=count, structure="AuthenticatedData"))

    def told(self, found: Iterable[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""
        self._findings += found

    def anomalies(self, reasons: Iterable[str], /) -> None:
        """The transfer encoding was irregular."""
        self._findings += [finding("base64-anomaly", reason=reason) for reason in reasons]

    def finalize(self, *, quiet: bool = False) -> None:  # noqa: ARG002 - as for the other layers
        """The object is complete: compare."""
        self._findings += version_findings(self._head)
        self.finished = self._report(self._check() if self._mac is not None else None)

    def _check(self) -> bool:
        tail, head, code = self._tail, self._head, self._mac
        assert tail is not None  # noqa: S101 - the reader's grammar
        assert code is not None  # noqa: S101 - the caller looked
        if (tail.auth_attrs is None) != (head.digest_algorithm is None) or (tail.auth_attrs is None and head.content_type != DATA):
            self._findings.append(finding("signed-attributes-required"))  # RFC 5652 section 9.1
            return False
        intact = True
        if tail.auth_attrs is not None:
            code.update(tail.auth_attrs.raw_as_set())
            try:
                stated = tail.auth_attrs.single(attrs.MESSAGE_DIGEST)
                kind = tail.auth_attrs.single(attrs.CONTENT_TYPE)
                assert self._digest is not None  # noqa: S101 - there is a digest algorithm
                intact = (
                    stated is not None
                    and kind is not None
                    and attrs.parse_message_digest(stated) == self._digest.finalize()
                    and attrs.parse_content_type(kind) == head.content_type
                )
            except ParseError as error:
                self._findings.append(finding("mac-malformed", reason=error.reason))
                return False
        intact = mac.equal(code.finalize(), tail.mac) and intact
        if not intact:
            self._findings.append(finding("mac-invalid"))
        return intact

    def _report(self, intact: bool | None) -> AuthenticationReport:
        return AuthenticationReport(
            intact=intact,
            mac_algorithm=self._head.mac_algorithm.name,
            key_encryption_algorithm=self._key_algorithm,
            recipients=self._recipients,
            recipient=self._recipient,
            findings=tuple(self._findings),
        )


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
