"""Hostile SignedData: attributes, algorithms, signature values, certificates of others (numbers 1 to 4 and 6 of the list)."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.hostile.builder import (
    ECDSA_SHA256,
    ECDSA_SHA512,
    ENTITY,
    MD5,
    NOW,
    RSA,
    RSA_SHA256,
    SHA1,
    SHA256,
    SHA384,
    SHA512,
    Multipart,
    Signature,
    SignedData,
    algorithm,
    also,
    der_of,
    detached,
    instead,
    opaque,
    person,
    pki,
    reissued,
    signed,
    unsorted,
    without,
)
from tests.hostile.cases import INDETERMINATE, INVALID, VALID, Mail, case

from smime import policies
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attribute_set, ess
from smime.cms import attributes as attrs
from smime.cms.content_info import DATA
from smime.cms.identifiers import SubjectKeyIdentifier
from smime.crypto import digests
from smime.errors import NotProtected, ParseError, UnsupportedError
from smime.pki.throwaway import Person

TST_INFO = "1.2.840.113549.1.9.16.1.4"
_DIGEST = digests.digest("sha256", ENTITY)


# -- 1: signed attributes (RFC 5652 sections 5.3, 5.4, 11) --


@case("18.1", INVALID, "content-type-attribute-missing")
def content_type_missing() -> bytes:
    """signedAttrs without contentType (RFC 5652 section 5.3)."""
    return signed(attributes=without(attrs.CONTENT_TYPE))


@case("18.1", INVALID, "content-type-mismatch")
def content_type_wrong() -> bytes:
    """contentType names another type than eContentType (RFC 5652 section 11.1)."""
    return signed(content_type=TST_INFO)


@case("18.1", INVALID, "attribute-not-single")
def content_type_twice() -> bytes:
    """Two contentType attributes, one of them right (RFC 5652 section 11.1)."""
    return signed(attributes=also(attrs.content_type(TST_INFO)))


@case("18.1", INVALID, "attribute-not-single")
def content_type_twice_the_same() -> bytes:
    """Two equal contentType attributes (RFC 5652 section 11.1)."""
    return signed(attributes=also(attrs.content_type(DATA)))


@case("18.1", INVALID, "attribute-not-single")
def content_type_two_values() -> bytes:
    """One contentType attribute with two values (RFC 5652 section 11.1)."""
    return signed(attributes=instead(attrs.CONTENT_TYPE, attrs.attribute(attrs.CONTENT_TYPE, writer.oid(DATA), writer.oid(TST_INFO))))


@case("18.1", INVALID, "attribute-not-single")
def content_type_no_value() -> bytes:
    """A contentType attribute with an empty set of values (RFC 5652 section 11.1)."""
    return signed(attributes=instead(attrs.CONTENT_TYPE, attrs.attribute(attrs.CONTENT_TYPE)))


@case("18.1", INVALID, "attribute-malformed")
def content_type_is_no_oid() -> bytes:
    """The value of contentType is an INTEGER (RFC 5652 section 11.1)."""
    return signed(attributes=instead(attrs.CONTENT_TYPE, attrs.attribute(attrs.CONTENT_TYPE, writer.integer(7))))


@case("18.1", INVALID, "message-digest-attribute-missing")
def message_digest_missing() -> bytes:
    """signedAttrs without messageDigest: the signature says nothing about the content (RFC 5652 section 5.3)."""
    return signed(attributes=without(attrs.MESSAGE_DIGEST))


@case("18.1", INVALID, "digest-mismatch")
def message_digest_wrong() -> bytes:
    """messageDigest of other content (RFC 5652 section 5.6)."""
    return signed(message_digest=bytes(32))


@case("18.1", INVALID, "digest-mismatch")
def message_digest_short() -> bytes:
    """messageDigest is the right digest cut to 16 octets."""
    return signed(message_digest=_DIGEST[:16])


@case("18.1", INVALID, "digest-mismatch")
def message_digest_empty() -> bytes:
    """messageDigest is an empty OCTET STRING."""
    return signed(attributes=instead(attrs.MESSAGE_DIGEST, attrs.message_digest(b"")))


@case("18.1", INVALID, "attribute-not-single")
def message_digest_twice() -> bytes:
    """Two messageDigest attributes, the second one wrong (RFC 5652 section 11.2)."""
    return signed(attributes=also(attrs.message_digest(bytes(32))))


@case("18.1", INVALID, "attribute-not-single")
def message_digest_two_values() -> bytes:
    """One messageDigest attribute with two values, one of them right (RFC 5652 section 11.2)."""
    values = (writer.octet_string(_DIGEST), writer.octet_string(bytes(32)))
    return signed(attributes=instead(attrs.MESSAGE_DIGEST, attrs.attribute(attrs.MESSAGE_DIGEST, *values)))


@case("18.1", INVALID, "attribute-malformed")
def message_digest_is_no_octet_string() -> bytes:
    """The value of messageDigest is a BIT STRING."""
    return signed(attributes=instead(attrs.MESSAGE_DIGEST, attrs.attribute(attrs.MESSAGE_DIGEST, writer.bit_string(_DIGEST))))


@case("SB", INVALID, "message-digest-attribute-missing")
def message_digest_unsigned() -> bytes:
    """messageDigest among the unsigned attributes instead of the signed ones (attribute confusion)."""
    return signed(attributes=without(attrs.MESSAGE_DIGEST), unsigned=[attrs.message_digest(_DIGEST)])


@case("SB", INVALID, "attribute-misplaced")
def message_digest_unsigned_too() -> bytes:
    """A second messageDigest among the unsigned attributes (attribute confusion)."""
    return signed(unsigned=[attrs.message_digest(_DIGEST)])


@case("SB", INVALID, "attribute-misplaced")
def content_type_unsigned_too() -> bytes:
    """A contentType among the unsigned attributes (RFC 5652 section 11.1)."""
    return signed(unsigned=[attrs.content_type(DATA)])


@case("SB", INVALID, "attribute-misplaced")
def attributes_all_unsigned() -> bytes:
    """No signed attributes, and those that should be signed stand unsigned beside a signature over the content."""
    return signed(signed_attributes=False, unsigned=[attrs.content_type(DATA), attrs.message_digest(_DIGEST)])


@case("18.1", INVALID, "signed-attributes-required")
def no_attributes_for_other_content() -> bytes:
    """No signedAttrs although eContentType is not id-data (RFC 5652 section 5.3)."""
    return opaque(SignedData([Signature(signed_attributes=False)], ENTITY, TST_INFO).der())


@case("18.1", INVALID, "content-type-attribute-missing")
def attributes_empty() -> bytes:
    """signedAttrs is an empty SET (RFC 5652 section 5.3: SIZE (1..MAX))."""
    return signed(attributes=lambda found: [])


@case("18.1", INDETERMINATE, "signed-attributes-not-der")
def attributes_unsorted() -> bytes:
    """The SET of signedAttrs is not in DER order, and signed as it is (RFC 5652 section 5.4)."""
    return signed(encode=unsorted)


@case("18.1", INVALID, "signature-invalid")
def attributes_unsorted_but_signed_sorted() -> bytes:
    """The SET of signedAttrs is not in DER order; the signature is over the DER form, which is not what stands there."""

    def sort(octets: bytes) -> bytes:
        return attribute_set.Attributes(octets).to_der()

    return signed(encode=unsorted, signed=sort)


@case("18.1", INDETERMINATE, "signed-attributes-not-der")
def attributes_of_indefinite_length() -> bytes:
    """signedAttrs in BER with indefinite length, signed as they are (RFC 5652 section 5.4 wants DER)."""
    return signed(encode=lambda found: b"\x31\x80" + b"".join(sorted(found)) + b"\x00\x00")


@case("18.1", INDETERMINATE, "signed-attributes-not-der")
def attributes_with_long_length() -> bytes:
    """signedAttrs with a length that is not minimal, signed as they are."""

    def encode(found: Any) -> bytes:
        content = b"".join(sorted(found))
        return b"\x31\x84" + len(content).to_bytes(4, "big") + content

    return signed(encode=encode)


@case("18.1", INVALID, "signature-invalid")
def attributes_signed_with_their_tag() -> bytes:
    """The signature is over signedAttrs with the tag [0] that they have in the message, not SET (RFC 5652 section 5.4)."""
    return signed(signed=lambda octets: b"\xa0" + octets[1:])


@case("18.1", INVALID, "attribute-not-single")
def signing_time_twice() -> bytes:
    """Two signingTime attributes (RFC 5652 section 11.3)."""
    return signed(attributes=also(attrs.signing_time(NOW)))


@case("18.1", INVALID, "attribute-misplaced")
def signing_time_unsigned() -> bytes:
    """signingTime among the unsigned attributes (RFC 5652 section 11.3)."""
    return signed(signing_time=None, unsigned=[attrs.signing_time(NOW)])


@case("18.1", INDETERMINATE, "signed-attributes-not-der")
def signing_time_malformed() -> bytes:
    """signingTime is a UTCTime without seconds (RFC 5652 section 11.3)."""
    return signed(signing_time=None, attributes=also(attrs.attribute(attrs.SIGNING_TIME, b"\x17\x0b2601010000Z")))


@case("18.1", INVALID, "attribute-malformed")
def signing_time_without_zone() -> bytes:
    """signingTime is a local time (RFC 5652 section 11.3: Z)."""
    return signed(signing_time=None, attributes=also(attrs.attribute(attrs.SIGNING_TIME, b"\x18\x0e20260101000000")))


@case("18.1", INVALID, "attribute-malformed")
def signing_time_is_text() -> bytes:
    """signingTime is a UTF8String."""
    return signed(signing_time=None, attributes=also(attrs.attribute(attrs.SIGNING_TIME, writer.utf8_string("260101000000Z"))))


@case("18.1", VALID)
def signing_time_fraction() -> bytes:
    """signingTime is a GeneralizedTime with a fraction of a second (RFC 5652 section 11.3 forbids it): read, since nothing rests on it."""
    return signed(signing_time=None, attributes=also(attrs.attribute(attrs.SIGNING_TIME, b"\x18\x1120260101000000.5Z")))


@case("TS", VALID, "signing-time-future")
def signing_time_in_the_future() -> bytes:
    """A claimed signingTime of tomorrow: said, and nothing rests on it (RFC 8551 section 2.5.1)."""
    return signed(signing_time=NOW + timedelta(days=1))


@case("TS", VALID, "signing-time-outside-certificate")
def signing_time_before_the_certificate() -> bytes:
    """A claimed signingTime before the certificate began."""
    return signed(signing_time=NOW - timedelta(days=3650))


@case("TS", INDETERMINATE, "expired")
def signing_time_makes_expired_good() -> bytes:
    """The certificate has expired; a signingTime within its validity must not make it good (it is a claim of whoever has the key)."""
    gone = _expired()
    return signed(who=gone, signing_time=gone.certificate.not_valid_after_utc - timedelta(days=30))


@lru_cache(maxsize=1)
def _expired() -> Person:
    return pki().person("alice expired", "alice@example.org", "p256", expired=True)


@case("18.1", INVALID, "attribute-misplaced")
def capabilities_unsigned() -> bytes:
    """smimeCapabilities as an unsigned attribute: anybody can plant them (RFC 8551 section 2.5.2)."""
    return signed(unsigned=[attrs.smime_capabilities([])])


@case("18.1", INVALID, "attribute-not-single")
def capabilities_twice() -> bytes:
    """smimeCapabilities repeated (RFC 8551 section 2.5.2)."""
    return signed(attributes=also(attrs.smime_capabilities([]), attrs.smime_capabilities([])))


@case("18.1", INVALID, "attribute-not-single")
def capabilities_two_values() -> bytes:
    """smimeCapabilities with two values (RFC 8551 section 2.5.2)."""
    return signed(
        attributes=also(attrs.attribute(attrs.SMIME_CAPABILITIES, writer.sequence(), writer.sequence(writer.sequence(writer.oid(DATA)))))
    )


@case("KP", INVALID, "attribute-misplaced")
def key_preference_unsigned() -> bytes:
    """encryptionKeyPreference as an unsigned attribute (RFC 8551 section 2.5.3; key poisoning)."""
    return signed(unsigned=[attrs.encryption_key_preference(SubjectKeyIdentifier(b"12345"))])


@case("KP", INVALID, "attribute-not-single")
def key_preference_twice() -> bytes:
    """encryptionKeyPreference repeated (RFC 8551 section 2.5.3)."""
    return signed(
        attributes=also(
            attrs.encryption_key_preference(SubjectKeyIdentifier(b"12345")), attrs.encryption_key_preference(SubjectKeyIdentifier(b"54321"))
        )
    )


@case("18.1", INVALID, "attribute-misplaced")
def countersignature_signed() -> bytes:
    """countersignature among the signed attributes (RFC 5652 section 11.4)."""
    return signed(attributes=also(attrs.attribute(attrs.COUNTERSIGNATURE, Signature().signer_info())))


@case("18.1", VALID)
def unknown_attributes() -> bytes:
    """Attributes nobody knows, signed and unsigned: no reason to fail (RFC 8551 section 2.5)."""
    odd = attrs.attribute("1.2.3.4.5", writer.utf8_string("odd"))
    return signed(attributes=also(odd), unsigned=[odd])


# -- 2: attributes as content (Strenzke 2023; draft-ietf-lamps-cms-euf-cma) --


@case("SA", INVALID, "content-looks-like-attributes")
def attributes_as_content() -> bytes:
    """The signed attributes of a real message are shown as content of a signature without attributes (Strenzke 2023)."""
    real = Signature()
    octets = real.attribute_set()
    assert octets is not None
    forged = Signature(content=octets, signed_attributes=False, sign=lambda key, data: real.value())
    return opaque(SignedData([forged], octets).der())


@case("SA", INVALID, "content-looks-like-attributes")
def attributes_as_detached_content() -> bytes:
    """The same, as multipart/signed whose first part is the attribute set."""
    octets = Signature().attribute_set()
    assert octets is not None
    return detached(octets, signed_attributes=False)


@case("SA", INVALID, "content-looks-like-attributes")
def attributes_as_content_with_bare_line_ends() -> bytes:
    """The same; the set holds CR LF by chance, and the mail stores it as LF, so that only its canonical form is a set of attributes."""
    for seconds in range(1000):
        time = NOW - timedelta(seconds=seconds)
        protected = digests.digest("sha256", b"%d" % seconds)
        odd = attrs.attribute("1.2.3.4", writer.octet_string(b"\r\n"))
        found = [attrs.content_type(DATA), attrs.message_digest(protected), attrs.signing_time(time), odd]
        octets = writer.set_of(found)
        if octets.count(b"\n") == octets.count(b"\r\n"):
            break
    else:
        raise AssertionError("no such set")
    return detached(octets, signed_attributes=False, shown=octets.replace(b"\r\n", b"\n"))


@case("SA", INVALID, "content-looks-like-attributes")
def attributes_made_to_be_signed() -> Mail:
    """Somebody was made to sign, without attributes, octets that are a DER set of attributes; as a bare detached object."""
    octets = Signature().attribute_set()
    assert octets is not None
    return Mail(
        SignedData([Signature(content=octets, signed_attributes=False)]).der(), content=octets, options={"sender": "alice@example.org"}
    )


@case("SA", VALID, "no-signed-attributes")
def no_attributes_over_a_mail() -> bytes:
    """No signed attributes over an ordinary MIME entity: allowed for id-data (RFC 5652 section 5.3)."""
    return signed(signed_attributes=False)


@case("SA", VALID, "no-signed-attributes")
def no_attributes_over_a_mail_detached() -> bytes:
    """The same, detached."""
    return detached(signed_attributes=False)


@case("SA", INVALID, "signature-invalid")
def attributes_removed() -> bytes:
    """The signed attributes of a real signature are removed: the value is not over the content."""
    value = Signature().value()
    return signed(signed_attributes=False, sign=lambda key, data: value)


@case("SA", INVALID, "signature-invalid")
def attributes_added() -> bytes:
    """Attributes are added to a real signature over the content alone."""
    value = Signature(signed_attributes=False).value()
    return signed(sign=lambda key, data: value)


# -- 3: what binds algorithms and certificate (RFC 6211, RFC 5035) --


@case("AS", INVALID, "algorithm-protection-mismatch")
def protection_of_another_digest() -> bytes:
    """CMSAlgorithmProtection names another digest (RFC 6211 section 3.1)."""
    return signed(attributes=instead(attrs.CMS_ALGORITHM_PROTECTION, attrs.cms_algorithm_protection(SHA512, signature=ECDSA_SHA256)))


@case("AS", INVALID, "algorithm-protection-mismatch")
def protection_of_another_signature() -> bytes:
    """CMSAlgorithmProtection names another signature algorithm (RFC 6211 section 3.1)."""
    return signed(attributes=instead(attrs.CMS_ALGORITHM_PROTECTION, attrs.cms_algorithm_protection(SHA256, signature=ECDSA_SHA512)))


@case("AS", INVALID, "algorithm-protection-mismatch")
def protection_of_a_mac() -> bytes:
    """CMSAlgorithmProtection names a MAC algorithm in a signature (RFC 6211 section 3)."""
    hmac = algorithm("1.2.840.113549.2.9", writer.NULL)
    return signed(attributes=instead(attrs.CMS_ALGORITHM_PROTECTION, attrs.cms_algorithm_protection(SHA256, mac=hmac)))


@case("AS", INVALID, "attribute-malformed")
def protection_malformed() -> bytes:
    """CMSAlgorithmProtection cannot be read."""
    return signed(attributes=instead(attrs.CMS_ALGORITHM_PROTECTION, attrs.attribute(attrs.CMS_ALGORITHM_PROTECTION, writer.integer(1))))


@case("AS", INVALID, "attribute-not-single")
def protection_twice() -> bytes:
    """CMSAlgorithmProtection repeated (RFC 6211 section 2)."""
    return signed(attributes=also(attrs.cms_algorithm_protection(SHA512, signature=ECDSA_SHA512)))


@case("AS", VALID)
def protection_with_null() -> bytes:
    """CMSAlgorithmProtection spells the RSA digest with NULL, SignerInfo without: both are customary (RFC 6211 section 3)."""
    digest = algorithm(SHA256.oid, writer.NULL)
    return signed(
        who=person(key="rsa2048"),
        attributes=instead(attrs.CMS_ALGORITHM_PROTECTION, attrs.cms_algorithm_protection(digest, signature=RSA_SHA256)),
    )


@lru_cache(maxsize=1)
def _twin() -> Person:
    """Return somebody else whose certificate is over Alice's key."""
    return pki().person("mallory twin", "mallory@example.org", person().private_key)


