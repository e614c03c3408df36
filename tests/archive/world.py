"""People and messages for the tests of archives and of the command line; made once a process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache

import smime
from smime.pki.throwaway import Person, ThrowawayPKI

ENTITY = b"Content-Type: text/plain\r\n\r\nThe train leaves at 7:42.\r\n"

CONTENT = b"MIME-Version: 1.0\r\n" + ENTITY
"""What of a mail is signed and encrypted."""


def mail(sender: str = "alice@example.org", number: int = 1, *, entity: bytes = ENTITY, extra: bytes = b"") -> bytes:
    """Return a whole mail."""
    head = (
        f"From: {sender}\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}\r\n"
        f"Date: Mon, 01 Dec 2025 10:00:00 +0100\r\nMessage-ID: <{number}@example.org>\r\n"
    )
    return head.encode() + extra + b"MIME-Version: 1.0\r\n" + entity


@dataclass
class World:
    """Alice writes to Bob; Frank's certificate has expired; nobody trusts Mallory's authority."""

    pki: ThrowawayPKI = field(default_factory=lambda: ThrowawayPKI("World"))

    def __post_init__(self) -> None:
        pki = self.pki
        self.alice = pki.person("Alice", "alice@example.org", "p256")
        self.bob = pki.person("Bob", "bob@example.org", "rsa2048")
        self.oscar = pki.person("Oscar", "oscar@example.org", "p256")
        self.frank = pki.person("Frank", "frank@example.org", "p256", expired=True)
        self.mallory = ThrowawayPKI("Strangers").person("Alice", "alice@example.org", "p256")

    @cached_property
    def trust(self) -> smime.TrustStore:
        return smime.TrustStore(self.pki.anchors)

    @cached_property
    def identity(self) -> smime.Identity:
        """Bob's."""
        return smime.Identity(self.bob.private_key, self.bob.certificate, self.bob.chain)

    def signer(self, person: Person) -> smime.Signer:
        return smime.Signer(person.private_key, person.certificate, person.chain)

    def signed(self, number: int = 1, person: Person | None = None, *, entity: bytes = ENTITY, detached: bool = True) -> bytes:
        person = person or self.alice
        return smime.sign(mail(str(person.address), number, entity=entity), self.signer(person), detached=detached)

    def encrypted(self, message: bytes, *people: Person) -> bytes:
        return smime.encrypt(message, [person.certificate for person in people or (self.bob,)])

    @cached_property
    def messages(self) -> dict[str, bytes]:
        """One message of each kind, by what is to be found out about it."""
        signed = self.signed(3)
        return {
            "unprotected": mail(number=2),
            "signed": signed,
            "signed opaque": self.signed(4, detached=False),
            "encrypted": self.encrypted(mail(number=5)),
            "signed-and-encrypted": self.encrypted(self.signed(6)),
            "triple": smime.sign(self.encrypted(self.signed(7)), self.signer(self.alice)),
            "compressed": smime.sign(smime.compress(mail(number=8)), self.signer(self.alice)),
            "changed": signed.replace(b"7:42", b"8:42"),
            "expired": self.signed(9, self.frank),
            "untrusted": self.signed(10, self.mallory),
            "for another": self.encrypted(mail(number=11), self.oscar),
            "truncated": self.signed(12, detached=False)[:-600],
            "empty": b"",
            "no mail": b"\x00\x01\x02\xff" * 20,
        }

    @property
    def long_ago(self) -> str:
        """A time at which Frank's certificate was good."""
        return (self.pki.now - timedelta(days=600)).isoformat()


@lru_cache(maxsize=1)
def world() -> World:
    return World()
