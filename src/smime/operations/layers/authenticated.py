"""AuthenticatedData (RFC 5652 section 9) as a layer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from smime.cms import attributes as attrs
from smime.cms.content_info import DATA
from smime.cms.reader import AuthenticatedDataTail
from smime.crypto import digests, mac
from smime.crypto.faults import Failed
from smime.errors import KeyMismatchError, ParseError, SMIMEError, UnsupportedError
from smime.findings import finding
from smime.operations.recipients import opening
from smime.operations.versions import version_findings
from smime.report import AuthenticationReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smime.cms.reader import AuthenticatedDataHead
    from smime.findings import Finding
    from smime.operations.reading.context import Reading
    from smime.operations.spool import Buffer

__all__ = ["AuthenticatedLayer"]


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
        self._recipients = tuple(name for info in head.recipient_infos for name in opening.names_of(info))
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
        candidates = opening.matching(keyring, head.recipient_infos) if keyring is not None else []
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
