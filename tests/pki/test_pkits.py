"""NIST PKITS, the X.509 cases: every path with its CRLs, straight from `cryptography_vectors`."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from smime.pki.path.validator import StandardValidator
from smime.pki.revocation.status import RevocationInformation
from smime.pki.trust import TrustStore
from smime.pki.verdict import PathVerdict
from smime.policies import ARCHIVE, RFC8551
from smime.policy import Policy
from smime.report import Revocation
from smime.x509.certificate import Certificate

vectors = pytest.importorskip("cryptography_vectors", reason="PKITS comes with cryptography_vectors")
DATA = Path(vectors.__file__).parent / "x509" / "PKITS_data"
AT = datetime(2026, 1, 1, tzinfo=timezone.utc)  # the certificates of 2011 are valid until the end of 2030
ANY_POLICY = "2.5.29.32.0"
DSA_SECTIONS = {"4.1.4", "4.1.5"}


class Row(NamedTuple):
    section: str
    policies: str
    settings: str
    expected: str
    leaf: str
    intermediates: str
    crls: str

    def __str__(self) -> str:
        return "-".join((self.section, self.policies.replace("*", "any"), self.settings)).rstrip("-")

    def policy(self, base: Policy) -> Policy:
        oids = None if self.policies == "*" else frozenset(f"2.16.840.1.101.3.2.1.48.{number}" for number in self.policies.split(","))
        return base.replace(
            extended_key_usage=None,
            acceptable_policies=oids,
            explicit_policy="e" in self.settings,
            inhibit_policy_mapping="m" in self.settings,
            inhibit_any_policy="a" in self.settings,
        )


def names(field: str) -> list[str]:
    return [] if field == "-" else field.split()


ROWS = [
    Row(*line.split("\t"))
    for line in (Path(__file__).parent / "pkits.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@lru_cache(maxsize=1)
def store() -> TrustStore:
    return TrustStore([read("certs", "TrustAnchorRootCertificate.crt")])


def read(folder: str, name: str) -> bytes:
    return (DATA / folder / name).read_bytes()


def verdict(
    row: Row, policy: Policy, *, with_crls: bool = True, validator: StandardValidator | None = None, trust: TrustStore | None = None
) -> PathVerdict:
    if trust is None:
        trust = store() if validator is None else TrustStore(list(store().anchors.certificates), validator=validator)
    crls = [read("crls", "TrustAnchorRootCRL.crl"), *(read("crls", f"{name}.crl") for name in names(row.crls))] if with_crls else []
    return trust.validate(
        Certificate.of(read("certs", f"{row.leaf}.crt")),
        extra=tuple(read("certs", f"{name}.crt") for name in names(row.intermediates)),
        crls=tuple(crls),
        at=AT,
        policy=policy,
    )


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_path(row: Row) -> None:
    base = ARCHIVE if row.section in DSA_SECTIONS else RFC8551
    found = verdict(row, row.policy(base).replace(revocation="require"))
    assert found.trusted == (row.expected == "valid"), found.findings
    if found.trusted:
        assert found.revocation is Revocation.GOOD


@pytest.mark.parametrize("row", [row for row in ROWS if row.section in DSA_SECTIONS], ids=str)
def test_dsa_with_sha1_is_for_archives(row: Row) -> None:
    found = verdict(row, row.policy(RFC8551))
    assert not found.trusted
    assert {"certificate-algorithm-forbidden"} <= {f.code for f in found.findings}


@pytest.mark.parametrize("row", [row for row in ROWS if row.expected == "valid" and row.section not in DSA_SECTIONS], ids=str)
def test_valid_without_revocation_lists(row: Row) -> None:
    found = verdict(row, row.policy(RFC8551), with_crls=False)
    assert found.trusted, found.findings
    assert found.revocation is Revocation.UNKNOWN
    assert "revocation" in {entry.what for entry in found.unchecked}


@pytest.mark.parametrize("row", [row for row in ROWS if row.expected == "invalid"], ids=str)
def test_what_is_revoked_or_malformed_is_not_trusted_when_lists_are_at_hand(row: Row) -> None:
    """Under "if-available" a path may hold though a list is unusable; it may not where a list says that it is revoked."""
    found = verdict(row, row.policy(RFC8551))
    if found.revocation is Revocation.REVOKED:
        assert not found.trusted
        assert "revoked" in {f.code for f in found.findings}


@pytest.mark.parametrize("row", [row for row in ROWS if row.policies == "*" and row.settings == "-"], ids=str)
def test_the_two_engines_do_not_contradict_each_other(row: Row) -> None:
    policy = row.policy(RFC8551).replace(revocation="ignore")
    fast = verdict(row, policy, with_crls=False, validator=StandardValidator(careful=False))
    careful = verdict(row, policy, with_crls=False, validator=StandardValidator(fast=False))
    if fast.trusted:
        assert careful.trusted
        assert fast.path == careful.path


@pytest.mark.parametrize("row", [row for row in ROWS if row.section not in DSA_SECTIONS], ids=str)
def test_plain_lists_say_the_same_to_both_readers(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists that are looked up in a set here, and read entry by entry by pyhanko-certvalidator."""
    policy = row.policy(RFC8551).replace(revocation="require")
    quick = verdict(row, policy, validator=StandardValidator())
    monkeypatch.setattr(RevocationInformation, "plain_outcome", lambda *_: None)
    careful = verdict(row, policy, validator=StandardValidator(fast=False))
    assert (quick.trusted, quick.revocation, quick.path) == (careful.trusted, careful.revocation, careful.path)
    assert {f.code for f in quick.findings} == {f.code for f in careful.findings}


