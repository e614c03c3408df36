"""A message that is at fault is refused for the same reason, and reported in the same words, wherever its octets are cut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.people import ADDRESS, identity, person, signer, trust

import smime
from smime.operations.unwrap import MessageUnwrapper
from smime.pki.identity import Keyring

NOW = datetime.now(timezone.utc)
MAIL = b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nSome text.\r\n\r\n--x\r\nMore.\n"


@lru_cache(maxsize=16)
def message(name: str) -> bytes:
    kind, _, encoding = name.partition(" ")
    if kind == "detached":
        return smime.sign(MAIL, signer("p256"))
    if kind == "opaque":
        return smime.sign(MAIL, signer("p256"), detached=False, encoding=encoding)  # type: ignore[arg-type] # one of the three
    if kind == "compressed":
        return smime.compress(smime.sign(MAIL, signer("p256")), encoding=encoding)  # type: ignore[arg-type] # one of the three
    return smime.encrypt(
        smime.sign(MAIL, signer("p256")),
        person("p256").certificate,
        content_encryption=kind,
        encoding=encoding,  # type: ignore[arg-type] # as above
    )


NAMES = [
    "detached",
    *(f"{kind} {encoding}" for kind in ("opaque", "compressed", "aes-256-gcm", "aes-256-cbc") for encoding in ("smime", "der", "pem")),
]


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    return Keyring.of(identity("p256"))


def machines(octets: bytes) -> list[Callable[[], Any]]:
    return [
        lambda: smime.MessageVerifier(trust(), sender=ADDRESS, at=NOW, now=NOW),
        lambda: smime.MessageDecryptor(keyring()),
        lambda: MessageUnwrapper(keyring=keyring(), trust=trust(), at=NOW, now=NOW, reread=lambda: iter((octets,))),
    ]


def outcome(make: Callable[[], Any], chunks: list[bytes]) -> Any:
    """Return the content and what is told about it, or the error and what it tells."""
    machine = make()
    try:
        for chunk in chunks:
            machine.update(chunk)
        result = machine.finalize()
    except smime.VerificationError as error:
        return "refused", error.report.to_dict()
    except smime.SMIMEError as error:
        return type(error).__name__, str(error)
    return result.content, result.to_dict() if hasattr(result, "to_dict") else result.report.to_dict()


@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=2),
    st.one_of(st.just(1.0), st.floats(0, 1)),
    st.lists(st.floats(0, 1), max_size=8),
    st.integers(0, 2),
)
@settings(max_examples=300)
def test_faults(name: str, changes: list[tuple[float, int]], keep: float, cuts: list[float], which: int) -> None:
    octets = bytearray(message(name))
    for place, octet in changes:
        octets[int(place * (len(octets) - 1))] = octet
    data = bytes(octets[: int(keep * len(octets))])
    edges = sorted({0, len(data), *(int(cut * len(data)) for cut in cuts)})
    make = machines(data)[which]
    assert outcome(make, [data[start:end] for start, end in pairwise(edges)]) == outcome(make, [data])


@given(st.sampled_from(NAMES), st.floats(0, 1), st.integers(0, 255), st.integers(0, 2))
@settings(max_examples=60)
def test_faults_octet_by_octet(name: str, place: float, octet: int, which: int) -> None:
    octets = bytearray(message(name))
    octets[int(place * (len(octets) - 1))] = octet
    data = bytes(octets)
    make = machines(data)[which]
    assert outcome(make, [data[at : at + 1] for at in range(len(data))]) == outcome(make, [data])
