"""What a header announces, at first sight and looked at closely."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from smime.mime.header import HeaderFields
from smime.mime.smime_types import PKCS7_SIGNATURE, announces_signature, classify

_TYPES = [
    b"text/plain",
    b"TEXT/x",
    b"multipart/mixed",
    b"image/png",
    b"application/pkcs7-signature",
    b"application/octet-stream",
    b"text",
    b"text/",
]
_MORE = [b"", b"; name=smime.p7s", b'; name="a.p7s"', b" (comment)", b";;", b"\xff", b"\r\n folded"]
_FIELDS = st.tuples(
    st.sampled_from([b"Content-Type:", b"content-type :", b"X: y\r\nContent-Type:"]),
    st.sampled_from([b" ", b"", b"\t", b" (c) ", b"\r\n "]),
    st.sampled_from(_TYPES),
    st.sampled_from(_MORE),
).map(b"".join)


@given(_FIELDS, _FIELDS | st.just(b"Content-Disposition: attachment; filename=smime.p7s") | st.none())
@example(b"Content-Type: application/x-pkcs7-signature", None)
@example(b"X: y", None)
def test_first_sight(field: bytes, other: bytes | None) -> None:
    block = field + b"\r\n" + (other + b"\r\n" if other is not None else b"") + b"\r\n"
    fields = HeaderFields.parse(block)
    assert announces_signature(fields) == (classify(fields).kind == PKCS7_SIGNATURE)
    if fields.is_ordinary_content:
        assert fields.content_type().type in {"text", "image", "multipart"}
