"""Tests of jobs: paid like any call, with progress events, cancellation, and recovery of orphans."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alive402.calls.jobs import JobLimits
from alive402.demo import TOOL_PATH, Buyer
from alive402.http.app import create_app
from alive402.http.wiring import assemble
from alive402.payments.keys import Scope
from alive402.settings import Settings
from tests.http.conftest import Service, Start
from tests.http.prepaying import paid
from tests.http.routes.test_tools import BOUGHT

pytestmark = pytest.mark.anyio
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """The URL of a video whose host accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as host:
        yield f"http://127.0.0.1:{host.getsockname()[1]}/video.mp4"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client


@pytest.fixture
async def key(service: Service) -> dict[str, str]:
    return await key_of(service)


async def key_of(service: Service) -> dict[str, str]:
    _, key = await service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    return {"X-Api-Key": key}


async def ask(service: Service, http: httpx.AsyncClient, video: str, **headers: str) -> httpx.Response:
    return await http.post(service.url + TOOL_PATH, json={"VideoUrl": video}, headers={**ASYNC, **headers})


async def ended(http: httpx.AsyncClient, url: str) -> httpx.Response:
    """Poll the job until it is finished; returns it."""
    async with asyncio.timeout(60):
        while True:
            answer = await http.get(url)
            assert answer.status_code == 200, answer.text
            if answer.json()["status"] in ("done", "failed"):
                return answer
            assert answer.headers["Retry-After"] == "1"
            await asyncio.sleep(0.05)


async def signed(buyer: Buyer, videos: str) -> dict[str, str]:
    """An unused valid signature."""
    await buyer.fund()
    assert (await buyer.pay(f"{videos}/none.mp4")).status_code == 424
    return {"PAYMENT-SIGNATURE": buyer.signature}


