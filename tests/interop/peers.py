"""What a peer is, and the drivers' common ground."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.interop.people import People, Person


class PeerFailed(Exception):
    """The peer refused; its words."""


class PeerMissing(Exception):
    """The peer is not on this machine; what is missing."""


def run(
    command: Sequence[str | Path],
    *,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> bytes:
    """Run a program and return its standard output; PeerFailed with what it wrote to standard error."""
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, env=environment, timeout=timeout, check=False)
    if done.returncode:
        raise PeerFailed(done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}")
    return done.stdout


class Peer(ABC):
    """A program or library beside ours.

    Messages are bare CMS in DER unless `mail` says they are MIME entities. A driver raises PeerFailed where the peer refuses, and
    NotImplementedError is not among its answers: what a peer has no way to ask for is a row of the table of limits.
    """

    name: ClassVar[str]
    mail: ClassVar[bool] = False  # can write and read MIME

    def __init__(self, people: People, folder: Path) -> None:
        """Prepare key stores in the folder.

        Raises:
            PeerMissing: the program is not here.
        """
        self.people = people
        self.folder = folder
        self._count = 0

    def file(self, data: bytes = b"") -> Path:
        """Return a new file with this content."""
        self._count += 1
        path = self.folder / f"{self._count}.bin"
        path.write_bytes(data)
        return path

    def close(self) -> None:  # noqa: B027 - most peers leave nothing running
        """End what was started."""

    @abstractmethod
    def version(self) -> str:
        """Return the peer's name for itself, one line."""

    @abstractmethod
    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        """Sign; `algorithm` is "rsa", "rsa-pss", "ecdsa", "eddsa"."""

    @abstractmethod
    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        """Verify with the chain and return the content."""

    @abstractmethod
    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        """Encrypt; `key_encryption` is "rsa", "rsa-oaep-sha1", "rsa-oaep-sha256", "ecdh-sha1", "ecdh-sha256", …."""

    @abstractmethod
    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        """Decrypt and return the content."""

    def other(self, operation: str, content: bytes, **options: str) -> bytes:
        """Write something else: "compress", "digest", "encrypt-password", "encrypt-kek", "encrypted-data"."""
        raise PeerFailed(f"{self.name} has no {operation}")

    def read_other(self, operation: str, message: bytes, **options: str) -> bytes:
        """Read what `other` of the same name writes."""
        raise PeerFailed(f"{self.name} has no {operation}")
