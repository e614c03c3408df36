"""TSTInfo, the content of a time-stamp token (RFC 3161 section 2.4.2).

::

    TSTInfo ::= SEQUENCE {
        version INTEGER { v1(1) },
        policy TSAPolicyId,
        messageImprint SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING },
        serialNumber INTEGER,
        genTime GeneralizedTime,
        accuracy SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER OPTIONAL, micros [1] INTEGER OPTIONAL } OPTIONAL,
        ordering BOOLEAN DEFAULT FALSE,
        nonce INTEGER OPTIONAL,
        tsa [0] GeneralName OPTIONAL,
        extensions [1] IMPLICIT Extensions OPTIONAL }
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.asn1.der import BOOLEAN, GENERALIZED_TIME, INTEGER, SEQUENCE, Element, Reader, parse
from smime.errors import ParseError
from smime.limits import DEFAULT_LIMITS, Limits

__all__ = ["TSTInfo"]

_GEN_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z")


@dataclass(frozen=True, slots=True)
class TSTInfo:
    """What a time-stamping authority says.

    Attributes:
        policy: dotted.
        digest_algorithm: of the imprint.
        imprint: the digest of what was stamped.
        serial: of the token.
        time: aware, in UTC.
        accuracy: how far the time may be off, to either side; None if not stated.
        nonce: of the request, None if there was none.
    """

    policy: str
    digest_algorithm: AlgorithmIdentifier
    imprint: bytes
    serial: int
    time: datetime
    accuracy: timedelta | None = None
    nonce: int | None = None

    @classmethod
    def from_octets(cls, octets: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TSTInfo:
        """Read one.

        Raises:
            ParseError: it is none.
            LimitExceeded: ``asn1_depth`` or ``asn1_elements``.
        """
        reader = Reader(parse(octets, limits=limits, layer="cms").expect(SEQUENCE))
        version = reader.any().expect(INTEGER)
        if version.contents != b"\x01":
            raise version.error("the version of TSTInfo is not 1")
        policy = reader.oid()
        imprint = reader.sequence()
        algorithm = AlgorithmIdentifier.from_element(imprint.element(SEQUENCE))
        hashed = imprint.octet_string()
        imprint.end()
        serial = reader.any().expect(INTEGER)
        if len(serial.contents) > 21:  # up to 160 bits (RFC 3161 section 2.4.2)
            raise serial.error("the serial number of a time-stamp token has more than 160 bits")
        time = _time(reader.any().expect(GENERALIZED_TIME))
        accuracy = _accuracy(reader.any()) if reader.peek() == SEQUENCE else None
        if reader.peek() == BOOLEAN:
            reader.any()
        nonce = reader.any() if reader.peek() == INTEGER else None
        reader.optional(0xA0)
        reader.optional(0xA1)
        reader.end()
        return cls(
            policy,
            algorithm,
            hashed,
            int.from_bytes(serial.contents, "big", signed=True),
            time,
            accuracy,
            int.from_bytes(nonce.contents[:64], "big", signed=True) if nonce is not None else None,
        )

    def encode(self) -> bytes:
        """Return the DER; accuracy is written in whole microseconds."""
        accuracy = b""
        if self.accuracy is not None:
            micros = self.accuracy // timedelta(microseconds=1)
            seconds, rest = divmod(micros, 1_000_000)
            millis, micros = divmod(rest, 1_000)
            accuracy = writer.sequence(
                writer.integer(seconds) if seconds else b"",
                writer.integer(millis, tag=0x80) if millis else b"",
                writer.integer(micros, tag=0x81) if micros else b"",
            )
        return writer.sequence(
            writer.integer(1),
            writer.oid(self.policy),
            writer.sequence(self.digest_algorithm.raw, writer.octet_string(self.imprint)),
            writer.integer(self.serial),
            writer.generalized_time(self.time),
            accuracy,
            writer.integer(self.nonce) if self.nonce is not None else b"",
        )


def _time(element: Element) -> datetime:
    """Read a genTime, which may have a fraction of a second."""
    match = _GEN_TIME.fullmatch(element.contents)
    if match is None:
        raise element.error("genTime is not YYYYMMDDhhmmss[.f]Z")
    fraction = (match[7] or b"").ljust(6, b"0")[:6]
    try:
        return datetime(*(int(part) for part in match.groups()[:6]), microsecond=int(fraction), tzinfo=timezone.utc)  # type: ignore[arg-type, misc]
    except ValueError:
        raise element.error("genTime is no time") from None


def _accuracy(element: Element) -> timedelta:
    reader = Reader(element)
    total = timedelta(0)
    for tag, unit in ((INTEGER, 1_000_000), (0x80, 1_000), (0x81, 1)):
        part = reader.optional(tag)
        if part is not None:
            if not 1 <= len(part.contents) <= 6:
                raise ParseError("cms", "the accuracy of a time-stamp token is beyond all reason", part.start)
            total += timedelta(microseconds=unit * int.from_bytes(part.contents, "big", signed=True))
    reader.end()
    return abs(total)
