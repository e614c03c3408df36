"""What is said, and changes nothing: version numbers, the smime-type parameter, content of PKCS #7 (RFC 5652 sections 1.3 and 5.2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from tests.hostile.builder import (
    ALICE,
    ENTITY,
    HEADER,
    SHA256,
    Multipart,
    Signature,
    SignedData,
    der_of,
    detached,
    without,
)
from tests.operations.people import KEK, PASSWORD, identity, person, signer, trust

import smime
from smime import policies
from smime.asn1 import writer
from smime.asn1.der import parse
from smime.cms import attributes as attrs
from smime.cms.content_info import DATA
from smime.crypto import digests
from smime.findings import Finding
from smime.report import Verdict


def versions(findings: Iterable[Finding]) -> list[tuple[object, object]]:
    """Return which structures are said to have which versions."""
    return [(found.data["structure"], found.data["version"]) for found in findings if found.code == "unknown-version"]


def of_version(structure: bytes, version: int) -> bytes:
    """Return an encoded structure with another version."""
    element = parse(structure)
    fields = [field.raw for field in element.children]
    return writer.tlv(structure[0], b"".join((writer.integer(version), *fields[1:])))


def in_content_info(message: bytes, version: int) -> bytes:
    """Return a ContentInfo whose content has another version."""
    oid, content = parse(message).children
    return writer.sequence(oid.raw, writer.explicit(0, of_version(content.children[0].raw, version)))


@pytest.mark.parametrize("shape", ["opaque", "detached"])
@pytest.mark.parametrize("version", [0, 1, 3, 99])
def test_signed_data(shape: str, version: int) -> None:
    one = SignedData([Signature()], ENTITY if shape == "opaque" else None, version=version).der()
    content = None if shape == "opaque" else ENTITY
    report = smime.verify(one, trust(), content=content, sender=ALICE).report
    assert versions(report.findings) == ([] if version == 1 else [("SignedData", version)])


def test_multipart_signed() -> None:
    report = smime.verify(Multipart(cms=SignedData([Signature()], version=4).der()).mail(), trust()).report
    assert versions(report.findings) == [("SignedData", 4)]
    assert versions(smime.verify(detached(), trust()).report.findings) == []


@pytest.mark.parametrize(("ski", "version", "wrong"), [(False, 1, False), (False, 3, True), (True, 3, False), (True, 1, True)])
def test_signer_info(ski: bool, version: int, wrong: bool) -> None:
    info = of_version(Signature(who=person("p256"), ski=ski).signer_info(), version)
    certificates = [der_of(person("p256").certificate), *map(der_of, person("p256").chain)]
    cms = SignedData([info], ENTITY, certificates=certificates, digest_algorithms=[SHA256], version=version).der()
    assert versions(smime.verify(cms, trust(), sender=ALICE).report.findings) == ([("SignerInfo", version)] if wrong else [])


def test_a_message_of_certificates() -> None:
    cms = SignedData([], certificates=[der_of(person("p256").certificate)], version=3).der()
    (layer,) = smime.unwrap(cms).layers
    assert versions(layer.report.findings) == [("SignedData", 3)]


@pytest.mark.parametrize(
    ("cipher", "key", "right", "structure"),
    [
        ("aes-128-cbc", "rsa2048", 0, "EnvelopedData"),
        ("aes-128-cbc", "p256", 2, "EnvelopedData"),
        ("aes-128-cbc", "mlkem768", 3, "EnvelopedData"),
        ("aes-128-cbc", PASSWORD, 3, "EnvelopedData"),
        ("aes-128-cbc", KEK, 2, "EnvelopedData"),
        ("aes-128-gcm", "rsa2048", 0, "AuthEnvelopedData"),
        ("aes-128-gcm", "mlkem768", 0, "AuthEnvelopedData"),
    ],
)
def test_encrypted(cipher: str, key: object, right: int, structure: str) -> None:
    to = person(key).certificate if isinstance(key, str) else key
    own = identity(key) if isinstance(key, str) else key
    message = smime.encrypt(ENTITY, to, content_encryption=cipher, encoding="der")
    for version in range(5):
        report = smime.decrypt(in_content_info(message, version), own).report  # type: ignore[arg-type] # identities are of several types
        assert versions(report.findings) == ([] if version == right else [(structure, version)])


def test_recipient_info() -> None:
    message = smime.encrypt(ENTITY, person("rsa2048").certificate, encoding="der")
    oid, content = parse(message).children
    fields = [field.raw for field in content.children[0].children]
    (info,) = parse(fields[1]).children
    fields[1] = writer.set_of([of_version(info.raw, 2)])
    changed = writer.sequence(oid.raw, writer.explicit(0, writer.sequence(*fields)))
    assert versions(smime.decrypt(changed, identity("rsa2048")).report.findings) == [("KeyTransRecipientInfo", 2)]


@pytest.mark.parametrize("version", [0, 2])
def test_encrypted_data(version: int) -> None:
    key = smime.ContentKey(bytes(16))
    message = in_content_info(smime.encrypt(ENTITY, key, encoding="der"), version)
    assert versions(smime.decrypt(message, key).report.findings) == ([] if version == 0 else [("EncryptedData", 2)])


@pytest.mark.parametrize("version", [0, 2])
def test_compressed_and_digested(version: int) -> None:
    machine = smime.MessageDigester()
    for structure, message in (
        ("CompressedData", smime.compress(ENTITY, encoding="der")),
        ("DigestedData", machine.update(ENTITY) + machine.finalize()),
    ):
        (layer,) = smime.unwrap(in_content_info(message, version)).layers
        assert versions(layer.report.findings) == ([] if version == 0 else [(structure, 2)])


@pytest.mark.parametrize("version", [0, 1])
def test_authenticated_data(version: int) -> None:
    machine = smime.MessageAuthenticator(KEK)
    message = in_content_info(machine.update(ENTITY) + machine.finalize(), version)
    (layer,) = smime.unwrap(message, identities=KEK).layers
    assert versions(layer.report.findings) == ([] if version == 0 else [("AuthenticatedData", 1)])


# -- smime-type (RFC 8551 section 3.2.2): a hint --


def codes(layer: Any) -> list[str]:
    return [found.code for found in layer.report.findings]


@pytest.mark.parametrize(
    ("written", "kind"),
    [("signed-data", "signed"), ("enveloped-data", "encrypted"), ("authEnveloped-data", "encrypted"), ("compressed-data", "compressed")],
)
@pytest.mark.parametrize("stated", ["signed-data", "Enveloped-Data", "authEnveloped-data", "COMPRESSED-DATA", "certs-only", "no-such-data"])
def test_smime_type(written: str, kind: str, stated: str) -> None:
    if kind == "signed":
        message = smime.sign(HEADER + ENTITY, signer("p256"), detached=False)
    elif kind == "compressed":
        message = smime.compress(HEADER + ENTITY)
    else:
        cipher = "aes-128-cbc" if written == "enveloped-data" else "aes-128-gcm"
        message = smime.encrypt(HEADER + ENTITY, person("rsa2048").certificate, content_encryption=cipher)
    assert written.encode() in message
    (layer,) = smime.unwrap(message.replace(b"smime-type=" + written.encode(), b"smime-type=" + stated.encode(), 1)).layers
    assert layer.kind == kind
    agrees = stated.lower() == written.lower() or (written == "signed-data" and stated == "certs-only")
    assert ("smime-type-mismatch" in codes(layer)) is not agrees


# -- PKCS #7 version 1.5 (RFC 5652 section 5.2.1) --


def test_pkcs7_content() -> None:
    inner = writer.sequence(writer.integer(1), writer.octet_string(b"octets"))
    contents = inner[2:]
    one = Signature(content=contents, message_digest=digests.digest("sha256", contents), attributes=without(attrs.SIGNING_TIME))
    cms = SignedData([one], content_field=writer.explicit(0, inner)).der()
    with pytest.raises(smime.ParseError):
        smime.verify(cms, trust(), sender=ALICE)
    found = smime.verify(cms, trust(), sender=ALICE, policy=policies.RFC8551.replace(pkcs7_content=True))
    assert found.content == contents
    assert found.report.verdict is Verdict.VALID
    assert "pkcs7-content" in [finding.code for finding in found.report.findings]
    ordinary = smime.verify(
        SignedData([Signature()], ENTITY, content_type=DATA).der(),
        trust(),
        sender=ALICE,
        policy=policies.RFC8551.replace(pkcs7_content=True),
    )
    assert "pkcs7-content" not in [finding.code for finding in ordinary.report.findings]
