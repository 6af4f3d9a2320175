"""Kill -9 during a job: recovery closes it according to its payment, and nobody pays for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import httpx
import pytest

from alive402.demo.buyer import PATH, Buyer
from alive402.payments.keys.api_keys import Keys, Scope
from alive402.payments.ledger.ledger import Ledger
from tests.e2e.crash_town import PATIENCE_SECONDS, Town

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("calm")]


async def die(town: Town, moment: str, headers: dict[str, str]) -> str:
    """The id of a job whose process dies at `moment`."""
    await town.start(reconcile_seconds=0.1)
    town.arm(moment)
    async with httpx.AsyncClient(timeout=60) as http:
        # It may die before it answers; the job is there all the same.
        with contextlib.suppress(httpx.TransportError):
            await http.post(
                town.url + PATH, json={"VideoUrl": town.video}, headers={"Prefer": "respond-async", **headers}
            )
    await town.died()
    town.arm("")
    connection = sqlite3.connect(town.database)
    ((job,),) = connection.execute("SELECT id FROM jobs ORDER BY created_at DESC LIMIT 1").fetchall()
    connection.close()
    await town.start(reconcile_seconds=0.1)
    return str(job)


async def ended(town: Town, job: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await http.get(f"{town.url}/api/jobs/{job}")
            if answer.json()["status"] in ("done", "failed"):
                return answer
            await asyncio.sleep(0.05)


async def signed(town: Town) -> Buyer:
    """A buyer with a signature that paid for nothing yet."""
    await town.start(reconcile_seconds=0.1)
    buyer = await town.buyer()
    buyer.url = town.url
    assert (await buyer.pay(town.video.replace("face", "nothing"))).status_code == 424
    return buyer


def interrupted(answer: httpx.Response) -> bool:
    error = answer.json()["error"]
    return (error["code"], error["status"], error["charged"]) == ("interrupted", 503, False)


async def test_killed_while_it_is_worked_on(town: Town) -> None:
    buyer = await signed(town)
    job = await die(town, "before the video is judged", {"PAYMENT-SIGNATURE": buyer.signature})
    assert interrupted(await ended(town, job))
    assert town.charged(buyer) == 0
    again = await town.send(buyer)
    assert again.status_code == 200, again.text
    assert town.charged(buyer) == 1


async def test_killed_when_the_money_had_moved(town: Town) -> None:
    buyer = await signed(town)
    job = await die(town, "after the facilitator settled", {"PAYMENT-SIGNATURE": buyer.signature})
    done = await ended(town, job)
    assert done.json()["status"] == "done", done.text
    assert town.charged(buyer) == 1
    again = await town.send(buyer)
    assert (again.status_code, again.json()) == (200, done.json()["result"])
    assert again.headers["PAYMENT-RESPONSE"] == done.headers["PAYMENT-RESPONSE"]
    assert town.charged(buyer) == 1


async def test_killed_before_the_money_is_asked_for(town: Town) -> None:
    buyer = await signed(town)
    job = await die(town, "before the facilitator settles", {"PAYMENT-SIGNATURE": buyer.signature})
    # Nobody knows yet whether it was asked for: the job waits with its payment, as it was last written down.
    async with httpx.AsyncClient(timeout=60) as http:
        waiting = (await http.get(f"{town.url}/api/jobs/{job}")).json()
    assert waiting["status"] in ("queued", "working")
    again = await town.send(buyer)
    assert again.status_code == 200, again.text
    assert (await ended(town, job)).json()["result"] == again.json()
    assert town.charged(buyer) == 1


async def test_a_lost_settlement_is_told_when_it_is_found(town: Town) -> None:
    buyer = await signed(town)
    town.facilitator.fault = "chain silent"
    async with httpx.AsyncClient(timeout=60) as http:
        made = await http.post(
            town.url + PATH,
            json={"VideoUrl": town.video},
            headers={"Prefer": "respond-async", "PAYMENT-SIGNATURE": buyer.signature},
        )
        url = made.json()["statusUrl"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (told := (await http.get(url)).json())["stage"] != "settling":
                assert told["status"] in ("queued", "working")
                await asyncio.sleep(0.05)
    town.facilitator.fault = ""
    assert (await ended(town, made.json()["jobId"])).json()["status"] == "done"
    assert town.charged(buyer) == 1


async def test_a_token_has_its_call_back(town: Town) -> None:
    await town.start(reconcile_seconds=0.1)
    buyer = await town.buyer()
    buyer.url = town.url
    bought = (await buyer.prepay(1)).json()
    headers = {"X-Payment-Token": bought["token"]}
    job = await die(town, "before the video is judged", headers)
    assert interrupted(await ended(town, job))
    async with httpx.AsyncClient(timeout=60) as http:
        left = await http.get(f"{town.url}/api/payments/{bought['paymentId']}")
        assert left.json()["remainingCalls"] == 1
        answer = await http.post(town.url + PATH, json={"VideoUrl": town.video}, headers=headers)
    assert answer.status_code == 200


async def test_a_call_with_a_key_is_just_over(town: Town) -> None:
    await town.start(reconcile_seconds=0.1)
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{town.database}", lease_seconds=30)
    _, key = await Keys(ledger).create("tests", [Scope.CALL])
    await ledger.close()
    assert interrupted(await ended(town, await die(town, "before the video is judged", {"X-Api-Key": key})))
