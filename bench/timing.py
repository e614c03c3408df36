"""Whether time tells bad padding of RSA v1.5 from good: `python -m bench.timing [SAMPLES]` writes bench/TIMING.md.

The method of dudect (Reparaz, Balasch, Verbauwhede 2017): calls of two classes in random order, and Welch's t over their times, whole and
with the slowest calls cropped at several percentiles; the largest |t| counts. Up to 4.5 nothing is seen; above it more samples are worth
while; above 10 there is a difference. Every class has many ciphertexts, so that no single one stands for it.

Two controls say whether the method sees anything at all: the same class twice, which must give nothing, and a decryption that ends early
where the padding is bad, which must show. It says nothing about other machines, or about an attacker with another way to listen. It is
reported, and no test.
"""

from __future__ import annotations

import gc
import math
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.measure import machine, pin
from cryptography.hazmat.primitives.asymmetric import rsa

import smime
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms.auth_enveloped_data import build_auth_enveloped_data
from smime.cms.enveloped_data import build_enveloped_data
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.recipient_info import KeyTransRecipientInfo
from smime.crypto import content_encryption, key_transport
from smime.pki.throwaway import ThrowawayPKI
from smime.x509.certificate import Certificate

V15 = AlgorithmIdentifier.build("1.2.840.113549.1.1.1", writer.NULL)
CONTENT = b"Content-Type: text/plain\r\n\r\n" + b"x" * 1000 + b"\r\n"
CIPHERTEXTS = 200  # of each class
PERCENTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
KEY_SIZE = 32


def _filled(count: int) -> bytes:
    return bytes(1 + octet % 255 for octet in secrets.token_bytes(count))


def _padded(key: bytes, size: int) -> bytes:
    return b"\0\x02" + _filled(size - 3 - len(key)) + b"\0" + key


CLASSES: dict[str, Callable[[bytes, int], bytes]] = {
    "the first octet is wrong": lambda key, size: b"\x01" + _padded(key, size)[1:],
    "the block type is wrong": lambda key, size: b"\0\x01" + _padded(key, size)[2:],
    "no separator": lambda _key, size: b"\0\x02" + _filled(size - 2),
    "the filling is too short": lambda _key, size: b"\0\x02" + _filled(3) + b"\0" + _filled(size - 6),
    "a key of 16 octets": lambda key, size: _padded(key[:16], size),
    "a key of 33 octets": lambda key, size: _padded(key + b"x", size),
    "good padding, a key of random length": lambda _key, size: _padded(secrets.token_bytes(secrets.randbelow(size - 11) + 1), size),
}


class World:
    """A recipient, and ciphertexts for it."""

    def __init__(self) -> None:
        person = ThrowawayPKI("Timing").person("Bob", "bob@example.org", "rsa2048")
        key = person.private_key
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.identity = smime.Identity(person.private_key, person.certificate)
        facts = Certificate.of_any(person.certificate)
        self.rid = IssuerAndSerialNumber(facts.issuer_raw, facts.serial)
        numbers = self.key.public_key().public_numbers()
        self.n, self.e = numbers.n, numbers.e
        self.size = (self.n.bit_length() + 7) // 8

    def encrypt(self, make: Callable[[bytes, int], bytes], key: bytes | None = None) -> bytes:
        """Return a block made by hand, encrypted."""
        block = int.from_bytes(make(key or secrets.token_bytes(KEY_SIZE), self.size), "big")
        encrypted: int = pow(block % self.n, self.e, self.n)
        return encrypted.to_bytes(self.size, "big")

    def message(self, make: Callable[[bytes, int], bytes], cipher: str) -> bytes:
        """Return a message whose content does not decrypt even if its key does: what an attacker sends."""
        key, other = secrets.token_bytes(KEY_SIZE), secrets.token_bytes(KEY_SIZE)
        algorithm, encrypted, tag = content_encryption.encrypt(cipher, other, CONTENT)
        infos = [KeyTransRecipientInfo.build(self.rid, V15, self.encrypt(make, key))]
        if tag is None:
            return build_enveloped_data(recipient_infos=infos, content_encryption_algorithm=algorithm, encrypted_content=encrypted)
        return build_auth_enveloped_data(
            recipient_infos=infos, content_encryption_algorithm=algorithm, encrypted_content=encrypted, mac=tag
        )


