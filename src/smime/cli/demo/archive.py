"""Bob's archive: some hundred messages of ten years, right ones and wrong ones, as an mbox, a Maildir and a folder of old mail."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import smime
from smime.cli.demo import byhand
from smime.cli.demo.letters import letter
from smime.cli.demo.people import People
from smime.files import AtomicFile
from smime.pki.throwaway import Person

__all__ = ["write_archive"]

_FROM = re.compile(rb"^(?=>*From )", re.MULTILINE)
_HOUR = timedelta(hours=1)


class _Mail:
    """Makes one message after another; each has its own number, text and date."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._number = 0
        self._time = people.pki.now - timedelta(days=20)

    def letter(self, sender: Person, *, recipient: Person | None = None, claimed: Person | None = None, days: int = 0) -> bytes:
        """Return the next letter.

        Args:
            sender: who writes it.
            recipient: default is Bob.
            claimed: who is in its From field; default is the sender.
            days: how much older it is than its neighbours.
        """
        self._number += 1
        time = self._time + self._number * _HOUR - timedelta(days=days)
        return letter(self._number, sender, recipient or self._people.bob, time, claimed=claimed)


def _kinds(people: People) -> list[tuple[str, int, Callable[[_Mail], bytes]]]:
    """Return the kinds of messages, how many of each go into the mbox and the Maildir, and how they are made."""
    alice, bob = people.alice, people.bob.certificate
    signer = people.signer

    def signed(mail: _Mail, who: Person = alice, *, pss: bool = False, detached: bool = True) -> bytes:
        return smime.sign(mail.letter(who), signer(who, pss=pss), detached=detached)

    def both(mail: _Mail, who: Person = alice) -> bytes:
        return smime.encrypt(signed(mail, who), [bob, who.certificate] if who is not people.erin else bob)

    return [
        ("plain", 60, lambda mail: mail.letter(alice)),
        ("signed by Alice (RSA-2048)", 40, signed),
        ("signed by Carol (RSASSA-PSS, RSA-3072)", 20, lambda mail: signed(mail, people.carol, pss=True)),
        ("signed by Dave (ECDSA, P-384)", 20, lambda mail: signed(mail, people.dave)),
        ("signed by Erin (Ed25519)", 10, lambda mail: signed(mail, people.erin)),
        ("signed by Alice, opaque", 20, lambda mail: signed(mail, detached=False)),
        ("encrypted (AES-256-GCM)", 30, lambda mail: smime.encrypt(mail.letter(alice), bob)),
        ("encrypted (AES-256-CBC)", 10, lambda mail: smime.encrypt(mail.letter(alice), bob, content_encryption="aes-256-cbc")),
        ("signed and encrypted", 40, both),
        ("signed by Dave and encrypted for both", 10, lambda mail: both(mail, people.dave)),
        ("triple-wrapped", 6, lambda mail: smime.sign(smime.encrypt(signed(mail), bob), signer(alice))),
        ("compressed and signed", 4, lambda mail: smime.sign(smime.compress(mail.letter(alice)), signer(alice))),
        ("plain, with a signed mail as an attachment", 2, lambda mail: byhand.forwarded(mail.letter(people.dave), signed(mail))),
        ("certificates only", 2, lambda mail: byhand.certificates_only(mail.letter(alice), alice, people.dave)),
        ("encrypted for Oscar only", 6, lambda mail: smime.encrypt(mail.letter(alice, recipient=people.oscar), people.oscar.certificate)),
        ("wrong: one octet flipped in signed text", 6, lambda mail: _flip_text(signed(mail))),
        ("wrong: one octet flipped in an encrypted text", 4, lambda mail: _flip_base64(smime.encrypt(mail.letter(alice), bob))),
        ("wrong: a mailing list added a footer", 4, lambda mail: _footer(signed(mail))),
        ("wrong: cut off in the middle", 4, lambda mail: _cut(signed(mail, detached=False))),
        ("wrong: the certificate had expired", 6, lambda mail: _expired(mail, people)),
        (
            "wrong: says it is from Alice, signed by Trudy", 6,
            lambda mail: smime.sign(mail.letter(people.trudy, claimed=alice), signer(people.trudy)),
        ),
        ("wrong: an authority that nobody trusts", 5, lambda mail: signed(mail, people.mallory)),
        ("wrong: self-signed", 3, lambda mail: signed(mail, people.eve)),
        (
            "wrong: signed with the certificate of a server", 2,
            lambda mail: smime.sign(mail.letter(people.server), signer(people.server)),
        ),
    ]  # fmt: skip


