"""PKI.js, through a small program of ours that answers requests line by line.

The npm packages are looked for in `SMIME_NODE_PEERS`, by default .peers/node_modules: ``npm install --prefix .peers`` with the
package.json beside the program, as .ci/run does.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.interop.peers import Peer, PeerFailed, PeerMissing
from tests.interop.people import People, Person
from tests.interop.requests import Requests

_PROGRAM = Path(__file__).with_name("node") / "pkijs.cjs"
_MODULES = Path(os.environ.get("SMIME_NODE_PEERS", Path(__file__).resolve().parents[2] / ".peers" / "node_modules"))


class PKIJS(Peer):
    name = "pkijs"

    def __init__(self, people: People, folder: Path) -> None:
        super().__init__(people, folder)
        if shutil.which("node") is None:
            raise PeerMissing("no node")
        if not (_MODULES / "pkijs").is_dir():
            raise PeerMissing(f"no pkijs in {_MODULES}")
        self._requests = Requests(["node", str(_PROGRAM)], {**os.environ, "NODE_PATH": str(_MODULES)})

    def close(self) -> None:
        self._requests.close()

    def version(self) -> str:
        return "PKI.js " + json.loads((_MODULES / "pkijs" / "package.json").read_text(encoding="utf-8"))["version"]

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        kind = algorithm if algorithm.startswith("rsa") else signer.name
        out = self.file()
        files = (signer.certificate_file, signer.key_file, self.people.intermediate.certificate_file)
        hash_name = digest.upper().replace("SHA", "SHA-")
        self._requests.ask("sign", kind, hash_name, self.file(content), out, "yes" if detached else "no", *files)
        return out.read_bytes()

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        out = self.file()
        given = "-" if content is None else self.file(content)
        self._requests.ask("verify", self.file(message), given, out, self.people.root.certificate_file)
        return out.read_bytes()

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        if len(recipients) != 1:
            raise PeerFailed("one recipient only")
        out = self.file()
        self._requests.ask("encrypt", cipher, key_encryption, self.file(content), out, recipients[0].certificate_file)
        return out.read_bytes()

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        out = self.file()
        self._requests.ask("decrypt", self.file(message), out, recipient.certificate_file, recipient.key_file)
        return out.read_bytes()
