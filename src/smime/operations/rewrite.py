"""Adding to a signed message without touching what is there (RFC 5652 section 5.1 and 11.4): signers, countersignatures, certificates.

All octets but those that are added, and the lengths around them, stay as they were: signatures that held before hold afterwards. These
functions keep the SignedData in memory; its content, too, if that is inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from smime import policies
from smime.asn1 import pem, writer
from smime.cms import attributes as attrs
from smime.cms import rewrite
from smime.cms.reader import Content, SignedDataHead, SignedDataTail, read
from smime.cms.signer_info import SignerInfo
from smime.crypto import digests, signatures
from smime.errors import NotProtected, ParseError
from smime.mime.smime_types import MULTIPART_SIGNED, PKCS7_MIME, classify
from smime.mime.tree import parse
from smime.mime.writer import message_octets
from smime.operations.reading.form import Form, sniff
from smime.operations.reading.transfer import transfer_decoder
from smime.operations.sign import signing_certificate
from smime.operations.verify import MessageVerifier
from smime.transforms import base64
from smime.transforms.lines import canonicalize
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from email.message import Message

    from cryptography import x509

    from smime.mime.tree import MIMEPart
    from smime.operations.sign import Signer
    from smime.operations.spool import Buffer
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["add_certificates", "add_signer", "countersign"]


class _SignedMessage:
    """A message, the SignedData in it, and how to put another one in its place."""

    def __init__(self, message: Buffer | Message[Any, Any], policy: Policy) -> None:
        octets = message_octets(message)
        self.limits = policy.limits
        self.part: bytes | None = None  # the signed part of a multipart/signed, as received
        form = sniff(octets, final=True)
        self.data: bytes
        self.put: Callable[[bytes], bytes]
        if form is Form.BINARY:
            self.data, self.put = octets, bytes
        elif form is Form.PEM:
            found = pem.decode(octets, limits=self.limits)
            self.data = found[0][1]
            self.put = lambda data: pem.encode("CMS", data)
        elif form is Form.BASE64:
            self.data, self.put = base64.decode(octets), base64.encode
        else:
            self._mail(octets)

    def _mail(self, octets: bytes) -> None:
        root = parse(octets, self.limits)
        kind = classify(root.fields).kind
        holder: MIMEPart = root
        if kind == MULTIPART_SIGNED:
            if len(root.children) != 2:
                raise ParseError("mime", f"a signed mail has two parts; this one has {len(root.children)}")
            self.part = bytes(root.children[0].raw)
            holder = root.children[1]
        elif kind != PKCS7_MIME:
            raise NotProtected("the message is not signed at its top level")
        encoding = holder.fields.content_transfer_encoding()
        transfer = transfer_decoder(encoding)
        self.data = bytes(transfer.update(bytes(holder.body))) + bytes(transfer.finalize())
        newline = b"\r\n" if b"\r\n" in octets else b"\n"
        before, after = octets[: holder.body_start], octets[holder.end :]

        def put(data: bytes) -> bytes:
            if encoding != "base64":
                return before + data + after
            text = base64.encode(data, newline=newline)
            return before + (text.removesuffix(newline) if after else text) + after

        self.put = put

    def read(self) -> tuple[SignedDataHead, bytes | None, SignedDataTail]:
        """Return head, content (None if it is elsewhere) and tail of the SignedData."""
        head: SignedDataHead | None = None
        tail: SignedDataTail | None = None
        content: list[bytes] = []
        for event in read(self.data, self.limits):
            if isinstance(event, SignedDataHead):
                head = event
            elif isinstance(event, SignedDataTail):
                tail = event
            elif isinstance(event, Content):
                content.append(bytes(event.data))
        if head is None or tail is None:
            raise NotProtected("the message is not signed at its top level")
        return head, b"".join(content) if head.has_content else None, tail


def _now(signing_time: datetime | None) -> datetime:
    return datetime.now(timezone.utc) if signing_time is None else signing_time


def add_signer(
    message: Buffer | Message[Any, Any],
    signer: Signer,
    *,
    content: Buffer | None = None,
    policy: Policy = policies.RFC8551,
    signing_time: datetime | None = None,
) -> bytes:
    """Return the signed message with one more signer of the same content.

    Args:
        message: a signed mail, or a bare SignedData in DER, PEM or base64.
        signer: who signs too.
        content: the content, where a bare SignedData has it elsewhere.
        policy: which algorithms may be used.
        signing_time: what the new signer claims, aware; default: now.

    Raises:
        PolicyError: the policy forbids the signer's algorithm or key.
        NotProtected: the message is not signed.
        ValueError: the content is missing.
        ParseError, LimitExceeded, UnsupportedError: it cannot be read.
    """
    signer.check(policy)
    signed = _SignedMessage(message, policy)
    head, inside, _ = signed.read()
    if inside is None:
        inside = canonicalize(signed.part) if signed.part is not None else None if content is None else bytes(content)
    if inside is None:
        raise ValueError("the content of a detached signature has to be given")
    digest = digests.digest(signer.scheme.digest, inside)
    info = signer.signer_info(digest, _now(signing_time), content_type=head.content_type)
    return signed.put(rewrite.add_signer(signed.data, info, certificates=signer.certificates, limits=signed.limits))


def countersign(
    message: Buffer | Message[Any, Any],
    signer: Signer,
    trust: TrustStore,
    *,
    index: int = 0,
    content: Buffer | None = None,
    at: datetime | None = None,
    sender: str | Iterable[str] | None = None,
    policy: Policy = policies.RFC8551,
    signing_time: datetime | None = None,
) -> bytes:
    """Return the signed message with a countersignature over one of its signatures, which is verified first (RFC 5652 section 11.4).

    Args:
        message: a signed mail, or a bare SignedData.
        signer: who countersigns.
        trust: the anchors for the signature that is countersigned.
        index: which of the signatures, from 0.
        content: as for `smime.verify`, as are `at` and `sender`.
        at: see there.
        sender: see there.
        policy: what is accepted, and which algorithms may be used.
        signing_time: what the countersigner claims, aware; default: now.

    Raises:
        VerificationError: the message is not VALID, so that nobody should countersign it.
        IndexError: there is no such signature.
        PolicyError: the policy forbids the countersigner's algorithm or key.
        NotProtected, ParseError, LimitExceeded, UnsupportedError: it cannot be read.
    """
    signer.check(policy)
    verifier = MessageVerifier(trust, content=content, at=at, sender=sender, policy=policy)
    verifier.update(message_octets(message))
    verifier.finalize()
    signed = _SignedMessage(message, policy)
    infos = signed.read()[2].signer_infos
    if not 0 <= index < len(infos):
        raise IndexError(f"there is no signature {index}")
    data = rewrite.add_countersignature(
        signed.data, index, _countersignature(infos[index].signature, signer, _now(signing_time)), limits=signed.limits
    )
    return signed.put(rewrite.add_certificates(data, signer.certificates, limits=signed.limits))


def _countersignature(signature: bytes, signer: Signer, signing_time: datetime) -> bytes:
    scheme = signer.scheme
    attributes = writer.set_of(
        [
            attrs.message_digest(digests.digest(scheme.digest, signature)),
            attrs.signing_time(signing_time),
            attrs.cms_algorithm_protection(scheme.digest_algorithm, signature=scheme.algorithm),
            signing_certificate(signer.facts, signer.sid),
        ]
    )
    made = signatures.sign(signer.private_key, scheme, attributes)
    return SignerInfo.build(signer.sid, scheme.digest_algorithm, attributes, scheme.algorithm, made)


def add_certificates(
    message: Buffer | Message[Any, Any],
    certificates: Iterable[x509.Certificate | Certificate | bytes],
    crls: Iterable[bytes] = (),
    *,
    policy: Policy = policies.RFC8551,
) -> bytes:
    """Return the signed message with further certificates and revocation lists; those that it has are not repeated.

    Args:
        message: a signed mail, a certificates-only message, or a bare SignedData.
        certificates: objects of `cryptography`, or DER.
        crls: in DER.
        policy: for limits.

    Raises:
        NotProtected: the message holds no SignedData.
        ParseError, LimitExceeded, UnsupportedError: it cannot be read.
    """
    signed = _SignedMessage(message, policy)
    ders = [Certificate.of_any(certificate).der for certificate in certificates]
    return signed.put(rewrite.add_certificates(signed.data, ders, crls, limits=signed.limits))
