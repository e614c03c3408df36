"""What hostile certificates cost a verifier: `python -m bench.paths` writes bench/PATHS.md.

Each case is what a message brings, met for the first time: every cache is emptied before, but for what a store knows of its own anchors.
Measured is what `smime.verify` calls for trust in a signer. The price is in processor time and in multiples of a raw RSA-2048
verification, measured just before and after, since machines differ by a factor of three, and a shared one does from minute to minute. The
bar of 4 ms was set where such a verification takes 20 µs: it is 200 of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from bench import raw
from bench.measure import machine, pin
from bench.people import person, pki
from bench.rows import microseconds
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import smime
from smime.asn1 import writer
from smime.pki import effort
from smime.pki.path import asn1_objects, constraints
from smime.pki.revocation import lists as lists_
from smime.pki.revocation import responses
from smime.pki.sender import match_sender
from smime.pki.throwaway import Authority, Person, private_key
from smime.policy import Policy
from smime.x509 import certificate, extensions, issued, names
from smime.x509.certificate import Certificate

BAR = 4_000.0  # microseconds
RATIO_BAR = BAR / raw.DESIGN
ROUNDS = 9
NOW = datetime.now(timezone.utc)
USUAL = smime.policies.RFC8551
POLICIES = USUAL.replace(explicit_policy=True, acceptable_policies=frozenset({"1.2.3.4"}))


@dataclass
class Case:
    """What somebody sends.

    Attributes:
        who: the signer.
        extra: certificates beside his.
        anchors: whom the store trusts; default is the usual root.
    """

    who: Person | x509.Certificate | bytes
    extra: Sequence[Any] = ()
    policy: Policy = USUAL
    crls: Sequence[bytes] = ()
    ocsps: Sequence[bytes] = ()
    anchors: Sequence[x509.Certificate] = field(default_factory=lambda: pki().anchors)


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[(make.__doc__ or "").rstrip(".")] = make
    return make


def _octets(thing: Any) -> bytes:
    if isinstance(thing, bytes):
        return thing
    found: bytes = getattr(thing, "certificate", thing).public_bytes(Encoding.DER)
    return found


_numbers = iter(range(1_000_000))


def _person(issuer: Authority | None = None, key: str = "p256", **options: Any) -> Person:
    number = next(_numbers)
    options.setdefault("address", f"h{number}@example.org")
    return pki().person(f"Hostile {number}", options.pop("address"), private_key(key, 900), issuer=issuer, **options)


@lru_cache(maxsize=1)
def _bridge() -> Authority:
    """Return an authority below the root that issues whatever it likes."""
    return pki().authority("Bridge CA", issuer=pki().root, key="p256")


# -- what there is no path for --


@case
def _ordinary() -> Case:
    """An ordinary sender, for comparison."""
    who = _person(key="rsa2048")
    return Case(who, who.chain)


@case
def _two_of_one_name_and_key() -> Case:
    """Two authorities of one name and key, not trusted."""
    head = pki().authority("Same CA", key=private_key("p256", 901))
    return Case(_person(head), [pki().authority("Same CA", issuer=head, key=head.private_key) for _ in range(2)])


@case
def _sixteen_of_one_name_and_key() -> Case:
    """Sixteen authorities of one name and P-521 key, not trusted."""
    head = pki().authority("Same CA", key=private_key("p521", 901))
    return Case(_person(head), [pki().authority("Same CA", issuer=head, key=head.private_key) for _ in range(16)])


def _web(kind: str, count: int, way: bool = False) -> Case:
    keys = [private_key(kind, 1000 + index) for index in range(count)]
    heads = [pki().authority("Everybody CA", key=key) for key in keys]
    links = [pki().authority("Everybody CA", issuer=head, key=keys[(index + 1) % count]) for index, head in enumerate(heads)]
    more = [pki().authority("Everybody CA", issuer=pki().root, key=keys[-3])] if way else []
    return Case(_person(heads[0]), [*heads, *links, *more])


@case
def _crossed() -> Case:
    """Fifty authorities of one name that certified each other in a circle, not trusted."""
    return _web("p256", 50)


@case
def _crossed_with_a_way() -> Case:
    """The same, one of them by the root: there is a path."""
    return _web("p256", 50, way=True)


@case
def _crossed_521() -> Case:
    """Thirty authorities of one name that certified each other, with P-521 keys."""
    return _web("p521", 30)


@case
def _crossed_384() -> Case:
    """Thirty authorities of one name that certified each other, with P-384 keys."""
    return _web("p384", 30)


@case
def _crossed_mldsa() -> Case:
    """Thirty authorities of one name that certified each other, with ML-DSA-87 keys."""
    return _web("mldsa87", 30)


@case
def _crossed_ed448() -> Case:
    """Thirty authorities of one name that certified each other, with Ed448 keys."""
    return _web("ed448", 30)


@case
def _crossed_dsa() -> Case:
    """Authorities of one name with a DSA key of 3072 bits."""
    head = pki().authority("DSA CA", key=private_key("dsa3072", 901))
    return Case(_person(head), [pki().authority("DSA CA", issuer=head, key=private_key("dsa3072", 901 + n % 3)) for n in range(30)])


@case
def _big_rsa() -> Case:
    """Authorities of one name with RSA keys of 8192 bits."""
    keys = [private_key("rsa8192", 901 + n) for n in range(2)]
    head = pki().authority("Big CA", key=keys[0])
    return Case(_person(head), [pki().authority("Big CA", issuer=head, key=keys[n % 2]) for n in range(20)])


@case
def _flood() -> Case:
    """A thousand authorities with the name of the issuer and other keys."""
    head = pki().authority("Flood CA", key=private_key("p256", 901))
    return Case(_person(head), [pki().authority("Flood CA", key=private_key("p256", 1000 + n % 40)) for n in range(990)])


@case
def _flood_of_same_identifier() -> Case:
    """Nine hundred authorities with name and key of the issuer."""
    head = pki().authority("Flood CA", key=private_key("p256", 901))
    return Case(_person(head), [pki().authority("Flood CA", issuer=head, key=head.private_key) for _ in range(900)])


@case
def _pile() -> Case:
    """A thousand certificates that have nothing to do with it, and a good chain behind them."""
    who = _person()
    others = [pki().authority(f"Else {n}", key=private_key("p256", 901)) for n in range(990)]
    return Case(who, [*others, *who.chain])


@case
def _pile_without_a_way() -> Case:
    """A thousand certificates of other names, and no chain."""
    head = pki().authority("Unknown CA", key=private_key("p256", 901))
    return Case(_person(head), [pki().authority(f"Else {n}", key=head.private_key) for n in range(990)])


@case
def _long() -> Case:
    """A chain of forty authorities down from the root."""
    issuer, chain = pki().root, []
    for number in range(40):
        issuer = pki().authority(f"Level {number}", issuer=issuer, key=private_key("p256", 910 + number % 2))
        chain.append(issuer)
    return Case(_person(issuer), chain)


@case
def _long_names() -> Case:
    """A chain of names of sixteen kilobytes."""
    issuer, chain = pki().root, []
    for number in range(6):
        issuer = pki().authority(f"{number}" + "x" * 60, issuer=issuer, key=private_key("p256", 910 + number % 2))
        attributes = [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, f"unit {number} {index}") for index in range(600)]
        made = _renamed(issuer, chain[-1] if chain else pki().root, x509.Name(attributes))
        issuer = Authority(made, issuer.private_key, issuer.issuer)
        chain.append(issuer)
    return Case(_person(issuer), chain)


def _renamed(authority: Authority, issuer: Authority, subject: x509.Name) -> x509.Certificate:
    old = authority.certificate
    builder = x509.CertificateBuilder(
        issuer_name=issuer.certificate.subject,
        subject_name=subject,
        public_key=old.public_key(),
        serial_number=next(_numbers) + 1,
        not_valid_before=old.not_valid_before_utc,
        not_valid_after=old.not_valid_after_utc,
        extensions=list(old.extensions),
    )
    return builder.sign(issuer.private_key, hashes.SHA256())


# -- paths that reach the root, and are bad --


def _bad_paths(count: int = 24, key: str = "p256", **options: Any) -> Case:
    """Return a case in which an authority has many certificates, all of which lead to the root, and none is good."""
    shared = private_key(key, 920)
    middle = [pki().authority("Twice CA", issuer=_bridge(), key=shared, **options) for _ in range(count)]
    return Case(_person(middle[0]), [*middle, _bridge()])


@case
def _expired_paths() -> Case:
    """Twenty-four paths to the root, all expired."""
    return _bad_paths(not_after=NOW - timedelta(days=1))


@case
def _no_authorities() -> Case:
    """Twenty-four paths to the root through certificates of no authority."""
    return _bad_paths(ca=False)


@case
def _critical() -> Case:
    """Twenty-four paths to the root through critical extensions of no meaning."""
    return _bad_paths(extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)])


@case
def _excluded_mail() -> Case:
    """Twenty-four paths to the root with mail addresses excluded."""
    return _bad_paths(extensions=[(x509.NameConstraints(None, [x509.RFC822Name("example.org")]), True)])


def _elsewhere(where: str = "Elsewhere") -> tuple[x509.ExtensionType, bool]:
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, where)])
    return x509.NameConstraints([x509.DirectoryName(name)], None), True


@case
def _directory_names() -> Case:
    """Twenty-four paths to the root with directory names elsewhere."""
    return _bad_paths(extensions=[_elsewhere()])


@case
def _foreign_directory_names() -> Case:
    """Twenty-four paths to the root with directory names elsewhere beyond ASCII, which only the careful engine sees."""
    return _bad_paths(extensions=[_elsewhere("Ailleurs, à côté")])


@case
def _directory_names_521() -> Case:
    """The same with P-521 keys."""
    return _bad_paths(key="p521", extensions=[_elsewhere("Ailleurs, à côté")])


@case
def _policies_missing() -> Case:
    """Twenty-four paths to the root, none of them with the policy that is asked for."""
    found = _bad_paths()
    found.policy = POLICIES
    return found


# -- paths that are dear to validate --


@case
def _expired() -> Case:
    """One path, expired."""
    who = _person(expired=True)
    return Case(who, who.chain)


@case
def _asked_policies() -> Case:
    """One good path, and certificate policies asked for."""
    who = _person(policies=["1.2.3.4"])
    issuer = pki().authority("Policy CA", issuer=pki().root, extensions=[(_policies(1), False)])
    who = _person(issuer, policies=["1.2.3.4"])
    return Case(who, who.chain, POLICIES)


def _policies(count: int) -> x509.CertificatePolicies:
    oids = ["1.2.3.4", *(f"1.2.3.4.{index}" for index in range(count - 1))]
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids])


@case
def _good_384() -> Case:
    """One good path of P-384 keys."""
    return _good("p384")


@case
def _good_mldsa() -> Case:
    """One good path of ML-DSA-87 keys."""
    return _good("mldsa87")


@case
def _good_brainpool() -> Case:
    """One good path of brainpoolP512r1 keys."""
    return _good("brainpoolp512r1")


def _good(kind: str) -> Case:
    root = pki().authority(f"{kind} root", key=private_key(kind, 930))
    issuer = pki().authority(f"{kind} CA", issuer=root, key=private_key(kind, 931))
    return Case(_person(issuer, kind), [issuer], anchors=[root.certificate])


@case
def _constraints() -> Case:
    """Ten thousand name constraints and ten thousand names."""
    trees = [x509.RFC822Name(f"h{number}.example") for number in range(10_000)]
    issuer = pki().authority("Constraining CA", issuer=pki().root, extensions=[(x509.NameConstraints(None, trees), True)])
    addresses = [f"m{number}@example.com" for number in range(10_000)]
    return Case(_person(issuer, address=None, addresses=addresses), [issuer])


@case
def _some_constraints() -> Case:
    """Thirty name constraints of every kind and thirty names."""
    trees: list[x509.GeneralName] = [x509.RFC822Name(f"h{number}.example") for number in range(10)]
    trees += [x509.DNSName(f"h{number}.example") for number in range(10)]
    trees += [x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, f"Else {number}")])) for number in range(10)]
    issuer = pki().authority("Constraining CA", issuer=pki().root, extensions=[(x509.NameConstraints(None, trees), True)])
    return Case(_person(issuer, address=None, addresses=[f"m{number}@example.com" for number in range(30)]), [issuer])


@case
def _names() -> Case:
    """Ten thousand names and no constraint."""
    who = _person(address=None, addresses=[f"m{number}@example.com" for number in range(10_000)])
    return Case(who, who.chain)


@case
def _many_extensions() -> Case:
    """Five thousand extensions."""
    many = [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.4.{number}"), b"\x05\x00"), False) for number in range(5_000)]
    who = _person(extensions=many)
    return Case(who, who.chain)


@case
def _many_purposes() -> Case:
    """Five thousand purposes of a key."""
    who = _person(eku=[f"1.2.3.4.{number}" for number in range(5_000)])
    return Case(who, who.chain)


def _mappings(count: int, levels: int, policies: int) -> Case:
    oids = [f"1.2.3.4.{number}" for number in range(count)]
    pairs = [writer.sequence(writer.oid(a), writer.oid(b)) for a in oids for b in oids]
    mapping = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), writer.sequence(*pairs))
    listed = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids[:policies]])
    issuer, chain = pki().root, []
    for number in range(levels):
        issuer = pki().authority(
            f"Mapping {number}", issuer=issuer, key=private_key("p256", 940 + number), extensions=[(listed, False), (mapping, False)]
        )
        chain.append(issuer)
    return Case(_person(issuer, policies=oids[:policies]), chain, POLICIES)


@case
def _exploding_policies() -> Case:
    """Forty policies mapped to forty, through six authorities."""
    return _mappings(40, 6, 40)


@case
def _some_policies() -> Case:
    """Eight policies mapped to eight, through six authorities."""
    return _mappings(8, 6, 8)


# -- revocation that a message brings --


@case
def _ocsp() -> Case:
    """One OCSP response."""
    who = _person()
    return Case(who, who.chain, ocsps=[pki().ocsp(who, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(hours=1))])


@case
def _many_ocsps() -> Case:
    """Three hundred OCSP responses about the signer, of another time."""
    who = _person()
    old = [pki().ocsp(who, this_update=NOW - timedelta(days=30, hours=n), next_update=NOW - timedelta(days=20)) for n in range(300)]
    return Case(who, who.chain, ocsps=old)


def _list(issuer: Authority, **options: Any) -> bytes:
    found: bytes = pki().crl(issuer, **options).public_bytes(Encoding.DER)
    return found


@case
def _many_lists() -> Case:
    """Three hundred revocation lists of the issuer, all of them forged."""
    who = _person()
    forger = Authority(pki().intermediate.certificate, private_key("rsa2048", 950), pki().root)
    lists = [_list(forger, this_update=NOW - timedelta(hours=n)) for n in range(300)]
    return Case(who, who.chain, crls=lists)


@case
def _many_true_lists() -> Case:
    """Three hundred revocation lists of the issuer, all of them good."""
    who = _person()
    lists = [_list(pki().intermediate, this_update=NOW - timedelta(hours=n)) for n in range(300)]
    return Case(who, who.chain, crls=lists)


class _Numbered:
    def __init__(self, number: int) -> None:
        self.serial_number = number
        self.certificate = self


@case
def _big_list() -> Case:
    """A forged revocation list of a hundred thousand entries."""
    who = _person()
    forger = Authority(pki().intermediate.certificate, private_key("rsa2048", 950), pki().root)
    return Case(who, who.chain, crls=[_list(forger, revoked=[_Numbered((1 << 100) + n) for n in range(100_000)])])


@case
def _two_lists() -> Case:
    """Two revocation lists."""
    who = _person()
    return Case(who, who.chain, crls=[_list(pki().intermediate), _list(pki().root)])


@case
def _special_lists() -> Case:
    """The same, one of them for people's certificates alone and of three thousand entries."""
    who = _person()
    for_people = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    revoked = [_Numbered((1 << 100) + n) for n in range(3_000)]
    return Case(who, who.chain, crls=[_list(pki().intermediate, revoked=revoked, extensions=[(for_people, True)]), _list(pki().root)])


