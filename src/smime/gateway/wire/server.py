"""The answering side of SMTP (RFC 5321) and LMTP (RFC 2033).

Extensions: PIPELINING, SIZE, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, DSN, CHUNKING, STARTTLS, and Postfix's XFORWARD and XCLIENT.

The machine answers by itself whatever is no decision: greetings, syntax, sequence, limits, the octets of a message that no honest sender
writes. It asks about the rest by events, one at a time: after `Mail`, `Rcpt` and `Begin` the caller has to `reply`, after the last
`Octets` to `answer`, before `next_event` gives another. So replies leave in the order of the commands, however these were packed into
chunks.

::

    machine.receive(data)
    while (event := machine.next_event()) is not None:
        ...
    transport.write(machine.take())
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from smime.gateway.wire.commands import (
    CLIENT_ATTRIBUTES,
    FORWARD_ATTRIBUTES,
    Mail,
    Rcpt,
    parse_attributes,
    parse_mail,
    parse_rcpt,
)
from smime.gateway.wire.errors import LocalProtocolError
from smime.gateway.wire.replies import Reply
from smime.gateway.wire.states import SERVER, ServerState
from smime.gateway.wire.transparency import ChunkReader, DotReader, normalized

__all__ = ["Begin", "Closed", "Discarded", "Event", "Octets", "Reset", "Secure", "ServerMachine", "ServerOptions"]


class Begin(NamedTuple):
    """The message is about to come: take it, or refuse it by a reply of 400 and more."""


class Octets(NamedTuple):
    """Some octets of the message, lines ended by CRLF, nothing stuffed.

    Attributes:
        data: the octets.
        last: the message is whole now: `ServerMachine.answer` for it.
    """

    data: bytes
    last: bool


class Discarded(NamedTuple):
    """The message is refused while it comes; the machine reads it to its end and replies. What came of it is of no use.

    Attributes:
        reply: what the client will be told.
    """

    reply: Reply


class Reset(NamedTuple):
    """The transaction was given up before its message."""


class Secure(NamedTuple):
    """STARTTLS was answered: write what there is, make the connection secure, then call `ServerMachine.secured`."""


class Closed(NamedTuple):
    """Nothing more will be read: write what there is, then close.

    Attributes:
        reason: for the log; empty after QUIT.
    """

    reason: str


Event = Mail | Rcpt | Begin | Octets | Discarded | Reset | Secure | Closed


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server is and takes.

    Attributes:
        name: its own name in greetings.
        lmtp: LMTP: one reply for each recipient after the message.
        size_limit: octets of a message.
        recipients: of one message.
        line_limit: octets of a command with its parameters.
        errors: commands in error, after which the connection ends.
        line_ends: what happens to a message in which a CR or LF stands alone: it is refused, or made regular.
        xforward: XFORWARD is announced.
        xclient: XCLIENT is announced: whoever may use it can be anybody.
        starttls: STARTTLS is announced.
        require_tls: MAIL needs STARTTLS before it.
    """

    name: str
    lmtp: bool = True
    size_limit: int = 50 << 20
    recipients: int = 1000
    line_limit: int = 4096
    errors: int = 20
    line_ends: Literal["refuse", "normalize"] = "refuse"
    xforward: bool = True
    xclient: bool = False
    starttls: bool = False
    require_tls: bool = False


