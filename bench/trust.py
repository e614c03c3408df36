"""What the trust in a signer costs beside his signature: path, time, usage, revocation and the sender's address.

A known signer is a matter of microseconds. One never seen before is told in raw RSA-2048 verifications, measured beside each: the bars of
400 µs and 4 ms were set where such a one takes 20 µs. Who certified him has certified somebody else before, unless it says otherwise.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import cycle
from typing import Any

from bench import raw
from bench.measure import Comparison, Timing, in_turn
from bench.people import person, pki
from bench.rows import Row, microseconds
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import smime
from smime.pki.sender import match_sender
from smime.pki.throwaway import Person, ThrowawayPKI
from smime.policy import Policy
from smime.x509.certificate import Certificate

UNSEEN = 100
_SERIALS = 100_000


def _row(what: str, timing: Timing, bar: float, about: str) -> Row:
    text = f"{microseconds(timing.median)} ({microseconds(timing.best)})"
    return Row(what, text, about, timing.median * 1e6, bar, unit="µs")


def _rated(what: str, found: Comparison, bar: float, about: str) -> Row:
    """Return a row about senders never seen before, whose bar in microseconds was set on the design's machine."""
    text = f"{microseconds(found.ours.median)} ({microseconds(found.ours.best)})"
    other = f"raw {microseconds(found.other.median)}"
    return Row(what, text, f"{other}; {about}" if about else other, found.ratio, bar / raw.DESIGN)


def _once_each(calls: Sequence[Callable[[], object]]) -> Comparison:
    """Time calls that each work only once, a raw verification before each; the first, which may import something, does not count.

    Garbage is collected once, before all of them, and then whenever it is anywhere, within a sample or not. A full collection before each
    would walk all that there is, so that what follows finds nothing in the processor's caches: no gateway does that between two messages.
    """
    calls[0]()
    verify_raw = raw.verification()
    units: list[float] = []
    samples: list[float] = []
    gc.collect()
    for call in calls[1:]:
        units.append(verify_raw())
        begin = time.thread_time()
        call()
        samples.append(time.thread_time() - begin)
    return Comparison(Timing(tuple(samples)), Timing(tuple(units)))


def _judge(trust: smime.TrustStore, who: Person, policy: Policy, **options: Any) -> Callable[[], object]:
    """Return the call that a verification makes, given what parsing has left."""
    octets = who.certificate.public_bytes(Encoding.DER)  # no `Certificate`, which would be remembered
    chain = tuple(certificate.public_bytes(Encoding.DER) for certificate in who.chain)
    sender = (f"{who.name} <{who.address}>".encode(),)
    at = datetime.now(timezone.utc)

    def judge() -> object:
        own = Certificate.of(octets)
        return trust.validate(own, extra=(octets, *chain), at=at, policy=policy, **options), match_sender(sender, (), own)

    return judge


def _unseen(
    made: ThrowawayPKI,
    trust: Callable[[], smime.TrustStore],
    policy: Policy,
    count: int = UNSEEN,
    *,
    authorities: bool = False,
    **options: Any,
) -> Comparison:
    """Judge people never seen before, each once, all of one known authority or each of one of his own."""
    people = []
    for number in range(count):
        if authorities:
            key = made.intermediate.private_key
            options["issuer"] = made.authority(f"Unseen CA {number}", issuer=made.root, key=key, path_length=0)
        people.append(made.person(f"unseen{number}", f"unseen{number}@example.org", person("rsa").private_key, **options))
    store = trust()
    store.validate(Certificate.of_any(person("rsa").certificate), at=datetime.now(timezone.utc), policy=policy)  # imports
    return _once_each([_judge(store, who, policy) for who in people])


