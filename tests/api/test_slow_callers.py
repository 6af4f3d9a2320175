"""Callers who begin and do not go on: none of them keeps a connection, whatever door they knock at."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from alive402.api import bodies
from alive402.catalog import LIVENESS
from tests.api.conftest import Service

pytestmark = pytest.mark.anyio
# The service lets go long before; who waits for longer has found a door that never does.
PATIENCE = 10.0
DOORS = [LIVENESS.paths[0], "/api/payments", "/devchain/rpc", "/devchain/faucet", "/ops/sign-in"]


async def said_to(service: Service, sent: bytes) -> bytes:
    """What is answered to `sent` until the service hangs up."""
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
async def test_a_body_that_does_not_come_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    monkeypatch.setattr(bodies, "SMALL_BODY_SECONDS", 0.2)
    head = f"POST {door} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
    answer = await said_to(service, head.encode() + b"Content-Length: 50\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in answer
