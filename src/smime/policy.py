"""The policy: everything about a verdict that is a choice, as one frozen value (RFC 8550, RFC 8551, RFC 5280 section 6.1.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from smime import algorithms as _algorithms
from smime.algorithms import AlgorithmProfile
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["ANY_EXTENDED_KEY_USAGE", "EMAIL_PROTECTION", "Policy"]

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is accepted, and what is looked at.

    Attributes:
        algorithms: which algorithms are accepted for what.
        check_sender: compare From (and Sender) with the addresses in the signer's certificate (RFC 8550 section 3).
        extended_key_usage: dotted OIDs of which the signer's certificate, if it restricts its use, must have one; None: not looked at.
        revocation: ``"require"`` (no CRL or OCSP response: INDETERMINATE), ``"if-available"``, ``"ignore"``.
        acceptable_policies: dotted OIDs of certificate policies, the user-initial-policy-set; None: any.
        explicit_policy, inhibit_policy_mapping, inhibit_any_policy: the initial settings of RFC 5280 section 6.1.1.
        pkcs7_content: read SignedData whose content is not an OCTET STRING, as PKCS #7 version 1.5 wrote it (RFC 5652 section 5.2.1).
        content_encryption: what is used for writing where the caller does not say.
        key_transport: how keys are sent to RSA recipients: ``"rsaes-oaep"`` (with SHA-256) or ``"rsaEncryption"`` (PKCS #1 v1.5).
        limits: bounds for hostile input.
    """

    algorithms: AlgorithmProfile = _algorithms.RFC8551
    check_sender: bool = True
    extended_key_usage: frozenset[str] | None = frozenset({EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE})
    revocation: Literal["require", "if-available", "ignore"] = "if-available"
    acceptable_policies: frozenset[str] | None = None
    explicit_policy: bool = False
    inhibit_policy_mapping: bool = False
    inhibit_any_policy: bool = False
    pkcs7_content: bool = False
    content_encryption: str = "aes-256-gcm"
    key_transport: Literal["rsaes-oaep", "rsaEncryption"] = "rsaes-oaep"
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if self.revocation not in {"require", "if-available", "ignore"}:
            raise ValueError(f'revocation is "require", "if-available" or "ignore", not {self.revocation!r}')
        for name in ("extended_key_usage", "acceptable_policies"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, frozenset):
                object.__setattr__(self, name, frozenset(value))

    def replace(self, **changes: Any) -> Policy:
        """Return a copy with some settings changed."""
        return replace(self, **changes)
