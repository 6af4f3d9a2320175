"""Tests of prepaid payments over HTTP: a token shown at creation, paid once, and its calls."""

from __future__ import annotations

import asyncio
import sqlite3

import httpx
import pytest

from alive402.demo import Buyer, receipt
from tests.http.conftest import Service
from tests.http.prepaying import LEGACY, SERVICE, balance, paid, shown
from tests.http.required import header_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("service_id", [SERVICE, LEGACY])
async def test_created_payment_returns_its_requirements(service: Service, service_id: str) -> None:
    async with httpx.AsyncClient() as http:
        made = await http.post(f"{service.url}/api/payments", json={"serviceId": service_id, "maxCalls": 4})
        unpaid = await http.post(made.json()["payUrl"])
    assert made.status_code == 201
    told = made.json()
    assert told["serviceId"] == SERVICE
    assert (told["amountCents"], told["currency"], told["maxCalls"], told["remainingCalls"]) == (80, "USD", 4, 0)
    assert (told["status"], told["token"][:3], told["paidAt"]) == ("pending", "pt_", None)
    assert told["provider"] == "x402_facilitator"
    assert told["clientId"].startswith("client_")
    assert told["x402"]["accepts"][0]["amount"] == "800000"
    assert told["x402"]["resource"]["url"] == told["payUrl"]
    assert await shown(service, told["paymentId"]) == {**told, "token": None}
    assert (unpaid.status_code, unpaid.json()["code"]) == (402, "payment_required")
    assert header_of(unpaid)["accepts"] == told["x402"]["accepts"]
    assert unpaid.json()["payment"]["paymentId"] == told["paymentId"]


