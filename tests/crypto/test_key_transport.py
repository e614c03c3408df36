from __future__ import annotations

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.crypto.keys import key

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import Failed, digests
from smime.crypto import key_transport as kt
from smime.errors import KeyMismatchError, LimitExceeded, ParseError, SMIMEError, UnsupportedError
from smime.limits import Limits

NULL = writer.NULL
CEK = bytes(range(16))
V15 = kt.choose(v15=True)
OAEP = kt.choose()
OAEP_OID = algorithms.RSAES_OAEP.oid


def public(name="rsa"):
    return key(name).public_key()


def raw(block: bytes, name="rsa") -> bytes:
    """Encrypt an encoded message as it stands."""
    numbers = public(name).public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(256, "big")


def test_identifiers_as_written():
    assert V15.raw.hex() == "300d06092a864886f70d0101010500"
    assert OAEP.raw.hex() == (
        "303c06092a864886f70d010107302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500"
    )
    assert kt.oaep_algorithm("sha1").raw.hex() == "300d06092a864886f70d0101073000"


@pytest.mark.parametrize("algorithm", [V15, OAEP], ids=["v1.5", "OAEP"])
@pytest.mark.parametrize("size", [5, 16, 24, 32])
def test_round_trip(algorithm, size):
    cek = bytes(range(size))
    encrypted = kt.encrypt(public(), algorithm, cek)
    assert kt.decrypt(key("rsa"), algorithm, encrypted, size) == cek
    assert kt.decrypt(key("rsa"), algorithm, encrypted, (64, size)) == cek


# -- PKCS #1 v1.5 --


def v15_block(cek=CEK, head=b"\x00\x02", filler=None, separator=b"\x00"):
    filler = b"\x5a" * (256 - len(head) - len(separator) - len(cek)) if filler is None else filler
    return (head + filler + separator + cek).ljust(256, b"\x01")


BAD = {
    "block type 1": v15_block(head=b"\x00\x01"),
    "block type 0": v15_block(head=b"\x00\x00"),
    "first octet 1": v15_block(head=b"\x01\x02"),
    "no separator": v15_block(cek=b"\x11" * 16, separator=b""),
    "seven octets of padding": b"\x00\x02" + b"\x5a" * 7 + b"\x00" + b"\x33" * 246,
    "no padding": b"\x00\x02\x00" + b"\x33" * 253,
    "empty key": v15_block(b""),
    "a key too short": v15_block(CEK[:-1]),
    "a key too long": v15_block(CEK + b"!"),
    "a key of another cipher": v15_block(CEK * 2),
    "zero": bytes(256),
    "one": bytes(255) + b"\x01",
}


def test_a_good_block_is_good():
    assert kt.decrypt(key("rsa"), V15, raw(v15_block()), 16) == CEK


@pytest.mark.parametrize("case", sorted(BAD))
@pytest.mark.parametrize("size", [5, 16, 32])
def test_bad_padding_gives_a_random_key(case, size):
    if len(CEK * 2) == size and "another cipher" in case:
        size = 24
    encrypted = raw(BAD[case])
    results = {kt.decrypt(key("rsa"), V15, encrypted, size) for _ in range(3)}
    assert {len(result) for result in results} == {size}
    assert len(results) > 1 or case in {
        "block type 1",
        "block type 0",
        "first octet 1",
    }  # OpenSSL's own substitute is fixed for a ciphertext
    assert CEK not in results


@pytest.mark.parametrize("encrypted", [b"", bytes(255), bytes(257), b"\xff" * 256, b"\xff"])
def test_what_is_no_ciphertext_gives_a_random_key(encrypted):
    assert len(kt.decrypt(key("rsa"), V15, encrypted, 16)) == 16


def test_the_wrong_key_gives_a_random_key():
    encrypted = kt.encrypt(public("other-rsa"), V15, CEK)
    assert len(kt.decrypt(key("rsa"), V15, encrypted, 16)) == 16 != CEK


@given(st.binary(max_size=300), st.sampled_from([5, 16, 24, 32]))
def test_v15_never_fails(encrypted, size):
    assert len(kt.decrypt_v15(key("rsa"), encrypted, size)) == size


def test_v15_parameters():
    encrypted = kt.encrypt(public(), V15, CEK)
    assert kt.decrypt(key("rsa"), AlgorithmIdentifier.build(V15.oid), encrypted, 16) == CEK
    with pytest.raises(ParseError):
        kt.decrypt(key("rsa"), AlgorithmIdentifier.build(V15.oid, b"\x30\x00"), encrypted, 16)


