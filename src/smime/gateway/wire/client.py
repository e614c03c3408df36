"""The asking side of SMTP (RFC 5321) and LMTP (RFC 2033).

Commands of one transaction leave together where the server announced PIPELINING (RFC 2920), else one after the other; replies are told
apart by their order. The caller hears three things of a transaction: what became of each recipient before the message, that the message
may be sent, and what became of it for each recipient after its final dot. Between the final dot and the reply nobody knows who has the
mail: if the connection is lost there, `Lost` says so by `after_message`.

::

    transport.write(machine.envelope(mail, recipients))
    machine.receive(data)
    while (event := machine.next_event()) is not None:
        ...
    transport.write(machine.take())
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from smime.errors import SMIMEError
from smime.gateway.wire.commands import Mail, Rcpt, write_attributes, write_mail, write_rcpt
from smime.gateway.wire.errors import LocalProtocolError
from smime.gateway.wire.replies import Reply, ReplyReader
from smime.gateway.wire.states import CLIENT, ClientState
from smime.gateway.wire.transparency import DotWriter

__all__ = ["ClientEvent", "ClientMachine", "Delivered", "Greeted", "Lost", "Ready", "Recipients", "Secured"]


class Greeted(NamedTuple):
    """The server greeted: say `ClientMachine.hello`."""

    reply: Reply


class Ready(NamedTuple):
    """The server knows us; its extensions are known."""

    reply: Reply


class Recipients(NamedTuple):
    """What became of the envelope.

    Attributes:
        replies: one for each recipient, in their order: that to RCPT, or to MAIL or DATA if these were refused.
        go_on: the message may be written now. Otherwise the transaction is over.
    """

    replies: tuple[Reply, ...]
    go_on: bool


class Delivered(NamedTuple):
    """What became of the message.

    Attributes:
        replies: one for each recipient that was accepted, in their order.
    """

    replies: tuple[Reply, ...]


class Secured(NamedTuple):
    """STARTTLS was answered.

    Attributes:
        reply: 220: make the connection secure, then call `ClientMachine.secured`; otherwise it goes on in clear.
    """

    reply: Reply


class Lost(NamedTuple):
    """The connection is of no use any more.

    Attributes:
        reply: the server's last word, such as 421, or None.
        reason: for the log.
        after_message: the message was sent whole, and what became of it for some recipients is not known: the server may have it.
        replies: of LMTP: those that came before, to the first of the recipients that were accepted.
    """

    reply: Reply | None
    reason: str
    after_message: bool
    replies: tuple[Reply, ...] = ()


ClientEvent = Greeted | Ready | Recipients | Delivered | Secured | Lost

_C = ClientState
_MAIL, _RCPT, _DATA, _IGNORED, _HELLO, _MESSAGE, _TLS, _CLIENT = range(8)  # what a reply that is due answers


class ClientMachine:
    """One connection.

    Args:
        name: our own name, for EHLO or LHLO.
        lmtp: LMTP: each recipient has a reply of its own after the message.

    Attributes:
        state: where the dialogue is.
        extensions: keywords that the server announced, in upper case.
        attributes: what the server takes in XFORWARD and XCLIENT.
        size_limit: the largest message that the server announced to take, octets; None: it did not say.
        transactions: how many were begun.
    """

    __slots__ = (
        "_accepted",
        "_due",
        "_ended",
        "_output",
        "_plain",
        "_queue",
        "_reader",
        "_recipients",
        "_refused",
        "_replies",
        "_writer",
        "attributes",
        "extensions",
        "lmtp",
        "name",
        "size_limit",
        "state",
        "transactions",
    )

    def __init__(self, name: str, *, lmtp: bool) -> None:
        self.name = name
        self.lmtp = lmtp
        self.state = _C.CONNECTED
        self.extensions: frozenset[str] = frozenset()
        self.attributes: dict[str, frozenset[str]] = {}
        self.size_limit: int | None = None
        self.transactions = 0
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._due: deque[int] = deque()
        self._queue: deque[tuple[bytes, int]] = deque()  # commands that wait for the reply to the one before
        self._output: list[bytes] = []
        self._recipients: list[Reply] = []
        self._refused: Reply | None = None  # the reply to MAIL, if that was refused
        self._accepted = 0
        self._writer: DotWriter | None = None
        self._ended = ""  # why nothing more will come
        self._plain = False  # HELO was said, since EHLO was refused

    # -- what the caller does --

    def _step(self, what: str) -> None:
        after = CLIENT[self.state].get(what)
        if after is None:
            raise LocalProtocolError(f"{what} is not allowed in the state {self.state.value}")
        self.state = after

    def hello(self) -> None:
        """Say who we are."""
        self._step("hello")
        self._ask(f"{'LHLO' if self.lmtp else 'EHLO'} {self.name}\r\n".encode("ascii"), _HELLO)

    def starttls(self) -> None:
        """Ask for a secure connection (RFC 3207)."""
        self._step("starttls")
        self._ask(b"STARTTLS\r\n", _TLS)

    def secured(self) -> None:
        """The connection is secure now; what was announced before is forgotten (RFC 3207 section 4.2)."""
        self._step("secured")
        self._forget()

    def forward(self, attributes: dict[str, str | None]) -> None:
        """Tell by XFORWARD where the next message came from; nothing if the server does not take it."""
        self._step("forward")
        for line in write_attributes("XFORWARD", attributes, self.attributes.get("XFORWARD", frozenset())):
            self._ask(line, _IGNORED)

    def client(self, attributes: dict[str, str | None]) -> bool:
        """Speak as the client with these attributes, by XCLIENT; then say `hello` again, once `Greeted` comes.

        Returns:
            False: the server does not take it, and nothing was sent.
        """
        lines = write_attributes("XCLIENT", attributes, self.attributes.get("XCLIENT", frozenset()))
        if not lines or self.state is not _C.READY:
            return False
        self._step("client")
        self._ask(lines[0], _CLIENT)  # attributes of one line: the server begins anew after each
        return True

    def envelope(self, mail: Mail, recipients: Sequence[Rcpt]) -> None:
        """Begin a transaction.

        Raises:
            LocalProtocolError: there is one, or there are no recipients.
            ValueError: an address would not stay one.
        """
        if not recipients:
            raise LocalProtocolError("a transaction needs recipients")
        extensions = self.extensions
        lines = [write_mail(mail, extensions), *[write_rcpt(rcpt, extensions) for rcpt in recipients]]
        self._step("envelope")
        self.transactions += 1
        self._recipients = []
        self._refused = None
        self._accepted = 0
        due = self._due
        if "PIPELINING" in extensions and not self._queue:
            lines.append(b"DATA\r\n")
            self._output.append(b"".join(lines))
            due.append(_MAIL)
            due.extend([_RCPT] * len(recipients))
            due.append(_DATA)
            return
        self._ask(lines[0], _MAIL)
        for line in lines[1:]:
            self._ask(line, _RCPT)
        self._ask(b"DATA\r\n", _DATA)

    def write(self, data: bytes) -> bytes:
        """Return octets of the message as they are to be sent.

        Raises:
            ValueError: a CR or LF stands alone.
        """
        self._step("write")
        assert self._writer is not None  # noqa: S101 - the state says so
        return self._writer.write(data)

    def end(self) -> bytes:
        """Return what ends the message; errors as `write`."""
        self._step("end")
        assert self._writer is not None  # noqa: S101 - the state says so
        octets = self._writer.end()
        self._writer = None
        self._recipients = []
        self._due.extend([_MESSAGE] * (self._accepted if self.lmtp else 1))
        return octets

    def reset(self) -> None:
        """Say RSET, to see whether the connection still stands; its reply is of no interest."""
        self._step("reset")
        self._ask(b"RSET\r\n", _IGNORED)

    def quit(self) -> None:
        """Say goodbye; nothing more is read."""
        self._step("quit")
        self._output.append(b"QUIT\r\n")
        self._due.clear()
        self._queue.clear()

    def receive(self, data: bytes) -> None:
        """Take octets from the server; none means that it has closed the connection."""
        if self.state is _C.CLOSED:
            return
        if not data:
            self._ended = self._ended or "the connection was closed"
            return
        try:
            self._replies.extend(self._reader.read(data))
        except SMIMEError as error:
            self._ended = str(error)

    def take(self) -> bytes:
        """Return what is to be sent."""
        data = b"".join(self._output)
        self._output.clear()
        return data

    # -- events --

    def next_event(self) -> ClientEvent | None:
        """Return the next event; None if octets are missing."""
        while self._replies:
            event = self._reply(self._replies.popleft())
            if event is not None:
                return event
        if self._ended and self.state is not _C.CLOSED:
            return self._lose(None, self._ended)
        return None

    def _reply(self, reply: Reply) -> ClientEvent | None:
        state = self.state
        if state is _C.CLOSED:
            return None
        if state is _C.CONNECTED:
            if reply.code != 220:
                return self._lose(reply, "the server does not want to talk")
            self.state = _C.GREETED
            return Greeted(reply)
        if not self._due:
            return self._lose(reply, f"a reply that answers nothing: {reply}")
        if reply.code == 421:
            return self._lose(reply, str(reply))
        due = self._due.popleft()
        event: ClientEvent | None = None
        if due == _RCPT:
            if self._refused is None and reply.positive:
                self._accepted += 1
            self._recipients.append(self._refused or reply)
        elif due == _MAIL:
            self._refused = None if reply.positive else reply
        elif due == _DATA:
            event = self._data(reply)
        elif due == _MESSAGE:
            event = self._delivered(reply)
        elif due == _HELLO:
            event = self._hello(reply)
        elif due == _TLS:
            if reply.code == 220:
                self.state = _C.TLS
                if self._reader.buffered or self._replies:
                    return self._lose(reply, "octets follow the reply to STARTTLS")
            event = Secured(reply)
        elif due == _CLIENT:
            event = self._greeted_anew(reply)
        if self._queue and not self._due:
            line, kind = self._queue.popleft()
            self._output.append(line)
            self._due.append(kind)
        return event

    def _hello(self, reply: Reply) -> ClientEvent | None:
        if not reply.positive:
            if self.lmtp or reply.transient:
                return self._lose(reply, f"{'LHLO' if self.lmtp else 'EHLO'} was refused: {reply}")
            if self._plain:
                return self._lose(reply, f"HELO was refused: {reply}")
            self._plain = True  # RFC 5321 section 3.2
            self._ask(f"HELO {self.name}\r\n".encode("ascii"), _HELLO)
            return None
        if not self._plain:
            self._announced(reply)
        self.state = _C.READY
        return Ready(reply)

    def _announced(self, reply: Reply) -> None:
        found: dict[str, list[str]] = {}
        for line in reply.text.split("\n")[1:]:
            words = line.split()
            if words:
                found[words[0].upper()] = words[1:]
        self.extensions = frozenset(found)
        size = found.get("SIZE", [])
        if size and size[0].isdigit() and len(size[0]) <= 20 and int(size[0]):
            self.size_limit = int(size[0])
        self.attributes = {name: frozenset(word.upper() for word in found[name]) for name in ("XFORWARD", "XCLIENT") if name in found}

    def _greeted_anew(self, reply: Reply) -> ClientEvent:
        if reply.code != 220:
            return self._lose(reply, f"XCLIENT was refused: {reply}")
        self._forget()
        return Greeted(reply)

    def _forget(self) -> None:
        self.extensions = frozenset()
        self.attributes = {}
        self.size_limit = None

    def _data(self, reply: Reply) -> ClientEvent:
        replies = tuple(self._recipients)
        if reply.code == 354:
            if self._accepted:
                self._writer = DotWriter()
                self.state = _C.MESSAGE
                return Recipients(replies, go_on=True)
            # the server wants a message for nobody: an empty one ends it (RFC 2920 section 3.1)
            self._output.append(b".\r\n")
            self._due.append(_IGNORED)
        else:
            refusal = reply if not reply.positive else Reply(451, "4.5.0", f"Unexpected reply to DATA: {reply}")
            replies = tuple([refusal if known.positive else known for known in replies])
            self._ask(b"RSET\r\n", _IGNORED)
        self.state = _C.READY
        return Recipients(replies, go_on=False)

    def _delivered(self, reply: Reply) -> ClientEvent | None:
        if reply.code >= 300 and reply.code < 400:
            reply = Reply(451, "4.5.0", f"Unexpected reply to the message: {reply}")
        self._recipients.append(reply)
        if self._due:
            return None
        self.state = _C.READY
        if self.lmtp:
            return Delivered(tuple(self._recipients))
        return Delivered((reply,) * self._accepted)

    # -- helpers --

    def _ask(self, line: bytes, kind: int) -> None:
        if self._queue or (self._due and "PIPELINING" not in self.extensions):
            self._queue.append((line, kind))
        else:
            self._output.append(line)
            self._due.append(kind)

    def _lose(self, reply: Reply | None, reason: str) -> Lost:
        final = self.state is _C.FINAL
        self.state = _C.CLOSED
        self._due.clear()
        self._queue.clear()
        return Lost(reply, reason, final, tuple(self._recipients) if final else ())