async def test_token_buys_exactly_the_paid_calls(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await balance(buyer, service)
        answer = await buyer.prepay(2)
        assert answer.json()["token"] is None
        told = {**answer.json(), "token": buyer.token}
        assert receipt(answer).amount == "400000"
        assert (told["status"], told["remainingCalls"]) == ("paid", 2)
        assert before - await balance(buyer, service) == 400_000
        first = await buyer.spend(f"{videos}/face.mp4", told["token"])
        assert first.status_code == 200, first.text
        assert first.json()["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
        assert "PAYMENT-RESPONSE" not in first.headers
        assert (await shown(service, told["paymentId"]))["remainingCalls"] == 1
        failed = await buyer.spend(f"{videos}/none.mp4", told["token"])
        assert (failed.status_code, failed.json()["charged"]) == (424, False)
        assert (await shown(service, told["paymentId"]))["remainingCalls"] == 1
        second = await buyer.spend(f"{videos}/attack.mp4", told["token"], f"/api/tools/{LEGACY}")
        assert second.status_code == 200
        spent = await buyer.spend(f"{videos}/empty.mp4", told["token"])
        assert (spent.status_code, spent.json()["code"]) == (402, "token_exhausted")
        assert (spent.json()["payment"]["status"], spent.json()["payment"]["remainingCalls"]) == ("exhausted", 0)
        assert spent.json()["accepts"][0]["maxAmountRequired"] == "200000"
        again = await buyer.spend(f"{videos}/attack.mp4", told["token"])
        assert (again.status_code, again.text) == (200, second.text)
        assert before - await balance(buyer, service) == 400_000
    assert (await shown(service, told["paymentId"]))["status"] == "exhausted"


async def test_token_is_shown_once_and_stored_nowhere(service: Service) -> None:
    async with Buyer(service.url) as buyer:
        told = await paid(buyer, 3)
        again = await buyer._plain.post(told["payUrl"], headers={"PAYMENT-SIGNATURE": buyer.signature})
        assert (again.status_code, again.json()["token"], again.json()["status"]) == (200, None, "paid")
        unsigned = await buyer._plain.post(told["payUrl"])
        assert (unsigned.status_code, unsigned.json()["token"]) == (200, None)
    assert (await shown(service, told["paymentId"]))["token"] is None
    with sqlite3.connect(service.database) as connection:
        assert told["token"] not in "\n".join(connection.iterdump())


async def test_signer_replaces_a_lost_token(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        told = await paid(buyer, 2)
        before = await balance(buyer, service)
        assert (await buyer.spend(f"{videos}/face.mp4", told["token"])).status_code == 200
        headers = {"PAYMENT-SIGNATURE": buyer.signature}
        fresh = await buyer._plain.post(told["payUrl"], headers=headers, json={"newToken": True})
        assert (fresh.status_code, fresh.json()["remainingCalls"]) == (200, 1)
        old = await buyer.spend(f"{videos}/attack.mp4", told["token"])
        assert (old.status_code, old.json()["code"]) == (402, "token_unknown")
        assert (await buyer.spend(f"{videos}/attack.mp4", fresh.json()["token"])).status_code == 200
        assert await balance(buyer, service) == before


async def test_twenty_concurrent_payers_are_one_charge(service: Service) -> None:
    async with Buyer(service.url) as buyer, Buyer(service.url) as other:
        await other.fund()
        told = await paid(buyer, 2)
        one, two = await balance(buyer, service), await balance(other, service)
        asked = (
            await buyer._plain.post(f"{service.url}/api/payments", json={"serviceId": SERVICE, "maxCalls": 2})
        ).json()
        answers = await asyncio.gather(*[each._paying.post(asked["payUrl"]) for each in [buyer, other] * 10])
        moved = (one - await balance(buyer, service)) + (two - await balance(other, service))
    assert moved == 400_000
    assert [each for each in answers if each.json().get("token")] == []
    assert {each.status_code for each in answers} <= {200, 409}
    codes = {each.json()["code"] for each in answers if each.status_code == 409}
    assert codes <= {"payment_in_use", "already_paid"}
    assert told["token"]


async def test_second_payment_of_a_paid_request_is_not_charged(service: Service) -> None:
    async with Buyer(service.url) as buyer, Buyer(service.url) as other:
        await other.fund()
        asked = (await buyer._plain.post(f"{service.url}/api/payments", json={"serviceId": SERVICE})).json()
        sample = await other._paying.post(
            (await buyer._plain.post(f"{service.url}/api/payments", json={"serviceId": SERVICE})).json()["payUrl"]
        )
        assert sample.status_code == 200
        await buyer.fund()
        assert (await buyer._paying.post(asked["payUrl"])).status_code == 200
        before = await balance(other, service)
        refused = await other._plain.post(asked["payUrl"], headers={"PAYMENT-SIGNATURE": other.signature})
        assert (refused.status_code, refused.json()["code"]) == (409, "payment_spent")
        assert await balance(other, service) == before


async def test_hundred_uses_of_one_call_are_one_analysis(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        told = await paid(buyer, 1)
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(timeout=180, limits=limits) as http:
            calls = [
                http.post(
                    f"{service.url}/api/tools/{SERVICE}",
                    json={"VideoUrl": f"{videos}/face.mp4"},
                    headers={"X-Payment-Token": told["token"]},
                )
                for _ in range(100)
            ]
            answers = await asyncio.gather(*calls)
        good = [each for each in answers if each.status_code == 200]
        late = [each for each in answers if each.status_code == 409]
        assert good
        assert len(good) + len(late) == 100
        assert len({each.text for each in good}) == 1
        assert {each.json()["code"] for each in late} <= {"payment_in_use"}
        assert all(each.headers["Retry-After"] for each in late)
    with sqlite3.connect(service.database) as connection:
        uses = connection.execute(
            "SELECT state FROM prepaid_uses WHERE prepayment_id = ?", [told["paymentId"]]
        ).fetchall()
    assert uses == [("spent",)]


async def test_idempotency_key_returns_the_stored_answer(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        told = await paid(buyer, 3)
        first = await buyer.spend(f"{videos}/face.mp4", told["token"], Idempotency_Key="order 1")
        again = await buyer.spend(f"{videos}/face.mp4", told["token"], Idempotency_Key="order 1")
        assert (again.status_code, again.text) == (200, first.text)
        assert (await shown(service, told["paymentId"]))["remainingCalls"] == 2
        reused = await buyer.spend(f"{videos}/attack.mp4", told["token"], Idempotency_Key="order 1")
        assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
        other = await buyer.spend(f"{videos}/face.mp4", told["token"], Idempotency_Key="order 2")
        assert other.json()["requestId"] != first.json()["requestId"]
        failed = await buyer.spend(f"{videos}/none.mp4", told["token"], Idempotency_Key="order 3")
        assert failed.status_code == 424
        retried = await buyer.spend(f"{videos}/attack.mp4", told["token"], Idempotency_Key="order 3")
        assert retried.status_code == 200, retried.text
