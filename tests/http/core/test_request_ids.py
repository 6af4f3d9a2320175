"""Tests of request ids: one per request, also of an unexpected error, which becomes a 500."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from alive402.http.core.request_ids import Requests, route_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.get("/jobs/{job_id}")
    async def job(job_id: str, request: Request) -> dict[str, str]:
        return {"id": request.state.request_id, "route": route_of(request.scope)}

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("secret")

    transport = httpx.ASGITransport(Requests(app.build_middleware_stack()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
        yield client


async def test_response_has_the_id_of_its_request(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/jobs/7") for _ in range(3)]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert [answer.json() for answer in answers] == [{"id": each, "route": "/jobs/{job_id}"} for each in ids]
    assert len(set(ids)) == 3
    assert (await client.get("/nowhere")).headers["x-request-id"]


def test_unmatched_route_has_no_path_in_the_log() -> None:
    assert route_of({"type": "http", "path": "/secret"}) == "no route"


async def test_unexpected_error_is_a_500_without_its_message() -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise KeyError("secret")

    transport = httpx.ASGITransport(Requests(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
