"""A certificate and its cached facts (RFC 5280 section 4, RFC 8550 section 4, RFC 9598).

`Certificate` reads each field straight from the DER, when it is asked for, and remembers it; certificates themselves are remembered under
a bounded cache, so that a known sender's is parsed once. Nothing is judged here but encoding: whether a certificate may be used is decided
by `smime.pki.path`. What `cryptography` refuses to load (a negative serial number, a key without parameters) still has issuer, serial
number, names and validity here; `fault` says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from smime._kernels import certificate as _kernel
from smime.asn1 import tlv
from smime.asn1.names import to_text
from smime.crypto.quiet import quietly
from smime.errors import ParseError, SMIMEError, UnsupportedError
from smime.limits import DEFAULT_LIMITS, Limits
from smime.memory import Cache
from smime.x509 import names
from smime.x509.addresses import alternative_addresses, parse_address
from smime.x509.extensions import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CERTIFICATE_POLICIES,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    MOST_ENTRIES,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    usages,
)
from smime.x509.summary import CertificateSummary

if TYPE_CHECKING:
    from cryptography import x509

    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.x509.addresses import CertificateAddress

__all__ = ["Certificate"]

T = TypeVar("T")


_FIELDS = bytes([tlv.INTEGER, *[tlv.SEQUENCE] * 5])
_VERSION = 4  # octets of a version: there is none beyond 3, and one of thousands of digits cannot be told
_BEFORE_VALUE = frozenset({tlv.OID, tlv.BOOLEAN})
_DSA = "1.2.840.10040.4.1"
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"


_NOTHING = object()
_cache: Cache[Any, Certificate] = Cache(4096)


class Certificate:
    """One X.509 certificate, version 1 to 3.

    Use `Certificate.of`. Two certificates are equal if their octets are.

    Attributes:
        der: the octets.
        version: 1, 2 or 3.
        serial: the serial number; negative ones and zero are read.
        issuer_raw: the DER of the issuer's name, as it stands there.
        subject_raw: the DER of the subject's name.
        not_before: begin of validity, aware, in UTC.
        not_after: end of validity.
        spki: the DER of the SubjectPublicKeyInfo.
        tbs: the DER of what is signed.
        signature: the signature value.
    """

    __slots__ = (
        "_addresses",
        "_digests",
        "_extensions",
        "_extensions_at",
        "_extensions_found",
        "_facts",
        "_inner_algorithm",
        "_key",
        "_key_algorithm",
        "_limits",
        "_no_address",
        "_rsa_bits",
        "_signature_algorithm_at",
        "_ski",
        "_summary",
        "_usage",
        "_x509",
        "der",
        "extensions_fault",
        "issuer_raw",
        "not_after",
        "not_before",
        "serial",
        "signature",
        "spki",
        "subject_raw",
        "tbs",
        "version",
    )

    _addresses: tuple[tuple[CertificateAddress, ...], tuple[str, ...]] | None
    _extensions: Mapping[str, tuple[bool, bytes]] | None
    _extensions_at: tuple[int, int] | None
    _usage: Any

    def __init__(self, der: bytes, limits: Limits = DEFAULT_LIMITS) -> None:
        self.der = der
        self._limits = limits
        self._x509: Any = _NOTHING
        self._key: Any = None
        self._extensions = None
        self._addresses = None
        self._summary: CertificateSummary | None = None
        self._usage = _NOTHING
        self._ski: Any = _NOTHING
        self._rsa_bits: Any = _NOTHING
        self._key_algorithm: AlgorithmIdentifier | None = None
        self._digests: dict[str, bytes] = {}
        self._facts: dict[str, Any] = {}
        self.extensions_fault: str | None = None
        self._parse()

    @classmethod
    def of(cls, der: bytes, limits: Limits = DEFAULT_LIMITS) -> Certificate:
        """Return the certificate with these octets, from the cache if it was seen before.

        Raises:
            ParseError: they are not a certificate.
        """
        standard = limits is DEFAULT_LIMITS or (
            limits.rsa_modulus_bits == DEFAULT_LIMITS.rsa_modulus_bits and limits.rsa_exponent_bits == DEFAULT_LIMITS.rsa_exponent_bits
        )
        key: Any = der if standard else (der, limits.rsa_modulus_bits, limits.rsa_exponent_bits)
        known = _cache.get(key)
        if known is None:
            known = cls(bytes(der), limits)
            _cache.put(known.der if standard else key, known)
        return known

    @classmethod
    def of_any(cls, certificate: Certificate | x509.Certificate | bytes, limits: Limits = DEFAULT_LIMITS) -> Certificate:
        """Return the certificate for one of these, for an object of `cryptography`, or for DER octets."""
        if isinstance(certificate, Certificate):
            return certificate
        if isinstance(certificate, bytes | bytearray | memoryview):
            return cls.of(bytes(certificate), limits)
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - heavy

        found = cls.of(certificate.public_bytes(Encoding.DER), limits)
        if found._x509 is _NOTHING:
            found._x509 = certificate
        return found

    def _parse(self) -> None:
        """Find the fields of RFC 5280 section 4.1."""
        der = self.der
        found = _kernel.read(der)
        if found is None:
            self._no_address = False
            self._extensions_found: list[int] = []
            self._parse_with_care()
            return
        (
            self.version,
            start,
            tbs_end,
            algorithm_end,
            bits,
            serial,
            serial_end,
            inner_end,
            issuer_end,
            before,
            before_end,
            after,
            after_end,
            validity_end,
            subject_end,
            spki_end,
            no_address,
        ) = found[: _kernel.FIELDS]
        self._no_address = no_address == 1
        self._extensions_found = found
        self._extensions_at = None
        self.tbs = der[start:tbs_end]
        self._signature_algorithm_at = (tbs_end, algorithm_end)
        self.signature = der[bits + 1 :] if der[bits : bits + 1] == b"\x00" else b""
        self.serial = int.from_bytes(der[serial:serial_end], "big", signed=True)
        self._inner_algorithm = der[serial_end:inner_end]
        self.issuer_raw = der[inner_end:issuer_end]
        self.subject_raw = der[validity_end:subject_end]
        self.spki = der[subject_end:spki_end]
        self.not_before = tlv.time(der[before - 2], der[before:before_end])
        self.not_after = tlv.time(der[after - 2], der[after:after_end])

    def _parse_with_care(self) -> None:
        """The same, where it is not in the form in which nearly all are; say what is wrong."""
        der = self.der
        tag, start, end = tlv.element(der, 0, len(der))
        if tag != tlv.SEQUENCE:
            raise ParseError("x509", "a certificate is a SEQUENCE", 0)
        if end != len(der):
            raise ParseError("x509", "octets follow the certificate", end)
        parts = tlv.children(der, start, end)
        if len(parts) != 3 or parts[0][0] != tlv.SEQUENCE or parts[1][0] != tlv.SEQUENCE or parts[2][0] != tlv.BIT_STRING:
            raise ParseError("x509", "a certificate has three parts: what is signed, the algorithm and the signature", start)
        (_, tbs_start, tbs_end), (_, _, algorithm_end), (_, bits_start, bits_end) = parts
        self.tbs = der[start:tbs_end]
        self._signature_algorithm_at = (tbs_end, algorithm_end)
        # a signature is whole octets: one with unused bits is none, and the facts are facts all the same
        self.signature = der[bits_start + 1 : bits_end] if der[bits_start : bits_start + 1] == b"\x00" else b""
        fields = tlv.children(der, tbs_start, tbs_end)
        index = 0
        self.version = 1
        if fields and fields[0][0] == 0xA0:
            _, value_start, value_end = tlv.element(der, fields[0][1], fields[0][2])
            if value_end - value_start > _VERSION:
                raise ParseError("x509", "a version number beyond all reason", value_start)
            self.version = 1 + int.from_bytes(der[value_start:value_end], "big")
            index = 1
        if bytes([field[0] for field in fields[index : index + 6]]) != _FIELDS:
            raise ParseError("x509", "the fields of a certificate are not in their order", tbs_start)
        serial, algorithm, issuer, validity, subject, spki = fields[index : index + 6]
        self.serial = int.from_bytes(der[serial[1] : serial[2]], "big", signed=True)
        self._inner_algorithm = der[serial[2] : algorithm[2]]
        self.issuer_raw = der[algorithm[2] : issuer[2]]
        self.subject_raw = der[validity[2] : subject[2]]
        self.spki = der[subject[2] : spki[2]]
        self._extensions_at = None
        for tag, begin, after in fields[index + 6 :]:
            if tag == 0xA3:
                self._extensions_at = (begin, after)
                break
        times = tlv.children(der, validity[1], validity[2])
        if len(times) != 2:
            raise ParseError("x509", "the validity is not a pair of times", validity[1])
        self.not_before = tlv.time(times[0][0], der[times[0][1] : times[0][2]])
        self.not_after = tlv.time(times[1][0], der[times[1][1] : times[1][2]])

    # -- extensions --

    @property
    def extensions(self) -> Mapping[str, tuple[bool, bytes]]:
        """Each extension by dotted OID: (critical, DER of the value). The first of duplicates; `extensions_fault` tells of faults."""
        if self._extensions is None:
            found: dict[str, tuple[bool, bytes]] = {}
            try:
                self._parse_extensions(found)
            except ParseError as error:
                self.extensions_fault = error.reason
            self._extensions = MappingProxyType(found)
        return self._extensions

    def _parse_extensions(self, found: dict[str, tuple[bool, bytes]]) -> None:
        der = self.der
        numbers = self._extensions_found
        for at in range(_kernel.FIELDS, len(numbers), _kernel.EXTENSION):
            start, end, critical, value, value_end = numbers[at : at + _kernel.EXTENSION]
            oid = tlv.object_identifier(der[start:end])
            if oid in found:
                self.extensions_fault = f"the extension {oid} stands twice"
            else:
                found[oid] = (critical == 1, der[value:value_end])
        if self._extensions_at is None:
            return
        _, start, end = tlv.element(der, *self._extensions_at)
        for _, item_start, item_end in tlv.children(der, start, end, MOST_ENTRIES):
            parts = tlv.children(der, item_start, item_end)
            if len(parts) not in {2, 3} or parts[0][0] != tlv.OID or parts[-1][0] != tlv.OCTET_STRING or parts[-2][0] not in _BEFORE_VALUE:
                raise ParseError("x509", "an extension is malformed", item_start)
            oid = tlv.object_identifier(der[parts[0][1] : parts[0][2]])
            critical = len(parts) == 3 and der[parts[1][1] : parts[1][2]] != b"\x00"
            if oid in found:
                self.extensions_fault = f"the extension {oid} stands twice"
                continue
            found[oid] = (critical, der[parts[-1][1] : parts[-1][2]])

    def _value(self, oid: str) -> bytes | None:
        entry = self.extensions.get(oid)
        return None if entry is None else entry[1]

    def fact(self, name: str, read: Callable[[Certificate], T]) -> T:
        """Return what `read` says of the certificate, remembered under a name."""
        known: T = self._facts.get(name, _NOTHING)
        if known is _NOTHING:
            known = self._facts[name] = read(self)
        return known

    @property
    def key_usage(self) -> frozenset[str] | None:
        """The bits of the key usage extension (see `KEY_USAGES`), or None if there is none.

        Raises:
            ParseError: the extension is malformed.
        """
        if self._usage is _NOTHING:
            value = self._value(KEY_USAGE)
            if value is None:
                self._usage = None
            else:
                tag, start, end = tlv.element(value, 0, len(value))
                if tag != tlv.BIT_STRING or start == end:
                    raise ParseError("x509", "the key usage is not a BIT STRING", 0)
                bits = value[start + 1 : end]
                self._usage = usages(bits[:2])
        usage: frozenset[str] | None = self._usage
        return usage

    @property
    def extended_key_usage(self) -> tuple[str, ...] | None:
        """The purposes of the extended key usage extension, dotted, or None if there is none.

        Raises:
            ParseError: the extension is malformed.
        """
        return self.fact("extended_key_usage", _extended_key_usage)

    @property
    def basic_constraints(self) -> tuple[bool, int | None] | None:
        """(cA, pathLenConstraint) of the basic constraints extension, or None if there is none.

        Raises:
            ParseError: the extension is malformed.
        """
        return self.fact("basic_constraints", _basic_constraints)

    @property
    def policies(self) -> tuple[str, ...] | None:
        """The certificate policies, dotted, in their order, or None if there is no such extension.

        Raises:
            ParseError: the extension is malformed.
        """
        return self.fact("policies", _policies)

    @property
    def is_ca(self) -> bool:
        """It may issue certificates, by its basic constraints and its key usage; certificates of versions 1 and 2 do not say so."""
        try:
            constraints, usage = self.basic_constraints, self.key_usage
        except ParseError:
            return False
        return constraints is not None and constraints[0] and (usage is None or "keyCertSign" in usage)

    @property
    def ski(self) -> bytes | None:
        """The subject key identifier, or None if there is none."""
        if self._ski is _NOTHING:
            value = self._value(SUBJECT_KEY_IDENTIFIER)
            try:
                tag, start, end = tlv.element(value or b"", 0, len(value or b""))
                self._ski = (value or b"")[start:end] if tag == tlv.OCTET_STRING else None
            except ParseError:
                self._ski = None
        ski: bytes | None = self._ski
        return ski

    @property
    def aki(self) -> bytes | None:
        """The key identifier in the authority key identifier, or None if there is none."""
        value = self._value(AUTHORITY_KEY_IDENTIFIER)
        if value is None:
            return None
        try:
            _, start, end = tlv.element(value, 0, len(value))
            for tag, item_start, item_end in tlv.children(value, start, end):
                if tag == 0x80:
                    return value[item_start:item_end]
        except ParseError:
            pass
        return None

    @property
    def key_identifier(self) -> bytes | None:
        """What it states, or where it states nothing the usual digest of its key (RFC 5280 section 4.2.1.2); None: that is unreadable."""
        stated = self.ski
        if stated is not None:
            return stated
        from smime.crypto import digests  # noqa: PLC0415 - heavy

        try:
            return digests.digest("sha1", self.key_octets)
        except (SMIMEError, IndexError):
            return None

    @property
    def key_octets(self) -> bytes:
        """The octets of subjectPublicKey, of which the SHA-1 digest is the usual key identifier (RFC 5280 section 4.2.1.2)."""
        spki = self.spki
        _, start, end = tlv.element(spki, 0, len(spki))
        parts = tlv.children(spki, start, end)
        return spki[parts[-1][1] + 1 : parts[-1][2]]

    # -- names --

    @property
    def subject(self) -> str:
        """The subject as RFC 4514 text."""
        return to_text(self.subject_raw)

    @property
    def issuer(self) -> str:
        """The issuer as RFC 4514 text."""
        return to_text(self.issuer_raw)

    @property
    def self_issued(self) -> bool:
        """Subject and issuer are the same (RFC 5280 section 3.2)."""
        return self.subject_raw == self.issuer_raw or names.comparable(self.subject_raw) == names.comparable(self.issuer_raw)

    def issued_by_name(self, name: bytes) -> bool:
        """Whether the issuer has this name: by its DER, or by the comparison of RFC 5280 section 7.1."""
        return name == self.issuer_raw or names.comparable(name) == names.comparable(self.issuer_raw)

    def matches(self, sid: Any) -> bool:
        """Whether a signer or recipient identifier of CMS means this certificate (RFC 5652 section 5.3).

        Args:
            sid: something with `issuer_raw` and `serial`, or something with a subject key identifier.
        """
        issuer = getattr(sid, "issuer_raw", None)
        if issuer is not None:
            return bool(sid.serial == self.serial) and self.issued_by_name(issuer)
        ski = key_identifier_of(sid)
        return ski is not None and ski == self.key_identifier

    @property
    def addresses(self) -> tuple[CertificateAddress, ...]:
        """The mail addresses that are fit for comparison: of the subject alternative name first, then of the subject."""
        return self._all_addresses()[0]

    @property
    def address_faults(self) -> tuple[str, ...]:
        """What is wrong with addresses that `addresses` leaves out."""
        return self._all_addresses()[1]

    def _all_addresses(self) -> tuple[tuple[CertificateAddress, ...], tuple[str, ...]]:
        if self._addresses is None:
            found: dict[tuple[str, str], CertificateAddress] = {}
            faults: list[str] = []
            try:
                for kind, text in self._raw_addresses(faults):
                    address = parse_address(text, kind)
                    if isinstance(address, str):
                        faults.append(f"{text!r}: {address}")
                    else:
                        found.setdefault((address.local, address.domain), address)
            except ParseError as error:
                faults.append(error.reason)
            self._addresses = tuple(found.values()), tuple(faults)
        return self._addresses

    def _raw_addresses(self, faults: list[str]) -> list[tuple[Literal["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"], str]]:
        found: list[tuple[Literal["rfc822Name", "SmtpUTF8Mailbox", "emailAddress"], str]] = []
        value = self._value(SUBJECT_ALT_NAME)
        if value is not None:
            try:
                found += alternative_addresses(value, faults)
            except ParseError as error:
                faults.append(f"the subject alternative name cannot be read: {error.reason}")
        for rdn in () if self._no_address else names.attributes(self.subject_raw):
            for oid, _, content in rdn:
                if oid == names.EMAIL_ADDRESS:
                    found.append(("emailAddress", tlv.utf8_or_latin1(content)))
        return found

    # -- keys and algorithms --

    @property
    def loaded(self) -> x509.Certificate:
        """The object of `cryptography`.

        Raises:
            ParseError: `cryptography` refuses to load it.
        """
        loaded = self.x509
        if loaded is None:
            raise ParseError("x509", f"the certificate cannot be loaded: {self.fault}")
        return loaded

    @property
    def x509(self) -> x509.Certificate | None:
        """The object of `cryptography`, or None if that refuses to load it; then `fault` says why."""
        if self._x509 is _NOTHING:
            self._x509 = _load(self.der)
        return None if isinstance(self._x509, str) else self._x509

    @property
    def fault(self) -> str | None:
        """Why `cryptography` refuses the certificate; None if it does not."""
        return None if self.x509 is not None else self._x509

    @property
    def public_key(self) -> Any:
        """The public key, an object of `cryptography`.

        Raises:
            SMIMEError: it is malformed, unknown, or bigger than the limits allow.
        """
        key = self._key
        if key is None:
            from smime.crypto import keys  # noqa: PLC0415 - heavy

            try:
                algorithm = self.key_algorithm
                if algorithm.oid == _EC_PUBLIC_KEY and (algorithm.parameters is None or algorithm.parameters[0] != tlv.OID):
                    # `cryptography` takes parameters that spell out a named curve for that curve; RFC 5480 section 2.1.1 does not
                    raise UnsupportedError("elliptic curve", "explicit parameters")
                key = keys.load_der_public_key(self.spki, limits=self._limits)
            except SMIMEError as error:
                key = error
            self._key = key
        if isinstance(key, SMIMEError):
            raise key
        return key

    @property
    def key_algorithm(self) -> AlgorithmIdentifier:
        """The AlgorithmIdentifier of the key (a key may be restricted to one scheme).

        Raises:
            ParseError: it is malformed.
        """
        if self._key_algorithm is None:
            start, end = tlv.element(self.spki, 0, len(self.spki))[1:]
            self._key_algorithm = algorithm_identifier(self.spki[start : tlv.element(self.spki, start, end)[2]])
        return self._key_algorithm

    @property
    def signature_algorithm(self) -> AlgorithmIdentifier:
        """The AlgorithmIdentifier with which the certificate was signed.

        Raises:
            ParseError: it is malformed.
        """
        start, end = self._signature_algorithm_at
        return algorithm_identifier(self.der[start:end])

    @property
    def signature_algorithm_mismatch(self) -> bool:
        """The algorithm in what is signed is not the one beside the signature (RFC 5280 section 4.1.1.2)."""
        start, end = self._signature_algorithm_at
        return self._inner_algorithm != self.der[start:end]

    @property
    def has_inherited_parameters(self) -> bool:
        """The key is a DSA key without parameters: they are those of the issuer's (RFC 3279 section 2.3.2)."""
        try:
            algorithm = self.key_algorithm
        except SMIMEError:
            return False
        return algorithm.oid == _DSA and algorithm.parameters in {None, b"\x05\x00"}

    def completed_key(self, path: Sequence[Certificate]) -> Any:
        """Return the DSA key of a certificate with `has_inherited_parameters`, an object of `cryptography`.

        Args:
            path: its certification path, itself first. The parameters are those of the nearest DSA key above that has its own.

        Raises:
            SMIMEError: nobody above has them, or key and parameters do not go together.
        """
        from smime.asn1 import writer  # noqa: PLC0415 - such keys are rare
        from smime.crypto import keys  # noqa: PLC0415 - heavy

        for above in path[1:]:
            algorithm = above.key_algorithm
            if algorithm.oid != _DSA:
                break
            if above.has_inherited_parameters:
                continue
            _, start, end = tlv.element(self.spki, 0, len(self.spki))
            complete = writer.sequence(algorithm.raw, self.spki[tlv.element(self.spki, start, end)[2] : end])
            return keys.load_der_public_key(complete, limits=self._limits)
        raise ParseError("x509", "a DSA key without parameters, and none to inherit")

    @property
    def key_kind(self) -> str:
        """The kind of key, such as ``"RSA"``, ``"EC"``, ``"X25519"``.

        Raises:
            SMIMEError: as `public_key`.
        """
        from smime.crypto import keys  # noqa: PLC0415 - heavy

        return keys.key_kind(self.public_key)

    @property
    def rsa_bits(self) -> int | None:
        """The size of the modulus of an RSA or DSA key; None for keys of other kinds and unreadable ones."""
        if self._rsa_bits is _NOTHING:
            try:
                self._rsa_bits = int(self.public_key.key_size) if self.key_kind in {"RSA", "DSA"} else None
            except SMIMEError:
                self._rsa_bits = None
        bits: int | None = self._rsa_bits
        return bits

    def digest(self, name: str) -> bytes:
        """Return the digest of the octets, which is what ESSCertID names a certificate by (RFC 5035 section 4); remembered."""
        known = self._digests.get(name)
        if known is None:
            from smime.crypto import digests  # noqa: PLC0415 - heavy

            known = self._digests[name] = digests.digest(name, self.der)
        return known

    @property
    def sha256(self) -> str:
        """The fingerprint, hexadecimal."""
        return self.digest("sha256").hex()

    @property
    def summary(self) -> CertificateSummary:
        """The facts a person looks at."""
        if self._summary is None:
            from smime.crypto import keys  # noqa: PLC0415 - heavy

            try:
                key = keys.describe(self.public_key)
            except SMIMEError as error:
                key = f"unreadable ({error})"
            self._summary = CertificateSummary(
                subject=self.subject,
                issuer=self.issuer,
                serial_number=f"{self.serial:x}",
                sha256=self.sha256,
                addresses=tuple(str(address) for address in self.addresses),
                not_before=self.not_before,
                not_after=self.not_after,
                key=key,
            )
        return self._summary

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and other.der == self.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate {self.subject!r} serial {self.serial:x}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Certificate.of, (self.der, self._limits))


