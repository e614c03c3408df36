"""RecipientInfos: for whom a content is encrypted, and the content-encryption key for each (RFC 5652 section 6.2, RFC 9629).

::

    RecipientInfo ::= CHOICE {
        ktri KeyTransRecipientInfo,
        kari [1] KeyAgreeRecipientInfo,
        kekri [2] KEKRecipientInfo,
        pwri [3] PasswordRecipientInfo,
        ori [4] OtherRecipientInfo }
    KeyTransRecipientInfo ::= SEQUENCE {
        version CMSVersion,  -- 0 or 2
        rid RecipientIdentifier,
        keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
        encryptedKey EncryptedKey }
    KeyAgreeRecipientInfo ::= SEQUENCE {
        version CMSVersion,  -- 3
        originator [0] EXPLICIT OriginatorIdentifierOrKey,
        ukm [1] EXPLICIT UserKeyingMaterial OPTIONAL,
        keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
        recipientEncryptedKeys SEQUENCE OF SEQUENCE {
            rid CHOICE {
                issuerAndSerialNumber IssuerAndSerialNumber,
                rKeyId [0] IMPLICIT RecipientKeyIdentifier },
            encryptedKey EncryptedKey } }
    OriginatorIdentifierOrKey ::= CHOICE {
        issuerAndSerialNumber IssuerAndSerialNumber,
        subjectKeyIdentifier [0] SubjectKeyIdentifier,
        originatorKey [1] OriginatorPublicKey }
    OriginatorPublicKey ::= SEQUENCE { algorithm AlgorithmIdentifier, publicKey BIT STRING }
    KEKRecipientInfo ::= SEQUENCE {
        version CMSVersion,  -- 4
        kekid KEKIdentifier,
        keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
        encryptedKey EncryptedKey }
    PasswordRecipientInfo ::= SEQUENCE {
        version CMSVersion,  -- 0
        keyDerivationAlgorithm [0] KeyDerivationAlgorithmIdentifier OPTIONAL,
        keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
        encryptedKey EncryptedKey }
    OtherRecipientInfo ::= SEQUENCE { oriType OBJECT IDENTIFIER, oriValue ANY DEFINED BY oriType }
    KEMRecipientInfo ::= SEQUENCE {
        version CMSVersion,  -- 0
        rid RecipientIdentifier,
        kem KEMAlgorithmIdentifier,
        kemct OCTET STRING,
        kdf KeyDerivationAlgorithmIdentifier,
        kekLength INTEGER (1..65535),
        ukm [0] EXPLICIT UserKeyingMaterial OPTIONAL,
        wrap KeyEncryptionAlgorithmIdentifier,
        encryptedKey EncryptedKey }
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import OID, SEQUENCE, Element, Reader, parse
from smime.cms.content_info import check_count
from smime.cms.identifiers import (
    IssuerAndSerialNumber,
    KEKIdentifier,
    RecipientKeyIdentifier,
    SignerIdentifier,
    identifier_from_element,
    identifier_from_raw,
)
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "ORI_KEM",
    "KEKRecipientInfo",
    "KEMRecipientInfo",
    "KeyAgreeRecipientInfo",
    "KeyTransRecipientInfo",
    "OriginatorPublicKey",
    "OtherRecipientInfo",
    "PasswordRecipientInfo",
    "RecipientEncryptedKey",
    "RecipientInfo",
    "from_element",
    "read_recipient_infos",
    "recipient_infos_of_index",
]

ORI_KEM = "1.2.840.113549.1.9.16.13.3"


@dataclass(frozen=True, slots=True)
class KeyTransRecipientInfo:
    """The key is encrypted with the recipient's public key."""

    version: int
    rid: SignerIdentifier
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes
    raw: bytes = b""

    @classmethod
    def from_element(cls, element: Element) -> KeyTransRecipientInfo:
        """Read one; ParseError if it is none."""
        reader = Reader(element)
        version = reader.integer()
        rid = identifier_from_element(reader.any())
        algorithm = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        key = reader.octet_string()
        reader.end()
        return cls(version, rid, algorithm, key, element.raw)

    @staticmethod
    def build(rid: SignerIdentifier, key_encryption_algorithm: AlgorithmIdentifier, encrypted_key: bytes) -> bytes:
        """Return an encoded RecipientInfo."""
        return KeyTransRecipientInfo.head(rid, key_encryption_algorithm, len(encrypted_key)) + encrypted_key

    @staticmethod
    def head(rid: SignerIdentifier, key_encryption_algorithm: AlgorithmIdentifier, size: int) -> bytes:
        """Return all that stands before an encrypted key of this size, which is the same in every message to a recipient."""
        version = 0 if isinstance(rid, IssuerAndSerialNumber) else 2
        fields = writer.integer(version) + rid.encode() + key_encryption_algorithm.raw + writer.header(0x04, size)
        return writer.header(0x30, len(fields) + size) + fields


