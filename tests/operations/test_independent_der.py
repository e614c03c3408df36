"""Every kind of object that is written, in every encoding, whole and streamed, as others read it: asn1crypto and `openssl asn1parse`.

asn1crypto takes an object apart by its own grammar and puts it together again in DER: the result has to be the same octets, which covers
lengths, the order of sets, defaults left out, and integers. `openssl asn1parse` sees only elements, but of what is streamed too.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asn1crypto import cms, parser
from tests.operations import people
from tests.operations.people import KEK, PASSWORD, person

import smime
from smime.asn1 import writer
from smime.cms import attributes as attrs

OPENSSL = shutil.which("openssl")
MAIL = b"Content-Type: text/plain\r\n\r\n"
KEYS = ["rsa2048", "p256", "p384", "brainpoolp256r1", "ed25519", "ed448", "mldsa44", "mldsa65", "mldsa87"]
RECIPIENTS = ["rsa2048", "p256", "p521", "x25519", "x448", "mlkem768", "mlkem1024"]
CIPHERS = ["aes-128-gcm", "aes-256-gcm", "aes-256-ccm", "chacha20-poly1305", "aes-128-cbc", "aes-256-cbc"]
NOTE = attrs.attribute("1.2.3.4.5", writer.utf8_string("note"))


def signer(key: str, **options: Any) -> smime.Signer:
    # asn1crypto does not read capabilities that have parameters with tags of their own, such as those of RSAES-OAEP
    return people.signer(key, capabilities=("aes-256-gcm", "aes-128-cbc", "sha256WithRSAEncryption"), **options)


def _both(machine: Any, content: bytes) -> bytes:
    made: bytes = machine.update(content) + machine.finalize()
    return made


def _encrypt(content: bytes, encoding: Any, recipients: Any, cipher: str | None = None, **options: Any) -> bytes:
    return _both(smime.MessageEncryptor(recipients, content_encryption=cipher, encoding=encoding, **options), content)


def _makers() -> Iterator[tuple[str, Callable[[bytes, Any], bytes]]]:
    for key in KEYS:
        yield f"signed {key}", lambda content, encoding, key=key: smime.sign(content, signer(key), detached=False, encoding=encoding)  # type: ignore[misc] # bound early
        yield f"detached {key}", lambda content, encoding, key=key: smime.sign(content, signer(key), encoding=encoding)  # type: ignore[misc] # bound early
    several = [signer("rsa2048", pss=True), signer("p256", by_key_identifier=True), signer("ed25519", attributes=(NOTE,))]
    yield "signed by several", lambda content, encoding: smime.sign(content, several, detached=False, encoding=encoding)
    for key in RECIPIENTS:
        yield f"encrypted {key}", lambda content, encoding, key=key: _encrypt(content, encoding, person(key).certificate)  # type: ignore[misc] # bound early
    for cipher in CIPHERS:
        yield f"encrypted {cipher}", lambda content, encoding, cipher=cipher: _encrypt(content, encoding, KEK, cipher)  # type: ignore[misc] # bound early
    everybody = [*(person(key).certificate for key in RECIPIENTS), PASSWORD, KEK]
    yield "encrypted for everybody", lambda content, encoding: _encrypt(content, encoding, everybody)
    named = [smime.Recipient(person(key).certificate, by_key_identifier=True) for key in RECIPIENTS]
    yield "encrypted by key identifier", lambda content, encoding: _encrypt(content, encoding, named)
    rsa_kem = smime.Recipient(person("rsa2048").certificate, key_transport="rsa-kem")
    yield "encrypted rsa-kem", lambda content, encoding: _encrypt(content, encoding, rsa_kem)
    yield "encrypted hkdf", lambda content, encoding: _encrypt(content, encoding, KEK, cek_hkdf=True)
    yield (
        "encrypted with attributes",
        lambda content, encoding: _encrypt(content, encoding, KEK, authenticated_attributes=[NOTE]),
    )
    yield "encrypted by content key", lambda content, encoding: _encrypt(content, encoding, smime.ContentKey(bytes(32)))
    yield "compressed", lambda content, encoding: smime.compress(content, encoding=encoding)


def _others() -> Iterator[tuple[str, Callable[[bytes, Any], bytes]]]:
    """Objects that have no place in mail."""
    yield "digested", lambda content, encoding: _both(smime.MessageDigester(encoding=encoding), content)
    yield "authenticated", lambda content, encoding: _both(smime.MessageAuthenticator(KEK, encoding=encoding), content)
    yield (
        "signed other content",
        lambda content, encoding: _both(
            smime.MessageSigner(signer("p256"), detached=False, encoding=encoding, content_type="1.2.3.4"), content
        ),
    )
    yield "encrypted other content", lambda content, encoding: _encrypt(content, encoding, KEK, content_type="1.2.3.4")


UNKNOWN = ("mldsa", "mlkem", "rsa-kem", "everybody", "key identifier")  # algorithms and recipients that asn1crypto's grammar does not have
MAKERS = dict(_makers())
OTHERS = dict(_others())
ALL = [
    *((name, encoding) for name in MAKERS for encoding in ("smime", "der", "pem")),
    *((name, e) for name in OTHERS for e in ("der", "pem")),
]


def cms_of(message: bytes, encoding: str) -> bytes:
    """Return the CMS object in what was written, by the standard library's means."""
    if encoding == "der":
        return message
    if encoding == "pem":
        found = re.fullmatch(rb"-----BEGIN CMS-----\r\n(.*)-----END CMS-----\r\n", message, re.DOTALL)
        assert found is not None
        return base64.b64decode(found[1])
    if message.startswith(b"Content-Type: multipart/signed") or b"\r\nContent-Type: multipart/signed" in message[:300]:
        boundary = re.search(rb'boundary="([^"]+)"', message)
        assert boundary is not None
        message = message.split(b"\r\n--" + boundary[1])[2]
    return base64.b64decode(message.split(b"\r\n\r\n", 1)[1])


