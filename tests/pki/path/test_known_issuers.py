"""Whoever comes second from an issuer is judged as if he came first: with less work, and with the same verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from smime.algorithms import RFC8551 as CURRENT
from smime.errors import ParseError
from smime.limits import Limits
from smime.pki.path import known_issuers, pyca
from smime.pki.throwaway import Authority, Person, ThrowawayPKI, private_key
from smime.pki.trust import TrustStore
from smime.pki.verdict import PathVerdict
from smime.policies import ARCHIVE, RFC8551
from smime.policy import Policy
from smime.report import Revocation
from smime.x509.certificate import Certificate

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
PKI = ThrowawayPKI("Known", now=NOW)
OTHER = ThrowawayPKI("Known", now=NOW, key="p384")  # the same names, other keys
ELSEWHERE = ThrowawayPKI("Elsewhere", now=NOW)
FIRST = PKI.person("First", "first@example.com", "p256")


def der(thing: Any) -> bytes:
    octets: bytes = getattr(thing, "certificate", thing).public_bytes(Encoding.DER)
    return octets


def ask(store: TrustStore, who: Any, chain: Sequence[Any] | None = None, *, at: datetime = NOW, policy: Policy = RFC8551) -> PathVerdict:
    octets = who if isinstance(who, bytes) else der(who)
    above = who.chain if chain is None else chain
    return store.validate(Certificate.of(octets), extra=(octets, *map(der, above)), at=at, policy=policy)


def told(verdict: PathVerdict) -> tuple[Any, ...]:
    """All that a verdict says."""
    found = tuple((one.code, one.message) for one in verdict.findings)
    return verdict.trusted, verdict.path, verdict.revocation, found, verdict.unchecked, verdict.valid_from, verdict.valid_until


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the verifier of `cryptography` was asked about: "path" or "issued"."""
    calls: list[str] = []
    accepted, issued = pyca.accepted, pyca.is_issued

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls.append(name)
            return function(*arguments)

        return call

    monkeypatch.setattr(pyca, "accepted", counting("path", accepted))
    monkeypatch.setattr(pyca, "is_issued", counting("issued", issued))
    return calls


