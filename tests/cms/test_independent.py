"""What is written, re-read by `openssl asn1parse` and `openssl cms`: structure, DER, and content types as others see them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from asn1crypto import cms
from tests.cms import build
from tests.cms.test_reader import STREAMED, WHOLE
from tests.parity import ber_strategies as make

from smime.asn1 import der
from smime.cms.reader import CompressedDataHead, Content, read

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl command")


def openssl(*arguments: str, data: bytes) -> str:
    assert OPENSSL is not None
    return subprocess.run([OPENSSL, *arguments], input=data, capture_output=True, check=True).stdout.decode("latin-1")


def asn1parse(data: bytes) -> list[str]:
    """Return a line an element; content with line ends of its own makes further lines, which are dropped."""
    return [line for line in openssl("asn1parse", "-inform", "DER", data=data).splitlines() if re.match(r" *\d+:d=", line)]


def streamed(name: str) -> bytes:
    head, content, tail = STREAMED[name]()
    return head + content(b"Hello") + content(b" world") + tail()


def count(element: der.Element) -> int:
    return 1 + sum(count(child) for child in element)


@needs_openssl
@pytest.mark.parametrize("name", WHOLE)
def test_openssl_asn1parse_sees_the_same_elements(name: str) -> None:
    data = WHOLE[name]
    lines = asn1parse(data)
    assert len(lines) == count(der.parse(data))
    assert der.is_der(data)
    assert not any("BAD" in line or "inf" in line for line in lines)


@needs_openssl
@pytest.mark.parametrize("name", STREAMED)
def test_openssl_asn1parse_reads_what_is_streamed(name: str) -> None:
    data = streamed(name)
    lines = [line for line in asn1parse(data) if "EOC" not in line]
    assert len(lines) == count(der.parse(data))
    assert sum("l=inf" in line for line in lines) >= 3


PRINTED = [name for name, data in WHOLE.items() if build.certificate()[:20] not in data and ", all" not in name and name != "authenticated"]


@needs_openssl
@pytest.mark.parametrize("name", PRINTED)
def test_openssl_cms_prints_it(name: str) -> None:
    """Its own decoder takes it; left out are certificates, outlines here, which openssl refuses, and AuthenticatedData, which it cannot."""
    data = WHOLE[name]
    assert "CMS_ContentInfo" in openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER", data=data)


@pytest.mark.parametrize("name", WHOLE)
def test_asn1crypto_reads_it(name: str) -> None:
    info = cms.ContentInfo.load(WHOLE[name], strict=True)
    kinds = {"auth-enveloped": "authenticated_enveloped_data", "authenticated": "authenticated_data"}
    kind = name.split(",", maxsplit=1)[0]
    assert info["content_type"].native == kinds.get(kind, kind if kind == "data" else f"{kind}_data")
    if kind != "data":
        assert info["content"]["version"].native in {"v0", "v1", "v2", "v3", "v4", "v5"}


def test_empty_segments_are_not_written() -> None:
    head, content, tail = STREAMED["compressed"]()
    assert content(b"") == b""
    events = build.joined(read(head + b"".join(content(chunk) for chunk in make.cuts(b"abc", [0, 1, 1])) + tail()))
    assert isinstance(events[0], CompressedDataHead)
    assert events[1] == Content(b"abc")
