"""Where RecipientInfos (RFC 5652 section 6.2, RFC 9629) meet keys: finding the ones that are for us, and opening them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from smime.cms.identifiers import RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.cms.recipient_info import (
    KEKRecipientInfo,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    OriginatorPublicKey,
    PasswordRecipientInfo,
)
from smime.crypto import kem, key_agreement, key_transport, key_wrap, pwri
from smime.errors import UnsupportedError

if TYPE_CHECKING:
    from smime.pki.identity import Identity, KeyEncryptionKey, Keyring, Password
    from smime.policy import Policy

__all__ = ["Candidate", "matching", "names_of"]


class Candidate:
    """A RecipientInfo and a key at hand that may open it.

    Attributes:
        index: of the recipient, counted as `names_of` does.
        algorithm_name: of the key encryption.
        rank: candidates of a lower rank are tried first: a key transport by PKCS #1 v1.5 never says that it failed.
    """

    __slots__ = ("_open", "algorithm_name", "index", "rank")

    def __init__(self, index: int, algorithm_name: str, rank: int, opener: Callable[[tuple[int, ...], Policy], bytes]) -> None:
        self.index = index
        self.algorithm_name = algorithm_name
        self.rank = rank
        self._open = opener

    def unwrap(self, key_sizes: tuple[int, ...], policy: Policy) -> bytes:
        """Return the content encryption key.

        Args:
            key_sizes: what the content encryption takes, octets; the usual one first.
            policy: limits for key derivation.

        Raises:
            Failed: it does not open.
            UnsupportedError, ParseError, LimitExceeded, KeyMismatchError: it cannot be tried.
        """
        return self._open(key_sizes, policy)


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


def matching(keyring: Keyring, infos: Iterable[object], policy: Policy) -> list[Candidate]:  # noqa: ARG001 - a policy may come to rule keys out
    """Return all that may open the message, in the order in which to try them."""
    found: list[Candidate] = []
    index = 0
    for info in infos:
        if isinstance(info, KeyAgreeRecipientInfo):
            for encrypted in info.recipient_encrypted_keys:
                found += [_agreement(index, info, encrypted.encrypted_key, identity) for identity in keyring.find(_sid(encrypted.rid))]
                index += 1
            continue
        if isinstance(info, KeyTransRecipientInfo):
            found += [_transport(index, info, identity) for identity in keyring.find(info.rid)]
        elif isinstance(info, KEMRecipientInfo):
            found += [_kem(index, info, identity) for identity in keyring.find(info.rid)]
        elif isinstance(info, KEKRecipientInfo):
            found += [_kek(index, info, key) for key in keyring.key_encryption_keys(info.kekid.key_identifier)]
        elif isinstance(info, PasswordRecipientInfo):
            found += [_password(index, info, password) for password in keyring.passwords]
        index += 1
    found.sort(key=lambda candidate: candidate.rank)
    return found


def _sid(rid: object) -> object:
    return SubjectKeyIdentifier(rid.subject_key_identifier) if isinstance(rid, RecipientKeyIdentifier) else rid


def _transport(index: int, info: KeyTransRecipientInfo, identity: Identity) -> Candidate:
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:
        return key_transport.decrypt(
            identity.private_key,
            algorithm,
            info.encrypted_key,
            key_sizes,
            key_algorithm=identity.certificate.key_algorithm,
            limits=policy.limits,
        )

    return Candidate(index, algorithm.name, 2 if algorithm.name == "rsaEncryption" else 0, opener)


def _agreement(index: int, info: KeyAgreeRecipientInfo, encrypted_key: bytes, identity: Identity) -> Candidate:
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        originator = info.originator
        if not isinstance(originator, OriginatorPublicKey):
            raise UnsupportedError("key agreement with a static originator key")
        return key_agreement.unwrap(
            identity.private_key, originator.algorithm, originator.public_key, algorithm, encrypted_key, ukm=info.ukm
        )

    return Candidate(index, algorithm.name, 0, opener)


def _kem(index: int, info: KEMRecipientInfo, identity: Identity) -> Candidate:
    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        received = kem.EncapsulatedKey(info.kem, info.kemct, info.kdf, info.kek_length, info.ukm, info.wrap, info.encrypted_key)
        return kem.unwrap(identity.private_key, received, limits=policy.limits)

    return Candidate(index, info.kem.name, 0, opener)


def _kek(index: int, info: KEKRecipientInfo, key: KeyEncryptionKey) -> Candidate:
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        return key_wrap.unwrap(algorithm, key.key, info.encrypted_key)

    return Candidate(index, algorithm.name, 0, opener)


def _password(index: int, info: PasswordRecipientInfo, password: Password) -> Candidate:
    algorithm = info.key_encryption_algorithm

    def opener(key_sizes: tuple[int, ...], policy: Policy) -> bytes:  # noqa: ARG001 - the wrap knows the size
        if info.key_derivation_algorithm is None:
            raise UnsupportedError("password recipient without a key derivation")
        return pwri.unwrap(password.secret, info.key_derivation_algorithm, algorithm, info.encrypted_key, limits=policy.limits)

    return Candidate(index, algorithm.name, 1, opener)
