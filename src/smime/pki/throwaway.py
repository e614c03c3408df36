"""A throw-away PKI for demonstrations, examples and tests: a root, an intermediate and people with keys of every kind.

Keys are made when first asked for and remembered for the life of the process, since an RSA key takes a tenth of a second: within one PKI
no two certificates share a key unless asked to, two PKIs of one process do. Nothing here is fit for real mail: private keys are written
to files without or with a well-known password.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, mlkem, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["DEMO_PASSWORD", "KEY_KINDS", "Authority", "Person", "ThrowawayPKI"]

DEMO_PASSWORD = "demo"  # noqa: S105 - that is the point of a throw-away PKI
"""The password of the PKCS#12 files."""

_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "p224": ec.SECP224R1,
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "brainpoolp256r1": ec.BrainpoolP256R1,
    "brainpoolp384r1": ec.BrainpoolP384R1,
    "brainpoolp512r1": ec.BrainpoolP512R1,
}
_MAKERS: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "x25519": x25519.X25519PrivateKey.generate,
    "x448": x448.X448PrivateKey.generate,
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "mldsa87": mldsa.MLDSA87PrivateKey.generate,
    "mlkem768": mlkem.MLKEM768PrivateKey.generate,
    "mlkem1024": mlkem.MLKEM1024PrivateKey.generate,
}
KEY_KINDS = (
    "rsa2048",
    "rsa3072",
    *_CURVES,
    *_MAKERS,
)
"""Kinds of keys; besides these, ``rsa<bits>`` and ``dsa<bits>`` with any size."""

_keys: dict[tuple[str, int], Any] = {}
_keys_lock = threading.Lock()

_ROOT_BEGIN = datetime(2010, 1, 1, tzinfo=timezone.utc)
_ROOT_END = datetime(2049, 12, 31, tzinfo=timezone.utc)
_YEAR = timedelta(days=365)
_ONLY_AGREEMENT = (x25519.X25519PublicKey, x448.X448PublicKey)
_ONLY_ENCIPHERMENT = (mlkem.MLKEM768PublicKey, mlkem.MLKEM1024PublicKey)
_NO_DIGEST = (
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)


def _make_key(kind: str) -> Any:
    if kind in _MAKERS:
        return _MAKERS[kind]()
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    if kind.startswith("rsa") and kind[3:].isdigit():
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind.startswith("dsa") and kind[3:].isdigit():
        return dsa.generate_private_key(int(kind[3:]))
    raise ValueError(f"unknown kind of key: {kind!r}")


def private_key(kind: str, number: int = 0) -> Any:
    """Return the process's key of this kind with this number, made when it is first asked for."""
    with _keys_lock:
        key = _keys.get((kind, number))
        if key is None:
            key = _keys[kind, number] = _make_key(kind)
        return key


def _usages(public_key: Any) -> tuple[str, ...]:
    if isinstance(public_key, _ONLY_AGREEMENT):
        return ("key_agreement",)
    if isinstance(public_key, _ONLY_ENCIPHERMENT):
        return ("key_encipherment",)
    if isinstance(public_key, rsa.RSAPublicKey):
        return ("digital_signature", "content_commitment", "key_encipherment")
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return ("digital_signature", "content_commitment", "key_agreement")
    return ("digital_signature", "content_commitment")


_KEY_USAGE_FIELDS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def key_usage(*names: str) -> x509.KeyUsage:
    """Return the extension with these bits, named as in `cryptography` (``non_repudiation`` is ``content_commitment``)."""
    unknown = set(names) - set(_KEY_USAGE_FIELDS)
    if unknown:
        raise ValueError(f"unknown key usage: {sorted(unknown)}")
    return x509.KeyUsage(**{name: name in names for name in _KEY_USAGE_FIELDS})


def smtp_utf8_mailbox(address: str) -> x509.OtherName:
    """Return the SmtpUTF8Mailbox general name of RFC 9598, exactly as given (so that faulty ones can be made too)."""
    octets = address.encode()
    length = bytes([len(octets)]) if len(octets) < 0x80 else bytes([0x81, len(octets)])
    return x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), b"\x0c" + length + octets)


def _sign(builder: Any, key: Any, pss: bool = False) -> Any:
    if isinstance(key, _NO_DIGEST):
        return builder.sign(key, None)
    digest = hashes.SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size >= 384 else hashes.SHA256()
    if pss:
        return builder.sign(key, digest, rsa_padding=padding.PSS(padding.MGF1(digest), digest.digest_size))
    return builder.sign(key, digest)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "nobody"


@dataclass(frozen=True)
class Authority:
    """A certification authority.

    Attributes:
        certificate: its certificate.
        private_key: its key.
        issuer: the authority above it, None for a root.
    """

    certificate: x509.Certificate
    private_key: Any
    issuer: Authority | None = None

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Its own certificate and those above it, without the root's."""
        return () if self.issuer is None else (self.certificate, *self.issuer.chain)

    @property
    def root(self) -> x509.Certificate:
        """The certificate at the top."""
        return self.certificate if self.issuer is None else self.issuer.root


