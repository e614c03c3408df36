"""What is known of a certificate at a time, and the span of time in which that holds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from smime.findings import Effect, finding
from smime.report import Revocation

if TYPE_CHECKING:
    from cryptography import x509

    from smime.findings import Finding
    from smime.report import Unchecked
    from smime.x509.certificate import Certificate

__all__ = ["EVER", "NEVER", "Outcome", "PathVerdict", "Window"]

NEVER = datetime.min.replace(tzinfo=timezone.utc)
EVER = datetime.max.replace(tzinfo=timezone.utc)
_TICK = timedelta(microseconds=1)


class PathVerdict:
    """What is known about a signer's certificate at a time.

    Attributes:
        trusted: a path leads to an anchor, and nothing found speaks against it.
        path: from the signer's certificate to the anchor; without a trusted path, the best one found or the certificate alone.
        revocation: what is known of revocation along the path.
        findings: what was noticed.
        unchecked: checks that were not made.
        valid_from: the verdict holds from here on, inclusive …
        valid_until: … until here, inclusive.
    """

    __slots__ = ("_dated", "_x509_path", "findings", "path", "revocation", "trusted", "unchecked", "valid_from", "valid_until")

    def __init__(
        self,
        *,
        trusted: bool,
        path: tuple[Certificate, ...],
        revocation: Revocation,
        findings: tuple[Finding, ...] = (),
        unchecked: tuple[Unchecked, ...] = (),
        valid_from: datetime = NEVER,
        valid_until: datetime = EVER,
    ) -> None:
        self.trusted = trusted
        self.path = path
        self.revocation = revocation
        self.findings = findings
        self.unchecked = unchecked
        self.valid_from = valid_from
        self.valid_until = valid_until
        self._dated: bool | None = None
        self._x509_path: tuple[x509.Certificate, ...] | None = None

    def said_at(self, at: datetime) -> PathVerdict:
        """Return the verdict for another time in its window: findings that name the time looked at name this one."""
        if self._dated is None:
            self._dated = any("at" in found.data for found in self.findings)
        if not self._dated:
            return self
        text = at.isoformat()
        if all(found.data.get("at", text) == text for found in self.findings):
            return self
        return PathVerdict(
            trusted=self.trusted,
            path=self.path,
            revocation=self.revocation,
            findings=tuple(finding(found.code, **{**found.data, "at": text}) if "at" in found.data else found for found in self.findings),
            unchecked=self.unchecked,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    def with_unchecked(self, further: tuple[Unchecked, ...]) -> PathVerdict:
        """Return the verdict with further checks that were not made."""
        return PathVerdict(
            trusted=self.trusted,
            path=self.path,
            revocation=self.revocation,
            findings=self.findings,
            unchecked=(*self.unchecked, *further),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    @property
    def x509_path(self) -> tuple[x509.Certificate, ...]:
        """The path as objects of `cryptography`, without certificates that it refuses to load."""
        if self._x509_path is None:
            self._x509_path = tuple([loaded for loaded in [certificate.x509 for certificate in self.path] if loaded is not None])
        return self._x509_path

    def __repr__(self) -> str:
        codes = ", ".join(found.code for found in self.findings)
        return f"<PathVerdict trusted={self.trusted} path={len(self.path)} {self.revocation.value} [{codes}]>"


class Outcome(NamedTuple):
    """What an engine says of one path, or of there being none.

    Attributes:
        path: from leaf to anchor; empty if there is none.
        findings: none with an effect if the path is good.
        revocation: as far as the engine looked.
        unchecked: what it did not check.
    """

    path: tuple[Certificate, ...]
    findings: tuple[Finding, ...] = ()
    revocation: Revocation = Revocation.UNKNOWN
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def good(self) -> bool:
        """Nothing speaks against the path."""
        return bool(self.path) and all(found.effect is Effect.NONE for found in self.findings)

    @property
    def badness(self) -> int:
        """How much speaks against it."""
        return max((found.effect.value for found in self.findings), default=0)


class Window:
    """The largest span of time around a moment in which a set of periods neither begins nor ends."""

    __slots__ = ("at", "begin", "end")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.begin = NEVER
        self.end = EVER

    def starts(self, moment: datetime) -> None:
        """Something holds from this moment on, inclusive."""
        if moment <= self.at:
            self.begin = max(self.begin, moment)
        else:
            self.end = min(self.end, moment - _TICK)

    def ends(self, moment: datetime) -> None:
        """Something holds until this moment, inclusive."""
        if moment >= self.at:
            self.end = min(self.end, moment)
        else:
            self.begin = max(self.begin, moment + _TICK)

    def period(self, begin: datetime, end: datetime | None) -> None:
        """Something holds from `begin` to `end`, both inclusive."""
        self.starts(begin)
        if end is not None:
            self.ends(end)