# -- measuring --


def forget() -> None:
    """Empty every cache that outlives a verdict."""
    for cache in (issued._signatures, certificate._cache, lists_._lists, responses._responses):
        cache.clear()
    remembering = (
        names.comparable,
        names.plain,
        constraints._read,
        effort.signature_effort,
        asn1_objects.comparable,
        asn1_objects._usages,
        extensions.usages,
    )
    for remembered in remembering:
        remembered.cache_clear()


@dataclass(frozen=True)
class Measured:
    """One row: seconds a verdict, how many raw verifications that is, and the verdict."""

    what: str
    seconds: float
    ratio: float
    verdict: str

    @property
    def met(self) -> bool:
        return self.ratio <= RATIO_BAR


def measure(what: str, made: Case) -> Measured:
    octets = _octets(made.who)
    extra = [octets, *map(_octets, made.extra)]
    sender = (b"Somebody <somebody@example.org>",)
    known = person("rsa")
    verify_raw = raw.verification()
    samples: list[float] = []
    ratios: list[float] = []
    for _ in range(ROUNDS + 1):
        forget()
        store = smime.TrustStore(made.anchors)
        store.validate(Certificate.of_any(known.certificate), at=NOW, policy=made.policy)
        fresh = [bytes(bytearray(one)) for one in extra]  # octets whose hash nobody knows
        before = verify_raw()
        begin = time.thread_time()
        own = Certificate.of(fresh[0])
        verdict = store.validate(own, extra=fresh, crls=made.crls, ocsps=made.ocsps, at=NOW, policy=made.policy)
        match_sender(sender, (), own)
        samples.append(time.thread_time() - begin)
        ratios.append(2 * samples[-1] / (before + verify_raw()))
    codes = dict.fromkeys(found.code for found in verdict.findings if found.effect.value)
    said = "trusted" if verdict.trusted else ", ".join(codes)
    return Measured(what, median(samples[1:]), median(ratios[1:]), f"{said}; revocation {verdict.revocation.value}")


