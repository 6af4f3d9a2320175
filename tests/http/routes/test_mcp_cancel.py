"""Tests of cancelling a call over MCP: the work stops and the payment is released."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alive402.demo import Buyer
from tests.http.conftest import Service, Start
from tests.http.prepaying import balance, paid, shown
from tests.http.routes.test_mcp import ERAS, TOOL, connected, signed
from tests.waiting import until

pytestmark = pytest.mark.anyio


@dataclass
class HoldingHost:
    """A host that accepts requests and never answers; it notes when callers connect and disconnect."""

    url: str = ""
    come: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    held: list[asyncio.StreamWriter] = field(default_factory=list)

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.held.append(writer)
        self.come.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self.gone.set()
        writer.close()

    async def took(self, calls: int) -> None:
        """Wait for that many connections."""
        while len(self.held) < calls:
            self.come.clear()
            await self.come.wait()

    def hang_up(self) -> None:
        """Close all connections."""
        for writer in self.held:
            writer.close()


@asynccontextmanager
async def holding_host() -> AsyncIterator[HoldingHost]:
    host = HoldingHost()
    server = await asyncio.start_server(host.hold, "127.0.0.1", 0)
    async with server:
        host.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/video.mp4"
        yield host


def judging_children() -> list[str]:
    """The worker processes of this process."""
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [pid for pid in children.read_text().split() if b"sandbox.worker" in _command(pid)]
    return found


def _command(pid: str) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


async def released(service: Service) -> None:
    """Wait until the newest payment is released."""
    await until(lambda: asyncio.to_thread(service.histories), lambda found: found[-1][-1] == "released")


@pytest.mark.parametrize("era", ERAS)
async def test_cancel_during_fetch_releases_the_payment(service: Service, videos: str, era: str) -> None:
    async with Buyer(service.url) as buyer, connected(service, era) as client, holding_host() as host:
        await buyer.fund()
        before = await balance(buyer, service)
        payment: Any = await signed(buyer, await client.call_tool(TOOL))
        call = asyncio.create_task(client.call_tool(TOOL, {"VideoUrl": host.url}, meta=payment))
        await host.come.wait()
        call.cancel()
        await host.gone.wait()
        await released(service)
        assert await balance(buyer, service) == before
        bought = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"}, meta=payment)
        assert not bought.is_error, bought.structured_content
        assert before - await balance(buyer, service) == 200_000


@pytest.fixture(scope="module")
def judging(start: Start) -> Service:
    """A service that judges each file, in workers of its own."""
    return start(judged_anew=True)


@pytest.mark.parametrize("era", ERAS)
async def test_cancel_during_analysis_releases_the_payment(judging: Service, videos: str, era: str) -> None:
    looking = asyncio.Event()

    async def hear(_share: float, _total: float | None, message: str | None) -> None:
        if message == "Looking at the frames":
            looking.set()

    async with Buyer(judging.url) as buyer, connected(judging, era) as client:
        await buyer.fund()
        arguments = {"VideoUrl": f"{videos}/face.mp4"}
        first: Any = await signed(buyer, await client.call_tool(TOOL))
        assert not (await client.call_tool(TOOL, arguments, meta=first)).is_error
        warm, before = judging_children(), await balance(buyer, judging)
        payment: Any = await signed(buyer, await client.call_tool(TOOL))
        call = asyncio.create_task(client.call_tool(TOOL, arguments, meta=payment, progress_callback=hear))
        await looking.wait()
        call.cancel()
        await released(judging)
        # The process that was at it is gone; those that wait for work are not.
        assert len(set(warm) - set(judging_children())) == 1
        assert await balance(buyer, judging) == before
        assert not (await client.call_tool(TOOL, arguments, meta=payment)).is_error
        assert before - await balance(buyer, judging) == 200_000


async def test_disconnect_returns_the_call_to_its_token(service: Service, videos: str) -> None:
    """In the revision without sessions, a broken connection is how a call is cancelled."""
    async with Buyer(service.url) as buyer, holding_host() as host:
        bought = await paid(buyer, 1)
        async with connected(service, "2026-07-28") as client:
            arguments = {"VideoUrl": host.url, "paymentToken": bought["token"]}
            call = asyncio.create_task(client.call_tool(TOOL, arguments))
            await host.come.wait()
            assert (await shown(service, bought["paymentId"]))["remainingCalls"] == 0
            call.cancel()
        await host.gone.wait()
        await until(lambda: shown(service, bought["paymentId"]), lambda found: found["remainingCalls"])
        answer = await buyer.spend(f"{videos}/face.mp4", bought["token"])
    assert answer.status_code == 200
