"""A message that is at hand as a whole, split in one step: the fast form of what `split_message` and `SevenBitEncoder` do piece by piece.

Only messages in ordinary form are taken: all lines of the header block are fields, all of them are kept, and nothing in the entity has
to be re-encoded. For all others the answer is None, and the general way decides; where there is an answer it is the same, to the octet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime._kernels import parts, split
from smime.mime.mail_header import keeps_all_fields
from smime.transforms.lines import canonicalize

if TYPE_CHECKING:
    from smime.limits import Limits

__all__ = ["canonical_split"]

_TEXT, _PARTS = 1, 2  # what of a safe entity is taken: no multipart, or also one that stays the same if it is written again


def canonical_split(data: bytes, limits: Limits, *, safe: bool) -> tuple[bytes, bytes] | None:
    """Split a message into its outer header fields, as they are written, and the entity to protect with canonical line ends.

    Args:
        data: the whole message.
        limits: for the header block.
        safe: the entity must be one that mail transport does not change.

    Returns:
        Header fields, each with its line end, and the entity; None if the message is not in ordinary form.
    """
    asked = 0
    if safe:
        asked = _TEXT if limits.mime_depth < parts.PLAIN_DEPTH or limits.mime_parts < parts.PLAIN_PARTS else _PARTS
    cuts = split.split_mail(data, asked, limits.header_fields, limits.header_size)
    if not cuts or not keeps_all_fields(data[: cuts[-1]]):
        return None
    count = len(cuts)
    inside = cuts[1]
    if count == 5 and not inside:  # as nearly always: fields that stay outside, then those of the entity
        fields, entity = data[: cuts[3]], data[cuts[3] :]
    else:
        runs: tuple[list[bytes], list[bytes]] = ([], [])
        for at in range(2, count - 1):
            runs[inside].append(data[cuts[at] : cuts[at + 1]])
            inside = 1 - inside
        runs[1].append(data[cuts[-1] :])
        fields, entity = b"".join(runs[0]), b"".join(runs[1])
    return (canonicalize(fields), canonicalize(entity)) if cuts[0] else (fields, entity)
