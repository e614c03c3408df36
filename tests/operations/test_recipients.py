"""Recipients of every kind, what they announce, and several under one originator key."""

from __future__ import annotations

import itertools

import pytest
from cryptography import x509
from tests.hostile.builder import Signature, SignedData

import smime
from smime.asn1 import writer
from smime.cms import attributes as attrs
from smime.cms.capabilities import CAPABILITIES
from smime.cms.identifiers import IssuerAndSerialNumber, SubjectKeyIdentifier
from smime.cms.reader import AuthEnvelopedDataHead, EnvelopedDataHead, read
from smime.cms.recipient_info import KEMRecipientInfo, KeyAgreeRecipientInfo, KeyTransRecipientInfo
from smime.cms.signed_data import SignerInfo, build_signed_data
from smime.crypto import digests, signatures
from smime.pki.certificate import Certificate
from smime.pki.throwaway import ThrowawayPKI

PKI = ThrowawayPKI()
TRUST = smime.TrustStore([PKI.root.certificate])
KINDS = ["rsa2048", "p256", "p384", "p521", "brainpoolp256r1", "x25519", "x448", "mlkem768", "mlkem1024"]
PEOPLE = {kind: PKI.person(kind, f"{kind}@example.org", key=kind) for kind in KINDS}
KEY = smime.KeyEncryptionKey(b"ours", bytes(range(32)))
PASSWORD = smime.Password("correct horse")


def identity(person: object) -> smime.Identity:
    return smime.Identity(person.private_key, person.certificate)  # type: ignore[attr-defined]


def head_of(message: bytes) -> EnvelopedDataHead:
    (head, *_) = read(message)
    assert isinstance(head, EnvelopedDataHead)
    return head


