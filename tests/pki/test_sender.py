from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from smime.pki.sender import match_sender
from smime.pki.throwaway import ThrowawayPKI, smtp_utf8_mailbox
from smime.x509.certificate import Certificate

PKI = ThrowawayPKI()


def certificate(*addresses: Any, subject: str | None = None) -> Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, subject)]) if subject else None
    person = PKI.person("Somebody", None, "p256", addresses=list(addresses), subject=name)
    return Certificate.of(person.certificate.public_bytes(Encoding.DER))


ALICE = certificate("alice@example.com")
ZOE = certificate(smtp_utf8_mailbox("zoë@example.com"))
IDN = certificate("info@xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("signer", "from_", "expected"),
    [
        (ALICE, "alice@example.com", True),
        (ALICE, "Alice <alice@example.com>", True),
        (ALICE, "ALICE@Example.COM", True),
        (ALICE, "(x) alice (y) @ example.com (z)", True),
        (ALICE, '"alice"@example.com', True),
        (ALICE, "Team: alice@example.com;", True),
        (ALICE, "=?utf-8?q?Alice?= <alice@example.com>", True),
        (ALICE, "bob@example.com", False),
        (ALICE, "alice@sub.example.com", False),
        (ALICE, "alice@example.org", False),
        (ALICE, '"alice@example.com" <mallory@evil.example>', False),
        (ALICE, "alice@example.com <mallory@evil.example>", False),
        (ALICE, "mallory@evil.example (alice@example.com)", False),
        (ALICE, "=?utf-8?q?alice=40example.com?= <mallory@evil.example>", False),
        (ALICE, "=?utf-8?q?alice=40example=2Ecom?=", False),
        (ALICE, "alice@example.com, mallory@evil.example", False),
        (ALICE, "alice@example.com\0@evil.example", False),
        (ALICE, "alice@example.com.", False),
        (ALICE, "\u0430lice@example.com", False),
        (ALICE, "alice@ex\u0430mple.com", False),
        (ZOE, "zoë@example.com", True),
        (ZOE, "zoë@EXAMPLE.com", True),
        (ZOE, "ZOË@example.com", False),
        (ZOE, "zoe\u0308@example.com", False),
        (IDN, "info@bücher.example", True),
        (IDN, "info@BÜCHER.example", True),
        (IDN, "info@xn--bcher-kva.example", True),
        (certificate(subject="dn@example.com"), "dn@example.com", True),
        (certificate("one@example.com", "two@example.com"), "two@example.com", True),
        (certificate(smtp_utf8_mailbox("alice@example.com")), "alice@example.com", None),
        (certificate(smtp_utf8_mailbox("zoë@EXAMPLE.com")), "zoë@example.com", None),
    ],
)
def test_from(signer: Certificate, from_: str, *, expected: bool | None) -> None:
    matches, findings = match_sender((from_.encode(),), (), signer)
    assert matches is expected, findings


def codes(*arguments: Any) -> tuple[bool | None, set[str]]:
    matches, findings = match_sender(*arguments)
    return matches, {found.code for found in findings}


def test_nobody_is_the_sender_of_a_message_with_two_authors() -> None:
    assert codes((b"alice@example.com, bob@example.com",), (), ALICE) == (False, {"sender-ambiguous"})
    assert codes((b"alice@example.com", b"bob@example.com"), (), ALICE) == (False, {"sender-ambiguous"})
    assert codes((b"alice@example.com", b"alice@example.com"), (), ALICE) == (False, {"sender-ambiguous"})
    assert codes((b"alice@example.com, bob@example.com",), (b"alice@example.com",), ALICE) == (False, {"sender-ambiguous"})


def test_a_sender_that_matches_is_reported_as_such() -> None:
    matches, findings = match_sender((b"boss@example.com",), (b"alice@example.com",), ALICE)
    assert matches is True
    assert [found.code for found in findings] == ["address-match-by-sender"]
    assert findings[0].data == {"sender": "alice@example.com", "from_": "boss@example.com"}
    assert codes((b"boss@example.com",), (b"alice@example.com, x@example.com",), ALICE) == (False, {"address-mismatch"})
    assert codes((b"boss@example.com",), (b"alice@example.com", b"alice@example.com"), ALICE) == (False, {"address-mismatch"})


def test_what_cannot_be_compared() -> None:
    assert codes((), (), ALICE) == (None, {"sender-missing"})
    assert codes((b"",), (), ALICE) == (None, {"sender-missing"})
    assert codes((b"undisclosed:;",), (), ALICE) == (None, {"sender-missing"})
    assert codes((b"alice@example.com",), (), certificate()) == (None, {"certificate-without-address"})
    assert codes((b"<alice@example.com",), (), ALICE) == (False, {"sender-malformed"})


def test_tricks_are_noticed_even_where_the_address_matches() -> None:
    assert codes((b'"boss@example.com" <alice@example.com>',), (), ALICE) == (True, {"display-name-is-address"})
    assert codes(("B\u202eob <alice@example.com>".encode(),), (), ALICE) == (True, {"suspicious-characters"})


def test_the_mismatch_names_both_sides() -> None:
    _, findings = match_sender((b"Boss <boss@example.com>",), (), ALICE)
    assert findings[-1].data == {"sender": "boss@example.com", "signer": "alice@example.com"}