def _load(der: bytes) -> Any:
    """Return the object of `cryptography`, or why it refuses to make one."""
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - heavy

    try:
        return quietly(load_der_x509_certificate, der)
    except Exception as error:  # noqa: BLE001 - its exceptions are not a closed set, and no input may make another one escape
        return str(error) or type(error).__name__


def _extended_key_usage(certificate: Certificate) -> tuple[str, ...] | None:
    value = certificate._value(EXTENDED_KEY_USAGE)
    if value is None:
        return None
    _, start, end = tlv.element(value, 0, len(value))
    return tuple(
        [tlv.object_identifier(value[oid_start:oid_end]) for _, oid_start, oid_end in tlv.children(value, start, end, MOST_ENTRIES)]
    )


def _basic_constraints(certificate: Certificate) -> tuple[bool, int | None] | None:
    value = certificate._value(BASIC_CONSTRAINTS)
    if value is None:
        return None
    _, start, end = tlv.element(value, 0, len(value))
    ca, length = False, None
    for tag, item_start, item_end in tlv.children(value, start, end):
        if tag == tlv.BOOLEAN:
            ca = value[item_start:item_end] != b"\x00"
        elif tag == tlv.INTEGER:
            length = int.from_bytes(value[item_start:item_end], "big", signed=True)
    return ca, length


def _policies(certificate: Certificate) -> tuple[str, ...] | None:
    value = certificate._value(CERTIFICATE_POLICIES)
    if value is None:
        return None
    _, start, end = tlv.element(value, 0, len(value))
    oids = [tlv.element(value, item_start, item_end) for _, item_start, item_end in tlv.children(value, start, end, MOST_ENTRIES)]
    return tuple([tlv.object_identifier(value[oid_start:oid_end]) for _, oid_start, oid_end in oids])


def algorithm_identifier(raw: bytes) -> AlgorithmIdentifier:
    """Read an AlgorithmIdentifier.

    Raises:
        ParseError: it is none.
    """
    from smime.asn1.algorithm import AlgorithmIdentifier  # noqa: PLC0415 - not needed to look at names

    return AlgorithmIdentifier.from_raw(raw)


def key_identifier_of(sid: Any) -> bytes | None:
    """Return the subject key identifier in an identifier of CMS, or None."""
    if isinstance(sid, bytes):
        return sid
    for name in ("key_identifier", "subject_key_identifier", "ski", "value"):
        value = getattr(sid, name, None)
        if value is not None:
            return bytes(value)
    return None