@dataclass(frozen=True, slots=True)
class OriginatorPublicKey:
    """The originator's ephemeral public key.

    Attributes:
        algorithm: of the key; the parameters may be absent (RFC 5753 section 3.1.1).
        public_key: the octets of the BIT STRING.
    """

    algorithm: AlgorithmIdentifier
    public_key: bytes

    def __str__(self) -> str:
        return f"ephemeral {self.algorithm.name} key"

    @classmethod
    def from_element(cls, element: Element) -> OriginatorPublicKey:
        """Read one, whatever its tag; ParseError if it is none."""
        reader = Reader(element)
        algorithm = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        key = reader.bit_string()
        reader.end()
        return cls(algorithm, key)

    def encode(self) -> bytes:
        """Return ``[1] IMPLICIT``, as in OriginatorIdentifierOrKey."""
        return writer.tlv(0xA1, self.algorithm.raw + writer.bit_string(self.public_key))


@dataclass(frozen=True, slots=True)
class RecipientEncryptedKey:
    """One recipient of a key agreement."""

    rid: IssuerAndSerialNumber | RecipientKeyIdentifier
    encrypted_key: bytes

    @classmethod
    def from_element(cls, element: Element) -> RecipientEncryptedKey:
        """Read one; ParseError if it is none."""
        reader = Reader(element.expect(SEQUENCE))
        rid = reader.any()
        key = reader.octet_string()
        reader.end()
        if rid.tag == 0xA0:
            return cls(RecipientKeyIdentifier.from_element(rid), key)
        return cls(IssuerAndSerialNumber.from_element(rid.expect(SEQUENCE)), key)

    def encode(self) -> bytes:
        """Return the SEQUENCE."""
        rid = self.rid.encode(tag=0xA0) if isinstance(self.rid, RecipientKeyIdentifier) else self.rid.encode()
        return writer.sequence(rid, writer.octet_string(self.encrypted_key))


@dataclass(frozen=True, slots=True)
class KeyAgreeRecipientInfo:
    """The key is wrapped under a key that originator and recipient agree on; several recipients may share one originator key.

    Attributes:
        version: 3; reported, not enforced.
        originator: its key, or whose it is.
        ukm: user keying material, None if absent.
        key_encryption_algorithm: the scheme; its parameters are the key wrap algorithm.
        recipient_encrypted_keys: at least one in a well-formed message.
        raw: the whole element with the tag [1].
    """

    version: int
    originator: SignerIdentifier | OriginatorPublicKey
    ukm: bytes | None
    key_encryption_algorithm: AlgorithmIdentifier
    recipient_encrypted_keys: tuple[RecipientEncryptedKey, ...]
    raw: bytes = b""

    @classmethod
    def from_element(cls, element: Element) -> KeyAgreeRecipientInfo:
        """Read one, whatever its tag; ParseError if it is none."""
        reader = Reader(element)
        version = reader.integer()
        who = reader.explicit(0)
        originator = OriginatorPublicKey.from_element(who) if who.tag == 0xA1 else identifier_from_element(who)
        ukm = reader.optional_explicit(1)
        if ukm is not None and ukm.tag != 0x24:
            ukm.expect(0x04)
        algorithm = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        keys = tuple([RecipientEncryptedKey.from_element(item) for item in reader.sequence_of()])
        reader.end()
        return cls(version, originator, ukm.contents if ukm is not None else None, algorithm, keys, element.raw)

    @staticmethod
    def build(
        originator: SignerIdentifier | OriginatorPublicKey,
        key_encryption_algorithm: AlgorithmIdentifier,
        recipient_encrypted_keys: Iterable[RecipientEncryptedKey],
        ukm: bytes | None = None,
    ) -> bytes:
        """Return an encoded RecipientInfo."""
        return writer.implicit(
            1,
            b"".join(
                (
                    b"\x02\x01\x03",
                    writer.explicit(0, originator.encode()),
                    writer.explicit(1, writer.octet_string(ukm)) if ukm is not None else b"",
                    key_encryption_algorithm.raw,
                    writer.sequence(*(key.encode() for key in recipient_encrypted_keys)),
                )
            ),
        )


