"""Tests of the security headers: on every response, with a policy for pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

from alive402.http.core.security_headers import POLICY, POLICY_WITH_SEARCH, SecurityHeaders

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
