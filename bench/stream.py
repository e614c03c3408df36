"""Big messages, file to file: rate and peak memory of each operation, and of `openssl cms` doing the same. Writes bench/STREAM.md.

    python -m bench.stream --size 1G --dir /var/tmp

Everything runs on one pinned core, but for the rows "two threads", which may use all there are. Each operation runs in a process of its
own, so that its peak of memory is its own; memory is counted above what the interpreter needs after the imports and a small message of the
same kind. `openssl` runs in the same turn on the same files. Before each run targets are removed and what is dirty goes to the disk. Memory
is touched beforehand, and each operation, of `openssl` too, is done twice and measured the second time: a virtual machine may have to get
memory from its host anew. Beside the time on the wall stands the time of the processor, which on a shared machine is the steadier measure.

What bounds an operation is not guessed: its parts (digest, cipher, base64, line ends, reading and writing a file) are measured alone, in
the same way, and the table says which share of the processor's time each would need.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
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

from bench.measure import machine, pin

MIB = 1 << 20
_RESULTS = Path(__file__).with_name("STREAM.md")


@dataclass(frozen=True)
class Run:
    """One operation on one file."""

    seconds: float
    cpu: float  # seconds of the processor, user and system
    peak: int  # octets of resident memory, whole process
    base: int = 0  # the same before the operation
    sha256: float = 0.0  # seconds that SHA-256 of the plain file took just before
    sha256_cpu: float = 0.0
    system: float = 0.0  # of `cpu`: in the kernel

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
print(json.dumps(getattr(stream_child, sys.argv[1])(*sys.argv[2:])))
"""


def _child(function: str, *arguments: object) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", _CHILD, function, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{function} {arguments[0]}: {done.stderr.strip()[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def ours(operation: str, source: Path, target: Path, folder: Path) -> Run:
    return Run(**_child("run", operation, source, target, folder))  # type: ignore[arg-type] # the field types are the child's


