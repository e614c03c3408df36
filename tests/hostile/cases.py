"""The register of hostile messages: what each is, where it was described, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.hostile import builder

import smime
from smime import policies
from smime.errors import SMIMEError, VerificationError
from smime.report import Verdict, VerificationReport

VALID, INVALID, INDETERMINATE = Verdict.VALID, Verdict.INVALID, Verdict.INDETERMINATE


@dataclass
class Mail:
    """A message, and how it is to be read.

    Attributes:
        octets: the message.
        trust: default: the root of the PKI.
        content: of a detached signature.
        policy: what is accepted.
        options: further arguments of `smime.verify`.
    """

    octets: bytes
    trust: smime.TrustStore = field(default_factory=builder.trust)
    policy: smime.Policy = policies.RFC8551
    content: bytes | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One deviation.

    Attributes:
        name: of the function that makes it.
        description: what is wrong and who says so.
        section: of the list of negative tests, or row of the attack table.
        verdict: what must come out; None if an error must.
        code: the finding that must say why; None: any, or none.
        error: the error that must come out.
        make: makes the message.
    """

    name: str
    description: str
    section: str
    verdict: Verdict | None
    code: str | None
    error: type[SMIMEError] | None
    make: Callable[[], Mail | bytes]


CASES: dict[str, Case] = {}


def case(
    section: str, verdict: Verdict | type[SMIMEError], code: str | None = None
) -> Callable[[Callable[[], Mail | bytes]], Callable[[], Mail | bytes]]:
    """Register the function that makes a hostile message; its docstring is the description."""

    def register(make: Callable[[], Mail | bytes]) -> Callable[[], Mail | bytes]:
        assert make.__doc__, "a case says what it is"
        assert make.__name__ not in CASES, make.__name__
        error = None if isinstance(verdict, Verdict) else verdict
        told = verdict if isinstance(verdict, Verdict) else None
        CASES[make.__name__] = Case(make.__name__, make.__doc__, section, told, code, error, make)
        return make

    return register


@dataclass(frozen=True)
class Said:
    """What the library said of a case."""

    verdict: Verdict | None
    codes: tuple[str, ...]
    error: SMIMEError | None
    report: VerificationReport | None


def mail_of(one: Case) -> Mail:
    """Make a case's message."""
    made = one.make()
    return made if isinstance(made, Mail) else Mail(made)


def verify(mail: Mail) -> Said:
    """Verify a message."""
    try:
        report: VerificationReport = smime.verify(mail.octets, mail.trust, content=mail.content, policy=mail.policy, **mail.options).report
    except VerificationError as error:
        report = error.report
    except SMIMEError as error:
        return Said(None, (), error, None)
    return Said(report.verdict, tuple(dict.fromkeys(f.code for f in report.all_findings())), None, report)
