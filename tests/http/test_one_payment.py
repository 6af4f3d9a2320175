"""Tests of one hundred concurrent uses of one payment, over HTTP and MCP: one analysis, one charge, one answer."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer
from tests.http.conftest import Service
from tests.http.prepaying import balance, paid
from tests.http.routes.test_mcp import TOOL, connected, signed
from tests.http.routes.test_tools import BOUGHT

pytestmark = pytest.mark.anyio
USES = 100


async def over_http_and_mcp(service: Service, url: str, token: str) -> list[dict[str, Any]]:
    """The bodies of calls with one token: half over HTTP, a quarter by each revision of MCP."""
    limits = httpx.Limits(max_connections=USES)
    async with (
        httpx.AsyncClient(timeout=180, limits=limits, trust_env=False) as http,
        connected(service, "legacy") as before,
        connected(service, "2026-07-28") as today,
    ):

        async def over_http() -> dict[str, Any]:
            headers = {"X-Payment-Token": token}
            return dict((await http.post(service.url + TOOL_PATH, json={"VideoUrl": url}, headers=headers)).json())

        async def over_mcp(client: Any) -> dict[str, Any]:
            answer = await client.call_tool(TOOL, {"VideoUrl": url, "paymentToken": token})
            return dict(answer.structured_content)

        doors = [over_http, lambda: over_mcp(before), over_http, lambda: over_mcp(today)] * (USES // 4)
        return list(await asyncio.gather(*[door() for door in doors]))


async def test_hundred_uses_of_a_one_call_token_are_one_charge(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        bought = await paid(buyer, 1)
        before = await balance(buyer, service)
        bodies = await over_http_and_mcp(service, f"{videos}/face.mp4", bought["token"])
        good = [body for body in bodies if body["code"] == "200"]
        late = [body for body in bodies if body["code"] != "200"]
        assert good
        assert len({json.dumps(body, sort_keys=True) for body in good}) == 1
        assert {body["code"] for body in late} <= {"payment_in_use"}
        assert len(good) + len(late) == USES
        again = await over_http_and_mcp(service, f"{videos}/face.mp4", bought["token"])
        assert again == [good[0]] * USES
        assert await balance(buyer, service) == before
    with sqlite3.connect(service.database) as connection:
        uses = connection.execute("SELECT state FROM prepaid_uses WHERE prepayment_id = ?", [bought["paymentId"]])
        assert uses.fetchall() == [("spent",)]


async def test_hundred_uses_of_one_signature_are_one_charge(service: Service, videos: str) -> None:
    arguments = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        before, known = await balance(buyer, service), len(service.histories())
        payment: Any = await signed(buyer, await client.call_tool(TOOL))
        answers = await asyncio.gather(*[client.call_tool(TOOL, arguments, meta=payment) for _ in range(USES)])
        assert before - await balance(buyer, service) == 200_000
    good = [answer for answer in answers if not answer.is_error]
    late = [answer.structured_content for answer in answers if answer.is_error]
    assert good
    assert len({answer.content[0].text for answer in good}) == 1  # type: ignore[union-attr]
    assert {(body["code"], body["status"], body["retryAfter"]) for body in late} <= {("payment_in_use", 409, 2)}
    assert service.histories()[known:] == [BOUGHT]
