"""RFC 5280 path validation and revocation checking by pyhanko-certvalidator.

Paths are built by `smime.pki.path.search`, within a budget and with their signatures verified; each is then validated by the algorithm of
RFC 5280 section 6.1. Revocation is looked up certificate by certificate from the anchor down (section 6.3), so that what is known and
what is not can be told apart. Its functions are coroutines only because they may fetch; nothing is fetched here, so they never wait.

Two of its habits are changed. It remembers validated certificates and issuers of revocation lists by the value of a signature, which
anybody may copy into another certificate; here they are remembered as objects. And its signatures are verified by `smime.crypto`.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import (
    CRLNoMatchesError,
    CRLValidationError,
    CRLValidationIndeterminateError,
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    OCSPNoMatchesError,
    OCSPValidationError,
    OCSPValidationIndeterminateError,
    PathValidationError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.name_trees import default_excluded_subtrees, default_permitted_subtrees, process_general_subtrees
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    AlgorithmUsageConstraint,
    AlgorithmUsagePolicy,
    CertRevTrustPolicy,
    PKIXValidationParams,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager, TrustManager
from pyhanko_certvalidator.revinfo.archival import process_legacy_crl_input, process_legacy_ocsp_input
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response
from pyhanko_certvalidator.sig_validate import SignatureValidator
from pyhanko_certvalidator.util import ConsList
from pyhanko_certvalidator.validate import async_validate_path

from smime.algorithms import Level, name_of
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import keys, signatures
from smime.crypto.faults import InvalidSignature as NotVerified
from smime.crypto.faults import KeyUnsuitable
from smime.errors import SMIMEError
from smime.findings import Finding, finding
from smime.pki.path import constraints
from smime.pki.path.asn1_objects import CertificateObject, ListObject, Name
from smime.pki.path.usage import POLICIES, count_policies
from smime.pki.verdict import Outcome
from smime.report import Revocation, Unchecked
from smime.x509.certificate import Certificate
from smime.x509.issued import is_signed_by

if TYPE_CHECKING:
    from smime.pki.case import Case
    from smime.pki.revocation.lists import RevocationList
    from smime.pki.revocation.status import RevocationInformation
    from smime.policy import Policy

__all__ = ["check"]

_NO_TOLERANCE = timedelta(0)
_OCSP_SIGNING = bytes.fromhex("06082b06010505070309")
_ISSUERS = 16  # certificates beside the path's among which issuers of revocation information are looked for
_NO_ANSWER = (
    CRLNoMatchesError,
    CRLValidationError,
    CRLValidationIndeterminateError,
    OCSPNoMatchesError,
    OCSPValidationError,
    OCSPValidationIndeterminateError,
    ValidationError,
    ValueError,
    NotImplementedError,
)
_SOFT = RevocationCheckingPolicy(RevocationCheckingRule.CHECK_IF_DECLARED_SOFT, RevocationCheckingRule.CHECK_IF_DECLARED_SOFT)


logging.getLogger("pyhanko_certvalidator").addHandler(logging.NullHandler())  # what it has to say is in the findings


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, with or without an event loop around."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError("a coroutine of pyhanko-certvalidator waits, though nothing may be fetched")


class _Algorithms(AlgorithmUsagePolicy):
    """The policy's algorithm profile."""

    def __init__(self, policy: Policy) -> None:
        self._profile = policy.algorithms
        self._known: dict[bytes, str | None] = {}

    def digest_algorithm_allowed(self, algo: Any, moment: Any) -> Any:  # noqa: ARG002 - the interface
        return AlgorithmUsageConstraint(allowed=True)

    def signature_algorithm_allowed(self, algo: Any, moment: Any, public_key: Any) -> Any:  # noqa: ARG002 - the interface
        return AlgorithmUsageConstraint(allowed=not self.forbidden(AlgorithmIdentifier.from_raw(algo.dump())))

    def forbidden(self, algorithm: AlgorithmIdentifier) -> str | None:
        """Return the name of what the profile forbids in a signature algorithm, or None."""
        if algorithm.raw not in self._known:
            self._known[algorithm.raw] = self._forbidden(algorithm)
        return self._known[algorithm.raw]

    def _forbidden(self, algorithm: AlgorithmIdentifier) -> str | None:
        try:
            digest = signatures.digest_of(algorithm)
        except (SMIMEError, NotVerified):
            digest = None
        for name in (name_of(algorithm.oid), digest):
            if name is not None and self._profile.level(name) is Level.FORBIDDEN:
                return name
        return None


