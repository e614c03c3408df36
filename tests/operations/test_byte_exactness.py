"""Signed octets are the received octets: what must verify verifies, and one flipped octet is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.builder import HEADER, Multipart, Signature, SignedData, opaque, trust

import smime
from smime.errors import SMIMEError
from smime.report import Verdict

BOUNDARY = b"=_outer"
# All that breaks in transit: soft line breaks, trailing blanks and tabs, empty lines at the end, octets above 127, NUL, a bare CR, lines
# that begin like the delimiter, From at the beginning of a line, dots, an inner multipart whose boundary begins like the outer one.
PARTS = {
    "soft breaks": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na line =\r\ngoes on=20=\r\n\r\n",
    "trailing blanks": b"Content-Type: text/plain\r\n\r\nblanks   \r\ntab\t\r\n \r\n",
    "empty lines at the end": b"Content-Type: text/plain\r\n\r\ntext\r\n\r\n\r\n\r\n",
    "no line end at the end": b"Content-Type: text/plain\r\n\r\ntext",
    "empty body": b"Content-Type: text/plain\r\n\r\n",
    "header only": b"Content-Type: text/plain\r\n",
    "no header": b"\r\ntext\r\n",
    "nothing but text": b"text without a header\r\n",
    "eight bit": "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße, \u4f60\u597d\r\n".encode(),
    "latin 1": b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\xa0\r\n",
    "nul": b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\x01\x02\r\n\0",
    "bare carriage return": b"Content-Type: text/plain\r\n\r\na\rb\r\r\n",
    "boundary as a prefix": b"Content-Type: text/plain\r\n\r\n--=_outer-and-more\r\n--=_oute\r\n-- \r\n--\r\n",
    "from and dots": b"Content-Type: text/plain\r\n\r\nFrom here\r\n>From there\r\n.\r\n..\r\n",
    "long line": b"Content-Type: text/plain\r\n\r\n" + b"x" * 3000 + b"\r\n",
    "folded header": b"Content-Type: text/plain;\r\n\tcharset=us-ascii\r\nX-Empty:\r\nX-Blank: \r\n\r\ntext\r\n",
    "inner multipart": (
        b'Content-Type: multipart/mixed; boundary="=_outer2"\r\n\r\npreamble\r\n--=_outer2\r\n\r\none\r\n--=_outer2\r\n'
        b"Content-Type: text/html\r\n\r\n<p>two</p>\r\n\r\n--=_outer2--\r\nepilogue\r\n"
    ),
    "inner message": b"Content-Type: message/rfc822\r\n\r\nFrom: x@example.org\r\nSubject:  two blanks \r\n\r\ntext\r\n",
}
# what a store with LF can be undone for: CR CR LF becomes CR LF there, and that is a line end
TEXT = [name for name, part in PARTS.items() if b"\r\r\n" not in part and part.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") == part]
everything = pytest.mark.parametrize("name", PARTS)


@everything
def test_detached(name: str) -> None:
    part = PARTS[name]
    verified = smime.verify(Multipart(part).mail(), trust())
    assert verified.content == part
    assert smime.unwrap(Multipart(part).mail(), trust=trust()).status == "signed"


@everything
def test_with_preamble_and_epilogue(name: str) -> None:
    part = PARTS[name]
    mail = Multipart(
        part, preamble=b"This is a signed mail.\r\n--=_outer-not\r\n", epilogue=b"\r\nfooter\r\n--=_outer\r\nnot a part\r\n"
    ).mail()
    verified = smime.verify(mail, trust())
    assert verified.content == part


@pytest.mark.parametrize("name", TEXT)
def test_stored_with_unix_line_ends(name: str) -> None:
    part = PARTS[name]
    mail = Multipart(part).mail().replace(b"\r\n", b"\n")
    verified = smime.verify(mail, trust())
    assert verified.content == part.replace(b"\r\n", b"\n")
    assert ("line-ends-converted" in {f.code for f in verified.report.all_findings()}) is (b"\n" in part)


@pytest.mark.parametrize("name", TEXT)
def test_only_the_signed_part_stored_with_unix_line_ends(name: str) -> None:
    part = PARTS[name]
    assert smime.verify(Multipart(part, part.replace(b"\r\n", b"\n")).mail(), trust()).report.verdict is Verdict.VALID


@everything
def test_opaque(name: str) -> None:
    part = PARTS[name]
    verified = smime.verify(opaque(SignedData([Signature(content=part)], part).der()), trust())
    assert verified.content == part


@everything
def test_detached_beside_its_content(name: str) -> None:
    part = PARTS[name]
    cms = SignedData([Signature(content=part)]).der()
    assert smime.verify(cms, trust(), content=part, sender="alice@example.org").content == part


def _verdict(mail: bytes) -> Verdict | None:
    try:
        return smime.verify(mail, trust()).report.verdict
    except SMIMEError:
        return None


@everything
@pytest.mark.parametrize("bit", [0x01, 0x02, 0x20, 0x80])
def test_each_octet_counts(name: str, bit: int) -> None:
    part = PARTS[name]
    cms = SignedData([Signature(content=part)]).der()
    step = max(1, len(part) // 200)
    for at in range(0, len(part), step):
        changed = bytearray(part)
        changed[at] ^= bit
        assert _verdict(Multipart(part, bytes(changed), cms).mail()) is None, at


@pytest.mark.parametrize("name", TEXT)
def test_each_octet_counts_with_unix_line_ends(name: str) -> None:
    part = PARTS[name]
    cms = SignedData([Signature(content=part)]).der()
    shown = part.replace(b"\r\n", b"\n")
    for at in range(0, len(shown), max(1, len(shown) // 200)):
        changed = bytearray(shown)
        changed[at] ^= 0x04
        assert _verdict(Multipart(part, bytes(changed), cms).mail()) is None, at


@everything
def test_each_octet_of_opaque_content_counts(name: str) -> None:
    part = PARTS[name]
    good = SignedData([Signature(content=part)], part)
    infos = [signer.signer_info() for signer in good.signers if isinstance(signer, Signature)]
    own = Signature()
    for at in range(0, len(part), max(1, len(part) // 100)):
        changed = bytearray(part)
        changed[at] ^= 0x10
        cms = SignedData(
            infos,
            bytes(changed),
            certificates=[own.own.der, *(Signature(certificate=c).own.der for c in own.who.chain)],
            digest_algorithms=[own.written_digest],
        )
        assert _verdict(opaque(cms.der())) is None, at


LINES = st.lists(
    st.tuples(
        st.one_of(
            st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")),
            st.sampled_from([b"", b"-", b"--", b"--=_oute", b"--=_outerx", b"--=_outer-", b" ", b"From x", b"--=_OUTER"]),
        ),
        st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r\r\n"]),
    ),
    max_size=12,
)


@given(LINES, st.booleans(), st.data())
def test_any_part(lines: list[tuple[bytes, bytes]], header: bool, data: st.DataObject) -> None:
    part = (b"Content-Type: text/plain\r\n\r\n" if header else b"") + b"".join(line + end for line, end in lines)
    cms = SignedData([Signature(content=part)]).der()
    good = Multipart(part, cms=cms).mail()
    assert smime.verify(good, trust()).content == part
    if part:
        at = data.draw(st.integers(0, len(part) - 1))
        bits = data.draw(st.integers(1, 255))
        changed = bytearray(part)
        changed[at] ^= bits
        canonical = bytes(changed).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if canonical != part:  # an LF may have become what the signer wrote, as line ends are restored
            assert _verdict(Multipart(part, bytes(changed), cms).mail()) is None


@given(st.binary(max_size=300), st.data())
def test_any_octets_beside_a_bare_signature(part: bytes, data: st.DataObject) -> None:
    cms = SignedData([Signature(content=part)]).der()
    assert smime.verify(cms, trust(), content=part, sender="alice@example.org").content == part
    other = data.draw(st.binary(max_size=300))
    if other.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") not in {part, other and part} and other != part:
        with pytest.raises(smime.VerificationError):
            smime.verify(cms, trust(), content=other, sender="alice@example.org")


def test_the_outer_header_does_not_count() -> None:
    mail = Multipart(header=HEADER.replace(b"the usual", b"something else")).mail()
    assert smime.verify(mail, trust()).report.verdict is Verdict.VALID
