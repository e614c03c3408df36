"""Encrypt and decrypt a file of any size in constant memory, with a progress line.

python examples/big_files.py [SIZE in MiB]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import smime
import smime.files
from smime.pki.throwaway import ThrowawayPKI

size = int(sys.argv[1]) if len(sys.argv) > 1 else 64
carol = ThrowawayPKI().person("Carol", "carol@example.org", "rsa2048")


class Progress:
    """Prints how far it is, at most ten times."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.printed = 0
        self.started = time.perf_counter()

    def __call__(self, octets: int) -> None:
        """Take note of some more octets."""
        self.done += octets
        if self.done * 10 // self.total > self.printed:
            self.printed = self.done * 10 // self.total
            rate = self.done / (time.perf_counter() - self.started) / 1e6
            print(f"  {100 * self.done // self.total:3d} %  {rate:.0f} MB/s")


with tempfile.TemporaryDirectory() as name:
    plain, encrypted, decrypted = (Path(name, part) for part in ("plain", "encrypted.der", "decrypted"))
    with plain.open("wb") as file:
        for _ in range(size):
            file.write(bytes(1 << 20))
    print("encrypting")
    smime.files.encrypt(plain, encrypted, carol.certificate, encoding="der", progress=Progress(plain.stat().st_size))
    print("decrypting")
    identity = smime.Identity(carol.private_key, carol.certificate)
    report = smime.files.decrypt(encrypted, decrypted, identity, progress=Progress(encrypted.stat().st_size)).report
    same = plain.stat().st_size == decrypted.stat().st_size
    print(f"{report.content_encryption_algorithm}, {report.key_encryption_algorithm}, same size: {same}")
