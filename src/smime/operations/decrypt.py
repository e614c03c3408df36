"""Decrypting (RFC 5652 section 6.3, RFC 5083, RFC 8551 sections 3.3 and 3.4), by the procedure that gives no oracle.

1. Recipients that match the keys at hand are enumerated; keys of others are never tried.
2. Algorithms are held against the policy before any private key is used.
3. A key that cannot be unwrapped is replaced by a random one, and decryption goes on to its end: wrong padding of RSA, a failed unwrap,
   a wrong tag and wrong padding of the content are one error at one point.
4. Plaintext goes into the spool and leaves it when the tag or the padding is good.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from smime import policies
from smime.algorithms import Level
from smime.cms import attributes as attrs
from smime.cms.content_info import DATA
from smime.cms.reader import (
    AuthEnvelopedDataHead,
    AuthEnvelopedDataTail,
    EncryptedDataHead,
    EnvelopedDataHead,
    EnvelopedDataTail,
)
from smime.crypto import content_encryption
from smime.crypto.faults import Failed
from smime.errors import (
    DecryptionFailed,
    KeyMismatchError,
    NoMatchingRecipient,
    NotProtected,
    ParseError,
    PolicyError,
    SMIMEError,
    UnsupportedError,
)
from smime.findings import Finding, finding
from smime.operations.reading.message import MessageReader, Reading
from smime.operations.recipients import making
from smime.operations.spool import Buffer, MemorySpool, NullSpool, Spool
from smime.operations.versions import version_findings
from smime.report import DecryptionReport

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.mime.entity import HeaderBlock
    from smime.mime.smime_types import Kind
    from smime.operations.reading.message import CMSLayer, Handler
    from smime.pki.identity import Keyring
    from smime.policy import Policy

__all__ = ["DecryptedMessage", "EncryptedLayer", "MessageDecryptor"]

_SHORT = 1 << 16  # octets of content that may wait for the tag, to be decrypted in one call

EncryptedHead = EnvelopedDataHead | AuthEnvelopedDataHead | EncryptedDataHead


class DecryptedMessage:
    """A decrypted message.

    Attributes:
        content: the plaintext: a MIME entity for mail, whose own layers were not opened.
        report: what is known about the encryption.
    """

    __slots__ = ("_spool", "report")

    def __init__(self, spool: Spool, report: DecryptionReport) -> None:
        self._spool = spool
        self.report = report

    @property
    def content(self) -> bytes:
        """The plaintext."""
        return b"".join(self._spool.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the plaintext in pieces, for content larger than memory."""
        return self._spool.chunks()

    def __repr__(self) -> str:
        return f"<DecryptedMessage {self.report.content_encryption_algorithm}>"


