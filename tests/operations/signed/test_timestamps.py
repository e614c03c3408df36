"""Timestamps: only a third party's word, and only one that is trusted for it, makes up for a certificate that expired since."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.hostile.builder import ENTITY, NOW, SHA256, Signature, SignedData, without

import smime
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import parse
from smime.cms import attributes as attrs
from smime.cms import ess
from smime.cms.content_info import DATA, TST_INFO
from smime.cms.reader import SignedDataTail, read
from smime.cms.rewrite import add_unsigned_attribute
from smime.cms.tst_info import TSTInfo
from smime.crypto import digests
from smime.pki.throwaway import Person, ThrowawayPKI
from smime.report import Standing
from smime.transforms import base64

PKI = ThrowawayPKI("Mail", now=NOW)
CLOCKS = ThrowawayPKI("Clocks", now=NOW)
TRUST = smime.TrustStore(PKI.anchors)
TSA = smime.TrustStore(CLOCKS.anchors)
ALICE = PKI.person("Alice", "alice@example.org", "p256", not_after=NOW + timedelta(days=10))
LATER = NOW + timedelta(days=20)
BARE = smime.policies.RFC8551.replace(check_sender=False)
STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
STAMPED = NOW - timedelta(minutes=1)


@lru_cache(maxsize=16)
def clock(
    *purposes: x509.ObjectIdentifier, critical: bool = True, not_after: datetime = NOW + timedelta(days=900), pki: ThrowawayPKI = CLOCKS
) -> Person:
    """Return an authority, by default one that is for timestamps alone and says so critically."""
    usage = x509.ExtendedKeyUsage(purposes or (STAMPING,))
    return pki.person("Clock", None, "p256", eku=None, extensions=[(usage, critical)], not_after=not_after, usage=("digital_signature",))


def signature_of(cms: bytes) -> bytes:
    """Return the value of the only signature."""
    (tail,) = [event for event in read(cms) if isinstance(event, SignedDataTail)]
    (info,) = tail.signer_infos
    return info.signature


def token(
    value: bytes,
    *,
    who: Person | None = None,
    time: datetime = STAMPED,
    digest: str = "sha256",
    algorithm: AlgorithmIdentifier = SHA256,
    content_type: str = TST_INFO,
    content: Callable[[bytes], bytes] = lambda octets: octets,
    signers: int = 1,
    crls: Sequence[bytes] = (),
    **signature: Any,
) -> bytes:
    """Return a token over a signature value."""
    stated = TSTInfo("1.2.3", algorithm, digests.digest(digest, value), 1, time)
    octets = content(stated.encode())
    one = Signature(who=who or clock(), content=octets, content_type=content_type, signing_time=time, **signature)
    return SignedData([one] * signers, content=octets, content_type=content_type, version=3, crls=crls).der()


def signed(who: Person = ALICE) -> bytes:
    return smime.sign(ENTITY, smime.Signer(who.private_key, who.certificate, who.chain), detached=False, encoding="der")


def stamped(*tokens: bytes, cms: bytes | None = None) -> bytes:
    message = signed() if cms is None else cms
    return add_unsigned_attribute(message, 0, attrs.attribute(attrs.TIME_STAMP_TOKEN, *tokens))


def report_of(message: bytes, *, at: datetime = LATER, trust: smime.TrustStore = TRUST, **options: Any) -> smime.SignerReport:
    layer = smime.unwrap(message, trust=trust, at=at, policy=BARE, **{"tsa": TSA, **options}).layers[0]
    assert isinstance(layer.report, smime.VerificationReport)
    (signer,) = layer.report.signers
    assert layer.report.verdict is signer.verdict
    return signer


def codes(signer: smime.SignerReport) -> list[str]:
    return [found.code for found in signer.findings]


def test_it_makes_up_for_an_expired_certificate() -> None:
    message = signed()
    assert report_of(message).verdict is smime.Verdict.INDETERMINATE
    assert "expired" in codes(report_of(message))
    good = stamped(token(signature_of(message)), cms=message)
    signer = report_of(good)
    assert signer.verdict is smime.Verdict.VALID
    assert signer.trusted
    assert "valid-at-timestamp" in codes(signer)
    assert "expired" not in codes(signer)
    (stamp,) = signer.timestamps
    assert stamp.trusted
    assert stamp.time == STAMPED
    assert stamp.authority is not None
    assert "Clock" in stamp.authority.subject
    assert not stamp.findings
    assert smime.verify(good, TRUST, tsa=TSA, at=LATER, policy=BARE).content == ENTITY


def test_it_says_nothing_where_all_is_well() -> None:
    message = signed()
    signer = report_of(stamped(token(signature_of(message)), cms=message), at=NOW)
    assert signer.verdict is smime.Verdict.VALID
    assert "valid-at-timestamp" not in codes(signer)
    assert signer.timestamps[0].trusted


def test_the_claimed_time_alone_never_helps() -> None:
    """signingTime lies within the validity of the certificate, and of everybody's reach."""
    signer = report_of(signed())
    assert signer.signing_time is not None
    assert signer.signing_time < ALICE.certificate.not_valid_after_utc
    assert signer.verdict is smime.Verdict.INDETERMINATE
    assert not signer.trusted