def rebuilt(data: bytes) -> bytes:
    """Return the octets as they are in DER, by what asn1crypto sees in each element: shortest lengths, sorted SETs."""
    out = []
    while data:
        size = parser.peek(data)
        kind, method, tag, _, contents, _ = parser.parse(data[:size])
        if method:
            contents = rebuilt(contents)
            if (kind, tag) == (0, 17):
                contents = b"".join(sorted(_split(contents)))
        out.append(parser.emit(kind, method, tag, contents))
        data = data[size:]
    return b"".join(out)


def _split(data: bytes) -> Iterator[bytes]:
    while data:
        size = parser.peek(data)
        yield data[:size]
        data = data[size:]


def elements(data: bytes) -> list[str]:
    assert OPENSSL is not None
    parsed = subprocess.run([OPENSSL, "asn1parse", "-inform", "DER"], input=data, capture_output=True, check=True)
    return [line for line in parsed.stdout.decode("latin-1").splitlines() if re.match(r" *\d+:d=", line)]


@pytest.mark.parametrize(("name", "encoding"), ALL)
def test_whole(name: str, encoding: str) -> None:
    data = cms_of((MAKERS.get(name) or OTHERS[name])(MAIL + b"hello\r\n", encoding), encoding)
    assert rebuilt(data) == data
    if not any(word in name for word in UNKNOWN):
        info = cms.ContentInfo.load(data, strict=True)
        assert info.native
        assert info.dump(force=True) == data
    if OPENSSL is not None:
        lines = elements(data)
        assert lines
        assert not [line for line in lines if "l=inf" in line or ":BAD " in line]


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl command")
@pytest.mark.parametrize(("name", "encoding"), ALL)
def test_streamed(name: str, encoding: str) -> None:
    data = cms_of((MAKERS.get(name) or OTHERS[name])(MAIL + b"hello, for a long time\r\n" * 8000, encoding), encoding)
    lines = elements(data)
    indefinite = [line for line in lines if "l=inf" in line]
    ends = [line for line in lines if "EOC" in line]
    assert len(indefinite) == len(ends)
    if not name.startswith("detached"):
        assert len(indefinite) in {4, 5, 6}, "what is around the content, and nothing else"
    assert not [line for line in lines if ":BAD " in line]


@pytest.mark.parametrize(("recipient", "cipher"), [*((KEK, cipher) for cipher in CIPHERS), (smime.ContentKey(bytes(32)), "aes-256-cbc")])
def test_streams_of_known_length_are_der(recipient: Any, cipher: str) -> None:
    content = bytes(200_000)
    options: dict[str, Any] = {} if cipher.endswith("cbc") else {"authenticated_attributes": [NOTE]}
    data = _encrypt(content, "der", recipient, cipher, content_length=len(content), **options)
    assert rebuilt(data) == data
    info = cms.ContentInfo.load(data, strict=True)
    assert info.native
    assert info.dump(force=True) == data


def test_certificates_only() -> None:
    data = smime.certificates_only([person(key).certificate for key in ("p256", "rsa2048", "ed25519")], encoding="der")
    assert rebuilt(data) == data
    info = cms.ContentInfo.load(data, strict=True)
    assert info.native
    assert info.dump(force=True) == data