def measured(only: str = "") -> Iterator[Measured]:
    for what, make in CASES.items():
        if only in what:
            yield measure(what, make())


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what hostile certificates cost.")
    parser.add_argument("--only", default="", help="cases in whose description this stands")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("PATHS.md"))
    arguments = parser.parse_args()
    pin()
    verify_raw = raw.verification()
    unit = median(verify_raw() for _ in range(25))
    line = f"{machine()}; {NOW.date().isoformat()}; a raw RSA-2048 verification takes {microseconds(unit)}"
    print(line)
    lines = [
        "# What hostile certificates cost\n\n"
        "Written by `python -m bench.paths`, whose text says how; one pinned core, processor time, medians.\n"
        f"Every sender is met the first time. The bar is {microseconds(BAR / 1e6)} in any case, set where a raw RSA-2048\n"
        f"verification takes {raw.DESIGN:.0f} µs: {RATIO_BAR:.0f} of them. Each sample is taken between such\n"
        f"verifications, and the ratio is the median of theirs.\n\n{line}\n\n"
        "| what a message brings | cost | x raw | bar | verdict |\n| --- | --- | --- | --- | --- |\n"
    ]
    missed = 0
    for row in measured(arguments.only):
        missed += not row.met
        met = "met" if row.met else "missed"
        cells = (row.what, microseconds(row.seconds), f"{row.ratio:.0f}", met, row.verdict)
        print("  ".join(cells), flush=True)
        lines.append("| " + " | ".join(cells) + " |\n")
    if not arguments.only:
        arguments.output.write_text("".join(lines), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
