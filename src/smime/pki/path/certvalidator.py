"""RFC 5280 path validation and revocation checking by pyhanko-certvalidator.

Paths are built by `smime.pki.path.search`, within a budget and with their signatures verified; each is then validated by the algorithm of
RFC 5280 section 6.1. Revocation is looked up certificate by certificate from the anchor down (section 6.3), so that what is known and
what is not can be told apart. Its functions are coroutines only because they may fetch; nothing is fetched here, so they never wait.

Who may sign an OCSP response is settled before (`smime.pki.revocation.responders`). The engine would want proof of a responder's own status
where RFC 6960 wants none, and would not look at what says that a responder was revoked.

Two of its habits are changed. It remembers validated certificates and issuers of revocation lists by the value of a signature, which
anybody may copy into another certificate; here they are remembered as objects. And its signatures are verified by `smime.crypto`.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Coroutine, Sequence
from contextvars import ContextVar
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
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import keys, signatures
from smime.crypto.faults import InvalidSignature as NotVerified
from smime.crypto.faults import KeyUnsuitable
from smime.errors import SMIMEError
from smime.findings import Finding, finding
from smime.pki.path import constraints
from smime.pki.path.asn1_objects import CertificateObject, ListObject, Name
from smime.pki.path.usage import POLICIES, count_policies
from smime.pki.revocation import responders
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
_OCSP_SIGNING = writer.oid(responders.OCSP_SIGNING)
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
_TOO_DEAR = "to find out who signed an OCSP response would take too much work"
_NO_SIGNER = "the certificate that signed an OCSP response is not at hand"
_RESPONDER = 8  # units of work for evaluating what is said of a responder
_SOFT = RevocationCheckingPolicy(RevocationCheckingRule.CHECK_IF_DECLARED_SOFT, RevocationCheckingRule.CHECK_IF_DECLARED_SOFT)


_within: ContextVar[bool] = ContextVar("_within", default=False)


def _is_anothers(record: logging.LogRecord) -> bool:  # noqa: ARG001 - the interface
    return not _within.get()


# what the engine logs about a message is in the findings; what it logs for others who use it is not touched
for _name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "pyhanko_certvalidator"]:
    logging.getLogger(_name).addFilter(_is_anothers)


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

    def remember(self, signed: bytes, signature: bytes, spki: bytes) -> None:
        """Remember that a key made a signature; what the policy says of its algorithm is looked at each time."""
        self._verified.add((signed, signature, spki))

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
    """Remembers issuers of revocation lists by the lists as objects rather than by their signature value.

    Args:
        registry: certificates.
        lists, ocsps: what is at hand.
        settled: the DER of certificates whose own revocation is looked at elsewhere.
    """

    def __init__(self, registry: CertificateRegistry, lists: Sequence[Any], ocsps: Sequence[Any], settled: Container[bytes] = ()) -> None:
        self._issuers: dict[int, tuple[Any, Any]] = {}
        self._settled = settled
        super().__init__(registry, POEManager(), lists, ocsps)

    def check_asserted_unrevoked(self, cert: Any, at: datetime) -> bool:  # noqa: ARG002 - the interface
        return bool(self._settled) and cert.dump() in self._settled

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
    mark = _within.set(True)
    try:
        return _Checker(path, case, information).outcome(validated=validated)
    except Exception as error:  # noqa: BLE001 - a parser below may raise anything on hostile input, and no input may make it escape
        return Outcome(path, (finding("path-invalid", reason=f"it cannot be evaluated: {type(error).__name__}: {str(error)[:200]}"),))
    finally:
        _within.reset(mark)


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
        self.settled: set[bytes] = set()
        self.responses: dict[bytes, bytes] = {}  # those whose signers may speak: as they came, and as they are evaluated
        self.refused: dict[bytes, str] = {}
        self.notes: list[Unchecked] = []

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
        self._authorise(registry)
        ocsps = process_legacy_ocsp_input(list(self.responses.values()))
        # what looks at certificates one after the other, and remembers those that are good
        strict = self._revocation_context(REQUIRE_REVINFO, registry, lists, ocsps)
        soft = None if self.policy.revocation == "require" else self._revocation_context(_SOFT, registry, lists, ocsps)
        reasons: list[tuple[str, str]] = []
        for index in range(1, len(self.certificates)):
            certificate = self.certificates[index]
            state = ValProcState(cert_path_stack=ConsList.sing(self.validation_path), init_index=index)
            subject = self.path[len(self.path) - 1 - index]
            accused = self._accused(subject, self.validation_path, index, registry)
            if accused is not None:
                return Outcome(self.path, (accused,), Revocation.REVOKED)
            good, reason, revoked = self._status(subject, self.validation_path, strict, state)
            if revoked is None and not good and soft is not None:
                good, reason, revoked = self._status(subject, self.validation_path, soft, state)
            if revoked is not None:
                return Outcome(self.path, (revoked,), Revocation.REVOKED)
            if good:
                so_far = ValidationPath(self.anchor, self.certificates[1:index], certificate)
                strict.record_validation(certificate, so_far)
                if soft is not None:
                    soft.record_validation(certificate, so_far)
            else:
                reasons.append((subject.subject, reason))
        if not reasons and not self.information.left_out:
            return Outcome(self.path, (), Revocation.GOOD, tuple(self.notes))
        return self.information.unknown(self.path, reasons, self.policy)

    def _accused(self, subject: Certificate, path: ValidationPath, index: int, registry: CertificateRegistry) -> Finding | None:
        """Return the finding if one statement alone, current or not, says that a certificate was revoked by the time looked at.

        Revocation is for good: no newer statement takes it back, and none by OCSP outweighs one by a list. Only a hold can be lifted, and
        is left to what is current.

        Args:
            subject: the certificate.
            path: from the anchor to it, or further.
            index: its place there, the anchor's being 0.
            registry: certificates among which issuers of revocation lists may be.
        """
        certificate = self._object(subject)
        for alone, begin, end in self.information.accusing(subject):
            spoken = [self.responses[octets] for octets in alone.ocsps if octets in self.responses]
            if not alone.lists and not spoken:
                continue
            moment = self.at if begin <= self.at <= end else begin
            lists, ocsps = self._list_objects(alone.lists), process_legacy_ocsp_input(spoken)
            context = self._context(_SOFT, registry, _Revocations(registry, lists, ocsps, self.settled), moment)
            self._record_above(context, index)
            state = ValProcState(cert_path_stack=ConsList.sing(path), init_index=index)
            try:
                _run((verify_ocsp_response if spoken else verify_crl)(certificate, path, context, proc_state=state))
            except RevokedError as error:
                if error.revocation_dt < self.at and error.reason.native != "certificate_hold":
                    return self._revoked(certificate, error)
            except _NO_ANSWER:
                continue
        return None

    def _record_above(self, context: _Context, index: int) -> None:
        """Tell a context that the authorities of the path above a place are valid."""
        for above in range(index):
            known = ValidationPath(self.anchor, self.certificates[1:above], self.certificates[above] if above else None)
            context.record_validation(self.certificates[above], known)

    # -- who may sign OCSP responses (RFC 6960 section 4.2.2.2) --

    def _authorise(self, registry: CertificateRegistry) -> None:
        """Find out who signed the responses, and put aside those whose signers may not speak."""
        store, path = self.case.store, self.path
        candidates = [
            *path[1:],
            *[one for one in store.intermediates.certificates if _OCSP_SIGNING in one.der][:_ISSUERS],
            *(self.case.extra.containing(_OCSP_SIGNING, _ISSUERS) if self.information.ocsps else ()),
        ]
        self.settled.update(one.der for one in path)  # each is looked at in its turn
        delegated: list[tuple[bytes, responders.Responder]] = []
        for octets in self.information.ocsps:
            response = responders.Response.of(octets)
            found = None if response is None else response.responder(candidates, self.case.budget)
            if found is None:
                self.refused[octets] = _TOO_DEAR if self.case.budget.exhausted else _NO_SIGNER
                continue
            self.signatures.remember(found.signed, found.signature, found.certificate.spki)
            if found.certificate in path[1:]:
                self.responses[octets] = found.response
            else:
                delegated.append((octets, found))
                self.information.responders[found.certificate] = None
        # by authorities alone: a responder does not vouch for itself, nor one for another
        direct = process_legacy_ocsp_input(list(self.responses.values()))
        judged: dict[Certificate, str] = {}
        for octets, found in delegated:
            responder = found.certificate
            if responder not in judged:
                judged[responder] = self._fault_of_responder(responder, registry, direct)
            if judged[responder]:
                self.refused[octets] = f"an OCSP response was signed by {responder.subject}, {judged[responder]}"
            else:
                self.responses[octets] = found.response
                self.settled.add(responder.der)

    def _fault_of_responder(self, responder: Certificate, registry: CertificateRegistry, direct: Sequence[Any]) -> str:
        """Return why a delegated responder may not speak; empty if it may."""
        issuer = responders.issuer_on(self.path, responder)
        if issuer is None:
            return "which no authority of the path has certified"
        if not responders.may_respond(responder):
            return "whose certificate is not for that"
        try:
            plain = self.information.plain_answer(responder, issuer, self.case)
        except Exception:  # noqa: BLE001 - what an entry's extensions may raise; then it has to be read with more care
            plain = False
        index = len(self.path) - self.path.index(issuer)
        path = ValidationPath(self.anchor, self.certificates[1:index], self._object(responder))
        if isinstance(plain, Finding) or self._accused(responder, path, index, registry) is not None:
            return "which is revoked"
        if plain or responders.NO_CHECK in responder.extensions:
            return ""
        if not self.case.budget.spend(_RESPONDER):
            return "and to find out whether that is revoked would take too much work"
        context = self._context(REQUIRE_REVINFO, registry, _Revocations(registry, self._list_objects(self.lists), direct, self.settled))
        self._record_above(context, index)
        state = ValProcState(cert_path_stack=ConsList.sing(path), init_index=index)
        good, reason, revoked = self._status(responder, path, context, state, bool(direct))
        if revoked is not None:
            return "which is revoked"
        if not good:
            if responders.names_method(responder) and self.policy.revocation == "require":
                return f"of which it is not known whether it is revoked: {reason}"
            self.notes.append(Unchecked("revocation", f"{responder.subject}, who signed an OCSP response: {reason}"))
        return ""

    def _revocation_context(
        self, rules: RevocationCheckingPolicy, registry: CertificateRegistry, lists: Sequence[Any], ocsps: Sequence[Any]
    ) -> _Context:
        context = self._context(rules, registry, _Revocations(registry, lists, ocsps, self.settled))
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
        return [self._object(certificate) for certificate in list(found)[: len(self.path) + _ISSUERS]]

    def _status(
        self, subject: Certificate, path: ValidationPath, context: _Context, state: ValProcState, responses: bool | None = None
    ) -> tuple[bool, str, Finding | None]:
        """Return whether a certificate is known to be good, why not, and the finding if it is revoked.

        Args:
            subject: the certificate.
            path: the path that it is on.
            context: what is at hand.
            state: where on the path it is.
            responses: whether there are OCSP responses in the context; None: if there are any that may be looked at.
        """
        certificate = self._object(subject)
        number = writer.integer(subject.serial)
        refused = next((why for octets, why in self.refused.items() if number in octets), "")
        reason = refused or "nothing at hand is about it"
        good = False
        asked = bool(self.responses) if responses is None else responses
        for verify, at_hand in ((verify_ocsp_response, asked), (verify_crl, bool(self.lists))):
            if not at_hand:
                continue
            try:
                _run(verify(certificate, path, context, proc_state=state))
            except RevokedError as error:
                return False, "", self._revoked(certificate, error)
            except (OCSPNoMatchesError, CRLNoMatchesError):
                continue
            except (CRLValidationIndeterminateError, OCSPValidationIndeterminateError) as error:
                reason = refused or "; ".join(str(failure[0]) for failure in error.failures) or error.msg
            except _NO_ANSWER as error:
                reason = refused or str(error)
            else:
                good = True
        return good, "" if good else reason, None

    def _revoked(self, certificate: Any, error: RevokedError) -> Finding:
        return finding(
            "revoked", subject=self._subject(certificate), date=error.revocation_dt.isoformat(), reason=error.reason.human_friendly
        )
