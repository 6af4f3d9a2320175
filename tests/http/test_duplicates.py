"""Tests of copies of one payment that are verified slowly: none is refused while the payment is being charged.

`COPIES=2000 python -m pytest -s tests/http/test_duplicates.py -k crowd` sends 2,000, verified in up to 3 s.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator
from tests.http.permit2 import Choosing, accepted, by_permit2, up_to

pytestmark = pytest.mark.anyio
PRICE, MONEY = 200_000, 10**6
COPIES, CROWD = 8, int(os.environ.get("COPIES", "60"))
SLOWEST_SECONDS = 3.0 if CROWD > 1000 else 0.3
AT_ONCE = 500
SCHEMES = {
    "exact": lambda offer: offer.scheme == "exact" and not by_permit2(offer),
    "permit2": by_permit2,
    "upto": up_to,
}


@pytest.fixture(scope="module")
def remote(start: Start, facilitator: Facilitator) -> Service:
    """A service that accepts one token in three schemes."""
    return start(accepts=[accepted(facilitator, scheme) for scheme in SCHEMES], queue=max(100, CROWD))


@pytest.fixture(params=SCHEMES)
def buyer(remote: Service, facilitator: Facilitator, request: pytest.FixtureRequest) -> Iterator[Buyer]:
    """A buyer with money, who pays in one of the schemes."""
    made = Choosing(remote.url, SCHEMES[request.param])
    facilitator.chain.mint(made.account.address, MONEY)
    yield made
    facilitator.fault, facilitator.before_verifying = "", type(facilitator).before_verifying


async def signature(buyer: Buyer, facilitator: Facilitator, url: str) -> str:
    """A payment that is signed and was not verified yet."""
    facilitator.fault = "down"
    assert (await buyer.pay(url)).status_code == 503
    facilitator.fault = ""
    return buyer.signature


class LateVerification:
    """Verifies the first copy when all copies have come, and the others when the first one is settled."""

    def __init__(self, facilitator: Facilitator) -> None:
        self._come = 0
        self._all, self._settled = asyncio.Event(), asyncio.Event()
        facilitator.before_verifying = self._wait
        facilitator.after_settling = self._settled.set

    async def _wait(self) -> None:
        self._come += 1
        first = self._come == 1
        if self._come == COPIES:
            self._all.set()
        await asyncio.wait_for((self._all if first else self._settled).wait(), 60)


async def copies(buyer: Buyer, url: str, payment: str, count: int) -> list[httpx.Response]:
    """The answers to copies of a payment, AT_ONCE of which are on their way at any time."""
    body, headers = {"VideoUrl": url}, {"PAYMENT-SIGNATURE": payment}
    turns, limits = asyncio.Semaphore(AT_ONCE), httpx.Limits(max_connections=None)

    async with httpx.AsyncClient(limits=limits, timeout=600, trust_env=False) as http:

        async def send() -> httpx.Response:
            async with turns:
                return await http.post(buyer.url + TOOL_PATH, json=body, headers=headers)

        return list(await asyncio.gather(*[send() for _ in range(count)]))


def check(answers: list[httpx.Response]) -> None:
    """One answer; every copy that does not get it is asked to send the same again, on a busy machine also by a 503."""
    print(Counter(f"{answer.status_code} {answer.json()['code']}" for answer in answers))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    late = [answer for answer in answers if answer.status_code != 200]
    assert good
    assert len({json.dumps(body, sort_keys=True) for body in good}) == 1
    waits = {(409, "payment_in_use"), (503, "facilitator_unavailable")}
    assert {(answer.status_code, answer.json()["code"]) for answer in late} <= waits
    assert all(answer.headers["Retry-After"] for answer in late)
    assert not any("PAYMENT-REQUIRED" in answer.headers for answer in answers)


async def test_copy_that_is_verified_after_the_settlement_is_not_refused(
    facilitator: Facilitator, buyer: Buyer, videos: str
) -> None:
    async with buyer:
        url = f"{videos}/face.mp4"
        payment = await signature(buyer, facilitator, url)
        LateVerification(facilitator)
        check(await copies(buyer, url, payment, COPIES))
        assert MONEY - facilitator.chain.balance(buyer.account.address) == PRICE


async def test_crowd_of_copies_with_slow_verifications_is_one_charge(
    facilitator: Facilitator, buyer: Buyer, videos: str
) -> None:
    async with buyer:
        url, chance = f"{videos}/face.mp4", random.Random(15)
        payment = await signature(buyer, facilitator, url)
        facilitator.before_verifying = lambda: asyncio.sleep(chance.uniform(0, SLOWEST_SECONDS))
        check(await copies(buyer, url, payment, CROWD))
        assert MONEY - facilitator.chain.balance(buyer.account.address) == PRICE
