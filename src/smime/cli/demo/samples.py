"""One mail of every kind that the library writes."""

from __future__ import annotations

from pathlib import Path

import smime
from smime.cli.demo.letters import letter
from smime.cli.demo.people import People
from smime.files import AtomicFile

__all__ = ["write_samples"]


def write_samples(folder: Path, people: People) -> list[str]:
    """Write the samples; return their names, each with what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    now = people.pki.now
    mail = letter(1, people.alice, people.bob, now)
    alice, bob = people.signer(people.alice), people.bob.certificate
    signed = smime.sign(mail, alice)
    dave_mail = letter(2, people.dave, people.bob, now)
    samples = {
        "plain.eml": ("not protected at all", mail),
        "signed.eml": ("signed by Alice, readable by everybody (multipart/signed)", signed),
        "signed-opaque.eml": ("signed by Alice, content inside of the signature", smime.sign(mail, alice, detached=False)),
        "signed-pss.eml": (
            "signed by Carol with RSASSA-PSS",
            smime.sign(letter(3, people.carol, people.bob, now), people.signer(people.carol, pss=True)),
        ),
        "signed-p384.eml": ("signed by Dave with ECDSA on P-384", smime.sign(dave_mail, people.signer(people.dave))),
        "signed-ed25519.eml": (
            "signed by Erin with Ed25519",
            smime.sign(letter(5, people.erin, people.bob, now), people.signer(people.erin)),
        ),
        "signed-twice.eml": ("signed by Alice with two keys, RSA and P-256", smime.sign(mail, [alice, people.signer(people.alice_ec)])),
        "encrypted.eml": ("encrypted for Bob with AES-256-GCM", smime.encrypt(mail, bob)),
        "encrypted-cbc.eml": (
            "encrypted for Bob with AES-256-CBC, for older readers",
            smime.encrypt(mail, bob, content_encryption="aes-256-cbc"),
        ),
        "encrypted-ec.eml": ("encrypted for Bob and Dave (ECDH on P-384)", smime.encrypt(mail, [bob, people.dave.certificate])),
        "signed-and-encrypted.eml": ("signed by Alice, then encrypted for Bob", smime.encrypt(signed, bob)),
        "triple-wrapped.eml": ("signed, encrypted, and signed again (RFC 2634)", smime.sign(smime.encrypt(signed, bob), alice)),
        "compressed.eml": ("compressed", smime.compress(mail)),
        "signed-compressed.eml": ("compressed, then signed", smime.sign(smime.compress(mail), alice)),
        "changed.eml": (
            "signed by Alice, and changed on the way",
            signed.replace(b"Dear Bob", b"Dear Rob").replace(b"Hello Bob", b"Hello Rob"),
        ),
        "wrong-sender.eml": (
            "signed by Trudy, and says it is from Alice",
            smime.sign(letter(6, people.trudy, people.bob, now, claimed=people.alice), people.signer(people.trudy)),
        ),
        "untrusted.eml": (
            "signed by somebody who calls himself Alice, with a certificate of an authority that nobody trusts",
            smime.sign(letter(7, people.mallory, people.bob, now), people.signer(people.mallory)),
        ),
    }
    for name, (_, octets) in samples.items():
        _write(folder / name, octets)
    _write(folder / "signed.p7s", smime.sign(mail, alice, encoding="der"))
    _write(folder / "signed.p7s.content", mail)
    descriptions = [f"{name}: {what}" for name, (what, _) in samples.items()]
    return [*descriptions, "signed.p7s: a signature of its own (DER), about signed.p7s.content (verify --content)"]


def _write(path: Path, octets: bytes) -> None:
    with AtomicFile(path) as file:
        file.write(octets)
        file.commit()
