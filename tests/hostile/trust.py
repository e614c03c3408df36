"""Hostile certificates, revocation, places to fetch from, clocks (numbers 6 and 15; rows PC, SF, TS).

And fields that claim protection (number 14).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from tests.hostile.builder import (
    ECDSA_SHA256,
    ENTITY,
    HEADER,
    NOW,
    SHA256,
    Signature,
    SignedData,
    der_of,
    detached,
    opaque,
    pki,
    signed,
    without,
)
from tests.hostile.cases import INDETERMINATE, INVALID, VALID, Mail, case

import smime
from smime import policies
from smime.asn1 import writer
from smime.asn1.der import parse
from smime.cms import attributes as attrs
from smime.cms import ess
from smime.cms.content_info import TST_INFO
from smime.cms.rewrite import add_unsigned_attribute
from smime.cms.tst_info import TSTInfo
from smime.crypto import digests
from smime.errors import ParseError
from smime.pki.fetch import HTTPFetcher
from smime.pki.throwaway import Authority, Person, ThrowawayPKI

ALICE = "alice@example.org"


def _mail(who: Person, extra: Sequence[x509.Certificate] = (), *, chain: bool = True) -> bytes:
    """Return mail signed by somebody, with what he brings along."""
    brought = [who.certificate, *(who.chain if chain else ()), *extra]
    return opaque(SignedData([Signature(who=who)], ENTITY, certificates=list(dict.fromkeys(map(der_of, brought)))).der())


# -- 15: building paths (RFC 4158, RFC 9618; row PC) --


@case("18.15", INDETERMINATE, "path-too-complex")
def fifty_authorities_of_one_name() -> bytes:
    """Fifty authorities of one name that certified each other; none is trusted."""
    heads = [pki().authority("Everybody CA", key="p256") for _ in range(50)]
    links = [pki().authority("Everybody CA", issuer=head, key=heads[(n + 1) % 50].private_key) for n, head in enumerate(heads)]
    who = pki().person("Alice", ALICE, "p256", issuer=heads[0])
    return _mail(who, [link.certificate for link in (*heads, *links)])


@case("18.15", INDETERMINATE)
def fifty_authorities_of_one_name_and_key() -> bytes:
    """Fifty certificates of one authority, name and key alike, each issued by itself."""
    head = pki().authority("Same CA", key="p256")
    links = [pki().authority("Same CA", issuer=head, key=head.private_key) for _ in range(50)]
    who = pki().person("Alice", ALICE, "p256", issuer=head)
    return _mail(who, [link.certificate for link in links])


@case("PC", INDETERMINATE, "untrusted")
def authorities_in_a_circle() -> bytes:
    """Two authorities that certified each other."""
    one, two = pki().authority("One", key="p256"), pki().authority("Two", key="p256")
    links = [
        pki().authority("One", issuer=two, key=one.private_key).certificate,
        pki().authority("Two", issuer=one, key=two.private_key).certificate,
    ]
    return _mail(pki().person("Alice", ALICE, "p256", issuer=one), links)


@case("PC", INDETERMINATE, "path-too-complex")
def path_of_forty() -> bytes:
    """Forty authorities, one below the other, down from the root."""
    issuer = pki().root
    keys = (pki().root.private_key, pki().intermediate.private_key)
    for number in range(40):
        issuer = pki().authority(f"Level {number}", issuer=issuer, key=keys[number % 2])
    return _mail(pki().person("Alice", ALICE, "p256", issuer=issuer))


@case("18.15", INDETERMINATE, "path-too-complex")
def names_times_constraints() -> Mail:
    """Thousands of name constraints against thousands of names."""
    trees = [x509.RFC822Name(f"host{number}.example") for number in range(2000)]
    issuer = pki().authority("Constraining CA", issuer=pki().root, extensions=[(x509.NameConstraints(None, trees), True)])
    names = [ALICE, *(f"m{number}@example.com" for number in range(2000))]
    return Mail(_mail(pki().person("Alice", None, "p256", issuer=issuer, addresses=names)))


@case("18.15", INVALID, "path-invalid")
def name_constraint_broken() -> bytes:
    """An authority that may certify for example.com certifies for example.org (RFC 5280 section 4.2.1.10)."""
    constraint = x509.NameConstraints([x509.RFC822Name("example.com")], None)
    issuer = pki().authority("Constrained CA", issuer=pki().root, extensions=[(constraint, True)])
    return _mail(pki().person("Alice", ALICE, "p256", issuer=issuer))


@case("PC", INVALID, "path-invalid")
def path_longer_than_allowed() -> bytes:
    """An authority below one whose path length is zero."""
    below = pki().authority("Below", issuer=pki().intermediate)
    return _mail(pki().person("Alice", ALICE, "p256", issuer=below))


@case("PC", INVALID, "path-invalid")
def somebody_as_authority() -> bytes:
    """A person's certificate as that of an authority: basicConstraints say no."""
    mallory = pki().person("Mallory", "mallory@example.org", "p256")
    fake = Authority(mallory.certificate, mallory.private_key, mallory.issuer)
    return _mail(pki().person("Alice", ALICE, "p256", issuer=fake))


