"""Which S/MIME form a header announces (RFC 8551 section 3.2 to 3.10, RFC 1847 section 2.1).

The media type only says where to look: what a pkcs7-mime part holds is decided by the CMS object in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smime.mime.header import HeaderFields
    from smime.mime.parameters import ContentType

__all__ = ["MULTIPART_SIGNED", "OTHER", "PKCS7_MIME", "PKCS7_SIGNATURE", "Kind", "announces_signature", "classify"]

MULTIPART_SIGNED = "multipart-signed"
PKCS7_MIME = "pkcs7-mime"
PKCS7_SIGNATURE = "pkcs7-signature"
OTHER = "other"

_TYPES = {
    "application/pkcs7-mime": PKCS7_MIME,
    "application/x-pkcs7-mime": PKCS7_MIME,
    "application/pkcs7-signature": PKCS7_SIGNATURE,
    "application/x-pkcs7-signature": PKCS7_SIGNATURE,
    "multipart/signed": MULTIPART_SIGNED,
}
_EXTENSIONS = {"p7m": PKCS7_MIME, "p7c": PKCS7_MIME, "p7z": PKCS7_MIME, "p7s": PKCS7_SIGNATURE}
_FOREIGN_PROTOCOLS = frozenset({"application/pgp-signature", "application/x-pgp-signature", "application/moss-signature"})


class Kind:
    """What a header announces.

    Attributes:
        kind: `MULTIPART_SIGNED`, `PKCS7_MIME`, `PKCS7_SIGNATURE` or `OTHER`.
        content_type: the field it was read from.
        smime_type: the smime-type parameter in lower case, or None.
        protocol: the protocol parameter of a multipart/signed in lower case, or None.
        micalg: its micalg parameter, in lower case, split at commas.
        boundary: its boundary, or None.
        by_name: the media type is application/octet-stream and the file name decided.
    """

    __slots__ = ("boundary", "by_name", "content_type", "kind", "micalg", "protocol", "smime_type")

    def __init__(self, kind: str, content_type: ContentType, *, by_name: bool = False) -> None:
        self.kind = kind
        self.content_type = content_type
        self.by_name = by_name
        self.smime_type: str | None = None
        self.protocol: str | None = None
        self.micalg: tuple[str, ...] = ()
        self.boundary: bytes | None = None

    def __repr__(self) -> str:
        return f"Kind({self.kind!r}, smime_type={self.smime_type!r}, protocol={self.protocol!r}, micalg={self.micalg!r})"


def announces_signature(fields: HeaderFields) -> bool:
    """Tell whether a header announces a detached signature: `PKCS7_SIGNATURE`."""
    return not fields.is_ordinary_content and classify(fields).kind == PKCS7_SIGNATURE


def classify(fields: HeaderFields) -> Kind:
    """Say which form of S/MIME a header announces.

    A multipart/signed of another protocol that is known (OpenPGP, MOSS) is `OTHER`; with an unknown protocol, or none, or without a
    boundary, it counts as S/MIME, so that the verifier looks and says what is wrong. application/octet-stream counts by the
    extension of its file name (RFC 8551 section 3.10).
    """
    content_type = fields.content_type()
    value = content_type.value
    parameters = content_type.parameters
    kind = _TYPES.get(value)
    if kind is None:
        if value == "application/octet-stream":
            return _by_name(fields, content_type)
        return Kind(OTHER, content_type)
    result = Kind(kind, content_type)
    if kind is MULTIPART_SIGNED:
        protocol = parameters.get("protocol")
        if protocol is not None:
            result.protocol = protocol = protocol.strip().lower()
            if protocol in _FOREIGN_PROTOCOLS:
                result.kind = OTHER
        micalg = parameters.get("micalg")
        if micalg:
            if "," in micalg:
                result.micalg = tuple(name for part in micalg.split(",") if (name := part.strip().lower()))
            elif name := micalg.strip().lower():
                result.micalg = (name,)
        result.boundary = content_type.boundary
    else:
        smime_type = parameters.get("smime-type")
        if smime_type is not None:
            result.smime_type = smime_type.strip().lower()
    return result


def _by_name(fields: HeaderFields, content_type: ContentType) -> Kind:
    disposition = fields.content_disposition()
    for name in (disposition.filename if disposition is not None else None, content_type.name):
        kind = _EXTENSIONS.get(name.rpartition(".")[2].strip().lower()) if name and "." in name else None
        if kind is not None:
            return Kind(kind, content_type, by_name=True)
    return Kind(OTHER, content_type)
