"""Memory grows neither with the size of a message nor with the number of its segments.

Each operation runs in a process of its own over 8 and over 48 MB (`SMIME_STREAM_SIZE` sets the larger size).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks of memory are read from /proc")

SIZE = int(os.environ.get("SMIME_STREAM_SIZE", "48000000"))
MOST = 64 << 20
DIFFERENCE = 4 << 20

_CHILD = r"""
import io, json, sys
import smime, smime.files
from smime.asn1 import writer
from smime.pki.throwaway import ThrowawayPKI

operation, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
who = ThrowawayPKI(key="p256").person("Alice", "alice@example.org", "p256")
pki_root = who.chain
signer = smime.Signer(who.private_key, who.certificate, who.chain)
password = smime.Password("secret")
policy = smime.policies.RFC8551.replace(check_sender=False)
LINE = b"A line of some text, which is as long as lines of text are in most mail.\r\n" * 100

def plain(head=b"From: alice@example.org\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n", block=LINE):
    yield head
    for _ in range(size // len(block)):
        yield block

def memory(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(field + ":"))

def write(target):
    kind, _, encoding = operation.partition(" ")
    encoding = encoding or "smime"
    if kind in {"detached", "opaque"}:
        smime.files.sign(plain(), target, signer, detached=kind == "detached", encoding=encoding)
    elif kind == "compressed":
        smime.files.compress(plain(), target, encoding=encoding)
    elif kind == "layers":
        with open(folder + "/inner", "wb") as inner:
            smime.files.encrypt(plain(), inner, password, signer=signer)
        smime.files.sign(folder + "/inner", target, signer, detached=False)
    else:
        smime.files.encrypt(plain(), target, password, content_encryption=kind, encoding=encoding)

def segments():
    count = size // 3
    yield b"\x30\x80" + writer.oid("1.2.840.113549.1.7.2") + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00"
    yield b"\x30\x80" + writer.oid("1.2.840.113549.1.7.1") + b"\xa0\x80\x24\x80" + writer.octet_string(b"Content-Type: text/plain\r\n\r\n")
    for _ in range(count // 10000):
        yield b"\x04\x01x" * 10000
    yield b"\x00" * 6 + b"\x31\x00" + b"\x00" * 6

def read(source, target):
    kind = operation.partition(" ")[0]
    if kind in {"detached", "opaque", "compressed", "layers", "segments"}:
        smime.files.unwrap(source, target, identities=password, policy=policy)
    else:
        smime.files.decrypt(source, target, password)

place = folder + "/message"
result = {}
real, size = size, 400_000
for size in (size, real):
    if size == real:
        result["base"] = memory("VmRSS")
    if operation == "segments":
        read(segments(), folder + "/target")
    else:
        write(place)
        read(place, folder + "/target")
result["peak"] = memory("VmHWM")
print(json.dumps(result))
"""

OPERATIONS = [
    "detached",
    "opaque",
    "opaque der",
    "aes-256-gcm",
    "aes-256-gcm der",
    "aes-256-cbc",
    "aes-256-cbc der",
    "chacha20-poly1305",
    "chacha20-poly1305 der",
    "compressed",
    "layers",
    "segments",
]


def growth(operation: str, size: int, folder: Path) -> int:
    done = subprocess.run([sys.executable, "-c", _CHILD, operation, str(size), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return int(told["peak"] - told["base"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_peak(operation: str, tmp_path: Path) -> None:
    small = growth(operation, SIZE // 6, tmp_path)
    large = growth(operation, SIZE, tmp_path)
    assert large <= MOST
    assert large - small <= DIFFERENCE
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
