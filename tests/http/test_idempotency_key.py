"""Tests of `Idempotency-Key` with x402: one key and one body are charged once, whatever number of payments is signed.

Keys with prepaid tokens and API keys: tests/payments/prepaid/test_tokens.py, tests/http/test_key_balances.py.
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import Any

import httpx
import pytest
from x402 import x402ClientSync
from x402.http.utils import decode_payment_required_header
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import TOOL_PATH, Buyer
from tests.http.conftest import Service
from tests.http.prepaying import balance

pytestmark = pytest.mark.anyio


async def signed(buyer: Buyer) -> str:
    """A new payment that was not sent yet."""
    asked = decode_payment_required_header((await buyer.ask("http://a.example/")).headers["PAYMENT-REQUIRED"])
    client = register_exact_evm_client(x402ClientSync(), EthAccountSigner(buyer.account))
    payload: dict[str, Any] = client.create_payment_payload(asked).model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    return base64.b64encode(json.dumps(payload).encode()).decode()


async def call(buyer: Buyer, video: str, key: str, payment: str | None = None, **more: str) -> httpx.Response:
    """A call with a key and a new payment, or this one."""
    headers = {"PAYMENT-SIGNATURE": payment or await signed(buyer), "Idempotency-Key": key, **more}
    async with httpx.AsyncClient(timeout=60) as http:
        return await http.post(buyer.url + TOOL_PATH, json={"VideoUrl": video}, headers=headers)


def new_key() -> str:
    return uuid.uuid4().hex


async def test_new_payment_under_the_same_key_gets_the_answer_and_moves_no_money(service: Service, videos: str) -> None:
    key = new_key()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        first = await call(buyer, f"{videos}/face.mp4", key)
        assert first.status_code == 200, first.text
        unused = await signed(buyer)
        again = await call(buyer, f"{videos}/face.mp4", key, unused)
        assert (again.status_code, again.text) == (200, first.text)
        assert again.headers["PAYMENT-RESPONSE"] == first.headers["PAYMENT-RESPONSE"]
        assert await balance(buyer, service) == 4_800_000
        # The second payment is unharmed: under a key of its own it buys.
        other = await call(buyer, f"{videos}/attack.mp4", new_key(), unused)
        assert other.status_code == 200
        assert await balance(buyer, service) == 4_600_000


async def test_same_key_with_another_body_is_refused(service: Service, videos: str) -> None:
    key = new_key()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        assert (await call(buyer, f"{videos}/face.mp4", key)).status_code == 200
        refused = await call(buyer, f"{videos}/attack.mp4", key)
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
        assert refused.json()["charged"] is False
        assert await balance(buyer, service) == 4_800_000


async def test_failed_call_frees_its_key(service: Service, videos: str) -> None:
    key = new_key()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        failed = await call(buyer, f"{videos}/none.mp4", key)
        bought = await call(buyer, f"{videos}/face.mp4", key)
        assert (failed.status_code, bought.status_code) == (424, 200)
        assert await balance(buyer, service) == 4_800_000


async def test_key_belongs_to_its_payer(service: Service, videos: str) -> None:
    key = new_key()
    async with Buyer(service.url) as one, Buyer(service.url) as other:
        await one.fund()
        await other.fund()
        first, second = await call(one, f"{videos}/face.mp4", key), await call(other, f"{videos}/face.mp4", key)
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json()["requestId"] != second.json()["requestId"]
        assert await balance(other, service) == 4_800_000


async def test_forged_payment_gets_no_answer_by_key(service: Service, videos: str) -> None:
    """Only a signature that the facilitator verifies shows that its sender is the payer."""
    key = new_key()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        assert (await call(buyer, f"{videos}/face.mp4", key)).status_code == 200
        forged = json.loads(base64.b64decode(await signed(buyer)))
        forged["payload"]["signature"] = "0x" + "11" * 65
        refused = await call(buyer, f"{videos}/face.mp4", key, base64.b64encode(json.dumps(forged).encode()).decode())
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")


async def test_many_payments_at_once_under_one_key_are_charged_once(service: Service, videos: str) -> None:
    key = new_key()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        payments = [await signed(buyer) for _ in range(12)]
        answers = await asyncio.gather(*[call(buyer, f"{videos}/face.mp4", key, each) for each in payments])
        assert {each.status_code for each in answers} <= {200, 409}, [each.text for each in answers]
        assert {each.json()["code"] for each in answers if each.status_code == 409} <= {"payment_in_use"}
        assert await balance(buyer, service) == 4_800_000
        last = [await call(buyer, f"{videos}/face.mp4", key, each) for each in payments]
        assert {each.status_code for each in last} == {200}
        assert len({each.json()["requestId"] for each in last}) == 1
        assert await balance(buyer, service) == 4_800_000


async def test_job_and_call_share_the_key(service: Service, videos: str) -> None:
    key = new_key()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        bought = await call(buyer, f"{videos}/face.mp4", key)
        job = await call(buyer, f"{videos}/face.mp4", key, Prefer="respond-async")
        assert job.status_code == 202, job.text
        async with httpx.AsyncClient() as http, asyncio.timeout(30):
            while (found := (await http.get(job.headers["Location"])).json())["status"] != "done":
                assert found["status"] in ("queued", "working"), found
        assert found["result"] == bought.json()
        assert await balance(buyer, service) == 4_800_000
