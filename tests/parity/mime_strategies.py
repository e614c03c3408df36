"""Text of mails and mailboxes for the parity tests of the scanners: what means something to them, in any order."""

from __future__ import annotations

from hypothesis import strategies as st

DELIMITER = b"--b"

LINE_ENDS = [b"\r\n", b"\n", b"\n\n", b"\r\n\r\n", b"\r", b"\r\r\n", b""]
PADDINGS = [b"--b" + b" " * size for size in (1023, 1024, 1025)]
BOUNDARIES = [b"--b", b"--b--", b"--b-", b"--b--x", b"--bx", b"--b \t", b"--b--  ", b"--", b"-", *PADDINGS]
FROM_LINES = [b"From ", b"From a@b Mon Jul  8 12:08:34 2011", b"From x 1:02 Jan", b"From nobody", b"Fro"]
QUOTED = [b">From ", b">>From x", b">" * 64 + b"From ", b">" * 65 + b"From ", b">F", b">"]
LENGTHS = [b"Content-Length: 12", b"content-length:0 ", b"Content-Length: 9999999999999999"]
FIELDS = [b"Content-Type: text/plain", b"content-TYPE : x", b"Subject:", b"From: a", b" folded", b"\tfolded", b"\x80: y", b":", b"a b: c"]
TEXT = [b"X", b" ", b"\t", b"no field here", b".", b".x", b"text \xe4", b"\0", b"x" * 60, b"y" * 998, b"z" * 999, b"w" * 1100]
WORDS = [*BOUNDARIES, *FROM_LINES, *QUOTED, *LENGTHS, *FIELDS, *TEXT]
pieces = st.sampled_from(WORDS) | st.sampled_from(LINE_ENDS) | st.binary(max_size=3)
texts = st.lists(pieces, max_size=40).map(b"".join)
cut_places = st.lists(st.integers(0, 3000), max_size=6)
flag_sets = st.sampled_from([0, 1, 2, 3, 5, 7])
plain_parts = st.lists(st.sampled_from([*FIELDS, *TEXT]) | st.sampled_from(LINE_ENDS), max_size=12).map(b"".join)
line_ends = st.sampled_from([b"\r\n", b"\n"])


def chunks(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted({min(cut, len(data)) for cut in at}), len(data)]
    return [data[edges[i] : edges[i + 1]] for i in range(len(edges) - 1)]
