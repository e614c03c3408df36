r"""quoted-printable: RFC 2045 section 6.7, for text with line ends.

``encode(data, *, newline=b"\r\n")`` and ``decode(data)`` take a whole text, `Encoder` and `Decoder` a stream. The encoder
keeps lines within 76 characters and leaves nothing that a transport changes: no blank at the end of a line, no ``From `` (mbox) and no dot
(SMTP) at its beginning. CRLF and LF are line ends and are written as ``newline``; a bare CR is data.

The decoder never fails: what is not a well-formed escape is taken as it stands, blanks at the end of a line are dropped as added on the
way, and ``Decoder.anomalies`` names what it met.
"""

from __future__ import annotations

from smime._kernels import quoted_printable as _kernel

__all__ = ["Decoder", "Encoder", "decode", "encode"]

Encoder = _kernel.Encoder
Decoder = _kernel.Decoder
encode = _kernel.encode
decode = _kernel.decode
