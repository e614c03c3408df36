"""Hostile mail: what stands around a signature, whose it is, what it is written in (numbers 5, 7, 12 and 13; rows E1, J1 to J3, MB, FL)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.hostile.builder import (
    BOUNDARY,
    ENTITY,
    HEADER,
    SHA256,
    Multipart,
    Signature,
    SignedData,
    der_of,
    detached,
    opaque,
    person,
    pki,
    signed,
    trust,
)
from tests.hostile.cases import INDETERMINATE, INVALID, VALID, Mail, case

import smime
from smime import policies
from smime.asn1 import writer
from smime.cms.content_info import DATA, ENVELOPED_DATA, SIGNED_DATA
from smime.errors import LimitExceeded, NotProtected, ParseError
from smime.pki.throwaway import Person, smtp_utf8_mailbox
from smime.transforms import base64

_OUTER = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_outer"\r\n'


def _detached_cms(entity: bytes = ENTITY, **signature: Any) -> bytes:
    return SignedData([Signature(content=entity, **signature)]).der()


# -- 5: multipart/signed (RFC 1847 section 2.1, RFC 8551 section 3.5.3) --


@case("18.5", VALID)
def multipart_right() -> bytes:
    """An ordinary multipart/signed: the control for the cases below."""
    return Multipart().mail()


@case("J1", INVALID, "two-contents")
def content_inside_and_outside() -> bytes:
    """The signature part has content of its own, which is what was signed; another content is shown (RFC 8551 section 3.5.3.1)."""
    cms = SignedData([Signature()], content=ENTITY).der()
    return Multipart(shown=b"Content-Type: text/plain\r\n\r\nPay 100 000 Euro to Mallory.\r\n", cms=cms).mail()


@case("J1", INVALID, "two-contents")
def content_inside_and_outside_the_same() -> bytes:
    """The signature part has content of its own, the same as the first part: still two contents (RFC 8551 section 3.5.3.1)."""
    return Multipart(cms=SignedData([Signature()], content=ENTITY).der()).mail()


@case("J1", INVALID, "two-contents")
def content_inside_and_given() -> Mail:
    """An opaque SignedData, and the caller gives content to go with it: one of the two would be shown, the other was signed."""
    return Mail(SignedData([Signature()], content=ENTITY).der(), content=b"other", options={"sender": "alice@example.org"})


@case("18.5", INVALID, "not-two-parts")
def three_parts() -> bytes:
    """A third part behind the signature (RFC 1847 section 2.1: exactly two)."""
    part = Multipart()
    return Multipart(parts=[ENTITY, part.signature_part(), b"Content-Type: text/plain\r\n\r\nP.S. Pay Mallory, too.\r\n"]).mail()


@case("18.5", INVALID, "not-two-parts")
def a_part_between() -> bytes:
    """A part between the signed one and the signature."""
    part = Multipart()
    return Multipart(parts=[ENTITY, b"Content-Type: text/plain\r\n\r\nPay Mallory.\r\n", part.signature_part()]).mail()


@case("18.5", INVALID, "not-two-parts")
def a_part_before() -> bytes:
    """A part before the signed one."""
    part = Multipart()
    return Multipart(parts=[b"Content-Type: text/plain\r\n\r\nPay Mallory.\r\n", ENTITY, part.signature_part()]).mail()


@case("18.5", INVALID, "not-two-parts")
def one_part() -> bytes:
    """The signature part is missing."""
    return Multipart(parts=[ENTITY]).mail()


@case("18.5", ParseError)
def no_part() -> bytes:
    """No boundary delimiter at all."""
    return HEADER + _OUTER + b"\r\nPay Mallory.\r\n"


@case("18.5", INVALID, "parts-swapped")
def parts_swapped() -> bytes:
    """The signature comes first (RFC 1847 section 2.1)."""
    return Multipart(parts=[Multipart().signature_part(), ENTITY]).mail()


@case("18.5", INVALID, "unclosed-multipart")
def not_closed() -> bytes:
    """The closing delimiter is missing, so that something may follow that is shown as part of it."""
    return Multipart(close=b"\r\n").mail()


@case("18.5", VALID, "wrong-protocol")
def protocol_missing() -> bytes:
    """No protocol parameter: said, since the CMS decides (RFC 1847 section 2.1 requires it)."""
    return Multipart(content_type=b'Content-Type: multipart/signed; micalg=sha-256; boundary="=_outer"\r\n').mail()


@case("18.5", NotProtected)
def protocol_of_openpgp() -> bytes:
    """The protocol is that of OpenPGP: not our signature."""
    field = b'Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary="=_outer"\r\n'
    return Multipart(content_type=field).mail()


@case("18.5", VALID, "micalg-mismatch")
def micalg_lies() -> bytes:
    """micalg says SHA-512, the signature has SHA-256: the digest is computed again, and the lie is said (RFC 1847 section 2.1)."""
    return Multipart(content_type=_OUTER.replace(b"sha-256", b"sha-512")).mail()


@case("18.5", VALID)
def micalg_missing() -> bytes:
    """No micalg parameter (RFC 8551 section 3.5.3.2: R SHOULD survive)."""
    return Multipart(content_type=_OUTER.replace(b" micalg=sha-256;", b"")).mail()


@case("18.5", VALID)
def micalg_unknown() -> bytes:
    """A micalg nobody knows."""
    return Multipart(content_type=_OUTER.replace(b"sha-256", b"rot13")).mail()


@case("18.5", ParseError)
def boundary_missing() -> bytes:
    """No boundary parameter."""
    return Multipart(content_type=_OUTER.replace(b' boundary="=_outer"', b"")).mail()


@case("18.5", INVALID, "digest-mismatch")
def trailing_blank() -> bytes:
    """A blank at the end of a line was added (signed text ends where it ends)."""
    return Multipart(shown=ENTITY.replace(b"Bob.\r\n", b"Bob. \r\n")).mail()


@case("18.5", INVALID, "digest-mismatch")
def trailing_blank_removed() -> bytes:
    """A blank at the end of a line was removed."""
    entity = ENTITY.replace(b"Bob.\r\n", b"Bob. \r\n")
    return Multipart(entity, ENTITY).mail()


@case("18.5", INVALID, "digest-mismatch")
def mime_header_of_the_part() -> bytes:
    """The part's Content-Type was changed: it is signed, too."""
    return Multipart(shown=ENTITY.replace(b"us-ascii", b"utf-8")).mail()