@case("CS", INVALID, "signing-certificate-mismatch")
def certificate_swapped_for_one_of_the_same_key() -> bytes:
    """The sid was changed to another certificate over the same key; signingCertificateV2 names the old one (RFC 5035 section 1)."""
    real = Signature()
    return signed(
        certificate=_twin().certificate,
        attributes=lambda found: real.default_attributes(),
        header=b"From: mallory@example.org\r\nMIME-Version: 1.0\r\n",
    )


@case("CS", INVALID, "signing-certificate-mismatch")
def certificate_hash_wrong() -> bytes:
    """signingCertificateV2 with a hash of nothing (RFC 5035 section 3)."""
    return signed(attributes=instead(ess.SIGNING_CERTIFICATE_V2, ess.signing_certificate_v2(bytes(32))))


@case("CS", INVALID, "signing-certificate-mismatch")
def certificate_serial_wrong() -> bytes:
    """signingCertificateV2 with the right hash and another issuerSerial (RFC 5035 section 3)."""
    from smime.cms.identifiers import IssuerAndSerialNumber

    own = Signature().own
    named = ess.signing_certificate_v2(
        digests.digest("sha256", own.der), issuer_and_serial=IssuerAndSerialNumber(own.issuer_raw, own.serial + 1)
    )
    return signed(attributes=instead(ess.SIGNING_CERTIFICATE_V2, named))


