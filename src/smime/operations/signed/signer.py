"""Verifying the signers of one SignedData (RFC 5652 section 5.6, RFC 8551, RFC 8550): the numbered steps of a verdict.

Every step adds findings; the verdict of a signer is what its findings leave. Steps 1 to 6 are about the signature, 7 to 9 about who made
it. A check that cannot be made is named as unchecked and never counts as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from smime.algorithms import SIGNATURES, Level, name_of
from smime.cms import attribute_set, ess
from smime.cms import attributes as attrs
from smime.cms.capabilities import parse_capabilities
from smime.cms.content_info import DATA, TST_INFO
from smime.cms.signer_info import SignerInfo
from smime.crypto import digests, signatures
from smime.crypto.faults import InvalidSignature, KeyUnsuitable, MalformedSignature
from smime.errors import ParseError, SMIMEError, UnsupportedError
from smime.findings import Effect, Finding, finding
from smime.operations.reading.sender import Sender
from smime.operations.signed import known_signers
from smime.operations.signed.content import SignedContent
from smime.operations.signed.paths import path_at
from smime.pki.sender import match_sender
from smime.report import Revocation, SignerReport, Standing, TimestampReport, Unchecked, Verdict, VerificationReport, worst
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.cms.signed_data import SignedDataTail
    from smime.operations.reading.context import Reading
    from smime.pki.trust import TrustStore
    from smime.pki.verdict import PathVerdict

__all__ = ["report_of"]

_T = TypeVar("_T")
_CACHEABLE = 2048  # octets of an attribute's value: longer ones are rarely seen twice


def _remembering(parse: Callable[[bytes], _T]) -> Callable[[bytes], _T]:
    """Remember what an attribute says: most attributes of a correspondent are the same in every message."""
    remembered = lru_cache(maxsize=512)(parse)

    def lookup(value: bytes) -> _T:
        return remembered(value) if len(value) <= _CACHEABLE else parse(value)

    return lookup


_parse_capabilities = _remembering(parse_capabilities)
_parse_content_type = _remembering(attrs.parse_content_type)
_parse_algorithm_protection = _remembering(attrs.parse_cms_algorithm_protection)

_ALIKE = 4  # further certificates over the signer's key that are looked at
_CANDIDATES = 20  # certificates tried for one signer: SKIs need not be unique (RFC 8551 section 2.6), floods must not pay


def report_of(
    reading: Reading,
    *,
    content: SignedContent | None,
    content_type: str,
    tail: SignedDataTail,
    detached: bool,
    listed_digests: Iterable[str] = (),
    findings: Sequence[Finding] = (),
) -> VerificationReport:
    """Evaluate all signers of a SignedData.

    Args:
        reading: trust, policy, time and sender.
        content: the content and its digests; None if there is none.
        content_type: the eContentType, dotted.
        tail: certificates, CRLs and SignerInfos.
        detached: the content stood outside.
        listed_digests: names of the digestAlgorithms at the head.
        findings: what is known about the message already.

    Returns:
        The report; its verdict is VALID only if there are signers and every one is VALID.
    """
    noticed = list(findings)
    if tail.unknown_signer_infos:
        noticed += [finding("unknown-signer-info", version=version) for version in dict.fromkeys(tail.unknown_signer_infos)]
    elif not tail.signer_infos:
        noticed.append(finding("no-signers"))
    ordinary = None
    if content is not None:
        known = known_signers.look_up(reading, tail)
        if known is not None:
            ordinary = known.report(reading, tail.signer_infos[0], content)
    elif tail.signer_infos or tail.unknown_signer_infos:
        noticed.append(finding("no-content"))
    if ordinary is not None:
        signers: tuple[SignerReport, ...] = (ordinary,)
    else:
        certificates, malformed = _certificates(tail.certificates, reading)
        noticed += malformed
        listed = frozenset(listed_digests)
        signers = tuple([_Signer(reading, info, content, content_type, certificates, tail, listed).report() for info in tail.signer_infos])
    verdict = worst(noticed) if noticed else Verdict.VALID
    for signer in signers:
        if signer.verdict is Verdict.INVALID or (signer.verdict is Verdict.INDETERMINATE and verdict is Verdict.VALID):
            verdict = signer.verdict
    return VerificationReport(
        verdict=verdict,
        signers=signers,
        findings=tuple(noticed),
        content_type=content_type,
        detached=detached,
        at=reading.at,
        certificates=tail.certificates,
        crls=tail.crls,
    )


def _certificates(raw: Sequence[bytes], reading: Reading) -> tuple[list[Certificate], list[Finding]]:
    found: list[Certificate] = []
    findings: list[Finding] = []
    for der in raw:
        try:
            found.append(Certificate.of(der, reading.limits))
        except SMIMEError as error:
            findings.append(finding("unreadable-certificate", reason=str(error)))
    return found, findings


_UNDECIDED = frozenset(
    {"signature-algorithm-unsupported", "malformed-certificate", "micalg-mismatch-unverified", "content-too-long", "content-not-kept"}
)


class _ContentNeededError(Exception):
    """The signature cannot be checked, since the content cannot be had (any more)."""

    def __init__(self, code: str, /, **data: object) -> None:
        super().__init__(code)
        self.finding = finding(code, **data)


class _Signer:
    """The evaluation of one SignerInfo."""

    def __init__(
        self,
        reading: Reading,
        info: SignerInfo,
        content: SignedContent | None,
        content_type: str,
        certificates: list[Certificate],
        tail: SignedDataTail,
        listed: frozenset[str],
    ) -> None:
        self.reading = reading
        self.info = info
        self.content = content
        self.content_type = content_type
        self.certificates = certificates
        self.tail = tail
        self.listed = listed
        self.findings: list[Finding] = []
        self.unchecked: list[Unchecked] = []
        self.digest_matches: bool | None = None
        self.signature_valid: bool | None = None
        self.form: str | None = None
        self.countersigners_left = [reading.limits.signers]  # shared with the countersigners of countersigners: they may be a tree
        self.timestamps: tuple[TimestampReport, ...] = ()
        self.inherited: tuple[tuple[bytes, ...], int] | None = None  # the path that DSA parameters are from, and the size of the modulus
        signed = info.signed_attrs
        self.values = signed.merged() if signed is not None else {}

    def note(self, code: str, /, **data: object) -> None:
        """Add a finding."""
        self.findings.append(finding(code, **data))

    def report(self) -> SignerReport:
        """Make all checks in order."""
        info = self.info
        self.digest_name = info.digest_algorithm.name
        # steps 1-4: what does not depend on a certificate
        ready = self._algorithms()
        ready = self._attributes() and ready
        ready = ready and self._digest()
        # steps 5-6: whose key is it
        candidates = self._candidates()
        certificate = self._signature(candidates) if ready else next(iter(candidates), None)
        path: PathVerdict | None = None
        address_matches: bool | None = None
        in_order = False
        if certificate is not None:
            self._key(certificate)
            in_order = len(candidates) == 1 and not self.findings and not self.unchecked
            # steps 7-9: who is it, at which time, for which sender
            self.timestamps = self._timestamps()
            path = self._path(certificate)
            if path is None or (len(self.findings), len(self.unchecked)) != (len(path.findings), len(path.unchecked)):
                in_order = False
            address_matches = self._address(certificate)
        noticed = len(self.findings)
        signing_time = self._signing_time(certificate)
        capabilities = self._capabilities()
        if in_order and len(self.findings) == noticed and certificate is not None and path is not None:
            self._remember(certificate, path, capabilities)
        countersigners = self._countersigners()
        standing = self._standing(certificate, path, signing_time) if certificate is not None and path is not None else ()
        if self.signature_valid is None:
            self.unchecked.append(Unchecked("signature", self.findings[-1].code if self.findings else "no-certificate"))
        verdict = worst(self.findings)
        if verdict is Verdict.VALID and not (self.signature_valid and self.digest_matches and path is not None and path.trusted):
            verdict = Verdict.INDETERMINATE  # belt and braces: VALID needs every positive fact, not only the absence of complaints
        return SignerReport(
            sid=str(info.sid),
            certificate=certificate.x509 if certificate is not None else None,
            certificate_summary=certificate.summary if certificate is not None else None,
            digest_algorithm=self.digest_name,
            signature_algorithm=info.signature_algorithm.name,
            digest_matches=self.digest_matches,
            signature_valid=self.signature_valid,
            path=path.x509_path if path is not None else (),
            trusted=path.trusted if path is not None else False,
            revocation=path.revocation if path is not None else Revocation.NOT_CHECKED,
            address_matches=address_matches,
            signing_time=signing_time,
            verdict=verdict,
            findings=tuple(self.findings),
            unchecked=tuple(self.unchecked),
            capabilities=capabilities,
            attributes=MappingProxyType(self.values),
            countersigners=countersigners,
            timestamps=self.timestamps,
            standing=standing,
        )

    def _remember(self, certificate: Certificate, path: PathVerdict, capabilities: tuple[tuple[str, bytes | None], ...]) -> None:
        """Keep what this message has in common with others of its family, of which nothing was amiss but perhaps the sender."""
        info, tail = self.info, self.tail
        if (
            tail.family is None
            or info is not tail.signer_infos[0]
            or len(self.certificates) != len(tail.certificates)
            or not (self.signature_valid and self.digest_matches and path.trusted)
            or self.inherited is not None
        ):
            return
        key_algorithm = certificate.key_algorithm
        verifier = signatures.Verifier(certificate.public_key, info.signature_algorithm, self.digest_name, key_algorithm=key_algorithm)
        known = known_signers.KnownSigner(self.reading.policy, info, certificate, verifier, path, capabilities)
        known_signers.remember(self.reading, tail, known)

    # -- step 1: algorithms (RFC 5652 section 5.3, RFC 8551 section 2) --

    def _algorithms(self) -> bool:
        info, profile = self.info, self.reading.policy.algorithms
        try:
            digests.name_of(info.digest_algorithm)
        except UnsupportedError:
            parameters = " with these parameters" if digests.supported(self.digest_name) else ""
            self.note("digest-algorithm-unsupported", algorithm=f"{self.digest_name}{parameters}")
            return False
        if self.digest_name not in self.listed:  # RFC 5652 section 5.3 lets a verifier refuse that
            self.note("digest-algorithm-unlisted", digest=self.digest_name)
        signature = SIGNATURES.get(info.signature_algorithm.oid)
        if signature is None or signature.key == "SLH-DSA":
            self.note("signature-algorithm-unsupported", algorithm=name_of(info.signature_algorithm.oid))
            return False
        ok = True
        for name in dict.fromkeys((self.digest_name, signature.name)):
            level = profile.level(name)
            if level is Level.FORBIDDEN:
                self.note("algorithm-forbidden", algorithm=name)
                ok = False
            elif level is Level.LEGACY:
                self.note("weak-algorithm", algorithm=name)
        return ok

    # -- step 2: signed attributes (RFC 5652 sections 5.3, 5.6, 11; RFC 8551 section 2.5; RFC 6211) --

    def _attributes(self) -> bool:
        signed = self.info.signed_attrs
        if signed is None:
            return self._without_attributes()
        before = len(self.findings)
        if not signed.is_der:
            self.note("signed-attributes-not-der")
        values = self.values
        if len(values) != len(signed) or any(len(found) != 1 for found in values.values()):
            for oid, name in _SINGLE:
                found = signed.get(oid)
                if len(found) > 1 or (found and len(found[0].values) != 1):
                    self.note("attribute-not-single", attribute=name)
        if attrs.COUNTERSIGNATURE in values:
            self.note("attribute-misplaced", attribute="countersignature")
        unsigned = self.info.unsigned_attrs
        if unsigned is not None:
            for oid, name in _SIGNED_ONLY:
                if unsigned.get(oid):
                    self.note("attribute-misplaced", attribute=name)
        self._content_type()
        if attrs.MESSAGE_DIGEST not in values:
            self.note("message-digest-attribute-missing")
        self._algorithm_protection()
        return len(self.findings) == before or all(f.code == "signed-attributes-not-der" for f in self.findings[before:])

    def _without_attributes(self) -> bool:
        unsigned = self.info.unsigned_attrs
        if unsigned is not None:
            for oid, name in _SIGNED_ONLY:
                if unsigned.get(oid):
                    self.note("attribute-misplaced", attribute=name)
                    return False
        if self.content_type != DATA:
            self.note("signed-attributes-required")
            return False
        if self.content is not None and any(map(_looks_like_attributes, self.content.possible_attributes)):
            self.note("content-looks-like-attributes")
            return False
        self.note("no-signed-attributes")
        return True

    def _content_type(self) -> None:
        values = self.values.get(attrs.CONTENT_TYPE, ())
        if attrs.CONTENT_TYPE not in self.values:
            self.note("content-type-attribute-missing")
        elif len(values) == 1:
            try:
                stated = _parse_content_type(values[0])
            except ParseError:
                self.note("attribute-malformed", attribute="contentType")
                return
            if stated != self.content_type:
                self.note("content-type-mismatch", attribute=stated, content=self.content_type)

    def _algorithm_protection(self) -> None:
        values = self.values.get(attrs.CMS_ALGORITHM_PROTECTION, ())
        if len(values) != 1:
            return
        try:
            protection = _parse_algorithm_protection(values[0])
        except ParseError:
            self.note("attribute-malformed", attribute="CMSAlgorithmProtection")
            return
        info = self.info
        if (
            protection.signature is None
            or not _same_algorithm(protection.digest, info.digest_algorithm)
            or not _same_algorithm(protection.signature, info.signature_algorithm)
        ):
            used = f"{info.digest_algorithm.name}, {info.signature_algorithm.name}"
            signature = protection.signature.name if protection.signature is not None else "none"
            self.note("algorithm-protection-mismatch", protected=f"{protection.digest.name}, {signature}", used=used)

    # -- step 3: the digest of the content (RFC 5652 section 5.4) --

    def _digest(self) -> bool:
        content, signed = self.content, self.info.signed_attrs
        if content is None:
            return False
        if signed is None:
            return True  # the signature itself is over the content
        try:
            stated = attrs.parse_message_digest(self.values.get(attrs.MESSAGE_DIGEST, ())[0])
        except ParseError:
            self.note("attribute-malformed", attribute="messageDigest")
            return False
        computed = [content.digest(self.digest_name, form) for form in content.forms]
        if None in computed:
            self.note("micalg-mismatch-unverified", micalg=", ".join(content.announced), digest=self.digest_name)
            return False
        self.digest_matches = False
        for form, value in zip(content.forms, computed, strict=True):
            if value == stated:
                self.digest_matches = True
                self.form = form
        if not self.digest_matches:
            values = [value.hex() for value in dict.fromkeys(computed) if value is not None]
            self.note("digest-mismatch", algorithm=self.digest_name, signed=stated.hex(), computed=", ".join(values))
        elif len(content.forms) > 1 and self.form == content.forms[0]:
            self.note("line-ends-converted")
        return True  # with a wrong digest, too, the signature over the attributes says whose they are

    # -- step 4: candidates for the signer's certificate (RFC 5652 section 5.3, RFC 8551 section 2.6) --

    def _candidates(self) -> list[Certificate]:
        sid = self.info.sid
        found = [certificate for certificate in self.certificates if certificate.matches(sid)]
        if self.reading.trust is not None:
            known = {certificate.der for certificate in found}
            found += [certificate for certificate in self.reading.trust.find(sid) if certificate.der not in known]
        if not found:
            self.note("no-certificate", sid=str(sid))
        return found[:_CANDIDATES]

    # -- step 5: the signature (RFC 5652 section 5.6) and the certificate bound to it (RFC 5035) --

    def _signature(self, candidates: list[Certificate]) -> Certificate | None:
        problem: Finding | None = None
        for certificate in candidates:
            try:
                self._check_signature(certificate)
            except MalformedSignature as error:
                problem = problem or self._malformed(error)
            except InvalidSignature:
                problem = problem or finding("signature-invalid")
            except KeyUnsuitable as error:
                problem = problem or finding("key-mismatch", algorithm=self.info.signature_algorithm.name, reason=error.reason)
            except _ContentNeededError as needed:
                problem = problem or needed.finding
            except UnsupportedError as error:
                problem = problem or finding("signature-algorithm-unsupported", algorithm=error.oid)
            except SMIMEError as error:
                problem = problem or finding("malformed-certificate", reason=str(error))
            else:
                if not self._bound_to(certificate):
                    problem = finding("signing-certificate-mismatch", certificate=certificate.sha256)
                    continue
                best = self._best(certificate, candidates)
                self.signature_valid = True
                return best
        if problem is not None:
            self.findings.append(problem)
            if problem.code not in _UNDECIDED:
                self.signature_valid = False
        return candidates[0] if candidates else None

    def _best(self, certificate: Certificate, candidates: Sequence[Certificate]) -> Certificate:
        """Return, of the certificates over one key that the signature may mean, the one with which the signer stands best.

        A subject key identifier does not tell them apart: a renewed certificate has that of the old one (RFC 8551 section 2.6).
        """
        if len(candidates) == 1 or self.reading.trust is None or certificate.has_inherited_parameters:
            return certificate
        alike = [other for other in candidates if other.spki == certificate.spki and other.der != certificate.der][:_ALIKE]
        if not alike:
            return certificate
        kept = self.findings, self.unchecked
        try:
            prospects: list[tuple[int, int, Certificate]] = []
            for one in (certificate, *alike):
                self.findings, self.unchecked = [], []
                if one is certificate or self._bound_to(one):
                    self._path(one)
                    self._address(one)
                    prospects.append((max((f.effect.value for f in self.findings), default=0), len(prospects), one))
        finally:
            self.findings, self.unchecked = kept
        return min(prospects)[2]

    def _malformed(self, error: MalformedSignature) -> Finding:
        """Say what is wrong with the form of the signature: most often that its digest is not the announced one."""
        algorithm = self.info.signature_algorithm
        try:
            needed = signatures.digest_of(algorithm)
        except (SMIMEError, MalformedSignature):
            needed = None
        if needed is not None and needed != self.digest_name:
            return finding("digest-algorithm-mismatch", digest=self.digest_name, signature=f"{algorithm.name} with {needed}")
        return finding("signature-malformed", reason=error.reason)

    def _check_signature(self, certificate: Certificate) -> None:
        info, content = self.info, self.content
        assert content is not None  # noqa: S101 - step 3 has returned otherwise
        key, key_algorithm = self._public_key(certificate), certificate.key_algorithm
        signed = info.signed_attrs
        if signed is not None:
            signatures.verify(
                key, info.signature_algorithm, self.digest_name, info.signature, signed.raw_as_set(), key_algorithm=key_algorithm
            )
            return
        last: InvalidSignature | None = None
        for form in content.forms:
            needs_content = signatures.needs_content(info.signature_algorithm)
            data = self._whole(content, form) if needs_content else content.digest(self.digest_name, form)
            if data is None:
                raise _ContentNeededError("micalg-mismatch-unverified", micalg=", ".join(content.announced), digest=self.digest_name)
            try:
                signatures.verify(
                    key,
                    info.signature_algorithm,
                    self.digest_name,
                    info.signature,
                    data,
                    prehashed=not needs_content,
                    key_algorithm=key_algorithm,
                )
            except InvalidSignature as error:
                last = error
            else:
                self.digest_matches = True
                self.form = form
                if len(content.forms) > 1 and form == content.forms[0]:
                    self.note("line-ends-converted")
                return
        self.digest_matches = None
        raise last or InvalidSignature

    def _public_key(self, certificate: Certificate) -> Any:
        """Return the key; a DSA key may have the parameters of an issuer's (RFC 3279 section 2.3.2), and then the path says which issuer.

        Parameters of anybody else's choice would make any signature good, so the verdict has to rest on the same path.
        """
        trust = self.reading.trust
        if trust is None or not certificate.has_inherited_parameters:
            return certificate.public_key
        path = self._path_at(certificate, trust, self.reading.at).path
        key = certificate.completed_key(path)
        self.inherited = tuple(above.der for above in path), int(key.key_size)
        return key

    def _whole(self, content: SignedContent, form: str) -> bytes:
        """Return the content for a scheme that signs it undigested."""
        algorithm, maximum = self.info.signature_algorithm.name, self.reading.limits.structure_size
        if content.length > maximum:
            raise _ContentNeededError("content-too-long", algorithm=algorithm, length=content.length, maximum=maximum)
        if not content.readable:
            raise _ContentNeededError("content-not-kept", algorithm=algorithm)
        return content.whole(form, maximum)

    def _bound_to(self, certificate: Certificate) -> bool:
        """Look at signingCertificate and signingCertificateV2 (RFC 5035 section 2): the first ESSCertID must be the certificate's."""
        for oid, name, parse in _SIGNING_CERTIFICATES:
            values = self.values.get(oid, ())
            if not values:
                continue
            try:
                first = parse(values[0]).certificates[0]
            except ParseError:
                self.note("attribute-malformed", attribute=name)
                continue
            try:
                digest = digests.name_of(first.digest_algorithm)
            except UnsupportedError as error:
                # whose signature it is was said in a way that cannot be looked at: that is neither right nor wrong
                self.unchecked.append(Unchecked(name, str(error)))
                self.note("unsupported", what=f"{name} with the digest {first.digest_algorithm.name}")
                continue
            if certificate.digest(digest) != first.certificate_hash:
                return False
            named = first.issuer_and_serial
            if named is not None and not (named.serial == certificate.serial and certificate.issued_by_name(named.issuer_raw)):
                return False
        return True

    # -- step 6: the key (RFC 8551 section 4, RFC 8550 section 4.4) --

    def _key(self, certificate: Certificate) -> None:
        bits = certificate.rsa_bits if self.inherited is None else self.inherited[1]
        if bits is None:
            return
        level = self.reading.policy.algorithms.rsa_level(bits)
        if level is Level.FORBIDDEN:
            self.note("short-key-forbidden", subject=certificate.summary.subject, bits=bits)
        elif level is Level.LEGACY:
            self.note("short-key", subject=certificate.summary.subject, bits=bits)

    # -- step 7: path, time, usage, revocation (RFC 8550, RFC 5280) --

    def _path(self, certificate: Certificate) -> PathVerdict | None:
        trust = self.reading.trust
        if trust is None:
            self.note("path-unchecked")
            self.unchecked.append(Unchecked("path", "no trust anchors were given"))
            return None
        # the network is asked, if at all, about who signed what is here, and about nobody else (row SF of the attack table)
        proven = self.signature_valid is True and self.digest_matches is True
        path = self._path_at(certificate, trust, self.reading.at, fetch=proven)
        if not path.trusted and self.timestamps and {f.code for f in path.findings if f.effect is not Effect.NONE} <= {"expired"}:
            # a time that somebody trusted vouches for, and nothing less, makes up for an expired certificate (RFC 8550 section 6)
            for time in sorted(stamp.time for stamp in self.timestamps if stamp.trusted and stamp.time is not None):
                then = self._path_at(certificate, trust, time, fetch=proven)
                if then.trusted and time <= self.reading.at:
                    self.note("valid-at-timestamp", time=time.isoformat())
                    path = then
                    break
        self.findings += path.findings
        self.unchecked += path.unchecked
        self._restricted(path)
        if self.inherited is not None and tuple(above.der for above in path.path) != self.inherited[0]:
            self.note("malformed-certificate", reason="its key inherits parameters, and the path is another one than they are from")
        return path

    def _restricted(self, path: PathVerdict) -> None:
        """Look whether the path is of authorities that the signer named: further ESSCertIDs are all that may be used (RFC 5035 section 4).

        The anchor need not be named: it is trusted whatever certificate it comes in.
        """
        for oid, name, parse in _SIGNING_CERTIFICATES:
            values = self.values.get(oid, ())
            try:
                further = parse(values[0]).certificates[1:] if values else ()
            except ParseError:
                continue  # that was said when the certificate was looked for
            unknown = [one.digest_algorithm.name for one in further if not digests.supported(one.digest_algorithm.name)]
            if unknown:
                self.unchecked.append(Unchecked(name, f"unknown digest {unknown[0]}"))
            elif further:
                named = {(one.digest_algorithm.name, one.certificate_hash) for one in further}
                for above in path.path[1:-1]:
                    if all(above.digest(digest) != value for digest, value in named):
                        self.note("signing-certificate-path", subject=above.subject)

    def _path_at(self, certificate: Certificate, trust: TrustStore, at: datetime, *, fetch: bool = False) -> PathVerdict:
        return path_at(certificate, trust, self.tail, at, self.reading.policy, fetch=fetch)

    def _timestamps(self) -> tuple[TimestampReport, ...]:
        unsigned = self.info.unsigned_attrs
        if unsigned is None or self.content_type == TST_INFO or not unsigned.get(attrs.TIME_STAMP_TOKEN):
            return ()  # a timestamp over a timestamp is for archives of evidence (RFC 5126), which this is not
        from smime.operations.signed.timestamps import timestamp_reports  # noqa: PLC0415 - it needs this module

        reports = timestamp_reports(self.reading, self.info)
        self.findings += [found for report in reports for found in report.findings]
        return reports

    def _standing(self, certificate: Certificate, path: PathVerdict, signing_time: datetime | None) -> tuple[Standing, ...]:
        """Say how the certificate stands at each time that somebody may ask for; facts that decide nothing."""
        reading, trust = self.reading, self.reading.trust
        assert trust is not None  # noqa: S101 - there is a path
        times = [("at", reading.at)]
        if reading.now is not None:
            times.append(("now", reading.now))
        if signing_time is not None:
            times.append(("claimed", signing_time))
        times += [("timestamp", stamp.time) for stamp in self.timestamps if stamp.trusted and stamp.time is not None]
        found = []
        for basis, time in times:
            same = path.valid_from <= time <= path.valid_until
            then = path if same else self._path_at(certificate, trust, time)
            codes = tuple([f.code for f in then.findings if f.effect is not Effect.NONE]) if then.findings else ()
            found.append(Standing(basis, time, then.trusted, codes))
        return tuple(found)

    # -- step 8: the sender's address (RFC 8550 section 3) --

    def _address(self, certificate: Certificate) -> bool | None:
        if not self.reading.policy.check_sender:
            self.note("sender-unchecked")
            self.unchecked.append(Unchecked("address", "the policy does not ask for it"))
            return None
        sender: Sender | None = self.reading.sender
        if sender is None:
            if self.reading.bare:
                self.note("no-sender-named")
                self.unchecked.append(Unchecked("address", "a bare CMS object names no sender, and none was given"))
                return None
            sender = Sender()
        if not sender.given:
            matches, findings = match_sender(sender.from_fields, sender.sender_fields, certificate)
        else:  # the caller named those who may have sent it: one of them is enough
            for address in sender.from_fields:
                matches, findings = match_sender((address,), (), certificate)
                if matches:
                    break
        self.findings += findings
        for name in sender.repeated:
            self.note("repeated-field", field=name)
        return False if sender.repeated else matches

    # -- step 9: what the signer claims --

    def _signing_time(self, certificate: Certificate | None) -> datetime | None:
        values = self.values.get(attrs.SIGNING_TIME, ())
        if len(values) != 1:
            return None
        try:
            time = attrs.parse_signing_time(values[0])
        except ParseError:
            self.note("attribute-malformed", attribute="signingTime")
            return None
        if time > self.reading.at:
            self.note("signing-time-future", time=time.isoformat(), at=self.reading.at.isoformat())
        elif certificate is not None and not certificate.not_before <= time <= certificate.not_after:
            self.note("signing-time-outside-certificate", time=time.isoformat())
        return time

    def _capabilities(self) -> tuple[tuple[str, bytes | None], ...]:
        values = self.values.get(attrs.SMIME_CAPABILITIES, ())
        if len(values) != 1:
            return ()
        try:
            return _parse_capabilities(values[0])
        except ParseError:
            self.note("attribute-malformed", attribute="smimeCapabilities")
            return ()

    # -- countersignatures (RFC 5652 section 11.4) --

    def _countersigners(self) -> tuple[SignerReport, ...]:
        unsigned = self.info.unsigned_attrs
        if unsigned is None or not unsigned.get(attrs.COUNTERSIGNATURE):
            return ()
        return countersigner_reports(self)


