"""Whole mail archives: mbox files, Maildirs, folders of messages; one `MessageRecord` a message."""

from __future__ import annotations

from smime.archive.record import MessageRecord, SignerRecord
from smime.archive.runs import decrypt, strip, verify

__all__ = ["MessageRecord", "SignerRecord", "decrypt", "strip", "verify"]
