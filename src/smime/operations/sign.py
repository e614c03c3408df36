"""Signing (RFC 8551 sections 2.5 and 3.5, RFC 5652 section 5): detached as multipart/signed, opaque, or as a bare CMS object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from smime import policies
from smime.algorithms import DIGESTS_BY_NAME, Level
from smime.cms import attribute_set, ess
from smime.cms import attributes as attrs
from smime.cms.capabilities import CAPABILITIES, DEFAULT_CAPABILITIES
from smime.cms.content_info import DATA
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.cms.signed_data import SignedDataWriter, build_signed_data
from smime.cms.templates import DetachedTemplate, SignedDataTemplate, SignerInfoTemplate
from smime.crypto import digests, keys, schemes, signatures
from smime.errors import KeyMismatchError, ParseError, PolicyError, UnsupportedError
from smime.mime.seven_bit import SevenBitEncoder
from smime.mime.split import canonical_split
from smime.mime.writer import multipart_signed, write_fields
from smime.operations.spool import Buffer
from smime.operations.writing.armor import Encoding, armored, check_encoding
from smime.operations.writing.entity import Beginning, Entity
from smime.operations.writing.producer import Collector, Producer, Sink
from smime.transforms import base64
from smime.transforms.lines import CanonicalLines
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from cryptography import x509

    from smime.algorithms import AlgorithmProfile
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.limits import Limits
    from smime.mime.writer import RawField
    from smime.policy import Policy

__all__ = ["MessageSigner", "Signer"]


class Signer:
    """Somebody who signs: a private key, the certificate that goes with it, and the chain to send along.

    What does not change from message to message is encoded once, so that a signature costs one digest, one small patch and one private-key
    operation. Signers may be shared by threads if their private key may.

    Args:
        private_key: a private key of `cryptography`, or any object with the `smime.crypto.keys.PrivateKey` protocol (HSM, KMS).
        certificate: of the key.
        chain: certificates to send along, from the issuer's upwards; the root is usually left out (RFC 8550 section 2.3).
        digest: name of the digest, such as ``"sha384"``; None: what fits the key.
        pss: RSASSA-PSS for an RSA key that could do both.
        by_key_identifier: name the signer by subject key identifier instead of issuer and serial number.
        capabilities: what to announce (RFC 8551 section 2.5.2), the preferred first: names as in `smime.cms.capabilities`, or encoded
            capabilities; None: what this library reads best; empty: nothing.
        encryption_certificate: the certificate to encrypt answers to, where it is another one: it is sent along and named as
            encryptionKeyPreference (RFC 8551 section 2.5.3).
        attributes: further signed attributes, encoded, such as those of `smime.cms.ess.content_hints`.

    Raises:
        KeyMismatchError: key and certificate do not belong together, the key does not sign, or there is no subject key identifier.
        UnsupportedError: digest and key do not go together, or a capability has no such name.
        ParseError: a further attribute is malformed.
        ValueError: a further attribute is one that is written anyway, or that is no signed one.
    """

    __slots__ = ("_accepted", "_attributes", "_detached", "_template", "certificates", "facts", "private_key", "scheme", "sid")

    def __init__(
        self,
        private_key: Any,
        certificate: x509.Certificate | Certificate | bytes,
        chain: Iterable[x509.Certificate | Certificate | bytes] = (),
        *,
        digest: str | None = None,
        pss: bool = False,
        by_key_identifier: bool = False,
        capabilities: Iterable[str | bytes] | None = None,
        encryption_certificate: x509.Certificate | Certificate | bytes | None = None,
        attributes: Iterable[bytes] = (),
    ) -> None:
        own = Certificate.of_any(certificate)
        if keys.raw_public_key(keys.public_key_of(private_key)) != keys.raw_public_key(own.public_key):
            raise KeyMismatchError("the private key is not that of the certificate")
        self.private_key = private_key
        self.facts = own
        others = [Certificate.of_any(c) for c in chain]
        preferred = None if encryption_certificate is None else Certificate.of_any(encryption_certificate)
        if preferred is not None:
            others.append(preferred)
        self.certificates = tuple(dict.fromkeys((own.der, *(other.der for other in others))))
        self.scheme = signatures.choose_scheme(own.public_key, digest=digest, pss=pss, key_algorithm=own.key_algorithm)
        if by_key_identifier and own.ski is None:
            raise KeyMismatchError(f"the certificate of {own.subject} has no subject key identifier")
        self.sid = SubjectKeyIdentifier(own.ski) if by_key_identifier and own.ski else IssuerAndSerialNumber(own.issuer_raw, own.serial)
        self._attributes = _attributes_of(self.scheme, own, self.sid, capabilities, preferred, attributes)
        self._template = self._make_template(DATA)
        self._detached: DetachedTemplate | None = None
        self._accepted: AlgorithmProfile | None = None

    def _make_template(self, content_type: str) -> SignerInfoTemplate:
        scheme = self.scheme
        return SignerInfoTemplate(
            self.sid,
            scheme.digest_algorithm,
            scheme.algorithm,
            DIGESTS_BY_NAME[scheme.digest].size,
            self._attributes,
            content_type=content_type,
        )

    def check(self, policy: Policy) -> None:
        """Hold the signer's algorithms against a policy.

        Raises:
            PolicyError: it forbids one of them for new messages.
        """
        profile = policy.algorithms
        if profile is self._accepted:
            return
        for name in (self.scheme.digest, self.scheme.name):
            if profile.level(name) is not Level.CURRENT:
                raise PolicyError(f"the policy does not let {name} sign")
        bits = self.facts.rsa_bits
        if bits is not None and profile.rsa_level(bits) is not Level.CURRENT:
            raise PolicyError(f"the policy does not let a key of {bits} bits sign")
        self._accepted = profile

    def signer_info(self, digest: bytes, signing_time: datetime, content_type: str = DATA) -> bytes:
        """Return the SignerInfo for content with this digest.

        Args:
            digest: of the content, by `scheme.digest`.
            signing_time: aware.
            content_type: the eContentType, dotted.
        """
        template = self._template if content_type == DATA else self._make_template(content_type)
        attributes = template.signed_attributes(digest, signing_time)
        return template.signer_info(attributes, signatures.sign(self.private_key, self.scheme, attributes))

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate as an object of `cryptography`; ParseError if that refuses to load it."""
        return self.facts.loaded

    def detached(self, digest: bytes, signing_time: datetime) -> bytes:
        """Return a SignedData without content, which is id-data, with this signer alone; arguments as those of `signer_info`."""
        template = self._detached
        if template is None:
            version = 3 if isinstance(self.sid, SubjectKeyIdentifier) else 1  # RFC 5652 section 5.1
            signed = SignedDataTemplate([self.scheme.digest_algorithm], self.certificates, version=version)
            template = self._detached = DetachedTemplate(signed, self._template)
        attributes = template.signed_attributes(digest, signing_time)
        return template.build(attributes, signatures.sign(self.private_key, self.scheme, attributes))

    def __repr__(self) -> str:
        return f"<Signer {self.facts.subject} {self.scheme.name}>"


