"""What is written down about one message of an archive: one frozen row, JSON-able."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MessageRecord", "SignerRecord"]


@dataclass(frozen=True, slots=True)
class SignerRecord:
    """What is written down about one signer.

    Attributes:
        sid: the signer identifier as text.
        addresses: mail addresses in the signer's certificate.
        subject: the certificate's subject (RFC 4514); None if there is no certificate.
        certificate: SHA-256 fingerprint of the certificate, hexadecimal; None if there is none.
        verdict: ``"valid"``, ``"invalid"`` or ``"indeterminate"``; None where signatures were not looked at.
        signing_time: ISO 8601, as the signer claims.
        findings: codes of the catalogue (`smime.findings`).
    """

    sid: str
    addresses: tuple[str, ...] = ()
    subject: str | None = None
    certificate: str | None = None
    verdict: str | None = None
    signing_time: str | None = None
    findings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON-able data."""
        return {
            "sid": self.sid,
            "addresses": list(self.addresses),
            "subject": self.subject,
            "certificate": self.certificate,
            "verdict": self.verdict,
            "signing_time": self.signing_time,
            "findings": list(self.findings),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignerRecord:
        """Read what `to_dict` wrote."""
        return cls(
            data["sid"],
            tuple(data["addresses"]),
            data["subject"],
            data["certificate"],
            data["verdict"],
            data["signing_time"],
            tuple(data["findings"]),
        )


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """What is written down about one message.

    Attributes:
        source: the mbox file, the Maildir, the folder or the single file that holds the message.
        offset: where its ``From `` line begins in an mbox, in octets; None elsewhere.
        file: its name, relative to `source`, where it is a file of its own; None in an mbox.
        size: of the message, in octets, without the mbox's ``From `` line.
        message_id, from_, date, subject: of the outermost header, decoded, as the message claims; None if absent. `date` is in ISO 8601
            if it can be read as a date.
        status: of the message as a whole, as `smime.UnwrappedMessage.status` says it; None where no signature was checked, or the
            message could not be read.
        verdict: the worst of all signed layers of the message: ``"valid"``, ``"invalid"``, ``"indeterminate"``; None if nothing is signed
            or nothing was checked.
        decrypted: every encryption that was met could be opened; None if nothing is encrypted or no key was tried.
        reason: a sentence that says what decided the verdict; None if there is nothing to say.
        at: the time that certificates were judged at, ISO 8601.
        signers: of all signed layers, outside in.
        layers: content types outside in: ``"multipart/signed"``, ``"application/pkcs7-mime; enveloped-data"``, ``"text/plain"``.
        findings: codes that are about the message rather than about one signer, in the order met, each once.
        error: why the message could not be read to its end; None if it could.
    """

    source: str
    offset: int | None
    file: str | None
    size: int
    message_id: str | None = None
    from_: str | None = None
    date: str | None = None
    subject: str | None = None
    status: str | None = None
    verdict: str | None = None
    decrypted: bool | None = None
    reason: str | None = None
    at: str | None = None
    signers: tuple[SignerRecord, ...] = ()
    layers: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    error: str | None = None

    @property
    def key(self) -> tuple[str, int | str]:
        """What names the message within the archive: its source, and its offset or file name without Maildir flags."""
        return key_of(self.source, self.offset, self.file)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-able data."""
        return {
            "source": self.source,
            "offset": self.offset,
            "file": self.file,
            "size": self.size,
            "message_id": self.message_id,
            "from": self.from_,
            "date": self.date,
            "subject": self.subject,
            "status": self.status,
            "verdict": self.verdict,
            "decrypted": self.decrypted,
            "reason": self.reason,
            "at": self.at,
            "signers": [signer.to_dict() for signer in self.signers],
            "layers": list(self.layers),
            "findings": list(self.findings),
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MessageRecord:
        """Read what `to_dict` wrote.

        Raises:
            KeyError, TypeError: `data` is something else.
        """
        return cls(
            source=data["source"],
            offset=data["offset"],
            file=data["file"],
            size=data["size"],
            message_id=data["message_id"],
            from_=data["from"],
            date=data["date"],
            subject=data["subject"],
            status=data["status"],
            verdict=data["verdict"],
            decrypted=data["decrypted"],
            reason=data["reason"],
            at=data["at"],
            signers=tuple(SignerRecord.from_dict(signer) for signer in data["signers"]),
            layers=tuple(data["layers"]),
            findings=tuple(data["findings"]),
            error=data["error"],
        )

    def all_findings(self) -> tuple[str, ...]:
        """Return the codes about the message, then those about its signers, each once."""
        return tuple(dict.fromkeys((*self.findings, *(code for signer in self.signers for code in signer.findings))))


def key_of(source: str, offset: int | None, file: str | None) -> tuple[str, int | str]:
    """Return what names a message within the archive."""
    return source, offset if offset is not None else stable_name(file or "")


def stable_name(file: str) -> str:
    """Return the name of a message file without what a mail program changes: a Maildir's ``new``/``cur`` and the flags after ``:2,``."""
    folder, _, name = file.rpartition("/")
    unique, flags, _ = name.partition(":2,")
    if not flags:
        unique = name
    parent, _, last = folder.rpartition("/")
    if last in {"cur", "new"}:
        return f"{parent}/{unique}" if parent else unique
    return f"{folder}/{unique}" if folder else unique
