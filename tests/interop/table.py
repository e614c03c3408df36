"""The table of the interop tests: what is exchanged, with whom, and what a peer is known not to do.

A limit is the peer's own, recorded with its words: the test fails when the peer fails in another way, and also when it no longer fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from typing import Literal

Direction = Literal["theirs to ours", "ours to theirs"]
DIRECTIONS: tuple[Direction, ...] = ("theirs to ours", "ours to theirs")

PEERS = ("openssl", "gpgsm", "nss", "bc", "pkijs", "pyca")
MAIL_PEERS = ("openssl",)  # those that write and read MIME; the others get bare CMS


@dataclass(frozen=True)
class Case:
    """One exchange."""

    peer: str
    direction: Direction
    operation: str  # sign, encrypt, or one of OTHERS
    who: str  # whose key, or ""
    algorithm: str  # of the signature or of the key encryption
    parameter: str  # digest or cipher
    form: str  # "detached", "opaque" for signatures; "mail" in front of MIME

    @property
    def title(self) -> str:
        """The algorithm column of the printed table, and what limits are matched with."""
        return " ".join(word for word in (self.who, self.algorithm, self.parameter, self.form) if word)

    def __str__(self) -> str:
        return f"{self.peer}-{self.operation}-{self.title}-{self.direction}".replace(" ", "_")


@dataclass(frozen=True)
class Limit:
    """What a peer does not do, and how it says so."""

    peer: str
    direction: str  # a pattern
    operation: str  # a pattern
    title: str  # a pattern
    words: str | None  # contained in what the peer says; None: it does this, whatever the limits further down say
    version: str = ""  # contained in the peer's version: newer ones may do it


# -- what is exchanged --

SIGNATURES = (
    ("rsa", "rsa", "sha256"),
    ("rsa3072", "rsa", "sha512"),
    ("rsa", "rsa-pss", "sha256"),
    ("rsa", "rsa-pss", "sha384"),
    ("p256", "ecdsa", "sha256"),
    ("p384", "ecdsa", "sha384"),
    ("p521", "ecdsa", "sha512"),
    ("brainpool256", "ecdsa", "sha256"),
    ("ed25519", "eddsa", "sha512"),
    ("ed448", "eddsa", "shake256"),
)
SIGNATURE_FORMS = ("detached", "opaque")

KEY_ENCRYPTIONS = (
    ("rsa", "rsa"),
    ("rsa", "rsa-oaep-sha1"),
    ("rsa", "rsa-oaep-sha256"),
    ("p256", "ecdh-sha1"),
    ("p256", "ecdh-sha256"),
    ("p384", "ecdh-sha256"),
    ("p384", "ecdh-sha384"),
)
CIPHERS = ("aes-128-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm")
# beyond the core: each once, not times everything
MORE_ENVELOPES = (
    ("rsa3072", "rsa-oaep-sha256", "aes-192-cbc"),
    ("p521", "ecdh-sha512", "aes-256-gcm"),
    ("brainpool256", "ecdh-sha256", "aes-256-cbc"),
    ("p256", "ecdh-cofactor-sha256", "aes-256-cbc"),
    ("x25519", "ecdh-hkdf-sha256", "aes-256-gcm"),
    ("rsa", "rsa", "aes-256-ccm"),
    ("rsa", "rsa", "chacha20-poly1305"),
)
OTHERS = ("compress", "digest", "encrypt-password", "encrypt-kek", "encrypted-data")
OTHER_CIPHERS = {"encrypt-password": ("aes-256-cbc",), "encrypt-kek": ("aes-256-cbc", "aes-256-gcm"), "encrypted-data": ("aes-256-cbc",)}


def cases() -> Iterator[Case]:
    """Every exchange of the table."""
    for peer, direction in product(PEERS, DIRECTIONS):
        forms = [*SIGNATURE_FORMS, *(f"mail {form}" for form in SIGNATURE_FORMS if peer in MAIL_PEERS)]
        for row, form in product(SIGNATURES, forms):
            yield Case(peer, direction, "sign", *row, form)
        for form in ("", "mail") if peer in MAIL_PEERS else ("",):
            for (who, how), cipher in product(KEY_ENCRYPTIONS, CIPHERS):
                yield Case(peer, direction, "encrypt", who, how, cipher, form)
        for who, how, cipher in MORE_ENVELOPES:
            yield Case(peer, direction, "encrypt", who, how, cipher, "")
        for operation in OTHERS:
            for cipher in OTHER_CIPHERS.get(operation, ("",)):
                yield Case(peer, direction, operation, "", "", cipher, "")


# -- what peers do not do --

_TO, _FROM, _BOTH = "ours to theirs", "theirs to ours", "*"

_NONE = ("compress", "digest", "encrypt-password", "encrypt-kek", "encrypted-data")

LIMITS = (
    # OpenSSL: EdDSA in CMS came with 3.2; no X25519, no CCM, no ChaCha20; Debian builds it without zlib
    Limit("openssl", _FROM, "sign", "ed*", "no default digest", "OpenSSL 3.0"),
    Limit("openssl", _TO, "sign", "ed25519*", "invalid digest", "OpenSSL 3.0"),
    Limit("openssl", _TO, "sign", "ed448*", "unknown digest algorithm", "OpenSSL 3.0"),
    Limit("openssl", _FROM, "encrypt", "x25519*", "operation not supported for this keytype"),
    Limit("openssl", _TO, "encrypt", "x25519*", "Error decrypting CMS"),
    Limit("openssl", _BOTH, "encrypt", "*ccm*", "unsupported cipher"),
    Limit("openssl", _FROM, "encrypt", "*chacha20*", "unsupported content encryption algorithm"),
    Limit("openssl", _TO, "encrypt", "*chacha20*", "unknown cipher"),
    Limit("openssl", _BOTH, "compress", "*", "unsupported compression algorithm"),
    # gpgsm 2.2: no EdDSA, no AES-GCM, no OAEP; encrypts to EC keys only if they claim keyEncipherment, which RFC 5480 forbids
    Limit("gpgsm", _FROM, "sign", "rsa rsa-pss*", "cannot be asked for RSA-PSS"),
    Limit("gpgsm", _TO, "sign", "p521*", "DSA requires the hash length to be a multiple of 8 bits"),
    Limit("gpgsm", _FROM, "sign", "ed25519*", "No secret key"),
    Limit("gpgsm", _FROM, "sign", "ed448*", "digest algorithm is invalid"),
    Limit("gpgsm", _TO, "sign", "ed25519*", "invalid signature"),
    Limit("gpgsm", _TO, "sign", "ed448*", "unknown hash algorithm"),
    Limit("gpgsm", _FROM, "encrypt", "*oaep*", "cannot be asked for OAEP"),
    Limit("gpgsm", _FROM, "encrypt", "rsa rsa aes-*-cbc", None),
    Limit("gpgsm", _FROM, "encrypt", "*cbc", "Wrong key usage"),
    Limit("gpgsm", _FROM, "encrypt", "*", "cipher algorithm is invalid"),
    Limit("gpgsm", _TO, "encrypt", "rsa rsa aes-*-cbc", None),
    Limit("gpgsm", _TO, "encrypt", "*oaep*cbc", "error getting encrypted session key"),
    Limit("gpgsm", _TO, "encrypt", "*cbc", "certificate should not have been used for encryption"),
    Limit("gpgsm", _TO, "encrypt", "*gcm", "error getting IV"),
    Limit("gpgsm", _TO, "encrypt", "*", "message decryption failed"),
    *(Limit("gpgsm", _BOTH, operation, "*", f"gpgsm has no {operation}") for operation in _NONE),
    # NSS: no AES-GCM in CMS, no key agreement, no OAEP, no EdDSA, no brainpool; the cipher is its own choice
    Limit("nss", _FROM, "sign", "rsa rsa-pss*", "cannot be asked for RSA-PSS"),
    Limit("nss", _FROM, "sign", "brainpool*", "SEC_ERROR_INVALID_KEY"),
    Limit("nss", _TO, "sign", "brainpool*", "SEC_ERROR_UNRECOGNIZED_OID"),
    Limit("nss", _FROM, "sign", "ed25519*", "problem signing"),
    Limit("nss", _FROM, "sign", "ed448*", "-H requires one of"),
    Limit("nss", _TO, "sign", "ed*", "SEC_ERROR_PKCS7_BAD_SIGNATURE"),
    Limit("nss", _FROM, "encrypt", "rsa rsa aes-128-cbc", None),
    Limit("nss", _FROM, "encrypt", "*oaep*", "cannot be asked for OAEP"),
    Limit("nss", _FROM, "encrypt", "*aes-128-cbc", "SEC_ERROR_INVALID_ALGORITHM"),
    Limit("nss", _FROM, "encrypt", "*", "chooses the cipher itself"),
    Limit("nss", _TO, "encrypt", "rsa rsa aes-*-cbc", None),
    Limit("nss", _TO, "encrypt", "*oaep*cbc", "SEC_ERROR_UNSUPPORTED_KEYALG"),
    Limit("nss", _TO, "encrypt", "*cbc", "SEC_ERROR_BAD_DER"),
    Limit("nss", _TO, "encrypt", "*", "SEC_ERROR_UNRECOGNIZED_OID"),
    *(Limit("nss", _BOTH, operation, "*", f"nss has no {operation}") for operation in _NONE),
    # Bouncy Castle 1.72: no HKDF key agreement of RFC 8418
    Limit("bc", _FROM, "encrypt", "x25519*", "Unknown key agreement algorithm", "1.72"),
    Limit("bc", _TO, "encrypt", "x25519*", "Exception", "1.72"),
    Limit("bc", _FROM, "encrypt", "*chacha20*", "puts ChaCha20-Poly1305 into EnvelopedData", "1.72"),
    Limit("bc", _BOTH, "digest", "*", "bc has no digest"),
    Limit("bc", _BOTH, "encrypted-data", "*", "bc has no encrypted-data"),
    # PKI.js (WebCrypto): NIST curves, RSA-OAEP and ECDH; AES-GCM only in EnvelopedData, against RFC 5083
    Limit("pkijs", _FROM, "sign", "brainpool*", "no signatures by keys of kind"),
    Limit("pkijs", _FROM, "sign", "ed*", "no signatures by keys of kind"),
    Limit("pkijs", _TO, "sign", "brainpool*", "Unsupported algorithm identifier"),
    Limit("pkijs", _TO, "sign", "ed*", "Unsupported signature algorithm"),
    Limit("pkijs", _FROM, "encrypt", "*gcm", "AES-GCM goes into EnvelopedData"),
    Limit("pkijs", _FROM, "encrypt", "*ccm", "no cipher"),
    Limit("pkijs", _FROM, "encrypt", "*chacha*", "no cipher"),
    Limit("pkijs", _FROM, "encrypt", "rsa rsa *", "keys are transported by RSA-OAEP only"),
    Limit("pkijs", _BOTH, "encrypt", "*cofactor*", "Unsupported algorithm"),
    Limit("pkijs", _TO, "encrypt", "rsa rsa *cbc", "Unrecognized algorithm name"),
    Limit("pkijs", _TO, "encrypt", "rsa*cbc", None),
    Limit("pkijs", _TO, "encrypt", "p*cbc", None),
    Limit("pkijs", _BOTH, "encrypt", "brainpool*", "Incorrect curve OID"),
    Limit("pkijs", _TO, "encrypt", "*", "not EnvelopedData"),
    *(Limit("pkijs", _BOTH, operation, "*", f"pkijs has no {operation}") for operation in _NONE),
    # pyca: writes signatures, writes and reads RSA v1.5 with AES-CBC
    Limit("pyca", _TO, "sign", "*", "pyca has no verify"),
    Limit("pyca", _FROM, "sign", "ed*", "Only RSA & EC keys are supported"),
    Limit("pyca", _BOTH, "encrypt", "rsa rsa aes-*-cbc", None),
    Limit("pyca", _FROM, "encrypt", "rsa rsa *", "Only AES128 and AES256 are supported"),
    Limit("pyca", _FROM, "encrypt", "*", "can only be asked for RSA v1.5"),
    Limit("pyca", _TO, "encrypt", "rsa*cbc", "Only "),
    Limit("pyca", _TO, "encrypt", "rsa*", "is not an EnvelopedData structure"),
    Limit("pyca", _TO, "encrypt", "*", "Only certificate with RSA public keys are supported"),
    *(Limit("pyca", _BOTH, operation, "*", f"pyca has no {operation}") for operation in _NONE),
)


def limit_of(case: Case, version: str) -> Limit | None:
    """Return the limit that this exchange will meet, or None. The first that fits decides."""
    for limit in LIMITS:
        if (
            limit.peer == case.peer
            and fnmatchcase(case.direction, limit.direction)
            and fnmatchcase(case.operation, limit.operation)
            and fnmatchcase(case.title, limit.title)
            and limit.version in version
        ):
            return None if limit.words is None else limit
    return None