def welch(a: Sequence[int], b: Sequence[int]) -> float:
    """Return Welch's t."""
    if len(a) < 2 or len(b) < 2:
        return 0.0
    spread = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return (statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(spread) if spread else 0.0


def largest_t(a: Sequence[int], b: Sequence[int]) -> float:
    """Return the t of the largest size, over all percentiles."""
    both = sorted([*a, *b])
    found = 0.0
    for percentile in PERCENTILES:
        limit = both[min(len(both) - 1, int(percentile * len(both)))]
        t = welch([x for x in a if x <= limit], [x for x in b if x <= limit])
        found = max(found, t, key=abs)
    return found


def measure(call: Callable[[bytes], object], good: Sequence[bytes], bad: Sequence[bytes], samples: int) -> tuple[list[int], list[int]]:
    """Time calls with either class in random order; nanoseconds of processor time."""
    clock = time.thread_time_ns
    times: tuple[list[int], list[int]] = ([], [])
    order = [(secrets.randbelow(2), secrets.randbelow(CIPHERTEXTS)) for _ in range(2 * samples)]
    for which, number in order[:200]:
        call((good, bad)[which][number])
    gc.collect()
    gc.disable()
    try:
        for which, number in order:
            data = (good, bad)[which][number]
            started = clock()
            call(data)
            times[which].append(clock() - started)
    finally:
        gc.enable()
    return times


def main(samples: int = 10_000) -> None:
    """Measure everything and write bench/TIMING.md."""
    pin()
    world = World()

    def many(make: Callable[[bytes, int], bytes], cipher: str | None = None) -> list[bytes]:
        return [world.encrypt(make) if cipher is None else world.message(make, cipher) for _ in range(CIPHERTEXTS)]

    def unwrap(ciphertext: bytes) -> bytes:
        return key_transport.decrypt_v15(world.key, ciphertext, (KEY_SIZE,))

    def decrypt(message: bytes) -> None:
        try:
            smime.decrypt(message, world.identity)
        except smime.DecryptionFailed:
            return

    def naive(ciphertext: bytes) -> bytes:
        """What nobody should do: look at the padding, and go on only if it is good."""
        block = unwrap(ciphertext)
        return content_encryption.decrypt(algorithm, key, sealed, tag) if ciphertext in known else block

    key = secrets.token_bytes(KEY_SIZE)
    algorithm, sealed, tag = content_encryption.encrypt("aes-256-gcm", key, CONTENT)
    good = many(_padded)
    known = frozenset(good)
    rows: list[tuple[str, str, Callable[[bytes], object], list[bytes], list[bytes]]] = [
        ("control", "good against good", unwrap, good, many(_padded)),
        ("control", "a decryption that ends early", naive, good, many(CLASSES["no separator"])),
    ]
    rows += [("the key alone", what, unwrap, good, many(make)) for what, make in CLASSES.items()]
    for cipher in ("aes-256-gcm", "aes-256-cbc"):
        right = many(_padded, cipher)
        rows.append((f"a whole message, {cipher}", "good against good", decrypt, right, many(_padded, cipher)))
        rows += [(f"a whole message, {cipher}", what, decrypt, right, many(make, cipher)) for what, make in CLASSES.items()]
    lines = [
        "# Does time tell bad padding from good?",
        "",
        f"Written by `python -m bench.timing`, whose text says how; {samples} calls a class in random order, processor time.",
        "|t| up to 4.5: nothing is seen. Reported, and no test.",
        "",
        "Of the key alone some tenths of a microsecond are seen, inside of `cryptography`: where the padding is bad OpenSSL makes up a",
        "key of random length (implicit rejection), and results of many lengths are dearer than results of one: good padding around",
        "keys of random length (the last class) costs as much by the median. Keys of one wrong length show nothing, and neither does a",
        "whole message, which is where an attacker looks.",
        "",
        f"{machine()}; {time.strftime('%Y-%m-%d')}",
        "",
        "| RSA v1.5 decryption | bad class | median good | median bad | t |",
        "| --- | --- | --- | --- | --- |",
    ]
    for where, what, call, one, other in rows:
        times = measure(call, one, other, samples)
        a, b = (statistics.median(found) / 1e3 for found in times)
        lines.append(f"| {where} | {what} | {a:.2f} µs | {b:.2f} µs | {largest_t(*times):+.1f} |")
        print(lines[-1], flush=True)
    (Path(__file__).parent / "TIMING.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
