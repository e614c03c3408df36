"""CMS structures for tests: valid by default; a test deviates in one thing. Nothing here is signed or encrypted in truth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from smime.asn1 import writer as w
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes
from smime.cms.content_info import Content, Event
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.cms.recipient_info import KeyTransRecipientInfo
from smime.cms.signer_info import SignerInfo
from smime.errors import SMIMEError

SHA256 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.2.1")
SHA512 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.2.3")
RSA = AlgorithmIdentifier.build("1.2.840.113549.1.1.1", w.null())
RSA_SHA256 = AlgorithmIdentifier.build("1.2.840.113549.1.1.11", w.null())
AES_128_CBC = AlgorithmIdentifier.build("2.16.840.1.101.3.4.1.2", w.octet_string(bytes(16)))
AES_256_GCM = AlgorithmIdentifier.build("2.16.840.1.101.3.4.1.46", w.sequence(w.octet_string(bytes(12)), w.integer(16)))
AES_256_WRAP = AlgorithmIdentifier.build("2.16.840.1.101.3.4.1.45")
HMAC_SHA256 = AlgorithmIdentifier.build("1.2.840.113549.2.9")
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def name(common_name: str = "Test CA") -> bytes:
    return w.sequence(w.set_of([w.sequence(w.oid("2.5.4.3"), w.utf8_string(common_name))]))


ISSUER_AND_SERIAL = IssuerAndSerialNumber(name(), 0x1234)
KEY_ID = SubjectKeyIdentifier(b"\x01" * 20)


def certificate(number: int = 1, size: int = 600) -> bytes:
    """Return something with the outline of a certificate."""
    return w.sequence(w.sequence(w.integer(number), w.octet_string(bytes(size))), RSA_SHA256.raw, w.bit_string(bytes(32)))


def signed_attributes(*extra: bytes, digest: bytes = bytes(32)) -> bytes:
    return w.set_of(
        [attributes.content_type("1.2.840.113549.1.7.1"), attributes.message_digest(digest), attributes.signing_time(TIME), *extra]
    )


def signer_info(sid: IssuerAndSerialNumber | SubjectKeyIdentifier = ISSUER_AND_SERIAL, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "digest_algorithm": SHA256,
        "signed_attrs": signed_attributes(),
        "signature_algorithm": RSA_SHA256,
        "signature": bytes(64),
        "unsigned_attrs": (),
    } | changes
    return SignerInfo.build(sid, **fields)


def recipient(**changes: Any) -> bytes:
    fields: dict[str, Any] = {"rid": ISSUER_AND_SERIAL, "key_encryption_algorithm": RSA, "encrypted_key": bytes(32)} | changes
    return KeyTransRecipientInfo.build(**fields)


def joined(events: Iterable[Event]) -> list[Event]:
    """Return events with all pieces of content joined into one, so that they compare."""
    found: list[Event] = []
    content = bytearray()
    for event in events:
        if isinstance(event, Content):
            content += event.data
            continue
        if content:
            found.append(Content(bytes(content)))
            content.clear()
        found.append(event)
    return [*found, Content(bytes(content))] if content else found


def outcome(chunks: Iterable[bytes | bytearray | memoryview], reader: Any) -> Any:
    """Return the joined events that chunks bring, or the error."""
    events: list[Event] = []
    try:
        for chunk in chunks:
            events += [Content(bytes(event.data)) if isinstance(event, Content) else event for event in reader.receive(chunk)]
        events += reader.finish()
    except SMIMEError as error:
        return type(error), error.args
    return joined(events)


def to_ber(data: bytes, *, segment: int = 3, levels: int = 1) -> bytes:
    """Return a DER element with indefinite lengths for all that is constructed, and primitive OCTET STRINGs in segments, nested so deep."""
    from smime.asn1 import der

    def convert(element: der.Element) -> bytes:
        identifier = element.raw[:1]
        if element.constructed:
            return identifier + b"\x80" + b"".join(convert(child) for child in element) + b"\x00\x00"
        if element.tag in {0x04, 0x80}:
            octets = element.raw_contents
            inner = b"".join(w.octet_string(octets[at : at + segment]) for at in range(0, len(octets), segment))
            for _ in range(levels - 1):
                inner = b"\x24\x80" + inner + b"\x00\x00"
            return bytes((identifier[0] | 0x20, 0x80)) + inner + b"\x00\x00"
        return element.raw

    return convert(der.parse(data))
