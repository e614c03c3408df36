"""The catalogue of findings: one stable code, what it means for the verdict, a sentence, and what to do about it.

A finding is raised by code alone, with the values that were compared; the sentence is written here so that the same fact always reads the
same. Codes are part of the public interface: they are never renamed, and a code that is no longer raised stays listed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["CATALOGUE", "Effect", "Finding", "FindingKind", "Severity", "finding"]


class Severity(enum.Enum):
    """How much a reader should care."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Effect(enum.Enum):
    """What a finding does to the verdict of the signer or the message it is about. The worst effect of all findings decides."""

    NONE = 0
    INDETERMINATE = 1
    INVALID = 2


@dataclass(frozen=True, slots=True)
class FindingKind:
    """An entry of the catalogue."""

    code: str
    severity: Severity
    effect: Effect
    sentence: str
    advice: str


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed about a message or a signer.

    Attributes:
        code: stable, kebab-case.
        severity: how much it matters.
        effect: what it does to the verdict.
        message: a sentence for a mail administrator.
        data: the values compared, JSON-able.
    """

    code: str
    severity: Severity
    effect: Effect
    message: str
    data: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    @property
    def advice(self) -> str:
        """What to do about it."""
        advice = CATALOGUE[self.code].advice
        return advice.format_map(self.data) if "{" in advice else advice

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-able data."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "data": dict(self.data),
            "advice": self.advice,
        }

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.code, self.severity, self.effect, self.message, dict(self.data)))


def _rebuild(code: str, severity: Severity, effect: Effect, message: str, data: dict[str, Any]) -> Finding:
    return Finding(code, severity, effect, message, MappingProxyType(data))


def finding(code: str, /, **data: Any) -> Finding:
    """Make the finding with this code. `data` fills the sentence's placeholders and is kept; values must be JSON-able.

    Raises:
        KeyError: the code is not in the catalogue, or its sentence names a value that was not given.
    """
    kind = CATALOGUE[code]
    message = kind.sentence.format_map(data) if data else kind.sentence
    return Finding(code, kind.severity, kind.effect, message, MappingProxyType(data) if data else _NOTHING)


_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR
_NONE, _MAYBE, _NO = Effect.NONE, Effect.INDETERMINATE, Effect.INVALID

_KINDS = (
    # -- the signature itself (RFC 5652 section 5, RFC 8551 section 2.5) --
    ("no-signers", _E, _NO, "The message has the form of a signed message and nobody signed it.", "Treat it as unsigned."),
    ("unknown-signer-info", _W, _MAYBE, "A signature is of version {version}, in a form that is not known here, so it was not checked.", "Check it with other software."),
    ("no-content", _E, _NO, "The signature comes without the content it is about.", "Ask for the content and give it to the verifier."),
    ("two-contents", _E, _NO, "The signature is over content of its own and is shown beside other content.", "Do not trust either; this is a known spoof."),
    ("digest-mismatch", _E, _NO, "The content was changed after it was signed, or the signature belongs to other content.", "Ask the sender to send it again; a gateway or list on the way may have changed it."),
    ("signature-invalid", _E, _NO, "The signature was not made by the key of the certificate it names.", "Treat the message as unsigned."),
    ("signature-malformed", _E, _NO, "The signature is malformed: {reason}.", "Treat the message as unsigned."),
    ("content-type-attribute-missing", _E, _NO, "The signed attributes do not say what kind of content was signed.", "Treat the message as unsigned."),
    ("content-type-mismatch", _E, _NO, "The signed attributes name another kind of content ({attribute}) than the message has ({content}).", "Treat the message as unsigned."),
    ("message-digest-attribute-missing", _E, _NO, "The signed attributes hold no digest of the content.", "Treat the message as unsigned."),
    ("attribute-not-single", _E, _NO, "The attribute {attribute} must stand once with one value, and does not.", "Treat the message as unsigned."),
    ("attribute-misplaced", _E, _NO, "The attribute {attribute} stands in a place where the standard forbids it.", "Treat the message as unsigned."),
    ("attribute-malformed", _E, _NO, "The attribute {attribute} cannot be read.", "Treat the message as unsigned."),
    ("signed-attributes-required", _E, _NO, "The content is not plain data, and there are no signed attributes to say so.", "Treat the message as unsigned."),
    ("signed-attributes-not-der", _W, _MAYBE, "The signed attributes are not encoded in the one way the standard allows.", "Ask the sender to update the software that signed."),
    ("content-looks-like-attributes", _E, _NO, "The signed content has the form of another signature's attributes: a known forgery.", "Treat the message as forged."),
    ("no-signed-attributes", _I, _NONE, "The signature is over the content alone, without attributes.", "Nothing; newer software adds attributes."),
    ("unexpected-content-type", _E, _MAYBE, "What was signed is of the type {content_type}, and mail is signed as plain data.", "Ask the sender how it was signed; it may have been made for another purpose than mail."),
    ("algorithm-protection-mismatch", _E, _NO, "The algorithms in the signature are not those the signer protected.", "Treat the message as forged."),
    ("signing-certificate-mismatch", _E, _NO, "The signer bound the signature to another certificate than the one found.", "Treat the message as unsigned."),
    ("signing-certificate-path", _E, _MAYBE, "The signer named the authorities of the certificate chain, and {subject} is not one of them.", "Look for a chain of the authorities that the signer named, and give their certificates."),
    ("digest-algorithm-mismatch", _E, _NO, "The digest algorithm ({digest}) is not the one that the signature algorithm ({signature}) needs.", "Treat the message as unsigned."),
    ("digest-algorithm-unlisted", _W, _MAYBE, "The digest algorithm {digest} is used and not announced at the head of the signature.", "Ask the sender to update the software that signed."),
    ("signature-algorithm-unsupported", _W, _MAYBE, "The signature algorithm {algorithm} is not known here, so the signature was not checked.", "Check it with other software."),
    ("digest-algorithm-unsupported", _W, _MAYBE, "The digest algorithm {algorithm} is not known here, so the signature was not checked.", "Check it with other software."),
    ("algorithm-forbidden", _E, _MAYBE, "The policy does not accept {algorithm}, so the signature proves nothing here.", "Use the archive policy to read old mail; ask the sender to use current algorithms."),
    ("weak-algorithm", _W, _NONE, "The signature uses {algorithm}, which is no longer safe.", "Trust it only for old mail."),
    ("key-mismatch", _E, _NO, "The signature algorithm {algorithm} does not fit the signer's key.", "Treat the message as unsigned."),
    ("short-key", _W, _NONE, "The key of {subject} has only {bits} bits.", "Trust it only for old mail."),
    ("short-key-forbidden", _E, _MAYBE, "The key of {subject} has only {bits} bits, less than the policy accepts.", "Use the archive policy to read old mail."),
    ("unknown-version", _I, _NONE, "The version number of the {structure} is {version}, which the standard does not give for it.", "Nothing."),
    ("trailing-data", _W, _NONE, "{count} octets follow the end of the {structure}.", "Nothing; they were ignored."),
    ("countersignature-invalid", _W, _NONE, "A countersignature does not fit the signature it is about.", "Ignore the countersignature."),
    ("countersignature-malformed", _W, _NONE, "A countersignature cannot be read: {reason}.", "Ignore the countersignature."),
    ("pkcs7-content", _W, _NONE, "The content is in the form of PKCS #7 version 1.5.", "Nothing; it was read because this was asked for."),
    # -- the signer's certificate (RFC 8550, RFC 5280) --
    ("no-certificate", _E, _MAYBE, "The certificate of the signer ({sid}) is neither in the message nor in the store.", "Get the sender's certificate and add it to the store."),
    ("malformed-certificate", _E, _MAYBE, "A certificate cannot be read: {reason}.", "Ask the sender for a proper certificate."),
    ("unreadable-certificate", _W, _NONE, "A certificate in the message cannot be read and was not used: {reason}.", "Nothing, unless it is the signer's."),
    ("path-unchecked", _E, _MAYBE, "No trust anchors were given, so nobody vouches for the signer.", "Give the root certificates that you trust."),
    ("certificate-address-malformed", _W, _NONE, "A mail address in the certificate breaks the rules and was not used: {reason}.", "Ask the sender for a proper certificate."),
    ("certificate-algorithm-forbidden", _E, _MAYBE, "The certificate of {subject} was signed with {algorithm}, which the policy does not accept.", "Use the archive policy to read old mail."),
    ("weak-certificate-algorithm", _W, _NONE, "The certificate of {subject} was signed with {algorithm}, which is no longer safe.", "Trust it only for old mail."),
    ("untrusted", _E, _MAYBE, "No chain leads from the signer's certificate to a trust anchor: {reason}.", "Add the right root certificate to the store if you trust it."),
    ("path-invalid", _E, _NO, "The certificate chain breaks the rules: {reason}.", "Treat the signer as unknown."),
    ("path-too-complex", _E, _MAYBE, "Checking the certificate chain would take too much work.", "Treat the signer as unknown."),
    ("expired", _E, _MAYBE, "The certificate of {subject} was valid until {not_after}, and the time looked at is {at}.", "For old mail, verify at the time of delivery."),
    ("not-yet-valid", _E, _MAYBE, "The certificate of {subject} is valid from {not_before} on, and the time looked at is {at}.", "Check the clock."),
    ("key-usage", _E, _NO, "The certificate is not meant for signatures (key usage: {usage}).", "Ask the sender to sign with the right certificate."),
    ("extended-key-usage", _E, _NO, "The certificate is not meant for mail (extended key usage: {usage}).", "Ask the sender to sign with a mail certificate."),
    ("revoked", _E, _NO, "The certificate of {subject} was revoked on {date} ({reason}).", "Do not trust the message."),
    ("revocation-unknown", _I, _NONE, "Nothing was at hand that says whether the certificate was revoked.", "Give CRLs, or ask for revocation to be required."),
    ("revocation-required", _E, _MAYBE, "The policy wants proof that the certificate is not revoked, and there is none: {reason}.", "Give current CRLs or OCSP responses."),
    ("revocation-ignored", _I, _NONE, "The policy does not look at revocation.", "Nothing."),
    ("policy-not-acceptable", _E, _MAYBE, "The chain does not hold under a certificate policy that is accepted here.", "Check the accepted policies."),
    # -- who is it from (RFC 8550 section 3, RFC 5322) --
    ("address-mismatch", _E, _NO, "The message says it is from {sender} and was signed by {signer}.", "Treat it as from {signer}, or as a forgery."),
    ("address-match-by-sender", _W, _MAYBE, "The signer is the Sender ({sender}), not the author in From ({from_}).", "Check that this Sender may write for that author."),
    ("certificate-without-address", _W, _MAYBE, "The certificate names no mail address, so it does not say who the sender is.", "Compare the name in the certificate by hand."),
    ("sender-missing", _W, _MAYBE, "The message has no From address to compare with the certificate.", "Say from whom the message came."),
    ("sender-ambiguous", _E, _MAYBE, "The message has {count} From addresses or fields, so nobody is its one sender.", "Treat the sender as unknown."),
    ("repeated-field", _E, _MAYBE, "The header field {field} stands more than once, so not all readers show the same one.", "Treat the sender as unknown."),
    ("sender-malformed", _E, _MAYBE, "The From address cannot be read: {reason}.", "Treat the sender as unknown."),
    ("inner-from-differs", _W, _NONE, "The signed content says it is from {inner}, and the message around it says {outer}.", "Believe the one whom the signer's certificate names; a message that was forwarded as a whole keeps its own author."),
    ("inner-from-is-not-signer", _W, _NONE, "The signed content says it is from {inner}, and was signed by {signer}.", "Treat it as from {signer}; a message that was forwarded as a whole keeps its own author."),
    ("no-sender-named", _I, _NONE, "A bare CMS object names no sender, so nothing was compared with the certificate.", "Say from whom it came, to have that compared."),
    ("sender-unchecked", _I, _NONE, "The policy does not compare the sender with the certificate.", "Compare it by hand."),
    ("display-name-is-address", _W, _NONE, "The display name of the sender looks like another address: {name}.", "Look at the real address: {address}."),
    ("suspicious-characters", _W, _NONE, "The field {field} holds invisible or control characters.", "Look at the source of the message."),
    # -- time --
    ("signing-time-future", _W, _NONE, "The claimed signing time {time} lies after the time looked at, {at}.", "Check the clocks."),
    ("signing-time-outside-certificate", _W, _NONE, "The claimed signing time {time} lies outside the validity of the certificate.", "Check with the sender."),
    ("time-from-header", _W, _NONE, "Certificates were judged at {time}, the time that the message's own {field} field claims.", "Believe it as far as you believe the archive."),
    ("valid-at-timestamp", _I, _NONE, "The certificate has expired since; a trusted timestamp shows that it signed before, at {time}.", "Nothing."),
    ("timestamp-unchecked", _I, _NONE, "A timestamp says {time}; no authorities were given that may say so.", "Give the root certificates of time-stamping authorities that you trust."),
    ("timestamp-mismatch", _W, _NONE, "A timestamp belongs to another signature.", "Ignore the timestamp."),
    ("timestamp-untrusted", _W, _NONE, "A timestamp does not count: {reason}.", "Ignore the timestamp."),
    ("timestamp-malformed", _W, _NONE, "A timestamp cannot be read: {reason}.", "Ignore the timestamp."),
    # -- the message around it (RFC 1847, RFC 2046, RFC 8551 section 3, RFC 9787) --
    ("micalg-mismatch", _W, _NONE, "The header announces the digest {micalg}, and the signature uses {digest}.", "Nothing; the content was digested again."),
    ("micalg-mismatch-unverified", _E, _MAYBE, "The header announces the digest {micalg}, the signature uses {digest}, and the source cannot be read again.", "Verify from a file."),
    ("content-not-kept", _E, _MAYBE, "The signature ({algorithm}) is over the content itself, which has passed and cannot be read again.", "Verify from a file."),
    ("content-too-long", _E, _MAYBE, "The signature ({algorithm}) is over the content itself, whose {length} octets are more than the limit of {maximum}.", "Raise the limit structure_size, which is how much is held in memory."),
    ("not-two-parts", _E, _NO, "A signed mail has two parts; this one has {count}.", "Treat it as unsigned."),
    ("parts-swapped", _E, _NO, "The signature stands where the content should be.", "Treat it as unsigned."),
    ("signature-part-type", _E, _NO, "The signature stands in a part of type {content_type}, which readers show as text.", "Treat it as unsigned."),
    ("wrong-protocol", _W, _NONE, "The protocol parameter is {protocol}.", "Nothing; the content decides."),
    ("unclosed-multipart", _E, _NO, "The closing boundary is missing, so the message may be cut.", "Ask for it again."),
    ("text-around-signed-part", _I, _NONE, "There is text before or after the signed part, which is not signed.", "Show only the signed part."),
    ("duplicate-header", _E, _NO, "The header field {field} stands more than once.", "Treat the message as unsigned."),
    ("malformed-header", _W, _NONE, "There are {count} lines in the header that are no header fields; some readers take them, and all that follows, for text.", "Look at the source of the message; show only the signed part."),
    ("line-ends-converted", _I, _NONE, "The message was stored with other line ends than it was signed with; they were restored.", "Nothing."),
    ("stray-line-ends", _I, _NONE, "A CR or LF stands alone in the signed part, and not all readers break the line there.", "Nothing; what was signed has it."),
    ("from-line-unquoted", _I, _NONE, "The signature holds after the mailbox's quoting of From lines was undone.", "Nothing."),
    ("base64-anomaly", _I, _NONE, "The base64 text is irregular: {reason}.", "Nothing."),
    ("smime-type-mismatch", _I, _NONE, "The header says {smime_type}, and the content is {content}.", "Nothing; the content decides."),
    ("boundary-prefix", _W, _NONE, "A line begins with the boundary and goes on with other text.", "Nothing."),
    ("errant-layer", _W, _NONE, "A part of the message is signed or encrypted by itself; that says nothing about the whole.", "Look at that part alone."),
    ("certificates-only", _I, _NONE, "The message brings certificates and nothing is signed.", "Nothing."),
    # -- encryption --
    ("unauthenticated-encryption", _W, _NONE, "The encryption ({algorithm}) does not notice changes to the text.", "Trust the content only if a signature inside is valid."),
    ("aead-downgrade-possible", _I, _NONE, "Nothing binds the key to {algorithm}: it may have been made for a cipher that notices changes (RFC 9709).", "Return nothing of the content to whoever sent it unless a signature inside is valid."),
    ("weak-encryption", _W, _NONE, "The encryption uses {algorithm}, which is no longer safe.", "Ask the sender to use current algorithms."),
    ("encryption-algorithm-forbidden", _E, _MAYBE, "The policy does not accept the encryption {algorithm}.", "Use the archive policy to read old mail."),
    ("no-matching-recipient", _W, _NONE, "None of the keys at hand opens this message.", "Add the key of one of its recipients."),
    ("decryption-failed", _E, _NO, "The message could not be decrypted with the key it names.", "Ask for it again."),
    ("encryption-malformed", _E, _NO, "The encrypted object is malformed: {reason}.", "Ask for it again."),
    ("mac-invalid", _E, _NO, "The content was changed, or the code that authenticates it belongs to other content.", "Ask for it again."),
    ("mac-malformed", _E, _NO, "The authenticated attributes are malformed: {reason}.", "Ask for it again."),
    ("gcm-tag-length-absent", _I, _NONE, "The length of the tag is not stated; the tag of {length} octets was checked whole.", "Nothing."),
    ("short-tag", _W, _NONE, "The tag has only {length} octets.", "Ask the sender to use tags of 16 octets."),
    ("unsupported", _W, _MAYBE, "This cannot be read here: {what}.", "Read it with other software."),
    ("inner-unreadable", _W, _NONE, "What is inside this layer cannot be read: {reason}.", "Look at the content by hand."),
)  # fmt: skip

CATALOGUE: Mapping[str, FindingKind] = MappingProxyType({row[0]: FindingKind(*row) for row in _KINDS})
"""Every finding there is, by code."""
