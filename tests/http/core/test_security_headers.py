"""Tests of the security headers, with a policy for pages, and of CORS."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

from alive402.http.core.security_headers import POLICY, POLICY_WITH_SEARCH, CrossOrigin, SecurityHeaders

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>")

    @app.get("/search")
    async def search() -> HTMLResponse:
        return HTMLResponse("<form>", headers={"Content-Security-Policy": POLICY_WITH_SEARCH})

    @app.get("/json")
    async def document() -> JSONResponse:
        return JSONResponse({})

    transport = httpx.ASGITransport(SecurityHeaders(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "policy"), [("/page", POLICY), ("/search", POLICY_WITH_SEARCH), ("/json", None), ("/none", None)]
)
async def test_pages_get_a_policy(client: httpx.AsyncClient, path: str, policy: str | None) -> None:
    headers = (await client.get(path)).headers
    assert headers.get("content-security-policy") == policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_only_the_search_page_may_send_forms() -> None:
    assert "form-action 'none'" in POLICY
    assert "form-action 'self'" in POLICY_WITH_SEARCH
    assert "unsafe" not in POLICY + POLICY_WITH_SEARCH


SHOP = "https://shop.example"
SIGNED = "payment-signature, content-type, access-control-expose-headers"


def shared_by(*origins: str) -> httpx.AsyncClient:
    """A service that shares its routes with these origins."""
    app = FastAPI()

    @app.get("/{path:path}")
    async def document(path: str) -> JSONResponse:
        return JSONResponse({}, headers={"Vary": "Accept-Encoding"})

    return httpx.AsyncClient(transport=httpx.ASGITransport(CrossOrigin(app, origins)), base_url="http://host.example")


async def preflight(client: httpx.AsyncClient, path: str = "/api/jobs", headers: str = SIGNED) -> httpx.Response:
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return await client.options(path, headers=asked)


async def test_any_origin_may_call_and_read_payment_headers() -> None:
    async with shared_by("*") as client:
        answer = await client.get("/api/jobs", headers={"Origin": SHOP})
        cached, asked = await client.get("/api/jobs"), await preflight(client)
    for each in (answer, cached, asked):
        assert each.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in each.headers
    assert {"PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE", "Retry-After", "Mcp-Session-Id"} <= set(
        answer.headers["access-control-expose-headers"].split(", ")
    )
    assert (asked.status_code, asked.headers["access-control-allow-headers"]) == (204, SIGNED)
    assert {"GET", "POST", "DELETE"} <= set(asked.headers["access-control-allow-methods"].split(", "))
    assert int(asked.headers["access-control-max-age"]) >= 3600


async def test_only_named_origins_may_call() -> None:
    async with shared_by(SHOP, "http://localhost:3000") as client:
        ours = await client.get("/api/jobs", headers={"Origin": SHOP})
        others = [
            await client.get("/api/jobs", headers={"Origin": each})
            for each in ("https://other.example", "null", f"{SHOP}.evil.example", SHOP.upper())
        ]
        plain = await client.get("/api/jobs")
    assert ours.headers["access-control-allow-origin"] == SHOP
    for each in (*others, plain):
        assert "access-control-allow-origin" not in each.headers
    for each in (ours, *others, plain):
        assert each.headers["vary"] == "Accept-Encoding, Origin"


async def test_no_origin_may_call_when_none_is_named() -> None:
    async with shared_by() as client:
        answer, asked = await client.get("/api/jobs", headers={"Origin": SHOP}), await preflight(client)
    assert "access-control-allow-origin" not in answer.headers
    assert (asked.status_code, "access-control-allow-headers" in asked.headers) == (405, False)


@pytest.mark.parametrize("path", ["/ops", "/ops/sign-in", "/api/ops/summary", "/metrics", "/devchain/wallets"])
async def test_routes_of_the_operator_are_never_shared(path: str) -> None:
    async with shared_by("*") as client:
        answer, asked = await client.get(path, headers={"Origin": SHOP}), await preflight(client, path)
    assert "access-control-allow-origin" not in answer.headers
    assert (asked.status_code, "access-control-allow-origin" in asked.headers) == (405, False)


async def test_path_that_only_begins_like_the_operators_is_shared() -> None:
    async with shared_by("*") as client:
        assert (await client.get("/opsis")).headers["access-control-allow-origin"] == "*"


async def test_malformed_header_names_are_not_repeated() -> None:
    async with shared_by("*") as client:
        asked = await preflight(client, headers="a(b)")
    assert "access-control-allow-headers" not in asked.headers
