"""Address fields: From, Sender, To and their like (RFC 5322 sections 3.4 and 4.4, RFC 6532), read so that tricks are seen.

Structure first: encoded-words (RFC 2047) are decoded after the mailboxes have been told apart, and what they decode to is never read as
structure. Everything in the field ends up in the result: a piece that is no mailbox is an `Address` that says in `malformed` what is wrong,
so that nobody overlooks a second author. Obsolete forms (routes, blanks and comments around dots and at signs) are read as RFC 5322 says.

What makes an address malformed though some readers guess at it: another address in front of an angle bracket (``a@x <b@y>``), text after
the closing bracket, several words before an at sign, no domain.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from smime.mime.header import decode_words

if TYPE_CHECKING:
    from smime.mime.header import HeaderFields

__all__ = ["Address", "addresses_of", "is_suspicious", "parse_address_list", "to_alabel"]

_SIMPLE = re.compile(
    rb"[ \t]*(?:(?:\"([A-Za-z0-9 !#$%&'*+/?^_`{|}~.,-]*)\"|([A-Za-z0-9 !#$%&'*+/?^_`{|}~-]*))[ \t]*<)?"
    rb"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@"
    rb"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(>)?[ \t]*(?:\r?\n)?\Z"
)
_ATOM = re.compile(r"[^\x00-\x20()<>\[\]:;@\\,.\"\x7f]+")
_ENCODED_WORD = re.compile(r"=\?[^?\s@<>\"():;\\]+\?[bBqQ]\?[^?\s@<>\"():;\\]*\?=(?![^\s(),<])")
_BLANKS = re.compile(r"[ \t\r\n]+")
_QUOTED_PLAIN = re.compile(r'"([^"\\]*)"')
_QUOTED_MARK = re.compile(r'["\\]')
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_MARK = re.compile(r"[()\\]")
_LITERAL = re.compile(r"\[[^\[\]\\\x00-\x1f\x7f]*\]")
_NEXT = re.compile(r'[,;"(<\\]')
_LOOKS_LIKE_ADDRESS = re.compile(r"[^\s@<>]\s?@\s?[^\s@<>]+\s?\.\s?[^\s@<>]")
_NEEDS_QUOTING = re.compile(r"[\x00-\x20()<>\[\]:;@\\,\"\x7f]|^\.|\.\Z|\.\.|^\Z")
# letters, marks and symbols that show nothing: fillers, the grapheme joiner, inherent vowels, the empty Braille pattern
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0")
_LONG = 1024


class Address:
    """A mailbox, or a piece of an address list that should have been one.

    Attributes:
        display_name: decoded; empty if there is none.
        local: the local part without quotes.
        domain: as written, without white space and comments around its dots; an address literal with its brackets.
        comment: the text of comments beside the address, decoded.
        group: the name of the group the mailbox stands in, or None.
        malformed: what is wrong with it, or None.
        display_name_is_address: the display name (or a comment, or the name of the group) looks like an address, and not like this one.
        suspicious: there are control characters, or characters that are invisible or change the writing direction.
    """

    __slots__ = ("comment", "display_name", "display_name_is_address", "domain", "group", "local", "malformed", "suspicious")

    def __init__(
        self, display_name: str, local: str, domain: str, comment: str = "", group: str | None = None, malformed: str | None = None
    ) -> None:
        self.display_name = display_name
        self.local = local
        self.domain = domain
        self.comment = comment
        self.group = group
        self.malformed = malformed
        shown = display_name
        if comment or group:
            shown = " ".join(part for part in (group, display_name, comment) if part)
        self.display_name_is_address = False
        if shown:
            self.suspicious = is_suspicious(shown)
            folded = shown if shown.isascii() else unicodedata.normalize("NFKC", decode_words(shown))
            if "=?" in folded:
                folded = decode_words(folded)
            if "@" in folded and _LOOKS_LIKE_ADDRESS.search(folded):
                self.display_name_is_address = folded.strip(" '\"<>").lower() != self.addr_spec.lower()
        else:
            self.suspicious = False
        if not (local.isascii() and domain.isascii()) or not (local + domain).isprintable():
            self.suspicious = self.suspicious or is_suspicious(local + domain)

    @property
    def addr_spec(self) -> str:
        """``local@domain``, with quotes where the local part needs them."""
        local = self.local
        if _NEEDS_QUOTING.search(local):
            local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{local}@{self.domain}"

    @property
    def a_label_domain(self) -> str | None:
        """The domain in A-labels and lower case, or None if it is none (see `to_alabel`)."""
        return to_alabel(self.domain)

    def __str__(self) -> str:
        return f"{self.display_name} <{self.addr_spec}>" if self.display_name else self.addr_spec

    def __repr__(self) -> str:
        wrong = f", malformed={self.malformed!r}" if self.malformed else ""
        return f"Address({self.display_name!r}, {self.local!r}, {self.domain!r}{wrong})"

    def _key(self) -> tuple[object, ...]:
        return (self.display_name, self.local, self.domain, self.comment, self.group, self.malformed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def is_suspicious(text: str) -> bool:
    """Whether a text holds control characters or characters that are invisible or change the writing direction.

    A zero-width joiner or non-joiner between two characters that are not ASCII does not count: emoji and some scripts need it.
    """
    if text.isascii():
        return not text.isprintable() and any(character < " " or character == "\x7f" for character in text.replace("\t", ""))
    for i, character in enumerate(text):
        if character == "\t" or (" " <= character < "\x7f"):
            continue
        if character in "\u200c\u200d":
            if text[i - 1 : i].isascii() or text[i + 1 : i + 2].isascii():
                return True
        elif character in _INVISIBLE or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}:
            return True
    return False


def to_alabel(domain: str) -> str | None:
    """Return a domain in A-labels and lower case (RFC 5890), for comparison; None if it cannot be a domain name.

    Labels that are not ASCII are put in lower case and NFC and encoded as they are: the mappings of IDNA 2003, which make one name of two
    that are different today (``ß``), are not applied. An address literal comes back in lower case.
    """
    if domain.isascii():
        return domain.lower() or None
    labels = []
    for label in domain.split("."):
        if label.isascii():
            labels.append(label.lower())
            continue
        folded = unicodedata.normalize("NFC", label.lower())
        if len(folded) > 63 or not all(unicodedata.category(character)[0] in "LMN" or character in "-\u00b7\u30fb" for character in folded):
            return None
        encoded = "xn--" + folded.encode("punycode").decode("ascii")
        if len(encoded) > 63:
            return None
        labels.append(encoded)
    return ".".join(labels)


def addresses_of(fields: HeaderFields, name: str) -> list[Address]:
    """Return the mailboxes of all fields of this name."""
    addresses: list[Address] = []
    for value in fields.get_all_raw(name):
        addresses += parse_address_list(value)
    return addresses


def parse_address_list(value: bytes | str) -> list[Address]:
    """Read the value of an address field; folding may still be in it. Never raises.

    Returns:
        Every mailbox, those in groups too, and every piece that is none. An empty list for an empty field or for empty groups.
    """
    raw = value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value)
    return list(_parse(raw)) if len(raw) <= _LONG else _Parser(raw).run()


@lru_cache(maxsize=1024)
def _parse(raw: bytes) -> tuple[Address, ...]:
    match = _SIMPLE.match(raw)
    if match is not None:
        quoted, phrase, local, domain, bracket = match.groups()
        name = quoted if quoted is not None else phrase
        if (name is None) == (bracket is None):
            text = name.decode("ascii").strip() if name else ""
            if "  " in text and quoted is None:
                text = " ".join(text.split())
            return (Address(text, local.decode("ascii"), domain.decode("ascii")),)
    return tuple(_Parser(raw).run())


class _Parser:
    """A pushdown of depth one (groups do not nest) over the characters of the field; every step moves on, so the whole is linear."""

    __slots__ = ("comments", "end", "group", "not_utf8", "position", "result", "text", "unclosed")

    def __init__(self, raw: bytes) -> None:
        self.not_utf8 = False
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
            self.not_utf8 = True
        self.text = text
        self.end = len(text)
        self.position = 0
        self.result: list[Address] = []
        self.group: str | None = None
        self.comments: list[str] = []
        self.unclosed = False

    def run(self) -> list[Address]:
        while True:
            self.comments = []
            self.blanks()
            character = self.peek()
            if character == "":
                return self.finished()
            if character == ",":
                self.position += 1
            elif character == ";" and self.group is not None:
                self.group = None
                self.position += 1
            else:
                self.address()

    def finished(self) -> list[Address]:
        if self.unclosed and not any(address.malformed for address in self.result):
            self.result.append(Address(" ".join(self.comments), "", "", "", self.group, "a comment does not close"))
        if is_suspicious(_unfolded(self.text).rstrip("\r\n")):
            for address in self.result:
                address.suspicious = True
        return self.result

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def blanks(self) -> bool:
        """Skip white space and comments; say whether there were any."""
        before = self.position
        while self.position < self.end:
            match = _BLANKS.match(self.text, self.position)
            if match is not None:
                self.position = match.end()
            elif self.text[self.position] == "(":
                self.comment()
            else:
                break
        return self.position > before

    def comment(self) -> None:
        text, start = self.text, self.position
        depth = 0
        position = start
        while True:
            mark = _COMMENT_MARK.search(text, position)
            if mark is None:
                self.unclosed = True
                self.position = self.end
                self.comments.append(text[start + 1 :])
                return
            position = mark.end()
            if mark.group() == "\\":
                position = min(position + 1, self.end)
            elif mark.group() == "(":
                depth += 1
            else:
                depth -= 1
                if not depth:
                    break
        self.position = position
        content = text[start + 1 : position - 1]
        self.comments.append(_QUOTED_PAIR.sub(r"\1", content) if "\\" in content else content)

    def quoted(self) -> str | None:
        """Read a quoted-string; None, and nothing is read, if it does not close."""
        if self.unclosed:
            return None
        match = _QUOTED_PLAIN.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
            return _unfolded(match.group(1))
        start = position = self.position + 1
        while True:
            mark = _QUOTED_MARK.search(self.text, position)
            if mark is None:
                self.unclosed = True
                return None
            if mark.group() == '"':
                self.position = mark.end()
                return _QUOTED_PAIR.sub(r"\1", _unfolded(self.text[start : mark.start()]))
            position = min(mark.end() + 1, self.end)

    def words(self) -> tuple[list[tuple[str, str, bool]], str]:
        """Read words and dots up to a special; return them as (kind, text, blank before it) and the special."""
        words: list[tuple[str, str, bool]] = []
        while True:
            blank = self.blanks()
            character = self.peek()
            if character == '"':
                content = self.quoted()
                if content is None:
                    return words, '"'
                words.append(("quoted", content, blank))
                continue
            if character == ".":
                self.position += 1
                words.append(("dot", ".", blank))
                continue
            match = _ENCODED_WORD.match(self.text, self.position) or _ATOM.match(self.text, self.position)
            if match is None:
                return words, character
            self.position = match.end()
            words.append(("atom", match.group(), blank))

    def address(self) -> None:
        words, special = self.words()
        if special == "<":
            self.angle(words)
        elif special == "@":
            self.position += 1
            local, wrong = _local_part(words)
            domain, wrong_domain = self.domain()
            self.blanks()
            if self.peek() == "<":
                # an address as a display name, without the quotes it needs: if they differ, readers do not agree which of the two is meant
                self.angle([("atom", f"{local}@{domain}", False)], f"{local}@{domain}")
            else:
                self.add("", local, domain, wrong or wrong_domain)
        elif special == ":" and words and self.group is None:
            self.position += 1
            self.group = _phrase(words)
        elif special in {"", ",", ";"} and not (special == ";" and self.group is None):
            self.add(*(("", words[0][1]) if len(words) == 1 else (_phrase(words), "")), "", "there is no domain")
        else:
            self.garbage(words, f"{special!r} in an unexpected place" if special != '"' else "a quote does not close")

    def angle(self, phrase: list[tuple[str, str, bool]], instead: str | None = None) -> None:
        wrong: str | None = None
        self.position += 1
        self.blanks()
        # obs-route: "@" domain *("," ["@" domain]) ":"
        while self.peek() in {"@", ","} and self.peek():
            self.position += 1
            if self.text[self.position - 1] == "@":
                wrong = self.domain()[1] or wrong
            self.blanks()
            if self.peek() == ":":
                self.position += 1
                break
        words, special = self.words()
        local = domain = ""
        if special == "@":
            self.position += 1
            local, fault = _local_part(words)
            domain, fault_domain = self.domain()
            wrong = wrong or fault or fault_domain
            self.blanks()
            special = self.peek()
        elif words:
            local, wrong = _local_part(words)[0], wrong or "there is no domain"
        else:
            wrong = wrong or "the angle brackets are empty"
        if special == ">":
            self.position += 1
        else:
            wrong = wrong or "the angle bracket does not close"
        if instead is not None and instead.lower() != f"{local}@{domain}".lower():
            wrong = wrong or "another address stands before the angle bracket"
        self.add(_phrase(phrase), local, domain, wrong)

    def domain(self) -> tuple[str, str | None]:
        self.blanks()
        match = _LITERAL.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
            return "".join(match.group().split()), None
        words, _ = self.words()
        if not words:
            return "", "there is no domain"
        wrong = None
        pieces: list[str] = []
        dot = True
        for kind, text, _blank in words:
            if kind == "quoted" or (kind == "dot") == dot:
                wrong = "the domain is not a name"
            dot = kind == "dot"
            pieces.append(text)
        if dot:
            wrong = wrong or "the domain ends with a dot"
        return "".join(pieces), wrong

    def add(self, name: str, local: str, domain: str, wrong: str | None) -> None:
        """Add an address; what follows it up to the next separator belongs to nothing and makes it malformed."""
        self.blanks()
        character = self.peek()
        if character and character != "," and not (character == ";" and self.group is not None):
            self.skip()
            wrong = wrong or "text follows the address"
        if not wrong and (self.unclosed or not (local + domain).isprintable()):
            wrong = "a comment does not close" if self.unclosed else "there are control characters in the address"
        if not wrong and self.not_utf8 and not (local + domain).isascii():
            wrong = "the address is neither ASCII nor UTF-8"
        comment = decode_words(" ".join(" ".join(self.comments).split())) if self.comments else ""
        self.result.append(Address(name, local, domain, comment, self.group, wrong))

    def garbage(self, words: list[tuple[str, str, bool]], wrong: str) -> None:
        start = self.position
        self.skip()
        rest = self.text[start : self.position].strip()
        self.result.append(Address(f"{_phrase(words)} {rest}".strip(), "", "", "", self.group, wrong))

    def skip(self) -> None:
        """Go on to the next comma, or the end of the group, that is not inside quotes, brackets or comments."""
        while True:
            match = _NEXT.search(self.text, self.position)
            if match is None:
                self.position = self.end
                return
            character = match.group()
            self.position = match.start()
            if character == "," or (character == ";" and self.group is not None):
                return
            if character == "(":
                self.comment()
            elif character == '"':
                if self.quoted() is None:
                    self.position += 1
            elif character == "\\":
                self.position = min(self.position + 2, self.end)
            else:
                self.position += 1


def _unfolded(text: str) -> str:
    return text.replace("\r\n", "").replace("\n", "") if "\n" in text else text


def _local_part(words: list[tuple[str, str, bool]]) -> tuple[str, str | None]:
    wrong = None if words else "there is no local part"
    pieces: list[str] = []
    dot = True
    for kind, text, _blank in words:
        if (kind == "dot") == dot:
            wrong = "the local part has an empty piece" if dot else "several words stand before the at sign"
            if not dot:
                pieces.append(" ")
        dot = kind == "dot"
        pieces.append(text)
    if dot and words:
        wrong = wrong or "the local part ends with a dot"
    return "".join(pieces), wrong


def _phrase(words: list[tuple[str, str, bool]]) -> str:
    """Return a display name: encoded-words are decoded in atoms, not in quotes (RFC 2047 section 5)."""
    pieces: list[str] = []
    run: list[str] = []
    for kind, text, blank in words:
        gap = " " if blank and (run or pieces) else ""
        if kind == "quoted":
            if run:
                pieces.append(decode_words("".join(run)))
                run = []
            pieces.append(gap + text)
        else:
            run.append(gap + text)
    if run:
        pieces.append(decode_words("".join(run)))
    return "".join(pieces).strip()
