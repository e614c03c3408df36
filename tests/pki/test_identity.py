from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, pkcs12
from hypothesis import given
from hypothesis import strategies as st
from tests.corpora import corpora_path, rows

from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.errors import KeyMismatchError, LimitExceeded, ParseError, SMIMEError
from smime.limits import Limits
from smime.pki.identity import ContentKey, Identity, KeyEncryptionKey, Keyring, Password, load_identities
from smime.pki.keystores import pkcs12 as ours
from smime.pki.keystores.read import PasswordRequired
from smime.pki.throwaway import Person, ThrowawayPKI

PKI = ThrowawayPKI()
ALICE = PKI.person("Alice", "alice@example.com", "p256")
BOB = PKI.person("Bob", "bob@example.com", "rsa2048")
CAROL = PKI.person("Carol", "carol@example.com", "x25519")


def key_pem(person: Person, password: bytes | None = None, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return bytes(person.private_key.private_bytes(Encoding.PEM, form, encryption))


class TestIdentity:
    def test_key_and_certificate_belong_together(self) -> None:
        identity = Identity(ALICE.private_key, ALICE.certificate)
        assert identity.certificate == ALICE.certificate
        with pytest.raises(KeyMismatchError):
            Identity(BOB.private_key, ALICE.certificate)

    def test_a_key_elsewhere(self) -> None:
        class Token:
            def public_key(self) -> Any:
                return BOB.public_key

        assert Identity(Token(), BOB.certificate).certificate == BOB.certificate

    def test_secrets_do_not_show(self) -> None:
        assert "hush" not in repr((Password("hush"), ContentKey(b"hush"), KeyEncryptionKey(b"id", b"hush" * 4)))


class TestPEM:
    def test_a_bundle_in_any_order(self) -> None:
        bundle = (
            ALICE.certificate_pem
            + b"noise\n"
            + key_pem(BOB)
            + PKI.root.certificate.public_bytes(Encoding.PEM)
            + BOB.pem[len(key_pem(BOB)) :]
            + key_pem(ALICE)
        )
        identities = load_identities(bundle.replace(b"\n", b"\r\n"))
        assert [identity.facts.subject for identity in identities] == ["CN=Bob,O=Throwaway", "CN=Alice,O=Throwaway"]
        assert [certificate.subject for certificate in identities[0].chain] == ["CN=Throwaway Issuing CA,O=Throwaway"]

    def test_one_key_and_two_certificates(self) -> None:
        other = PKI.person("Alice", "alice@work.example", ALICE.private_key)
        identities = load_identities(key_pem(ALICE) + ALICE.certificate_pem + other.certificate_pem)
        assert len(identities) == 2

    @pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
    @pytest.mark.parametrize("password", ["pässword", "pässword".encode(), lambda: "pässword"])
    def test_encrypted_keys(self, form: PrivateFormat, password: Any) -> None:
        bundle = key_pem(BOB, "pässword".encode(), form) + BOB.certificate_pem
        assert len(load_identities(bundle, password)) == 1
        with pytest.raises(PasswordRequired, match="a password is needed"):
            load_identities(bundle)
        with pytest.raises(ParseError, match="password is wrong"):
            load_identities(bundle, "wrong")

    def test_a_password_that_is_not_needed_is_not_asked_for(self) -> None:
        def ask() -> str:
            raise AssertionError

        assert load_identities(ALICE.pem, ask)
        assert load_identities(ALICE.pem, "unused")

    def test_the_password_is_asked_for_once(self) -> None:
        asked = []
        bundle = key_pem(ALICE, b"x") + key_pem(BOB, b"x") + ALICE.certificate_pem + BOB.certificate_pem
        assert len(load_identities(bundle, lambda: asked.append(1) or "x")) == 2
        assert asked == [1]

    def test_certificates_beside_the_key(self, tmp_path: Path) -> None:
        (tmp_path / "key.pem").write_bytes(key_pem(ALICE))
        (tmp_path / "certificate.crt").write_bytes(ALICE.certificate.public_bytes(Encoding.DER))
        assert load_identities(tmp_path / "key.pem", certificates=tmp_path / "certificate.crt")

    @pytest.mark.parametrize(
        ("data", "error", "message"),
        [
            (ALICE.certificate_pem, KeyMismatchError, "no private key"),
            (key_pem(ALICE), KeyMismatchError, "no certificate"),
            (key_pem(ALICE) + BOB.certificate_pem, KeyMismatchError, "no certificate belongs"),
            (b"", ParseError, "nothing"),
            (b"hello", ParseError, "not a private key"),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", ParseError, "not closed"),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ParseError, "private key"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ParseError, "x509"),
        ],
    )
    def test_what_is_no_key_store(self, data: bytes, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            load_identities(data)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load_identities(tmp_path / "missing.pem")


OLD = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(500).key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
NEW = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(500).key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)


class TestPKCS12:
    @pytest.mark.parametrize("builder", [OLD, NEW], ids=["old", "new"])
    @pytest.mark.parametrize("password", ["secret", "pässwörd€"])
    def test_old_and_new_encryption(self, builder: Any, password: str) -> None:
        store = pkcs12.serialize_key_and_certificates(b"Bob", BOB.private_key, BOB.certificate, BOB.chain, builder.build(password.encode()))
        for given_ in (password, password.encode(), lambda: password):
            (identity,) = load_identities(store, given_)
            assert identity.certificate == BOB.certificate
            assert len(identity.chain) == 1
        with pytest.raises(ParseError, match="the password is wrong"):
            load_identities(store, "wrong")
        with pytest.raises(PasswordRequired):
            load_identities(store)
        with pytest.raises(LimitExceeded):
            ours.read(store, password.encode(), limits=Limits(kdf_iterations=100))

    def test_without_encryption(self) -> None:
        store = pkcs12.serialize_key_and_certificates(b"Alice", ALICE.private_key, ALICE.certificate, None, NoEncryption())
        assert load_identities(store)

    def test_a_changed_store_is_refused(self) -> None:
        store = bytearray(pkcs12.serialize_key_and_certificates(b"Bob", BOB.private_key, BOB.certificate, None, NEW.build(b"x")))
        store[len(store) // 2] ^= 1
        with pytest.raises(SMIMEError):
            load_identities(bytes(store), "x")

    @pytest.mark.parametrize("row", [row for row in rows() if row["op"] == "load-p12"], ids=lambda row: row["file"].split("/")[-2])
    def test_stores_of_others(self, row: dict[str, Any]) -> None:
        identities = load_identities(corpora_path() / row["file"], "no.secret")
        assert identities
        with pytest.raises(ParseError, match="password"):
            load_identities(corpora_path() / row["file"], "secret")

    @pytest.mark.parametrize(
        "name",
        [
            "4.5_PKCS_12_Object_for_Alice:alice",
            "5.5_PKCS_12_Object_for_Bob:bob",
            "7.5_PKCS_12_Object_for_Carlos:carlos",
            "8.5_PKCS_12_Object_for_Dana:dana",
        ],
    )
    def test_the_stores_of_rfc_9216_have_two_keys_each(self, name: str) -> None:
        file, _, password = name.partition(":")
        identities = load_identities(corpora_path() / "rfc9216" / f"{file}.p12", password)
        assert len(identities) == 2
        usages = [identity.facts.key_usage or frozenset() for identity in identities]
        assert sorted("digitalSignature" in usage for usage in usages) == [False, True]
        assert all(len(identity.chain) == 1 for identity in identities)

    @given(st.data())
    def test_damaged_stores_raise_nothing_else(self, data: st.DataObject) -> None:
        store = bytearray(STORE)
        store[data.draw(st.integers(0, len(STORE) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(SMIMEError):
            load_identities(bytes(store[: data.draw(st.integers(0, len(STORE)))]), "x")


STORE = pkcs12.serialize_key_and_certificates(b"Alice", ALICE.private_key, ALICE.certificate, None, NEW.build(b"x"))


class TestKeyring:
    def test_finds_by_either_identifier(self) -> None:
        alice, bob, carol = (Identity(person.private_key, person.certificate) for person in (ALICE, BOB, CAROL))
        keyring = Keyring([alice, bob, carol])
        assert keyring.find(IssuerAndSerialNumber(bob.facts.issuer_raw, bob.facts.serial)) == [bob]
        assert keyring.find(SubjectKeyIdentifier(carol.facts.ski or b"")) == [carol]
        assert keyring.find(IssuerAndSerialNumber(bob.facts.subject_raw, bob.facts.serial)) == []
        assert keyring.find(SubjectKeyIdentifier(b"unknown")) == []
        assert list(keyring) == [alice, bob, carol]
        assert Keyring.of(keyring) is keyring
        assert len(Keyring.of(alice)) == 1
        assert not Keyring()

    def test_all_that_match(self) -> None:
        other = PKI.person("Alice", "alice@work.example", ALICE.private_key)
        pair = [Identity(ALICE.private_key, ALICE.certificate), Identity(ALICE.private_key, other.certificate)]
        assert Keyring(pair).find(SubjectKeyIdentifier(pair[0].facts.ski or b"")) == pair

    def test_the_identifier_is_computed_only_where_there_is_none(self) -> None:
        without = PKI.person("Dan", "dan@example.com", ALICE.private_key, subject_key_identifier=False)
        identity = Identity(without.private_key, without.certificate)
        assert Keyring([identity]).find(SubjectKeyIdentifier(Identity(ALICE.private_key, ALICE.certificate).facts.ski or b"")) == [identity]

    def test_secrets(self) -> None:
        kek, password, content = KeyEncryptionKey(b"id", bytes(16)), Password("x"), ContentKey(bytes(32))
        keyring = Keyring([kek, password, content])
        assert keyring.key_encryption_keys(b"id") == [kek]
        assert keyring.key_encryption_keys(b"other") == []
        assert keyring.passwords == [password]
        assert keyring.content_keys == [content]
        assert Password("ä").secret == "ä".encode()
        with pytest.raises(ValueError, match="octets"):
            KeyEncryptionKey(b"id", b"short")
        with pytest.raises(TypeError):
            Keyring(["x"])  # type: ignore[list-item]

    def test_many(self) -> None:
        key = BOB.private_key
        assert isinstance(key, rsa.RSAPrivateKey)
        people = [PKI.person(f"P{number}", f"p{number}@example.com", ALICE.private_key) for number in range(300)]
        keyring = Keyring(Identity(person.private_key, person.certificate) for person in people)
        wanted = people[150].certificate
        (found,) = keyring.by_issuer_serial(wanted.issuer.public_bytes(), wanted.serial_number)
        assert found.certificate == wanted
