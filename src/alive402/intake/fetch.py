"""Fetches a caller's URL into a file, from public addresses only, within limits of bytes and time."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpcore
import httpx

from alive402.intake.addresses import is_link_local, is_public
from alive402.intake.errors import (
    FetchTimeout,
    ForbiddenAddress,
    HostNotFound,
    InvalidUrl,
    TooManyHops,
    Unreachable,
    UpstreamStatus,
)
from alive402.intake.folders import reporting_full_disk
from alive402.liveness import VideoTooLarge

MAX_URL = 2048
_REDIRECTS = (301, 302, 303, 307, 308)
_NOT_ASCII = (
    "The host of VideoUrl did not answer with the video. `details.upstream_status` is its HTTP status. The URL has raw "
    "characters beyond ASCII, which were sent as UTF-8: send them percent-encoded as the host expects them."
)
_BLANK = (
    "VideoUrl has a space, a line break or an invisible character. Percent-encode it: a space is %20, and characters "
    "beyond ASCII are their bytes in UTF-8, each as %XX."
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "alive402 (video liveness detection; fetches each video once)",
    "Accept": "video/*, application/octet-stream;q=0.9, */*;q=0.1",
    # A compressed body could unpack to any size behind the byte cap.
    "Accept-Encoding": "identity",
}
# Name resolution has its own threads, so that servers that never answer do not block the default executor.
_RESOLVERS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolve")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of one fetch.

    Attributes:
        max_bytes: bytes of the body; a larger one is refused while it streams, whatever Content-Length says.
        seconds: wall time of the whole fetch, redirects included.
        least_rate: least bytes a second, measured once `patience` seconds have passed.
        ports: the ports that may be dialled.
        allow_private: also fetch from the operator's own network, at any port.
    """

    max_bytes: int = 30_000_000
    seconds: float = 30.0
    least_rate: float = 8_192.0
    patience: float = 5.0
    max_redirects: int = 5
    ports: frozenset[int] = frozenset({80, 443, 8000, 8080, 8443})
    allow_private: bool = False


