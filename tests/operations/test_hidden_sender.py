"""A From that only those see for whom a bare CR ends a line names nobody."""

from __future__ import annotations

import pytest
from tests.operations.people import signer, trust

import smime

MAIL = b"From: alice@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nText.\r\n"


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("hidden", [b"\rFrom: alice@example.org\r\n", b"X-Field: y\rFrom: alice@example.org\r\n"])
def test_a_from_behind_a_bare_cr_alone(detached: bool, hidden: bytes) -> None:
    signed = smime.sign(MAIL, signer("rsa2048"), detached=detached)
    assert signed.count(b"From: alice@example.org\r\n") == 1
    assert smime.verify(signed, trust()).report.verdict is smime.Verdict.VALID
    with pytest.raises(smime.VerificationError) as caught:
        smime.verify(signed.replace(b"From: alice@example.org\r\n", hidden), trust())
    report = caught.value.report
    assert report.verdict is smime.Verdict.INDETERMINATE
    assert report.signers[0].address_matches is not True
