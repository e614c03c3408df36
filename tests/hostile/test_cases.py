"""Each hostile message gets the verdict and the finding that it must, however it is read."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.effort import linear
from tests.hostile import cases, mails, signatures, trust
from tests.hostile.cases import CASES, Case

import smime
from smime.errors import SMIMEError
from smime.report import Verdict, VerificationReport

assert signatures
assert mails
assert trust
ALL = [pytest.param(one, id=one.name) for one in CASES.values()]


@pytest.mark.parametrize("one", ALL)
def test_verdict(one: Case) -> None:
    mail = cases.mail_of(one)
    with linear(len(mail.octets)):
        said = cases.verify(mail)
    if one.error is not None:
        assert isinstance(said.error, one.error), said
        return
    assert said.verdict is one.verdict, f"{one.description} {said.verdict} {said.codes} {said.error!r}"
    if one.code is not None:
        assert one.code in said.codes, f"{one.description} {said.codes}"
    elif one.verdict is not Verdict.VALID:
        assert said.report is not None
        assert any(f.effect.value for f in said.report.all_findings()), "a refusal says why"


@pytest.mark.parametrize("one", ALL)
def test_status(one: Case) -> None:
    """Unwrapping says no more than verifying."""
    mail = cases.mail_of(one)
    try:
        result = smime.unwrap(mail.octets, trust=mail.trust, content=mail.content, policy=mail.policy, **mail.options)
    except SMIMEError:
        assert one.verdict is None
        return
    if one.verdict is Verdict.VALID:
        assert result.status == "signed"
    else:
        assert result.status == ("encrypted" if one.section == "E1" else "unprotected")
    report = result.layers[0].report if result.layers else None
    if one.verdict is not None and isinstance(report, VerificationReport):
        assert report.verdict is one.verdict
        assert one.code is None or one.code in {f.code for f in report.all_findings()}


@pytest.mark.parametrize("one", ALL)
def test_in_pieces(one: Case) -> None:
    """The verdict does not depend on how the octets come."""
    mail = cases.mail_of(one)
    machine = smime.MessageVerifier(mail.trust, content=mail.content, policy=mail.policy, **mail.options)
    try:
        step = max(7, len(mail.octets) // 2000)
        for start in range(0, len(mail.octets), step):
            machine.update(mail.octets[start : start + step])
        report = machine.finalize().report
    except smime.VerificationError as refused:
        said: object = refused.report.verdict
    except SMIMEError as error:
        said = type(error)
    else:
        said = report.verdict
    assert said is one.verdict or (one.error is not None and isinstance(said, type) and issubclass(said, one.error))


def test_enough_cases() -> None:
    assert len(CASES) >= 120
    assert not [one.name for one in CASES.values() if one.code is not None and one.code not in smime.findings.CATALOGUE]
    sections = Counter(one.section for one in CASES.values())
    wanted = "18.1 18.4 18.5 18.6 18.7 18.12 18.14 18.15 HP PC SF SA SB AS CS RP SR RS KC KP J1 J2 J3 MB TS BD FL ST E1"
    assert set(wanted.split()) <= set(sections)
