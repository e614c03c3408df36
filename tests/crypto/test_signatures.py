from __future__ import annotations

import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.crypto.keys import SIGNING, key

from smime import algorithms
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.crypto import InvalidSignature, KeyUnsuitable, MalformedSignature, digests, rsa_parameters, signatures
from smime.errors import KeyMismatchError, UnsupportedError

DATA = b"\x31\x20the DER of signed attributes"
NULL = writer.NULL
PSS = "1.2.840.113549.1.1.10"
RSA_DIGESTS = ("sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512")


def verify(name, scheme, signature, data=DATA, **changes):
    signatures.verify(key(name).public_key(), scheme.algorithm, scheme.digest, signature, data, **changes)


def algorithm(name, parameters=None):
    return AlgorithmIdentifier.build(algorithms.SIGNATURES_BY_NAME[name].oid, parameters)


# -- choosing and signing --


@pytest.mark.parametrize(
    ("name", "changes", "der", "digest"),
    [
        ("rsa", {}, "300d06092a864886f70d01010b0500", "sha256"),
        ("rsa", {"digest": "sha512"}, "300d06092a864886f70d01010d0500", "sha512"),
        (
            "rsa",
            {"pss": True},
            "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
            "sha256",
        ),
        ("p256", {}, "300a06082a8648ce3d040302", "sha256"),
        ("p384", {}, "300a06082a8648ce3d040303", "sha384"),
        ("p521", {}, "300a06082a8648ce3d040304", "sha512"),
        ("brainpool512", {}, "300a06082a8648ce3d040304", "sha512"),
        ("ed25519", {}, "300506032b6570", "sha512"),
        ("ed448", {}, "300506032b6571", "shake256-len"),
        ("ml-dsa-44", {}, "300b0609608648016503040311", "sha512"),
        ("ml-dsa-65", {}, "300b0609608648016503040312", "sha512"),
        ("ml-dsa-87", {}, "300b0609608648016503040313", "sha512"),
    ],
)
def test_schemes_as_written(name, changes, der, digest):
    scheme = signatures.choose_scheme(key(name).public_key(), **changes)
    assert scheme.algorithm.raw.hex() == der
    assert scheme.digest == digest
    assert scheme.digest_algorithm == digests.algorithm_identifier(digest)


@pytest.mark.parametrize("name", SIGNING)
def test_round_trip(name):
    scheme = signatures.choose_scheme(key(name).public_key())
    signature = signatures.sign(key(name), scheme, DATA)
    verify(name, scheme, signature)
    with pytest.raises(InvalidSignature):
        verify(name, scheme, signature, DATA + b"!")
    with pytest.raises(InvalidSignature):
        verify(name, scheme, bytes([signature[0] ^ 1]) + signature[1:])


@pytest.mark.parametrize("digest", RSA_DIGESTS)
@pytest.mark.parametrize("pss", [False, True], ids=["v1.5", "PSS"])
def test_rsa_with_every_digest(digest, pss):
    scheme = signatures.choose_scheme(key("rsa").public_key(), digest=digest, pss=pss)
    verify("rsa", scheme, signatures.sign(key("rsa"), scheme, DATA))
    verify(
        "rsa",
        scheme,
        signatures.sign_digest(key("rsa"), scheme, digests.digest(digest, DATA)),
        digests.digest(digest, DATA),
        prehashed=True,
    )


@pytest.mark.parametrize("digest", [*RSA_DIGESTS, "shake128", "shake256"])
def test_ecdsa_with_every_digest(digest):
    scheme = signatures.choose_scheme(key("p256").public_key(), digest=digest)
    verify("p256", scheme, signatures.sign(key("p256"), scheme, DATA))
    verify(
        "p256",
        scheme,
        signatures.sign_digest(key("p256"), scheme, digests.digest(digest, DATA)),
        digests.digest(digest, DATA),
        prehashed=True,
    )


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_broken_digests_are_not_written(digest):
    with pytest.raises(UnsupportedError):
        signatures.choose_scheme(key("rsa").public_key(), digest=digest)


