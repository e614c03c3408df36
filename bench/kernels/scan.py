"""The scan kernels and the MIME layer on them: ``python -m bench.kernels.scan`` writes SCAN.md beside this file.

Boundary lines, the messages of a mailbox from the page cache, and a message of 4 KB parsed far enough to say whether it is S/MIME and which
parts it has. Ends with status 1 if a bar was missed.
"""

from __future__ import annotations

import email
import email.policy
import mailbox
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from bench.measure import compare, in_turn, machine, pin
from bench.rows import Row, cells, markdown, microseconds, rate

import smime._kernels
from smime._kernels import hazards, parts
from smime.mime.address import parse_address_list
from smime.mime.entity import Body, EntityReader
from smime.mime.mbox import MboxSplitter
from smime.mime.multipart import MultipartReader
from smime.mime.parameters import parse_content_type, read_leniently
from smime.mime.smime_types import classify
from smime.mime.tree import parse
from smime.mime.writer import multipart_signed
from smime.transforms import base64

MB = 1 << 20
GB = 1e9
LINE = b"The verdict of a message says who signed it, and whether anything was changed.\r\n"
CHUNK = 1 << 20


def message(seed: int) -> bytes:
    """Return a signed mail of 4 KB, with the header that mail has after some hops."""
    chance = random.Random(seed)
    hops = (
        b"Received: from mx%d.example.org ([192.0.2.%d])\r\n\tby mail.example.net with ESMTPS id %X\r\n" % (i, i, i << 20) for i in range(3)
    )
    dkim = base64.encode(chance.randbytes(150)).rstrip().replace(b"\r\n", b"\r\n\t")
    header = b"Return-Path: <alice@example.org>\r\n" + b"".join(hops) + b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org;\r\n\tb=" + dkim
    header += (
        b"\r\nFrom: Alice <alice@example.org>\r\nTo: Bob <bob@example.net>\r\nSubject: The figures of October\r\n"
        b"Date: Tue, 3 Nov 2026 10:00:00 +0100\r\nMessage-ID: <%d@example.org>\r\nUser-Agent: Example 1.0\r\n" % seed
    )
    pieces = multipart_signed(["sha-256"], b"=_%032x" % chance.getrandbits(128))
    text = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + LINE * 6
    head = header + pieces.head + text + pieces.middle
    return head + base64.encode(chance.randbytes((4096 - len(head)) * 3 // 4 - 60)) + pieces.tail


def kernel_rows() -> Iterator[Row]:
    prose = LINE * (MB // len(LINE))
    coded = base64.encode(random.Random(1).randbytes(MB * 3 // 4))
    delimiter = b"--=_0123456789abcdef0123456789abcdef"
    for name, data in (("prose", prose), ("base64", coded)):
        found = compare(
            lambda data=data: data.find(b"\n" + delimiter), lambda data=data: parts.scan_boundary(data, 0, len(data), delimiter, 0)
        )
        speed = len(data) / found.other.median / GB
        yield Row(
            f"boundary scan, {name}, 1 MB",
            rate(len(data), found.other.median),
            "bytes.find " + rate(len(data), found.ours.median),
            speed,
            3,
            ">=",
            "GB/s",
        )
    (found_hazards,) = in_turn(lambda: hazards.text_hazards(prose, 0, len(prose)))
    yield Row(
        "what may not survive transport, prose, 1 MB",
        rate(len(prose), found_hazards.median),
        "",
        len(prose) / found_hazards.median / GB,
        unit="GB/s",
    )


def message_rows() -> Iterator[Row]:
    mails = [message(seed) for seed in range(1000)]  # more than the caches of values hold: each boundary is new
    octets = mails[0]
    turn = 0

    def one() -> None:
        nonlocal turn
        turn = (turn + 1) % 1000
        tree = parse(mails[turn])
        classify(tree.fields)
        for part in tree.children:
            classify(part.fields)

    def stdlib() -> None:
        list(email.message_from_bytes(octets).walk())

    def readers() -> None:
        entity = EntityReader()
        for event in entity.receive(octets):
            if isinstance(event, Body) and entity.fields is not None:
                multipart = MultipartReader(classify(entity.fields).boundary or b"-")
                multipart.receive(event.data)
                multipart.finish()

    ours, theirs, events = in_turn(one, stdlib, readers)
    peer = f"email.message_from_bytes {microseconds(theirs.median)}"
    yield Row(
        f"parse and classify a message of {len(octets)} octets, all parts",
        microseconds(ours.median),
        peer,
        ours.median * 1e6,
        10,
        "<=",
        "µs",
    )
    yield Row("the same as events of the readers", microseconds(events.median), "", events.median * 1e6, unit="µs")
    value = parse(octets).fields.get_raw("content-type") or b""
    long_way, address, typed = in_turn(
        lambda: read_leniently(value), lambda: parse_address_list(b" Alice <alice@example.org>"), lambda: parse_content_type(value)
    )
    yield Row(
        "a Content-Type, the lenient way",
        microseconds(long_way.median),
        f"seen before {microseconds(typed.median)}",
        long_way.median * 1e6,
        unit="µs",
    )
    yield Row("a From field seen before", microseconds(address.median), "", address.median * 1e6, unit="µs")


def split(path: Path) -> int:
    """Count the messages of a mailbox as the archive's workers read one."""
    splitter = MboxSplitter(total_size=path.stat().st_size)
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    count = 0
    with path.open("rb", buffering=0) as source:
        while size := source.readinto(buffer):
            count += len(splitter.receive(view[:size]))
    return count + len(splitter.finish())


def mailbox_rows() -> Iterator[Row]:
    mails = [
        b"From alice@example.org Tue Nov  3 10:00:%02d 2026\n" % (i % 60) + message(i).replace(b"\r\n", b"\n") + b"\n" for i in range(500)
    ]
    unit = b"".join(mails)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.mbox")
        with path.open("wb") as target:
            for _ in range(200_000_000 // len(unit) + 1):
                target.write(unit)
        size = path.stat().st_size
        count = split(path)

        def theirs() -> None:
            if len(mailbox.mbox(path, create=False)) != count:
                raise RuntimeError("mailbox.mbox finds other messages")

        found = compare(theirs, lambda: split(path), rounds=3)
        speed = size / found.other.median / GB
        peer = f"mailbox.mbox {rate(size, found.ours.median)}"
        yield Row(f"split a mailbox of 200 MB, {count} messages", rate(size, found.other.median), peer, speed, 1.5, ">=", "GB/s")
        yield Row("the same, times as fast", rate(size, found.other.median), peer, found.ratio, 12, ">=", "x")


def main() -> int:
    pin()
    line = f"{machine()}; backend {smime._kernels.BACKEND}; {datetime.now(timezone.utc).date().isoformat()}"
    print(line)
    rows = []
    for section in (kernel_rows, message_rows, mailbox_rows):
        for found in section():
            print("  ".join(cell for cell in cells(found) if cell), flush=True)
            rows.append(found)
    text = (
        "# Scan kernels and MIME\n\n"
        f"Written by `python -m bench.kernels.scan`; one pinned core, what is compared in turn, medians over the rounds.\n\n{line}\n\n"
    )
    Path(__file__).with_name("SCAN.md").write_text(text + markdown(rows), encoding="utf-8")
    return int(any(found.met is False for found in rows))


if __name__ == "__main__":
    sys.exit(main())
