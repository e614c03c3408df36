"""What a store asks the network for: nothing unless it was told to, nothing for who did not sign, and each thing once."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from tests.hostile.builder import ENTITY, NOW
from tests.operations.signed.test_timestamps import TSA, signature_of, stamped, token
from tests.pki.test_fetch import LOOPBACK, says, server

import smime
from smime.pki import online
from smime.pki.fetch import FetchError, HTTPFetcher
from smime.pki.throwaway import Authority, Person, ThrowawayPKI
from smime.x509.certificate import Certificate

LISTS, RESPONDER, ISSUERS = "http://lists.example/", "http://ocsp.example", "http://issuers.example/"
BARE = smime.policies.RFC8551.replace(check_sender=False)
REQUIRE = BARE.replace(revocation="require")
PKI = ThrowawayPKI("Online", now=NOW)


def points(*urls: str) -> tuple[x509.CRLDistributionPoints, bool]:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)]), False


def access(**urls: str) -> tuple[x509.AuthorityInformationAccess, bool]:
    kinds = {"ocsp": AuthorityInformationAccessOID.OCSP, "issuers": AuthorityInformationAccessOID.CA_ISSUERS}
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(kinds[kind], x509.UniformResourceIdentifier(url)) for kind, url in urls.items()]
    ), False


@lru_cache(maxsize=1)
def issuing() -> Authority:
    """Return an authority whose own certificate has a list, too."""
    extensions = [points(LISTS + "root.crl"), access(issuers=ISSUERS + "root.cer")]
    return PKI.authority("Listed CA", issuer=PKI.root, path_length=0, extensions=extensions)


@lru_cache(maxsize=8)
def person(*kinds: str) -> Person:
    extensions = []
    if "list" in kinds:
        extensions.append(points("ldap://lists.example/cn=x", LISTS + "people.crl"))
    about = {kind: url for kind, url in (("ocsp", RESPONDER), ("issuers", ISSUERS + "issuing.cer")) if kind in kinds}
    if about:
        extensions.append(access(**about))
    return PKI.person(f"Somebody with {' '.join(kinds)}", "a@example.org", "p256", issuer=issuing(), extensions=extensions)


class Web:
    """A fetcher that has what it was given, and remembers what it was asked for."""

    def __init__(self, pages: dict[str, bytes | Callable[[str], bytes]]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        for prefix, page in self.pages.items():
            if url.startswith(prefix):
                return page(url) if callable(page) else page
        raise FetchError(url, "not there")


def crl(issuer: Authority, revoked: Iterable[Any] = (), *, pem: bool = False, **options: Any) -> bytes:
    return PKI.crl(issuer, revoked, **options).public_bytes(Encoding.PEM if pem else Encoding.DER)


def lists(revoked: Sequence[Any] = (), **options: Any) -> dict[str, Any]:
    return {LISTS + "people.crl": crl(issuing(), revoked, **options), LISTS + "root.crl": crl(PKI.root)}


def responder(revoked: Sequence[Person] = ()) -> Callable[[str], bytes]:
    """Return a responder that reads the question."""
    from base64 import b64decode

    def answer(url: str) -> bytes:
        question = ocsp.load_der_ocsp_request(b64decode(unquote(url.removeprefix(RESPONDER + "/"))))
        (who,) = [one for one in PKI.people if one.certificate.serial_number == question.serial_number]
        return PKI.ocsp(who, issuer=issuing(), revoked=NOW - timedelta(days=1) if who in revoked else None)

    return answer


def store(web: Web | None, **options: Any) -> smime.TrustStore:
    return smime.TrustStore(PKI.anchors, fetcher=web, **options)


def report(
    trust: smime.TrustStore, who: Person, *, change: bool = False, chain: bool = True, policy: smime.Policy = BARE
) -> smime.SignerReport:
    message = smime.sign(ENTITY, smime.Signer(who.private_key, who.certificate, who.chain if chain else ()), detached=False, encoding="der")
    if change:
        message = message.replace(b"100 Euro", b"900 Euro")
    layer = smime.unwrap(message, trust=trust, at=NOW, policy=policy).layers[0]
    assert isinstance(layer.report, smime.VerificationReport)
    return layer.report.signers[0]


def test_nothing_is_asked_unless_told_to() -> None:
    assert report(store(None), person("list", "ocsp")).revocation is smime.Revocation.UNKNOWN


def freshest(*urls: str) -> tuple[x509.FreshestCRL, bool]:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.FreshestCRL([x509.DistributionPoint(names, None, None, None)]), False


@lru_cache(maxsize=1)
def fresh_person() -> Person:
    """Return somebody whose certificate itself says where changes to the list stand."""
    extensions = [points(LISTS + "people.crl"), freshest(LISTS + "delta.crl")]
    return PKI.person("Somebody fresh", "a@example.org", "p256", issuer=issuing(), extensions=extensions)


def delta(revoked: Sequence[Any] = ()) -> bytes:
    return crl(issuing(), revoked, number=2, extensions=[(x509.DeltaCRLIndicator(1), True)], date=NOW - timedelta(hours=2))


class TestFreshest:
    """RFC 5280 sections 4.2.1.15 and 5.2.6: a list may say where its changes stand, and so may a certificate."""

    def pages(self, *, named_in_list: bool, revoked: Sequence[Any] = ()) -> dict[str, Any]:
        extensions = [freshest(LISTS + "delta.crl")] if named_in_list else []
        return {**lists(extensions=extensions), LISTS + "delta.crl": delta(revoked)}

    @pytest.mark.parametrize("named_in_list", [False, True])
    def test_revoked_since(self, named_in_list: bool) -> None:
        who = person("list") if named_in_list else fresh_person()
        web = Web(self.pages(named_in_list=named_in_list, revoked=[who]))
        found = report(store(web), who)
        assert LISTS + "delta.crl" in web.asked
        assert found.revocation is smime.Revocation.REVOKED
        assert found.verdict is not smime.Verdict.VALID

    @pytest.mark.parametrize("named_in_list", [False, True])
    def test_nothing_since(self, named_in_list: bool) -> None:
        web = Web(self.pages(named_in_list=named_in_list))
        found = report(store(web), person("list") if named_in_list else fresh_person(), policy=REQUIRE)
        assert found.revocation is smime.Revocation.GOOD
        assert web.asked.count(LISTS + "delta.crl") == 1

    def test_no_changes_to_be_had(self) -> None:
        """The list itself says that there is newer information, which nobody has seen."""
        pages = self.pages(named_in_list=True)
        del pages[LISTS + "delta.crl"]
        found = report(store(Web(pages)), person("list"), policy=REQUIRE)
        assert found.revocation is smime.Revocation.UNKNOWN
        assert any("delta.crl" in one.why for one in found.unchecked if one.what == "fetch")

    def test_a_complete_list_in_its_place(self) -> None:
        """What stands there instead of changes is no more than another list."""
        pages = {**self.pages(named_in_list=True), LISTS + "delta.crl": crl(issuing(), [person("list")], number=2)}
        assert report(store(Web(pages)), person("list")).revocation is smime.Revocation.REVOKED


def test_a_list_is_fetched_once() -> None:
    web = Web(lists())
    trust = store(web)
    for _ in range(3):
        signer = report(trust, person("list"))
        assert signer.verdict is smime.Verdict.VALID
        assert signer.revocation is smime.Revocation.GOOD
        assert not signer.unchecked or all(one.what == "address" for one in signer.unchecked)
    assert sorted(web.asked) == [LISTS + "people.crl", LISTS + "root.crl"]
    assert report(trust, person("list"), policy=REQUIRE).verdict is smime.Verdict.VALID
    assert len(web.asked) == 2, "another policy, the same lists"


def test_who_is_on_it_is_revoked() -> None:
    signer = report(store(Web(lists([person("list")]))), person("list"))
    assert signer.verdict is smime.Verdict.INVALID
    assert "revoked" in [found.code for found in signer.findings]


def test_who_has_expired_may_be_revoked_as_well() -> None:
    """What would be made up for by a timestamp or another time is not, if it was revoked."""
    extensions = [points(LISTS + "people.crl")]
    gone = PKI.person("Gone", "a@example.org", "p256", issuer=issuing(), expired=True, extensions=extensions)
    signer = report(store(Web(lists([gone]))), gone)
    assert signer.verdict is smime.Verdict.INVALID
    assert {"expired", "revoked"} <= {found.code for found in signer.findings}
    assert report(store(Web(lists())), gone).verdict is smime.Verdict.INDETERMINATE


def test_a_list_in_pem() -> None:
    signer = report(store(Web(lists([person("list")], pem=True))), person("list"))
    assert signer.verdict is smime.Verdict.INVALID


@pytest.mark.parametrize("revoked", [False, True])
def test_responders_are_asked_first(revoked: bool) -> None:
    who = person("ocsp", "list")
    web = Web({RESPONDER: responder([who] if revoked else []), **lists()})
    signer = report(store(web), who)
    assert signer.verdict is (smime.Verdict.INVALID if revoked else smime.Verdict.VALID)
    assert signer.revocation is (smime.Revocation.REVOKED if revoked else smime.Revocation.GOOD)
    assert LISTS + "people.crl" not in web.asked
    assert [url for url in web.asked if url.startswith(RESPONDER + "/M")]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        PKI.crl().public_bytes(Encoding.DER),
        ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
        PKI.ocsp(PKI.person("Another", "b@example.org", "p256")),
    ],
    ids=["nothing", "html", "a list", "try later", "about another"],
)
def test_a_responder_that_is_of_no_use(answer: bytes) -> None:
    """Then the list is asked for."""
    who = person("ocsp", "list")
    web = Web({RESPONDER: answer, **lists([who])})
    assert report(store(web), who).verdict is smime.Verdict.INVALID


def test_nobody_is_asked_about_who_did_not_sign() -> None:
    web = Web(lists())
    signer = report(store(web, fetch_issuers=True), person("list", "ocsp"), change=True)
    assert signer.verdict is smime.Verdict.INVALID
    assert web.asked == []


def test_nobody_is_asked_about_who_is_not_trusted() -> None:
    """The URLs are those of anybody."""
    extensions = [points("http://127.0.0.1/admin"), access(ocsp="http://169.254.169.254/", issuers="http://10.0.0.1/")]
    mallory = PKI.person("Mallory", "a@example.org", "p256", self_signed=True, extensions=extensions)
    web = Web({})
    assert report(store(web), mallory).verdict is smime.Verdict.INDETERMINATE
    assert web.asked == []


def test_nobody_is_asked_if_the_policy_does_not_care() -> None:
    web = Web(lists())
    assert report(store(web), person("list"), policy=BARE.replace(revocation="ignore")).verdict is smime.Verdict.VALID
    assert web.asked == []


def test_nobody_is_asked_what_is_at_hand() -> None:
    web = Web({})
    trust = store(web, crls=[crl(issuing()), crl(PKI.root)])
    assert report(trust, person("list")).revocation is smime.Revocation.GOOD
    assert web.asked == []


def test_what_fails_is_said_and_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web({})
    trust = store(web)
    signer = report(trust, person("list"), policy=REQUIRE)
    assert signer.verdict is smime.Verdict.INDETERMINATE
    assert "revocation-required" in [found.code for found in signer.findings]
    assert f"{LISTS}people.crl: not there" in [one.why for one in signer.unchecked if one.what == "fetch"]
    assert report(trust, person("list")).verdict is smime.Verdict.VALID
    assert len(web.asked) == 2, "a failure is remembered for a while"
    web.pages = lists()
    real = online.time.time
    monkeypatch.setattr(online.time, "time", lambda: real() + 301)
    assert report(trust, person("list"), policy=REQUIRE).verdict is smime.Verdict.VALID
    assert len(web.asked) == 4


def test_what_was_fetched_holds_until_its_next_update(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web({"http://x/1": crl(issuing(), next_update=NOW + timedelta(days=2)), "http://x/2": crl(issuing(), next_update=NOW)})
    asking = online.Online(web, issuers=False)
    real = online.time.time
    for late, count in ((0, 1), (86_400, 1), (2 * 86_400 + 60, 2)):
        monkeypatch.setattr(online.time, "time", lambda late=late: real() + late)
        assert asking.get("http://x/1", online._list_expiry)
        assert len(web.asked) == count
    with pytest.raises(FetchError):
        asking.get("http://x/2", online._response_expiry)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "_KEPT", 1000)
    web = Web({"http://x/": bytes(300)})
    asking = online.Online(web, issuers=False)
    for number in range(10):
        asking.get(f"http://x/{number}", lambda octets: None)
    assert asking._octets == 900
    assert len(asking._known) == 3


def test_a_fetcher_that_breaks() -> None:
    def broken(url: str) -> bytes:
        raise RuntimeError("oops")

    signer = report(store(Web({"http": broken})), person("list", "ocsp"))
    assert signer.verdict is smime.Verdict.VALID
    assert [one for one in signer.unchecked if "oops" in one.why]


def test_a_flood_of_places() -> None:
    extensions = [points(*(f"http://{number}.example/" for number in range(500)))]
    who = PKI.person("Many", "a@example.org", "p256", issuer=issuing(), extensions=extensions)
    web = Web({})
    report(store(web), who)
    assert len(web.asked) <= 8


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("form", ["der", "pem", "p7c"])
def test_missing_issuers(form: str) -> None:
    who = person("issuers")
    authority = issuing().certificate
    page = {"der": der(authority), "pem": authority.public_bytes(Encoding.PEM), "p7c": smime.certificates_only([authority], encoding="der")}
    web = Web({ISSUERS + "issuing.cer": page[form]})
    assert report(store(web), who, chain=False).verdict is smime.Verdict.INDETERMINATE
    assert web.asked == [], "only where this was asked for"
    trust = store(web, fetch_issuers=True)
    for _ in range(2):
        assert report(trust, who, chain=False).verdict is smime.Verdict.VALID
    assert web.asked.count(ISSUERS + "issuing.cer") == 1


def test_issuers_one_above_the_other() -> None:
    upper = PKI.authority("Upper", issuer=PKI.root)
    middle = PKI.authority("Middle", issuer=upper, extensions=[access(issuers="http://i/upper")])
    lower = PKI.authority("Lower", issuer=middle, extensions=[access(issuers="http://i/middle")])
    who = PKI.person("Deep", "a@example.org", "p256", issuer=lower, extensions=[access(issuers="http://i/lower")])
    pages = {f"http://i/{name}": der(one.certificate) for name, one in (("lower", lower), ("middle", middle), ("upper", upper))}
    web = Web(pages)
    assert report(store(web, fetch_issuers=True), who, chain=False).verdict is smime.Verdict.VALID
    assert web.asked == ["http://i/lower", "http://i/middle", "http://i/upper"]


def test_issuers_in_a_circle() -> None:
    """A certificate that says it is to be found where another is found, and so on."""
    one = PKI.authority("One", issuer=PKI.root, extensions=[access(issuers="http://i/two")])
    web = Web({"http://i/": der(one.certificate)})
    who = PKI.person(
        "Circle", "a@example.org", "p256", issuer=PKI.authority("Gone", issuer=one), extensions=[access(issuers="http://i/one")]
    )
    assert report(store(web, fetch_issuers=True), who, chain=False).verdict is smime.Verdict.INDETERMINATE
    assert len(web.asked) == 1


def test_an_anchor_is_never_fetched() -> None:
    """A root that was fetched is a certificate like any other."""
    other = ThrowawayPKI("Elsewhere", now=NOW)
    who = other.person("Stranger", "a@example.org", "p256", issuer=other.root, extensions=[access(issuers=ISSUERS)])
    web = Web({ISSUERS: der(other.root.certificate)})
    assert report(store(web, fetch_issuers=True), who, chain=False).verdict is smime.Verdict.INDETERMINATE
    assert web.asked == [ISSUERS]


@pytest.mark.parametrize("octets", [b"", b"\x30\x80", b"\x30\x03\x02\x01\x01", b"\x31\x00", bytes(40)])
def test_malformed_extensions(octets: bytes) -> None:
    for oid in ("2.5.29.31", "1.3.6.1.5.5.7.1.1"):
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), octets)
        who = PKI.person("Odd", "a@example.org", "p256", issuer=issuing(), extensions=[(extension, False)])
        own = Certificate.of_any(who.certificate)
        assert online.locations(own, "1.3.6.1.5.5.7.48.1") == []
        assert online.distribution_points(own) == []


def test_stores_travel() -> None:
    trust = pickle.loads(pickle.dumps(smime.TrustStore(PKI.anchors, fetcher=HTTPFetcher(), fetch_issuers=True)))
    assert trust._online.issuers
    assert isinstance(trust._online.fetcher, HTTPFetcher)
    with pytest.raises(ValueError, match="fetcher"):
        smime.TrustStore(PKI.anchors, fetch_issuers=True)


def test_over_the_wire() -> None:
    root = PKI.crl(PKI.root)
    who: list[Person] = []

    def answer(connection: Any, request: str) -> None:
        octets = crl(own, who) if "people" in request.partition("\r\n")[0] else root.public_bytes(Encoding.DER)
        says(f"200 OK\r\nContent-Length: {len(octets)}", octets)(connection, request)

    with server(answer) as port:
        here = f"http://127.0.0.1:{port}/"
        own = PKI.authority("Served CA", issuer=PKI.root, extensions=[points(here + "root.crl")])
        who.append(PKI.person("Served", "a@example.org", "p256", issuer=own, extensions=[points(here + "people.crl")]))
        fetcher = HTTPFetcher(networks=LOOPBACK, ports=[port], timeout=5)
        assert report(smime.TrustStore(PKI.anchors, fetcher=fetcher), who[0]).verdict is smime.Verdict.INVALID
        # and by default, this is an address that no certificate may send anybody to
        signer = report(smime.TrustStore(PKI.anchors, fetcher=HTTPFetcher()), who[0])
        assert signer.verdict is smime.Verdict.VALID
        assert signer.revocation is smime.Revocation.UNKNOWN
        assert any("may not be asked" in one.why for one in signer.unchecked)


def test_revocation_at_a_timestamp() -> None:
    """Revocation of the signer is asked for at that time, too, and of the authority that made the timestamp."""
    crl_of_then = {"this_update": NOW - timedelta(days=2), "next_update": NOW + timedelta(days=2)}
    who = PKI.person("Stamped", "a@example.org", "p256", issuer=issuing(), not_after=NOW + timedelta(days=1), extensions=[points(LISTS)])
    pages = {LISTS + "root.crl": crl(PKI.root), LISTS: crl(issuing(), **crl_of_then)}
    message = smime.sign(ENTITY, smime.Signer(who.private_key, who.certificate, who.chain), detached=False, encoding="der")
    octets = stamped(token(signature_of(message)), cms=message)
    web = Web(pages)
    options: dict[str, Any] = {"policy": BARE, "tsa": TSA, "at": NOW + timedelta(days=30)}
    verified = smime.verify(octets, store(web), **options).report.signers[0]
    assert "valid-at-timestamp" in [found.code for found in verified.findings]
    assert verified.revocation is smime.Revocation.GOOD
    pages[LISTS] = crl(issuing(), [who], **crl_of_then)
    with pytest.raises(smime.VerificationError):
        smime.verify(octets, store(Web(pages)), **options)
