"""The answering side: what is replied, in which order, however the octets are cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.wire.chunks import cut, one_by_one, places

from smime.gateway.wire.commands import Mail, Rcpt
from smime.gateway.wire.errors import LocalProtocolError
from smime.gateway.wire.replies import Reply, ReplyReader
from smime.gateway.wire.server import Begin, Closed, Discarded, Event, Octets, Reset, Secure, ServerMachine, ServerOptions
from smime.gateway.wire.states import SERVER, ServerState

OPTIONS = ServerOptions("mx.test", size_limit=1000, recipients=3, errors=50)
OK = Reply(250, "2.0.0", "Ok")


class Talk:
    """A server that accepts what `refuse` does not name, and keeps what happened."""

    def __init__(self, options: ServerOptions = OPTIONS, refuse: dict[str, Reply] | None = None) -> None:
        self.machine = ServerMachine(options)
        self.refuse = refuse or {}
        self.events: list[Event] = []
        self.messages: list[tuple[str, tuple[str, ...], bytes]] = []
        self.sent = b""
        self._sender = ""
        self._recipients: list[str] = []
        self._body = b""
        self.machine.greet()
        self._advance()

    def say(self, octets: bytes, where: list[int] | None = None) -> list[Reply]:
        """Send octets; return the replies that came of them."""
        before = len(self.sent)
        for chunk in cut(octets, where or []):
            self.machine.receive(chunk)
            self._advance()
        return ReplyReader().read(self.sent[before:])

    def codes(self, octets: bytes, where: list[int] | None = None) -> list[int]:
        return [reply.code for reply in self.say(octets, where)]

    def _advance(self) -> None:
        machine = self.machine
        while (event := machine.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, (Mail, Rcpt, Begin)):
                word = event.sender if isinstance(event, Mail) else event.recipient if isinstance(event, Rcpt) else "begin"
                if (refusal := self.refuse.get(word)) is not None:
                    machine.reply(refusal)
                    continue
                machine.accept()
                if isinstance(event, Mail):
                    self._sender, self._recipients, self._body = event.sender, [], b""
                elif isinstance(event, Rcpt):
                    self._recipients.append(event.recipient)
            elif isinstance(event, Octets):
                self._body += event.data
                if event.last:
                    assert machine.waiting
                    self.messages.append((self._sender, tuple(self._recipients), self._body))
                    machine.answer([OK] * (len(self._recipients) if machine.options.lmtp else 1))
        self.sent += machine.take()


HELLO = b"LHLO client.test\r\n"
ENVELOPE = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"
MAIL = ENVELOPE + b"DATA\r\nSubject: x\r\n\r\n..hi\r\n.\r\n"


@given(places)
def test_a_session_is_the_same_however_it_is_cut(where: list[int]) -> None:
    talk = Talk()
    octets = HELLO + MAIL + b"RSET\r\n" + MAIL + b"NOOP\r\nQUIT\r\n"
    assert talk.codes(octets, where) == [250, 250, 250, 354, 250, 250, 250, 250, 354, 250, 250, 221]
    assert talk.messages == [("a@x", ("b@y",), b"Subject: x\r\n\r\n.hi\r\n")] * 2
    assert isinstance(talk.events[-1], Closed)


def test_each_octet_a_chunk() -> None:
    talk = Talk()
    assert talk.codes(HELLO + MAIL, one_by_one) == [250, 250, 250, 354, 250]
    assert talk.messages == [("a@x", ("b@y",), b"Subject: x\r\n\r\n.hi\r\n")]


# -- a second implementation of what is replied, from the table in the RFC and one command at a time --

LINES = {
    "hello": HELLO,
    "ehlo": b"EHLO x\r\n",
    "mail": b"MAIL FROM:<a@x>\r\n",
    "big": b"MAIL FROM:<a@x> SIZE=1001\r\n",
    "badmail": b"MAIL FROM:a@x\r\n",
    "rcpt": b"RCPT TO:<b@y>\r\n",
    "refused": b"RCPT TO:<no@y>\r\n",
    "badrcpt": b"RCPT TO:<>\r\n",
    "message": b"DATA\r\ntext\r\n.\r\n",
    "large": b"DATA\r\n" + b"x" * 2000 + b"\r\n.\r\n",
    "stray": b"DATA\r\na\nb\r\n.\r\n",
    "data": b"DATA x\r\n",
    "chunks": b"BDAT 4\r\nab\r\nBDAT 2 LAST\r\n\r\n",
    "empty": b"BDAT 0 LAST\r\n",
    "bigchunk": b"BDAT 1002\r\n" + b"y" * 1000 + b"\r\nBDAT 0 LAST\r\n",
    "rset": b"RSET\r\n",
    "noop": b"noop with words\r\n",
    "vrfy": b"VRFY a\r\n",
    "help": b"HELP\r\n",
    "expn": b"EXPN a\r\n",
    "unknown": b"XYZZY\r\n",
    "forward": b"XFORWARD NAME=a IDENT=Q\r\n",
    "badforward": b"XFORWARD a=b\r\n",
    "client": b"XCLIENT NAME=a\r\n",
    "tls": b"STARTTLS\r\n",
    "long": b"N" * 5000 + b"\r\n",
}


def expected(names: list[str]) -> Iterator[int]:
    hello = mail = False
    rcpts = 0
    for name in names:
        in_mail = hello and mail
        if name == "hello":
            hello, mail, rcpts = True, False, 0
            yield 250
        elif name in {"noop", "vrfy", "help", "expn", "unknown", "long", "ehlo"}:
            yield {"noop": 250, "vrfy": 252, "help": 214, "expn": 502}.get(name, 500)
        elif name == "rset":
            mail, rcpts = False, 0
            yield 250
        elif name in {"mail", "big", "badmail"}:
            if not hello or mail:
                yield 503
            else:
                mail = name == "mail"
                yield {"mail": 250, "big": 552, "badmail": 501}[name]
        elif name in {"rcpt", "refused", "badrcpt"}:
            if not in_mail:
                yield 503
            elif rcpts >= 3:
                yield 452
            else:
                rcpts += name == "rcpt"
                yield {"rcpt": 250, "refused": 550, "badrcpt": 501}[name]
        elif name in {"message", "large", "stray"}:
            if in_mail and rcpts:
                yield 354
                yield from [{"message": 250, "large": 552, "stray": 550}[name]] * rcpts
                mail, rcpts = False, 0
            else:
                yield 554 if in_mail else 503
                # nothing told the client to go on: its text is read as commands
                yield from [500, 500] if name != "stray" else []
        elif name == "data":
            yield 501 if in_mail and rcpts else 554 if in_mail else 503
        elif name in {"chunks", "empty", "bigchunk"}:
            steps = {"chunks": [250, 250], "empty": [250], "bigchunk": [552, 552]}[name]
            if in_mail and rcpts:
                yield from steps[:-1]
                yield from [steps[-1]] * rcpts
                mail, rcpts = False, 0
            else:
                yield from [554 if in_mail else 503] * len(steps)
        elif name == "forward" or name == "badforward":
            yield (503 if not hello or mail else 250 if name == "forward" else 501)
        elif name == "client":
            yield 503 if mail else 502
        elif name == "tls":
            yield 503 if not hello or mail else 502


sessions = st.lists(st.sampled_from(sorted(LINES)), max_size=14)


@given(sessions, places)
def test_replies_are_those_of_the_rfc_and_in_order(names: list[str], where: list[int]) -> None:
    codes = list(expected(names))
    if "stray" in names:
        # a line with LF alone ends the session where no message is expected
        at = names.index("stray")
        before = list(expected(names[:at]))
        step = list(expected(names[: at + 1]))[len(before) :]
        if step[0] != 354:
            codes = [*before, step[0], 500]
    talk = Talk(dataclasses.replace(OPTIONS, errors=1000), refuse={"no@y": Reply(550, "5.1.1", "no")})
    got = talk.codes(b"".join(LINES[name] for name in names), where)
    if "stray" in names and codes[-1] == 500:
        assert got[: len(codes)] == codes
        return
    assert got == codes


@given(st.binary(max_size=200), places)
def test_anything_may_come(octets: bytes, where: list[int]) -> None:
    """No octets make the machine raise, and no 2xx to a message leaves it that was not answered by us."""
    for start in (b"", HELLO, HELLO + ENVELOPE, HELLO + ENVELOPE + b"DATA\r\n", HELLO + ENVELOPE + b"BDAT 30\r\n"):
        talk = Talk()
        talk.say(start)
        whole = Talk()
        whole.say(start)
        assert talk.say(octets, where) == whole.say(octets)
        assert [type(e) for e in talk.events if not isinstance(e, Octets)] == [type(e) for e in whole.events if not isinstance(e, Octets)]
        assert talk.messages == whole.messages


commands = st.lists(
    st.sampled_from([*LINES.values(), b"\r\n", b"\n", b"MAIL", b"DATA\r\n", b".\r\n", b"BDAT 99999\r\n", b"\0\r\n"]), max_size=20
)


@given(commands.map(b"".join), places)
def test_pipelined_garbage(octets: bytes, where: list[int]) -> None:
    talk, whole = Talk(), Talk()
    assert talk.say(octets, where) == whole.say(octets)
    assert talk.messages == whole.messages
    assert talk.machine.state is whole.machine.state


# -- single rules --


def test_what_is_announced() -> None:
    talk = Talk(ServerOptions("mx.test", size_limit=77, xclient=True, starttls=True))
    text = talk.say(HELLO)[0].text.split("\n")
    assert text[0] == "mx.test"
    assert {line.split()[0] for line in text[1:]} == {
        *("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "XFORWARD", "XCLIENT", "STARTTLS")
    }
    assert "SIZE 77" in text
    assert "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE" in text


def test_smtp_answers_once_and_lmtp_for_each() -> None:
    octets = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nDATA\r\n.\r\n"
    assert Talk().codes(HELLO + octets) == [250, 250, 250, 250, 354, 250, 250]
    assert Talk(dataclasses.replace(OPTIONS, lmtp=False)).codes(b"EHLO x\r\n" + octets) == [250, 250, 250, 250, 354, 250]


@pytest.mark.parametrize("lmtp", [True, False])
def test_the_other_hello_is_refused(lmtp: bool) -> None:
    talk = Talk(dataclasses.replace(OPTIONS, lmtp=lmtp))
    assert talk.codes(b"EHLO x\r\nHELO x\r\n" if lmtp else b"LHLO x\r\n") == ([500, 500] if lmtp else [500])
    assert talk.machine.state is ServerState.GREETED


@pytest.mark.parametrize(("verb", "protocol"), [(b"HELO", "SMTP"), (b"EHLO", "ESMTP")])
def test_protocol(verb: bytes, protocol: str) -> None:
    talk = Talk(dataclasses.replace(OPTIONS, lmtp=False))
    talk.say(verb + b" client\r\n")
    assert (talk.machine.protocol, talk.machine.helo) == (protocol, "client")


def test_nothing_is_accepted_for_a_refused_sender() -> None:
    talk = Talk(refuse={"a@x": Reply(451, "4.3.0", "later")})
    assert talk.codes(HELLO + ENVELOPE + b"DATA\r\n") == [250, 451, 503, 503]


def test_a_message_may_be_refused_before_it_comes() -> None:
    talk = Talk(refuse={"begin": Reply(452, "4.3.1", "full")})
    assert talk.codes(HELLO + ENVELOPE + b"DATA\r\n") == [250, 250, 250, 452]
    assert talk.machine.state is ServerState.READY
    assert talk.codes(ENVELOPE + b"BDAT 3 LAST\r\na\r\nNOOP\r\n") == [250, 250, 452, 250]


def test_too_many_recipients_are_refused_singly() -> None:
    talk = Talk()
    codes = talk.codes(HELLO + b"MAIL FROM:<a@x>\r\n" + b"RCPT TO:<b@y>\r\n" * 10_000 + b"DATA\r\nx\r\n.\r\n")
    assert codes == [250, 250, 250, 250, 250, *[452] * 9997, 354, 250, 250, 250]


def test_a_large_message_is_read_to_its_end_and_refused() -> None:
    talk = Talk()
    codes = talk.codes(HELLO + ENVELOPE + b"DATA\r\n" + b"x" * 5000 + b"\r\n.\r\nNOOP\r\n", list(range(0, 6000, 100)))
    assert codes == [250, 250, 250, 354, 552, 250]
    discarded = [event for event in talk.events if isinstance(event, Discarded)]
    assert len(discarded) == 1
    assert sum(len(event.data) for event in talk.events if isinstance(event, Octets)) <= 1000
    assert talk.messages == []


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"\r\r\n", b"\n.\nMAIL FROM:<evil@x>\r\n", b"\r\n.\nRSET\r\n", b"x\n.\r\n"])
def test_a_stray_line_end_refuses_the_message(body: bytes) -> None:
    for where in ([], one_by_one):
        talk = Talk()
        assert talk.codes(HELLO + ENVELOPE + b"DATA\r\n" + body + b".\r\nNOOP\r\n", where) == [250, 250, 250, 354, 550, 250]
        assert talk.messages == []
        talk = Talk()
        assert talk.codes(HELLO + ENVELOPE + b"BDAT %d LAST\r\n%bNOOP\r\n" % (len(body), body), where) == [250, 250, 250, 550, 250]
        assert talk.messages == []


@pytest.mark.parametrize(("body", "made"), [(b"a\nb\r\n", b"a\r\nb\r\n"), (b"\n.\nX\r\n", b"\r\n.\r\nX\r\n"), (b"a\rb\r\n", b"a\r\nb\r\n")])
def test_or_is_made_regular(body: bytes, made: bytes) -> None:
    for where in ([], one_by_one):
        talk = Talk(dataclasses.replace(OPTIONS, line_ends="normalize"))
        assert talk.codes(HELLO + ENVELOPE + b"DATA\r\n" + body + b".\r\n", where)[-1] == 250
        assert talk.messages == [("a@x", ("b@y",), made)]


@pytest.mark.parametrize("line", [b"NOOP\n", b"NOOP\r\r\n", b"NO\rOP\r\n", b"NOOP\0\r\n", b"\n", b"RCPT TO:<x@y>\nDATA\r\n"])
def test_a_command_without_crlf_ends_the_session(line: bytes) -> None:
    talk = Talk()
    assert talk.codes(HELLO + line + ENVELOPE) == [250, 500]
    assert talk.machine.state is ServerState.CLOSED
    assert talk.events[-1] == Closed("a command without CRLF")


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.0\r\n", b"Host: mx.test\r\n"])
def test_http_ends_the_session(line: bytes) -> None:
    talk = Talk()
    assert talk.codes(line + HELLO + MAIL) == [421]
    assert talk.events[-1] == Closed("HTTP")


def test_too_many_errors_end_the_session() -> None:
    talk = Talk(dataclasses.replace(OPTIONS, errors=3))
    assert talk.codes(b"X\r\n" * 10) == [500, 500, 500, 421]
    assert talk.events[-1] == Closed("too many errors")


def test_a_line_without_end_costs_no_memory() -> None:
    talk = Talk()
    for _ in range(1000):
        talk.say(b"x" * 1000)
        assert talk.machine.buffered <= OPTIONS.line_limit + 1000
    assert talk.codes(b"\r\nNOOP\r\n") == [500, 250]


def test_pipelined_commands_are_not_copied_again_and_again() -> None:
    """What waits is not moved for each command: 40 000 of them take as many steps, not their square."""
    import tracemalloc

    talk = Talk()
    talk.say(HELLO)
    talk.machine.receive(b"NOOP\r\n" * 40_000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        talk._advance()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_octets_after_starttls_end_the_session() -> None:
    """They came in clear, and would be read as if they had come over the secure connection (CVE-2011-0411)."""
    talk = Talk(dataclasses.replace(OPTIONS, starttls=True))
    assert talk.codes(HELLO + b"STARTTLS\r\nMAIL FROM:<evil@x>\r\n") == [250, 501]
    assert talk.machine.state is ServerState.CLOSED


def test_starttls_begins_anew() -> None:
    talk = Talk(dataclasses.replace(OPTIONS, starttls=True, require_tls=True))
    assert talk.codes(HELLO + ENVELOPE) == [250, 530, 503]
    assert talk.codes(b"STARTTLS\r\n") == [220]
    assert isinstance(talk.events[-1], Secure)
    talk.machine.secured()
    assert talk.machine.helo == ""
    assert talk.codes(ENVELOPE) == [503, 503]
    assert "STARTTLS" not in talk.say(HELLO)[0].text
    assert talk.machine.protocol == "LMTPS"
    assert talk.codes(MAIL) == [250, 250, 354, 250]


def test_xforward_holds_for_one_message() -> None:
    talk = Talk()
    talk.say(HELLO + b"XFORWARD NAME=client ADDR=192.0.2.1\r\nXFORWARD IDENT=4XYZ SOURCE=REMOTE HELO=[UNAVAILABLE]\r\n")
    assert talk.machine.forwarded == {"NAME": "client", "ADDR": "192.0.2.1", "IDENT": "4XYZ", "SOURCE": "REMOTE", "HELO": None}
    talk.say(MAIL)
    assert talk.machine.forwarded == {}


def test_xclient_begins_anew_and_holds() -> None:
    talk = Talk(dataclasses.replace(OPTIONS, xclient=True))
    replies = talk.say(HELLO + b"XCLIENT LOGIN=alice ADDR=192.0.2.1\r\n")
    assert [reply.code for reply in replies] == [250, 220]
    assert talk.codes(ENVELOPE) == [503, 503]
    talk.say(HELLO + MAIL)
    assert talk.machine.client == {"LOGIN": "alice", "ADDR": "192.0.2.1"}


@pytest.mark.parametrize("word", [b"RSET\r\n", HELLO])
def test_a_transaction_that_is_given_up(word: bytes) -> None:
    talk = Talk()
    talk.say(HELLO + ENVELOPE + word)
    assert isinstance(talk.events[-1], Reset)
    assert talk.codes(b"RCPT TO:<b@y>\r\n") == [503]


def test_shutting_down_waits_for_a_message() -> None:
    goodbye = Reply(421, "4.3.2", "bye")
    machine = ServerMachine(OPTIONS)
    machine.greet()
    machine.receive(HELLO + MAIL)
    while machine.state is not ServerState.ANSWER:
        if isinstance(machine.next_event(), (Mail, Rcpt, Begin)):
            machine.accept()
    machine.take()
    assert not machine.shut_down(goodbye)
    machine.answer([OK])
    assert machine.shut_down(goodbye)
    assert machine.take() == b"250 2.0.0 Ok\r\n421 4.3.2 bye\r\n"
    machine.receive(b"NOOP\r\n")
    assert machine.next_event() is None
    assert machine.take() == b""


def test_the_caller_cannot_break_the_order() -> None:
    machine = ServerMachine(OPTIONS)
    with pytest.raises(LocalProtocolError):
        machine.reply(OK)
    with pytest.raises(LocalProtocolError):
        machine.answer([OK])
    machine.greet()
    with pytest.raises(LocalProtocolError):
        machine.greet()
    with pytest.raises(LocalProtocolError):
        machine.secured()
    machine.receive(HELLO + MAIL)
    while machine.state is not ServerState.ANSWER:
        if isinstance(machine.next_event(), (Mail, Rcpt, Begin)):
            assert machine.next_event() is None, "no further event before the reply"
            machine.accept()
    with pytest.raises(LocalProtocolError):
        machine.answer([OK, OK])


def test_the_table_names_every_state() -> None:
    assert set(SERVER) == set(ServerState)
