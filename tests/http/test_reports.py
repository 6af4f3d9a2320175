"""Tests of the report page of a bought answer: available only at the address that its buyer received."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from alive402.demo import Buyer
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio


async def bought(service: Service, video: str) -> dict[str, Any]:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        return dict((await buyer.pay(video)).json())


async def test_report_page_shows_the_answer(service: Service, videos: str) -> None:
    answer = await bought(service, f"{videos}/attack.mp4")
    said = answer["data"]["Liveness"]
    async with httpx.AsyncClient() as http:
        page = await http.get(answer["reportUrl"])
        kept = await http.get(answer["reportUrl"] + "/answer.json")
    assert page.status_code == 200
    reasons = [each["message"] for each in said["reasons"]]
    for words in (f"{said['live_confidence']:.2f}", answer["requestId"], *reasons):
        assert words in page.text
    assert page.text.count("<circle") == len(said["frames"])
    assert all(f"<code>{name}</code>" in page.text for name in said["cues"])
    assert "<img" not in page.text
    assert "data:" not in page.text
    assert (page.headers["x-robots-tag"], page.headers["cache-control"]) == ("noindex, nofollow", "no-store")
    assert {**kept.json(), "payment": None} == {**answer, "payment": None}
    assert kept.json()["payment"]["transaction"].startswith("0x")


async def test_guessed_report_address_is_unknown(service: Service, videos: str) -> None:
    answer = await bought(service, f"{videos}/face.mp4")
    base, _, secret = answer["reportUrl"].rpartition("-")
    forged = [
        f"{base}-{'0' * len(secret)}",
        f"{base}-{secret[:-1]}",
        base,
        answer["reportUrl"].replace(answer["requestId"], "0" * 32),
        f"{service.url}/reports/%E2%82%AC-x",
    ]
    async with httpx.AsyncClient() as http:
        for address in forged:
            for each in (address, address + "/answer.json"):
                refused = await http.get(each)
                assert (refused.status_code, refused.json()["code"]) == (404, "unknown_report"), each
        shown = await http.get(forged[0], headers={"Accept": "text/html,*/*;q=0.8"})
    assert (shown.status_code, "No report here" in shown.text) == (404, True)
    assert "content-security-policy" in shown.headers


async def test_report_address_lives_as_long_as_its_data(start: Start, videos: str) -> None:
    first = start()
    answer = await bought(first, f"{videos}/face.mp4")
    again = start(database_url=f"sqlite+aiosqlite:///{first.database}")
    moved = answer["reportUrl"].replace(first.url, again.url)
    async with httpx.AsyncClient() as http:
        assert (await http.get(moved)).status_code == 200
        with sqlite3.connect(first.database) as ledger:
            ledger.execute("UPDATE payments SET result = NULL WHERE request_id = ?", [answer["requestId"]])
        gone = await http.get(moved)
    assert (gone.status_code, gone.json()["code"]) == (410, "report_gone")


async def test_mcp_resource_returns_the_report(service: Service, videos: str) -> None:
    answer = await bought(service, f"{videos}/face.mp4")
    report_id = answer["reportUrl"].rpartition("/")[2]
    async with Client(f"{service.url}/mcp", read_timeout_seconds=60) as client:
        (template,) = (await client.list_resource_templates()).resource_templates
        (kept,) = (await client.read_resource(template.uri_template.replace("{id}", report_id))).contents
        with pytest.raises(MCPError, match="no report"):
            await client.read_resource(f"alive402://reports/{answer['requestId']}-0")
    assert {**json.loads(kept.text), "payment": None} == {**answer, "payment": None}


async def test_token_answer_has_a_report(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, httpx.AsyncClient() as http:
        await buyer.fund()
        await buyer.prepay(2)
        token = buyer.token
        answer = (await buyer.spend(f"{videos}/face.mp4", token)).json()
        page = await http.get(answer["reportUrl"])
    assert page.status_code == 200
    assert answer["requestId"] in page.text
