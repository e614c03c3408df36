"""Who may sign an OCSP response about a certificate: its issuer, or whom that issuer has certified for the purpose (RFC 6960, 4.2.2.2).

pyhanko-certvalidator evaluates responses. It takes the first certificate that fits for that of the signer, does not look at its key usage,
and asks for its status where nobody need. So that is settled before: which certificate signed a response, and whether it may be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from smime.asn1 import tlv, writer
from smime.errors import ParseError, SMIMEError
from smime.pki.effort import signature_effort
from smime.x509 import names
from smime.x509.certificate import Certificate, algorithm_identifier
from smime.x509.issued import is_signed_by, verify_signature

if TYPE_CHECKING:
    from smime.pki.effort import Budget

__all__ = ["NO_CHECK", "OCSP_SIGNING", "Responder", "Response", "issuer_on", "may_respond", "names_method"]

OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
_METHODS = ("2.5.29.31", "1.3.6.1.5.5.7.1.1")  # cRLDistributionPoints, authorityInfoAccess
_BY_NAME, _BY_KEY = 0xA1, 0xA2
_CANDIDATES = 4  # certificates that fit a responderID, of which one signed
_EMBEDDED = 8  # certificates in a response that are looked at


class Responder(NamedTuple):
    """Who signed a response.

    Attributes:
        certificate: of the signer.
        response: the response in DER, with this certificate in it and no other; what is signed has the octets it had.
        signed, signature: what is signed, and the signature on it.
    """

    certificate: Certificate
    response: bytes
    signed: bytes
    signature: bytes


class Response:
    """A successful BasicOCSPResponse (RFC 6960 section 4.2.1), taken apart as far as it says who signed it.

    Args:
        der: the OCSPResponse.

    Raises:
        SMIMEError, ValueError, IndexError: it is malformed, or says that there was an error.
    """

    __slots__ = ("_algorithm", "_algorithm_raw", "_certificates", "_head", "_key_hash", "_name", "_signature", "_signature_raw", "_tbs")

    def __init__(self, der: bytes) -> None:
        _, start, end = tlv.element(der, 0, len(der))
        _, (_, outer_start, outer_end) = tlv.children(der, start, end)
        _, start, end = tlv.element(der, outer_start, outer_end)
        (_, _, kind_end), (_, basic_start, basic_end) = tlv.children(der, start, end)
        self._head = der[start:kind_end]
        _, start, end = tlv.element(der, basic_start, basic_end)
        fields = tlv.children(der, start, end)
        (_, tbs_start, tbs_end), (_, _, algorithm_end), (_, bits_start, bits_end) = fields[:3]
        self._tbs = der[start:tbs_end]
        self._algorithm_raw = der[tbs_end:algorithm_end]
        self._algorithm = algorithm_identifier(self._algorithm_raw)
        self._signature_raw = der[algorithm_end:bits_end]
        self._signature = der[bits_start + 1 : bits_end]
        if der[bits_start : bits_start + 1] != b"\x00":
            raise ParseError("ocsp", "a signature is whole octets", bits_start)
        self._certificates = der[fields[3][1] : fields[3][2]] if len(fields) > 3 else b""
        self._name: bytes | None = None
        self._key_hash: bytes | None = None
        for tag, id_start, id_end in tlv.children(der, tbs_start, tbs_end)[:2]:  # behind the version, if it stands there
            if tag == _BY_NAME:
                self._name = der[id_start:id_end]
            elif tag == _BY_KEY:
                _, hash_start, hash_end = tlv.element(der, id_start, id_end)
                self._key_hash = der[hash_start:hash_end]

    @classmethod
    def of(cls, der: bytes) -> Response | None:
        """Return the response, None if there is nothing to be taken from it."""
        try:
            return cls(der)
        except (SMIMEError, ValueError, IndexError):
            return None

    @property
    def embedded(self) -> Iterator[Certificate]:
        """The certificates that come with the response, the first few, as far as they can be read."""
        octets = self._certificates
        try:
            _, start, end = tlv.element(octets, 0, len(octets))
            ends = [item_end for _, _, item_end in tlv.children(octets, start, end)[:_EMBEDDED]]
            for begin, stop in pairwise([start, *ends]):
                yield Certificate.of(octets[begin:stop])
        except SMIMEError:
            return

    def _fits(self, certificate: Certificate) -> bool:
        """Whether the responderID means this certificate."""
        if self._name is not None:
            raw = certificate.subject_raw
            return raw == self._name or names.comparable(raw) == names.comparable(self._name)
        from smime.crypto import digests  # noqa: PLC0415 - heavy

        return self._key_hash in {digests.digest("sha1", certificate.key_octets), certificate.ski}

    def responder(self, certificates: Iterable[Certificate], budget: Budget) -> Responder | None:
        """Return whose key made the signature; None if it is none of those at hand, or if that would take too much work.

        Args:
            certificates: where to look before the certificates in the response itself: the authorities of the path come first.
            budget: what the verification is paid from.
        """
        left = _CANDIDATES
        for one in dict.fromkeys((*certificates, *self.embedded)):
            if not self._fits(one):
                continue
            if not left or not budget.spend(signature_effort(one.spki)):
                return None
            left -= 1
            if verify_signature(one, self._algorithm, self._signature, self._tbs) is True:
                return Responder(one, self._with(one), self._tbs, self._signature)
        return None

    def _with(self, certificate: Certificate) -> bytes:
        """Return the response with one certificate."""
        one = writer.explicit(0, writer.sequence(certificate.der))
        basic = writer.sequence(self._tbs, self._algorithm_raw, self._signature_raw, one)
        successful = writer.tlv(0x0A, b"\x00")
        return writer.sequence(successful, writer.explicit(0, writer.sequence(self._head, writer.octet_string(basic))))


def issuer_on(path: Sequence[Certificate], responder: Certificate) -> Certificate | None:
    """Return the authority of a path that certified a responder directly; None if none did."""
    for authority in path[1:]:
        if responder.issued_by_name(authority.subject_raw) and is_signed_by(responder, authority) is True:
            return authority
    return None


def may_respond(responder: Certificate) -> bool:
    """Whether a certificate is for signing OCSP responses: id-kp-OCSPSigning stands in it, and its key may sign."""
    try:
        purposes, usage = responder.extended_key_usage, responder.key_usage
    except ParseError:
        return False
    return (
        purposes is not None
        and OCSP_SIGNING in purposes
        and (usage is None or not usage.isdisjoint({"digitalSignature", "nonRepudiation"}))
    )


def names_method(responder: Certificate) -> bool:
    """Whether a responder's certificate says how to find out if it was revoked (RFC 6960 section 4.2.2.2.1).

    With id-pkix-ocsp-nocheck its issuer says that nobody need ask. Without that, and without a place to ask, whether to do so is left to
    the policy of the relying party.
    """
    return NO_CHECK not in responder.extensions and any(oid in responder.extensions for oid in _METHODS)
