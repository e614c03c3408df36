"""The DER index, the BER scanner and the CMS reader: ``python -m bench.kernels.asn1`` writes ASN1.md beside this file.

The SignedData of these rows is of the usual size: one certificate, one signer, six attributes, and padding octets where a certificate or a
signature would have them. Ends with status 1 if a bar was missed. Needs asn1crypto.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from asn1crypto import cms as peer
from bench.measure import Timing, compare, in_turn, machine, pin
from bench.rows import Row, cells, markdown, microseconds, rate

import smime._kernels
from smime._kernels import ber, der
from smime._kernels.python import der as twin
from smime.asn1 import writer as w
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes, capabilities, ess
from smime.cms.content_info import Content
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.reader import CMSReader, read
from smime.cms.signed_data import SignedDataWriter, build_signed_data
from smime.cms.templates import SignedDataTemplate, SignerInfoTemplate

MB = 1 << 20
SHA256 = AlgorithmIdentifier.build("2.16.840.1.101.3.4.2.1")
RSA = AlgorithmIdentifier.build("1.2.840.113549.1.1.11", w.null())
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def certificate() -> bytes:
    """Return the outline of a certificate, with as many elements as one has."""
    name = w.sequence(*(w.set_of([w.sequence(w.oid(f"2.5.4.{kind}"), w.utf8_string("Example"))]) for kind in (3, 6, 10)))
    extension = w.sequence(w.oid("2.5.29.14"), w.octet_string(bytes(22)))
    key = w.sequence(RSA.raw, w.bit_string(bytes(200)))
    validity = w.sequence(w.utc_or_generalized_time(TIME), w.utc_or_generalized_time(TIME))
    parts = (
        w.explicit(0, w.integer(2)),
        w.integer(1 << 100),
        RSA.raw,
        name,
        validity,
        name,
        key,
        w.explicit(3, w.sequence(*[extension] * 5)),
    )
    return w.sequence(w.sequence(*parts), RSA.raw, w.bit_string(bytes(192)))


TEMPLATE = SignerInfoTemplate(
    IssuerAndSerialNumber(w.sequence(w.set_of([w.sequence(w.oid("2.5.4.3"), w.utf8_string("Example CA"))])), 1 << 100),
    SHA256,
    RSA,
    32,
    [
        attributes.smime_capabilities(capabilities.DEFAULT_CAPABILITIES[:4]),
        attributes.cms_algorithm_protection(SHA256, signature=RSA),
        ess.signing_certificate_v2(bytes(32)),
    ],
)
ATTRIBUTES = TEMPLATE.signed_attributes(bytes(32), TIME)
INFO = TEMPLATE.signer_info(ATTRIBUTES, bytes(128))
SIGNED = build_signed_data(digest_algorithms=[SHA256], content=None, signer_infos=[INFO], certificates=[certificate()])
OPAQUE = build_signed_data(digest_algorithms=[SHA256], content=bytes(4096), signer_infos=[INFO], certificates=[certificate()])


def shown(timing: Timing) -> str:
    """Return the median and the best."""
    return f"{microseconds(timing.median)} ({microseconds(timing.best)})"


def index_rows() -> Iterator[Row]:
    size = len(SIGNED)
    elements = len(der.index(SIGNED, 0, size, 64, 10_000)[0]) // der.FIELDS
    what = f"DER index of a SignedData of {size} octets, {elements} elements"
    found = in_turn(lambda: der.index(SIGNED, 0, size, 64, 10_000), lambda: twin.index(SIGNED, 0, size, 64, 10_000))
    yield Row(
        f"{what}, from Python",
        shown(found[0]),
        f"Python twin {shown(found[1])}",
        found[0].best * 1e6,
        unit="µs",
    )
    if smime._kernels.BACKEND != "python":
        from smime._kernels._accel import ffi, lib

        room, result = ffi.new("uint32_t[]", 512 * der.FIELDS), ffi.new("smime_der_result *")
        (alone,) = in_turn(lambda: lib.smime_der_index(SIGNED, 0, size, 64, 10_000, 1000, 1, 0, room, 512, result))
        yield Row(f"{what}, in C with the call", shown(alone), "", alone.best * 1e6, 1.0, "<=", "µs")


def reader_rows() -> Iterator[Row]:
    def lazily(data: bytes) -> object:
        return peer.ContentInfo.load(data)["content"]["signer_infos"][0]["signed_attrs"][0]["type"].native

    for what, data in (("detached SignedData", SIGNED), ("opaque SignedData around 4 KB", OPAQUE)):
        found = compare(lambda data=data: read(data), lambda data=data: lazily(data))
        yield Row(
            f"events of a whole {what}",
            shown(found.ours),
            f"asn1crypto, to the first attribute {shown(found.other)}",
            found.ours.best * 1e6,
            unit="µs",
        )


def writer_rows() -> Iterator[Row]:
    certificates = (certificate(),)
    template = SignedDataTemplate([SHA256], certificates)
    digest, signature = bytes(32), bytes(128)
    found = in_turn(
        lambda: TEMPLATE.signed_attributes(digest, TIME),
        lambda: template.build([TEMPLATE.signer_info(ATTRIBUTES, signature)]),
        lambda: build_signed_data(
            digest_algorithms=[SHA256],
            content=None,
            signer_infos=[TEMPLATE.signer_info(ATTRIBUTES, signature)],
            certificates=certificates,
        ),
    )
    for what, timing in zip(
        ("signed attributes by template", "detached SignedData by template", "detached SignedData built"), found, strict=True
    ):
        yield Row(what, shown(timing), "", timing.best * 1e6, unit="µs")


def content_rows() -> Iterator[Row]:
    content = random.Random(1).randbytes(16 * MB)
    target = memoryview(bytearray(len(content)))

    def copy() -> None:
        target[:] = content

    for segment in (16, 256, 4096, 65536):
        data = b"\x24\x80" + b"".join(w.octet_string(content[at : at + segment]) for at in range(0, len(content), segment)) + b"\x00\x00"

        def scan(data: bytes = data) -> None:
            scanner = ber.Octets(0, ber.UNBOUNDED, 64, 1 << 27)
            for at in range(0, len(data), 65536):
                scanner.update(data[at : at + 65536])

        found = compare(copy, scan)
        speeds = rate(len(content), found.other.median), rate(len(content), found.ours.median)
        yield Row(f"content of an OCTET STRING, segments of {segment}, chunks of 64 KB", speeds[0], f"memcpy {speeds[1]}", found.ratio)
    writer = SignedDataWriter([SHA256])
    whole = writer.head() + b"".join(writer.content(content[at : at + 65536]) for at in range(0, len(content), 65536)) + writer.tail([INFO])

    def stream() -> int:
        reader = CMSReader()
        return sum(
            len(event.data)
            for at in range(0, len(whole), 65536)
            for event in reader.receive(whole[at : at + 65536])
            if isinstance(event, Content)
        )

    found = compare(copy, stream)
    speeds = rate(len(content), found.other.median), rate(len(content), found.ours.median)
    yield Row("CMSReader, 16 MB in segments and chunks of 64 KB", speeds[0], f"memcpy {speeds[1]}", found.ratio)


def main() -> int:
    pin()
    line = f"{machine()}; backend {smime._kernels.BACKEND}; {datetime.now(timezone.utc).date().isoformat()}"
    print(line)
    rows = []
    for section in (index_rows, reader_rows, writer_rows, content_rows):
        for found in section():
            print("  ".join(cell for cell in cells(found) if cell), flush=True)
            rows.append(found)
    text = (
        "# DER, BER and CMS\n\nWritten by `python -m bench.kernels.asn1`; one pinned core; medians, in brackets the best. Times that are\n"
        f"no ratio are judged by the best: they carry the load of the machine.\n\n{line}\n\n"
    )
    Path(__file__).with_name("ASN1.md").write_text(text + markdown(rows), encoding="utf-8")
    return int(any(found.met is False for found in rows))


if __name__ == "__main__":
    sys.exit(main())