@dataclass(frozen=True, slots=True)
class KEKRecipientInfo:
    """The key is wrapped under a symmetric key that both sides have."""

    version: int
    kekid: KEKIdentifier
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes
    raw: bytes = b""

    @classmethod
    def from_element(cls, element: Element) -> KEKRecipientInfo:
        """Read one, whatever its tag; ParseError if it is none."""
        reader = Reader(element)
        version = reader.integer()
        kekid = KEKIdentifier.from_element(reader.element(SEQUENCE))
        algorithm = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        key = reader.octet_string()
        reader.end()
        return cls(version, kekid, algorithm, key, element.raw)

    @staticmethod
    def build(kekid: KEKIdentifier, key_encryption_algorithm: AlgorithmIdentifier, encrypted_key: bytes) -> bytes:
        """Return an encoded RecipientInfo."""
        return writer.implicit(2, b"\x02\x01\x04" + kekid.encode() + key_encryption_algorithm.raw + writer.octet_string(encrypted_key))


@dataclass(frozen=True, slots=True)
class PasswordRecipientInfo:
    """The key is wrapped under a key that a password gives.

    Attributes:
        version: 0; reported, not enforced.
        key_derivation_algorithm: None: the key is had by other means.
        key_encryption_algorithm: PWRI-KEK (RFC 3211) or a key wrap.
        encrypted_key: wrapped.
        raw: the whole element with the tag [3].
    """

    version: int
    key_derivation_algorithm: AlgorithmIdentifier | None
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes
    raw: bytes = b""

    @classmethod
    def from_element(cls, element: Element) -> PasswordRecipientInfo:
        """Read one, whatever its tag; ParseError if it is none."""
        reader = Reader(element)
        version = reader.integer()
        derivation = reader.optional(0xA0)
        algorithm = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        key = reader.octet_string()
        reader.end()
        return cls(version, AlgorithmIdentifier.from_element(derivation) if derivation is not None else None, algorithm, key, element.raw)

    @staticmethod
    def build(
        key_derivation_algorithm: AlgorithmIdentifier | None, key_encryption_algorithm: AlgorithmIdentifier, encrypted_key: bytes
    ) -> bytes:
        """Return an encoded RecipientInfo."""
        derivation = writer.retag(key_derivation_algorithm.raw, 0xA0) if key_derivation_algorithm is not None else b""
        return writer.implicit(3, b"\x02\x01\x00" + derivation + key_encryption_algorithm.raw + writer.octet_string(encrypted_key))


