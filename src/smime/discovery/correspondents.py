"""Whom one has mail from, and how to encrypt to them: certificates and capabilities learned from validly signed messages.

What is planted here decides who can read what is written later, so little is believed (RFC 8551 sections 2.5.2, 2.5.3 and 2.7.1, row KP
of the attack table): only what a VALID signature covers, only for the addresses in the signer's certificate, and only from a later signing
time than what is known rests on, which lies neither in the future nor outside of the certificate's validity. Every change is told.
"""

from __future__ import annotations

import json
import os
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from smime.cms import capabilities as caps
from smime.errors import KeyMismatchError, ParseError, PolicyError, SMIMEError
from smime.mime.address import parse_address_list
from smime.operations.recipients.making import Recipient
from smime.operations.results import UnwrappedMessage
from smime.report import SignerReport, Verdict, VerificationReport
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from smime.pki.trust import TrustStore

__all__ = ["Change", "Correspondent", "CorrespondentStore", "Lesson", "lessons"]

_TOLERANCE = timedelta(hours=1)  # by which the clocks of others may be ahead
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one valid signature says of whom it is by.

    Attributes:
        addresses: for which the certificate speaks, in the form in which the store keeps them.
        certificate: to encrypt to, DER: the one preferred there, or else the signer's own.
        signer: the signer's own certificate, DER.
        capabilities: names of what the signer announces to read, in the order of preference.
        time: the claimed signing time, aware, in UTC; None if there is none.
    """

    addresses: tuple[str, ...]
    certificate: bytes
    signer: bytes
    capabilities: tuple[str, ...]
    time: datetime | None

    def encode(self) -> bytes:
        """Return the lesson as octets, for the way between processes."""
        return json.dumps(
            {
                "addresses": self.addresses,
                "certificate": b64encode(self.certificate).decode(),
                "signer": b64encode(self.signer).decode(),
                "capabilities": self.capabilities,
                "time": None if self.time is None else self.time.isoformat(),
            }
        ).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Lesson:
        """Read what `encode` wrote."""
        data: dict[str, Any] = json.loads(octets)
        return cls(
            tuple(data["addresses"]),
            b64decode(data["certificate"]),
            b64decode(data["signer"]),
            tuple(data["capabilities"]),
            None if data["time"] is None else datetime.fromisoformat(data["time"]),
        )


def lessons(told: UnwrappedMessage | VerificationReport | SignerReport, *, trust: TrustStore | None = None) -> list[Lesson]:
    """Return what a report teaches: nothing unless it is VALID, and only what the signatures cover.

    Args:
        told: of a message, of one signature layer, or of a signer. In a message the outermost signature counts.
        trust: the anchors, to judge an encryption certificate that a signer prefers to the one he signed with (see
            `smime.Recipient.from_signed`).
    """
    if isinstance(told, UnwrappedMessage):
        report = next((layer.report for layer in told.layers if isinstance(layer.report, VerificationReport)), None)
        return [] if report is None else lessons(report, trust=trust)
    if told.verdict is not Verdict.VALID:
        return []
    if isinstance(told, SignerReport):
        return _lesson(told, told, trust)
    if len(told.signers) == 1:
        return _lesson(told.signers[0], told, trust)
    return [lesson for signer in told.signers for lesson in _lesson(signer, signer, trust)]


def _lesson(signer: SignerReport, told: VerificationReport | SignerReport, trust: TrustStore | None) -> list[Lesson]:
    if signer.verdict is not Verdict.VALID or signer.certificate is None:
        return []
    own = Certificate.of_any(signer.certificate)
    addresses = tuple(dict.fromkeys(_key(address.local, address.domain) for address in own.addresses))
    try:
        certificate = Recipient.from_signed(told, trust=trust).facts
    except (KeyMismatchError, PolicyError):  # a key that only signs, and no other is preferred: nothing to encrypt to
        return []
    names = tuple(dict.fromkeys(caps.name_of(oid, parameters) for oid, parameters in signer.capabilities))
    return [Lesson(addresses, certificate.der, own.der, names, signer.signing_time)] if addresses else []


def _key(local: str, domain: str) -> str:
    """Return an address in the one form in which it is kept: RFC 8550 section 3 compares ASCII without regard to case."""
    return f"{local.lower() if local.isascii() else local}@{domain.lower()}"


def _key_of(address: str) -> str:
    """Return the same of an address as people write it.

    Raises:
        ValueError: it is not one address.
    """
    found = parse_address_list(address.encode())
    if len(found) != 1 or found[0].malformed or found[0].a_label_domain is None:
        raise ValueError(f"{address!r} is not one mail address")
    return _key(found[0].local, found[0].a_label_domain)


What = Literal["new", "certificate", "capabilities", "refused"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a lesson did to what was known of one address.

    Attributes:
        address: whose.
        what: ``"new"``, ``"certificate"`` (another one than before), ``"capabilities"`` (other ones than before), or ``"refused"``.
        old, new: SHA-256 fingerprints of the certificates, hexadecimal; `old` is None for whom nothing was known.
        time: the signing time that the lesson rests on.
        reason: why it was refused; empty if it was not.
    """

    address: str
    what: What
    old: str | None
    new: str
    time: datetime | None
    reason: str = ""

    def __str__(self) -> str:
        words = {
            "new": f"learned: {self.new[:16]}",
            "certificate": f"certificate changed: {(self.old or '')[:16]} to {self.new[:16]}",
            "capabilities": "other algorithms announced",
            "refused": f"refused {self.new[:16]}: {self.reason}",
        }
        return f"{self.address}: {words[self.what]}"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """What is known of one address.

    Attributes:
        address: in the form in which the store keeps it.
        certificate: to encrypt to.
        signer: the certificate that vouched for it by a signature.
        capabilities: names of what can be read there; empty if nothing is known.
        time: the signing time that this rests on, None if none was claimed.
    """

    address: str
    certificate: Certificate
    signer: Certificate
    capabilities: tuple[str, ...]
    time: datetime | None