_SINGLE = (
    (attrs.CONTENT_TYPE, "contentType"),
    (attrs.MESSAGE_DIGEST, "messageDigest"),
    (attrs.SIGNING_TIME, "signingTime"),
    (attrs.SMIME_CAPABILITIES, "smimeCapabilities"),
    (attrs.ENCRYPTION_KEY_PREFERENCE, "encryptionKeyPreference"),
    (attrs.CMS_ALGORITHM_PROTECTION, "CMSAlgorithmProtection"),
    (ess.SIGNING_CERTIFICATE_V2, "signingCertificateV2"),
    (ess.SIGNING_CERTIFICATE, "signingCertificate"),
)
_SIGNED_ONLY = _SINGLE
_SIGNING_CERTIFICATES = (
    (ess.SIGNING_CERTIFICATE_V2, "signingCertificateV2", _remembering(ess.parse_signing_certificate_v2)),
    (ess.SIGNING_CERTIFICATE, "signingCertificate", _remembering(ess.parse_signing_certificate)),
)


def _same_algorithm(stated: AlgorithmIdentifier, used: AlgorithmIdentifier) -> bool:
    """Compare by octets, and NULL like absent where both are customary (RFC 6211 section 3 leaves it open)."""
    return stated == used or (stated.oid == used.oid and stated.parameters_absent_or_null and used.parameters_absent_or_null)