# -- OAEP --


def hash_id(name, parameters=NULL):
    return writer.sequence(writer.oid(algorithms.DIGESTS_BY_NAME[name].oid), parameters)


def oaep(digest="sha256", mgf="sha256", label=None, null=NULL):
    parts = [
        b"" if digest is None else writer.explicit(0, hash_id(digest, null)),
        b"" if mgf is None else writer.explicit(1, writer.sequence(writer.oid(algorithms.MGF1.oid), hash_id(mgf, null))),
    ]
    if label is not None:
        parts.append(writer.explicit(2, writer.sequence(writer.oid(algorithms.P_SPECIFIED.oid), writer.octet_string(label))))
    return AlgorithmIdentifier.build(OAEP_OID, writer.sequence(*parts))


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("mgf", ["sha1", "sha256"])
@pytest.mark.parametrize("label", [None, b"", b"label"])
@pytest.mark.parametrize("null", [NULL, b""], ids=["NULL", "absent"])
def test_every_form_of_oaep_is_read(digest, mgf, label, null):
    algorithm = oaep(digest, mgf, label, null)
    assert kt.parse_oaep(algorithm.parameters) == kt.OAEPParameters(digest, mgf, label or b"")
    mask = padding.MGF1(digests.hash_algorithm(mgf))
    encrypted = public().encrypt(CEK, padding.OAEP(mask, digests.hash_algorithm(digest), label))
    assert kt.decrypt(key("rsa"), algorithm, encrypted, 16) == CEK
    assert kt.decrypt(key("rsa"), algorithm, kt.encrypt(public(), kt.oaep_algorithm(digest, mgf, label or b""), CEK), 16) == CEK


def test_sha3_in_oaep_is_not_to_be_had():
    algorithm = oaep("sha3-256", "sha3-256", null=b"")
    with pytest.raises(UnsupportedError, match="OAEP"):
        kt.encrypt(public(), algorithm, CEK)


def test_oaep_defaults_are_sha1():
    encrypted = kt.encrypt(public(), oaep("sha1", "sha1"), CEK)
    for algorithm in (oaep(None, None), oaep("sha1", None), oaep("sha1", "sha1", b"")):
        assert kt.decrypt(key("rsa"), algorithm, encrypted, 16) == CEK


def test_every_oaep_fault_is_one():
    encrypted = kt.encrypt(public(), OAEP, CEK)
    faults = [
        (OAEP, encrypted[:-1]),
        (OAEP, encrypted + b"\x00"),
        (OAEP, b""),
        (OAEP, b"\xff" * 256),
        (OAEP, bytes([encrypted[0] ^ 1]) + encrypted[1:]),
        (OAEP, kt.encrypt(public("other-rsa"), OAEP, CEK)),
        (OAEP, kt.encrypt(public(), OAEP, CEK + b"!")),
        (OAEP, kt.encrypt(public(), OAEP, b"")),
        (OAEP, kt.encrypt(public(), V15, CEK)),
        (oaep("sha1", "sha256"), encrypted),
        (oaep("sha256", "sha1"), encrypted),
        (oaep(label=b"label"), encrypted),
        (OAEP, raw(b"\x01" + bytes(255))),
    ]
    for algorithm, ciphertext in faults:
        with pytest.raises(Failed) as fault:
            kt.decrypt(key("rsa"), algorithm, ciphertext, 16)
        assert str(fault.value) == ""
        assert fault.value.__cause__ is None


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (None, ParseError),
        (NULL, ParseError),
        (writer.sequence(hash_id("sha256")), ParseError),
        (writer.sequence(writer.explicit(0, writer.oid("1.2.3"))), ParseError),
        (writer.sequence(writer.explicit(0, writer.sequence(writer.oid("1.2.3")))), UnsupportedError),
        (writer.sequence(writer.explicit(1, hash_id("sha256"))), UnsupportedError),
        (writer.sequence(writer.explicit(2, hash_id("sha256"))), UnsupportedError),
        (writer.sequence(writer.explicit(2, writer.sequence(writer.oid(algorithms.P_SPECIFIED.oid), NULL))), ParseError),
        (oaep("sha3-256", "sha3-256", null=b"").parameters, UnsupportedError),
    ],
)
def test_oaep_parameters_that_are_wrong(parameters, error):
    with pytest.raises(error):
        kt.decrypt(key("rsa"), AlgorithmIdentifier.build(OAEP_OID, parameters), bytes(256), 16)