@pytest.mark.parametrize(
    ("name", "digest"),
    [("ed25519", "sha256"), ("ed448", "sha512"), ("ml-dsa-87", "sha256"), ("ml-dsa-65", "shake128"), ("rsa", "shake128")],
)
def test_digests_that_do_not_go_with_the_key(name, digest):
    with pytest.raises(UnsupportedError):
        signatures.choose_scheme(key(name).public_key(), digest=digest)


def test_keys_that_do_not_sign():
    with pytest.raises(KeyMismatchError):
        signatures.choose_scheme(key("x25519").public_key())
    with pytest.raises(KeyMismatchError):
        signatures.sign(key("p256"), signatures.choose_scheme(key("rsa").public_key()), DATA)
    with pytest.raises(KeyMismatchError, match="RSASSA-PSS"):
        signatures.sign(key("rsa1024"), signatures.choose_scheme(key("rsa1024").public_key(), pss=True, digest="sha512"), DATA)


def test_schemes_without_prehash():
    for name in ("ed25519", "ed448", "ml-dsa-65"):
        scheme = signatures.choose_scheme(key(name).public_key())
        assert signatures.needs_content(scheme.algorithm)
        with pytest.raises(UnsupportedError):
            signatures.sign_digest(key(name), scheme, bytes(64))
        with pytest.raises(UnsupportedError):
            verify(name, scheme, bytes(64), bytes(64), prehashed=True)
    assert not signatures.needs_content(algorithm("ecdsa-with-SHA256"))


class Device:
    """A key in another process."""

    def __init__(self, name):
        self.name, self.asked = name, []

    def public_key(self):
        return key(self.name).public_key()

    def sign(self, data, scheme):
        self.asked.append((data, scheme.name, scheme.digest))
        return signatures.sign(key(self.name), scheme, data)


@pytest.mark.parametrize("name", ["rsa", "p256"])
def test_a_key_in_another_process_signs(name):
    device = Device(name)
    scheme = signatures.choose_scheme(device.public_key())
    verify(name, scheme, signatures.sign(device, scheme, memoryview(DATA)))
    assert device.asked == [(DATA, scheme.name, "sha256")]
    with pytest.raises(UnsupportedError):
        signatures.sign(object(), scheme, DATA)
    with pytest.raises(UnsupportedError):
        signatures.sign_digest(device, scheme, bytes(32))


# -- RSA PKCS #1 v1.5 --


@pytest.mark.parametrize("parameters", [None, NULL], ids=["absent", "NULL"])
@pytest.mark.parametrize("name", ["rsaEncryption", "sha256WithRSAEncryption"])
def test_rsa_parameters_and_the_plain_oid(name, parameters):
    signature = signatures.sign(key("rsa"), signatures.choose_scheme(key("rsa").public_key()), DATA)
    signatures.verify(key("rsa").public_key(), algorithm(name, parameters), "sha256", signature, DATA)
    with pytest.raises(MalformedSignature):
        signatures.verify(key("rsa").public_key(), algorithm(name, b"\x04\x00"), "sha256", signature, DATA)


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_old_rsa_signatures_are_read(digest):
    signature = key("rsa").sign(DATA, padding.PKCS1v15(), digests.hash_algorithm(digest))
    signatures.verify(key("rsa").public_key(), algorithm(f"{digest}WithRSAEncryption", NULL), digest, signature, DATA)
    if digest == "sha1":
        signatures.verify(key("rsa").public_key(), algorithm("oiw-sha1WithRSAEncryption", NULL), digest, signature, DATA)