@pytest.mark.parametrize(
    "content_encryption", ["aes-256-gcm", "aes-128-gcm", "aes-128-ccm", "chacha20-poly1305", "aes-256-cbc", "aes-128-cbc"]
)
@pytest.mark.parametrize("by_key_identifier", [False, True], ids=["issuer", "ski"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_every_cipher(kind: str, by_key_identifier: bool, content_encryption: str) -> None:
    recipient = smime.Recipient(PEOPLE[kind].certificate, by_key_identifier=by_key_identifier)
    message = smime.encrypt(b"content", recipient, content_encryption=content_encryption, encoding="der")
    opened = smime.decrypt(message, identity(PEOPLE[kind]))
    assert opened.content == b"content"
    assert opened.report.content_encryption_algorithm == content_encryption


@pytest.mark.parametrize("cek_hkdf", [False, True])
@pytest.mark.parametrize("size", [0, 10, 300_000])
@pytest.mark.parametrize("content_encryption", ["aes-256-gcm", "aes-256-cbc", "chacha20-poly1305"])
def test_derived_content_keys(content_encryption: str, size: int, cek_hkdf: bool) -> None:
    machine = smime.MessageEncryptor(PEOPLE["p256"].certificate, content_encryption=content_encryption, cek_hkdf=cek_hkdf, encoding="der")
    message = machine.update(b"x" * size) + machine.finalize()
    assert (head_of(message).content_encryption_algorithm.name == "cek-hkdf-sha256") is cek_hkdf
    assert smime.decrypt(message, identity(PEOPLE["p256"])).content == b"x" * size


def test_a_derived_key_cannot_be_used_without_the_derivation() -> None:
    # row E3 of the attack table: the same octets under the inner algorithm alone
    machine = smime.MessageEncryptor(KEY, content_encryption="aes-256-cbc", cek_hkdf=True, encoding="der")
    message = machine.update(b"secret") + machine.finalize()
    outer = head_of(message).content_encryption_algorithm
    with pytest.raises((smime.DecryptionFailed, smime.ParseError)):
        smime.decrypt(message.replace(outer.raw, outer.parameters + bytes(len(outer.raw) - len(outer.parameters))), KEY)


def test_everybody_at_once_opens_it() -> None:
    everybody = [*(person.certificate for person in PEOPLE.values()), KEY, PASSWORD]
    message = smime.encrypt(b"for all", everybody, encoding="der")
    for key in [*map(identity, PEOPLE.values()), KEY, PASSWORD]:
        assert smime.decrypt(message, key).content == b"for all"


def test_those_on_one_curve_share_an_originator_key() -> None:
    others = [PKI.person(f"other {n}", f"other{n}@example.org", key="p256") for n in range(3)]
    people = [PEOPLE["p256"], PEOPLE["p384"], *others, PEOPLE["x25519"]]
    message = smime.encrypt(b"x", [person.certificate for person in people], encoding="der")
    infos = head_of(message).recipient_infos
    assert sorted(len(info.recipient_encrypted_keys) for info in infos if isinstance(info, KeyAgreeRecipientInfo)) == [1, 1, 4]
    for person in people:
        assert smime.decrypt(message, identity(person)).content == b"x"


@pytest.mark.parametrize("transport", ["rsaes-oaep", "rsaEncryption", "rsa-kem"])
def test_ways_to_an_rsa_key(transport: str) -> None:
    recipient = smime.Recipient(PEOPLE["rsa2048"].certificate, key_transport=transport)
    message = smime.encrypt(b"x", recipient, encoding="der")
    (info,) = head_of(message).recipient_infos
    assert isinstance(info, KEMRecipientInfo if transport == "rsa-kem" else KeyTransRecipientInfo)
    assert smime.decrypt(message, identity(PEOPLE["rsa2048"])).content == b"x"


def test_a_content_key() -> None:
    key = smime.ContentKey(bytes(32))
    message = smime.encrypt(b"x", key, encoding="der")
    assert smime.decrypt(message, key).content == b"x"
    assert smime.decrypt(message, [smime.ContentKey(b"y" * 32), key]).content == b"x"
    with pytest.raises(ValueError, match="content key"):
        smime.encrypt(b"x", [key, PASSWORD])
    with pytest.raises(smime.KeyMismatchError):
        smime.encrypt(b"x", smime.ContentKey(bytes(32)), content_encryption="aes-128-cbc")


def test_nobody() -> None:
    with pytest.raises(ValueError, match="no recipient"):
        smime.encrypt(b"x", [])


def test_strangers_are_told_for_whom_it_is() -> None:
    message = smime.encrypt(b"x", [PEOPLE["p256"].certificate, PASSWORD], encoding="der")
    with pytest.raises(smime.NoMatchingRecipient) as refused:
        smime.decrypt(message, identity(PEOPLE["rsa2048"]))
    assert len(refused.value.recipients) == 2


# -- what correspondents announce --


def announced(person: object, capabilities: list[str] | None, *, preference: bytes | None = None) -> smime.VerificationReport:
    """Return the report of a message in which a person announces just these capabilities."""
    signer = smime.Signer(person.private_key, person.certificate, person.chain)  # type: ignore[attr-defined]
    scheme, own = signer.scheme, signer.certificate
    attributes = [attrs.content_type("1.2.840.113549.1.7.1"), attrs.message_digest(digests.digest(scheme.digest, b"hello"))]
    if capabilities is not None:
        attributes.append(attrs.smime_capabilities([CAPABILITIES[name] for name in capabilities]))
    if preference is not None:
        attributes.append(preference)
    signed = writer.set_of(attributes)
    info = SignerInfo.build(
        IssuerAndSerialNumber(own.issuer_raw, own.serial),
        scheme.digest_algorithm,
        signed,
        scheme.algorithm,
        signatures.sign(signer.private_key, scheme, signed),
    )
    others = [Certificate.of_any(PEOPLE["x25519"].certificate).der]
    message = build_signed_data(
        digest_algorithms=[scheme.digest_algorithm], content=b"hello", signer_infos=[info], certificates=[*signer.certificates, *others]
    )
    return smime.verify(message, TRUST).report


BOTH = PKI.person("Both", "both@example.org", key="rsa2048", usage=("digital_signature", "key_encipherment"))


@pytest.mark.parametrize(
    ("capabilities", "cipher", "hkdf", "transport"),
    [
        (None, "aes-256-gcm", False, "RSAES-OAEP"),
        (["aes-256-gcm", "RSAES-OAEP-SHA256", "cek-hkdf-sha256"], "aes-256-gcm", True, "RSAES-OAEP"),
        (["aes-128-gcm", "rsaEncryption"], "aes-128-gcm", False, "rsaEncryption"),
        (["aes-256-cbc", "aes-128-cbc", "des-ede3-cbc"], "aes-256-cbc", False, "RSAES-OAEP"),
        (["des-ede3-cbc", "rc2-40-cbc"], "aes-256-gcm", False, "RSAES-OAEP"),
    ],
)
def test_what_was_announced_chooses(capabilities: list[str] | None, cipher: str, hkdf: bool, transport: str) -> None:
    recipient = smime.Recipient.from_signed(announced(BOTH, capabilities))
    opened = smime.decrypt(smime.encrypt(b"x", recipient, encoding="der"), identity(BOTH))
    assert opened.content == b"x"
    assert opened.report.content_encryption_algorithm == cipher
    assert opened.report.key_encryption_algorithm == transport
    head = head_of(smime.encrypt(b"x", recipient, encoding="der"))
    assert (head.content_encryption_algorithm.name == "cek-hkdf-sha256") is hkdf
    assert isinstance(head, AuthEnvelopedDataHead) is not cipher.endswith("cbc")


def test_one_of_whom_nothing_is_known_decides_nothing() -> None:
    known = smime.Recipient.from_signed(announced(BOTH, ["aes-128-cbc"]))
    message = smime.encrypt(b"x", [known, PEOPLE["p256"].certificate], encoding="der")
    assert smime.decrypt(message, identity(BOTH)).report.content_encryption_algorithm == "aes-256-gcm"


def test_a_preferred_certificate_of_somebody_else_is_not_taken() -> None:
    other = PEOPLE["x25519"].certificate
    ski = Certificate.of_any(other).ski
    assert ski is not None
    report = announced(BOTH, ["aes-256-gcm"], preference=attrs.encryption_key_preference(SubjectKeyIdentifier(ski)))
    assert smime.Recipient.from_signed(report).certificate.addresses == Certificate.of_any(BOTH.certificate).addresses


def with_preference(preferred: object, *beside: x509.Certificate) -> smime.VerificationReport:
    """Return the report of a message by somebody who prefers another key, beside which certificates were put by whoever could."""
    signing = PKI.person("Two keys", "two@example.org", key="p256")
    own = Certificate.of_any(signing.certificate)
    one = Signature(
        who=signing,
        content=b"hello",
        attributes=lambda found: [*found, attrs.encryption_key_preference(preferred)],  # type: ignore[arg-type]
    )
    certificates = [own.der, *(Certificate.of_any(c).der for c in (*signing.chain, *beside))]
    return smime.verify(SignedData([one], content=b"hello", certificates=certificates).der(), TRUST).report


def test_a_preferred_certificate_of_the_signers_own() -> None:
    own = PKI.person("Two keys", "two@example.org", key="rsa2048", usage=("key_encipherment",))
    certificate = Certificate.of_any(own.certificate)
    for preference in (IssuerAndSerialNumber(certificate.issuer_raw, certificate.serial), SubjectKeyIdentifier(certificate.ski or b"")):
        report = with_preference(preference, own.certificate)
        assert smime.Recipient.from_signed(report).certificate == certificate
        assert smime.Recipient.from_signed(report, trust=TRUST).certificate == certificate
        assert smime.Recipient.from_signed(report, trust=smime.TrustStore([])).certificate != certificate
    elsewhere = PKI.person("Two keys", "two@example.org", key="x25519", issuer=PKI.authority("Other CA", issuer=PKI.root))
    other = Certificate.of_any(elsewhere.certificate)
    report = with_preference(SubjectKeyIdentifier(other.ski or b""), elsewhere.certificate, *elsewhere.chain)
    assert smime.Recipient.from_signed(report).certificate != other, "another authority than the signer's"
    assert smime.Recipient.from_signed(report, trust=TRUST).certificate == other


@pytest.mark.parametrize("trust", [None, TRUST], ids=["without anchors", "with anchors"])
@pytest.mark.parametrize("how", ["self-signed", "by its own authority", "no address", "expired", "one address more", "forged"])
def test_a_preferred_certificate_that_was_planted(how: str, trust: smime.TrustStore | None) -> None:
    """The set of certificates is not signed: the preferred name, and what it stands for, may be brought along by anybody on the way."""
    address = "two@example.org"
    if how == "by its own authority":
        mallory = ThrowawayPKI(PKI.name).person("Two keys", address, "rsa2048", issuer=ThrowawayPKI(PKI.name, key="p384").root)
    elif how == "no address":
        mallory = PKI.person("Two keys", None, "rsa2048")
    elif how == "one address more":
        mallory = PKI.person("Two keys", None, "rsa2048", addresses=[address, "mallory@example.org"])
    else:
        mallory = PKI.person("Two keys", address, "rsa2048", self_signed=how == "self-signed", expired=how == "expired")
    planted = Certificate.of_any(mallory.certificate)
    certificate = mallory.certificate
    if how == "forged":
        planted = Certificate.of(planted.der[:-1] + bytes([planted.der[-1] ^ 1]))
        certificate = x509.load_der_x509_certificate(planted.der)
    for preference in (IssuerAndSerialNumber(planted.issuer_raw, planted.serial), SubjectKeyIdentifier(planted.ski or b"")):
        recipient = smime.Recipient.from_signed(with_preference(preference, certificate, *mallory.chain), trust=trust)
        assert recipient.certificate != planted
        assert recipient.kind == "EC"


def test_only_valid_signatures_are_believed() -> None:
    signed = smime.sign(b"x", smime.Signer(BOTH.private_key, BOTH.certificate, BOTH.chain), detached=False, encoding="der")
    report = smime.unwrap(signed).layers[0].report
    with pytest.raises(smime.PolicyError):
        smime.Recipient.from_signed(report)


# -- refusals --


def test_key_usage_is_respected() -> None:
    signs_only = PKI.person("Signs", "signs@example.org", key="rsa2048", usage=("digital_signature",))
    with pytest.raises(smime.KeyMismatchError, match="keyEncipherment"):
        smime.encrypt(b"x", signs_only.certificate)


def test_a_key_that_only_signs() -> None:
    with pytest.raises(smime.KeyMismatchError):
        smime.Recipient(PKI.person("Ed", "ed@example.org", key="ed25519").certificate)


def test_what_the_policy_forbids_is_not_written() -> None:
    with pytest.raises(smime.PolicyError):
        smime.encrypt(b"x", PEOPLE["p256"].certificate, content_encryption="des-ede3-cbc")
    with pytest.raises(smime.UnsupportedError):
        smime.encrypt(b"x", PEOPLE["p256"].certificate, content_encryption="rot13")
    with pytest.raises(ValueError, match="key_transport"):
        smime.Recipient(PEOPLE["rsa2048"].certificate, key_transport="carrier pigeon")


def test_ten_thousand_identities_cost_no_more_than_ten() -> None:
    bob = identity(PEOPLE["p256"])
    many = smime.Keyring(itertools.chain(itertools.repeat(identity(PEOPLE["rsa2048"]), 10_000), [bob]))
    message = smime.encrypt(b"x", PEOPLE["p256"].certificate, encoding="der")
    calls = 0
    matches = Certificate.issued_by_name

    def counting(self: Certificate, name: bytes) -> bool:
        nonlocal calls
        calls += 1
        return matches(self, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Certificate, "issued_by_name", counting)
        assert smime.decrypt(message, many).content == b"x"
    assert calls <= 2
