"""Recipients of every kind, what they announce, and several under one originator key."""

from __future__ import annotations

import itertools

import pytest
from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import Encoding
from tests.hostile.builder import Signature, SignedData

import smime
from smime.algorithms import KEY_WRAPS_BY_NAME
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes as attrs
from smime.cms.capabilities import CAPABILITIES
from smime.cms.enveloped_data import build_enveloped_data
from smime.cms.identifiers import IssuerAndSerialNumber, KEKIdentifier, SubjectKeyIdentifier
from smime.cms.reader import AuthEnvelopedDataHead, EnvelopedDataHead, read
from smime.cms.recipient_info import KEKRecipientInfo, KEMRecipientInfo, KeyAgreeRecipientInfo, KeyTransRecipientInfo
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.crypto import content_encryption, digests, key_transport, signatures
from smime.pki.throwaway import ThrowawayPKI
from smime.x509.certificate import Certificate

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


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("alone", [False, True])
def test_an_encoded_certificate(kind: type, alone: bool) -> None:
    octets = kind(PEOPLE["p256"].certificate.public_bytes(Encoding.DER))
    message = smime.encrypt(b"content", octets if alone else [octets], encoding="der")
    assert smime.decrypt(message, identity(PEOPLE["p256"])).content == b"content"


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


AGREEMENTS = [
    *itertools.product(
        ("p256", "p521", "brainpoolp256r1"),
        (
            f"dhSinglePass-{kind}-{digest}kdf"
            for kind in ("stdDH", "cofactorDH")
            for digest in ("sha1", "sha224", "sha256", "sha384", "sha512")
        ),
    ),
    *itertools.product(("p384", "x25519", "x448"), (f"dhSinglePass-stdDH-hkdf-{digest}" for digest in ("sha256", "sha384", "sha512"))),
    *itertools.product(("x25519", "x448"), ("dhSinglePass-stdDH-sha256kdf", "dhSinglePass-stdDH-sha512kdf")),
]


@pytest.mark.parametrize(("kind", "scheme"), AGREEMENTS)
def test_every_key_agreement_that_is_asked_for(kind: str, scheme: str) -> None:
    recipient = smime.Recipient(PEOPLE[kind].certificate, key_agreement=scheme)
    decrypted = smime.decrypt(smime.encrypt(b"octets", recipient, encoding="der"), identity(PEOPLE[kind]))
    assert decrypted.content == b"octets"
    assert decrypted.report.key_encryption_algorithm == scheme


def test_those_with_another_key_agreement_have_an_originator_key_of_their_own() -> None:
    one = PEOPLE["p256"].certificate
    other = PKI.person("another of p256", "p256b@example.org", "p256")
    for scheme, count in ((None, 1), ("dhSinglePass-stdDH-sha256kdf", 1), ("dhSinglePass-cofactorDH-sha256kdf", 2)):
        message = smime.encrypt(b"x", [one, smime.Recipient(other.certificate, key_agreement=scheme)], encoding="der")
        assert len(head_of(message).recipient_infos) == count
        for somebody in (PEOPLE["p256"], other):
            assert smime.decrypt(message, identity(somebody)).content == b"x"


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_every_oaep_that_is_asked_for(digest: str) -> None:
    recipient = smime.Recipient(PEOPLE["rsa2048"].certificate, key_transport="rsaes-oaep", oaep_digest=digest)
    message = smime.encrypt(b"octets", recipient, encoding="der")
    (info,) = head_of(message).recipient_infos
    assert isinstance(info, KeyTransRecipientInfo)
    stated = key_transport.parse_oaep(info.key_encryption_algorithm.parameters or b"")
    assert stated == key_transport.OAEPParameters(digest, digest, b"")
    assert smime.decrypt(message, identity(PEOPLE["rsa2048"])).content == b"octets"


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("rsa2048", {"key_agreement": "dhSinglePass-stdDH-sha256kdf"}, smime.KeyMismatchError),
        ("p256", {"key_transport": "rsaes-oaep"}, smime.KeyMismatchError),
        ("mlkem768", {"oaep_digest": "sha256"}, smime.KeyMismatchError),
        ("x25519", {"key_agreement": "dhSinglePass-cofactorDH-sha256kdf"}, smime.KeyMismatchError),
        ("p256", {"key_agreement": "mqvSinglePass-sha256kdf"}, smime.UnsupportedError),
    ],
)
def test_ways_that_do_not_go_with_the_key(kind: str, options: dict[str, str], error: type[smime.SMIMEError]) -> None:
    with pytest.raises(error):
        smime.Recipient(PEOPLE[kind].certificate, **options)  # type: ignore[arg-type] # one option each


