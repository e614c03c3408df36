"""Keys with their certificates, keyrings that find them, and secrets without certificates (RFC 5652 section 6.2).

A keyring answers two questions in constant time: which identity a RecipientInfo means by issuer and serial number, and which by subject
key identifier. Key identifiers need not be unique, so every match is returned.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smime.errors import KeyMismatchError, SMIMEError
from smime.x509.certificate import Certificate, key_identifier_of

if TYPE_CHECKING:
    from cryptography import x509

    from smime.pki.keystores.read import StorePassword

__all__ = ["ContentKey", "Identity", "KeyEncryptionKey", "Keyring", "Password", "load_identities"]


class Identity:
    """A private key and its certificate.

    Args:
        private_key: a key of `cryptography`, or any object with the methods of `smime.crypto.keys.PrivateKey`.
        certificate: an object of `cryptography`, or DER octets.
        chain: further certificates that were found with it.

    Attributes:
        private_key: as given.
        facts: the certificate with its facts.
        chain: further certificates.

    Raises:
        KeyMismatchError: the certificate is of another key.
        SMIMEError: the certificate cannot be read.
    """

    __slots__ = ("chain", "facts", "private_key")

    def __init__(
        self,
        private_key: Any,
        certificate: x509.Certificate | Certificate | bytes,
        chain: Iterable[x509.Certificate | Certificate | bytes] = (),
    ) -> None:
        self.private_key = private_key
        self.facts = Certificate.of_any(certificate)
        self.chain = tuple(Certificate.of_any(further) for further in chain)
        if not _is_key_of(private_key.public_key(), self.facts):
            raise KeyMismatchError(f"the private key is not that of the certificate of {self.facts.subject}")

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate as an object of `cryptography`; ParseError if that refuses to load it."""
        return self.facts.loaded

    def __repr__(self) -> str:
        return f"<Identity {self.facts.subject!r} serial {self.facts.serial:x}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # keys of cryptography cannot be pickled; the archive's workers need them in another process
        return (_rebuild, (_portable(self.private_key), self.facts.der, tuple(further.der for further in self.chain)))


def _portable(private_key: Any) -> Any:
    if not type(private_key).__module__.startswith("cryptography."):
        return private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415 - heavy

    return private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _rebuild(private_key: Any, certificate: bytes, chain: tuple[bytes, ...]) -> Identity:
    if isinstance(private_key, bytes):
        from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415 - heavy

        private_key = load_der_private_key(private_key, None, unsafe_skip_rsa_key_validation=True)
    return Identity(private_key, certificate, chain)


class Password:
    """A password as recipient and identity (PasswordRecipientInfo, RFC 3211).

    Args:
        secret: the password; text is taken as UTF-8.
        key_wrap: as a recipient: the name of a key wrap, such as ``"aes-256-wrap"``, for readers that do not know PWRI-KEK; None: PWRI-KEK,
            which RFC 5652 makes mandatory. Both are read.
    """

    __slots__ = ("key_wrap", "secret")

    def __init__(self, secret: str | bytes, *, key_wrap: str | None = None) -> None:
        self.key_wrap = key_wrap
        self.secret = secret.encode() if isinstance(secret, str) else bytes(secret)

    def __repr__(self) -> str:
        return "<Password>"


class KeyEncryptionKey:
    """A symmetric key known to both sides (KEKRecipientInfo, RFC 5652 section 6.2.3).

    Args:
        key_id: the identifier by which both sides know it.
        key: 16, 24 or 32 octets.
    """

    __slots__ = ("key", "key_id")

    def __init__(self, key_id: bytes, key: bytes) -> None:
        if len(key) not in {16, 24, 32}:
            raise ValueError(f"a key-encryption key has 16, 24 or 32 octets, not {len(key)}")
        self.key_id = bytes(key_id)
        self.key = bytes(key)

    def __repr__(self) -> str:
        return f"<KeyEncryptionKey {self.key_id.hex()}>"


class ContentKey:
    """The content-encryption key itself (EncryptedData, RFC 5652 section 8).

    Args:
        key: its octets.
    """

    __slots__ = ("key",)

    def __init__(self, key: bytes) -> None:
        self.key = bytes(key)

    def __repr__(self) -> str:
        return "<ContentKey>"


Entry = Identity | Password | KeyEncryptionKey | ContentKey
"""What a keyring holds."""


