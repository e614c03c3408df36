"""Structure-aware fuzzing of `verify`: nothing but what somebody signed may come out VALID, and only as signed by him.

    python fuzz/fuzz_verify.py [--seconds 30] [--executions N] [--seed N]

It begins with valid messages of several people in every form, and mutates them where it hurts: header fields and MIME structure, the
base64 text, the BER tree of the CMS object (lengths are fixed up, so that a mutation reaches what lies behind the parser), attributes and
SignerInfos; pieces of one message are grafted onto another. Two things are checked of each result. If the verdict is VALID, the content
(with canonical line ends) was signed by the very certificates that the report names, the one From address is theirs, and the message as a
whole has the status signed, which no other has. And nothing but the library's own exceptions comes out.

One signer's certificate has expired at the time looked at, and only one of his messages has a timestamp: that may be VALID, and no other,
wherever the timestamp is moved to.

A failure is written to build/fuzz/verify-N.eml with the roots beside it; the exit status says whether there was one.
"""

# ruff: noqa: S101, S311 # checks as in tests; nothing here is secret

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import smime
from smime.asn1 import pem, writer
from smime.cms import attributes as attrs
from smime.cms.content_info import DATA, TST_INFO
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.reader import SignedDataTail, read
from smime.cms.rewrite import add_unsigned_attribute
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.cms.tst_info import TSTInfo
from smime.crypto import digests, signatures
from smime.errors import SMIMEError, VerificationError
from smime.pki.throwaway import Person, ThrowawayPKI
from smime.transforms import base64
from smime.transforms.lines import canonicalize
from smime.x509.certificate import Certificate

__all__ = ["Fuzzer", "Result"]

ADDRESSES = ("alice@example.org", "bob@example.org", "mallory@example.net")  # whose certificates are good
_TEXTS = (b"Pay 100 Euro to Bob.\r\n", b"Pay 100 000 Euro to Mallory.\r\n")


def _entity(text: bytes) -> bytes:
    return b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + text


# -- BER as a tree that can be changed and written again --


class Node:
    """One element: a tag and either octets or children."""

    __slots__ = ("children", "indefinite", "octets", "tag")

    def __init__(self, tag: int, octets: bytes = b"", children: list[Node] | None = None) -> None:
        self.tag = tag
        self.octets = octets
        self.children = children
        self.indefinite = False

    @classmethod
    def read(cls, data: bytes) -> Node:
        """Read well-formed DER with low tags, as the messages at the start have it."""
        node, end = cls._read(data, 0)
        if end != len(data):
            raise ValueError("octets are left")
        return node

    @classmethod
    def _read(cls, data: bytes, at: int) -> tuple[Node, int]:
        tag, first = data[at], data[at + 1]
        start = at + 2
        length = first
        if first >= 0x80:
            start += first & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        end = start + length
        if not tag & 0x20:
            return cls(tag, data[start:end]), end
        children = []
        while start < end:
            child, start = cls._read(data, start)
            children.append(child)
        return cls(tag, b"", children), end

    def write(self) -> bytes:
        """Return the octets."""
        octets = self.octets if self.children is None else b"".join(child.write() for child in self.children)
        if self.indefinite and self.children is not None:
            return bytes([self.tag, 0x80]) + octets + b"\0\0"
        return writer.tlv(self.tag, octets)

    def copy(self) -> Node:
        """Return a tree that shares nothing."""
        children = None if self.children is None else [child.copy() for child in self.children]
        other = Node(self.tag, self.octets, children)
        other.indefinite = self.indefinite
        return other

    def walk(self) -> list[tuple[Node, Node | None]]:
        """Return all elements with their parents, but what is inside of certificates only now and then matters, so it weighs less."""
        found: list[tuple[Node, Node | None]] = [(self, None)]
        for node, _ in found:
            found += [(child, node) for child in node.children or ()]
        return found


@dataclass
class Seed:
    """A valid message: what it is made of, so that it can be put together again after a change."""

    header: bytes
    form: str  # multipart, opaque, der, der detached, pem
    entity: bytes
    cms: bytes


@dataclass
class Mutant:
    """A message in the making."""

    header: bytes
    form: str
    entity: bytes
    cms: Node | bytes
    octets: bytes | None = None
    content: bytes | None = None
    sender: str | None = None


