"""Long, deep and repetitive input costs what its size costs: row QP of the attack table (headers, parameters, boundaries, nesting)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.effort import linear
from tests.hostile.builder import ENTITY, HEADER, Multipart, Signature, SignedData, opaque, signed, trust

import smime
from smime.errors import SMIMEError

N = 200_000
SIGNED = b'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_outer"'


def _with_header(extra: bytes) -> bytes:
    return Multipart(header=HEADER + extra).mail()


def _with_type(value: bytes) -> bytes:
    return Multipart(content_type=b"Content-Type: " + value + b"\r\n").mail()


def _from(value: bytes) -> bytes:
    return signed(header=b"From: " + value + b"\r\nMIME-Version: 1.0\r\n")


def _nested(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth))
    return HEADER + head + b"\r\nx\r\n"


INPUTS: dict[str, Callable[[], bytes]] = {
    "a folded field": lambda: _with_header(b"X-Long:" + b" x\r\n" * N + b" x\r\n"),
    "many fields": lambda: _with_header(b"X: y\r\n" * 9_000),
    "too many fields": lambda: _with_header(b"X: y\r\n" * 100_000),
    "a long field": lambda: _with_header(b"X: " + b"y" * 900_000 + b"\r\n"),
    "a header without end": lambda: b"X: " + b"y" * (4 << 20),
    "lines that are no fields": lambda: _with_header(b"nonsense\r\n" * 9_000),
    "many parameters": lambda: _with_type(SIGNED + b"; x=y" * 50_000),
    "many equal parameters": lambda: _with_type(SIGNED + b"; boundary=x" * 50_000),
    "many continuations": lambda: _with_type(
        b'multipart/signed; protocol="application/pkcs7-signature"' + b"".join(b"; x*%d=y" % n for n in range(50_000)) + b"; boundary=x"
    ),
    "continuations backwards": lambda: _with_type(
        b'multipart/signed; protocol="application/pkcs7-signature"' + b"".join(b"; boundary*%d=y" % n for n in range(20_000, 0, -1))
    ),
    "quotes": lambda: _with_type(SIGNED + b'; x="' + b'\\"' * N + b'"'),
    "an open quote": lambda: _with_type(SIGNED + b'; x="' + b"y" * N),
    "comments in a type": lambda: _with_type(b"(" * N + SIGNED),
    "nested comments in a type": lambda: _with_type(b"(" * 50_000 + b")" * 50_000 + SIGNED),
    "semicolons": lambda: _with_type(SIGNED + b";" * N),
    "many mailboxes": lambda: _from(b", ".join([b"alice@example.org"] * 20_000)),
    "nested comments in from": lambda: _from(b"(" * 100_000 + b")" * 100_000 + b" alice@example.org"),
    "open comments in from": lambda: _from(b"(" * N + b" alice@example.org"),
    "quotes in from": lambda: _from(b'"' + b"\\\\" * 100_000 + b'" <alice@example.org>'),
    "open quotes in from": lambda: _from(b'"' * 50_001 + b" <alice@example.org>"),
    "angles in from": lambda: _from(b"<" * N + b"alice@example.org>"),
    "groups in from": lambda: _from(b"a:" * 50_000),
    "commas in from": lambda: _from(b"," * N),
    "at signs in from": lambda: _from(b"@" * N),
    "encoded words in from": lambda: _from(b"=?utf-8?q?a?= " * 20_000 + b"<alice@example.org>"),
    "an encoded word in from": lambda: _from(b"=?utf-8?q?" + b"=C3" * 50_000 + b"?= <alice@example.org>"),
    "dots in from": lambda: _from(b"." * N + b"@example.org"),
    "labels in from": lambda: _from(b"alice@" + b"a." * 50_000 + b"org"),
    "u labels in from": lambda: _from(b"alice@" + "ü.".encode() * 20_000 + b"org"),
    "a u label in from": lambda: _from(b"alice@" + "ü".encode() * 20_000 + b".org"),
    "blanks in from": lambda: _from(b" " * N + b"alice@example.org" + b" " * N),
    "many From fields": lambda: signed(header=b"From: alice@example.org\r\n" * 9_000 + b"MIME-Version: 1.0\r\n"),
    "deep multiparts": lambda: _nested(20_000),
    "many parts": lambda: HEADER + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 50_000 + b"--b--\r\n",
    "too many parts": lambda: (
        HEADER + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 150_000 + b"--b--\r\n"
    ),
    "many parts of a signed mail": lambda: Multipart(parts=[b"\r\nx"] * 50_000).mail(),
    "dashes": lambda: Multipart(ENTITY + b"--\r\n" * N).mail(),
    "near boundaries": lambda: Multipart(ENTITY + b"--=_oute\r\n" * N).mail(),
    "boundary prefixes": lambda: Multipart(ENTITY + b"--=_outerx\r\n" * N).mail(),
    "one long line of dashes": lambda: Multipart(ENTITY + b"-" * (1 << 21) + b"\r\n").mail(),
    "empty lines": lambda: Multipart(ENTITY + b"\r\n" * (1 << 20)).mail(),
    "bare line feeds": lambda: Multipart(ENTITY + b"\n" * (1 << 20)).mail(),
    "bare carriage returns": lambda: Multipart(ENTITY + b"\r" * (1 << 20)).mail(),
    "a long preamble": lambda: Multipart(preamble=b"--=_oute\r\n" * N).mail(),
    "a long epilogue": lambda: Multipart(epilogue=b"--=_outer\r\n" * N).mail(),
    "forwarded again and again": lambda: HEADER + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "base64 of one character a line": lambda: (
        HEADER + b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"M\r\n" * N
    ),
    "base64 of nothing": lambda: (
        HEADER + b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"!" * (1 << 21)
    ),
    "padding": lambda: HEADER + b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"=" * (1 << 20),
    "octets in tiny segments": lambda: opaque(
        SignedData([Signature(content=b"x" * 100_000)], content_field=b"\xa0\x80\x24\x80" + b"\x04\x01x" * 100_000 + b"\0\0\0\0").der()
    ),
    "empty segments": lambda: opaque(
        SignedData([Signature(content=b"x")], content_field=b"\xa0\x80\x24\x80" + b"\x04\x00" * N + b"\x04\x01x\0\0\0\0").der()
    ),
    "PEM after PEM": lambda: b"-----BEGIN CMS-----\n" * 50_000,
    "text before PEM": lambda: b"x: y\n" * N + b"-----BEGIN CMS-----\n",
}


@pytest.mark.parametrize("name", INPUTS)
def test_effort(name: str) -> None:
    message = INPUTS[name]()
    for action in (
        lambda: smime.verify(message, trust()),
        lambda: smime.unwrap(message, trust=trust()),
        lambda: smime.decrypt(message, smime.Password("x")),
    ):
        with linear(len(message)), suppress(SMIMEError):
            action()


@pytest.mark.parametrize(
    "name", ["a folded field", "many mailboxes", "near boundaries", "dashes", "many parameters", "octets in tiny segments"]
)
def test_effort_in_pieces(name: str) -> None:
    """Nothing is looked at again for each piece that comes."""
    message = INPUTS[name]()
    machine = smime.MessageVerifier(trust())
    with linear(len(message)), suppress(SMIMEError):
        for at in range(0, len(message), 64):
            machine.update(message[at : at + 64])
        machine.finalize()