@case("18.5", INVALID, "digest-mismatch")
def mime_header_of_the_part_added() -> bytes:
    """A header field was added to the part."""
    return Multipart(shown=b"Content-Disposition: attachment\r\n" + ENTITY).mail()


@case("18.5", INVALID, "digest-mismatch")
def mime_header_of_the_part_refolded() -> bytes:
    """The part's header was folded."""
    return Multipart(shown=ENTITY.replace(b"; charset", b";\r\n charset")).mail()


@case("18.5", INVALID, "digest-mismatch")
def line_end_before_the_boundary() -> bytes:
    """One more line end before the delimiter: the last one belongs to the delimiter, this one to the part (RFC 2046 section 5.1.1)."""
    return Multipart(shown=ENTITY + b"\r\n").mail()


@case("18.5", INVALID, "digest-mismatch")
def line_end_before_the_boundary_removed() -> bytes:
    """One line end less before the delimiter."""
    return Multipart(shown=ENTITY[:-2]).mail()


@case("18.5", INVALID, "digest-mismatch")
def carriage_return_removed() -> bytes:
    """A bare CR inside a line was removed."""
    entity = ENTITY.replace(b"Euro", b"Eu\rro")
    return Multipart(entity, ENTITY).mail()


@case("18.5", VALID, "line-ends-converted")
def line_ends_of_unix() -> bytes:
    """The whole mail is stored with LF (RFC 8551 section 3.1.1): restored before it is digested."""
    return Multipart().mail().replace(b"\r\n", b"\n")


@case("18.5", INVALID, "digest-mismatch")
def signed_with_bare_lf_stored_with_crlf() -> bytes:
    """What was signed had bare LF, and the mail has CR LF: nobody may undo that, since texts that differ would be one."""
    entity = ENTITY.replace(b"\r\n", b"\n")
    return Multipart(entity, ENTITY).mail()


@case("MB", VALID, "stray-line-ends")
def signed_with_bare_cr() -> bytes:
    """What was signed has a bare CR, at which some readers break the line (RFC 5322 section 2.3): data, and said."""
    return Multipart(ENTITY.replace(b"Euro", b"Euro\rCent")).mail()


@case("MB", VALID, "stray-line-ends")
def signed_with_one_bare_lf() -> bytes:
    """What was signed has one bare LF among CR LF."""
    return Multipart(ENTITY.replace(b"Euro", b"Euro\nCent")).mail()


@case("18.5", VALID, "stray-line-ends")
def signed_with_bare_lf() -> bytes:
    """What was signed had bare LF, and the mail still has it (an S/MIME sender that did not canonicalise): as received."""
    entity = ENTITY.replace(b"\r\n", b"\n")
    return Multipart(entity).mail()


@case("18.5", VALID, "text-around-signed-part")
def preamble() -> bytes:
    """Text before the first delimiter: not signed, not shown by MIME readers, said."""
    return Multipart(preamble=b"Pay Mallory.\r\n").mail()


@case("18.5", VALID, "text-around-signed-part")
def epilogue() -> bytes:
    """Text behind the closing delimiter."""
    return Multipart(epilogue=b"-- \r\nThis mail passed the gateway.\r\n").mail()


@case("MB", INVALID)
def boundary_inside_the_part() -> bytes:
    """The signed part holds a line that is the delimiter: what a reader shows ends there."""
    entity = ENTITY + b"--=_outer\r\n\r\nhidden\r\n"
    return Multipart(entity).mail()


@case("MB", VALID, "boundary-prefix")
def boundary_as_prefix() -> bytes:
    """A line of the part begins with the delimiter and goes on: text, not a delimiter."""
    entity = ENTITY + b"--=_outer and more\r\n"
    return Multipart(entity).mail()


@case("MB", VALID)
def boundary_with_blanks() -> bytes:
    """Blanks behind the delimiters: transport padding (RFC 2046 section 5.1.1)."""
    return Multipart().mail().replace(b"--=_outer\r\n", b"--=_outer \t\r\n")


@case("MB", INVALID, "duplicate-header")
def header_content_type_twice() -> bytes:
    """Two Content-Type fields, of which one parser sees the first and another the last."""
    return Multipart(content_type=_OUTER + b"Content-Type: text/html\r\n").mail()


