"""Which keys at hand may open a message, in the order in which to try them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smime.cms.identifiers import RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.cms.recipient_info import KEKRecipientInfo, KEMRecipientInfo, KeyAgreeRecipientInfo, KeyTransRecipientInfo, PasswordRecipientInfo
from smime.operations.recipients.agreement import agreement_candidate
from smime.operations.recipients.kek import kek_candidate
from smime.operations.recipients.kem import kem_candidate
from smime.operations.recipients.password import password_candidate
from smime.operations.recipients.transport import transport_candidate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smime.operations.recipients.candidate import Candidate
    from smime.pki.identity import Keyring

__all__ = ["matching", "names_of"]


def names_of(info: Any) -> list[str]:
    """Return the recipients that a RecipientInfo names, as text; several in a key agreement."""
    if isinstance(info, KeyAgreeRecipientInfo):
        return [str(encrypted.rid) for encrypted in info.recipient_encrypted_keys]
    if isinstance(info, (KeyTransRecipientInfo, KEMRecipientInfo)):
        return [str(info.rid)]
    if isinstance(info, KEKRecipientInfo):
        return [str(info.kekid)]
    if isinstance(info, PasswordRecipientInfo):
        return ["password"]
    return [f"unknown recipient {getattr(info, 'oid', '')}".rstrip()]


def matching(keyring: Keyring, infos: Iterable[object]) -> list[Candidate]:
    """Return all that may open the message, in the order in which to try them."""
    found: list[Candidate] = []
    index = 0
    for info in infos:
        if isinstance(info, KeyAgreeRecipientInfo):
            for encrypted in info.recipient_encrypted_keys:
                found += [
                    agreement_candidate(index, info, encrypted.encrypted_key, identity) for identity in keyring.find(_sid(encrypted.rid))
                ]
                index += 1
            continue
        if isinstance(info, KeyTransRecipientInfo):
            found += [transport_candidate(index, info, identity) for identity in keyring.find(info.rid)]
        elif isinstance(info, KEMRecipientInfo):
            found += [kem_candidate(index, info, identity) for identity in keyring.find(info.rid)]
        elif isinstance(info, KEKRecipientInfo):
            found += [kek_candidate(index, info, key) for key in keyring.key_encryption_keys(info.kekid.key_identifier)]
        elif isinstance(info, PasswordRecipientInfo):
            found += [password_candidate(index, info, password) for password in keyring.passwords]
        index += 1
    found.sort(key=lambda candidate: candidate.rank)
    return found


def _sid(rid: object) -> object:
    return SubjectKeyIdentifier(rid.subject_key_identifier) if isinstance(rid, RecipientKeyIdentifier) else rid