def forge(encoded):
    """Return the signature whose encoded message is this."""
    numbers = key("rsa").private_numbers()
    size = 256
    padded = b"\x00\x01" + b"\xff" * (size - 3 - len(encoded)) + b"\x00" + encoded
    return pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def test_the_encoded_message_is_compared_whole():
    digest = digests.digest("sha256", DATA)
    rsa = algorithm("sha256WithRSAEncryption", NULL)
    signatures.verify(key("rsa").public_key(), rsa, "sha256", forge(SHA256_PREFIX + digest), DATA)
    garbage = SHA256_PREFIX[:1] + bytes([SHA256_PREFIX[1] + 2]) + SHA256_PREFIX[2:] + digest + b"\x05\x00"
    without_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest
    other_null = bytes.fromhex("3032300e06096086480165030402010581000420") + digest
    for wrong in (garbage, SHA256_PREFIX + digest + b"\x00", without_null, other_null, digest):
        with pytest.raises(InvalidSignature):
            signatures.verify(key("rsa").public_key(), rsa, "sha256", forge(wrong), DATA)
    short_padding = b"\x00\x01\xff\x00" + SHA256_PREFIX + digest
    numbers = key("rsa").private_numbers()
    padded = int.from_bytes(short_padding.ljust(256, b"\x00"), "big")
    with pytest.raises(InvalidSignature):
        signatures.verify(
            key("rsa").public_key(), rsa, "sha256", pow(padded, numbers.d, numbers.public_numbers.n).to_bytes(256, "big"), DATA
        )


def test_a_signature_of_the_wrong_size_says_so():
    scheme = signatures.choose_scheme(key("rsa").public_key())
    signature = signatures.sign(key("rsa"), scheme, DATA)
    for wrong in (signature[1:], signature + b"\x00", b"", b"\x00" + signature):
        with pytest.raises(MalformedSignature, match="octets"):
            verify("rsa", scheme, wrong)
    scheme = signatures.choose_scheme(key("ed25519").public_key())
    with pytest.raises(MalformedSignature, match="63 octets"):
        verify("ed25519", scheme, bytes(63))


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("sha256WithRSAEncryption", "sha1"),
        ("ecdsa-with-SHA256", "sha384"),
        ("ecdsa-with-SHA1", "sha256"),
        ("Ed25519", "sha256"),
        ("Ed448", "sha512"),
        ("id-dsa", "sha256"),
    ],
)
def test_digest_and_signature_algorithm_agree(name, digest):
    public_key = {"RSA": "rsa", "EC": "p256", "Ed25519": "ed25519", "Ed448": "ed448", "DSA": "dsa"}[algorithms.SIGNATURES_BY_NAME[name].key]
    with pytest.raises(MalformedSignature, match=digest):
        signatures.verify(key(public_key).public_key(), algorithm(name), digest, b"", DATA)


# -- RSASSA-PSS --


def hash_id(name, parameters=NULL):
    return writer.sequence(writer.oid(algorithms.DIGESTS_BY_NAME[name].oid), parameters)


def pss(digest="sha256", mgf="sha256", salt=32, trailer=None, mgf_oid=algorithms.MGF1.oid, null=NULL):
    parts = []
    if digest is not None:
        parts.append(writer.explicit(0, hash_id(digest, null)))
    if mgf is not None:
        parts.append(writer.explicit(1, writer.sequence(writer.oid(mgf_oid), hash_id(mgf, null))))
    if salt is not None:
        parts.append(writer.explicit(2, writer.integer(salt)))
    if trailer is not None:
        parts.append(writer.explicit(3, writer.integer(trailer)))
    return AlgorithmIdentifier.build(PSS, writer.sequence(*parts))


def pss_signature(digest="sha256", mgf="sha256", salt=32):
    return key("rsa").sign(DATA, padding.PSS(padding.MGF1(digests.hash_algorithm(mgf)), salt), digests.hash_algorithm(digest))


@pytest.mark.parametrize("null", [NULL, b""], ids=["NULL", "absent"])
def test_pss_spelled_out(null):
    signatures.verify(key("rsa").public_key(), pss(trailer=1, null=null), "sha256", pss_signature(), DATA)


def test_pss_defaults_are_sha1():
    signature = pss_signature("sha1", "sha1", 20)
    signatures.verify(key("rsa").public_key(), pss(None, None, None), "sha1", signature, DATA)
    signatures.verify(key("rsa").public_key(), pss("sha1", "sha1", 20, 1), "sha1", signature, DATA)
    with pytest.raises(MalformedSignature, match="sha1"):
        signatures.verify(key("rsa").public_key(), pss(None, None, None), "sha256", signature, DATA)


