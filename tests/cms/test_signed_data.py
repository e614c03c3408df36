"""SignedData: versions, SignerInfos in every form, and the templates that write them fast."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from asn1crypto import cms as independent
from hypothesis import given
from hypothesis import strategies as st
from tests.cms import build
from tests.parity import ber_strategies as make

from smime.asn1 import der
from smime.asn1 import writer as w
from smime.cms import attributes as a
from smime.cms import capabilities, ess
from smime.cms.content_info import DATA
from smime.cms.reader import read
from smime.cms.signed_data import build_signed_data, signed_data_version
from smime.cms.signer_info import SignerInfo
from smime.cms.templates import SignedDataTemplate, SignerInfoTemplate
from smime.errors import ParseError, SMIMEError

V1, V3 = build.signer_info(), build.signer_info(build.KEY_ID)
UTC = timezone.utc


@pytest.mark.parametrize(
    ("version", "arguments", "options"),
    [
        (1, (DATA, [V1]), {}),
        (1, (DATA, []), {}),
        (3, ("1.2.3", [V1]), {}),
        (3, (DATA, [V1, V3]), {}),
        (3, (DATA, [V1], [w.implicit(1, b"")]), {}),
        (4, (DATA, [V1], [w.implicit(1, b""), w.implicit(2, b"")]), {}),
        (5, (DATA, [V1], [w.implicit(2, b""), w.implicit(3, b"")]), {}),
        (5, (DATA, [V1]), {"other_revocation_infos": True}),
    ],
)
def test_versions(version: int, arguments: tuple[Any, ...], options: dict[str, bool]) -> None:
    """RFC 5652 section 5.1."""
    assert signed_data_version(*arguments, **options) == version


def test_long_signer_infos_have_versions_too() -> None:
    assert signed_data_version(DATA, [build.signer_info(build.KEY_ID, signature=bytes(size))]) == 3 if (size := 500) else False
    assert signed_data_version(DATA, [build.signer_info(signature=bytes(70_000))]) == 1


def test_der_and_independently_read() -> None:
    data = build_signed_data(
        digest_algorithms=[build.SHA512, build.SHA256, build.SHA256],
        content=b"content",
        signer_infos=[V3, V1],
        certificates=[build.certificate(2), build.certificate(1), build.certificate(2)],
        crls=[],
    )
    assert der.is_der(data)
    # the order of [0] IMPLICIT SET OF is not visible to a reader without schema
    (_, _, tail) = read(data)
    assert list(tail.certificates) == sorted({build.certificate(1), build.certificate(2)})
    content = independent.ContentInfo.load(data, strict=True)["content"]
    assert content["version"].native == "v3"
    assert [item["algorithm"].native for item in content["digest_algorithms"]] == ["sha256", "sha512"]
    assert content["encap_content_info"]["content"].native == b"content"
    infos = {info["version"].native: info for info in content["signer_infos"]}
    assert infos["v1"]["sid"].chosen["serial_number"].native == 0x1234
    assert infos["v3"]["sid"].chosen.native == build.KEY_ID.value
    for info in infos.values():
        assert info["signature_algorithm"]["algorithm"].native == "sha256_rsa"
        assert info["signed_attrs"].untag().dump() == build.signed_attributes()


def test_signer_info_forms() -> None:
    for sid, sid_raw in (
        (build.ISSUER_AND_SERIAL, build.ISSUER_AND_SERIAL.encode()),
        (build.KEY_ID, build.KEY_ID.encode()),
        (build.KEY_ID, b"\xa0\x80" + w.octet_string(build.KEY_ID.value) + b"\x00\x00"),
    ):
        for attrs in (b"", w.retag(build.signed_attributes(), 0xA0)):
            for signature in (w.octet_string(b"sig"), b"\x24\x80\x04\x02si\x04\x01g\x00\x00", b"\x24\x05\x04\x03sig"):
                for unsigned in (b"", w.set_of([a.attribute("1.2.3", w.null())], tag=0xA1)):
                    raw = w.sequence(w.integer(1), sid_raw, build.SHA256.raw, attrs, build.RSA_SHA256.raw, signature, unsigned)
                    info = SignerInfo.from_raw(raw)
                    assert (info.sid, info.signature, info.raw) == (sid, b"sig", raw)
                    assert (info.signed_attrs is None, info.unsigned_attrs is None) == (not attrs, not unsigned)
                    assert (info.digest_algorithm, info.signature_algorithm) == (build.SHA256, build.RSA_SHA256)
                    assert info == SignerInfo.from_element(der.parse(raw))
                    assert hash(info) == hash(SignerInfo.from_raw(raw))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([], "malformed SignerInfo"),
        ([w.integer(1)], "malformed SignerInfo"),
        ([w.integer(1), w.null(), build.SHA256.raw, build.RSA.raw, w.octet_string(b"")], "malformed SignerInfo"),
        ([w.integer(1), build.KEY_ID.encode(), build.SHA256.raw, w.octet_string(b"")], "malformed SignerInfo"),
        ([w.integer(1), w.octet_string(b"key"), build.SHA256.raw, build.RSA.raw, w.octet_string(b"")], "malformed SignerInfo"),
        ([w.integer(1), build.KEY_ID.encode(), build.SHA256.raw, build.RSA.raw, w.octet_string(b""), w.null()], "malformed SignerInfo"),
        ([w.integer(1), w.sequence(), build.SHA256.raw, build.RSA.raw, w.octet_string(b"")], "SEQUENCE ends too soon"),
        ([w.integer(1), build.KEY_ID.encode(), w.sequence(), build.RSA.raw, w.octet_string(b"")], "SEQUENCE ends too soon"),
        (
            [w.integer(1), build.KEY_ID.encode(), build.SHA256.raw, w.implicit(0, w.null()), build.RSA.raw, w.octet_string(b"")],
            "not a type and a set",
        ),
        ([w.integer(1), build.KEY_ID.encode(), build.SHA256.raw, build.RSA.raw, b"\x24\x02\x05\x00"], "a segment of OCTET STRING is NULL"),
    ],
)
def test_malformed_signer_infos(fields: list[bytes], reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        SignerInfo.from_raw(w.sequence(*fields))
    assert reason in caught.value.reason


@given(raw=make.spoilt(st.sampled_from([V1, V3])))
def test_only_our_errors(raw: bytes) -> None:
    try:
        info = SignerInfo.from_raw(raw)
    except SMIMEError:
        return
    assert info.raw == raw
    assert repr(info)


TIMES = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]))


@given(
    digest=st.binary(min_size=32, max_size=32),
    time=TIMES,
    extra=st.lists(st.tuples(st.integers(3, 90), st.binary(max_size=60)), max_size=4, unique_by=lambda item: item[0]),
    content_type=st.sampled_from([DATA, None, "1.2.840.113549.1.9.16.1.4"]),
    with_time=st.booleans(),
)
def test_signer_info_template(
    digest: bytes, time: datetime, extra: list[tuple[int, bytes]], content_type: str | None, with_time: bool
) -> None:
    """The template writes what the general builders write, in DER order, before and after 2050."""
    others = [a.attribute(f"1.2.840.113549.1.9.{number}", w.octet_string(value)) for number, value in extra]
    template = SignerInfoTemplate(
        build.ISSUER_AND_SERIAL, build.SHA256, build.RSA_SHA256, 32, others, content_type=content_type, signing_time=with_time
    )
    attrs = template.signed_attributes(digest, time if with_time else None)
    expected = [*others, a.message_digest(digest)]
    if content_type is not None:
        expected.append(a.content_type(content_type))
    if with_time:
        expected.append(a.signing_time(time))
    assert attrs == w.set_of(expected)
    for unsigned in ([], [a.countersignature(V3)]):
        built = SignerInfo.build(build.ISSUER_AND_SERIAL, build.SHA256, attrs, build.RSA_SHA256, b"signature", unsigned)
        assert template.signer_info(attrs, b"signature", unsigned) == built
    assert SignerInfo.from_raw(built).signed_attrs.is_der  # type: ignore[union-attr]


def test_template_of_the_usual_attributes() -> None:
    usual = [
        a.smime_capabilities(capabilities.DEFAULT_CAPABILITIES),
        a.cms_algorithm_protection(build.SHA256, signature=build.RSA_SHA256),
        ess.signing_certificate_v2(bytes(32)),
    ]
    template = SignerInfoTemplate(build.KEY_ID, build.SHA256, build.RSA_SHA256, 32, usual)
    attrs = template.signed_attributes(bytes(32), build.TIME)
    assert der.is_der(attrs)
    assert SignerInfo.from_raw(template.signer_info(attrs, bytes(256))).version == 3


def test_template_refuses_what_it_was_not_made_for() -> None:
    template = SignerInfoTemplate(build.ISSUER_AND_SERIAL, build.SHA256, build.RSA_SHA256, 32)
    for digest, time in ((bytes(31), build.TIME), (bytes(32), None), (bytes(32), datetime(2026, 1, 1))):
        with pytest.raises(ValueError, match=r"template|time zone"):
            template.signed_attributes(digest, time)


@pytest.mark.parametrize("signers", [[V1], [V3, V1], []])
def test_signed_data_template(signers: list[bytes]) -> None:
    version = signed_data_version(DATA, signers)
    certificates = [build.certificate(3), build.certificate(1)]
    template = SignedDataTemplate([build.SHA256], certificates, [build.certificate(9)], version=version)
    assert template.build(signers) == build_signed_data(
        digest_algorithms=[build.SHA256], content=None, signer_infos=signers, certificates=certificates, crls=[build.certificate(9)]
    )
    assert SignedDataTemplate([build.SHA256], content_type="1.2.3").build([V1]) == build_signed_data(
        digest_algorithms=[build.SHA256], content=None, signer_infos=[V1], content_type="1.2.3"
    )
