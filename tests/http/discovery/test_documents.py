"""Tests of public documents over HTTP: entity tags, compression, and the links of RFC 9727."""

from __future__ import annotations

import gzip

import httpx
import pytest
from starlette.requests import Request

from alive402.http.discovery.documents import document
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
DOCUMENTS = (
    "/openapi.json",
    "/api/catalog/openai-functions.json",
    "/api/agent-guide",
    "/.well-known/server402.json",
    "/.well-known/api-catalog",
    "/.well-known/jwks.json",
    "/llms.txt",
    "/apis.json",
    "/sitemap.xml",
    "/accuracy",
    "/privacy",
    "/",
    "/services/video-face-liveness-detection",
    "/services/video-face-liveness-detection/llms.txt",
)


def request(**headers: str) -> Request:
    sent = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": sent})


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_unchanged_document_is_not_sent_again(service: Service, path: str) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        first = await http.get(path)
        head = await http.head(path)
        again = await http.get(path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
        changed = await http.get(path, headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == head.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert (head.status_code, head.content) == (200, b"")
    assert changed.content == first.content


@pytest.mark.parametrize("path", ["/openapi.json", "/llms.txt", "/"])
async def test_document_is_compressed_for_those_who_take_it(service: Service, path: str) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        packed = await http.get(path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
        plain = await http.get(path, headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_api_catalog_follows_rfc_9727(service: Service, method: str) -> None:
    async with httpx.AsyncClient() as http:
        shown = await http.request(method, f"{service.url}/.well-known/api-catalog")
    media_type = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, media_type)
    assert shown.headers["Link"] == f'<{service.url}/.well-known/api-catalog>; rel="api-catalog"'


def test_small_document_is_not_compressed() -> None:
    answer = document(request(accept_encoding="gzip"), "small", "text/plain", cached="no-cache")
    assert (answer.body, "content-encoding" in answer.headers) == (b"small", False)


def test_any_tag_matches_a_star() -> None:
    assert document(request(if_none_match="*"), b"x" * 2000, "text/plain", cached="no-cache").status_code == 304


def test_compression_is_reproducible() -> None:
    first, second = (
        document(request(accept_encoding="*"), b"x" * 2000, "text/plain", cached="no-cache").body for _ in range(2)
    )
    assert first == second
    assert gzip.decompress(bytes(first)) == b"x" * 2000