@case("CS", INVALID, "attribute-malformed")
def certificate_list_empty() -> bytes:
    """signingCertificateV2 without a single ESSCertIDv2."""
    return signed(
        attributes=instead(ess.SIGNING_CERTIFICATE_V2, attrs.attribute(ess.SIGNING_CERTIFICATE_V2, writer.sequence(writer.sequence())))
    )


@case("CS", INVALID, "attribute-not-single")
def certificate_named_twice() -> bytes:
    """signingCertificateV2 repeated, once for another certificate."""
    return signed(attributes=also(ess.signing_certificate_v2(digests.digest("sha256", der_of(_twin().certificate)))))


def _version_1(digest: bytes) -> bytes:
    return attrs.attribute(ess.SIGNING_CERTIFICATE, writer.sequence(writer.sequence(writer.sequence(writer.octet_string(digest)))))


@case("CS", INVALID, "signing-certificate-mismatch")
def certificate_of_version_1_disagrees() -> bytes:
    """signingCertificate (version 1) names another certificate than signingCertificateV2: both are evaluated (RFC 5035 section 2)."""
    return signed(attributes=also(_version_1(digests.digest("sha1", der_of(_twin().certificate)))))


@case("CS", VALID)
def certificate_of_version_1_agrees() -> bytes:
    """signingCertificate (version 1) beside signingCertificateV2, both right."""
    return signed(attributes=also(_version_1(digests.digest("sha1", Signature().own.der))))


@case("CS", VALID)
def two_certificates_of_one_identifier() -> bytes:
    """Two certificates with the signer's subject key identifier, the wrong one first: each has to be tried (RFC 8551 section 2.6)."""
    ski = x509.SubjectKeyIdentifier.from_public_key(person().public_key)
    other = pki().person("same identifier", "eve@example.org", "p256", subject_key_identifier=False, extensions=[(ski, False)])
    signature = Signature(ski=True)
    chain = [der_of(c) for c in person().chain]
    cms = SignedData([signature], ENTITY, certificates=[der_of(other.certificate), signature.own.der, *chain], version=3)
    return opaque(cms.der())


# -- 4: algorithms, parameters, signature values (RFC 4055, 4056, 5753, 5754, 8017, 8032, 8419) --


@case("18.4", INVALID, "digest-algorithm-mismatch")
def ecdsa_of_another_digest() -> bytes:
    """digestAlgorithm SHA-512 with ecdsa-with-SHA256 (RFC 5753 section 2.1.1, RFC 8933 section 3)."""
    return signed(digest_algorithm=SHA512, message_digest=digests.digest("sha512", ENTITY))


@case("18.4", INVALID, "digest-algorithm-mismatch")
def rsa_of_another_digest() -> bytes:
    """digestAlgorithm SHA-384 with sha256WithRSAEncryption (RFC 5754 section 3.2)."""
    return signed(
        who=person(key="rsa2048"),
        digest_algorithm=SHA384,
        message_digest=digests.digest("sha384", ENTITY),
        signature_algorithm=RSA_SHA256,
    )


def _pss(parameters: bytes | None) -> AlgorithmIdentifier:
    return algorithm("1.2.840.113549.1.1.10", parameters)