def test_pss_mgf_and_salt_are_those_stated():
    signatures.verify(key("rsa").public_key(), pss(mgf=None), "sha256", pss_signature(mgf="sha1"), DATA)
    for wrong in (pss(mgf="sha1"), pss(salt=20), pss(salt=0)):
        with pytest.raises(InvalidSignature):
            signatures.verify(key("rsa").public_key(), wrong, "sha256", pss_signature(), DATA)
    assert rsa_parameters.parse_pss(pss(mgf=None).parameters) == rsa_parameters.PSSParameters("sha256", "sha1", 32)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (None, "no parameters"),
        (NULL, "NULL"),
        (pss(trailer=2).parameters, "trailer"),
        (pss(salt=-1).parameters, "salt"),
        (pss(salt=1 << 40).parameters, "salt"),
        (writer.sequence(writer.explicit(4, NULL)), "should end"),
        (writer.sequence(hash_id("sha256")), "should end"),
    ],
    ids=["absent", "NULL", "trailer 2", "negative salt", "huge salt", "unknown field", "missing tag"],
)
def test_pss_parameters_that_are_wrong(parameters, reason):
    with pytest.raises(MalformedSignature, match=reason):
        signatures.verify(key("rsa").public_key(), AlgorithmIdentifier.build(PSS, parameters), "sha256", pss_signature(), DATA)


def test_pss_with_another_mask_generation_function():
    with pytest.raises(UnsupportedError, match="mask generation"):
        signatures.verify(key("rsa").public_key(), pss(mgf_oid="1.3.101.110"), "sha256", pss_signature(), DATA)


N = key("rsa").public_key().public_numbers().n


def pss_shake(name, trailer=0xBC, first=1, salt=None, wrong=b""):
    """RFC 8017 section 9.1.1 with SHAKE."""
    xof, size = {"shake128": (hashlib.shake_128, 32), "shake256": (hashlib.shake_256, 64)}[name]
    salt = bytes(range(size)) if salt is None else salt
    h = xof(bytes(8) + xof(DATA).digest(size) + salt + wrong).digest(size)
    block = bytes(256 - size - 1 - len(salt) - 1) + bytes([first]) + salt
    mask = xof(h).digest(len(block))
    masked = bytes(a ^ b for a, b in zip(block, mask, strict=True))
    encoded = bytes([masked[0] & 0x7F]) + masked[1:] + h + bytes([trailer])
    numbers = key("rsa").private_numbers()
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


@pytest.mark.parametrize("name", ["shake128", "shake256"])
def test_pss_with_shake(name):
    """RFC 8702 section 3.2.1."""
    public_key, scheme = key("rsa").public_key(), algorithm(f"RSASSA-PSS-{name.upper()}")
    signatures.verify(public_key, scheme, name, pss_shake(name), DATA)
    signatures.verify(public_key, scheme, name, pss_shake(name), digests.digest(name, DATA), prehashed=True)
    signatures.verify(public_key, scheme, name, pss_shake(name), DATA, key_algorithm=AlgorithmIdentifier.build(PSS))
    size = digests.hash_algorithm(name).digest_size
    for wrong in (
        pss_shake(name, trailer=0xCC),
        pss_shake(name, first=2),
        pss_shake(name, salt=bytes(size - 1)),
        pss_shake(name, salt=bytes(size + 1)),
        pss_shake(name, wrong=b"!"),
        bytes(255) + b"\x02",
        pow(1 << 2047, key("rsa").private_numbers().d, N).to_bytes(256, "big"),
        b"\xff" * 256,
        pss_shake(name)[1:],
        b"",
    ):
        with pytest.raises(InvalidSignature):
            signatures.verify(public_key, scheme, name, wrong, DATA)
    for data in (DATA + b"!", b""):
        with pytest.raises(InvalidSignature):
            signatures.verify(public_key, scheme, name, pss_shake(name), data)
        with pytest.raises(InvalidSignature):
            signatures.verify(public_key, scheme, name, pss_shake(name), data, prehashed=True)
    with pytest.raises(MalformedSignature, match="sha256"):
        signatures.verify(public_key, scheme, "sha256", pss_shake(name), DATA)
    with pytest.raises(MalformedSignature, match="no parameters"):
        signatures.verify(public_key, algorithm(scheme.name, b"\x04\x00"), name, pss_shake(name), DATA)
    with pytest.raises(InvalidSignature):
        signatures.verify(key("rsa1024").public_key(), scheme, name, pss_shake(name), DATA)


