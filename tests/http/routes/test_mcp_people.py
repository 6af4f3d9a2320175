"""Tests of tool calls that a person pays: the client shows a URL, and repeats the call with its state."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp_types import ElicitRequestURLParams, ElicitResult, InputRequiredResult

from alive402.demo import Buyer
from alive402.http.routes import mcp_people
from tests.http.conftest import Service
from tests.http.prepaying import balance
from tests.http.routes.test_mcp import TOOL, connected, told

pytestmark = pytest.mark.anyio
PRICE = 200_000


class Person:
    """A person at a client that opens URLs: does `action`, and pays with `buyer` if it is to accept."""

    def __init__(self, buyer: Buyer, action: str = "accept", pays: bool = True) -> None:
        self.buyer, self.action, self.pays = buyer, action, pays
        self.shown: list[ElicitRequestURLParams] = []
        self.paying: list[asyncio.Task[httpx.Response]] = []

    async def answer(self, _context: Any, params: Any) -> ElicitResult:
        self.shown.append(params)
        if self.action == "accept" and self.pays:
            self.paying.append(asyncio.ensure_future(self.buyer._paying.post(params.url)))
        return ElicitResult(action=self.action)  # type: ignore[arg-type]

    def client(self, service: Service, era: str = "2026-07-28") -> Client:
        return Client(f"{service.url}/mcp", mode=era, read_timeout_seconds=180, elicitation_callback=self.answer)


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_people, "POLL_SECONDS", 0.05)


@pytest.mark.usefixtures("briefly")
async def test_person_pays_and_the_call_is_answered_once(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        person = Person(buyer)
        async with person.client(service) as client:
            bought = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"})
        body = told(bought)
        assert body["code"] == "200", body
        (shown,) = person.shown
        assert (shown.mode, shown.message.partition(" for")[0]) == ("url", "Pay USD 0.20")
        assert shown.url.startswith(f"{service.url}/api/payments/")
        assert (await person.paying[0]).status_code == 200
        assert await balance(buyer, service) == 5_000_000 - PRICE


@pytest.mark.usefixtures("briefly")
async def test_call_repeated_with_its_state_is_charged_once(service: Service, videos: str) -> None:
    arguments = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        person = Person(buyer)
        async with person.client(service) as client, connected(service, "2026-07-28") as other:
            call = client.session.call_tool
            asked = await call(TOOL, arguments, allow_input_required=True)
            assert isinstance(asked, InputRequiredResult)
            assert asked.input_requests is not None
            (request,) = asked.input_requests.values()
            url = request.params.url  # type: ignore[union-attr]
            assert (await buyer._paying.post(url)).status_code == 200
            first = await call(TOOL, arguments, request_state=asked.request_state)
            again = await call(TOOL, arguments, request_state=asked.request_state)
            # The state is enough, whichever client sends it.
            elsewhere = await other.session.call_tool(TOOL, arguments, request_state=asked.request_state)
            other_video = await call(TOOL, {"VideoUrl": f"{videos}/attack.mp4"}, request_state=asked.request_state)
        assert told(first) == told(again) == told(elsewhere)
        assert told(first)["code"] == "200"
        assert told(other_video)["code"] == "token_exhausted"
        assert await balance(buyer, service) == 5_000_000 - PRICE


async def test_unpaid_call_waits_without_asking_again(
    service: Service, videos: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_people, "POLL_SECONDS", 100.0)
    async with Buyer(service.url) as buyer, Person(buyer).client(service) as client:
        call = client.session.call_tool
        arguments = {"VideoUrl": f"{videos}/face.mp4"}
        asked = await call(TOOL, arguments, allow_input_required=True)
        assert isinstance(asked, InputRequiredResult)
        waiting = await call(TOOL, arguments, request_state=asked.request_state, allow_input_required=True)
        assert isinstance(waiting, InputRequiredResult)
        assert (waiting.input_requests, waiting.request_state) == (None, asked.request_state)


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_declined_payment_is_a_refusal_with_terms(service: Service, videos: str, action: str) -> None:
    async with Buyer(service.url) as buyer:
        person = Person(buyer, action)
        async with person.client(service) as client:
            refused = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"})
    body = told(refused)
    assert (refused.is_error, body["code"], body["charged"]) == (True, "payment_required", False)
    assert body["accepts"]
    assert "declined" in body["message"]
    assert len(person.shown) == 1


@pytest.mark.parametrize("state", ["", "x", "0" * 32 + " pt_" + "a" * 43])
async def test_foreign_state_is_refused(service: Service, videos: str, state: str) -> None:
    async with connected(service, "2026-07-28") as client:
        refused = await client.session.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"}, request_state=state)
    assert refused.is_error
    assert told(refused)["code"] in {"token_unknown", "no_such_payment"}


async def test_others_get_the_terms(service: Service, videos: str) -> None:
    arguments = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer:
        person = Person(buyer)
        async with person.client(service, "legacy") as before, person.client(service) as today:
            # An older revision has no such result; no input asks for the price; a payment or a token says how to pay.
            results = [
                await before.call_tool(TOOL, arguments),
                await today.call_tool(TOOL, {}),
                await today.call_tool(TOOL, {**arguments, "paymentToken": "pt_unknown"}),
            ]
    assert [told(each)["code"] for each in results] == ["payment_required", "payment_required", "token_unknown"]
    assert person.shown == []
