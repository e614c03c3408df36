"""Work on paths is counted and bounded, whatever a message brings (row PC of the attack table); nothing here is timed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime.asn1 import writer
from smime.limits import DEFAULT_LIMITS
from smime.pki import message_certificates
from smime.pki.effort import Budget, is_common_key, signature_effort
from smime.pki.path import certvalidator, pyca, search
from smime.pki.revocation import lists as lists_
from smime.pki.revocation import selection
from smime.pki.throwaway import Authority, Person, ThrowawayPKI, private_key
from smime.pki.trust import TrustStore
from smime.pki.verdict import PathVerdict
from smime.policies import RFC8551
from smime.policy import Policy
from smime.report import Revocation
from smime.x509 import issued, names
from smime.x509.certificate import Certificate

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
PKI = ThrowawayPKI(now=NOW)
DAY = timedelta(days=1)


def der(thing: Any) -> bytes:
    octets: bytes = getattr(thing, "certificate", thing).public_bytes(Encoding.DER)
    return octets


def spki(kind: str) -> bytes:
    octets: bytes = private_key(kind).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets


class Work:
    """Counts what a verdict asks for."""

    def __init__(self) -> None:
        self.signatures: list[int] = []
        self.accepted = 0
        self.careful = 0
        self.lists = 0


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    counted = Work()
    verify, accepted, check, made = issued.verify_signature, pyca.accepted, certvalidator.check, lists_.RevocationList.__init__

    def counting_verify(issuer: Certificate, *arguments: Any) -> Any:
        counted.signatures.append(signature_effort(issuer.spki))
        return verify(issuer, *arguments)

    def counting_accepted(*arguments: Any) -> Any:
        counted.accepted += 1
        return accepted(*arguments)

    def counting_check(*arguments: Any, **options: Any) -> Any:
        counted.careful += 1
        return check(*arguments, **options)

    def counting_list(self: Any, octets: bytes) -> None:
        counted.lists += 1
        made(self, octets)

    monkeypatch.setattr(issued, "verify_signature", counting_verify)
    monkeypatch.setattr(pyca, "accepted", counting_accepted)
    monkeypatch.setattr(certvalidator, "check", counting_check)
    monkeypatch.setattr(lists_.RevocationList, "__init__", counting_list)
    issued._signatures.clear()
    return counted


def validate(who: Person, *extra: Any, crls: Any = (), ocsps: Any = (), policy: Policy = RFC8551, anchors: Any = None) -> PathVerdict:
    octets = der(who)
    return TrustStore(anchors or PKI.anchors).validate(
        Certificate.of(octets), extra=(octets, *map(der, extra)), crls=crls, ocsps=ocsps, at=NOW, policy=policy
    )


def codes(verdict: PathVerdict) -> set[str]:
    return {found.code for found in verdict.findings if found.effect.value}


class TestUnits:
    def test_a_budget_is_not_overdrawn(self) -> None:
        budget = Budget(5)
        assert budget.spend(3)
        assert not budget.exhausted
        assert not budget.spend(3)
        assert budget.exhausted
        assert budget.left == 2
        assert budget.spend(2)

    def test_dear_keys_cost_more(self) -> None:
        kinds = ("rsa2048", "p256", "ed25519", "mldsa87", "p384", "brainpoolp512r1")
        efforts = [signature_effort(spki(kind)) for kind in kinds]
        assert efforts == sorted(efforts)
        assert efforts[0] < efforts[1] < efforts[4]
        assert signature_effort(spki("dsa2048")) > 3 * signature_effort(spki("dsa1024"))

    def test_a_long_exponent_costs_twice_as_much(self) -> None:
        modulus = (1 << 8191) | 1

        def key(exponent: int) -> bytes:
            bits = b"\0" + writer.sequence(writer.integer(modulus), writer.integer(exponent))
            algorithm = writer.sequence(writer.oid("1.2.840.113549.1.1.1"), writer.NULL)
            return writer.sequence(algorithm, b"\x03" + _length(len(bits)) + bits)

        assert signature_effort(key((1 << 32) + 1)) > 1.5 * signature_effort(key(65537))

    @pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"junk", b"\x30\x04\x30\x00\x03\x00"])
    def test_what_is_no_key_costs_something(self, octets: bytes) -> None:
        assert signature_effort(octets) == 1

    def test_keys_that_the_quick_verifier_takes(self) -> None:
        assert all(is_common_key(spki(kind)) for kind in ("rsa2048", "p256", "p384", "p521"))
        assert not any(is_common_key(spki(kind)) for kind in ("ed25519", "mldsa44", "brainpoolp256r1", "dsa1024"))


def _length(size: int) -> bytes:
    return bytes([0x82]) + size.to_bytes(2, "big") if size > 0x7F else bytes([size])


class TestSearch:
    @pytest.mark.parametrize("count", [2, 16, 40])
    @pytest.mark.parametrize("key", ["p256", "p521"])
    def test_one_name_and_key_again_and_again(self, work: Work, key: str, count: int) -> None:
        """The verifier of `cryptography`, left a choice among such, verifies more than a hundred signatures."""
        head = PKI.authority("Same CA", key=private_key(key, 901))
        links = [PKI.authority("Same CA", issuer=head, key=head.private_key) for _ in range(count)]
        assert codes(validate(PKI.person("A", "a@example.org", "p256", issuer=head), *links)) <= {"untrusted", "path-too-complex"}
        assert work.accepted == work.careful == 0
        assert sum(work.signatures) <= DEFAULT_LIMITS.path_candidates

    @pytest.mark.parametrize("key", ["p256", "p521", "ed448"])
    def test_authorities_that_certified_each_other_in_a_circle(self, work: Work, key: str) -> None:
        keys = [private_key(key, 1000 + index) for index in range(50)]
        heads = [PKI.authority("Everybody CA", key=one) for one in keys]
        links = [PKI.authority("Everybody CA", issuer=head, key=keys[(index + 1) % 50]) for index, head in enumerate(heads)]
        who = PKI.person("A", "a@example.org", "p256", issuer=heads[0])
        verdict = validate(who, *heads, *links)
        assert codes(verdict) == {"path-too-complex"}
        assert sum(work.signatures) <= DEFAULT_LIMITS.path_candidates
        # three steps down the circle one of them was certified by the root
        way = PKI.authority("Everybody CA", issuer=PKI.root, key=keys[-1 if key == "p521" else -3])
        assert validate(who, *heads, *links, way).trusted

    def test_a_verdict_does_not_depend_on_what_is_remembered(self) -> None:
        head = PKI.authority("Flood CA", key=private_key("p256", 901))
        flood = [PKI.authority("Flood CA", key=private_key("p256", 1000 + index % 40)) for index in range(200)]
        who = PKI.person("A", "a@example.org", "p256", issuer=head)
        assert [codes(validate(who, *flood)) for _ in range(3)] == [{"path-too-complex"}] * 3

    def test_a_chain_behind_a_pile_of_others(self, work: Work) -> None:
        pile = [PKI.authority(f"Else {index}", key=private_key("p256", 901)) for index in range(400)]
        who = PKI.person("A", "a@example.org", "p256")
        before = [Certificate.of(der(one)) for one in (who, *who.chain)]
        assert validate(who, *pile, *who.chain).trusted
        assert len(before) == 2
        assert work.accepted == 1
        assert not work.signatures

    def test_certificates_are_read_if_a_path_may_need_them(self) -> None:
        pile = [der(PKI.authority(f"Else {index}", key=private_key("p256", 901))) for index in range(20)]
        budget = Budget(100)
        brought = message_certificates.MessageCertificates([*pile, b"junk", der(PKI.intermediate)], DEFAULT_LIMITS, budget)
        intermediate = Certificate.of(der(PKI.intermediate))
        assert brought.named(intermediate.subject_raw) == [intermediate]
        assert brought.seen == [intermediate]
        assert brought.named(intermediate.subject_raw, hint=b"another identifier") == []
        assert budget.left >= 97
        assert brought.alike(intermediate.subject_raw) == []
        assert len(brought.seen) == 21

    def test_nothing_is_read_that_is_not_paid(self) -> None:
        budget = Budget(1)
        brought = message_certificates.MessageCertificates([der(PKI.intermediate)], DEFAULT_LIMITS, budget)
        assert brought.named(Certificate.of(der(PKI.intermediate)).subject_raw) == []
        assert budget.exhausted

    @pytest.mark.parametrize("kind", ["p384", "p521", "brainpoolp512r1", "mldsa87", "ed448", "rsa4096"])
    def test_dear_keys_of_real_chains_are_within_the_budget(self, kind: str) -> None:
        root = PKI.authority(f"{kind} root", key=private_key(kind, 930))
        above = PKI.authority(f"{kind} policy", issuer=root, key=private_key(kind, 931))
        issuer = PKI.authority(f"{kind} CA", issuer=above, key=private_key(kind, 932))
        who = PKI.person("A", "a@example.org", kind, issuer=issuer)
        assert validate(who, issuer, above, anchors=[root.certificate]).trusted


class TestBadPaths:
    def bad(self, **options: Any) -> tuple[Person, list[Authority]]:
        bridge = PKI.authority("Bridge CA", issuer=PKI.root, key=private_key("p256", 940))
        middle = [PKI.authority("Twice CA", issuer=bridge, key=private_key("p256", 941), **options) for _ in range(24)]
        return PKI.person("A", "a@example.org", "p256", issuer=middle[0]), [*middle, bridge]

    @pytest.mark.parametrize(
        ("options", "code"),
        [
            ({"not_after": NOW - DAY}, "expired"),
            ({"ca": False}, "path-invalid"),
            ({"usage": ("digital_signature",)}, "path-invalid"),
            ({"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)]}, "path-invalid"),
            ({"extensions": [(x509.NameConstraints(None, [x509.RFC822Name("example.org")]), True)]}, "path-invalid"),
        ],
        ids=["expired", "no authority", "no signatures on certificates", "critical", "constraints"],
    )
    def test_what_is_plain_needs_no_engine(self, work: Work, options: dict[str, Any], code: str) -> None:
        who, extra = self.bad(**options)
        verdict = validate(who, *extra)
        assert code in codes(verdict)
        assert codes(verdict) <= {code, "path-too-complex"}
        assert work.accepted == work.careful == 0
        if "extensions" in options and options["extensions"][0][0].oid == x509.NameConstraints.oid:
            return
        # what can be seen of an authority alone decides who is tried first, so that a good one among them is found
        good = PKI.authority("Twice CA", issuer=extra[-1], key=private_key("p256", 941))
        assert validate(who, *extra, good).trusted

    def test_a_path_longer_than_allowed_needs_no_engine(self, work: Work) -> None:
        short = PKI.authority("Short CA", issuer=PKI.root, key=private_key("p256", 942), path_length=0)
        below = [PKI.authority("Below CA", issuer=short, key=private_key("p256", 943)) for _ in range(3)]
        verdict = validate(PKI.person("A", "a@example.org", "p256", issuer=below[0]), *below, short)
        assert codes(verdict) == {"path-invalid"}
        assert work.careful == 0

    def test_the_careful_engine_is_asked_a_few_times(self, work: Work) -> None:
        elsewhere = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Ailleurs, à côté")])
        who, extra = self.bad(extensions=[(x509.NameConstraints([x509.DirectoryName(elsewhere)], None), True)])
        verdict = validate(who, *extra)
        assert codes(verdict) == {"path-invalid", "path-too-complex"}
        assert 1 <= work.careful <= 2

    def test_directory_names_elsewhere_need_no_engine(self, work: Work) -> None:
        elsewhere = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Elsewhere")])
        who, extra = self.bad(extensions=[(x509.NameConstraints([x509.DirectoryName(elsewhere)], None), True)])
        assert codes(validate(who, *extra)) <= {"path-invalid", "path-too-complex"}
        assert work.accepted == work.careful == 0

    def test_it_is_asked_once_more_at_most(self, work: Work) -> None:
        bridge = PKI.authority("Bridge CA", issuer=PKI.root, key="p256")
        middle = [PKI.authority("Twice CA", issuer=bridge, key=private_key("p256", 941)) for _ in range(4)]
        who = PKI.person("A", "a@example.org", "p256", issuer=middle[0])
        policy = RFC8551.replace(explicit_policy=True, acceptable_policies=frozenset({"1.2.3.4"}))
        assert codes(validate(who, *middle, bridge, policy=policy)) == {"policy-not-acceptable", "path-too-complex"}
        assert work.careful == 2

    def test_candidates_are_ranked_by_what_is_remembered_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        keys = [private_key("p256", 1000 + index) for index in range(20)]
        heads = [PKI.authority("Everybody CA", key=one) for one in keys]
        links = [PKI.authority("Everybody CA", issuer=head, key=keys[(index + 1) % 20]) for index, head in enumerate(heads)]
        asked: list[Certificate] = []
        promise = search.PathSearch._promise

        def counting(self: Any, candidate: Certificate) -> Any:
            asked.append(candidate)
            return promise(self, candidate)

        monkeypatch.setattr(search.PathSearch, "_promise", counting)
        validate(PKI.person("A", "a@example.org", "p256", issuer=heads[0]), *heads, *links)
        assert len(asked) == len(set(asked)) > 2


class TestSize:
    def test_policies_that_explode(self, work: Work) -> None:
        oids = [f"1.2.3.4.{number}" for number in range(40)]
        pairs = writer.sequence(*(writer.sequence(writer.oid(a), writer.oid(b)) for a in oids for b in oids))
        listed = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids])
        mapping = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), pairs)
        issuer = PKI.authority("Mapping CA", issuer=PKI.root, extensions=[(listed, False), (mapping, False)])
        policy = RFC8551.replace(explicit_policy=True)
        assert codes(validate(PKI.person("A", "a@example.org", "p256", issuer=issuer, policies=oids), issuer, policy=policy)) == {
            "path-too-complex"
        }

    def test_names_and_constraints_in_tens_of_thousands(self, work: Work) -> None:
        trees = [x509.RFC822Name(f"h{number}.example") for number in range(10_000)]
        issuer = PKI.authority("Constraining CA", issuer=PKI.root, extensions=[(x509.NameConstraints(None, trees), True)])
        who = PKI.person("A", None, "p256", issuer=issuer, addresses=[f"m{number}@example.com" for number in range(10_000)])
        assert codes(validate(who, issuer)) == {"path-too-complex"}
        assert work.accepted == work.careful == 0
        assert Certificate.of(der(who)).addresses == ()

    def test_large_certificates_are_dear(self, work: Work) -> None:
        who = PKI.person("A", None, "p256", addresses=[f"m{number}@example.com" for number in range(10_000)])
        assert codes(validate(who, *who.chain)) == {"path-too-complex"}
        wide = x509.SubjectAlternativeName([x509.RFC822Name(f"m{number}@example.com") for number in range(1_200)])
        issuer, chain = PKI.root, []
        for number in range(6):
            issuer = PKI.authority(f"Wide {number}", issuer=issuer, key=private_key("p256", 960), extensions=[(wide, False)])
            chain.append(issuer)
        assert len(der(issuer)) > 16_384
        assert codes(validate(PKI.person("A", "a@example.org", "p256", issuer=issuer), *chain)) == {"path-too-complex"}
        assert work.accepted == work.careful == 0

    def test_one_large_certificate_is_read(self) -> None:
        who = PKI.person("A", None, "p256", addresses=[f"m{number}@example.com" for number in range(1_200)])
        assert len(der(who)) > 16_384
        assert validate(who, *who.chain).trusted
        large = PKI.person("A", None, "p256", addresses=[f"m{number}@example.com" for number in range(10_000)], self_signed=True)
        assert validate(large, anchors=[large.certificate]).trusted

    def test_a_hundred_constraints_on_a_few_names(self) -> None:
        trees = [x509.RFC822Name(f"h{number}.example") for number in range(300)]
        issuer = PKI.authority("Constraining CA", issuer=PKI.root, extensions=[(x509.NameConstraints(trees, None), True)])
        assert validate(PKI.person("A", "a@h200.example", "p256", issuer=issuer), issuer).trusted
        assert codes(validate(PKI.person("A", "a@h300.example", "p256", issuer=issuer), issuer)) == {"path-invalid"}


class TestRevocation:
    def lists(self, count: int, issuer: Authority | None = None, **options: Any) -> list[bytes]:
        return [
            PKI.crl(issuer, this_update=NOW - timedelta(hours=1 + number), **options).public_bytes(Encoding.DER) for number in range(count)
        ]

    def test_few_of_many_lists_are_looked_at(self, work: Work) -> None:
        who = PKI.person("A", "a@example.org", "p256")
        forger = Authority(PKI.intermediate.certificate, private_key("p256", 950), PKI.root)
        verdict = validate(who, *who.chain, crls=self.lists(60, forger))
        assert verdict.trusted
        assert verdict.revocation is Revocation.UNKNOWN
        assert work.lists <= DEFAULT_LIMITS.revocation_candidates

    def test_lists_of_the_store_are_not_crowded_out(self) -> None:
        who = PKI.person("A", "a@example.org", "p256")
        forger = Authority(PKI.intermediate.certificate, private_key("p256", 950), PKI.root)
        store = TrustStore(PKI.anchors, crls=[*self.lists(40), PKI.crl(revoked=[who]), PKI.crl(PKI.root)])
        octets = tuple(map(der, (who, *who.chain)))
        verdict = store.validate(Certificate.of(octets[0]), extra=octets, crls=self.lists(60, forger), at=NOW, policy=RFC8551)
        assert codes(verdict) == {"revoked"}

    def test_the_right_list_behind_many_of_others(self) -> None:
        others = [PKI.authority(f"Other {number}", key=private_key("p256", 951)) for number in range(40)]
        who = PKI.person("A", "a@example.org", "p256")
        crls = [PKI.crl(other).public_bytes(Encoding.DER) for other in others]
        verdict = validate(who, *who.chain, crls=[*crls, PKI.crl(revoked=[who]).public_bytes(Encoding.DER)])
        assert codes(verdict) == {"revoked"}

    def test_few_of_many_responses_are_looked_at(self) -> None:
        who, other = PKI.person("A", "a@example.org", "p256"), PKI.person("B", "b@example.org", "p256")
        noise = [PKI.ocsp(other, this_update=NOW - timedelta(hours=n), next_update=NOW + DAY) for n in range(1, 40)]
        pile = selection.RevocationPile((), (), (), [*noise, PKI.ocsp(who)], RFC8551)
        path = tuple(Certificate.of(der(one)) for one in (who, PKI.intermediate, PKI.root))
        assert pile.about(path).ocsps == [PKI.ocsp(who)] or len(pile.about(path).ocsps) == 1
        about_other = (Certificate.of(der(other)), *path[1:])
        assert len(pile.about(about_other).ocsps) == 2
        assert codes(validate(who, *who.chain, ocsps=[*noise, PKI.ocsp(who, revoked=NOW - DAY)])) == {"revoked"}

    def test_what_is_too_large_is_left_out_and_never_good(self, work: Work) -> None:
        who = PKI.person("A", "a@example.org", "p256")
        others = [PKI.person(f"B{number}", "b@example.org", "p256") for number in range(20)]
        small = [PKI.crl(PKI.root).public_bytes(Encoding.DER), PKI.crl().public_bytes(Encoding.DER)]
        large = PKI.crl(revoked=others).public_bytes(Encoding.DER)
        size = sum(map(len, small)) + 100
        policy = RFC8551.replace(limits=DEFAULT_LIMITS.replace(revocation_size=size))
        assert validate(who, *who.chain, crls=small, policy=policy).revocation is Revocation.GOOD
        work.lists = 0
        for crls in ([large], [*small, large], [large, *small]):
            verdict = validate(who, *who.chain, crls=crls, policy=policy)
            assert verdict.trusted
            assert verdict.revocation is Revocation.UNKNOWN
            assert any("larger than is looked at" in entry.why for entry in verdict.unchecked)
            assert codes(validate(who, *who.chain, crls=crls, policy=policy.replace(revocation="require"))) == {"revocation-required"}
        assert large not in lists_._lists
        # a list of the store is as large as it likes
        store = TrustStore(PKI.anchors, crls=[*small, PKI.crl(revoked=[who, *others])])
        octets = tuple(map(der, (who, *who.chain)))
        assert codes(store.validate(Certificate.of(octets[0]), extra=octets, at=NOW, policy=policy)) == {"revoked"}

    def test_large_lists_of_others_do_not_matter(self) -> None:
        other = PKI.authority("Another CA", key=private_key("p256", 951))
        who = PKI.person("A", "a@example.org", "p256")
        small = [PKI.crl(PKI.root).public_bytes(Encoding.DER), PKI.crl().public_bytes(Encoding.DER)]
        large = PKI.crl(other, revoked=[PKI.person("B", "b@example.org", "p256")]).public_bytes(Encoding.DER)
        policy = RFC8551.replace(limits=DEFAULT_LIMITS.replace(revocation_size=sum(map(len, small)) + 100))
        assert validate(who, *who.chain, crls=[large, b"junk" * 200, *small], policy=policy).revocation is Revocation.GOOD

    def test_large_responses_are_left_out(self) -> None:
        who = PKI.person("A", "a@example.org", "p256")
        lists = [PKI.crl(PKI.root).public_bytes(Encoding.DER), PKI.crl().public_bytes(Encoding.DER)]
        response = PKI.ocsp(who, revoked=NOW - DAY)
        assert codes(validate(who, *who.chain, crls=lists, ocsps=[response])) == {"revoked"}
        policy = RFC8551.replace(limits=DEFAULT_LIMITS.replace(revocation_size=len(response) - 1))
        assert validate(who, *who.chain, ocsps=[response], policy=policy).revocation is Revocation.UNKNOWN
        store = TrustStore(PKI.anchors, crls=lists)
        octets = tuple(map(der, (who, *who.chain)))
        verdict = store.validate(Certificate.of(octets[0]), extra=octets, ocsps=[response], at=NOW, policy=policy)
        assert verdict.revocation is Revocation.UNKNOWN

    def test_lists_for_a_part_of_the_path_need_no_engine(self, work: Work) -> None:
        who = PKI.person("A", "a@example.org", "p256")
        verdict = validate(who, *who.chain, crls=self.lists(60))
        assert verdict.trusted
        assert verdict.revocation is Revocation.UNKNOWN
        (found,) = (found for found in verdict.findings if found.code == "revocation-unknown")
        assert found.data["subjects"] == [Certificate.of(der(PKI.intermediate)).subject]
        assert work.careful == 0

    def test_a_list_is_asked_before_and_after_it_was_taken_apart(self) -> None:
        alice, bob = PKI.person("A", "a@example.org", "p256"), PKI.person("B", "b@example.org", "p256")
        found = lists_.RevocationList(PKI.crl(revoked=[bob]).public_bytes(Encoding.DER))
        for _ in range(10):
            assert found.entry(Certificate.of(der(alice))) is None
            assert found.entry(Certificate.of(der(bob))).serial_number == bob.certificate.serial_number


def test_names_of_kilobytes_are_compared_as_octets() -> None:
    def name(text: str, count: int) -> bytes:
        one = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, f"{text} {number}") for number in range(count)])
        return one.public_bytes()

    assert names.comparable(name("unit", 5)) == names.comparable(name("UNIT", 5))
    assert names.comparable(name("unit", 200)) != names.comparable(name("UNIT", 200))
    assert names.comparable(name("unit", 200)) == names.comparable(name("unit", 200))


def test_more_extensions_than_are_read_need_no_engine(work: Work) -> None:
    many = [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.4.{number}"), b"\x05\x00"), False) for number in range(1_000)]
    who = PKI.person("A", "a@example.org", "p256", extensions=many)
    assert codes(validate(who, *who.chain)) == {"malformed-certificate", "path-invalid"}
    assert work.accepted == work.careful == 0


def test_what_a_response_says_is_kept_though_nothing_is_left_for_another_path() -> None:
    who = PKI.person("A", "a@example.org", "p256")
    revoked = PKI.ocsp(who, revoked=NOW - DAY)
    for units in range(60, 141, 10):
        verdict = validate(who, *who.chain, ocsps=[revoked], policy=RFC8551.replace(limits=DEFAULT_LIMITS.replace(path_candidates=units)))
        assert codes(verdict) in ({"revoked"}, {"revoked", "path-too-complex"})
    least = RFC8551.replace(limits=DEFAULT_LIMITS.replace(path_candidates=30))
    assert codes(validate(who, *who.chain, ocsps=[revoked], policy=least)) == {"path-too-complex"}
