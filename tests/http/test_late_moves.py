"""Tests of money that moves after a facilitator has refused the settlement: its first buyer gets the answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator
from tests.http.permit2 import Choosing, accepted, read
from tests.http.test_duplicates import MONEY, PRICE, SCHEMES

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def remote(start: Start, facilitator: Facilitator) -> Service:
    return start(accepts=[accepted(facilitator, scheme) for scheme in SCHEMES], reconcile_seconds=0.1)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_late_money_pays_the_first_answer(
    remote: Service, facilitator: Facilitator, videos: str, scheme: str
) -> None:
    async with Choosing(remote.url, SCHEMES[scheme]) as buyer:
        facilitator.chain.mint(buyer.account.address, MONEY)
        facilitator.fault = "refuses"
        refused = await buyer.pay(f"{videos}/face.mp4")
        facilitator.fault = ""
        assert (refused.status_code, refused.json()["code"]) == (402, "settlement_refused")
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        payment = read(buyer.signature)
        moved = await facilitator.inner().settle(payment, payment.accepted)
        assert moved.success
        async with asyncio.timeout(30):
            while remote.histories()[-1][-1] != "consumed":
                assert (await buyer.ask(f"{videos}/face.mp4")).status_code == 402
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200, bought.text
        assert bought.json()["requestId"] == refused.json()["requestId"]
        assert MONEY - facilitator.chain.balance(buyer.account.address) == PRICE
