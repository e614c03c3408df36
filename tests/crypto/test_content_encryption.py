from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from cryptography.hazmat.bindings._rust import openssl as rust_openssl
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import Failed, gcm
from smime.crypto import content_encryption as ce
from smime.errors import LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import Limits

GCM = ("aes-128-gcm", "aes-192-gcm", "aes-256-gcm")
CCM = ("aes-128-ccm", "aes-192-ccm", "aes-256-ccm")
CBC_NAMES = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc")
AEAD = (*GCM, *CCM, "chacha20-poly1305")
WRITTEN = (*AEAD, *CBC_NAMES)

payloads = st.tuples(st.binary(max_size=70), st.sampled_from([1, 1, 3, 1000]))  # octets, how often
splits = st.lists(st.integers(0, 70_000), max_size=6)


def chunks(data, cuts):
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def build(name, *parameters):
    return AlgorithmIdentifier.build(algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name].oid, *parameters)


def gcm_parameters(nonce=bytes(12), icv_length=16):
    return writer.sequence(writer.octet_string(nonce), b"" if icv_length is None else writer.integer(icv_length))


# -- forms --


@pytest.mark.parametrize(
    ("name", "changes", "der"),
    [
        ("aes-256-gcm", {}, "301e060960864801650304012e3011040c000000000000000000000000020110"),
        ("aes-256-gcm", {"icv_length": None}, "301b060960864801650304012e300e040c000000000000000000000000"),
        ("aes-256-gcm", {"icv_length": 12}, "301b060960864801650304012e300e040c000000000000000000000000"),
        ("chacha20-poly1305", {}, "301b060b2a864886f70d0109100312040c000000000000000000000000"),
        (
            "aes-128-gcm",
            {"cek_hkdf": True},
            "302d060b2a864886f70d010910031f301e06096086480165030401063011040c000000000000000000000000020110",
        ),
        ("aes-128-cbc", {}, "301d0609608648016503040102041000000000000000000000000000000000"),
        ("aes-128-ccm", {}, "30190609608648016503040107300c040700000000000000020110"),
    ],
)
def test_identifiers_as_written(name, changes, der):
    iv = bytes(algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name].iv_size)
    algorithm = ce.algorithm_identifier(name, iv, **changes)
    assert algorithm.raw.hex() == der
    parameters = ce.parse_parameters(algorithm)
    assert (parameters.name, parameters.iv, parameters.cek_hkdf) == (name, iv, "cek_hkdf" in changes)


@pytest.mark.parametrize("name", WRITTEN)
def test_nonces_and_keys_are_fresh(name):
    key = ce.new_key(name)
    assert len(key) == algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name].key_size
    assert ce.new_key(name) != key
    assert ce.Encryptor(name, key).algorithm != ce.Encryptor(name, key).algorithm
    assert ce.encrypt(name, key, b"")[0] != ce.encrypt(name, key, b"")[0]


# -- RFC 9709 appendix B --


@pytest.mark.parametrize(
    ("name", "iv", "info", "derived"),
    [
        (
            "aes-128-cbc",
            "651f722ffd512c52fe072e507d72b377",
            "301d06096086480165030401020410651f722ffd512c52fe072e507d72b377",
            "9cd102c52f1e19ece8729b35bfeceb50",
        ),
        (
            "aes-128-gcm",
            "5c79058ba2f43447639d29e2",
            "301b0609608648016503040106300e040c5c79058ba2f43447639d29e2",
            "2124ffb29fac4e0fbbc7d5d87492bff3",
        ),
    ],
)
def test_rfc_9709_appendix_b(name, iv, info, derived):
    algorithm = ce.algorithm_identifier(name, bytes.fromhex(iv), icv_length=None, cek_hkdf=True)
    parameters = ce.parse_parameters(algorithm)
    assert parameters.info.hex() == info
    transported = bytes.fromhex("c702e7d0a9e064b09ba55245fb733cf3")
    if name == "aes-128-gcm":
        sealed = AESGCM(bytes.fromhex(derived)).encrypt(bytes.fromhex(iv), b"Hello, world!", None)
        ciphertext, tag = sealed[:-16], sealed[-16:]
    else:
        context = Cipher(AES(bytes.fromhex(derived)), CBC(bytes.fromhex(iv))).encryptor()
        ciphertext, tag = context.update(b"Hello, world!\x03\x03\x03"), None
    assert ce.decrypt(algorithm, transported, ciphertext, tag) == b"Hello, world!"


