from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from smime.crypto._rc2 import RC2CBC


@pytest.mark.parametrize(
    ("key", "bits", "plaintext", "ciphertext"),
    [
        ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
        ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
        ("88", 64, "0000000000000000", "61a8a244adacccf0"),
        ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
        ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
        ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
        ("88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000", "5b78d3a43dfff1f1"),
    ],
)
def test_rfc_2268_section_5(key, bits, plaintext, ciphertext):
    assert RC2CBC(bytes.fromhex(key), bytes(8), bits).update(bytes.fromhex(ciphertext)).hex() == plaintext


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8), st.integers(0, 20), st.integers(0, 20))
def test_same_as_cryptography(key, iv, first, second):
    ciphertext = bytes(range(first * 8)) + bytes(second * 8)
    expected = Cipher(RC2(key), CBC(iv)).decryptor().update(ciphertext)
    ours = RC2CBC(key, iv, 128)
    assert ours.update(ciphertext[: first * 8]) + ours.update(memoryview(ciphertext)[first * 8 :]) + ours.finalize() == expected


def test_whole_blocks_only():
    with pytest.raises(ValueError, match="blocks"):
        RC2CBC(bytes(5), bytes(8), 40).update(bytes(9))