class TestMemory:
    def test_the_second_needs_one_signature(self, asked: list[str]) -> None:
        store = TrustStore(PKI.anchors)
        assert ask(store, FIRST).trusted
        second = ask(store, PKI.person("Second", "second@example.com", "p256"))
        assert second.trusted
        assert [one.subject.partition(",")[0] for one in second.path] == ["CN=Second", "CN=Known Issuing CA", "CN=Known Root CA"]
        assert asked == ["path", "issued"]

    def test_a_list_about_some_of_the_path(self, asked: list[str]) -> None:
        store = TrustStore(PKI.anchors, crls=[PKI.crl()])
        for who in (FIRST, PKI.person("Second", "second@example.com", "p256")):
            verdict = ask(store, who)
            assert (verdict.trusted, verdict.revocation) == (True, Revocation.UNKNOWN)
        assert asked == ["path", "issued"]

    def test_neither_order_nor_presence_of_the_own_certificate_is_taken_for_granted(self, asked: list[str]) -> None:
        store = TrustStore(PKI.anchors)
        ask(store, FIRST)
        second = PKI.person("Second", "second@example.com", "p256")
        for extra in ((der(PKI.intermediate),), (der(PKI.intermediate), der(second)), (der(second), der(PKI.intermediate), der(PKI.root))):
            assert store.validate(Certificate.of(der(second)), extra=extra, at=NOW, policy=RFC8551).trusted
        assert asked == ["path"] * 4

    def test_an_issuer_that_the_message_does_not_bring_is_not_there(self) -> None:
        store = TrustStore(PKI.anchors)
        ask(store, FIRST)
        assert not ask(store, PKI.person("Second", "second@example.com", "p256"), ()).trusted

    def test_an_issuer_of_the_store(self, asked: list[str]) -> None:
        store = TrustStore(PKI.anchors, [PKI.intermediate.certificate])
        assert ask(store, FIRST, ()).trusted
        assert ask(store, PKI.person("Second", "second@example.com", "p256"), ()).trusted
        assert asked == ["path", "issued"]

    def test_an_anchor_that_issues_to_people(self, asked: list[str]) -> None:
        store = TrustStore([PKI.intermediate.certificate])
        assert ask(store, FIRST, ()).trusted
        assert len(ask(store, PKI.person("Second", "second@example.com", "p256"), ()).path) == 2
        assert asked == ["path", "issued"]

    def test_stores_and_policies_know_nothing_of_each_other(self, asked: list[str]) -> None:
        ask(TrustStore(PKI.anchors), FIRST)
        store = TrustStore(PKI.anchors)
        for policy in (RFC8551, RFC8551.replace(check_sender=False), ARCHIVE):
            ask(store, FIRST, policy=policy)
        assert asked == ["path"] * 4
        assert not ask(TrustStore(OTHER.anchors), PKI.person("Second", "second@example.com", "p256")).trusted

    def test_what_a_path_needs_is_looked_at_outside_of_its_time(self, asked: list[str]) -> None:
        short = PKI.authority("Short CA", issuer=PKI.root, not_before=NOW - DAY, not_after=NOW + DAY)
        store = TrustStore(PKI.anchors)
        first, second = (PKI.person(name, f"{name}@example.com", "p256", issuer=short) for name in ("one", "two"))
        assert ask(store, first).trusted
        for at, good in ((NOW + 2 * DAY, False), (NOW - 2 * DAY, False), (NOW + DAY, True), (NOW - DAY, True)):
            verdict = ask(store, second, at=at)
            assert verdict.trusted is good
            assert told(verdict) == told(ask(TrustStore(PKI.anchors), second, at=at))
        assert "issued" in asked

    def test_it_is_bounded(self) -> None:
        store = TrustStore(PKI.anchors, [PKI.intermediate.certificate])
        for number in range(2 * known_issuers._MOST):
            extra = (b"\x30\x02\x05\x00" + number.to_bytes(2, "big"),)
            store.validate(Certificate.of(der(FIRST)), extra=extra, at=NOW, policy=RFC8551)
        assert len(known_issuers._memory(store)) <= known_issuers._MOST

    @pytest.mark.parametrize("extra", [[b"\x30\x00"] * 9, [bytes(known_issuers._SIZE + 1)]])
    def test_much_is_not_remembered(self, asked: list[str], extra: list[bytes]) -> None:
        store = TrustStore(PKI.anchors, [PKI.intermediate.certificate])
        for who in (FIRST, PKI.person("Second", "second@example.com", "p256")):
            assert store.validate(Certificate.of(der(who)), extra=extra, at=NOW, policy=RFC8551).trusted
        assert asked == ["path", "path"]

    def test_more_certificates_than_are_looked_at(self) -> None:
        store, policy = TrustStore(PKI.anchors), RFC8551.replace(limits=Limits(certificates=2))
        for who in (FIRST, PKI.person("Second", "second@example.com", "p256")):
            verdict = ask(store, who, (PKI.intermediate, PKI.root), policy=policy)
            assert "path-too-complex" in {found.code for found in verdict.findings}
        assert not len(known_issuers._memory(store))

    def test_who_may_do_little_work_may_still_do_as_little(self) -> None:
        second = PKI.person("Second", "second@example.com", "p256")
        for most in range(30):
            store, policy = TrustStore(PKI.anchors), RFC8551.replace(limits=Limits(path_candidates=most))
            ask(store, FIRST, policy=policy)
            assert told(ask(store, second, policy=policy)) == told(ask(TrustStore(PKI.anchors), second, policy=policy)), most


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
EMPTY = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), b"\x30\x00")
PERMITTED = x509.NameConstraints([x509.RFC822Name("example.com")], None)
INHIBIT = x509.InhibitAnyPolicy(0)
SECONDS: dict[str, Callable[[], Any]] = {
    "good": lambda: PKI.person("B", "b@example.com", "p256"),
    "RSA": lambda: PKI.person("B", "b@example.com", "rsa2048"),
    "Ed25519": lambda: PKI.person("B", "b@example.com", "ed25519"),
    "expired": lambda: PKI.person("B", "b@example.com", "p256", expired=True),
    "not yet valid": lambda: PKI.person("B", "b@example.com", "p256", not_before=NOW + DAY),
    "no address": lambda: PKI.person("B", None, "p256"),
    "an odd address": lambda: PKI.person("B", None, "p256", addresses=[x509.RFC822Name._init_without_validation("b\0@example.com")]),
    "another key of the issuer's name": lambda: OTHER.person("B", "b@example.com", "p256"),
    "a purpose other than mail": lambda: PKI.person("B", "b@example.com", "p256", eku=[x509.OID_SERVER_AUTH]),
    "a usage other than signing": lambda: PKI.person("B", "b@example.com", "p256", usage=["key_agreement"]),
    "an authority": lambda: PKI.authority("B", issuer=PKI.intermediate),
    "the issuer's own name": lambda: PKI.person("B", "b@example.com", "p256", subject=PKI.intermediate.certificate.subject),
    "the anchor's name": lambda: PKI.person("B", "b@example.com", "p256", subject=PKI.root.certificate.subject),
    "a critical extension that nobody knows": lambda: PKI.person("B", "b@example.com", "p256", extensions=[(UNKNOWN, True)]),
    "another one that nobody knows": lambda: PKI.person("B", "b@example.com", "p256", extensions=[(UNKNOWN, False)]),
    "name constraints": lambda: PKI.person("B", "b@example.com", "p256", extensions=[(PERMITTED, True)]),
    "name constraints that are empty": lambda: PKI.person("B", "b@example.com", "p256", extensions=[(EMPTY, False)]),
    "policies": lambda: PKI.person("B", "b@example.com", "p256", policies=["1.2.3.4"]),
    "a policy constraint": lambda: PKI.person("B", "b@example.com", "p256", extensions=[(INHIBIT, True)]),
    "no key identifier": lambda: PKI.person("B", "b@example.com", "p256", subject_key_identifier=False),
    "below an authority without a right": lambda: PKI.person(
        "B", "b@example.com", "p256", issuer=PKI.authority("C", issuer=PKI.intermediate)
    ),
    "self-signed": lambda: PKI.person("B", "b@example.com", "p256", self_signed=True),
    "an X25519 key": lambda: PKI.person("B", "b@example.com", "x25519"),
}
POLICIES = {
    "usual": RFC8551,
    "archive": ARCHIVE,
    "any purpose": RFC8551.replace(extended_key_usage=None),
    "revocation required": RFC8551.replace(revocation="require"),
    "revocation ignored": RFC8551.replace(revocation="ignore"),
    "policies asked for": RFC8551.replace(explicit_policy=True, acceptable_policies=frozenset({"1.2.3.4"})),
    "no ECDSA": RFC8551.replace(algorithms=CURRENT.replace(current=CURRENT.current - {"ecdsa-with-SHA256", "ecdsa-with-sha256"})),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("second", SECONDS)
def test_the_second_is_judged_as_if_he_were_the_first(second: str, policy: str) -> None:
    who, rules = SECONDS[second](), POLICIES[policy]
    crls, elsewhere = [PKI.crl(), PKI.crl(PKI.root)], [ELSEWHERE.crl(), ELSEWHERE.crl(ELSEWHERE.root)]
    for lists in (
        (),
        crls,
        crls[:1],
        crls[1:],
        elsewhere,
        [*elsewhere, crls[0]],
        [PKI.crl(revoked=[who]), crls[1]],
        [crls[0], PKI.crl(PKI.root, revoked=[PKI.intermediate])],
    ):
        warm, cold = (TrustStore(PKI.anchors, crls=lists) for _ in range(2))
        ask(warm, FIRST, policy=rules)
        chain = who.chain or PKI.intermediate.chain
        assert told(ask(warm, who, chain, policy=rules)) == told(ask(cold, who, chain, policy=rules))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_correspondent_who_is_an_anchor(policy: str) -> None:
    friend = PKI.person("B", "b@example.com", "p256")
    warm, cold = (TrustStore([*PKI.anchors, friend.certificate]) for _ in range(2))
    ask(warm, FIRST, policy=POLICIES[policy])
    assert told(ask(warm, friend, policy=POLICIES[policy])) == told(ask(cold, friend, policy=POLICIES[policy]))


def _mail_only() -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.4")])


AUTHORITIES: dict[str, Callable[[], Authority]] = {
    "plain": lambda: PKI.authority("A", issuer=PKI.root),
    "path length": lambda: PKI.authority("A", issuer=PKI.root, path_length=0),
    "mail only": lambda: PKI.authority("A", issuer=PKI.root, extensions=[(_mail_only(), False)]),
    "no mail": lambda: PKI.authority("A", issuer=PKI.root, extensions=[(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), False)]),
    "permitted names": lambda: PKI.authority("A", issuer=PKI.root, extensions=[(PERMITTED, True)]),
    "names permitted further up": lambda: PKI.authority("A", issuer=PKI.authority("AA", issuer=PKI.root, extensions=[(PERMITTED, True)])),
    "a path length further up": lambda: PKI.authority("A", issuer=PKI.authority("AA", issuer=PKI.root, path_length=1)),
    "too short a path length further up": lambda: PKI.authority("A", issuer=PKI.authority("AA", issuer=PKI.root, path_length=0)),
    "policy constraints": lambda: PKI.authority("A", issuer=PKI.root, extensions=[(x509.PolicyConstraints(0, None), True)]),
    "policies": lambda: PKI.authority(
        "A",
        issuer=PKI.root,
        extensions=[(x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)]), False)],
    ),
    "no authority": lambda: PKI.authority("A", issuer=PKI.root, ca=False),
    "no right to sign": lambda: PKI.authority("A", issuer=PKI.root, usage=("crl_sign", "digital_signature")),
    "no usage": lambda: PKI.authority("A", issuer=PKI.root, usage=None),
    "expired": lambda: PKI.authority("A", issuer=PKI.root, not_after=NOW - DAY),
    "a short key": lambda: PKI.authority("A", issuer=PKI.root, key="rsa1024"),
    "an odd key": lambda: PKI.authority("A", issuer=PKI.root, key="ed25519"),
    "an unknown extension": lambda: PKI.authority("A", issuer=PKI.root, extensions=[(UNKNOWN, True)]),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("authority", AUTHORITIES)
