"""Tests of HTTP connections: stalled clients are disconnected, on any route."""

from __future__ import annotations

import asyncio
import json
import socket
from urllib.parse import urlsplit

import pytest

from alive402.catalog import LIVENESS
from alive402.http import connections
from alive402.http.core import bodies
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
# The service lets go long before; who waits for longer has found a door that never does.
PATIENCE = 10.0
DOORS = [LIVENESS.paths[0], "/api/payments", "/devchain/rpc", "/devchain/faucet", "/ops/sign-in"]


async def said_to(service: Service, sent: bytes) -> bytes:
    """Send bytes; returns the answer until the service disconnects."""
    address = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("door", DOORS)
async def test_missing_body_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    monkeypatch.setattr(bodies, "SMALL_BODY_SECONDS", 0.2)
    head = f"POST {door} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
    answer = await said_to(service, head.encode() + b"Content-Length: 50\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET",
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    ],
)
async def test_stalled_sender_is_disconnected(service: Service, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2 - service.parts.settings.upload_receive_seconds)
    answer = await said_to(service, sent)
    assert answer.startswith(b"HTTP/1.1 200 ") or not answer


@pytest.mark.parametrize("ends", [b"", b"Connection: close\r\n"])
async def test_stalled_reader_is_disconnected(service: Service, monkeypatch: pytest.MonkeyPatch, ends: bytes) -> None:
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.2)
    address = urlsplit(service.url)
    loop = asyncio.get_running_loop()
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        caller.setblocking(False)
        await loop.sock_connect(caller, (address.hostname, address.port))
        request = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n"
        await loop.sock_sendall(caller, (request + b"\r\n") * 40 + request + ends + b"\r\n")

        async def ask_on() -> None:
            while True:
                await loop.sock_sendall(caller, request + b"\r\n")

        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await asyncio.wait_for(ask_on(), PATIENCE)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\na: " + b"x" * 33_000,
        b"POST /api/uploads HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
        b"POST /api/uploads HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /api/payments HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n",
    ],
)
async def test_malformed_http_gets_a_json_400(service: Service, sent: bytes) -> None:
    head, _, body = (await said_to(service, sent)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    told = json.loads(body)
    assert (told["code"], told["charged"]) == ("bad_request", False)
    assert len(told["requestId"]) == 32


@pytest.mark.parametrize("target", ["/api/catalog/search?q=人脸", "/人脸", "/api/jobs/a b", "/é?q= "])
async def test_url_that_is_not_percent_encoded_is_told_so(service: Service, target: str) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    raw = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    for sent in (raw, head + raw):
        answer = await said_to(service, sent)
        told = json.loads(answer.rpartition(b"\r\n\r\n")[2])
        assert (told["code"], told["charged"]) == ("bad_request", False)
        assert "Percent-encode it" in told["message"]


async def test_malformed_http_after_a_head_request_gets_a_json_400(service: Service) -> None:
    head = b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    _, _, refused = (await said_to(service, head + b"GET /\r\n\r\n")).partition(b"HTTP/1.1 400 ")
    assert json.loads(refused.partition(b"\r\n\r\n")[2])["code"] == "bad_request"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "transfer-encoding: CHUNKED\r\nX: y\r\nCONTENT-LENGTH: 5\r\n",
    ],
)
async def test_two_lengths_are_refused_and_the_connection_is_closed(
    service: Service, method: str, lengths: str
) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    both = f"{method} /api/payments HTTP/1.1\r\nHost: a\r\n{lengths}\r\n".encode()
    smuggled = b"0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"
    healthy, _, rest = (await said_to(service, first + both + smuggled)).partition(b"HTTP/1.1 400 ")
    assert healthy.startswith(b"HTTP/1.1 200 ")
    head, _, body = rest.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    told = json.loads(body)  # and nothing follows
    assert (told["code"], told["charged"]) == ("bad_request", False)
    assert "both Content-Length and Transfer-Encoding" in told["message"]


@pytest.mark.parametrize("rest", ["Content-Length: 5\r\n\r\n", "\r\nzz\r\n"])
async def test_malformed_head_request_gets_a_400_without_a_body(service: Service, rest: str) -> None:
    sent = f"HEAD /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{rest}"
    head, _, body = (await said_to(service, sent.encode())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b""