_WRITTEN_ANYWAY = frozenset(
    {
        attrs.CONTENT_TYPE,
        attrs.MESSAGE_DIGEST,
        attrs.SIGNING_TIME,
        attrs.SMIME_CAPABILITIES,
        attrs.ENCRYPTION_KEY_PREFERENCE,
        attrs.CMS_ALGORITHM_PROTECTION,
        ess.SIGNING_CERTIFICATE_V2,
    }
)
_NEVER_SIGNED = frozenset({attrs.COUNTERSIGNATURE, attrs.TIME_STAMP_TOKEN})


def _attributes_of(
    scheme: schemes.SignatureScheme,
    own: Certificate,
    sid: IssuerAndSerialNumber | SubjectKeyIdentifier,
    capabilities: Iterable[str | bytes] | None,
    preferred: Certificate | None,
    further: Iterable[bytes],
) -> tuple[bytes, ...]:
    """Return the signed attributes that are the same in every message."""
    announced = DEFAULT_CAPABILITIES if capabilities is None else tuple(map(_capability, capabilities))
    found = [
        attrs.cms_algorithm_protection(scheme.digest_algorithm, signature=scheme.algorithm),
        signing_certificate(own, sid),
    ]
    if announced:
        found.append(attrs.smime_capabilities(announced))
    if preferred is not None:
        found.append(attrs.encryption_key_preference(IssuerAndSerialNumber(preferred.issuer_raw, preferred.serial)))
    given = list(further)
    seen = set(_WRITTEN_ANYWAY | _NEVER_SIGNED)
    read = attribute_set.Attributes.build(given)
    if not read.is_der or len(read) != len(given):
        raise ParseError("cms", "a signed attribute is not one, or not in DER")
    for attribute in read:
        if attribute.oid in seen:
            raise ValueError(f"the signed attribute {attribute.oid} is written anyway, twice, or is no signed one")
        seen.add(attribute.oid)
    return (*found, *given)


def signing_certificate(own: Certificate, sid: IssuerAndSerialNumber | SubjectKeyIdentifier) -> bytes:
    """Return signingCertificateV2 for a signer, with issuer and serial number unless the sid gives them (RFC 5035 section 4)."""
    named = None if isinstance(sid, IssuerAndSerialNumber) else IssuerAndSerialNumber(own.issuer_raw, own.serial)
    return ess.signing_certificate_v2(own.digest("sha256"), issuer_and_serial=named)