def test_what_authorities_say_of_themselves_counts_for_everybody_below(authority: str, policy: str) -> None:
    issuer, rules = AUTHORITIES[authority](), POLICIES[policy]
    below = PKI.authority("Below", issuer=issuer)
    people = [
        PKI.person("B", "b@example.com", "p256", issuer=issuer, policies=["1.2.3.4"]),
        PKI.person("C", "c@example.com", "p256", issuer=issuer),
        PKI.person("D", "d@example.org", "p256", issuer=issuer),
        PKI.person("E", "e@example.com", "p256", issuer=below),
        PKI.person("F", "f@example.org", "p256", issuer=below),
    ]
    warm = TrustStore(PKI.anchors)
    for who in people:
        assert told(ask(warm, who, below.chain, policy=rules)) == told(ask(TrustStore(PKI.anchors), who, below.chain, policy=rules))


@pytest.mark.parametrize("name", ["path length", "mail only", "policies", "a path length further up"])
def test_what_holds_for_the_first_and_the_second_alike_is_remembered(asked: list[str], name: str) -> None:
    issuer, store = AUTHORITIES[name](), TrustStore(PKI.anchors)
    for who in ("one", "two"):
        assert ask(store, PKI.person(who, f"{who}@example.com", "p256", issuer=issuer)).trusted
    assert asked == ["path", "issued"]