@dataclass(frozen=True, slots=True)
class KEMRecipientInfo:
    """The key is wrapped under a key that a key encapsulation mechanism gives (RFC 9629 section 3)."""

    version: int
    rid: SignerIdentifier
    kem: AlgorithmIdentifier
    kemct: bytes
    kdf: AlgorithmIdentifier
    kek_length: int
    ukm: bytes | None
    wrap: AlgorithmIdentifier
    encrypted_key: bytes
    raw: bytes = b""

    @classmethod
    def from_element(cls, element: Element, raw: bytes = b"") -> KEMRecipientInfo:
        """Read the value of an OtherRecipientInfo; ParseError if it is none. `raw` is that of the OtherRecipientInfo."""
        reader = Reader(element.expect(SEQUENCE))
        version = reader.integer()
        rid = identifier_from_element(reader.any())
        kem = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        kemct = reader.octet_string()
        kdf = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        kek_length = reader.integer()
        if not 1 <= kek_length <= 65535:
            raise element.error("kekLength is not in 1 to 65535")
        ukm = reader.optional_explicit(0)
        if ukm is not None and ukm.tag != 0x24:
            ukm.expect(0x04)
        wrap = AlgorithmIdentifier.from_element(reader.element(SEQUENCE))
        key = reader.octet_string()
        reader.end()
        return cls(version, rid, kem, kemct, kdf, kek_length, ukm.contents if ukm is not None else None, wrap, key, raw or element.raw)

    @staticmethod
    def build(
        rid: SignerIdentifier,
        kem: AlgorithmIdentifier,
        kemct: bytes,
        kdf: AlgorithmIdentifier,
        kek_length: int,
        wrap: AlgorithmIdentifier,
        encrypted_key: bytes,
        ukm: bytes | None = None,
    ) -> bytes:
        """Return an encoded RecipientInfo: OtherRecipientInfo of type id-ori-kem."""
        value = writer.sequence(
            b"\x02\x01\x00",
            rid.encode(),
            kem.raw,
            writer.octet_string(kemct),
            kdf.raw,
            writer.integer(kek_length),
            writer.explicit(0, writer.octet_string(ukm)) if ukm is not None else b"",
            wrap.raw,
            writer.octet_string(encrypted_key),
        )
        return OtherRecipientInfo.build(ORI_KEM, value)


@dataclass(frozen=True, slots=True)
class OtherRecipientInfo:
    """Any RecipientInfo that is none of the others: an unknown oriType, or an alternative or version that nobody has defined yet.

    Attributes:
        oid: the oriType; empty if it is not even an OtherRecipientInfo.
        value: the oriValue, None likewise.
        raw: the whole element as received.
        fault: why it is here although its tag is known, None if it is not.
    """

    oid: str
    value: bytes | None
    raw: bytes
    fault: str | None = None

    @staticmethod
    def build(oid: str, value: bytes) -> bytes:
        """Return an encoded RecipientInfo."""
        return writer.implicit(4, writer.oid(oid) + value)


RecipientInfo = (
    KeyTransRecipientInfo | KeyAgreeRecipientInfo | KEKRecipientInfo | PasswordRecipientInfo | KEMRecipientInfo | OtherRecipientInfo
)

_READERS: dict[int, tuple[Callable[[Element], RecipientInfo], frozenset[int]]] = {
    SEQUENCE: (KeyTransRecipientInfo.from_element, frozenset({0, 2})),
    0xA1: (KeyAgreeRecipientInfo.from_element, frozenset({3})),
    0xA2: (KEKRecipientInfo.from_element, frozenset({4})),
    0xA3: (PasswordRecipientInfo.from_element, frozenset({0})),
}
"""How to read each alternative, and the versions that it has."""


def from_element(element: Element) -> RecipientInfo:
    """Read a RecipientInfo. One that is unknown is kept raw, never fatal (RFC 5652 section 6.2).

    Raises:
        ParseError: one of the known kinds, in a version that is known, is malformed.
    """
    known = _READERS.get(element.tag)
    if known is not None:
        read, versions = known
        try:
            return read(element)
        except ParseError:
            version = _version_of(element)
            if version is None or version in versions:
                raise
            return OtherRecipientInfo("", None, element.raw, f"version {version}")
    if element.tag != 0xA4:
        return OtherRecipientInfo("", None, element.raw)
    reader = Reader(element)
    if reader.peek() != OID:
        return OtherRecipientInfo("", None, element.raw, "no oriType")
    oid = reader.oid()
    if reader.peek() is None:
        return OtherRecipientInfo(oid, None, element.raw, "no oriValue")
    value = reader.any()
    reader.end()
    if oid != ORI_KEM:
        return OtherRecipientInfo(oid, value.raw, element.raw)
    try:
        return KEMRecipientInfo.from_element(value, element.raw)
    except ParseError:
        version = _version_of(value)
        if version is None or version == 0:
            raise
        return OtherRecipientInfo(oid, value.raw, element.raw, f"version {version}")


