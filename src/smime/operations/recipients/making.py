"""Where RecipientInfos (RFC 5652 section 6.2, RFC 9629) meet keys: finding those that are for us and opening them, and making them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from smime.algorithms import CONTENT_ENCRYPTIONS_BY_NAME, RSA_ENCRYPTION, Level
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import capabilities as caps
from smime.cms.identifiers import IssuerAndSerialNumber, RecipientKeyIdentifier, SubjectKeyIdentifier
from smime.cms.recipient_info import (
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    OriginatorPublicKey,
    RecipientEncryptedKey,
)
from smime.crypto import kem, key_transport, key_wrap, keys
from smime.crypto import key_agreement as agreement
from smime.errors import KeyMismatchError, PolicyError
from smime.memory import Cache
from smime.operations.recipients.agreement import agreement_scheme
from smime.operations.recipients.kek import KEKRecipient
from smime.operations.recipients.password import PasswordRecipient
from smime.operations.recipients.preferred import preferred_certificate
from smime.operations.recipients.transport import BOUND_TO
from smime.pki.identity import ContentKey, KeyEncryptionKey, Password
from smime.report import SignerReport, Verdict, VerificationReport
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from cryptography import x509

    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["AnyRecipient", "Recipient", "choose_content_encryption", "common_capabilities", "each_of", "makers_of", "recipient_infos"]

# -- opening --


# -- making --

_UKM = 16  # octets of user keying material, fresh for each originator key (RFC 5753 section 7.2 wants it sent)

AnyRecipient = Any
"""`x509.Certificate`, `Recipient`, `Password`, `KeyEncryptionKey` or `ContentKey`."""


class Maker(Protocol):
    """Makes the RecipientInfo of one recipient."""

    capabilities: frozenset[str] | None
    """What the recipient is known to read, by name; None if nothing is known."""

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:
        """Return the RecipientInfo that brings this content encryption key."""


class Recipient:
    """Somebody to encrypt for: a certificate whose key takes content encryption keys.

    Args:
        certificate: of the recipient: RSA, EC, X25519, X448 or ML-KEM.
        key_transport: for RSA: ``"rsaes-oaep"``, ``"rsaEncryption"`` (PKCS #1 v1.5) or ``"rsa-kem"``; None: what the recipient is known to
            read, or else what the policy says.
        oaep_digest: name of the digest of RSAES-OAEP and its MGF1, such as ``"sha1"`` for older readers; None: SHA-256, or what the key is
            bound to.
        key_agreement: for EC, X25519 and X448: the scheme, such as ``"dhSinglePass-cofactorDH-sha256kdf"`` (RFC 5753 section 7.1.4, RFC
            8418 section 2); None: by the strength of the curve.
        capabilities: names of what the recipient is known to read, as in `smime.cms.capabilities`; None: nothing is known.
        by_key_identifier: name the recipient by subject key identifier instead of issuer and serial number.

    Raises:
        KeyMismatchError: the certificate's key or key usage does not allow encryption to it or not in that way, or it has no subject key
            identifier.
        UnsupportedError: there is no such scheme or digest.
    """

    __slots__ = ("_head", "_rid", "capabilities", "facts", "kind", "oaep_digest", "scheme", "transport")

    def __init__(
        self,
        certificate: x509.Certificate | Certificate | bytes,
        *,
        key_transport: str | None = None,
        oaep_digest: str | None = None,
        key_agreement: str | None = None,
        capabilities: Iterable[str] | None = None,
        by_key_identifier: bool = False,
    ) -> None:
        own = Certificate.of_any(certificate)
        self.facts = own
        self.capabilities = None if capabilities is None else frozenset(capabilities)
        self.kind = keys.key_kind(own.public_key)
        if key_transport not in {None, "rsaes-oaep", "rsaEncryption", "rsa-kem"}:
            raise ValueError(f'key_transport is "rsaes-oaep", "rsaEncryption" or "rsa-kem", not {key_transport!r}')
        if self.kind == "RSA" or self.kind in kem.KINDS:
            needed = "keyEncipherment"
        elif self.kind in agreement.KINDS:
            needed = "keyAgreement"
        else:
            raise KeyMismatchError(f"nothing can be encrypted to a key of kind {self.kind}")
        if (key_transport or oaep_digest) and self.kind != "RSA":
            raise KeyMismatchError(f"a key of kind {self.kind} takes no key transport")
        bound = BOUND_TO.get(own.key_algorithm.oid)  # RFC 4055 section 4.1, RFC 9690 section 2.3
        self.transport = key_transport or bound
        if self.kind == "RSA" and own.key_algorithm.oid != RSA_ENCRYPTION.oid and (bound is None or self.transport != bound):
            raise KeyMismatchError(f"the key of {own.subject} is for {own.key_algorithm.name} only")
        self.oaep_digest = oaep_digest
        self.scheme = agreement_scheme(self.kind, own.public_key, key_agreement)
        usage = own.key_usage
        if usage is not None and needed not in usage:
            raise KeyMismatchError(f"the key usage of {own.subject} does not allow {needed}")
        if by_key_identifier and own.ski is None:
            raise KeyMismatchError(f"the certificate of {own.subject} has no subject key identifier")
        self._rid = SubjectKeyIdentifier(own.ski) if by_key_identifier and own.ski else IssuerAndSerialNumber(own.issuer_raw, own.serial)
        self._head: tuple[AlgorithmIdentifier, bytes] | None = None

    @classmethod
    def from_signed(cls, report: VerificationReport | SignerReport, *, trust: TrustStore | None = None) -> Recipient:
        """Make a recipient of somebody whose signed message was VALID: the key preferred there, and what was announced there.

        The certificate is the one that encryptionKeyPreference names (RFC 8551 section 2.5.3), if it came with the message, and else the
        signer's own. The signature does not cover the certificates beside it, so anybody on the way may have put one there that goes by
        the name preferred: it is taken only if it is for the signer's addresses alone and an authority vouches for it, namely one that
        `trust` accepts or, without that, the very one that issued the signer's certificate. What smimeCapabilities announce (section
        2.5.2) chooses the algorithms.

        Args:
            report: of the message, if one signed it; or of the signer.
            trust: the anchors.

        Raises:
            PolicyError: the verdict is not VALID, so that nothing in it may be believed (row KP of the attack table).
            KeyMismatchError: nothing can be encrypted to the key.
            ValueError: several signed it.
        """
        certificates: Sequence[bytes] = ()
        at: datetime | None = None
        if isinstance(report, VerificationReport):
            if len(report.signers) != 1:
                raise ValueError(f"{len(report.signers)} signers: choose one")
            certificates, at = report.certificates, report.at
            if report.verdict is not Verdict.VALID:
                raise PolicyError("only a VALID signature says where to encrypt to")
            report = report.signers[0]
        if report.verdict is not Verdict.VALID or report.certificate is None:
            raise PolicyError("only a VALID signature says where to encrypt to")
        own = Certificate.of_any(report.certificate)
        preferred = preferred_certificate(report, own, certificates, trust, at or datetime.now(timezone.utc))
        names = [caps.name_of(oid, parameters) for oid, parameters in report.capabilities]
        return cls(preferred or own, capabilities=names or None)

    def recipient_info(self, key: bytes, policy: Policy) -> bytes:
        """Return the RecipientInfo that brings this content encryption key.

        Raises:
            PolicyError: the policy forbids the key.
            KeyMismatchError: the key cannot be used.
        """
        own, public_key = self.facts, self.facts.public_key
        if self.kind in agreement.KINDS:
            return _agreement_info([self], key, policy)
        if self.kind == "RSA":
            bits = own.rsa_bits or 0
            if policy.algorithms.rsa_level(bits) is not Level.CURRENT:
                raise PolicyError(f"the policy does not let anything be encrypted to a key of {bits} bits")
            transport = self.transport or self._known_transport() or policy.key_transport
            if transport != "rsa-kem":
                if transport == "rsaes-oaep" and self.oaep_digest is not None:
                    algorithm = key_transport.oaep_algorithm(self.oaep_digest)
                else:
                    algorithm = key_transport.choose(own.key_algorithm, v15=transport == "rsaEncryption")
                encrypted = key_transport.encrypt(public_key, algorithm, key, key_algorithm=own.key_algorithm)
                head = self._head  # RSA makes ciphertexts of one size
                if head is None or head[0] is not algorithm:
                    head = self._head = algorithm, KeyTransRecipientInfo.head(self._rid, algorithm, len(encrypted))
                return head[1] + encrypted
        made = kem.wrap(public_key, key)
        return KEMRecipientInfo.build(self._rid, made.kem, made.ciphertext, made.kdf, made.kek_length, made.wrap, made.encrypted_key)

    def _known_transport(self) -> str | None:
        known = self.capabilities or frozenset()
        if "RSAES-OAEP-SHA256" in known:
            return "rsaes-oaep"
        return "rsaEncryption" if "rsaEncryption" in known else None

    def agrees_with(self, other: Recipient) -> bool:
        """Whether both may share one originator key: same kind of key, same curve, same scheme."""
        if self.kind != other.kind or self.kind not in agreement.KINDS or self.scheme != other.scheme:
            return False
        mine, theirs = self.facts.public_key, other.facts.public_key
        return self.kind != "EC" or bool(mine.curve.name == theirs.curve.name)

    def agreement_algorithm(self, key_size: int) -> AlgorithmIdentifier:
        """Return the keyEncryptionAlgorithm for a content encryption key of this size in octets."""
        if self.scheme is None:
            return agreement.choose(self.facts.public_key, key_size)
        return agreement.algorithm_identifier(self.scheme, key_wrap.wrap_for(key_size))

    def encrypted_key(self, ephemeral: agreement.EphemeralKey, key: bytes, ukm: bytes) -> RecipientEncryptedKey:
        """Return the content encryption key as wrapped for this recipient under an originator key."""
        wrapped = ephemeral.wrap(self.facts.public_key, self.agreement_algorithm(len(key)), key, ukm=ukm)
        rid = self._rid
        return RecipientEncryptedKey(RecipientKeyIdentifier(rid.value) if isinstance(rid, SubjectKeyIdentifier) else rid, wrapped)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate as an object of `cryptography`; ParseError if that refuses to load it."""
        return self.facts.loaded

    def __repr__(self) -> str:
        return f"<Recipient {self.facts.subject}>"


