"""The asking side, against our own server at any cut, and against servers that misbehave."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.wire.chunks import cut, places

from smime.gateway.wire.client import ClientEvent, ClientMachine, Delivered, Greeted, Lost, Ready, Recipients, Secured
from smime.gateway.wire.commands import Mail, Rcpt
from smime.gateway.wire.errors import LocalProtocolError
from smime.gateway.wire.replies import Reply
from smime.gateway.wire.server import Begin, Discarded, Octets, ServerMachine, ServerOptions
from smime.gateway.wire.states import CLIENT, ClientState

OK = Reply(250, "2.0.0", "Ok")
HELLO = b"250-mx\r\n250-PIPELINING\r\n250-SIZE 5000\r\n250 DSN\r\n"
PLAIN = b"250 mx\r\n"


def events(machine: ClientMachine, octets: bytes) -> list[ClientEvent]:
    machine.receive(octets)
    found = []
    while (event := machine.next_event()) is not None:
        found.append(event)
    return found


def ready(hello: bytes = HELLO, *, lmtp: bool = True) -> ClientMachine:
    machine = ClientMachine("us.test", lmtp=lmtp)
    events(machine, b"220 mx\r\n")
    machine.hello()
    assert machine.take() == (b"LHLO" if lmtp else b"EHLO") + b" us.test\r\n"
    assert isinstance(events(machine, hello)[0], Ready)
    return machine


def sent(machine: ClientMachine, recipients: int = 2) -> ClientMachine:
    machine.envelope(Mail("a@x"), [Rcpt(f"r{i}@y") for i in range(recipients)])
    machine.take()
    return machine


lines = st.lists(st.sampled_from([b"", b".", b"..", b"text", b".x"]), max_size=8).map(
    lambda found: b"".join(line + b"\r\n" for line in found)
)
verdicts = st.lists(st.sampled_from([250, 450, 550]), min_size=1, max_size=4)


@given(verdicts, verdicts, st.sampled_from([250, 451, 550]), lines, places, places, st.booleans())
def test_both_machines_agree(
    rcpts: list[int], finals: list[int], mail: int, body: bytes, there: list[int], back: list[int], lmtp: bool
) -> None:
    server = ServerMachine(ServerOptions("mx.test", lmtp=lmtp))
    client = ClientMachine("us.test", lmtp=lmtp)
    received: list[bytes] = []
    accepted: list[str] = []
    heard: list[ClientEvent] = []

    def serve(octets: bytes) -> bytes:
        for chunk in cut(octets, there):
            server.receive(chunk)
            while (event := server.next_event()) is not None:
                assert not isinstance(event, Discarded)
                if isinstance(event, Mail):
                    server.reply(Reply(mail, f"{mail // 100}.1.0", "sender"))
                elif isinstance(event, Rcpt):
                    code = rcpts[int(event.recipient[1:-2])]
                    server.reply(Reply(code, f"{code // 100}.1.1", event.recipient))
                    if code == 250:
                        accepted.append(event.recipient)
                elif isinstance(event, Begin):
                    server.accept()
                elif isinstance(event, Octets):
                    received.append(event.data)
                    if event.last:
                        last = [Reply(code, f"{code // 100}.6.0", str(i)) for i, code in enumerate(finals * 4)]
                        server.answer(last[: len(accepted)] if lmtp else last[:1])
        return server.take()

    def ask() -> None:
        while octets := client.take():
            for chunk in cut(serve(octets), back):
                heard.extend(events(client, chunk))

    server.greet()
    heard.extend(events(client, server.take()))
    client.hello()
    ask()
    client.envelope(Mail("a@x", size=len(body)), [Rcpt(f"r{i}@y") for i in range(len(rcpts))])
    ask()
    assert [type(event) for event in heard[:2]] == [Greeted, Ready]
    told = heard[2]
    assert isinstance(told, Recipients)
    assert [reply.code for reply in told.replies] == (rcpts if mail == 250 else [mail] * len(rcpts))
    assert told.go_on == (mail == 250 and 250 in rcpts)
    if told.go_on:
        octets = b"".join(map(client.write, cut(body, back))) + client.end()
        for chunk in cut(serve(octets), back):
            heard.extend(events(client, chunk))
        delivered = heard[3]
        assert isinstance(delivered, Delivered)
        count = rcpts.count(250)
        assert [reply.code for reply in delivered.replies] == ((finals * 4)[:count] if lmtp else [finals[0]] * count)
        assert b"".join(received) == body
    assert client.state is ClientState.READY
    # and the connection serves another
    client.envelope(Mail("", size=1), [Rcpt("r0@y")])
    assert client.take().endswith(b"DATA\r\n")


def test_commands_wait_for_each_other_without_pipelining() -> None:
    machine = ready(PLAIN)
    machine.envelope(Mail("a@x"), [Rcpt("b@y"), Rcpt("c@y")])
    for line, reply in [
        (b"MAIL FROM:<a@x>\r\n", b"250 ok\r\n"),
        (b"RCPT TO:<b@y>\r\n", b"250 ok\r\n"),
        (b"RCPT TO:<c@y>\r\n", b"550 no\r\n"),
    ]:
        assert machine.take() == line
        assert events(machine, reply) == []
    assert machine.take() == b"DATA\r\n"
    assert events(machine, b"354 go\r\n") == [Recipients((Reply(250, "", "ok"), Reply(550, "", "no")), go_on=True)]


def test_nobody_wants_it_and_data_is_accepted_all_the_same() -> None:
    """RFC 2920 section 3.1: the client sends an empty message, whose reply is of no interest."""
    machine = sent(ready())
    found = events(machine, b"250 ok\r\n550 no\r\n550 no\r\n354 go\r\n")
    assert found == [Recipients((Reply(550, "", "no"),) * 2, go_on=False)]
    assert machine.take() == b".\r\n"
    assert events(machine, b"554 no recipients\r\n") == []
    sent(machine)
    assert isinstance(events(machine, b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n")[0], Recipients)


def test_a_refused_data_is_the_reply_to_all() -> None:
    machine = sent(ready())
    found = events(machine, b"250 ok\r\n250 ok\r\n550 no\r\n452 4.3.1 full\r\n")
    assert found == [Recipients((Reply(452, "4.3.1", "full"), Reply(550, "", "no")), go_on=False)]
    assert machine.take() == b"RSET\r\n"


@pytest.mark.parametrize("reply", [b"250 what?\r\n", b"334 what?\r\n"])
def test_an_odd_reply_to_data_is_no_success(reply: bytes) -> None:
    found = events(sent(ready(), 1), b"250 ok\r\n250 ok\r\n" + reply)
    assert isinstance(found[0], Recipients)
    assert found[0].replies[0].transient


def test_an_odd_reply_to_the_message_is_no_success() -> None:
    machine = sent(ready(), 1)
    events(machine, b"250 ok\r\n250 ok\r\n354 go\r\n")
    machine.end()
    found = events(machine, b"354 more?\r\n")
    assert isinstance(found[0], Delivered)
    assert found[0].replies[0].transient


@pytest.mark.parametrize("octets", [b"421 4.3.2 down\r\n", b"hello\r\n", b"", b"250-x\r\n" * 300])
@pytest.mark.parametrize("when", ["connected", "hello", "envelope", "message", "final"])
def test_a_connection_that_is_lost(octets: bytes, when: str) -> None:
    machine = ClientMachine("us.test", lmtp=True)
    if when != "connected":
        events(machine, b"220 mx\r\n")
        machine.hello()
    if when not in {"connected", "hello"}:
        events(machine, HELLO)
        sent(machine)
    if when in {"message", "final"}:
        events(machine, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        machine.write(b"x\r\n")
    if when == "final":
        machine.end()
        events(machine, b"250 first\r\n")
    found = events(machine, octets)
    lost = found[-1]
    assert isinstance(lost, Lost)
    assert lost.after_message == (when == "final")
    assert lost.replies == ((Reply(250, "", "first"),) if when == "final" else ())
    assert machine.state is ClientState.CLOSED
    assert events(machine, b"250 late\r\n") == []
    with pytest.raises(LocalProtocolError):
        machine.hello()


def test_replies_before_the_end_of_the_connection_count() -> None:
    machine = sent(ready(), 1)
    events(machine, b"250 ok\r\n250 ok\r\n354 go\r\n")
    machine.end()
    machine.receive(b"250 2.0.0 taken\r\n")
    machine.receive(b"")
    assert machine.next_event() == Delivered((Reply(250, "2.0.0", "taken"),))
    lost = machine.next_event()
    assert isinstance(lost, Lost)
    assert not lost.after_message


def test_helo_if_ehlo_is_not_known() -> None:
    machine = ClientMachine("us.test", lmtp=False)
    assert [type(e) for e in events(machine, b"220 old\r\n")] == [Greeted]
    machine.hello()
    machine.take()
    assert events(machine, b"502 what?\r\n") == []
    assert machine.take() == b"HELO us.test\r\n"
    assert isinstance(events(machine, b"250 old\r\n")[0], Ready)
    assert machine.extensions == frozenset()


def test_no_helo_in_lmtp() -> None:
    machine = ClientMachine("us.test", lmtp=True)
    events(machine, b"220 x\r\n")
    machine.hello()
    assert isinstance(events(machine, b"500 what?\r\n")[0], Lost)


def test_what_the_server_announced() -> None:
    machine = ready(b"250-mx\r\n250-size 77\r\n250-XFORWARD NAME addr\r\n250-XCLIENT LOGIN\r\n250 8bitmime\r\n")
    assert machine.extensions == {"SIZE", "XFORWARD", "XCLIENT", "8BITMIME"}
    assert machine.size_limit == 77
    machine.forward({"NAME": "n", "ADDR": "1.2.3.4", "IDENT": "Q"})
    assert machine.take() == b"XFORWARD NAME=n ADDR=1.2.3.4\r\n"


def test_xclient_begins_anew() -> None:
    machine = ready(b"250-mx\r\n250 XCLIENT LOGIN ADDR\r\n")
    assert machine.client({"LOGIN": "alice", "PORT": "1"})
    assert machine.take() == b"XCLIENT LOGIN=alice\r\n"
    assert events(machine, b"220 mx\r\n") == [Greeted(Reply(220, "", "mx"))]
    machine.hello()
    events(machine, HELLO)
    assert not machine.client({"LOGIN": "alice"})


def test_starttls() -> None:
    machine = ready(b"250-mx\r\n250 STARTTLS\r\n")
    machine.starttls()
    assert machine.take() == b"STARTTLS\r\n"
    assert events(machine, b"220 go\r\n") == [Secured(Reply(220, "", "go"))]
    with pytest.raises(LocalProtocolError):
        machine.envelope(Mail("a@x"), [Rcpt("b@y")])
    machine.secured()
    assert machine.extensions == frozenset()
    machine.hello()


def test_octets_after_the_reply_to_starttls() -> None:
    machine = ready(b"250-mx\r\n250 STARTTLS\r\n")
    machine.starttls()
    assert isinstance(events(machine, b"220 go\r\n250 evil\r\n")[0], Lost)


def test_a_refused_starttls_goes_on_in_clear() -> None:
    machine = ready(b"250-mx\r\n250 STARTTLS\r\n")
    machine.starttls()
    assert events(machine, b"454 no\r\n") == [Secured(Reply(454, "", "no"))]
    sent(machine)


def test_what_is_not_allowed() -> None:
    machine = ready()
    with pytest.raises(LocalProtocolError):
        machine.write(b"x")
    with pytest.raises(LocalProtocolError):
        machine.envelope(Mail("a@x"), [])
    sent(machine)
    with pytest.raises(LocalProtocolError):
        machine.envelope(Mail("a@x"), [Rcpt("b@y")])
    machine.quit()
    assert machine.take().endswith(b"QUIT\r\n")
    assert set(CLIENT) == set(ClientState)


def test_a_stray_line_end_is_not_sent() -> None:
    machine = sent(ready(), 1)
    events(machine, b"250 ok\r\n250 ok\r\n354 go\r\n")
    with pytest.raises(ValueError, match="stands alone"):
        machine.write(b"a\n.\nb")


@given(st.binary(max_size=80), places)
def test_anything_may_come(octets: bytes, where: list[int]) -> None:
    """Whatever a server says, no recipient is told a success that it did not say in its place."""
    machine = sent(ready())
    heard: list[ClientEvent] = []
    for chunk in cut(octets, where):
        heard += events(machine, chunk)
    heard += events(machine, b"")
    assert isinstance(heard[-1], Lost) or machine.state is ClientState.CLOSED
    assert not any(isinstance(event, Delivered) for event in heard)


def test_options_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ServerOptions("x").name = "y"  # type: ignore[misc]
