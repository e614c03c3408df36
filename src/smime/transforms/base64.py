r"""base64: RFC 4648 section 4, in the lines of MIME (RFC 2045 section 6.8).

``encode(data, *, line_length=76, newline=b"\r\n")`` and ``decode(data, *, strict=False)`` take a whole message, `Encoder` and
`Decoder` a stream. The encoder ends every line, the last one too; with ``line_length=0`` it writes one unbroken line. Line lengths are
multiples of 4.

The decoder passes over line ends. Strict, anything else outside the alphabet and any fault of the padding is a
``ParseError("base64", reason, offset)``. Lenient, it skips what RFC 2045 says it must, and ``Decoder.anomalies`` names what it met.
"""

from __future__ import annotations

from smime._kernels import base64 as _kernel

__all__ = ["Decoder", "Encoder", "decode", "encode"]

Encoder = _kernel.Encoder
Decoder = _kernel.Decoder
encode = _kernel.encode
decode = _kernel.decode