def _version_of(element: Element) -> int | None:
    """Return the version that a structure begins with, None if it begins with nothing that could be one."""
    try:
        version = Reader(element).integer()
    except ParseError:
        return None
    return version if 0 <= version < 128 else None


_KEY_TRANSPORT = frozenset({(0x02, 0x30, 0x30, 0x04), (0x02, 0x80, 0x30, 0x04)})


_SHORT = 512
_HEADS = 256
_known_heads: dict[bytes, tuple[int, SignerIdentifier, AlgorithmIdentifier]] = {}
"""What plain key transports say before the octets of the key, all headers included: one recipient's are alike in message after message."""


def recipient_infos_of_index(data: bytes, index: Sequence[int], at: int, limits: Limits) -> tuple[RecipientInfo, ...] | None:
    """Return the RecipientInfos of a SET OF at a place of an index that reports their fields, if all are plain key transports."""
    found: list[RecipientInfo] = []
    stop = index[at + 5]
    at += 6
    while at < stop:
        version, after = at + 6, index[at + 5]
        start, end, last = index[at + 1], index[at + 4], after - 6
        known = _known_heads.get(data[start : index[last + 2]])
        if known is not None and index[last + 3] == end and len(found) < limits.recipients:
            found.append(KeyTransRecipientInfo(*known, data[index[last + 2] : end], data[start:end]))
            at = after
            continue
        rid = index[version + 5] if version < after else after
        algorithm = index[rid + 5] if rid < after else after
        key = index[algorithm + 5] if algorithm < after else after
        if (
            index[at] != 0x30
            or key >= after
            or index[key + 5] != after
            or (index[version], index[rid], index[algorithm], index[key]) not in _KEY_TRANSPORT
            or index[version + 3] != index[version + 2] + 1
            or data[index[version + 2]] >= 0x80
            or len(found) >= limits.recipients
        ):
            return None
        fields = (
            data[index[version + 2]],
            identifier_from_raw(data[index[rid + 1] : index[rid + 4]]),
            AlgorithmIdentifier.from_raw(data[index[algorithm + 1] : index[algorithm + 4]]),
        )
        found.append(KeyTransRecipientInfo(*fields, data[index[key + 2] : index[key + 3]], data[start:end]))
        if index[key + 3] == end and index[key + 2] - start <= _SHORT:
            if len(_known_heads) >= _HEADS:
                _known_heads.clear()
            _known_heads[data[start : index[key + 2]]] = fields
        at = after
    return tuple(found) or None


def read_recipient_infos(raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> tuple[RecipientInfo, ...]:
    """Read a SET OF RecipientInfo.

    Raises:
        ParseError: it is none, it is empty, or a member is malformed.
        LimitExceeded: ``recipients`` (each recipient of a key agreement counts), ``asn1_depth`` or ``asn1_elements``.
    """
    element = parse(raw, limits=limits, layer="cms").expect(0x31)
    found: list[RecipientInfo] = []
    count = 0
    for member in element:
        count += 1
        check_count("recipients", count, limits.recipients, member.start)
        info = from_element(member)
        if type(info) is KeyAgreeRecipientInfo:
            count += max(len(info.recipient_encrypted_keys), 1) - 1
            check_count("recipients", count, limits.recipients, member.start)
        found.append(info)
    if not found:
        raise ParseError("cms", "there is no RecipientInfo", 0)
    return tuple(found)
