"""Tests of the service over MCP with the official client: price, payment, progress and errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from x402 import x402Client
from x402.mcp import x402MCPClient
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequired

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.demo import Buyer
from alive402.mcp import paid_tool
from tests.http.conftest import Service, Start
from tests.http.prepaying import balance, paid, shown

pytestmark = pytest.mark.anyio
TOOL = "video_face_liveness_detection"
# The handshake of 2025 and before, and the revision of 2026 without sessions.
ERAS = ["legacy", "2026-07-28"]


def connected(service: Service, era: str = "auto") -> Client:
    return Client(f"{service.url}/mcp", mode=era, read_timeout_seconds=180)


def wallet(buyer: Buyer) -> x402Client:
    return register_exact_evm_client(x402Client(), EthAccountSigner(buyer.account))


async def signed(buyer: Buyer, unpaid: Any) -> dict[str, Any]:
    """The `_meta` that pays for an unpaid result."""
    payload = await wallet(buyer).create_payment_payload(PaymentRequired.model_validate(unpaid.structured_content))
    return {"x402/payment": payload.model_dump(mode="json", by_alias=True, exclude_none=True)}


def told(result: Any) -> dict[str, Any]:
    """The structured content of a result; checks that its text equals it and that it fits the tool's schema."""
    assert [json.loads(block.text) for block in result.content] == [result.structured_content]
    Draft202012Validator(paid_tool(LIVENESS).output_schema).validate(result.structured_content)
    return dict(result.structured_content)


@pytest.mark.parametrize("era", ERAS)
async def test_tool_matches_the_catalog(service: Service, era: str) -> None:
    async with connected(service, era) as client:
        tool, *others = (await client.list_tools()).tools
        (resource,) = (await client.list_resources()).resources
        (guide,) = (await client.read_resource(resource.uri)).contents
        with pytest.raises(MCPError, match=TOOL):
            await client.call_tool("another_tool", {})
        with pytest.raises(MCPError, match="alive402://guide"):
            await client.read_resource("alive402://secrets")
    assert [each.name for each in others] == [IMAGE_LIVENESS.tool_name, "face_challenge"]
    assert (tool.name, tool.title) == (TOOL, LIVENESS.name)
    assert tool.description is not None
    assert LIVENESS.description_for_model in tool.description
    assert LIVENESS.price in tool.description
    assert tool.input_schema["required"] == ["VideoUrl", "paymentToken", "idempotencyKey"]
    assert tool.input_schema["properties"]["VideoUrl"]["type"] == "string"
    assert tool.input_schema["properties"]["paymentToken"]["type"] == ["string", "null"]
    assert "format" not in json.dumps(tool.input_schema)
    assert tool.output_schema is not None
    assert tool.output_schema["properties"].items() >= LIVENESS.output_schema["properties"].items()
    assert tool.output_schema["type"] == "object"
    for schema in (tool.input_schema, tool.output_schema):
        Draft202012Validator.check_schema(schema)
    assert tool.annotations is not None
    assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (False, True)
    for words in (TOOL, LIVENESS.description, LIVENESS.paths[0], "paymentToken", "x402/payment"):
        assert words in guide.text  # type: ignore[union-attr]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("arguments", [None, {"VideoUrl": "http://example.com/v.mp4"}])
async def test_unpaid_call_returns_payment_requirements(
    service: Service, era: str, arguments: dict[str, Any] | None
) -> None:
    async with connected(service, era) as client:
        unpaid = await client.call_tool(TOOL, arguments)
    body = told(unpaid)
    assert unpaid.is_error
    assert PaymentRequired.model_validate(body).accepts[0].amount == "200000"
    assert body["resource"]["url"] == service.url + LIVENESS.paths[0]
    assert (body["code"], body["charged"], body["status"]) == ("payment_required", False, 402)
    assert (body["payment"]["amountCents"], body["payment"]["status"]) == (20, "required")


