"""Tests of the route of the public keys."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from alive402.http.discovery.well_known import router
from tests.payments.prepaid.signing import keys

pytestmark = pytest.mark.anyio


async def test_jwks_holds_the_public_keys_and_may_be_cached() -> None:
    app, signing = FastAPI(), keys()
    app.include_router(router(signing))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host.example") as client:
        answer = await client.get("/.well-known/jwks.json")
    assert answer.json() == signing.jwks()
    assert "max-age" in answer.headers["cache-control"]
    assert not any("d" in key for key in answer.json()["keys"])
