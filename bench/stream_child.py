"""One operation of `bench.stream`, in a process of its own."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import smime
import smime.files
from smime.operations.buffers import room

_PIECE = 1 << 16
_BLOCK = 1 << 18


def _memory(field: str) -> int:
    """Return VmHWM (the peak) or VmRSS of this process, octets."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) << 10
    return 0


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _operation(name: str, folder: Path) -> Callable[[Any, Any], Any]:
    (identity,) = smime.load_identities((folder / "rsa.key.pem").read_bytes() + (folder / "rsa.pem").read_bytes())
    from cryptography import x509

    intermediate = x509.load_pem_x509_certificate((folder / "intermediate.pem").read_bytes())
    signer = smime.Signer(identity.private_key, identity.certificate, (intermediate,))
    trust = smime.TrustStore.from_path(folder / "root.pem")
    verb, form, encoding, *variant = name.replace(",", "").split()
    only_report = "report" in variant
    if verb == "sign":
        how = "smime" if encoding == "mail" else "der"
        return lambda source, target: smime.files.sign(source, target, signer, detached=form == "detached", encoding=how)
    if verb == "verify":
        return lambda source, target: smime.files.verify(source, None if only_report else target, trust, sender="rsa@example.org")
    if verb == "encrypt":
        cipher = {"GCM": "aes-256-gcm", "CBC": "aes-256-cbc", "ChaCha20": "chacha20-poly1305"}[form]
        how = "smime" if encoding == "mail" else "der"

        def encrypt(source: Path, target: Path) -> None:
            with source.open("rb", buffering=0) as file:  # of a stream, nobody knows the length
                given = file if encoding == "BER" else source
                smime.files.encrypt(given, target, identity.certificate, content_encryption=cipher, encoding=how)

        return encrypt
    return lambda source, target: smime.files.decrypt(source, target, identity)


def _sha256(path: Path) -> None:
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hashes.SHA256())
    view = room(_PIECE)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(view):
            digest.update(view[:count])
    digest.finalize()


def _read(path: Path) -> None:
    """Read a file, so that it is in the page cache: a machine may drop from it what nobody asked for lately."""
    view = room(_BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(view):
            pass


def run(name: str, source: str, target: str, folder: str) -> dict[str, float]:
    """Run one operation; return its seconds, and the memory before and at its peak.

    A small message of the same kind goes through first, so that imports and caches count as what they are. The operation itself is done
    twice, and measured the second time: a virtual machine may have given back the memory that was free for a second or two, and to get it
    from the host again, for a file or for a buffer, is ten times as dear as to use it.
    """
    place = Path(folder)
    operation = _operation(name, place)
    small, large = place / "small", Path(source)
    verb, form, encoding, *_ = name.replace(",", "").split()
    writer = {"verify": "sign", "decrypt": "encrypt"}.get(verb)
    from bench.payload import message

    small.write_bytes(message(4096))
    if writer:
        written = place / "small.written"
        _operation(f"{writer} {form} {encoding}", place)(small, written)
        small = written
    operation(small, place / "small.out")
    result: dict[str, float] = {"base": _memory("VmRSS")}
    if verb in {"sign", "verify"}:
        _read(place / "message")
        cpu, started = _cpu(), time.perf_counter()
        _sha256(place / "message")
        result |= {"sha256": time.perf_counter() - started, "sha256_cpu": _cpu() - cpu}
    _read(large)
    if name.endswith("two threads"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    operation(large, Path(target))
    Path(target).unlink(missing_ok=True)
    cpu, system, started = _cpu(), resource.getrusage(resource.RUSAGE_SELF).ru_stime, time.perf_counter()
    operation(large, Path(target))
    result |= {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu, "peak": _memory("VmHWM")}
    return result | {"system": resource.getrusage(resource.RUSAGE_SELF).ru_stime - system}


def parts(folder: str) -> dict[str, float]:
    """Measure what operations are made of, each alone; return the seconds of the processor for an octet."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
    from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    from smime.files.atomic import BlockFile
    from smime.mime.multipart import MultipartReader
    from smime.transforms import base64
    from smime.transforms.lines import CanonicalLines

    place = Path(folder)
    with (place / "message").open("rb") as file:
        text = file.read(_BLOCK)
    buffer = room(2 * _BLOCK)
    key = bytes(32)
    digest = hashes.Hash(hashes.SHA256())
    chacha, poly = Cipher(ChaCha20(key, bytes(16)), None).encryptor(), Poly1305(key)

    def chacha_poly() -> None:
        chacha.update_into(text, buffer)
        poly.update(text)

    source = (place / "message").open("rb", buffering=0)
    view = buffer[:_BLOCK]

    def read() -> None:
        if source.readinto(view) < _BLOCK:
            source.seek(0)

    lines, boundary = CanonicalLines(), MultipartReader("something-that-is-not-there")

    def canonical() -> None:
        boundary.receive(text)
        lines.update(text)

    encoder, decoder = base64.Encoder(), base64.Decoder()
    whole_lines = base64.encode(text[: 57 * 3072])
    unit: dict[str, tuple[Callable[[], object], int]] = {
        "read": (read, _BLOCK),
        "digest": (lambda: digest.update(text), _BLOCK),
        "lines": (canonical, _BLOCK),
        "encode": (lambda: encoder.update_into(text, buffer), _BLOCK),
        "decode": (lambda: decoder.update_into(whole_lines, buffer), 57 * 3072),
        "encrypt-gcm": (_into(Cipher(AES(key), GCM(bytes(12))).encryptor(), text, buffer), _BLOCK),
        "decrypt-gcm": (_into(Cipher(AES(key), GCM(bytes(12), None, 12)).decryptor(), text, buffer), _BLOCK),
        "encrypt-cbc": (_into(Cipher(AES(key), CBC(bytes(16))).encryptor(), text, buffer), _BLOCK),
        "decrypt-cbc": (_into(Cipher(AES(key), CBC(bytes(16))).decryptor(), text, buffer), _BLOCK),
        "encrypt-chacha": (chacha_poly, _BLOCK),
        "decrypt-chacha": (chacha_poly, _BLOCK),
    }
    result = {}
    times = 400
    for name, (function, octets) in unit.items():
        best = 1e9
        for _ in range(5):
            begun = _cpu()
            for _ in range(times):
                function()
            best = min(best, _cpu() - begun)
        result[name] = best / (times * octets)
    best = 1e9
    for _ in range(5):
        spool = BlockFile(tempfile.TemporaryFile(buffering=0, dir=place), reserve=True)  # noqa: SIM115 - it closes the file
        os.sync()
        begun = _cpu()
        for _ in range(times):
            spool.write(text)
        spool.flush()
        best = min(best, _cpu() - begun)
        spool.close()
    result["write"] = best / (times * _BLOCK)
    return result


def _into(context: Any, text: bytes, buffer: memoryview) -> Callable[[], object]:
    return lambda: context.update_into(text, buffer)
