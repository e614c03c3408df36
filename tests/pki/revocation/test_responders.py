"""Who may sign OCSP responses (RFC 6960 section 4.2.2.2), and what else a response or its signer's certificate may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from smime.pki.effort import Budget
from smime.pki.revocation.responders import Response
from smime.pki.throwaway import Authority, Person, ThrowawayPKI
from smime.pki.trust import TrustStore
from smime.pki.verdict import PathVerdict
from smime.policies import RFC8551
from smime.policy import Policy
from smime.report import Revocation
from smime.x509.certificate import Certificate

PKI = ThrowawayPKI(key="p256")
NOW, DAY = PKI.now, timedelta(days=1)
ALICE = PKI.person("Alice", "alice@example.org", "p256")
REQUIRE = RFC8551.replace(revocation="require")
ROOT_LIST = PKI.crl(PKI.root)
NO_CHECK = (x509.OCSPNoCheck(), False)
ASK = (
    x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example.org/"))]
    ),
    False,
)
LISTED = (
    x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example.org/")], None, None, None)]),
    False,
)


def der(thing: Any) -> bytes:
    if isinstance(thing, bytes):
        return thing
    octets: bytes = getattr(thing, "certificate", thing).public_bytes(Encoding.DER)
    return octets


def responder(*extensions: tuple[x509.ExtensionType, bool], pki: ThrowawayPKI = PKI, key: Any = "p256", **settings: Any) -> Person:
    settings = {"eku": (ExtendedKeyUsageOID.OCSP_SIGNING,), "usage": ("digital_signature",), **settings}
    return pki.person("Responder", None, key, extensions=extensions, **settings)


def response(
    by: Person | Authority,
    about: Any = ALICE,
    *,
    issuer: Authority = PKI.intermediate,
    embedded: Iterable[Any] | None = None,
    by_name: bool = True,
    named: Any = None,
    pki: ThrowawayPKI = PKI,
) -> bytes:
    """Return a response that says "good"; by default with the certificate of who signed it."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=getattr(about, "certificate", about),
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=pki.now - timedelta(hours=1),
        next_update=pki.now + DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, (named or by).certificate)
    certificates = [getattr(one, "certificate", one) for one in ([by] if embedded is None else embedded)]
    key = by.private_key
    digest = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None
    return der((builder.certificates(certificates) if certificates else builder).sign(key, digest))


def judge(
    *ocsps: bytes,
    crls: Iterable[Any] = (ROOT_LIST,),
    policy: Policy = REQUIRE,
    extra: Iterable[Any] = (),
    intermediates: Iterable[Any] = (),
    pki: ThrowawayPKI = PKI,
    who: Person = ALICE,
    trust: TrustStore | None = None,
    at: Any = None,
) -> PathVerdict:
    store = trust or TrustStore(pki.anchors, list(map(der, intermediates)))
    return store.validate(
        Certificate.of(der(who)),
        extra=(der(who), der(pki.intermediate), *map(der, extra)),
        crls=tuple(map(der, crls)),
        ocsps=ocsps,
        at=at or pki.now,
        policy=policy,
    )


def old_list(*revoked: Any) -> Any:
    """Return a list that has expired: what it revokes stays revoked, and it clears nobody."""
    return PKI.crl(revoked=revoked, this_update=NOW - 30 * DAY, next_update=NOW - 20 * DAY, date=NOW - 35 * DAY)


PLAIN, NOCHECK = responder(), responder(NO_CHECK)
ASKED, ON_LISTS = responder(ASK), responder(LISTED)
OTHER_OF_THE_NAME = responder(NO_CHECK)
RENEWED = PKI.authority("Throwaway Issuing CA", issuer=PKI.root, key=PKI.intermediate.private_key)
OF_ROOT = responder(NO_CHECK, issuer=PKI.root)

