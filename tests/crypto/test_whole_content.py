"""Content decrypted in one call is content decrypted as it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime.crypto.content_encryption import Decryptor, Encryptor, new_key
from smime.crypto.faults import Failed

_NAMES = ["aes-128-gcm", "aes-256-gcm", "aes-256-cbc", "chacha20-poly1305"]


@given(
    st.sampled_from(_NAMES),
    st.binary(max_size=80),
    st.binary(max_size=20),
    st.booleans(),
    st.sampled_from([None, "content", "tag", "short", "absent", "aad"]),
)
def test_whole(name: str, content: bytes, aad: bytes, early: bool, damage: str | None) -> None:
    key = new_key(name)
    if name.endswith("cbc"):
        aad, damage = b"", "content" if damage == "content" else None
    encryptor = Encryptor(name, key, aad=aad)
    sealed = encryptor.update(content) + encryptor.finalize()
    tag = encryptor.tag
    if damage == "content" and sealed:
        sealed = bytes((sealed[0] ^ 1,)) + sealed[1:]
    elif damage == "tag" and tag:
        tag = tag[:-1] + bytes((tag[-1] ^ 1,))
    elif damage == "short" and tag:
        tag = tag[:12]
    elif damage == "absent":
        tag = None
    elif damage == "aad":
        aad += b"x"

    def decryptor() -> Decryptor:
        return Decryptor(encryptor.algorithm, key, aad=aad if early else b"")

    late = b"" if early else aad
    stream = decryptor()
    try:
        plain = stream.update(sealed)
        expected: bytes | None = plain + stream.finalize(tag, late, (plain,))
    except Failed:
        expected = None
    if expected is None:
        with pytest.raises(Failed):
            decryptor().whole(sealed, tag, late)
    else:
        assert decryptor().whole(sealed, tag, late) == expected
