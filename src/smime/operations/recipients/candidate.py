"""A RecipientInfo together with a key at hand that may open it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime.algorithms import NAMES, Level
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.errors import ParseError
from smime.findings import finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from smime.findings import Finding
    from smime.policy import Policy

__all__ = ["Candidate", "inner_algorithm"]

_KNOWN = frozenset(NAMES.values())


class Candidate:
    """A RecipientInfo and a key at hand that may open it.

    Attributes:
        index: of the recipient, counted as `names_of` does.
        algorithm_name: of the key encryption.
        algorithms: names of what a policy has to accept: the key encryption, and the key wrap or cipher inside.
        rank: candidates of a lower rank are tried first: a key transport by PKCS #1 v1.5 never says that it failed.
    """

    __slots__ = ("_open", "algorithm_name", "algorithms", "index", "rank")

    def __init__(
        self,
        index: int,
        algorithm_name: str,
        rank: int,
        opener: Callable[[tuple[int, ...], Policy], bytes],
        inner: AlgorithmIdentifier | None = None,
    ) -> None:
        self.index = index
        self.algorithm_name = algorithm_name
        self.algorithms = (algorithm_name,) if inner is None else (algorithm_name, inner.name)
        self.rank = rank
        self._open = opener

    def judged(self, policy: Policy) -> list[Finding]:
        """Return what a policy says of the algorithms: ``encryption-algorithm-forbidden`` if the key must not be used, or a warning.

        Of unknown ones it says nothing: they cannot be used anyway.
        """
        said = []
        for name in self.algorithms:
            level = policy.algorithms.level(name)
            if level is Level.FORBIDDEN and name in _KNOWN:
                said.append(finding("encryption-algorithm-forbidden", algorithm=name))
            elif level is Level.LEGACY:
                said.append(finding("weak-encryption", algorithm=name))
        return said

    def unwrap(self, key_sizes: tuple[int, ...], policy: Policy) -> bytes:
        """Return the content encryption key.

        Args:
            key_sizes: what the content encryption takes, octets; the usual one first.
            policy: limits for key derivation.

        Raises:
            Failed: it does not open.
            UnsupportedError, ParseError, LimitExceeded, KeyMismatchError: it cannot be tried.
        """
        return self._open(key_sizes, policy)


def inner_algorithm(algorithm: AlgorithmIdentifier) -> AlgorithmIdentifier | None:
    """Return the algorithm that is a parameter of another; None if there is none, or a malformed one, as will be said when it is used."""
    try:
        return None if algorithm.parameters_absent_or_null else AlgorithmIdentifier.from_raw(algorithm.parameters or b"")
    except ParseError:
        return None
