"""Tests of the page of a challenge, without a browser; tests/web/test_capture.py films on it."""

from __future__ import annotations

import httpx
import pytest

from alive402.payments.keys import Scope
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def a_challenge(service: Service, http: httpx.AsyncClient, **options: object) -> dict[str, str]:
    _, key = await service.parts.registry.ledger_services.keys.create("page", [Scope.CALL])
    made = await http.post(f"{service.url}/api/challenges", json=options, headers={"X-Api-Key": key})
    return dict(made.raise_for_status().json())


async def test_page_says_who_asks_and_what_is_filmed(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        made = await a_challenge(service, http)
        page = await http.get(made["captureUrl"], headers=BROWSER)
        program = await http.get(made["captureUrl"])
    assert (page.status_code, program.status_code) == (200, 200)
    assert f'challenge="{made["challengeId"]}"' in page.text
    for words in (
        "Who asks",
        "What is filmed",
        "What happens to it",
        "deleted after 10 minutes",
        "js/alive-capture.js",
    ):
        assert words in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["permissions-policy"].startswith("camera=(self)")


async def test_challenge_that_is_over_or_unknown_has_a_page(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        begun = await a_challenge(service, http, begin=True)
        shown = await http.get(begun["captureUrl"], headers=BROWSER)
        program = await http.get(begun["captureUrl"])
        sent = await http.post(
            f"{begun['statusUrl']}/clip", content=b"clip", headers={"Content-Type": "application/octet-stream"}
        )
        after = await http.get(begun["captureUrl"], headers=BROWSER)
        unknown = await http.get(f"{service.url}/capture/{'a' * 43}", headers=BROWSER)
        unknown_program = await http.get(f"{service.url}/capture/short")
    assert (shown.status_code, program.status_code, program.json()["code"]) == (409, 409, "challenge_begun")
    assert "These prompts were shown already" in shown.text
    assert "alive-capture" not in shown.text
    assert (sent.status_code, after.status_code) == (201, 200)
    assert "The clip is handed over" in after.text
    assert "alive-capture" not in after.text.replace("css", "")
    assert (unknown.status_code, unknown_program.status_code) == (404, 404)
    assert "No such challenge" in unknown.text
    assert unknown_program.json()["code"] == "challenge_unknown"
