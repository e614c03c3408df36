"""Path rules of OpenSSL's own test suite and the sample certificates of RFC 9216."""

from __future__ import annotations

import csv
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import pytest
from tests.corpora import corpora_path, find

from smime.pki.keystores.read import read_certificates
from smime.pki.trust import TrustStore
from smime.pki.verdict import PathVerdict
from smime.policies import ARCHIVE, RFC8551
from smime.x509.certificate import Certificate

PURPOSES = {"sslserver": "1.3.6.1.5.5.7.3.1", "sslclient": "1.3.6.1.5.5.7.3.2"}
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)

# why rows disagree, by what they hold: most ask for something else than RFC 5280 and S/MIME do
NOT_OURS = {
    "ee-ed25519": "a key agreement certificate signs nothing: RFC 8550 section 4.4.2",
    "root-cert-rsa2": "the key's algorithm is the X.500 one (2.5.8.1.1), which cryptography does not read",
    "reject RSA 768 leaf": "the signer's key is judged with the signature that it made, by the operation",
    "root-cert cca-cert": "OpenSSL stops at the first path through a trusted certificate; here another one is found",
    "timestampsign": "rules of time-stamping authorities",
    "codesign": "rules of code signing",
    "proxy": "proxy certificates (RFC 3820)",
    "-x509_strict": "OpenSSL's strict flag",
    "-verify_depth": "OpenSSL's depth option",
    "-auth_level 3": "a security level of 128 bits",
    "CN": "common names as host names",
}


@lru_cache(maxsize=2)
def table(name: str) -> tuple[dict[str, str], ...]:
    folder = find()
    if folder is None:
        return ()
    with (folder / name).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def why_not(row: dict[str, str]) -> str | None:
    if row["trusted"] and any(mark in row["trusted"] for mark in ("+", "-serverAuth", "-clientAuth", "-anyEKU")):
        return "OpenSSL's trust settings for TLS"
    text = " ".join(row.values())
    return next((reason for mark, reason in NOT_OURS.items() if mark in text), None)


def load(name: str) -> list[Certificate]:
    return list(read_certificates((corpora_path() / "openssl" / "test" / "certs" / f"{name}.pem").read_bytes()).certificates)


def openssl_verdict(row: dict[str, str]) -> PathVerdict:
    options = row["openssl_options"].split()
    policy = ARCHIVE if "-auth_level 0" in row["openssl_options"] else RFC8551
    purpose = PURPOSES.get(row["openssl_purpose"])
    if row["description"].startswith("Not too many names and constraints"):
        # OpenSSL takes up to 2^20 comparisons for few, and these rows are about that number
        policy = policy.replace(limits=policy.limits.replace(name_constraint_checks=1 << 20))
    policy = policy.replace(extended_key_usage=None if purpose is None else frozenset({purpose, "2.5.29.37.0"}))
    if "-policy" in options:
        policy = policy.replace(acceptable_policies=frozenset({options[options.index("-policy") + 1]}), explicit_policy=True)
    at = datetime.fromtimestamp(int(options[options.index("-attime") + 1]), timezone.utc) if "-attime" in options else NOW
    anchors = [certificate for name in row["trusted"].split() for certificate in load(name)]
    extra = tuple(certificate.der for name in row["untrusted"].split() for certificate in load(name))
    return TrustStore(anchors).validate(load(row["leaf(test/certs/*.pem)"])[0], extra=extra, at=at, policy=policy)


@pytest.mark.parametrize("row", table("openssl/path_expected.tsv"), ids=lambda row: row["description"].replace(" ", "-"))
def test_openssl(row: dict[str, str]) -> None:
    if row["leaf(test/certs/*.pem)"] == "pc6-cert":
        pytest.skip("the certificate is not in the collection")
    verdict = openssl_verdict(row)
    if verdict.trusted != (row["expected"] == "valid"):
        reason = why_not(row)
        if reason is not None:
            pytest.skip(reason)
        pytest.fail(str(verdict.findings))


@pytest.mark.parametrize(
    "row", [row for row in table("rfc9216/expected.tsv") if row["use"] == "sign"], ids=lambda row: row["why"].replace(" ", "-")
)
def test_rfc_9216(row: dict[str, Any]) -> None:
    folder = corpora_path() / "rfc9216"

    def certificates(names: str) -> list[Certificate]:
        return [
            certificate for name in names.split(",") if name for certificate in read_certificates((folder / name).read_bytes()).certificates
        ]

    store = TrustStore(certificates(row["anchor"]))
    extra = tuple(certificate.der for certificate in certificates(row["intermediates"]))
    verdict = store.validate(certificates(row["leaf"])[0], extra=extra, at=NOW, policy=RFC8551)
    assert verdict.trusted == (row["expected"] == "valid"), verdict.findings