class EncryptedLayer:
    """An EnvelopedData, AuthEnvelopedData or EncryptedData object.

    Args:
        reading: keys and policy.
        head: the event that began it.
        sink: takes the plaintext, before it is known to be good.
        attempt: which of the matching recipients to use, from 0.
        replay: gives the plaintext again.
        aad: the authenticated attributes, where an earlier pass has seen them.
        as_it_comes: the sink must have the plaintext as soon as it is there.

    Attributes:
        fault: why it cannot be decrypted, as soon as that is known.
        more_candidates: another attempt could succeed.
        late_aad: another pass that is given this from the start could succeed.
        finished: the report, after `finalize`.
    """

    def __init__(
        self,
        reading: Reading,
        head: EncryptedHead,
        sink: Callable[[Buffer], object],
        *,
        attempt: int = 0,
        replay: Callable[[], Iterator[bytes]] | None = None,
        aad: bytes = b"",
        as_it_comes: bool = False,
    ) -> None:
        self._reading = reading
        self._head = head
        self._sink = sink
        self._replay = replay
        self._decryptor: content_encryption.Decryptor | None = None
        self._may_wait = not as_it_comes
        self._waiting: bytes | None = None  # short content that came in one piece so far
        self._wrong_key = False
        self._mac: bytes | None = None
        self._aad = b""
        self._attributes: attrs.Attributes | None = None
        self._unprotected: attrs.Attributes | None = None
        self._known_aad = aad
        self.late_aad: bytes | None = None
        self._findings: list[Finding] = []
        self._aead = False
        self._no_icv_length = False
        self._algorithm = head.content_encryption_algorithm.name
        self._key_algorithm: str | None = None
        self._recipient: int | None = None
        infos = () if isinstance(head, EncryptedDataHead) else head.recipient_infos
        self._recipients = tuple(name for info in infos for name in making.names_of(info))
        self.fault: SMIMEError | None = None
        self.more_candidates = False
        try:
            self._open(infos, attempt)
        except SMIMEError as error:
            self.fault = error
        self._finished: DecryptionReport | None = None

    @property
    def finished(self) -> DecryptionReport:
        """The report; before `finalize` it says that nothing was decrypted."""
        return self._finished if self._finished is not None else self._report(decrypted=False)

    def _open(self, infos: Iterable[object], attempt: int) -> None:
        head, policy = self._head, self._reading.policy
        algorithm = head.content_encryption_algorithm
        parameters = content_encryption.parse_parameters(algorithm)
        self._algorithm = parameters.name
        self._aead = parameters.aead and isinstance(head, AuthEnvelopedDataHead)
        if isinstance(head, AuthEnvelopedDataHead) and not parameters.aead:
            raise ParseError("cms", f"AuthEnvelopedData with {parameters.name}, which authenticates nothing")
        if not isinstance(head, AuthEnvelopedDataHead) and parameters.aead:
            raise ParseError("cms", f"{parameters.name} outside of AuthEnvelopedData")
        if not head.has_content:
            raise UnsupportedError("encrypted content outside of the message")
        level = policy.algorithms.level(parameters.name)
        if level is Level.FORBIDDEN:
            self._findings.append(finding("encryption-algorithm-forbidden", algorithm=parameters.name))
            raise PolicyError(f"the policy does not accept the content encryption {parameters.name}")
        if level is Level.LEGACY:
            self._findings.append(finding("weak-encryption", algorithm=parameters.name))
        if not self._aead:
            self._findings.append(finding("unauthenticated-encryption", algorithm=parameters.name))
        if parameters.mode == "gcm" and parameters.icv_length is None:
            self._no_icv_length = True
        keyring = self._reading.keyring
        if isinstance(head, EncryptedDataHead):
            keys = [key.key for key in keyring.content_keys] if keyring is not None else []
            if not keys:
                raise NoMatchingRecipient
            key = keys[min(attempt, len(keys) - 1)]
            self.more_candidates = attempt + 1 < len(keys)
        else:
            key = self._unwrap(infos, attempt, parameters)
        self._decryptor = self._start(algorithm, key, parameters)

    def _unwrap(self, infos: Iterable[object], attempt: int, parameters: content_encryption.ContentEncryptionParameters) -> bytes:
        keyring = self._reading.keyring
        candidates = making.matching(keyring, infos) if keyring is not None else []
        if not candidates:
            raise NoMatchingRecipient(self._recipients)
        sizes = parameters.key_sizes
        key = secrets.token_bytes(sizes[0])  # first, whatever comes (RFC 3218 section 2.3)
        untried: SMIMEError | None = None
        tried = False
        for position in range(min(attempt, len(candidates) - 1), len(candidates)):
            candidate = candidates[position]
            self.more_candidates = position + 1 < len(candidates)
            said = candidate.judged(self._reading.policy)
            self._findings += said
            if any(found.code == "encryption-algorithm-forbidden" for found in said):
                untried = untried or PolicyError(f"the policy does not accept the key encryption {candidate.algorithm_name}")
                continue
            try:
                found = candidate.unwrap(sizes, self._reading.policy)
            except (KeyMismatchError, ParseError, UnsupportedError) as error:
                untried = untried or error
                continue
            except Failed:
                found = b""
            tried = True
            self._recipient = candidate.index
            self._key_algorithm = candidate.algorithm_name
            if len(found) in sizes:
                return found
        if not tried and untried is not None:
            raise untried
        self._wrong_key = True
        return key

    def _start(
        self, algorithm: AlgorithmIdentifier, key: bytes, parameters: content_encryption.ContentEncryptionParameters
    ) -> content_encryption.Decryptor:
        try:
            return content_encryption.Decryptor(algorithm, key, aad=self._known_aad, limits=self._reading.limits, parameters=parameters)
        except Failed:
            self._wrong_key = True
            return content_encryption.Decryptor(algorithm, secrets.token_bytes(parameters.key_size), limits=self._reading.limits)

    def content(self, data: Buffer, /) -> None:
        """Take ciphertext."""
        decryptor = self._decryptor
        if decryptor is not None:
            if self._may_wait:
                self._may_wait = False
                if len(data) <= _SHORT and decryptor.takes_whole:
                    self._waiting = bytes(data)
                    return
            elif self._waiting is not None:
                waiting, self._waiting = self._waiting, None
                self._sink(decryptor.update(waiting))
            plain = decryptor.update(data)
            if plain:
                self._sink(plain)

    def tail(self, event: object, /) -> None:
        """Take what follows the ciphertext."""
        self._findings += version_findings(self._head, event)
        if isinstance(event, AuthEnvelopedDataTail):
            self._mac = event.mac
            if event.auth_attrs is not None:
                self._attributes = event.auth_attrs
                self._aad = event.auth_attrs.raw_as_set()
            self._unprotected = event.unauth_attrs
        elif isinstance(event, EnvelopedDataTail):
            self._unprotected = event.unprotected_attrs

    def trailing(self, count: int, /) -> None:
        """Octets follow the object."""
        self._findings.append(finding("trailing-data", count=count, structure="encrypted object"))

    def told(self, found: Iterable[Finding], /) -> None:
        """Something was noticed about the object, or about what announces it."""
        self._findings += found

    def anomalies(self, reasons: Iterable[str], /) -> None:
        """The transfer encoding was irregular."""
        self._findings += [finding("base64-anomaly", reason=reason) for reason in reasons]

    def finalize(self, *, quiet: bool = False) -> None:
        """Check tag or padding.

        Args:
            quiet: a fault is told by `finished` alone.

        Raises:
            SMIMEError: the fault.
        """
        if self.fault is None:
            assert self._decryptor is not None  # noqa: S101 - no fault: it was opened
            try:
                if self._known_aad and self._known_aad != self._aad:
                    raise Failed
                aad = b"" if self._known_aad else self._aad
                if self._waiting is not None:
                    rest = self._decryptor.whole(self._waiting, self._mac, aad)
                else:
                    rest = self._decryptor.finalize(self._mac, aad, self._replay() if self._replay is not None else None)
            except Failed:
                self.fault = DecryptionFailed()
            except SMIMEError as error:
                self.fault = error
                if isinstance(error, UnsupportedError) and self._aad and not self._known_aad:
                    self.late_aad = self._aad
            else:
                if self._wrong_key:
                    self.fault = DecryptionFailed()
                else:
                    if rest:
                        self._sink(rest)
                    self.fault = self._disagreement()
        if self.fault is None:
            self.more_candidates = False
            if self._aead and self._mac is not None and self._no_icv_length:
                self._findings.append(finding("gcm-tag-length-absent", length=len(self._mac)))
            if self._mac is not None and len(self._mac) < 16:
                self._findings.append(finding("short-tag", length=len(self._mac)))
        else:
            self._findings += _finding_of(self.fault)
        self._finished = self._report(decrypted=self.fault is None)
        if self.fault is not None and not quiet:
            raise self.fault

    def _disagreement(self) -> SMIMEError | None:
        """Hold the authenticated attributes against the content type, which nothing else authenticates (RFC 5083 section 2.1)."""
        stated = self._attributes
        if stated is None:
            if self._aead and self._head.content_type != DATA:
                return ParseError("cms", "content that is not id-data without authenticated attributes")
            return None
        try:
            value = stated.single(attrs.CONTENT_TYPE)
            kind = None if value is None else attrs.parse_content_type(value)
        except ParseError as error:
            return error
        if kind != self._head.content_type and (kind is not None or self._head.content_type != DATA):
            return ParseError("cms", f"the authenticated content type is {kind}, and the message states {self._head.content_type}")
        return None

    def _report(self, *, decrypted: bool) -> DecryptionReport:
        origin = None if isinstance(self._head, EncryptedDataHead) else self._head.originator_info
        return DecryptionReport(
            content_type=self._head.content_type,
            authenticated_attributes=_table(self._attributes if decrypted else None),
            unprotected_attributes=_table(self._unprotected),
            originator_certificates=() if origin is None else origin.certificates,
            decrypted=decrypted,
            authenticated=self._aead,
            content_encryption_algorithm=self._algorithm,
            key_encryption_algorithm=self._key_algorithm,
            recipients=self._recipients,
            recipient=self._recipient,
            findings=tuple(self._findings),
        )