@case("MB", INVALID, "duplicate-header")
def header_encoding_twice() -> bytes:
    """Two Content-Transfer-Encoding fields on the multipart."""
    return Multipart(content_type=_OUTER + b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n").mail()


@case("MB", INVALID, "duplicate-header")
def header_content_type_twice_opaque() -> bytes:
    """Two Content-Type fields on an application/pkcs7-mime."""
    return opaque(SignedData([Signature()], ENTITY).der(), header=HEADER + b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n")


@case("MB", VALID)
def header_content_type_twice_in_the_part() -> bytes:
    """Two Content-Type fields in the signed part: the signer wrote and signed them, nobody else can have added one."""
    return Multipart(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<b>Pay</b>\r\n").mail()


@case("MB", INVALID, "duplicate-header")
def header_encoding_twice_in_the_signature() -> bytes:
    """Two Content-Transfer-Encoding fields in the signature part."""
    header = b"Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    return Multipart(signature_header=header).mail()


@case("MB", ParseError)
def boundary_twice() -> bytes:
    """Two boundary parameters, of which the first does not occur: one parser splits at the one, another at the other."""
    return Multipart(content_type=_OUTER.replace(b"boundary=", b'boundary="=_other"; boundary=')).mail()


@case("MB", INVALID, "duplicate-header")
def boundary_twice_the_right_one_first() -> bytes:
    """Two boundary parameters, of which the first splits the signed mail, the second would split it otherwise."""
    return Multipart(content_type=_OUTER.replace(b'boundary="=_outer"', b'boundary="=_outer"; boundary="=_other"')).mail()


@case("MB", INVALID, "duplicate-header")
def boundary_twice_in_forms_of_rfc_2231() -> bytes:
    """A plain boundary and an extended one (RFC 2231): readers that know no RFC 2231 split at the plain one, and show other parts."""
    return Multipart(content_type=_OUTER.replace(b'boundary="=_outer"', b"boundary=\"=_other\"; boundary*=us-ascii''%3D_outer")).mail()


@case("MB", INVALID, "duplicate-header")
def boundary_twice_in_segments() -> bytes:
    """A plain boundary and one in segments (RFC 2231)."""
    return Multipart(content_type=_OUTER.replace(b'boundary="=_outer"', b'boundary="=_other"; boundary*0="=_o"; boundary*1=uter')).mail()


@case("MB", VALID)
def boundary_in_segments() -> bytes:
    """A boundary in segments alone is one boundary."""
    return Multipart(content_type=_OUTER.replace(b'boundary="=_outer"', b'boundary*0="=_o"; boundary*1=uter')).mail()


@case("MB", VALID)
def type_in_capitals() -> bytes:
    """Media types, parameter names and values in capitals (RFC 2045 section 5.1): the same."""
    field = b'CONTENT-TYPE: MULTIPART/SIGNED; PROTOCOL="APPLICATION/PKCS7-SIGNATURE"; MICALG=SHA-256; BOUNDARY="=_outer"\r\n'
    return Multipart(content_type=field).mail()


@case("MB", VALID)
def type_with_comments() -> bytes:
    """Comments and folding in Content-Type (RFC 2045 section 5.1)."""
    field = (
        b'Content-Type: multipart/signed (two parts);\r\n\tprotocol (p)=\r\n "application/pkcs7-signature"; micalg=sha-256;'
        b' boundary="=_outer" (end)\r\n'
    )
    return Multipart(content_type=field).mail()


@case("MB", ParseError)
def transfer_encoding_of_the_multipart() -> bytes:
    """The multipart is base64-encoded as a whole (RFC 2045 section 6.4 forbids it)."""
    mail = Multipart().mail()
    head, _, body = mail.partition(b"\r\n\r\n")
    return head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encode(body)


@case("18.5", INVALID, "digest-mismatch")
def transfer_encoding_changed() -> bytes:
    """A gateway re-encoded the signed part as base64: the octets that were signed are gone (RFC 1847 section 2.1)."""
    head, _, body = ENTITY.partition(b"\r\n\r\n")
    return Multipart(shown=head.replace(b"7bit", b"base64") + b"\r\n\r\n" + base64.encode(body)).mail()


@case("18.5", INVALID, "signature-part-type")
def signature_part_is_html() -> bytes:
    """The second part is HTML with a CMS object at its begin: a reader that does not know S/MIME shows the rest (RFC 1847 section 2.1)."""
    header = b"Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return Multipart(parts=[ENTITY, header + _detached_cms() + b"<p>Pay Mallory.</p>"]).mail()


@case("18.5", INVALID, "signature-part-type")
def signature_part_is_xhtml() -> bytes:
    """The second part is application/xhtml+xml, which readers show."""
    return Multipart(signature_header=b"Content-Type: application/xhtml+xml\r\nContent-Transfer-Encoding: base64\r\n\r\n").mail()


@case("18.12", VALID, "trailing-data")
def octets_behind_a_detached_signature() -> bytes:
    """Octets behind the ContentInfo in the signature part: ignored, and said, as they are of an opaque signature."""
    return Multipart(cms=_detached_cms() + b"Pay Mallory.").mail()


@case("18.5", INVALID, "signature-part-type")
def signature_part_without_type() -> bytes:
    """The second part has no Content-Type, so it is text (RFC 2045 section 5.2)."""
    return Multipart(signature_header=b"Content-Transfer-Encoding: base64\r\n\r\n").mail()


@case("18.5", VALID)
def signature_part_of_older_senders() -> bytes:
    """The second part is application/x-pkcs7-signature (before RFC 2311) in capitals."""
    return Multipart(signature_header=b"Content-Type: APPLICATION/X-PKCS7-SIGNATURE\r\nContent-Transfer-Encoding: BASE64\r\n\r\n").mail()


@case("18.5", VALID)
def signature_part_by_name() -> bytes:
    """The second part is application/octet-stream with a name (RFC 8551 section 3.10)."""
    header = b'Content-Type: application/octet-stream; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return Multipart(signature_header=header).mail()


@case("18.5", VALID)
def signature_part_without_its_encoding() -> bytes:
    """The second part is base64 and does not say so, as a gateway may leave it."""
    return Multipart(signature_header=b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\n").mail()


@case("18.5", ParseError)
def signature_part_is_garbage() -> bytes:
    """The signature part holds no CMS object: unreadable for verify, INVALID for unwrap."""
    return Multipart(cms=b"garbage").mail()


@case("18.5", ParseError)
def signature_part_is_encrypted() -> bytes:
    """The signature part holds an EnvelopedData instead of a SignedData."""
    cms = writer.sequence(writer.oid(ENVELOPED_DATA), writer.explicit(0, writer.sequence(writer.integer(0))))
    return Multipart(cms=cms).mail()


@case("J2", NotProtected)
def signed_part_below_mixed() -> bytes:
    """A signed part beside one that is not: the message is not signed (RFC 9787 section 4.5; Mueller et al. 2019, MIME wrapping)."""
    return _mixed(b"Content-Type: text/plain\r\n\r\nPay Mallory.\r\n", Multipart(header=b"").mail())


@case("J2", NotProtected)
def signed_part_first() -> bytes:
    """A signed part and a footer that a mailing list appended."""
    return _mixed(Multipart(header=b"").mail(), b"Content-Type: text/plain\r\n\r\n_______\r\nlist mailing list\r\n")


@case("J2", NotProtected)
def opaque_part_below_mixed() -> bytes:
    """An opaque signed part beside one that is not."""
    return _mixed(opaque(SignedData([Signature()], ENTITY).der(), header=b""), b"Content-Type: text/plain\r\n\r\nPay Mallory.\r\n")


@case("J2", NotProtected)
def signed_mail_forwarded() -> bytes:
    """Alice's signed mail as message/rfc822 in a mail of Mallory's that says it is from Alice."""
    return HEADER + b"Content-Type: message/rfc822\r\n\r\n" + Multipart().mail()


@case("J2", NotProtected)
def signed_part_below_related() -> bytes:
    """A signed part that HTML beside it refers to by Content-ID (Mueller et al. 2019)."""
    html = b"Content-Type: text/html\r\n\r\n<img src='cid:signed'>Pay Mallory.\r\n"
    return _mixed(html, b"Content-ID: <signed>\r\n" + Multipart(header=b"").mail(), kind=b"related")


@case("J2", NotProtected)
def signed_part_hidden_by_html() -> bytes:
    """HTML before a signed part opens a comment that swallows it (EFAIL, direct exfiltration with a signature)."""
    return _mixed(
        b"Content-Type: text/html\r\n\r\nPay Mallory.<!--\r\n", Multipart(header=b"").mail(), b"Content-Type: text/html\r\n\r\n-->\r\n"
    )


def _mixed(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    body = b"".join(b"--=_mixed\r\n" + part + b"\r\n" for part in parts)
    return HEADER + b"Content-Type: multipart/" + kind + b'; boundary="=_mixed"\r\n\r\n' + body + b"--=_mixed--\r\n"


# -- 7: who is it from (RFC 8550 sections 3 and 4.4, RFC 9598) --


def _from(value: bytes, **signature: Any) -> bytes:
    return signed(header=b"From: " + value + b"\r\nMIME-Version: 1.0\r\n", **signature)


@lru_cache(maxsize=64)
def _with(
    name: str, *, usage: tuple[str, ...] = (), eku: tuple[Any, ...] | None = (ExtendedKeyUsageOID.EMAIL_PROTECTION,), **options: Any
) -> Person:
    return pki().person(name, options.pop("address", "alice@example.org"), "p256", usage=usage, eku=eku, **options)


@case("18.7", INVALID, "key-usage")
def usage_without_signatures() -> bytes:
    """keyUsage keyAgreement only (RFC 8550 section 4.4.2)."""
    return signed(who=_with("for encryption", usage=("key_agreement",)))


@case("18.7", VALID)
def usage_non_repudiation() -> bytes:
    """keyUsage nonRepudiation only: enough (RFC 8550 section 4.4.2)."""
    return signed(who=_with("non repudiation", usage=("content_commitment",)))


@case("18.7", INVALID, "key-usage")
def usage_certificates_only() -> bytes:
    """keyUsage keyCertSign only."""
    return signed(who=_with("for certificates", usage=("key_cert_sign",)))


@case("18.7", INVALID, "extended-key-usage")
def usage_of_a_server() -> bytes:
    """extendedKeyUsage serverAuth only (RFC 8550 section 4.4.4): the certificate of a web server."""
    return signed(who=_with("web server", eku=(ExtendedKeyUsageOID.SERVER_AUTH,)))


@case("18.7", VALID)
def usage_any() -> bytes:
    """extendedKeyUsage anyExtendedKeyUsage (RFC 8550 section 4.4.4)."""
    return signed(who=_with("any usage", eku=("2.5.29.37.0",)))


@case("18.7", VALID)
def usage_extended_absent() -> bytes:
    """No extendedKeyUsage: not restricted (RFC 8550 section 4.4.4)."""
    return signed(who=_with("no usage", eku=None))


@case("J3", INVALID, "address-mismatch")
def from_somebody_else() -> bytes:
    """A valid signature of Alice's on a mail that is from Bob."""
    return _from(b"bob@example.org")


@case("J3", INVALID, "address-mismatch")
def from_display_name() -> bytes:
    """Alice's address is the display name, the address is Mallory's, Alice signed something of hers (Mueller et al. 2019)."""
    return _from(b'"alice@example.org" <mallory@example.org>')


@case("J3", INVALID, "address-mismatch")
def from_display_name_signed_by_mallory() -> bytes:
    """Mallory signs with her own certificate as a From whose display name is hers and whose address is Alice's."""
    return _from(b'"mallory@example.org" <alice@example.org>', who=person("mallory"))


@case("J3", VALID, "display-name-is-address")
def from_display_name_of_alice() -> bytes:
    """Mallory signs as herself, and her display name is Alice's address: valid, for mallory@, and said."""
    return _from(b'"alice@example.org" <mallory@example.org>', who=person("mallory"))


@case("J3", INDETERMINATE, "sender-ambiguous")
def from_two_mailboxes() -> bytes:
    """A From with two mailboxes, the signer's one of them (RFC 8550 section 3)."""
    return _from(b"alice@example.org, mallory@example.org")


@case("J3", INDETERMINATE, "sender-ambiguous")
def from_twice() -> bytes:
    """Two From fields; readers show the first, verifiers compare the last."""
    return signed(header=b"From: mallory@example.org\r\nFrom: alice@example.org\r\nMIME-Version: 1.0\r\n")


@case("J3", INDETERMINATE, "sender-ambiguous")
def from_twice_the_same() -> bytes:
    """Two equal From fields: RFC 5322 section 3.6 allows one."""
    return signed(header=b"From: alice@example.org\r\nFrom: alice@example.org\r\nMIME-Version: 1.0\r\n")


@case("J3", INDETERMINATE, "sender-ambiguous")
def from_group() -> bytes:
    """A From with a group (RFC 6854) of two."""
    return _from(b"Friends: alice@example.org, mallory@example.org;")


@case("J3", INDETERMINATE, "sender-missing")
def from_missing() -> bytes:
    """No From at all."""
    return signed(header=b"Subject: x\r\nMIME-Version: 1.0\r\n")


@case("J3", INDETERMINATE)
def from_empty() -> bytes:
    """An empty From."""
    return _from(b"")


@case("J3", INDETERMINATE)
def from_empty_group() -> bytes:
    """A From with a group of nobody."""
    return _from(b"undisclosed:;")


@case("MB", INDETERMINATE, "sender-ambiguous")
def from_behind_bare_cr() -> bytes:
    """A second From behind a bare CR, which some take for a line end (RFC 5322 section 2.3)."""
    return signed(header=HEADER.replace(b"Subject: the usual", b"Subject: x\rFrom: mallory@example.org"))


@case("MB", INVALID, "duplicate-header")
def header_content_type_behind_bare_cr() -> bytes:
    """A second Content-Type behind a bare CR."""
    return Multipart(header=HEADER.replace(b"Subject: the usual", b"Subject: x\rContent-Type: text/html")).mail()


@case("MB", VALID, "suspicious-characters")
def bare_cr_in_the_header() -> bytes:
    """Bare CRs in a field: data (RFC 5322 section 2.3 forbids them), and said."""
    return Multipart(header=HEADER.replace(b"Subject: the usual", b"Subject: x\r\r<b>Pay Mallory.</b>")).mail()


@case("MB", VALID, "suspicious-characters")
def nul_in_the_header() -> bytes:
    """A NUL in a field, at which readers in C stop."""
    return signed(header=HEADER.replace(b"Subject: the usual", b"Subject: pay\0not"))


@case("MB", VALID, "malformed-header")
def text_in_the_header() -> bytes:
    """A line of the header is no field, and there some readers begin with the text: nothing of that is signed, and it is said."""
    return Multipart(header=HEADER + b"<html>Pay Mallory.</html>\r\n").mail()


@case("MB", VALID, "malformed-header")
def text_in_the_header_opaque() -> bytes:
    """The same around an opaque signature."""
    return signed(header=HEADER + b"Pay Mallory.\r\n")


@case("J3", INDETERMINATE, "repeated-field")
def two_subjects() -> bytes:
    """Two Subject fields: RFC 5322 section 3.6 allows one, and readers show the first or the last."""
    return signed(header=HEADER + b"Subject: Pay Mallory\r\n")


@case("J3", INDETERMINATE, "repeated-field")
def two_recipients_fields() -> bytes:
    """Two To fields."""
    return Multipart(header=HEADER + b"To: Mallory <mallory@example.org>\r\n").mail()


@case("J3", INDETERMINATE, "repeated-field")
def two_dates_one_behind_bare_cr() -> bytes:
    """A Date, and another one behind a bare CR."""
    return signed(header=HEADER + b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nX-A: b\rDate: Tue, 2 Jan 2024 00:00:00 +0000\r\n")


@case("J3", VALID, "display-name-is-address")
def group_named_as_an_address() -> bytes:
    """A From with a group (RFC 6854) of one, whose name is somebody else's address: valid, for mallory@, and said."""
    return _from(b'"alice@example.org": mallory@example.org;', who=person("mallory"))


@case("J3", VALID, "display-name-is-address")
def display_name_is_address_with_blanks() -> bytes:
    """Blanks around the at sign in a display name that is an address."""
    return _from(b'"alice @ example.org" <mallory@example.org>', who=person("mallory"))


@case("MB", INDETERMINATE, "sender-ambiguous")
def from_with_a_blank_before_the_colon() -> bytes:
    """A second From with a blank before its colon (RFC 5322 section 4.5: obsolete, and read by most)."""
    return signed(header=b"From : mallory@example.org\r\nFrom: alice@example.org\r\nMIME-Version: 1.0\r\n")


@case("MB", INDETERMINATE, "sender-ambiguous")
def from_behind_a_bare_line_feed() -> bytes:
    """A second From behind a bare LF, which some take for a line end."""
    return signed(header=b"Subject: x\nFrom: mallory@example.org\r\nFrom: alice@example.org\r\nMIME-Version: 1.0\r\n")


@case("MB", INDETERMINATE, "sender-ambiguous")
def from_in_capitals_too() -> bytes:
    """A second From in capitals."""
    return signed(header=b"FROM: mallory@example.org\r\nFrom: alice@example.org\r\nMIME-Version: 1.0\r\n")


@case("MB", INDETERMINATE, "sender-ambiguous")
def from_continued_with_another() -> bytes:
    """A second mailbox on a continuation line."""
    return signed(header=b"From: alice@example.org,\r\n\tmallory@example.org\r\nMIME-Version: 1.0\r\n")


@case("MB", INDETERMINATE, "sender-ambiguous")
def from_behind_the_content_type() -> bytes:
    """A second From at the end of the header block."""
    mail = Multipart().mail()
    return mail.replace(b'boundary="=_outer"\r\n', b'boundary="=_outer"\r\nFrom: mallory@example.org\r\n', 1)


@case("MB", VALID)
def from_in_the_signed_part() -> bytes:
    """From among the header fields of the signed part does not count for the message."""
    return Multipart(b"From: mallory@example.org\r\n" + ENTITY).mail()


@case("J1", INVALID, "two-contents")
def multipart_and_content_given() -> Mail:
    """A multipart/signed, and the caller gives content to go with it: one of the two would be taken for the other."""
    return Mail(Multipart().mail(), content=b"other")


@case("J3", INDETERMINATE, "address-match-by-sender")
def sender_matches() -> bytes:
    """The signer is the Sender, not the author whom readers see: said, and no identity (RFC 8550 section 3)."""
    return signed(header=b"From: bob@example.org\r\nSender: alice@example.org\r\nMIME-Version: 1.0\r\n")


@case("J3", INVALID, "address-mismatch")
def sender_twice() -> bytes:
    """The signer is one of two Sender fields."""
    return signed(header=b"From: bob@example.org\r\nSender: alice@example.org\r\nSender: eve@example.org\r\nMIME-Version: 1.0\r\n")


@case("J3", INVALID)
def from_comment() -> bytes:
    """Alice's address in a comment behind Mallory's."""
    return _from(b"mallory@example.org (alice@example.org)")


@case("J3", INVALID)
def from_encoded_word() -> bytes:
    """An encoded word that decodes to Alice's address with angle brackets, before Mallory's address."""
    return _from(b"=?utf-8?q?alice=40example.org_=3Calice=40example.org=3E?= <mallory@example.org>")


@case("J3", INVALID)
def from_encoded_word_with_nul() -> bytes:
    """An encoded word that decodes to Alice's address and a NUL, so that a C program stops there (Mailsploit 2017)."""
    return _from(b"=?utf-8?b?YWxpY2VAZXhhbXBsZS5vcmcA?=@mallory.example")


@case("J3", INDETERMINATE, "sender-malformed")
def from_two_angles() -> bytes:
    """Two addresses in angle brackets in one mailbox: parsers differ on which counts."""
    return _from(b"<alice@example.org> <mallory@example.org>")


@case("J3", INVALID)
def from_route() -> bytes:
    """Alice's domain as a source route before Mallory's address (RFC 5322 section 4.4)."""
    return _from(b"<@example.org,@alice.example:mallory@example.org>")


@case("J3", INVALID)
def from_quoted_local_part() -> bytes:
    """A quoted local part that holds Alice's whole address."""
    return _from(b'"alice@example.org"@mallory.example')


@case("J3", VALID)
def from_other_case() -> bytes:
    """Alice's address in capitals (RFC 8550 section 3: local parts are compared without regard to case)."""
    return _from(b"ALICE@EXAMPLE.ORG")


@case("J3", VALID)
def from_folded() -> bytes:
    """A folded From with comments."""
    return _from(b"Alice\r\n (the one) <alice\r\n @example.org>")


@case("J3", INVALID, "address-mismatch")
def from_subdomain() -> bytes:
    """A sub-domain of the certificate's."""
    return _from(b"alice@mail.example.org")


@case("J3", INVALID, "address-mismatch")
def from_homograph() -> bytes:
    """A Cyrillic letter in the domain (RFC 9598: A-labels are compared)."""
    return _from("alice@ex\u0430mple.org".encode())


@case("J3", INVALID, "address-mismatch")
def from_full_width() -> bytes:
    """Full-width letters, which some map to ASCII."""
    return _from("\uff41lice@example.org".encode())


@case("J3", INDETERMINATE)
def from_bidi() -> bytes:
    """A right-to-left override inside the address."""
    return _from("\u202egro.elpmaxe@ecila\u202c".encode())


@case("J3", INDETERMINATE, "certificate-without-address")
def certificate_without_address() -> bytes:
    """The certificate names no address: it does not say who the sender is (RFC 8550 section 3)."""
    return signed(who=_with("no address", address=None))


@case("J3", VALID)
def certificate_with_address_in_its_name() -> bytes:
    """The address stands in the subject name, as old certificates have it (RFC 8550 section 3)."""
    return signed(who=_with("old style", subject_address=True))


@case("J3", INVALID)
def certificate_common_name_is_address() -> bytes:
    """The common name is Alice's address, the alternative name Mallory's: only the latter counts."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice@example.org")])
    return signed(who=_with("cn", address="mallory@example.org", subject=name))


@case("J3", INDETERMINATE)
def certificate_common_name_alone() -> bytes:
    """The common name is Alice's address, and there is no other name."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice@example.org")])
    return signed(who=_with("cn alone", address=None, subject=name))


def _names(*names: x509.GeneralName) -> tuple[x509.GeneralName, ...]:
    return names


@case("J3", INVALID)
def certificate_dns_name() -> bytes:
    """The domain of the sender stands as a dNSName: no address."""
    return signed(who=_with("dns", addresses=_names(x509.DNSName("example.org"), x509.RFC822Name("mallory@example.org"))))


@case("J3", VALID)
def certificate_with_several_addresses() -> bytes:
    """Alice's address is the second of the certificate's."""
    return signed(who=_with("several", addresses=_names(x509.RFC822Name("a@example.org"), x509.RFC822Name("alice@example.org"))))


@case("J3", INVALID)
def certificate_address_with_nul() -> bytes:
    """rfc822Name ``alice@example.org\\0.mallory.example`` (Kaminsky 2009)."""
    return signed(
        who=_with("nul", addresses=_names(x509.RFC822Name("mallory@example.org"), _raw_address("alice@example.org\0.mallory.example")))
    )


def _raw_address(text: str) -> x509.GeneralName:
    name = x509.RFC822Name("x@example.org")
    object.__setattr__(name, "_value", text)
    return name


@case("J3", VALID)
def certificate_mailbox_in_utf8() -> bytes:
    """SmtpUTF8Mailbox against a From in UTF-8 (RFC 9598 section 3)."""
    return _from("j\u00f6rg@example.org".encode(), who=_with("joerg", address="j\u00f6rg@example.org"))


@case("J3", INVALID)
def certificate_mailbox_in_utf8_other_case() -> bytes:
    """SmtpUTF8Mailbox differs in case: compared octet by octet (RFC 9598 section 5)."""
    return _from("J\u00f6rg@example.org".encode(), who=_with("joerg", address="j\u00f6rg@example.org"))


@case("J3", INVALID)
def certificate_mailbox_domain_in_capitals() -> bytes:
    """SmtpUTF8Mailbox whose domain has capitals (RFC 9598 section 3: lower case), beside a sound other address."""
    names = _names(smtp_utf8_mailbox("j\u00f6rg@Example.org"), x509.RFC822Name("other@example.org"))
    return _from("j\u00f6rg@example.org".encode(), who=_with("capitals", addresses=names))


@case("J3", INVALID)
def certificate_mailbox_with_u_label() -> bytes:
    """SmtpUTF8Mailbox whose domain has a U-label (RFC 9598 section 3: A-labels only), beside a sound other address."""
    names = _names(smtp_utf8_mailbox("j\u00f6rg@b\u00fccher.example"), x509.RFC822Name("other@example.org"))
    return _from("j\u00f6rg@b\u00fccher.example".encode(), who=_with("u label", addresses=names))


@case("J3", INVALID)
def certificate_mailbox_for_ascii() -> bytes:
    """SmtpUTF8Mailbox for an address of ASCII alone (RFC 9598 section 3: rfc822Name then), beside a sound other address."""
    names = _names(smtp_utf8_mailbox("alice@example.org"), x509.RFC822Name("other@example.org"))
    return signed(who=_with("ascii mailbox", addresses=names))


@case("J3", VALID)
def from_internationalised_domain() -> bytes:
    """The certificate has the A-label of a domain, the From its U-label."""
    who = _with("idn", address="alice@xn--bcher-kva.example")
    return _from("alice@b\u00fccher.example".encode(), who=who)


@case("J3", INVALID, "address-mismatch")
def sender_given_by_the_caller() -> Mail:
    """The caller says from whom the message came, and it is not the signer, whatever From says."""
    return Mail(signed(), options={"sender": "bob@example.org"})


@case("ST", INVALID, "address-mismatch")
def signed_for_somebody_else() -> bytes:
    """Alice's whole signed part under a header of Mallory's (surreptitious forwarding)."""
    return signed(header=b"From: mallory@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n")


# -- 12 and 13, FL: encoding and size --


def _indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def _ber(content: bytes) -> bytes:
    """Return an opaque SignedData over some content with indefinite lengths wherever there is a choice."""
    own = Signature(content=content)
    chain = [own.own.der, *(der_of(c) for c in own.who.chain)]
    half = len(content) // 2
    segments = _indefinite(0x24, writer.octet_string(content[:half]), _indefinite(0x24, writer.octet_string(content[half:]), b"\x04\0"))
    return _indefinite(
        0x30,
        writer.oid(SIGNED_DATA),
        _indefinite(
            0xA0,
            _indefinite(
                0x30,
                writer.integer(1),
                _indefinite(0x31, own.written_digest.raw),
                _indefinite(0x30, writer.oid(DATA), _indefinite(0xA0, segments)),
                _indefinite(0xA0, *chain),
                _indefinite(0x31, own.signer_info()),
            ),
        ),
    )


@case("18.12", VALID)
def indefinite_lengths() -> bytes:
    """Indefinite lengths at every level and nested constructed OCTET STRINGs (RFC 5652 section 5.2: BER)."""
    return opaque(_ber(ENTITY))


@case("18.12", VALID)
def empty_content() -> Mail:
    """A signature over no octets at all: legal (RFC 5652 section 5.4)."""
    return Mail(SignedData([Signature(content=b"")], b"").der(), options={"sender": "alice@example.org"})


@case("18.12", VALID, "trailing-data")
def trailing_octets() -> bytes:
    """Octets behind the ContentInfo: ignored, and said."""
    return opaque(SignedData([Signature()], ENTITY).der() + b"garbage")


@case("18.12", ParseError)
def truncated() -> bytes:
    """The CMS object breaks off."""
    return opaque(SignedData([Signature()], ENTITY).der()[:-20])


@case("18.12", ParseError)
def field_behind_the_signers() -> bytes:
    """A field behind signerInfos inside of SignedData."""
    return opaque(SignedData([Signature()], ENTITY, extra=writer.integer(1)).der())


@case("18.12", ParseError)
def length_beyond_the_input() -> bytes:
    """A length of 2^40 octets."""
    return opaque(b"\x30\x86\x01\x00\x00\x00\x00\x00" + writer.oid(SIGNED_DATA))


@case("BD", INDETERMINATE, "no-certificate")
def nesting_of_10000() -> bytes:
    """The certificate is 10 000 SEQUENCEs deep: not read."""
    return opaque(SignedData([Signature()], ENTITY, certificates=[_deep(10_000)]).der())


@case("BD", LimitExceeded)
def nesting_of_octet_strings() -> bytes:
    """Content in 10 000 nested constructed OCTET STRINGs."""
    content = b"\x24\x80" * 10_000 + b"\x04\x01x" + b"\0\0" * 10_000
    return opaque(SignedData([Signature()], content_field=_indefinite(0xA0, content)).der())


def _deep(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = writer.sequence(content)
    return content


@case("FL", LimitExceeded)
def thousand_signers() -> bytes:
    """1000 SignerInfos."""
    info = Signature().signer_info()
    own = Signature()
    return opaque(SignedData([info] * 1000, ENTITY, certificates=[own.own.der], digest_algorithms=[SHA256]).der())


@case("FL", LimitExceeded)
def thousand_attributes() -> bytes:
    """2000 attributes in one set."""
    from smime.cms import attributes as attrs

    odd = [attrs.attribute(f"1.2.3.{number}", writer.NULL) for number in range(2000)]
    return signed(attributes=lambda found: [*found, *odd])


@case("FL", LimitExceeded)
def thousand_certificates() -> bytes:
    """2000 certificates."""
    own = Signature()
    junk = [writer.sequence(writer.integer(number)) for number in range(2000)]
    return opaque(SignedData([own], ENTITY, certificates=[own.own.der, *junk]).der())


@case("FL", VALID)
def certificates_that_nobody_needs() -> bytes:
    """100 unreadable certificates beside the right ones: said, and harmless."""
    own = Signature()
    junk = [writer.sequence(writer.integer(number)) for number in range(100)]
    chain = [der_of(c) for c in own.who.chain]
    return opaque(SignedData([own], ENTITY, certificates=[*junk, own.own.der, *chain]).der())


@case("FL", INVALID)
def many_certificates_of_one_identifier() -> bytes:
    """60 certificates with the key identifier that the signer names, the right one not among the first twenty: trials are bounded."""
    ski = x509.SubjectKeyIdentifier.from_public_key(person().public_key)
    flood = _flood(ski)
    own = Signature(ski=True)
    return opaque(SignedData([own], ENTITY, certificates=[*flood, b"\x30\x00"], version=3).der())


@lru_cache(maxsize=1)
def _flood(ski: x509.SubjectKeyIdentifier) -> tuple[bytes, ...]:
    key = person("mallory").private_key
    return tuple(
        der_of(pki().person(f"flood {n}", "eve@example.org", key, subject_key_identifier=False, extensions=[(ski, False)]).certificate)
        for n in range(60)
    )


@case("TS", INDETERMINATE, "expired")
def expired() -> bytes:
    """The certificate has expired."""
    return signed(who=_with("expired", expired=True))


@case("18.6", INVALID, "revoked")
def revoked() -> Mail:
    """The certificate was revoked, by a CRL in the store."""
    who = _with("revoked")
    store = smime.TrustStore(pki().anchors, crls=[pki().crl(pki().intermediate, [who])])
    return Mail(signed(who=who), trust=store)


@case("18.6", INVALID, "revoked")
def revoked_by_the_message() -> bytes:
    """The certificate was revoked, by a CRL that the message brings."""
    from cryptography.hazmat.primitives.serialization import Encoding

    who = _with("revoked")
    crl = pki().crl(pki().intermediate, [who]).public_bytes(Encoding.DER)
    return opaque(SignedData([Signature(who=who)], ENTITY, crls=[crl]).der())


@case("18.6", INDETERMINATE, "revocation-required")
def revocation_unknown() -> Mail:
    """No revocation information at all, where the policy asks for it."""
    return Mail(signed(), policy=policies.RFC8551.replace(revocation="require"))


@case("18.6", INDETERMINATE, "untrusted")
def trusts_nobody() -> Mail:
    """A store without a single anchor."""
    return Mail(signed(), trust=smime.TrustStore(()))


@case("18.6", INDETERMINATE, "untrusted")
def anchor_brought_along() -> Mail:
    """The message brings its own root: a message cannot make itself trusted."""
    own = Signature()
    certificates = [own.own.der, *(der_of(c) for c in own.who.chain), der_of(pki().root.certificate)]
    other = smime.TrustStore([person("mallory").certificate])
    return Mail(opaque(SignedData([own], ENTITY, certificates=certificates).der()), trust=other)


@case("E1", NotProtected)
def encrypted_outside() -> bytes:
    """A signature inside of an encryption is not verified from outside: the message is encrypted at its top."""
    recipient = smime.Recipient(person(key="rsa2048").certificate)
    return bytes(smime.encrypt(Multipart().mail(), recipient))


@case("J2", NotProtected)
def plain_text() -> bytes:
    """A mail whose text claims to be signed."""
    return HEADER + b"Content-Type: text/plain\r\n\r\n[Valid signature by alice@example.org]\r\nPay Mallory.\r\n"


assert BOUNDARY
assert trust
assert detached
