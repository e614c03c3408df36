"""Rewriting without harm: everything that was there is still there, octet by octet, in DER and in BER of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cms import build
from tests.parity import ber_strategies as make

from smime.asn1 import der
from smime.asn1 import writer as w
from smime.cms import attributes as a
from smime.cms import rewrite
from smime.cms.content_info import DATA
from smime.cms.reader import SignedDataTail, read
from smime.cms.signed_data import SignedDataWriter, build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.errors import ParseError, SMIMEError, UnsupportedError

V1 = build.signer_info()
V3 = build.signer_info(build.KEY_ID, digest_algorithm=build.SHA512)
OLD, NEW = build.certificate(1), build.certificate(2)


def message(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "digest_algorithms": [build.SHA256],
        "content": b"content",
        "signer_infos": [V1],
        "certificates": [OLD],
    } | changes
    return build_signed_data(**fields)


def streamed(**_: Any) -> bytes:
    writer = SignedDataWriter([build.SHA256])
    return writer.head() + writer.content(b"con") + writer.content(b"tent") + writer.tail([V1], [OLD])


FORMS: dict[str, Callable[..., bytes]] = {"der": message, "streamed": streamed, "ber": lambda **changes: build.to_ber(message(**changes))}


def facts(data: bytes) -> tuple[bytes, SignedDataTail, int]:
    events = build.joined(read(data))
    assert isinstance(events[-1], SignedDataTail)
    return b"".join(event.data for event in events[1:-1]), events[-1], events[0].version  # type: ignore[attr-defined]


def assert_only_added(before: bytes, after: bytes, added: list[bytes]) -> None:
    """Check that `after` is `before` with some octets added, and definite lengths and perhaps a version changed."""
    rest = after
    for octets in added:
        at = rest.index(octets)
        rest = rest[:at] + rest[at + len(octets) :]

    def leaves(data: bytes) -> list[bytes]:
        found = []
        stack = [der.parse(data)]
        while stack:
            element = stack.pop()
            if element.constructed:
                stack.extend(element)
            else:
                found.append(element.raw)
        return found

    def shape(data: bytes) -> list[bytes]:
        return sorted(leaf for leaf in leaves(data) if leaf[0] != 0x02)

    remaining = shape(after)
    for leaf in shape(before):
        remaining.remove(leaf)


@pytest.mark.parametrize("form", FORMS)
def test_add_a_signer(form: str) -> None:
    before = FORMS[form]()
    after = rewrite.add_signer(before, V3, certificates=[NEW, OLD], crls=[build.certificate(9)])
    content, tail, version = facts(after)
    old_content, old_tail, _ = facts(before)
    assert content == old_content
    assert version == 3
    assert {info.raw for info in tail.signer_infos} == {V3, old_tail.signer_infos[0].raw}
    assert NEW in tail.certificates
    assert old_tail.certificates[0] in tail.certificates
    assert tail.crls == (build.certificate(9),)
    assert build.SHA512 in read(after)[0].digest_algorithms
    assert_only_added(before, after, [V3, NEW, build.certificate(9)])
    if form == "der":
        assert after == message(
            digest_algorithms=[build.SHA256, build.SHA512], signer_infos=[V1, V3], certificates=[OLD, NEW], crls=[build.certificate(9)]
        )


@pytest.mark.parametrize("form", FORMS)
def test_add_a_signer_with_a_known_digest(form: str) -> None:
    other = build.signer_info(signature=bytes(300))
    before = FORMS[form]()
    after = rewrite.add_signer(before, other)
    assert facts(after)[2] == 1
    assert len(read(after)[0].digest_algorithms) == 1
    assert after.replace(other, b"") != after
    assert_only_added(before, after, [other])


@pytest.mark.parametrize("form", FORMS)
def test_add_certificates(form: str) -> None:
    before = FORMS[form]()
    after = rewrite.add_certificates(before, [NEW], [build.certificate(9)])
    assert set(facts(after)[1].certificates) == {*facts(before)[1].certificates, NEW}
    assert facts(after)[1].crls == (build.certificate(9),)
    assert facts(after)[1].signer_infos == facts(before)[1].signer_infos
    assert rewrite.add_certificates(before, facts(before)[1].certificates) == before
    assert rewrite.add_certificates(before, []) == before
    none = FORMS["der"](certificates=[], signer_infos=[])
    assert rewrite.add_certificates(none, [OLD]) == message(signer_infos=[])


@pytest.mark.parametrize("form", FORMS)
def test_countersign(form: str) -> None:
    before = FORMS[form]()
    once = rewrite.add_countersignature(before, 0, V3)
    twice = rewrite.add_countersignature(once, 0, build.signer_info(signature=b"2"))
    stamped = rewrite.add_unsigned_attribute(twice, 0, a.attribute(a.TIME_STAMP_TOKEN, w.sequence()))
    (info,) = facts(stamped)[1].signer_infos
    assert info.unsigned_attrs is not None
    assert set(info.unsigned_attrs.values(a.COUNTERSIGNATURE)) == {V3, build.signer_info(signature=b"2")}
    assert info.unsigned_attrs.values(a.TIME_STAMP_TOKEN) == (w.sequence(),)
    (old,) = facts(before)[1].signer_infos
    assert (info.signature, info.signed_attrs, info.sid) == (old.signature, old.signed_attrs, old.sid)
    if form == "der":
        assert der.is_der(info.unsigned_attrs.raw_as_set())
        assert stamped == message(
            signer_infos=[
                build.signer_info(
                    unsigned_attrs=[
                        a.countersignature(V3),
                        a.countersignature(build.signer_info(signature=b"2")),
                        a.attribute(a.TIME_STAMP_TOKEN, w.sequence()),
                    ]
                )
            ]
        )


def test_the_right_signer() -> None:
    signers = sorted([V1, V3, build.signer_info(signature=b"x")])
    before = message(signer_infos=signers)
    for number in range(3):
        tail = facts(rewrite.add_countersignature(before, number, V1))[1]
        assert [info.unsigned_attrs is not None for info in tail.signer_infos] == [index == number for index in range(3)]
        assert [info.signature for info in tail.signer_infos] == [SignerInfo.from_raw(raw).signature for raw in signers]
    for number in (-1, 3):
        with pytest.raises(IndexError):
            rewrite.add_countersignature(before, number, V1)


def test_lengths_keep_their_form() -> None:
    """Long forms of the length that others wrote stay as long as they are."""
    inner = message()
    element = der.parse(inner)
    padded = b"\x30\x84" + (len(inner) - element.header_end).to_bytes(4, "big") + inner[element.header_end :]
    after = rewrite.add_certificates(padded, [NEW])
    assert after[:2] == b"\x30\x84"
    assert after[6:] == rewrite.add_certificates(inner, [NEW])[element.header_end :]


def test_unsorted_sets_stay_unsorted() -> None:
    first, second = sorted([build.certificate(1), build.certificate(2)], reverse=True)
    template = message(certificates=[])
    at = template.index(w.set_of([V1]))
    certificates = w.implicit(0, first + second)
    unsorted = der.parse(template)
    body = template[unsorted.children[1].children[0].header_end : at] + certificates + w.set_of([V1])
    before = w.sequence(w.oid("1.2.840.113549.1.7.2"), w.explicit(0, w.sequence(body)))
    assert facts(before)[1].certificates == (first, second)
    lowest = build.certificate(0)
    assert facts(rewrite.add_certificates(before, [lowest]))[1].certificates == (first, second, lowest)


def test_trailing_octets_stay() -> None:
    assert rewrite.add_certificates(message() + b"\r\n", [NEW]) == rewrite.add_certificates(message(), [NEW]) + b"\r\n"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", ParseError),
        (w.null(), ParseError),
        (message()[:-1], ParseError),
        (w.sequence(w.oid(DATA), w.explicit(0, w.octet_string(b"x"))), ParseError),
        (w.sequence(w.oid("1.2.840.113549.1.7.3"), w.explicit(0, w.sequence(w.integer(0), w.set_of([])))), UnsupportedError),
        (w.sequence(w.oid("1.2.840.113549.1.7.2"), w.explicit(0, w.sequence(w.integer(1)))), ParseError),
        (
            w.sequence(
                w.oid("1.2.840.113549.1.7.2"), w.explicit(0, w.sequence(w.integer(1), w.set_of([]), w.sequence(), w.set_of([]), w.null()))
            ),
            ParseError,
        ),
    ],
)
def test_faults(data: bytes, error: type[SMIMEError]) -> None:
    with pytest.raises(error):
        rewrite.add_signer(data, V1)


def test_malformed_signer() -> None:
    with pytest.raises(ParseError):
        rewrite.add_signer(message(), w.null())


@given(form=st.sampled_from(sorted(FORMS)), data=st.data())
def test_spoilt(form: str, data: st.DataObject) -> None:
    spoilt = data.draw(make.spoilt(st.just(FORMS[form]())))
    try:
        read(spoilt)
        after = rewrite.add_signer(rewrite.add_certificates(spoilt, [NEW]), V3)
    except SMIMEError:
        return
    (tail,) = (event for event in read(after) if isinstance(event, SignedDataTail))
    assert V3 in {info.raw for info in tail.signer_infos}
    assert NEW in tail.certificates
