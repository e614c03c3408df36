"""Version numbers that are not those of RFC 5652: said, and nothing is read otherwise for that (section 1.3)."""

from __future__ import annotations

from collections.abc import Iterator

from smime.cms.auth_enveloped_data import AuthEnvelopedDataHead
from smime.cms.authenticated_data import AuthenticatedDataHead
from smime.cms.compressed_data import CompressedDataHead
from smime.cms.content_info import DATA
from smime.cms.digested_data import DigestedDataHead
from smime.cms.encrypted_data import EncryptedDataHead
from smime.cms.enveloped_data import EnvelopedDataHead, OriginatorInfo
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.recipient_info import (
    KEKRecipientInfo,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    PasswordRecipientInfo,
)
from smime.cms.signed_data import SignedDataHead, SignedDataTail, signed_data_version
from smime.cms.signer_info import SignerInfo
from smime.findings import Finding, finding

__all__ = ["version_findings"]

_RECIPIENT_INFOS = {KeyAgreeRecipientInfo: 3, KEKRecipientInfo: 4, PasswordRecipientInfo: 0, KEMRecipientInfo: 0}
"""The one version of each (RFC 5652 section 6.2, RFC 9629 section 3); that of KeyTransRecipientInfo follows from its rid."""


def version_findings(head: object, tail: object = None) -> list[Finding]:
    """Return an ``unknown-version`` for each structure of a CMS object with another version than RFC 5652 gives it.

    Args:
        head: the event that began the object.
        tail: the one that ended it; without it, what depends on it is not looked at.
    """
    if _ordinary(head, tail):
        return []
    wrong = dict.fromkeys((*_of_object(head, tail), *_of_members(head, tail)))
    return [finding("unknown-version", structure=structure, version=version) for structure, version in wrong]


def _ordinary(head: object, tail: object) -> bool:
    """Whether an object is of the form that nearly all have, in the versions for it: looked at first, since it is looked at always."""
    if type(head) is SignedDataHead:
        if head.version != 1 or head.content_type != DATA or type(tail) is not SignedDataTail:
            return False
        if tail.other_certificates or tail.other_revocation_infos or tail.unknown_signer_infos:
            return False
        for signer in tail.signer_infos:  # noqa: SIM110 - a generator costs more than what it looks at
            if signer.version != 1 or type(signer.sid) is not IssuerAndSerialNumber:
                return False
        return True
    if type(head) is AuthEnvelopedDataHead or type(head) is EnvelopedDataHead:
        enveloped = type(head) is EnvelopedDataHead
        if head.version != 0 or (enveloped and (head.originator_info is not None or getattr(tail, "unprotected_attrs", None) is not None)):
            return False
        for info in head.recipient_infos:
            if type(info) is KeyTransRecipientInfo:
                if info.version != 0 or type(info.rid) is not IssuerAndSerialNumber:
                    return False
            elif enveloped or type(info) is not KeyAgreeRecipientInfo or info.version != 3:
                return False
        return True
    return False


def _of_object(head: object, tail: object) -> Iterator[tuple[str, int]]:
    if isinstance(head, SignedDataHead):
        if not isinstance(tail, SignedDataTail) or tail.unknown_signer_infos:
            return
        infos = [info.raw for info in tail.signer_infos]
        others = bool(tail.other_revocation_infos)
        expected = signed_data_version(head.content_type, infos, tail.other_certificates, other_revocation_infos=others)
        structure = "SignedData"
    elif isinstance(head, AuthEnvelopedDataHead):
        expected, structure = 0, "AuthEnvelopedData"
    elif isinstance(head, EnvelopedDataHead):
        expected, structure = _of_enveloped_data(head, tail), "EnvelopedData"
    elif isinstance(head, EncryptedDataHead):
        expected, structure = 0 if getattr(tail, "unprotected_attrs", None) is None else 2, "EncryptedData"
    elif isinstance(head, AuthenticatedDataHead):
        other, attribute = _of_originator(head.originator_info)
        expected, structure = 3 if other else 1 if attribute else 0, "AuthenticatedData"  # RFC 5652 section 9.1
    elif isinstance(head, DigestedDataHead):
        expected, structure = 0 if head.content_type == DATA else 2, "DigestedData"
    elif isinstance(head, CompressedDataHead):
        expected, structure = 0, "CompressedData"
    else:
        return
    if head.version != expected:
        yield structure, head.version


def _of_enveloped_data(head: EnvelopedDataHead, tail: object) -> int:
    """Return the version that RFC 5652 section 6.1 gives."""
    origin, infos = head.originator_info, head.recipient_infos
    other, attribute = _of_originator(origin)
    if other:
        return 4
    if attribute or any(info.raw[0] in {0xA3, 0xA4} for info in infos):
        return 3
    plain = origin is None and getattr(tail, "unprotected_attrs", None) is None
    return 0 if plain and all(isinstance(info, KeyTransRecipientInfo) and info.version == 0 for info in infos) else 2


def _of_originator(origin: OriginatorInfo | None) -> tuple[bool, bool]:
    """Return whether an OriginatorInfo has anything of another format, and whether it has a version 2 attribute certificate."""
    if origin is None:
        return False, False
    tags = {raw[0] for raw in origin.other_certificates}
    return 0xA3 in tags or bool(origin.other_revocation_infos), 0xA2 in tags


def _of_members(head: object, tail: object) -> Iterator[tuple[str, int]]:
    members: tuple[object, ...] = tail.signer_infos if isinstance(tail, SignedDataTail) else getattr(head, "recipient_infos", ())
    for member in members:
        expected: int | None
        if isinstance(member, SignerInfo):
            expected = 1 if isinstance(member.sid, IssuerAndSerialNumber) else 3
        elif isinstance(member, KeyTransRecipientInfo):
            expected = 0 if isinstance(member.rid, IssuerAndSerialNumber) else 2
        else:
            expected = _RECIPIENT_INFOS.get(type(member))
        version = getattr(member, "version", None)
        if expected is not None and version is not None and version != expected:
            yield type(member).__name__, version