def _pss_parameters(hash_: AlgorithmIdentifier = SHA256, mgf: bytes | None = None, salt: int = 32, trailer: int | None = None) -> bytes:
    mask = mgf if mgf is not None else algorithm("1.2.840.113549.1.1.8", SHA256.raw).raw
    return writer.sequence(
        writer.explicit(0, hash_.raw),
        writer.explicit(1, mask),
        writer.explicit(2, writer.integer(salt)),
        writer.explicit(3, writer.integer(trailer)) if trailer is not None else b"",
    )


def _sign_pss(digest: hashes.HashAlgorithm, mgf: hashes.HashAlgorithm, salt: int) -> Any:
    return lambda key, data: key.sign(data, padding.PSS(padding.MGF1(mgf), salt), digest)


_ARCHIVE = policies.ARCHIVE


@case("RP", VALID)
def pss_right() -> bytes:
    """RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 octets of salt (RFC 4056): the control for the cases below."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters()))


@case("RP", INVALID, "digest-algorithm-mismatch")
def pss_of_another_digest() -> bytes:
    """RSASSA-PSS parameters name SHA-512, digestAlgorithm SHA-256 (RFC 4056 section 3)."""
    sign = _sign_pss(hashes.SHA512(), hashes.SHA256(), 32)
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(SHA512)), sign=sign)


@case("RP", INVALID)
def pss_without_parameters() -> bytes:
    """RSASSA-PSS without parameters (RFC 4055 section 3.1: MUST be present in a signature)."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(None))


@case("RP", INVALID)
def pss_with_null() -> bytes:
    """RSASSA-PSS with NULL for parameters."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(writer.NULL))


@case("RP", INVALID)
def pss_default_parameters() -> Mail:
    """RSASSA-PSS with empty parameters, which mean SHA-1, over a SHA-256 digest, also under the archive policy."""
    sign = _sign_pss(hashes.SHA1(), hashes.SHA1(), 20)
    return Mail(signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(writer.sequence()), sign=sign), policy=_ARCHIVE)


@case("RP", INVALID)
def pss_trailer() -> bytes:
    """RSASSA-PSS with trailerField 2 (RFC 4055 section 3.1: 1 only)."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(trailer=2)))


@case("RP", INDETERMINATE, "signature-algorithm-unsupported")
def pss_other_mask() -> bytes:
    """RSASSA-PSS with another mask generation function than MGF1."""
    mask = algorithm("1.2.3.4", SHA256.raw).raw
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(mgf=mask)))


@case("RP", INVALID, "signature-invalid")
def pss_other_mask_digest() -> bytes:
    """The parameters say MGF1 with SHA-512, the signature was made with SHA-256 (parameters swapped by an attacker)."""
    mask = algorithm("1.2.840.113549.1.1.8", SHA512.raw).raw
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(mgf=mask)))


@case("RP", INVALID, "signature-invalid")
def pss_other_salt() -> bytes:
    """The parameters say 20 octets of salt, the signature has 32 (RFC 8017 section 9.1.2)."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(salt=20)))


@case("RP", INVALID)
def pss_negative_salt() -> bytes:
    """The parameters say minus one octets of salt."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(salt=-1)))


@case("RP", INVALID)
def pss_huge_salt() -> bytes:
    """The parameters say 2^62 octets of salt."""
    return signed(who=person(key="rsa2048"), pss=True, signature_algorithm=_pss(_pss_parameters(salt=1 << 62)))


@case("RP", INVALID, "key-mismatch")
def pss_with_an_ec_key() -> bytes:
    """RSASSA-PSS, and the certificate has an EC key."""
    return signed(signature_algorithm=_pss(_pss_parameters()))


_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def _raw_rsa(encode: Any) -> Any:
    """Return a signer by the bare RSA operation on what `encode` makes of digest and size."""

    def sign(key: Any, data: bytes) -> bytes:
        numbers = key.private_numbers()
        n = numbers.public_numbers.n
        size = (n.bit_length() + 7) // 8
        block = encode(digests.digest("sha256", data), size)
        assert len(block) == size
        return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(size, "big")

    return sign


def _block(info: bytes, size: int, *, garbage: bytes = b"", kind: int = 1, fill: int = 0xFF) -> bytes:
    padding_ = bytes([fill]) * (size - 3 - len(info) - len(garbage))
    return bytes([0, kind]) + padding_ + b"\x00" + info + garbage


@case("RP", VALID)
def rsa_right() -> bytes:
    """RSA by PKCS #1 v1.5, made by hand: the control for the cases below."""
    return signed(who=person(key="rsa2048"), sign=_raw_rsa(lambda digest, size: _block(_DIGEST_INFO + digest, size)))


@case("RP", INVALID, "signature-invalid")
def rsa_trailing_garbage() -> bytes:
    """Octets behind the DigestInfo (Bleichenbacher 2006, BERserk)."""
    return signed(who=person(key="rsa2048"), sign=_raw_rsa(lambda digest, size: _block(_DIGEST_INFO + digest, size, garbage=b"x" * 40)))


@case("RP", INVALID, "signature-invalid")
def rsa_short_padding() -> bytes:
    """Eight octets of padding and a rest of garbage behind the DigestInfo (Bleichenbacher 2006)."""

    def encode(digest: bytes, size: int) -> bytes:
        info = _DIGEST_INFO + digest
        return b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\x01" * (size - 11 - len(info))

    return signed(who=person(key="rsa2048"), sign=_raw_rsa(encode))


@case("RP", INVALID, "signature-invalid")
def rsa_other_parameters_in_digest_info() -> bytes:
    """DigestInfo with other parameters than NULL (RFC 8017 section 9.2)."""

    def encode(digest: bytes, size: int) -> bytes:
        digest_algorithm = writer.sequence(writer.oid(SHA256.oid), writer.octet_string(b"garbage"))
        return _block(writer.sequence(digest_algorithm, writer.octet_string(digest)), size)

    return signed(who=person(key="rsa2048"), sign=_raw_rsa(encode))


@case("RP", INVALID, "signature-invalid")
def rsa_long_length_in_digest_info() -> bytes:
    """DigestInfo in BER, with a length of two octets (BERserk)."""

    def encode(digest: bytes, size: int) -> bytes:
        return _block(b"\x30\x81" + _DIGEST_INFO[1:] + digest, size)

    return signed(who=person(key="rsa2048"), sign=_raw_rsa(encode))


@case("RP", INVALID, "signature-invalid")
def rsa_other_digest_in_digest_info() -> bytes:
    """DigestInfo names SHA-1 around a SHA-256 digest."""

    def encode(digest: bytes, size: int) -> bytes:
        return _block(writer.sequence(writer.sequence(writer.oid(SHA1.oid), writer.NULL), writer.octet_string(digest)), size)

    return signed(who=person(key="rsa2048"), sign=_raw_rsa(encode))


@case("RP", INVALID, "signature-invalid")
def rsa_without_digest_info() -> bytes:
    """The bare digest without DigestInfo."""
    return signed(who=person(key="rsa2048"), sign=_raw_rsa(_block))


@case("RP", INVALID, "signature-invalid")
def rsa_encryption_padding() -> bytes:
    """Block type 2, that of encryption."""
    return signed(who=person(key="rsa2048"), sign=_raw_rsa(lambda digest, size: _block(_DIGEST_INFO + digest, size, kind=2)))


@case("RP", INVALID)
def rsa_signature_too_long() -> bytes:
    """The signature with a leading zero octet, one octet longer than the modulus (RFC 8017 section 8.2.2)."""
    return signed(who=person(key="rsa2048"), signature=lambda value: b"\x00" + value)


@case("RP", INVALID)
def rsa_signature_empty() -> bytes:
    """An empty signature value."""
    return signed(who=person(key="rsa2048"), signature=lambda value: b"")