@dataclass
class Result:
    """What a run has shown."""

    executions: int
    outcomes: Counter[str]
    failures: list[tuple[bytes, str]]


_FIELDS = (
    b"From: mallory@example.net\r\n",
    b"From: alice@example.org, mallory@example.net\r\n",
    b"From: Alice <alice@example.org>\r\n",
    b'From: "alice@example.org" <mallory@example.net>\r\n',
    b"Sender: mallory@example.net\r\n",
    b"Subject: \r\n x\r\n",
    b"MIME-Version: 1.0\r\n",
    b"Content-Type: text/plain\r\n",
    b"Content-Type: text/html; charset=utf-8\r\n",
    b'Content-Type: multipart/mixed; boundary="x"\r\n',
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: 8bit\r\n",
    b" folded\r\n",
    b"\r\n",
    b"\n",
    b"not a field\r\n",
)
_PARTS = (b"Content-Type: text/html\r\n\r\n<b>Pay Mallory</b><!--\r\n", b"\r\nPay Mallory.\r\n", b"Pay Mallory.\r\n")
_TOKENS = (
    b"--",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"=",
    b'"',
    b";",
    b"=\r\n",
    b" ",
    b"\t",
    b"\r\n\r\n",
    b"boundary=",
    b"From: ",
    b"(",
    b")",
    b"<",
    b">",
    b",",
    b"@",
    b"\x80",
    b"A",
)
_MESSAGE_DIGEST = writer.oid(attrs.MESSAGE_DIGEST)[2:]
_TAGS = (0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x17, 0x18, 0x24, 0x30, 0x31, 0x80, 0xA0, 0xA1, 0xA2)


