"""Reading certificates, revocation lists and private keys from the forms in which people keep them.

PEM bundles in any order and mixture, DER, certs-only CMS (.p7c, .p7b), PKCS#8 with and without a password, PKCS#12 with old and new
encryption. What the octets are is told from the octets, never from a file's name.

What is read here may become a trust anchor. So certificates come from certificates alone: a signature (.p7s) brings those that its maker
chose, and a mail may quote any. Neither is a source, whatever the file is called and whatever else is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from smime.asn1 import pem, tlv
from smime.crypto.quiet import quietly
from smime.errors import ParseError, SMIMEError, UnsupportedError
from smime.policy import ANY_EXTENDED_KEY_USAGE, EMAIL_PROTECTION
from smime.x509.certificate import Certificate

__all__ = ["Found", "PasswordRequired", "StorePassword", "read_certificates", "read_folder", "read_keys"]

StorePassword = str | bytes | None | Callable[[], str | bytes | None]
"""The password of a key store, or what is called to ask for it when one is needed."""

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".cert", ".der", ".p7c", ".p7b", ".p7s", ".crl", ".0"})
_CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
_CMS_LABELS = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})
_MAIL = re.compile(rb"^(?:content-type|mime-version)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


class PasswordRequired(ParseError):  # noqa: N818 - like its siblings, it says what is the case
    """The key store is encrypted, and no password was given."""

    def __init__(self, layer: str) -> None:
        super().__init__(layer, "a password is needed")

    def __reduce__(self) -> tuple[Any, ...]:
        return (PasswordRequired, (self.layer,))


class Found:
    """What was read.

    Attributes:
        certificates: in their order, each once.
        crls: revocation lists in DER.
        keys: private keys of `cryptography`.
        distrusted: those of `certificates` that OpenSSL's trusted form says are not to be trusted for mail.
    """

    __slots__ = ("certificates", "crls", "distrusted", "keys")

    def __init__(self) -> None:
        self.distrusted: set[Certificate] = set()
        self.certificates: dict[Certificate, None] = {}
        self.crls: dict[bytes, None] = {}
        self.keys: list[Any] = []

    @property
    def anchors(self) -> list[Certificate]:
        """The certificates that may be trusted for mail."""
        return [certificate for certificate in self.certificates if certificate not in self.distrusted]

    def take(self, other: Found) -> None:
        """Add what is in another one."""
        self.certificates.update(other.certificates)
        self.crls.update(other.crls)
        self.distrusted |= other.distrusted
        self.keys += other.keys


class _Password:
    """Asks for the password once, when it is first needed."""

    __slots__ = ("_asked", "_password")

    def __init__(self, password: StorePassword) -> None:
        self._password = password
        self._asked = False

    def get(self, layer: str) -> bytes:
        """Return the password.

        Raises:
            PasswordRequired: there is none.
        """
        if callable(self._password) and not self._asked:
            self._password = self._password()
        self._asked = True
        password = self._password
        if password is None or callable(password):
            raise PasswordRequired(layer)
        return password.encode() if isinstance(password, str) else bytes(password)

    def given(self) -> bytes | None:
        """Return the password if it was given or asked for already."""
        if self._password is None or callable(self._password):
            return None
        return self._password.encode() if isinstance(self._password, str) else bytes(self._password)


def read_certificates(data: bytes) -> Found:
    """Read all certificates and revocation lists: PEM, DER, certs-only CMS. Private keys in PEM are skipped.

    Raises:
        ParseError: the octets are neither PEM nor DER of any of these, or one is malformed, or one is a signature, a mail or a key store.
    """
    found = Found()
    if pem.is_pem(data):
        mail = _MAIL.search(data)
        if mail is not None:
            raise ParseError("pem", "this is a mail, and a certificate that a mail quotes is nobody's choice", mail.start())
        for label, der in pem.decode(data):
            if label in _CERTIFICATE_LABELS:
                settings = tlv.element(der, 0, len(der))[2] if label.startswith("TRUSTED") else len(der)
                certificate = Certificate.of(der[:settings])
                found.certificates[certificate] = None
                if not _trusts_mail(der[settings:]):
                    found.distrusted.add(certificate)
            elif label in {"X509 CRL", "CRL"}:
                found.crls[der] = None
            elif label in _CMS_LABELS:
                _read_cms(der, found)
            elif label == "PKCS12":
                raise ParseError("pkcs12", "this is a key store; export the certificate that is meant")
    else:
        _read_der(bytes(data), found)
    return found


def _trusts_mail(settings: bytes) -> bool:
    """Read what stands behind a certificate in OpenSSL's trusted form.

    ``CertAux ::= SEQUENCE { trust SEQUENCE OF OBJECT IDENTIFIER OPTIONAL, reject [0] SEQUENCE OF OBJECT IDENTIFIER OPTIONAL, … }``
    """
    if not settings:
        return True
    _, start, end = tlv.element(settings, 0, len(settings))
    purposes: dict[int, set[str]] = {}
    for tag, item_start, item_end in tlv.children(settings, start, end):
        if tag in {tlv.SEQUENCE, 0xA0}:
            oids = tlv.children(settings, item_start, item_end)
            purposes[tag] = {tlv.object_identifier(settings[oid_start:oid_end]) for _, oid_start, oid_end in oids}
    for_mail = {EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE}
    if not for_mail.isdisjoint(purposes.get(0xA0, ())):
        return False
    return tlv.SEQUENCE not in purposes or not for_mail.isdisjoint(purposes[tlv.SEQUENCE])


def _read_der(data: bytes, found: Found) -> None:
    """Read one object, or several one after another."""
    from smime.pki.keystores.pkcs12 import is_pkcs12  # noqa: PLC0415 - heavy

    offset = 0
    if not data:
        raise ParseError("x509", "there is nothing", 0)
    while offset < len(data):
        if data[offset] != tlv.SEQUENCE:
            raise ParseError("x509", "neither PEM nor DER", offset)
        if data[offset : offset + 2] == b"\x30\x80":
            _read_cms(data[offset:], found)
            return
        _, start, end = tlv.element(data, offset, len(data))
        part = data[offset:end]
        if data[start : start + len(_SIGNED_DATA)] == _SIGNED_DATA:
            _read_cms(part, found)
        elif is_pkcs12(part):
            raise ParseError("pkcs12", "this is a key store; export the certificate that is meant", offset)
        elif _is_crl(part):
            found.crls[part] = None
        else:
            found.certificates[Certificate.of(part)] = None
        offset = end


def _is_crl(der: bytes) -> bool:
    """Tell a CertificateList from a Certificate: the third or fourth field of what is signed is a time (RFC 5280 section 5.1)."""
    try:
        _, start, end = tlv.element(der, 0, len(der))
        _, tbs_start, tbs_end = tlv.element(der, start, end)
        tags = [tag for tag, _, _ in tlv.children(der, tbs_start, tbs_end)]
    except ParseError:
        return False
    return any(tag in {tlv.UTC_TIME, tlv.GENERALIZED_TIME} for tag in tags[2:4])


def _read_cms(data: bytes, found: Found) -> None:
    """Read a certs-only SignedData (RFC 8551 section 3.8): no content, and nobody has signed it.

    Raises:
        ParseError: it is something else.
    """
    from smime.cms.content_info import Content, TrailingData  # noqa: PLC0415 - rare
    from smime.cms.reader import CMSReader  # noqa: PLC0415
    from smime.cms.signed_data import SignedDataTail  # noqa: PLC0415

    reader = CMSReader()
    tail: SignedDataTail | None = None
    for event in (*reader.receive(data), *reader.finish()):
        if isinstance(event, SignedDataTail):
            tail = event
        elif isinstance(event, Content) and event.data:
            raise ParseError("cms", "there is content, and certificates are taken from certs-only CMS (RFC 8551 section 3.8)")
        elif isinstance(event, TrailingData) and not event.padding:
            raise ParseError("cms", "something stands behind the CMS object", len(data) - event.count)
    if tail is None:
        raise ParseError("cms", "this is no certs-only SignedData (RFC 8551 section 3.8)")
    signers = len(tail.signer_infos) + len(tail.unknown_signer_infos)
    if signers:
        raise ParseError("cms", f"this is signed by {signers}, and certificates are taken from what nobody signed (RFC 8551 section 3.8)")
    found.certificates.update((Certificate.of(der), None) for der in tail.certificates)
    found.crls.update((der, None) for der in tail.crls)


def read_folder(path: Path) -> Found:
    """Read a file, or the files of a folder that have one of the usual suffixes.

    Raises:
        OSError: the path cannot be read.
        ParseError: one is not what it should be; the reason names the file.
    """
    files = [path]
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in _SUFFIXES and file.is_file()]
    found = Found()
    for file in files:
        try:
            found.take(read_certificates(file.read_bytes()))
        except SMIMEError as error:
            raise ParseError("x509", f"{file.name}: {error}") from None
    return found


def read_keys(data: bytes, password: StorePassword = None) -> Found:
    """Read private keys and certificates.

    Args:
        data: PEM (any number of keys, certificates and chains, in any order), PKCS#12, or the DER of a key or a certificate.
        password: for what is encrypted; None, text, octets, or a function that is called once when a password is needed.

    Raises:
        PasswordRequired: a password is needed and was not given.
        ParseError: the octets are not a key store, or the password is wrong.
        UnsupportedError: a key is of an unknown kind.
    """
    secret = _Password(password)
    if not pem.is_pem(data):
        return _read_der_keys(bytes(data), secret)
    found = Found()
    for block in _pem_blocks(bytes(data)):
        label, text = block
        if label in _CERTIFICATE_LABELS or label in _CMS_LABELS or label.endswith("CRL"):
            found.take(read_certificates(text))
        elif label == "PKCS12":
            found.take(_read_der_keys(pem.decode(text)[0][1], secret))
        elif label.endswith("PRIVATE KEY"):
            encrypted = label.startswith("ENCRYPTED") or b"ENCRYPTED" in text.partition(b"\n\n")[0].split(b"\n", 3)[1]
            found.keys.append(_load_key(text, secret, encrypted=encrypted, is_pem=True))
    return found


def _pem_blocks(data: bytes) -> Iterable[tuple[str, bytes]]:
    """Yield (label, whole block) of PEM text; blocks are kept whole because old encrypted keys have header fields inside (RFC 1421)."""
    data = data.replace(b"\r\n", b"\n")
    offset = 0
    while True:
        begin = data.find(b"-----BEGIN ", offset)
        if begin < 0:
            return
        label_end = data.find(b"-----", begin + 11)
        label = data[begin + 11 : label_end] if label_end >= 0 else b""
        closing = b"-----END " + label + b"-----"
        end = data.find(closing, label_end)
        if label_end < 0 or b"\n" in label or end < 0:
            raise ParseError("pem", "a block is not closed", begin)
        offset = end + len(closing)
        yield label.decode("ascii", "replace").strip(), data[begin:offset] + b"\n"


def _read_der_keys(data: bytes, secret: _Password) -> Found:
    found = Found()
    if not data:
        raise ParseError("pkcs12", "there is nothing", 0)
    from smime.pki.keystores.pkcs12 import is_pkcs12  # noqa: PLC0415 - heavy

    if is_pkcs12(data):
        _read_pkcs12(data, secret, found)
        return found
    try:
        return read_certificates(data)
    except SMIMEError:
        pass
    found.keys.append(_load_key(data, secret, encrypted=_is_encrypted_pkcs8(data), is_pem=False))
    return found


def _is_encrypted_pkcs8(data: bytes) -> bool:
    """``EncryptedPrivateKeyInfo ::= SEQUENCE { AlgorithmIdentifier, OCTET STRING }`` (RFC 5958 section 3)."""
    try:
        _, start, end = tlv.element(data, 0, len(data))
        return [tag for tag, _, _ in tlv.children(data, start, end)] == [tlv.SEQUENCE, tlv.OCTET_STRING]
    except ParseError:
        return False


def _load_key(data: bytes, secret: _Password, *, encrypted: bool, is_pem: bool) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key  # noqa: PLC0415

    password = secret.get("pkcs8") if encrypted else None
    load = load_pem_private_key if is_pem else load_der_private_key
    try:
        try:
            return quietly(load, data, password)
        except Exception:  # noqa: BLE001 - the loader's exceptions are not a closed set
            return quietly(load_der_private_key, _unrestricted(data, password, is_pem=is_pem), None)
    except UnsupportedAlgorithm as error:
        raise UnsupportedError("private key", str(error)) from None
    except Exception as error:  # noqa: BLE001 - the loader's exceptions are not a closed set
        reason = "the password is wrong, or the key is damaged" if encrypted else f"this is not a private key that can be read: {error}"
        raise ParseError("pkcs8", reason) from None


def _unrestricted(data: bytes, password: bytes | None, *, is_pem: bool) -> bytes:
    """Return the DER of a key that `cryptography` may have refused for an OID that says what it is for (RFC 4055, RFC 9690)."""
    from smime.crypto import keys  # noqa: PLC0415 - heavy
    from smime.pki.keystores import pkcs12  # noqa: PLC0415 - heavy

    octets = pem.decode(data)[0][1] if is_pem else data
    return keys.loadable_private_key(pkcs12.decrypt_pkcs8(octets, password) if password is not None else octets)


def _read_pkcs12(data: bytes, secret: _Password, found: Found) -> None:
    from smime.pki.keystores import pkcs12  # noqa: PLC0415 - heavy

    try:
        bags = pkcs12.read(data, secret.given())
    except pkcs12.WrongPassword:
        if secret.given() is not None:
            raise
        bags = pkcs12.read(data, secret.get("pkcs12"))
    if not bags.keys and bags.unsupported:
        raise bags.unsupported[0]
    found.keys += bags.keys
    found.certificates.update((Certificate.of(der), None) for der in bags.certificates)
    found.crls.update((der, None) for der in bags.crls)
