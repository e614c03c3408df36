"""Mail of kinds that the library reads and does not write: with SHA-1 and triple DES, a signed part, certificates alone."""

from __future__ import annotations

from smime.cli.demo import historic
from smime.cms.signed_data import build_signed_data
from smime.mime.writer import multipart_signed, pkcs7_mime_header, split_message, write_fields
from smime.pki.throwaway import Person
from smime.transforms import base64
from smime.x509.certificate import Certificate

__all__ = ["certificates_only", "encrypted", "forwarded", "signed"]


def _mail(fields: bytes, kind: str, octets: bytes) -> bytes:
    return fields + pkcs7_mime_header(kind) + base64.encode(octets)


def signed(message: bytes, sender: Person, digest: str, *, detached: bool = False) -> bytes:
    """Return the message signed with SHA-1 or MD5."""
    outer, entity = split_message(message)
    fields = write_fields(outer)
    octets = historic.sign(entity, sender.private_key, sender.certificate, sender.chain, digest=digest, detached=detached)
    if not detached:
        return _mail(fields, "signed-data", octets)
    pieces = multipart_signed([{"sha1": "sha-1"}.get(digest, digest)])
    return fields + pieces.head + entity + pieces.middle + base64.encode(octets) + pieces.tail


def encrypted(message: bytes, recipient: Person, cipher: str) -> bytes:
    """Return the message encrypted with triple DES or RC2."""
    outer, entity = split_message(message)
    return _mail(write_fields(outer), "enveloped-data", historic.encrypt(entity, recipient.certificate, cipher=cipher))


def certificates_only(message: bytes, *people: Person) -> bytes:
    """Return a mail that brings people's certificates and nothing else (RFC 8551 section 3.8)."""
    outer, _ = split_message(message)
    certificates = [Certificate.of_any(person.certificate).der for person in people]
    octets = build_signed_data(digest_algorithms=[], content=None, signer_infos=[], certificates=certificates)
    return _mail(write_fields(outer), "certs-only", octets)


def forwarded(message: bytes, protected: bytes) -> bytes:
    """Return the message with a protected one as its second part."""
    outer, entity = split_message(message)
    _, inner = split_message(protected)
    mark = b"=_demo_forwarded"
    parts = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in (_without_version(entity), _without_version(inner)))
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="' + mark + b'"\r\n\r\n'
    return write_fields(outer) + head + parts + b"--" + mark + b"--\r\n"


def _without_version(entity: bytes) -> bytes:
    return entity.removeprefix(b"MIME-Version: 1.0\r\n")
