from __future__ import annotations

import dataclasses
import itertools
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import combinations
from typing import Any, TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import within

from smime import algorithms
from smime.asn1 import writer
from smime.errors import ParseError
from smime.findings import Effect
from smime.limits import Limits
from smime.pki.path.validator import StandardValidator
from smime.pki.revocation.status import RevocationInformation
from smime.pki.throwaway import Authority, Person, ThrowawayPKI, private_key, smtp_utf8_mailbox
from smime.pki.trust import TrustStore
from smime.pki.verdict import EVER, NEVER, PathVerdict, Window
from smime.policies import ARCHIVE, RFC8551
from smime.policy import Policy
from smime.report import Revocation
from smime.x509.certificate import Certificate

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def der(thing: Any) -> bytes:
    certificate = getattr(thing, "certificate", thing)
    return certificate.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def pki() -> ThrowawayPKI:
    return ThrowawayPKI(now=NOW)


def validate(
    pki: ThrowawayPKI,
    person: Person | x509.Certificate,
    *,
    extra: tuple[Any, ...] | None = None,
    crls: tuple[Any, ...] = (),
    ocsps: tuple[bytes, ...] = (),
    at: datetime = NOW,
    policy: Policy = RFC8551,
    trust: TrustStore | None = None,
    **validator: bool,
) -> PathVerdict:
    store = trust or TrustStore(pki.anchors, validator=StandardValidator(**validator) if validator else None)
    chain = extra if extra is not None else (person.chain if isinstance(person, Person) else ())
    return store.validate(
        Certificate.of(der(person)),
        extra=(der(person), *map(der, chain)),
        crls=tuple(crl.public_bytes(Encoding.DER) for crl in crls),
        ocsps=ocsps,
        at=at,
        policy=policy,
    )


def codes(verdict: PathVerdict) -> set[str]:
    return {found.code for found in verdict.findings if found.effect is not Effect.NONE}


@pytest.mark.parametrize("key", ["rsa2048", "p256", "p384", "p521", "ed25519", "ed448", "mldsa65", "brainpoolp256r1"])
@pytest.mark.parametrize("engine", [{"fast": False}, {}])
def test_every_kind_of_key(key: str, engine: dict[str, bool]) -> None:
    pki = ThrowawayPKI(key=key, now=NOW)
    verdict = validate(pki, pki.person("Alice", "alice@example.com", key), **engine)
    assert verdict.trusted, verdict.findings
    assert [certificate.subject.partition(",")[0] for certificate in verdict.path] == [
        "CN=Alice",
        "CN=Throwaway Issuing CA",
        "CN=Throwaway Root CA",
    ]
    assert len(verdict.x509_path) == 3
    assert verdict.revocation is Revocation.UNKNOWN


def test_pss_signed_certificates() -> None:
    pki = ThrowawayPKI(key="rsa2048", now=NOW)
    assert validate(pki, pki.person("Alice", "alice@example.com", "p256", pss=True), fast=False).trusted


_LISTS: dict[str, Callable[[ThrowawayPKI, Person], x509.CertificateRevocationList]] = {
    "good": lambda pki, _: pki.crl(),
    "of the root": lambda pki, _: pki.crl(pki.root),
    "old": lambda pki, _: pki.crl(this_update=NOW - 9 * DAY, next_update=NOW - 2 * DAY),
    "of the root, old": lambda pki, _: pki.crl(pki.root, this_update=NOW - 9 * DAY, next_update=NOW - 2 * DAY),
    "forged": lambda pki, _: pki.crl(Authority(pki.intermediate.certificate, private_key("p256", 77), pki.root)),
    "of another": lambda pki, _: pki.crl(pki.authority("Another CA", issuer=pki.root, key=private_key("p256", 78))),
    "revoked": lambda pki, person: pki.crl(revoked=[person], this_update=NOW - DAY / 2),
    "of the root, the authority revoked": lambda pki, _: pki.crl(pki.root, revoked=[pki.intermediate], this_update=NOW - DAY / 2),
}


@pytest.mark.parametrize("mode", ["if-available", "require"])
@pytest.mark.parametrize("of_store", [False, True], ids=["message", "store"])
@pytest.mark.parametrize("names", [names for count in (1, 2) for names in combinations(_LISTS, count)], ids="; ".join)
def test_lists_of_a_part_of_a_path_say_the_same_to_both_readers(
    pki: ThrowawayPKI, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], mode: Any, *, of_store: bool
) -> None:
    """Whatever plain lists answer is what pyhanko-certvalidator makes of the same.

    But where all has to be known: there it takes no list of an authority of which nothing is known, and here what is revoked is said.
    """
    alice = pki.person("Alice", "alice@example.com", "p256")
    lists = [_LISTS[name](pki, alice) for name in names]
    trust = TrustStore(pki.anchors, crls=lists if of_store else ())
    policy = RFC8551.replace(revocation=mode)
    quick = validate(pki, alice, trust=trust, crls=() if of_store else tuple(lists), policy=policy)
    if mode == "require" and quick.revocation is Revocation.REVOKED:
        assert any("revoked" in name for name in names)
        assert not quick.trusted
        return
    monkeypatch.setattr(RevocationInformation, "plain_outcome", lambda *_: None)
    trust = TrustStore(pki.anchors, crls=lists if of_store else (), validator=StandardValidator(fast=False))
    careful = validate(pki, alice, trust=trust, crls=() if of_store else tuple(lists), policy=policy)
    assert (quick.trusted, quick.revocation, quick.path) == (careful.trusted, careful.revocation, careful.path)
    assert (quick.valid_from, quick.valid_until) == (careful.valid_from, careful.valid_until)
    assert [(found.code, found.data.get("subjects")) for found in quick.findings] == [
        (found.code, found.data.get("subjects")) for found in careful.findings
    ]
    if mode != "require":
        assert [found.message for found in quick.findings] == [found.message for found in careful.findings]


