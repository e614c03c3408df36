"""The collections of third-party messages, as far as structure goes: each row's file is read, or refused for a reason that stands here."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests import corpora
from tests.cms import build
from tests.effort import linear

from smime.asn1 import pem
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.reader import CMSReader, Content, SignedDataTail, read
from smime.errors import ParseError, SMIMEError, UnsupportedError

FOLDERS = {"hostile", "mbedtls-pkcs7", "cms-misc", "libksba", "openssl", "rfc4134", "lamps-pqc", "mimekit"}

TIMESTAMPED = "TimeStampedData (RFC 5544) is no type of S/MIME"
PKCS7 = "PKCS #7 version 1.5: the content is no OCTET STRING; read with pkcs7_content"
NOT_READ: dict[str, tuple[type[SMIMEError], str]] = {
    "cms-misc/tika/MANIFEST.XML.TSD": (UnsupportedError, TIMESTAMPED),
    "cms-misc/tika/Test1.txt.tsd": (UnsupportedError, TIMESTAMPED),
    "cms-misc/tika/Test2.txt.tsd": (UnsupportedError, TIMESTAMPED),
    "cms-misc/tika/Test3.docx.tsd": (UnsupportedError, TIMESTAMPED),
    "cms-misc/tika/Test4.pdf.tsd": (UnsupportedError, TIMESTAMPED),
    "cms-misc/tika/Test5.PNG.tsd": (UnsupportedError, TIMESTAMPED),
    "cms-misc/asn1crypto/pkcs7-signed-digested.der": (ParseError, PKCS7),
    "cms-misc/asn1crypto/pkcs7-signed-digested.pem": (ParseError, PKCS7),
    "cms-misc/rustcrypto/apple_mdm_signature_der.bin": (ParseError, PKCS7),
    "cms-misc/rustcrypto/authroot.stl": (ParseError, PKCS7),
    "cms-misc/pyca/authenticode.der": (ParseError, PKCS7),
    "openssl/test/recipes/25-test_pkcs7_data/grfc.out": (
        ParseError,
        "certificates in PEM: what comes out of the test, not a PKCS #7 object",
    ),
    "mbedtls-pkcs7/data_files/pkcs7_data_cert_signeddata_sha256.der": (
        ParseError,
        "a bare SignedData without its ContentInfo (RFC 5652 section 3)",
    ),
}
"""Rows that a reader may accept and this one does not."""

READ = {
    "mbedtls-pkcs7/data_files/pkcs7_data_multiple_certs_signed.der": "several certificates are no fault",
    "mbedtls-pkcs7/data_files/pkcs7_data_signed_badcert.der": "certificates are kept as they are; smime.pki refuses this one",
    "mbedtls-pkcs7/data_files/pkcs7_data_cert_signed_sha512.der": "SHA-512 is not switched off here",
    "mbedtls-pkcs7/data_files/pkcs7_data_with_signature.der": "eContent is there: an opaque signature",
    "mbedtls-pkcs7/data_files/pkcs7_data_cert_signed_sha256.der": "RSA is not switched off here",
    "mbedtls-pkcs7/data_files/pkcs7_data_cert_signed_v2.der": "versions are reported, not enforced",
    "mbedtls-pkcs7/data_files/pkcs7_data_cert_encrypted.der": "EnvelopedData is read too",
}
"""Rows that Mbed TLS refuses for what it cannot do."""

PARSE_ROWS = [
    row
    for row in corpora.rows()
    if row["file"].split("/")[0] in FOLDERS
    and row["op"] in {"parse", "encrypteddata", "certs-only", "decompress", "verify-crypto", "verify-detached"}
]


def octets(file: str) -> bytes:
    data = (corpora.corpora_path() / file).read_bytes()
    if not pem.is_pem(data):
        return data
    blocks = pem.decode(data)
    return next((octets for label, octets in blocks if label in {"PKCS7", "CMS"}), blocks[0][1])


@lru_cache(maxsize=1)
def mutants() -> dict[int, list[tuple[str, bytes]]]:
    """Return the fuzz files of Mbed TLS by their length: each length has one original, of which each file changes an octet."""
    found: dict[int, list[tuple[str, bytes]]] = {}
    for path in sorted((corpora.corpora_path() / "mbedtls-pkcs7" / "fuzz").glob("*.der")):
        found.setdefault(path.stat().st_size, []).append((path.name, path.read_bytes()))
    return found


@lru_cache(maxsize=8)
def original(size: int) -> bytes:
    return bytes(Counter(column).most_common(1)[0][0] for column in zip(*(data for _, data in mutants()[size]), strict=True))


def kept_raw(data: bytes, events: list[Any]) -> str:
    """Return which part that is kept as it was holds the one octet that differs from the original; "" if none does."""
    before = original(len(data))
    (place,) = (at for at in range(len(data)) if data[at] != before[at])
    tail = events[-1]
    assert isinstance(tail, SignedDataTail)
    parts = [("certificate", certificate, 0) for certificate in tail.certificates]
    for info in tail.signer_infos:
        start = data.index(info.raw)
        assert isinstance(info.sid, IssuerAndSerialNumber)
        parts.append(("issuer", info.sid.issuer_raw, start))
        parts += [
            ("parameters", algorithm.parameters, start)
            for algorithm in (info.digest_algorithm, info.signature_algorithm)
            if algorithm.parameters is not None
        ]
    parts += [("parameters", algorithm.parameters, 0) for algorithm in events[0].digest_algorithms if algorithm.parameters is not None]
    for name, part, start in parts:
        at = data.find(part, start)
        while at >= 0:
            if at <= place < at + len(part):
                return name
            at = data.find(part, at + 1)
    return ""


@pytest.mark.skipif(not PARSE_ROWS, reason="the corpora of third-party messages are not here (SMIME_CORPORA)")
def test_rows() -> None:
    """Every row, in one test, since there are a thousand: a list of those that came out otherwise, which is empty."""
    wrong = []
    kept: Counter[str] = Counter()
    for row in PARSE_ROWS:
        file, expected = row["file"], row["expected"]
        if file.endswith((".eml", ".dat", ".pkcs7")) or expected == "no-crash":
            continue
        try:
            events = read(octets(file))
        except SMIMEError as error:
            refusable = row["op"] == "parse" and expected in {"reject", "reject-or-unsupported"}
            if not refusable and not (file in NOT_READ and isinstance(error, NOT_READ[file][0])):
                wrong.append((file, row["op"], expected, str(error)))
            continue
        if row["op"] == "parse" and expected in {"reject", "reject-or-unsupported"} and file not in READ:
            part = kept_raw(octets(file), events) if "/fuzz/" in file else ""
            kept[part] += 1
            if not part:
                wrong.append((file, row["op"], expected, "read"))
        if row["op"] == "certs-only":
            assert events[-1].signer_infos == ()
            assert not events[0].has_content or events[1] == events[-1]
            assert events[-1].certificates
    assert wrong == []
    assert sum(kept.values()) < 220


@pytest.mark.parametrize("file", [file for file, (_, reason) in NOT_READ.items() if reason == PKCS7])
def test_pkcs7_content(file: str) -> None:
    events = read(octets(file), pkcs7_content=True)
    assert isinstance(events[-1], SignedDataTail)
    assert isinstance(events[1], Content)


def _files(folder: str) -> list[Path]:
    root = corpora.find()
    return sorted(path for path in (root / folder).rglob("*") if path.is_file()) if root is not None else []


@pytest.mark.parametrize("folder", ["hostile", "mbedtls-pkcs7", "cms-misc", "libksba", "openssl", "rfc4134", "lamps-pqc", "rfc9216"])
def test_only_our_errors_and_quickly(folder: str) -> None:
    """Each file of a collection, whatever it is: an SMIMEError or events, the same in any pieces, in no time."""
    files = _files(folder)
    if not files:
        pytest.skip("the corpora of third-party messages are not here (SMIME_CORPORA)")
    for path in files:
        data = path.read_bytes()
        with linear(len(data)):
            whole = build.outcome([data], CMSReader(pkcs7_content=True))
        if len(data) < 100_000:
            assert build.outcome([data[at : at + 61] for at in range(0, len(data), 61)], CMSReader(pkcs7_content=True)) == whole, path
