from __future__ import annotations

import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.crypto.keys import AGREEING, key

from smime import algorithms
from smime.asn1 import der, writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import Failed, key_wrap, keys
from smime.crypto import key_agreement as ka
from smime.errors import KeyMismatchError, ParseError, UnsupportedError

CEK = bytes(range(32))
NULL = writer.NULL
EC_OID = "1.2.840.10045.2.1"
SCHEMES = sorted(algorithms.KEY_AGREEMENTS_BY_NAME)


def public(name):
    return key(name).public_key()


def sealed(name, ukm=None, algorithm=None):
    algorithm = algorithm or ka.choose(public(name), 32)
    ephemeral = ka.EphemeralKey(public(name))
    return ephemeral, algorithm, ephemeral.wrap(public(name), algorithm, CEK, ukm=ukm)


@pytest.mark.parametrize(
    ("name", "size", "der_hex"),
    [
        ("p256", 16, "301506062b8104010b01300b0609608648016503040105"),
        ("x25519", 32, "301a060b2a864886f70d0109100313300b060960864801650304012d"),
    ],
)
def test_algorithms_as_written(name, size, der_hex):
    assert ka.choose(public(name), size).raw.hex() == der_hex


@pytest.mark.parametrize(
    ("wrap", "ukm", "der_hex"),
    [
        ("aes-128-wrap", None, "3015300b0609608648016503040105a206040400000080"),
        ("aes-256-wrap", None, "3015300b060960864801650304012da206040400000100"),
        ("aes-128-wrap", bytes([1, 2, 3, 4]), "301d300b0609608648016503040105a006040401020304a206040400000080"),
    ],
)
def test_shared_info(wrap, ukm, der_hex):
    algorithm = key_wrap.algorithm_identifier(wrap)
    assert ka.shared_info(algorithm, key_wrap.kek_size(algorithm), ukm).hex() == der_hex


@pytest.mark.parametrize("ukm", [None, b"", b"user keying material"])
@pytest.mark.parametrize("name", AGREEING)
def test_round_trip(name, ukm):
    ephemeral, algorithm, wrapped = sealed(name, ukm)
    assert ka.unwrap(key(name), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped, ukm=ukm) == CEK
    for other in {None, b"", b"other"} - {ukm}:
        with pytest.raises(Failed):
            ka.unwrap(key(name), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped, ukm=other)
    for index in (0, len(wrapped) - 1):
        changed = wrapped[:index] + bytes([wrapped[index] ^ 1]) + wrapped[index + 1 :]
        with pytest.raises(Failed):
            ka.unwrap(key(name), ephemeral.algorithm, ephemeral.public_key, algorithm, changed, ukm=ukm)


@pytest.mark.parametrize("wrap", ["aes-128-wrap", "aes-192-wrap", "aes-256-wrap"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["p256", "x25519"])
def test_every_scheme(name, scheme, wrap):
    ephemeral, algorithm, wrapped = sealed(name, b"ukm", ka.algorithm_identifier(scheme, wrap))
    assert ka.parse(algorithm).scheme.name == scheme
    assert ka.unwrap(key(name), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped, ukm=b"ukm") == CEK


def test_the_key_encryption_key_by_the_book():
    """X9.63 written out: SHA-256(Z, counter, SharedInfo)."""
    name, scheme = "p256", ka.algorithm_identifier("dhSinglePass-stdDH-sha256kdf", "aes-256-wrap")
    ephemeral, _, wrapped = sealed(name, None, scheme)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), ephemeral.public_key)
    info = bytes.fromhex("3015300b060960864801650304012da206040400000100")
    kek = hashlib.sha256(key(name).exchange(ec.ECDH(), point) + bytes([0, 0, 0, 1]) + info).digest()
    assert key_wrap.unwrap(key_wrap.algorithm_identifier("aes-256-wrap"), kek, wrapped) == CEK


def test_one_ephemeral_key_for_several_recipients():
    ephemeral, algorithm, first = sealed("p256")
    other = ec.generate_private_key(ec.SECP256R1())
    second = ephemeral.wrap(other.public_key(), algorithm, CEK)
    assert first != second
    assert ka.unwrap(other, ephemeral.algorithm, ephemeral.public_key, algorithm, second) == CEK
    assert ephemeral.fits(other.public_key())
    for name in ("p384", "brainpool256", "x25519", "rsa"):
        assert not ephemeral.fits(public(name))
        with pytest.raises(KeyMismatchError):
            ephemeral.wrap(public(name), algorithm, CEK)
    assert ka.EphemeralKey(public("p256")).public_key != ephemeral.public_key