def test_the_info_of_cek_hkdf_is_der_where_the_message_is_ber():
    inner = ce.algorithm_identifier("aes-128-gcm", bytes(12))
    ber = b"\x30\x80" + inner.raw[2:] + b"\x00\x00"
    outer = AlgorithmIdentifier.build(algorithms.CEK_HKDF_SHA256.oid, ber)
    assert ce.parse_parameters(outer).info == inner.raw


def test_cek_hkdf_binds_the_inner_algorithm():
    key = ce.new_key("aes-128-gcm")
    algorithm, ciphertext, tag = ce.encrypt("aes-128-gcm", key, b"secret " * 4, cek_hkdf=True)
    assert ce.decrypt(algorithm, key, ciphertext, tag) == b"secret " * 4
    parameters = ce.parse_parameters(algorithm)
    for changed in (
        ce.algorithm_identifier("aes-128-gcm", parameters.iv),
        ce.algorithm_identifier("aes-128-ccm", parameters.iv, cek_hkdf=True),
        ce.algorithm_identifier("aes-128-cbc", parameters.iv + bytes(4), cek_hkdf=True),
    ):
        with pytest.raises(Failed):
            ce.decrypt(changed, key, ciphertext, tag if "cbc" not in str(ce.parse_parameters(changed).name) else None)
    for parameters in (None, algorithm.raw, b"\x30\x00", b"\x05\x00"):
        with pytest.raises(SMIMEError):
            ce.parse_parameters(AlgorithmIdentifier.build(algorithms.CEK_HKDF_SHA256.oid, parameters))


# -- round trips --


@pytest.mark.parametrize("cek_hkdf", [False, True])
@pytest.mark.parametrize("name", WRITTEN)
@given(data=payloads, cuts=splits, other_cuts=splits, aad=st.binary(max_size=40), late=st.booleans())
def test_round_trip(name, cek_hkdf, data, cuts, other_cuts, aad, late):
    key, data = ce.new_key(name), data[0] * data[1]
    aad = aad if name in AEAD else b""
    encryptor = ce.Encryptor(name, key, aad=aad, cek_hkdf=cek_hkdf)
    ciphertext = b"".join(encryptor.update(chunk) for chunk in chunks(data, cuts)) + encryptor.finalize()
    if name in AEAD:
        assert len(ciphertext) == len(data)
    else:
        assert len(ciphertext) == len(data) // 16 * 16 + 16
    assert (encryptor.tag is not None) == (name in AEAD)
    decryptor = ce.Decryptor(encryptor.algorithm, key, aad=b"" if late else aad)
    plaintext = b"".join(decryptor.update(chunk) for chunk in chunks(ciphertext, other_cuts))
    plaintext += decryptor.finalize(encryptor.tag, aad if late else b"", replay=chunks(plaintext, cuts))
    assert plaintext == data


@pytest.mark.parametrize("name", WRITTEN)
@given(data=payloads, cuts=splits, other_cuts=splits)
def test_round_trip_into_buffers(name, data, cuts, other_cuts):
    key, data = ce.new_key(name), data[0] * data[1]
    buffer = bytearray(70_000 + ce.OVERHEAD)
    encryptor = ce.Encryptor(name, key)
    ciphertext = b"".join(bytes(buffer[: encryptor.update_into(chunk, buffer)]) for chunk in chunks(data, cuts)) + encryptor.finalize()
    decryptor = ce.Decryptor(encryptor.algorithm, key)
    pieces = chunks(memoryview(ciphertext), other_cuts)
    plaintext = b"".join(bytes(buffer[: decryptor.update_into(chunk, buffer)]) for chunk in pieces) + decryptor.finalize(encryptor.tag)
    assert plaintext == data


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in CCM])
def test_a_buffer_that_is_too_small(name):
    key = ce.new_key(name)
    encryptor = ce.Encryptor(name, key)
    for stream in (encryptor, ce.Decryptor(encryptor.algorithm, key)):
        with pytest.raises(ValueError, match="octets more"):
            stream.update_into(bytes(100), bytearray(99))


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("size", [0, 1, 4096, 1 << 16, (1 << 16) + 1])
def test_one_call(name, size):
    key, data = ce.new_key(name), bytes(size)
    algorithm, ciphertext, tag = ce.encrypt(name, key, memoryview(data))
    assert ce.decrypt(algorithm, key, ciphertext, tag) == data
    if name in AEAD:
        algorithm, ciphertext, tag = ce.encrypt(name, key, data, aad=b"attributes")
        assert ce.decrypt(algorithm, key, ciphertext, tag, aad=b"attributes") == data
        with pytest.raises(Failed):
            ce.decrypt(algorithm, key, ciphertext, tag)


