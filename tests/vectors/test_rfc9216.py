"""The people of RFC 9216: their key stores load, and who may sign or receive is as its certificates say."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest
from tests import corpora

import smime
from smime.errors import SMIMEError

MESSAGE = b"From: %s\r\nSubject: RFC 9216\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
absent = pytest.mark.skipif(corpora.find() is None, reason="the corpora of third-party messages are not here (SMIME_CORPORA)")


def _folder() -> Path:
    found = corpora.find()
    assert found is not None
    return found / "rfc9216"


class Row(NamedTuple):
    leaf: str
    anchor: str
    intermediates: str
    use: str
    expected: str
    why: str


def _rows() -> list[Row]:
    if corpora.find() is None:
        return []
    with (_folder() / "expected.tsv").open(encoding="utf-8", newline="") as lines:
        return [Row(**row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _identity(leaf: str) -> smime.Identity:
    number = leaf.split("_", 1)[0]
    key = next(_folder().glob(f"{number[:-1]}{int(number[-1]) + 1}_*.key"))
    (identity,) = smime.load_identities(key, certificates=_folder() / leaf)
    return identity


@absent
@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row.leaf[:3]}-{row.anchor[:3]}-{row.use}-{row.expected}")
def test_row(row: Row) -> None:
    identity = _identity(row.leaf)
    message = MESSAGE % str(identity.facts.addresses[0]).encode()
    if row.use == "sign":
        intermediates = smime.TrustStore.from_path(_folder() / row.intermediates).anchors.certificates if row.intermediates else ()
        trust = smime.TrustStore(smime.TrustStore.from_path(_folder() / row.anchor).anchors.certificates, intermediates)
        try:
            verified = smime.verify(smime.sign(message, smime.Signer(identity.private_key, identity.certificate)), trust)
        except SMIMEError:
            assert row.expected == "invalid"
        else:
            assert row.expected == "valid"
            assert verified.report.signers[0].address_matches
    elif "keyUsage" in row.why:
        with pytest.raises(smime.KeyMismatchError):
            smime.encrypt(message, identity.certificate)
    elif row.expected == "valid":  # whether a recipient's certificate is to be trusted is the caller's question
        encrypted = smime.encrypt(message, identity.certificate)
        assert smime.decrypt(encrypted, identity).content.endswith(b"\r\n\r\nhello\r\n")


@absent
@pytest.mark.parametrize("who", ["Alice", "Bob", "Carlos", "Dana"])
def test_key_stores_load(who: str) -> None:
    store = next(_folder().glob(f"*_for_{who}.p12"))
    identities = smime.load_identities(store, who.lower())
    assert {str(address) for identity in identities for address in identity.facts.addresses} == {f"{who.lower()}@smime.example"}
    assert len(identities) == 2, "one to sign, one to decrypt"
    with pytest.raises(SMIMEError):
        smime.load_identities(store, "wrong")