@case("RP", INVALID)
def rsa_signature_zero() -> bytes:
    """A signature value of zeros."""
    return signed(who=person(key="rsa2048"), signature=lambda value: bytes(len(value)))


@case("RP", INVALID)
def rsa_signature_of_the_modulus() -> bytes:
    """A signature value that is the signature plus the modulus (RFC 8017 section 5.2.2: out of range)."""

    def add(value: bytes) -> bytes:
        n = person(key="rsa2048").public_key.public_numbers().n
        total = int.from_bytes(value, "big") + n
        return total.to_bytes((total.bit_length() + 7) // 8, "big")

    return signed(who=person(key="rsa2048"), signature=add)


@case("18.4", VALID)
def rsa_by_the_key_algorithm() -> bytes:
    """signatureAlgorithm rsaEncryption, as many senders write it: the digest is that of digestAlgorithm (RFC 3370 section 3.2)."""
    return signed(who=person(key="rsa2048"), signature_algorithm=RSA)


def _der_signature(r: int, s: int) -> bytes:
    return writer.sequence(writer.integer(r), writer.integer(s))


@case("SR", INVALID)
def ecdsa_trailing_octet() -> bytes:
    """An octet behind the ECDSA-Sig-Value."""
    return signed(signature=lambda value: value + b"\x00")


@case("SR", INVALID)
def ecdsa_long_length() -> bytes:
    """ECDSA-Sig-Value in BER: a length of two octets."""
    return signed(signature=lambda value: b"\x30\x81" + value[1:])


@case("SR", INVALID)
def ecdsa_padded_integer() -> bytes:
    """ECDSA-Sig-Value with a needless zero octet before r."""

    def pad(value: bytes) -> bytes:
        r, s = decode_dss_signature(value)
        encoded = writer.integer(r)[2:]
        padded = writer.tlv(0x02, b"\x00" + encoded)
        return writer.sequence(padded, writer.integer(s))

    return signed(signature=pad)


@case("SR", INVALID)
def ecdsa_negative_integer() -> bytes:
    """ECDSA-Sig-Value whose s is negated."""

    def negate(value: bytes) -> bytes:
        r, s = decode_dss_signature(value)
        return _der_signature(r, -s)

    return signed(signature=negate)


@case("SR", INVALID)
def ecdsa_zero() -> bytes:
    """ECDSA-Sig-Value with r and s zero (CVE-2022-21449)."""
    return signed(signature=lambda value: _der_signature(0, 0))


@case("SR", INVALID)
def ecdsa_out_of_range() -> bytes:
    """ECDSA-Sig-Value whose s is larger than the order of the group."""

    def enlarge(value: bytes) -> bytes:
        r, s = decode_dss_signature(value)
        return _der_signature(r, s + 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)

    return signed(signature=enlarge)


@case("SR", INVALID)
def ecdsa_plain_format() -> bytes:
    """r and s side by side, as JOSE writes them."""

    def plain(value: bytes) -> bytes:
        r, s = decode_dss_signature(value)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return signed(signature=plain)


@case("18.4", INVALID, "digest-algorithm-mismatch")
def ed25519_of_another_digest() -> bytes:
    """Ed25519 with digestAlgorithm SHA-256 (RFC 8419 section 3.1: SHA-512)."""
    return signed(who=person(key="ed25519"), digest_algorithm=SHA256, message_digest=_DIGEST)


_L = 2**252 + 27742317777372353535851937790883648493


@case("SR", INVALID, "signature-invalid")
def ed25519_malleated() -> bytes:
    """Ed25519 whose S is increased by the order of the group (RFC 8032 section 5.1.7: S < L)."""

    def malleate(value: bytes) -> bytes:
        return value[:32] + (int.from_bytes(value[32:], "little") + _L).to_bytes(32, "little")

    return signed(who=person(key="ed25519"), signature=malleate)


@case("SR", INVALID)
def ed25519_wrong_length() -> bytes:
    """Ed25519 with 63 octets."""
    return signed(who=person(key="ed25519"), signature=lambda value: value[:-1])


@case("18.4", INVALID)
def ed25519_with_parameters() -> bytes:
    """Ed25519 with NULL for parameters (RFC 8419 section 3.1: absent)."""
    return signed(who=person(key="ed25519"), signature_algorithm=algorithm("1.3.101.112", writer.NULL))


@case("18.4", INVALID)
def ecdsa_with_parameters() -> bytes:
    """ecdsa-with-SHA256 with OCTET STRING parameters (RFC 5754 section 3.3: absent)."""
    return signed(signature_algorithm=algorithm(ECDSA_SHA256.oid, writer.octet_string(b"x")))


@case("KC", INVALID, "key-mismatch")
def rsa_with_an_ec_key() -> bytes:
    """sha256WithRSAEncryption, and the certificate has an EC key."""
    return signed(signature_algorithm=RSA_SHA256)


@case("AS", INDETERMINATE, "algorithm-forbidden")
def sha1_digest() -> bytes:
    """SHA-1, right in all else (RFC 8551 appendix B: historic)."""
    return signed(
        who=person(key="rsa2048"),
        digest_algorithm=SHA1,
        message_digest=digests.digest("sha1", ENTITY),
        signature_algorithm=RSA,
        sign=lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA1()),
    )


@case("AS", VALID, "weak-algorithm")
def sha1_digest_in_an_archive() -> Mail:
    """The same under the archive policy: read, and said to be weak."""
    return Mail(sha1_digest(), policy=_ARCHIVE)  # type: ignore[arg-type] # the case above returns octets


@case("AS", INDETERMINATE, "algorithm-forbidden")
def md5_digest() -> bytes:
    """MD5, right in all else."""
    return signed(
        who=person(key="rsa2048"),
        digest_algorithm=MD5,
        message_digest=digests.digest("md5", ENTITY),
        signature_algorithm=RSA,
        sign=lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.MD5()),
    )


@case("RS", INDETERMINATE, "short-key-forbidden")
def rsa_of_1024_bits() -> bytes:
    """An RSA key of 1024 bits (RFC 8551 section 4.2)."""
    return signed(who=person(key="rsa1024"))


@case("18.6", INDETERMINATE, "signature-algorithm-unsupported")
def signature_algorithm_unknown() -> bytes:
    """A signature algorithm nobody knows: not verified, which is neither valid nor invalid."""
    return signed(signature_algorithm=algorithm("1.2.3.4.5.6"))


@case("18.6", INDETERMINATE, "digest-algorithm-unsupported")
def digest_algorithm_unknown() -> bytes:
    """A digest algorithm nobody knows."""
    return signed(digest_algorithm=algorithm("1.2.3.4.5.7"))


@case("18.3", INDETERMINATE, "unsupported")
def signing_certificate_by_an_unknown_digest() -> bytes:
    """signingCertificateV2 by a digest nobody knows: which certificate the signer meant is not known (RFC 5035 section 2)."""
    attribute = ess.signing_certificate_v2(bytes(32), digest=algorithm("1.2.3.4.5.7"))
    return signed(attributes=instead(ess.SIGNING_CERTIFICATE_V2, attribute))


@case("18.4", INDETERMINATE, "digest-algorithm-unsupported")
def digest_with_parameters() -> bytes:
    """digestAlgorithm SHA-256 with parameters that are neither absent nor NULL (RFC 5754 section 2)."""
    return signed(digest_algorithm=algorithm(SHA256.oid, writer.octet_string(b"x")))


@case("18.4", VALID)
def digest_with_null() -> bytes:
    """digestAlgorithm SHA-256 with NULL (RFC 5754 section 2: R MUST accept): the control for the cases around it."""
    return signed(digest_algorithm=algorithm(SHA256.oid, writer.NULL))


@case("18.4", INDETERMINATE, "digest-algorithm-unsupported")
def sha3_with_null() -> bytes:
    """digestAlgorithm SHA3-256 with NULL (RFC 9688 section 2: absent)."""
    return signed(digest="sha3-256", digest_algorithm=algorithm("2.16.840.1.101.3.4.2.8", writer.NULL))