@case("PC", INVALID)
def authority_that_may_not_certify() -> bytes:
    """An authority whose key usage does not have keyCertSign."""
    issuer = pki().authority("No signs", issuer=pki().root, usage=("digital_signature",))
    return _mail(pki().person("Alice", ALICE, "p256", issuer=issuer))


@case("PC", INVALID, "path-invalid")
def critical_extension_of_no_meaning() -> bytes:
    """A critical extension that nobody knows (RFC 5280 section 4.2)."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    return _mail(pki().person("Alice", ALICE, "p256", extensions=[(unknown, True)]))


@case("PC", INDETERMINATE, "not-yet-valid")
def certificate_of_the_future() -> bytes:
    """A certificate that is not valid yet."""
    return _mail(pki().person("Alice", ALICE, "p256", not_before=NOW + timedelta(days=3)))


@case("PC", INDETERMINATE, "policy-not-acceptable")
def policy_that_nobody_asked_for() -> Mail:
    """A certificate policy is required, and this is another one (RFC 5280 section 6.1.1)."""
    policy = policies.RFC8551.replace(explicit_policy=True, acceptable_policies=frozenset({"1.2.3"}))
    return Mail(_mail(pki().person("Alice", ALICE, "p256", policies=["1.2.4"])), policy=policy)


@case("PC", INVALID, "path-invalid")
def excluded_mailbox_in_capitals() -> bytes:
    """An authority that may not certify for a mailbox certifies it in capitals: senders are compared without regard to case."""
    constraint = x509.NameConstraints(None, [x509.RFC822Name(ALICE)])
    issuer = pki().authority("Excluding CA", issuer=pki().root, extensions=[(constraint, True)])
    return _mail(pki().person("Alice", "ALICE@example.org", "p256", issuer=issuer))


def _edited(edit: Callable[[list[bytes]], list[bytes]], **options: Any) -> bytes:
    """Return Alice's mail with a certificate of which the fields, version first, were edited before it was signed."""
    who = pki().person("Alice", ALICE if "extensions" not in options else None, "p256", **options)
    assert who.issuer is not None
    octets = writer.sequence(*edit([child.raw for child in parse(who.certificate.tbs_certificate_bytes).children]))
    value = who.issuer.private_key.sign(octets, ec.ECDSA(hashes.SHA256()))
    certificate = writer.sequence(octets, ECDSA_SHA256.raw, writer.bit_string(value))
    one = Signature(who=who, certificate=certificate)
    return opaque(SignedData([one], ENTITY, certificates=[certificate, *map(der_of, who.chain)]).der())


@case("PC", INVALID, "path-invalid")
def certificate_of_version_4() -> bytes:
    """There is no version 4 of certificates (RFC 5280 section 4.1.2.1)."""
    return _edited(lambda fields: [writer.explicit(0, writer.integer(3)), *fields[1:]])


