"""Tests of the discovery surfaces of a running service: content, agreement and links."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, SITE, ServiceDefinition, strict_schema, surfaces_of
from alive402.catalog.surfaces import ID, NAME, PRICE, WORDS
from alive402.demo import Buyer
from alive402.http.app import create_app
from alive402.http.wiring import assemble
from alive402.services import DEFINITIONS
from alive402.settings import Settings
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio
ENTRY = """id canonicalId internalServiceId name displayName description descriptionForModel category keywords useCases
limitations tags method endpoint legacyEndpoint endpointAliases inputTypes outputTypes inputSchema outputSchema
exampleRequest exampleResponse pricing payment quality discovery"""
QUALITY = """qualityScore healthStatus healthCheckedAt latencyMs successRate callCount executionCount successCount
errorCount paymentRequireds lastCallAt"""
DISCOVERY = """schemaVersion name description language audience baseUrl catalogUrl searchUrl openapiUrl
openaiFunctionsUrl servicesUrl agentGuideUrl apisJsonUrl apiCatalogUrl auditUrl mcp payment"""


@asynccontextmanager
async def selling(
    folder: Path, service: ServiceDefinition = LIVENESS, **changes: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A site with a changed definition of `service`, in process."""
    parts = await assemble(Settings(database_url=f"sqlite+aiosqlite:///{folder / 'ledger.db'}"))
    services = tuple(
        dataclasses.replace(calls, service=dataclasses.replace(calls.service, **changes))  # type: ignore[arg-type]
        if calls.service.id == service.id
        else calls
        for calls in parts.registry.services
    )
    registry = dataclasses.replace(parts.registry, services=services)
    app = create_app(dataclasses.replace(parts, registry=registry))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://alive.example") as http,
    ):
        yield http


async def test_audit_finds_no_fault(service: Service) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        audit = (await http.get(f"{service.url}/api/discovery/audit")).json()
    assert [each for each in audit["surfaces"] if not each["ok"]] == []
    assert audit["ok"] is True
    assert audit["total"] == len(SITE) + 2 * len(DEFINITIONS)
    assert audit["links"] > 20