@case("18.4", INDETERMINATE, "digest-algorithm-unsupported")
def shake_with_null() -> bytes:
    """digestAlgorithm SHAKE128 with NULL (RFC 8702 section 3.1: absent)."""
    return signed(digest="shake128", digest_algorithm=algorithm("2.16.840.1.101.3.4.2.11", writer.NULL))


@case("18.4", INDETERMINATE, "digest-algorithm-unsupported")
def ed448_of_another_length() -> bytes:
    """Ed448 with id-shake256-len of 256 bits, which is not what was computed (RFC 8419 section 2.3: 512)."""
    return signed(who=person(key="ed448"), digest_algorithm=algorithm("2.16.840.1.101.3.4.2.18", writer.integer(256)))


@case("18.4", INVALID, "signature-malformed")
def ecdsa_sha3_with_null() -> bytes:
    """ecdsa-with-SHA3-256 with NULL (RFC 9688 section 3.2: absent); what older digests may have is nothing for the newer ones."""
    return signed(digest="sha3-256", signature_algorithm=algorithm("2.16.840.1.101.3.4.3.10", writer.NULL))


@case("18.4", INVALID, "signature-malformed")
def ecdsa_shake_with_null() -> bytes:
    """ecdsa-with-shake128 with NULL (RFC 8702 section 3.2: absent)."""
    return signed(digest="shake128", signature_algorithm=algorithm("1.3.6.1.5.5.7.6.32", writer.NULL))


@case("18.6", INDETERMINATE, "signature-algorithm-unsupported")
def slh_dsa() -> bytes:
    """SLH-DSA: known by name, and not to be had as a primitive."""
    return signed(signature_algorithm=algorithm("2.16.840.1.101.3.4.3.20"))


_OF_TOMORROW = writer.sequence(writer.integer(7), writer.tlv(0xA5, b""), writer.octet_string(b"whatever"))


@case("18.6", INDETERMINATE, "unknown-signer-info")
def signer_info_of_tomorrow() -> bytes:
    """A SignerInfo of version 7, in a form that is still to be defined (RFC 5652 section 5.1: gracefully): not verified, not unsigned."""
    return opaque(SignedData([_OF_TOMORROW], ENTITY).der())


@case("18.6", INDETERMINATE, "unknown-signer-info")
def signer_info_of_tomorrow_beside_a_valid_one() -> bytes:
    """The same beside a valid one, detached: what is known of the other is told."""
    return Multipart(cms=SignedData([_OF_TOMORROW, Signature()]).der()).mail()


@case("18.6", ParseError)
def signer_info_malformed() -> bytes:
    """A SignerInfo of a version that is known, in another form than that version has."""
    return opaque(SignedData([writer.sequence(writer.integer(1), writer.octet_string(b"whatever"))], ENTITY).der())


@case("18.6", INDETERMINATE, "signature-algorithm-unsupported")
def one_unknown_beside_a_valid_one() -> bytes:
    """Two signers, one valid, one with an unknown algorithm: the message is not better than its worst signer (RFC 5652 section 5.1)."""
    return opaque(SignedData([Signature(), Signature(who=person(key="p384"), signature_algorithm=algorithm("1.2.3.4"))], ENTITY).der())


@case("18.6", INVALID, "address-mismatch")
def two_signers_with_two_addresses() -> bytes:
    """Two valid signers, one of them not the sender."""
    return opaque(SignedData([Signature(), Signature(who=person("mallory"))], ENTITY).der())


@case("18.6", VALID)
def two_signers_of_one_address() -> bytes:
    """Two signers with one address and two keys (RFC 4853): both valid."""
    return opaque(SignedData([Signature(), Signature(who=person(key="rsa2048"))], ENTITY).der())


@case("18.6", INVALID, "digest-mismatch")
def one_signer_of_other_content() -> bytes:
    """Two signers, one of whom signed other content."""
    return opaque(SignedData([Signature(), Signature(who=person(key="rsa2048"), content=b"other")], ENTITY).der())


_TST = "1.2.840.113549.1.9.16.1.4"


@case("SA", INDETERMINATE, "unexpected-content-type")
def content_of_another_type_in_mail() -> bytes:
    """Right in all, and signed as TSTInfo: made for another purpose and shown as mail (RFC 8551 section 2.4.1: id-data)."""
    return opaque(SignedData([Signature(content_type=_TST)], ENTITY, content_type=_TST, version=3).der())


@case("SA", INDETERMINATE, "unexpected-content-type")
def content_of_another_type_in_multipart() -> bytes:
    """The same, detached."""
    return Multipart(cms=SignedData([Signature(content_type=_TST)], content_type=_TST, version=3).der()).mail()


@case("SA", VALID)
def content_of_another_type_bare() -> Mail:
    """The same as a bare object, which is no mail: content of any type may be signed (RFC 5652 section 5.2)."""
    cms = SignedData([Signature(content_type=_TST)], ENTITY, content_type=_TST, version=3).der()
    return Mail(cms, options={"sender": "alice@example.org"})


@case("SA", VALID)
def receipt_in_mail() -> bytes:
    """A signed receipt, whose content is no MIME entity (RFC 2634 section 2.4)."""
    receipt = "1.2.840.113549.1.9.16.1.1"
    cms = SignedData([Signature(content_type=receipt)], ENTITY, content_type=receipt, version=3).der()
    return opaque(cms, smime_type="signed-receipt")


def _of_one_key(**other: Any) -> bytes:
    """Return mail that names its certificate by key identifier alone, and brings another certificate over the same key in front of it."""
    own = person()
    more = pki().person(other.pop("name", "alice p256"), other.pop("address", "alice@example.org"), own.private_key, **other)
    one = Signature(ski=True, attributes=without(ess.SIGNING_CERTIFICATE_V2))
    certificates = [der_of(more.certificate), der_of(own.certificate), *(der_of(c) for c in own.chain)]
    cms = SignedData([one], ENTITY, certificates=certificates).der()
    in_order, as_given = writer.set_of(certificates, tag=0xA0), writer.tlv(0xA0, b"".join(certificates))
    assert cms.count(in_order) == 1
    return opaque(cms.replace(in_order, as_given))


def _naming(*further: bytes) -> bytes:
    """Return a signature whose signingCertificateV2 names the signer's certificate and these."""
    names = [writer.sequence(writer.octet_string(digests.digest("sha256", der))) for der in (der_of(person().certificate), *further)]
    value = attrs.attribute(ess.SIGNING_CERTIFICATE_V2, writer.sequence(writer.sequence(*names)))
    return signed(attributes=instead(ess.SIGNING_CERTIFICATE_V2, value))


@case("CS", VALID)
def signing_certificate_names_the_chain() -> bytes:
    """signingCertificateV2 names the authorities, too (RFC 5035 section 4)."""
    return _naming(*(der_of(c) for c in person().chain))


@case("CS", INDETERMINATE, "signing-certificate-path")
def signing_certificate_names_another_chain() -> bytes:
    """signingCertificateV2 names an authority that is not in the path: those named are the only ones to use (RFC 5035 section 4)."""
    return _naming(der_of(person("mallory").certificate))


@case("CS", VALID)
def expired_certificate_of_the_same_key_first() -> bytes:
    """The certificate that was renewed with its key comes first: the key identifier means both (RFC 8551 section 2.6)."""
    return _of_one_key(expired=True)


@case("CS", VALID)
def certificate_of_somebody_else_over_the_same_key_first() -> bytes:
    """Mallory had Alice's key certified for herself, and put that certificate in front."""
    return _of_one_key(name="mallory", address="mallory@example.org")


@case("CS", VALID)
def certificate_for_encryption_over_the_same_key_first() -> bytes:
    """A certificate for encryption over the same key comes first."""
    return _of_one_key(usage=("key_agreement",))