@pytest.mark.parametrize("name", AEAD)
def test_what_cryptography_says(name):
    key, aad, data = ce.new_key(name), b"aad", b"some content" * 9
    encryptor = ce.Encryptor(name, key, aad=aad)
    ciphertext = encryptor.update(data) + encryptor.finalize()
    iv = ce.parse_parameters(encryptor.algorithm).iv
    cipher = (ChaCha20Poly1305 if name.startswith("chacha") else AESGCM if "gcm" in name else AESCCM)(key)
    assert cipher.encrypt(iv, data, aad) == ciphertext + encryptor.tag


# -- changes are noticed --


@pytest.mark.parametrize("name", AEAD)
@given(st.data())
def test_any_change_fails(name, data):
    plaintext, aad = data.draw(st.binary(max_size=50)), data.draw(st.binary(max_size=20))
    key = ce.new_key(name)
    algorithm, ciphertext, tag = ce.encrypt(name, key, plaintext, aad=aad)
    parts = [bytearray(ciphertext), bytearray(tag), bytearray(aad)]
    part = data.draw(st.sampled_from([part for part in parts if part]))
    index = data.draw(st.integers(0, len(part) - 1))
    part[index] ^= 1 << data.draw(st.integers(0, 7))
    ciphertext, tag, aad = map(bytes, parts)
    with pytest.raises(Failed):
        ce.decrypt(algorithm, key, ciphertext, tag, aad=aad)
    decryptor = ce.Decryptor(algorithm, key)
    given_out = decryptor.update(ciphertext)
    with pytest.raises(Failed):
        decryptor.finalize(tag, aad, replay=[given_out])


@pytest.mark.parametrize("name", AEAD)
def test_attributes_that_come_or_go(name):
    key = ce.new_key(name)
    algorithm, ciphertext, tag = ce.encrypt(name, key, b"content", aad=b"attributes")
    decryptor = ce.Decryptor(algorithm, key)
    decryptor.update(ciphertext)
    with pytest.raises(Failed):
        decryptor.finalize(tag)
    algorithm, ciphertext, tag = ce.encrypt(name, key, b"content")
    decryptor = ce.Decryptor(algorithm, key)
    with pytest.raises(Failed):
        decryptor.finalize(tag, b"attributes", replay=[decryptor.update(ciphertext)])


@pytest.mark.parametrize("name", AEAD)
def test_attributes_are_given_once(name):
    decryptor = ce.Decryptor(ce.Encryptor(name, ce.new_key(name)).algorithm, ce.new_key(name), aad=b"attributes")
    with pytest.raises(ValueError, match="at the start"):
        decryptor.finalize(bytes(16), b"attributes")


@pytest.mark.parametrize("name", AEAD)
@pytest.mark.parametrize("size", [0, 4, 8, 11, 12, 13, 15, 17, 32])
def test_a_shortened_tag(name, size):
    key = ce.new_key(name)
    algorithm, ciphertext, tag = ce.encrypt(name, key, b"content")
    for wrong in (None, (tag * 2)[:size]):
        with pytest.raises(Failed):
            ce.decrypt(algorithm, key, ciphertext, wrong)


