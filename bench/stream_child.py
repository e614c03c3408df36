"""One operation of `bench.stream`, in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import smime
import smime.files


def _memory(field: str) -> int:
    """Return VmHWM (the peak) or VmRSS of this process, octets."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) << 10
    return 0


def _operation(name: str, folder: Path) -> Callable[[Any, Any], Any]:
    (identity,) = smime.load_identities((folder / "rsa.key.pem").read_bytes() + (folder / "rsa.pem").read_bytes())
    from cryptography import x509

    intermediate = x509.load_pem_x509_certificate((folder / "intermediate.pem").read_bytes())
    signer = smime.Signer(identity.private_key, identity.certificate, (intermediate,))
    trust = smime.TrustStore.from_path(folder / "root.pem")
    verb, form, encoding = name.replace(",", "").split()
    if verb == "sign":
        how = "smime" if encoding == "mail" else "der"
        return lambda source, target: smime.files.sign(source, target, signer, detached=form == "detached", encoding=how)
    if verb == "verify":
        return lambda source, target: smime.files.verify(source, target, trust, sender="rsa@example.org")
    if verb == "encrypt":
        cipher = {"GCM": "aes-256-gcm", "CBC": "aes-256-cbc", "ChaCha20": "chacha20-poly1305"}[form]
        how = "smime" if encoding == "mail" else "der"
        return lambda source, target: smime.files.encrypt(source, target, identity.certificate, content_encryption=cipher, encoding=how)
    return lambda source, target: smime.files.decrypt(source, target, identity)


def run(name: str, source: str, target: str, folder: str) -> dict[str, float]:
    """Run one operation; return its seconds and the memory before and at its peak.

    A small message of the same kind goes through first, so that imports and caches count as what they are.
    """
    place = Path(folder)
    operation = _operation(name, place)
    small, large = place / "small", Path(source)
    verb, form, encoding = name.replace(",", "").split()
    writer = {"verify": "sign", "decrypt": "encrypt"}.get(verb)
    from bench.payload import message

    small.write_bytes(message(4096))
    if writer:
        written = place / "small.written"
        _operation(f"{writer} {form} {encoding}", place)(small, written)
        small = written
    operation(small, place / "small.out")
    base = _memory("VmRSS")
    started = time.perf_counter()
    operation(large, Path(target))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak": _memory("VmHWM"), "base": base}