def test_keys_bound_to_pss():
    bound = AlgorithmIdentifier.build(PSS)
    exact = pss()
    public_key = key("rsa").public_key()
    for key_algorithm in (bound, exact, pss(salt=20)):
        signatures.verify(public_key, pss(), "sha256", pss_signature(), DATA, key_algorithm=key_algorithm)
    v15 = signatures.choose_scheme(public_key)
    with pytest.raises(KeyUnsuitable, match="only"):
        verify("rsa", v15, signatures.sign(key("rsa"), v15, DATA), key_algorithm=bound)
    for key_algorithm in (pss("sha512", "sha512", 64), pss(mgf="sha1"), pss(salt=33)):
        with pytest.raises(KeyUnsuitable):
            signatures.verify(public_key, pss(), "sha256", pss_signature(), DATA, key_algorithm=key_algorithm)
    scheme = signatures.choose_scheme(public_key, key_algorithm=bound)
    assert scheme.name == "RSASSA-PSS"
    assert signatures.choose_scheme(public_key, key_algorithm=pss("sha512", "sha512", 64)).digest == "sha512"
    with pytest.raises(KeyMismatchError):
        signatures.choose_scheme(public_key, digest="sha256", key_algorithm=pss("sha512", "sha512", 64))


@pytest.mark.parametrize("oid", [algorithms.RSAES_OAEP.oid, "1.2.840.113549.1.9.16.3.14"])
def test_keys_bound_to_encryption_do_not_verify(oid):
    scheme = signatures.choose_scheme(key("rsa").public_key())
    bound = AlgorithmIdentifier.build(oid)
    with pytest.raises(KeyUnsuitable):
        verify("rsa", scheme, signatures.sign(key("rsa"), scheme, DATA), key_algorithm=bound)
    with pytest.raises(KeyMismatchError):
        signatures.choose_scheme(key("rsa").public_key(), key_algorithm=bound)


# -- ECDSA, DSA --


def test_ecdsa_is_strict_der():
    scheme = signatures.choose_scheme(key("p256").public_key())
    r, s = decode_dss_signature(signatures.sign(key("p256"), scheme, DATA))
    verify("p256", scheme, encode_dss_signature(r, s))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    der = encode_dss_signature(r, s)
    for wrong in (
        der + b"\x00",
        der[:1] + b"\x81" + der[1:],
        writer.sequence(b"\x02" + bytes([len(writer.integer(r)) - 1]) + b"\x00" + writer.integer(r)[2:], writer.integer(s)),
        r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        writer.sequence(writer.integer(r), writer.integer(s), NULL),
        b"",
    ):
        with pytest.raises(InvalidSignature):
            verify("p256", scheme, wrong)
    for r_, s_ in ((0, s), (r, 0), (r + order, s), (r, s + order), (order, s), (-r, s)):
        with pytest.raises(InvalidSignature):
            verify("p256", scheme, writer.sequence(writer.integer(r_), writer.integer(s_)))
    with pytest.raises(MalformedSignature, match="two integers"):
        verify("p256", scheme, b"\x30\x00")


@pytest.mark.parametrize(
    ("name", "parameters"), [("ecdsa-with-SHA256", b"\x04\x00"), ("Ed25519", NULL), ("Ed448", NULL), ("ML-DSA-65", NULL)]
)
def test_no_parameters_where_none_belong(name, parameters):
    public_key = {"ecdsa-with-SHA256": "p256"}.get(name, name.lower())
    digest = algorithms.SIGNATURES_BY_NAME[name].digest or "sha512"
    with pytest.raises(MalformedSignature, match="no parameters"):
        signatures.verify(key(public_key).public_key(), algorithm(name, parameters), digest, b"", DATA)


