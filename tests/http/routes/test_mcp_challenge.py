"""Tests of the free MCP tool that makes challenges: the payer of the paid tool, the person's page, the state."""

from __future__ import annotations

import json
from typing import Any

import httpx
import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from x402.schemas import PaymentRequired

from alive402.catalog import LIVENESS
from alive402.demo import Buyer, Clips
from alive402.mcp import CHALLENGE_TOOL, challenge_tool
from alive402.payments.keys import Scope
from tests.http.conftest import Service, Start
from tests.http.prepaying import balance, paid
from tests.http.routes.test_mcp import ERAS, TOOL, connected, signed

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def own_service(start: Start) -> Service:
    return start(challenges_open=6)


async def ask(client: Client, meta: dict[str, Any] | None = None, **arguments: Any) -> tuple[bool, dict[str, Any]]:
    """Whether the tool refused, and what it said; checks that both forms are equal and fit the schema."""
    result = await client.call_tool(CHALLENGE_TOOL, arguments, meta=meta)  # type: ignore[arg-type]
    said: Any = result.structured_content
    assert [json.loads(block.text) for block in result.content] == [said]  # type: ignore[union-attr]
    Draft202012Validator(challenge_tool(LIVENESS).output_schema).validate(said)
    return bool(result.is_error), said


@pytest.mark.parametrize("era", ERAS)
async def test_tool_says_how_an_agent_uses_it(own_service: Service, era: str) -> None:
    async with connected(own_service, era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        (guide,) = (await client.read_resource("alive402://guide")).contents
        tool = tools[CHALLENGE_TOOL]
        assert tool.description is not None
        assert tool.description.startswith("Free.")
        for words in ("captureUrl", "statusUrl", "ChallengeId", TOOL):
            assert words in tool.description
            assert words in guide.text  # type: ignore[union-attr]
        assert set(tool.input_schema["properties"]) == set(tool.input_schema["required"])
        assert "steps" not in tool.output_schema["properties"]  # type: ignore[index]
        refused, said = await ask(client)
    assert (refused, said["code"], said["charged"], said["status"]) == (True, "payment_required", False, 402)
    terms = PaymentRequired.model_validate(said)
    assert (terms.resource.url, terms.accepts[0].amount) == (own_service.url + LIVENESS.paths[0], "200000")  # type: ignore[union-attr]


async def test_payment_of_the_paid_tool_makes_a_challenge_and_is_not_charged(own_service: Service) -> None:
    async with Buyer(own_service.url) as buyer, connected(own_service) as client:
        await buyer.fund()
        token = (await paid(buyer, 1))["token"]
        before = await balance(buyer, own_service)
        payment = await signed(buyer, await client.call_tool(CHALLENGE_TOOL, {}))
        absent = dict.fromkeys(("challengeId", "steps", "avoid", "pace"))
        for meta, arguments in ((payment, {}), (None, {"paymentToken": token, "bind": "session 1", **absent})):
            refused, made = await ask(client, meta, **arguments)
            assert not refused, made
            assert "steps" not in made
            assert made["captureUrl"] == f"{own_service.url}/capture/{made['challengeId']}"
            assert (await ask(client, challengeId=made["challengeId"]))[1]["state"] == "issued"
        assert await balance(buyer, own_service) == before
        async with httpx.AsyncClient() as http:
            await http.post(f"{made['statusUrl']}/begin")
            film = {"Content-Type": "video/mp4"}
            clip = (await http.post(f"{made['statusUrl']}/clip", content=b"clip", headers=film)).json()
            state = (await http.get(made["statusUrl"])).json()
        filmed = (await ask(client, challengeId=made["challengeId"], paymentToken=""))[1]
        assert filmed == state
        assert (filmed["state"], filmed["uploadUrl"]) == ("filmed", clip["url"])


async def test_paid_tool_judges_the_clip_of_the_persons_page(own_service: Service, clips: Clips) -> None:
    async with Buyer(own_service.url) as buyer, connected(own_service) as client, httpx.AsyncClient(timeout=60) as http:
        payer = {"paymentToken": (await paid(buyer, 1))["token"]}
        _, made = await ask(client, bind="session 2", **payer)
        await http.post(f"{made['statusUrl']}/begin")
        film = {"content": clips.bona_fide.read_bytes(), "headers": {"Content-Type": "video/mp4"}}
        assert (await http.post(f"{made['statusUrl']}/clip", **film)).status_code == 201  # type: ignore[arg-type]
        _, state = await ask(client, challengeId=made["challengeId"])
        call = {"VideoUrl": state["uploadUrl"], "ChallengeId": made["challengeId"], **payer}
        for bind, code in (
            ("session 1", "challenge_unknown"),
            ("session 2", "clip_too_short"),
            ("session 2", "challenge_used"),
        ):
            answer: Any = (await client.call_tool(TOOL, {**call, "ChallengeBind": bind})).structured_content
            assert (answer["code"], answer["charged"]) == (code, False), answer
        _, state = await ask(client, challengeId=made["challengeId"])
        assert state["state"] == "used"
        assert (await client.call_tool(TOOL, {**payer})).is_error


async def test_wrong_arguments_and_too_many_challenges_are_refused(own_service: Service) -> None:
    _, key = await own_service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{own_service.url}/mcp", http_client=http)) as client,
    ):
        for arguments in (
            {"steps": 99},
            {"avoid": ["blink"]},
            {"avoid": "look_up"},
            {"pace": "fast"},
            {"begin": True},
            {"bind": "a" * 129},
            {"challengeId": 7},
            {"challengeId": "a" * 44},
            {"paymentToken": "\0"},
            {"steps": 8, "avoid": ["look_up", "look_down"]},
        ):
            refused, said = await ask(client, **arguments)
            assert (refused, said["code"], said["status"]) == (True, "invalid_input", 400), arguments
        for unknown in ("a" * 43, "x", "\0"):
            refused, said = await ask(client, challengeId=unknown)
            assert (refused, said["code"], said["status"]) == (True, "challenge_unknown", 404)
        made = [await ask(client) for _ in range(6)]
        assert [refused for refused, _ in made] == [False] * 5 + [True]
        refusal = made[-1][1]
        assert (refusal["code"], refusal["details"]) == ("too_many_challenges", {"reason": "unanswered"})
        assert 590 <= refusal["retryAfter"] <= 600
