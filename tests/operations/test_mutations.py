"""Changed messages are VALID only if content and signer are untouched: a short run of fuzz/fuzz_verify.py, and what it would find."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from fuzz.fuzz_verify import Fuzzer, Mutant

import smime
from smime.operations.signed import content, timestamps
from smime.operations.signed import signer as signers


@pytest.fixture(scope="module")
def fuzzer() -> Fuzzer:
    return Fuzzer(seed=9787)


def test_what_it_begins_with(fuzzer: Fuzzer) -> None:
    """Every message at the start is VALID, but for those of a stranger."""
    for seed, tree in zip(fuzzer.seeds, fuzzer.trees, strict=True):
        assert tree.write() == seed.cms
        made = Mutant(seed.header, seed.form, seed.entity, tree, sender=None)
        made.octets = fuzzer.assemble(made)
        outcome, wrong = fuzzer.problem(made)
        assert wrong is None
        report = smime.unwrap(made.octets, content=made.content).layers[0].report
        assert isinstance(report, smime.VerificationReport)
        numbers = {signer.certificate.serial_number for signer in report.signers if signer.certificate is not None}
        if fuzzer.stranger.certificate.serial_number in numbers:
            assert outcome == "indeterminate"
        elif fuzzer.expired.certificate.serial_number in numbers and b"100 000" in seed.entity:
            assert outcome == "indeterminate"  # without a timestamp
        elif len(numbers) == 1 or not seed.form.startswith(("opaque", "multipart")):
            assert outcome == "valid"
        else:
            assert outcome == "invalid"  # one of the two signers is not the one in From


def test_nothing_else_is_valid(fuzzer: Fuzzer) -> None:
    result = fuzzer.run(executions=1_500)
    assert not result.failures, result.failures[0][1]
    # the mutations reach what lies behind the parsers
    assert result.outcomes["invalid"] > result.executions / 4
    assert result.outcomes["valid"] > result.executions / 50


def _no_digest(self: Any) -> bool:
    self.digest_matches = True
    return True


def _no_address(self: Any, certificate: Any) -> bool:
    return True


def _always_trusted(*arguments: Any) -> Any:
    report = REAL_CHECK(*arguments)
    return dataclasses.replace(report, trusted=True)


REAL_CHECK = timestamps._checked
FAULTS: dict[str, tuple[Any, str, Any]] = {
    "the digest is not compared": (signers._Signer, "_digest", _no_digest),
    "the sender is not compared": (signers._Signer, "_address", _no_address),
    "every signature is good": (signers._Signer, "_check_signature", lambda self, certificate: None),
    "every timestamp is good": (timestamps, "_checked", _always_trusted),
    "attributes pass as content": (content.SignedContent, "possible_attributes", ()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_would_be_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, instead = FAULTS[fault]
    monkeypatch.setattr(where, name, instead)
    assert Fuzzer(seed=1).run(executions=40_000, stop_after=1).failures