@case("CS", VALID)
def self_signed_certificate_of_the_same_key_first() -> bytes:
    """A self-signed certificate over the same key comes first."""
    return _of_one_key(self_signed=True)


@case("CS", INDETERMINATE, "expired")
def expired_certificate_of_the_same_key_is_bound() -> bytes:
    """The renewed certificate is there, too, and the signer bound the signature to the expired one (RFC 5035 section 2)."""
    own = person()
    old = pki().person("alice p256", "alice@example.org", own.private_key, expired=True)
    one = Signature(certificate=old.certificate, ski=True)
    certificates = [der_of(old.certificate), der_of(own.certificate), *(der_of(c) for c in own.chain)]
    return opaque(SignedData([one], ENTITY, certificates=certificates).der())


@case("J1", INVALID, "no-signers")
def no_signers() -> bytes:
    """Content and no SignerInfo at all: unsigned, however it looks (Mueller et al. 2019, \"Johnny, you are fired\")."""
    return opaque(SignedData([], ENTITY, certificates=[der_of(person().certificate)]).der())


@case("J1", INVALID, "no-signers")
def no_signers_detached() -> bytes:
    """A multipart/signed whose signature has no SignerInfo."""
    return Multipart(cms=SignedData([], certificates=[der_of(person().certificate)]).der()).mail()


@case("18.6", NotProtected)
def certificates_only() -> bytes:
    """Certificates alone: nothing is signed (RFC 8551 section 3.8)."""
    return opaque(SignedData([], certificates=[der_of(person().certificate)]).der(), smime_type="certs-only", name="smime.p7c")


@case("18.6", NotProtected)
def certificates_only_shown_as_signed() -> bytes:
    """The same under the name of signed-data."""
    return opaque(SignedData([], certificates=[der_of(person().certificate)]).der())


@case("J1", INVALID, "no-content")
def signers_without_content() -> bytes:
    """A signature without content in application/pkcs7-mime: there is nothing that is signed."""
    return opaque(SignedData([Signature()]).der())


@case("18.6", INDETERMINATE, "no-certificate")
def no_certificate() -> bytes:
    """The signer's certificate is not to be had."""
    return opaque(SignedData([Signature()], ENTITY, certificates=[]).der())


@case("18.6", INVALID, "signature-invalid")
def certificate_of_another_key() -> bytes:
    """The certificate that the sid names has another key (any self-made certificate with the same issuer and serial number)."""
    mallory = person("mallory")
    return signed(certificate=person().certificate, who=mallory)


@case("18.6", INDETERMINATE, "untrusted")
def self_signed() -> bytes:
    """A self-signed certificate with Alice's address: nobody vouches for it."""
    return signed(who=_self_signed())


@lru_cache(maxsize=1)
def _self_signed() -> Person:
    return pki().person("alice self", "alice@example.org", "p256", self_signed=True)


@case("18.6", INVALID, "path-invalid")
def issued_by_a_person() -> bytes:
    """Alice's certificate was issued by Mallory, who is no authority (basicConstraints; the bug of 2002)."""
    from smime.pki.throwaway import Authority

    mallory = person("mallory")
    authority = Authority(mallory.certificate, mallory.private_key, pki().intermediate)
    fake = pki().person("alice by mallory", "alice@example.org", "p256", issuer=authority)
    return signed(who=fake)


@case("18.6", INDETERMINATE, "no-certificate")
def certificate_malformed() -> bytes:
    """The only certificate is garbage with a sound outer SEQUENCE."""
    cms = SignedData([Signature()], ENTITY, certificates=[writer.sequence(writer.integer(1))])
    return opaque(cms.der())


def _explicit_p256() -> bytes:
    """Return the parameters of P-256 spelt out (RFC 3279 section 2.3.5)."""
    p = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    g = bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return writer.sequence(
        writer.integer(1),
        writer.sequence(writer.oid("1.2.840.10045.1.1"), writer.integer(p)),
        writer.sequence(writer.octet_string((p - 3).to_bytes(32, "big")), writer.octet_string(b.to_bytes(32, "big"))),
        writer.octet_string(g),
        writer.integer(n),
        writer.integer(1),
    )


@case("RS", INDETERMINATE)
def explicit_curve() -> bytes:
    """An EC key whose curve is spelt out (CVE-2020-0601): not read, though it is P-256 (RFC 5480 section 2.1.1)."""
    own = person()
    point = own.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    ec_key = writer.sequence(writer.oid("1.2.840.10045.2.1"), _explicit_p256())
    return signed(certificate=reissued(own, writer.sequence(ec_key, writer.bit_string(point))))


def _rsa_spki(n: int, e: int) -> bytes:
    key = writer.sequence(writer.integer(n), writer.integer(e))
    return writer.sequence(RSA.raw, writer.bit_string(key))


def _with_rsa_key(n: int, e: int, signature: bytes) -> bytes:
    own = person(key="rsa2048")
    return signed(who=own, certificate=reissued(own, _rsa_spki(n, e)), sign=lambda key, data: signature)


@case("RS", INVALID)
def rsa_exponent_1() -> bytes:
    """An RSA key with exponent 1: the signature is the padded digest itself."""
    n = person(key="rsa2048").public_key.public_numbers().n
    return _with_rsa_key(n, 1, bytes(256))


@case("RS", INVALID)
def rsa_even_exponent() -> bytes:
    """An RSA key with exponent 4."""
    n = person(key="rsa2048").public_key.public_numbers().n
    return _with_rsa_key(n, 4, bytes(256))


@case("RS", INDETERMINATE)
def rsa_huge_exponent() -> bytes:
    """An RSA key with an exponent of 1000 bits: work for the verifier."""
    n = person(key="rsa2048").public_key.public_numbers().n
    return _with_rsa_key(n, (1 << 1000) + 1, bytes(256))


@case("RS", INDETERMINATE)
def rsa_huge_modulus() -> bytes:
    """An RSA key with a modulus of 2^17 bits."""
    return _with_rsa_key((1 << (1 << 17)) + 1, 65537, bytes(1 << 14))


@case("RS", INDETERMINATE)
def rsa_modulus_of_a_million_bits() -> bytes:
    """An RSA key with a modulus of 2^20 bits."""
    return _with_rsa_key((1 << (1 << 20)) + 1, 65537, bytes(1 << 17))


@case("RS", INVALID)
def rsa_even_modulus() -> bytes:
    """An RSA key with an even modulus."""
    n = person(key="rsa2048").public_key.public_numbers().n
    return _with_rsa_key(n - 1, 65537, bytes(256))


