"""A mail of 100 MB, file to file, against the rate of SHA-256 over the same octets in 64 KiB pieces."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import in_turn
from bench.payload import message
from bench.people import person, pki
from bench.rows import Row, rate
from cryptography.hazmat.primitives import hashes

import smime
import smime.files

SIZE = int(os.environ.get("SMIME_BENCH_FILE_SIZE", "100000000"))
_PIECE = 1 << 16


def rows() -> Iterator[Row]:
    who = person("rsa")
    signer = smime.Signer(who.private_key, who.certificate, who.chain)
    trust = smime.TrustStore(pki().anchors)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, signed, out = folder / "plain.eml", folder / "signed.eml", folder / "out"
        piece = message(SIZE // 10)
        end = piece.rfind(b"\r\n--bench-boundary--")
        body = piece[piece.find(b"\r\n\r\n", piece.find(b"base64")) + 4 : end] + b"\r\n"
        with plain.open("wb") as file:
            size = file.write(piece[:end] + b"\r\n")
            while size < SIZE:
                size += file.write(body)
            file.write(b"\r\n--bench-boundary--\r\n")
        smime.files.sign(plain, signed, signer)

        def sha256() -> bytes:
            digest = hashes.Hash(hashes.SHA256())
            with plain.open("rb", buffering=0) as file:
                buffer = bytearray(_PIECE)
                view = memoryview(buffer)
                while count := file.readinto(buffer):
                    digest.update(view[:count])
            return digest.finalize()

        for title, function in (
            ("sign 100 MB detached, file to file", lambda: smime.files.sign(plain, out, signer)),
            ("verify 100 MB detached, file to file", lambda: smime.files.verify(signed, out, trust)),
        ):
            ours, raw = in_turn(function, sha256, rounds=5, seconds=0.0)
            ratios = sorted(b / a for a, b in zip(ours.samples, raw.samples, strict=True))
            yield Row(
                title,
                f"{rate(size, ours.median)} ({rate(size, ours.best)})",
                f"SHA-256 of the file {rate(size, raw.median)} ({rate(size, raw.best)})",
                ratios[len(ratios) // 2],
                0.85,
                ">=",
                "x SHA-256",
            )
