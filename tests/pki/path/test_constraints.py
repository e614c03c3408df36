"""Plain names are compared with plain constraints as pyhanko-certvalidator compares them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from smime.limits import DEFAULT_LIMITS
from smime.pki.case import Case
from smime.pki.effort import Budget
from smime.pki.message_certificates import MessageCertificates
from smime.pki.path import certvalidator, constraints
from smime.pki.revocation.status import NOTHING
from smime.pki.throwaway import ThrowawayPKI, private_key
from smime.pki.trust import TrustStore
from smime.policies import RFC8551
from smime.x509.certificate import Certificate

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
PKI = ThrowawayPKI(now=NOW)
MOST = DEFAULT_LIMITS.name_constraint_checks
Oid = x509.NameOID


def directory(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs]))


CONSTRAINTS: list[x509.GeneralName] = [
    x509.RFC822Name("example.org"),
    x509.RFC822Name("EXAMPLE.org"),
    x509.RFC822Name(".example.org"),
    x509.RFC822Name("a@example.org"),
    x509.RFC822Name("A@example.org"),
    x509.RFC822Name("org"),
    x509.RFC822Name._init_without_validation(""),
    x509.RFC822Name("xn--bcher-kva.example"),
    x509.DNSName("example.org"),
    x509.DNSName(".example.org"),
    x509.DNSName("org"),
    x509.DNSName("ample.org"),
    x509.DNSName(""),
    directory(),
    directory((Oid.ORGANIZATION_NAME, "X")),
    directory((Oid.ORGANIZATION_NAME, " x ")),
    directory((Oid.ORGANIZATION_NAME, "Ü")),
    directory((Oid.COMMON_NAME, "A")),
    directory((Oid.ORGANIZATION_NAME, "THROWAWAY ")),
    directory((Oid.ORGANIZATION_NAME, "Throwaway"), (Oid.COMMON_NAME, "A")),
    x509.UniformResourceIdentifier("example.org"),
    x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
]
NAMES: list[list[x509.GeneralName]] = [
    [],
    [x509.RFC822Name("a@example.org")],
    [x509.RFC822Name("a@EXAMPLE.ORG"), x509.RFC822Name("b@sub.example.org")],
    [x509.RFC822Name("A@deep.sub.example.org")],
    [x509.RFC822Name("a@xn--bcher-kva.example")],
    [x509.RFC822Name("a@notexample.org")],
    [x509.DNSName("example.org")],
    [x509.DNSName("Mail.Example.org")],
    [x509.DNSName("*.example.org")],
    [x509.DNSName("sample.org"), x509.RFC822Name("a@example.org")],
    [directory((Oid.ORGANIZATION_NAME, "x"), (Oid.COMMON_NAME, "b"))],
    [x509.UniformResourceIdentifier("https://example.org/")],
    [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))],
]


def path_of(names: list[x509.GeneralName], constraint: x509.NameConstraints) -> tuple[Certificate, ...]:
    issuer = PKI.authority("A", issuer=PKI.root, key=private_key("p256", 901), extensions=[(constraint, True)])
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.SubjectAlternativeName(names), False)] if names else []
    who = PKI.person("A", None, private_key("p256", 900), issuer=issuer, extensions=extensions)
    made: list[Any] = [who.certificate, issuer.certificate, PKI.root.certificate]
    return tuple(Certificate.of(one.public_bytes(Encoding.DER)) for one in made)


@pytest.mark.parametrize("permitted", [True, False], ids=["permitted", "excluded"])
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=str)
def test_what_is_said_is_what_the_engine_says(constraint: x509.GeneralName, permitted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    extension = x509.NameConstraints([constraint], None) if permitted else x509.NameConstraints(None, [constraint])
    judge = constraints.judge_names
    monkeypatch.setattr(constraints, "judge_names", lambda *_: False)
    store = TrustStore(PKI.anchors)
    for names in NAMES:
        path = path_of(names, extension)
        budget = Budget(100)
        case = Case(store, MessageCertificates((), DEFAULT_LIMITS, budget), NOW, RFC8551, budget)
        engine = {found.code for found in certvalidator.check(path, case, NOTHING).findings if found.effect.value}
        answer = judge(path, MOST)
        if answer is True:
            assert not engine, names
        elif isinstance(answer, str):
            assert engine == {"path-invalid"}, names


@pytest.mark.parametrize(
    ("constraint", "names", "expected"),
    [
        (x509.NameConstraints([x509.RFC822Name("example.org")], None), NAMES[1], True),
        (x509.NameConstraints(None, [x509.RFC822Name(".example.org")]), NAMES[3], "may not certify the name A@deep.sub.example.org"),
        (x509.NameConstraints(None, [x509.DNSName("org")]), NAMES[7], "may not certify the name mail.example.org"),
        (x509.NameConstraints([directory((Oid.ORGANIZATION_NAME, "X"))], None), NAMES[0], "may not certify the name throwaway, a"),
        (x509.NameConstraints([directory((Oid.ORGANIZATION_NAME, "Ü"))], None), NAMES[0], False),
        (x509.NameConstraints(None, [x509.UniformResourceIdentifier("example.org")]), NAMES[1], True),
        (x509.NameConstraints(None, [x509.UniformResourceIdentifier("example.org")]), NAMES[11], False),
        (x509.NameConstraints(None, [x509.RFC822Name("example.org")]), NAMES[4], False),
    ],
)
def test_answers(constraint: x509.NameConstraints, names: list[x509.GeneralName], expected: bool | str) -> None:
    answer = constraints.judge_names(path_of(names, constraint), MOST)
    if isinstance(expected, str):
        assert isinstance(answer, str)
        assert answer.endswith(expected)
    else:
        assert answer is expected


def test_names_of_authorities_between_count_unless_they_certify_themselves() -> None:
    elsewhere = x509.NameConstraints(None, [directory((Oid.ORGANIZATION_NAME, "Throwaway"), (Oid.COMMON_NAME, "Below"))])
    top = PKI.authority("Top", issuer=PKI.root, key=private_key("p256", 901), extensions=[(elsewhere, True)])
    below = PKI.authority("Below", issuer=top, key=private_key("p256", 902))
    who = PKI.person("A", "a@example.org", private_key("p256", 900), issuer=below)
    path = tuple(Certificate.of(one.certificate.public_bytes(Encoding.DER)) for one in (who, below, top, PKI.root))
    assert isinstance(constraints.judge_names(path, MOST), str)
    again = PKI.authority("Top", issuer=top, key=private_key("p256", 902))
    own = x509.NameConstraints(None, [directory((Oid.ORGANIZATION_NAME, "Throwaway"), (Oid.COMMON_NAME, "Top"))])
    top = PKI.authority("Top", issuer=PKI.root, key=private_key("p256", 901), extensions=[(own, True)])
    path = tuple(Certificate.of(one.certificate.public_bytes(Encoding.DER)) for one in (who, again, top, PKI.root))
    assert constraints.judge_names(path, MOST) is True


def test_many_constraints_are_more_than_is_compared() -> None:
    many = x509.NameConstraints(None, [x509.DNSName(f"h{number}.example") for number in range(MOST // 4)])
    assert not constraints.are_few(path_of(NAMES[1], many), DEFAULT_LIMITS)
    assert constraints.are_few(path_of(NAMES[1], many), DEFAULT_LIMITS.replace(name_constraint_checks=1 << 20))
    few = x509.NameConstraints(None, [x509.DNSName(f"h{number}.example") for number in range(100)])
    path = path_of(NAMES[1], few)
    assert constraints.are_few(path, DEFAULT_LIMITS)
    assert constraints.effort(path, MOST) > 100
