"""Tests of the middleware of every request: one id, HEAD, trailing slashes, and a 500 for unexpected errors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from alive402.http.core.requests import Requests, route_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(redirect_slashes=False)

    @app.get("/jobs/{job_id}")
    async def job(job_id: str, request: Request) -> dict[str, str]:
        return {"id": request.state.request_id, "route": route_of(request.scope)}

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("secret")

    async def plain(request: Request) -> JSONResponse:
        return JSONResponse({"route": route_of(request.scope)})

    app.router.routes += [Route("/mcp", plain), Route("/secrets/{secret}", plain)]
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


async def test_plain_route_is_named_unless_its_path_has_parameters(client: httpx.AsyncClient) -> None:
    routes = [(await client.get(path)).json()["route"] for path in ("/mcp", "/secrets/7")]
    assert routes == ["/mcp", "no route"]


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


async def test_browser_gets_a_page_for_an_unexpected_error_unless_the_page_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise KeyError("secret")

    def shown(_request: Request, answered: Response) -> Response:
        return HTMLResponse("a page", answered.status_code)

    def failing(_request: Request, _answered: Response) -> Response:
        raise KeyError("the same fault")

    found = {}
    for kind in (shown, failing):
        transport = httpx.ASGITransport(Requests(broken, kind))
        async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
            found[kind] = await client.get("/", headers={"Accept": "text/html"})
    assert {each.status_code for each in found.values()} == {500}
    assert found[shown].text == "a page"
    assert found[failing].json()["code"] == "internal_error"


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    shown, head = await client.get("/jobs/7"), await client.head("/jobs/7")
    assert (head.status_code, head.content) == (200, b"")
    same = ("content-type", "content-length")
    assert [head.headers[name] for name in same] == [shown.headers[name] for name in same]
    assert (await client.head("/nowhere")).status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/jobs/7/", 200), ("/jobs/7//", 404), ("//", 404), ("/jobs/", 404)])
async def test_one_trailing_slash_changes_nothing(client: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await client.get(path)).status_code == status
