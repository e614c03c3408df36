"""The printed messages of RFC 8551 section 3 break rules of their own; messages made in the same way must come to the same ends.

Section 3.3 is a message of RFC 4134, which `test_corpora` reads. The others are rebuilt here with keys that are allowed today:

- 3.4: AES-GCM whose ICVlen is absent (so 12) beside a tag of 16 octets, rsaEncryption without parameters, and inside a header field that
  begins with a semicolon. It authenticates as it stands, and the text comes out as it is.
- 3.5.3: a SignerInfo of version 2, without a contentType attribute. No signature.
- 3.6: the zlib stream alone, without CompressedData around it. Not readable.
"""

from __future__ import annotations

import zlib

import pytest
from tests.hostile.encryption import Envelope, recipient, rid
from tests.operations.people import ADDRESS, person, trust

import smime
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes as attrs
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.recipient_info import KeyTransRecipientInfo
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.crypto import digests, key_transport, signatures
from smime.transforms import base64
from smime.x509.certificate import Certificate

MALFORMED = b"Content-Type: text/plain\r\n;Content-Transfer-Encoding: 7bit\r\n\r\nThis is some sample content.\r\n"
HEADER = (
    b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)


def _without_parameters(key: bytes) -> list[bytes]:
    stated = AlgorithmIdentifier.build("1.2.840.113549.1.1.1")
    return [KeyTransRecipientInfo.build(rid("rsa2048"), stated, key_transport.encrypt(recipient("rsa2048").public_key, stated, key))]


def test_section_3_4() -> None:
    def short(algorithm: AlgorithmIdentifier) -> AlgorithmIdentifier:
        nonce = der.parse(algorithm.parameters or b"").children[0]
        return AlgorithmIdentifier.build(algorithm.oid, writer.sequence(nonce.raw))

    made = Envelope("aes-128-gcm", content=MALFORMED, infos=_without_parameters, algorithm=short).der()
    message = HEADER % b"authEnveloped-data" + base64.encode(made)
    own = smime.Identity(recipient("rsa2048").private_key, recipient("rsa2048").certificate)
    decrypted = smime.decrypt(message, own)
    assert decrypted.content == MALFORMED
    assert decrypted.report.authenticated
    assert "gcm-tag-length-absent" in {f.code for f in decrypted.report.findings}
    unwrapped = smime.unwrap(message, identities=own)
    assert (unwrapped.status, unwrapped.content) == ("encrypted", MALFORMED)


def test_section_3_5_3() -> None:
    own = person("rsa2048")
    facts = Certificate.of_any(own.certificate)
    content = b"Content-Type: text/plain\r\n\r\nThis is a clear-signed message."
    scheme = signatures.choose_scheme(facts.public_key)
    signed = writer.set_of([attrs.message_digest(digests.digest("sha256", content))])
    signature = signatures.sign(own.private_key, scheme, signed)
    sid = IssuerAndSerialNumber(facts.issuer_raw, facts.serial)
    info = SignerInfo.build(sid, scheme.digest_algorithm, signed, scheme.algorithm, signature)
    assert info.count(b"\x02\x01\x01\x30") == 1
    whole = build_signed_data(
        digest_algorithms=[scheme.digest_algorithm],
        content=None,
        signer_infos=[info.replace(b"\x02\x01\x01\x30", b"\x02\x01\x02\x30")],
        certificates=[facts.der, *(Certificate.of_any(c).der for c in own.chain)],
    )
    message = (
        b'From: alice@example.org\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;'
        b" boundary=boundary42\r\n\r\n--boundary42\r\n" + content + b"\r\n--boundary42\r\nContent-Type: application/pkcs7-signature\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encode(whole) + b"\r\n--boundary42--\r\n"
    )
    with pytest.raises(smime.VerificationError) as refused:
        smime.verify(message, trust(), sender=ADDRESS)
    report = refused.value.report
    assert report.verdict is smime.Verdict.INVALID
    assert "content-type-attribute-missing" in {f.code for f in report.all_findings()}
    assert report.signers[0].signature_valid is None


def test_section_3_6() -> None:
    message = HEADER % b"compressed-data" + base64.encode(zlib.compress(MALFORMED))
    with pytest.raises(smime.SMIMEError):
        smime.unwrap(message)