# -- the originator's key --


@pytest.mark.parametrize(
    "parameters", [None, NULL, writer.oid(algorithms.CURVES_BY_NAME["secp256r1"].oid)], ids=["absent", "NULL", "curve"]
)
@pytest.mark.parametrize("compressed", [False, True])
def test_forms_of_an_ec_key(parameters, compressed):
    ephemeral, algorithm, wrapped = sealed("p256")
    point = ephemeral.public_key
    if compressed:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).public_bytes(
            Encoding.X962, PublicFormat.CompressedPoint
        )
    assert ka.unwrap(key("p256"), AlgorithmIdentifier.build(EC_OID, parameters), point, algorithm, wrapped) == CEK


def test_points_that_are_none():
    ephemeral, algorithm, wrapped = sealed("p256")
    point = ephemeral.public_key
    hybrid = bytes([6 | point[-1] & 1]) + point[1:]
    off = point[:-1] + bytes([point[-1] ^ 1])
    for wrong in (hybrid, off, b"\x00", b"", point[:-1], point + b"\x00", b"\x04" + bytes(64), b"\x02" + b"\xff" * 32, point[1:]):
        with pytest.raises(Failed):
            ka.unwrap(key("p256"), ephemeral.algorithm, wrong, algorithm, wrapped)


def test_a_key_on_another_curve():
    ephemeral, algorithm, wrapped = sealed("p384")
    with pytest.raises(KeyMismatchError, match="another curve"):
        ka.unwrap(key("p256"), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped)
    with pytest.raises(Failed):
        ka.unwrap(key("p256"), AlgorithmIdentifier.build(EC_OID), ephemeral.public_key, algorithm, wrapped)
    with pytest.raises(KeyMismatchError, match="is EC"):
        ka.unwrap(key("p256"), AlgorithmIdentifier.build("1.3.101.110"), bytes(32), algorithm, wrapped)
    with pytest.raises(KeyMismatchError, match="is X25519"):
        ka.unwrap(key("x25519"), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped)
    explicit = AlgorithmIdentifier.build(EC_OID, writer.sequence(writer.integer(1)))
    with pytest.raises(KeyMismatchError):
        ka.unwrap(key("p384"), explicit, ephemeral.public_key, algorithm, wrapped)


LOW_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_x25519_points_of_low_order(point):
    """RFC 8418 section 2: an all-zero shared secret ends it."""
    ephemeral, algorithm, wrapped = sealed("x25519")
    with pytest.raises(Failed):
        ka.unwrap(key("x25519"), ephemeral.algorithm, bytes.fromhex(point), algorithm, wrapped)
    recipient = keys.load_der_public_key(writer.sequence(ephemeral.algorithm.raw, writer.bit_string(bytes.fromhex(point))))
    with pytest.raises(KeyMismatchError, match="nothing"):
        ka.EphemeralKey(recipient).wrap(recipient, algorithm, CEK)


@pytest.mark.parametrize(("name", "size"), [("x25519", 32), ("x448", 56)])
def test_forms_of_a_montgomery_key(name, size):
    ephemeral, algorithm, wrapped = sealed(name)
    assert len(ephemeral.public_key) == size
    assert ephemeral.algorithm.parameters is None
    inner = writer.octet_string(ephemeral.public_key)
    for form in (ephemeral.public_key, inner):
        assert ka.unwrap(key(name), ephemeral.algorithm, form, algorithm, wrapped) == CEK
    for wrong in (b"", ephemeral.public_key[1:], ephemeral.public_key + b"\x00", inner + b"\x00", b"\x05" + inner[1:]):
        with pytest.raises(Failed):
            ka.unwrap(key(name), ephemeral.algorithm, wrong, algorithm, wrapped)
    with pytest.raises(ParseError):
        ka.unwrap(
            key(name), AlgorithmIdentifier.build(ephemeral.algorithm.oid, writer.oid("1.2.3")), ephemeral.public_key, algorithm, wrapped
        )


# -- the rest --


