"""Tests of the HTTP transport of MCP: sessions by address, their end, the old transport, foreign origins."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from alive402.http.routes import mcp_transport
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
INITIALIZE = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": CLIENT}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.fixture(scope="module")
def crowded(start: Start) -> Service:
    """A service whose sessions this file alone opens."""
    return start()


@pytest.fixture(scope="module")
def public(start: Start) -> Service:
    """A service behind a proxy, at a public URL."""
    return start(public_url="https://liveness.example/")


@pytest.fixture(scope="module")
def proxied(start: Start) -> Service:
    """A service behind a trusted proxy, at whatever host that names."""
    return start(trusted_proxies=("127.0.0.1",))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


def coming_from(address: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits(max_connections=16))
    return httpx.AsyncClient(transport=transport, timeout=60)


async def opened(http: httpx.AsyncClient, service: Service, **more: str) -> httpx.Response:
    return await http.post(f"{service.url}/mcp", json=INITIALIZE, headers={**HEADERS, **more})


async def pinged(http: httpx.AsyncClient, service: Service, session: str, **more: str) -> int:
    headers = {**HEADERS, "Mcp-Session-Id": session, **more}
    return (await http.post(f"{service.url}/mcp", json=PING, headers=headers)).status_code


async def test_one_address_cannot_take_all_sessions(crowded: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_transport, "REPLACEABLE_SECONDS", 300.0)
    monkeypatch.setattr(mcp_transport, "MAX_SESSIONS", 150)
    async with coming_from("127.0.0.2") as greedy, coming_from("127.0.0.3") as other:
        answers = await asyncio.gather(*[opened(greedy, crowded) for _ in range(160)])
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {200: mcp_transport.SESSIONS_PER_ADDRESS, 503: 160 - mcp_transport.SESSIONS_PER_ADDRESS}
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert 1 <= int(refused.headers["Retry-After"]) <= mcp_transport.REPLACEABLE_SECONDS
        assert "sessions" in refused.json()["error"]["message"]
        let_in = await opened(other, crowded)
        assert let_in.status_code == 200
        assert await pinged(other, crowded, let_in.headers["Mcp-Session-Id"]) == 200


async def test_oldest_idle_session_makes_room(crowded: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_transport, "REPLACEABLE_SECONDS", 0.0)
    async with coming_from("127.0.0.4") as http:
        held = [(await opened(http, crowded)).headers["Mcp-Session-Id"] for _ in range(100)]
        assert await pinged(http, crowded, held[0]) == 200
        assert (await opened(http, crowded)).status_code == 200
        found = [await pinged(http, crowded, session) for session in held[:3]]
    assert found == [200, 404, 200]


async def test_ended_session_leaves_its_place(crowded: Service) -> None:
    async with coming_from("127.0.0.5") as http:
        for _ in range(mcp_transport.SESSIONS_PER_ADDRESS + 1):
            session = (await opened(http, crowded)).headers["Mcp-Session-Id"]
            ended = await http.delete(f"{crowded.url}/mcp", headers={**HEADERS, "Mcp-Session-Id": session})
            assert ended.status_code == 200
        assert await pinged(http, crowded, session) == 404


async def test_refused_opening_takes_no_place(crowded: Service) -> None:
    async with coming_from("127.0.0.6") as http:
        for _ in range(mcp_transport.SESSIONS_PER_ADDRESS + 1):
            assert (await http.post(f"{crowded.url}/mcp", json=PING, headers=HEADERS)).status_code == 400


async def test_post_to_a_session_that_is_closed_meanwhile(
    crowded: Service, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    found: Counter[int] = Counter()
    for _ in range(20):
        session = (await opened(http, crowded)).headers["Mcp-Session-Id"]
        headers = {**HEADERS, "Mcp-Session-Id": session}

        async def post(body: dict[str, Any], headers: dict[str, str] = headers) -> None:
            answer = await http.post(f"{crowded.url}/mcp", json=body, headers=headers)
            assert answer.status_code != 200 or answer.text, "a request without an answer"
            found[answer.status_code] += 1

        notice = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        calls = [post(body) for number in range(6) for body in ({**PING, "id": number}, notice)]
        end = http.delete(f"{crowded.url}/mcp", headers=headers)
        await asyncio.gather(*calls[:6], end, *calls[6:])
    assert set(found) <= {200, 202, 404}
    assert found[404]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(("path", "status"), [("/mcp", 405), ("/sse", 404), ("/mcp/sse", 404)])
async def test_old_transport_is_told_where_to_go(
    service: Service, http: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await http.get(service.url + path, headers={"Accept": "text/event-stream"})
    assert answer.status_code == status
    assert f"POST {service.url}/mcp" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("https://liveness.example", 200),
        ("https://LIVENESS.example:443", 200),
        ("http://liveness.example", 403),
        ("https://evil.example", 403),
        ("https://liveness.example.evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_foreign_origin_is_refused_behind_a_proxy(
    public: Service, http: httpx.AsyncClient, origin: str | None, status: int
) -> None:
    # The names that a page could make a browser send: none of them makes its origin ours.
    rebound = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = await opened(http, public, **rebound, **({"Origin": origin} if origin is not None else {}))
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ({"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "liveness.example"}, 200),
        ({"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "another.example"}, 403),
        ({"X-Forwarded-For": "192.0.2.7", "Host": "liveness.example"}, 200),
        ({"X-Forwarded-Host": "liveness.example"}, 403),
    ],
)
async def test_origin_by_the_host_that_a_trusted_proxy_names(
    proxied: Service, http: httpx.AsyncClient, forwarded: dict[str, str], status: int
) -> None:
    answer = await opened(http, proxied, Origin="https://liveness.example", **forwarded)
    assert answer.status_code == status