def _agreement_info(together: Sequence[Recipient], key: bytes, policy: Policy) -> bytes:
    """Return one KeyAgreeRecipientInfo for recipients that share an originator key."""
    algorithm = together[0].agreement_algorithm(len(key))
    if policy.algorithms.level(algorithm.name) is not Level.CURRENT:
        raise PolicyError(f"the policy does not let keys be agreed on by {algorithm.name}")
    ephemeral = agreement.EphemeralKey(together[0].facts.public_key)
    ukm = secrets.token_bytes(_UKM)
    return KeyAgreeRecipientInfo.build(
        OriginatorPublicKey(ephemeral.algorithm, ephemeral.public_key),
        algorithm,
        [recipient.encrypted_key(ephemeral, key, ukm) for recipient in together],
        ukm,
    )


_CHANGEABLE = (bytearray, memoryview)
_OCTETS = (bytes, *_CHANGEABLE)


def each_of(recipients: AnyRecipient | Iterable[AnyRecipient]) -> list[AnyRecipient]:
    """Return recipients as a list: of one who was given alone, too, be it as an encoded certificate."""
    if type(recipients) is list:
        return recipients
    if isinstance(recipients, _OCTETS) or not isinstance(recipients, Iterable):
        return [recipients]
    return list(recipients)