def test_nobody_was_asked() -> None:
    """Without a store of authorities, a token is mentioned and does nothing."""
    message = signed()
    signer = report_of(stamped(token(signature_of(message)), cms=message), tsa=None)
    assert signer.verdict is smime.Verdict.INDETERMINATE
    assert "timestamp-unchecked" in codes(signer)
    assert not signer.timestamps[0].trusted
    assert signer.timestamps[0].time == STAMPED


OTHER = ThrowawayPKI("Other clocks", now=NOW)
BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "over another signature": (lambda value: token(value + b"x"), "timestamp-mismatch"),
    "over the content": (lambda value: token(ENTITY), "timestamp-mismatch"),
    "a digest that is not accepted": (
        lambda value: token(value, digest="sha1", algorithm=AlgorithmIdentifier.build("1.3.14.3.2.26")),
        "timestamp-untrusted",
    ),
    "an unknown digest": (lambda value: token(value, algorithm=AlgorithmIdentifier.build("1.2.3.4")), "timestamp-untrusted"),
    "by an authority that nobody trusts": (lambda value: token(value, who=clock(pki=OTHER)), "timestamp-untrusted"),
    "by the signer himself": (lambda value: token(value, who=ALICE), "timestamp-untrusted"),
    "by somebody whom mail is trusted from": (lambda value: token(value, who=clock(pki=PKI)), "timestamp-untrusted"),
    "the key usage is not critical": (lambda value: token(value, who=clock(critical=False)), "timestamp-untrusted"),
    "the key usage is not alone": (
        lambda value: token(value, who=clock(STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION)),
        "timestamp-untrusted",
    ),
    "the key usage is missing": (
        lambda value: token(value, who=CLOCKS.person("Nobody", None, "p256", eku=None)),
        "timestamp-untrusted",
    ),
    "any key usage": (lambda value: token(value, who=clock(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)), "timestamp-untrusted"),
    "another key usage": (lambda value: token(value, who=clock(ExtendedKeyUsageOID.EMAIL_PROTECTION)), "timestamp-untrusted"),
    "no signingCertificate": (lambda value: token(value, attributes=without(ess.SIGNING_CERTIFICATE_V2)), "timestamp-untrusted"),
    "two signers": (lambda value: token(value, signers=2), "timestamp-untrusted"),
    "no signer": (lambda value: token(value, signers=0), "timestamp-untrusted"),
    "a signature that is cut": (
        lambda value: token(value, signature=lambda octets: octets[:-1]),
        "timestamp-untrusted",
    ),
    "another digest of TSTInfo": (lambda value: token(value, message_digest=bytes(32)), "timestamp-untrusted"),
    "of the time after": (lambda value: token(value, time=LATER + timedelta(days=1)), "timestamp-untrusted"),
    "before the authority existed": (lambda value: token(value, time=NOW - timedelta(days=90)), "timestamp-untrusted"),
    "not a TSTInfo": (lambda value: token(value, content_type=DATA), "timestamp-malformed"),
    "TSTInfo is cut": (lambda value: token(value, content=lambda octets: octets[:-1]), "timestamp-malformed"),
    "not CMS": (lambda value: writer.octet_string(b"token"), "timestamp-malformed"),
    "half of one": (lambda value: writer.sequence(parse(token(value)).children[0].raw), "timestamp-malformed"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_count(what: str) -> None:
    make, code = BAD[what]
    message = signed()
    signer = report_of(stamped(make(signature_of(message)), cms=message))
    assert signer.verdict is smime.Verdict.INDETERMINATE, codes(signer)
    assert code in codes(signer)
    assert "valid-at-timestamp" not in codes(signer)
    assert not signer.timestamps[0].trusted
    # and a bad timestamp is no reason to doubt a signature that needs none
    assert report_of(stamped(make(signature_of(message)), cms=message), at=NOW).verdict is smime.Verdict.VALID


def test_one_of_several_is_enough() -> None:
    message = signed()
    value = signature_of(message)
    signer = report_of(stamped(token(b"other"), token(value), cms=message))
    assert signer.verdict is smime.Verdict.VALID
    assert sorted(stamp.trusted for stamp in signer.timestamps) == [False, True]


def test_a_flood_is_cut_short() -> None:
    message = signed()
    assert len(report_of(stamped(*(token(b"%d" % number) for number in range(12)), cms=message)).timestamps) == 8


def test_too_late_is_too_late() -> None:
    """The timestamp itself is of a time at which the certificate had expired."""
    message = signed()
    signer = report_of(stamped(token(signature_of(message), time=NOW + timedelta(days=15)), cms=message))
    assert signer.timestamps[0].trusted
    assert signer.verdict is smime.Verdict.INDETERMINATE
    assert "expired" in codes(signer)


def test_nothing_else_is_made_up_for() -> None:
    message = signed()
    good = stamped(token(signature_of(message)), cms=message)
    # no path, a changed content
    assert report_of(good, trust=smime.TrustStore([])).verdict is smime.Verdict.INDETERMINATE
    changed = report_of(good.replace(b"100 Euro", b"900 Euro"))
    assert changed.verdict is smime.Verdict.INVALID
    assert "digest-mismatch" in codes(changed)


@pytest.mark.parametrize("at", [NOW, LATER])
@pytest.mark.parametrize("revoked", [NOW - timedelta(days=2), NOW - timedelta(seconds=30)], ids=["before", "after"])
def test_who_was_revoked_stays_so(at: datetime, revoked: datetime) -> None:
    """Whether before the timestamp or since, and whether the certificate has expired as well or not."""
    crl = PKI.crl(revoked=[ALICE], date=revoked, this_update=NOW - timedelta(days=1), next_update=NOW + timedelta(days=60))
    trust = smime.TrustStore(PKI.anchors, crls=[crl])
    message = signed()
    signer = report_of(stamped(token(signature_of(message)), cms=message), trust=trust, at=at)
    assert signer.verdict is smime.Verdict.INVALID
    assert "revoked" in codes(signer)
    assert signer.revocation is smime.Revocation.REVOKED


def test_an_expired_authority_still_counts() -> None:
    short = clock(not_after=NOW + timedelta(days=3))
    message = signed()
    assert report_of(stamped(token(signature_of(message), who=short), cms=message)).verdict is smime.Verdict.VALID


def test_a_revoked_authority_does_not() -> None:
    """Even if it was revoked after the time it states: who has its key states any time."""
    gone = clock(not_after=NOW + timedelta(days=901))
    crl = CLOCKS.crl(revoked=[gone], date=NOW + timedelta(days=5), next_update=NOW + timedelta(days=60))
    message = signed()
    good = stamped(token(signature_of(message), who=gone), cms=message)
    tsa = smime.TrustStore(CLOCKS.anchors, crls=[crl])
    assert report_of(good).verdict is smime.Verdict.VALID
    signer = report_of(good, tsa=tsa)
    assert signer.verdict is smime.Verdict.INDETERMINATE
    assert "timestamp-untrusted" in codes(signer)


def test_a_timestamp_over_a_timestamp_is_left_alone() -> None:
    message = signed()
    inner = token(signature_of(message))
    outer = add_unsigned_attribute(inner, 0, attrs.attribute(attrs.TIME_STAMP_TOKEN, token(b"anything")))
    assert report_of(stamped(outer, cms=message)).verdict is smime.Verdict.VALID


def test_how_it_stands_at_each_time() -> None:
    message = signed()
    good = stamped(token(signature_of(message)), cms=message)
    signer = report_of(good, now=NOW + timedelta(days=2))
    standing = {one.basis: one for one in signer.standing}
    assert list(standing) == ["at", "now", "claimed", "timestamp"]
    assert standing["at"] == Standing("at", LATER, False, ("expired",))
    assert standing["now"].trusted
    assert standing["now"].time == NOW + timedelta(days=2)
    assert standing["claimed"].trusted
    assert standing["claimed"].time == signer.signing_time
    assert standing["timestamp"] == Standing("timestamp", STAMPED, True)
    plain = {one.basis: one for one in report_of(message, now=LATER + timedelta(days=1)).standing}
    assert plain["at"] == Standing("at", LATER, False, ("expired",))
    assert plain["now"] == Standing("now", LATER + timedelta(days=1), False, ("expired",))
    assert plain["claimed"].trusted
    with pytest.raises(TypeError):
        bool(signer.timestamps[0])


def test_a_mail() -> None:
    """The attribute does not disturb the mail around it."""
    mail = b"From: alice@example.org\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    machine = smime.Signer(ALICE.private_key, ALICE.certificate, ALICE.chain)
    message = smime.sign(mail, machine, detached=False)
    head, _, body = message.partition(b"\r\n\r\n")
    cms = base64.decode(body)
    again = head + b"\r\n\r\n" + base64.encode(stamped(token(signature_of(cms)), cms=cms))
    report = smime.verify(again, TRUST, tsa=TSA, at=LATER).report
    assert report.verdict is smime.Verdict.VALID
    assert report.signers[0].address_matches


CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
digests = sha256, sha384, sha512
default_policy = 1.2.3.4.1
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = {chain}
ess_cert_id_alg = {digest}
signer_digest = sha256
"""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
@pytest.mark.parametrize("chain", ["yes", "no"])
@pytest.mark.parametrize("bound_by", ["sha1", "sha256"])
def test_by_openssl(digest: str, chain: str, bound_by: str, tmp_path: Path) -> None:
    """A real authority's token, by `openssl ts`: signingCertificate of either version, with a nonce, an accuracy and a name."""
    who = clock()
    (tmp_path / "tsa.pem").write_bytes(who.certificate_pem)
    (tmp_path / "key.pem").write_bytes(who.private_key_pem)
    (tmp_path / "chain.pem").write_bytes(who.pem.partition(who.certificate_pem)[2])
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "ts.cnf").write_text(CONFIGURATION.format(folder=tmp_path, chain=chain, digest=bound_by))
    message = signed()
    (tmp_path / "signature").write_bytes(signature_of(message))

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", "ts", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("-query", "-data", "signature", f"-{digest}", "-cert", "-out", "query")
    keys = ("-signer", "tsa.pem", "-inkey", "key.pem", "-chain", "chain.pem", "-config", "ts.cnf")
    openssl("-reply", "-queryfile", "query", *keys, "-token_out", "-out", "token")
    # its clock is the real one: the certificates here are made a moment ago, and expire in ten days
    signer = report_of(stamped((tmp_path / "token").read_bytes(), cms=message))
    assert signer.verdict is smime.Verdict.VALID, codes(signer)
    assert signer.timestamps[0].trusted
    stamp = signer.timestamps[0].time
    assert stamp is not None
    assert abs(stamp - NOW) < timedelta(hours=1)
    # and it sees what it is of
    other = report_of(stamped((tmp_path / "token").read_bytes(), cms=signed()))
    assert "timestamp-mismatch" in codes(other)