def openssl(command: Sequence[str | Path]) -> Run:
    """Run `openssl cms`; its peak is read from /proc while it runs, since the one that wait4 tells includes ours before the exec."""
    started = time.perf_counter()
    peak = 0
    with subprocess.Popen(
        [str(word) for word in ("openssl", "cms", *command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        status = Path(f"/proc/{process.pid}/status")
        while True:
            pid, code, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            with contextlib.suppress(OSError):
                peak = max([peak, *(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmHWM"))])
            time.sleep(0.01)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(code)
        words = process.stderr.read().decode() if process.stderr else ""
    if process.returncode:
        raise RuntimeError(f"openssl {command[0]}: {words[-500:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak)


_CIPHERS = {"GCM": "-aes-256-gcm", "CBC": "-aes-256-cbc"}
_ENDINGS = {"DER": "der", "BER": "ber", "mail": "eml"}
_DIGEST_BAR = 0.85


@dataclass(frozen=True)
class Operation:
    """A row of the table; its name is "verb form, encoding", with "report only" if no content is written, and "two threads"."""

    name: str
    parts: str  # what it cannot do without, as `stream_child.parts` names it
    bar: float | None = None  # times openssl

    @property
    def words(self) -> list[str]:
        return self.name.replace(",", "").split()

    @property
    def reads(self) -> bool:
        return self.words[0] in {"verify", "decrypt"}

    @property
    def two_threads(self) -> bool:
        """It may run on more than one core."""
        return self.name.endswith("two threads")

    @property
    def against_digest(self) -> bool:
        """Its bar is the rate of SHA-256."""
        return self.words[0] == "sign" or "report only" in self.name or self.two_threads

    @property
    def protected(self) -> str:
        """The file that writers write and readers read."""
        _, form, encoding, *_ = self.words
        return f"{form}.{_ENDINGS[encoding]}"

    def openssl(self, folder: Path) -> list[str | Path] | None:
        """Return the arguments of `openssl cms`; None if it cannot do this."""
        verb, form, encoding, *variant = self.words
        if form == "ChaCha20" or variant:
            return None
        shape = "SMIME" if encoding == "mail" else "DER"
        source = folder / (self.protected if self.reads else "message")
        words: list[str | Path] = [f"-{verb}", "-in", source, "-out", folder / "peer.out"]
        if self.name != "verify detached, mail":  # there -binary takes the CR in front of a delimiter for content
            words.append("-binary")
        words += ["-inform", shape] if self.reads else [*([] if form in _CIPHERS and encoding == "DER" else ["-stream"]), "-outform", shape]
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
    Operation("sign opaque, BER", "read digest write"),
    Operation("verify opaque, BER", "read digest write", 8),
    Operation("verify opaque, BER, report only", "read digest"),
    Operation("sign opaque, BER, two threads", "read digest write"),
    Operation("verify opaque, BER, two threads", "read digest write"),
    Operation("verify opaque, BER, report only, two threads", "read digest"),
    Operation("sign detached, mail", "read lines digest write"),
    Operation("verify detached, mail", "read lines digest write", 20),
    Operation("verify detached, mail, report only", "read lines digest"),
    Operation("sign detached, mail, two threads", "read lines digest write"),
    Operation("verify detached, mail, two threads", "read lines digest write"),
    Operation("verify detached, mail, report only, two threads", "read lines digest"),
    Operation("sign opaque, mail", "read lines digest encode write-text"),
    Operation("verify opaque, mail", "read-text decode digest write", 10),
    Operation("verify opaque, mail, report only", "read-text decode digest"),
    Operation("sign opaque, mail, two threads", "read lines digest encode write-text"),
    Operation("verify opaque, mail, two threads", "read-text decode digest write"),
    Operation("verify opaque, mail, report only, two threads", "read-text decode digest"),
    Operation("encrypt GCM, DER", "read encrypt-gcm write"),
    Operation("decrypt GCM, DER", "read decrypt-gcm write", 10),
    Operation("encrypt GCM, BER", "read encrypt-gcm write"),
    Operation("decrypt GCM, BER", "read decrypt-gcm write", 10),
    Operation("encrypt GCM, mail", "read lines encrypt-gcm encode write-text"),
    Operation("decrypt GCM, mail", "read-text decode decrypt-gcm write", 10),
    Operation("encrypt CBC, DER", "read encrypt-cbc write"),
    Operation("decrypt CBC, DER", "read decrypt-cbc write"),
    Operation("encrypt CBC, mail", "read lines encrypt-cbc encode write-text"),
    Operation("decrypt CBC, mail", "read-text decode decrypt-cbc write", 10),
    Operation("encrypt ChaCha20, DER", "read encrypt-chacha write"),
    Operation("decrypt ChaCha20, DER", "read decrypt-chacha write"),
    Operation("encrypt ChaCha20, mail", "read lines encrypt-chacha encode write-text"),
    Operation("decrypt ChaCha20, mail", "read-text decode decrypt-chacha write"),
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


_TEXT = 78 / 57  # octets of base64 text for one of its content


def _shares(operation: Operation, parts: dict[str, float], run: Run, size: int) -> str:
    """Say which share of the processor's time each part of an operation needs when it is done alone, and what the rest is."""
    shares: list[tuple[float, str]] = []
    kernel = run.system
    for part in operation.parts.split():
        name, _, text = part.partition("-")
        of_text = text == "text"
        needed = parts[name if of_text else part] * size * (_TEXT if of_text else 1)
        word = {"encrypt": "cipher", "decrypt": "cipher", "encode": "base64", "decode": "base64"}.get(name, name)
        shares.append((needed / run.cpu, word))
        if name in {"read", "write"}:
            kernel -= needed
    shares.append((max(0.0, kernel / run.cpu), "memory and disk"))
    rest = max(0.0, 1 - sum(share for share, _ in shares))
    waits = 1 - run.cpu / run.seconds
    told = ", ".join(f"{word} {share:.0%}" for share, word in sorted(shares, reverse=True) if share >= 0.01)
    return f"{told}, rest {rest:.0%}; waits {max(0.0, waits):.0%}"


def _cells(operation: Operation, runs: list[Run], theirs: list[Run], parts: dict[str, float], size: int) -> list[str]:
    """Return a row of the table."""
    megabytes = size / 1e6
    rate = megabytes / statistics.median(run.seconds for run in runs)
    cpu = statistics.median(run.cpu for run in runs)
    growth = max(run.growth for run in runs)
    cells = [operation.name, f"{rate:.0f}", f"{megabytes / cpu:.0f}", f"{growth:.0f}" + ("" if growth <= 64 else " (bar 64)")]
    if theirs:
        their_rate = megabytes / statistics.median(run.seconds for run in theirs)
        ratio = statistics.median(b.seconds / a.seconds for a, b in zip(runs, theirs, strict=True))
        cpu_ratio = statistics.median(b.cpu / a.cpu for a, b in zip(runs, theirs, strict=True))
        cells += [f"{their_rate:.0f}", f"{max(run.peak for run in theirs) / MIB:.0f}", f"{ratio:.1f} ({cpu_ratio:.1f})"]
        bar = operation.bar
        best = max(ratio, cpu_ratio)
        verdict = "" if bar is None else f">= {bar:g} x openssl" + ("" if best >= bar else f": missed, {best / bar:.2f} of it")
    else:
        cells += ["", "", ""]
        verdict = ""
    if operation.words[0] in {"sign", "verify"}:
        ratio = statistics.median(run.sha256 / run.seconds for run in runs)
        cpu_ratio = statistics.median(run.sha256_cpu / run.cpu for run in runs)
        cells.append(f"{ratio:.2f} ({cpu_ratio:.2f})")
        if operation.against_digest:
            best = ratio if operation.two_threads else max(ratio, cpu_ratio)
            verdict = f">= {_DIGEST_BAR} x SHA-256" + ("" if best >= _DIGEST_BAR else f": missed, {best / _DIGEST_BAR:.2f} of it")
    else:
        cells.append("")
    return [*cells, verdict, _shares(operation, parts, sorted(runs, key=lambda run: run.cpu)[len(runs) // 2], size)]


_HEAD = (
    "| operation | MB/s | MB per CPU second | memory over imports, MiB | openssl MB/s | its memory, MiB | x openssl, wall (CPU) "
    "| x SHA-256, wall (CPU) | bar | where the CPU time goes |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


_WARM = "import mmap, sys; memory = mmap.mmap(-1, int(sys.argv[1])); [memory.__setitem__(at, 1) for at in range(0, len(memory), 4096)]"


def _warm(size: int) -> None:
    """Touch as much free memory as the files will take in the page cache.

    A virtual machine may get its memory only when it is first touched, which is ten times as dear as writing a file into it.
    """
    available = next(
        int(line.split()[1]) << 10 for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable")
    )
    subprocess.run([sys.executable, "-c", _WARM, str(min(16 * size, available * 3 // 4))], check=True)


def table(size: int, rounds: int, folder: Path, *, peers: bool, only: str = "") -> list[str]:
    """Measure and return the lines of the table."""
    from bench.people import write

    write(folder)
    _write_source(folder / "message", size)
    _warm(size)
    parts = _child("parts", folder)
    lines = list(_HEAD)
    print("\n".join(lines))
    wanted = [operation for operation in OPERATIONS if any(word in operation.name for word in only.split("+"))]
    needed = {operation.protected for operation in wanted if operation.reads}
    for operation in OPERATIONS:
        if operation not in wanted and (operation.reads or operation.protected not in needed):
            continue
        source, target = ("message", operation.protected) if not operation.reads else (operation.protected, "out")
        command = operation.openssl(folder) if peers and shutil.which("openssl") else None
        runs, theirs = [], []
        for _ in range(rounds if operation in wanted else 1):
            for leftover in (target, "peer.out"):
                (folder / leftover).unlink(missing_ok=True)
            os.sync()
            runs.append(ours(operation.name, folder / source, folder / target, folder))
            if command is not None:
                os.sync()
                openssl(command)
                (folder / "peer.out").unlink(missing_ok=True)
                theirs.append(openssl(command))
        (folder / "peer.out").unlink(missing_ok=True)
        if operation.reads:
            (folder / "out").unlink(missing_ok=True)
        later = OPERATIONS[OPERATIONS.index(operation) + 1 :]
        if all(other.protected != operation.protected for other in later):
            (folder / operation.protected).unlink(missing_ok=True)
        if operation in wanted:
            lines.append("| " + " | ".join(_cells(operation, runs, theirs, parts, size)) + " |")
            print(lines[-1], flush=True)
    rates = ", ".join(f"{name} {1 / seconds / 1e6:.0f}" for name, seconds in parts.items())
    return [*lines, "", f"The parts alone, MB per CPU second of one core: {rates}."]


_TITLE = "# Big messages, file to file\n\n"
_INTRODUCTION = """\
Made by `make bench-stream` (`python -m bench.stream --size {size} --rounds {rounds}`). One pinned core, files on a local disk; medians of
the rounds, in which `openssl cms` takes its turn on the same files, each done twice and measured the second time, when the machine has the
memory; only "two threads" uses a second core. MB are 10^6 octets of the plain message. DER has definite lengths, BER (what streams have,
and every opaque signature here) indefinite ones; "report only" is `files.verify(source, None, ...)`; all others write their result. x
openssl and x SHA-256 say how many times as fast, on the wall and in brackets by processor time: other work on the machine disturbs the
first more than the second. SHA-256 is `cryptography` over the plain file, 64 KiB at a time. The last column says which share of the
processor's time the parts of the operation need when each is done alone; "memory and disk" is what the kernel needs beyond that, for fresh
pages and for what it writes back; "waits" is the share of the time on the wall in which the process did not run, for the disk or for other
work on the machine.
"""


def _save(title: str, size: str, lines: Sequence[str], rounds: int) -> None:
    """Put a table into the results, in place of the one of the same title."""
    old = _RESULTS.read_text(encoding="utf-8") if _RESULTS.exists() else ""
    sections = {part.partition("\n")[0]: part.partition("\n")[2] for part in old.split("\n## ")[1:]}
    body = _INTRODUCTION.format(size=size, rounds=rounds) + "\n" + "\n".join(lines) + "\n"
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.strip()
    sections[title] = f"\n{machine()}, {version}\n\n{body}"
    text = _TITLE + "\n".join(f"## {name}\n{content.rstrip()}\n" for name, content in sections.items())
    _RESULTS.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", default="1G")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where the files go; a local disk with five times the size free")
    parser.add_argument("--no-peers", action="store_true", help="without openssl")
    parser.add_argument("--only", default="", help="operations whose name contains this, or one of these joined by +")
    parser.add_argument("--title", help="of the section of bench/STREAM.md; default is the size")
    parser.add_argument("--no-save", action="store_true", help="leave bench/STREAM.md alone")
    arguments = parser.parse_args()
    size = size_of(arguments.size)
    pin()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < 5 * size:
            parser.error(f"{folder} has no room for five times {arguments.size}")
        lines = table(size, arguments.rounds, folder, peers=not arguments.no_peers, only=arguments.only)
    if not arguments.no_save:
        _save(arguments.title or arguments.size, arguments.size, lines, arguments.rounds)


if __name__ == "__main__":
    main()