class _Signatures(SignatureValidator):
    """Verifies signatures on certificates, revocation lists and OCSP responses with `smime.crypto`, within the policy."""

    def __init__(self, policy: Policy, algorithms: _Algorithms, path: Sequence[Certificate]) -> None:
        self._limits = policy.limits
        self._algorithms = algorithms
        self._inherited: dict[bytes, bytes] = {}
        # what the search has verified: who made the signature on these octets
        self._verified = {
            (certificate.tbs, certificate.signature, issuer.spki)
            for certificate, issuer in pairwise(path)
            if is_signed_by(certificate, issuer) is True
        }

    def inherit(self, certificates: Sequence[Any]) -> None:
        """Complete the DSA keys of a path, anchor first, that have no parameters with those of their issuers (RFC 3279 section 2.3.2)."""
        above = None
        for certificate in certificates:
            key = certificate.public_key
            if key.algorithm != "dsa":
                above = None
            elif key["algorithm"]["parameters"].native is not None:
                above = key["algorithm"]["parameters"]
            elif above is not None:
                complete = key.copy()
                complete["algorithm"]["parameters"] = above.copy()
                self._inherited[key.dump()] = complete.dump()

    def validate_signature(
        self,
        signature: Any,
        signed_data: Any,
        public_key_info: Any,
        signature_algorithm: Any,
        context: Any = None,  # noqa: ARG002
    ) -> None:
        try:
            algorithm = AlgorithmIdentifier.from_raw(signature_algorithm.dump())
            if self._algorithms.forbidden(algorithm) is not None:
                raise InvalidSignature("the policy forbids the algorithm")
            octets = public_key_info.dump()
            if (signed_data, signature, octets) in self._verified:
                return
            key_algorithm = AlgorithmIdentifier.from_raw(public_key_info["algorithm"].dump())
            key = keys.load_der_public_key(self._inherited.get(octets, octets), limits=self._limits)
            digest = signatures.digest_of(algorithm) or "sha512"
            signatures.verify(key, algorithm, digest, signature, signed_data, key_algorithm=key_algorithm)
        except (NotVerified, KeyUnsuitable, SMIMEError) as error:
            raise InvalidSignature(str(error)) from None


class _Context(ValidationContext):
    """Remembers validated certificates as objects rather than by their signature value."""

    def __init__(self, **options: Any) -> None:
        self._validated: dict[int, tuple[Any, Any]] = {}
        super().__init__(**options)

    def record_validation(self, cert: Any, path: Any) -> None:
        self._validated[id(cert)] = (path, cert)  # the object is kept, so that its id stays its own

    def check_validation(self, cert: Any) -> Any:
        return self._validated.get(id(cert), (None, None))[0]

    def clear_validation(self, cert: Any) -> None:
        self._validated.pop(id(cert), None)


class _Revocations(RevinfoManager):
    """Remembers issuers of revocation lists by the lists as objects rather than by their signature value."""

    def __init__(self, registry: CertificateRegistry, lists: Sequence[Any], ocsps: Sequence[Any]) -> None:
        self._issuers: dict[int, tuple[Any, Any]] = {}
        super().__init__(registry, POEManager(), lists, ocsps)

    def check_asserted_unrevoked(self, cert: Any, at: datetime) -> bool:  # noqa: ARG002 - the interface
        return False  # nobody asserts anything, and to look for it takes a digest

    def record_crl_issuer(self, certificate_list: Any, cert: Any) -> None:
        self._issuers[id(certificate_list)] = (cert, certificate_list)

    def check_crl_issuer(self, certificate_list: Any) -> Any:
        return self._issuers.get(id(certificate_list), (None, None))[0]