@case("PC", INVALID, "path-invalid")
def extensions_in_version_1() -> bytes:
    """A certificate of version 1 has extensions, which some read and some pass over (RFC 5280 section 4.1.2.1)."""
    return _edited(lambda fields: fields[1:])


@case("PC", VALID)
def certificate_of_version_1() -> bytes:
    """A certificate of version 1, its address in the subject: old, and right (RFC 8550 section 2.1)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alice"), x509.NameAttribute(NameOID.EMAIL_ADDRESS, ALICE)])
    return _edited(lambda fields: fields[1:7], subject=name)


@case("PC", INVALID, "path-invalid")
def nobody_with_an_alternative_name() -> bytes:
    """The subject has no name, and the alternative name is not critical (RFC 5280 section 4.1.2.6)."""
    names = x509.SubjectAlternativeName([x509.RFC822Name(ALICE)])
    return _edited(lambda fields: fields, subject=x509.Name([]), extensions=[(names, False)])


# -- revocation that is said once is for good (RFC 5280 section 6.3, RFC 6960, RFC 5940, RFC 8550 section 6) --

DAY = timedelta(days=1)
_GOOD, _REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


@lru_cache(maxsize=1)
def _known() -> Person:
    return pki().person("Alice known", ALICE, "p256")


def _response(
    status: ocsp.OCSPCertStatus, begin: timedelta, end: timedelta, *, by: Authority | None = None, reason: x509.ReasonFlags | None = None
) -> bytes:
    """Return a RevocationInfoChoice (RFC 5940): what a responder says of Alice's certificate, current from `begin` to `end` after now."""
    issuer = by or pki().intermediate
    made = ocsp.OCSPResponseBuilder().add_response(
        _known().certificate,
        pki().intermediate.certificate,
        hashes.SHA256(),
        status,
        NOW + begin,
        NOW + end,
        NOW - 7 * DAY if status is _REVOKED else None,
        reason if status is _REVOKED else None,
    )
    made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    octets = made.sign(issuer.private_key, hashes.SHA256()).public_bytes(Encoding.DER)
    return writer.implicit(1, writer.oid("1.3.6.1.5.5.7.16.2") + octets)


def _with_responses(*responses: bytes, **options: Any) -> Mail:
    return Mail(opaque(SignedData([Signature(who=_known())], ENTITY, crls=responses, version=5).der()), **options)


@case("18.6", VALID)
def response_good() -> Mail:
    """A current response says that the certificate is good: the control for the cases below."""
    return _with_responses(_response(_GOOD, -DAY, DAY))


@case("18.6", INVALID, "revoked")
def response_revoked_of_last_week() -> Mail:
    """The only response is not current any more, and says that the certificate was revoked: it still is."""
    return _with_responses(_response(_REVOKED, -5 * DAY, -3 * DAY))


@case("18.6", INVALID, "revoked")
def response_revoked_beside_a_newer_good_one() -> Mail:
    """A good response, newer than the one that revokes."""
    return _with_responses(_response(_REVOKED, -2 * DAY, DAY, reason=x509.ReasonFlags.key_compromise), _response(_GOOD, -DAY, DAY))


@case("18.6", VALID)
def response_hold_before_a_good_one() -> Mail:
    """A hold that was lifted: the newer response counts (RFC 5280 section 5.3.1)."""
    return _with_responses(_response(_REVOKED, -2 * DAY, DAY, reason=x509.ReasonFlags.certificate_hold), _response(_GOOD, -DAY, DAY))


@case("18.6", VALID, "revocation-unknown")
def response_revoked_by_a_stranger() -> Mail:
    """Who may not answer for the issuer says that the certificate was revoked: that says nothing."""
    return _with_responses(_response(_REVOKED, -DAY, DAY, by=_stranger()))


@lru_cache(maxsize=1)
def _stranger() -> Authority:
    return pki().authority("Strange responder")