async def fetch_file(url: str, target: Path, limits: FetchLimits) -> int:
    """Fetch `url` into the file `target`; returns the number of bytes.

    Each hop is resolved once, every address of its name must be public, and the checked address itself is dialled.

    Raises:
        InvalidUrl, ForbiddenAddress, HostNotFound: the URL may not be fetched.
        Unreachable, UpstreamStatus, TooManyHops, FetchTimeout: its host did not deliver the file.
        VideoTooLarge: more than `limits.max_bytes`.
        MediaFull: there is no room for `target`.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            for _hop in range(limits.max_redirects + 1):
                following = await _hop_to(url, target, limits)
                if isinstance(following, int):
                    return following
                url = following
            raise TooManyHops(max_redirects=limits.max_redirects)
    except (TimeoutError, httpcore.TimeoutException):
        raise FetchTimeout(seconds=limits.seconds) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        # The cause may name an address, which the caller must not see.
        raise Unreachable from None


async def _hop_to(url: str, target: Path, limits: FetchLimits) -> int | str:
    """Send one request; returns the bytes written, or the URL of the redirect."""
    parsed = check_url(url, limits)
    port = port_of(parsed)
    backend = CheckedAddresses(await resolve(parsed.host, port, limits))
    async with (
        connections(parsed, backend) as pool,
        pool.stream("GET", wire_url(parsed), headers=_HEADERS, extensions={"timeout": timeouts(limits)}) as response,
    ):
        headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in _REDIRECTS and b"location" in headers:
            return _following(url, headers[b"location"])
        if response.status != 200:
            raise UpstreamStatus(None if url.isascii() else _NOT_ASCII, upstream_status=response.status)
        length = headers.get(b"content-length", "")
        if length.isdigit() and int(length) > limits.max_bytes:
            raise VideoTooLarge(max_bytes=limits.max_bytes)
        return await _save(response, target, limits)


def connections(parsed: httpx.URL, backend: CheckedAddresses) -> httpcore.AsyncConnectionPool:
    """Connections to one host, by the addresses that were checked."""
    context = _authorities() if parsed.scheme == "https" else None
    return httpcore.AsyncConnectionPool(ssl_context=context, network_backend=backend, retries=0, http2=False)


@cache
def _authorities() -> ssl.SSLContext:
    """The authorities that are trusted. To read them takes 25 ms, which each https URL would cost otherwise."""
    return httpcore.default_ssl_context()


def _following(url: str, location: str) -> str:
    try:
        # Hosts send raw UTF-8, although HTTP defines ASCII only.
        return urljoin(url, location.encode("latin-1").decode())
    except ValueError:
        raise InvalidUrl("VideoUrl redirects to an invalid URL.") from None


async def _save(response: httpcore.Response, target: Path, limits: FetchLimits) -> int:
    written, began = 0, time.monotonic()
    with reporting_full_disk(), target.open("wb") as file:
        async for chunk in response.aiter_stream():
            written += len(chunk)
            if written > limits.max_bytes:
                raise VideoTooLarge(max_bytes=limits.max_bytes)
            elapsed = time.monotonic() - began
            if elapsed > limits.patience and written < limits.least_rate * elapsed:
                raise FetchTimeout(least_bytes_per_second=limits.least_rate)
            file.write(chunk)
    return written


def check_url(url: str, limits: FetchLimits) -> httpx.URL:
    """Parse a URL and check its form; the host name is not resolved.

    Raises:
        InvalidUrl: scheme, host, port, credentials or length are not acceptable.
    """
    if len(url) > MAX_URL:
        raise InvalidUrl
    if any(character.isspace() or not character.isprintable() for character in url):
        raise InvalidUrl(_BLANK)
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host
        port = parsed.port
    except (httpx.InvalidURL, ValueError, TypeError):
        raise InvalidUrl from None
    if parsed.scheme not in _DEFAULT_PORTS or not host or parsed.userinfo or port == 0:
        raise InvalidUrl
    if not limits.allow_private and (port or _DEFAULT_PORTS[parsed.scheme]) not in limits.ports:
        raise InvalidUrl("VideoUrl names a port that is not fetched from.", ports=sorted(limits.ports))
    return parsed


def port_of(parsed: httpx.URL) -> int:
    """The port to dial."""
    return parsed.port or _DEFAULT_PORTS[parsed.scheme]


def wire_url(parsed: httpx.URL) -> httpcore.URL:
    """The URL for the HTTP client."""
    return httpcore.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path or b"/"
    )


def timeouts(limits: FetchLimits) -> dict[str, float]:
    """The time limits of each step of a request, as httpcore expects them."""
    return {"connect": min(10.0, limits.seconds), "read": min(10.0, limits.seconds), "write": 10.0, "pool": 10.0}


async def resolve(host: str, port: int, limits: FetchLimits) -> list[str]:
    """Resolve `host` and check that every one of its addresses is allowed.

    Raises:
        HostNotFound, ForbiddenAddress, InvalidUrl: no address, a forbidden one, or not a host name.
    """
    try:
        # Use the encoded form, so that the resolver and the Host header see the same name.
        name = httpx.URL(scheme="http", host=host).raw_host.decode("ascii")
        lookup = partial(socket.getaddrinfo, name, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, lookup)
    except (socket.gaierror, OSError):
        raise HostNotFound from None
    except (UnicodeError, httpx.InvalidURL):
        raise InvalidUrl from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise HostNotFound
    for address in addresses:
        if not is_public(address) and (not limits.allow_private or is_link_local(address)):
            raise ForbiddenAddress
    return addresses


class CheckedAddresses(httpcore.AsyncNetworkBackend):
    """Network backend that dials the checked addresses, whatever the host name; TLS still checks the name."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the interface is httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        last: Exception = httpcore.ConnectError()
        for address in self._addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
