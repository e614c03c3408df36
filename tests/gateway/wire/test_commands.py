"""Commands, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.gateway.wire.commands import (
    FORWARD_ATTRIBUTES,
    Mail,
    Rcpt,
    decode_xtext,
    encode_xtext,
    parse_attributes,
    parse_mail,
    parse_rcpt,
    write_attributes,
    write_mail,
    write_rcpt,
)
from smime.gateway.wire.replies import Reply

ALL = frozenset({"SIZE", "8BITMIME", "SMTPUTF8", "DSN"})

paths = st.sampled_from(["a@b", "a.b+c@example.org", '"a b"@x', '"a\\"b>"@x', "x=y@[127.0.0.1]", "ü@exämple.org"])
mails = st.builds(
    Mail,
    sender=paths | st.just(""),
    size=st.none() | st.integers(0, 1 << 40),
    body=st.sampled_from([None, "7BIT", "8BITMIME"]),
    smtputf8=st.just(True),
    ret=st.sampled_from([None, "FULL", "HDRS"]),
    envid=st.sampled_from([None, "QQ314159", "a+2Bb"]),
)
rcpts = st.builds(
    Rcpt,
    recipient=paths | st.just("postmaster"),
    notify=st.sampled_from([None, "NEVER", "SUCCESS", "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"]),
    orcpt=st.sampled_from([None, "rfc822;bob+2B1@example.org", "utf-8;ü@x"]),
)


@given(mails)
def test_mail_comes_back(mail: Mail) -> None:
    line = write_mail(mail, ALL)
    assert line.endswith(b"\r\n")
    assert parse_mail(line[5:-2]) == mail


@given(rcpts)
def test_rcpt_comes_back(rcpt: Rcpt) -> None:
    assert parse_rcpt(write_rcpt(rcpt, ALL)[5:-2], smtputf8=True) == rcpt


@given(st.binary(max_size=60))
def test_anything_is_a_command_or_a_refusal(argument: bytes) -> None:
    for start in (b"", b"FROM:", b"FROM:<a@b> "):
        found = parse_mail(start + argument)
        assert isinstance(found, Mail) or found.permanent
    for start in (b"", b"TO:", b"TO:<a@b> "):
        rcpt = parse_rcpt(start + argument, smtputf8=True)
        assert isinstance(rcpt, Rcpt) or rcpt.permanent
    attributes = parse_attributes(argument, FORWARD_ATTRIBUTES)
    assert isinstance(attributes, dict) or attributes.permanent


@pytest.mark.parametrize(
    "argument",
    [
        b"FROM:a@b",
        b"FROM:<a@b",
        b"FROM:<a b@c>",
        b"FROM:<a@b> SIZE=-1",
        b"FROM:<a@b> SIZE",
        b"FROM:<a@b> SIZE=1 SIZE=2",
        b"FROM:<a@b> BODY=BINARYMIME",
        b"FROM:<a@b> SMTPUTF8=1",
        b"FROM:<a@b> RET=ALL",
        b"FROM:<a@b> ENVID=a+2",
        b"FROM:<a@b>SIZE=1",
        b"FROM:<a>",
        b"FROM:<@>",
        b"FROM:<a@>",
        b"FROM:<\xc3\xbc@b>",
        b"FROM:<a@b\xff> SMTPUTF8",
        b"FROM:<" + b"a" * 600 + b"@b>",
        b"TO:<a@b>",
    ],
)
def test_a_bad_mail_is_refused_for_good(argument: bytes) -> None:
    found = parse_mail(argument)
    assert isinstance(found, Reply)
    assert found.permanent


@pytest.mark.parametrize("argument", [b"FROM:<a@b> HOLDFOR=1", b"FROM:<a@b> AUTH=<>"])
def test_an_unknown_parameter_is_555(argument: bytes) -> None:
    found = parse_mail(argument)
    assert isinstance(found, Reply)
    assert (found.code, found.enhanced) == (555, "5.5.4")


@pytest.mark.parametrize(
    "argument", [b"TO:<>", b"TO:<bob>", b"TO:<a@b> NOTIFY=NEVER,DELAY", b"TO:<a@b> NOTIFY=", b"TO:<a@b> ORCPT=rfc822", b"TO:<a@b> X=1"]
)
def test_a_bad_rcpt_is_refused_for_good(argument: bytes) -> None:
    assert isinstance(parse_rcpt(argument, smtputf8=False), Reply)


@pytest.mark.parametrize(
    ("argument", "sender"),
    [(b"FROM:<@relay,@two:a@b>", "a@b"), (b"from: <a@b>", "a@b"), (b'FROM:<"> x"@b>', '"> x"@b'), (b"FROM:<> RET=hdrs", "")],
)
def test_forms_of_a_path(argument: bytes, sender: str) -> None:
    found = parse_mail(argument)
    assert isinstance(found, Mail)
    assert found.sender == sender


@pytest.mark.parametrize("path", ["a@b> SIZE=1", "a@b\r\nRSET", "a b@c", "a@b\n", "<a@b"])
def test_nothing_is_injected_by_an_address(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        write_mail(Mail(path), ALL)
    with pytest.raises(ValueError, match="is no path"):
        write_rcpt(Rcpt(path), ALL)


def test_only_announced_parameters_are_written() -> None:
    mail = Mail("a@b", 5, "8BITMIME", smtputf8=True, ret="FULL", envid="x")
    assert write_mail(mail, frozenset()) == b"MAIL FROM:<a@b>\r\n"
    assert write_rcpt(Rcpt("a@b", "NEVER", "rfc822;a@b"), frozenset({"SIZE"})) == b"RCPT TO:<a@b>\r\n"


@given(st.binary(max_size=60))
def test_xtext(octets: bytes) -> None:
    written = encode_xtext(octets)
    assert decode_xtext(written) == octets
    assert written.isascii()
    assert b" " not in written


@given(
    st.dictionaries(
        st.sampled_from(FORWARD_ATTRIBUTES),
        st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=200),
    )
)
def test_attributes_come_back(attributes: dict[str, str | None]) -> None:
    attributes = {
        name: value for name, value in attributes.items() if value is None or value.upper() not in {"[UNAVAILABLE]", "[TEMPUNAVAIL]"}
    }
    lines = write_attributes("XFORWARD", attributes, frozenset(FORWARD_ATTRIBUTES))
    got: dict[str, str | None] = {}
    for line in lines:
        assert line.startswith(b"XFORWARD ")
        found = parse_attributes(line[9:-2], FORWARD_ATTRIBUTES)
        if isinstance(found, Reply):
            assert any(value is not None and len(encode_xtext(value.encode())) > 1024 for value in attributes.values())
            return
        got |= found
    assert got == attributes


def test_a_line_of_attributes_is_not_longer_than_512() -> None:
    lines = write_attributes("XFORWARD", dict.fromkeys(FORWARD_ATTRIBUTES, "x" * 120), frozenset(FORWARD_ATTRIBUTES))
    assert len(lines) == 3
    assert max(map(len, lines)) <= 512


@pytest.mark.parametrize("argument", [b"", b"NAME", b"COLOR=red", b"NAME=a+0D+0AQUIT", b"NAME=a b", b"NAME=\xff"])
def test_bad_attributes_are_refused(argument: bytes) -> None:
    assert isinstance(parse_attributes(argument, FORWARD_ATTRIBUTES), Reply)


def test_unavailable_is_none() -> None:
    assert parse_attributes(b"name=[UNAVAILABLE] ADDR=IPV6:::1", FORWARD_ATTRIBUTES) == {"NAME": None, "ADDR": "IPV6:::1"}
