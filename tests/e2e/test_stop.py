"""Tests of stopping `alive402 serve` during a call: it is answered or not charged, and leaves no file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from alive402.demo import Buyer, Clips
from alive402.intake import sweep_media_folders
from alive402.intake.folders import marked
from tests.http.routes.test_mcp_cancel import holding_host
from tests.waiting import until

pytestmark = pytest.mark.anyio
GREETING = "alive402 is at "


@dataclass
class Serving:
    """A running service and its folders."""

    child: asyncio.subprocess.Process
    url: str
    media: Path
    ledger: Path

    def children(self) -> list[int]:
        found = []
        for children in Path(f"/proc/{self.child.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(pid) for pid in children.read_text().split()]
        return found

    def states(self) -> list[str]:
        with sqlite3.connect(self.ledger) as ledger:
            return [state for (state,) in ledger.execute("SELECT state FROM payments")]

    async def ended(self) -> None:
        """Wait until the service has ended, and check that it left nothing."""
        async with asyncio.timeout(60):
            await self.child.wait()
        assert list(self.media.glob("alive402-*")) == []


@asynccontextmanager
async def serving(folder: Path, stop_seconds: str) -> AsyncIterator[Serving]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALIVE402_")}
    media, ledger = folder / "media", folder / "ledger.db"
    settings = {
        "ALIVE402_PORT": "0",
        "ALIVE402_ALLOW_PRIVATE_HOSTS": "true",
        "ALIVE402_MEDIA_DIRECTORY": str(media),
        "ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{ledger}",
        "ALIVE402_ANALYSES_AT_ONCE": "1",
        "ALIVE402_STOP_SECONDS": stop_seconds,
    }
    if "ALIVE402_CACHE" in os.environ:
        settings["ALIVE402_CACHE"] = os.environ["ALIVE402_CACHE"]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from alive402.cli.main import main; main()",
        "serve",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**kept, **settings},
    )
    assert child.stdout is not None
    try:
        line = ""
        while not line.startswith(GREETING):
            line = (await child.stdout.readline()).decode()
            assert line, "it did not start"
        yield Serving(child, line.removeprefix(GREETING).strip(), media, ledger)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@asynccontextmanager
async def lingering_host(content: bytes) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A host that keeps the last byte of a video back: yields its URL, and the event after which the byte comes."""
    go_on = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content[:-1])
        await writer.drain()
        await go_on.wait()
        writer.write(content[-1:])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/video.mp4", go_on


async def test_stop_finishes_running_calls_and_refuses_new_ones(tmp_path: Path, clips: Clips) -> None:
    content = await asyncio.to_thread(clips.bona_fide.read_bytes)
    async with (
        serving(tmp_path, "60") as service,
        Buyer(service.url) as buyer,
        Buyer(service.url) as late,
        lingering_host(content) as (video, go_on),
    ):
        await buyer.fund()
        call = asyncio.create_task(buyer.pay(video))
        # At its start the service judges a clip of its own.
        while service.states() != ["reserved"] or not list(service.media.glob("alive402-call-*/video")):
            await asyncio.wait({call}, timeout=0.01)
            assert not call.done(), "answered before anything could be stopped"
        children = service.children()
        assert children
        service.child.send_signal(signal.SIGTERM)
        async with httpx.AsyncClient() as http, asyncio.timeout(30):
            ready = await until(lambda: http.get(f"{service.url}/readyz"), lambda told: told.status_code != 200)
            assert ready.json()["checks"]["queue"] is False
            await late.fund()
            turned_away = await late.pay(video)
        assert (turned_away.status_code, turned_away.json()["code"]) == (503, "busy")
        assert turned_away.headers["Retry-After"]
        assert turned_away.json()["charged"] is False
        go_on.set()
        answer = await call
        assert answer.status_code == 200, answer.text
        assert answer.headers["PAYMENT-RESPONSE"]
        await service.ended()
        assert [pid for pid in children if runs(pid)] == []
        assert service.states() == ["consumed"]


async def test_stop_releases_payments_of_slow_calls(tmp_path: Path) -> None:
    async with serving(tmp_path, "2") as service, Buyer(service.url) as buyer, holding_host() as host:
        await buyer.fund()
        call = asyncio.create_task(buyer.pay(host.url))
        await host.took(1)
        service.child.send_signal(signal.SIGTERM)
        cut = await call
        assert (cut.status_code, cut.json()["code"], cut.json()["charged"]) == (503, "busy", False)
        assert cut.headers["Retry-After"]
        await service.ended()
        assert service.states() == ["released"]


def test_start_sweeps_left_over_folders(tmp_path: Path) -> None:
    for name in ("alive402-call-abcdefg1", "alive402-call-abcdefg2", "alive402-worker-abcdefg3", "alive402-uploads-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "video").write_bytes(b"x")
        os.utime(tmp_path / name, (1_000_000, 1_000_000))
    (tmp_path / "alive402-call-abcdefg4").mkdir()
    (tmp_path / "alive402-call-abcdefg5").symlink_to(tmp_path / "alive402-uploads-1")
    mark = marked(str(tmp_path / "alive402-call-abcdefg2"))
    try:
        assert sweep_media_folders(tmp_path, 2_000_000) == 2
    finally:
        os.close(mark)
    left = {each.name for each in tmp_path.iterdir()}
    assert left == {f"alive402-call-abcdefg{number}" for number in (2, 4, 5)} | {"alive402-uploads-1"}
    assert sweep_media_folders(tmp_path, 2_000_000) == 1
    assert sweep_media_folders(tmp_path / "none", 2_000_000) == 0
