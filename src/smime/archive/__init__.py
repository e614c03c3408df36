"""Whole mail archives: mbox files, Maildirs, folders of messages; one `MessageRecord` a message."""

from __future__ import annotations

from smime.archive.record import MessageRecord, SignerRecord
from smime.archive.runs import HarvestedCertificate, certificates, decrypt, scan, strip, verify

__all__ = ["HarvestedCertificate", "MessageRecord", "SignerRecord", "certificates", "decrypt", "scan", "strip", "verify"]
