"""Tests of SIGKILL during a prepaid payment or a use of its token: one charge, a valid token, no call lost."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from x402.http.clients.httpx import PaymentError

from alive402.demo import Buyer
from tests.e2e.crash_setup import BETWEEN_SECONDS, PRICE, CrashSetup

pytestmark = pytest.mark.anyio
MOMENTS = [
    "after `reserved` is committed",
    "before `settling` is committed",
    "after `settling` is committed",
    "after the facilitator settled",
    "after `consumed` is committed",
]


async def ask(setup: CrashSetup, calls: int) -> tuple[str, str]:
    """Create a pending payment; returns its payment URL and its token."""
    async with httpx.AsyncClient() as http:
        body = {"serviceId": "video-face-liveness-detection", "maxCalls": calls}
        made = (await http.post(f"{setup.url}/api/payments", json=body)).json()
        return made["payUrl"], made["token"]


async def shown(pay_url: str) -> dict[str, object]:
    async with httpx.AsyncClient() as http:
        return dict((await http.get(pay_url.removesuffix("/pay"))).json())


async def killed_paying(setup: CrashSetup, moment: str) -> tuple[Buyer, str, str]:
    """A buyer whose payment was killed at `moment`, the payment URL, and the token; no service runs."""
    await setup.start()
    buyer, (pay_url, token) = await setup.buyer(), await ask(setup, 2)
    setup.arm(moment)
    with pytest.raises((httpx.TransportError, PaymentError)):
        await buyer._paying.post(pay_url)
    await setup.died()
    setup.arm("")
    return buyer, pay_url, token


@pytest.mark.parametrize("moment", MOMENTS)
async def test_kill_during_a_prepaid_payment_charges_once(setup: CrashSetup, moment: str) -> None:
    buyer, pay_url, token = await killed_paying(setup, moment)
    await setup.start()
    signed = {"PAYMENT-SIGNATURE": buyer.signature}
    again = await setup.past_the_lease(buyer, lambda: buyer._plain.post(pay_url, headers=signed))
    assert (again.status_code, again.json()["status"], again.json()["remainingCalls"]) == (200, "paid", 2), again.text
    assert setup.charged(buyer) == 2
    buyer.url = setup.url
    assert (await buyer.spend(setup.video, token)).status_code == 200
    assert (await shown(pay_url))["remainingCalls"] == 1
    assert setup.charged(buyer) == 2


async def test_token_is_good_once_the_chain_shows_its_payment(setup: CrashSetup) -> None:
    """The buyer pays no second time and looks at no payment; the reconciler finds that the money moved."""
    await setup.kill()
    buyer, pay_url, token = await killed_paying(setup, "after the facilitator settled")
    await setup.start(reconcile_seconds=0.1)
    buyer.url = setup.url
    while (answer := await buyer.spend(setup.video, token)).status_code == 409:
        assert answer.json()["code"] == "payment_in_use"
        await asyncio.sleep(BETWEEN_SECONDS)
    assert answer.status_code == 200, answer.text
    told = await shown(pay_url)
    assert (told["status"], told["remainingCalls"], told["token"]) == ("paid", 1, None)
    assert setup.charged(buyer) == 2
    await setup.kill()


async def test_token_use_of_a_dead_process_is_released(setup: CrashSetup) -> None:
    await setup.start()
    buyer = await setup.buyer()
    told = (await buyer.prepay(1)).json()
    setup.arm("before the video is judged")
    with pytest.raises(httpx.TransportError):
        await buyer.spend(setup.video, buyer.token)
    await setup.died()
    setup.arm("")
    await setup.start()
    answer = await setup.past_the_lease(buyer, lambda: buyer.spend(setup.video, buyer.token))
    assert answer.status_code == 200, answer.text
    assert (await shown(told["payUrl"]))["status"] == "exhausted"
    assert setup.charged(buyer) == 1


async def test_ledger_and_chain_sums_are_equal(setup: CrashSetup) -> None:
    ledger, chain = setup.earned()
    assert ledger == chain == (2 * (len(MOMENTS) + 1) + 1) * PRICE
