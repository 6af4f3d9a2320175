"""Tests of health and readiness: each state is reached by its real cause."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import httpx
import pytest
from eth_account import Account

from alive402.demo import TOOL_PATH
from alive402.payments.keys import Scope
from alive402.storage import database
from tests import postgresql
from tests.http.conftest import Service, Start
from tests.http.facilitators import running_facilitator
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def asked(service: Service) -> tuple[int, dict[str, bool], str]:
    """Status, checks and state in the answer of `/readyz`."""
    async with httpx.AsyncClient(timeout=30) as http:
        ready = await http.get(f"{service.url}/readyz")
    return ready.status_code, ready.json()["checks"], ready.json()["status"]


async def test_lost_facilitator_degrades_health(start: Start) -> None:
    with running_facilitator() as facilitator:
        service = start(
            network="base-sepolia",
            pay_to=Account.create().address,
            facilitator_url=facilitator.url,
            rpc_url=f"{facilitator.url}/devchain/rpc",
            health_seconds=0.25,
        )

        async def is_healthy() -> bool:
            return (await asked(service))[2] == "healthy"

        await until(is_healthy)
        facilitator.fault = "chain silent"

        async def is_degraded() -> bool:
            return (await asked(service))[2] == "degraded"

        await until(is_degraded)
        status, checks, _ = await asked(service)
        assert (status, {part for part, works in checks.items() if not works}) == (503, {"payments"})
        key = (await service.parts.registry.ledger_services.keys.create("tests", [Scope.OPS]))[1]
        async with httpx.AsyncClient() as http:
            told = (await http.get(f"{service.url}/api/ops/summary", headers={"X-Api-Key": key})).json()["health"]
            entry = (await http.get(f"{service.url}/api/catalog")).json()["services"][0]
        assert (told["status"], entry["quality"]["healthStatus"]) == ("degraded", "degraded")
        assert told["networks"] == [{"network": "eip155:84532", "facilitator": True, "chain": False}]
        facilitator.fault = ""
        await until(is_healthy)
        assert (await asked(service))[0] == 200


async def test_lost_ledger_is_unhealthy(start: Start) -> None:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        service = start(database_url=server.database(), health_seconds=0.25)
        assert (await asked(service))[0] == 200
        with server.away():
            async with httpx.AsyncClient(timeout=30) as http:
                assert (await http.get(f"{service.url}/healthz")).status_code == 200
                ready = await http.get(f"{service.url}/readyz")
                assert (ready.status_code, ready.json()["checks"]["ledger"]) == (503, False)
                metrics = await http.get(f"{service.url}/metrics")
                assert 'alive402_up{part="ledger"} 0.0' in metrics.text
                # What is not known is not told as it was.
                assert "alive402_payments{" not in metrics.text
                assert re.search(r"^alive402_unresolved_payments\{ledger=\"\w{8}\"\} NaN$", metrics.text, re.MULTILINE)
                page = await http.get(f"{service.url}/api/ops/summary", headers={"X-Api-Key": "ak_x"})
                assert (page.status_code, page.json()["code"]) == (503, "ledger_unavailable")

            async def is_unhealthy() -> bool:
                return (await asked(service))[2] == "unhealthy"

            await until(is_unhealthy)

        async def is_healthy() -> bool:
            return (await asked(service))[2] == "healthy"

        await until(is_healthy)


async def test_ledger_that_cannot_be_written_is_not_ready(start: Start) -> None:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        url = server.database()
        service = start(database_url=url)
        assert (await asked(service))[0] == 200
        name = url.rpartition("/")[2]
        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        status, checks, _ = await asked(service)
        assert (status, {part for part, works in checks.items() if not works}) == (503, {"ledger"})


async def test_ledger_without_room_on_its_disk_is_not_ready(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    service = start()
    assert (await asked(service))[0] == 200
    monkeypatch.setattr(database, "LEAST_FREE_BYTES", 10**18)
    status, checks, _ = await asked(service)
    assert (status, {part for part, works in checks.items() if not works}) == (503, {"ledger"})


async def test_media_directory_that_cannot_be_written_is_not_ready(start: Start, tmp_path: Path) -> None:
    media = tmp_path / "media"
    service = start(media_directory=media)
    assert (await asked(service))[0] == 200
    media.rename(tmp_path / "gone")
    media.touch()
    status, checks, _ = await asked(service)
    assert (status, {part for part, works in checks.items() if not works}) == (503, {"disk"})
    media.unlink()
    (tmp_path / "gone").rename(media)


async def test_full_disk_is_not_ready(start: Start) -> None:
    service = start(max_video_bytes=10**15)
    status, checks, _ = await asked(service)
    assert (status, {part for part, works in checks.items() if not works}) == (503, {"disk"})

    async def is_unhealthy() -> bool:
        return (await asked(service))[2] == "unhealthy"

    await until(is_unhealthy)


async def test_full_queue_is_not_ready(start: Start) -> None:
    """Eight fetches wait for a silent host and eight more calls wait in the queue."""
    service = start(analyses_at_once=1, queue=15, fetch_seconds=20)
    key = (await service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL]))[1]
    async with httpx.AsyncClient(timeout=60) as http:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
            body = {"VideoUrl": f"http://127.0.0.1:{silent.getsockname()[1]}/v.mp4"}
            calls = [
                asyncio.create_task(http.post(service.url + TOOL_PATH, json=body, headers={"X-Api-Key": key}))
                for _ in range(16)
            ]

            async def is_full() -> bool:
                return not (await asked(service))[1]["queue"]

            await until(is_full)
            assert (await asked(service))[0] == 503
            metrics = (await http.get(f"{service.url}/metrics")).text
            assert 'alive402_queue_places{status="in_use",work="call"} 16.0' in metrics
            assert 'alive402_queue_places{status="in_use",work="fetch"} 8.0' in metrics
            assert 'alive402_queue_places{status="waiting",work="fetch"} 8.0' in metrics
            held = []
            silent.settimeout(20)
            for _ in range(8):
                held.append(silent.accept()[0])
            for connection in held:
                connection.close()
        # Now nobody listens there any more.
        codes = {(await call).json()["code"] for call in calls}
    assert codes == {"upstream_unreachable"}
    assert (await asked(service))[0] == 200
