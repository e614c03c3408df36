"""What shows of a message without a key, and how far it can be seen where it is broken."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.archive.world import ENTITY, mail, world

import smime
from smime.errors import LimitExceeded, ParseError, SMIMEError
from smime.limits import DEFAULT_LIMITS
from smime.operations.inspect import Node, inspect


def kinds(node: Node) -> list[str]:
    return [part.content_type if part.kind == "mime" else part.kind for part in node.walk()]


def test_detached() -> None:
    node = inspect(world().messages["signed"])
    assert kinds(node) == ["multipart/signed", "text/plain", "application/pkcs7-signature", "signed-data"]
    signed = list(node.walk())[-1]
    (signer,) = signed.signers
    assert signer.digest_algorithm == "sha256"
    assert signer.signature_algorithm == "ecdsa-with-SHA256"
    assert signer.signed_attributes is not None
    assert {"contentType", "messageDigest", "signingTime"} <= set(signer.signed_attributes)
    assert signer.signing_time is not None
    assert {summary.addresses for summary in signed.certificates} == {("alice@example.org",), ()}
    assert signed.notes == ("detached: the content stands outside",)


def test_opaque_content_is_shown() -> None:
    assert kinds(inspect(world().messages["signed opaque"])) == ["application/pkcs7-mime", "signed-data", "text/plain"]


def test_what_is_encrypted_is_not() -> None:
    node = inspect(world().messages["signed-and-encrypted"])
    assert kinds(node) == ["application/pkcs7-mime", "authEnveloped-data"]
    layer = node.children[0]
    assert layer.algorithm == "aes-256-gcm"
    assert [algorithm for _, algorithm in layer.recipients] == ["RSAES-OAEP"]
    assert "World Issuing CA" in layer.recipients[0][0]


def test_compressed_content_is_shown() -> None:
    node = inspect(world().messages["compressed"])
    assert kinds(node)[:4] == ["multipart/signed", "application/pkcs7-mime", "compressed-data", "text/plain"]


@pytest.mark.parametrize("encoding", ["der", "pem"])
def test_bare_objects(encoding: str) -> None:
    octets = smime.sign(ENTITY, world().signer(world().alice), detached=False, encoding=encoding)  # type: ignore[arg-type]
    assert kinds(inspect(octets)) == ["signed-data", "text/plain"]


def test_a_tree_of_parts() -> None:
    entity = (
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n'
        + mail()
        + b'\r\n--x\r\nContent-Type: image/png; name="a.png"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n'
    )
    node = inspect(mail(entity=entity))
    assert kinds(node) == ["multipart/mixed", "text/plain", "message/rfc822", "text/plain", "image/png"]
    picture = node.children[2]
    assert (picture.name, picture.transfer_encoding, picture.size) == ("a.png", "base64", 4)


def test_what_comes_before_the_fault_is_shown() -> None:
    node = inspect(world().messages["signed opaque"][:-1200])
    layer = node.children[0]
    assert layer.kind == "signed-data"
    assert layer.error is not None
    assert "truncated" in layer.error


def test_a_missing_boundary_is_told() -> None:
    message = mail(entity=b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nhello\r\n')
    assert inspect(message).error == "the closing boundary is missing"


@pytest.mark.parametrize("octets", [b"", b"\x00\x01\x02", b"no mail at all\n", b"0\x80\x06\x09", b"\x30\x03\x02\x01\x05"])
def test_what_is_no_mail(octets: bytes) -> None:
    with pytest.raises((ParseError, smime.UnsupportedError)):
        inspect(octets)


def test_nesting_is_bounded() -> None:
    octets = ENTITY
    for _ in range(6):
        octets = smime.sign(octets, world().signer(world().alice), detached=False)
    inspect(octets)
    with pytest.raises(LimitExceeded):
        inspect(octets, DEFAULT_LIMITS.replace(layers=5))


@pytest.mark.parametrize("kind", ["signed", "signed opaque", "encrypted", "compressed", "triple", "truncated"])
def test_the_tree_is_json(kind: str) -> None:
    node = inspect(world().messages[kind])
    assert json.loads(json.dumps(node.to_dict()))["kind"] == "mime"


@given(st.data())
def test_no_octets_bring_another_exception(data: st.DataObject) -> None:
    message = bytearray(world().messages[data.draw(st.sampled_from(["signed", "signed opaque", "encrypted", "compressed", "triple"]))])
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SMIMEError):
        inspect(bytes(message[: data.draw(st.integers(0, len(message)))]))