@pytest.mark.parametrize("stated", [None, 12, 13, 14, 15, 16])
@pytest.mark.parametrize("size", [0, 4, 8, 12, 13, 14, 15, 16])
@pytest.mark.parametrize("aad", [b"", b"attributes"])
def test_gcm_tag_sizes(stated, size, aad):
    """RFC 5084 section 3.2; absent means 12, and the sample of RFC 8551 section 3.4 has 16 then."""
    key = bytes(range(16))
    algorithm = build("aes-128-gcm", gcm_parameters(icv_length=stated))
    sealed = AESGCM(key).encrypt(bytes(12), b"content", aad or None)
    ciphertext, tag = sealed[:-16], sealed[-16:][:size]
    decryptor = ce.Decryptor(algorithm, key)
    decryptor.update(ciphertext)
    if size in ({12, 16} if stated is None else {stated}):
        assert decryptor.finalize(tag, aad) == b""
        decryptor = ce.Decryptor(algorithm, key)
        decryptor.update(ciphertext)
        tag = tag[:-1] + bytes([tag[-1] ^ 1])
    with pytest.raises(Failed):
        decryptor.finalize(tag, aad)


@pytest.mark.parametrize("size", [8, 12, 13, 16, 64])
@given(st.binary(max_size=100), st.binary(min_size=1, max_size=100), st.integers(0, 2**32))
def test_gcm_nonces_of_any_size_and_late_attributes(size, data, aad, seed):
    key, nonce = seed.to_bytes(16, "big"), seed.to_bytes(size, "little")
    sealed = AESGCM(key).encrypt(nonce, data, aad)
    plain = AESGCM(key).encrypt(nonce, data, None)
    assert gcm.tag_without_aad(key, nonce, aad, len(data), sealed[-16:]) == plain[-16:]
    assert ce.decrypt(build("aes-128-gcm", gcm_parameters(nonce)), key, sealed[:-16], sealed[-16:], aad=aad) == data


def test_late_attributes_behind_a_long_content():
    key = ce.new_key("aes-256-gcm")
    encryptor = ce.Encryptor("aes-256-gcm", key, aad=b"attributes")
    decryptor = ce.Decryptor(encryptor.algorithm, key)
    for _ in range(40):
        decryptor.update(encryptor.update(bytes(100_003)))
    encryptor.finalize()
    decryptor.finalize(encryptor.tag, b"attributes")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("aes-128-gcm", None),
        ("aes-128-gcm", b"\x05\x00"),
        ("aes-128-gcm", writer.octet_string(bytes(12))),
        ("aes-128-gcm", gcm_parameters(b"")),
        ("aes-128-gcm", gcm_parameters(bytes(65))),
        ("aes-128-gcm", gcm_parameters(icv_length=11)),
        ("aes-128-gcm", gcm_parameters(icv_length=17)),
        ("aes-128-gcm", gcm_parameters(icv_length=0)),
        ("aes-128-gcm", gcm_parameters(icv_length=-1)),
        ("aes-128-gcm", writer.sequence(writer.octet_string(bytes(12)), writer.integer(16), writer.NULL)),
        ("aes-128-ccm", gcm_parameters(bytes(6))),
        ("aes-128-ccm", gcm_parameters(bytes(14))),
        ("aes-128-ccm", gcm_parameters(bytes(7), 13)),
        ("aes-128-ccm", gcm_parameters(bytes(7), 8)),
        ("chacha20-poly1305", writer.octet_string(bytes(8))),
        ("chacha20-poly1305", gcm_parameters()),
        ("aes-128-cbc", writer.octet_string(bytes(15))),
        ("aes-128-cbc", None),
        ("des-ede3-cbc", writer.octet_string(bytes(16))),
        ("rc2-cbc", writer.sequence(writer.integer(59), writer.octet_string(bytes(8)))),
        ("rc2-cbc", writer.sequence(writer.integer(58), writer.octet_string(bytes(7)))),
    ],
)
def test_parameters_that_are_wrong(name, parameters):
    with pytest.raises(ParseError):
        ce.Decryptor(build(name, parameters), bytes(16))


def test_what_is_not_to_be_had():
    with pytest.raises(UnsupportedError, match="nonce"):
        ce.parse_parameters(build("aes-128-gcm", gcm_parameters(bytes(7))))
    with pytest.raises(UnsupportedError, match=r"1\.2\.3"):
        ce.parse_parameters(AlgorithmIdentifier.build("1.2.3"))
    for name in ("des-ede3-cbc", "des-cbc", "rc2-cbc", "rot13"):
        with pytest.raises(UnsupportedError, match=name):
            ce.Encryptor(name, bytes(24))
        with pytest.raises(UnsupportedError, match=name):
            ce.new_key(name)
    decryptor = ce.Decryptor(ce.algorithm_identifier("chacha20-poly1305", bytes(12)), bytes(32))
    decryptor.update(b"content")
    with pytest.raises(UnsupportedError, match="gone"):
        decryptor.finalize(bytes(16), b"attributes")


