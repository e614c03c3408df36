"""Writing S/MIME messages: what goes inside and what stays outside, and the octets around a signature or an envelope.

The rules of `split_message`, in order (RFC 8551 section 3.1; RFC 9788 calls the fields that go inside *Structural*):

1. A message is a header block, an empty line and a body, if `mail_header` finds one; line ends are CRLF or LF. The envelope line of a
   mailbox at its start is left out.
2. If there is no header block, the whole is content: the body of a text. Such an entity gets ``Content-Type: text/plain`` with the
   character set that its octets are in (us-ascii, utf-8, unknown-8bit); nobody else says it.
3. MIME-Version and Content-* go with the body into the entity, in their order and octet for octet; all other fields stay outside.
4. Bcc and Resent-Bcc are left out: they may reach nobody but those whom they name (RFC 5322 section 3.6.3, RFC 9787 section 9.4).
5. An entity without Content-Type keeps its octets: it is text/plain by RFC 2045 section 5.2.
"""

from __future__ import annotations

import os
import re
from binascii import hexlify
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS
from smime.mime.charsets import describe_text
from smime.mime.mail_header import mail_header, names_blind_copies
from smime.mime.seven_bit import SevenBitEncoder, seven_bit_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import Message

    from smime.limits import Limits
    from smime.mime.header import HeaderFields

    Buffer = bytes | bytearray | memoryview
    RawField = tuple[bytes, bytes]

__all__ = [
    "MultipartSigned",
    "SevenBitEncoder",
    "check_field",
    "encode_field",
    "make_boundary",
    "multipart_signed",
    "pkcs7_mime_header",
    "seven_bit_safe",
    "split_fields",
    "split_message",
    "split_text",
    "write_fields",
]

_FIELD_NAME = re.compile(rb"[!-9;-~]+\Z")
_BAD_LINE_END = re.compile(rb"\x00|\r(?!\n)|\n(?![ \t])")
_PREAMBLE = b"This is an S/MIME signed message\r\n"


def message_octets(message: Buffer | Message) -> bytes:
    """Return a message as octets; an `email.message.Message` is written with CRLF, without refolding and without ``>From``.

    Raises:
        ParseError: the message object cannot be written.
    """
    if isinstance(message, bytes):
        return message
    if isinstance(message, (bytearray, memoryview)):
        return bytes(message)
    from email.generator import BytesGenerator  # noqa: PLC0415 # only who hands over such an object pays for the package

    target = BytesIO()
    try:
        changes: dict[str, Any] = {"linesep": "\r\n", "cte_type": "8bit"}
        if hasattr(message.policy, "refold_source"):
            changes["refold_source"] = "none"
        policy = message.policy.clone(**changes)
        BytesGenerator(target, mangle_from_=False, policy=policy).flatten(message)
    except Exception as error:  # the package raises anything on a message object that is inconsistent
        raise ParseError("mime", f"the message object cannot be written: {type(error).__name__}") from error
    return target.getvalue()


def split_message(message: Buffer | Message, limits: Limits = DEFAULT_LIMITS) -> tuple[list[RawField], bytes]:
    """Split a message into the header fields that stay outside and the MIME entity to protect. The module says by which rules.

    Returns:
        Names and raw values (everything after the colon, with folding by CRLF, without the last line end) of the outer fields; the entity.

    Raises:
        LimitExceeded: the header is too large.
        ParseError: a message object cannot be written.
    """
    data = message_octets(message)
    fields = mail_header(data, limits)
    return split_text(data) if fields is None else split_fields(fields)


def split_text(text: bytes) -> tuple[list[RawField], bytes]:
    """Return no fields and the entity of a text without a header (rule 2)."""
    return [], _as_text(text)


def split_fields(fields: HeaderFields) -> tuple[list[RawField], bytes]:
    """Split a message at hand by its header block (rules 3 to 5), which begins at its first octet."""
    data = fields.data
    outside: list[RawField] = []
    inside: list[bytes] = []
    kept = True
    for name, octets in fields.raw_fields():
        lowered = name.lower()
        if lowered.startswith(b"content-") or lowered == b"mime-version":
            inside.append(octets)
        else:
            kept = False
            if lowered and not names_blind_copies(lowered):  # an envelope line has no name
                outside.append((name, _canonical_value(octets[octets.index(b":") + 1 :])))
    if kept and fields.complete:
        return [], data
    rest = data[fields.end :]
    if not fields.complete:
        # the header went to the end of the data: there is no body
        if inside and not inside[-1].endswith(b"\n"):
            inside[-1] += b"\r\n"
        rest = b"\r\n"
    return outside, b"".join(inside) + rest


def _canonical_value(octets: bytes) -> bytes:
    """Return a raw value without its last line end, folded with CRLF."""
    value = octets.removesuffix(b"\n").removesuffix(b"\r")
    if b"\n" in value:
        value = value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return value


def _as_text(body: bytes) -> bytes:
    charset, encoding = describe_text(body)
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + body


def check_field(name: bytes, value: bytes) -> None:
    """Refuse a field that would not stay one field: header injection (CR, LF, NUL).

    Raises:
        ParseError: the name is no field name; the value holds NUL, a bare CR, or a line end that is no folding.
    """
    if _FIELD_NAME.match(name) is None:
        raise ParseError("mime", "a header field's name holds characters that are not allowed in it")
    bad = _BAD_LINE_END.search(value)
    if bad is not None:
        raise ParseError("mime", "a header field's value holds a line end or NUL", bad.start())