def _capability(capability: str | bytes) -> bytes:
    if isinstance(capability, bytes):
        return capability
    encoded = CAPABILITIES.get(capability)
    if encoded is None:
        raise UnsupportedError("capability", capability)
    return encoded


class _Signatures:
    """The signers of one message, and the digests that they need."""

    def __init__(
        self,
        signers: Sequence[Signer],
        signing_time: datetime | None,
        content_type: str = DATA,
        new_digest: digests.NewDigest = digests.new,
    ) -> None:
        self.signers = signers
        self._new_digest = new_digest
        self.content_type = content_type
        self._time = signing_time
        self._running: dict[str, digests.Digest] | None = None
        self._finished: dict[str, bytes] | None = None
        self.names = tuple(dict.fromkeys([signer.scheme.digest for signer in signers]))

    @property
    def algorithms(self) -> list[AlgorithmIdentifier]:
        """The digest algorithms of the signers."""
        return [signer.scheme.digest_algorithm for signer in self.signers]

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """What the signers send along, each once."""
        return tuple(dict.fromkeys(der for signer in self.signers for der in signer.certificates))

    def whole(self, data: Buffer) -> None:
        """Take all of the content."""
        self._finished = {name: digests.digest(name, data) for name in self.names}

    def update(self, data: Buffer) -> None:
        """Take content."""
        running = self._running
        if running is None:
            running = self._running = {name: self._new_digest(name) for name in self.names}
        for digest in running.values():
            digest.update(data)

    def _finish(self) -> tuple[dict[str, bytes], datetime]:
        finished = self._finished
        if finished is None:
            if self._running is None:
                self.update(b"")
            finished = {name: digest.finalize() for name, digest in (self._running or {}).items()}
        return finished, datetime.now(timezone.utc) if self._time is None else self._time

    def signer_infos(self) -> list[bytes]:
        """Return the SignerInfos over all content so far."""
        finished, time = self._finish()
        return [signer.signer_info(finished[signer.scheme.digest], time, self.content_type) for signer in self.signers]

    def detached(self) -> bytes:
        """Return a SignedData without content, over all content so far."""
        signers = self.signers
        if len(signers) == 1 and self.content_type == DATA:
            finished, time = self._finish()
            return signers[0].detached(finished[self.names[0]], time)
        return build_signed_data(
            digest_algorithms=self.algorithms,
            content=None,
            signer_infos=self.signer_infos(),
            certificates=self.certificates,
            content_type=self.content_type,
        )


class _Opaque:
    """A SignedData with its content inside."""

    smime_type = "signed-data"

    def __init__(self, signers: _Signatures) -> None:
        self._signers = signers
        by_key_identifier = any(isinstance(signer.sid, SubjectKeyIdentifier) for signer in signers.signers)
        self._writer = SignedDataWriter(signers.algorithms, signers.content_type, version=3 if by_key_identifier else None)

    def whole(self, content: bytes) -> bytes:
        signers = self._signers
        signers.whole(content)
        return build_signed_data(
            digest_algorithms=signers.algorithms,
            content=content,
            signer_infos=signers.signer_infos(),
            certificates=signers.certificates,
            content_type=signers.content_type,
        )

    def head(self) -> bytes:
        return self._writer.head()

    def take(self, data: Buffer, /) -> None:
        self._signers.update(data)

    def content(self, data: Buffer, /) -> Iterable[Buffer]:
        return self._writer.pieces(data)

    def tail(self) -> bytes:
        return self._writer.tail(self._signers.signer_infos(), self._signers.certificates)


class _Bare:
    """A detached signature as a bare CMS object."""

    def __init__(self, signers: _Signatures, encoding: Encoding, sink: Sink | None) -> None:
        self._signers = signers
        self._encoding = encoding
        self._out = Collector(sink)

    def update(self, data: Buffer, /) -> bytes:
        self._signers.update(data)
        return b""

    def finalize(self) -> bytes:
        self._out.write(armored(self._encoding, self._signers.detached(), b"", ""))
        return self._out.take()