@pytest.mark.parametrize("name", [*WRITTEN, "des-ede3-cbc", "des-cbc"])
def test_keys_of_the_wrong_size(name):
    row = algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name]
    algorithm = ce.algorithm_identifier(name, bytes(row.iv_size))
    for size in {0, 5, 8, 16, 24, 32, 33} - {row.key_size}:
        with pytest.raises(Failed):
            ce.Decryptor(algorithm, bytes(size))
        if name in WRITTEN:
            with pytest.raises(ValueError, match="octets"):
                ce.Encryptor(name, bytes(size))


# -- CBC --


@pytest.mark.parametrize("name", CBC_NAMES)
def test_cbc_padding(name):
    key = ce.new_key(name)
    algorithm = ce.algorithm_identifier(name, bytes(16))
    for last in (b"\x01" * 15 + b"\x00", bytes(15) + b"\x11", b"\x02" * 14 + b"\x01\x02", b"\x10" * 14 + b"\x0f\x10", bytes(15) + b"\xff"):
        ciphertext = Cipher(AES(key), CBC(bytes(16))).encryptor().update(b"a block of text." + last)
        with pytest.raises(Failed):
            ce.decrypt(algorithm, key, ciphertext)
    for ciphertext in (b"", bytes(15), bytes(17), bytes(31)):
        with pytest.raises(Failed):
            ce.decrypt(algorithm, key, ciphertext)
    with pytest.raises(Failed):
        ce.Decryptor(algorithm, key).finalize(bytes(16))
    with pytest.raises(ValueError, match="authenticates nothing"):
        ce.Encryptor(name, key, aad=b"attributes")


def test_gcm_content_presented_as_cbc_and_the_other_way_round():
    key = ce.new_key("aes-128-gcm")
    _, ciphertext, tag = ce.encrypt("aes-128-gcm", key, bytes(48))
    with pytest.raises(Failed):
        ce.decrypt(ce.algorithm_identifier("aes-128-cbc", bytes(16)), key, ciphertext, tag)
    _, ciphertext, _ = ce.encrypt("aes-128-cbc", key, bytes(48))
    with pytest.raises(Failed):
        ce.decrypt(ce.algorithm_identifier("aes-128-gcm", bytes(12)), key, ciphertext)


# -- what is only read --


def seal(cipher, iv, data):
    padder = PKCS7(64).padder()
    return Cipher(cipher, CBC(iv)).encryptor().update(padder.update(data) + padder.finalize())


def rc2_parameters(version, iv=bytes(8)):
    return writer.sequence(writer.integer(version), writer.octet_string(iv))


@pytest.mark.parametrize("cuts", [[], [1], [8], [7, 16, 17]])
def test_old_ciphers_are_read(cuts):
    data, iv = b"an old message, from a time of small keys", bytes(range(8))
    for algorithm, cipher, key in (
        (ce.algorithm_identifier("des-ede3-cbc", iv), TripleDES(bytes(range(24))), bytes(range(24))),
        (ce.algorithm_identifier("des-cbc", iv), TripleDES(bytes(range(8)) * 3), bytes(range(8))),
        (build("rc2-cbc", rc2_parameters(58, iv)), RC2(bytes(range(16))), bytes(range(16))),
    ):
        ciphertext = seal(cipher, iv, data)
        assert ce.decrypt(algorithm, key, ciphertext) == data
        decryptor = ce.Decryptor(algorithm, key)
        assert b"".join(map(decryptor.update, chunks(ciphertext, cuts))) + decryptor.finalize() == data
        with pytest.raises(Failed):
            ce.decrypt(algorithm, key, ciphertext[:-1])


def test_rc2_of_40_bits():
    """Made with openssl 3.0: enc -rc2-40-cbc -K 0102030405 -iv 0807060504030201 -provider legacy."""
    algorithm = build("rc2-cbc", rc2_parameters(160, bytes.fromhex("0807060504030201")))
    ciphertext = bytes.fromhex(RC2_40)
    assert ce.decrypt(algorithm, bytes.fromhex("0102030405"), ciphertext) == b"export grade"
    buffer = bytearray(len(ciphertext) + ce.OVERHEAD)
    decryptor = ce.Decryptor(algorithm, bytes.fromhex("0102030405"))
    count = decryptor.update_into(ciphertext, buffer)
    assert bytes(buffer[:count]) + decryptor.finalize() == b"export grade"


