"""Tests of the listing that the video service replaces: a buyer that knows only its text gets an answer.

The ids, paths, schemas and names below are the listing's, written out; nothing of them is imported from the catalog.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.demo import Buyer
from alive402.receipts import verified
from tests.http.conftest import Service, Start
from tests.http.prepaying import balance
from tests.http.routes.test_mcp import connected

pytestmark = pytest.mark.anyio

NAME = "Detect Video Living Face Face And Body Analysis"
ID, LEGACY = "video-face-liveness-detection", "aliyun-facebody-detect-video-living-face"
ENDPOINTS = [f"/api/tools/{ID}", f"/api/tools/{LEGACY}"]
MCP_TOOL = "video_face_liveness_detection"
ACTION = "检测视频中的人脸活体状态。"
KEYWORDS = """DetectVideoLivingFace, 阿里云人脸人体 视频活体检测, face detection, body detection, pose estimation,
face recognition, liveness detection, human analysis, detect, video, living, face"""
RPC_PARAMETERS = ["ImageURL", "ImageUrl", "Url", "URL", "JobId", "Tasks"]
INPUT = {
    "type": "object",
    "properties": {"VideoUrl": {"type": "string", "format": "uri"}},
    "required": ["VideoUrl"],
}
OUTPUT = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "content": {"type": "string"},
        "data": {"type": "object"},
        "message": {"type": "string"},
        "requestId": {"type": "string"},
    },
    "required": ["requestId", "data"],
}
EXAMPLE_REQUEST = {"VideoUrl": "https://example.com/video.mp4"}
EXAMPLE_ANSWER = {
    "code": "200",
    "content": "",
    "data": {"Action": "DetectVideoLivingFace", "Result": "The face in the video is alive."},
    "message": "success",
    "requestId": "7d3f0c52-6f0e-4b0e-9d0a-2f1f0c8f7a61",
}
PAYMENT = """paymentId serviceId internalServiceId amountCents currency billingMode maxCalls remainingCalls provider
providerId payTo clientId status expiresAt paidAt token"""


async def entry(service: Service) -> dict[str, Any]:
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{service.url}/api/catalog/search", params={"q": ID})).json()
    return dict(found["services"][0])


def bought(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer, after the checks that the listing's reader can make."""
    assert answer.status_code == 200, answer.text
    body = dict(answer.json())
    Draft202012Validator(OUTPUT).validate(body)
    assert (body["code"], body["message"], body["content"]) == ("200", "success", "")
    assert body["data"]["Action"] == "DetectVideoLivingFace"
    report = body["data"]["Liveness"]
    assert body["data"]["Result"] == f"{report['verdict']}, live confidence {report['live_confidence']}"
    return body


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_buyer_of_the_listing_signs(service: Service, videos: str, path: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await balance(buyer, service)
        unpaid = await buyer._plain.post(service.url + path, json=EXAMPLE_REQUEST)
        assert (unpaid.status_code, {"accepts", "error", "extensions", "payment"} - set(unpaid.json())) == (402, set())
        assert "PAYMENT-REQUIRED" in unpaid.headers
        bought(await buyer.pay(f"{videos}/face.mp4", path))
        assert before - await balance(buyer, service) == 200_000


@pytest.mark.parametrize("service_id", [ID, LEGACY])
async def test_buyer_of_the_listing_pays_ahead(service: Service, videos: str, service_id: str) -> None:
    body = {"VideoUrl": f"{videos}/face.mp4"}
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await balance(buyer, service)
        made = (await buyer._plain.post(f"{service.url}/api/payments", json={"serviceId": service_id})).json()
        assert set(PAYMENT.split()) <= set(made)
        assert (made["serviceId"], made["internalServiceId"], made["status"]) == (ID, LEGACY, "pending")
        assert (made["amountCents"], made["currency"], made["maxCalls"]) == (20, "USD", 1)
        assert (made["billingMode"], made["provider"]) == ("per_call", "x402_facilitator")
        token = {"X-Payment-Token": made["token"]}
        early = await buyer._plain.post(service.url + ENDPOINTS[0], json=body, headers=token)
        assert (early.status_code, early.json()["payment"]["status"]) == (402, "pending")
        assert (await buyer._paying.post(early.json()["payment"]["payUrl"])).status_code == 200
        state = (await buyer._plain.get(f"{service.url}/api/payments/{made['paymentId']}")).json()
        assert (state["status"], state["remainingCalls"], state["token"]) == ("paid", 1, None)
        bought(await buyer._plain.post(service.url + ENDPOINTS[0], json=body, headers=token))
        assert before - await balance(buyer, service) == 200_000


async def test_agent_of_the_listing_pays_by_the_mcp_argument(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, connected(service) as client:
        await buyer.fund()
        made = (await buyer._plain.post(f"{service.url}/api/payments", json={"serviceId": ID})).json()
        assert (await buyer._paying.post(made["payUrl"])).status_code == 200
        arguments = {"VideoUrl": f"{videos}/face.mp4", "paymentToken": made["token"]}
        answer = await client.call_tool(MCP_TOOL, arguments)
    assert not answer.is_error
    Draft202012Validator(OUTPUT).validate(answer.structured_content)
    assert answer.structured_content["data"]["Result"]  # type: ignore[index]


async def test_result_is_signed(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        data = bought(await buyer.pay(f"{videos}/face.mp4"))["data"]
        claims = verified(data["Receipt"], (await buyer._plain.get(f"{service.url}/.well-known/jwks.json")).json())

    def digest(values: dict[str, Any]) -> str:
        """The sha256 that docs/pay.md describes; no whole number here has a point."""
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(re.sub(r"(?<=\d)\.0(?=[,}\]])", "", text).encode()).hexdigest()

    signed = {name: value for name, value in data.items() if name != "Receipt"}
    assert claims["answerSha256"] == digest(signed)
    assert claims["answerSha256"] != digest({**signed, "Result": "spoof"})


async def test_schemas_and_examples_are_those_of_the_listing(service: Service) -> None:
    sold = await entry(service)
    given, said = sold["inputSchema"], sold["outputSchema"]
    assert (given["type"], given["required"]) == (INPUT["type"], INPUT["required"])
    assert given["properties"]["VideoUrl"].items() >= {"type": "string", "format": "uri"}.items()
    assert "http or https URL" in given["properties"]["VideoUrl"]["description"]
    assert [each for each in RPC_PARAMETERS if f"`{each}`" not in given["description"]] == []
    assert sold["exampleRequest"] == EXAMPLE_REQUEST
    Draft202012Validator(given).validate(EXAMPLE_REQUEST)
    assert said["required"] == OUTPUT["required"]
    Draft202012Validator(said).validate(EXAMPLE_ANSWER)
    Draft202012Validator(OUTPUT).validate(sold["exampleResponse"])
    assert isinstance(sold["exampleResponse"]["data"]["Result"], str)
    assert {"Result", "Elements", "Liveness"} <= set(said["properties"]["data"]["properties"])


@pytest.fixture(scope="module")
def fresh(start: Start) -> Service:
    """A service without calls: failed ones would lower its rank."""
    return start()


@pytest.mark.parametrize("query", [ID, LEGACY, NAME, ACTION, "DetectVideoLivingFace", *KEYWORDS.split(", ")[1:2]])
async def test_listing_is_found(fresh: Service, query: str) -> None:
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{fresh.url}/api/catalog/search", params={"q": query})).json()["services"]
    assert found[0]["id"] == ID
    assert NAME in found[0]["alternativeNames"]
    assert any(ACTION in each for each in found[0]["useCases"])
    assert set(re.split(r",\s+", KEYWORDS)) <= set(found[0]["keywords"])


@pytest.mark.parametrize("document", ["", "/llms.txt"])
async def test_page_and_llms_txt_state_the_listing(service: Service, document: str) -> None:
    async with httpx.AsyncClient() as http:
        text = html.unescape((await http.get(f"{service.url}/services/{ID}{document}")).text)
    plain = re.sub(r"`|<[^>]+>", "", text)
    expected = [
        NAME, ACTION, ID, LEGACY, MCP_TOOL, *ENDPOINTS, f"{service.url}/mcp", f"{service.url}/services/{ID}",
        f"{service.url}/openapi.json", f"/api/catalog/search?q={ID}", "USD 0.20", "per_call", "x402_facilitator",
        "POST /api/payments", f'serviceId="{ID}"', "X-Payment-Token", "PAYMENT-SIGNATURE", "paymentToken",
        *re.split(r",\s+", KEYWORDS),
    ]  # fmt: skip
    assert [each for each in expected if each not in plain] == []
    assert re.search(r"Max calls per payment\W*1\b", plain)
