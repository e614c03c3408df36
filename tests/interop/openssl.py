"""`openssl cms`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.interop.peers import Peer, PeerFailed, PeerMissing, run
from tests.interop.people import People, Person


class OpenSSL(Peer):
    name = "openssl"
    mail = True

    def __init__(self, people: People, folder: Path) -> None:
        super().__init__(people, folder)
        program = os.environ.get("OPENSSL", "openssl")
        if shutil.which(program) is None:
            raise PeerMissing(f"no {program}")
        self._cms = [program, "cms"]
        self._program = program
        if not self.version().startswith("OpenSSL 3"):
            raise PeerMissing(f"needs OpenSSL 3, not {self.version()}")

    def version(self) -> str:
        return run([self._program, "version"]).decode().split(" (")[0].strip()

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        command = [*self._cms, "-sign", "-binary", "-signer", signer.certificate_file, "-inkey", signer.key_file]
        command += ["-certfile", self.people.intermediate.certificate_file, "-outform", "SMIME" if mail else "DER"]
        if algorithm != "eddsa":
            command += ["-md", digest]
        if algorithm == "rsa-pss":
            command += ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"]
        if not detached:
            command.append("-nodetach")
        return run(command, stdin=content)

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        command = [*self._cms, "-verify", "-purpose", "smimesign", "-CAfile", self.people.root.certificate_file]
        # reading a multipart with -binary would take the CR in front of a delimiter for content
        command += ["-inform", "SMIME"] if mail else ["-inform", "DER", "-binary"]
        if content is not None:
            command += ["-content", self.file(content)]
        return run(command, stdin=message)

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        command = [*self._cms, "-encrypt", "-binary", f"-{cipher}", "-outform", "SMIME" if mail else "DER"]
        kind, _, digest = key_encryption.rpartition("-")
        for recipient in recipients:
            command += ["-recip", recipient.certificate_file]
            if kind == "rsa-oaep":
                command += ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{digest}"]
            elif kind == "ecdh":
                command += ["-keyopt", f"ecdh_kdf_md:{digest}"]
            elif kind == "ecdh-cofactor":
                command += ["-keyopt", f"ecdh_kdf_md:{digest}", "-keyopt", "ecdh_cofactor_mode:1"]
        if kind.startswith("ecdh"):
            command.append("-aes256-wrap" if "256" in cipher else "-aes128-wrap")
        return run(command, stdin=content)

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        command = [*self._cms, "-decrypt", "-binary", "-recip", recipient.certificate_file, "-inkey", recipient.key_file]
        return run([*command, "-inform", "SMIME" if mail else "DER"], stdin=message)

    def other(self, operation: str, content: bytes, **options: str) -> bytes:
        out = ["-binary", "-outform", "DER"]
        if operation == "compress":
            return run([*self._cms, "-compress", *out], stdin=content)
        if operation == "digest":
            return run([*self._cms, "-digest_create", "-md", "sha256", *out], stdin=content)
        if operation == "encrypt-password":
            command = [*self._cms, "-encrypt", f"-{options['cipher']}", *out, "-pwri_password", options["password"]]
            return run(command, stdin=content)
        if operation == "encrypt-kek":
            keys = ["-secretkey", options["key"], "-secretkeyid", options["key_id"]]
            return run([*self._cms, "-encrypt", f"-{options['cipher']}", *out, *keys], stdin=content)
        if operation == "encrypted-data":
            command = [*self._cms, "-EncryptedData_encrypt", f"-{options['cipher']}", "-secretkey", options["key"], *out]
            return run(command, stdin=content)
        return super().other(operation, content, **options)

    def read_other(self, operation: str, message: bytes, **options: str) -> bytes:
        form = ["-binary", "-inform", "DER"]
        if operation == "compress":
            return run([*self._cms, "-uncompress", *form], stdin=message)
        if operation == "digest":
            return run([*self._cms, "-digest_verify", *form], stdin=message)
        if operation == "encrypt-password":
            return run([*self._cms, "-decrypt", *form, "-pwri_password", options["password"]], stdin=message)
        if operation == "encrypt-kek":
            keys = ["-secretkey", options["key"], "-secretkeyid", options["key_id"]]
            return run([*self._cms, "-decrypt", *form, *keys], stdin=message)
        if operation == "encrypted-data":
            command = [*self._cms, "-EncryptedData_decrypt", "-secretkey", options["key"], *form]
            return run(command, stdin=message)
        raise PeerFailed(f"openssl has no {operation}")
