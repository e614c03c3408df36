"""SignedData like one read before is read as any other."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes, family
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.reader import CMSReader
from smime.cms.signed_data import SignedDataTail, build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.errors import SMIMEError
from smime.limits import DEFAULT_LIMITS

_SHA256 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.2.1")
_ECDSA = AlgorithmIdentifier.build("1.2.840.10045.4.3.2")
_NAME = writer.sequence(writer.set_of([writer.sequence(writer.oid("2.5.4.3"), writer.utf8_string("x"))]))


def _signed(digest: bytes, *further: bytes, signature: bytes = bytes(70), year: int = 2024) -> bytes:
    time = datetime(year, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    members = [attributes.content_type("1.2.840.113549.1.7.1"), attributes.message_digest(digest), attributes.signing_time(time), *further]
    info = SignerInfo.build(IssuerAndSerialNumber(_NAME, 1), _SHA256, writer.set_of(members), _ECDSA, signature)
    return build_signed_data(
        digest_algorithms=[_SHA256], content=None, signer_infos=[info], certificates=[writer.sequence(writer.octet_string(bytes(40)))]
    )


_ONE = _signed(bytes(range(32)), signature=bytes(range(70)))


def _outcome(data: bytes, step: int) -> object:
    reader = CMSReader()
    events = []
    try:
        for start in range(0, len(data), step):
            events += reader.receive(data[start : start + step])
        events += reader.finish()
    except SMIMEError as error:
        return type(error), str(error)
    tail = events[-1]
    details = None
    if isinstance(tail, SignedDataTail) and tail.signer_infos:
        info = tail.signer_infos[0]
        attrs = info.signed_attrs
        details = [(getattr(info, name), type(getattr(info, name))) for name in SignerInfo.__slots__ if name != "signed_attrs"]
        details += [] if attrs is None else [attrs.raw, attrs.raw_as_set(), attrs.is_der, list(attrs), attrs.merged()]
        details += [] if attrs is None else [attrs.get(attributes.MESSAGE_DIGEST), attrs.get(attributes.SIGNING_TIME)]
    return events, details


@given(st.dictionaries(st.integers(0, len(_ONE) - 1), st.integers(0, 255), max_size=3))
@example({})
@example({len(_ONE) - 1: 7})
def test_changed_octets(changes: dict[int, int]) -> None:
    family._kept.clear()
    _outcome(_ONE, len(_ONE))
    assert family.look_up(_ONE, DEFAULT_LIMITS) is not None
    data = bytearray(_ONE)
    for at, octet in changes.items():
        data[at] = octet
    assert _outcome(bytes(data), len(data)) == _outcome(bytes(data), 64)


@pytest.mark.parametrize(
    "data",
    [_signed(b"\x07" * 32), _signed(bytes(32), signature=b"\x01" * 70), _signed(bytes(32), year=2049)],
    ids=["digest", "value", "time"],
)
def test_another_message_of_the_sender(data: bytes) -> None:
    family._kept.clear()
    _outcome(_ONE, len(_ONE))
    assert family.look_up(data, DEFAULT_LIMITS) is not None
    assert _outcome(data, len(data)) == _outcome(data, 64)


@pytest.mark.parametrize(
    "further",
    [
        attributes.message_digest(bytes(range(32))),  # twice
        attributes.attribute("1.2.3", writer.octet_string(bytes(range(32)))),  # the digest's octets elsewhere
        attributes.attribute("1.2.3", attributes.signing_time(datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc))),
    ],
    ids=["two", "digest", "time"],
)
def test_what_is_ambiguous_is_not_kept(further: bytes) -> None:
    family._kept.clear()
    data = _signed(bytes(range(32)), further)
    _outcome(data, len(data))
    assert family.look_up(data, DEFAULT_LIMITS) is None
