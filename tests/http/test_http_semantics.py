"""Tests of HTTP's own rules on the running service: methods, media types, repeated headers, pages for people."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from alive402.demo import TOOL_PATH
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
VIDEO = {"VideoUrl": "https://example.com/v.mp4"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", TOOL_PATH, "POST, OPTIONS"),
        ("HEAD", TOOL_PATH, "POST, OPTIONS"),
        ("PUT", "/api/jobs/7", "GET, DELETE, HEAD, OPTIONS"),
        ("POST", "/api/uploads/7", "GET, DELETE, HEAD, OPTIONS"),
        ("POST", "/llms.txt", "GET, HEAD, OPTIONS"),
        ("DELETE", "/", "GET, POST, HEAD, OPTIONS"),
        ("GET", "/api/calls/7", "DELETE, OPTIONS"),
    ],
)
async def test_405_names_every_method_of_the_path(
    http: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    refused = await http.request(method, path)
    assert (refused.status_code, refused.headers["Allow"]) == (405, allowed)
    if method != "HEAD":
        assert refused.json()["code"] == "method_not_allowed"
    options = await http.request("OPTIONS", path)
    assert (options.status_code, options.headers["Allow"], options.content) == (204, allowed, b"")


async def test_head_of_an_unknown_job_is_404_without_a_body(http: httpx.AsyncClient) -> None:
    answer = await http.head("/api/jobs/7")
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("path", [TOOL_PATH, "/api/payments"])
@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Content-Type": "text/xml"}, b"<VideoUrl/>", 415, "unsupported_media_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"VideoUrl=x", 415, "unsupported_media_type"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Type": "application/json"}, b"{", 400, "invalid_json"),
        ({"Content-Type": "application/x402+json; charset=utf-8"}, b"{", 400, "invalid_json"),
        ({}, b"{", 400, "invalid_json"),
        ({}, b'{"VideoUrl": "https://a.example/", "VideoUrl": "https://b.example/"}', 400, "invalid_json"),
        ({}, b'{"Tasks": [{"a": 1, "b": {}, "a": 1}]}', 400, "invalid_json"),
        ({"Accept": "text/html"}, b"{}", 406, "not_acceptable"),
    ],
)
async def test_unusable_body_is_refused(
    http: httpx.AsyncClient, path: str, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    refused = await http.post(path, content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"], refused.json()["charged"]) == (status, code, False)


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain;charset=UTF-8", ""])
async def test_json_is_read_under_the_types_of_curl_and_browsers(http: httpx.AsyncClient, media_type: str) -> None:
    headers = {"Content-Type": media_type, "Content-Encoding": "identity"}
    assert (await http.post(TOOL_PATH, content=json.dumps(VIDEO), headers=headers)).status_code == 402


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ([("PAYMENT-SIGNATURE", "a"), ("payment-signature", "b")], "PAYMENT-SIGNATURE"),
        ([("PAYMENT-SIGNATURE", "a"), ("X-PAYMENT", "a")], "PAYMENT-SIGNATURE, X-PAYMENT"),
        ([("X-PAYMENT", "a"), ("X-PAYMENT", "a")], "X-PAYMENT"),
        ([("X-Payment-Token", "a"), ("X-Payment-Token", "b")], "X-Payment-Token"),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], "Authorization"),
        ([("Idempotency-Key", "a"), ("Idempotency-Key", "b")], "Idempotency-Key"),
    ],
)
async def test_second_payment_header_is_refused(
    http: httpx.AsyncClient, sent: list[tuple[str, str]], named: str
) -> None:
    refused = await http.post(TOOL_PATH, json=VIDEO, headers=sent)
    assert (refused.status_code, refused.json()["code"]) == (400, "header_repeated")
    assert (refused.json()["details"], refused.json()["charged"]) == ({"header": named}, False)


async def test_both_spellings_of_a_path_answer(service: Service, http: httpx.AsyncClient) -> None:
    asked = await http.post(f"{TOOL_PATH}/", json=VIDEO)
    assert (asked.status_code, asked.json()["resource"]["url"]) == (402, f"{service.url}{TOOL_PATH}")
    assert (await http.get("/api/catalog/")).status_code == 200
    assert (await http.get("/.well-known/jwks.json/")).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/services/unknown", "/reports/unknown", "/static/x/none.css"])
async def test_404_is_a_page_for_people_and_json_for_programs(http: httpx.AsyncClient, path: str) -> None:
    page, error = await http.get(path, headers=BROWSER), await http.get(path)
    assert (page.status_code, error.status_code) == (404, 404)
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>No " in page.text
    assert "To the services" in page.text
    assert error.json()["charged"] is False
    both = await http.get(path, headers={"Accept": "application/json, text/html, */*"})
    assert both.json()["code"] == error.json()["code"]
