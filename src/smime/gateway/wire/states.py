"""The states of the machines, and every step between them.

Server (RFC 5321 section 4.1.4; RFC 2033 for LMTP)::

    CONNECTED   before the greeting                      GREETED   before HELO, EHLO or LHLO
    READY       no transaction                           MAIL      a sender was accepted
    RCPT        and a recipient at least                 DATA      octets of the message are expected
    CHUNKS      between two BDAT (RFC 3030)              ANSWER    the message is whole, its replies are not given yet
    TLS         STARTTLS was answered (RFC 3207)         CLOSED    nothing more is read

Client::

    CONNECTED   the greeting is expected                 GREETED   EHLO or LHLO is to be sent
    HELLO       its reply is expected                    READY     no transaction
    ENVELOPE    MAIL, RCPT and DATA were sent            MESSAGE   the octets of the message may be sent
    FINAL       the replies to the message are expected  TLS       STARTTLS was accepted
    CLOSED      nothing more is sent or read

Milter (the filter's side, version 6 of the protocol)::

    NEGOTIATE   options are expected                     CONNECT   a connection, or nothing yet
    HELO, MAIL, RCPT, HEADERS, BODY                      what was told last
    ANSWER      the message is whole, the verdict is not given yet
    CLOSED      nothing more is read

A command that a table does not name in a state is out of sequence there: the server replies 503 and stays, the milter closes.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType

__all__ = ["CLIENT", "MILTER", "SERVER", "ClientState", "MilterState", "ServerState"]


class _State(Enum):
    """Members are looked up in the tables with each command: they hash by identity, which costs no call of a Python function."""

    __hash__ = object.__hash__


class ServerState(_State):
    """Where a server is in its dialogue."""

    CONNECTED = "connected"
    GREETED = "greeted"
    READY = "ready"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CHUNKS = "chunks"
    ANSWER = "answer"
    TLS = "tls"
    CLOSED = "closed"


class ClientState(_State):
    """Where a client is in its dialogue."""

    CONNECTED = "connected"
    GREETED = "greeted"
    HELLO = "hello"
    READY = "ready"
    ENVELOPE = "envelope"
    MESSAGE = "message"
    FINAL = "final"
    TLS = "tls"
    CLOSED = "closed"


class MilterState(_State):
    """Where a filter is in its dialogue."""

    NEGOTIATE = "negotiate"
    CONNECT = "connect"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    HEADERS = "headers"
    BODY = "body"
    ANSWER = "answer"
    CLOSED = "closed"


_S = ServerState
_ALWAYS = ("NOOP", "VRFY", "HELP", "EXPN")
_HELLO = dict.fromkeys(("HELO", "EHLO", "LHLO"), _S.READY)


def _server(state: ServerState, steps: dict[str, ServerState], reset: ServerState) -> MappingProxyType[str, ServerState]:
    return MappingProxyType({**dict.fromkeys(_ALWAYS, state), "RSET": reset, "QUIT": _S.CLOSED, **_HELLO, **steps})


SERVER = MappingProxyType(
    {
        # the state after a command that was accepted; one that was refused leaves the state as it is
        _S.CONNECTED: MappingProxyType[str, ServerState]({}),
        _S.GREETED: _server(_S.GREETED, {"XCLIENT": _S.GREETED}, _S.GREETED),
        _S.READY: _server(_S.READY, {"MAIL": _S.MAIL, "XFORWARD": _S.READY, "XCLIENT": _S.GREETED, "STARTTLS": _S.TLS}, _S.READY),
        _S.MAIL: _server(_S.MAIL, {"RCPT": _S.RCPT}, _S.READY),
        _S.RCPT: _server(_S.RCPT, {"RCPT": _S.RCPT, "DATA": _S.DATA, "BDAT": _S.CHUNKS}, _S.READY),
        _S.CHUNKS: _server(_S.CHUNKS, {"BDAT": _S.CHUNKS}, _S.READY),
        _S.DATA: MappingProxyType[str, ServerState]({}),
        _S.ANSWER: MappingProxyType[str, ServerState]({}),
        _S.TLS: MappingProxyType[str, ServerState]({}),
        _S.CLOSED: MappingProxyType[str, ServerState]({}),
    }
)
"""For each state the commands that may come, and the state after each."""

_C = ClientState

CLIENT = MappingProxyType(
    {
        # what a caller may do in a state, and the state that it leads to
        _C.CONNECTED: MappingProxyType({"quit": _C.CLOSED}),
        _C.GREETED: MappingProxyType({"hello": _C.HELLO, "quit": _C.CLOSED}),
        _C.HELLO: MappingProxyType({"quit": _C.CLOSED}),
        _C.READY: MappingProxyType(
            {"forward": _C.READY, "client": _C.GREETED, "starttls": _C.READY, "envelope": _C.ENVELOPE, "reset": _C.READY, "quit": _C.CLOSED}
        ),
        _C.ENVELOPE: MappingProxyType({"quit": _C.CLOSED}),
        _C.MESSAGE: MappingProxyType({"write": _C.MESSAGE, "end": _C.FINAL}),
        _C.FINAL: MappingProxyType[str, ClientState]({}),
        _C.TLS: MappingProxyType({"secured": _C.GREETED}),
        _C.CLOSED: MappingProxyType({"quit": _C.CLOSED}),
    }
)
"""For each state what the caller may do, and the state after it."""

_M = MilterState
_M_ALWAYS = {"D": None, "A": _M.HELO, "K": _M.CONNECT, "Q": _M.CLOSED}


def _milter(steps: dict[str, MilterState | None]) -> MappingProxyType[str, MilterState | None]:
    return MappingProxyType({**_M_ALWAYS, **steps})


MILTER = MappingProxyType(
    {
        # letters of the commands; None: the state stays
        _M.NEGOTIATE: MappingProxyType[str, MilterState | None]({"O": _M.CONNECT, "Q": _M.CLOSED}),
        _M.CONNECT: _milter({"C": _M.HELO, "H": _M.HELO, "M": _M.MAIL, "A": _M.CONNECT}),
        _M.HELO: _milter({"H": _M.HELO, "M": _M.MAIL, "U": None}),
        _M.MAIL: _milter({"R": _M.RCPT, "U": None, "T": _M.HEADERS, "L": _M.HEADERS, "N": _M.BODY}),
        _M.RCPT: _milter({"R": _M.RCPT, "U": None, "T": _M.HEADERS, "L": _M.HEADERS, "N": _M.BODY, "B": _M.BODY, "E": _M.ANSWER}),
        _M.HEADERS: _milter({"L": _M.HEADERS, "N": _M.BODY, "B": _M.BODY, "E": _M.ANSWER, "U": None}),
        _M.BODY: _milter({"B": _M.BODY, "E": _M.ANSWER, "U": None}),
        _M.ANSWER: _milter({}),
        _M.CLOSED: MappingProxyType[str, MilterState | None]({}),
    }
)
"""For each state the commands that may come, and the state after each: D macros, A abort, K new connection, Q quit, O options,
C connect, H helo, M mail, R rcpt, T data, L header, N end of header, B body, E end of message, U unknown."""
