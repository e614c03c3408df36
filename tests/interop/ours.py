"""Our own side of an exchange, in the same form as a peer's."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding
from tests.interop.peers import Peer

import smime


class Ours(Peer):
    name = "smime"
    mail = True

    def version(self) -> str:
        return f"smime {smime.backend}"

    @property
    def trust(self) -> smime.TrustStore:
        return smime.TrustStore.from_pem(self.people.root.certificate.public_bytes(Encoding.PEM))
