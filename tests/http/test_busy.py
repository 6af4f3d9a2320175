"""Tests of a full service: 503 with Retry-After on every API before any reservation, except for bought answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from eth_account import Account

from alive402.demo import TOOL_PATH, Buyer
from alive402.payments.keys import Scope
from tests.http.access_keys import detect, made, sdk
from tests.http.conftest import Service, Start
from tests.http.facilitators import running_facilitator
from tests.http.prepaying import paid, shown
from tests.http.routes.test_mcp import TOOL, connected, signed
from tests.http.routes.test_mcp_cancel import holding_host

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def small_service(start: Start) -> Service:
    """A service with one running call and one place in the queue."""
    return start(analyses_at_once=1, queue=1)


async def key_of(service: Service) -> dict[str, str]:
    return {"X-Api-Key": (await service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL]))[1]}


@asynccontextmanager
async def full(service: Service) -> AsyncIterator[None]:
    """Fill the service with calls of different keys until the block ends."""
    keys = [await key_of(service) for _ in range(service.parts.admission.capacity)]
    async with holding_host() as host, httpx.AsyncClient(timeout=60) as http:
        calls = [
            asyncio.create_task(http.post(service.url + TOOL_PATH, json={"VideoUrl": host.url}, headers=key))
            for key in keys
        ]
        await host.took(len(calls))
        assert not service.parts.admission.have_room
        yield
        host.hang_up()
        assert {(await call).json()["code"] for call in calls} == {"upstream_unreachable"}


async def test_busy_service_reserves_no_payment(small_service: Service, videos: str) -> None:
    body = {"VideoUrl": f"{videos}/face.mp4"}
    rpc = await asyncio.to_thread(made, small_service)
    async with (
        Buyer(small_service.url) as buyer,
        connected(small_service) as client,
        httpx.AsyncClient(timeout=60) as http,
    ):
        token = await paid(buyer, 1)
        payment: Any = await signed(buyer, await client.call_tool(TOOL))
        first = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/none.mp4"}, meta=payment)
        assert first.structured_content["code"] == "upstream_status"  # type: ignore[index]
        before = small_service.histories()
        async with full(small_service):
            for headers in (
                {"X-Payment-Token": token["token"]},
                await key_of(small_service),
                {"X-Payment-Token": token["token"], "Prefer": "respond-async"},
            ):
                busy = await http.post(small_service.url + TOOL_PATH, json=body, headers=headers)
                assert (busy.status_code, busy.json()["code"], busy.json()["charged"]) == (503, "busy", False)
                assert 1 <= int(busy.headers["Retry-After"]) <= 60
            told: Any = (await client.call_tool(TOOL, body, meta=payment)).structured_content
            assert (told["code"], told["status"], told["charged"]) == ("busy", 503, False)
            assert told["retryAfter"] >= 1
            refused = await asyncio.to_thread(rpc_code, small_service, rpc, body["VideoUrl"])
            assert refused == "ServiceUnavailable"
            # What is wrong is told all the same, and so is the price.
            assert (await http.post(small_service.url + TOOL_PATH, json=body)).status_code == 402
            wrong = await http.post(small_service.url + TOOL_PATH, json=body, headers={"X-Payment-Token": "none"})
            assert wrong.json()["code"] == "token_unknown"
            assert (await shown(small_service, token["paymentId"]))["remainingCalls"] == 1
            assert small_service.histories() == before
        bought = await client.call_tool(TOOL, body, meta=payment)
        assert not bought.is_error
        used = await buyer.spend(body["VideoUrl"], token["token"])
        assert used.status_code == 200
        async with full(small_service):
            again = await client.call_tool(TOOL, body, meta=payment)
            assert again.structured_content == bought.structured_content
            assert (await buyer.spend(body["VideoUrl"], token["token"])).json() == used.json()


def rpc_code(service: Service, key: dict[str, Any], url: str) -> str:
    with pytest.raises(Exception) as refused:  # noqa: PT011
        detect(sdk(service, key, None), url)
    return str(refused.value.code)  # type: ignore[attr-defined]


async def test_busy_service_does_not_call_the_facilitator(start: Start, videos: str) -> None:
    with running_facilitator() as facilitator:
        service = start(
            analyses_at_once=1,
            queue=0,
            network="base-sepolia",
            pay_to=Account.create().address,
            facilitator_url=facilitator.url,
            rpc_url=f"{facilitator.url}/devchain/rpc",
        )
        async with Buyer(service.url) as buyer:
            facilitator.chain.mint(buyer.account.address, 1_000_000)
            assert (await buyer.pay(f"{videos}/none.mp4")).status_code == 424
            asked = facilitator.verified
            async with full(service):
                busy = await buyer.send(f"{videos}/face.mp4", buyer.signature)
                assert (busy.status_code, busy.json()["code"]) == (503, "busy")
            assert facilitator.verified == asked
            assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200


async def test_one_payer_fills_at_most_half_of_the_queue(start: Start, videos: str) -> None:
    service = start(analyses_at_once=1, queue=4)
    greedy, other = await key_of(service), await key_of(service)
    async with holding_host() as host, httpx.AsyncClient(timeout=60) as http:

        async def ask(key: dict[str, str]) -> httpx.Response:
            return await http.post(service.url + TOOL_PATH, json={"VideoUrl": host.url}, headers=key)

        calls = [asyncio.create_task(ask(other))]
        await host.took(1)
        calls += [asyncio.create_task(ask(greedy)) for _ in range(4)]
        await host.took(4)
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result().json()["code"] for each in done] == ["busy"]
        assert service.parts.admission.have_room
        calls.append(asyncio.create_task(ask(other)))
        await host.took(5)
        assert not service.parts.admission.have_room
        host.hang_up()
        codes = sorted([(await call).json()["code"] for call in calls])
    assert codes == ["busy", *["upstream_unreachable"] * 5]