def write_fields(fields: Iterable[RawField]) -> bytes:
    """Write raw fields, one after the other, each with its line end.

    Raises:
        ParseError: one of them is not one field.
    """
    lines = bytearray()
    for name, value in fields:
        if b"\n" in value or b"\r" in value or b"\x00" in value or _FIELD_NAME.match(name) is None:
            check_field(name, value)
        lines += b"%b:%b\r\n" % (name, value)
    return bytes(lines)


def encode_field(name: str, value: str) -> RawField:
    """Make a raw unstructured field of text: encoded-words where it is not ASCII (RFC 2047), folded.

    Raises:
        ParseError: the name is no field name; the value holds CR, LF or NUL.
    """
    raw_name = name.encode("ascii", "replace")
    if any(character in value for character in "\r\n\x00"):
        raise ParseError("mime", "a header field's value holds a line end or NUL")
    check_field(raw_name, b"")
    room = 75 - len(name) - 2
    lines = []
    words = value.split(" ")
    if value.isascii() and value.isprintable() and "=?" not in value and all(0 < len(word) < 900 for word in words):
        line = words[0]
        for word in words[1:]:
            if len(line) + 1 + len(word) > room:
                lines.append(line)
                line, room = word, 76
            else:
                line = f"{line} {word}"
        lines.append(line)
    else:
        from binascii import b2a_base64  # noqa: PLC0415

        piece = b""
        for character in value:
            octets = character.encode("utf-8", "replace")
            if len(piece) + len(octets) > 42:
                lines.append("=?utf-8?b?" + b2a_base64(piece, newline=False).decode("ascii") + "?=")
                piece = b""
            piece += octets
        lines.append("=?utf-8?b?" + b2a_base64(piece, newline=False).decode("ascii") + "?=")
    return raw_name, (" " + "\r\n ".join(lines)).encode("ascii")


def make_boundary() -> bytes:
    """Return a new boundary: 128 random bits after ``=_``, which can stand in no base64 and no quoted-printable text."""
    return b"=_" + hexlify(os.urandom(16))


class MultipartSigned(NamedTuple):
    """The octets around the parts of a multipart/signed (RFC 1847 section 2.1); the parts themselves go between them.

    Attributes:
        boundary: without hyphens.
        head: header fields from MIME-Version on, empty line, preamble, first delimiter line; the signed entity follows.
        middle: delimiter line and header of the signature part; its base64 text follows, which ends with CRLF.
        tail: close delimiter line.
    """

    boundary: bytes
    head: bytes
    middle: bytes
    tail: bytes


_SIGNED_HEAD = (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
    b' micalg=%b; boundary="%b"\r\n'
    b"\r\n" + _PREAMBLE + b"\r\n--%b\r\n"
)
_SIGNATURE_HEAD = (
    b"\r\n--%b\r\n"
    b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="smime.p7s"\r\n'
    b"\r\n"
)


def multipart_signed(micalg: Sequence[str], boundary: bytes | None = None) -> MultipartSigned:
    """Make the octets around the two parts of a multipart/signed.

    Args:
        micalg: names of the digest algorithms in the form of RFC 8551 section 3.5.3.2, each once.
        boundary: a boundary that stands in neither part; by default a new random one.

    Raises:
        ParseError: a name or the boundary holds characters that do not belong there.
    """
    mark = make_boundary() if boundary is None else boundary
    if boundary is not None:
        _check_boundary(boundary)
    return MultipartSigned(mark, _SIGNED_HEAD % (_micalg(tuple(micalg)), mark, mark), _SIGNATURE_HEAD % mark, b"--%b--\r\n" % mark)


@lru_cache(maxsize=32)
def _micalg(names: tuple[str, ...]) -> bytes:
    value = ",".join(names).encode("ascii", "replace")
    if _MICALG.match(value) is None:
        raise ParseError("mime", "a micalg name holds characters that are not allowed in it")
    return b'"%b"' % value if b"," in value else value


_MICALG = re.compile(rb"[A-Za-z0-9_./-]+(?:,[A-Za-z0-9_./-]+)*\Z")
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")


def _check_boundary(boundary: bytes) -> None:
    if _BOUNDARY.match(boundary) is None:
        raise ParseError("mime", "the boundary is not in the form of RFC 2046 section 5.1.1")


_FILE_NAMES = {"certs-only": "smime.p7c", "compressed-data": "smime.p7z"}
_SMIME_TYPE = re.compile(r"[A-Za-z0-9-]+\Z")


def pkcs7_mime_header(smime_type: str, *, encoding: str = "base64") -> bytes:
    """Make the header fields of an application/pkcs7-mime entity, from MIME-Version on, with the empty line (RFC 8551 section 3.2).

    Args:
        smime_type: ``signed-data``, ``enveloped-data``, ``authEnveloped-data``, ``certs-only``, ``compressed-data`` or ``signed-receipt``.
        encoding: the Content-Transfer-Encoding, ``base64`` or ``binary``.

    Raises:
        ParseError: an argument holds characters that do not belong there.
    """
    if _SMIME_TYPE.match(smime_type) is None or encoding not in {"base64", "binary"}:
        raise ParseError("mime", "the smime-type or the transfer encoding holds characters that are not allowed in it")
    name = _FILE_NAMES.get(smime_type, "smime.p7m")
    return (
        "MIME-Version: 1.0\r\n"
        f'Content-Type: application/pkcs7-mime; smime-type={smime_type};\r\n name="{name}"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n'
        "\r\n"
    ).encode("ascii")
