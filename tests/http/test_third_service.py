"""Tests of an invented third service, defined in one module: every surface and every API offers it."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from alibabacloud_tea_openapi.models import OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client

from alive402.catalog import SITE, facts_of, surfaces_of
from alive402.cli.receipt import _sentences
from alive402.demo import Buyer
from alive402.http.alibaba.rpc import VERSION
from alive402.mcp import local_server
from alive402.mcp.local import guide_of
from alive402.payments.keys import Scope
from alive402.receipts import contradiction, verified
from alive402.services import DEFINITIONS, SERVICES, on_this_machine
from tests.http.access_keys import V3, made, sdk
from tests.http.conftest import Service, Start
from tests.http.invented_service import DEFINITION
from tests.http.invented_service import SERVICE as INVENTED
from tests.http.routes.test_jobs import ended

pytestmark = pytest.mark.anyio
PATH = DEFINITION.paths[0]
TEXT = {"Text": "Hello, world"}
REPORT = {"verdict": "short", "letters": 10, "sha256": hashlib.sha256(b"Hello, world").hexdigest()}
KNOWN = (*SERVICES, INVENTED)


@pytest.fixture(scope="module")
def selling(start: Start) -> Service:
    """A service that sells all three services."""
    return start(offered=KNOWN, services=[each.id for each in (*DEFINITIONS, DEFINITION)])


def answered(body: dict[str, Any]) -> dict[str, Any]:
    """The data of an answer, after checks."""
    Draft202012Validator(DEFINITION.output_schema).validate(body)
    data: dict[str, Any] = body["data"]
    assert (data["Action"], data["Result"]) == ("MeasureText", "short")
    assert (data["Elements"], data["Measure"]) == ([{"Letters": 10}], REPORT)
    return data


async def test_every_surface_describes_the_service(selling: Service) -> None:
    async with httpx.AsyncClient() as http:
        for surface in (*SITE, *surfaces_of(DEFINITION)):
            text = (await http.get(selling.url + surface.path)).text
            assert [fact for fact, words in facts_of(DEFINITION, surface.says).items() if words not in text] == []
        audit = (await http.get(f"{selling.url}/api/discovery/audit", timeout=60)).json()
        found = (await http.get(f"{selling.url}/api/catalog/search", params={"q": "digest of a text"})).json()
        openapi = (await http.get(f"{selling.url}/openapi.json")).json()
        page = await http.get(selling.url + DEFINITION.page)
        privacy = await http.get(f"{selling.url}/privacy")
    assert audit["ok"] is True
    assert found["services"][0]["id"] == DEFINITION.id
    assert openapi["paths"][PATH]["post"]["operationId"] == DEFINITION.tool_name
    assert "said.data.Measure.verdict" in page.text
    assert "data-try" not in page.text
    assert privacy.status_code == 200


async def test_paid_call_returns_answer_receipt_and_report(selling: Service) -> None:
    async with Buyer(selling.url) as buyer, httpx.AsyncClient() as http:
        await buyer.fund()
        bought = await buyer.buy(TEXT, PATH)
        assert bought.status_code == 200, bought.text
        body = bought.json()
        data = answered(body)
        assert "PAYMENT-RESPONSE" in bought.headers
        jwks = (await http.get(f"{selling.url}/.well-known/jwks.json")).json()
        report = await http.get(body["reportUrl"])
    claims = verified(data["Receipt"], jwks)
    assert (claims["requestId"], claims["verdict"]) == (body["requestId"], "short")
    assert (claims["textSha256"], claims["letters"]) == (REPORT["sha256"], 10)
    assert (claims["payment"]["payer"], claims["payment"]["amount"]) == (buyer.account.address, "10000")
    assert contradiction(body, claims, (DEFINITION,), selling.url) is None
    altered = {**body, "data": {**data, "Measure": {**REPORT, "letters": 11}}}
    assert contradiction(altered, claims, (DEFINITION,)) == "letters"
    # The command line checks it without the service's code.
    assert contradiction(altered, claims, DEFINITIONS) == "data"
    assert f"text       sha256 {REPORT['sha256']}" in _sentences(claims)
    assert report.status_code == 200
    for words in ("<h2>10 letters</h2>", 'class="answer short"', str(REPORT["sha256"]), "USD 0.01", DEFINITION.name):
        assert words in report.text


async def test_job_returns_the_answer(selling: Service) -> None:
    _, key = await selling.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    async with httpx.AsyncClient() as http:
        headers = {"X-Api-Key": key, "Prefer": "respond-async"}
        accepted = await http.post(selling.url + PATH, json=TEXT, headers=headers)
        assert accepted.status_code == 202, accepted.text
        job = await ended(http, accepted.json()["statusUrl"])
    answered(job.json()["result"])


async def test_token_pays_over_http_and_mcp(selling: Service) -> None:
    heard: list[str] = []

    async def hear(_progress: float, _total: float | None, message: str | None) -> None:
        heard.append(str(message))

    async with Buyer(selling.url) as buyer, httpx.AsyncClient() as http, Client(f"{selling.url}/mcp") as client:
        await buyer.fund()
        paid = (await buyer.prepay(2, serviceId=DEFINITION.id)).json()
        assert (paid["serviceId"], paid["amountCents"], paid["remainingCalls"]) == (DEFINITION.id, 2, 2)
        spent = await http.post(selling.url + PATH, json=TEXT, headers={"X-Payment-Token": buyer.token})
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        (guide,) = (await client.read_resource("alive402://guide")).contents
        unpaid = await client.call_tool(DEFINITION.tool_name, TEXT)
        called = await client.call_tool(
            DEFINITION.tool_name, {**TEXT, "paymentToken": buyer.token}, progress_callback=hear
        )
    answered(spent.json())
    assert tools[DEFINITION.tool_name].title == DEFINITION.name
    assert DEFINITION.reading in guide.text  # type: ignore[union-attr]
    assert unpaid.structured_content["code"] == "payment_required"  # type: ignore[index]
    answered(called.structured_content)  # type: ignore[arg-type]
    assert heard == ["Counting the letters"]


def test_alibaba_sdk_gets_the_answer(selling: Service) -> None:
    action = Params(
        action=DEFINITION.action,
        version=VERSION,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    answer = sdk(selling, made(selling), V3).call_api(
        action, OpenApiRequest(body=TEXT), RuntimeOptions(no_proxy="127.0.0.1")
    )
    assert answer["statusCode"] == 200
    assert answer["body"]["Data"] == {"Elements": [{"Letters": 10}]}
    assert answer["headers"]["x-alive402-verdict"] == "short"
    assert answer["headers"]["x-alive402-receipt"].count(".") == 2


async def test_local_mcp_server_answers_free() -> None:
    local = on_this_machine(KNOWN)
    async with Client(local_server(local)) as client:
        called = await client.call_tool(DEFINITION.tool_name, TEXT)
    answered(called.structured_content)  # type: ignore[arg-type]
    assert "It measures texts too." in guide_of(local)
