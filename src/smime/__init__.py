"""S/MIME 4.0 (RFC 8551): sign, verify, encrypt, decrypt, compress and take apart secure mail.

The one-shot functions `sign`, `verify`, `encrypt`, `decrypt`, `compress` and `unwrap` take octets or `email.message.Message` objects. The
classes `MessageSigner`, `MessageVerifier`, `MessageEncryptor`, `MessageDecryptor`, `MessageCompressor` and `MessageUnwrapper` do the same
with `update(data)` and `finalize()` in constant memory, and `smime.files` and `smime.archive` drive them over files and whole archives.

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers take for true, without `typing`: importing that takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from smime import _kernels
    from smime import algorithms as algorithms
    from smime import archive as archive
    from smime import files as files
    from smime import policies as policies
    from smime._api import compress as compress
    from smime._api import decrypt as decrypt
    from smime._api import encrypt as encrypt
    from smime._api import sign as sign
    from smime._api import unwrap as unwrap
    from smime._api import verify as verify

    backend = _kernels.BACKEND
    from smime.errors import (
        DecryptionError as DecryptionError,
    )
    from smime.errors import (
        DecryptionFailed as DecryptionFailed,
    )
    from smime.errors import (
        KeyMismatchError as KeyMismatchError,
    )
    from smime.errors import (
        LimitExceeded as LimitExceeded,
    )
    from smime.errors import (
        NoMatchingRecipient as NoMatchingRecipient,
    )
    from smime.errors import (
        NotProtected as NotProtected,
    )
    from smime.errors import (
        ParseError as ParseError,
    )
    from smime.errors import (
        PolicyError as PolicyError,
    )
    from smime.errors import (
        SMIMEError as SMIMEError,
    )
    from smime.errors import (
        UnsupportedError as UnsupportedError,
    )
    from smime.errors import (
        VerificationError as VerificationError,
    )
    from smime.findings import Finding as Finding
    from smime.findings import Severity as Severity
    from smime.limits import Limits as Limits
    from smime.operations.authenticate import MessageAuthenticator as MessageAuthenticator
    from smime.operations.certificates import certificates_only as certificates_only
    from smime.operations.compress import MessageCompressor as MessageCompressor
    from smime.operations.decrypt import MessageDecryptor as MessageDecryptor
    from smime.operations.diagnose import Cause as Cause
    from smime.operations.diagnose import Diagnosis as Diagnosis
    from smime.operations.diagnose import diagnose as diagnose
    from smime.operations.digest import MessageDigester as MessageDigester
    from smime.operations.encrypt import MessageEncryptor as MessageEncryptor
    from smime.operations.errant import ErrantLayer as ErrantLayer
    from smime.operations.recipients.making import Recipient as Recipient
    from smime.operations.results import DecryptedMessage as DecryptedMessage
    from smime.operations.results import Layer as Layer
    from smime.operations.results import UnwrappedMessage as UnwrappedMessage
    from smime.operations.results import VerifiedMessage as VerifiedMessage
    from smime.operations.rewrite import add_certificates as add_certificates
    from smime.operations.rewrite import add_signer as add_signer
    from smime.operations.rewrite import countersign as countersign
    from smime.operations.sign import MessageSigner as MessageSigner
    from smime.operations.sign import Signer as Signer
    from smime.operations.unwrap import MessageUnwrapper as MessageUnwrapper
    from smime.operations.verify import MessageVerifier as MessageVerifier
    from smime.pki.identity import ContentKey as ContentKey
    from smime.pki.identity import Identity as Identity
    from smime.pki.identity import KeyEncryptionKey as KeyEncryptionKey
    from smime.pki.identity import Keyring as Keyring
    from smime.pki.identity import Password as Password
    from smime.pki.identity import load_identities as load_identities
    from smime.pki.trust import TrustStore as TrustStore
    from smime.policy import Policy as Policy
    from smime.report import AuthenticationReport as AuthenticationReport
    from smime.report import CompressionReport as CompressionReport
    from smime.report import DecryptionReport as DecryptionReport
    from smime.report import Revocation as Revocation
    from smime.report import SignerReport as SignerReport
    from smime.report import Standing as Standing
    from smime.report import TimestampReport as TimestampReport
    from smime.report import Verdict as Verdict
    from smime.report import VerificationReport as VerificationReport

_HOMES = {
    "_api": ("compress", "decrypt", "encrypt", "sign", "unwrap", "verify"),
    "errors": (
        "DecryptionError",
        "DecryptionFailed",
        "KeyMismatchError",
        "LimitExceeded",
        "NoMatchingRecipient",
        "NotProtected",
        "ParseError",
        "PolicyError",
        "SMIMEError",
        "UnsupportedError",
        "VerificationError",
    ),
    "findings": ("Finding", "Severity"),
    "limits": ("Limits",),
    "operations.authenticate": ("MessageAuthenticator",),
    "operations.certificates": ("certificates_only",),
    "operations.compress": ("MessageCompressor",),
    "operations.decrypt": ("MessageDecryptor",),
    "operations.diagnose": ("Cause", "Diagnosis", "diagnose"),
    "operations.digest": ("MessageDigester",),
    "operations.encrypt": ("MessageEncryptor",),
    "operations.errant": ("ErrantLayer",),
    "operations.recipients.making": ("Recipient",),
    "operations.results": ("DecryptedMessage", "Layer", "UnwrappedMessage", "VerifiedMessage"),
    "operations.rewrite": ("add_certificates", "add_signer", "countersign"),
    "operations.sign": ("MessageSigner", "Signer"),
    "operations.unwrap": ("MessageUnwrapper",),
    "operations.verify": ("MessageVerifier",),
    "pki.identity": ("ContentKey", "Identity", "KeyEncryptionKey", "Keyring", "Password", "load_identities"),
    "pki.trust": ("TrustStore",),
    "policy": ("Policy",),
    "report": (
        "AuthenticationReport",
        "CompressionReport",
        "DecryptionReport",
        "Revocation",
        "SignerReport",
        "Standing",
        "TimestampReport",
        "Verdict",
        "VerificationReport",
    ),
}
_MODULES = ("algorithms", "archive", "files", "policies")
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = sorted([*_HOME, *_MODULES, "backend"])  # noqa: PLE0605 - a sorted list of the table above


def __getattr__(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - many programs have it loaded, and those that have not need no more of it

    if name in _HOME:
        value = getattr(import_module(f"smime.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"smime.{name}")
    elif name == "backend":
        value = import_module("smime._kernels").BACKEND
    else:
        raise AttributeError(f"module 'smime' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
