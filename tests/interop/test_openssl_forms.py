"""What `openssl cms` can write besides the table's plain forms, and what it makes of our messages with several parties."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.interop.openssl import OpenSSL
from tests.interop.peers import Peer, run
from tests.interop.people import People
from tests.interop.test_interop import CONTENT

import smime

pytestmark = pytest.mark.xdist_group("openssl")


@pytest.fixture
def openssl(peer: Callable[[str], Peer]) -> OpenSSL:
    found = peer("openssl")
    assert isinstance(found, OpenSSL)
    return found


@pytest.fixture
def trust(people: People) -> smime.TrustStore:
    return smime.TrustStore([people.root.certificate])


def _sign(people: People, *options: str, signers: tuple[str, ...] = ("rsa",), content: bytes = CONTENT) -> bytes:
    command: list[object] = ["openssl", "cms", "-sign", "-binary", "-certfile", people.intermediate.certificate_file, *options]
    for name in signers:
        command += ["-signer", people[name].certificate_file, "-inkey", people[name].key_file]
    return run([str(word) for word in command], stdin=content)


def _encrypt(people: People, name: str, *options: str, content: bytes = CONTENT) -> bytes:
    return run(["openssl", "cms", "-encrypt", "-binary", *options, "-recip", str(people[name].certificate_file)], stdin=content)


@pytest.mark.parametrize(
    "options",
    [
        ("-nodetach", "-outform", "DER", "-stream"),
        ("-nodetach", "-outform", "DER", "-keyid"),
        ("-nodetach", "-outform", "DER", "-noattr"),
        ("-nodetach", "-outform", "DER", "-cades"),
        ("-nodetach", "-outform", "PEM"),
        ("-nodetach", "-outform", "PEM", "-stream"),
        ("-nodetach", "-outform", "SMIME", "-stream"),
        ("-outform", "SMIME", "-stream"),
        ("-outform", "SMIME", "-crlfeol"),
    ],
    ids=" ".join,
)
def test_signed_forms(openssl: OpenSSL, people: People, trust: smime.TrustStore, options: tuple[str, ...]) -> None:
    for name in ("rsa", "p256"):
        signed = _sign(people, *options, signers=(name,))
        verified = smime.verify(signed, trust, sender=people[name].address)
        assert verified.content == CONTENT
        assert verified.report.verdict is smime.Verdict.VALID


def test_large_streamed_content_comes_in_segments(openssl: OpenSSL, people: People, trust: smime.TrustStore) -> None:
    content = CONTENT + bytes(range(256)) * 4096
    for options in (("-nodetach", "-outform", "DER", "-stream"), ("-nodetach", "-outform", "SMIME", "-stream")):
        assert smime.verify(_sign(people, *options, content=content), trust, sender=people["rsa"].address).content == content
    command = [
        "openssl",
        "cms",
        "-encrypt",
        "-binary",
        "-aes-256-gcm",
        "-stream",
        "-outform",
        "DER",
        "-recip",
        people["rsa"].certificate_file,
    ]
    encrypted = run([str(word) for word in command], stdin=content)
    assert smime.decrypt(encrypted, smime.Identity(people["rsa"].key, people["rsa"].certificate)).content == content


def test_without_certificates_in_the_message(openssl: OpenSSL, people: People) -> None:
    signed = _sign(people, "-nodetach", "-outform", "DER", "-nocerts")
    intermediates = [people.intermediate.certificate, people["rsa"].certificate]
    store = smime.TrustStore([people.root.certificate], intermediates=intermediates)
    assert smime.verify(signed, store, sender=people["rsa"].address).content == CONTENT


def test_two_signers(openssl: OpenSSL, people: People, trust: smime.TrustStore) -> None:
    signed = _sign(people, "-nodetach", "-outform", "DER", signers=("rsa", "p256"))
    report = smime.verify(signed, trust, sender=[people["rsa"].address, people["p256"].address], policy=_any_sender()).report
    assert [signer.verdict for signer in report.signers] == [smime.Verdict.VALID] * 2

    both = [smime.Signer(people[name].key, people[name].certificate, [people.intermediate.certificate]) for name in ("p384", "rsa")]
    for detached in (True, False):
        ours = smime.sign(CONTENT, both, detached=detached)
        assert openssl.verify(ours, content=None, mail=True) == CONTENT


def _any_sender() -> smime.Policy:
    return smime.policies.RFC8551.replace(check_sender=False)


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "aes-128-cbc"])
def test_recipients_of_every_kind_in_one_message(openssl: OpenSSL, people: People, cipher: str) -> None:
    names = ("rsa", "p256", "rsa3072", "p384")
    theirs = openssl.encrypt(CONTENT, [people[name] for name in names], cipher=cipher, key_encryption="", mail=True)
    ours = smime.encrypt(CONTENT, [people[name].certificate for name in (*names, "x25519")], content_encryption=cipher)
    for name in names:
        assert smime.decrypt(theirs, smime.Identity(people[name].key, people[name].certificate)).content == CONTENT
        assert openssl.decrypt(ours, people[name], mail=True) == CONTENT


def test_recipients_by_key_identifier(openssl: OpenSSL, people: People) -> None:
    for name in ("rsa", "p256"):
        command = [
            "openssl",
            "cms",
            "-encrypt",
            "-binary",
            "-keyid",
            "-aes-128-gcm",
            "-outform",
            "DER",
            "-recip",
            people[name].certificate_file,
        ]
        encrypted = run([str(word) for word in command], stdin=CONTENT)
        assert smime.decrypt(encrypted, smime.Identity(people[name].key, people[name].certificate)).content == CONTENT


def test_nested_layers(openssl: OpenSSL, people: People, trust: smime.TrustStore) -> None:
    signed = _sign(people, "-outform", "SMIME")
    encrypted = openssl.encrypt(signed, [people["p256"]], cipher="aes-256-cbc", key_encryption="", mail=True)
    outer = _sign(people, "-nodetach", "-outform", "SMIME", signers=("p384",), content=encrypted)
    identity = smime.Identity(people["p256"].key, people["p256"].certificate)
    unwrapped = smime.unwrap(outer, identities=[identity], trust=trust, policy=_any_sender())
    assert [layer.kind for layer in unwrapped.layers] == ["signed", "encrypted", "signed"]
    assert unwrapped.status == "signed-and-encrypted"
    assert unwrapped.content == CONTENT


def test_our_nested_layers(openssl: OpenSSL, people: People) -> None:
    signer = smime.Signer(people["rsa"].key, people["rsa"].certificate, [people.intermediate.certificate])
    message = smime.encrypt(smime.sign(CONTENT, signer), people["p256"].certificate)
    assert openssl.verify(openssl.decrypt(message, people["p256"], mail=True), content=None, mail=True) == CONTENT


@pytest.mark.parametrize("encoding", ["der", "pem", "smime"])
def test_old_ciphers_are_read_by_the_archive_policy_only(openssl: OpenSSL, people: People, encoding: str) -> None:
    command = [
        "openssl",
        "cms",
        "-encrypt",
        "-binary",
        "-des3",
        "-outform",
        encoding.upper(),
        "-recip",
        str(people["rsa"].certificate_file),
    ]
    encrypted = run(command, stdin=CONTENT)
    identity = smime.Identity(people["rsa"].key, people["rsa"].certificate)
    with pytest.raises(smime.PolicyError):
        smime.decrypt(encrypted, identity)
    decrypted = smime.decrypt(encrypted, identity, policy=smime.policies.ARCHIVE)
    assert decrypted.content == CONTENT
    assert "weak-encryption" in {finding.code for finding in decrypted.report.findings}


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "opaque"])
def test_a_signer_added_to_theirs(openssl: OpenSSL, people: People, trust: smime.TrustStore, detached: bool) -> None:
    theirs = openssl.sign(CONTENT, people["rsa"], algorithm="rsa", digest="sha256", detached=detached, mail=True)
    signer = smime.Signer(people["p256"].key, people["p256"].certificate, [people.intermediate.certificate])
    both = smime.add_signer(theirs, signer)
    report = smime.verify(both, trust, policy=_any_sender()).report
    assert [signer.verdict for signer in report.signers] == [smime.Verdict.VALID] * 2
    bare = smime.add_signer(openssl.sign(CONTENT, people["rsa"], algorithm="rsa", digest="sha256", detached=False, mail=False), signer)
    assert openssl.verify(bare, content=None, mail=False) == CONTENT


def test_a_countersignature_added_to_theirs(openssl: OpenSSL, people: People, trust: smime.TrustStore) -> None:
    theirs = openssl.sign(CONTENT, people["rsa"], algorithm="rsa", digest="sha256", detached=False, mail=False)
    witness = smime.Signer(people["p384"].key, people["p384"].certificate, [people.intermediate.certificate])
    countersigned = smime.countersign(theirs, witness, trust, policy=_any_sender())
    report = smime.verify(countersigned, trust, policy=_any_sender()).report
    assert len(report.signers[0].countersigners) == 1
    assert openssl.verify(countersigned, content=None, mail=False) == CONTENT


def test_certificates_added_to_theirs(openssl: OpenSSL, people: People, trust: smime.TrustStore) -> None:
    bare = _sign(people, "-nodetach", "-outform", "DER", "-nocerts")
    complete = smime.add_certificates(bare, [people["rsa"].certificate, people.intermediate.certificate])
    assert openssl.verify(complete, content=None, mail=False) == CONTENT
    assert smime.verify(complete, trust, sender=people["rsa"].address).content == CONTENT


def test_a_key_that_was_announced(openssl: OpenSSL, people: People, trust: smime.TrustStore) -> None:
    """What openssl announces in smimeCapabilities chooses what we encrypt with, and openssl opens it."""
    signed = _sign(people, "-nodetach", "-outform", "SMIME")
    recipient = smime.Recipient.from_signed(smime.verify(signed, trust, sender=people["rsa"].address).report)
    assert openssl.decrypt(smime.encrypt(CONTENT, recipient), people["rsa"], mail=True) == CONTENT
