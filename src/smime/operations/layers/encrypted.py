"""EnvelopedData, AuthEnvelopedData and EncryptedData (RFC 5652 sections 6 and 8, RFC 5083) as a layer."""

from __future__ import annotations

import secrets
from types import MappingProxyType
from typing import TYPE_CHECKING

from smime.algorithms import Level
from smime.cms import attribute_set
from smime.cms import attributes as attrs
from smime.cms.content_info import DATA
from smime.cms.reader import AuthEnvelopedDataHead, AuthEnvelopedDataTail, EncryptedDataHead, EnvelopedDataHead, EnvelopedDataTail
from smime.crypto import content_encryption
from smime.crypto.faults import Failed
from smime.errors import DecryptionFailed, KeyMismatchError, NoMatchingRecipient, ParseError, PolicyError, SMIMEError, UnsupportedError
from smime.findings import finding
from smime.operations.recipients import opening
from smime.operations.versions import version_findings
from smime.report import DecryptionReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.findings import Finding
    from smime.operations.reading.context import Reading
    from smime.operations.spool import Buffer

__all__ = ["EncryptedLayer"]

_SHORT = 1 << 16  # octets of content that may wait for the tag, to be decrypted in one call

EncryptedHead = EnvelopedDataHead | AuthEnvelopedDataHead | EncryptedDataHead


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
        self._attributes: attribute_set.Attributes | None = None
        self._unprotected: attribute_set.Attributes | None = None
        self._known_aad = aad
        self.late_aad: bytes | None = None
        self._findings: list[Finding] = []
        self._aead = False
        self._no_icv_length = False
        self._algorithm = head.content_encryption_algorithm.name
        self._key_algorithm: str | None = None
        self._recipient: int | None = None
        infos = () if isinstance(head, EncryptedDataHead) else head.recipient_infos
        self._recipients = tuple(name for info in infos for name in opening.names_of(info))
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
            # perhaps the recipients of an AuthEnvelopedData over octets of an attacker: its key decrypts blocks that he chose (RFC 9709)
            if isinstance(head, EnvelopedDataHead) and parameters.name.startswith("aes-") and not parameters.cek_hkdf:
                self._findings.append(finding("aead-downgrade-possible", algorithm=parameters.name))
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
        candidates = opening.matching(keyring, infos) if keyring is not None else []
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


def _table(attributes: attribute_set.Attributes | None) -> Mapping[str, tuple[bytes, ...]]:
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
