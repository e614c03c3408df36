"""What reading operations return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smime.report import Verdict, VerificationReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from smime.findings import Finding
    from smime.operations.errant import ErrantLayer
    from smime.operations.spool import Spool
    from smime.report import DecryptionReport, LayerReport, VerificationReport

__all__ = ["DecryptedMessage", "Layer", "UnwrappedMessage", "VerifiedMessage"]


class VerifiedMessage:
    """A message whose verdict is VALID.

    Attributes:
        content: the octets that were signed, as received: a MIME entity for mail; empty if they went elsewhere.
        report: the verdict and all that it rests on.
    """

    __slots__ = ("_spool", "report")

    def __init__(self, spool: Spool, report: VerificationReport) -> None:
        self._spool = spool
        self.report = report

    @property
    def content(self) -> bytes:
        """The octets that were signed, as received."""
        return b"".join(self._spool.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces, for content larger than memory."""
        return self._spool.chunks()

    def __repr__(self) -> str:
        return f"<VerifiedMessage {self.report.summary()}>"


class DecryptedMessage:
    """A decrypted message.

    Attributes:
        content: the plaintext: a MIME entity for mail, whose own layers were not opened.
        report: what is known about the encryption.
    """

    __slots__ = ("_spool", "report")

    def __init__(self, spool: Spool, report: DecryptionReport) -> None:
        self._spool = spool
        self.report = report

    @property
    def content(self) -> bytes:
        """The plaintext."""
        return b"".join(self._spool.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the plaintext in pieces, for content larger than memory."""
        return self._spool.chunks()

    def __repr__(self) -> str:
        return f"<DecryptedMessage {self.report.content_encryption_algorithm}>"


@dataclass(frozen=True, slots=True)
class Layer:
    """One cryptographic layer.

    Attributes:
        kind: ``"signed"``, ``"encrypted"``, ``"compressed"``, ``"digested"``, ``"authenticated"`` or ``"certificates"``.
        content_type: how it stood in its surroundings: ``"multipart/signed"``, ``"application/pkcs7-mime"``, or ``"cms"`` outside of MIME.
        report: what is known about it.
        findings: what was noticed about its inside.
    """

    kind: str
    content_type: str
    report: LayerReport
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the layer as JSON-able data."""
        return {
            "kind": self.kind,
            "content_type": self.content_type,
            "report": self.report.to_dict(),
            "findings": [f.to_dict() for f in self.findings],
        }


class UnwrappedMessage:
    """A message taken apart.

    Attributes:
        layers: from the outside in.
        status: ``"unprotected"``, ``"signed"``, ``"encrypted"`` or ``"signed-and-encrypted"``, of the message as a whole: ``"signed"`` only
            with a VALID verdict.
        errant_layers: parts of the payload that are signed or encrypted by themselves.
    """

    __slots__ = ("_chunks", "errant_layers", "layers", "status")

    def __init__(self, layers: Sequence[Layer], errant_layers: Sequence[ErrantLayer], chunks: Callable[[], Iterator[bytes]]) -> None:
        self.layers = tuple(layers)
        self.errant_layers = tuple(errant_layers)
        self.status = status_of(layers)
        self._chunks = chunks

    @property
    def content(self) -> bytes:
        """The innermost entity of the cryptographic envelope that could be opened."""
        return b"".join(self._chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces, for content larger than memory."""
        return self._chunks()

    def kept(self) -> UnwrappedMessage:
        """Return the message without its content, once that went elsewhere."""
        self._chunks = lambda: iter(())
        return self

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict of all signed layers; None if there is none."""
        verdicts = {
            layer.report.verdict for layer in self.layers if isinstance(layer.report, VerificationReport) and layer.kind == "signed"
        }
        for verdict in (Verdict.INVALID, Verdict.INDETERMINATE, Verdict.VALID):
            if verdict in verdicts:
                return verdict
        return None

    def to_dict(self) -> dict[str, object]:
        """Return everything but the content as JSON-able data."""
        return {
            "status": self.status,
            "verdict": None if self.verdict is None else self.verdict.value,
            "layers": [layer.to_dict() for layer in self.layers],
            "errant_layers": [layer.to_dict() for layer in self.errant_layers],
        }

    def __repr__(self) -> str:
        return f"<UnwrappedMessage {self.status}: {' > '.join(layer.kind for layer in self.layers) or 'no layer'}>"


def status_of(layers: Iterable[Layer]) -> str:
    """Return the status of a message with these layers, outside in (RFC 9787).

    A signature outside of an encryption says nothing about who wrote what is inside, so it does not count.
    """
    signed = encrypted = False
    for layer in layers:
        if layer.kind == "signed" and isinstance(layer.report, VerificationReport):
            signed = signed or layer.report.verdict is Verdict.VALID
        elif layer.kind == "encrypted":
            report: DecryptionReport = layer.report  # type: ignore[assignment] # the kind says so
            if report.decrypted or report.recipient is None:
                encrypted, signed = True, False
            else:
                encrypted = signed = False
    if encrypted:
        return "signed-and-encrypted" if signed else "encrypted"
    return "signed" if signed else "unprotected"