class Keyring:
    """Everything that may open a message.

    Args:
        identities: identities, passwords, key-encryption keys and content keys, or one of these.

    Attributes:
        identities: those with a private key, in their order.
        passwords: in their order.
        content_keys: in their order.
    """

    __slots__ = ("_by_issuer_serial", "_by_kek_id", "_by_ski", "content_keys", "identities", "passwords")

    def __init__(
        self,
        identities: Iterable[Identity | Password | KeyEncryptionKey | ContentKey]
        | Identity
        | Password
        | KeyEncryptionKey
        | ContentKey = (),
    ) -> None:
        if isinstance(identities, Identity | Password | KeyEncryptionKey | ContentKey):
            identities = (identities,)
        self.identities: list[Identity] = []
        self.passwords: list[Password] = []
        self.content_keys: list[ContentKey] = []
        self._by_issuer_serial: defaultdict[int, list[Identity]] = defaultdict(list)
        self._by_ski: defaultdict[bytes, list[Identity]] = defaultdict(list)
        self._by_kek_id: defaultdict[bytes, list[KeyEncryptionKey]] = defaultdict(list)
        for entry in identities:
            self.add(entry)

    @classmethod
    def of(cls, identities: Any) -> Keyring:
        """Return a keyring for one, for a sequence of entries or for a single entry."""
        return identities if isinstance(identities, Keyring) else cls(identities)

    def add(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            TypeError: it is none.
        """
        if isinstance(entry, Identity):
            self.identities.append(entry)
            self._by_issuer_serial[entry.facts.serial].append(entry)
            self._by_ski[entry.facts.key_identifier or b""].append(entry)
        elif isinstance(entry, Password):
            self.passwords.append(entry)
        elif isinstance(entry, KeyEncryptionKey):
            self._by_kek_id[entry.key_id].append(entry)
        elif isinstance(entry, ContentKey):
            self.content_keys.append(entry)
        else:
            raise TypeError(f"{type(entry).__name__} is neither an Identity nor a Password, KeyEncryptionKey or ContentKey")

    def find(self, rid: Any) -> list[Identity]:
        """Return every identity that a recipient identifier means, in the order of the keyring.

        Args:
            rid: something with `issuer_raw` and `serial`, or something with a subject key identifier (RFC 5652 sections 6.2.1, 6.2.2).
        """
        issuer = getattr(rid, "issuer_raw", None)
        if issuer is not None:
            return self.by_issuer_serial(issuer, rid.serial)
        ski = key_identifier_of(rid)
        return [] if ski is None else self.by_ski(ski)

    def by_issuer_serial(self, issuer: bytes, serial: int) -> list[Identity]:
        """Return the identities with this issuer (the DER of a Name) and serial number."""
        return [entry for entry in self._by_issuer_serial.get(serial, ()) if entry.facts.issued_by_name(issuer)]

    def by_ski(self, ski: bytes) -> list[Identity]:
        """Return the identities with this subject key identifier; computed from the key only where a certificate has none."""
        return list(self._by_ski.get(ski, ()))

    def key_encryption_keys(self, key_id: bytes) -> list[KeyEncryptionKey]:
        """Return the key-encryption keys with this identifier."""
        return list(self._by_kek_id.get(key_id, ()))

    def __iter__(self) -> Iterator[Identity]:
        return iter(self.identities)

    def __len__(self) -> int:
        return len(self.identities) + len(self.passwords) + len(self.content_keys) + sum(map(len, self._by_kek_id.values()))

    def __bool__(self) -> bool:
        return len(self) > 0


def load_identities(
    source: str | os.PathLike[str] | bytes, password: StorePassword = None, *, certificates: str | os.PathLike[str] | bytes | None = None
) -> list[Identity]:
    """Load private keys with their certificates.

    Args:
        source: a path, or the octets themselves: PEM with keys, certificates and chains in any order, or PKCS#12, old or new.
        password: for what is encrypted: text, octets, or a function that is asked once if a password is needed.
        certificates: where certificates are, if not beside the keys: a path or the octets.

    Returns:
        One identity for each key and each certificate of that key, in the order of the keys; the other certificates are their chains.

    Raises:
        OSError: the file cannot be read.
        smime.pki.keystores.read.PasswordRequired: a password is needed and was not given.
        ParseError: it is not a key store, or the password is wrong.
        KeyMismatchError: there is no private key, or none that belongs to a certificate.
    """
    from smime.pki.keystores.read import read_certificates, read_keys  # noqa: PLC0415 - not needed to decrypt

    found = read_keys(_octets(source), password)
    if certificates is not None:
        found.take(read_certificates(_octets(certificates)))
    if not found.keys:
        raise KeyMismatchError("there is no private key")
    identities: list[Identity] = []
    own: set[Certificate] = set()
    pairs: list[tuple[Any, Certificate]] = []
    for key in found.keys:
        public_key = key.public_key()
        for certificate in found.certificates:
            if _is_key_of(public_key, certificate):
                pairs.append((key, certificate))
                own.add(certificate)
    if not pairs:
        what = "there is no certificate" if not found.certificates else "no certificate belongs to the private key"
        raise KeyMismatchError(what)
    chain = [certificate for certificate in found.certificates if certificate not in own]
    for key, certificate in pairs:
        identities.append(Identity(key, certificate, _chain_of(certificate, chain)))
    return identities


def _octets(source: str | os.PathLike[str] | bytes) -> bytes:
    return bytes(source) if isinstance(source, bytes | bytearray | memoryview) else Path(source).read_bytes()


def _is_key_of(public_key: Any, certificate: Certificate) -> bool:
    try:
        return bool(public_key == certificate.public_key)
    except SMIMEError:
        pass
    # nothing is verified with such a certificate, and it still says for whom a message is
    from smime.crypto import keys  # noqa: PLC0415 - heavy

    try:
        return keys.raw_public_key(public_key) == certificate.key_octets
    except (SMIMEError, ValueError):
        return False


def _chain_of(certificate: Certificate, others: list[Certificate]) -> list[Certificate]:
    """Return those of the others that lead up from a certificate, nearest first; self-issued ones at the top are left out."""
    chain: list[Certificate] = []
    current = certificate
    while not current.self_issued and len(chain) < len(others):
        above = next((other for other in others if other not in chain and current.issued_by_name(other.subject_raw)), None)
        if above is None or above.self_issued:
            break
        chain.append(above)
        current = above
    return chain