@pytest.mark.parametrize("name", ["permitted names", "names permitted further up", "policy constraints"])
def test_what_depends_on_the_one_below_is_not(asked: list[str], name: str) -> None:
    issuer, store = AUTHORITIES[name](), TrustStore(PKI.anchors)
    for who in ("one", "two"):
        ask(store, PKI.person(who, f"{who}@example.com", "p256", issuer=issuer))
    assert "issued" not in asked


class TestRevocation:
    """What is known of the issuer's revocation is looked up for each of those whom he certified."""

    def test_lists_of_the_message(self) -> None:
        store, policy = TrustStore(PKI.anchors), RFC8551.replace(revocation="require")
        second = PKI.person("Second", "second@example.com", "p256")
        plain = tuple(crl.public_bytes(Encoding.DER) for crl in (PKI.crl(), PKI.crl(PKI.root)))

        def verdict(who: Person, crls: Sequence[bytes]) -> PathVerdict:
            octets = der(who)
            extra = (octets, *map(der, who.chain))
            return store.validate(Certificate.of(octets), extra=extra, crls=crls, at=NOW, policy=policy)

        assert verdict(FIRST, plain).revocation is Revocation.GOOD
        assert verdict(second, plain).revocation is Revocation.GOOD
        assert not verdict(second, ()).trusted
        assert not verdict(second, plain[:1]).trusted
        issuer = PKI.crl(PKI.root, revoked=[PKI.intermediate]).public_bytes(Encoding.DER)
        own = PKI.crl(revoked=[second]).public_bytes(Encoding.DER)
        assert verdict(second, (plain[0], issuer)).revocation is Revocation.REVOKED
        assert verdict(second, (own, plain[1])).revocation is Revocation.REVOKED
        assert verdict(FIRST, (own, plain[1])).revocation is Revocation.GOOD

    def test_a_response(self) -> None:
        second = PKI.person("Second", "second@example.com", "p256")
        warm, cold = TrustStore(PKI.anchors), TrustStore(PKI.anchors)
        ask(warm, FIRST)
        response = PKI.ocsp(second, this_update=NOW - DAY, next_update=NOW + DAY)
        octets = der(second)
        extra = (octets, *map(der, second.chain))
        verdicts = [
            store.validate(Certificate.of(octets), extra=extra, ocsps=(response,), at=NOW, policy=RFC8551) for store in (warm, cold)
        ]
        assert told(verdicts[0]) == told(verdicts[1])


SECOND = PKI.person("Second", "second@example.com", private_key("p256", 7))
WARM = TrustStore(PKI.anchors)
ask(WARM, FIRST)


@given(st.integers(0, 2000), st.integers(1, 255))
def test_no_octet_of_the_second_may_change(at: int, change: int) -> None:
    damaged = bytearray(der(SECOND))
    damaged[at % len(damaged)] ^= change
    try:
        leaf = Certificate.of(bytes(damaged))
    except ParseError:
        return
    for extra in ((leaf.der, der(PKI.intermediate)), (der(SECOND), der(PKI.intermediate))):
        assert not WARM.validate(leaf, extra=extra, at=NOW, policy=RFC8551).trusted, (at, change)
