"""Kill -9 while a prepaid payment or its token is in use: one charge, a valid token, no call lost."""

from __future__ import annotations

import httpx
import pytest
from x402.http.clients.httpx import PaymentError

from alive402.demo.buyer import Buyer
from tests.e2e.crash_town import PRICE, Town

pytestmark = pytest.mark.anyio
MOMENTS = [
    "after `reserved` is committed",
    "before `settling` is committed",
    "after `settling` is committed",
    "after the facilitator settled",
    "after `consumed` is committed",
]


async def ask(town: Town, calls: int) -> str:
    """A pending payment; where it is paid."""
    async with httpx.AsyncClient() as http:
        body = {"serviceId": "video-face-liveness-detection", "maxCalls": calls}
        return str((await http.post(f"{town.url}/api/payments", json=body)).json()["payUrl"])


async def shown(pay_url: str) -> dict[str, object]:
    async with httpx.AsyncClient() as http:
        return dict((await http.get(pay_url.removesuffix("/pay"))).json())


async def killed_paying(town: Town, moment: str) -> tuple[Buyer, str]:
    """A buyer whose payment died at `moment`, and where it is paid; no service runs."""
    await town.start()
    buyer, pay_url = await town.buyer(), await ask(town, 2)
    town.arm(moment)
    with pytest.raises((httpx.TransportError, PaymentError)):
        await buyer._paying.post(pay_url)
    await town.died()
    town.arm("")
    return buyer, pay_url


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_while_it_is_paid(town: Town, moment: str) -> None:
    buyer, pay_url = await killed_paying(town, moment)
    await town.start()
    signed = {"PAYMENT-SIGNATURE": buyer.signature}
    again = await town.past_the_lease(buyer, lambda: buyer._plain.post(pay_url, headers=signed))
    assert (again.status_code, again.json()["status"], again.json()["remainingCalls"]) == (200, "paid", 2), again.text
    assert town.charged(buyer) == 2
    assert (await buyer.spend(town.video, again.json()["token"])).status_code == 200
    assert (await shown(pay_url))["remainingCalls"] == 1
    assert town.charged(buyer) == 2


async def test_found_on_chain_by_the_reconciler_it_is_paid(town: Town) -> None:
    """The buyer sends nothing: the chain alone tells that the money moved."""
    await town.kill()
    buyer, pay_url = await killed_paying(town, "after the facilitator settled")
    await town.start(reconcile_seconds=0.1)
    while (told := await shown(pay_url))["status"] == "pending":
        pass
    assert (told["status"], told["token"]) == ("paid", None)
    again = await buyer._plain.post(pay_url, headers={"PAYMENT-SIGNATURE": buyer.signature})
    assert again.json()["token"]
    assert town.charged(buyer) == 2
    await town.kill()


async def test_a_use_held_by_a_dead_process_is_given_back(town: Town) -> None:
    await town.start()
    buyer = await town.buyer()
    told = (await buyer.prepay(1)).json()
    town.arm("before the video is judged")
    with pytest.raises(httpx.TransportError):
        await buyer.spend(town.video, told["token"])
    await town.died()
    town.arm("")
    await town.start()
    answer = await town.past_the_lease(buyer, lambda: buyer.spend(town.video, told["token"]))
    assert answer.status_code == 200, answer.text
    assert (await shown(told["payUrl"]))["status"] == "exhausted"
    assert town.charged(buyer) == 1


async def test_ledger_and_chain_agree_on_every_unit(town: Town) -> None:
    ledger, chain = town.earned()
    assert ledger == chain == (2 * (len(MOMENTS) + 1) + 1) * PRICE
