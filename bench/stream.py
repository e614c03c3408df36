"""Big messages, file to file: rate and peak memory of each operation, and of `openssl cms` doing the same.

    python -m bench.stream --size 1G

Each operation runs in a process of its own, so that its peak of memory is its own; memory is counted above what the interpreter with its
imports needs. `openssl` runs in the same turn on the same files.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class Run:
    """One operation on one file."""

    seconds: float
    peak: int  # octets of resident memory, whole process
    base: int  # the same before the operation

    @property
    def growth(self) -> float:
        return (self.peak - self.base) / MIB


def size_of(text: str) -> int:
    """Read 64M or 1G."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text.upper())
    if match is None:
        raise argparse.ArgumentTypeError(f"not a size: {text}")
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]]


_CHILD = r"""
import json, sys
from bench import stream_child
print(json.dumps(stream_child.run(*sys.argv[1:])))
"""


def ours(operation: str, source: Path, target: Path, folder: Path) -> Run:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, operation, str(source), str(target), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{operation}: {done.stderr.strip()[-2000:]}")
    return Run(**json.loads(done.stdout))


def openssl(command: Sequence[str | Path]) -> Run:
    """Run `openssl cms`; its peak is read from /proc while it runs, since the one that wait4 tells includes ours before the exec."""
    started = time.perf_counter()
    peak = 0
    with subprocess.Popen(
        [str(word) for word in ("openssl", "cms", *command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            with contextlib.suppress(OSError):
                peak = max([peak, *(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmHWM"))])
            time.sleep(0.002)
        words = process.stderr.read().decode() if process.stderr else ""
    if process.returncode:
        raise RuntimeError(f"openssl {command[0]}: {words[-500:]}")
    return Run(time.perf_counter() - started, peak, 0)


_CIPHERS = {"GCM": "-aes-256-gcm", "CBC": "-aes-256-cbc"}
_ENDINGS = {"DER": "der", "mail": "eml"}


@dataclass(frozen=True)
class Operation:
    """A row of the table; its name is "verb form, encoding"."""

    name: str
    bound: str  # what bounds the rate
    bar: float | None = None  # times openssl

    @property
    def words(self) -> list[str]:
        return self.name.replace(",", "").split()

    @property
    def reads(self) -> bool:
        return self.words[0] in {"verify", "decrypt"}

    @property
    def protected(self) -> str:
        """The file that writers write and readers read."""
        _, form, encoding = self.words
        return f"{form}.{_ENDINGS[encoding]}"

    def openssl(self, folder: Path) -> list[str | Path] | None:
        """Return the arguments of `openssl cms`; None if it cannot do this."""
        verb, form, encoding = self.words
        if form == "ChaCha20":
            return None
        shape = "SMIME" if encoding == "mail" else "DER"
        source = folder / (self.protected if self.reads else "message")
        words: list[str | Path] = [f"-{verb}", "-in", source, "-out", folder / "peer.out"]
        if self.name != "verify detached, mail":  # there -binary takes the CR in front of a delimiter for content
            words.append("-binary")
        words += ["-inform", shape] if self.reads else ["-stream", "-outform", shape]
        key = ["-inkey", folder / "rsa.key.pem"]
        certificate = folder / "rsa.pem"
        if verb == "sign":
            words += ["-signer", certificate, *key, "-certfile", folder / "intermediate.pem", *(["-nodetach"] if form == "opaque" else [])]
        elif verb == "verify":
            words += ["-purpose", "smimesign", "-CAfile", folder / "root.pem"]
        elif verb == "encrypt":
            words += [_CIPHERS[form], "-recip", certificate]
        else:
            words += ["-recip", certificate, *key]
        return words


OPERATIONS = (
    Operation("sign opaque, DER", "digest"),
    Operation("verify opaque, DER", "digest", 8),
    Operation("sign detached, mail", "digest"),
    Operation("verify detached, mail", "digest", 20),
    Operation("sign opaque, mail", "digest, base64"),
    Operation("verify opaque, mail", "digest, base64", 10),
    Operation("encrypt GCM, DER", "disk"),
    Operation("decrypt GCM, DER", "disk", 10),
    Operation("encrypt GCM, mail", "base64, disk"),
    Operation("decrypt GCM, mail", "base64, disk", 10),
    Operation("encrypt CBC, DER", "cipher"),
    Operation("decrypt CBC, DER", "disk", 10),
    Operation("encrypt CBC, mail", "cipher"),
    Operation("decrypt CBC, mail", "base64, disk", 10),
    Operation("encrypt ChaCha20, DER", "cipher"),
    Operation("decrypt ChaCha20, DER", "cipher"),
)


def _write_source(path: Path, size: int) -> None:
    from bench.payload import message

    piece = message(MIB)
    end = piece.rfind(b"\r\n--bench-boundary--")
    body = piece[piece.find(b"\r\n\r\n", piece.find(b"base64")) + 4 : end] + b"\r\n"
    with path.open("wb") as file:
        written = file.write(piece[:end] + b"\r\n")
        while written < size:
            written += file.write(body)
        file.write(b"\r\n--bench-boundary--\r\n")


def table(size: int, rounds: int, folder: Path, *, peers: bool, only: str = "") -> list[str]:
    """Measure and return the lines of the table."""
    from bench.people import write

    write(folder)
    _write_source(folder / "message", size)
    megabytes = size / 1e6
    lines = [
        "| operation | MB/s | memory over imports, MiB | openssl MB/s | openssl memory, MiB | ratio | bar | bound by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for operation in OPERATIONS:
        if only and only not in operation.name and operation.reads:
            continue
        source, target = ("message", operation.protected) if not operation.reads else (operation.protected, "out")
        command = operation.openssl(folder) if peers and shutil.which("openssl") else None
        runs, theirs = [], []
        for _ in range(rounds):
            runs.append(ours(operation.name, folder / source, folder / target, folder))
            if command is not None:
                theirs.append(openssl(command))
        rate = megabytes / statistics.median(run.seconds for run in runs)
        growth = max(run.growth for run in runs)
        cells = [operation.name, f"{rate:.0f}", f"{growth:.0f}" + ("" if growth <= 64 else " (bar 64)")]
        if theirs:
            their_rate = megabytes / statistics.median(run.seconds for run in theirs)
            ratio = statistics.median(b.seconds / a.seconds for a, b in zip(runs, theirs, strict=True))
            cells += [f"{their_rate:.0f}", f"{max(run.peak for run in theirs) / MIB:.0f}", f"{ratio:.1f}"]
            bar = operation.bar
            cells.append("" if bar is None else f">= {bar:g}" + ("" if ratio >= bar else f" (missed: {ratio / bar:.2f} of it)"))
        else:
            cells += ["", "", "", ""]
        lines.append("| " + " | ".join([*cells, operation.bound]) + " |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=size_of, default=size_of("1G"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files go; a local disk with five times the size free")
    parser.add_argument("--no-peers", action="store_true", help="without openssl")
    parser.add_argument("--only", default="", help="readers whose name contains this")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        table(arguments.size, arguments.rounds, Path(folder), peers=not arguments.no_peers, only=arguments.only)


if __name__ == "__main__":
    main()
