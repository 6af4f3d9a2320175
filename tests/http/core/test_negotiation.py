"""Tests of content negotiation: `Accept`, weights, and the refusal of what no route answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from hypothesis import given
from hypothesis import strategies as st

from alive402.http.core import acceptable, errors
from alive402.http.core.negotiation import weights
from alive402.http.core.requests import Requests

pytestmark = pytest.mark.anyio
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


class Linkset(JSONResponse):
    media_type = "application/linkset+json"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(dependencies=[Depends(acceptable)])
    errors.install(app)
    kinds: dict[str, type[Response]] = {"json": JSONResponse, "linkset": Linkset, "text": PlainTextResponse}
    for name, kind in {**kinds, "page": HTMLResponse, "file": Response}.items():
        app.add_api_route(f"/{name}", lambda kind=kind: kind("{}"), response_class=kind)
    app.add_api_route("/hidden", lambda: PlainTextResponse(""), include_in_schema=False)
    transport = httpx.ASGITransport(Requests(app.build_middleware_stack()))
    async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/json", None),
        ("/json", ""),
        ("/json", "*/*"),
        ("/json", BROWSER),
        ("/json", "application/*;q=0.1"),
        ("/json", "application/vnd.oai.openapi+json;version=3.1"),
        ("/json", "APPLICATION/JSON"),
        ("/json", "application/json;q=high"),
        ("/linkset", "application/json"),
        ("/text", "text/markdown"),
        ("/page", "application/xhtml+xml"),
        ("/file", "video/mp4"),
        ("/hidden", "video/mp4"),
    ],
)
async def test_accepted_media_type_is_answered(client: httpx.AsyncClient, path: str, accept: str | None) -> None:
    del client.headers["accept"]
    answer = await client.get(path, headers={} if accept is None else {"Accept": accept})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "accept", "available"),
    [
        ("/json", "text/html", "application/json"),
        ("/json", "application/json;q=0", "application/json"),
        ("/json", "application/xml, text/*", "application/json"),
        ("/text", "text/event-stream", "text/plain"),
        ("/page", "application/json", "text/html"),
    ],
)
async def test_excluded_media_type_is_refused(
    client: httpx.AsyncClient, path: str, accept: str, available: str
) -> None:
    refused = await client.get(path, headers={"Accept": accept})
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
    assert refused.json()["details"] == {"available": [available]}


@given(st.text(alphabet='abq=;,*/. 0.5-"', max_size=60))
def test_every_header_has_weights(header: str) -> None:
    assert all(isinstance(each, float) for each in weights(header).values())