def _expired(mail: _Mail, people: People) -> bytes:
    return smime.sign(mail.letter(people.frank, days=2 * 365), people.signer(people.frank))


def _flip_text(message: bytes) -> bytes:
    """Change one letter of the signed text."""
    at = message.index(b"Bob", message.index(b"\r\n\r\n"))
    return message[:at] + b"R" + message[at + 1 :]


def _flip_base64(message: bytes) -> bytes:
    """Change one character in the middle of the encrypted text."""
    at = message.index(b"\r\n\r\n") + (len(message) - message.index(b"\r\n\r\n")) // 2
    while not message[at : at + 1].isalnum():
        at += 1
    return message[:at] + (b"A" if message[at : at + 1] != b"A" else b"B") + message[at + 1 :]


def _footer(message: bytes) -> bytes:
    """Add lines below the signed text, as list software does that knows nothing of signatures."""
    boundary = re.search(rb'multipart/signed;.*?boundary="([^"]+)"', message, re.DOTALL)
    assert boundary is not None  # noqa: S101 - our own writer has made it
    end = message.index(b"\r\n--" + boundary[1], message.index(b"\r\n--" + boundary[1]) + 4)
    return message[:end] + b"\r\n_____________________\r\nlist mailing list\r\nlist@example.org\r\n" + message[end:]


def _cut(message: bytes) -> bytes:
    return message[: len(message) * 2 // 3]


def _old(people: People) -> list[tuple[str, int, Callable[[_Mail], bytes]]]:
    """Return the kinds of old messages."""
    alice, bob = people.old_alice, people.bob

    def days(mail: _Mail) -> bytes:
        return mail.letter(alice, days=4000)

    return [
        ("old: signed with SHA-1", 8, lambda mail: byhand.signed(days(mail), alice, "sha1", detached=True)),
        ("old: signed with MD5", 2, lambda mail: byhand.signed(days(mail), alice, "md5")),
        ("old: encrypted with triple DES", 8, lambda mail: byhand.encrypted(days(mail), bob, "des-ede3-cbc")),
        ("old: encrypted with RC2", 2, lambda mail: byhand.encrypted(days(mail), bob, "rc2-cbc")),
        (
            "old: signed with SHA-1, encrypted with triple DES",
            6,
            lambda mail: byhand.encrypted(byhand.signed(days(mail), alice, "sha1"), bob, "des-ede3-cbc"),
        ),
    ]


def _shuffled(messages: list[bytes]) -> list[bytes]:
    """Return the messages in an order that mixes the kinds, the same every time."""
    count = len(messages)
    step = next(step for step in range(count * 5 // 8, 2 * count) if math.gcd(step, count) == 1)
    return [messages[position * step % count] for position in range(count)]


def write_archive(folder: Path, people: People) -> dict[str, int]:
    """Write the archive; return how many messages of each kind are in it."""
    mail = _Mail(people)
    counts: dict[str, int] = {}
    inbox: list[bytes] = []
    maildir: list[bytes] = []
    for what, count, make in _kinds(people):
        counts[what] = count
        for number in range(count):
            (inbox if number % 2 == 0 else maildir).append(make(mail))
    folder.mkdir(parents=True, exist_ok=True)
    _write_mbox(folder / "inbox.mbox", _shuffled(inbox), people.pki.now)
    _write_maildir(folder / "Maildir", _shuffled(maildir))
    (folder / "old").mkdir()
    number = 0
    for what, count, make in _old(people):
        counts[what] = count
        for _ in range(count):
            number += 1
            _write(folder / "old" / f"{number:03}.eml", make(mail))
    return counts


def _write_mbox(path: Path, messages: list[bytes], now: datetime) -> None:
    """Write an mboxrd with the line ends of Unix, as most are."""
    with AtomicFile(path) as file:
        for number, message in enumerate(messages):
            time = now - timedelta(days=20) + number * _HOUR
            file.write(f"From demo@example.org {time:%a %b %d %H:%M:%S %Y}\n".encode())
            text = _FROM.sub(b">", message.replace(b"\r\n", b"\n"))
            file.write(text + (b"\n" if text.endswith(b"\n") else b"\n\n"))
        file.commit()


def _write_maildir(folder: Path, messages: list[bytes]) -> None:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, message in enumerate(messages):
        name = f"new/{1700000000 + number}.{number:04}.demo" if number % 10 == 0 else f"cur/{1700000000 + number}.{number:04}.demo:2,S"
        _write(folder / name, message.replace(b"\r\n", b"\n"))


def _write(path: Path, octets: bytes) -> None:
    with AtomicFile(path) as file:
        file.write(octets)
        file.commit()