class Fuzzer:
    """Makes messages and looks at the verdicts.

    Args:
        seed: of all choices; only the keys are other ones in each process.
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.pki = ThrowawayPKI("Fuzz", key="p256")
        self.trust = smime.TrustStore(self.pki.anchors)
        self.clocks = ThrowawayPKI("Clocks", key="p256")
        self.tsa = smime.TrustStore(self.clocks.anchors)
        now = datetime.now(timezone.utc)
        self.at = now + timedelta(days=20)
        kinds = ("p256", "rsa2048", "ed25519")
        self.people = [
            self.pki.person(address.partition("@")[0].title(), address, kind) for address, kind in zip(ADDRESSES, kinds, strict=True)
        ]
        self.stranger = ThrowawayPKI("Strangers", key="p256").person("Alice", ADDRESSES[0], "p384")
        self.expired = self.pki.person("Carol", "carol@example.org", "p256", not_after=now + timedelta(days=10))
        self.signed: set[tuple[bytes, bytes]] = set()
        self.seeds: list[Seed] = []
        self._plant()
        self.trees = [Node.read(seed_.cms) for seed_ in self.seeds]
        self.unsigned = [
            attribute
            for tree in self.trees
            for info in (self._signed_data(tree) or [tree])[-1].children or ()
            for field in info.children or ()
            if field.tag == 0xA1
            for attribute in field.children or ()
        ]
        self.grafts: dict[int, list[Node]] = {}
        for tree in self.trees:
            for node, _ in tree.walk():
                self.grafts.setdefault(node.tag, []).append(node)
        self.mutations: list[Callable[[Mutant], None]] = [
            *[self._tree] * 8,
            *[self._attributes] * 4,
            *[self._signer_infos] * 3,
            *[self._fields] * 3,
            self._structure,
            self._armor,
            self._content,
            self._mix,
        ]

    # -- what it begins with --

    def _plant(self) -> None:
        for who in (*self.people, self.stranger):
            signer = smime.Signer(who.private_key, who.certificate, who.chain)
            for text in _TEXTS:
                entity = _entity(text)
                cms = smime.sign(entity, signer, detached=False, encoding="der")
                bare = smime.sign(entity, signer, encoding="der")
                self._add(who, entity, cms, bare)
        signer = smime.Signer(self.expired.private_key, self.expired.certificate, self.expired.chain)
        for text, stamped in zip(_TEXTS, (True, False), strict=True):
            entity = _entity(text)
            found = [smime.sign(entity, signer, detached=detached, encoding="der") for detached in (False, True)]
            self._add(self.expired, entity, *(map(self._stamped, found) if stamped else found), good=stamped)
        alice, bob = (smime.Signer(who.private_key, who.certificate, who.chain) for who in self.people[:2])
        entity = _entity(_TEXTS[0])
        both = [alice, bob]
        cms, bare = (smime.sign(entity, both, detached=detached, encoding="der") for detached in (False, True))
        self._add(self.people[0], entity, cms, bare)
        self._add(self.people[0], entity, smime.countersign(self.seeds[0].cms, bob, self.trust), self.seeds[1].cms)
        self._add(self.people[0], entity, self._without_attributes(entity, inside=True), self._without_attributes(entity, inside=False))

    def _add(self, who: Person, entity: bytes, cms: bytes, bare: bytes, *, good: bool = True) -> None:
        assert who.address is not None
        header = f"From: {who.name} <{who.address}>\r\nTo: bob@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n".encode()
        if good and who is not self.stranger:
            self.signed.add((canonicalize(entity), Certificate.of_any(who.certificate).der))
        self.seeds += [Seed(header, "opaque", entity, cms), Seed(header, "multipart", entity, bare)]
        self.seeds += [Seed(header, "der", entity, cms), Seed(header, "der detached", entity, bare), Seed(header, "pem", entity, cms)]

    def _stamped(self, cms: bytes) -> bytes:
        """Return a SignedData with a timestamp over its signature."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        clock = self.clocks.person("Clock", None, "p256", eku=None, extensions=[(usage, True)], usage=("digital_signature",))
        (tail,) = [event for event in read(cms) if isinstance(event, SignedDataTail)]
        signer = smime.Signer(clock.private_key, clock.certificate, clock.chain)
        time, digest = datetime.now(timezone.utc), signer.scheme.digest_algorithm
        stated = TSTInfo("1.2.3", digest, digests.digest(digest.name, tail.signer_infos[0].signature), 1, time).encode()
        info = signer.signer_info(digests.digest(signer.scheme.digest, stated), time, TST_INFO)
        token = build_signed_data(
            digest_algorithms=[digest], content=stated, content_type=TST_INFO, signer_infos=[info], certificates=signer.certificates
        )
        return add_unsigned_attribute(cms, 0, attrs.attribute(attrs.TIME_STAMP_TOKEN, token))

    def _without_attributes(self, entity: bytes, *, inside: bool) -> bytes:
        """Return Alice's signature over the content itself."""
        who = self.people[0]
        own = Certificate.of_any(who.certificate)
        scheme = signatures.choose_scheme(own.public_key)
        value = signatures.sign(who.private_key, scheme, entity)
        info = SignerInfo.build(
            IssuerAndSerialNumber(own.issuer_raw, own.serial), scheme.digest_algorithm, None, scheme.algorithm, value, ()
        )
        certificates = (own.der, *(Certificate.of_any(c).der for c in who.chain))
        return build_signed_data(
            digest_algorithms=[scheme.digest_algorithm], content=entity if inside else None, signer_infos=[info], certificates=certificates
        )

    # -- a mutant --

    def mutant(self) -> Mutant:
        """Return a changed message."""
        pick = self.random
        number = pick.randrange(len(self.seeds))
        seed = self.seeds[number]
        made = Mutant(seed.header, seed.form, seed.entity, self.trees[number].copy())
        if seed.form.startswith(("der", "pem")) and pick.random() < 0.8:
            made.sender = pick.choice((*ADDRESSES, "carol@example.org"))
        for _ in range(pick.choice((1, 1, 1, 2, 2, 3, 5))):
            pick.choice(self.mutations)(made)
        made.octets = self.assemble(made)
        if pick.random() < 0.08:
            made.octets = self.noise(made.octets)
        return made

    def assemble(self, made: Mutant) -> bytes:
        """Return the octets of a message."""
        if made.octets is not None:
            return made.octets
        cms = made.cms if isinstance(made.cms, bytes) else made.cms.write()
        if made.form == "der":
            return cms
        if made.form == "der detached":
            made.content = made.entity
            return cms
        if made.form == "pem":
            return pem.encode("CMS", cms)
        encoded = base64.encode(cms)
        if made.form == "opaque":
            kind = b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n'
            return made.header + kind + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded
        kind = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_b"\r\n'
        inner = b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        return made.header + kind + b"\r\n--=_b\r\n" + made.entity + b"\r\n--=_b\r\n" + inner + encoded + b"\r\n--=_b--\r\n"

    def noise(self, octets: bytes) -> bytes:
        """Change octets anywhere."""
        pick = self.random
        data = bytearray(octets)
        for _ in range(pick.choice((1, 1, 2, 8))):
            at = pick.randrange(len(data) + 1)
            what = pick.random()
            if what < 0.4 and at < len(data):
                data[at] ^= 1 << pick.randrange(8)
            elif what < 0.7:
                data[at:at] = pick.choice(_TOKENS)
            elif what < 0.85:
                del data[at : at + pick.choice((1, 2, 30))]
            else:
                other = pick.randrange(len(data) + 1)
                data[at:at] = data[other : other + pick.choice((2, 40, 300))]
            if not data:
                data = bytearray(b"\n")
        return bytes(data)

    # -- the CMS object --

    def _tree(self, made: Mutant) -> None:
        if isinstance(made.cms, bytes):
            made.cms = self.noise(made.cms)
            return
        pick = self.random
        found = made.cms.walk()
        node, parent = found[min(pick.randrange(len(found)), pick.randrange(len(found)))] if pick.random() < 0.4 else pick.choice(found)
        what = pick.randrange(11)
        siblings = parent.children if parent is not None else None
        if what == 0 and node.children is None and node.octets:
            at = pick.randrange(len(node.octets))
            node.octets = node.octets[:at] + bytes([node.octets[at] ^ 1 << pick.randrange(8)]) + node.octets[at + 1 :]
        elif what == 1 and siblings is not None:
            siblings.remove(node)
        elif what == 2 and siblings is not None:
            siblings.insert(pick.randrange(len(siblings) + 1), node.copy())
        elif what == 3 and siblings is not None:
            pick.shuffle(siblings)
        elif what == 4:
            node.tag = pick.choice(_TAGS) if pick.random() < 0.7 else node.tag ^ (1 << pick.randrange(8))
            if node.tag & 0x20 and node.children is None:
                node.children = [Node(0x04, node.octets)]
            elif not node.tag & 0x20 and node.children is not None:
                node.octets, node.children = b"".join(child.write() for child in node.children), None
        elif what == 5:
            node.indefinite = True
        elif what == 6 and node.tag == 0x04:
            at = pick.randrange(len(node.octets) + 1)
            node.tag, node.children = 0x24, [Node(0x04, node.octets[:at]), Node(0x04, node.octets[at:])]
        elif what == 7 and siblings is not None:
            graft = pick.choice(self.grafts[node.tag] if node.tag in self.grafts else self.grafts[0x30])
            siblings[siblings.index(node)] = graft.copy()
        elif what == 8 and siblings is not None:
            siblings.insert(pick.randrange(len(siblings) + 1), pick.choice(pick.choice(list(self.grafts.values()))).copy())
        elif what == 9 and siblings is not None:
            siblings[siblings.index(node)] = Node(pick.choice((0x30, 0x31, 0xA0, 0x24)), b"", [node])
        elif node.children is None:
            node.octets = pick.choice((b"", node.octets + b"\0", b"\0" + node.octets, node.octets[:-1], node.octets * 2))

    @staticmethod
    def _signed_data(tree: Node) -> list[Node] | None:
        """Return the fields of the SignedData, as far as it still looks like one."""
        try:
            fields = (tree.children or [])[1].children[0].children  # type: ignore[index]
        except IndexError:
            return None
        except TypeError:
            return None
        return fields if fields is not None and len(fields) >= 4 else None

    def _infos(self, made: Mutant) -> tuple[list[Node], list[Node]] | None:
        """Return the fields of the SignedData and its SignerInfos."""
        if isinstance(made.cms, bytes):
            return None
        fields = self._signed_data(made.cms)
        if fields is None or not fields[-1].children:
            return None
        return fields, fields[-1].children

    def _some_infos(self) -> list[Node]:
        """Return the SignerInfos of any message at the start."""
        fields = self._signed_data(self.random.choice(self.trees))
        assert fields is not None
        return fields[-1].children or []

    def _signer_infos(self, made: Mutant) -> None:
        found = self._infos(made)
        if found is None:
            return
        fields, infos = found
        pick = self.random
        what = pick.randrange(7)
        if what == 6:  # other content, and the digest in the attributes made to fit
            self._reconcile(made, fields, infos)
        elif what == 0:
            infos[:] = [info.copy() for info in self._some_infos()]
        elif what == 1:
            infos += [info.copy() for info in self._some_infos()]
        elif what == 2:
            infos.clear()
        elif what == 3:  # another's certificates, or none, or all
            other = self._signed_data(pick.choice(self.trees)) or []
            mine = next((field for field in fields if field.tag == 0xA0), None)
            its = next((field for field in other if field.tag == 0xA0), None)
            if mine is not None and its is not None:
                mine.children = [child.copy() for child in (its.children or [])] + ((mine.children or []) if pick.random() < 0.5 else [])
        elif what == 4:  # another's content
            content = fields[2].children
            if content is not None and len(content) > 1:
                content[1] = Node(0xA0, b"", [Node(0x04, _entity(pick.choice(_TEXTS)) + pick.choice((b"", b" ", b"\r\n")))])
        else:  # the forgery by attributes: they become the content, and the signature is over that
            info = pick.choice(infos).children or []
            attributes = next((field for field in info if field.tag == 0xA0), None)
            content = fields[2].children
            if attributes is not None and content is not None:
                info.remove(attributes)
                octets = Node(0x31, b"", attributes.children).write()
                content[1:] = [Node(0xA0, b"", [Node(0x04, octets)])]
                made.entity = octets

    def _reconcile(self, made: Mutant, fields: list[Node], infos: list[Node]) -> None:
        made.entity = self.random.choice((b"", _entity(b"Pay Mallory.\r\n"), made.entity + b"\r\n"))
        content = fields[2].children
        if content is not None and len(content) > 1:
            content[1] = Node(0xA0, b"", [Node(0x04, made.entity)])
        for info in infos:
            for node, _ in info.walk():
                if node.children is not None and node.children and node.children[0].octets == _MESSAGE_DIGEST and len(node.children) == 2:
                    for value in node.children[1].children or ():
                        name = {32: "sha256", 48: "sha384", 64: "sha512"}.get(len(value.octets))
                        if name is not None:
                            value.octets = digests.digest(name, made.entity)

    def _attributes(self, made: Mutant) -> None:
        found = self._infos(made)
        if found is None:
            return
        pick = self.random
        info = pick.choice(found[1]).children
        if not info:
            return
        signed = next((field for field in info if field.tag == 0xA0 and field.children is not None), None)
        unsigned = next((field for field in info if field.tag == 0xA1 and field.children is not None), None)
        if unsigned is None:
            unsigned = Node(0xA1, b"", [])
            info.append(unsigned)
        if pick.random() < 0.2 and unsigned.children is not None:
            unsigned.children.append(pick.choice(self.unsigned).copy())
            return
        what = pick.randrange(8)
        if signed is None or not signed.children:
            other = pick.choice(self._some_infos()).children or []
            graft = next((field for field in other if field.tag == 0xA0), None)
            if graft is not None:
                info.insert(3, graft.copy())
            return
        one = pick.choice(signed.children)
        assert unsigned.children is not None
        if what == 0:
            signed.children.remove(one)
        elif what == 1:
            signed.children.append(one.copy())
        elif what == 2:
            signed.children.remove(one)
            unsigned.children.append(one)
        elif what == 3:
            unsigned.children.append(one.copy())
        elif what == 4:
            info.remove(signed)
        elif what == 5:
            other = pick.choice(self._some_infos()).children or []
            graft = next((field for field in other if field.tag == 0xA0), None)
            if graft is not None:
                signed.children = graft.copy().children
        elif what == 6 and one.children is not None and len(one.children) == 2 and one.children[1].children:
            one.children[1].children.append(one.children[1].children[0].copy())
        else:
            pick.shuffle(signed.children)
        if not unsigned.children:
            info.remove(unsigned)

    # -- the mail around it --

    def _fields(self, made: Mutant) -> None:
        pick = self.random
        lines = re.split(rb"(?<=\n)(?![ \t])", made.header)
        what = pick.randrange(5)
        at = pick.randrange(len(lines) + 1)
        if what == 0:
            lines.insert(at, pick.choice(_FIELDS))
        elif what == 1 and lines:
            del lines[min(at, len(lines) - 1)]
        elif what == 2:
            lines.insert(at, pick.choice(pick.choice(self.seeds).header.splitlines(keepends=True)))
        elif what == 3:
            pick.shuffle(lines)
        elif lines:
            line = bytearray(lines[min(at, len(lines) - 1)])
            place = pick.randrange(len(line) + 1)
            line[place:place] = pick.choice(_TOKENS)
            lines[min(at, len(lines) - 1)] = bytes(line)
        made.header = b"".join(lines)

    def _structure(self, made: Mutant) -> None:
        """Parts, boundaries, transfer encodings, line ends."""
        pick = self.random
        made.octets = octets = self.assemble(made)
        what = pick.randrange(7)
        boundary = b"--=_b\r\n"
        if what == 0:
            made.octets = octets.replace(b"\r\n", b"\n")
        elif what == 1 and made.form == "multipart":
            parts = octets.split(boundary)
            parts.insert(pick.randrange(1, len(parts) + 1), pick.choice(_PARTS))
            made.octets = boundary.join(parts)
        elif what == 2 and made.form == "multipart":
            parts = octets.split(boundary)
            tail = parts[1:]
            pick.shuffle(tail)
            made.octets = boundary.join([parts[0], *tail])
        elif what == 3:
            wrapped = b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\n' + pick.choice(_PARTS) + b"\r\n--o\r\n" + octets
            made.octets = made.header + wrapped + b"\r\n--o--\r\n"
        elif what == 4:
            made.octets = octets.replace(b"Transfer-Encoding: base64", pick.choice((b"Transfer-Encoding: 8bit", b"X: base64", b"x: y")))
        elif what == 5:
            made.octets = octets.replace(b"=_b", pick.choice((b"=_b ", b'=_b";boundary="x', b"=_")), pick.choice((1, -1)))
        else:
            made.octets = octets + pick.choice((octets, b"Pay Mallory.\r\n", b"\0", b"\r\n--=_b\r\n" + _PARTS[0] + b"\r\n--=_b--\r\n"))

    def _armor(self, made: Mutant) -> None:
        """The base64 text."""
        if made.form not in {"opaque", "multipart", "pem"}:
            return
        pick = self.random
        octets = self.assemble(made)
        at = octets.rfind(b"\r\n\r\n")
        head, text = octets[: at + 4], bytearray(octets[at + 4 :])
        for _ in range(pick.choice((1, 2, 10))):
            place = pick.randrange(len(text) + 1)
            if pick.random() < 0.5:
                text[place:place] = pick.choice((b"=", b"==", b"!", b" ", b"\r\n", b"\r\n\r\n", b"AAAA", b"\0", b"--"))
            else:
                del text[place : place + pick.choice((1, 4))]
        made.octets = head + bytes(text)

    def _content(self, made: Mutant) -> None:
        """The content that a detached signature is shown with."""
        pick = self.random
        made.entity = pick.choice(
            (
                _entity(pick.choice(_TEXTS)),
                made.entity.replace(b"\r\n", b"\n"),
                made.entity.replace(b"\n", b"\r\n"),
                made.entity + b"\r\n",
                made.entity + b" ",
                made.entity.replace(b"100 Euro", b"900 Euro"),
                made.entity.replace(b": ", b":  ", 1),
                b"",
            )
        )

    def _mix(self, made: Mutant) -> None:
        """The header of one, the signature of another, an attribute of a third."""
        pick = self.random
        other = pick.randrange(len(self.seeds))
        what = pick.randrange(4)
        if what == 0:
            made.header = self.seeds[other].header
        elif what == 1:
            made.cms = self.trees[other].copy()
        elif what == 2:
            made.form = self.seeds[other].form
        elif not isinstance(made.cms, bytes):
            infos = self._some_infos()
            value = pick.choice(infos).write()
            try:
                made.cms = add_unsigned_attribute(made.cms.write(), 0, attrs.attribute(attrs.COUNTERSIGNATURE, value))
            except (SMIMEError, IndexError, ValueError):
                return

    # -- the check --

    def problem(self, made: Mutant) -> tuple[str, str | None]:
        """Verify a message; return what came out, and what is wrong with that."""
        assert made.octets is not None
        outcome, wrong = self._verified(made)
        if wrong is None and (outcome == "valid" or self.random.random() < 0.1):
            wrong = self._disagreement(made, outcome)
        return outcome, wrong

    def _disagreement(self, made: Mutant, outcome: str) -> str | None:
        """Unwrap a message: it must be signed as a whole if and only if it verifies."""
        assert made.octets is not None
        try:
            result = smime.unwrap(made.octets, trust=self.trust, content=made.content, sender=made.sender, at=self.at, tsa=self.tsa)
        except SMIMEError as error:
            return f"VALID, and unwrap says {error}" if outcome == "valid" else None
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return f"{type(error).__name__} escaped: {error}"
        if (result.status == "signed") is not (outcome == "valid"):
            return f"{outcome}, and the status is {result.status}"
        return None

    def _verified(self, made: Mutant) -> tuple[str, str | None]:
        assert made.octets is not None
        try:
            verified = smime.verify(made.octets, self.trust, content=made.content, sender=made.sender, at=self.at, tsa=self.tsa)
        except VerificationError as error:
            return error.report.verdict.value, None
        except SMIMEError as error:
            return type(error).__name__, None
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return type(error).__name__, f"{type(error).__name__} escaped: {error}"
        return "valid", self._wrong(made, verified)

    def _wrong(self, made: Mutant, verified: smime.VerifiedMessage) -> str | None:
        report = verified.report
        if not report.signers:
            return "VALID without a signer"
        if report.content_type != DATA:
            return f"VALID as {report.content_type}"
        content = canonicalize(made.content if made.content is not None else verified.content)
        for signer in report.signers:
            assert signer.certificate is not None
            if (content, Certificate.of_any(signer.certificate).der) not in self.signed:
                return f"VALID content that {signer.addresses} did not sign"
            if made.sender is not None and made.sender not in signer.addresses:
                return f"VALID as from {made.sender}"
        assert made.octets is not None
        if made.sender is None and made.form in {"opaque", "multipart"} and not self._is_from(made.octets, report):
            return f"VALID, and From is not {[signer.addresses for signer in report.signers]}"
        return None

    @staticmethod
    def _is_from(octets: bytes, report: smime.VerificationReport) -> bool:
        """Whether the one From field names every signer and nobody else, told by other means than the library's."""
        if octets[:1] == b"\x30" or octets.startswith(b"-----BEGIN"):
            return True  # the header is gone
        header = re.split(rb"\r?\n\r?\n", octets, maxsplit=1)[0] + b"\n"
        values = re.findall(rb"(?im)^from[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)", header)
        if len(values) != 1:
            return False
        # without quoted names and comments
        bare = re.sub(rb"\s|\([^()]*\)|\"[^\"]*\"(?!@)", b"", values[0]).replace(b'"', b"")
        addresses = re.findall(rb"[^\s<>,()@:;]+@[^\s<>,()@:;]+", bare)
        return len(addresses) == 1 and all(
            addresses[0].decode("ascii", "replace").lower() in [address.lower() for address in signer.addresses]
            for signer in report.signers
        )

    def run(self, *, executions: int | None = None, seconds: float | None = None, stop_after: int = 20) -> Result:
        """Make and check so many messages, or for so long."""
        result = Result(0, Counter(), [])
        end = None if seconds is None else time.monotonic() + seconds
        while executions is None or result.executions < executions:
            if end is not None and not result.executions % 64 and time.monotonic() > end:
                break
            made = self.mutant()
            outcome, wrong = self.problem(made)
            result.executions += 1
            result.outcomes[outcome] += 1
            if wrong is not None:
                assert made.octets is not None
                result.failures.append((made.octets, wrong))
                if len(result.failures) >= stop_after:
                    break
        return result


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Look for messages that are VALID and should not be.")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--executions", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--output", type=Path, default=Path("build/fuzz"))
    arguments = parser.parse_args()
    fuzzer = Fuzzer(arguments.seed)
    result = fuzzer.run(executions=arguments.executions, seconds=None if arguments.executions else arguments.seconds)
    for number, (octets, wrong) in enumerate(result.failures):
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / f"verify-{number}.eml").write_bytes(octets)
        (arguments.output / f"verify-{number}.pem").write_bytes(
            b"".join(pem.encode("CERTIFICATE", Certificate.of_any(root).der) for root in fuzzer.pki.anchors)
        )
        print(f"verify-{number}.eml: {wrong}")
    outcomes = ", ".join(f"{outcome} {count}" for outcome, count in result.outcomes.most_common())
    print(f"verify: {result.executions} messages, seed {arguments.seed}; {outcomes}; {len(result.failures)} failures", flush=True)
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
