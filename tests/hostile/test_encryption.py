"""Hostile encrypted messages end in the error that they must, and all faults of a key look the same."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from tests.effort import linear
from tests.hostile.builder import ENTITY, opaque
from tests.hostile.encryption import CASES, Case, bomb, compressed, identity

import smime
from smime.errors import DecryptionFailed, SMIMEError
from smime.report import DecryptionReport

ALL = [pytest.param(one, id=one.name) for one in CASES.values()]


def _identities(one: Case) -> list[Any]:
    return [identity(entry) if isinstance(entry, str) else entry for entry in one.identities or ("rsa2048",)]


def _may_be_garbage(one: Case) -> bool:
    """A random key leaves good padding behind once in 256 times: then CBC gives garbage, as it has to (RFC 3218 section 2.3.2)."""
    return one.error is DecryptionFailed and "cbc" in one.name


@pytest.mark.parametrize("one", ALL)
def test_decrypt(one: Case) -> None:
    message, identities = one.make(), _identities(one)
    with linear(len(message)):
        if one.error is None:
            content = smime.decrypt(message, identities, policy=one.policy).content
            assert content == ENTITY or one.name in {"empty_content", "cbc_gadget"}
        else:
            try:
                content = smime.decrypt(message, identities, policy=one.policy).content
            except one.error as error:
                refused: SMIMEError | None = error
            else:
                refused = None
                assert _may_be_garbage(one)
                assert ENTITY not in content
            if isinstance(refused, DecryptionFailed):
                assert str(refused) == "decryption failed"
                assert refused.__cause__ is None
                assert refused.args == ()


@pytest.mark.parametrize("one", ALL)
def test_unwrap(one: Case) -> None:
    message, identities = one.make(), _identities(one)
    try:
        result = smime.unwrap(message, identities=identities, policy=one.policy)
    except (smime.LimitExceeded, smime.ParseError):  # the structure cannot be read at all
        assert one.error in {smime.LimitExceeded, smime.ParseError, SMIMEError}
        return
    if one.error is None:
        assert result.status == "encrypted"
        return
    if one.section == "E1":
        assert result.status == "unprotected"
        assert result.errant_layers
        assert result.content == message
        return
    report = result.layers[0].report
    assert isinstance(report, DecryptionReport)
    assert ENTITY not in result.content
    if report.decrypted:
        assert _may_be_garbage(one)
        return
    assert report.findings
    if one.error is DecryptionFailed:
        assert result.status == "unprotected"
        assert "decryption-failed" in {f.code for f in report.findings}


@pytest.mark.parametrize("one", [parameter for parameter in ALL if parameter.values[0].error is DecryptionFailed])  # type: ignore[attr-defined]
def test_in_pieces_and_without_release(one: Case) -> None:
    """Nothing comes out before the check, and the error is the same octet by octet."""
    message = one.make()
    machine = smime.MessageDecryptor(smime.Keyring(_identities(one)), policy=one.policy)
    out = [machine.update(message[at : at + 11]) for at in range(0, len(message), 11)]
    assert not any(out)
    try:
        content = machine.finalize().content
    except DecryptionFailed:
        return
    assert _may_be_garbage(one)
    assert ENTITY not in content


def test_enough() -> None:
    assert len(CASES) >= 100
    assert {"18.8", "18.9", "18.11", "18.12", "E1", "E2", "E3", "E4", "PB", "FL", "AS"} <= {one.section for one in CASES.values()}


# -- 13: compression (RFC 3274; rows DZ and BD) --

SMALL = smime.policies.RFC8551.replace(limits=smime.Limits(decompressed_size=1 << 24))


def _refused(message: bytes, error: type[SMIMEError], policy: smime.Policy = smime.policies.RFC8551) -> None:
    with linear(len(message)), pytest.raises(error):
        smime.unwrap(message, policy=policy)


def test_bomb() -> None:
    """64 MB of zeros where 16 MB are allowed."""
    _refused(compressed(bomb(1 << 26)), smime.LimitExceeded, SMALL)


def test_bomb_of_bombs() -> None:
    """A compressed message inside of another: each is bounded."""
    inner = b"Content-Type: text/plain\r\n\r\n"
    for _ in range(3):
        inner = compressed(zlib.compress(inner + bytes(1 << 20), 9))
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(decompressed_size=1 << 19))
    _refused(inner, smime.LimitExceeded, policy)


def test_ratio() -> None:
    """A ratio beyond the limit."""
    policy = smime.policies.RFC8551.replace(limits=smime.Limits(decompression_ratio=100))
    _refused(compressed(bomb(1 << 25)), smime.LimitExceeded, policy)


def test_compressed_a_hundred_times() -> None:
    message = b"Content-Type: text/plain\r\n\r\nx\r\n"
    for _ in range(100):
        message = compressed(zlib.compress(message))
    _refused(message, smime.LimitExceeded)


@pytest.mark.parametrize("fault", ["dictionary", "trailing", "cut", "garbage", "raw deflate", "empty"])
def test_malformed_streams(fault: str) -> None:
    good = zlib.compress(ENTITY)
    if fault == "dictionary":
        stream = zlib.compressobj(zdict=b"Content-Type: text/plain")
        octets = stream.compress(ENTITY) + stream.flush()
    else:
        raw = zlib.compressobj(wbits=-15)
        octets = {
            "trailing": good + b"more",
            "cut": good[:-3],
            "garbage": b"\xff" * 40,
            "raw deflate": raw.compress(ENTITY) + raw.flush(),
            "empty": b"",
        }[fault]
    _refused(compressed(octets), smime.ParseError)


def test_a_nested_limit_is_no_bad_verdict() -> None:
    """A bomb inside of a signature is told as a limit, wherever it stands."""
    signed = opaque(smime.sign(compressed(bomb(1 << 26)), _signer(), detached=False, encoding="der"))
    _refused(signed, smime.LimitExceeded, SMALL)


def _signer() -> smime.Signer:
    from tests.hostile.builder import person

    own = person()
    return smime.Signer(own.private_key, own.certificate, own.chain)