async def test_audit_finds_a_wrong_surface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The surface is written by hand and lacks the price."""
    stale = [
        dataclasses.replace(each, render=lambda site: f"{site.services[0].name} {site.base}/gone")
        if each.path == "/llms.txt"
        else each
        for each in SITE
    ]
    monkeypatch.setattr("alive402.http.discovery.surfaces.SITE", tuple(stale))
    async with selling(tmp_path) as http:
        audit = (await http.get("/api/discovery/audit")).json()
    (bad,) = [each for each in audit["surfaces"] if not each["ok"]]
    assert bad["path"] == "/llms.txt"
    missing = [(each["serviceId"], each["fact"]) for each in bad["missing"]]
    assert {fact for service_id, fact in missing if service_id == LIVENESS.id} == {ID, WORDS, PRICE}
    assert {fact for service_id, fact in missing if service_id == IMAGE_LIVENESS.id} == {ID, NAME, WORDS, PRICE}
    assert bad["brokenLinks"] == ["https://alive.example/gone"]
    assert audit["ok"] is False


@pytest.mark.parametrize("service", DEFINITIONS, ids=lambda service: service.tool_name)
@pytest.mark.parametrize(
    ("fact", "changes", "words"),
    [
        (NAME, {"name": "Zebra detection"}, "Zebra detection"),
        (WORDS, {"description": "Tells whether a zebra was filmed from life."}, "whether a zebra was filmed from life"),
        (ID, {"id": "zebra-detection"}, "zebra-detection"),
        (PRICE, {"price_atomic": 1_230_000, "price_cents": 123}, "USD 1.23"),
    ],
)
async def test_changed_definition_changes_every_surface(
    tmp_path: Path, service: ServiceDefinition, fact: str, changes: dict[str, object], words: str
) -> None:
    changed = dataclasses.replace(service, **changes)  # type: ignore[arg-type]
    surfaces = [each for each in (*SITE, *surfaces_of(changed)) if fact in each.says]
    assert len(surfaces) >= 14
    async with selling(tmp_path, service, **changes) as http:
        for surface in surfaces:
            answer = await http.get(surface.path)
            assert (surface.path, words in answer.text) == (surface.path, True)
            assert service.name not in answer.text or fact != NAME, surface.path


async def test_catalog_entry_has_the_fields_of_importers(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        catalog = (await http.get(f"{service.url}/api/catalog")).json()
        services = (await http.get(f"{service.url}/api/services")).json()
    for entry, sold in zip(catalog["services"], DEFINITIONS, strict=True):
        assert set(ENTRY.split()) <= set(entry)
        assert set(entry["quality"]) == set(QUALITY.split())
        assert {"toolName", "searchText", "paymentFlow"} <= set(entry["discovery"])
        assert (entry["canonicalId"], entry["internalServiceId"]) == sold.ids
        assert (entry["pricing"]["amountCents"], entry["pricing"]["billingMode"]) == (sold.price_cents, "per_call")
        Draft202012Validator(entry["inputSchema"]).validate(entry["exampleRequest"])
        Draft202012Validator(entry["outputSchema"]).validate(entry["exampleResponse"])
    assert [each["id"] for each in services["services"]] == [each.id for each in DEFINITIONS]
    assert [each["pricing"]["amountCents"] for each in catalog["services"]][:2] == [20, 5]


async def test_discovery_document_and_guide_have_their_fields(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        told = (await http.get(f"{service.url}/.well-known/server402.json")).json()
        guide = (await http.get(f"{service.url}/api/agent-guide")).json()
    assert set(DISCOVERY.split()) <= set(told)
    assert told["schemaVersion"] == "server402.discovery.v1"
    assert told["mcp"]["transport"] == "streamable_http"
    assert {"type", "paymentHeader", "createPayment", "verifyPayment", "providers", "flow"} <= set(told["payment"])
    assert guide["schemaVersion"] == "server402.agent-guide.v1"
    assert {"name", "purpose", "endpoints", "workflow", "payment", "errorHandling", "notes"} <= set(guide)


async def test_indexes_follow_their_formats(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        linkset = await http.get(f"{service.url}/.well-known/api-catalog")
        sitemap = await http.get(f"{service.url}/sitemap.xml")
        robots = await http.get(f"{service.url}/robots.txt")
        functions = (await http.get(f"{service.url}/api/catalog/openai-functions.json")).json()
        root = await http.get(service.url)
    assert linkset.headers["content-type"].startswith("application/linkset+json;")
    assert any("service-desc" in each for each in linkset.json()["linkset"])
    places = [each.text for each in ElementTree.fromstring(sitemap.content).iter() if each.tag.endswith("loc")]
    assert {f"{service.url}/services/{each.id}" for each in DEFINITIONS} <= set(places)
    assert f"Sitemap: {service.url}/sitemap.xml" in robots.text
    for tool, each in zip(functions["tools"], DEFINITIONS, strict=True):
        assert (tool["type"], tool["function"]["name"]) == ("function", each.tool_name)
        assert tool["function"]["strict"] is True
        assert tool["function"]["parameters"] == strict_schema(each.input_schema)
    assert 'rel="api-catalog"' in root.headers["Link"]


@pytest.mark.parametrize(("sold", "service_id"), [(each, name) for each in DEFINITIONS for name in each.ids])
async def test_service_pages_answer_under_each_id(service: Service, sold: ServiceDefinition, service_id: str) -> None:
    async with httpx.AsyncClient() as http:
        page = await http.get(f"{service.url}/services/{service_id}")
        text = await http.get(f"{service.url}/services/{service_id}/llms.txt")
        none = await http.get(f"{service.url}/services/none/llms.txt")
    assert (page.status_code, text.status_code) == (200, 200)
    assert sold.description_for_model in text.text
    assert html.escape(sold.description, quote=False) in page.text
    assert (none.status_code, none.json()["code"]) == (404, "unknown_service")


async def test_quality_equals_the_measurements(start: Start, videos: str) -> None:
    own = start()
    async with Buyer(own.url) as buyer, httpx.AsyncClient() as http:

        async def quality() -> dict[str, object]:
            return dict((await http.get(f"{own.url}/api/catalog")).json()["services"][0]["quality"])

        unmeasured = await quality()
        assert (unmeasured["qualityScore"], unmeasured["successRate"], unmeasured["callCount"]) == (None, None, 0)
        await buyer.fund()
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        assert (await buyer.pay(f"{videos}/none.mp4")).status_code == 424
        measured = await quality()
    assert (measured["executionCount"], measured["successCount"], measured["errorCount"]) == (2, 1, 1)
    assert (measured["paymentRequireds"], measured["callCount"]) == (2, 5)
    assert measured["successRate"] == 0.5
    # A host that lacks the video is no fault of the service.
    assert measured["qualityScore"] is not None
    assert int(str(measured["latencyMs"])) > 0
    assert measured["lastCallAt"] is not None
    assert measured["healthStatus"] == "healthy"


@pytest.mark.parametrize("host", ["a b", "[", "x:port", "x:99999999", "<script>", 'x"y', "a@b", "a#b?c", "x" * 300])
async def test_invalid_host_header_appears_in_no_document(service: Service, host: str) -> None:
    async with httpx.AsyncClient() as http:
        for path in ("/", "/api/discovery/audit"):
            refused = await http.get(service.url + path, headers={"Host": host})
            # Some are refused before any of our code, some are passed over for the address that was connected to.
            assert (refused.status_code in {200, 400}, f"//{host}" in refused.text) == (True, False)


async def test_search_is_bounded(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        found = await http.get(f"{service.url}/api/catalog/search", params={"q": "视频活体检测", "limit": 1})
        refused = [
            await http.get(f"{service.url}/api/catalog/search", params=asked)
            for asked in ({"q": "a" * 501}, {"limit": "0"}, {"limit": "many"})
        ]
    assert [each["id"] for each in found.json()["services"]] == [LIVENESS.id]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(400, "invalid_input")] * 3