def _crossed(count: int = 50) -> Comparison:
    """Fifty authorities of one name that certified each other with keys of their own, none of them known to the store."""
    made = ThrowawayPKI("Crossed", key="p256")
    name = "Everybody CA"
    authorities = [made.authority(name, key="p256") for _ in range(count)]
    others = [
        made.authority(name, issuer=issuer, key=authorities[(index + 1) % count].private_key) for index, issuer in enumerate(authorities)
    ]
    extra = [Certificate.of_any(authority.certificate).der for authority in (*authorities, *others)]
    people = [made.person(f"p{index}", f"p{index}@example.org", "p256", issuer=authorities[index]) for index in range(20)]
    trust, at = smime.TrustStore(pki().anchors), datetime.now(timezone.utc)
    leaves = [Certificate.of_any(who.certificate) for who in people]
    calls = [lambda own=own: trust.validate(own, extra=extra, at=at, policy=smime.policies.RFC8551) for own in leaves]
    return _once_each(calls)


def rows() -> Iterator[Row]:
    """Measure; yield a row as each is done."""
    usual = smime.policies.RFC8551
    trust = smime.TrustStore(pki().anchors)
    (timing,) = in_turn(_judge(trust, person("rsa"), usual), clock=time.thread_time)
    yield _row("trust, known sender", timing, 5, "certificate, path and address from memory")

    crls = [pki().crl(pki().root), pki().crl(revoked=_many())]
    listed = smime.TrustStore(pki().anchors, crls=crls)
    (timing,) = in_turn(_judge(listed, person("rsa"), usual), clock=time.thread_time)
    yield _row("trust, known sender, revocation looked up", timing, 5, f"a list of {_SERIALS} entries")

    yield _rated("trust, sender never seen before", _unseen(pki(), lambda: trust, usual), 400, f"{UNSEEN} senders, once each")
    require = usual.replace(revocation="require")
    found = _unseen(pki(), lambda: listed, require)
    yield _rated("the same, revocation required", found, 400, f"a list of {_SERIALS} entries, already read")

    anchors = _anchors(10_000)
    yield _rated("the same, among 10 000 anchors", _unseen(pki(), lambda: smime.TrustStore([*anchors, *pki().anchors]), usual), 400, "")

    found = _unseen(pki(), lambda: trust, usual, authorities=True)
    yield _rated("any: by an authority never seen before, either", found, 4_000, f"{UNSEEN} authorities")
    yield _rated("any: expired", _unseen(pki(), lambda: trust, usual, expired=True), 4_000, "every path is tried")
    policies = usual.replace(explicit_policy=True, acceptable_policies=frozenset({"1.2.3.4"}))
    yield _rated(
        "any: certificate policies asked for", _unseen(pki(), lambda: trust, policies, policies=["1.2.3.4"]), 4_000, "the careful engine"
    )
    yield _rated("any: an OCSP response", _ocsp(), 4_000, "the careful engine")
    yield _rated(
        "any: fifty authorities that certified each other", _crossed(), 4_000, "signatures of the certificates checked within a budget"
    )


def _many() -> list[Any]:
    class Numbered:
        def __init__(self, number: int) -> None:
            self.serial_number = number
            self.certificate = self

    return [Numbered(number) for number in range(1 << 100, (1 << 100) + _SERIALS)]


def _anchors(count: int) -> Sequence[x509.Certificate]:
    keys = [person("p256").private_key]
    made = ThrowawayPKI("Many", key="p256")
    return [made.authority(f"Root {number}", key=key).certificate for number, key in zip(range(count), cycle(keys), strict=False)]


def _ocsp() -> Comparison:
    trust = smime.TrustStore(pki().anchors)
    calls = []
    at = datetime.now(timezone.utc)
    for number in range(40):
        who = pki().person(f"asked{number}", f"asked{number}@example.org", person("rsa").private_key)
        response = pki().ocsp(who, this_update=at - timedelta(hours=1), next_update=at + timedelta(hours=1))
        calls.append(_judge(trust, who, smime.policies.RFC8551, ocsps=(response,)))
    return _once_each(calls)


if __name__ == "__main__":
    from bench.measure import machine, pin
    from bench.rows import cells

    pin()
    print(machine())
    for row in rows():
        print("  ".join(cell for cell in cells(row) if cell), flush=True)