@case("RS", INVALID)
def point_off_the_curve() -> bytes:
    """An EC key whose point is not on its curve."""
    own = person()
    point = bytearray(own.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    point[-1] ^= 1
    spki = writer.sequence(algorithm("1.2.840.10045.2.1", writer.oid("1.2.840.10045.3.1.7")).raw, writer.bit_string(bytes(point)))
    return signed(certificate=reissued(own, spki))


@case("RS", INVALID)
def point_at_infinity() -> bytes:
    """An EC key that is the point at infinity."""
    spki = writer.sequence(algorithm("1.2.840.10045.2.1", writer.oid("1.2.840.10045.3.1.7")).raw, writer.bit_string(b"\0"))
    return signed(certificate=reissued(person(), spki))


@case("KC", INVALID, "key-mismatch")
def key_for_oaep_only() -> bytes:
    """The certificate's key is restricted to RSAES-OAEP, and signed all the same (RFC 4055 section 4)."""
    own = person(key="rsa2048")
    n = own.public_key.public_numbers().n
    key = writer.sequence(writer.integer(n), writer.integer(65537))
    spki = writer.sequence(algorithm("1.2.840.113549.1.1.7").raw, writer.bit_string(key))
    return signed(who=own, certificate=reissued(own, spki))


@case("KC", INVALID, "key-mismatch")
def key_for_pss_only() -> bytes:
    """The certificate's key is restricted to RSASSA-PSS, and signed by PKCS #1 v1.5 (RFC 4055 section 1.2)."""
    own = person(key="rsa2048")
    n = own.public_key.public_numbers().n
    key = writer.sequence(writer.integer(n), writer.integer(65537))
    spki = writer.sequence(algorithm("1.2.840.113549.1.1.10").raw, writer.bit_string(key))
    return signed(who=own, certificate=reissued(own, spki))


@case("17", VALID)
def issuer_spelt_otherwise() -> bytes:
    """The issuer in the sid differs from the certificate's in case, blanks and string type: the same name (RFC 5280 section 7.1)."""
    organization = writer.set_of([writer.sequence(writer.oid("2.5.4.10"), writer.tlv(0x13, b"HOSTILE"))])
    common_name = writer.set_of([writer.sequence(writer.oid("2.5.4.3"), writer.tlv(0x13, b" hostile  ISSUING ca"))])
    return signed(issuer=writer.sequence(organization, common_name))


@case("17", INDETERMINATE, "no-certificate")
def issuer_is_another() -> bytes:
    """The issuer in the sid is another than the certificate's."""
    common_name = writer.set_of([writer.sequence(writer.oid("2.5.4.3"), writer.utf8_string("Hostile Issuing CA"))])
    return signed(issuer=writer.sequence(common_name))


@lru_cache(maxsize=2)
def _without_identifier() -> Person:
    return pki().person("alice without identifier", "alice@example.org", "p256", subject_key_identifier=False)


def _computed(who: Person) -> bytes:
    """Return the key identifier of RFC 5280 section 4.2.1.2, method (1)."""
    return x509.SubjectKeyIdentifier.from_public_key(who.public_key).digest


@case("17", VALID)
def key_identifier_computed() -> bytes:
    """The sid is a key identifier, and the certificate has no such extension: computed by the usual method."""
    who = _without_identifier()
    return signed(who=who, ski=_computed(who))


@case("17", INDETERMINATE, "no-certificate")
def key_identifier_computed_beside_another() -> bytes:
    """The sid is the usual digest of the key, and the certificate states another identifier: only what it states counts."""
    other = x509.SubjectKeyIdentifier(b"something else entirely")
    who = pki().person("stated", "alice@example.org", "p256", subject_key_identifier=False, extensions=[(other, False)])
    return signed(who=who, ski=_computed(who))


@case("17", INDETERMINATE, "no-certificate")
def key_identifier_of_no_key() -> bytes:
    """The sid is a key identifier, and the certificate has neither such an extension nor a key."""
    who = _without_identifier()
    return signed(who=who, certificate=reissued(who, b"\x30\x00"), ski=bytes(20))


@case("17", INDETERMINATE, "no-certificate")
def key_identifier_empty() -> bytes:
    """The sid is an empty key identifier, and a certificate has none."""
    return signed(who=_without_identifier(), ski=b"")


@case("17", VALID)
def attribute_certificates_beside() -> bytes:
    """Attribute certificates and unknown formats among the certificates (RFC 5652 section 10.2.2): carried along."""
    own = Signature()
    odd = [writer.implicit(2, writer.integer(1)), writer.implicit(3, writer.oid("1.2.3") + writer.NULL)]
    return opaque(SignedData([own], ENTITY, certificates=[own.own.der, *(der_of(c) for c in own.who.chain), *odd], version=5).der())


@case("17", VALID)
def revocation_information_of_unknown_format() -> bytes:
    """An unknown format among the revocation information (RFC 5652 section 10.2.1): skipped."""
    odd = writer.implicit(1, writer.oid("1.2.3") + writer.NULL)
    return opaque(SignedData([Signature()], ENTITY, crls=[odd], version=5).der())


# -- countersignatures (RFC 5652 section 11.4) --


def _countersigned(
    edit: Any = lambda found: [one for one in found if writer.oid(attrs.CONTENT_TYPE) not in one[:20]], **changes: Any
) -> bytes:
    value = Signature().value()
    by_bob = Signature(who=person("bob"), content=changes.pop("over", value), attributes=edit, **changes)
    return signed(sign=lambda key, data: value, unsigned=[attrs.attribute(attrs.COUNTERSIGNATURE, by_bob.signer_info())])


@case("11.4", VALID)
def countersignature_right() -> bytes:
    """A countersignature whose certificate is not in the message: about the signer nothing changes."""
    return _countersigned()


@case("11.4", VALID, "countersignature-invalid")
def countersignature_of_another_signature() -> bytes:
    """A countersignature over other octets, with its certificate at hand."""
    value = Signature().value()
    by_bob = Signature(who=person("bob"), content=b"other", attributes=without(attrs.CONTENT_TYPE))
    own = Signature(sign=lambda key, data: value, unsigned=[attrs.attribute(attrs.COUNTERSIGNATURE, by_bob.signer_info())])
    certificates = [own.own.der, by_bob.own.der, *(der_of(c) for c in own.who.chain)]
    return opaque(SignedData([own], ENTITY, certificates=certificates).der())


def _countersigned_by_bob(edit: Any) -> bytes:
    value = Signature().value()
    by_bob = Signature(who=person("bob"), content=value, attributes=edit)
    own = Signature(sign=lambda key, data: value, unsigned=[attrs.attribute(attrs.COUNTERSIGNATURE, by_bob.signer_info())])
    certificates = [own.own.der, by_bob.own.der, *(der_of(c) for c in own.who.chain)]
    return opaque(SignedData([own], ENTITY, certificates=certificates).der())


@case("11.4", VALID, "countersignature-invalid")
def countersignature_with_content_type() -> bytes:
    """A countersignature with a contentType among its signed attributes, where it must not be (RFC 5652 section 11.4)."""
    return _countersigned_by_bob(lambda found: found)


@case("11.4", VALID, "countersignature-invalid")
def countersignature_without_message_digest() -> bytes:
    """A countersignature with signed attributes and no messageDigest among them (RFC 5652 section 11.4)."""
    return _countersigned_by_bob(lambda found: without(attrs.MESSAGE_DIGEST)(without(attrs.CONTENT_TYPE)(found)))


@case("11.4", VALID, "countersignature-malformed")
def countersignature_malformed() -> bytes:
    """A countersignature that is no SignerInfo."""
    return signed(unsigned=[attrs.attribute(attrs.COUNTERSIGNATURE, writer.sequence(writer.integer(1)))])


@case("FL", VALID)
def countersignatures_by_the_thousand() -> bytes:
    """2000 countersignatures: those beyond a bound are not looked at."""
    info = Signature(who=person("bob"), content=b"other", attributes=without(attrs.CONTENT_TYPE)).signer_info()
    return signed(unsigned=[attrs.attribute(attrs.COUNTERSIGNATURE, *([info] * 2000))])


@case("FL", VALID)
def countersignatures_within_each_other() -> bytes:
    """Countersignatures of countersignatures, a tree of some thousand: the whole of it is bounded."""
    level: list[bytes] = []
    for width in (2, 8, 8, 8, 8):
        nested = [attrs.attribute(attrs.COUNTERSIGNATURE, *level)] if level else []
        info = Signature(who=person("bob"), content=b"other", attributes=without(attrs.CONTENT_TYPE), unsigned=nested).signer_info()
        level = [info] * width
    return signed(unsigned=[attrs.attribute(attrs.COUNTERSIGNATURE, *level)])


@case("18.12", UnsupportedError)
def unknown_content_type() -> bytes:
    """A ContentInfo of a type nobody knows."""
    der = SignedData([Signature()], ENTITY).der()
    return opaque(der.replace(writer.oid("1.2.840.113549.1.7.2"), writer.oid("1.2.840.113549.1.7.9"), 1))