def test_null_for_ecdsa_is_read():
    scheme = signatures.choose_scheme(key("p256").public_key())
    signature = signatures.sign(key("p256"), scheme, DATA)
    signatures.verify(key("p256").public_key(), algorithm("ecdsa-with-SHA256", NULL), "sha256", signature, DATA)


def test_old_ecdsa_and_dsa_are_read():
    from cryptography.hazmat.primitives.asymmetric import ec

    signature = key("p256").sign(DATA, ec.ECDSA(hashes.SHA1()))
    for parameters in (None, NULL):
        signatures.verify(key("p256").public_key(), algorithm("ecdsa-with-SHA1", parameters), "sha1", signature, DATA)
    signature = key("dsa").sign(DATA, hashes.SHA1())
    for name in ("id-dsa", "id-dsa-with-sha1"):
        signatures.verify(key("dsa").public_key(), algorithm(name), "sha1", signature, DATA)
        signatures.verify(key("dsa").public_key(), algorithm(name), "sha1", signature, digests.digest("sha1", DATA), prehashed=True)
    with pytest.raises(InvalidSignature):
        signatures.verify(key("dsa").public_key(), algorithm("id-dsa"), "sha1", signature, DATA + b"!")


# -- EdDSA, ML-DSA --


def test_ed25519_refuses_s_above_the_order():
    scheme = signatures.choose_scheme(key("ed25519").public_key())
    signature = signatures.sign(key("ed25519"), scheme, DATA)
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(InvalidSignature):
        verify("ed25519", scheme, signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("digest", ["shake256", "shake256-len"])
def test_ed448_goes_with_both_names_of_shake256(digest):
    scheme = signatures.choose_scheme(key("ed448").public_key())
    signatures.verify(key("ed448").public_key(), scheme.algorithm, digest, signatures.sign(key("ed448"), scheme, DATA), DATA)


@pytest.mark.parametrize("digest", ["sha256", "sha3-512", "shake256"])
def test_ml_dsa_takes_any_digest_of_the_content(digest):
    scheme = signatures.choose_scheme(key("ml-dsa-44").public_key())
    signatures.verify(key("ml-dsa-44").public_key(), scheme.algorithm, digest, signatures.sign(key("ml-dsa-44"), scheme, DATA), DATA)


# -- anything else --


@pytest.mark.parametrize("name", ["SLH-DSA-SHA2-128s", "SLH-DSA-SHAKE-256f"])
def test_known_and_not_to_be_had(name):
    with pytest.raises(UnsupportedError, match=name):
        signatures.verify(key("rsa").public_key(), algorithm(name), "shake128", b"", DATA)


def test_unknown_algorithm():
    for function in (signatures.needs_content, signatures.digest_of):
        with pytest.raises(UnsupportedError, match=r"1\.2\.3"):
            function(AlgorithmIdentifier.build("1.2.3"))


def test_parameters_of_a_bound_key_that_are_wrong():
    for parameters in (NULL, pss(trailer=2).parameters):
        with pytest.raises(KeyUnsuitable, match="malformed"):
            signatures.verify(
                key("rsa").public_key(), pss(), "sha256", pss_signature(), DATA, key_algorithm=AlgorithmIdentifier.build(PSS, parameters)
            )
    no_digest = writer.sequence(writer.explicit(1, writer.sequence(writer.oid(algorithms.MGF1.oid))))
    with pytest.raises(MalformedSignature, match="MGF1"):
        signatures.verify(key("rsa").public_key(), AlgorithmIdentifier.build(PSS, no_digest), "sha1", b"", DATA)


def test_a_digest_that_the_scheme_does_not_take():
    with pytest.raises(UnsupportedError, match="shake128"):
        signatures.verify(key("rsa").public_key(), algorithm("rsaEncryption", NULL), "shake128", bytes(256), DATA)


def test_a_key_that_says_nothing_special():
    scheme = signatures.choose_scheme(key("rsa").public_key())
    plain = AlgorithmIdentifier.build(algorithms.RSA_ENCRYPTION.oid, NULL)
    verify("rsa", scheme, signatures.sign(key("rsa"), scheme, DATA), key_algorithm=plain)
    assert signatures.choose_scheme(key("rsa").public_key(), key_algorithm=plain) is scheme


def test_pss_leaves_defaults_out():
    assert rsa_parameters.pss_algorithm("sha1").parameters == b"\x30\x00"
    assert rsa_parameters.pss_algorithm("sha512", "sha1", 20).parameters == writer.sequence(writer.explicit(0, hash_id("sha512")))


def test_a_digest_of_the_wrong_size():
    for name, scheme in (("rsa", algorithm("sha256WithRSAEncryption", NULL)), ("p256", algorithm("ecdsa-with-SHA256"))):
        signature = signatures.sign(key(name), signatures.choose_scheme(key(name).public_key()), DATA)
        with pytest.raises(MalformedSignature):
            signatures.verify(key(name).public_key(), scheme, "sha256", signature, bytes(31), prehashed=True)
    with pytest.raises(KeyMismatchError):
        signatures.sign_digest(key("rsa"), signatures.choose_scheme(key("rsa").public_key()), bytes(31))


def test_digest_of():
    assert signatures.digest_of(algorithm("ecdsa-with-SHA384")) == "sha384"
    assert signatures.digest_of(pss("sha512", "sha512", 64)) == "sha512"
    assert signatures.digest_of(algorithm("rsaEncryption")) is None


@pytest.mark.parametrize("name", SIGNING)
def test_another_kind_of_key(name):
    scheme = signatures.choose_scheme(key(name).public_key())
    other = "p256" if not name.startswith(("p", "brain")) else "rsa"
    with pytest.raises(KeyUnsuitable):
        verify(other, scheme, b"")


@given(st.binary(max_size=300), st.sampled_from(["rsa", "p256", "ed25519", "ml-dsa-44", "dsa"]))
def test_no_signature_makes_another_exception(octets, name):
    scheme = signatures.choose_scheme(key(name).public_key()).algorithm if name != "dsa" else algorithm("id-dsa")
    digest = signatures.digest_of(scheme) or "sha512"
    with pytest.raises(InvalidSignature):
        signatures.verify(key(name).public_key(), scheme, digest, octets, DATA)


@given(st.binary(max_size=60), st.sampled_from(sorted(algorithms.SIGNATURES)))
def test_no_parameters_make_another_exception(octets, oid):
    row = algorithms.SIGNATURES[oid]
    public_key = {"RSA": "rsa", "EC": "p256", "DSA": "dsa", "SLH-DSA": "rsa"}.get(row.key, row.key.lower())
    with pytest.raises((InvalidSignature, UnsupportedError)):
        signatures.verify(key(public_key).public_key(), AlgorithmIdentifier.build(oid, octets), row.digest or "sha256", b"\x00", DATA)


@pytest.mark.parametrize(
    ("name", "changes"), [("rsa", {}), ("rsa", {"pss": True}), ("p256", {}), ("p521", {}), ("brainpool256", {}), ("ed25519", {})]
)
def test_openssl_agrees(name, changes, tmp_path, openssl):
    private_key = key(name)
    scheme = signatures.choose_scheme(private_key.public_key(), **changes)
    (tmp_path / "key.pem").write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "pub.pem").write_bytes(private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "ours").write_bytes(signatures.sign(private_key, scheme, DATA))
    options = ["-rawin"]
    if name != "ed25519":
        options += ["-digest", scheme.digest]
    if changes:
        options += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
    common = [openssl, "pkeyutl", "-in", "data", *options]
    subprocess.run([*common, "-verify", "-pubin", "-inkey", "pub.pem", "-sigfile", "ours"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([*common, "-sign", "-inkey", "key.pem", "-out", "theirs"], cwd=tmp_path, check=True, capture_output=True)
    verify(name, scheme, (tmp_path / "theirs").read_bytes())