@given(st.binary(max_size=60))
def test_no_parameters_make_another_exception(octets):
    for oid in (OAEP_OID, V15.oid, "1.2.3"):
        with pytest.raises(SMIMEError):
            kt.encrypt(public(), AlgorithmIdentifier.build(oid, octets + b"\x01"), CEK)


# -- keys --


def test_keys_bound_to_a_scheme():
    bound, exact = AlgorithmIdentifier.build(OAEP_OID), oaep("sha384", "sha384")
    assert kt.choose(bound) == OAEP
    assert kt.choose(exact) == kt.oaep_algorithm("sha384")
    kt.decrypt(key("rsa"), OAEP, kt.encrypt(public(), OAEP, CEK, key_algorithm=bound), 16, key_algorithm=bound)
    kt.encrypt(public(), oaep("sha384", "sha384"), CEK, key_algorithm=exact)
    encrypted = kt.encrypt(public(), V15, CEK)
    for key_algorithm in (bound, exact, AlgorithmIdentifier.build("1.2.840.113549.1.1.10")):
        with pytest.raises(KeyMismatchError, match="only"):
            kt.choose(key_algorithm, v15=True)
        with pytest.raises(KeyMismatchError):
            kt.encrypt(public(), V15, CEK, key_algorithm=key_algorithm)
        with pytest.raises(KeyMismatchError):
            kt.decrypt(key("rsa"), V15, encrypted, 16, key_algorithm=key_algorithm)
    with pytest.raises(KeyMismatchError, match="sha384"):
        kt.encrypt(public(), OAEP, CEK, key_algorithm=exact)
    with pytest.raises(KeyMismatchError):
        kt.choose(AlgorithmIdentifier.build("1.2.840.113549.1.1.10"))


def test_keys_of_another_kind_or_size():
    for function in (lambda: kt.encrypt(public("p256"), OAEP, CEK), lambda: kt.decrypt(key("p256"), V15, bytes(256), 16)):
        with pytest.raises(KeyMismatchError, match="key transport"):
            function()
    with pytest.raises(KeyMismatchError, match="too small"):
        kt.encrypt(public("rsa1024"), kt.oaep_algorithm("sha512"), CEK)
    with pytest.raises(LimitExceeded):
        kt.decrypt(key("rsa"), V15, bytes(256), 16, limits=Limits(rsa_modulus_bits=1024))


class Device:
    def public_key(self):
        return public()

    def decrypt(self, ciphertext, algorithm):
        if algorithm.oid == V15.oid:
            block = pow(int.from_bytes(ciphertext, "big"), key("rsa").private_numbers().d, public().public_numbers().n).to_bytes(256, "big")
            if block[:2] != b"\x00\x02":
                raise ValueError("bad padding")
            return block[2:].split(b"\x00", 1)[1]
        return kt.decrypt(key("rsa"), algorithm, ciphertext, 16)


def test_a_key_in_another_process_decrypts():
    device = Device()
    for algorithm in (V15, OAEP):
        assert kt.decrypt(device, algorithm, kt.encrypt(public(), algorithm, CEK), 16) == CEK
    for case in ("block type 1", "a key too long"):
        assert len(kt.decrypt(device, V15, raw(BAD[case]), 16)) == 16
    with pytest.raises(Failed):
        kt.decrypt(device, OAEP, bytes(256), 16)
    with pytest.raises(UnsupportedError):
        kt.decrypt(object(), V15, bytes(256), 16)


@pytest.mark.parametrize("algorithm", [V15, OAEP], ids=["v1.5", "OAEP"])
def test_openssl_agrees(algorithm, tmp_path, openssl):
    (tmp_path / "key.pem").write_bytes(key("rsa").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "pub.pem").write_bytes(public().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "cek").write_bytes(CEK)
    (tmp_path / "ours").write_bytes(kt.encrypt(public(), algorithm, CEK))
    options = ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"] if algorithm is OAEP else []
    run = {"cwd": tmp_path, "capture_output": True}
    subprocess.run([openssl, "pkeyutl", "-decrypt", "-inkey", "key.pem", "-in", "ours", "-out", "opened", *options], check=True, **run)
    assert (tmp_path / "opened").read_bytes() == CEK
    subprocess.run(
        [openssl, "pkeyutl", "-encrypt", "-pubin", "-inkey", "pub.pem", "-in", "cek", "-out", "theirs", *options], check=True, **run
    )
    assert kt.decrypt(key("rsa"), algorithm, (tmp_path / "theirs").read_bytes(), 16) == CEK
