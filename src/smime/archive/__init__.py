"""Whole mail archives: mbox files, Maildirs, folders of messages; one `MessageRecord` a message."""

from __future__ import annotations

from smime.archive.record import MessageRecord, SignerRecord

__all__ = ["MessageRecord", "SignerRecord"]