@pytest.mark.parametrize("engine", [{"fast": False}, {}])
class TestTime:
    def test_expired(self, pki: ThrowawayPKI, engine: dict[str, bool]) -> None:
        eve = pki.person("Eve", "eve@example.com", "p256", expired=True)
        verdict = validate(pki, eve, **engine)
        assert codes(verdict) == {"expired"}
        (found,) = (f for f in verdict.findings if f.code == "expired")
        assert found.data["not_after"] == eve.certificate.not_valid_after_utc.isoformat()
        assert not verdict.trusted
        assert len(verdict.path) == 3
        assert validate(pki, eve, at=NOW - 600 * DAY, **engine).trusted

    def test_not_yet_valid(self, pki: ThrowawayPKI, engine: dict[str, bool]) -> None:
        assert codes(validate(pki, pki.person("Alice", "a@example.com", "p256"), at=NOW - 60 * DAY, **engine)) == {"not-yet-valid"}

    def test_an_expired_anchor_is_said_so(self, engine: dict[str, bool]) -> None:
        pki = ThrowawayPKI(now=NOW)
        root = pki.authority("Old Root", not_after=NOW - DAY)
        alice = pki.person("Alice", "alice@example.com", "p256", issuer=root)
        verdict = validate(pki, alice, trust=TrustStore([root.certificate], validator=StandardValidator(**engine)))
        assert codes(verdict) == {"expired"}

    def test_the_window_of_a_verdict(self, pki: ThrowawayPKI, engine: dict[str, bool]) -> None:
        alice = pki.person("Alice", "alice@example.com", "p256")
        verdict = validate(pki, alice, **engine)
        assert verdict.valid_from == alice.certificate.not_valid_before_utc
        assert verdict.valid_until == alice.certificate.not_valid_after_utc
        late = validate(pki, alice, at=alice.certificate.not_valid_after_utc + DAY, **engine)
        assert late.valid_from > alice.certificate.not_valid_after_utc
        assert codes(late) == {"expired"}


def test_a_window_is_the_span_in_which_nothing_changes() -> None:
    window = Window(NOW)
    assert (window.begin, window.end) == (NEVER, EVER)
    window.period(NOW - 5 * DAY, NOW - DAY)
    assert window.begin == NOW - DAY + timedelta(microseconds=1)
    window.period(NOW + 2 * DAY, None)
    assert window.end == NOW + 2 * DAY - timedelta(microseconds=1)
    window.period(NOW, NOW)
    assert window.begin == window.end == NOW


class TestUsage:
    def test_key_usage_without_signing(self, pki: ThrowawayPKI) -> None:
        assert codes(validate(pki, pki.person("A", "a@example.com", usage=("key_encipherment",)))) == {"key-usage"}

    @pytest.mark.parametrize("usage", [None, ("digital_signature",), ("content_commitment",)])
    def test_key_usage_for_signing(self, pki: ThrowawayPKI, usage: tuple[str, ...] | None) -> None:
        assert validate(pki, pki.person("A", "a@example.com", "p256", usage=usage)).trusted

    @pytest.mark.parametrize(
        ("eku", "good"),
        [
            (None, True),
            (["1.3.6.1.5.5.7.3.4"], True),
            (["2.5.29.37.0"], True),
            (["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"], True),
            (["1.3.6.1.5.5.7.3.1"], False),
            (["1.2.3.4"], False),
        ],
    )
    def test_extended_key_usage(self, pki: ThrowawayPKI, eku: list[str] | None, *, good: bool) -> None:
        person = pki.person("A", "a@example.com", "p256", eku=eku)
        assert codes(validate(pki, person)) == (set() if good else {"extended-key-usage"})
        assert validate(pki, person, policy=RFC8551.replace(extended_key_usage=None)).trusted

    def test_an_authority_confined_to_other_purposes(self, pki: ThrowawayPKI) -> None:
        only_tls = pki.authority("TLS CA", issuer=pki.root, extensions=[(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), False)])
        assert codes(validate(pki, pki.person("A", "a@example.com", "p256", issuer=only_tls))) == {"path-invalid"}

    @pytest.mark.parametrize("policy", [RFC8551, RFC8551.replace(extended_key_usage=None)])
    @pytest.mark.parametrize("critical", [False, True])
    @pytest.mark.parametrize(
        "value", ["300a06082b06010505070304", "300a06082b06010505070301", "300606 04551d2500", "3000", "30030c0141", "300a", "0500", ""]
    )
    def test_purposes_of_an_authority_whichever_engine_is_asked(
        self, pki: ThrowawayPKI, value: str, policy: Policy, *, critical: bool
    ) -> None:
        extension = x509.UnrecognizedExtension(x509.ExtendedKeyUsage.oid, bytes.fromhex(value))
        person = pki.person("A", "a@example.com", "p256", issuer=pki.authority("P", issuer=pki.root, extensions=[(extension, critical)]))
        either = validate(pki, person, policy=policy)
        careful = validate(pki, person, policy=policy, fast=False)
        assert (either.trusted, codes(either)) == (careful.trusted, codes(careful))
        assert careful.trusted or not validate(pki, person, policy=policy, careful=False).trusted

    def test_an_authority_for_mail_alone_needs_no_careful_engine(self, pki: ThrowawayPKI) -> None:
        mail = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.4")])
        only_mail = pki.authority("Mail CA", issuer=pki.root, extensions=[(mail, False)])
        assert validate(pki, pki.person("A", "a@example.com", "p256", issuer=only_mail), careful=False).trusted


