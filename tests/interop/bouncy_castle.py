"""Bouncy Castle, through a small Java program of ours that is compiled into the test's folder and answers requests line by line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.interop.peers import Peer, PeerFailed, PeerMissing, run
from tests.interop.people import People, Person
from tests.interop.requests import Requests

_SOURCE = Path(__file__).with_name("BouncyCastle.java")
_JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcprov", "bcpkix", "bcutil")]
_KINDS = {"rsa": "withRSA", "rsa-pss": "withRSAandMGF1", "ecdsa": "withECDSA"}


class BouncyCastle(Peer):
    name = "bc"

    def __init__(self, people: People, folder: Path) -> None:
        super().__init__(people, folder)
        if shutil.which("javac") is None:
            raise PeerMissing("no javac")
        absent = [str(jar) for jar in _JARS if not jar.exists()]
        if absent:
            raise PeerMissing(f"no {', '.join(absent)}")
        jars = os.pathsep.join(map(str, _JARS))
        run(["javac", "-nowarn", "-cp", jars, "-d", folder, _SOURCE], timeout=120)
        path = os.pathsep.join([jars, str(folder)])
        self._requests = Requests(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", path, "BouncyCastle"])

    def close(self) -> None:
        self._requests.close()

    def version(self) -> str:
        return f"Bouncy Castle {self._requests.ask('version')}"

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        scheme = {"ed25519": "Ed25519", "ed448": "Ed448"}.get(signer.name) or digest.upper() + _KINDS[algorithm]
        out = self.file()
        files = (signer.certificate_file, signer.key_file, self.people.intermediate.certificate_file)
        self._requests.ask("sign", scheme, self.file(content), out, "yes" if detached else "no", *files)
        return out.read_bytes()

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        out = self.file()
        self._requests.ask(
            "verify", self.file(message), "-" if content is None else self.file(content), out, self.people.root.certificate_file
        )
        return out.read_bytes()

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        if cipher == "chacha20-poly1305" and "1.72" in self.version():
            raise PeerFailed("Bouncy Castle 1.72 puts ChaCha20-Poly1305 into EnvelopedData")
        out = self.file()
        wrap = "128" if "128" in cipher else "256"
        to = [word for recipient in recipients for word in (key_encryption, wrap, str(recipient.certificate_file))]
        self._requests.ask("encrypt", cipher, self.file(content), out, *to)
        return out.read_bytes()

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        out = self.file()
        self._requests.ask("decrypt", self.file(message), out, recipient.certificate_file, recipient.key_file)
        return out.read_bytes()

    def encrypt_with_attributes(self, content: bytes, recipient: Person, *, cipher: str, key_encryption: str, text: str) -> bytes:
        """Write AuthEnvelopedData with a contentType attribute, and one of our own."""
        out = self.file()
        self._requests.ask("attributes-encrypt", cipher, self.file(content), out, key_encryption, "256", recipient.certificate_file, text)
        return out.read_bytes()

    def authenticate(self, content: bytes, recipient: Person, key_encryption: str) -> bytes:
        """Write AuthenticatedData."""
        out = self.file()
        self._requests.ask("authenticate", self.file(content), out, key_encryption, "256", recipient.certificate_file)
        return out.read_bytes()

    def check_mac(self, message: bytes, recipient: Person) -> bytes:
        """Read AuthenticatedData."""
        out = self.file()
        self._requests.ask("check-mac", self.file(message), out, recipient.certificate_file, recipient.key_file)
        return out.read_bytes()

    def other(self, operation: str, content: bytes, **options: str) -> bytes:
        out = self.file()
        if operation == "compress":
            self._requests.ask("compress", self.file(content), out)
        elif operation == "encrypt-password":
            self._requests.ask("password-encrypt", options["cipher"], self.file(content), out, options["password"])
        elif operation == "encrypt-kek":
            self._requests.ask("kek-encrypt", options["cipher"], self.file(content), out, options["key"], options["key_id"])
        else:
            return super().other(operation, content, **options)
        return out.read_bytes()

    def read_other(self, operation: str, message: bytes, **options: str) -> bytes:
        out = self.file()
        if operation == "compress":
            self._requests.ask("uncompress", self.file(message), out)
        elif operation == "encrypt-password":
            self._requests.ask("password-decrypt", self.file(message), out, options["password"])
        elif operation == "encrypt-kek":
            self._requests.ask("kek-decrypt", self.file(message), out, options["key"])
        else:
            return super().read_other(operation, message, **options)
        return out.read_bytes()