_OK = Reply(250, "2.0.0", "Ok")
_GO_ON = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
_TOO_LARGE = Reply(552, "5.3.4", "Message too large")
_BARE = Reply(550, "5.5.2", "A CR or LF stands alone in the message")
_SEQUENCE = Reply(503, "5.5.1", "Bad sequence of commands")
_NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients")
_TOO_LONG = Reply(500, "5.5.2", "Line too long")
_UNKNOWN = Reply(500, "5.5.2", "Command not recognized")
_CANNOT_VERIFY = Reply(252, "2.0.0", "Cannot verify; send some mail")
_TLS_FIRST = Reply(530, "5.7.0", "Must issue a STARTTLS command first")
_NOT_SMTP = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
_SIMPLE = {
    "NOOP": _OK,
    "RSET": _OK,
    "VRFY": _CANNOT_VERIFY,
    "EXPN": Reply(502, "5.5.1", "Not implemented"),
    "HELP": Reply(214, "2.0.0", "RFC 5321, RFC 2033"),
}
_VERBS = frozenset({*_SIMPLE, "HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "QUIT", "STARTTLS", "XFORWARD", "XCLIENT"})
_S = ServerState
_AT_COMMAND = frozenset({_S.GREETED, _S.READY, _S.MAIL, _S.RCPT, _S.CHUNKS})
_OPEN = frozenset({_S.MAIL, _S.RCPT, _S.CHUNKS})


class ServerMachine:
    """One connection.

    Args:
        options: what the server is.

    Attributes:
        state: where the dialogue is.
        helo: the name that the client gave, or empty.
        protocol: ``"SMTP"``, ``"ESMTP"`` or ``"LMTP"``, as a Received field has it; with ``S`` once the connection is secure (RFC 3848).
        forwarded: attributes of XFORWARD for the transaction.
        client: attributes of XCLIENT for the session.
    """

    __slots__ = (
        "_accepted",
        "_asked",
        "_at",
        "_buffer",
        "_chunk",
        "_chunk_last",
        "_errors",
        "_output",
        "_reader",
        "_received",
        "_refusal",
        "_secure",
        "_skipping",
        "_smtputf8",
        "client",
        "forwarded",
        "helo",
        "options",
        "protocol",
        "state",
    )

    def __init__(self, options: ServerOptions) -> None:
        self.options = options
        self.state = _S.CONNECTED
        self.helo = ""
        self.protocol = "SMTP"
        self.forwarded: dict[str, str | None] = {}
        self.client: dict[str, str | None] = {}
        self._buffer = b""
        self._at = 0  # where in the buffer the next octet is
        self._output: list[bytes] = []
        self._asked: Literal["", "mail", "rcpt", "begin"] = ""
        self._skipping = False
        self._secure = False
        self._smtputf8 = False
        self._errors = 0
        self._accepted = 0
        self._received = 0
        self._refusal: Reply | None = None
        self._reader: DotReader | ChunkReader | None = None
        self._chunk = -1  # octets of a BDAT that are still to come; -1: none is
        self._chunk_last = False

    # -- what the caller does --

    def greet(self) -> None:
        """Begin: the greeting is the first thing that is sent."""
        if self.state is not _S.CONNECTED:
            raise LocalProtocolError("the greeting was given")
        self.state = _S.GREETED
        self._send(Reply(220, "", f"{self.options.name} {'LMTP' if self.options.lmtp else 'ESMTP'}"))

    def receive(self, data: bytes) -> None:
        """Take octets from the client. There is no bound here: who reads on while an answer is due decides how many."""
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at = 0

    @property
    def buffered(self) -> int:
        """Octets that wait."""
        return len(self._buffer) - self._at

    def take(self) -> bytes:
        """Return what is to be sent."""
        output = self._output
        if not output:
            return b""
        data = output[0] if len(output) == 1 else b"".join(output)
        output.clear()
        return data

    def reply(self, reply: Reply) -> None:
        """Say what becomes of the last `Mail`, `Rcpt` or `Begin`. A positive reply to `Begin` is not sent: the machine has its own.

        Raises:
            LocalProtocolError: nothing was asked.
        """
        asked, self._asked = self._asked, ""
        if asked == "begin":
            self._begin(reply)
            return
        if not asked:
            raise LocalProtocolError("there is nothing to reply to")
        if reply.positive:
            self.state = SERVER[self.state]["MAIL" if asked == "mail" else "RCPT"]
            if asked == "rcpt":
                self._accepted += 1
        self._send(reply)

    def accept(self) -> None:
        """Reply positively; errors as `reply`."""
        self.reply(_ACCEPTED[self._asked or "begin"])

    def answer(self, replies: Sequence[Reply]) -> None:
        """Say what became of the message.

        Args:
            replies: LMTP: one for each recipient that was accepted, in their order; SMTP: one.

        Raises:
            LocalProtocolError: no message waits for this, or there are more or fewer replies than have to be.
        """
        if self.state is not _S.ANSWER:
            raise LocalProtocolError("no message waits for an answer")
        if len(replies) != (self._accepted if self.options.lmtp else 1):
            raise LocalProtocolError(f"{len(replies)} replies for {self._accepted} recipients")
        for reply in replies:
            self._send(reply)
        self._end_transaction()

    def secured(self) -> None:
        """The connection is secure now; the client begins anew (RFC 3207 section 4.2)."""
        if self.state is not _S.TLS:
            raise LocalProtocolError("STARTTLS was not given")
        self._secure = True
        self.helo = ""
        self.client = {}
        self._end_transaction()
        self.state = _S.GREETED

    def shut_down(self, reply: Reply) -> bool:
        """Say goodbye with a reply of class 4 if the client waits for nothing else; return whether that was done."""
        if self.state not in _AT_COMMAND and self.state is not _S.CONNECTED:
            return False
        if self._asked or self._chunk >= 0:
            return False
        self._send(reply)
        self._close("shut down")
        return True

    @property
    def waiting(self) -> bool:
        """The client waits for an answer to its message, or for a reply that the caller owes."""
        return self.state is _S.ANSWER or bool(self._asked)

    # -- events --

    def next_event(self) -> Event | None:
        """Return the next event; None if octets are missing, or if the caller has not replied yet."""
        while not self._asked:
            state = self.state
            event: Event | None
            if self._chunk >= 0 and (self._at < len(self._buffer) or self._chunk == 0):
                event = self._chunk_octets()
            elif self._at >= len(self._buffer):
                return None
            elif state is _S.DATA:
                event = self._data()
            elif state in _AT_COMMAND:
                line = self._line()
                if not isinstance(line, bytes):
                    return line
                event = self._command(line)
            else:
                return None
            if event is not None:
                return event
        return None

    def _line(self) -> bytes | Event | None:
        """Return the next command without its CRLF; None if it is not whole; an event if the connection ends."""
        limit = self.options.line_limit
        while True:
            buffer, start = self._buffer, self._at
            end = buffer.find(b"\n", start)
            if end < 0:
                if self._skipping or len(buffer) - start > limit:
                    self._skipping, self._at = True, len(buffer)
                return None
            self._at = end + 1
            if self._skipping or end - start > limit:
                self._skipping = False
                event = self._error(_TOO_LONG)
                if event is not None:
                    return event
                continue
            line = buffer[start:end]
            if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line:
                # whoever ends commands otherwise may be relaying somebody else's octets (SMTP smuggling, cross-protocol attacks)
                self._send(Reply(500, "5.5.2", "Commands end with <CR><LF>"))
                return self._close("a command without CRLF")
            return line[:-1]

    def _command(self, line: bytes) -> Event | None:
        word, _, argument = line.partition(b" ")
        verb = word.decode("ascii", "replace").upper()
        if verb not in _VERBS:
            if verb in _NOT_SMTP or verb.endswith(":"):
                self._send(Reply(421, "4.7.0", "This is no HTTP server"))
                return self._close("HTTP")
            return self._error(_UNKNOWN)
        if verb not in SERVER[self.state]:
            if verb == "BDAT":
                return self._bdat(argument)
            return self._error(_NO_RECIPIENTS if verb == "DATA" and self.state is _S.MAIL else _SEQUENCE)
        if verb == "MAIL":
            return self._mail(argument)
        if verb == "RCPT":
            return self._rcpt(argument)
        if verb == "DATA":
            if argument.strip():
                return self._error(Reply(501, "5.5.4", "Syntax: DATA"))
            self._asked = "begin"
            return Begin()
        if verb in _SIMPLE:
            self._send(_SIMPLE[verb])
            return self._reset(SERVER[self.state][verb]) if verb == "RSET" else None
        if verb in {"HELO", "EHLO", "LHLO"}:
            return self._hello(verb, argument)
        if verb == "QUIT":
            self._send(Reply(221, "2.0.0", "Bye"))
            return self._close("")
        if verb == "BDAT":
            return self._bdat(argument)
        if verb == "STARTTLS":
            return self._starttls(argument)
        return self._attributes(verb, argument)

    def _hello(self, verb: str, argument: bytes) -> Event | None:
        options = self.options
        if (verb == "LHLO") != options.lmtp:
            return self._error(Reply(500, "5.5.1", "Use LHLO" if options.lmtp else "Use EHLO"))
        name = argument.strip()
        if not name or len(name) > 255 or not name.decode("utf-8", "replace").isprintable():
            return self._error(Reply(501, "5.5.4", f"Syntax: {verb} name"))
        self.helo = name.decode("utf-8", "replace")
        secure = "S" if self._secure else ""
        self.protocol = verb.replace("LHLO", "LMTP").replace("EHLO", "ESMTP").replace("HELO", "SMTP") + (secure if verb != "HELO" else "")
        if verb == "HELO":
            self._send(Reply(250, "", options.name))
        else:
            self._send(Reply(250, "", "\n".join((options.name, *self._extensions()))))
        return self._reset(_S.READY)

    def _extensions(self) -> list[str]:
        options = self.options
        announced = ["PIPELINING", f"SIZE {options.size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING"]
        if options.xforward:
            announced.append("XFORWARD " + " ".join(FORWARD_ATTRIBUTES))
        if options.xclient:
            announced.append("XCLIENT " + " ".join(CLIENT_ATTRIBUTES))
        if options.starttls and not self._secure:
            announced.append("STARTTLS")
        return announced

    def _starttls(self, argument: bytes) -> Event | None:
        if not self.options.starttls or self._secure:
            return self._error(Reply(502, "5.5.1", "STARTTLS is not available"))
        if argument.strip():
            return self._error(Reply(501, "5.5.4", "Syntax: STARTTLS"))
        if self.buffered:
            # octets sent in clear must not be read as if they had come over the secure connection
            self._send(Reply(501, "5.5.1", "Octets follow STARTTLS"))
            return self._close("octets after STARTTLS")
        self._send(Reply(220, "2.0.0", "Ready to start TLS"))
        self.state = _S.TLS
        return Secure()

    def _attributes(self, verb: str, argument: bytes) -> Event | None:
        forward = verb == "XFORWARD"
        if not (self.options.xforward if forward else self.options.xclient):
            return self._error(Reply(502, "5.5.1", f"{verb} is not available"))
        found = parse_attributes(argument, FORWARD_ATTRIBUTES if forward else CLIENT_ATTRIBUTES)
        if isinstance(found, Reply):
            return self._error(found)
        if forward:
            self.forwarded.update(found)
            self._send(_OK)
            return None
        self.client.update(found)
        self.helo = ""
        self._end_transaction()
        self.state = _S.GREETED
        self._send(Reply(220, "", f"{self.options.name} {'LMTP' if self.options.lmtp else 'ESMTP'}"))
        return None

    def _mail(self, argument: bytes) -> Event | None:
        if self.options.require_tls and not self._secure:
            return self._error(_TLS_FIRST)
        mail = parse_mail(argument)
        if isinstance(mail, Reply):
            return self._error(mail)
        if mail.size is not None and mail.size > self.options.size_limit:
            self._send(_TOO_LARGE)
            return None
        self._smtputf8 = mail.smtputf8
        self._asked = "mail"
        return mail

    def _rcpt(self, argument: bytes) -> Event | None:
        if self._accepted >= self.options.recipients:
            self._send(Reply(452, "4.5.3", "Too many recipients"))
            return None
        rcpt = parse_rcpt(argument, smtputf8=self._smtputf8)
        if isinstance(rcpt, Reply):
            return self._error(rcpt)
        self._asked = "rcpt"
        return rcpt

    # -- the message --

    def _begin(self, reply: Reply) -> None:
        chunks = self._chunk >= 0
        if chunks:
            self._reader = ChunkReader()
            self._refusal = None if reply.positive else reply
            self.state = _S.CHUNKS
        elif reply.positive:
            self._reader = DotReader()
            self.state = _S.DATA
            self._send(_GO_ON)
        else:
            self._send(reply)
            self._end_transaction()

    def _data(self) -> Event | None:
        reader = self._reader
        assert isinstance(reader, DotReader)  # noqa: S101 - `_begin` made one
        data = reader.read(self._buffer[self._at :] if self._at else self._buffer)
        self._buffer, self._at = reader.rest, 0
        return self._octets(data, last=reader.finished)

    def _bdat(self, argument: bytes) -> Event | None:
        """Read the size of a chunk; its octets are next."""
        match = _BDAT.match(argument)
        if match is None:
            self._send(Reply(501, "5.5.4", "Syntax: BDAT size [LAST]"))
            return self._close("BDAT without a size")  # where the next command begins is not known
        self._chunk = int(match[1])
        self._chunk_last = match[2] is not None
        if self.state is not _S.RCPT:
            if self.state is not _S.CHUNKS:
                self._reader = None  # out of sequence: its octets come all the same (RFC 3030 section 2)
            return None
        self._asked = "begin"
        return Begin()

    def _chunk_octets(self) -> Event | None:
        taken = self._buffer[self._at : self._at + self._chunk]
        self._at += len(taken)
        self._chunk -= len(taken)
        done = self._chunk == 0
        last = done and self._chunk_last
        if done:
            self._chunk = -1
        reader = self._reader
        if reader is None:
            return self._error(_NO_RECIPIENTS if self.state is _S.MAIL else _SEQUENCE) if done else None
        assert isinstance(reader, ChunkReader)  # noqa: S101 - `_begin` made one
        event = self._octets(reader.read(taken, last=last), last=last)
        if done and not last:
            self._send(self._refusal or Reply(250, "2.0.0", "Chunk received"))
        return event

    def _octets(self, data: bytes, *, last: bool) -> Event | None:
        event: Event | None = None
        if self._refusal is None:
            reader, options = self._reader, self.options
            assert reader is not None  # noqa: S101 - a message is being read
            self._received += len(data)
            if self._received > options.size_limit:
                self._refusal = _TOO_LARGE
            elif not reader.clean:
                if options.line_ends == "refuse":
                    self._refusal = _BARE
                else:
                    data = normalized(data)
            if self._refusal is None:
                if last:
                    self.state = _S.ANSWER
                return Octets(data, last) if data or last else None
            event = Discarded(self._refusal)
        if last:
            refusal = bytes(self._refusal)
            self._output.append(refusal * self._accepted if self.options.lmtp else refusal)
            self._end_transaction()
        return event

    # -- helpers --

    def _send(self, reply: Reply) -> None:
        self._output.append(_SENT.get(reply) or bytes(reply))

    def _error(self, reply: Reply) -> Event | None:
        self._errors += 1
        if self._errors > self.options.errors:
            self._send(Reply(421, "4.7.0", "Too many errors"))
            return self._close("too many errors")
        self._send(reply)
        return None

    def _close(self, reason: str) -> Event:
        self.state = _S.CLOSED
        self._at = len(self._buffer)
        self._chunk = -1
        return Closed(reason)

    def _reset(self, state: ServerState) -> Event | None:
        event = Reset() if self.state in _OPEN else None
        self._end_transaction()
        self.state = state
        return event

    def _end_transaction(self) -> None:
        self.state = _S.READY
        self.forwarded = {}
        self._accepted = self._received = 0
        self._smtputf8 = False
        self._reader = self._refusal = None


_BDAT = re.compile(rb"[ \t]*([0-9]{1,15})(?:[ \t]+([Ll][Aa][Ss][Tt]))?[ \t]*\Z")
_ACCEPTED = {"mail": Reply(250, "2.1.0", "Sender ok"), "rcpt": Reply(250, "2.1.5", "Recipient ok"), "begin": _OK}
_SENT = {reply: bytes(reply) for reply in (*_ACCEPTED.values(), _GO_ON, _OK, Reply(221, "2.0.0", "Bye"))}