def test_algorithms_that_are_wrong():
    ephemeral, _, wrapped = sealed("p256")
    scheme = algorithms.KEY_AGREEMENTS_BY_NAME["dhSinglePass-stdDH-sha256kdf"].oid
    for oid, parameters, error in (
        (scheme, None, ParseError),
        (scheme, NULL, ParseError),
        (scheme, writer.sequence(writer.oid("1.2.3")), UnsupportedError),
        ("1.3.132.1.15.1", key_wrap.algorithm_identifier("aes-128-wrap").raw, UnsupportedError),  # MQV
    ):
        with pytest.raises(error):
            ka.unwrap(key("p256"), ephemeral.algorithm, ephemeral.public_key, AlgorithmIdentifier.build(oid, parameters), wrapped)
    with pytest.raises(UnsupportedError):
        ka.algorithm_identifier("dhSinglePass-stdDH-sha256kdf", "3des-wrap")
    with pytest.raises(UnsupportedError):
        ka.algorithm_identifier("mqv", "aes-128-wrap")


def test_keys_that_do_not_agree():
    ephemeral, algorithm, wrapped = sealed("p256")
    for function in (
        lambda: ka.choose(public("rsa"), 16),
        lambda: ka.EphemeralKey(public("ed25519")),
        lambda: ka.unwrap(key("rsa"), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped),
    ):
        with pytest.raises(KeyMismatchError, match="agree"):
            function()
    with pytest.raises(UnsupportedError, match="curve"):
        ka.EphemeralKey(public("secp256k1"))


class Device:
    def __init__(self, name):
        self.name = name

    def public_key(self):
        return public(self.name)

    def exchange(self, peer):
        private_key = key(self.name)
        return private_key.exchange(ec.ECDH(), peer) if self.name.startswith("p") else private_key.exchange(peer)


@pytest.mark.parametrize("name", ["p256", "x25519"])
def test_a_key_in_another_process_agrees(name):
    ephemeral, algorithm, wrapped = sealed(name)
    assert ka.unwrap(Device(name), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped) == CEK

    class Signer:
        def public_key(self):
            return public(name)

    with pytest.raises(UnsupportedError):
        ka.unwrap(Signer(), ephemeral.algorithm, ephemeral.public_key, algorithm, wrapped)


@given(st.binary(max_size=80), st.binary(max_size=80), st.sampled_from(["p256", "x25519", "x448"]))
def test_no_octets_make_another_exception(point, wrapped, name):
    ephemeral, algorithm, _ = sealed(name)
    with pytest.raises(Failed):
        ka.unwrap(key(name), ephemeral.algorithm, point, algorithm, wrapped)


@pytest.mark.parametrize(
    "options", [[], ["-keyopt", "ecdh_kdf_md:sha256"], ["-keyopt", "ecdh_kdf_md:sha384", "-keyopt", "ecdh_cofactor_mode:1"]]
)
@pytest.mark.parametrize("name", ["p256", "p384", "p521", "brainpool384"])
def test_openssl_agrees(name, options, tmp_path, openssl):
    private_key = key(name)
    (tmp_path / "key.pem").write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    run = {"cwd": tmp_path, "capture_output": True}
    subprocess.run([openssl, "req", "-x509", "-key", "key.pem", "-subj", "/CN=x", "-out", "cert.pem"], check=True, **run)
    (tmp_path / "content").write_bytes(b"content")
    command = [
        openssl,
        "cms",
        "-encrypt",
        "-binary",
        "-aes-256-cbc",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "message",
        "-recip",
        "cert.pem",
    ]
    subprocess.run([*command, *options], check=True, **run)
    reader = der.Reader(der.parse((tmp_path / "message").read_bytes()))
    reader.oid()
    enveloped = der.Reader(reader.explicit(0))
    enveloped.integer()
    recipient = der.Reader(enveloped.set_of()[0])
    recipient.integer()
    originator = recipient.explicit(0).reader()  # [0] EXPLICIT of the CHOICE originatorKey [1] IMPLICIT
    algorithm_of_key, point = AlgorithmIdentifier.from_element(originator.any()), originator.bit_string()
    ukm = None if (element := recipient.optional_explicit(1)) is None else element.contents
    algorithm = AlgorithmIdentifier.from_element(recipient.any())
    wrapped = der.Reader(recipient.sequence_of()[0])
    wrapped.any()
    cek = ka.unwrap(private_key, algorithm_of_key, point, algorithm, wrapped.octet_string(), ukm=ukm)
    assert len(cek) == 32
