"""Fetching keeps to its bounds, whatever URL, server or redirect it meets. Nothing here leaves the loopback interface."""

from __future__ import annotations

import ipaddress
import pickle
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from smime.pki import fetch
from smime.pki.fetch import FetchError, HTTPFetcher, is_public
from smime.pki.throwaway import ThrowawayPKI

LOOPBACK = ("127.0.0.0/8",)
Answer = Callable[[socket.socket, str], None]


@contextmanager
def server(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on a port of the loopback interface: each connection's first line goes to `answer`."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            try:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    octets = b""
                    while b"\r\n\r\n" not in octets:
                        more = connection.recv(4096)
                        if not more:
                            return
                        octets += more
                    answer(connection, octets.decode("latin-1"))
            finally:
                connection.close()

    def run() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=serve, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=run, daemon=True)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


def says(head: str, body: bytes = b"") -> Answer:
    def answer(connection: socket.socket, request: str) -> None:
        connection.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)

    return answer


def fetcher(port: int, **options: Any) -> HTTPFetcher:
    return HTTPFetcher(**{"networks": LOOPBACK, "ports": [port], "timeout": 5.0, **options})


def refused(url: str, **options: Any) -> str:
    with pytest.raises(FetchError) as caught:
        HTTPFetcher(**options).fetch(url)
    assert caught.value.url == url
    assert str(caught.value).startswith(url[:50])
    return caught.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "ftp://192.0.2.1/crl",
        "ldap://192.0.2.1/cn=crl",
        "gopher://192.0.2.1/",
        "data:,x",
        "javascript:alert(1)",
        "//192.0.2.1/crl",
        "http:///crl",
        "http:192.0.2.1",
        "http://alice@192.0.2.1/",
        "http://alice:secret@192.0.2.1/",
        "http://127.0.0.1\\@192.0.2.1/",
        "http://192.0.2.1/\r\nX: y",
        "http://192.0.2.1/ HTTP/1.1",
        "http://192.0.2.1:99999/",
        "http://192.0.2.1:x/",
        "http://[::1/",
        "http://b\u00fccher.example/",
        "http://192.0.2.1/" + "x" * 3000,
        "http://192.0.2.1:22/",
        "http://192.0.2.1:8080/",
        "https://192.0.2.1:25/",
    ],
)
def test_urls_that_nobody_asks_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr(socket, "getaddrinfo", None)
    refused(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0",
        "10.0.0.1",
        "172.16.5.5",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:53aa:64c:0:1234:1234:1234]",
        "[ff02::1]",
    ],
)
def test_addresses_that_are_not_public(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", None)
    for scheme in ("http", "https"):
        assert "public" in refused(f"{scheme}://{host}/crl") or host.startswith("[")


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_addresses_that_are(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_a_name_with_one_private_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it asked twice, so that it cannot say one thing to the check and another to the connection."""
    asked = []

    def resolve(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", None)
    assert "10.0.0.1" in refused("http://crl.example/")
    assert asked == ["crl.example"]


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["127.0.0.1", "127.0.0.2"])

    def resolve(host: str, port: int, **options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    with server(says("200 OK", b"here")) as port:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert fetcher(port, networks=["127.0.0.1/32"]).fetch(f"http://crl.example:{port}/") == b"here"


def test_an_ordinary_answer() -> None:
    requests = []

    def answer(connection: socket.socket, request: str) -> None:
        requests.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlist and more")

    with server(answer) as port:
        assert fetcher(port).fetch(f"http://127.0.0.1:{port}/ca.crl?x=1#part") == b"list"
    assert requests[0].startswith(f"GET /ca.crl?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")
    assert "User-Agent" not in requests[0]


@pytest.mark.parametrize("chunked", [True, False])
def test_ways_to_end(chunked: bool) -> None:
    head, body = ("Transfer-Encoding: chunked", b"2\r\nli\r\n2\r\nst\r\n0\r\n\r\n") if chunked else ("X: y", b"list")
    with server(says(f"200 OK\r\n{head}", body)) as port:
        assert fetcher(port).fetch(f"http://127.0.0.1:{port}/") == b"list"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("404 Not Found", b"list"),
        ("204 No Content", b""),
        ("500 Oops", b""),
        ("302 Found", b""),
        ("200 OK\r\nContent-Length: 10", b"list"),
        ("200 OK\r\nTransfer-Encoding: chunked", b"5\r\nli"),
        ("200 OK\r\nTransfer-Encoding: chunked", b"x\r\nli"),
        ("what", b""),
    ],
)
def test_what_is_no_answer(head: str, body: bytes) -> None:
    with server(says(head, body)) as port, pytest.raises(FetchError):
        fetcher(port).fetch(f"http://127.0.0.1:{port}/")


def test_what_is_not_http() -> None:
    def answer(connection: socket.socket, request: str) -> None:
        connection.sendall(b"220 mail.example.org ESMTP\r\n")

    with server(answer) as port, pytest.raises(FetchError):
        fetcher(port).fetch(f"http://127.0.0.1:{port}/")


def test_nobody_there() -> None:
    with server(says("200 OK")) as port:
        pass
    assert refused(f"http://127.0.0.1:{port}/", networks=LOOPBACK, ports=[port])


def _redirecting(targets: dict[str, str]) -> Answer:
    def answer(connection: socket.socket, request: str) -> None:
        path = request.split(" ")[1]
        if path in targets:
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {targets[path]}\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nend of " + path.encode())

    return answer


def test_redirects() -> None:
    with server(_redirecting({"/1": "/2", "/2": "3", "/3": "/4", "/4": "/5"})) as port:
        assert fetcher(port).fetch(f"http://127.0.0.1:{port}/2") == b"end of /5"
        assert fetcher(port, redirects=0).fetch(f"http://127.0.0.1:{port}/5") == b"end of /5"
        with pytest.raises(FetchError, match="redirects"):
            fetcher(port).fetch(f"http://127.0.0.1:{port}/1")
        with pytest.raises(FetchError, match="redirects"):
            fetcher(port, redirects=0).fetch(f"http://127.0.0.1:{port}/4")


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://10.0.0.1:{port}/",
        "http://169.254.169.254:{port}/latest/meta-data",
        "http://127.0.0.1:22/",
        "http://127.0.0.1/",
        "//10.0.0.1:{port}/x",
        "http://u:p@127.0.0.1:{port}/",
        "https://192.168.0.1:{port}/",
        "/loop",
    ],
)
def test_redirects_to_where_nobody_goes(target: str) -> None:
    targets: dict[str, str] = {"/loop": "/loop"}
    with server(_redirecting(targets)) as port:
        targets["/"] = target.format(port=port)
        with pytest.raises(FetchError):
            fetcher(port).fetch(f"http://127.0.0.1:{port}/")


def test_hosts() -> None:
    with server(says("200 OK", b"x")) as port:
        assert fetcher(port, hosts=["127.0.0.1"]).fetch(f"http://127.0.0.1:{port}/") == b"x"
        with pytest.raises(FetchError, match="may not be asked"):
            fetcher(port, hosts=["crl.example.org"]).fetch(f"http://127.0.0.1:{port}/")


def _drip(head: bytes, ended: threading.Event) -> Answer:
    def answer(connection: socket.socket, request: str) -> None:
        connection.sendall(head)
        for _ in range(1_500):
            connection.sendall(b"x")
            time.sleep(0.02)
        ended.set()

    return answer


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_slow_answers(head: bytes) -> None:
    """Octet by octet, each well within any timeout of one read: the fetcher leaves before the answer is at its end."""
    ended = threading.Event()
    with server(_drip(head, ended)) as port:
        with pytest.raises(FetchError):
            fetcher(port, timeout=0.3).fetch(f"http://127.0.0.1:{port}/")
        assert not ended.is_set()


def test_no_answer_at_all() -> None:
    left, ended = threading.Event(), threading.Event()

    def answer(connection: socket.socket, request: str) -> None:
        left.wait(30)
        ended.set()

    with server(answer) as port:
        with pytest.raises(FetchError):
            fetcher(port, timeout=0.2).fetch(f"http://127.0.0.1:{port}/")
        assert not ended.is_set()
        left.set()


def _endless(head: bytes, piece: bytes) -> Answer:
    def answer(connection: socket.socket, request: str) -> None:
        connection.sendall(head)
        for _ in range(10_000):
            connection.sendall(piece)

    return answer


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", bytes(10_000)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", bytes(10_000)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + bytes(1024) + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 1000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000),
        (b"HTTP/1.1 100 Continue\r\n", b"\r\nHTTP/1.1 100 Continue\r\n"),
    ],
)
def test_huge_answers(head: bytes, piece: bytes) -> None:
    with server(_endless(head, piece)) as port, pytest.raises(FetchError):
        fetcher(port, size=100_000).fetch(f"http://127.0.0.1:{port}/")


def test_the_size_is_met_exactly() -> None:
    with server(says("200 OK", bytes(1000))) as port:
        assert len(fetcher(port, size=1000).fetch(f"http://127.0.0.1:{port}/")) == 1000
        with pytest.raises(FetchError, match="longer"):
            fetcher(port, size=999).fetch(f"http://127.0.0.1:{port}/")


def test_https(tmp_path: Path) -> None:
    pki = ThrowawayPKI("TLS")
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    host = pki.person("host", None, "p256", issuer=pki.root, addresses=names, eku=[ExtendedKeyUsageOID.SERVER_AUTH])
    (tmp_path / "host.pem").write_bytes(host.pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "host.pem")
    pki.write(tmp_path / "pki")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "pki" / "root.pem"))
    with server(says("200 OK", b"secret"), serving) as port:
        assert fetcher(port, context=trusting).fetch(f"https://127.0.0.1:{port}/") == b"secret"
        with pytest.raises(FetchError):
            fetcher(port).fetch(f"https://127.0.0.1:{port}/")


def test_fetchers_travel() -> None:
    with server(says("200 OK", b"x")) as port:
        assert pickle.loads(pickle.dumps(fetcher(port))).fetch(f"http://127.0.0.1:{port}/") == b"x"
    with pytest.raises(FetchError) as caught:
        HTTPFetcher().fetch("file:///x")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_time_is_up_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that does not answer holds nobody up, and not more than a few threads."""
    go_on = threading.Event()
    asked: list[str] = []

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        go_on.wait(30)
        raise socket.gaierror("nothing")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(fetch, "_resolving", threading.BoundedSemaphore(2))
    monkeypatch.setattr(socket.socket, "connect", None)
    try:
        for number in range(2):
            assert "takes too long" in refused(f"http://slow{number}.example/crl", timeout=0.05)
        assert "too many names" in refused("http://slow2.example/crl", timeout=0.05)
        assert asked == ["slow0.example", "slow1.example"]
    finally:
        go_on.set()
    # the threads that nobody waited for give their places back
    assert "nothing" in refused("http://later.example/crl", timeout=20)
    assert asked[-1] == "later.example"
