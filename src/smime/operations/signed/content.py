"""The content under a signature: its digests, in every form in which it may have been signed, and its octets for who needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from smime.algorithms import DIGESTS_BY_NAME
from smime.crypto import digests
from smime.errors import LimitExceeded
from smime.operations.spool import Buffer
from smime.transforms.lines import CanonicalLines, canonicalize, look

__all__ = ["AS_RECEIVED", "CANONICAL", "SignedContent", "micalg_digests"]

AS_RECEIVED = "as-received"
CANONICAL = "canonical"

_ONE_FORM = (AS_RECEIVED,)
_TWO_FORMS = (CANONICAL, AS_RECEIVED)
_KEPT = 1 << 16
_ONCE = 1 << 16
_FALLBACK = ("sha256", "sha384", "sha512")
_BY_MICALG = {digest.micalg: name for name, digest in DIGESTS_BY_NAME.items() if digest.micalg not in {"shake256", "shake128"}} | {
    "sha1": "sha1",
    "rsa-sha1": "sha1",
    "rsa-md5": "md5",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha224": "sha224",
    "shake256": "shake256-len",
    "shake128": "shake128",
}


def micalg_digests(micalg: Sequence[str]) -> tuple[str, ...]:
    """Return the digests that a micalg parameter announces (RFC 8551 section 3.5.3.2), or the likely ones if it says nothing usable."""
    if len(micalg) == 1:
        name = _BY_MICALG.get(micalg[0])
        return _FALLBACK if name is None else (name,)
    names = tuple(dict.fromkeys(_BY_MICALG[value] for value in micalg if value in _BY_MICALG))
    return names or _FALLBACK


class SignedContent:
    """Digests content as it passes.

    The octets are digested as they come and, if the content is text in transit, with canonical line ends as well: the two digests share
    one state up to the first bare LF (RFC 8551 section 3.1.1).

    Args:
        names: digests to compute.
        text: line ends may have been changed in transit.
        reread: gives the octets again, for a digest that was not announced or a scheme that needs the whole content.
        new_digest: makes the digests that run.
    """

    __slots__ = (
        "_canonical",
        "_digests",
        "_finished",
        "_kept",
        "_lines",
        "_look",
        "_names",
        "_new_digest",
        "_once",
        "_reread",
        "_running",
        "_text",
        "length",
    )

    def __init__(
        self,
        names: Iterable[str],
        *,
        text: bool,
        reread: Callable[[], Iterator[bytes]] | None = None,
        new_digest: digests.NewDigest = digests.new,
    ) -> None:
        self._names = tuple([name for name in dict.fromkeys(names) if digests.supported(name)])
        self._text = text
        self._reread = reread
        self._new_digest = new_digest
        self._once: bytes | None = None  # octets that came alone so far, and are not digested yet
        self._look = 0  # what `look` says of these, if they are text
        self._running = False
        self._lines: CanonicalLines | None = None
        self._digests: dict[str, digests.Digest] = {}
        self._canonical: dict[str, digests.Digest] | None = None
        self._finished: dict[tuple[str, str], bytes] = {}
        self._kept: bytes | None = b""
        self.length = 0

    def update(self, data: Buffer, /) -> None:
        """Take octets."""
        if self._kept is not None:
            self._keep(data)
        size = len(data)
        if not self.length and size <= _ONCE and not self._running:
            self._once = once = data if type(data) is bytes else bytes(data)
            if self._text:
                self._look = look(once)
            self.length = size
            return
        self.length += size
        if not self._running:
            self._start()
        self._digest(data)

    def _start(self) -> None:
        """Begin digests that run."""
        self._running = True
        self._lines = CanonicalLines() if self._text else None
        self._digests = {name: self._new_digest(name) for name in self._names}
        once, self._once = self._once, None
        if once:
            self._digest(once)

    def _digest(self, data: Buffer) -> None:
        if self._lines is not None:
            lines = self._lines.update(data)
            if lines is not data and self._canonical is None:
                self._canonical = {name: digest.copy() for name, digest in self._digests.items()}
            if self._canonical is not None:
                for digest in self._canonical.values():
                    digest.update(lines)
        for digest in self._digests.values():
            digest.update(data)

    def _keep(self, data: Buffer) -> None:
        # octets that may be another signature's attributes are kept for a look at them (row SA of the attack table)
        kept = self._kept
        assert kept is not None  # noqa: S101 - the caller looked
        if len(data) and ((not kept and data[0] != 0x31) or len(kept) + len(data) > _KEPT):
            self._kept = None
        else:
            self._kept = kept + data

    @property
    def possible_attributes(self) -> tuple[bytes, ...]:
        """The octets, in each form in which they may have been signed, if they begin like a SET."""
        kept = self._kept
        if not kept:
            return ()
        return (kept, canonicalize(kept)) if self._text else (kept,)

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms of the content that differ: as received, and with canonical line ends."""
        if self._once is None:
            return _ONE_FORM if self._canonical is None else _TWO_FORMS
        return _TWO_FORMS if self._look > 1 else _ONE_FORM

    @property
    def has_bare_cr(self) -> bool:
        """There is a CR without LF in text (RFC 5322 section 2.3 forbids it)."""
        if self._once is not None:
            return self._look & 1 == 1
        lines = self._lines
        if lines is not None:
            lines.finalize()
        return lines is not None and lines.has_bare_cr

    def digest(self, name: str, form: str) -> bytes | None:
        """Return the digest of the content in this form, or None if the content has passed and cannot be had again."""
        value = self._finished.get((name, form))
        if value is not None:
            return value
        once = self._once
        if once is not None and name in self._names:
            value = self._finished[name, form] = digests.digest(name, once if form == AS_RECEIVED else canonicalize(once))
            return value
        if once is None and not self._running:
            self._start()
        states = self._digests if form == AS_RECEIVED else self._canonical
        state = states.get(name) if states is not None else None
        if state is None:
            if self._reread is None or not digests.supported(name):
                return None
            state = digests.new(name)
            for chunk in self.octets(form):
                state.update(chunk)
            value = state.finalize()
        else:
            value = state.copy().finalize()
        self._finished[name, form] = value
        return value

    @property
    def announced(self) -> tuple[str, ...]:
        """The digests that were computed in passing."""
        return self._names

    @property
    def readable(self) -> bool:
        """The octets can be had again."""
        return self._reread is not None

    def octets(self, form: str) -> Iterator[bytes]:
        """Yield the content in this form again; only if `readable`."""
        if self._reread is None:
            return
        if form == AS_RECEIVED:
            yield from self._reread()
            return
        lines = CanonicalLines()
        for chunk in self._reread():
            yield bytes(lines.update(chunk))
        yield bytes(lines.finalize())

    def whole(self, form: str, maximum: int) -> bytes:
        """Return the content in this form as one object, for schemes that sign it undigested.

        Raises:
            LimitExceeded: it has more octets than `maximum` (the limit ``structure_size``).
        """
        if self.length > maximum:
            raise LimitExceeded("structure_size", maximum)
        return b"".join(self.octets(form))