class _Anchor(SimpleTrustManager):
    """Trusts the one anchor of the path that is looked at."""

    def __init__(self, anchor: CertTrustAnchor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # it has no annotations
        self._register_root(anchor)


def _qualifiers(anchor: Any) -> TrustQualifiers:
    """Return what an anchor's own certificate says of paths below it: RFC 5937 lets a verifier honour that, and most do."""
    permitted = excluded = None
    constraints = anchor.name_constraints_value
    if constraints is not None:
        if isinstance(constraints["permitted_subtrees"], asn1_x509.GeneralSubtrees):
            permitted = default_permitted_subtrees() | process_general_subtrees(constraints["permitted_subtrees"])
        if isinstance(constraints["excluded_subtrees"], asn1_x509.GeneralSubtrees):
            excluded = default_excluded_subtrees() | process_general_subtrees(constraints["excluded_subtrees"])
    parameters = None
    if permitted or excluded:
        parameters = PKIXValidationParams(initial_permitted_subtrees=permitted, initial_excluded_subtrees=excluded)
    length = anchor.max_path_length
    return TrustQualifiers(standard_parameters=parameters, max_path_length=length, max_aa_path_length=length)


def _parameters(policy: Policy) -> PKIXValidationParams:
    """Return the inputs of RFC 5280 section 6.1.1 (c), (e), (f), (g)."""
    acceptable = policy.acceptable_policies
    if acceptable is None or "2.5.29.32.0" in acceptable:
        acceptable = frozenset({"any_policy"})
    return PKIXValidationParams(
        user_initial_policy_set=frozenset(acceptable),
        initial_policy_mapping_inhibit=policy.inhibit_policy_mapping,
        initial_explicit_policy=policy.explicit_policy,
        initial_any_policy_inhibit=policy.inhibit_any_policy,
    )


def check(path: tuple[Certificate, ...], case: Case, information: RevocationInformation, *, validated: bool = False) -> Outcome:
    """Validate one path, from the signer's certificate to the anchor, both included.

    Args:
        path: the path.
        case: what its validity depends on, but …
        information: … the revocation information about it.
        validated: it is known to be valid but for revocation.
    """
    if len(path) == 1:
        return Outcome(path, (), Revocation.NOT_CHECKED, (Unchecked("revocation", "the certificate is itself an anchor"),))
    if not validated and count_policies(path, POLICIES) > POLICIES:
        return Outcome(path, (finding("path-too-complex"),), *information.without(case.policy)[2:])
    try:
        return _Checker(path, case, information).outcome(validated=validated)
    except Exception as error:  # noqa: BLE001 - a parser below may raise anything on hostile input, and no input may make it escape
        return Outcome(path, (finding("path-invalid", reason=f"it cannot be evaluated: {type(error).__name__}: {str(error)[:200]}"),))


class _Checker:
    """The checks of one path."""

    def __init__(self, path: tuple[Certificate, ...], case: Case, information: RevocationInformation) -> None:
        self.path = path
        self.case = case
        self.at = case.at
        self.policy = case.policy
        self.information = information
        self.lists = self.information.dear(path, case)
        self.algorithms = _Algorithms(case.policy)
        self.signatures = _Signatures(case.policy, self.algorithms, path)
        names_are_met = constraints.judge_names(path, case.policy.limits.name_constraint_checks) is True
        # an object for each certificate, made anew: those of asn1crypto change, octets and all, as they are looked at
        self._objects: dict[Certificate, Any] = {}
        self._names: dict[bytes, Name] = {}
        self.certificates = [self._object(certificate, names_are_met=names_are_met) for certificate in reversed(path)]  # anchor first
        if any(certificate.has_inherited_parameters for certificate in path):
            self.signatures.inherit(self.certificates)
        self.anchor = CertTrustAnchor(self.certificates[0], _qualifiers(self.certificates[0]))
        self.trust: TrustManager | None = None
        self.wanted: list[bytes] | None = []
        self.validation_path = ValidationPath(self.anchor, self.certificates[1:-1], self.certificates[-1])

    def _object(self, certificate: Certificate, *, names_are_met: bool = False) -> Any:
        known = self._objects.get(certificate)
        if known is None:
            known = self._objects[certificate] = CertificateObject.of(certificate, self._names, names_are_met=names_are_met)
        return known

    def outcome(self, *, validated: bool) -> Outcome:
        """Validate, then look up revocation."""
        problem = None if validated else self._validate()
        if problem is not None and problem.code != "expired":
            return Outcome(self.path, (problem,), *self.information.without(self.policy)[2:])
        known = self.information.plain_outcome(self.path, self.case) or self._revocation() if self.information else None
        if problem is not None:
            if known is not None and known.revocation is Revocation.REVOKED:
                return known._replace(findings=(problem, *known.findings))  # what expired later was revoked for all that
            return Outcome(self.path, (problem,), *self.information.without(self.policy)[2:])
        return known if known is not None else self.information.without(self.policy)._replace(path=self.path)

    def _context(
        self,
        rules: RevocationCheckingPolicy,
        registry: CertificateRegistry,
        manager: RevinfoManager,
        moment: datetime | None = None,
        *,
        trust: TrustManager | None = None,
    ) -> _Context:
        return _Context(
            moment=moment or self.at,
            revinfo_policy=CertRevTrustPolicy(rules),
            time_tolerance=_NO_TOLERANCE,
            certificate_registry=registry,
            trust_manager=trust or self.trust,
            revinfo_manager=manager,
            algorithm_usage_policy=self.algorithms,
            signature_validator=self.signatures,
        )

    # -- RFC 5280 section 6.1 --

    def _validate(self) -> Finding | None:
        registry = CertificateRegistry()  # nothing is looked for there, nor anywhere else
        context = self._context(NO_REVOCATION, registry, _Revocations(registry, (), ()), trust=TrustManager())
        try:
            _run(async_validate_path(context, self.validation_path, parameters=_parameters(self.policy)))
        except (ValidationError, NotImplementedError) as error:
            return self._explain(error)
        return None

    def _explain(self, error: Exception) -> Finding:
        message = str(error).removeprefix("The path could not be validated because ").rstrip(".")
        if isinstance(error, PathValidationError):
            subject = self._subject(self._failing(error))
            if isinstance(error, RevokedError):
                return self._revoked(self._failing(error), error)
            if isinstance(error, ExpiredError):
                return finding("expired", subject=subject, not_after=error.expired_dt.isoformat(), at=self.at.isoformat())
            if isinstance(error, NotYetValidError):
                return finding("not-yet-valid", subject=subject, not_before=error.valid_from.isoformat(), at=self.at.isoformat())
            if isinstance(error, DisallowedAlgorithmError):
                return finding("certificate-algorithm-forbidden", subject=subject, algorithm=self._algorithm(error))
            if "valid set of policies" in message:
                return finding("policy-not-acceptable", subject=subject)
            if "size limit on the policy graph" in message:
                return finding("path-too-complex")
        if isinstance(error, NotImplementedError):
            message = f"a name constraint of a kind that cannot be checked: {message}"
        return finding("path-invalid", reason=message)

    def _failing(self, error: PathValidationError) -> Any:
        """Return the certificate at which validation stopped: how far it got is the count of those it took."""
        text = str(error)
        for index, certificate in enumerate(self.certificates[1:-1], start=1):
            if f"intermediate certificate {index}" in text:
                return certificate
        return self.certificates[-1]

    def _subject(self, certificate: Any) -> str:
        return next((known.subject for known, found in self._objects.items() if found is certificate), "an unknown subject")

    def _algorithm(self, error: PathValidationError) -> str:
        algorithm = AlgorithmIdentifier.from_raw(self._failing(error)["signature_algorithm"].dump())
        return self.algorithms.forbidden(algorithm) or name_of(algorithm.oid)

    # -- RFC 5280 section 6.3 --

    def _revocation(self) -> Outcome:
        self.trust = _Anchor(self.anchor)
        registry = CertificateRegistry()
        self.wanted = self.information.serials
        for certificate in self._pool():
            registry.register(certificate)
            if self.wanted is not None:
                self.wanted.append(certificate["tbs_certificate"]["serial_number"].dump())
        lists = self._list_objects(self.lists)
        ocsps = process_legacy_ocsp_input(self.information.ocsps)
        # what looks at certificates one after the other, and remembers those that are good
        strict = self._revocation_context(REQUIRE_REVINFO, registry, lists, ocsps)
        soft = None if self.policy.revocation == "require" else self._revocation_context(_SOFT, registry, lists, ocsps)
        reasons: list[tuple[str, str]] = []
        for index in range(1, len(self.certificates)):
            certificate = self.certificates[index]
            state = ValProcState(cert_path_stack=ConsList.sing(self.validation_path), init_index=index)
            accused = self._accused(index, registry, state)
            if accused is not None:
                return Outcome(self.path, (accused,), Revocation.REVOKED)
            good, reason, revoked = self._status(certificate, strict, state)
            if revoked is None and not good and soft is not None:
                good, reason, revoked = self._status(certificate, soft, state)
            if revoked is not None:
                return Outcome(self.path, (revoked,), Revocation.REVOKED)
            subject = self.path[len(self.path) - 1 - index].subject
            if good:
                so_far = ValidationPath(self.anchor, self.certificates[1:index], certificate)
                strict.record_validation(certificate, so_far)
                if soft is not None:
                    soft.record_validation(certificate, so_far)
            else:
                reasons.append((subject, reason))
        if not reasons and not self.information.left_out:
            return Outcome(self.path, (), Revocation.GOOD)
        return self.information.unknown(self.path, reasons, self.policy)

    def _accused(self, index: int, registry: CertificateRegistry, state: ValProcState) -> Finding | None:
        """Return the finding if one statement alone, current or not, says that a certificate was revoked by the time looked at.

        Revocation is for good: no newer statement takes it back, and none by OCSP outweighs one by a list. Only a hold can be lifted, and
        is left to what is current.
        """
        certificate = self.certificates[index]
        for alone, begin, end in self.information.accusing(self.path[len(self.path) - 1 - index]):
            moment = self.at if begin <= self.at <= end else begin
            lists, ocsps = self._list_objects(alone.lists), process_legacy_ocsp_input(alone.ocsps)
            context = self._context(_SOFT, registry, _Revocations(registry, lists, ocsps), moment)
            for above in range(index):
                known = ValidationPath(self.anchor, self.certificates[1:above], self.certificates[above] if above else None)
                context.record_validation(self.certificates[above], known)
            try:
                _run((verify_ocsp_response if alone.ocsps else verify_crl)(certificate, self.validation_path, context, proc_state=state))
            except RevokedError as error:
                if error.revocation_dt < self.at and error.reason.native != "certificate_hold":
                    return self._revoked(certificate, error)
            except _NO_ANSWER:
                continue
        return None

    def _revocation_context(
        self, rules: RevocationCheckingPolicy, registry: CertificateRegistry, lists: Sequence[Any], ocsps: Sequence[Any]
    ) -> _Context:
        context = self._context(rules, registry, _Revocations(registry, lists, ocsps))
        context.record_validation(self.certificates[0], ValidationPath(self.anchor, [], None))
        return context

    def _list_objects(self, lists: Sequence[RevocationList]) -> Sequence[Any]:
        return process_legacy_crl_input([ListObject.of(found.der, self.wanted) for found in lists])

    def _pool(self) -> list[Any]:
        """Return the certificates among which issuers of revocation information may be: the path's first, then those named by a list."""
        found = dict.fromkeys(reversed(self.path))
        for revocation_list in self.lists:
            name = revocation_list.issuer_raw
            for index in (self.case.store.anchors, self.case.store.intermediates, self.case.extra):
                found.update(dict.fromkeys((*index.named(name), *index.alike(name))))
        if self.information.ocsps:
            # a responder is an authority of the path, or has a certificate for the purpose (RFC 6960 section 4.2.2.2)
            found.update(dict.fromkeys(self.case.extra.containing(_OCSP_SIGNING, _ISSUERS)))
        return [self._object(certificate) for certificate in list(found)[: len(self.path) + _ISSUERS]]

    def _status(self, certificate: Any, context: _Context, state: ValProcState) -> tuple[bool, str, Finding | None]:
        """Return whether a certificate is known to be good, why not, and the finding if it is revoked."""
        reason = "nothing at hand is about it"
        good = False
        for verify, statements in ((verify_ocsp_response, self.information.ocsps), (verify_crl, self.lists)):
            if not statements:
                continue
            try:
                _run(verify(certificate, self.validation_path, context, proc_state=state))
            except RevokedError as error:
                return False, "", self._revoked(certificate, error)
            except (OCSPNoMatchesError, CRLNoMatchesError):
                continue
            except (CRLValidationIndeterminateError, OCSPValidationIndeterminateError) as error:
                reason = "; ".join(str(failure[0]) for failure in error.failures) or error.msg
            except _NO_ANSWER as error:
                reason = str(error)
            else:
                good = True
        return good, "" if good else reason, None

    def _revoked(self, certificate: Any, error: RevokedError) -> Finding:
        return finding(
            "revoked", subject=self._subject(certificate), date=error.revocation_dt.isoformat(), reason=error.reason.human_friendly
        )