class CorrespondentStore:
    """A file (SQLite) of correspondents. Several processes may use one file; an object belongs to one thread.

    Args:
        path: of the file, which is made if it is not there.

    Raises:
        OSError: it cannot be opened or made.
        ParseError: it is not such a file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            self._db = sqlite3.connect(os.fspath(path), timeout=30, isolation_level=None)
        except sqlite3.Error as error:
            raise OSError(f"{os.fspath(path)}: {error}") from None
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            self._db.close()
            raise OSError(f"{os.fspath(path)}: {error}") from None
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise ParseError("sqlite", f"{os.fspath(path)}: {error}") from None

    def _prepare(self) -> None:
        with closing(self._db.execute("PRAGMA user_version")) as cursor:
            (version,) = cursor.fetchone()
        if version not in {0, _SCHEMA}:
            raise sqlite3.DatabaseError(f"written by another version ({version})")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS correspondents (address TEXT PRIMARY KEY, certificate BLOB NOT NULL, signer BLOB NOT NULL,"
            " capabilities TEXT NOT NULL, time TEXT) WITHOUT ROWID"
        )
        if version != _SCHEMA:
            self._db.execute(f"PRAGMA user_version = {_SCHEMA}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> CorrespondentStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- learning --

    def learn(
        self,
        told: UnwrappedMessage | VerificationReport | SignerReport | Lesson | Iterable[Lesson],
        *,
        trust: TrustStore | None = None,
        now: datetime | None = None,
    ) -> list[Change]:
        """Take what a report teaches.

        Args:
            told: a report (see `lessons`), or lessons taken from reports before.
            trust: as for `lessons`.
            now: the time that nobody may have signed after, aware; default the present.

        Returns:
            What changed and what was refused; nothing if all of it was known.
        """
        if isinstance(told, (UnwrappedMessage, VerificationReport, SignerReport)):
            told = lessons(told, trust=trust)
        elif isinstance(told, Lesson):
            told = [told]
        end = (datetime.now(timezone.utc) if now is None else now) + _TOLERANCE
        changes: list[Change] = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for lesson in told:
                changes += self._take(lesson, end)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return changes

    def _take(self, lesson: Lesson, end: datetime) -> Iterator[Change]:
        new, signer = Certificate.of(lesson.certificate), Certificate.of(lesson.signer)
        time = lesson.time
        reason = ""
        if time is not None and time > end:
            reason = f"it claims to be of {time.isoformat()}, which is yet to come"
        elif time is not None and not signer.not_before <= time <= signer.not_after:
            reason = f"it claims to be of {time.isoformat()}, when its certificate was not valid"
        for address in lesson.addresses:
            known = self._find(address)
            old = known.certificate.sha256 if known is not None else None
            if reason:
                if known is None or known.certificate != new:
                    yield Change(address, "refused", old, new.sha256, time, reason)
                continue
            if known is not None and not _later(time, known.time):
                continue
            self._db.execute(
                "INSERT OR REPLACE INTO correspondents VALUES (?, ?, ?, ?, ?)",
                (
                    address,
                    new.der,
                    signer.der,
                    json.dumps(lesson.capabilities),
                    None if time is None else time.astimezone(timezone.utc).isoformat(),
                ),
            )
            if known is None:
                yield Change(address, "new", None, new.sha256, time)
            elif known.certificate != new:
                yield Change(address, "certificate", old, new.sha256, time)
            elif known.capabilities != lesson.capabilities:
                yield Change(address, "capabilities", old, new.sha256, time)

    def forget(self, address: str) -> bool:
        """Forget an address; return whether it was known.

        Raises:
            ValueError: it is not one address.
        """
        return self._db.execute("DELETE FROM correspondents WHERE address = ?", (_key_of(address),)).rowcount > 0

    # -- using --

    def get(self, address: str) -> Correspondent | None:
        """Return what is known of an address, or None.

        Raises:
            ValueError: it is not one address.
        """
        return self._find(_key_of(address))

    def _find(self, key: str) -> Correspondent | None:
        with closing(self._db.execute("SELECT * FROM correspondents WHERE address = ?", (key,))) as cursor:
            row = cursor.fetchone()
        return None if row is None else _correspondent(row)

    def __iter__(self) -> Iterator[Correspondent]:
        with closing(self._db.execute("SELECT * FROM correspondents ORDER BY address")) as cursor:
            rows = cursor.fetchall()
        return map(_correspondent, rows)

    def __len__(self) -> int:
        with closing(self._db.execute("SELECT count(*) FROM correspondents")) as cursor:
            (count,) = cursor.fetchone()
        return int(count)

    def __contains__(self, address: object) -> bool:
        try:
            return isinstance(address, str) and self.get(address) is not None
        except ValueError:
            return False

    def recipient(self, address: str, *, at: datetime | None = None) -> Recipient:
        """Return somebody to encrypt for.

        Args:
            address: of whom.
            at: the time at which the certificate has to be valid, aware; default the present.

        Raises:
            KeyError: nothing is known of this address.
            PolicyError: the certificate has expired.
            ValueError: it is not one address.
        """
        found = self.get(address)
        if found is None:
            raise KeyError(address)
        at = datetime.now(timezone.utc) if at is None else at
        if not found.certificate.not_before <= at <= found.certificate.not_after:
            end = found.certificate.not_after
            raise PolicyError(f"the certificate known of {found.address} is not valid at {at.isoformat()} (until {end.isoformat()})")
        return Recipient(found.certificate, capabilities=found.capabilities or None)

    def certificates(self) -> list[Certificate]:
        """Return all certificates, of keys to encrypt to and of signers: intermediates of a store, for mail that brings none along."""
        return list(dict.fromkeys(certificate for one in self for certificate in (one.certificate, one.signer)))


def _later(time: datetime | None, than: datetime | None) -> bool:
    """Whether a message without a time is later than nothing, and any time later than none."""
    return time is not None and (than is None or time > than)


def _correspondent(row: tuple[Any, ...]) -> Correspondent:
    address, certificate, signer, names, time = row
    try:
        return Correspondent(
            address,
            Certificate.of(bytes(certificate)),
            Certificate.of(bytes(signer)),
            tuple(json.loads(names)),
            None if time is None else datetime.fromisoformat(time),
        )
    except (SMIMEError, ValueError, TypeError) as error:
        raise ParseError("sqlite", f"the row of {address} is damaged: {error}") from None
