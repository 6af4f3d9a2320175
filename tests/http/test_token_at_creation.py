"""Tests of a token that exists before its payment is paid: when it is valid, and who else may pay or hold it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer, receipt
from tests.http.access_keys import balance as balance_of_key
from tests.http.access_keys import made as made_key
from tests.http.conftest import Service, Start
from tests.http.prepaying import SECRET, SERVICE, balance, paid, shown
from tests.http.routes.test_jobs import ended
from tests.http.routes.test_mcp import TOOL, connected, signed, told

pytestmark = pytest.mark.anyio
MP4 = {"Content-Type": "video/mp4"}


async def made(service: Service, calls: int = 1, **more: object) -> dict[str, Any]:
    """A pending payment with its token."""
    async with httpx.AsyncClient() as http:
        asked = await http.post(f"{service.url}/api/payments", json={"serviceId": SERVICE, "maxCalls": calls, **more})
    assert asked.status_code == 201, asked.text
    return dict(asked.json())


async def test_token_is_valid_once_anyone_paid(service: Service, videos: str) -> None:
    payment = await made(service, 2)
    async with Buyer(service.url) as holder, Buyer(service.url) as stranger:
        await stranger.fund()
        before = await holder.spend(f"{videos}/face.mp4", payment["token"])
        assert (before.status_code, before.json()["code"], before.json()["charged"]) == (402, "token_pending", False)
        assert (before.json()["payment"]["status"], before.json()["payment"]["amountCents"]) == ("pending", 40)
        settled = await stranger._paying.post(before.json()["payment"]["payUrl"])
        assert (settled.status_code, settled.json()["token"]) == (200, None)
        answer = await holder.spend(f"{videos}/face.mp4", payment["token"])
        assert answer.status_code == 200, answer.text
    assert (await shown(service, payment["paymentId"]))["remainingCalls"] == 1


async def test_payer_may_take_the_token_over(service: Service, videos: str) -> None:
    payment = await made(service)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        settled = await buyer.buy({"newToken": True}, payment["payUrl"].removeprefix(service.url))
        assert (settled.status_code, settled.json()["token"][:3]) == (200, "pt_"), settled.text
        first = await buyer.spend(f"{videos}/face.mp4", payment["token"])
        assert (first.status_code, first.json()["code"]) == (402, "token_unknown")
        assert (await buyer.spend(f"{videos}/face.mp4", settled.json()["token"])).status_code == 200


async def test_client_secret_keeps_strangers_from_paying(service: Service) -> None:
    payment = await made(service, clientSecret=SECRET)
    async with Buyer(service.url) as stranger:
        await stranger.fund()
        before = await balance(stranger, service)
        refused = await stranger._paying.post(payment["payUrl"])
        assert (refused.status_code, refused.json()["code"]) == (402, "token_mismatch")
        assert await balance(stranger, service) == before


@pytest.mark.parametrize("kind", ["pending", "unknown", "exhausted"])
async def test_official_client_pays_where_its_token_cannot(service: Service, videos: str, kind: str) -> None:
    """The client signs the 402 and repeats the call with both headers."""
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        token = "pt_none"
        if kind == "pending":
            token = (await made(service))["token"]
        if kind == "exhausted":
            token = (await paid(buyer, 1))["token"]
            assert (await buyer.spend(f"{videos}/attack.mp4", token)).status_code == 200
        before = await balance(buyer, service)
        headers, body = {"X-Payment-Token": token}, {"VideoUrl": f"{videos}/face.mp4"}
        answer = await buyer._paying.post(service.url + TOOL_PATH, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert receipt(answer).amount == "200000"
        assert before - await balance(buyer, service) == 200_000
        both = {**headers, "PAYMENT-SIGNATURE": buyer.signature}
        again = await buyer._plain.post(service.url + TOOL_PATH, json=body, headers=both)
        assert (again.status_code, again.text) == (200, answer.text)
        erased = await buyer._plain.delete(f"{service.url}/api/calls/{answer.json()['requestId']}", headers=both)
        assert erased.status_code == 204, erased.text


async def test_repeated_call_never_uses_the_token_as_well(service: Service, videos: str) -> None:
    payment = await made(service, 2)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        headers, body = {"X-Payment-Token": payment["token"]}, {"VideoUrl": f"{videos}/face.mp4"}
        answer = await buyer._paying.post(service.url + TOOL_PATH, json=body, headers=headers)
        both = {**headers, "PAYMENT-SIGNATURE": buyer.signature}
        assert (await buyer._paying.post(payment["payUrl"])).status_code == 200
        again = await buyer._plain.post(service.url + TOOL_PATH, json=body, headers=both)
        assert (again.status_code, again.text) == (200, answer.text)
        assert (await shown(service, payment["paymentId"]))["remainingCalls"] == 2
        # The signature is spent on that call; another one uses the token.
        other = await buyer._plain.post(
            service.url + TOOL_PATH, json={"VideoUrl": f"{videos}/attack.mp4"}, headers=both
        )
        assert (other.status_code, "PAYMENT-RESPONSE" in other.headers) == (200, False)
        assert (await shown(service, payment["paymentId"]))["remainingCalls"] == 1


async def test_spent_signature_beside_a_pending_token_is_refused(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        token = (await made(service))["token"]
        refused = await buyer.spend(f"{videos}/attack.mp4", token, PAYMENT_SIGNATURE=buyer.signature)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_spent")


async def test_job_and_upload_take_the_signature_too(service: Service, clips: Any) -> None:
    token = (await made(service))["token"]
    film = clips.bona_fide.read_bytes()
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        headers = {"X-Payment-Token": token}
        unpaid = await buyer._plain.post(f"{service.url}/api/uploads", content=film, headers={**headers, **MP4})
        assert (unpaid.status_code, unpaid.json()["code"]) == (402, "token_pending")
        sent = await buyer._paying.post(f"{service.url}/api/uploads", content=film, headers={**headers, **MP4})
        assert sent.status_code == 201, sent.text
        job = await buyer._plain.post(
            service.url + TOOL_PATH,
            json={"VideoUrl": sent.json()["url"]},
            headers={**headers, "PAYMENT-SIGNATURE": buyer.signature, "Prefer": "respond-async"},
        )
        assert job.status_code == 202, job.text
        done = await ended(buyer._plain, job.json()["statusUrl"])
    assert done.json()["result"]["code"] == "200"


async def test_mcp_takes_the_signature_beside_a_pending_token(service: Service, videos: str) -> None:
    arguments = {"VideoUrl": f"{videos}/face.mp4", "paymentToken": (await made(service))["token"]}
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        refused = await client.call_tool(TOOL, arguments)
        assert (refused.is_error, told(refused)["code"]) == (True, "token_pending")
        meta: Any = await signed(buyer, refused)
        assert not (await client.call_tool(TOOL, arguments, meta=meta)).is_error


async def test_unpaid_token_counts_no_failures(start: Start, videos: str) -> None:
    strict = start(free_failures_per_payer="1/hour", free_failures_per_address="1/hour")
    payment = await made(strict)
    async with Buyer(strict.url) as buyer:
        await buyer.fund()
        for _ in range(3):
            refused = await buyer.spend(f"{videos}/none.mp4", payment["token"])
            assert (refused.status_code, refused.json()["code"]) == (402, "token_pending")
        assert (await buyer._paying.post(payment["payUrl"])).status_code == 200
        assert (await buyer.spend(f"{videos}/face.mp4", payment["token"])).status_code == 200


async def test_credited_key_voids_the_token(service: Service, videos: str) -> None:
    key, payment = made_key(service, "--prepaid"), await made(service, 2)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        credited = await buyer.buy({"accessKeyId": key["accessKeyId"]}, payment["payUrl"].removeprefix(service.url))
        assert credited.status_code == 200, credited.text
        refused = await buyer.spend(f"{videos}/face.mp4", payment["token"])
        assert (refused.status_code, refused.json()["code"]) == (402, "token_unknown")
        body, mine = {"VideoUrl": f"{videos}/face.mp4"}, {"X-Api-Key": key["key"]}
        answer = await buyer._plain.post(service.url + TOOL_PATH, json=body, headers=mine)
        call = f"{service.url}/api/calls/{answer.json()['requestId']}"
        stranger = await buyer._plain.delete(call, headers={"X-Payment-Token": payment["token"]})
        assert (stranger.status_code, stranger.json()["code"]) == (404, "call_unknown")
    assert balance_of_key(service, key) == 1


async def test_pending_token_opens_no_answer(service: Service, videos: str) -> None:
    token = (await made(service))["token"]
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        request_id = (await buyer.pay(f"{videos}/face.mp4")).json()["requestId"]
        refused = await buyer._plain.delete(f"{service.url}/api/calls/{request_id}", headers={"X-Payment-Token": token})
    assert (refused.status_code, refused.json()["code"]) == (404, "call_unknown")


async def test_calls_that_race_the_payment_are_one_charge_and_one_answer(service: Service, videos: str) -> None:
    payment, url = await made(service), f"{videos}/face.mp4"
    async with Buyer(service.url) as buyer, Buyer(service.url) as other:
        await buyer.fund()
        await other.fund()
        before = [await balance(each, service) for each in (buyer, other)]
        answers = await asyncio.gather(
            *[each._paying.post(payment["payUrl"]) for each in (buyer, other)],
            *[buyer.spend(url, payment["token"]) for _ in range(20)],
        )
        codes = {each.json().get("code") for each in answers[2:]}
        assert codes <= {"200", "token_pending", "payment_in_use"}
        last = await buyer.spend(url, payment["token"])
        assert last.status_code == 200, last.text
        assert {each.text for each in answers[2:] if each.status_code == 200} <= {last.text}
        moved = sum(before) - sum([await balance(each, service) for each in (buyer, other)])
    assert moved == 200_000
    assert (await shown(service, payment["paymentId"]))["status"] == "exhausted"
