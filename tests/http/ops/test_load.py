"""Tests of the load in `/metrics`: busy places and waiting calls over time, and the jobs of the ledger."""

from __future__ import annotations

import socket
from time import monotonic

import httpx
import pytest

from alive402.demo import TOOL_PATH
from alive402.http.ops.metrics import ledger_label
from alive402.payments.keys import Scope
from tests.http.conftest import Service, Start
from tests.http.ops.samples import Samples, samples
from tests.waiting import until

pytestmark = pytest.mark.anyio
PLACES, MORE = 8, 3


def jobs(found: Samples, service: Service) -> dict[str, float]:
    """The unfinished jobs of the service's ledger, by state."""
    ledger = ("ledger", ledger_label(service.parts.settings.database_url))
    return {state: found["alive402_jobs", frozenset({ledger, ("state", state)})] for state in ("queued", "working")}


def load(found: Samples, what: str) -> float:
    return found[f"alive402_{what}_seconds_total", frozenset({("work", "fetch")})]


async def test_load_counts_places_calls_and_jobs_over_time(start: Start) -> None:
    """Eight jobs fetch from a silent host, and three wait for a place."""
    service = start(analyses_at_once=1, fetch_seconds=60)
    key = (await service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL]))[1]
    headers = {"X-Api-Key": key, "Prefer": "respond-async"}
    assert jobs(await samples(service), service) == {"queued": 0, "working": 0}
    async with httpx.AsyncClient(timeout=60) as http:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
            body = {"VideoUrl": f"http://127.0.0.1:{silent.getsockname()[1]}/v.mp4"}
            for _ in range(PLACES + MORE):
                assert (await http.post(service.url + TOOL_PATH, json=body, headers=headers)).status_code == 202

            async def are_all_here() -> bool:
                return jobs(await samples(service), service) == {"queued": MORE, "working": PLACES}

            await until(are_all_here)
            earliest = monotonic()
            first = await samples(service)
            latest = monotonic()
            await are_all_here()
            between = monotonic() - latest
            second = await samples(service)
            longest = monotonic() - earliest
            for what, calls in (("busy", PLACES), ("waiting", MORE)):
                spent = load(second, what) - load(first, what)
                assert calls * between <= spent <= calls * longest, what
        # Now nobody listens there any more.

        async def have_ended() -> bool:
            return jobs(await samples(service), service) == {"queued": 0, "working": 0}

        await until(have_ended)
    before = await samples(service)
    after = await samples(service)
    assert [load(after, what) - load(before, what) for what in ("busy", "waiting")] == [0.0, 0.0]