@pytest.mark.parametrize("era", ERAS)
async def test_x402_payment_buys_one_answer_with_progress(service: Service, videos: str, era: str) -> None:
    heard: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total == 1.0
        heard.append((progress, str(message)))

    arguments = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer, connected(service, era) as client:
        await buyer.fund()
        before = await balance(buyer, service)
        payment = await signed(buyer, await client.call_tool(TOOL, arguments))
        bought = await client.call_tool(TOOL, arguments, meta=payment, progress_callback=hear)  # type: ignore[arg-type]
        body = told(bought)
        assert not bought.is_error
        assert body["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
        assert body["data"]["Receipt"]
        receipt = bought.meta["x402/payment-response"]  # type: ignore[index]
        assert (receipt["success"], receipt["payer"], receipt["amount"]) == (True, buyer.account.address, "200000")
        mined = await buyer.rpc("eth_getTransactionReceipt", [receipt["transaction"]])
        assert mined["status"] == "0x1"
        again = await client.call_tool(TOOL, arguments, meta=payment)  # type: ignore[arg-type]
        assert told(again) == body
        assert again.meta["x402/payment-response"] == receipt  # type: ignore[index]
        other = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/attack.mp4"}, meta=payment)  # type: ignore[arg-type]
        assert (other.is_error, told(other)["code"]) == (True, "payment_spent")
        assert before - await balance(buyer, service) == 200_000
    shares = [share for share, _ in heard]
    assert shares == sorted(set(shares))
    assert heard[0] == (0.0, "Fetching the video")
    assert {message for _, message in heard} == {
        "Fetching the video",
        "Looking at the frames",
        "Weighing the evidence",
    }


async def test_payment_repeats_its_answer_over_http_and_mcp(service: Service, videos: str) -> None:
    url = f"{videos}/face.mp4"
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        payment = await signed(buyer, await client.call_tool(TOOL))
        bought = await client.call_tool(TOOL, {"VideoUrl": url}, meta=payment)  # type: ignore[arg-type]
        header = base64.b64encode(json.dumps(payment["x402/payment"]).encode()).decode()
        again = await buyer.send(url, header)
        assert (again.status_code, again.json()) == (200, told(bought))
        first = await buyer.pay(url)
        signature = json.loads(base64.b64decode(buyer.signature))
        second = await client.call_tool(TOOL, {"VideoUrl": url}, meta={"x402/payment": signature})  # type: ignore[typeddict-unknown-key]
        assert told(second) == first.json()


class _AsX402Calls:
    """Adapts the current MCP client to the types of mcp 1.x, which the x402 package expects."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call_tool(self, params: dict[str, Any], **_timeouts: Any) -> SimpleNamespace:
        result = await self._client.call_tool(params["name"], params["arguments"], meta=params.get("_meta"))
        content = [{"type": "text", "text": block.text} for block in result.content]  # type: ignore[union-attr]
        return SimpleNamespace(
            content=content, isError=result.is_error, structuredContent=result.structured_content, _meta=result.meta
        )


async def test_x402_mcp_client_pays(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        paying = x402MCPClient(_AsX402Calls(client), wallet(buyer))
        bought = await paying.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"})
        assert bought.payment_made
        assert bought.payment_response is not None
        assert bought.payment_response.success
        assert json.loads(bought.content[0]["text"])["code"] == "200"


@pytest.mark.parametrize("era", ERAS)
async def test_token_argument_pays(service: Service, videos: str, era: str) -> None:
    arguments = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer, connected(service, era) as client:
        bought = await paid(buyer, 2)
        named = {**arguments, "paymentToken": bought["token"], "idempotencyKey": "order 1"}
        first = await client.call_tool(TOOL, named)
        assert not first.is_error
        assert "x402/payment-response" not in (first.meta or {})
        assert told(await client.call_tool(TOOL, named)) == told(first)
        assert (await shown(service, bought["paymentId"]))["remainingCalls"] == 1
        failed = await client.call_tool(TOOL, {**named, "VideoUrl": f"{videos}/none.mp4", "idempotencyKey": "2"})
        assert (failed.is_error, told(failed)["code"], told(failed)["charged"]) == (True, "upstream_status", False)
        assert (await shown(service, bought["paymentId"]))["remainingCalls"] == 1
        over_http = await buyer.spend(f"{videos}/attack.mp4", bought["token"])
        assert over_http.status_code == 200
        spent = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/empty.mp4", "paymentToken": bought["token"]})
        assert (spent.is_error, told(spent)["code"]) == (True, "token_exhausted")
        assert told(spent)["payment"]["paymentId"] == bought["paymentId"]


async def test_token_header_pays(service: Service, videos: str) -> None:
    """The model then never sees the token."""
    async with Buyer(service.url) as buyer:
        bought = await paid(buyer, 1)
        async with httpx2.AsyncClient(headers={"X-Payment-Token": bought["token"]}, timeout=180) as http:
            transport = streamable_http_client(f"{service.url}/mcp", http_client=http)
            async with Client(transport) as client:
                answer = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"})
    assert not answer.is_error, answer.structured_content
    assert (await shown(service, bought["paymentId"]))["remainingCalls"] == 0


@pytest.mark.parametrize("name", ["none.mp4", "text.mp4", "empty.mp4"])
async def test_failed_call_keeps_the_payment_valid(service: Service, videos: str, name: str) -> None:
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        before = await balance(buyer, service)
        payment: Any = await signed(buyer, await client.call_tool(TOOL))
        failed = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/{name}"}, meta=payment)
        assert failed.is_error
        assert told(failed)["code"] in {"upstream_status", "unsupported_video", "no_face"}
        assert told(failed)["charged"] is False
        assert await balance(buyer, service) == before
        bought = await client.call_tool(TOOL, {"VideoUrl": f"{videos}/face.mp4"}, meta=payment)
        assert not bought.is_error
        assert before - await balance(buyer, service) == 200_000


@pytest.mark.parametrize(
    ("arguments", "meta", "code"),
    [
        ({"VideoUrl": 7}, {}, "invalid_input"),
        ({"VideoUrl": "ftp://example.com/v.mp4"}, {}, "invalid_url"),
        ({"videoUrl": "http://example.com/v.mp4"}, {}, "invalid_input"),
        ({"VideoUrl": "http://example.com/v.mp4", "paymentToken": 7}, {}, "invalid_input"),
        ({"VideoUrl": "http://example.com/v.mp4", "paymentToken": "p" * 200}, {}, "invalid_input"),
        ({"VideoUrl": "http://example.com/v.mp4", "paymentToken": "pt_nobodys"}, {}, "token_unknown"),
        ({"paymentToken": "pt_nobodys"}, {}, "invalid_input"),
        ({"VideoUrl": "http://example.com/v.mp4"}, {"x402/payment": {"x402Version": 2}}, "payment_malformed"),
        ({"VideoUrl": "http://example.com/v.mp4"}, {"x402/payment": "not base64"}, "payment_malformed"),
        ({"VideoUrl": "http://example.com/v.mp4"}, {"x402/payment": [7]}, "payment_malformed"),
        ({"VideoUrl": "http://example.com/v.mp4"}, {"x402/payment": {"more": "m" * 9000}}, "header_too_large"),
    ],
)
async def test_invalid_arguments_are_refused(
    service: Service, arguments: dict[str, Any], meta: dict[str, Any], code: str
) -> None:
    async with connected(service) as client:
        refused = await client.call_tool(TOOL, arguments, meta=meta)  # type: ignore[arg-type]
    assert (refused.is_error, told(refused)["code"], told(refused)["charged"]) == (True, code, False)


@pytest.fixture
def plain() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as http:
        yield http


def test_foreign_origin_is_refused_on_loopback(service: Service, plain: httpx.Client) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    rebound = plain.post(f"{service.url}/mcp", json=asked, headers={**headers, "Host": "evil.example"})
    foreign = plain.post(f"{service.url}/mcp", json=asked, headers={**headers, "Origin": "http://evil.example"})
    assert (rebound.status_code, foreign.status_code) == (421, 403)
    huge = plain.post(f"{service.url}/mcp", content=b'"' + b"x" * 70_000 + b'"', headers=headers)
    assert huge.status_code == 413
    streamed = plain.post(f"{service.url}/mcp", content=iter([b'"', b"x" * 70_000, b'"']), headers=headers)
    assert streamed.status_code == 413
    words = [refused.json()["error"]["message"] for refused in (rebound, foreign, huge, streamed)]
    assert words[0].startswith("The Host is not")
    assert words[1].startswith("The Origin is not")
    assert words[2] == words[3]
    assert words[2].startswith("The request is larger than 65536 bytes.")


async def test_public_server_accepts_its_host_name(start: Start) -> None:
    public = start(public_url="https://liveness.example/")
    async with connected(public) as client:
        body = told(await client.call_tool(TOOL))
    assert body["resource"]["url"] == "https://liveness.example" + LIVENESS.paths[0]