@dataclass(frozen=True)
class Person:
    """Somebody with a key and a certificate.

    Attributes:
        name: the common name.
        address: the mail address, None if there is none.
        certificate: the certificate.
        private_key: the key.
        issuer: who issued the certificate, None if self-signed.
    """

    name: str
    address: str | None
    certificate: x509.Certificate
    private_key: Any
    issuer: Authority | None

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificates between this one and the root's, exclusive of both."""
        return () if self.issuer is None else self.issuer.chain

    @property
    def public_key(self) -> Any:
        """The certificate's key."""
        return self.private_key.public_key()

    @property
    def certificate_pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def private_key_pem(self) -> bytes:
        """The key in PEM, not encrypted."""
        return bytes(
            self.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    @property
    def pem(self) -> bytes:
        """Key, certificate and chain in one PEM bundle."""
        chain = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in self.chain)
        return self.private_key_pem + self.certificate_pem + chain

    def pkcs12(self, password: str = DEMO_PASSWORD) -> bytes:
        """Key, certificate and chain as PKCS#12.

        Raises:
            TypeError: PKCS#12 cannot hold a key of this kind.
        """
        encryption = serialization.BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(self.name.encode(), self.private_key, self.certificate, self.chain or None, encryption)

    def write(self, folder: Path | str) -> Path:
        """Write ``<name>.pem`` (key, certificates), ``<name>.crt`` and, where the key allows, ``<name>.p12``; return the first."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        stem = _slug(self.name)
        path = folder / f"{stem}.pem"
        path.write_bytes(self.pem)
        (folder / f"{stem}.crt").write_bytes(self.certificate_pem)
        try:
            archive = self.pkcs12()
        except (TypeError, ValueError):
            return path
        (folder / f"{stem}.p12").write_bytes(archive)
        return path


class ThrowawayPKI:
    """A root, an intermediate, and as many people as are asked for.

    Args:
        name: goes into the names of the authorities.
        key: the kind of the authorities' keys.
        now: the time to which validity periods are relative; default is the present.
    """

    def __init__(self, name: str = "Throwaway", *, key: str = "p256", now: datetime | None = None) -> None:
        self.name = name
        self.now = (now or datetime.now(timezone.utc)).replace(microsecond=0)
        self._authority_key = key
        self._numbers: dict[str, int] = {}
        self._people: list[Person] = []

    def _next_key(self, kind: str) -> Any:
        number = self._numbers.get(kind, 0)
        self._numbers[kind] = number + 1
        return private_key(kind, number)

    @cached_property
    def root(self) -> Authority:
        """The trust anchor."""
        return self.authority(f"{self.name} Root CA", issuer=None, key=private_key(self._authority_key, -1))

    @cached_property
    def intermediate(self) -> Authority:
        """The authority that issues to people, itself issued by `root`."""
        return self.authority(f"{self.name} Issuing CA", issuer=self.root, key=private_key(self._authority_key, -2), path_length=0)

    @property
    def anchors(self) -> list[x509.Certificate]:
        """The certificates to trust."""
        return [self.root.certificate]

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody so far."""
        return tuple(self._people)

    def authority(
        self,
        name: str,
        *,
        issuer: Authority | None = None,
        key: Any = "p256",
        path_length: int | None = None,
        not_before: datetime = _ROOT_BEGIN,
        not_after: datetime = _ROOT_END,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        usage: Sequence[str] | None = ("key_cert_sign", "crl_sign", "digital_signature"),
        ca: bool = True,
    ) -> Authority:
        """Make an authority.

        Args:
            name: its common name.
            issuer: who issues its certificate; None: self-signed.
            key: kind of key, or a private key.
            path_length: pathLenConstraint.
            not_before: begin of validity.
            not_after: end of validity.
            extensions: further ones, with their criticality.
            usage: key usage bits; None: no extension.
            ca: what basicConstraints says.
        """
        key = self._next_key(key) if isinstance(key, str) else key
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.name), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if usage is not None:
            builder = builder.add_extension(key_usage(*usage), critical=True)
        signing_key = key if issuer is None else issuer.private_key
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return Authority(_sign(builder, signing_key), key, issuer)

    def person(
        self,
        name: str,
        address: str | None = None,
        key: Any = "rsa2048",
        *,
        issuer: Authority | None = None,
        self_signed: bool = False,
        usage: Sequence[str] | None = (),
        eku: Sequence[str | x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        expired: bool = False,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        addresses: Sequence[str | x509.GeneralName] | None = None,
        subject_address: bool = False,
        subject: x509.Name | None = None,
        policies: Sequence[str] = (),
        subject_key_identifier: bool = True,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        pss: bool = False,
        serial_number: int | None = None,
    ) -> Person:
        """Make somebody with a key and a certificate.

        Args:
            name: the common name.
            address: the mail address; ASCII goes into an rfc822Name, others into an SmtpUTF8Mailbox.
            key: kind of key (see `KEY_KINDS`), or a private key.
            issuer: who issues the certificate; default is `intermediate`.
            self_signed: nobody issues it.
            usage: key usage bits, named as in `cryptography`; empty: what suits the key; None: no extension.
            eku: extended key usages; None: no extension.
            expired: the certificate was valid for two years and ended a year ago.
            not_before: begin of validity; default a month ago.
            not_after: end of validity; default in two years.
            addresses: every mail address, or general names, instead of `address` alone.
            subject_address: put `address` into the subject name (emailAddress) instead of the alternative name.
            subject: the subject name, instead of one made from `name`.
            policies: certificate policies, dotted.
            subject_key_identifier: give the certificate one.
            extensions: further ones, with their criticality.
            pss: the issuer, who needs an RSA key, signs with RSASSA-PSS.
            serial_number: default random.
        """
        key = self._next_key(key) if isinstance(key, str) else key
        public_key = key.public_key()
        issuer = None if self_signed else (issuer or self.intermediate)
        begin = not_before or (self.now - 3 * _YEAR if expired else self.now - timedelta(days=30))
        end = not_after or (self.now - _YEAR if expired else self.now + 2 * _YEAR)
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.name), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if subject_address and address:
            attributes.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, address))
        subject = subject if subject is not None else x509.Name(attributes)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(public_key)
            .serial_number(serial_number or x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        if usage is not None:
            builder = builder.add_extension(key_usage(*(usage or _usages(public_key))), critical=True)
        if eku is not None:
            oids = [x509.ObjectIdentifier(oid) if isinstance(oid, str) else oid for oid in eku]
            builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
        names = self._alternative_names(address if not subject_address else None, addresses)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not list(subject))
        if policies:
            information = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in policies]
            builder = builder.add_extension(x509.CertificatePolicies(information), critical=False)
        if subject_key_identifier:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        signing_key = key if issuer is None else issuer.private_key
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        person = Person(name, address, _sign(builder, signing_key, pss), key, issuer)
        self._people.append(person)
        return person

    @staticmethod
    def _alternative_names(address: str | None, addresses: Sequence[str | x509.GeneralName] | None) -> list[x509.GeneralName]:
        names: list[x509.GeneralName] = []
        for entry in addresses if addresses is not None else ([address] if address else []):
            if isinstance(entry, x509.GeneralName):
                names.append(entry)
            elif entry.partition("@")[0].isascii():
                names.append(x509.RFC822Name(entry))
            else:
                names.append(smtp_utf8_mailbox(entry))
        return names

    def crl(
        self,
        issuer: Authority | None = None,
        revoked: Iterable[Person | Authority | x509.Certificate] = (),
        *,
        date: datetime | None = None,
        reason: x509.ReasonFlags | None = x509.ReasonFlags.key_compromise,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
        number: int = 1,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> x509.CertificateRevocationList:
        """Make a revocation list.

        Args:
            issuer: whose; default is `intermediate`.
            revoked: what is on it.
            date: the date of revocation; default a week ago.
            reason: the reason; None: no reason given.
            this_update: default a day ago.
            next_update: default in a month.
            number: cRLNumber.
            extensions: further ones, and whether each is critical.
        """
        issuer = issuer or self.intermediate
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(this_update or self.now - timedelta(days=1))
            .next_update(next_update or self.now + timedelta(days=30))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private_key.public_key()), critical=False)
        )
        for entry in revoked:
            certificate = entry if isinstance(entry, x509.Certificate) else entry.certificate
            item = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(date or self.now - timedelta(days=7))
            )
            if reason is not None:
                item = item.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(item.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        crl: x509.CertificateRevocationList = _sign(builder, issuer.private_key)
        return crl

    def ocsp(
        self,
        certificate: Person | x509.Certificate,
        *,
        issuer: Authority | None = None,
        revoked: datetime | None = None,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
    ) -> bytes:
        """Make an OCSP response by the issuer itself, in DER.

        Args:
            certificate: about which.
            issuer: default is `intermediate`.
            revoked: since when; None: it is good.
            this_update: default an hour ago.
            next_update: default in a day.
        """
        from cryptography.x509 import ocsp  # noqa: PLC0415 - rarely needed

        issuer = issuer or self.intermediate
        subject = certificate if isinstance(certificate, x509.Certificate) else certificate.certificate
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=subject,
                issuer=issuer.certificate,
                algorithm=hashes.SHA1(),  # noqa: S303 - the CertID of RFC 6960, no signature
                cert_status=ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED,
                this_update=this_update or self.now - timedelta(hours=1),
                next_update=next_update or self.now + timedelta(days=1),
                revocation_time=revoked,
                revocation_reason=None if revoked is None else x509.ReasonFlags.key_compromise,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
        )
        response: ocsp.OCSPResponse = _sign(builder, issuer.private_key)
        return response.public_bytes(serialization.Encoding.DER)

    def write(self, folder: Path | str) -> Path:
        """Write ``root.pem``, ``intermediate.pem``, ``intermediate.crl`` and everybody's files; return the folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root.pem").write_bytes(self.root.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "intermediate.pem").write_bytes(self.intermediate.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "intermediate.crl").write_bytes(self.crl().public_bytes(serialization.Encoding.PEM))
        for person in self._people:
            person.write(folder)
        return folder