class _MultipartSigned:
    """A multipart/signed (RFC 1847 section 2.1, RFC 8551 section 3.5.3), whose first part is safe on any path: 7 bit, canonical lines."""

    __slots__ = ("_beginning", "_entity", "_frame", "_limits", "_out", "_signers")

    def __init__(self, signers: _Signatures, policy: Policy, sink: Sink | None) -> None:
        self._signers = signers
        self._limits = policy.limits
        self._frame = multipart_signed([DIGESTS_BY_NAME[name].micalg for name in signers.names])
        self._out = Collector(sink)
        self._beginning = Beginning()
        self._entity: _SignedEntity | None = None

    def update(self, data: Buffer, /) -> bytes:
        if self._entity is None:
            if self._beginning.keep(data):
                return b""
            self._split(self._beginning.take()).update(data)
        else:
            self._entity.update(data)
        return self._out.take()

    def finalize(self) -> bytes:
        out = self._out
        frame = self._frame
        before: tuple[bytes, ...] = ()
        if self._entity is None:
            beginning = self._beginning.take()
            whole = canonical_split(beginning, self._limits, safe=True)
            if whole is None:
                self._split(beginning).finalize()
            else:
                outer, entity = whole
                self._signers.whole(entity)
                before = outer, frame.head, entity
        else:
            self._entity.finalize()
        out.write(b"".join((*before, frame.middle, base64.encode(self._signers.detached()), frame.tail)))
        return out.take()

    def _split(self, beginning: bytes) -> _SignedEntity:
        """Take the mail apart as it comes, for it is longer than its beginning, or not in ordinary form."""
        self._entity = entity = _SignedEntity(self._signers, self._limits, self._frame.head, self._out.write)
        entity.update(beginning)
        return entity


class _SignedEntity:
    """The entity to be signed as it comes: split from the header fields that stay outside, made safe and canonical, written and hashed."""

    __slots__ = ("_entity", "_head", "_lines", "_out", "_safe", "_signers", "update")

    def __init__(self, signers: _Signatures, limits: Limits, head: bytes, out: Sink) -> None:
        self._signers = signers
        self._head = head
        self._out = out
        self._safe = SevenBitEncoder(limits, write=self._signed)
        self._entity = Entity(limits, self._outer, self._safe.update)
        self._lines = CanonicalLines()
        self.update = self._entity.update

    def finalize(self) -> None:
        self._entity.finalize()
        self._safe.finalize()
        rest = self._lines.finalize()
        if rest:
            self._write(rest)

    def _outer(self, fields: list[RawField]) -> None:
        self._out(write_fields(fields))
        self._out(self._head)

    def _signed(self, data: Buffer) -> None:
        lines = self._lines.update(data)
        if len(lines):
            self._write(lines)

    def _write(self, data: Buffer) -> None:
        self._signers.update(data)
        self._out(data)


class MessageSigner:
    """Signs one message of any size: `update(data)` with its octets in pieces, then `finalize()`; both return octets of the result.

    A mail of up to 128 KiB waits for `finalize`, and is written at once.

    Args:
        signer: one, or several who sign the same content.
        detached: multipart/signed, or a bare CMS object without the content; False: the content is inside.
        encoding: ``"smime"`` makes a mail of a MIME entity; ``"der"`` and ``"pem"`` protect the octets as they are.
        policy: which algorithms may be used.
        signing_time: what the signedAttrs claim, aware; default: the moment of signing.
        sink: called with octets of the result as they are ready, in buffers that are good until it returns; `update` and `finalize` then
            return nothing. It saves copies of messages that are large.
        content_type: of what is signed, dotted, for a bare CMS object that holds something else than id-data.
        new_digest: makes the digests that run over the message.

    Raises:
        PolicyError: the policy forbids a signer's algorithm or key.
    """

    def __init__(
        self,
        signer: Signer | Iterable[Signer],
        *,
        detached: bool = True,
        encoding: Encoding = "smime",
        policy: Policy = policies.RFC8551,
        signing_time: datetime | None = None,
        sink: Sink | None = None,
        content_type: str = DATA,
        new_digest: digests.NewDigest = digests.new,
    ) -> None:
        check_encoding(encoding)
        if encoding == "smime" and content_type != DATA:
            raise ValueError("mail is signed as id-data (RFC 8551 section 2.4.1)")
        signers = (signer,) if isinstance(signer, Signer) else tuple(signer)
        if not signers:
            raise ValueError("nobody signs")
        for one in signers:
            one.check(policy)
        all_signers = _Signatures(signers, signing_time, content_type, new_digest)
        machine: Producer | _Bare | _MultipartSigned
        if not detached:
            machine = Producer(_Opaque(all_signers), encoding, policy.limits, sink)
        elif encoding == "smime":
            machine = _MultipartSigned(all_signers, policy, sink)
        else:
            machine = _Bare(all_signers, encoding, sink)
        self._machine = machine

    def update(self, data: Buffer, /) -> bytes:
        """Take the next octets of the message; return octets of the signed one.

        Raises:
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        return self._machine.update(data)

    def finalize(self) -> bytes:
        """Say that the message is complete; return the last octets of the signed one.

        Raises:
            KeyMismatchError: a key does not sign.
            ParseError, LimitExceeded: the message cannot be read as MIME.
        """
        return self._machine.finalize()