def _looks_like_attributes(octets: bytes) -> bool:
    """Tell whether content is what another signature's attributes would be (row SA of the attack table)."""
    try:
        found = attribute_set.Attributes(octets)
    except SMIMEError:
        return False
    return bool(found.get(attrs.CONTENT_TYPE) and found.get(attrs.MESSAGE_DIGEST))


def countersigner_reports(signer: _Signer) -> tuple[SignerReport, ...]:
    """Evaluate the countersignatures of a signer: each is a SignerInfo whose content is the parent's signature value."""
    unsigned = signer.info.unsigned_attrs
    assert unsigned is not None  # noqa: S101 - the caller looked
    reports = []
    left = signer.countersigners_left
    for value in unsigned.values(attrs.COUNTERSIGNATURE):
        if not left[0]:
            signer.note("countersignature-malformed", reason=f"there are more than signers={signer.reading.limits.signers} allows")
            break
        left[0] -= 1
        try:
            info = SignerInfo.from_raw(value, limits=signer.reading.limits)
        except SMIMEError as error:
            signer.note("countersignature-malformed", reason=str(error))
            continue
        content = SignedContent([info.digest_algorithm.name], text=False, reread=lambda: iter((signer.info.signature,)))
        content.update(signer.info.signature)
        listed = frozenset((info.digest_algorithm.name,))
        counter = _Countersigner(signer.reading, info, content, DATA, signer.certificates, signer.tail, listed)
        counter.countersigners_left = left
        told = counter.report()
        reports.append(told)
        # faults in its attributes leave it unchecked; what is wrong with its certificate is said of the countersigner alone
        unfit = told.signature_valid is None and told.verdict is Verdict.INVALID
        if unfit or told.signature_valid is False or told.digest_matches is False:
            signer.note("countersignature-invalid")
    return tuple(reports)


class _Countersigner(_Signer):
    """A countersignature has no contentType attribute (RFC 5652 section 11.4), and its author is not the sender."""

    def _content_type(self) -> None:
        if attrs.CONTENT_TYPE in self.values:
            self.note("attribute-misplaced", attribute="contentType")

    def _without_attributes(self) -> bool:
        return True

    def _address(self, certificate: Certificate) -> bool | None:  # noqa: ARG002 - the same call as for a signer
        self.unchecked.append(Unchecked("address", "a countersigner is not the sender"))
        return None
