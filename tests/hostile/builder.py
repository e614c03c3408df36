"""Builds signed mail that is right by default, and lets a case deviate in one thing.

The parts are plain objects with a field for everything that an attacker can choose; nothing is canonicalised or corrected on the way. What
is signed stays exactly the octets given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import smime
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import parse
from smime.cms import attributes as attrs
from smime.cms import ess
from smime.cms.content_info import DATA, SIGNED_DATA
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.cms.signer_info import SignerInfo
from smime.crypto import digests, schemes, signatures
from smime.pki.throwaway import Person, ThrowawayPKI
from smime.transforms import base64
from smime.x509.certificate import Certificate

NOW = datetime.now(timezone.utc).replace(microsecond=0)
ALICE = "alice@example.org"
BOB = "bob@example.org"
ENTITY = b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nPay 100 Euro to Bob.\r\n"
HEADER = b"From: Alice <alice@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: the usual\r\nMIME-Version: 1.0\r\n"
BOUNDARY = b"=_outer"


@lru_cache(maxsize=1)
def pki() -> ThrowawayPKI:
    """Return the PKI of the attack: people on both sides of it have certificates from the trusted authority."""
    return ThrowawayPKI("Hostile", now=NOW)


@lru_cache(maxsize=64)
def person(name: str = "alice", key: str = "p256") -> Person:
    """Return somebody with an address at example.org."""
    return pki().person(f"{name} {key}", f"{name}@example.org", key)


def der_of(certificate: x509.Certificate) -> bytes:
    """Return the octets of a certificate."""
    return certificate.public_bytes(Encoding.DER)


def trust() -> smime.TrustStore:
    """Return a store that trusts the root of the PKI."""
    return _trust(tuple(der_of(certificate) for certificate in pki().anchors))


@lru_cache(maxsize=4)
def _trust(anchors: tuple[bytes, ...]) -> smime.TrustStore:
    return smime.TrustStore(anchors)


def algorithm(oid: str, parameters: bytes | None = None) -> AlgorithmIdentifier:
    """Return an AlgorithmIdentifier."""
    return AlgorithmIdentifier.build(oid, parameters)


SHA1 = algorithm("1.3.14.3.2.26")
SHA256 = algorithm("2.16.840.1.101.3.4.2.1")
SHA384 = algorithm("2.16.840.1.101.3.4.2.2")
SHA512 = algorithm("2.16.840.1.101.3.4.2.3")
MD5 = algorithm("1.2.840.113549.2.5", writer.NULL)
ECDSA_SHA256 = algorithm("1.2.840.10045.4.3.2")
ECDSA_SHA512 = algorithm("1.2.840.10045.4.3.4")
RSA_SHA256 = algorithm("1.2.840.113549.1.1.11", writer.NULL)
RSA = algorithm("1.2.840.113549.1.1.1", writer.NULL)


@dataclass
class Signature:
    """One SignerInfo in the making.

    Attributes:
        who: whose key signs.
        certificate: the certificate named by the sid; default that of `who`.
        content: what is signed.
        content_type: what the contentType attribute says.
        digest: name of the digest.
        digest_algorithm, signature_algorithm: as written; default what belongs to key and digest.
        message_digest: default that of the content.
        signing_time: of the attribute; None: no such attribute.
        attributes: edits the list of encoded attributes.
        encode: makes the SET of them.
        signed_attributes: False: the signature is over the content.
        signed: edits the octets that go into the signature.
        sign: makes the signature, from key and octets; default by the scheme of the key.
        signature: edits the signature value.
        unsigned: encoded unsigned attributes.
        ski: the sid is a subject key identifier: that of the certificate, or the given octets.
        issuer: the issuer in the sid, as encoded; default as in the certificate.
        pss: RSASSA-PSS.
    """

    who: Person = field(default_factory=person)
    certificate: x509.Certificate | bytes | None = None
    content: bytes = ENTITY
    content_type: str = DATA
    digest: str | None = None
    digest_algorithm: AlgorithmIdentifier | None = None
    signature_algorithm: AlgorithmIdentifier | None = None
    message_digest: bytes | None = None
    signing_time: datetime | None = NOW - timedelta(minutes=5)
    attributes: Callable[[list[bytes]], Sequence[bytes]] = lambda found: found
    encode: Callable[[Sequence[bytes]], bytes] = writer.set_of
    signed_attributes: bool = True
    signed: Callable[[bytes], bytes] = lambda octets: octets
    sign: Callable[[Any, bytes], bytes] | None = None
    signature: Callable[[bytes], bytes] = lambda value: value
    unsigned: Sequence[bytes] = ()
    ski: bool | bytes = False
    issuer: bytes | None = None
    pss: bool = False

    @property
    def own(self) -> Certificate:
        """The certificate named by the sid."""
        return Certificate.of_any(self.certificate or self.who.certificate)

    @property
    def scheme(self) -> schemes.SignatureScheme:
        """What the key signs with."""
        return signatures.choose_scheme(self.who.certificate.public_key(), digest=self.digest, pss=self.pss)

    @property
    def written_digest(self) -> AlgorithmIdentifier:
        """The digestAlgorithm."""
        return self.digest_algorithm or self.scheme.digest_algorithm

    def default_attributes(self) -> list[bytes]:
        """Return the attributes of an ordinary signature."""
        found = [
            attrs.content_type(self.content_type),
            attrs.message_digest(self.message_digest or digests.digest(self.scheme.digest, self.content)),
        ]
        if self.signing_time is not None:
            found.append(attrs.signing_time(self.signing_time))
        found.append(attrs.cms_algorithm_protection(self.written_digest, signature=self.written_signature))
        found.append(ess.signing_certificate_v2(digests.digest("sha256", self.own.der)))
        return found

    @property
    def written_signature(self) -> AlgorithmIdentifier:
        """The signatureAlgorithm."""
        return self.signature_algorithm or self.scheme.algorithm

    def attribute_set(self) -> bytes | None:
        """Return the signed attributes with the tag SET."""
        return self.encode(self.attributes(self.default_attributes())) if self.signed_attributes else None

    def value(self) -> bytes:
        """Return the signature value."""
        attribute_set = self.attribute_set()
        octets = self.signed(self.content if attribute_set is None else attribute_set)
        make = self.sign or (lambda key, data: signatures.sign(key, self.scheme, data))
        return self.signature(make(self.who.private_key, octets))

    def signer_info(self) -> bytes:
        """Return the encoded SignerInfo."""
        own = self.own
        sid: IssuerAndSerialNumber | SubjectKeyIdentifier
        if self.ski is not False:
            value = self.ski if isinstance(self.ski, bytes) else own.ski
            assert value is not None
            sid = SubjectKeyIdentifier(value)
        else:
            sid = IssuerAndSerialNumber(self.issuer or own.issuer_raw, own.serial)
        return SignerInfo.build(sid, self.written_digest, self.attribute_set(), self.written_signature, self.value(), self.unsigned)


@dataclass
class SignedData:
    """A SignedData in the making.

    Attributes:
        signers: the SignerInfos.
        content: eContent; None: absent.
        content_type: eContentType.
        certificates: default: those of the signers with their chains.
        digest_algorithms: default: those of the signers.
        version: default 1.
        content_field: the whole ``[0] eContent`` as encoded, instead of that of `content`.
        crls: encoded.
        extra: octets behind signerInfos, inside the SEQUENCE.
    """

    signers: Sequence[Signature | bytes] = field(default_factory=lambda: [Signature()])
    content: bytes | None = None
    content_type: str = DATA
    certificates: Sequence[bytes] | None = None
    digest_algorithms: Sequence[AlgorithmIdentifier] | None = None
    version: int = 1
    content_field: bytes | None = None
    crls: Sequence[bytes] = ()
    extra: bytes = b""

    def der(self) -> bytes:
        """Return the ContentInfo."""
        own = [signer for signer in self.signers if isinstance(signer, Signature)]
        algorithms = self.digest_algorithms
        if algorithms is None:
            algorithms = list(dict.fromkeys(signer.written_digest for signer in own))
        certificates = self.certificates
        if certificates is None:
            certificates = list(dict.fromkeys(der for signer in own for der in (signer.own.der, *(der_of(c) for c in signer.who.chain))))
        content = self.content_field
        if content is None:
            content = b"" if self.content is None else writer.explicit(0, writer.octet_string(self.content))
        signed_data = writer.sequence(
            writer.integer(self.version),
            writer.set_of([algorithm.raw for algorithm in algorithms]),
            writer.sequence(writer.oid(self.content_type), content),
            writer.set_of(certificates, tag=0xA0) if certificates else b"",
            writer.set_of(self.crls, tag=0xA1) if self.crls else b"",
            writer.set_of([signer if isinstance(signer, bytes) else signer.signer_info() for signer in self.signers]),
            self.extra,
        )
        return writer.sequence(writer.oid(SIGNED_DATA), writer.explicit(0, signed_data))


@dataclass
class Multipart:
    """A multipart/signed in the making.

    Attributes:
        entity: the first part, exactly as signed unless `shown` says otherwise.
        shown: the first part as it stands in the mail.
        cms: the octets of the signature part; default a valid detached SignedData over `entity`.
        header: of the mail, before Content-Type.
        content_type: the whole Content-Type field.
        signature_header: of the second part.
        parts: all the parts, instead of the two.
        preamble, epilogue: around the parts.
        close: the closing delimiter.
    """

    entity: bytes = ENTITY
    shown: bytes | None = None
    cms: bytes | None = None
    header: bytes = HEADER
    content_type: bytes = (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n micalg=sha-256; boundary="' + BOUNDARY + b'"\r\n'
    )
    boundary: bytes = BOUNDARY
    signature_header: bytes = (
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
    )
    parts: Sequence[bytes] | None = None
    preamble: bytes = b""
    epilogue: bytes = b""
    close: bytes | None = None

    def signature_part(self) -> bytes:
        """Return the second part."""
        cms = self.cms if self.cms is not None else SignedData([Signature(content=self.entity)]).der()
        return self.signature_header + base64.encode(cms)

    def mail(self) -> bytes:
        """Return the mail."""
        parts = self.parts
        if parts is None:
            parts = [self.entity if self.shown is None else self.shown, self.signature_part()]
        delimiter = b"--" + self.boundary + b"\r\n"
        close = b"\r\n--" + self.boundary + b"--\r\n" if self.close is None else self.close
        body = b"\r\n".join(delimiter + part for part in parts)
        return self.header + self.content_type + b"\r\n" + self.preamble + body + close + self.epilogue


def detached(entity: bytes = ENTITY, *, shown: bytes | None = None, mail: dict[str, Any] | None = None, **signature: Any) -> bytes:
    """Return a multipart/signed; the keywords go to its `Signature`."""
    cms = SignedData([Signature(content=entity, **signature)]).der()
    return Multipart(entity, shown, cms, **(mail or {})).mail()


def opaque(cms: bytes, *, header: bytes = HEADER, smime_type: str = "signed-data", name: str = "smime.p7m") -> bytes:
    """Return an application/pkcs7-mime mail around a CMS object."""
    field_ = f'Content-Type: application/pkcs7-mime; smime-type={smime_type}; name="{name}"\r\n'.encode()
    return header + field_ + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encode(cms)


def signed(entity: bytes = ENTITY, *, header: bytes = HEADER, **signature: Any) -> bytes:
    """Return an opaque signed mail; the keywords go to its `Signature`."""
    return opaque(SignedData([Signature(content=entity, **signature)], content=entity).der(), header=header)


def without(oid: str) -> Callable[[list[bytes]], list[bytes]]:
    """Return an edit that drops an attribute."""
    return lambda found: [one for one in found if writer.oid(oid) not in one[:20]]


def instead(oid: str, *attributes: bytes) -> Callable[[list[bytes]], list[bytes]]:
    """Return an edit that puts attributes in the place of one."""
    return lambda found: [*without(oid)(found), *attributes]


def also(*attributes: bytes) -> Callable[[list[bytes]], list[bytes]]:
    """Return an edit that adds attributes."""
    return lambda found: [*found, *attributes]


def unsorted(found: Sequence[bytes]) -> bytes:
    """Return a SET in the order that DER forbids."""
    return writer.tlv(0x31, b"".join(sorted(found, reverse=True)))


def reissued(who: Person, spki: bytes) -> bytes:
    """Return the certificate of somebody with another SubjectPublicKeyInfo, signed by the same authority, whose key is on P-256."""
    assert who.issuer is not None
    tbs = parse(who.certificate.tbs_certificate_bytes)
    fields = [child.raw for child in tbs.children]
    place = 6  # [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
    fields[place] = spki
    octets = writer.sequence(*fields)
    value = who.issuer.private_key.sign(octets, ec.ECDSA(hashes.SHA256()))
    return writer.sequence(octets, ECDSA_SHA256.raw, writer.bit_string(value))
