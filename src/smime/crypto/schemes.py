"""How a key signs: the algorithms that are written for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.crypto.rsa_parameters import PSSParameters

__all__ = ["SignatureScheme"]


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """A way to sign, chosen for a key.

    Attributes:
        algorithm: as written to SignerInfo.signatureAlgorithm.
        name: of the signature algorithm, as in `smime.algorithms`.
        digest: name of the digest for SignerInfo.digestAlgorithm and the message-digest attribute.
        digest_algorithm: as written to SignerInfo.digestAlgorithm.
        key: the kind of key it is for.
        pss: the parameters, where it is RSASSA-PSS.
    """

    algorithm: AlgorithmIdentifier
    name: str
    digest: str
    digest_algorithm: AlgorithmIdentifier
    key: str
    pss: PSSParameters | None
    _arguments: tuple[Any, ...]
    _digest_arguments: tuple[Any, ...] | None