GOOD: dict[str, Callable[[], PathVerdict]] = {
    "with nocheck": lambda: judge(response(NOCHECK)),
    "by key": lambda: judge(response(NOCHECK, by_name=False)),
    "that says nothing of its own revocation": lambda: judge(response(PLAIN)),
    "with nothing in its key usage but nonRepudiation": lambda: judge(response(responder(NO_CHECK, usage=("content_commitment",)))),
    "without a key usage": lambda: judge(response(responder(NO_CHECK, usage=None))),
    "whose own status its issuer vouches for": lambda: judge(response(ASKED), PKI.ocsp(ASKED)),
    "the same, in the other order": lambda: judge(PKI.ocsp(ASKED), response(ASKED)),
    "cleared by a list": lambda: judge(response(ON_LISTS), crls=(ROOT_LIST, PKI.crl())),
    "under an intermediate cleared by OCSP": lambda: judge(response(PLAIN), response(OF_ROOT, PKI.intermediate, issuer=PKI.root), crls=()),
    "of the root, about the intermediate": lambda: judge(
        response(NOCHECK), response(responder(issuer=PKI.root), PKI.intermediate, issuer=PKI.root), crls=()
    ),
    "whose certificate is in the message": lambda: judge(response(NOCHECK, embedded=()), extra=(NOCHECK,)),
    "whose certificate is in the store": lambda: judge(response(NOCHECK, embedded=()), intermediates=(NOCHECK,)),
    "beside another certificate of its name": lambda: judge(response(NOCHECK, embedded=(OTHER_OF_THE_NAME, NOCHECK))),
    "that is the authority, beside another certificate of its key": lambda: judge(
        response(PKI.intermediate, embedded=(RENEWED,), by_name=False)
    ),
    "that is the authority, with its own certificate": lambda: judge(response(PKI.intermediate)),
    "that is the authority, without a certificate": lambda: judge(response(PKI.intermediate, embedded=())),
}


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD.keys())
def test_a_responder_that_may_speak(case: Callable[[], PathVerdict]) -> None:
    verdict = case()
    assert verdict.trusted, verdict.findings
    assert verdict.revocation is Revocation.GOOD


BAD: dict[str, Callable[[Policy], PathVerdict]] = {
    "for mail": lambda policy: judge(response(responder(NO_CHECK, eku=(ExtendedKeyUsageOID.EMAIL_PROTECTION,))), policy=policy),
    "for anything": lambda policy: judge(response(responder(NO_CHECK, eku=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))), policy=policy),
    "for nothing in particular": lambda policy: judge(response(responder(NO_CHECK, eku=None)), policy=policy),
    "whose key may not sign": lambda policy: judge(response(responder(NO_CHECK, usage=("key_agreement",))), policy=policy),
    "of another authority of the path": lambda policy: judge(response(OF_ROOT), policy=policy),
    "of a stranger": lambda policy: judge(
        response(responder(NO_CHECK, pki=ThrowawayPKI(key="p384"))), policy=policy
    ),  # same names, other keys
    "that certified itself": lambda policy: judge(response(responder(NO_CHECK, self_signed=True)), policy=policy),
    "certified by a responder": lambda policy: judge(
        response(responder(NO_CHECK, issuer=Authority(NOCHECK.certificate, NOCHECK.private_key, PKI.intermediate))), policy=policy
    ),
    "that has expired": lambda policy: judge(
        response(responder(NO_CHECK, not_before=NOW - 20 * DAY, not_after=NOW - 2 * DAY)), policy=policy
    ),
    "that is yet to come": lambda policy: judge(response(responder(NO_CHECK, not_before=NOW + DAY)), policy=policy),
    "revoked by a list that has expired": lambda policy: judge(response(PLAIN), crls=(ROOT_LIST, old_list(PLAIN)), policy=policy),
    "with nocheck, revoked for all that": lambda policy: judge(response(NOCHECK), crls=(ROOT_LIST, old_list(NOCHECK)), policy=policy),
    "revoked by OCSP": lambda policy: judge(response(ASKED), PKI.ocsp(ASKED, revoked=NOW - 3 * DAY), policy=policy),
    "with nocheck, revoked by OCSP": lambda policy: judge(response(NOCHECK), PKI.ocsp(NOCHECK, revoked=NOW - 3 * DAY), policy=policy),
    "revoked by OCSP that has expired": lambda policy: judge(
        response(PLAIN),
        PKI.ocsp(PLAIN, revoked=NOW - 30 * DAY, this_update=NOW - 20 * DAY, next_update=NOW - 19 * DAY),
        policy=policy,
    ),
    "that is somebody else's": lambda policy: judge(response(OTHER_OF_THE_NAME, embedded=(NOCHECK,)), policy=policy),
    "nobody knows": lambda policy: judge(response(NOCHECK, embedded=()), policy=policy),
}


@pytest.mark.parametrize("policy", [REQUIRE, RFC8551], ids=["require", "if-available"])
@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_a_responder_that_may_not_speak(case: Callable[[Policy], PathVerdict], policy: Policy) -> None:
    verdict = case(policy)
    assert verdict.revocation is Revocation.UNKNOWN
    assert verdict.trusted is (policy is RFC8551)