@case("18.6", INVALID, "revoked")
def response_good_planted_beside_a_list() -> Mail:
    """The store has a list for people's certificates alone that revokes; the message brings a good response."""
    made = x509.CertificateRevocationListBuilder().issuer_name(pki().intermediate.certificate.subject)
    made = made.last_update(NOW - DAY).next_update(NOW + DAY)
    entry = x509.RevokedCertificateBuilder().serial_number(_known().certificate.serial_number).revocation_date(NOW - 2 * DAY).build()
    point = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    made = made.add_revoked_certificate(entry).add_extension(point, True)
    crl = made.sign(pki().intermediate.private_key, hashes.SHA256()).public_bytes(Encoding.DER)
    return _with_responses(_response(_GOOD, -DAY, DAY), trust=smime.TrustStore(pki().anchors, crls=[crl]))


# -- 15: where certificates send who reads them (row SF) --

HOME = ("http://127.0.0.1/admin", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "file:///etc/passwd", "ftp://10.0.0.1/x")


@lru_cache(maxsize=1)
def curious() -> smime.TrustStore:
    """Return a store that fetches all it may."""
    return smime.TrustStore(pki().anchors, fetcher=HTTPFetcher(timeout=2), fetch_issuers=True)


def _access(kind: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    return x509.AuthorityInformationAccess([x509.AccessDescription(kind, x509.UniformResourceIdentifier(url)) for url in HOME]), False


@case("18.15", INDETERMINATE, "untrusted")
def issuers_at_home() -> Mail:
    """The issuer is said to be found at addresses of this machine and of its network, and in files."""
    hidden = pki().authority("Hidden CA", issuer=pki().root)
    who = pki().person("Alice", ALICE, "p256", issuer=hidden, extensions=[_access(AuthorityInformationAccessOID.CA_ISSUERS)])
    return Mail(_mail(who, chain=False), trust=curious())


@case("SF", VALID, "revocation-unknown")
def responders_at_home() -> Mail:
    """The same of whom to ask about revocation: nobody is asked, and nothing is known."""
    who = pki().person("Alice", ALICE, "p256", extensions=[_access(AuthorityInformationAccessOID.OCSP)])
    return Mail(_mail(who), trust=curious())


@case("SF", INDETERMINATE, "revocation-required")
def lists_at_home() -> Mail:
    """The same of revocation lists, where revocation has to be known."""
    names = [x509.UniformResourceIdentifier(url) for url in HOME]
    points = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
    who = pki().person("Alice", ALICE, "p256", extensions=[(points, False)])
    return Mail(_mail(who), trust=curious(), policy=policies.RFC8551.replace(revocation="require"))


# -- clocks (RFC 3161; row TS) --

LATER = NOW + timedelta(days=20)


@lru_cache(maxsize=1)
def clocks() -> ThrowawayPKI:
    """Return the authorities that may say what time it was."""
    return ThrowawayPKI("Clocks", now=NOW)


@lru_cache(maxsize=1)
def shortly() -> Person:
    """Return Alice with a certificate that expires before `LATER`."""
    return pki().person("Alice", ALICE, "p256", not_after=NOW + timedelta(days=10))


def _clock(made: ThrowawayPKI, *purposes: x509.ObjectIdentifier, critical: bool = True) -> Person:
    usage = x509.ExtendedKeyUsage(purposes or (ExtendedKeyUsageOID.TIME_STAMPING,))
    return made.person("Clock", None, "p256", eku=None, extensions=[(usage, critical)], usage=("digital_signature",))


def _stamped(who: Person, *, of: bytes | None = None, bound: bool = True) -> Mail:
    """Return Alice's mail with a timestamp by somebody, read after her certificate has expired."""
    one = Signature(who=shortly())
    value = one.value()
    one.signature = lambda _: value
    cms = SignedData([one], ENTITY).der()
    stated = TSTInfo("1.2.3", SHA256, digests.digest("sha256", value if of is None else of), 1, NOW - timedelta(minutes=1)).encode()
    stamp = Signature(who=who, content=stated, content_type=TST_INFO)
    if not bound:
        stamp.attributes = without(ess.SIGNING_CERTIFICATE_V2)
    token = SignedData([stamp], content=stated, content_type=TST_INFO, version=3).der()
    message = opaque(add_unsigned_attribute(cms, 0, attrs.attribute(attrs.TIME_STAMP_TOKEN, token)))
    return Mail(message, options={"tsa": smime.TrustStore(clocks().anchors), "at": LATER})


@case("TS", VALID, "valid-at-timestamp")
def timestamp_right() -> Mail:
    """A trusted timestamp of before the certificate expired: the control for the cases below."""
    return _stamped(_clock(clocks()))


@case("TS", INDETERMINATE, "expired")
def signing_time_alone() -> Mail:
    """signingTime lies before the certificate expired; anybody can write that."""
    return Mail(opaque(SignedData([Signature(who=shortly())], ENTITY).der()), options={"at": LATER})


@case("TS", INDETERMINATE, "timestamp-mismatch")
def timestamp_of_another_signature() -> Mail:
    """A good timestamp, over something else."""
    return _stamped(_clock(clocks()), of=b"another signature")


@case("TS", INDETERMINATE, "timestamp-mismatch")
def timestamp_of_the_content() -> Mail:
    """A timestamp over the content: it says when that existed, not when it was signed."""
    return _stamped(_clock(clocks()), of=ENTITY)


@case("TS", INDETERMINATE, "timestamp-untrusted")
def timestamp_by_a_stranger() -> Mail:
    """Mallory has a clock, too."""
    return _stamped(_clock(ThrowawayPKI("Strange clocks", now=NOW)))


@case("TS", INDETERMINATE, "timestamp-untrusted")
def timestamp_by_whom_mail_is_trusted_from() -> Mail:
    """An authority that mail is trusted from is no clock."""
    return _stamped(_clock(pki()))


@case("TS", INDETERMINATE, "timestamp-untrusted")
def timestamp_by_a_clock_that_also_mails() -> Mail:
    """The extended key usage is not timeStamping alone (RFC 3161 section 2.3)."""
    return _stamped(_clock(clocks(), ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION))


@case("TS", INDETERMINATE, "timestamp-untrusted")
def timestamp_by_a_clock_that_is_not_critical() -> Mail:
    """The extended key usage is not critical (RFC 3161 section 2.3)."""
    return _stamped(_clock(clocks(), critical=False))


@case("TS", INDETERMINATE, "timestamp-untrusted")
def timestamp_without_its_certificate_bound() -> Mail:
    """Neither signingCertificate nor its second version (RFC 3161 section 2.4.2, RFC 5816)."""
    return _stamped(_clock(clocks()), bound=False)


@case("TS", INDETERMINATE, "timestamp-malformed")
def timestamp_that_is_none() -> Mail:
    """Something else where the token belongs."""
    cms = SignedData([Signature(who=shortly())], ENTITY).der()
    octets = add_unsigned_attribute(cms, 0, attrs.attribute(attrs.TIME_STAMP_TOKEN, writer.octet_string(b"noon")))
    return Mail(opaque(octets), options={"tsa": smime.TrustStore(clocks().anchors), "at": LATER})


# -- 14: header protection is claimed inside (RFC 9788); what is claimed there changes neither status nor sender --

_TEXT = b"\r\n\r\nPay 100 Euro to Bob.\r\n"


def _claiming(kind: bytes, fields: bytes = b"", **options: object) -> bytes:
    entity = fields + b"Content-Type: text/plain; charset=us-ascii" + kind + _TEXT
    return detached(entity, **options)  # type: ignore[arg-type]


@case("18.14", VALID)
def hp_clear() -> bytes:
    """A signed mail that repeats its fields inside, as it should: the control for the cases below."""
    return _claiming(b'; hp="clear"', HEADER.replace(b"MIME-Version: 1.0\r\n", b""))


@case("18.14", VALID)
def hp_cipher_in_a_signed_mail() -> bytes:
    """hp=cipher is no evidence that anything was encrypted (section 2.1.1): the status is signed."""
    return _claiming(b'; hp="cipher"', b"From: alice@example.org\r\nSubject: secret\r\nHP-Outer: Subject: [...]\r\n")


@case("18.14", VALID)
def hp_on_a_part() -> bytes:
    """hp on a part that is not the root of the payload."""
    inner = b'Content-Type: text/plain; hp="cipher"\r\n\r\nx'
    entity = b'Content-Type: multipart/mixed; boundary="i"\r\n\r\n--i\r\n' + inner + b"\r\n--i--\r\n"
    return detached(entity)


@case("18.14", VALID)
def hp_outer_twice() -> bytes:
    """HP-Outer fields that contradict each other, and one that holds a line end in another guise."""
    fields = b"HP-Outer: Subject: a\r\nHP-Outer: Subject: b\r\nHP-Outer: Subject: x=0D=0AFrom: mallory@example.org\r\n"
    return _claiming(b'; hp="clear"', fields)


@case("18.14", VALID, "inner-from-differs")
def hp_another_author_inside() -> bytes:
    """Signed by Alice, from Alice, and From inside is Bob: readers of header protection would show Bob (RFC 9788 section 4.4)."""
    return _claiming(b'; hp="clear"', b"From: bob@example.org\r\n")


@case("18.14", VALID, "inner-from-differs")
def hp_two_authors_inside() -> bytes:
    """From inside is Alice and Bob."""
    return _claiming(b'; hp="clear"', b"From: alice@example.org, bob@example.org\r\n")


@case("HP", VALID, "inner-from-differs")
def message_of_another_author_inside() -> bytes:
    """All that is signed is a message from Bob (the older scheme of RFC 8551 section 3.1, or a message forwarded as a whole)."""
    return signed(b"Content-Type: message/rfc822\r\n\r\nFrom: bob@example.org\r\nSubject: x" + _TEXT)


@case("HP", VALID, "inner-from-is-not-signer")
def bare_message_of_another_author() -> bytes:
    """A bare object signed by Alice, in it a message from Bob: the object names no sender, and its content does."""
    entity = b"From: bob@example.org" + _TEXT
    return SignedData([Signature(content=entity)], entity).der()


@case("18.14", INVALID, "inner-from-differs")
def hp_another_author_outside_is_told() -> bytes:
    """Signed by Alice, From inside is Alice, and From outside, where readers look, is Mallory: which differ is said, too."""
    header = HEADER.replace(b"Alice <alice@example.org>", b"mallory@example.org")
    return _claiming(b'; hp="clear"', b"From: alice@example.org\r\n", mail={"header": header})


@case("18.14", INVALID, "address-mismatch")
def hp_another_author_outside() -> bytes:
    """Signed by Alice, From inside is Alice, and From outside, where readers look, is Mallory."""
    header = HEADER.replace(b"Alice <alice@example.org>", b"mallory@example.org")
    return _claiming(b'; hp="clear"', b"From: alice@example.org\r\n", mail={"header": header})


@case("HP", INVALID, "address-mismatch")
def hp_from_inside_is_no_sender() -> bytes:
    """From outside is the victim, From inside is the signer: what stands inside does not make a mail that of its signer."""
    mallory = pki().person("Mallory", "mallory@example.org", "p256")
    return _claiming(b'; hp="clear"', b"From: mallory@example.org\r\n", who=mallory)


# -- text around a signature that holds its content (row J2) --


@case("J2", VALID, "base64-anomaly")
def text_behind_an_opaque_signature() -> bytes:
    """Text behind the base64 of an application/pkcs7-mime, such as a list's footer: it is said, and is no content."""
    return signed() + b"\r\n\r\nPay Mallory instead.\r\n"


@case("J2", VALID, "base64-anomaly")
def html_behind_an_opaque_signature() -> bytes:
    """The same with HTML that would be seen by who shows all there is."""
    return signed() + b"<html><body><h1>Pay Mallory instead.</h1></body></html>\r\n"


@case("J2", ParseError)
def text_before_an_opaque_signature() -> bytes:
    """Text before it."""
    header, _, body = signed().partition(b"\r\n\r\n")
    return header + b"\r\n\r\nPay Mallory instead.\r\n\r\n" + body
