"""Keys that never leave a token: SoftHSM through python-pkcs11, by the example that shows how."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.peers import run
from tests.interop.test_interop import CONTENT

import smime
from smime.pki.throwaway import Person, ThrowawayPKI

_LIBRARIES = [
    Path(place) / "libsofthsm2.so" for place in ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/local/lib/softhsm")
]
_EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pkcs11_key.py"

pytestmark = pytest.mark.xdist_group("softhsm")


def _missing(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    library = next((path for path in _LIBRARIES if path.exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        _missing("no SoftHSM")
    if importlib.util.find_spec("pkcs11") is None:
        _missing("no python-pkcs11")
    import pkcs11

    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pins = ["--so-pin", "0000", "--pin", "1234"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        run(["softhsm2-util", "--init-token", "--free", "--label", "smime", *pins])
        token = pkcs11.lib(str(library)).get_token(token_label="smime")
        with token.open(rw=True, user_pin="1234") as opened:
            yield opened


@pytest.fixture(scope="module")
def pki() -> ThrowawayPKI:
    return ThrowawayPKI("Token")


def _wrapped(private: Any, public: Any) -> Any:
    spec = importlib.util.spec_from_file_location("pkcs11_key", _EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PKCS11Key(private, public)


@pytest.fixture(scope="module")
def alice(session: Any, pki: ThrowawayPKI) -> Person:
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from pkcs11 import KeyType
    from pkcs11.util.rsa import encode_rsa_public_key

    public, private = session.generate_keypair(KeyType.RSA, 2048)
    key = _wrapped(private, load_der_public_key(encode_rsa_public_key(public)))
    return pki.person("Alice", "alice@example.org", key)


@pytest.fixture(scope="module")
def bob(session: Any, pki: ThrowawayPKI) -> Person:
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from pkcs11 import Attribute, KeyType, Mechanism
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

    parameters = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True)
    public, private = parameters.generate_keypair(mechanism=Mechanism.EC_KEY_PAIR_GEN)
    return pki.person("Bob", "bob@example.org", _wrapped(private, load_der_public_key(encode_ec_public_key(public))))


@pytest.mark.parametrize("options", [{}, {"pss": True}, {"digest": "sha512"}], ids=["v1.5", "pss", "sha512"])
def test_rsa_signs(alice: Person, pki: ThrowawayPKI, options: dict[str, Any]) -> None:
    signed = smime.sign(CONTENT, smime.Signer(alice.private_key, alice.certificate, alice.chain, **options))
    assert smime.verify(signed, smime.TrustStore(pki.anchors), sender="alice@example.org").content == CONTENT


def test_ecdsa_signs(bob: Person, pki: ThrowawayPKI) -> None:
    signed = smime.sign(CONTENT, smime.Signer(bob.private_key, bob.certificate, bob.chain))
    assert smime.verify(signed, smime.TrustStore(pki.anchors), sender="bob@example.org").content == CONTENT


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-128-cbc"])
def test_both_decrypt(alice: Person, bob: Person, cipher: str) -> None:
    policy = smime.policies.OLDER_READERS
    encrypted = smime.encrypt(CONTENT, [alice.certificate, bob.certificate], content_encryption=cipher, policy=policy)
    for person in (alice, bob):
        decrypted = smime.decrypt(encrypted, smime.Identity(person.private_key, person.certificate))
        assert decrypted.content == CONTENT


def test_a_changed_key_fails_like_everything_else(alice: Person, pki: ThrowawayPKI) -> None:
    encrypted = smime.encrypt(CONTENT, alice.certificate, encoding="der", policy=smime.policies.OLDER_READERS)
    other = pki.person("Other", "other@example.org", "rsa2048")
    wrong = smime.encrypt(CONTENT, other.certificate, encoding="der", policy=smime.policies.OLDER_READERS)
    assert wrong != encrypted
    spoilt = bytearray(encrypted)
    place = encrypted.index(b"\x04\x82\x01\x00") + 40  # inside the encrypted key
    spoilt[place] ^= 1
    with pytest.raises(smime.DecryptionFailed):
        smime.decrypt(bytes(spoilt), smime.Identity(alice.private_key, alice.certificate))
