"""Bouncy Castle, through a small Java program of ours that is compiled into the test's folder and answers requests line by line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.interop.peers import Peer, PeerFailed, PeerMissing, run
from tests.interop.people import People, Person

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
        self._java = subprocess.Popen(
            ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join([jars, str(folder)]), "BouncyCastle"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        if self._java.stdin is not None:
            self._java.stdin.close()
        self._java.wait(10)
        if self._java.stdout is not None:
            self._java.stdout.close()

    def _ask(self, *words: str | Path) -> str:
        if self._java.stdin is None or self._java.stdout is None:
            raise PeerFailed("the Java program is gone")
        self._java.stdin.write("\t".join(map(str, words)) + "\n")
        self._java.stdin.flush()
        status, _, answer = self._java.stdout.readline().rstrip("\n").partition(" ")
        if status != "ok":
            raise PeerFailed(answer)
        return answer

    def version(self) -> str:
        return f"Bouncy Castle {self._ask('version')}"

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        scheme = {"ed25519": "Ed25519", "ed448": "Ed448"}.get(signer.name) or digest.upper() + _KINDS[algorithm]
        out = self.file()
        files = (signer.certificate_file, signer.key_file, self.people.intermediate.certificate_file)
        self._ask("sign", scheme, self.file(content), out, "yes" if detached else "no", *files)
        return out.read_bytes()

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        out = self.file()
        self._ask("verify", self.file(message), "-" if content is None else self.file(content), out, self.people.root.certificate_file)
        return out.read_bytes()

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        if cipher == "chacha20-poly1305" and "1.72" in self.version():
            raise PeerFailed("Bouncy Castle 1.72 puts ChaCha20-Poly1305 into EnvelopedData")
        out = self.file()
        wrap = "128" if "128" in cipher else "256"
        to = [word for recipient in recipients for word in (key_encryption, wrap, str(recipient.certificate_file))]
        self._ask("encrypt", cipher, self.file(content), out, *to)
        return out.read_bytes()

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        out = self.file()
        self._ask("decrypt", self.file(message), out, recipient.certificate_file, recipient.key_file)
        return out.read_bytes()

    def other(self, operation: str, content: bytes, **options: str) -> bytes:
        out = self.file()
        if operation == "compress":
            self._ask("compress", self.file(content), out)
        elif operation == "encrypt-password":
            self._ask("password-encrypt", options["cipher"], self.file(content), out, options["password"])
        elif operation == "encrypt-kek":
            self._ask("kek-encrypt", options["cipher"], self.file(content), out, options["key"], options["key_id"])
        else:
            return super().other(operation, content, **options)
        return out.read_bytes()

    def read_other(self, operation: str, message: bytes, **options: str) -> bytes:
        out = self.file()
        if operation == "compress":
            self._ask("uncompress", self.file(message), out)
        elif operation == "encrypt-password":
            self._ask("password-decrypt", self.file(message), out, options["password"])
        elif operation == "encrypt-kek":
            self._ask("kek-decrypt", self.file(message), out, options["key"])
        else:
            return super().read_other(operation, message, **options)
        return out.read_bytes()