def makers_of(recipients: AnyRecipient | Iterable[AnyRecipient]) -> list[Maker]:
    """Return what makes the RecipientInfos of these recipients, one after the other.

    Raises:
        KeyMismatchError: nothing can be encrypted to one of them.
        ValueError: there is none, or a content key is among others.
    """
    makers: list[Maker] = []
    for recipient in recipients if type(recipients) is list else each_of(recipients):
        if isinstance(recipient, Recipient):
            makers.append(recipient)
        elif isinstance(recipient, Password):
            makers.append(PasswordRecipient(recipient))
        elif isinstance(recipient, KeyEncryptionKey):
            makers.append(KEKRecipient(recipient))
        elif isinstance(recipient, ContentKey):
            raise ValueError("a content key goes without other recipients")  # noqa: TRY004 - its company is wrong, not its type
        else:
            makers.append(_recipient(recipient))
    if not makers:
        raise ValueError("there is no recipient")
    return makers


_recipients: Cache[Any, Recipient] = Cache(1024)


def _recipient(certificate: x509.Certificate | bytes) -> Recipient:
    """Return the recipient with this certificate, from memory if the certificate was there before: equal ones have the same octets."""
    if isinstance(certificate, _CHANGEABLE):
        return Recipient(bytes(certificate))
    known = _recipients.get(certificate)
    if known is None:
        known = Recipient(certificate)
        _recipients.put(certificate, known)
    return known


def common_capabilities(makers: Sequence[Maker]) -> frozenset[str] | None:
    """Return what all recipients are known to read; None if of one of them nothing is known."""
    common: frozenset[str] | None = None
    for maker in makers:
        if maker.capabilities is None:
            return None
        common = maker.capabilities if common is None else common & maker.capabilities
    return common


def choose_content_encryption(known: frozenset[str] | None, policy: Policy) -> str:
    """Return the content encryption that all recipients read (RFC 8551 section 2.7.1), the policy's own if that is among them."""
    if known is None or policy.content_encryption in known:
        return policy.content_encryption
    for name in ("aes-256-gcm", "aes-128-gcm", "chacha20-poly1305", "aes-256-cbc", "aes-128-cbc"):
        if name in known and name in CONTENT_ENCRYPTIONS_BY_NAME and policy.algorithms.level(name) is Level.CURRENT:
            return name
    return policy.content_encryption


def recipient_infos(makers: Sequence[Maker], key: bytes, policy: Policy) -> list[bytes]:
    """Return the RecipientInfos that bring a key to its recipients; those who agree on keys on one curve share an originator key.

    Raises:
        PolicyError: the policy forbids a key.
        KeyMismatchError: a key cannot be used.
    """
    infos: list[bytes] = []
    groups: list[list[Recipient]] = []
    for maker in makers:
        if not isinstance(maker, Recipient) or maker.kind not in agreement.KINDS:
            infos.append(maker.recipient_info(key, policy))
            continue
        for group in groups:
            if group[0].agrees_with(maker):
                group.append(maker)
                break
        else:
            groups.append([maker])
    return infos + [_agreement_info(group, key, policy) for group in groups]