@pytest.mark.parametrize("others", [(), (response(ASKED, ASKED),), (response(NOCHECK, ASKED),)], ids=["nothing", "itself", "another"])
@pytest.mark.parametrize("who", [ASKED, responder(ASK, LISTED), ON_LISTS], ids=["OCSP", "both", "lists"])
def test_a_responder_of_which_one_has_to_ask(who: Person, others: tuple[bytes, ...]) -> None:
    """It does not vouch for itself, and no other responder vouches for it: else two whose keys were stolen cleared each other."""
    verdict = judge(response(who), *others)
    assert verdict.revocation is Revocation.UNKNOWN
    assert not verdict.trusted
    assert "of which it is not known whether it is revoked" in verdict.findings[0].message
    verdict = judge(response(who), *others, policy=RFC8551)
    assert verdict.revocation is Revocation.GOOD
    assert "who signed an OCSP response" in verdict.unchecked[0].why


def test_what_is_not_asked_is_said() -> None:
    assert judge(response(NOCHECK)).unchecked == ()
    (left,) = judge(response(PLAIN)).unchecked
    assert left.what == "revocation"
    assert left.why.startswith("CN=Responder,O=Throwaway, who signed an OCSP response")


@pytest.mark.parametrize("key", ["rsa2048", "p384", "p521", "ed25519", "ed448", "mldsa44"])
def test_keys(key: str) -> None:
    pki = ThrowawayPKI(key=key)
    alice = pki.person("Alice", "alice@example.org", "p256")
    for extensions in ((), (NO_CHECK,)):
        who = responder(*extensions, pki=pki, key=key)
        octets = response(who, alice, issuer=pki.intermediate, pki=pki)
        verdict = judge(octets, crls=(pki.crl(pki.root),), pki=pki, who=alice)
        assert verdict.trusted, verdict.findings


def test_a_remembered_verdict_ends_with_the_responder() -> None:
    """At another time the responder has expired, or was not yet revoked."""
    short = responder(NO_CHECK, not_after=NOW + timedelta(hours=2))
    trust = TrustStore(PKI.anchors)
    assert judge(response(short), trust=trust).valid_until <= NOW + timedelta(hours=2)
    assert judge(response(short), trust=trust, at=NOW + timedelta(hours=3)).revocation is Revocation.UNKNOWN
    revoked = PKI.crl(revoked=[PLAIN], this_update=NOW - DAY, next_update=NOW - timedelta(minutes=50), date=NOW - timedelta(minutes=30))
    trust = TrustStore(PKI.anchors)
    before = NOW - timedelta(minutes=40)
    assert judge(response(PLAIN), crls=(ROOT_LIST, revoked), trust=trust, at=before).revocation is Revocation.GOOD
    assert judge(response(PLAIN), crls=(ROOT_LIST, revoked), trust=trust).revocation is Revocation.UNKNOWN


def test_looking_for_the_signer_is_paid_for() -> None:
    """Forty certificates with the name of the responder, each with a dear key: four are tried, as long as there is somewhat left."""
    fakes = [responder(NO_CHECK, key="p521") for _ in range(6)]
    octets = response(NOCHECK, embedded=[*fakes, NOCHECK])
    found = Response.of(octets)
    assert found is not None
    budget = Budget(1_000)
    assert found.responder((), budget) is None
    assert budget.left == 1_000 - 4 * 27
    budget = Budget(50)
    assert found.responder((), budget) is None
    assert budget.exhausted
    assert budget.left == 50 - 27
    assert "too much work" in judge(octets, policy=REQUIRE.replace(limits=REQUIRE.limits.replace(path_candidates=70))).findings[0].message


def test_a_response_keeps_what_is_signed() -> None:
    octets = response(NOCHECK, embedded=(OTHER_OF_THE_NAME, NOCHECK))
    found = Response.of(octets)
    assert found is not None
    signer = found.responder((), Budget(100))
    assert signer is not None
    assert signer.certificate.der == der(NOCHECK)
    again = ocsp.load_der_ocsp_response(signer.response)
    before = ocsp.load_der_ocsp_response(octets)
    assert again.tbs_response_bytes == before.tbs_response_bytes == signer.signed
    assert again.signature == before.signature == signer.signature
    assert [der(one) for one in again.certificates] == [der(NOCHECK)]


OCTETS = response(NOCHECK, embedded=(OTHER_OF_THE_NAME, NOCHECK))


@given(st.data())
def test_hostile_octets(data: st.DataObject) -> None:
    octets = bytearray(OCTETS)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(octets)))
    for hostile in (bytes(octets), bytes(octets[:cut])):
        found = Response.of(hostile)
        if found is not None:
            found.responder((), Budget(100))


def test_an_error_has_no_signer() -> None:
    unsuccessful = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    assert Response.of(der(unsuccessful)) is None
