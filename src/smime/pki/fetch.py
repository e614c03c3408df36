"""Fetching by HTTP what certificates point to, within bounds that hold against whoever wrote the certificate (row SF of the attack table).

Nothing in this package fetches anything unless a `TrustStore` was given a fetcher. URLs come from certificates, so from anybody: a fetch
tells somebody that a message was looked at, and may reach what only this machine can reach. `HTTPFetcher` therefore speaks http and https
alone, to certain ports, and to addresses of the public Internet only. The address is checked after the name was resolved and is the one
connected to, so that a name cannot change its mind in between; the same goes for each redirect. Time and size of the whole are capped,
however slowly names are resolved and octets come. No proxy, cookie, password or environment variable is used, and nothing is believed for
having been fetched: lists and responses are signed, and certificates prove themselves.
"""

from __future__ import annotations

import io
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterable
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

from smime.errors import SMIMEError

if TYPE_CHECKING:
    import ssl

__all__ = ["FetchError", "Fetcher", "HTTPFetcher"]

_SCHEMES = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADER = 1 << 16
_URL = 2048
_CHUNK = 1 << 16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(SMIMEError):
    """Nothing was fetched.

    Attributes:
        url: what was asked for.
        reason: why not.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.url[:200]}: {self.reason}"


class Fetcher(Protocol):
    """Gets what a URL stands for. Implementations are shared between threads; they decide which URLs they are willing to ask."""

    def fetch(self, url: str) -> bytes:
        """Return the octets.

        Raises:
            FetchError: there are none, or they may not be asked for.
        """


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet, looked at through every form in which one address is written inside another."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class HTTPFetcher:
    """Fetches by HTTP from the public Internet.

    Args:
        hosts: names that may be asked, exactly these; None: any.
        ports: that may be connected to.
        networks: addresses that may be connected to although they are not public, such as ``"10.1.2.0/24"``.
        timeout: seconds for one fetch, names looked up, redirects and all.
        size: octets of one answer.
        redirects: that are followed for one fetch.
        context: of TLS; default is the one of the system's roots.
    """

    def __init__(
        self,
        *,
        hosts: Iterable[str] | None = None,
        ports: Iterable[int] = (80, 443),
        networks: Iterable[str] = (),
        timeout: float = 10.0,
        size: int = 16 << 20,
        redirects: int = 3,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = None if hosts is None else frozenset(host.lower().rstrip(".") for host in hosts)
        self._ports = frozenset(ports)
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self._timeout = timeout
        self._size = size
        self._redirects = redirects
        self._context = context

    def fetch(self, url: str) -> bytes:
        """Return the octets that a URL stands for (see `Fetcher`)."""
        end = time.monotonic() + self._timeout
        here = url
        for _ in range(self._redirects + 1):
            try:
                response, body = self._get(here, end)
            except (OSError, HTTPException, ValueError) as error:
                raise FetchError(url, str(error) or type(error).__name__) from None
            if response.status == 200:
                return body
            target = response.headers.get("Location") if response.status in _REDIRECTS else None
            if target is None:
                raise FetchError(url, f"the server answers {response.status}")
            here = urljoin(here, target)
        raise FetchError(url, f"more than {self._redirects} redirects")

    def _get(self, url: str, end: float) -> tuple[HTTPResponse, bytes]:
        parts, host, port = self._target(url)
        connection = self._connect(host, port, end)
        with connection:
            if parts.scheme == "https":
                connection = self._secured(connection, host, end)
            with connection:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                named = f"[{host}]" if ":" in host else host
                where = named if port == _SCHEMES[parts.scheme] else f"{named}:{port}"
                request = f"GET {path} HTTP/1.1\r\nHost: {where}\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
                connection.settimeout(_remaining(end))
                connection.sendall(request.encode("ascii"))
                response = HTTPResponse(_Answer(connection, end, self._size + _HEADER))  # type: ignore[arg-type] # all it needs
                response.begin()
                body = response.read(self._size + 1) if response.status == 200 else b""
                if len(body) > self._size or (response.length and response.status == 200):
                    raise OSError(f"the answer is longer than {self._size} octets, or cut")
                return response, body

    def _target(self, url: str) -> tuple[SplitResult, str, int]:
        """Return a URL in parts, its host and its port, if it may be asked for."""
        if len(url) > _URL or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("not a URL")
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES:
            raise ValueError(f"the scheme {parts.scheme!r} is neither http nor https")
        if not parts.hostname or parts.username is not None or parts.password is not None:
            raise ValueError("not a URL with a host alone")
        host = parts.hostname.rstrip(".")
        port = _SCHEMES[parts.scheme] if parts.port is None else parts.port
        if self._hosts is not None and host not in self._hosts:
            raise ValueError(f"the host {host} may not be asked")
        if port not in self._ports:
            raise ValueError(f"the port {port} may not be asked")
        return parts, host, port

    def _connect(self, host: str, port: int, end: float) -> socket.socket:
        """Connect to the first address of a host that answers, if all of them may be connected to."""
        found = _resolved(host, port, end)
        for *_, name in found:
            address = ipaddress.ip_address(str(name[0]).partition("%")[0])
            if not (is_public(address) or any(address in network for network in self._networks)):
                raise OSError(f"{host} is {address}, which is not on the public Internet")
        last: OSError = OSError(f"{host} has no address")
        for family, kind, protocol, _, name in found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(_remaining(end))
                connection.connect(name)
            except OSError as error:
                connection.close()
                last = error
            else:
                return connection
        raise last

    def _secured(self, connection: socket.socket, host: str, end: float) -> ssl.SSLSocket:
        import ssl  # noqa: PLC0415 - rarely needed

        context = self._context or ssl.create_default_context()
        connection.settimeout(_remaining(end))
        return context.wrap_socket(connection, server_hostname=host)


_resolving = threading.BoundedSemaphore(16)  # names looked up at the same time, those included that nobody waits for any more


def _resolved(host: str, port: int, end: float) -> list[Any]:
    """Return what `socket.getaddrinfo` does, until a moment.

    The system's resolver cannot be interrupted, so it runs in a thread that is left to itself when time is up.

    Raises:
        OSError: the name has no address, it takes too long, or too many look-ups are still under way.
    """
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
    places = _resolving

    def resolve() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
            answer.put(error)
        finally:
            places.release()

    if not places.acquire(timeout=_remaining(end)):
        raise TimeoutError("too many names are being looked up")
    try:
        threading.Thread(target=resolve, name=f"look up {host[:64]}", daemon=True).start()
    except RuntimeError:
        places.release()
        raise OSError("no thread can be started to look up a name") from None
    try:
        found = answer.get(timeout=_remaining(end))
    except queue.Empty:
        raise TimeoutError(f"looking up {host} takes too long") from None
    if isinstance(found, Exception):
        raise found
    return list(found)


def _remaining(end: float) -> float:
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("it takes too long")
    return seconds


class _Answer(io.RawIOBase):
    """What comes from a socket until a moment, and no more octets than allowed. It looks like a socket as far as `HTTPResponse` looks."""

    def __init__(self, connection: socket.socket, end: float, most: int) -> None:
        self._connection = connection
        self._end = end
        self._most = most

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - as that of a socket
        return io.BufferedReader(self, _CHUNK)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_remaining(self._end))
        count = self._connection.recv_into(buffer)
        self._most -= count
        if self._most < 0:
            raise OSError("the answer is too long")
        return count
