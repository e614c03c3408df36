"""Address fields: every mailbox is seen, tricks are flagged, nothing raises, work is linear."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.effort import linear

from smime.mime.address import Address, addresses_of, is_suspicious, parse_address_list, to_alabel
from smime.mime.header import HeaderFields


def specs(value: bytes | str) -> list[str]:
    return [address.addr_spec for address in parse_address_list(value) if not address.malformed]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a@b.c", ["a@b.c"]),
        (b" John <j@x.org>\r\n", ["j@x.org"]),
        (b'"Doe, John" <j@x.org>, k@y.org', ["j@x.org", "k@y.org"]),
        (b"Joe Q. Public <john.q.public@example.com>", ["john.q.public@example.com"]),
        (b"A Group:Ed <c@a.test>,joe@where.test,John <jdoe@one.test>;, x@y", ["c@a.test", "joe@where.test", "jdoe@one.test", "x@y"]),
        (b"Undisclosed recipients:;", []),
        (b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", ["pete@silly.test"]),
        (b"Mary <@node.test,@b:mary@example.net>, , jdoe@test  . example", ["mary@example.net", "jdoe@test.example"]),
        (b'"a b"@c.de, "john"@c.de, "a\\"b"@c.de', ['"a b"@c.de', "john@c.de", '"a\\"b"@c.de']),
        ("jörg@müller.de".encode(), ["jörg@müller.de"]),
        (b"x@[192.0.2.1], y@[IPv6:2001:db8::1]", ["x@[192.0.2.1]", "y@[IPv6:2001:db8::1]"]),
        (b"john . doe @ example . org", ["john.doe@example.org"]),
        ("a@b.c", ["a@b.c"]),
        (b"", []),
        (b" \r\n ", []),
    ],
)
def test_mailboxes(value: bytes | str, expected: list[str]) -> None:
    assert specs(value) == expected
    assert all(address.malformed is None for address in parse_address_list(value))


@pytest.mark.parametrize(
    "value",
    [
        b"a@x <b@y>",
        b"John <a@b> <c@d>",
        b"root",
        b"<>",
        b"a b@c",
        b"a@@b",
        b"@b",
        b"a@",
        b"a..b@c",
        b".a@c",
        b"a.@c",
        b"a@c.",
        b"a@.c",
        b"a@b..c",
        b"foo <a@b",
        b"foo <a@b, c@d>",
        b'"open <a@b>',
        b"(open a@b",
        b"a@b (open",
        b"a@b;c@d",
        b"a@b\0.c",
        b"a\0@b.c",
        b"x@\xff.org",
        b"a:b:c@d;;",
        b"> a@b",
        b'a@b "c"',
        b"a@[1.2.3.4",
        b"\\a@b",
    ],
)
def test_what_is_no_mailbox_is_seen(value: bytes) -> None:
    assert any(address.malformed for address in parse_address_list(value))


def test_the_angle_address_counts_and_the_piece_is_malformed() -> None:
    (address,) = parse_address_list(b"ceo@corp.test <x@evil.test>")
    assert (address.addr_spec, address.display_name, address.display_name_is_address) == ("x@evil.test", "ceo@corp.test", True)
    assert address.malformed


@pytest.mark.parametrize(
    ("value", "looks_like_address"),
    [
        (b'"ceo@corp.test" <x@evil.test>', True),
        (b"=?utf-8?q?ceo=40corp.test?= <x@evil.test>", True),
        (b'"=?utf-8?q?ceo=40corp.test?=" <x@evil.test>', True),
        ("ceo\uff20corp.test <x@evil.test>".encode(), True),
        (b"x@evil.test (ceo@corp.test)", True),
        (b'"x@evil.test" <x@evil.test>', False),
        (b'"X@Evil.test" <x@evil.test>', False),
        (b"Ceo <x@evil.test>", False),
        (b"Me @ Home <x@evil.test>", False),
    ],
)
def test_display_names_that_are_addresses(value: bytes, looks_like_address: bool) -> None:
    (address,) = parse_address_list(value)
    assert address.display_name_is_address is looks_like_address
    assert address.addr_spec == "x@evil.test"


def test_encoded_words_are_decoded_after_the_structure() -> None:
    (address,) = parse_address_list(b"=?utf-8?q?a=40b=2Ec=2C_?= =?utf-8?q?x=3Cy=40z=3E?= <b@good.test>")
    assert (address.display_name, address.addr_spec) == ("a@b.c, x<y@z>", "b@good.test")
    (address,) = parse_address_list(b"=?utf-8?Q?Doe,_J=C3=B6rg?= <b@good.test>")
    assert address.display_name == "Doe, Jörg"
    (address,) = parse_address_list(b"=?utf-8?q?x=40evil.test?=@good.test")
    assert address.local == "=?utf-8?q?x=40evil.test?="
    # an encoded-word that holds what a strict reader takes for structure is not taken as one
    assert len(parse_address_list(b"=?utf-8?q?a@evil.test,?= <b@good.test>")) == 2


def test_names_and_comments() -> None:
    group, other = parse_address_list(b'Team (x): "A  B" (c (d)) <a@b.c>; e@f (=?utf-8?q?G=C3=B6?=)')
    assert (group.group, group.display_name, group.comment) == ("Team", "A  B", "c (d)")
    assert (other.group, other.comment) == (None, "Gö")
    assert str(other) == "e@f"
    assert str(group) == "A  B <a@b.c>"
    assert repr(other) == "Address('', 'e', 'f')"
    assert other == Address("", "e", "f", "Gö")
    assert hash(other) == hash(Address("", "e", "f", "Gö"))
    assert other != "e@f"


@pytest.mark.parametrize(
    ("text", "suspicious"),
    [
        ("plain", False),
        ("tab\there", False),
        ("nul\0", True),
        ("Jörg 🙂", False),
        ("👩\u200d💻", False),
        ("a\u200db", True),
        ("abc\u202edef", True),
        ("zero\u200bwidth", True),
        ("bom\ufeff", True),
        ("del\x7f", True),
        ("hangul\u3164", True),
    ],
)
def test_suspicious_characters(text: str, suspicious: bool) -> None:
    assert is_suspicious(text) is suspicious
    for value in (f'"{text}" <a@b.c>', f"a@b.c ({text})"):
        assert parse_address_list(value)[0].suspicious is suspicious


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("Example.ORG", "example.org"),
        ("MÜLLER.de", "xn--mller-kva.de"),
        ("straße.de", "xn--strae-oqa.de"),
        ("mu\u0308ller.de", "xn--mller-kva.de"),
        ("a\u200bb.de", None),
        ("ü" * 70 + ".de", None),
        ("[1.2.3.4]", "[1.2.3.4]"),
        ("", None),
    ],
)
def test_a_labels(domain: str, expected: str | None) -> None:
    assert to_alabel(domain) == expected
    assert Address("", "x", domain).a_label_domain == expected


def test_all_fields_count() -> None:
    fields = HeaderFields.parse(b"From: a@b\nTo: x@y\nFROM: c@d,\n e@f\n\n")
    assert [address.addr_spec for address in addresses_of(fields, "From")] == ["a@b", "c@d", "e@f"]


tokens = st.sampled_from([*'ab @.,;:<>()[]"\\\r\n\0', "=?utf-8?q?x?=", "é", "\u202e", "a@b.c", "<a@b>"])


@given(st.lists(tokens, max_size=40).map("".join) | st.binary(max_size=60))
@example("a <b(@c")
def test_never_raises_and_loses_no_at_sign(value: str | bytes) -> None:
    addresses = parse_address_list(value)
    text = value if isinstance(value, str) else value.decode("latin-1")
    if "@" in text:
        assert addresses
    well_formed = [address for address in addresses if not address.malformed]
    for address in well_formed:
        assert address.local
        assert address.domain
        # what is written again is read again
        (again,) = parse_address_list(address.addr_spec)
        assert (again.local, again.domain, again.malformed) == (address.local, address.domain, None)


HOSTILE = [
    b"a@b.c, " * 100_000,
    b"(" * 100_000,
    b'"' * 100_001,
    b"<" * 100_000,
    b'\\"' * 100_000,
    b'"\\' * 100_000,
    b"=?a?q?" * 100_000,
    b"@" * 100_000,
    b"a " * 200_000,
    b"(a)" * 100_000,
    b"a@b.c <" + b"@a," * 100_000,
    b'<"' * 50_000,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:6].decode())
def test_work_is_linear(value: bytes) -> None:
    with linear(len(value)):
        parse_address_list(value)


@pytest.mark.parametrize("value", [b"a@x.org <a@x.org>", b"A@x.org <a@X.org>", b'"a@x.org" <a@x.org>'])
def test_the_same_address_twice_is_one(value: bytes) -> None:
    (address,) = parse_address_list(value)
    assert address.malformed is None
    assert address.addr_spec.lower() == "a@x.org"


def test_two_addresses_in_one_are_none() -> None:
    (address,) = parse_address_list(b"a@x.org <b@y.org>")
    assert address.malformed
