"""The running service tells the operator's other systems, and tells them nothing of faces or videos."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from alive402.demo.buyer import Buyer, receipt
from tests.api.conftest import Service, Start
from tests.receivers import SECRET, Receiver, receiving

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def telling(start: Start, receiver: Receiver) -> Service:
    return start(webhook_urls=(receiver.url,), webhook_secret=SECRET)


async def test_calls_are_told_as_they_end(telling: Service, receiver: Receiver, videos: str) -> None:
    async with Buyer(telling.url) as buyer:
        await buyer.fund()
        await buyer.pay(f"{videos}/none.mp4")
        _, failed = await asyncio.to_thread(receiver.next)
        bought = await buyer.pay(f"{videos}/face.mp4")
        _, settled = await asyncio.to_thread(receiver.next)
    assert (failed["type"], failed["data"]["reason"]) == ("call.failed", "upstream_status")
    assert settled["type"] == "call.settled"
    assert settled["data"]["requestId"] == bought.json()["requestId"]
    assert settled["data"]["transaction"] == receipt(bought).transaction
    assert settled["data"]["payer"] == buyer.account.address.lower()
    told = json.dumps([failed, settled])
    assert not [word for word in (videos, "mp4", "Rect", "confidence", "verdict") if word in told]