_Issued = TypeVar("_Issued", Person, Authority)


def _even(issue: Callable[[], _Issued]) -> _Issued:
    """Issue certificates until the last bit of one is 0."""
    while der(issued := issue())[-1] & 1:
        pass
    return issued


def _one_bit_less(issued: Person | Authority) -> x509.Certificate:
    """Say that the last bit of the signature is no part of it."""
    octets = bytearray(der(issued))
    unused = len(octets) - len(issued.certificate.signature) - 1
    assert octets[unused] == 0
    octets[unused] = 1
    return x509.load_der_x509_certificate(bytes(octets))


class TestTrust:
    def test_an_unknown_root(self, pki: ThrowawayPKI) -> None:
        other = ThrowawayPKI("Other", now=NOW)
        verdict = validate(pki, other.person("Mallory", "m@example.com", "p256"))
        assert codes(verdict) == {"untrusted"}
        assert "there is no certificate of CN=Other Root CA" in verdict.findings[-1].message or any(
            "there is no certificate of CN=Other Root CA" in f.message for f in verdict.findings
        )

    def test_a_root_in_the_message_is_no_anchor(self, pki: ThrowawayPKI) -> None:
        other = ThrowawayPKI("Other", now=NOW)
        mallory = other.person("Mallory", "m@example.com", "p256")
        assert codes(validate(pki, mallory, extra=(*mallory.chain, other.root))) == {"untrusted"}

    def test_a_self_signed_certificate(self, pki: ThrowawayPKI) -> None:
        mallory = pki.person("Mallory", "m@example.com", "p256", self_signed=True)
        verdict = validate(pki, mallory)
        assert codes(verdict) == {"untrusted"}
        assert verdict.path == (Certificate.of(der(mallory)),)

    def test_a_correspondent_as_anchor(self, pki: ThrowawayPKI) -> None:
        friend = pki.person("Friend", "f@example.com", "p256", self_signed=True)
        verdict = validate(pki, friend, trust=TrustStore([friend.certificate]))
        assert verdict.trusted
        assert verdict.revocation is Revocation.NOT_CHECKED
        other = pki.person("Friend", "f@example.com", "p256", self_signed=True)
        assert codes(validate(pki, other, trust=TrustStore([friend.certificate]))) == {"untrusted"}

    def test_a_correspondent_as_anchor_issues_nothing(self, pki: ThrowawayPKI) -> None:
        friend = pki.person("Friend", "f@example.com", "p256", self_signed=True)
        issued = pki.person("Foe", "f@example.com", "p256", issuer=Authority(friend.certificate, friend.private_key, pki.root))
        assert codes(validate(pki, issued, extra=(), trust=TrustStore([friend.certificate]))) == {"untrusted"}

    def test_an_intermediate_as_anchor(self, pki: ThrowawayPKI) -> None:
        verdict = validate(pki, pki.person("A", "a@example.com", "p256"), extra=(), trust=TrustStore([pki.intermediate.certificate]))
        assert verdict.trusted
        assert len(verdict.path) == 2

    def test_the_store_supplies_intermediates(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        assert codes(validate(pki, alice, extra=())) == {"untrusted"}
        assert validate(pki, alice, extra=(), trust=TrustStore(pki.anchors, [pki.intermediate.certificate])).trusted

    def test_an_issuer_that_is_no_authority(self, pki: ThrowawayPKI) -> None:
        bob = pki.person("Bob", "bob@example.com", "p256")
        mallory = pki.person("Mallory", "m@example.com", "p256", issuer=Authority(bob.certificate, bob.private_key, pki.intermediate))
        assert codes(validate(pki, mallory)) == {"path-invalid"}

    def test_a_path_that_is_too_long_for_its_authority(self, pki: ThrowawayPKI) -> None:
        below = pki.authority("Below", issuer=pki.intermediate)
        assert codes(validate(pki, pki.person("A", "a@example.com", "p256", issuer=below))) == {"path-invalid"}

    def test_a_forged_signature(self, pki: ThrowawayPKI) -> None:
        imposter = ThrowawayPKI(now=NOW)
        fake = Authority(pki.intermediate.certificate, imposter.authority("x", key="p256").private_key, pki.root)
        mallory = pki.person("Mallory", "m@example.com", "p256", issuer=fake)
        assert codes(validate(pki, mallory)) <= {"path-invalid", "untrusted"}
        assert codes(validate(pki, mallory))

    @pytest.mark.parametrize("engine", [{"fast": False}, {}])
    @pytest.mark.parametrize("which", ["leaf", "leaf of a known issuer", "authority"])
    def test_a_signature_that_is_not_whole_octets(self, which: str, engine: dict[str, bool]) -> None:
        """Its last bit is 0, and said to be none of it: no verifier sees another value, but its issuer never signed that certificate."""
        made = ThrowawayPKI(now=NOW, key="p256")
        issuer = _even(lambda: made.authority("Odd", issuer=made.root, key="p256"))
        leaf = _even(lambda: made.person("Alice", "alice@example.org", "p256", issuer=issuer))
        trust = TrustStore(made.anchors, validator=StandardValidator(**engine))
        if which == "leaf of a known issuer":
            first = made.person("Bob", "bob@example.org", "p256", issuer=issuer)
            assert validate(made, first, extra=(issuer,), trust=trust).trusted
        if which == "authority":
            assert not validate(made, leaf, extra=(_one_bit_less(issuer),), trust=trust).trusted
        else:
            assert not validate(made, _one_bit_less(leaf), extra=(issuer,), trust=trust).trusted
        assert validate(made, leaf, extra=(issuer,), trust=trust).trusted

    def test_cross_certificates(self) -> None:
        one, two = ThrowawayPKI("One", now=NOW), ThrowawayPKI("Two", now=NOW)
        key = one.intermediate.private_key
        cross = two.authority("One Issuing CA", issuer=two.root, key=key)
        # the cross-certificate has to have the name under which the authority issues
        subject = one.intermediate.certificate.subject
        builder = x509.CertificateBuilder(
            issuer_name=two.root.certificate.subject,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=7,
            not_valid_before=NOW - DAY,
            not_valid_after=NOW + DAY,
            extensions=list(cross.certificate.extensions),
        )
        from cryptography.hazmat.primitives.hashes import SHA256

        certificate = builder.sign(two.root.private_key, SHA256())
        alice = one.person("Alice", "a@example.com", "p256")
        trust = TrustStore(two.anchors)
        assert codes(validate(one, alice, trust=trust)) == {"untrusted"}
        assert validate(one, alice, trust=trust, extra=(*alice.chain, certificate)).trusted

    def test_verdicts_do_not_mix(self, pki: ThrowawayPKI) -> None:
        """What a message brings belongs to the verdict: with and without the intermediate, with another policy, at another time."""
        alice = pki.person("A", "a@example.com", "p256")
        trust = TrustStore(pki.anchors)
        for _ in range(2):
            assert validate(pki, alice, trust=trust).trusted
            assert not validate(pki, alice, trust=trust, extra=()).trusted
            assert not validate(pki, alice, trust=trust, at=NOW + 5000 * DAY).trusted
            assert not validate(pki, alice, trust=trust, policy=RFC8551.replace(revocation="require")).trusted
            assert not validate(pki, alice, trust=trust, crls=(pki.crl(revoked=[alice]), pki.crl(pki.root))).trusted

    def test_a_known_sender_is_remembered(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        trust = TrustStore(pki.anchors)
        assert validate(pki, alice, trust=trust) is validate(pki, alice, trust=trust, at=NOW + DAY)

    def test_a_store_survives_pickling(self, pki: ThrowawayPKI) -> None:
        trust = pickle.loads(pickle.dumps(TrustStore(pki.anchors, [pki.intermediate.certificate], [pki.crl()])))
        assert validate(pki, pki.person("A", "a@example.com", "p256"), extra=(), trust=trust).trusted


class TestRevocation:
    def lists(self, pki: ThrowawayPKI, *revoked: Any, **options: Any) -> tuple[Any, ...]:
        return (pki.crl(revoked=revoked, **options), pki.crl(pki.root))

    def test_good(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        for policy in (RFC8551, RFC8551.replace(revocation="require")):
            verdict = validate(pki, alice, crls=self.lists(pki), policy=policy)
            assert verdict.trusted, verdict.findings
            assert verdict.revocation is Revocation.GOOD
            assert verdict.valid_until == NOW + 30 * DAY

    @pytest.mark.parametrize("mode", ["require", "if-available"])
    def test_revoked(self, pki: ThrowawayPKI, mode: Any) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        verdict = validate(pki, alice, crls=self.lists(pki, alice), policy=RFC8551.replace(revocation=mode))
        assert codes(verdict) == {"revoked"}
        (found,) = (f for f in verdict.findings if f.code == "revoked")
        assert found.data["date"] == (NOW - 7 * DAY).isoformat()
        assert found.data["subject"].startswith("CN=A")
        assert verdict.revocation is Revocation.REVOKED

    def test_a_revoked_authority(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        lists = (pki.crl(), pki.crl(pki.root, revoked=[pki.intermediate]))
        verdict = validate(pki, alice, crls=lists)
        assert codes(verdict) == {"revoked"}
        assert any("Issuing CA" in str(f.data.get("subject")) for f in verdict.findings)

    def test_ignore(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        verdict = validate(pki, alice, crls=self.lists(pki, alice), policy=RFC8551.replace(revocation="ignore"))
        assert verdict.trusted
        assert verdict.revocation is Revocation.NOT_CHECKED
        assert [entry.what for entry in verdict.unchecked] == ["revocation"]

    def test_only_the_leaf_is_known(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        verdict = validate(pki, alice, crls=(pki.crl(),))
        assert verdict.trusted
        assert verdict.revocation is Revocation.UNKNOWN
        assert codes(validate(pki, alice, crls=(pki.crl(),), policy=RFC8551.replace(revocation="require"))) == {"revocation-required"}

    def test_nothing_at_hand(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        assert codes(validate(pki, alice, policy=RFC8551.replace(revocation="require"))) == {"revocation-required"}

    def test_a_stale_list_proves_nothing(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        stale = self.lists(pki, this_update=NOW - 20 * DAY, next_update=NOW - 10 * DAY)
        verdict = validate(pki, alice, crls=stale, policy=RFC8551.replace(revocation="require"))
        assert codes(verdict) == {"revocation-required"}
        assert validate(pki, alice, crls=stale).revocation is Revocation.UNKNOWN

    @pytest.mark.parametrize("days", [-20, 20])
    def test_a_list_of_another_time_may_revoke_and_not_clear(self, pki: ThrowawayPKI, days: int) -> None:
        alice, bob = pki.person("A", "a@example.com", "p256"), pki.person("B", "b@example.com", "p256")
        begin = NOW + days * DAY
        lists = (pki.crl(revoked=[alice], date=NOW - 25 * DAY, this_update=begin, next_update=begin + DAY), pki.crl(pki.root))
        assert codes(validate(pki, alice, crls=lists)) == {"revoked"}
        assert validate(pki, bob, crls=lists).revocation is Revocation.UNKNOWN

    def test_a_list_that_does_not_say_until_when_it_holds_proves_nothing(self, pki: ThrowawayPKI) -> None:
        """As the one in example 4.4 of RFC 4134, whose signer it names, and who is not held for revoked."""
        alice = pki.person("A", "a@example.com", "p256")
        issuer = pki.intermediate
        ecdsa_with_sha256 = writer.sequence(writer.oid("1.2.840.10045.4.3.2"))
        entry = writer.sequence(writer.integer(alice.certificate.serial_number), writer.utc_or_generalized_time(NOW - 25 * DAY))
        to_be_signed = writer.sequence(
            writer.integer(1),
            ecdsa_with_sha256,
            issuer.certificate.subject.public_bytes(),
            writer.utc_or_generalized_time(NOW - 20 * DAY),
            writer.sequence(entry),
        )
        signature = issuer.private_key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))
        crl = x509.load_der_x509_crl(writer.sequence(to_be_signed, ecdsa_with_sha256, writer.bit_string(signature)))
        assert crl.is_signature_valid(issuer.private_key.public_key())
        assert crl.next_update_utc is None
        verdict = validate(pki, alice, crls=(crl, pki.crl(pki.root)))
        assert verdict.trusted
        assert verdict.revocation is Revocation.UNKNOWN

    @pytest.mark.parametrize("this_update", [NOW - 5 * DAY, NOW - DAY / 2])
    def test_changes_that_the_complete_list_does_not_announce(self, pki: ThrowawayPKI, this_update: datetime) -> None:
        """A delta list revokes, whether it is of before or after the complete one (RFC 5280 section 5.2.4)."""
        alice, bob = (pki.person(name, f"{name}@example.com", "p256") for name in "ab")
        delta = [(x509.DeltaCRLIndicator(1), True)]
        changes = pki.crl(revoked=[alice], this_update=this_update, number=2, extensions=delta)
        lists = (pki.crl(), pki.crl(pki.root), changes)
        for order in itertools.permutations(lists):
            assert codes(validate(pki, alice, crls=order)) == {"revoked"}
            assert validate(pki, bob, crls=order).revocation is Revocation.GOOD

    def test_changes_alone_clear_nobody(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        changes = pki.crl(number=2, extensions=[(x509.DeltaCRLIndicator(1), True)])
        assert validate(pki, alice, crls=(changes, pki.crl(pki.root))).revocation is Revocation.UNKNOWN

    def test_changes_by_somebody_else_revoke_nobody(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        namesake = dataclasses.replace(pki.intermediate, private_key=private_key("p256"))
        changes = pki.crl(namesake, [alice], number=2, extensions=[(x509.DeltaCRLIndicator(1), True)])
        assert validate(pki, alice, crls=(changes, pki.crl(), pki.crl(pki.root))).trusted

    def test_somebody_whom_changes_took_off_a_list(self, pki: ThrowawayPKI) -> None:
        """A hold on the complete list, and removeFromCRL on the delta list that it does not announce."""
        alice = pki.person("A", "a@example.com", "p256")
        held = pki.crl(revoked=[alice], reason=x509.ReasonFlags.certificate_hold)
        lifted = pki.crl(revoked=[alice], reason=x509.ReasonFlags.remove_from_crl, number=2, extensions=[(x509.DeltaCRLIndicator(1), True)])
        assert codes(validate(pki, alice, crls=(held, pki.crl(pki.root), lifted))) == {"revoked"}
        assert not codes(validate(pki, alice, crls=(pki.crl(), pki.crl(pki.root), lifted)))

    def test_a_hold_that_the_newest_list_has_lifted(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        old = pki.crl(revoked=[alice], reason=x509.ReasonFlags.certificate_hold, this_update=NOW - 5 * DAY)
        new, root = pki.crl(this_update=NOW - DAY), pki.crl(pki.root)
        assert codes(validate(pki, alice, crls=(old, root))) == {"revoked"}
        for lists in ((old, new, root), (new, old, root)):
            assert validate(pki, alice, crls=lists).revocation is Revocation.GOOD

    def test_an_older_list_in_the_message_clears_nothing(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        clean = pki.crl(this_update=NOW - 10 * DAY)
        for lists in ((clean, pki.crl(revoked=[alice]), pki.crl(pki.root)), (pki.crl(revoked=[alice]), clean, pki.crl(pki.root))):
            assert codes(validate(pki, alice, crls=lists)) == {"revoked"}

    def test_a_list_by_a_stranger_proves_nothing(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        stranger = ThrowawayPKI(now=NOW, key="p384")  # same names, other keys
        forged = stranger.crl(revoked=[alice])
        verdict = validate(pki, alice, crls=(forged, pki.crl(pki.root)))
        assert verdict.trusted
        assert verdict.revocation is Revocation.UNKNOWN

    def test_a_copied_signature_does_not_make_an_issuer_of_lists(self, pki: ThrowawayPKI) -> None:
        """A certificate with the name and the signature value of a validated authority, and another key, is not that authority."""
        alice = pki.person("A", "a@example.com", "p256")
        real = der(pki.intermediate)
        signature = Certificate.of(real).signature
        candidates = (pki.authority("Throwaway Issuing CA", issuer=pki.root, key=pki.root.private_key) for _ in itertools.count())
        mallory = next(c for c in candidates if len(Certificate.of(der(c)).signature) == len(signature))  # ECDSA signatures vary in length
        copied = der(mallory)[: -len(signature)] + signature
        forged = pki.crl(Authority(mallory.certificate, mallory.private_key, pki.root))
        trust = TrustStore(pki.anchors)
        verdict = trust.validate(
            Certificate.of(der(alice)),
            extra=(der(alice), real, copied),
            crls=(forged.public_bytes(Encoding.DER), pki.crl(pki.root).public_bytes(Encoding.DER)),
            at=NOW,
            policy=RFC8551.replace(revocation="require"),
        )
        assert codes(verdict) == {"revocation-required"}

    def test_revoked_later_than_the_time_looked_at(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        lists = (
            pki.crl(revoked=[alice], date=NOW - DAY, this_update=NOW - 20 * DAY),
            pki.crl(pki.root, this_update=NOW - 20 * DAY),
        )
        before = validate(pki, alice, crls=lists, at=NOW - 5 * DAY)
        assert before.trusted
        assert before.valid_until < NOW - DAY + DAY
        assert codes(validate(pki, alice, crls=lists)) == {"revoked"}

    def test_ocsp(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        root_list = (pki.crl(pki.root),)
        good = validate(pki, alice, crls=root_list, ocsps=(pki.ocsp(alice),), policy=RFC8551.replace(revocation="require"))
        assert good.trusted, good.findings
        assert good.revocation is Revocation.GOOD
        bad = validate(pki, alice, crls=root_list, ocsps=(pki.ocsp(alice, revoked=NOW - 3 * DAY),))
        assert codes(bad) == {"revoked"}

    def test_unreadable_information_is_skipped(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        trust = TrustStore(pki.anchors)
        verdict = trust.validate(
            Certificate.of(der(alice)),
            extra=(der(pki.intermediate), b"\x30\x03\x02\x01\x00"),
            crls=(b"\x30\x00", b"junk"),
            ocsps=(b"junk", b"\x30\x03\x0a\x01\x06"),
            at=NOW,
            policy=RFC8551,
        )
        assert verdict.trusted


class TestStrength:
    def test_short_keys_follow_the_profile(self) -> None:
        pki = ThrowawayPKI(key="rsa1024", now=NOW)
        alice = pki.person("A", "a@example.com", "p256")
        assert codes(validate(pki, alice)) == {"short-key-forbidden"}
        verdict = validate(pki, alice, policy=ARCHIVE)
        assert verdict.trusted
        assert "short-key" in {f.code for f in verdict.findings}

    def test_an_algorithm_that_the_profile_forbids(self, pki: ThrowawayPKI) -> None:
        profile = algorithms.RFC8551.replace(current=algorithms.RFC8551.current - {"ecdsa-with-SHA256"})
        alice = pki.person("A", "a@example.com", "p256")
        assert codes(validate(pki, alice, policy=RFC8551.replace(algorithms=profile))) == {"certificate-algorithm-forbidden"}
        legacy = profile.replace(legacy=frozenset({"ecdsa-with-SHA256"}))
        verdict = validate(pki, alice, policy=RFC8551.replace(algorithms=legacy))
        assert verdict.trusted
        assert "weak-certificate-algorithm" in {f.code for f in verdict.findings}

    def test_a_key_beyond_the_limits(self) -> None:
        pki = ThrowawayPKI(key="rsa2048", now=NOW)
        alice = pki.person("A", "a@example.com", "p256")
        limits = Limits(rsa_modulus_bits=1536)
        verdict = validate(pki, alice, policy=ARCHIVE.replace(limits=limits))
        assert not verdict.trusted


class TestNameConstraints:
    def constrained(self, pki: ThrowawayPKI, permitted: list[str] | None = None, excluded: list[str] | None = None) -> Authority:
        constraints = x509.NameConstraints(
            [x509.RFC822Name(name) for name in permitted] if permitted else None,
            [x509.RFC822Name(name) for name in excluded] if excluded else None,
        )
        return pki.authority("Constrained CA", issuer=pki.root, extensions=[(constraints, True)])

    @pytest.mark.parametrize(
        ("constraint", "address", "good"),
        [
            ("example.com", "a@example.com", True),
            ("example.com", "a@Example.COM", True),
            ("example.com", "a@sub.example.com", False),
            (".example.com", "a@sub.example.com", True),
            (".example.com", "a@example.com", False),
            ("a@example.com", "a@example.com", True),
            ("a@example.com", "b@example.com", False),
        ],
    )
    @pytest.mark.parametrize("engine", [{"fast": False}, {}])
    @pytest.mark.parametrize("form", ["rfc822Name", "emailAddress"])
    def test_permitted(self, pki: ThrowawayPKI, constraint: str, address: str, form: str, engine: dict[str, bool], *, good: bool) -> None:
        issuer = self.constrained(pki, permitted=[constraint])
        person = pki.person("A", address, "p256", issuer=issuer, subject_address=form == "emailAddress")
        assert codes(validate(pki, person, **engine)) == (set() if good else {"path-invalid"})

    def test_excluded(self, pki: ThrowawayPKI) -> None:
        issuer = self.constrained(pki, excluded=["evil.example"])
        assert codes(validate(pki, pki.person("A", "a@evil.example", "p256", issuer=issuer))) == {"path-invalid"}
        assert validate(pki, pki.person("A", "a@good.example", "p256", issuer=issuer)).trusted

    @pytest.mark.parametrize(("constraint", "good"), [("example.com", True), (".example.com", False), ("other.example", False)])
    def test_smtp_utf8_mailboxes_are_constrained_too(self, pki: ThrowawayPKI, constraint: str, *, good: bool) -> None:
        issuer = self.constrained(pki, permitted=[constraint])
        person = pki.person("Å", "åse@example.com", "p256", issuer=issuer)
        assert codes(validate(pki, person)) == (set() if good else {"path-invalid"})

    def test_an_address_in_the_subject_beside_an_alternative_name(self, pki: ThrowawayPKI) -> None:
        """RFC 5280 constrains emailAddress only where there is no alternative name; here every address that counts is constrained."""
        issuer = self.constrained(pki, permitted=["example.com"])
        subject = x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "ceo@victim.example")])
        person = pki.person("A", "a@example.com", "p256", issuer=issuer, subject=subject)
        assert codes(validate(pki, person)) == {"path-invalid"}


class TestHostile:
    """Bounded work, whatever a message brings (STANDARDS section 14 rows PC, RS, FL; section 18.15)."""

    def bounded(self, *arguments: Any, **options: Any) -> PathVerdict:
        with within(6_000_000):  # of which a module that is imported on first use takes the most
            return validate(*arguments, **options)

    def web(self, pki: ThrowawayPKI, keys: list[Any]) -> list[x509.Certificate]:
        """Every authority certifies every other one; all have one name."""
        name = "Cross CA"
        heads = [Authority(pki.authority(name, key=key).certificate, key) for key in keys]
        return [pki.authority(name, issuer=heads[i], key=keys[j]).certificate for i, j in itertools.permutations(range(len(keys)), 2)]

    @pytest.mark.parametrize("size", [5, 14])
    def test_cross_certified_authorities_with_one_name(self, pki: ThrowawayPKI, size: int) -> None:
        keys = [pki.authority("x", key="p256").private_key for _ in range(size)]
        web = self.web(pki, keys)
        issuer = Authority(pki.authority("Cross CA", key=keys[0]).certificate, keys[0])
        mallory = pki.person("Mallory", "m@example.com", "p256", issuer=issuer)
        assert codes(self.bounded(pki, mallory, extra=tuple(web))) <= {"path-too-complex", "untrusted"}

    def test_fifty_cross_certified_authorities_with_one_name_and_key(self, pki: ThrowawayPKI) -> None:
        key = pki.authority("x", key="p256").private_key
        head = Authority(pki.authority("Cross CA", key=key).certificate, key)
        web = [pki.authority("Cross CA", issuer=head, key=key).certificate for _ in range(50)]
        mallory = pki.person("Mallory", "m@example.com", "p256", issuer=head)
        verdict = self.bounded(pki, mallory, extra=tuple(web))
        assert codes(verdict) <= {"path-too-complex", "untrusted"}
        # and where one of them is the way to the anchor, it is found
        way = pki.authority("Cross CA", issuer=pki.root, key=key).certificate
        assert self.bounded(pki, mallory, extra=(*web, way)).trusted

    def test_a_long_chain(self, pki: ThrowawayPKI) -> None:
        issuer, chain = pki.root, []
        for number in range(40):
            issuer = pki.authority(
                f"Level {number}", issuer=issuer, key=pki.root.private_key if number % 2 else pki.intermediate.private_key
            )
            chain.append(issuer.certificate)
        mallory = pki.person("Mallory", "m@example.com", "p256", issuer=issuer)
        assert codes(self.bounded(pki, mallory, extra=tuple(chain))) == {"path-too-complex"}

    def test_two_authorities_that_issued_each_other(self, pki: ThrowawayPKI) -> None:
        one, two = pki.authority("One", key="p256"), pki.authority("Two", key="p256")
        cross_one = pki.authority("One", issuer=two, key=one.private_key)
        cross_two = pki.authority("Two", issuer=one, key=two.private_key)
        mallory = pki.person("Mallory", "m@example.com", "p256", issuer=one)
        assert codes(self.bounded(pki, mallory, extra=(cross_one, cross_two))) == {"untrusted"}

    def test_a_flood_of_names_and_constraints(self, pki: ThrowawayPKI) -> None:
        trees = [x509.RFC822Name(f"host{n}.example") for n in range(2000)]
        issuer = pki.authority("Constrained CA", issuer=pki.root, extensions=[(x509.NameConstraints(None, trees), True)])
        mallory = pki.person("M", None, "p256", issuer=issuer, addresses=[f"m{n}@example.com" for n in range(2000)])
        assert codes(self.bounded(pki, mallory)) == {"path-too-complex"}

    def test_policy_mappings_that_explode(self, pki: ThrowawayPKI) -> None:
        oids = [x509.ObjectIdentifier(f"1.2.3.4.{n}") for n in range(40)]
        policies = x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in oids])
        mappings = b"".join(pair_of(a, b) for a in oids for b in oids)
        mapping = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), sequence(mappings))
        issuer, chain = pki.root, []
        for number in range(6):
            issuer = pki.authority(f"Mapping {number}", issuer=issuer, extensions=[(policies, False), (mapping, False)])
            chain.append(issuer.certificate)
        mallory = pki.person("M", "m@example.com", "p256", issuer=issuer, policies=[oid.dotted_string for oid in oids])
        self.bounded(pki, mallory, extra=tuple(chain), policy=RFC8551.replace(explicit_policy=True))

    def test_more_certificates_than_allowed(self, pki: ThrowawayPKI) -> None:
        alice = pki.person("A", "a@example.com", "p256")
        verdict = self.bounded(pki, alice, extra=(pki.intermediate, pki.root), policy=RFC8551.replace(limits=Limits(certificates=2)))
        assert "path-too-complex" in codes(verdict)

    def test_critical_extensions_that_are_unknown(self, pki: ThrowawayPKI) -> None:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
        assert codes(validate(pki, pki.person("A", "a@example.com", "p256", extensions=[(unknown, True)]))) == {"path-invalid"}
        assert validate(pki, pki.person("A", "a@example.com", "p256", extensions=[(unknown, False)])).trusted


CHAIN_PKI = ThrowawayPKI(now=NOW)
CHAIN = tuple(map(der, (CHAIN_PKI.person("Alice", "alice@example.com", "p256"), CHAIN_PKI.intermediate)))
CRLS = tuple(crl.public_bytes(Encoding.DER) for crl in (CHAIN_PKI.crl(), CHAIN_PKI.crl(CHAIN_PKI.root)))


@given(st.integers(0, 1), st.integers(0, 2000), st.integers(1, 255))
def test_no_octet_of_a_chain_may_change(which: int, at: int, change: int) -> None:
    damaged = [bytearray(octets) for octets in CHAIN]
    damaged[which][at % len(damaged[which])] ^= change
    store = TrustStore(CHAIN_PKI.anchors)
    try:
        leaf = Certificate.of(bytes(damaged[0]))
    except ParseError:
        return
    verdict = store.validate(leaf, extra=tuple(map(bytes, damaged)), at=NOW, policy=RFC8551)
    assert not verdict.trusted, (which, at, change)


@given(st.integers(0, 1), st.integers(0, 2000), st.integers(1, 255))
def test_no_octet_of_a_revocation_list_may_change(which: int, at: int, change: int) -> None:
    damaged = [bytearray(octets) for octets in CRLS]
    damaged[which][at % len(damaged[which])] ^= change
    verdict = TrustStore(CHAIN_PKI.anchors).validate(
        Certificate.of(CHAIN[0]), extra=CHAIN, crls=tuple(map(bytes, damaged)), at=NOW, policy=RFC8551.replace(revocation="require")
    )
    assert not verdict.trusted, (which, at, change)


def sequence(content: bytes) -> bytes:
    size = len(content)
    length = (
        bytes([size]) if size < 0x80 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    )
    return b"\x30" + length + content


def pair_of(a: x509.ObjectIdentifier, b: x509.ObjectIdentifier) -> bytes:
    from smime.asn1 import writer

    return sequence(writer.oid(a.dotted_string) + writer.oid(b.dotted_string))


def test_an_smtp_utf8_mailbox_is_written_as_given() -> None:
    assert smtp_utf8_mailbox("å@x").value == b"\x0c\x04\xc3\xa5@x"