def test_a_policy_without_a_key_agreement() -> None:
    current = smime.policies.RFC8551.algorithms.current - {"dhSinglePass-stdDH-sha1kdf"}
    policy = smime.policies.RFC8551.replace(algorithms=smime.policies.RFC8551.algorithms.replace(current=current))
    recipient = smime.Recipient(PEOPLE["p256"].certificate, key_agreement="dhSinglePass-stdDH-sha1kdf")
    with pytest.raises(smime.PolicyError):
        smime.encrypt(b"x", recipient, policy=policy)
    message = smime.encrypt(b"x", recipient, encoding="der")
    with pytest.raises(smime.PolicyError):
        smime.decrypt(message, identity(PEOPLE["p256"]), policy=policy)
    report = smime.unwrap(message, identities=identity(PEOPLE["p256"]), policy=policy).layers[0].report
    assert isinstance(report, smime.DecryptionReport)
    assert "encryption-algorithm-forbidden" in {f.code for f in report.findings}


@pytest.mark.parametrize("key_wrap", [None, "aes-128-wrap", "aes-256-wrap"])
def test_both_key_wraps_of_a_password(key_wrap: str | None) -> None:
    message = smime.encrypt(b"octets", smime.Password("correct horse", key_wrap=key_wrap), encoding="der")
    decrypted = smime.decrypt(message, PASSWORD)
    assert decrypted.content == b"octets"
    assert decrypted.report.key_encryption_algorithm == (key_wrap or "pwri-kek")


def test_an_old_key_wrap_needs_a_policy() -> None:
    """The key wrap is held against the policy like the cipher; RFC 3217 wraps are for archives."""
    key = smime.KeyEncryptionKey(b"old", bytes(range(24)))
    wrap = AlgorithmIdentifier.build(KEY_WRAPS_BY_NAME["3des-wrap"].oid, writer.NULL)
    cek = bytes(range(24))
    info = KEKRecipientInfo.build(KEKIdentifier(b"old"), wrap, _triple_des_wrap(key.key, cek))
    algorithm, encrypted, _ = content_encryption.encrypt("aes-192-cbc", cek, b"octets")
    message = build_enveloped_data(recipient_infos=[info], content_encryption_algorithm=algorithm, encrypted_content=encrypted)
    with pytest.raises(smime.PolicyError, match="3des-wrap"):
        smime.decrypt(message, key)
    told = smime.decrypt(message, key, policy=smime.policies.ARCHIVE)
    assert told.content == b"octets"
    assert "weak-encryption" in {f.code for f in told.report.findings}


def _triple_des_wrap(kek: bytes, key: bytes) -> bytes:
    """RFC 3217 section 3.1."""
    checked = key + digests.digest("sha1", key)[:8]
    iv = bytes(8)
    inner = Cipher(TripleDES(kek), CBC(iv)).encryptor().update(checked)
    return Cipher(TripleDES(kek), CBC(bytes.fromhex("4adda22c79e82105"))).encryptor().update((iv + inner)[::-1])


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
    scheme, own = signer.scheme, signer.facts
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
    assert smime.Recipient.from_signed(report).facts.addresses == Certificate.of_any(BOTH.certificate).addresses


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
        assert smime.Recipient.from_signed(report).facts == certificate
        assert smime.Recipient.from_signed(report, trust=TRUST).facts == certificate
        assert smime.Recipient.from_signed(report, trust=smime.TrustStore([])).facts != certificate
    elsewhere = PKI.person("Two keys", "two@example.org", key="x25519", issuer=PKI.authority("Other CA", issuer=PKI.root))
    other = Certificate.of_any(elsewhere.certificate)
    report = with_preference(SubjectKeyIdentifier(other.ski or b""), elsewhere.certificate, *elsewhere.chain)
    assert smime.Recipient.from_signed(report).facts != other, "another authority than the signer's"
    assert smime.Recipient.from_signed(report, trust=TRUST).facts == other


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
        assert recipient.facts != planted
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
