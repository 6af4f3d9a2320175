"""Tests of SIGKILL during a job: recovery closes it according to its payment, and no buyer pays for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer
from alive402.payments.keys import Keys, Scope
from alive402.payments.ledger import Ledger
from tests.e2e.crash_setup import PATIENCE_SECONDS, CrashSetup

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("calm")]


async def die(setup: CrashSetup, moment: str, headers: dict[str, str]) -> str:
    """Start a job whose process dies at `moment`; returns its id."""
    await setup.start(reconcile_seconds=0.1)
    setup.arm(moment)
    async with httpx.AsyncClient(timeout=60) as http:
        # It may die before it answers; the job is there all the same.
        with contextlib.suppress(httpx.TransportError):
            await http.post(
                setup.url + TOOL_PATH, json={"VideoUrl": setup.video}, headers={"Prefer": "respond-async", **headers}
            )
    await setup.died()
    setup.arm("")
    connection = sqlite3.connect(setup.database)
    ((job,),) = connection.execute("SELECT id FROM jobs ORDER BY created_at DESC LIMIT 1").fetchall()
    connection.close()
    await setup.start(reconcile_seconds=0.1)
    return str(job)


async def ended(setup: CrashSetup, job: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await http.get(f"{setup.url}/api/jobs/{job}")
            if answer.json()["status"] in ("done", "failed"):
                return answer
            await asyncio.sleep(0.05)


async def signed(setup: CrashSetup) -> Buyer:
    """A buyer with an unused signature."""
    await setup.start(reconcile_seconds=0.1)
    buyer = await setup.buyer()
    buyer.url = setup.url
    assert (await buyer.pay(setup.video.replace("face", "nothing"))).status_code == 424
    return buyer


def interrupted(answer: httpx.Response) -> bool:
    error = answer.json()["error"]
    return (error["code"], error["status"], error["charged"]) == ("interrupted", 503, False)


async def test_kill_during_a_job_charges_nothing(setup: CrashSetup) -> None:
    buyer = await signed(setup)
    job = await die(setup, "before the video is judged", {"PAYMENT-SIGNATURE": buyer.signature})
    assert interrupted(await ended(setup, job))
    assert setup.charged(buyer) == 0
    again = await setup.send(buyer)
    assert again.status_code == 200, again.text
    assert setup.charged(buyer) == 1


async def test_kill_after_settlement_finishes_the_job(setup: CrashSetup) -> None:
    buyer = await signed(setup)
    job = await die(setup, "after the facilitator settled", {"PAYMENT-SIGNATURE": buyer.signature})
    done = await ended(setup, job)
    assert done.json()["status"] == "done", done.text
    assert setup.charged(buyer) == 1
    again = await setup.send(buyer)
    assert (again.status_code, again.json()) == (200, done.json()["result"])
    assert again.headers["PAYMENT-RESPONSE"] == done.headers["PAYMENT-RESPONSE"]
    assert setup.charged(buyer) == 1


async def test_kill_before_settlement_charges_nothing(setup: CrashSetup) -> None:
    buyer = await signed(setup)
    job = await die(setup, "before the facilitator settles", {"PAYMENT-SIGNATURE": buyer.signature})
    # Nobody knows yet whether it was asked for: the job waits with its payment, as it was last written down.
    async with httpx.AsyncClient(timeout=60) as http:
        waiting = (await http.get(f"{setup.url}/api/jobs/{job}")).json()
    assert waiting["status"] in ("queued", "working")
    again = await setup.send(buyer)
    assert again.status_code == 200, again.text
    assert (await ended(setup, job)).json()["result"] == again.json()
    assert setup.charged(buyer) == 1


async def test_job_reports_a_settlement_found_later(setup: CrashSetup) -> None:
    buyer = await signed(setup)
    setup.facilitator.fault = "chain silent"
    async with httpx.AsyncClient(timeout=60) as http:
        made = await http.post(
            setup.url + TOOL_PATH,
            json={"VideoUrl": setup.video},
            headers={"Prefer": "respond-async", "PAYMENT-SIGNATURE": buyer.signature},
        )
        url = made.json()["statusUrl"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (told := (await http.get(url)).json())["stage"] != "settling":
                assert told["status"] in ("queued", "working")
                await asyncio.sleep(0.05)
    setup.facilitator.fault = ""
    assert (await ended(setup, made.json()["jobId"])).json()["status"] == "done"
    assert setup.charged(buyer) == 1


async def test_killed_job_returns_the_call_to_its_token(setup: CrashSetup) -> None:
    await setup.start(reconcile_seconds=0.1)
    buyer = await setup.buyer()
    buyer.url = setup.url
    bought = (await buyer.prepay(1)).json()
    headers = {"X-Payment-Token": buyer.token}
    job = await die(setup, "before the video is judged", headers)
    assert interrupted(await ended(setup, job))
    async with httpx.AsyncClient(timeout=60) as http:
        left = await http.get(f"{setup.url}/api/payments/{bought['paymentId']}")
        assert left.json()["remainingCalls"] == 1
        answer = await http.post(setup.url + TOOL_PATH, json={"VideoUrl": setup.video}, headers=headers)
    assert answer.status_code == 200


async def test_killed_job_of_an_api_key_ends(setup: CrashSetup) -> None:
    await setup.start(reconcile_seconds=0.1)
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{setup.database}", lease_seconds=30)
    _, key = await Keys(ledger).create("tests", [Scope.CALL])
    await ledger.close()
    assert interrupted(await ended(setup, await die(setup, "before the video is judged", {"X-Api-Key": key})))
