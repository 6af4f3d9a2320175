"""Tests of buyers over MCP who send what a strict schema or an older library makes them send."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from x402.extensions.bazaar import validate_discovery_extension
from x402.http import x402HTTPClient

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, ServiceDefinition
from alive402.demo import Buyer
from tests.http.conftest import Service
from tests.http.prepaying import paid, shown
from tests.http.routes.test_mcp import TOOL, connected, signed, told, wallet

pytestmark = pytest.mark.anyio
ABSENT = [None, ""]


@pytest.mark.parametrize("absent", ABSENT)
async def test_null_and_empty_payment_arguments_are_absent(service: Service, videos: str, absent: str | None) -> None:
    strict = {"VideoUrl": f"{videos}/face.mp4", "paymentToken": absent, "idempotencyKey": absent}
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        unpaid = await client.call_tool(TOOL, strict)
        assert told(unpaid)["code"] == "payment_required"
        payment: Any = await signed(buyer, unpaid)
        bought = await client.call_tool(TOOL, strict, meta=payment)
        assert told(bought)["code"] == "200"
        # It is the same request as without them, so the same payment gets the same answer.
        again = await client.call_tool(TOOL, {"VideoUrl": strict["VideoUrl"]}, meta=payment)
        assert told(again) == told(bought)


async def test_token_pays_beside_a_null_idempotency_key(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, connected(service) as client:
        bought = await paid(buyer, 1)
        arguments = {"VideoUrl": f"{videos}/face.mp4", "paymentToken": bought["token"], "idempotencyKey": None}
        assert told(await client.call_tool(TOOL, arguments))["code"] == "200"
    assert (await shown(service, bought["paymentId"]))["remainingCalls"] == 0


@pytest.mark.parametrize("absent", ABSENT)
async def test_a_picture_may_have_a_null_form_beside_the_sent_one(service: Service, absent: str | None) -> None:
    """OpenAI's strict mode makes a model send both `ImageURL` and `ImageData`."""
    task = {"ImageURL": "http://example.com/face.jpg", "ImageData": absent}
    async with Buyer(service.url) as buyer, connected(service) as client:
        over_mcp = await client.call_tool(IMAGE_LIVENESS.tool_name, {"Tasks": [task]})
        over_http = await buyer._plain.post(service.url + IMAGE_LIVENESS.paths[0], json={"Tasks": [task]})
        neither = await client.call_tool(IMAGE_LIVENESS.tool_name, {"Tasks": [dict.fromkeys(task, absent)]})
    assert over_mcp.structured_content["code"] == "payment_required"  # type: ignore[index]
    assert (over_http.status_code, over_http.json()["code"]) == (402, "payment_required")
    assert neither.structured_content["code"] == "invalid_input"  # type: ignore[index]


@pytest.mark.parametrize("version", [1, 2])
async def test_payment_in_the_meta_of_x402_mcp(service: Service, videos: str, version: int) -> None:
    """The npm package x402-mcp sends the header's text, of x402 version 1, as `x402.payment`."""
    arguments = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        header = await signed_header(buyer, version)
        bought = await client.call_tool(TOOL, arguments, meta={"x402.payment": header})  # type: ignore[typeddict-unknown-key]
        assert told(bought)["code"] == "200"
        receipt = bought.meta["x402.payment-response"]  # type: ignore[index]
        assert (receipt["success"], receipt["payer"]) == (True, buyer.account.address)
        assert receipt == bought.meta["x402/payment-response"]  # type: ignore[index]


async def signed_header(buyer: Buyer, version: int) -> str:
    """The payment header of a version, for one call of the video service."""
    url = f"{buyer.url}/api/tools/video-face-liveness-detection?x402Version={version}"
    asked = await buyer._plain.post(url)
    paying = x402HTTPClient(wallet(buyer))
    headers, _payload = await paying.handle_402_response(dict(asked.headers), asked.content, url)
    (header,) = headers.values()
    return str(header)


@pytest.mark.parametrize("service_definition", [LIVENESS, IMAGE_LIVENESS], ids=lambda each: each.id)
async def test_bazaar_lists_each_tool_as_mcp(service: Service, service_definition: ServiceDefinition) -> None:
    async with connected(service) as client:
        unpaid = await client.call_tool(service_definition.tool_name, {})
    body: Any = unpaid.structured_content
    extension = body["extensions"]["bazaar"]
    said = extension["info"]["input"]
    assert (said["type"], said["toolName"]) == ("mcp", service_definition.tool_name)
    assert said["transport"] == "streamable-http"
    Draft202012Validator(extension["schema"]).validate(extension["info"])
    assert validate_discovery_extension(extension).valid
