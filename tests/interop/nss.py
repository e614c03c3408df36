"""NSS's `cmsutil`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.interop.peers import Peer, PeerFailed, PeerMissing, run
from tests.interop.people import PASSWORD, People, Person


class NSS(Peer):
    name = "nss"

    def __init__(self, people: People, folder: Path) -> None:
        super().__init__(people, folder)
        for program in ("cmsutil", "certutil", "pk12util"):
            if shutil.which(program) is None:
                raise PeerMissing(f"no {program}")
        self._database = f"sql:{folder}"
        run(["certutil", "-N", "-d", self._database, "--empty-password"])
        run(["certutil", "-A", "-d", self._database, "-n", "root", "-t", "CT,CT,", "-i", people.root.certificate_file])
        run(["certutil", "-A", "-d", self._database, "-n", "intermediate", "-t", ",,", "-i", people.intermediate.certificate_file])
        for person in people.persons.values():
            if person.pkcs12_file.exists():
                try:
                    run(["pk12util", "-d", self._database, "-i", person.pkcs12_file, "-W", PASSWORD.decode(), "-K", ""])
                except PeerFailed:
                    continue  # a curve it does not know: each test that needs it fails with its words
        self._version = _package_version()

    def version(self) -> str:
        return self._version

    def _cmsutil(self, data: bytes, *arguments: str | Path) -> bytes:
        out = self.folder / "nss.out"
        out.unlink(missing_ok=True)
        run(["cmsutil", arguments[0], "-d", self._database, "-i", self.file(data), "-o", out, *arguments[1:]])
        return out.read_bytes()

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        if algorithm == "rsa-pss":
            raise PeerFailed("cmsutil cannot be asked for RSA-PSS")
        how = ["-T"] if detached else []
        return self._cmsutil(content, "-S", "-N", signer.name, "-H", digest.upper(), "-G", *how)

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        detached = [] if content is None else ["-c", self.file(content)]
        return self._cmsutil(message, "-D", "-u", "4", *detached)

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        if key_encryption.startswith("rsa-oaep"):
            raise PeerFailed("cmsutil cannot be asked for OAEP")
        if cipher != "aes-128-cbc":
            raise PeerFailed("cmsutil chooses the cipher itself")
        return self._cmsutil(content, "-E", "-r", ",".join(recipient.address for recipient in recipients))

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        return self._cmsutil(message, "-D", "-u", "5")


def _package_version() -> str:
    try:
        return "NSS " + run(["dpkg-query", "-W", "-f", "${Version}", "libnss3-tools"]).decode()
    except (PeerFailed, FileNotFoundError):
        return "NSS"