async def test_paid_job_runs_without_its_caller(service: Service, http: httpx.AsyncClient, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        signature = await signed(buyer, videos)
        before = await buyer.balance(service.parts.terms.asset)
        made = await ask(service, http, f"{videos}/face.mp4", **signature)
        assert made.status_code == 202, made.text
        told = made.json()
        assert made.headers["Location"] == told["statusUrl"] == f"{service.url}/api/jobs/{told['jobId']}"
        assert (made.headers["Preference-Applied"], made.headers["Retry-After"]) == ("respond-async", "1")
        assert set(told) == {"jobId", "status", "statusUrl", "stage", "progress", "createdAt", "finishedAt"}
        assert told["status"] in ("queued", "working")
        assert told["finishedAt"] is None
        used = await ask(service, http, f"{videos}/face.mp4", **signature)
        assert used.status_code in (202, 409)
        done = await ended(http, told["statusUrl"])
        assert (done.json()["status"], done.json()["progress"]) == ("done", 1.0), done.text
        assert done.json()["finishedAt"] >= done.json()["createdAt"]
        waited = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (waited.status_code, waited.json()) == (200, done.json()["result"])
        assert waited.headers["PAYMENT-RESPONSE"] == done.headers["PAYMENT-RESPONSE"]
        assert before - await buyer.balance(service.parts.terms.asset) == 200_000
        # The same payment gives the answer again, as a job too.
        again = await ask(service, http, f"{videos}/face.mp4", **signature)
        assert (await ended(http, again.json()["statusUrl"])).json()["result"] == waited.json()
    assert service.histories()[-1] == ["created", "verified", "reserved", "released", *BOUGHT[2:]]


async def test_invalid_job_request_is_refused_at_once(service: Service, http: httpx.AsyncClient, videos: str) -> None:
    for body, headers, status in (
        (None, {}, 402),
        ({"VideoUrl": "http://example.com/v.mp4"}, {}, 402),
        ({"VideoUrl": "http://example.com/v.mp4"}, {"X-Api-Key": "ak_unknown"}, 401),
        ({"VideoUrl": "ftp://example.com/v.mp4"}, {}, 400),
        ({"VideoUrl": 1}, {}, 400),
    ):
        refused = await http.post(service.url + TOOL_PATH, json=body, headers={**ASYNC, **headers})
        assert refused.status_code == status
        plain = await http.post(service.url + TOOL_PATH, json=body, headers=headers)
        assert {**refused.json(), "requestId": ""} == {**plain.json(), "requestId": ""}


@pytest.mark.parametrize(
    ("prefer", "status"),
    [("respond-async, wait=10", 202), ("wait=10, Respond-Async;x=1", 202), ("return=minimal", 200), ("", 200)],
)
async def test_job_requires_the_prefer_header(
    service: Service, http: httpx.AsyncClient, videos: str, key: dict[str, str], prefer: str, status: int
) -> None:
    answer = await ask(service, http, f"{videos}/face.mp4", **key, Prefer=prefer)
    assert answer.status_code == status
    if status == 202:
        assert (await ended(http, answer.json()["statusUrl"])).json()["status"] == "done"


async def test_failed_job_reports_its_error_and_is_free(service: Service, http: httpx.AsyncClient, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        signature = await signed(buyer, videos)
        for video in ("empty.mp4", "none.mp4", "big.mp4"):
            made = await ask(service, http, f"{videos}/{video}", **signature)
            failed = (await ended(http, made.json()["statusUrl"])).json()
            waited = await buyer.send(f"{videos}/{video}", buyer.signature)
            assert (failed["status"], failed["error"]["charged"]) == ("failed", False)
            assert "result" not in failed
            refusal = {**waited.json(), "requestId": "", "status": waited.status_code}
            assert {**failed["error"], "requestId": ""} == refusal
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200


async def test_job_streams_its_progress(
    service: Service, http: httpx.AsyncClient, videos: str, key: dict[str, str]
) -> None:
    made = (await ask(service, http, f"{videos}/face.mp4", **key)).json()
    events: list[tuple[str, Any]] = []
    async with http.stream("GET", f"{made['statusUrl']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        kind = ""
        # It ends by itself.
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                events.append((kind, json.loads(value)))
    kinds = [kind for kind, _ in events]
    assert kinds == ["progress"] * (len(kinds) - 1) + ["done"]
    shares = [job["progress"] for _, job in events]
    assert shares == sorted(shares)
    assert "looking" in {job["stage"] for _, job in events}
    assert events[-1][1] == (await http.get(made["statusUrl"])).json()
    async with http.stream("GET", f"{made['statusUrl']}/events") as stream:
        late = [line async for line in stream.aiter_lines()]
    assert [line for line in late if line.startswith("event")] == ["event: done"]


async def test_cancelled_job_stops_and_frees_its_payment(
    service: Service, http: httpx.AsyncClient, videos: str, silent: str
) -> None:
    async with Buyer(service.url) as buyer:
        signature = await signed(buyer, videos)
        made = (await ask(service, http, silent, **signature)).json()
        assert (await buyer.send(silent, buyer.signature)).json()["code"] == "payment_in_use"
        stopped = await http.delete(made["statusUrl"])
        assert stopped.status_code == 200
        assert stopped.json()["status"] == "failed"
        error = stopped.json()["error"]
        assert (error["code"], error["status"], error["charged"]) == ("job_cancelled", 409, False)
        assert service.histories()[-1][-2:] == ["reserved", "released"]
        assert (await http.delete(made["statusUrl"])).json() == stopped.json()
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200


async def test_any_process_reads_and_cancels_a_job(
    service: Service, http: httpx.AsyncClient, start: Start, silent: str
) -> None:
    async with Buyer(service.url) as buyer:
        token = (await paid(buyer, 1))["token"]
    other = start(database_url=f"sqlite+aiosqlite:///{service.database}")
    made = (await ask(service, http, silent, **{"X-Payment-Token": token})).json()
    elsewhere = made["statusUrl"].replace(service.url, other.url)
    async with asyncio.timeout(30), http.stream("GET", f"{elsewhere}/events") as stream:
        async for line in stream.aiter_lines():
            if '"fetching"' in line:
                break
    asked = await http.delete(elsewhere)
    assert asked.status_code == 200
    assert (await ended(http, elsewhere)).json()["error"]["code"] == "job_cancelled"
    spent = await http.post(service.url + TOOL_PATH, json={"VideoUrl": silent}, headers={"X-Payment-Token": "none"})
    assert spent.json()["code"] == "token_unknown"
    again = await ask(service, http, silent, **{"X-Payment-Token": token})
    assert again.status_code == 202
    await http.delete(again.json()["statusUrl"])


async def test_unknown_job_is_not_found(service: Service, http: httpx.AsyncClient) -> None:
    for method, path in (("GET", ""), ("GET", "/events"), ("DELETE", "")):
        for job in ("none", "A" * 43, "%00", "A" * 5000):
            answer = await http.request(method, f"{service.url}/api/jobs/{job}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


async def test_full_job_queue_reserves_no_payment(
    start: Start, http: httpx.AsyncClient, videos: str, silent: str
) -> None:
    narrow = start(jobs_waiting=1)
    key = await key_of(narrow)
    async with Buyer(narrow.url) as buyer:
        signature = await signed(buyer, videos)
        first = await ask(narrow, http, silent, **key)
        assert first.status_code == 202
        refused = await ask(narrow, http, f"{videos}/face.mp4", **signature)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_jobs")
        assert refused.headers["Retry-After"]
        assert narrow.histories()[-1][-1] == "released"
        await http.delete(first.json()["statusUrl"])
        assert (await ask(narrow, http, f"{videos}/face.mp4", **signature)).status_code == 202


async def test_stop_releases_payments_of_jobs(tmp_path: Path, silent: str, videos: str) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}", allow_private_hosts=True)
    parts = dataclasses.replace(await assemble(settings), jobs=JobLimits(grace_seconds=0.01))
    app = create_app(parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        async with app.router.lifespan_context(app):
            _, key = await parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
            headers = {**ASYNC, "X-Api-Key": key}
            made = (await http.post(TOOL_PATH, json={"VideoUrl": silent}, headers=headers)).json()
        # Started anew on the same books, it still knows.
        again = create_app(dataclasses.replace(await assemble(settings)))
        async with (
            again.router.lifespan_context(again),
            httpx.AsyncClient(transport=httpx.ASGITransport(again), base_url="http://here") as after,
        ):
            error = (await after.get(f"/api/jobs/{made['jobId']}")).json()["error"]
    assert (error["code"], error["status"], error["charged"]) == ("interrupted", 503, False)


async def test_head_of_events_ends_at_once(
    service: Service, http: httpx.AsyncClient, silent: str, key: dict[str, str]
) -> None:
    """It does not listen to the job, however long that runs: more of them are answered than may listen at once."""
    job = (await ask(service, http, silent, **key)).json()["statusUrl"]
    try:
        for _ in range(220):
            head = await http.head(f"{job}/events", timeout=5)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"].startswith("text/event-stream")
    finally:
        await http.delete(job)