def test_rc2_parameters():
    sizes = {160: (40, (5, 8, 16)), 120: (64, (8, 5, 16)), 58: (128, (16, 5, 8)), 256: (256, (32, 5, 8, 16))}
    for version, (bits, key_sizes) in sizes.items():
        parameters = ce.parse_parameters(build("rc2-cbc", rc2_parameters(version)))
        assert (parameters.effective_bits, parameters.key_sizes) == (bits, key_sizes)
    assert ce.parse_parameters(build("rc2-cbc", writer.octet_string(bytes(8)))).effective_bits == 32
    with pytest.raises(Failed):
        ce.Decryptor(build("rc2-cbc", rc2_parameters(58)), b"")


# -- limits --


def test_ccm_is_held_in_memory_up_to_a_limit():
    limits = Limits(structure_size=1000)
    encryptor = ce.Encryptor("aes-128-ccm", bytes(16), limits=limits)
    decryptor = ce.Decryptor(encryptor.algorithm, bytes(16), limits=limits)
    for stream in (encryptor, decryptor):
        stream.update(bytes(1000))
        with pytest.raises(LimitExceeded, match="structure_size=1000"):
            stream.update(b"!")


def test_ccm_with_more_than_its_nonce_allows():
    decryptor = ce.Decryptor(build("aes-128-ccm", gcm_parameters(bytes(13))), bytes(16))
    decryptor.update(bytes(1 << 16))
    with pytest.raises(Failed):
        decryptor.finalize(bytes(16))


def test_more_than_a_cipher_can_take(monkeypatch):
    key, buffer = bytes(16), bytearray(100)
    encryptor = ce.Encryptor("aes-128-gcm", key)
    decryptor = ce.Decryptor(encryptor.algorithm, key)
    decryptor.update(b"")  # starts it
    for stream in (encryptor._stream, decryptor.update.__self__):
        rust_openssl.ciphers._advance(stream._context, (1 << 36) - 40)
    for update in (encryptor.update, lambda data: encryptor.update_into(data, buffer)):
        with pytest.raises(UnsupportedError, match="AES-GCM"):
            update(bytes(16))
    for update in (decryptor.update, lambda data: decryptor.update_into(data, buffer)):
        with pytest.raises(Failed):
            update(bytes(16))
    monkeypatch.setattr("smime.crypto.ciphers._CHACHA_LARGEST", 100)
    encryptor = ce.Encryptor("chacha20-poly1305", bytes(32))
    encryptor.update(bytes(100))
    with pytest.raises(UnsupportedError, match="ChaCha20"):
        encryptor.update(b"!")


def test_aead_is_a_property_of_the_cipher():
    for name in WRITTEN:
        iv = bytes(algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name].iv_size)
        assert ce.parse_parameters(ce.algorithm_identifier(name, iv)).aead == (name in AEAD)
    with pytest.raises(UnsupportedError, match="rc2"):
        ce.algorithm_identifier("rc2-cbc", bytes(8))


@given(st.sampled_from(sorted(algorithms.CONTENT_ENCRYPTIONS)), st.binary(max_size=40))
def test_no_parameters_make_another_exception(oid, octets):
    with suppress(SMIMEError):
        ce.parse_parameters(AlgorithmIdentifier.build(oid, octets))


RC2_40 = "4acf31aa48bf5a4d53a0bc950d8780d6"


@pytest.mark.parametrize("name", ["aes-128-gcm", "aes-192-gcm", "aes-256-gcm"])
def test_the_identifier_of_gcm_is_what_its_parts_make(name: str) -> None:
    row = algorithms.CONTENT_ENCRYPTIONS_BY_NAME[name]
    for iv in (bytes(12), bytes(range(12))):
        built = ce.algorithm_identifier(name, iv)
        made = ce._gcm_identifier(row, iv)
        assert (made.oid, made.parameters, made.raw) == (built.oid, built.parameters, built.raw)
