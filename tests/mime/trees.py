"""Expected trees of third-party collections, brought to one form and compared with ours.

A tree is a list of nodes in the order of the message. Where a collection gives offsets they are compared, else the octets of header fields
and bodies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from smime.mime.tree import MIMEPart, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# -- mime4j: XML with the received octets in it, line ends as LF --

_TAG = re.compile(rb"<(/?)(message|header|field|body|multipart|preamble|body-part|epilogue)>\r?\n?")
_ENTITIES = {b"&lt;": b"<", b"&gt;": b">", b"&amp;": b"&", b"&quot;": b'"', b"&apos;": b"'"}


def _text(octets: bytes) -> bytes:
    octets = re.sub(rb"&(?:lt|gt|amp|quot|apos);", lambda match: _ENTITIES[match.group()], octets)
    return octets.replace(b"\r\n", b"\n")


def mime4j_nodes(xml: bytes) -> list[tuple[int, str, tuple[bytes, ...], bytes]]:
    """Return (depth, kind, header fields, body octets) of each entity; the body of a multipart or message is empty."""
    nodes: list[tuple[int, str, tuple[bytes, ...], bytes]] = []
    stack: list[list[Any]] = []
    position = 0
    for match in _TAG.finditer(xml):
        closing, tag = match.groups()
        if not closing:
            if tag in (b"message", b"body-part"):
                if stack:
                    stack[-1][1] = "multipart" if tag == b"body-part" else "message"
                stack.append([len(stack), "leaf", [], b"", len(nodes)])
                nodes.append((0, "", (), b""))
            elif tag == b"multipart":
                stack[-1][1] = "multipart"
            position = match.end()
            continue
        content = xml[position : match.start()]
        if tag == b"field":
            stack[-1][2].append(_text(content))
        elif tag == b"body" and stack[-1][1] == "leaf":
            stack[-1][3] = _text(content)
        elif tag in (b"message", b"body-part"):
            depth, kind, fields, body, index = stack.pop()
            nodes[index] = (depth, kind, tuple(fields), body)
    return nodes


def our_nodes(data: bytes) -> Iterator[tuple[int, str, tuple[bytes, ...], bytes]]:
    """Return the same of our tree."""
    for part in parse(data).walk():
        kind = "multipart" if part.is_multipart else "message" if part.children else "leaf"
        fields = tuple(
            octets.removesuffix(b"\n").removesuffix(b"\r").replace(b"\r\n", b"\n") for name, octets in part.fields.raw_fields() if name
        )
        body = bytes(part.body).replace(b"\r\n", b"\n") if kind == "leaf" else b""
        yield part.depth, kind, fields, body


def mime4j_difference(message: Path, xml: Path) -> str | None:
    """Say in which way our tree is another than the expected one; None if it is the same."""
    expected = mime4j_nodes(xml.read_bytes())
    ours = list(our_nodes(message.read_bytes()))
    if [node[:2] for node in ours] != [node[:2] for node in expected]:
        return f"structure: {[node[:2] for node in ours]} for {[node[:2] for node in expected]}"
    for mine, theirs in zip(ours, expected, strict=True):
        if mine[2] != theirs[2]:
            return f"fields: {mine[2]} for {theirs[2]}"
        if mine[3] != theirs[3]:
            return f"body: {mine[3][:300]!r} for {theirs[3][:300]!r}"
    return None


# -- stalwart: JSON with offsets --


def _stalwart_parts(message: dict[str, Any], base: int, depth: int) -> list[list[Any]]:
    parts = message["parts"]
    nodes: list[list[Any]] = []
    # (number of the part, depth); the parts of an inner message have numbers of their own
    stack: list[tuple[int, int]] = [(0, depth)]
    while stack:
        number, level = stack.pop()
        part = parts[number]
        content_type = next(
            (
                header["value"].get("ContentType")
                for header in part["headers"]
                if header["name"] == "content_type" and isinstance(header["value"], dict)
            ),
            None,
        )
        body = part["body"]
        nodes.append([level, content_type, base + part["offset_header"], base + part["offset_body"], base + part["offset_end"], "leaf"])
        if isinstance(body, dict) and "Multipart" in body:
            nodes[-1][5] = "multipart"
            stack += [(child, level + 1) for child in reversed(body["Multipart"])]
        elif isinstance(body, dict) and "Message" in body:
            nodes[-1][5] = "message"
            nodes += _stalwart_parts(body["Message"], base, level + 1)
    return nodes


def stalwart_difference(data: bytes, expected: dict[str, Any]) -> str | None:
    """Say in which way our tree is another than the expected one; None if it is the same."""
    nodes = _stalwart_parts(expected, 0, 0)
    ours: list[MIMEPart] = list(parse(data).walk())
    kinds = [(part.depth, "multipart" if part.is_multipart and part.children else "message" if part.children else "leaf") for part in ours]
    if kinds != [(node[0], node[5]) for node in nodes]:
        return f"structure: {kinds} for {[(node[0], node[5]) for node in nodes]}"
    for part, node in zip(ours, nodes, strict=True):
        content_type = node[1]
        if content_type is not None:
            value = f"{content_type['c_type']}/{content_type['c_subtype']}".lower()
            if value != part.content_type.value:
                return f"content type: {part.content_type.value} for {value}"
        if part.start != node[2] or part.body_start != node[3]:
            return f"start: {part.start, part.body_start} for {node[2], node[3]}"
        if node[5] == "leaf" and part.end != node[4]:
            return f"end: {part.end} for {node[4]}, {data[part.end - 20 : part.end]!r} for {data[node[4] - 20 : node[4]]!r}"
    return None
