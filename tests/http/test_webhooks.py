"""Tests of the webhooks of a running service: one per answer, without faces, videos or personal data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from alive402.demo import TOOL_PATH, Buyer, receipt
from alive402.payments.keys import Keys, Scope
from tests.http.conftest import Service, Start
from tests.receivers import SECRET, Receiver, receiving

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def telling(start: Start, receiver: Receiver) -> Service:
    return start(webhook_urls=(receiver.url,), webhook_secret=SECRET)


async def test_every_call_sends_a_webhook(telling: Service, receiver: Receiver, videos: str) -> None:
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


async def test_every_answer_sends_one_webhook_for_any_payment(
    telling: Service, receiver: Receiver, videos: str
) -> None:
    face = f"{videos}/face.mp4"
    row, key = await Keys(telling.parts.registry.ledger_services.ledger).create("back office", [Scope.CALL])
    async with Buyer(telling.url) as buyer:
        await buyer.fund()
        single = await buyer.pay(face)
        again = await buyer.send(face, buyer.signature)
        ahead = await buyer.prepay(2)
        assert (await buyer.spend(f"{videos}/none.mp4", buyer.token)).status_code == 424
        used = [await buyer.spend(face, buyer.token) for _ in range(2)]
        # Used up: the last answer once more.
        repeated = await buyer.spend(face, buyer.token)
        keyed = await buyer._plain.post(telling.url + TOOL_PATH, json={"VideoUrl": face}, headers={"X-Api-Key": key})
    assert {answer.status_code for answer in (single, again, ahead, *used, repeated, keyed)} == {200}
    told = [(await asyncio.to_thread(receiver.next))[1] for _ in range(5)]
    assert sorted(event["type"] for event in told) == [
        "call.settled",
        "key.used",
        "prepaid.bought",
        "prepaid.used",
        "prepaid.used",
    ]
    answers = [event["data"]["requestId"] for event in told if event["type"] != "prepaid.bought"]
    assert sorted(answers) == sorted(answer.json()["requestId"] for answer in (single, *used, keyed))
    by_type = {event["type"]: event["data"] for event in told}
    bought, use = by_type["prepaid.bought"], by_type["prepaid.used"]
    assert (bought["amount"], bought["prepaymentId"]) == ("400000", ahead.json()["paymentId"])
    assert bought["transaction"] == receipt(ahead).transaction
    same = ("paymentId", "prepaymentId", "serviceId", "network", "asset", "payer", "payTo", "transaction")
    assert {name: use[name] for name in same} == {name: bought[name] for name in same}
    assert use["amount"] == "200000"
    left = [event["data"]["remainingCalls"] for event in told if event["type"] == "prepaid.used"]
    assert sorted(left) == [0, 1]
    assert by_type["key.used"] == {
        "requestId": keyed.json()["requestId"],
        "serviceId": bought["serviceId"],
        "keyId": row.id,
    }
    assert "prepaymentId" not in by_type["call.settled"]
    assert not [word for word in (videos, "mp4", "Rect", "confidence", key) if word in json.dumps(told)]
