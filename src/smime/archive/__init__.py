"""Whole mail archives: mbox files, Maildirs, folders of messages; one `MessageRecord` a message."""

from __future__ import annotations

from smime.archive.record import MessageRecord, SignerRecord
from smime.archive.runs import HarvestedCertificate, certificates, decrypt, learn, scan, strip, verify
from smime.discovery.correspondents import Change, Correspondent, CorrespondentStore, Lesson, lessons

__all__ = [
    "Change",
    "Correspondent",
    "CorrespondentStore",
    "HarvestedCertificate",
    "Lesson",
    "MessageRecord",
    "SignerRecord",
    "certificates",
    "decrypt",
    "learn",
    "lessons",
    "scan",
    "strip",
    "verify",
]