_NOTHING: Mapping[str, tuple[bytes, ...]] = MappingProxyType({})


def _table(attributes: attrs.Attributes | None) -> Mapping[str, tuple[bytes, ...]]:
    if attributes is None:
        return _NOTHING
    return MappingProxyType({attribute.oid: attributes.values(attribute.oid) for attribute in attributes})


def _finding_of(fault: SMIMEError) -> list[Finding]:
    if isinstance(fault, NoMatchingRecipient):
        return [finding("no-matching-recipient")]
    if isinstance(fault, PolicyError):
        return []  # said when it was met
    if isinstance(fault, UnsupportedError):
        return [finding("unsupported", what=str(fault))]
    if isinstance(fault, DecryptionFailed):
        return [finding("decryption-failed")]
    return [finding("encryption-malformed", reason=str(fault))]


class MessageDecryptor:
    """Decrypts the outermost layer of one message of any size: `update(data)` with its octets in pieces, then `finalize()`.

    Args:
        keyring: the keys at hand.
        policy: what is accepted.
        spool: where the plaintext waits until it is known to be good; default memory.
        release: ``"verified"``: the plaintext is handed out by `finalize()` alone. ``"unverified"``: `update()` returns it as it comes,
            before anything is known about it.
        attempt: which of the matching recipients to use, from 0.
        reread: gives the message's octets again, to try further matching recipients; not with ``release="unverified"``, which cannot take
            back what it gave.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        policy: Policy = policies.RFC8551,
        spool: Spool | None = None,
        release: Literal["verified", "unverified"] = "verified",
        attempt: int = 0,
        reread: Callable[[], Iterator[Buffer]] | None = None,
    ) -> None:
        if release not in {"verified", "unverified"}:
            raise ValueError(f'release is "verified" or "unverified", not {release!r}')
        self._keyring = keyring
        self._policy = policy
        self._given_spool = spool
        self._reread = reread
        self._passing: list[bytes] | None = [] if release == "unverified" else None
        self._attempt = attempt
        self._start()

    def _start(self) -> None:
        self._spool: Spool = MemorySpool() if self._given_spool is None else self._given_spool
        passing = self._passing
        self._sink: Callable[[Buffer], object] = self._spool.write if passing is None else lambda data: passing.append(bytes(data))
        self._layer: EncryptedLayer | None = None
        self._reader = MessageReader(Reading(self._policy, keyring=self._keyring), self)

    @property
    def more_candidates(self) -> bool:
        """Another attempt could succeed: a further recipient matches."""
        return self._layer is not None and self._layer.more_candidates

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message.

        Returns:
            Nothing, or with ``release="unverified"`` the plaintext so far.

        Raises:
            NoMatchingRecipient: no identity is a recipient.
            PolicyError: the policy forbids the algorithm.
            NotProtected: the message is not encrypted at its top level.
            ParseError, LimitExceeded, UnsupportedError: it cannot be read.
        """
        self._reader.update(data)
        if not self._passing:
            return b""
        passed = b"".join(self._passing)
        self._passing.clear()
        return passed

    def finalize(self) -> DecryptedMessage:
        """Say that the message is complete.

        Raises:
            DecryptionFailed: the key does not open it, or it was changed.
            SMIMEError: as `update`.
        """
        while True:
            try:
                self._reader.finalize()
            except DecryptionFailed:
                if self._reread is None or self._given_spool is not None or self._passing is not None or not self.more_candidates:
                    raise
                self._attempt += 1
                self._start()
                for chunk in self._reread():
                    self._reader.update(chunk)
                continue
            if self._layer is None:
                raise NotProtected("the message is not encrypted")
            spool = self._spool
            if self._passing is not None:
                spool = MemorySpool()
                for part in self._passing:
                    spool.write(part)
            return DecryptedMessage(spool, self._layer.finished)

    # -- the opener's part --

    def multipart_signed(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - nothing is done with it
        """Refuse what is signed only."""
        raise NotProtected("the message is signed and not encrypted at its top level")

    def cms(self, head: object, kind: Kind | None) -> CMSLayer:  # noqa: ARG002 - the CMS content type decides (RFC 8551 section 3.2.1)
        """Open a CMS object, which has to be an encrypted one."""
        if not isinstance(head, (EnvelopedDataHead, AuthEnvelopedDataHead, EncryptedDataHead)):
            raise NotProtected("the message is not encrypted at its top level")
        keeps = self._passing is None and not isinstance(self._spool, NullSpool)
        layer = EncryptedLayer(
            self._reader.reading,
            head,
            self._sink,
            attempt=self._attempt,
            replay=self._spool.chunks if keeps else None,
            as_it_comes=self._passing is not None,
        )
        if layer.fault is not None:
            raise layer.fault
        self._layer = layer
        return layer

    def payload(self, block: HeaderBlock, kind: Kind) -> Handler:  # noqa: ARG002 - nothing is done with it
        """Refuse what is not S/MIME."""
        raise NotProtected("the message is not encrypted")
