"""Tests of the rate limits of failed calls, which are free: by payer, key and address."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from pydantic import ValidationError

from alive402.demo import TOOL_PATH, Buyer
from alive402.payments.core import PaymentsMisconfigured
from alive402.settings import Settings
from tests.http.access_keys import credited, made
from tests.http.alibaba.test_objects import HOST, fields_of, refusal, upload_policy_for
from tests.http.alibaba.test_objects import post as post_object
from tests.http.conftest import Start

pytestmark = pytest.mark.anyio


async def test_failures_are_limited_per_payer(start: Start, videos: str) -> None:
    strict = start(free_failures_per_payer="2/hour", free_failures_per_address="100/hour")
    async with Buyer(strict.url) as buyer, Buyer(strict.url) as other:
        await buyer.fund()
        await other.fund()
        # Answers are not counted, however many.
        bought = [await buyer.pay(f"{videos}/face.mp4") for _ in range(3)]
        paid = buyer.signature
        assert {each.status_code for each in bought} == {200}
        for _ in range(2):
            assert (await buyer.pay(f"{videos}/none.mp4")).status_code == 424
        unused = buyer.signature
        known = len(strict.histories())
        refused = await buyer.send(f"{videos}/face.mp4", unused)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failures")
        assert refused.json()["charged"] is False
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert len(strict.histories()) == known
        again = await buyer.send(f"{videos}/face.mp4", paid)
        assert (again.status_code, again.text) == (200, bought[2].text)
        assert (await other.pay(f"{videos}/face.mp4")).status_code == 200
        unpaid = await buyer.ask(f"{videos}/face.mp4")
        assert unpaid.status_code == 402


async def test_failures_are_limited_per_token(start: Start, videos: str) -> None:
    strict = start(free_failures_per_payer="2/hour", free_failures_per_address="100/hour")
    async with Buyer(strict.url) as buyer:
        await buyer.fund()
        await buyer.prepay(2)
        token = buyer.token
        bought = await buyer.spend(f"{videos}/face.mp4", token, Idempotency_Key="one")
        for _ in range(2):
            assert (await buyer.spend(f"{videos}/empty.mp4", token)).status_code == 422
        refused = await buyer.spend(f"{videos}/face.mp4", token)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failures")
        again = await buyer.spend(f"{videos}/face.mp4", token, Idempotency_Key="one")
        assert (again.status_code, again.text) == (200, bought.text)


async def test_failed_calls_limit_uploads_of_a_prepaid_key(start: Start, videos: str) -> None:
    strict = start(free_failures_per_payer="2/hour", free_failures_per_address="100/hour", upload_host=HOST)
    failing, other, own = made(strict, "--prepaid"), made(strict, "--prepaid"), made(strict)
    credited(strict, failing, 1)
    credited(strict, other, 1)
    async with httpx.AsyncClient(timeout=180) as http:

        async def call(key: dict[str, str], name: str) -> int:
            asked = {"VideoUrl": f"{videos}/{name}"}
            return (await http.post(strict.url + TOOL_PATH, json=asked, headers={"X-Api-Key": key["key"]})).status_code

        async def upload(key: dict[str, str]) -> httpx.Response:
            headers = {"X-Api-Key": key["key"], "Content-Type": "video/mp4"}
            return await http.post(f"{strict.url}/api/uploads", content=b"x", headers=headers)

        assert (await upload(failing)).status_code == 201
        given = upload_policy_for(strict, failing)
        assert [await call(failing, "none.mp4") for _ in range(2)] == [424, 424]
        assert [await call(own, "none.mp4") for _ in range(3)] == [424, 424, 424]
        refused = await upload(failing)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failures")
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert refusal(post_object(strict, fields_of(given))) == (429, "TooManyRequests")
        assert [(await upload(key)).status_code for key in (other, own)] == [201, 201]


@pytest.mark.parametrize("door", ["uploads", "bucket"])
async def test_failed_uploads_of_a_prepaid_key_count(start: Start, door: str) -> None:
    strict = start(free_failures_per_address="2/hour", upload_host=HOST, max_video_bytes=1_000)
    prepaid, own = made(strict, "--prepaid"), made(strict)
    credited(strict, prepaid, 1)
    async with httpx.AsyncClient(timeout=60) as http:

        async def upload(key: dict[str, str], size: int = 2_000) -> int:
            if door == "bucket":
                return post_object(strict, fields_of(given[key["id"]]), b"x" * size).status_code
            headers = {"X-Api-Key": key["key"], "Content-Type": "video/mp4"}
            sent = await http.post(f"{strict.url}/api/uploads", content=b"x" * size, headers=headers)
            return sent.status_code

        given = {key["id"]: upload_policy_for(strict, key) for key in (prepaid, own)}
        too_large = 400 if door == "bucket" else 413
        assert [await upload(own) for _ in range(3)] == [too_large] * 3
        assert [await upload(prepaid) for _ in range(3)] == [too_large, too_large, 429]
        # The operator's own systems are not limited.
        assert await upload(own, 10) in (201, 204)


async def test_failures_are_limited_per_address(start: Start, videos: str) -> None:
    strict = start(free_failures_per_payer="100/hour", free_failures_per_address="2/hour")
    for _ in range(2):
        async with Buyer(strict.url) as buyer:
            await buyer.fund()
            assert (await buyer.pay(f"{videos}/none.mp4")).status_code == 424
    async with Buyer(strict.url) as buyer:
        await buyer.fund()
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failures")


async def test_forged_payments_count_for_their_address_only(start: Start, videos: str) -> None:
    strict = start(free_failures_per_payer="1/hour", free_failures_per_address="3/hour")
    async with Buyer(strict.url) as victim:
        await victim.fund()
        assert (await victim.pay(f"{videos}/face.mp4")).status_code == 200
        payload = json.loads(base64.b64decode(victim.signature))
        payload["payload"]["authorization"]["nonce"] = "0x" + "22" * 32
        forged = base64.b64encode(json.dumps(payload).encode()).decode()
        for _ in range(2):
            assert (await victim.send(f"{videos}/face.mp4", forged)).json()["code"] == "payment_invalid"
        assert (await victim.pay(f"{videos}/attack.mp4")).status_code == 200
        assert (await victim.send(f"{videos}/face.mp4", forged)).json()["code"] == "payment_invalid"
        assert (await victim.send(f"{videos}/face.mp4", forged)).json()["code"] == "too_many_failures"
        asked = await victim._plain.post(
            f"{strict.url}/api/payments", json={"serviceId": "video-face-liveness-detection"}
        )
        ahead = await victim._paying.post(asked.json()["payUrl"])
        assert (ahead.status_code, ahead.json()["code"]) == (429, "too_many_failures")


async def test_only_a_trusted_proxy_sets_the_address(start: Start, videos: str) -> None:
    rates = {"free_failures_per_payer": "100/hour", "free_failures_per_address": "1/hour"}
    for trusted, code in (([], "too_many_failures"), (["127.0.0.0/8"], "upstream_status")):
        service = start(trusted_proxies=trusted, **rates)
        async with Buyer(service.url) as buyer, httpx.AsyncClient(timeout=180) as http:
            await buyer.fund()
            assert (await buyer.prepay(1)).status_code == 200
            seen = []
            # Two homes, and a second address of the first: by IPv6 a home has many.
            for address in ("2001:db8:1::1", "2001:db8:2::1", "2001:db8:1::2"):
                headers = {"X-Payment-Token": buyer.token, "X-Forwarded-For": f"203.0.113.9, {address}"}
                answer = await http.post(
                    service.url + TOOL_PATH, json={"VideoUrl": f"{videos}/none.mp4"}, headers=headers
                )
                seen.append(answer.json()["code"])
        assert seen == ["upstream_status", code, "too_many_failures"]


def test_invalid_rate_or_storage_stops_the_start(start: Start) -> None:
    with pytest.raises(ValidationError, match="is not a rate"):
        Settings(free_failures_per_payer="often")
    from alive402.calls import FreeFailures

    with pytest.raises(PaymentsMisconfigured, match="ALIVE402_LIMITS_URL"):
        FreeFailures("1/hour", "1/hour", "nowhere://")
