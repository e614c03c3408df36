"""Our own side of an exchange, in the same form as a peer's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.interop.peers import Peer
from tests.interop.people import People, Person

import smime

_HOW: dict[str, dict[str, Any]] = {
    "rsa": {"key_transport": "rsaEncryption"},
    "rsa-oaep-sha1": {"key_transport": "rsaes-oaep", "oaep_digest": "sha1"},
    "rsa-oaep-sha256": {"key_transport": "rsaes-oaep"},
    "ecdh-hkdf-sha256": {"key_agreement": "dhSinglePass-stdDH-hkdf-sha256"},
    "ecdh-cofactor-sha256": {"key_agreement": "dhSinglePass-cofactorDH-sha256kdf"},
    **{f"ecdh-{digest}": {"key_agreement": f"dhSinglePass-stdDH-{digest}kdf"} for digest in ("sha1", "sha256", "sha384", "sha512")},
}


class Ours(Peer):
    name = "smime"

    def __init__(self, people: People, folder: Path) -> None:
        super().__init__(people, folder)
        self.trust = smime.TrustStore([people.root.certificate])
        self.sender = ""  # whose message is verified next

    def version(self) -> str:
        return f"smime {smime.backend}"

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        chosen = None if algorithm == "eddsa" else digest
        with_key = smime.Signer(
            signer.key, signer.certificate, [self.people.intermediate.certificate], digest=chosen, pss=algorithm == "rsa-pss"
        )
        return smime.sign(content, with_key, detached=detached, encoding="smime" if mail else "der")

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        return bytes(smime.verify(message, self.trust, content=content, sender=self.sender).content)

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        to = [smime.Recipient(recipient.certificate, **_HOW[key_encryption]) for recipient in recipients]
        return smime.encrypt(content, to, content_encryption=cipher, encoding="smime" if mail else "der")

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        return bytes(smime.decrypt(message, smime.Identity(recipient.key, recipient.certificate)).content)

    def other(self, operation: str, content: bytes, **options: str) -> bytes:
        if operation == "compress":
            return smime.compress(content, encoding="der")
        if operation == "digest":
            machine = smime.MessageDigester()
            return machine.update(content) + machine.finalize()
        return smime.encrypt(content, [_secret(operation, options)], content_encryption=options["cipher"], encoding="der")

    def read_other(self, operation: str, message: bytes, **options: str) -> bytes:
        if operation in {"compress", "digest"}:
            unwrapped = smime.unwrap(message)
            (layer,) = unwrapped.layers
            assert isinstance(layer.report, smime.CompressionReport)
            assert layer.report.intact in ({True} if operation == "digest" else {None})
            return bytes(unwrapped.content)
        return bytes(smime.decrypt(message, _secret(operation, options)).content)


def _secret(operation: str, options: dict[str, str]) -> smime.Password | smime.KeyEncryptionKey | smime.ContentKey:
    if operation == "encrypt-password":
        return smime.Password(options["password"])
    if operation == "encrypt-kek":
        return smime.KeyEncryptionKey(bytes.fromhex(options["key_id"]), bytes.fromhex(options["key"]))
    return smime.ContentKey(bytes.fromhex(options["key"]))