def test_the_fast_engine_answers_many() -> None:
    plain = [row for row in ROWS if row.policies == "*" and row.settings == "-" and row.expected == "valid"]
    answered = [
        verdict(row, row.policy(RFC8551).replace(revocation="ignore"), with_crls=False, validator=StandardValidator(careful=False))
        for row in plain
    ]
    assert sum(found.trusted for found in answered) > len(answered) // 3


@pytest.mark.parametrize("with_crls", [False, True])
def test_who_came_before_changes_nothing(*, with_crls: bool) -> None:
    """Issuers that are known from one row are not known better than they ought to be in another one."""
    policy = RFC8551.replace(revocation="if-available" if with_crls else "ignore")
    cold = [verdict(row, policy, with_crls=with_crls, validator=StandardValidator()) for row in ROWS]
    for backwards in (False, True):
        trust = TrustStore(list(store().anchors.certificates))
        for row, alone in reversed(list(zip(ROWS, cold, strict=True))) if backwards else zip(ROWS, cold, strict=True):
            found = verdict(row, policy, with_crls=with_crls, trust=trust)
            assert (found.trusted, found.path, found.revocation, found.findings) == (
                alone.trusted,
                alone.path,
                alone.revocation,
                alone.findings,
            )
            if found.trusted:
                assert (found.valid_from, found.valid_until) == (alone.valid_from, alone.valid_until)


def test_all_of_pkits_as_one_pile() -> None:
    """Every certificate and every list at once, as a store keeps them: the verdicts stay those of PKITS where names are unique."""
    intermediates = [path.read_bytes() for path in sorted((DATA / "certs").glob("*.crt")) if path.name != "TrustAnchorRootCertificate.crt"]
    trust = TrustStore(list(store().anchors.certificates), intermediates)
    for row in ROWS:
        if row.section.startswith(("4.3.", "4.6.", "4.8.", "4.13.")) and row.policies == "*":
            found = trust.validate(
                Certificate.of(read("certs", f"{row.leaf}.crt")), at=AT, policy=row.policy(RFC8551).replace(revocation="ignore")
            )
            assert found.trusted == (row.expected == "valid"), (row, found.findings)
