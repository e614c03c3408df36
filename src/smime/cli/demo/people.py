"""Who writes to whom in the demo."""

from __future__ import annotations

from datetime import timedelta

from smime import Signer
from smime.pki.throwaway import Person, ThrowawayPKI

__all__ = ["People"]


class People:
    """Bob and those who write to him; he is the one whose archive it is.

    Attributes:
        pki: what issued their certificates, but for Mallory's and Eve's.
        strangers: another PKI, which nobody trusts.
    """

    def __init__(self) -> None:
        self.pki = pki = ThrowawayPKI("Demo")
        self.bob = pki.person("Bob", "bob@example.org", "rsa2048")
        self.alice = pki.person("Alice", "alice@example.org", "rsa2048")
        self.alice_ec = pki.person("Alice EC", "alice@example.org", "p256")
        self.old_alice = pki.person("Alice of old", "alice@example.org", "rsa2048", not_before=pki.now - timedelta(days=4100))
        self.carol = pki.person("Carol", "carol@example.org", "rsa3072")
        self.dave = pki.person("Dave", "dave@example.org", "p384")
        self.erin = pki.person("Erin", "erin@example.org", "ed25519")
        self.frank = pki.person("Frank", "frank@example.org", "p256", expired=True)
        self.trudy = pki.person("Trudy", "trudy@example.com", "p256")
        self.server = pki.person("Server", "server@example.org", "p256", eku=("1.3.6.1.5.5.7.3.1",))
        self.oscar = pki.person("Oscar", "oscar@example.net", "rsa2048")
        self.strangers = ThrowawayPKI("Nobody")
        self.mallory = self.strangers.person("Alice", "alice@example.org", "p256")
        self.eve = self.strangers.person("Eve", "eve@example.org", "p256", self_signed=True)
        self._signers: dict[tuple[int, bool], Signer] = {}

    def signer(self, person: Person, *, pss: bool = False) -> Signer:
        """Return the signer of a person; made once."""
        key = id(person), pss
        if key not in self._signers:
            self._signers[key] = Signer(person.private_key, person.certificate, person.chain, pss=pss)
        return self._signers[key]
