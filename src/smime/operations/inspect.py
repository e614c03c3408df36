"""What a message is made of, as far as that shows without any key: MIME parts, CMS layers, algorithms, signers, recipients, certificates.

Nothing is verified and nothing decrypted. A layer that cannot be read is a node with an error; what stands around it is still shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from smime.algorithms import name_of
from smime.cms import attribute_set, attributes, content_info, ess
from smime.cms.reader import (
    AuthenticatedDataHead,
    AuthEnvelopedDataHead,
    CMSReader,
    CompressedDataHead,
    Content,
    DataHead,
    DigestedDataHead,
    EncryptedDataHead,
    EnvelopedDataHead,
    SignedDataHead,
    SignedDataTail,
    TrailingData,
)
from smime.cms.signer_info import SignerInfo
from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import DEFAULT_LIMITS, Limits
from smime.mime.smime_types import PKCS7_MIME, PKCS7_SIGNATURE, classify
from smime.mime.tree import MIMEPart, parse
from smime.operations.reading.form import Form, sniff
from smime.operations.reading.transfer import transfer_decoder
from smime.operations.recipients import opening
from smime.transforms.zlib import Decompressor
from smime.x509.certificate import Certificate
from smime.x509.summary import CertificateSummary

__all__ = ["Node", "SignerStructure", "inspect"]

_KINDS: tuple[tuple[type, str], ...] = (
    (SignedDataHead, "signed-data"),
    (AuthEnvelopedDataHead, "authEnveloped-data"),
    (EnvelopedDataHead, "enveloped-data"),
    (EncryptedDataHead, "encrypted-data"),
    (CompressedDataHead, "compressed-data"),
    (DigestedDataHead, "digested-data"),
    (AuthenticatedDataHead, "authenticated-data"),
    (DataHead, "data"),
)
_CONTENT_NAMES = {
    content_info.DATA: "data",
    content_info.SIGNED_DATA: "signed-data",
    content_info.ENVELOPED_DATA: "enveloped-data",
    content_info.DIGESTED_DATA: "digested-data",
    content_info.ENCRYPTED_DATA: "encrypted-data",
    content_info.AUTHENTICATED_DATA: "authenticated-data",
    content_info.COMPRESSED_DATA: "compressed-data",
    content_info.AUTH_ENVELOPED_DATA: "authEnveloped-data",
}
_ATTRIBUTE_NAMES = {
    attributes.CONTENT_TYPE: "contentType",
    attributes.MESSAGE_DIGEST: "messageDigest",
    attributes.SIGNING_TIME: "signingTime",
    attributes.COUNTERSIGNATURE: "countersignature",
    attributes.SMIME_CAPABILITIES: "smimeCapabilities",
    attributes.CMS_ALGORITHM_PROTECTION: "CMSAlgorithmProtection",
    ess.RECEIPT_REQUEST: "receiptRequest",
    ess.SECURITY_LABEL: "eSSSecurityLabel",
    ess.ML_EXPANSION_HISTORY: "mlExpansionHistory",
    ess.CONTENT_HINT: "contentHint",
    attributes.ENCRYPTION_KEY_PREFERENCE: "encryptionKeyPreference",
    ess.SIGNING_CERTIFICATE: "signingCertificate",
    ess.SIGNING_CERTIFICATE_V2: "signingCertificateV2",
    attributes.TIME_STAMP_TOKEN: "timeStampToken",
}


@dataclass(frozen=True, slots=True)
class SignerStructure:
    """A SignerInfo as it stands there.

    Attributes:
        sid: whose it says it is.
        digest_algorithm: name or dotted OID.
        signature_algorithm: name or dotted OID.
        signed_attributes: names, or dotted OIDs; None if there are none at all.
        unsigned_attributes: names, or dotted OIDs.
        signing_time: ISO 8601, as claimed; None if absent or unreadable.
    """

    sid: str
    digest_algorithm: str
    signature_algorithm: str
    signed_attributes: tuple[str, ...] | None
    unsigned_attributes: tuple[str, ...] = ()
    signing_time: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {
            "sid": self.sid,
            "digest_algorithm": self.digest_algorithm,
            "signature_algorithm": self.signature_algorithm,
            "signed_attributes": None if self.signed_attributes is None else list(self.signed_attributes),
            "unsigned_attributes": list(self.unsigned_attributes),
            "signing_time": self.signing_time,
        }


@dataclass(frozen=True, slots=True)
class Node:
    """A MIME part or a CMS layer.

    Attributes:
        kind: ``"mime"``, or the CMS content type: ``"signed-data"``, ``"enveloped-data"``, …; ``"data"`` for content that is neither.
        content_type: of a MIME part: type and subtype; of a CMS layer: what is inside, ``"data"`` or a dotted OID.
        size: of the body of a part as it stands there, or of the content of a layer; octets.
        transfer_encoding: of a MIME part; None elsewhere.
        name: file name that a MIME part suggests, or None.
        algorithm: content encryption, compression, digest or MAC algorithm of a layer, or None.
        signers, recipients: of a layer. Recipients as (identifier, key encryption algorithm).
        certificates: of a layer, those that can be read.
        crls: how many a layer has.
        children: parts of a multipart, the CMS layer in a part, the content of a layer that can be read without a key.
        error: why it cannot be read further, or None.
        notes: what else is to be said about a layer.
        certificate_octets: the DER of all certificates of a layer, as received.
    """

    kind: str
    content_type: str
    size: int = 0
    transfer_encoding: str | None = None
    name: str | None = None
    algorithm: str | None = None
    signers: tuple[SignerStructure, ...] = ()
    recipients: tuple[tuple[str, str], ...] = ()
    certificates: tuple[CertificateSummary, ...] = ()
    crls: int = 0
    children: tuple[Node, ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()
    certificate_octets: tuple[bytes, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as JSON-able data."""
        return {
            "kind": self.kind,
            "content_type": self.content_type,
            "size": self.size,
            "transfer_encoding": self.transfer_encoding,
            "name": self.name,
            "algorithm": self.algorithm,
            "signers": [signer.to_dict() for signer in self.signers],
            "recipients": [{"recipient": recipient, "algorithm": algorithm} for recipient, algorithm in self.recipients],
            "certificates": [certificate.to_dict() for certificate in self.certificates],
            "crls": self.crls,
            "notes": list(self.notes),
            "error": self.error,
            "children": [child.to_dict() for child in self.children],
        }

    def walk(self) -> Iterator[Node]:
        """Yield the node and everything below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def spine(self) -> Iterator[Node]:
        """Yield the nodes of the cryptographic envelope, from the outside to the first entity that is not a layer."""
        node: Node | None = self
        while node is not None:
            yield node
            layered = node.kind != "mime" or node.content_type == "multipart/signed" or (node.children and node.children[0].kind != "mime")
            node = node.children[0] if layered and node.children else None


def inspect(message: bytes | memoryview, limits: Limits = DEFAULT_LIMITS) -> Node:
    """Return what a message (a mail, or a bare CMS object in BER, PEM or base64) is made of.

    Raises:
        ParseError: it is neither.
        LimitExceeded: it asks for too much.
    """
    data = bytes(message)
    node = _entity(data, limits, 0)
    if node.kind == "mime" and not node.children and node.error is None:
        fields = parse(data, limits).fields
        if len(fields) == 0:
            raise ParseError("mime", "this is not a mail: it has no header field", 0)
    if node.kind != "mime" and node.error is not None:
        raise ParseError("cms", node.error)
    return node


def _entity(data: bytes, limits: Limits, depth: int) -> Node:
    if depth > limits.layers:
        raise LimitExceeded("layers", limits.layers)
    form = sniff(data, final=True)
    if form is Form.BINARY:
        return _cms(data, limits, depth)
    if form is Form.PEM or form is Form.BASE64:
        try:
            return _cms(_armored(data, form), limits, depth)
        except SMIMEError as error:
            return Node("data", "", len(data), error=str(error))
    return _part(parse(data, limits), limits, depth)


def _armored(data: bytes, form: Form) -> bytes:
    from smime.asn1 import pem  # noqa: PLC0415 - rare
    from smime.transforms import base64  # noqa: PLC0415

    if form is Form.BASE64:
        return base64.decode(data)
    for label, octets in pem.decode(data):
        if label in {"CMS", "PKCS7", "PKCS #7 SIGNED DATA"}:
            return octets
    raise ParseError("pem", "there is no CMS object")


def _part(part: MIMEPart, limits: Limits, depth: int) -> Node:
    fields = part.fields
    kind = classify(fields).kind
    children: tuple[Node, ...] = ()
    error = None
    encoding = fields.content_transfer_encoding()
    if kind in {PKCS7_MIME, PKCS7_SIGNATURE}:
        try:
            decoder = transfer_decoder(encoding)
            octets = bytes(decoder.update(part.body)) + bytes(decoder.finalize())
            if sniff(octets, final=True) is Form.BASE64:  # a transfer encoding that was lost on the way
                octets = _armored(octets, Form.BASE64)
            children = (_cms(octets, limits, depth + 1),)
        except LimitExceeded:
            raise
        except SMIMEError as fault:
            error = str(fault)
    else:
        children = tuple(_part(child, limits, depth) for child in part.children)
        if part.boundary is not None and not part.closed:
            error = "the closing boundary is missing"
    disposition = fields.content_disposition()
    return Node(
        "mime",
        part.content_type.value or "text/plain",
        len(part.body),
        encoding,
        (disposition.filename if disposition is not None else None) or part.content_type.name,
        children=children,
        error=error,
    )


def _cms(data: bytes, limits: Limits, depth: int) -> Node:
    """Read one CMS object: what can be read of it, and why not more."""
    if depth > limits.layers:
        raise LimitExceeded("layers", limits.layers)
    found = _Collected(limits)
    error: str | None = None
    reader = CMSReader(limits, pkcs7_content=True)
    try:
        for start in range(0, len(data), 1 << 16):  # in pieces, so that the head of a broken object is seen
            found.take(reader.receive(data[start : start + (1 << 16)]))
        found.take(reader.finish())
    except LimitExceeded:
        raise
    except SMIMEError as fault:
        error = str(fault)
    return found.node(error, depth)


class _Collected:
    """The events of one CMS object."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._head: Any = None
        self._tail: SignedDataTail | None = None
        self._content: list[bytes] = []
        self._trailing = 0

    def take(self, events: list[Any]) -> None:
        for event in events:
            if self._head is None:
                self._head = event
            elif type(event) is Content:
                self._content.append(bytes(event.data))
            elif type(event) is SignedDataTail:
                self._tail = event
            elif type(event) is TrailingData:
                self._trailing = event.count

    def node(self, error: str | None, depth: int) -> Node:
        head = self._head
        kind = next((name for type_, name in _KINDS if type(head) is type_), "data")
        if head is None or kind == "data":
            return Node("data", "data", sum(map(len, self._content)), error=error)
        content = b"".join(self._content)
        notes = [f"{self._trailing} octets follow the object"] if self._trailing else []
        algorithm: str | None = None
        children: tuple[Node, ...] = ()
        try:
            if kind == "compressed-data":
                algorithm = head.algorithm.name
                children = self._inside(head, self._decompressed(content), depth)
            elif kind in {"signed-data", "digested-data", "authenticated-data"}:
                if kind != "signed-data":
                    algorithm = (head.digest_algorithm if kind == "digested-data" else head.mac_algorithm).name
                if head.has_content:
                    children = self._inside(head, content, depth)
                elif kind == "signed-data" and self._tail is not None and (self._tail.signer_infos or self._tail.unknown_signer_infos):
                    notes.append("detached: the content stands outside")
            else:
                algorithm = head.content_encryption_algorithm.name
        except LimitExceeded:
            raise
        except SMIMEError as fault:
            error = error or str(fault)
        certificates, crls, signers = self._of_tail(notes)
        signed = signers or (self._tail is not None and self._tail.unknown_signer_infos)
        return Node(
            kind if certificates == () or signed or head.has_content or kind != "signed-data" else "certs-only",
            _CONTENT_NAMES.get(head.content_type, head.content_type),
            len(content),
            algorithm=algorithm,
            signers=signers,
            recipients=tuple(_recipients(getattr(head, "recipient_infos", ()))),
            certificates=certificates,
            crls=crls,
            children=children,
            error=error,
            notes=tuple(notes),
            certificate_octets=self._tail.certificates if self._tail is not None else (),
        )

    def _decompressed(self, content: bytes) -> bytes:
        machine = Decompressor(self._limits)
        return machine.update(content) + machine.finalize()

    def _inside(self, head: Any, content: bytes, depth: int) -> tuple[Node, ...]:
        if head.content_type != content_info.DATA:
            return (_cms(content, self._limits, depth + 1),) if sniff(content, final=True) is Form.BINARY else ()
        return (_entity(content, self._limits, depth + 1),)

    def _of_tail(self, notes: list[str]) -> tuple[tuple[CertificateSummary, ...], int, tuple[SignerStructure, ...]]:
        tail = self._tail
        if tail is None:
            return (), 0, ()
        certificates = []
        for der in tail.certificates:
            try:
                certificates.append(Certificate.of(der, self._limits).summary)
            except SMIMEError as fault:
                notes.append(f"a certificate cannot be read: {fault}")
        if tail.other_certificates:
            notes.append(f"{len(tail.other_certificates)} attribute certificates or the like")
        if tail.other_revocation_infos:
            notes.append(f"{len(tail.other_revocation_infos)} OCSP responses or the like")
        if tail.unknown_signer_infos:
            notes.append(f"{len(tail.unknown_signer_infos)} signatures of a version that is not known")
        return tuple(certificates), len(tail.crls), tuple(_signer(info) for info in tail.signer_infos)


def _signer(info: SignerInfo) -> SignerStructure:
    time = None
    if info.signed_attrs is not None:
        for attribute in info.signed_attrs:
            if attribute.oid == attributes.SIGNING_TIME and attribute.values:
                try:
                    time = attributes.parse_signing_time(attribute.values[0]).isoformat()
                except SMIMEError:
                    time = None
    return SignerStructure(
        str(info.sid),
        info.digest_algorithm.name,
        info.signature_algorithm.name,
        None if info.signed_attrs is None else _attribute_names(info.signed_attrs),
        () if info.unsigned_attrs is None else _attribute_names(info.unsigned_attrs),
        time,
    )


def _attribute_names(found: attribute_set.Attributes) -> tuple[str, ...]:
    return tuple(_ATTRIBUTE_NAMES.get(attribute.oid, attribute.oid) for attribute in found)


def _recipients(infos: Any) -> Iterator[tuple[str, str]]:
    for info in infos:
        algorithm = getattr(info, "key_encryption_algorithm", None)
        name = algorithm.name if algorithm is not None else name_of(getattr(info, "oid", "")) or type(info).__name__
        for recipient in opening.names_of(info):
            yield recipient, name
