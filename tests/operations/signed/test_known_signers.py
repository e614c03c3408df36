"""A signer who is known is reported on as if he were not: what was remembered changes nothing that is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.operations.people import ADDRESS, person, signer, trust

import smime
from smime.cms import family
from smime.operations import sign
from smime.operations.signed import known_signers
from smime.operations.signed.known_signers import KnownSigner
from smime.report import SignerReport, VerificationReport

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
MAIL = f"From: Alice <{ADDRESS}>\r\nSubject: %d\r\nContent-Type: text/plain\r\n\r\nNumber %d.\r\n\r\n"


@dataclass
class Uses:
    """How often a report was made from memory, and how often the long way was left to find one."""

    made: int = 0
    left: int = 0


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> Uses:
    counted = Uses()
    report = KnownSigner.report

    def counting(self: KnownSigner, *arguments: Any) -> SignerReport | None:
        made = report(self, *arguments)
        counted.made += made is not None
        counted.left += made is None
        return made

    monkeypatch.setattr(KnownSigner, "report", counting)
    family._kept.clear()
    return counted


class _Clock(datetime):
    time = NOW

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return cls.time.astimezone(tz)


def signed(number: int, key: str = "rsa2048", *, time: datetime = NOW, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return a message of Alice's signed at this time."""
    monkeypatch.setattr(_Clock, "time", time)
    monkeypatch.setattr(sign, "datetime", _Clock)
    return smime.sign((MAIL % (number, number)).encode(), signer(key))


def new_store(**options: Any) -> smime.TrustStore:
    """Return a store that has seen nobody."""
    return smime.TrustStore(trust().anchors.certificates, **options)


def outcome(message: bytes, store: smime.TrustStore, **options: Any) -> VerificationReport:
    """Return the report, whatever the verdict."""
    options.setdefault("at", NOW + timedelta(hours=1))
    try:
        return smime.verify(message, store, **options).report
    except smime.VerificationError as error:
        return error.report


def long_way(message: bytes, monkeypatch: pytest.MonkeyPatch, **options: Any) -> VerificationReport:
    """Return the report of somebody who knows nobody."""
    with monkeypatch.context() as patch:
        patch.setattr(known_signers, "look_up", lambda _reading, _tail: None)
        return outcome(message, trust(), **options)


def in_body(message: bytes) -> bytes:
    return message.replace(b"Number", b"Nummer")


def in_signature(message: bytes) -> bytes:
    """Return the message with another character shortly before the end of its signature part: in the signature value."""
    at = message.rindex(b"\r\n--") - 60
    return message[:at] + (b"B" if message[at] == 65 else b"A") + message[at + 1 :]


def line_ends(message: bytes) -> bytes:
    return message.replace(b"\r\n", b"\n")


def other_sender(message: bytes) -> bytes:
    return message.replace(f"<{ADDRESS}>".encode(), b"<mallory@example.org>")


def no_sender(message: bytes) -> bytes:
    return message.replace(b"From: ", b"X-From: ")


def two_senders(message: bytes) -> bytes:
    return message.replace(b"Subject: ", b"From: eve@example.org\r\nSubject: ")


def two_subjects(message: bytes) -> bytes:
    return message.replace(b"Subject: ", b"Subject: one\r\nSubject: ")


def unchanged(message: bytes) -> bytes:
    return message


@pytest.mark.parametrize("change", [unchanged, other_sender, no_sender, two_senders], ids=lambda change: change.__name__)
@pytest.mark.parametrize("key", ["rsa2048", "ed25519"])
def test_in_order(change: Callable[[bytes], bytes], key: str, uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    assert outcome(signed(1, key, monkeypatch=monkeypatch), store).verdict is smime.Verdict.VALID
    message = change(signed(2, key, time=NOW + timedelta(minutes=1), monkeypatch=monkeypatch))
    report = outcome(message, store)
    assert (uses.made, uses.left) == (1, 0)
    known = long_way(message, monkeypatch)
    assert report == known
    assert report.to_dict() == known.to_dict()
    assert dict(report.signers[0].attributes) == dict(known.signers[0].attributes)


@pytest.mark.parametrize("change", [in_body, in_signature, line_ends, two_subjects], ids=lambda change: change.__name__)
def test_not_in_order(change: Callable[[bytes], bytes], uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    outcome(signed(1, monkeypatch=monkeypatch), store)
    message = change(signed(2, monkeypatch=monkeypatch))
    report = outcome(message, store)
    assert uses.made == 0
    assert report == long_way(message, monkeypatch)


@pytest.mark.parametrize(
    ("made", "options"),
    [
        (1, {"now": NOW + timedelta(hours=2)}),
        (0, {"at": NOW - timedelta(hours=1)}),  # signed in the future
        (0, {"at": NOW + timedelta(days=40000)}),
        (0, {"now": NOW + timedelta(days=40000)}),
        (0, {"sender": ADDRESS}),
        (0, {"sender": "mallory@example.org"}),
        (0, {"policy": smime.policies.RFC8551.replace(check_sender=False)}),
        (0, {"policy": smime.policies.ARCHIVE}),  # under which nothing was verified yet
    ],
)
def test_other_questions(made: int, options: dict[str, Any], uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    outcome(signed(1, monkeypatch=monkeypatch), store)
    message = signed(2, monkeypatch=monkeypatch)
    report = outcome(message, store, **options)
    assert uses.made == made
    assert report == long_way(message, monkeypatch, **options)


def test_what_was_out_of_order_is_not_remembered(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    for number in range(2):
        report = outcome(in_body(signed(number, monkeypatch=monkeypatch)), store)
        assert report.verdict is smime.Verdict.INVALID
    nobody = smime.TrustStore([person("rsa2048", 1).certificate])
    for number in range(2):
        assert outcome(signed(number, monkeypatch=monkeypatch), nobody).verdict is smime.Verdict.INDETERMINATE
    assert (uses.made, uses.left) == (0, 0)


def test_stores_do_not_share_what_they_know(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    outcome(signed(1, monkeypatch=monkeypatch), store)
    nobody = smime.TrustStore([person("rsa2048", 1).certificate])
    assert outcome(signed(2, monkeypatch=monkeypatch), nobody).verdict is smime.Verdict.INDETERMINATE
    assert uses.made == 0


def test_a_store_that_fetches_is_asked_each_time(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        def get(self, url: str) -> bytes:
            raise OSError(url)

    store = new_store(fetcher=Nothing())
    for number in range(3):
        assert outcome(signed(number, monkeypatch=monkeypatch), store).verdict is smime.Verdict.VALID
    assert (uses.made, uses.left) == (0, 0)


def test_a_report_of_a_known_signer_is_whole() -> None:
    octets = smime.sign((MAIL % (1, 1)).encode(), signer("p256"))
    first, second = (smime.verify(octets, trust()).report.signers[0] for _ in range(2))
    names = {field.name for field in dataclasses.fields(smime.SignerReport)}
    assert vars(first).keys() == vars(second).keys() == names
    assert dataclasses.replace(second, standing=first.standing) == first
